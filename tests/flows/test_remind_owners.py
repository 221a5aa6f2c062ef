"""After a run owners are told, and nothing that goes wrong with it is ever the run's."""

from datetime import UTC, date, datetime

from prooftrail.errors import ClaimsOpen, EvidenceMissing
from prooftrail.flows.remind_owners import Reminded, RemindOwners
from prooftrail.flows.send_notices import Delivery
from prooftrail.model.notice import NoticesPlan
from prooftrail.model.run import EvidenceKind, SealedObject

RUN = "20261123T060000Z"
DONE = Delivery(sent=1, held=0, waiting=0, unreachable=0, failed=0)


def a_plan(shards: int) -> NoticesPlan:
    shard = SealedObject(
        key="notices/x", kind=EvidenceKind.NOTICES, sha256="0" * 64, stored_sha256="0" * 64, size=1, count=1
    )
    return NoticesPlan(
        run_id=RUN, on=date(2026, 11, 23), planned_at=datetime(2026, 11, 23, 6, tzinfo=UTC), previous=None,
        shards=(shard,) * shards, told=(), reach=(), counts=(),
    )  # fmt: skip


def test_every_shard_of_the_plan_is_sent_in_turn() -> None:
    sent: list[tuple[str, int]] = []

    def send(run_id: str, shard: int) -> Delivery:
        sent.append((run_id, shard))
        return DONE

    plan = a_plan(3)
    assert RemindOwners(lambda _: plan, send)(RUN) == Reminded(plan=plan, deliveries=(DONE,) * 3)
    assert sent == [(RUN, 0), (RUN, 1), (RUN, 2)]


def test_a_shard_that_fails_keeps_no_other_back_and_is_said() -> None:
    def send(_: str, shard: int) -> Delivery:
        if shard == 0:
            raise ClaimsOpen("whether 1 notices were sent is not known yet.")
        if shard == 1:
            raise ValueError("AKIA... in the words of a defect")
        return DONE

    plan = a_plan(3)
    assert RemindOwners(lambda _: plan, send)(RUN) == Reminded(
        plan=plan,
        deliveries=(DONE,),
        error="whether 1 notices were sent is not known yet.; a defect of Prooftrail: ValueError",
    )


def test_a_plan_that_cannot_be_made_is_a_value() -> None:
    def plan(run_id: str) -> NoticesPlan:
        raise EvidenceMissing(f"the manifest of run {run_id}", "memory:")

    reminded = RemindOwners(plan, lambda *_: DONE)(RUN)
    assert (reminded.plan, reminded.deliveries) == (None, ())
    assert str(reminded.error).startswith(f"the manifest of run {RUN} is not in memory:")


def test_a_defect_while_planning_is_a_value_too() -> None:
    def plan(_: str) -> NoticesPlan:
        raise ZeroDivisionError

    assert RemindOwners(plan, lambda *_: DONE)(RUN) == Reminded(
        plan=None, error="a defect of Prooftrail: ZeroDivisionError"
    )


def test_what_earlier_runs_left_open_is_settled_before_anything_is_planned() -> None:
    steps: list[object] = []

    def plan(_: str) -> NoticesPlan:
        steps.append("planned")
        return a_plan(1)

    def send(run_id: str, shard: int) -> Delivery:
        steps.append((run_id, shard))
        if run_id == "first":
            raise ClaimsOpen("not known yet.")
        return DONE

    reminded = RemindOwners(plan, send, lambda _: (("first", 0), ("second", 3)))(RUN)
    assert steps == [("first", 0), ("second", 3), "planned", (RUN, 0)]
    assert reminded == Reminded(plan=a_plan(1), deliveries=(DONE,), settled=(DONE,), error="not known yet.")


def test_where_it_cannot_be_told_what_is_open_the_plan_is_made_all_the_same() -> None:
    def unended(_: str) -> tuple[tuple[str, int], ...]:
        raise EvidenceMissing("notices/x", "memory:")

    plan = a_plan(1)
    reminded = RemindOwners(lambda _: plan, lambda *_: DONE, unended)(RUN)
    assert (reminded.plan, reminded.deliveries, reminded.settled) == (plan, (DONE,), ())
    assert str(reminded.error).startswith("notices/x is not in memory:")


def test_what_was_settled_is_told_though_nothing_can_be_planned() -> None:
    def plan(_: str) -> NoticesPlan:
        raise ZeroDivisionError

    assert RemindOwners(plan, lambda *_: DONE, lambda _: (("first", 0),))(RUN) == Reminded(
        plan=None, settled=(DONE,), error="a defect of Prooftrail: ZeroDivisionError"
    )
