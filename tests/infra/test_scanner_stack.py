"""The stack that makes runs: functions that know and may what their step needs, its schedule, and its alarms."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from infra.asset import Asset
from infra.functions import MEMORY_MB, TIMEOUT_S, environment
from infra.scanner_stack import ScannerStack
from infra.schedule import DELIVER_WITHIN_S
from infra.stage import Cadence, Notices, StageError
from infra.state_machine import DOORS, definition
from prooftrail import grants
from prooftrail.deployed import NEEDS, Deployed
from prooftrail.grants import ROLE_OF, Role

from .stages import TOOLING, a_stage

type Resource = dict[str, Any]

BY_SES = Notices(notifier="ses", mail_from="notices@example.com", configuration_set="owners")
STAGE = a_stage(scan_regions=("eu-central-1",), notices=BY_SES)
ALL_DOORS = ("tick", *DOORS)
MACHINE = f"arn:aws:states:eu-central-1:{TOOLING}:stateMachine:prooftrail-prod-run"
ALARMS_TOPIC = f"arn:aws:sns:eu-central-1:{TOOLING}:prooftrail-prod-alarms"


@pytest.fixture(scope="module")
def synthesized(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Resource]:
    """The template as released now and as released next, with the hash of the code alone changed, and one that is hourly."""
    code = tmp_path_factory.mktemp("code")
    (code / "handlers.py").write_text("")
    app = cdk.App()
    now, following = (Asset(path=code, sha256=one, architecture="arm64") for one in ("0" * 64, "1" * 64))
    hourly = a_stage(schedule=Cadence(every_hours=1, at="00:30"))
    stacks = {
        "Now": ScannerStack(app, "Now", stage=STAGE, asset=now),
        "Next": ScannerStack(app, "Next", stage=STAGE, asset=following),
        "Hourly": ScannerStack(app, "Hourly", stage=hourly, asset=now),
    }
    made = app.synth()
    return {name: made.get_stack_artifact(stack.artifact_id).template for name, stack in stacks.items()}


@pytest.fixture(scope="module")
def template(synthesized: Mapping[str, Resource]) -> Resource:
    return synthesized["Now"]


def of_type(template: Resource, kind: str) -> dict[str, Resource]:
    return {name: one for name, one in template["Resources"].items() if one["Type"] == kind}


def only(template: Resource, kind: str) -> Resource:
    ((_, found),) = of_type(template, kind).items()
    return dict(found["Properties"])


def functions(template: Resource) -> dict[str, Resource]:
    """The properties of every function by its door."""
    found = (one["Properties"] for one in of_type(template, "AWS::Lambda::Function").values())
    return {one["Handler"].rsplit(".", 1)[1]: one for one in found}


def statements(template: Resource) -> Iterator[tuple[str, Resource]]:
    for name, role in of_type(template, "AWS::IAM::Role").items():
        for policy in role["Properties"]["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                yield name, statement


def alarms(template: Resource) -> dict[str, Resource]:
    found = (one["Properties"] for one in of_type(template, "AWS::CloudWatch::Alarm").values())
    return {one["AlarmName"].removeprefix("prooftrail-prod-"): one for one in found}


def test_there_is_one_function_a_door_named_after_it(template: Resource) -> None:
    assert {door: (one["FunctionName"], one["Handler"]) for door, one in functions(template).items()} == {
        door: (f"prooftrail-prod-{door.replace('_', '-')}", f"prooftrail.handlers.{door}") for door in ALL_DOORS
    }


def test_every_function_runs_the_same_code_on_the_same_processor(template: Resource) -> None:
    found = functions(template).values()
    assert {json.dumps(one["Code"], sort_keys=True) for one in found} == {
        json.dumps(functions(template)["tick"]["Code"], sort_keys=True)
    }
    assert {(one["Runtime"], *one["Architectures"]) for one in found} == {("python3.13", "arm64")}


def test_what_reads_and_what_seals_has_memory_and_a_quarter_of_an_hour(template: Resource) -> None:
    given = {door: (one["MemorySize"], one["Timeout"]) for door, one in functions(template).items()}
    assert given == {door: (MEMORY_MB[door], TIMEOUT_S[door]) for door in ALL_DOORS}
    assert {given[door] for door in ("start_run", "close_run")} == {(2048, 900)}
    assert {given[door] for door in ("scan_account", "plan_notices")} == {(1024, 900)}
    assert given["send_notices"] == (512, 900)


@pytest.mark.parametrize("door", ALL_DOORS)
def test_a_function_is_told_what_its_step_needs_and_nothing_else(template: Resource, door: str) -> None:
    told = functions(template)[door]["Environment"]["Variables"]
    ours = {name for name in told if name.startswith("PROOFTRAIL_")}
    assert ours == {f"PROOFTRAIL_{name.upper()}" for name in ("stage", "asset_sha256", *NEEDS[door])}
    assert {name: value for name, value in told.items() if name not in ours} == {
        "POWERTOOLS_SERVICE_NAME": "prooftrail-prod",
        "POWERTOOLS_METRICS_NAMESPACE": "Prooftrail",
        "POWERTOOLS_LOG_LEVEL": "INFO",
    }


@pytest.mark.parametrize("door", list(ROLE_OF))
def test_what_a_function_is_told_is_what_its_wiring_reads(door: str) -> None:
    asset = Asset(path=Path("nowhere"), sha256="0" * 64, architecture="arm64")
    told = Deployed.read(environment(STAGE, asset, door))
    assert all(told.need(name) is not None for name in ("stage", "asset_sha256", *NEEDS[door]))


def test_whoever_sends_is_told_by_which_way_and_where_receipts_lie() -> None:
    asset = Asset(path=Path("nowhere"), sha256="0" * 64, architecture="arm64")
    for notices in (Notices(), BY_SES):
        told = Deployed.read(environment(a_stage(notices=notices), asset, "send_notices"))
        assert (told.notifier, told.mail_from, told.configuration_set) == (
            notices.notifier,
            notices.mail_from,
            notices.configuration_set,
        )
        assert (told.topic_prefix, told.receipts_queue) == ("prooftrail-prod-owner", "prooftrail-prod-receipts")
        assert told.notices_key == f"arn:aws:kms:eu-central-1:{TOOLING}:alias/prooftrail-prod-notices"


def test_a_choice_the_stage_leaves_open_is_not_told() -> None:
    asset = Asset(path=Path("nowhere"), sha256="0" * 64, architecture="arm64")
    told = environment(a_stage(external_id=None, scan_regions=None), asset, "scan_account")
    assert {"PROOFTRAIL_EXTERNAL_ID", "PROOFTRAIL_REGIONS"}.isdisjoint(told)


def test_an_asset_for_another_processor_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    asset = Asset(path=tmp_path, sha256="0" * 64, architecture="x86_64")
    with pytest.raises(StageError, match=r"built for x86_64, and cdk.json stages.prod.architecture is arm64"):
        ScannerStack(cdk.App(), "Scanner", stage=STAGE, asset=asset)


def test_every_log_is_kept_for_an_audit_year_and_goes_with_its_stack(template: Resource) -> None:
    groups = of_type(template, "AWS::Logs::LogGroup")
    assert {one["Properties"]["LogGroupName"] for one in groups.values()} == {
        *(f"/aws/lambda/prooftrail-prod-{door.replace('_', '-')}" for door in ALL_DOORS),
        "/aws/vendedlogs/states/prooftrail-prod-run",
    }
    assert {one["Properties"]["RetentionInDays"] for one in groups.values()} == {400}
    assert {(one["DeletionPolicy"], one["UpdateReplacePolicy"]) for one in groups.values()} == {("Delete", "Delete")}
    for door, function in functions(template).items():
        (name,) = function["LoggingConfig"]["LogGroup"].values()
        assert groups[name]["Properties"]["LogGroupName"].endswith(f"-{door.replace('_', '-')}")


def test_every_function_takes_the_role_of_its_step(template: Resource) -> None:
    named = {
        name: one["Properties"]["RoleName"]
        for name, one in of_type(template, "AWS::IAM::Role").items()
        if "RoleName" in one["Properties"]
    }
    taken = {door: named[one["Role"]["Fn::GetAtt"][0]] for door, one in functions(template).items()}
    assert taken == {door: f"Prooftrail-prod-{ROLE_OF[door]}" for door in ALL_DOORS}


@pytest.mark.parametrize("role", [one for one in Role if one is not Role.WATCH])
def test_a_role_may_what_its_step_may_and_write_its_own_log(template: Resource, role: Role) -> None:
    (made,) = (
        one["Properties"]
        for one in of_type(template, "AWS::IAM::Role").values()
        if one["Properties"].get("RoleName") == f"Prooftrail-prod-{role}"
    )
    doors = [door for door in ALL_DOORS if ROLE_OF[door] is role]
    (policy,) = made["Policies"]
    granted = policy["PolicyDocument"]["Statement"]
    step = cdk_form(grants.role_policy(role, STAGE.names()))
    assert granted[: len(step)] == step
    logs = [f"arn:aws:logs:eu-central-1:{TOOLING}:log-group:/aws/lambda/prooftrail-prod-" for _ in doors]
    resources = [f"{prefix}{door.replace('_', '-')}:*" for prefix, door in zip(logs, doors, strict=True)]
    own_log = {
        "Sid": "WritesOwnLogs",
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": resources,
    }
    hands_on = {
        "Sid": "HandsFailedCallsOn",
        "Effect": "Allow",
        "Action": ["sqs:SendMessage"],
        "Resource": [f"arn:aws:sqs:eu-central-1:{TOOLING}:prooftrail-prod-calls-given-up"],
    }
    runs_as = cdk_form([own_log, *([hands_on] if role is Role.TICK else [])])
    assert granted[len(step) :] == runs_as
    assert (made["Path"], "ManagedPolicyArns" in made) == ("/prooftrail/", False)
    assert made["AssumeRolePolicyDocument"]["Statement"] == [
        {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}}
    ]


def cdk_form(statements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Statements as CDK writes them: one action or resource stands without a list."""

    def bare(value: Any) -> Any:
        return value[0] if isinstance(value, list) and len(value) == 1 else value

    return [{key: bare(value) for key, value in one.items()} for one in statements]


