"""What lies in a home, who may read it, and what is said when it is not as it should be."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from prooftrail.adapters.embedded.file_signer import FileFingerprintKey, FileSigner
from prooftrail.adapters.embedded.home import Home, PinnedHead
from prooftrail.errors import ConfigError
from prooftrail.evidence.manifest import Head
from prooftrail.ports import HeadPin

HEAD, NEWER, LOCKER_ID = Head(seq=3, sha256="a" * 64), Head(seq=4, sha256="c" * 64), "b" * 64
P256 = ec.generate_private_key(ec.SECP256R1())
PKCS8 = serialization.PrivateFormat.PKCS8
PEM = serialization.Encoding.PEM
PLAIN = serialization.NoEncryption()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "some" / "home")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_home_and_what_it_keeps_are_its_owners_alone(home: Home) -> None:
    home.signer()
    home.fingerprint_key()
    home.remember(HEAD, locker_id=LOCKER_ID)

    assert mode(home.path) == 0o700
    assert {path.name: mode(path) for path in home.path.iterdir()} == {
        "signing-key.pem": 0o600,
        "fingerprint-key": 0o600,
        "head.json": 0o600,
    }


def test_reading_makes_nothing(home: Home) -> None:
    assert home.public_key_pem() is None
    assert home.recall() is None
    assert home.head() is None
    assert home.ledger.name == "ledger.sqlite"
    assert not home.path.exists()


def test_the_same_home_signs_with_the_same_key_for_ever(home: Home) -> None:
    first = home.signer().public_key_pem()

    assert home.signer().public_key_pem() == Home(home.path).signer().public_key_pem() == first
    assert home.public_key_pem() == first


def test_of_many_who_need_a_key_at_once_all_get_the_same(home: Home) -> None:
    with ThreadPoolExecutor(8) as pool:
        public = set(pool.map(lambda _: home.signer().public_key_pem(), range(8)))
        secrets = set(pool.map(lambda _: home.fingerprint_key().secret(), range(8)))

    assert len(public) == len(secrets) == 1


def test_the_signing_key_is_a_pkcs8_file_that_openssl_and_others_read(home: Home) -> None:
    home.signer()

    pem = (home.path / "signing-key.pem").read_bytes()

    assert pem.startswith(b"-----BEGIN PRIVATE KEY-----\n")
    key = serialization.load_pem_private_key(pem, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert isinstance(key.curve, ec.SECP256R1)


@pytest.mark.parametrize("wide", [0o604, 0o640, 0o660, 0o644, 0o700, 0o777], ids=oct)
def test_a_key_that_others_may_read_is_refused_with_the_command_that_mends_it(home: Home, wide: int) -> None:
    home.signer()
    home.fingerprint_key()
    for name in ("signing-key.pem", "fingerprint-key"):
        (home.path / name).chmod(wide)

    with pytest.raises(ConfigError, match=f"mode {wide:04o}.*chmod 600 {home.path}/signing-key.pem"):
        home.signer()
    with pytest.raises(ConfigError, match=f"mode {wide:04o}.*chmod 600 {home.path}/fingerprint-key"):
        home.fingerprint_key()


def test_a_key_that_is_narrower_still_is_fine(home: Home) -> None:
    home.signer()
    (home.path / "signing-key.pem").chmod(0o400)

    assert home.signer().sign(b"x")


@pytest.mark.parametrize(
    ("pem", "said"),
    [
        (b"", "no signing key"),
        (b"garbage", "no signing key"),
        (P256.private_bytes(PEM, PKCS8, PLAIN)[:-40], "no signing key"),
        (P256.private_bytes(PEM, PKCS8, serialization.BestAvailableEncryption(b"x")), "no signing key"),
        (P256.public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo), "no signing key"),
        (ec.generate_private_key(ec.SECP384R1()).private_bytes(PEM, PKCS8, PLAIN), "another kind of key"),
        (rsa.generate_private_key(65537, 2048).private_bytes(PEM, PKCS8, PLAIN), "another kind of key"),
    ],
    ids=["empty", "garbage", "cut off", "encrypted", "public", "P-384", "RSA"],
)
def test_a_file_that_holds_no_such_key_is_refused_and_not_quoted(home: Home, pem: bytes, said: str) -> None:
    path = home.create().path / "signing-key.pem"
    path.write_bytes(pem)
    path.chmod(0o600)

    with pytest.raises(ConfigError, match=said) as refused:
        home.signer()

    assert str(path) in str(refused.value)
    assert refused.value.__cause__ is None
    assert path.read_bytes() == pem


def test_a_named_key_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    for kind in (FileSigner, FileFingerprintKey):
        with pytest.raises(ConfigError, match="No such file"):
            kind(tmp_path / "typo.pem")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("secret", [b"", b"x" * 31, b"x" * 33])
def test_a_fingerprint_key_of_another_length_is_refused(home: Home, secret: bytes) -> None:
    path = home.create().path / "fingerprint-key"
    path.write_bytes(secret)
    path.chmod(0o600)

    with pytest.raises(ConfigError, match=f"holds {len(secret)} bytes, not the 32"):
        home.fingerprint_key()


def test_the_head_last_remembered_is_the_one_that_is_told(home: Home) -> None:
    home.remember(HEAD, locker_id=LOCKER_ID)
    assert home.recall() == HEAD

    home.remember(NEWER, locker_id=LOCKER_ID)

    assert home.recall() == Home(home.path).recall() == NEWER
    assert home.head() == PinnedHead(seq=4, sha256="c" * 64, locker_id=LOCKER_ID)
    assert [path.name for path in home.path.iterdir()] == ["head.json"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"seq":"3","sha256":"a","locker_id":"b"}', b'{"seq":3}', b"\xff"])
def test_a_head_that_makes_no_sense_is_refused_and_kept(home: Home, body: bytes) -> None:
    path = home.create().path / "head.json"
    path.write_bytes(body)

    with pytest.raises(ConfigError, match="no head of a chain") as refused:
        home.recall()

    assert str(path) in str(refused.value)
    assert path.read_bytes() == body


def test_a_home_serves_wherever_a_head_is_to_be_remembered(home: Home) -> None:
    pin: HeadPin = home
    pin.remember(HEAD, locker_id=LOCKER_ID)

    assert pin.recall() == HEAD


def test_an_old_head_stays_where_a_new_one_cannot_be_written(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.remember(HEAD, locker_id=LOCKER_ID)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigError, match="No space left on device"):
        home.remember(NEWER, locker_id=LOCKER_ID)

    assert home.recall() == HEAD
    assert [path.name for path in home.path.iterdir()] == ["head.json"]


def test_a_home_that_cannot_be_made_is_said_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(ConfigError, match=r"file/home cannot be made"):
        Home(tmp_path / "file" / "home").signer()
