"""What a deployed function tells owners with: the notifier that its environment names, claims, letters, and the two flows."""

import time
from functools import cached_property
from typing import TYPE_CHECKING

from prooftrail import grants
from prooftrail.errors import ConfigError

from .deployed_stores import DeployedStores

if TYPE_CHECKING:
    from prooftrail.adapters.aws.dynamodb_claims import DynamoDbClaims
    from prooftrail.adapters.aws.letters_bucket import LettersBucket
    from prooftrail.adapters.aws.receipts import Receipts
    from prooftrail.adapters.aws.sending_lease import SendingLease
    from prooftrail.adapters.aws.ses_notifier import SesNotifier
    from prooftrail.adapters.aws.sns_notifier import SnsNotifier, Topics
    from prooftrail.flows.plan_notices import PlanNotices
    from prooftrail.flows.send_notices import SendNotices

_SNS, _SES = "sns", "ses"


class DeployedNotices(DeployedStores):
    """Raises ConfigError naming the variable that is missing or makes no sense, when something is asked for."""

    @cached_property
    def plan_notices(self) -> "PlanNotices":
        """Plans and seals what owners are told."""
        from prooftrail.flows.plan_notices import PlanNotices  # noqa: PLC0415

        return PlanNotices(
            locker=self.locker,
            sealing=self.sealing,
            pin=self.pin,
            letters=self._letters,
            clock=self._clock,
            confirms=self._notified_by == _SNS,
        )

    @cached_property
    def send_notices(self) -> "SendNotices":
        """Sends what was planned, a shard at a time."""
        from prooftrail.flows.send_notices import SendNotices  # noqa: PLC0415

        return SendNotices(
            locker=self.locker,
            sealing=self.sealing,
            notifier=self._ses if self._notified_by == _SES else self._sns,
            claims=self._claims,
            letters=self._letters,
            clock=self._clock,
            pause=time.sleep,
        )

    @cached_property
    def sending(self) -> "SendingLease":
        """Held while a shard is sent."""
        from prooftrail.adapters.aws.sending_lease import SendingLease  # noqa: PLC0415

        return SendingLease(self._dynamodb, self._need("table"), clock=self._clock)

    @property
    def _notified_by(self) -> str:
        named = str(self._need("notifier"))
        if named not in (_SNS, _SES):
            raise ConfigError(f"PROOFTRAIL_NOTIFIER is {named!r}: sns and ses are the notifiers there are.")
        return named

    @property
    def _sns(self) -> "SnsNotifier":
        from prooftrail.adapters.aws.handing_over import ONCE  # noqa: PLC0415
        from prooftrail.adapters.aws.sns_notifier import SnsNotifier  # noqa: PLC0415

        topics = self._topics
        return SnsNotifier(
            self._client("sns", config=ONCE),
            topics=topics,
            receipts_queue_arn=topics.queue_arn(self._need("receipts_queue")),
            receipts=self._receipts,
        )

    @property
    def _ses(self) -> "SesNotifier":
        from prooftrail.adapters.aws.handing_over import ONCE  # noqa: PLC0415
        from prooftrail.adapters.aws.ses_notifier import SesNotifier  # noqa: PLC0415

        return SesNotifier(
            self._client("sesv2", config=ONCE),
            from_address=self._need("mail_from"),
            configuration_set=self._need("configuration_set"),
            receipts=self._receipts,
        )

    @property
    def _topics(self) -> "Topics":
        """Where topics are: where the key is that encrypts them."""
        from prooftrail.adapters.aws.sns_notifier import Topics  # noqa: PLC0415

        key = self._need("notices_key")
        partition, region, account = self._place_of(key)
        role = grants.role_path(self._deployed.stage, grants.Role.NOTIFY)
        return Topics(
            prefix=self._need("topic_prefix"),
            account=account,
            partition=partition,
            region=region,
            key=key,
            sender=f"arn:{partition}:iam::{account}:role/{role}",
        )

    @property
    def _receipts(self) -> "Receipts":
        """The queue, which SQS knows by a URL that is made of its endpoint, the account and the name."""
        from prooftrail.adapters.aws.receipts import Receipts  # noqa: PLC0415

        client = self._client("sqs")
        _, _, account = self._place_of(self._need("notices_key"))
        url = f"{client.meta.endpoint_url}/{account}/{self._need('receipts_queue')}"
        return Receipts(client, url, clock=self._clock)

    @cached_property
    def _claims(self) -> "DynamoDbClaims":
        from prooftrail.adapters.aws.dynamodb_claims import DynamoDbClaims  # noqa: PLC0415

        return DynamoDbClaims(self._dynamodb, self._need("table"))

    @cached_property
    def _letters(self) -> "LettersBucket":
        from prooftrail.adapters.aws.letters_bucket import LettersBucket  # noqa: PLC0415

        return LettersBucket(self._client("s3"), self._need("work_bucket"))
