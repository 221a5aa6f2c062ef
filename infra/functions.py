"""The functions of a deployment: one asset, one door each, a role by what they do, and logs that are kept for a year.

No function is traced by X-Ray: the state machine's history and each function's one line a unit of work say what
happened, X-Ray would keep samples of it for a grant on every resource, and its library doubles the cold start. None
has reserved concurrency: the map bounds the scan, `If-None-Match` orders the chain whoever runs beside whom, and an
account whose quota is still small could not be deployed to at all.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from prooftrail import grants
from prooftrail.deployed import NEEDS, Deployed
from prooftrail.grants import ROLE_OF, Key, Role

from .asset import Asset
from .schedule import Failures
from .stage import Stage, StageError

TIMEOUT_S: Mapping[str, int] = {
    "tick": 30,
    "open_chain": 60,
    "start_run": 900,
    "scan_account": 900,
    "record_failure": 60,
    "close_run": 900,
    "tell_accounts": 900,
    "record_run": 300,
    "plan_notices": 900,
    "send_notices": 900,
    "watch": 300,
    "weekly": 300,
}
"""Seconds each door may take; 900 is the most Lambda gives."""

MEMORY_MB: Mapping[str, int] = (
    dict.fromkeys(ROLE_OF, 512)
    | dict.fromkeys(("start_run", "close_run", "record_run"), 2048)
    | dict.fromkeys(("scan_account", "plan_notices"), 1024)
)
"""Memory of each door, and with it its share of a processor: 2,048 MB have a whole one, of which a run's end needs most.

None of them fills it: closing 10,000 accounts peaked at 423 MB (docs/benchmarks.md).
"""

METRICS = "Prooftrail"
"""The namespace of our own metrics; their one dimension is `service`, the deployment."""

_LOGS_KEPT = logs.RetentionDays.THIRTEEN_MONTHS  # one audit year and a month


def function_name(stage: Stage, door: str) -> str:
    """The name of a door's function."""
    return f"prooftrail-{stage.name}-{door.replace('_', '-')}"


def function_arn(stage: Stage, door: str) -> str:
    """The ARN of a door's function, without a version."""
    return stage.arn("lambda", _account(stage, door), f"function:{function_name(stage, door)}")


def service_name(stage: Stage) -> str:
    """The dimension of our metrics, and the service that log lines name."""
    return f"prooftrail-{stage.name}"


def logs_kept(scope: Construct, construct_id: str, name: str) -> logs.LogGroup:
    """A log group that keeps its lines for an audit year, and goes with its stack so that the name is free again.

    No evidence is in it: that is in the locker.
    """
    return logs.LogGroup(
        scope, construct_id, log_group_name=name, retention=_LOGS_KEPT, removal_policy=cdk.RemovalPolicy.DESTROY
    )


def settings_of(stage: Stage, asset: Asset) -> dict[str, Any]:
    """All that functions of this stage may be told, by the names of `Deployed`."""
    names = stage.names()
    return {
        "evidence_account": stage.evidence_account,
        "bucket": stage.bucket,
        "work_bucket": stage.work_bucket,
        "table": stage.table,
        "signing_key": names.alias_arn(Key.SIGNING),
        "previous_signing_key": names.alias_arn(Key.PREVIOUS),
        "witness_key": names.alias_arn(Key.WITNESS),
        "fingerprint_key": names.alias_arn(Key.FINGERPRINTS),
        "role_name": stage.role_name,
        "external_id": stage.external_id,
        "organization_id": stage.organization_id,
        "regions": stage.scan_regions,
        "every_hours": stage.schedule.every_hours,
        "at": stage.schedule.at,
        "lock_mode": stage.lock_mode,
        "retention_days": stage.retention_days,
        "state_machine": stage.arn("states", stage.tooling_account, f"stateMachine:{stage.state_machine}"),
        "topic": stage.arn("sns", stage.evidence_account, stage.topic("watchdog")),
        "notifier": stage.notices.notifier,
        "topic_prefix": stage.topic_prefix,
        "receipts_queue": stage.receipts_queue,
        "notices_key": names.alias_arn(Key.NOTICES),
        "mail_from": stage.notices.mail_from,
        "configuration_set": stage.notices.configuration_set,
        "stage": stage.name,
        "asset_sha256": asset.sha256,
    }


def environment(stage: Stage, asset: Asset, door: str) -> dict[str, str]:
    """The environment of a door: the settings it needs, those every function has, and where its lines and metrics go."""
    known = settings_of(stage, asset)
    needed = ("stage", "asset_sha256", *NEEDS[door])
    powertools = {
        "POWERTOOLS_SERVICE_NAME": service_name(stage),
        "POWERTOOLS_METRICS_NAMESPACE": METRICS,
        "POWERTOOLS_LOG_LEVEL": "INFO",
    }
    return Deployed(**{name: known[name] for name in needed}).variables() | powertools


