"""Only an unconditional Deny of an organization policy on every resource lowers an answer, and only where it binds."""

from typing import Any

import pytest

from prooftrail.model.identity import Kind
from prooftrail.model.judgement import PrivilegeClass
from prooftrail.model.reading import CellStatus
from prooftrail.risk.permissions import privileges
from prooftrail.risk.privilege import Privilege
from tests.builders import judging
from tests.builders.judging_privileges import a_context, a_guardrail, allow, an_account, deny, role
from tests.builders.times import ACCOUNT, MANAGEMENT, MEMBER

ADMIN, NONE = PrivilegeClass.ADMIN, PrivilegeClass.NONE
STOP = a_guardrail(deny("*"))


def judged(*guardrails: Any, account: dict[str, Any] | None = None, status: CellStatus = CellStatus.OK,
           **facts: Any) -> Privilege:  # fmt: skip
    """What an administrator can do under these guardrails."""
    one = role("worker", allow("*"), **facts)
    about = judging.an_account(**(account or {}))
    snapshot = an_account(one, facts={"account": about})
    return privileges(snapshot, a_context(guardrails=guardrails, status=status))[one.id]


@pytest.mark.parametrize("on", [ACCOUNT, "ou-1", "r-root"])
def test_a_deny_of_everything_that_binds_the_account_lowers_the_answer_and_is_named(on: str) -> None:
    found = judged(a_guardrail(deny("*"), on=on), account={"ou_ids": ("r-root", "ou-1")})
    assert (found.cls, found.guardrails, found.guardrails_considered) == (NONE, ("stop",), True)


@pytest.mark.parametrize("known", [{}, {"document": None}, {"targets": None}])
def test_a_resource_control_policy_makes_no_principal_less_than_it_is_whether_read_or_not(known: Any) -> None:
    about_others = {"Effect": "Deny", "Principal": {"AWS": MEMBER}, "Action": "*", "Resource": "*"}
    found = judged(a_guardrail(about_others, sort="RESOURCE_CONTROL_POLICY", **known), STOP)
    assert (found.cls, found.guardrails, found.guardrails_considered) == (NONE, ("stop",), True)
    found = judged(a_guardrail(deny("*"), sort="RESOURCE_CONTROL_POLICY", **known))
    assert (found.cls, found.guardrails, found.guardrails_considered) == (ADMIN, (), True)


@pytest.mark.parametrize(
    "statement",
    [
        deny("*", Condition={"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}),
        deny("*", on="arn:aws:s3:::one/*"),
        {"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:s3:::one"},
        allow("s3:*"),
    ],
)
def test_a_deny_with_a_condition_or_on_some_resources_and_an_allow_list_lower_nothing(statement: Any) -> None:
    found = judged(a_guardrail(statement))
    assert (found.cls, found.guardrails, found.guardrails_considered) == (ADMIN, (), True)


def test_a_list_of_what_is_not_denied_counts() -> None:
    found = judged(a_guardrail({"Effect": "Deny", "NotAction": ["s3:ListBucket"], "Resource": "*"}))
    assert found.cls is PrivilegeClass.METADATA_READ or found.cls.rank <= PrivilegeClass.WRITE_LIMITED.rank


def test_a_policy_bound_to_another_account_lowers_nothing() -> None:
    assert judged(a_guardrail(deny("*"), on=MEMBER)).cls is ADMIN


@pytest.mark.parametrize("account", [{"management": True}, {"account": MANAGEMENT}])
def test_the_management_account_is_bound_by_none(account: dict[str, Any]) -> None:
    found = judged(a_guardrail(deny("*"), on=account.get("account", ACCOUNT)), account=account)
    assert (found.cls, found.guardrails_considered) == (ADMIN, False)


def test_a_service_linked_role_is_bound_by_none() -> None:
    found = judged(STOP, path="/aws-service-role/x.amazonaws.com/", kind=Kind.ROLE_SERVICE_LINKED)
    assert (found.cls, found.guardrails, found.guardrails_considered) == (ADMIN, (), False)


@pytest.mark.parametrize("status", [CellStatus.DENIED, CellStatus.PARTIAL])
def test_policies_that_were_not_read_whole_are_not_considered(status: CellStatus) -> None:
    found = judged(STOP, status=status)
    assert (found.cls, found.guardrails_considered) == (ADMIN, False)


@pytest.mark.parametrize("lost", [{"document": None}, {"targets": None}, {"document": "{"}])
def test_one_unread_policy_that_may_bind_leaves_all_of_them_out(lost: dict[str, Any]) -> None:
    found = judged(STOP, a_guardrail(deny("s3:*"), name="odd", **lost))
    assert (found.cls, found.guardrails_considered) == (ADMIN, False)
