"""A register of the pack: what a row is, its columns, and its two forms, CSV for people and JSON Lines for machines.

CSV is RFC 4180: UTF-8, a header, CRLF, fields quoted where they must be. A text that a spreadsheet would run as a formula
gets an apostrophe in front; the JSON Lines twin has the raw value.
"""

from collections.abc import Callable, Iterator
from datetime import date, datetime
from enum import StrEnum

import msgspec

from prooftrail.pack.tally import Tally
from prooftrail.pack.view import AccountView, PeriodView

type Value = str | int | bool | datetime | date | tuple[str, ...] | None
"""What a cell holds. None is unknown or not applicable, and never stands for zero or no; lists are joined by `; ` in CSV."""

type Row = tuple[Value, ...]


class ColumnType(StrEnum):
    """What a column holds: workbook and report format by it."""

    TEXT = "text"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    INSTANT = "instant"
    DAY = "day"
    LIST = "list"


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column. `about` is a clause for the data dictionary.

    `why_empty` says why no row of this version has a value here; None where rows may have one.
    """

    name: str
    type: ColumnType = ColumnType.TEXT
    about: str = ""
    why_empty: str | None = None


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """One register. `file` is its name without `.csv`; `about` says what a row is, from which source, and what is left out.

    `questions` are those of an auditor it helps to answer (1 to 14). `sheet` names its sheet in the workbook, None
    where it has none.
    """

    file: str
    title: str
    about: str
    columns: tuple[Column, ...]
    questions: tuple[int, ...] = ()
    sheet: str | None = None


class Register(msgspec.Struct, frozen=True, kw_only=True):
    """A table and where its rows come from: from each account in turn, the organization last, then from the whole."""

    table: Table
    each: Callable[[AccountView, PeriodView], Iterator[Row]] | None = None
    whole: Callable[[PeriodView, Tally], Iterator[Row]] | None = None
