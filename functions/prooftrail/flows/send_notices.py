"""Sends one shard of a day's planned notices, each once, and seals what became of them."""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import timedelta

import msgspec

from prooftrail.errors import NoticeError
from prooftrail.evidence import layout
from prooftrail.model import canonical
from prooftrail.model.notice import NOT_KNOWN, Notice, NoticesPlan, Reach, Sent, Undelivered
from prooftrail.model.run import EvidenceKind
from prooftrail.ports import Clock, Locker
from prooftrail.ports.notices import Claims, Letter, Letters, Notifier

from . import notice_commits
from .notice_commits import Ended, letters_name, records_of
from .notice_post import OUT_OF_REACH, TO_SEND, Post
from .sealing import Sealing

LATE = timedelta(hours=6)
"""So long after it was planned a day's mail still goes out past midnight; later it is planned anew."""

RECEIPTS_LAST = timedelta(hours=36)
"""How long a receipt is to be found for sure: queues let go of older ones."""

_FATES = ("sent", "held", "waiting", "unreachable", "failed", "unknown")


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """What a shard came to, in notices; `already` says that it had ended before and nothing was done now.

    `failed` are also those whose address could not be asked, `unknown` those of which nobody knows whether they were sent.
    """

    sent: int
    held: int
    waiting: int
    unreachable: int
    failed: int
    unknown: int = 0
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
        receipts_last: timedelta = RECEIPTS_LAST,
    ) -> None:
        self._locker, self._sealing, self._notifier, self._claims = locker, sealing, notifier, claims
        self._letters, self._clock, self._pause, self._receipts_last = letters, clock, pause, receipts_last

    def __call__(self, run_id: str, shard: int) -> Delivery:
        """Send a shard, or give what it came to when it was sent before. One of a day that is over is only settled.

        Raises ClaimsOpen, once everything else is done, where it is not known yet whether a notice went out; EvidenceError
        where the plan or the shard cannot be believed; LedgerError where nothing can be claimed.
        """
        plan = notice_commits.read_plan(self._locker, run_id, sealing=self._sealing)
        if not 0 <= shard < len(plan.shards):
            raise NoticeError(f"run {run_id} has no shard {shard} of notices: it has {len(plan.shards)}.")
        notices = tuple(records_of(notice_commits.read_part(self._locker, plan.shards[shard]), Notice))
        ended = notice_commits.read_end(self._locker, run_id, shard, sealing=self._sealing)
        if ended is not None:
            self._forget(plan, shard, ended)
            return _counted(notices, ended, already=True)
        ended = self._send_all(plan, shard, notices)
        key = layout.notices_sent_key(run_id, shard)
        ours = notice_commits.end_body(run_id, shard, plan.on, ended, self._sealing)
        _, body = self._sealing.commit(key, EvidenceKind.NOTICES, ours)
        counts = notice_commits.decode_end(key, body, run_id=run_id, shard=shard, sealing=self._sealing)
        self._forget(plan, shard, counts)
        return _counted(notices, counts, already=body != ours)

    def _send_all(self, plan: NoticesPlan, shard: int, notices: tuple[Notice, ...]) -> Ended:
        letters = self._read_letters(plan, shard)
        post = self._post(plan)
        post.reach = {one.recipient: one for one in self._known(plan, shard)}
        to_send = [one for one in notices if one.held in TO_SEND]
        for one in to_send:
            post.deliver(one, letters.get(one.id))
        for recipient in sorted(post.reach.keys() - {one.recipient for one in to_send}):
            quiet = letters.get(recipient)
            post.look(recipient, quiet.address if quiet else None)
        for one in notices:
            if one.held is Undelivered.UNREACHABLE:
                post.unnamed(one)
        post.settle()
        return Ended(sent=tuple(post.sent), reach=tuple(sorted(post.reach.values(), key=lambda row: row.recipient)))

    def _post(self, plan: NoticesPlan) -> Post:
        now = canonical.utc(self._clock.now())
        return Post(
            self._notifier,
            self._claims,
            clock=self._clock,
            pause=self._pause,
            pseudonym=self._sealing.pseudonym,
            run_id=plan.run_id,
            on=plan.on,
            receipts_last=self._receipts_last,
            over=now.date() > plan.on and now - canonical.utc(plan.planned_at) > LATE,
        )

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

    def _forget(self, plan: NoticesPlan, shard: int, ended: Ended) -> None:
        """Let go of what nobody needs once it is sealed; a receipt or a letter too many does no harm to what is sent."""
        with contextlib.suppress(NoticeError):
            self._letters.forget(letters_name(plan.run_id, plan.shards[shard]), shard)
        with contextlib.suppress(NoticeError):
            self._notifier.forget(tuple(one.notice for one in ended.sent if one.told))


def _counted(notices: Iterable[Notice], ended: Ended, *, already: bool) -> Delivery:
    ends = {one.notice: one for one in ended.sent}
    rows = {one.recipient: one for one in ended.reach}
    counts = Counter(_fate(one, ends.get(one.id), rows.get(one.recipient)) for one in notices)
    return Delivery(already=already, **{name: counts[name] for name in _FATES})


def _fate(notice: Notice, end: Sent | None, row: Reach | None) -> str:
    if end is not None:
        if end.error is None or end.error == NOT_KNOWN:
            return "unknown" if end.error else "sent"
        return "unreachable" if end.error.startswith(OUT_OF_REACH) else "failed"
    if notice.held is Undelivered.WAITING:
        return "failed" if row and notice.on in row.tried_on else "waiting"
    return "unreachable" if notice.held is Undelivered.UNREACHABLE else "held"
