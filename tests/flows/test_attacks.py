"""What somebody who can write to a locker, or who starts things twice, must not be able to make us sign or say."""

import itertools
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import msgspec
import pytest

from prooftrail.errors import ChainBroken, ConfigError, EvidenceUnreadable, LedgerError
from prooftrail.evidence import envelope, layout, manifest
from prooftrail.evidence.findings import Fault
from prooftrail.flows import head as chain_head
from prooftrail.flows import ledger_rebuild, sealing
from prooftrail.flows.verify_locker import Verdict
from prooftrail.model import canonical
from prooftrail.model.organization import AccountState
from prooftrail.model.run import Outcome, OutcomeStatus, PlanAction, Run
from prooftrail.ports import ObjectVersion, Read, Stored
from tests.contracts.fakes import MemoryLocker
from tests.flows.world import DAY_1, HOME, MEMBER, Dying, Killed, World


def scanned(days: int = 1) -> World:
    world = World()
    for day in range(1, days + 1):
        world.sweep()(world.day(day))
    return world


def killed_after(world: World, run: Run, writes: int) -> None:
    steps = itertools.count(1)

    def budget() -> None:
        if next(steps) > writes:
            raise Killed

    with pytest.raises(Killed):
        world.sweep(locker=Dying(world.locker, budget, frozenset({"put"})))(run)  # type: ignore[arg-type]


def test_a_late_attempt_of_a_run_that_was_closed_is_declared_by_the_next_run() -> None:
    world = scanned()
    run = world.day(2)
    other = World.__new__(World)
    other.__dict__ |= world.__dict__
    real = world._account

    def slow(*args: object, **known: object) -> object:
        read = real(*args, **known)  # type: ignore[arg-type]
        world.__dict__["_account"] = real
        other.sweep()(run)  # meanwhile another process carries the same run to its end
        return read

    world.__dict__["_account"] = slow
    world.sweep()(run)
    world.sweep()(world.day(3))
    assert world.verify().verdict is Verdict.INTACT


def test_a_locker_that_was_emptied_is_not_begun_anew_under_the_same_home() -> None:
    world = scanned(2)
    world.locker = MemoryLocker(now=world.clock.now)
    with pytest.raises(ChainBroken, match="holds no chain, and slot 2 was there before"):
        world.sweep()(world.day(3))


def test_a_run_told_again_does_not_move_the_pin_back() -> None:
    world = scanned(3)
    world.sweep()(Run.scheduled(DAY_1, None))
    assert world.pin.head is not None
    assert world.pin.head.seq == 3


def test_a_plan_somebody_else_wrote_is_not_carried_out() -> None:
    world = scanned()
    run = world.day(2)
    ours = world.sweep()._start(run).plan
    world = scanned()
    forged = msgspec.structs.replace(
        ours,
        accounts=tuple(
            msgspec.structs.replace(one, action=PlanAction.SKIP, reason="AWS suspended it") for one in ours.accounts
        ),
    )
    world.locker.put(layout.plan_key(run.id), sealing.plan_bytes(forged), retain_until=None)
    with pytest.raises(EvidenceUnreadable, match="not written by this deployment"):
        world.sweep()(run)


def test_an_outcome_somebody_else_wrote_is_not_signed_as_ours() -> None:
    world = scanned()
    run = world.day(2)
    forged = Outcome(
        run_id=run.id, account=HOME, status=OutcomeStatus.SEALED, started_at=DAY_1, finished_at=DAY_1, mac="0" * 64
    )
    world.locker.put(layout.outcome_key(run.id, HOME), canonical.encode(forged), retain_until=None)
    swept = world.sweep()(run)
    assert swept.manifest.gaps()
    assert {one.account: one.status for one in swept.manifest.coverage}[HOME] == "unreachable"
    assert layout.outcome_key(run.id, HOME) in {one.key for one in swept.manifest.superseded}
    assert world.verify().verdict is Verdict.INTACT


def _plan(world: World, run_id: str, **known: object) -> bytes:
    key = next(one for one in world.names("plan/"))
    plan = sealing.read_plan(key, world.locker.get(key))
    run = msgspec.structs.replace(plan.header.run, id=run_id)
    return sealing.plan_bytes(
        msgspec.structs.replace(plan, header=msgspec.structs.replace(plan.header, run=run, **known))
    )


def test_a_forged_plan_hides_added_objects_for_six_hours_at_most_and_the_next_run_declares_them() -> None:
    world = scanned()
    forged, added = "20251231T000000Z", "snapshot/20251231T000000Z/222222222222/" + "0" * 64 + ".jsonl.gz"
    world.locker.put(
        layout.plan_key(forged), _plan(world, forged, started_at=DAY_1 + timedelta(days=30_000)), retain_until=None
    )
    world.locker.put(added, b"added", retain_until=None)
    world.clock.at += timedelta(hours=6)
    assert (Fault.UNLISTED, added) in {(one.fault, one.where) for one in world.verify().problems}
    swept = world.sweep()(world.day(2))
    assert added in {one.key for one in swept.manifest.superseded}


