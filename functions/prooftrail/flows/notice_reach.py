"""How a recipient stands, step by step: what was found, what was refused, what was mailed; and two such rows as one."""

from datetime import date, timedelta

from msgspec.structs import replace

from prooftrail.model.notice import Notice, Reach, ReachState
from prooftrail.ports.notices import Invitation

_MOST_TRIED = 10
_TRIED_ANEW = timedelta(days=7)  # whom nothing is sent to for that long: what was refused then says little by now


def begun(known: Reach | None, notice: Notice) -> Reach:
    """The row of a notice's recipient; another address begins anew, and the days of the last mails stay."""
    if known is not None and known.address == notice.address:
        return known
    row = Reach(recipient=notice.recipient, address=notice.address, state=ReachState.PENDING)
    return replace(row, mailed_on=known.mailed_on, weekly_on=known.weekly_on) if known else row


def as_found(before: Reach, found: Invitation, on: date) -> Reach:
    """The row after its address was asked on a day.

    A bounce stays for as long as the address does. Whoever had confirmed and is pending took themselves off: nobody else
    makes that of it, and only a confirmation ends it.
    """
    state = found.state
    if before.state is ReachState.BOUNCED:
        state = ReachState.BOUNCED
    elif state is ReachState.PENDING and before.state in (ReachState.CONFIRMED, ReachState.UNSUBSCRIBED):
        state = ReachState.UNSUBSCRIBED
    detail = before.detail if state is before.state is ReachState.BOUNCED else found.detail
    return replace(
        before, state=state, since=before.since if state is before.state and before.since else on, detail=detail
    )


def refused(row: Reach, on: date, why: str) -> Reach:
    """The row after something was refused on a day."""
    first, *later = sorted({*row.tried_on, on})
    return replace(row, tried_on=(first, *later[1 - _MOST_TRIED :]), detail=why)


def mailed(row: Reach, notice: Notice) -> Reach:
    """The row after a notice that may have arrived, which is its day's mail whenever it went out."""
    weekly_on = _later(row.weekly_on, notice.on) if notice.weekly else row.weekly_on
    return replace(row, mailed_on=_later(row.mailed_on, notice.on), weekly_on=weekly_on, tried_on=())


def without_old_refusals(row: Reach, on: date) -> Reach:
    """The row without refusals, where none of a week's is among them: else nobody would ever try again."""
    return replace(row, tried_on=()) if row.tried_on and on - row.tried_on[-1] >= _TRIED_ANEW else row


def joined(older: Reach | None, newer: Reach) -> Reach:
    """What two passes know of one recipient, neither of which knew of the other; of another address only the newer."""
    if older is None:
        return newer
    if newer.address is None:  # nobody was asked: it only says since when the cap kept them out
        return older
    same = older.address == newer.address
    return replace(
        newer,
        asked_on=tuple(sorted({*older.asked_on, *newer.asked_on})) if same else newer.asked_on,
        mailed_on=_later(older.mailed_on, newer.mailed_on),
        weekly_on=_later(older.weekly_on, newer.weekly_on),
    )


def _later(one: date | None, other: date | None) -> date | None:
    return max((each for each in (one, other) if each is not None), default=None)
