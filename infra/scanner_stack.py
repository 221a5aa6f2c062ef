"""What makes a run: the schedule, the tick, the state machine, its functions, and the alarms on all of them.

Nothing here is state. The stack may be deployed while a run is under way, and taken away and made again.
"""

import aws_cdk as cdk
from constructs import Construct

from .alarms import Alarms
from .asset import Asset
from .functions import Functions
from .schedule import Failures, Schedules, runs
from .stage import Stage
from .state_machine import DOORS, RunMachine

TICK = {"scheduled_time": "<aws.scheduler.scheduled-time>"}
"""What the tick is told; Scheduler puts in the time that was due, which a late delivery carries too."""


class ScannerStack(cdk.Stack):
    """The scanner, in the tooling account. It refers to state by name alone, so each stack deploys for itself."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage, asset: Asset) -> None:
        super().__init__(
            scope,
            construct_id,
            env=cdk.Environment(account=stage.tooling_account, region=stage.region),
            description=f"Prooftrail ({stage.name}): makes a run at every tick",
        )
        doors = ("tick", *DOORS)
        account = stage.tooling_account
        failures = Failures(self, "Failures", stage=stage, account=account, name="calls-given-up")
        functions = Functions(
            self, "Functions", stage=stage, asset=asset, doors=doors, failures_arn=failures.arn, unawaited=("tick",)
        )
        machine = RunMachine(self, "Run", stage=stage, versions=functions.versions(DOORS))
        tick = {"tick": functions.by_door["tick"].function_arn}
        schedules = Schedules(
            self,
            "Schedules",
            stage=stage,
            account=account,
            group=f"prooftrail-{stage.name}",
            functions=tick,
            failures=failures,
        )
        schedules.add("tick", runs(stage.schedule), TICK)
        self._alarms(stage, doors, machine, failures)
        cdk.CfnOutput(
            self, "StateMachine", value=machine.arn, description="makes the runs; its executions are named by run"
        )

    def _alarms(self, stage: Stage, doors: tuple[str, ...], machine: RunMachine, failures: Failures) -> None:
        alarms = Alarms(
            self, "Alarms", stage=stage, topic_arn=stage.arn("sns", stage.tooling_account, stage.topic("alarms"))
        )
        alarms.silence(
            "run-not-sealed",
            "RunSealed",
            stage.schedule,
            means="No run was sealed since the last tick but one hour: look at the schedule, the tick and the executions.",
        )
        alarms.said(
            "accounts-unreachable",
            "AccountsUnreachable",
            means="The last run could not read every account: `prooftrail inventory` names them, outcomes say why.",
        )
        alarms.said(
            "ticks-missed",
            "MissedTicks",
            means="A tick was missed; the manifest declares it. Say why in the record of operation.",
        )
        alarms.said(
            "ledger-behind",
            "LedgerLag",
            statistic="Minimum",  # what closing a run finds untold is told minutes later
            means="The ledger lacks sealed outcomes: redrive the run, or `prooftrail ledger rebuild`.",
        )
        alarms.runs(machine.arn)
        alarms.functions(doors)
        alarms.failures(failures.queue)
