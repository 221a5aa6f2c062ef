"""Turns what one outcome showed into what the ledger must write: changes only, so that a quiet day writes no identity.

The ledger keeps the last that was *known* of an identity. What could not be read is no change of it: its row stays as
it was until something known differs. Rows name the run that wrote them, so a replay of the outcomes makes the same rows.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

import msgspec

from prooftrail.inventory.changes import Change, ChangeKind, changes, disabled, read_whole, usage_bucket
from prooftrail.inventory.configuration import configuration, flat, hidden
from prooftrail.inventory.replicas import folded_arns
from prooftrail.inventory.telling import short
from prooftrail.model.canonical import utc
from prooftrail.model.iam import SamlProvider, Secret, ServerCertificate, ServiceSpecificCredential
from prooftrail.model.identity import Identity
from prooftrail.model.reading import CellStatus, Collector
from prooftrail.model.run import Outcome
from prooftrail.model.snapshot import Snapshot
from prooftrail.ports import CellRow, HistoryRow, IdentityRow, LedgerChange, OutcomeRow

REAPPEARED = "reappeared"
"""A row that was gone is listed again, under the same id: AWS took back what it had deleted, or showed it late."""

FOLDED = "folded"
"""A replica that stood alone, because its primary was not read, is part of its primary again."""

_HASH_SHOWN = 12  # hexadecimal digits

type _Fields = tuple[tuple[str, str, str], ...]


def ledger_change(
    outcome: Outcome,
    outcome_sha256: str,
    before: Snapshot | None,
    after: Snapshot | None,
    known: Mapping[str, IdentityRow],
    *,
    cells: Iterable[CellRow] = (),
) -> LedgerChange:
    """Everything the ledger must write of one outcome.

    `after` is what the outcome sealed, None for an account that could not be read: then only its cells are told.
    `before` is the snapshot it was compared with. `known` are the ledger's rows of the account, `cells` its cells: they
    keep the last complete run of a cell that was not read whole since.
    """
    telling = _Telling(outcome, before, after, known) if after is not None else None
    return LedgerChange(
        outcome=OutcomeRow(
            run_id=outcome.run_id, account=outcome.account, status=str(outcome.status), outcome_sha256=outcome_sha256
        ),
        rows=tuple(telling.rows) if telling else (),
        history=tuple(telling.history) if telling else (),
        cells=tuple(_cells(outcome, before, cells)),
    )


class _Telling:
    """The rows and the history of one account in one run, by id."""

    def __init__(
        self, outcome: Outcome, before: Snapshot | None, after: Snapshot, known: Mapping[str, IdentityRow]
    ) -> None:
        self._run, self._known, self._after = outcome.run_id, known, after
        self._before = {one.id: one for one in before.identities} if before else {}
        self._changes = {one.id: one for one in changes(before, after)}
        self.rows: list[IdentityRow] = []
        self.history: list[HistoryRow] = []
        listed = {one.id for one in after.identities}
        for one in after.identities:
            self._present(one)
        folded = folded_arns(after.identities)
        for key in sorted(known.keys() - listed):
            self._absent(known[key], folded)
        for change in self._changes.values():
            if change.what is ChangeKind.OUT_OF_REACH:
                self._tell(change.id, change.what)
        self.history.sort(key=lambda one: one.id)

    def _present(self, one: Identity) -> None:
        row, change = self._known.get(one.id), self._changes.get(one.id)
        if row is None:
            self._write(one, None)
            came = change is not None and change.what is ChangeKind.APPEARED
            self._tell(one.id, ChangeKind.APPEARED if came else ChangeKind.DISCOVERED)
        elif row.changed_run > self._run:
            self._old_news(change)
        elif row.gone_run is not None:
            self._write(one, row)
            self._tell(one.id, REAPPEARED)
        else:
            self._still(one, row, change)

    def _still(self, one: Identity, row: IdentityRow, change: Change | None) -> None:
        """An identity the ledger knows as present: written only where something known differs."""
        if change is not None and change.what is ChangeKind.CHANGED:
            self._write(one, row)
            self._tell(one.id, ChangeKind.CHANGED, change.fields)
        elif self._differs(one, row):
            self._write(one, row)
            if fields := self._since(one, row):
                self._tell(one.id, ChangeKind.CHANGED, fields)
        elif self._bucket(one) not in (row.usage, "unknown"):
            self._write(one, row)

    def _differs(self, one: Identity, row: IdentityRow) -> bool:
        """Whether the row's hash is comparable and another: a hash over unknown fields says nothing about a row."""
        comparable = not one.unknown or one.id not in self._before
        return comparable and configuration(one) != row.configuration

    def _since(self, one: Identity, row: IdentityRow) -> _Fields:
        """What is known now and was not in between; empty where only the way of hashing can have changed."""
        before = self._before.get(one.id)
        if before is None:
            old, new = row.configuration[:_HASH_SHOWN], configuration(one)[:_HASH_SHOWN]
            return () if one.unknown else (("configuration", old, new),)
        return tuple(
            (path, "unknown", short(value))
            for path, value in sorted(flat(one).items())
            if hidden(path, before.unknown) and not hidden(path, one.unknown)
        )

    def _absent(self, row: IdentityRow, folded: frozenset[str]) -> None:
        """A row whose identity is listed no more: gone where its place was read whole, or where it is folded away."""
        if row.changed_run > self._run:
            self._old_news(self._changes.get(row.id))
        elif row.gone_run is None and row.arn in folded:
            self._gone(row, FOLDED)
        elif row.gone_run is None and self._read_whole(row):
            self._gone(row, ChangeKind.DISAPPEARED)

    def _read_whole(self, row: IdentityRow) -> bool:
        return not disabled(self._after, row.region) and read_whole(self._after, Collector(row.collector), row.region)

    def _old_news(self, change: Change | None) -> None:
        """A later run wrote the row already: it stays, and what happened before it is told all the same."""
        if change is not None and change.what is not ChangeKind.OUT_OF_REACH:
            self._tell(change.id, change.what, change.fields)

    def _tell(self, key: str, what: str, fields: _Fields = ()) -> None:
        self.history.append(HistoryRow(id=key, run_id=self._run, what=str(what), fields=fields))

    def _gone(self, row: IdentityRow, what: str) -> None:
        self.rows.append(msgspec.structs.replace(row, gone_run=self._run, changed_run=self._run, due_on=None))
        self._tell(row.id, what)

    def _write(self, one: Identity, row: IdentityRow | None) -> None:
        self.rows.append(self._row(one, row))

    def _row(self, one: Identity, row: IdentityRow | None) -> IdentityRow:
        """The identity as a row; what is unknown today stays as the row has it."""
        bucket = self._bucket(one)
        made = IdentityRow(
            id=one.id,
            account=one.account,
            region=one.region,
            collector=str(one.collector),
            arn=one.arn,
            name=one.name,
            kind=str(one.kind),
            cls=str(one.classification.cls),
            family=one.family,
            owner=one.owner.value,
            owner_rung=str(one.owner.rung),
            purpose=one.purpose.value,
            parent=one.parent,
            created_at=one.created_at,
            configuration=configuration(one),
            usage=row.usage if row is not None and bucket == "unknown" else bucket,
            due_on=_due_on(one),
            first_seen_run=self._run if row is None else row.first_seen_run,
            changed_run=self._run,
        )
        return made if row is None else msgspec.structs.replace(made, **dict(_kept(one, row)))

    def _bucket(self, one: Identity) -> str:
        return usage_bucket(one.usage, self._after.header.taken_at)


