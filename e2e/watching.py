"""The watchdog in the evidence account, and everything that is meant to call somebody."""

import json
from typing import Any

from e2e import evidence
from e2e.proof import STAGE, Proof, StepFailed, expect, until
from e2e.servers import REGION

TOPICS = {"tooling": "alarms", "evidence": "watchdog"}
"""Where each account's alarms go."""


def witness(proof: Proof) -> str:
    """What EventBridge Scheduler would send the watchdog each day; its word lies in the locker afterwards."""
    before = _words(proof)
    proof.invoke("evidence", "watch", {})
    words = sorted(_words(proof) - before)
    if not words:
        raise StepFailed("the watchdog was called and sealed no word")
    return f"the watchdog sealed {', '.join(words)}"


def alarms(proof: Proof) -> str:
    """Every alarm exists and goes to a topic that exists, and the topics have the addresses they were given."""
    counts = {}
    for account, name in TOPICS.items():
        topic = topic_arn(proof, account)
        topics = [one["TopicArn"] for one in proof.client("sns", account).list_topics()["Topics"]]
        if topic not in topics:
            raise StepFailed(f"{topic} is not there; topics in {account}: {topics}")
        found = _alarms(proof, account)
        if not found:
            raise StepFailed(f"no alarms in {account}")
        silent = [one["AlarmName"] for one in found if topic not in one["AlarmActions"]]
        expect(f"alarms in {account} that tell nobody", [], silent)
        subscribed = proof.client("sns", account).list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
        addresses = {"security@example.com"} | ({"auditor@example.com"} if name == "watchdog" else set())
        expect(f"addresses at {topic}", sorted(addresses), sorted(one["Endpoint"] for one in subscribed))
        counts[account] = len(found)
    return f"{counts['tooling']} alarms beside the scanner, {counts['evidence']} beside the evidence, each to its topic"


def weekly_mail(proof: Proof) -> str:
    """The weekly mail names the newest head and the fingerprint of the key; a queue stands in for a mailbox."""
    queue = proof.client("sqs", "evidence").create_queue(QueueName="mailbox")["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{proof.accounts['evidence']}:mailbox"
    topic = topic_arn(proof, "evidence")
    proof.client("sqs", "evidence").set_queue_attributes(
        QueueUrl=queue, Attributes={"Policy": json.dumps(_deliverable(arn, topic))}
    )
    proof.client("sns", "evidence").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    proof.invoke("evidence", "weekly", {})

    def arrived() -> dict[str, Any] | None:
        found = proof.client("sqs", "evidence").receive_message(QueueUrl=queue).get("Messages", [])
        return json.loads(found[0]["Body"]) if found else None

    mail = until("the weekly mail", arrived, seconds=10)
    text = "".join(char for char in mail["Message"] if char not in " :\n")
    head = evidence.verify(proof)["head"]
    for what, words in (("the key's fingerprint", evidence.fingerprint(proof)), ("the head", head.split(":")[-1])):
        if words not in text:
            raise StepFailed(f"the weekly mail does not say {what} ({words}):\n{mail['Message']}")
    return f"the weekly mail says the head and the key: {mail['Subject']!r}"


def topic_arn(proof: Proof, account: str) -> str:
    """Where an account's alarms go."""
    return f"arn:aws:sns:{REGION}:{proof.accounts[account]}:prooftrail-{STAGE}-{TOPICS[account]}"


def _deliverable(queue: str, topic: str) -> dict[str, Any]:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def _alarms(proof: Proof, account: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = proof.client("cloudwatch", account).describe_alarms()["MetricAlarms"]
    return found


def _words(proof: Proof) -> set[str]:
    listed = proof.client("s3", "evidence").list_objects_v2(Bucket=proof.evidence_bucket, Prefix="witness/")
    return {one["Key"] for one in listed.get("Contents", [])}
