"""Whether one pattern of a policy (`*` any text, `?` one character) matches a text, covers another pattern, or meets it.

Everything is answered from the two texts alone and remembered: the same few patterns come back in every policy.
"""

import re
from functools import lru_cache

_WORD = re.compile(r"[a-z][a-z0-9-]*")
_SHORTEST = 3
"""The characters every bucket has at least: `???*` leaves none out."""


@lru_cache(maxsize=65536)
def _compiled(pattern: str) -> re.Pattern[str]:
    # `?` never stands for a `*` of another pattern, so that `covers` is right and not only likely.
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "[^*]"), re.DOTALL)


def wild(pattern: str) -> bool:
    """True if the pattern can match more than itself."""
    return "*" in pattern or "?" in pattern


def covers(pattern: str, other: str) -> bool:
    """True if everything `other` (a text or a pattern) matches is matched by `pattern`."""
    if pattern in ("*", other):
        return True
    return wild(pattern) and _compiled(pattern).fullmatch(other) is not None


@lru_cache(maxsize=65536)
def overlaps(one: str, other: str) -> bool:
    """True if some text is matched by both patterns."""
    if covers(one, other) or covers(other, one):
        return True
    return wild(one) and wild(other) and _meet(one, other)


def _meet(one: str, other: str) -> bool:
    seen, open_ends = {(0, 0)}, [(0, 0)]
    while open_ends:
        at = open_ends.pop()
        if at == (len(one), len(other)):
            return True
        for step in _steps(one, other, *at):
            if step not in seen:
                seen.add(step)
                open_ends.append(step)
    return False


def _steps(one: str, other: str, i: int, j: int) -> list[tuple[int, int]]:
    """Where two readers of one text may stand next: past a `*` that stands for nothing, or one character on."""
    left, right = one[i : i + 1], other[j : j + 1]
    found = [(i + 1, j)] if left == "*" else []
    found += [(i, j + 1)] if right == "*" else []
    if left and right and (left == right or left in "*?" or right in "*?"):
        found.append((i if left == "*" else i + 1, j if right == "*" else j + 1))
    return found


def fixed_start(pattern: str) -> str:
    """The part of a pattern before its first wildcard."""
    return re.split(r"[*?]", pattern, maxsplit=1)[0]


@lru_cache(maxsize=65536)
def unconstrained(resource: str) -> bool:
    """True if a resource pattern names everything of its sort: `*`, `…:*`, `…:table/*`, and every bucket for S3.

    A pattern that names one thing, a path or a prefix is constrained, however many wildcards it has. The account or
    region it fixes does not count: identity policies act in one account anyway.
    """
    if _anything(resource):
        return True
    parts = resource.split(":", 5)
    if len(parts) < 6:
        return resource.endswith("*")
    what = parts[5]
    if _anything(what):
        return True
    sort, rest = re.split(r"[/:]", what, maxsplit=1) if re.search(r"[/:]", what) else (what, "")
    return parts[2] != "s3" and _anything(rest) and _WORD.fullmatch(sort) is not None


def _anything(text: str) -> bool:
    """True if nothing but wildcards stands in each part of the text, and no part fixes how long it is."""
    parts = re.split(r"[/:]", text, maxsplit=1)
    return all("*" in one and not one.strip("*?") and one.count("?") <= _SHORTEST for one in parts)
