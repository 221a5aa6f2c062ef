"""The rows of a sheet, made as the sheet's own markup and kept compressed in memory until the workbook is written.

XlsxWriter's cell by cell is eight times slower, and it keeps the rows in files of its own that a pack which fails would
leave behind, names and all. It still writes everything around the rows. Of its inside only the place where it keeps the
rows of a sheet is used (`row_data_fh`, the same for years); the tests open what comes out with another library.
Source: ECMA-376 part 1, 18.3.1.4 (cells), 18.4.8 (text), 22.9.2.19 (`_xHHHH_`).
"""

import re
import zlib
from collections.abc import Callable
from datetime import date, datetime, time
from enum import IntEnum
from html import escape

from prooftrail.model import canonical
from prooftrail.pack.table import Row, Value
from prooftrail.pack.workbook.writer import Worksheet

_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - a spreadsheet knows no zones
_FIRST_YEAR = 1901  # before it spreadsheets disagree on what day a number is
_EXACT = 2**53
_DAY_S = 86_400
_KNOWN_AT_MOST = 4_000  # cells a column remembers: statuses and account ids come up again and again
_ESCAPED = re.compile(r"_(?=x[0-9a-fA-F]{4}_)")
_LETTERS = 26

_BATCH = 256  # rows that are compressed at once


class Look(IntEnum):
    """How a cell looks, by the number cells name it with: formats are numbered in this order."""

    PLAIN = 1
    WRAPPED = 2
    INSTANT = 3
    DAY = 4


type Text = Callable[[str], tuple[str, Look]]
"""A text as a cell holds it, and how it looks."""


class Rows:
    """Rows of one sheet from row `first` on, counted from 0."""

    def __init__(self, columns: int, first: int, text: Text) -> None:
        self._text, self._first, self._next = text, first, first
        self._letters = [f'<c r="{_column(at)}' for at in range(columns)]
        self._known: list[dict[Value, str]] = [{} for _ in range(columns)]
        self._zip = zlib.compressobj(1)
        self._kept: list[bytes] = []
        self._batch: list[str] = []

    def add(self, row: Row) -> None:
        """Keep a row; an absent value is no cell."""
        self._next += 1
        number = self._next
        cells = [
            f'{letters}{number}"{known.get(value) if value.__class__ is str and value in known else self._cell(value, known)}'
            for letters, known, value in zip(self._letters, self._known, row, strict=True)
            if value is not None and value != ()
        ]
        self._batch.append(f'<row r="{number}">{"".join(cells)}</row>')
        if len(self._batch) >= _BATCH:
            self._compress()

    def write(self, sheet: Worksheet) -> None:
        """Write all of them into the sheet, below what was written into it by now; once."""
        if self._next == self._first:
            return
        self._compress()
        self._kept.append(self._zip.flush())
        sheet._write_single_row(self._first)  # noqa: SLF001 - the header, which XlsxWriter holds back
        sheet.row_data_fh.flush()
        unzip = zlib.decompressobj()
        for each in self._kept:
            sheet.row_data_fh.buffer.write(unzip.decompress(each))
        sheet.dim_rowmax = max(sheet.dim_rowmax, self._next - 1)
        self._kept.clear()

    def _compress(self) -> None:
        self._kept.append(self._zip.compress("".join(self._batch).encode()))
        self._batch.clear()

    def _cell(self, value: Value, known: dict[Value, str]) -> str:
        made = self._made(value)
        if value.__class__ is str and len(known) < _KNOWN_AT_MOST:
            known[value] = made
        return made

    def _made(self, value: Value) -> str:
        """The cell behind its place: ` s="1"...</c>`."""
        match value:
            case bool():
                return f' s="{Look.PLAIN:d}" t="b"><v>{int(value)}</v></c>'
            case int() if abs(value) <= _EXACT:
                return f' s="{Look.PLAIN:d}"><v>{value}</v></c>'
            case date() if value.year >= _FIRST_YEAR:
                looks = Look.INSTANT if isinstance(value, datetime) else Look.DAY
                return f' s="{looks:d}"><v>{_serial(value):.16g}</v></c>'
            case tuple():
                return self._string("; ".join(value))
            case _:
                return self._string(str(value))

    def _string(self, text: str) -> str:
        text, looks = self._text(text)
        kept = ' xml:space="preserve"' if text != text.strip() or "\n" in text else ""
        inside = escape(_ESCAPED.sub("_x005F_", text), quote=False)
        return f' s="{looks:d}" t="inlineStr"><is><t{kept}>{inside}</t></is></c>'


def _serial(value: datetime | date) -> float:
    """Days since the epoch of spreadsheets, in UTC."""
    if isinstance(value, datetime):
        since = canonical.utc(value).replace(tzinfo=None) - _EPOCH
    else:
        since = datetime.combine(value, time()) - _EPOCH
    return since.days + (since.seconds + since.microseconds / 1_000_000) / _DAY_S


def _column(at: int) -> str:
    """`A` for 0, `AA` for 26."""
    name = ""
    while at >= 0:
        at, rest = at // _LETTERS - 1, at % _LETTERS
        name = chr(ord("A") + rest) + name
    return name
