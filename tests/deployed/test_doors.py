"""The doors of the package as AWS opens them: they start with nothing, refuse in one sentence, and seal what they see."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from prooftrail import handlers
from prooftrail.adapters.source_code import this_code
from prooftrail.deployed import NEEDS, Deployed
from prooftrail.flows import head as chain_head
from prooftrail.flows.sealing import context_of
from prooftrail.model import canonical
from prooftrail.model.run import Schedule
from tests.deployed.deployment import ACCOUNT, ASSET_SHA256, REGION, Deployment, Run, deploy, this_second, without
from tests.emulators import Emulator

RUN = "20261122T050000Z"
_AN_ACCOUNT = {"run_id": RUN, "account": ACCOUNT}
GOOD: dict[str, Any] = {
    "tick": {"manual": True},
    "open_chain": {"run_id": RUN, "trigger": "schedule"},
    "start_run": {"run_id": RUN, "trigger": "schedule"},
    "scan_account": _AN_ACCOUNT,
    "record_failure": {**_AN_ACCOUNT, "failure": {"Error": "States.Timeout"}},
    "close_run": {"run_id": RUN},
    "tell_accounts": {"Items": [{"account": ACCOUNT, "key": "outcome/x", "sha256": "0" * 64}]},
    "record_run": {"run_id": RUN},
    "plan_notices": {"run_id": RUN},
    "send_notices": {"run_id": RUN, "shard": 0},
    "watch": {},
    "weekly": {},
}
BARE = {"AWS_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true"}


def test_every_door_has_a_handler_and_an_event_here() -> None:
    assert set(GOOD) == set(NEEDS)
    assert [door for door in NEEDS if not callable(getattr(handlers, door, None))] == []


@pytest.mark.parametrize("door", NEEDS)
def test_a_door_opens_in_an_empty_environment_and_refuses_what_is_no_event_in_one_sentence(door: str, run: Run) -> None:
    with run(f"prooftrail.handlers.{door}", {}) as function:
        function.polled()
        refusals = [function.invoke(event).refusal() for event in ([], {"nonsense": "<script>"}, "x", None)]
        unread = function.invoke(b'{"run_id": ')
    for kind, message in refusals:
        assert kind == "ConfigError"
        assert re.fullmatch(rf"{door} cannot read its event: [^\n]+\. It takes [^\n]+\.", message), message
        assert "Traceback" not in message
    assert "nonsense" in refusals[1][1] or "required field" in refusals[1][1]
    assert unread.refusal()[0] == "Runtime.UnmarshalError"


@pytest.mark.parametrize("door", NEEDS)
def test_a_function_without_its_environment_names_the_variable_that_is_missing(door: str, run: Run) -> None:
    with run(f"prooftrail.handlers.{door}", BARE) as function:
        assert function.invoke(GOOD[door]).refusal() == (
            "ConfigError",
            "PROOFTRAIL_STAGE is not set: deploy the function with `cdk deploy`.",
        )


@pytest.fixture(scope="module")
def deployment(ministack: Emulator, run: Run) -> Deployment:
    return deploy(ministack, "doors", run)


NEEDED = (
    ("tick", "state_machine"),
    ("tick", "every_hours"),
    ("open_chain", "bucket"),
    ("start_run", "at"),
    ("scan_account", "bucket"),
    ("record_failure", "fingerprint_key"),
    ("close_run", "retention_days"),
    ("tell_accounts", "table"),
    ("record_run", "bucket"),
    ("plan_notices", "notifier"),
    ("send_notices", "notifier"),
    ("send_notices", "receipts_queue"),
    ("watch", "bucket"),
    ("weekly", "bucket"),
)
"""A setting that a step cannot do without."""


@pytest.mark.parametrize(("door", "setting"), NEEDED)
def test_a_setting_that_was_forgotten_is_named(deployment: Deployment, door: str, setting: str) -> None:
    kind, message = without(deployment, setting).ask(door, GOOD[door]).refusal()
    assert kind == "ConfigError"
    assert message == f"PROOFTRAIL_{setting.upper()} is not set, and this step needs it: deploy the function again."


@pytest.mark.parametrize("door", NEEDS)
def test_a_door_is_given_no_more_than_its_step_needs(deployment: Deployment, door: str) -> None:
    given = {name for name in deployment.environment(door) if name.startswith("PROOFTRAIL_")}
    assert given <= {f"PROOFTRAIL_{name.upper()}" for name in ("stage", "asset_sha256", *NEEDS[door])}
    assert Deployed.read(deployment.environment(door)).stage == "doors"


def test_a_whole_run_through_the_doors_is_sealed_told_witnessed_and_verifies(
    ministack: Emulator, run: Run, task_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment = deploy(ministack, "whole", run)
    run_id = this_second()
    begun = {"run_id": run_id, "trigger": "manual"}

    opened = deployment.ask("open_chain", begun).value()
    assert opened["seq"] == 0

    started = deployment.ask("start_run", begun).value()
    assert started == {"run_id": run_id, "accounts": 1, "already": False, "items": started["items"]}
    items = [json.loads(line) for line in deployment.listed(started["items"]).splitlines()]
    assert items == [{"run_id": run_id, "account": ACCOUNT}]

    scanned = deployment.ask("scan_account", items[0]).value()
    assert (scanned["account"], scanned["status"] in {"sealed", "gaps"}) == (ACCOUNT, True)

    closed = deployment.ask("close_run", {"run_id": run_id}).value()
    assert (closed["run_id"], closed["seq"], closed["unreachable"]) == (run_id, 1, 0)
    untold = [json.loads(line) for line in deployment.listed(closed["untold"]).splitlines()]
    assert [one["account"] for one in untold] == [ACCOUNT]
    assert closed["untold"]["count"] == 1

    assert deployment.ask("tell_accounts", {"Items": untold}).value() == {"told": 1}
    assert deployment.ask("record_run", {"run_id": run_id}).value() == {"run_id": run_id, "seq": 1}

    planned = deployment.ask("plan_notices", {"run_id": run_id}).value()
    assert (planned["run_id"], planned["to_send"]) == (run_id, 0), "nothing is open in the governance that ships"
    assert planned["shards"] == [{"run_id": run_id, "shard": number} for number in range(len(planned["shards"]))]
    for shard in planned["shards"]:
        assert deployment.ask("send_notices", shard).value() == {**shard, "sent": 0, "failed": 0}

    watched = deployment.ask("watch", {}).value()
    head = f"1:{closed['sha256']}"
    assert (watched["head"], watched["written"], watched["broken"]) == (head, "witness/00000001.json", 0)
    assert deployment.ask("weekly", {}).value()["sent"]

    verified = deployment.verified()
    assert (verified.verdict, [str(one) for one in verified.problems if one.breaks]) == ("intact", [])
    chain = chain_head.read_chain(deployment.locker(), public_key=None)
    (manifest,) = chain.manifests
    monkeypatch.setattr("prooftrail.__file__", str(task_root / "prooftrail" / "__init__.py"))
    assert manifest.code == this_code(asset=ASSET_SHA256)
    assert context_of(deployment.locker(), manifest).code == manifest.code


def test_the_same_tick_twice_is_one_execution(deployment: Deployment) -> None:
    due = Schedule(every_hours=24, at="05:00").latest(datetime.now(UTC))  # noqa: TID251 - the door looks at it too
    event, name = {"scheduled_time": canonical.timestamp(due)}, canonical.run_id(due)
    with deployment.function("tick") as function:
        answers = [function.invoke(event).value() for _ in range(2)]
    assert [one["run_id"] for one in answers] == [name] * 2
    assert answers[0]["started"] is True
    states = deployment.server.client("stepfunctions")
    found = states.list_executions(stateMachineArn=deployment.told.state_machine)["executions"]
    assert [one["name"] for one in found if one["name"] == name] == [name]


def test_an_account_whose_scan_failed_gets_an_outcome_that_says_why(ministack: Emulator, run: Run) -> None:
    deployment = deploy(ministack, "failed", run)
    begun = {"run_id": this_second(), "trigger": "manual"}
    for door in ("open_chain", "start_run"):
        deployment.ask(door, begun).value()
    failed = {"run_id": begun["run_id"], "account": ACCOUNT, "failure": {"Error": "States.Timeout"}}
    assert deployment.ask("record_failure", failed).value() == {"account": ACCOUNT, "status": "unreachable"}
    closed = deployment.ask("close_run", {"run_id": begun["run_id"]}).value()
    assert (closed["unreachable"], closed["gaps"]) == (1, True)
    (manifest,) = chain_head.read_chain(deployment.locker(), public_key=None).manifests
    assert [(one.account, one.status, one.reason) for one in manifest.coverage] == [
        (ACCOUNT, "unreachable", "the scan did not end in the time it is given (States.Timeout)")
    ]
    assert deployment.verified().verdict == "intact"


def test_each_answer_leaves_one_line_that_names_the_run_and_holds_no_event(deployment: Deployment) -> None:
    with deployment.function("scan_account") as function:
        function.invoke({**_AN_ACCOUNT, "secret": "hunter2"}).refusal()
        lines = [json.loads(line) for line in function.log().splitlines() if line.startswith("{")]
    assert [(one["message"], one["level"], one["error"], one["service"]) for one in lines] == [
        ("scan_account", "ERROR", "ConfigError", "prooftrail-doors")
    ]
    assert "hunter2" not in json.dumps(lines)
