"""A challenge of a whole simulated organization: nothing is a false alarm, and what happened since is told for what it is."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from prooftrail import wiring
from prooftrail.cli import challenge as cli
from prooftrail.demo.organization import SimulatedOrganization
from prooftrail.flows.challenge import Ask, Challenge
from prooftrail.flows.challenge_items import Outcome
from prooftrail.flows.locker_history import LockerHistory
from prooftrail.model.run import Run
from prooftrail.wiring.challenging import open_challenge
from tests.demo.door import opened

EVERYTHING = 100_000


class Scanned(NamedTuple):
    """An organization that was scanned on its first day, and how."""

    organization: SimulatedOrganization
    options: wiring.Options
    history: LockerHistory

    def challenge(self, **asked: object) -> Challenge:
        """Everything against the organization as it is now."""
        ask = Ask(**{"size": EVERYTHING, "seed": "dice", "assumes": True} | asked)  # type: ignore[arg-type]
        return open_challenge(self.options, self.history, clock=self.organization)(self.history.run(), ask)


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scanned]:
    """Four accounts, their first day sealed; tests move on through the days in order."""
    folder = tmp_path_factory.mktemp("challenged")
    with opened(accounts=4) as organization:
        options = _options(organization, folder)
        wiring.embedded(options, clock=organization).sweep(Run.scheduled(organization.set_day(1), None))
        yield Scanned(organization, options, LockerHistory(wiring.open_locker(options.locker)))


def _options(organization: SimulatedOrganization, folder: Path) -> wiring.Options:
    return wiring.Options(
        locker=str(folder / "evidence"),
        home=folder / "home",
        organization=True,
        role_name=f"prooftrail/{organization.role_name}",
        external_id=organization.external_id,
        endpoint_url=organization.endpoint_url,
        credentials=organization.credentials(),
    )


def test_the_same_day_everything_agrees_and_later_each_change_is_told(
    scanned: Scanned, capsys: pytest.CaptureFixture[str]
) -> None:
    before = scanned.organization.calls()
    same = scanned.challenge()
    assert {one.outcome for one in same.items} == {Outcome.AGREES}
    assert (same.extra, cli.exit_status(same)) == ((), 0)
    asked = {action for (_, action), number in scanned.organization.calls().items() if number > before[_, action]}
    assert not asked & {"secretsmanager:GetSecretValue", "iam:CreateUser", "secretsmanager:BatchGetSecretValue"}

    scanned.organization.set_day(2)
    later = scanned.challenge()
    gone = [one for one in later.items if one.outcome is Outcome.GONE]
    assert [(one.name, one.events) for one in gone] == [("left-over", ("DeleteUser",))]
    assert {one.outcome for one in later.extra} == {Outcome.NEW}
    wrong = {one.name: one.events for one in later.items if one.outcome is Outcome.MISMATCH}
    assert wrong["ledger-reader"] == ("UpdateAssumeRolePolicy",)
    assert cli.exit_status(later) == 1
    dated = [one for one in later.items if one.outcome is Outcome.LATER]
    assert all(each.why.endswith("after the reading") for one in dated for each in one.differences)

    cli.show(later)
    shown = capsys.readouterr().out
    assert "UpdateAssumeRolePolicy" in shown
    assert f"{later.reread} of {len(later.items)} identities" in " ".join(shown.split())

    scanned.organization.faults.deny(scanned.organization.account_id("payments-prod"), "secretsmanager:ListSecrets")
    refused = scanned.challenge(population="secrets", accounts=(scanned.organization.account_id("payments-prod"),))
    assert {one.outcome for one in refused.items} == {Outcome.NOT_REREAD}
    assert {one.allow for one in refused.items} == {("secretsmanager:ListSecrets",)}
    assert cli.exit_status(refused) == 3
    scanned.organization.faults.clear()


def test_without_a_role_only_the_callers_own_account_is_read(scanned: Scanned) -> None:
    found = scanned.challenge(assumes=False)
    assert found.read == (scanned.organization.management_account_id,)
    unread = {one.account for one in found.items if one.outcome is Outcome.NOT_REREAD}
    assert unread == {one.account for one in found.items} - set(found.read)
    assert "could not be read again and count for nothing" in cli.summary(found)
