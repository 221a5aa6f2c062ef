"""A population is of the accounts of one run: whatever period a pack or a sample was asked for, it is the same."""

import pytest

from prooftrail.flows.pack_views import PackViews
from prooftrail.pack.registers.population_index import PopulationIndex
from prooftrail.pack.registers.populations import POPULATIONS, population_bytes
from tests.flows.packing import judged_world, run, views
from tests.flows.world import MEMBER, World

THIRD = "333333333333"


@pytest.fixture(scope="module")
def world() -> World:
    """The third account was there on the first two days and left."""
    world = judged_world()
    world.users[THIRD] = ["eve"]
    run(world, 1, 2)
    del world.users[THIRD]
    world.users[MEMBER] = ["bob", "carol"]
    return run(world, 3, 4)


@pytest.mark.parametrize("name", sorted(POPULATIONS))
def test_every_period_with_the_same_run_shown_gives_the_same_bytes(world: World, name: str) -> None:
    periods = [views(world.locker, since, 4) for since in (1, 2, 4)]

    assert len({population_bytes(name, one.period, one.accounts()) for one in periods}) == 1
    assert THIRD.encode() not in population_bytes(name, periods[0].period, periods[0].accounts())


def index_of(made: PackViews) -> PopulationIndex:
    index = PopulationIndex(made.period)
    for one in made.accounts():
        index.take(one)
    return index


@pytest.mark.parametrize(("since", "left"), [(1, 1), (4, 0)])
def test_the_index_says_how_many_items_of_accounts_that_left_are_in_no_draw(
    world: World, since: int, left: int
) -> None:
    index = index_of(views(world.locker, since, 4))

    assert index._left["access-keys"] == left
    assert not [why for one in POPULATIONS.values() for why in index._why_not(one) if THIRD in why]
