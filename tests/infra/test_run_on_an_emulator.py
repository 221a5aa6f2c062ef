"""The machine's definition carried out by an emulator over small stand-ins for the functions: who is called with what.

MiniStack runs the Distributed Map over JSON Lines, retries, catches and versions as they are written. It makes no
batches and writes no results of a map to S3: there the template is what holds them.
"""

import io
import json
import time
import urllib.request
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from infra.notice_steps import SENDING_HOURS
from infra.state_machine import DOORS, definition
from tests.emulators import Emulator, ministack

from .stages import a_stage

STAGE = a_stage(concurrency=2)
ROLE = "arn:aws:iam::000000000000:role/prooftrail/machine"
FINE, SHAKY, DENIED, LOST = "100000000001", "100000000002", "100000000003", "100000000004"
EARLIER, SCANNED, EMPTY, ALREADY, UNREADABLE, BEHIND, UNSENT, UNSEALED = (
    f"20261122T{hour:02}0000Z" for hour in range(4, 12)
)
FINISHED_WITHIN_S = 90.0
RAISED = "Runtime.HandlerError"  # the emulator's word; AWS says the name of the exception

STAND_IN = """
import json, os, pathlib

def handler(event, context):
    door, calls = os.environ["DOOR"], pathlib.Path(os.environ["CALLS"])
    number = len(list(calls.glob("*.json")))
    with (calls / f"{number:04d}-{context.aws_request_id}.json").open("w") as out:
        json.dump({"door": door, "event": event, "version": os.environ["RELEASE"]}, out)
    return globals()[door](event, calls)

def open_chain(event, calls):
    return {"seq": 0, "sha256": "0" * 64}

def start_run(event, calls):
    name = event["run_id"]
    accounts = {"20261122T060000Z": 0}.get(name, 4)
    key = f"items/{name}.jsonl"
    already = name == "20261122T070000Z"
    items = {"bucket": os.environ["WORK"], "key": key}
    return {"run_id": name, "accounts": accounts, "already": already, "items": items}

def scan_account(event, calls):
    once = calls / ("shaky-" + event["run_id"])
    if event["account"] == "100000000002" and not once.exists():
        once.write_text("")
        raise RuntimeError("cut short")
    if event["account"] in ("100000000003", "100000000004"):
        raise PermissionError("may not")
    return {"account": event["account"], "status": "ok"}

def record_failure(event, calls):
    if event["account"] == "100000000004":
        raise RuntimeError("the locker does not answer")
    return {"account": event["account"], "status": "unreachable"}

def close_run(event, calls):
    if event["run_id"] == "20261122T110000Z":
        raise RuntimeError("the chain has moved on")
    count = 2 if event["run_id"] == "20261122T050000Z" else 0
    untold = {"bucket": os.environ["WORK"], "key": "items/untold.jsonl", "count": count}
    return {"run_id": event["run_id"], "seq": 1, "sha256": "1" * 64, "gaps": True, "unreachable": 2, "untold": untold}

def plan_notices(event, calls):
    if event["run_id"] == "20261122T060000Z":
        raise RuntimeError("the manifest cannot be read")
    named = {
        "20261122T050000Z": [("20261122T040000Z", 3), ("20261122T050000Z", 0)],
        "20261122T090000Z": [("20261122T090000Z", 0)],
        "20261122T100000Z": [("20261122T100000Z", shard) for shard in (0, 1, 2)],
    }
    shards = [{"run_id": run, "shard": shard} for run, shard in named.get(event["run_id"], [])]
    return {"run_id": event["run_id"], "planned": 7, "to_send": 3, "undeliverable": 1, "shards": shards}

def send_notices(event, calls):
    if event["shard"] == 1:
        raise RuntimeError("the notifier does not answer")
    return {"run_id": event["run_id"], "shard": event["shard"], "sent": 3, "failed": 0}

def tell_accounts(event, calls):
    return {"told": 1}

def record_run(event, calls):
    if event["run_id"] == "20261122T090000Z":
        raise RuntimeError("the ledger lacks 1 outcome")
    return {"run_id": event["run_id"], "seq": 1}
"""

