"""A process that plans and sends is killed between any two steps: no notice is lost, none doubled, and the chain verifies."""

import itertools

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


@pytest.mark.parametrize("confirms", [False, True])
def test_each_planned_letter_arrives_once_wherever_the_process_dies(confirms: bool) -> None:
    steps, ended = 0, False
    while not ended:
        world = Telling(confirms=confirms)
        world.notifier.states = {ADA: ReachState.CONFIRMED, BO: ReachState.CONFIRMED} if confirms else {}
        run_id = world.scanned(1)
        ended = killed_after(world, run_id, steps)
        world.clock.at += LATER
        assert world.remind(run_id).error is None, f"killed at step {steps}"
        assert sorted(world.arrived()) == [ADA, BO], f"killed at step {steps}"
        end = notice_commits.read_end(world.locker, run_id, 0, sealing=world.sealing())
        assert end is not None
        assert all(one.message_id for one in end.sent)
        steps += 1
    assert steps > 25


@pytest.mark.parametrize("every", [3])
def test_what_is_sealed_of_it_verifies_the_next_day_and_nothing_is_told_again(every: int) -> None:
    ended = False
    for steps in itertools.count(0, every):
        world = Telling()
        run_id = world.scanned(1)
        ended = killed_after(world, run_id, steps)
        world.clock.at += LATER
        world.remind(run_id)
        world.told(2)
        verified = world.verify()
        assert (verified.verdict, verified.problems) == (Verdict.INTACT, ()), f"killed at step {steps}"
        assert len(world.arrived()) == 2, f"killed at step {steps}"
        if ended:
            return
