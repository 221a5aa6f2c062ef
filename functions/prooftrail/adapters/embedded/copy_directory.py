"""A locker in a directory that evidence is pulled into: a crash may cost a name that the next pull brings again."""

import os

from prooftrail.adapters.embedded import atomic
from prooftrail.adapters.embedded.directory_locker import _SEALED_MODE, DirectoryLocker, _parts
from prooftrail.errors import AlreadySealed
from prooftrail.ports import Stored


class CopyDirectory(DirectoryLocker):
    """As any locker in a directory, but names become durable together, when `settle` is called; bytes do at once."""

    def put(self, key: str, body: bytes, *, retain_until: object) -> Stored:  # noqa: ARG002 - nothing holds it here
        """Write `body` under a name nobody has written yet, whole or not at all, and readable only. Raises AlreadySealed."""
        *folders, name = _parts(key)
        with self._speaking("written", self._root / key), self._folder(folders, create=True) as folder:
            try:
                atomic.create(folder, name, body, mode=_SEALED_MODE, flushed=False)
            except FileExistsError:
                raise AlreadySealed(key) from None
        return Stored(version_id=None, retain_until=None)

    def settle(self) -> None:
        """Make every name durable."""
        os.sync()
