"""The watchdog's stack: its own account, role, key and topic, its schedules, and the alarms that speak through it."""

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from infra.asset import Asset
from infra.watchdog_stack import DOORS, WatchdogStack
from prooftrail import grants
from prooftrail.deployed import NEEDS
from prooftrail.grants import Role

from .stages import COPY, EVIDENCE, TOOLING, a_stage

type Resource = dict[str, Any]

STAGE = a_stage(
    security_team=("security@example.com", "both@example.com"), auditors=("both@example.com", "a@firm.test")
)
TOPIC = f"arn:aws:sns:eu-central-1:{EVIDENCE}:prooftrail-prod-watchdog"
FAILURES = f"arn:aws:sqs:eu-central-1:{EVIDENCE}:prooftrail-prod-watchdog-calls-given-up"


@pytest.fixture(scope="module")
def synthesized(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Resource]:
    """The template as it is here, in China, and where evidence is copied."""
    code = tmp_path_factory.mktemp("code")
    (code / "handlers.py").write_text("")
    app = cdk.App()
    asset = Asset(path=code, sha256="0" * 64, architecture="arm64")
    stages = {"Here": STAGE, "China": a_stage(region="cn-north-1"), "Copied": a_stage(replica=COPY)}
    stacks = {name: WatchdogStack(app, name, stage=stage, asset=asset) for name, stage in stages.items()}
    made = app.synth()
    return {name: made.get_stack_artifact(stack.artifact_id).template for name, stack in stacks.items()}


@pytest.fixture(scope="module")
def template(synthesized: dict[str, Resource]) -> Resource:
    return synthesized["Here"]


def of_type(template: Resource, kind: str) -> dict[str, Resource]:
    return {name: one["Properties"] for name, one in template["Resources"].items() if one["Type"] == kind}


def only(template: Resource, kind: str) -> tuple[str, Resource]:
    ((name, properties),) = of_type(template, kind).items()
    return name, properties


def alarms(template: Resource) -> dict[str, Resource]:
    found = of_type(template, "AWS::CloudWatch::Alarm").values()
    return {one["AlarmName"].removeprefix("prooftrail-prod-"): one for one in found}


def watch_role(template: Resource) -> Resource:
    (found,) = (one for one in of_type(template, "AWS::IAM::Role").values() if "RoleName" in one)
    return found


def granted(template: Resource) -> dict[str, Resource]:
    (policy,) = watch_role(template)["Policies"]
    return {one["Sid"]: one for one in policy["PolicyDocument"]["Statement"]}


def test_it_stands_with_the_evidence_and_imports_nothing(template: Resource, tmp_path: Path) -> None:
    asset = Asset(path=tmp_path, sha256="0" * 64, architecture="arm64")
    stack = WatchdogStack(cdk.App(), "Watchdog", stage=STAGE, asset=asset)
    assert (stack.account, stack.region, stack.dependencies) == (EVIDENCE, "eu-central-1", [])
    assert "Fn::ImportValue" not in json.dumps(template)


def test_both_functions_run_the_same_code_as_the_watchdog_and_are_told_what_they_need(template: Resource) -> None:
    made = {one["Handler"].rsplit(".", 1)[1]: one for one in of_type(template, "AWS::Lambda::Function").values()}
    assert {door: one["FunctionName"] for door, one in made.items()} == {
        "watch": "prooftrail-prod-watch",
        "weekly": "prooftrail-prod-weekly",
    }
    assert made["watch"]["Code"] == made["weekly"]["Code"]
    assert made["watch"]["Role"] == made["weekly"]["Role"]
    for door in DOORS:
        told = {name for name in made[door]["Environment"]["Variables"] if name.startswith("PROOFTRAIL_")}
        assert told == {f"PROOFTRAIL_{name.upper()}" for name in ("stage", "asset_sha256", *NEEDS[door])}
    assert made["weekly"]["Environment"]["Variables"]["PROOFTRAIL_TOPIC"] == TOPIC


def test_the_watch_role_may_what_its_step_may_write_its_log_and_speak(template: Resource) -> None:
    role = watch_role(template)
    assert (role["Path"], role["RoleName"], "ManagedPolicyArns" in role) == (
        "/prooftrail/",
        "Prooftrail-prod-Watch",
        False,
    )
    step = [one["Sid"] for one in grants.role_policy(Role.WATCH, STAGE.names())]
    assert list(granted(template)) == [*step, "WritesOwnLogs", "HandsFailedCallsOn", "SpeaksEncrypted"]
    assert granted(template)["WritesOwnLogs"]["Resource"] == [
        f"arn:aws:logs:eu-central-1:{EVIDENCE}:log-group:/aws/lambda/prooftrail-prod-{door}:*" for door in DOORS
    ]
    assert granted(template)["HandsFailedCallsOn"]["Resource"] == FAILURES
    (publishes,) = (one for one in granted(template).values() if one["Action"] == "sns:Publish")
    assert publishes["Resource"] == TOPIC


