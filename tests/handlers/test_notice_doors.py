"""The two doors that tell owners: references between them, numbers for the alarms, and what is in doubt leaves as itself."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from prooftrail import handlers
from prooftrail.errors import ClaimsOpen, ConfigError, NoticeError
from prooftrail.flows.send_notices import Delivery
from prooftrail.model.notice import NoticesPlan
from prooftrail.model.run import EvidenceKind, SealedObject
from tests.handlers.doors import MemoryWork, Steps

RUN = "20261123T060000Z"
ON = date(2026, 11, 23)
PART = SealedObject(
    key=f"notices/{RUN}/{'a' * 64}.jsonl.gz",
    kind=EvidenceKind.NOTICES,
    sha256="a" * 64,
    stored_sha256="b" * 64,
    size=1,
    count=1,
    version_id=None,
    retain_until=None,
)

type Said = Callable[[], list[dict[str, Any]]]
type Answers = Callable[..., MemoryWork]


def a_plan(*, shards: int, gaps: tuple[str, ...] = (), **counts: int) -> NoticesPlan:
    return NoticesPlan(
        run_id=RUN,
        on=ON,
        planned_at=datetime(2026, 11, 23, 6, 30, tzinfo=UTC),
        previous=None,
        shards=(PART,) * shards,
        told=(),
        reach=(),
        counts=tuple(sorted(counts.items())),
        gaps=gaps,
    )


@pytest.fixture
def answering(steps: Steps, monkeypatch: pytest.MonkeyPatch) -> Answers:
    """Doors whose two flows answer as the test says, or raise it."""

    def answer(*, plan: NoticesPlan | None = None, end: Delivery | Exception | None = None) -> MemoryWork:
        work = MemoryWork()

        def send(run_id: str, shard: int) -> object:
            assert (run_id, shard) == (RUN, 1)
            if isinstance(end, Exception):
                raise end
            return end

        wiring = SimpleNamespace(
            work=work, plan_notices=lambda run_id: plan if run_id == RUN else None, send_notices=send
        )
        monkeypatch.setattr(handlers, "_wiring", lambda: wiring)
        return work

    return answer


def numbers(said: list[dict[str, Any]]) -> dict[str, float]:
    """What the alarms were told: every number of every record."""
    records = [one for one in said if "_aws" in one]
    told = {one["Name"]: record[one["Name"]] for record in records for named in _named(record) for one in named}
    return {name: value for name, (value,) in told.items()}


def _named(record: dict[str, Any]) -> list[list[dict[str, Any]]]:
    return [one["Metrics"] for one in record["_aws"]["CloudWatchMetrics"]]


def test_planning_counts_for_the_alarms_and_lists_every_shard_for_the_map(answering: Answers, said: Said) -> None:
    work = answering(plan=a_plan(shards=2, gaps=("account 1: late",), planned=9, sent=4, unreachable=3, matters=40))
    answer = handlers.plan_notices({"run_id": RUN}, None)
    key = f"work/{RUN}/shards.jsonl"
    assert answer == {
        "run_id": RUN,
        "planned": 9,
        "to_send": 4,
        "undeliverable": 3,
        "shards": {"bucket": "work", "key": key, "count": 2},
    }
    assert work.lists[key] == [{"run_id": RUN, "shard": 0}, {"run_id": RUN, "shard": 1}]
    assert numbers(said()) == {
        "NoticesPlanned": 9,
        "NoticesHeld": 5,
        "OwnersUnreachable": 3,
        "NoticesLate": 1,
    }


def test_a_day_without_anything_to_tell_is_all_zeroes_and_no_shard(answering: Answers, said: Said) -> None:
    answering(plan=a_plan(shards=0))
    answer = handlers.plan_notices({"run_id": RUN}, None)
    assert (answer["planned"], answer["to_send"], answer["undeliverable"], answer["shards"]["count"]) == (0, 0, 0, 0)
    assert numbers(said()) == {
        "NoticesPlanned": 0,
        "NoticesHeld": 0,
        "OwnersUnreachable": 0,
        "NoticesLate": 0,
    }


def test_sending_counts_what_went_out_and_what_did_not(answering: Answers, said: Said) -> None:
    answering(end=Delivery(sent=7, held=2, waiting=1, unreachable=1, failed=3))
    assert handlers.send_notices({"run_id": RUN, "shard": 1}, None) == {
        "run_id": RUN,
        "shard": 1,
        "sent": 7,
        "failed": 3,
    }
    assert numbers(said()) == {
        "NoticesSent": 7,
        "NoticesFailed": 3,
        "NoticesInDoubt": 0,
    }


def test_a_shard_that_was_sent_before_is_not_counted_again(answering: Answers, said: Said) -> None:
    answering(end=Delivery(sent=7, held=0, waiting=0, unreachable=0, failed=0, already=True))
    assert handlers.send_notices({"run_id": RUN, "shard": 1}, None)["sent"] == 7
    assert numbers(said()) == {"NoticesInDoubt": 0}


def test_a_shard_in_doubt_leaves_under_its_own_name_so_that_it_is_tried_again(answering: Answers, said: Said) -> None:
    answering(end=ClaimsOpen("whether 1 notices were sent is not known yet."))
    with pytest.raises(ClaimsOpen):
        handlers.send_notices({"run_id": RUN, "shard": 1}, None)
    written = said()
    assert numbers(written) == {"NoticesInDoubt": 1}
    (line,) = [one for one in written if one.get("message") == "send_notices"]
    assert (line["error"], line["run"], line["shard"]) == ("ClaimsOpen", RUN, 1)


def test_any_other_failure_is_no_doubt(answering: Answers, said: Said) -> None:
    answering(end=NoticeError("there is no shard 1."))
    with pytest.raises(NoticeError, match="there is no shard 1"):
        handlers.send_notices({"run_id": RUN, "shard": 1}, None)
    assert numbers(said()) == {}


@pytest.mark.parametrize(
    ("door", "event", "field"),
    [
        ("plan_notices", {"run_id": RUN, "shard": 0}, "`shard`"),
        ("plan_notices", {}, "`run_id`"),
        ("send_notices", {"run_id": RUN}, "`shard`"),
        ("send_notices", {"run_id": RUN, "shard": -1}, r"\$.shard"),
        ("send_notices", {"run_id": RUN, "shard": 1000}, r"\$.shard"),
        ("send_notices", {"run_id": RUN, "shard": "0"}, r"\$.shard"),
        ("send_notices", {"run_id": f"{RUN}\n", "shard": 0}, r"\$.run_id"),
    ],
)
def test_an_event_with_more_less_or_other_than_it_takes_is_refused(door: str, event: object, field: str) -> None:
    with pytest.raises(ConfigError, match=field):
        getattr(handlers, door)(event, None)
