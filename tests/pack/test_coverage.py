"""How much of the estate a run saw stands beside every figure of it: a loss of sight is never shown as operation or as progress."""

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from prooftrail.evidence.manifest import AccountCoverage
from prooftrail.model import canonical
from prooftrail.model.judgement import ResultStatus
from prooftrail.pack.front.front import front
from prooftrail.pack.registers.coverage import coverage_of, not_comparable
from prooftrail.pack.registers.ticks import schedule_kept
from prooftrail.pack.report.calendar import calendar, runs_table
from prooftrail.pack.report.calendar import days as calendar_days
from prooftrail.pack.report.charts import over_time
from prooftrail.pack.table import Value
from prooftrail.pack.view import PackOptions, PackRun, PeriodView
from tests.builders.packs import a_pack_run, a_period, an_account_view
from tests.builders.times import ACCOUNT, MEMBER, NOW, days
from tests.pack.period_rows import a_run_of, rows, tallied

THIRD = "333333333333"
NARROW = PackOptions(since=date(2026, 11, 19), until=date(2026, 11, 22), accounts=(ACCOUNT,))


def covering(**states: str) -> tuple[AccountCoverage, ...]:
    names = {"first": ACCOUNT, "second": MEMBER, "third": THIRD}
    return tuple(
        AccountCoverage(
            account=names[name],
            status=status,
            reason=None if status == "sealed" else "AWS refuses",
            identities=0,
            cells=21,
            cells_ok=20 if status == "gaps" else 21,
        )
        for name, status in states.items()
    )


WHOLE = covering(first="sealed", second="sealed", third="sealed")
PART = covering(first="sealed", second="unreachable", third="gaps")


def four_runs(part: int | None = -1, **changes: Any) -> tuple[PackRun, ...]:
    return tuple(a_run_of(day, coverage=PART if day == part else WHOLE, **changes) for day in (-3, -2, -1, 0))


def of_control(period: PeriodView, control: str = "IDC-15") -> dict[str, Value]:
    _, tally = tallied(runs=period.runs)
    return next(one for one in rows("28", period, tally) if one["control_id"] == control)


def indicator(name: str, *runs: PackRun, **changes: Any) -> list[dict[str, Value]]:
    return [one for one in rows("26", *tallied(runs=runs, **changes)) if one["metric"] == name]


# What a run saw


@pytest.mark.parametrize(
    ("states", "said", "part"),
    [
        ({"first": "sealed", "second": "sealed"}, "2 of 2 accounts read whole", False),
        ({"first": "sealed", "second": "skipped"}, "1 of 1 account read whole, 1 left out", False),
        ({"first": "sealed", "second": "gaps"}, "1 of 2 accounts read whole", True),
        ({"first": "sealed", "second": "unreachable", "third": "skipped"}, "1 of 2 accounts read whole, 1 left out", True),
        ({"first": "a word of a later version"}, "0 of 1 account read whole", True),
        ({}, "0 of 0 accounts read whole", False),
    ],
)  # fmt: skip
def test_the_base_is_accounts_to_be_read_and_those_left_out_stand_beside(
    states: dict[str, str], said: str, part: bool
) -> None:
    found = coverage_of(a_pack_run(coverage=covering(**states)))
    assert (found.worded(), found.part) == (said, part)


def test_a_run_that_did_not_read_the_organization_saw_part() -> None:
    found = coverage_of(a_pack_run(organization_gaps=("organizations:ListPolicies denied",)))
    assert found.part
    assert found.worded() == "2 of 2 accounts read whole, the organization not read whole"


# Operation


def test_a_control_operated_over_part_of_the_accounts_says_on_which_ticks_and_how_many() -> None:
    row = of_control(a_period(runs=four_runs()))
    assert row["operating"] == "operated 4 of 4, on 1 of them over part of the accounts (2026-11-21: 1 of 3)"
    assert (row["operated"], row["operated_in_part"]) == (4, 1)
    assert row["operated_in_part_ticks"] == ("2026-11-21T06:00:00Z: 1 of 3 accounts read whole",)


def test_one_day_of_part_of_the_accounts_is_not_one_of_one_without_a_word() -> None:
    run = a_run_of(0, coverage=PART)
    period = a_period(runs=(run,), ticks_due=(NOW,))
    assert of_control(period)["operating"] == "operated 1 of 1, over part of the accounts (2026-11-22: 1 of 3)"


