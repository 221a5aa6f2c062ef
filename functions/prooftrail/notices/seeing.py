"""What was seen of a thing: one finding in full, or several as a short list, each with its limit, its day and its id."""

from collections.abc import Iterator
from datetime import date

from prooftrail.model import canonical
from prooftrail.model.judgement import Event, Limit
from prooftrail.model.notice import Matter

from . import advice, naming
from .line import Line, control_of
from .scene import Scene
from .wording import LONGEST_REASON, counted, day, folded, known, shown, tagged, wrapped

_LAST_USED = "last used "
_MOST_LISTED = 8  # findings of one identity with what was seen of them; the others with their control alone
_LONGEST_LISTED = 200  # characters of a reason in a list
_ENDS = (".", "!", "?")


def seen(line: Line, scene: Scene) -> Iterator[str]:
    """What was seen, what comes, what is not certain, when it was last used, and who set the limits."""
    thing = line.thing
    yield from _listed(line, scene) if line.others else _one(line, scene)
    stale = min(one.read_in for told in thing.told for one in told.entry.matters)
    if stale < scene.run_id:
        since = canonical.tick_of(stale).date()
        yield from wrapped(f"Not confirmed since {since}: the account could not be read.")
    if thing.not_mine:
        words = shown(scene.names(thing.not_mine)).replace('"', "'")
        yield from wrapped(f'"{words}"', "Tagged as not theirs, in the words of whoever tagged it: ")
    if not thing.private and line.matter.identity and len(thing.matters) == 1:
        yield from wrapped(shown(scene.names(_used(line.matter.used, scene.on))), "Last use: ")
    yield from _limits(line, scene)


def _one(line: Line, scene: Scene) -> Iterator[str]:
    matter = line.matter
    yield from wrapped(shown(_reason(line, matter, scene), longest=LONGEST_REASON), "What we saw: ")
    if not matter.failing and matter.event is not Event.EXCEPTION:
        yield from wrapped(_ahead(matter, line.told.entry.due_on), "What comes: ")


def _listed(line: Line, scene: Scene) -> Iterator[str]:
    """One sentence each, the one whose steps are told first; a tier or day of its own only where it has one."""
    yield "What we saw:"
    every = (line.told, *(one.told for one in line.others))
    for at, told in enumerate(every):
        entry = told.entry
        matter = told.first
        said = shown(_reason(line, matter, scene), longest=_LONGEST_LISTED) if at < _MOST_LISTED else matter.control
        limit = f" Limit: {_value(matter.limit)}." if _value(matter.limit) and at < _MOST_LISTED else ""
        when = _when(matter, entry.due_on, scene.on)
        when = when if entry.tier is line.thing.tier else f"{entry.tier}, {when}"
        words = wrapped(
            f"{said}{'' if said.endswith(_ENDS) else '.'}{limit} {when[0].upper()}{when[1:]}.", "  - ", "    "
        )
        if len(entry.matters) > 1:
            yield from (*words, *naming.of_entry(entry, scene, "    "))
        else:
            yield from tagged(words, f"Id: {matter.id[: naming.DIGITS]}", "    ")


def _when(matter: Matter, due: date, today: date) -> str:
    if not matter.failing and matter.event is Event.EXPIRY:
        return f"expires {day(due)}"
    if not matter.failing:
        return f"fails from {day(due)} on"
    return f"{'was due' if due < today else 'due'} {day(due)}"


def _limits(line: Line, scene: Scene) -> Iterator[str]:
    """The limit and who set it; of several only who set them, for each stands with what broke it."""
    if not line.others:
        limit = line.matter.limit
        if limit is not None and _value(limit):
            yield from folded(f"{limit.value} ({_set_by(limit, scene)})", "Limit: ")
        return
    told = (one.first.limit for one in line.thing.told)
    limits = dict.fromkeys(one.set_by for one in told if one is not None and _value(one))
    who = [known(scene.names(one), longest=200) for one in limits]
    if who:
        yield from wrapped("; ".join(who[:_MOST_LISTED]), "Limits set by: ")


def _value(limit: Limit | None) -> str:
    """What the limit is; empty for one that says nothing, because there must be none of it at all."""
    return limit.value if limit is not None and limit.value != "0" else ""


def _set_by(limit: Limit, scene: Scene) -> str:
    return known(scene.names(limit.set_by), longest=200)


def _used(used: str | None, today: date) -> str:
    """The last use as a day and how long ago that is; other words as they are."""
    if used is None:
        return "AWS does not tell it"
    on = used.removeprefix(_LAST_USED)
    try:
        days = (today - date.fromisoformat(on)).days
    except ValueError:
        return used
    ago = f"{counted(days, 'day')} ago" if days > 0 else "today"
    return f"{on}, {ago}"


def _reason(line: Line, matter: Matter, scene: Scene) -> str:
    if not line.thing.private:
        return scene.names(_without_limit(matter))
    return advice.of_control(control_of(matter)).neutral if matter.failing else "It comes near its limit."


def _without_limit(matter: Matter) -> str:
    """The reason without its limit, which has a place of its own."""
    if matter.limit is None:
        return matter.reason
    said = f" ({matter.limit.set_by})"
    return matter.reason.replace(f"; the limit is {matter.limit.value}{said}", "").replace(said, "")


def _ahead(matter: Matter, due: date) -> str:
    if matter.event is Event.EXPIRY:
        return f"on {day(due)} it expires, and what relies on it stops."
    return f"from {day(due)} on it is past its limit and counts as failing."
