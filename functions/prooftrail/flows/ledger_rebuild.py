"""Makes the ledger again from the locker, and proves a ledger equal to what the locker would make of it."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

import msgspec

from prooftrail.errors import ChainBroken, EvidenceError, EvidenceUnreadable
from prooftrail.evidence.chain import Chain, Link
from prooftrail.evidence.manifest import Manifest
from prooftrail.model import canonical
from prooftrail.model.run import EvidenceKind, Outcome, SealedObject
from prooftrail.model.snapshot import Snapshot
from prooftrail.ports import CellRow, HistoryRow, IdentityRow, Ledger, LedgerChange, Locker, OutcomeRow, RunRow

from . import head as chain_head
from . import sealing
from .head import require_chain
from .ledger_rows import ledger_change
from .tell_ledger import previous_snapshot, run_row

type _Row = IdentityRow | HistoryRow | CellRow | OutcomeRow | RunRow


class What(StrEnum):
    """How a ledger can differ from its locker."""

    MISSING = "missing row"
    EXTRA = "extra row"
    FIELD = "differing field"


class Difference(msgspec.Struct, frozen=True, order=True, kw_only=True):
    """One difference: in which rows, which row, and for a field what the ledger and the locker say."""

    what: What
    rows: str
    key: str
    field: str | None = None
    ledger: str | None = None
    locker: str | None = None


class Rebuilt(msgspec.Struct, frozen=True, kw_only=True):
    """What a rebuild replayed and what it made; `left_out` names outcomes whose evidence is gone, with the reason."""

    runs: int
    outcomes: int
    identities: int
    gone: int
    history: int
    left_out: tuple[str, ...]


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """A ledger held against its locker."""

    runs: int
    rows: int
    differences: tuple[Difference, ...]
    left_out: tuple[str, ...]

    @property
    def equal(self) -> bool:
        """True if nothing differs."""
        return not self.differences


def rebuild(locker: Locker, ledger: Ledger) -> Rebuilt:
    """Forget the ledger and make it again from every manifest, in the order of the chain.

    The locker is read to its end before anything is forgotten. Raises ChainBroken for a chain that does not hold:
    a view of it would pass on what nobody signed.
    """
    replay = _Replay(locker)
    steps = list(replay.steps())
    ledger.clear()
    for step in steps:
        if isinstance(step, LedgerChange):
            ledger.apply(step)
        else:
            ledger.record_run(step)
    made = replay.made
    return Rebuilt(
        runs=len(made.runs),
        outcomes=len(made.outcomes),
        identities=sum(one.gone_run is None for one in made.all_identities()),
        gone=sum(one.gone_run is not None for one in made.all_identities()),
        history=len(made.history),
        left_out=tuple(replay.left_out),
    )


def check(locker: Locker, ledger: Ledger) -> Checked:
    """Name every row and field in which the ledger is not what its locker makes. Raises ChainBroken as `rebuild` does."""
    replay = _Replay(locker)
    for _ in replay.steps():
        pass
    left_out = tuple(replay.left_out)
    made = replay.made.tables()
    held = _held(ledger, replay.made).tables()
    return Checked(
        runs=len(made["run"]),
        rows=sum(map(len, made.values())),
        differences=tuple(sorted(each for rows in made for each in _differences(rows, made[rows], held[rows]))),
        left_out=left_out,
    )


class _Rows(msgspec.Struct, kw_only=True):
    """The rows of a ledger by key, in memory, under the rules of `ports.Ledger.apply`."""

    identities: dict[str, dict[str, IdentityRow]] = {}
    history: dict[str, HistoryRow] = {}
    cells: dict[str, dict[str, CellRow]] = {}
    outcomes: dict[str, OutcomeRow] = {}
    runs: dict[str, RunRow] = {}

    def apply(self, change: LedgerChange) -> None:
        for row in change.rows:
            account = self.identities.setdefault(row.account, {})
            if row.id not in account or account[row.id].changed_run <= row.changed_run:
                account[row.id] = row
        for one in change.history:
            self.history.setdefault(_key(one), one)
        for cell in change.cells:
            cells = self.cells.setdefault(cell.account, {})
            if _key(cell) not in cells or cells[_key(cell)].last_run <= cell.last_run:
                cells[_key(cell)] = cell
        self.outcomes[_key(change.outcome)] = change.outcome

    def all_identities(self) -> list[IdentityRow]:
        return [row for account in self.identities.values() for row in account.values()]

    def tables(self) -> dict[str, dict[str, _Row]]:
        return {
            "identity": {row.id: row for row in self.all_identities()},
            "history": {**self.history},
            "cell": {key: row for account in self.cells.values() for key, row in account.items()},
            "outcome": {**self.outcomes},
            "run": {**self.runs},
        }


class _Replay:
    """Every manifest's outcomes again, each told to rows in memory as it once was to the ledger."""

    def __init__(self, locker: Locker) -> None:
        self._locker = locker
        self.made = _Rows()
        self.left_out: list[str] = []

    def steps(self) -> Iterator[LedgerChange | RunRow]:
        """The chain's changes in order, each already in `made` when it comes."""
        for link in _sound_chain(self._locker).links:
            if isinstance(link.content, Manifest):
                yield from self._run(link, link.content)

    def _run(self, link: Link, one: Manifest) -> Iterator[LedgerChange | RunRow]:
        for sealed in one.objects:
            if sealed.kind is EvidenceKind.OUTCOME:
                try:
                    change = self._change(sealed.key, self._open(sealed, one.seq))
                except EvidenceError as error:
                    self.left_out.append(str(error))
                    continue
                self.made.apply(change)
                yield change
        row = run_row(link.sha256, one)
        self.made.runs[row.run_id] = row
        yield row

    def _change(self, key: str, body: bytes) -> LedgerChange:
        outcome = sealing.read_outcome(key, body)
        after = self._snapshot(outcome)
        before = previous_snapshot(self._locker, outcome.previous)[0] if after else None
        rows = dict(self.made.identities.get(outcome.account, {})) if after else {}
        cells = self.made.cells.get(outcome.account, {}).values()
        return ledger_change(outcome, canonical.sha256(body), before, after, rows, cells=cells)

    def _snapshot(self, outcome: Outcome) -> Snapshot | None:
        found = next((one for one in outcome.objects if one.kind is EvidenceKind.SNAPSHOT), None)
        return sealing.read_snapshot(found.key, self._open(found, None)) if found else None

    def _open(self, sealed: SealedObject, seq: int | None) -> bytes:
        body = self._locker.get(sealed.key, version_id=sealed.version_id)
        if canonical.sha256(body) != sealed.stored_sha256:
            by = "its outcome" if seq is None else f"manifest {seq}"
            raise EvidenceUnreadable(f"{sealed.key} is not the object that {by} sealed: run `prooftrail verify`.")
        return body


