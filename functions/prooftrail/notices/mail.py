"""The words of one mail: how much needs the reader, each thing on one screen, a few in full, the others in short."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial

import msgspec

from prooftrail.evidence.layout import ORGANIZATION
from prooftrail.model.judgement import Tier
from prooftrail.model.notice import Hop

from . import closing, grouping, text, wording
from . import summary as weekly_summary
from .day import Call, Names
from .grouping import Thing, Told
from .line import line
from .scene import Scene
from .summary import Summary
from .wording import counted, day, wrapped

MOST_FULL = 6
"""Things a mail tells in full, if they are short enough."""

MOST_NAMED = 20
"""Things a mail names at all, in full or on a line; the others are counted, and are not told by it."""

LONGEST_NAMED = 6_300
"""Characters of what is named, in full or in short, unless the first thing alone is longer."""

_BRIEF = 110  # characters of a thing in short, usually
_MINIMAL = "minimal"
_SHORT = f"{text.RULE}\nIn short:"


class _Revealing:
    """Reveals, and remembers whether there was anything to reveal."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self.changed = False

    def __call__(self, words: str) -> str:
        found = self._names(words)
        if found != words:
            self.changed = True
        return found


type _Both = tuple[str, str]
"""The same lines as they are sealed and as they are sent."""


