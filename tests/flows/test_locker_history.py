"""What a locker tells without AWS and without a key: runs, accounts as they stood, changes nobody could see happen."""

from pathlib import Path

import pytest

from prooftrail.errors import ConfigError, EvidenceError
from prooftrail.evidence.findings import Fault
from prooftrail.flows import identity_trail, locker_changes, locker_inventory
from prooftrail.flows.locker_history import UNPLANNED, LockerHistory
from prooftrail.flows.remembering import Remembering
from prooftrail.inventory.changes import ChangeKind
from prooftrail.model.iam import User
from prooftrail.model.identity import Identity, Observed
from prooftrail.model.organization import AccountState
from prooftrail.model.snapshot import Snapshot
from tests import builders
from tests.cli.lockers import Town, four_days
from tests.contracts.fakes import MemoryLocker
from tests.flows.world import HOME, MEMBER, World


def history_of(world: World) -> LockerHistory:
    return LockerHistory(world.locker)


def two_days() -> World:
    world = World()
    world.sweep()(world.day(1))
    world.sweep()(world.day(2))
    return world


def test_a_place_without_a_chain_is_no_locker() -> None:
    with pytest.raises(EvidenceError, match="memory: is no locker: it holds no chain"):
        LockerHistory(MemoryLocker())


def test_runs_state_what_their_manifests_state() -> None:
    world = World()
    world.unreachable = {MEMBER}
    first = world.sweep()(world.day(1))
    world.unreachable = set()
    world.sweep()(world.day(4))
    runs = history_of(world).runs
    assert (runs[0].seq, runs[0].run_id, runs[0].manifest_sha256) == (1, first.manifest.run.id, first.head.sha256)
    assert (runs[0].planned, runs[0].sealed, runs[0].gaps, runs[0].unreachable, runs[0].skipped) == (2, 1, 0, 1, 0)
    assert [tick.day for tick in runs[1].missed_ticks] == [2, 3]
    assert [one.status for one in runs] == ["gaps", "sealed"]


def test_a_chain_that_does_not_verify_is_told_and_still_read() -> None:
    world = two_days()
    broken = MemoryLocker()
    for one in world.locker.versions(""):
        body = world.locker.get(one.key)
        broken.put(one.key, body[:-2] + b" }" if one.key == "chain/00000002.json" else body, retain_until=None)
    history = LockerHistory(broken)
    assert {one.fault for one in history.problems} == {Fault.UNREADABLE}
    assert history.warning() == "the chain of memory: does not verify (1 problem): run `prooftrail verify`."
    assert [one.seq for one in history.runs] == [1]


def test_a_sound_chain_has_no_warning() -> None:
    assert history_of(two_days()).warning() is None


def test_an_account_that_left_is_kept_as_it_was_seen_last() -> None:
    world = two_days()
    del world.users[MEMBER]
    world.sweep()(world.day(3))
    history = history_of(world)
    view = history.as_of(history.run())
    left = next(one for one in view.standings if one.account == MEMBER)
    assert (left.status, left.stale, left.read_in) == (UNPLANNED, True, history.runs[1])
    assert any(f"account {MEMBER} (acct-2) was not among the accounts" in one.sentence for one in locker_inventory.not_read(view))  # fmt: skip
    assert all(row.stale == (row.account == MEMBER) for row in locker_inventory.rows(view))


def test_an_account_is_not_known_before_the_run_that_first_planned_for_it() -> None:
    world = World()
    member = world.users.pop(MEMBER)
    world.sweep()(world.day(1))
    world.users[MEMBER] = member
    world.sweep()(world.day(2))
    history = history_of(world)
    assert [one.account for one in history.as_of(history.runs[0]).standings] == [HOME]
    assert [one.account for one in history.as_of(history.runs[1]).standings] == [HOME, MEMBER]


