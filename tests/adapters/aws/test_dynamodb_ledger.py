"""The shape of the table, the keys that outlive every version of the code, and what becomes of DynamoDB's refusals."""

import ast
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.stub import ANY, Stubber

from prooftrail import settings
from prooftrail.adapters.aws.dynamodb_items import Items, bind
from prooftrail.adapters.aws.dynamodb_ledger import CLIENT_CONFIG, DynamoDbLedger
from prooftrail.errors import AccessError, LedgerError, ProoftrailError
from prooftrail.ports import CellRow, HistoryRow, IdentityRow, LedgerChange, OutcomeRow, RunRow
from prooftrail.settings import LEDGER_TABLE
from tests.emulators import NOWHERE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

RUN = "20260101T060000Z"
OUTCOME = OutcomeRow(run_id=RUN, account="111111111111", status="sealed", outcome_sha256="a")
IDENTITY = IdentityRow(
    id="AIDA1",
    account="111111111111",
    region="global",
    collector="principals",
    arn="arn:aws:iam::111111111111:user/alice",
    name="alice",
    kind="iam_user",
    cls="human",
    family=None,
    owner="team-a",
    owner_rung="tag",
    purpose=None,
    parent=None,
    created_at=datetime(2025, 3, 1, tzinfo=UTC),
    configuration="c",
    usage="never",
    due_on="2026-02-01",
    first_seen_run=RUN,
    changed_run=RUN,
)


@pytest.fixture
def client() -> "DynamoDBClient":
    return NOWHERE.dynamodb(CLIENT_CONFIG)


@pytest.fixture
def answers(client: "DynamoDBClient") -> Iterator[Stubber]:
    """Everything the client will be answered, in order; asking for more or less fails the test."""
    with Stubber(client) as stubbed:
        yield stubbed
        stubbed.assert_no_pending_responses()


@pytest.fixture
def ledger(client: "DynamoDBClient", table: str) -> DynamoDbLedger:
    return DynamoDbLedger(client, table, workers=1)


@pytest.fixture
def table() -> str:
    return f"ledger-{uuid.uuid4()}"


@pytest.fixture
def items(client: "DynamoDBClient", table: str) -> Items:
    return bind(client, table)


def test_the_declared_shape_is_the_one_the_items_have(items: Items) -> None:
    schema = items.identity._get_schema()
    declared = {index.name: (index.hash_key, index.range_key, index.projection) for index in LEDGER_TABLE.indexes}

    indexes = {
        index["index_name"]: (
            *(key["AttributeName"] for key in index["key_schema"]),
            index["projection"]["ProjectionType"],
        )
        for index in schema["global_secondary_indexes"]
    }
    assert indexes == declared
    for item in (items.any, items.marker, items.identity, items.history, items.cell, items.run, items.outcome):
        assert [key["AttributeName"] for key in item._get_schema()["key_schema"]] == [
            LEDGER_TABLE.hash_key,
            LEDGER_TABLE.range_key,
        ]
    assert {one["AttributeType"] for one in schema["attribute_definitions"]} == {"S"}


def test_the_shape_can_be_read_without_any_aws_library() -> None:
    tree = ast.parse(Path(settings.__file__).read_text(encoding="utf-8"))
    imported = [node.module for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]

    assert imported == ["dataclasses", "datetime"]


def test_keys_are_what_tables_in_use_already_hold(items: Items) -> None:
    rows: list[Any] = [
        items.of_account("111111111111"),
        items.of_place(IDENTITY),
        items.of_identity(IDENTITY),
        items.of_history(HistoryRow(id="AIDA1", run_id=RUN, what="appeared")),
        items.of_cell(
            CellRow(
                account="111111111111",
                region="eu-west-1",
                collector="secrets",
                status="ok",
                last_run=RUN,
                last_ok_run=RUN,
            )
        ),
        items.of_run(
            RunRow(run_id=RUN, seq=1, trigger="manual", status="open", manifest_sha256=None, accounts=1, identities=1)
        ),
        items.of_outcome(OUTCOME),
    ]

    assert [(item.pk, item.sk) for item in rows] == [
        ("ACCOUNTS", "111111111111"),
        ("UID#AIDA1", "AT"),
        ("ACC#111111111111", "ID#AIDA1"),
        ("UID#AIDA1", f"H#{RUN}"),
        ("ACC#111111111111", "CELL#eu-west-1#secrets"),
        ("RUNS", RUN),
        (f"RUN#{RUN}", "ACC#111111111111"),
    ]
    identity = items.of_identity(IDENTITY)
    assert (identity.owner_key, identity.owner_sort) == ("OWN#team-a", "AIDA1")
    assert (identity.due_key, identity.due_sort) == ("DUE#11", "2026-02-01#AIDA1")
    assert (identity.arn_key, identity.arn_sort) == (f"ARN#{IDENTITY.arn}", "AIDA1")


def test_two_tables_can_be_bound_at_once_and_each_keeps_to_its_own(client: "DynamoDBClient") -> None:
    first, second = bind(client, "first"), bind(client, "second")

    assert (first.identity.Meta.table_name, second.identity.Meta.table_name) == ("first", "second")
    assert first.identity._get_connection().table_name == "first"


def test_every_item_speaks_through_the_client_it_was_given_and_makes_none(
    client: "DynamoDBClient", items: Items
) -> None:
    for item in (items.any, items.marker, items.identity, items.history, items.cell, items.run, items.outcome):
        assert item._get_connection().connection.client is client  # type: ignore[comparison-overlap]  # pynamodb's view


