"""Reads the auditor's request list: a CSV of ids and what is asked, however a spreadsheet saved it."""

import csv
from collections.abc import Iterator
from pathlib import Path

from prooftrail.errors import ConfigError

_LARGEST = 1_000_000  # bytes
_MOST, _LONGEST = 1_000, 4_000  # requests, and characters of one
_COLUMNS = ("id", "request")


def read_requests(path: Path) -> tuple[tuple[str, str], ...]:
    """The requests of a file in their order: (id, what is asked).

    UTF-8 with or without a byte order mark; comma, semicolon or tab between the columns `id` and `request`, which the first
    line names. Raises ConfigError with the line for anything else.
    """
    lines = _text(path).splitlines(keepends=True)
    heading = next(iter(lines), "")
    delimiter = max(",;\t", key=heading.count)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    found: dict[str, str] = {}
    try:
        places = _places(path, next(reader, []))
        for row in reader:
            for name, asked in _request(path, reader.line_num, row, places):
                if name in found:
                    raise ConfigError(f"{path} line {reader.line_num}: the id {name!r} stands twice; each has its own.")
                found[name] = asked
    except csv.Error as error:
        raise ConfigError(f"{path} line {reader.line_num}: {error}. Save it as CSV again.") from error
    if not found:
        raise ConfigError(f"{path} holds no request: put one on each line below `id,request`.")
    if len(found) > _MOST:
        raise ConfigError(f"{path} holds {len(found):,} requests, and a pack takes {_MOST:,}: split the list.")
    return tuple(found.items())


def _text(path: Path) -> str:
    try:
        body = path.read_bytes()
    except OSError as refused:
        raise ConfigError(f"--request {path} cannot be read: {refused.strerror}. Check the path.") from refused
    if len(body) > _LARGEST:
        raise ConfigError(f"--request {path} has {len(body):,} bytes, and no request list is so large.")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path} line {line} is not UTF-8: save it as `CSV UTF-8` in the spreadsheet.") from error


def _places(path: Path, heading: list[str]) -> tuple[int, int]:
    names = [one.strip().casefold() for one in heading]
    missing = [one for one in _COLUMNS if one not in names]
    if missing:
        raise ConfigError(
            f"{path} line 1 names no column {' and no column '.join(missing)}: begin the file with the line `id,request`."
        )
    return names.index(_COLUMNS[0]), names.index(_COLUMNS[1])


def _request(path: Path, line: int, row: list[str], places: tuple[int, int]) -> Iterator[tuple[str, str]]:
    """The request on a line; none on a blank one."""
    if not any(one.strip() for one in row):
        return
    name, asked = (row[one].strip() if one < len(row) else "" for one in places)
    for what, text in zip(_COLUMNS, (name, asked), strict=True):
        if not text:
            raise ConfigError(f"{path} line {line}: the {what} is missing.")
        if len(text) > _LONGEST:
            raise ConfigError(f"{path} line {line}: the {what} is longer than {_LONGEST:,} characters.")
    yield name, asked
