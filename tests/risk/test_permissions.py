"""What a principal can do: wildcards, opposites, denies, boundaries, scopes, and what was not read."""

import json
from typing import Any

import pytest

from prooftrail.model.judgement import PrivilegeClass
from prooftrail.model.reading import CellStatus, Collector
from prooftrail.risk.permissions import privileges
from prooftrail.risk.privilege import Privilege
from tests.builders.judging_privileges import (
    a_context,
    allow,
    an_account,
    arn,
    attached,
    deny,
    group,
    inline,
    managed,
    policy,
    role,
    user,
    what_it_can_do,
)
from tests.builders.times import ACCOUNT

NONE, READS, DATA = PrivilegeClass.NONE, PrivilegeClass.METADATA_READ, PrivilegeClass.DATA_READ_NONSENSITIVE
WRITES, SENSITIVE = PrivilegeClass.WRITE_LIMITED, PrivilegeClass.SENSITIVE_DATA
CREDENTIALS, POLICIES = PrivilegeClass.CREDENTIAL_ACCESS, PrivilegeClass.RESOURCE_POLICY_WRITE
PRIVESC, ADMIN = PrivilegeClass.PRIVESC, PrivilegeClass.ADMIN

BUCKET = ["arn:aws:s3:::one", "arn:aws:s3:::one/*"]
AWS_ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"


def can(*statements: Any, **facts: Any) -> Privilege:
    """What a role with these statements can do in an account of its own."""
    return what_it_can_do(role("worker", *statements, **facts))


@pytest.mark.parametrize(
    ("statements", "cls"),
    [
        ([], NONE),
        ([allow("ec2:Describe*", "s3:ListBucket")], READS),
        ([allow("s3:GetObject", on=BUCKET)], DATA),
        ([allow("sqs:ReceiveMessage")], DATA),
        ([allow("sqs:SendMessage", on="arn:aws:sqs:*:*:q")], WRITES),
        ([allow("iam:PassRole")], WRITES),
        ([allow("s3:GetObject")], SENSITIVE),
        ([allow("s3:get*", on="arn:aws:s3:::*")], SENSITIVE),
        ([allow("secretsmanager:GetSecretValue", on="arn:aws:secretsmanager:*:*:secret:*")], SENSITIVE),
        ([allow("secretsmanager:GetSecretValue", on="arn:aws:secretsmanager:*:*:secret:app-*")], DATA),
        ([allow("redshift:GetClusterCredentials")], CREDENTIALS),
        ([allow("ecr:GetAuthorizationToken")], READS),
        ([allow("s3:PutBucketPolicy", on="arn:aws:s3:::one")], POLICIES),
        ([allow("*")], ADMIN),
        ([allow("*:*")], ADMIN),
        ([allow("iam:*")], ADMIN),
        ([allow("IAM:*")], ADMIN),
        ([allow("i?m:*")], ADMIN),
        ([allow("iam:*", on="arn:aws:iam::*:*")], ADMIN),
        ([{"Effect": "Allow", "NotAction": "ec2:*", "Resource": "*"}], ADMIN),
        ([{"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::one"}], ADMIN),
        ([{"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:iam::*:*"}], POLICIES),
        ([allow("*"), deny("iam:*", on="arn:aws:iam::*")], POLICIES),
        ([allow("*"), deny("iam:*", on=["arn:aws:iam::*:role/*", "arn:aws:iam::*:user/*"])], POLICIES),
        ([allow("iam:*"), deny("iam:*", on="arn:aws:iam::999999999999:*")], ADMIN),
        ([allow("*"), deny("ec2:TerminateInstances")], ADMIN),
        ([allow("*"), deny("iam:*", on=arn("role", "other"))], ADMIN),
        ([allow("*"), deny("*")], NONE),
        ([allow("s3:PutObject", on=BUCKET), deny("s3:Put*")], NONE),
        ([allow("s3:GetObject"), deny("s3:GetObject", on="arn:aws:s3:::other/*")], SENSITIVE),
    ],
)
def test_the_class_is_the_highest_thing_a_policy_lets_it_do(statements: list[Any], cls: PrivilegeClass) -> None:
    assert can(*statements).cls is cls


