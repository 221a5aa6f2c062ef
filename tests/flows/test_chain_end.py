"""The end of a chain, in whose past a key was exchanged, ticks were missed or a clock was wrong: runs go on from it."""

from datetime import timedelta

import msgspec
import pytest

from prooftrail.evidence import custody, envelope, layout, manifest
from prooftrail.evidence.custody import Custody, CustodyAction
from prooftrail.evidence.findings import Fault
from prooftrail.evidence.manifest import Head
from prooftrail.flows import head as chain_head
from prooftrail.flows.turn_key import TurnKey
from prooftrail.flows.unchained import unchained
from prooftrail.flows.verify_locker import Trust, Verdict, VerifyLocker
from prooftrail.model.run import EvidenceKind, Run
from prooftrail.settings import Retention
from tests.contracts.fakes import MemorySigner
from tests.flows.world import DAY_1, World


def turned(world: World) -> tuple[MemorySigner, MemorySigner]:
    """The key before, and the one that is in force now."""
    before, after = world.signer, MemorySigner()
    TurnKey(locker=world.locker, retention=Retention(), before=before, after=after, pin=world.pin, clock=world.clock)(
        "yearly"
    )
    world.signer = after
    return before, after


def days(*numbers: int) -> World:
    world = World()
    for number in numbers:
        world.sweep()(world.day(number))
    return world


def seqs(world: World, signer: MemorySigner) -> list[int]:
    back = chain_head.manifests_back(world.locker, public_key=signer.public_key_pem())
    return [head.seq for head, _ in back]


def test_runs_under_the_key_before_are_found_with_either_key_right_after_the_exchange() -> None:
    world = days(1, 2)
    for key in turned(world):
        assert seqs(world, key) == [2, 1]
        found = chain_head.find_run(world.locker, "20261102T060000Z", since=DAY_1, public_key=key.public_key_pem())
        assert found is not None
        assert found[0].seq == 2


def test_runs_of_three_keys_are_found_with_the_newest() -> None:
    world = days(1)
    turned(world)
    world.sweep()(world.day(2))
    turned(world)
    _, newest = turned(world)
    assert seqs(world, newest) == [3, 1]


def test_a_run_that_is_closed_again_after_the_exchange_is_not_sealed_a_second_time() -> None:
    world = days(1)
    run = world.day(2)
    world.sweep()(run)
    turned(world)
    again = world.sweep()(run)
    assert (again.already, again.head.seq) == (True, 2)
    assert list(world.names("chain/")) == [layout.chain_key(seq) for seq in range(4)]
    assert world.verify().verdict is Verdict.INTACT


def test_a_custody_record_that_was_named_before_the_exchange_is_not_named_again() -> None:
    world = days(1)
    run = world.day(2)
    record = Custody(
        action=CustodyAction.HOLD, who="x", at=world.clock.at.replace(microsecond=0), locker="memory:",
        head=Head(seq=0, sha256="0" * 64), scope="all", reason="r", reference="c", objects=0, objects_sha256="0" * 64,
    )  # fmt: skip
    key, body = custody.sealed(record)
    world.locker.put(key, body, retain_until=None)
    named = world.sweep()(run).manifest
    assert [one.key for one in named.objects if one.kind is EvidenceKind.CUSTODY] == [key]
    _, after = turned(world)
    assert unchained(world.locker, public_key=after.public_key_pem()).objects == ()


def test_a_key_that_is_none_of_the_chains_finds_nothing() -> None:
    world = days(1, 2)
    turned(world)
    assert seqs(world, MemorySigner()) == []


def test_a_tail_that_somebody_wrote_hides_no_manifest_that_the_given_key_signed() -> None:
    world = days(1, 2)
    end = chain_head.chain_end(world.locker, public_key=world.signer.public_key_pem())
    assert end is not None
    assert end.manifest is not None
    forged = msgspec.structs.replace(end.manifest, seq=3, previous=end.head)
    other = MemorySigner()
    keyid = envelope.fingerprint(other.public_key_pem())
    world.locker.put(layout.chain_key(3), manifest.seal(forged, keyid=keyid, sign=other.sign), retain_until=None)
    assert seqs(world, world.signer) == [2, 1]


def test_what_the_key_before_signs_after_the_exchange_is_believed_by_nobody() -> None:
    world = days(1)
    before, after = turned(world)
    end = chain_head.chain_end(world.locker, public_key=after.public_key_pem())
    assert end is not None
    assert end.manifest is not None
    tomorrow = Run.scheduled(DAY_1 + timedelta(days=1), None)
    forged = msgspec.structs.replace(end.manifest, seq=3, previous=end.head, run=tomorrow, key_since=2)
    keyid = envelope.fingerprint(before.public_key_pem())
    world.locker.put(layout.chain_key(3), manifest.seal(forged, keyid=keyid, sign=before.sign), retain_until=None)
    pem = after.public_key_pem()
    assert chain_head.find_run(world.locker, tomorrow.id, since=DAY_1, public_key=pem) is None


def test_a_slot_that_names_another_key_than_signed_it_is_found_by_whoever_verifies() -> None:
    world = days(1)
    end = chain_head.chain_end(world.locker, public_key=world.signer.public_key_pem())
    assert end is not None
    assert end.manifest is not None
    tick = world.day(2).taken_at
    forged = msgspec.structs.replace(
        end.manifest, seq=2, previous=end.head, run=Run.scheduled(tick, None), last_tick=tick, started_at=tick,
        closed_at=world.clock.at, objects=(), superseded=(), coverage=(), counts=(),
        merkle_root=manifest.objects_root(()), key_since=1,
    )  # fmt: skip
    keyid = envelope.fingerprint(world.signer.public_key_pem())
    body = manifest.seal(forged, keyid=keyid, sign=world.signer.sign)
    world.locker.put(layout.chain_key(2), body, retain_until=None)
    verified = VerifyLocker(locker=world.locker, clock=world.clock)(
        trust=Trust(public_key=world.signer.public_key_pem())
    )
    assert [(one.fault, one.detail) for one in verified.problems] == [
        (Fault.LINK, "it names the one that slot 1 brought in for its key, which is the genesis's own")
    ]


def test_runs_go_on_long_after_ticks_were_missed() -> None:
    world = days(1, 2, 5, 6, 7, 8)
    assert seqs(world, world.signer) == [6, 5, 4, 3, 2, 1]
    assert world.verify().verdict is Verdict.INTACT


@pytest.mark.parametrize("after", [1, 2, 3])
def test_a_clock_that_was_wrong_once_is_told_by_verify_and_stops_no_later_run(after: int) -> None:
    world = days(1, 2)
    run = world.day(3)
    started = world.sweep()._start(run)
    world.clock.at = DAY_1 + timedelta(days=900)
    world.sweep()._close(started.plan, started.context)
    for number in range(4, 4 + after):
        world.sweep()(world.day(number))
    assert (Fault.MISDATED, layout.chain_key(4)) in [(one.fault, one.where) for one in world.verify().problems]
    assert seqs(world, world.signer)[0] == 3 + after
