"""What one identity needs as a block of text: what, by when, where, why, what to do, what was seen, who was asked before."""

from collections.abc import Iterator, MutableMapping

from prooftrail.model.notice import Hop

from . import advice, naming, wording
from .asking import asked_words, handed_over, role
from .grouping import Thing
from .line import Line, control_of
from .scene import Scene, account_label, account_name
from .seeing import seen
from .wording import day, folded, in_ascii, left, shown, wrapped

RULE = "-" * wording.COLUMNS
_EXAMPLES = 3  # of a family
_NOT_YOURS = "Not yours? Tag it (for REASON say whose, without blank or comma):"


def block(number: int, line: Line, scene: Scene, before: MutableMapping[tuple[str, str], int]) -> list[str]:
    """The lines of one thing. `before` holds, for each kind of task and each part, the number of the thing that tells it whole."""
    thing, todo = line.thing, line.todo
    first = before.setdefault((control_of(line.told.first), todo.key), number)
    lines = [RULE, *_head(number, thing, scene), *wrapped(line.task, "   ", "   "), ""]
    lines += _where(thing, scene)
    lines += _part(number, thing, scene, before)
    lines += handed_over(thing, scene)
    if first == number:
        lines += folded(_why(line), "Why: ")
        lines += _steps(line)
    else:
        lines += _as_before(first, line)
    lines += _then(line)
    lines += seen(line, scene)
    if first == number:
        lines += _disowned(line)
    lines += _asked(thing, scene)
    return [*lines, *naming.of_thing(thing, scene), ""]


def _part(number: int, thing: Thing, scene: Scene, before: MutableMapping[tuple[str, str], int]) -> list[str]:
    """The reader's part in it, told once for all things where it is the same."""
    lines = list(role(thing, scene))
    first = before.setdefault(("", "\n".join(lines)), number) if lines else number
    return lines if first == number else [f"Your part: as in {first}."]


def glance(number: int, line: Line, scene: Scene) -> list[str]:
    """The thing on a line or two: how bad, how long, what to do."""
    thing = line.thing
    more = f" (and {len(line.others)} more)" if line.others else ""
    return wrapped(f"{thing.tier.upper()}, {left(thing.due_on, scene.on)}: {line.task}{more}", f"{number}. ", "   ")


def brief(number: int, line: Line, scene: Scene) -> list[str]:
    """The thing on a few lines, for it is not told in full: how bad, by when, what to do, and its id."""
    thing = line.thing
    when = f"{'was due' if thing.due_on < scene.on else 'by'} {day(thing.due_on)}"
    more = f" (and {len(line.others)} more)" if line.others else ""
    words = f"{thing.tier.upper()}, {when}{_place(thing, scene)}: {line.task}{more}."
    lines = wrapped(words, f"{number}. ", "   ")
    if len(thing.told) == 1:
        ids = naming.of_entry(thing.first, scene, "   ")
        return wording.tagged(lines, ids[0].lstrip(), "   ") if len(ids) == 1 else [*lines, *ids]
    if len(thing.matters) == 1:
        return [*lines, *naming.of_thing(thing, scene, "   ")]
    return [*lines, *(each for one in thing.told for each in naming.of_entry(one.entry, scene, "   "))]


def _place(thing: Thing, scene: Scene) -> str:
    """`, payments-prod`, where it is not the account itself."""
    first = thing.matters[0]
    if len(thing.matters) > 1 and (number := len({one.account for one in thing.matters})) > 1:
        return f", {number:,} accounts"
    return f", {account_name(first.account, scene)}" if first.identity else ""


def _why(line: Line) -> str:
    general = advice.of_control(control_of(line.told.first))
    return (line.thing.private and general.quiet) or line.todo.why or general.why


def _head(number: int, thing: Thing, scene: Scene) -> list[str]:
    due = thing.due_on
    when = f"{'was due' if due < scene.on else 'by'} {day(due)}, {left(due, scene.on)}"
    return wrapped(f"{thing.tier.upper()} - {when} - {step_words(thing)}", f"{number}. ", "   ")


def step_words(thing: Thing) -> str:
    """Which step of the ladder this is, for a reader; of several the one that says most."""
    if thing.passed_on:
        return "escalated to you"
    entries = [one.entry for one in thing.told]
    if any(one.step == "handed over" for one in entries):
        return "handed over to you"
    return "first notice" if all(one.step == "first" or not one.asked for one in entries) else "reminder"


def _where(thing: Thing, scene: Scene) -> Iterator[str]:
    accounts = sorted({one.account for one in thing.matters})
    if len(accounts) == 1:
        yield from wrapped(account_label(accounts[0], scene), "Where: ")
    else:
        some = wording.listing([account_label(one, scene) for one in accounts], most=_EXAMPLES + 1)
        yield from wrapped(some, f"Where: {len(accounts)} accounts: ")
    if len(thing.matters) > 1:
        names = sorted({shown(scene.names(one.name)) for one in thing.matters[: 10 * _EXAMPLES]})[:_EXAMPLES]
        yield from wrapped(", ".join(names), "For example: ")


def _steps(line: Line) -> list[str]:
    lines = ["Do:"]
    if len(line.thing.matters) > 1:
        each = f"For each of them, best where they are all rolled out from; shown for {shown(line.matter.name)}:"
        lines = wrapped(each, "Do: ")
    lines += advice.told(line.todo.do, line.fields)
    return lines + advice.undone(line.todo, line.fields)


def _disowned(line: Line) -> list[str]:
    """How to say that it is not the reader's."""
    tagged = advice.not_mine(line.matter.kind, line.fields) if taggable(line.thing) else None
    return [_NOT_YOURS, *wording.command(tagged)] if tagged else []


def taggable(thing: Thing) -> bool:
    """True where the reader may say that it is not theirs: it is told to its owner, or to whoever stands in for one."""
    return thing.hop in (Hop.OWNER, Hop.DEPUTY) and not thing.unowned


def _as_before(number: int, line: Line) -> Iterator[str]:
    """The commands for this one; why, the words to each step, and how to undo it, are those of an earlier thing.

    What deletes is left to the steps that say when: here it would stand right behind what only switches off.
    """
    lines = advice.told_briefly(line.todo.do, line.fields)
    yield from wrapped(f"as in {number}, and so the undo.{' For this one:' if lines else ''}", "Do: ")
    yield from lines


def _then(line: Line) -> Iterator[str]:
    """What else is to be done with it, a line each; what the steps settle is told for the case that it has to stay."""
    settled = [one.task for one in line.others if one.settled]
    if settled:
        which = "the rest" if len(settled) == len(line.others) else f"{len(settled)} of the others"
        yield from wrapped(f"{'; '.join(dict.fromkeys(settled))}.", f"That settles {which}. If it has to stay: ")
    for task in dict.fromkeys(one.task for one in line.others if not one.settled):
        yield from wrapped(f"{task}.", "Then: ")


def _asked(thing: Thing, scene: Scene) -> list[str]:
    """Who was asked before, on the owner's own lines; other hops read it in the sentence about their role."""
    if thing.hop is not Hop.OWNER:
        return []
    words = "; ".join(asked_words(thing.asked, scene))
    return wrapped(f"{words}.", "Asked before: ") if words else []


def subject(text: str) -> str:
    """A subject line: ASCII and fewer than 100 characters."""
    return in_ascii(text)[: wording.LONGEST_SUBJECT]
