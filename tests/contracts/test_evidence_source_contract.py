"""What everything that evidence is pulled from promises: versions by name, whole, with the lock that is shown to a reader."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from prooftrail.adapters.aws.s3_evidence import S3Evidence, S3WithLocks, client_config
from prooftrail.adapters.aws.s3_locker import S3Locker
from prooftrail.errors import AccessError, EvidenceMissing
from prooftrail.evidence.pulled import LockState
from prooftrail.ports import Locker
from prooftrail.ports.pulling import EvidenceSource
from tests.contracts.fakes import MemoryEvidence, MemoryLocker
from tests.emulators import NOWHERE, REGION, Emulator, assert_loopback

KEY = "raw/20261101T060000Z/111111111111/" + "0" * 64 + ".jsonl.gz"


class Place(NamedTuple):
    """A locker that is written to, and the same one as a reader sees it."""

    locker: Locker
    source: EvidenceSource


def in_s3(emulator: Emulator) -> Place:
    assert_loopback(emulator.endpoint)
    s3, bucket = emulator.s3(client_config(4)), f"evidence-{uuid.uuid4()}"
    s3.create_bucket(
        Bucket=bucket, ObjectLockEnabledForBucket=True, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    return Place(S3Locker(s3, bucket, mode="GOVERNANCE"), S3Evidence(s3, bucket, sts=emulator.client("sts")))


@pytest.fixture(params=["memory", "ministack", pytest.param("seaweedfs", marks=pytest.mark.seaweedfs)])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    if request.param == "memory":
        locker = MemoryLocker()
        yield Place(locker, MemoryEvidence(locker))
    else:
        yield in_s3(request.getfixturevalue(request.param))


def soon() -> datetime:
    return (datetime.now(UTC) + timedelta(days=30)).replace(microsecond=0)  # noqa: TID251 - held against a store's time


def test_the_version_that_is_named_is_taken_and_no_other(place: Place) -> None:
    first = place.locker.put(KEY, b"sealed", retain_until=None)

    (listed,) = place.source.versions("raw/")

    assert (listed.key, listed.version_id, listed.size) == (KEY, first.version_id, 6)
    assert place.source.take(KEY, version_id=first.version_id).body == b"sealed"


def test_the_lock_is_seen_with_the_bytes_and_without_them(place: Place) -> None:
    stored = place.locker.put(KEY, b"sealed", retain_until=soon())

    lock = place.source.take(KEY, version_id=stored.version_id).lock

    assert lock.retain_until == stored.retain_until
    assert lock.mode in ("GOVERNANCE", "COMPLIANCE")
    assert (lock.legal_hold, lock.unknown) == (False, None)
    assert place.source.lock_of(KEY, version_id=stored.version_id) == lock


def test_no_lock_is_told_from_one_that_is_not_shown(place: Place) -> None:
    stored = place.locker.put(KEY, b"sealed", retain_until=None)

    lock = place.source.take(KEY, version_id=stored.version_id).lock

    assert (lock.mode, lock.retain_until, lock.unknown) == (None, None, None)


def test_a_version_that_is_not_there_is_missing_by_name(place: Place) -> None:
    place.locker.put(KEY, b"sealed", retain_until=None)
    other = place.locker.put(KEY.replace("0" * 64, "1" * 64), b"other", retain_until=None)

    with pytest.raises(EvidenceMissing) as missing:
        place.source.take(KEY, version_id=other.version_id)

    assert missing.value.key == KEY


def test_who_asks_is_told(place: Place) -> None:
    assert place.source.caller()


class Answers:
    """A client of S3 that answers what it is told to, and counts what it is asked."""

    def __init__(
        self, *bodies: object, refused: frozenset[str] = frozenset(), locks: list[dict[str, Any]] | None = None
    ) -> None:
        self._bodies, self._refused, self._locks = list(bodies), refused, locks or []
        self.asked: list[str] = []

    def get_object(self, **_: Any) -> dict[str, Any]:
        self.asked.append("get_object")
        return {"Body": self._bodies.pop(0)} | (self._locks.pop(0) if self._locks else {})

    def get_object_retention(self, **_: Any) -> dict[str, Any]:
        return self._lock("get_object_retention")

    def get_object_legal_hold(self, **_: Any) -> dict[str, Any]:
        return self._lock("get_object_legal_hold")

    def _lock(self, call: str) -> dict[str, Any]:
        self.asked.append(call)
        code = "AccessDenied" if call in self._refused else "NoSuchObjectLockConfiguration"
        raise ClientError({"Error": {"Code": code, "Message": "no"}}, call)


class Whole:
    def read(self) -> bytes:
        return b"sealed"


class Cut:
    def read(self) -> bytes:
        raise ReadTimeoutError(endpoint_url=NOWHERE.endpoint)


def reading(s3: Answers) -> S3Evidence:
    return S3Evidence(s3, "evidence")  # type: ignore[arg-type]  # as much of a client as is asked


def test_a_body_that_breaks_off_on_the_way_is_read_again() -> None:
    s3 = Answers(Cut(), Cut(), Whole())

    assert reading(s3).take(KEY, version_id="v1").body == b"sealed"
    assert s3.asked.count("get_object") == 3


def test_a_body_that_always_breaks_off_is_given_up_with_the_action_that_failed() -> None:
    with pytest.raises(AccessError, match="s3:GetObjectVersion"):
        reading(Answers(*(Cut() for _ in range(9)))).take(KEY, version_id="v1")


def test_who_may_not_see_locks_is_told_so_once_asked_and_not_that_there_are_none() -> None:
    s3 = Answers(Whole(), Whole(), refused=frozenset({"get_object_retention", "get_object_legal_hold"}))
    source = reading(s3)

    first, second = (source.take(KEY, version_id="v1").lock for _ in range(2))

    assert first == second
    assert first.unknown == "s3:GetObjectRetention is not allowed and s3:GetObjectLegalHold is not allowed"
    assert first.legal_hold is None
    assert s3.asked == ["get_object", "get_object_retention", "get_object_legal_hold", "get_object"]


def test_a_busy_store_is_waited_for_and_no_worker_waits_for_a_connection() -> None:
    config: Any = client_config(16)

    assert config.retries == {"mode": "standard", "total_max_attempts": 10}
    assert config.max_pool_connections >= 16


def test_the_lock_that_comes_with_the_bytes_is_remembered_for_a_pack() -> None:
    until = datetime(2029, 11, 1, tzinfo=UTC)
    locked = {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": until, "ObjectLockLegalHoldStatus": "ON"}
    s3 = Answers(Whole(), Whole(), refused=frozenset({"get_object_retention"}), locks=[locked, {}])
    source = S3WithLocks(s3, "evidence")  # type: ignore[arg-type]  # as much of a client as is asked

    assert (source.get("a", version_id="v1"), source.get("b", version_id="v2")) == (b"sealed", b"sealed")
    assert source.locks["a"] == LockState(mode="COMPLIANCE", retain_until=until, legal_hold=True)
    assert source.locks["b"].unknown == "s3:GetObjectRetention is not allowed"
