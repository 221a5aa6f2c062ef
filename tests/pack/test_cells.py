import csv
import io
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prooftrail.pack.integrity import verify_pack
from prooftrail.pack.registers import cells
from prooftrail.pack.table import Column, Table, Value

from .csv_files import NotCsv, records

_ONE = Table(file="one", title="", about="", columns=(Column(name="text"),))
_SHOWN_OTHERWISE = "".join(map(chr, (*range(0x20), *range(0x7F, 0xA0)))).replace("\n", "")


def _read(field: str) -> str:
    """What two parsers read out of one field; they must not differ."""
    line = f"before,{field},after\r\n"
    (first,) = csv.reader(io.StringIO(line, newline=""), strict=True)
    assert records(line.encode()) == [first]
    assert len(first) == 3
    return first[1]


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("", ""),
        ("plain", "plain"),
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\ttab", "'␉tab"),
        ("\rreturn", "'␍return"),
        ("  =1", "'  =1"),
        ("\n=1", "'\n'=1"),
        ("\u00a0=1", "'\u00a0=1"),
        ("\u200b=1", "'<U+200B>=1"),
        ("\ufeff=1", "'<U+FEFF>=1"),
        ("＝1", "'＝1"),  # noqa: RUF001
        ("＋1", "'＋1"),  # noqa: RUF001
        ("－1", "'－1"),  # noqa: RUF001
        ("＠1", "'＠1"),  # noqa: RUF001
        ("a=1", "a=1"),
        ("1-2", "1-2"),
        ("'quoted", "'quoted"),
        ("'=1", "''=1"),
        ("''=1", "'''=1"),
        ("a\x00b", "a␀b"),
        ("a\x1bb", "a␛b"),
        ("a\x7fb", "a␡b"),
        ("a\x85b", "a<U+0085>b"),
        ("a\u202eb", "a<U+202E>b"),
        ("a\u2028b", "a<U+2028>b"),
        ("a\ud800b", "a\ufffdb"),
        ("a\tb\nc", "a␉b\nc"),
        ("x;=1+1;", "x;'=1+1;"),
        ("x;  =1", "x;  '=1"),
        ("x; '=1", "x; ''=1"),
        ("x;' =1", "x;'' =1"),
        ("x;\u3000＝1", "x;\u3000'＝1"),  # noqa: RUF001
        ("x;;-1", "x;;'-1"),
        (";=1", ";'=1"),
        ("x\t=1", "x␉'=1"),
        ("x\n@a", "x\n'@a"),
        ("x\r\n+1", "x␍\n'+1"),
        ("x;\u200b=1", "x;<U+200B>'=1"),
        ("x; y=1", "x; y=1"),
        ("x;a-b", "x;a-b"),
        ("Müller 李 🙂", "Müller 李 🙂"),
    ],
)
def test_a_text_that_a_spreadsheet_would_run_or_a_reader_not_see_is_shown_and_harmless(text: str, cell: str) -> None:
    assert _read(cells.csv_text(text)) == cell


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("a,b", '"a,b"'),
        ('say "hi"', '"say ""hi"""'),
        ('"', '""""'),
        ("two\nlines", '"two\nlines"'),
        ("plain; text", '"plain; text"'),
        ("plain text", "plain text"),
        ("a\tb", "a␉b"),
    ],
)
def test_a_field_is_quoted_where_the_rfc_asks_for_it_and_around_a_semicolon(text: str, field: str) -> None:
    assert cells.csv_text(text) == field


@pytest.mark.parametrize("length", [cells.MOST - 1, cells.MOST, cells.MOST + 1, 70_000])
def test_no_cell_is_longer_than_a_spreadsheet_takes_and_a_cut_is_said(length: int) -> None:
    cell = _read(cells.csv_text("x" * length))

    if length <= cells.MOST:
        assert cell == "x" * length
    else:
        kept = cell.index(" [cut here")
        assert cell[kept:] == f" [cut here: {length - kept} more characters, whole in the .jsonl file]"
        assert cells.MOST - 10 < len(cell) <= cells.MOST


