"""What is kept of a locker's listing while verification lets it go by, of however many objects."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from prooftrail.evidence import layout
from prooftrail.evidence.verify import Seen
from prooftrail.model.run import EvidenceKind
from prooftrail.ports import ObjectVersion


class Listing:
    """How much there is, and of it: names that are in a manifest, the watchdog's words, and when each slot was stored."""

    def __init__(self) -> None:
        self.objects = self.bytes = 0
        self.words: list[ObjectVersion] = []
        self.slots: dict[int, datetime] = {}
        self.named: set[str] = set()

    def noting(self, versions: Iterable[ObjectVersion]) -> Iterator[ObjectVersion]:
        """All but the watchdog's words, each counted as it goes by."""
        for one in versions:
            self.objects += 1
            self.bytes += max(one.size, 0)
            place = layout.Place(one.key)
            if place.kind is EvidenceKind.CHAIN and place.seq is not None and not one.delete_marker:
                self.slots.setdefault(place.seq, one.stored_at)
            if place.kind is EvidenceKind.WITNESS:
                self.words.append(one)
            else:
                yield one


def listed(one: ObjectVersion, sha256: str | None) -> Seen:
    """A version as the pure rules want it; a delete marker has no bytes to hash."""
    return Seen(
        key=one.key,
        version_id=one.version_id,
        stored_at=one.stored_at,
        sha256=None if one.delete_marker else sha256,
        size=one.size,
        latest=one.latest,
        delete_marker=one.delete_marker,
    )
