"""How a reader names what an answer is about: findings by their ids, many of one family by family, control and owner."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import batched

from prooftrail.model.notice import Entry

from . import wording
from .grouping import Thing
from .scene import Scene

DIGITS = 12
"""Of a finding's id where there are many: an answer takes eight or more."""

_MOST_IDS = 5  # matters of a family that are named one by one; and ids on a line
_MOST_LISTED = 20  # where a family has a name that cannot be typed
_LONGEST = 64
_NOBODY = "none"  # as an answer takes it


def of_thing(thing: Thing, scene: Scene, rest: str = "") -> list[str]:
    """Its ids, on lines of their own; of one finding the whole of it.

    Families of which several controls fail are told one control at a time: their lines say how.
    """
    first = thing.first
    if len(thing.told) == 1:
        return [f"{rest}Id: {first.matters[0].id}"] if len(first.matters) == 1 else of_entry(first, scene, rest)
    if _is_large(first):
        return [f"{rest}Id: those above, one at a time"]
    return list(_ids((one.id for told in thing.told for one in told.entry.matters), rest))


def of_entry(entry: Entry, scene: Scene, rest: str) -> list[str]:
    """The ids of one entry in short, on lines of their own."""
    if len(entry.matters) == 1:
        return [f"{rest}Id: {entry.matters[0].id[:DIGITS]}"]
    named = _family(entry, scene) if _is_large(entry) else None
    if named is None:
        return list(_ids((one.id for one in entry.matters[:_MOST_LISTED]), rest))
    return wording.command(["Id:", *named], rest)


def _is_large(entry: Entry) -> bool:
    return len(entry.matters) > _MOST_IDS


def _ids(every: Iterable[str], rest: str) -> Iterator[str]:
    """As an answer takes them: with commas between, as many as there is room for on a line."""
    short = list(dict.fromkeys(one[:DIGITS] for one in every))
    name = "Id" if len(short) == 1 else "Ids"
    # Five fill a line; one that goes on needs room for the comma that makes it one list when it is copied.
    room = _MOST_IDS if len(short) <= _MOST_IDS else _MOST_IDS - 1
    lines = [",".join(some) for some in batched(short, room, strict=False)]
    for at, line in enumerate(lines):
        more = "," if at + 1 < len(lines) else ""
        yield f"{rest}{f'{name}: ' if not at else ' ' * len('Ids: ')}{line}{more}"


def _family(entry: Entry, scene: Scene) -> Sequence[str] | None:
    """Its name and what narrows it to this control and owner, as words of a shell; None where they cannot be typed."""
    first = entry.matters[0]
    family, owner = first.family or "", scene.names(first.owner) if first.owner else _NOBODY
    words = [family, "--control", first.control, "--owner", owner]
    if len(family) > _LONGEST or {family[:1], owner[:1]} & {"-"} or not all(map(wording.typable, words)):
        return None
    return wording.quoted(words)
