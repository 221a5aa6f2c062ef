"""What KMS is asked, how often, and what becomes of its refusals; requests are held against canned answers."""

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from botocore.stub import Stubber
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from prooftrail.adapters.aws.kms import KmsFingerprintKey, KmsSigner
from prooftrail.errors import AccessError, ConfigError, ProoftrailError
from tests.emulators import NOWHERE

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient

KEY_ARN = "arn:aws:kms:eu-central-1:111111111111:key/00000000-0000-4000-8000-000000000001"
ONCE = Config(retries={"total_max_attempts": 1})
PRIVATE = ec.generate_private_key(ec.SECP256R1())
P256 = PRIVATE.public_key()
ALIAS_ARN = "arn:aws:kms:eu-central-1:111111111111:alias/prooftrail-prod-signing"


def der(key: Any) -> bytes:
    encoded: bytes = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return encoded


def a_public_key(key: Any = P256, use: str = "SIGN_VERIFY", spec: str = "ECC_NIST_P256") -> dict[str, Any]:
    return {"PublicKey": der(key), "KeyUsage": use, "KeySpec": spec}


ASKED_TO_SIGN = {
    "Message": hashlib.sha256(b"x").digest(),
    "MessageType": "DIGEST",
    "SigningAlgorithm": "ECDSA_SHA_256",
}


@pytest.fixture
def client() -> "KMSClient":
    return NOWHERE.kms(ONCE)


@pytest.fixture
def answers(client: "KMSClient") -> Iterator[Stubber]:
    """Everything the client will be answered, in order; asking for more or less fails the test."""
    with Stubber(client) as stubbed:
        yield stubbed
        stubbed.assert_no_pending_responses()


def test_kms_is_sent_the_digest_and_never_the_message(client: "KMSClient", answers: Stubber) -> None:
    message = b"m" * 10_000
    expected = {
        "KeyId": KEY_ARN,
        "Message": hashlib.sha256(message).digest(),
        "MessageType": "DIGEST",
        "SigningAlgorithm": "ECDSA_SHA_256",
    }
    signature = PRIVATE.sign(message, ec.ECDSA(hashes.SHA256()))
    answers.add_response("get_public_key", a_public_key(), {"KeyId": KEY_ARN})
    answers.add_response("sign", {"Signature": signature}, expected)

    assert KmsSigner(client, KEY_ARN).sign(message) == signature


def test_a_key_meant_by_an_alias_signs_itself_though_the_alias_was_pointed_elsewhere(
    client: "KMSClient", answers: Stubber
) -> None:
    signature = PRIVATE.sign(b"x", ec.ECDSA(hashes.SHA256()))
    answers.add_response("get_public_key", a_public_key() | {"KeyId": KEY_ARN}, {"KeyId": ALIAS_ARN})
    answers.add_response("sign", {"Signature": signature}, {**ASKED_TO_SIGN, "KeyId": KEY_ARN})

    assert KmsSigner(client, ALIAS_ARN).sign(b"x") == signature


def test_a_signature_of_another_key_is_never_given_on(client: "KMSClient", answers: Stubber) -> None:
    stranger = ec.generate_private_key(ec.SECP256R1()).sign(b"x", ec.ECDSA(hashes.SHA256()))
    answers.add_response("get_public_key", a_public_key(), {"KeyId": KEY_ARN})
    answers.add_response("sign", {"Signature": stranger}, {**ASKED_TO_SIGN, "KeyId": KEY_ARN})

    with pytest.raises(AccessError, match="its public key does not hold for: nothing was sealed"):
        KmsSigner(client, KEY_ARN).sign(b"x")


def test_the_public_key_is_asked_for_once(client: "KMSClient", answers: Stubber) -> None:
    answers.add_response("get_public_key", a_public_key(), {"KeyId": KEY_ARN})
    signer = KmsSigner(client, KEY_ARN)

    assert signer.public_key_pem() == signer.public_key_pem()
    assert serialization.load_pem_public_key(signer.public_key_pem()) == P256
    assert signer.origin() == KEY_ARN


