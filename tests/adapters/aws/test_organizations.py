"""Which accounts there are, where they sit and what binds them; and what each refusal leaves unknown."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from prooftrail.adapters.aws.organizations import AwsOrganizationSource
from prooftrail.adapters.aws.sessions import Caller, Sessions
from prooftrail.evidence.redaction import PSEUDONYM, Redactor
from prooftrail.model.account import OrganizationReadings
from prooftrail.model.organization import (
    AccountState,
    DelegatedAdministrator,
    OrganizationFacts,
    OrganizationPolicy,
    PolicyTarget,
    Tag,
)
from prooftrail.model.reading import GapReason
from prooftrail.model.run import Run
from prooftrail.ports import Clock
from tests.adapters.aws.loopback import (
    ACCOUNT,
    DENIED,
    HOME,
    NOW,
    THROTTLED,
    Aws,
    Kept,
    Refusal,
    Standing,
    days_ago,
    listening,
    unpaced,
)

ORG, ROOT, SECURITY, WORKLOADS, PROD = (
    "o-abcdefghij",
    "r-ab12",
    "ou-ab12-sec00000",
    "ou-ab12-work0000",
    "ou-ab12-prod0000",
)
OTHER, THIRD = "222233334444", "333344445555"
NOT_IN_USE = Refusal("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
SCP, RCP = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"


@pytest.fixture
def aws() -> Iterator[Aws]:
    with listening() as it:
        yield it


class Standpoint:
    """The part of Sessions that is needed here: who we are, and clients that try once."""

    region = HOME

    def __init__(self, aws: Aws) -> None:
        self._aws = aws

    def caller(self) -> Caller:
        return Caller(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/scanner")

    def direct(self) -> Any:
        return self._aws.client


def read(
    aws: Aws,
    *,
    organization: bool = True,
    kept: Kept | None = None,
    clock: Clock | None = None,
    tags_within: timedelta | None = None,
) -> OrganizationReadings:
    source = AwsOrganizationSource(
        cast("Sessions", Standpoint(aws)),
        clock=clock or Standing(),
        governors=unpaced(),
        organization=organization,
        tags_within=tags_within,
    )
    redactor = Redactor(b"k" * 32, ("owner",))
    return source.read(run=Run.manual(NOW, None), raw=Kept() if kept is None else kept, redactor=redactor)


def account(number: str, *steps: str, **more: Any) -> dict[str, Any]:
    shown = {
        "Id": number,
        "Arn": f"arn:aws:organizations::{ACCOUNT}:account/{ORG}/{number}",
        "Name": f"account {number[:1]}",
        "Email": f"aws+{number}@example.com",
        "State": "ACTIVE",
        "JoinedMethod": "CREATED",
        "JoinedTimestamp": days_ago(700),
        "Paths": ["/".join((ORG, *steps, number)) + "/"],
    }
    return {key: value for key, value in (shown | more).items() if value is not None}


UNITS = {
    ROOT: [{"Id": WORKLOADS, "Name": "Workloads"}, {"Id": SECURITY, "Name": "Security"}],
    WORKLOADS: [{"Id": PROD, "Name": "Prod"}],
}


def seeded(aws: Aws, *accounts: dict[str, Any], types: tuple[str, ...] = (SCP, RCP)) -> None:
    """Three accounts: the management account under the root, one under Security, one two levels down."""
    rows = accounts or (account(ACCOUNT, ROOT), account(OTHER, ROOT, SECURITY), account(THIRD, ROOT, WORKLOADS, PROD))
    facts = {"Id": ORG, "MasterAccountId": ACCOUNT, "FeatureSet": "ALL", "MasterAccountEmail": "root@example.com"}
    aws.answer("organizations:DescribeOrganization", {"Organization": facts})
    aws.pages("organizations:ListAccounts", "Accounts", list(rows[:1]), list(rows[1:]))
    kinds = [{"Type": kind, "Status": "ENABLED"} for kind in types]
    aws.pages("organizations:ListRoots", "Roots", [{"Id": ROOT, "Name": "Root", "PolicyTypes": kinds}])
    aws.answer(
        "organizations:ListOrganizationalUnitsForParent",
        lambda asked: {"OrganizationalUnits": UNITS.get(asked["ParentId"], [])},
    )
    aws.answer("organizations:ListTagsForResource", {"Tags": [{"Key": "stage", "Value": "prod"}]})
    aws.pages("organizations:ListDelegatedAdministrators", "DelegatedAdministrators", [])
    aws.answer("organizations:ListPolicies", {"Policies": []})


def policy(number: str, kind: str = SCP, *, aws_managed: bool = False) -> dict[str, Any]:
    arn = f"arn:aws:organizations::{ACCOUNT}:policy/{ORG}/{kind.lower()}/{number}"
    return {"Id": number, "Arn": arn, "Name": f"policy {number}", "Type": kind, "AwsManaged": aws_managed}


def with_policies(aws: Aws, *rows: dict[str, Any]) -> None:
    aws.answer(
        "organizations:ListPolicies",
        lambda asked: {"Policies": [row for row in rows if row["Type"] == asked["Filter"]]},
    )
    aws.answer("organizations:DescribePolicy", lambda asked: {"Policy": {"Content": f'{{"of":"{asked["PolicyId"]}"}}'}})
    target = {"TargetId": ROOT, "Name": "Root", "Type": "ROOT"}
    aws.pages(
        "organizations:ListTargetsForPolicy", "Targets", [target], [target | {"TargetId": OTHER, "Type": "ACCOUNT"}]
    )


def gaps(reading: Any) -> list[tuple[str, GapReason]]:
    return [(gap.api.removeprefix("organizations:"), gap.reason) for gap in reading.gaps]


# Accounts


def test_every_account_is_read_with_its_place_tags_and_state_over_all_pages(aws: Aws) -> None:
    seeded(aws)
    readings = read(aws)
    assert readings.facts == OrganizationFacts(id=ORG, management_account=ACCOUNT, feature_set="ALL")
    assert readings.accounts.complete
    assert [(one.id, one.ou_path, one.ou_ids) for one in readings.accounts.items] == [
        (ACCOUNT, "Root", (ROOT,)),
        (OTHER, "Root/Security", (ROOT, SECURITY)),
        (THIRD, "Root/Workloads/Prod", (ROOT, WORKLOADS, PROD)),
    ]
    third = readings.accounts.items[2]
    assert (third.name, third.state, third.joined_method) == ("account 3", AccountState.ACTIVE, "CREATED")
    assert third.joined_at == days_ago(700)
    assert third.tags == (Tag(key="stage", value="prod"),)
    assert [one.management for one in readings.accounts.items] == [True, False, False]


def test_the_calls_are_few_because_accounts_tell_their_own_paths(aws: Aws) -> None:
    seeded(aws)
    readings = read(aws)
    assert {action.removeprefix("organizations:"): count for action, count in aws.counts().items()} == {
        "iam:ListPolicies": 1,
        "DescribeOrganization": 1,
        "ListAccounts": 2,
        "ListRoots": 1,
        "ListOrganizationalUnitsForParent": 2,
        "ListTagsForResource": 3,
        "ListDelegatedAdministrators": 1,
        "ListPolicies": 2,
    }
    assert readings.calls == len(aws.asked)


def test_an_organizations_that_sends_no_paths_is_walked_from_the_root(aws: Aws) -> None:
    places = {ROOT: [ACCOUNT], SECURITY: [OTHER], PROD: [THIRD]}
    seeded(aws, *(account(one, Paths=None) for one in (ACCOUNT, OTHER, THIRD)))
    aws.answer(
        "organizations:ListAccountsForParent",
        lambda asked: {"Accounts": [{"Id": one} for one in places.get(asked["ParentId"], [])]},
    )
    readings = read(aws)
    assert readings.accounts.complete
    assert [one.ou_path for one in readings.accounts.items] == ["Root", "Root/Security", "Root/Workloads/Prod"]
    assert readings.accounts.items[2].ou_ids == (ROOT, WORKLOADS, PROD)
    assert aws.count("organizations:ListAccountsForParent") == 4


@pytest.mark.parametrize(
    ("shown", "state"),
    [
        ({"State": "SUSPENDED", "Status": "ACTIVE"}, AccountState.SUSPENDED),
        ({"State": None, "Status": "SUSPENDED"}, AccountState.SUSPENDED),
        ({"State": "PENDING_CLOSURE"}, AccountState.PENDING_CLOSURE),
        ({"State": "CLOSED"}, AccountState.CLOSED),
        ({"State": "PENDING_ACTIVATION"}, AccountState.PENDING_ACTIVATION),
        ({"State": None}, AccountState.UNKNOWN),
        ({"State": "A_WORD_OF_NEXT_YEAR"}, AccountState.UNKNOWN),
    ],
)
def test_an_account_in_any_state_stays_in_the_list(aws: Aws, shown: dict[str, Any], state: AccountState) -> None:
    seeded(aws, account(ACCOUNT, ROOT), account(OTHER, ROOT, **shown))
    assert [one.state for one in read(aws).accounts.items] == [AccountState.ACTIVE, state]


def test_an_accounts_address_stands_nowhere_in_readings_or_raw_bodies(aws: Aws) -> None:
    odd = "root user at localhost"
    seeded(aws, account(ACCOUNT, ROOT, Email=odd), account(OTHER, ROOT))
    kept = Kept()
    readings = read(aws, kept=kept)
    for one in readings.accounts.items:
        assert one.email is not None
        assert PSEUDONYM.fullmatch(one.email)
    assert "@example.com" not in repr(readings)
    assert "@example.com" not in json.dumps([one.body for one in kept])


def test_a_place_with_a_name_that_was_not_read_is_known_by_its_ids_alone(aws: Aws) -> None:
    seeded(aws)
    aws.answer("organizations:ListRoots", DENIED)
    readings = read(aws)
    assert [one.ou_path for one in readings.accounts.items] == [None, None, None]
    assert readings.accounts.items[2].ou_ids == (ROOT, WORKLOADS, PROD)
    assert gaps(readings.accounts) == [("ListRoots", GapReason.DENIED)]


def test_unit_names_that_may_not_be_read_are_a_gap_and_the_rest_is_there(aws: Aws) -> None:
    seeded(aws)
    aws.answer("organizations:ListOrganizationalUnitsForParent", DENIED)
    readings = read(aws)
    assert [one.ou_path for one in readings.accounts.items] == ["Root", None, None]
    assert set(gaps(readings.accounts)) == {("ListOrganizationalUnitsForParent", GapReason.DENIED)}


def test_tags_that_may_not_be_read_are_one_gap_and_not_one_for_each_account(aws: Aws) -> None:
    seeded(aws)
    aws.answer("organizations:ListTagsForResource", DENIED)
    readings = read(aws)
    assert {one.tags for one in readings.accounts.items} == {None}
    assert gaps(readings.accounts) == [("ListTagsForResource", GapReason.DENIED)]
    assert aws.count("organizations:ListTagsForResource") == 1


def test_one_accounts_tags_refused_leave_the_others_known(aws: Aws) -> None:
    seeded(aws)
    aws.answer(
        "organizations:ListTagsForResource",
        lambda asked: THROTTLED if asked["ResourceId"] == OTHER else {"Tags": []},
    )
    readings = read(aws)
    assert [one.tags for one in readings.accounts.items] == [(), None, ()]
    assert gaps(readings.accounts) == [("ListTagsForResource", GapReason.THROTTLED)]


@dataclass
class Stopped:
    """A clock that moves when it is told to."""

    at: datetime = NOW

    def now(self) -> datetime:
        return self.at

    def on(self, by: timedelta) -> dict[str, Any]:
        self.at += by
        return {"Tags": []}


@pytest.mark.parametrize(
    ("within", "took", "tags", "asked"),
    [
        (60, 59, [(), (), ()], 3),
        (60, 60, [(), None, None], 1),
        (60, 61, [(), None, None], 1),
        (None, 10_000, [(), (), ()], 3),
    ],
)
def test_tags_are_asked_for_as_long_as_there_is_time_and_one_gap_counts_the_others(
    aws: Aws, within: int | None, took: int, tags: list[Any], asked: int
) -> None:
    """The first answer takes `took` seconds, the others none."""
    seeded(aws)
    clock = Stopped()
    aws.answer(
        "organizations:ListTagsForResource",
        lambda said: clock.on(timedelta(seconds=took if said["ResourceId"] == ACCOUNT else 0)),
    )
    limit = None if within is None else timedelta(seconds=within)
    readings = read(aws, clock=clock, tags_within=limit)
    assert [one.tags for one in readings.accounts.items] == tags
    assert aws.count("organizations:ListTagsForResource") == asked
    details = [gap.detail for gap in readings.accounts.gaps]
    late = "the tags of 2 accounts were not asked for: the time for it (0:01:00 h) was over"
    assert details == ([late] if asked == 1 else [])
    assert gaps(readings.accounts) == [("ListTagsForResource", GapReason.TRUNCATED)] * len(details)


def test_an_account_that_left_while_we_read_has_no_tags_and_is_no_gap(aws: Aws) -> None:
    seeded(aws)
    gone = Refusal("TargetNotFoundException")
    aws.answer(
        "organizations:ListTagsForResource", lambda asked: gone if asked["ResourceId"] == OTHER else {"Tags": []}
    )
    readings = read(aws)
    assert [one.tags for one in readings.accounts.items] == [(), None, ()]
    assert readings.accounts.complete


@pytest.mark.parametrize(("refusal", "reason"), [(DENIED, GapReason.DENIED), (THROTTLED, GapReason.THROTTLED)])
def test_a_refused_account_list_leaves_the_callers_own_account_beside_the_gap(
    aws: Aws, refusal: Refusal, reason: GapReason
) -> None:
    seeded(aws)
    aws.answer("organizations:ListAccounts", refusal)
    readings = read(aws)
    assert [(one.id, one.management) for one in readings.accounts.items] == [(ACCOUNT, True)]
    assert gaps(readings.accounts) == [("ListAccounts", reason)]
    assert readings.facts.id == ORG


def test_an_account_list_that_breaks_off_keeps_what_came_and_the_gap(aws: Aws) -> None:
    seeded(aws)
    aws.pages("organizations:ListAccounts", "Accounts", [account(OTHER, ROOT)], THROTTLED)
    readings = read(aws)
    assert [one.id for one in readings.accounts.items] == [OTHER, ACCOUNT]
    assert gaps(readings.accounts) == [("ListAccounts", GapReason.THROTTLED)]


def test_an_account_list_that_never_ends_is_truncated(aws: Aws) -> None:
    seeded(aws)
    aws.endless("organizations:ListAccounts", "Accounts", [account(ACCOUNT, ROOT)])
    readings = read(aws)
    assert gaps(readings.accounts) == [("ListAccounts", GapReason.TRUNCATED)]
    assert [one.id for one in readings.accounts.items] == [ACCOUNT]


def test_an_empty_page_before_the_last_one_ends_nothing(aws: Aws) -> None:
    seeded(aws)
    aws.pages("organizations:ListAccounts", "Accounts", [], [account(ACCOUNT, ROOT)], [account(OTHER, ROOT)])
    assert [one.id for one in read(aws).accounts.items] == [ACCOUNT, OTHER]


def test_an_organization_that_may_not_be_described_is_read_all_the_same(aws: Aws) -> None:
    seeded(aws)
    aws.answer("organizations:DescribeOrganization", DENIED)
    readings = read(aws)
    assert readings.facts == OrganizationFacts()
    assert len(readings.accounts.items) == 3
    assert gaps(readings.accounts) == [("DescribeOrganization", GapReason.DENIED)]


# No organization


def test_a_single_account_is_read_without_asking_about_an_organization(aws: Aws) -> None:
    readings = read(aws, organization=False)
    assert [one.id for one in readings.accounts.items] == [ACCOUNT]
    assert readings.facts == OrganizationFacts()
    assert readings.accounts.complete
    assert readings.delegated_administrators.complete
    assert readings.policies.complete
    assert aws.counts() == {"iam:ListPolicies": 1}


def test_a_caller_outside_any_organization_is_an_answer_and_no_gap(aws: Aws) -> None:
    aws.answer("organizations:DescribeOrganization", NOT_IN_USE)
    readings = read(aws)
    assert [one.id for one in readings.accounts.items] == [ACCOUNT]
    assert readings.facts == OrganizationFacts()
    assert readings.accounts.complete
    assert [source.api for source in readings.accounts.sources] == ["organizations:DescribeOrganization"]
    assert aws.counts() == {"iam:ListPolicies": 1, "organizations:DescribeOrganization": 1}


def test_what_aws_manages_is_read_with_the_callers_credentials_and_counted(aws: Aws) -> None:
    aws.answer("iam:ListPolicies", {"Policies": [{"Arn": "arn:aws:iam::aws:policy/A", "DefaultVersionId": "v2"}]})
    aws.answer("iam:GetPolicyVersion", {"PolicyVersion": {"VersionId": "v2", "Document": "%7B%7D"}})
    readings = read(aws, organization=False)
    assert readings.aws_policies is not None
    assert [(one.arn, one.version, one.text) for one in readings.aws_policies.items] == [
        ("arn:aws:iam::aws:policy/A", "v2", "{}")
    ]
    assert readings.calls == 2


def test_a_member_account_that_may_ask_little_has_a_gap_in_each_reading(aws: Aws) -> None:
    seeded(aws)
    for operation in ("ListAccounts", "ListRoots", "ListDelegatedAdministrators", "ListPolicies"):
        aws.answer(f"organizations:{operation}", DENIED)
    readings = read(aws)
    assert gaps(readings.accounts) == [("ListAccounts", GapReason.DENIED)]
    assert gaps(readings.delegated_administrators) == [("ListDelegatedAdministrators", GapReason.DENIED)]
    assert gaps(readings.policies) == [("ListPolicies", GapReason.DENIED)] * 2


# Delegated administrators


def test_delegated_administrators_are_read_with_their_services(aws: Aws) -> None:
    seeded(aws)
    row = {"Id": OTHER, "DelegationEnabledDate": days_ago(90)}
    aws.pages("organizations:ListDelegatedAdministrators", "DelegatedAdministrators", [row])
    names = [{"ServicePrincipal": "sso.amazonaws.com"}], [{"ServicePrincipal": "iam.amazonaws.com"}]
    aws.pages("organizations:ListDelegatedServicesForAccount", "DelegatedServices", *names)
    reading = read(aws).delegated_administrators
    assert reading.complete
    assert reading.items == (
        DelegatedAdministrator(
            account=OTHER, services=("iam.amazonaws.com", "sso.amazonaws.com"), enabled_at=days_ago(90)
        ),
    )


def test_an_administrator_whose_services_may_not_be_read_is_listed_without_them(aws: Aws) -> None:
    seeded(aws)
    aws.pages("organizations:ListDelegatedAdministrators", "DelegatedAdministrators", [{"Id": OTHER}])
    aws.answer("organizations:ListDelegatedServicesForAccount", DENIED)
    reading = read(aws).delegated_administrators
    assert reading.items == (DelegatedAdministrator(account=OTHER, services=None),)
    assert [(gap.api, gap.subject) for gap in reading.gaps] == [
        ("organizations:ListDelegatedServicesForAccount", OTHER)
    ]


def test_an_administrator_retired_while_we_read_is_left_out(aws: Aws) -> None:
    seeded(aws)
    aws.pages("organizations:ListDelegatedAdministrators", "DelegatedAdministrators", [{"Id": OTHER}])
    aws.answer("organizations:ListDelegatedServicesForAccount", Refusal("AccountNotRegisteredException"))
    reading = read(aws).delegated_administrators
    assert reading.items == ()
    assert reading.complete


# Policies


def test_policies_of_both_kinds_are_read_with_what_they_say_and_whom_they_bind(aws: Aws) -> None:
    seeded(aws)
    with_policies(aws, policy("p-1", aws_managed=True), policy("p-2", RCP))
    reading = read(aws).policies
    assert reading.complete
    assert reading.items == tuple(
        OrganizationPolicy(
            id=number,
            arn=f"arn:aws:organizations::{ACCOUNT}:policy/{ORG}/{kind.lower()}/{number}",
            name=f"policy {number}",
            type=kind,
            aws_managed=managed,
            document=f'{{"of":"{number}"}}',
            targets=(
                PolicyTarget(id=OTHER, type="ACCOUNT", name="Root"),
                PolicyTarget(id=ROOT, type="ROOT", name="Root"),
            ),
        )
        for number, kind, managed in (("p-1", SCP, True), ("p-2", RCP, False))
    )


@pytest.mark.parametrize(
    "code", ["InvalidInputException", "PolicyTypeNotEnabledException", "UnsupportedAPIEndpointException"]
)
def test_a_policy_type_that_is_not_in_force_is_an_answer(aws: Aws, code: str) -> None:
    seeded(aws, types=(SCP,))
    refused = Refusal(code)
    aws.answer("organizations:ListPolicies", lambda asked: refused if asked["Filter"] == RCP else {"Policies": []})
    assert read(aws).policies.complete


def test_the_same_refusal_for_a_type_in_force_is_a_gap(aws: Aws) -> None:
    seeded(aws)
    aws.answer("organizations:ListPolicies", Refusal("InvalidInputException"))
    assert gaps(read(aws).policies) == [("ListPolicies", GapReason.ERROR)] * 2


def test_a_policy_that_may_not_be_described_is_listed_without_its_document(aws: Aws) -> None:
    seeded(aws)
    with_policies(aws, policy("p-1"))
    aws.answer("organizations:DescribePolicy", DENIED)
    reading = read(aws).policies
    assert [(one.document, len(one.targets or ())) for one in reading.items] == [(None, 2)]
    assert [(gap.api, gap.subject) for gap in reading.gaps] == [("organizations:DescribePolicy", "p-1")]


def test_targets_that_are_not_read_to_the_end_are_unknown_and_not_few(aws: Aws) -> None:
    seeded(aws)
    with_policies(aws, policy("p-1"))
    aws.pages("organizations:ListTargetsForPolicy", "Targets", [{"TargetId": ROOT, "Type": "ROOT"}], THROTTLED)
    reading = read(aws).policies
    assert [one.targets for one in reading.items] == [None]
    assert gaps(reading) == [("ListTargetsForPolicy", GapReason.THROTTLED)]


def test_a_policy_deleted_while_we_read_is_left_out(aws: Aws) -> None:
    seeded(aws)
    with_policies(aws, policy("p-1"), policy("p-2"))
    content = {"Policy": {"Content": "{}"}}
    gone = Refusal("PolicyNotFoundException")
    aws.answer("organizations:DescribePolicy", lambda asked: gone if asked["PolicyId"] == "p-1" else content)
    reading = read(aws).policies
    assert [one.id for one in reading.items] == ["p-2"]
    assert reading.complete
