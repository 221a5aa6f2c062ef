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

MUTED = "a filter kept what is sent from arriving: its subscription was taken off, and it is asked to confirm anew"
"""The detail of a recipient whose address had confirmed a subscription that somebody made to deliver nothing."""

_HASH_LENGTH = 32  # hex digits: 128 bits
_UNCONFIRMED, _DELETED = "PendingConfirmation", "Deleted"  # what stands in the place of a subscription's ARN
_NO_TOPIC = "NotFound"
_LISTED_AGAIN_S = (0.0, 1.0, 2.0, 4.0)  # SNS may go on listing for a moment what was put off
_NO_FILTER = ("", "{}")
_FIX = {
    "AuthorizationError": "allow it to this step's role",
    "InvalidParameter": "the address or the topic is not what SNS takes",
    "SubscriptionLimitExceeded": "5,000 addresses of this account wait to be confirmed, or it has all subscriptions it may "
    "have; it is asked again the next day",
    "TopicLimitExceeded": "the account has all the topics it may have: ask AWS for more, or tell owners through SES",
}


# Whoever may subscribe listens in, and whoever may set the policy lets somebody. Deleting a topic is left to operators.
_SENDERS_ALONE = (
    "sns:AddPermission",
    "sns:Publish",
    "sns:RemovePermission",
    "sns:SetTopicAttributes",
    "sns:Subscribe",
)


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
        use = ["sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic", *_SENDERS_ALONE]
        only, but = (
            {"ArnEquals": {"aws:PrincipalArn": self.sender}},
            {"ArnNotEquals": {"aws:PrincipalArn": self.sender}},
        )
        plain = {"Bool": {"aws:SecureTransport": "false"}}
        rows = (
            ("TheSenderUsesIt", "Allow", account, use, only),
            ("NobodyElseMailsOrListens", "Deny", {"AWS": "*"}, list(_SENDERS_ALONE), but),
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

    def is_queue(self, arn: str) -> bool:
        return (self.protocol, self.endpoint) == ("sqs", arn)

    def mails(self, address: str) -> bool:
        return self.protocol == "email" and self.endpoint.casefold() == address.casefold()


class SnsNotifier:
    """Mails through `topics`, through a client that tries a call once (`handing_over.ONCE`).

    Whoever could subscribe would listen in on a topic, so only the sender may: a topic whose policy is another is given
    its own again before anything is published. What listens there beside the recipient's address and the queue is put
    off first, and has to be gone; both must have no filter, or nothing would arrive. Only the protocol `email` is given
    the text. An address that was never confirmed cannot be put off; it hears nothing while it is not. Nothing is said
    with an address in it.
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
        """CONFIRMED, PENDING, or UNSUBSCRIBED where SNS still says so; later that is PENDING with nothing to confirm.

        A confirmed subscription by which nothing arrives is taken off, and the address asked anew.
        """
        mine = [one for one in self._listed(recipient) or [] if one.mails(address)]
        confirmed = [one for one in mine if one.confirmed]
        if confirmed and not any(self._delivers(recipient, one) for one in confirmed):
            return self.invite(recipient, address)
        return _standing(mine)

    def invite(self, recipient: str, address: str) -> Invitation:
        """Ask the address to confirm, again if it was asked before; others that listen are put off. SNS sends the mail."""
        check_address(address, recipient=recipient)
        listed = self._secured(recipient)
        if listed is None:
            self._make(recipient)
        mine = self._alone(recipient, address, listed or [])
        standing = _standing(mine)
        if standing.state is ReachState.CONFIRMED:
            return standing
        answered = str(self._subscribe(recipient, "email", address)).startswith("arn:")
        muted = any(one.confirmed for one in listed or [] if one.mails(address))
        return Invitation(
            state=ReachState.CONFIRMED if answered else ReachState.PENDING, detail=MUTED if muted else None
        )

    def send(self, letter: Letter) -> str:
        """Publish the letter and give the message's id. Source: SNS Publish, `MessageStructure` json."""
        recipient = letter.recipient
        check_letter(letter.subject, letter.address, recipient=recipient)
        receipt = msgspec.json.encode({"notice": letter.id}).decode()
        message = msgspec.json.encode({"default": receipt, "email": letter.text}).decode()
        if len(message.encode()) > MOST_BYTES:
            raise NoticeError(f"the notice for {recipient} is longer than the 256 KiB SNS takes: nothing was sent.")
        self._check(recipient, letter.address)
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

    def _check(self, recipient: str, address: str) -> None:
        """Raises NoticeError unless a letter published now reaches the address and the queue, and nobody else."""
        listed = self._secured(recipient)
        mine = self._alone(recipient, address, listed or [])
        if _standing(mine).state is ReachState.CONFIRMED:
            return
        if any(one.confirmed for one in listed or [] if one.mails(address)):
            self._subscribe(recipient, "email", address)
            raise NoticeError(f"nothing was sent to {recipient}: {MUTED}.")
        raise NoticeError(f"the address of {recipient} is not confirmed any more: nothing was sent.")

    def _alone(self, recipient: str, address: str, listed: list[_Subscription]) -> list[_Subscription]:
        """The subscriptions of the address, once it is mailed once and nothing but the queue listens besides."""
        put_off = set[str]()
        for wait in (*_LISTED_AGAIN_S, None):
            stays = self._staying(recipient, address, listed)
            others = {one.arn for one in listed if one.confirmed and one not in stays}
            if not others:
                break
            if wait is None:
                raise NoticeError(f"somebody else still listens to what {recipient} is sent: nothing was sent.")
            for arn in sorted(others - put_off):
                self._asked("sns:Unsubscribe", recipient, self._client.unsubscribe, SubscriptionArn=arn)
            put_off |= others
            if wait:
                self._pause(wait)
            listed = self._listed(recipient) or []
        if not any(one.is_queue(self._queue) for one in stays):
            self._subscribe(recipient, "sqs", self._queue)
        return [one for one in listed if one.mails(address)]

    def _staying(self, recipient: str, address: str, listed: list[_Subscription]) -> list[_Subscription]:
        """One subscription of the address and one of the queue, if they are confirmed and deliver what is published."""
        wanted = (
            [one for one in listed if one.confirmed and one.mails(address)],
            [one for one in listed if one.confirmed and one.is_queue(self._queue)],
        )
        found = (next((one for one in some if self._delivers(recipient, one)), None) for some in wanted)
        return [one for one in found if one is not None]

    def _delivers(self, recipient: str, one: _Subscription) -> bool:
        """True unless somebody made the subscription so that letters, or receipts as we read them, do not arrive."""
        asked = self._client.get_subscription_attributes
        told = self._asked("sns:GetSubscriptionAttributes", recipient, asked, SubscriptionArn=one.arn)["Attributes"]
        filtered = str(told.get("FilterPolicy", "")).strip() not in _NO_FILTER
        return not filtered and str(told.get("RawMessageDelivery", "")).lower() != "true"

    def _secured(self, recipient: str) -> list[_Subscription] | None:
        """All subscriptions of a topic that has by then what it is made with; None where there is no topic yet."""
        arn = self._topics.arn(recipient)
        try:
            asked = self._client.get_topic_attributes
            there = self._asked("sns:GetTopicAttributes", recipient, asked, TopicArn=arn)["Attributes"]
        except _NoTopicError:
            return None
        for name, wanted in self._topics.attributes(arn).items():
            if _plain(name, there.get(name, "")) != _plain(name, wanted):
                given = {"TopicArn": arn, "AttributeName": name, "AttributeValue": wanted}
                self._asked("sns:SetTopicAttributes", recipient, self._client.set_topic_attributes, **given)
        return self._listed(recipient)

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


def _plain(name: str, value: str) -> object:
    """An attribute as it is compared: of a policy what it says, in whatever order and spelling SNS gives it back."""
    if name != "Policy":
        return value
    try:
        statements = msgspec.json.decode(value)["Statement"]
        return sorted(
            (one["Sid"], msgspec.json.encode(one | {"Action": _actions(one["Action"])}, order="sorted"))
            for one in statements
        )
    except (msgspec.DecodeError, LookupError, TypeError, AttributeError):
        return None


def _actions(listed: list[str] | str) -> list[str]:
    return sorted(one.lower() for one in ([listed] if isinstance(listed, str) else listed))
