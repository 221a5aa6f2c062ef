"""The member role in every account of the organizational units in scope, and in each that joins them later."""

import aws_cdk as cdk
from aws_cdk import CfnStackSet as StackSet
from constructs import Construct

from .member_template import member_template_body, tags
from .stage import Stage


class RolloutStack(cdk.Stack):
    """Only the StackSet. CloudFormation never gives one to the management account: `ManagementStack` does that.

    Not made where there is no organization.
    """

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage) -> None:
        super().__init__(
            scope,
            construct_id,
            env=cdk.Environment(account=rollout_account(stage), region=stage.region),
            description=f"Prooftrail ({stage.name}): rolls the read-only role out to the accounts of the organization",
        )
        StackSet(
            self,
            "Members",
            stack_set_name=stack_set_name(stage),
            description="The role that Prooftrail's scanner takes in each account",
            permission_model="SERVICE_MANAGED",
            call_as="DELEGATED_ADMIN" if stage.stacksets_from == "tooling" else "SELF",
            auto_deployment=StackSet.AutoDeploymentProperty(enabled=True, retain_stacks_on_account_removal=False),
            managed_execution={"Active": True},
            operation_preferences=_preferences(),
            stack_instances_group=[_instances(stage)],
            capabilities=["CAPABILITY_NAMED_IAM"],
            template_body=member_template_body(stage),
            tags=[cdk.CfnTag(key=key, value=value) for key, value in tags(stage).items()],
        )


def stack_set_name(stage: Stage) -> str:
    """The StackSet's name; its stacks in the accounts are called `StackSet-` and that."""
    return f"Prooftrail-{stage.name}-Reader"


def rollout_account(stage: Stage) -> str:
    """The account the StackSet is made from: the management account, or a delegated administrator for StackSets.

    A delegated administrator can deploy any template into every account of the organization, the evidence's among them.
    """
    if stage.stacksets_from == "tooling" or stage.management_account is None:
        return stage.tooling_account
    return stage.management_account


def _instances(stage: Stage) -> StackSet.StackInstancesProperty:
    units = list(stage.organizational_units)
    return StackSet.StackInstancesProperty(
        # A role is global: one region, or the second instance in an account fails on the name.
        regions=[stage.region],
        deployment_targets=StackSet.DeploymentTargetsProperty(organizational_unit_ids=units),
    )


def _preferences() -> StackSet.OperationPreferencesProperty:
    """A few accounts that refuse the role hold up no other, and show as unreachable in the next run.

    Where more than half refuse, the rollout itself is wrong and fails.
    """
    return StackSet.OperationPreferencesProperty(
        region_concurrency_type="PARALLEL",
        max_concurrent_percentage=25,
        failure_tolerance_percentage=50,
        concurrency_mode="SOFT_FAILURE_TOLERANCE",
    )
