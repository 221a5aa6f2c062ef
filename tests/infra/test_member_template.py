"""The one role we ask of every account: read-only, for one caller, and small enough for a StackSet to carry."""

import json
import re
from typing import Any

import pytest

from infra.member_template import MAX_BYTES, member_template, member_template_body
from infra.stage import Stage
from prooftrail import permissions
from prooftrail.permissions import Place
from tests.infra.stages import ORGANIZATION, TOOLING, a_stage

LONGEST_INLINE = 10_240  # characters of all inline policies of one role, blanks left out. Source: IAM quotas
LONGEST_TRUST = 2_048  # characters of a trust policy
LONGEST_NAME, LONGEST_PATH = 64, 512


def role(**changes: Any) -> dict[str, Any]:
    properties: dict[str, Any] = member_template(a_stage(**changes))["Resources"]["Reader"]["Properties"]
    return properties


def compact(policy: dict[str, Any], partition: str = "aws-us-gov") -> str:
    """What IAM stores: references filled in, blanks left out, in the longest partition."""
    return json.dumps(filled_in(policy, partition), separators=(",", ":"))


def filled_in(value: Any, partition: str) -> Any:
    """What CloudFormation makes of it."""
    if isinstance(value, dict):
        if set(value) == {"Fn::Sub"}:
            return value["Fn::Sub"].replace("${AWS::Partition}", partition)
        return {key: filled_in(one, partition) for key, one in value.items()}
    return [filled_in(one, partition) for one in value] if isinstance(value, list) else value


def test_only_the_scan_role_of_the_tooling_account_takes_it_from_within_the_organization_with_the_external_id() -> None:
    trust = filled_in(role()["AssumeRolePolicyDocument"], "aws")
    assert trust["Statement"] == [
        {
            "Sid": "OnlyTheScanner",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{TOOLING}:root"},
            "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"],
            "Condition": {
                "ArnLike": {"aws:PrincipalArn": [f"arn:aws:iam::{TOOLING}:role/prooftrail/Prooftrail-prod-Scan"]},
                "StringEquals": {"sts:ExternalId": "prooftrail-prod", "aws:PrincipalOrgID": ORGANIZATION},
            },
        }
    ]


def test_the_name_of_the_caller_holds_no_wildcard() -> None:
    trust = role()["AssumeRolePolicyDocument"]["Statement"][0]
    (caller,) = trust["Condition"]["ArnLike"]["aws:PrincipalArn"]
    assert not set("*?") & set(caller["Fn::Sub"])


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_it_may_do_what_the_one_list_of_actions_says_in_every_partition(partition: str) -> None:
    (policy,) = role()["Policies"]
    assert filled_in(policy["PolicyDocument"], partition) == permissions.member_policy(partition)


def test_it_denies_what_reads_values_everywhere() -> None:
    (policy,) = role()["Policies"]
    denied = [one for one in policy["PolicyDocument"]["Statement"] if one["Effect"] == "Deny"]
    assert denied == [
        {"Sid": "NeverReadValues", "Effect": "Deny", "Action": list(permissions.VALUE_READING), "Resource": "*"}
    ]


def test_it_changes_nothing_in_the_account() -> None:
    verbs = {one.action.partition(":")[2] for one in permissions.at(Place.MEMBER)}
    assert {re.match(r"[A-Z][a-z]+", verb)[0] for verb in verbs} == {"Get", "List", "Describe", "Generate"}  # type: ignore[index]
    # The one "Generate" asks IAM for its credential report, which alters no resource.
    assert [verb for verb in verbs if verb.startswith("Generate")] == ["GenerateCredentialReport"]


@pytest.mark.parametrize(
    ("role_name", "path", "name"),
    [
        ("prooftrail/ProoftrailReader", "/prooftrail/", "ProoftrailReader"),
        ("ProoftrailReader", "/", "ProoftrailReader"),
        ("security/audit/Reader", "/security/audit/", "Reader"),
    ],
)
def test_path_and_name_are_the_stages(role_name: str, path: str, name: str) -> None:
    properties = role(role_name=role_name)
    assert (properties["Path"], properties["RoleName"]) == (path, name)


def test_a_session_lasts_an_hour_at_most() -> None:
    assert role()["MaxSessionDuration"] == 3600


def test_a_tag_says_whose_it_is() -> None:
    assert role()["Tags"] == [{"Key": "prooftrail:stage", "Value": "prod"}]


def test_it_fits_a_stack_set_with_room_for_twice_as_many_actions() -> None:
    assert len(member_template_body(a_stage(external_id="x" * 1224)).encode()) < MAX_BYTES / 2


def test_its_policies_fit_iams_limits() -> None:
    properties = role(role_name="p" * 40 + "/ProoftrailReader", external_id="x" * 1224)
    assert sum(len(compact(one["PolicyDocument"])) for one in properties["Policies"]) <= LONGEST_INLINE
    assert len(compact(properties["AssumeRolePolicyDocument"])) <= LONGEST_TRUST
    assert len(properties["RoleName"]) <= LONGEST_NAME
    assert len(properties["Path"]) <= LONGEST_PATH


def test_no_partition_is_written_into_it() -> None:
    assert set(re.findall(r"arn:([^:]+(?:::Partition})?):", member_template_body(a_stage()))) == {"${AWS::Partition}"}


def test_the_same_stage_gives_the_same_bytes() -> None:
    assert member_template_body(a_stage()) == member_template_body(a_stage())
    assert json.loads(member_template_body(a_stage())) == member_template(a_stage())


def test_without_an_organization_the_condition_is_left_out_rather_than_empty() -> None:
    stage: Stage = a_stage(organization_id=None, management_account=None, external_id=None, organizational_units=())
    (statement,) = member_template(stage)["Resources"]["Reader"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert list(statement["Condition"]) == ["ArnLike"]
