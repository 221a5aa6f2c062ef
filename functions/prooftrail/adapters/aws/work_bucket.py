"""Lists between the steps of a run: JSON Lines in a bucket of their own, because a payload holds references only."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from prooftrail.errors import AccessError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """Where a list lies, and how many lines it has."""

    bucket: str
    key: str
    count: int


class WorkBucket:
    """Writes lists below `work/` of `bucket`, through a client somebody else made. Nothing in it is evidence."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client, self._bucket = client, bucket

    def write(self, run_id: str, name: str, items: Iterable[object]) -> Written:
        """Write one item a line; a step that is tried again writes its list again. Raises AccessError."""
        lines = [msgspec.json.encode(one) + b"\n" for one in items]
        key = f"work/{run_id}/{name}.jsonl"
        try:
            self._client.put_object(
                Bucket=self._bucket, Key=key, Body=b"".join(lines), ContentType="application/x-ndjson"
            )
        except ClientError as refused:
            code = refused.response.get("Error", {}).get("Code", "")
            raise AccessError(
                f"AWS refused s3:PutObject on s3://{self._bucket}/{key} ({code}): allow it to this step's role, or deploy the"
                " bucket."
            ) from refused
        except BotoCoreError as failed:
            raise AccessError(f"S3 could not be asked to take s3://{self._bucket}/{key}: {failed}") from failed
        return Written(bucket=self._bucket, key=key, count=len(lines))
