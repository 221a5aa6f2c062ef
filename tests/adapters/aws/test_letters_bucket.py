"""Letters in the work bucket: one place a shard, the same bytes each time, and nothing of what is damaged is taken for whole."""

import gzip
import io
from typing import Any

import pytest
from botocore.config import Config
from botocore.response import StreamingBody
from botocore.stub import Stubber

from prooftrail.adapters.aws.letters_bucket import LettersBucket
from prooftrail.errors import NoticeError
from prooftrail.ports.notices import Letter
from tests.emulators import NOWHERE

ONCE = Config(retries={"total_max_attempts": 1}, connect_timeout=1)
RUN, KEY = "20261123T060000Z", "letters/20261123T060000Z/007.jsonl.gz"
LETTER = Letter(id="a" * 32, recipient="person-1", address="ada@example.com", subject="s", text="t")


def stored(body: bytes) -> dict[str, Any]:
    return {"Body": StreamingBody(io.BytesIO(body), len(body))}  # type: ignore[no-untyped-call]


def test_the_letters_of_a_shard_have_one_place_and_the_same_bytes_each_time() -> None:
    written = []

    class S3:
        def put_object(self, **request: Any) -> None:
            written.append(request)

    client: Any = S3()
    for _ in range(2):
        LettersBucket(client, "work").write(RUN, 7, iter([LETTER]))
    assert written[0] == written[1]
    assert (written[0]["Bucket"], written[0]["Key"]) == ("work", KEY)


@pytest.mark.parametrize(
    "body",
    [
        b"no gzip",
        gzip.compress(b'{"id":"a"}\n'),
        gzip.compress(b"no JSON\n"),
        gzip.compress(b"\xff\n"),
        gzip.compress(b"{}\n" * 1000)[:-9],
    ],
    ids=["no gzip", "a field is missing", "no JSON", "no UTF-8", "cut off"],
)
def test_damaged_letters_are_an_error_that_shows_nothing_of_them(body: bytes) -> None:
    client = NOWHERE.s3(ONCE)
    with Stubber(client) as answers:
        answers.add_response("get_object", stored(body), {"Bucket": "work", "Key": KEY})
        with pytest.raises(NoticeError, match=rf"the letters s3://work/{KEY} make no sense \(\w+\): nothing of them"):
            list(LettersBucket(client, "work").read(RUN, 7))


@pytest.mark.parametrize("code", ["NoSuchKey", "AccessDenied"])
def test_letters_that_cannot_be_had_are_said_to_be_gone_or_not_allowed(code: str) -> None:
    client = NOWHERE.s3(ONCE)
    with Stubber(client) as answers:
        answers.add_client_error("get_object", code)
        with pytest.raises(NoticeError, match=rf"{KEY} cannot be read \({code}\): they are gone, or s3:GetObject"):
            list(LettersBucket(client, "work").read(RUN, 7))


def test_a_bucket_that_takes_no_letters_is_named_with_the_action() -> None:
    client = NOWHERE.s3(ONCE)
    with Stubber(client) as answers:
        answers.add_client_error("put_object", "AccessDenied")
        with pytest.raises(NoticeError, match=rf"s3:PutObject on s3://work/{KEY} \(AccessDenied\)"):
            LettersBucket(client, "work").write(RUN, 7, [LETTER])


def test_where_s3_does_not_answer_it_is_an_error_too() -> None:
    letters = LettersBucket(NOWHERE.s3(ONCE), "work")
    with pytest.raises(NoticeError, match="S3 could not be asked to take"):
        letters.write(RUN, 7, [LETTER])
    with pytest.raises(NoticeError, match="S3 could not be asked for"):
        list(letters.read(RUN, 7))
