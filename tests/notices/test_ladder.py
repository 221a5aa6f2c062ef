"""Whom the ladder calls today: stand-ins, pauses, hand-overs, missed days, and what is told early."""

import pytest

from prooftrail.governance.notices import Jurisdiction
from prooftrail.model.judgement import Event, Tier
from prooftrail.model.notice import AnswerKind, Asked, Hop, Reach, ReachState
from tests.notices.letters import ACCOUNT, ADA, BO, SEC, a_matter
from tests.notices.people import (
    a_day,
    a_policy,
    after,
    an_answer,
    an_owner,
    lasting,
    lost,
    mail,
    moment,
    on,
    plan,
    told_over,
)  # fmt: skip


def test_whoever_stands_in_hears_at_once_and_the_owner_who_cannot_is_recorded() -> None:
    planned = plan(a_day(0, [lost(ADA)]), [lasting(10)], {})
    out = Asked(
        hop=Hop.OWNER, recipient=ADA, on=on(0), step="unreachable", sent=False, why="its address is unsubscribed"
    )
    (call,) = planned.calls
    assert (call.recipient, call.hop, call.step) == (BO, Hop.DEPUTY, "first")
    assert (call.asked, call.route) == ((out,), ("owner: its address is unsubscribed",))
    assert [(one.steps, one.asked) for one in planned.told] == [((), (out,))]
    assert planned.undeliverable == ()


def test_an_owner_who_can_be_told_again_is_told_what_they_missed() -> None:
    told = after(a_day(0, [lost(ADA)]), plan(a_day(0, [lost(ADA)]), [lasting(10)], {}))
    assert [(one.recipient, one.step) for one in plan(a_day(1), [lasting(10)], told).calls] == [(ADA, "first")]


def test_where_nobody_can_be_told_it_is_stated_and_remembered() -> None:
    policy = a_policy(an_owner(ADA, active=False), security_team=None)
    planned = plan(a_day(0, contacts={}), [lasting(10)], {}, policy)
    assert (planned.calls, planned.undeliverable) == ((), (lasting(10).id,))
    assert [(one.hop, one.why) for one in planned.told[0].asked] == [
        (Hop.OWNER, "left"),
        (Hop.DEPUTY, "nobody is named"),
        (Hop.MANAGER, "nobody is named"),
        (Hop.CONTACT, "nobody is named"),
        (Hop.SECURITY, "notices.toml names no security team"),
    ]


def test_an_address_that_waits_is_called_and_blocks_the_next_hop_only_until_patience_is_over() -> None:
    row = Reach(recipient=ADA, address=mail(ADA), state=ReachState.PENDING, asked_on=(on(0),), since=on(0))
    others = [Reach(recipient=one, address=mail(one), state=ReachState.CONFIRMED) for one in (BO, "p-cy", SEC)]
    matter = lasting(0, tier=Tier.CRITICAL, event=Event.FINDING)
    waits = plan(a_day(2, [row, *others], confirms=True), [matter], {}).calls
    over = plan(a_day(3, [row, *others], confirms=True), [matter], {}).calls
    assert [(one.recipient, one.waiting) for one in waits] == [(ADA, True)]
    assert [(one.recipient, one.hop, one.waiting) for one in over] == [(BO, Hop.DEPUTY, False)]


def test_missed_days_are_made_up_for_by_the_newest_step_alone() -> None:
    matter = lasting(20, tier=Tier.CRITICAL, event=Event.FINDING)
    assert told_over([0, 24], matter) == ["0 owner first", "24 owner overdue 4", "24 deputy overdue 0"]


@pytest.mark.parametrize(("tier", "days"), [("critical", 3), ("high", 7), ("medium", 14), ("low", 30)])
def test_an_acknowledgement_pauses_escalation_and_not_the_owner(tier: str, days: int) -> None:
    matter = lasting(-70, tier=Tier(tier), event=Event.FINDING, since=moment(-90))
    said = (an_answer(1, matters=(matter.id,)),)
    lines = told_over(range(1, days + 3), matter, answers=said)
    hops = {int(one.split()[0]) for one in lines if " owner " not in one}
    assert min(hops) == days + 1
    assert "1 owner" in lines[0]


