"""Who reads the week's summary, of which accounts, and on which day if the week's own day went by without it."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from prooftrail.evidence.layout import ORGANIZATION
from prooftrail.flows.notice_seats import Reader
from prooftrail.flows.notice_weekly import Before, Weekly, is_owed, newest_day, with_weekly
from prooftrail.model.judgement import Event
from prooftrail.model.notice import Matter, Notice, Reach, ReachState, Undelivered
from prooftrail.notices.summary import Tallies
from tests.notices.letters import ACCOUNT, SEC, a_matter
from tests.notices.people import OPS, a_day, a_notice, a_policy, chains, mail, on

MONDAY = on(0)
assert f"{MONDAY:%A}" == "Monday"
CONTACT, TEAM = Reader(OPS, OPS, waiting=False, uncapped=False), Reader(SEC, mail(SEC), waiting=False, uncapped=True)


def weekly(
    day: int = 0,
    *matters: Matter,
    before: Before | None = None,
    reach: Iterable[Reach] = (),
    unread: tuple[str, ...] = (),
    weekly_on: str = "monday",
    **known: Any,
) -> Weekly:
    policy = a_policy(weekly_on=weekly_on)
    tallies = Tallies(on(day))
    for one in matters or (a_matter(),):
        tallies.add(one)
    return Weekly(
        a_day(day, reach, **known), chains(policy, management=True), policy, tallies, unread, before or Before()
    )


def read_by(made: Weekly) -> list[Reader]:
    return sorted(made.readers())


def a_row(recipient: str, **known: Any) -> Reach:
    return Reach(recipient=recipient, **{"address": recipient, "state": ReachState.DIRECT, **known})


@pytest.mark.parametrize("account", [ACCOUNT, ORGANIZATION])
def test_the_management_account_s_contact_reads_of_the_organization_too(account: str) -> None:
    assert read_by(weekly(0, a_matter(account=account))) == sorted([CONTACT, TEAM])


def test_whoever_has_yet_to_confirm_waits_for_it() -> None:
    made = weekly(confirms=True, reach=(a_row(SEC, state=ReachState.CONFIRMED),))
    assert read_by(made) == sorted([CONTACT._replace(waiting=True), TEAM])


# when -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("weekly_on", "days", "newest"),
    [("monday", 0, 0), ("monday", 1, 0), ("monday", 6, 0), ("monday", 7, 7), ("sunday", 0, -1), ("never", 0, None)],
)
def test_the_newest_day_of_the_week(weekly_on: str, days: int, newest: int | None) -> None:
    assert newest_day(weekly_on, on(days)) == (None if newest is None else on(newest))


@pytest.mark.parametrize(
    ("day", "before", "readers"),
    [
        (0, Before(), [CONTACT, TEAM]),
        (0, Before(planned_on=on(0)), [CONTACT, TEAM]),
        (1, Before(), []),
        (1, Before(planned_on=on(0)), []),
        (1, Before(planned_on=on(-1)), [CONTACT, TEAM]),
        (6, Before(planned_on=on(-1)), [CONTACT, TEAM]),
        (6, Before(planned_on=on(0)), []),
        (1, Before(planned_on=on(0), lost=True), [CONTACT, TEAM]),
        (1, Before(planned_on=on(0), owed={OPS}), [CONTACT]),
        (1, Before(planned_on=on(0), owed={SEC}), [TEAM]),
        (6, Before(planned_on=on(5), owed={SEC}), [TEAM]),
    ],
)
def test_a_summary_is_due_on_its_day_and_afterwards_where_it_was_missed(
    day: int, before: Before, readers: list[Reader]
) -> None:
    assert read_by(weekly(day, before=before)) == sorted(readers)


@pytest.mark.parametrize(
    ("sent_on", "due"), [(None, True), (-7, True), (-1, True), (0, False), (1, False)]
)  # fmt: skip
def test_whoever_was_sent_one_since_the_week_s_day_gets_no_other(sent_on: int | None, due: bool) -> None:
    row = a_row(SEC, weekly_on=None if sent_on is None else on(sent_on))
    made = weekly(1, before=Before(planned_on=on(-1)), reach=(row,))
    assert (TEAM in read_by(made)) is due


@pytest.mark.parametrize(
    ("state", "due"),
    [
        (ReachState.PENDING, True),
        (ReachState.DIRECT, True),
        (ReachState.UNSUBSCRIBED, False),
        (ReachState.BOUNCED, False),
    ],
)
def test_whoever_left_the_list_is_not_tried_for_the_week_every_day(state: ReachState, due: bool) -> None:
    row = a_row(SEC, state=state)
    assert (TEAM in read_by(weekly(1, before=Before(planned_on=on(0), owed={SEC}), reach=(row,)))) is due
    assert TEAM in read_by(weekly(0, reach=(row,)))


@pytest.mark.parametrize(
    ("known", "sent", "owed"),
    [
        ({"weekly": True}, True, False),
        ({"weekly": True}, False, True),
        ({"weekly": False}, False, False),
        *(({"weekly": True, "held": why}, False, why is not Undelivered.CLOSED) for why in Undelivered),
    ],
)
def test_a_summary_that_was_not_sent_is_owed(known: dict[str, Any], sent: bool, owed: bool) -> None:
    assert is_owed(a_week(**known), sent=sent) is owed


def a_week(**known: Any) -> Notice:
    return replace(a_notice(MONDAY, SEC), **known)


@pytest.mark.parametrize(
    ("was", "known", "now"),
    [(None, (None,), None), (None, (0, None), 0), (0, (), 0), (0, (-7,), 0), (-7, (-14, 0), 0)],
)
def test_the_newest_summary_that_was_sent_is_remembered(
    was: int | None, known: tuple[int | None, ...], now: int | None
) -> None:
    def day(number: int | None) -> date | None:
        return None if number is None else MONDAY + timedelta(days=number)

    assert with_weekly(a_row(SEC, weekly_on=day(was)), *map(day, known)) == a_row(SEC, weekly_on=day(now))


# what for ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("matters", "unread", "readers"),
    [
        ((a_matter(),), (), [CONTACT, TEAM]),
        ((a_matter(-1),), (), [CONTACT, TEAM]),
        ((a_matter(event=Event.UNOWNED, owner=None),), (), [CONTACT, TEAM]),
        ((a_matter(failing=False),), (), [CONTACT, TEAM]),
        ((), (ACCOUNT,), [CONTACT, TEAM]),
        ((), (), []),
    ],
)
def test_where_nothing_is_open_and_everything_was_read_nobody_gets_a_summary(
    matters: tuple[Matter, ...], unread: tuple[str, ...], readers: list[Reader]
) -> None:
    policy = a_policy()
    tallies = Tallies(MONDAY)
    for one in matters:
        tallies.add(one)
    gone = a_row("p-left", state=ReachState.LEFT)
    made = Weekly(a_day(0, (gone,)), chains(policy, management=True), policy, tallies, unread, Before())
    assert read_by(made) == sorted(readers)
    assert [one for one in (OPS, SEC) if made.of(one)] == [one.recipient for one in sorted(readers)]


# who cannot be reached ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("states", "passed_over", "named"),
    [
        ((), (), ()),
        ((), ("p-left",), ("p-left",)),
        ((), ("p-left", f"account {ACCOUNT}"), ("p-left",)),
        ((ReachState.UNSUBSCRIBED,), (), ("p-row",)),
        ((ReachState.BOUNCED,), ("p-left", "p-row"), ("p-left", "p-row")),
        ((ReachState.CONFIRMED,), ("p-left",), ("p-left",)),
    ],
)
def test_owners_passed_over_count_as_out_of_reach_beside_those_whose_address_refuses(
    states: tuple[ReachState, ...], passed_over: tuple[str, ...], named: tuple[str, ...]
) -> None:
    policy = a_policy()
    tallies = Tallies(MONDAY)
    tallies.add(a_matter())
    day = a_day(0, [a_row("p-row", state=one) for one in states])
    made = Weekly(day, chains(policy, management=True), policy, tallies, (), Before(), frozenset(passed_over))
    found = made.of(SEC), made.of(OPS)
    assert [one.unreachable if one else () for one in found] == [named, None]
