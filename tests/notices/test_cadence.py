"""The ladder over forty days, event by event and tier by tier: who is called on which day, at which step."""

import pytest

from prooftrail.model.judgement import Event, Tier
from prooftrail.model.notice import Hop
from prooftrail.notices.cadence import escalation, steps
from tests.notices.letters import ADA
from tests.notices.people import lasting, told_over

# Everything is sent on its day. It begins on day 0; a finding or rotation is due on day 10, what expires expired on day 0.
FAILING = {
    ("finding", "critical"): {
        "owner": [0, 7, *range(9, 41)],
        "deputy": [10, 17, 24, 31, 38],
        "manager": [11, 18, 25, 32, 39],
        "contact": [12, 19, 26, 33, 40],
        "security": [13, 20, 27, 34],
    },
    ("finding", "high"): {
        "owner": [0, 3, 9, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 34, 36, 38, 40],
        "deputy": [13, 20, 27, 34],
        "manager": [17, 24, 31, 38],
        "contact": [20, 27, 34],
        "security": [24, 31, 38],
    },
    ("finding", "medium"): {
        "owner": [0, 3, 10, 17, 24, 31, 38],
        "deputy": [17, 24, 31, 38],
        "manager": [24, 31, 38],
        "contact": [31, 38],
        "security": [40],
    },
    ("finding", "low"): {
        "owner": [0, 10, 17, 24, 31, 38],
        "deputy": [24, 31, 38],
        "manager": [40],
    },
    ("rotation", "critical"): {
        "owner": [*range(41)],
        "deputy": [10, 17, 24, 31, 38],
        "manager": [11, 18, 25, 32, 39],
        "contact": [12, 19, 26, 33, 40],
        "security": [13, 20, 27, 34],
    },
    ("rotation", "high"): {
        "owner": [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 34, 36, 38, 40],
        "deputy": [13, 20, 27, 34],
        "manager": [17, 24, 31, 38],
        "contact": [20, 27, 34],
        "security": [24, 31, 38],
    },
    ("rotation", "medium"): {
        "owner": [0, 7, 14, 21, 28, 35],
        "deputy": [17, 24, 31, 38],
        "manager": [24, 31, 38],
        "contact": [31, 38],
        "security": [40],
    },
    ("rotation", "low"): {
        "owner": [0, 7, 14, 21, 28, 35],
        "deputy": [24, 31, 38],
        "manager": [40],
    },
    ("expiry", "critical"): {
        "owner": [*range(41)],
        "deputy": [1, 7, 14, 21, 28, 35],
        "manager": [2, 8, 15, 22, 29, 36],
        "contact": [3, 9, 16, 23, 30, 37],
        "security": [4, 10, 17, 24, 31, 38],
    },
    ("expiry", "high"): {
        "owner": [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 34, 36, 38, 40],
        "deputy": [3, 10, 17, 24, 31, 38],
        "manager": [7, 14, 21, 28, 35],
        "contact": [10, 17, 24, 31, 38],
        "security": [14, 21, 28, 35],
    },
    ("expiry", "medium"): {
        "owner": [0, 7, 14, 21, 28, 35],
        "deputy": [7, 14, 21, 28, 35],
        "manager": [14, 21, 28, 35],
        "contact": [21, 28, 35],
        "security": [30, 37],
    },
    ("expiry", "low"): {
        "owner": [0, 7, 14, 21, 28, 35],
        "deputy": [14, 21, 28, 35],
        "manager": [30, 37],
    },
    ("unowned", "critical"): {
        "contact": [*range(41)],
        "security": [*range(41)],
    },
    ("unowned", "high"): {
        "contact": [1, 8, 15, 22, 29, 36],
        "security": [1, 8, 15, 22, 29, 36],
    },
    ("unowned", "medium"): {
        "contact": [0, 7, 14, 21, 28, 35],
        "security": [0, 7, 14, 21, 28, 35],
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
    found = [steps(event, tier, failing=True, start=-day, due=20 - day) for day in range(90)]
    days: dict[str, set[int]] = {}
    for day, pair in enumerate(found):
        for one in pair:
            if one:
                days.setdefault(one.name, set()).add(day + one.day)
    assert all(len(each) == 1 for each in days.values())


def test_a_hop_is_reached_on_its_day_and_not_before() -> None:
    low = [escalation(Tier.LOW, hop, due=-day)[0] for hop, day in ((Hop.DEPUTY, 13), (Hop.DEPUTY, 14))]
    assert [one and (one.name, one.day) for one in low] == [None, ("overdue 14", 0)]
