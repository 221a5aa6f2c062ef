"""A day's notices from any source, in little memory: matters by owner, calls by recipient, a part of them at a time.

A million findings never are objects at once. First every account's matters are spooled by owner; then each part of the
owners climbs the ladder, and its calls are spooled by recipient; then, once it is known who may be written to, each part
of the recipients gets its texts.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time
from itertools import batched
from typing import Protocol

import msgspec

from prooftrail.evidence import layout
from prooftrail.model import canonical
from prooftrail.model.judgement import Finding, Tier
from prooftrail.model.notice import Asked, Hop, Matter, Notice, NoticeItem, Reach, Sent, Told, Undelivered
from prooftrail.model.snapshot import AlternateContact
from prooftrail.notices import cadence, digest, ladder, matter, memory, summary
from prooftrail.notices.chain import Chains
from prooftrail.notices.day import Call, Day

from . import notice_weekly
from .notice_index import MatterIndex
from .notice_memory import Recalled
from .notice_seats import Seat, Seats, prune
from .notice_sources import AccountFindings, NoticeSource
from .notice_spool import Parted
from .notice_weekly import Before, Weekly

PARTS = 64
_MOST_AT_ONCE = 20_000  # matters of one owner that climb the ladder together
_LATE = "overdue"  # how the steps begin that are told after the due date
_PSEUDONYM = re.compile(r"person-[0-9a-f]{20}")


class _Heard(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Who was told of a matter by a notice that was sent."""

    matter: str
    asked: Asked


class Sink(Protocol):
    """Takes a day's notices as they are made."""

    def told(self, row: Told) -> None:
        """One matter as it is remembered."""
        ...

    def recipient(self, recipient: str, reach: Reach | None, drafts: list[digest.Draft]) -> None:
        """One recipient's notices of the day (none where it is only known), and how it could be reached before."""
        ...


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """What a day's plan adds up to, what it follows, and what is not known."""

    previous: str | None
    counts: tuple[tuple[str, int], ...]
    gaps: tuple[str, ...]


