"""A boundary that a principal may take off, replace or rewrite is no limit, and losing it is a path of its own."""

from typing import Any

import pytest

from prooftrail.model.judgement import PrivilegeClass
from prooftrail.risk.privilege import Privilege
from tests.builders.judging_privileges import allow, arn, attached, deny, managed, policy, role, user, what_it_can_do

FENCE = arn("policy", "fence")
PRIVESC = PrivilegeClass.PRIVESC
KEY = "iam:PermissionsBoundary"


def under(
    *fence: Any, own: tuple[Any, ...] = (allow("*"),), make: Any = user, older: tuple[str, ...] = ()
) -> Privilege:
    """What a principal that is allowed everything can do under a boundary of these statements."""
    one = make("ada", *own, boundary=FENCE)
    return what_it_can_do(one, policies=(managed("fence", policy(*fence), older=older),))


def full(found: Privilege) -> list[str]:
    return [one.id for one in found.paths if not one.needs_target]


@pytest.mark.parametrize(
    ("make", "action", "path"),
    [
        (user, "iam:DeleteUserPermissionsBoundary", "boundary-01"),
        (user, "iam:PutUserPermissionsBoundary", "boundary-02"),
        (role, "iam:DeleteRolePermissionsBoundary", "boundary-03"),
        (role, "iam:PutRolePermissionsBoundary", "boundary-04"),
    ],
)
def test_who_may_take_off_or_replace_its_own_boundary_can_make_itself_more(make: Any, action: str, path: str) -> None:
    found = under(allow("s3:*", action), make=make)
    assert (found.cls, full(found), found.boundary_limits_iam) == (PRIVESC, [path], False)
    assert [one.targets for one in found.paths if one.id == path] == [(FENCE,)]


@pytest.mark.parametrize(
    "fence",
    [
        [allow("s3:*"), allow("iam:DeleteUserPermissionsBoundary", on=arn("user", "bob"))],
        [allow("s3:*", "iam:DeleteRolePermissionsBoundary")],
        [allow("s3:*", "iam:DeleteUserPermissionsBoundary"), deny("iam:DeleteUserPermissionsBoundary")],
        [allow("s3:*"), allow("iam:PutUserPermissionsBoundary", Condition={"StringEquals": {KEY: FENCE}})],
    ],
)
def test_a_boundary_that_stays_on_or_is_only_put_again_is_no_path(fence: list[Any]) -> None:
    assert full(under(*fence)) == []


def test_taking_off_a_boundary_that_keeps_nothing_back_is_no_path() -> None:
    own = (allow("s3:ListBucket", "iam:DeleteUserPermissionsBoundary"),)
    found = under(allow("s3:*", "iam:DeleteUserPermissionsBoundary"), own=own)
    assert found.paths == ()


def test_what_a_boundary_kept_back_counts_as_a_path_too() -> None:
    own = (allow("s3:ListBucket", "iam:DeleteUserPermissionsBoundary", "iam:PutUserPolicy"),)
    assert full(under(allow("s3:*", "iam:DeleteUserPermissionsBoundary"), own=own)) == ["boundary-01"]


def test_who_may_rewrite_its_own_boundary_can_make_itself_more() -> None:
    found = under(allow("s3:List*", "iam:CreatePolicyVersion"))
    assert (found.cls, full(found), found.boundary_limits_iam) == (PRIVESC, ["iam-001"], False)
    mine = managed("mine", policy(allow("iam:CreatePolicyVersion")))
    one = user("ada", boundary=FENCE, attached=attached(mine.arn))
    fence = managed("fence", policy(allow("s3:List*", "iam:CreatePolicyVersion")))
    assert full(what_it_can_do(one, policies=(fence, mine))) == ["iam-001"]


def test_an_older_version_of_its_own_boundary_is_a_path_only_where_there_is_one() -> None:
    fence = allow("s3:List*", "iam:SetDefaultPolicyVersion")
    assert full(under(fence, older=(policy(allow("*")),))) == ["rhino-02"]
    assert full(under(fence)) == []


def test_a_boundary_that_denies_its_own_rewriting_stands() -> None:
    fence = [allow("s3:List*", "iam:CreatePolicyVersion"), deny("iam:CreatePolicyVersion", on=FENCE)]
    assert full(under(*fence)) == []
