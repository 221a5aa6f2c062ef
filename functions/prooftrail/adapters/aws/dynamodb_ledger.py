"""A ledger in one DynamoDB table: conditional writes, and the outcome last, so that no reader takes half for whole."""

import contextlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import msgspec
from botocore.config import Config
from pynamodb.exceptions import AttributeDeserializationError, DoesNotExist, PynamoDBException, TableDoesNotExist
from pynamodb.expressions.condition import Condition
from pynamodb.models import Model

from prooftrail.adapters.aws import dynamodb_items as keys
from prooftrail.adapters.aws.dynamodb_items import CellItem, HistoryItem, IdentityItem, bind, row_of
from prooftrail.errors import AccessError, LedgerError, ProoftrailError
from prooftrail.ports import CellRow, HistoryRow, IdentityRow, LedgerChange, OutcomeRow, RunRow
from prooftrail.settings import DUE_SHARDS, LEDGER_ROWS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CLIENT_CONFIG = Config(
    retries={"mode": "adaptive", "total_max_attempts": 10},
    max_pool_connections=32,
    parameter_validation=False,  # pynamodb builds the requests
)
"""What the client should be made with: it slows down by itself where the table does."""

_LATER_RUN_WROTE = "ConditionalCheckFailedException"
_DENIED = {"AccessDeniedException", "UnrecognizedClientException", "InvalidSignatureException", "ExpiredTokenException"}
_BUSY = {
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
    "InternalServerError",
    "ServiceUnavailable",
}
_REBUILD = "make the ledger again with `prooftrail ledger rebuild`"


