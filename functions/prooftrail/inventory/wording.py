"""Puts text that anybody may have written into reasons and labels without giving it a voice of its own."""

from collections.abc import Iterable

_QUOTED_AT_MOST = 3  # names in one reason; the facts hold them all
_LONGEST_NAME = 120  # characters


def plain(text: str, *, longest: int = _LONGEST_NAME) -> str:
    """`text` as printable ASCII, anything else as `?`, cut to `longest` characters with the cut shown."""
    if len(text) <= longest and text.isascii() and text.isprintable():
        return text
    safe = "".join(char if " " <= char <= "~" else "?" for char in text[: longest + 1])
    return safe if len(safe) <= longest else f"{safe[: longest - 3]}..."


def listed(names: Iterable[str]) -> str:
    """A few names in order, and how many more there are."""
    every = sorted(set(names))
    shown = ", ".join(plain(name) for name in every[:_QUOTED_AT_MOST])
    return shown if len(every) <= _QUOTED_AT_MOST else f"{shown} and {len(every) - _QUOTED_AT_MOST} more"


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 user`, `2 users`, `0 users`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def sentence(words: str) -> str:
    """`words` as a sentence: a capital where it begins with a word rather than a name, and one full stop."""
    first = words.split(" ", 1)[0]
    begun = f"{words[:1].upper()}{words[1:]}" if first.rstrip(",;:").isalpha() else words
    return begun if begun.endswith((".", "!", "?", "…")) else f"{begun}."
