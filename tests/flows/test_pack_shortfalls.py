"""Which runs of a period fell short of an account, told from manifests and from the outcomes of those runs alone."""

from typing import Any

import pytest

from prooftrail.model import canonical
from prooftrail.model.organization import AccountState
from prooftrail.model.reading import CellStatus, Collector, Gap, GapReason
from prooftrail.pack.registers.coming_and_going import COMING_AND_GOING_REGISTERS
from prooftrail.pack.registers.gaps import GAP_REGISTERS
from prooftrail.pack.registers.intervals import INTERVAL_REGISTERS
from tests.builders.times import days
from tests.flows.packing import Tampered, account, judged_world, run, views
from tests.flows.world import DAY_1, HOME, MEMBER, World
from tests.pack.account_rows import rows_of

THIRD = "333333333333"


def run_id(day: int) -> str:
    return canonical.run_id(DAY_1 + days(day - 1))


@pytest.fixture(scope="module")
def world() -> World:
    """Four days: on the second the principals of the member are refused, on the third nobody gets in, the last is clean."""
    made = run(judged_world(), 1)
    made.refused = {MEMBER}
    run(made, 2)
    made.refused, made.unreachable = set(), {MEMBER}
    run(made, 3)
    made.unreachable = set()
    return run(made, 4)


def test_each_run_that_fell_short_is_told_with_what_it_did_not_read(world: World) -> None:
    found = views(world.locker)
    short = account(found, MEMBER).shortfalls

    assert [(one.run_id, one.status, one.judged) for one in short] == [
        (run_id(2), "gaps", True),
        (run_id(3), "unreachable", False),
    ]
    assert {(one.collector, one.status, one.items) for one in short[0].refused or ()} >= {
        (Collector.PRINCIPALS, CellStatus.DENIED, 0)
    }
    assert account(found, HOME).shortfalls == ()


def test_a_clean_last_day_does_not_wash_the_days_before(world: World) -> None:
    found = views(world.locker)
    rows = rows_of(GAP_REGISTERS[0], account(found, MEMBER), period=found.period)
    told = {(one["kind"], one["from"], one["to"]) for one in rows if one["status"] in ("denied", "unreachable")}

    assert ("principals", DAY_1 + days(1), DAY_1 + days(3)) in told
    assert ("account", DAY_1 + days(2), DAY_1 + days(3)) in told


def test_a_failure_of_which_a_day_was_not_seen_is_not_certain(world: World) -> None:
    found = views(world.locker)
    view = account(found, MEMBER)
    users = {one.identity.id for one in view.listed if one.identity.kind.value.endswith("user")}
    rows = [one for one in rows_of(INTERVAL_REGISTERS[0], view, period=found.period) if one["identity_id"] in users]
    across = [one for one in rows if one["from_run"] == run_id(1) and one["to_run"] is None]

    assert across
    assert {(one["runs_not_judged"], one["certain"]) for one in across} == {(2, False)}
    assert all("2026-11-02: principals was denied" in str(one["uncertain_why"]) for one in across)


class _Counting:
    """A locker that counts the outcomes that are read."""

    def __init__(self, inner: Any) -> None:
        self._inner, self.read = inner, list[str]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def get(self, key: str, *, version_id: str | None = None) -> bytes:
        if key.startswith("outcome/"):
            self.read.append(key)
        body: bytes = self._inner.get(key, version_id=version_id)
        return body


def test_only_outcomes_of_runs_that_read_in_part_are_opened(world: World) -> None:
    locker = _Counting(world.locker)

    list(views(locker).accounts())

    assert locker.read == [f"outcome/{run_id(2)}/{MEMBER}.json"]


@pytest.mark.parametrize("how", ["lost", "changed"])
def test_an_outcome_that_is_not_what_was_sealed_is_said_and_nothing_is_told_from_it(world: World, how: str) -> None:
    found = views(Tampered(world.locker, **{how: f"outcome/{run_id(2)}/{MEMBER}"}))
    view = account(found, MEMBER)

    assert view.shortfalls[0].refused is None
    assert view.shortfalls[0].unknown
    assert any("outcome/" in one for one in view.wrong)


def test_an_account_that_was_not_there_yet_was_in_no_plan() -> None:
    world = run(judged_world(), 1)
    world.users[THIRD] = ["eve"]
    run(world, 2)

    short = account(views(world.locker), THIRD).shortfalls

    assert [(one.run_id, one.status) for one in short] == [(run_id(1), "unplanned")]


def test_an_account_that_was_left_out_is_told_for_each_run() -> None:
    world = judged_world()
    world.states[MEMBER] = AccountState.SUSPENDED
    run(world, 1, 2)

    assert [one.status for one in account(views(world.locker), MEMBER).shortfalls] == ["skipped", "skipped"]


def test_a_period_without_a_run_is_told_by_the_run_shown() -> None:
    world = judged_world()
    world.unreachable = {MEMBER}
    run(world, 1)

    assert [one.run_id for one in account(views(world.locker, 5, 9), MEMBER).shortfalls] == [run_id(1)]


# accounts that left ----------------------------------------------------------------------------------------------


def _left(*, last: int, listed: bool = True) -> World:
    world = judged_world()
    world.users[THIRD] = ["eve"]
    run(world, 1, 2)
    del world.users[THIRD]
    if not listed:
        gap = Gap(api="organizations:ListAccounts", reason=GapReason.DENIED, detail="not authorized")
        world.organization_gaps = (gap,)
    return run(world, *range(3, last + 1))


def test_identities_of_an_account_that_left_went_in_the_first_run_whose_list_did_not_have_it() -> None:
    found = views(_left(last=4).locker)
    view = account(found, THIRD)

    assert {(one.went, one.account_left) for one in view.presences} == {(run_id(3), True)}
    assert {one.id for one in view.presences} == {one.identity.id for one in view.listed}
    rows = rows_of(COMING_AND_GOING_REGISTERS[0], view, period=found.period)
    assert {one["presence"] for one in rows} == {"went"}


def test_nobody_can_say_so_where_the_list_of_accounts_was_refused() -> None:
    found = views(_left(last=3, listed=False).locker)
    view = account(found, THIRD)

    assert {(one.went, one.account_left) for one in view.presences} == {(None, True)}


def test_what_left_before_the_period_did_not_go_in_it() -> None:
    found = views(_left(last=5).locker, 5, 30, accounts=(THIRD,))

    assert account(found, THIRD).presences == ()
