"""Which ticks a control operated at: in time, late, missed, tested or not, whatever the schedule and the period are."""

from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from prooftrail.evidence.manifest import GovernanceInForce
from prooftrail.model import canonical
from prooftrail.model.snapshot import RunTrigger
from prooftrail.pack.registers.of_period import period_gap_rows
from prooftrail.pack.registers.ticks import schedule_kept
from prooftrail.pack.table import Value
from prooftrail.pack.view import LATE_AFTER, PackOptions, PackRun, PeriodView
from tests.builders.packs import a_genesis, a_pack_run, a_period
from tests.builders.times import NOW, days
from tests.pack.period_rows import a_run_of, rows, tallied

TICKS = tuple(NOW - days(back) for back in (3, 2, 1, 0))


def period_of(*runs: PackRun, **changes: object) -> PeriodView:
    met = {one.tick: one.run_id for one in runs if one.tick}
    return a_period(runs=runs, ticks_due=changes.pop("ticks", TICKS), ticks_met=met, **changes)


def row_of(period: PeriodView, control: str = "IDC-15") -> dict[str, Value]:
    _, tally = tallied(runs=period.runs)
    return next(one for one in rows("28", period, tally) if one["control_id"] == control)


def every_day() -> list[PackRun]:
    return [a_run_of(day) for day in (-3, -2, -1, 0)]


def test_a_control_with_a_result_at_every_tick_operated_at_all_of_them() -> None:
    row = row_of(period_of(*every_day()))
    assert row["operating"] == "operated 4 of 4"
    assert (row["ticks_due"], row["operated"], row["missed"], row["late"]) == (4, 4, 0, 0)


def test_a_tick_without_a_run_is_missed_and_says_who_declares_it() -> None:
    runs = [a_run_of(-3), a_run_of(-1, missed_ticks=(TICKS[1],)), a_run_of(0)]
    row = row_of(period_of(*runs))
    said = f"operated 3 of 4; {TICKS[1].date()} missed: no run, as manifest 3 of {TICKS[2].date()} declares"
    assert row["operating"] == said
    assert row["missed_ticks"] == (f"{canonical.timestamp(TICKS[1])}: {said.partition('missed: ')[2]}",)


def test_a_missed_tick_that_no_manifest_declares_is_missed_all_the_same() -> None:
    row = row_of(period_of(a_run_of(-3), a_run_of(-2), a_run_of(-1)))
    assert row["operating"] == f"operated 3 of 4; {NOW.date()} missed: no run"


@pytest.mark.parametrize(
    ("after", "operated", "late"),
    [(LATE_AFTER - timedelta(seconds=1), 4, 0), (LATE_AFTER, 4, 0), (LATE_AFTER + timedelta(microseconds=1), 3, 1)],
)
def test_a_run_is_in_time_for_six_hours_and_late_from_then_on(after: timedelta, operated: int, late: int) -> None:
    runs = [*every_day()[:3], a_run_of(0, closed_at=NOW + after)]
    row = row_of(period_of(*runs))
    assert (row["operated"], row["late"]) == (operated, late)
    assert (f"{NOW.date()} late" in str(row["operating"])) is bool(late)


def test_a_manual_run_stands_apart_and_meets_no_tick() -> None:
    manual = a_run_of(0, tick=None, trigger=RunTrigger.MANUAL)
    row = row_of(period_of(*every_day()[:3], manual))
    assert row["operating"] == f"operated 3 of 4; {NOW.date()} missed: no run; 1 manual run apart"
    assert row["manual_runs"] == 1


@pytest.mark.parametrize(
    ("counts", "operated"),
    [
        ({"result:IDC-15:NOT_TESTED": 9}, 3),
        ({}, 3),
        ({"result:IDC-15:NOT_TESTED": 9, "result:IDC-15:NOT_APPLICABLE": 1}, 4),
        ({"result:IDC-15:FAIL": 1}, 4),
        ({"result:IDC-1:PASS": 1}, 3),
    ],
)
def test_a_run_counts_for_a_control_only_with_a_result_that_was_tested(counts: dict[str, int], operated: int) -> None:
    row = row_of(period_of(*every_day()[:3], a_run_of(0, counts=counts)))
    assert row["operated"] == operated
    assert (row["not_tested_only"] == 1) is (operated == 3)


def test_several_ticks_a_day_are_told_by_their_time() -> None:
    ticks = tuple(NOW - timedelta(hours=back) for back in (12, 6, 0))
    runs = [
        a_run_of(0, tick=one, run_id=canonical.run_id(one), taken_at=one, closed_at=one) for one in (ticks[0], ticks[2])
    ]
    row = row_of(period_of(*runs, ticks=ticks))
    assert row["operating"] == "operated 2 of 3; 2026-11-22 00:00 missed: no run"


def test_days_before_the_chain_began_are_neither_operated_nor_missed() -> None:
    genesis = a_genesis(created_at=NOW - days(1))
    options = PackOptions(since=NOW.date() - timedelta(days=3), until=NOW.date())
    period = period_of(a_run_of(-1), a_run_of(0), ticks=TICKS[2:], genesis=genesis, options=options)
    assert row_of(period)["operating"] == "operated 2 of 2; 2 days before the chain began"
    _, tally = tallied()
    gap = next(row for row in period_gap_rows(period, tally) if row[4] == "before the chain")
    assert "2 days of the period" in str(gap[5])