def test_no_role_has_a_wildcard_for_an_action_or_a_policy_beside_its_own(template: Resource) -> None:
    actions = [
        action
        for _, one in statements(template)
        if one["Effect"] == "Allow"
        for action in ([one["Action"]] if isinstance(one["Action"], str) else one["Action"])
    ]
    assert len(actions) > 50
    assert [action for action in actions if "*" in action] == []
    assert of_type(template, "AWS::IAM::Policy") == {}
    assert of_type(template, "AWS::IAM::ManagedPolicy") == {}


def test_every_role_fits_what_iam_takes(template: Resource) -> None:
    """10,240 characters for the inline policies of a role, white space not counted."""
    sizes = {
        name: len(json.dumps(one["Properties"]["Policies"], separators=(",", ":")))
        for name, one in of_type(template, "AWS::IAM::Role").items()
    }
    assert max(sizes.values()) < 10_240


def test_a_call_of_the_tick_that_fails_is_tried_again_and_then_told(template: Resource) -> None:
    given = only(template, "AWS::Lambda::EventInvokeConfig")
    functions_made = of_type(template, "AWS::Lambda::Function")
    assert functions_made[given["FunctionName"]["Ref"]]["Properties"]["FunctionName"] == "prooftrail-prod-tick"
    assert {key: value for key, value in given.items() if key != "FunctionName"} == {
        "Qualifier": "$LATEST",
        "MaximumEventAgeInSeconds": 3600,
        "MaximumRetryAttempts": 2,
        "DestinationConfig": {
            "OnFailure": {"Destination": f"arn:aws:sqs:eu-central-1:{TOOLING}:prooftrail-prod-calls-given-up"}
        },
    }


