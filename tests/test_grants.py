"""What the roles that tell owners may do, as their policies say it."""

from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

import pytest

from prooftrail import grants
from prooftrail.grants import Names, Role

NAMES = Names(
    partition="aws-cn",
    region="cn-north-1",
    bucket="evidence",
    work_bucket="work",
    table_arn="table",
    stage="prod",
    tooling_account="111111111111",
    evidence_account="222222222222",
    role_name="prooftrail/ProoftrailReader",
)


def statements(role: Role, names: Names = NAMES) -> dict[str, dict[str, Any]]:
    return {one["Sid"]: one for one in grants.role_policy(role, names)}


def test_who_sends_may_mail_through_ses_only_where_the_stage_says_from_whom_and_only_from_there() -> None:
    assert "Mail" not in statements(Role.NOTIFY)
    mail = statements(Role.NOTIFY, replace(NAMES, mail_from="notices@example.com"))["Mail"]
    assert mail == {
        "Sid": "Mail",
        "Effect": "Allow",
        "Action": ["ses:SendEmail"],
        "Resource": [
            "arn:aws-cn:ses:cn-north-1:111111111111:configuration-set/*",
            "arn:aws-cn:ses:cn-north-1:111111111111:identity/*",
        ],
        "Condition": {"StringEquals": {"ses:FromAddress": "notices@example.com"}},
    }


@pytest.mark.parametrize(
    ("topic", "covered"),
    [
        ("prooftrail-prod-owner-0123456789abcdef0123456789abcdef", True),
        ("prooftrail-prod-alarms", False),
        ("prooftrail-prod-watchdog", False),
        ("prooftrail-prod-owners", False),
        ("prooftrail-dev-owner-0123456789abcdef0123456789abcdef", False),
    ],
)
def test_who_sends_may_touch_owners_topics_and_no_other(topic: str, covered: bool) -> None:
    held_to = statements(Role.NOTIFY)["Topics"]
    arn = f"arn:aws-cn:sns:cn-north-1:111111111111:{topic}"
    assert fnmatchcase(arn, held_to["Resource"]) is covered
    assert held_to["Action"] == [
        "sns:CreateTopic",
        "sns:GetTopicAttributes",
        "sns:ListSubscriptionsByTopic",
        "sns:Publish",
        "sns:SetTopicAttributes",
        "sns:Subscribe",
    ]


def test_a_subscription_is_no_resource_a_policy_can_name_and_the_queue_is() -> None:
    found = statements(Role.NOTIFY)
    on_subscriptions = ["sns:GetSubscriptionAttributes", "sns:Unsubscribe"]
    assert (found["Subscriptions"]["Action"], found["Subscriptions"]["Resource"]) == (on_subscriptions, "*")
    assert found["Receipts"]["Resource"] == "arn:aws-cn:sqs:cn-north-1:111111111111:prooftrail-prod-receipts"
    assert found["Receipts"]["Action"] == ["sqs:DeleteMessage", "sqs:ReceiveMessage"]


def test_who_plans_sends_nothing_and_who_sends_reads_nobody() -> None:
    plans, sends = statements(Role.REMIND), statements(Role.NOTIFY)
    assert {"Topics", "Receipts", "Subscriptions", "WritesLedger"} & plans.keys() == set()
    assert plans["Letters"]["Action"] == ["s3:PutObject"]
    assert plans["Letters"]["Resource"] == "arn:aws-cn:s3:::work/letters/*"
    assert "Work" not in plans  # what is to be sent goes from step to step by hand
    assert sends["Letters"]["Action"] == ["s3:GetObject"]
    assert sends["Letters"]["Resource"] == "arn:aws-cn:s3:::work/letters/*"
    assert sends["ReadsSealed"]["Resource"] == ["arn:aws-cn:s3:::evidence/notices/*"]
    assert "arn:aws-cn:s3:::evidence/people/*" in plans["ReadsSealed"]["Resource"]


def test_who_sends_writes_claims_alone_in_the_table() -> None:
    condition = statements(Role.NOTIFY)["WritesLedger"]["Condition"]
    key = "dynamodb:LeadingKeys"
    assert condition == {"ForAllValues:StringLike": {key: ["NOTICE#*"]}, "Null": {key: "false"}}


def test_only_planning_reads_who_people_are() -> None:
    assert [role for role, use in grants.USES.items() if "people" in use.reads] == [Role.REMIND]


def test_who_answers_writes_answers_alone_and_reads_no_more_than_an_answer_needs() -> None:
    found = {one["Sid"]: one for one in grants.sealed_statements(grants.ANSWERS, NAMES)}
    assert found["Seals"]["Resource"] == ["arn:aws-cn:s3:::evidence/answers/*"]
    kinds = ["answers", "assessment", "chain", "context", "findings", "notices", "people", "snapshot"]
    assert found["ReadsSealed"]["Resource"] == [f"arn:aws-cn:s3:::evidence/{kind}/*" for kind in kinds]
    assert found["ListsSealed"]["Resource"] == "arn:aws-cn:s3:::evidence"
