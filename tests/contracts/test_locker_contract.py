"""What every locker promises, held against the fake, a directory, and S3 as three servers speak it."""

import os
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from prooftrail.adapters.aws.s3_locker import S3Locker
from prooftrail.adapters.embedded.directory_locker import DirectoryLocker
from prooftrail.errors import AccessError, AlreadySealed, EvidenceError, EvidenceMissing
from prooftrail.ports import Locker
from tests.contracts.fakes import MemoryLocker
from tests.emulators import Emulator

PAGE_SIZE = 10
WITH_VERSIONS = ["memory", "moto", "ministack", pytest.param("seaweedfs", marks=pytest.mark.seaweedfs)]
ALL = ["directory", *WITH_VERSIONS]
# What moto gets wrong is shown in test_emulator_faults.py.
THAT_TELL_RETENTION = [one for one in ALL if one != "moto"]
THAT_MARK_WHAT_IS_NOT_THERE = [one for one in WITH_VERSIONS if one != "moto"]


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - held against the store's own time


@dataclass(frozen=True)
class Bucket:
    """A locker in a new bucket, with what others could do to it."""

    locker: Locker
    emulator: Emulator
    name: str

    def hide(self, key: str) -> None:
        self.emulator.s3().delete_object(Bucket=self.name, Key=key)

    def replace(self, key: str, body: bytes) -> None:
        self.emulator.s3().put_object(Bucket=self.name, Key=key, Body=body)


@dataclass(frozen=True)
class Memory:
    """The fake, which can do the same to itself."""

    locker: MemoryLocker

    def hide(self, key: str) -> None:
        self.locker.hide(key)

    def replace(self, key: str, body: bytes) -> None:
        self.locker.replace(key, body)


