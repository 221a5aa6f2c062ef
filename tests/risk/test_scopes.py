"""What a resource pattern can be about: the action's own service, and of IAM the account and the sort."""

from typing import Any

import pytest

from prooftrail.model.judgement import PrivilegeClass
from prooftrail.risk.privilege import Privilege
from tests.builders.judging_privileges import allow, arn, inline, role, user, what_it_can_do
from tests.builders.times import ACCOUNT, MEMBER

PRIVESC, ADMIN, POLICIES = PrivilegeClass.PRIVESC, PrivilegeClass.ADMIN, PrivilegeClass.RESOURCE_POLICY_WRITE
KEYS = ("iam:CreateAccessKey", "iam:UpdateAccessKey", "iam:DeactivateMFADevice", "iam:UploadSSHPublicKey")


def can(*statements: Any) -> Privilege:
    return what_it_can_do(role("worker", *statements))


@pytest.mark.parametrize(
    "resource",
    [
        f"arn:aws:sqs:eu-west-1:{ACCOUNT}:*",
        f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/*",
        arn("mfa", "*"),
        arn("server-certificate", "*"),
        f"arn:aws:iam::{MEMBER}:*",
    ],
)
@pytest.mark.parametrize("actions", ["*", "iam:*"])
def test_everything_on_what_is_no_user_role_group_or_policy_of_the_account_writes_no_iam(
    actions: str, resource: str
) -> None:
    found = can(allow(actions, on=resource))
    assert (found.cls in (ADMIN, PRIVESC), found.writes_iam) == (False, False)


@pytest.mark.parametrize("resource", ["*", "arn:aws:iam::*", f"arn:aws:iam::{ACCOUNT}:*", "arn:*:*:*:*:*"])
def test_everything_on_all_of_iam_is_an_administrator(resource: str) -> None:
    assert can(allow("iam:*", on=resource)).cls is ADMIN


def test_instance_profiles_alone_make_nobody_an_administrator() -> None:
    found = can(allow("iam:*", on=arn("instance-profile", "*")))
    assert (found.cls is ADMIN, found.iam_actions) == (
        False,
        (
            "iam:AddRoleToInstanceProfile",
            "iam:CreateInstanceProfile",
            "iam:DeleteInstanceProfile",
            "iam:RemoveRoleFromInstanceProfile",
        ),
    )


def test_objects_of_every_bucket_are_without_a_limit_however_the_pattern_is_written() -> None:
    for resource in ("arn:aws:s3:::?*/*", "arn:aws:s3:::???*/?*"):
        assert can(allow("s3:GetObject", on=resource)).cls is PrivilegeClass.SENSITIVE_DATA
    for resource in ("arn:aws:s3:::????*/*", "arn:aws:s3:::a?*/*", "arn:aws:sqs:*:*:*"):
        assert can(allow("s3:GetObject", on=resource)).cls is not PrivilegeClass.SENSITIVE_DATA


@pytest.mark.parametrize(
    "action",
    [
        "iam:UpdateSAMLProvider", "iam:AddClientIDToOpenIDConnectProvider", "iam:DetachRolePolicy",
        "iam:DeleteRolePolicy", "iam:DeletePolicy", "iam:UpdateAccessKey", "iam:DeactivateMFADevice",
        "iam:UpdateAccountPasswordPolicy", "iam:CreatePolicy",
    ],
)  # fmt: skip
def test_whoever_may_write_anything_of_iam_writes_iam(action: str) -> None:
    found = can(allow(action))
    assert (found.writes_iam, found.iam_actions) == (True, (action,))


@pytest.mark.parametrize("action", ["iam:TagRole", "iam:ChangePassword", "iam:CreateServiceLinkedRole", "iam:PassRole"])
def test_labels_an_own_password_and_what_aws_writes_are_no_writing_of_iam(action: str) -> None:
    assert can(allow(action)).writes_iam is False


@pytest.mark.parametrize(
    "on", [arn("user", "${aws:username}"), "arn:aws:iam::*:user/${aws:username}", arn("user", "ada")]
)
def test_a_user_that_keeps_its_own_keys_and_devices_writes_no_iam(on: str) -> None:
    found = what_it_can_do(user("ada", allow(*KEYS, on=on)))
    assert (found.writes_iam, found.paths) == (False, ())
    assert what_it_can_do(user("bob", allow(*KEYS, on=arn("user", "ada")))).writes_iam is True


def test_a_principal_that_writes_its_own_policies_writes_iam() -> None:
    found = what_it_can_do(role("worker", allow("iam:PutRolePolicy", on=arn("role", "worker"))))
    assert (found.cls, found.writes_iam) == (PRIVESC, True)


@pytest.mark.parametrize("version", ['"Version": "2008-10-17", ', ""])
def test_a_variable_is_plain_text_in_a_policy_that_is_not_of_2012(version: str) -> None:
    own = arn("user", "${aws:username}")
    text = (
        f'{{{version}"Statement": [{{"Effect": "Allow", "Action": "iam:PutUserPolicy", "Resource": "*"}}, '
        f'{{"Effect": "Deny", "Action": "iam:PutUserPolicy", "Resource": "{own}"}}]}}'
    )
    assert what_it_can_do(user("ada", inline=(inline("old", text),))).cls is PRIVESC
    new = text.replace('{"Statement', '{"Version": "2012-10-17", "Statement').replace("2008-10-17", "2012-10-17")
    assert what_it_can_do(user("ada", inline=(inline("new", new),))).cls is POLICIES


def test_a_variable_that_is_absent_means_its_default() -> None:
    def writes(variable: str) -> Any:
        return allow("iam:PutRolePolicy", on=arn("role", variable))

    assert what_it_can_do(role("worker", writes("${aws:username, 'worker'}"))).cls is PRIVESC
    assert what_it_can_do(role("worker", writes("${aws:username, 'other'}"))).cls is POLICIES
    assert what_it_can_do(role("worker", writes("${aws:username}"))).cls is PrivilegeClass.NONE


def test_the_root_session_of_another_account_is_a_credential_of_somebody_else() -> None:
    assert can(allow("sts:AssumeRoot")).cls is PrivilegeClass.CREDENTIAL_ACCESS
