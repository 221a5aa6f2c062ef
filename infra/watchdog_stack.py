"""The watchdog: looks at the head of the chain from the evidence account, witnesses it, and speaks where it is not fine.

It stands apart from the scanner: its own account, role, key and topic, so that a scanner that is silent, or made to be,
cannot keep it quiet.
"""

from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from .alarms import DAY, Alarms, silent_hours
from .asset import Asset
from .functions import Functions, function_name
from .schedule import Failures, Schedules, daily_watch, weekly_mail
from .stage import Stage

DOORS = ("watch", "weekly")
"""The doors of the watchdog."""

_GIVEN_UP = "watchdog-calls-given-up"  # the scanner's are others: both may stand in one account


class WatchdogStack(cdk.Stack):
    """The watchdog, in the evidence account."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage, asset: Asset) -> None:
        super().__init__(
            scope,
            construct_id,
            env=cdk.Environment(account=stage.evidence_account, region=stage.region),
            description=f"Prooftrail ({stage.name}): witnesses the chain of evidence every day",
        )
        account = stage.evidence_account
        failures = Failures(self, "Failures", stage=stage, account=account, name=_GIVEN_UP)
        key = self._key(stage)
        self._topic(stage, key)
        functions = Functions(
            self,
            "Functions",
            stage=stage,
            asset=asset,
            doors=DOORS,
            failures=failures,
            unawaited=DOORS,
            also=[_may_use(key, stage)],
        )
        schedules = Schedules(
            self,
            "Schedules",
            stage=stage,
            account=account,
            group=f"prooftrail-{stage.name}-watchdog",
            functions={door: functions.by_door[door].function_arn for door in DOORS},
            failures=failures,
        )
        schedules.add("watch", daily_watch(stage.schedule), {})
        schedules.add("weekly", weekly_mail(stage.schedule), {})
        self._alarms(stage, failures)

    def _key(self, stage: Stage) -> kms.Key:
        """The topic's key. Losing it loses no evidence, so it goes with the stack."""
        key = kms.Key(
            self,
            "Key",
            description=f"Encrypts what Prooftrail's watchdog ({stage.name}) says",
            alias=f"prooftrail-{stage.name}-watchdog",
            enable_key_rotation=True,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsSpeakThroughIt",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["kms:Decrypt", "kms:GenerateDataKey"],
                resources=["*"],  # in a key's policy: this key
                conditions={"StringEquals": {"aws:SourceAccount": stage.evidence_account}},
            )
        )
        return key

    def _topic(self, stage: Stage, key: kms.Key) -> None:
        """Where the watchdog speaks: to the security team, and past it to the auditors."""
        topic = sns.Topic(self, "Topic", topic_name=stage.topic("watchdog"), master_key=key, enforce_ssl=True)
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsSpeakThroughIt",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": stage.evidence_account}},
            )
        )
        # Auditors hear alarms as well as the weekly mail: that nobody can keep a broken head from them is the point.
        for address in dict.fromkeys((*stage.security_team, *stage.auditors)):
            topic.add_subscription(subscriptions.EmailSubscription(address))

    def _alarms(self, stage: Stage, failures: Failures) -> None:
        topic_arn = stage.arn("sns", stage.evidence_account, stage.topic("watchdog"))
        alarms = Alarms(self, "Alarms", stage=stage, topic_arn=topic_arn)
        alarms.silence(
            "not-witnessed",
            "WitnessWritten",
            DAY,
            means=(
                "The watchdog wrote no witness for a day, so nobody outside the scanner saw the newest runs in time: the "
                f"log of {function_name(stage, 'watch')} says why. A run not seen within 48 h counts as unwitnessed. "
                "Before the first run of a new deployment this alarm is to be expected."
            ),
        )
        alarms.said(
            "head-too-old",
            "HeadAgeHours",
            above=silent_hours(stage.schedule),
            means=(
                "The newest manifest is older than the schedule allows: the scanner does not run, or cannot seal. See to "
                "it in the tooling account as for run-not-sealed, whose alarm may have been silenced there."
            ),
        )
        alarms.said(
            "head-broken",
            "HeadBroken",
            means=(
                "The chain's head does not verify, or a head that was witnessed is gone or another. Start and redrive no "
                "run, change nothing in the bucket, run `prooftrail verify` with the last witnessed head, and treat it as "
                "an incident."
            ),
        )
        alarms.said(
            "ticks-missed-seen",
            "MissedTicksSeen",
            means=(
                "The watchdog found a tick since the newest manifest that no run met. See to the scanner as for "
                "run-not-sealed. What was missed cannot be made up for: say why in your own records."
            ),
        )
        if stage.replica is not None:
            alarms.replication(
                stage.replica,
                means=(
                    "Evidence was sealed here and not copied to the second account. Look at that bucket's policy, "
                    "versioning and Object Lock; copy what is missing with S3 Batch Replication."
                ),
            )
        alarms.functions(DOORS)
        alarms.failures(_GIVEN_UP, failures.queue)


def _may_use(key: kms.Key, stage: Stage) -> Mapping[str, Any]:
    """SNS encrypts what is published with the caller's right to the topic's key: this one, by ARN, and only through SNS.

    It is the one right to decrypt that any of our roles has; no key of a scanned account is among its resources.
    """
    return {
        "Sid": "SpeaksEncrypted",
        "Effect": "Allow",
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": key.key_arn,
        "Condition": {"StringEquals": {"kms:ViaService": f"sns.{stage.region}.{_suffix(stage)}"}},
    }


def _suffix(stage: Stage) -> str:
    return "amazonaws.com.cn" if stage.partition == "aws-cn" else "amazonaws.com"
