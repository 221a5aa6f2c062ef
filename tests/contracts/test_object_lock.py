"""Nobody gets rid of what was sealed: held against servers that enforce Object Lock as AWS does."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from prooftrail.adapters.aws.s3_locker import S3Locker, lock_mode
from prooftrail.errors import AccessError, ConfigError
from tests.emulators import REGION, Emulator

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEY = "chain/00000001.json"
DEFAULT_DAYS = 30

pytestmark = pytest.mark.parametrize("server", ["ministack", pytest.param("seaweedfs", marks=pytest.mark.seaweedfs)])


@dataclass(frozen=True)
class Sealed:
    """One object sealed under COMPLIANCE, and a client with every permission there is."""

    s3: "S3Client"
    bucket: str
    locker: S3Locker
    version: str
    until: datetime

    def refuses(self, call: str, **parameters: object) -> bool:
        with pytest.raises(ClientError) as refused:
            getattr(self.s3, call)(Bucket=self.bucket, Key=KEY, VersionId=self.version, **parameters)
        return refused.value.response["Error"]["Code"] in ("AccessDenied", "InvalidRequest")


def a_bucket(emulator: Emulator, *, default: bool) -> str:
    name, s3 = f"evidence-{uuid.uuid4()}", emulator.s3()
    s3.create_bucket(
        Bucket=name, ObjectLockEnabledForBucket=True, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    if default:
        s3.put_object_lock_configuration(
            Bucket=name,
            ObjectLockConfiguration={
                "ObjectLockEnabled": "Enabled",
                "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": DEFAULT_DAYS}},
            },
        )
    return name


@pytest.fixture
def emulator(server: str, request: pytest.FixtureRequest) -> Emulator:
    running: Emulator = request.getfixturevalue(server)
    return running


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - held against the store's own time


@pytest.fixture
def sealed(emulator: Emulator, now: datetime) -> Sealed:
    bucket, s3 = a_bucket(emulator, default=False), emulator.s3()
    locker = S3Locker(s3, bucket, mode="COMPLIANCE")
    stored = locker.put(KEY, b"{}", retain_until=now + timedelta(days=400))
    assert stored.version_id
    return Sealed(s3, bucket, locker, stored.version_id, now + timedelta(days=400))


def test_a_sealed_version_cannot_be_deleted_not_even_with_the_right_to_bypass(sealed: Sealed) -> None:
    assert sealed.refuses("delete_object")
    assert sealed.refuses("delete_object", BypassGovernanceRetention=True)
    assert sealed.locker.get(KEY, version_id=sealed.version) == b"{}"


def test_deletion_in_a_batch_is_refused_as_well(sealed: Sealed) -> None:
    answer = sealed.s3.delete_objects(
        Bucket=sealed.bucket,
        Delete={"Objects": [{"Key": KEY, "VersionId": sealed.version}]},
        BypassGovernanceRetention=True,
    )

    assert [error["Code"] for error in answer["Errors"]] == ["AccessDenied"]
    assert sealed.locker.get(KEY, version_id=sealed.version) == b"{}"


def test_retention_cannot_be_shortened_nor_made_weaker(sealed: Sealed, now: datetime) -> None:
    shorter = {"Mode": "COMPLIANCE", "RetainUntilDate": now + timedelta(days=1)}
    weaker = {"Mode": "GOVERNANCE", "RetainUntilDate": sealed.until}

    assert sealed.refuses("put_object_retention", Retention=shorter, BypassGovernanceRetention=True)
    assert sealed.refuses("put_object_retention", Retention=weaker, BypassGovernanceRetention=True)
    assert sealed.locker.retained_until(KEY) == sealed.until


def test_retention_can_be_made_longer(sealed: Sealed) -> None:
    longer = sealed.until + timedelta(days=100)
    sealed.s3.put_object_retention(
        Bucket=sealed.bucket,
        Key=KEY,
        VersionId=sealed.version,
        Retention={"Mode": "COMPLIANCE", "RetainUntilDate": longer},
    )

    assert sealed.locker.retained_until(KEY, version_id=sealed.version) == longer


def test_without_a_date_the_default_of_the_bucket_holds_the_object(emulator: Emulator, now: datetime) -> None:
    locker = S3Locker(emulator.s3(), a_bucket(emulator, default=True), mode="COMPLIANCE")

    stored = locker.put(KEY, b"{}", retain_until=None)

    assert stored.retain_until is None
    held = locker.retained_until(KEY)
    assert held is not None
    assert timedelta(days=DEFAULT_DAYS) <= held - now <= timedelta(days=DEFAULT_DAYS, minutes=1)


def test_an_object_without_retention_is_held_by_nothing(emulator: Emulator, now: datetime) -> None:
    locker = S3Locker(emulator.s3(), a_bucket(emulator, default=False))

    stored = locker.put(KEY, b"{}", retain_until=now + timedelta(days=400))

    assert stored.retain_until is None
    assert locker.retained_until(KEY) is None


def test_a_date_with_a_fraction_of_a_second_is_held_to_the_next_whole_one(emulator: Emulator, now: datetime) -> None:
    locker = S3Locker(emulator.s3(), a_bucket(emulator, default=False), mode="GOVERNANCE")

    stored = locker.put(KEY, b"{}", retain_until=now + timedelta(days=1, microseconds=1))

    assert stored.retain_until == now + timedelta(days=1, seconds=1)
    assert locker.retained_until(KEY) == stored.retain_until


def test_the_mode_of_a_bucket_is_read_from_it_and_a_bucket_without_lock_is_refused(emulator: Emulator) -> None:
    s3, plain = emulator.s3(), f"plain-{uuid.uuid4()}"
    s3.create_bucket(Bucket=plain, CreateBucketConfiguration={"LocationConstraint": REGION})

    assert lock_mode(s3, a_bucket(emulator, default=True)) == "COMPLIANCE"
    assert lock_mode(s3, a_bucket(emulator, default=False)) is None
    with pytest.raises(ConfigError, match="no Object Lock"):
        lock_mode(s3, plain)
    with pytest.raises(AccessError, match="there is no bucket"):
        lock_mode(s3, f"absent-{uuid.uuid4()}")


def test_bytes_that_do_not_match_their_checksum_are_not_taken(emulator: Emulator) -> None:
    s3, bucket = emulator.s3(), a_bucket(emulator, default=False)

    with pytest.raises(ClientError, match="BadDigest"):
        s3.put_object(
            Bucket=bucket,
            Key=KEY,
            Body=b"changed on the way",
            ChecksumAlgorithm="SHA256",
            ChecksumSHA256="47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        )
    assert list(S3Locker(s3, bucket).versions("")) == []
