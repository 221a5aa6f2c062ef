"""Text as the report shows it: what hides or turns text around is made visible, and nothing that data says is markup."""

import html
import re
from collections.abc import Iterable
from datetime import date, datetime

import msgspec

from prooftrail.model import canonical

PLACE = "\ue000"
"""Stands in a shared text for the name of the identity it is told of; no shown text has it, since `visible` names it."""

_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ud800-\udfff\ue000-\uf8ff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"
)
_IN_SCRIPT = ((b"&", b"\\u0026"), (b"<", b"\\u003c"), (b">", b"\\u003e"))
_LINES = (("\u2028".encode(), b"\\u2028"), ("\u2029".encode(), b"\\u2029"))


def visible(text: str) -> str:
    """`text` with everything named that one cannot see or that turns the direction of reading: `[U+202E]`."""
    return _HIDDEN.sub(lambda found: f"[U+{ord(found[0]):04X}]", text)


def esc(text: object) -> str:
    """`text` for the inside of an element or of a quoted attribute, made visible first."""
    return html.escape(visible(str(text)), quote=True)


def script_json(value: object) -> bytes:
    """`value` as JSON that ends no script element and means nothing but data, whatever its texts are."""
    packed = msgspec.json.encode(value)
    for raw, spelt in (*_IN_SCRIPT, *_LINES):
        packed = packed.replace(raw, spelt)
    return packed


def instant(at: datetime | None, absent: str = "not known") -> str:
    """An instant as people compare it: `2026-11-22 06:00 UTC`."""
    return absent if at is None else f"{canonical.utc(at):%Y-%m-%d %H:%M} UTC"


def day(at: date | datetime | None, absent: str = "not known") -> str:
    """The day of an instant, in UTC."""
    if at is None:
        return absent
    return f"{canonical.utc(at) if isinstance(at, datetime) else at:%Y-%m-%d}"


def number(value: int) -> str:
    """A number with its thousands set apart."""
    return f"{value:,}"


def counted(value: int, one: str, many: str | None = None) -> str:
    """`1 run`, `3 runs`."""
    return f"{number(value)} {one if value == 1 else many or one + 's'}"


def items(texts: Iterable[object], empty: str) -> str:
    """A list of texts, or a paragraph that says why there are none."""
    made = "".join(f"<li>{esc(one)}</li>" for one in texts)
    return f"<ul>{made}</ul>" if made else f"<p>{esc(empty)}</p>"


_MOST_OPEN = 40  # rows of a table that is there at once


def table(
    caption: str,
    heads: Iterable[str],
    rows: Iterable[Iterable[object]],
    *,
    numeric: frozenset[int] = frozenset(),
    short: frozenset[int] = frozenset(),
) -> str:
    """A table with a caption, column heads and a row head, in its own scroller.

    `numeric` columns are set to the right, `short` ones stay on one line.
    """
    classes = dict.fromkeys(short, "w") | dict.fromkeys(numeric, "n")
    head = "".join(f'<th scope="col"{_cls(at, classes)}>{esc(one)}</th>' for at, one in enumerate(heads))
    body = "".join(_row(one, classes) for one in rows)
    return (
        f'<div class="scroller" tabindex="0" role="region" aria-label="{esc(caption)}"><table>'
        f"<caption>{esc(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def folded(made: str, rows: int, what: str, file: str) -> str:
    """A long table behind a line that says how long it is, and on paper where its rows are; a short one as it is."""
    if rows <= _MOST_OPEN:
        return made
    said = f"{number(rows)} {what} are not printed unless the table is opened. {file} holds all of them."
    return f'<details class="table"><summary>All {number(rows)} {esc(what)}</summary>{made}</details><p class="print-only">{esc(said)}</p>'


def _row(cells: Iterable[object], classes: dict[int, str]) -> str:
    made = []
    for at, one in enumerate(cells):
        shown = one.html if isinstance(one, Html) else esc(number(one) if isinstance(one, int) else one)
        tag, scope = ("th", ' scope="row"') if at == 0 else ("td", "")
        made.append(f"<{tag}{scope}{_cls(at, classes)}>{shown}</{tag}>")
    return f"<tr>{''.join(made)}</tr>"


def _cls(at: int, classes: dict[int, str]) -> str:
    return f' class="{classes[at]}"' if at in classes else ""


class Html(msgspec.Struct, frozen=True):
    """Markup of our own making, whose texts are escaped already."""

    html: str


def status(name: str) -> Html:
    """A result status with a sign of its own, so that its colour is not all that tells it."""
    word = name.replace("_", " ")
    return Html(f'<span class="s s-{esc(name.lower())}">{esc(word)}</span>')
