"""What a state machine's steps are made of: a door's call with its retries, what is kept of its answer, a map over a list."""

from collections.abc import Mapping
from typing import Any

from .functions import TIMEOUT_S
from .stage import Stage

type State = dict[str, Any]

GRACE_S = 30
"""A function ends by its own timeout, which names it; so much later a call that never answers is given up."""

CUT_SHORT = ["States.Timeout", "Sandbox.Timedout", "Lambda.Unknown"]
"""What a function ends with that was not given the time."""

_LAMBDA_IS_BUSY = [
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    "Lambda.ResourceNotReadyException",
]
_FOR_GOOD = ["ChainBroken", "ConfigError"]  # somebody has to mend something first; the sooner it is said the better


def task(stage: Stage, function_of: Mapping[str, str], door: str, payload: State, *, next_: str | None = None) -> State:
    """A call of one door, which may be repeated at any point: every step commits by its last write."""
    return {
        "Type": "Task",
        "Resource": f"arn:{stage.partition}:states:::lambda:invoke",
        "Parameters": {"FunctionName": function_of[door], **payload},
        "TimeoutSeconds": TIMEOUT_S[door] + GRACE_S,
        "Retry": [
            {"ErrorEquals": _FOR_GOOD, "MaxAttempts": 0},
            retry(_LAMBDA_IS_BUSY, attempts=6, interval_s=2),
            retry(CUT_SHORT, attempts=1, interval_s=5),
            retry(["States.ALL"], attempts=2, interval_s=10),
        ],
        "ResultPath": None,
        **({"Next": next_} if next_ else {"End": True}),
    }


def of_run() -> State:
    """The payload of a step that is told the run and nothing else."""
    return {"Payload": {"run_id.$": "$.run_id"}}


def keeping(made: State, name: str, fields: tuple[str, ...]) -> State:
    """The task with these fields of its answer kept under `name`; an answer that lacks one fails at once."""
    return made | {
        "ResultSelector": {f"{field}.$": f"$.Payload.{field}" for field in fields},
        "ResultPath": f"$.{name}",
    }


def caught(name: str, *, next_: str) -> State:
    """Any failure for good of the state `name`, kept under its name for the end of the run; `next_` follows."""
    return {"Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": f"$.{name}Failed", "Next": next_}]}


def map_of_lines(stage: Stage, name: str, states: dict[str, State], *, items: str, at_once: int, next_: str) -> State:
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
        "Retry": [retry(["States.ALL"], attempts=1, interval_s=30)],
        **caught(name, next_=next_),
        "Next": next_,
    }


def retry(errors: list[str], *, attempts: int, interval_s: int) -> State:
    """Try again with growing pauses that differ from each other."""
    return {
        "ErrorEquals": errors,
        "MaxAttempts": attempts,
        "IntervalSeconds": interval_s,
        "BackoffRate": 2,
        "MaxDelaySeconds": 60,
        "JitterStrategy": "FULL",
    }
