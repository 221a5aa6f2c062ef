"""The service control policy: the file is what the code gives, fits, and takes away what it names."""

import json

import pytest

from infra import control_policy
from prooftrail.grants import Role

from .policy_engine import Request, denied
from .stages import EVIDENCE, TOOLING, a_stage

STAGE = a_stage()
NAMES = STAGE.names()
ADMIN = f"arn:aws:iam::{EVIDENCE}:role/Admin"
ROOT_USER = f"arn:aws:iam::{EVIDENCE}:root"
DEPLOYER = f"arn:aws:iam::{EVIDENCE}:role/cdk-hnb659fds-cfn-exec-role-{EVIDENCE}-eu-central-1"
DEPLOY = f"arn:aws:iam::{EVIDENCE}:role/cdk-hnb659fds-deploy-role-{EVIDENCE}-eu-central-1"
STACKSETS = f"arn:aws:iam::{TOOLING}:role/stacksets-exec-0123456789abcdef"
LANDING_ZONE = f"arn:aws:iam::{TOOLING}:role/AWSControlTowerExecution"
BUCKET = f"arn:aws:s3:::{STAGE.bucket}"
OWNERS_TOPIC = f"arn:aws:sns:eu-central-1:{TOOLING}:{STAGE.topic_prefix}-{'0' * 32}"
KEY = f"arn:aws:kms:eu-central-1:{EVIDENCE}:key/1"
TABLE = NAMES.table_arn
FUNCTION = f"arn:aws:lambda:eu-central-1:{TOOLING}:function:prooftrail-prod-close-run"
SEAL = NAMES.role_arn(Role.SEAL)
READER = f"arn:aws:iam::{TOOLING}:role/{STAGE.role_name}"
STACK = f"arn:aws:cloudformation:eu-central-1:{TOOLING}:stack/Prooftrail-prod-Scanner/0a1b"
TRAIL = f"arn:aws:cloudtrail:eu-central-1:{EVIDENCE}:trail/main"
MACHINE = f"arn:aws:states:eu-central-1:{TOOLING}:stateMachine:prooftrail-prod-run"
SCHEDULE = f"arn:aws:scheduler:eu-central-1:{TOOLING}:schedule/prooftrail-prod/tick"
GROUP = f"arn:aws:scheduler:eu-central-1:{TOOLING}:schedule-group/prooftrail-prod"
ALARM = f"arn:aws:cloudwatch:eu-central-1:{TOOLING}:alarm:prooftrail-prod-run-not-sealed"
ALIAS = f"arn:aws:kms:eu-central-1:{EVIDENCE}:alias/prooftrail-prod-signing"
OURS = {"kms:ResourceAliases": ["alias/prooftrail-prod-signing"]}

