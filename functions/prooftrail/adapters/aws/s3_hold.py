"""Legal holds on versions in an S3 bucket: independent of retention, and without an end of their own."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from prooftrail.errors import AccessError, EvidenceMissing

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_ABSENT = {"NoSuchKey", "NoSuchVersion", "MethodNotAllowed", "404"}
_NOT_HELD = {"NoSuchObjectLockConfiguration"}  # nobody ever said anything of a hold on this version
_DENIED = {"AccessDenied", "AllAccessDisabled", "Forbidden", "403"}


class S3Holds:
    """Legal holds in `bucket`, through a client somebody else made; `caller` is its ARN, for what is said of refusals."""

    def __init__(self, client: "S3Client", bucket: str, *, caller: str) -> None:
        self._client, self._bucket, self._caller = client, bucket, caller

    def held(self, key: str, *, version_id: str) -> bool:
        """True if a hold lies on the version."""
        with self._speaking("s3:GetObjectLegalHold", key):
            try:
                answer = self._client.get_object_legal_hold(Bucket=self._bucket, Key=key, VersionId=version_id)
            except ClientError as refused:
                if _code(refused) in _NOT_HELD:
                    return False
                raise
        return answer.get("LegalHold", {}).get("Status") == "ON"

    def hold(self, key: str, *, version_id: str, on: bool) -> None:
        """Place or release the hold; S3 takes the same again."""
        with self._speaking("s3:PutObjectLegalHold", key):
            self._client.put_object_legal_hold(
                Bucket=self._bucket, Key=key, VersionId=version_id, LegalHold={"Status": "ON" if on else "OFF"}
            )

    @contextlib.contextmanager
    def _speaking(self, action: str, key: str) -> Iterator[None]:
        """Turns what S3 refuses, by code, into a sentence that names the action and who was refused."""
        place = f"s3://{self._bucket}/{key}"
        try:
            yield
        except ClientError as refused:
            code = _code(refused)
            if code in _ABSENT:
                raise EvidenceMissing(key, f"s3://{self._bucket}") from refused
            words = refused.response.get("Error", {}).get("Message", "no reason given").rstrip(".")
            if code in _DENIED:
                remedy = "take the legal-hold role of the evidence account, or allow it in role and bucket policy"
                detail = f"AWS refused {action} to {self._caller} on {place} ({code}): {remedy}."
                raise AccessError(detail) from refused
            raise AccessError(f"S3 refused {action} on {place} ({code}, {words}): run it again.") from refused
        except BotoCoreError as failed:
            raise AccessError(f"S3 could not be asked for {action} on {place}: {failed}") from failed


def _code(refused: ClientError) -> str:
    return refused.response.get("Error", {}).get("Code", "")
