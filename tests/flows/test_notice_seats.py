"""Who is written to today: what is open, most serious first, until the cap; and everybody's turn comes.

Nobody who never answers keeps a place from others.
"""

import math
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from prooftrail.flows import notice_seats
from prooftrail.flows.notice_seats import Reader, Seats
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
    unsettled: tuple[str, ...] = (),
    lost: bool = False,
    unknown: tuple[str, ...] = (),
    readers: tuple[Reader, ...] = (),
) -> dict[str, str | None]:
    seats = Seats(opened, cap=cap)
    for one in calls:
        seats.call(one)
    seats.summon(readers)
    seats.decide(
        {one.recipient: one for one in reach},
        named=lambda address: address not in unknown,
        mailed=set(mailed),
        unsettled=set(unsettled),
        lost=lost,
        on=ON,
    )
    held = {one: seats[one].held for one in sorted(seats.known())}
    return {one: why.name if why else None for one, why in held.items()}


def a_row(recipient: str, *asked_on: date, **known: Any) -> Reach:
    made = {"address": f"at-{recipient}", "state": ReachState.PENDING, **known}
    return Reach(recipient=recipient, asked_on=asked_on, **made)


def kept_out(recipient: str, days: int, *asked_on: date) -> Reach:
    """The cap keeps them out since that many days ago."""
    return a_row(recipient, *asked_on, held_since=ON - timedelta(days=days))


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
        ({"unsettled": ("a",)}, Undelivered.UNSETTLED),
        ({"unsettled": ("a",), "lost": True}, Undelivered.UNREMEMBERED),
        ({"unsettled": ("a",), "mailed": ("a",)}, Undelivered.ALREADY),
        ({"opened": ()}, Undelivered.CLOSED),
        ({"opened": (), "lost": True, "mailed": ("a",)}, Undelivered.CLOSED),
    ],
)
def test_why_somebody_is_not_written_to(known: dict[str, object], why: Undelivered | None) -> None:
    assert decided(a_call("a"), **known) == {"a": why and why.name}  # type: ignore[arg-type]


@pytest.mark.parametrize(("known", "why"), [({"mailed": ("a",)}, "ALREADY"), ({"unsettled": ("a",)}, "UNSETTLED")])
def test_whoever_is_held_for_another_reason_takes_no_place_under_the_cap(known: dict[str, Any], why: str) -> None:
    assert decided(a_call("a", Tier.CRITICAL), a_call("b"), cap=1, **known) == {"a": why, "b": None}


# everybody's turn -------------------------------------------------------------------------------------------------


def test_within_a_tier_whoever_was_kept_out_longest_comes_first() -> None:
    calls = [a_call("busy"), a_call("busy"), a_call("long"), a_call("longer"), a_call("new")]
    rows = (kept_out("long", 1), kept_out("longer", 2))
    assert decided(*calls, cap=2, reach=rows) == {"busy": "CAPPED", "long": None, "longer": None, "new": "CAPPED"}


@pytest.mark.parametrize(("cap", "turns"), [(1, 1), (2, 1), (4, 1), (5, 2), (8, 2), (9, 3)])
def test_one_place_of_four_goes_to_whoever_was_kept_out_longest_whatever_the_tier(cap: int, turns: int) -> None:
    serious = [a_call(f"worst{number}", Tier.CRITICAL) for number in range(cap)]
    patient = [a_call(f"low{number}", Tier.LOW) for number in range(cap)]
    rows = tuple(kept_out(f"low{number}", cap - number) for number in range(cap))
    held = decided(*serious, *patient, cap=cap, reach=rows)
    assert [one for one in held if one.startswith("low") and held[one] is None] == [f"low{n}" for n in range(turns)]
    assert list(held.values()).count(None) == cap


def test_whoever_was_asked_to_confirm_takes_no_turn_and_whoever_never_was_does() -> None:
    calls = [a_call("asked", waiting=True), a_call("never", waiting=True), a_call("hears", Tier.LOW)]
    rows = (kept_out("asked", 9, ON - timedelta(days=30)), kept_out("never", 1))
    assert decided(*calls, cap=1, reach=rows) == {"asked": "CAPPED", "hears": "CAPPED", "never": "WAITING"}


def test_an_address_that_is_new_was_not_asked() -> None:
    calls = [a_call("asked", Tier.LOW, waiting=True), a_call("moved", Tier.LOW, waiting=True)]
    rows = (a_row("asked", ON), a_row("moved", ON, ON, address="at-another"))
    assert decided(*calls, cap=1, reach=rows) == {"asked": "CAPPED", "moved": "WAITING"}


SECURITY = Reader("sec", "at-sec", waiting=False, uncapped=True)
CONTACT = Reader("ops", "at-ops", waiting=False, uncapped=False)


