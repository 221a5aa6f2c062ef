"""Hands letters over one by one: claimed before, completed after, and what was left open settled by its receipt."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

import msgspec

from prooftrail.errors import ClaimsOpen, NoticeError
from prooftrail.model import canonical
from prooftrail.model.notice import Hop, Notice, Reach, ReachState, Sent, Undelivered
from prooftrail.notices import reaching
from prooftrail.ports import Clock
from prooftrail.ports.notices import Claim, Claims, Invitation, Letter, Notifier
from prooftrail.settings import CLAIM_STALE_MINUTES, NOTICES_PER_SECOND

REACHED = (ReachState.DIRECT, ReachState.CONFIRMED)
"""States in which an address can be written to."""

TO_SEND = (None, Undelivered.WAITING)
"""What is sent, if its address can be written to by then."""

_AGAIN = (ReachState.PENDING, ReachState.UNSUBSCRIBED, ReachState.BOUNCED)
_GONE = "its letter is gone or is not what was planned, so it was not sent; the next run plans it anew"
OUT_OF_REACH = "not sent: its address is "
"""How the error of a notice begins whose address could not be written to when its turn came."""

_INVITED = "invited"
_APART_S = 1 / NOTICES_PER_SECOND


class _Job(msgspec.Struct, frozen=True, kw_only=True):
    """A notice to be sent; `unfit` says why it cannot be, which is found out before anything is handed over."""

    notice: Notice
    letter: Letter | None
    state: ReachState
    unfit: str | None


class Post:
    """One pass over a shard on the day `on`. `sent` says what became of each notice that was tried.

    `pseudonym` tells what an address is sealed as: a letter with another address than was planned is not sent.
    """

    def __init__(
        self,
        notifier: Notifier,
        claims: Claims,
        *,
        clock: Clock,
        pause: Callable[[float], None],
        pseudonym: Callable[[str], str],
        on: date,
    ) -> None:
        self._notifier, self._claims, self._clock, self._pause = notifier, claims, clock, pause
        self._pseudonym, self._on = pseudonym, on
        self._last: datetime | None = None
        self._open: list[tuple[_Job, Claim]] = []
        self._unknown: list[str] = []
        self.sent: list[Sent] = []

    def deliver(self, notice: Notice, letter: Letter | None, before: Reach) -> Reach:
        """Send it if its address can be written to, else ask the address where that is due; how it stands then."""
        # The claim first: what an earlier attempt sent stays sent, however the address stands by now.
        standing = self._claims.claim(notice.id, at=self._clock.now())
        row, unfit = self._fit(notice, letter, before)
        job = _Job(notice=notice, letter=letter, state=row.state, unfit=unfit)
        if standing is None:
            self._act(job)
        elif standing.message_id or standing.error:
            self._record(job, standing.claimed_at, message_id=standing.message_id, error=standing.error)
        else:
            self._open.append((job, standing))
        return row

    def look(self, before: Reach, address: str) -> Reach:
        """How somebody stands to whom nothing is sent today; as before where that cannot be asked."""
        if self._pseudonym(address) != before.address:
            return before
        try:
            return self._asked(before, address, again=bool(before.asked_on))
        except NoticeError:
            return before

    def settle(self) -> None:
        """Close the claims that somebody left open, by receipts; send what nobody did. Raises ClaimsOpen."""
        receipts, why = self._receipts() if self._open else ({}, None)
        for job, standing in self._open:
            self._settle(job, standing, receipts, why)
        if self._unknown:
            raise ClaimsOpen(
                f"whether {len(self._unknown)} notices were sent is not known yet ({'; '.join(self._unknown[:3])}): the"
                f" same step, {CLAIM_STALE_MINUTES} minutes later, asks for their receipts."
            )

    def _fit(self, notice: Notice, letter: Letter | None, before: Reach) -> tuple[Reach, str | None]:
        if letter is None or not self._is_planned(notice, letter):
            return before, _GONE
        try:
            row = self._asked(before, letter.address, again=True)
        except NoticeError as error:
            return before, str(error)
        return row, None if row.state in REACHED else f"{OUT_OF_REACH}{row.state}"

    def _is_planned(self, notice: Notice, letter: Letter) -> bool:
        """True if text and address are those that were sealed: letters wait where others may write."""
        is_text = content_sha256(letter.subject, letter.text) == notice.content_sha256
        return is_text and self._pseudonym(letter.address) == notice.address

    def _asked(self, before: Reach, address: str, *, again: bool) -> Reach:
        row = self._as_found(before, self._notifier.state(before.recipient, address))
        if again and row.state in _AGAIN and reaching.invite_due(row, self._on):
            row = self._invited(row, address)
        return row

    def _invited(self, row: Reach, address: str) -> Reach:
        """Ask the address, once a day however often the shard is tried."""
        once = canonical.digest([_INVITED, row.recipient, address, self._on])
        standing = self._claims.claim(once, at=self._clock.now())
        if standing is None or standing.message_id is None:
            self._paced()
            row = self._as_found(row, self._notifier.invite(row.recipient, address))
            self._claims.complete(once, message_id=_INVITED, error=None)
        return msgspec.structs.replace(row, asked_on=(*row.asked_on, self._on))

    def _as_found(self, row: Reach, found: Invitation) -> Reach:
        since = row.since if row.state is found.state and row.since else self._on
        return msgspec.structs.replace(row, state=found.state, since=since, detail=found.detail)

    def _act(self, job: _Job) -> None:
        """Hand it over; ours is the claim. Anything but a clear yes or no stays open, and its receipt tells later."""
        if job.unfit or job.letter is None:
            self._finish(job, error=job.unfit or _GONE)
            return
        self._paced()
        try:
            message_id = self._notifier.send(job.letter)
        except NoticeError as error:
            self._finish(job, error=str(error))
        except Exception as unknown:  # noqa: BLE001  # whatever it is: it may have gone out, and the others wait
            self._doubt(job, f"sending it ended in {type(unknown).__name__}")
        else:
            self._finish(job, message_id=message_id)

    def _paced(self) -> None:
        """Wait until the next message may go out."""
        if self._last is not None:
            passed = (self._clock.now() - self._last).total_seconds()
            left = min(_APART_S, _APART_S - passed)  # a clock set back makes nobody wait for it
            if left > 0:
                self._pause(left)
        self._last = self._clock.now()

    def _settle(self, job: _Job, standing: Claim, receipts: dict[str, str], why: str | None) -> None:
        now = self._clock.now()
        if job.notice.id in receipts:
            self._finish(job, message_id=receipts[job.notice.id])
        elif why or now - standing.claimed_at <= timedelta(minutes=CLAIM_STALE_MINUTES):
            self._doubt(job, why or "it was claimed just now")
        elif self._claims.take_over(standing, at=now):
            self._act(job)
        else:
            self._doubt(job, "somebody else is sending it")

    def _doubt(self, job: _Job, why: str) -> None:
        self._unknown.append(f"notice {job.notice.id[:12]}: {why}")

    def _receipts(self) -> tuple[dict[str, str], str | None]:
        try:
            return dict(self._notifier.receipts()), None
        except NoticeError as error:
            return {}, f"its receipt cannot be asked for: {error}"

    def _finish(self, job: _Job, *, message_id: str | None = None, error: str | None = None) -> None:
        self._claims.complete(job.notice.id, message_id=message_id, error=error)
        self._record(job, self._clock.now(), message_id=message_id, error=error)

    def _record(self, job: _Job, at: datetime, *, message_id: str | None, error: str | None) -> None:
        if message_id is None and job.notice.held is not None:
            return  # it goes on waiting, as the plan says
        self.sent.append(
            Sent(
                notice=job.notice.id,
                recipient=job.notice.recipient,
                state=job.state,
                hop=min((one.hop for one in job.notice.items), key=lambda hop: hop.rank, default=Hop.CONTACT),
                how=self._notifier.how,
                at=canonical.utc(at),
                message_id=message_id,
                error=None if message_id else error,
            )
        )


def content_sha256(subject: str, text: str) -> str:
    """The hash a sealed notice holds of what is sent."""
    return canonical.sha256(f"{subject}\n{text}".encode())
