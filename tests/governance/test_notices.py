"""`notices.toml`: who is told and from when on, what is refused in it, what of it asks less, and that it holds no name."""

from datetime import UTC, date, datetime

import pytest

from prooftrail.errors import ConfigError
from prooftrail.evidence.redaction import Redactor
from prooftrail.governance import Governance, Owner, loosened, parse, problems, warnings
from prooftrail.governance.notices import Notices
from prooftrail.governance.overview import Sending, approvals, called, sending
from prooftrail.model import canonical
from tests.governance.entries import KNOWN, OWNERS, of, policy

SOC = """
[[owner]]
id = "soc"
name = "Security operations"
email = "soc@example.com"
kind = "team"
"""
PEOPLE = OWNERS + 'email = "payments@example.com"\n' + SOC
REDACTOR = Redactor(b"k" * 32)


def opening(tier: str, approved: str = "2026-11-02", opens: str | None = None) -> str:
    until = f"opens_on = {opens}\n" if opens else ""
    return f'[[opened]]\ntier = "{tier}"\napproved_by = "Jane Doe"\napproved_on = {approved}\n{until}'


def held(notices: str, owners: str = PEOPLE) -> Governance:
    return policy(owners=owners, notices=notices)


def test_without_the_file_nothing_is_sent() -> None:
    assert parse({}).notices == Notices()
    assert parse({}).notices.open_tiers(datetime(2030, 1, 1, tzinfo=UTC)) == ()


@pytest.mark.parametrize(
    ("at", "opened"),
    [
        (datetime(2026, 11, 1, 23, 59, 59, tzinfo=UTC), ()),
        (datetime(2026, 11, 2, tzinfo=UTC), ("critical",)),
        (datetime(2026, 11, 8, 23, 59, 59, tzinfo=UTC), ("critical",)),
        (datetime(2026, 11, 9, tzinfo=UTC), ("critical", "high")),
    ],
)
def test_a_tier_is_open_from_its_day_on_in_utc(at: datetime, opened: tuple[str, ...]) -> None:
    two = held(opening("high", opens="2026-11-09") + opening("critical"))
    assert two.notices.open_tiers(at) == opened


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('security_team = "sox"', "notices.toml, line 1: security_team: names 'sox', and no [[owner]] of owners.toml"),
        ('security_team = "soc@example.com"', "no [[owner]] of owners.toml has that id"),
        ('[[jurisdiction]]\nname = "D"\nowners = ["jane", "bob"]', "jurisdiction, entry 1: owners: names 'bob'"),
        ('[[jurisdiction]]\nname = "D"', "jurisdiction, entry 1: holds for nobody; give accounts or owners."),
        (
            '[[jurisdiction]]\nname = "D"\nowners = ["jane"]\nmanager = true\nusage = true',
            "leaves nothing out; set manager or usage to false",
        ),
        ('[[jurisdiction]]\nname = "D"\nowners = ["jane"]\n' * 2, "the jurisdiction 'D' stands twice"),
        (
            opening("critical") * 2,
            "the tier 'critical' stands twice (first in opened, entry 1); a tier is opened once.",
        ),
        (opening("high"), "high opens on 2026-11-02, before critical, which is not opened; open critical first."),
        (
            opening("critical", opens="2026-11-03") + opening("high"),
            "high opens on 2026-11-02, before critical, which opens later, on 2026-11-03; open critical first.",
        ),
        (opening("critical") + opening("medium"), "before high, which is not opened; open high first."),
        (opening("critical", opens="2026-11-01"), "opens_on 2026-11-01 lies before approved_on 2026-11-02"),
        ('tag_domains = ["*.example.com"]', "'*.example.com' is no domain: write what stands behind the @ in full"),
        ('tag_domains = ["example"]', "'example' is no domain"),
        ('tag_domains = ["a@example.com"]', "is no domain"),
        ('tag_domains = ["example.com\\n"]', "is no domain"),
        ('tag_domains = ["-a.example.com"]', "is no domain"),
        ('tag_domains = ["example.com", "Example.COM"]', "the domain 'Example.COM' stands twice"),
        ('style = "short"', "style: a style is 'full' or 'minimal'"),
        ('weekly_on = "daily"', "weekly_on: a day is 'monday' to 'sunday', or 'never'"),
        ("cap_per_day = 0", "cap_per_day: the number is too small"),
        ("cap_per_day = 100001", "cap_per_day: the number is too large"),
        (opening("urgent"), "tier: a tier is 'critical', 'high', 'medium' or 'low'"),
        ("cap = 5", "unknown key 'cap'"),
    ],
)
def test_what_is_wrong_is_told_with_its_fix(text: str, says: str) -> None:
    found = problems(of(owners=PEOPLE, notices=text), KNOWN)
    assert len(found) == 1
    assert says in found[0]


