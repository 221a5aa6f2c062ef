"""Managed policies: the account's own, and AWS's, which every account may read whether attached or not."""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, ManagedPolicy, PolicyVersion

from prooftrail.demo.mends.call import Answer, Call, Refusal, page_by_marker
from prooftrail.demo.mends.caller import iam_of
from prooftrail.demo.mends.iam_lists import under

_A_REGION = {"aws-us-gov": "us-gov-west-1", "aws-cn": "cn-north-1"}


@cache
def _published() -> Mapping[str, Any]:
    """AWS's own managed policies by name, as published with moto."""
    published: dict[str, Any] = json.loads(aws_managed_policies_data)
    return published


@cache
def _document(name: str) -> str:
    """One text for all accounts: some of these documents have 150 KB."""
    return json.dumps(_published()[name]["Document"])


def aws_managed_policy(name: str, account: str, partition: str) -> ManagedPolicy:
    """A copy of one AWS-managed policy for one account: attachments are counted per account."""
    data = _published()[name]
    policy = AWSManagedPolicy(  # type: ignore[abstract]  # so moto itself makes it
        name,
        account_id=account,
        region=_A_REGION.get(partition, "us-east-1"),
        default_version_id=data["DefaultVersionId"],
        path=data["Path"],
        document=_document(name),
        create_date=datetime.fromisoformat(data["CreateDate"]),
        update_date=datetime.fromisoformat(data["UpdateDate"]),
    )
    policy.id = "ANPA" + sha256(name.encode()).hexdigest()[:17].upper()
    return policy


@cache
def _aws_managed(partition: str) -> Mapping[str, ManagedPolicy]:
    policies = (aws_managed_policy(name, "aws", partition) for name in _published())
    return {policy.arn: policy for policy in policies}


def policy_row(policy: ManagedPolicy, *, attachments: int, as_boundary: int) -> dict[str, Any]:
    """A managed policy without its documents."""
    return {
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": policy.default_version_id,
        "AttachmentCount": attachments,
        "PermissionsBoundaryUsageCount": as_boundary,
        "IsAttachable": True,
        "CreateDate": policy.create_date,
        "UpdateDate": policy.update_date,
    }


def version_row(version: PolicyVersion) -> dict[str, Any]:
    """One version with its document, percent-encoded as IAM sends it."""
    return {
        "Document": quote(version.document),
        "VersionId": version.version_id,
        "IsDefaultVersion": version.is_default,
        "CreateDate": version.create_date,
    }


def as_boundary(call: Call, arn: str) -> int:
    """How many users and roles of the account have this policy as their boundary."""
    roles = iam_of(call.account, call.partition).roles.values()
    users = call.world.beyond(call.account).user_boundaries.values()
    return sum(role.permissions_boundary_arn == arn for role in roles) + sum(bound == arn for bound in users)


def _policy(call: Call) -> ManagedPolicy:
    arn = call.params["PolicyArn"]
    held = iam_of(call.account, call.partition).managed_policies.get(arn) or _aws_managed(call.partition).get(arn)
    if held is None:
        raise Refusal("NoSuchEntity", f"Policy {arn} was not found.")
    return held


def _get_policy(call: Call) -> Mapping[str, Any]:
    policy = _policy(call)
    row = policy_row(policy, attachments=policy.attachment_count, as_boundary=as_boundary(call, policy.arn))
    return {"Policy": row | {"Description": policy.description or None, "Tags": policy.get_tags() or None}}


def _get_policy_version(call: Call) -> Mapping[str, Any]:
    wanted = call.params["VersionId"]
    for version in _policy(call).versions:
        if version.version_id == wanted:
            return {"PolicyVersion": version_row(version)}
    raise Refusal(
        "NoSuchEntity", f"Policy {call.params['PolicyArn']} version {wanted} does not exist or is not attachable."
    )


def _list_policies(call: Call) -> Mapping[str, Any]:
    held = iam_of(call.account, call.partition).managed_policies
    known = {**_aws_managed(call.partition), **held}
    scope, attached = call.params.get("Scope") or "All", bool(call.params.get("OnlyAttached"))
    wanted = [
        policy
        for policy in under(call, known.values())
        if scope == "All" or isinstance(policy, AWSManagedPolicy) == (scope == "AWS")
        if policy.attachment_count or not attached
    ]
    page, paging = page_by_marker(call, wanted, lambda policy: policy.arn)
    rows = [policy_row(p, attachments=p.attachment_count, as_boundary=as_boundary(call, p.arn)) for p in page]
    return {"Policies": rows, **paging}


ANSWERS: dict[str, Answer] = {
    "iam:GetPolicy": _get_policy,
    "iam:GetPolicyVersion": _get_policy_version,
    "iam:ListPolicies": _list_policies,
}
