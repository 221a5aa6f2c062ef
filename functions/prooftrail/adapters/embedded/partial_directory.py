"""A directory that a part of a bucket was pulled into: what was left out is told apart from what is missing."""

from pathlib import Path

from prooftrail.adapters.embedded.directory_locker import DirectoryLocker
from prooftrail.errors import EvidenceMissing, NotInThisCopy
from prooftrail.evidence.pulled import PullRecord


class PartialDirectory(DirectoryLocker):
    """A locker in a directory whose record of a pull (`record`) says that it is a part."""

    def __init__(self, root: Path, record: PullRecord) -> None:
        super().__init__(root)
        self._record = record

    def get(self, key: str, *, version_id: str | None = None) -> bytes:
        """The bytes of the key. Raises NotInThisCopy where the scope left it out, EvidenceMissing where it did not."""
        try:
            return super().get(key, version_id=version_id)
        except EvidenceMissing as missing:
            scope = self._record.scope
            if scope.wants(key, None):
                raise
            raise NotInThisCopy(key, self.describe(), scope.worded(), self._record.bucket) from missing
