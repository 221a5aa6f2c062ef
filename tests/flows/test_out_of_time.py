"""Runs that are asked for as of another time than their own, and the times that whoever holds the key could sign."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from prooftrail.errors import ConfigError
from prooftrail.evidence import envelope, layout, manifest
from prooftrail.evidence.findings import Fault
from prooftrail.flows import head as chain_head
from prooftrail.flows.verify_locker import Verdict
from prooftrail.model.run import Run
from tests.flows.watched import Kennel
from tests.flows.world import DAY_1, World

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
FAR = datetime(2099, 1, 1, 6, tzinfo=UTC)


def two_days() -> World:
    world = World()
    for number in (1, 2):
        world.sweep()(world.day(number))
    world.clock.at = DAY_1 + 30 * DAY
    return world


@pytest.mark.parametrize(
    ("ago", "run"),
    [
        (timedelta(hours=6), Run.manual),
        (timedelta(hours=24), Run.scheduled),
        (-timedelta(minutes=5), Run.manual),
        (-timedelta(minutes=5), Run.scheduled),
    ],
)
def test_a_run_of_a_little_while_ago_is_begun_and_one_of_a_moment_longer_leaves_nothing(
    ago: timedelta, run: Any
) -> None:
    world = two_days()
    before = set(world.names())
    further = SECOND if ago > timedelta() else -SECOND
    with pytest.raises(ConfigError, match=r"too long ago|lies ahead"):
        world.sweep()(run(world.clock.at - ago - further, None))
    assert set(world.names()) == before
    assert world.sweep()(run(world.clock.at - ago, None)).manifest.seq == 3


def test_a_manual_run_cannot_be_dated_back_to_when_the_key_was_young() -> None:
    world = two_days()
    with pytest.raises(ConfigError, match="start a manual run for the present moment"):
        world.sweep()(Run.manual(world.clock.at - 80 * DAY, None))


def test_a_tick_that_was_declared_missed_is_not_run_a_week_later() -> None:
    world = two_days()
    with pytest.raises(ConfigError, match="the next run declares it missed"):
        world.sweep()(Run.scheduled(DAY_1 + 3 * DAY, None))


def test_a_run_whose_plan_is_there_is_finished_however_late_and_says_that_it_was_read_late() -> None:
    world = two_days()
    run = world.day(3)
    world.sweep()._start(run)
    world.clock.at += 3 * DAY
    swept = world.sweep()(run)
    assert (swept.resumed, {one.status for one in swept.manifest.coverage}) == (True, {"gaps"})
    assert world.verify().verdict is Verdict.INTACT


def appended(kennel: Kennel, **known: object) -> None:
    """A manifest like the last one, by the holder of the signing key."""
    end = chain_head.chain_end(kennel.locker, public_key=kennel.signer.public_key_pem())
    assert end is not None
    assert end.manifest is not None
    tick = DAY_1 + 3 * DAY
    kennel.clock.at = tick + 5 * SECOND
    like = {
        "seq": end.head.seq + 1, "previous": end.head, "run": Run.scheduled(tick, None), "last_tick": tick,
        "started_at": tick, "closed_at": kennel.clock.at, "objects": (), "superseded": (), "coverage": (), "counts": (),
        "merkle_root": manifest.objects_root(()),
    }  # fmt: skip
    made = msgspec.structs.replace(end.manifest, **(like | known))
    keyid = envelope.fingerprint(kennel.signer.public_key_pem())
    body = manifest.seal(made, keyid=keyid, sign=kennel.signer.sign)
    kennel.locker.put(layout.chain_key(made.seq), body, retain_until=None)


@pytest.mark.parametrize("closed_at", [None, FAR])
def test_a_forged_tail_that_no_watchdog_saw_is_unwitnessed_whatever_it_says_of_its_closing(
    closed_at: datetime | None,
) -> None:
    kennel = Kennel().days(3)
    appended(kennel, **({"closed_at": closed_at} if closed_at else {}))
    kennel.clock.at += 30 * DAY
    slot = layout.chain_key(4)
    assert (str(Fault.UNWITNESSED), slot) in kennel.notes()
    assert kennel.faults() == ([(str(Fault.MISDATED), slot)] if closed_at else [])


def test_a_last_tick_far_ahead_silences_neither_watchdog_nor_verification() -> None:
    kennel = Kennel().days(3)
    appended(kennel, last_tick=FAR)
    assert [(one.fault, one.where) for one in kennel.watch().broken] == [(Fault.TICK, layout.chain_key(4))]
    assert kennel.faults() == [(str(Fault.TICK), layout.chain_key(4))]
