"""A bucket of evidence as an auditor sees it: versions are listed and read, nothing is ever asked that could change it."""

import threading
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from prooftrail.errors import AccessError
from prooftrail.evidence.pulled import LockState
from prooftrail.model import canonical
from prooftrail.ports.pulling import Taken

from .s3_locker import S3Locker

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sts import STSClient

_CUT_SHORT = (ConnectionClosedError, IncompleteReadError, ReadTimeoutError, ResponseStreamingError)
_READS = 4  # of a body that breaks off on the way, which botocore does not read again by itself
_DENIED = {"AccessDenied", "AllAccessDisabled", "Forbidden", "403"}
_NO_LOCK = {"NoSuchObjectLockConfiguration", "ObjectLockConfigurationNotFoundError", "InvalidRequest"}


def client_config(workers: int) -> Config:
    """A client that keeps a connection for each worker and waits out a busy store.

    It does not hash what it reads: whoever pulls holds every byte against a hash of its own.
    """
    return Config(
        max_pool_connections=workers + 2,
        retries={"mode": "standard", "total_max_attempts": 10},
        read_timeout=60,
        response_checksum_validation="when_required",
    )


class S3Evidence(S3Locker):
    """The evidence in `bucket`, through clients somebody else made. `sts` tells who asks, and may be missing.

    Whose calls it makes need `s3:ListBucketVersions` and `s3:GetObjectVersion`. S3 leaves locks out of its answers where
    `s3:GetObjectRetention` or `s3:GetObjectLegalHold` is not allowed: one question tells that from no lock, once.
    """

    def __init__(self, client: "S3Client", bucket: str, *, sts: "STSClient | None" = None) -> None:
        super().__init__(client, bucket, mode=None)
        self._sts = sts
        self._asking = threading.Lock()
        self._refused: dict[str, bool] = {}

    def caller(self) -> str | None:
        """The ARN of whoever's credentials these are; None where AWS does not say."""
        if self._sts is None:
            return None
        try:
            return str(self._sts.get_caller_identity()["Arn"])
        except ClientError:
            return None
        except BotoCoreError as failed:
            raise AccessError(
                f"AWS does not say who we are: {failed}. Check --profile and the credentials."
            ) from failed

    def take(self, key: str, *, version_id: str | None) -> Taken:
        """One version whole, read again where the connection breaks off, and its lock as far as S3 shows it."""
        left = _READS
        while True:
            left -= 1
            with self._speaking("s3:GetObjectVersion", key):
                answer = self._client.get_object(Bucket=self._bucket, Key=key, VersionId=version_id or "")
                try:
                    body = answer["Body"].read()
                except _CUT_SHORT:
                    if left:
                        continue
                    raise
            return Taken(body=body, lock=self._lock(key, version_id, answer))

    def lock_of(self, key: str, *, version_id: str | None) -> LockState:
        """The lock as a question for the object without its bytes shows it: `s3:GetObjectVersion` is enough to ask."""
        with self._speaking("s3:GetObjectVersion", key):
            answer = self._client.head_object(Bucket=self._bucket, Key=key, VersionId=version_id or "")
        return self._lock(key, version_id, answer)

    def _lock(self, key: str, version_id: str | None, answer: Any) -> LockState:
        mode, until = answer.get("ObjectLockMode"), answer.get("ObjectLockRetainUntilDate")
        hold = answer.get("ObjectLockLegalHoldStatus")
        unknown = []
        if mode is None and self._is_refused("s3:GetObjectRetention", "get_object_retention", key, version_id):
            unknown.append("s3:GetObjectRetention is not allowed")
        if hold is None and self._is_refused("s3:GetObjectLegalHold", "get_object_legal_hold", key, version_id):
            unknown.append("s3:GetObjectLegalHold is not allowed")
            held = None
        else:
            held = hold == "ON"
        return LockState(
            mode=mode,
            retain_until=canonical.utc(until) if until else None,
            legal_hold=held,
            unknown=" and ".join(unknown) or None,
        )

    def _is_refused(self, action: str, call: str, key: str, version_id: str | None) -> bool:
        """True if S3 may be hiding the lock from us: asked of one version, and believed of all."""
        with self._asking:
            known = self._refused.get(action)
            if known is None:
                known = self._refused[action] = self._refuses(call, key, version_id)
            return known

    def _refuses(self, call: str, key: str, version_id: str | None) -> bool:
        try:
            getattr(self._client, call)(Bucket=self._bucket, Key=key, VersionId=version_id or "")
        except ClientError as refused:
            return refused.response.get("Error", {}).get("Code", "") in _DENIED
        except BotoCoreError:
            return True
        return False


class S3WithLocks(S3Evidence):
    """The evidence in `bucket` as a pack reads it: a locker that remembers the lock S3 showed with each object it gave.

    The lock comes with the bytes, so that it costs no question of its own.
    """

    def __init__(self, client: "S3Client", bucket: str) -> None:
        super().__init__(client, bucket)
        self.locks: dict[str, LockState] = {}

    def get(self, key: str, *, version_id: str | None = None) -> bytes:
        """The bytes of the key: of `version_id`, else of the version written first. Raises EvidenceMissing."""
        taken = self.take(key, version_id=version_id or self._existing(key))
        self.locks[key] = taken.lock
        return taken.body
