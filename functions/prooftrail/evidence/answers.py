"""Answers: what somebody who was told of a matter says, sealed under its own time and hash, signed where a key is at hand."""

import base64
import binascii

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from prooftrail.errors import EvidenceUnreadable
from prooftrail.model import canonical
from prooftrail.model.notice import Answer, AnswerKind

from . import envelope, layout

LARGEST = 4 * 1024 * 1024
"""Bytes; the fingerprints of a family of fifty thousand fit, and what is larger is no answer."""

KEY = "key:"
"""Begins `who` where a key answers, and not a caller AWS knows; the fingerprint of the key follows."""


def sealed(answer: Answer) -> tuple[str, bytes]:
    """Name and canonical bytes of an answer."""
    body = canonical.encode(answer)
    return layout.answer_key(answer.at, canonical.sha256(body)), body


def read(key: str, data: bytes) -> Answer:
    """The answer under `key`, its signature checked where it has one.

    Raises EvidenceUnreadable for bytes that are not those its name tells, for what is not sealed as an answer is, and
    for a signature that does not hold: nobody can have said that.
    """
    place = layout.Place(key)
    if place.sha256 != canonical.sha256(data):
        raise EvidenceUnreadable(f"{key} does not hold what its name says.")
    try:
        answer = canonical.decode(data, Answer)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise EvidenceUnreadable(f"{key} is no answer: {error}.") from error
    if layout.answer_key(answer.at, place.sha256) != key or canonical.encode(answer) != data:
        raise EvidenceUnreadable(f"{key} is not written as it is sealed: canonical, under its own time.")
    if wrong := _wrong(answer):
        raise EvidenceUnreadable(f"{key} {wrong}.")
    return answer


def signed(answer: Answer) -> bool:
    """True if a key vouches for the answer; `read` has checked its signature."""
    return answer.signature is not None


def key_of(answer: Answer) -> str | None:
    """The fingerprint of the key that answers, by whose name and signature `read` knows it; None where nobody signed."""
    return answer.who.removeprefix(KEY) if signed(answer) else None


def _wrong(answer: Answer) -> str | None:
    """Why nobody can have said this; None where it may stand."""
    if not answer.matters:
        return "answers for nothing"
    if (answer.to is not None) != (answer.kind is AnswerKind.REASSIGNED):
        return "names a new owner where none is taken on, or none where one is"
    if answer.signature is None and answer.public_key_pem is None:
        return "says that a key answers, and no key signed it" if answer.who.startswith(KEY) else None
    if answer.signature is None or answer.public_key_pem is None:
        return "has a key without a signature, or a signature without a key"
    return _signature(answer, answer.public_key_pem.encode(), answer.signature)


def _signature(answer: Answer, pem: bytes, signature: str) -> str | None:
    try:
        key = serialization.load_pem_public_key(pem)
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
            return "is signed with another kind of key than ECDSA on P-256"
        key.verify(base64.b64decode(signature, validate=True), answer.to_be_signed(), ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError, binascii.Error):
        return "bears a signature that does not hold"
    if answer.who != KEY + envelope.fingerprint(pem):
        return "is signed by a key in another's name: a key answers for itself alone"
    return None