_COLUMNS = {
    "kind": ("kind",),
    "class": ("cls",),
    "family": ("family",),
    "owner": ("owner", "owner_rung"),
    "purpose": ("purpose",),
    "created_at": ("created_at",),
}
"""The columns of a row that show a field which can be unknown."""


def _kept(one: Identity, row: IdentityRow) -> Iterator[tuple[str, str | datetime | None]]:
    for path, columns in _COLUMNS.items():
        if hidden(path, one.unknown):
            yield from ((column, getattr(row, column)) for column in columns)


def _due_on(one: Identity) -> str | None:
    """The day (UTC) on which an identity ends by itself: expiry, or the deletion it is planned for."""
    facts = one.facts
    if isinstance(facts, ServerCertificate | ServiceSpecificCredential):
        at = facts.expires_at
    elif isinstance(facts, SamlProvider):
        at = facts.valid_until
    else:
        at = facts.deleted_at if isinstance(facts, Secret) else None
    return utc(at).date().isoformat() if at else None


def _cells(outcome: Outcome, before: Snapshot | None, cells: Iterable[CellRow]) -> Iterator[CellRow]:
    """The cells of the outcome; one that was not read whole keeps the last run that did, as far as it is known here."""
    kept = {(one.region, one.collector): one.last_ok_run for one in cells}
    for one in before.cells if before else ():
        if one.status is CellStatus.OK and before is not None:
            kept[one.region, one.collector] = max(kept.get((one.region, one.collector)) or "", before.header.run_id)
    for one in sorted(outcome.cells, key=lambda cell: (cell.region, cell.collector)):
        whole = one.status is CellStatus.OK
        yield CellRow(
            account=one.account,
            region=one.region,
            collector=str(one.collector),
            status=str(one.status),
            last_run=outcome.run_id,
            last_ok_run=outcome.run_id if whole else kept.get((one.region, one.collector)),
        )
