"""Compares the readings of one account in order, and holds what one of them could not tell against the last that could.

Two neighbours alone would lose what happened behind a refused reading: an identity that left while its cell was denied
is in neither of them afterwards, and a field that changed while it was unknown differs on no side.
"""

import msgspec

from prooftrail.inventory.changes import Change, ChangeKind, changes, disabled, read_whole
from prooftrail.inventory.configuration import hidden
from prooftrail.model.identity import Identity
from prooftrail.model.snapshot import Snapshot

from .locker_history import unread


def whole(snapshot: Snapshot) -> bool:
    """True if nothing older could tell more than this reading."""
    return not unread(snapshot) and not any(one.unknown for one in snapshot.identities)


class Remembering:
    """The account as last known, reading by reading."""

    def __init__(self) -> None:
        self._known: Snapshot | None = None
        self._fuller: dict[str, Identity] = {}

    def take(self, after: Snapshot) -> tuple[Change, ...]:
        """What differs from the last reading that could tell; without an earlier reading everything is DISCOVERED."""
        after = msgspec.structs.replace(after, policies=(), documents=())
        found = changes(self._known, after)
        if self._known is not None:
            found = tuple(_merged(found, self._hidden_before(self._known, after)))
        self._keep(after)
        return found

    def _hidden_before(self, known: Snapshot, after: Snapshot) -> dict[str, Change]:
        """Changes of fields that the last reading did not know, held against the last version that knew them all."""
        if not self._fuller:
            return {}
        unknown = {one.id: one.unknown for one in known.identities if one.id in self._fuller}
        older = msgspec.structs.replace(known, identities=tuple(self._fuller[one] for one in sorted(unknown)))
        newer = msgspec.structs.replace(after, identities=tuple(one for one in after.identities if one.id in unknown))
        found = {}
        for one in changes(older, newer):
            fields = tuple(each for each in one.fields if hidden(each[0], unknown[one.id]))
            if one.what is ChangeKind.CHANGED and fields:
                found[one.id] = msgspec.structs.replace(one, fields=fields)
        return found

    def _keep(self, after: Snapshot) -> None:
        known = self._known
        listed = {one.id for one in after.identities}
        before = {one.id: one for one in known.identities} if known else {}
        unseen = tuple(
            one
            for key, one in before.items()
            if key not in listed
            and not read_whole(after, one.collector, one.region)
            and not disabled(after, one.region)
        )
        fuller = {}
        for one in after.identities:
            last = self._fuller.get(one.id) or before.get(one.id)
            if one.unknown and last is not None and not last.unknown:
                fuller[one.id] = last
        self._fuller = fuller | {one.id: self._fuller[one.id] for one in unseen if one.id in self._fuller}
        self._known = msgspec.structs.replace(after, identities=(*after.identities, *unseen))


def _merged(found: tuple[Change, ...], more: dict[str, Change]) -> list[Change]:
    merged = []
    for one in found:
        extra = more.pop(one.id, None)
        fields = {each[0]: each for each in (*(extra.fields if extra else ()), *one.fields)}
        merged.append(msgspec.structs.replace(one, fields=tuple(fields[path] for path in sorted(fields))))
    return sorted([*merged, *more.values()], key=lambda one: one.id)
