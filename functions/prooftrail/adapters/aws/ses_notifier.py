"""Notices through SES v2, which mails any address without asking it first and tells what became of each mail."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from prooftrail.model.notice import ReachState
from prooftrail.ports.notices import Invitation, Letter

from .handing_over import Pause, check_address, check_letter, hand_over
from .receipts import Receipts

if TYPE_CHECKING:
    from botocore.client import BaseClient

_UTF8 = "UTF-8"


class SesNotifier:
    """Mails from `from_address`, through a client that tries a call once (`handing_over.ONCE`).

    The configuration set must send its events to the queue of receipts, at least SEND and BOUNCE: without them nobody can
    tell whether a mail whose answer was lost was taken, and it would be sent twice.
    """

    how = "ses"

    def __init__(
        self,
        client: "BaseClient",
        *,
        from_address: str,
        configuration_set: str,
        receipts: Receipts,
        pause: Pause = time.sleep,
    ) -> None:
        self._client: Any = client
        self._from, self._configuration_set, self._receipts = from_address, configuration_set, receipts
        self._pause = pause

    def state(self, recipient: str, address: str) -> Invitation:
        """DIRECT, or BOUNCED where the queue says that nothing reaches the address, or that its owner complained.

        The queue forgets after fourteen days: whoever asks keeps BOUNCED until the address is another.
        """
        check_address(address, recipient=recipient)
        if address.lower() in self._receipts.dead():
            return Invitation(state=ReachState.BOUNCED, detail="mail to it came back for good, or was complained of")
        return Invitation(state=ReachState.DIRECT)

    def invite(self, recipient: str, address: str) -> Invitation:
        """Nothing has to be confirmed: its state as it is."""
        return self.state(recipient, address)

    def send(self, letter: Letter) -> str:
        """Mail the letter as plain text and give SES's id for it. Source: SES v2 SendEmail, simple content."""
        check_letter(letter.subject, letter.address, recipient=letter.recipient)
        content = {
            "Simple": {
                "Subject": {"Data": letter.subject, "Charset": _UTF8},
                "Body": {"Text": {"Data": letter.text, "Charset": _UTF8}},
            }
        }
        answer = hand_over(
            lambda: self._client.send_email(
                FromEmailAddress=self._from,
                Destination={"ToAddresses": [letter.address]},
                Content=content,
                EmailTags=[{"Name": "notice", "Value": letter.id}],
                ConfigurationSetName=self._configuration_set,
            ),
            action="ses:SendEmail",
            recipient=letter.recipient,
            pause=self._pause,
        )
        return str(answer["MessageId"])

    def receipts(self) -> Iterator[tuple[str, str]]:
        """What SES's events in the queue say was taken."""
        return self._receipts.taken()

    def forget(self, notices: tuple[str, ...]) -> None:
        """Take recorded receipts out of the queue; a bounce stays, for it is what is known of the address."""
        self._receipts.forget(notices)
