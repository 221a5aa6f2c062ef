"""SSH signatures over policy entries: who signed which bytes, checked without any program of OpenSSH.

The format is OpenSSH's PROTOCOL.sshsig. ssh-ed25519, ecdsa-sha2-nistp256 and rsa-sha2-256/512 are understood.
"""

import base64
import binascii
import hashlib
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from prooftrail.model import canonical

from .exceptions import AcceptedException

NAMESPACE = "prooftrail"
"""What `ssh-keygen -Y sign -n` must be given, so that no signature made for something else counts here."""

_MAGIC = b"SSHSIG"
_VERSION = 1
_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_LARGEST = 16_384  # octets; an RSA-16384 signature with its key is a third of it
_LEAST_RSA_BITS = 2048
_NOT_SIGNED = ("signed", "assurance")


class BadSignature(Exception):
    """A signature that counts for nothing; `str()` says why."""


def signed_bytes(entry: AcceptedException) -> bytes:
    """The canonical bytes an approver signs: the entry as written, without its signature and without what was left out.

    What was left out does not count, so that a later version's new keys leave old signatures valid.
    """
    written = {name: value for name, value in msgspec.to_builtins(entry).items() if name not in _NOT_SIGNED}
    return canonical.encode({"schema": "prooftrail.exception/1", "entry": _without_none(written)})


def verify(message: bytes, armored: str, public_key: str) -> str:
    """The signing key's fingerprint as `ssh-keygen -l` prints it, if it is `public_key` and signed exactly `message`.

    Raises BadSignature for anything else.
    """
    packed = _Packed(_unarmored(armored))
    packed.expect(_MAGIC)
    if packed.number() != _VERSION:
        raise BadSignature("its version is not 1")
    key, namespace, reserved, algorithm, signature = (packed.text() for _ in range(5))
    packed.end()
    if key != key_blob(public_key):
        raise BadSignature("it was made with another key than the signer's")
    if namespace != NAMESPACE.encode():
        raise BadSignature(f"it was made for another purpose: sign with `ssh-keygen -Y sign -n {NAMESPACE}`")
    if algorithm not in (b"sha256", b"sha512"):
        raise BadSignature("its hash is neither SHA-256 nor SHA-512")
    digest = hashlib.new(algorithm.decode(), message).digest()
    _check(public_key, signature, _MAGIC + b"".join(map(_packed, (namespace, reserved, algorithm, digest))))
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")


def key_blob(public_key: str) -> bytes:
    """The key's own bytes, without its comment. Raises BadSignature for what is no public SSH key."""
    parts = public_key.split()
    if len(parts) < 2:
        raise BadSignature("the public key is not what `ssh-keygen` writes: type, then base64")
    try:
        blob = base64.b64decode(parts[1], validate=True)
    except (binascii.Error, ValueError):
        raise BadSignature("the public key is no base64") from None
    _loaded(public_key)
    return blob


def _loaded(public_key: str) -> Any:
    try:
        key = serialization.load_ssh_public_key(" ".join(public_key.split()[:2]).encode())
    except (ValueError, UnsupportedAlgorithm):
        raise BadSignature("the public key cannot be read") from None
    strong = isinstance(key, rsa.RSAPublicKey) and key.key_size >= _LEAST_RSA_BITS
    curve = isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)
    if not (strong or curve or isinstance(key, ed25519.Ed25519PublicKey)):
        raise BadSignature("the public key is neither ed25519, ecdsa-sha2-nistp256 nor RSA of 2048 bits or more")
    return key


def _check(public_key: str, signature: bytes, signed: bytes) -> None:
    packed = _Packed(signature)
    name, value = packed.text().decode("latin-1"), packed.text()
    packed.end()
    try:
        _accepts(_loaded(public_key), name, value, signed)
    except InvalidSignature:
        raise BadSignature("it does not fit the entry: the entry was changed after it was signed") from None


def _accepts(key: Any, name: str, value: bytes, signed: bytes) -> None:
    """Raises InvalidSignature, or BadSignature where the algorithm is not the key's."""
    if isinstance(key, ed25519.Ed25519PublicKey) and name == "ssh-ed25519":
        key.verify(value, signed)
    elif isinstance(key, ec.EllipticCurvePublicKey) and name == "ecdsa-sha2-nistp256":
        pair = _Packed(value)
        r, s = int.from_bytes(pair.text()), int.from_bytes(pair.text())
        pair.end()
        key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
    elif isinstance(key, rsa.RSAPublicKey) and name in ("rsa-sha2-256", "rsa-sha2-512"):
        hashed = hashes.SHA256() if name.endswith("256") else hashes.SHA512()
        key.verify(value, signed, padding.PKCS1v15(), hashed)
    else:
        raise BadSignature("its algorithm does not belong to the signer's key")


def _unarmored(armored: str) -> bytes:
    text = armored.strip()
    if not (text.startswith(_BEGIN) and text.endswith(_END)) or len(text) > 2 * _LARGEST:
        raise BadSignature(f"it is not what `ssh-keygen -Y sign` writes, from {_BEGIN} to {_END}")
    try:
        return base64.b64decode("".join(text[len(_BEGIN) : -len(_END)].split()), validate=True)
    except (binascii.Error, ValueError):
        raise BadSignature("it is no base64") from None


def _packed(value: bytes) -> bytes:
    return len(value).to_bytes(4) + value


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_none(one) for name, one in value.items() if one is not None}
    return [_without_none(one) for one in value] if isinstance(value, list | tuple) else value


class _Packed:
    """SSH's own encoding, read strictly from front to end."""

    def __init__(self, octets: bytes) -> None:
        self._octets, self._at = octets, 0

    def expect(self, wanted: bytes) -> None:
        if self._take(len(wanted)) != wanted:
            raise BadSignature("it is no SSH signature")

    def number(self) -> int:
        return int.from_bytes(self._take(4))

    def text(self) -> bytes:
        return self._take(self.number())

    def end(self) -> None:
        if self._at != len(self._octets):
            raise BadSignature("something stands behind its end")

    def _take(self, size: int) -> bytes:
        taken = self._octets[self._at : self._at + size]
        if len(taken) != size:
            raise BadSignature("it is cut off")
        self._at += size
        return taken
