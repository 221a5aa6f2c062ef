"""The ledger is a view: replaying the chain makes the same rows, and what is not that is named."""

import msgspec
import pytest

from prooftrail.errors import ChainBroken
from prooftrail.flows import ledger_rebuild
from prooftrail.flows.ledger_rebuild import What
from prooftrail.ports import Ledger
from tests.contracts.fakes import MemoryLedger
from tests.flows.world import HOME, MEMBER, Killed, World


def busy_days() -> World:
    """Five days on which much that can happen happens."""
    world = World()
    world.sweep()(world.day(1))
    world.users[MEMBER] = ["bob", "carol"]
    world.refused = {HOME}
    world.sweep()(world.day(2))
    world.refused, world.unreachable = set(), {MEMBER}
    world.users[HOME] = []
    world.refused = {HOME}
    world.sweep()(world.day(3))
    world.unreachable = set()
    world.users[MEMBER] = ["bob", "svc-deploy"]
    world.sweep()(world.day(4))
    world.sweep()(world.day(5))
    return world


def everything(ledger: Ledger) -> dict[str, object]:
    rows = {account: ledger.by_account(account) for account in ledger.accounts()}
    return {
        "rows": rows,
        "history": {row.id: ledger.history(row.id) for found in rows.values() for row in found},
        "cells": {account: ledger.cells(account) for account in rows},
        "runs": ledger.runs(),
        "outcomes": {run.run_id: ledger.outcomes(run.run_id) for run in ledger.runs()},
    }


def test_a_rebuilt_ledger_is_the_one_the_scans_wrote() -> None:
    world, fresh = busy_days(), MemoryLedger()
    made = ledger_rebuild.rebuild(world.locker, fresh)
    assert everything(fresh) == everything(world.ledger)
    assert (made.runs, made.outcomes, made.left_out) == (5, 10, ())
    assert ledger_rebuild.check(world.locker, fresh).differences == ()


def test_the_ledger_of_busy_days_is_equal_to_its_locker() -> None:
    world = busy_days()
    checked = ledger_rebuild.check(world.locker, world.ledger)
    assert (checked.equal, checked.differences, checked.runs) == (True, (), 5)


def test_a_rebuild_forgets_what_the_locker_does_not_hold() -> None:
    world = busy_days()
    row = world.ledger.by_account(HOME)[0]
    outcome = world.ledger.outcomes(world.ledger.runs()[0].run_id)[0]
    stray = msgspec.structs.replace(row, id="AIDASTRAY")
    world.ledger.apply(ledger_rebuild.LedgerChange(outcome=outcome, rows=(stray,)))
    found = ledger_rebuild.check(world.locker, world.ledger).differences
    assert [(one.what, one.rows, one.key) for one in found] == [(What.EXTRA, "identity", "AIDASTRAY")]
    ledger_rebuild.rebuild(world.locker, world.ledger)
    assert ledger_rebuild.check(world.locker, world.ledger).equal


def test_the_ledger_knows_nothing_of_a_run_that_is_in_no_manifest() -> None:
    world = busy_days()
    world.users[MEMBER] = ["bob"]
    sweep = world.sweep()
    started = sweep._start(world.day(6))
    for planned in started.plan.accounts:
        sweep._scan(planned, run=started.plan.header.run, context=started.context)
    assert world.ledger.outcomes(started.plan.header.run.id) == ()
    assert ledger_rebuild.check(world.locker, world.ledger).equal


def test_a_run_that_was_never_closed_leaves_the_ledger_equal_to_its_locker() -> None:
    world = busy_days()
    sweep = world.sweep()
    world.users[MEMBER] = ["bob", "transient"]
    started = sweep._start(world.day(6))
    for planned in started.plan.accounts:
        sweep._scan(planned, run=started.plan.header.run, context=started.context)
    world.users[MEMBER] = ["bob", "later"]
    world.sweep()(world.day(7))
    assert ledger_rebuild.check(world.locker, world.ledger).equal


def test_a_chain_that_does_not_hold_makes_no_ledger() -> None:
    world = busy_days()
    before = everything(world.ledger)
    world.locker.put("chain/00000009.json", world.locker.get("chain/00000002.json"), retain_until=None)
    for flow in (ledger_rebuild.rebuild, ledger_rebuild.check):
        with pytest.raises(ChainBroken, match="does not verify"):
            flow(world.locker, world.ledger)
    assert everything(world.ledger) == before


def test_nothing_is_forgotten_before_the_locker_was_read_to_its_end() -> None:
    world = busy_days()
    before, get = everything(world.ledger), world.locker.get

    def failing(key: str, *, version_id: str | None = None) -> bytes:
        if key.startswith("outcome/20261105"):
            raise Killed
        return get(key, version_id=version_id)

    world.locker.get = failing  # type: ignore[method-assign]
    with pytest.raises(Killed):
        ledger_rebuild.rebuild(world.locker, world.ledger)
    assert everything(world.ledger) == before
