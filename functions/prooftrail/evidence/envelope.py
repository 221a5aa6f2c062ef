"""DSSE envelopes (in-toto's Dead Simple Signing Envelope) over ECDSA P-256, checked without AWS and without our keys."""

import base64
import binascii
from collections.abc import Callable

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from prooftrail.errors import EvidenceUnreadable
from prooftrail.model import canonical

PAYLOAD_TYPE = "application/vnd.in-toto+json"


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """One signature; `keyid` is the fingerprint of the key that made it, `sig` base64 of the DER signature."""

    keyid: str
    sig: str


class Envelope(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A signed payload, base64. Source: the DSSE protocol, version 1.0."""

    payload: str
    payload_type: str
    signatures: tuple[Signature, ...]

    def body(self) -> bytes:
        """The payload's bytes."""
        return base64.b64decode(self.payload, validate=True)


def pre_authentication(payload_type: str, body: bytes) -> bytes:
    """The bytes that are signed: type and body, each with its length, so that neither can pass for the other."""
    name = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(name), name, len(body), body)


def sealed(body: bytes, *, keyid: str, sign: Callable[[bytes], bytes]) -> bytes:
    """The canonical bytes of an envelope around `body`, signed once by `sign`."""
    signature = base64.b64encode(sign(pre_authentication(PAYLOAD_TYPE, body))).decode()
    return canonical.encode(
        Envelope(
            payload=base64.b64encode(body).decode(),
            payload_type=PAYLOAD_TYPE,
            signatures=(Signature(keyid=keyid, sig=signature),),
        )
    )


def opened(key: str, data: bytes) -> Envelope:
    """The envelope in `data`. Raises EvidenceUnreadable naming `key` where it is none."""
    try:
        envelope = canonical.decode(data, Envelope)
        envelope.body()
    except (msgspec.DecodeError, UnicodeDecodeError, binascii.Error) as error:
        raise EvidenceUnreadable(f"{key} is no signed envelope: {error}.") from error
    if canonical.encode(envelope) != data or len(envelope.signatures) != 1:
        # One way to write it: else the newest manifest could be changed without its signature noticing.
        raise EvidenceUnreadable(f"{key} is not written as it is sealed: canonical, with one signature.")
    if envelope.payload_type != PAYLOAD_TYPE:
        raise EvidenceUnreadable(f"{key} holds {envelope.payload_type!r}, not {PAYLOAD_TYPE}.")
    return envelope


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
    key, message = public_key(pem), pre_authentication(envelope.payload_type, envelope.body())
    keyid = fingerprint(pem)
    return any(one.keyid == keyid and _holds(key, one.sig, message) for one in envelope.signatures)


def _holds(key: ec.EllipticCurvePublicKey, signature: str, message: bytes) -> bool:
    try:
        key.verify(base64.b64decode(signature, validate=True), message, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, binascii.Error):
        return False
    return True
