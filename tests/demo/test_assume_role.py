"""A role lets in whom its trust policy lets in."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from prooftrail.demo.mends.trust import Attempt, permits
from tests.demo.door import assumed, client, inside, refusal, role_arn


def test_the_caller_is_the_user_whose_key_signed(organization):
    caller = client(organization, "sts").get_caller_identity()
    assert caller["Account"] == organization.management_account_id
    assert caller["Arn"] == f"arn:aws:iam::{caller['Account']}:user/prooftrail/prooftrail-scan"
    assert caller["UserId"].startswith("AIDA")


def test_an_assumed_role_acts_in_its_own_account(organization):
    caller = inside(organization, "payments-prod", "sts").get_caller_identity()
    account = organization.account_id("payments-prod")
    assert caller["Account"] == account
    assert caller["Arn"] == f"arn:aws:sts::{account}:assumed-role/ProoftrailReader/a-run"
    names = {user["UserName"] for user in inside(organization, "payments-prod", "iam").list_users()["Users"]}
    assert "svc-billing-export" in names
    assert "prooftrail-scan" not in names


@pytest.mark.parametrize("account", ["onboarding-lab", "legacy-erp", "retired-shop"])
def test_an_account_without_the_role_or_alive_no_more_lets_nobody_in(organization, account):
    with pytest.raises(ClientError) as failed:
        assumed(organization, account)
    assert refusal(failed.value) == ("AccessDenied", 403)
    assert role_arn(organization, account) in str(failed.value)


@pytest.mark.parametrize("wish", [{"ExternalId": "guessed"}, {"RoleArn": "arn:aws:iam::111122223333:role/none"}])
def test_a_wrong_external_id_or_a_stranger_s_role_is_refused(organization, wish):
    asked = {
        "RoleArn": role_arn(organization, "payments-prod"),
        "RoleSessionName": "a-run",
        "ExternalId": organization.external_id,
    }
    with pytest.raises(ClientError) as failed:
        client(organization, "sts").assume_role(**(asked | wish))
    assert refusal(failed.value) == ("AccessDenied", 403)


def test_without_an_external_id_the_role_stays_shut(organization):
    with pytest.raises(ClientError):
        client(organization, "sts").assume_role(RoleArn=role_arn(organization, "log-archive"), RoleSessionName="a-run")


@pytest.mark.parametrize("name", ["org-wide-metrics", "org-wide-traces", "quick-test"])
def test_a_role_open_to_the_organization_opens_to_it(organization, name):
    arn = f"arn:aws:iam::{organization.account_id('payments-prod')}:role/{name}"
    assert client(organization, "sts").assume_role(RoleArn=arn, RoleSessionName="a-run")["Credentials"]


@pytest.mark.parametrize(
    ("name", "open_to_all"), [("org-wide-metrics", False), ("org-wide-traces", False), ("quick-test", True)]
)
def test_a_role_open_to_the_organization_stays_shut_to_strangers(organization, name, open_to_all):
    roles = inside(organization, "payments-prod", "iam").list_roles()["Roles"]
    trust = next(role["AssumeRolePolicyDocument"] for role in roles if role["RoleName"] == name)
    stranger = Attempt(
        account="111122223333",
        arn="arn:aws:iam::111122223333:user/stranger",
        keys={"aws:PrincipalOrgID": "o-somebodyelse"},
    )
    assert permits(json.dumps(trust), stranger, "sts:AssumeRole") == open_to_all


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"DurationSeconds": 7200}, "ValidationError"),
        ({"Policy": "{"}, "MalformedPolicyDocument"),
        ({"Policy": json.dumps({"Statement": []}) + " " * 2048}, "PackedPolicyTooLarge"),
    ],
)
def test_what_a_session_may_not_be_is_refused(organization, wish, code):
    with pytest.raises(ClientError) as failed:
        assumed(organization, "payments-prod", **wish)
    assert refusal(failed.value)[0] == code


def test_a_session_policy_closes_what_it_does_not_allow(organization):
    narrow = json.dumps(
        {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iam:List*", "Resource": "*"}}
    )
    iam = client(organization, "iam", credentials=assumed(organization, "payments-prod", Policy=narrow))
    assert iam.list_users()["Users"]
    with pytest.raises(ClientError) as failed:
        iam.get_account_summary()
    assert refusal(failed.value) == ("AccessDenied", 403)


def test_credentials_live_on_by_either_clock(organization):
    answer = client(organization, "sts").assume_role(
        RoleArn=role_arn(organization, "payments-prod"), RoleSessionName="a-run", ExternalId=organization.external_id
    )
    end = answer["Credentials"]["Expiration"]
    assert end > organization.now() + timedelta(minutes=55)
    assert end > datetime.fromtimestamp(0, UTC) + timedelta(days=20000)


def test_a_key_nobody_was_given_is_refused(organization):
    stranger = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "x"}
    for service, operation, code in (
        ("sts", "get_caller_identity", "InvalidClientTokenId"),
        ("organizations", "list_accounts", "UnrecognizedClientException"),
        ("ec2", "describe_regions", "AuthFailure"),
    ):
        with pytest.raises(ClientError) as failed:
            getattr(client(organization, service, credentials=stranger), operation)()
        assert refusal(failed.value)[0] == code


def test_nobody_is_ever_given_a_secret_s_value(organization):
    secrets = inside(organization, "payments-prod", "secretsmanager")
    with pytest.raises(ClientError) as failed:
        secrets.get_secret_value(SecretId="payments/database")
    assert refusal(failed.value)[0] == "AccessDeniedException"
