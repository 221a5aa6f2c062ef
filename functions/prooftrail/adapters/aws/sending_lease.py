"""Who sends of a deployment: one at a time, because all of them together have to keep the pace AWS allows an account."""

import contextlib
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from prooftrail.errors import AccessError, LedgerError, SendingElsewhere
from prooftrail.ports import Clock

from .dynamodb_refusals import FAILED_CONDITION, code_of, speaking

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LEASE_ROW = "NOTICE#lease"
"""Among the claims, so that whoever may claim may take it."""

HELD_FOR = timedelta(minutes=16)
"""Longer than a function may run: who was cut short holds it no longer than this."""

_KEY: dict[str, Any] = {"pk": {"S": LEASE_ROW}, "sk": {"S": "LEASE"}}


class SendingLease:
    """A row of `table`, through a client somebody else made. Raises AccessError where the caller may not, else LedgerError."""

    def __init__(self, client: "DynamoDBClient", table: str, *, clock: Clock) -> None:
        self._client, self._table, self._clock = client, table, clock

    @contextlib.contextmanager
    def __call__(self) -> Iterator[None]:
        """Hold it for as long as the `with` lasts. Raises SendingElsewhere where somebody else does."""
        mark = str(uuid.uuid4())
        self._take(mark)
        try:
            yield
        finally:
            # What was sent was sent: a lease that is not given back ends by itself.
            with contextlib.suppress(AccessError, LedgerError):
                self._give_back(mark)

    def _take(self, mark: str) -> None:
        now = self._clock.now()
        # Our own mark, too: a write whose answer was lost is sent again by the client.
        taken = self._written(
            "dynamodb:PutItem",
            Item={**_KEY, "by": {"S": mark}, "expires_at": _seconds(now + HELD_FOR)},
            ConditionExpression="attribute_not_exists(pk) OR expires_at <= :now OR #by = :by",
            ExpressionAttributeNames={"#by": "by"},
            ExpressionAttributeValues={":now": _seconds(now), ":by": {"S": mark}},
        )
        if not taken:
            raise SendingElsewhere(
                "another execution sends notices, and two would be faster than AWS allows an account: the same step again sends"
                f" when that one is done, or {HELD_FOR.seconds // 60} minutes after it was cut short."
            )

    def _give_back(self, mark: str) -> None:
        self._written(
            "dynamodb:UpdateItem",
            Key=_KEY,
            UpdateExpression="SET expires_at = :now",
            ConditionExpression="#by = :by",
            ExpressionAttributeNames={"#by": "by"},
            ExpressionAttributeValues={":now": _seconds(self._clock.now()), ":by": {"S": mark}},
        )

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


def _seconds(at: datetime) -> dict[str, str]:
    return {"N": str(int(at.timestamp()))}
