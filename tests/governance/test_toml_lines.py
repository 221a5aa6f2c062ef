"""Where a key stands in a text: what an error tells its reader to look at."""

import pytest

from prooftrail.governance.toml_lines import Lines, Path

TEXT = '''# a comment = 1
title = "x"   # [[entry]]

[[entry]]
name = "a # b"
"quoted.key" = 1
text = """
[[entry]]
name = 'no key'
\\""" still text"""
last = 1

  [[entry]]
  name = 'b'
  list = [
    { a = 1 }, # [comment, with = signs]
    { b = "]" },
  ]
  inner.deep = { x = [1,
    2] }

[entry.sub]
key = 1

[[entry.steps]]
what = "one"
[[entry.steps]]
what = """"two""""
done = 2026-11-02

[table]
key = 1
[[table.rows]]
at = 1
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 2),
        (("entry",), 4),
        (("entry", 0), 4),
        (("entry", 0, "name"), 5),
        (("entry", 0, "quoted.key"), 6),
        (("entry", 0, "text"), 7),
        (("entry", 0, "last"), 11),
        (("entry", 1), 13),
        (("entry", 1, "name"), 14),
        (("entry", 1, "list"), 15),
        (("entry", 1, "list", 0), 16),
        (("entry", 1, "list", 1), 17),
        (("entry", 1, "list", 1, "b"), 17),
        (("entry", 1, "inner", "deep"), 19),
        (("entry", 1, "inner", "deep", "x"), 19),
        (("entry", 1, "sub", "key"), 23),
        (("entry", 1, "steps", 0, "what"), 26),
        (("entry", 1, "steps", 1, "what"), 28),
        (("entry", 1, "steps", 1, "done"), 29),
        (("entry", 1, "unheard"), 13),
        (("table", "key"), 32),
        (("table", "rows", 0, "at"), 34),
        (("nowhere",), 1),
    ],
)
def test_a_key_is_found_on_its_line_and_what_is_missing_on_that_of_its_table(path: Path, line: int) -> None:
    assert Lines(TEXT).of(path) == line


def test_lines_count_alike_where_they_end_as_on_windows() -> None:
    assert Lines(TEXT.replace("\n", "\r\n")).of(("entry", 1, "list", 1)) == 17


def test_a_text_without_an_end_of_line_is_read_to_its_end() -> None:
    assert Lines("a = [1,\n2]\nb = 1").of(("b",)) == 3
    assert Lines("").of(("b",)) == 1


def test_a_table_that_only_names_what_is_in_it_is_found_where_it_does() -> None:
    lines = Lines("a = 1\n\n[[outer.rows]]\nkey = 2\n\n[[outer.rows]]\nkey = 3\n[x.y]\n")
    assert [lines.of(path) for path in (("outer",), ("outer", "rows", 1, "key"), ("x",))] == [3, 7, 8]