def test_a_tick_told_again_after_many_other_runs_is_still_the_run_it_was() -> None:
    world = scanned()
    for minutes in range(55):
        world.clock.at = DAY_1 + timedelta(hours=1, minutes=minutes)
        world.sweep()(Run.manual(world.clock.now(), None))
    again = world.sweep()(Run.scheduled(DAY_1, None))
    assert again.head.seq == 1
    assert world.verify(deep=False).verdict is Verdict.INTACT


@pytest.mark.parametrize("garbage", [b"", b"{}", b"\xff\xfe", b'{"record":"plan"}\n'])
def test_garbage_among_the_plans_stops_neither_scan_nor_verification(garbage: bytes) -> None:
    world = scanned()
    world.locker.put("plan/20991231T000000Z.jsonl", garbage, retain_until=None)
    assert world.verify().verdict is Verdict.NOT_INTACT
    world.clock.at += timedelta(hours=1)
    swept = world.sweep()(Run.manual(world.clock.now(), None))
    assert swept.manifest.seq == 2
    assert world.verify().verdict is Verdict.INTACT


def test_a_tick_begun_late_and_cut_short_is_declared_by_the_next_day() -> None:
    world = scanned()
    world.clock.at = DAY_1 + timedelta(days=1, hours=13)
    world.sweep()(Run.manual(world.clock.now(), None))
    world.clock.at = DAY_1 + timedelta(days=1, hours=14)
    killed_after(world, Run.scheduled(DAY_1 + timedelta(days=1), None), 12)
    world.sweep()(world.day(3))
    assert world.verify().verdict is Verdict.INTACT


def test_two_first_scans_stand_on_one_genesis() -> None:
    world = World()
    start = world.sweep()._start
    real: Callable[..., object] = start._organization.read  # type: ignore[assignment]

    class Meanwhile:
        def read(self, **known: object) -> object:
            World.sweep(world)(Run.manual(world.clock.now() + timedelta(seconds=9), None))
            return real(**known)

    start._organization = Meanwhile()  # type: ignore[assignment]
    started = start(world.day(1))
    assert started.plan.header.head_seq in (0, 1)
    assert sum(one.startswith("chain/00000000") for one in world.names()) == 1


def test_a_run_killed_before_its_row_was_written_has_it_after_the_next_run() -> None:
    world = scanned()
    world.ledger.__dict__["_runs"] = {}
    world.sweep()(world.day(2))
    assert ledger_rebuild.check(world.locker, world.ledger).equal


def test_an_account_that_is_suspended_keeps_its_reason_whoever_starts_the_run_again() -> None:
    world = scanned()
    world.states = {MEMBER: AccountState.SUSPENDED}
    first = world.sweep()(world.day(2))
    assert world.sweep()(world.day(2)).head == first.head


@pytest.mark.parametrize(
    "lie",
    [
        {"counts": (("identities", 999),)},
        {"coverage": ()},
        {"started_at": DAY_1 - timedelta(days=1)},
    ],
    ids=["counts", "coverage", "start"],
)
def test_a_manifest_that_states_other_than_its_objects_hold_is_found_by_the_deep_look(lie: dict[str, object]) -> None:
    world = scanned()
    end = chain_head.chain_end(world.locker, public_key=world.signer.public_key_pem())
    assert end is not None
    assert end.manifest is not None
    honest = layout.chain_key(1)
    forged = manifest.seal(
        msgspec.structs.replace(end.manifest, **lie),
        keyid=envelope.fingerprint(world.signer.public_key_pem()),
        sign=world.signer.sign,
    )
    copy = MemoryLocker(now=world.clock.now)
    for one in world.locker.versions(""):
        body = forged if one.key == honest else world.locker.get(one.key)
        copy.put(one.key, body, retain_until=None)
    world.locker = Versionless(copy)  # type: ignore[assignment]
    assert world.verify(deep=False).verdict is Verdict.INTACT
    assert {one.fault for one in world.verify().problems} == {Fault.RECOUNT}


class Versionless:
    """A locker whose objects were pulled into a place without versions."""

    keeps_time = False

    def __init__(self, inner: MemoryLocker) -> None:
        self._inner = inner

    def describe(self) -> str:
        return "a pulled copy"

    def get(self, key: str, *, version_id: str | None = None) -> bytes:
        return self._inner.get(key)

    def versions(self, prefix: str) -> list[ObjectVersion]:
        return [msgspec.structs.replace(one, version_id=None) for one in self._inner.versions(prefix)]