class Functions(Construct):
    """The functions of some doors, and the roles they take. `failures` is where calls end that nobody waits for.

    Raises StageError where the asset was built for another processor than the stage names.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        asset: Asset,
        doors: Iterable[str],
        failures: Failures,
        unawaited: Iterable[str],
        also: Iterable[Mapping[str, Any]] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        if asset.architecture != stage.architecture:
            raise StageError(
                f"the asset was built for {asset.architecture}, and cdk.json stages.{stage.name}.architecture is "
                f"{stage.architecture}: build it again for that, or change the stage."
            )
        self._stage, self._asset, self._failures = stage, asset, failures
        self._unawaited, self._also = frozenset(unawaited), list(also)
        doors = tuple(doors)
        self._code = lambda_.Code.from_asset(
            str(asset.path), asset_hash=asset.sha256, asset_hash_type=cdk.AssetHashType.CUSTOM
        )
        self.roles = {role: self._role(role, doors) for role in dict.fromkeys(ROLE_OF[one] for one in doors)}
        self.by_door = {door: self._function(door) for door in doors}

    def versions(self, doors: Iterable[str]) -> dict[str, lambda_.Version]:
        """The published version of each door as it is deployed now; earlier ones stay, for runs that are under way."""
        return {door: self.by_door[door].current_version for door in doors}

    def _role(self, role: Role, doors: tuple[str, ...]) -> iam.IRole:
        mine = [door for door in doors if ROLE_OF[door] is role]
        statements = [*grants.role_policy(role, self._stage.names()), *self._running(mine), *self._also]
        # The path and name are fixed: policies in other accounts name the role before it is there.
        path, name = f"/{grants.role_path(self._stage.name, role)}".rsplit("/", 1)
        made = iam.Role(
            self,
            f"{role}Role",
            path=f"{path}/",
            role_name=name,
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description=f"What Prooftrail may do to {', '.join(one.replace('_', ' ') for one in mine)}",
            inline_policies={"Step": iam.PolicyDocument.from_json({"Version": "2012-10-17", "Statement": statements})},
        )
        return made.without_policy_updates()

    def _running(self, doors: list[str]) -> list[dict[str, Any]]:
        """What Lambda itself does in the role's name: write the functions' logs, and hand on calls that failed."""
        groups = [
            self._stage.arn("logs", _account(self._stage, one), f"log-group:{_log_group(self._stage, one)}:*")
            for one in doors
        ]
        found = [_allow("WritesOwnLogs", ["logs:CreateLogStream", "logs:PutLogEvents"], groups)]
        if self._unawaited.intersection(doors):
            found.append(_allow("HandsFailedCallsOn", ["sqs:SendMessage"], [self._failures.arn]))
        return found

    def _function(self, door: str) -> lambda_.Function:
        words = door.replace("_", " ").title().replace(" ", "")
        function = lambda_.Function(
            self,
            words,
            function_name=function_name(self._stage, door),
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=_architecture(self._asset),
            code=self._code,
            handler=f"prooftrail.handlers.{door}",
            role=self.roles[ROLE_OF[door]],
            memory_size=MEMORY_MB[door],
            timeout=cdk.Duration.seconds(TIMEOUT_S[door]),
            environment=environment(self._stage, self._asset, door),
            log_group=logs_kept(self, f"{words}Logs", _log_group(self._stage, door)),
            tracing=lambda_.Tracing.DISABLED,
            current_version_options=lambda_.VersionOptions(removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE),
            description=f"Prooftrail ({self._stage.name}): {door.replace('_', ' ')}",
        )
        if door in self._unawaited:
            self._hand_on_failures(words, function)
        return function

    def _hand_on_failures(self, words: str, function: lambda_.Function) -> None:
        """A call nobody waits for is tried twice more within the hour, and then told."""
        unawaited = lambda_.CfnEventInvokeConfig(
            self,
            f"{words}Unawaited",
            function_name=function.function_name,
            qualifier="$LATEST",
            maximum_event_age_in_seconds=3600,
            maximum_retry_attempts=2,
            destination_config=lambda_.CfnEventInvokeConfig.DestinationConfigProperty(
                on_failure=lambda_.CfnEventInvokeConfig.OnFailureProperty(destination=self._failures.arn)
            ),
        )
        unawaited.node.add_dependency(self._failures.queue)  # an ARN that is written out makes nothing wait by itself


def _account(stage: Stage, door: str) -> str:
    return stage.evidence_account if ROLE_OF[door] is Role.WATCH else stage.tooling_account


def _log_group(stage: Stage, door: str) -> str:
    return f"/aws/lambda/{function_name(stage, door)}"


def _architecture(asset: Asset) -> lambda_.Architecture:
    return lambda_.Architecture.ARM_64 if asset.architecture == "arm64" else lambda_.Architecture.X86_64


def _allow(sid: str, actions: list[str], resources: list[str]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}
