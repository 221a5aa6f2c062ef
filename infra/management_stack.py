"""The member role in the management account, which StackSets never reach: the same template as an ordinary stack."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from .member_template import member_template
from .stage import Stage


class ManagementStack(cdk.Stack):
    """Deployed with the management account's own credentials, and again when `cdk diff` shows that it changed.

    Where the customer leaves it out, the management account shows as unreachable, with the reason.
    """

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage) -> None:
        template = member_template(stage)
        super().__init__(
            scope,
            construct_id,
            env=cdk.Environment(account=stage.management_account, region=stage.region),
            description=template["Description"],
        )
        role = template["Resources"]["Reader"]["Properties"]
        reader = iam.CfnRole(
            self,
            "Reader",
            path=role["Path"],
            role_name=role["RoleName"],
            description=role["Description"],
            max_session_duration=role["MaxSessionDuration"],
            assume_role_policy_document=role["AssumeRolePolicyDocument"],
            policies=[
                iam.CfnRole.PolicyProperty(policy_name=one["PolicyName"], policy_document=one["PolicyDocument"])
                for one in role["Policies"]
            ],
            tags=[cdk.CfnTag(key=one["Key"], value=one["Value"]) for one in role["Tags"]],
        )
        cdk.CfnOutput(self, "ReaderArn", value=reader.attr_arn, description="The role the scanner takes")
