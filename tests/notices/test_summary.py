"""The weekly summary: its numbers, account by account and whole, and what is not known."""

import sys
from datetime import timedelta

import pytest

from prooftrail.model.judgement import Event, Tier
from prooftrail.notices import summary
from prooftrail.notices.summary import Counts, Tallies, weekly

from .letters import ACCOUNT, ACCOUNTS, BO, CY, LOCKER, OTHER, TODAY, a_matter, a_role, at, reveal


def text(week: summary.Summary) -> str:
    """The summary as a letter has it, as one line of words."""
    return " ".join(" ".join(summary.told(week, names=reveal, labels=ACCOUNTS, locker=LOCKER)).split())


@pytest.mark.parametrize(("days", "late"), [(-1, 1), (0, 0), (1, 0)])
def test_a_matter_is_late_from_the_day_after_it_was_due(days: int, late: int) -> None:
    tallies = Tallies(TODAY)
    tallies.add(a_matter(due_at=at(days).replace(hour=23, minute=59) if days < 0 else at(days).replace(hour=0)))
    assert tallies.of(ACCOUNT) == Counts(open=(0, 1, 0, 0), late=(0, late, 0, 0))


def test_matters_are_counted_by_tier_and_account() -> None:
    tallies = Tallies(TODAY)
    for tier in (Tier.CRITICAL, Tier.LOW, Tier.LOW):
        tallies.add(a_matter(-1, tier=tier))
    tallies.add(a_matter(tier=Tier.MEDIUM, account=OTHER, event=Event.UNOWNED))
    tallies.add(a_matter(failing=False))
    tallies.add(a_matter(-5, failing=False, event=Event.UNOWNED))
    assert tallies.of(ACCOUNT) == Counts(open=(1, 0, 0, 2), late=(1, 0, 0, 2), soon=2)
    assert tallies.of(OTHER) == Counts(open=(0, 0, 1, 0), unowned=1)
    assert tallies.of("999999999999") == Counts()
    whole = weekly(tallies, on=TODAY, accounts=None)
    assert whole.total == Counts(open=(1, 0, 1, 2), late=(1, 0, 0, 2), soon=2, unowned=1)


def test_a_contact_sees_its_own_accounts_alone() -> None:
    tallies = Tallies(TODAY)
    tallies.add(a_matter())
    tallies.add(a_matter(account=OTHER))
    week = weekly(tallies, on=TODAY, accounts=(OTHER,), unread=(ACCOUNT,))
    assert week.accounts == ((OTHER, Counts(open=(0, 1, 0, 0))),)
    assert week.unread == ()
    assert ACCOUNT not in text(week)


def test_the_worst_account_comes_first_and_twenty_are_named() -> None:
    tallies = Tallies(TODAY)
    for number in range(25):
        for _ in range(number + 1):
            tallies.add(a_matter(account=f"{number:012}"))
    tallies.add(a_matter(-1, tier=Tier.CRITICAL, account="000000000003"))
    week = weekly(tallies, on=TODAY, accounts=None)
    assert [one for one, _ in week.accounts][:3] == ["000000000003", "000000000024", "000000000023"]
    assert (len(week.accounts), week.others) == (20, 5)
    assert "and 5 more accounts" in text(week)


def test_accounts_in_order_are_not_named() -> None:
    week = weekly(Tallies(TODAY), on=TODAY, accounts=(ACCOUNT,))
    assert (week.accounts, week.others) == ((), 0)
    assert "0 findings are open, none of them late. There is nothing to do." in text(week)


def test_what_was_not_read_comes_before_any_number() -> None:
    tallies = Tallies(TODAY)
    tallies.add(a_matter(-1, tier=Tier.CRITICAL))
    told = text(weekly(tallies, on=TODAY, accounts=None, unread=(OTHER, "999999999999")))
    assert "First: see why accounts could not be read" in told
    assert f"Accounts not read: 2: payments-test ({OTHER}) and 999999999999" in told
    assert "What they hold is not known" in told


@pytest.mark.parametrize(
    ("due", "known", "first"),
    [
        (-1, {"tier": Tier.CRITICAL}, "First: the 1 critical one that is late."),
        (-1, {"tier": Tier.LOW}, "First: the 1 low one that is late."),
        (5, {"event": Event.UNOWNED}, "First: name owners for what has none."),
        (5, {}, "Nothing is late: owners were told of what is theirs."),
    ],
)
def test_the_first_thing_to_do_is_named(due: int, known: dict[str, object], first: str) -> None:
    tallies = Tallies(TODAY)
    tallies.add(a_matter(due, **known))
    assert first in text(weekly(tallies, on=TODAY, accounts=None))


def test_owners_nobody_can_reach_are_named_and_revealed() -> None:
    tallies = Tallies(TODAY)
    told = text(weekly(tallies, on=TODAY, accounts=None, unreachable=(CY, BO, BO)))
    assert "Owners who cannot be reached: 2: Bo Nilsson and Cy Okafor" in told
    assert "Owners who cannot be reached: none." in text(weekly(tallies, on=TODAY, accounts=None, unreachable=()))
    assert "cannot be reached" not in text(weekly(tallies, on=TODAY, accounts=(ACCOUNT,)))


def test_hundreds_of_unreachable_owners_are_counted() -> None:
    told = text(weekly(Tallies(TODAY), on=TODAY, accounts=None, unreachable=[f"o{one:03}" for one in range(300)]))
    assert "Owners who cannot be reached: 300: o000," in told
    assert "o018 and 281 more" in told


def test_a_subject_counts_what_matters() -> None:
    tallies = Tallies(TODAY)
    assert summary.subject(weekly(tallies, on=TODAY, accounts=None)) == "[Prooftrail] week to 2026-11-23: 0 open"
    tallies.add(a_role(due=-1, event=Event.UNOWNED))
    week = weekly(tallies, on=TODAY, accounts=None, unread=(OTHER,))
    assert summary.subject(week) == "[Prooftrail] week to 2026-11-23: 1 open, 1 late, 1 unowned, 1 not read"


def test_ten_thousand_accounts_take_little_memory() -> None:
    tallies = Tallies(TODAY)
    for number in range(10_000):
        tallies.add(a_matter(account=f"{number:012}", due_at=at(-1) + timedelta(days=number % 3)))
    rows = tallies._rows
    assert len(rows) == 10_000
    assert sum(sys.getsizeof(row) for row in rows.values()) + sys.getsizeof(rows) < 4_000_000