NEVER = [
    ("organizations:LeaveOrganization", "*"),
    ("account:CloseAccount", "*"),
    ("s3:DeleteBucket", BUCKET),
    ("s3:DeleteObject", f"{BUCKET}/raw/a"),
    ("s3:DeleteObjectVersion", f"{BUCKET}/raw/a"),
    ("s3:BypassGovernanceRetention", f"{BUCKET}/raw/a"),
    ("s3:DeleteObjectVersion", f"arn:aws:s3:::{STAGE.logs_bucket}/evidence/a"),
    ("kms:ScheduleKeyDeletion", KEY),
    ("kms:DisableKey", KEY),
    ("dynamodb:DeleteTable", TABLE),
]
BY_DEPLOYMENT = [
    ("s3:DeleteBucketPolicy", BUCKET),
    ("s3:PutBucketPolicy", BUCKET),
    ("s3:PutBucketObjectLockConfiguration", BUCKET),
    ("s3:PutBucketVersioning", BUCKET),
    ("s3:PutBucketPublicAccessBlock", BUCKET),
    ("s3:PutLifecycleConfiguration", BUCKET),
    ("s3:PutReplicationConfiguration", BUCKET),
    ("kms:PutKeyPolicy", KEY),
    ("kms:CreateGrant", KEY),
    ("kms:UpdateAlias", ALIAS),
    ("kms:DeleteAlias", ALIAS),
    ("dynamodb:UpdateContinuousBackups", TABLE),
    ("dynamodb:UpdateTable", TABLE),
    ("lambda:UpdateFunctionCode", FUNCTION),
    ("lambda:UpdateFunctionConfiguration", FUNCTION),
    ("lambda:AddPermission", FUNCTION),
    ("lambda:DeleteFunction", FUNCTION),
    ("lambda:PutFunctionConcurrency", FUNCTION),
    ("lambda:PutFunctionEventInvokeConfig", FUNCTION),
    ("scheduler:UpdateSchedule", SCHEDULE),
    ("scheduler:DeleteSchedule", SCHEDULE),
    ("scheduler:DeleteScheduleGroup", GROUP),
    ("states:UpdateStateMachine", MACHINE),
    ("states:DeleteStateMachine", MACHINE),
    ("cloudwatch:DeleteAlarms", ALARM),
    ("cloudwatch:DisableAlarmActions", ALARM),
    ("cloudwatch:PutMetricAlarm", ALARM),
    ("iam:PassRole", SEAL),
    ("iam:CreateRole", SEAL),
    ("iam:DeleteRole", SEAL),
    ("iam:PutRolePolicy", SEAL),
    ("iam:AttachRolePolicy", SEAL),
    ("iam:UpdateAssumeRolePolicy", SEAL),
    ("iam:CreateRole", DEPLOYER),
    ("iam:UpdateAssumeRolePolicy", DEPLOYER),
    ("iam:UpdateAssumeRolePolicy", STACKSETS),
    ("iam:CreateRole", DEPLOY),
    ("iam:UpdateAssumeRolePolicy", DEPLOY),
]
BY_THE_DEPLOY_ROLE = [
    ("iam:PassRole", DEPLOYER),
    ("cloudformation:CreateStack", STACK),
    ("cloudformation:CreateChangeSet", STACK),
    ("cloudformation:ExecuteChangeSet", STACK),
    ("cloudformation:UpdateStack", STACK),
    ("cloudformation:DeleteStack", STACK),
    ("cloudformation:UpdateTerminationProtection", STACK),
]
TRAILS = [f"cloudtrail:{one}" for one in ("DeleteTrail", "PutEventSelectors", "StopLogging", "UpdateTrail")]
LEFT_ALONE = [
    ("iam:GetRole", SEAL),
    ("iam:ListRolePolicies", SEAL),
    ("sts:AssumeRole", SEAL),
    ("s3:PutObject", f"{BUCKET}/raw/a"),
    ("s3:DeleteObject", f"arn:aws:s3:::{STAGE.work_bucket}/a"),
    ("s3:DeleteBucket", "arn:aws:s3:::somebody-elses"),
    ("s3:PutBucketPolicy", "arn:aws:s3:::somebody-elses"),
    ("iam:CreateRole", f"arn:aws:iam::{TOOLING}:role/application/Worker"),
    ("lambda:UpdateFunctionCode", f"arn:aws:lambda:eu-central-1:{TOOLING}:function:somebody-elses"),
    ("dynamodb:PutItem", TABLE),
    ("kms:Sign", KEY),
    ("cloudformation:UpdateStack", STACK.replace("Prooftrail-prod-Scanner", "somebody-elses")),
    ("cloudformation:DescribeStacks", STACK),
    ("sts:AssumeRole", DEPLOY),
    ("states:StartExecution", MACHINE),
    ("states:RedriveExecution", MACHINE),
    ("lambda:InvokeFunction", FUNCTION),
    ("scheduler:UpdateSchedule", SCHEDULE.replace("prooftrail-prod", "somebody-elses")),
]


def stopped(by: str, action: str, on: str) -> bool:
    keys = OURS if action.startswith("kms:") and on == KEY else {}
    return bool(denied(control_policy.policy(), Request(by=by, action=action, on=on, keys=keys)))


@pytest.mark.parametrize(("action", "on"), NEVER)
@pytest.mark.parametrize("by", [ADMIN, ROOT_USER, DEPLOYER, DEPLOY, STACKSETS])
def test_nobody_does_what_ends_evidence(by: str, action: str, on: str) -> None:
    assert stopped(by, action, on)


