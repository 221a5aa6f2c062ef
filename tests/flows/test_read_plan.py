"""A step that is handed a run's id reads plan and context once, believes only its own, and keeps one run's at most."""

import pytest

from prooftrail.errors import ConfigError, EvidenceMissing, EvidenceUnreadable
from prooftrail.flows.read_plan import ReadPlan
from prooftrail.flows.sealing import Sealing
from prooftrail.model.organization import AccountState
from prooftrail.settings import Retention
from tests.flows.world import HOME, MEMBER, World


def reading(world: World, *, secret: bytes | None = None) -> tuple[ReadPlan, list[str]]:
    """The reader, and the names it reads."""
    read: list[str] = []
    get = world.locker.get

    def listened(key: str, *, version_id: str | None = None) -> bytes:
        read.append(key.partition("/")[0])
        return get(key, version_id=version_id)

    world.locker.get = listened  # type: ignore[method-assign]
    secret = secret or world.fingerprints.secret()
    sealing = Sealing(world.locker, clock=world.clock, retention=Retention(), secret=secret)
    return ReadPlan(locker=world.locker, sealing=sealing), read


def two_days() -> tuple[World, str, str]:
    world = World()
    runs = [world.sweep()(world.day(number)).manifest.run.id for number in (1, 2)]
    return world, runs[0], runs[1]


def test_all_accounts_of_a_run_share_one_reading_and_another_run_takes_its_place() -> None:
    world, first, second = two_days()
    plans, read = reading(world)
    for _ in range(2):
        assert plans.account(first, HOME).account == HOME
        assert plans.account(first, MEMBER).account == MEMBER
        assert plans.context(first).run.id == first
    assert read == ["plan", "context"]
    assert plans.context(second).run.id == second
    assert read == ["plan", "context"] * 2
    assert plans.plan(first).header.run.id == first
    assert read == ["plan", "context", "plan", "context", "plan"]


def test_an_account_the_plan_leaves_out_or_does_not_know_is_not_to_be_scanned() -> None:
    world = World()
    world.states[MEMBER] = AccountState.SUSPENDED
    run_id = world.sweep()(world.day(1)).manifest.run.id
    plans, _ = reading(world)
    for account in (MEMBER, "333333333333"):
        with pytest.raises(ConfigError, match=f"account {account} is not to be scanned in run {run_id}"):
            plans.account(run_id, account)


def test_a_plan_of_somebody_else_steers_nobody() -> None:
    world, first, _ = two_days()
    plans, _ = reading(world, secret=b"x" * 32)
    with pytest.raises(EvidenceUnreadable, match="was not written by this deployment"):
        plans.account(first, HOME)


def test_a_run_that_was_never_begun_has_no_plan() -> None:
    plans, _ = reading(World())
    with pytest.raises(EvidenceMissing, match=r"plan/20261101T060000Z.jsonl is not in memory:"):
        plans.plan("20261101T060000Z")
