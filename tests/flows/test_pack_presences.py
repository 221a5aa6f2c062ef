"""Who came, who went, and who only entered or left what runs could read."""

import contextlib
from collections.abc import Iterator
from datetime import timedelta

import pytest

from prooftrail.flows import pack_presences
from prooftrail.model import canonical
from prooftrail.pack.registers.coming_and_going import COMING_AND_GOING_REGISTERS
from prooftrail.pack.view import AccountView
from tests.flows.packing import Tampered, account, judged_world, run, views
from tests.flows.world import DAY_1, HOME, MEMBER


def run_id(day: int) -> str:
    return canonical.run_id(DAY_1 + timedelta(days=day - 1))


@contextlib.contextmanager
def counted_passes() -> Iterator[list[int]]:
    """The sizes of the snapshots that were looked through."""
    found: list[int] = []
    real = pack_presences._ids

    def counting(body: bytes) -> Iterator[bytes]:
        found.append(len(body))
        return real(body)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pack_presences, "_ids", counting)
        yield found


def the_reading(view: AccountView) -> set[tuple[str | None, str | None, str | None, str | None, str | None]]:
    return {(one.name, one.entered, one.left, one.came, one.went) for one in view.presences}


def test_what_an_account_held_that_runs_could_not_read_at_first_entered_the_reading_and_was_not_born_then() -> None:
    world = judged_world()
    world.unreachable = {MEMBER}
    run(world, 1, 2)
    world.unreachable = set()
    run(world, 3)
    world.users[MEMBER] = ["bob", "carol"]
    run(world, 4)

    assert the_reading(account(views(world.locker), MEMBER)) == {
        ("root", run_id(3), None, None, None),
        ("bob", run_id(3), None, None, None),
        ("AKIA2bob", run_id(3), None, None, None),
        ("svc-deploy", run_id(3), None, None, run_id(4)),
        ("AKIA2svc-deploy", run_id(3), None, None, run_id(4)),
        ("carol", None, None, run_id(4), None),
        ("AKIA2carol", None, None, run_id(4), None),
    }


def test_what_an_account_held_that_runs_could_not_read_any_more_left_the_reading_and_is_not_gone() -> None:
    world = run(judged_world(), 1)
    world.users[MEMBER] = ["bob"]
    run(world, 2)
    world.unreachable = {MEMBER}
    run(world, 3, 4)

    assert the_reading(account(views(world.locker), MEMBER)) == {
        ("root", None, run_id(3), None, None),
        ("bob", None, run_id(3), None, None),
        ("AKIA2bob", None, run_id(3), None, None),
        ("svc-deploy", None, None, None, run_id(2)),
        ("AKIA2svc-deploy", None, None, None, run_id(2)),
    }


def test_counts_of_the_first_run_and_who_came_and_went_give_the_counts_of_the_last() -> None:
    world = judged_world()
    world.unreachable = {MEMBER}
    run(world, 1)
    world.users[HOME] = [*world.users[HOME], "dave"]
    world.unreachable = set()
    run(world, 2)
    world.users[MEMBER] = ["bob", "carol"]
    run(world, 3)

    made = views(world.locker)
    first, *_, last = made.period.runs
    every = [each for one in made.accounts() for each in one.presences]

    more = sum(bool(one.came or one.entered) - bool(one.went or one.left) for one in every)
    assert first.counts["identities"] + more == last.counts["identities"]


def test_an_account_read_in_the_middle_alone_entered_and_left() -> None:
    world = judged_world()
    world.unreachable = {MEMBER}
    run(world, 1)
    world.unreachable = set()
    run(world, 2)
    world.unreachable = {MEMBER}
    run(world, 3)

    told = {(one.entered, one.left) for one in account(views(world.locker), MEMBER).presences}
    assert told == {(run_id(2), run_id(3))}


def test_a_thousand_that_no_transition_tells_of_are_looked_for_in_one_pass_of_each_snapshot() -> None:
    many = [f"svc-{one}" for one in range(1000)]
    world = run(judged_world(), 1)
    world.users[MEMBER] = many
    run(world, 2, 3)

    with counted_passes() as passes:
        member = account(views(Tampered(world.locker, lost="transitions/")), MEMBER)

    assert {one.came for one in member.presences if one.name in set(many)} == {run_id(2)}
    assert len(passes) == 3


def test_the_register_says_that_they_entered_or_left_the_reading_and_names_the_run() -> None:
    world = judged_world()
    world.unreachable = {MEMBER}
    run(world, 1)
    world.unreachable = set()
    run(world, 2)
    world.unreachable = {MEMBER}
    run(world, 3)
    made = views(world.locker)
    (register,) = COMING_AND_GOING_REGISTERS
    assert register.each is not None
    names = [one.name for one in register.table.columns]

    rows = [dict(zip(names, row, strict=True)) for row in register.each(account(made, MEMBER), made.period)]

    assert {(one["came_run"], one["went_run"], one["presence"], one["transient"]) for one in rows} == {
        (run_id(2), run_id(3), "entered the reading and left the reading", False)
    }
