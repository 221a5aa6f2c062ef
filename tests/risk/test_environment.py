"""Where an account stands: what AWS tells, what governance says, what a tag says, and what was not read."""

from collections.abc import Iterable

import pytest

from prooftrail.governance import Governance
from prooftrail.governance.thresholds import EnvironmentEntry, Environments, Thresholds
from prooftrail.model.judgement import Environment
from prooftrail.model.organization import Account, OrganizationFacts
from prooftrail.model.reading import CellStatus
from prooftrail.risk.environment import environment_of, placed
from tests.builders import ACCOUNT, MANAGEMENT, tagged
from tests.builders.judging import an_account
from tests.builders.judging_risk import ROOT_OU, TEAM, UNIT, organization

SANDBOX, NONPROD, PROD, SECURITY = Environment
PATH = (ROOT_OU, UNIT, TEAM)


def says(*entries: EnvironmentEntry, **more: object) -> Governance:
    made = Environments(assign=entries, **more)  # type: ignore[arg-type]  # a test's own words
    return Governance(thresholds=Thresholds(environments=made))


def entry(environment: Environment, **where: object) -> EnvironmentEntry:
    return EnvironmentEntry(environment=environment.value, **where)  # type: ignore[arg-type]  # a test's own words


def at(*entries: EnvironmentEntry, tags: dict[str, str] | None = None, ous: Iterable[str] = PATH) -> Environment:
    account = an_account(ou_ids=tuple(ous), tags=tagged(tags or {}))
    found, _, certain = environment_of(account, organization(says(*entries)))
    assert certain
    return found


def test_what_nobody_classified_is_judged_as_production() -> None:
    found = environment_of(an_account(), organization())
    assert found == (PROD, "no entry, unit or tag says what it is, so the default counts", True)


def test_the_management_account_takes_the_management_modifier_whatever_governance_says() -> None:
    account = an_account(MANAGEMENT, management=True, tags=tagged({"env": "sandbox"}))
    found, why, certain = environment_of(account, organization(says(entry(SANDBOX, account=MANAGEMENT))))
    assert (found, certain) == (SECURITY, True)
    assert "management account" in why


def test_a_delegated_administrator_takes_it_too_and_says_of_what() -> None:
    found, why, certain = environment_of(an_account(), organization(delegated=[ACCOUNT]))
    assert (found, why, certain) == (SECURITY, "it administers guardduty for the organization", True)


def test_the_accounts_own_entry_comes_before_its_unit_and_the_nearest_unit_before_those_above() -> None:
    own, near, far = entry(SANDBOX, account=ACCOUNT), entry(NONPROD, ou=TEAM), entry(SECURITY, ou=UNIT)
    assert at(far, near, own, tags={"env": "prod"}) is SANDBOX
    assert at(far, near, tags={"env": "prod"}) is NONPROD
    assert at(far, tags={"env": "sandbox"}) is SECURITY
    assert at(entry(NONPROD, account="999999999999"), entry(NONPROD, ou="ou-ab12-99999999")) is PROD


@pytest.mark.parametrize(
    ("tags", "environment"),
    [
        ({"environment": "production"}, PROD),
        ({"Env": " Staging "}, NONPROD),
        ({"stage": "qa"}, NONPROD),
        ({"env": "playground"}, SANDBOX),
        ({"env": "log-archive"}, SECURITY),
        ({"env": "prod", "environment": "dev"}, NONPROD),
        ({"environment": "blue", "env": "dev"}, NONPROD),
        ({"env": "blue"}, PROD),
        ({"colour": "dev"}, PROD),
    ],
)
def test_a_tag_tells_by_the_first_key_whose_value_means_something(
    tags: dict[str, str], environment: Environment
) -> None:
    assert at(tags=tags) is environment


def test_the_organizations_own_values_come_before_the_built_in_ones() -> None:
    own = entry(SANDBOX, values=("dev", "lab"))
    assert at(own, tags={"env": "DEV"}) is SANDBOX
    assert at(own, tags={"env": "lab"}) is SANDBOX
    assert at(own, tags={"env": "test"}) is NONPROD


def test_tags_that_were_not_read_could_say_anything() -> None:
    place = placed(an_account(ou_ids=PATH, tags=None), organization())
    assert (place.environment, place.lowest, place.certain) == (SECURITY, SANDBOX, False)
    assert place.doubts == ("its tags were not read",)


def test_unread_tags_are_no_doubt_where_an_entry_decides() -> None:
    account = an_account(ou_ids=PATH, tags=None)
    assert environment_of(account, organization(says(entry(NONPROD, account=ACCOUNT))))[::2] == (NONPROD, True)


def test_an_unread_unit_is_a_doubt_only_between_what_units_could_say() -> None:
    account = an_account(ou_ids=(), tags=tagged({"env": "prod"}))
    place = placed(account, organization(says(entry(NONPROD, ou=UNIT))))
    assert (place.environment, place.lowest) == (PROD, NONPROD)
    assert placed(account, organization()).certain


def test_unread_administrators_leave_every_account_in_doubt() -> None:
    account = an_account(tags=tagged({"env": "dev"}))
    place = placed(account, organization(administrators=CellStatus.DENIED))
    assert (place.environment, place.lowest) == (SECURITY, NONPROD)
    assert "delegated administrators were not read" in place.why


def test_which_services_an_administrator_administers_hides_no_administrator() -> None:
    services = organization(administrators=CellStatus.PARTIAL, gaps=["organizations:ListDelegatedServicesForAccount"])
    assert placed(an_account(), services).certain
    listing = organization(administrators=CellStatus.PARTIAL, gaps=["organizations:ListDelegatedAdministrators"])
    assert not placed(an_account(), listing).certain


def test_an_account_without_an_organization_has_nothing_above_it_to_be_read() -> None:
    alone = organization(organization=OrganizationFacts())
    place = placed(Account(id=ACCOUNT), alone)
    assert (place.environment, place.certain, place.sensitive) == (PROD, True, False)


def test_a_sensitive_unit_counts_for_everything_below_it() -> None:
    context = organization(says(sensitive_ous=(UNIT,)))
    assert placed(an_account(ou_ids=PATH), context).sensitive is True
    assert placed(an_account(ou_ids=(ROOT_OU,)), context).sensitive is False
    assert placed(an_account(ou_ids=()), context).sensitive is None
