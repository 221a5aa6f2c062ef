"""Legal holds and custody: on record first, then done; what was refused is on record too, and the next run chains it all."""

from datetime import date, timedelta

import msgspec
import pytest

from prooftrail.errors import ConfigError, EvidenceUnreadable
from prooftrail.evidence import custody, layout, manifest
from prooftrail.evidence.custody import Custody, CustodyAction
from prooftrail.evidence.manifest import Head, Manifest
from prooftrail.flows.hold import HoldEvidence, Plan, Scope, parse_day
from prooftrail.flows.unchained import unchained
from prooftrail.flows.verify_locker import Verdict
from prooftrail.model import canonical
from prooftrail.model.run import EvidenceKind
from tests.contracts.fakes import MemoryHolds, MemoryLocker
from tests.flows.world import DAY_1, HOME, MEMBER, World

WHO = "arn:aws:sts::333333333333:assumed-role/Prooftrail-prod-LegalHold/jane"
RUN_1, RUN_2 = "20261101T060000Z", "20261102T060000Z"


class Case:
    """Two days of evidence, and somebody who may hold it."""

    def __init__(self, days: int = 2) -> None:
        self.world = World()
        for day in range(1, days + 1):
            self.world.sweep()(self.world.day(day))
        assert isinstance(self.world.locker, MemoryLocker)
        self.holds = MemoryHolds(self.world.locker)
        self.flow = HoldEvidence(locker=self.world.locker, holds=self.holds, who=WHO, clock=self.world.clock)

    def keys(self, **scope: object) -> set[str]:
        return {one.key for one in self.flow.plan(Scope(**scope)).items}  # type: ignore[arg-type]

    def place(self, *, on: bool = True, **scope: object) -> None:
        plan = self.flow.plan(Scope(**scope))  # type: ignore[arg-type]
        self.flow(plan, on=on, reason="an inquiry", reference="C-7")

    def record(self, key: str) -> Custody:
        return custody.read(key, self.world.locker.get(key))


def test_a_run_in_scope_is_every_version_it_names_and_the_chain() -> None:
    case = Case()
    keys = case.keys(run_id=RUN_1)
    assert {one for one in keys if one.startswith("chain/")} == {layout.chain_key(seq) for seq in range(3)}
    rest = keys - {layout.chain_key(seq) for seq in range(3)}
    assert rest == {one for one in case.world.names() if RUN_1 in one}


def test_an_account_in_scope_is_its_own_objects_and_what_all_accounts_share() -> None:
    keys = Case().keys(account=MEMBER)
    assert not [one for one in keys if HOME in one]
    assert {layout.outcome_key(RUN_1, MEMBER), layout.outcome_key(RUN_2, MEMBER)} <= keys
    assert {layout.plan_key(RUN_1), layout.plan_key(RUN_2)} <= keys
    assert [one for one in keys if one.startswith(f"context/{RUN_1}/")]


@pytest.mark.parametrize(
    ("since", "until", "runs"),
    [
        ("2026-11-01", "2026-11-01", 1),
        ("2026-11-01", "2026-11-02", 2),
        ("2026-11-02", None, 2),
        (None, "2026-11-02", 2),
        (None, "2026-11-01", 1),
        ("2026-11-03", "2026-11-03", 1),
    ],
)
def test_days_in_scope_include_the_first_and_the_last(since: str | None, until: str | None, runs: int) -> None:
    scope = Scope(since=parse_day(since, "--from"), until=parse_day(until, "--to"))
    assert Case(3).flow.plan(scope).runs == runs


def test_everything_in_scope_is_everything_there_is() -> None:
    case = Case()
    assert case.keys(everything=True) == set(case.world.names())


@pytest.mark.parametrize("scope", [{"run_id": "20250101T000000Z"}, {"since": date(2027, 1, 1)}])
def test_a_scope_without_a_run_is_wrong_use(scope: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="is in scope"):
        Case().flow.plan(Scope(**scope))  # type: ignore[arg-type]


def test_a_day_that_is_none_is_wrong_use() -> None:
    with pytest.raises(ConfigError, match="--from takes a day like 2026-11-22, not '22"):
        parse_day("22.11.2026", "--from")


def test_a_plan_changes_nothing() -> None:
    case = Case()
    before = set(case.world.names())
    plan = case.flow.plan(Scope(everything=True))
    assert (set(case.world.names()), case.flow.held(plan)) == (before, ())


