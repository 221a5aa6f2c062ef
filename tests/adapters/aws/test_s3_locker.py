"""What S3 may answer that the emulators do not, and what becomes of it; requests are held against canned answers."""

import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from botocore.stub import Stubber

from prooftrail.adapters.aws.s3_locker import S3Locker, lock_mode
from prooftrail.errors import AccessError, AlreadySealed, ConfigError, EvidenceError, EvidenceMissing, ProoftrailError
from prooftrail.ports import Read
from tests.emulators import NOWHERE

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET, KEY = "evidence", "chain/00000001.json"
ONCE = Config(retries={"total_max_attempts": 1})
NOW = datetime(2026, 1, 1, 6, tzinfo=UTC)
SHA256_OF_BRACES = "RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o="
NOTHING: dict[str, Any] = {"Versions": [], "DeleteMarkers": []}


@pytest.fixture
def client() -> "S3Client":
    return NOWHERE.s3(ONCE)


@pytest.fixture
def answers(client: "S3Client") -> Iterator[Stubber]:
    """Everything the client will be answered, in order; asking for more or less fails the test."""
    with Stubber(client) as stubbed:
        yield stubbed
        stubbed.assert_no_pending_responses()


def a_version(key: str = KEY, version: str = "v1") -> dict[str, Any]:
    return {"Key": key, "VersionId": version, "IsLatest": True, "LastModified": NOW, "Size": 2}


def put_request(**more: Any) -> dict[str, Any]:
    return {
        "Bucket": BUCKET,
        "Key": KEY,
        "Body": b"{}",
        "IfNoneMatch": "*",
        "ChecksumAlgorithm": "SHA256",
        "ChecksumSHA256": SHA256_OF_BRACES,
    } | more


def test_a_write_is_conditional_carries_its_checksum_and_the_date_it_is_held_to(
    client: "S3Client", answers: Stubber
) -> None:
    held = put_request(ObjectLockMode="COMPLIANCE", ObjectLockRetainUntilDate=NOW)
    answers.add_response("list_object_versions", NOTHING)
    answers.add_response("put_object", {"VersionId": "v1"}, held)

    stored = S3Locker(client, BUCKET, mode="COMPLIANCE").put(KEY, b"{}", retain_until=NOW)

    assert (stored.version_id, stored.retain_until) == ("v1", NOW)


@pytest.mark.parametrize("mode", [None, "COMPLIANCE"])
def test_a_write_without_a_date_leaves_retention_to_the_bucket(client: "S3Client", answers: Stubber, mode: Any) -> None:
    answers.add_response("list_object_versions", NOTHING)
    answers.add_response("put_object", {"VersionId": "v1"}, put_request())

    stored = S3Locker(client, BUCKET, mode=mode).put(KEY, b"{}", retain_until=None)

    assert stored.retain_until is None


def test_a_name_that_only_begins_like_a_written_one_is_free(client: "S3Client", answers: Stubber) -> None:
    answers.add_response("list_object_versions", {"Versions": [a_version(KEY + "x")]})
    answers.add_response("put_object", {"VersionId": "v1"}, put_request())

    S3Locker(client, BUCKET).put(KEY, b"{}", retain_until=None)


def test_who_loses_the_race_after_the_listing_is_told_the_name_is_taken(client: "S3Client", answers: Stubber) -> None:
    answers.add_response("list_object_versions", NOTHING)
    answers.add_client_error("put_object", "PreconditionFailed", http_status_code=412)

    with pytest.raises(AlreadySealed):
        S3Locker(client, BUCKET).put(KEY, b"{}", retain_until=None)


def test_a_conflict_with_another_request_is_tried_again(client: "S3Client", answers: Stubber) -> None:
    answers.add_response("list_object_versions", NOTHING)
    for _ in range(2):
        answers.add_client_error("put_object", "ConditionalRequestConflict", http_status_code=409)
    answers.add_response("put_object", {"VersionId": "v1"}, put_request())

    assert S3Locker(client, BUCKET, conflict_attempts=3).put(KEY, b"{}", retain_until=None).version_id == "v1"


def test_a_conflict_is_tried_as_often_as_configured_and_no_more(client: "S3Client", answers: Stubber) -> None:
    answers.add_response("list_object_versions", NOTHING)
    for _ in range(3):
        answers.add_client_error("put_object", "ConditionalRequestConflict", http_status_code=409)

    with pytest.raises(EvidenceError, match="written by somebody else at the same time"):
        S3Locker(client, BUCKET, conflict_attempts=3).put(KEY, b"{}", retain_until=None)


def test_a_locker_that_may_never_try_is_a_wrong_setting(client: "S3Client", answers: Stubber) -> None:
    answers.add_response("list_object_versions", NOTHING)

    with pytest.raises(ConfigError, match="conflict_attempts"):
        S3Locker(client, BUCKET, conflict_attempts=0).put(KEY, b"{}", retain_until=None)


@pytest.mark.parametrize(
    ("code", "status", "error", "said"),
    [
        ("AccessDenied", 403, AccessError, r"AWS refused s3:PutObject on s3://evidence/chain/00000001.json.*allow it"),
        ("NoSuchBucket", 404, AccessError, "there is no bucket evidence"),
        ("SlowDown", 503, AccessError, "SlowDown, words.*Run it again later"),
        ("ServiceUnavailable", 503, AccessError, "Run it again later"),
        ("BadDigest", 400, EvidenceError, "damaged on its way"),
        ("InvalidRequest", 400, AccessError, r"InvalidRequest, words\)\. Check the bucket"),
        ("NeverHeardOf", 400, AccessError, "NeverHeardOf, words"),
    ],
)
def test_a_refused_write_says_what_which_and_what_to_do(
    client: "S3Client", answers: Stubber, code: str, status: int, error: type[ProoftrailError], said: str
) -> None:
    answers.add_response("list_object_versions", NOTHING)
    answers.add_client_error("put_object", code, "words.", http_status_code=status)

    with pytest.raises(error, match=said):
        S3Locker(client, BUCKET).put(KEY, b"{}", retain_until=None)