def test_what_hands_failed_calls_on_is_made_after_the_queue_it_names(template: Resource) -> None:
    """Lambda looks for the queue when it is told of it, and its ARN is written out."""
    ((_, given),) = of_type(template, "AWS::Lambda::EventInvokeConfig").items()
    (queue,) = of_type(template, "AWS::SQS::Queue")
    assert queue in given["DependsOn"]


def test_calls_given_up_lie_encrypted_for_two_weeks_and_come_by_tls(template: Resource) -> None:
    assert only(template, "AWS::SQS::Queue") == {
        "QueueName": "prooftrail-prod-calls-given-up",
        "SqsManagedSseEnabled": True,
        "MessageRetentionPeriod": 14 * 24 * 3600,
    }
    (statement,) = only(template, "AWS::SQS::QueuePolicy")["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Action"], statement["Condition"]) == (
        "Deny",
        "sqs:*",
        {"Bool": {"aws:SecureTransport": "false"}},
    )


def test_versions_are_published_for_the_run_and_outlive_their_release(template: Resource) -> None:
    versions = of_type(template, "AWS::Lambda::Version")
    assert len(versions) == len(DOORS)
    assert {(one["DeletionPolicy"], one["UpdateReplacePolicy"]) for one in versions.values()} == {
        ("RetainExceptOnCreate", "Retain")  # what a deployment that failed has just published goes again
    }


