"""A run from plan to manifest: once however often it is tried, with what was not read stated, and nothing lost."""

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from prooftrail.errors import ChainBroken
from prooftrail.evidence import layout
from prooftrail.evidence.findings import Fault
from prooftrail.evidence.manifest import Manifest
from prooftrail.flows import sealing
from prooftrail.flows.verify_locker import Verdict
from prooftrail.model.organization import AccountState
from prooftrail.model.reading import Gap, GapReason
from prooftrail.model.run import EvidenceKind, Run
from tests.contracts.fakes import MemoryLedger, MemoryLocker
from tests.flows.world import DAY_1, HOME, MEMBER, Dying, Killed, World


def coverage(manifest: Manifest) -> dict[str, tuple[str, str | None]]:
    return {one.account: (one.status, one.reason) for one in manifest.coverage}


def test_a_run_seals_every_account_and_verifies_to_its_depth() -> None:
    world = World()
    swept = world.sweep()(world.day(1))
    assert {one.status for one in swept.manifest.coverage} == {"sealed"}
    assert dict(swept.manifest.counts)["identities"] >= 6
    verified = world.verify()
    assert (verified.verdict, verified.problems, verified.notes) == (Verdict.INTACT, (), ())
    assert verified.head == swept.head


def test_each_kind_of_evidence_lies_under_its_own_prefix_and_every_key_is_named() -> None:
    world = World()
    swept = world.sweep()(world.day(1))
    kinds = {layout.Place(key).kind for key in world.names()}
    assert kinds == {
        EvidenceKind.CHAIN, EvidenceKind.PLAN, EvidenceKind.CONTEXT, EvidenceKind.OUTCOME,
        EvidenceKind.RAW, EvidenceKind.SNAPSHOT, EvidenceKind.PEOPLE,
        EvidenceKind.ASSESSMENT, EvidenceKind.TRANSITIONS, EvidenceKind.FINDINGS,
    }  # fmt: skip
    named = {one.key for one in swept.manifest.objects}
    assert {key for key in world.names() if not key.startswith("chain/")} == named


def test_an_address_is_nowhere_but_in_people_objects() -> None:
    world = World()
    world.users[MEMBER] = ["kim@example.com"]
    world.sweep()(world.day(1))
    for key in world.names():
        body = world.locker.get(key)
        text = sealing.lines.unpack(key, body) if key.endswith(".gz") else body
        assert (b"@example.com" in text) == ((key.startswith("people/") and b"kim" in text) or b"jane" in text), key
        assert not (b"kim@" in text and not key.startswith("people/"))


def test_the_same_run_started_twice_is_one_run() -> None:
    world = World()
    first = world.sweep()(world.day(1))
    reads = world.reads
    second = world.sweep()(world.day(1))
    assert second.head == first.head
    assert world.reads == reads
    assert world.verify().verdict is Verdict.INTACT


def test_an_account_that_cannot_be_read_is_in_the_manifest_with_the_reason() -> None:
    world = World()
    world.unreachable = {MEMBER}
    swept = world.sweep()(world.day(1))
    assert coverage(swept.manifest)[MEMBER] == ("unreachable", "sts:AssumeRole: no such role")
    assert swept.manifest.gaps()
    assert world.verify().verdict is Verdict.INTACT


def test_an_account_that_just_joined_is_onboarding_and_still_a_gap() -> None:
    world = World()
    world.unreachable, world.joined = {MEMBER}, {MEMBER: DAY_1 - timedelta(hours=47)}
    status, reason = coverage(world.sweep()(world.day(1)).manifest)[MEMBER]
    assert status == "unreachable"
    assert str(reason).startswith("onboarding")


@pytest.mark.parametrize(
    "state",
    [AccountState.SUSPENDED, AccountState.PENDING_CLOSURE, AccountState.CLOSED, AccountState.PENDING_ACTIVATION],
)
def test_an_account_that_is_not_active_stays_in_the_list_with_the_reason(state: AccountState) -> None:
    world = World()
    world.states = {MEMBER: state}
    swept = world.sweep()(world.day(1))
    status, reason = coverage(swept.manifest)[MEMBER]
    assert status == "skipped"
    assert reason
    assert not swept.manifest.gaps()


def test_a_refused_reading_is_a_gap_and_calls_nobody_gone() -> None:
    world = World()
    world.sweep()(world.day(1))
    world.refused = {MEMBER}
    swept = world.sweep()(world.day(2))
    assert coverage(swept.manifest)[MEMBER][0] == "gaps"
    assert all(row.gone_run is None for row in world.ledger.by_account(MEMBER))


