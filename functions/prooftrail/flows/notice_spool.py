"""Records waiting in compressed memory, parted by a key, so that one part of them at a time is held as objects."""

import zlib
from collections.abc import Iterator

import msgspec

_LEVEL = 1  # what is written once and read once has to be quick before it is small
_TOGETHER = 64  # records packed at once, and so at most as many that wait as objects in each part
_packer = msgspec.msgpack.Encoder()


class Spool[T]:
    """A queue of records of one kind that takes little memory; read once, from the first. Nothing of it is ever stored."""

    def __init__(self, kind: type[T]) -> None:
        self._decoder: msgspec.msgpack.Decoder[list[T]] = msgspec.msgpack.Decoder(list[kind])  # type: ignore[valid-type]
        self._pieces: list[bytes] = []
        self._pending: list[T] = []

    def add(self, record: T) -> None:
        """Append a record."""
        self._pending.append(record)
        if len(self._pending) >= _TOGETHER:
            self._pack()

    def read(self) -> Iterator[T]:
        """Every record in its order; they are gone afterwards, and nothing may be added."""
        self._pack()
        pieces, self._pieces = self._pieces, []
        for number, piece in enumerate(pieces):
            pieces[number] = b""
            yield from self._decoder.decode(zlib.decompress(piece))

    def _pack(self) -> None:
        self._pieces.append(zlib.compress(_packer.encode(self._pending), _LEVEL))
        self._pending = []


class Parted[T]:
    """Spools by key: equal keys lie in the same of `parts` parts, in the order they came."""

    def __init__(self, kind: type[T], parts: int) -> None:
        self._spools = [Spool(kind) for _ in range(parts)]

    def part_of(self, key: str) -> int:
        """The part a key belongs to."""
        return zlib.crc32(key.encode()) % len(self._spools)

    def add(self, part: int, record: T) -> None:
        """Append a record to a part."""
        self._spools[part].add(record)

    def read(self, part: int) -> Iterator[T]:
        """The records of a part; they are gone afterwards."""
        return self._spools[part].read()
