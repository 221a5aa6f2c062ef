"""Published escalation paths: each by its actions, and only where there is something to reach."""

from typing import Any

import pytest

from prooftrail.model.identity import Identity
from prooftrail.model.judgement import PrivilegeClass
from prooftrail.risk.action_table import PATHS, PathRule
from prooftrail.risk.explain import explained, of_documents
from prooftrail.risk.privilege import PathMatch, Privilege
from tests.builders.judging_privileges import (
    a_context,
    allow,
    arn,
    attached,
    deny,
    group,
    managed,
    policy,
    role,
    user,
    what_it_can_do,
)
from tests.builders.times import MEMBER

PRIVESC, POLICIES = PrivilegeClass.PRIVESC, PrivilegeClass.RESOURCE_POLICY_WRITE
LAMBDA = ("lambda:CreateFunction", "lambda:InvokeFunction")
OF_ANYONE = tuple(one for one in PATHS if one.target != "own-boundary")
"""The paths that need no boundary to be there."""


def by_id(found: Privilege) -> dict[str, PathMatch]:
    """The paths by their ids."""
    return {one.id: one for one in found.paths}


def full(found: Privilege) -> list[str]:
    """The ids of the paths that reach something."""
    return [one.id for one in found.paths if not one.needs_target]


def an_admin(name: str = "admin", *trusts: str, **facts: Any) -> Identity:
    """A role that may do everything."""
    return role(name, allow("*"), trusts=trusts or ("account",), **facts)


def named(path: PathRule) -> str:
    return path.id


@pytest.mark.parametrize("path", OF_ANYONE, ids=named)
def test_a_path_is_found_by_exactly_its_actions(path: PathRule) -> None:
    found = explained("file", of_documents([("file", policy(allow(*path.required)))]))
    assert path.id in found.paths
    assert found.privilege in (PRIVESC, POLICIES)
    assert (path.id in found.needs_target) == (path.target in ("running-resource", "assume"))


@pytest.mark.parametrize("path", PATHS, ids=named)
def test_a_path_is_not_found_when_one_action_is_missing(path: PathRule) -> None:
    for missing in path.required:
        rest = [one for one in path.required if one != missing]
        denied = policy(allow(*path.required), deny(missing.upper()))
        for text in (policy(allow("ec2:DescribeRegions", *rest)), denied):
            assert path.id not in explained("file", of_documents([("file", text)])).paths


@pytest.mark.parametrize("path", OF_ANYONE, ids=named)
def test_a_path_is_found_for_a_principal_by_wildcards_and_whatever_the_case(path: PathRule) -> None:
    wild = [one[:-1].upper() + "?" for one in path.required]
    found = what_it_can_do(user("ada", allow(*wild)), an_admin("admin", "account", *path.services))
    assert path.id in by_id(found)


def test_the_ids_are_unique_and_cover_what_is_published() -> None:
    ids = [one.id for one in PATHS]
    assert len(set(ids)) == len(ids) >= 65


def test_passing_a_role_counts_where_one_that_the_service_may_run_stands_higher() -> None:
    worker = role("worker", allow("iam:PassRole", *LAMBDA))
    found = what_it_can_do(worker, an_admin("admin", "lambda"))
    assert (found.cls, full(found)) == (PRIVESC, ["lambda-001"])
    assert by_id(found)["lambda-001"].targets == (arn("role", "admin"),)
    lower = what_it_can_do(worker, role("reader", allow("s3:ListBucket")))
    assert (lower.cls, full(lower), list(by_id(lower))) == (POLICIES, [], ["lambda-001"])
    assert full(what_it_can_do(worker, an_admin("admin", "ec2"))) == []


@pytest.mark.parametrize(
    ("scope", "reaches"), [("*", True), (arn("role", "ad*"), True), (arn("role", "admin"), True),
                           (arn("role", "app-*"), False), (arn("role", "admi"), False)]
)  # fmt: skip
def test_the_scope_of_pass_role_narrows_its_targets(scope: str, reaches: bool) -> None:
    worker = role("worker", allow("iam:PassRole", on=scope), allow(*LAMBDA))
    assert (full(what_it_can_do(worker, an_admin("admin", "lambda"))) == ["lambda-001"]) is reaches


