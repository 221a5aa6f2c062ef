"""What differs between two snapshots of one account, identity by identity, and what cannot be said to differ.

Absence counts only where the cell that lists a thing was read to its end, and what was not known on one side is no
change on the other. An identity is AWS's unique id, so one that was deleted and created again under its name is two.
"""

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from prooftrail.model.iam import Usage
from prooftrail.model.identity import Identity
from prooftrail.model.reading import GLOBAL, CellStatus, Collector
from prooftrail.model.snapshot import Snapshot

from .configuration import flat, hidden
from .replicas import folded_arns
from .telling import told

_BUCKETS = (30, 60, 90, 180)  # days


class ChangeKind(StrEnum):
    """What became of an identity.

    DISCOVERED is listed now, in a place that was not read to its end before: nobody can say that it is new.
    OUT_OF_REACH stood in a region that has been disabled since: nobody can say that it is gone.
    """

    APPEARED = "appeared"
    DISCOVERED = "discovered"
    CHANGED = "changed"
    DISAPPEARED = "disappeared"
    OUT_OF_REACH = "out_of_reach"


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one identity; `note` where the word alone would claim too much.

    `fields`, for CHANGED only: each a dotted path, the value before and the value after as short text.
    """

    what: ChangeKind
    id: str
    arn: str
    account: str
    region: str
    kind: str
    name: str
    fields: tuple[tuple[str, str, str], ...] = ()
    note: str | None = None


def changes(before: Snapshot | None, after: Snapshot) -> tuple[Change, ...]:
    """The differences from `before` to `after`, by id. Without an earlier snapshot everything is DISCOVERED.

    Raises ValueError for snapshots of two accounts.
    """
    if before is None:
        return tuple(_change(ChangeKind.DISCOVERED, one, note=_FIRST) for one in _by_id(after).values())
    if before.header.account != after.header.account:
        raise ValueError(f"accounts {before.header.account} and {after.header.account} cannot be compared")
    old, new = _by_id(before), _by_id(after)
    found = [change for key, one in new.items() if key in old and (change := _changed(old[key], one))]
    found += arrivals(before, after)
    return tuple(sorted(found, key=lambda one: one.id))


def arrivals(before: Snapshot, after: Snapshot) -> tuple[Change, ...]:
    """Only who came and who left from `before` to `after`, by id: the part of `changes` that looks into no identity."""
    old, new = _by_id(before), _by_id(after)
    if old.keys() == new.keys():
        return ()
    folded_before, folded_after = folded_arns(before.identities), folded_arns(after.identities)
    came = [one for key, one in new.items() if key not in old and key not in folded_before]
    left = [one for key, one in old.items() if key not in new and key not in folded_after]
    found = [_came(one, before) for one in came]
    found += [change for one in left if (change := _left(one, after))]
    return tuple(sorted(found, key=lambda one: one.id))


def usage_bucket(usage: Usage, at: datetime) -> str:
    """How long before `at` the last use lies: `never`, `<=30`, `<=60`, `<=90`, `<=180`, `>180` (days) or `unknown`.

    Exactly 30 days is `<=30`; a use after `at` has age zero. `never` says that AWS has no use on record (of a role, in
    the 400 days it keeps); where AWS could not have known, or was not heard, it is `unknown`, never `never`.
    """
    if usage.last_used_at is None:
        return "never" if usage.tracked else "unknown"
    age = at - usage.last_used_at
    return next((f"<={days}" for days in _BUCKETS if age <= timedelta(days=days)), f">{_BUCKETS[-1]}")


def read_whole(snapshot: Snapshot, collector: Collector, region: str) -> bool:
    """True if the snapshot read that place to its end, so that what it does not list is not there."""
    return any(
        one.status is CellStatus.OK and one.collector is collector and one.region == region for one in snapshot.cells
    )


def disabled(snapshot: Snapshot, region: str) -> bool:
    """True if the region is known not to be enabled."""
    enabled = snapshot.account.regions_enabled
    return region != GLOBAL and enabled is not None and region not in enabled


_FIRST = "no earlier snapshot of the account to compare with"


def _by_id(snapshot: Snapshot) -> dict[str, Identity]:
    return {one.id: one for one in snapshot.identities}


def _change(
    what: ChangeKind, one: Identity, *, fields: tuple[tuple[str, str, str], ...] = (), note: str | None = None
) -> Change:
    return Change(
        what=what,
        id=one.id,
        arn=one.arn,
        account=one.account,
        region=one.region,
        kind=one.kind,
        name=one.name,
        fields=fields,
        note=note,
    )


def _changed(before: Identity, after: Identity) -> Change | None:
    if _alike(before, after):
        return None
    fields = _fields(before, after)
    return _change(ChangeKind.CHANGED, after, fields=fields) if fields else None


def _alike(before: Identity, after: Identity) -> bool:
    """The cheap answer for the many that did not change; False only means that a closer look is due."""
    return (
        before.facts == after.facts
        and before.tags == after.tags
        and before.classification == after.classification
        and before.owner == after.owner
        and before.purpose == after.purpose
        and (before.arn, before.name, before.kind, before.created_at, before.parent, before.family)
        == (after.arn, after.name, after.kind, after.created_at, after.parent, after.family)
    )


def _fields(before: Identity, after: Identity) -> tuple[tuple[str, str, str], ...]:
    """The fields that differ and were known on both sides: unknown is not a change."""
    unknown = {*before.unknown, *after.unknown}
    old, new = flat(before), flat(after)
    paths = (path for path in sorted(old.keys() | new.keys()) if old.get(path) != new.get(path))
    return tuple((path, *told(old.get(path), new.get(path))) for path in paths if not hidden(path, unknown))


def _came(one: Identity, before: Snapshot) -> Change:
    born_since = one.created_at is not None and one.created_at > before.header.taken_at
    if born_since or read_whole(before, one.collector, one.region):
        return _change(ChangeKind.APPEARED, one)
    note = f"{one.collector} in {one.region} was not read to its end on {before.header.run_id}, so it may not be new"
    return _change(ChangeKind.DISCOVERED, one, note=note)


def _left(one: Identity, after: Snapshot) -> Change | None:
    if disabled(after, one.region):
        return _change(ChangeKind.OUT_OF_REACH, one, note=f"region {one.region} is no longer enabled")
    return _change(ChangeKind.DISAPPEARED, one) if read_whole(after, one.collector, one.region) else None