def test_of_many_such_ticks_those_that_saw_least_are_named_in_order_of_time() -> None:
    ticks = tuple(NOW - days(back) for back in range(6, -1, -1))
    runs = [a_run_of(day, coverage=covering(first="sealed", second="gaps")) for day in range(-6, 1)]
    runs[5] = replace(runs[5], coverage=PART)
    period = a_period(runs=tuple(runs), ticks_due=ticks, ticks_met={one.tick: one.run_id for one in runs})
    said = str(of_control(period)["operating"])
    assert said.startswith("operated 7 of 7, each over part of the accounts (2026-11-16: 1 of 2, ")
    assert "2026-11-21: 1 of 3, and 2 more with as many or more)" in said


def test_a_tick_without_a_result_or_too_late_is_not_also_counted_in_part() -> None:
    runs = [
        *four_runs(None)[:2],
        a_run_of(-1, coverage=PART, counts={}),
        a_run_of(0, coverage=PART, closed_at=NOW + days(1)),
    ]
    row = of_control(a_period(runs=tuple(runs)))
    assert (row["operated"], row["operated_in_part"]) == (2, 0)


def test_the_schedule_and_the_facts_of_page_one_say_it_too() -> None:
    page = front(*tallied(runs=four_runs()))
    assert page.operated.endswith("; 1 of the 4 in time did not read every account whole (2026-11-21: 1 of 3).")
    fact = next(one for one in page.facts if one.text.startswith("All 4 runs"))
    assert (fact.tone, fact.text) == (
        "note",
        "All 4 runs due in the period were made in time, 1 of them over part of the accounts (2026-11-21: 1 of 3).",
    )
    assert "over part" not in schedule_kept(a_period(runs=four_runs(None)))


def test_each_control_and_tick_has_a_row_with_what_was_seen_and_what_came_of_it() -> None:
    counts = {"result:IDC-15:PASS": 7, "result:IDC-15:NOT_TESTED": 2}
    period = a_period(runs=(*four_runs(None)[:2], a_run_of(0, coverage=PART, counts=counts)))
    found = [one for one in rows("38", *tallied_of(period)) if one["control_id"] == "IDC-15"]
    told = [
        (one["state"], one["operated"], one["over"], one["accounts_whole"], one["accounts_to_read"], one["results"])
        for one in found
    ]
    assert told == [
        ("in time", True, "all accounts", 3, 3, 1),
        ("in time", True, "all accounts", 3, 3, 1),
        ("missed", False, None, None, None, None),
        ("in time", True, "part of the accounts", 1, 3, 9),
    ]  # fmt: skip
    assert (found[3]["pass"], found[3]["not_tested"]) == (7, 2)
    assert (found[3]["run_id"], found[3]["manifest_seq"], found[3]["scope"]) == (
        canonical.run_id(NOW),
        4,
        "all accounts",
    )
    assert len(rows("38", *tallied_of(period))) == 4 * len(period.catalog.controls)


def tallied_of(period: PeriodView) -> tuple[PeriodView, Any]:
    return period, tallied(runs=period.runs)[1]


def test_runs_state_their_coverage_on_the_same_base() -> None:
    run = a_run_of(0, coverage=covering(first="sealed", second="gaps", third="skipped"))
    row = next(one for one in rows("29", *tallied(runs=(run,))) if one["run_id"])
    assert (row["accounts_planned"], row["accounts_to_read"], row["accounts_whole"]) == (3, 2, 1)
    assert row["coverage"] == "1 of 2 accounts read whole, 1 left out"


# The report


def test_a_day_over_part_of_the_accounts_has_a_sign_a_word_and_its_numbers() -> None:
    period = a_period(runs=four_runs())
    assert [one.state for one in calendar_days(period)] == ["met", "met", "part", "met"]
    drawn, table = calendar(period), runs_table(period)
    assert "4 runs in time, 1 of them over part of the accounts, 0 late, 0 missed" in drawn
    assert '<g class="c-part"><title>2026-11-21: 1 in time, 1 of them over part of the accounts, ' in drawn
    assert ">1/3</text>" in drawn
    assert "△" in drawn
    assert '<span class="sign c-part">△</span> in time, over part of the accounts' in table
    assert "<td>1 of 3</td>" in table


def test_numbers_too_long_for_a_day_are_a_share_rounded_down() -> None:
    one = covering(first="sealed")[0]
    coverage = tuple(replace(one, account=f"{at:012}", status="sealed" if at < 997 else "gaps") for at in range(1000))
    assert ">99 %</text>" in calendar(a_period(runs=(a_run_of(0, coverage=coverage),)))


