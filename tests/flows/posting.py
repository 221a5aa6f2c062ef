"""A planned day of notices for the tests of sending: sealed by hand, its letters waiting, every store within reach."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from prooftrail.evidence.redaction import Redactor
from prooftrail.flows import notice_commits
from prooftrail.flows.notice_commits import Ended, PartWriter, letters_name
from prooftrail.flows.notice_post import TO_SEND, content_sha256
from prooftrail.flows.sealing import Sealing
from prooftrail.flows.send_notices import Delivery, SendNotices
from prooftrail.model.judgement import Event, Tier
from prooftrail.model.notice import Hop, Notice, NoticeItem, NoticesPlan, Reach, ReachState, Undelivered
from prooftrail.ports.notices import Letter, Notifier
from prooftrail.settings import Retention
from tests.contracts.fakes import MemoryClaims, MemoryLetters, MemoryLocker, MemoryNotifier
from tests.flows.world import StillClock

SECRET = b"k" * 32
RUN, ON = "20261123T060000Z", date(2026, 11, 23)
AT = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
LATER = timedelta(minutes=20)


QUIET = "q@example.com"


def address_of(number: int) -> str:
    return f"{number}@example.com"


def sealed_as(address: str) -> str:
    return Redactor(SECRET).pseudonym(address)


def a_notice(number: int = 1, *, held: Undelivered | None = None, **known: Any) -> Notice:
    subject, text = f"{number} to do", f"Do {number}.\n"
    item = NoticeItem(
        matters=(f"{number:064x}",), identities=(f"AIDA{number}",), control="IDC-15", event=Event.ROTATION,
        accounts=("111111111111",), tier=Tier.CRITICAL, step="first", hop=Hop.OWNER, due_on=ON, label=f"key {number}",
    )  # fmt: skip
    made: dict[str, Any] = {
        "id": f"{number:032x}", "on": ON, "recipient": f"person-{number:020x}", "address": sealed_as(address_of(number)),
        "route": ("owner",), "step": "first", "style": "full", "subject": subject, "text": text,
        "content_sha256": content_sha256(subject, text), "items": (item,), "held": held,
    }  # fmt: skip
    return Notice(**made | known)


def a_letter(notice: Notice) -> Letter:
    return Letter(
        id=notice.id,
        recipient=notice.recipient,
        address=address_of(int(notice.id, 16)),
        subject=notice.subject,
        text=notice.text,
    )


class Post:
    """The stores, and a process that sends over them."""

    def __init__(self, notifier: Notifier | None = None) -> None:
        self.clock = StillClock(AT)
        self.locker = MemoryLocker(now=self.clock.now)
        self.fake = MemoryNotifier(confirms=False)
        self.notifier: Notifier = notifier or self.fake
        self.claims, self.letters = MemoryClaims(), MemoryLetters()
        self.pauses: list[float] = []

    def sealing(self, locker: Any = None, secret: bytes = SECRET) -> Sealing:
        return Sealing(locker or self.locker, clock=self.clock, retention=Retention(), secret=secret)

    def plan(
        self,
        *shards: Iterable[Notice],
        reach: Iterable[Reach] = (),
        run_id: str = RUN,
        planned_at: datetime = AT,
    ) -> NoticesPlan:
        """Seal a day and keep the letters of what may be sent; `reach` goes with the first shard."""
        notices = PartWriter(self.sealing(), run_id, ON, "notices")
        rows = PartWriter(self.sealing(), run_id, ON, "reach")
        known = list(reach)
        for number, shard in enumerate(shards):
            listed = list(shard)
            for one in listed:
                notices.add(one)
            for row in known if number == 0 else ():
                rows.add(row)
            sealed = notices.finish(empty=True)
            rows.finish(empty=True)
            assert sealed is not None
            waiting = [a_letter(one) for one in listed if one.held in TO_SEND]
            quiet = [
                Letter(id=row.recipient, recipient=row.recipient, address=QUIET, subject="", text="")
                for row in (known if number == 0 else ())
                if row.recipient not in {one.recipient for one in waiting}
            ]
            self.letters.write(letters_name(run_id, sealed), number, [*waiting, *quiet])
        plan = NoticesPlan(
            run_id=run_id, on=ON, planned_at=planned_at, previous=None, shards=tuple(notices.sealed), told=(),
            reach=tuple(rows.sealed), counts=(),
        )  # fmt: skip
        return notice_commits.commit_plan(self.sealing(), plan)

    def process(self, **stores: Any) -> SendNotices:
        """A fresh process; `stores` stand in for some of its own."""
        locker = stores.get("locker", self.locker)
        return SendNotices(
            locker=locker,
            sealing=self.sealing(locker),
            notifier=stores.get("notifier", self.notifier),
            claims=stores.get("claims", self.claims),
            letters=stores.get("letters", self.letters),
            clock=self.clock,
            pause=self.pauses.append,
        )

    def send(self, shard: int = 0) -> Delivery:
        return self.process()(RUN, shard)

    def end(self, shard: int = 0) -> Ended | None:
        return notice_commits.read_end(self.locker, RUN, shard, sealing=self.sealing())

    def arrived(self) -> list[str]:
        return [one.id for one in self.fake.arrived]


def pending(notice: Notice, *asked_on: date, state: ReachState = ReachState.PENDING) -> Reach:
    return Reach(
        recipient=notice.recipient,
        address=notice.address,
        state=state,
        asked_on=asked_on,
        since=min(asked_on, default=None),
    )
