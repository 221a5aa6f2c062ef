"""Days of operation, what is lost for good, and what to do first: each said as it is, whatever day the audit is on."""

import dataclasses
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from prooftrail.controls import parsing
from prooftrail.evidence.manifest import AccountCoverage
from prooftrail.model.judgement import Finding, Result, ResultStatus, SubjectType
from prooftrail.model.snapshot import RunTrigger
from prooftrail.pack.readiness.actions import Action
from prooftrail.pack.readiness.readiness import ControlReadiness, Readiness, Ready, framework_named
from prooftrail.pack.view import AccountView, PackOptions, PackRun, PeriodView
from tests.builders.judging import a_context
from tests.builders.judging_exceptions import an_exception, excepting
from tests.builders.judging_findings import a_result
from tests.builders.packs import (
    a_finding,
    a_pack_run,
    a_period,
    an_account_view,
    an_unread_account_view,
    some_identities,
)
from tests.builders.times import ACCOUNT, MEMBER, NOW

TODAY = NOW.date()
TESTED = {"result:IDC-02:PASS": 3, "result:IDC-15:FAIL": 1}


def later(days: int) -> date:
    return TODAY + timedelta(days=days)


def at_noon(days: int = 0) -> datetime:
    """After the tick of that day is over."""
    return datetime.combine(later(days), datetime.min.time(), UTC) + timedelta(hours=13)


def a_run(day: int, **changes: Any) -> PackRun:
    return a_pack_run(day, **{"counts": TESTED, **changes})


def period_of(*runs: PackRun, since: int = -3, **changes: Any) -> PeriodView:
    """A period of these runs, with a tick due every day up to today."""
    due = tuple(NOW.replace(hour=6, minute=0, second=0, microsecond=0) + timedelta(days=day) for day in range(since, 1))
    met = {one.tick: one.run_id for one in runs if one.tick and one.scheduled}
    options = PackOptions(since=later(since), until=TODAY)
    shown: dict[str, Any] = {"runs": runs, "ticks_due": due, "ticks_met": met, "options": options, "clock": NOW}
    return a_period(**{**shown, **changes})


def ready(
    period: PeriodView, *views: AccountView, audit: int = 30, now: datetime | None = None, **options: Any
) -> Ready:
    made = Readiness(period, audit_day=later(audit), now=now or at_noon(), **options)
    for one in views:
        made.take(one)
    return made.answer()


def of(answer: Ready, control: str) -> ControlReadiness:
    return next(one for one in answer.controls if one.control == control)


ALL = tuple(a_run(day) for day in range(-3, 1))


def test_the_ticks_of_the_builders_are_at_six() -> None:
    assert {one.tick for one in ALL} <= set(period_of(*ALL).ticks_due)


def test_days_so_far_and_days_to_come_add_up_to_all_the_days_before_the_audit() -> None:
    answer = ready(period_of(*ALL), audit=10)

    assert (answer.of_days, answer.days_left, answer.lost) == (13, 9, ())
    one = of(answer, "IDC-02")
    assert (one.operated, one.possible, one.by_then) == (4, 9, 13)


def test_todays_tick_can_still_be_met_until_it_is_late() -> None:
    period = period_of(*ALL[:-1], clock=NOW - timedelta(days=1))
    early = NOW.replace(hour=7, minute=0)

    assert ready(before_todays_tick(period), audit=2, now=early).days_left == 2
    answer = ready(period, audit=2, now=at_noon())
    assert answer.days_left == 1
    assert [one.on for one in answer.lost] == [TODAY]


def before_todays_tick(period: PeriodView) -> PeriodView:
    """The period as it is known before the tick of today is over."""
    return dataclasses.replace(period, ticks_due=period.ticks_due[:-1])


def test_a_missed_day_is_lost_to_every_control_and_said_with_its_date() -> None:
    answer = ready(period_of(ALL[0], ALL[2], ALL[3]))

    assert [(one.on, one.cause) for one in answer.lost] == [(later(-2), "no run was sealed for it")]
    assert of(answer, "IDC-02").operated == 3
    assert of(answer, "IDC-02").lost == ()


def test_a_late_run_counts_for_no_day_and_says_how_late() -> None:
    tick = ALL[1].tick
    assert tick is not None
    late = msgspec.structs.replace(ALL[1], closed_at=tick + timedelta(hours=7.5))

    answer = ready(period_of(ALL[0], late, ALL[2], ALL[3]))

    (lost,) = answer.lost
    assert lost.on == later(-2)
    assert "7.5 h after it was due" in lost.cause


