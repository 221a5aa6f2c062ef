"""Claims on notices in the ledger's table: conditional writes, so that one of many comes first and nobody sends twice."""

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from prooftrail.errors import LedgerError
from prooftrail.model import canonical
from prooftrail.ports.notices import Claim

from .dynamodb_refusals import FAILED_CONDITION, code_of, speaking

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEPT = timedelta(days=60)
"""How long a claim stays. A run is redriven for two weeks at most; after that nothing asks for its notices again."""

_STANDS = "attribute_exists(pk) AND attribute_not_exists(message_id)"
_OPEN = "attribute_not_exists(failure)"
_FAILED = "failure = :failure AND #run <> :run"


class DynamoDbClaims:
    """Claims in `table`, through a client somebody else made. Raises AccessError where the caller may not, else LedgerError.

    A write that AWS took and whose answer was lost is sent again by the client, and then meets its own claim: each write
    carries a mark of its own, and who finds it knows that the claim is theirs.
    """

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client, self._table = client, table

    def claim(self, notice: str, *, run: str, at: datetime) -> Claim | None:
        """Claim it for us: None if it is ours now, else the claim that stands."""
        mark = str(uuid.uuid4())
        item: Any = {**_key(notice), **_held(mark, run, at)}
        if self._written("dynamodb:PutItem", Item=item, ConditionExpression="attribute_not_exists(pk)"):
            return None
        standing = self._read(notice)
        return None if standing["by"]["S"] == mark else _claim(notice, standing)

    def take_over(self, standing: Claim, *, run: str, at: datetime) -> bool:
        """Make a claim ours that is open or another run's failure; False where it is not as it was seen any more."""
        if standing.message_id is not None:
            return False
        mark, failed = str(uuid.uuid4()), standing.error is not None
        seen: Any = {":before": {"S": canonical.timestamp(standing.claimed_at)}}
        if failed:
            seen[":failure"] = {"S": standing.error}
        done = self._written(
            "dynamodb:UpdateItem",
            Key=_key(standing.notice),
            UpdateExpression="SET #by = :by, #run = :run, claimed_at = :claimed_at, expires_at = :expires_at REMOVE failure",
            ConditionExpression=f"{_STANDS} AND {_FAILED if failed else _OPEN} AND claimed_at = :before",
            ExpressionAttributeNames={"#by": "by", "#run": "run"},
            ExpressionAttributeValues={**seen, **{f":{name}": value for name, value in _held(mark, run, at).items()}},
        )
        return done or self._read(standing.notice)["by"]["S"] == mark

    def complete(self, notice: str, *, message_id: str | None, error: str | None) -> None:
        """Say what became of it; a completion with a message id stays, whatever is said later."""
        said, gone = ("message_id", "failure") if message_id is not None else ("failure", "message_id")
        done = self._written(
            "dynamodb:UpdateItem",
            Key=_key(notice),
            UpdateExpression=f"SET {said} = :said REMOVE {gone}",
            ConditionExpression=_STANDS,
            ExpressionAttributeValues={
                ":said": {"S": message_id if message_id is not None else error or "no reason given"}
            },
        )
        if not done:
            self._read(notice)  # completed already; a notice that nobody claimed is said

    def _written(self, action: str, **request: Any) -> bool:
        """True if the write was taken, False where its condition did not hold."""
        write = self._client.put_item if action == "dynamodb:PutItem" else self._client.update_item
        with speaking(action, self._table):
            try:
                write(TableName=self._table, **request)
            except ClientError as refused:
                if code_of(refused) != FAILED_CONDITION:
                    raise
                return False
        return True

    def _read(self, notice: str) -> Mapping[str, Any]:
        with speaking("dynamodb:GetItem", self._table):
            key: Any = _key(notice)
            item = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item")
        if item is None or not {"by", "claimed_at"} <= item.keys():
            raise LedgerError(f"{self._table} holds no claim on notice {notice}: send the shard again.")
        return item


def _key(notice: str) -> dict[str, Any]:
    return {"pk": {"S": f"NOTICE#{notice}"}, "sk": {"S": "CLAIM"}}


def _held(mark: str, run: str, at: datetime) -> dict[str, Any]:
    """Whose claim it is, for which run and since when. `expires_at`, in seconds since 1970, is what lets the table drop it."""
    expires = int((at + KEPT).timestamp())
    since = {"S": canonical.timestamp(at)}
    return {"by": {"S": mark}, "run": {"S": run}, "claimed_at": since, "expires_at": {"N": str(expires)}}


def _claim(notice: str, item: Mapping[str, Any]) -> Claim:
    said = {
        name: item[stored]["S"]
        for name, stored in (("message_id", "message_id"), ("error", "failure"))
        if stored in item
    }
    since = datetime.fromisoformat(item["claimed_at"]["S"])
    return Claim(notice=notice, run=item.get("run", {"S": ""})["S"], claimed_at=since, **said)
