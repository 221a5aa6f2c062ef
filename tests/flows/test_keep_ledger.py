"""The ledger told apart from closing: what it lacks, in which order it is told, and when a run counts as told."""

from collections.abc import Callable

import msgspec
import pytest

from prooftrail.errors import EvidenceUnreadable, LedgerError
from prooftrail.evidence import layout, manifest
from prooftrail.evidence.manifest import Manifest
from prooftrail.flows import head as chain_head
from prooftrail.flows import keep_ledger, ledger_rebuild
from prooftrail.flows.close_run import CloseRun
from prooftrail.flows.keep_ledger import KeepLedger, Untold
from prooftrail.flows.sealing import Sealing
from prooftrail.flows.tell_ledger import TellLedger
from prooftrail.model import canonical
from prooftrail.settings import Retention
from tests.contracts.fakes import MemoryLedger
from tests.flows.world import HOME, MEMBER, World


def apart(days: int) -> tuple[World, KeepLedger]:
    """A world in which runs were closed without telling the ledger, and what tells it."""
    world = World()
    for day in range(1, days + 1):
        sweep = world.sweep()
        sweep._close._keep = None
        world.users[MEMBER] = [*world.users[MEMBER], f"svc-{day}"]
        sweep(world.day(day))
    return world, keeper(world)


def keeper(world: World) -> KeepLedger:
    tell = TellLedger(locker=world.locker, ledger=world.ledger)
    return KeepLedger(locker=world.locker, ledger=world.ledger, tell=tell)


def end(world: World) -> tuple[manifest.Head, Manifest]:
    return next(chain_head.manifests_back(world.locker, public_key=world.signer.public_key_pem()))


def told(world: World) -> list[tuple[str, str]]:
    """Run and account of each outcome the ledger applies from now on, in order."""
    found: list[tuple[str, str]] = []
    apply: Callable[..., None] = world.ledger.apply

    def noted(change: object) -> None:
        found.append((change.outcome.run_id, change.outcome.account))  # type: ignore[attr-defined]
        apply(change)

    world.ledger.apply = noted  # type: ignore[method-assign,assignment]
    return found


def test_a_run_closed_without_a_ledger_tells_it_nothing_and_says_what_it_lacks() -> None:
    world, keep = apart(1)
    head, one = end(world)
    assert (world.ledger.runs(), world.ledger.accounts()) == ((), ())
    assert list(keep.untold(head, one)) == [
        Untold(
            account=account,
            key=layout.outcome_key(one.run.id, account),
            sha256=canonical.sha256(world.locker.get(layout.outcome_key(one.run.id, account))),
        )
        for account in (HOME, MEMBER)
    ]


def test_told_in_steps_the_ledger_is_what_a_rebuild_makes() -> None:
    world, keep = apart(1)
    head, one = end(world)
    for each in keep.untold(head, one):
        keep.tell(each)
    assert list(keep.untold(head, one)) == []
    assert world.ledger.runs() == ()
    keep.record(head, one)
    assert [(row.seq, row.manifest_sha256) for row in world.ledger.runs()] == [(head.seq, head.sha256)]
    assert ledger_rebuild.check(world.locker, world.ledger).equal


def test_an_account_that_several_runs_told_nothing_of_is_told_from_the_oldest() -> None:
    world, keep = apart(3)
    found, (head, one) = told(world), end(world)
    untold = list(keep.untold(head, one))
    assert [(each.account, len(each.earlier)) for each in untold] == [(HOME, 2), (MEMBER, 2)]
    for each in reversed(untold):  # accounts may be told in any order, as a map does
        keep.tell(each)
    runs = [f"2026110{day}T060000Z" for day in (1, 2, 3)]
    assert found == [(run, account) for account in (MEMBER, HOME) for run in runs]
    keep.record(head, one)
    assert [row.seq for row in world.ledger.runs()] == [1, 2, 3]
    assert ledger_rebuild.check(world.locker, world.ledger).equal


def test_telling_begins_behind_the_newest_run_that_is_recorded() -> None:
    world, keep = apart(2)
    keep(*end(world))
    sweep = world.sweep()
    sweep._close._keep = None
    sweep(world.day(3))
    unread = world.locker.get
    world.locker.get = lambda key, **known: pytest.fail("read") if key.startswith("chain/") else unread(key, **known)  # type: ignore[method-assign]
    head, one = end_of(world, unread)
    assert [(each.account, each.earlier) for each in keep.untold(head, one)] == [(HOME, ()), (MEMBER, ())]


