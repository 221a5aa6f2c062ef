"""Reads the auditor's request list: a CSV of ids and what is asked, however a spreadsheet saved it."""

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

from prooftrail.cli.render import counted, safe
from prooftrail.errors import ConfigError

_LARGEST = 1_000_000  # bytes
_MOST, _LONGEST = 1_000, 4_000  # requests, and characters of one
_COLUMNS = {
    "id": ("id", "ref", "ref.", "reference", "no", "no.", "nr", "#", "number", "item", "request id", "request_id", "request no", "request no."),
    "request": ("request", "requests", "description", "requested", "evidence requested", "evidence", "question", "what"),
}  # fmt: skip
"""The two columns, and what lists of auditors call them."""


def read_requests(path: Path) -> tuple[tuple[str, str], ...]:
    """The requests of a file in their order: (id, what is asked).

    UTF-8 with or without a byte order mark; comma, semicolon or tab between the columns `id` and `request`, which the first
    line names. A line without an id or a text, or with an id of another line, is kept, for the register says what is wrong
    with it; all of them are told together on stderr, and so is a text that was cut. Raises ConfigError for what is no such
    list at all.
    """
    lines = _text(path).splitlines(keepends=True)
    heading = next(iter(lines), "")
    delimiter = max(",;\t", key=heading.count)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    found, wrong, first = list[tuple[str, str]](), list[str](), dict[str, int]()
    try:
        places = _places(path, next(reader, []))
        for row in reader:
            for name, asked in _request(row, places):
                wrong += _faults(reader.line_num, name, asked, first)
                first.setdefault(name, reader.line_num)
                found.append((name[:_LONGEST], asked[:_LONGEST]))
    except csv.Error as error:
        raise ConfigError(f"{path} line {reader.line_num}: {error}. Save it as CSV again.") from error
    if not found:
        raise ConfigError(f"{path} holds no request: put one on each line below `id,request`.")
    if len(found) > _MOST:
        raise ConfigError(f"{path} holds {len(found):,} requests, and a pack takes {_MOST:,}: split the list.")
    if wrong:
        told = "".join(f"  {one}\n" for one in wrong)
        sys.stderr.write(f"{safe(path)}: {counted(len(wrong), 'fault')}, kept and marked in 35_requests:\n{told}")
    return tuple(found)


def _faults(line: int, name: str, asked: str, first: dict[str, int]) -> Iterator[str]:
    """What is wrong with a line, a sentence each."""
    if not name:
        yield f"line {line}: the id is missing"
    elif name in first:
        yield f"line {line}: the id {safe(repr(name), longest=80)} stands on line {first[name]} too"
    if not asked:
        yield f"line {line}: the request is missing"
    if max(len(name), len(asked)) > _LONGEST:
        yield f"line {line}: it is longer than {_LONGEST:,} characters, and is cut there"


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
    found = {
        column: next((names.index(each) for each in known if each in names), None) for column, known in _COLUMNS.items()
    }
    name, asked = found["id"], found["request"]
    if name is None or asked is None:
        missing = [column for column, place in found.items() if place is None]
        raise ConfigError(
            f"{path} line 1 names no column {' and no column '.join(missing)}: begin the file with the line `id,request`."
        )
    return name, asked


def _request(row: list[str], places: tuple[int, int]) -> Iterator[tuple[str, str]]:
    """The request on a line; none on a blank one."""
    name, asked = (row[one].strip() if one < len(row) else "" for one in places)
    if name or asked:
        yield name, asked
