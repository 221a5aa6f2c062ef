"""What lies in a locker and no commit names: cut-short attempts, late ones, runs that were never closed.

Every object is to be named by some manifest, so the next one names what the ones before could not know of.
"""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from itertools import chain

from prooftrail.errors import ProoftrailError
from prooftrail.evidence import layout
from prooftrail.evidence.manifest import Head, Manifest
from prooftrail.evidence.verify import OPEN_RUN
from prooftrail.model import canonical
from prooftrail.model.run import EvidenceKind, Superseded
from prooftrail.ports import Locker, ObjectVersion

from . import head as chain_head

_LATE = timedelta(hours=24)  # an attempt that began before its run was closed may write this long after


class Leftovers:
    """Finds them from the end of the chain; older ones were named by older manifests, by the same rule."""

    def __init__(self, locker: Locker, *, public_key: bytes, now: datetime) -> None:
        self._locker, self._public_key, self._now = locker, public_key, now

    def __call__(
        self, run_id: str, named: Collection[str], head: Head, last: Manifest | None
    ) -> tuple[Superseded, ...]:
        """What to list as superseded in the manifest of `run_id`, which names `named` and follows `last`, at `head`."""
        recent: list[tuple[str, datetime]] = []
        known = set(named)
        for closed in self._recent(last):
            recent.append((closed.run.id, closed.closed_at))
            known |= {one.key for one in closed.objects} | {one.key for one in closed.superseded}
        ours = "another attempt of this run was committed first, or this one was cut short"
        found = dict(self._unnamed(run_id, known, ours))
        for number, (closed_run, closed_at) in enumerate(recent):
            if number and self._now - closed_at > _LATE:
                break
            late = f"another attempt of run {closed_run} wrote it after that run was closed"
            found |= dict(self._unnamed(closed_run, known, late))
        for other in self._never_closed(head, {run_id, *(closed_run for closed_run, _ in recent)}):
            cut = f"run {other} was begun and not closed when this manifest was written"
            found |= dict(self._unnamed(other, known, cut))
        return tuple(sorted(found.values()))

    def _recent(self, last: Manifest | None) -> Iterator[Manifest]:
        """The last manifest, and those before it that were closed within a day.

        All of them where the store keeps no time of its own: a copied directory says of everything that it is new.
        """
        if last is None:
            return
        yield last
        older = chain_head.manifests_back(self._locker, public_key=self._public_key, at=last.previous)
        for _, one in older:
            if self._locker.keeps_time and self._now - one.closed_at > _LATE:
                return
            yield one

    def _unnamed(self, run_id: str, known: set[str], reason: str) -> Iterator[tuple[str, Superseded]]:
        for prefix in layout.run_prefixes(run_id):
            for one in self._locker.versions(prefix):
                if not one.delete_marker and one.key not in known:
                    yield one.key, self._superseded(one, reason)

    def _superseded(self, one: ObjectVersion, reason: str) -> Superseded:
        return Superseded(
            key=one.key, size=one.size, reason=reason, version_id=one.version_id, stored_sha256=self._hash(one)
        )

    def _hash(self, one: ObjectVersion) -> str | None:
        """The hash of what is there; wire bodies and people are never read back, and what cannot be read has none."""
        if layout.Place(one.key).kind in (EvidenceKind.RAW, EvidenceKind.PEOPLE, None):
            return None
        try:
            return canonical.sha256(self._locker.get(one.key, version_id=one.version_id))
        except ProoftrailError:
            return None

    def _never_closed(self, head: Head, closed: set[str]) -> list[str]:
        """Runs begun since the head was written, by the store's own times, that no manifest has.

        A run seals its context first and its plan next; either tells of it.
        """
        since = min((one.stored_at for one in self._locker.versions(layout.chain_key(head.seq))), default=None)
        found = set()
        for one in chain(self._locker.versions("context/"), self._locker.versions("plan/")):
            run_id = layout.Place(one.key).run_id
            young = since is None or head.seq == 0 or one.stored_at >= since - OPEN_RUN
            if run_id and run_id not in closed and (not self._locker.keeps_time or young):
                found.add(run_id)
        return sorted(one for one in found if not self._in_chain(one, since))

    def _in_chain(self, run_id: str, since: datetime | None) -> bool:
        """Whether a manifest older than the recent ones has the run; without the store's time all were recent."""
        if since is None or not self._locker.keeps_time:
            return False
        return (
            chain_head.find_run(self._locker, run_id, since=since - OPEN_RUN, public_key=self._public_key) is not None
        )