class Planning:
    """One day's planning; called once. `opened` are the tiers whose notices are sent, `confirms` as in `Day`."""

    def __init__(
        self, source: NoticeSource, sink: Sink, *, on: date, confirms: bool | None, opened: tuple[str, ...]
    ) -> None:
        self._source, self._sink, self._on, self._confirms = source, sink, on, confirms
        self._governance = source.context.governance
        self._matters, self._calls = Parted(Matter, PARTS), Parted(Call, PARTS)
        self._remembered, self._heard = Parted(Told, PARTS), Parted(_Heard, PARTS)
        self._index = MatterIndex()
        self._labels = {one.id: one.name for one in source.context.accounts}
        self._contacts: dict[str, tuple[AlternateContact, ...] | None] = {}
        self._people: dict[tuple[str, str], frozenset[str]] = {}
        self._known: dict[str, str] = {}
        self._unread: list[str] = []
        self._open_matters: dict[str, Counter[Tier]] = defaultdict(Counter)
        self._unreachable: set[str] = set()
        self._late = False
        self._summarized: dict[str, date] = {}
        self._owed: set[str] = set()
        self._tallies = summary.Tallies(on)
        self._seats = Seats(opened, cap=self._governance.notices.cap_per_day)
        self._counts, self._gaps = Counter[str](), list[str]()

    def __call__(self) -> Totals:
        """Plan the day into the sink. Raises EvidenceError where the run itself cannot be read."""
        for account in self._source.accounts():
            self._take(account)
        self._take_exceptions()
        before = self._source.memory(self._on)
        self._late = before.previous is not None and before.previous > self._source.run.id
        self._route(before.told(), before.notices(), before.sent)
        reach = self._stood(before)
        self._known = self._source.people(self._wanted(reach))
        day = self._day(reach)
        chains = Chains(self._governance, self._source.context.accounts, names=self.names)
        for part in range(PARTS):
            self._climb(part, day, chains)
        self._counts["unreachable_owners"] = len(self._unreachable)
        weekly = Weekly(
            day, chains, self._governance, self._tallies, self._unread, self._before(before), self._unreachable
        )
        self._seats.summon(weekly.readers())
        self._seats.decide(
            reach,
            named=self._is_named,
            mailed=before.mailed,
            unsettled=before.unsettled,
            lost=bool(before.lost),
            late=self._late,
            on=self._on,
        )
        self._write(day, weekly, reach)
        self._gaps += before.gaps
        if before.lost:
            self._gaps.append(f"{'; '.join(before.lost)}: {Undelivered.UNREMEMBERED}")
        return Totals(
            previous=before.previous,
            counts=tuple(sorted(self._counts.items())),
            gaps=tuple(self._gaps),
        )

    # what is to be told ------------------------------------------------------------------------------------------

    def _take(self, found: AccountFindings) -> None:
        """Spool the matters of an account; one that cannot be read is stated."""
        if found.wrong:
            self._unread.append(found.account)
            where = "the organization" if found.account == layout.ORGANIZATION else f"account {found.account}"
            self._gaps.append(f"{where}: not told of: {found.wrong}")
            return
        self._contacts[found.account] = found.contacts
        self._people[found.account, found.read_in] = found.people
        for contact in found.contacts or ():  # who a carried one is, only the run that read it can tell
            there = (found.account, contact.read_in)
            self._people[there] = self._people.get(there, frozenset()) | {contact.email, contact.name or contact.email}
        if found.read_in != self._source.run.id:
            self._unread.append(found.account)
        for one in found.records:
            of = matter.of_finding if isinstance(one, Finding) else matter.of_upcoming
            made = of(one, found.account, found.read_in)  # type: ignore[arg-type]
            if made is not None:
                self._add(made)

    def _take_exceptions(self) -> None:
        for one in matter.of_exceptions(self._governance, self._on, self._source.run.id):
            self._add(one)

    def _add(self, one: Matter) -> None:
        part = self._matters.part_of(_group(one))
        self._matters.add(part, one)
        self._index.add(one.id, part)
        self._tallies.add(one)
        self._counts["matters"] += 1

    def _wanted(self, reach: Mapping[str, Reach]) -> dict[tuple[str, str], frozenset[str]]:
        """The pseudonyms that may have to be named or written to, by where they stand."""
        everybody = canonical.encode([self._governance, *reach.values(), self._source.context.accounts]).decode()
        shared = frozenset(_PSEUDONYM.findall(everybody))
        return self._people | {(layout.ORGANIZATION, self._source.run.id): shared}

    # what was told before ----------------------------------------------------------------------------------------

    def _route(self, told: Iterator[Told], notices: Iterator[Notice], sent: Mapping[str, Sent]) -> None:
        """Spool what is remembered, and what was heard since, to where today's matters lie.

        What no matter of today is about any more is forgotten; only where some account cannot be read it is kept, for
        nobody knows.
        """
        for row in told:
            part = self._place(row.matter)
            if part is not None:
                self._remembered.add(part, row)
        for notice in notices:
            end = sent.get(notice.id)
            was_sent = end is not None and end.told
            if was_sent and notice.weekly:
                self._summarized[notice.recipient] = notice.on
            elif notice_weekly.is_owed(notice, sent=was_sent):
                self._owed.add(notice.recipient)
            for one, asked in memory.heard(notice) if was_sent else ():
                part = self._place(one)
                if part is not None:
                    self._heard.add(part, _Heard(matter=one, asked=asked))

    def _place(self, one: str) -> int | None:
        part = self._index.part_of(one)
        # What a newer run found, or an account nobody could read holds, is not forgotten because it is not here.
        return self._matters.part_of(one) if part is None and (self._unread or self._late) else part

    def _stood(self, before: Recalled) -> dict[str, Reach]:
        """How everybody stood before today."""
        # By the day it was planned for, as sealed: what goes out after midnight is still that day's mail.
        reach = memory.reached(before.reach, (), tuple(before.states))
        for one, row in reach.items():
            known = before.reach.get(one)  # who is asked at another address begins anew, but not with the week
            weekly_on = known.weekly_on if known else None
            reach[one] = notice_weekly.with_weekly(row, weekly_on, self._summarized.get(one))
        return reach

    def _before(self, before: Recalled) -> Before:
        planned_on = canonical.tick_of(before.previous).date() if before.previous else None
        return Before(planned_on=planned_on, owed=self._owed, lost=bool(before.lost))

    # who hears of it ---------------------------------------------------------------------------------------------

    def _day(self, reach: Mapping[str, Reach]) -> Day:
        confirms = self._confirms
        if confirms is None:
            confirms = any(one.asked_on for one in reach.values())
        return Day(
            on=self._on,
            run_id=self._source.run.id,
            confirms=confirms,
            reach=reach,
            contacts=self._contacts,
            answers=self._source.answers(),
        )

    def names(self, text: str) -> str:
        """The text with the people named who are known; nobody is before the day was planned."""
        if "person-" not in text:
            return text
        return _PSEUDONYM.sub(lambda match: self._known.get(match[0], match[0]), text)

    def _is_named(self, address: str) -> bool:
        return not _PSEUDONYM.fullmatch(self.names(address))

    def _at(self) -> datetime:
        """The moment exceptions are looked at: the run's own, or the end of another day that is only looked at."""
        at = canonical.utc(self._source.run.taken_at)
        return at if at.date() == self._on else datetime.combine(self._on, time.max, UTC)

    def _climb(self, part: int, day: Day, chains: Chains) -> None:
        """The ladder for the owners of one part: who is called is spooled by recipient, what is remembered is written."""
        groups: dict[str, list[Matter]] = defaultdict(list)
        for one in self._matters.read(part):
            groups[_group(one)].append(one)
        told = {row.matter: row for row in self._remembered.read(part)}
        told = memory.with_heard(told, ((one.matter, one.asked) for one in self._heard.read(part)))
        for group in sorted(groups):
            for some in batched(groups.pop(group), _MOST_AT_ONCE, strict=False):
                self._plan_group(day, some, told, chains)
                for one in some:
                    told.pop(one.id, None)
        for row in told.values():
            self._sink.told(row)  # of accounts that could not be read

    def _plan_group(self, day: Day, matters: tuple[Matter, ...], told: Mapping[str, Told], chains: Chains) -> None:
        planned = ladder.plan_matters(day, matters, told, chains)
        for row in planned.told:
            self._sink.told(row)
        for one in planned.calls:
            self._seats.call(one)
            self._calls.add(self._calls.part_of(one.recipient), one)
        for recipient, counted in planned.open_matters.items():
            self._open_matters[recipient].update(counted)
        self._unreachable |= planned.unreachable
        self._counts["unreachable"] += len(planned.undeliverable)

    # what is written to them -------------------------------------------------------------------------------------

    def _write(self, day: Day, weekly: Weekly, reach: Mapping[str, Reach]) -> None:
        """The texts, recipient by recipient; whoever is only known comes last."""
        for part in range(PARTS):
            called: dict[str, list[Call]] = defaultdict(list)
            for one in self._calls.read(part):
                called[one.recipient].append(one)
                self._counts["put_off"] += prune(called[one.recipient])
            for reader in self._seats.without_calls(self._calls.part_of, part):
                called.setdefault(reader, [])
            for recipient in sorted(called):
                drafts = list(self._drafts(day, recipient, called.pop(recipient), weekly))
                for draft in drafts:
                    self._count(draft.notice)
                self._sink.recipient(recipient, self._seats.row(recipient, reach.get(recipient), self._on), drafts)
        for recipient in sorted(reach.keys() - self._seats.known()):
            row = self._seats.row(recipient, reach[recipient], self._on)
            if row is not None:
                self._sink.recipient(recipient, row, [])

    def _drafts(self, day: Day, recipient: str, calls: list[Call], weekly: Weekly) -> Iterator[digest.Draft]:
        """The notice to be sent, and beside it the one of what is not open yet."""
        seat = self._seats[recipient]
        now, later = list[Call](), list[Call]()
        for one in calls:
            (now if self._seats.is_open(one) else later).append(one)
        told = weekly.of(recipient)
        if now or (told and seat.open_weekly):
            yield self._draft(day, recipient, seat, now, seat.held, told)
            told = None
        if later or told:
            yield self._draft(day, recipient, seat, later, Undelivered.CLOSED, told)

    def _draft(
        self,
        day: Day,
        recipient: str,
        seat: Seat,
        calls: list[Call],
        held: Undelivered | None,
        told: summary.Summary | None,
    ) -> digest.Draft:
        return digest.compose(
            day,
            recipient,
            seat.address,
            calls,
            style=self._governance.notices.style,
            names=self.names,
            accounts=self._labels,
            open_matters=self._open_matters.get(recipient, {}),
            held=held,
            locker=self._source.locker_address,
            summary=told,
            owner_tag=next(iter(self._governance.scope.tags.owner), "owner"),
        )

    def _count(self, notice: Notice) -> None:
        self._counts["planned"] += 1
        self._counts["sent" if notice.held is None else f"held:{notice.held.name.lower()}"] += 1
        tiers = {one.tier for one in notice.items}
        if tiers:
            self._counts[f"tier:{max(tiers, key=lambda tier: tier.rank)}"] += 1
        for hop in {one.hop for one in notice.items}:
            self._counts[f"hop:{hop}"] += 1
        for one in notice.items if notice.held is None else ():
            self._counts[f"step:{_rung(one)}"] += 1


def _group(one: Matter) -> str:
    """Who its ladder is climbed with: all of one owner's; what nobody owns, account by account."""
    return one.owner or f"account {one.account}"


def _rung(one: NoticeItem) -> str:
    """How far up the ladder it is: told for the first time, again, or passed on because nobody nearer acted in time."""
    if one.step in (cadence.FIRST, cadence.HANDED_OVER):
        return "first"
    return "escalated" if one.hop is not Hop.OWNER and one.step.startswith(_LATE) else "reminder"
