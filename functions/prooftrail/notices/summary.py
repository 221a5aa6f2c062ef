"""The week in numbers, for the contact of some accounts and for the security team: what is open, late, unowned, unread."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

import msgspec

from prooftrail.evidence import layout
from prooftrail.model import canonical
from prooftrail.model.judgement import Event, Tier
from prooftrail.model.notice import Matter

from . import wording
from .day import Names
from .wording import counted, shown, wrapped

_TIERS = tuple(sorted(Tier, key=lambda one: -one.rank))
_MOST_ACCOUNTS = 20
_MOST_NAMES = 20
_EMPTY = (0,) * 12


class Counts(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Open matters by tier, highest first: all that fail, those past their due date; what fails soon; and those nobody owns."""

    open: tuple[int, ...] = (0, 0, 0, 0)
    late: tuple[int, ...] = (0, 0, 0, 0)
    soon: int = 0
    unowned: int = 0

    def plus(self, other: "Counts") -> "Counts":
        """The sum of both."""
        return Counts(
            open=tuple(map(sum, zip(self.open, other.open, strict=True))),
            late=tuple(map(sum, zip(self.late, other.late, strict=True))),
            soon=self.soon + other.soon,
            unowned=self.unowned + other.unowned,
        )

    @property
    def weight(self) -> tuple[int, ...]:
        """Sorts the worst first when negated by `sorted(..., reverse=True)`: late by tier, then open by tier."""
        return (*self.late, *self.open, self.unowned)


class Tallies:
    """Counts matters as they come, by account; some hundred bytes an account, whatever the number of matters.

    `on` is the day that decides what is late: a matter is late from the day after it was due.
    """

    def __init__(self, on: date) -> None:
        self._on = on
        self._rows: dict[str, list[int]] = {}

    def add(self, matter: Matter) -> None:
        """Count one matter in its account."""
        row = self._rows.setdefault(matter.account, list(_EMPTY))
        if not matter.failing:
            row[8] += 1
            return
        at = 3 - matter.tier.rank
        row[at] += 1
        row[4 + at] += canonical.utc(matter.due_at).date() < self._on
        row[9] += matter.event is Event.UNOWNED

    def of(self, account: str) -> Counts:
        """What an account came to; nothing of one nobody counted in."""
        row = self._rows.get(account)
        if row is None:
            return Counts()
        return Counts(open=tuple(row[:4]), late=tuple(row[4:8]), soon=row[8], unowned=row[9])

    def accounts(self) -> Iterable[str]:
        """Every account something was counted in."""
        return self._rows.keys()


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """A week's facts for one reader. `accounts` are the worst, `others` how many more there are.

    `organization` is True for the security team. `unreachable` are owners' pseudonyms, `unread` accounts nobody could
    read; None where that was not worked out for this reader.
    """

    on: date
    organization: bool
    total: Counts
    accounts: tuple[tuple[str, Counts], ...]
    others: int
    unread: tuple[str, ...]
    unreachable: tuple[str, ...] | None = None


def weekly(
    tallies: Tallies,
    *,
    on: date,
    accounts: Sequence[str] | None,
    unread: Iterable[str] = (),
    unreachable: Iterable[str] | None = None,
) -> Summary:
    """The week of a contact's `accounts`, or of the whole organization (None). `unread` is cut to those accounts."""
    mine = sorted(set(tallies.accounts() if accounts is None else accounts))
    rows = [(one, tallies.of(one)) for one in mine]
    total = Counts()
    for _, one in rows:
        total = total.plus(one)
    worst = sorted((row for row in rows if any(row[1].weight)), key=lambda row: row[0])
    worst.sort(key=lambda row: row[1].weight, reverse=True)
    known = None if accounts is None else set(mine)
    return Summary(
        on=on,
        organization=accounts is None,
        total=total,
        accounts=tuple(worst[:_MOST_ACCOUNTS]),
        others=max(0, len(worst) - _MOST_ACCOUNTS),
        unread=tuple(sorted({one for one in unread if known is None or one in known})),
        unreachable=None if unreachable is None else tuple(sorted(set(unreachable))),
    )


def subject(summary: Summary) -> str:
    """`[Prooftrail] week to 2026-11-23: 41 open, 6 late, 3 unowned`."""
    total = summary.total
    parts = [f"{sum(total.open):,} open"]
    parts += [f"{sum(total.late):,} late"] if any(total.late) else []
    parts += [f"{total.unowned:,} unowned"] if total.unowned else []
    parts += [f"{len(summary.unread):,} not read"] if summary.unread else []
    return wording.in_ascii(f"[Prooftrail] week to {summary.on}: {', '.join(parts)}")[: wording.LONGEST_SUBJECT]


