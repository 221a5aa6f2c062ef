"""What was told is remembered over every plan that counts: concurrent ones, late ones, and those nobody ended."""

from datetime import timedelta

import pytest

from prooftrail.evidence import layout
from prooftrail.flows import notice_commits
from prooftrail.flows.notice_commits import records_of
from prooftrail.flows.notice_memory import LOOKED_BACK
from prooftrail.model.notice import NoticesPlan, Reach
from prooftrail.model.run import Run
from tests.flows.telling import ADA, BO, Telling
from tests.flows.world import DAY_1, HOME

OPEN = "what became of its notices is not recorded; until it is, they are not planned anew"


def scanned_at(world: Telling, hours: int) -> str:
    """Scan so many hours after the first day's run."""
    world.clock.at = DAY_1 + timedelta(hours=hours, seconds=5)
    run = Run.scheduled(DAY_1 + timedelta(hours=hours), None)
    world.sweep()(run)
    return run.id


def shards(plan: NoticesPlan) -> list[tuple[str, int]]:
    return [(plan.run_id, shard) for shard in range(len(plan.shards))]


@pytest.mark.parametrize("hours", [0, 17], ids=["of the same day", "over midnight"])
def test_what_a_run_sent_after_the_next_was_planned_is_not_told_again(hours: int) -> None:
    world = Telling()
    first = world.planner()(scanned_at(world, hours))
    second = world.planner()(scanned_at(world, hours + 1))
    assert world.held(second) == {"ada": "UNSETTLED", "bo": "UNSETTLED"}
    for run_id, shard in (*shards(first), *shards(second)):
        world.sender()(run_id, shard)
    third = world.driven(scanned_at(world, hours + 25))
    assert (world.notices(third), third.gaps, third.unended) == ([], (), ())
    assert (third.previous, third.follows) == (second.run_id, (second.run_id, first.run_id))
    assert sorted(world.arrived()) == [ADA, BO]
    assert [len(one.asked) for one in world.remembered(third)] == [1, 1]


def test_two_plans_that_knew_nothing_of_each_other_are_both_remembered() -> None:
    world = Telling()
    world.told(1)
    world.users[HOME] = ["ada", "svc"]
    second = scanned_at(world, 24)
    world.users[HOME] = ["ada", "svc", "new"]
    third = scanned_at(world, 48)
    world.driven(second)
    stored = world.memory._versions
    # The third is planned where nothing of the second is to be seen yet.
    world.memory._versions = [one for one in stored if f"notices/{second}" not in one[0].key]
    kept = [one for one in stored if f"notices/{second}" in one[0].key]
    world.driven(third)
    world.memory._versions += kept
    arrived = len(world.arrived())
    fourth = world.driven(scanned_at(world, 72))
    assert second in fourth.follows
    assert fourth.gaps == ()
    texts = [one.text for one in world.notifier.arrived]
    assert ("AKIA1svc" in texts[2], "AKIA1new" in texts[3]) == (True, True)
    assert len(world.arrived()) == arrived


def test_a_shard_nobody_ends_is_carried_from_plan_to_plan_until_it_is() -> None:
    world = Telling()
    first = world.planned(1)
    for day in (2, 3):
        plan = world.planned(day)
        assert set(world.held(plan).values()) == {"UNSETTLED"}
        assert plan.unended[0] == (first.run_id, 0)
    for run_id, shard in plan.unended:
        world.sender()(run_id, shard)
    assert world.arrived() == []
    for run_id, shard in shards(plan):
        world.sender()(run_id, shard)
    last = world.driven(world.scanned(4))
    assert (last.unended, sorted(world.arrived())) == ((), [ADA, BO])


@pytest.mark.parametrize(("days", "waited_for"), [(LOOKED_BACK.days, True), (LOOKED_BACK.days + 1, False)])
def test_a_shard_nobody_ever_ends_counts_as_told_in_the_end(days: int, waited_for: bool) -> None:
    world = Telling()
    world.planned(1)
    plan = world.planned(1 + days)
    assert bool(plan.unended) is waited_for
    assert plan.gaps[0].endswith("they are not planned anew" if waited_for else "they count as told")
    asked = [one.asked for one in world.remembered(plan)]
    assert [len(one) for one in asked] == ([0, 0] if waited_for else [1, 1])


def test_an_end_somebody_else_wrote_counts_as_told_and_is_said_once() -> None:
    world = Telling()
    first = world.planned(1)
    world.locker.put(layout.notices_sent_key(first.run_id, 0), b"junk", retain_until=None)
    second = world.planner()(world.scanned(2))
    assert (world.notices(second), second.unended) == ([], ())
    assert [one.endswith("they count as told") for one in second.gaps] == [True]
    assert world.planned(3).gaps == tuple(f"shard 0 of run {second.run_id}: {OPEN}" for _ in second.shards)


def test_a_shard_left_open_whose_notices_are_changed_is_said_once_and_waited_for_no_more() -> None:
    world = Telling()
    first = world.planned(1)
    world.planned(2)
    world.damage(first.shards[0].key)
    third = world.planned(3)
    assert set(world.held(third).values()) == {"UNREMEMBERED"}
    assert (first.run_id, 0) not in world.planned(4).unended


def test_how_somebody_stood_is_joined_from_plans_that_did_not_know_of_each_other() -> None:
    world = Telling(confirms=True)
    first = world.planner()(scanned_at(world, 0))
    second = world.planner()(scanned_at(world, 6))
    for run_id, shard in (*shards(second), *shards(first)):
        world.sender()(run_id, shard)
    third = world.planner()(scanned_at(world, 24))
    rows = [row for part in third.reach for row in records_of(notice_commits.read_part(world.locker, part), Reach)]
    assert [row.asked_on for row in rows] == [(DAY_1.date(),)] * 2
