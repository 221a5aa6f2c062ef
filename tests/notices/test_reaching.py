"""When somebody is waited for, passed over, and asked again to confirm."""

import pytest

from prooftrail.model.judgement import Tier
from prooftrail.model.notice import Hop, Reach, ReachState
from prooftrail.notices.day import Link
from prooftrail.notices.reaching import Standing, invite_due, standing
from tests.notices.letters import ADA
from tests.notices.people import a_day, on

LINK = Link(hop=Hop.OWNER, recipient=ADA, address="a")
PENDING = ReachState.PENDING


def a_row(state: ReachState = PENDING, *asked: int, since: int | None = None, address: str = "a") -> Reach:
    began = None if since is None else on(since)
    return Reach(recipient=ADA, address=address, state=state, asked_on=tuple(map(on, asked)), since=began)


@pytest.mark.parametrize(("tier", "patience"), [("critical", 3), ("high", 3), ("medium", 12), ("low", 12)])
def test_an_address_that_never_confirms_is_passed_over_once_patience_is_over(tier: str, patience: int) -> None:
    found = [
        standing(LINK, a_day(day, [a_row(PENDING, 0)], confirms=True), Tier(tier)) for day in (patience - 1, patience)
    ]
    assert found == [
        (Standing.WAITING, "its address is not confirmed yet"),
        (Standing.UNREACHABLE, "its address was never confirmed (asked first on 2026-11-23)"),
    ]


@pytest.mark.parametrize(
    ("row", "confirms", "expected"),
    [
        (None, False, Standing.REACHABLE),
        (None, True, Standing.WAITING),
        (a_row(ReachState.CONFIRMED), True, Standing.REACHABLE),
        (a_row(ReachState.DIRECT), True, Standing.REACHABLE),
        (a_row(ReachState.BOUNCED), False, Standing.UNREACHABLE),
        (a_row(ReachState.UNSUBSCRIBED), True, Standing.UNREACHABLE),
        (a_row(ReachState.UNSUBSCRIBED, address="old"), True, Standing.WAITING),
        (a_row(PENDING, -30), False, Standing.REACHABLE),
        (a_row(PENDING, -30, 0, since=0), True, Standing.WAITING),
    ],
)
def test_how_somebody_stands(row: Reach | None, confirms: bool, expected: Standing) -> None:
    assert standing(LINK, a_day(0, [row] if row else [], confirms=confirms), Tier.HIGH)[0] is expected


def refused(state: ReachState, *tried: int, sent: int | None = None, since: int | None = None) -> Reach:
    """Asking or mailing it was refused on those days."""
    return Reach(
        recipient=ADA,
        address="a",
        state=state,
        since=None if since is None else on(since),
        mailed_on=None if sent is None else on(sent),
        tried_on=tuple(map(on, tried)),
    )


@pytest.mark.parametrize(("tier", "patience"), [("critical", 3), ("high", 3), ("medium", 12), ("low", 12)])
@pytest.mark.parametrize("state", [ReachState.DIRECT, ReachState.CONFIRMED, PENDING])
def test_what_cannot_be_written_to_is_passed_over_once_patience_is_over(
    tier: str, patience: int, state: ReachState
) -> None:
    row = refused(state, 0, *range(patience - 3, patience))
    found = [standing(LINK, a_day(day, [row], confirms=True), Tier(tier)) for day in (patience - 1, patience)]
    assert found[0][0] is (Standing.WAITING if state is PENDING else Standing.REACHABLE)
    assert found[1] == (Standing.UNREACHABLE, "could not be written to since 2026-11-23")


@pytest.mark.parametrize(
    ("row", "day", "expected"),
    [
        (refused(ReachState.DIRECT, 0, 3), 9, Standing.UNREACHABLE),
        (refused(ReachState.DIRECT, 0, 3), 10, Standing.REACHABLE),  # a week later it is tried once more
        (refused(ReachState.DIRECT, 0, 3, 10), 11, Standing.UNREACHABLE),
        (refused(ReachState.DIRECT, 0, 3, sent=3), 4, Standing.REACHABLE),
        (refused(ReachState.DIRECT, 0, 3, sent=0), 4, Standing.REACHABLE),  # refused on one day only since
        (refused(ReachState.DIRECT, 0, 3, sent=-1), 4, Standing.UNREACHABLE),
        (refused(ReachState.CONFIRMED, 0, 3, since=4), 4, Standing.REACHABLE),
        (refused(ReachState.CONFIRMED, 0, 3, since=0), 4, Standing.UNREACHABLE),
        (refused(ReachState.UNSUBSCRIBED, 0), 0, Standing.UNREACHABLE),
    ],
)
def test_what_was_sent_or_confirmed_since_is_within_reach(row: Reach, day: int, expected: Standing) -> None:
    assert standing(LINK, a_day(day, [row], confirms=True), Tier.HIGH)[0] is expected


def test_ten_refusals_are_long_enough_for_any_tier() -> None:
    nine, ten = refused(ReachState.DIRECT, *range(9)), refused(ReachState.DIRECT, *range(10))
    found = [standing(LINK, a_day(10, [row], confirms=True), Tier.LOW)[0] for row in (nine, ten)]
    assert found == [Standing.REACHABLE, Standing.UNREACHABLE]


def test_nobody_and_somebody_without_an_address_are_out_of_reach_with_the_reason() -> None:
    link = Link(hop=Hop.OWNER, recipient=ADA, address=None, why="left")
    assert standing(link, a_day(0), Tier.LOW) == (Standing.UNREACHABLE, "left")


def invited(days: range, row: Reach, *missed: int) -> list[int]:
    asked = list(row.asked_on)
    found = []
    for day in days:
        now = Reach(recipient=ADA, address="a", state=row.state, asked_on=tuple(asked), since=row.since)
        if day not in missed and invite_due(now, on(day)):
            asked.append(on(day))
            found.append(day)
    return found


def test_an_address_is_asked_on_days_0_3_and_10_and_a_missed_day_is_made_up_for_once() -> None:
    assert invited(range(40), a_row()) == [0, 3, 10]
    assert invited(range(40), a_row(), 3, 4) == [0, 5, 10]
    assert invited(range(40), a_row(), *range(1, 12)) == [0, 12]


def test_after_an_unsubscription_the_days_count_anew() -> None:
    assert invited(range(20, 60), a_row(ReachState.UNSUBSCRIBED, 0, 3, 10, since=20)) == [20, 23, 30]
    assert invited(range(20, 60), a_row(ReachState.CONFIRMED)) == []


def test_a_day_before_the_first_invitation_asks_nobody() -> None:
    row = Reach(recipient=ADA, address="b", state=ReachState.PENDING, since=on(0), asked_on=(on(2),))
    assert [invite_due(row, on(day)) for day in (1, 2, 5)] == [False, False, True]
