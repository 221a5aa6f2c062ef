"""The time a chain tells: what cannot be breaks it, what is odd is noted, and honest chains of any age pass."""

from datetime import UTC, datetime, timedelta

import pytest

from prooftrail.evidence import chain, times, verify
from prooftrail.evidence.findings import Fault
from prooftrail.evidence.verify import Seen
from prooftrail.model.run import MOST_TICKS, Run, Schedule
from tests.evidence.chains import DAILY, DAY_1, a_chain

HOURLY = Schedule(every_hours=1, at="06:00")
DAY, HOUR, MICROSECOND = timedelta(days=1), timedelta(hours=1), timedelta(microseconds=1)
DAY_2, DAY_3 = DAY_1 + DAY, DAY_1 + 2 * DAY
FAR = datetime(2099, 1, 1, 6, tzinfo=UTC)
MANUAL = Run.manual(DAY_1 + 3 * HOUR, None)


def told(*days: dict[str, object]) -> list[tuple[Fault, str]]:
    return [(one.fault, one.where[6:14]) for one in chain.read(a_chain(days)).problems]


def details(*days: dict[str, object]) -> list[str]:
    return [one.detail for one in chain.read(a_chain(days)).problems]


@pytest.mark.parametrize(("early", "faults"), [(HOUR, []), (HOUR + MICROSECOND, [(Fault.MISDATED, "00000001")])])
def test_a_run_that_was_closed_before_it_began_is_misdated_beyond_what_clocks_differ(
    early: timedelta, faults: list[object]
) -> None:
    began = MANUAL.taken_at
    assert told({"run": MANUAL, "last_tick": None, "started_at": began, "closed_at": began - early}) == faults


@pytest.mark.parametrize(("early", "faults"), [(HOUR, []), (HOUR + MICROSECOND, [(Fault.MISDATED, "00000002")])])
def test_closing_times_do_not_fall_along_the_chain(early: timedelta, faults: list[object]) -> None:
    began = {"started_at": DAY_1 + 4 * HOUR, "closed_at": DAY_1 + 5 * HOUR}
    after = {"run": MANUAL, "last_tick": DAY_1, "started_at": DAY_1 + 4 * HOUR, "closed_at": DAY_1 + 5 * HOUR - early}
    assert told(began, after) == faults


def test_closing_times_do_not_fall_over_a_slot_that_was_not_read_either() -> None:
    files = a_chain(({}, {"closed_at": FAR, "started_at": FAR}, {}, {}))
    assert (Fault.MISDATED, "00000003") in [(one.fault, one.where[6:14]) for one in chain.read(files).problems]
    without = [files[0], files[2], files[4]]
    assert (Fault.MISDATED, "00000004") in [(one.fault, one.where[6:14]) for one in chain.read(without).problems]


@pytest.mark.parametrize(
    ("late", "faults"), [(timedelta(hours=6), []), (timedelta(hours=6) + MICROSECOND, [(Fault.MISDATED, "00000001")])]
)
def test_a_manual_run_judged_as_of_more_than_six_hours_before_it_began_is_misdated(
    late: timedelta, faults: list[object]
) -> None:
    began = MANUAL.taken_at + late
    assert told({"run": MANUAL, "last_tick": None, "started_at": began, "closed_at": began}) == faults


def test_a_scheduled_run_that_began_late_is_misdated_nowhere_for_its_cells_are_late() -> None:
    began = DAY_1 + 20 * HOUR
    assert told({"started_at": began, "closed_at": began}) == []


@pytest.mark.parametrize("last_tick", [FAR, DAY_1, None])
def test_the_last_tick_is_the_one_before_or_the_runs_own_and_no_other(last_tick: datetime | None) -> None:
    assert (Fault.TICK, "00000002") in told({}, {"last_tick": last_tick})