def counts(summary: Summary) -> str:
    """The week without any name: how much is open, late, unowned and unread."""
    total = summary.total
    parts = [f"{counted(sum(total.open), 'finding')} open", f"{sum(total.late):,} late", f"{total.unowned:,} unowned"]
    return f"The week to {wording.day(summary.on)}: {', '.join(parts)}; {counted(len(summary.unread), 'account')} not read."


def told(summary: Summary, *, names: Names, labels: Mapping[str, str | None], locker: str) -> list[str]:
    """The week as lines of text."""
    return list(_lines(summary, names, labels, locker))


def _lines(summary: Summary, names: Names, labels: Mapping[str, str | None], locker: str) -> Iterator[str]:
    total, whose = summary.total, "the organization" if summary.organization else "your accounts"
    yield f"The week to {wording.day(summary.on)}, for {whose}"
    yield ""
    late = f"{sum(total.late):,} of them late" if any(total.late) else "none of them late"
    verb = "is" if sum(total.open) == 1 else "are"
    yield from wrapped(f"{counted(sum(total.open), 'finding')} {verb} open, {late}. {_first(summary)}", rest="")
    yield ""
    yield "            open    late"
    for at, tier in enumerate(_TIERS):
        yield f"  {tier:<8}{total.open[at]:>6,}  {total.late[at]:>6,}"
    yield ""
    yield from wrapped(f"Will fail soon if nobody acts: {total.soon:,}.")
    yield from wrapped(f"Without an owner: {total.unowned:,}.{_ASK if total.unowned else ''}")
    yield from _unreachable(summary, names)
    yield from _unread(summary, names, labels)
    yield from _by_account(summary, names, labels)
    yield from _commands(summary, locker)


_ASK = " Nobody answers for these until somebody is named."


def _first(summary: Summary) -> str:
    """The first thing to do."""
    total = summary.total
    if summary.unread:
        return "First: see why accounts could not be read; what is below may be too little."
    for at, tier in enumerate(_TIERS):
        if total.late[at]:
            return f"First: the {counted(total.late[at], f'{tier} one that is', f'{tier} ones that are')} late."
    if total.unowned:
        return "First: name owners for what has none."
    return "Nothing is late: owners were told of what is theirs." if any(total.open) else "There is nothing to do."


def _unreachable(summary: Summary, names: Names) -> Iterator[str]:
    if summary.unreachable is None:
        return
    if not summary.unreachable:
        yield "Owners who cannot be reached: none."
        return
    some = [shown(names(one), longest=60) for one in summary.unreachable]
    yield from wrapped(wording.listing(some, most=_MOST_NAMES), f"Owners who cannot be reached: {len(some):,}: ")


def _unread(summary: Summary, names: Names, labels: Mapping[str, str | None]) -> Iterator[str]:
    if not summary.unread:
        yield "Accounts not read: none."
        return
    some = [_label(one, names, labels) for one in summary.unread]
    yield from wrapped(wording.listing(some, most=_MOST_NAMES), f"Accounts not read: {len(some):,}: ")
    yield "  What they hold is not known, and the numbers are of the last reading."


def _label(account: str, names: Names, labels: Mapping[str, str | None]) -> str:
    if account == layout.ORGANIZATION:
        return "the organization as a whole"
    name = labels.get(account)
    return f"{shown(names(name), longest=40)} ({account})" if name else account


def _by_account(summary: Summary, names: Names, labels: Mapping[str, str | None]) -> Iterator[str]:
    if not summary.accounts:
        return
    yield ""
    yield "Account by account, the worst first:"
    for account, one in summary.accounts:
        late = f"{sum(one.late):,} late" if any(one.late) else "none late"
        more = f", {one.unowned:,} unowned" if one.unowned else ""
        soon = f", {one.soon:,} soon" if one.soon else ""
        yield from wrapped(
            f"{_label(account, names, labels)}: {sum(one.open):,} open, {late}{more}{soon}", "  ", "    "
        )
    if summary.others:
        yield f"  and {counted(summary.others, 'more account')}"


def _commands(summary: Summary, locker: str) -> Iterator[str]:
    (place,) = wording.quoted([locker])
    yield ""
    yield "To see them:"
    if summary.organization:
        yield from wording.command(["prooftrail", "findings", place, "--overdue"], "  ")
        yield from wording.command(["prooftrail", "owners", place, "--unowned"], "  ")
        yield from wording.command(["prooftrail", "owners", place, "--unreachable"], "  ")
        return
    worst = next((account for account, _ in summary.accounts if account != layout.ORGANIZATION), None)
    yield from wording.command(
        ["prooftrail", "findings", place, "--open", *(("--account", worst) if worst else ())], "  "
    )