def test_a_manual_run_is_no_days_operation() -> None:
    manual = msgspec.structs.replace(ALL[1], tick=None, trigger=RunTrigger.MANUAL)

    answer = ready(period_of(ALL[0], manual, ALL[2], ALL[3]))

    assert [one.on for one in answer.lost] == [later(-2)]
    assert any("1 manual run in the period" in one for one in answer.notes)


@pytest.mark.parametrize(
    ("counts", "cause"),
    [
        ({"result:IDC-15:NOT_TESTED": 7}, "all its results are NOT_TESTED"),
        ({}, "no result of it, and not every account was read whole"),
        ({"result:IDC-15:NOT_TESTED": 7, "result:IDC-15:PASS": 1}, None),
        ({"result:IDC-15:NOT_APPLICABLE": 1}, None),
        ({"result:IDC-15:EXCEPTION": 1}, None),
    ],
)
def test_a_day_on_which_nothing_of_a_control_was_tested_is_lost_to_it_alone(
    counts: dict[str, int], cause: str | None
) -> None:
    answer = ready(period_of(ALL[0], a_run(-2, counts=counts), ALL[2], ALL[3]))

    one = of(answer, "IDC-15")
    assert answer.lost == ()
    assert one.operated == (4 if cause is None else 3)
    assert [each.on for each in one.lost] == ([] if cause is None else [later(-2)])
    assert all(cause in each.cause for each in one.lost if cause)


def test_a_day_with_nothing_of_its_kind_is_neither_operated_nor_lost_if_all_was_read() -> None:
    nothing = {"result:IDC-02:PASS": 3}
    gaps = (AccountCoverage(account=MEMBER, status="gaps", reason="denied", identities=1, cells=21, cells_ok=20),)

    one = of(ready(period_of(ALL[0], a_run(-2, counts=nothing), *ALL[2:])), "IDC-15")
    other = of(ready(period_of(ALL[0], a_run(-2, counts=nothing, coverage=gaps), *ALL[2:])), "IDC-15")

    assert (one.operated, one.empty, one.lost) == (3, 1, ())
    assert (other.operated, other.empty, [each.on for each in other.lost]) == (3, 0, [later(-2)])


def test_a_control_that_cannot_be_tested_says_so_and_promises_no_day() -> None:
    one = of(ready(period_of(*ALL)), "IDC-05")

    assert (one.testable, one.operated, one.possible, one.lost) == (False, 0, 0, ())
    assert one.why_not


@pytest.mark.parametrize(
    ("audit", "of_days", "left", "note"),
    [
        (1, 4, 0, None),
        (0, 3, 0, "The audit is today"),
        (-1, 2, 0, "The audit day was 1 day ago"),
        (-3, 0, 0, "there is no day of operation to show"),
        (-20, 0, 0, "there is no day of operation to show"),
    ],
)
def test_an_audit_that_is_near_today_or_past_is_said_to_be(
    audit: int, of_days: int, left: int, note: str | None
) -> None:
    answer = ready(period_of(*ALL), audit=audit)

    assert (answer.of_days, answer.days_left) == (of_days, left)
    assert answer.when == ("before" if audit > 0 else "past")
    assert of(answer, "IDC-02").by_then == of_days
    assert note is None or any(note in one for one in answer.notes)


def test_without_a_schedule_no_day_counts_and_it_is_said() -> None:
    manual = tuple(msgspec.structs.replace(one, tick=None, trigger=RunTrigger.MANUAL) for one in ALL)

    answer = ready(period_of(*manual, schedule=None, ticks_due=(), ticks_met={}))

    assert (answer.of_days, of(answer, "IDC-02").by_then) == (0, 0)
    assert any("No schedule is in force" in one for one in answer.notes)


def test_days_since_the_newest_manifest_that_nobody_ran_are_lost_too() -> None:
    answer = ready(period_of(*ALL), now=at_noon(3), audit=10)

    assert [one.on for one in answer.lost] == [later(1), later(2), later(3)]


# what to do ---------------------------------------------------------------------------------------------------------


def results(number: int, status: ResultStatus, control: str, **changes: Any) -> tuple[Result, ...]:
    return tuple(a_result(status, control=control, subject=f"{control}-{at}", **changes) for at in range(number))


def in_account(account: str, *found: Result, findings: tuple[Finding, ...] = (), **changes: Any) -> AccountView:
    return an_account_view(account=account, results=found, findings=findings, **changes)


def only(answer: Ready, words: str) -> Action:
    (found,) = [one for one in answer.actions if words in one.what]
    return found


def test_owners_are_named_by_account_with_the_results_that_moves() -> None:
    answer = ready(
        period_of(*ALL),
        in_account(ACCOUNT, *results(3, ResultStatus.FAIL, "IDC-02", subject_type=SubjectType.IDENTITY)),
        in_account(MEMBER, *results(5, ResultStatus.FAIL, "IDC-02", subject_type=SubjectType.IDENTITY)),
    )

    assert [(one.moved, one.failed) for one in answer.actions] == [(5, 5), (3, 3)]
    assert f"account {MEMBER} in owners.toml" in answer.actions[0].what


