"""On which days which step of the ladder falls due, by event, tier and weekday: days only, and nobody's name.

What repeats does so quickly for a few days and then once a week, on one weekday for each recipient. Sources: the risk
model, section 6; ADR 26.
"""

from functools import lru_cache
from zlib import crc32

import msgspec

from prooftrail.model.judgement import Event, Tier
from prooftrail.model.notice import Hop

FIRST, DUE, HANDED_OVER = "first", "due", "handed over"
WEEK = 7
AHEAD_DAYS = 3
"""How early a step is told when its recipient is written to anyway; of a critical matter only a weekly one."""

QUIET_DAYS = 4
"""How many days at least lie between a weekly step and whatever was told before it."""

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
_BEFORE_DUE = {_C: (3, 1), _H: (7,), _M: (7,), _L: (14,)}
_QUICKLY = {_C: (1, 2, 3), _H: (), _M: (), _L: ()}
"""Days late, or without an owner, on which it is repeated before it is repeated once a week."""

_ROTATED = (Event.ROTATION, Event.EXPIRY)  # repeated once a week before they are due, too
_UNOWNED_FIRST = {_C: 0, _H: 1, _M: 0, _L: 0}
_MONTH = 30

ESCALATION_DAYS = {
    _C: {Hop.DEPUTY: 0, Hop.MANAGER: 1, Hop.CONTACT: 2, Hop.SECURITY: 3},
    _H: {Hop.DEPUTY: 3, Hop.MANAGER: 7, Hop.CONTACT: 10, Hop.SECURITY: 14},
    _M: {Hop.DEPUTY: 7, Hop.MANAGER: 14, Hop.CONTACT: 21, Hop.SECURITY: 30},
    _L: {Hop.DEPUTY: 14, Hop.MANAGER: 30, Hop.CONTACT: 45, Hop.SECURITY: 60},
}
"""Days after the due date, or after somebody was first told, on which each hop beyond the owner hears; then weekly."""

PAUSE_DAYS = {_C: 3, _H: 7, _M: 14, _L: 30}
"""Days an answer pauses escalation, once a matter."""


class Step(msgspec.Struct, frozen=True, gc=False):
    """A step and its day, counted from the day that is asked about: 0 or less is due, more is to come.

    One that is `weekly` is left out where its recipient was told within QUIET_DAYS before it.
    """

    name: str
    day: int
    weekly: bool = False


type Steps = tuple[Step | None, Step | None]
"""The newest step that is due by now, and the next one; None where there is none."""


def weekday(recipient: str) -> int:
    """The weekday on which a recipient hears of what repeats once a week, 0 for Monday: spread over the week."""
    return crc32(recipient.encode()) % WEEK


@lru_cache(maxsize=65_536)
def steps(event: Event, tier: Tier, *, failing: bool, start: int, due: int, week: int = 0) -> Steps:
    """The steps of whoever is asked first. `start` (0 or less) and `due` are days from today: when it began, and is due.

    `week` is how many days from today the recipient's weekday is. What falls on the first day or before is told by
    `first`. `start` does not count where it does not fail yet.
    """
    if not failing:
        return _picked([Step(f"T-{days}", due - days) for days in _BEFORE_LIMIT[event][tier]])
    if event is Event.UNOWNED:
        return _unowned(tier, start, week)
    first = Step(FIRST, start)
    before = [Step(f"T-{days}", due - days) for days in _BEFORE_DUE[tier]]
    if event in _ROTATED:
        before = before if tier is _C else []
        quiet = min([due, *(one.day for one in before)]) - QUIET_DAYS
        before += [one for one in _weekly("again", start, 0, week) if one.day <= quiet]
    quickly = [Step(f"overdue {days}", due + days) for days in _QUICKLY[tier]]
    ends = max(_QUICKLY[tier], default=0)
    later = [*before, Step(DUE, due), *quickly, *_weekly("overdue", due, max(ends, start - due), week)]
    return _picked([first, *(one for one in later if one.day > start)])


@lru_cache(maxsize=65_536)
def escalation(tier: Tier, hop: Hop, *, due: int, told: int, week: int = 0) -> Steps:
    """The steps of a hop beyond whoever is asked first, named by days since it was due.

    `due` and `told` are days from today: when it was due, and when somebody was first told. The later of both begins it,
    because nobody is late with what they were never told. `week` as in `steps`.
    """
    begins = max(0, told - due) + ESCALATION_DAYS[tier][hop]
    return _picked([Step(f"overdue {begins}", due + begins), *_weekly("overdue", due, begins, week)])


def _unowned(tier: Tier, start: int, week: int) -> Steps:
    first = _UNOWNED_FIRST[tier]
    if tier is _L:
        count = max(1, -start // _MONTH)
        return _picked(
            [Step(FIRST, start), *(Step(f"again {_MONTH * one}", start + _MONTH * one) for one in (count, count + 1))]
        )
    quickly = [Step(f"again {days}", start + days) for days in _QUICKLY[tier]]
    ends = len(quickly) + first
    return _picked([Step(FIRST, start + first), *quickly, *_weekly("again", start, ends, week)])


def _weekly(word: str, since: int, after: int, week: int) -> list[Step]:
    """The last step of a week's rhythm that is due today, and the next; named by days since `since`.

    The first is on the recipient's first weekday at least QUIET_DAYS later than `after` days since then.
    """
    earliest = since + after + QUIET_DAYS
    begins = earliest + (week - earliest) % WEEK
    newest = max(begins, week - WEEK if week else 0)
    return [Step(f"{word} {day - since}", day, weekly=True) for day in (newest, newest + WEEK)]


def _picked(listed: list[Step]) -> Steps:
    by_day = sorted(listed, key=lambda one: (one.day, not one.weekly))
    newest = [one for one in by_day if one.day <= 0]
    ahead = [one for one in by_day if one.day > 0]
    return (newest[-1] if newest else None), (ahead[0] if ahead else None)
