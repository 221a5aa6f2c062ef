"""What lies in a locker against what its chain says: every way they can differ has its own name and place."""

from datetime import datetime, timedelta

import pytest

from prooftrail.evidence import chain, verify
from prooftrail.evidence.findings import Fault, Problem
from prooftrail.evidence.manifest import Head
from prooftrail.evidence.verify import Seen
from tests.evidence.chains import DAY_1, a_chain, an_object, superseded

KEPT_UNTIL = DAY_1 + timedelta(days=400)
SEALED = an_object(retain_until=KEPT_UNTIL)
LEFT = "raw/20261101T060000Z/222222222222/" + "0" * 64 + ".jsonl.gz"
CHAIN = chain.read(a_chain(({"objects": (SEALED,), "superseded": (superseded(LEFT),)},)))


def seen(**known: object) -> Seen:
    fields = {
        "key": SEALED.key,
        "version_id": None,
        "stored_at": DAY_1,
        "sha256": SEALED.stored_sha256,
        "size": SEALED.size,
    }
    return Seen(**(fields | known))  # type: ignore[arg-type]


def problems(
    *there: Seen, now: datetime = DAY_1, keeps_time: bool = True, open_runs: dict[str, datetime] | None = None
) -> list[tuple[Fault, str]]:
    found = verify.objects(CHAIN, there, now=now, store_keeps_time=keeps_time, open_runs=open_runs or {})
    return [(one.fault, one.where) for one in found]


def test_a_locker_as_sealed_has_no_problem() -> None:
    assert problems(seen()) == []


def test_other_bytes_are_changed() -> None:
    assert problems(seen(sha256="ff")) == [(Fault.CHANGED, SEALED.key)]


def test_an_object_that_is_gone_is_missing() -> None:
    assert problems() == [(Fault.MISSING, SEALED.key)]


@pytest.mark.parametrize(
    ("now", "fault"),
    [
        (KEPT_UNTIL - timedelta(microseconds=1), Fault.MISSING),
        (KEPT_UNTIL, Fault.DISPOSED),
        (KEPT_UNTIL + timedelta(days=1), Fault.DISPOSED),
    ],
)
def test_gone_before_its_time_is_missing_and_after_it_disposed(now: datetime, fault: Fault) -> None:
    assert problems(now=now) == [(fault, SEALED.key)]
    assert Problem(fault=fault, where="", detail="").breaks is (fault is Fault.MISSING)


def test_an_object_nobody_names_is_unlisted() -> None:
    assert problems(seen(), seen(key="raw/x")) == [(Fault.UNLISTED, "raw/x")]


def test_a_delete_marker_hides() -> None:
    marker = seen(version_id="m", delete_marker=True, sha256=None, size=0)
    assert problems(seen(latest=False), marker) == [(Fault.HIDDEN, SEALED.key)]


def test_a_delete_marker_where_nothing_is_left_is_hidden_and_missing() -> None:
    marker = seen(version_id="m", delete_marker=True, sha256=None, size=0)
    assert problems(marker) == [(Fault.HIDDEN, SEALED.key), (Fault.MISSING, SEALED.key)]


@pytest.mark.parametrize(
    ("marked", "fault"),
    [
        (KEPT_UNTIL - timedelta(microseconds=1), Fault.HIDDEN),
        (KEPT_UNTIL, Fault.DISPOSED),
    ],
)
def test_a_delete_marker_hides_before_the_term_and_disposes_after_it(marked: datetime, fault: Fault) -> None:
    marker = seen(version_id="m", delete_marker=True, sha256=None, size=0, stored_at=marked)
    later = KEPT_UNTIL + timedelta(days=2)
    assert problems(seen(latest=False), marker, now=later) == [(fault, SEALED.key)]


def test_what_a_store_disposed_of_after_its_term_leaves_a_marker_and_no_fault() -> None:
    marker = seen(version_id="m", delete_marker=True, sha256=None, size=0, stored_at=KEPT_UNTIL)
    assert problems(marker, now=KEPT_UNTIL) == [(Fault.DISPOSED, SEALED.key)]


