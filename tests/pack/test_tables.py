import json
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from prooftrail.model import canonical
from prooftrail.pack.registers.populations import POPULATIONS
from prooftrail.pack.registers.tables import Tables
from prooftrail.pack.table import Column, ColumnType, Register, Row, Table
from prooftrail.pack.tally import Tally
from prooftrail.pack.view import AccountView, PeriodView
from tests.builders.pack_files import MemoryFiles
from tests.builders.packs import a_period, an_account_view, an_unread_account_view
from tests.builders.times import MEMBER
from tests.pack.csv_files import records

_AT = datetime(2026, 11, 22, 6, tzinfo=UTC)
_TABLE = Table(
    file="90_example",
    title="Example",
    about="",
    columns=(
        Column(name="account"),
        Column(name="number", type=ColumnType.INTEGER),
        Column(name="at", type=ColumnType.INSTANT),
        Column(name="day", type=ColumnType.DAY),
        Column(name="true", type=ColumnType.BOOLEAN),
        Column(name="list", type=ColumnType.LIST),
    ),
)
_ROW: Row = ("=1+1, \u202ex", 0, _AT, date(2026, 11, 22), False, ("a", "b"))
_NOTHING: Row = (None, None, None, None, None, ())


def _each(*rows: Row) -> Register:
    def given(one: AccountView, period: PeriodView) -> Iterator[Row]:
        return iter(rows)

    return Register(table=_TABLE, each=given)


def _whole(table: Table, rows: Iterator[Row] | None = None) -> Register:
    def given(period: PeriodView, tally: Tally) -> Iterator[Row]:
        return rows if rows is not None else iter([(f"{tally.rows}",)])

    return Register(table=table, whole=given)


def _written(*registers: Register, views: tuple[AccountView, ...] = ()) -> tuple[MemoryFiles, Tally]:
    period, files = a_period(), MemoryFiles()
    tally, tables = Tally(period), Tables(period, files, registers)
    for one in views:
        tally.take(one)
        tables.take(one)
    tables.finish(tally)
    return files, tally


def test_a_row_stands_in_both_files_guarded_in_one_and_raw_in_the_other() -> None:
    files, _ = _written(_each(_ROW, _NOTHING), views=(an_account_view(),))

    header, row, empty = records(files.files["90_example.csv"])
    assert header == ["account", "number", "at", "day", "true", "list"]
    assert row == ["'=1+1, <U+202E>x", "0", "2026-11-22T06:00:00Z", "2026-11-22", "false", "a; b"]
    assert empty == [""] * 6
    first, second = (json.loads(line) for line in files.files["90_example.jsonl"].splitlines())
    assert first == {
        "account": "=1+1, \u202ex",
        "number": 0,
        "at": "2026-11-22T06:00:00Z",
        "day": "2026-11-22",
        "true": False,
        "list": ["a", "b"],
    }
    assert second == dict.fromkeys(header, None) | {"list": []}


def test_a_register_without_a_row_still_has_its_header_and_counts_none() -> None:
    files, tally = _written(_each(), views=(an_account_view(),))

    assert files.files["90_example.csv"] == b"account,number,at,day,true,list\r\n"
    assert files.files["90_example.jsonl"] == b""
    assert tally.rows == {"90_example": 0}


@pytest.mark.parametrize("number", [1_999, 2_000, 2_001, 4_001])
def test_rows_that_are_held_until_there_are_enough_are_all_written_once(number: int) -> None:
    rows = [(f"{at}", at, None, None, None, ()) for at in range(number)]

    files, tally = _written(_each(*rows), views=(an_account_view(),))

    assert [row[1] for row in records(files.files["90_example.csv"])[1:]] == [str(at) for at in range(number)]
    assert [json.loads(line)["number"] for line in files.files["90_example.jsonl"].splitlines()] == list(range(number))
    assert tally.rows["90_example"] == number


def test_a_text_that_is_no_unicode_is_mended_and_costs_no_row() -> None:
    row: Row = ("a\ud800b", 1, None, None, None, ("\udfff",))

    files, _ = _written(_each(_ROW, row), views=(an_account_view(),))

    assert records(files.files["90_example.csv"])[2] == ["a\ufffdb", "1", "", "", "", "\ufffd"]
    assert json.loads(files.files["90_example.jsonl"].splitlines()[1])["account"] == "a\ufffdb"
    assert len(files.files["90_example.jsonl"].splitlines()) == 2


def test_registers_of_the_whole_find_how_many_rows_came_of_the_accounts() -> None:
    summary = Table(file="91_whole", title="", about="", columns=(Column(name="rows"),))

    files, tally = _written(_each(_ROW), _whole(summary), views=(an_account_view(),))

    assert records(files.files["91_whole.csv"])[1] == ["{'90_example': 1, '91_whole': 0}"]
    assert tally.rows == {"90_example": 1, "91_whole": 1}


def test_whoever_listens_hears_every_row_with_its_table_as_it_is_written() -> None:
    heard: list[tuple[str, Row]] = []
    period, files = a_period(), MemoryFiles()
    tables = Tables(period, files, [_each(_ROW)], [lambda table, row: heard.append((table.file, row))])

    tables.take(an_account_view())

    assert heard == [("90_example", _ROW)]


def test_a_row_that_does_not_fit_is_named_and_no_file_counts() -> None:
    period, files = a_period(), MemoryFiles()
    tables = Tables(period, files, [_each(_ROW, ("too short",))])

    with pytest.raises(ValueError, match="90_example: row 2"):
        tables.take(an_account_view())

    assert files.files == {}
    assert files.broken == ["90_example.jsonl", "90_example.csv"]


def test_a_register_that_fails_at_the_end_leaves_no_file_that_counts() -> None:
    def failing() -> Iterator[Row]:
        yield ("one",)
        raise RuntimeError

    period, files = a_period(), MemoryFiles()
    table = Table(file="91_whole", title="", about="", columns=(Column(name="rows"),))
    tables = Tables(period, files, [_whole(table, failing())])

    with pytest.raises(RuntimeError):
        tables.finish(Tally(period))

    assert files.files == {}


def _index(views: tuple[AccountView, ...]) -> tuple[MemoryFiles, dict[str, dict[str, str]]]:
    files, _ = _written(*(one.register for one in POPULATIONS.values()), views=views)
    header, *rows = records(files.files["populations/index.csv"])
    return files, {row[0]: dict(zip(header, row, strict=True)) for row in rows}


def test_the_index_of_populations_names_the_hash_of_every_list_as_it_was_written() -> None:
    files, index = _index((an_account_view(), an_account_view(account=MEMBER, listed=(), results=(), findings=())))

    assert set(index) == set(POPULATIONS)
    for name, row in index.items():
        data = files.files[f"populations/{name}.csv"]
        assert (row["file"], row["sha256"]) == (f"populations/{name}.csv", canonical.sha256(data))
        assert row["rows"] == str(len(records(data)) - 1)
    assert "populations/index.jsonl" in files.files


def test_a_population_is_complete_only_if_every_account_was_read() -> None:
    _, index = _index((an_account_view(), an_unread_account_view()))

    why = f"1 account ({MEMBER}) not read in the run shown (unreachable)"
    assert (index["users"]["complete"], index["users"]["why_not"][: len(why)]) == ("false", why)


def test_a_pack_without_populations_has_no_index_of_them() -> None:
    files, _ = _written(_each(_ROW))

    assert sorted(files.files) == ["90_example.csv", "90_example.jsonl"]
