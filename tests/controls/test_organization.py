"""What only the whole run can show: accounts nobody read, the approved method, applicability, exceptions, the chain."""

from datetime import date
from typing import Any

import pytest

from prooftrail.controls import organization, parsing
from prooftrail.controls.organization import judge_organization
from prooftrail.evidence.layout import ORGANIZATION
from prooftrail.evidence.manifest import AccountCoverage
from prooftrail.governance import Governance
from prooftrail.governance.exceptions import AcceptedException, Compensator, Exceptions, Milestone
from prooftrail.governance.soa import Soa, SoaLine
from prooftrail.governance.thresholds import RiskMethod, Thresholds
from prooftrail.model.judgement import Assessment, Result, ResultStatus, SubjectType
from prooftrail.model.organization import AccountState
from prooftrail.model.reading import GLOBAL, Cell, CellStatus, Collector
from prooftrail.risk.method import model
from tests.builders import ACCOUNT, MANAGEMENT, MEMBER, NOW, ago, days
from tests.builders.judging import a_context, an_account

CATALOG = parsing.parse(parsing.shipped())
PASS, FAIL, NOT_TESTED = ResultStatus.PASS, ResultStatus.FAIL, ResultStatus.NOT_TESTED
NOT_APPLICABLE = ResultStatus.NOT_APPLICABLE
A_SECOND = days(1) / 86_400
TODAY = NOW.date()


def covered(account: str, status: str = "sealed", reason: str | None = None) -> AccountCoverage:
    return AccountCoverage(account=account, status=status, reason=reason, identities=1, cells=15, cells_ok=15)


def whole(*but: AccountCoverage) -> tuple[AccountCoverage, ...]:
    """Every account read whole, but for those given."""
    said = {one.account: one for one in but}
    return tuple(said.get(account, covered(account)) for account in (ACCOUNT, MEMBER, MANAGEMENT))


def judged(*but: AccountCoverage, governance: Governance | None = None, **known: Any) -> Assessment:
    return judge_organization(a_context(governance, **known), whole(*but), catalog=CATALOG)


def the_result(assessment: Assessment, control: str, subject: str = ORGANIZATION) -> Result:
    (one,) = [one for one in assessment.results if (one.control, one.subject) == (control, subject)]
    return one


def test_an_organization_read_whole_is_judged_once_for_each_of_its_controls() -> None:
    said = judged()
    assert [one.control for one in said.results] == [
        "IDC-01",
        "IDC-03",
        "IDC-04",
        "IDC-31",
        "IDC-33",
        "IDC-34",
        "IDC-35",
    ]
    assert {one.subject for one in said.results} == {ORGANIZATION}
    assert {one.identity for one in said.results} == {None}


def test_the_header_says_by_what_it_was_judged() -> None:
    header = judged().header
    assert (header.account, header.snapshot) == (ORGANIZATION, None)
    assert (header.catalog_sha256, header.model_version) == (CATALOG.sha256, model().version)
    assert header.taken_at == NOW


def test_what_nothing_can_be_tested_of_is_stated_once_with_the_reason() -> None:
    said = the_result(judged(), "IDC-33")
    assert said.status is NOT_TESTED
    assert "this version does not read CloudTrail" in said.reason
    assert said.not_covered == CATALOG.control("IDC-33").not_covered


def test_an_account_that_was_read_judges_itself() -> None:
    said = judged(covered(MEMBER, "gaps", "secrets in eu-west-1 is denied"))
    assert not [one for one in said.results if one.subject == MEMBER]


def test_an_active_account_nobody_could_read_fails_with_why() -> None:
    said = the_result(judged(covered(MEMBER, "unreachable", "the role does not exist")), "IDC-01", MEMBER)
    assert said.status is FAIL
    assert said.subject_type is SubjectType.ACCOUNT
    assert said.reason == "It is active and could not be read: the role does not exist."


