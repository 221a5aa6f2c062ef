"""Notices and answers in the chain: each is named by the next manifest, and what somebody else left there is told."""

from collections.abc import Callable
from datetime import timedelta

import msgspec
import pytest

from prooftrail.evidence import answers, layout, lines, manifest
from prooftrail.evidence.manifest import Manifest
from prooftrail.flows.hold import HoldEvidence, Scope
from prooftrail.flows.notice_commits import Ended, end_body, signed_plan
from prooftrail.flows.sealing import Sealing
from prooftrail.flows.unchained import Unchained, unchained
from prooftrail.flows.verify_locker import Trust, Verdict, VerifyLocker
from prooftrail.model import canonical
from prooftrail.model.notice import Answer, AnswerKind, NoticesPart, Undelivered
from prooftrail.model.run import EvidenceKind
from prooftrail.settings import Retention
from tests.contracts.fakes import MemoryHolds, MemoryLocker
from tests.flows.noticed import RAVI, Noticed
from tests.flows.world import DAY_1, World

RUN_1, RUN_2 = "20261101T060000Z", "20261102T060000Z"
ARN = "arn:aws:sts::333333333333:assumed-role/Owners/jane"


def after(days: int = 1) -> World:
    world = World()
    for day in range(1, days + 1):
        world.sweep()(world.day(day))
    world.clock.at += timedelta(minutes=10)
    return world


def waiting(world: World) -> Unchained:
    return unchained(world.locker, public_key=world.signer.public_key_pem())


def faults(world: World) -> list[tuple[str, str]]:
    return [(str(one.fault), one.where) for one in world.verify().problems]


def notes(world: World) -> list[tuple[str, str]]:
    return [(str(one.fault), one.where) for one in world.verify().notes]


def locker_id(world: World) -> str:
    genesis = manifest.read(layout.chain_key(0), world.locker.get(layout.chain_key(0)))
    assert isinstance(genesis, manifest.Genesis)
    return genesis.locker_id()


def an_answer(world: World, **known: object) -> str:
    answer = Answer(
        kind=AnswerKind.ACKNOWLEDGED, who=ARN, at=world.clock.at.replace(microsecond=0), locker=locker_id(world),
        matters=("1" * 32,), reason="on it",
    )  # fmt: skip
    key, body = answers.sealed(msgspec.structs.replace(answer, **known))
    world.locker.put(key, body, retain_until=DAY_1 + timedelta(days=1100))
    return key


# named by the next manifest --------------------------------------------------------------------------------------------


def test_notices_and_answers_are_not_yet_chained_until_the_next_run_names_them() -> None:
    world = after(1)
    keys = sorted([*Noticed(world, RUN_1).whole(Noticed(world, RUN_1).notice()), an_answer(world)])
    assert (faults(world), notes(world)) == ([], [("NOT YET CHAINED", key) for key in keys])
    found = waiting(world)
    assert ([one.key for one in found.objects], found.superseded) == (keys, ())
    swept = world.sweep()(world.day(2))
    assert swept.manifest is not None
    assert [one for one in swept.manifest.objects if one.key in keys] == list(found.objects)
    assert (waiting(world), faults(world), notes(world)) == (Unchained(), [], [])


def test_a_manifest_says_of_a_part_what_the_plan_says_of_it() -> None:
    world = after(1)
    day = Noticed(world, RUN_1)
    shard = day.part("notices", [day.notice()])
    plan, end = day.commit(day.plan(shard)), day.end(day.sent(day.notice()))
    named = {one.key: one for one in waiting(world).objects}
    assert msgspec.structs.replace(named[shard.key], retain_until=shard.retain_until) == shard
    body = world.locker.get(end)
    assert (named[end].sha256, named[end].stored_sha256, named[end].count) == (*(canonical.sha256(body),) * 2, 2)
    assert (named[plan].kind, named[plan].count) == (EvidenceKind.NOTICES, 1)


