"""The items of the ledger's table and how rows become items and rows again; private to the ledger's adapter."""

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
from pynamodb.attributes import ListAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model

from prooftrail.ports import CellRow, HistoryRow, IdentityRow, OutcomeRow, RunRow
from prooftrail.settings import BY_ARN, BY_DUE_DATE, BY_OWNER, DUE_SHARDS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ACCOUNTS = "ACCOUNTS"
RUNS = "RUNS"
PLACE = "AT"
IDENTITY = "ID#"
CELL = "CELL#"
HISTORY = "H#"
_RESENDS = 10


def of_account(account: str) -> str:
    """The partition of an account's identities and cells; also the sort key of its outcome in a run."""
    return f"ACC#{account}"


def of_identity(identity_id: str) -> str:
    """The partition of an identity's place and history."""
    return f"UID#{identity_id}"


def of_run(run_id: str) -> str:
    """The partition of a run's outcomes."""
    return f"RUN#{run_id}"


def of_owner(owner: str) -> str:
    """The owner index's key."""
    return f"OWN#{owner}"


def of_arn(arn: str) -> str:
    """The ARN index's key."""
    return f"ARN#{arn}"


def of_due(shard: int) -> str:
    """The due-date index's key for one of `DUE_SHARDS` shards."""
    return f"DUE#{shard:02d}"


class _OwnerIndex(GlobalSecondaryIndex["IdentityItem"]):  # type: ignore[no-untyped-call]  # pynamodb leaves the hook untyped
    """Identities of an owner that are not gone."""

    class Meta:
        index_name = BY_OWNER.name
        projection = AllProjection()

    owner_key = UnicodeAttribute(hash_key=True)
    owner_sort = UnicodeAttribute(range_key=True)


class _DueDateIndex(GlobalSecondaryIndex["IdentityItem"]):  # type: ignore[no-untyped-call]  # as above
    """Identities with a due date that are not gone."""

    class Meta:
        index_name = BY_DUE_DATE.name
        projection = AllProjection()

    due_key = UnicodeAttribute(hash_key=True)
    due_sort = UnicodeAttribute(range_key=True)


class _ArnIndex(GlobalSecondaryIndex["IdentityItem"]):  # type: ignore[no-untyped-call]  # as above
    """Identities that have an ARN."""

    class Meta:
        index_name = BY_ARN.name
        projection = AllProjection()

    arn_key = UnicodeAttribute(hash_key=True)
    arn_sort = UnicodeAttribute(range_key=True)


