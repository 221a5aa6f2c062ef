"""The order of a run as the state machine has it: every way through, what is tried again, what payloads hold."""

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest

from infra.functions import TIMEOUT_S
from infra.notice_steps import CLAIM_WAIT_S, CLAIMS_OPEN, SENDING_ELSEWHERE, SENDING_HOURS
from infra.state_machine import DOORS, RUN_TIMEOUT_S, definition, role_statements
from prooftrail import errors
from prooftrail.adapters.aws.sending_lease import HELD_FOR
from prooftrail.settings import CLAIM_STALE_MINUTES

from .stages import EVIDENCE, TOOLING, a_stage

STAGE = a_stage(concurrency=7)
FUNCTION_OF = {door: f"function-of-{door}:1" for door in DOORS}
MACHINE = definition(STAGE, FUNCTION_OF)

type Level = dict[str, Any]


def levels(machine: Level = MACHINE) -> Iterator[Level]:
    """The machine and, one by one, what its maps run for each item."""
    yield machine
    for state in machine["States"].values():
        if state["Type"] == "Map":
            yield from levels(state["ItemProcessor"])


def states() -> dict[str, Level]:
    return {name: state for level in levels() for name, state in level["States"].items()}


def tasks() -> dict[str, Level]:
    return {name: state for name, state in states().items() if state["Type"] == "Task"}


def maps() -> dict[str, Level]:
    return {name: state for name, state in states().items() if state["Type"] == "Map"}


def ways(level: Level, name: str) -> Iterator[tuple[str, ...]]:
    """Every way from a state to an end: by choice, by success, by what is caught."""
    state = level["States"][name]
    onward = [one["Next"] for key in ("Choices", "Catch") for one in state.get(key, ())]
    onward += [state[key] for key in ("Next", "Default") if key in state]
    if state.get("End") or state["Type"] in ("Fail", "Succeed"):
        yield (name,)
    for following in onward:
        yield from ((name, *rest) for rest in ways(level, following))


def test_a_run_goes_its_ways_and_seals_on_each_of_them() -> None:
    begun = ("OpenChain", "StartRun", "AnythingToScan")
    scanned = ((), ("ScanAccounts",))
    told = ((), ("TellLedger",))
    notices = (("PlanNotices",), ("PlanNotices", "AnythingToSend"), ("PlanNotices", "AnythingToSend", "SendNotices"))
    ends = ("Done", "LedgerBehind", "NoticesNotSent")
    assert set(ways(MACHINE, MACHINE["StartAt"])) == {
        (*begun, *scan, "CloseRun", "AnythingToTell", *tell, "RecordRun", *notice, "AnythingMissing", end)
        for scan, tell, notice, end in itertools.product(scanned, told, notices, ends)
    }


def test_an_account_is_scanned_or_recorded_as_failed_or_shows_as_failed_in_the_map() -> None:
    item = MACHINE["States"]["ScanAccounts"]["ItemProcessor"]
    assert set(ways(item, item["StartAt"])) == {
        ("ScanAccount",),
        ("ScanAccount", "RecordFailure"),
        ("ScanAccount", "RecordFailure", "NotRecorded"),
    }


def test_a_shard_is_sent_or_named_as_not_sent_and_never_fails_the_map() -> None:
    item = MACHINE["States"]["SendNotices"]["ItemProcessor"]
    assert set(ways(item, item["StartAt"])) == {
        ("StillTime", "SendShard"),
        ("StillTime", "SendShard", "ShardNotSent"),
        ("StillTime", "NoTimeLeft", "ShardNotSent"),
    }


def test_every_state_is_reached() -> None:
    for level in levels():
        assert {name for way in ways(level, level["StartAt"]) for name in way} == set(level["States"])