@pytest.mark.parametrize(("action", "on"), BY_DEPLOYMENT)
def test_what_a_deployment_does_nobody_else_does(action: str, on: str) -> None:
    others = (ADMIN, ROOT_USER, SEAL, DEPLOY, STACKSETS, LANDING_ZONE)
    assert {by: stopped(by, action, on) for by in others} == dict.fromkeys(others, True)
    assert not stopped(DEPLOYER, action, on)


@pytest.mark.parametrize(("action", "on"), BY_THE_DEPLOY_ROLE)
def test_only_the_deploy_role_brings_cloudformation_to_change_a_stack_of_ours(action: str, on: str) -> None:
    """Otherwise whoever may pass the execution role, or update a stack that has it, changes what it alone may change."""
    others = (ADMIN, ROOT_USER, SEAL, STACKSETS, DEPLOYER)
    assert {by: stopped(by, action, on) for by in others} == dict.fromkeys(others, True)
    assert not stopped(DEPLOY, action, on)


@pytest.mark.parametrize("action", ["sns:Subscribe", "sns:SetTopicAttributes", "sns:AddPermission"])
def test_nobody_listens_in_on_an_owners_topic(action: str) -> None:
    """Who may subscribe to it reads what the owner is told."""
    notifier = NAMES.role_arn(Role.NOTIFY)
    by_hand = (ADMIN, ROOT_USER, SEAL, DEPLOY, DEPLOYER, notifier.replace("Notify", "Notify2"))
    assert {by: stopped(by, action, OWNERS_TOPIC) for by in by_hand} == dict.fromkeys(by_hand, True)
    assert not stopped(notifier, action, OWNERS_TOPIC)
    assert not stopped(ADMIN, action, OWNERS_TOPIC.replace("-owner-", "-payroll-"))
    assert not stopped(ADMIN, "sns:DeleteTopic", OWNERS_TOPIC)  # or a stage could not be taken away


@pytest.mark.parametrize("action", ["iam:CreateRole", "iam:PutRolePolicy", "iam:DeleteRole"])
def test_stack_sets_make_the_member_role_and_no_other_of_ours(action: str) -> None:
    assert [stopped(by, action, READER) for by in (ADMIN, DEPLOY, STACKSETS, DEPLOYER)] == [True, True, False, False]
    assert [stopped(STACKSETS, action, NAMES.role_arn(role)) for role in Role] == [True] * len(Role)
    for name in ("Auditor", "LegalHold", "Answer", "Replication"):
        assert stopped(STACKSETS, action, STAGE.role_arn(name))


@pytest.mark.parametrize("action", TRAILS)
def test_trails_change_by_whatever_deploys_them_and_not_by_hand(action: str) -> None:
    by_hand, deployed = (ADMIN, ROOT_USER, SEAL, DEPLOY), (DEPLOYER, STACKSETS, LANDING_ZONE)
    assert [stopped(by, action, TRAIL) for by in by_hand] == [True] * 4
    assert [stopped(by, action, TRAIL) for by in deployed] == [False] * 3


@pytest.mark.parametrize(("action", "on"), LEFT_ALONE)
def test_the_rest_of_the_account_works_on(action: str, on: str) -> None:
    assert not stopped(ADMIN, action, on)


def test_keys_of_others_are_not_touched() -> None:
    for keys in ({"kms:ResourceAliases": ["alias/payroll"]}, {}):
        request = Request(by=ADMIN, action="kms:ScheduleKeyDeletion", on=KEY, keys=keys)
        assert denied(control_policy.policy(), request) == set()


def test_every_statement_denies_and_has_a_name_of_its_own() -> None:
    statements = control_policy.policy()["Statement"]
    assert {one["Effect"] for one in statements} == {"Deny"}
    assert len({one["Sid"] for one in statements}) == len(statements)


def test_the_file_is_what_the_code_gives_and_fits() -> None:
    text = control_policy.PATH.read_text(encoding="utf-8")
    assert text == control_policy.document(), "run `python -m infra.control_policy`"
    assert json.loads(text) == control_policy.policy()
    assert len(text) <= control_policy.MOST_CHARACTERS == 5_120
