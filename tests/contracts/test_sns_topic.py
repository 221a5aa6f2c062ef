"""An owner's topic as two servers make it: whoever listens in is gone before a letter is, and the queue never holds one."""

import json
from typing import Any

import pytest

from prooftrail.ports.notices import Letter
from tests.contracts.aws_post import sns_on
from tests.emulators import Emulator

OWNER, ADDRESS, EVE = "person-1", "ada@example.com", "eve@example.org"
LETTER = Letter(id="a" * 32, recipient=OWNER, address=ADDRESS, subject="1 to do", text="A secret of Ada's.\n")


@pytest.fixture(params=["moto", "ministack"])
def server(request: pytest.FixtureRequest) -> Emulator:
    emulator: Emulator = request.getfixturevalue(request.param)
    return emulator


def listening(server: Emulator, arn: str) -> list[str]:
    rows = server.client("sns").list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
    return sorted(row["Endpoint"] for row in rows)


def test_whoever_subscribed_to_an_owners_topic_is_put_off_before_the_letter_goes(server: Emulator) -> None:
    made: Any = sns_on(server)
    made.notifier.invite(OWNER, ADDRESS)
    arn = made.notifier._topics.arn(OWNER)
    server.client("sns").subscribe(TopicArn=arn, Protocol="email", Endpoint=EVE)
    assert EVE in listening(server, arn)
    made.notifier.send(LETTER)
    assert listening(server, arn) == sorted([ADDRESS, made.notifier._queue])


def test_the_topic_is_made_with_the_senders_policy(server: Emulator) -> None:
    made: Any = sns_on(server)
    made.notifier.invite(OWNER, ADDRESS)
    topics = made.notifier._topics
    told = server.client("sns").get_topic_attributes(TopicArn=topics.arn(OWNER))["Attributes"]
    assert json.loads(told["Policy"]) == json.loads(topics.attributes(topics.arn(OWNER))["Policy"])
    assert (told["KmsMasterKeyId"], told["DisplayName"]) == (topics.key, "Prooftrail")


def test_the_queue_is_told_which_notice_and_nothing_of_it(server: Emulator) -> None:
    made: Any = sns_on(server)
    made.notifier.invite(OWNER, ADDRESS)
    message_id = made.notifier.send(LETTER)
    received = server.client("sqs").receive_message(QueueUrl=made.notifier._receipts._url, MaxNumberOfMessages=10)
    (message,) = received["Messages"]
    told = json.loads(message["Body"])
    assert (json.loads(told["Message"]), told["MessageId"]) == ({"notice": LETTER.id}, message_id)
    assert "secret" not in message["Body"]
    assert ADDRESS not in message["Body"]