def test_an_account_that_was_left_out_on_purpose_is_not_applicable_with_the_reason() -> None:
    said = the_result(judged(covered(MEMBER, "skipped", "excluded by scope.toml: a sandbox")), "IDC-01", MEMBER)
    assert (said.status, said.not_covered) == (NOT_APPLICABLE, ())
    assert "excluded by scope.toml: a sandbox" in said.reason


@pytest.mark.parametrize(
    ("age", "status"), [(days(2) - A_SECOND, NOT_TESTED), (days(2), FAIL), (days(2) + A_SECOND, FAIL), (None, FAIL)]
)
def test_an_account_that_just_joined_is_onboarding_for_less_than_two_days(age: Any, status: ResultStatus) -> None:
    young = an_account(MEMBER, joined_at=None if age is None else ago(age))
    accounts = (an_account(ACCOUNT), young, an_account(MANAGEMENT, management=True))
    said = judged(covered(MEMBER, "unreachable", "no role"), accounts=accounts)
    assert the_result(said, "IDC-01", MEMBER).status is status


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (AccountState.ACTIVE, FAIL),
        (AccountState.UNKNOWN, FAIL),
        (AccountState.SUSPENDED, NOT_APPLICABLE),
        (AccountState.PENDING_CLOSURE, NOT_APPLICABLE),
        (AccountState.CLOSED, NOT_APPLICABLE),
    ],
)
def test_only_an_account_that_can_be_used_must_be_read(state: AccountState, status: ResultStatus) -> None:
    accounts = (an_account(ACCOUNT), an_account(MEMBER, state=state), an_account(MANAGEMENT))
    said = judged(covered(MEMBER, "unreachable", "no answer"), accounts=accounts)
    assert the_result(said, "IDC-01", MEMBER).status is status


def test_an_active_account_that_was_not_even_planned_fails_for_the_organization() -> None:
    context = a_context()
    said = judge_organization(context, (covered(ACCOUNT), covered(MANAGEMENT)), catalog=CATALOG)
    one = the_result(said, "IDC-01")
    assert one.status is FAIL
    assert MEMBER in one.reason


def test_an_account_list_that_was_not_read_to_its_end_leaves_open_who_is_missing() -> None:
    cell = Cell(
        account=MANAGEMENT,
        region=GLOBAL,
        collector=Collector.ACCOUNTS,
        status=CellStatus.PARTIAL,
        items=3,
        reason="throttled",
    )
    one = the_result(judged(cells=(cell,)), "IDC-01")
    assert (one.status, one.gaps) == (NOT_TESTED, ("accounts is partial: throttled",))


def method(version: str, effective_on: date = TODAY) -> Governance:
    approved = RiskMethod(version=version, approved_by="board", approved_on=date(2026, 1, 1), effective_on=effective_on)
    return Governance(thresholds=Thresholds(risk_method=approved))


def test_a_method_nobody_approved_is_not_supplied_rather_than_fine() -> None:
    one = the_result(judged(), "IDC-03")
    assert one.status is NOT_TESTED
    assert "approval of the risk method: not supplied" in one.reason


@pytest.mark.parametrize(
    ("governance", "status"),
    [
        (method(model().version), PASS),
        (method("older"), FAIL),
        (method(model().version, date(2026, 11, 23)), FAIL),
    ],
    ids=["approved", "another version", "not in effect before tomorrow"],
)
def test_the_method_that_scored_is_the_approved_one(governance: Governance, status: ResultStatus) -> None:
    one = the_result(judged(governance=governance), "IDC-03")
    assert one.status is status
    assert "approved by board" in one.reason


def lines(**but: SoaLine | None) -> Governance:
    """A line for every Annex A control that is operated, but for those given (None leaves one out)."""
    operated = {
        name for one in CATALOG.controls if one.testable for name in one.crosswalk.iso27001_2022 if name[0] == "A"
    }
    whole_ = {name: a_line(name) for name in operated}
    whole_ |= {name.replace("_", "."): line for name, line in but.items()}  # type: ignore[dict-item]  # None is taken out below
    return Governance(soa=Soa(line=tuple(line for _, line in sorted(whole_.items()) if line)))


