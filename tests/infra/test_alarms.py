"""What holds for the alarms and names of all stacks together: in one account none may stand in another's way."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.infra.synthesis import Assembly

type Resource = dict[str, Any]

ROOT = Path(__file__).parents[2]
BOTH = ("prod", "dev")
NO_NAMES = {("AWS::SNS::Topic", "DisplayName"), ("AWS::CloudWatch::Alarm", "MetricName")}
"""Properties that end with `Name` and are no name of the resource."""


def alarms(assembly: Assembly, stage: str) -> list[tuple[str, str, Resource]]:
    """Stack, name without the stage's prefix, and properties of every alarm of a stage."""
    return [
        (
            stack.rpartition("-")[2],
            one["Properties"]["AlarmName"].removeprefix(f"prooftrail-{stage}-"),
            one["Properties"],
        )
        for stack, _, one in assembly.every("AWS::CloudWatch::Alarm")
        if stack.startswith(f"Prooftrail-{stage}-")
    ]


def names(resource: Resource) -> dict[str, str]:
    """The names a template gives a resource itself, by property; a reference to another resource is none."""
    given = {key: one for key, one in resource.get("Properties", {}).items() if key.endswith("Name")}
    return {key: one for key, one in given.items() if isinstance(one, str) and (resource["Type"], key) not in NO_NAMES}


def watched(alarm: Resource) -> list[Resource]:
    """The metrics an alarm looks at, each with name and namespace."""
    inner = (one["MetricStat"]["Metric"] for one in alarm.get("Metrics", []) if "MetricStat" in one)
    return [alarm] if "MetricName" in alarm else list(inner)


def ours(assembly: Assembly, stage: str) -> dict[str, set[str]]:
    """The metrics of our own that a stack's alarms look at, by the stack's last name."""
    found: dict[str, set[str]] = {}
    for stack, _, alarm in alarms(assembly, stage):
        told = {one["MetricName"] for one in watched(alarm) if one["Namespace"] == "Prooftrail"}
        found[stack] = found.get(stack, set()) | told
    return found


@pytest.mark.parametrize("stage", BOTH)
def test_no_name_is_given_twice_in_one_account_and_region(assembly: Assembly, stage: str) -> None:
    given = Counter(
        (assembly.environment(stack), resource["Type"], key, within(template, resource), name)
        for stack, template in assembly.templates.items()
        if stack.startswith(f"Prooftrail-{stage}-")
        for resource in template["Resources"].values()
        for key, name in names(resource).items()
    )
    assert len(given) > 60
    assert [one for one, times in given.items() if times > 1] == []


def within(template: Resource, resource: Resource) -> str:
    """What a name is unique in beside account and region: a schedule in its group, all else in nothing more."""
    if resource["Type"] != "AWS::Scheduler::Schedule":
        return ""
    return str(template["Resources"][resource["Properties"]["GroupName"]["Ref"]]["Properties"]["Name"])


@pytest.mark.parametrize("stage", BOTH)
def test_no_stacks_zero_clears_anothers_alarm(assembly: Assembly, stage: str) -> None:
    """In one account both say their metrics under one name and dimension."""
    by_stack = ours(assembly, stage)
    assert {"Scanner", "Watchdog"} == {stack for stack, told in by_stack.items() if told}
    assert by_stack["Scanner"] & by_stack["Watchdog"] == set()


def test_an_alarm_waits_for_nothing_that_no_door_says(assembly: Assembly) -> None:
    doors = (ROOT / "functions/prooftrail/handlers.py").read_text()
    waited_for = set().union(*ours(assembly, "prod").values())
    assert {"RunSealed", "KeyExchanged", "MissedTicks", "MissedTicksSeen"} <= waited_for
    assert [one for one in sorted(waited_for) if not re.search(rf'\b{one}=|"{one}":', doors)] == []


def test_the_runbook_has_a_row_for_every_alarm_by_its_name_and_for_no_other(assembly: Assembly) -> None:
    made = {name for stage in BOTH for _, name, _ in alarms(assembly, stage)}
    section = (ROOT / "docs/operate.md").read_text().split("\n## Alarms")[1].split("\n## ")[0]
    firsts = [line.split("|")[1] for line in section.splitlines() if line.startswith("|")][2:]
    told = [name for first in firsts for name in re.findall(r"`([a-z-]+)`", first)]
    assert len(made) > 30
    assert (sorted(made - set(told)), sorted(set(told) - made)) == ([], [])
    assert [name for name, times in Counter(told).items() if times > 1] == []
