"""What the SES notifier sees to: plain text to one address, marked with the notice, and no mail where it is not known."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.stub import Stubber

from prooftrail.adapters.aws.handing_over import ONCE
from prooftrail.adapters.aws.receipts import Receipts
from prooftrail.adapters.aws.ses_notifier import SesNotifier
from prooftrail.errors import AccessError, NoticeError
from prooftrail.model.notice import ReachState
from prooftrail.ports.notices import Letter
from tests.emulators import NOWHERE

BOB, OWNER = "bob@example.com", "owner:5f0c2f6a"
LETTER = Letter(id="ab" * 32, recipient=OWNER, address=BOB, subject="3 keys to rotate", text="Grüße,\nrotate them.")
WANTED = {
    "FromEmailAddress": "notices@example.com",
    "Destination": {"ToAddresses": [BOB]},
    "Content": {
        "Simple": {
            "Subject": {"Data": "3 keys to rotate", "Charset": "UTF-8"},
            "Body": {"Text": {"Data": "Grüße,\nrotate them.", "Charset": "UTF-8"}},
        }
    },
    "EmailTags": [{"Name": "notice", "Value": LETTER.id}],
    "ConfigurationSetName": "prooftrail-dev",
}


class Told(Receipts):
    """Receipts that are known already."""

    def __init__(self, *dead: str) -> None:
        self._told_dead = frozenset(dead)
        self.forgotten: list[str] = []

    def dead(self) -> frozenset[str]:
        return self._told_dead

    def taken(self) -> Iterator[tuple[str, str]]:
        return iter([("n", "m")])

    def forget(self, notices: Any) -> None:
        self.forgotten += notices


def a_notifier(client: Any, *dead: str, waited: list[float] | None = None) -> SesNotifier:
    return SesNotifier(
        client,
        from_address="notices@example.com",
        configuration_set="prooftrail-dev",
        receipts=Told(*dead),
        pause=(waited if waited is not None else []).append,
    )


def test_a_letter_is_plain_text_to_one_address_and_carries_the_notices_id() -> None:
    client = NOWHERE.client("sesv2", ONCE)
    with Stubber(client) as answers:
        answers.add_response("send_email", {"MessageId": "ses-1"}, WANTED)
        assert a_notifier(client).send(LETTER) == "ses-1"


@pytest.mark.parametrize(
    ("dead", "state"),
    [((), ReachState.DIRECT), (("other@example.com",), ReachState.DIRECT), ((BOB,), ReachState.BOUNCED)],
)
def test_an_address_is_written_to_directly_until_mail_to_it_comes_back(
    dead: tuple[str, ...], state: ReachState
) -> None:
    told = a_notifier(None, *dead)
    assert told.state(OWNER, "Bob@Example.com").state is state
    assert told.invite(OWNER, BOB).state is state


def test_what_is_no_address_is_refused_before_anybody_is_asked() -> None:
    with pytest.raises(NoticeError, match=f"the address of {OWNER} is not one e-mail address"):
        a_notifier(None).state(OWNER, "bob@example.com, eve@example.org")


@pytest.mark.parametrize(
    "code", ["MessageRejected", "AccountSuspendedException", "SendingPausedException", "AccessDeniedException"]
)
def test_a_refused_letter_was_not_sent_and_is_said_without_its_address(code: str) -> None:
    client = NOWHERE.client("sesv2", ONCE)
    with Stubber(client) as answers:
        answers.add_client_error("send_email", code, "Email address is not verified: bob@example.com")
        with pytest.raises(NoticeError, match=rf"AWS refused ses:SendEmail for {OWNER} \({code}\)") as raised:
            a_notifier(client).send(LETTER)
    assert "@" not in str(raised.value)


def test_a_fault_of_awss_leaves_it_open_and_is_tried_once() -> None:
    client = NOWHERE.client("sesv2", ONCE)
    with Stubber(client) as answers:
        answers.add_client_error("send_email", "InternalServiceErrorException", http_status_code=500)
        with pytest.raises(AccessError, match=f"whether ses:SendEmail for {OWNER} was taken is not known"):
            a_notifier(client).send(LETTER)
        answers.assert_no_pending_responses()


def test_no_answer_leaves_it_open() -> None:
    class Silent:
        def send_email(self, **_: Any) -> None:
            raise ReadTimeoutError(endpoint_url="https://ses")

    with pytest.raises(AccessError, match=r"is not known \(ReadTimeoutError\): receipts tell later"):
        a_notifier(Silent()).send(LETTER)


def test_a_rate_that_is_exceeded_is_waited_for() -> None:
    client, waited = NOWHERE.client("sesv2", ONCE), list[float]()
    with Stubber(client) as answers:
        answers.add_client_error("send_email", "TooManyRequestsException", http_status_code=429)
        answers.add_response("send_email", {"MessageId": "ses-1"}, WANTED)
        assert a_notifier(client, waited=waited).send(LETTER) == "ses-1"
    assert waited == [1.0]


def test_receipts_are_those_of_the_queue() -> None:
    told = a_notifier(None)
    assert list(told.receipts()) == [("n", "m")]
    told.forget(("n",))
    assert told._receipts.forgotten == ["n"]  # type: ignore[attr-defined]


def test_the_client_that_hands_letters_over_tries_each_call_once() -> None:
    retries: Any = ONCE.retries  # type: ignore[attr-defined]
    assert retries == {"mode": "standard", "total_max_attempts": 1}
