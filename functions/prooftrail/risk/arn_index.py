"""Which of many ARNs a pattern names, found without looking at all of them.

ARNs are sorted and searched by the fixed start of a pattern, those of one account also where the pattern leaves the
account open (`arn:aws:iam::*:role/app-*`), and backwards by its fixed end. What was found for a pattern is remembered.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable

from .patterns import covers, fixed_start, wild

_LAST = "\U0010ffff"
_COLONS = 5
"""The colons of an ARN whose resource has none of its own: then each part of a pattern stands for one part."""


class ArnIndex:
    """Some ARNs, to be asked by pattern; answers are in order of ARN."""

    def __init__(self, arns: Iterable[str]) -> None:
        self.arns = sorted(arns)
        self._known = frozenset(self.arns)
        self._backwards = sorted(one[::-1] for one in self.arns)
        self._odd = [one for one in self.arns if one.count(":") != _COLONS]
        heads = Counter(_head(one) for one in self.arns if one.count(":") == _COLONS)
        self._head = next(iter(heads)) if len(heads) == 1 else None
        self._found: dict[str, list[str]] = {}

    def matching(self, pattern: str) -> list[str]:
        """The ARNs a pattern names; an ARN that is not there names nothing."""
        if not wild(pattern):
            return [pattern] if pattern in self._known else []
        if pattern not in self._found:
            found = [one for one in self._perhaps(pattern) if covers(pattern, one)]
            self._found[pattern] = self.arns if len(found) == len(self.arns) else found
        return self._found[pattern]

    def _perhaps(self, pattern: str) -> list[str]:
        """All that the pattern names, and few others."""
        if pattern.count(":") == _COLONS and self._head is not None:
            if not covers(_head(pattern), self._head):
                return self._odd
            start = self._head + fixed_start(pattern[len(_head(pattern)) :])
            forwards = _starting(self.arns, start)
            return sorted({*forwards, *self._odd}) if self._odd else self._fewer(forwards, pattern)
        return self._fewer(_starting(self.arns, fixed_start(pattern)), pattern)

    def _fewer(self, forwards: list[str], pattern: str) -> list[str]:
        backwards = _starting(self._backwards, fixed_start(pattern[::-1]))
        return sorted(one[::-1] for one in backwards) if len(backwards) < len(forwards) else forwards


def _head(text: str) -> str:
    """Everything before the resource of an ARN or a pattern with five colons."""
    return text[: text.rindex(":") + 1]


def _starting(texts: list[str], start: str) -> list[str]:
    return texts[bisect_left(texts, start) : bisect_left(texts, start + _LAST)] if start else texts