def test_the_administrators_of_aws_are_administrators_and_its_power_users_are_not() -> None:
    power = policy(
        {
            "Effect": "Allow",
            "NotAction": ["iam:*", "organizations:*", "account:*"],
            "Resource": "*",
        },
        allow("iam:CreateServiceLinkedRole", "iam:DeleteServiceLinkedRole", "iam:ListRoles"),
    )
    name = "arn:aws:iam::aws:policy/PowerUserAccess"
    context = a_context(managed_policies={AWS_ADMIN: policy(allow("*")), name: power})
    assert what_it_can_do(user(attached=attached(AWS_ADMIN)), context=context).cls is ADMIN
    powerful = what_it_can_do(user(attached=attached(name)), context=context)
    assert powerful.cls is POLICIES
    assert powerful.writes_iam is False


@pytest.mark.parametrize("action", ["IAM:PASSROLE", "iam:passrole", "iam:Pass*", "iam:Pas?Role", "iam:*Role", "*"])
def test_actions_match_without_regard_to_case_and_with_wildcards(action: str) -> None:
    found = what_it_can_do(
        role("worker", allow(action), allow("ec2:RunInstances"), deny("iam:[x]*")),
        role("admin", allow("*"), trusts=("ec2",)),
    )
    assert found.cls is ADMIN if action == "*" else "ec2-001" in [one.id for one in found.paths]


def test_a_policy_on_one_bucket_is_not_without_limit_however_many_wildcards_it_has() -> None:
    assert can(allow("s3:*", on=BUCKET)).cls is POLICIES
    assert can(allow("s3:Get*", on="arn:aws:s3:::one*/*")).cls is DATA


def test_the_answer_names_the_statement_and_the_policy_it_stands_in() -> None:
    found = can(allow("ec2:Describe*"), allow("s3:GetObject", Sid="ReadsAll"))
    assert [(one.policy, one.statement, one.actions, one.resources) for one in found.grants] == [
        ("inline own", "ReadsAll", ("s3:GetObject",), ("*",))
    ]


def test_groups_give_what_they_hold_inline_and_attached() -> None:
    wide = managed("wide", policy(allow("*")))
    members = [group("admins", attached=attached(wide.arn)), group("readers", allow("s3:GetObject", on=BUCKET))]
    found = what_it_can_do(user(groups=("admins",)), groups=members, policies=(wide,))
    assert (found.cls, [one.policy for one in found.grants]) == (ADMIN, [f"group admins: {wide.arn}"])
    assert what_it_can_do(user(groups=("readers",)), groups=members, policies=(wide,)).cls is DATA


def test_the_default_version_of_a_policy_counts_and_no_other() -> None:
    turned = managed("turned", policy(allow("s3:ListAllMyBuckets")), older=[policy(allow("*"))])
    assert what_it_can_do(role(attached=attached(turned.arn)), policies=(turned,)).cls is READS


def test_a_boundary_keeps_only_what_both_allow() -> None:
    fence = managed("fence", policy(allow("s3:*", on="arn:aws:s3:::one*")))
    found = what_it_can_do(role("worker", allow("*"), boundary=fence.arn), policies=(fence,))
    assert (found.cls, found.boundary) == (POLICIES, fence.arn)
    assert what_it_can_do(role("worker", allow("ec2:*"), boundary=fence.arn), policies=(fence,)).cls is NONE


def test_a_boundary_allows_nothing_by_itself_and_its_denies_count() -> None:
    wide = managed("wide", policy(allow("*"), deny("iam:*")))
    assert what_it_can_do(role("worker", boundary=wide.arn), policies=(wide,)).cls is NONE
    found = what_it_can_do(role("worker", allow("iam:*", "s3:ListBucket"), boundary=wide.arn), policies=(wide,))
    assert (found.cls, found.writes_iam) == (READS, False)


def test_an_administrator_whose_boundary_allows_everything_stays_one() -> None:
    context = a_context(managed_policies={AWS_ADMIN: policy(allow("*"))})
    assert what_it_can_do(role("worker", allow("*"), boundary=AWS_ADMIN), context=context).cls is ADMIN


@pytest.mark.parametrize(
    "condition",
    [
        {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
        {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}},
        {"StringLike": {"aws:UserAgent": "curl*"}},
    ],
)
def test_a_condition_that_may_hold_still_allows_and_one_on_a_deny_removes_nothing(condition: dict[str, Any]) -> None:
    assert can(allow("*", Condition=condition)).cls is ADMIN
    assert can(allow("*"), deny("*", Condition=condition)).cls is ADMIN


