"""IDC-20 to IDC-24: administrators, escalation paths, writers of IAM, policies on users, conflicting duties."""

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import msgspec
import pytest

from prooftrail.controls.checks.privilege import CHECKS
from prooftrail.controls.parsing import parse as parse_catalog
from prooftrail.controls.parsing import shipped
from prooftrail.controls.verdict import Verdict
from prooftrail.governance import Governance
from prooftrail.governance.registers import Privileged, Registers, Supplier, Suppliers
from prooftrail.model.identity import Identity, Kind
from prooftrail.model.judgement import ResultStatus, SubjectType, Tier
from prooftrail.model.trust import parse
from prooftrail.risk.permissions import privileges
from prooftrail.risk.trust import entries
from tests.builders import MEMBER, STRANGER, account_root, judging, oidc, saml, service, statement
from tests.builders.judging import a_case, a_control, a_risk, the_verdict
from tests.builders.judging_people import a_limit
from tests.builders.judging_privileges import (
    a_context,
    a_guardrail,
    allow,
    an_account,
    arn,
    attached,
    deny,
    managed,
    policy,
    role,
    user,
)
from tests.builders.times import ACCOUNT, NOW

PASS, FAIL = ResultStatus.PASS, ResultStatus.FAIL
NOT_TESTED, NOT_APPLICABLE = ResultStatus.NOT_TESTED, ResultStatus.NOT_APPLICABLE
TODAY = NOW.date()
UNREAD = "arn:aws:iam::aws:policy/New"


def verdict(control: str, one: Identity, *others: Identity, tier: Tier = Tier.MEDIUM, kinds: Any = tuple(Kind),
            governance: Governance | None = None, at_least: Tier | None = None, guardrails: Any = (),
            **account: Any) -> Verdict:  # fmt: skip
    """The verdict on one principal of an account."""
    return the_verdict(
        verdicts(control, one, *others, tier=tier, kinds=kinds, governance=governance, at_least=at_least,
                 guardrails=guardrails, **account), one.id)  # fmt: skip


def verdicts(control: str, *identities: Identity, tier: Tier = Tier.MEDIUM, kinds: Any = tuple(Kind),
             governance: Governance | None = None, at_least: Tier | None = None, guardrails: Any = (),
             **account: Any) -> Iterator[Verdict]:  # fmt: skip
    """What a check says of an account."""
    snapshot = an_account(*identities, **account)
    context = a_context(guardrails=guardrails, governance=governance or Governance())
    context = msgspec.structs.replace(context, cells=(*context.cells, *judging.a_context().cells))
    risks = {one.id: a_risk(one.id, tier, at_least=at_least) for one in identities}
    case = a_case(
        snapshot=snapshot, context=context, privileges=privileges(snapshot, context), risks=risks,
        entries=entries(snapshot, context),
    )  # fmt: skip
    yield from CHECKS[control](case, a_control(control, kinds=kinds, subject=(SubjectType.PRINCIPAL,)))


def registered(identity: str, *, since: date = TODAY, until: date | None = None) -> Governance:
    """A policy whose privileged register has one entry."""
    entry = Privileged(
        identity=identity, reason="it runs the platform", approved_by="ciso", approved_on=since, expires_on=until
    )
    return Governance(registers=Registers(privileged=(entry,)))


ADMIN = role("admin", allow("*"))


def test_an_administrator_outside_the_register_fails_and_one_in_it_passes() -> None:
    found = verdict("IDC-20", ADMIN)
    assert (found.status, found.value, found.subject_type) == (FAIL, "admin", SubjectType.PRINCIPAL)
    assert "is not in the privileged register; the limit is 0" in found.reason
    for name in (ADMIN.id, ADMIN.arn, "arn:aws:iam::*:role/adm*"):
        assert verdict("IDC-20", ADMIN, governance=registered(name)).status is PASS
    assert verdict("IDC-20", ADMIN, governance=registered("arn:aws:iam::*:role/other")).status is FAIL


