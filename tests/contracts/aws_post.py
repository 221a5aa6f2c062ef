"""AWS's side of what sends notices, for the contracts: each in a place of its own on an emulator, or in memory."""

import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from prooftrail.adapters.aws.dynamodb_claims import DynamoDbClaims
from prooftrail.adapters.aws.dynamodb_ledger import CLIENT_CONFIG
from prooftrail.adapters.aws.handing_over import ONCE
from prooftrail.adapters.aws.letters_bucket import LettersBucket
from prooftrail.adapters.aws.receipts import Receipts
from prooftrail.adapters.aws.ses_notifier import SesNotifier
from prooftrail.adapters.aws.sns_notifier import SnsNotifier, Topics
from prooftrail.adapters.system_clock import SystemClock
from tests.adapters.aws.receipt_queue import URL, Sqs, from_ses, from_topic
from tests.adapters.aws.subscribers import Sns
from tests.contracts.tables import create_table
from tests.emulators import REGION, Emulator

QUEUE = f"arn:aws:sqs:{REGION}:111111111111:prooftrail-dev-receipts"


def claims_on(server: Emulator) -> DynamoDbClaims:
    """Claims in a table of their own."""
    client, name = server.dynamodb(CLIENT_CONFIG), f"ledger-{uuid.uuid4()}"
    create_table(client, name)
    return DynamoDbClaims(client, name)


def letters_on(server: Emulator) -> LettersBucket:
    """A bucket for letters."""
    client, name = server.s3(), f"work-{uuid.uuid4()}"
    place: Any = {"LocationConstraint": REGION}
    client.create_bucket(Bucket=name, CreateBucketConfiguration=place)
    return LettersBucket(client, name)


@dataclass
class AwsPost:
    """A notifier, and the notices that were handed over so far."""

    notifier: SnsNotifier | SesNotifier
    arrived: list[str] = field(default_factory=list)
    sns: Sns | None = None


def sns_on(server: Emulator) -> AwsPost:
    """SNS and SQS of an emulator, which counts an address as confirmed as soon as it is asked."""
    sqs, sns = server.client("sqs"), server.client("sns", ONCE)
    name = f"receipts-{uuid.uuid4()}"
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    _, partition, _, region, account, _ = queue.split(":")
    key = f"arn:{partition}:kms:{region}:{account}:alias/prooftrail-dev-notices"
    sender = f"arn:{partition}:iam::{account}:role/prooftrail/Prooftrail-dev-Notify"
    topics = Topics(f"prooftrail-{uuid.uuid4()}", account, partition, region, key, sender)
    # What is hidden there stays so for no time, and the clock runs ahead, so that nothing waits.
    receipts = Receipts(sqs, url, clock=SystemClock(), hidden_s=1, wait_s=0, monotonic=Sqs(step=1.0).monotonic_and_on)
    made = AwsPost(SnsNotifier(sns, topics=topics, receipts_queue_arn=queue, receipts=receipts))

    def heard(params: dict[str, Any], **_: Any) -> None:
        made.arrived.append(json.loads(json.loads(params["Message"])["default"])["notice"])

    sns.meta.events.register("before-parameter-build.sns.Publish", heard)
    return made


def sns_in_memory() -> AwsPost:
    """An SNS that asks addresses to confirm, and leaves receipts in a queue."""
    sns, sqs = Sns(), Sqs()
    clients: Any = sns
    topics = Topics("prooftrail-dev-owner", "111111111111", "aws", REGION, "key", "sender")
    made = AwsPost(
        SnsNotifier(clients, topics=topics, receipts_queue_arn=QUEUE, receipts=_receipts(sqs)),
        sns=sns,
    )
    taken = sns.publish

    def publish(**request: Any) -> dict[str, str]:
        answer = taken(**request)
        notice = json.loads(json.loads(request["Message"])["default"])["notice"]
        made.arrived.append(notice)
        sqs.put(from_topic(notice, answer["MessageId"]))
        return answer

    sns.publish = publish  # type: ignore[method-assign]
    return made


def ses_in_memory() -> AwsPost:
    """An SES whose events arrive in a queue."""
    sqs = Sqs()

    class Ses:
        def send_email(self, **request: Any) -> dict[str, str]:
            (tag,) = request["EmailTags"]
            made.arrived.append(tag["Value"])
            event = from_ses("Send", notice=tag["Value"])
            event["mail"]["messageId"] = f"ses-{len(made.arrived)}"
            sqs.put(event)
            return {"MessageId": f"ses-{len(made.arrived)}"}

    client: Any = Ses()
    made = AwsPost(SesNotifier(client, from_address="a@example.com", configuration_set="set", receipts=_receipts(sqs)))
    return made


def _receipts(sqs: Sqs) -> Receipts:
    client: Any = sqs
    return Receipts(client, URL, clock=SystemClock(), monotonic=sqs.monotonic)
