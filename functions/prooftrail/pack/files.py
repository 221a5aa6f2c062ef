"""Where the files of a pack go: the one door by which the pure parts of a pack write."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol

import msgspec


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the pack once it is closed: its bytes' SHA-256 and size."""

    sha256: str
    size: int


class Sink(Protocol):
    """Takes the bytes of one file, in order."""

    def write(self, data: bytes, /) -> object:
        """Add to the file."""
        ...


class PackFiles(Protocol):
    """The folder a pack is made in. Paths are relative, of ASCII letters, digits and `._-/`, each written once."""

    def open(self, path: str) -> AbstractContextManager[Sink]:
        """A new file; it counts once the block ends without an error."""
        ...

    @property
    def written(self) -> Mapping[str, Written]:
        """Every file that was closed, by path."""
        ...
