"""JSON Lines, hashed and compressed as they are written, so that an account never lies in memory twice."""

import hashlib
import threading
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from prooftrail.errors import EvidenceUnreadable
from prooftrail.model import canonical

_GZIP = 31  # zlib's window bits for a gzip stream; its header then carries no time and no name
_LEVEL = 6
_PIECE = 1 << 16  # bytes handed to the compressor at once


class Packed(msgspec.Struct, frozen=True, kw_only=True):
    """A finished object: the hash of the uncompressed canonical bytes, what is to be stored, and its lines."""

    sha256: str
    body: bytes
    count: int


class LineWriter:
    """Takes records one by one, from any thread, and packs them in the order they came."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._gzip = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
        self._pieces: list[bytes] = []
        self._pending = bytearray()
        self._count = 0
        self._lock = threading.Lock()

    def add(self, record: Any) -> None:
        """Append one record in its canonical form."""
        line = canonical.encode(record) + b"\n"
        with self._lock:
            self._pending += line
            self._count += 1
            if len(self._pending) >= _PIECE:
                self._flush()

    def finish(self) -> Packed:
        """The packed object; nothing may be added after it."""
        with self._lock:
            self._flush()
            self._pieces.append(self._gzip.flush())
            return Packed(sha256=self._hash.hexdigest(), body=b"".join(self._pieces), count=self._count)

    def _flush(self) -> None:
        self._hash.update(self._pending)
        self._pieces.append(self._gzip.compress(bytes(self._pending)))
        self._pending.clear()


def pack(records: Iterable[Any]) -> Packed:
    """All records as one packed object."""
    writer = LineWriter()
    for record in records:
        writer.add(record)
    return writer.finish()


def unpack(key: str, body: bytes) -> bytes:
    """The uncompressed bytes. Raises EvidenceUnreadable for a stream that is cut short or followed by anything."""
    engine = zlib.decompressobj(_GZIP)
    try:
        data = engine.decompress(body) + engine.flush()
    except zlib.error as error:
        raise EvidenceUnreadable(f"{key} cannot be unpacked: {error}.") from error
    if not engine.eof or engine.unused_data:
        raise EvidenceUnreadable(f"{key} cannot be unpacked: the stream is cut short or has something after it.")
    return data


def records[T](key: str, data: bytes, decoder: msgspec.json.Decoder[T]) -> Iterator[T]:
    """Each line of uncompressed JSON Lines, decoded strictly. Raises EvidenceUnreadable naming key and line."""
    for number, line in enumerate(data.splitlines(), 1):
        try:
            yield decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise EvidenceUnreadable(f"{key} line {number} is not what its kind promises: {error}.") from error
