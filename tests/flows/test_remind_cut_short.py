"""A process that plans and sends is killed between any two steps: no notice is lost, none doubled, and the chain verifies.

Whether the same run is driven again, another of the same day comes between, or only the next day's run follows.
"""

import itertools
from collections.abc import Callable

import pytest

from prooftrail.flows import notice_commits
from prooftrail.flows.verify_locker import Verdict
from prooftrail.model.notice import ReachState
from tests.flows.posting import LATER
from tests.flows.telling import ADA, BO, Telling
from tests.flows.world import Dying, Killed

STEPS = frozenset({
    "put", "claim", "take_over", "complete", "send", "invite", "state", "receipts", "forget", "write", "read",
})  # fmt: skip


def killed_after(world: Telling, run_id: str, steps: int) -> bool:
    """Tell owners in a process that dies at that step; True if it got to its end."""
    left = itertools.count(steps, -1)

    def budget() -> None:
        if next(left) == 0:
            raise Killed

    stores = {"locker": world.locker, "notifier": world.notifier, "claims": world.claims, "letters": world.letters}
    try:
        world.remind(run_id, **{name: Dying(one, budget, STEPS) for name, one in stores.items()})
    except Killed:
        return False
    return True


def a_world(confirms: bool) -> Telling:
    world = Telling(confirms=confirms)
    world.notifier.states = {ADA: ReachState.CONFIRMED, BO: ReachState.CONFIRMED} if confirms else {}
    return world


def the_same_run(world: Telling, run_id: str) -> None:
    world.clock.at += LATER
    assert world.remind(run_id).error is None


def the_next_day(world: Telling, run_id: str) -> None:
    world.told(2)


def the_next_day_planned_before_what_was_open_is_settled(world: Telling, run_id: str) -> None:
    world.driven(world.scanned(2))
    world.driven(world.scanned(3))


def another_run_of_the_day_and_the_next_day(world: Telling, run_id: str) -> None:
    world.clock.at += LATER
    assert world.remind(world.scanned_again()).error is None
    world.told(2)


def another_run_planned_before_the_first_sends(world: Telling, run_id: str) -> None:
    world.clock.at += LATER
    second = world.scanned_again()
    world.planner()(second)
    assert world.remind(run_id).error is None
    world.driven(second)
    world.told(2)


def the_first_run_again_after_the_next_day(world: Telling, run_id: str) -> None:
    world.told(2)
    assert world.remind(run_id).error is None
    world.told(3)


COURSES: tuple[Callable[[Telling, str], None], ...] = (
    the_same_run,
    the_next_day,
    the_next_day_planned_before_what_was_open_is_settled,
    another_run_of_the_day_and_the_next_day,
    another_run_planned_before_the_first_sends,
    the_first_run_again_after_the_next_day,
)


@pytest.mark.parametrize(
    ("then", "confirms"), [*((one, False) for one in COURSES), (the_same_run, True), (the_next_day, True)]
)
def test_each_letter_arrives_once_wherever_the_process_dies_and_whatever_comes_then(
    then: Callable[[Telling, str], None], confirms: bool
) -> None:
    steps, ended = 0, False
    while not ended:
        world = a_world(confirms)
        run_id = world.scanned(1)
        ended = killed_after(world, run_id, steps)
        then(world, run_id)
        assert sorted(world.arrived()) == [ADA, BO], f"killed at step {steps}"
        assert not world.still_open(), f"killed at step {steps}"
        steps += 1
    assert steps > 25


def test_what_was_sent_is_recorded_as_sent_wherever_the_process_dies() -> None:
    for steps in itertools.count():
        world = a_world(confirms=False)
        run_id = world.scanned(1)
        ended = killed_after(world, run_id, steps)
        the_same_run(world, run_id)
        end = notice_commits.read_end(world.locker, run_id, 0, sealing=world.sealing())
        assert end is not None
        assert [bool(one.message_id) for one in end.sent] == [True, True], f"killed at step {steps}"
        if ended:
            return


@pytest.mark.parametrize("then", COURSES[2:])
def test_what_is_sealed_of_it_verifies(then: Callable[[Telling, str], None]) -> None:
    for steps in itertools.count(0, 7):
        world = a_world(confirms=False)
        run_id = world.scanned(1)
        ended = killed_after(world, run_id, steps)
        then(world, run_id)
        world.told(4)
        verified = world.verify()
        assert (verified.verdict, verified.problems) == (Verdict.INTACT, ()), f"killed at step {steps}"
        assert len(world.arrived()) == 2, f"killed at step {steps}"
        if ended:
            return