def test_the_machine_calls_those_versions(template: Resource) -> None:
    machine, made = only(template, "AWS::StepFunctions::StateMachine"), template["Resources"]
    called = {}
    for name, version in machine["DefinitionSubstitutions"].items():
        function = made[made[version["Ref"]]["Properties"]["FunctionName"]["Ref"]]["Properties"]
        called[name] = function["FunctionName"]
    words = {door: door.replace("_", " ").title().replace(" ", "") for door in DOORS}
    assert called == {words[door]: f"prooftrail-prod-{door.replace('_', '-')}" for door in DOORS}
    expected = definition(STAGE, {door: f"${{{words[door]}}}" for door in DOORS})
    assert json.loads(machine["DefinitionString"]) == expected


def test_other_code_is_other_versions_and_another_machine(synthesized: Mapping[str, Resource]) -> None:
    now, following = synthesized["Now"], synthesized["Next"]
    assert set(of_type(now, "AWS::Lambda::Version")).isdisjoint(of_type(following, "AWS::Lambda::Version"))
    machines = [only(one, "AWS::StepFunctions::StateMachine")["DefinitionSubstitutions"] for one in (now, following)]
    assert all(machines[0][name] != machines[1][name] for name in machines[0])
    assert functions(now)["tick"]["Code"] != functions(following)["tick"]["Code"]


def test_the_machine_is_standard_logs_every_event_without_payloads_and_is_not_traced(template: Resource) -> None:
    machine = only(template, "AWS::StepFunctions::StateMachine")
    assert (machine["StateMachineName"], machine["StateMachineType"]) == ("prooftrail-prod-run", "STANDARD")
    logging = machine["LoggingConfiguration"]
    assert (logging["Level"], logging["IncludeExecutionData"]) == ("ALL", False)
    assert machine["TracingConfiguration"] == {"Enabled": False}


def trusted(template: Resource, service: str) -> list[Resource]:
    found = (
        statement
        for one in of_type(template, "AWS::IAM::Role").values()
        for statement in one["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    )
    return [one for one in found if one["Principal"] == {"Service": service}]


@pytest.mark.parametrize(
    ("service", "source"),
    [
        # The children of a map run as the machine with the map's label behind it.
        ("states.amazonaws.com", {"ArnLike": {"aws:SourceArn": [MACHINE, f"{MACHINE}/*"]}}),
        (
            "scheduler.amazonaws.com",
            {
                "ArnEquals": {
                    "aws:SourceArn": f"arn:aws:scheduler:eu-central-1:{TOOLING}:schedule-group/prooftrail-prod"
                }
            },
        ),
    ],
)
def test_a_service_takes_its_role_for_our_own_and_for_no_other(
    template: Resource, service: str, source: Resource
) -> None:
    assert trusted(template, service) == [
        {
            "Action": "sts:AssumeRole",
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Condition": {"StringEquals": {"aws:SourceAccount": TOOLING}, **source},
        }
    ]


def test_the_tick_comes_on_the_minute_with_the_time_it_was_due(template: Resource) -> None:
    schedule = only(template, "AWS::Scheduler::Schedule")
    target = schedule.pop("Target")
    group = schedule.pop("GroupName")["Ref"]
    assert template["Resources"][group]["Properties"] == {"Name": "prooftrail-prod"}
    assert schedule == {
        "Name": "tick",
        "ScheduleExpression": "cron(0 5 * * ? *)",
        "ScheduleExpressionTimezone": "UTC",
        "State": "ENABLED",
        "FlexibleTimeWindow": {"Mode": "OFF"},
    }
    assert json.loads(target["Input"]) == {"scheduled_time": "<aws.scheduler.scheduled-time>"}
    assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": DELIVER_WITHIN_S, "MaximumRetryAttempts": 185}
    (queue,) = of_type(template, "AWS::SQS::Queue")
    assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": [queue, "Arn"]}}
    called = of_type(template, "AWS::Lambda::Function")[target["Arn"]["Fn::GetAtt"][0]]
    assert called["Properties"]["FunctionName"] == "prooftrail-prod-tick"


def test_scheduler_may_call_the_tick_and_tell_what_did_not_arrive(template: Resource) -> None:
    (role,) = (name for name in of_type(template, "AWS::IAM::Role") if name.startswith("Schedules"))
    granted = [(one["Action"], one["Resource"]) for name, one in statements(template) if name == role]
    (tick,) = (
        name
        for name, one in of_type(template, "AWS::Lambda::Function").items()
        if one["Properties"]["FunctionName"] == "prooftrail-prod-tick"
    )
    assert granted == [
        ("lambda:InvokeFunction", {"Fn::GetAtt": [tick, "Arn"]}),
        ("sqs:SendMessage", f"arn:aws:sqs:eu-central-1:{TOOLING}:prooftrail-prod-calls-given-up"),
    ]


def test_every_alarm_speaks_through_the_topic_of_alarms_and_says_what_it_means(template: Resource) -> None:
    assert {json.dumps(one["AlarmActions"]) for one in alarms(template).values()} == {json.dumps([ALARMS_TOPIC])}
    assert all(len(one["AlarmDescription"]) > 30 for one in alarms(template).values())


def test_a_run_that_is_not_sealed_alarms_and_so_does_silence_from_the_first_day(template: Resource) -> None:
    alarm = alarms(template)["run-not-sealed"]
    assert alarm["TreatMissingData"] == "breaching"
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)
    assert (alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]) == (25, 25)
    assert alarm["OKActions"] == [ALARMS_TOPIC]
    filled, word = alarm["Metrics"]
    assert (filled["Expression"], filled.get("ReturnData", True)) == ("FILL(word, 0)", True)
    assert (word["Id"], word["ReturnData"]) == ("word", False)
    assert word["MetricStat"] == {
        "Metric": {
            "Namespace": "Prooftrail",
            "MetricName": "RunSealed",
            "Dimensions": [{"Name": "service", "Value": "prooftrail-prod"}],
        },
        "Period": 3600,
        "Stat": "Sum",
    }


