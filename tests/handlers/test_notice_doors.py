"""The two doors that tell owners: references between them, numbers for the alarms, and what is in doubt leaves as itself."""

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from prooftrail import handlers
from prooftrail.errors import ClaimsOpen, ConfigError, NoticeError, SendingElsewhere
from prooftrail.flows.send_notices import Delivery
from prooftrail.model.notice import NoticesPlan
from prooftrail.model.run import EvidenceKind, SealedObject
from tests.handlers.doors import Steps

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
type Answers = Callable[..., list[str]]


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
    """Doors whose two flows answer as the test says, or raise it; what happened to the lease and to the shard."""

    def answer(
        *, plan: NoticesPlan | None = None, end: Delivery | Exception | None = None, lease: Exception | None = None
    ) -> list[str]:
        seen = list[str]()

        @contextlib.contextmanager
        def sending() -> Iterator[None]:
            if lease:
                raise lease
            seen.append("taken")
            try:
                yield
            finally:
                seen.append("given back")

        def send(run_id: str, shard: int) -> object:
            assert (run_id, shard) == (RUN, 1)
            seen.append("sent")
            if isinstance(end, Exception):
                raise end
            return end

        def planned(run_id: str) -> NoticesPlan | None:
            return plan if run_id == RUN else None

        wiring = SimpleNamespace(plan_notices=planned, send_notices=send, sending=sending)
        monkeypatch.setattr(handlers, "_wiring", lambda: wiring)
        return seen

    return answer


def numbers(said: list[dict[str, Any]]) -> dict[str, float]:
    """What the alarms were told: every number of every record."""
    records = [one for one in said if "_aws" in one]
    told = {one["Name"]: record[one["Name"]] for record in records for named in _named(record) for one in named}
    return {name: value for name, (value,) in told.items()}


def _named(record: dict[str, Any]) -> list[list[dict[str, Any]]]:
    return [one["Metrics"] for one in record["_aws"]["CloudWatchMetrics"]]


def test_planning_counts_for_the_alarms_and_names_every_shard_for_the_map(answering: Answers, said: Said) -> None:
    answering(
        plan=a_plan(
            shards=2, gaps=("account 1: late",), planned=9, sent=4, unreachable=3, unreachable_owners=2, matters=40
        )
    )
    answer = handlers.plan_notices({"run_id": RUN}, None)
    assert answer == {
        "run_id": RUN,
        "planned": 9,
        "to_send": 4,
        "undeliverable": 3,
        "shards": [{"run_id": RUN, "shard": 0}, {"run_id": RUN, "shard": 1}],
    }
    assert numbers(said()) == {
        "NoticesPlanned": 9,
        "NoticesHeld": 5,
        "OwnersUnreachable": 2,
        "NoticesLate": 1,
    }


def test_shards_that_earlier_runs_left_open_are_sent_before_those_of_today(answering: Answers) -> None:
    left_open = (("20261121T060000Z", 3), ("20261122T060000Z", 0))
    answering(plan=replace(a_plan(shards=1), unended=left_open))
    assert handlers.plan_notices({"run_id": RUN}, None)["shards"] == [
        {"run_id": "20261121T060000Z", "shard": 3},
        {"run_id": "20261122T060000Z", "shard": 0},
        {"run_id": RUN, "shard": 0},
    ]


def test_a_day_without_anything_to_tell_is_all_zeroes_and_no_shard(answering: Answers, said: Said) -> None:
    answering(plan=a_plan(shards=0))
    answer = handlers.plan_notices({"run_id": RUN}, None)
    assert (answer["planned"], answer["to_send"], answer["undeliverable"], answer["shards"]) == (0, 0, 0, [])
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


def test_a_shard_is_sent_while_nobody_else_sends_and_others_may_afterwards_whatever_it_came_to(
    answering: Answers,
) -> None:
    seen = answering(end=Delivery(sent=7, held=0, waiting=0, unreachable=0, failed=0))
    handlers.send_notices({"run_id": RUN, "shard": 1}, None)
    failed = answering(end=ClaimsOpen("whether 1 notices were sent is not known yet."))
    with pytest.raises(ClaimsOpen):
        handlers.send_notices({"run_id": RUN, "shard": 1}, None)
    assert seen == failed == ["taken", "sent", "given back"]


def test_while_somebody_else_sends_nothing_is_sent_or_counted_and_it_leaves_under_its_own_name(
    answering: Answers, said: Said
) -> None:
    seen = answering(lease=SendingElsewhere("another execution sends notices."))
    with pytest.raises(SendingElsewhere):
        handlers.send_notices({"run_id": RUN, "shard": 1}, None)
    written = said()
    assert (seen, numbers(written)) == ([], {})
    (line,) = [one for one in written if one.get("message") == "send_notices"]
    assert (line["error"], line["run"], line["shard"]) == ("SendingElsewhere", RUN, 1)


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
