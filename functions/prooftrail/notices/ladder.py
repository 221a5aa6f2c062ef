"""Who hears of which matter today, and at which step: the owner's cadence, and who is asked when nobody acts.

The first in a chain who can be told hears by the owner's cadence; who stands nearer and cannot be is recorded with the
reason. Everybody farther hears after the due date, and only once all who stand nearer were told on an earlier day or
cannot be.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

from msgspec.structs import replace

from prooftrail.governance.notices import Notices
from prooftrail.model import canonical
from prooftrail.model.judgement import Event, Tier
from prooftrail.model.notice import Answer, Asked, Hop, Matter, Told

from . import answers, cadence, memory
from .cadence import Step, Steps
from .chain import Chains, is_for_both
from .day import Call, Day, Link, Planned
from .reaching import Standing, standing

_EARLY = (Tier.MEDIUM, Tier.LOW)
_UNREACHABLE = "unreachable"
type _Standings = dict[tuple[Link, Tier], tuple[Standing, str | None]]


def plan_matters(
    day: Day, matters: Sequence[Matter], told: Mapping[str, Told], chains: Chains, notices_policy: Notices
) -> Planned:
    """Whom to call about the matters of one owner (or of nobody) on `day`, after what was `told`.

    A row comes back for each matter that is called, was told before, could not be told, or is paused. What a recipient
    would hear of a medium or low matter within three days is told today where that recipient is called anyway.
    """
    known = answers.of(day)
    standings: _Standings = {}
    climbs = [_Climb(day, one, told.get(one.id), chains, known.to(one), standings) for one in matters]
    calls = [call for one in climbs for call in one.calls(notices_policy)]
    called = {one.recipient for one in calls}
    busy = {(one.matter.id, one.recipient) for one in calls}
    for one in climbs:
        if one.matter.tier in _EARLY:
            calls += [
                each for each in one.early(called, notices_policy) if (each.matter.id, each.recipient) not in busy
            ]
    with_calls = {one.matter.id for one in calls}
    rows = (one.row for one in climbs if one.is_remembered or one.matter.id in with_calls)
    return Planned(
        calls=tuple(calls),
        told=tuple(rows),
        undeliverable=tuple(one.matter.id for one in climbs if one.is_stuck),
        open_matters=Counter(one.tier for one in matters),
    )


class _Climb:
    """One matter on its ladder today. `row` is what is remembered of it from now on, before anything is sent."""

    __slots__ = ("_both", "_day", "_due", "_failing", "_handed", "_heard", "_owner", "_paused", "_seats", "_standings", "_steps", "chain", "is_stuck", "matter", "row")  # fmt: skip

    def __init__(
        self,
        day: Day,
        matter: Matter,
        before: Told | None,
        chains: Chains,
        said: tuple[Answer, ...],
        standings: _Standings,
    ) -> None:
        self._day, self.matter, self._standings = day, matter, standings
        self._handed = handed = answers.handed_to(said) if said else None
        self._owner = handed or matter.owner
        due_on = matter.due_at.date()  # sealed in UTC
        self._due = (due_on - day.on).days
        self.chain = chains.of(matter, day.contacts.get(chains.place(matter.account)), handed)
        self.row = self._begun(before, due_on)
        if (said or matter.not_mine) and not self.row.paused:
            self.row = _paused(self.row, matter, said, day.on)
        self._paused = self.row.paused_until is not None and day.on < self.row.paused_until
        self._heard = _newest(self.row.asked)
        self._steps = self._cadence()
        self._both = both = is_for_both(matter, handed)
        able = [link for link in self.chain if self._standing(link)[0] is not Standing.UNREACHABLE]
        self._seats = tuple(able if both else able[:1])
        self.is_stuck = not able and self._steps[0] is not None
        if self._steps[0] is not None:
            self._pass_over()

    @property
    def is_remembered(self) -> bool:
        """True if there is anything to remember although nobody is called."""
        return bool(self.row.steps or self.row.asked or self.row.paused)

    def calls(self, policy: Notices) -> Iterator[Call]:
        """Whom it is due to be told to today."""
        for link in self._seats:
            if self._is_handed(link):
                yield self._call(link, cadence.HANDED_OVER, policy)
            elif step := self._newest_due(link, self._steps):
                yield self._call(link, step.name, policy)
        if self._steps[0] is None or self._paused:
            return
        for link in self._beyond():
            step = self._newest_due(link, self._escalation(link))
            if step and self._all_nearer_heard(link):
                yield self._call(link, step.name, policy)

    def early(self, called: set[str], policy: Notices) -> Iterator[Call]:
        """What those of `called` would be told within three days."""
        for link in self._seats:
            if link.recipient in called and (step := self._soon(link, self._steps)):
                yield self._call(link, step.name, policy)
        for link in self._beyond():
            if link.recipient in called and not self._paused and self._hop_heard(link):
                step = self._soon(link, self._escalation(link))
                if step:
                    yield self._call(link, step.name, policy)

    def _begun(self, before: Told | None, due_on: date) -> Told:
        """What is remembered, begun anew where what its steps are counted from has changed."""
        one = self.matter
        if before is None:
            return Told(matter=one.id, owner=self._owner, event=one.event, failing=one.failing, due_on=due_on, steps=())
        if (before.failing, before.due_on, before.owner, before.event) == (one.failing, due_on, self._owner, one.event):
            return before
        return replace(before, owner=self._owner, event=one.event, failing=one.failing, due_on=due_on, steps=())

    def _cadence(self) -> Steps:
        """By days since it began; what was to fail and was not seen since counts as failing from the day it was due."""
        one = self.matter
        self._failing = one.failing or (self._due < 0 and one.event is not Event.EXCEPTION)
        start = 0
        if self._failing:
            began = (one.since.date() - self._day.on).days if one.since else self._due
            start = min(0, began)
        return cadence.steps(one.event, one.tier, failing=self._failing, start=start, due=self._due)

    def _escalation(self, link: Link) -> Steps:
        return cadence.escalation(self.matter.tier, link.hop, due=self._due)

    def _standing(self, link: Link) -> tuple[Standing, str | None]:
        key = (link, self.matter.tier)
        found = self._standings.get(key)
        if found is None:
            found = self._standings[key] = standing(link, self._day, self.matter.tier)
        return found

    def _beyond(self) -> tuple[Link, ...]:
        """Who of those farther can be told."""
        return tuple(one for one in self._farther() if self._standing(one)[0] is not Standing.UNREACHABLE)

    def _farther(self) -> tuple[Link, ...]:
        """Who stands farther than whoever hears by the owner's cadence, once it is due."""
        if self._both or not self._seats or not self._failing or self._due > 0:
            return ()
        return self.chain[self.chain.index(self._seats[0]) + 1 :]

    def _pass_over(self) -> None:
        """Record who is due to hear of it and cannot be told, once for each reason."""
        seats = len(self._seats) and self.chain.index(self._seats[0])
        for place, link in enumerate(self.chain):
            is_due = self._both or not self._seats or place < seats or self._is_reached(link)
            where, why = self._standing(link)
            if where is not Standing.UNREACHABLE or not is_due:
                continue
            last = self._heard.get(link.hop)
            who = link.recipient or ""
            if last is None or last.sent or (last.recipient, last.why) != (who, why):
                asked = Asked(hop=link.hop, recipient=who, on=self._day.on, step=_UNREACHABLE, sent=False, why=why)
                self.row = replace(self.row, asked=memory.with_asked(self.row.asked, asked))

    def _is_reached(self, link: Link) -> bool:
        return (
            any(one is link for one in self._farther()) and self._escalation(link)[0] is not None and not self._paused
        )

    def _newest_due(self, link: Link, steps: Steps) -> Step | None:
        """The newest step that is due and that nobody in this place was told of since."""
        step, ahead = steps
        if step is None:
            return None
        if not self._hop_heard(link):
            return step
        told = self.row.steps
        if memory.step_told(link.hop, step.name) in told:
            return None
        if ahead and memory.step_told(link.hop, ahead.name) in told:
            return None
        last = self._heard[link.hop].on
        return step if last < self._day.on + timedelta(days=step.day) else None

    def _soon(self, link: Link, steps: Steps) -> Step | None:
        """The next step, where it is near and whoever it is for has heard of the matter before."""
        ahead = steps[1]
        if ahead is None or ahead.day > cadence.AHEAD_DAYS:
            return None
        return None if memory.step_told(link.hop, ahead.name) in self.row.steps else ahead

    def _hop_heard(self, link: Link) -> bool:
        """True if whoever stands there now was told since the ladder began."""
        last = self._heard.get(link.hop)
        if last is None or not last.sent or last.recipient != link.recipient:
            return False
        if link.hop is not Hop.OWNER:
            return any(one.startswith(f"{link.hop}: ") for one in self.row.steps)
        return any(": " not in one for one in self.row.steps)

    def _all_nearer_heard(self, link: Link) -> bool:
        """True if everybody nearer was told before today, or was found to be out of reach."""
        for one in self.chain:
            if one is link:
                return True
            if self._standing(one)[0] is Standing.UNREACHABLE:
                continue
            last = self._heard.get(one.hop)
            found_out = last is not None and not last.sent and last.recipient == one.recipient
            told = last is not None and self._hop_heard(one) and last.on < self._day.on
            if not (found_out or told):
                return False
        return True

    def _is_handed(self, link: Link) -> bool:
        """True if it is the new owner's and they have not been told: somebody else was, or somebody handed it over."""
        if link.hop is not Hop.OWNER or self._hop_heard(link):
            return False
        last = self._heard.get(Hop.OWNER)
        if last is None or not last.recipient:
            return self._handed is not None
        return last.recipient != link.recipient

    def _call(self, link: Link, step: str, policy: Notices) -> Call:
        if self._steps[0] is None:  # told early: whoever was passed over for it has not been recorded
            self._pass_over()
        bound = policy.bound(self._owner, self.matter.account) if policy.jurisdiction else ()
        return Call(
            recipient=link.recipient or "",
            address=link.address or "",
            hop=link.hop,
            step=step,
            matter=self.matter,
            asked=self.row.asked,
            route=tuple(self._route(link)),
            usage=all(one.usage for one in bound),
            waiting=self._standing(link)[0] is Standing.WAITING,
        )

    def _route(self, link: Link) -> Iterator[str]:
        """What became of those nearer: told when, or why they are not."""
        for one in self.chain:
            if one is link:
                return
            where, why = self._standing(one)
            last = self._heard.get(one.hop)
            if where is not Standing.UNREACHABLE and last is not None and last.sent:
                yield f"{one.hop}: told {last.on}"
            elif why:
                yield f"{one.hop}: {why}"


def _newest(asked: tuple[Asked, ...]) -> dict[Hop, Asked]:
    return {one.hop: one for one in asked}


def _paused(row: Told, matter: Matter, said: tuple[Answer, ...], on: date) -> Told:
    """Escalation paused from the day of the answer on; from today where a tag says that it is somebody else's."""
    first = said[0] if said else None
    begins = min(on, canonical.utc(first.at).date()) if first else on
    until = begins + timedelta(days=cadence.PAUSE_DAYS[matter.tier])
    answer = f"{said[-1].kind} {canonical.utc(said[-1].at).date()}" if said else "not theirs by a tag"
    return replace(row, paused=True, paused_until=until, answer=answer)