def test_a_user_that_is_gone_is_gone_only_once_its_cell_was_read() -> None:
    world = World()
    world.sweep()(world.day(1))
    world.users[MEMBER] = ["bob"]
    world.unreachable = {MEMBER}
    world.sweep()(world.day(2))
    assert {row.name for row in world.ledger.by_account(MEMBER) if row.gone_run} == set()
    world.unreachable = set()
    swept = world.sweep()(world.day(3))
    gone = {row.id: row.gone_run for row in world.ledger.by_account(MEMBER) if row.gone_run}
    assert gone == {"AIDA2svc-deploy": swept.manifest.run.id, "AKIA2svc-deploy": swept.manifest.run.id}


def test_a_quiet_day_writes_no_identity_row() -> None:
    world = World()
    world.sweep()(world.day(1))
    before = {row.id: row for row in world.ledger.by_account(MEMBER)}
    world.sweep()(world.day(2))
    assert {row.id: row for row in world.ledger.by_account(MEMBER)} == before


def test_the_second_day_compares_with_the_first_and_an_unreachable_day_is_stepped_over() -> None:
    world = World()
    world.sweep()(world.day(1))
    world.unreachable = {MEMBER}
    second = world.sweep()(world.day(2))
    third_plan = world.sweep()(world.day(3)).plan
    pointer = next(one.previous for one in third_plan.accounts if one.account == MEMBER)
    assert pointer is not None
    assert pointer.run_id == world.day(1).id
    assert second.manifest.seq == 2


def test_missed_ticks_are_declared_by_the_next_scheduled_run() -> None:
    world = World()
    world.sweep()(world.day(1))
    swept = world.sweep()(world.day(4))
    assert [tick.day for tick in swept.manifest.missed_ticks] == [2, 3]
    assert world.verify().verdict is Verdict.INTACT


def test_a_manual_run_has_its_own_place_and_meets_no_tick() -> None:
    world = World()
    world.sweep()(world.day(1))
    world.clock.at = DAY_1 + timedelta(hours=30)
    manual = world.sweep()(Run.manual(world.clock.now(), None))
    assert (manual.manifest.seq, manual.manifest.run.tick) == (2, None)
    third = world.sweep()(world.day(3))
    assert [tick.day for tick in third.manifest.missed_ticks] == [2]
    assert world.verify().verdict is Verdict.INTACT


def test_who_ran_it_is_sealed_without_their_address() -> None:
    world = World()
    caller = world.sweep()(world.day(1)).manifest.run.caller
    assert caller is not None
    assert "jane" not in caller
    assert caller.startswith(f"arn:aws:sts::{HOME}:assumed-role/scanner/person-")


def _killed_after(world: World, writes: int) -> bool:
    """Run day 2 in a process that dies at its n-th step around a write; True if it died."""
    steps = itertools.count(1)

    def budget() -> None:
        if next(steps) > writes:
            raise Killed

    locker = Dying(world.locker, budget, frozenset({"put"}))
    ledger = Dying(world.ledger, budget, frozenset({"apply", "record_run"}))
    try:
        world.sweep(locker=locker, ledger=ledger)(world.day(2))  # type: ignore[arg-type]
    except Killed:
        return True
    return False


def test_a_run_killed_between_any_two_writes_is_finished_by_the_next_try() -> None:
    for writes in itertools.count(0):
        world = World()
        world.sweep()(world.day(1))
        world.users[MEMBER] = ["bob", "eve"]
        died = _killed_after(world, writes)
        swept = world.sweep()(world.day(2))
        verified = world.verify()
        assert verified.verdict is Verdict.INTACT, (writes, verified.problems)
        assert verified.notes == ()
        assert {one.status for one in swept.manifest.coverage} == {"sealed"}
        assert [one.seq for one in _manifests(world)] == [1, 2]
        rows = {row.name: row.gone_run for row in world.ledger.by_account(MEMBER) if row.kind != "access_key"}
        assert rows.get("eve", "absent") is None
        assert rows["svc-deploy"] == swept.manifest.run.id
        assert len(world.ledger.outcomes(swept.manifest.run.id)) == len(swept.plan.accounts)
        if not died:
            assert writes > 10
            return


def _manifests(world: World) -> list[Manifest]:
    from prooftrail.flows.head import read_chain

    return list(read_chain(world.locker, public_key=None).manifests)


def test_what_a_killed_attempt_left_is_listed_as_superseded() -> None:
    world = World()
    world.sweep()(world.day(1))
    assert _killed_after(world, 12)
    world.users[MEMBER] = ["bob", "mallory"]
    world.users[HOME] = ["ada", "grace"]
    swept = world.sweep()(world.day(2))
    assert swept.resumed
    assert world.verify().verdict is Verdict.INTACT
    assert {one.key for one in swept.manifest.superseded} <= set(world.names())
    assert swept.manifest.superseded
    assert all("cut short" in one.reason or "another attempt" in one.reason for one in swept.manifest.superseded)


