"""A directory that a part of a bucket was pulled into: what was left out is told apart from what is missing."""

from functools import cached_property
from pathlib import Path

from prooftrail.adapters.embedded.directory_locker import DirectoryLocker
from prooftrail.errors import EvidenceError, EvidenceMissing, NotInThisCopy
from prooftrail.evidence import envelope, layout, manifest
from prooftrail.evidence.manifest import Genesis, Head
from prooftrail.evidence.pulled import PullRecord
from prooftrail.model import canonical


class PartialDirectory(DirectoryLocker):
    """A locker in a directory whose record of a pull (`record`) says that it is a part; another's record is not believed."""

    def __init__(self, root: Path, record: PullRecord) -> None:
        super().__init__(root)
        self._record = record

    def get(self, key: str, *, version_id: str | None = None) -> bytes:
        """The bytes of the key. Raises NotInThisCopy where the scope left it out, EvidenceMissing where it did not."""
        try:
            return super().get(key, version_id=version_id)
        except EvidenceMissing as missing:
            scope = self._record.scope
            if scope.wants(key, None) or self.misfit:
                raise
            raise NotInThisCopy(key, self.describe(), scope.worded(), self._record.bucket) from missing

    @cached_property
    def misfit(self) -> str | None:
        """Why the record is not of this chain; None where it is."""
        return self._record.misfit(self._genesis(), self._has)

    def _genesis(self) -> Genesis | None:
        key = layout.chain_key(0)
        try:
            stated = manifest.stated(key, envelope.opened(key, super().get(key)))
        except EvidenceError:
            return None
        return stated if isinstance(stated, Genesis) else None

    def _has(self, head: Head) -> bool:
        try:
            return canonical.sha256(super().get(layout.chain_key(head.seq))) == head.sha256
        except (EvidenceError, ValueError):  # ValueError: no slot has that number
            return False
