"""What stands beside the scanner and outlives it: the ledger, two keys, the alarms, the work bucket."""

from typing import Any

import pytest

from infra.ledger_stack import LedgerStack
from infra.stage import Notices
from prooftrail.grants import Key, Role
from prooftrail.settings import LEDGER_TABLE

from .policy_engine import Request, allowed, denied
from .stages import EVIDENCE, ORGANIZATION, STRANGER, TOOLING, a_stage
from .templates import Rendered

STAGE = a_stage(security_team=("security@example.com", "second@example.com"))
NAMES = STAGE.names()
ADMIN = f"arn:aws:iam::{TOOLING}:role/Admin"
ROOT_USER = f"arn:aws:iam::{TOOLING}:root"
DEPLOYER = f"arn:aws:iam::{TOOLING}:role/cdk-hnb659fds-cfn-exec-role-{TOOLING}-eu-central-1"
EVERYBODY = [ADMIN, ROOT_USER, DEPLOYER, *(NAMES.role_arn(role) for role in Role)]


@pytest.fixture(scope="module")
def ledger() -> Rendered:
    return Rendered(LedgerStack, STAGE)


def test_the_stack_stands_in_the_tooling_account_and_is_protected(ledger: Rendered) -> None:
    stack = ledger.stack
    assert (stack.account, stack.region, stack.termination_protection) == (TOOLING, "eu-central-1", True)


def test_what_cannot_be_replaced_is_retained_and_nobody_goes_on_getting_mail(ledger: Rendered) -> None:
    """What a failed first deployment made goes again where it can be deleted: neither a key nor the protected table can."""
    found: dict[str | None, set[str]] = {}
    for one in ledger.resources.values():
        found.setdefault(one.get("DeletionPolicy"), set()).add(one["Type"])
    assert found == {
        "Retain": {"AWS::DynamoDB::GlobalTable", "AWS::KMS::Key"},
        "RetainExceptOnCreate": {"AWS::KMS::Alias", "AWS::S3::Bucket", "AWS::S3::BucketPolicy"},
        None: {
            "AWS::SNS::Subscription",
            "AWS::SNS::Topic",
            "AWS::SNS::TopicPolicy",
            "AWS::SQS::QueuePolicy",
        },
        "Delete": {"AWS::SQS::Queue"},
    }


