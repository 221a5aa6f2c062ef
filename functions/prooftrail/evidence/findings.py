"""What verification finds wrong, as values: which rule broke, where, and in words anybody can follow."""

from enum import StrEnum

import msgspec


class Fault(StrEnum):
    """Every way a locker can fail to be what its chain says. NOTES and UNCONFIRMED among them break nothing."""

    UNREADABLE = "UNREADABLE"
    CHANGED = "CHANGED"
    MISSING = "MISSING"
    UNLISTED = "UNLISTED"
    HIDDEN = "HIDDEN"
    REPLACED = "REPLACED"
    BACKDATED = "BACKDATED"
    SIGNATURE = "SIGNATURE"
    KEY = "KEY"
    LINK = "LINK"
    SLOT = "SLOT"
    REPLAYED = "REPLAYED"
    TICK = "TICK"
    MISDATED = "MISDATED"
    HEAD = "HEAD"
    RECOUNT = "RECOUNT"
    DERIVED = "DERIVED"
    DISPOSED = "DISPOSED ON SCHEDULE"
    NOT_YET_CHAINED = "NOT YET CHAINED"
    LATE_RUN = "TICK DUE"
    TICK_MISSED = "TICK MISSED"
    OFF_TIME = "OFF TIME"
    SCHEDULE = "SCHEDULE CHANGED"
    NOT_ADDED_UP = "NOT ADDED UP"
    UNWITNESSED = "UNWITNESSED"
    ALARM = "ALARM"
    OTHER_CODE = "OTHER CODE"
    NOT_JUDGED = "NOT JUDGED"
    BEGUN_ANEW = "BEGUN ANEW"
    NOT_CONFIRMED = "NOT CONFIRMED"


NOTES = frozenset(
    {
        Fault.DISPOSED,
        Fault.NOT_YET_CHAINED,
        Fault.LATE_RUN,
        Fault.TICK_MISSED,
        Fault.OFF_TIME,
        Fault.SCHEDULE,
        Fault.NOT_ADDED_UP,
        Fault.UNWITNESSED,
        Fault.ALARM,
        Fault.OTHER_CODE,
        Fault.NOT_JUDGED,
        Fault.BEGUN_ANEW,
    }
)
"""Stated, but no sign that anybody touched the evidence; ALARM alone may have been one, of something that holds again."""

UNCONFIRMED = frozenset({Fault.NOT_CONFIRMED})
"""Neither a fault nor a note: it could be tampering as well as other code, and nothing at hand tells which."""


class Problem(msgspec.Struct, frozen=True, order=True, kw_only=True):
    """One thing found: `where` is the key or slot, `detail` one sentence."""

    fault: Fault
    where: str
    detail: str

    @property
    def breaks(self) -> bool:
        """True if the locker is not intact because of it."""
        return self.fault not in NOTES | UNCONFIRMED
