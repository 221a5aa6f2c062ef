"""Alarms beside what they watch: each says what it means and what to do, and all speak through one topic.

Unknown is never fine. What must keep coming breaches when it does not come; what a run or a watch says once stays said
until the next one says otherwise; only AWS's own counters of failures, which are silent when all is well, may be.
"""

from collections.abc import Iterable

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from .evidence_bucket import REPLICATION_RULE
from .functions import METRICS, function_name, service_name
from .stage import Cadence, Replica, Stage

_HOUR = cdk.Duration.hours(1)
_SOON = cdk.Duration.minutes(5)
_MISSING = cloudwatch.TreatMissingData

_REDRIVE = (
    "Open the execution: the step that ended it says why. Mend that, then redrive the execution (for 14 days; its name "
    "cannot be started again). If it ended with LedgerBehind or NoticesNotSent, the run is sealed and a redrive does "
    "nothing: the step RecordRun, PlanNotices or SendNotices says why, and the next run tells the ledger, or plans and sends what "
    "is left. `prooftrail ledger rebuild` tells the ledger sooner."
)

DAY = Cadence(every_hours=24, at="00:00")
"""How often the watchdog looks."""


def silent_hours(cadence: Cadence) -> int:
    """Whole hours without a word after which something that comes once a tick has not come.

    One more than the cadence: a run that takes up to an hour longer than the one before is no alarm, and one that
    does not come is told at most two hours after it should have been there. In hours, because CloudWatch looks back
    a day at most with shorter periods, and seven days with these.
    """
    return cadence.every_hours + 1


class Alarms(Construct):
    """The alarms of one stack; `topic_arn` is where they speak."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage, topic_arn: str) -> None:
        super().__init__(scope, construct_id)
        self._stage = stage
        self._action = actions.SnsAction(sns.Topic.from_topic_arn(self, "Topic", topic_arn))

    def silence(self, name: str, metric: str, cadence: Cadence, *, means: str, statistic: str = "Sum") -> None:
        """Alarm where `metric` did not come for longer than a tick; also before it came for the first time.

        With the statistic `SampleCount` a zero that is said counts as a word, else as silence.

        FILL makes each silent hour a zero. Without it CloudWatch looks further back than it was told until it finds a
        word, and would be silent for hours itself; where there never was a word, missing data breaches.
        """
        filled = cloudwatch.MathExpression(
            expression="FILL(word, 0)",
            using_metrics={"word": self._own(metric, statistic)},
            period=_HOUR,
            label=metric,
        )
        hours = silent_hours(cadence)
        alarm = self._alarm(name, filled, _MISSING.BREACHING, means=means, below=1, periods=hours)
        alarm.add_ok_action(self._action)

    def said(self, name: str, metric: str, *, means: str, above: float = 0, statistic: str = "Maximum") -> None:
        """Alarm where the last word of `metric` is above `above`, until another word is not."""
        self._alarm(name, self._own(metric, statistic), _MISSING.IGNORE, means=means, above=above)

    def happened(self, name: str, metric: str, *, means: str) -> None:
        """Alarm where something was counted within the hour that is said only when it happens."""
        self._alarm(name, self._own(metric, "Sum"), _MISSING.NOT_BREACHING, means=means)

    def runs(self, state_machine_arn: str) -> None:
        """Alarm where an execution failed, took too long or was stopped. The children of a map count for themselves."""
        for what, metric, said in (
            ("failed", "Failed", "A run failed"),
            ("timed-out", "TimedOut", "A run took too long and was ended"),
            ("aborted", "Aborted", "A run was stopped by hand"),
        ):
            counted = _sum("AWS/States", f"Executions{metric}", {"StateMachineArn": state_machine_arn})
            self._alarm(f"run-{what}", counted, _MISSING.NOT_BREACHING, means=f"{said}. {_REDRIVE}")

    def functions(self, doors: Iterable[str]) -> None:
        """Alarm where a function failed or was not let run; what is tried again afterwards is told as well."""
        for door in doors:
            name = function_name(self._stage, door)
            for metric, means in (
                ("Errors", f"{name} failed or ran out of time: its log says why."),
                ("Throttles", f"{name} was not let run: raise the account's concurrency quota, or lower the stage's."),
            ):
                counted = _sum("AWS/Lambda", metric, {"FunctionName": name})
                short = f"{door.replace('_', '-')}-{metric.lower()}"
                self._alarm(short, counted, _MISSING.NOT_BREACHING, means=means)

    def replication(self, replica: Replica, *, means: str) -> None:
        """Alarm where a version of evidence did not reach the second account; counted in the source bucket's region."""
        where = {
            "SourceBucket": self._stage.bucket,
            "DestinationBucket": replica.bucket_arn.rpartition(":")[2],
            "RuleId": REPLICATION_RULE,
        }
        counted = _sum("AWS/S3", "OperationsFailedReplication", where)
        self._alarm("replication-failed", counted, _MISSING.NOT_BREACHING, means=means)

    def failures(self, name: str, queue: sqs.Queue) -> None:
        """Alarm where a call lies in the queue that nobody waited for. `name` is the queue's too, behind the stage."""
        depth = queue.metric_approximate_number_of_messages_visible(period=_SOON, statistic="Maximum")
        means = (
            f"A call that nobody waits for was given up: the message in the queue prooftrail-{self._stage.name}-{name} "
            "holds it. Make the call again by hand, then delete the message."
        )
        self._alarm(name, depth, _MISSING.IGNORE, means=means)

    def _own(self, metric: str, statistic: str) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=METRICS,
            metric_name=metric,
            dimensions_map={"service": service_name(self._stage)},
            statistic=statistic,
            period=_HOUR,
        )

    def _alarm(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        missing: cloudwatch.TreatMissingData,
        *,
        means: str,
        above: float = 0,
        below: float | None = None,
        periods: int = 1,
    ) -> cloudwatch.Alarm:
        compare = cloudwatch.ComparisonOperator
        alarm = cloudwatch.Alarm(
            self,
            name.title().replace("-", ""),
            alarm_name=f"prooftrail-{self._stage.name}-{name}",
            alarm_description=means,
            metric=metric,
            comparison_operator=compare.GREATER_THAN_THRESHOLD if below is None else compare.LESS_THAN_THRESHOLD,
            threshold=above if below is None else below,
            evaluation_periods=periods,
            datapoints_to_alarm=periods,
            treat_missing_data=missing,
        )
        alarm.add_alarm_action(self._action)
        return alarm


def _sum(namespace: str, metric: str, dimensions: dict[str, str]) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=namespace, metric_name=metric, dimensions_map=dimensions, statistic="Sum", period=_SOON
    )
