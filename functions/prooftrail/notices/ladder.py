"""Who hears of which matter today, and at which step: the owner's cadence, and who is asked when nobody acts.

The first in a chain who can be told hears by the owner's cadence; who stands nearer and cannot be is recorded with the
reason. Everybody farther hears after the due date, and only once everybody nearer cannot be told, or whoever stood in
their place was told on an earlier day.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import islice

from msgspec.structs import replace

from prooftrail.model.judgement import Event, Tier
from prooftrail.model.notice import Answer, Asked, Hop, Matter, Told

from . import answers, cadence, memory, reaching, rounds
from .cadence import Step, Steps
from .chain import Chains, is_for_both
from .day import Call, Day, Link, Planned
from .reaching import Standing

_UNREACHABLE = "unreachable"
type _Heard = Mapping[Hop, Mapping[str, Asked]]
_NOBODY: _Heard = {}


def plan_matters(day: Day, matters: Sequence[Matter], told: Mapping[str, Told], chains: Chains) -> Planned:
    """Whom to call about the matters of one owner (or of nobody) on `day`, after what was `told`.

    A row comes back for each matter that is called, was told before, could not be told, or is paused. What a recipient
    would hear of within three days is told today where that recipient is called anyway and did not hear of it within the
    last three; of a critical matter only what is told once a week.
    """
    known, stands = answers.of(day), _Stands(day)
    climbs = [_Climb(day, one, told.get(one.id), chains, known.to(one), stands) for one in matters]
    calls = [call for one in climbs for call in one.calls()]
    called = {one.recipient for one in calls}
    calls += [call for one in climbs for call in one.early(called)]
    return Planned(
        calls=tuple(calls),
        told=tuple(one.row for one in climbs if one.is_remembered),
        undeliverable=tuple(one.matter.id for one in climbs if one.is_stuck),
        open_matters=_by_owner(climbs),
        unreachable=frozenset(who for one in climbs if (who := one.unreachable) is not None),
    )


def _by_owner(climbs: Iterable["_Climb"]) -> dict[str, Counter[Tier]]:
    """All matters by tier, by whoever hears of them as their owner."""
    found: dict[str, Counter[Tier]] = {}
    for one in climbs:
        if one.owner is not None and one.owner.recipient is not None:
            found.setdefault(one.owner.recipient, Counter())[one.matter.tier] += 1
    return found


class _Stands:
    """How everybody stands on a day, found once for each. By the link itself: a chain's links are shared by many matters."""

    def __init__(self, day: Day) -> None:
        self._day = day
        self._known: dict[tuple[int, int], tuple[Link, Standing, str | None]] = {}
        self._weeks: dict[str, int] = {}

    def week(self, link: Link) -> int:
        """How many days it is until the weekday of whoever stands there."""
        who = link.recipient or ""
        found = self._weeks.get(who)
        if found is None:
            found = self._weeks[who] = (cadence.weekday(who) - self._day.on.weekday()) % cadence.WEEK
        return found

    def __call__(self, link: Link, tier: Tier) -> tuple[Link, Standing, str | None]:
        patience = reaching.PATIENCE_DAYS[tier]  # all that a tier decides
        found = self._known.get((id(link), patience))
        if found is None:
            found = link, *reaching.standing(link, self._day, tier)
            self._known[id(link), patience] = found  # keeps the link, and so its identity
        return found


