"""The round a matter is in: which answers and hand-overs hold, and when they are spent."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
from msgspec.structs import replace

from prooftrail.model.judgement import Event, Tier
from prooftrail.model.notice import AnswerKind, Matter, Told
from tests.notices.letters import ADA, BO, CY
from tests.notices.people import a_day, after, an_answer, days_of, handed, lasting, mail, moment, on, plan


def owners(lines: list[str]) -> list[str]:
    return [one for one in lines if " owner " in one]


def test_a_hand_over_ends_where_its_owner_by_a_tag_is_another_since() -> None:
    matter = lasting(30, tier=Tier.HIGH, event=Event.FINDING)
    lines = days_of(range(8), lambda day: replace(matter, owner=ADA if day < 5 else CY), handed(1, matter))
    assert lines == ["0 p-ada owner first", "1 p-bo owner handed over", "5 p-cy owner handed over"]


def test_a_hand_over_lasts_while_its_owner_is_only_spelt_otherwise() -> None:
    matter = lasting(30, tier=Tier.HIGH, event=Event.FINDING)
    lines = days_of(range(8), lambda day: replace(matter, owner=ADA if day < 5 else mail(ADA)), handed(1, matter))
    assert lines == ["0 p-ada owner first", "1 p-bo owner handed over"]


def test_whoever_it_was_handed_to_may_say_that_it_is_not_theirs() -> None:
    matter = lasting(30, tier=Tier.HIGH, event=Event.FINDING)
    lines = days_of(range(4), lambda day: replace(matter, not_mine=None if day < 2 else "ask Cy"), handed(1, matter))
    assert lines == [
        "0 p-ada owner first",
        "1 p-bo owner handed over",
        "2 p-ops-mail contact first",
        "2 p-sec security first",
    ]


def test_a_tag_that_stood_there_when_it_was_handed_over_ends_nothing() -> None:
    matter = lasting(30, tier=Tier.HIGH, event=Event.FINDING, not_mine="not me")
    lines = days_of(range(8), lambda day: matter if day < 3 else replace(matter, not_mine=None), handed(1, matter))
    assert owners(lines) == ["1 p-bo owner handed over"]


def test_an_answer_about_an_identity_takes_no_finding_that_came_later() -> None:
    later = lasting(210, id="9" * 32, identity="AKIANEW", event=Event.FINDING, since=moment(200))
    given = an_answer(1, kind=AnswerKind.REASSIGNED, to=BO, matters=("x" * 32,), identities=("AKIANEW",))
    assert days_of([200, 201], lambda _: later, given) == ["200 p-ada owner first"]


@pytest.mark.parametrize(("due", "paused"), [(40, 43), (41, 44), (42, 45), (60, 63)])
def test_an_answer_in_good_time_pauses_from_the_due_date_on(due: int, paused: int) -> None:
    matter = lasting(due, tier=Tier.CRITICAL, event=Event.FINDING, since=moment(30))
    (row,) = plan(a_day(40, answers=(an_answer(40, matters=(matter.id,)),)), [matter], {}).told
    assert (row.paused, row.paused_until) == (True, on(paused))


@pytest.mark.parametrize(("answered", "paused"), [(39, None), (40, 43), (41, 44)])
def test_an_answer_from_before_it_came_back_is_spent(answered: int, paused: int | None) -> None:
    back = lasting(40, tier=Tier.CRITICAL, event=Event.FINDING, since=moment(40))
    said = (an_answer(answered, matters=(back.id,)),)
    (row,) = plan(a_day(41, answers=said), [back], {}).told
    assert (row.paused, row.paused_until) == (paused is not None, None if paused is None else on(paused))


def test_what_is_remembered_from_before_it_came_back_begins_anew() -> None:
    first = lasting(10, tier=Tier.HIGH, event=Event.FINDING)
    said = (an_answer(1, matters=(first.id,)), handed(2, first))
    told: Mapping[str, Told] = {}
    for number in range(4):
        told = after(a_day(number, answers=said[:number]), plan(a_day(number, answers=said[:number]), [first], told))
    back = replace(first, since=moment(40), due_at=moment(60))
    planned = plan(a_day(40, answers=said), [back], told)
    assert [(one.recipient, one.step) for one in planned.calls] == [(ADA, "handed over")]
    assert [(one.paused, one.handed, one.first_on) for one in planned.told] == [(False, None, None)]


def test_a_hand_over_from_before_it_failed_holds_when_it_does() -> None:
    def rotation(day: int) -> Matter:
        failing = lasting(40, tier=Tier.HIGH, event=Event.ROTATION, since=moment(8))
        return failing if day >= 8 else replace(failing, failing=False, since=None, due_at=moment(8))

    early = replace(handed(2, rotation(0)), at=moment(1) + timedelta(hours=3))
    late = replace(handed(2, rotation(0)), at=moment(7) + timedelta(hours=3))
    assert owners(days_of([0, 1, 2, 7, 8], rotation, early)) == [
        "0 p-ada owner T-14",
        "1 p-ada owner T-7",
        "2 p-bo owner handed over",
        "7 p-bo owner T-1",
        "8 p-bo owner first",
    ]
    assert owners(days_of([7, 8], rotation, late)) == ["7 p-ada owner T-1", "8 p-bo owner handed over"]
