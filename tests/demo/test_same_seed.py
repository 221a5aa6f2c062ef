"""The same seed gives the same organization, to the id and the second."""

import json

import pytest

from tests.demo.door import FIRST_DAY, client, details, every, inside, opened


def told_by(organization):
    """All that is told, without what the asking itself leaves behind: who was just used."""
    told = {"accounts": every(client(organization, "organizations"), "list_accounts", "Accounts")}
    for account in ("payments-prod", "sandbox", "shared-services"):
        iam, secrets = (inside(organization, account, service) for service in ("iam", "secretsmanager"))
        for kind in ("User", "Group", "Role"):
            told[f"{account}/{kind}"] = details(iam, kind, f"{kind}DetailList")
        told[f"{account}/policies"] = details(iam, "LocalManagedPolicy", "Policies")
        told[f"{account}/keys"] = [
            iam.list_access_keys(UserName=user["UserName"])["AccessKeyMetadata"] for user in told[f"{account}/User"]
        ]
        told[f"{account}/secrets"] = every(secrets, "list_secrets", "SecretList", IncludePlannedDeletion=True)
    return json.dumps(told, default=str, sort_keys=True), organization.story()


def told_on(day, **wishes):
    with opened(**wishes) as organization:
        organization.set_day(day)
        return told_by(organization)


@pytest.mark.parametrize("day", [1, 5])
def test_the_same_seed_tells_the_same(day):
    assert told_on(day) == told_on(day)


def test_another_seed_tells_other_ids():
    with opened() as one:
        mine = set(one.account_ids().values())
    with opened(seed=8) as other:
        assert not mine & set(other.account_ids().values())


def test_a_larger_organization_holds_the_smaller_one():
    with opened(accounts=5) as small:
        few = small.account_ids()
    with opened(accounts=30) as large:
        assert few.items() <= large.account_ids().items()


def test_ids_carry_their_account_and_are_unique():
    with opened() as organization:
        rows = []
        for account in ("payments-prod", "sandbox"):
            iam = inside(organization, account, "iam")
            rows += [user["UserId"] for user in details(iam, "User", "UserDetailList")]
            rows += [role["RoleId"] for role in details(iam, "Role", "RoleDetailList")]
        assert len(rows) == len(set(rows))
        assert {row[:4] for row in rows} == {"AIDA", "AROA"}
        assert {len(row) for row in rows} == {21}


def test_nothing_was_made_or_used_after_the_first_tick():
    with opened() as organization:
        iam = inside(organization, "payments-prod", "iam")
        for kind in ("User", "Role"):
            for row in details(iam, kind, f"{kind}DetailList"):
                assert row["CreateDate"] <= FIRST_DAY
                used = row.get("RoleLastUsed", {}).get("LastUsedDate", row["CreateDate"])
                assert row["CreateDate"] <= used <= FIRST_DAY