def allowing(number: int) -> Governance:
    return Governance(thresholds=a_limit("IDC-20", "unregistered_admins_allowed", number))


@pytest.mark.parametrize(("allowed", "status"), [(0, FAIL), (1, FAIL), (2, FAIL), (3, PASS)])
def test_how_many_administrators_may_be_unregistered_is_held_against_all_of_the_account(
    allowed: int, status: ResultStatus
) -> None:
    three = [ADMIN, role("second", allow("*")), role("third", allow("*"))]
    said = [one for one in verdicts("IDC-20", *three, governance=allowing(allowed)) if one.identity]
    assert [one.status for one in said] == [status] * 3


def test_one_that_may_be_an_administrator_leaves_open_whether_there_are_too_many() -> None:
    unread = role("second", attached=attached(UNREAD))
    assert verdict("IDC-20", ADMIN, governance=allowing(1)).status is PASS
    assert verdict("IDC-20", ADMIN, unread, governance=allowing(1)).status is NOT_TESTED
    assert verdict("IDC-20", ADMIN, unread, governance=allowing(0)).status is FAIL


@pytest.mark.parametrize(
    ("since", "until", "status"),
    [
        (TODAY, TODAY, PASS),
        (TODAY, None, PASS),
        (date(2026, 1, 1), date(2026, 11, 21), FAIL),
        (date(2026, 11, 23), None, FAIL),
    ],
)
def test_an_entry_counts_from_its_approval_through_its_last_day(
    since: date, until: date | None, status: ResultStatus
) -> None:
    found = verdict("IDC-20", ADMIN, governance=registered(ADMIN.id, since=since, until=until))
    assert found.status is status
    if until and status is FAIL:
        assert "its entry in the privileged register lapsed on 2026-11-21" in found.reason


VENDOR = account_root(STRANGER, condition={"StringEquals": {"sts:ExternalId": "abc-123"}})
PIPELINE = oidc("token.actions.githubusercontent.com")


def trusting(*trust: dict[str, Any], **known: Any) -> Identity:
    """An administrator whom these statements let in."""
    return role("deploy", allow("*"), trust=parse(json.dumps({"Statement": list(trust)})), **known)


@pytest.mark.parametrize("kind", [Kind.ROLE_CICD, Kind.ROLE_THIRD_PARTY, Kind.ROLE_MIXED, Kind.ROLE_PUBLIC])
@pytest.mark.parametrize("stranger", [VENDOR, PIPELINE, statement("*")])
@pytest.mark.parametrize("beside", [(), (service("ec2"),), (account_root(MEMBER), service("lambda"))])
def test_whatever_lets_in_outsiders_pipelines_or_anyone_is_never_an_administrator(
    kind: Kind, stranger: dict[str, Any], beside: tuple[dict[str, Any], ...]
) -> None:
    one = trusting(stranger, *beside, kind=kind)
    assert verdict("IDC-20", one).status is FAIL
    found = verdict("IDC-20", one, governance=registered(one.id))
    assert (found.status, found.value) == (FAIL, "admin")
    assert "what outsiders, pipelines or anyone may take on is never one" in found.reason


@pytest.mark.parametrize(
    "trust",
    [
        (service("ec2"), account_root(MEMBER)),
        (saml(),),
        (oidc("oidc.eks.eu-west-1.amazonaws.com/id/ABC"),),
        (statement("*", condition={"StringEquals": {"aws:PrincipalOrgID": "o-example"}}),),
    ],
)
def test_an_administrator_only_insiders_take_on_may_be_registered(trust: tuple[dict[str, Any], ...]) -> None:
    one = trusting(*trust)
    assert verdict("IDC-20", one, governance=registered(one.id)).status is PASS
    assert verdict("IDC-20", one).status is FAIL


