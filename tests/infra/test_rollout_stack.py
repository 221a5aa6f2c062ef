"""The role reaches every account in scope and those that join, and the management account by a stack of its own."""

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from infra.management_stack import ManagementStack
from infra.member_template import MAX_BYTES, member_template
from infra.rollout_stack import RolloutStack, rollout_account
from tests.infra.stages import MANAGEMENT, TOOLING, a_stage
from tests.infra.synthesis import Assembly


def stack_set(assembly: Assembly) -> dict[str, Any]:
    ((_, resource),) = assembly.resources("prod", "Rollout", "AWS::CloudFormation::StackSet")
    properties: dict[str, Any] = resource["Properties"]
    return properties


def test_the_rollout_is_one_stack_set_and_nothing_else(assembly: Assembly) -> None:
    template = assembly.template("prod", "Rollout")
    assert [one["Type"] for one in template["Resources"].values()] == ["AWS::CloudFormation::StackSet"]


def test_an_account_that_joins_a_unit_gets_the_role_and_one_that_leaves_loses_it(assembly: Assembly) -> None:
    found = stack_set(assembly)
    assert found["PermissionModel"] == "SERVICE_MANAGED"
    assert found["AutoDeployment"] == {"Enabled": True, "RetainStacksOnAccountRemoval": False}


def test_the_units_in_scope_get_it_once_each_in_one_region(assembly: Assembly) -> None:
    stage = assembly.stages["prod"]
    (instances,) = stack_set(assembly)["StackInstancesGroup"]
    assert instances == {
        "DeploymentTargets": {"OrganizationalUnitIds": list(stage.organizational_units)},
        "Regions": [stage.region],
    }


def test_operations_queue_and_a_few_refusals_hold_up_nobody(assembly: Assembly) -> None:
    found = stack_set(assembly)
    assert found["ManagedExecution"] == {"Active": True}
    assert found["OperationPreferences"] == {
        "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE",
        "FailureTolerancePercentage": 50,
        "MaxConcurrentPercentage": 25,
        "RegionConcurrencyType": "PARALLEL",
    }


def test_it_may_make_named_roles_and_nothing_wider(assembly: Assembly) -> None:
    assert stack_set(assembly)["Capabilities"] == ["CAPABILITY_NAMED_IAM"]


def test_it_carries_the_member_template_under_the_limit(assembly: Assembly) -> None:
    body = stack_set(assembly)["TemplateBody"]
    assert json.loads(body) == member_template(assembly.stages["prod"])
    assert len(body.encode()) < MAX_BYTES / 2


@pytest.mark.parametrize(
    ("stacksets_from", "account", "call_as"),
    [("tooling", TOOLING, "DELEGATED_ADMIN"), ("management", MANAGEMENT, "SELF")],
)
def test_it_is_made_by_the_delegated_administrator_or_by_the_management_account(
    stacksets_from: str, account: str, call_as: str
) -> None:
    stage = a_stage(stacksets_from=stacksets_from)
    stack = RolloutStack(cdk.App(), "Rollout", stage=stage)
    assert (stack.account, stack.region) == (account, stage.region) == (rollout_account(stage), stage.region)
    Template.from_stack(stack).has_resource_properties("AWS::CloudFormation::StackSet", {"CallAs": call_as})


def test_the_management_account_gets_the_same_role_byte_for_byte(assembly: Assembly) -> None:
    here = assembly.template("prod", "Management")["Resources"]["Reader"]["Properties"]
    there = json.loads(stack_set(assembly)["TemplateBody"])["Resources"]["Reader"]["Properties"]
    assert json.dumps(here, sort_keys=True).encode() == json.dumps(there, sort_keys=True).encode()


def test_the_management_stack_is_one_role_in_the_management_account(assembly: Assembly) -> None:
    template = assembly.template("prod", "Management")
    assert [one["Type"] for one in template["Resources"].values()] == ["AWS::IAM::Role"]
    stack = ManagementStack(cdk.App(), "Management", stage=a_stage())
    assert stack.account == MANAGEMENT


def test_both_can_be_taken_away_by_the_command_that_the_guide_gives(assembly: Assembly) -> None:
    """The role holds nothing: a run without it says so, and the next deployment brings it back."""
    assert not any(assembly.protected("prod", last) for last in ("Rollout", "Management"))