def test_the_one_right_to_decrypt_is_on_the_topics_own_key_by_arn_and_through_sns_alone(template: Resource) -> None:
    key, _ = only(template, "AWS::KMS::Key")
    decrypting = [
        statement
        for role in of_type(template, "AWS::IAM::Role").values()
        for policy in role["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        if "Decrypt" in json.dumps(statement["Action"])
    ]
    assert decrypting == [
        {
            "Sid": "SpeaksEncrypted",
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": {"Fn::GetAtt": [key, "Arn"]},
            "Condition": {"StringEquals": {"kms:ViaService": "sns.eu-central-1.amazonaws.com"}},
        }
    ]


def test_in_china_sns_has_its_own_name(synthesized: dict[str, Resource]) -> None:
    through = granted(synthesized["China"])["SpeaksEncrypted"]["Condition"]["StringEquals"]["kms:ViaService"]
    assert through == "sns.cn-north-1.amazonaws.com.cn"


def test_no_role_has_a_wildcard_for_an_action(template: Resource) -> None:
    said = json.dumps([one["Policies"] for one in of_type(template, "AWS::IAM::Role").values()])
    actions = [
        action
        for role in of_type(template, "AWS::IAM::Role").values()
        for policy in role["Policies"]
        for one in policy["PolicyDocument"]["Statement"]
        for action in ([one["Action"]] if isinstance(one["Action"], str) else one["Action"])
    ]
    assert len(actions) >= 10
    assert [action for action in actions if "*" in action] == []
    assert TOOLING not in said  # nothing of the scanner's account: not its table, nor its roles


def test_the_key_turns_and_lets_alarms_of_this_account_speak(template: Resource) -> None:
    _, key = only(template, "AWS::KMS::Key")
    assert key["EnableKeyRotation"] is True
    (for_alarms,) = (one for one in key["KeyPolicy"]["Statement"] if one.get("Sid") == "AlarmsSpeakThroughIt")
    assert for_alarms == {
        "Sid": "AlarmsSpeakThroughIt",
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:SourceAccount": EVIDENCE}},
    }


def test_the_topic_is_encrypted_by_that_key_takes_alarms_and_refuses_what_comes_without_tls(template: Resource) -> None:
    key, _ = only(template, "AWS::KMS::Key")
    name, topic = only(template, "AWS::SNS::Topic")
    assert topic == {"TopicName": "prooftrail-prod-watchdog", "KmsMasterKeyId": {"Fn::GetAtt": [key, "Arn"]}}
    _, policy = only(template, "AWS::SNS::TopicPolicy")
    for_alarms, tls = sorted(policy["PolicyDocument"]["Statement"], key=lambda one: str(one["Effect"]))
    assert (tls["Effect"], tls["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    assert for_alarms == {
        "Sid": "AlarmsSpeakThroughIt",
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": {"Ref": name},
        "Condition": {"StringEquals": {"aws:SourceAccount": EVIDENCE}},
    }


def test_the_security_team_and_the_auditors_hear_it_each_once(template: Resource) -> None:
    found = of_type(template, "AWS::SNS::Subscription").values()
    assert sorted((one["Protocol"], one["Endpoint"]) for one in found) == [
        ("email", "a@firm.test"),
        ("email", "both@example.com"),
        ("email", "security@example.com"),
    ]
    assert not any("FilterPolicy" in one for one in found)


def test_it_looks_daily_and_writes_weekly(template: Resource) -> None:
    found = of_type(template, "AWS::Scheduler::Schedule").values()
    assert {one["Name"]: (one["ScheduleExpression"], one["Target"]["Input"]) for one in found} == {
        "watch": ("cron(0 8 * * ? *)", "{}"),
        "weekly": ("cron(0 9 ? * MON *)", "{}"),
    }
    assert {one["ScheduleExpressionTimezone"] for one in found} == {"UTC"}
    assert {one["FlexibleTimeWindow"]["Mode"] for one in found} == {"OFF"}
    called = of_type(template, "AWS::Lambda::Function")
    for one in found:
        assert called[one["Target"]["Arn"]["Fn::GetAtt"][0]]["FunctionName"] == f"prooftrail-prod-{one['Name']}"


def test_scheduler_takes_its_role_for_the_watchdogs_group_alone(template: Resource) -> None:
    _, group = only(template, "AWS::Scheduler::ScheduleGroup")
    assert group == {"Name": "prooftrail-prod-watchdog"}  # not the scanner's: both may stand in one account
    (role,) = (one for one in of_type(template, "AWS::IAM::Role").values() if "RoleName" not in one)
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Condition"] == {
        "StringEquals": {"aws:SourceAccount": EVIDENCE},
        "ArnEquals": {
            "aws:SourceArn": f"arn:aws:scheduler:eu-central-1:{EVIDENCE}:schedule-group/prooftrail-prod-watchdog"
        },
    }


def test_calls_that_fail_for_good_are_kept_and_told(template: Resource) -> None:
    found = of_type(template, "AWS::Lambda::EventInvokeConfig").values()
    assert [one["DestinationConfig"]["OnFailure"]["Destination"] for one in found] == [FAILURES, FAILURES]
    _, queue = only(template, "AWS::SQS::Queue")
    assert queue["SqsManagedSseEnabled"] is True
    assert alarms(template)["watchdog-calls-given-up"]["TreatMissingData"] == "ignore"


def test_a_day_without_a_witness_alarms_and_so_does_silence_from_the_first_day(template: Resource) -> None:
    alarm = alarms(template)["not-witnessed"]
    assert (alarm["TreatMissingData"], alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]) == ("breaching", 25, 25)
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)
    filled, word = alarm["Metrics"]
    assert filled["Expression"] == "FILL(word, 0)"
    assert word["MetricStat"]["Metric"]["MetricName"] == "WitnessWritten"
    assert (word["MetricStat"]["Period"], word["MetricStat"]["Stat"]) == (3600, "Sum")


