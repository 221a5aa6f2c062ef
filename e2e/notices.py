"""What owners are told: asked to confirm, told once a day what is theirs, and every word of it sealed before and after."""

import gzip
import hashlib
import json
from collections import Counter
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from e2e.organization import CONTACT
from e2e.proof import STAGE, Proof, StepFailed, expect, refused
from e2e.servers import REGION

OWNERS = """
[[owner]]
id = "team-ada"
name = "Ada's team"
email = "ada@example.com"
kind = "team"

[[owner]]
id = "team-platform"
name = "Platform team"
email = "platform@example.com"
kind = "team"

[[owner]]
id = "security"
name = "Security team"
email = "security@example.com"
kind = "team"
"""
"""Some of those who are named in tags of the accounts that are seeded, and who is asked last."""

ADDRESSES = ("ada@example.com", "platform@example.com", "security@example.com", CONTACT["EmailAddress"])
_NO_RIGHT = ("AccessDenied", "AccessDeniedException", "AuthorizationError")


def govern(governance: Path, today: date) -> None:
    """Write into a folder of governance what an organization would that has opened its notices for critical and high."""
    opened = [
        f'[[opened]]\ntier = "{tier}"\napproved_by = "E2E"\napproved_on = {today}\n' for tier in ("critical", "high")
    ]
    (governance / "owners.toml").write_text(OWNERS)
    (governance / "notices.toml").write_text('security_team = "security"\nweekly_on = "never"\n' + "\n".join(opened))


def asked(proof: Proof) -> str:
    """After the first run: a plan is sealed, owners have topics named by hashes, each address is asked, and nobody was told."""
    run = proof.runs[-1]
    plan, notices = _plan(proof, run), _notices(proof, run)
    if not notices:
        raise StepFailed(f"the run planned no notice; its plan counts {plan['counts']}")
    sent = _sent(proof, run)
    expect("notices of the first day that were sent", [], [one for one in sent if one.get("message_id")])
    topics = _topics(proof)
    if not topics:
        raise StepFailed(f"no owner has a topic; topics: {_all_topics(proof)}")
    for arn in topics:
        _closed_topic(proof, arn)
        waiting = {
            (one["Protocol"], one["SubscriptionArn"] == "PendingConfirmation") for one in _subscribed(proof, arn)
        }
        expect(f"what is subscribed to {arn}, and whether it waits", {("email", True), ("sqs", False)}, waiting)
    mail = _mailbox(proof)
    expect("mails but for those that ask to confirm", [], [one for one in mail if "token" not in one])
    addresses = sorted(one["to"] for one in mail)
    expect("who is asked, once each", sorted(set(addresses)), addresses)
    accounts = proof.client("organizations", "management").get_paginator("list_accounts").paginate()
    roots = {one["Email"] for page in accounts for one in page["Accounts"]}  # who is asked where there is no contact
    expect("addresses nobody named", [], sorted(set(addresses) - roots - set(ADDRESSES)))
    return f"planned {len(notices)} notices, asked {len(addresses)} addresses to confirm, told nobody yet"


def confirm(proof: Proof) -> str:
    """Each owner follows the link in the mail that asked."""
    sns = proof.client("sns", "tooling")
    tokens = [(one["topic"], one["token"]) for one in _mailbox(proof) if "token" in one]
    for topic, token in tokens:
        sns.confirm_subscription(TopicArn=topic, Token=token)
    for arn in _topics(proof):
        still = [one["Endpoint"] for one in _subscribed(proof, arn) if one["SubscriptionArn"] == "PendingConfirmation"]
        expect(f"who has not confirmed {arn}", [], still)
    return f"{len(tokens)} owners confirmed their addresses"


