"""What AWS's own tools leave in a hundred accounts, judged: a customer is told only what a customer can act on."""

from collections import defaultdict

import pytest

from prooftrail.controls.evaluate import judge
from prooftrail.controls.findings import fold
from prooftrail.controls.parsing import parse
from prooftrail.demo.reference.landing_zone import AUDIT, LandingZone, landing_zone
from prooftrail.flows.finding_list import FindingRow, Group, groups
from prooftrail.model.identity import Identity, Kind
from prooftrail.model.judgement import Assessment, Finding, ResultStatus

ACCOUNTS = 100
BEGINNINGS = (
    "cdk-hnb659fds-",
    "AWSControlTower",
    "aws-controltower-",
    "stacksets-exec-",
    "OrganizationAccountAccessRole",
)
"""Names of roles that a preset registers."""

ACTIONABLE = {
    ("IDC-02", "root"): "tag the account with its owner, or name it in owners.toml",
    ("IDC-02", "role_cross_account"): "register the landing zone's preset, which has an owner",
    ("IDC-02", "role_workload"): "register the landing zone's preset, which has an owner",
    ("IDC-20", "role_cross_account"): "register the landing zone's preset, or restrict the role",
    ("IDC-20", "role_workload"): "register the landing zone's preset, or restrict the role",
    ("IDC-08", "role_sso"): "take the assignment of the permission set away",
    ("IDC-20", "role_sso"): "enter the permission set in the privileged register",
    ("IDC-24", "role_sso"): "take the conflicting actions out of the permission set",
    ("IDC-30", "role_sso"): "shorten the permission set's session",
    ("IDC-30", "permission_set"): "shorten the permission set's session",
}
"""What may fail in a landing zone that is otherwise in order, and what the customer does about it."""


class Judged:
    """All accounts of a landing zone, judged."""

    def __init__(self, zone: LandingZone) -> None:
        self.context, catalog = zone.context, parse(zone.context.catalog)
        self.pairs = [
            (one, judge(one, zone.context, catalog=catalog, snapshot_sha256="0" * 64)) for one in zone.snapshots
        ]

    def failing(self) -> list[tuple[str, Identity | None, str]]:
        """Every failing result: control, identity, reason."""
        return [found for snapshot, assessment in self.pairs for found in _failing(snapshot.identities, assessment)]

    def told(self) -> tuple[Group, ...]:
        """The open findings of all accounts as people are told them."""
        catalog = parse(self.context.catalog)
        folded = ((one, fold(None, one, assessment, self.context, catalog)[0]) for one, assessment in self.pairs)
        return groups(_row(each, one.header.account) for one, found in folded for each in found.findings)

    def by_family(self) -> dict[str, set[str]]:
        """The controls that fail anywhere in each family."""
        found: dict[str, set[str]] = defaultdict(set)
        for control, one, _ in self.failing():
            if one is not None and one.family is not None:
                found[one.family].add(control)
        return found


def _row(one: Finding, account: str) -> FindingRow:
    known = {name: getattr(one, name, None) for name in FindingRow.__struct_fields__}
    return FindingRow(**known | {"account": account, "name": one.name or one.subject, "overdue": False, "stale": False})


def _failing(identities: tuple[Identity, ...], assessment: Assessment) -> list[tuple[str, Identity | None, str]]:
    by_id = {one.id: one for one in identities}
    failed = (one for one in assessment.results if one.status is ResultStatus.FAIL)
    return [(one.control, by_id.get(one.identity or one.subject), one.reason) for one in failed]


@pytest.fixture(scope="module")
def unregistered() -> Judged:
    """As AWS's tools leave it."""
    return Judged(landing_zone(ACCOUNTS))


@pytest.fixture(scope="module")
def registered() -> Judged:
    """With all four presets switched on."""
    return Judged(landing_zone(ACCOUNTS, registered=True))


def test_nothing_fails_that_the_customer_cannot_act_on(unregistered: Judged) -> None:
    failing = {
        (control, one.kind.value if one else "account"): reason for control, one, reason in unregistered.failing()
    }
    assert {key: why for key, why in failing.items() if key not in ACTIONABLE} == {}


def test_what_aws_makes_and_keeps_never_fails(unregistered: Judged) -> None:
    made_by_aws = [
        (control, one.name)
        for control, one, _ in unregistered.failing()
        if one and (one.kind is Kind.ROLE_SERVICE_LINKED or one.name.startswith("AWSSSO_"))
    ]
    assert made_by_aws == []


def test_ordinary_workloads_that_are_well_kept_pass(unregistered: Judged) -> None:
    assert [each for each in unregistered.failing() if each[1] and each[1].name.startswith(("orders", "eks-"))] == []


def test_a_family_gives_at_most_two_findings(unregistered: Judged) -> None:
    assert {family: controls for family, controls in unregistered.by_family().items() if len(controls) > 2} == {}


def test_people_are_told_at_most_two_findings_of_whatever_goes_by_one_label(unregistered: Judged) -> None:
    told: dict[str, list[str]] = defaultdict(list)
    for one in unregistered.told():
        told[one.family.rpartition("#")[0] if one.family else one.label].append(one.control)
    assert sum(map(len, told.values())) > len(BEGINNINGS)
    accounts = {label: controls for label, controls in told.items() if label == "root"}
    assert {label: controls for label, controls in told.items() if len(controls) > 2 and label not in accounts} == {}


def test_the_roles_for_the_audit_account_say_which_account_to_list(unregistered: Judged) -> None:
    said = {
        why
        for _, one, why in unregistered.failing()
        if one and "ExecutionRole" in one.name and "aws-controltower" in one.name
    }
    assert len(said) == 1
    assert f"with {AUDIT} under accounts" in said.pop()


def test_an_unregistered_preset_family_gives_at_most_one(unregistered: Judged) -> None:
    families = unregistered.by_family()
    told = {family: controls for family, controls in families.items() if family.startswith(BEGINNINGS)}
    assert told, "no family of the landing zone failed: nothing was left to register"
    assert {family: controls for family, controls in told.items() if len(controls) > 1} == {}


def test_a_registered_preset_gives_none(registered: Judged) -> None:
    told = {family: controls for family, controls in registered.by_family().items() if family.startswith(BEGINNINGS)}
    assert told == {}


def test_a_member_that_departs_from_its_registered_preset_fails_on_its_own() -> None:
    zone = landing_zone(2, registered=True)
    judged = Judged(landing_zone(2, registered=True, departing=True))
    before = {(control, one.name) for control, one, _ in Judged(zone).failing() if one}
    after = {(control, one.name) for control, one, _ in judged.failing() if one}
    assert {name for _, name in after - before} == {"AWSControlTowerExecution"}
