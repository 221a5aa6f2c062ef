"""What a locker tells of notices: each that was planned, what became of it, and whether a manifest vouches for it.

A notice that the notifier took proves that it was sent. Nothing here says that anybody received or read it.
"""

from collections.abc import Iterator
from datetime import date, datetime

import msgspec

from prooftrail.errors import EvidenceError, EvidenceMissing, EvidenceUnreadable
from prooftrail.evidence import layout
from prooftrail.evidence import notices as sealed_notices
from prooftrail.model import canonical
from prooftrail.model.notice import NOT_KNOWN, Notice, NoticeItem, NoticesPlan, Reach, Sent
from prooftrail.model.run import EvidenceKind, SealedObject
from prooftrail.ports import Locker

from . import notice_commits
from .locker_history import AsOf, LockerHistory
from .notice_commits import Ended, read_part, records_of

NOT_RECORDED = "planned, and what became of it is not recorded"
"""How a notice stands of which no end is sealed: being sent now, or cut short."""


class NoticeRow(msgspec.Struct, frozen=True, kw_only=True):
    """One notice. `status` is `sent`, `failed`, `not known`, `not sent` or `not recorded`, `why` the reason for all but the first.

    `recipient`, `address` and the texts name people while that is possible. `chained_in` is the slot of the manifest that
    names the plan, None where none does yet: then nobody has signed it.
    `content_sha256` is of the subject, a newline and the text as they were sent. `exact` says that `subject` and `text` are
    that: where names stood in it, they are put back here, and the lines may break elsewhere.
    """

    id: str
    on: date
    run_id: str
    recipient: str
    address: str | None
    route: tuple[str, ...]
    step: str
    items: tuple[NoticeItem, ...]
    status: str
    why: str | None
    state: str | None
    how: str | None
    message_id: str | None
    sent_at: datetime | None
    style: str
    weekly: bool
    subject: str
    text: str
    content_sha256: str
    exact: bool
    chained_in: int | None


class NoticeDay(msgspec.Struct, frozen=True, kw_only=True):
    """One run's notices: its plan, and each notice with its end. `wrong` names what of it cannot be read or believed."""

    plan: NoticesPlan
    chained_in: int | None
    notices: tuple[Notice, ...]
    sent: dict[str, Sent]
    reach: tuple[Reach, ...]
    wrong: tuple[str, ...] = ()