def told(proof: Proof) -> str:
    """After the next run: each owner has one mail, word for word the one that was sealed before, with the id sealed after."""
    run = proof.runs[-1]
    planned = {one["id"]: one for one in _notices(proof, run)}
    sealed = {one["message_id"]: planned[one["notice"]] for one in _sent(proof, run) if one.get("message_id")}
    letters = [one for one in _mailbox(proof) if "token" not in one]
    if not letters:
        raise StepFailed(f"nobody was told anything; held: {Counter(one.get('held') for one in planned.values())}")
    expect("message ids that are sealed", sorted(one["id"] for one in letters), sorted(sealed))
    for one in letters:
        content = hashlib.sha256(f"{one['subject']}\n{one['text']}".encode()).hexdigest()
        expect(f"the hash of what {one['to']} reads", sealed[one["id"]]["content_sha256"], content)
        if len(one["subject"]) >= 100 or not one["subject"].isascii():
            raise StepFailed(f"a subject mail readers cut or garble: {one['subject']!r}")
    _nobody_twice(letters)
    _no_names(proof, run)
    left = _waiting_receipts(proof)
    expect("receipts still in the queue once they are sealed", 0, left)
    return f"{len(letters)} owners were told by mail, as sealed: {letters[0]['subject']!r}"


def told_of(proof: Proof) -> str:
    """A matter that somebody was told of by mail."""
    planned = {one["id"]: one for one in _notices(proof, proof.runs[-1])}
    one = next(one for one in _sent(proof, proof.runs[-1]) if one.get("message_id"))
    return str(planned[one["notice"]]["items"][0]["matters"][0])


def again(proof: Proof) -> str:
    """A further run of the same day tells nobody twice; what the runs before it planned and sent is in the chain."""
    letters = [one for one in _mailbox(proof) if "token" not in one]
    _nobody_twice(letters)
    ids = Counter(one["message_id"] for run in proof.runs for one in _sent(proof, run) if one.get("message_id"))
    expect("message ids sealed more than once", [], [one for one, times in ids.items() if times > 1])
    expect("mails that no record names", [], sorted({one["id"] for one in letters} - set(ids)))
    return f"{len(letters)} mails in {len(proof.runs)} runs, none twice"


def closed(proof: Proof, sessions: dict[str, dict[str, str]], administrator: dict[str, str]) -> int:
    """Nobody but the sender uses an owner's topic, reads letters or receipts, or forges one; the attempts that were refused."""
    topic = _topics(proof)[0]
    work = f"prooftrail-{STAGE}-work-{proof.accounts['tooling']}-{REGION}"
    letter = proof.client("s3", "tooling").list_objects_v2(Bucket=work, Prefix="letters/")["Contents"][0]["Key"]
    queue, attempts = _queue(proof), 0
    for name, keys in {**sessions, "administrator": administrator}.items():
        sns, s3, sqs = (proof.client_with(service, keys) for service in ("sns", "s3", "sqs"))
        tried = {
            "publishing to an owner": partial(sns.publish, TopicArn=topic, Message="forged"),
            "reading letters": partial(s3.get_object, Bucket=work, Key=letter),
            "taking letters away": partial(s3.delete_object, Bucket=work, Key=letter),
        }
        if name != "administrator":  # of the account itself: what its own policy allows, no queue's policy denies
            tried |= {
                "listening in on an owner": partial(
                    sns.subscribe, TopicArn=topic, Protocol="email", Endpoint="spy@example.com"
                ),
                "reading receipts": partial(sqs.receive_message, QueueUrl=queue),
                "forging a receipt": partial(sqs.send_message, QueueUrl=queue, MessageBody="{}"),
            }
        for what, attempt in tried.items():
            if name == "Notify" and what != "forging a receipt":
                continue
            refused(f"{name}'s {what}", _NO_RIGHT, attempt)
            attempts += 1
    return attempts