def test_the_chart_of_results_says_what_each_run_saw() -> None:
    chart = over_time(a_period(runs=four_runs()))
    said = "Accounts read whole: from 1 of 3 to 3 of 3 to be read; 1 of 4 runs saw part of them."
    assert chart.count(said) == 2  # in the description of the drawing and in the key
    assert "<title>2026-11-21: 1 of 3 accounts read whole</title>" in chart
    assert "△ 1/3" in chart
    assert "Accounts read whole, of those to be read</th>" in chart
    many = tuple(a_run_of(day, coverage=PART if day % 2 else WHOLE) for day in range(-20, 1))
    assert over_time(a_period(runs=many)).count('<path class="part"') == 10
    assert "Each run read every account whole that it was to read." in over_time(a_period(runs=four_runs(None)))


# Indicators


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        (WHOLE, WHOLE, "down"),
        (WHOLE, PART, "not comparable: 1 of 3 accounts read whole; 3 of 3 in the run before"),
        (PART, WHOLE, "not comparable: 3 of 3 accounts read whole; 1 of 3 in the run before"),
        (WHOLE, WHOLE[:2], "not comparable: 2 of 2 accounts read whole; 3 of 3 in the run before"),
        (
            covering(first="sealed", second="gaps"),
            covering(first="gaps", second="sealed"),
            "not comparable: 1 of 2 accounts read whole, but not the same as in the run before",
        ),
        (covering(first="sealed", second="skipped"), covering(first="sealed"), "down"),
    ],
)
def test_a_trend_is_given_only_where_both_runs_saw_the_same_accounts_the_same_way(
    before: tuple[AccountCoverage, ...], now: tuple[AccountCoverage, ...], said: str
) -> None:
    runs = (
        a_run_of(-1, coverage=before, counts={"tier:critical": 14}),
        a_run_of(0, coverage=now, counts={"tier:critical": 8}),
    )
    found = indicator("identities of the highest tier", *runs)
    assert [one["trend"] for one in found] == [None, said]
    assert not_comparable(runs[1], runs[0]) == (None if said == "down" else said)


def test_accounts_read_stand_beside_every_figure_of_a_run_with_its_slot() -> None:
    run = a_run_of(0, coverage=covering(first="sealed", second="gaps", third="skipped"))
    for row in rows("26", *tallied(runs=(run,))):
        if row["period"] == run.run_id:
            assert (row["accounts_whole"], row["accounts_to_read"], row["accounts_skipped"]) == (1, 2, 1)
            assert (row["run_id"], row["manifest_seq"], row["scope"]) == (run.run_id, run.seq, "all accounts")


def test_what_was_not_read_takes_no_trend_from_coverage_itself() -> None:
    runs = (a_run_of(-1, coverage=WHOLE), a_run_of(0, coverage=PART))
    assert indicator("accounts read whole, of those to be read", *runs)[1]["trend"] == "down"


def test_no_indicator_calls_records_of_controls_identities() -> None:
    named = {str(one["metric"]) for one in rows("26", *tallied(runs=(a_run_of(0),)))}
    assert "identities of which every control gave a result" not in named
    assert any("one of each identity and one of the organization" in one for one in named)


# A narrowed pack


def test_a_narrowed_pack_says_which_figures_are_of_all_accounts_and_recounts_the_state_for_its_own() -> None:
    counts = {"result:IDC-02:FAIL": 101, "identities": 298, "finding:open": 232}
    period, tally = tallied(
        an_account_view(), runs=(a_pack_run(0, counts=counts),), options=NARROW, accounts=(ACCOUNT,)
    )
    row = next(one for one in rows("28", period, tally) if one["control_id"] == "IDC-02")
    listed = sum(one.status is ResultStatus.FAIL for one in an_account_view().results if one.control == "IDC-02")
    assert (row["failing_at_end"], row["scope"], row["failing_shown"]) == (101, "all accounts", listed)
    found = {(one["metric"], one["scope"]): one["counted"] for one in rows("26", period, tally)}
    assert found["findings open", "all accounts"] == 232
    assert found["findings open, in the run shown", "the 1 account of this pack"] == len(an_account_view().findings)
    assert found["identities, in the run shown", "the 1 account of this pack"] == 6


def test_a_narrowed_pack_mixes_no_bases_on_page_one_without_a_word() -> None:
    page = front(*tallied(an_account_view(), runs=four_runs(), options=NARROW, accounts=(ACCOUNT,)))
    assert page.operated.endswith(", counted over all accounts, not only those of this pack.")
    fact = next(one for one in page.facts if one.text.startswith("All 4 runs"))
    assert fact.text.endswith(", counted over all accounts, not only those of this pack.")
    assert "In the registers of this pack 0 of 8 results are stated as NOT_TESTED" in page.questions[12].answer
    assert "not only those of this pack" in page.questions[13].answer


def test_failures_shown_are_not_known_where_nothing_was_judged() -> None:
    assert of_control(a_period(runs=four_runs()), "IDC-17")["failing_shown"] is None