def test_our_other_organization_may_take_on_a_registered_administrator() -> None:
    ours = Supplier(
        name="sister", accounts=(STRANGER,), relation="own_organization", reason="ours", approved_by="ciso",
        approved_on=date(2026, 1, 1),
    )  # fmt: skip
    one = trusting(VENDOR)
    policy = msgspec.structs.replace(registered(one.id), suppliers=Suppliers(supplier=(ours,)))
    assert verdict("IDC-20", one, governance=policy).status is PASS


def test_a_registered_administrator_whose_comers_were_not_read_is_not_tested() -> None:
    unread = role("admin", allow("*"), unknown=("facts.trust",))
    assert verdict("IDC-20", unread, governance=registered(unread.id)).status is NOT_TESTED
    assert verdict("IDC-20", unread).status is FAIL
    untold = trusting(statement({"CanonicalUser": "a" * 64}))
    assert verdict("IDC-20", untold, governance=registered(untold.id)).status is NOT_TESTED


def test_who_is_no_administrator_passes_with_what_it_is() -> None:
    found = verdict("IDC-20", role("reader", allow("s3:ListBucket")))
    assert (found.status, found.value) == (PASS, "metadata_read")


@pytest.mark.parametrize("control", ["IDC-20", "IDC-21", "IDC-22", "IDC-24"])
def test_an_unresolved_policy_is_not_tested_for_every_holder(control: str) -> None:
    for one in (role("odd", attached=attached(UNREAD)), user("odd", allow("*"), attached=attached(UNREAD))):
        found = verdict(control, one)
        assert (found.status, UNREAD in found.reason, bool(found.gaps)) == (NOT_TESTED, True, True)


def test_an_unread_boundary_neither_clears_nor_convicts() -> None:
    one = role("admin", allow("*"), boundary=arn("policy", "gone"))
    assert verdict("IDC-20", one).status is NOT_TESTED
    assert verdict("IDC-20", role("reader", allow("s3:ListBucket"), boundary=arn("policy", "gone"))).status is PASS


def test_an_administrator_by_name_whose_boundary_holds_passes() -> None:
    fence = managed("fence", policy(allow("s3:*")))
    assert verdict("IDC-20", role("admin", allow("*"), boundary=fence.arn), policies=(fence,)).status is PASS


def test_a_failure_says_whether_guardrails_were_considered() -> None:
    found = verdict("IDC-20", ADMIN, guardrails=(a_guardrail(deny("s3:PutObject")),))
    assert "owered by the organization's stop" in found.reason
    assert verdict("IDC-20", ADMIN, guardrails=(a_guardrail(deny("*")),)).status is PASS


def test_a_path_that_reaches_more_fails_with_its_id_target_and_statement() -> None:
    one = role("worker", allow("iam:PassRole", "ec2:RunInstances", Sid="Runs"))
    found = verdict("IDC-21", one, role("admin", allow("*"), trusts=("ec2",)))
    assert (found.status, found.value) == (FAIL, "ec2-001")
    assert f"on {arn('role', 'admin')} by Runs of inline own" in found.reason


def test_a_path_that_only_lacks_a_target_passes_with_a_remark() -> None:
    found = verdict("IDC-21", role("worker", allow("lambda:UpdateFunctionCode")))
    assert (found.status, "lambda-003 would" in found.reason.replace(" and 0 more", "")) == (PASS, True)


def test_an_administrator_is_judged_by_idc_20_alone() -> None:
    assert verdict("IDC-21", ADMIN).status is NOT_APPLICABLE
    assert verdict("IDC-24", ADMIN).status is NOT_APPLICABLE


def test_what_a_path_would_reach_unread_is_not_tested() -> None:
    one = role("worker", allow("iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"))
    assert verdict("IDC-21", one, role("odd", attached=attached(UNREAD))).status is NOT_TESTED


WRITER = role("writer", allow("iam:CreateRole", "iam:PutRolePolicy"))


