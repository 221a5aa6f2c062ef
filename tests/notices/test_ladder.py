"""Whom the ladder calls today: stand-ins, pauses, hand-overs, missed days, and what is told early."""

import pytest
from msgspec.structs import replace

from prooftrail.governance.notices import Jurisdiction
from prooftrail.model.judgement import Event, Tier
from prooftrail.model.notice import AnswerKind, Asked, Hop, Matter, Reach, ReachState
from prooftrail.notices.cadence import ESCALATION_DAYS
from tests.notices.letters import ACCOUNT, ADA, BO, CY, SEC, a_matter
from tests.notices.people import (
    a_day,
    a_policy,
    after,
    an_answer,
    an_owner,
    days_of,
    handed,
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
    assert told_over([0, 24], matter) == ["0 owner first", "24 owner overdue 3", "24 deputy overdue 0"]


@pytest.mark.parametrize(("tier", "days"), [("critical", 3), ("high", 7), ("medium", 14), ("low", 30)])
def test_an_acknowledgement_pauses_escalation_and_not_the_owner(tier: str, days: int) -> None:
    matter = lasting(-70, tier=Tier(tier), event=Event.FINDING, since=moment(-90))
    said = (an_answer(1, matters=(matter.id,)),)
    lines = told_over(range(1, days + 3), matter, answers=said)
    hops = {int(one.split()[0]) for one in lines if " owner " not in one}
    assert min(hops) == days + 1
    assert "1 owner" in lines[0]


def test_a_second_answer_pauses_nothing() -> None:
    said = an_answer(0, matters=(lasting(0).id,)), an_answer(20, matters=(lasting(0).id,))
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
    assert plan(a_day(6, answers=given), [matter], told).calls == ()
    assert [(one.recipient, one.step) for one in plan(a_day(7, answers=given), [matter], told).calls] == [
        (BO, "again 7")
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
    assert told_over(range(5), ahead)[:4] == ["0 owner T-3", "1 owner T-1", "3 owner overdue 1", "3 deputy overdue 0"]


def test_a_matter_that_falls_due_within_three_days_is_told_with_another() -> None:
    def early(days: int, tier: Tier = Tier.MEDIUM) -> list[str]:
        other = lasting(7 + days, id="b" * 32, tier=tier, failing=False, since=None, event=Event.ROTATION)
        told = after(a_day(days - 7), plan(a_day(days - 7), [other], {}))  # its T-14
        day = a_day(0)
        planned = plan(day, [lasting(90), other], told)
        assert plan(day, [lasting(90), other], after(day, planned)).calls == ()
        return [one.step for one in planned.calls if one.matter.id == other.id]

    assert (early(3), early(4)) == (["T-7"], [])
    assert (early(3, Tier.HIGH), early(3, Tier.CRITICAL)) == (["T-7"], [])


def test_where_the_jurisdiction_forbids_it_usage_is_left_out() -> None:
    rule = Jurisdiction(name="works council", accounts=(ACCOUNT,))
    assert [one.usage for one in plan(a_day(0), [lasting(9)], {}, a_policy(jurisdiction=(rule,))).calls] == [False]
    assert [one.usage for one in plan(a_day(0), [lasting(9)], {}).calls] == [True]


def test_all_matters_are_counted_called_or_not() -> None:
    ahead = a_matter(60, failing=False, since=None, tier=Tier.LOW, id="c" * 32)
    planned = plan(a_day(0), [ahead, lasting(9)], {})
    assert planned.open_matters == {ADA: {Tier.LOW: 1, Tier.HIGH: 1}}
    assert [one.matter for one in planned.told] == [lasting(9).id]


# nobody is late with what they were never told ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tier", "days"),
    [
        (
            "critical",
            {"deputy": 1, "manager": 2, "contact": 3, "security": 4},
        ),  # a hop a day: each after the one before
        ("high", {"deputy": 3, "manager": 7, "contact": 10, "security": 14}),
        ("medium", {"deputy": 7, "manager": 14, "contact": 21, "security": 30}),
        ("low", {"deputy": 14, "manager": 30, "contact": 45, "security": 60}),
    ],
)
def test_what_was_late_before_its_owner_was_told_goes_up_by_days_since_they_were(
    tier: str, days: dict[str, int]
) -> None:
    late = lasting(-40, tier=Tier(tier), event=Event.FINDING, since=moment(-90))
    first: dict[str, int] = {}
    for one in told_over(range(61), late):
        day, hop, step = one.split(" ", 2)
        if hop != "owner" and first.setdefault(hop, int(day)) == int(day):
            assert step == f"overdue {40 + ESCALATION_DAYS[Tier(tier)][Hop(hop)]}"
    assert first == days


def test_how_often_the_owner_hears_does_not_depend_on_it() -> None:
    late = lasting(-40, tier=Tier.HIGH, event=Event.FINDING, since=moment(-90))
    owner = [one for one in told_over(range(24), late) if " owner " in one]
    assert owner == ["0 owner overdue 35", "9 owner overdue 49", "16 owner overdue 56", "23 owner overdue 63"]


def test_months_that_were_only_planned_do_not_count() -> None:
    late = lasting(-40, tier=Tier.CRITICAL, event=Event.FINDING, since=moment(-90))
    told = after(a_day(0), plan(a_day(0), [late], {}), lambda _: False)
    for number in range(1, 5):
        planned = plan(a_day(number), [late], told)
        assert [one.hop for one in planned.calls] == [Hop.OWNER]
        told = after(a_day(number), planned, lambda _: False)
    told = after(a_day(5), plan(a_day(5), [late], told))
    assert [one.first_on for one in told.values()] == [on(5)]


def test_who_is_handed_something_late_has_as_long_as_whoever_had_it_first_but_once_only() -> None:
    late = lasting(-40, tier=Tier.HIGH, event=Event.FINDING, since=moment(-90))
    lines = days_of(range(12), lambda _: late, handed(2, late), handed(4, late, ADA), handed(6, late))
    assert [one for one in lines if int(one.split()[0]) in (2, 4, 6)] == [
        "2 p-bo owner handed over",
        "4 p-ada owner handed over",
    ]
    once = days_of(range(13), lambda _: late, handed(2, late, SEC))
    assert once[-1] == "12 p-ops-mail contact overdue 52"  # 10 days after the new owner was told first


# whose it is by a tag may change every day -------------------------------------------------------------------------


def first_days(lines: list[str]) -> dict[str, int]:
    """The first day each hop was told on."""
    found: dict[str, int] = {}
    for one in lines:
        day, _, hop, _ = one.split(" ", 3)
        found.setdefault(hop, int(day))
    return found


def test_an_owner_who_is_another_one_every_day_keeps_nobody_from_hearing() -> None:
    late = lasting(0, tier=Tier.CRITICAL, event=Event.FINDING)
    lines = days_of(range(60), lambda day: replace(late, owner=(ADA, CY)[day % 2]))
    assert first_days(lines) == {"owner": 0, "deputy": 2, "contact": 3, "manager": 4, "security": 5}
    assert sum("handed over" in one for one in lines) == 1


def test_another_spelling_of_the_owner_changes_nothing() -> None:
    late = lasting(0, tier=Tier.CRITICAL, event=Event.FINDING)
    steady = days_of(range(30), lambda _: late)
    assert days_of(range(30), lambda day: replace(late, owner=(ADA, f" {ADA.upper()} ")[day % 2])) == steady


def test_a_due_date_that_moves_between_past_days_keeps_nobody_from_hearing() -> None:
    def moving(day: int) -> Matter:
        return lasting(-5 - day % 2, tier=Tier.CRITICAL, event=Event.FINDING, since=moment(-20))

    assert first_days(days_of(range(9), moving)) == {"owner": 0, "deputy": 1, "manager": 2, "contact": 3, "security": 4}


def test_what_fails_every_other_day_only_goes_up_all_the_same() -> None:
    def flapping(day: int) -> Matter:
        failing = lasting(2, tier=Tier.CRITICAL, event=Event.ROTATION, since=moment(0))
        return failing if day % 2 == 0 else replace(failing, failing=False, since=None)

    assert {"contact", "security"} < first_days(days_of(range(20), flapping)).keys()


def test_a_due_date_is_told_at_once_where_it_is_earlier_than_it_ever_was_and_then_by_its_steps() -> None:
    def due(day: int) -> Matter:
        return lasting((40, 20, 19, 40, 20, 12)[min(day, 5)], tier=Tier.HIGH, event=Event.FINDING)

    assert days_of(range(13), due) == [
        "0 p-ada owner first",
        "1 p-ada owner first",
        "5 p-ada owner T-7",
        "12 p-ada owner due",
    ]


def test_a_tier_that_changes_every_day_gives_no_mail_a_day() -> None:
    def tiered(day: int) -> Matter:
        high = day % 2 == 1
        return lasting(14 if high else 30, tier=Tier.HIGH if high else Tier.MEDIUM, event=Event.FINDING)

    assert days_of(range(14), tiered) == ["0 p-ada owner first", "1 p-ada owner first", "7 p-ada owner T-7"]


def test_what_is_told_early_was_not_told_within_the_last_three_days() -> None:
    ahead = lasting(10, failing=False, since=None, tier=Tier.MEDIUM, event=Event.ROTATION)
    told = after(a_day(0), plan(a_day(0), [ahead], {}))
    lines = []
    for number in range(1, 5):
        other = lasting(30, id=f"{number:032x}", event=Event.FINDING, since=moment(number))
        lines += [f"{number} {one.step}" for one in plan(a_day(number), [ahead, other], told).calls]
    assert lines == ["1 first", "2 first", "3 T-7", "3 first", "4 T-7", "4 first"]


# what cannot be sent -----------------------------------------------------------------------------------------------


def test_whoever_cannot_be_written_to_is_passed_over_once_patience_is_over() -> None:
    late = lasting(0, tier=Tier.CRITICAL, event=Event.FINDING)
    row = Reach(recipient=ADA, address=mail(ADA), state=ReachState.DIRECT, tried_on=(on(0), on(1), on(2)))
    day = a_day(3, [row])
    planned = plan(day, [late], {})
    assert [(one.recipient, one.route) for one in planned.calls] == [
        (BO, (f"owner: could not be written to since {on(0)}",))
    ]


def test_the_day_nobody_was_found_who_can_be_told_counts_as_told() -> None:
    policy = a_policy(an_owner(ADA, active=False), security_team=None)
    told = {one.matter: one for one in plan(a_day(0, contacts={}), [lasting(10)], {}, policy).told}
    assert [one.first_on for one in told.values()] == [on(0)]
    again = plan(a_day(1, contacts={}), [lasting(10)], told, policy)
    assert [one.first_on for one in again.told] == [on(0)]


# whose it is, and whom nothing reaches -----------------------------------------------------------------------------


def test_what_is_open_is_counted_for_whoever_hears_as_its_owner() -> None:
    given = (an_answer(0, kind=AnswerKind.REASSIGNED, matters=("b" * 32,), to=BO),)
    named = lasting(9, id="c" * 32, owner=mail(ADA))
    unowned = lasting(9, id="d" * 32, owner=None, event=Event.UNOWNED)
    planned = plan(a_day(0, answers=given), [lasting(9), lasting(9, id="b" * 32), named, unowned], {})
    assert planned.open_matters == {ADA: {Tier.HIGH: 2}, BO: {Tier.HIGH: 1}}


def test_owners_who_cannot_be_told_are_named_once_whoever_stands_in_for_them() -> None:
    policy = a_policy(an_owner(ADA, deputy=BO, active=False), an_owner(BO), security_team=None)
    unowned = [lasting(9, id=f"{one:032x}", owner=None, event=Event.UNOWNED, tier=Tier.CRITICAL) for one in range(2)]
    found = plan(a_day(0, contacts={}), [lasting(9), lasting(9, id="b" * 32), *unowned], {}, policy)
    assert found.unreachable == {ADA, f"account {ACCOUNT}"}
    assert found.undeliverable == tuple(one.id for one in unowned)
    assert plan(a_day(0), [lasting(9)], {}).unreachable == set()


def test_a_jurisdiction_holds_however_a_tag_spells_its_owner() -> None:
    rule = Jurisdiction(name="works council", owners=(ADA,))
    matter = lasting(9, owner=mail(ADA))
    assert [one.usage for one in plan(a_day(0), [matter], {}, a_policy(jurisdiction=(rule,))).calls] == [False]
