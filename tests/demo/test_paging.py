"""Lists end where AWS ends them, and go on where it says."""

import pytest
from botocore.exceptions import ClientError

from tests.demo.door import client, inside, refusal


@pytest.mark.parametrize(
    ("operation", "rows"),
    [
        ("list_users", "Users"),
        ("list_roles", "Roles"),
        ("list_policies", "Policies"),
        ("list_service_specific_credentials", "ServiceSpecificCredentials"),
        ("get_account_authorization_details", "RoleDetailList"),
    ],
)
def test_small_pages_add_up_to_one_large_page(organization, operation, rows):
    iam = inside(organization, "payments-prod", "iam")
    asked = {"AllUsers": True} if "specific" in operation else {}
    asked |= {"Scope": "Local"} if operation == "list_policies" else {}
    whole = getattr(iam, operation)(MaxItems=1000, **asked)
    assert not whole["IsTruncated"]
    assert "Marker" not in whole
    pages, marker = [], {}
    while True:
        page = getattr(iam, operation)(MaxItems=2, **asked, **marker)
        pages.append(page)
        if not page["IsTruncated"]:
            break
        marker = {"Marker": page["Marker"]}
    assert [row for page in pages for row in page[rows]] == whole[rows]
    assert len(pages) > 1
    assert all(len(page[rows]) <= 2 for page in pages)


def test_authorization_details_count_their_page_over_all_four_lists(organization):
    page = inside(organization, "payments-prod", "iam").get_account_authorization_details(MaxItems=16)
    lists = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
    assert [len(page[name]) for name in lists] == [14, 1, 1, 0]
    assert page["IsTruncated"]


def test_more_than_a_thousand_rows_a_page_are_refused(organization):
    with pytest.raises(ClientError) as failed:
        client(organization, "iam").list_users(MaxItems=1001)
    assert refusal(failed.value) == ("ValidationError", 400)


def test_secrets_page_by_token(organization):
    secrets = inside(organization, "payments-prod", "secretsmanager")
    first = secrets.list_secrets(MaxResults=5)
    rest = secrets.list_secrets(MaxResults=5, NextToken=first["NextToken"])
    names = [secret["Name"] for secret in first["SecretList"] + rest["SecretList"]]
    assert "NextToken" not in rest
    assert names == [secret["Name"] for secret in secrets.list_secrets()["SecretList"]]


@pytest.mark.parametrize(
    ("service", "operation", "asked", "code"),
    [
        ("iam", "list_users", {"Marker": "nonsense!"}, "ValidationError"),
        ("organizations", "list_accounts", {"NextToken": "nonsense!"}, "InvalidInputException"),
        ("secretsmanager", "list_secrets", {"NextToken": "nonsense!"}, "InvalidNextTokenException"),
    ],
)
def test_a_marker_aws_never_gave_is_refused(organization, service, operation, asked, code):
    with pytest.raises(ClientError) as failed:
        getattr(client(organization, service), operation)(**asked)
    assert refusal(failed.value)[0] == code