def test_a_superseded_object_that_is_marked_for_deletion_is_nobody_s_loss() -> None:
    marker = seen(key=LEFT, version_id="m", delete_marker=True, sha256=None, size=0)
    assert problems(seen(), seen(key=LEFT, size=4, latest=False), marker) == []


def test_a_second_version_is_a_replacement() -> None:
    assert (Fault.REPLACED, SEALED.key) in problems(seen(version_id="a"), seen(version_id="b", sha256="ff"))


@pytest.mark.parametrize(
    ("late", "expected"), [(timedelta(0), []), (timedelta(microseconds=1), [(Fault.BACKDATED, SEALED.key)])]
)
def test_an_object_stored_after_it_was_sealed_is_backdated(late: timedelta, expected: list[object]) -> None:
    closed = DAY_1 + timedelta(minutes=2)
    assert problems(seen(stored_at=closed + verify.LATEST_WRITE + late)) == expected


def test_a_store_whose_times_anybody_can_set_says_nothing_of_backdating() -> None:
    assert problems(seen(stored_at=DAY_1 + timedelta(days=9)), keeps_time=False) == []


def test_a_superseded_object_may_be_there_or_not() -> None:
    assert problems(seen(), seen(key=LEFT, size=4)) == []
    assert problems(seen()) == []


def test_a_superseded_object_of_another_size_is_changed() -> None:
    assert problems(seen(), seen(key=LEFT, size=5)) == [(Fault.CHANGED, LEFT)]


@pytest.mark.parametrize(
    ("age", "fault"),
    [
        (verify.OPEN_RUN - timedelta(microseconds=1), Fault.NOT_YET_CHAINED),
        (verify.OPEN_RUN, Fault.UNLISTED),
    ],
)
def test_objects_of_a_run_under_way_are_not_yet_chained_for_six_hours(age: timedelta, fault: Fault) -> None:
    key = "raw/20261102T060000Z/111111111111/" + "1" * 64 + ".jsonl.gz"
    found = problems(seen(), seen(key=key), now=DAY_1 + age, open_runs={"20261102T060000Z": DAY_1})
    assert found == [(fault, key)]


def test_two_versions_of_a_manifest_are_a_fork() -> None:
    slot = "chain/00000001.json"
    assert (Fault.REPLACED, slot) in problems(seen(), seen(key=slot, version_id="a"), seen(key=slot, version_id="b"))


def test_a_manifest_stored_long_after_it_says_it_was_closed_is_backdated() -> None:
    slot = "chain/00000001.json"
    assert problems(seen(), seen(key=slot, stored_at=DAY_1 + timedelta(days=1))) == [(Fault.BACKDATED, slot)]


def test_a_head_somebody_saw_must_still_be_there() -> None:
    head = CHAIN.head
    assert head is not None
    assert list(verify.expected_head(CHAIN, head, "the auditor")) == []
    (cut_off,) = verify.expected_head(CHAIN, Head(seq=7, sha256="ab" * 32), "the auditor")
    assert "the chain ends before it" in cut_off.detail
    (other,) = verify.expected_head(CHAIN, Head(seq=1, sha256="ab" * 32), "the auditor")
    assert "the auditor saw abababababababab" in other.detail


@pytest.mark.parametrize(
    ("after", "notes"),
    [
        (timedelta(days=1, hours=6), 0),
        (timedelta(days=1, hours=6, microseconds=1), 1),
        (timedelta(days=3, hours=7), 1),
    ],
)
def test_ticks_that_passed_since_the_head_are_noted_six_hours_later(after: timedelta, notes: int) -> None:
    found = list(verify.overdue(CHAIN, DAY_1 + after))
    assert len(found) == notes
    assert not any(one.breaks for one in found)


def test_a_locker_pulled_from_a_bucket_into_a_directory_has_no_versions_and_is_still_intact() -> None:
    from_bucket = an_object(retain_until=KEPT_UNTIL, version_id="v1")
    pulled = chain.read(a_chain(({"objects": (from_bucket,)},)))
    for version, expected in ((None, []), ("v1", []), ("v2", [Fault.REPLACED, Fault.MISSING])):
        there = [seen(version_id=version)]
        found = verify.objects(pulled, there, now=DAY_1, store_keeps_time=False, open_runs={})
        assert [one.fault for one in found] == expected