def test_what_became_of_a_shard_later_is_named_by_a_later_manifest() -> None:
    world = after(1)
    day = Noticed(world, RUN_1)
    notice = day.notice()
    shard = day.part("notices", [notice])
    plan = day.commit(day.plan(shard))
    second = world.sweep()(world.day(2)).manifest
    end = day.end(day.sent(notice))
    assert notes(world) == [("NOT YET CHAINED", end)]
    third = world.sweep()(world.day(3)).manifest
    assert second is not None
    assert third is not None
    assert {plan, shard.key} <= {one.key for one in second.objects}
    assert [one.key for one in third.objects if one.kind is EvidenceKind.NOTICES] == [end]
    assert world.verify().verdict is Verdict.INTACT


def test_every_notice_is_named_once_over_many_days() -> None:
    world, keys = after(1), list[str]()
    for day in (2, 3, 4):
        run = f"202611{day - 1:02}T060000Z"
        keys += Noticed(world, run).whole(Noticed(world, run).notice())
        world.sweep()(world.day(day))
        world.clock.at += timedelta(minutes=10)
    sealed = (manifest.read(layout.chain_key(seq), world.locker.get(layout.chain_key(seq))) for seq in range(1, 5))
    named = [
        each.key
        for one in sealed
        if isinstance(one, Manifest)
        for each in one.objects
        if each.kind is EvidenceKind.NOTICES
    ]
    assert sorted(named) == sorted(keys)
    assert world.verify().verdict is Verdict.INTACT


def test_where_nothing_waits_no_manifest_is_read() -> None:
    world = after(2)
    read: list[str] = []
    get = world.locker.get

    def watched(key: str, **known: object) -> bytes:
        read.append(key)
        return get(key, **known)  # type: ignore[arg-type]

    world.locker.get = watched  # type: ignore[method-assign]
    assert waiting(world) == Unchained()
    assert read == []


def test_years_of_notices_are_not_listed_again_each_day() -> None:
    world = after(1)
    for day in range(2, 8):
        run = f"202611{day - 1:02}T060000Z"
        Noticed(world, run).whole(Noticed(world, run).notice())
        world.sweep()(world.day(day))
        world.clock.at += timedelta(minutes=10)
    listed: list[str] = []
    versions = world.locker.versions

    def watched(prefix: str) -> object:
        for one in versions(prefix):
            listed.append(one.key)
            yield one

    world.locker.versions = watched  # type: ignore[method-assign, assignment]
    waiting(world)
    runs = {layout.Place(key).run_id for key in listed if key.startswith("notices/")}
    # One look whether anything is there at all takes the first; then those of the two days before the last closing.
    assert runs == {RUN_1, "20261105T060000Z", "20261106T060000Z"}
    assert sum(key.startswith(f"notices/{RUN_1}") for key in listed) == 1


# attempts that lost, and what was cut short --------------------------------------------------------------------------------


def test_a_part_that_no_plan_names_is_listed_as_superseded_with_the_reason() -> None:
    world = after(1)
    day = Noticed(world, RUN_1)
    lost = day.part("notices", [day.notice(RAVI)])
    day.whole(day.notice())
    second = world.sweep()(world.day(2)).manifest
    assert second is not None
    (left,) = [one for one in second.superseded if one.key == lost.key]
    assert (left.stored_sha256, left.size) == (lost.stored_sha256, lost.size)
    assert left.reason == "no plan of notices names it: another attempt was committed first, or this one was cut short"
    third = world.sweep()(world.day(3)).manifest
    assert third is not None
    assert [one for one in third.superseded if one.key == lost.key] == []
    assert world.verify().verdict is Verdict.INTACT


def test_a_part_whose_plan_comes_after_the_closing_is_sealed_by_the_manifest_after_that() -> None:
    world = after(1)
    day = Noticed(world, RUN_1)
    shard = day.part("notices", [day.notice()])
    second = world.sweep()(world.day(2)).manifest
    plan = day.commit(day.plan(shard))
    third = world.sweep()(world.day(3)).manifest
    assert second is not None
    assert third is not None
    assert [one.key for one in second.superseded if one.key.startswith("notices/")] == [shard.key]
    assert sorted(one.key for one in third.objects if one.kind is EvidenceKind.NOTICES) == sorted((plan, shard.key))
    assert world.verify().verdict is Verdict.INTACT