def test_ticks_that_are_listed_from_before_the_chain_are_not_missed() -> None:
    genesis = a_genesis(created_at=NOW - days(1))
    row = row_of(period_of(a_run_of(-1), a_run_of(0), genesis=genesis))
    assert (row["ticks_due"], row["operated"], row["missed"]) == (2, 2, 0)


@pytest.mark.parametrize(
    ("since", "changes", "said"),
    [
        (date(2026, 12, 1), {}, "nothing operated yet: nothing is known after 2026-11-22 06:10 UTC"),
        (
            date(2026, 10, 1),
            {},
            "nothing operated: the chain began on 2026-11-17, after the period; 31 days before the chain began",
        ),
        (date(2026, 11, 22), {"schedule": None}, "no schedule is declared, so nothing was due"),
        (date(2026, 11, 22), {}, "no tick of the schedule was over in the period, so nothing was due"),
    ],
)
def test_a_period_in_which_nothing_was_due_says_why(since: date, changes: dict[str, object], said: str) -> None:
    options = PackOptions(since=since, until=since + timedelta(days=30))
    period = period_of(ticks=(), options=options, as_of=a_pack_run(-10), **changes)
    assert row_of(period)["operating"] == said
    assert row_of(period)["operated"] == 0


def test_a_control_that_cannot_be_tested_never_operated() -> None:
    row = row_of(period_of(*every_day()), "IDC-05")
    assert row["testable"] is False
    assert str(row["operating"]).startswith("cannot be tested by this version, so it did not operate: ")


def test_failures_of_the_start_are_those_of_the_run_before_the_period() -> None:
    before = a_run_of(-4, counts={"result:IDC-15:FAIL": 7})
    last = a_run_of(0, counts={"result:IDC-15:FAIL": 2})
    row = row_of(period_of(*every_day()[:3], last, before=before))
    assert (row["start_run"], row["failing_at_start"], row["failing_at_end"]) == (before.run_id, 7, 2)


def test_failures_are_not_known_where_nothing_was_tested() -> None:
    row = row_of(period_of(a_run_of(0, counts={"result:IDC-15:NOT_TESTED": 1})))
    assert (row["failing_at_start"], row["failing_at_end"]) == (None, None)


def test_a_loosening_stands_with_the_control_it_names_and_with_no_other() -> None:
    loosened = GovernanceInForce(sha256="8" * 64, loosened=("IDC-15 max_age_days: 400 days, 90 before",), turned=3)
    period = period_of(*every_day()[:3], a_run_of(0, governance=loosened))
    named, other = row_of(period), row_of(period, "IDC-17")
    assert (named["loosened"], named["results_turned"]) == ((f"{canonical.run_id(NOW)}: {loosened.loosened[0]}",), 3)
    assert (other["loosened"], other["results_turned"]) == ((), 0)
    assert named["policy_changes"] == other["policy_changes"] == 1


def test_the_schedule_in_one_sentence() -> None:
    late = a_run_of(-2, closed_at=TICKS[1] + days(1))
    period = period_of(a_run_of(-3), late, a_run_of(-1), a_run_of(0, tick=None, trigger=RunTrigger.MANUAL))
    kept = "4 runs were due by the schedule: 2 in time, 1 late, 1 missed; 1 manual run stands apart."
    assert schedule_kept(period) == kept


def test_runs_and_missed_runs_stand_in_order_of_time() -> None:
    period = period_of(
        a_run_of(-3), a_run_of(-1, missed_ticks=(TICKS[1],)), a_run_of(0, tick=None, trigger=RunTrigger.MANUAL)
    )
    found = rows("29", period, tallied()[1])
    assert [one["state"] for one in found] == ["in time", "missed", "in time", "missed", "manual"]
    assert found[1]["run_id"] is None
    assert found[1]["identities"] is None
    assert found[0]["minutes_after_tick"] == 10


def test_a_run_of_a_tick_that_was_not_due_is_outside_the_schedule() -> None:
    period = replace_ticks(period_of(a_run_of(0)))
    assert [one["state"] for one in rows("29", period, tallied()[1])] == ["outside the schedule"]


def replace_ticks(period: PeriodView) -> PeriodView:
    return a_period(runs=period.runs, ticks_due=(), ticks_met={})


def test_gaps_of_the_period_name_missed_and_late_ticks_and_what_is_wrong() -> None:
    late = replace(a_run_of(-1), closed_at=TICKS[2] + days(1), organization_gaps=("organizations:ListPolicies denied",))
    period = period_of(a_run_of(-3), late, a_run_of(0), problems=("slot 2 forks",))
    tally = tallied(wrong=("raw/x is gone",))[1]
    found = [(row[4], row[0], row[1]) for row in period_gap_rows(period, tally)]
    assert found == [
        ("missed run", TICKS[1], TICKS[2]),
        ("late run", TICKS[2], late.closed_at),
        ("organization", TICKS[2], TICKS[3]),
        ("chain", None, None),
        ("evidence", None, None),
    ]
