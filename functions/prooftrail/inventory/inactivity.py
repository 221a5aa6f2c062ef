"""Since when a key has been inactive, as far as the sealed snapshots can tell: AWS keeps no such date."""

import msgspec

from prooftrail.model.iam import AccessKey
from prooftrail.model.identity import Identity
from prooftrail.model.snapshot import Snapshot

_ACTIVE = "Active"


def with_inactive_since(after: Snapshot, before: Snapshot | None) -> Snapshot:
    """`after` with `inactive_since` on every key that is not active: the tick of the first snapshot that shows it so.

    A date is carried over from `before` unless that snapshot shows the key active; a key it does not hold counts from
    `after`. So a key is inactive at least since then, and may have been for longer.
    """
    known = {one.id: one.facts for one in before.identities if isinstance(one.facts, AccessKey)} if before else {}

    def dated(one: Identity) -> Identity:
        if not isinstance(one.facts, AccessKey):
            return one
        since = None
        if one.facts.status != _ACTIVE:
            since = after.header.taken_at
            last = known.get(one.id)
            if before is not None and last is not None and last.status != _ACTIVE:
                since = last.inactive_since or before.header.taken_at
        return msgspec.structs.replace(one, facts=msgspec.structs.replace(one.facts, inactive_since=since))

    return msgspec.structs.replace(after, identities=tuple(dated(one) for one in after.identities))
