"""A scan as the README gives it: an organization read, and sealed into a bucket, a table and keys that enforce."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from prooftrail.cli.main import main
from prooftrail.demo.organization import SimulatedOrganization
from tests import emulators
from tests.contracts.tables import create_table
from tests.emulators import REGION, Emulator, assert_loopback

PLACE = {"LocationConstraint": REGION}
BUCKET, TABLE = "evidence-of-the-test", "ledger-of-the-test"


class Stores(NamedTuple):
    """Where evidence, ledger and keys are."""

    emulator: Emulator
    signer: str
    fingerprints: str


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    with emulators.no_aws_settings(), emulators.ministack(tmp_path_factory.mktemp("ministack")) as server:
        assert_loopback(server.endpoint)
        s3 = server.s3()
        s3.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True, CreateBucketConfiguration=PLACE)
        create_table(server.dynamodb(), TABLE)
        kms = server.kms()
        signing = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
        mac = kms.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]["Arn"]
        yield Stores(server, signing, mac)


@pytest.fixture(scope="module")
def organization() -> Iterator[SimulatedOrganization]:
    first_day = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - the bucket's own clock is the machine's
    with SimulatedOrganization(accounts=3, first_day=first_day) as it:
        assert_loopback(it.endpoint_url)
        yield it


@pytest.fixture
def settings(stores: Stores, organization: SimulatedOrganization, monkeypatch: pytest.MonkeyPatch) -> None:
    credentials = organization.credentials()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", credentials["aws_access_key_id"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", credentials["aws_secret_access_key"])
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "false")
    monkeypatch.setenv("AWS_ENDPOINT_URL", organization.endpoint_url)
    for service in ("S3", "DYNAMODB", "KMS"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", stores.emulator.endpoint)


@pytest.mark.usefixtures("settings")
def test_a_scan_into_a_locked_bucket_a_table_and_kms_keys_verifies_and_its_ledger_is_equal(
    stores: Stores, organization: SimulatedOrganization, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scan = [
        "scan", "--organization", "--locker", f"s3://{BUCKET}", "--ledger", f"dynamodb:{TABLE}",
        "--signer", f"kms:{stores.signer}", "--fingerprint-key", f"kms:{stores.fingerprints}",
        "--home", str(tmp_path / "home"), "--external-id", organization.external_id, "--regions", "us-east-1", "--json",
    ]  # fmt: skip
    status = main(scan)
    said = capsys.readouterr()
    swept = json.loads(said.out)
    assert (status, swept["failures"]) == (0, []), said.err
    assert {one["status"] for one in swept["accounts"]} == {"sealed"}
    pem = tmp_path / "key.pem"
    public = stores.emulator.kms().get_public_key(KeyId=stores.signer)["PublicKey"]
    pem.write_text(_pem(public))
    verify = ["verify", f"s3://{BUCKET}", "--public-key", str(pem), "--expect-head", swept["head"], "--deep", "--json"]
    assert main(verify) == 0, capsys.readouterr()
    assert json.loads(capsys.readouterr().out)["verdict"] == "intact"
    assert main(["ledger", "check", f"s3://{BUCKET}", "--ledger", f"dynamodb:{TABLE}"]) == 0
    assert "is equal to its locker" in capsys.readouterr().out


def _pem(der: bytes) -> str:
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_der_public_key(der)
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(encoding, form).decode()


@pytest.mark.usefixtures("settings")
def test_a_bucket_without_object_lock_is_refused_with_the_fix(
    stores: Stores, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stores.emulator.s3().create_bucket(Bucket="unlocked", CreateBucketConfiguration=PLACE)
    assert main(["scan", "--locker", "s3://unlocked", "--home", str(tmp_path / "home")]) == 2
    assert "Object Lock" in capsys.readouterr().err