def _closed_topic(proof: Proof, arn: str) -> None:
    """A topic of an owner is named by a hash alone, encrypted by the key of notices, and its policy is for the sender."""
    name = arn.rpartition(":")[2].removeprefix(f"prooftrail-{STAGE}-owner-")
    if len(name) != 32 or set(name) - set("0123456789abcdef"):
        raise StepFailed(f"the topic {arn} is not named by a hash")
    made = proof.client("sns", "tooling").get_topic_attributes(TopicArn=arn)["Attributes"]
    key = f"arn:aws:kms:{REGION}:{proof.accounts['tooling']}:alias/prooftrail-{STAGE}-notices"
    expect(f"the key of {arn}", key, made["KmsMasterKeyId"])
    sender = f"arn:aws:iam::{proof.accounts['tooling']}:role/prooftrail/Prooftrail-{STAGE}-Notify"
    if sender not in made["Policy"]:
        raise StepFailed(f"the policy of {arn} does not name {sender}: {made['Policy']}")


def _nobody_twice(letters: list[dict[str, Any]]) -> None:
    a_day = Counter((one["to"], one["at"][:10]) for one in letters)
    expect("who was mailed more than once in a day", [], [one for one, times in a_day.items() if times > 1])


def _no_names(proof: Proof, run: str) -> None:
    """What is sealed of a day names no owner and no address: pseudonyms stand there."""
    sealed = json.dumps([_plan(proof, run), _notices(proof, run), _sent(proof, run)])
    names = (*ADDRESSES, "Ada's team", "Platform team")
    expect("names in what is sealed below notices/", [], [one for one in names if one in sealed])


def _plan(proof: Proof, run: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_sealed(proof, f"notices/{run}/plan.json"))
    return found


def _notices(proof: Proof, run: str) -> list[dict[str, Any]]:
    """The notices a run planned, those it held among them."""
    lines = [
        json.loads(line)
        for shard in _plan(proof, run)["shards"]
        for line in gzip.decompress(_sealed(proof, shard["key"])).splitlines()
    ]
    return [one for one in lines if one["record"] == "notice"]


def _sent(proof: Proof, run: str) -> list[dict[str, Any]]:
    """What became of a run's notices."""
    bucket = proof.client("s3", "evidence")
    listed = bucket.list_objects_v2(Bucket=proof.evidence_bucket, Prefix=f"notices/{run}/sent-").get("Contents", [])
    lines = [json.loads(line) for one in listed for line in _sealed(proof, one["Key"]).splitlines()]
    return [one for one in lines if one["record"] == "sent"]


def _sealed(proof: Proof, key: str) -> bytes:
    body: bytes = proof.client("s3", "evidence").get_object(Bucket=proof.evidence_bucket, Key=key)["Body"].read()
    return body


def _all_topics(proof: Proof) -> list[str]:
    pages = proof.client("sns", "tooling").get_paginator("list_topics").paginate()
    return sorted(one["TopicArn"] for page in pages for one in page["Topics"])


def _topics(proof: Proof) -> list[str]:
    """The owners' topics there are."""
    return [one for one in _all_topics(proof) if f":prooftrail-{STAGE}-owner-" in one]


def _subscribed(proof: Proof, arn: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = proof.client("sns", "tooling").list_subscriptions_by_topic(TopicArn=arn)[
        "Subscriptions"
    ]
    return found


def _queue(proof: Proof) -> str:
    name = f"prooftrail-{STAGE}-receipts"
    return str(proof.client("sqs", "tooling").get_queue_url(QueueName=name)["QueueUrl"])


def _waiting_receipts(proof: Proof) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = proof.client("sqs", "tooling").get_queue_attributes(QueueUrl=_queue(proof), AttributeNames=names)
    return sum(int(found["Attributes"][one]) for one in names)


def _mailbox(proof: Proof) -> list[dict[str, Any]]:
    """Every mail SNS handed out so far, oldest first: those with a token ask to confirm."""
    mails = proof.logs / "mails.jsonl"
    return [json.loads(line) for line in mails.read_text().splitlines()] if mails.exists() else []
