"""The newest head this deployment has seen, in the ledger's table: outside the locker, and in another account's hands."""

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from prooftrail.errors import LedgerError
from prooftrail.evidence.manifest import Head

from .dynamodb_refusals import FAILED_CONDITION, code_of, speaking

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PIN = "HEAD"
"""Partition and sort key of the one item. Emptying the ledger leaves it."""


class DynamoDbPin:
    """A head pin in `table`, through a client somebody else made. A later head is never replaced by an earlier one.

    Raises AccessError where the caller may not, LedgerError for anything else the table refuses or holds.
    """

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client, self._table = client, table

    def recall(self) -> Head | None:
        """The head seen last, read consistently; None before the first."""
        with speaking("dynamodb:GetItem", self._table):
            item = self._client.get_item(TableName=self._table, Key=_key(), ConsistentRead=True).get("Item")
        if item is None:
            return None
        try:
            return Head(seq=int(item["seq"]["N"]), sha256=item["sha256"]["S"])
        except (KeyError, ValueError) as wrong:
            raise LedgerError(
                f"the pinned head in {self._table} makes no sense ({wrong}): run `prooftrail verify` with the head that was"
                " mailed last, then write the item anew."
            ) from wrong

    def remember(self, head: Head, *, locker_id: str) -> None:
        """Keep `head` unless a later one is kept already."""
        item: Any = {
            **_key(),
            "seq": {"N": str(head.seq)},
            "sha256": {"S": head.sha256},
            "locker_id": {"S": locker_id},
        }
        with speaking("dynamodb:PutItem", self._table):
            try:
                self._client.put_item(
                    TableName=self._table,
                    Item=item,
                    ConditionExpression="attribute_not_exists(pk) OR seq <= :seq",
                    ExpressionAttributeValues={":seq": {"N": str(head.seq)}},
                )
            except ClientError as refused:
                if code_of(refused) != FAILED_CONDITION:
                    raise


def _key() -> dict[str, Any]:
    return {"pk": {"S": PIN}, "sk": {"S": PIN}}
