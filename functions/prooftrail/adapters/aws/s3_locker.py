"""A locker in an S3 bucket with versions and Object Lock: the store itself refuses to let go of what was sealed."""

import base64
import contextlib
import hashlib
import itertools
import re
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import BotoCoreError, ClientError, FlexibleChecksumError

from prooftrail.errors import (
    AccessError,
    AlreadySealed,
    ConfigError,
    EvidenceError,
    EvidenceMissing,
    EvidenceUnreadable,
    ProoftrailError,
)
from prooftrail.ports import ObjectVersion, Read, Stored

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import PutObjectOutputTypeDef

type LockMode = Literal["COMPLIANCE", "GOVERNANCE"]

_CHARACTERS = re.compile(r"[A-Za-z0-9._/-]*")
_TAKEN = "PreconditionFailed"
_CONFLICT = "ConditionalRequestConflict"
_ABSENT = {"NoSuchKey", "NoSuchVersion", "MethodNotAllowed", "404"}  # 405: the version asked for is a delete marker
_NO_LOCK = "ObjectLockConfigurationNotFoundError"
_NOT_HELD = {_NO_LOCK, "NoSuchObjectLockConfiguration", "InvalidRequest"}
_DENIED = {"AccessDenied", "AllAccessDisabled", "Forbidden", "403", "InvalidAccessKeyId", "SignatureDoesNotMatch"}
_DAMAGED = {"BadDigest", "XAmzContentChecksumMismatch", "IncompleteBody"}
_BUSY = {"SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "Throttling", "503", "500"}


class S3Locker:
    """A locker in `bucket`, through a client somebody else made.

    With `mode`, each object is held until the date its writer asks for; without, no date is asked for and the
    bucket's default applies (`lock_mode` reads which mode that is). A write that collides with another request is
    tried up to `conflict_attempts` times; `readers` objects are read at once where many are. What AWS refuses becomes AccessError, with the action to allow.

    One window stays open. `If-None-Match` looks at the newest version only, so every write first lists the versions
    of its name; whoever writes a name *and* hides it behind a delete marker between that listing and our write gets a
    second version behind it. Nothing is lost: both versions stay, and `verify` shows the name as REPLACED.
    """

    def __init__(
        self,
        client: "S3Client",
        bucket: str,
        *,
        mode: LockMode | None = None,
        conflict_attempts: int = 4,
        page_size: int = 1000,
        readers: int = 16,
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._mode = mode
        self._conflict_attempts = conflict_attempts
        self._page_size = page_size
        self._readers = readers

    @property
    def keeps_time(self) -> bool:
        """True: S3 says itself when it took a version."""
        return True

    def describe(self) -> str:
        """The bucket as `s3://BUCKET`."""
        return f"s3://{self._bucket}"

    def put(self, key: str, body: bytes, *, retain_until: datetime | None) -> Stored:
        """Write `body` under a name nobody has written yet, with its SHA-256 for S3 to check.

        Answers with the date asked for, or None where the bucket's default applies (`retained_until` tells). A delete
        marker that hides nothing does not count as written. Raises AlreadySealed.
        """
        request = self._request(key, body, retain_until)
        if self._first(key) is not None:
            raise AlreadySealed(key)
        with self._speaking("s3:PutObject", key):
            answer = self._put(key, request)
        return Stored(version_id=answer.get("VersionId"), retain_until=request.get("ObjectLockRetainUntilDate"))

    def get(self, key: str, *, version_id: str | None = None) -> bytes:
        """The bytes of the key: of `version_id`, else of the version written first, also behind a delete marker.

        Raises EvidenceMissing.
        """
        version = version_id or self._existing(key)
        with self._speaking("s3:GetObjectVersion", key):
            return self._client.get_object(Bucket=self._bucket, Key=_checked(key), VersionId=version)["Body"].read()

    def read_all(self, prefix: str) -> Iterator[Read]:
        """The version written first of every key below `prefix`, in order of key: one listing, and parallel reads."""
        written = (one for one in self.versions(prefix) if not one.delete_marker)
        first = (next(of_a_key) for _, of_a_key in itertools.groupby(written, key=lambda one: one.key))
        with ThreadPoolExecutor(self._readers, thread_name_prefix="read") as pool:
            # Twice as many as there are readers lie in memory, whatever the prefix holds.
            waiting = deque(pool.submit(self._read, one) for one in itertools.islice(first, 2 * self._readers))
            while waiting:
                read = waiting.popleft().result()
                waiting.extend(pool.submit(self._read, one) for one in itertools.islice(first, 1))
                yield read

    def _read(self, one: ObjectVersion) -> Read:
        body, until = None, None
        with contextlib.suppress(EvidenceError), self._speaking("s3:GetObjectVersion", one.key):
            answer = self._client.get_object(Bucket=self._bucket, Key=one.key, VersionId=one.version_id or "")
            until = answer.get("ObjectLockRetainUntilDate")  # left out for who may not see it: s3:GetObjectRetention
            body = answer["Body"].read()
        until = until.astimezone(UTC) if until else None
        return Read(key=one.key, body=body, version_id=one.version_id, retain_until=until)

    def versions(self, prefix: str) -> Iterator[ObjectVersion]:
        """Every version and delete marker below `prefix`, all pages, in order of key, and within a key as written."""
        for _, newest_first in itertools.groupby(self._listed(prefix), key=lambda one: one.key):
            yield from reversed(list(newest_first))

    def _listed(self, prefix: str) -> Iterator[ObjectVersion]:
        """The versions as S3 lists them, newest first within a key, with the markers where they belong."""
        pages = self._client.get_paginator("list_object_versions").paginate(
            Bucket=self._bucket, Prefix=prefix, PaginationConfig={"PageSize": self._page_size}
        )
        with self._speaking("s3:ListBucketVersions", prefix):
            for page in pages:
                found = [_version(one, size=one["Size"]) for one in page.get("Versions", ())]
                found += [_version(one, size=None) for one in page.get("DeleteMarkers", ())]
                found.sort(key=lambda one: (one.latest, one.stored_at), reverse=True)
                found.sort(key=lambda one: one.key)
                yield from found

    def retained_until(self, key: str, *, version_id: str | None = None) -> datetime | None:
        """Until when S3 refuses to delete the version (the first, if none is named); None where nothing holds it.

        Under GOVERNANCE whoever may bypass it can delete it all the same. Raises EvidenceMissing.
        """
        version = version_id or self._existing(key)
        with self._speaking("s3:GetObjectRetention", key):
            try:
                answer = self._client.get_object_retention(Bucket=self._bucket, Key=key, VersionId=version)
            except ClientError as refused:
                if _code(refused) in _NOT_HELD:
                    return None
                raise
        until = answer["Retention"].get("RetainUntilDate")
        return until.astimezone(UTC) if until else None

    def _request(self, key: str, body: bytes, retain_until: datetime | None) -> dict[str, Any]:
        request: dict[str, Any] = {
            "Bucket": self._bucket,
            "Key": _checked(key),
            "Body": body,
            "IfNoneMatch": "*",
            "ChecksumAlgorithm": "SHA256",
            "ChecksumSHA256": base64.b64encode(hashlib.sha256(body).digest()).decode(),
        }
        if self._mode and retain_until:
            request |= {"ObjectLockMode": self._mode, "ObjectLockRetainUntilDate": _whole_second(retain_until)}
        return request

    def _put(self, key: str, request: dict[str, Any]) -> "PutObjectOutputTypeDef":
        # botocore does not retry 409, which S3 answers when a delete of the same name finished first:
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
        for left in reversed(range(self._conflict_attempts)):
            try:
                return self._client.put_object(**request)
            except ClientError as refused:
                if _code(refused) == _TAKEN:
                    raise AlreadySealed(key) from refused
                if _code(refused) != _CONFLICT or not left:
                    raise
        raise ConfigError(f"conflict_attempts must be at least 1, not {self._conflict_attempts}.")

    def _first(self, key: str) -> str | None:
        """The version id of the version written first, None if there is none."""
        written = (one for one in self.versions(key) if one.key == key and not one.delete_marker)
        return next((one.version_id for one in written), None)

    def _existing(self, key: str) -> str:
        version = self._first(_checked(key))
        if version is None:
            raise EvidenceMissing(key, self.describe())
        return version

    @contextlib.contextmanager
    def _speaking(self, action: str, key: str) -> Iterator[None]:
        """Turns what S3 refuses, by code, into a sentence."""
        try:
            yield
        except ClientError as refused:
            raise _sentence(refused, action, self._bucket, key) from refused
        except FlexibleChecksumError as wrong:
            raise EvidenceUnreadable(f"s3://{self._bucket}/{key} is not what S3 took: {wrong}.") from wrong
        except BotoCoreError as failed:
            raise AccessError(f"S3 could not be asked for {action} on s3://{self._bucket}/{key}: {failed}") from failed


def lock_mode(client: "S3Client", bucket: str) -> LockMode | None:
    """The mode of the bucket's default retention; None where Object Lock is on without a default.

    Raises ConfigError where Object Lock is off: such a bucket would let go of evidence.
    """
    try:
        lock = client.get_object_lock_configuration(Bucket=bucket).get("ObjectLockConfiguration", {})
    except ClientError as refused:
        if _code(refused) != _NO_LOCK:
            raise _sentence(refused, "s3:GetBucketObjectLockConfiguration", bucket, "") from refused
        lock = {}
    if lock.get("ObjectLockEnabled") != "Enabled":
        raise ConfigError(f"the bucket {bucket} has no Object Lock: name one that was created with it.")
    return lock.get("Rule", {}).get("DefaultRetention", {}).get("Mode")


def _sentence(refused: ClientError, action: str, bucket: str, key: str) -> ProoftrailError:
    code, place = _code(refused), f"s3://{bucket}/{key}"
    if code in _ABSENT:
        return EvidenceMissing(key, f"s3://{bucket}")
    if code in _DAMAGED:
        return EvidenceError(f"{place} was damaged on its way to S3 ({code}), and nothing was written: run it again.")
    if code == _CONFLICT:
        return EvidenceError(f"{place} is being written by somebody else at the same time: run it again.")
    if code == "NoSuchBucket":
        return AccessError(f"there is no bucket {bucket}: check the locker's address and the region.")
    if code in _DENIED:
        return AccessError(f"AWS refused {action} on {place} ({code}): allow it in role and bucket policy.")
    words = refused.response.get("Error", {}).get("Message", "no reason given")
    remedy = "Run it again later." if code in _BUSY else "Check the bucket and its policies."
    return AccessError(f"S3 refused {action} on {place} in every attempt ({code}, {words.rstrip('.')}). {remedy}")


def _whole_second(at: datetime) -> datetime:
    """The first whole second not before `at`, in UTC: S3 keeps no microseconds, and must not hold any shorter."""
    return (at.astimezone(UTC) + timedelta(microseconds=999_999)).replace(microsecond=0)


def _code(refused: ClientError) -> str:
    return refused.response.get("Error", {}).get("Code", "")


def _checked(key: str) -> str:
    if not _CHARACTERS.fullmatch(key) or any(part in ("", ".", "..") for part in key.split("/")):
        raise EvidenceError(f"{key!r} is no name for evidence: use a relative path of ASCII letters, digits and ._-")
    return key


def _version(one: Any, *, size: int | None) -> ObjectVersion:
    return ObjectVersion(
        key=one["Key"],
        version_id=one["VersionId"],
        size=size or 0,
        stored_at=one["LastModified"].astimezone(UTC),
        latest=one["IsLatest"],
        delete_marker=size is None,
    )