def test_a_writer_of_iam_fails_unless_bounded_enforced_or_registered() -> None:
    found = verdict("IDC-22", WRITER)
    assert (found.status, found.value) == (FAIL, "iam:CreateRole, iam:PutRolePolicy")
    assert verdict("IDC-22", WRITER, governance=registered(WRITER.id)).status is PASS
    fence = managed("fence", policy(allow("iam:PutRolePolicy", on=arn("role", "team-*"))))
    assert (
        verdict("IDC-22", role("w", allow("iam:PutRolePolicy"), boundary=fence.arn), policies=(fence,)).status is PASS
    )
    held = {"StringEquals": {"iam:PermissionsBoundary": fence.arn}}
    assert verdict("IDC-22", role("w", allow("iam:PutRolePolicy", Condition=held))).status is PASS


UNDER = {"StringEquals": {"iam:PermissionsBoundary": arn("policy", "fence")}}
NOT_UNDER = {"StringNotEquals": {"iam:PermissionsBoundary": arn("policy", "fence")}}
ROLES = ("iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy")


@pytest.mark.parametrize(
    ("statements", "status"),
    [
        ([allow("*")], FAIL),
        ([allow("*"), deny("organizations:*")], FAIL),
        ([allow("iam:*", "s3:*")], FAIL),
        ([allow("iam:CreateRole")], FAIL),
        ([allow("*"), deny("iam:*", on=arn("role", "admin"))], FAIL),
        ([allow("*", on=[arn("role", "team-*"), arn("policy", "team-*")])], PASS),
        ([allow(*ROLES, Condition=UNDER), allow("iam:CreateAccessKey", "s3:*")], PASS),
        ([allow("*"), deny(*ROLES, Condition=NOT_UNDER)], PASS),
        ([allow("iam:CreateUser"), allow(*ROLES, Condition=UNDER)], PASS),
    ],
)
def test_a_boundary_that_leaves_changing_iam_free_bounds_nothing(statements: list[Any], status: ResultStatus) -> None:
    fence = managed("fence", policy(*statements))
    one = role("w", allow("iam:CreateRole"), boundary=fence.arn)
    found = verdict("IDC-22", one, policies=(fence,))
    assert found.status is status
    assert ("which leaves that free" in found.reason) == (status is FAIL)
    assert verdict("IDC-22", one, policies=(fence,), governance=registered(one.id)).status is PASS


def test_what_aws_cannot_hold_to_a_boundary_is_free_where_the_rest_is() -> None:
    for statements, status in (([allow("*")], FAIL), ([allow("iam:CreateAccessKey", "s3:*")], PASS)):
        fence = managed("fence", policy(*statements))
        one = role("w", allow("iam:CreateAccessKey"), boundary=fence.arn)
        assert verdict("IDC-22", one, policies=(fence,)).status is status


def test_a_boundary_that_bounds_nothing_is_made_good_by_one_that_must_be_set() -> None:
    fence = managed("fence", policy(allow("*")))
    one = role("w", allow("iam:CreateRole", Condition=UNDER), boundary=fence.arn)
    assert verdict("IDC-22", one, policies=(fence,)).status is PASS


def test_whoever_may_change_iam_is_judged_whatever_it_is() -> None:
    kinds = next(one for one in parse_catalog(shipped()).controls if one.id == "IDC-22").kinds
    writes = allow("iam:CreateRole")
    users = [user("ada", writes, kind=kind) for kind in (Kind.HUMAN_USER, Kind.SERVICE_USER, Kind.USER)]
    # AWS alone changes the first; the second is judged as an administrator, and else named as not covered.
    others = {Kind.ROLE_SERVICE_LINKED, Kind.ROLE_SSO}
    roles = [role("w", writes, kind=one) for one in Kind if one.startswith("role_") and one not in others]
    for one in [*users, *roles]:
        assert verdict("IDC-22", one, kinds=kinds).status is FAIL, one.kind


def test_an_administrator_is_a_writer_of_iam_unless_it_is_registered() -> None:
    assert verdict("IDC-22", ADMIN).status is FAIL
    assert verdict("IDC-22", ADMIN, governance=registered(ADMIN.id)).status is PASS


