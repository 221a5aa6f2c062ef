"""The workbook, opened with another library than wrote it."""

import tempfile
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from prooftrail.model import canonical
from prooftrail.pack.front.page_one import Answered, KeyFact, NotCovered, PageOne, Question
from prooftrail.pack.table import Column, ColumnType, Row, Table
from prooftrail.pack.tally import Tally
from prooftrail.pack.workbook.rows import Rows
from prooftrail.pack.workbook.workbook import Workbook
from tests.builders.pack_files import MemoryFiles
from tests.builders.packs import a_period


def a_table(file: str = "03_identity_inventory", sheet: str | None = "Identities", **changes: Any) -> Table:
    columns = (
        Column(name="name", about="what AWS calls it"),
        Column(name="age_days", type=ColumnType.INTEGER, about="whole days"),
        Column(name="mfa", type=ColumnType.BOOLEAN),
        Column(name="seen", type=ColumnType.INSTANT, about="when it was seen"),
        Column(name="due", type=ColumnType.DAY, why_empty="no source is read"),
        Column(name="tags", type=ColumnType.LIST),
    )
    made = {"file": file, "title": "Identities", "about": "one identity", "columns": columns, "sheet": sheet}
    return Table(**{**made, **changes})


SEEN = datetime(2026, 11, 22, 6, 0, 30, tzinfo=UTC)


def a_row(name: str = "svc-a", **changes: Any) -> Row:
    made = {"age": 120, "mfa": False, "seen": SEEN, "due": date(2026, 12, 1), "tags": ("a", "b"), **changes}
    return (name, *made.values())


def a_page(**changes: Any) -> PageOne:
    made: dict[str, Any] = {
        "title": "Identity evidence of o-example",
        "verdict": "Evidence, and no statement of conformity.",
        "assurance": "self-signed",
        "assurance_means": "whoever holds the key could have made it",
        "period": "2026-11-19 to 2026-11-22",
        "as_of": "run 20261122T060000Z",
        "scope": ("2 accounts",),
        "operated": "4 of 4 runs",
        "coverage": ("2 of 2 accounts read",),
        "gaps": ("1 account refused its secrets",),
        "facts": (KeyFact(tone="bad", text="3 keys are over age", file="03_identity_inventory.csv"),),
        "questions": (
            Question(
                number=1, asked="What is in scope?", clause="4.3", answered=Answered.ANSWERED, answer="Two accounts.",
                missing=None, files=("01_scope.json",),
            ),
        ),
        "not_covered": (NotCovered(what="reviews", why="not collected", ask_instead="the review tool"),),
        "identification": (("head", f"4:{'0' * 64}"),),
    }  # fmt: skip
    return PageOne(**{**made, **changes})


@pytest.fixture(autouse=True)
def page_one(monkeypatch: pytest.MonkeyPatch) -> PageOne:
    page = a_page()
    monkeypatch.setattr("prooftrail.pack.workbook.workbook.front", lambda period, tally: page)
    return page


def made(rows: dict[str, list[Row]], *tables: Table, files: MemoryFiles | None = None, **options: Any) -> bytes:
    period, files = a_period(), files or MemoryFiles()
    book = Workbook(period, files, tables, **options)
    for table in tables:
        for row in rows.get(table.file, []):
            book.row(table, row)
    book.finish(Tally(period))
    return files.files["register.xlsx"]


def opened(data: bytes) -> openpyxl.Workbook:
    return openpyxl.load_workbook(BytesIO(data))


def one_sheet(*rows: Row, **options: Any) -> Any:
    return opened(made({"03_identity_inventory": list(rows)}, a_table(), **options))["Identities"]


def cover_of(book: openpyxl.Workbook) -> str:
    return "\n".join(
        " | ".join(str(cell.value) for cell in row if cell.value is not None) for row in book["Cover"].iter_rows()
    )


def test_the_header_stays_in_view_and_every_column_can_be_filtered() -> None:
    sheet = one_sheet(a_row(), a_row("svc-b"))
    assert sheet.freeze_panes == "B3"
    assert sheet.auto_filter.ref == "A2:F4"
    assert [cell.value for cell in sheet[2]] == ["name", "age_days", "mfa", "seen", "due", "tags"]
    assert "what AWS calls it" in sheet["A2"].comment.text
    assert "Always empty in this version: no source is read" in sheet["E2"].comment.text
    assert "UTC" in sheet["A1"].value