READS: list[tuple[str, str, Callable[[S3Locker], object]]] = [
    ("list_object_versions", "s3:ListBucketVersions", lambda locker: list(locker.versions(KEY))),
    ("get_object", "s3:GetObjectVersion", lambda locker: locker.get(KEY, version_id="v1")),
    ("get_object_retention", "s3:GetObjectRetention", lambda locker: locker.retained_until(KEY, version_id="v1")),
]


@pytest.mark.parametrize(("call", "action", "ask"), READS, ids=[call for call, _, _ in READS])
def test_a_refused_read_names_the_action_to_allow(
    client: "S3Client", answers: Stubber, call: str, action: str, ask: Callable[[S3Locker], object]
) -> None:
    answers.add_client_error(call, "AccessDenied", http_status_code=403)

    with pytest.raises(AccessError, match=f"{action} on s3://evidence/chain"):
        ask(S3Locker(client, BUCKET))


@pytest.mark.parametrize("code", ["NoSuchKey", "NoSuchVersion", "MethodNotAllowed"])
def test_a_version_that_is_gone_or_a_marker_is_missing(client: "S3Client", answers: Stubber, code: str) -> None:
    answers.add_client_error("get_object", code)

    with pytest.raises(EvidenceMissing, match="s3://evidence"):
        S3Locker(client, BUCKET).get(KEY, version_id="v1")


@pytest.mark.parametrize("code", ["NoSuchObjectLockConfiguration", "InvalidRequest"])
def test_an_object_or_a_bucket_without_lock_is_held_by_nothing(client: "S3Client", answers: Stubber, code: str) -> None:
    answers.add_client_error("get_object_retention", code)

    assert S3Locker(client, BUCKET).retained_until(KEY, version_id="v1") is None


def test_a_version_that_is_named_is_read_without_listing_first(client: "S3Client", answers: Stubber) -> None:
    body = StreamingBody(io.BytesIO(b"{}"), 2)
    answers.add_response("get_object", {"Body": body}, {"Bucket": BUCKET, "Key": KEY, "VersionId": "v7"})

    assert S3Locker(client, BUCKET).get(KEY, version_id="v7") == b"{}"


def test_a_body_that_breaks_off_is_an_access_error_and_not_short_evidence(client: "S3Client", answers: Stubber) -> None:
    answers.add_response("get_object", {"Body": StreamingBody(io.BytesIO(b"{"), 2)})

    with pytest.raises(AccessError, match="s3:GetObjectVersion on s3://evidence"):
        S3Locker(client, BUCKET).get(KEY, version_id="v1")


def test_an_endpoint_that_cannot_be_reached_is_said_without_a_traceback() -> None:
    with pytest.raises(AccessError, match="could not be asked for s3:ListBucketVersions"):
        list(S3Locker(NOWHERE.s3(ONCE), BUCKET).versions(""))


def test_a_bucket_whose_lock_may_not_be_read_names_the_action_to_allow(client: "S3Client", answers: Stubber) -> None:
    answers.add_client_error("get_object_lock_configuration", "AccessDenied")

    with pytest.raises(AccessError, match="s3:GetBucketObjectLockConfiguration"):
        lock_mode(client, BUCKET)


class _Answering:
    """A client that lists and reads, and counts how many reads were asked for."""

    def __init__(self, keys: int, refused: dict[str, str] | None = None) -> None:
        self.keys, self.refused, self.read = [f"outcome/run/{number:04d}" for number in range(keys)], refused or {}, 0

    def get_paginator(self, _: str) -> "_Answering":
        return self

    def paginate(self, **_: object) -> Iterator[dict[str, Any]]:
        yield {"Versions": [a_version(key, f"v-{key}") for key in self.keys]}

    def get_object(self, **known: str) -> dict[str, Any]:
        self.read += 1
        if code := self.refused.get(known["Key"]):
            raise ClientError({"Error": {"Code": code}}, "GetObject")
        assert known["VersionId"] == f"v-{known['Key']}"
        return {"Body": io.BytesIO(b"{}"), "ObjectLockRetainUntilDate": NOW}


def test_reading_all_holds_no_more_in_memory_than_its_readers_need() -> None:
    client = _Answering(200)
    reads = S3Locker(client, BUCKET, readers=4).read_all("outcome/run/")  # type: ignore[arg-type]
    seen = []
    for number, one in enumerate(reads, 1):
        seen.append(one)
        assert client.read <= number + 2 * 4

    assert seen == [Read(key=key, body=b"{}", version_id=f"v-{key}", retain_until=NOW) for key in client.keys]


def test_reading_all_goes_on_over_what_is_gone_and_stops_at_what_is_refused() -> None:
    gone = _Answering(3, {"outcome/run/0001": "NoSuchVersion"})
    bodies = [one.body for one in S3Locker(gone, BUCKET).read_all("outcome/run/")]  # type: ignore[arg-type]
    assert bodies == [b"{}", None, b"{}"]

    refused = _Answering(3, {"outcome/run/0001": "AccessDenied"})
    with pytest.raises(AccessError, match="s3:GetObjectVersion"):
        list(S3Locker(refused, BUCKET).read_all("outcome/run/"))  # type: ignore[arg-type]
