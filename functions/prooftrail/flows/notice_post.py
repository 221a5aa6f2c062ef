"""Hands letters over one by one: claimed before, completed after, and what was left open settled by its receipt."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

import msgspec
from msgspec.structs import replace

from prooftrail.errors import ClaimsOpen, LedgerError, NoticeError, ProoftrailError
from prooftrail.model import canonical
from prooftrail.model.notice import NOT_KNOWN, Hop, Notice, Reach, ReachState, Sent, Undelivered
from prooftrail.notices import reaching
from prooftrail.ports import Clock
from prooftrail.ports.notices import Claim, Claims, Letter, Notifier
from prooftrail.settings import CLAIM_STALE_MINUTES, NOTICES_PER_SECOND

from .notice_reach import as_found, begun, mailed, refused, without_old_refusals

REACHED = (ReachState.DIRECT, ReachState.CONFIRMED)
"""States in which an address can be written to."""

TO_SEND = (None, Undelivered.WAITING)
"""What is sent, if its address can be written to by then."""

GIVEN_UP = timedelta(hours=20)
"""How long the receipt of a notice is waited for: less than a day, so that the next day's run at the same hour ends it."""

_AGAIN = (ReachState.PENDING, ReachState.UNSUBSCRIBED, ReachState.BOUNCED)
_GONE = "its letter is gone or is not what was planned, so it was not sent; the next run plans it anew"
_OVER = "its day was over before it was sent; the next run plans it anew"
_TAKEN = "another notice of the day was handed over for its recipient; the next run plans it anew"
OUT_OF_REACH = "not sent: its address is "
"""How the error of a notice begins whose address could not be written to when its turn came."""

_ASKING = "asking how its address stands ended in"
_INVITED, _MAIL_OF = "invited", "mail of a day"
_APART_S = 1 / NOTICES_PER_SECOND


class _Job(msgspec.Struct, frozen=True, kw_only=True):
    """A notice to be sent; `unfit` says why it cannot be, which is found out before anything is handed over."""

    notice: Notice
    letter: Letter | None
    unfit: str | None


