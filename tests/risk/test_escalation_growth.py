"""What it takes to follow every escalation path grows with the account and not with its square."""

import sys
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import pytest

from prooftrail.model.iam import ManagedPolicy, Role
from prooftrail.model.identity import Identity
from prooftrail.model.judgement import PrivilegeClass
from prooftrail.model.trust import Condition
from prooftrail.risk.account_graph import Target
from prooftrail.risk.permissions import privileges
from tests.builders.judging_privileges import a_context, allow, an_account, arn, deny, managed, policy, role, user

SMALL = 80
PASSES = allow("iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction")
LOST = policy(allow("kms:Decrypt"))
FENCE = arn("policy", "fence")
FENCED = {"StringEquals": {"iam:PermissionsBoundary": FENCE}}


def own(at: int) -> dict[str, Any]:
    """A statement that makes each principal's policies its own."""
    return allow("s3:PutObject", on=f"arn:aws:s3:::drop/{at}")


def admins(size: int, *trusts: str) -> list[Identity]:
    return [role(f"priv-{at}", allow("*"), trusts=trusts) for at in range(size)]


def passing_to_roles_no_service_may_run(size: int) -> list[Identity]:
    return [role(f"app-{at}", PASSES, own(at), trusts=("ec2",)) for at in range(size)] + admins(size, "ec2")


def passing_what_a_deny_protects(size: int) -> list[Identity]:
    protected = deny("iam:PassRole", on=arn("role", "priv-*"))
    return [role(f"app-{at}", PASSES, protected, own(at)) for at in range(size)] + admins(size, "lambda")


def assuming_roles_that_are_not_open(size: int) -> list[Identity]:
    return [role(f"app-{at}", allow("sts:AssumeRole"), own(at)) for at in range(size)] + admins(size, "ec2")


def changing_only_what_is_fenced(size: int) -> list[Identity]:
    writes = allow("iam:AttachRolePolicy", "iam:UpdateAssumeRolePolicy", Condition=FENCED)
    return [role(f"app-{at}", writes, own(at)) for at in range(size)] + admins(size, "ec2")


def changing_policies_nobody_holds(size: int) -> list[Identity]:
    writes = [allow("sts:AssumeRole"), allow("iam:CreatePolicyVersion", on=arn("policy", "spare"))]
    return [role(f"app-{at}", *writes, own(at), trusts=("account",)) for at in range(size)]


def passing_where_one_policy_was_not_read(size: int) -> list[Identity]:
    lost = role("lost", allow("kms:Decrypt"), trusts=("ec2",))
    return [role(f"app-{at}", PASSES, own(at), trusts=("ec2",)) for at in range(size)] + [lost]


def giving_passwords_to_who_has_one(size: int) -> list[Identity]:
    gives = [user(f"user-{at}", allow("iam:CreateLoginProfile"), own(at), password_enabled=True) for at in range(size)]
    return gives + [user(f"boss-{at}", allow("*"), password_enabled=True) for at in range(size)]


def assuming_roles_whose_trust_refuses(size: int) -> list[Identity]:
    apps = [role(f"app-{at}", allow("sts:AssumeRole"), own(at)) for at in range(size)]
    return apps + [refusing(one) for one in admins(size, "account")]


def refusing(one: Identity) -> Identity:
    """The same role, whose trust denies everybody but the user bob."""
    facts = one.facts
    assert isinstance(facts, Role)
    not_bob = Condition(operator="ArnNotEquals", key="aws:principalarn", values=(arn("user", "bob"),))
    denial = msgspec.structs.replace(facts.trust[0], effect="Deny", conditions=(not_bob,))
    return msgspec.structs.replace(one, facts=msgspec.structs.replace(facts, trust=(*facts.trust, denial)))


def taking_off_a_boundary(size: int) -> list[Identity]:
    return [role(f"app-{at}", allow("*"), own(at), boundary=arn("policy", "loose")) for at in range(size)]


SHAPES = (
    assuming_roles_whose_trust_refuses,
    taking_off_a_boundary,
    passing_to_roles_no_service_may_run,
    passing_what_a_deny_protects,
    assuming_roles_that_are_not_open,
    changing_only_what_is_fenced,
    changing_policies_nobody_holds,
    passing_where_one_policy_was_not_read,
    giving_passwords_to_who_has_one,
)


def calls(identities: Iterable[Identity], policies: Iterable[ManagedPolicy]) -> int:
    """How many functions are called to work out the whole account: the same number on every machine."""
    snapshot, context, made = an_account(*identities, policies=policies, lost=[LOST]), a_context(), [0]

    def count(_: Any, event: str, __: Any) -> None:
        made[0] += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        privileges(snapshot, context)
    finally:
        sys.setprofile(before)
    return made[0]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda one: one.__name__)
def test_twice_the_account_takes_twice_the_work(shape: Callable[[int], list[Identity]]) -> None:
    loose = managed("loose", policy(allow("s3:*", "iam:DeleteRolePermissionsBoundary", "iam:CreatePolicyVersion")))
    shelf = (managed("fence", policy(allow("s3:*"))), managed("spare", policy(allow("s3:*"))), loose)
    calls(shape(SMALL // 4), shelf)  # tables and patterns are made once
    small, large = (calls(shape(size), shelf) for size in (SMALL, 2 * SMALL))
    assert large <= 2.3 * small


def test_one_role_left_open_is_found_behind_many_that_are_denied() -> None:
    worker = role("worker", PASSES, deny("iam:PassRole", on=arn("role", "priv-*")))
    last = role("zz-admin", allow("*"), trusts=("lambda",))
    found = privileges(an_account(worker, *admins(3 * SMALL, "lambda"), last), a_context())[worker.id]
    assert found.cls is PrivilegeClass.PRIVESC
    assert [one.targets for one in found.paths] == [(last.arn,)]


def test_one_role_that_lets_it_in_is_found_behind_many_that_refuse() -> None:
    worker = role("worker", allow("sts:AssumeRole"))
    last = role("zz-admin", allow("*"), trusts=("account",))
    refused = [refusing(one) for one in admins(SMALL, "account")]
    found = privileges(an_account(worker, *refused, last), a_context())[worker.id]
    assert [one.targets for one in found.paths] == [(last.arn,)]


def test_one_role_within_the_fence_is_found_behind_many_outside_it() -> None:
    worker = role("worker", allow("iam:AttachRolePolicy", "iam:UpdateAssumeRolePolicy", Condition=FENCED))
    last = role("zz-admin", allow("*"), boundary=FENCE)
    fence = managed("fence", policy(allow("*")))
    account = an_account(worker, *admins(3 * SMALL, "ec2"), last, policies=[fence])
    found = privileges(account, a_context())[worker.id]
    assert {one.targets for one in found.paths if not one.needs_target} == {(last.arn,)}


def test_a_trust_names_the_services_it_allows_and_no_other() -> None:
    one = role("worker", trusts=("lambda", "tasks.apprunner"))
    target = Target(arn=one.arn, sort="role", name=one.name, trust=one.facts.trust)  # type: ignore[arg-type, union-attr]
    assert list(target.services()) == ["lambda.amazonaws.com", "tasks.apprunner.amazonaws.com"]


def test_the_reason_writes_an_action_as_the_policy_does() -> None:
    worker = role("worker", allow("sqs:SendMessage", on="arn:aws:sqs:*:*:q"))
    assert privileges(an_account(worker), a_context())[worker.id].why == "it may change something, by sqs:SendMessage"
