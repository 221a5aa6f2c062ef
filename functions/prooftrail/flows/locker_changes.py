"""What changed in every account between two runs, reading by reading, and what nobody looked at in between."""

from collections.abc import Iterator
from datetime import datetime

import msgspec

from prooftrail.evidence.assurance import Assurance
from prooftrail.inventory.changes import Change
from prooftrail.model.reading import Cell, CellStatus
from prooftrail.model.snapshot import Snapshot

from .locker_history import LockerHistory, RunSummary
from .remembering import Remembering, whole

_LOOKED_BACK = 10  # readings before the period that may still tell what its first could not


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One account from one reading to the next.

    `since` is the run of the reading before, None for the first reading of the account: then nothing is known to have
    changed, `changes` is empty and `identities` says how many it showed.
    """

    account: str
    account_name: str | None
    since: str | None
    run_id: str
    taken_at: datetime
    identities: int
    changes: tuple[Change, ...]


class Unread(msgspec.Struct, frozen=True, kw_only=True):
    """An account, or a source of it, that a run of the period could not read: changes may be missing there."""

    run_id: str
    account: str
    what: str
    status: str
    reason: str | None


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """All that changed after `first` (None: from the beginning) up to `last`, and where nobody could look."""

    first: RunSummary | None
    last: RunSummary
    steps: tuple[Step, ...]
    unread: tuple[Unread, ...]
    people: dict[str, str]
    assurance: Assurance | None


def period(history: LockerHistory, first: RunSummary | None, last: RunSummary, *, account: str | None = None) -> Period:
    """The changes of every account, or of one, by account and run."""
    steps: list[Step] = []
    unread: list[Unread] = []
    people: dict[str, str] = {}
    for one in sorted(history.accounts(last)):
        if account in (None, one):
            told = _Account(history, first, last, one)
            steps += list(told.steps())
            unread += told.unread
            people |= told.people
    return Period(
        first=first, last=last, steps=tuple(steps), unread=tuple(unread), people=people, assurance=history.assurance
    )


class _Account:
    """One account's readings through the period."""

    def __init__(self, history: LockerHistory, first: RunSummary | None, last: RunSummary, account: str) -> None:
        self._history, self._first, self._last, self._account = history, first, last, account
        self.unread: list[Unread] = []
        self.people: dict[str, str] = {}

    def steps(self) -> Iterator[Step]:
        memory, since = self._before()
        opened = {one.run.run_id: one for one in self._history.opened(self._account, self._last)}
        for run in self._history.runs:
            if run.taken_at > self._last.taken_at or (self._first and run.taken_at <= self._first.taken_at):
                continue
            one = opened.get(run.run_id)
            if one is None or one.snapshot is None:
                self._not_read(run, one.wrong if one else None)
                continue
            self._cells(run, one.snapshot.cells)
            found = memory.take(one.snapshot)
            self.people = self._history.people(run, self._account) | self.people
            if found or since is None:
                yield Step(
                    account=self._account,
                    account_name=one.snapshot.account.account.name,
                    since=since,
                    run_id=run.run_id,
                    taken_at=run.taken_at,
                    identities=len(one.snapshot.identities),
                    changes=found if since else (),
                )
            since = run.run_id

    def _before(self) -> tuple[Remembering, str | None]:
        """What was known of the account when the period began, and from which run."""
        memory, older = Remembering(), list[Snapshot]()
        if self._first is None:
            return memory, None
        for one in self._history.opened(self._account, self._first, newest_first=True):
            if one.snapshot is not None:
                older.append(one.snapshot)
                self.people |= self._history.people(one.run, self._account)
            if len(older) == _LOOKED_BACK or (older and whole(older[-1])):
                break
        for snapshot in reversed(older):
            memory.take(snapshot)
        return memory, older[0].header.run_id if older else None

    def _not_read(self, run: RunSummary, wrong: str | None) -> None:
        covered = self._history.coverage(run.run_id, self._account)
        if not wrong and covered is None:
            if self._seen_before(run):
                self._note(run, "the account", "left out", "it is not among the accounts of this run any more")
        elif wrong or covered:
            status = "disbelieved" if wrong or covered is None else covered.status
            reason = wrong or (covered.reason if covered else None)
            self._note(run, "the account", status, reason)

    def _seen_before(self, run: RunSummary) -> bool:
        """Whether an earlier run knew the account: one that was never there is no gap."""
        earlier = (one for one in self._history.runs if one.taken_at < run.taken_at)
        return any(self._history.coverage(one.run_id, self._account) for one in earlier)

    def _cells(self, run: RunSummary, cells: tuple[Cell, ...]) -> None:
        for one in cells:
            if one.status not in (CellStatus.OK, CellStatus.DISABLED):
                self._note(run, f"{one.collector} in {one.region}", one.status, one.reason)

    def _note(self, run: RunSummary, what: str, status: str, reason: str | None) -> None:
        self.unread.append(Unread(run_id=run.run_id, account=self._account, what=what, status=status, reason=reason))
