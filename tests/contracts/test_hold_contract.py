"""What every place for legal holds promises: one a version, the same again as once, and a held version cannot be let go."""

import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from prooftrail.adapters.aws.s3_hold import S3Holds
from prooftrail.adapters.aws.s3_locker import S3Locker
from prooftrail.errors import AccessError, EvidenceMissing
from prooftrail.ports import LegalHolds, Locker
from tests.contracts.fakes import MemoryHolds, MemoryLocker
from tests.emulators import NOWHERE, REGION, Emulator

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEY = "raw/20261101T060000Z/111111111111/" + "0" * 64 + ".jsonl.gz"
WHO = "an auditor"


class Place(NamedTuple):
    """A locker and its holds, and the client behind them where there is one."""

    locker: Locker
    holds: LegalHolds
    s3: "S3Client | None" = None
    bucket: str = ""


def in_s3(emulator: Emulator) -> Place:
    s3, bucket = emulator.s3(), f"evidence-{uuid.uuid4()}"
    s3.create_bucket(
        Bucket=bucket, ObjectLockEnabledForBucket=True, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    return Place(S3Locker(s3, bucket), S3Holds(s3, bucket, caller=WHO), s3, bucket)


@pytest.fixture(params=["memory", "ministack", pytest.param("seaweedfs", marks=pytest.mark.seaweedfs)])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    if request.param == "memory":
        locker = MemoryLocker()
        yield Place(locker, MemoryHolds(locker))
    else:
        yield in_s3(request.getfixturevalue(request.param))


def sealed(place: Place, key: str = KEY) -> str:
    version = place.locker.put(key, b"body", retain_until=None).version_id
    assert version
    return version


def test_nothing_is_held_until_somebody_holds_it(place: Place) -> None:
    assert place.holds.held(KEY, version_id=sealed(place)) is False


def test_a_hold_lies_until_it_is_released_and_again_is_the_same_as_once(place: Place) -> None:
    version = sealed(place)
    for on in (True, True, False, False, True):
        place.holds.hold(KEY, version_id=version, on=on)
        assert place.holds.held(KEY, version_id=version) is on


def test_a_hold_is_on_one_object_alone(place: Place) -> None:
    other = KEY.replace("1" * 12, "2" * 12)
    held, free = sealed(place), sealed(place, other)
    place.holds.hold(KEY, version_id=held, on=True)
    assert place.holds.held(other, version_id=free) is False


def test_what_is_not_there_cannot_be_held(place: Place) -> None:
    version = sealed(place)
    absent = KEY.replace("1" * 12, "2" * 12)
    for act in (
        lambda: place.holds.hold(absent, version_id=version, on=True),
        lambda: place.holds.held(absent, version_id=version),
    ):
        with pytest.raises(EvidenceMissing):
            act()


@pytest.mark.parametrize("server", ["ministack", pytest.param("seaweedfs", marks=pytest.mark.seaweedfs)])
def test_a_held_version_cannot_be_deleted_until_the_hold_is_released(
    server: str, request: pytest.FixtureRequest
) -> None:
    place = in_s3(request.getfixturevalue(server))
    assert place.s3
    version = sealed(place)
    place.holds.hold(KEY, version_id=version, on=True)
    with pytest.raises(ClientError, match="AccessDenied"):
        place.s3.delete_object(Bucket=place.bucket, Key=KEY, VersionId=version, BypassGovernanceRetention=True)
    place.holds.hold(KEY, version_id=version, on=False)
    place.s3.delete_object(Bucket=place.bucket, Key=KEY, VersionId=version)
    with pytest.raises(EvidenceMissing):
        place.locker.get(KEY)


@pytest.mark.parametrize("code", ["AccessDenied", "Forbidden", "SlowDown"])
@pytest.mark.parametrize(("action", "call"), [("s3:PutObjectLegalHold", "put"), ("s3:GetObjectLegalHold", "get")])
def test_a_refusal_names_the_action_the_caller_and_the_object(code: str, action: str, call: str) -> None:
    s3 = NOWHERE.s3()

    def refuse(**_: object) -> None:
        raise ClientError({"Error": {"Code": code, "Message": "no"}}, "x")

    setattr(s3, f"{call}_object_legal_hold", refuse)
    holds = S3Holds(s3, "b", caller="arn:x:role/auditor")
    act = holds.hold if call == "put" else holds.held
    given = {"on": True} if call == "put" else {}
    with pytest.raises(AccessError) as refused:
        act(KEY, version_id="v", **given)
    said = str(refused.value)
    assert action in said
    assert f"s3://b/{KEY} ({code}" in said
    assert ("arn:x:role/auditor" in said) is (code != "SlowDown")


def test_a_store_that_does_not_answer_is_said_so() -> None:
    s3 = NOWHERE.s3(Config(retries={"max_attempts": 1}, connect_timeout=1))
    with pytest.raises(AccessError, match="could not be asked for s3:GetObjectLegalHold"):
        S3Holds(s3, "b", caller=WHO).held(KEY, version_id="v")