@pytest.mark.parametrize("text", ["=" + "x" * (cells.MOST - 1), "\u202e" * 5_000])
def test_a_guard_and_what_is_shown_count_towards_the_longest_cell(text: str) -> None:
    cell = _read(cells.csv_text(text))

    assert "[cut here" in cell
    assert len(cell) <= cells.MOST


@given(st.text())
def test_any_text_is_read_back_by_two_parsers_up_to_the_guard(text: str) -> None:
    seen = _read(cells.csv_text(text))

    assert not any(one in seen for one in _SHOWN_OTHERWISE)
    assert seen[:1] not in ("=", "+", "-", "@", "\t", "\r")
    if not cells._UNSEEN.search(text):
        assert cells.unguarded(seen) == text


@given(st.text(alphabet="'=+-@＝ ;\t\r\n\u200b\u00a0,\"ab\u202e", max_size=12))  # noqa: RUF001
def test_the_shipped_verifier_makes_the_same_cell_of_a_text(text: str) -> None:
    assert verify_pack.cell_of(text) == _read(cells.csv_text(text))


@given(st.text(alphabet="'=+-@ ;\n\u00a0ab", max_size=8))
def test_no_two_texts_share_a_cell(text: str) -> None:
    assert cells.unguarded(_read(cells.csv_text(text))) == text


@given(st.text(alphabet="'=+-@＝ ;\t\r\n\u200b\u00a0,\"ab", max_size=12), st.sampled_from([";", "\t", "\n", "\r", ""]))  # noqa: RUF001
def test_no_import_with_another_separator_makes_a_formula_of_a_part(text: str, separator: str) -> None:
    seen = _read(cells.csv_text(text))

    for part in seen.split(separator) if separator else [seen]:
        assert part.strip(" \n\u00a0")[:1] not in tuple("=+-@＝")  # noqa: RUF001


@pytest.mark.parametrize("text", [";" + " " * 200_000 + "x", ";" + "'" * 200_000, "; " * 100_000, "\n" * 200_000])
def test_no_text_takes_long_to_guard(text: str) -> None:
    assert cells._PART.search(text) is None
    assert cells._GUARDED_PART.search(text) is None


@pytest.mark.parametrize(
    ("value", "field"),
    [
        (None, ""),
        (0, "0"),
        (-2, "-2"),
        (False, "false"),
        (True, "true"),
        (date(2026, 11, 22), "2026-11-22"),
        (datetime(2026, 11, 22, 6, tzinfo=UTC), "2026-11-22T06:00:00Z"),
        (datetime(2026, 11, 22, 7, tzinfo=timezone(timedelta(hours=1))), "2026-11-22T06:00:00Z"),
        (datetime(2026, 11, 22, 6, 0, 0, 5, tzinfo=UTC), "2026-11-22T06:00:00.000005Z"),
        ((), ""),
        (("a", "b"), '"a; b"'),
        (("=a", "b"), '"\'=a; b"'),
        (("a", "=b", "-c"), "\"a; '=b; '-c\""),
        (("a,b",), '"a,b"'),
    ],
)
def test_a_value_is_written_by_what_it_is(value: Value, field: str) -> None:
    made = cells.csv_field()
    assert [made(value), made(value)] == [field, field]


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        cells.csv_field()(datetime(2026, 11, 22))


@pytest.mark.parametrize("row", [(), ("a", "b")])
def test_a_row_without_a_value_for_each_column_is_refused(row: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="zip"):
        cells.csv_record(_ONE)(row)


@pytest.mark.parametrize("data", [b"a,b\n", b'a,"b\r\n', b'a"b,c\r\n', b'"a"b\r\n', b"a\r\nb,c\r\n", b"a"])
def test_the_second_parser_refuses_what_the_rfc_does_not_allow(data: bytes) -> None:
    with pytest.raises(NotCsv):
        records(data)
