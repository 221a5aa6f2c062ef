"""Signed envelopes: readable by anybody's DSSE library, and worthless once a byte moves."""

import base64
import json

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from securesystemslib.dsse import Envelope as TheirEnvelope
from securesystemslib.signer import SSlibKey

from prooftrail.errors import EvidenceUnreadable
from prooftrail.evidence import envelope
from prooftrail.model import canonical

KEY = ec.generate_private_key(ec.SECP256R1())
PEM = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def sign(message: bytes) -> bytes:
    return KEY.sign(message, ec.ECDSA(hashes.SHA256()))


def seal(body: bytes = b'{"a":1}') -> bytes:
    return envelope.sealed(body, keyid=envelope.fingerprint(PEM), sign=sign)


def test_an_envelope_verifies_under_its_key_and_gives_its_body_back() -> None:
    opened = envelope.opened("chain/00000001.json", seal(b"body"))
    assert opened.body() == b"body"
    assert envelope.verified(opened, PEM)


def test_an_independent_dsse_library_accepts_it() -> None:
    theirs = TheirEnvelope.from_dict(json.loads(seal()))
    keyid = envelope.fingerprint(PEM)
    key = SSlibKey(keyid, "ecdsa", "ecdsa-sha2-nistp256", {"public": PEM.decode()})
    assert theirs.pae() == envelope.pre_authentication(envelope.PAYLOAD_TYPE, b'{"a":1}')
    assert set(theirs.verify([key], threshold=1)) == {keyid}


def test_another_key_does_not_verify_it() -> None:
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    pem = other.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert not envelope.verified(envelope.opened("x", seal()), pem)


@pytest.mark.parametrize("field", ["payload", "sig"])
def test_a_changed_payload_or_signature_does_not_verify(field: str) -> None:
    raw = json.loads(seal())
    target = raw if field == "payload" else raw["signatures"][0]
    data = bytearray(base64.b64decode(target[field]))
    data[-2] ^= 1
    target[field] = base64.b64encode(bytes(data)).decode()
    assert not envelope.verified(envelope.opened("x", canonical.encode(raw)), PEM)


@pytest.mark.parametrize("garbage", [b"", b"{}", b"[]", b'{"payload":"!","payloadType":"x","signatures":[]}', b"\xff"])
def test_what_is_no_envelope_is_named_as_such(garbage: bytes) -> None:
    with pytest.raises(EvidenceUnreadable, match=r"chain/00000001\.json is no signed envelope"):
        envelope.opened("chain/00000001.json", garbage)


def test_another_payload_type_is_refused() -> None:
    raw = json.loads(seal())
    raw["payloadType"] = "text/plain"
    with pytest.raises(EvidenceUnreadable, match="holds 'text/plain'"):
        envelope.opened("x", canonical.encode(raw))


def test_only_p256_keys_are_taken() -> None:
    key = rsa.generate_private_key(65537, 2048).public_key()
    pem = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(ValueError, match="P-256"):
        envelope.public_key(pem)


@pytest.mark.parametrize("change", ["blanks", "an extra field", "a second signature"])
def test_there_is_one_way_to_write_an_envelope(change: str) -> None:
    raw = json.loads(seal())
    if change == "an extra field":
        raw["note"] = "x"
    if change == "a second signature":
        raw["signatures"] *= 2
    data = json.dumps(raw).encode() if change == "blanks" else canonical.encode(raw)
    with pytest.raises(EvidenceUnreadable, match="not written as it is sealed"):
        envelope.opened("x", data)


@pytest.mark.parametrize("body", [b"a", b"ab"])
def test_bits_that_mean_nothing_cannot_be_set_behind_the_signature(body: bytes) -> None:
    raw = json.loads(seal(body))
    end = raw["payload"].rstrip("=")
    raw["payload"] = raw["payload"].replace(end, end[:-1] + chr(ord(end[-1]) + 1))
    assert base64.b64decode(raw["payload"]) == body, "the change means nothing to a decoder"
    with pytest.raises(EvidenceUnreadable, match="base64 in another way"):
        envelope.opened("x", canonical.encode(raw))


@pytest.mark.parametrize("body", [b"", b"a", b"ab", b"abc", b"abcd"])
def test_a_body_of_any_length_comes_back(body: bytes) -> None:
    assert envelope.opened("x", seal(body)).body() == body


@pytest.mark.parametrize("payload", [5, None, ["YQ=="], "YQ", "YQ==\n", "Y Q==", "YQ==YQ=="])
def test_a_payload_that_is_no_base64_is_no_envelope(payload: object) -> None:
    raw = json.loads(seal(b"a")) | {"payload": payload}
    with pytest.raises(EvidenceUnreadable):
        envelope.opened("x", canonical.encode(raw))
