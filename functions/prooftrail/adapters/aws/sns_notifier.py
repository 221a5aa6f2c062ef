"""Notices through SNS: a topic for each recipient, which mails one confirmed address and leaves a receipt in a queue."""

import hashlib
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from prooftrail.errors import NoticeError
from prooftrail.model.notice import ReachState
from prooftrail.ports.notices import Invitation, Letter

from .handing_over import Pause, ask, check_address, check_letter, code_of, hand_over
from .receipts import Receipts

if TYPE_CHECKING:
    from botocore.client import BaseClient

MOST_BYTES = 256 * 1024
"""What SNS takes in one message, its parts for all protocols together."""

NOT_ASKED = "it has no subscription: it was never asked, took itself off, or let the two days go by"
"""The detail of a recipient that is PENDING because there is nothing to confirm."""

_HASH_LENGTH = 32  # hex digits: 128 bits
_UNCONFIRMED, _DELETED = "PendingConfirmation", "Deleted"  # what stands in the place of a subscription's ARN
_NO_TOPIC = "NotFound"
_FIX = {
    "AuthorizationError": "allow it to this step's role",
    "InvalidParameter": "the address or the topic is not what SNS takes",
    "SubscriptionLimitExceeded": "5,000 addresses of this account wait to be confirmed, or it has all subscriptions it may "
    "have; it is asked again the next day",
    "TopicLimitExceeded": "the account has all the topics it may have: ask AWS for more, or tell owners through SES",
}


class Topics(NamedTuple):
    """Where recipients' topics are and how they are made. `key` encrypts them; `sender` is the one role that may use them."""

    prefix: str
    account: str
    partition: str
    region: str
    key: str
    sender: str

    def arn(self, recipient: str) -> str:
        """A recipient's topic: its name is a hash, so that no list of topics is a list of people."""
        name = f"{self.prefix}-{hashlib.sha256(recipient.encode()).hexdigest()[:_HASH_LENGTH]}"
        return f"arn:{self.partition}:sns:{self.region}:{self.account}:{name}"

    def queue_arn(self, name: str) -> str:
        """The ARN of a queue beside the topics."""
        return f"arn:{self.partition}:sqs:{self.region}:{self.account}:{name}"

    def attributes(self, arn: str) -> dict[str, str]:
        """What a topic is made with. In place of SNS's own policy, which lets the whole account in, one for the sender."""
        policy = msgspec.json.encode({"Version": "2012-10-17", "Statement": self._statements(arn)}).decode()
        return {"DisplayName": "Prooftrail", "KmsMasterKeyId": self.key, "Policy": policy}

    def _statements(self, arn: str) -> list[dict[str, Any]]:
        account = {"AWS": f"arn:{self.partition}:iam::{self.account}:root"}
        use = ["sns:ListSubscriptionsByTopic", "sns:Publish", "sns:Subscribe"]
        only, but = (
            {"ArnEquals": {"aws:PrincipalArn": self.sender}},
            {"ArnNotEquals": {"aws:PrincipalArn": self.sender}},
        )
        plain = {"Bool": {"aws:SecureTransport": "false"}}
        rows = (
            ("TheSenderUsesIt", "Allow", account, use, only),
            ("NobodyElseMails", "Deny", {"AWS": "*"}, ["sns:Publish"], but),
            ("OnlyEncrypted", "Deny", {"AWS": "*"}, ["sns:Publish"], plain),
        )
        return [
            {"Sid": sid, "Effect": effect, "Principal": who, "Action": does, "Resource": arn, "Condition": condition}
            for sid, effect, who, does, condition in rows
        ]


class _NoTopicError(NoticeError):
    """The recipient has no topic yet."""


class _Subscription(NamedTuple):
    protocol: str
    endpoint: str
    arn: str

    @property
    def confirmed(self) -> bool:
        return self.arn not in (_UNCONFIRMED, _DELETED)

    def mails(self, address: str) -> bool:
        return self.protocol == "email" and self.endpoint.casefold() == address.casefold()


