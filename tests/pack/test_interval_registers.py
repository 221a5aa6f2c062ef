from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from prooftrail.evidence.manifest import AccountCoverage
from prooftrail.model import canonical
from prooftrail.model.judgement import FindingStatus, ResultStatus, Transition
from prooftrail.pack.registers.intervals import INTERVAL_REGISTERS
from prooftrail.pack.table import Value
from prooftrail.pack.view import AccountView, PackRun, PeriodView, Presence, RunTransition
from tests.builders.judging_findings import a_result
from tests.builders.packs import a_finding, a_pack_run, a_period, an_account_view
from tests.builders.times import ACCOUNT, MEMBER, NOW, days

from .account_rows import rows_of

PASS, FAIL, EXCEPTION, UNTESTED = (
    ResultStatus.PASS,
    ResultStatus.FAIL,
    ResultStatus.EXCEPTION,
    ResultStatus.NOT_TESTED,
)
RUNS = [canonical.run_id(NOW + days(day)) for day in range(-3, 1)]
OLDER = canonical.run_id(NOW - days(30))
SUBJECT = "AKIAEXAMPLE"
type Move = tuple[int, ResultStatus | None, ResultStatus | None]


def _moved(*moves: Move) -> tuple[RunTransition, ...]:
    return tuple(
        RunTransition(
            run_id=RUNS[run],
            at=canonical.tick_of(RUNS[run]),
            transition=Transition(
                control="IDC-15", subject=SUBJECT, identity=SUBJECT, before=before, after=after, reason=f"now {after}"
            ),
        )
        for run, before, after in moves
    )


def _view(now: ResultStatus | None, since: str | None, *moves: Move, **changes: Any) -> AccountView:
    results = (a_result(now, control="IDC-15", subject=SUBJECT),) if now else ()
    held = {("IDC-15", SUBJECT): since} if since else {}
    made: dict[str, Any] = {"results": results, "findings": (), "held_since": held, "transitions": _moved(*moves)}
    return an_account_view(**made, **changes)


def _rows(view: AccountView, period: PeriodView | None = None) -> list[dict[str, Value]]:
    before = a_pack_run(-4)
    return rows_of(INTERVAL_REGISTERS[0], view, period=period or a_period(before=before))


def _told(row: Mapping[str, Value], *names: str) -> tuple[Value, ...]:
    return tuple(row[one] for one in names)


_STRETCH = ("status", "from_run", "to_run", "ended_by", "open_ended", "before_period", "certain")


@pytest.mark.parametrize(
    ("view", "stretches"),
    [
        pytest.param(_view(PASS, OLDER), [], id="what passed all the time has no row"),
        pytest.param(
            _view(FAIL, OLDER), [("FAIL", OLDER, None, None, True, True, True)], id="failing since before the period"
        ),
        pytest.param(
            _view(UNTESTED, RUNS[0]),
            [("NOT_TESTED", RUNS[0], None, None, True, False, True)],
            id="held since a run of the period without a transition",
        ),
        pytest.param(
            _view(FAIL, RUNS[2], (2, PASS, FAIL)),
            [
                ("PASS", None, RUNS[2], "FAIL", False, True, True),
                ("FAIL", RUNS[2], None, None, True, False, True),
            ],
            id="began in the period",
        ),
        pytest.param(
            _view(PASS, RUNS[3], (1, PASS, FAIL), (3, FAIL, PASS)),
            [
                ("PASS", None, RUNS[1], "FAIL", False, True, True),
                ("FAIL", RUNS[1], RUNS[3], "PASS", False, False, True),
                ("PASS", RUNS[3], None, None, True, False, True),
            ],
            id="began and ended",
        ),
        pytest.param(
            _view(None, None, (1, None, FAIL), (2, FAIL, None)),
            [("FAIL", RUNS[1], RUNS[2], "gone", False, False, True)],
            id="first judged and gone",
        ),
        pytest.param(
            _view(FAIL, RUNS[3], (1, FAIL, None), (3, None, FAIL)),
            [
                ("FAIL", None, RUNS[1], "gone", False, True, True),
                ("FAIL", RUNS[3], None, None, True, False, True),
            ],
            id="gone and back",
        ),
        pytest.param(
            _view(PASS, RUNS[3], (1, PASS, FAIL)),
            [
                ("PASS", None, RUNS[1], "FAIL", False, True, True),
                ("FAIL", RUNS[1], None, None, True, False, False),
            ],
            id="what holds now does not follow",
        ),
        pytest.param(
            _view(FAIL, RUNS[3], (1, PASS, FAIL), (3, PASS, FAIL)),
            [
                ("PASS", None, RUNS[1], "FAIL", False, True, True),
                ("FAIL", RUNS[1], RUNS[3], "FAIL", False, False, False),
                ("FAIL", RUNS[3], None, None, True, False, True),
            ],
            id="a transition between is missing",
        ),
        pytest.param(_view(FAIL, None), [("FAIL", None, None, None, True, True, False)], id="nobody knows since when"),
    ],
)
def test_every_failure_has_a_beginning_and_an_end_as_far_as_runs_saw_them(
    view: AccountView, stretches: list[tuple[Value, ...]]
) -> None:
    assert [_told(row, *_STRETCH) for row in _rows(view)] == stretches


