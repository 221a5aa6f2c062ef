"""DSSE envelopes (in-toto's Dead Simple Signing Envelope) over ECDSA P-256, checked without AWS and without our keys."""

import base64
import binascii
import hashlib
from collections.abc import Callable

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from prooftrail.errors import EvidenceUnreadable
from prooftrail.model import canonical

PAYLOAD_TYPE = "application/vnd.in-toto+json"


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """One signature; `keyid` is the fingerprint of the key that made it, `sig` base64 of the DER signature."""

    keyid: str
    sig: str


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """A signed payload, opened. Source: the DSSE protocol, version 1.0."""

    payload: bytes
    payload_type: str
    signatures: tuple[Signature, ...]

    def body(self) -> bytes:
        """The payload's bytes."""
        return self.payload


class _Written(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An envelope as it is stored. The payload stays where it lies: it may be a hundred megabytes."""

    payload: msgspec.Raw
    payload_type: str
    signatures: tuple[Signature, ...]

    def around(self) -> tuple[bytes, bytes]:
        """What stands before and after the payload's base64 where an envelope is written as it is sealed."""
        empty = canonical.encode(msgspec.structs.replace(self, payload=msgspec.Raw(b'""')))
        before, _, after = empty.partition(b'""')
        return before + b'"', b'"' + after


def pre_authentication(payload_type: str, body: bytes) -> bytes:
    """The bytes that are signed: type and body, each with its length, so that neither can pass for the other."""
    return _heading(payload_type, len(body)) + body


def _heading(payload_type: str, length: int) -> bytes:
    name = payload_type.encode()
    return b"DSSEv1 %d %s %d " % (len(name), name, length)


def sealed(body: bytes, *, keyid: str, sign: Callable[[bytes], bytes]) -> bytes:
    """The canonical bytes of an envelope around `body`, signed once by `sign`."""
    signature = base64.b64encode(sign(pre_authentication(PAYLOAD_TYPE, body))).decode()
    signatures = (Signature(keyid=keyid, sig=signature),)
    before, after = _Written(payload=msgspec.Raw(), payload_type=PAYLOAD_TYPE, signatures=signatures).around()
    return b"".join((before, base64.b64encode(body), after))


def opened(key: str, data: bytes) -> Envelope:
    """The envelope in `data`. Raises EvidenceUnreadable naming `key` where it is none."""
    try:
        written = canonical.decode(data, _Written)
        payload = _unquoted(written.payload)
    except (msgspec.DecodeError, UnicodeDecodeError, binascii.Error) as error:
        raise EvidenceUnreadable(f"{key} is no signed envelope: {error}.") from error
    before, after = written.around()
    as_sealed = len(before) + (len(payload) + 2) // 3 * 4 + len(after) == len(data)
    if not (as_sealed and data.startswith(before) and data.endswith(after)) or len(written.signatures) != 1:
        # One way to write it: else the newest manifest could be changed without its signature noticing.
        raise EvidenceUnreadable(f"{key} is not written as it is sealed: canonical, with one signature.")
    if written.payload_type != PAYLOAD_TYPE:
        raise EvidenceUnreadable(f"{key} holds {written.payload_type!r}, not {PAYLOAD_TYPE}.")
    return Envelope(payload=payload, payload_type=written.payload_type, signatures=written.signatures)


def _unquoted(text: msgspec.Raw) -> bytes:
    """The bytes of a JSON string of base64, in the one way they are written. Raises binascii.Error."""
    quoted = memoryview(text)
    if bytes(quoted[:1]) != b'"':
        raise binascii.Error("its payload is no text")
    body = binascii.a2b_base64(quoted[1:-1], strict_mode=True)
    # The last character may hold bits that mean nothing, and that no signature would miss.
    if bytes(quoted[-5:-1]) != base64.b64encode(body[(len(body) - 1) // 3 * 3 :]) and body:
        raise binascii.Error("its payload is base64 in another way than it is sealed")
    return body


def public_key(pem: bytes) -> ec.EllipticCurvePublicKey:
    """The P-256 public key in `pem`. Raises ValueError for any other."""
    try:
        key = serialization.load_pem_public_key(pem)
    except UnsupportedAlgorithm as error:
        raise ValueError(f"a key of an unknown kind: {error}") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("not an ECDSA P-256 public key")
    return key


def fingerprint(pem: bytes) -> str:
    """SHA-256 over the key's DER SubjectPublicKeyInfo, lower-case hexadecimal: what is compared over the telephone."""
    der = public_key(pem).public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return canonical.sha256(der)


def verified(envelope: Envelope, pem: bytes) -> bool:
    """True if one of the envelope's signatures is this key's over this payload."""
    key, keyid = public_key(pem), fingerprint(pem)
    digest = hashlib.sha256(_heading(envelope.payload_type, len(envelope.payload)))
    digest.update(envelope.payload)
    return any(one.keyid == keyid and _holds(key, one.sig, digest.digest()) for one in envelope.signatures)


def holds(pem: bytes, signature: bytes, message: bytes) -> bool:
    """True if the DER `signature` is this key's over `message`. Raises ValueError for what is no P-256 key."""
    try:
        public_key(pem).verify(signature, message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def _holds(key: ec.EllipticCurvePublicKey, signature: str, digest: bytes) -> bool:
    try:
        key.verify(base64.b64decode(signature, validate=True), digest, ec.ECDSA(utils.Prehashed(hashes.SHA256())))
    except (InvalidSignature, binascii.Error):
        return False
    return True