def test_a_skipped_account_is_said_to_be_left_out_and_why() -> None:
    world = World()
    world.states = {MEMBER: AccountState.SUSPENDED}
    world.sweep()(world.day(1))
    history = history_of(world)
    told = [one.sentence for one in locker_inventory.not_read(history.as_of(history.run()))]
    assert told == [
        f"account {MEMBER} (acct-2) was never read (skipped: AWS suspended it): whatever is in it is missing here"
    ]


def test_gaps_of_the_organization_are_told_too() -> None:
    world = World()
    world.organization_gaps = (builders.a_gap(api="organizations:ListAccounts"),)
    world.sweep()(world.day(1))
    history = history_of(world)
    told = [one.sentence for one in locker_inventory.not_read(history.as_of(history.run()))]
    assert told == [f"accounts partial in account {HOME}: organizations:ListAccounts: not authorized"]


@pytest.mark.parametrize("when", ["", "today", "2026-02-30", "2026-11-01T25:00"])
def test_what_names_no_time_is_refused(when: str) -> None:
    with pytest.raises(ConfigError, match="is neither a date"):
        history_of(two_days()).run(when)


@pytest.mark.parametrize("when", ["2026-11-01", "20261101", "2026-11-01T06:00", "2026-11-02T05:59:59.999999Z"])
def test_every_way_to_write_a_day_or_an_instant_names_the_run_in_force(when: str) -> None:
    assert history_of(two_days()).run(when).run_id == "20261101T060000Z"


def test_a_locker_with_nothing_but_its_genesis_has_no_run() -> None:
    world = two_days()
    bare = MemoryLocker()
    bare.put("chain/00000000.json", world.locker.get("chain/00000000.json"), retain_until=None)
    history = LockerHistory(bare)
    assert history.runs == ()
    with pytest.raises(EvidenceError, match="holds no run yet"):
        history.run()


def test_a_trail_leads_from_an_identity_to_the_manifest_that_sealed_it(tmp_path: Path) -> None:
    town = four_days(tmp_path)
    history = LockerHistory(town.locker)
    view = history.as_of(history.run())
    (match,) = identity_trail.find(history, view, "bob")
    proof = identity_trail.trail(history, match).proofs[0]
    head = town.home_head()
    assert (proof.seq, proof.manifest_sha256) == (head.seq, head.sha256)
    manifest = history.manifest(proof.run_id)
    assert proof.snapshot in manifest.objects
    assert set(proof.raw) <= set(manifest.objects)
    assert proof.cell is not None
    assert proof.cell.sources[0].api == "iam:GetAccountAuthorizationDetails"
    assert [one.api for one in proof.raw_lines] == ["iam:GetAccountAuthorizationDetails"]


def test_a_key_is_not_taken_for_the_user_whose_arn_it_has() -> None:
    history = history_of(two_days())
    view = history.as_of(history.run())
    found = identity_trail.find(history, view, f"arn:aws:iam::{MEMBER}:user/bob")
    assert [one.identity.id for one in found] == ["AIDA2bob"]
    assert [one.identity.id for one in identity_trail.find(history, view, "AKIA2bob")] == ["AKIA2bob"]
    assert [one.identity.id for one in identity_trail.find(history, view, "BOB")] == ["AIDA2bob"]


def test_a_name_used_again_is_another_identity_and_the_trail_says_so(tmp_path: Path) -> None:
    town = Town(tmp_path)
    town.more[MEMBER] = [builders.a_role("deploy", account=MEMBER, id="AROAFIRST")]
    town.run(1)
    town.more[MEMBER] = [builders.a_role("deploy", account=MEMBER, id="AROASECOND")]
    town.run(2)
    history = LockerHistory(town.locker)
    view = history.as_of(history.run())
    (match,) = identity_trail.find(history, view, "deploy")
    trail = identity_trail.trail(history, match)
    assert trail.identity.id == "AROASECOND"
    assert [(one.id, one.last_seen_run) for one in trail.namesakes] == [("AROAFIRST", "20261101T060000Z")]


