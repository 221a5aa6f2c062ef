"""A day brings its changes once, in order, dated before its tick."""

from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from tests.demo.door import FIRST_DAY, assumed, client, details, every, inside, opened, report_of


def users_of(organization, account="payments-prod"):
    return {user["UserName"]: user for user in every(inside(organization, account, "iam"), "list_users", "Users")}


def roles_of(organization, account="payments-prod"):
    rows = details(inside(organization, account, "iam"), "Role", "RoleDetailList")
    return {role["RoleName"]: role for role in rows}


def test_the_clock_stands_at_the_day_s_tick_and_runs_on(moving):
    tick = moving.set_day(3)
    assert tick == FIRST_DAY + timedelta(days=2)
    assert timedelta() <= moving.now() - tick < timedelta(seconds=5)


def test_time_does_not_go_back(moving):
    moving.set_day(2)
    with pytest.raises(ValueError, match="day 1 is over"):
        moving.set_day(1)
    before = moving.story()
    moving.set_day(2)
    assert moving.story() == before


def test_the_second_day_brings_a_user_takes_one_and_turns_a_trust(moving):
    before, trusted = users_of(moving), roles_of(moving)["ledger-reader"]["AssumeRolePolicyDocument"]
    moving.set_day(2)
    after = users_of(moving)
    assert set(after) - set(before) == {"svc-chargeback"}
    assert set(before) - set(after) == {"left-over"}
    assert FIRST_DAY < after["svc-chargeback"]["CreateDate"] < moving.now()
    assert roles_of(moving)["ledger-reader"]["AssumeRolePolicyDocument"] != trusted
    iam = inside(moving, "payments-prod", "iam")
    assert [key["Status"] for key in iam.list_access_keys(UserName="svc-legacy-ftp")["AccessKeyMetadata"]] == [
        "Inactive"
    ]


def test_the_second_day_switches_a_region_on_and_rotates_a_secret(moving):
    secrets = inside(moving, "payments-prod", "secretsmanager")
    before = secrets.describe_secret(SecretId="payments/database")
    moving.set_day(2)
    after = secrets.describe_secret(SecretId="payments/database")
    assert after["LastRotatedDate"] > before["LastRotatedDate"]
    assert len(after["VersionIdsToStages"]) == 2
    current = [key for key, stages in after["VersionIdsToStages"].items() if stages == ["AWSCURRENT"]]
    assert current[0] not in before["VersionIdsToStages"]
    told = every(inside(moving, "data-platform-prod", "account"), "list_regions", "Regions")
    assert {"RegionName": "me-central-1", "RegionOptStatus": "ENABLED"} in told
    there = inside(moving, "data-platform-prod", "secretsmanager", region="me-central-1")
    assert [secret["Name"] for secret in there.list_secrets()["SecretList"]] == ["warehouse/gulf-export"]


def test_last_use_moves_for_what_is_in_use_and_stays_for_what_is_not(moving):
    before = roles_of(moving)
    moving.set_day(2)
    after = roles_of(moving)
    assert after["payments-worker"]["RoleLastUsed"] != before["payments-worker"]["RoleLastUsed"]
    assert after["vendor-backup"]["RoleLastUsed"] == before["vendor-backup"]["RoleLastUsed"]


def test_the_third_day_rotates_a_key_unbinds_a_role_and_finds_an_owner(moving):
    iam = inside(moving, "payments-prod", "iam")
    old = iam.list_access_keys(UserName="svc-billing-export")["AccessKeyMetadata"]
    bound = roles_of(moving)
    moving.set_day(3)
    new = iam.list_access_keys(UserName="svc-billing-export")["AccessKeyMetadata"]
    assert len(old) == len(new) == 1
    assert old[0]["AccessKeyId"] != new[0]["AccessKeyId"]
    free = roles_of(moving)
    assert "PermissionsBoundary" in bound["payments-worker"]
    assert "PermissionsBoundary" not in free["payments-worker"]
    assert [tag["Key"] for tag in bound["settlement-task"]["Tags"]] == []
    assert [tag["Key"] for tag in free["settlement-task"]["Tags"]] == ["owner"]
    assert free["settlement-task"]["RoleId"] == bound["settlement-task"]["RoleId"]


def test_a_user_who_comes_back_under_the_old_name_is_another(moving):
    first = users_of(moving)["left-over"]["UserId"]
    moving.set_day(3)
    assert users_of(moving)["left-over"]["UserId"] != first


def test_on_the_third_day_one_account_has_left_and_another_opens(moving):
    moving.set_day(2)
    with pytest.raises(ClientError):
        assumed(moving, "onboarding-lab")
    moving.set_day(3)
    listed = {account["Id"] for account in every(client(moving, "organizations"), "list_accounts", "Accounts")}
    assert moving.account_id("marketing-site") not in listed
    assert len(listed) == 11
    assert "svc-erp-batch" in users_of(moving, "onboarding-lab")


def test_days_may_be_skipped_and_there_is_no_last_one(moving):
    moving.set_day(40)
    days = {line.day for line in moving.story()}
    assert days == set(range(1, 41))
    assert report_of(inside(moving, "payments-prod", "iam"))[1] >= FIRST_DAY + timedelta(days=39)


def test_a_small_organization_lives_through_the_same_days():
    for accounts in (1, 2, 5):
        with opened(accounts=accounts) as organization:
            organization.set_day(5)
            assert len(organization.account_ids()) == accounts
