"""Which roles a principal may take on by their trust, which it may make, and the paths of Principal Mapper."""

import json
from typing import Any

import msgspec
import pytest

from prooftrail.model import trust as trusts
from prooftrail.model.identity import Identity
from prooftrail.model.judgement import PrivilegeClass
from prooftrail.risk.privilege import Privilege
from tests.builders.judging_privileges import allow, arn, deny, role, user, what_it_can_do
from tests.builders.times import ACCOUNT, MEMBER

ROOT = {"AWS": arn("x", "")[: -len("x/")] + "root"}
PRIVESC = PrivilegeClass.PRIVESC
ASSUME = allow("sts:AssumeRole")


def an_admin_trusting(*statements: Any) -> Identity:
    """An administrator with a trust of these statements about sts:AssumeRole."""
    text = json.dumps({"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", **one} for one in statements]})
    one = role("admin", allow("*"))
    return msgspec.structs.replace(one, facts=msgspec.structs.replace(one.facts, trust=trusts.parse(text)))


def full(found: Privilege) -> list[str]:
    return [one.id for one in found.paths if not one.needs_target]


def refusing(principal: Any, **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Principal": principal, **more}


@pytest.mark.parametrize(("account", "name", "found"), [(ACCOUNT, "worker", True), (ACCOUNT, "other", False),
                                                        (MEMBER, "worker", False)])  # fmt: skip
def test_a_trust_that_names_a_session_of_a_role_lets_that_role_in(account: str, name: str, found: bool) -> None:
    session = {"AWS": f"arn:aws:sts::{account}:assumed-role/{name}/night"}
    worker = role("worker", allow("ec2:DescribeRegions"), path="/team/")
    assert (full(what_it_can_do(worker, an_admin_trusting({"Principal": session}))) == ["sts-001"]) is found


def test_an_allow_for_everyone_but_some_lets_all_others_of_the_account_in() -> None:
    admin = an_admin_trusting({"NotPrincipal": {"AWS": arn("user", "bob")}})
    assert full(what_it_can_do(user("ada", ASSUME), admin)) == ["sts-001"]
    assert full(what_it_can_do(user("bob", ASSUME), admin)) == []
    assert full(what_it_can_do(user("ada"), admin)) == []


@pytest.mark.parametrize(
    ("denial", "comes_in"),
    [
        (refusing({"AWS": arn("user", "ada")}), False),
        (refusing({"AWS": "AIDAada"}), False),
        (refusing("*"), False),
        (refusing(ROOT), False),
        (refusing(ROOT, Condition={"ArnNotEquals": {"aws:PrincipalArn": arn("user", "bob")}}), False),
        (refusing(ROOT, Condition={"ArnNotEquals": {"aws:PrincipalArn": arn("user", "ada")}}), True),
        (refusing(ROOT, Condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}}), True),
        (refusing({"AWS": arn("user", "bob")}), True),
        (refusing(ROOT, Action="sts:TagSession"), True),
        ({"Effect": "Deny", "NotPrincipal": {"AWS": arn("user", "bob")}}, False),
        ({"Effect": "Deny", "NotPrincipal": {"AWS": [arn("user", "ada"), ROOT["AWS"]]}}, True),
    ],
)
@pytest.mark.parametrize("named", [ROOT, {"AWS": arn("user", "ada")}])
def test_a_deny_in_the_trust_that_certainly_stands_keeps_the_principal_out(
    named: Any, denial: Any, comes_in: bool
) -> None:
    found = what_it_can_do(user("ada", ASSUME), an_admin_trusting({"Principal": named}, denial))
    assert (full(found) == ["sts-001"]) is comes_in


@pytest.mark.parametrize(
    ("actions", "service", "paths"),
    [
        (("autoscaling:CreateLaunchConfiguration", "autoscaling:CreateAutoScalingGroup"), "ec2", ["pmapper-01"]),
        (("ec2:AssociateIamInstanceProfile",), "ec2", ["pmapper-03"]),
        (("codebuild:UpdateProject", "codebuild:StartBuild"), "codebuild", ["pmapper-04"]),
        (("codebuild:UpdateProject", "codebuild:StartBuildBatch"), "codebuild", ["pmapper-05"]),
        (("ec2:AssociateIamInstanceProfile",), "lambda", []),
        (("iam:AddRoleToInstanceProfile",), "ec2", []),
    ],
)
def test_the_paths_of_principal_mapper_pass_a_role_that_the_service_may_run(
    actions: tuple[str, ...], service: str, paths: list[str]
) -> None:
    found = what_it_can_do(user("ada", allow("iam:PassRole", *actions)), role("admin", allow("*"), trusts=(service,)))
    assert full(found) == paths


FENCED = {"StringEquals": {"iam:PermissionsBoundary": arn("policy", "fence")}}


@pytest.mark.parametrize(
    ("statements", "path"),
    [
        ([allow("iam:CreateRole", "iam:AttachRolePolicy", "sts:AssumeRole")], "new-01"),
        ([allow("iam:CreateRole", "iam:PutRolePolicy", on=arn("role", "app-*"))], "new-02"),
        ([allow("iam:CreateUser", "iam:AttachUserPolicy", "iam:CreateAccessKey", on=arn("user", "app-*"))], "new-03"),
        ([allow("iam:CreateUser", "iam:PutUserPolicy", "iam:CreateAccessKey", on=arn("user", "app-*"))], "new-04"),
        ([allow("iam:CreateRole", on=arn("role", "a-*")), allow("iam:PutRolePolicy", on=arn("role", "b-*"))], None),
        ([allow("iam:CreateRole", "iam:AttachRolePolicy", Condition=FENCED)], None),
        ([allow("iam:CreateRole", "iam:AttachRolePolicy"), deny("iam:CreateRole")], None),
    ],
)
def test_who_may_make_a_principal_and_give_it_permissions_makes_its_own_target(
    statements: list[Any], path: str | None
) -> None:
    found = what_it_can_do(user("ada", *statements))
    assert full(found) == ([path] if path else [])
    assert (found.cls is PRIVESC) is (path is not None)