def _sound_chain(locker: Locker) -> Chain:
    require_chain(locker)
    chain = chain_head.read_chain(locker, public_key=None)
    broken = [one for one in chain.problems if one.breaks]
    if broken:
        raise ChainBroken(
            f"the chain of {locker.describe()} does not verify ({broken[0].where}: {broken[0].detail}), so no ledger can be"
            " held against it: run `prooftrail verify`."
        )
    return chain


def _held(ledger: Ledger, made: _Rows) -> _Rows:
    """Everything the ledger holds, looked for under what it lists and under what the locker says it should list."""
    accounts = sorted({*ledger.accounts(), *(one.account for one in made.outcomes.values())})
    runs = {one.run_id: one for one in ledger.runs()}
    identities = {account: {row.id: row for row in ledger.by_account(account)} for account in accounts}
    ids = sorted({row.id for row in made.all_identities()} | {one for rows in identities.values() for one in rows})
    return _Rows(
        identities=identities,
        history={_key(row): row for one in ids for row in ledger.history(one)},
        cells={account: {_key(row): row for row in ledger.cells(account)} for account in accounts},
        outcomes={_key(row): row for run in sorted({*runs, *made.runs}) for row in ledger.outcomes(run)},
        runs=runs,
    )


def _differences(rows: str, made: Mapping[str, _Row], held: Mapping[str, _Row]) -> Iterator[Difference]:
    for key in sorted(made.keys() | held.keys()):
        ours, theirs = made.get(key), held.get(key)
        if ours == theirs:
            continue
        if theirs is None:
            yield Difference(what=What.MISSING, rows=rows, key=key)
        elif ours is None:
            yield Difference(what=What.EXTRA, rows=rows, key=key)
        else:
            yield from _fields(rows, key, ours, theirs)


def _fields(rows: str, key: str, ours: _Row, theirs: _Row) -> Iterator[Difference]:
    made: dict[str, Any] = msgspec.to_builtins(ours)
    held: dict[str, Any] = msgspec.to_builtins(theirs)
    for field, value in made.items():
        if held.get(field) != value:
            yield Difference(
                what=What.FIELD, rows=rows, key=key, field=field, ledger=_said(held.get(field)), locker=_said(value)
            )


def _said(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else canonical.encode(value).decode()


def _key(row: _Row) -> str:
    match row:
        case IdentityRow():
            return row.id
        case HistoryRow():
            return f"{row.id} {row.run_id}"
        case CellRow():
            return f"{row.account} {row.region} {row.collector}"
        case OutcomeRow():
            return f"{row.run_id} {row.account}"
        case RunRow():
            return row.run_id
