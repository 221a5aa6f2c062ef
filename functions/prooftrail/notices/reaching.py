"""Whether somebody can be told: written to now, waited for, or passed over; and when an address is asked to confirm."""

from datetime import date, timedelta
from enum import StrEnum

from prooftrail.model.judgement import Tier
from prooftrail.model.notice import Reach, ReachState

from .day import Day, Link

PATIENCE_DAYS = {Tier.CRITICAL: 3, Tier.HIGH: 3, Tier.MEDIUM: 12, Tier.LOW: 12}
"""Days after its first invitation from which on an address that never confirmed is passed over."""

INVITED_ON = (0, 3, 10)
"""Days after the first invitation on which an address is asked to confirm: SNS forgets each after two days."""

TRIED_AGAIN_DAYS = 7
"""Days after it was refused last on which what cannot be written to is tried once more: nobody would hear of its mending."""

_MOST_TRIED = 10  # that many days are remembered; so many are long enough for any tier

_LOST = (ReachState.UNSUBSCRIBED, ReachState.BOUNCED)
_OPEN = (ReachState.DIRECT, ReachState.CONFIRMED)


class Standing(StrEnum):
    """How somebody in a chain can be told today."""

    REACHABLE = "reachable"
    WAITING = "waiting"
    UNREACHABLE = "unreachable"


def standing(link: Link, day: Day, tier: Tier) -> tuple[Standing, str | None]:
    """How `link` can be told on `day` of something of `tier`, and why not where it is not REACHABLE.

    A row about another address says nothing. An address nobody has asked yet is WAITING for as long as nobody asks it, and
    UNREACHABLE once it could not be asked, or written to, for as many days as it would have been waited for.
    """
    if link.recipient is None or link.address is None:
        return Standing.UNREACHABLE, link.why or "has no address"
    row = day.reach.get(link.recipient)
    known = row if row and row.address == link.address else None
    if known and known.state in _LOST:
        return Standing.UNREACHABLE, f"its address is {known.state}"
    if known and (refused := _refused(known, day.on, PATIENCE_DAYS[tier])):
        return Standing.UNREACHABLE, f"could not be written to since {refused}"
    if not day.confirms or (known and known.state in _OPEN):
        return Standing.REACHABLE, None
    return _asked(_round(known) if known else (), day, tier)


def _asked(asked: tuple[date, ...], day: Day, tier: Tier) -> tuple[Standing, str | None]:
    """How an address stands that was invited on those days and has not confirmed."""
    if not asked:
        return Standing.WAITING, "its address has not been asked to confirm yet"
    if (day.on - asked[0]).days >= PATIENCE_DAYS[tier]:
        return Standing.UNREACHABLE, f"its address was never confirmed (asked first on {asked[0]})"
    return Standing.WAITING, "its address is not confirmed yet"


def _refused(row: Reach, on: date, patience: int) -> date | None:
    """The day from which on nothing could be sent to it, where that is too long ago and was tried lately."""
    refused = [one for one in row.tried_on if _is_since(one, row)]
    if not refused or (on - refused[-1]).days >= TRIED_AGAIN_DAYS:
        return None
    is_long = (on - refused[0]).days >= patience or len(refused) >= _MOST_TRIED
    return refused[0] if is_long else None


def _is_since(tried: date, row: Reach) -> bool:
    """True if nothing was sent, and nothing confirmed, on that day or later."""
    sent = row.mailed_on is not None and row.mailed_on >= tried
    confirmed = row.state is ReachState.CONFIRMED and row.since is not None and row.since > tried
    return not sent and not confirmed


def invite_due(reach: Reach, on: date) -> bool:
    """True if its address is to be asked to confirm on `on`: on days 0, 3 and 10 after the first time, a missed day later.

    After an unsubscription or bounce the days count anew from `since`. Only for an address that has to confirm.
    """
    if reach.state in _OPEN:
        return False
    asked = _round(reach)
    if not asked:
        return True
    if on < asked[0]:  # an older day, planned late
        return False
    passed = max(asked[0] + timedelta(days=one) for one in INVITED_ON if asked[0] + timedelta(days=one) <= on)
    return asked[-1] < passed


def _round(row: Reach) -> tuple[date, ...]:
    """The invitations that count: those since the state began, because an unsubscription begins a new round."""
    return tuple(one for one in row.asked_on if row.since is None or one >= row.since)