def test_an_hourly_schedule_alarms_after_two_hours_of_silence(synthesized: Mapping[str, Resource]) -> None:
    assert alarms(synthesized["Hourly"])["run-not-sealed"]["EvaluationPeriods"] == 2


@pytest.mark.parametrize(
    ("name", "metric", "statistic", "above"),
    [
        ("accounts-unreachable", "AccountsUnreachable", "Maximum", 0),
        ("accounts-not-listed", "AccountsNotListed", "Maximum", 0),
        ("ticks-missed", "MissedTicks", "Maximum", 0),
        ("ledger-behind", "LedgerLag", "Minimum", 0),
        ("owners-unreachable", "OwnersUnreachable", "Maximum", 5),
        ("notices-late", "NoticesLate", "Maximum", 0),
    ],
)
def test_what_a_run_says_stays_said_until_another_run_says_otherwise(
    template: Resource, name: str, metric: str, statistic: str, above: int
) -> None:
    assert compared(alarms(template)[name]) == {
        "Namespace": "Prooftrail",
        "MetricName": metric,
        "Dimensions": [{"Name": "service", "Value": "prooftrail-prod"}],
        "Statistic": statistic,
        "Period": 3600,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": above,
        "EvaluationPeriods": 1,
        "DatapointsToAlarm": 1,
        "TreatMissingData": "ignore",
    }


@pytest.mark.parametrize(
    ("name", "metric"),
    [("run-failed", "ExecutionsFailed"), ("run-timed-out", "ExecutionsTimedOut"), ("run-aborted", "ExecutionsAborted")],
)
def test_a_run_that_failed_took_too_long_or_was_stopped_alarms(template: Resource, name: str, metric: str) -> None:
    machine = f"arn:aws:states:eu-central-1:{TOOLING}:stateMachine:prooftrail-prod-run"
    assert compared(alarms(template)[name]) == counted("AWS/States", metric, "StateMachineArn", machine)


@pytest.mark.parametrize("door", ALL_DOORS)
@pytest.mark.parametrize("metric", ["Errors", "Throttles"])
def test_a_function_that_fails_or_is_not_let_run_alarms(template: Resource, door: str, metric: str) -> None:
    name = door.replace("_", "-")
    alarm = compared(alarms(template)[f"{name}-{metric.lower()}"])
    assert alarm == counted("AWS/Lambda", metric, "FunctionName", f"prooftrail-prod-{name}")


