"""Letters on their way from planning to sending: in the work bucket, which lets them go by itself, and not in the locker."""

import gzip
import io
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from prooftrail.errors import NoticeError
from prooftrail.ports.notices import Letter

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LETTERS = "letters"
"""The prefix they lie below: the one part of the bucket that holds names and addresses."""


class LettersBucket:
    """Letters below `letters/` of `bucket`, one file a shard, through a client somebody else made. Raises NoticeError."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client, self._bucket = client, bucket

    def write(self, run_id: str, shard: int, letters: Iterable[Letter]) -> None:
        """Keep the letters of a shard, in their order; again is the same as once. They are compressed as they come."""
        body, key = io.BytesIO(), _key(run_id, shard)
        with gzip.GzipFile(fileobj=body, mode="wb", mtime=0) as packed:
            for one in letters:
                packed.write(msgspec.json.encode(one) + b"\n")
        try:
            self._client.put_object(Bucket=self._bucket, Key=key, Body=body.getvalue(), ContentType="application/gzip")
        except ClientError as refused:
            raise NoticeError(
                f"AWS refused s3:PutObject on s3://{self._bucket}/{key} ({_code(refused)}): allow it to this step's role, or"
                " deploy the bucket."
            ) from refused
        except BotoCoreError as failed:
            raise NoticeError(f"S3 could not be asked to take s3://{self._bucket}/{key}: {failed}") from failed

    def read(self, run_id: str, shard: int) -> Iterator[Letter]:
        """The letters of a shard, one after the other. Raises NoticeError where they are gone or make no sense."""
        place = f"s3://{self._bucket}/{_key(run_id, shard)}"
        try:
            body = self._client.get_object(Bucket=self._bucket, Key=_key(run_id, shard))["Body"].read()
        except ClientError as refused:
            # Who may not list a bucket is told of a missing object that it is denied.
            raise NoticeError(
                f"the letters {place} cannot be read ({_code(refused)}): they are gone, or s3:GetObject is not allowed to"
                " this step's role. Their notices are planned again with the next run."
            ) from refused
        except BotoCoreError as failed:
            raise NoticeError(f"S3 could not be asked for {place}: {failed}") from failed
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(body)) as packed:
                for line in packed:
                    yield msgspec.json.decode(line, type=Letter)
        except (OSError, EOFError, msgspec.DecodeError) as wrong:
            raise NoticeError(
                f"the letters {place} make no sense ({type(wrong).__name__}): nothing of them is sent. Their notices are"
                " planned again with the next run."
            ) from wrong

    def forget(self, run_id: str, shard: int) -> None:
        """Nothing: the bucket's own rule removes them, and this step's role may not."""


def _key(run_id: str, shard: int) -> str:
    return f"{LETTERS}/{run_id}/{shard:03d}.jsonl.gz"


def _code(refused: ClientError) -> str:
    return str(refused.response.get("Error", {}).get("Code", ""))