# somebody else -----------------------------------------------------------------------------------------------------------------


def stranger(world: World) -> Sealing:
    return Sealing(world.locker, clock=world.clock, retention=Retention(), secret=b"x" * 32)


def _junk(day: Noticed) -> str:
    key = layout.notices_part_key(RUN_1, "0" * 64)
    day.world.locker.put(key, b"junk", retain_until=None)
    return key


def _other_content(day: Noticed) -> str:
    key = layout.notices_part_key(RUN_1, "0" * 64)
    day.world.locker.put(key, lines.pack([day.notice()]).body, retain_until=None)
    return key


def _headless(day: Noticed) -> str:
    packed = lines.pack([day.notice()])
    key = layout.notices_part_key(RUN_1, packed.sha256)
    day.world.locker.put(key, packed.body, retain_until=None)
    return key


def _of_another_run(day: Noticed) -> str:
    packed = lines.pack([NoticesPart(run_id=RUN_2, on=day.on, what="notices", part=0)])
    key = layout.notices_part_key(RUN_1, packed.sha256)
    day.world.locker.put(key, packed.body, retain_until=None)
    return key


def _something_after(day: Noticed) -> str:
    body = lines.pack([]).body + b"more"
    key = layout.notices_part_key(RUN_1, canonical.sha256(b""))
    day.world.locker.put(key, body, retain_until=None)
    return key


def _a_plan(day: Noticed) -> str:
    key = layout.notices_plan_key(RUN_1)
    day.world.locker.put(key, b"{}", retain_until=None)
    return key


def _run_of_nobody(day: Noticed) -> str:
    other = Noticed(day.world, "20251101T060000Z")
    return other.part("notices", []).key


def _end_without_a_plan(day: Noticed) -> str:
    return day.end(day.sent(day.notice()))


@pytest.mark.parametrize(
    "forge", [_junk, _other_content, _headless, _of_another_run, _something_after, _a_plan, _run_of_nobody]
)
def test_what_is_not_what_its_name_tells_is_never_signed_and_is_unlisted(forge: Callable[[Noticed], str]) -> None:
    world = after(1)
    key = forge(Noticed(world, RUN_1))
    assert waiting(world) == Unchained()
    assert faults(world) == [("UNLISTED", key)]
    swept = world.sweep()(world.day(2)).manifest
    assert swept is not None
    assert key not in {one.key for one in (*swept.objects, *swept.superseded)}
    assert ("UNLISTED", key) in faults(world)


def test_a_part_that_unpacks_to_more_than_any_holds_is_unlisted(monkeypatch: pytest.MonkeyPatch) -> None:
    world = after(1)
    day = Noticed(world, RUN_1)
    key = day.part("notices", [day.notice()]).key
    size = len(lines.unpack(key, world.locker.get(key)))
    monkeypatch.setattr("prooftrail.evidence.notices._LARGEST_UNPACKED", size)
    assert notes(world) == [("NOT YET CHAINED", key)]
    monkeypatch.setattr("prooftrail.evidence.notices._LARGEST_UNPACKED", size - 1)
    assert faults(world) == [("UNLISTED", key)]


def test_an_end_without_a_plan_is_not_signed() -> None:
    world = after(1)
    key = _end_without_a_plan(Noticed(world, RUN_1))
    assert waiting(world) == Unchained()
    world.sweep()(world.day(2))
    world.sweep()(world.day(3))
    world.clock.at += timedelta(days=2)
    world.sweep()(world.day(6))
    assert ("UNLISTED", key) in faults(world)