@pytest.mark.parametrize("text", ["cap_per_day = 1", "cap_per_day = 100000", 'tag_domains = ["xn--bcher-kva.example"]'])
def test_the_ends_of_what_may_stand_there_may(text: str) -> None:
    assert problems(of(owners=PEOPLE, notices=text), KNOWN) == ()


def test_who_is_meant_is_not_asked_where_the_owners_cannot_be_read() -> None:
    (one,) = problems(of(owners="[[owner]]", notices='security_team = "soc"'), KNOWN)
    assert one.startswith("owners.toml")


@pytest.mark.parametrize(
    ("route", "says"),
    [
        ("sns:payments", "'sns:payments' is no e-mail address: write one, like team@example.com, or leave it out"),
        ("the channel", "is no e-mail address"),
        ("mailto:", "is no e-mail address"),
        ("a@b", "is no e-mail address"),
        ("a@example.com, b@example.com", "is no e-mail address"),
        ("A <a@example.com>", "is no e-mail address"),
    ],
)
def test_a_route_that_is_no_address_is_refused_with_the_fix(route: str, says: str) -> None:
    (one,) = problems(of(owners=OWNERS + f'route = "{route}"'), KNOWN)
    assert "owners.toml, line 11: owner, entry 2: route: " in one
    assert says in one


@pytest.mark.parametrize(
    ("email", "route", "mail_to"),
    [
        (None, None, None),
        ("a@example.com", None, "a@example.com"),
        ("a@example.com", "b@example.com", "b@example.com"),
        (None, " mailto:b@example.com ", "b@example.com"),
        ("a@example.com", "sns:old-topic", "a@example.com"),
        (None, "sns:old-topic", None),
        ("no address", None, None),
    ],
)
def test_notices_go_to_the_route_else_to_the_email_and_to_nothing_else(
    email: str | None, route: str | None, mail_to: str | None
) -> None:
    assert Owner(id="a", name="A", email=email, route=route).mail_to == mail_to


def test_a_redacted_owner_is_written_to_under_the_pseudonym_of_the_same_address() -> None:
    routed = PEOPLE + 'route = "mailto:Jane@example.com"\n'
    one = held('security_team = "soc"', owners=routed).redacted(REDACTOR)
    assert one.owner_of("x") is None
    jane, payments, soc = one.owners.owner
    assert (payments.mail_to, soc.mail_to) == (
        REDACTOR.pseudonym("payments@example.com"), REDACTOR.pseudonym("jane@example.com"),
    )  # fmt: skip
    assert jane.mail_to == soc.mail_to
    assert one.notices.security_team == soc.id


def test_no_name_is_left_and_domains_stay_when_it_is_sealed() -> None:
    text = (
        'security_team = "soc"\ntag_domains = ["example.com"]\n'
        + opening("critical") + 'ticket = "ask jane@example.com"\n'
        + '[[jurisdiction]]\nname = "Works council"\nowners = ["Jane"]\n'
    )  # fmt: skip
    one = held(text).redacted(REDACTOR)
    sealed = canonical.encode(one.notices).decode()
    assert not [word for word in ("soc", "jane", "Jane", "@") if word in sealed]
    assert one.notices.tag_domains == ("example.com",)
    jane = one.owners.owner[0].id
    assert [each.name for each in one.notices.bound(jane, "111122223333")] == ["Works council"]
    assert one.notices.bound(None, "111122223333") == one.notices.bound(one.notices.security_team, "1") == ()