class _Climb:
    """One matter on its ladder today. `row` is what is remembered of it from now on, before anything is sent.

    `owner` is the link of whoever hears of it as its owner, None where its contact and the security team both do.
    """

    __slots__ = ("_calls", "_chains", "_day", "_due", "_failing", "_farther", "_handed", "_heard", "_links", "_own", "_paused", "_seats", "_stands", "_start", "is_begun", "is_stuck", "matter", "owner", "row")  # fmt: skip

    def __init__(
        self,
        day: Day,
        matter: Matter,
        before: Told | None,
        chains: Chains,
        said: tuple[Answer, ...],
        stands: _Stands,
    ) -> None:
        self._day, self.matter, self._chains, self._stands = day, matter, chains, stands
        self.row = row = rounds.remembered(before, matter, said, day.on, chains)
        self._handed = rounds.handed_to(row)
        self._paused = row.paused_until is not None and day.on < row.paused_until
        self._heard = _newest(row.asked) if row.asked else _NOBODY
        self._count_days()
        self._links: tuple[Link, ...] | None = None
        self._calls: list[str] = []
        self.owner = None if is_for_both(matter, self._handed) else chains.nearest(matter, self._handed)
        self._own = self._cadence(self.owner)
        self.is_begun = self._own[0] is not None  # whatever the weekday
        self._seats = self._seated()
        self._farther = self._beyond()
        self.is_stuck = not self._seats and self.is_begun
        if self.is_begun:
            self._pass_over()

    @property
    def is_remembered(self) -> bool:
        """True if there is anything to remember."""
        return bool(self._calls or self.row.steps or self.row.asked or self.row.paused)

    @property
    def unreachable(self) -> str | None:
        """Its owner where they cannot be told; its account where nobody owns it and nobody can be told."""
        if self.owner is not None and self.owner.recipient is not None:
            return None if self._owner_hears else self.owner.recipient
        return f"account {self.matter.account}" if self.is_stuck else None

    def calls(self) -> Iterator[Call]:
        """Whom it is due to be told to today."""
        for link in self._seats:
            last = self._told(link)
            if last is None and self._is_handed(link):
                yield self._call(link, cadence.HANDED_OVER)
            elif step := self._newest_due(self._steps(link), last):
                yield self._call(link, step.name)
        if not self.is_begun or self._paused:
            return
        for link in self._farther:
            step = self._newest_due(self._escalation(link), self._told(link))
            if step and self._can(link) and self._all_nearer_heard(link):
                yield self._call(link, step.name)

    def early(self, called: set[str]) -> Iterator[Call]:
        """What those of `called` who do not hear of it today would be told within three days."""
        for link in self._seats:
            if self._is_called(link, called) and (step := self._soon(link, self._steps(link))):
                yield self._call(link, step.name)
        for link in self._farther:
            if self._is_called(link, called) and not self._paused and self._told(link) and self._can(link):
                step = self._soon(link, self._escalation(link))
                if step:
                    yield self._call(link, step.name)

    @property
    def _chain(self) -> tuple[Link, ...]:
        """The whole chain; most matters of most days only ask for its first."""
        if self._links is None:
            contacts = self._day.contacts.get(self._chains.place(self.matter.account))
            self._links = self._chains.of(self.matter, contacts, self._handed)
        return self._links

    @property
    def _owner_hears(self) -> bool:
        return bool(self._seats) and self._seats[0] is self.owner

    def _can(self, link: Link) -> bool:
        return self._stands(link, self.matter.tier)[1] is not Standing.UNREACHABLE

    def _is_called(self, link: Link, called: set[str]) -> bool:
        return link.recipient in called and link.recipient not in self._calls

    def _seated(self) -> tuple[Link, ...]:
        """Who hears by the owner's cadence: the first who can be told, or both of those who are asked at once."""
        if self.owner is None:
            return tuple(filter(self._can, self._chain))
        if self._can(self.owner):
            return (self.owner,)
        return tuple(islice(filter(self._can, self._chain), 1))

    def _beyond(self) -> tuple[Link, ...]:
        """Who stands farther than whoever hears by the owner's cadence: once it is late, and was told before today."""
        first = self.row.first_on
        if self.owner is None or not self._seats or not self._failing or self._due > 0:
            return ()
        if first is None or first >= self._day.on:
            return ()
        return self._chain[self._chain.index(self._seats[0]) + 1 :]

    def _count_days(self) -> None:
        """What the steps are counted from, in days from today.

        What was to fail and was not seen since counts as failing from the day it was due, and what expires fails from then.
        """
        one, self._due = self.matter, (self.matter.due_at.date() - self._day.on).days
        self._failing = one.failing or (self._due < 0 and one.event is not Event.EXCEPTION)
        began = (one.since.date() - self._day.on).days if one.since else self._due
        if one.event is Event.EXPIRY and self._due <= 0:
            began = max(began, self._due)
        self._start = min(0, began) if self._failing else 0

    def _steps(self, link: Link) -> Steps:
        """The owner's cadence, for whoever hears by it."""
        return self._own if link is self.owner else self._cadence(link)

    def _cadence(self, link: Link | None) -> Steps:
        one, week = self.matter, self._stands.week(link) if link else 0
        return cadence.steps(one.event, one.tier, failing=self._failing, start=self._start, due=self._due, week=week)

    def _escalation(self, link: Link) -> Steps:
        told = ((self.row.first_on or self._day.on) - self._day.on).days
        return cadence.escalation(self.matter.tier, link.hop, due=self._due, told=told, week=self._stands.week(link))

    def _pass_over(self) -> None:
        """Record who is due to hear of it and cannot be told, once for each reason."""
        if self.is_stuck and self.row.first_on is None:
            self.row = replace(self.row, first_on=self._day.on)
        for link in self._due_to_hear():
            _, where, why = self._stands(link, self.matter.tier)
            if where is not Standing.UNREACHABLE:
                continue
            last, who = self._last(link.hop), link.recipient or ""
            if last is None or last.sent or (last.recipient, last.why) != (who, why):
                asked = Asked(hop=link.hop, recipient=who, on=self._day.on, step=_UNREACHABLE, sent=False, why=why)
                self.row = replace(self.row, asked=memory.with_asked(self.row.asked, asked))

    def _due_to_hear(self) -> tuple[Link, ...]:
        """Those nearer than whoever hears today, and those farther whose day has come."""
        if self.owner is None or not self._seats:
            return self._chain
        nearer = () if self._owner_hears else self._chain[: self._chain.index(self._seats[0])]
        if not self._farther or self._paused:
            return nearer
        return (*nearer, *(one for one in self._farther if self._escalation(one)[0] is not None))

    def _last(self, hop: Hop) -> Asked | None:
        """The newest time anybody of a hop was told, or could not be."""
        return next((one for one in reversed(self.row.asked) if one.hop is hop), None)

    def _told(self, link: Link) -> Asked | None:
        """When whoever stands there was told last since this ladder began."""
        last = self._heard.get(link.hop, {}).get(link.recipient or "")
        return last if last is not None and self.row.first_on and last.on >= self.row.first_on else None

    def _newest_due(self, steps: Steps, last: Asked | None) -> Step | None:
        """The newest step that is due and that whoever stands there was not told of, early or since."""
        step = steps[0]
        if step is None or last is None:
            return step
        falls = self._day.on + timedelta(days=step.day)
        quiet = cadence.QUIET_DAYS - 1 if step.weekly else 0
        if last.on >= falls - timedelta(days=quiet):
            return None
        early = last.step == step.name and last.on >= falls - timedelta(days=cadence.AHEAD_DAYS)
        return None if early else step

    def _soon(self, link: Link, steps: Steps) -> Step | None:
        """The next step, where it is near and whoever it is for was not told lately."""
        ahead, last = steps[1], self._told(link)
        if ahead is None or ahead.day > cadence.AHEAD_DAYS or (self.matter.tier is Tier.CRITICAL and not ahead.weekly):
            return None
        return ahead if last is None or (self._day.on - last.on).days > cadence.AHEAD_DAYS else None

    def _all_nearer_heard(self, link: Link) -> bool:
        """True if for everybody nearer somebody was told before today, or they were found to be out of reach.

        Whoever: an owner who is another one every day keeps nobody from hearing.
        """
        for one in self._chain:
            if one is link:
                return True
            if self._can(one) and not self._is_found_out(one) and not self._was_asked(one.hop):
                return False
        return True

    def _is_found_out(self, link: Link) -> bool:
        last = self._last(link.hop)
        return last is not None and not last.sent and last.recipient == link.recipient

    def _was_asked(self, hop: Hop) -> bool:
        """True if anybody of a hop was told before today since this ladder began."""
        first = self.row.first_on
        if first is None:
            return False
        return any(one.hop is hop and one.sent and first <= one.on < self._day.on for one in self.row.asked)

    def _is_handed(self, link: Link) -> bool:
        """True if it is the new owner's, who has not heard of it: somebody else was told, or somebody handed it over."""
        if link.hop is not Hop.OWNER:
            return False
        last = self._last(Hop.OWNER)
        if last is None or not last.recipient:
            return self._handed is not None
        return last.recipient != link.recipient

    def _call(self, link: Link, step: str) -> Call:
        if not self.is_begun:  # told early: whoever was passed over for it has not been recorded
            self._pass_over()
        recipient = link.recipient or ""
        self._calls.append(recipient)
        bound = self._chains.bound(self.row.owner, self.matter.account)
        return Call(
            recipient=recipient,
            address=link.address or "",
            hop=link.hop,
            step=step,
            matter=self.matter,
            asked=self.row.asked,
            route=() if link is self.owner else tuple(self._route(link)),
            usage=all(one.usage for one in bound),
            waiting=self._stands(link, self.matter.tier)[1] is Standing.WAITING,
        )

    def _route(self, link: Link) -> Iterator[str]:
        """What became of those nearer: told when, or why they are not."""
        for one in self._chain:
            if one is link:
                return
            _, where, why = self._stands(one, self.matter.tier)
            last = self._last(one.hop)
            if where is not Standing.UNREACHABLE and last is not None and last.sent:
                yield f"{one.hop}: told {last.on}"
            elif why:
                yield f"{one.hop}: {why}"


def _newest(asked: tuple[Asked, ...]) -> _Heard:
    """The newest time each was told, by hop."""
    found: dict[Hop, dict[str, Asked]] = {}
    for one in asked:
        if one.sent:
            found.setdefault(one.hop, {})[one.recipient] = one
    return found