BATCHES: list[dict[str, Any]] = [
    {"Items": [{"account": account, "key": f"outcome/{SCANNED}/{account}.json", "sha256": "2" * 64}]}
    for account in (FINE, SHAKY)
]
"""What the machine's batcher would make of two lines; the emulator hands lines on as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The definition on an emulator, and where the stand-ins write down what they were called with."""

    emulator: Emulator
    arn: str
    calls: Path

    def run(self, run_id: str) -> tuple[dict[str, Any], dict[str, list[dict[str, Any]]]]:
        """The execution of one run once it has ended, and the events of its calls by door, in the order of account."""
        states = self.emulator.client("stepfunctions")
        given = json.dumps({"run_id": run_id, "trigger": "schedule"})
        started = states.start_execution(stateMachineArn=self.arn, name=run_id, input=given)["executionArn"]
        deadline = time.monotonic() + FINISHED_WITHIN_S
        while (ended := states.describe_execution(executionArn=started))["status"] == "RUNNING":
            assert time.monotonic() < deadline, f"{run_id} has not ended"
            states.list_executions(stateMachineArn=self.arn)  # one more call between looks: nothing here sleeps
        called: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for path in sorted(self.calls.glob("*.json")):
            call = json.loads(path.read_text())
            if call["event"].get("run_id", SCANNED) in {run_id, EARLIER if run_id == SCANNED else run_id}:
                called[call["door"]].append(call["event"])
        return ended, {door: sorted(events, key=lambda one: one.get("account", "")) for door, events in called.items()}


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    calls = tmp_path_factory.mktemp("calls")
    with ministack(tmp_path_factory.mktemp("ministack")) as emulator:
        _do_not_pause(emulator)
        s3 = emulator.s3()
        s3.create_bucket(Bucket=STAGE.work_bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        accounts = [{"run_id": SCANNED, "account": account} for account in (FINE, SHAKY, DENIED, LOST)]
        s3.put_object(Bucket=STAGE.work_bucket, Key=f"items/{SCANNED}.jsonl", Body=_lines(accounts))
        for run_id in (BEHIND, UNSENT, UNSEALED):
            s3.put_object(Bucket=STAGE.work_bucket, Key=f"items/{run_id}.jsonl", Body=b"")
        s3.put_object(Bucket=STAGE.work_bucket, Key="items/untold.jsonl", Body=_lines(BATCHES))
        versions = {door: _publish(emulator, door, calls) for door in DOORS}
        made = emulator.client("stepfunctions").create_state_machine(
            name=STAGE.state_machine, definition=json.dumps(definition(STAGE, versions)), roleArn=ROLE, type="STANDARD"
        )
        yield Machine(emulator=emulator, arn=made["stateMachineArn"], calls=calls)


@pytest.fixture(scope="module")
def late(machine: Machine) -> Machine:
    """The same machine, where no time is left for sending as soon as it begins."""
    states = machine.emulator.client("stepfunctions")
    text = str(states.describe_state_machine(stateMachineArn=machine.arn)["definition"])
    budget = f"< {SENDING_HOURS * 3600 * 1000} "
    assert text.count(budget) == 1
    made = states.create_state_machine(name="late", definition=text.replace(budget, "< 0 "), roleArn=ROLE)
    return replace(machine, arn=made["stateMachineArn"])


def _lines(items: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(item).encode() + b"\n" for item in items)


def _publish(emulator: Emulator, door: str, calls: Path) -> str:
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("stand_in.py", STAND_IN)
    variables = {"DOOR": door, "CALLS": str(calls), "WORK": STAGE.work_bucket, "RELEASE": "1"}
    made = emulator.client("lambda").create_function(
        FunctionName=f"prooftrail-prod-{door.replace('_', '-')}",
        Runtime="python3.13",
        Role=ROLE,
        Handler="stand_in.handler",
        Code={"ZipFile": package.getvalue()},
        Environment={"Variables": variables},
        Publish=True,
    )
    return f"{made['FunctionArn'].removesuffix(':1')}:1"


def _do_not_pause(emulator: Emulator) -> None:
    """Retries at once: what a retry waits for on AWS is nothing to wait for here."""
    body = json.dumps({"stepfunctions._SFN_WAIT_SCALE": 0}).encode()
    request = urllib.request.Request(f"{emulator.endpoint}/_ministack/config", data=body, method="POST")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=5) as answer:
        assert json.load(answer) == {"applied": {"stepfunctions._SFN_WAIT_SCALE": 0.0}}


type Ended = tuple[dict[str, Any], dict[str, list[dict[str, Any]]]]


@pytest.fixture(scope="module")
def scanned(machine: Machine) -> Ended:
    """One whole run."""
    return machine.run(SCANNED)


def test_a_run_scans_its_accounts_records_those_that_fail_seals_and_tells(scanned: Ended) -> None:
    ended, called = scanned
    begun = {"run_id": SCANNED, "trigger": "schedule"}
    item = {account: {"run_id": SCANNED, "account": account} for account in (FINE, SHAKY, DENIED, LOST)}
    assert ended["status"] == "SUCCEEDED"
    assert list(called) == [
        "open_chain",
        "start_run",
        "scan_account",
        "record_failure",
        "close_run",
        "tell_accounts",
        "record_run",
        "plan_notices",
        "send_notices",
    ]
    assert called["plan_notices"] == [{"run_id": SCANNED}]
    assert called["send_notices"] == [{"run_id": EARLIER, "shard": 3}, {"run_id": SCANNED, "shard": 0}]
    assert called["open_chain"] == called["start_run"] == [begun]
    tried = [1, 2, 3, 3]  # what fails is tried twice more
    assert called["scan_account"] == [
        one for one, times in zip(item.values(), tried, strict=True) for _ in range(times)
    ]
    failures = called["record_failure"]
    assert [(one["account"], one["failure"]["Error"]) for one in failures] == [
        (DENIED, RAISED),
        *[(LOST, RAISED)] * 3,
    ]
    assert all(json.loads(one["failure"]["Cause"])["errorMessage"] == "may not" for one in failures)
    assert called["close_run"] == called["record_run"] == [{"run_id": SCANNED}]
    assert sorted(called["tell_accounts"], key=json.dumps) == BATCHES