ALL = "".join(map(opening, ("critical", "high")))
GERMANY = '[[jurisdiction]]\nname = "DE"\naccounts = ["444455556666"]\nmanager = true\n'


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (ALL, opening("critical"), "notices of tier high are no longer sent"),
        (ALL, "", "notices of tier critical are no longer sent"),
        (
            opening("critical"), opening("critical", opens="2026-11-03"),
            "notices of tier critical are sent from 2026-11-03 on, 2026-11-02 before",
        ),
        ("", "cap_per_day = 499", "at most 499 notices are sent a day, 500 before"),
        ("", 'style = "minimal"', "notices no longer say what is meant: their style is now minimal"),
        ("", 'weekly_on = "never"', "the weekly summary is no longer sent"),
        ('security_team = "soc"', "", "the security team is no longer the last to be asked: it was soc"),
        ("", 'tag_domains = ["example.com"]', "any address at example.com in an owner tag may now be written to"),
        ("", GERMANY, "in jurisdiction DE, how a person uses an identity is now left out"),
        (
            "", GERMANY.replace("manager = true\n", ""),
            "in jurisdiction DE, the manager and how a person uses an identity is now left out",
        ),
        (GERMANY, GERMANY.replace("manager = true\n", ""), "jurisdiction DE now leaves out the manager"),
        (GERMANY, GERMANY + 'owners = ["jane"]\n', "jurisdiction DE now holds for jane"),
    ],
)  # fmt: skip
def test_what_asks_less_is_named_and_the_way_back_is_not(before: str, after: str, says: str) -> None:
    assert says in loosened(held(before), held(after))
    assert loosened(held(after), held(before)) == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ALL),
        ("", "cap_per_day = 501"),
        ('security_team = "soc"', 'security_team = "jane"'),
        ('weekly_on = "monday"', 'weekly_on = "sunday"'),
        ('tag_domains = ["example.com"]', 'tag_domains = ["EXAMPLE.com"]'),
        (opening("critical"), opening("critical", approved="2026-11-01")),
    ],
)
def test_what_asks_as_much_or_more_is_not_named(before: str, after: str) -> None:
    assert loosened(held(before), held(after)) == ()


def test_another_route_deputy_or_manager_of_an_owner_needs_no_entry() -> None:
    before = PEOPLE + 'route = "a@example.com"\ndeputy = "jane"\nmanager = "payments"\n'
    after = PEOPLE + 'route = "b@example.com"\ndeputy = "payments"\nmanager = "jane"\n'
    assert loosened(held("", before), held("", after)) == ()


def test_deputies_and_managers_may_stand_in_for_each_other() -> None:
    pair = OWNERS.replace('id = "jane"', 'id = "jane"\ndeputy = "payments"\nmanager = "payments"') + 'deputy = "jane"\n'
    assert problems(of(owners=pair), KNOWN) == ()


AT = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("owners", "notices", "says"),
    [
        (OWNERS, opening("critical") + '[[jurisdiction]]\nname = "x"\nowners = ["jane"]',
         ["owners.toml, line 7: owner, entry 2: has no address: give email or route", "notices.toml has no security_team"]),
        (PEOPLE.replace("soc@", "soc "), 'security_team = "soc"\n' + opening("critical"),
         ["entry 3: has no address", "'soc example.com' looks like no address", "security_team: 'soc' has no address"]),
        (PEOPLE + "active = false", 'security_team = "soc"\n' + opening("critical"),
         ["notices.toml, line 1: security_team: 'soc' has left: name an owner who can be told."]),
        (PEOPLE + "active = false", 'security_team = "soc"\n', ["security_team: 'soc' has left"]),
        (PEOPLE + '\n[[owner]]\nid = "soc2"\nname = "Second"\nroute = "mailto:SOC@example.com"\n', "",
         ["is written to at the address of 'soc' too"]),
        (PEOPLE + '\n[[owner]]\nid = "soc2"\nname = "Second"\nroute = "soc@example.com"\nactive = false\n', "", []),
        (OWNERS, "", []),
        (PEOPLE, 'security_team = "soc"\n' + opening("critical"), []),
    ],
)  # fmt: skip
def test_who_could_not_be_told_is_a_warning_once_anything_is_sent(owners: str, notices: str, says: list[str]) -> None:
    told = warnings(of(owners=owners, notices=notices), KNOWN, AT)
    assert len(told) == len(says)
    assert all(text in one for one, text in zip(told, says, strict=True))


def test_the_overview_says_which_tiers_are_sent_and_who_is_asked_last() -> None:
    text = 'security_team = "soc"\n' + opening("critical") + opening("high", opens="2026-12-01") + GERMANY
    one = held(text)
    assert sending(one, AT) == Sending(
        opened=("critical",), later=(("high", date(2026, 12, 1)),), closed=("medium", "low"), security_team="soc",
        cap_per_day=500, style="full", weekly_on="monday", jurisdictions=("DE",),
    )  # fmt: skip
    assert [called(each) for each in one.notices.opened] == ["critical", "high"]
    assert approvals(one) == (("declared, not verified", 2),)


def test_a_mistake_is_raised_where_a_policy_is_read() -> None:
    with pytest.raises(ConfigError, match="open critical first"):
        parse(of(notices=opening("low")), KNOWN)
