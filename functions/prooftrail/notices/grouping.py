"""What one mail tells, put together as a reader sees it: a line a matter or family, then the lines of one identity as one."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date
from itertools import batched

import msgspec

from prooftrail.model import canonical
from prooftrail.model.judgement import Event, Tier
from prooftrail.model.notice import Asked, Entry, Hop, Matter, NoticeItem

from . import wording
from .day import Call

_LABELLED = 80  # characters of a sealed label
MOST_OF_ONE = 20
"""Findings of one identity in one block; more make another."""


class Told(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One entry and whether it may tell how a person uses it."""

    entry: Entry
    usage: bool

    @property
    def first(self) -> Matter:
        """The matter that stands for all of them."""
        return self.entry.matters[0]

    @property
    def private(self) -> bool:
        """True if nothing may be said of how it is used."""
        return not self.usage and any(one.person for one in self.entry.matters)


class Thing(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of one identity (or family) to one hop, as one block: the most serious entry first, never none."""

    told: tuple[Told, ...]

    @property
    def first(self) -> Entry:
        """Its most serious entry."""
        return self.told[0].entry

    @property
    def hop(self) -> Hop:
        """Why the reader hears of it: the same for all entries."""
        return self.first.hop

    @property
    def tier(self) -> Tier:
        """The highest."""
        return self.first.tier

    @property
    def due_on(self) -> date:
        """The earliest."""
        return self.told[0].entry.due_on if len(self.told) == 1 else min(one.entry.due_on for one in self.told)

    @property
    def matters(self) -> tuple[Matter, ...]:
        """Of one entry: the identities of any entry are those of all."""
        return self.first.matters

    @property
    def private(self) -> bool:
        """True if nothing may be said of how it is used."""
        return any(one.private for one in self.told)

    @property
    def unowned(self) -> bool:
        """True if it is told because nobody owns it."""
        return any(one.first.event is Event.UNOWNED for one in self.told)

    @property
    def not_mine(self) -> str | None:
        """What the tag says by which somebody disowned it."""
        return next((one.first.not_mine for one in self.told if one.first.not_mine is not None), None)

    @property
    def asked(self) -> tuple[Asked, ...]:
        """Who was asked before about any of it, nearest hop first."""
        every = dict.fromkeys(one for told in self.told for one in told.entry.asked)
        return tuple(sorted(every, key=lambda one: (one.hop.rank, one.on)))

    @property
    def passed_on(self) -> bool:
        """True for what reached somebody because others did not act: not for what nobody owns, or says is not theirs."""
        return self.hop is not Hop.OWNER and not self.unowned and self.not_mine is None


def ordered(calls: Iterable[Call], today: date) -> list[Told]:
    """One entry a matter, or a family that stands alike; tier, then what is late, then the date, then the name."""
    together: dict[tuple[object, ...], list[Call]] = {}
    for one in calls:
        together.setdefault(_alike(one), []).append(one)
    told = [_alone(alike[0]) if len(alike) == 1 else _told(alike) for alike in together.values()]
    told.sort(key=lambda one: _place(one.entry, today))
    return told


def _alike(call: Call) -> tuple[object, ...]:
    matter = call.matter
    if matter.family is None:
        return (matter.id, call.step, call.hop)
    shared = matter.control, matter.event, matter.kind, matter.failing, matter.person, matter.owner
    return ("", matter.family, *shared, call.step, call.hop, call.usage)


def _alone(call: Call) -> Told:
    matter = call.matter
    entry = Entry(
        step=call.step,
        hop=call.hop,
        tier=matter.tier,
        due_on=_due(matter),
        matters=(matter,),
        asked=call.asked,
    )
    return Told(entry=entry, usage=call.usage)


def _told(alike: list[Call]) -> Told:
    calls = sorted(alike, key=lambda call: (call.matter.account, call.matter.name, call.matter.id))
    matters = tuple({call.matter.id: call.matter for call in calls}.values())
    entry = Entry(
        step=calls[0].step,
        hop=calls[0].hop,
        tier=max((one.tier for one in matters), key=lambda tier: tier.rank),
        due_on=min(map(_due, matters)),
        matters=matters,
        asked=tuple(dict.fromkeys(one for call in calls for one in call.asked)),
    )
    return Told(entry=entry, usage=all(call.usage for call in calls))


def _due(matter: Matter) -> date:
    at = matter.due_at
    return (at if at.tzinfo is UTC else canonical.utc(at)).date()


def _place(entry: Entry, today: date) -> tuple[int, bool, date, str, str, str, str]:
    first, due = entry.matters[0], entry.due_on
    return -entry.tier.rank, due >= today, due, first.name, first.id, entry.hop, entry.step


def things(lines: Iterable[Told]) -> list[Thing]:
    """The lines by identity and hop, in the order of each one's most serious line."""
    found: dict[object, list[Told]] = {}
    for one in lines:
        found.setdefault(_whose(one.entry), []).append(one)
    if max(map(len, found.values()), default=0) <= MOST_OF_ONE:
        return [Thing(told=tuple(some)) for some in found.values()]
    return [Thing(told=part) for some in found.values() for part in batched(some, MOST_OF_ONE, strict=False)]


def chosen(things: Sequence[Thing], recipient: str, *, first: int, most: int) -> list[Thing]:
    """At most `most` things, in their order: the `first` few, then those whose turn it is.

    Whom nothing was told of comes before what was told, and what was told long ago before what was told lately: so that
    of many things each is named some day, however serious the others are.
    """
    if len(things) <= most:
        return list(things)
    rest = sorted(range(first, len(things)), key=lambda at: _last_told(things[at], recipient))
    return [*things[:first], *(things[at] for at in sorted(rest[: most - first]))]


def _last_told(thing: Thing, recipient: str) -> date:
    """The last day the reader was told of it; the first of all days where there is something new in it."""
    if not all(told.entry.asked for told in thing.told):
        return date.min
    return min(
        max((one.on for one in told.entry.asked if one.sent and one.recipient == recipient), default=date.min)
        for told in thing.told
    )


def _whose(entry: Entry) -> object:
    """The same for entries of the same identities; what is of no identity stands alone."""
    first = entry.matters[0]
    if len(entry.matters) == 1:
        return (entry.hop, first.account, first.identity) if first.identity else (entry.hop, first.id)
    return (entry.hop, tuple(sorted((one.account, one.identity or one.id) for one in entry.matters)))


def items(lines: Sequence[Told]) -> tuple[NoticeItem, ...]:
    """What the sealed notice says of each line, in their order."""
    return tuple(_item(one.entry) for one in lines)


def _item(entry: Entry) -> NoticeItem:
    matters = entry.matters
    first, alone = matters[0], len(matters) == 1
    name = first.name if alone else f"{len(matters)} of family {first.family}"
    return NoticeItem(
        matters=(first.id,) if alone else tuple(sorted(one.id for one in matters)),
        identities=(first.identity or first.subject,) if alone else _identities(matters),
        control=first.control,
        event=first.event,
        accounts=(first.account,) if alone else tuple(sorted({one.account for one in matters})),
        tier=entry.tier,
        step=entry.step,
        hop=entry.hop,
        due_on=entry.due_on,
        label=wording.known(name, longest=_LABELLED),
    )


def _identities(matters: Sequence[Matter]) -> tuple[str, ...]:
    return tuple(sorted({one.identity or one.subject for one in matters}))
