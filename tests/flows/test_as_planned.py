"""Whom a plan leaves out follows from the run and its context: one that was made otherwise is found when judged again."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from prooftrail.evidence.findings import Fault
from prooftrail.evidence.manifest import Code
from prooftrail.flows import start_run
from prooftrail.flows.verify_locker import Verdict
from prooftrail.model.organization import AccountState
from prooftrail.model.run import Plan, PlanAction, PlannedAccount
from tests.flows.world import MEMBER, World

OTHER_CODE = Code(version="next", sha256="1" * 64)
PLAN = "plan/20261102T060000Z.jsonl"


def second_day(world: World, patch: pytest.MonkeyPatch, name: str, edit: Callable[[Any], Any]) -> World:
    """Two days, on the second of which whoever begins runs plans as they like; the rest is honest."""
    world.sweep()(world.day(1))
    with patch.context() as forging:
        forging.setattr(start_run, name, edit(getattr(start_run, name)))
        world.sweep()(world.day(2))
    return world


def saying(**said: object) -> Callable[[Any], Any]:
    def edit(real: Any) -> Any:
        def planned(account: Any, *known: Any) -> PlannedAccount:
            made: PlannedAccount = real(account, *known)
            return msgspec.structs.replace(made, **said) if account.id == MEMBER else made

        return planned

    return edit


def found(world: World, **known: Any) -> list[tuple[Fault, str]]:
    verified = world.verify(rederive=True, **known)
    return [(one.fault, one.where) for one in (*verified.problems, *verified.unconfirmed, *verified.notes)]


@pytest.mark.parametrize(
    "said",
    [
        {"action": PlanAction.SKIP, "reason": "it is closed"},
        {"reason": "somebody said so"},
        {"onboarding": True},
    ],
)
def test_an_account_that_is_left_out_or_told_of_for_a_made_up_reason_is_found(
    monkeypatch: pytest.MonkeyPatch, said: dict[str, object]
) -> None:
    world = second_day(World(), monkeypatch, "planned", saying(**said))
    assert world.verify().verdict is Verdict.INTACT
    assert found(world) == [(Fault.DERIVED, PLAN)]


def test_an_account_that_is_read_though_aws_suspended_it_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.states[MEMBER] = AccountState.SUSPENDED
    second_day(world, monkeypatch, "planned", saying(action=PlanAction.SCAN, reason=None))
    (problem,) = world.verify(rederive=True).problems
    assert problem.detail == (
        f"account {MEMBER}: its plan says to scan it, where context and run say to skip it (AWS suspended it)"
    )


def test_an_account_that_is_in_no_plan_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def without(real: Any) -> Any:
        def plan(*, header: Any, accounts: tuple[PlannedAccount, ...]) -> Plan:
            made: Plan = real(header=header, accounts=tuple(one for one in accounts if one.account != MEMBER))
            return made

        return plan

    world = second_day(World(), monkeypatch, "Plan", without)
    assert (Fault.DERIVED, PLAN) in found(world)


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"action": PlanAction.SKIP, "reason": "it is closed"}, Fault.NOT_CONFIRMED),
        ({"reason": "in other words"}, Fault.OTHER_CODE),
    ],
)
def test_by_other_code_another_reason_is_words_and_another_action_not_confirmed(
    monkeypatch: pytest.MonkeyPatch, said: dict[str, object], fault: Fault
) -> None:
    world = second_day(World(), monkeypatch, "planned", saying(**said))
    assert found(world, code=OTHER_CODE) == [(fault, PLAN)]


def test_accounts_left_out_by_aws_and_by_policy_are_planned_as_they_have_to_be() -> None:
    world = World()
    world.states[MEMBER] = AccountState.PENDING_CLOSURE
    world.sweep()(world.day(1))
    assert found(world) == []