@dataclass(frozen=True)
class Directory:
    """A locker in a new directory."""

    locker: DirectoryLocker


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Bucket | Memory | Directory:
    if request.param == "memory":
        return Memory(MemoryLocker())
    if request.param == "directory":
        locker = DirectoryLocker(tmp_path / "locker")
        locker.create()
        return Directory(locker)
    emulator: Emulator = request.getfixturevalue(request.param)
    name = f"evidence-{uuid.uuid4()}"
    emulator.s3().create_bucket(
        Bucket=name, ObjectLockEnabledForBucket=True, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    locker_in_bucket = S3Locker(emulator.s3(), name, mode="COMPLIANCE", page_size=PAGE_SIZE)
    return Bucket(locker_in_bucket, emulator, name)


@pytest.fixture
def locker(place: Bucket | Memory | Directory) -> Locker:
    return place.locker


every_locker = pytest.mark.parametrize("place", ALL, indirect=True)
every_locker_with_versions = pytest.mark.parametrize("place", WITH_VERSIONS, indirect=True)


@every_locker
@pytest.mark.parametrize("body", [b"", b"\x00\xff\r\n", b"x" * 300_000], ids=["empty", "binary", "large"])
def test_what_was_sealed_reads_back_byte_for_byte(locker: Locker, body: bytes) -> None:
    stored = locker.put("raw/20260101T000000Z/object.gz", body, retain_until=None)

    assert locker.get("raw/20260101T000000Z/object.gz") == body
    assert locker.get("raw/20260101T000000Z/object.gz", version_id=stored.version_id) == body


@every_locker
@pytest.mark.parametrize("body", [b"first", b"second"], ids=["same bytes", "other bytes"])
def test_the_first_writer_wins_and_a_later_one_changes_nothing(locker: Locker, body: bytes) -> None:
    locker.put("plan/run.jsonl", b"first", retain_until=None)
    before = list(locker.versions(""))

    with pytest.raises(AlreadySealed) as refused:
        locker.put("plan/run.jsonl", body, retain_until=None)

    assert refused.value.key == "plan/run.jsonl"
    assert locker.get("plan/run.jsonl") == b"first"
    assert list(locker.versions("")) == before


@every_locker
def test_of_many_writers_at_once_exactly_one_wins_and_its_bytes_are_kept(locker: Locker) -> None:
    def write(number: int) -> bytes | None:
        body = f"writer {number}".encode() * 1000
        try:
            locker.put("outcome/run/111111111111.json", body, retain_until=None)
        except AlreadySealed:
            return None
        return body

    with ThreadPoolExecutor(8) as writers:
        winners = [body for body in writers.map(write, range(8)) if body]

    assert winners == [locker.get("outcome/run/111111111111.json")]
    assert len(list(locker.versions(""))) == 1


@every_locker
def test_what_is_not_there_is_missing_by_name_and_place(locker: Locker) -> None:
    for ask in (locker.get, locker.retained_until):
        with pytest.raises(EvidenceMissing) as missing:
            ask("chain/00000001.json")

        assert missing.value.key == "chain/00000001.json"
        assert locker.describe() in str(missing.value)


@every_locker
@pytest.mark.parametrize(
    "key",
    ["", "/etc/passwd", "../outside", "a/../../outside", "a//b", "a/./b", "a/", "a b", "ä", "a\\b", "~draft", "a\n"],
)
def test_a_name_that_could_lead_elsewhere_is_refused(locker: Locker, key: str) -> None:
    with pytest.raises(EvidenceError, match="no name for evidence"):
        locker.put(key, b"x", retain_until=None)
    with pytest.raises(EvidenceError, match="no name for evidence"):
        locker.get(key)
    assert list(locker.versions("")) == []


@every_locker
def test_listing_shows_every_object_below_a_prefix_in_order_of_key(locker: Locker) -> None:
    keys = [
        "raw/run/b.gz",
        "raw/run/a.gz",
        "raw/run-1/a.gz",
        "raw-x/a.gz",
        "raw/run/B.gz",
        "raw/runs",
        "chain/00000000.json",
    ]
    for key in keys:
        locker.put(key, key.encode(), retain_until=None)

    for prefix in ("", "raw", "raw/", "raw/run", "raw/run/", "raw/run/a", "chain/0000", "nothing/", "raw/run/a.gz"):
        listed = list(locker.versions(prefix))
        assert [one.key for one in listed] == sorted(key for key in keys if key.startswith(prefix))
        assert all(one.size == len(one.key) and one.latest and not one.delete_marker for one in listed)


@every_locker
def test_listing_tells_when_the_store_took_each_object(locker: Locker) -> None:
    before = _now() - timedelta(seconds=2)
    locker.put("witness/00000000.json", b"{}", retain_until=None)

    (listed,) = locker.versions("witness/")

    assert listed.stored_at.utcoffset() == timedelta(0)
    assert before <= listed.stored_at <= _now() + timedelta(seconds=2)


def test_a_directory_says_that_its_times_prove_nothing_and_a_store_that_its_own_do(
    tmp_path: Path, moto: Emulator
) -> None:
    directory = DirectoryLocker(tmp_path)
    directory.put("object", b"", retain_until=None)
    os.utime(tmp_path / "object", (0, 0))

    assert [one.stored_at.year for one in directory.versions("")] == [1970]
    assert not directory.keeps_time
    assert MemoryLocker().keeps_time
    assert S3Locker(moto.s3(), "any").keeps_time


@every_locker
def test_listing_goes_on_beyond_one_page(locker: Locker) -> None:
    keys = [f"snapshot/run/{number:03d}.gz" for number in range(2 * PAGE_SIZE + 5)]
    for key in keys:
        locker.put(key, b"", retain_until=None)

    assert [one.key for one in locker.versions("snapshot/")] == keys


@every_locker
def test_all_objects_below_a_prefix_are_read_in_order_with_the_version_that_get_would_read(locker: Locker) -> None:
    bodies = {f"outcome/run/{number:012d}.json": b"%d" % number for number in range(3 * PAGE_SIZE + 5)}
    stored = {key: locker.put(key, body, retain_until=None) for key, body in bodies.items()}
    locker.put("outcome/run-1/000000000000.json", b"of another run", retain_until=None)

    read = list(locker.read_all("outcome/run/"))

    assert [(one.key, one.body, one.version_id) for one in read] == [
        (key, body, stored[key].version_id) for key, body in sorted(bodies.items())
    ]
    assert list(locker.read_all("nothing/")) == []


@pytest.mark.parametrize("place", THAT_TELL_RETENTION, indirect=True)
def test_reading_all_tells_until_when_the_store_holds_each_object(place: Bucket | Memory | Directory) -> None:
    until = _now().replace(microsecond=0) + timedelta(days=400)
    place.locker.put("outcome/run/1.json", b"held", retain_until=until)
    place.locker.put("outcome/run/2.json", b"free", retain_until=None)

    read = {one.key: one.retain_until for one in place.locker.read_all("outcome/run/")}

    assert read == {key: place.locker.retained_until(key) for key in ("outcome/run/1.json", "outcome/run/2.json")}
    assert read["outcome/run/1.json"] == (None if isinstance(place, Directory) else until)


@every_locker_with_versions
def test_reading_all_sees_what_was_sealed_behind_markers_and_later_versions(place: Bucket | Memory) -> None:
    for name in ("hidden", "replaced"):
        place.locker.put(f"outcome/run/{name}", b"sealed", retain_until=None)
    place.hide("outcome/run/hidden")
    place.replace("outcome/run/replaced", b"forged")

    assert [(one.key, one.body) for one in place.locker.read_all("outcome/")] == [
        ("outcome/run/hidden", b"sealed"),
        ("outcome/run/replaced", b"sealed"),
    ]


@pytest.mark.parametrize("place", THAT_MARK_WHAT_IS_NOT_THERE, indirect=True)
def test_reading_all_leaves_out_a_name_that_was_only_ever_deleted(place: Bucket | Memory) -> None:
    place.hide("outcome/run/never")

    assert list(place.locker.read_all("outcome/")) == []


@pytest.mark.parametrize("place", THAT_TELL_RETENTION, indirect=True)
def test_a_store_holds_an_object_until_the_date_it_answered_with_or_promises_nothing(
    place: Bucket | Memory | Directory,
) -> None:
    until = _now().replace(microsecond=0) + timedelta(days=400)

    stored = place.locker.put("people/run/a.gz", b"x", retain_until=until)

    assert stored.retain_until == place.locker.retained_until("people/run/a.gz", version_id=stored.version_id)
    assert stored.retain_until == (None if isinstance(place, Directory) else until)


@every_locker_with_versions
def test_an_object_behind_a_delete_marker_is_still_sealed_and_still_read(place: Bucket | Memory) -> None:
    sealed = place.locker.put("plan/run.jsonl", b"sealed", retain_until=None)
    place.hide("plan/run.jsonl")

    with pytest.raises(AlreadySealed):
        place.locker.put("plan/run.jsonl", b"another", retain_until=None)

    assert place.locker.get("plan/run.jsonl") == b"sealed"
    version, marker = place.locker.versions("plan/")
    assert (marker.delete_marker, marker.latest, version.delete_marker, version.latest) == (True, True, False, False)
    assert (marker.key, version.key, version.version_id) == ("plan/run.jsonl", "plan/run.jsonl", sealed.version_id)


@every_locker_with_versions
def test_a_second_version_written_by_others_shows_and_does_not_take_the_place_of_the_first(
    place: Bucket | Memory,
) -> None:
    sealed = place.locker.put("plan/run.jsonl", b"sealed", retain_until=None)
    place.replace("plan/run.jsonl", b"forged!")

    assert place.locker.get("plan/run.jsonl") == b"sealed"
    first, forged = place.locker.versions("")
    assert (forged.latest, forged.size, first.latest, first.size) == (True, 7, False, 6)
    assert first.version_id == sealed.version_id
    assert place.locker.get("plan/run.jsonl", version_id=forged.version_id) == b"forged!"


@pytest.mark.parametrize("place", THAT_MARK_WHAT_IS_NOT_THERE, indirect=True)
def test_a_delete_marker_that_hides_nothing_does_not_block_the_name(place: Bucket | Memory) -> None:
    place.hide("chain/00000007.json")

    place.locker.put("chain/00000007.json", b"{}", retain_until=None)

    assert place.locker.get("chain/00000007.json") == b"{}"
    assert [one.delete_marker for one in place.locker.versions("chain/")] == [True, False]


@every_locker_with_versions
def test_every_version_and_marker_is_listed_also_where_a_page_ends_between_them(place: Bucket | Memory) -> None:
    keys = [f"chain/{number:08d}.json" for number in range(PAGE_SIZE)]
    for key in keys:
        place.locker.put(key, b"1", retain_until=None)
        place.replace(key, b"22")
        place.hide(key)

    listed = [(one.key, one.delete_marker, one.latest, one.size) for one in place.locker.versions("chain/")]

    sealed, replaced, hidden = (False, False, 1), (False, False, 2), (True, True, 0)
    assert listed == [(key, *one) for key in keys for one in (sealed, replaced, hidden)]


@every_locker_with_versions
def test_a_version_that_is_not_there_is_missing(place: Bucket | Memory) -> None:
    other = place.locker.put("raw/other.gz", b"x", retain_until=None)
    place.locker.put("raw/one.gz", b"y", retain_until=None)

    with pytest.raises(EvidenceMissing):
        place.locker.get("raw/one.gz", version_id=other.version_id)


@pytest.mark.parametrize("server", ["moto", "ministack"])
def test_a_bucket_that_is_not_there_is_told_apart_from_an_empty_one(
    server: str, request: pytest.FixtureRequest
) -> None:
    emulator: Emulator = request.getfixturevalue(server)
    nowhere = S3Locker(emulator.s3(), f"absent-{uuid.uuid4()}")

    for ask in (
        lambda: list(nowhere.versions("")),
        lambda: nowhere.get("a"),
        lambda: nowhere.put("a", b"", retain_until=None),
    ):
        with pytest.raises(AccessError, match="there is no bucket"):
            ask()


def test_a_directory_that_is_not_there_is_told_apart_from_an_empty_one(tmp_path: Path) -> None:
    nowhere = DirectoryLocker(tmp_path / "absent")

    for ask in (
        lambda: list(nowhere.versions("")),
        lambda: nowhere.get("a"),
        lambda: nowhere.put("a", b"", retain_until=None),
    ):
        with pytest.raises(AccessError, match="there is no locker at"):
            ask()
    assert not (tmp_path / "absent").exists()
