"""What the emulators get wrong, so that nobody takes a green test of theirs for a proof of it.

Each test fails when its emulator is mended; then what was left out of a contract because of it goes back in.
"""

import hashlib
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from prooftrail.adapters.aws.kms import KmsSigner
from prooftrail.adapters.aws.s3_locker import S3Locker
from prooftrail.errors import AccessError, EvidenceUnreadable
from tests.contracts.tables import create_table
from tests.emulators import REGION, Emulator

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEY = "chain/00000001.json"
ONCE = Config(retries={"total_max_attempts": 1})


def a_locked_bucket(emulator: Emulator) -> str:
    name = f"evidence-{uuid.uuid4()}"
    emulator.s3().create_bucket(
        Bucket=name, ObjectLockEnabledForBucket=True, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    return name


@pytest.fixture
def until() -> datetime:
    now = datetime.now(UTC)  # noqa: TID251 - held against the store's own time
    return now.replace(microsecond=0) + timedelta(days=400)


def test_moto_hashes_a_digest_again_so_its_signatures_do_not_verify(moto: Emulator) -> None:
    kms = moto.kms()
    key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    signer = KmsSigner(kms, key)
    public = serialization.load_pem_public_key(signer.public_key_pem())
    assert isinstance(public, ec.EllipticCurvePublicKey)
    with pytest.raises(AccessError, match="its public key does not hold for"):
        signer.sign(b"message")
    signature = kms.sign(
        KeyId=key,
        Message=hashlib.sha256(b"message").digest(),
        MessageType="DIGEST",
        SigningAlgorithm="ECDSA_SHA_256",
    )["Signature"]
    public.verify(signature, hashlib.sha256(b"message").digest(), ec.ECDSA(hashes.SHA256()))


def test_moto_does_not_tell_retention(moto: Emulator, until: datetime) -> None:
    locker = S3Locker(moto.s3(ONCE), a_locked_bucket(moto), mode="COMPLIANCE")
    locker.put(KEY, b"{}", retain_until=until)

    with pytest.raises(AccessError, match="s3:GetObjectRetention"):
        locker.retained_until(KEY)


def test_moto_lets_a_compliance_retention_be_shortened_and_the_object_deleted(moto: Emulator, until: datetime) -> None:
    s3, bucket = moto.s3(), a_locked_bucket(moto)
    version = S3Locker(s3, bucket, mode="COMPLIANCE").put(KEY, b"{}", retain_until=until).version_id
    assert version
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(Bucket=bucket, Key=KEY, VersionId=version)

    s3.put_object_retention(
        Bucket=bucket,
        Key=KEY,
        VersionId=version,
        Retention={"Mode": "COMPLIANCE", "RetainUntilDate": until - timedelta(days=500)},
    )
    s3.delete_object(Bucket=bucket, Key=KEY, VersionId=version)

    assert list(S3Locker(s3, bucket).versions("")) == []


def test_moto_makes_no_delete_marker_for_a_name_that_was_never_written(moto: Emulator) -> None:
    s3, bucket = moto.s3(), a_locked_bucket(moto)
    s3.delete_object(Bucket=bucket, Key=KEY)

    assert list(S3Locker(s3, bucket).versions("")) == []


def test_moto_takes_bytes_that_do_not_match_their_checksum(moto: Emulator) -> None:
    empty = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    s3, bucket = moto.s3(), a_locked_bucket(moto)

    s3.put_object(Bucket=bucket, Key=KEY, Body=b"not empty", ChecksumAlgorithm="SHA256", ChecksumSHA256=empty)

    with pytest.raises(EvidenceUnreadable, match="not what S3 took"):
        S3Locker(s3, bucket).get(KEY)


def test_moto_takes_an_expression_value_nobody_uses_and_ministack_refuses_it_as_aws_does(
    moto: Emulator, ministack: Emulator
) -> None:
    def put_with_an_unused_value(client: "DynamoDBClient") -> None:
        table = f"ledger-{uuid.uuid4()}"
        create_table(client, table)
        client.put_item(
            TableName=table,
            Item={"pk": {"S": "a"}, "sk": {"S": "b"}},
            ConditionExpression="attribute_not_exists(pk)",
            ExpressionAttributeValues={":unused": {"S": "x"}},
        )

    put_with_an_unused_value(moto.dynamodb())
    with pytest.raises(ClientError, match="unused"):
        put_with_an_unused_value(ministack.dynamodb())


@pytest.mark.parametrize("server", ["moto", "ministack"])
def test_the_emulators_take_a_name_again_behind_a_delete_marker_as_aws_does(
    server: str, request: pytest.FixtureRequest
) -> None:
    """No fault, but the reason why a locker lists versions before it writes."""
    emulator: Emulator = request.getfixturevalue(server)
    s3, bucket = emulator.s3(), a_locked_bucket(emulator)
    s3.put_object(Bucket=bucket, Key=KEY, Body=b"1", IfNoneMatch="*")
    s3.delete_object(Bucket=bucket, Key=KEY)

    s3.put_object(Bucket=bucket, Key=KEY, Body=b"2", IfNoneMatch="*")

    assert len(list(S3Locker(s3, bucket).versions(KEY))) == 3