REFUSED = "contacts in global is denied: account:GetAlternateContact: User: x is not authorized to perform: it"


def test_what_was_refused_is_one_grant_for_all_accounts_that_refuse_it() -> None:
    found = results(2, ResultStatus.NOT_TESTED, "IDC-01", gaps=(REFUSED,))

    answer = ready(period_of(*ALL), in_account(ACCOUNT, *found), in_account(MEMBER, *found))

    one = only(answer, "grant account:GetAlternateContact to the member role in 2 accounts")
    assert (one.moved, one.not_tested, one.accounts) == (4, 4, 2)


def test_what_this_version_cannot_test_is_nobodys_task_and_is_said_apart() -> None:
    why = "this version does not collect the policies of permission sets"

    answer = ready(period_of(*ALL), in_account(ACCOUNT, *results(4, ResultStatus.NOT_TESTED, "IDC-03", gaps=(why,))))

    assert answer.actions == ()
    assert [(one.reason, one.results, one.controls) for one in answer.unmovable] == [(why, 4, ("IDC-03",))]


def family_view(account: str) -> AccountView:
    identities = tuple(msgspec.structs.replace(one, family="ci-deploy#1") for one in some_identities())
    found = tuple(
        a_result(ResultStatus.FAIL, control="IDC-20", subject=one.id, subject_type=SubjectType.PRINCIPAL)
        for one in identities[:2]
    )
    return an_account_view(account=account, identities=identities, results=found, findings=())


def test_a_family_is_mended_by_one_change() -> None:
    one = only(ready(period_of(*ALL), family_view(ACCOUNT), family_view(MEMBER)), "family ci-deploy#1")

    assert (one.failed, one.accounts, one.controls) == (4, 2, ("IDC-20",))
    assert "one change mends IDC-20" in one.what


def test_an_account_that_was_never_read_comes_first_and_nobody_says_how_much_it_hides() -> None:
    answer = ready(
        period_of(*ALL),
        in_account(ACCOUNT, *results(50, ResultStatus.FAIL, "IDC-15")),
        an_unread_account_view(),
    )

    assert answer.actions[0].moved is None
    assert f"restore the reading of account {MEMBER}" in answer.actions[0].what
    assert "nobody knows how many" in answer.actions[0].what


def test_a_stale_account_counts_its_results_under_restoring_it_and_nowhere_else() -> None:
    answer = ready(
        period_of(*ALL),
        in_account(
            ACCOUNT, *results(9, ResultStatus.FAIL, "IDC-15"), status="unreachable", stale=True, reason="no role"
        ),
    )

    (one,) = answer.actions
    assert (one.moved, one.stale, one.failed) == (9, 9, 0)


@pytest.mark.parametrize(
    ("framework", "control", "status", "moved"),
    [
        (None, "IDC-15", ResultStatus.NOT_TESTED, 9),
        (None, "IDC-15", ResultStatus.EXCEPTION, 9),
        (None, "IDC-15", ResultStatus.PASS, 0),
        (None, "IDC-15", ResultStatus.NOT_APPLICABLE, 0),
        ("nis2", "IDC-15", ResultStatus.FAIL, 9),
        ("nis2", "IDC-99", ResultStatus.FAIL, 0),
    ],
)
def test_restoring_a_reading_moves_what_did_not_pass_of_the_controls_asked_for(
    framework: str | None, control: str, status: ResultStatus, moved: int
) -> None:
    found = in_account(ACCOUNT, *results(9, status, control), status="unreachable", stale=True, reason="no role")

    (one,) = ready(period_of(*ALL), found, framework=framework).actions

    assert (one.moved, one.stale, one.controls) == (moved, moved, (control,) if moved else ())


def test_an_account_whose_sealed_results_cannot_be_shown_was_not_unread_and_is_said_apart() -> None:
    gone = an_unread_account_view(status="sealed", reason=None, unjudged="its assessment is not in this copy")

    answer = ready(period_of(*ALL), gone)

    assert answer.actions == ()
    assert any(f"first {MEMBER}: its assessment is not in this copy" in one for one in answer.notes)


@pytest.mark.parametrize("status", ["skipped", "unplanned"])
def test_an_account_outside_the_run_is_said_and_counts_nowhere(status: str) -> None:
    answer = ready(
        period_of(*ALL), in_account(ACCOUNT, *results(9, ResultStatus.FAIL, "IDC-15"), status=status, stale=True)
    )

    assert answer.actions == ()
    assert of(answer, "IDC-15").failed == 0
    assert any(ACCOUNT in one for one in answer.notes)


