"""Who is written to today and who is not: one seat a recipient, the most serious first until the day's cap is reached."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from prooftrail.model.judgement import Tier
from prooftrail.model.notice import Reach, Undelivered
from prooftrail.notices.day import Call


@dataclass(slots=True)
class Seat:
    """What one recipient has to hear today. `rank` is the highest open tier's (-1 for none), `number` how many calls."""

    address: str
    rank: int = -1
    number: int = 0
    waiting: bool = False
    weekly: bool = False
    open_weekly: bool = False
    held: Undelivered | None = None


class Seats:
    """Everybody who is called, or gets the week's summary. `opened` are the tiers whose notices are sent.

    `cap` counts what is sent, and what would be if its address were confirmed in time.
    """

    def __init__(self, opened: tuple[str, ...], *, cap: int) -> None:
        self._opened = frozenset(map(Tier, opened))
        self._cap = cap
        self._seats: dict[str, Seat] = {}

    def __getitem__(self, recipient: str) -> Seat:
        return self._seats[recipient]

    def known(self) -> set[str]:
        """Everybody with a seat."""
        return set(self._seats)

    def is_open(self, call: Call) -> bool:
        """True if the tier of what it is about is open."""
        return call.matter.tier in self._opened

    def call(self, one: Call) -> None:
        """Count a call for its recipient."""
        seat = self._seats.setdefault(one.recipient, Seat(address=one.address))
        if self.is_open(one):
            seat.rank = max(seat.rank, one.matter.tier.rank)
            seat.number += 1
            seat.waiting = seat.waiting or one.waiting

    def summon(self, readers: Iterable[tuple[str, str, bool]]) -> None:
        """Seat the readers of the week's summary: recipient, address, and whether the address has yet to be confirmed."""
        for recipient, address, waiting in readers:
            seat = self._seats.setdefault(recipient, Seat(address=address))
            seat.weekly, seat.open_weekly = True, bool(self._opened)
            seat.waiting = seat.waiting or (waiting and seat.open_weekly)

    def without_calls(self, part_of: Callable[[str], int], part: int) -> Iterator[str]:
        """The readers of the week's summary in a part, called or not."""
        return (one for one, seat in self._seats.items() if seat.weekly and part_of(one) == part)

    def decide(
        self, reach: Mapping[str, Reach], *, named: Callable[[str], bool], mailed: set[str], lost: bool, on: date
    ) -> None:
        """Say of every seat why it is held, None where it is written to; `named` tells whether an address is known.

        Whoever waits to be asked comes after those who can be written to, the seldom asked first, so that nobody who
        never answers keeps a place from others.
        """
        free = list[tuple[str, Seat]]()
        for recipient, seat in self._seats.items():
            if seat.rank < 0 and not seat.open_weekly:
                seat.held = Undelivered.CLOSED
            elif lost:
                seat.held = Undelivered.UNREMEMBERED
            elif recipient in mailed or _mailed_on(reach.get(recipient), on):
                seat.held = Undelivered.ALREADY
            elif not named(seat.address):
                seat.held = Undelivered.UNREACHABLE
            else:
                free.append((recipient, seat))
        free.sort(key=lambda one: _urgency(one[0], one[1], reach.get(one[0])))
        for place, (_, seat) in enumerate(free):
            waiting = Undelivered.WAITING if seat.waiting else None
            seat.held = waiting if place < self._cap else Undelivered.CAPPED


def _mailed_on(row: Reach | None, on: date) -> bool:
    return row is not None and row.mailed_on is not None and row.mailed_on >= on


def _urgency(recipient: str, seat: Seat, row: Reach | None) -> tuple[bool, int, int, int, str]:
    asked = len(row.asked_on) if row and seat.waiting else 0
    return seat.waiting, asked, -seat.rank, -seat.number, recipient
