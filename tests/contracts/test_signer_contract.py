"""What every signer and every fingerprint key promises, held against the fakes, files, and KMS as MiniStack speaks it.

moto is left out of signing: it hashes a digest again (see test_emulator_faults.py).
"""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from prooftrail.adapters.aws.kms import KmsFingerprintKey, KmsSigner
from prooftrail.adapters.embedded.home import Home
from prooftrail.errors import ConfigError
from prooftrail.ports import FingerprintKey, Signer
from tests.contracts.fakes import MemoryFingerprintKey, MemorySigner
from tests.emulators import Emulator

MESSAGES = [b"", b"prooftrail", b"\x00\xff" * 5000]
MESSAGE_NAMES = ["empty", "short", "longer than KMS takes raw"]


@pytest.fixture(params=["memory", "file", "ministack"])
def signer(request: pytest.FixtureRequest, tmp_path: Path) -> Signer:
    if request.param == "memory":
        return MemorySigner()
    if request.param == "file":
        return Home(tmp_path / "home").signer()
    emulator: Emulator = request.getfixturevalue("ministack")
    kms = emulator.kms()
    key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    return KmsSigner(kms, key)


@pytest.fixture(params=["memory", "file", "moto", "ministack"])
def again(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], FingerprintKey]:
    """Gives the fingerprint key of one deployment, as a new process would get it."""
    if request.param == "memory":
        return MemoryFingerprintKey
    if request.param == "file":
        return lambda: Home(tmp_path / "home").fingerprint_key()
    emulator: Emulator = request.getfixturevalue(request.param)
    kms = emulator.kms()
    key = kms.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]["Arn"]
    return lambda: KmsFingerprintKey(kms, key)


@pytest.mark.parametrize("message", MESSAGES, ids=MESSAGE_NAMES)
def test_a_signature_verifies_with_the_public_key_alone(signer: Signer, message: bytes) -> None:
    public = serialization.load_pem_public_key(signer.public_key_pem())
    assert isinstance(public, ec.EllipticCurvePublicKey)
    assert isinstance(public.curve, ec.SECP256R1)

    public.verify(signer.sign(message), message, ec.ECDSA(hashes.SHA256()))


@pytest.mark.parametrize("message", MESSAGES, ids=MESSAGE_NAMES)
def test_a_signature_verifies_with_openssl_and_nothing_of_ours(signer: Signer, message: bytes, tmp_path: Path) -> None:
    files = {"key.pem": signer.public_key_pem(), "signature.der": signer.sign(message), "message": message}
    for name, body in files.items():
        (tmp_path / name).write_bytes(body)

    verified = _openssl("dgst", "-sha256", "-verify", "key.pem", "-signature", "signature.der", "message", cwd=tmp_path)

    assert verified.stdout.strip() == "Verified OK"
    (tmp_path / "message").write_bytes(message + b"!")
    refused = _openssl("dgst", "-sha256", "-verify", "key.pem", "-signature", "signature.der", "message", cwd=tmp_path)
    assert refused.returncode == 1


def test_a_signature_is_of_that_message_and_that_key_only(signer: Signer) -> None:
    public = serialization.load_pem_public_key(signer.public_key_pem())
    other = serialization.load_pem_public_key(MemorySigner().public_key_pem())
    assert isinstance(public, ec.EllipticCurvePublicKey)
    assert isinstance(other, ec.EllipticCurvePublicKey)
    signature = signer.sign(b"this")

    with pytest.raises(InvalidSignature):
        public.verify(signature, b"that", ec.ECDSA(hashes.SHA256()))
    with pytest.raises(InvalidSignature):
        other.verify(signature, b"this", ec.ECDSA(hashes.SHA256()))


def test_the_public_key_stays_the_same_and_nothing_shows_the_private_one(signer: Signer) -> None:
    first = signer.public_key_pem()

    assert first == signer.public_key_pem()
    assert first.startswith(b"-----BEGIN PUBLIC KEY-----\n")
    assert b"PRIVATE" not in first
    assert signer.origin()
    assert "PRIVATE" not in repr(signer)


def test_the_fingerprint_key_is_32_bytes_and_the_same_at_every_call(again: Callable[[], FingerprintKey]) -> None:
    key = again()

    assert len(key.secret()) == 32
    assert key.secret() == key.secret() == again().secret()


def test_two_deployments_have_two_fingerprint_keys(ministack: Emulator, moto: Emulator, tmp_path: Path) -> None:
    secrets = [Home(tmp_path / name).fingerprint_key().secret() for name in ("one", "two")]
    for kms in (ministack.kms(), moto.kms()):
        for _ in range(2):
            key = kms.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]["Arn"]
            secrets.append(KmsFingerprintKey(kms, key).secret())

    assert len(set(secrets)) == len(secrets)


@pytest.mark.parametrize(
    ("spec", "use"), [("RSA_2048", "SIGN_VERIFY"), ("ECC_NIST_P384", "SIGN_VERIFY"), ("RSA_2048", "ENCRYPT_DECRYPT")]
)
def test_a_kms_key_of_another_kind_is_no_signing_key(ministack: Emulator, spec: str, use: str) -> None:
    kms = ministack.kms()
    key = kms.create_key(KeySpec=spec, KeyUsage=use)["KeyMetadata"]["Arn"]  # type: ignore[arg-type]  # parametrized

    with pytest.raises(ConfigError, match=spec):
        KmsSigner(kms, key).public_key_pem()


@pytest.mark.parametrize("use", ["sign", "public key", "fingerprint"])
def test_a_kms_key_that_is_not_there_is_a_wrong_setting(ministack: Emulator, use: str) -> None:
    kms = ministack.kms()
    absent = "arn:aws:kms:eu-central-1:000000000000:key/00000000-0000-4000-8000-000000000000"
    ask: dict[str, Callable[[], object]] = {
        "sign": lambda: KmsSigner(kms, absent).sign(b"x"),
        "public key": lambda: KmsSigner(kms, absent).public_key_pem(),
        "fingerprint": lambda: KmsFingerprintKey(kms, absent).secret(),
    }

    with pytest.raises(ConfigError, match="check the ARN"):
        ask[use]()


def _openssl(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    openssl = shutil.which("openssl")
    assert openssl, "openssl is what an auditor would verify with; install it to run these tests"
    return subprocess.run([openssl, *arguments], cwd=cwd, capture_output=True, text=True, check=False, timeout=30)