@pytest.mark.parametrize(
    ("condition", "reaches"),
    [
        ({"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}, True),
        ({"StringLike": {"IAM:passedtoservice": "lam*"}}, True),
        ({"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}, False),
        ({"StringNotEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}, False),
    ],
)
def test_the_service_a_role_may_be_passed_to_narrows_its_targets(condition: dict[str, Any], reaches: bool) -> None:
    worker = role("worker", allow("iam:PassRole", Condition=condition), allow(*LAMBDA))
    assert bool(full(what_it_can_do(worker, an_admin("admin", "lambda")))) is reaches
    refused = role("worker", allow("iam:PassRole", *LAMBDA), deny("iam:PassRole", Condition=condition))
    assert bool(full(what_it_can_do(refused, an_admin("admin", "lambda")))) is not reaches


def test_a_deny_on_one_role_protects_that_role_and_no_other() -> None:
    worker = role("worker", allow("iam:PassRole", *LAMBDA), deny("iam:PassRole", on=arn("role", "admin")))
    assert full(what_it_can_do(worker, an_admin("admin", "lambda"))) == []
    found = what_it_can_do(worker, an_admin("admin", "lambda"), an_admin("second", "lambda"))
    assert by_id(found)["lambda-001"].targets == (arn("role", "second"),)


def test_a_role_whose_privilege_was_not_read_leaves_it_open_where_passing_it_leads() -> None:
    unread = role("odd", attached=attached("arn:aws:iam::aws:policy/New"))
    found = what_it_can_do(role("worker", allow("iam:PassRole", *LAMBDA)), unread)
    assert (full(found), found.possible_paths, found.at_most) == ([], ("lambda-001",), PRIVESC)
    assert not found.known


def test_a_running_resource_always_needs_a_target() -> None:
    found = what_it_can_do(role("worker", allow("lambda:UpdateFunctionCode")), an_admin("admin", "lambda"))
    assert (found.cls, full(found), list(by_id(found))) == (POLICIES, [], ["lambda-003"])


@pytest.mark.parametrize("scope", ["*", arn("user", "ada"), arn("user", "${aws:username}")])
def test_writing_ones_own_policy_is_a_path(scope: str) -> None:
    found = what_it_can_do(user("ada", allow("iam:PutUserPolicy", on=scope)))
    assert (found.cls, by_id(found)["iam-007"].targets) == (PRIVESC, (arn("user", "ada"),))


def test_writing_the_policy_of_another_user_is_none_without_its_keys() -> None:
    found = what_it_can_do(user("ada", allow("iam:PutUserPolicy", on=arn("user", "bob"))), user("bob"))
    assert full(found) == []
    both = user("ada", allow("iam:PutUserPolicy", "iam:CreateAccessKey", on=arn("user", "bob")))
    assert full(what_it_can_do(both, user("bob"))) == ["iam-018"]


def test_a_boundary_that_cannot_be_shed_stops_self_escalation() -> None:
    fence = managed("fence", policy(allow("iam:PutUserPolicy", "s3:ListBucket")))
    held = user("ada", allow("iam:*"), boundary=fence.arn)
    assert full(what_it_can_do(held, policies=(fence,))) == []
    loose = managed("loose", policy(allow("iam:PutUserPolicy", "iam:DeleteUserPermissionsBoundary")))
    assert "iam-007" in full(what_it_can_do(user("ada", allow("iam:*"), boundary=loose.arn), policies=(loose,)))


@pytest.mark.parametrize(("action", "path", "password"), [("iam:CreateAccessKey", "iam-002", None),
    ("iam:CreateLoginProfile", "iam-004", False), ("iam:UpdateLoginProfile", "iam-006", True)])  # fmt: skip
def test_taking_over_a_user_counts_where_one_stands_higher(action: str, path: str, password: bool | None) -> None:
    boss = user("boss", allow("*"), password_enabled=password)
    assert path in full(what_it_can_do(role("worker", allow(action)), boss))
    assert full(what_it_can_do(role("worker", allow(action)), user("bob", allow("s3:ListBucket")))) == []
    assert full(what_it_can_do(role("worker", allow(action, on=arn("user", "bob"))), boss, user("bob"))) == []


def test_a_policy_version_counts_where_the_policy_is_ones_own_or_that_of_a_role_one_may_assume() -> None:
    own, other = (
        managed("own", policy(allow("iam:CreatePolicyVersion"))),
        managed("other", policy(allow("s3:ListBucket"))),
    )
    found = what_it_can_do(user("ada", attached=attached(own.arn)), policies=(own, other))
    assert by_id(found)["iam-001"].targets == (own.arn,)
    scoped = allow("iam:CreatePolicyVersion", on=other.arn)
    assert full(what_it_can_do(user("ada", scoped), policies=(own, other))) == []
    by_group = user("ada", scoped, groups=("staff",))
    assert full(what_it_can_do(by_group, policies=(other,), groups=(group("staff", attached=attached(other.arn)),)))
    carrier = role("carrier", attached=attached(other.arn), trusts=("account",))
    assert full(what_it_can_do(user("ada", scoped, allow("sts:AssumeRole")), carrier, policies=(other,))) == [
        "iam-001", "iam-016",
    ]  # fmt: skip


def test_joining_a_group_counts_where_it_gives_more() -> None:
    admins, staff = group("admins", allow("*")), group("staff", allow("s3:ListBucket"))
    joins = user("ada", allow("iam:AddUserToGroup"))
    assert by_id(what_it_can_do(joins, groups=(admins, staff)))["iam-013"].targets == (admins.arn,)
    assert full(what_it_can_do(joins, groups=(staff,))) == []
    assert full(what_it_can_do(role("worker", allow("iam:AddUserToGroup")), groups=(admins,))) == []


def test_a_group_whose_policies_were_not_read_may_give_more() -> None:
    odd = group("odd", attached=attached("arn:aws:iam::aws:policy/New"))
    found = what_it_can_do(user("ada", allow("iam:AddUserToGroup")), groups=(odd,))
    assert (full(found), found.possible_paths, found.at_most) == ([], ("iam-013",), PRIVESC)


@pytest.mark.parametrize(("trusted", "reaches"), [("account", True), ("lambda", False), (arn("user", "ada"), True),
                                                  (arn("user", "bob"), False)])  # fmt: skip
def test_assuming_a_role_needs_its_trust_too(trusted: str, reaches: bool) -> None:
    found = what_it_can_do(user("ada", allow("sts:AssumeRole")), role("admin", allow("*"), trusts=(trusted,)))
    assert (full(found) == ["sts-001"], found.cls is PRIVESC) == (reaches, reaches)


def test_a_trust_that_names_the_principal_needs_no_policy_of_its_own() -> None:
    found = what_it_can_do(user("ada"), role("admin", allow("*"), trusts=(arn("user", "ada"),)))
    assert (found.cls, by_id(found)["sts-001"].targets) == (PRIVESC, (arn("role", "admin"),))
    denied = user("ada", deny("sts:AssumeRole"))
    assert what_it_can_do(denied, role("admin", allow("*"), trusts=(arn("user", "ada"),))).paths == ()


def test_privilege_is_followed_through_roles_that_assume_roles() -> None:
    last = an_admin("c")
    middle = role("b", allow("sts:AssumeRole", on=last.arn), trusts=("account",))
    first = user("ada", allow("sts:AssumeRole", on=middle.arn))
    assert by_id(what_it_can_do(first, middle, last))["sts-001"].targets == (middle.arn,)
    assert what_it_can_do(first, middle).paths == ()


def test_a_role_one_may_assume_lends_its_class() -> None:
    reader = role("reader", allow("s3:GetObject"), trusts=("account",))
    found = what_it_can_do(user("ada", allow("sts:AssumeRole", on=reader.arn)), reader)
    assert (found.cls, found.why, found.paths) == (PrivilegeClass.SENSITIVE_DATA, f"it may assume {reader.arn}", ())


def test_a_named_role_of_another_account_is_left_to_that_account() -> None:
    found = what_it_can_do(user("ada", allow("sts:AssumeRole", on=f"arn:aws:iam::{MEMBER}:role/deploy")), an_admin())
    assert (found.paths, found.cls) == ((), PrivilegeClass.WRITE_LIMITED)


def test_what_aws_lets_nobody_change_is_no_target() -> None:
    reserved = an_admin("sso", "lambda", path="/aws-reserved/sso.amazonaws.com/")
    worker = role("worker", allow("iam:UpdateAssumeRolePolicy", "iam:PassRole", *LAMBDA))
    assert full(what_it_can_do(worker, reserved)) == []


def test_a_boundary_condition_narrows_whom_a_policy_may_be_put_on() -> None:
    fence = managed("fence", policy(allow("s3:ListBucket")))
    held = {"StringEquals": {"iam:PermissionsBoundary": fence.arn}}
    found = what_it_can_do(role("worker", allow("iam:PutRolePolicy", Condition=held)), policies=(fence,))
    assert full(found) == []


def test_a_path_names_the_statements_it_rests_on() -> None:
    worker = role("worker", allow("iam:PassRole", Sid="Pass"), allow(*LAMBDA, Sid="Run"))
    match = by_id(what_it_can_do(worker, an_admin("admin", "lambda")))["lambda-001"]
    assert [(one.policy, one.statement) for one in match.grants] == [("inline own", "Pass"), ("inline own", "Run")]


def test_an_administrator_is_asked_for_no_path() -> None:
    assert what_it_can_do(an_admin()).paths == ()


def test_a_partition_without_lambda_dot_amazonaws_dot_com_is_not_narrowed_wrongly() -> None:
    condition = {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com.cn"}}
    worker = role("worker", allow("iam:PassRole", on=arn("role", "*"), Condition=condition), allow(*LAMBDA))
    context = a_context(partition="aws-cn")
    assert full(what_it_can_do(worker, an_admin("admin", "lambda"), context=context)) == ["lambda-001"]
