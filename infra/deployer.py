"""Who changes what is deployed: the role CloudFormation takes, which `cdk bootstrap` made and nobody can sign in to."""

import aws_cdk as cdk

from .stage import Stage

_QUALIFIER = cdk.DefaultStackSynthesizer.DEFAULT_QUALIFIER


def deployer_arn(stack: cdk.Stack, stage: Stage) -> str:
    """The ARN of the execution role in the stack's account; its trust names CloudFormation alone."""
    qualifier = stack.synthesizer.bootstrap_qualifier or _QUALIFIER
    role = f"cdk-{qualifier}-cfn-exec-role-{stack.account}-{stage.region}"
    return f"arn:{stage.partition}:iam::{stack.account}:role/{role}"
