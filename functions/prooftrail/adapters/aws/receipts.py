"""The queue of receipts: which notices were taken, read whole before anything is sent again, and kept until let go of."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from prooftrail.errors import NoticeError

if TYPE_CHECKING:
    from botocore.client import BaseClient

HIDDEN_S = 60
"""How long a message that was received stays hidden from whoever asks next. Somebody who died holding receipts delays
the next one for that long, and never keeps one from it."""

_AT_ONCE = 10  # messages: what SQS gives and deletes at most
_WAIT_S = 2
_QUIET = 2  # answers without a message after which the queue counts as empty
_LONGEST_S = 240  # of the fifteen minutes that Lambda gives
_TAKEN = frozenset({"send", "sent", "delivery", "delivered", "bounce", "bounced", "complaint", "reject"})


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What one message says: which notice was taken under which id, and addresses that nothing reaches any more."""

    notice: str
    message_id: str
    dead: tuple[str, ...] = ()


class Receipts:
    """The queue at `url`, through a client somebody else made. Raises NoticeError where it cannot be asked.

    A message that says that an address is dead stays until the queue lets it go by itself: it is what is known of the
    address. What makes no sense is let go of with the next receipts.
    """

    def __init__(
        self,
        client: "BaseClient",
        url: str,
        *,
        hidden_s: int = HIDDEN_S,
        wait_s: int = _WAIT_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client: Any = client
        self._url, self._hidden_s, self._wait_s, self._monotonic = url, hidden_s, wait_s, monotonic
        self._held: dict[str, tuple[Receipt | None, str]] = {}  # by SQS's id: what it says, and the newest handle
        self._looked = False

    def taken(self) -> Iterator[tuple[str, str]]:
        """Every notice that was taken, with the notifier's id, also those that somebody else was reading a moment ago.

        Raises NoticeError where the queue could not be read whole: a receipt that was not seen is none that is not there.
        """
        self._drain(at_least_s=self._hidden_s)
        yield from sorted({one.notice: one.message_id for one in self._receipts()}.items())

    def dead(self) -> frozenset[str]:
        """The addresses that nothing reaches, in small letters, as told so far; the queue is asked once."""
        if not self._looked:
            self._drain(at_least_s=0)
        return frozenset(address for one in self._receipts() for address in one.dead)

    def forget(self, notices: Iterable[str]) -> None:
        """Let go of receipts that are recorded, also of those that arrived since they were read."""
        self._drain(at_least_s=0)
        known = set(notices)
        gone = [
            (number, handle)
            for number, (receipt, handle) in self._held.items()
            if receipt is None or (receipt.notice in known and not receipt.dead)
        ]
        for start in range(0, len(gone), _AT_ONCE):
            batch = gone[start : start + _AT_ONCE]
            entries = [{"Id": str(place), "ReceiptHandle": handle} for place, (_, handle) in enumerate(batch)]
            # One that is not deleted is only given again.
            self._asked("sqs:DeleteMessage", self._client.delete_message_batch, Entries=entries)
            for number, _ in batch:
                del self._held[number]

    def _receipts(self) -> Iterator[Receipt]:
        return (receipt for receipt, _ in self._held.values() if receipt is not None)

    def _drain(self, *, at_least_s: float) -> None:
        """Read until nothing comes any more, and for so long that whatever was hidden at first has come back."""
        began, quiet = self._monotonic(), 0
        self._looked = True
        while quiet < _QUIET or self._monotonic() - began <= at_least_s:
            messages = self._received()
            quiet = 0 if messages else quiet + 1
            for one in messages:
                self._held[one["MessageId"]] = (receipt_in(one.get("Body", "")), one["ReceiptHandle"])
            if self._monotonic() - began > max(_LONGEST_S, 4 * at_least_s):
                raise NoticeError(
                    f"the queue {self._url} has more receipts than could be read in {_LONGEST_S} s: nothing is sent again"
                    " before it is read whole. Run it again."
                )

    def _received(self) -> list[Mapping[str, str]]:
        answer = self._asked(
            "sqs:ReceiveMessage",
            self._client.receive_message,
            MaxNumberOfMessages=_AT_ONCE,
            WaitTimeSeconds=self._wait_s,
            VisibilityTimeout=self._hidden_s,
        )
        messages: list[Mapping[str, str]] = answer.get("Messages", [])
        return messages

    def _asked(self, action: str, call: Callable[..., Any], **request: Any) -> Any:
        try:
            return call(QueueUrl=self._url, **request)
        except ClientError as refused:
            code = refused.response.get("Error", {}).get("Code", "")
            raise NoticeError(
                f"AWS refused {action} on {self._url} ({code}): allow it to this step's role, or deploy the queue."
            ) from refused
        except BotoCoreError as failed:
            raise NoticeError(
                f"SQS could not be asked for {action} on {self._url}: {type(failed).__name__}."
            ) from failed


def receipt_in(body: str) -> Receipt | None:
    """What a message says; None where it is no receipt.

    SNS wraps what a topic was given and adds its own id; an event of SES comes bare, in such a wrapping, or in
    EventBridge's. Sources: the message formats of SNS, SES "Contents of event data", EventBridge's SES events.
    """
    outer = _mapping(body)
    inner = _mapping(outer.get("Message")) if outer.get("Type") == "Notification" else outer
    if isinstance(inner.get("notice"), str) and isinstance(outer.get("MessageId"), str):
        return Receipt(notice=inner["notice"], message_id=outer["MessageId"])
    return _of_mail(_mapping(inner.get("detail")) or inner)


def _of_mail(event: Mapping[str, Any]) -> Receipt | None:
    mail, kind = _mapping(event.get("mail")), str(event.get("eventType", "")).lower()
    match _mapping(mail.get("tags")).get("notice"), mail.get("messageId"):
        case [str(notice)], str(message_id) if kind in _TAKEN:
            return Receipt(notice=notice, message_id=message_id, dead=_dead(event))
    return None


def _dead(event: Mapping[str, Any]) -> tuple[str, ...]:
    """Addresses that do not exist or whose owner complained; one that was only full or away is not dead."""
    bounce, complaint = _mapping(event.get("bounce")), _mapping(event.get("complaint"))
    told = [complaint.get("complainedRecipients")]
    if bounce.get("bounceType") == "Permanent":
        told.append(bounce.get("bouncedRecipients"))
    named = [_mapping(one).get("emailAddress") for several in told if isinstance(several, list) for one in several]
    return tuple(sorted({one.lower() for one in named if isinstance(one, str)}))


def _mapping(value: object) -> dict[str, Any]:
    """A mapping, also out of its text; empty for anything else."""
    if isinstance(value, str):
        try:
            value = msgspec.json.decode(value)
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}