@pytest.mark.parametrize(
    ("name", "metric", "above"),
    [
        ("head-too-old", "HeadAgeHours", 25),
        ("head-broken", "HeadBroken", 0),
        ("ticks-missed-seen", "MissedTicksSeen", 0),
    ],
)
def test_what_the_watchdog_says_of_the_head_stays_said_until_it_says_otherwise(
    template: Resource, name: str, metric: str, above: int
) -> None:
    alarm = alarms(template)[name]
    assert (alarm["MetricName"], alarm["Dimensions"]) == (metric, [{"Name": "service", "Value": "prooftrail-prod"}])
    assert (alarm["Statistic"], alarm["ComparisonOperator"], alarm["Threshold"], alarm["TreatMissingData"]) == (
        "Maximum",
        "GreaterThanThreshold",
        above,
        "ignore",
    )


def test_a_watchdog_that_fails_or_is_not_let_run_alarms(template: Resource) -> None:
    functions_watched = {"watch-errors", "watch-throttles", "weekly-errors", "weekly-throttles"}
    assert functions_watched <= set(alarms(template))
    assert {alarms(template)[name]["TreatMissingData"] for name in functions_watched} == {"notBreaching"}


def test_evidence_that_is_not_copied_alarms_where_there_is_a_copy(synthesized: dict[str, Resource]) -> None:
    alarm = alarms(synthesized["Copied"])["replication-failed"]
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/S3", "OperationsFailedReplication")
    assert {one["Name"]: one["Value"] for one in alarm["Dimensions"]} == {
        "SourceBucket": STAGE.bucket,
        "DestinationBucket": "prooftrail-evidence-copy",
        "RuleId": "Everything",
    }
    assert (alarm["Statistic"], alarm["Threshold"], alarm["TreatMissingData"]) == ("Sum", 0, "notBreaching")
    assert alarm["AlarmActions"] == [TOPIC]
    assert "replication-failed" not in alarms(synthesized["Here"])


def test_every_alarm_speaks_through_the_watchdogs_own_topic(template: Resource) -> None:
    assert {json.dumps(one["AlarmActions"]) for one in alarms(template).values()} == {json.dumps([TOPIC])}


def test_logs_are_kept_for_an_audit_year(template: Resource) -> None:
    found = of_type(template, "AWS::Logs::LogGroup").values()
    assert {(one["LogGroupName"], one["RetentionInDays"]) for one in found} == {
        ("/aws/lambda/prooftrail-prod-watch", 400),
        ("/aws/lambda/prooftrail-prod-weekly", 400),
    }
