"""How a run tells owners, once it is sealed and the ledger knows: what is planned is sent shard by shard, within hours.

Nothing that goes wrong here keeps a run from being sealed or told to the ledger, and nothing of it is silent: what was
not planned or not sent ends the execution as failed, last of all. The next run plans and sends what is left.
"""

from collections.abc import Mapping

from prooftrail.settings import CLAIM_STALE_MINUTES

from .stage import Stage
from .steps import CUT_SHORT, State, caught, keeping, of_run, retry, task

CLAIMS_OPEN = "ClaimsOpen"
"""What sending ends with where nobody knows yet whether a notice was sent: its claim is young, and nobody completed it."""

CLAIM_WAIT_S = CLAIM_STALE_MINUTES * 60 + 30
"""How long such a claim is left alone: until it is stale, and a little for clocks that differ."""

SENDING_ELSEWHERE = "SendingElsewhere"
"""What sending ends with while another execution sends: together they would be faster than SNS allows an account."""

SENDING_HOURS = 8
"""No shard is begun later than this after the first: at 15 minutes a shard 30 of them, 60,000 people, on a first day."""

_NOT_SENT = "not sent"


def notice_states(stage: Stage, function_of: Mapping[str, str], *, next_: str) -> dict[str, State]:
    """From PlanNotices to SendNotices; `next_` follows on every way."""
    plan = task(stage, function_of, "plan_notices", of_run(), next_="AnythingToSend")
    return {
        "PlanNotices": keeping(plan, "notices", ("planned", "shards")) | caught("PlanNotices", next_=next_),
        "AnythingToSend": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.notices.shards[0]", "IsPresent": True, "Next": "SendNotices"}],
            "Default": next_,
        },
        "SendNotices": _send_notices(stage, function_of, next_=next_),
    }


def notices_missing() -> State:
    """The rule of a choice that holds where something was not planned or not sent."""
    return {
        "Or": [
            {"Variable": "$.PlanNoticesFailed", "IsPresent": True},
            {"Variable": "$.SendNoticesFailed", "IsPresent": True},
            {
                "And": [
                    {"Variable": "$.sending", "IsPresent": True},
                    {"Variable": "$.sending.incomplete", "BooleanEquals": True},
                ]
            },
        ]
    }


def _send_notices(stage: Stage, function_of: Mapping[str, str], *, next_: str) -> State:
    """One shard after the other, so that together they keep the pace of one; one that fails keeps no other back.

    The shards are handed over in the payload, a few dozen bytes each, and not in S3: what is to be sent cannot be altered
    between the steps.
    """
    return {
        "Type": "Map",
        "ItemsPath": "$.notices.shards",
        "ItemSelector": {
            "run_id.$": "$$.Map.Item.Value.run_id",
            "shard.$": "$$.Map.Item.Value.shard",
            "since.$": "$$.State.EnteredTime",
        },
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "INLINE"},
            "StartAt": "StillTime",
            "States": _shard_states(stage, function_of),
        },
        "MaxConcurrency": 1,
        "ResultSelector": {"incomplete.$": f"States.ArrayContains($[*].became, '{_NOT_SENT}')", "shards.$": "$"},
        "ResultPath": "$.sending",
        **caught("SendNotices", next_=next_),
        "Next": next_,
    }


def _shard_states(stage: Stage, function_of: Mapping[str, str]) -> dict[str, State]:
    passed_ms = "$toMillis($states.context.State.EnteredTime) - $toMillis($states.input.since)"
    return {
        # A map has no timeout of its own, and what is still to be sent must not be what ends the run.
        "StillTime": {
            "Type": "Choice",
            "QueryLanguage": "JSONata",
            "Choices": [
                {"Condition": f"{{% {passed_ms} < {SENDING_HOURS * 3600 * 1000} %}}", "Next": "SendShard"},
            ],
            "Default": "NoTimeLeft",
        },
        "SendShard": _send_shard(stage, function_of),
        "NoTimeLeft": {
            "Type": "Pass",
            "Result": {"Error": "NoTimeLeft"},
            "ResultPath": "$.failure",
            "Next": "ShardNotSent",
        },
        "ShardNotSent": {
            "Type": "Pass",
            "Parameters": {
                "run_id.$": "$.run_id",
                "shard.$": "$.shard",
                "became": _NOT_SENT,
                "error.$": "$.failure.Error",
            },
            "End": True,
        },
    }


def _send_shard(stage: Stage, function_of: Mapping[str, str]) -> State:
    """A shard that is in doubt about a notice is tried again once its claim is stale, when the receipts tell."""
    send = task(stage, function_of, "send_notices", {"Payload": {"run_id.$": "$.run_id", "shard.$": "$.shard"}})
    in_doubt = {"ErrorEquals": [CLAIMS_OPEN], "MaxAttempts": 2, "IntervalSeconds": CLAIM_WAIT_S, "BackoffRate": 1}
    # Two hours: whoever else sends has most of its shards done by then.
    elsewhere = {"ErrorEquals": [SENDING_ELSEWHERE], "MaxAttempts": 60, "IntervalSeconds": 120, "BackoffRate": 1}
    # A first day asks thousands of addresses to confirm; each try goes on where the one before was cut short.
    again = [in_doubt, elsewhere, retry(CUT_SHORT, attempts=4, interval_s=5)]
    return send | {
        "Retry": [*again, *send["Retry"]],
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.failure", "Next": "ShardNotSent"}],
        "ResultSelector": {"run_id.$": "$.Payload.run_id", "shard.$": "$.Payload.shard", "became": "sent"},
        "ResultPath": "$",
    }
