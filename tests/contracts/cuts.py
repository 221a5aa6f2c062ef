"""Cuts a ledger off before it writes its first row of a kind: history, identity, cell or outcome."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prooftrail.adapters.embedded.sqlite_ledger import SqliteLedger
from tests.contracts.fakes import MemoryLedger

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class Cut(Exception):
    """The power goes off."""


@contextlib.contextmanager
def memory(ledger: MemoryLedger, kind: str) -> Iterator[None]:
    def before_write(written: str) -> None:
        if written == kind:
            raise Cut

    ledger.before_write = before_write
    yield
    ledger.before_write = lambda _: None


@contextlib.contextmanager
def sqlite(path: Path, kind: str) -> Iterator[None]:
    SqliteLedger(path).clear()  # makes the tables
    with contextlib.closing(sqlite3.connect(path)) as ledger:
        ledger.execute(f"CREATE TRIGGER cut BEFORE INSERT ON {kind} BEGIN SELECT RAISE(ABORT, 'cut'); END")
        yield
        ledger.execute("DROP TRIGGER cut")
        ledger.commit()


@contextlib.contextmanager
def dynamodb(client: "DynamoDBClient", kind: str) -> Iterator[None]:
    start = {"history": "H#", "identity": "ID#", "cell": "CELL#", "outcome": "ACC#"}[kind]

    def before_call(params: dict[str, Any], **_: Any) -> None:
        if f'"sk": {{"S": "{start}' in params["body"].decode():
            raise Cut

    client.meta.events.register("before-call.dynamodb.PutItem", before_call)
    yield
    client.meta.events.unregister("before-call.dynamodb.PutItem", before_call)