@pytest.mark.parametrize(
    "answer",
    [
        a_public_key(ec.generate_private_key(ec.SECP384R1()).public_key(), spec="ECC_NIST_P384"),
        a_public_key(ec.generate_private_key(ec.SECP256K1()).public_key(), spec="ECC_SECG_P256K1"),
        a_public_key(ed25519.Ed25519PrivateKey.generate().public_key(), spec="ECC_NIST_EDWARDS25519"),
        a_public_key(use="KEY_AGREEMENT"),
    ],
    ids=["P-384", "secp256k1", "Ed25519", "key agreement"],
)
def test_a_key_of_another_kind_is_refused_by_what_it_is(
    client: "KMSClient", answers: Stubber, answer: dict[str, Any]
) -> None:
    answers.add_response("get_public_key", answer)

    with pytest.raises(ConfigError, match=f"{answer['KeySpec']} for {answer['KeyUsage']}"):
        KmsSigner(client, KEY_ARN).public_key_pem()


def test_the_fingerprint_key_is_asked_for_once_by_all_threads_together(client: "KMSClient", answers: Stubber) -> None:
    expected = {"KeyId": KEY_ARN, "Message": b"prooftrail/fingerprint-key/1", "MacAlgorithm": "HMAC_SHA_256"}
    answers.add_response("generate_mac", {"Mac": b"m" * 32}, expected)
    key = KmsFingerprintKey(client, KEY_ARN)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: key.secret(), range(32))) == {b"m" * 32}


def test_a_refused_fingerprint_key_is_asked_for_again(client: "KMSClient", answers: Stubber) -> None:
    answers.add_client_error("generate_mac", "ThrottlingException")
    answers.add_response("generate_mac", {"Mac": b"m" * 32})
    key = KmsFingerprintKey(client, KEY_ARN)

    with pytest.raises(AccessError, match="kms:GenerateMac"):
        key.secret()
    assert key.secret() == b"m" * 32


ASKED: dict[str, tuple[str, Callable[[Any], object]]] = {
    "sign": ("kms:Sign", lambda client: KmsSigner(client, KEY_ARN).sign(b"x")),
    "get_public_key": ("kms:GetPublicKey", lambda client: KmsSigner(client, KEY_ARN).public_key_pem()),
    "generate_mac": ("kms:GenerateMac", lambda client: KmsFingerprintKey(client, KEY_ARN).secret()),
}


@pytest.mark.parametrize("call", ASKED)
@pytest.mark.parametrize(
    ("code", "error", "said"),
    [
        ("AccessDeniedException", AccessError, "allow it in role and key policy"),
        ("NotFoundException", ConfigError, "check the ARN"),
        ("InvalidKeyUsageException", ConfigError, "check the ARN"),
        ("DisabledException", AccessError, "enable it"),
        ("KMSInvalidStateException", AccessError, "enable it"),
        ("NeverHeardOf", AccessError, "NeverHeardOf, words"),
    ],
)
def test_a_refusal_says_which_key_and_what_to_do(
    client: "KMSClient", answers: Stubber, call: str, code: str, error: type[ProoftrailError], said: str
) -> None:
    action, ask = ASKED[call]
    if call == "sign":
        answers.add_response("get_public_key", a_public_key())
    answers.add_client_error(call, code, "words")

    with pytest.raises(error, match=said) as refused:
        ask(client)
    assert KEY_ARN in str(refused.value)
    assert action in str(refused.value) or "enable it" in said


def test_an_endpoint_that_cannot_be_reached_is_said_without_a_traceback() -> None:
    with pytest.raises(AccessError, match="could not be asked for kms:GetPublicKey"):
        KmsSigner(NOWHERE.kms(ONCE), KEY_ARN).sign(b"x")


def test_a_key_that_is_meant_by_an_alias_is_named_by_its_own_arn(client: "KMSClient", answers: Stubber) -> None:
    alias = f"{KEY_ARN.rpartition(':')[0]}:alias/prooftrail-dev-signing"
    answers.add_response("get_public_key", a_public_key() | {"KeyId": KEY_ARN}, {"KeyId": alias})

    signer = KmsSigner(client, alias)

    assert (signer.origin(), signer.origin()) == (KEY_ARN, KEY_ARN)