@pytest.mark.parametrize(
    ("name", "metric", "says"),
    [
        ("key-exchanged", "KeyExchanged", "The signing key was exchanged: "),
        ("notices-failed", "NoticesFailed", "Notices were planned and not sent. "),
        ("notices-in-doubt", "NoticesInDoubt", "Whether some notices were sent is not known: "),
    ],
)
def test_what_happens_once_alarms_once_and_its_silence_is_no_alarm(
    template: Resource, name: str, metric: str, says: str
) -> None:
    alarm = alarms(template)[name]
    assert compared(alarm) == {
        "Namespace": "Prooftrail",
        "MetricName": metric,
        "Dimensions": [{"Name": "service", "Value": "prooftrail-prod"}],
        "Statistic": "Sum",
        "Period": 3600,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 0,
        "EvaluationPeriods": 1,
        "DatapointsToAlarm": 1,
        "TreatMissingData": "notBreaching",
    }
    assert alarm["AlarmDescription"].startswith(says)


def test_a_day_that_planned_no_notices_alarms_and_one_that_had_none_to_plan_does_not(template: Resource) -> None:
    alarm = alarms(template)["notices-not-planned"]
    assert (alarm["TreatMissingData"], alarm["ComparisonOperator"], alarm["Threshold"]) == (
        "breaching",
        "LessThanThreshold",
        1,
    )
    assert (alarm["EvaluationPeriods"], alarm["OKActions"]) == (25, [ALARMS_TOPIC])
    filled, word = alarm["Metrics"]
    assert filled["Expression"] == "FILL(word, 0)"
    assert (word["MetricStat"]["Metric"]["MetricName"], word["MetricStat"]["Stat"]) == ("NoticesPlanned", "SampleCount")


def test_the_stage_says_how_many_out_of_reach_are_too_many(tmp_path: Path) -> None:
    stage = a_stage(notices=Notices(undeliverable_alarm=40))
    app, asset = cdk.App(), Asset(path=tmp_path, sha256="0" * 64, architecture="arm64")
    made = Template.from_stack(ScannerStack(app, "Scanner", stage=stage, asset=asset)).to_json()
    assert alarms(made)["owners-unreachable"]["Threshold"] == 40
    assert alarms(made)["owners-unreachable"]["AlarmDescription"].startswith("More than 40 people cannot be reached")


def test_whoever_is_woken_reads_where_to_look_and_that_a_redrive_tells_no_ledger(template: Resource) -> None:
    said = {name: one["AlarmDescription"] for name, one in alarms(template).items()}
    assert {"prooftrail-prod-run", "prooftrail-prod-tick", "25 hours", "redrive"} <= set(
        re.findall(r"prooftrail-prod-\w+|25 hours|redrive", said["run-not-sealed"])
    )
    assert "A redrive does not" in said["ledger-behind"]
    for name in ("run-failed", "run-timed-out", "run-aborted"):
        assert "If it ended with LedgerBehind or NoticesNotSent, the run is sealed" in said[name]
    assert "in the queue prooftrail-prod-calls-given-up " in said["calls-given-up"]
    assert max(map(len, said.values())) <= 1024  # what CloudWatch takes


def test_a_call_given_up_alarms_until_somebody_has_seen_to_it(template: Resource) -> None:
    alarm = alarms(template)["calls-given-up"]
    (queue,) = of_type(template, "AWS::SQS::Queue")
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": {"Fn::GetAtt": [queue, "QueueName"]}}]
    assert (alarm["MetricName"], alarm["Statistic"], alarm["Threshold"], alarm["TreatMissingData"]) == (
        "ApproximateNumberOfMessagesVisible",
        "Maximum",
        0,
        "ignore",
    )


def compared(alarm: Resource) -> Resource:
    """What an alarm compares, without its name, words and actions."""
    return {name: value for name, value in alarm.items() if not name.startswith("Alarm")}


def counted(namespace: str, metric: str, dimension: str, value: str) -> Resource:
    """An alarm on one of AWS's counters of failures, which is silent while there are none."""
    return {
        "Namespace": namespace,
        "MetricName": metric,
        "Dimensions": [{"Name": dimension, "Value": value}],
        "Statistic": "Sum",
        "Period": 300,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 0,
        "EvaluationPeriods": 1,
        "DatapointsToAlarm": 1,
        "TreatMissingData": "notBreaching",
    }


def test_the_stack_stands_in_the_tooling_account_and_refers_to_no_other_stack(tmp_path: Path) -> None:
    asset = Asset(path=tmp_path, sha256="0" * 64, architecture="arm64")
    stack = ScannerStack(cdk.App(), "Scanner", stage=STAGE, asset=asset)
    assert (stack.account, stack.region, stack.dependencies) == (TOOLING, "eu-central-1", [])


def test_nothing_is_imported_from_another_stack(template: Resource) -> None:
    assert "Fn::ImportValue" not in json.dumps(template)
