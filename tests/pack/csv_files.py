"""A second reader of CSV files, strict where Python's own is lenient, and a folder that holds a pack's files in memory."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from prooftrail.pack.files import Sink, Written


class NotCsv(ValueError):
    """What RFC 4180 does not allow."""


def records(data: bytes) -> list[list[str]]:
    """The records of an RFC 4180 file: every one ends in CRLF, quotes stand around a whole field or nowhere."""
    text, at, found = data.decode("utf-8"), 0, list[list[str]]()
    while at < len(text):
        record = list[str]()
        while True:
            field, at = _field(text, at)
            record.append(field)
            if text.startswith("\r\n", at):
                at += 2
                break
            if not text.startswith(",", at):
                raise NotCsv(f"neither a comma nor CRLF after a field, at {at}")
            at += 1
        if found and len(record) != len(found[0]):
            raise NotCsv(f"record {len(found) + 1} has {len(record)} fields, the header {len(found[0])}")
        found.append(record)
    return found


def _field(text: str, at: int) -> tuple[str, int]:
    if text[at : at + 1] != '"':
        end = min((one for one in (text.find(",", at), text.find("\r\n", at)) if one >= 0), default=len(text))
        bare = text[at:end]
        if '"' in bare or "\r" in bare or "\n" in bare:
            raise NotCsv(f"a quote or a line break in a field without quotes, at {at}")
        return bare, end
    made, at = "", at + 1
    while True:
        end = text.find('"', at)
        if end < 0:
            raise NotCsv("a quoted field does not end")
        made += text[at:end]
        if text[end + 1 : end + 2] != '"':
            return made, end + 1
        made, at = made + '"', end + 2


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
