"""What verification still adds up and judges again once wire bodies and people are gone on schedule."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from prooftrail.evidence import layout
from prooftrail.evidence.findings import Fault
from prooftrail.evidence.manifest import Manifest
from prooftrail.flows.verify_locker import Verdict
from prooftrail.model.run import EvidenceKind, SealedObject
from tests.flows.forging import Forger
from tests.flows.world import MEMBER, World

FIRST = layout.chain_key(1)


def one_day() -> World:
    world = World()
    world.sweep()(world.day(1))
    return world


def disposed(world: World, *prefixes: str, days: int = 401) -> World:
    """The locker when the terms of some kinds are over, and the store has disposed of them."""
    inner: Any = getattr(world.locker, "_inner", world.locker)
    inner._versions = [one for one in inner._versions if not one[0].key.startswith(prefixes)]
    world.clock.at += timedelta(days=days)
    return world


def whole(made: Manifest) -> Manifest:
    coverage = tuple(msgspec.structs.replace(one, identities=99) for one in made.coverage)
    return msgspec.structs.replace(made, coverage=coverage)


@pytest.mark.parametrize("prefixes", [(), ("people/",), ("people/", "raw/")])
def test_a_false_sum_is_found_after_people_and_wire_bodies_are_gone(prefixes: tuple[str, ...]) -> None:
    world = one_day()
    Forger(world, made=whole)()
    if prefixes:
        disposed(world, *prefixes)
    assert [(one.fault, one.where) for one in world.verify().problems] == [(Fault.RECOUNT, FIRST)]


@pytest.mark.parametrize("prefixes", [(), ("people/", "raw/")])
def test_results_taken_out_of_a_manifest_are_found_after_people_and_wire_bodies_are_gone(
    prefixes: tuple[str, ...],
) -> None:
    def judged(one: SealedObject) -> bool:
        return one.kind in layout.JUDGED_KINDS and MEMBER in one.key

    world = one_day()
    Forger(world, without=judged)()
    if prefixes:
        disposed(world, *prefixes)
    verified = world.verify(deep=False, rederive=True)
    assert [one.fault for one in verified.problems] == [Fault.DERIVED]
    assert "a catalog to be judged by and no results" in verified.problems[0].detail


def test_an_honest_locker_whose_people_and_wire_bodies_are_gone_is_intact_and_added_up() -> None:
    verified = disposed(one_day(), "people/", "raw/").verify(rederive=True)
    assert verified.verdict is Verdict.INTACT
    assert {one.fault for one in verified.notes} == {Fault.DISPOSED, Fault.LATE_RUN}


@pytest.mark.parametrize("kind", [EvidenceKind.SNAPSHOT, EvidenceKind.OUTCOME, EvidenceKind.PLAN])
def test_a_sum_that_cannot_be_made_any_more_is_noted(kind: EvidenceKind) -> None:
    verified = disposed(one_day(), f"{kind}/", days=1101).verify(rederive=True)
    assert verified.verdict is Verdict.INTACT
    number = 1 if kind is EvidenceKind.PLAN else 2
    assert [(one.where, one.detail) for one in verified.notes if one.fault is Fault.NOT_ADDED_UP] == [
        (FIRST, f"{number} of its objects are gone or damaged, so what it counts was not added up again")
    ]
