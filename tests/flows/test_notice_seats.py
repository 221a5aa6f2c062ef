"""Who is written to today: what is open, most serious first, until the cap; and nobody who never answers keeps a place."""

from datetime import date

import pytest

from prooftrail.flows.notice_seats import Seats
from prooftrail.model.judgement import Tier
from prooftrail.model.notice import Hop, Reach, ReachState, Undelivered
from prooftrail.notices.day import Call
from tests.notices.letters import a_matter

ON = date(2026, 11, 23)
ALL = tuple(map(str, Tier))


def a_call(recipient: str, tier: Tier = Tier.HIGH, *, waiting: bool = False) -> Call:
    return Call(
        recipient=recipient, address=f"at-{recipient}", hop=Hop.OWNER, step="first",
        matter=a_matter(tier=tier), waiting=waiting,
    )  # fmt: skip


def decided(
    *calls: Call,
    opened: tuple[str, ...] = ALL,
    cap: int = 10,
    reach: tuple[Reach, ...] = (),
    mailed: tuple[str, ...] = (),
    lost: bool = False,
    unknown: tuple[str, ...] = (),
) -> dict[str, str | None]:
    seats = Seats(opened, cap=cap)
    for one in calls:
        seats.call(one)
    seats.decide(
        {one.recipient: one for one in reach},
        named=lambda address: address not in unknown,
        mailed=set(mailed),
        lost=lost,
        on=ON,
    )
    held = {one: seats[one].held for one in sorted(seats.known())}
    return {one: why.name if why else None for one, why in held.items()}


def a_row(recipient: str, *asked_on: date, mailed_on: date | None = None) -> Reach:
    return Reach(recipient=recipient, address=None, state=ReachState.PENDING, asked_on=asked_on, mailed_on=mailed_on)


@pytest.mark.parametrize(("cap", "sent"), [(1, 1), (2, 2), (3, 3), (4, 3)])
def test_the_cap_counts_what_is_sent_and_not_one_more(cap: int, sent: int) -> None:
    held = decided(*(a_call(one) for one in "abc"), cap=cap)
    assert list(held.values()) == [None] * sent + ["CAPPED"] * (3 - sent)


def test_the_most_serious_come_first_then_who_has_most_to_do() -> None:
    calls = [a_call("low", Tier.LOW), a_call("one"), a_call("two"), a_call("two"), a_call("worst", Tier.CRITICAL)]
    assert decided(*calls, cap=2) == {"low": "CAPPED", "one": "CAPPED", "two": None, "worst": None}


def test_only_what_is_open_makes_a_recipient_serious() -> None:
    calls = [a_call("a", Tier.CRITICAL), a_call("a", Tier.LOW), a_call("b", Tier.HIGH), a_call("c", Tier.CRITICAL)]
    assert decided(*calls, opened=("high", "low"), cap=1) == {"a": "CAPPED", "b": None, "c": "CLOSED"}


def test_who_waits_to_be_asked_comes_after_who_can_be_written_to() -> None:
    calls = [a_call("waits", Tier.CRITICAL, waiting=True), a_call("hears", Tier.LOW)]
    assert decided(*calls, cap=1) == {"hears": None, "waits": "CAPPED"}
    assert decided(*calls, cap=2) == {"hears": None, "waits": "WAITING"}


def test_who_was_asked_least_is_asked_next() -> None:
    calls = [a_call("asked", Tier.CRITICAL, waiting=True), a_call("never", Tier.LOW, waiting=True)]
    assert decided(*calls, cap=1, reach=(a_row("asked", ON),)) == {"asked": "CAPPED", "never": "WAITING"}


@pytest.mark.parametrize(
    ("known", "why"),
    [
        ({"mailed": ("a",)}, Undelivered.ALREADY),
        ({"reach": (a_row("a", mailed_on=ON),)}, Undelivered.ALREADY),
        ({"reach": (a_row("a", mailed_on=date(2026, 11, 22)),)}, None),
        ({"lost": True}, Undelivered.UNREMEMBERED),
        ({"unknown": ("at-a",)}, Undelivered.UNREACHABLE),
        ({"opened": ()}, Undelivered.CLOSED),
        ({"opened": (), "lost": True, "mailed": ("a",)}, Undelivered.CLOSED),
    ],
)
def test_why_somebody_is_not_written_to(known: dict[str, object], why: Undelivered | None) -> None:
    assert decided(a_call("a"), **known) == {"a": why and why.name}  # type: ignore[arg-type]


def test_whoever_is_held_for_another_reason_takes_no_place_under_the_cap() -> None:
    assert decided(a_call("a", Tier.CRITICAL), a_call("b"), mailed=("a",), cap=1) == {"a": "ALREADY", "b": None}
