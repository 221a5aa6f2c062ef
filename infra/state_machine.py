"""A run as a state machine: what follows what, what is tried again, and what happens when it is not to be had.

Payloads hold references, not lists: accounts and untold outcomes go through the work bucket, and only the numbers of the
notices' shards, which are few, are handed on. A step on the way to the seal that fails for good ends the execution
*there*, so that a redrive begins with it. An account that fails is no failure of the run: it is recorded, and the next
one goes on. After the seal nothing keeps anything back: the ledger is told first, since that takes minutes, then owners,
and what was left undone ends the execution as failed when all else is done.
"""

import json
from collections.abc import Mapping
from typing import Any

from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from .functions import function_arn, logs_kept
from .notice_steps import notice_states, notices_missing
from .stage import Stage
from .steps import State, caught, keeping, map_of_lines, of_run, task

DOORS = (
    "open_chain",
    "start_run",
    "scan_account",
    "record_failure",
    "close_run",
    "tell_accounts",
    "record_run",
    "plan_notices",
    "send_notices",
)
"""The doors a run goes through."""

RUN_TIMEOUT_S = 24 * 3600
"""When a run that hangs is given up; late evidence is better than none, and six hours late already counts as late."""

BATCH = 20
"""Accounts told to the ledger in one step."""

BATCH_BYTES = 200_000
"""Most of one batch as it is handed over; Step Functions takes 262,144 bytes with all that surrounds them."""

TELLERS = 10
"""Batches told side by side: the ledger's writers share one table."""

NOTICES_NOT_SENT = "NoticesNotSent"
"""How a sealed run ends that did not plan or send all its notices."""

LEDGER_BEHIND = "LedgerBehind"
"""How a sealed run ends that the ledger was not told all of."""


def definition(stage: Stage, function_of: Mapping[str, str]) -> State:
    """The machine in Amazon States Language; `function_of` gives each door's function as an ARN with its version.

    Its input is `{"run_id", "trigger"}`. Its output adds what was started and what was sealed.
    """
    return {
        "Comment": "One run of Prooftrail: plan, read every account, seal, tell the ledger and owners",
        "StartAt": "OpenChain",
        "TimeoutSeconds": RUN_TIMEOUT_S,
        "States": {
            "OpenChain": task(stage, function_of, "open_chain", {"Payload.$": "$"}, next_="StartRun"),
            "StartRun": keeping(
                task(stage, function_of, "start_run", {"Payload.$": "$"}, next_="AnythingToScan"),
                "started",
                ("accounts", "already", "items"),
            ),
            "AnythingToScan": {
                "Type": "Choice",
                "Choices": [
                    {"Variable": "$.started.already", "BooleanEquals": True, "Next": "CloseRun"},
                    {"Variable": "$.started.accounts", "NumericEquals": 0, "Next": "CloseRun"},
                ],
                "Default": "ScanAccounts",
            },
            "ScanAccounts": _scan_accounts(stage, function_of),
            "CloseRun": keeping(
                task(stage, function_of, "close_run", of_run(), next_="AnythingToTell"),
                "closed",
                ("seq", "sha256", "gaps", "unreachable", "untold"),
            ),
            "AnythingToTell": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.closed.untold.count", "NumericEquals": 0, "Next": "RecordRun"}],
                "Default": "TellLedger",
            },
            "TellLedger": _tell_ledger(stage, function_of),
            # Owners are told by the evidence, whatever the ledger knows; that it lags is said at the end.
            "RecordRun": task(stage, function_of, "record_run", of_run(), next_="PlanNotices")
            | caught("RecordRun", next_="PlanNotices"),
            **notice_states(stage, function_of, next_="AnythingMissing"),
            **_ends(),
        },
    }


def _ends() -> dict[str, State]:
    """A sealed run that left something undone fails all the same, last of all: a green execution is read as done."""
    return {
        "AnythingMissing": {
            "Type": "Choice",
            "Choices": [
                {**notices_missing(), "Next": "NoticesNotSent"},
                {"Variable": "$.RecordRunFailed", "IsPresent": True, "Next": "LedgerBehind"},
            ],
            "Default": "Done",
        },
        "NoticesNotSent": {
            "Type": "Fail",
            "Error": NOTICES_NOT_SENT,
            "Cause": "The run is sealed. Notices were not planned or not sent; the next run plans and sends what is left.",
        },
        "LedgerBehind": {
            "Type": "Fail",
            "Error": LEDGER_BEHIND,
            "Cause": "The run is sealed and owners are told. The ledger was not told all of it; the next run tells it.",
        },
        "Done": {"Type": "Succeed"},
    }


def _scan_accounts(stage: Stage, function_of: Mapping[str, str]) -> State:
    """Every account once; where the map itself fails, the run is sealed with what there is and says who is missing."""
    item = {"Payload": {"run_id.$": "$.run_id", "account.$": "$.account"}}
    scan = task(stage, function_of, "scan_account", item)
    scan["Catch"] = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.failure", "Next": "RecordFailure"}]
    why = {"failure.$": "$.failure"}  # whole: a Cause may be missing, and a path that finds nothing ends the execution
    record = task(stage, function_of, "record_failure", {"Payload": item["Payload"] | why})
    record["Catch"] = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.failure", "Next": "NotRecorded"}]
    states = {
        "ScanAccount": scan,
        "RecordFailure": record,
        # The item shows as failed in the Map Run; the run itself goes on.
        "NotRecorded": {
            "Type": "Fail",
            "Error": "AccountNotRecorded",
            "Cause": "Neither the account's outcome nor its failure was sealed: the run seals it as unreachable.",
        },
    }
    return map_of_lines(
        stage,
        "ScanAccounts",
        states,
        items="$.started.items",
        at_once=stage.concurrency,
        next_="CloseRun",
    )


