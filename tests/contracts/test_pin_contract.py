"""What every pin of the head promises, held against the home directory and DynamoDB as two servers speak it."""

import uuid
from pathlib import Path

import pytest

from prooftrail.adapters.aws.dynamodb_ledger import CLIENT_CONFIG, DynamoDbLedger
from prooftrail.adapters.aws.dynamodb_pin import PIN, DynamoDbPin
from prooftrail.adapters.embedded.home import Home
from prooftrail.errors import LedgerError
from prooftrail.evidence.manifest import Head
from prooftrail.ports import HeadPin, LedgerChange, OutcomeRow
from tests.contracts.tables import create_table
from tests.emulators import Emulator

LOCKER = "a" * 64
SERVERS = pytest.mark.parametrize("server", ["moto", "ministack"])


def a_head(seq: int) -> Head:
    return Head(seq=seq, sha256=f"{seq:064x}")


def a_table(server: Emulator) -> str:
    name = f"ledger-{uuid.uuid4()}"
    create_table(server.dynamodb(CLIENT_CONFIG), name)
    return name


@pytest.fixture(params=["home", "moto", "ministack"])
def pin(request: pytest.FixtureRequest, tmp_path: Path) -> HeadPin:
    if request.param == "home":
        return Home(tmp_path / "home").create()
    server: Emulator = request.getfixturevalue(request.param)
    return DynamoDbPin(server.dynamodb(CLIENT_CONFIG), a_table(server))


def test_before_the_first_head_there_is_none(pin: HeadPin) -> None:
    assert pin.recall() is None


def test_the_newest_head_is_recalled(pin: HeadPin) -> None:
    for seq in (0, 1, 2, 2):
        pin.remember(a_head(seq), locker_id=LOCKER)
        assert pin.recall() == a_head(seq)


@SERVERS
def test_an_earlier_head_never_takes_a_later_ones_place(server: str, request: pytest.FixtureRequest) -> None:
    emulator: Emulator = request.getfixturevalue(server)
    pin = DynamoDbPin(emulator.dynamodb(CLIENT_CONFIG), a_table(emulator))
    pin.remember(a_head(10), locker_id=LOCKER)
    pin.remember(a_head(9), locker_id=LOCKER)
    assert pin.recall() == a_head(10)


@SERVERS
def test_a_ledger_that_is_emptied_and_told_again_leaves_the_head_pinned(
    server: str, request: pytest.FixtureRequest
) -> None:
    emulator: Emulator = request.getfixturevalue(server)
    client, table = emulator.dynamodb(CLIENT_CONFIG), a_table(emulator)
    pin, ledger = DynamoDbPin(client, table), DynamoDbLedger(client, table)
    pin.remember(a_head(3), locker_id=LOCKER)
    ledger_row = OutcomeRow(run_id="20260101T060000Z", account="111111111111", status="sealed", outcome_sha256="b" * 64)
    ledger.apply(LedgerChange(outcome=ledger_row))
    ledger.clear()
    assert ledger.outcomes("20260101T060000Z") == ()
    assert pin.recall() == a_head(3)


@SERVERS
def test_a_pin_that_makes_no_sense_is_said_and_never_taken_for_none(
    server: str, request: pytest.FixtureRequest
) -> None:
    emulator: Emulator = request.getfixturevalue(server)
    client, table = emulator.dynamodb(CLIENT_CONFIG), a_table(emulator)
    client.put_item(TableName=table, Item={"pk": {"S": PIN}, "sk": {"S": PIN}, "seq": {"N": "1"}})
    with pytest.raises(LedgerError, match=r"the pinned head in ledger-\S+ makes no sense \('sha256'\)"):
        DynamoDbPin(client, table).recall()


@SERVERS
def test_a_table_that_is_not_there_is_named(server: str, request: pytest.FixtureRequest) -> None:
    emulator: Emulator = request.getfixturevalue(server)
    pin = DynamoDbPin(emulator.dynamodb(CLIENT_CONFIG), "nowhere")
    with pytest.raises(LedgerError, match="there is no table nowhere"):
        pin.recall()
    with pytest.raises(LedgerError, match="there is no table nowhere"):
        pin.remember(a_head(1), locker_id=LOCKER)
