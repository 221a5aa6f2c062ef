"""The workbook, `register.xlsx`: a cover with page one, and a sheet for each register people filter and sort.

It shows the current state and intervals, never a row for each day. The CSV files are the record: where a sheet holds
fewer rows than its CSV, the sheet and the cover say so. XlsxWriter is an extra of the command line, so it is imported
only when a workbook is made. Nothing in a cell is ever a formula or an outside link.
"""

from collections.abc import Iterable
from io import BytesIO

from prooftrail.model import canonical
from prooftrail.pack.files import PackFiles
from prooftrail.pack.front.front import front
from prooftrail.pack.front.page_one import PageOne
from prooftrail.pack.registers.everything import REGISTERS
from prooftrail.pack.table import Row, Table
from prooftrail.pack.tally import Tally
from prooftrail.pack.view import PeriodView
from prooftrail.pack.workbook.cover import write_cover
from prooftrail.pack.workbook.sheet import Formats, Sheet, sheet_name
from prooftrail.pack.workbook.writer import Book

PATH = "register.xlsx"
MOST_ROWS = 50_000
"""Rows of one sheet: beyond it a spreadsheet gets slow, and the CSV has them all."""

NEVER = {"in_memory": False, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
"""What names that attackers choose are never taken for."""


class Workbook:
    """Takes every row as it is written into the registers, and writes `register.xlsx` at the end.

    `tables` are those of the pack in the order of its files; of them, those with a `sheet` get one, rows or not.
    """

    def __init__(
        self, period: PeriodView, files: PackFiles, tables: Iterable[Table] | None = None, most_rows: int = MOST_ROWS
    ) -> None:
        self._period, self._files, self._most = period, files, most_rows
        self._sheets: dict[str, Sheet | None] = {}
        for one in tables if tables is not None else (each.table for each in REGISTERS):
            self._open(one)

    def row(self, table: Table, row: Row) -> None:
        """Add a row to the sheet of its table, if it has one."""
        sheet = self._sheets[table.file] if table.file in self._sheets else self._open(table)
        if sheet is not None:
            sheet.add(row)

    def finish(self, tally: Tally) -> None:
        """Write the cover, every sheet, and the file."""
        import xlsxwriter  # type: ignore[import-untyped]  # noqa: PLC0415 - an extra of the command line, loaded when needed

        made = BytesIO()
        book: Book = xlsxwriter.Workbook(made, {"constant_memory": True, **NEVER})
        try:
            self._write(book, front(self._period, tally))
        finally:
            book.close()  # an error must leave no temporary file behind
        with self._files.open(PATH) as sink:
            sink.write(made.getvalue())

    def _write(self, book: Book, page: PageOne) -> None:
        formats = Formats(book)
        created = canonical.utc(self._period.clock).replace(tzinfo=None)
        book.set_properties({"title": "Prooftrail register", "author": "Prooftrail", "created": created})
        cover = book.add_worksheet("Cover")
        sheets = [one for one in self._sheets.values() if one is not None]
        write_cover(cover, formats, page, sheets, self._files.written)
        for one in sheets:
            one.write(book.add_worksheet(one.name), formats)
        cover.activate()

    def _open(self, table: Table) -> Sheet | None:
        sheet = None
        if table.sheet is not None:
            taken = {one.name.casefold() for one in self._sheets.values() if one} | {"cover", "history"}
            sheet = Sheet(sheet_name(table.sheet, taken), table, self._most)
        self._sheets[table.file] = sheet
        return sheet