class Post:
    """One pass over a shard of `run_id` on the day `on`; where that is `over`, what nobody began to send is not sent.

    `reach` is how everybody stands, `sent` what became of each notice that was tried. `pseudonym` tells what an address is
    sealed as: a letter with another address than was planned is not sent. Where a receipt is not found within
    `receipts_last` of the claim, nothing was sent; later that says nothing any more.
    """

    def __init__(
        self,
        notifier: Notifier,
        claims: Claims,
        *,
        clock: Clock,
        pause: Callable[[float], None],
        pseudonym: Callable[[str], str],
        run_id: str,
        on: date,
        over: bool,
        receipts_last: timedelta,
    ) -> None:
        self._notifier, self._claims, self._clock, self._pause = notifier, claims, clock, pause
        self._pseudonym, self._run_id, self._on, self._over = pseudonym, run_id, on, over
        self._receipts_last = receipts_last
        self._last: datetime | None = None
        self._open: list[tuple[_Job, Claim]] = []
        self._unknown: list[str] = []
        self.reach: dict[str, Reach] = {}
        self.sent: list[Sent] = []

    def deliver(self, notice: Notice, letter: Letter | None) -> None:
        """Send it if its address can be written to, else ask the address where that is due."""
        # The claim first: what an earlier attempt sent stays sent, however the address stands by now.
        standing = self._claims.claim(notice.id, run=self._run_id, at=self._clock.now())
        self.reach[notice.recipient], unfit = self._fit(notice, letter, begun(self.reach.get(notice.recipient), notice))
        job = _Job(notice=notice, letter=letter, unfit=unfit)
        if standing is None:
            self._act(job)
        elif standing.message_id is None and standing.error and standing.run != self._run_id and not self._over:
            self._try_again(job, standing)
        elif standing.message_id or standing.error:
            self._record(job, standing.claimed_at, message_id=standing.message_id, error=standing.error)
        else:
            self._open.append((job, standing))

    def look(self, recipient: str, address: str | None) -> None:
        """See how somebody stands to whom nothing is sent today; as before where that cannot be asked."""
        before = without_old_refusals(self.reach[recipient], self._on)
        self.reach[recipient] = before
        if address is None or self._over or self._pseudonym(address) != before.address:
            return
        if before.state is ReachState.NO_ROUTE:
            before = replace(before, tried_on=())  # it can be named again
        try:
            self.reach[recipient] = self._asked(before, address, again=bool(before.asked_on))
        except LedgerError:
            raise
        except Exception:  # noqa: BLE001  # nothing is sent to them, and the shard must end
            return

    def unnamed(self, notice: Notice) -> None:
        """Note that the address of a notice cannot be named today."""
        row = begun(self.reach.get(notice.recipient), notice)
        if not row.asked_on and row.state is ReachState.PENDING:
            row = replace(row, state=ReachState.NO_ROUTE, since=self._on)
        self.reach[notice.recipient] = refused(row, self._on, "its address cannot be named")

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
        if self._over:
            return before, _OVER
        try:
            row = self._asked(before, letter.address, again=True)
        except LedgerError:
            raise
        except Exception as error:  # noqa: BLE001  # whatever it is: nothing was sent yet, and the shard must end
            said = str(error) if isinstance(error, ProoftrailError) else f"{_ASKING} {type(error).__name__}"
            return refused(before, self._on, said), said
        return row, None if row.state in REACHED else f"{OUT_OF_REACH}{row.state}"

    def _is_planned(self, notice: Notice, letter: Letter) -> bool:
        """True if text and address are those that were sealed: letters wait where others may write."""
        is_text = content_sha256(letter.subject, letter.text) == notice.content_sha256
        return is_text and self._pseudonym(letter.address) == notice.address

    def _asked(self, before: Reach, address: str, *, again: bool) -> Reach:
        row = as_found(before, self._notifier.state(before.recipient, address), self._on)
        if again and row.state in _AGAIN and reaching.invite_due(row, self._on):
            row = self._invited(row, address)
        # Of an address that can be written to, the next mail tells whether things go well.
        return row if row.state in REACHED else replace(row, tried_on=())

    def _invited(self, row: Reach, address: str) -> Reach:
        """Ask the address, once a day however often the shard is tried."""
        once = canonical.digest([_INVITED, row.recipient, address, self._on])
        standing = self._claims.claim(once, run=self._run_id, at=self._clock.now())
        if standing is None or standing.message_id is None:
            self._paced()
            row = as_found(row, self._notifier.invite(row.recipient, address), self._on)
            self._claims.complete(once, message_id=_INVITED, error=None)
        return replace(row, asked_on=(*row.asked_on, self._on))

    def _act(self, job: _Job) -> None:
        """Hand it over; ours is the claim. Anything but a clear yes or no stays open, and its receipt tells later."""
        if job.unfit or job.letter is None:
            self._finish(job, error=job.unfit or _GONE)
            return
        if not self._has_the_day(job.notice):
            self._finish(job, error=_TAKEN)
            return
        self._paced()
        try:
            message_id = self._notifier.send(job.letter)
        except NoticeError as error:
            recipient = job.notice.recipient
            self.reach[recipient] = refused(self.reach[recipient], self._on, str(error))
            self._claims.complete(_day_of(job.notice), message_id=None, error=str(error))
            self._finish(job, error=str(error))
        except Exception as unknown:  # noqa: BLE001  # whatever it is: it may have gone out, and the others wait
            self._doubt(job, f"sending it ended in {type(unknown).__name__}")
        else:
            self._finish(job, message_id=message_id)

    def _has_the_day(self, notice: Notice) -> bool:
        """True if the recipient's mail of the day is this one: two plans may not have known of each other."""
        day, now = _day_of(notice), self._clock.now()
        standing = self._claims.claim(day, run=notice.id, at=now)
        if standing is None or standing.run == notice.id:
            return True
        return bool(standing.error) and self._claims.take_over(standing, run=notice.id, at=now)

    def _try_again(self, job: _Job, standing: Claim) -> None:
        """Another run of the day could not send it; nothing was sent then."""
        if self._claims.take_over(standing, run=self._run_id, at=self._clock.now()):
            self._act(job)
        else:
            self._doubt(job, "somebody else is sending it")

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
        waited = now - standing.claimed_at
        if job.notice.id in receipts:
            self._finish(job, message_id=receipts[job.notice.id])
        elif waited > (GIVEN_UP if why else self._receipts_last):
            # The claim stays open, so that nobody takes it for a failure and sends it again.
            self._record(job, now, message_id=None, error=NOT_KNOWN)
        elif why or waited <= timedelta(minutes=CLAIM_STALE_MINUTES):
            self._doubt(job, why or "it was claimed just now")
        elif self._claims.take_over(standing, run=self._run_id, at=now):
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
        except Exception as unknown:  # noqa: BLE001  # whatever it is: nothing is sent again without receipts
            return {}, f"its receipt cannot be asked for: {type(unknown).__name__}"

    def _finish(self, job: _Job, *, message_id: str | None = None, error: str | None = None) -> None:
        if message_id:
            # The day is the recipient's whoever refused it before: another plan of the day must find it taken.
            day = _day_of(job.notice)
            self._claims.claim(day, run=job.notice.id, at=self._clock.now())
            self._claims.complete(day, message_id=message_id, error=None)
        self._claims.complete(job.notice.id, message_id=message_id, error=error)
        self._record(job, self._clock.now(), message_id=message_id, error=error)

    def _record(self, job: _Job, at: datetime, *, message_id: str | None, error: str | None) -> None:
        notice, row = job.notice, self.reach[job.notice.recipient]
        end = Sent(
            notice=notice.id,
            recipient=notice.recipient,
            state=row.state,
            hop=min((one.hop for one in notice.items), key=lambda hop: hop.rank, default=Hop.CONTACT),
            how=self._notifier.how,
            at=canonical.utc(at),
            message_id=message_id,
            error=None if message_id else error,
        )
        if end.told:
            self.reach[notice.recipient] = mailed(row, notice)
        if end.told or notice.held is None:  # else it goes on waiting, as the plan says
            self.sent.append(end)


def _day_of(notice: Notice) -> str:
    return canonical.digest([_MAIL_OF, notice.recipient, notice.on])


def content_sha256(subject: str, text: str) -> str:
    """The hash a sealed notice holds of what is sent."""
    return canonical.sha256(f"{subject}\n{text}".encode())
