"""What goes wrong on purpose goes wrong in AWS's own words, and stops when it is told to."""

import pytest
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from prooftrail.demo.estate.principals import add_user
from tests.demo.door import assumed, client, every, inside, refusal

CALLS = {
    "iam": ("list_users", {}),
    "organizations": ("list_accounts", {}),
    "secretsmanager": ("list_secrets", {}),
    "sso-admin": ("list_instances", {}),
    "account": ("list_regions", {}),
    "ec2": ("describe_regions", {}),
    "sts": ("get_caller_identity", {}),
}


@pytest.fixture(autouse=True)
def mended(organization):
    yield
    organization.faults.clear()


def failing(organization, service):
    operation, asked = CALLS[service]
    with pytest.raises(ClientError) as failed:
        getattr(client(organization, service), operation)(**asked)
    return refusal(failed.value)


@pytest.mark.parametrize(
    ("service", "code", "status"),
    [
        ("iam", "AccessDenied", 403),
        ("sts", "AccessDenied", 403),
        ("organizations", "AccessDeniedException", 400),
        ("secretsmanager", "AccessDeniedException", 400),
        ("sso-admin", "AccessDeniedException", 400),
        ("account", "AccessDeniedException", 403),
        ("ec2", "UnauthorizedOperation", 403),
    ],
)
def test_a_denial_reads_as_each_service_writes_it(organization, service, code, status):
    organization.faults.deny(organization.management_account_id, f"{service}:*")
    assert failing(organization, service) == (code, status)


@pytest.mark.parametrize(
    ("service", "code", "status"),
    [
        ("iam", "Throttling", 400),
        ("organizations", "TooManyRequestsException", 400),
        ("secretsmanager", "ThrottlingException", 400),
        ("account", "TooManyRequestsException", 429),
        ("ec2", "RequestLimitExceeded", 503),
    ],
)
def test_throttling_reads_as_each_service_writes_it(organization, service, code, status):
    organization.faults.throttle("*", f"{service}:*")
    assert failing(organization, service) == (code, status)


def test_a_denial_keeps_to_its_account_its_operation_and_its_user(organization):
    account = organization.account_id("payments-prod")
    organization.faults.deny(account, "iam:ListAccessKeys", user="svc-git")
    iam = inside(organization, "payments-prod", "iam")
    with pytest.raises(ClientError):
        iam.list_access_keys(UserName="svc-git")
    assert iam.list_access_keys(UserName="svc-retired")["AccessKeyMetadata"]
    assert client(organization, "iam").list_access_keys(UserName="prooftrail-scan")["AccessKeyMetadata"]


def test_identity_center_may_be_denied_by_its_policy_name(organization):
    organization.faults.deny("*", "sso:ListInstances")
    assert failing(organization, "sso-admin")[0] == "AccessDeniedException"


def test_throttling_ends_after_its_times(organization):
    organization.faults.throttle("*", "iam:ListUsers", times=2)
    assert failing(organization, "iam")[0] == failing(organization, "iam")[0] == "Throttling"
    assert client(organization, "iam").list_users()["Users"]


def test_any_code_and_status_can_be_had(organization):
    organization.faults.fail("*", "organizations:*", "AWSOrganizationsNotInUseException", 400)
    assert failing(organization, "organizations") == ("AWSOrganizationsNotInUseException", 400)
    organization.faults.fail("*", "iam:ListUsers", "ServiceFailure", 500)
    assert failing(organization, "iam") == ("ServiceFailure", 500)


def test_an_account_can_be_shut_from_either_side_of_assume_role(organization):
    organization.faults.deny(organization.account_id("log-archive"), "sts:AssumeRole")
    with pytest.raises(ClientError) as failed:
        assumed(organization, "log-archive")
    assert refusal(failed.value) == ("AccessDenied", 403)
    assert assumed(organization, "payments-prod")


def test_a_truncated_list_names_a_next_page_that_never_comes(organization):
    organization.faults.truncate("*", "iam:ListRoles", keep=3)
    iam = client(organization, "iam")
    first = iam.list_roles()
    assert (len(first["Roles"]), first["IsTruncated"]) == (3, True)
    with pytest.raises(ClientError) as failed:
        iam.list_roles(Marker=first["Marker"])
    assert refusal(failed.value)[0] == "ValidationError"


def test_a_silent_truncation_gives_no_marker(organization):
    organization.faults.truncate("*", "iam:ListRoles", silently=True)
    cut = client(organization, "iam").list_roles()
    assert cut["IsTruncated"]
    assert "Marker" not in cut
    organization.faults.truncate("*", "organizations:ListAccounts", keep=4, silently=True)
    cut = client(organization, "organizations").list_accounts()
    assert len(cut["Accounts"]) == 4
    assert "NextToken" not in cut


def test_pages_may_be_shorter_than_asked_and_still_add_up(organization):
    iam = client(organization, "iam")
    whole = every(iam, "list_roles", "Roles")
    organization.faults.short_pages("*", "iam:ListRoles", at_most=4)
    pages = [page["Roles"] for page in iam.get_paginator("list_roles").paginate(PaginationConfig={"PageSize": 1000})]
    assert {len(page) for page in pages[:-1]} == {4}
    assert [role for page in pages for role in page] == whole


def test_a_broken_body_cannot_be_parsed(organization):
    organization.faults.break_body("*", "iam:ListUsers")
    with pytest.raises(ResponseParserError):
        client(organization, "iam").list_users()


def test_something_can_happen_just_before_the_answer(organization):
    site = organization._estate.management
    organization.faults.before("*", "iam:ListUsers", lambda: add_user(site, "born-meanwhile", days=0))
    iam = client(organization, "iam")
    names = [user["UserName"] for user in iam.list_users()["Users"]]
    assert "born-meanwhile" in names
    assert [user["UserName"] for user in iam.list_users()["Users"]] == names
    del site.iam.users["born-meanwhile"]


def test_a_slow_call_takes_its_time(organization):
    organization.faults.slow("*", "sts:GetCallerIdentity", 0.2)
    before = organization.now()
    client(organization, "sts").get_caller_identity()
    assert (organization.now() - before).total_seconds() >= 0.2


def test_calls_are_counted_by_account_and_action(organization):
    before = organization.calls()
    client(organization, "iam", credentials=assumed(organization, "log-archive")).list_users()
    asked = organization.calls() - before
    assert asked == {
        (organization.management_account_id, "sts:AssumeRole"): 1,
        (organization.account_id("log-archive"), "iam:ListUsers"): 1,
    }