def test_the_last_tick_of_the_first_run_is_its_own() -> None:
    assert told({"last_tick": FAR}) == [(Fault.TICK, "00000001")]
    assert told({"run": MANUAL, "last_tick": DAY_1}) == [(Fault.TICK, "00000001")]
    assert told({"run": MANUAL, "last_tick": None}) == []


def test_a_manual_run_and_one_of_an_older_tick_keep_the_last_tick() -> None:
    late = {"run": Run.scheduled(DAY_1 - DAY, None), "started_at": DAY_3, "closed_at": DAY_3}
    faults = [fault for fault, _ in told({}, {"run": MANUAL, "last_tick": DAY_1}, late | {"last_tick": DAY_1})]
    assert Fault.TICK not in faults


def test_a_last_tick_still_to_come_is_found_where_the_manifest_before_was_not_read() -> None:
    files = a_chain(({}, {}, {"last_tick": FAR}, {"last_tick": FAR}))
    problems = chain.read([files[0], files[3], files[4]]).problems
    assert {(one.fault, one.where[6:14]) for one in problems if one.fault is not Fault.SLOT} == {
        (Fault.TICK, "00000003"),
        (Fault.TICK, "00000004"),
    }


def test_missed_ticks_declared_behind_a_slot_that_was_not_read_are_nobodys_fault() -> None:
    third = {"run": Run.scheduled(DAY_1 + 3 * DAY, None), "last_tick": DAY_1 + 3 * DAY}
    fourth = {"run": Run.scheduled(DAY_1 + 4 * DAY, None), "last_tick": DAY_1 + 4 * DAY}
    files = a_chain(({}, {}, third | {"missed_ticks": (DAY_3,)}, fourth))
    problems = chain.read([files[0], files[3], files[4]]).problems
    assert [one.fault for one in problems] == [Fault.SLOT]


SPARSER = {"run": Run.scheduled(DAY_2, None), "last_tick": DAY_2, "schedule": DAILY}
THREE_HOURS_GONE = tuple(DAY_1 + hours * HOUR for hours in range(1, 24))


def test_a_schedule_that_changes_is_noted_and_the_ticks_until_then_are_due_by_the_one_before() -> None:
    first, declared = {"schedule": HOURLY}, SPARSER | {"missed_ticks": THREE_HOURS_GONE}
    read = chain.read(a_chain((first, declared)))
    assert [(one.fault, one.detail) for one in read.problems] == [
        (Fault.SCHEDULE, "runs are due every 1 h from 06:00 UTC from here on, and were every 24 h from 06:00 UTC"),
        (Fault.SCHEDULE, "runs are due every 24 h from 06:00 UTC from here on, and were every 1 h from 06:00 UTC"),
    ]
    assert times.due(read.manifests[1], read.manifests[0]) == THREE_HOURS_GONE


def test_ticks_that_older_code_let_vanish_with_a_change_of_schedule_are_told_and_no_fault() -> None:
    faults = told({"schedule": HOURLY}, SPARSER)
    assert faults == [(Fault.SCHEDULE, "00000001"), (Fault.SCHEDULE, "00000002")]
    assert details({"schedule": HOURLY}, SPARSER)[1].endswith(
        "; 23 ticks of the one before passed without a run and are not declared"
    )


def test_a_manual_run_without_a_schedule_changes_none() -> None:
    assert told({}, {"run": MANUAL, "last_tick": DAY_1, "schedule": None}, {"run": Run.scheduled(DAY_2, None), "last_tick": DAY_2}) == []  # fmt: skip


def test_missed_ticks_of_neither_schedule_are_a_fault() -> None:
    assert (Fault.TICK, "00000002") in told({"schedule": HOURLY}, SPARSER | {"missed_ticks": THREE_HOURS_GONE[1:]})


@pytest.mark.parametrize(
    ("early", "notes"),
    [(timedelta(minutes=5), []), (timedelta(minutes=5) + MICROSECOND, [(Fault.OFF_TIME, "00000001")])],
)
def test_a_run_that_began_more_than_five_minutes_before_its_tick_is_noted(
    early: timedelta, notes: list[object]
) -> None:
    assert told({"started_at": DAY_1 - early}) == notes