def test_a_condition_on_who_asks_decides_where_the_principal_is_known() -> None:
    mine = {"ArnEquals": {"aws:PrincipalArn": arn("role", "worker")}}
    anothers = {"ArnLike": {"AWS:principalARN": arn("role", "other*")}}
    assert can(allow("*", Condition=mine)).cls is ADMIN
    assert can(allow("*", Condition=anothers)).cls is NONE
    assert can(allow("*"), deny("*", Condition=mine)).cls is NONE
    assert can(allow("*"), deny("*", Condition=anothers)).cls is ADMIN
    others = {"StringNotEquals": {"aws:PrincipalArn": arn("role", "worker")}}
    assert can(allow("*"), deny("*", Condition=others)).cls is ADMIN


def test_a_users_own_keys_are_no_credentials_of_others() -> None:
    own = [allow("iam:*AccessKey*", "iam:*LoginProfile", on=f"arn:aws:iam::{ACCOUNT}:user/${{aws:username}}")]
    found = what_it_can_do(user("ada", *own), user("root", allow("*")))
    assert (found.cls, found.paths, found.iam_actions) == (WRITES, (), ())
    named = what_it_can_do(user("ada", allow("iam:CreateAccessKey", on=arn("user", "ada"))), user("eve", allow("*")))
    assert (named.cls, named.paths, named.writes_iam) == (WRITES, (), False)
    widened = what_it_can_do(user("ada", allow("iam:CreateAccessKey", on=arn("user", "*"))))
    assert widened.writes_iam is True


def test_a_policy_with_another_users_name_is_not_shared_with_the_next() -> None:
    shared = managed("own", policy(allow("secretsmanager:*", on="arn:aws:secretsmanager:*:*:secret:${aws:username}-*")))
    answers = privileges(
        an_account(user("ada", attached=attached(shared.arn)), role("app", attached=attached(shared.arn)),
                   policies=(shared,)), a_context())  # fmt: skip
    assert [answers["AIDAada"].cls, answers["AROAapp"].cls] == [POLICIES, NONE]


@pytest.mark.parametrize(
    "text", ["{", "[]", "null", '"*"', '{"Statement": [{"Effect": "allow", "Action": "*", "Resource": "*"}]}',
             '{"Statement": [{"Effect": "Allow", "Resource": "*"}]}', '{"Version": "2012-10-17"}',
             '{"Statement": [{"Effect": "Allow", "Action": "*"}]}']
)  # fmt: skip
def test_a_document_that_is_no_policy_is_a_gap_and_never_allows_nothing(text: str) -> None:
    found = what_it_can_do(role(inline=(inline("odd", text),)))
    assert (found.cls, found.at_most, found.known, found.writes_iam) == (NONE, ADMIN, False, None)
    assert "inline odd makes no sense" in found.unresolved[0]


@pytest.mark.parametrize("missing", [{"arn:aws:iam::aws:policy/New": None}, {}])
def test_an_unresolved_policy_leaves_open_whether_its_holder_is_an_administrator(missing: dict[str, None]) -> None:
    one = role("worker", allow("s3:ListBucket"), attached=attached("arn:aws:iam::aws:policy/New"))
    found = what_it_can_do(one, context=a_context(managed_policies=missing))
    assert (found.cls, found.at_most) == (NONE, ADMIN)
    assert found.unresolved == ("arn:aws:iam::aws:policy/New was not read",)
    assert (found.writes_iam, found.network_bound) == (None, None)


def test_what_is_read_is_not_certain_beside_an_unread_policy_that_may_deny_it() -> None:
    found = can(allow("*"), attached=attached("arn:aws:iam::aws:policy/AWSDenyAll"))
    assert (found.cls, found.at_most) == (NONE, ADMIN)


def test_a_policy_the_context_lacks_is_taken_from_the_account_that_was_asked() -> None:
    from prooftrail.model.iam import AwsManagedPolicy

    name = "arn:aws:iam::aws:policy/New"
    own = AwsManagedPolicy(arn=name, version="v1", text=policy(allow("*")))
    one = role(attached=attached(name))
    found = privileges(an_account(one, aws_policies=(own,)), a_context(managed_policies={name: None}))
    assert found[one.id].cls is ADMIN


def test_an_unread_boundary_only_takes_away_and_nothing_is_certain() -> None:
    found = can(allow("s3:GetObject"), boundary=arn("policy", "gone"))
    assert (found.cls, found.at_most, found.boundary) == (NONE, SENSITIVE, arn("policy", "gone"))
    assert found.unresolved == (f"boundary {arn('policy', 'gone')} was not read",)
    assert can(allow("s3:GetObject"), boundary=arn("policy", "gone")).writes_iam is False


