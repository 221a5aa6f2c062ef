"""What a scan says of notices: one line of numbers, and first whatever went wrong or is not known."""

from datetime import UTC, date, datetime

import pytest

from prooftrail.cli import summary
from prooftrail.flows.remind_owners import Reminded
from prooftrail.flows.send_notices import Delivery
from prooftrail.model.notice import NoticesPlan

DONE = Delivery(sent=2, held=3, waiting=0, unreachable=0, failed=0)


def a_plan(gaps: tuple[str, ...] = ()) -> NoticesPlan:
    return NoticesPlan(
        run_id="20261123T060000Z", on=date(2026, 11, 23), planned_at=datetime(2026, 11, 23, 6, tzinfo=UTC),
        previous=None, shards=(), told=(), reach=(), gaps=gaps,
        counts=(("held:capped", 1), ("held:closed", 2), ("planned", 1_005), ("sent", 2)),
    )  # fmt: skip


NUMBERS = "notices     1,005 planned, 2 sent, 2 held: its tier is not open yet, 1 held: the day's cap is reached"


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
        "deliveries": [{"sent": 2, "held": 3, "waiting": 0, "unreachable": 0, "failed": 0, "already": False}],
        "error": "in doubt.",
    }
    assert summary._reminded_json(None) is None