def end_of(world: World, get: Callable[..., bytes]) -> tuple[manifest.Head, Manifest]:
    """The end of the chain read by `get` alone."""
    body = get(layout.chain_key(3))
    read = manifest.read(layout.chain_key(3), body)
    assert isinstance(read, Manifest)
    return manifest.Head(seq=3, sha256=canonical.sha256(body)), read


def test_a_run_is_not_recorded_before_all_of_it_is_told() -> None:
    world, keep = apart(1)
    head, one = end(world)
    first, _ = keep.untold(head, one)
    keep.tell(first)
    with pytest.raises(LedgerError, match=rf"lacks 1 outcomes of run {one.run.id} \(accounts {MEMBER}\)"):
        keep.record(head, one)
    assert world.ledger.runs() == ()


def test_what_is_told_twice_is_told_once() -> None:
    world, keep = apart(2)
    head, one = end(world)
    untold = list(keep.untold(head, one))
    for each in (*untold, *untold):
        keep.tell(each)
    keep.record(head, one)
    keep.record(head, one)
    assert ledger_rebuild.check(world.locker, world.ledger).equal


def test_an_outcome_that_is_not_the_one_that_was_sealed_is_not_told() -> None:
    world, keep = apart(1)
    one, _ = keep.untold(*end(world))
    with pytest.raises(EvidenceUnreadable, match="is not the outcome that was sealed"):
        keep.tell(msgspec.structs.replace(one, sha256="0" * 64))
    assert world.ledger.accounts() == ()


@pytest.mark.parametrize(("runs", "raises"), [(1, False), (2, False), (3, True)])
def test_a_ledger_too_far_behind_is_to_be_rebuilt(runs: int, raises: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keep_ledger, "MOST_BEHIND", 2)
    world, keep = apart(runs)
    if raises:
        with pytest.raises(LedgerError, match=r"lacks more than 2 runs before slot 3.*ledger rebuild"):
            list(keep.untold(*end(world)))
    else:
        assert len(list(keep.untold(*end(world)))) == 2


def test_a_manifest_that_was_exchanged_before_the_ledger_had_it_is_named() -> None:
    world, keep = apart(2)
    head, one = end(world)
    forged = msgspec.structs.replace(one, previous=msgspec.structs.replace(one.previous, sha256="0" * 64))
    with pytest.raises(LedgerError, match=r"lacks the run in slot 1, which cannot be read.*not the manifest that the"):
        list(keep.untold(head, forged))


def test_a_ledger_that_fails_for_a_day_has_everything_the_day_after() -> None:
    world = World()
    broken, world.ledger = world.ledger, Full()
    assert world.sweep()(world.day(1)).ledger_lags == "the ledger is full."
    world.ledger = broken
    assert world.sweep()(world.day(2)).ledger_lags is None
    assert ledger_rebuild.check(world.locker, world.ledger).equal


class Full(MemoryLedger):
    """Takes nothing."""

    def apply(self, change: object) -> None:
        raise LedgerError("the ledger is full.")


def closer(world: World) -> CloseRun:
    seal = Sealing(world.locker, clock=world.clock, retention=Retention(), secret=world.fingerprints.secret())
    return CloseRun(
        locker=world.locker, sealing=seal, signer=world.signer, pin=world.pin, keep=None, judge=world.judge,
        code=world.code, clock=world.clock,
    )  # fmt: skip


def test_closing_writes_a_manifest_and_judgements_and_nothing_else() -> None:
    world = World()
    sweep = world.sweep()
    started = sweep._start(world.day(1))
    sweep._scan_all(started.plan, started.context, lambda *_: None)
    before, put, written = set(world.names()), world.locker.put, []

    def noted(key: str, body: bytes, **known: object) -> object:
        written.append(key.split("/", maxsplit=1)[0])
        return put(key, body, **known)  # type: ignore[arg-type]

    world.locker.put = noted  # type: ignore[method-assign,assignment]
    closed = closer(world)(started.plan, started.context)
    assert set(written) <= {"assessment", "chain", "findings", "transitions"}
    assert layout.plan_key(closed.manifest.run.id) in {one.key for one in closed.manifest.objects}
    assert before <= {one.key for one in closed.manifest.objects} | {layout.chain_key(0)}
