"""What verification finds wrong, as values: which rule broke, where, and in words anybody can follow."""

from enum import StrEnum

import msgspec


class Fault(StrEnum):
    """Every way a locker can fail to be what its chain says. NOTES among them are stated and break nothing."""

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
    HEAD = "HEAD"
    RECOUNT = "RECOUNT"
    DISPOSED = "DISPOSED ON SCHEDULE"
    NOT_YET_CHAINED = "NOT YET CHAINED"
    LATE_RUN = "TICK DUE"


NOTES = frozenset({Fault.DISPOSED, Fault.NOT_YET_CHAINED, Fault.LATE_RUN})
"""Stated, but no sign that anybody touched the evidence."""


class Problem(msgspec.Struct, frozen=True, order=True, kw_only=True):
    """One thing found: `where` is the key or slot, `detail` one sentence."""

    fault: Fault
    where: str
    detail: str

    @property
    def breaks(self) -> bool:
        """True if the locker is not intact because of it."""
        return self.fault not in NOTES
