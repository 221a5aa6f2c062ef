"""Custody records that no manifest names yet: what somebody did with evidence since the last run, for the next one to seal."""

from collections.abc import Iterator

from prooftrail.errors import EvidenceError
from prooftrail.evidence import custody, layout
from prooftrail.evidence.manifest import Manifest
from prooftrail.model import canonical
from prooftrail.model.run import EvidenceKind, SealedObject
from prooftrail.ports import Locker, ObjectVersion

from . import head as chain_head


def unchained(locker: Locker, *, public_key: bytes) -> tuple[SealedObject, ...]:
    """The records below `custody/` for the next manifest, sorted by key; each is named by one manifest and no other.

    Looked at are those stored since a day before the last manifest was closed; all of them where the store keeps no
    time of its own. What is not what its name tells is left out, and `verify` calls it UNLISTED.
    """
    listed = [one for one in locker.versions("custody/") if layout.Place(one.key).kind is EvidenceKind.CUSTODY]
    if not listed:
        return ()
    recent = list(_recent(locker, public_key))
    named = {one.key for closed in recent for one in closed.objects}
    since = recent[0].closed_at - custody.WINDOW if recent and locker.keeps_time else None
    waiting: dict[str, ObjectVersion] = {}
    for one in listed:
        if not one.delete_marker and one.key not in named and (since is None or one.stored_at >= since):
            waiting.setdefault(one.key, one)  # the version written first is the record
    found = (_sealed(locker, one) for one in waiting.values())
    return tuple(sorted(one for one in found if one))


def _recent(locker: Locker, public_key: bytes) -> Iterator[Manifest]:
    """The last manifest and those before it that could name a record of the window."""
    last: Manifest | None = None
    for _, one in chain_head.manifests_back(locker, public_key=public_key):
        last = last or one
        if locker.keeps_time and one.closed_at < last.closed_at - 2 * custody.WINDOW:
            return
        yield one


def _sealed(locker: Locker, one: ObjectVersion) -> SealedObject | None:
    if one.size > custody.LARGEST:
        return None
    try:
        body = locker.get(one.key, version_id=one.version_id)
        custody.read(one.key, body)
        until = locker.retained_until(one.key, version_id=one.version_id)
    except EvidenceError:
        return None
    sha = canonical.sha256(body)
    return SealedObject(
        key=one.key,
        kind=EvidenceKind.CUSTODY,
        sha256=sha,
        stored_sha256=sha,
        size=len(body),
        count=1,
        version_id=one.version_id,
        retain_until=until,
    )
