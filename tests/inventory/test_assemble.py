"""One account's readings as a snapshot: whole, in one order, nothing twice, nothing that cannot be sealed."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from prooftrail.governance import Governance
from prooftrail.inventory.assemble import assemble
from prooftrail.inventory.context import OrgContext
from prooftrail.model import canonical
from prooftrail.model.account import AccountReadings, OrganizationReadings, OutboundFederation
from prooftrail.model.iam import Group, PasswordPolicy
from prooftrail.model.identity import HOME
from prooftrail.model.organization import Account, OrganizationFacts
from prooftrail.model.reading import Gap, Reading
from prooftrail.model.snapshot import AlternateContact, Line, Sighting, Snapshot
from tests.builders import (
    ACCOUNT,
    MANAGEMENT,
    MEMBER,
    ORGANIZATION,
    OTHER_REGION,
    REGION,
    a_certificate,
    a_gap,
    a_key,
    a_reading,
    a_report,
    a_role,
    a_row,
    a_run,
    a_secret,
    a_service_credential,
    a_slot,
    a_snapshot,
    a_summary,
    a_user,
    document,
    readings,
    refused,
    replaced,
    the,
)

SOC = AlternateContact(type="SECURITY", name="person-1", email="person-2", read_in="20260101T060000Z")
DESK = AlternateContact(type="OPERATIONS", name=None, email="person-3", read_in="20260101T060000Z")


def everything() -> AccountReadings:
    """An account with one of most things."""
    ada, bob = a_user(tags={"owner": "team-a"}), a_user("bob")
    key = a_key(ada)
    return readings(
        ada,
        bob,
        key,
        a_service_credential(bob),
        a_role(),
        a_role("deploy"),
        a_secret(),
        a_secret("api", region=OTHER_REGION),
        a_certificate(),
        documents=[document({"Statement": []}), document({"Statement": [1]})],
        report=a_report(a_row(ada, keys=[a_slot(1, key=key)]), a_row(bob)),
    )


def assembled(of: AccountReadings) -> Snapshot:
    account = Account(id=ACCOUNT, tags=())
    return assemble(of, account=account, run=a_run(), context=ORGANIZATION, governance=Governance())


@given(some.randoms(use_true_random=False))
def test_the_order_in_which_things_were_read_does_not_matter(random: object) -> None:
    def shuffled[T](items: tuple[T, ...]) -> tuple[T, ...]:
        listed = list(items)
        random.shuffle(listed)  # type: ignore[attr-defined]
        return tuple(listed)

    of = everything()
    names = (
        "principals",
        "access_keys",
        "service_credentials",
        "role_settings",
        "server_certificates",
        "summary_after",
    )
    mixed = {name: replaced(getattr(of, name), items=shuffled(getattr(of, name).items)) for name in names}
    other = replaced(of, documents=shuffled(of.documents), secrets=shuffled(of.secrets), **mixed)
    assert canonical.encode(assembled(other)) == canonical.encode(assembled(of))


def test_what_was_listed_twice_stands_once() -> None:
    of = everything()
    twice = replaced(of, principals=replaced(of.principals, items=of.principals.items * 2), documents=of.documents * 2)
    assert assembled(twice).identities == assembled(of).identities
    assert assembled(twice).documents == assembled(of).documents


def test_of_two_readings_of_one_thing_always_the_same_one_stays() -> None:
    one, other = a_role(tags={"a": "1"}), a_role(tags={"a": "2"})
    assert a_snapshot(one, other).identities == a_snapshot(other, one).identities


def test_every_collection_is_sorted() -> None:
    found = assembled(everything())
    assert [one.id for one in found.identities] == sorted(one.id for one in found.identities)
    assert [one.sha256 for one in found.documents] == sorted(one.sha256 for one in found.documents)
    assert [(one.collector, one.region) for one in found.cells] == sorted((o.collector, o.region) for o in found.cells)
    assert [one.what for one in found.reconciliations] == sorted(one.what for one in found.reconciliations)


def test_every_line_of_a_snapshot_reads_back_as_itself() -> None:
    for line in assembled(everything()).lines():
        assert canonical.decode(canonical.encode(line), Line) == line  # type: ignore[arg-type]


def test_every_identity_stands_in_the_cell_that_lists_it() -> None:
    found = assembled(everything())
    places = {(one.collector, one.region) for one in found.cells}
    assert all((one.collector, one.region) in places for one in found.identities)
    assert all(one.collector is HOME[type(one.facts)] for one in found.identities)


def test_an_account_of_which_nothing_could_be_read_still_has_its_root() -> None:
    nothing: dict[str, Any] = {
        name: refused()
        for name in (
            *(
                "regions",
                "summary_before",
                "summary_after",
                "principals",
                "role_settings",
                "report",
                "access_keys",
                "mfa",
            ),
            *("service_credentials", "password_policy", "saml_providers", "oidc_providers", "server_certificates"),
            *("outbound_federation", "aws_policies", "contacts"),
        )
    }
    snapshot = a_snapshot(secrets=((REGION, refused()),), contacts_read_in=None, **nothing)
    assert [one.name for one in snapshot.identities] == ["root"]
    assert {one.status for one in snapshot.cells} == {"denied"}
    assert snapshot.account.summary is None
    assert snapshot.account.regions_enabled is None
    assert snapshot.account.password_policy is None
    assert snapshot.account.outbound_federation is None
    assert snapshot.account.report_generated_at is None
    assert (snapshot.account.contacts, snapshot.account.contacts_read_in) == (None, None)


def test_the_account_as_a_whole_is_told() -> None:
    facts = a_snapshot(
        summary_before=a_summary(Users=1),
        summary_after=a_summary(Users=2, Groups=0),
        password_policy=a_reading(PasswordPolicy(set=True, minimum_length=14)),
        outbound_federation=a_reading(OutboundFederation(enabled=True, issuer="https://issuer")),
        features=a_reading("RootSessions", "RootCredentialsManagement"),
        regions=a_reading(OTHER_REGION, REGION),
    ).account
    assert facts.summary == (("Groups", 0), ("Users", 2))
    assert facts.password_policy == PasswordPolicy(set=True, minimum_length=14)
    assert (facts.outbound_federation, facts.outbound_issuer) == (True, "https://issuer")
    assert facts.organization_features == ("RootCredentialsManagement", "RootSessions")
    assert facts.regions_enabled == (REGION, OTHER_REGION)


@pytest.mark.parametrize(
    ("shown", "gaps", "told"),
    [
        ((SOC, DESK), (), (DESK, SOC)),
        ((), (), ()),  # there is none, and AWS said so
        ((), (a_gap(),), None),
        ((SOC,), (a_gap(),), (SOC,)),
    ],
)
def test_no_contact_is_a_fact_only_where_all_were_read(
    shown: tuple[AlternateContact, ...], gaps: tuple[Gap, ...], told: tuple[AlternateContact, ...] | None
) -> None:
    read_in = None if gaps else "20260101T060000Z"
    contacts: Reading[AlternateContact] = a_reading(*shown, gaps=gaps)
    facts = a_snapshot(contacts=contacts, contacts_read_in=read_in).account
    assert (facts.contacts, facts.contacts_read_in) == (told, read_in)


def test_features_that_were_not_read_to_the_end_are_not_told() -> None:
    features = a_reading("RootSessions", gaps=[a_gap()])
    assert a_snapshot(features=features).account.organization_features is None


def test_something_created_after_the_tick_is_listed_all_the_same() -> None:
    assert the(a_snapshot(a_role(age=-timedelta(minutes=5))), "worker")


def test_what_surrounds_the_identities_is_kept() -> None:
    group = Group(id="AGPA1", arn=f"arn:aws:iam::{ACCOUNT}:group/g", name="g", path="/", created_at=None)
    sighting = Sighting(fingerprint="f", detector="d", length=40, api="iam:X", where="w")
    snapshot = a_snapshot(groups=(group, group), sightings=(sighting, sighting))
    assert snapshot.groups == (group,)
    assert snapshot.sightings == (sighting,)


def test_tags_are_sorted_and_unread_tags_stay_unread() -> None:
    assert [tag.key for tag in the(a_snapshot(a_user(tags={"b": "1", "a": "2"})), "ada").tags or ()] == ["a", "b"]
    assert the(a_snapshot(a_user(tags=None)), "ada").tags is None


def test_a_key_that_was_carried_over_says_from_which_run() -> None:
    carried = a_key(carried_from="20261121T060000Z")
    assert the(a_snapshot(a_user(), carried), carried.id).carried_from == "20261121T060000Z"


def test_the_organization_as_read_gives_the_context() -> None:
    def read(*gaps: object) -> OrganizationReadings:
        return OrganizationReadings(
            caller_account=ACCOUNT,
            caller_arn=f"arn:aws-cn:iam::{ACCOUNT}:user/scanner",
            partition="aws-cn",
            facts=OrganizationFacts(id="o-example", management_account=MANAGEMENT),
            accounts=a_reading(Account(id=ACCOUNT), Account(id=MEMBER), gaps=gaps),  # type: ignore[arg-type]
            delegated_administrators=a_reading(),
            policies=a_reading(),
        )

    expected = OrgContext(
        organization="o-example",
        management_account=MANAGEMENT,
        accounts=frozenset({ACCOUNT, MEMBER}),
        complete=True,
        partition="aws-cn",
    )
    assert OrgContext.of(read()) == expected
    assert OrgContext.of(read(a_gap())) == replaced(expected, complete=False)