def test_the_ledger_has_the_keys_and_indexes_of_the_adapter_and_comes_back_after_a_mistake(ledger: Rendered) -> None:
    table = ledger.one("AWS::DynamoDB::GlobalTable", TableName=STAGE.table)
    assert f"table/{table['TableName']}" == NAMES.table_arn.rpartition(":")[2]
    assert _keys(table) == (LEDGER_TABLE.hash_key, LEDGER_TABLE.range_key)
    indexes = {one["IndexName"]: (_keys(one), one["Projection"]) for one in table["GlobalSecondaryIndexes"]}
    assert indexes == {
        one.name: ((one.hash_key, one.range_key), {"ProjectionType": one.projection}) for one in LEDGER_TABLE.indexes
    }
    assert table["BillingMode"] == LEDGER_TABLE.billing_mode
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    (replica,) = table["Replicas"]
    assert replica["DeletionProtectionEnabled"] is True
    assert replica["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def _keys(one: dict[str, Any]) -> tuple[str, ...]:
    return tuple(key["AttributeName"] for key in one["KeySchema"])


def test_the_keys_are_a_mac_and_one_that_turns_yearly(ledger: Rendered) -> None:
    mac, notices = ledger.of("AWS::KMS::Key").values()
    assert (mac["KeySpec"], mac["KeyUsage"]) == ("HMAC_256", "GENERATE_VERIFY_MAC")
    assert "KeySpec" not in notices
    assert notices["EnableKeyRotation"] is True


@pytest.mark.parametrize("action", ["kms:GenerateMac", "kms:VerifyMac"])
def test_pseudonyms_are_keyed_by_those_who_write_evidence_alone(ledger: Rendered, action: str) -> None:
    policy = ledger.key_policy(NAMES.alias(Key.FINGERPRINTS))
    users = {by for by in EVERYBODY if allowed(policy, Request(by=by, action=action, on="*"))}
    wanted = {NAMES.role_arn(role) for role in (Role.START, Role.SCAN, Role.SEAL, Role.REMIND, Role.NOTIFY)}
    assert users == (wanted if action == "kms:GenerateMac" else set())
    for by in set(EVERYBODY) - wanted:
        assert "NobodyElseUsesIt" in denied(policy, Request(by=by, action="kms:GenerateMac", on="*"))


@pytest.mark.parametrize("key", [Key.FINGERPRINTS, Key.NOTICES])
@pytest.mark.parametrize(
    ("action", "keepers"),
    [
        ("kms:ScheduleKeyDeletion", {ROOT_USER}),
        ("kms:DisableKey", {ROOT_USER}),
        ("kms:PutKeyPolicy", {ROOT_USER, DEPLOYER}),
        ("kms:UpdateAlias", {ROOT_USER, DEPLOYER}),
        ("kms:DeleteAlias", {ROOT_USER, DEPLOYER}),
        ("kms:CreateGrant", set()),
    ],
)
def test_a_key_is_turned_or_ended_only_by_its_keepers(
    ledger: Rendered, key: Key, action: str, keepers: set[str]
) -> None:
    policy = ledger.key_policy(NAMES.alias(key))
    assert {by for by in EVERYBODY if allowed(policy, Request(by=by, action=action, on="*"))} == keepers


def test_administrators_of_the_evidence_accounts_keys_have_no_say_here() -> None:
    stage = a_stage(key_administrators=(f"arn:aws:iam::{EVIDENCE}:role/KeyAdmin",))
    policy = Rendered(LedgerStack, stage).key_policy(NAMES.alias(Key.FINGERPRINTS))
    spared = [by for by in EVERYBODY if not denied(policy, Request(by=by, action="kms:DisableKey", on="*"))]
    assert spared == [ROOT_USER]


SNS = {"kms:ViaService": "sns.eu-central-1.amazonaws.com", "kms:CallerAccount": TOOLING}


@pytest.mark.parametrize("action", ["kms:Decrypt", "kms:GenerateDataKey"])
@pytest.mark.parametrize(
    ("by", "keys", "lets"),
    [
        ("cloudwatch.amazonaws.com", {"aws:SourceAccount": TOOLING}, True),
        ("events.amazonaws.com", {"aws:SourceAccount": TOOLING}, False),
        ("cloudwatch.amazonaws.com", {"aws:SourceAccount": STRANGER}, False),
        ("cloudwatch.amazonaws.com", {}, False),
        ("s3.amazonaws.com", {"aws:SourceAccount": TOOLING}, False),
        (ADMIN, {}, False),
        (ADMIN, SNS, True),
        (ADMIN, SNS | {"kms:ViaService": "s3.eu-central-1.amazonaws.com"}, False),
        (f"arn:aws:iam::{STRANGER}:role/Any", SNS | {"aws:PrincipalOrgID": ORGANIZATION}, False),
    ],
)
def test_notices_are_read_and_sent_by_alarms_and_through_sns_alone(
    ledger: Rendered, action: str, by: str, keys: dict[str, str], lets: bool
) -> None:
    policy = ledger.key_policy(NAMES.alias(Key.NOTICES))
    assert allowed(policy, Request(by=by, action=action, on="*", keys=keys)) is lets


def test_the_alarms_are_encrypted_and_go_to_the_whole_security_team(ledger: Rendered) -> None:
    topic = ledger.one("AWS::SNS::Topic", TopicName="prooftrail-prod-alarms")
    notices = ledger.one("AWS::KMS::Alias", AliasName=NAMES.alias(Key.NOTICES))["TargetKeyId"]
    assert topic["KmsMasterKeyId"] == notices
    mailed = {(one["Protocol"], one["Endpoint"]) for one in ledger.of("AWS::SNS::Subscription").values()}
    assert mailed == {("email", "security@example.com"), ("email", "second@example.com")}


@pytest.mark.parametrize(
    ("by", "keys", "lets"),
    [
        ("cloudwatch.amazonaws.com", {"aws:SourceAccount": TOOLING}, True),
        ("events.amazonaws.com", {"aws:SourceAccount": TOOLING}, False),
        ("cloudwatch.amazonaws.com", {"aws:SourceAccount": STRANGER}, False),
        ("cloudwatch.amazonaws.com", {"aws:SourceAccount": TOOLING, "aws:SecureTransport": "false"}, False),
        (f"arn:aws:iam::{STRANGER}:role/Any", {}, False),
    ],
)
def test_the_topic_takes_this_accounts_alarms_over_tls(
    ledger: Rendered, by: str, keys: dict[str, str], lets: bool
) -> None:
    (policy,) = ledger.of("AWS::SNS::TopicPolicy").values()
    (topic,) = policy["Topics"]
    assert allowed(policy["PolicyDocument"], Request(by=by, action="sns:Publish", on=topic, keys=keys)) is lets


def test_the_work_bucket_is_private_logged_and_forgets(ledger: Rendered) -> None:
    bucket = ledger.one("AWS::S3::Bucket", BucketName=STAGE.work_bucket)
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert bucket["LoggingConfiguration"] == {
        "DestinationBucketName": f"arn:aws:s3:::{STAGE.work_logs_bucket}",
        "LogFilePrefix": "work/",
    }
    rules = bucket["LifecycleConfiguration"]["Rules"]
    assert [(one.get("Prefix"), one["ExpirationInDays"], one["Status"]) for one in rules] == [
        (None, 30, "Enabled"),
        ("letters/", 2, "Enabled"),  # they name people
    ]


@pytest.mark.parametrize(("action", "role"), [("s3:PutObject", Role.REMIND), ("s3:GetObject", Role.NOTIFY)])
def test_a_letter_is_written_by_one_step_read_by_another_and_by_nobody_else(
    ledger: Rendered, action: str, role: Role
) -> None:
    policy, work = ledger.policy_of(STAGE.work_bucket), f"arn:aws:s3:::{STAGE.work_bucket}"
    letter, listed = (f"{work}/{key}" for key in ("letters/20261122T050000Z/000.jsonl.gz", "items/a.jsonl"))
    spared = {by for by in EVERYBODY if not denied(policy, Request(by=by, action=action, on=letter))}
    assert spared == {NAMES.role_arn(role)}
    assert {by for by in EVERYBODY if denied(policy, Request(by=by, action=action, on=listed))} == set()


@pytest.mark.parametrize("action", ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:DeleteObjectTagging"])
def test_what_waits_for_the_next_step_is_taken_away_by_nobody_but_the_lifecycle(ledger: Rendered, action: str) -> None:
    policy, work = ledger.policy_of(STAGE.work_bucket), f"arn:aws:s3:::{STAGE.work_bucket}"
    spared = {
        (by, key)
        for by in EVERYBODY
        for key in ("letters/20261122T050000Z/000.jsonl.gz", "work/20261122T050000Z/accounts.jsonl", "results/a.json")
        if not denied(policy, Request(by=by, action=action, on=f"{work}/{key}"))
    }
    assert spared == {(by, "results/a.json") for by in EVERYBODY}


@pytest.mark.parametrize("name", [STAGE.work_bucket, STAGE.work_logs_bucket])
@pytest.mark.parametrize("keys", [{"aws:SecureTransport": "false"}, {"s3:TlsVersion": "1.1"}])
def test_nothing_comes_in_below_tls_1_2(ledger: Rendered, name: str, keys: dict[str, str]) -> None:
    on, policy = f"arn:aws:s3:::{name}/a", ledger.policy_of(name)
    assert denied(policy, Request(by=ADMIN, action="s3:PutObject", on=on, keys=keys))
    assert not denied(policy, Request(by=ADMIN, action="s3:PutObject", on=on))


BY_SES = a_stage(notices=Notices(notifier="ses", mail_from="notices@example.com", configuration_set="owners"))
OWNERS_TOPIC = f"arn:aws:sns:eu-central-1:{TOOLING}:prooftrail-prod-owner-{'0' * 32}"


@pytest.fixture(scope="module")
def by_ses() -> Rendered:
    return Rendered(LedgerStack, BY_SES)


def test_receipts_lie_encrypted_for_two_weeks(ledger: Rendered) -> None:
    assert list(ledger.of("AWS::SQS::Queue").values()) == [
        {
            "QueueName": "prooftrail-prod-receipts",
            "SqsManagedSseEnabled": True,  # with a key of its own SNS would need a right to it
            "MessageRetentionPeriod": 14 * 24 * 3600,
        }
    ]


@pytest.mark.parametrize(
    ("by", "keys", "lets"),
    [
        ("sns.amazonaws.com", {"aws:SourceArn": OWNERS_TOPIC}, True),
        ("sns.amazonaws.com", {"aws:SourceArn": OWNERS_TOPIC, "aws:SecureTransport": "false"}, False),
        ("sns.amazonaws.com", {"aws:SourceArn": OWNERS_TOPIC.replace(TOOLING, STRANGER)}, False),
        ("sns.amazonaws.com", {"aws:SourceArn": OWNERS_TOPIC.replace("owner-", "alarms")}, False),
        ("sns.amazonaws.com", {"aws:SourceArn": OWNERS_TOPIC.replace("prod", "dev")}, False),
        ("sns.amazonaws.com", {}, False),
        ("events.amazonaws.com", {"aws:SourceArn": OWNERS_TOPIC}, False),
        (f"arn:aws:iam::{STRANGER}:role/Any", {"aws:SourceArn": OWNERS_TOPIC}, False),
    ],
)
def test_only_owners_topics_of_this_stage_leave_receipts(
    ledger: Rendered, by: str, keys: dict[str, str], lets: bool
) -> None:
    """A forged receipt would keep a notice back for good."""
    (policy,) = ledger.of("AWS::SQS::QueuePolicy").values()
    (statement, *_) = policy["PolicyDocument"]["Statement"]
    request = Request(by=by, action="sqs:SendMessage", on=statement["Resource"], keys=keys)
    assert allowed(policy["PolicyDocument"], request) is lets


def test_with_ses_its_own_events_are_the_receipts_and_owners_have_no_topics(by_ses: Rendered) -> None:
    topic = by_ses.one("AWS::SNS::Topic", TopicName="prooftrail-prod-mail-events")
    assert topic["KmsMasterKeyId"] == by_ses.one("AWS::KMS::Alias", AliasName=NAMES.alias(Key.NOTICES))["TargetKeyId"]
    destination = by_ses.one("AWS::SES::ConfigurationSetEventDestination", ConfigurationSetName="owners")
    told = destination["EventDestination"]
    assert (told["Enabled"], told["MatchingEventTypes"]) == (
        True,
        ["SEND", "REJECT", "BOUNCE", "COMPLAINT"],
    )
    (made,) = (one for one in by_ses.resources.values() if one["Type"].startswith("AWS::SES::"))
    assert {by_ses.resources[one]["Type"] for one in made["DependsOn"]} >= {"AWS::SNS::Topic", "AWS::SNS::TopicPolicy"}
    queued = by_ses.one("AWS::SNS::Subscription", Protocol="sqs")
    assert queued["RawMessageDelivery"] is True
    (policy,) = by_ses.of("AWS::SQS::QueuePolicy").values()
    assert OWNERS_TOPIC.rpartition("-")[0] not in str(policy)


CONFIGURATION_SET = f"arn:aws:ses:eu-central-1:{TOOLING}:configuration-set/owners"


@pytest.mark.parametrize(
    ("by", "keys", "lets"),
    [
        ("ses.amazonaws.com", {"aws:SourceAccount": TOOLING, "aws:SourceArn": CONFIGURATION_SET}, True),
        ("ses.amazonaws.com", {"aws:SourceAccount": STRANGER, "aws:SourceArn": CONFIGURATION_SET}, False),
        ("ses.amazonaws.com", {"aws:SourceAccount": TOOLING, "aws:SourceArn": f"{CONFIGURATION_SET}2"}, False),
        ("ses.amazonaws.com", {}, False),
        ("sns.amazonaws.com", {"aws:SourceAccount": TOOLING, "aws:SourceArn": CONFIGURATION_SET}, False),
    ],
)
def test_only_our_own_configuration_set_tells_of_mails(
    by_ses: Rendered, by: str, keys: dict[str, str], lets: bool
) -> None:
    events = by_ses.one("AWS::SNS::TopicPolicy", Topics=[topic_of(by_ses, "prooftrail-prod-mail-events")])
    (on,) = events["Topics"]
    assert allowed(events["PolicyDocument"], Request(by=by, action="sns:Publish", on=on, keys=keys)) is lets


def topic_of(rendered: Rendered, name: str) -> str:
    """What stands for a topic in a rendered template."""
    (found,) = (logical for logical, one in rendered.of("AWS::SNS::Topic").items() if one["TopicName"] == name)
    return f"arn:of:{found}"


@pytest.mark.parametrize("action", ["kms:Decrypt", "kms:GenerateDataKey"])
def test_ses_uses_the_key_of_notices_only_where_it_tells_of_them(
    ledger: Rendered, by_ses: Rendered, action: str
) -> None:
    request = Request(by="ses.amazonaws.com", action=action, on="*", keys={"aws:SourceAccount": TOOLING})
    lets = [allowed(one.key_policy(NAMES.alias(Key.NOTICES)), request) for one in (ledger, by_ses)]
    assert lets == [False, True]