class NoticeLog:
    """The notices below `notices/` of one locker, oldest first.

    What a manifest names must be there and be what it says; what none names yet is shown and said to be unchained.
    `unread` says what `latest` and `reach` could not read and did without.
    """

    def __init__(self, locker: Locker, history: LockerHistory) -> None:
        self._locker = locker
        self.unread: list[str] = []
        self._named: dict[str, tuple[int, SealedObject]] = {}
        for run in history.runs:
            for one in history.manifest(run.run_id).objects:
                if one.kind is EvidenceKind.NOTICES:
                    self._named.setdefault(one.key, (run.seq, one))

    def days(self, *, first: date | None = None, last: date | None = None) -> Iterator[NoticeDay | str]:
        """The days a plan was sealed for, `first` and `last` included; one that cannot be read, or is gone, is a sentence."""
        for run_id in self._runs():
            on = canonical.tick_of(run_id).date()
            if (first and on < first) or (last and on > last):
                continue
            try:
                yield self.day(run_id)
            except EvidenceError as error:
                yield f"the notices of run {run_id} cannot be shown: {error}"

    def latest(self, before: datetime | None = None) -> NoticeDay | None:
        """The newest day that can be read, of a run not after `before`; None where there is none."""
        for run_id in reversed(self._runs()):
            if before is not None and canonical.tick_of(run_id) > before:
                continue
            try:
                found = self.day(run_id)
            except EvidenceError as error:
                self.unread.append(f"the notices of run {run_id} are left out: {error}")
                continue
            self.unread += found.wrong
            return found
        return None

    def day(self, run_id: str) -> NoticeDay:
        """One run's notices. Raises EvidenceError where its plan is gone or makes no sense."""
        key = layout.notices_plan_key(run_id)
        plan = sealed_notices.read_plan(key, self._read(key))
        notices, sent, reach = list[Notice](), dict[str, Sent](), list[Reach]()
        wrong: list[str] = []
        for number, shard in enumerate(plan.shards):
            try:
                notices += records_of(read_part(self._locker, shard), Notice)
                if end := self._end(run_id, number):
                    sent |= {one.notice: one for one in end.sent}
                    reach += end.reach
            except EvidenceError as error:
                wrong.append(str(error))
        return NoticeDay(
            plan=plan,
            chained_in=self._named[key][0] if key in self._named else None,
            notices=tuple(notices),
            sent=sent,
            reach=tuple(reach),
            wrong=tuple(wrong),
        )

    def reach(self, day: NoticeDay) -> dict[str, Reach]:
        """How each recipient stood after that day, as far as it can be read."""
        found: dict[str, Reach] = {}
        for part in day.plan.reach:
            try:
                found |= {one.recipient: one for one in records_of(read_part(self._locker, part), Reach)}
            except EvidenceError as error:
                self.unread.append(f"how some owners are reached is not known: {error}")
        return found | {one.recipient: one for one in day.reach}

    def _runs(self) -> list[str]:
        places = (layout.Place(one.key) for one in self._locker.versions("notices/") if not one.delete_marker)
        named = map(layout.Place, self._named)
        return sorted({one.run_id for one in (*places, *named) if one.run_id})

    def _read(self, key: str) -> bytes:
        named = self._named.get(key)
        body = self._locker.get(key, version_id=named[1].version_id if named else None)
        if named and canonical.sha256(body) != named[1].stored_sha256:
            raise EvidenceUnreadable(f"{key} is not what manifest {named[0]} sealed: run `prooftrail verify`.")
        return body

    def _end(self, run_id: str, shard: int) -> Ended | None:
        key = layout.notices_sent_key(run_id, shard)
        try:
            body = self._read(key)
        except EvidenceMissing:
            if key in self._named:
                raise EvidenceUnreadable(
                    f"{key} is gone, and manifest {self._named[key][0]} names it: run `prooftrail verify`."
                ) from None
            return None
        return notice_commits.decode_end(key, body, run_id=run_id, shard=shard, sealing=None)


def rows(day: NoticeDay, view: AsOf) -> Iterator[NoticeRow]:
    """The day's notices as people read them, in order of recipient; names are those `view` can still tell."""
    made = (_row(day, one, view) for one in day.notices)
    yield from sorted(made, key=lambda one: (one.recipient.casefold(), one.id))


def _row(day: NoticeDay, one: Notice, view: AsOf) -> NoticeRow:
    end, reveal = day.sent.get(one.id), view.reveal
    status, why = status_of(one, end)
    subject, text = reveal(one.subject), reveal(one.text)
    return NoticeRow(
        id=one.id,
        on=one.on,
        run_id=day.plan.run_id,
        recipient=reveal(one.recipient),
        address=reveal(one.address) if one.address else None,
        route=tuple(map(reveal, one.route)),
        step=one.step,
        items=tuple(msgspec.structs.replace(each, label=reveal(each.label)) for each in one.items),
        status=status,
        why=reveal(why) if why else None,
        state=end.state if end else None,
        how=end.how if end else None,
        message_id=end.message_id if end else None,
        sent_at=end.at if end and end.message_id else None,
        style=one.style,
        weekly=one.weekly,
        subject=subject,
        text=text,
        content_sha256=one.content_sha256,
        exact=canonical.sha256(f"{subject}\n{text}".encode()) == one.content_sha256,
        chained_in=day.chained_in,
    )


def status_of(one: Notice, end: Sent | None) -> tuple[str, str | None]:
    """How a notice stands, in a word, and the reason for all but `sent`."""
    if end and end.message_id:
        return "sent", None
    if end and end.error:
        return "not known" if end.error == NOT_KNOWN else "failed", end.error
    if one.held:
        return "not sent", str(one.held)
    return "not recorded", NOT_RECORDED
