"""The CDK app: `cdk deploy -c stage=dev`. Knows no account and asks AWS nothing while it synthesizes."""

import aws_cdk as cdk

from infra.stage import Stage
from infra.state_stack import StateStack

app = cdk.App()
stage = Stage.of(app.node)
StateStack(app, f"Prooftrail-{stage.name}-State", stage=stage)
app.synth()
