"""Mails to whoever subscribed to a topic."""

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from prooftrail.errors import AccessError

if TYPE_CHECKING:
    from botocore.client import BaseClient


class Topic:
    """The topic `arn`, through a client somebody else made."""

    def __init__(self, client: "BaseClient", arn: str) -> None:
        self._client: Any = client
        self._arn = arn

    def send(self, *, subject: str, text: str) -> str:
        """Send a mail to every confirmed subscriber; gives the message's id. Raises AccessError.

        `subject` is ASCII of fewer than 100 characters, `text` at most 256 KiB. Source: SNS Publish.
        """
        try:
            return str(self._client.publish(TopicArn=self._arn, Subject=subject, Message=text)["MessageId"])
        except ClientError as refused:
            code = refused.response.get("Error", {}).get("Code", "")
            raise AccessError(
                f"AWS refused sns:Publish on {self._arn} ({code}): allow it to this step's role, also on the topic's key."
            ) from refused
        except BotoCoreError as failed:
            raise AccessError(f"SNS could not be asked to send to {self._arn}: {failed}") from failed
