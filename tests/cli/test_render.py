"""Text that anybody may have written, in every form it leaves by: seen, never obeyed."""

import csv
import io
import json
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from prooftrail.cli import render
from prooftrail.cli.render import Col

TAKEN_AT = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\x9b2J", "\\x9b2J"),
        ("gnp\u202efdp", "gnp\\u202efdp"),
        ("a\u2066b\u2069", "a\\u2066b\\u2069"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("two\r\nlines\ttab", "two\\r\\nlines\\ttab"),
        ("line\u2028separator", "line\\u2028separator"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("nul\x00", "nul\\x00"),
        ("Jörg Łukasz 名前", "Jörg Łukasz 名前"),
        ("<b>[red]&amp;", "<b>[red]&amp;"),
    ],
)
def test_what_steers_a_terminal_or_hides_is_made_visible_and_the_rest_is_left_alone(hostile: str, shown: str) -> None:
    assert render.safe(hostile) == shown


def test_long_text_is_cut_and_says_so() -> None:
    assert render.safe("A" * 65536, longest=50) == "A" * 49 + "…"
    assert render.safe("A" * 50, longest=50) == "A" * 50


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "＝", "＋", "－", "＠"])  # noqa: RUF001
def test_no_csv_cell_can_be_taken_for_a_formula(start: str) -> None:
    assert render.csv_cell(f"{start}cmd|' /C calc'!A0").startswith("'")


@pytest.mark.parametrize(
    ("value", "cell"),
    [(None, ""), (True, "true"), (False, "false"), (7, "7"), ("plain", "plain"), (["a", "b"], "a b"), (-1, "'-1")],
)
def test_every_kind_of_value_has_one_csv_form(value: Any, cell: str) -> None:
    assert render.csv_cell(value) == cell


def test_csv_is_rfc_4180_and_reads_back_as_one_line_a_row() -> None:
    rows = [{"a": 'quo"te, comma', "b": "two\r\nlines"}, {"a": "x" * 70_000, "b": None}]
    text = "".join(render.csv_lines(("a", "b"), rows))
    assert text.count("\r\n") == 3
    read = list(csv.reader(io.StringIO(text, newline="")))
    assert read[0] == ["a", "b"]
    assert read[1] == ['quo"te, comma', "two\\r\\nlines"]
    assert len(read[2][0]) == render.LONGEST_CELL


def test_json_means_what_it_meant_and_holds_nothing_a_terminal_obeys() -> None:
    hostile = {"name": "\x1b[31m\x9b2J\u202e\U000e0041\x7f", "ok": "Jörg 名前 😀"}
    for text in (render.json_text(hostile), "".join(render.json_list([hostile, hostile]))):
        assert all(one == "\n" or unicodedata.category(one)[0] != "C" for one in text)
        assert "Jörg 名前 😀" in text
    assert json.loads(render.json_text(hostile)) == hostile
    assert json.loads("".join(render.json_list([hostile, hostile]))) == [hostile, hostile]
    assert json.loads("".join(render.json_list([]))) == []


@pytest.mark.parametrize(
    ("age", "told"),
    [
        (timedelta(days=412, hours=5), "412 days ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=1) - timedelta(microseconds=1), "23 hours ago"),
        (timedelta(hours=1), "1 hour ago"),
        (timedelta(minutes=59), "< 1 hour ago"),
        (timedelta(days=-3), "< 1 hour ago"),
    ],
)
def test_ages_count_from_the_run_and_what_is_later_has_age_zero(age: timedelta, told: str) -> None:
    assert render.ago(TAKEN_AT - age, TAKEN_AT) == told


@pytest.mark.parametrize(
    ("octets", "told"), [(0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1000, "1.0 KB"), (4_200_000, "4.2 MB")]
)
def test_bytes_are_told_as_people_read_them(octets: int, told: str) -> None:
    assert render.size(octets) == told


@pytest.mark.parametrize("width", [80, 100, 160])
def test_a_table_fills_the_page_and_never_leaves_it(width: int) -> None:
    out = io.StringIO()
    made = render.table((Col("NAME", 18, grows=1), Col("N", 4, right=True)), [("[bold]x" * 30, "7")], width=width)
    Console(file=out, width=width, color_system=None, markup=False).print(made)
    header, row = out.getvalue().splitlines()
    assert header.startswith("NAME")
    assert "[bold]x" in row
    assert "…" in row
    assert len(row) <= width


def test_output_to_a_pipe_has_no_colours_and_no_trailing_blanks(capsys: pytest.CaptureFixture[str]) -> None:
    console = render.console()
    console.print(render.coloured("gaps", "gaps"))
    console.print(render.table((Col("A", 30), Col("B", 30)), [("x", "y")]))
    assert capsys.readouterr().out == "gaps\nA                               B\nx                               y\n"
