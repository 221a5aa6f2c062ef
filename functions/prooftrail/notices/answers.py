"""What people who were told have said, ready to be asked about one matter."""

from collections.abc import Iterable
from functools import lru_cache

from prooftrail.model.notice import Answer, Matter

from .day import Day


class Answers:
    """The answers of a day, by the findings they name. What an identity or family came to since, nobody answered for."""

    def __init__(self, answers: Iterable[Answer]) -> None:
        self._named: dict[str, list[Answer]] = {}
        for one in answers:
            for name in set(one.matters):
                self._named.setdefault(name, []).append(one)

    def to(self, matter: Matter) -> tuple[Answer, ...]:
        """Those about a matter, oldest first."""
        return tuple(self._named.get(matter.id, ()))


class _Same:
    """The answers of a day as a key: the same object, not an equal one, because thousands of owners share it."""

    def __init__(self, answers: tuple[Answer, ...]) -> None:
        self.answers = answers

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.answers is self.answers

    def __hash__(self) -> int:
        return id(self.answers)


@lru_cache(maxsize=1)
def _of(same: _Same) -> Answers:
    return Answers(same.answers)


def of(day: Day) -> Answers:
    """The answers of a day; made once however many owners ask."""
    return _of(_Same(day.answers))