def test_the_earliest_due_day_of_a_group_is_its_own_and_one_that_is_past_is_overdue() -> None:
    found = results(2, ResultStatus.FAIL, "IDC-15")
    due = (at_noon(-1), at_noon(9))
    findings = tuple(a_finding(one, due_at=at) for one, at in zip(found, due, strict=True))

    one = only(ready(period_of(*ALL), in_account(ACCOUNT, *found, findings=findings)), "mend IDC-15")

    assert (one.due, one.overdue) == (later(-1), True)


@pytest.mark.parametrize(
    ("audit", "wanted", "by"),
    [(30, 25, 5), (26, 25, 1), (25, 25, None), (30, 1, 29), (0, 1, None)],
)
def test_the_last_day_that_still_leaves_the_days_wanted(audit: int, wanted: int, by: int | None) -> None:
    found = in_account(ACCOUNT, *results(1, ResultStatus.NOT_TESTED, "IDC-01", gaps=(REFUSED,)))

    answer = ready(period_of(*ALL), found, audit=audit, wanted_days=wanted)

    one = only(answer, "grant")
    assert one.start_by == (None if by is None else later(by))
    assert one.shows == f"{wanted} days of operation"


def test_a_mended_failure_must_hold_for_the_runs_that_governance_asks() -> None:
    period = period_of(*ALL)
    runs = period.context.governance.thresholds.verified_after_runs

    one = only(ready(period, in_account(ACCOUNT, *results(1, ResultStatus.FAIL, "IDC-15"))), "mend IDC-15")

    assert one.start_by == later(30 - runs)
    assert one.shows == f"it holding for {runs} runs"


@pytest.mark.parametrize(("ends", "told"), [(5, True), (29, True), (30, False), (90, False)])
def test_an_exception_that_ends_before_the_audit_is_something_to_do(ends: int, told: bool) -> None:
    held = an_exception(expires_on=later(ends))
    context = a_context(excepting(held), catalog=parsing.shipped())
    found = results(2, ResultStatus.EXCEPTION, "IDC-15", exception=held.id)

    answer = ready(period_of(*ALL, context=context), in_account(ACCOUNT, *found))

    said = [(one.excepted, one.due) for one in answer.actions if f"exception {held.id} ends" in one.what]
    assert said == ([(2, later(ends))] if told else [])


def test_todays_results_are_counted_by_control() -> None:
    answer = ready(
        period_of(*ALL),
        in_account(
            ACCOUNT,
            *results(3, ResultStatus.PASS, "IDC-15"),
            *results(2, ResultStatus.FAIL, "IDC-15"),
            *results(1, ResultStatus.EXCEPTION, "IDC-15"),
            *results(4, ResultStatus.NOT_APPLICABLE, "IDC-15"),
        ),
    )

    one = of(answer, "IDC-15")
    assert (one.passed, one.failed, one.exceptions, one.not_applicable, one.not_tested) == (3, 2, 1, 4, 0)


def test_a_framework_leads_with_its_ids_in_order_and_leaves_out_controls_without_any() -> None:
    answer = ready(period_of(*ALL), framework="pci_dss_4")

    assert answer.controls
    assert all(one.ids for one in answer.controls)
    assert len(answer.controls) < len(ready(period_of(*ALL)).controls)
    annex_a = [one.ids[0] for one in ready(period_of(*ALL), framework="iso27001_2022").controls if one.ids[0][0] == "A"]
    assert annex_a.index("A.5.9") < annex_a.index("A.5.16") < annex_a.index("A.8.2")


def test_what_is_outside_the_framework_is_not_among_its_actions() -> None:
    without = {one.control for one in ready(period_of(*ALL)).controls} - {
        one.control for one in ready(period_of(*ALL), framework="pci_dss_4").controls
    }
    found = results(2, ResultStatus.FAIL, min(without))

    assert ready(period_of(*ALL), in_account(ACCOUNT, *found)).actions
    assert ready(period_of(*ALL), in_account(ACCOUNT, *found), framework="pci_dss_4").actions == ()


@pytest.mark.parametrize(
    ("asked", "key"),
    [
        ("iso27001", "iso27001_2022"),
        ("ISO 27001", "iso27001_2022"),
        ("soc2", "soc2"),
        ("SOC 2", "soc2"),
        ("pci", "pci_dss_4"),
        ("cis", "cis_aws"),
        ("nis2", "nis2"),
        ("", None),
        ("iso9001", None),
        ("s", None),
    ],
)
def test_a_framework_is_known_by_what_people_call_it(asked: str, key: str | None) -> None:
    assert framework_named(asked) == key
