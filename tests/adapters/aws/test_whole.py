"""Which good answers are no answers: empty, half, bare of what was asked for."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore import xform_name

from prooftrail.adapters.aws.identity_center import read_permission_sets
from prooftrail.adapters.aws.observer import Api, Collecting, Observer
from prooftrail.adapters.aws.secrets_manager import read_secrets
from prooftrail.adapters.aws.sessions import Sessions
from prooftrail.errors import AccessError, AccountUnreachable
from prooftrail.evidence.redaction import Redactor
from prooftrail.model.account import Carry
from prooftrail.model.reading import CellStatus, Collector, GapReason, Reading, cell_of
from tests.adapters.aws.loopback import ACCOUNT, HOME, Aws, Kept, Standing, listening, unpaced
from tests.emulators import no_aws_settings

JSON = [
    ("organizations:ListAccounts", "Accounts"),
    ("organizations:ListTagsForResource", "Tags"),
    ("secretsmanager:ListSecrets", "SecretList"),
    ("secretsmanager:ListSecretVersionIds", "Versions"),
    ("sso:ListInstances", "Instances"),
    ("sso:ListPermissionSets", "PermissionSets"),
    ("account:ListRegions", "Regions"),
]
XML = [
    ("iam:ListRoles", "Roles"),
    ("iam:ListSAMLProviders", "SAMLProviderList"),
    ("iam:ListAccessKeys", "AccessKeyMetadata"),
    ("iam:GetAccountAuthorizationDetails", "UserDetailList"),
    ("iam:GetAccountSummary", "SummaryMap"),
]
ASKED = {
    "organizations:ListTagsForResource": {"ResourceId": ACCOUNT},
    "secretsmanager:ListSecretVersionIds": {"SecretId": "one"},
    "sso:ListPermissionSets": {"InstanceArn": "arn:aws:sso:::instance/ssoins-0123456789abcdef"},
}


@pytest.fixture
def aws() -> Iterator[Aws]:
    with no_aws_settings(), listening() as it:
        it.answer(
            "sts:GetCallerIdentity", {"UserId": "A", "Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/me"}
        )
        yield it


def sessions(aws: Aws) -> Sessions:
    own = {"aws_access_key_id": "AKIAOWN000000000", "aws_secret_access_key": "s"}
    return Sessions(role_name="Reader", region=HOME, endpoint_url=aws.url, credentials=own)


def observer(aws: Aws) -> Observer:
    return Observer(
        account=ACCOUNT,
        partition="aws",
        client_of=sessions(aws).direct(),
        home_region=HOME,
        governors=unpaced(),
        clock=Standing(),
        raw=Kept(),
        redactor=Redactor(b"k" * 32),
    )


def asked(aws: Aws, action: str) -> Reading[Any]:
    """What is left of one question: an item if AWS answered, a gap if it did not."""
    service, _, operation = action.partition(":")
    found: Collecting[Any] = Collecting(observer(aws))
    api = Api({"sso": "sso-admin"}.get(service, service), xform_name(operation))
    answer = found.ask(api, **ASKED.get(action, {}))
    if answer is not None:
        found.add(answer)
    return found.reading()


def reasons(reading: Reading[Any]) -> list[GapReason]:
    assert bool(reading.items) is not bool(reading.gaps)
    return [gap.reason for gap in reading.gaps]


@pytest.mark.parametrize("body", [b"", b" \n", b"[]", b"null", b'"whole"', b'{"Accounts": [{"Id": "1111', b"<html>"])
@pytest.mark.parametrize("action", [action for action, _ in JSON])
def test_a_body_that_is_no_whole_object_is_unreadable(aws: Aws, action: str, body: bytes) -> None:
    aws.answer(action, body)
    assert reasons(asked(aws, action)) == [GapReason.UNREADABLE]


@pytest.mark.parametrize(("action", "name"), JSON)
def test_a_list_operations_answer_without_its_list_is_unreadable(aws: Aws, action: str, name: str) -> None:
    answers: list[dict[str, Any]] = [{}, {"NextToken": "more"}, {name: None}, {"Other": []}]
    for bare in answers:
        aws.answer(action, bare)
        assert reasons(asked(aws, action)) == [GapReason.UNREADABLE]


@pytest.mark.parametrize(("action", "name"), [*JSON, *XML])
def test_an_empty_list_is_an_answer(aws: Aws, action: str, name: str) -> None:
    aws.answer(action, {name: []})
    assert reasons(asked(aws, action)) == []


@pytest.mark.parametrize("body", [b"", b"  ", b"<html/>", b"<R><ResponseMetadata/></R>", b"<R><Half>"])
@pytest.mark.parametrize(
    "action", ["iam:GetCredentialReport", "iam:GetAccountPasswordPolicy", *[one for one, _ in XML]]
)
def test_xml_without_the_operations_result_is_unreadable(aws: Aws, action: str, body: bytes) -> None:
    aws.answer(action, body)
    assert reasons(asked(aws, action)) == [GapReason.UNREADABLE]


@pytest.mark.parametrize("action", ["ec2:DescribeRegions", *[one for one, _ in XML]])
def test_an_xml_list_operations_answer_without_its_list_is_unreadable(aws: Aws, action: str) -> None:
    aws.answer(action, {"IsTruncated": "false"})
    assert reasons(asked(aws, action)) == [GapReason.UNREADABLE]


def test_a_page_that_holds_one_kind_of_several_is_an_answer(aws: Aws) -> None:
    aws.answer("iam:GetAccountAuthorizationDetails", {"Policies": [], "IsTruncated": "false"})
    assert reasons(asked(aws, "iam:GetAccountAuthorizationDetails")) == []


def test_an_empty_body_hides_no_secret_and_no_permission_set(aws: Aws) -> None:
    aws.answer("secretsmanager:ListSecrets", b"")
    aws.answer("sso:ListInstances", b"")
    secrets = read_secrets(observer(aws), region=HOME, carry=Carry())
    assert cell_of(ACCOUNT, HOME, Collector.SECRETS, secrets).status is CellStatus.PARTIAL
    assert not read_permission_sets(observer(aws), [HOME]).complete


def test_nobody_says_who_we_are_in_an_empty_answer(aws: Aws) -> None:
    aws.answer("sts:GetCallerIdentity", b"")
    with pytest.raises(AccessError, match="GetCallerIdentity is empty"):
        sessions(aws).caller()


def test_a_role_that_is_given_in_an_empty_answer_is_not_given(aws: Aws) -> None:
    aws.answer("sts:AssumeRole", b"")
    with pytest.raises(AccountUnreachable, match="AssumeRole is empty"):
        sessions(aws).member("222233334444", partition="aws", source_identity="20260302T060000Z")