def test_where_a_path_would_lead_unread_leaves_certain_what_it_may_write() -> None:
    odd = role("odd", attached=attached(UNREAD))
    writer = role("writer", allow("iam:PutRolePolicy", "iam:PassRole", "ec2:RunInstances"))
    reader = role("runner", allow("iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"))
    assert verdict("IDC-22", writer, odd).status is FAIL
    assert verdict("IDC-22", reader, odd).status is NOT_APPLICABLE


def test_the_tier_gives_no_writer_an_allowance() -> None:
    assert verdict("IDC-22", WRITER, tier=Tier.LOW).status is FAIL


def test_who_writes_no_iam_is_not_spoken_of() -> None:
    assert verdict("IDC-22", role("reader", allow("iam:Get*", "s3:*"))).status is NOT_APPLICABLE


def test_a_user_with_a_policy_of_its_own_fails_and_one_through_groups_passes() -> None:
    assert verdict("IDC-23", user("ada", groups=("staff",))).status is PASS
    found = verdict("IDC-23", user("ada", allow("s3:ListBucket"), attached=attached(UNREAD)))
    assert (found.status, found.value) == (FAIL, "2")
    assert "has 2 policies of its own (New, inline own); the limit is 0" in found.reason


@pytest.mark.parametrize("field", ["facts", "facts.attached", "facts.inline"])
def test_policies_that_were_not_listed_are_a_gap_but_one_that_was_seen_is_one(field: str) -> None:
    assert verdict("IDC-23", user("ada", unknown=(field,))).status is NOT_TESTED
    assert verdict("IDC-23", user("ada", allow("s3:*"), unknown=(field,))).status is FAIL


def test_roles_are_no_subject_of_policies_on_users() -> None:
    assert list(verdicts("IDC-23", WRITER)) == []


@pytest.mark.parametrize(
    ("tier", "at_least", "status"),
    [(Tier.LOW, None, PASS), (Tier.MEDIUM, None, FAIL), (Tier.MEDIUM, Tier.LOW, NOT_TESTED)],
)
def test_conflicting_duties_are_held_against_the_limit_of_the_tier(
    tier: Tier, at_least: Tier | None, status: ResultStatus
) -> None:
    one = role("platform", allow("iam:AttachRolePolicy", "cloudtrail:StopLogging"))
    found = verdict("IDC-24", one, tier=tier, at_least=at_least)
    assert (found.status, found.value) == (status, "1")


@pytest.mark.parametrize(("caller", "status"), [(ACCOUNT, FAIL), ("999999999999", PASS)])
def test_who_writes_evidence_may_not_destroy_it_where_evidence_is_written(caller: str, status: ResultStatus) -> None:
    one = role("archiver", allow("s3:PutObject", "s3:DeleteObjectVersion"))
    snapshot, context = an_account(one), msgspec.structs.replace(a_context(), caller_account=caller)
    case = a_case(
        snapshot=snapshot, context=context, privileges=privileges(snapshot, context), risks={one.id: a_risk(one.id)}
    )
    assert the_verdict(CHECKS["IDC-24"](case, a_control("IDC-24", kinds=tuple(Kind)))).status is status


def test_kinds_a_control_does_not_list_have_no_row() -> None:
    assert list(verdicts("IDC-20", ADMIN, kinds=(Kind.HUMAN_USER,))) == []


@pytest.mark.parametrize("control", sorted(CHECKS))
def test_no_reason_is_a_bare_code_and_each_subject_has_one(control: str) -> None:
    found = list(verdicts(control, ADMIN, WRITER, user("ada", allow("s3:*")), role("odd", attached=attached(UNREAD))))
    assert all(one.reason.endswith(".") and " " in one.reason for one in found)
    assert len({one.subject for one in found}) == len(found)


def test_a_principal_nobody_worked_out_is_not_tested() -> None:
    case = a_case(snapshot=an_account(ADMIN), context=a_context(), privileges={})
    assert the_verdict(CHECKS["IDC-20"](case, a_control("IDC-20"))).status is NOT_TESTED