class SnsNotifier:
    """Mails through `topics`, through a client that tries a call once (`handing_over.ONCE`).

    Whoever may subscribe could listen in on a topic. So anything that listens there beside the recipient's address and
    the queue is put off before anything is published, and only the protocol `email` is given the text. An address that
    was never confirmed cannot be put off; it hears nothing while it is not. Nothing is said with an address in it.
    """

    how = "sns"

    def __init__(
        self,
        client: "BaseClient",
        *,
        topics: Topics,
        receipts_queue_arn: str,
        receipts: Receipts,
        pause: Pause = time.sleep,
    ) -> None:
        self._client: Any = client
        self._topics, self._queue, self._receipts, self._pause = topics, receipts_queue_arn, receipts, pause

    def state(self, recipient: str, address: str) -> Invitation:
        """CONFIRMED, PENDING, or UNSUBSCRIBED where SNS still says so; later that is PENDING with nothing to confirm."""
        listed = self._listed(recipient)
        return _standing([one for one in listed or [] if one.mails(address)])

    def invite(self, recipient: str, address: str) -> Invitation:
        """Ask the address to confirm, again if it was asked before; others that listen are put off. SNS sends the mail."""
        check_address(address, recipient=recipient)
        listed = self._listed(recipient)
        if listed is None:
            self._make(recipient)
        mine = self._alone(recipient, address, listed or [])
        standing = _standing(mine)
        if standing.state is ReachState.CONFIRMED:
            return standing
        answered = str(self._subscribe(recipient, "email", address)).startswith("arn:")
        return Invitation(state=ReachState.CONFIRMED if answered else ReachState.PENDING)

    def send(self, letter: Letter) -> str:
        """Publish the letter and give the message's id. Source: SNS Publish, `MessageStructure` json."""
        recipient = letter.recipient
        check_letter(letter.subject, letter.address, recipient=recipient)
        receipt = msgspec.json.encode({"notice": letter.id}).decode()
        message = msgspec.json.encode({"default": receipt, "email": letter.text}).decode()
        if len(message.encode()) > MOST_BYTES:
            raise NoticeError(f"the notice for {recipient} is longer than the 256 KiB SNS takes: nothing was sent.")
        mine = self._alone(recipient, letter.address, self._listed(recipient) or [])
        if _standing(mine).state is not ReachState.CONFIRMED:
            raise NoticeError(f"the address of {recipient} is not confirmed any more: nothing was sent.")
        answer = hand_over(
            lambda: self._client.publish(
                TopicArn=self._topics.arn(recipient), Subject=letter.subject, Message=message, MessageStructure="json"
            ),
            action="sns:Publish",
            recipient=recipient,
            pause=self._pause,
        )
        return str(answer["MessageId"])

    def receipts(self) -> Iterator[tuple[str, str]]:
        """What topics left in the queue."""
        return self._receipts.taken()

    def forget(self, notices: tuple[str, ...]) -> None:
        """Take recorded receipts out of the queue, also those that arrived since it was read."""
        self._receipts.forget(notices)

    def _alone(self, recipient: str, address: str, listed: list[_Subscription]) -> list[_Subscription]:
        """The subscriptions of the address, once it is mailed once and nothing but the queue listens besides."""
        mine = [one for one in listed if one.mails(address)]
        receipts = [one for one in listed if (one.protocol, one.endpoint) == ("sqs", self._queue)]
        stays = [*receipts, *[one for one in mine if one.confirmed][:1]]
        for one in listed:
            if one.confirmed and one not in stays:
                self._asked("sns:Unsubscribe", recipient, self._client.unsubscribe, SubscriptionArn=one.arn)
        if not any(one.confirmed for one in receipts):
            self._subscribe(recipient, "sqs", self._queue)
        return mine

    def _make(self, recipient: str) -> None:
        arn = self._topics.arn(recipient)
        name, attributes = arn.rpartition(":")[2], self._topics.attributes(arn)
        self._asked("sns:CreateTopic", recipient, self._client.create_topic, Name=name, Attributes=attributes)

    def _subscribe(self, recipient: str, protocol: str, endpoint: str) -> str:
        given = {"TopicArn": self._topics.arn(recipient), "Protocol": protocol, "Endpoint": endpoint}
        return str(self._asked("sns:Subscribe", recipient, self._client.subscribe, **given).get("SubscriptionArn", ""))

    def _listed(self, recipient: str) -> list[_Subscription] | None:
        """Everything that is subscribed to a recipient's topic, all pages; None where there is no topic yet."""
        found, request = list[_Subscription](), {"TopicArn": self._topics.arn(recipient)}
        listing = self._client.list_subscriptions_by_topic
        while True:
            try:
                answer = self._asked("sns:ListSubscriptionsByTopic", recipient, listing, **request)
            except _NoTopicError:
                return None
            rows = answer.get("Subscriptions", [])
            found += [_Subscription(one["Protocol"], one["Endpoint"], one["SubscriptionArn"]) for one in rows]
            onward = answer.get("NextToken")
            if not onward:
                return found
            if onward == request.get("NextToken"):
                raise NoticeError(f"SNS lists the subscribers of {recipient} without end: nothing was sent.")
            request = request | {"NextToken": onward}

    def _asked(self, action: str, recipient: str, call: Callable[..., Any], **request: Any) -> Any:
        """What SNS answers. Raises NoticeError with AWS's code and never its sentence, which may hold the address."""
        try:
            return ask(lambda: call(**request), pause=self._pause)
        except ClientError as refused:
            code = code_of(refused)
            sentence = f"AWS refused {action} for {recipient} ({code}): {_FIX.get(code, 'run it again')}."
            raise (_NoTopicError if code == _NO_TOPIC else NoticeError)(sentence) from refused
        except BotoCoreError as failed:
            raise NoticeError(
                f"SNS could not be asked for {action} for {recipient}: {type(failed).__name__}."
            ) from failed


def _standing(mine: list[_Subscription]) -> Invitation:
    if any(one.confirmed for one in mine):
        return Invitation(state=ReachState.CONFIRMED)
    if any(one.arn == _UNCONFIRMED for one in mine):
        return Invitation(state=ReachState.PENDING)
    if mine:
        return Invitation(state=ReachState.UNSUBSCRIBED)
    return Invitation(state=ReachState.PENDING, detail=NOT_ASKED)
