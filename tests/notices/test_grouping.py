"""What is told as one thing: the matters of one identity that come to the reader for the same reason."""

import pytest

from prooftrail.model.judgement import Event, Tier
from prooftrail.model.notice import Hop
from prooftrail.notices import grouping
from prooftrail.notices.day import Call
from prooftrail.notices.grouping import Thing

from .letters import ADA, BO, OTHER, TODAY, a_call, a_draft, a_matter, a_role, asked

FIRST = a_call(a_role(id="1"))


def things(*calls: Call) -> list[Thing]:
    return grouping.things(grouping.ordered(calls, TODAY))


@pytest.mark.parametrize(
    ("other", "number"),
    [
        (a_call(a_role(id="2", control="IDC-28")), 1),
        (a_call(a_role(id="2", control="IDC-28"), step="T-7"), 1),
        (a_call(a_role(id="2", control="IDC-28", tier=Tier.LOW, failing=False)), 1),
        (a_call(a_role(id="2", event=Event.UNOWNED)), 1),
        (a_call(a_role(id="2"), hop=Hop.DEPUTY), 2),
        (a_call(a_role(id="2", account=OTHER)), 2),
        (a_call(a_role(id="2", identity="AROAOTHER")), 2),
        (a_call(a_role(id="2", identity=None)), 2),
        (a_call(a_role(id="2", family="r<n>#00", identity="AROAOTHER")), 2),
    ],
)
def test_matters_of_one_identity_and_hop_are_one_thing(other: Call, number: int) -> None:
    for calls in ((FIRST, other), (other, FIRST)):
        found = things(*calls)
        assert len(found) == number
        assert sum(len(one.told) for one in found) == 2


def test_a_thing_is_as_serious_as_its_worst_and_as_near_as_its_first() -> None:
    (one,) = things(a_call(a_role(due=9, id="1", tier=Tier.CRITICAL)), a_call(a_role(due=-2, id="2", tier=Tier.LOW)))
    assert (one.tier, str(one.due_on)) == (Tier.CRITICAL, "2026-11-21")
    assert (
        "1. CRITICAL - was due Sat 2026-11-21, 2 days late - first notice"
        in a_draft(
            a_call(a_role(due=9, id="1", tier=Tier.CRITICAL)), a_call(a_role(due=-2, id="2", tier=Tier.LOW))
        ).letter_text
    )


def test_who_was_asked_about_any_of_it_is_told_once_nearest_first() -> None:
    first, second = asked(3, BO, Hop.DEPUTY), asked(5)
    calls = a_call(a_role(id="1"), asked=(second, first)), a_call(a_role(id="2"), asked=(second, asked(1, step="T-1")))
    (one,) = things(*calls)
    assert [(each.recipient, each.on.day) for each in one.asked] == [(ADA, 18), (ADA, 22), (BO, 20)]


def test_matters_of_no_identity_stand_alone() -> None:
    account = [a_call(a_matter(id=one, identity=None, kind=None, control="IDC-12")) for one in ("1", "2")]
    assert len(things(*account)) == 2


def test_every_matter_is_sealed_with_its_own_control_and_step() -> None:
    calls = a_call(a_role(id="1")), a_call(a_role(id="2", control="IDC-28"), step="T-7")
    items = a_draft(*calls).notice.items
    assert [(one.matters, one.control, one.step) for one in items] == [
        (("1",), "IDC-08", "first"),
        (("2",), "IDC-28", "T-7"),
    ]
