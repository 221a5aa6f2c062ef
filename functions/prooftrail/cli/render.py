"""Puts what was sealed on a terminal, into a file or down a pipe, without giving hostile text a voice of its own."""

import csv
import io
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import IO, Any, NamedTuple, TextIO, cast

import msgspec
from rich.console import Console
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from prooftrail.model import canonical

PLAIN_WIDTH = 100
"""Columns of everything that does not go to a terminal."""

LONGEST_TEXT = 200
LONGEST_CELL = 32_000  # spreadsheets refuse more than 32,767 characters in a cell

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - what spreadsheets take for their own
_UNITS = ("KB", "MB", "GB", "TB")
_KILO = 1000
_GAP = 2  # blanks between columns
_LABELS = 12  # columns for the labels of facts
_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_FILLING = re.compile(r" +(?=\n)")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\n]")
_RED, _YELLOW, _GREEN, _DIM, _BOLD = "red", "yellow", "green", "dim", "bold"


class ClosedPipe(Exception):
    """Whoever read our output has had enough of it."""


class _Pipe(Console):
    """A console that tells of a closed pipe instead of ending the process."""

    def on_broken_pipe(self) -> None:
        raise ClosedPipe


class _Trimmed:
    """Plain output without the blanks that fill a table's last column."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self.encoding = file.encoding

    def write(self, text: str) -> int:
        return self._file.write(_FILLING.sub("", text))

    def flush(self) -> None:
        self._file.flush()

    def isatty(self) -> bool:
        return False


def console() -> Console:
    """What commands print to: colours and the full width on a terminal (NO_COLOR respected), plain columns elsewhere."""
    return _console(sys.stdout)


def _console(file: TextIO) -> Console:
    plain = not file.isatty()
    return _Pipe(
        file=cast(IO[str], _Trimmed(file)) if plain else file,
        width=PLAIN_WIDTH if plain else None,
        markup=False,
        emoji=False,
        highlight=False,
        soft_wrap=False,
    )


def warn(sentence: str) -> None:
    """One line on stderr for something the reader must know, whatever the output is used for."""
    sys.stderr.write(f"prooftrail: warning: {safe(sentence, longest=LONGEST_CELL)}\n")


def safe(value: object, *, longest: int = LONGEST_TEXT) -> str:
    """`value` with every character that could steer a terminal, or hide, made visible, and cut to `longest` with `…`.

    Controls, escapes, line breaks, bidirectional overrides and invisible characters become `\\x1b`, `\\u202e` and so on.
    """
    text = str(value)
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    return cut if cut.isprintable() else "".join(one if one.isprintable() else _visible(one) for one in cut)


def _visible(one: str) -> str:
    return one.encode("unicode_escape").decode("ascii")


def said(value: object | None, *, absent: str = "unknown", longest: int = LONGEST_TEXT) -> str:
    """`value` made safe, or the word for its absence."""
    return absent if value is None else safe(value, longest=longest)


def label(word: str) -> str:
    """A word of the code as people write it: `non_human` is `non-human`."""
    return word.replace("_", "-")


def moment(at: datetime) -> str:
    """`2026-11-22 06:00 UTC`, with seconds where there are any."""
    utc = canonical.utc(at)
    return f"{utc:%Y-%m-%d %H:%M:%S} UTC" if utc.second else f"{utc:%Y-%m-%d %H:%M} UTC"


def day(at: datetime) -> str:
    """`2026-11-22`, in UTC."""
    return f"{canonical.utc(at):%Y-%m-%d}"


def ago(at: datetime, taken_at: datetime) -> str:
    """How long before `taken_at` (never before now) something was: whole days, else hours; what is later has age zero."""
    age = max(taken_at - at, timedelta())
    if age >= _DAY:
        return f"{age // _DAY} day{'' if age // _DAY == 1 else 's'} ago"
    return counted(age // _HOUR, "hour") + " ago" if age >= _HOUR else "< 1 hour ago"


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 account`, `2 accounts`, `12,000 accounts`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def size(octets: int) -> str:
    """Bytes as people read them."""
    if octets < _KILO:
        return counted(octets, "byte")
    power = min((len(str(octets)) - 1) // 3, len(_UNITS))
    return f"{octets / _KILO**power:.1f} {_UNITS[power - 1]}"


def fingerprint(value: str) -> str:
    """A hash in groups of four, as it is read out over the telephone."""
    return " ".join(value[at : at + 4] for at in range(0, len(value), 4))


class Col(NamedTuple):
    """A column of a table: its name and width, and how many shares it gets of what the page leaves."""

    name: str
    width: int
    right: bool = False
    grows: int = 0


def table(columns: Sequence[Col], rows: Iterable[Sequence[str | Text]], *, width: int = PLAIN_WIDTH) -> Table:
    """A table without borders, `width` columns wide; cells are text, never markup, and cut with `…` where they do not fit."""
    left = max(width - sum(one.width + _GAP for one in columns) + _GAP, 0)
    share = left // max(sum(one.grows for one in columns), 1)
    made = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style=_BOLD)
    for one in columns:
        made.add_column(
            Text(one.name),
            width=one.width + share * one.grows,
            justify="right" if one.right else "left",
            no_wrap=True,
            overflow="ellipsis",
        )
    for row in rows:
        made.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in row))
    return made


def indented(text: str | Text, by: int) -> Padding:
    """A paragraph whose every line begins `by` columns in."""
    return Padding(text if isinstance(text, Text) else Text(text), (0, 0, 0, by))


def heading(text: str) -> Text:
    """A line that begins a part of the answer."""
    return Text(text, style=_BOLD)


def coloured(text: str, word: str) -> Text:
    """`text` in the colour of what `word` says: green for whole, yellow for gaps, red for nothing or broken."""
    return Text(text, style=_COLOURS.get(word, ""))


_COLOURS = {
    "sealed": _GREEN, "ok": _GREEN, "intact": _GREEN,
    "gaps": _YELLOW, "partial": _YELLOW, "stale": _YELLOW, "skipped": _DIM, "note": _DIM,
    "internally consistent, origin not checked": _YELLOW,
    "intact; results not held against the code that sealed them": _YELLOW,
    "unreachable": _RED, "denied": _RED, "not intact": _RED, "unreadable": _RED,
}  # fmt: skip


def facts(pairs: Iterable[tuple[str, str | Text]], *, labels: int = _LABELS) -> Table:
    """Labelled values, one below the other; labels get `labels` columns, long values are folded, not cut."""
    columns = (Column(width=labels + 2, no_wrap=True), Column(overflow="fold"))
    made = Table(*columns, box=None, pad_edge=False, padding=(0, _GAP, 0, 0), show_header=False)
    for name, value in pairs:
        made.add_row(Text(f"  {name}", style=_DIM), value if isinstance(value, Text) else Text(value))
    return made


def uncut(label: str, text: str) -> Text:
    """A labelled value that must stay in one piece, to be copied; print it with `soft_wrap`."""
    return Text.assemble((f"  {label:<{_LABELS}}  ", _DIM), text)


_AS_SEALED = ("id", "subject", "identity", "parent", "fingerprint", "key")


def each_text(value: Any, change: Callable[[str], str]) -> Any:
    """`value` with every text in it changed, however deep, but for names things are sealed under; what is no text stays."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {
            name: one if name in _AS_SEALED and isinstance(one, str) else each_text(one, change)
            for name, one in value.items()
        }
    return [each_text(one, change) for one in value] if isinstance(value, list | tuple) else value