def test_an_account_with_a_damaged_run_is_certain_of_no_stretch() -> None:
    said = "what changed in run 20261120T060000Z is not known: it sealed no transitions with its results"

    rows = _rows(_view(FAIL, RUNS[2], (2, PASS, FAIL), changes_unknown=(said,)))

    assert [row["certain"] for row in rows] == [False, False]
    assert all(said in str(row["uncertain_why"]) for row in rows)


def test_a_failure_the_first_run_found_has_no_beginning_anybody_saw() -> None:
    result = a_result(FAIL, control="IDC-15", subject=SUBJECT)
    finding = a_finding(result, opened_run=RUNS[0], since_before=True, status=FindingStatus.FIXED, fixed_run=RUNS[2])

    failed, passes = _rows(replace(_view(PASS, RUNS[2], (2, FAIL, PASS)), findings=(finding,)), a_period(before=None))

    assert _told(failed, "from_run", "beginning", "before_period", "finding_id") == (
        RUNS[0],
        "failing when first seen; nobody saw it begin",
        False,
        finding.fingerprint,
    )
    assert _told(passes, "from_run", "beginning") == (RUNS[2], "seen to begin")


def test_a_finding_tells_when_it_began_to_fail_and_not_when_that_was_accepted() -> None:
    finding = a_finding(a_result(FAIL, control="IDC-15", subject=SUBJECT), opened_run=OLDER, since_before=False)

    accepted, lapsed = _rows(replace(_view(FAIL, RUNS[2], (2, EXCEPTION, FAIL)), findings=(finding,)))

    assert _told(accepted, "status", "from_run", "before_period") == ("EXCEPTION", None, True)
    assert _told(lapsed, "status", "from_run") == ("FAIL", RUNS[2])


def test_an_open_finding_nobody_could_look_at_any_more_is_told_and_certain_of_nothing() -> None:
    finding = a_finding(a_result(FAIL, control="IDC-15", subject=SUBJECT), opened_run=RUNS[1], since_before=False)

    (row,) = _rows(replace(_view(None, None), findings=(finding,)))

    assert _told(row, "status", "from_run", "open_ended", "certain") == ("FAIL", RUNS[1], True, False)
    assert "nobody could look since" in str(row["uncertain_why"])


def test_a_pass_after_a_day_without_a_test_began_when_nobody_looked() -> None:
    moves: tuple[Move, ...] = ((1, PASS, UNTESTED), (2, UNTESTED, PASS))

    before, untested, after = _rows(_view(PASS, RUNS[2], *moves))

    assert _told(after, "beginning", "certain") == ("it was not tested before; nobody saw it begin", False)
    assert _told(untested, "status", "certain") == ("NOT_TESTED", True)
    assert before["certain"] is True


def test_what_the_first_run_of_all_found_is_said_to_have_been_there() -> None:
    (first, _) = _rows(_view(FAIL, RUNS[2], (2, PASS, FAIL)), a_period(before=None))

    assert _told(first, "status", "from_run", "beginning") == (
        "PASS",
        RUNS[0],
        "so when first seen; nobody saw it begin",
    )


@pytest.mark.parametrize(
    ("unread", "blind"),
    [((), [0, 0]), ((0,), [1, 0]), ((1,), [1, 0]), ((3,), [0, 1]), ((0, 1, 3), [2, 1])],
)
def test_runs_that_did_not_read_the_account_are_counted_in_the_stretch_they_fall_into(
    unread: tuple[int, ...], blind: list[int]
) -> None:
    def run(at: int) -> PackRun:
        how = "unreachable" if at in unread else "sealed"
        coverage = [
            AccountCoverage(account=one, status=status, reason=None, identities=0, cells=0, cells_ok=0)
            for one, status in ((ACCOUNT, how), (MEMBER, "sealed"))
        ]
        return a_pack_run(at - 3, coverage=tuple(coverage))

    period = a_period(runs=tuple(run(at) for at in range(4)), before=a_pack_run(-4))

    rows = _rows(_view(FAIL, RUNS[2], (2, PASS, FAIL)), period)

    assert [row["runs_not_judged"] for row in rows] == blind
    assert [row["certain"] for row in rows] == [not number for number in blind]


def test_a_subject_that_is_gone_keeps_the_name_it_had() -> None:
    was = Presence(id=SUBJECT, name="deploy-key", arn=None, kind="access_key", created_at=None, came=None, went=RUNS[2])

    (row,) = _rows(_view(None, None, (2, FAIL, None), presences=(was,)))

    assert _told(row, "name", "ended_by", "end_reason") == ("deploy-key", "gone", "now None")
