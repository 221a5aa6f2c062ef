"""Finds when a key was last used: in the report's slot that was filled in the second the key was created.

Two keys, or two slots, of one second are ambiguous, and then what the collector read of the key itself stands. An error
is never "never used": what neither source told stays untracked.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

import msgspec

from prooftrail.model.iam import ReportRow, Usage
from prooftrail.model.identity import Observed


def second(at: datetime) -> datetime:
    """`at` without its fraction: AWS tells creation by the second."""
    return at.replace(microsecond=0)


def with_slot_usage(keys: Iterable[Observed], row: ReportRow | None) -> tuple[Observed, ...]:
    """The keys of one user with the usage their report slots tell, where they can be told apart."""
    keys = tuple(keys)
    if row is None:
        return keys
    slots = [(second(slot.rotated_at), slot.usage) for slot in row.keys if slot.rotated_at]
    crowded = Counter(at for at, _ in slots)
    born = Counter(second(one.created_at) for one in keys if one.created_at)
    told = {at: usage for at, usage in slots if crowded[at] == 1 and born[at] == 1}
    return tuple(_told(one, told) for one in keys)


def latest(*usages: Usage) -> Usage:
    """The newest statement of use: one that was seen is not unseen by a source that is older or cannot tell.

    Of two with the same last use the first stands; one that could tell stands before one that could not.
    """
    return max(usages, key=lambda one: (one.last_used_at is not None, _instant(one), one.tracked))


def _instant(usage: Usage) -> float:
    return usage.last_used_at.timestamp() if usage.last_used_at else 0.0


def _told(key: Observed, told: dict[datetime, Usage]) -> Observed:
    slot = told.get(second(key.created_at)) if key.created_at else None
    return key if slot is None else msgspec.structs.replace(key, usage=latest(slot, key.usage))
