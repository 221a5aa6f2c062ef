"""The ladder over forty days, event by event and tier by tier: who is called on which day, at which step."""

import pytest

from prooftrail.controls.upcoming import EARLY_DAYS, LEAD_DAYS
from prooftrail.model.judgement import Event, Tier
from prooftrail.model.notice import Hop
from prooftrail.notices.cadence import AHEAD_DAYS, QUIET_DAYS, escalation, steps, weekday
from prooftrail.notices.matter import EXCEPTION_DAYS
from tests.notices.letters import ADA, BO, CY, SEC
from tests.notices.people import OPS, lasting, told_over

# Everything is sent on its day. It begins on day 0, a Monday; a finding or rotation is due on day 10, what expires expired
# on day 0. Once a week the owner hears on Wednesdays, the deputy on Mondays, the contact on Fridays, others on Saturdays.
FAILING = {
    ("finding", "critical"): {
        "owner": [0, 7, 9, 10, 11, 12, 13, 23, 30, 37],
        "deputy": [10, 14, 21, 28, 35],
        "manager": [11, 19, 26, 33, 40],
        "contact": [12, 18, 25, 32, 39],
        "security": [13, 19, 26, 33, 40],
    },
    ("finding", "high"): {
        "owner": [0, 3, 10, 16, 23, 30, 37],
        "deputy": [13, 21, 28, 35],
        "manager": [17, 26, 33, 40],
        "contact": [20, 25, 32, 39],
        "security": [24, 33, 40],
    },
    ("finding", "medium"): {
        "owner": [0, 3, 10, 16, 23, 30, 37],
        "deputy": [17, 21, 28, 35],
        "manager": [24, 33, 40],
        "contact": [31, 39],
        "security": [40],
    },
    ("finding", "low"): {
        "owner": [0, 10, 16, 23, 30, 37],
        "deputy": [24, 28, 35],
        "manager": [40],
    },
    ("rotation", "critical"): {
        "owner": [0, 7, 9, 10, 11, 12, 13, 23, 30, 37],
        "deputy": [10, 14, 21, 28, 35],
        "manager": [11, 19, 26, 33, 40],
        "contact": [12, 18, 25, 32, 39],
        "security": [13, 19, 26, 33, 40],
    },
    ("rotation", "high"): {
        "owner": [0, 10, 16, 23, 30, 37],
        "deputy": [13, 21, 28, 35],
        "manager": [17, 26, 33, 40],
        "contact": [20, 25, 32, 39],
        "security": [24, 33, 40],
    },
    ("rotation", "medium"): {
        "owner": [0, 10, 16, 23, 30, 37],
        "deputy": [17, 21, 28, 35],
        "manager": [24, 33, 40],
        "contact": [31, 39],
        "security": [40],
    },
    ("rotation", "low"): {
        "owner": [0, 10, 16, 23, 30, 37],
        "deputy": [24, 28, 35],
        "manager": [40],
    },
    ("expiry", "critical"): {
        "owner": [0, 1, 2, 3, 9, 16, 23, 30, 37],
        "deputy": [1, 7, 14, 21, 28, 35],
        "manager": [2, 12, 19, 26, 33, 40],
        "contact": [3, 11, 18, 25, 32, 39],
        "security": [4, 12, 19, 26, 33, 40],
    },
    ("expiry", "high"): {
        "owner": [0, 9, 16, 23, 30, 37],
        "deputy": [3, 7, 14, 21, 28, 35],
        "manager": [7, 12, 19, 26, 33, 40],
        "contact": [10, 18, 25, 32, 39],
        "security": [14, 19, 26, 33, 40],
    },
    ("expiry", "medium"): {
        "owner": [0, 9, 16, 23, 30, 37],
        "deputy": [7, 14, 21, 28, 35],
        "manager": [14, 19, 26, 33, 40],
        "contact": [21, 25, 32, 39],
        "security": [30, 40],
    },
    ("expiry", "low"): {
        "owner": [0, 9, 16, 23, 30, 37],
        "deputy": [14, 21, 28, 35],
        "manager": [30, 40],
    },
    ("unowned", "critical"): {
        "contact": [0, 1, 2, 3, 11, 18, 25, 32, 39],
        "security": [0, 1, 2, 3, 12, 19, 26, 33, 40],
    },
    ("unowned", "high"): {
        "contact": [1, 11, 18, 25, 32, 39],
        "security": [1, 5, 12, 19, 26, 33, 40],
    },
    ("unowned", "medium"): {
        "contact": [0, 4, 11, 18, 25, 32, 39],
        "security": [0, 5, 12, 19, 26, 33, 40],
    },
    ("unowned", "low"): {
        "contact": [0, 30],
        "security": [0, 30],
    },
}

