"""How a value looks in a cell of a CSV file: text nobody can run, hide in or break out of, and values people can read.

Sources: RFC 4180; OWASP, "CSV Injection"; Excel, "Excel specifications and limits" (32,767 characters a cell).
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime

from prooftrail.pack.table import Row, Table, Value

MOST = 32_767
"""Characters a spreadsheet takes in one cell; a longer text is cut here and stands whole in the JSON Lines twin."""

_CUT = " [cut here: {} more characters, whole in the .jsonl file]"
_BLANKS = r"[\s\u200b-\u200f\u2060\ufeff]*"
_SIGN = r"[=+\-@＝＋－＠]"  # noqa: RUF001 - what spreadsheets take for their own
_FORMULA = re.compile(rf"'*(?:{_BLANKS}{_SIGN}|[\t\r])")
_PARTS = ";\t\r\n"  # where an import that asks for the separator may split a cell in two
_GAP = r"[ \x0b\x0c\x1c-\x1f\x85\xa0\u1680\u2000-\u200f\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]"  # blanks, no part's end
_BEGINS = (
    rf"([{_PARTS}]{_GAP}*)(?!{_GAP})"  # where a part begins; the second half keeps long blanks from being tried again
)
_PART = re.compile(rf"{_BEGINS}(?='*{_GAP}*{_SIGN})")
_GUARDED_PART = re.compile(rf"{_BEGINS}'(?='*{_GAP}*{_SIGN})")
_UNSEEN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_QUOTED = re.compile('[",;\r\n]')
_FIRST_PLAIN = re.compile(r"[A-Za-z0-9]")
_KNOWN_AT_MOST = 1_000  # values a column remembers: statuses and account ids come up again and again
_REMEMBERED = 1_000  # characters of the longest of them


def csv_text(text: str) -> str:
    """`text` as one field of a CSV record: harmless in a spreadsheet, quoted where RFC 4180 asks for it and around `;`.

    What a spreadsheet would run gets an apostrophe in front, and so does what only looks as if it had got one, so that
    `unguarded` gives every text back. So does a formula's sign after `;`, a tab or a line break, before the sign: there
    an import with another separator would begin a cell. Control and direction characters are shown, `␉` or `<U+202E>`:
    never a tab or NUL, never a lone surrogate. A text of more than MOST characters is cut with a note.
    """
    plain = text.isascii() and text.isprintable() and _FIRST_PLAIN.match(text) and ";" not in text
    if not plain or len(text) > MOST:
        text = _harmless(text)
    if '"' in text:
        return '"' + text.replace('"', '""') + '"'
    return f'"{text}"' if _QUOTED.search(text) else text


def unguarded(text: str) -> str:
    """The text a cell stands for: without the apostrophes that were put in front of it, or of a part of it."""
    text = _GUARDED_PART.sub(r"\1", text)
    return text[1:] if text.startswith("'") and _FORMULA.match(text, 1) else text


def _harmless(text: str) -> str:
    begin = "'" if _FORMULA.match(text) else ""
    seen = _UNSEEN.sub(_shown, begin + _PART.sub(r"\1'", text))
    if len(seen) <= MOST:
        return seen
    kept = MOST - len(_CUT.format(len(seen)))
    return seen[:kept] + _CUT.format(len(seen) - kept)


def _shown(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    if 0xD800 <= code <= 0xDFFF:
        return "\ufffd"
    return "\u2421" if code == 0x7F else f"<U+{code:04X}>"


def csv_instant(at: datetime) -> str:
    """`2026-11-22T06:00:00Z`; a fraction of a second only where there is one. Raises ValueError for a naive time."""
    if at.tzinfo is None:
        raise ValueError(f"a time without a zone cannot be shown: {at.isoformat()}")
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def csv_value(value: Value) -> str:
    """Any value as a field, by what it is: absence is empty, truth is `true` or `false`, lists are joined by `; `."""
    match value:
        case None:
            made = ""
        case bool():
            made = "true" if value else "false"
        case int():
            made = str(value)
        case datetime():
            made = csv_instant(value)
        case date():
            made = value.isoformat()
        case tuple():
            made = csv_text("; ".join(value))
        case str():
            made = csv_text(value)
    return made


class _Fields(dict[Value, str]):
    """The fields of one column by their value, made when they are first asked for; the first few are kept."""

    def __missing__(self, value: Value) -> str:
        made = csv_value(value)
        if len(self) < _KNOWN_AT_MOST and len(made) <= _REMEMBERED:
            self[value] = made
        return made


def csv_field() -> Callable[[Value], str]:
    """Makes the fields of one column, whose values are of one type. Most columns hold few different values, so it
    remembers some of what it has made."""
    return _Fields().__getitem__


def whole_unicode(value: Value) -> Value:
    """`value` with lone surrogates replaced: nothing else keeps a text from being written as UTF-8."""
    if isinstance(value, str):
        return re.sub("[\ud800-\udfff]", "\ufffd", value)
    if isinstance(value, tuple):
        return tuple(re.sub("[\ud800-\udfff]", "\ufffd", one) for one in value)
    return value


def csv_header(table: Table) -> bytes:
    """The first record of a table's CSV file."""
    return (",".join(csv_text(one.name) for one in table.columns) + "\r\n").encode()


def csv_record(table: Table) -> Callable[[Row], str]:
    """Makes the CSV records of a table, each with its CRLF; not for two threads at once.

    What it makes raises ValueError for a row that has not a value for each column.
    """
    fields = tuple(csv_field() for _ in table.columns)

    def record(row: Row) -> str:
        return ",".join([field(value) for field, value in zip(fields, row, strict=True)]) + "\r\n"

    return record