def test_the_record_is_sealed_before_the_first_hold_and_says_who_what_why_and_for_which_case() -> None:
    case = Case()
    seen: list[list[str]] = []
    real = case.holds.hold

    def watching(key: str, *, version_id: str, on: bool) -> None:
        seen.append([one for one in case.world.names() if one.startswith("custody/")])
        real(key, version_id=version_id, on=on)

    case.holds.hold = watching  # type: ignore[method-assign]
    plan = case.flow.plan(Scope(account=MEMBER, since=date(2026, 11, 1)))
    done = case.flow(plan, on=True, reason="an inquiry", reference="C-7")
    assert [len(one) for one in seen] == [1] * len(plan.items)
    head = Head(seq=2, sha256=canonical.sha256(case.world.locker.get(layout.chain_key(2))))
    assert case.record(done.record) == Custody(
        action=CustodyAction.HOLD,
        who=WHO,
        at=case.world.clock.at,
        locker="memory:",
        head=head,
        scope=f"account {MEMBER}, from 2026-11-01",
        reason="an inquiry",
        reference="C-7",
        objects=len(plan.items),
        objects_sha256=canonical.digest(plan.items),
    )
    assert (done.done, done.gone, done.refused, done.untried, done.outcome) == (len(plan.items), 0, 0, 0, None)
    assert case.flow.held(plan) == plan.items
    kept = case.world.locker.retained_until(done.record)
    assert kept == case.world.clock.at + timedelta(days=3650)


def test_a_release_is_on_record_as_well_and_leaves_other_holds() -> None:
    case = Case()
    case.place(everything=True)
    case.world.clock.at += timedelta(minutes=1)
    plan = case.flow.plan(Scope(run_id=RUN_1))
    done = case.flow(plan, on=False, reason="closed", reference="C-7")
    assert case.record(done.record).action is CustodyAction.RELEASE
    assert case.flow.held(plan) == ()
    assert {one.key for one in case.flow.held(case.flow.plan(Scope(everything=True)))} == {
        one for one in case.world.names() if RUN_2 in one
    }


def test_what_was_refused_is_said_and_on_record() -> None:
    case = Case()
    refused = layout.plan_key(RUN_1)
    case.holds.refusing = {refused}
    plan = case.flow.plan(Scope(run_id=RUN_1))
    done = case.flow(plan, on=True, reason="an inquiry", reference="C-7")
    assert (done.done, done.refused, done.untried) == (len(plan.items) - 1, 1, 0)
    assert "s3:PutObjectLegalHold" in done.refusals[0]
    assert done.outcome
    after = case.record(done.outcome)
    assert (after.outcome_of, after.done, after.gone, after.refused) == (done.record, done.done, 0, 1)
    assert after.refusals == done.refusals
    case.holds.refusing = set()
    case.world.clock.at += timedelta(minutes=1)
    again = case.flow(case.flow.plan(Scope(run_id=RUN_1)), on=True, reason="an inquiry", reference="C-7")
    assert (again.refused, again.outcome) == (0, None)


def test_where_nothing_is_let_through_the_rest_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prooftrail.flows.hold._BATCH", 4)
    case = Case()
    case.holds.refusing = set(case.world.names())
    plan = case.flow.plan(Scope(everything=True))
    done = case.flow(plan, on=True, reason="an inquiry", reference="C-7")
    assert (done.done, done.refused, done.untried) == (0, 4, len(plan.items) - 4)


def test_what_was_disposed_of_is_gone_and_no_refusal() -> None:
    case = Case()
    plan = case.flow.plan(Scope(run_id=RUN_1))
    assert isinstance(case.world.locker, MemoryLocker)
    gone = layout.plan_key(RUN_1)
    case.world.locker._versions = [one for one in case.world.locker._versions if one[0].key != gone]
    done = case.flow(plan, on=True, reason="an inquiry", reference="C-7")
    assert (done.done, done.gone, done.refused) == (len(plan.items) - 1, 1, 0)
    assert done.outcome


# custody in the chain --------------------------------------------------------------------------------------------------


def waiting(world: World) -> list[str]:
    return [one.key for one in unchained(world.locker, public_key=world.signer.public_key_pem()).objects]


def a_record(world: World, number: int = 0) -> str:
    key, body = custody.sealed(
        Custody(
            action=CustodyAction.HANDOVER, who=WHO, at=world.clock.at.replace(microsecond=0), locker="memory:",
            head=Head(seq=0, sha256="0" * 64), scope="all", reason=f"number {number}", reference="C-7", objects=0,
            objects_sha256="0" * 64,
        )
    )  # fmt: skip
    world.locker.put(key, body, retain_until=DAY_1 + timedelta(days=3650))
    return key


def test_a_record_is_not_yet_chained_until_the_next_run_names_it() -> None:
    world = Case(1).world
    world.clock.at += timedelta(hours=2)
    key = a_record(world)
    found = world.verify()
    assert (found.verdict, [(str(one.fault), one.where) for one in found.notes]) == (
        Verdict.INTACT,
        [("NOT YET CHAINED", key)],
    )
    body = world.locker.get(key)
    (sealed,) = unchained(world.locker, public_key=world.signer.public_key_pem()).objects
    assert (sealed.key, sealed.kind, sealed.size, sealed.count) == (key, EvidenceKind.CUSTODY, len(body), 1)
    assert sealed.sha256 == sealed.stored_sha256 == canonical.sha256(body)
    assert sealed.retain_until == DAY_1 + timedelta(days=3650)
    swept = world.sweep()(world.day(2))
    assert key in {one.key for one in swept.manifest.objects}
    assert (waiting(world), world.verify().verdict, world.verify().notes) == ([], Verdict.INTACT, ())


