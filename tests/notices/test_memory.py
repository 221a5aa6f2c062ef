"""What is remembered after a day, and what is not."""

from msgspec.structs import replace

from prooftrail.model.judgement import Event
from prooftrail.model.notice import Asked, Hop, Reach, ReachState, Told
from prooftrail.notices import memory
from tests.notices.letters import ADA, BO
from tests.notices.people import a_notice, on, sent_of

ROW = Told(matter="m", owner=ADA, event=Event.FINDING, failing=True, due_on=on(9), steps=("first",))


def told(day: int, hop: Hop, who: str = ADA, step: str = "s") -> Asked:
    return Asked(hop=hop, recipient=who, on=on(day), step=step, sent=True)


def test_what_was_sent_advances_the_steps_and_names_who_was_asked() -> None:
    notice = a_notice(on(2), BO, ("m", Hop.DEPUTY, "overdue 0"), ("unknown", Hop.OWNER, "first"))
    found = memory.remember({"m": ROW}, [notice], [sent_of(notice)])
    steps = ("first", "deputy: overdue 0")
    assert found == {"m": replace(ROW, steps=steps, first_on=on(2), asked=(told(2, Hop.DEPUTY, BO, "overdue 0"),))}
    assert memory.remember(found, [notice], [sent_of(notice)]) == found


def test_what_was_refused_or_never_tried_leaves_no_trace() -> None:
    notice = a_notice(on(2), ADA, ("m", Hop.OWNER, "T-7"))
    assert memory.remember({"m": ROW}, [notice], [sent_of(notice, message_id=None, error="no")]) == {"m": ROW}
    assert memory.remember({"m": ROW}, [notice], []) == {"m": ROW}


def test_ten_times_are_remembered_and_the_newest_of_each_hop_always() -> None:
    asked: tuple[Asked, ...] = (told(0, Hop.DEPUTY),)
    for day in range(1, 12):
        asked = memory.with_asked(asked, told(day, Hop.OWNER))
    assert [(one.hop, one.on) for one in asked] == [
        (Hop.DEPUTY, on(0)),
        *((Hop.OWNER, on(day)) for day in range(3, 12)),
    ]


def test_of_two_owners_in_turn_the_newest_of_each_is_remembered() -> None:
    asked: tuple[Asked, ...] = (told(0, Hop.OWNER), told(1, Hop.OWNER, BO))
    for day in range(2, 14):
        asked = memory.with_asked(asked, told(day, Hop.CONTACT))
    assert [(one.hop, one.on) for one in asked] == [
        (Hop.OWNER, on(0)),
        (Hop.OWNER, on(1)),
        *((Hop.CONTACT, on(day)) for day in range(6, 14)),
    ]


def test_of_many_owners_in_turn_the_newest_are_remembered() -> None:
    asked: tuple[Asked, ...] = (told(0, Hop.DEPUTY),)
    for day in range(1, 13):
        asked = memory.with_asked(asked, told(day, Hop.OWNER, f"p-{day}"))
    assert [(one.hop, one.on) for one in asked] == [
        (Hop.DEPUTY, on(0)),
        *((Hop.OWNER, on(day)) for day in range(4, 13)),
    ]


def test_the_day_somebody_was_written_to_is_the_day_it_was_sent() -> None:
    row = Reach(recipient=ADA, address="a", state=ReachState.PENDING)
    found = replace(row, state=ReachState.CONFIRMED)
    notice, refused = a_notice(on(2), ADA), a_notice(on(3), ADA)
    ends = [sent_of(notice), sent_of(refused, message_id=None, error="no"), sent_of(a_notice(on(2), BO))]
    assert memory.reached({ADA: row}, ends, [found]) == {ADA: replace(found, mailed_on=on(2))}


def test_of_each_hop_the_newest_time_somebody_was_told_is_kept_though_all_were_out_of_reach_since() -> None:
    heard = [told(2, hop, who=f"p-{hop}") for hop in Hop]
    lost = [
        Asked(hop=hop, recipient=f"p-{hop}", on=on(day), step="unreachable", sent=False, why="left")
        for day in (8, 10, 12)
        for hop in Hop
    ]
    kept: tuple[Asked, ...] = ()

    for one in (*heard, *lost):
        kept = memory.with_asked(kept, one)

    assert len(kept) == memory.MOST_ASKED
    assert set(heard) <= set(kept)
    assert {one.hop for one in kept if one.on == on(12)} == set(Hop)