def test_a_run_of_a_tick_that_was_declared_missed_is_noted() -> None:
    third = {"run": Run.scheduled(DAY_3, None), "last_tick": DAY_3, "missed_ticks": (DAY_2,)}
    closed = DAY_3 + timedelta(minutes=1)
    again = {"run": Run.scheduled(DAY_2, None), "last_tick": DAY_3, "started_at": DAY_3, "closed_at": closed}
    (problem,) = chain.read(a_chain(({}, third, again))).problems
    assert (problem.fault, problem.breaks) == (Fault.OFF_TIME, False)
    assert (
        problem.detail == "begun 2026-11-03T06:00:00Z, when its tick 2026-11-02T06:00:00Z was declared missed already"
    )


@pytest.mark.parametrize(("after", "notes"), [(timedelta(0), 0), (MICROSECOND, 1)])
def test_a_run_judged_as_of_before_the_one_before_is_noted_unless_the_two_overlapped(
    after: timedelta, notes: int
) -> None:
    closed = DAY_1 + 5 * HOUR
    first = {"run": Run.manual(DAY_1 + 4 * HOUR, None), "last_tick": None, "closed_at": closed}
    began = closed + after
    second = {"run": MANUAL, "last_tick": None, "started_at": began, "closed_at": began}
    assert told(first, second) == [(Fault.OFF_TIME, "00000002")] * notes


def stored(closed_at: datetime, *, at: datetime, keeps_time: bool) -> list[Fault]:
    read = chain.read(a_chain(({"closed_at": closed_at},)))
    slot = Seen(key="chain/00000001.json", version_id=None, stored_at=at, sha256=None, size=1)
    return [one.fault for one in verify.objects(read, [slot], now=at, store_keeps_time=keeps_time, open_runs={})]


@pytest.mark.parametrize(
    ("late", "faults"),
    [
        (-verify.LATEST_WRITE - MICROSECOND, [Fault.BACKDATED]),
        (-verify.LATEST_WRITE, []),
        (verify.LATEST_WRITE, []),
        (verify.LATEST_WRITE + MICROSECOND, [Fault.MISDATED]),
        (FAR - DAY_1, [Fault.MISDATED]),
    ],
)
def test_a_manifest_was_closed_within_a_quarter_of_an_hour_of_when_the_store_took_it(
    late: timedelta, faults: list[Fault]
) -> None:
    assert stored(DAY_1 + late, at=DAY_1, keeps_time=True) == faults


@pytest.mark.parametrize(("late", "faults"), [(-DAY, []), (HOUR, []), (HOUR + MICROSECOND, [Fault.MISDATED])])
def test_in_a_directory_no_manifest_was_closed_in_the_time_to_come(late: timedelta, faults: list[Fault]) -> None:
    assert stored(DAY_1 + late, at=DAY_1, keeps_time=False) == faults


EDGES = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize("field", ["started_at", "closed_at", "last_tick"])
def test_a_time_at_the_end_of_all_times_is_told_and_ends_no_verification(edge: datetime, field: str) -> None:
    then = {"run": Run.scheduled(DAY_3, None), "last_tick": DAY_3, "schedule": HOURLY}
    files = a_chain(({field: edge}, then))
    read = chain.read(files)
    slot = Seen(key="chain/00000001.json", version_id=None, stored_at=DAY_1, sha256=None, size=1)
    found = [
        *read.problems,
        *verify.objects(read, [slot], now=DAY_1, store_keeps_time=True, open_runs={}),
        *verify.overdue(read, DAY_3),
    ]
    assert {one.fault for one in found if one.breaks or one.fault is Fault.OFF_TIME}


def test_ticks_between_times_far_apart_are_counted_up_to_a_limit() -> None:
    found = HOURLY.between(EDGES[0], DAY_1)
    assert (len(found), found[-1]) == (MOST_TICKS, DAY_1 - HOUR)