def _tell_ledger(stage: Stage, function_of: Mapping[str, str]) -> State:
    """The sealed outcomes into the ledger, in batches; RecordRun says what it lacks afterwards."""
    batch = {"Payload": {"Items.$": "$.Items"}}
    return map_of_lines(
        stage,
        "TellLedger",
        {"TellAccounts": task(stage, function_of, "tell_accounts", batch)},
        items="$.closed.untold",
        at_once=TELLERS,
        next_="RecordRun",
    ) | {"ItemBatcher": {"MaxItemsPerBatch": BATCH, "MaxInputBytesPerBatch": BATCH_BYTES}}


class RunMachine(Construct):
    """The state machine that makes a run; `arn` is known before it is there."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stage: Stage, versions: Mapping[str, lambda_.IVersion]
    ) -> None:
        super().__init__(scope, construct_id)
        self.arn = stage.arn("states", stage.tooling_account, f"stateMachine:{stage.state_machine}")
        role = self._role(stage)
        sfn.CfnStateMachine(
            self,
            "Machine",
            state_machine_name=stage.state_machine,
            state_machine_type="STANDARD",
            role_arn=role.role_arn,
            # A constant text with a name for each function: what changes by release is beside it, and readable.
            definition_string=json.dumps(definition(stage, {door: f"${{{_placeholder(door)}}}" for door in DOORS})),
            definition_substitutions={_placeholder(door): versions[door].function_arn for door in DOORS},
            logging_configuration=self._logging(stage),
            # The execution's history is the trace, account by account; X-Ray would keep samples of it, for a grant
            # on every resource.
            tracing_configuration=sfn.CfnStateMachine.TracingConfigurationProperty(enabled=False),
        )

    def _logging(self, stage: Stage) -> sfn.CfnStateMachine.LoggingConfigurationProperty:
        """Every event of every execution and none of their payloads.

        The log group's name begins with `/aws/vendedlogs/`, so that no resource policy grows with it.
        """
        group = logs_kept(self, "Logs", f"/aws/vendedlogs/states/{stage.state_machine}")
        destination = sfn.CfnStateMachine.LogDestinationProperty(
            cloud_watch_logs_log_group=sfn.CfnStateMachine.CloudWatchLogsLogGroupProperty(
                log_group_arn=group.log_group_arn  # with `:*` behind it, as Step Functions wants it
            )
        )
        return sfn.CfnStateMachine.LoggingConfigurationProperty(
            level="ALL", include_execution_data=False, destinations=[destination]
        )

    def _role(self, stage: Stage) -> iam.Role:
        policy = iam.PolicyDocument.from_json({"Version": "2012-10-17", "Statement": role_statements(stage)})
        called_for = {
            "StringEquals": {"aws:SourceAccount": stage.tooling_account},
            "ArnLike": {"aws:SourceArn": [self.arn, f"{self.arn}/*"]},  # a map's children run as NAME/LABEL
        }
        return iam.Role(
            self,
            "Role",
            path="/prooftrail/",
            assumed_by=iam.ServicePrincipal("states.amazonaws.com").with_conditions(called_for),
            description="Lets the state machine call its functions and hand lists over in the work bucket",
            inline_policies={"Run": policy},
        )


def role_statements(stage: Stage) -> list[dict[str, Any]]:
    """What the state machine may do. Versions are named by pattern: a run that a deployment overtakes still calls its own."""
    work = f"arn:{stage.partition}:s3:::{stage.work_bucket}"
    execution = stage.arn("states", stage.tooling_account, f"execution:{stage.state_machine}")
    return [
        _allow("CallsPublishedVersions", ["lambda:InvokeFunction"], [f"{function_arn(stage, one)}:*" for one in DOORS]),
        _allow("ReadsItems", ["s3:GetObject"], [f"{work}/work/*"]),  # and no letters, which lie beside them
        _allow(
            "WritesResults",
            ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject"],
            [f"{work}/results/*"],
        ),
        _allow(
            "StartsAChildForEachItem",
            ["states:StartExecution"],
            [stage.arn("states", stage.tooling_account, f"stateMachine:{stage.state_machine}")],
        ),
        _allow(
            "MindsItsChildren",
            ["states:DescribeExecution", "states:RedriveExecution", "states:StopExecution"],
            [f"{execution}:*", f"{execution}/*"],
        ),
        # Log delivery has no resources to name: the service authorization reference lists none for these.
        _allow(
            "DeliversItsLog",
            [
                "logs:CreateLogDelivery",
                "logs:DeleteLogDelivery",
                "logs:DescribeLogGroups",
                "logs:DescribeResourcePolicies",
                "logs:GetLogDelivery",
                "logs:ListLogDeliveries",
                "logs:PutResourcePolicy",
                "logs:UpdateLogDelivery",
            ],
            ["*"],
        ),
    ]


def _allow(sid: str, actions: list[str], resources: list[str]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}


def _placeholder(door: str) -> str:
    return "".join(word.capitalize() for word in door.split("_"))