def test_a_cell_has_the_type_of_its_value() -> None:
    sheet = one_sheet(a_row())
    assert [cell.value for cell in sheet[3]] == [
        "svc-a", 120, False, datetime(2026, 11, 22, 6, 0, 30), datetime(2026, 12, 1), "a; b",
    ]  # fmt: skip
    assert [cell.data_type for cell in sheet[3]] == ["s", "n", "b", "d", "d", "s"]
    assert sheet["D3"].number_format == "yyyy-mm-dd hh:mm:ss"
    assert sheet["E3"].number_format == "yyyy-mm-dd"


def test_absence_is_an_empty_cell() -> None:
    sheet = one_sheet(("svc-a", None, None, None, None, None))
    assert [cell.value for cell in sheet[3]][1:] == [None] * 5


@pytest.mark.parametrize(
    "hostile",
    [
        '=HYPERLINK("http://evil.example")',
        "{=1+1}",
        "+1",
        "-1",
        "@SUM(A1)",
        "http://evil.example/",
        "internal:Cover!A1",
        "0012",
        "1e9",
        "_x0041_",
        "<r><t>rich</t></r> ",
        "</t></is></c>",
        "  blank  ",
        "\U0001f512",
    ],
)  # fmt: skip
def test_text_that_attackers_choose_stays_the_text_it_is(hostile: str) -> None:
    cell = one_sheet(a_row(hostile))["A3"]
    assert cell.data_type == "s"
    assert cell.hyperlink is None
    assert cell.value.replace("_x005F_", "_") == hostile


def test_text_that_looks_like_markup_of_the_writer_is_no_markup() -> None:
    sheet = one_sheet(a_row("<r></is></c><c r='Z9'><v>1</v></c></r>"), a_row("next"))
    assert sheet["A3"].value.startswith("<r></is></c>")
    assert sheet["Z9"].value is None
    assert sheet["A4"].value == "next"


def test_what_cannot_be_seen_is_named() -> None:
    value = one_sheet(a_row("a\u202eb\x00c"))["A3"].value
    assert "202E" in value
    assert "\u202e" not in value
    assert "\x00" not in value


@pytest.mark.parametrize(("length", "cut"), [(32_766, False), (32_767, False), (32_768, True), (65_536, True)])
def test_a_text_longer_than_a_cell_is_cut_with_a_note(length: int, cut: bool) -> None:
    value = one_sheet(a_row("x" * length))["A3"].value
    assert len(value) == min(length, 32_767)
    assert ("[cut here:" in value and "03_identity_inventory.jsonl" in value) is cut


@pytest.mark.parametrize(("rows", "stops"), [(2, False), (3, False), (4, True)])
def test_a_sheet_that_is_full_says_where_it_stops_and_which_file_goes_on(rows: int, stops: bool) -> None:
    files = MemoryFiles()
    data = made(
        {"03_identity_inventory": [a_row(f"svc-{at}") for at in range(rows)]}, a_table(), files=files, most_rows=3
    )
    book = opened(data)
    last = [cell.value for cell in book["Identities"]["A"]][-1]
    assert last.startswith("This sheet stops here, after 3 of 4 rows. 03_identity_inventory.csv has all") is stops
    assert ("stops after 3 of 4 rows" in cover_of(book)) is stops


def test_a_sheet_without_rows_says_so_and_what_a_row_would_be() -> None:
    sheet = one_sheet()
    assert sheet["A3"].value == "No row in this pack: nothing of this kind was found. A row would be: one identity"
    assert sheet.auto_filter.ref == "A2:F2"


def test_results_that_passed_are_left_to_the_csv_and_the_sheet_says_so() -> None:
    table = Table(
        file="07_identity_control_results",
        title="Results",
        about="one result",
        columns=(Column(name="identity_id"), Column(name="result")),
        sheet="Results",
    )
    statuses = ["PASS", "FAIL", "NOT_APPLICABLE", "EXCEPTION", "NOT_TESTED", "PASS"]
    book = opened(made({table.file: [("i", one) for one in statuses]}, table))
    assert [row[1].value for row in book["Results"].iter_rows(min_row=3)] == ["FAIL", "EXCEPTION", "NOT_TESTED"]
    assert "Only rows whose result is FAIL, EXCEPTION, NOT_TESTED are shown here" in book["Results"]["A1"].value
    assert "Results | Results | 3 | 6 | Only rows whose result is FAIL" in cover_of(book)