def test_a_second_answer_pauses_nothing() -> None:
    said = an_answer(0, matters=(lasting(0).id,)), an_answer(20, identities=(lasting(0).identity,))
    told = after(a_day(0, answers=said[:1]), plan(a_day(0, answers=said[:1]), [lasting(0)], {}))
    (row,) = plan(a_day(20, answers=said), [lasting(0)], told).told
    assert (row.paused, row.paused_until, row.answer) == (True, on(7), "acknowledged 2026-11-23")


def test_what_was_handed_over_is_told_to_the_new_owner_once_and_then_by_the_ladder() -> None:
    matter = lasting(20, event=Event.ROTATION)
    told = after(a_day(0), plan(a_day(0), [matter], {}))
    given = (an_answer(1, kind=AnswerKind.REASSIGNED, matters=(matter.id,), to=BO),)
    first = plan(a_day(1, answers=given), [matter], told)
    assert [(one.recipient, one.hop, one.step) for one in first.calls] == [(BO, Hop.OWNER, "handed over")]
    assert first.told[0].owner == BO
    told = after(a_day(1), first)
    assert plan(a_day(1, answers=given), [matter], told).calls == ()
    assert [(one.recipient, one.step) for one in plan(a_day(2, answers=given), [matter], told).calls] == [
        (BO, "again 2")
    ]


def test_an_owner_the_policy_or_a_tag_names_anew_is_told_it_was_handed_over() -> None:
    told = after(a_day(0), plan(a_day(0), [lasting(20)], {}))
    assert [one.step for one in plan(a_day(1), [lasting(20, owner=BO)], told).calls] == ["handed over"]


def test_the_ladder_begins_anew_when_it_fails_and_whoever_was_asked_stays() -> None:
    ahead = lasting(7, failing=False, since=None)
    told = after(a_day(0), plan(a_day(0), [ahead], {}))
    planned = plan(a_day(8), [lasting(37, since=moment(8))], told)
    assert [one.step for one in planned.calls] == ["first"]
    assert [(one.steps, len(one.asked)) for one in planned.told] == [((), 1)]


def test_what_was_to_fail_and_cannot_be_read_since_counts_as_failing() -> None:
    ahead = lasting(2, failing=False, since=None, tier=Tier.CRITICAL)
    assert told_over(range(5), ahead)[:4] == ["0 owner T-3", "1 owner T-1", "3 owner again 1", "3 deputy overdue 0"]


def test_a_matter_that_falls_due_within_three_days_is_told_with_another() -> None:
    def early(days: int, tier: Tier = Tier.MEDIUM) -> list[str]:
        other = lasting(7 + days, id="b" * 32, tier=tier, failing=False, since=None, event=Event.ROTATION)
        told = after(a_day(-1), plan(a_day(-1), [other], {}))
        day = a_day(0)
        planned = plan(day, [lasting(90), other], told)
        assert plan(day, [lasting(90), other], after(day, planned)).calls == ()
        return [one.step for one in planned.calls if one.matter.id == other.id]

    assert (early(3), early(4), early(3, Tier.HIGH)) == (["T-7"], [], [])


def test_where_the_jurisdiction_forbids_it_usage_is_left_out() -> None:
    rule = Jurisdiction(name="works council", accounts=(ACCOUNT,))
    assert [one.usage for one in plan(a_day(0), [lasting(9)], {}, a_policy(jurisdiction=(rule,))).calls] == [False]
    assert [one.usage for one in plan(a_day(0), [lasting(9)], {}).calls] == [True]


def test_all_matters_are_counted_called_or_not() -> None:
    ahead = a_matter(60, failing=False, since=None, tier=Tier.LOW, id="c" * 32)
    planned = plan(a_day(0), [ahead, lasting(9)], {})
    assert planned.open_matters == {Tier.LOW: 1, Tier.HIGH: 1}
    assert [one.matter for one in planned.told] == [lasting(9).id]
