"""The simulated organization's own policy can be read, says what its story says, and is the same for the same seed."""

import pytest

from prooftrail.governance import Governance, parse
from prooftrail.governance.policy import FILES
from prooftrail.risk.method import model
from tests.demo.door import FIRST_DAY


@pytest.fixture
def policy(organization) -> Governance:
    return parse(organization.governance_files())


def test_all_eight_files_are_there_and_can_be_read(organization, policy):
    assert set(organization.governance_files()) == set(FILES)
    assert policy.absent == ()


def test_it_speaks_of_accounts_and_people_that_are_there(organization, policy):
    known = set(organization.account_ids().values())
    named = [
        one.identity for register in (policy.registers.privileged, policy.registers.break_glass) for one in register
    ]
    named += [one.identity for one in (*policy.registers.legacy, *policy.exceptions.exception)]
    accounts = {arn.split(":")[4] for arn in named} - {"*"}
    assert accounts <= known
    told = {line.subject for line in organization.story()}
    assert {one.identity for one in policy.exceptions.exception} <= told


def test_every_sort_of_entry_the_story_needs_is_there(policy):
    at = FIRST_DAY
    assert [one.name for one in policy.owners.owner if not one.active] == ["Dave Dyer", "Marketing Site"]
    assert [one.holds(at) for one in policy.exceptions.exception] == [True, False, True]
    assert len(policy.registers.break_glass) == 2
    assert [len(one.drills) for one in policy.registers.break_glass] == [2, 0]
    assert {one.name for one in policy.registers.preset if not one.enabled} == {"cdk-bootstrap"}
    assert sum(not one.holds(at) for one in policy.registers.privileged) == 1
    assert policy.suppliers.supplier[0].holds(at)


def test_the_approved_risk_method_is_the_one_that_scores(policy):
    assert policy.thresholds.risk_method is not None
    assert policy.thresholds.risk_method.version == model().version


def test_every_approver_is_someone_else_than_the_requester(policy):
    assert all(one.approver != one.requester for one in policy.exceptions.exception)


def test_everybody_is_told_of_every_tier_from_the_first_day_on_and_can_be_written_to(policy):
    assert policy.notices.open_tiers(FIRST_DAY) == ("critical", "high", "medium", "low")
    assert policy.owner_of(policy.notices.security_team).mail_to == "soc@acme.example"
    assert policy.notices.tag_domains == ("acme.example",)
    assert [one.name for one in policy.notices.jurisdiction] == ["Works agreement"]
    assert all(one.mail_to and one.mail_to.endswith("@acme.example") for one in policy.owners.owner)