def test_a_sheet_may_be_wider_than_the_alphabet_and_as_long_as_it_likes() -> None:
    columns = tuple(Column(name=f"c{at}") for at in range(60))
    rows: list[Row] = [tuple(f"{at}-{place}" for place in range(60)) for at in range(300)]
    sheet = opened(made({"x": rows}, a_table("x", columns=columns)))["Identities"]
    assert [tuple(cell.value for cell in row) for row in sheet.iter_rows(min_row=3)] == rows
    assert sheet.dimensions == "A1:BH302"


def test_a_value_a_spreadsheet_cannot_calculate_with_is_text() -> None:
    sheet = one_sheet(a_row(age=2**60, due=date(1850, 1, 1)))
    assert (sheet["B3"].value, sheet["E3"].value) == (str(2**60), "1850-01-01")


@pytest.mark.parametrize(
    "at", [datetime(1970, 1, 1, tzinfo=UTC), datetime(2026, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)]
)
def test_instants_keep_their_milliseconds(at: datetime) -> None:
    assert one_sheet(a_row(seen=at))["D3"].value == at.replace(tzinfo=None)


def test_a_table_without_a_sheet_has_none() -> None:
    assert opened(made({"x": [a_row()]}, a_table("x", sheet=None))).sheetnames == ["Cover"]


def test_sheets_stand_in_the_order_of_the_files_whichever_row_comes_first() -> None:
    first, second = a_table("03_a", "One"), a_table("04_b", "Two")
    period, files = a_period(), MemoryFiles()
    book = Workbook(period, files, (first, second))
    for table in (second, first, second):
        book.row(table, a_row(table.file))
    book.finish(Tally(period))
    read = opened(files.files["register.xlsx"])
    assert read.sheetnames == ["Cover", "One", "Two"]
    assert [row[0].value for row in read["Two"].iter_rows(min_row=3)] == ["04_b", "04_b"]


def test_names_of_sheets_are_made_to_fit() -> None:
    tables = [a_table(f"{at}", "Who's [in] the list / of everything there is?") for at in range(2)] + [
        a_table("2", "cover")
    ]
    names = opened(made({}, *tables)).sheetnames
    assert names == ["Cover", "Who's  in  the list   of everyt", "Who's  in  the list   of ever 2", "cover 2"]


def test_the_cover_tells_page_one_and_what_each_sheet_holds() -> None:
    files = MemoryFiles()
    files.files["03_identity_inventory.csv"] = b"name\r\n"
    book = opened(made({"03_identity_inventory": [a_row()]}, a_table(), files=files))
    cover = cover_of(book)
    for told in (
        "Identity evidence of o-example", "Evidence, and no statement of conformity.", "Assurance | self-signed",
        "Period | 2026-11-19 to 2026-11-22", "2 accounts", "4 of 4 runs", "1 account refused its secrets",
        "bad: 3 keys are over age (03_identity_inventory.csv)", "1. What is in scope? | Two accounts. | answered | 4.3",
        "reviews | not collected | the review tool", f"head | 4:{'0' * 64}",
        f"Identities | Identities | 1 | 1 | 03_identity_inventory.csv | {canonical.sha256(b'name\r\n')}",
    ):  # fmt: skip
        assert told in cover
    assert book.active.title == "Cover"


def test_the_same_rows_give_the_same_bytes() -> None:
    assert made({"03_identity_inventory": [a_row()]}, a_table()) == made(
        {"03_identity_inventory": [a_row()]}, a_table()
    )


def test_a_pack_that_fails_leaves_nothing_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    table = a_table()
    given_up = Workbook(a_period(), MemoryFiles(), (table,))
    given_up.row(table, a_row())
    assert not list(tmp_path.iterdir())
    monkeypatch.setattr(Rows, "write", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        given_up.finish(Tally(a_period()))
    assert not list(tmp_path.iterdir())


def test_the_workbook_names_no_file_of_this_machine() -> None:
    data = made({"03_identity_inventory": [a_row()]}, a_table())
    parts = openpyxl.reader.excel.ExcelReader(BytesIO(data)).archive
    assert not [name for name in parts.namelist() if b"/tmp" in parts.read(name) or b"/root" in parts.read(name)]
