"""What people who were told have said, ready to be asked about one matter."""

from collections.abc import Iterable, Iterator
from functools import lru_cache

from prooftrail.model.notice import Answer, AnswerKind, Matter

from .day import Day


class Answers:
    """The answers of a day, by whatever they name: a finding, an identity or a family."""

    def __init__(self, answers: Iterable[Answer]) -> None:
        self._named: dict[str, list[tuple[int, Answer]]] = {}
        for place, one in enumerate(answers):
            for name in {*one.matters, *one.identities}:
                self._named.setdefault(name, []).append((place, one))

    def to(self, matter: Matter) -> tuple[Answer, ...]:
        """Those about a matter, oldest first."""
        if not self._named:
            return ()
        return tuple(one for _, one in sorted(self._found(matter), key=lambda found: found[0]))

    def _found(self, matter: Matter) -> Iterator[tuple[int, Answer]]:
        names = {matter.id, matter.identity, matter.subject, matter.family} - {None}
        found = {place: one for name in names for place, one in self._named.get(name or "", ())}
        yield from found.items()


def handed_to(answers: Iterable[Answer]) -> str | None:
    """Whoever it was handed to last; None if to nobody."""
    given = [one.to for one in answers if one.kind is AnswerKind.REASSIGNED and one.to]
    return given[-1] if given else None


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
