"""24 over a whole period: what an earlier run did not read is a row with a beginning and an end, however clean the last run was."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from prooftrail.evidence.manifest import AccountCoverage
from prooftrail.model.judgement import ResultStatus
from prooftrail.model.reading import GLOBAL, Cell, CellStatus, Collector, Gap, GapReason
from prooftrail.pack.front.front import front
from prooftrail.pack.registers.gap_words import impact_of
from prooftrail.pack.registers.gaps import GAP_REGISTERS
from prooftrail.pack.registers.period_gaps import days_after_clock
from prooftrail.pack.table import Value
from prooftrail.pack.tally import Tally
from prooftrail.pack.view import AccountView, PackOptions, PeriodView, Shortfall
from tests.builders.judging_findings import a_result
from tests.builders.packs import a_pack_run, a_period, a_refusal, a_shortfall, an_account_view
from tests.builders.times import ACCOUNT, MEMBER, NOW, days

from .account_rows import rows_of, rows_of_whole

GAPS = GAP_REGISTERS[0]
DENIED = a_refusal()
SECRETS = a_refusal(collector=Collector.SECRETS, region="eu-west-1", api="secretsmanager:ListSecrets")
NOT_THERE = {"status": "unreachable", "stale": True, "reason": "AWS refuses sts:AssumeRole"}


def _at(day: int) -> Any:
    return NOW + days(day)


def _rows(*short: Shortfall, period: PeriodView | None = None, **changes: Any) -> list[dict[str, Value]]:
    return rows_of(GAPS, an_account_view(shortfalls=short, **changes), period=period or a_period())


def _spans(rows: list[dict[str, Value]]) -> list[tuple[Value, ...]]:
    return [(one["kind"], one["status"], one["from"], one["to"], one["runs"]) for one in rows]


@pytest.mark.parametrize(
    ("short", "spans"),
    [
        pytest.param([], [], id="whole all the time"),
        pytest.param(
            [a_shortfall(-1, "gaps", DENIED)], [("principals", "denied", _at(-1), _at(0), 1)], id="one day, whole since"
        ),
        pytest.param(
            [a_shortfall(-3, "gaps", DENIED), a_shortfall(-2, "gaps", DENIED)],
            [("principals", "denied", _at(-3), _at(-1), 2)],
            id="two days on end are one stretch",
        ),
        pytest.param(
            [a_shortfall(-3, "gaps", DENIED), a_shortfall(-1, "gaps", DENIED)],
            [("principals", "denied", _at(-3), _at(-2), 1), ("principals", "denied", _at(-1), _at(0), 1)],
            id="a whole day between ends the first",
        ),
        pytest.param(
            [a_shortfall(-3, "gaps", DENIED), a_shortfall(-2, "unreachable"), a_shortfall(-1, "gaps", DENIED)],
            [("account", "unreachable", _at(-2), _at(-1), 1), ("principals", "denied", _at(-3), _at(0), 2)],
            id="a day on which nobody looked ends nothing",
        ),
        pytest.param(
            [a_shortfall(-3, "gaps", DENIED), a_shortfall(-2, "gaps", SECRETS)],
            [("principals", "denied", _at(-3), _at(-2), 1), ("secrets", "denied", _at(-2), _at(-1), 1)],
            id="another source is another row",
        ),
        pytest.param(
            [
                a_shortfall(-3, "gaps", DENIED),
                a_shortfall(-2, "gaps", msgspec.structs.replace(DENIED, detail="not authorized in another session")),
            ],
            [("principals", "denied", _at(-3), _at(-1), 2)],
            id="other words of the same refusal are the same row",
        ),
        pytest.param(
            [
                a_shortfall(-3, "gaps", DENIED),
                a_shortfall(-2, "gaps", msgspec.structs.replace(DENIED, detail="with an explicit deny in a service control policy")),
            ],
            [("principals", "denied", _at(-3), _at(-2), 1), ("principals", "denied", _at(-2), _at(-1), 1)],
            id="another cause with another remedy is another row",
        ),
        pytest.param(
            [a_shortfall(-3, "skipped"), a_shortfall(-2, "unplanned")],
            [("account", "skipped", _at(-3), _at(-2), 1), ("account", "unplanned", _at(-2), _at(-1), 1)],
            id="left out, then in no plan",
        ),
        pytest.param(
            [a_shortfall(-2, "sealed", judged=False)],
            [("account", "not judged", _at(-2), _at(-1), 1)],
            id="read and not judged",
        ),
        pytest.param(
            [a_shortfall(-3, "gaps", DENIED), a_shortfall(-2, refused=None, unknown="its outcome is gone")],
            [("principals", "denied", _at(-3), _at(-1), 1)],
            id="a run whose outcome is gone ends nothing",
        ),
    ],
)  # fmt: skip
def test_what_an_earlier_run_did_not_read_lasts_from_run_to_run(
    short: list[Shortfall], spans: list[tuple[Value, ...]]
) -> None:
    assert _spans(_rows(*short)) == spans


def test_what_still_lasts_has_no_end_and_the_beginning_it_really_had() -> None:
    short = (a_shortfall(-2, "unreachable"), a_shortfall(-1, "unreachable"), a_shortfall(0, "unreachable"))

    (row,) = _rows(*short, read_run=a_pack_run(-3), judged_run=a_pack_run(-3), **NOT_THERE)

    assert (row["from"], row["to"], row["runs"], row["ended_by"]) == (_at(-2), None, 3, None)
    assert str(row["beginning"]).startswith("seen to begin")
    assert "marked stale" in str(row["impact"])


def test_a_refusal_of_the_reading_shown_keeps_its_results_and_begins_where_it_was_first_seen() -> None:
    gap = Gap(api="iam:ListAccessKeys", reason=GapReason.DENIED, detail="not authorized", code="AccessDenied")
    keys = Cell(
        account=ACCOUNT, region=GLOBAL, collector=Collector.ACCESS_KEYS, status=CellStatus.DENIED, items=0, gaps=(gap,)
    )
    before = a_refusal(collector=Collector.ACCESS_KEYS, api=gap.api)
    said = "access_keys in global is denied: not authorized"
    result = a_result(ResultStatus.NOT_TESTED, control="IDC-15", subject=ACCOUNT, identity=None, gaps=(said,))
    short = (a_shortfall(-1, "gaps", before), a_shortfall(0, "gaps", before))

    (row,) = _rows(*short, cells=(keys,), results=(result,), findings=(), held_since={})

    assert (row["from"], row["to"], row["results_not_tested"]) == (_at(-1), None, 1)
    assert row["evidence_id"] != "e-outcome"


def test_what_is_over_cites_its_outcome_counts_no_results_and_says_that_it_is_over() -> None:
    (row,) = _rows(a_shortfall(-1, "gaps", DENIED))

    assert (row["evidence_id"], row["results_not_tested"], row["run_id"]) == ("e-outcome", None, a_pack_run(-1).run_id)
    assert row["ended_by"] == "read to its end"
    assert str(row["remediation"]).startswith("it is over; if it comes back: grant iam:GetAccountAuthorizationDetails")


def test_what_was_there_in_the_first_run_is_said_to_have_no_beginning_anybody_saw() -> None:
    rows = _rows(a_shortfall(-3, "gaps", DENIED), a_shortfall(-1, "unreachable"))

    assert [str(one["beginning"]).partition(":")[0] for one in rows] == [
        "seen to begin",
        "there in the first run looked at",
    ]


def test_results_are_not_tested_since_the_first_of_them_was() -> None:
    result = a_result(ResultStatus.NOT_TESTED, control="IDC-07", subject="A", gaps=("AWS tells no last use of it",))
    held = {("IDC-07", "A"): a_pack_run(-2).run_id}

    (row,) = _rows(results=(result,), findings=(), held_since=held)

    assert row["from"] == _at(-2)


def test_a_gap_of_the_organization_is_one_row_however_many_runs_had_it() -> None:
    runs = tuple(
        a_pack_run(day, organization_gaps=("policies: denied",) if day in (-3, -2) else ()) for day in range(-3, 1)
    )

    rows = [one for one in rows_of_whole(GAPS, period=a_period(runs=runs)) if one["kind"] == "organization"]

    assert [(one["from"], one["to"], one["cause"]) for one in rows] == [(_at(-3), _at(-1), "policies: denied")]


# the run before the period ---------------------------------------------------------------------------------------

ALLOWED = "1 of 21 cells were not read whole: contacts denied"
REFUSED = "2 of 21 cells were not read whole: principals denied, secrets denied (2)"


def _two_days(status: str = "sealed", reason: str | None = None) -> PeriodView:
    """A period of two runs, and how the run before it came out for the account."""
    cells_ok = 21 if status == "sealed" else 20
    covered = AccountCoverage(account=ACCOUNT, status=status, reason=reason, identities=5, cells=21, cells_ok=cells_ok)
    return a_period(runs=(a_pack_run(-1), a_pack_run(0)), before=a_pack_run(-2, coverage=(covered,)))


@pytest.mark.parametrize(
    ("short", "before", "beginning"),
    [
        pytest.param(a_shortfall(-1, "gaps", DENIED), ("sealed", None), "seen to begin", id="the source was read"),
        pytest.param(a_shortfall(-1, "gaps", DENIED), ("gaps", ALLOWED), "seen to begin", id="another was not"),
        pytest.param(a_shortfall(-1, "gaps", DENIED), ("gaps", REFUSED), "before the period", id="nor was it then"),
        pytest.param(a_shortfall(-1, "gaps", SECRETS), ("gaps", REFUSED), "not known", id="in some regions"),
        pytest.param(a_shortfall(-1, "gaps", DENIED), ("unreachable", "refused"), "not known", id="nobody looked"),
        pytest.param(a_shortfall(-1, "skipped"), ("sealed", None), "seen to begin", id="the account was read"),
        pytest.param(
            a_shortfall(-1, "skipped"), ("skipped", "AWS refuses sts:AssumeRole"), "before the period", id="nor was it"
        ),
        pytest.param(a_shortfall(-1, "unplanned"), ("sealed", None), "seen to begin", id="it was in the plan"),
        pytest.param(a_shortfall(-1, "sealed", judged=False), ("sealed", None), "not known", id="judged or not"),
    ],
)
def test_what_the_first_run_of_the_period_shows_is_held_against_the_run_before_it(
    short: Shortfall, before: tuple[str, str | None], beginning: str
) -> None:
    (row,) = _rows(short, period=_two_days(*before))

    assert row["from"] == _at(-1)
    assert str(row["beginning"]).startswith(beginning)


@pytest.mark.parametrize(
    ("since", "before", "beginning"),
    [
        pytest.param(-3, "sealed", "before the period", id="long before"),
        pytest.param(-1, "sealed", "seen to begin", id="judged otherwise before"),
        pytest.param(-1, "unreachable", "not known whether it began before the period", id="not judged before"),
    ],
)
def test_results_not_tested_begin_as_every_other_gap_does(since: int, before: str, beginning: str) -> None:
    result = a_result(ResultStatus.NOT_TESTED, control="IDC-07", subject="A", gaps=("AWS tells no last use of it",))
    held = {("IDC-07", "A"): a_pack_run(since).run_id}

    (row,) = _rows(period=_two_days(before), results=(result,), findings=(), held_since=held)

    assert row["from"] == _at(-1)
    assert str(row["beginning"]).startswith(beginning)


@pytest.mark.parametrize(("number", "beginning"), [(9, "before the period"), (0, "seen to begin")])
def test_a_control_that_cannot_be_tested_began_before_the_period_where_the_run_before_counts_it(
    number: int, beginning: str
) -> None:
    counted = {"result:IDC-05:NOT_TESTED": 9}
    period = a_period(
        runs=(a_pack_run(0, counts=counted),), before=a_pack_run(-1, counts={"result:IDC-05:NOT_TESTED": number})
    )

    (row,) = [one for one in rows_of_whole(GAPS, period=period) if one["kind"] == "control"]

    assert row["from"] == _at(0)
    assert str(row["beginning"]).startswith(beginning)


@pytest.mark.parametrize(
    ("refused", "over", "older", "said"),
    [
        pytest.param({}, False, None, "nothing is known of it", id="nothing older is shown"),
        pytest.param({}, True, None, "not known of these runs", id="over"),
        pytest.param({}, False, "R", "not known of these runs; what is shown of it is as run R saw it", id="older"),
        pytest.param({"items": 2}, False, "R", "called gone; what else is shown of it is as run R saw it", id="both"),
    ],
)
def test_what_is_shown_as_an_older_run_saw_it_is_not_called_unknown(
    refused: dict[str, Any], over: bool, older: str | None, said: str
) -> None:
    assert impact_of(msgspec.structs.replace(SECRETS, **refused), over=over, older=older).endswith(said)


def test_a_source_that_an_older_run_read_names_that_run() -> None:
    view = an_account_view()
    listed = tuple(msgspec.structs.replace(one, seen_in=a_pack_run(-2).run_id) for one in view.listed[:1])
    kind = listed[0].identity
    gap = Gap(api="iam:X", reason=GapReason.DENIED, detail="not authorized", code="AccessDenied")
    cell = Cell(
        account=ACCOUNT, region=kind.region, collector=kind.collector, status=CellStatus.DENIED, items=0, gaps=(gap,)
    )

    (row,) = [one for one in _rows(cells=(cell,), listed=listed, results=(), findings=()) if one["code"]]

    assert f"what is shown of it is as run {a_pack_run(-2).run_id} saw it" in str(row["impact"])


def test_24_says_where_control_gaps_that_are_over_stand() -> None:
    assert (
        "Gaps of kind control (NOT_TESTED) that are over are in 30_result_intervals and 38_operation_by_tick"
        in GAPS.table.about
    )


@pytest.mark.parametrize(
    ("accounts", "said"),
    [
        pytest.param((ACCOUNT,), "narrowed to 1 of 3 accounts; run figures are of all of them.", id="of the run"),
        pytest.param(
            ("999999999999",), "narrowed to an account that is not among the 3 of the run shown; run", id="of none"
        ),
        pytest.param(
            (ACCOUNT, "999999999999"),
            "narrowed to 1 of 3 accounts and to an account that is not among the 3 of the run shown; run",
            id="both",
        ),
    ],
)
def test_a_narrowed_pack_counts_no_account_among_those_of_the_run_that_is_not_of_it(
    accounts: tuple[str, ...], said: str
) -> None:
    options = PackOptions(since=date(2026, 11, 19), until=date(2026, 11, 22), accounts=accounts)
    period = a_period(options=options, accounts=accounts)

    assert any(said in one for one in _gaps_of(period, an_account_view()))


# page one --------------------------------------------------------------------------------------------------------


def _gaps_of(period: PeriodView, *views: AccountView) -> tuple[str, ...]:
    tally = Tally(period)
    for one in views:
        tally.take(one)
    return front(period, tally).gaps


def _covered(day: int, **status: str) -> Any:
    names = {"first": ACCOUNT, "second": MEMBER}
    return a_pack_run(
        day,
        coverage=tuple(
            AccountCoverage(account=names[one], status=how, reason=None, identities=5, cells=21, cells_ok=21)
            for one, how in status.items()
        ),
    )


def test_page_one_names_the_accounts_of_the_whole_period_though_the_last_run_was_clean() -> None:
    runs = (
        _covered(-2, first="gaps", second="unreachable"),
        _covered(-1, first="sealed", second="unreachable"),
        _covered(0, first="sealed", second="sealed"),
    )

    said = _gaps_of(a_period(runs=runs), an_account_view())

    assert (
        f"In the period 2 of 2 accounts were not read whole on 2 of 3 runs: {MEMBER} (not at all 2), {ACCOUNT} (in part 1);"
        " 24_gaps.csv has each from when to when."
    ) in said


def test_page_one_tells_who_was_left_out_or_in_no_plan_apart() -> None:
    runs = (_covered(-1, first="skipped"), _covered(0, first="sealed", second="sealed"))

    (said,) = [one for one in _gaps_of(a_period(runs=runs), an_account_view()) if one.startswith("In the period")]

    assert (
        f"2 of 2 accounts were left out or in no plan on 1 of 2 runs: {ACCOUNT} (left out 1), {MEMBER} (in no plan 1)"
        in said
    )


def test_a_period_that_was_read_whole_has_no_such_line() -> None:
    assert not [one for one in _gaps_of(a_period(), an_account_view()) if one.startswith("In the period")]


@pytest.mark.parametrize(
    ("since", "until", "unknown"),
    [
        pytest.param(-10, -1, 0, id="over before the last run"),
        pytest.param(-10, 0, 0, id="ends on the day of the last run"),
        pytest.param(-10, 1, 1, id="one day more"),
        pytest.param(0, 8, 8, id="begins on the day of the last run"),
        pytest.param(1, 1, 1, id="the one day after it"),
        pytest.param(1, 8, 8, id="begins on the day after it"),
        pytest.param(9, 28, 20, id="begins long after it"),
    ],
)
def test_days_after_the_last_run_are_those_of_the_period_and_no_others(since: int, until: int, unknown: int) -> None:
    period = a_period()
    day = period.clock.date()
    options = PackOptions(since=day + timedelta(days=since), until=day + timedelta(days=until))
    period = replace(period, options=options, runs=() if since > 0 else period.runs)

    said = [one for one in _gaps_of(period, an_account_view()) if "of the period not known" in one]
    rows = [one for one in rows_of_whole(GAPS, period=period) if one["kind"] == "after the last run"]

    assert days_after_clock(period) == unknown
    noun = "day" if unknown == 1 else "days"
    assert [one.partition(" of the period")[0] for one in said] == ([f"{unknown} {noun}"] if unknown else [])
    assert len(rows) == bool(unknown)


def test_twenty_days_of_december_are_twenty_days() -> None:
    options = PackOptions(since=date(2026, 12, 1), until=date(2026, 12, 20))

    assert days_after_clock(replace(a_period(), options=options)) == 20
