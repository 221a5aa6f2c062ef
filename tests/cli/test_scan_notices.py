"""What a scan says of notices: one line of numbers, and first whatever went wrong or is not known."""

from datetime import UTC, date, datetime

import pytest

from prooftrail.cli import summary
from prooftrail.flows.remind_owners import Reminded
from prooftrail.flows.send_notices import Delivery
from prooftrail.model.notice import NoticesPlan, Undelivered

DONE = Delivery(sent=2, held=3, waiting=0, unreachable=0, failed=0)


COUNTS = (("held:capped", 1), ("held:closed", 2), ("planned", 1_005), ("sent", 2))


def a_plan(gaps: tuple[str, ...] = (), counts: tuple[tuple[str, int], ...] = COUNTS) -> NoticesPlan:
    return NoticesPlan(
        run_id="20261123T060000Z", on=date(2026, 11, 23), planned_at=datetime(2026, 11, 23, 6, tzinfo=UTC),
        previous=None, shards=(), told=(), reach=(), gaps=gaps,
        counts=counts,
    )  # fmt: skip


NUMBERS = "notices     1,005 planned, 2 sent; 2 held: its tier is not open yet; 1 held: the day's cap is reached"


@pytest.mark.parametrize(
    ("reminded", "lines"),
    [
        (None, []),
        (Reminded(plan=None, error="no letters can be kept."), ["NOTICES     no letters can be kept."]),
        (Reminded(plan=a_plan(), deliveries=(DONE,)), [NUMBERS]),
        (Reminded(plan=a_plan(("a", "b", "c")), deliveries=(DONE,)),
         ["NOTICES     a", "NOTICES     b", "NOTICES     c", NUMBERS]),
        (Reminded(plan=a_plan(("a", "b", "c", "d")), deliveries=(DONE,), error="in doubt."),
         ["NOTICES     in doubt.", "NOTICES     a", "NOTICES     b", "NOTICES     c",
          "NOTICES     and 1 more that is not known: `prooftrail notices`", NUMBERS]),
    ],
)  # fmt: skip
def test_what_a_scan_says_of_notices(reminded: Reminded | None, lines: list[str]) -> None:
    assert summary._reminded(reminded) == lines


def test_a_program_reads_the_same_numbers() -> None:
    told = summary._reminded_json(Reminded(plan=a_plan(("a",)), deliveries=(DONE,), error="in doubt."))
    assert told == {
        "planned": {"held:capped": 1, "held:closed": 2, "planned": 1_005, "sent": 2},
        "previous": None,
        "gaps": ["a"],
        "deliveries": [
            {"sent": 2, "held": 3, "waiting": 0, "unreachable": 0, "failed": 0, "unknown": 0, "already": False}
        ],
        "error": "in doubt.",
    }
    assert summary._reminded_json(None) is None


def numbers(sent: int, counts: dict[str, int]) -> str:
    told = Reminded(
        plan=a_plan(counts=(("planned", 11), *counts.items())),
        deliveries=(Delivery(sent=sent, held=0, waiting=0, unreachable=0, failed=0),),
    )
    (line,) = summary._reminded(told)
    return line.removeprefix("notices     ")


@pytest.mark.parametrize(
    ("sent", "counts", "line"),
    [
        (11, {"sent": 11, "step:first": 5, "step:reminder": 4, "step:escalated": 2},
         "11 planned, 11 sent: 5 first, 4 reminders, 2 escalated"),
        (11, {"sent": 11, "step:first": 30, "step:reminder": 1},
         "11 planned, 11 sent with 31 things: 30 first, 1 reminder"),
        (8, {"sent": 11, "step:escalated": 11}, "11 planned, 8 of 11 sent: 11 escalated"),
        (12, {"sent": 11, "step:first": 11}, "11 planned, 12 sent: 11 first"),
        (1, {"sent": 1}, "11 planned, 1 sent"),
        (0, {"sent": 0}, "11 planned, 0 sent"),
        (0, {"held:unremembered": 11},
         "11 planned, 0 sent; 11 held: what was told before cannot be read, so nothing is sent for a day"),
    ],
)  # fmt: skip
def test_a_scan_says_what_the_ladder_did(sent: int, counts: dict[str, int], line: str) -> None:
    assert numbers(sent, counts) == line


@pytest.mark.parametrize(("number", "what"), [(1, "1 notice was"), (2, "2 notices were")])
def test_a_scan_is_loud_about_what_may_have_been_sent(number: int, what: str) -> None:
    done = Delivery(sent=0, held=0, waiting=0, unreachable=0, failed=0, unknown=number)
    assert summary._reminded(Reminded(plan=a_plan(counts=()), deliveries=(done,))) == [
        f"NOTICES     it is not known whether {what} sent: none is sent again, and it counts as told",
        "notices     0 planned, 0 sent",
    ]


@pytest.mark.parametrize(("lost", "said"), [(0, ""), (1, "; 1 owner out of reach"), (3, "; 3 owners out of reach")])
def test_a_scan_says_how_many_owners_are_out_of_reach(lost: int, said: str) -> None:
    told = Reminded(plan=a_plan(counts=(("planned", 0), ("unreachable_owners", lost))))
    assert summary._reminded(told) == [f"notices     0 planned, 0 sent{said}"]


def test_every_reason_to_hold_a_notice_has_its_words() -> None:
    told = Reminded(plan=a_plan(counts=tuple((f"held:{one.name.lower()}", 1) for one in Undelivered)))
    (line,) = summary._reminded(told)
    assert line == "; ".join(["notices     0 planned, 0 sent", *(f"1 held: {one}" for one in Undelivered)])