class Item(Model):
    """Any item, by its key alone; the others add the fields of their row under the same names."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)


class MarkerItem(Item):
    """An account the ledger knows, or the account an identity lives in."""

    account = UnicodeAttribute()


class IdentityItem(Item):
    """An IdentityRow."""

    id = UnicodeAttribute()
    account = UnicodeAttribute()
    region = UnicodeAttribute()
    collector = UnicodeAttribute()
    arn = UnicodeAttribute()
    name = UnicodeAttribute()
    kind = UnicodeAttribute()
    cls = UnicodeAttribute()
    family = UnicodeAttribute(null=True)
    owner = UnicodeAttribute(null=True)
    owner_rung = UnicodeAttribute()
    purpose = UnicodeAttribute(null=True)
    parent = UnicodeAttribute(null=True)
    created_at = UnicodeAttribute(null=True)
    configuration = UnicodeAttribute()
    usage = UnicodeAttribute()
    due_on = UnicodeAttribute(null=True)
    first_seen_run = UnicodeAttribute()
    changed_run = UnicodeAttribute()
    gone_run = UnicodeAttribute(null=True)

    owner_key = UnicodeAttribute(null=True)
    owner_sort = UnicodeAttribute(null=True)
    due_key = UnicodeAttribute(null=True)
    due_sort = UnicodeAttribute(null=True)
    arn_key = UnicodeAttribute(null=True)
    arn_sort = UnicodeAttribute(null=True)
    by_owner = _OwnerIndex()
    by_due_date = _DueDateIndex()
    by_arn = _ArnIndex()


class HistoryItem(Item):
    """A HistoryRow."""

    id = UnicodeAttribute()
    run_id = UnicodeAttribute()
    what = UnicodeAttribute()
    fields: ListAttribute[Any] = ListAttribute()


class CellItem(Item):
    """A CellRow."""

    account = UnicodeAttribute()
    region = UnicodeAttribute()
    collector = UnicodeAttribute()
    status = UnicodeAttribute()
    last_run = UnicodeAttribute()
    last_ok_run = UnicodeAttribute(null=True)


class RunItem(Item):
    """A RunRow."""

    run_id = UnicodeAttribute()
    seq = NumberAttribute(null=True)
    trigger = UnicodeAttribute()
    status = UnicodeAttribute()
    manifest_sha256 = UnicodeAttribute(null=True)
    accounts = NumberAttribute()
    identities = NumberAttribute()


class OutcomeItem(Item):
    """An OutcomeRow."""

    run_id = UnicodeAttribute()
    account = UnicodeAttribute()
    status = UnicodeAttribute()
    outcome_sha256 = UnicodeAttribute()


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """The items of one table, reached through one client."""

    any: type[Item]
    marker: type[MarkerItem]
    identity: type[IdentityItem]
    history: type[HistoryItem]
    cell: type[CellItem]
    run: type[RunItem]
    outcome: type[OutcomeItem]

    def of_account(self, account: str) -> MarkerItem:
        """The item that says the ledger knows the account."""
        return self.marker(ACCOUNTS, account, account=account)

    def of_place(self, row: IdentityRow) -> MarkerItem:
        """The item that leads from the identity's id to its account."""
        return self.marker(of_identity(row.id), PLACE, account=row.account)

    def of_identity(self, row: IdentityRow) -> IdentityItem:
        """The identity's item, in the sparse indexes only where it belongs."""
        item = self.identity(of_account(row.account), IDENTITY + row.id, **_fields(row))
        if row.owner and not row.gone_run:
            item.owner_key, item.owner_sort = of_owner(row.owner), row.id
        if row.due_on and not row.gone_run:
            item.due_key, item.due_sort = of_due(_shard(row.id)), f"{row.due_on}#{row.id}"
        if row.arn:
            item.arn_key, item.arn_sort = of_arn(row.arn), row.id
        return item

    def of_history(self, row: HistoryRow) -> HistoryItem:
        """The item of one change; the same row always has the same key."""
        return self.history(of_identity(row.id), HISTORY + row.run_id, **_fields(row))

    def of_cell(self, row: CellRow) -> CellItem:
        """The cell's item."""
        return self.cell(of_account(row.account), f"{CELL}{row.region}#{row.collector}", **_fields(row))

    def of_run(self, row: RunRow) -> RunItem:
        """The run's item."""
        return self.run(RUNS, row.run_id, **_fields(row))

    def of_outcome(self, row: OutcomeRow) -> OutcomeItem:
        """The outcome's item."""
        return self.outcome(of_run(row.run_id), of_account(row.account), **_fields(row))


def bind(client: "DynamoDBClient", table: str) -> Items:
    """The items of `table`, spoken to through `client` and no other.

    pynamodb keeps the table in class state and makes a session of its own, which would take other credentials than
    the caller's; so the classes are made anew for each table, and given the client.
    """

    def bound[T: Model](item: type[T]) -> type[T]:
        place = {"table_name": table, "region": client.meta.region_name, "host": client.meta.endpoint_url}
        meta = type("Meta", (), {**place, "max_retry_attempts": _RESENDS})
        made: type[T] = type(item.__name__, (item,), {"Meta": meta})
        made._get_connection().connection._client = client  # type: ignore[assignment]  # noqa: SLF001
        return made

    return Items(
        any=bound(Item),
        marker=bound(MarkerItem),
        identity=bound(IdentityItem),
        history=bound(HistoryItem),
        cell=bound(CellItem),
        run=bound(RunItem),
        outcome=bound(OutcomeItem),
    )


def row_of[T: msgspec.Struct](item: Model, as_type: type[T]) -> T:
    """The row an item holds; raises msgspec.ValidationError for one that is not ours."""
    values = {field.name: getattr(item, field.name) for field in msgspec.structs.fields(as_type)}
    return msgspec.convert(values, as_type)


def _fields(row: msgspec.Struct) -> dict[str, Any]:
    values: dict[str, Any] = {name: value for name, value in msgspec.to_builtins(row).items() if value is not None}
    if isinstance(row, HistoryRow):
        values["fields"] = [list(one) for one in row.fields]  # pynamodb has no way to write a tuple
    return values


def _shard(identity_id: str) -> int:
    """Which shard a due date lies in: fixed for an identity, so that a later write replaces the earlier."""
    return hashlib.sha256(identity_id.encode()).digest()[0] % DUE_SHARDS