def test_the_summary_of_the_security_team_is_beside_the_cap_and_a_contact_s_is_not() -> None:
    held = decided(a_call("a"), cap=1, readers=(SECURITY, CONTACT))
    assert held == {"a": None, "ops": "CAPPED", "sec": None}
    waiting = SECURITY._replace(waiting=True)
    assert decided(a_call("a"), cap=1, readers=(waiting,)) == {"a": None, "sec": "WAITING"}


def over_days(number: int, cap: int, tiers: Mapping[str, Tier]) -> Iterator[tuple[int, set[str]]]:
    """Everybody is called each day; who has a place on which."""
    reach: dict[str, Reach] = {}
    for day in range(number):
        seats = Seats(ALL, cap=cap)
        for one, tier in tiers.items():
            seats.call(a_call(one, tier))
        on = ON + timedelta(days=day)
        seats.decide(reach, named=lambda _: True, mailed=set(), unsettled=set(), lost=False, on=on)
        reach = {one: row for one in tiers if (row := seats.row(one, reach.get(one), on)) is not None}
        yield day, {one for one in tiers if seats[one].held is None}


@given(st.integers(1, 9), st.lists(st.sampled_from(Tier), min_size=1, max_size=24))
def test_with_so_much_due_every_day_nobody_waits_longer_than_four_rounds_of_the_cap(cap: int, due: list[Tier]) -> None:
    tiers = {f"r{number:02}": tier for number, tier in enumerate(due)}
    longest = math.ceil(4 * len(tiers) / cap)
    last = dict.fromkeys(tiers, -1)
    for day, served in over_days(3 * longest + 1, cap, tiers):
        assert len(served) == min(cap, len(tiers))
        last |= dict.fromkeys(served, day)
        assert max(day - one for one in last.values()) <= longest


def test_four_late_critical_owners_leave_a_place_to_everybody_else_within_days() -> None:
    tiers = {"a": Tier.CRITICAL, "b": Tier.CRITICAL, "c": Tier.CRITICAL, "d": Tier.CRITICAL, "low": Tier.LOW}
    served = [sorted(one) for _, one in over_days(4, 3, tiers)]
    assert served == [["a", "b", "c"], ["a", "b", "d"], ["a", "c", "low"], ["a", "b", "d"]]


# what is remembered of it -----------------------------------------------------------------------------------------

BLANK = Reach(recipient="a", address=None, state=ReachState.PENDING, detail=str(Undelivered.CAPPED))


@pytest.mark.parametrize(
    ("held", "before", "after"),
    [
        ("CAPPED", None, replace(BLANK, held_since=ON)),
        ("CAPPED", kept_out("a", 3), kept_out("a", 3)),
        ("CAPPED", a_row("a"), kept_out("a", 0)),
        ("a place", None, None),
        ("a place", kept_out("a", 3), a_row("a")),
        ("a place", replace(BLANK, held_since=ON), None),
        ("ALREADY", kept_out("a", 3), kept_out("a", 3)),
        ("UNREMEMBERED", kept_out("a", 3), kept_out("a", 3)),
        ("UNSETTLED", kept_out("a", 3), kept_out("a", 3)),
        ("nothing due", kept_out("a", 3), a_row("a")),
        ("nothing due", replace(BLANK, held_since=ON), None),
        ("nothing due", None, None),
    ],
)
def test_since_when_the_cap_keeps_somebody_out(held: str, before: Reach | None, after: Reach | None) -> None:
    seats = Seats(ALL, cap=1)
    if held != "nothing due":
        seats.call(a_call("a", Tier.LOW))
    if held == "CAPPED":
        seats.call(a_call("b", Tier.CRITICAL))
    reach = {"b": kept_out("b", 30)} | ({"a": before} if before else {})
    mailed, unsettled = {"a"} if held == "ALREADY" else set(), {"a"} if held == "UNSETTLED" else set()
    seats.decide(
        reach, named=lambda _: True, mailed=mailed, unsettled=unsettled, lost=held == "UNREMEMBERED", on=ON
    )  # fmt: skip
    if held != "nothing due":
        assert seats["a"].held == (None if held == "a place" else Undelivered[held])
    assert seats.row("a", before, ON) == after


def test_a_list_nobody_can_be_told_in_months_is_cut_to_the_most_serious(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notice_seats, "MOST_CALLS", 2)
    calls = [a_call("a", tier=tier) for tier in (Tier.LOW, Tier.CRITICAL, Tier.MEDIUM)]
    assert (notice_seats.prune(calls), len(calls)) == (0, 3)
    calls.append(a_call("a", tier=Tier.HIGH))
    assert notice_seats.prune(calls) == 2
    assert [one.matter.tier for one in calls] == [Tier.CRITICAL, Tier.HIGH]
