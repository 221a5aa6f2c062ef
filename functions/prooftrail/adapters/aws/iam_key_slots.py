"""Which slot of a credential report row is which access key, and whether row and keys contradict each other.

The report names no key. A key is known in it by the second it was made in; AWS documents a slot's date as "created or
last changed", so one key left over is the one slot left over.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from prooftrail.model.iam import AccessKey, KeySlot
from prooftrail.model.identity import Observed

SLOTS = 2  # of a row; a further key, should there be one, is in no report
_LAG = timedelta(minutes=5)  # AWS gathers a report's rows before it dates it, and IAM's answers settle late
_OLD = timedelta(
    minutes=10
)  # since such a report a key may have been switched or deleted, and nothing AWS shows dates that


def is_active(key: Observed) -> bool:
    """Whether AWS says Active of the key; Inactive and Expired are not."""
    return isinstance(key.facts, AccessKey) and key.facts.status == "Active"


def match(
    keys: Sequence[Observed],
    slots: Sequence[KeySlot],
    *,
    generated_at: datetime,
    uses: Mapping[str, datetime | None] | None = None,
) -> dict[str, KeySlot]:
    """The slot of each key by the key's id; a key for which no single slot fits is left out.

    Keys made in one second are told apart by their states, then by `uses`: their last uses (by key id) as the previous
    snapshot had them, because on most days a key has the use it had the day before. Where state and use are alike in
    all of their slots, either slot tells the truth.
    """
    fit: dict[str, KeySlot] = {}
    for born in {second(key.created_at) for key in keys}:
        twins = [key for key in keys if second(key.created_at) == born]
        there = [slot for slot in slots if born is not None and second(slot.rotated_at) == born]
        if len(twins) == len(there):
            fit |= _told_apart(twins, there, uses or {})
    taken = {slot.slot for slot in fit.values()}
    free = [slot for slot in slots if slot.slot not in taken]
    left = [key for key in keys if key.id not in fit and _before(key, generated_at)]
    if len(free) == len(left) == 1 and _changed_since(left[0], free[0]):
        fit[left[0].id] = free[0]
    return fit


def disagreement(
    keys: Sequence[Observed], slots: Sequence[KeySlot], *, generated_at: datetime, seen_at: datetime
) -> str | None:
    """How the row contradicts the keys seen at `seen_at`; None where it does not or the report's age explains it.

    A key made before the report and in none of its slots is never explained. A key whose state differs, or a slot
    without a key, is explained by a report older than ten minutes: it may have happened since.
    """
    fit = match(keys, slots, generated_at=generated_at)
    dates = {second(slot.rotated_at) for slot in slots}
    known = set(fit) | {key.id for key in keys if second(key.created_at) in dates}
    strangers = [key for key in keys if key.id not in known and _before(key, generated_at - _LAG)]
    if strangers and len(keys) <= SLOTS:
        return f"access key {strangers[0].id} was made before the report and is in no slot of it"
    if seen_at - generated_at > _OLD:
        return None
    switched = [key.id for key in keys if key.id in fit and fit[key.id].active != is_active(key)]
    if switched:
        return f"the report and the live answer differ on whether access key {switched[0]} is active"
    if len(known) < len(slots):
        return f"the report shows {len(slots)} access keys and the live answer {len(keys)}"
    return None


def _told_apart(twins: list[Observed], there: list[KeySlot], uses: Mapping[str, datetime | None]) -> dict[str, KeySlot]:
    """Slots for keys of one second, of which there are as many."""
    fit: dict[str, KeySlot] = {}
    for active in (True, False):
        keys = [key for key in twins if is_active(key) is active]
        slots = [slot for slot in there if slot.active is active]
        if len(twins) == 1:
            fit[twins[0].id] = there[0]
        elif len(keys) == len(slots):
            fit |= _told_by_use(keys, slots, uses)
    return fit


def _told_by_use(keys: list[Observed], slots: list[KeySlot], uses: Mapping[str, datetime | None]) -> dict[str, KeySlot]:
    if all(slot.usage == slots[0].usage for slot in slots):
        return {key.id: slot for key, slot in zip(keys, slots, strict=True)}
    same = [(key, slot) for key in keys for slot in slots if key.id in uses and uses[key.id] == slot.usage.last_used_at]
    if len({key.id for key, _ in same}) < len(same) or len({slot.slot for _, slot in same}) < len(same):
        return {}
    fit = {key.id: slot for key, slot in same}
    keys = [key for key in keys if key.id not in fit]
    slots = [slot for slot in slots if slot not in fit.values()]
    return fit | {keys[0].id: slots[0]} if len(keys) == 1 else fit


def _changed_since(key: Observed, slot: KeySlot) -> bool:
    return slot.rotated_at is None or (key.created_at is not None and slot.rotated_at > key.created_at)


def _before(key: Observed, at: datetime) -> bool:
    return key.created_at is not None and key.created_at <= at


def second(at: datetime | None) -> datetime | None:
    """The second an instant lies in: the report knows no fractions."""
    return at.replace(microsecond=0) if at is not None else None
