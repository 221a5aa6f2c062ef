"""The keys' own policies: one role uses a key, others look after it, and no administrator can do both.

The account as principal hands administration to its IAM policies, so that no key is lost with a role; what nobody but
one role may do is denied to all others here, which no IAM policy and no grant of a key can undo. CloudFormation's role
is spared from the denial of PutKeyPolicy: KMS refuses a policy that shuts out whoever sets it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from prooftrail.grants import USES, Key, Role, Statement

from .deployer import deployer_arn
from .stage import Stage

_ADMINISTRATION = (
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:GetPublicKey",
    "kms:ListAliases",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:RevokeGrant",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
)
"""Everything a key needs in its life; no use of it, and no CreateGrant, which would lend the use to somebody."""

_ENDS = ("kms:DisableKey", "kms:ScheduleKeyDeletion")
_TURNS = ("kms:CreateGrant", "kms:DeleteAlias", "kms:PutKeyPolicy", "kms:UpdateAlias")
_CHECKS = ("kms:DescribeKey", "kms:GetPublicKey", "kms:Verify")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Keepers:
    """Who looks after a key: its account, named administrators of it, the account's root user, and CloudFormation."""

    account: str
    administrators: tuple[str, ...]
    root_user: str
    deployer: str

    @classmethod
    def of(cls, stack: cdk.Stack, stage: Stage) -> "_Keepers":
        account = stack.account
        start = f"arn:{stage.partition}:iam::{account}:"
        named = tuple(one for one in stage.key_administrators if one.startswith(start))
        root = f"{start}root"
        return cls(account=root, administrators=named, root_user=root, deployer=deployer_arn(stack, stage))


def signing_policy(stack: cdk.Stack, stage: Stage, key: Key) -> iam.PolicyDocument:
    """Of a key that signs: only its role signs, and everybody in the organization may check a signature."""
    found = [*_kept(stack, stage), *_used(stage, key, "kms:Sign"), *_checked(stage)]
    return _document(found)


def fingerprint_policy(stack: cdk.Stack, stage: Stage) -> iam.PolicyDocument:
    """Of the key that pseudonyms are keyed with: only the roles that write evidence ask for its code."""
    return _document([*_kept(stack, stage), *_used(stage, Key.FINGERPRINTS, "kms:GenerateMac")])


def notices_policy(stack: cdk.Stack, stage: Stage) -> iam.PolicyDocument:
    """Of the key that notices are encrypted with: alarms may send, and principals of the account through SNS.

    With SES its events may too. Topics that are encrypted with it deliver to the queue of receipts by SNS's own right.
    """
    use = ["kms:Decrypt", "kms:GenerateDataKey*"]
    services = ["cloudwatch.amazonaws.com", *(["ses.amazonaws.com"] if stage.notices.notifier == "ses" else [])]
    senders = {"Service": services if len(services) > 1 else services[0]}
    through = {"kms:ViaService": f"sns.{stage.region}.{_suffix(stage)}", "kms:CallerAccount": stage.tooling_account}
    account = f"arn:{stage.partition}:iam::{stage.tooling_account}:root"
    own = {"StringEquals": {"aws:SourceAccount": stage.tooling_account}}
    return _document(
        [
            *_kept(stack, stage),
            _statement("Allow", "AlarmsAreSent", senders, use, own),
            _statement("Allow", "NoticesAreSent", {"AWS": account}, use, {"StringEquals": through}),
        ]
    )


def _kept(stack: cdk.Stack, stage: Stage) -> list[Statement]:
    """Administration. Named administrators, where there are any, are the only ones to end a key.

    Without them that is the account's root user, who in either case may mend a policy: the way back after a mistake.
    """
    keepers = _Keepers.of(stack, stage)
    enders = list(keepers.administrators) or [keepers.root_user]
    turners = [*keepers.administrators, keepers.root_user, keepers.deployer]
    return [
        _statement("Allow", "TheAccountKeepsTheKey", {"AWS": keepers.account}, _ADMINISTRATION, None),
        _statement("Deny", "OnlyAdministratorsEndIt", {"AWS": "*"}, _ENDS, _but(enders)),
        _statement("Deny", "OnlyAdministratorsAndDeploymentsTurnIt", {"AWS": "*"}, _TURNS, _but(turners)),
    ]


def _used(stage: Stage, key: Key, action: str) -> list[Statement]:
    """The one use of a key, for the roles that `grants` says, and for nobody else."""
    names = stage.names()
    users = [role for role in Role if action in USES[role].keys.get(key, ())]
    arns = [names.role_arn(role) for role in users]
    accounts = sorted({f"arn:{stage.partition}:iam::{arn.split(':')[4]}:root" for arn in arns})
    allowed = {"ArnEquals": {"aws:PrincipalArn": arns}}
    return [
        _statement("Allow", "OnlyItsRolesUseIt", {"AWS": accounts}, (action,), allowed),
        _statement("Deny", "NobodyElseUsesIt", {"AWS": "*"}, (action,), _but(arns)),
    ]


def _checked(stage: Stage) -> list[Statement]:
    accounts = sorted({stage.evidence_account, stage.tooling_account})
    roots = [f"arn:{stage.partition}:iam::{one}:root" for one in accounts]
    found = [_statement("Allow", "BothAccountsCheckIt", {"AWS": roots}, _CHECKS, None)]
    if stage.organization_id is not None:
        inside = {"StringEquals": {"aws:PrincipalOrgID": stage.organization_id}}
        found.append(_statement("Allow", "TheOrganizationChecksIt", {"AWS": "*"}, _CHECKS, inside))
    return found


def _suffix(stage: Stage) -> str:
    return "amazonaws.com.cn" if stage.partition == "aws-cn" else "amazonaws.com"


def _but(arns: Iterable[str]) -> dict[str, Any]:
    return {"ArnNotLike": {"aws:PrincipalArn": list(arns)}}


def _statement(
    effect: str, sid: str, principal: dict[str, Any], actions: Iterable[str], condition: dict[str, Any] | None
) -> Statement:
    found = {"Sid": sid, "Effect": effect, "Principal": principal, "Action": sorted(actions), "Resource": "*"}
    return found | ({"Condition": condition} if condition else {})


def _document(found: list[Statement]) -> iam.PolicyDocument:
    return iam.PolicyDocument.from_json({"Version": "2012-10-17", "Statement": found})
