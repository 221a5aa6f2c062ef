"""The service control policy for the evidence and tooling accounts, which the management account attaches.

`python -m infra.control_policy` writes it to `docs/service-control-policy.json`. No stack applies it: it would have to
be deployed with the very power it takes away. It binds administrators and root users of the accounts, and not the
management account. Stages of all names are meant. What deploys is spared where a deployment needs it: CloudFormation's
execution role of `cdk bootstrap`, and StackSets where they make the member role.
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

_DEPLOYERS = ("arn:*:iam::*:role/cdk-*-cfn-exec-role-*", "arn:*:iam::*:role/stacksets-exec-*")
_BUCKETS = ("arn:*:s3:::prooftrail-*",)


def policy() -> dict[str, Any]:
    """The policy as AWS Organizations takes it."""
    return {"Version": "2012-10-17", "Statement": [*_for_everyone(), *_but_deployments()]}


def document() -> str:
    """The policy as the file holds it: a statement a line, since each blank counts."""
    lines = ",\n".join(json.dumps(one, separators=(",", ":")) for one in policy()["Statement"])
    return f'{{"Version":"2012-10-17","Statement":[\n{lines}\n]}}\n'


def _for_everyone() -> list[Statement]:
    """What nobody does, deployments among them."""
    return [
        _deny("AccountsStay", ("account:CloseAccount", "organizations:LeaveOrganization"), "*"),
        _deny("BucketsStay", ("s3:DeleteBucket",), _BUCKETS),
        _deny(
            "EvidenceStays",
            ("s3:BypassGovernanceRetention", "s3:DeleteObject", "s3:DeleteObjectVersion"),
            [f"arn:*:s3:::prooftrail-*-{kind}-*/*" for kind in ("evidence", "logs")],
        ),
        _deny(
            "KeysStay",
            ("kms:DisableKey", "kms:ScheduleKeyDeletion"),
            "*",
            {"ForAnyValue:StringLike": {"kms:ResourceAliases": "alias/prooftrail-*"}},
        ),
        _deny(
            "TrailsStay",
            (
                "cloudtrail:DeleteTrail",
                "cloudtrail:PutEventSelectors",
                "cloudtrail:StopLogging",
                "cloudtrail:UpdateTrail",
            ),
            "*",
        ),
        _deny("LedgerStays", ("dynamodb:DeleteTable",), "arn:*:dynamodb:*:*:table/prooftrail-*"),
    ]


def _but_deployments() -> list[Statement]:
    """What only a deployment does. Reading a role and taking one stay with their own policies.

    `cdk bootstrap` makes one of the roles that are spared: attach the policy after it, and detach it to upgrade.
    """
    spared = {"ArnNotLike": {"aws:PrincipalArn": list(_DEPLOYERS)}}
    aliases = {"ForAnyValue:StringLike": {"kms:ResourceAliases": "alias/prooftrail-*"}}
    return [
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
            spared,
        ),
        _deny("KeyPoliciesStay", ("kms:CreateGrant", "kms:PutKeyPolicy"), "*", aliases | spared),
        _deny("AliasesStay", ("kms:DeleteAlias", "kms:UpdateAlias"), "arn:*:kms:*:*:alias/prooftrail-*", spared),
        _deny(
            "BackupsStay",
            ("dynamodb:UpdateContinuousBackups", "dynamodb:UpdateTable"),
            "arn:*:dynamodb:*:*:table/prooftrail-*",
            spared,
        ),
        _deny(
            "CodeStays",
            (
                "lambda:AddPermission",
                "lambda:DeleteFunction",
                "lambda:UpdateFunctionCode",
                "lambda:UpdateFunctionConfiguration",
            ),
            "arn:*:lambda:*:*:function:prooftrail-*",
            spared,
        ),
        {
            "Sid": "RolesStay",
            "Effect": "Deny",
            "NotAction": ["iam:Generate*", "iam:Get*", "iam:List*", "iam:Simulate*", "sts:*"],
            "Resource": "arn:*:iam::*:role/prooftrail/*",
            "Condition": spared,
        },
        _deny(
            "DeployersStay",
            ("iam:AttachRolePolicy", "iam:CreateRole", "iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy"),
            list(_DEPLOYERS),
            spared,
        ),
    ]


def _deny(
    sid: str, actions: Iterable[str], resource: str | Iterable[str], condition: dict[str, Any] | None = None
) -> Statement:
    where = resource if isinstance(resource, str) else list(resource)
    found = {"Sid": sid, "Effect": "Deny", "Action": sorted(actions), "Resource": where}
    return found | ({"Condition": condition} if condition else {})


if __name__ == "__main__":
    PATH.write_text(document(), encoding="utf-8")
    sys.stdout.write(f"{PATH.name}: {len(document()):,} of {MOST_CHARACTERS:,} characters\n")
