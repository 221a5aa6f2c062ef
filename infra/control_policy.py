"""The service control policy for the evidence and tooling accounts, which the management account attaches.

`python -m infra.control_policy` writes it to `docs/service-control-policy.json`. No stack applies it: it would have to
be deployed with the very power it takes away. It binds administrators and root users of the accounts, and not the
management account. Stages of all names are meant. What deploys is spared where a deployment needs it: CloudFormation's
execution role of `cdk bootstrap` changes what is deployed, the deploy role beside it hands that role to CloudFormation,
and StackSets make the member role and nothing else. Whoever can take the deploy role can therefore still deploy.
"""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from prooftrail.grants import Statement

PATH = Path(__file__).parent.parent / "docs" / "service-control-policy.json"
MOST_CHARACTERS = 5_120
"""AWS Organizations, "Quotas": the size of a service control policy, white space included."""

_EXECUTION = "arn:*:iam::*:role/cdk-*-cfn-exec-role-*"
_DEPLOY = "arn:*:iam::*:role/cdk-*-deploy-role-*"
_STACKSETS = "arn:*:iam::*:role/stacksets-exec-*"
_LANDING_ZONE = "arn:*:iam::*:role/AWSControlTowerExecution"
_NOTIFIERS = "arn:*:iam::*:role/prooftrail/Prooftrail-*-Notify"
_BUCKETS = "arn:*:s3:::prooftrail-*"
_ROLES = "arn:*:iam::*:role/prooftrail/"
_OUR_KEYS = {"ForAnyValue:StringLike": {"kms:ResourceAliases": "alias/prooftrail-*"}}
_NOT_READING = ["iam:Generate*", "iam:Get*", "iam:List*", "iam:Simulate*", "sts:*"]


def policy() -> dict[str, Any]:
    """The policy as AWS Organizations takes it."""
    return {"Version": "2012-10-17", "Statement": [*_for_everyone(), *_but_deployments(), *_who_deploys()]}


def document() -> str:
    """The policy as the file holds it: a statement a line, since each blank counts."""
    lines = ",\n".join(json.dumps(one, separators=(",", ":")) for one in policy()["Statement"])
    return f'{{"Version":"2012-10-17","Statement":[\n{lines}\n]}}\n'


def _for_everyone() -> list[Statement]:
    """What nobody does, deployments among them. To end a key the policy is detached first, for a stolen one too."""
    return [
        _deny("AccountsStay", ("account:CloseAccount", "organizations:LeaveOrganization"), "*"),
        _deny("BucketsStay", ("s3:DeleteBucket",), _BUCKETS),
        _deny(
            "EvidenceStays",
            ("s3:BypassGovernanceRetention", "s3:DeleteObject", "s3:DeleteObjectVersion"),
            [f"arn:*:s3:::prooftrail-*-{kind}-*/*" for kind in ("evidence", "logs")],
        ),
        _deny("KeysStay", ("kms:DisableKey", "kms:ScheduleKeyDeletion"), "*", _OUR_KEYS),
        _deny("LedgerStays", ("dynamodb:DeleteTable",), "arn:*:dynamodb:*:*:table/prooftrail-*"),
    ]


