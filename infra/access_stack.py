"""The people who come to the evidence: an auditor who reads until a date, who may put a legal hold, and who may answer.

All roles live in the evidence account. A policy names the account and the caller by `aws:PrincipalArn`, so that a
role that is made again is let in again and one that is not there yet stops no deployment.
"""

from datetime import timedelta
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from prooftrail import grants
from prooftrail.grants import Key, Statement

from .stage import Auditor, Stage

_ONE_HOUR = 3600
_READ_OBJECT = (
    "s3:GetObject",
    "s3:GetObjectAttributes",
    "s3:GetObjectLegalHold",
    "s3:GetObjectRetention",
    "s3:GetObjectVersion",
    "s3:GetObjectVersionAttributes",
)
_READ_BUCKET = (
    "s3:GetBucketLocation",
    "s3:GetBucketObjectLockConfiguration",
    "s3:GetBucketPolicy",
    "s3:GetBucketVersioning",
    "s3:GetReplicationConfiguration",
    "s3:ListBucket",
    "s3:ListBucketVersions",
)


class AccessStack(cdk.Stack):
    """Holds nothing but roles, each only if the stage names somebody for it; one that names nobody has no such stack."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage) -> None:
        env = cdk.Environment(account=stage.evidence_account, region=stage.region)
        super().__init__(scope, construct_id, env=env)
        if stage.auditor is not None:
            _role(self, stage, "Auditor", [_auditor_trust(stage, stage.auditor)], _auditing(stage, stage.auditor))
        if stage.legal_hold_principals:
            _role(self, stage, "LegalHold", _trusted(stage, stage.legal_hold_principals), _holding(stage))
        if stage.answerers:
            _role(self, stage, "Answer", _trusted(stage, stage.answerers), _answering(stage))


def _role(stack: cdk.Stack, stage: Stage, name: str, trust: list[Statement], allowed: list[Statement]) -> None:
    path, _, role_name = grants.role_path(stage.name, name).rpartition("/")
    iam.CfnRole(
        stack,
        name,
        path=f"/{path}/",
        role_name=role_name,
        max_session_duration=_ONE_HOUR,
        assume_role_policy_document=_document(trust),
        policies=[iam.CfnRole.PolicyProperty(policy_name=name, policy_document=_document(allowed))],
    )
    cdk.CfnOutput(stack, f"{name}Role", value=stage.role_arn(name))


def _auditor_trust(stage: Stage, auditor: Auditor) -> Statement:
    """One principal, with the external id, until the end of the last day. MFA is asked for where its session has one."""
    condition: dict[str, Any] = {
        "ArnEquals": {"aws:PrincipalArn": auditor.principal},
        "StringEquals": {"sts:ExternalId": auditor.external_id},
        "DateLessThan": _end(auditor),
    }
    if auditor.require_mfa:
        condition["Bool"] = {"aws:MultiFactorAuthPresent": "true"}
    return _trust("OnlyWhoIsNamed", auditor.principal.split(":")[4], stage, condition)


def _auditing(stage: Stage, auditor: Auditor) -> list[Statement]:
    """Everything that verifying needs, S3's own list of all versions among it; a session ends with the date too."""
    bucket, logs = (f"arn:{stage.partition}:s3:::{name}" for name in (stage.bucket, stage.logs_bucket))
    names = stage.names()
    keys = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": [names.alias(Key.SIGNING), names.alias(Key.WITNESS)]}}
    checks = ("kms:DescribeKey", "kms:GetPublicKey")
    found = [
        _allow("ReadsEvidence", _READ_OBJECT, f"{bucket}/*"),
        _allow("ListsEvidence", _READ_BUCKET, bucket),
        _allow("ReadsInventory", ("s3:GetObject",), f"{logs}/inventory/*"),
        _allow("ListsInventory", ("s3:ListBucket",), logs)
        | {"Condition": {"StringLike": {"s3:prefix": "inventory/*"}}},
        _allow("ChecksSignatures", checks, stage.arn("kms", stage.evidence_account, "key/*")) | {"Condition": keys},
    ]
    return [one | {"Condition": one.get("Condition", {}) | {"DateLessThan": _end(auditor)}} for one in found]


def _trusted(stage: Stage, principals: tuple[str, ...]) -> list[Statement]:
    """A user is let in with MFA alone. A role is not asked for it: no session of a role or of federation carries its mark,
    so that who takes such a role with MFA is for its own trust, or for the identity provider, to say.
    """
    with_mfa = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    found = []
    for sid, kind, asked in (("OnlyRolesThatAreNamed", "role", {}), ("OnlyUsersThatAreNamed", "user", with_mfa)):
        named = [one for one in principals if one.split(":", 5)[5].startswith(f"{kind}/")]
        if named:
            condition = {"ArnLike": {"aws:PrincipalArn": named}, **asked}
            found.append(_trust(sid, stage.evidence_account, stage, condition))
    return found


def _holding(stage: Stage) -> list[Statement]:
    """Puts a hold, releases it, and writes down who did and why. The chain tells what there is; no evidence is read."""
    bucket = f"arn:{stage.partition}:s3:::{stage.bucket}"
    read = ("s3:GetObjectRetention", "s3:GetObjectVersion")
    return [
        _allow("Holds", grants.LEGAL_HOLD, f"{bucket}/*"),
        _allow("ReadsChain", read, [f"{bucket}/chain/*", f"{bucket}/custody/*"]),
        _allow("FindsEvidence", ("s3:GetBucketObjectLockConfiguration", "s3:ListBucketVersions"), bucket),
        _allow("WritesCustody", ("s3:PutObject", "s3:PutObjectRetention"), f"{bucket}/custody/*"),
    ]


def _answering(stage: Stage) -> list[Statement]:
    """Reads what somebody is told of and who an owner is, and writes down who answered what and why."""
    return grants.sealed_statements(grants.ANSWERS, stage.names())


def _end(auditor: Auditor) -> dict[str, str]:
    """The last day counts as a whole, in UTC."""
    return {"aws:CurrentTime": f"{auditor.until + timedelta(days=1)}T00:00:00Z"}


def _trust(sid: str, account: str, stage: Stage, condition: dict[str, Any]) -> Statement:
    root = f"arn:{stage.partition}:iam::{account}:root"
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"AWS": root},
        "Action": "sts:AssumeRole",
        "Condition": condition,
    }


def _allow(sid: str, actions: tuple[str, ...], resource: str | list[str]) -> Statement:
    return {"Sid": sid, "Effect": "Allow", "Action": sorted(actions), "Resource": resource}


def _document(statements: list[Statement]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": statements}
