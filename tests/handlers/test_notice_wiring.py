"""What a deployed function tells owners with: the notifier it is told, in the place of its key, tried once."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from prooftrail.adapters.aws.ses_notifier import SesNotifier
from prooftrail.adapters.aws.sns_notifier import SnsNotifier, Topics
from prooftrail.deployed import Deployed
from prooftrail.errors import ConfigError
from prooftrail.wiring.deployed import DeployedWiring
from tests import emulators

KEY = "arn:aws-us-gov:kms:us-gov-west-1:111111111111:alias/prooftrail-prod-notices"
TOLD = Deployed(
    stage="prod",
    asset_sha256="a" * 64,
    notifier="sns",
    topic_prefix="prooftrail-prod-owner",
    receipts_queue="prooftrail-prod-receipts",
    notices_key=KEY,
    mail_from="notices@example.com",
    configuration_set="prooftrail-prod",
)


@pytest.fixture(autouse=True)
def region(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No settings but the region that Lambda names."""
    with emulators.no_aws_settings():
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-gov-west-1")
        yield


def tries_once(client: Any) -> bool:
    return bool(client.meta.config.retries["total_max_attempts"] == 1)


def test_owners_topics_and_the_queue_are_where_their_key_is() -> None:
    made: Any = DeployedWiring(TOLD)._sns
    assert isinstance(made, SnsNotifier)
    assert made._topics == Topics(
        prefix="prooftrail-prod-owner",
        account="111111111111",
        partition="aws-us-gov",
        region="us-gov-west-1",
        key=KEY,
        sender="arn:aws-us-gov:iam::111111111111:role/prooftrail/Prooftrail-prod-Notify",
    )
    assert made._queue == "arn:aws-us-gov:sqs:us-gov-west-1:111111111111:prooftrail-prod-receipts"
    assert made._receipts._url == "https://sqs.us-gov-west-1.amazonaws.com/111111111111/prooftrail-prod-receipts"


def test_what_hands_letters_over_tries_once_and_what_reads_receipts_tries_again() -> None:
    wiring = DeployedWiring(TOLD)
    sns: Any = wiring._sns
    ses: Any = wiring._ses
    assert isinstance(ses, SesNotifier)
    assert (ses._from, ses._configuration_set) == ("notices@example.com", "prooftrail-prod")
    assert tries_once(sns._client)
    assert tries_once(ses._client)
    assert not tries_once(sns._receipts._client)


def test_a_watchdogs_mail_and_an_owners_do_not_share_a_client() -> None:
    """One may be tried again, the other may not."""
    wiring = DeployedWiring(replace(TOLD, topic="arn:aws-us-gov:sns:us-gov-west-1:111111111111:watchdog"))
    topic: Any = wiring.topic
    sns: Any = wiring._sns
    assert not tries_once(topic._client)
    assert tries_once(sns._client)


@pytest.mark.parametrize("named", ["mail", "SNS", ""])
def test_another_notifier_than_those_there_are_is_said(named: str) -> None:
    with pytest.raises(
        ConfigError, match=rf"PROOFTRAIL_NOTIFIER is '{named}': sns and ses are the notifiers there are"
    ):
        _ = DeployedWiring(replace(TOLD, notifier=named))._notified_by


@pytest.mark.parametrize("setting", ["receipts_queue", "notices_key", "topic_prefix"])
def test_a_setting_that_sns_needs_and_was_forgotten_is_named(setting: str) -> None:
    forgotten: Any = {setting: None}
    with pytest.raises(ConfigError, match=f"PROOFTRAIL_{setting.upper()} is not set, and this step needs it"):
        _ = DeployedWiring(replace(TOLD, **forgotten))._sns


@pytest.mark.parametrize("setting", ["mail_from", "configuration_set"])
def test_a_setting_that_ses_needs_and_was_forgotten_is_named(setting: str) -> None:
    forgotten: Any = {setting: None}
    with pytest.raises(ConfigError, match=f"PROOFTRAIL_{setting.upper()} is not set, and this step needs it"):
        _ = DeployedWiring(replace(TOLD, **forgotten))._ses


def test_a_key_that_is_no_arn_is_said() -> None:
    with pytest.raises(ConfigError, match="'notices' is no ARN of a key or alias"):
        _ = DeployedWiring(replace(TOLD, notices_key="notices"))._sns
