"""A day of notices in a small world, sealed as planning and sending seal it."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from prooftrail.evidence import layout, lines
from prooftrail.flows.notice_commits import Ended, end_body, signed_plan
from prooftrail.flows.sealing import Sealing
from prooftrail.model import canonical
from prooftrail.model.judgement import Event
from prooftrail.model.notice import (
    Hop,
    Notice,
    NoticesPart,
    NoticesPlan,
    ReachState,
    Sent,
    Told,
    Undelivered,
)
from prooftrail.model.run import EvidenceKind, SealedObject
from prooftrail.settings import Retention
from tests.flows.world import World

JANE, RAVI = "person-" + "a" * 20, "person-" + "b" * 20


class Noticed:
    """The notices of one run, sealed step by step."""

    def __init__(self, world: World, run_id: str) -> None:
        self.world, self.run_id = world, run_id
        self.on = canonical.tick_of(run_id).date()
        self.sealing = Sealing(
            world.locker, clock=world.clock, retention=Retention(), secret=world.fingerprints.secret()
        )

    def part(self, what: str, records: Sequence[object], *, number: int = 0) -> SealedObject:
        """One part, sealed under its content's name."""
        head = NoticesPart(run_id=self.run_id, on=self.on, what=what, part=number)
        return self.sealing.notices(self.run_id, lines.pack([head, *records]))

    def notice(self, recipient: str = JANE, *, held: Undelivered | None = None) -> Notice:
        return Notice(
            id=canonical.digest((recipient, self.run_id)), on=self.on, recipient=recipient, address=recipient,
            route=(), step="first", style="full", subject="1 thing", text="Rotate it.\n", content_sha256="0" * 64,
            items=(), held=held,
        )  # fmt: skip

    def told(self) -> Told:
        return Told(
            matter="1" * 32, owner=JANE, event=Event.FINDING, failing=True, due_on=self.on + timedelta(days=7), steps=()
        )

    def plan(self, *shards: SealedObject, told: tuple[SealedObject, ...] = ()) -> NoticesPlan:
        """A plan that names these, not written yet."""
        return NoticesPlan(
            run_id=self.run_id, on=self.on, planned_at=self.world.clock.at, previous=None, shards=shards, told=told,
            reach=(), counts=(),
        )  # fmt: skip

    def commit(self, plan: NoticesPlan) -> str:
        """Write the plan under its fixed name."""
        key = layout.notices_plan_key(self.run_id)
        self.sealing.commit(key, EvidenceKind.NOTICES, signed_plan(plan, self.sealing))
        return key

    def sent(self, notice: Notice, **known: object) -> Sent:
        """What became of a notice: it was taken, unless `known` says otherwise."""
        told = Sent(
            notice=notice.id, recipient=notice.recipient, state=ReachState.DIRECT, hop=Hop.OWNER, how="console",
            at=self.world.clock.at, message_id="m-1",
        )  # fmt: skip
        return msgspec.structs.replace(told, **known)

    def end(self, *sent: Sent, shard: int = 0) -> str:
        """Write what became of a shard."""
        key = layout.notices_sent_key(self.run_id, shard)
        body = end_body(self.run_id, shard, self.on, Ended(sent=sent, reach=()), self.sealing)
        self.sealing.commit(key, EvidenceKind.NOTICES, body)
        return key

    def whole(self, *notices: Notice) -> tuple[str, ...]:
        """A plan, its parts and an end in which all notices that are not held were sent; the keys in order."""
        shard, told = self.part("notices", notices), self.part("told", [self.told()])
        plan = self.commit(self.plan(shard, told=(told,)))
        end = self.end(*(self.sent(one) for one in notices if one.held is None))
        return tuple(sorted((shard.key, told.key, plan, end)))
