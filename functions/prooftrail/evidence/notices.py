"""A day's notices as they are sealed: the plan, its parts and what became of them, read strictly and in little memory."""

import hashlib
import zlib
from collections.abc import Iterator

import msgspec

from prooftrail.errors import EvidenceUnreadable
from prooftrail.model import canonical
from prooftrail.model.notice import Notice, NoticesPart, NoticesPlan, Reach, Sent, Told
from prooftrail.model.run import SealedObject

from . import layout

LARGEST = 64 * 1024 * 1024
"""Stored bytes of a part, plan or end; several times what 2,000 recipients, or a part of what is remembered, need."""

_LARGEST_UNPACKED = 2 * 1024 * 1024 * 1024  # bytes; what unpacks to more was not written by us
_PIECE = 1 << 20
_GZIP = 31

type NoticeLine = NoticesPart | Notice | Told | Reach | Sent

_LINES: msgspec.json.Decoder[NoticeLine] = msgspec.json.Decoder(NoticesPart | Notice | Told | Reach | Sent)


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What an object holds: SHA-256 of its (uncompressed) bytes, and how many lines."""

    sha256: str
    count: int


def read_plan(key: str, data: bytes) -> NoticesPlan:
    """The commit of a day's notices; it must be of the run its name tells. Raises EvidenceUnreadable."""
    try:
        plan = canonical.decode(data, NoticesPlan)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise EvidenceUnreadable(f"{key} is no plan of notices: {error}.") from error
    if layout.notices_plan_key(plan.run_id) != key:
        raise EvidenceUnreadable(f"{key} is the plan of run {plan.run_id}.")
    return plan


def parts(plan: NoticesPlan) -> tuple[SealedObject, ...]:
    """Everything a plan names."""
    return (*plan.shards, *plan.told, *plan.reach)


def lines(key: str, body: bytes) -> Iterator[NoticeLine]:
    """The lines of a part, or of what became of one, decoded strictly, one in memory at a time.

    Raises EvidenceUnreadable for a stream that is cut short, for a line that is none, and where the first line tells
    another run than the name.
    """
    number = 0
    for number, line in enumerate(_each(key, body), 1):
        try:
            one = _LINES.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise EvidenceUnreadable(f"{key} line {number} is not what its kind promises: {error}.") from error
        if number == 1:
            _head(key, one)
        yield one
    if not number:
        raise EvidenceUnreadable(f"{key} is empty.")


def code(key: str, body: bytes) -> str:
    """The deployment's code that a plan, or what became of a shard, bears; whose it is, is not known here.

    Raises EvidenceUnreadable.
    """
    if layout.notices_plan_key(layout.Place(key).run_id or "") == key:
        return read_plan(key, body).mac
    first = next(lines(key, body))
    return first.mac if isinstance(first, NoticesPart) else ""


def content(key: str, body: bytes) -> Content:
    """What a part or an end holds; of a part it must be what its name tells. Raises EvidenceUnreadable as `lines` does,
    but decodes the first line only.
    """
    digest, count, first = hashlib.sha256(), 0, b""
    for piece in _pieces(key, body):
        digest.update(piece)
        count += piece.count(b"\n")
        if b"\n" not in first:
            first += piece
    sha, place = digest.hexdigest(), layout.Place(key)
    if place.sha256 not in (None, sha):
        raise EvidenceUnreadable(f"{key} does not hold what its name says.")
    try:
        _head(key, _LINES.decode(first.partition(b"\n")[0]))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise EvidenceUnreadable(f"{key} line 1 is not what its kind promises: {error}.") from error
    return Content(sha256=sha, count=count)


def _head(key: str, one: NoticeLine) -> None:
    place = layout.Place(key)
    if not isinstance(one, NoticesPart) or one.run_id != place.run_id:
        raise EvidenceUnreadable(f"{key} does not begin with the run it is of.")
    if (one.what == "sent") != (place.sha256 is None):
        raise EvidenceUnreadable(f"{key} holds {one.what!r}, which does not lie under such a name.")


def _each(key: str, body: bytes) -> Iterator[bytes]:
    rest = b""
    for piece in _pieces(key, body):
        *whole, rest = (rest + piece).split(b"\n")
        yield from whole
    if rest:
        yield rest


def _pieces(key: str, body: bytes) -> Iterator[bytes]:
    """The uncompressed bytes, piece by piece; an end is not compressed. Never more than `_LARGEST_UNPACKED`."""
    if not key.endswith(".gz"):
        yield body
        return
    engine, left, total = zlib.decompressobj(_GZIP), body, 0
    try:
        while left and not engine.eof:
            piece = engine.decompress(left, _PIECE)
            left, total = engine.unconsumed_tail, total + len(piece)
            if total > _LARGEST_UNPACKED:
                raise EvidenceUnreadable(f"{key} unpacks to more than any part holds.")
            yield piece
        yield engine.flush()
    except zlib.error as error:
        raise EvidenceUnreadable(f"{key} cannot be unpacked: {error}.") from error
    if not engine.eof or engine.unused_data:
        raise EvidenceUnreadable(f"{key} cannot be unpacked: the stream is cut short or has something after it.")