BEFORE = {
    ("rotation", "critical"): "T-7, T-3, T-1",
    ("rotation", "high"): "T-14, T-7, T-1",
    ("rotation", "medium"): "T-14, T-7",
    ("rotation", "low"): "T-30, T-7",
    ("unused", "critical"): "T-7, T-3, T-1",
    ("unused", "high"): "T-14, T-7, T-1",
    ("unused", "medium"): "T-14, T-7",
    ("unused", "low"): "T-30, T-7",
    ("expiry", "critical"): "T-60, T-30, T-14, T-7, T-1",
    ("expiry", "high"): "T-45, T-14, T-7, T-1",
    ("expiry", "medium"): "T-30, T-7, T-1",
    ("expiry", "low"): "T-30, T-7",
    ("exception", "critical"): "T-14, T-7, T-1",
    ("exception", "high"): "T-14, T-7, T-1",
    ("exception", "medium"): "T-30, T-7",
    ("exception", "low"): "T-30",
}


@pytest.mark.parametrize(("event", "tier"), FAILING)
def test_who_is_called_on_which_days_of_forty(event: str, tier: str) -> None:
    matter = lasting(
        0 if event == "expiry" else 10, event=Event(event), tier=Tier(tier), owner=None if event == "unowned" else ADA
    )
    days: dict[str, list[int]] = {}
    for one in told_over(range(41), matter):
        day, hop, _ = one.split(" ", 2)
        days.setdefault(hop, []).append(int(day))
    assert days == FAILING[event, tier]


@pytest.mark.parametrize(("event", "tier"), BEFORE)
def test_what_an_owner_is_told_before_a_limit_is_reached(event: str, tier: str) -> None:
    matter = lasting(65, event=Event(event), tier=Tier(tier), failing=False, since=None)
    assert ", ".join(one.split(" ", 2)[2] for one in told_over(range(66), matter)) == BEFORE[event, tier]


@pytest.mark.parametrize("tier", Tier)
@pytest.mark.parametrize("event", Event)
def test_every_step_has_a_name_of_its_own(event: Event, tier: Tier) -> None:
    found = [steps(event, tier, failing=True, start=-day, due=20 - day, week=-day % 7) for day in range(90)]
    days: dict[str, set[int]] = {}
    for day, pair in enumerate(found):
        for one in pair:
            if one:
                days.setdefault(one.name, set()).add(day + one.day)
    assert all(len(each) == 1 for each in days.values())


@pytest.mark.parametrize(
    ("late", "told", "step"),
    [
        (13, 20, None),
        (14, 20, ("overdue 14", 0)),  # told in time: counted from the due date
        (14, 14, ("overdue 14", 0)),
        (14, 13, None),  # told a day late: a day later
        (15, 14, ("overdue 15", 0)),
        (54, 13, None),
        (54, 14, ("overdue 54", 0)),
        (61, 14, ("overdue 61", 0)),  # today is the weekday; it was reached a week ago
    ],
)
def test_a_hop_is_reached_on_its_day_and_not_before(late: int, told: int, step: tuple[str, int] | None) -> None:
    found = escalation(Tier.LOW, Hop.DEPUTY, due=-late, told=-told)[0]
    assert (found and (found.name, found.day)) == step


@pytest.mark.parametrize("tier", Tier)
@pytest.mark.parametrize("event", LEAD_DAYS)
def test_no_first_step_lies_before_what_the_controls_see_coming(event: Event, tier: Tier) -> None:
    lead, early = LEAD_DAYS[event].at(tier), EARLY_DAYS.at(tier)
    assert steps(event, tier, failing=False, start=0, due=lead + 1)[0] is None
    ahead = steps(event, tier, failing=False, start=0, due=lead + early + 1)[1]
    assert ahead is not None
    assert ahead.day > early
    assert early == (AHEAD_DAYS if tier in (Tier.MEDIUM, Tier.LOW) else 0)


@pytest.mark.parametrize("tier", Tier)
def test_no_first_step_lies_before_an_exception_is_a_matter(tier: Tier) -> None:
    assert steps(Event.EXCEPTION, tier, failing=False, start=0, due=EXCEPTION_DAYS + 1)[0] is None


def test_the_weekdays_are_spread_over_the_week_and_are_always_the_same() -> None:
    assert [weekday(one) for one in (ADA, BO, CY, OPS, SEC)] == [2, 0, 5, 4, 5]
    assert {weekday(f"p-{number}") for number in range(100)} == set(range(7))


@pytest.mark.parametrize("week", range(7))
def test_what_repeats_once_a_week_does_on_one_weekday_and_not_soon_after_what_was_told_before(week: int) -> None:
    """A critical finding is due on day 10 and told on day 13 for the last time before it is told once a week."""
    found = set()
    for day in range(11, 60):
        for one in steps(Event.FINDING, Tier.CRITICAL, failing=True, start=-day, due=10 - day, week=(week - day) % 7):
            if one and one.weekly:
                found.add(day + one.day)
    first = min(found)
    assert 13 + QUIET_DAYS <= first < 13 + QUIET_DAYS + 7
    assert sorted(found) == [*range(first, 67, 7)]
    assert {one % 7 for one in found} == {week}


def test_a_rotation_is_told_once_a_week_before_it_is_due() -> None:
    lines = told_over(range(31), lasting(30, event=Event.ROTATION, tier=Tier.HIGH))
    assert lines == ["0 owner first", "9 owner again 9", "16 owner again 16", "23 owner again 23", "30 owner due"]