def test_a_run_leaves_references_and_counts_in_its_output(scanned: Ended) -> None:
    ended, _ = scanned
    work = STAGE.work_bucket
    assert json.loads(ended["output"]) == {
        "run_id": SCANNED,
        "trigger": "schedule",
        "started": {"accounts": 4, "already": False, "items": {"bucket": work, "key": f"items/{SCANNED}.jsonl"}},
        "closed": {
            "seq": 1,
            "sha256": "1" * 64,
            "gaps": True,
            "unreachable": 2,
            "untold": {"bucket": work, "key": "items/untold.jsonl", "count": 2},
        },
        "notices": {"planned": 7, "shards": [{"run_id": EARLIER, "shard": 3}, {"run_id": SCANNED, "shard": 0}]},
        "sending": {
            "incomplete": False,
            "shards": [
                {"run_id": EARLIER, "shard": 3, "became": "sent"},
                {"run_id": SCANNED, "shard": 0, "became": "sent"},
            ],
        },
    }


def test_a_run_that_was_sealed_before_is_closed_told_of_and_recorded(machine: Machine) -> None:
    ended, called = machine.run(ALREADY)
    assert ended["status"] == "SUCCEEDED"
    assert list(called) == ["open_chain", "start_run", "close_run", "record_run", "plan_notices"]


def test_notices_that_cannot_be_planned_fail_the_execution_once_the_run_is_sealed_and_told(machine: Machine) -> None:
    """And a run without accounts is closed and recorded all the same."""
    ended, called = machine.run(EMPTY)
    assert (ended["status"], ended["error"]) == ("FAILED", "NoticesNotSent")
    assert list(called) == ["open_chain", "start_run", "close_run", "record_run", "plan_notices"]
    assert len(called["plan_notices"]) == 3


def test_a_shard_that_is_not_sent_keeps_no_other_back_and_fails_the_execution_last(machine: Machine) -> None:
    ended, called = machine.run(UNSENT)
    assert (ended["status"], ended["error"]) == ("FAILED", "NoticesNotSent")
    assert [one["shard"] for one in called["send_notices"]] == [0, 1, 1, 1, 2]
    assert len(called["record_run"]) == 1


def test_shards_for_which_no_time_is_left_are_not_begun_and_fail_the_execution(machine: Machine, late: Machine) -> None:
    before = len(list(machine.calls.glob("*.json")))
    ended, _ = late.run(UNSENT)
    assert (ended["status"], ended["error"]) == ("FAILED", "NoticesNotSent")
    made = [json.loads(path.read_text())["door"] for path in sorted(machine.calls.glob("*.json"))[before:]]
    assert made == ["open_chain", "start_run", "close_run", "record_run", "plan_notices"]


def test_a_list_of_accounts_that_cannot_be_read_still_ends_in_a_sealed_run(machine: Machine) -> None:
    ended, called = machine.run(UNREADABLE)
    assert ended["status"] == "SUCCEEDED"
    assert list(called) == ["open_chain", "start_run", "close_run", "record_run", "plan_notices"]
    assert json.loads(ended["output"])["ScanAccountsFailed"]["Error"] == "States.ItemReaderFailed"


def test_a_ledger_that_cannot_be_told_keeps_no_owner_untold_and_fails_the_execution_last(machine: Machine) -> None:
    ended, called = machine.run(BEHIND)
    assert (ended["status"], ended["error"]) == ("FAILED", "LedgerBehind")
    assert len(called["record_run"]) == 3
    assert called["close_run"] == called["plan_notices"] == [{"run_id": BEHIND}]
    assert called["send_notices"] == [{"run_id": BEHIND, "shard": 0}]


def test_a_step_before_the_seal_that_fails_for_good_fails_the_run_there(machine: Machine) -> None:
    ended, called = machine.run(UNSEALED)
    assert (ended["status"], ended["error"]) == ("FAILED", RAISED)
    assert {door: len(events) for door, events in called.items()} == {"open_chain": 1, "start_run": 1, "close_run": 3}


@pytest.mark.usefixtures("scanned")
def test_the_same_tick_makes_one_run(machine: Machine) -> None:
    states = machine.emulator.client("stepfunctions")
    with pytest.raises(states.exceptions.ExecutionAlreadyExists):
        states.start_execution(stateMachineArn=machine.arn, name=SCANNED, input=json.dumps({"run_id": "another"}))
