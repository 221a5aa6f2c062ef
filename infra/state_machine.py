"""A run as a state machine: what follows what, what is tried again, and what happens when it is not to be had.

Payloads hold references, never lists: accounts and untold outcomes go through the work bucket. Nothing on the way of
the run itself is caught into a failing state of our own: a step that fails for good ends the execution *there*, so that
a redrive begins with it. An account that fails is no failure of the run: it is recorded, and the next one goes on. Nor
is a notice: what could not be planned or sent is alarmed by its function, and planned again by the next run.
"""

import json
from collections.abc import Mapping
from typing import Any

from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from prooftrail.settings import CLAIM_STALE_MINUTES

from .functions import TIMEOUT_S, function_arn, logs_kept
from .stage import Stage

type State = dict[str, Any]

DOORS = (
    "open_chain",
    "start_run",
    "scan_account",
    "record_failure",
    "close_run",
    "plan_notices",
    "send_notices",
    "tell_accounts",
    "record_run",
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

CLAIMS_OPEN = "ClaimsOpen"
"""What sending ends with where nobody knows yet whether a notice was sent: its claim is young, and nobody completed it."""

CLAIM_WAIT_S = CLAIM_STALE_MINUTES * 60 + 30
"""How long such a claim is left alone: until it is stale, and a little for clocks that differ."""

_GRACE_S = 30  # a function ends by its own timeout, which names it; this one is for a call that never answers
_LAMBDA_IS_BUSY = [
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    "Lambda.ResourceNotReadyException",
]
_FOR_GOOD = ["ChainBroken", "ConfigError"]  # somebody has to mend something first; the sooner it is said the better
_CUT_SHORT = ["States.Timeout", "Sandbox.Timedout", "Lambda.Unknown"]


def definition(stage: Stage, function_of: Mapping[str, str]) -> State:
    """The machine in Amazon States Language; `function_of` gives each door's function as an ARN with its version.

    Its input is `{"run_id", "trigger"}`. Its output adds what was started and what was sealed.
    """
    return {
        "Comment": "One run of Prooftrail: plan, read every account, seal, tell owners and the ledger",
        "StartAt": "OpenChain",
        "TimeoutSeconds": RUN_TIMEOUT_S,
        "States": {
            "OpenChain": _task(stage, function_of, "open_chain", {"Payload.$": "$"}, next_="StartRun"),
            "StartRun": _keeping(
                _task(stage, function_of, "start_run", {"Payload.$": "$"}, next_="AnythingToScan"),
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
            "CloseRun": _keeping(
                _task(stage, function_of, "close_run", _run_id(), next_="PlanNotices"),
                "closed",
                ("seq", "sha256", "gaps", "unreachable", "untold"),
            ),
            "PlanNotices": _plan_notices(stage, function_of),
            "AnythingToSend": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.notices.shards.count", "NumericEquals": 0, "Next": "AnythingToTell"}],
                "Default": "SendNotices",
            },
            "SendNotices": _send_notices(stage, function_of),
            "AnythingToTell": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.closed.untold.count", "NumericEquals": 0, "Next": "RecordRun"}],
                "Default": "TellLedger",
            },
            "TellLedger": _tell_ledger(stage, function_of),
            "RecordRun": _task(stage, function_of, "record_run", _run_id()),
        },
    }


def _scan_accounts(stage: Stage, function_of: Mapping[str, str]) -> State:
    """Every account once; where the map itself fails, the run is sealed with what there is and says who is missing."""
    item = {"Payload": {"run_id.$": "$.run_id", "account.$": "$.account"}}
    scan = _task(stage, function_of, "scan_account", item)
    scan["Catch"] = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.failure", "Next": "RecordFailure"}]
    why = {"failure.$": "$.failure"}  # whole: a Cause may be missing, and a path that finds nothing ends the execution
    record = _task(stage, function_of, "record_failure", {"Payload": item["Payload"] | why})
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
    return _map(
        stage,
        "ScanAccounts",
        states,
        items="$.started.items",
        at_once=stage.concurrency,
        next_="CloseRun",
    )


def _plan_notices(stage: Stage, function_of: Mapping[str, str]) -> State:
    """Who is to be told what today, sealed before anything is sent. Where that fails the run goes on."""
    task = _task(stage, function_of, "plan_notices", _run_id(), next_="AnythingToSend")
    failed = {"ErrorEquals": ["States.ALL"], "ResultPath": "$.PlanNoticesFailed", "Next": "AnythingToTell"}
    return _keeping(task, "notices", ("planned", "shards")) | {"Catch": [failed]}


