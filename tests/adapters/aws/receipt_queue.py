"""An SQS in memory whose messages hide when they are received and come back, and the messages that SNS and SES leave in it."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

URL = "https://sqs.eu-central-1.amazonaws.com/111111111111/prooftrail-dev-receipts"


@dataclass
class Sqs:
    """A client's own methods, over messages that hide when they are received and come back; `now` goes on as one asks."""

    now: float = 0.0
    step: float = 1.0
    messages: dict[str, str] = field(default_factory=dict)
    hidden_until: dict[str, float] = field(default_factory=dict)
    asked: int = 0
    arrived: int = 0
    refuse: Exception | None = None
    sent_ms: dict[str, int] = field(default_factory=dict)
    newest: dict[str, str] = field(default_factory=dict)

    def put(self, *bodies: object, at: datetime | None = None) -> None:
        """Messages arrive, at a time that SQS tells if it is given."""
        for body in bodies:
            self.arrived += 1
            number = f"sqs-{self.arrived:04}"
            self.messages[number] = body if isinstance(body, str) else json.dumps(body)
            if at is not None:
                self.sent_ms[number] = round(at.timestamp() * 1000)

    def receive_message(self, **given: Any) -> dict[str, Any]:
        """What is not hidden, up to so many; it hides."""
        if self.refuse:
            raise self.refuse
        assert given["QueueUrl"] == URL
        self.asked += 1
        self.now += self.step
        seen = [one for one in self.messages if self.hidden_until.get(one, 0.0) <= self.now]
        seen = seen[: given["MaxNumberOfMessages"]]
        for one in seen:
            self.hidden_until[one] = self.now + given["VisibilityTimeout"]
            self.newest[one] = f"{one} received {self.asked}"
        shown = [self._shown(one) for one in seen]
        return {"Messages": shown} if shown else {}

    def _shown(self, number: str) -> dict[str, Any]:
        told = {"Attributes": {"SentTimestamp": str(self.sent_ms[number])}} if number in self.sent_ms else {}
        return {"MessageId": number, "ReceiptHandle": self.newest[number], "Body": self.messages[number], **told}

    def delete_message_batch(self, **given: Any) -> dict[str, Any]:
        """Let go of messages by their newest handle."""
        assert len(given["Entries"]) <= 10
        for entry in given["Entries"]:
            number = entry["ReceiptHandle"].partition(" ")[0]
            assert self.newest[number] == entry["ReceiptHandle"], "only the newest handle is sure to delete"
            del self.messages[number]
        return {"Successful": [], "Failed": []}

    def monotonic(self) -> float:
        """The time as it goes by here."""
        return self.now

    def monotonic_and_on(self) -> float:
        """The time, which goes on each time it is asked: for a queue that is no part of this one."""
        self.now += self.step
        return self.now


def from_topic(notice: str, message_id: str) -> dict[str, str]:
    """What a topic leaves in the queue."""
    return {"Type": "Notification", "MessageId": message_id, "TopicArn": "t", "Message": f'{{"notice":"{notice}"}}'}


def from_ses(kind: str, notice: object = "n", **more: object) -> dict[str, Any]:
    """An event of SES."""
    return {"eventType": kind, "mail": {"messageId": "ses-1", "tags": {"notice": [notice]}}, **more}