def test_what_was_sealed_already_and_what_has_no_accounts_is_not_scanned() -> None:
    assert MACHINE["States"]["AnythingToScan"] == {
        "Type": "Choice",
        "Choices": [
            {"Variable": "$.started.already", "BooleanEquals": True, "Next": "CloseRun"},
            {"Variable": "$.started.accounts", "NumericEquals": 0, "Next": "CloseRun"},
        ],
        "Default": "ScanAccounts",
    }


def test_every_door_of_a_run_is_called_in_one_place_and_by_its_version() -> None:
    called = [one["Parameters"]["FunctionName"] for one in tasks().values()]
    assert sorted(called) == sorted(FUNCTION_OF.values())


@pytest.mark.parametrize("name", sorted(tasks()))
def test_every_call_is_tried_again_with_growing_pauses_that_differ(name: str) -> None:
    for_good, *retry = tasks()[name]["Retry"][-4:]
    assert for_good == {"ErrorEquals": ["ChainBroken", "ConfigError"], "MaxAttempts": 0}
    assert [(one["MaxAttempts"], one["IntervalSeconds"]) for one in retry] == [(6, 2), (1, 5), (2, 10)]
    assert {(one["BackoffRate"], one["JitterStrategy"], one["MaxDelaySeconds"]) for one in retry} == {(2, "FULL", 60)}
    assert "Lambda.TooManyRequestsException" in retry[0]["ErrorEquals"]
    assert retry[1]["ErrorEquals"] == ["States.Timeout", "Sandbox.Timedout", "Lambda.Unknown"]
    assert retry[2]["ErrorEquals"] == ["States.ALL"]  # has to stand alone and last


@pytest.mark.parametrize("name", sorted(tasks()))
def test_a_function_ends_by_its_own_timeout_before_the_state_gives_up(name: str) -> None:
    door = tasks()[name]["Parameters"]["FunctionName"].removeprefix("function-of-").removesuffix(":1")
    assert tasks()[name]["TimeoutSeconds"] == TIMEOUT_S[door] + 30


def test_the_run_itself_ends_within_a_day() -> None:
    assert MACHINE["TimeoutSeconds"] == RUN_TIMEOUT_S == 86_400


def test_a_step_of_the_run_that_fails_ends_it_there_so_that_a_redrive_begins_with_it() -> None:
    """A Catch into a Fail state would leave a redrive nothing to repeat but that state."""
    for name in ("OpenChain", "StartRun", "CloseRun"):
        assert "Catch" not in MACHINE["States"][name]


def test_what_is_left_undone_after_the_seal_ends_the_execution_as_failed_when_all_else_is_done() -> None:
    """An execution that is green is read as done."""
    assert MACHINE["States"]["AnythingMissing"] == {
        "Type": "Choice",
        "Choices": [
            {
                "Or": [
                    {"Variable": "$.PlanNoticesFailed", "IsPresent": True},
                    {"Variable": "$.SendNoticesFailed", "IsPresent": True},
                    {
                        "And": [
                            {"Variable": "$.sending", "IsPresent": True},
                            {"Variable": "$.sending.incomplete", "BooleanEquals": True},
                        ]
                    },
                ],
                "Next": "NoticesNotSent",
            },
            {"Variable": "$.RecordRunFailed", "IsPresent": True, "Next": "LedgerBehind"},
        ],
        "Default": "Done",
    }
    ends = {name: (one["Type"], one.get("Error")) for name, one in MACHINE["States"].items() if one["Type"] == "Fail"}
    assert ends == {"NoticesNotSent": ("Fail", "NoticesNotSent"), "LedgerBehind": ("Fail", "LedgerBehind")}


def test_what_an_account_failed_by_is_recorded() -> None:
    item = MACHINE["States"]["ScanAccounts"]["ItemProcessor"]["States"]
    assert item["ScanAccount"]["Catch"] == [
        {"ErrorEquals": ["States.ALL"], "ResultPath": "$.failure", "Next": "RecordFailure"}
    ]
    assert item["RecordFailure"]["Parameters"]["Payload"] == {
        "run_id.$": "$.run_id",
        "account.$": "$.account",
        "failure.$": "$.failure",
    }


