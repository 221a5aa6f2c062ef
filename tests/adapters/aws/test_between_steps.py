"""What steps hand over and set going: lists in the work bucket, executions, mails, and where a chain begins."""

from typing import Any

import pytest
from botocore.config import Config
from botocore.stub import Stubber

from prooftrail.adapters.aws.founder import Standing, standing
from prooftrail.adapters.aws.sessions import Caller
from prooftrail.adapters.aws.state_machine import StateMachine
from prooftrail.adapters.aws.topic import Topic
from prooftrail.adapters.aws.work_bucket import WorkBucket, Written
from prooftrail.errors import AccessError, ConfigError
from prooftrail.model.run import Run
from prooftrail.model.snapshot import RunTrigger
from tests.emulators import NOWHERE

ONCE = Config(retries={"total_max_attempts": 1}, connect_timeout=1)
MACHINE = "arn:aws:states:eu-central-1:111111111111:stateMachine:prooftrail-dev-run"
TOPIC = "arn:aws:sns:eu-central-1:111111111111:prooftrail-dev-watchdog"
RUN = Run.named("20261122T050000Z", RunTrigger.SCHEDULE)


def a_list(client: Any, items: list[object]) -> Written:
    return WorkBucket(client, "work").write(RUN.id, "accounts", items)


@pytest.mark.parametrize(
    ("items", "body"),
    [
        ([], b""),
        ([{"account": "1"}], b'{"account":"1"}\n'),
        ([{"account": "1"}, {"account": "2"}], b'{"account":"1"}\n{"account":"2"}\n'),
    ],
)
def test_a_list_is_one_item_a_line_and_its_reference_says_how_many(items: list[object], body: bytes) -> None:
    client = NOWHERE.s3(ONCE)
    key = "work/20261122T050000Z/accounts.jsonl"
    wanted = {"Bucket": "work", "Key": key, "Body": body, "ContentType": "application/x-ndjson"}
    with Stubber(client) as answers:
        answers.add_response("put_object", {}, wanted)
        assert a_list(client, items) == Written(bucket="work", key=key, count=len(items))


def test_a_work_bucket_that_refuses_is_named_with_the_action() -> None:
    client = NOWHERE.s3(ONCE)
    with Stubber(client) as answers:
        answers.add_client_error("put_object", "AccessDenied")
        with pytest.raises(AccessError, match=r"s3:PutObject on s3://work/work/20261122T050000Z/accounts.jsonl \(Acc"):
            a_list(client, [])
    with pytest.raises(AccessError, match="S3 could not be asked to take s3://work/work/"):
        a_list(client, [])


def test_an_execution_has_the_runs_name_and_nothing_but_references_for_input() -> None:
    client = NOWHERE.client("stepfunctions", ONCE)
    given = '{"run_id": "20261122T050000Z", "trigger": "schedule"}'
    wanted = {"stateMachineArn": MACHINE, "name": RUN.id, "input": given}
    with Stubber(client) as answers:
        answers.add_response("start_execution", {"executionArn": "arn", "startDate": RUN.taken_at}, wanted)
        answers.add_client_error("start_execution", "ExecutionAlreadyExists")
        assert [StateMachine(client, MACHINE).start(RUN) for _ in range(2)] == [True, False]


@pytest.mark.parametrize("code", ["AccessDeniedException", "StateMachineDoesNotExist", "ExecutionLimitExceeded"])
def test_an_execution_that_cannot_be_started_is_an_error_and_no_success(code: str) -> None:
    client = NOWHERE.client("stepfunctions", ONCE)
    with Stubber(client) as answers:
        answers.add_client_error("start_execution", code)
        with pytest.raises(AccessError, match=rf"states:StartExecution on {MACHINE} \({code}\)"):
            StateMachine(client, MACHINE).start(RUN)
    with pytest.raises(AccessError, match="Step Functions could not be asked"):
        StateMachine(client, MACHINE).start(RUN)


def test_a_mail_goes_to_the_topic_and_a_refusal_is_named() -> None:
    client = NOWHERE.client("sns", ONCE)
    with Stubber(client) as answers:
        answers.add_response("publish", {"MessageId": "m-1"}, {"TopicArn": TOPIC, "Subject": "s", "Message": "t"})
        answers.add_client_error("publish", "KMSAccessDenied")
        assert Topic(client, TOPIC).send(subject="s", text="t") == "m-1"
        with pytest.raises(AccessError, match=rf"sns:Publish on {TOPIC} \(KMSAccessDenied\)"):
            Topic(client, TOPIC).send(subject="s", text="t")
    with pytest.raises(AccessError, match="SNS could not be asked to send"):
        Topic(client, TOPIC).send(subject="s", text="t")


class Sessions:
    """A caller, and a client of AWS Organizations."""

    region = "eu-central-1"

    def __init__(self, client: Any) -> None:
        self._client = client

    def caller(self) -> Caller:
        return Caller("111111111111", "arn:aws-us-gov:sts::111111111111:assumed-role/Prooftrail-dev-Seal/x")

    def direct(self) -> Any:
        return lambda _service, _region: self._client


def stands(answer: dict[str, Any] | str | None, *, organization: bool = True) -> Standing:
    client = NOWHERE.client("organizations", ONCE)
    with Stubber(client) as answers:
        if isinstance(answer, str):
            answers.add_client_error("describe_organization", answer)
        elif answer is not None:
            answers.add_response("describe_organization", answer, {})
        found = standing(Sessions(client), organization=organization)  # type: ignore[arg-type]
        answers.assert_no_pending_responses()
        return found


def test_a_chain_begins_where_aws_says_that_we_stand() -> None:
    described = {"Organization": {"Id": "o-example111"}}
    assert stands(described) == Standing("111111111111", "aws-us-gov", "o-example111")
    assert stands(None, organization=False) == Standing("111111111111", "aws-us-gov", None)


@pytest.mark.parametrize(
    ("code", "error", "sentence"),
    [
        ("AccessDeniedException", AccessError, r"refused organizations:DescribeOrganization \(AccessDeniedException\)"),
        ("TooManyRequestsException", AccessError, r"refused organizations:DescribeOrganization \(TooMany"),
        ("AWSOrganizationsNotInUseException", ConfigError, "account 111111111111 is in no organization"),
    ],
)
def test_an_organization_that_is_not_told_is_an_error_and_never_none(
    code: str, error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        stands(code)


def test_where_organizations_does_not_answer_it_is_an_error_too() -> None:
    with pytest.raises(AccessError, match="AWS Organizations could not be asked"):
        standing(Sessions(NOWHERE.client("organizations", ONCE)), organization=True)  # type: ignore[arg-type]