def test_a_plan_or_end_of_somebody_else_is_not_signed_by_us() -> None:
    world = after(1)
    day = Noticed(world, RUN_1)
    shard = day.part("notices", [day.notice()])
    forged = signed_plan(day.plan(shard), stranger(world))
    plan = layout.notices_plan_key(RUN_1)
    world.locker.put(plan, forged, retain_until=None)
    swept = world.sweep()(world.day(2)).manifest
    assert swept is not None
    assert [one.key for one in swept.objects if one.kind is EvidenceKind.NOTICES] == []
    assert [one.key for one in swept.superseded if one.key.startswith("notices/")] == [shard.key]


def test_an_end_of_somebody_else_is_not_signed_by_us() -> None:
    world = after(1)
    day = Noticed(world, RUN_1)
    notice = day.notice()
    shard = day.part("notices", [notice])
    plan = day.commit(day.plan(shard))
    ended = Ended(sent=(day.sent(notice),), reach=())
    world.locker.put(
        layout.notices_sent_key(RUN_1, 0), end_body(RUN_1, 0, day.on, ended, stranger(world)), retain_until=None
    )
    swept = world.sweep()(world.day(2)).manifest
    assert swept is not None
    assert sorted(one.key for one in swept.objects if one.kind is EvidenceKind.NOTICES) == sorted((plan, shard.key))


def test_a_forged_answer_is_never_signed_and_is_unlisted() -> None:
    world = after(1)
    unsigned = an_answer(world, who="key:" + "0" * 64)
    nothing = an_answer(world, matters=())
    assert waiting(world) == Unchained()
    assert faults(world) == sorted([("UNLISTED", unsigned), ("UNLISTED", nothing)])


@pytest.mark.parametrize(
    ("before", "fault"),
    [(timedelta(days=1), "NOT YET CHAINED"), (timedelta(days=1, microseconds=1), "UNLISTED")],
)
def test_what_is_older_than_a_day_before_the_last_closing_should_have_been_named(before: timedelta, fault: str) -> None:
    world = after(2)
    closed = world.clock.at - timedelta(minutes=10)
    world.clock.at = closed - before
    day = Noticed(world, RUN_1)
    part = day.part("notices", [])
    plan = day.commit(day.plan(part))
    world.clock.at = closed
    found = world.verify()
    assert (fault, plan) in {(str(one.fault), one.where) for one in (*found.problems, *found.notes)}
    assert (plan in {one.key for one in waiting(world).objects}) is (fault == "NOT YET CHAINED")


def test_what_was_chained_and_is_changed_or_gone_is_named() -> None:
    world = after(1)
    day = Noticed(world, RUN_1)
    keys = day.whole(day.notice())
    world.sweep()(world.day(2))
    assert isinstance(world.locker, MemoryLocker)
    whole = world.locker._versions
    for key in keys:
        world.locker._versions = [
            (one, body + b"x", until) if one.key == key else (one, body, until) for one, body, until in whole
        ]
        assert ("CHANGED", key) in faults(world)
        world.locker._versions = [one for one in whole if one[0].key != key]
        assert ("MISSING", key) in faults(world)


# the deep look --------------------------------------------------------------------------------------------------------------------


def chained(world: World) -> list[str]:
    """What the deep look finds once the next manifest has named everything."""
    world.sweep()(world.day(2))
    found = world.verify()
    assert {str(one.fault) for one in found.problems} <= {"RECOUNT", "UNREADABLE"}
    return [one.detail for one in found.problems]


def test_a_day_that_adds_up_is_intact() -> None:
    world = after(1)
    day = Noticed(world, RUN_1)
    day.whole(day.notice(), day.notice(RAVI, held=Undelivered.CLOSED))
    assert chained(world) == []


def test_a_notice_that_waited_for_its_address_may_have_been_sent() -> None:
    world = after(1)
    day = Noticed(world, RUN_1)
    notice = day.notice(held=Undelivered.WAITING)
    day.commit(day.plan(day.part("notices", [notice])))
    day.end(day.sent(notice))
    assert chained(world) == []