@pytest.mark.parametrize("field", ["facts", "facts.attached", "facts.inline"])
def test_a_principal_whose_policies_were_not_listed_may_be_anything(field: str) -> None:
    found = can(unknown=(field,))
    assert (found.cls, found.at_most, found.known) == (NONE, ADMIN, False)


def test_a_group_that_was_not_listed_may_give_anything() -> None:
    found = what_it_can_do(user(groups=("ghosts",)))
    assert (found.at_most, found.unresolved) == (ADMIN, ("group ghosts was not read",))


def test_a_lost_document_of_an_inline_policy_is_unresolved() -> None:
    text = policy(allow("s3:ListBucket", Sid="Lost"))
    one = role(inline=(inline("own", text),))
    assert privileges(an_account(one, lost=(text,)), a_context())[one.id].at_most is ADMIN


def test_everyone_who_may_act_gets_an_answer_whatever_the_order() -> None:
    people = [user("ada", allow("*")), role("app", allow("s3:GetObject")), role("none")]
    ahead, back = (privileges(an_account(*one), a_context()) for one in (people, people[::-1]))
    assert ahead == back
    assert sorted(ahead) == ["AIDAada", "AROAapp", "AROAnone"]


@pytest.mark.parametrize(
    ("statements", "bound"),
    [
        ([allow("s3:*", Condition={"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}})], True),
        ([allow("s3:*", Condition={"StringEquals": {"aws:sourceVpce": "vpce-1"}})], True),
        ([allow("s3:*", Condition={"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}})], False),
        ([allow("s3:*", Condition={"StringLike": {"aws:Referer": "https://x"}})], False),
        ([allow("s3:*", Condition={"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}), allow("sqs:*")], False),
        ([allow("s3:*"), deny("*", Condition={"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"},
                                              "Bool": {"aws:ViaAWSService": "false"}})], True),
        ([allow("s3:*"), deny("s3:*", Condition={"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}})], False),
        ([allow("s3:*"), deny("*", Condition={"StringNotEqualsIfExists": {"aws:SourceVpc": "vpc-1"}})], True),
    ],
)  # fmt: skip
def test_bound_to_a_network_is_who_may_act_from_named_networks_only(statements: list[Any], bound: bool) -> None:
    assert can(*statements).network_bound is bound


def test_writers_of_iam_held_to_a_boundary_are_told_from_those_who_are_not() -> None:
    held = {"StringEquals": {"iam:PermissionsBoundary": arn("policy", "fence")}}
    without = {"StringNotEquals": {"iam:PermissionsBoundary": arn("policy", "fence")}}
    writes = ("iam:CreateRole", "iam:PutRolePolicy")
    free = can(allow(*writes))
    assert (free.writes_iam, free.boundary_enforced, free.iam_actions) == (True, False, writes)
    assert can(allow(*writes, Condition=held)).boundary_enforced
    assert can(allow(*writes), deny("iam:*", Condition=without)).boundary_enforced
    assert not can(allow("iam:CreateRole", Condition=held), allow("iam:PutRolePolicy")).boundary_enforced
    assert can(allow("iam:CreateServiceLinkedRole", "iam:Get*", "iam:PassRole")).writes_iam is False


def test_duties_that_must_be_kept_apart_are_named_with_their_actions() -> None:
    found = can(allow("s3:PutObject", "s3:DeleteObjectVersion"))
    assert found.conflicts == ("produces evidence and can destroy it (s3:PutObject; s3:DeleteObjectVersion)",)
    assert can(allow("s3:PutObject", "s3:DeleteObjectVersion", on=BUCKET)).conflicts == ()
    assert len(can(allow("iam:PutUserPolicy", "cloudtrail:StopLogging")).conflicts) == 1


def test_a_source_that_was_not_read_whole_leaves_the_missing_targets_open() -> None:
    one = role("worker", allow("iam:PassRole", "ec2:RunInstances"))
    cells = {Collector.PRINCIPALS: CellStatus.PARTIAL}
    found = privileges(an_account(one, cells=cells), a_context())[one.id]
    assert (found.at_most, found.possible_paths) == (PRIVESC, ("ec2-001",))
    assert not found.known


def test_the_same_key_twice_in_a_policy_is_no_policy() -> None:
    text = '{"Statement": [{"Effect": "Deny", "Effect": "Allow", "Action": "*", "Resource": "*"}]}'
    assert json.loads(text)
    assert what_it_can_do(role(inline=(inline("twice", text),))).at_most is ADMIN
