"""All stacks of a stage: which there are and what they are called. None refers to another, so each deploys alone."""

import aws_cdk as cdk
from constructs import Construct

from .access_stack import AccessStack
from .asset import Asset
from .ledger_stack import LedgerStack
from .management_stack import ManagementStack
from .member_template import tags
from .rollout_stack import RolloutStack
from .scanner_stack import ScannerStack
from .stage import Stage
from .state_stack import StateStack
from .watchdog_stack import WatchdogStack

WITH_CODE = ("Scanner", "Watchdog")
"""The stacks that hold functions."""

_PURPOSE = {
    "State": "the evidence bucket and the keys that sign; outlives every release",
    "Ledger": "what outlives a release beside the scanner",
    "Access": "the roles of people who come to the evidence",
}


def stack_name(stage: Stage, last: str) -> str:
    """A stack's name: `Prooftrail-STAGE-LAST`."""
    return f"Prooftrail-{stage.name}-{last}"


def add_stacks(scope: Construct, stage: Stage, *, asset: Asset) -> dict[str, cdk.Stack]:
    """The stage's stacks by their last name, in the order of a first deployment.

    Rollout and Management are there where there is an organization. Where the management account is the scanner's own
    there is no Management: the scanner reads its own account with its own role. Access is there where the stage names
    somebody for it, because a stack must hold something. Raises StageError.
    """
    found: dict[str, cdk.Stack] = {
        "State": StateStack(scope, stack_name(stage, "State"), stage=stage),
        "Ledger": LedgerStack(scope, stack_name(stage, "Ledger"), stage=stage),
    }
    if stage.organization_id is not None:
        found["Rollout"] = RolloutStack(scope, stack_name(stage, "Rollout"), stage=stage)
        if stage.management_account != stage.tooling_account:
            found["Management"] = ManagementStack(scope, stack_name(stage, "Management"), stage=stage)
    found["Scanner"] = ScannerStack(scope, stack_name(stage, "Scanner"), stage=stage, asset=asset)
    found["Watchdog"] = WatchdogStack(scope, stack_name(stage, "Watchdog"), stage=stage, asset=asset)
    if stage.auditor is not None or stage.legal_hold_principals or stage.answerers:
        found["Access"] = AccessStack(scope, stack_name(stage, "Access"), stage=stage)
    for last, stack in found.items():
        if last in _PURPOSE:
            stack.template_options.description = f"Prooftrail ({stage.name}): {_PURPOSE[last]}"
        for key, value in tags(stage).items():
            cdk.Tags.of(stack).add(key, value)
    return found