class Mail:
    """One mail, written twice: as it is sealed and as it is sent. What holds no pseudonym is written once for both."""

    def __init__(
        self,
        scene: Scene,
        lines: Sequence[Told],
        calls: Sequence[Call],
        open_matters: Mapping[Tier, int],
        summary: Summary | None,
        style: str,
    ) -> None:
        self._revealing = _Revealing(scene.names)
        self._sent = msgspec.structs.replace(scene, names=self._revealing)
        self._sealed = msgspec.structs.replace(scene, names=_as_sealed)
        self._lines, self._calls, self._open = lines, calls, open_matters
        self._minimal = style == _MINIMAL
        self._things = grouping.things(lines)
        self._named = grouping.chosen(self._things, scene.recipient, first=MOST_FULL, most=MOST_NAMED)
        self._telling, self._rest = self._split()
        self._summary = summary
        self._owner = any(one.hop is Hop.OWNER for one in self._things)

    def told(self) -> Sequence[Told]:
        """The lines this mail tells: those it names. One that names nothing tells all that its command shows."""
        return self._telling

    def _split(self) -> tuple[Sequence[Told], Mapping[Tier, int]]:
        """The lines it tells, and by tier how many it does not."""
        if self._minimal or len(self._named) == len(self._things):
            return self._lines, {}
        named = {id(told) for one in self._named for told in one.told}
        told, rest = list[Told](), Counter[Tier]()
        for one in self._lines:
            if id(one) in named:
                told.append(one)
            else:
                rest[one.entry.tier] += 1
        return told, rest

    def subject(self) -> str:
        """How many, by when, how bad; never a name, a key id or a secret's name."""
        today = self._sent.on
        if not self._lines:
            return weekly_summary.subject(self._summary) if self._summary else ""
        late = [one for one in self._lines if one.entry.due_on < today]
        bad = self._worst(late) if not self._minimal else f", {len(late):,} late" if late else ""
        return text.subject(f"[Prooftrail] {len(self._lines):,} to do{self._headings()}{bad}{self._when(bool(late))}")

    def _when(self, late: bool) -> str:
        """` by 2026-11-30` where all are due then; else the first day something is, or the next after what is late."""
        days = {one.entry.due_on for one in self._lines if one.entry.due_on >= self._sent.on}
        if not days:
            return ""
        return f"{', next' if late else ', first' if len(days) > 1 else ''} by {min(days)}"

    def _headings(self) -> str:
        """` on 3 identities` where several things are to be done with one."""
        number = len(self._things)
        if number == len(self._lines) or self._minimal:
            return ""
        identities = all(len(one.matters) == 1 and one.matters[0].identity for one in self._things)
        return f" {f'on {counted(number, "identity", "identities")}' if identities else f'under {number:,} headings'}"

    def _worst(self, late: Sequence[Told]) -> str:
        bad = sum(one.entry.tier is Tier.CRITICAL for one in late)
        if bad:
            return f", {bad:,} critical late" if bad == len(late) else f", {len(late):,} late ({bad:,} critical)"
        critical = sum(one.entry.tier is Tier.CRITICAL for one in self._lines)
        said = f", {len(late):,} late" if late else ""
        return f"{said}, {critical:,} critical" if critical else said

    def texts(self) -> _Both:
        """The whole mail as it is sealed and as it is sent, each ended with one line break."""
        parts = list(self._parts())
        sealed = _ended(part for part, _ in parts)
        return sealed, (_ended(part for _, part in parts) if any(a is not b for a, b in parts) else sealed)

    def _parts(self) -> Iterator[_Both]:
        if self._minimal:
            yield self._both(self._only_where)
            return
        if self._lines:
            yield self._both(self._needs)
            yield from self._told()
            yield self._both(self._others)
        if self._summary:
            yield self._both(self._week)
        yield self._both(self._end)

    def _both(self, write: Callable[[Scene], Iterable[str]]) -> _Both:
        return self._each(lambda scene: "\n".join(write(scene)))

    def _each[T](self, write: Callable[[Scene], T]) -> tuple[T, T]:
        self._revealing.changed = False
        sent = write(self._sent)
        return write(self._sealed) if self._revealing.changed else sent, sent

    def _needs(self, scene: Scene) -> list[str]:
        return [*wrapped(self._opening(scene.on), rest=""), ""]

    def _others(self, scene: Scene) -> Iterator[str]:
        return closing.others(self._rest, self._besides(), self._find(scene), owner=self._owner)

    def _week(self, scene: Scene) -> list[str]:
        week = self._summary
        told = weekly_summary.told(week, names=scene.names, labels=scene.accounts, locker=scene.locker) if week else []
        return [*told, ""]

    def _end(self, scene: Scene) -> Iterator[str]:
        if self._lines:
            yield closing.answers(scene.locker, tags=any(map(text.taggable, self._things)))
            yield from closing.why(self._calls, scene)
        else:
            yield from closing.why_weekly(self._summary)
        yield closing.trust()

    def _only_where(self, scene: Scene) -> Iterator[str]:
        if self._lines:
            yield from wrapped(self._opening(scene.on), rest="")
        if self._summary:
            yield from wrapped(weekly_summary.counts(self._summary), rest="")
        yield ""
        yield "See it with:"
        yield from wording.command(self._find(scene), "  ")

    def _opening(self, today: date) -> str:
        number = len(self._lines)
        first = min(one.entry.due_on for one in self._lines)
        which = ("It" if number == 1 else "The first") + (" was due on" if first < today else " is due on")
        when = f"{which} {day(first)}: {wording.left(first, today)}."
        needs = f"{counted(number, 'thing')}{self._headings()} {'needs' if number == 1 else 'need'} you"
        passed_on = sum(len(one.told) for one in self._things if one.passed_on)
        if not passed_on or self._minimal:
            return f"{needs}. {when}"
        them = "it is" if number == 1 else "all are" if passed_on == number else f"{passed_on:,} of them"
        be = "" if number in (1, passed_on) else " is" if passed_on == 1 else " are"
        return f"{needs}: {them}{be} passed on, for nobody nearer acted or could be asked. {when}"

    # the things ----------------------------------------------------------------------------------------------------

    def _told(self) -> Iterator[_Both]:
        """What is told in full on one screen, where there is more than one thing; then each in full; then the others."""
        full = list(self._in_full())
        short = len(self._named) - len(full)
        if len(self._things) > 1:
            yield from (glance for glance, _ in full)
            more = f"and {short:,} more below\n" if short else ""
            yield more, more
        yield from (block for _, block in full)
        if short:
            yield _SHORT, _SHORT
            yield from (self._in_short(at) for at in range(len(full), len(self._named)))
            yield "", ""

    def _in_full(self) -> Iterator[tuple[_Both, _Both]]:
        """As many as there is room for in the sealed copy, at a glance and in full."""
        before: dict[tuple[str, str], int] = {}
        named = len(self._named)
        room = LONGEST_NAMED
        for number, thing in enumerate(self._named[:MOST_FULL], 1):
            sealed, sent = self._each(partial(_written, number, thing, before))
            room -= len(sealed[1])
            if room < _BRIEF * (named - number) and number > 1:
                return
            yield (sealed[0], sent[0]), (sealed[1], sent[1])

    def _in_short(self, at: int) -> _Both:
        thing = self._named[at]
        return self._both(lambda scene: text.brief(at + 1, line(thing, scene), scene))

    # the rest ------------------------------------------------------------------------------------------------------

    def _besides(self) -> Mapping[Tier, int]:
        """What is open of the reader's own and not due to be told today, by tier."""
        own = (one.entry for one in self._lines if one.entry.hop is Hop.OWNER) if self._owner else ()
        told = Counter(matter.tier for one in own for matter in one.matters)
        return {tier: left for tier, number in self._open.items() if (left := number - told[tier]) > 0}

    def _find(self, scene: Scene) -> list[str]:
        """The command that lists what is theirs: an owner's, an account's for its contact, else all that is late."""
        locker = wording.quoted([scene.locker])
        name = scene.names(scene.recipient)
        every = not self._minimal or all(one.hop is Hop.OWNER for one in self._things)
        if self._owner and every and wording.typable(name) and not name.startswith("-"):
            return ["prooftrail", "owner", "show", *locker, *wording.quoted([name])]
        words = ["prooftrail", "findings", *locker]
        accounts = {matter.account for one in self._lines for matter in one.entry.matters}
        if self._owner or not self._lines or accounts == {ORGANIZATION}:
            return [*words, "--open"]
        return [*words, "--open", "--account", *accounts] if len(accounts) == 1 else [*words, "--overdue"]


def _written(number: int, thing: Thing, before: dict[tuple[str, str], int], scene: Scene) -> tuple[str, str]:
    """A thing at a glance, and in full."""
    one = line(thing, scene)
    return "\n".join(text.glance(number, one, scene)), "\n".join(text.block(number, one, scene, before))


def _as_sealed(words: str) -> str:
    return words


def _ended(parts: Iterable[str]) -> str:
    """The parts as one text without blanks before a line's end."""
    whole = "\n".join(parts)
    if " \n" in whole:
        whole = "\n".join(one.rstrip() for one in whole.split("\n"))
    return whole.rstrip() + "\n"