class DynamoDbLedger:
    """A ledger in `table`, which has the form of `settings.LEDGER_TABLE`, through a client somebody else made.

    Writes go out `workers` at a time. Lookups by owner, due date and ARN may be some seconds behind a write; all other
    reads are not. Raises LedgerError for what the table refuses or holds, AccessError where the caller may not.
    """

    def __init__(self, client: "DynamoDBClient", table: str, *, workers: int = 8) -> None:
        self._table = table
        self._region = client.meta.region_name
        self._workers = workers
        self._items = bind(client, table)

    def describe(self) -> str:
        """The table and its region."""
        return f"dynamodb:{self._table} in {self._region}"

    def apply(self, change: LedgerChange) -> None:
        """Write the change: places and history first, then rows, then cells, and the outcome when all else is there.

        A row stays where a later run wrote it, and history that exists stays, so that an apply cut short is completed
        by doing it again.
        """
        accounts = {row.account for row in change.rows} | {cell.account for cell in change.cells}
        places = {row.id: row for row in change.rows}
        with self._speaking("dynamodb:BatchWriteItem"), self._items.marker.batch_write() as batch:
            for account in sorted(accounts | {change.outcome.account}):
                batch.save(self._items.of_account(account))
            for row in places.values():
                batch.save(self._items.of_place(row))
        with self._speaking("dynamodb:PutItem"):
            self._put((self._items.of_history(row), HistoryItem.pk.does_not_exist()) for row in change.history)
            self._put((self._items.of_identity(row), _not_after(row)) for row in change.rows)
            self._put((self._items.of_cell(row), _cell_not_after(row)) for row in change.cells)
            self._items.of_outcome(change.outcome).save()

    def outcome(self, run_id: str, account: str) -> OutcomeRow | None:
        """The outcome row if that outcome's change was applied whole."""
        return self._get(self._items.outcome, OutcomeRow, keys.of_run(run_id), keys.of_account(account))

    def outcomes(self, run_id: str) -> tuple[OutcomeRow, ...]:
        """All outcomes of a run, by account."""
        return self._query(self._items.outcome, OutcomeRow, keys.of_run(run_id))

    def record_run(self, row: RunRow) -> None:
        """Write or overwrite the run's row."""
        with self._speaking("dynamodb:PutItem"):
            self._items.of_run(row).save()

    def runs(self) -> tuple[RunRow, ...]:
        """All runs, oldest first."""
        return self._query(self._items.run, RunRow, keys.RUNS)

    def identity(self, identity_id: str) -> IdentityRow | None:
        """One identity by AWS's unique id; an access key's is its key id."""
        with self._speaking("dynamodb:GetItem"):
            try:
                place = self._items.marker.get(keys.of_identity(identity_id), keys.PLACE, consistent_read=True)
            except DoesNotExist:
                return None
        where = keys.of_account(place.account)
        return self._get(self._items.identity, IdentityRow, where, keys.IDENTITY + identity_id)

    def find(self, *, arn: str) -> tuple[IdentityRow, ...]:
        """Identities by ARN, by id."""
        with self._speaking("dynamodb:Query"):
            found = self._items.identity.by_arn.query(keys.of_arn(arn))
            return tuple(row_of(item, IdentityRow) for item in found)

    def by_account(self, account: str) -> tuple[IdentityRow, ...]:
        """All identities of an account, gone ones too, by id."""
        return self._query(self._items.identity, IdentityRow, keys.of_account(account), keys.IDENTITY)

    def by_owner(self, owner: str) -> tuple[IdentityRow, ...]:
        """All identities of an owner that are not gone, by id."""
        with self._speaking("dynamodb:Query"):
            found = self._items.identity.by_owner.query(keys.of_owner(owner))
            return tuple(row_of(item, IdentityRow) for item in found)

    def due(self, *, until: str) -> tuple[IdentityRow, ...]:
        """Identities due by `until` (included) that are not gone, soonest first, then by id."""
        index = self._items.identity.by_due_date
        at_most = IdentityItem.due_sort < f"{until}$"  # the sign after the `#` between date and id
        with self._speaking("dynamodb:Query"):
            found = [item for shard in range(DUE_SHARDS) for item in index.query(keys.of_due(shard), at_most)]
            return tuple(row_of(item, IdentityRow) for item in sorted(found, key=lambda item: item.due_sort))

    def history(self, identity_id: str) -> tuple[HistoryRow, ...]:
        """The change history of an identity, oldest first."""
        return self._query(self._items.history, HistoryRow, keys.of_identity(identity_id), keys.HISTORY)

    def cells(self, account: str) -> tuple[CellRow, ...]:
        """The cells of an account, by region and collector."""
        return self._query(self._items.cell, CellRow, keys.of_account(account), keys.CELL)

    def accounts(self) -> tuple[str, ...]:
        """Every account any change named, in order; also one whose change was cut short."""
        with self._speaking("dynamodb:Query"):
            return tuple(item.account for item in self._items.marker.query(keys.ACCOUNTS, consistent_read=True))

    def clear(self) -> None:
        """Forget every row, and neither the head that is pinned beside them nor a claim; interrupted, it wants to be done again."""
        with self._speaking("dynamodb:Scan and dynamodb:BatchWriteItem"), self._items.any.batch_write() as batch:
            for item in self._items.any.scan(attributes_to_get=["pk", "sk"], consistent_read=True):
                # A rebuilt ledger is no reason to forget which head was seen, or which notices were sent.
                if any(fnmatchcase(item.pk, row) for row in LEDGER_ROWS):
                    batch.delete(item)

    def _put(self, writes: Iterable[tuple[Model, Condition]]) -> None:
        """Write each item whose condition holds, all of them before this returns."""
        with ThreadPoolExecutor(self._workers) as pool:
            for done in [pool.submit(_put_if, item, condition) for item, condition in writes]:
                done.result()

    def _get[T: msgspec.Struct](self, item: type[Model], row: type[T], partition: str, sort: str) -> T | None:
        with self._speaking("dynamodb:GetItem"):
            try:
                return row_of(item.get(partition, sort, consistent_read=True), row)
            except DoesNotExist:
                return None

    def _query[T: msgspec.Struct](self, item: type[Model], row: type[T], key: str, start: str = "") -> tuple[T, ...]:
        """The rows of a partition whose sort key begins with `start`, in order of it, all pages."""
        begins = keys.Item.sk.startswith(start) if start else None
        with self._speaking("dynamodb:Query"):
            return tuple(row_of(one, row) for one in item.query(key, begins, consistent_read=True))

    @contextlib.contextmanager
    def _speaking(self, action: str) -> Iterator[None]:
        """Turns what DynamoDB and pynamodb say into a sentence."""
        try:
            yield
        except PynamoDBException as refused:
            raise self._sentence(refused, action) from refused
        except (msgspec.ValidationError, AttributeDeserializationError) as wrong:
            raise LedgerError(f"{self.describe()} holds an item that makes no sense ({wrong}): {_REBUILD}.") from wrong

    def _sentence(self, refused: PynamoDBException, action: str) -> ProoftrailError:
        code = refused.cause_response_code
        if isinstance(refused, TableDoesNotExist) or code == "ResourceNotFoundException":
            return LedgerError(f"there is no table {self._table} in {self._region}: check the name, or deploy it.")
        if code in _DENIED:
            return AccessError(f"AWS refused {action} on {self.describe()} ({code}): allow it to this caller.")
        if code in _BUSY:
            return LedgerError(f"{self.describe()} could not keep up ({code}): run it again; what was written stays.")
        reason = refused.cause_response_message or refused.cause or refused
        return LedgerError(f"{self.describe()} refused {action}: {reason}. If it happens again, {_REBUILD}.")


def _put_if(item: Model, condition: Condition) -> None:
    try:
        item.save(condition=condition)
    except PynamoDBException as refused:
        if refused.cause_response_code != _LATER_RUN_WROTE:
            raise


def _not_after(row: IdentityRow) -> Condition:
    condition: Condition = IdentityItem.pk.does_not_exist() | (IdentityItem.changed_run <= row.changed_run)
    return condition


def _cell_not_after(row: CellRow) -> Condition:
    condition: Condition = CellItem.pk.does_not_exist() | (CellItem.last_run <= row.last_run)
    return condition
