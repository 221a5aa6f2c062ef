"""What the queue of receipts sees to: it is read whole or not at all, given until it is let go of, and believed in each form."""

import itertools
import json
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from prooftrail.adapters.aws.receipts import HIDDEN_S, KEPT, LOOKED_AGAIN_S, Receipt, Receipts, receipt_in
from prooftrail.errors import NoticeError
from tests.adapters.aws.receipt_queue import URL, Sqs, from_ses, from_topic
from tests.adapters.aws.subscribers import refusal
from tests.flows.world import StillClock


def reader(sqs: Sqs) -> Receipts:
    client: Any = sqs
    return Receipts(client, URL, clock=StillClock(NOW), monotonic=sqs.monotonic)


NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
BOUNCE = {"bounceType": "Permanent", "bouncedRecipients": [{"emailAddress": "Gone@Example.com", "status": "5.1.1"}]}
COMPLAINT = {"complainedRecipients": [{"emailAddress": "cross@example.com"}]}
DELIVERED = from_ses("Delivery", delivery={"recipients": ["x@example.com"]})


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (from_topic("n", "sns-1"), Receipt(notice="n", message_id="sns-1")),
        (from_ses("Send", send={}), Receipt(notice="n", message_id="ses-1")),
        (DELIVERED, Receipt(notice="n", message_id="ses-1")),
        (from_ses("Reject", reject={"reason": "Bad content"}), Receipt(notice="n", message_id="ses-1", refused=True)),
        (from_ses("Bounce", bounce=BOUNCE), Receipt(notice="n", message_id="ses-1", dead=("gone@example.com",))),
        (
            from_ses("Bounce", bounce=BOUNCE | {"bounceType": "Transient"}),
            Receipt(notice="n", message_id="ses-1"),
        ),
        (
            from_ses("Complaint", complaint=COMPLAINT),
            Receipt(notice="n", message_id="ses-1", dead=("cross@example.com",)),
        ),
        (
            {"Type": "Notification", "MessageId": "sns-9", "Message": json.dumps(DELIVERED)},
            Receipt(notice="n", message_id="ses-1"),
        ),
        (
            {"source": "aws.ses", "detail-type": "Email Delivered", "detail": DELIVERED},
            Receipt(notice="n", message_id="ses-1"),
        ),
        (from_ses("Open"), None),
        (from_ses("Send", notice=7), None),
        ({"eventType": "Send", "mail": {"messageId": "ses-1", "tags": {"notice": ["a", "b"]}}}, None),
        ({"eventType": "Send", "mail": {"tags": {"notice": ["n"]}}}, None),
        ({"Type": "Notification", "MessageId": "sns-1", "Message": "no JSON"}, None),
        ({"Type": "Notification", "MessageId": "sns-1", "Message": '{"notice": 7}'}, None),
        ({"notice": "n"}, None),
        ([], None),
        ("", None),
        ("no JSON", None),
        ("[" * 100_000, None),
    ],
)
def test_a_message_is_a_receipt_in_the_form_of_a_topic_of_ses_or_of_eventbridge_and_else_nothing(
    body: object, says: Receipt | None
) -> None:
    assert receipt_in(body if isinstance(body, str) else json.dumps(body)) == says


def test_all_messages_are_read_and_each_notice_is_given_until_it_is_let_go_of() -> None:
    sqs = Sqs()
    sqs.put(*(from_topic(f"n-{number:02}", f"m-{number:02}") for number in range(25)))
    receipts = reader(sqs)
    everything = [(f"n-{number:02}", f"m-{number:02}") for number in range(25)]
    assert list(receipts.taken()) == everything
    assert list(receipts.taken()) == everything
    receipts.forget(f"n-{number:02}" for number in range(24))
    assert list(reader(sqs).taken()) == everything[24:]
    assert len(sqs.messages) == 1


def test_a_receipt_that_somebody_took_and_died_with_is_waited_for() -> None:
    sqs = Sqs()
    sqs.put(from_topic("n", "m"))
    sqs.receive_message(QueueUrl=URL, MaxNumberOfMessages=10, VisibilityTimeout=HIDDEN_S)
    assert list(reader(sqs).taken()) == [("n", "m")]


def test_without_anything_in_the_queue_nothing_is_given_only_after_what_may_be_hidden_would_have_come_back() -> None:
    sqs = Sqs()
    assert list(reader(sqs).taken()) == []
    assert sqs.now > HIDDEN_S


def test_a_queue_that_cannot_be_read_whole_in_time_is_an_error_and_no_list_that_is_too_short() -> None:
    sqs, numbers = Sqs(), itertools.count()
    given = sqs.receive_message

    def never_empty(**request: Any) -> dict[str, Any]:
        sqs.put(from_topic(f"n-{next(numbers)}", "m"))
        return given(**request)

    sqs.receive_message = never_empty  # type: ignore[method-assign]
    with pytest.raises(NoticeError, match="more receipts than could be read in 240 s: nothing is sent again"):
        list(reader(sqs).taken())
    sqs.put(from_ses("Bounce", bounce=BOUNCE))
    receipts, began = reader(sqs), sqs.now
    assert receipts.dead() == {"gone@example.com"}
    assert receipts.dead() == {"gone@example.com"}
    assert 240 < sqs.now - began < 480


