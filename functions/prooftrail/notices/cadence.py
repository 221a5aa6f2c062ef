"""On which days which step of the ladder falls due, by event and tier: days only, and nobody's name.

Source: the risk model, section 6.
"""

from functools import lru_cache

import msgspec

from prooftrail.model.judgement import Event, Tier
from prooftrail.model.notice import Hop

FIRST, DUE, HANDED_OVER = "first", "due", "handed over"
WEEK = 7
AHEAD_DAYS = 3
"""How early a step of a medium or low matter is told when its recipient is written to anyway."""

_C, _H, _M, _L = Tier.CRITICAL, Tier.HIGH, Tier.MEDIUM, Tier.LOW
_ROTATION = {_C: (7, 3, 1), _H: (14, 7, 1), _M: (14, 7), _L: (30, 7)}
_BEFORE_LIMIT = {
    Event.ROTATION: _ROTATION,
    Event.UNUSED: _ROTATION,
    Event.FINDING: _ROTATION,
    Event.UNOWNED: _ROTATION,
    Event.EXPIRY: {_C: (60, 30, 14, 7, 1), _H: (45, 14, 7, 1), _M: (30, 7, 1), _L: (30, 7)},
    Event.EXCEPTION: {_C: (14, 7, 1), _H: (14, 7, 1), _M: (30, 7), _L: (30,)},
}
_BEFORE_DUE = {_C: (3, 1), _H: (7, 1), _M: (7,), _L: (14,)}
_EVERY = {_C: 1, _H: 2, _M: WEEK, _L: WEEK}
_UNOWNED = {_C: (0, 1), _H: (1, WEEK), _M: (0, WEEK), _L: (0, 30)}  # first on that day, then every so many days

ESCALATION_DAYS = {
    _C: {Hop.DEPUTY: 0, Hop.MANAGER: 1, Hop.CONTACT: 2, Hop.SECURITY: 3},
    _H: {Hop.DEPUTY: 3, Hop.MANAGER: 7, Hop.CONTACT: 10, Hop.SECURITY: 14},
    _M: {Hop.DEPUTY: 7, Hop.MANAGER: 14, Hop.CONTACT: 21, Hop.SECURITY: 30},
    _L: {Hop.DEPUTY: 14, Hop.MANAGER: 30, Hop.CONTACT: 45, Hop.SECURITY: 60},
}
"""Days after the due date on which each hop beyond the owner hears of it; then weekly."""

PAUSE_DAYS = {_C: 3, _H: 7, _M: 14, _L: 30}
"""Days an answer pauses escalation, once a matter."""


class Step(msgspec.Struct, frozen=True, gc=False):
    """A step and its day, counted from the day that is asked about: 0 or less is due, more is to come."""

    name: str
    day: int


type Steps = tuple[Step | None, Step | None]
"""The newest step that is due by now, and the next one; None where there is none."""


@lru_cache(maxsize=65_536)
def steps(event: Event, tier: Tier, *, failing: bool, start: int, due: int) -> Steps:
    """The steps of whoever is asked first. `start` (0 or less) and `due` are days from today: when it began, and is due.

    What falls on the first day or before is told by `first`. `start` does not count where it does not fail yet.
    """
    if not failing:
        return _picked([Step(f"T-{days}", due - days) for days in _BEFORE_LIMIT[event][tier]])
    if event is Event.UNOWNED:
        after, every = _UNOWNED[tier]
        return _picked([Step(FIRST, start + after), *_again("again", start + after, every)])
    first = Step(FIRST, start)
    if event in (Event.ROTATION, Event.EXPIRY):
        return _picked([first, *_again("again", start, _EVERY[tier])])
    before = [Step(f"T-{days}", due - days) for days in _BEFORE_DUE[tier]]
    later = [*before, Step(DUE, due), *_again("overdue", due, _EVERY[tier])]
    return _picked([first, *(one for one in later if one.day > start)])


@lru_cache(maxsize=65_536)
def escalation(tier: Tier, hop: Hop, *, due: int) -> Steps:
    """The steps of a hop beyond whoever is asked first; `due` is in days from today."""
    after = ESCALATION_DAYS[tier][hop]
    begins = due + after
    count = max(0, -begins // WEEK)
    weekly = [Step(f"overdue {after + WEEK * one}", begins + WEEK * one) for one in (count, count + 1)]
    return _picked(weekly)


def _again(word: str, begins: int, every: int) -> list[Step]:
    """The last step of a rhythm that is due today, and the next; named by days since it began. It begins after one pause."""
    count = max(1, -begins // every)
    return [Step(f"{word} {every * one}", begins + every * one) for one in (count, count + 1)]


def _picked(listed: list[Step]) -> Steps:
    by_day = sorted(listed, key=lambda one: one.day)
    newest = [one for one in by_day if one.day <= 0]
    ahead = [one for one in by_day if one.day > 0]
    return (newest[-1] if newest else None), (ahead[0] if ahead else None)