def test_the_client_is_to_slow_down_by_itself() -> None:
    assert CLIENT_CONFIG.retries == {"mode": "adaptive", "total_max_attempts": 10}  # type: ignore[attr-defined]


def test_items_dynamodb_did_not_get_to_are_sent_again_before_anything_that_counts_on_them(
    answers: Stubber, ledger: DynamoDbLedger, table: str
) -> None:
    account = {
        "PutRequest": {"Item": {"pk": {"S": "ACCOUNTS"}, "sk": {"S": "111111111111"}, "account": {"S": "1" * 12}}}
    }
    place = {"PutRequest": {"Item": {"pk": {"S": "UID#AIDA1"}, "sk": {"S": "AT"}, "account": {"S": "1" * 12}}}}
    answers.add_response(
        "batch_write_item",
        {"UnprocessedItems": {table: [place]}},
        {"RequestItems": {table: [account, place]}, "ReturnConsumedCapacity": "TOTAL"},
    )
    answers.add_response(
        "batch_write_item",
        {"UnprocessedItems": {}},
        {"RequestItems": {table: [place]}, "ReturnConsumedCapacity": "TOTAL"},
    )
    answers.add_response("put_item", {}, {"Item": ANY, "TableName": table, **conditional()})
    answers.add_response("put_item", {}, {"Item": ANY, "TableName": table, "ReturnConsumedCapacity": "TOTAL"})

    ledger.apply(LedgerChange(outcome=OUTCOME, rows=(IDENTITY,)))


def test_items_dynamodb_never_gets_to_end_the_change_without_an_outcome(
    answers: Stubber, ledger: DynamoDbLedger, table: str
) -> None:
    account = {"PutRequest": {"Item": {"pk": {"S": "ACCOUNTS"}, "sk": {"S": "1"}, "account": {"S": "1"}}}}
    for _ in range(10):
        answers.add_response("batch_write_item", {"UnprocessedItems": {table: [account]}})

    with pytest.raises(LedgerError, match="max_retry_attempts exceeded"):
        ledger.apply(LedgerChange(outcome=OUTCOME))


def test_a_row_of_a_later_run_is_left_alone_and_the_change_goes_on(answers: Stubber, ledger: DynamoDbLedger) -> None:
    answers.add_response("batch_write_item", {})
    answers.add_client_error("put_item", "ConditionalCheckFailedException", http_status_code=400)
    answers.add_response("put_item", {})

    ledger.apply(LedgerChange(outcome=OUTCOME, rows=(IDENTITY,)))


@pytest.mark.parametrize(
    ("code", "error", "said"),
    [
        ("ResourceNotFoundException", LedgerError, "there is no table ledger-.* in eu-central-1"),
        ("AccessDeniedException", AccessError, r"AWS refused dynamodb:Query on dynamodb:ledger-.*allow it"),
        ("ProvisionedThroughputExceededException", LedgerError, "could not keep up"),
        ("ThrottlingException", LedgerError, "could not keep up"),
        ("NeverHeardOf", LedgerError, "refused dynamodb:Query: words.*prooftrail ledger rebuild"),
    ],
)
@pytest.mark.parametrize(
    "ask",
    [
        lambda ledger: ledger.runs(),
        lambda ledger: ledger.find(arn="a"),
        lambda ledger: ledger.due(until="2026-01-01"),
        lambda ledger: ledger.by_owner("a"),
        lambda ledger: ledger.accounts(),
    ],
    ids=["runs", "find", "due", "by_owner", "accounts"],
)
def test_a_refused_read_says_which_table_and_what_to_do(
    answers: Stubber,
    ledger: DynamoDbLedger,
    ask: Callable[[DynamoDbLedger], object],
    code: str,
    error: type[ProoftrailError],
    said: str,
) -> None:
    answers.add_client_error("query", code, "words", http_status_code=400)

    with pytest.raises(error, match=said):
        ask(ledger)


def test_a_refused_write_names_the_action_to_allow(answers: Stubber, ledger: DynamoDbLedger) -> None:
    answers.add_response("batch_write_item", {})
    answers.add_client_error("put_item", "AccessDeniedException", http_status_code=400)

    with pytest.raises(AccessError, match="dynamodb:PutItem"):
        ledger.apply(LedgerChange(outcome=OUTCOME))


@pytest.mark.parametrize("wrong", [{}, {"run_id": {"N": "1"}}, {"seq": {"S": "one"}}], ids=["short", "number", "text"])
def test_an_item_that_makes_no_sense_is_refused_with_the_fix(
    answers: Stubber, ledger: DynamoDbLedger, wrong: dict[str, Any]
) -> None:
    item = {"pk": {"S": "RUNS"}, "sk": {"S": RUN}, "run_id": {"S": RUN}} | wrong
    answers.add_response("query", {"Items": [item], "Count": 1, "ScannedCount": 1})

    with pytest.raises(LedgerError, match=r"makes no sense.*prooftrail ledger rebuild"):
        ledger.runs()


def conditional() -> dict[str, Any]:
    return {
        "ReturnConsumedCapacity": "TOTAL",
        "ConditionExpression": "(attribute_not_exists (#0) OR #1 <= :0)",
        "ExpressionAttributeNames": {"#0": "pk", "#1": "changed_run"},
        "ExpressionAttributeValues": {":0": {"S": RUN}},
    }