@pytest.mark.parametrize("held", sorted(set(Undelivered) - {Undelivered.WAITING}))
def test_a_notice_that_was_to_be_held_and_was_sent_is_told(held: Undelivered) -> None:
    world = after(1)
    day = Noticed(world, RUN_1)
    notice = day.notice(held=held)
    day.commit(day.plan(day.part("notices", [notice])))
    day.end(day.sent(notice))
    assert chained(world) == [f"notice {notice.id[:16]}… was sent, and was planned to be held: {held}"]


def test_a_notice_nobody_planned_or_for_somebody_else_is_told() -> None:
    world = after(1)
    day = Noticed(world, RUN_1)
    notice = day.notice()
    day.commit(day.plan(day.part("notices", [notice])))
    day.end(day.sent(notice, recipient=RAVI), msgspec.structs.replace(day.sent(notice), notice="f" * 64))
    said = "is none that was planned for that recipient"
    assert chained(world) == sorted([f"notice {notice.id[:16]}… {said}", f"notice {'f' * 16}… {said}"])


def test_a_notice_that_was_sent_twice_is_told_and_one_that_failed_first_is_not() -> None:
    world = after(1)
    day = Noticed(world, RUN_1)
    once, twice = day.notice(), day.notice(RAVI)
    day.commit(day.plan(day.part("notices", [once, twice])))
    day.end(day.sent(once, message_id=None, error="refused"), *map(day.sent, (once, twice, twice)))
    assert chained(world) == [f"notice {twice.id[:16]}… was sent twice"]


def test_a_plan_that_names_what_is_not_there_is_told() -> None:
    world = after(1)
    day = Noticed(world, RUN_1)
    shard = day.part("notices", [day.notice()])
    lacking = msgspec.structs.replace(shard, key=layout.notices_part_key(RUN_1, "0" * 64))
    other = msgspec.structs.replace(shard, count=9)
    day.commit(day.plan(other, lacking))
    assert sorted(chained(world)) == sorted(
        [f"it names {lacking.key}, which no manifest does", f"it names {shard.key} with other content than was sealed"]
    )


def test_an_answer_given_in_another_locker_is_told_when_it_is_looked_into() -> None:
    world = after(1)
    key = an_answer(world, locker="0" * 64)
    world.sweep()(world.day(2))
    assert faults(world) == [("REPLAYED", key)]


# one run, and holds ------------------------------------------------------------------------------------------------------------------


def test_a_look_at_one_run_holds_its_notices_and_what_its_manifest_names() -> None:
    world = after(1)
    day = Noticed(world, RUN_1)
    keys = day.whole(day.notice())
    answer = an_answer(world)
    world.sweep()(world.day(2))
    assert isinstance(world.locker, MemoryLocker)
    whole = world.locker._versions

    def look(run_id: str) -> list[tuple[str, str]]:
        verify = VerifyLocker(locker=world.locker, clock=world.clock)
        found = verify(trust=Trust(public_key=world.signer.public_key_pem()), deep=True, run_id=run_id)
        return [(str(one.fault), one.where) for one in found.problems]

    assert (look(RUN_1), look(RUN_2)) == ([], [])
    world.locker._versions = [one for one in whole if one[0].key not in (keys[0], answer)]
    assert look(RUN_1) == [("MISSING", keys[0])]
    assert look(RUN_2) == sorted([("MISSING", keys[0]), ("MISSING", answer)])


def test_a_hold_on_a_run_takes_the_notices_that_told_of_it() -> None:
    world = after(1)
    day = Noticed(world, RUN_1)
    keys = day.whole(day.notice())
    assert isinstance(world.locker, MemoryLocker)
    flow = HoldEvidence(locker=world.locker, holds=MemoryHolds(world.locker), who=ARN, clock=world.clock)
    assert set(keys) <= {one.key for one in flow.plan(Scope(run_id=RUN_1)).items}
    world.sweep()(world.day(2))
    plan = flow.plan(Scope(run_id=RUN_1))
    assert set(keys) <= {one.key for one in plan.items}
    assert len(plan.items) == len({(one.key, one.version_id) for one in plan.items})
