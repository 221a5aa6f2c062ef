"""The organization is shown whole to those who may see it, and not at all to others."""

import json

import pytest
from botocore.exceptions import ClientError

from tests.demo.door import client, every, inside, refusal


def test_accounts_carry_state_beside_status_and_their_path(organization):
    api = client(organization, "organizations")
    accounts = {account["Id"]: account for account in every(api, "list_accounts", "Accounts")}
    shop = accounts[organization.account_id("retired-shop")]
    assert (shop["State"], shop["Status"]) == ("SUSPENDED", "SUSPENDED")
    payments = accounts[organization.account_id("payments-prod")]
    assert payments["State"] == "ACTIVE"
    steps = payments["Paths"][0].strip("/").split("/")
    assert [step.split("-")[0] for step in steps[:-1]] == ["o", "r", "ou", "ou"]
    assert accounts[organization.account_id("legacy-erp")]["JoinedMethod"] == "INVITED"


def test_an_account_s_number_may_begin_with_zero_and_its_name_be_markup(organization):
    api = client(organization, "organizations")
    sandbox = organization.account_id("sandbox")
    account = api.describe_account(AccountId=sandbox)["Account"]
    assert sandbox.startswith("0")
    assert "<img" in account["Name"]


def test_the_newest_account_joined_less_than_two_days_ago(organization):
    api = client(organization, "organizations")
    joined = api.describe_account(AccountId=organization.account_id("onboarding-lab"))["Account"]["JoinedTimestamp"]
    assert 0 < (organization.now() - joined).total_seconds() < 48 * 3600


def test_the_tree_is_walked_from_the_root_down_and_back_up(organization):
    api = client(organization, "organizations")
    root = api.list_roots()["Roots"][0]
    top = {
        unit["Name"]: unit
        for unit in every(api, "list_organizational_units_for_parent", "OrganizationalUnits", ParentId=root["Id"])
    }
    assert {"Security", "Workloads", "Infrastructure", "Sandbox", "Suspended"} == set(top)
    below = every(api, "list_organizational_units_for_parent", "OrganizationalUnits", ParentId=top["Workloads"]["Id"])
    prod = next(unit for unit in below if unit["Name"] == "Prod")
    assert prod["Path"].endswith(f"{root['Id']}/{top['Workloads']['Id']}/{prod['Id']}/")
    parents = api.list_parents(ChildId=organization.account_id("payments-prod"))["Parents"]
    assert parents == [{"Id": prod["Id"], "Type": "ORGANIZATIONAL_UNIT"}]
    assert api.list_parents(ChildId=organization.management_account_id)["Parents"][0]["Type"] == "ROOT"


def test_accounts_have_tags_or_none(organization):
    api = client(organization, "organizations")
    tags = api.list_tags_for_resource(ResourceId=organization.account_id("payments-prod"))["Tags"]
    assert {"Key": "owner", "Value": "payments-lead@acme.example"} in tags
    assert api.list_tags_for_resource(ResourceId=organization.account_id("legacy-erp"))["Tags"] == []


def test_security_tooling_is_the_delegated_administrator(organization):
    api, security = client(organization, "organizations"), organization.account_id("security-tooling")
    admins = every(api, "list_delegated_administrators", "DelegatedAdministrators")
    assert [admin["Id"] for admin in admins] == [security]
    services = every(api, "list_delegated_services_for_account", "DelegatedServices", AccountId=security)
    assert {"iam.amazonaws.com", "sso.amazonaws.com"} <= {service["ServicePrincipal"] for service in services}
    with pytest.raises(ClientError) as failed:
        api.list_delegated_services_for_account(AccountId=organization.account_id("payments-prod"))
    assert refusal(failed.value)[0] == "AccountNotRegisteredException"


@pytest.mark.parametrize(
    ("kind", "default", "own"),
    [
        ("SERVICE_CONTROL_POLICY", "p-FullAWSAccess", "stay-in-our-regions"),
        ("RESOURCE_CONTROL_POLICY", "p-RCPFullAWSAccess", "confine-data-to-the-organization"),
    ],
)
def test_policies_are_listed_described_and_traced_to_their_targets(organization, kind, default, own):
    api = client(organization, "organizations")
    policies = {policy["Name"]: policy for policy in every(api, "list_policies", "Policies", Filter=kind)}
    given = next(policy for policy in policies.values() if policy["AwsManaged"])
    assert given["Id"] == default
    assert given["Arn"].startswith("arn:aws:organizations::aws:policy/")
    described = api.describe_policy(PolicyId=policies[own]["Id"])["Policy"]
    assert json.loads(described["Content"])["Statement"]
    targets = every(api, "list_targets_for_policy", "Targets", PolicyId=policies[own]["Id"])
    assert {target["Type"] for target in targets} == {"ORGANIZATIONAL_UNIT"}
    everywhere = every(api, "list_targets_for_policy", "Targets", PolicyId=default)
    assert {target["Type"] for target in everywhere} == {"ROOT", "ORGANIZATIONAL_UNIT", "ACCOUNT"}


def test_a_member_sees_the_organization_and_none_of_its_accounts(organization):
    api = inside(organization, "payments-prod", "organizations")
    told = api.describe_organization()["Organization"]
    assert told["MasterAccountId"] == organization.management_account_id
    for operation, asked in (("list_accounts", {}), ("list_roots", {}), ("list_policies", {"Filter": "TAG_POLICY"})):
        with pytest.raises(ClientError) as failed:
            getattr(api, operation)(**asked)
        assert refusal(failed.value) == ("AccessDeniedException", 400)


def test_the_delegated_administrator_may_list_accounts(organization):
    assert len(inside(organization, "security-tooling", "organizations").list_accounts()["Accounts"]) == 12
