"""The folder of a pack, in memory."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from prooftrail.pack.files import Sink, Written


class _Buffer:
    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, data: bytes, /) -> object:
        self.data += data
        return None


class MemoryFiles:
    """A pack's files by their path; one that did not end well is in `broken` and not in `files`."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.broken: list[str] = []
        self.opened: list[str] = []

    @contextmanager
    def open(self, path: str) -> Iterator[Sink]:
        assert path not in self.opened
        self.opened.append(path)
        buffer = _Buffer()
        try:
            yield buffer
        except BaseException:
            self.broken.append(path)
            raise
        self.files[path] = bytes(buffer.data)

    @property
    def written(self) -> Mapping[str, Written]:
        return {
            path: Written(sha256=hashlib.sha256(data).hexdigest(), size=len(data)) for path, data in self.files.items()
        }
