"""Secrets, regions and Identity Center, each as AWS dates, pages and hides them."""

import pytest
from botocore.exceptions import ClientError

from tests.demo.door import client, every, inside, refusal


def secrets_of(organization, account="payments-prod", region=None):
    api = inside(organization, account, "secretsmanager", region=region)
    return {secret["Name"]: secret for secret in every(api, "list_secrets", "SecretList", IncludePlannedDeletion=True)}


def test_absence_is_absence(organization):
    held = secrets_of(organization)
    assert not {
        "LastAccessedDate",
        "RotationEnabled",
        "LastRotatedDate",
        "NextRotationDate",
        "PrimaryRegion",
        "DeletedDate",
    } & set(held["payments/old-gateway"])


def test_a_stuck_rotation_is_on_and_overdue(organization):
    stuck = secrets_of(organization)["payments/ledger-api"]
    assert stuck["RotationEnabled"]
    assert stuck["RotationRules"]["ScheduleExpression"] == "rate(30 days)"
    assert stuck["NextRotationDate"] < organization.now()


def test_a_secret_planned_for_deletion_shows_on_request_only(organization):
    api = inside(organization, "payments-prod", "secretsmanager")
    assert "payments/sunset" not in {secret["Name"] for secret in every(api, "list_secrets", "SecretList")}
    listed = secrets_of(organization)["payments/sunset"]
    assert listed["DeletedDate"] < organization.now()
    # Describe gives the day it will go, the list the day it was deleted.
    assert api.describe_secret(SecretId="payments/sunset")["DeletedDate"] > organization.now()


def test_a_replica_names_its_primary_and_its_own_last_access(organization):
    primary = secrets_of(organization)["payments/webhook-signing"]
    replica = secrets_of(organization, region="eu-west-1")["payments/webhook-signing"]
    assert primary["PrimaryRegion"] == replica["PrimaryRegion"] == "us-east-1"
    assert replica["ARN"] == primary["ARN"].replace("us-east-1", "eu-west-1")
    assert replica["LastAccessedDate"] < primary["LastAccessedDate"]


def test_a_secret_owned_by_a_service_says_so(organization):
    owned = [secret for secret in secrets_of(organization).values() if secret.get("OwningService") == "rds"]
    assert len(owned) == 1
    assert owned[0]["Name"].startswith("rds!cluster-")


def test_versions_have_their_own_dates(organization):
    api = inside(organization, "payments-prod", "secretsmanager")
    versions = api.list_secret_version_ids(SecretId="payments/card-vault-hsm")["Versions"]
    by_stage = {version["VersionStages"][0]: version for version in versions}
    age = organization.now() - by_stage["AWSCURRENT"]["CreatedDate"]
    assert age.days == 15
    assert by_stage["AWSPREVIOUS"]["CreatedDate"] < by_stage["AWSCURRENT"]["CreatedDate"]
    # A tag was edited since: the date of the last change is younger than the value.
    assert (
        secrets_of(organization)["payments/card-vault-hsm"]["LastChangedDate"] > by_stage["AWSCURRENT"]["CreatedDate"]
    )


def test_regions_are_told_alike_by_account_management_and_ec2(organization):
    account, ec2 = (inside(organization, "data-platform-prod", service) for service in ("account", "ec2"))
    told = {row["RegionName"]: row["RegionOptStatus"] for row in every(account, "list_regions", "Regions")}
    usable = {region for region, status in told.items() if status in {"ENABLED", "ENABLED_BY_DEFAULT"}}
    assert usable == {row["RegionName"] for row in ec2.describe_regions()["Regions"]}
    assert told["me-central-1"] == "ENABLING"
    every_one = {row["RegionName"]: row["OptInStatus"] for row in ec2.describe_regions(AllRegions=True)["Regions"]}
    assert set(every_one) == set(told)
    assert every_one["af-south-1"] == "not-opted-in"
    narrowed = account.list_regions(RegionOptStatusContains=["ENABLING"], MaxResults=50)["Regions"]
    assert [row["RegionName"] for row in narrowed] == ["me-central-1"]


def test_the_management_account_may_ask_for_another_s_regions_and_a_member_may_not(organization):
    other = organization.account_id("data-platform-prod")
    assert client(organization, "account").list_regions(AccountId=other)["Regions"]
    with pytest.raises(ClientError) as failed:
        inside(organization, "payments-prod", "account").list_regions(AccountId=other)
    assert refusal(failed.value) == ("AccessDeniedException", 403)


def test_identity_center_shows_its_permission_sets_and_where_they_are(organization):
    api = client(organization, "sso-admin")
    instance = api.list_instances()["Instances"][0]["InstanceArn"]
    durations, accounts = {}, {}
    for arn in every(api, "list_permission_sets", "PermissionSets", InstanceArn=instance):
        told = api.describe_permission_set(InstanceArn=instance, PermissionSetArn=arn)["PermissionSet"]
        durations[told["Name"]] = told["SessionDuration"]
        accounts[told["Name"]] = every(
            api,
            "list_accounts_for_provisioned_permission_set",
            "AccountIds",
            InstanceArn=instance,
            PermissionSetArn=arn,
        )
    assert durations["AdministratorAccess"] == "PT4H"
    assert len(accounts["AdministratorAccess"]) == 9
    assert accounts["BillingViewer"] == [organization.management_account_id]


def test_identity_center_is_in_one_region_and_for_two_accounts_only(organization):
    assert client(organization, "sso-admin", region="eu-west-1").list_instances()["Instances"] == []
    assert inside(organization, "payments-prod", "sso-admin").list_instances()["Instances"] == []
    assert len(inside(organization, "security-tooling", "sso-admin").list_instances()["Instances"]) == 1


def test_every_account_it_serves_has_the_role_it_leaves(organization):
    for account in ("payments-prod", "log-archive"):
        roles = every(
            inside(organization, account, "iam"), "list_roles", "Roles", PathPrefix="/aws-reserved/sso.amazonaws.com/"
        )
        names = {role["RoleName"].rsplit("_", 1)[0] for role in roles}
        assert {"AWSReservedSSO_AdministratorAccess", "AWSReservedSSO_ReadOnlyAccess"} <= names
        assert {role["MaxSessionDuration"] for role in roles} == {12 * 3600}
