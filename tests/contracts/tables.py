"""Makes the ledger's table from its declared shape, as infrastructure does."""

from typing import TYPE_CHECKING, Any

from prooftrail.settings import LEDGER_TABLE, TableShape

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def create_table(client: "DynamoDBClient", name: str, shape: TableShape = LEDGER_TABLE) -> None:
    """Create the table `name`; the emulators have it at once."""
    keys = [shape.hash_key, shape.range_key]
    keys += [key for index in shape.indexes for key in (index.hash_key, index.range_key)]
    indexes: list[Any] = [
        {
            "IndexName": index.name,
            "KeySchema": _key_schema(index.hash_key, index.range_key),
            "Projection": {"ProjectionType": index.projection},
        }
        for index in shape.indexes
    ]
    billing: Any = shape.billing_mode
    client.create_table(
        TableName=name,
        BillingMode=billing,
        KeySchema=_key_schema(shape.hash_key, shape.range_key),
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        GlobalSecondaryIndexes=indexes,
    )


def _key_schema(hash_key: str, range_key: str) -> Any:
    return [{"AttributeName": hash_key, "KeyType": "HASH"}, {"AttributeName": range_key, "KeyType": "RANGE"}]
