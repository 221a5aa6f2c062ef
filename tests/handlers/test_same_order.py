"""The state machine and the sweep are one order of steps: the same doors one after the other, the same effects."""

import itertools
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest

from infra.state_machine import DOORS, definition
from prooftrail.flows.remind_owners import RemindOwners
from prooftrail.governance import Governance, Owner, Owners
from prooftrail.governance.notices import Notices, Opening
from prooftrail.model.judgement import Tier
from tests.flows.world import MEMBER, World
from tests.handlers.doors import Steps
from tests.infra.stages import a_stage

MACHINE = definition(a_stage(), {door: door for door in DOORS})


def along(level: dict[str, Any], choose: Callable[[str], str | None]) -> Iterator[str]:
    """The doors on the way through a machine, into its maps; `choose` takes a branch, None the default."""
    name: str | None = level["StartAt"]
    while name:
        state = level["States"][name]
        if state["Type"] == "Task":
            yield state["Parameters"]["FunctionName"]
        if state["Type"] == "Map":
            yield from along(state["ItemProcessor"], choose)
        name = choose(name) if state["Type"] == "Choice" else None
        name = name or state.get("Default") or state.get("Next")


def listened(world: World) -> list[tuple[str, str]]:
    """What is written from now on: the kind of each sealed object with its account, each thing the ledger is told."""
    effects: list[tuple[str, str]] = []
    put, apply, record = world.locker.put, world.ledger.apply, world.ledger.record_run

    def putting(key: str, *args: Any, **known: Any) -> Any:
        done = put(key, *args, **known)
        kind, *rest = key.split("/")
        effects.append((kind, rest[1].removesuffix(".json") if len(rest) > 1 and kind != "context" else ""))
        return done

    def applying(change: Any) -> None:
        apply(change)
        effects.append(("ledger: outcome", change.outcome.account))

    def recording(row: Any) -> None:
        record(row)
        effects.append(("ledger: run", ""))

    world.locker.put, world.ledger.apply, world.ledger.record_run = putting, applying, recording  # type: ignore[method-assign]
    return effects


def told(world: World) -> World:
    """A world in which the security team is told of all that nobody owns."""
    opened = tuple(Opening(tier=tier, approved_by="soc", approved_on=date(2026, 1, 1)) for tier in Tier)
    soc = Owner(id="soc", name="Security operations", email="soc@example.com", kind="team")
    world.governance = Governance(owners=Owners(owner=(soc,)), notices=Notices(security_team="soc", opened=opened))
    return world


@pytest.mark.parametrize("days", [1, 2])
@pytest.mark.parametrize("unreachable", [frozenset(), frozenset({MEMBER})])
def test_the_sweep_and_the_doors_have_the_same_effects_in_the_same_order(
    steps: Steps, days: int, unreachable: frozenset[str]
) -> None:
    swept = told(World())
    told(steps.world)
    by_sweep, by_doors = listened(swept), listened(steps.world)
    for world in (swept, steps.world):
        world.unreachable = set(unreachable)
    wiring = Steps(swept).wiring()
    for day in range(1, days + 1):
        swept.sweep(remind=RemindOwners(wiring.plan_notices, wiring.send_notices))(swept.day(day))
        steps.run(steps.world.day(day))
    assert by_sweep == by_doors
    marks = [kind for kind, _ in by_doors if kind in {"chain", "plan", "notices", "ledger: run"}]
    assert [kind for kind, _ in itertools.groupby(marks)][:5] == ["chain", "plan", "chain", "ledger: run", "notices"]


def test_the_machine_calls_the_doors_in_the_order_they_were_called_in(steps: Steps) -> None:
    told(steps.world).users = {MEMBER: ["bob"]}
    steps.run(steps.world.day(1))
    branches = {"AnythingToSend": "SendNotices", "StillTime": "SendShard"}
    assert list(along(MACHINE, branches.get)) == steps.order


def test_for_a_run_that_is_sealed_already_the_machine_scans_and_tells_nothing_and_neither_do_the_doors(
    steps: Steps,
) -> None:
    run = told(steps.world).day(1)
    steps.run(run)
    steps.order.clear()
    steps.run(run)
    branches = {"AnythingToScan": "CloseRun", "AnythingToTell": "RecordRun"}
    branches |= {"AnythingToSend": "SendNotices", "StillTime": "SendShard"}
    assert list(along(MACHINE, branches.get)) == steps.order