def a_line(control: str, **known: Any) -> SoaLine:
    made = {"applicable": True, "justification": "risk", "policy": "POL-1", "control_owner": "ada", **known}
    return SoaLine(control=control, **made)


def test_applicability_nobody_supplied_is_not_tested() -> None:
    assert the_result(judged(), "IDC-04").status is NOT_TESTED


def test_a_statement_with_policy_and_owner_for_every_operated_control_passes() -> None:
    assert the_result(judged(governance=lines()), "IDC-04").status is PASS


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (None, "A.5.17 has no line"),
        (a_line("A.5.17", applicable=False), "A.5.17 is said not to apply although controls of it are operated"),
        (a_line("A.5.17", policy=None), "A.5.17 names no policy"),
        (a_line("A.5.17", policy=None, control_owner=None), "A.5.17 names no policy and no control owner"),
    ],
)
def test_what_is_missing_in_the_statement_fails_once_for_the_organization(line: SoaLine | None, said: str) -> None:
    one = the_result(judged(governance=lines(A_5_17=line)), "IDC-04")
    assert one.status is FAIL
    assert said in one.reason


@pytest.mark.parametrize(("verified", "status"), [(True, PASS), (False, FAIL)])
def test_a_run_that_stands_on_a_chain_that_held_passes(verified: bool, status: ResultStatus) -> None:
    one = the_result(judged(previous_verified=verified), "IDC-35")
    assert one.status is status
    assert "manifest 0" in one.reason
    assert one.not_covered


def an_exception(**known: Any) -> AcceptedException:
    made: dict[str, Any] = {
        "id": "EX-1",
        "identity": "AROA1",
        "control": "IDC-08",
        "reason": "the vendor is being replaced",
        "tier": "medium",
        "requester": "eve",
        "risk_owner": "ada",
        "approver": "bob",
        "approved_on": date(2026, 11, 1),
        "expires_on": date(2026, 12, 1),
        "compensating": (Compensator(sp80053="AC-2(12)", control="IDC-20"),),
        "retirement": (Milestone(what="move", due_on=date(2026, 12, 1), owner="eve"),),
        **known,
    }
    return AcceptedException(**made)


@pytest.mark.parametrize(("expires", "status"), [(date(2026, 12, 1), PASS), (date(2026, 11, 21), FAIL)])
def test_each_exception_has_a_row_of_its_own(expires: date, status: ResultStatus) -> None:
    governance = Governance(exceptions=Exceptions(exception=(an_exception(expires_on=expires),)))
    one = the_result(judged(governance=governance), "IDC-32", "EX-1")
    assert (one.status, one.subject_type) == (status, SubjectType.EXCEPTION)


def test_results_are_sorted_and_the_order_of_accounts_never_matters() -> None:
    context, coverage = a_context(), whole(covered(MEMBER, "unreachable", "x"), covered(ACCOUNT, "unreachable", "y"))
    one = judge_organization(context, coverage, catalog=CATALOG)
    other = judge_organization(context, coverage[::-1], catalog=CATALOG)
    assert one == other
    assert [(each.control, each.subject) for each in one.results] == sorted(
        (each.control, each.subject) for each in one.results
    )


def test_a_subject_that_is_judged_twice_is_a_defect() -> None:
    with pytest.raises(ValueError, match=f"IDC-01 judges {MEMBER} twice"):
        judge_organization(
            a_context(), (*whole(), covered(MEMBER, "unreachable"), covered(MEMBER, "unreachable")), catalog=CATALOG
        )


def test_the_controls_it_judges_are_named_for_whoever_counts_them() -> None:
    assert set(organization.JUDGED) <= {one.id for one in CATALOG.controls if one.testable}
