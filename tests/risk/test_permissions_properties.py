"""What holds for any policies: a Deny or a boundary only takes away, a lost document proves nothing, order is nothing."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from prooftrail.controls.checks.privilege import CHECKS
from prooftrail.model.judgement import PrivilegeClass, ResultStatus
from prooftrail.risk.permissions import privileges
from tests.builders.judging import a_case, a_control
from tests.builders.judging_privileges import (
    a_context,
    allow,
    an_account,
    arn,
    deny,
    inline,
    managed,
    policy,
    role,
    user,
)

ACTIONS = st.sampled_from([
    "*", "iam:*", "iam:Put*", "iam:PassRole", "iam:CreateAccessKey", "sts:AssumeRole", "s3:*", "s3:GetObject", "s3:Put*",
    "lambda:*", "ec2:RunInstances", "ec2:Describe*", "secretsmanager:GetSecretValue", "cloudtrail:*",
])  # fmt: skip
RESOURCES = st.sampled_from(["*", arn("role", "*"), arn("role", "admin"), arn("user", "*"), "arn:aws:s3:::one/*"])
ALLOWS = st.builds(lambda action, on: allow(action, on=on), ACTIONS, RESOURCES)
DENIES = st.builds(lambda action, on: deny(action, on=on), ACTIONS, RESOURCES)
STATEMENTS = st.lists(st.one_of(ALLOWS, DENIES), max_size=4)
OTHERS = (role("admin", allow("*"), trusts=("account", "lambda", "ec2")), user("boss", allow("iam:*")))


def rank(*statements: Any, **facts: Any) -> int:
    """The rank of the class a role reaches beside an administrator."""
    one = role("worker", *statements, **facts)
    return privileges(an_account(one, *OTHERS), a_context())[one.id].cls.rank


@given(STATEMENTS, DENIES)
def test_a_deny_never_gives_more(statements: list[Any], denied: Any) -> None:
    assert rank(*statements, denied) <= rank(*statements)


@given(STATEMENTS, ALLOWS)
def test_an_allow_never_gives_less(statements: list[Any], allowed: Any) -> None:
    assert rank(*statements, allowed) >= rank(*statements)


EVERY_CLASS = (
    role("reader", allow("s3:ListBucket"), trusts=("account", "lambda", "ec2")),
    role("sensitive", allow("s3:GetObject"), trusts=("account", "lambda", "ec2")),
    role("keys", allow("redshift:GetClusterCredentials"), trusts=("account", "lambda", "ec2")),
    role("policies", allow("s3:PutBucketPolicy"), trusts=("account", "lambda", "ec2")),
    role("climber", allow("iam:PutRolePolicy"), trusts=("account", "lambda", "ec2")),
    user("writer", allow("s3:PutBucketPolicy")),
)
PASSED = st.builds(
    lambda names: allow("iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction", on=["*:function:*", *names]),
    st.lists(st.sampled_from([one.arn for one in (*OTHERS, *EVERY_CLASS)]), min_size=1, max_size=3),
)
MORE = st.one_of(ALLOWS, st.builds(allow, st.sampled_from(["s3:PutBucketPolicy", "redshift:GetClusterCredentials"])))


@given(PASSED, STATEMENTS, MORE)
def test_an_allow_lowers_a_class_only_where_its_paths_end_in_nobody_who_can_become_an_administrator(
    passed: Any, statements: list[Any], allowed: Any
) -> None:
    """By ruling 15 a path counts while its target is above the principal; whoever rises to the target passes it for nothing.

    A target that is, or can become, an administrator is above everybody who is none: what leads there always counts.
    """

    def found(*held: Any) -> Any:
        one = role("worker", passed, *held)
        account = privileges(an_account(one, *OTHERS, *EVERY_CLASS), a_context())
        high = {
            each.arn for each in (*OTHERS, *EVERY_CLASS) if account[each.id].cls.rank >= PrivilegeClass.PRIVESC.rank
        }
        leading = {each.id for each in account[one.id].paths if high & set(each.targets)}
        return account[one.id].cls, leading

    (before, led), (after, leads) = found(*statements), found(*statements, allowed)
    if after is not PrivilegeClass.ADMIN:
        assert led <= leads
    assert after.rank >= before.rank or (before is PrivilegeClass.PRIVESC and not led)
    assert after.rank >= min(before.rank, PrivilegeClass.RESOURCE_POLICY_WRITE.rank)


@given(STATEMENTS)
def test_the_order_of_statements_is_nothing(statements: list[Any]) -> None:
    assert rank(*statements) == rank(*reversed(statements))


@given(STATEMENTS, STATEMENTS)
def test_a_boundary_never_gives_more(statements: list[Any], boundary: list[Any]) -> None:
    fence = managed("fence", policy(*boundary))
    held = role("worker", *statements, boundary=fence.arn)
    found = privileges(an_account(held, *OTHERS, policies=(fence,)), a_context())[held.id]
    assert found.cls.rank <= rank(*statements)


@given(STATEMENTS, STATEMENTS, st.sampled_from(["IDC-20", "IDC-21", "IDC-24"]))
def test_a_document_that_is_lost_never_makes_a_pass_nor_a_fail(
    first: list[Any], second: list[Any], control: str
) -> None:
    text = policy(*second, allow("ec2:DescribeRegions", Sid="Lost"))
    own = (inline("a", policy(*first)), inline("b", text))
    lost = an_account(role("worker", inline=own), *OTHERS, lost=(text,))
    case = a_case(snapshot=lost, context=a_context(), privileges=privileges(lost, a_context()))
    found = {one.subject: one.status for one in CHECKS[control](case, a_control(control))}
    assert found["AROAworker"] is ResultStatus.NOT_TESTED


@given(STATEMENTS)
def test_what_is_possible_is_never_less_than_what_is_certain(statements: list[Any]) -> None:
    one = role("worker", *statements)
    found = privileges(an_account(one, *OTHERS), a_context())[one.id]
    assert found.at_most.rank >= found.cls.rank
    assert (found.cls is PrivilegeClass.PRIVESC) == any(not path.needs_target for path in found.paths)