@pytest.mark.parametrize("writes", range(44))
def test_a_run_killed_anywhere_and_never_finished_leaves_a_locker_that_verifies(writes: int) -> None:
    world = scanned()
    killed_after(world, world.day(2), writes)
    world.sweep()(world.day(3))
    verified = world.verify()
    assert (verified.verdict, verified.problems) == (Verdict.INTACT, ())
    assert ledger_rebuild.check(world.locker, world.ledger).equal


def test_a_run_that_is_sealed_is_not_read_again_and_says_so() -> None:
    world = scanned()
    reads = world.reads
    swept = world.sweep()(Run.scheduled(DAY_1, None))
    assert (swept.already, swept.resumed, world.reads) == (True, False, reads)


def test_a_ledger_that_fails_hides_no_sealed_run() -> None:
    world = World()

    def broken(_: object) -> None:
        raise LedgerError("the ledger is full.")

    world.ledger.apply = broken  # type: ignore[method-assign,assignment]
    swept = world.sweep()(world.day(1))
    assert swept.ledger_lags == "the ledger is full."
    assert world.verify().verdict is Verdict.INTACT


def test_a_directory_that_was_copied_is_scanned_on_without_disowning_its_past() -> None:
    world = scanned(3)
    copy = MemoryLocker(now=lambda: DAY_1 + timedelta(days=40))  # everything is as new as the copy
    for one in world.locker.versions(""):
        copy.put(one.key, world.locker.get(one.key), retain_until=None)
    world.locker = Directory(copy)  # type: ignore[assignment]
    swept = world.sweep()(world.day(4))
    assert swept.manifest.superseded == ()
    assert world.verify().verdict is Verdict.INTACT


def test_runs_long_closed_are_not_disowned_after_a_pause() -> None:
    world = scanned()
    for minutes in (90, 240):
        world.clock.at = DAY_1 + timedelta(minutes=minutes)
        world.sweep()(Run.manual(world.clock.now(), None))
    assert world.sweep()(world.day(9)).manifest.superseded == ()


class Directory(Versionless):
    """A pulled copy that takes more."""

    def put(self, key: str, body: bytes, *, retain_until: datetime | None) -> Stored:
        return Stored(version_id=None, retain_until=self._inner.put(key, body, retain_until=retain_until).retain_until)

    def read_all(self, prefix: str) -> Iterator[Read]:
        for one in self._inner.read_all(prefix):
            yield msgspec.structs.replace(one, version_id=None, retain_until=None)

    def retained_until(self, key: str, *, version_id: str | None = None) -> datetime | None:
        return None


def test_a_manifest_that_somebody_else_signed_does_not_make_a_run_one_that_is_closed() -> None:
    world, other = scanned(), World()
    end = chain_head.chain_end(world.locker, public_key=world.signer.public_key_pem())
    assert end is not None
    assert end.manifest is not None
    tomorrow = Run.scheduled(DAY_1 + timedelta(days=1), None)
    forged = msgspec.structs.replace(end.manifest, seq=2, previous=end.head, run=tomorrow)
    keyid = envelope.fingerprint(other.signer.public_key_pem())
    world.locker.put(layout.chain_key(2), manifest.seal(forged, keyid=keyid, sign=other.signer.sign), retain_until=None)

    found = chain_head.find_run(world.locker, tomorrow.id, since=DAY_1, public_key=world.signer.public_key_pem())
    assert found is None
    assert chain_head.find_run(world.locker, tomorrow.id, since=DAY_1, public_key=None) is None


def test_a_run_is_found_by_the_chains_own_key_and_behind_a_head_that_is_believed() -> None:
    world = scanned(3)
    heads = list(chain_head.manifests_back(world.locker, public_key=None))
    assert [head.seq for head, _ in heads] == [3, 2, 1]
    assert heads == list(chain_head.manifests_back(world.locker, public_key=world.signer.public_key_pem()))
    assert heads[1:] == list(chain_head.manifests_back(world.locker, public_key=None, at=heads[1][0]))


def test_a_run_that_other_code_began_is_closed_by_none_but_that() -> None:
    world = World()
    sweep = world.sweep()
    started = sweep._start(world.day(1))
    world.code = msgspec.structs.replace(world.code, version="next", sha256="1" * 64)
    with pytest.raises(ConfigError, match=r"was begun by Prooftrail test \(code 0000.*this is next"):
        world.sweep()._close(started.plan, started.context)
    closed = sweep._close(started.plan, started.context)
    assert world.sweep()._close(started.plan, started.context) == closed, "in the chain already: nothing is judged"
