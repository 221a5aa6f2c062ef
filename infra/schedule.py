"""When things are due, as EventBridge Scheduler says it, and where a call goes that did not arrive."""

import json
from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from .stage import Cadence, Stage

DELIVER_WITHIN_S = 3600
"""How long a call is tried again before it is given up and told: within the shortest cadence, an hour."""

DELIVERIES = 185
"""Attempts within that time; the most there are."""

WATCH_AFTER_HOURS = 3
"""The watchdog looks this long after the first tick of its day, when a daily run has sealed or is late."""

WEEKLY_AFTER_HOURS = WATCH_AFTER_HOURS + 1

_DAY_HOURS = 24


def runs(cadence: Cadence) -> str:
    """The ticks of a cadence: every day the same hours, UTC."""
    hour, minute = _clock(cadence)
    hours = sorted((hour + step) % _DAY_HOURS for step in range(0, _DAY_HOURS, cadence.every_hours))
    return f"cron({minute} {','.join(map(str, hours))} * * ? *)"


def daily_watch(cadence: Cadence) -> str:
    """Once a day, some hours after `at`."""
    hour, minute = _clock(cadence)
    return f"cron({minute} {(hour + WATCH_AFTER_HOURS) % _DAY_HOURS} * * ? *)"


def weekly_mail(cadence: Cadence) -> str:
    """On Mondays, after the watchdog has looked."""
    hour, minute = _clock(cadence)
    return f"cron({minute} {(hour + WEEKLY_AFTER_HOURS) % _DAY_HOURS} ? * MON *)"


def _clock(cadence: Cadence) -> tuple[int, int]:
    hour, minute = cadence.at.split(":")
    return int(hour), int(minute)


class Failures(Construct):
    """A queue for calls that nobody waits for and that failed for good; `arn` is known before it is there."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage, account: str, name: str) -> None:
        super().__init__(scope, construct_id)
        queue_name = f"prooftrail-{stage.name}-{name}"
        self.arn = stage.arn("sqs", account, queue_name)
        self.queue = sqs.Queue(
            self,
            "Queue",
            queue_name=queue_name,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=cdk.Duration.days(14),
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )


class Schedules(Construct):
    """Schedules that call functions of one account, in a group of their own, by a role for this group alone."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        account: str,
        group: str,
        functions: Mapping[str, str],
        failures: Failures,
    ) -> None:
        """`functions` gives the ARN of what each schedule calls, by the schedule's name."""
        super().__init__(scope, construct_id)
        self._functions, self._failures = functions, failures
        self._group = scheduler.CfnScheduleGroup(self, "Group", name=group)
        self._role = self._caller(account, stage.arn("scheduler", account, f"schedule-group/{group}"))

    def add(self, name: str, expression: str, event: Mapping[str, Any]) -> None:
        """Call the function `name` with `event` whenever `expression` says, at that minute and not about it."""
        scheduler.CfnSchedule(
            self,
            name.title(),
            name=name,
            group_name=self._group.ref,
            schedule_expression=expression,
            schedule_expression_timezone="UTC",
            state="ENABLED",
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=self._functions[name],
                role_arn=self._role.role_arn,
                input=json.dumps(event),
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=DELIVER_WITHIN_S, maximum_retry_attempts=DELIVERIES
                ),
                dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(arn=self._failures.queue.queue_arn),
            ),
        )

    def _caller(self, account: str, group_arn: str) -> iam.Role:
        """Scheduler takes this role for our group in our account, and not because somebody else's schedule asks."""
        called_for = {"StringEquals": {"aws:SourceAccount": account}, "ArnEquals": {"aws:SourceArn": group_arn}}
        statements = [
            iam.PolicyStatement(
                sid="Calls", actions=["lambda:InvokeFunction"], resources=list(self._functions.values())
            ),
            iam.PolicyStatement(
                sid="TellsWhatDidNotArrive", actions=["sqs:SendMessage"], resources=[self._failures.arn]
            ),
        ]
        return iam.Role(
            self,
            "Role",
            path="/prooftrail/",
            assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com").with_conditions(called_for),
            description="Lets EventBridge Scheduler call what is due",
            inline_policies={"Call": iam.PolicyDocument(statements=statements)},
        )
