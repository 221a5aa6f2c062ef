"""An SNS that asks addresses to confirm, as AWS does and the emulators do not: topics, subscriptions, and what was published."""

from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

type Row = dict[str, str]

PENDING, DELETED = "PendingConfirmation", "Deleted"


def refusal(code: str, *, status: int = 400, message: str = "bob@example.com is refused") -> ClientError:
    """What AWS says no with; its sentence names an address, as some of AWS's do."""
    answer: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "Operation")


@dataclass
class Sns:
    """A client's own methods; `page` rows a page. `refuse` gives what an operation raises, by its name.

    `attributes` are those of subscriptions by ARN, `made_with` those of topics. What was put off is listed `lingering`
    times more.
    """

    page: int = 100
    topics: dict[str, list[Row]] = field(default_factory=dict)
    made_with: dict[str, dict[str, str]] = field(default_factory=dict)
    attributes: dict[str, dict[str, str]] = field(default_factory=dict)
    lingering: int = 0
    published: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    refuse: dict[str, Exception] = field(default_factory=dict)
    _gone: set[str] = field(default_factory=set)

    def create_topic(self, **given: Any) -> dict[str, str]:
        self._heard("create_topic")
        arn = f"arn:aws:sns:eu-central-1:111111111111:{given['Name']}"
        self.topics.setdefault(arn, [])
        self.made_with[arn] = given["Attributes"]
        return {"TopicArn": arn}

    def subscribe(self, **given: str) -> dict[str, str]:
        self._heard("subscribe")
        rows = self._topic(given["TopicArn"])
        named = {"Protocol": given["Protocol"], "Endpoint": given["Endpoint"]}
        for row in rows:
            if row == row | named and row["SubscriptionArn"] != DELETED:
                return {"SubscriptionArn": row["SubscriptionArn"].replace(PENDING, "pending confirmation")}
        at_once = given["Protocol"] == "sqs"
        arn = f"{given['TopicArn']}:{len(self.asked)}" if at_once else PENDING
        rows.append({**named, "SubscriptionArn": arn})
        return {"SubscriptionArn": arn if at_once else "pending confirmation"}

    def get_topic_attributes(self, **given: str) -> dict[str, Any]:
        self._heard("get_topic_attributes")
        self._topic(given["TopicArn"])
        return {"Attributes": dict(self.made_with[given["TopicArn"]])}

    def set_topic_attributes(self, **given: str) -> dict[str, str]:
        self._heard("set_topic_attributes")
        self.made_with[given["TopicArn"]][given["AttributeName"]] = given["AttributeValue"]
        return {}

    def get_subscription_attributes(self, **given: str) -> dict[str, Any]:
        self._heard("get_subscription_attributes")
        return {"Attributes": {"RawMessageDelivery": "false"} | self.attributes.get(given["SubscriptionArn"], {})}

    def unsubscribe(self, **given: str) -> dict[str, str]:
        self._heard("unsubscribe")
        assert given["SubscriptionArn"].startswith("arn:"), "what was never confirmed has no ARN to be put off by"
        self._gone.add(given["SubscriptionArn"])
        return {}

    def list_subscriptions_by_topic(self, **given: str) -> dict[str, Any]:
        self._heard("list_subscriptions_by_topic")
        start = int(given.get("NextToken", "0"))
        if start == 0:
            self._forget_gone()
        rows, end = self._topic(given["TopicArn"]), start + self.page
        return {"Subscriptions": rows[start:end]} | ({"NextToken": str(end)} if end < len(rows) else {})

    def publish(self, **request: Any) -> dict[str, str]:
        self._heard("publish")
        rows = self._topic(request["TopicArn"])
        confirmed = [row for row in rows if row["SubscriptionArn"].startswith("arn:")]
        muted = {arn for arn, told in self.attributes.items() if told.get("FilterPolicy", "{}") != "{}"} | self._gone
        reached = sorted(row["Endpoint"] for row in confirmed if row["SubscriptionArn"] not in muted)
        self.published.append({**request, "reached": reached})
        return {"MessageId": f"m-{len(self.published)}"}

    def confirm(self, endpoint: str) -> None:
        """Somebody follows the link."""
        self._becomes(endpoint, PENDING, "arn:aws:sns:eu-central-1:111111111111:confirmed")

    def take_off(self, endpoint: str) -> None:
        """Somebody follows the link at a mail's foot."""
        for rows in self.topics.values():
            for row in rows:
                if row["Endpoint"] == endpoint:
                    row["SubscriptionArn"] = DELETED

    def listeners(self) -> list[str]:
        """Every endpoint that a publish reaches."""
        rows = [row for several in self.topics.values() for row in several]
        return sorted(row["Endpoint"] for row in rows if row["SubscriptionArn"].startswith("arn:"))

    def mute(self, endpoint: str, **attributes: str) -> None:
        """Somebody sets attributes of every confirmed subscription of an endpoint."""
        for rows in self.topics.values():
            for row in rows:
                if row["Endpoint"] == endpoint and row["SubscriptionArn"].startswith("arn:"):
                    self.attributes[row["SubscriptionArn"]] = attributes

    def _forget_gone(self) -> None:
        if self._gone and self.lingering > 0:
            self.lingering -= 1
            return
        for rows in self.topics.values():
            rows[:] = [row for row in rows if row["SubscriptionArn"] not in self._gone]
        self._gone.clear()

    def _becomes(self, endpoint: str, before: str, arn: str) -> None:
        for rows in self.topics.values():
            for number, row in enumerate(rows):
                if (row["Endpoint"], row["SubscriptionArn"]) == (endpoint, before):
                    row["SubscriptionArn"] = f"{arn}:{number}:{len(self.asked)}"

    def _topic(self, arn: str) -> list[Row]:
        if arn not in self.topics:
            raise refusal("NotFound", status=404)
        return self.topics[arn]

    def _heard(self, operation: str) -> None:
        self.asked.append(operation)
        if operation in self.refuse:
            raise self.refuse[operation]