def test_a_run_that_was_never_finished_is_declared_by_the_next() -> None:
    world = World()
    world.sweep()(world.day(1))
    assert _killed_after(world, 12)
    swept = world.sweep()(world.day(3))
    assert any("begun and not closed" in one.reason for one in swept.manifest.superseded)
    assert [tick.day for tick in swept.manifest.missed_ticks] == [2]
    assert world.verify().verdict is Verdict.INTACT


def test_a_run_under_way_is_not_yet_chained_and_no_tampering() -> None:
    world = World()
    world.sweep()(world.day(1))
    assert _killed_after(world, 12)
    verified = world.verify()
    assert verified.verdict is Verdict.INTACT
    assert {one.fault for one in verified.notes} == {Fault.NOT_YET_CHAINED}


def test_two_runs_at_once_take_two_slots() -> None:
    world = World()
    world.sweep()(world.day(1))
    barrier = threading.Barrier(2)
    runs = [world.day(2), Run.manual(world.clock.now() + timedelta(seconds=7), None)]

    def go(run: Run) -> None:
        barrier.wait()
        world.sweep()(run)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(go, runs))
    assert {one.run.id for one in _manifests(world)} == {world.day(1).id, *(run.id for run in runs)}
    assert [one.seq for one in _manifests(world)] == [1, 2, 3]
    assert world.verify().verdict is Verdict.INTACT


def test_a_manual_run_that_was_cut_short_is_finished_by_the_next_manual_run() -> None:
    world = World()
    world.sweep()(world.day(1))
    world.clock.at = DAY_1 + timedelta(hours=3)
    steps = itertools.count(1)

    def budget() -> None:
        if next(steps) > 12:
            raise Killed

    first = Run.manual(world.clock.now(), None)
    with pytest.raises(Killed):
        world.sweep(locker=Dying(world.locker, budget, frozenset({"put"})))(first)  # type: ignore[arg-type]
    world.clock.at += timedelta(minutes=5)
    swept = world.sweep()(Run.manual(world.clock.now(), None))
    assert (swept.resumed, swept.manifest.run.id) == (True, first.id)
    assert world.verify().verdict is Verdict.INTACT


def test_nothing_is_appended_to_a_chain_whose_end_was_cut_off() -> None:
    world = World()
    world.sweep()(world.day(1))
    world.sweep()(world.day(2))
    cut = MemoryLocker(now=world.clock.now)
    for key in world.names():
        if key != layout.chain_key(2):
            cut.put(key, world.locker.get(key), retain_until=None)
    world.locker = cut
    with pytest.raises(ChainBroken, match="the end was cut off"):
        world.sweep()(world.day(3))


def test_nothing_is_appended_under_another_key() -> None:
    world = World()
    world.sweep()(world.day(1))
    world.signer = type(world.signer)()
    with pytest.raises(ChainBroken, match="does not hold"):
        world.sweep()(world.day(2))


def test_a_place_that_holds_other_things_is_no_new_locker() -> None:
    world = World()
    world.locker.put("holiday/photo.jpg", b"", retain_until=None)
    with pytest.raises(ChainBroken, match=r"holiday/photo\.jpg"):
        world.sweep()(world.day(1))


def test_a_previous_snapshot_that_was_altered_is_not_used_and_the_outcome_says_so() -> None:
    world = World()
    first = world.sweep()(world.day(1))
    key = next(one.key for one in first.manifest.objects if one.kind is EvidenceKind.SNAPSHOT and MEMBER in one.key)
    altered = MemoryLocker(now=world.clock.now)
    for each in world.names():
        body = world.locker.get(each)
        altered.put(each, body[:-1] + b"x" if each == key else body, retain_until=None)
    world.locker = altered
    second = world.sweep()(world.day(2))
    outcome = sealing.read_outcome("", world.locker.get(layout.outcome_key(second.manifest.run.id, MEMBER)))
    assert "not the object that manifest 1 sealed" in outcome.notes[0]
    assert any(one.where == key for one in world.verify().problems)


def test_an_incomplete_account_list_is_a_stated_gap_of_the_run() -> None:
    world = World()
    world.organization_gaps = (Gap(api="organizations:ListAccounts", reason=GapReason.DENIED, detail="no"),)
    swept = world.sweep()(world.day(1))
    assert swept.manifest.gaps()


def test_a_defect_in_one_account_leaves_the_others_sealed(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    real = world._account

    def broken(target: object, **known: object) -> object:
        if target.account == MEMBER:  # type: ignore[attr-defined]
            raise KeyError("surprise")
        return real(target, **known)  # type: ignore[arg-type]

    monkeypatch.setattr(world, "_account", broken)
    swept = world.sweep()(world.day(1))
    assert [one.account for one in swept.failures] == [MEMBER]
    assert coverage(swept.manifest)[MEMBER] == ("unreachable", "no outcome of ours was committed")
    assert coverage(swept.manifest)[HOME][0] == "sealed"
    assert isinstance(world.ledger, MemoryLedger)
