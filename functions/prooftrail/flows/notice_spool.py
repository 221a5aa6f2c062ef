"""Records waiting in compressed memory, parted by a key, so that one part of them at a time is held as objects."""

import zlib
from collections.abc import Iterator
from typing import Any

import msgspec

from prooftrail.model import canonical

_LEVEL = 1  # what is written once and read once has to be quick before it is small
_PIECE = 1 << 16  # bytes handed to the compressor at once


class Spool:
    """A queue of records that takes little memory; read once, from the first."""

    def __init__(self) -> None:
        self._gzip = zlib.compressobj(_LEVEL)
        self._pieces: list[bytes] = []
        self._pending = bytearray()

    def add(self, record: Any) -> None:
        """Append a record."""
        self._pending += canonical.encode(record)
        self._pending += b"\n"
        if len(self._pending) >= _PIECE:
            self._pieces.append(self._gzip.compress(self._pending))
            self._pending.clear()

    def read[T](self, decoder: msgspec.json.Decoder[T]) -> Iterator[T]:
        """Every record in its order; they are gone afterwards, and nothing may be added."""
        self._pieces += [self._gzip.compress(self._pending), self._gzip.flush()]
        pieces, self._pieces = self._pieces, []
        self._pending.clear()
        engine, rest = zlib.decompressobj(), b""
        for number, piece in enumerate(pieces):
            pieces[number] = b""
            found = (rest + engine.decompress(piece)).split(b"\n")
            rest = found.pop()
            yield from map(decoder.decode, found)


class Parted:
    """Spools by key: equal keys lie in the same of `parts` parts, in the order they came."""

    def __init__(self, parts: int) -> None:
        self._spools = [Spool() for _ in range(parts)]

    def part_of(self, key: str) -> int:
        """The part a key belongs to."""
        return zlib.crc32(key.encode()) % len(self._spools)

    def add(self, part: int, record: Any) -> None:
        """Append a record to a part."""
        self._spools[part].add(record)

    def read[T](self, part: int, decoder: msgspec.json.Decoder[T]) -> Iterator[T]:
        """The records of a part; they are gone afterwards."""
        return self._spools[part].read(decoder)