def json_text(value: Any) -> str:
    """`value` as JSON with two blanks of indentation, every unprintable character escaped."""
    return _escaped(json.dumps(msgspec.to_builtins(value), indent=2, ensure_ascii=False))


def json_list(rows: Iterable[Any]) -> Iterator[str]:
    """A JSON list in pieces, one object a line, so that a large one never lies in memory as text."""
    before = "[\n"
    for row in rows:
        yield before + "  " + _escaped(json.dumps(msgspec.to_builtins(row), ensure_ascii=False))
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def _escaped(text: str) -> str:
    # Terminals obey C1 controls and bidirectional overrides, which JSON lets through as they are.
    return _UNPRINTABLE.sub(lambda match: match[0] if match[0].isprintable() else json.dumps(match[0])[1:-1], text)


def write(pieces: Iterable[str]) -> None:
    """Put finished text on stdout as it is. Raises ClosedPipe where nobody reads it any more."""
    try:
        for piece in pieces:
            sys.stdout.write(piece)
    except BrokenPipeError:
        raise ClosedPipe from None


def print_json(value: Any) -> None:
    """`value` as JSON on stdout."""
    write([json_text(value), "\n"])


def csv_lines(fields: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """RFC 4180 lines (CRLF), headed by `fields`; no cell can be taken for a formula, no character steers a terminal."""
    yield _csv_line(fields)
    for row in rows:
        yield _csv_line([csv_cell(row.get(field)) for field in fields])


def csv_cell(value: Any) -> str:
    """One cell: None is empty, true and false are words, text that a spreadsheet would run gets a quote before it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return ("'" if text.lstrip(" ").startswith(_FORMULA) else "") + safe(text, longest=LONGEST_CELL)


def _csv_line(cells: Sequence[str]) -> str:
    made = io.StringIO()
    csv.writer(made, lineterminator="\r\n").writerow(cells)
    return made.getvalue()