def test_what_is_gone_is_found_in_the_run_that_saw_it_last() -> None:
    world = two_days()
    world.users[MEMBER] = ["bob"]
    world.sweep()(world.day(3))
    history = history_of(world)
    view = history.as_of(history.run())
    (match,) = identity_trail.find(history, view, "svc-deploy")
    trail = identity_trail.trail(history, match)
    assert (match.gone, trail.seen_in) == (True, history.runs[1])
    assert [one.what for one in trail.events] == ["discovered", "disappeared"]


def test_a_person_who_left_is_still_named_by_the_run_that_saw_them_last() -> None:
    world = World()
    world.users[MEMBER] = ["kim@example.com"]
    world.sweep()(world.day(1))
    world.users[MEMBER] = ["bob"]
    world.sweep()(world.day(2))
    history = history_of(world)
    (match,) = identity_trail.find(history, history.as_of(history.run()), "kim@example.com")
    assert identity_trail.trail(history, match).row.name == "kim@example.com"
    period = locker_changes.period(history, *history.runs)
    left = next(one for step in period.steps for one in step.changes if one.what is ChangeKind.DISAPPEARED)
    assert period.people[left.name] == "kim@example.com"


def test_a_period_without_an_earlier_reading_claims_no_change() -> None:
    history = history_of(two_days())
    period = locker_changes.period(history, None, history.runs[1])
    assert [(one.account, one.since, one.changes) for one in period.steps] == [(HOME, None, ()), (MEMBER, None, ())]


# what one reading could not tell ------------------------------------------------------------------------------------


def reading(day: int, *observed: Observed, refused: bool = False) -> Snapshot:
    known = {"principals": builders.refused()} if refused else {}
    return builders.a_snapshot(*observed, run=builders.a_run(day), **known)


def with_identity(snapshot: Snapshot, identity: Identity) -> Snapshot:
    others = (one for one in snapshot.identities if one.id != identity.id)
    return builders.replaced(snapshot, identities=(*others, identity))


def test_who_left_behind_a_refused_reading_is_told_by_the_next_that_could_look() -> None:
    memory, worker = Remembering(), builders.a_role("worker")
    memory.take(reading(0, worker))
    assert [one for one in memory.take(reading(1, refused=True)) if one.name == "worker"] == []
    told = [one.what for one in memory.take(reading(2)) if one.name == "worker"]
    assert told == [ChangeKind.DISAPPEARED]


def test_who_is_still_there_after_a_refused_reading_is_nothing_new() -> None:
    memory, worker = Remembering(), builders.a_role("worker")
    memory.take(reading(0, worker))
    memory.take(reading(1, refused=True))
    assert [one for one in memory.take(reading(2, worker)) if one.name == "worker"] == []


def test_a_field_that_changed_while_it_was_unknown_is_told_against_the_last_that_was_known() -> None:
    memory, user = Remembering(), builders.a_user("ada")
    first = reading(0, user)
    ada = builders.the(first, "ada")
    memory.take(first)
    blind = builders.replaced(builders.with_facts(ada, mfa_active=None), unknown=("facts.mfa_active",))
    assert memory.take(with_identity(reading(1, user), blind)) == ()
    assert isinstance(ada.facts, User)
    turned = builders.with_facts(ada, mfa_active=not ada.facts.mfa_active)
    (change,) = memory.take(with_identity(reading(2, user), turned))
    assert [path for path, _, _ in change.fields] == ["facts.mfa_active"]
    assert memory.take(with_identity(reading(3, user), turned)) == ()


def test_what_changed_while_another_field_was_unknown_is_told_once() -> None:
    memory, user = Remembering(), builders.a_user("ada")
    ada = builders.the(reading(0, user), "ada")
    memory.take(reading(0, user))
    blind = builders.replaced(
        builders.with_facts(ada, mfa_active=None, boundary="arn:aws:iam::1:policy/b"), unknown=("facts.mfa_active",)
    )
    (change,) = memory.take(with_identity(reading(1, user), blind))
    assert [path for path, _, _ in change.fields] == ["facts.boundary"]
    known_again = builders.with_facts(ada, boundary="arn:aws:iam::1:policy/b")
    assert memory.take(with_identity(reading(2, user), known_again)) == ()
