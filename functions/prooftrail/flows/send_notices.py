"""Sends one shard of a day's planned notices, each once, and seals what became of them."""

from collections import Counter
from collections.abc import Callable, Iterable

import msgspec

from prooftrail.errors import NoticeError
from prooftrail.evidence import layout
from prooftrail.model.notice import Notice, NoticesPlan, Reach, ReachState, Sent, Undelivered
from prooftrail.model.run import EvidenceKind
from prooftrail.ports import Clock, Locker
from prooftrail.ports.notices import Claims, Letter, Letters, Notifier

from . import notice_commits
from .notice_commits import Ended, letters_name, records_of
from .notice_post import OUT_OF_REACH, TO_SEND, Post
from .sealing import Sealing

_FATES = ("sent", "held", "waiting", "unreachable", "failed")


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """What a shard came to, in notices; `already` says that it had ended before and nothing was done now."""

    sent: int
    held: int
    waiting: int
    unreachable: int
    failed: int
    already: bool = False


class SendNotices:
    """Sends what a run's plan names: claim, send, complete, so that no death between two steps loses or doubles a notice."""

    def __init__(
        self,
        *,
        locker: Locker,
        sealing: Sealing,
        notifier: Notifier,
        claims: Claims,
        letters: Letters,
        clock: Clock,
        pause: Callable[[float], None],
    ) -> None:
        self._locker, self._sealing, self._notifier, self._claims = locker, sealing, notifier, claims
        self._letters, self._clock, self._pause = letters, clock, pause

    def __call__(self, run_id: str, shard: int) -> Delivery:
        """Send a shard, or give what it came to when it was sent before.

        Raises ClaimsOpen, once everything else is done, where it is not known yet whether a notice went out; EvidenceError
        where the plan or the shard cannot be believed; LedgerError where nothing can be claimed.
        """
        plan = notice_commits.read_plan(self._locker, run_id, sealing=self._sealing)
        if not 0 <= shard < len(plan.shards):
            raise NoticeError(f"run {run_id} has no shard {shard} of notices: it has {len(plan.shards)}.")
        notices = tuple(records_of(notice_commits.read_part(self._locker, plan.shards[shard]), Notice))
        ended = notice_commits.read_end(self._locker, run_id, shard, sealing=self._sealing)
        if ended is not None:
            return _counted(notices, ended, already=True)
        ended = self._send_all(plan, shard, notices)
        key = layout.notices_sent_key(run_id, shard)
        ours = notice_commits.end_body(run_id, shard, plan.on, ended, self._sealing)
        _, body = self._sealing.commit(key, EvidenceKind.NOTICES, ours)
        counts = notice_commits.decode_end(key, body, run_id=run_id, shard=shard, sealing=self._sealing)
        self._forget(counts)
        return _counted(notices, counts, already=body != ours)

    def _send_all(self, plan: NoticesPlan, shard: int, notices: tuple[Notice, ...]) -> Ended:
        to_send = [one for one in notices if one.held in TO_SEND]
        reach = {one.recipient: one for one in self._known(plan, shard)}
        letters = self._read_letters(plan, shard)
        post = Post(
            self._notifier,
            self._claims,
            clock=self._clock,
            pause=self._pause,
            pseudonym=self._sealing.pseudonym,
            on=plan.on,
        )
        for one in to_send:
            before = reach.get(one.recipient)
            if before is None or before.address != one.address:
                before = Reach(recipient=one.recipient, address=one.address, state=ReachState.PENDING)
            reach[one.recipient] = post.deliver(one, letters.get(one.id), before)
        addressed = {one.recipient for one in to_send}
        for row in [one for one in reach.values() if one.recipient not in addressed]:
            if quiet := letters.get(row.recipient):
                reach[row.recipient] = post.look(row, quiet.address)
        post.settle()
        mailed = {one.recipient for one in post.sent if one.message_id}
        rows = (
            msgspec.structs.replace(row, mailed_on=plan.on) if name in mailed else row for name, row in reach.items()
        )
        return Ended(sent=tuple(post.sent), reach=tuple(sorted(rows, key=lambda row: row.recipient)))

    def _known(self, plan: NoticesPlan, shard: int) -> Iterable[Reach]:
        """How the shard's recipients stood when it was planned; nobody is known where that cannot be read."""
        if shard >= len(plan.reach):
            return ()
        return records_of(notice_commits.read_part(self._locker, plan.reach[shard]), Reach)

    def _read_letters(self, plan: NoticesPlan, shard: int) -> dict[str, Letter]:
        """The letters of the shard by notice; none where they are gone: each notice says so."""
        try:
            name = letters_name(plan.run_id, plan.shards[shard])
            return {one.id: one for one in self._letters.read(name, shard)}
        except NoticeError:
            return {}

    def _forget(self, ended: Ended) -> None:
        try:
            self._notifier.forget(tuple(one.notice for one in ended.sent if one.message_id))
        except NoticeError:
            return  # a receipt too many does no harm


def _counted(notices: Iterable[Notice], ended: Ended, *, already: bool) -> Delivery:
    ends = {one.notice: one for one in ended.sent}
    counts = Counter(_fate(one, ends.get(one.id)) for one in notices)
    return Delivery(already=already, **{name: counts[name] for name in _FATES})


def _fate(notice: Notice, end: Sent | None) -> str:
    if end is not None:
        lost = end.error is not None and end.error.startswith(OUT_OF_REACH)
        return "sent" if end.message_id else "unreachable" if lost else "failed"
    if notice.held is Undelivered.WAITING:
        return "waiting"
    return "unreachable" if notice.held is Undelivered.UNREACHABLE else "held"
