"""A day's planning: whose turn it is over the days, what of the week is made up for, what a digest is given, and its sums."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec
import pytest

from prooftrail.evidence import layout
from prooftrail.flows import notice_commits, notice_planning, notice_reach
from prooftrail.flows.notice_commits import records_of
from prooftrail.governance.policy import Owners
from prooftrail.model.judgement import Event, Tier
from prooftrail.model.notice import Hop, NoticeItem, NoticesPlan, Reach, ReachState
from prooftrail.notices import digest
from tests.flows.telling import ADA, BO, SEC, TIERS, Telling, opened
from tests.flows.world import HOME, MEMBER


def weekly(world: Telling, plan: NoticesPlan) -> list[str]:
    """Who is planned a summary, by name."""
    names = {world.sealing().pseudonym(one): one for one in ("ada", "bo", "sec")}
    return sorted(names[one.recipient] for one in world.notices(plan) if one.weekly)


def summaries(world: Telling) -> list[str]:
    """Who got a summary, in order."""
    return [one.address for one in world.notifier.arrived if "The week to" in one.text]


def rows(world: Telling, plan: NoticesPlan) -> dict[str, Reach]:
    """How everybody stood, by name."""
    names = {world.sealing().pseudonym(one): one for one in ("ada", "bo", "sec")}
    found = [one for part in plan.reach for one in records_of(notice_commits.read_part(world.locker, part), Reach)]
    return {names[one.recipient]: one for one in found}


# everybody's turn -------------------------------------------------------------------------------------------------


def test_since_when_the_cap_keeps_somebody_out_is_sealed_until_they_have_a_place() -> None:
    world = Telling(opened(*TIERS, cap_per_day=1))
    first = world.told(1)
    (late,) = (name for name, held in world.held(first).items() if held == "CAPPED")
    assert {name: one.held_since for name, one in rows(world, first).items()} == {late: date(2026, 11, 1)}
    second = world.told(2)
    assert world.held(second) == {late: None}
    assert late not in rows(world, second)
    assert {one.held_since for one in rows(world, world.planned(3)).values()} == {None}


def test_nobody_asks_how_somebody_stands_who_was_never_asked_and_has_no_place() -> None:
    world = Telling(opened(*TIERS, cap_per_day=1), confirms=True)
    plan = world.planned(1)
    (row,) = rows(world, plan).values()
    assert (row.address, row.state, row.asked_on) == (None, ReachState.PENDING, ())
    assert len([one for shard in world.letters._letters.values() for one in shard]) == 1


def test_that_somebody_was_kept_out_takes_nothing_from_what_is_known_of_them() -> None:
    known = Reach(recipient="a", address="at-a", state=ReachState.CONFIRMED, mailed_on=date(2026, 11, 1))
    late = Reach(recipient="a", address=None, state=ReachState.PENDING, held_since=date(2026, 11, 1))
    assert notice_reach.joined(known, late) == known
    assert notice_reach.joined(None, late) == late


# the week -----------------------------------------------------------------------------------------------------------


def test_a_summary_that_was_refused_on_its_day_comes_the_next_and_once() -> None:
    world = Telling(opened(*TIERS, weekly_on="sunday"))
    world.notifier.refusing = {SEC}
    assert weekly(world, world.told(1)) == ["ada", "bo", "sec"]
    world.notifier.refusing = set()
    assert [weekly(world, world.told(day)) for day in (2, 3, 4)] == [["sec"], [], []]
    assert sorted(summaries(world)) == [ADA, BO, SEC]


def test_a_summary_that_the_cap_kept_out_comes_when_there_is_a_place() -> None:
    world = Telling(opened(*TIERS, weekly_on="sunday", cap_per_day=1))
    plans = [world.told(day) for day in (1, 2, 3)]
    assert [weekly(world, plan) for plan in plans[1:]] == [
        [name for name, why in world.held(plans[0]).items() if why],
        [],
    ]
    assert sorted(summaries(world)) == [ADA, BO, SEC]
    assert summaries(world)[:2].count(SEC) == 1


def test_a_summary_whose_day_had_no_run_comes_with_the_next() -> None:
    world = Telling(opened(*TIERS, weekly_on="monday"))
    assert weekly(world, world.told(1)) == []
    assert weekly(world, world.told(4)) == ["ada", "bo", "sec"]
    assert [weekly(world, world.told(day)) for day in (5, 9)] == [[], ["ada", "bo", "sec"]]
    assert rows(world, world.planned(10))["sec"].weekly_on == date(2026, 11, 9)


def test_a_summary_goes_out_once_where_two_runs_are_planned_on_its_day() -> None:
    world = Telling(opened(*TIERS, weekly_on="sunday"))
    world.told(1)
    world.scanned(1)
    world.told(2)
    assert sorted(summaries(world)) == [ADA, BO, SEC]


def test_a_summary_that_may_be_lost_with_what_was_told_comes_the_day_after_that() -> None:
    world = Telling(opened(*TIERS, weekly_on="sunday"))
    world.notifier.refusing = {ADA, BO, SEC}
    before = world.told(1)
    world.notifier.refusing = set()
    run_id = world.scanned(2)
    world.damage(before.shards[0].key)
    held = world.remind(run_id).plan
    assert held is not None
    assert (weekly(world, held), summaries(world)) == (["ada", "bo", "sec"], [])
    world.told(3)
    assert sorted(summaries(world)) == [ADA, BO, SEC]


def test_where_nothing_is_open_nobody_gets_a_summary() -> None:
    world = Telling(opened(*TIERS, weekly_on="sunday"))
    world.users = {HOME: [], MEMBER: []}
    assert world.notices(world.told(1)) == []


# what a digest is given -------------------------------------------------------------------------------------------


def test_what_is_open_is_counted_for_whoever_owns_it_and_not_for_whoever_is_asked_in_their_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = Telling()
    ada, bo, sec = world.governance.owners.owner
    gone = msgspec.structs.replace(ada, active=False, deputy="bo")
    world.governance = msgspec.structs.replace(world.governance, owners=Owners(owner=(gone, bo, sec)))
    world.users = {HOME: ["ada", "adam"], MEMBER: ["bob"]}
    given: dict[str, Mapping[Tier, int]] = {}
    really = digest.compose

    def compose(day: Any, recipient: str, *known: Any, open_matters: Mapping[Tier, int], **more: Any) -> digest.Draft:
        given[recipient] = dict(open_matters)
        return really(day, recipient, *known, open_matters=open_matters, **more)

    monkeypatch.setattr(digest, "compose", compose)
    (notice,) = world.notices(world.planned(1))
    told = sorted((one.hop, len(one.matters)) for one in notice.items)
    assert sum(number for hop, number in told if hop is Hop.DEPUTY) == 2
    assert [sum(numbers.values()) for numbers in given.values()] == [1]


# sums -------------------------------------------------------------------------------------------------------------


def an_item(step: str, hop: Hop) -> NoticeItem:
    return NoticeItem(
        matters=("m",), identities=(), control="", event=Event.FINDING, accounts=(), tier=Tier.LOW, step=step, hop=hop,
        due_on=date(2026, 11, 1), label="",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("step", "hop", "rung"),
    [
        ("first", Hop.OWNER, "first"),
        ("first", Hop.DEPUTY, "first"),
        ("first", Hop.SECURITY, "first"),
        ("handed over", Hop.OWNER, "first"),
        ("T-7", Hop.OWNER, "reminder"),
        ("T-7", Hop.DEPUTY, "reminder"),
        ("due", Hop.OWNER, "reminder"),
        ("overdue 3", Hop.OWNER, "reminder"),
        ("again 7", Hop.SECURITY, "reminder"),
        ("overdue 0", Hop.DEPUTY, "escalated"),
        ("overdue 14", Hop.MANAGER, "escalated"),
        ("overdue 14", Hop.CONTACT, "escalated"),
        ("overdue 21", Hop.SECURITY, "escalated"),
    ],
)
def test_how_far_up_the_ladder_an_item_is(step: str, hop: Hop, rung: str) -> None:
    assert notice_planning._rung(an_item(step, hop)) == rung


def steps(plan: NoticesPlan) -> dict[str, int]:
    return {name: number for name, number in plan.counts if name.startswith(("step:", "held:", "sent"))}


def test_what_is_to_be_sent_is_counted_by_how_far_up_the_ladder_it_is() -> None:
    assert steps(Telling().told(1)) == {"sent": 2, "step:first": 2}
    assert steps(Telling(opened()).told(1)) == {"held:closed": 2}


def test_what_is_held_because_nothing_is_remembered_is_counted_so() -> None:
    world = Telling()
    before = world.told(1)
    run_id = world.scanned(2)
    world.damage(layout.notices_plan_key(before.run_id))
    held = world.remind(run_id).plan
    assert held is not None
    assert steps(held) == {"held:unremembered": 2}


def test_what_is_held_because_an_earlier_notice_is_not_settled_is_counted_so() -> None:
    world = Telling()
    world.planned(1)
    assert steps(world.planned(2)) == {"held:unsettled": 2}
