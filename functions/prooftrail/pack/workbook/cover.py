"""The cover of the workbook: page one word for word, then which sheets there are and how many rows each of them holds."""

from collections.abc import Iterable, Mapping, Sequence

from prooftrail.pack.files import Written
from prooftrail.pack.front.page_one import PageOne
from prooftrail.pack.workbook.sheet import Formats, Sheet, cell_text
from prooftrail.pack.workbook.writer import Looks, Worksheet

_WIDTHS = (26, 60, 12, 16, 56, 44, 66)
_LAST = 4  # the column a sentence runs to
_ACROSS, _LINE_HEIGHT = 150, 15.5  # characters that fit into those columns, and points of one line
_ELSEWHERE = "00_README.md"


class _Lines:
    """Writes the cover one line below the other."""

    def __init__(self, sheet: Worksheet, formats: Formats) -> None:
        self.sheet, self.formats, self.at = sheet, formats, 0

    def line(self, *cells: str | int | None, looks: Looks = None) -> None:
        for place, cell in enumerate(cells):
            if isinstance(cell, int):
                self.sheet.write_number(self.at, place, cell, looks or self.formats.plain)
            elif cell:
                self.sheet.write_string(self.at, place, cell_text(cell, _ELSEWHERE), looks or self.formats.wrapped)
        self.at += 1

    def sentence(self, text: str, looks: Looks = None) -> None:
        """One text over the whole width, in a row high enough for it."""
        text = cell_text(text, _ELSEWHERE)
        self.sheet.set_row(
            self.at, _LINE_HEIGHT * (1 + len(text) // _ACROSS) if looks is not self.formats.title else 24
        )
        self.sheet.merge_range(self.at, 0, self.at, _LAST, text, looks or self.formats.wrapped)
        self.at += 1

    def beside(self, text: str) -> None:
        """A text in the line just written, over the cells to the right of its first."""
        self.sheet.merge_range(self.at - 1, 1, self.at - 1, _LAST, cell_text(text, _ELSEWHERE), self.formats.wrapped)

    def section(self, title: str, sentences: Iterable[str] = ()) -> None:
        self.at += 1
        self.sentence(title, self.formats.section)
        for one in sentences:
            self.sentence(one)


def write_cover(
    sheet: Worksheet, formats: Formats, page: PageOne, sheets: Sequence[Sheet], written: Mapping[str, Written]
) -> None:
    """Write page one, the list of sheets with rows held and rows in all, and the SHA-256 of each CSV behind them."""
    for place, width in enumerate(_WIDTHS):
        sheet.set_column(place, place, width)
    to = _Lines(sheet, formats)
    to.sentence(page.title, formats.title)
    to.sentence(page.verdict)
    to.line("Assurance", page.assurance, looks=formats.bold)
    to.sentence(page.assurance_means)
    for name, value in (("Period", page.period), ("State shown", page.as_of)):
        to.line(name)
        to.beside(value)
    to.section("Scope", page.scope)
    to.section("Did the controls run", (page.operated,))
    to.section("Coverage", page.coverage)
    to.section("Gaps, most important first", page.gaps or ("Nothing was left unread.",))
    _sheets(to, sheets, written)
    to.section("What matters most")
    for fact in page.facts:
        to.sentence(f"{fact.tone}: {fact.text} ({fact.file})")
    _questions(to, page)
    to.section("Not covered by this version")
    to.line("what", "why", "", "", "whom or what to ask instead", looks=formats.header)
    for each in page.not_covered:
        to.line(each.what, each.why, "", "", each.ask_instead)
    to.section("Identification")
    for name, value in page.identification:
        to.line(name)
        to.beside(value)
    sheet.freeze_panes(1, 0)
    sheet.hide_gridlines(2)


def _sheets(to: _Lines, sheets: Sequence[Sheet], written: Mapping[str, Written]) -> None:
    to.section("Sheets")
    to.sentence(
        "The CSV files of the pack are the record; this workbook is a view of them, and the pack's statement seals both."
    )
    to.line(
        "sheet",
        "what",
        "rows here",
        "rows in all",
        "what is left out",
        "file",
        "SHA-256 of the file",
        looks=to.formats.header,
    )
    for one in sheets:
        file = f"{one.table.file}.csv"
        left = [one.filtered] if one.filtered else []
        left += [f"The sheet stops after {one.kept:,} of {one.matching:,} rows."] if one.stops else []
        left += ["Nothing of this kind was found."] if not one.seen else []
        sealed = written[file].sha256 if file in written else None
        to.line(one.name, one.table.title, one.kept, one.seen, " ".join(left), file, sealed)


def _questions(to: _Lines, page: PageOne) -> None:
    to.section("What an auditor asks, in order")
    to.line("question", "answer", "answered", "clause", "what is missing", "files", looks=to.formats.header)
    for one in page.questions:
        asked = f"{one.number}. {one.asked}"
        to.line(asked, one.answer, one.answered.value, one.clause, one.missing, ", ".join(one.files))