@pytest.mark.parametrize(
    ("name", "items", "at_once"),
    [
        ("ScanAccounts", "$.started.items", 7),
        ("TellLedger", "$.closed.untold", 10),
    ],
)
def test_maps_read_lines_from_s3_and_write_their_results_there(name: str, items: str, at_once: int) -> None:
    found = maps()[name]
    assert found["ItemReader"] == {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "JSONL"},
        "Parameters": {"Bucket.$": f"{items}.bucket", "Key.$": f"{items}.key"},
    }
    assert found["ResultWriter"] == {
        "Resource": "arn:aws:states:::s3:putObject",
        "Parameters": {"Bucket": STAGE.work_bucket, "Prefix": f"results/{name}"},
    }
    assert found["ItemProcessor"]["ProcessorConfig"] == {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    assert (found["MaxConcurrency"], found["ToleratedFailurePercentage"]) == (at_once, 100)
    assert found["Label"] == name
    assert len(name) <= 40


def test_a_map_that_fails_as_a_whole_is_repeated_once_and_then_the_run_goes_on() -> None:
    following_of = {"ScanAccounts": "CloseRun", "TellLedger": "RecordRun"}
    assert {*following_of, "SendNotices"} == set(maps())
    for name, following in following_of.items():
        found = maps()[name]
        assert [one["MaxAttempts"] for one in found["Retry"]] == [1]
        assert found["Catch"] == [{"ErrorEquals": ["States.ALL"], "ResultPath": f"$.{name}Failed", "Next": following}]
        assert found["Next"] == following


@pytest.mark.parametrize(
    ("name", "following"),
    [("RecordRun", "PlanNotices"), ("PlanNotices", "AnythingMissing"), ("SendNotices", "AnythingMissing")],
)
def test_a_step_after_the_seal_that_fails_keeps_back_nothing_that_follows(name: str, following: str) -> None:
    state = MACHINE["States"][name]
    assert state["Catch"] == [{"ErrorEquals": ["States.ALL"], "ResultPath": f"$.{name}Failed", "Next": following}]


def test_a_day_without_notices_to_send_sends_none() -> None:
    assert MACHINE["States"]["AnythingToSend"] == {
        "Type": "Choice",
        "Choices": [{"Variable": "$.notices.shards[0]", "IsPresent": True, "Next": "SendNotices"}],
        "Default": "AnythingMissing",
    }


def test_shards_are_sent_one_after_the_other_as_planning_named_them_and_each_says_what_became_of_it() -> None:
    """They are never read from S3, where somebody else might have put others."""
    found = dict(maps()["SendNotices"])
    item = found.pop("ItemProcessor")
    assert found == {
        "Type": "Map",
        "ItemsPath": "$.notices.shards",
        "ItemSelector": {
            "run_id.$": "$$.Map.Item.Value.run_id",  # an earlier run's, where a shard of it was never sent
            "shard.$": "$$.Map.Item.Value.shard",
            "since.$": "$$.State.EnteredTime",
        },
        "MaxConcurrency": 1,  # so that all together keep the pace of one
        "ResultSelector": {
            "incomplete.$": "States.ArrayContains($[*].became, 'not sent')",
            "shards.$": "$",
        },
        "ResultPath": "$.sending",
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.SendNoticesFailed", "Next": "AnythingMissing"}],
        "Next": "AnythingMissing",
    }
    states = item["States"]
    sent = {"run_id.$": "$.Payload.run_id", "shard.$": "$.Payload.shard", "became": "sent"}
    assert (item["ProcessorConfig"], states["SendShard"]["ResultSelector"]) == ({"Mode": "INLINE"}, sent)
    assert states["SendShard"]["Catch"] == [
        {"ErrorEquals": ["States.ALL"], "ResultPath": "$.failure", "Next": "ShardNotSent"}
    ]
    assert states["ShardNotSent"]["Parameters"] == {
        "run_id.$": "$.run_id",
        "shard.$": "$.shard",
        "became": "not sent",
        "error.$": "$.failure.Error",
    }
    assert states["NoTimeLeft"]["Result"] == {"Error": "NoTimeLeft"}


def test_no_shard_is_begun_eight_hours_after_the_first_and_the_last_of_them_ends_long_before_the_run_must() -> None:
    choice = maps()["SendNotices"]["ItemProcessor"]["States"]["StillTime"]
    passed = "$toMillis($states.context.State.EnteredTime) - $toMillis($states.input.since)"
    (rule,) = choice["Choices"]
    assert rule == {"Condition": f"{{% {passed} < {SENDING_HOURS * 3600 * 1000} %}}", "Next": "SendShard"}
    assert (choice["QueryLanguage"], choice["Default"], SENDING_HOURS) == ("JSONata", "NoTimeLeft", 8)
    send = tasks()["SendShard"]
    refused, tried = [], []
    for one in send["Retry"]:
        (refused if one["ErrorEquals"] == [SENDING_ELSEWHERE] else tried).append(one)
    attempts = 1 + sum(one["MaxAttempts"] for one in tried)
    waits = sum(one["MaxAttempts"] * max(one.get("IntervalSeconds", 0), one.get("MaxDelaySeconds", 0)) for one in tried)
    waits += sum(one["MaxAttempts"] * (one["IntervalSeconds"] + 10) for one in refused)  # a refusal takes seconds
    assert SENDING_HOURS * 3600 + attempts * send["TimeoutSeconds"] + waits < RUN_TIMEOUT_S * 2 / 3


def test_a_shard_in_doubt_waits_until_its_claims_are_stale_and_is_asked_twice() -> None:
    """Before all other errors: the last of them would try again after seconds, and find the same."""
    in_doubt, _, cut_short, *_ = tasks()["SendShard"]["Retry"]
    assert (cut_short["ErrorEquals"], cut_short["MaxAttempts"]) == (
        ["States.Timeout", "Sandbox.Timedout", "Lambda.Unknown"],
        4,
    )
    assert {len(one["Retry"]) for name, one in tasks().items() if name != "SendShard"} == {4}
    assert in_doubt == {"ErrorEquals": [CLAIMS_OPEN], "MaxAttempts": 2, "IntervalSeconds": 930, "BackoffRate": 1}
    assert CLAIM_STALE_MINUTES * 60 < CLAIM_WAIT_S == in_doubt["IntervalSeconds"]


def test_while_another_execution_sends_a_shard_waits_for_two_hours() -> None:
    """Who was cut short while it sent holds the others, and its own next try, up for a minute longer than it could run."""
    elsewhere = tasks()["SendShard"]["Retry"][1]
    assert elsewhere == {
        "ErrorEquals": [SENDING_ELSEWHERE],
        "MaxAttempts": 60,
        "IntervalSeconds": 120,
        "BackoffRate": 1,
    }
    assert TIMEOUT_S["send_notices"] + 60 == HELD_FOR.total_seconds() < 60 * 120


def test_what_sending_waits_for_has_the_names_under_which_it_leaves() -> None:
    assert {CLAIMS_OPEN, SENDING_ELSEWHERE} == {errors.ClaimsOpen.__name__, errors.SendingElsewhere.__name__}


def test_the_ledger_is_told_twenty_accounts_at_a_time_and_never_more_than_a_payload_holds() -> None:
    assert maps()["TellLedger"]["ItemBatcher"] == {"MaxItemsPerBatch": 20, "MaxInputBytesPerBatch": 200_000}
    assert "ItemBatcher" not in maps()["ScanAccounts"]


def test_no_call_is_told_a_list_but_a_batch_of_bounded_size() -> None:
    said = {name: one["Parameters"].get("Payload", one["Parameters"].get("Payload.$")) for name, one in tasks().items()}
    assert said == {
        "OpenChain": "$",  # the input of the execution: run and trigger
        "StartRun": "$",
        "ScanAccount": {"run_id.$": "$.run_id", "account.$": "$.account"},
        "RecordFailure": {
            "run_id.$": "$.run_id",
            "account.$": "$.account",
            "failure.$": "$.failure",
        },
        "CloseRun": {"run_id.$": "$.run_id"},
        "PlanNotices": {"run_id.$": "$.run_id"},
        "SendShard": {"run_id.$": "$.run_id", "shard.$": "$.shard"},
        "TellAccounts": {"Items.$": "$.Items"},
        "RecordRun": {"run_id.$": "$.run_id"},
    }


def test_a_step_keeps_the_fields_of_its_answer_that_are_needed_and_the_others_keep_nothing() -> None:
    kept = {name: (one["ResultPath"], one.get("ResultSelector")) for name, one in (tasks() | maps()).items()}
    started = {f"{name}.$": f"$.Payload.{name}" for name in ("accounts", "already", "items")}
    closed = {f"{name}.$": f"$.Payload.{name}" for name in ("seq", "sha256", "gaps", "unreachable", "untold")}
    expected = dict.fromkeys(kept, (None, None))
    notices = {f"{name}.$": f"$.Payload.{name}" for name in ("planned", "shards")}
    for name in ("SendNotices", "SendShard"):  # see above
        del kept[name], expected[name]
    assert kept == expected | {
        "StartRun": ("$.started", started),
        "CloseRun": ("$.closed", closed),
        "PlanNotices": ("$.notices", notices),
    }


def test_it_speaks_of_the_partition_it_runs_in() -> None:
    china = definition(a_stage(region="cn-north-1"), FUNCTION_OF)
    assert "arn:aws:" not in json.dumps(china)
    assert "arn:aws-cn:states:::lambda:invoke" in json.dumps(china)


def test_the_machine_may_call_versions_of_its_functions_and_nothing_else() -> None:
    (calls,) = (one for one in role_statements(STAGE) if "lambda:InvokeFunction" in one["Action"])
    prefix = f"arn:aws:lambda:eu-central-1:{TOOLING}:function:prooftrail-prod-"
    assert calls["Action"] == ["lambda:InvokeFunction"]
    assert calls["Resource"] == [f"{prefix}{door.replace('_', '-')}:*" for door in DOORS]


def test_the_machine_reads_and_writes_the_work_bucket_alone_and_minds_its_own_children() -> None:
    work = f"arn:aws:s3:::prooftrail-prod-work-{TOOLING}-eu-central-1"
    states_arn = f"arn:aws:states:eu-central-1:{TOOLING}"
    allowed = {one["Sid"]: (one["Action"], one["Resource"]) for one in role_statements(STAGE)}
    assert allowed["ReadsItems"] == (["s3:GetObject"], [f"{work}/work/*"])
    assert allowed["WritesResults"] == (
        ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject"],
        [f"{work}/results/*"],
    )
    assert allowed["StartsAChildForEachItem"] == (
        ["states:StartExecution"],
        [f"{states_arn}:stateMachine:prooftrail-prod-run"],
    )
    assert allowed["MindsItsChildren"] == (
        ["states:DescribeExecution", "states:RedriveExecution", "states:StopExecution"],
        [f"{states_arn}:execution:prooftrail-prod-run:*", f"{states_arn}:execution:prooftrail-prod-run/*"],
    )
    assert EVIDENCE not in json.dumps(role_statements(STAGE))


def test_only_log_delivery_which_has_no_resources_is_allowed_everywhere() -> None:
    everywhere = [one for one in role_statements(STAGE) if one["Resource"] == ["*"]]
    assert [one["Sid"] for one in everywhere] == ["DeliversItsLog"]
    assert all(action.startswith("logs:") and "*" not in action for one in everywhere for action in one["Action"])
