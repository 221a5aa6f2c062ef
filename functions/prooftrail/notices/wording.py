"""The text of a mail: 72 columns, plain characters, dates a person reads, commands a person can paste.

Names, tags and reasons were written by anybody. `shown` takes their voice from them; `typable` says which of them may
stand in a command at all.
"""

import re
import shlex
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache

from . import links

COLUMNS = 72
LONGEST_SUBJECT = 99
"""SNS takes subjects of fewer than 100 ASCII characters."""

LONGEST_NAME = 100
"""Characters of a name in prose; a longer one is cut and the cut shown."""

LONGEST_REASON = 400

_LONGEST_ARGUMENT = 300
_FETCHED = re.compile(r"(?:fileb?|https?)://", re.IGNORECASE)
_PAIR = 58  # characters of an option and its value that stand on one line
_TYPABLE = re.compile(rf"[ -~]{{1,{_LONGEST_ARGUMENT}}}")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_LINK = re.compile(r"://|\bwww\.|\bmailto:|\bjavascript:|\bdata:", re.IGNORECASE)
_VISIBLE = frozenset("LNPS")  # letters, numbers, punctuation, symbols
_MARKS = ("Mn", "Mc")


def shown(text: str, *, longest: int = LONGEST_NAME) -> str:
    """`text`, written by anybody, as `known` shows it, and without a place or address that a mail client makes a link of.

    `evil.com` becomes `evil .com`; the gaps are not counted in `longest`.
    """
    return links.without(known(text, longest=longest))


def known(text: str, *, longest: int = LONGEST_NAME) -> str:
    """`text` on one line without control, bidi or invisible characters (`?` stands for each) and without `://`.

    Letters of any script stay, for people are called so. Cut to `longest` characters with the cut shown. An address stays
    whole: this is for what the policy wrote, and for people it knows.
    """
    if len(text) > longest:
        text = f"{text[: longest - 3]}..."
    if not (text.isascii() and text.isprintable()):
        text = "".join(_plainly(text))
    return _LINK.sub(_defused, text) if ":" in text or ("." in text and "www." in text.casefold()) else text


def _plainly(text: str) -> Iterator[str]:
    marked = False
    for char in unicodedata.normalize("NFC", text):
        category = unicodedata.category(char)
        mark = category in _MARKS
        if category == "Zs":
            yield " "
        else:
            # One mark above a letter is writing; a tower of them would reach over the lines around it.
            yield char if category[0] in _VISIBLE or (mark and not marked) else "?"
        marked = mark


def _defused(found: re.Match[str]) -> str:
    """A link's beginning with a gap in it, so that no mail client makes it one to click."""
    return f"{found[0][0]} {found[0][1:]}" if found[0] == "://" else f"{found[0][:-1]} {found[0][-1]}"


def in_ascii(text: str) -> str:
    """`text` in printable ASCII, anything else as `?`."""
    return "".join(char if " " <= char <= "~" else "?" for char in text)


def typable(text: str) -> bool:
    """True if `text` may stand in a command: one line of printable ASCII, not too long, and nothing the CLI would fetch.

    The AWS CLI reads an argument that begins with `file://` or `https://` from there.
    """
    return bool(_TYPABLE.fullmatch(text)) and not ("://" in text and _FETCHED.search(text))


def wrapped(text: str, first: str = "", rest: str = "  ") -> list[str]:
    """`text` in lines of at most 72 columns, the first begun with `first`, the others with `rest`; long words are broken."""
    if len(first) + len(text) <= COLUMNS:
        return [first + text]
    text = " ".join(text.split())
    lines, lead, at = [], first, 0
    while len(text) - at > (room := COLUMNS - len(lead)):
        gap = text.rfind(" ", at, at + room + 1)
        end = gap if gap > at else at + room
        lines.append(lead + text[at:end])
        lead, at = rest, end + (gap > at)
    return [*lines, lead + text[at:]]


@lru_cache(maxsize=2_000)
def folded(text: str, first: str = "", rest: str = "  ") -> tuple[str, ...]:
    """As `wrapped`, remembered: for texts of this project and its governance, of which there are few."""
    return tuple(wrapped(text, first, rest))


def tagged(lines: list[str], tag: str, rest: str) -> list[str]:
    """The lines with `tag` at their end, on a line of its own where there is no room: it is never broken."""
    if len(lines[-1]) + 1 + len(tag) <= COLUMNS:
        return [*lines[:-1], f"{lines[-1]} {tag}"]
    return [*lines, rest + tag]


def command(words: Sequence[str], indent: str = "     ") -> list[str]:
    """A command over as many lines as it takes, each but the last ended with a backslash; what was quoted stays whole.

    A single word may be wider than 72 columns: broken, it would be another word.
    """
    lines, line, begun = [], indent, False
    for part in _together(words):
        if begun and len(line) + len(part) + 3 > COLUMNS:
            lines.append(f"{line} \\")
            line, begun = indent + "  ", False
        line = f"{line} {part}" if begun else f"{line}{part}"
        begun = True
    return [*lines, line]


def _together(words: Sequence[str]) -> Iterator[str]:
    """Each option with its value, where both fit a line."""
    waiting = None
    for word in words:
        if waiting is None:
            if word.startswith("--"):
                waiting = word
            else:
                yield word
        elif word.startswith("--") or len(waiting) + len(word) > _PAIR:
            yield waiting
            waiting = word if word.startswith("--") else None
            if waiting is None:
                yield word
        else:
            yield f"{waiting} {word}"
            waiting = None
    if waiting is not None:
        yield waiting


def quoted(values: Iterable[str]) -> list[str]:
    """Each value as one word of a shell."""
    return [shlex.quote(one) for one in values]


@lru_cache(maxsize=2_000)
def day(on: date) -> str:
    """`Mon 2026-11-30`."""
    return f"{_DAYS[on.weekday()]} {on.isoformat()}"


def left(due: date, today: date) -> str:
    """`7 days left`, `due tomorrow`, `due today`, `3 days late`. The due day itself is in time."""
    days = (due - today).days
    if days == 0:
        return "due today"
    if days == 1:
        return "due tomorrow"
    return f"{days} days left" if days > 0 else f"{-days} day{'s' if days < -1 else ''} late"


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 thing`, `2,000 things`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listing(names: Sequence[str], *, most: int = 5) -> str:
    """`a`, `a and b`, `a, b and c`, `a, b and 7 more`."""
    if len(names) > most:
        return f"{', '.join(names[: most - 1])} and {len(names) - most + 1} more"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else "nobody"
