"""Ticks: the schedule's function starts the state machine, which runs to its end over the whole organization."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from e2e.proof import STAGE, Proof, StepFailed, expect, until
from e2e.servers import REGION

_RUN_WITHIN_S = 400
_ENDED = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")


def newest_tick(proof: Proof, *, hours_before: int = 0) -> datetime:
    """The newest tick of the stage's hourly schedule, or one before it."""
    minute = int(proof.stage["schedule"]["at"].split(":")[1])
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    tick = now.replace(minute=minute)
    return (tick if tick <= now else tick - timedelta(hours=1)) - timedelta(hours=hours_before)


def run(proof: Proof, tick: datetime) -> str:
    """What EventBridge Scheduler would send at this tick, and the whole run that follows."""
    name = f"{tick:%Y%m%dT%H%M%SZ}"
    answer = proof.invoke("tooling", "tick", {"scheduled_time": f"{tick:%Y-%m-%dT%H:%M:%SZ}"})
    expect("what Tick answers", {"run_id": name, "started": True}, answer)
    _finished(proof, name)
    proof.runs.append(name)
    return f"ran {name}"


def again(proof: Proof, tick: datetime) -> str:
    """The same tick delivered twice starts nothing: AWS may deliver a schedule's event more than once."""
    name = f"{tick:%Y%m%dT%H%M%SZ}"
    executions = _executions(proof)
    answer = proof.invoke("tooling", "tick", {"scheduled_time": f"{tick:%Y-%m-%dT%H:%M:%SZ}"})
    expect("what Tick answers the second time", {"run_id": name, "started": False}, answer)
    expect("executions after the second delivery", executions, _executions(proof))
    return f"started {name} again: nothing happened"


def definition(proof: Proof) -> dict[str, Any]:
    """The state machine as it is deployed."""
    client = proof.client("stepfunctions", "tooling")
    found: dict[str, Any] = json.loads(client.describe_state_machine(stateMachineArn=_machine(proof))["definition"])
    return found


def deployed_change(proof: Proof, *, concurrency: int) -> str:
    """The update has reached the state machine and the schedule."""
    expect("MaxConcurrency after the update", concurrency, _map(definition(proof))["MaxConcurrency"])
    minute = int(proof.stage["schedule"]["at"].split(":")[1])
    schedules = proof.client("scheduler", "tooling")
    said = [
        schedules.get_schedule(Name=one["Name"], GroupName=one["GroupName"])["ScheduleExpression"]
        for one in schedules.list_schedules()["Schedules"]
    ]
    if not any(expression.startswith(f"cron({minute} ") for expression in said):
        raise StepFailed(f"no schedule at minute {minute} after the update; there are: {said}")
    return f"the update is in place: {said[0]}, {concurrency} accounts side by side"


def _map(machine: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = machine["States"]["ScanAccounts"]
    return found


def _machine(proof: Proof) -> str:
    return f"arn:aws:states:{REGION}:{proof.accounts['tooling']}:stateMachine:prooftrail-{STAGE}-run"


def _executions(proof: Proof) -> list[tuple[str, str]]:
    found = proof.client("stepfunctions", "tooling").list_executions(stateMachineArn=_machine(proof))["executions"]
    return sorted((one["name"], one["status"]) for one in found if one["stateMachineArn"] == _machine(proof))


def _finished(proof: Proof, name: str) -> None:
    client = proof.client("stepfunctions", "tooling")
    arn = _machine(proof).replace(":stateMachine:", ":execution:") + f":{name}"

    def ended() -> dict[str, Any] | None:
        try:
            seen: dict[str, Any] = client.describe_execution(executionArn=arn)
        except ClientError:
            return None
        return seen if seen["status"] in _ENDED else None

    seen = until(f"execution {name}", ended, seconds=_RUN_WITHIN_S)
    if seen["status"] != "SUCCEEDED":
        raise StepFailed(
            f"execution {name}\n  expected: SUCCEEDED\n  seen:     {seen['status']} {seen.get('error')}: "
            f"{str(seen.get('cause'))[:1500]}\n{_story(client, arn)}"
        )


def _story(client: Any, arn: str) -> str:
    """The end of an execution's history: the states it entered, and what failed in words."""
    lines = []
    for event in client.get_execution_history(executionArn=arn)["events"]:
        details: dict[str, Any] = next((value for key, value in event.items() if key.endswith("EventDetails")), {})
        said = details.get("name") or " ".join(str(details[key])[:800] for key in ("error", "cause") if key in details)
        if said:
            lines.append(f"    {event['type']}: {said}")
    return "\n".join(lines[-25:])
