"""Who is written to today and who is not: one seat a recipient, the most serious first until the day's cap is reached.

A part of the places goes to whoever the cap kept out longest, however serious it is, so that everybody's turn comes.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from msgspec.structs import replace

from prooftrail.model.judgement import Tier
from prooftrail.model.notice import Reach, ReachState, Undelivered
from prooftrail.notices.day import Call

FAIR_SHARE = 4
"""Of so many places one goes to whoever was kept out longest; one of any number does."""

type _Free = tuple[str, Seat, Reach | None]


MOST_CALLS = 10_000
"""Calls of one recipient a day that are held as objects: a security team may be called about everything nobody owns."""


def prune(calls: list[Call]) -> int:
    """Keep the most serious of a list no mail could name in months, and say how many were put off.

    They stay due, and are called again.
    """
    if len(calls) < 2 * MOST_CALLS:
        return 0
    calls.sort(key=lambda one: (-one.matter.tier.rank, one.matter.due_at))
    put_off = len(calls) - MOST_CALLS
    del calls[MOST_CALLS:]
    return put_off


@dataclass(slots=True)
class Seat:
    """What one recipient has to hear today. `rank` is the highest open tier's (-1 for none), `number` how many calls.

    `uncapped` seats are beside the cap: they neither wait for a place nor take one.
    """

    address: str
    rank: int = -1
    number: int = 0
    waiting: bool = False
    weekly: bool = False
    open_weekly: bool = False
    uncapped: bool = False
    held: Undelivered | None = None


class Reader(NamedTuple):
    """Who gets the week's summary. `waiting`: the address has yet to be confirmed; `uncapped` as of a `Seat`."""

    recipient: str
    address: str
    waiting: bool
    uncapped: bool


class Seats:
    """Everybody who is called, or gets the week's summary. `opened` are the tiers whose notices are sent.

    `cap` counts what is sent, and what would be if its address were confirmed in time.
    """

    def __init__(self, opened: tuple[str, ...], *, cap: int) -> None:
        self._opened = bool(opened)
        self._ranks = {one: one.rank for one in map(Tier, opened)}
        self._cap = cap
        self._seats: dict[str, Seat] = {}

    def __getitem__(self, recipient: str) -> Seat:
        return self._seats[recipient]

    def known(self) -> set[str]:
        """Everybody with a seat."""
        return set(self._seats)

    def is_open(self, call: Call) -> bool:
        """True if the tier of what it is about is open."""
        return call.matter.tier in self._ranks

    def call(self, one: Call) -> None:
        """Count a call for its recipient."""
        seat = self._seats.get(one.recipient)
        if seat is None:
            seat = self._seats[one.recipient] = Seat(address=one.address)
        rank = self._ranks.get(one.matter.tier)
        if rank is not None:
            seat.rank = max(seat.rank, rank)
            seat.number += 1
            seat.waiting = seat.waiting or one.waiting

    def summon(self, readers: Iterable[Reader]) -> None:
        """Seat the readers of the week's summary."""
        for one in readers:
            seat = self._seats.setdefault(one.recipient, Seat(address=one.address))
            seat.weekly, seat.open_weekly, seat.uncapped = True, self._opened, one.uncapped
            seat.waiting = seat.waiting or (one.waiting and seat.open_weekly)

    def without_calls(self, part_of: Callable[[str], int], part: int) -> Iterator[str]:
        """The readers of the week's summary in a part, called or not."""
        return (one for one, seat in self._seats.items() if seat.weekly and part_of(one) == part)

    def decide(
        self,
        reach: Mapping[str, Reach],
        *,
        named: Callable[[str], bool],
        mailed: AbstractSet[str],
        unsettled: AbstractSet[str],
        lost: bool,
        late: bool = False,
        on: date,
    ) -> None:
        """Say of every seat why it is held, None where it is written to; `named` tells whether an address is known.

        `mailed` were written to that day already, of `unsettled` it is not known yet what became of their last notice.
        """
        free = list[_Free]()
        for recipient, seat in self._seats.items():
            row = reach.get(recipient)
            if seat.rank < 0 and not seat.open_weekly:
                seat.held = Undelivered.CLOSED
            elif late:
                seat.held = Undelivered.LATE
            elif lost:
                seat.held = Undelivered.UNREMEMBERED
            elif recipient in mailed or _mailed_on(row, on):
                seat.held = Undelivered.ALREADY
            elif recipient in unsettled:
                seat.held = Undelivered.UNSETTLED
            elif not named(seat.address):
                seat.held = Undelivered.UNREACHABLE
            elif seat.uncapped:
                seat.held = _waiting(seat)
            else:
                seat.held = Undelivered.CAPPED
                free.append((recipient, seat, row))
        for _, seat, _ in _placed(free, self._cap, on):
            seat.held = _waiting(seat)

    def row(self, recipient: str, before: Reach | None, on: date) -> Reach | None:
        """How the recipient stood before today, with since when the cap keeps them out; None where nothing is known."""
        seat = self._seats.get(recipient)
        if seat is not None and seat.held is Undelivered.CAPPED:
            # Without an address: nobody has to ask how somebody stands who was never asked.
            row = before or _unknown(recipient)
            return replace(row, held_since=row.held_since or on)
        if before is None or before.held_since is None or (seat is not None and seat.held not in _HAD_A_PLACE):
            return before
        row = replace(before, held_since=None)
        return None if row == _unknown(recipient) else row


def _unknown(recipient: str) -> Reach:
    """Somebody of whom nothing is known but that the cap keeps them out."""
    return Reach(recipient=recipient, address=None, state=ReachState.PENDING, detail=str(Undelivered.CAPPED))


_HAD_A_PLACE = (None, Undelivered.WAITING)


def _mailed_on(row: Reach | None, on: date) -> bool:
    return row is not None and row.mailed_on is not None and row.mailed_on >= on


def _waiting(seat: Seat) -> Undelivered | None:
    return Undelivered.WAITING if seat.waiting else None


def _placed(free: list[_Free], cap: int, on: date) -> list[_Free]:
    """Who has a place: those kept out longest have their share of the places, the most serious the others."""
    free = sorted(free, key=lambda one: _urgency(one, on))
    if len(free) <= cap:
        return free
    kept_out = sorted((one for one in free if _in_turn(one)), key=lambda one: _since(one, on))
    turns = kept_out[: -(-cap // FAIR_SHARE)]
    has_turn = {recipient for recipient, _, _ in turns}
    return [*turns, *[one for one in free if one[0] not in has_turn][: cap - len(turns)]]


def _urgency(one: _Free, on: date) -> tuple[bool, int, int, date, int, str]:
    """Whoever waits to be asked comes after those who can be written to, the seldom asked first.

    So nobody who never answers keeps a place from others. Then by tier, by how long they were kept out, and by how much
    there is to do.
    """
    recipient, seat, row = one
    return seat.waiting, _asked(seat, row), -seat.rank, _since(one, on), -seat.number, recipient


def _in_turn(one: _Free) -> bool:
    """True if the cap kept them out before; whoever was asked already is asked again without a place, and needs no turn."""
    _, seat, row = one
    return row is not None and row.held_since is not None and not _asked(seat, row)


def _asked(seat: Seat, row: Reach | None) -> int:
    """How often its address was asked to confirm, if it has to."""
    return len(row.asked_on) if row and seat.waiting and row.address == seat.address else 0


def _since(one: _Free, on: date) -> date:
    _, _, row = one
    return (row.held_since if row else None) or on