def _but_deployments() -> list[Statement]:
    """What only a deployment does. Reading a role and taking one stay with their own policies.

    Trails are the accounts' own and may be deployed there by others: by CDK, by StackSets or by a landing zone.
    """
    execution = _but(_EXECUTION)
    return [
        _deny(
            "TrailsStay",
            (
                "cloudtrail:DeleteTrail",
                "cloudtrail:PutEventSelectors",
                "cloudtrail:StopLogging",
                "cloudtrail:UpdateTrail",
            ),
            "*",
            _but(_EXECUTION, _STACKSETS, _LANDING_ZONE),
        ),
        _deny(
            "SettingsStay",
            (
                "s3:DeleteBucketPolicy",
                "s3:PutBucket*",
                "s3:PutEncryptionConfiguration",
                "s3:PutInventoryConfiguration",
                "s3:PutLifecycleConfiguration",
                "s3:PutReplicationConfiguration",
            ),
            _BUCKETS,
            execution,
        ),
        _deny("KeyPoliciesStay", ("kms:CreateGrant", "kms:PutKeyPolicy"), "*", _OUR_KEYS | execution),
        _deny("AliasesStay", ("kms:DeleteAlias", "kms:UpdateAlias"), "arn:*:kms:*:*:alias/prooftrail-*", execution),
        _deny(
            "BackupsStay",
            ("dynamodb:UpdateContinuousBackups", "dynamodb:UpdateTable"),
            "arn:*:dynamodb:*:*:table/prooftrail-*",
            execution,
        ),
        _deny(
            "RunsStay",
            (
                "cloudwatch:DeleteAlarms",
                "cloudwatch:DisableAlarmActions",
                "cloudwatch:PutMetricAlarm",
                "lambda:AddPermission",
                "lambda:DeleteFunction",
                "lambda:PutFunctionConcurrency",
                "lambda:PutFunctionEventInvokeConfig",
                "lambda:UpdateFunctionCode",
                "lambda:UpdateFunctionConfiguration",
                "scheduler:DeleteSchedule",
                "scheduler:DeleteScheduleGroup",
                "scheduler:UpdateSchedule",
                "states:DeleteStateMachine",
                "states:UpdateStateMachine",
            ),
            [
                "arn:*:cloudwatch:*:*:alarm:prooftrail-*",
                "arn:*:lambda:*:*:function:prooftrail-*",
                "arn:*:scheduler:*:*:schedule*/prooftrail-*",
                "arn:*:states:*:*:stateMachine:prooftrail-*",
            ],
            execution,
        ),
        _deny(
            "OwnersMailStays",
            ("sns:AddPermission", "sns:SetTopicAttributes", "sns:Subscribe"),
            "arn:*:sns:*:*:prooftrail-*-owner-*",
            _but(_NOTIFIERS),
        ),
        _deny_but("RolesStay", _NOT_READING, f"{_ROLES}Prooftrail-*", execution),
        _deny_but("OtherRolesStay", _NOT_READING, f"{_ROLES}*", _but(_EXECUTION, _STACKSETS)),
    ]


def _who_deploys() -> list[Statement]:
    """How CloudFormation is brought to change it: by the deploy role, which hands it the execution role.

    A stack keeps the role it was last given, so that updating one of ours is denied beside passing the role.
    `cdk bootstrap` makes these roles: attach the policy after it, and detach it to upgrade.
    """
    return [
        _deny("OnlyDeploysPass", ("iam:PassRole",), _EXECUTION, _but(_DEPLOY)),
        _deny(
            "StacksStay",
            (
                "cloudformation:CreateChangeSet",
                "cloudformation:CreateStack",
                "cloudformation:DeleteStack",
                "cloudformation:ExecuteChangeSet",
                "cloudformation:UpdateStack",
                "cloudformation:UpdateTerminationProtection",
            ),
            "arn:*:cloudformation:*:*:stack/Prooftrail-*",
            _but(_DEPLOY),
        ),
        _deny(
            "DeployersStay",
            ("iam:AttachRolePolicy", "iam:CreateRole", "iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy"),
            [_EXECUTION, _DEPLOY, _STACKSETS],
            _but(_EXECUTION),
        ),
    ]


def _but(*spared: str) -> dict[str, Any]:
    return {"ArnNotLike": {"aws:PrincipalArn": list(spared) if len(spared) > 1 else spared[0]}}


def _deny(
    sid: str, actions: Iterable[str], resource: str | Iterable[str], condition: dict[str, Any] | None = None
) -> Statement:
    where = resource if isinstance(resource, str) else list(resource)
    found = {"Sid": sid, "Effect": "Deny", "Action": sorted(actions), "Resource": where}
    return found | ({"Condition": condition} if condition else {})


def _deny_but(sid: str, spared: list[str], resource: str, condition: dict[str, Any]) -> Statement:
    return {"Sid": sid, "Effect": "Deny", "NotAction": spared, "Resource": resource, "Condition": condition}


if __name__ == "__main__":
    PATH.write_text(document(), encoding="utf-8")
    sys.stdout.write(f"{PATH.name}: {len(document()):,} of {MOST_CHARACTERS:,} characters\n")
