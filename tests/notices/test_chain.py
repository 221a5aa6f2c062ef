"""Who is asked about a matter, and who is left out, with the reason."""

from typing import Any

import pytest

from prooftrail.governance import Governance
from prooftrail.governance.notices import Jurisdiction
from prooftrail.model.judgement import Event
from prooftrail.model.notice import Hop
from prooftrail.model.organization import Tag
from prooftrail.model.snapshot import AlternateContact
from prooftrail.notices.day import Link
from tests.notices.letters import ACCOUNT, ADA, BO, CY, SEC, a_matter
from tests.notices.people import CONTACT, OPS, a_policy, an_owner, chains, mail

NONE: dict[str, Any] = {}


def of(matter: Any = None, policy: Governance | None = None, **known: Any) -> list[tuple[str, str | None, str | None]]:
    contacts = known.pop("contacts", (CONTACT,))
    owner = known.pop("to", None)
    made = chains(policy, **known).of(matter or a_matter(), contacts, owner)
    return [(one.hop, one.recipient, one.why) for one in made]


def test_a_matter_goes_from_its_owner_to_the_security_team() -> None:
    assert chains().of(a_matter(), (CONTACT,)) == (
        Link(hop=Hop.OWNER, recipient=ADA, address=mail(ADA)),
        Link(hop=Hop.DEPUTY, recipient=BO, address=mail(BO)),
        Link(hop=Hop.MANAGER, recipient=CY, address=mail(CY)),
        Link(hop=Hop.CONTACT, recipient=OPS, address=OPS),
        Link(hop=Hop.SECURITY, recipient=SEC, address=mail(SEC)),
    )


def test_whoever_left_or_has_no_address_or_is_nobody_stays_in_the_chain_with_the_reason() -> None:
    owners = an_owner(ADA, active=False, deputy=BO), an_owner(BO, email=None)
    assert of(policy=a_policy(*owners, security_team=None), contacts=None) == [
        ("owner", ADA, "left"),
        ("deputy", BO, "has no address"),
        ("manager", None, "nobody is named"),
        ("contact", None, "nobody is named"),
        ("security", None, "notices.toml names no security team"),
    ]


def test_everybody_stands_in_a_chain_once_where_they_are_nearest() -> None:
    owners = an_owner(ADA, deputy=SEC, manager=ADA), an_owner(SEC)
    assert of(policy=a_policy(*owners)) == [("owner", ADA, None), ("deputy", SEC, None), ("contact", OPS, None)]


def test_two_people_with_one_mailbox_are_asked_once() -> None:
    owners = (
        an_owner(ADA, deputy=BO, manager=CY),
        an_owner(BO, email=mail(ADA)),
        an_owner(CY, active=False),
        an_owner(SEC),
    )
    assert of(policy=a_policy(*owners)) == [
        ("owner", ADA, None),
        ("manager", CY, "left"),
        ("contact", OPS, None),
        ("security", SEC, None),
    ]


def test_a_mailbox_whose_owner_left_is_asked_as_somebody_elses() -> None:
    owners = an_owner(ADA, active=False, deputy=BO), an_owner(BO, email=mail(ADA)), an_owner(SEC)
    assert [hop for hop, _, _ in of(policy=a_policy(*owners))][:2] == ["owner", "deputy"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (ADA, ADA, True),
        (ADA, f" {ADA.upper()} ", True),
        (ADA, mail(ADA), True),
        (ADA, BO, False),
        ("p-unknown", "p-other", False),
        ("p-unknown", "p-unknown", True),
        (None, ADA, False),
        (None, None, True),
    ],
)
def test_an_owner_is_the_same_however_they_are_spelt(one: str | None, other: str | None, same: bool) -> None:
    assert chains().is_same(one, other) is same


@pytest.mark.parametrize("known", [{"owner": None, "event": Event.UNOWNED}, {"owner": None, "not_mine": "tag"}])
def test_what_nobody_owns_goes_to_the_contact_and_the_security_team(known: dict[str, Any]) -> None:
    assert of(a_matter(**known)) == [("contact", OPS, None), ("security", SEC, None)]


def test_whoever_says_it_is_not_theirs_is_not_asked_as_the_contact_either() -> None:
    contact = AlternateContact(type="SECURITY", name=None, email=mail(ADA), read_in="r")
    assert of(a_matter(not_mine="tag"), contacts=(contact,))[0] == ("contact", None, "says it is not theirs")


def test_what_was_handed_over_goes_to_the_new_owner_first() -> None:
    assert of(a_matter(not_mine="tag"), to=BO)[:2] == [("owner", BO, None), ("deputy", None, "nobody is named")]


@pytest.mark.parametrize("where", [{"accounts": (ACCOUNT,)}, {"owners": (ADA,)}])
def test_a_jurisdiction_leaves_the_manager_out(where: dict[str, Any]) -> None:
    rule = Jurisdiction(name="works council", **where)
    assert "manager" not in [hop for hop, _, _ in of(policy=a_policy(jurisdiction=(rule,), **NONE))]
    assert "manager" in [hop for hop, _, _ in of(policy=a_policy(jurisdiction=(Jurisdiction(name="else"),)))]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("dana@Example.com", None),
        ("dana@evil.example", "a tag names an address outside tag_domains"),
        ("dana@sub.example.com", "a tag names an address outside tag_domains"),
        ("dana@evil.org,x@example.com", "owners.toml has no such owner"),
        ("dana@example.com\nbcc: x@evil.org", "owners.toml has no such owner"),
        ("team payments", "owners.toml has no such owner"),
        ("a" * 65_536 + "@example.com", "owners.toml has no such owner"),
        ("p-dana", "owners.toml has no such owner"),
    ],
)
def test_a_tag_may_be_written_to_only_within_the_domains_the_policy_names(text: str, why: str | None) -> None:
    made = chains(a_policy(tag_domains=("example.com",)), lambda _: text).of(a_matter(owner="p-dana"), None)
    assert made[0] == Link(hop=Hop.OWNER, recipient="p-dana", address=None if why else "p-dana", why=why)


def test_the_contact_is_the_first_of_those_known_who_can_be_written_to() -> None:
    operations = AlternateContact(type="OPERATIONS", name=None, email="p-oper", read_in="r")
    gone = AlternateContact(type="SECURITY", name=None, email=mail(BO), read_in="r")
    policy = a_policy(an_owner(ADA), an_owner(BO, active=False), an_owner(CY, accounts=(ACCOUNT,)), an_owner(SEC))
    tags = (Tag(key="Owner", value=ADA),)
    known = [
        chains(policy, tags=tags, email="p-root").contact(ACCOUNT, (operations, gone)),
        chains(policy, tags=tags, email="p-root").contact(ACCOUNT, (gone,)),
        chains(policy, email="p-root").contact(ACCOUNT, None),
        chains(email="p-root").contact(ACCOUNT, None),
        chains().contact("999999999999", None),
    ]
    assert [one.recipient for one in known] == ["p-oper", ADA, CY, "p-root", None]


def test_the_organization_as_a_whole_is_answered_for_by_its_management_account() -> None:
    assert chains(management=True).place("organization") == ACCOUNT
    assert chains(management=True, email="p-root").contact("organization", None).recipient == "p-root"
    assert chains().place("organization") == "organization"