def _send_notices(stage: Stage, function_of: Mapping[str, str]) -> State:
    """One shard after the other, so that together they keep the pace of one.

    A shard that is in doubt about a notice is tried again once its claim is stale, when the receipts tell.
    """
    send = _task(stage, function_of, "send_notices", {"Payload": {"run_id.$": "$.run_id", "shard.$": "$.shard"}})
    in_doubt = {"ErrorEquals": [CLAIMS_OPEN], "MaxAttempts": 2, "IntervalSeconds": CLAIM_WAIT_S, "BackoffRate": 1}
    # A first day asks thousands of addresses to confirm; each try goes on where the one before was cut short.
    send["Retry"] = [in_doubt, _retry(_CUT_SHORT, attempts=4, interval_s=5), *send["Retry"]]
    return _map(stage, "SendNotices", {"SendShard": send}, items="$.notices.shards", at_once=1, next_="AnythingToTell")


def _tell_ledger(stage: Stage, function_of: Mapping[str, str]) -> State:
    """The sealed outcomes into the ledger, in batches; RecordRun says what it lacks afterwards."""
    batch = {"Payload": {"Items.$": "$.Items"}}
    return _map(
        stage,
        "TellLedger",
        {"TellAccounts": _task(stage, function_of, "tell_accounts", batch)},
        items="$.closed.untold",
        at_once=TELLERS,
        next_="RecordRun",
    ) | {"ItemBatcher": {"MaxItemsPerBatch": BATCH, "MaxInputBytesPerBatch": BATCH_BYTES}}


def _map(stage: Stage, name: str, states: dict[str, State], *, items: str, at_once: int, next_: str) -> State:
    """A Distributed Map over JSON Lines in S3, whose results go to S3 too: above 256 KiB it would fail otherwise."""
    return {
        "Type": "Map",
        "Label": name,
        "ItemReader": {
            "Resource": f"arn:{stage.partition}:states:::s3:getObject",
            "ReaderConfig": {"InputType": "JSONL"},
            "Parameters": {"Bucket.$": f"{items}.bucket", "Key.$": f"{items}.key"},
        },
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": next(iter(states)),
            "States": states,
        },
        "MaxConcurrency": at_once,
        "ToleratedFailurePercentage": 100,
        "ResultWriter": {
            "Resource": f"arn:{stage.partition}:states:::s3:putObject",
            "Parameters": {"Bucket": stage.work_bucket, "Prefix": f"results/{name}"},
        },
        "ResultPath": None,
        # Again from the beginning: what an account or the ledger has committed already is found and returned.
        "Retry": [_retry(["States.ALL"], attempts=1, interval_s=30)],
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": f"$.{name}Failed", "Next": next_}],
        "Next": next_,
    }


def _task(
    stage: Stage, function_of: Mapping[str, str], door: str, payload: State, *, next_: str | None = None
) -> State:
    """A call of one door, which may be repeated at any point: every step commits by its last write."""
    return {
        "Type": "Task",
        "Resource": f"arn:{stage.partition}:states:::lambda:invoke",
        "Parameters": {"FunctionName": function_of[door], **payload},
        "TimeoutSeconds": TIMEOUT_S[door] + _GRACE_S,
        "Retry": [
            {"ErrorEquals": _FOR_GOOD, "MaxAttempts": 0},
            _retry(_LAMBDA_IS_BUSY, attempts=6, interval_s=2),
            _retry(_CUT_SHORT, attempts=1, interval_s=5),
            _retry(["States.ALL"], attempts=2, interval_s=10),
        ],
        "ResultPath": None,
        **({"Next": next_} if next_ else {"End": True}),
    }


def _keeping(task: State, name: str, fields: tuple[str, ...]) -> State:
    """The task with these fields of its answer kept under `name`; an answer that lacks one fails at once."""
    return task | {
        "ResultSelector": {f"{field}.$": f"$.Payload.{field}" for field in fields},
        "ResultPath": f"$.{name}",
    }


def _run_id() -> State:
    return {"Payload": {"run_id.$": "$.run_id"}}


def _retry(errors: list[str], *, attempts: int, interval_s: int) -> State:
    return {
        "ErrorEquals": errors,
        "MaxAttempts": attempts,
        "IntervalSeconds": interval_s,
        "BackoffRate": 2,
        "MaxDelaySeconds": 60,
        "JitterStrategy": "FULL",
    }


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