@pytest.mark.parametrize(
    ("before", "fault"),
    [(timedelta(days=1), "NOT YET CHAINED"), (timedelta(days=1, microseconds=1), "UNLISTED")],
)
def test_a_record_older_than_a_day_before_the_last_closing_should_have_been_named(
    before: timedelta, fault: str
) -> None:
    world = Case(2).world
    closed = world.clock.at
    world.clock.at = closed - before
    key = a_record(world)
    world.clock.at = closed
    found = world.verify()
    assert (fault, key) in {(str(one.fault), one.where) for one in (*found.problems, *found.notes)}
    assert (waiting(world) == [key]) is (fault == "NOT YET CHAINED")


def test_every_record_is_named_once_and_none_is_left_out() -> None:
    world = Case(1).world
    keys = []
    for day in (2, 3, 4):
        world.clock.at += timedelta(hours=3)
        keys += [a_record(world, 2 * day), a_record(world, 2 * day + 1)]
        world.sweep()(world.day(day))
    sealed = (manifest.read(layout.chain_key(seq), world.locker.get(layout.chain_key(seq))) for seq in range(1, 5))
    named = [
        each.key
        for one in sealed
        if isinstance(one, Manifest)
        for each in one.objects
        if each.kind is EvidenceKind.CUSTODY
    ]
    assert sorted(named) == sorted(keys)
    assert world.verify().verdict is Verdict.INTACT


@pytest.mark.parametrize(
    "forged",
    [b"{}", b"", b"x" * (custody.LARGEST + 1)],
    ids=["another hash", "empty", "too large"],
)
def test_what_is_not_what_its_name_tells_is_never_signed(forged: bytes) -> None:
    world = Case(1).world
    key = layout.custody_key(world.clock.at, "0" * 64)
    world.locker.put(key, forged, retain_until=None)
    assert waiting(world) == []
    assert [(str(one.fault), one.where) for one in world.verify().problems] == [("UNLISTED", key)]


def test_a_record_under_another_time_or_of_another_kind_is_none() -> None:
    world = World()
    key = a_record(world)
    body = world.locker.get(key)
    for wrong in (layout.custody_key(DAY_1 + timedelta(seconds=1), canonical.sha256(body)), "custody/x.json"):
        with pytest.raises(EvidenceUnreadable):
            custody.read(wrong, body)
    other = canonical.encode({"schema": "prooftrail.custody/1"})
    with pytest.raises(EvidenceUnreadable, match="is no custody record"):
        custody.read(layout.custody_key(DAY_1, canonical.sha256(other)), other)


def test_a_chained_record_that_is_changed_or_gone_is_named() -> None:
    world = Case(1).world
    key = a_record(world)
    world.sweep()(world.day(2))
    assert isinstance(world.locker, MemoryLocker)
    changed = [
        (one, body.replace(b"C-7", b"C-8"), until) if one.key == key else (one, body, until)
        for one, body, until in world.locker._versions
    ]
    whole, world.locker._versions = world.locker._versions, changed
    assert [(str(one.fault), one.where) for one in world.verify().problems] == [("CHANGED", key)]
    world.locker._versions = [one for one in whole if one[0].key != key]
    assert [(str(one.fault), one.where) for one in world.verify().problems] == [("MISSING", key)]


def test_scopes_are_told_as_they_were_asked_for() -> None:
    assert str(Scope(everything=True)) == "all"
    full = Scope(run_id=RUN_1, account=HOME, since=date(2026, 11, 1), until=date(2026, 11, 2))
    assert str(full) == f"run {RUN_1}, account {HOME}, from 2026-11-01, to 2026-11-02"
    assert msgspec.structs.replace(full, run_id=None, since=None, until=None).account == HOME


@pytest.mark.parametrize(("keep_days", "kept"), [(None, 30), (7, 7)])
def test_a_record_is_kept_as_long_as_the_genesis_or_as_it_is_told(keep_days: int | None, kept: int) -> None:
    case = Case(0)
    genesis = layout.chain_key(0)
    case.world.locker.put(genesis, b"", retain_until=DAY_1 + timedelta(days=30, seconds=-2))
    flow = HoldEvidence(
        locker=case.world.locker, holds=case.holds, who=WHO, clock=case.world.clock, keep_days=keep_days
    )
    plan = Plan(scope=Scope(everything=True), head=Head(seq=0, sha256=""), runs=0, items=(), sha256="", problems=())
    done = flow(plan, on=True, reason="an inquiry", reference="C-7")
    assert case.world.locker.retained_until(done.record) == DAY_1 + timedelta(days=kept)
