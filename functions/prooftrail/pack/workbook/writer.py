"""What of XlsxWriter a workbook uses: it has no types of its own."""

from datetime import date, datetime
from io import TextIOWrapper
from typing import Any, Protocol

type Looks = Any
"""A format of XlsxWriter."""


class Worksheet(Protocol):
    """A sheet, written top to bottom.

    `row_data_fh` is where its rows wait, `dim_rowmax` the last of them.
    """

    row_data_fh: TextIOWrapper
    dim_rowmax: int

    def _write_single_row(self, row: int, /) -> object:
        """Write the row that is held back; `row` is the next."""
        ...

    def write_string(self, row: int, column: int, text: str, looks: Looks = None, /) -> object:
        """Text, whatever it looks like."""
        ...

    def write_number(self, row: int, column: int, number: float, looks: Looks = None, /) -> object:
        """A number."""
        ...

    def write_boolean(self, row: int, column: int, yes: bool, looks: Looks = None, /) -> object:
        """TRUE or FALSE."""
        ...

    def write_datetime(self, row: int, column: int, at: datetime | date, looks: Looks = None, /) -> object:
        """A date a spreadsheet calculates with; it knows no zones."""
        ...

    def write_comment(self, row: int, column: int, text: str, options: dict[str, Any], /) -> object:
        """A note at a cell."""
        ...

    def merge_range(self, row: int, column: int, last_row: int, last_column: int, text: str, looks: Looks, /) -> object:
        """Text over several cells."""
        ...

    def set_row(self, row: int, height: float, /) -> object:
        """The height of a row, in points."""
        ...

    def set_column(self, first: int, last: int, width: float, /) -> object:
        """The width of columns, in characters."""
        ...

    def autofilter(self, row: int, column: int, last_row: int, last_column: int, /) -> object:
        """Filters for the columns of a range."""
        ...

    def freeze_panes(self, row: int, column: int, /) -> object:
        """What is above and left stays in view."""
        ...

    def hide_gridlines(self, option: int, /) -> object:
        """2 hides the lines between cells."""
        ...

    def activate(self) -> object:
        """The sheet that is shown first."""
        ...


class Book(Protocol):
    """The workbook."""

    def add_format(self, properties: dict[str, Any], /) -> Looks:
        """A way a cell looks."""
        ...

    def add_worksheet(self, name: str, /) -> Worksheet:
        """A new sheet, last in order."""
        ...

    def set_properties(self, properties: dict[str, Any], /) -> object:
        """Title, author and date of the document."""
        ...

    def close(self) -> object:
        """Write the file."""
        ...
