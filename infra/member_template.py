"""The member role as a plain CloudFormation template: one text for the StackSet and for the management account.

Rendered from the one list of AWS actions, without CDK's metadata, so that an account's owner can read it whole before
saying yes. In the tooling account a StackSet puts the same role; nobody takes it there, because the scanner reads its
own account with its own role.
"""

import json
from typing import Any

from prooftrail import grants, permissions

from .stage import Stage

MAX_BYTES = 51_200
"""Longest `TemplateBody` CloudFormation takes. Source: CreateStackSet."""

SESSION_SECONDS = 3600
"""Longest session: what AWS allows where one role takes another."""

_PARTITION = "${AWS::Partition}"


def member_template(stage: Stage) -> dict[str, Any]:
    """The template. The partition is CloudFormation's to fill in; everything else is written out."""
    path, _, name = f"/{stage.role_name}".rpartition("/")
    role = {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "Path": f"{path}/",
            "RoleName": name,
            "Description": "Lets Prooftrail read who has access to this account; it can read no value and change nothing",
            "MaxSessionDuration": SESSION_SECONDS,
            "AssumeRolePolicyDocument": _filled_in(_trust(stage)),
            "Policies": [
                {"PolicyName": "ReadIdentities", "PolicyDocument": _filled_in(permissions.member_policy(_PARTITION))}
            ],
            "Tags": [{"Key": key, "Value": value} for key, value in tags(stage).items()],
        },
    }
    arn = {"Fn::GetAtt": ["Reader", "Arn"]}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Prooftrail ({stage.name}): the read-only role that its scanner takes in this account",
        "Resources": {"Reader": role},
        "Outputs": {"ReaderArn": {"Description": "The role the scanner takes", "Value": arn}},
    }


def member_template_body(stage: Stage) -> str:
    """The template as text, in the same bytes for the same stage."""
    return json.dumps(member_template(stage), indent=1, sort_keys=True)


def tags(stage: Stage) -> dict[str, str]:
    """What says whose something is, in other people's accounts above all."""
    return {"prooftrail:stage": stage.name}


def _trust(stage: Stage) -> dict[str, Any]:
    return permissions.trust_policy(
        partition=_PARTITION,
        scanner_account=stage.tooling_account,
        scanners=(f"role/{grants.role_path(stage.name, grants.Role.SCAN)}",),
        external_id=stage.external_id,
        organization_id=stage.organization_id,
    )


def _filled_in(value: Any) -> Any:
    """`value` with each text that leaves the partition open handed to CloudFormation to fill in."""
    if isinstance(value, dict):
        return {key: _filled_in(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled_in(one) for one in value]
    return {"Fn::Sub": value} if isinstance(value, str) and _PARTITION in value else value
