"""Exchanging the signing key in the middle of a chain's life: runs before and after it stand on one another."""

import pytest

from prooftrail.errors import ChainBroken
from prooftrail.evidence import layout
from prooftrail.evidence.manifest import Head
from prooftrail.flows.turn_key import TurnKey
from prooftrail.flows.verify_locker import Trust, Verdict, Verified, VerifyLocker
from prooftrail.model import canonical
from prooftrail.ports import Signer
from prooftrail.settings import Retention
from tests.contracts.fakes import MemoryLocker, MemorySigner
from tests.flows.world import World


def turn(world: World, before: Signer, after: Signer) -> Head | None:
    turned = TurnKey(
        locker=world.locker,
        retention=Retention(),
        before=before,
        after=after,
        pin=world.pin,
        clock=world.clock,
    )("yearly")
    world.signer = after  # type: ignore[assignment]
    return turned


def verified(world: World, key: Signer) -> Verified:
    trust = Trust(public_key=key.public_key_pem())
    return VerifyLocker(locker=world.locker, clock=world.clock)(trust=trust, deep=True)


def two_days_and_a_new_key() -> tuple[World, Signer, Signer]:
    world, before, after = World(), MemorySigner(), MemorySigner()
    world.signer = before
    world.sweep()(world.day(1))
    turn(world, before, after)
    world.users["222222222222"].append("eve")
    world.sweep()(world.day(2))
    return world, before, after


def test_a_run_after_the_exchange_stands_on_the_one_before_it() -> None:
    world, before, after = two_days_and_a_new_key()
    for key in (before, after):
        found = verified(world, key)
        assert (found.verdict, found.problems, found.runs) == (Verdict.INTACT, (), 2)


def test_the_run_after_the_exchange_still_knows_the_snapshots_before_it() -> None:
    world, _, _ = two_days_and_a_new_key()
    seen = {one: world.ledger.identity(one) for one in ("AIDA2bob", "AIDA2eve")}
    assert {one: row.first_seen_run[:8] for one, row in seen.items() if row} == {
        "AIDA2bob": "20261101",
        "AIDA2eve": "20261102",
    }


def test_exchanging_twice_under_the_same_keys_is_once() -> None:
    world, before, after = two_days_and_a_new_key()
    assert turn(world, before, after) is None
    assert len(list(world.names("chain/"))) == 4


def test_a_key_can_be_exchanged_twice_between_two_runs() -> None:
    world, _, after = two_days_and_a_new_key()
    third, fourth = MemorySigner(), MemorySigner()
    turn(world, after, third)
    turn(world, third, fourth)
    world.sweep()(world.day(3))
    assert verified(world, fourth).verdict is Verdict.INTACT


def test_a_chain_under_neither_key_is_left_alone() -> None:
    world, _, _ = two_days_and_a_new_key()
    with pytest.raises(ChainBroken):
        turn(world, MemorySigner(), MemorySigner())
    assert len(list(world.names("chain/"))) == 4


def test_an_empty_locker_has_nothing_to_exchange() -> None:
    world = World()
    assert turn(world, MemorySigner(), MemorySigner()) is None
    assert list(world.names()) == []


def test_the_old_key_begins_no_run_after_the_exchange() -> None:
    world, before, _ = two_days_and_a_new_key()
    world.signer = before  # type: ignore[assignment]
    with pytest.raises(ChainBroken, match=r"another key since chain/00000002\.json"):
        world.sweep()(world.day(3))


def test_a_run_begun_under_the_old_key_is_closed_under_the_new_one() -> None:
    world, before, after = World(), MemorySigner(), MemorySigner()
    world.signer = before
    world.sweep()(world.day(1))
    run = world.day(2)
    world.sweep()._start(run)
    turn(world, before, after)
    world.sweep()(run)
    found = verified(world, after)
    assert (found.verdict, found.problems, found.runs) == (Verdict.INTACT, (), 2)


def test_a_chain_whose_end_was_cut_off_is_not_signed_over() -> None:
    world, before, after = World(), MemorySigner(), MemorySigner()
    world.signer = before
    for day in (1, 2):
        world.sweep()(world.day(day))
    kept = {one: world.locker.get(one) for one in world.names() if one != layout.chain_key(2)}
    world.locker = MemoryLocker(now=world.clock.now)
    for key, body in kept.items():
        world.locker.put(key, body, retain_until=None)
    with pytest.raises(ChainBroken, match="ends at slot 1, and slot 2 was there before"):
        turn(world, before, after)
    assert list(world.names("chain/")) == [layout.chain_key(0), layout.chain_key(1)]


def test_a_chain_whose_head_is_another_than_the_one_we_saw_is_not_signed_over() -> None:
    world, before, after = World(), MemorySigner(), MemorySigner()
    world.signer = before
    world.sweep()(world.day(1))
    world.pin.head = Head(seq=1, sha256="0" * 64)
    with pytest.raises(ChainBroken, match=r"chain/00000001\.json is not the manifest we saw there before"):
        turn(world, before, after)
    assert list(world.names("chain/")) == [layout.chain_key(0), layout.chain_key(1)]


def test_the_exchange_is_the_head_that_is_remembered() -> None:
    world, before, after = World(), MemorySigner(), MemorySigner()
    world.signer = before
    world.sweep()(world.day(1))
    turned = turn(world, before, after)
    assert turned == Head(seq=2, sha256=canonical.sha256(world.locker.get(layout.chain_key(2))))
    assert world.pin.head == turned


def test_an_exchange_that_was_cut_off_is_not_signed_over_by_the_next() -> None:
    world, before, after = World(), MemorySigner(), MemorySigner()
    world.signer = before
    world.sweep()(world.day(1))
    turn(world, before, after)
    kept = {one: world.locker.get(one) for one in world.names() if one != layout.chain_key(2)}
    world.locker = MemoryLocker(now=world.clock.now)
    for key, body in kept.items():
        world.locker.put(key, body, retain_until=None)
    with pytest.raises(ChainBroken, match="ends at slot 1, and slot 2 was there before"):
        turn(world, before, MemorySigner())
