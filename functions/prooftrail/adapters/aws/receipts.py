"""The queue of receipts: which notices were taken, read whole before anything is sent again, and kept until let go of."""

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from prooftrail.errors import NoticeError
from prooftrail.ports import Clock

if TYPE_CHECKING:
    from botocore.client import BaseClient

HIDDEN_S = 60
"""How long a message that was received stays hidden from whoever asks next. Somebody who died holding receipts delays
the next one for that long, and never keeps one from it."""

KEPT = timedelta(days=2)
"""How long a receipt is of use: a notice whose sending is in doubt is given up within a day. Older ones are let go of."""

LOOKED_AGAIN_S = 15 * 60
"""After how long the queue is asked anew which addresses are dead: a process may live for days."""

_SENT = "SentTimestamp"
_AT_ONCE = 10  # messages: what SQS gives and deletes at most
_WIDE = 8  # answers asked for at the same time while the queue is full; a client holds ten connections
_WAIT_S = 2
_QUIET = 2  # answers without a message after which the queue counts as empty
_LONGEST_S = 240  # of the fifteen minutes that Lambda gives
_TAKEN = frozenset({"send", "sent", "delivery", "delivered", "bounce", "bounced", "complaint"})
_REFUSED = frozenset({"reject", "rejected"})


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What one message says: which notice was taken under which id, and addresses that nothing reaches any more.

    `refused` says that SES took it and then did not try to deliver it: whatever else is said of that id, it was not sent.
    """

    notice: str
    message_id: str
    dead: tuple[str, ...] = ()
    refused: bool = False


class _TooManyError(NoticeError):
    """The queue could not be read whole in time."""


class _Held(NamedTuple):
    receipt: Receipt | None
    handle: str
    stale: bool


class Receipts:
    """The queue at `url`, through a client somebody else made. Raises NoticeError where it cannot be asked.

    A message that says that an address is dead stays until the queue lets it go by itself: it is what is known of the
    address. What makes no sense is let go of with the next receipts, and a receipt that is `KEPT` no longer as soon as it
    is read: a queue that cannot be read whole in time is shorter the next time.
    """

    def __init__(
        self,
        client: "BaseClient",
        url: str,
        *,
        clock: Clock,
        hidden_s: int = HIDDEN_S,
        wait_s: int = _WAIT_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client: Any = client
        self._url, self._clock, self._monotonic = url, clock, monotonic
        self._hidden_s, self._wait_s = hidden_s, wait_s
        self._held: dict[str, _Held] = {}  # by SQS's id, each with the newest handle
        self._looked_at: float | None = None

    def taken(self) -> Iterator[tuple[str, str]]:
        """Every notice that was taken, with the notifier's id, also those that somebody else was reading a moment ago.

        Raises NoticeError where the queue could not be read whole: a receipt that was not seen is none that is not there.
        """
        self._drain(at_least_s=self._hidden_s)
        refused = {one.message_id for one in self._receipts() if one.refused}
        found = {one.notice: one.message_id for one in self._receipts() if one.message_id not in refused}
        yield from sorted(found.items())

    def dead(self) -> frozenset[str]:
        """The addresses that nothing reaches, in small letters, also those that somebody else was reading of a moment ago.

        The queue is asked once in a quarter of an hour. One that cannot be read whole keeps nobody from being told: an
        address that is only told of in the rest is written to once more.
        """
        if self._looked_at is None or self._monotonic() - self._looked_at > LOOKED_AGAIN_S:
            with contextlib.suppress(_TooManyError):
                self._drain(at_least_s=self._hidden_s)
            self._looked_at = self._monotonic()
        return frozenset(address for one in self._receipts() for address in one.dead)

    def forget(self, notices: Iterable[str]) -> None:
        """Let go of receipts that are recorded, also of those that arrived since they were read."""
        self._drain(at_least_s=0)
        known = set(notices)
        self._let_go(lambda one: one.receipt is None or (one.receipt.notice in known and not one.receipt.dead))

    def _let_go(self, of: Callable[[_Held], bool]) -> None:
        gone = [number for number, one in self._held.items() if of(one)]
        for start in range(0, len(gone), _AT_ONCE):
            batch = gone[start : start + _AT_ONCE]
            handles = (self._held[number].handle for number in batch)
            entries = [{"Id": str(place), "ReceiptHandle": handle} for place, handle in enumerate(handles)]
            # One that is not deleted is only given again.
            self._asked("sqs:DeleteMessage", self._client.delete_message_batch, Entries=entries)
            for number in batch:
                del self._held[number]

    def _receipts(self) -> Iterator[Receipt]:
        return (one.receipt for one in self._held.values() if one.receipt is not None)

    def _drain(self, *, at_least_s: float) -> None:
        """Read until nothing comes any more, and for so long that whatever was hidden at first has come back."""
        began, quiet, asking = self._monotonic(), 0, 1
        while quiet < _QUIET or self._monotonic() - began <= at_least_s:
            messages = self._received(asking)
            quiet = 0 if messages else quiet + 1
            # What was read comes back while a long queue is still being read, so that is read faster than it comes back.
            asking = _WIDE if 2 * len(messages) >= asking * _AT_ONCE else 1
            self._held |= {one["MessageId"]: self._read(one) for one in messages}
            self._let_go(lambda one: one.stale)
            if self._monotonic() - began > max(_LONGEST_S, 4 * at_least_s):
                raise _TooManyError(
                    f"the queue {self._url} has more receipts than could be read in {_LONGEST_S} s: nothing is sent again"
                    " before it is read whole. Run it again."
                )

    def _read(self, message: Mapping[str, Any]) -> _Held:
        receipt = receipt_in(message.get("Body", ""))
        sent = int(message.get("Attributes", {}).get(_SENT, 0)) / 1000  # milliseconds; 0 where SQS does not say
        old = sent > 0 and self._clock.now().timestamp() - sent > KEPT.total_seconds()
        return _Held(receipt, message["ReceiptHandle"], stale=old and not (receipt and receipt.dead))

    def _received(self, asking: int) -> list[Mapping[str, Any]]:
        """The messages of so many answers, asked for at the same time."""
        if asking == 1:
            return self._answer()
        with ThreadPoolExecutor(asking) as together:
            answers = [together.submit(self._answer) for _ in range(asking)]
            return [message for one in answers for message in one.result()]

    def _answer(self) -> list[Mapping[str, Any]]:
        answer = self._asked(
            "sqs:ReceiveMessage",
            self._client.receive_message,
            MaxNumberOfMessages=_AT_ONCE,
            WaitTimeSeconds=self._wait_s,
            VisibilityTimeout=self._hidden_s,
            MessageSystemAttributeNames=[_SENT],
        )
        messages: list[Mapping[str, Any]] = answer.get("Messages", [])
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
        case [str(notice)], str(message_id) if kind in _REFUSED:
            return Receipt(notice=notice, message_id=message_id, refused=True)
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
