"""What makes a run: the schedule, the tick, the state machine, its functions, and the alarms on all of them.

Nothing here is state. The stack may be deployed while a run is under way, and taken away and made again.
"""

import aws_cdk as cdk
from constructs import Construct

from .alarms import Alarms, silent_hours
from .asset import Asset
from .functions import Functions, function_name
from .schedule import Failures, Schedules, runs
from .stage import Stage
from .state_machine import DOORS, RunMachine

TICK = {"scheduled_time": "<aws.scheduler.scheduled-time>"}
"""What the tick is told; Scheduler puts in the time that was due, which a late delivery carries too."""

_GIVEN_UP = "calls-given-up"  # the watchdog's are others: both may stand in one account


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
        failures = Failures(self, "Failures", stage=stage, account=account, name=_GIVEN_UP)
        functions = Functions(
            self, "Functions", stage=stage, asset=asset, doors=doors, failures=failures, unawaited=("tick",)
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
            means=(
                f"No run was sealed for {silent_hours(stage.schedule)} hours, and one is due every "
                f"{stage.schedule.every_hours}. Open the newest execution of {stage.state_machine}. If it runs, wait. If "
                "it failed, mend what its step says and redrive it. If there is none for the last tick, the log of "
                f"{function_name(stage, 'tick')} says why; then call that function by hand. Before the first run of a "
                "new deployment this alarm is to be expected."
            ),
        )
        alarms.said(
            "accounts-unreachable",
            "AccountsUnreachable",
            means=(
                "The last run could not read every account: `prooftrail overview` names each with AWS's own words. "
                "Mostly the member role is missing there. The next run that reads them all ends this alarm."
            ),
        )
        alarms.said(
            "accounts-not-listed",
            "AccountsNotListed",
            means=(
                "AWS did not list all accounts of the organization to the last run: it may have read its own alone, and "
                "nobody shows as unreachable. Let the management account put the delegation policy in place (section 3 of "
                "the deployment guide). The next run that lists them ends this alarm."
            ),
        )
        alarms.said(
            "ticks-missed",
            "MissedTicks",
            means=(
                "The last run found ticks before it that no run met: `prooftrail runs` shows them as missed. They cannot be "
                "made up for. Find out why, and say so in your own records."
            ),
        )
        alarms.said(
            "ledger-behind",
            "LedgerLag",
            statistic="Minimum",  # what closing a run finds untold is told minutes later
            means=(
                "The last run is sealed, and the ledger was not told all of it. No evidence is lost. The next run tells it; "
                "sooner, `prooftrail ledger rebuild` does. A redrive does not: that part is over."
            ),
        )
        alarms.happened(
            "key-exchanged",
            "KeyExchanged",
            means=(
                "The signing key was exchanged: a run signed a new one into the chain. If you deployed a newer "
                "signing_key_generation, write the new fingerprint beside the old one (`prooftrail verify` names both). "
                "If nobody did, start no run, change nothing in the bucket, and treat it as an incident."
            ),
        )
        _of_notices(alarms, stage)
        alarms.runs(machine.arn)
        alarms.functions(doors)
        alarms.failures(_GIVEN_UP, failures.queue)


def _of_notices(alarms: Alarms, stage: Stage) -> None:
    """A notice that fails fails no run, so it has to be heard of here."""
    alarms.silence(
        "notices-not-planned",
        "NoticesPlanned",
        stage.schedule,
        statistic="SampleCount",  # a day without anything to tell is planned too
        means=(
            f"No notices were planned for {silent_hours(stage.schedule)} hours: owners are told nothing, not even that. If "
            f"run-not-sealed sounds too, see to that. Else the log of {function_name(stage, 'plan_notices')} says why; the "
            "next run plans what is due then, and nothing is forgotten. Before the first run of a new deployment this "
            "alarm is to be expected."
        ),
    )
    alarms.said(
        "notices-late",
        "NoticesLate",
        means=(
            "The last plan of notices could not read all it is made from, an account's findings or names, so that somebody "
            f"may be told late. The log of {function_name(stage, 'plan_notices')} names the gaps. The next plan without any "
            "ends this alarm."
        ),
    )
    alarms.happened(
        "notices-in-doubt",
        "NoticesInDoubt",
        means=(
            "Whether some notices were sent is not known: sending was cut short. It is asked again by itself 15 minutes "
            "later, twice. If run-failed sounds too, it was in vain: the queue of receipts cannot be read, or somebody else "
            f"sends. The log of {function_name(stage, 'send_notices')} says which; the next run asks again."
        ),
    )
    alarms.happened(
        "notices-failed",
        "NoticesFailed",
        means=(
            "Notices were planned and not sent. `prooftrail notices` names each with the reason; the log of "
            f"{function_name(stage, 'send_notices')} has the same. Mend it: the next run plans what is still due."
        ),
    )
    alarms.said(
        "owners-unreachable",
        "OwnersUnreachable",
        above=stage.notices.undeliverable_alarm,
        means=(
            f"More than {stage.notices.undeliverable_alarm} people cannot be reached: they did not confirm their address, "
            "unsubscribed, left, or have none. `prooftrail owners --unreachable` names them and why; what is theirs goes "
            "up the chain meanwhile. Mend owners.toml, or ask them to confirm."
        ),
    )