@pytest.mark.parametrize(
    ("failure", "sentence"),
    [
        (refusal("AccessDeniedException"), r"AWS refused sqs:ReceiveMessage on .*receipts \(AccessDeniedException\)"),
        (refusal("AWS.SimpleQueueService.NonExistentQueue"), "or deploy the queue"),
        (ReadTimeoutError(endpoint_url="https://sqs"), "SQS could not be asked for sqs:ReceiveMessage"),
    ],
)
def test_a_queue_that_cannot_be_asked_is_an_error_and_not_an_empty_one(failure: Exception, sentence: str) -> None:
    sqs = Sqs(refuse=failure)
    with pytest.raises(NoticeError, match=sentence):
        list(reader(sqs).taken())
    with pytest.raises(NoticeError, match=sentence):
        reader(sqs).dead()


def test_letting_go_takes_receipts_that_arrived_since_and_what_makes_no_sense_but_none_that_is_not_recorded() -> None:
    sqs = Sqs()
    sqs.put(from_topic("mine", "m-1"), "nonsense", from_topic("other", "m-2"))
    reader(sqs).forget(["mine"])
    assert [json.loads(body)["MessageId"] for body in sqs.messages.values()] == ["m-2"]


def test_the_word_that_an_address_is_dead_stays_when_its_notice_is_let_go_of() -> None:
    sqs = Sqs()
    sqs.put(from_ses("Send"), from_ses("Bounce", bounce=BOUNCE))
    reader(sqs).forget(["n"])
    sqs.now += HIDDEN_S
    assert reader(sqs).dead() == {"gone@example.com"}
    assert len(sqs.messages) == 1


def test_which_addresses_are_dead_is_asked_once_in_a_quarter_of_an_hour() -> None:
    sqs = Sqs()
    sqs.put(from_ses("Complaint", complaint=COMPLAINT))
    receipts = reader(sqs)
    assert receipts.dead() == {"cross@example.com"}
    asked, looked = sqs.asked, sqs.now
    sqs.put(from_ses("Bounce", bounce=BOUNCE))
    sqs.now = looked + LOOKED_AGAIN_S
    assert receipts.dead() == {"cross@example.com"}
    assert sqs.asked == asked
    sqs.now += 1
    assert receipts.dead() == {"cross@example.com", "gone@example.com"}


def test_an_address_is_dead_also_where_somebody_else_read_of_it_a_moment_ago() -> None:
    sqs = Sqs()
    sqs.put(from_ses("Bounce", bounce=BOUNCE))
    sqs.receive_message(QueueUrl=URL, MaxNumberOfMessages=10, VisibilityTimeout=HIDDEN_S)
    receipts = reader(sqs)
    receipts.forget(["n"])
    assert receipts.dead() == {"gone@example.com"}


def test_what_ses_took_and_then_refused_to_deliver_was_not_sent() -> None:
    sqs = Sqs()
    sqs.put(from_ses("Send"), from_ses("Reject", reject={"reason": "Bad content"}), from_topic("other", "m"))
    assert list(reader(sqs).taken()) == [("other", "m")]
    sent_again = from_ses("Send")
    sent_again["mail"]["messageId"] = "ses-2"
    sqs.put(sent_again)
    assert list(reader(sqs).taken()) == [("n", "ses-2"), ("other", "m")]


@pytest.mark.parametrize(("over", "kept"), [(timedelta(), True), (timedelta(milliseconds=1), False)])
def test_a_receipt_nobody_waits_for_any_more_is_let_go_of_when_it_is_read(over: timedelta, kept: bool) -> None:
    sqs, at = Sqs(), NOW - KEPT - over
    sqs.put(from_topic("n", "m"), "nonsense", at=at)
    sqs.put(from_ses("Bounce", bounce=BOUNCE, notice="bounced"), at=at)
    receipts = reader(sqs)
    old = [("n", "m")] if kept else []
    assert list(receipts.taken()) == [("bounced", "ses-1"), *old]
    assert len(sqs.messages) == (3 if kept else 1)
    assert receipts.dead() == {"gone@example.com"}


def test_old_receipts_that_cannot_be_read_in_time_are_fewer_each_time() -> None:
    sqs = Sqs(step=2.0)
    sqs.put(*(from_topic(f"n-{number}", "m") for number in range(3000)), at=NOW - KEPT - timedelta(days=1))
    sqs.put(from_topic("new", "m"))
    left = []
    for _ in range(2):
        with pytest.raises(NoticeError, match="more receipts than could be read in 240 s"):
            list(reader(sqs).taken())
        left.append(len(sqs.messages))
    assert 3000 > left[0] > left[1] > 1
    assert list(reader(sqs).taken()) == [("new", "m")]
    assert len(sqs.messages) == 1


def test_a_long_queue_is_read_by_several_at_once_so_that_it_ends_before_the_first_message_comes_back() -> None:
    sqs, together, lock = Sqs(step=0.0), threading.Barrier(8, timeout=20), threading.Lock()
    sqs.put(*(from_topic(f"n-{number:03}", "m") for number in range(10 + 80)))
    given = sqs.receive_message

    def counted(**request: Any) -> dict[str, Any]:
        if 1 <= sqs.asked < 9:
            together.wait()
        with lock:
            sqs.step = 0.0 if sqs.asked < 9 else 0.5
            return given(**request)

    sqs.receive_message = counted  # type: ignore[method-assign]
    assert len(list(reader(sqs).taken())) == 90
    assert (together.broken, sqs.asked > 9) == (False, True)
