"""One sheet of the workbook: a note, a header that stays in view, typed cells, and a last line that says where it stops."""

from collections.abc import Collection
from datetime import datetime

from prooftrail.pack.report.text import visible
from prooftrail.pack.table import Column, ColumnType, Row, Table
from prooftrail.pack.workbook.rows import Look, Rows
from prooftrail.pack.workbook.writer import Book, Worksheet

MOST_TEXT = 32_767
"""Characters a cell holds; Excel calls a file with more damaged."""

NAME_LENGTH = 31
_WRAP_FROM, _WRAP_TO = (
    60,
    400,
)  # wrapped text stays within a few lines; what is longer would make one row fill the screen
_MEASURED = 200  # rows by which a column's width is chosen
_NARROWEST, _WIDEST = 9, 60
_INSTANT_WIDTH = 19
_HEADER, _FIRST = 1, 2  # the row of the header and the first below it, counted from 0

KEPT: dict[str, tuple[str, tuple[str, ...]]] = {
    "07_identity_control_results": ("result", ("FAIL", "EXCEPTION", "NOT_TESTED"))
}
"""Registers of which a sheet shows only the rows with one of these values in a column: what passed is in the CSV."""


class Formats:
    """The few ways a cell looks."""

    def __init__(self, book: Book) -> None:
        top = {"valign": "top"}
        self.title = book.add_format({"bold": True, "font_size": 14})
        self.section = book.add_format({"bold": True, "font_size": 12, "bottom": 1})
        self.note = book.add_format({"italic": True, "font_color": "#404040"})
        self.header = book.add_format({"bold": True, "bg_color": "#DDE6F0", "border": 1, "text_wrap": True, **top})
        self.plain = book.add_format(top)
        self.bold = book.add_format({"bold": True, **top})
        self.wrapped = book.add_format({"text_wrap": True, **top})
        self.instant = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss", "align": "left", **top})
        self.day = book.add_format({"num_format": "yyyy-mm-dd", "align": "left", **top})
        numbered = {
            Look.PLAIN: self.plain,
            Look.WRAPPED: self.wrapped,
            Look.INSTANT: self.instant,
            Look.DAY: self.day,
        }
        if any(looks._get_xf_index() != number for number, looks in numbered.items()):  # noqa: SLF001
            raise ValueError(
                "XlsxWriter numbers formats otherwise than rows name them: this version of it cannot be used"
            )
        self.stop = book.add_format({"bold": True, "font_color": "#8A1C1C"})


def sheet_name(wanted: str, taken: Collection[str]) -> str:
    """A name Excel allows: at most 31 characters, none of `[]:*?/\\`, no apostrophe at an end, and no other sheet's."""
    clean = "".join(" " if one in "[]:*?/\\" else one for one in wanted).strip("' ")[:NAME_LENGTH] or "Sheet"
    name, number = clean, 2
    while name.casefold() in taken:
        suffix = f" {number}"
        name, number = clean[: NAME_LENGTH - len(suffix)] + suffix, number + 1
    return name


def cell_text(text: str, whole_in: str) -> str:
    """`text` as a cell can hold it: nothing unseen in it, and what does not fit is cut with a note that says where it is whole."""
    if not text.isprintable():
        text = "\n".join(visible(line) for line in text.split("\n"))
    if len(text) > MOST_TEXT:
        note = f" [cut here: {len(text):,} characters in all, the whole text is in {whole_in}]"
        text = text[: MOST_TEXT - len(note)] + note
    if text.startswith("<r>") and text.endswith("</r>"):
        text += " "  # XlsxWriter would put what looks like its own rich text into the file as markup
    return text


class Sheet:
    """A sheet while its rows come in. `kept` of `seen` rows are in it."""

    def __init__(self, name: str, table: Table, most_rows: int) -> None:
        self.name, self.table, self.seen, self.matching, self.kept = name, table, 0, 0, 0
        self._most = most_rows
        self._csv = f"{table.file}.csv"
        self._widths = [min(max(len(one.name) + 4, _NARROWEST), 24) for one in table.columns]
        names = [one.name for one in table.columns]
        column, self._wanted = KEPT.get(table.file, ("", ()))
        self._filter = names.index(column) if column in names else None
        self._rows = Rows(len(table.columns), _FIRST, self._looks)

    @property
    def filtered(self) -> str | None:
        """Which rows it leaves out on purpose, as a sentence; None where it shows them all."""
        if self._filter is None:
            return None
        column = self.table.columns[self._filter].name
        return f"Only rows whose {column} is {', '.join(self._wanted)} are shown here; {self._csv} has all of them."

    @property
    def stops(self) -> bool:
        """True where rows it should show did not fit."""
        return self.matching > self.kept

    def add(self, row: Row) -> None:
        """Count a row, and write it while there is room."""
        self.seen += 1
        if self._filter is not None and row[self._filter] not in self._wanted:
            return
        self.matching += 1
        if self.kept >= self._most:
            return
        self.kept += 1
        self._rows.add(row)
        if self.kept <= _MEASURED:
            self._measure(row)

    def write(self, sheet: Worksheet, formats: Formats) -> None:
        """Write the whole sheet: note, header, rows, where they stop, widths and filter."""
        self._begin(sheet, formats)
        self._rows.write(sheet)
        end = self.kept + _FIRST
        if not self.kept:
            why = "No row in this pack: nothing of this kind was found." if not self.seen else "No row is shown here."
            sheet.write_string(end, 0, cell_text(f"{why} A row would be: {self.table.about}", self._csv))
        if self.stops:
            stop = f"This sheet stops here, after {self.kept:,} of {self.matching:,} rows. {self._csv} has all of them."
            sheet.write_string(end, 0, stop, formats.stop)
        for place, width in enumerate(self._widths):
            sheet.set_column(place, place, width)
        sheet.autofilter(_HEADER, 0, end - 1, len(self.table.columns) - 1)
        sheet.freeze_panes(_FIRST, 1)

    def _begin(self, sheet: Worksheet, formats: Formats) -> None:
        note = f"{self.table.title}. From {self._csv}. Times are UTC; an empty cell is unknown or does not apply."
        note = f"{note} {self.filtered}" if self.filtered else note
        sheet.write_string(0, 0, cell_text(note, self._csv), formats.note)
        for place, column in enumerate(self.table.columns):
            sheet.write_string(_HEADER, place, column.name, formats.header)
            sheet.write_comment(_HEADER, place, _about(column), {"x_scale": 2, "y_scale": 1.2})

    def _looks(self, text: str) -> tuple[str, Look]:
        wraps = _WRAP_FROM < len(text) <= _WRAP_TO and " " in text  # an ARN stays on its line
        return cell_text(text, f"{self.table.file}.jsonl"), Look.WRAPPED if wraps else Look.PLAIN

    def _measure(self, row: Row) -> None:
        for place, value in enumerate(row):
            match value:
                case str():
                    wide = len(value)
                case datetime():
                    wide = _INSTANT_WIDTH
                case tuple():
                    wide = len("; ".join(value))
                case _:
                    wide = _NARROWEST
            self._widths[place] = max(self._widths[place], min(wide + 1, _WIDEST))


def _about(column: Column) -> str:
    told = column.about or column.name.replace("_", " ")
    if column.type is ColumnType.INSTANT:
        told += " (UTC)"
    if column.why_empty:
        told += f". Always empty in this version: {column.why_empty}"
    return told
