"""Every partition has its own ARNs, regions and sign-in; nothing leaks from one into another."""

import json

import pytest
from botocore.exceptions import ClientError

from tests.demo.door import client, details, every, inside, opened, refusal

PARTITIONS = [("aws", "us-east-1"), ("aws-us-gov", "us-gov-west-1"), ("aws-cn", "cn-north-1")]


@pytest.mark.parametrize(("partition", "home"), PARTITIONS)
def test_arns_and_regions_follow_the_partition(partition, home):
    with opened(partition=partition) as organization:
        assert organization.home_region == home
        caller = client(organization, "sts").get_caller_identity()
        assert caller["Arn"].startswith(f"arn:{partition}:iam::{organization.management_account_id}:user/")
        iam = inside(organization, "payments-prod", "iam")
        rows = details(iam, "User", "UserDetailList") + details(iam, "Role", "RoleDetailList")
        assert {row["Arn"].split(":")[1] for row in rows} == {partition}
        others = {"aws", "aws-us-gov", "aws-cn"} - {partition}
        assert not any(f"arn:{other}:" in json.dumps(rows, default=str) for other in others)
        secrets = every(inside(organization, "payments-prod", "secretsmanager"), "list_secrets", "SecretList")
        assert {secret["ARN"].split(":")[1] for secret in secrets} == {partition}
        accounts = every(client(organization, "organizations"), "list_accounts", "Accounts")
        assert {account["Arn"].split(":")[1] for account in accounts} == {partition}
        told = every(inside(organization, "payments-prod", "account"), "list_regions", "Regions")
        assert home in {row["RegionName"] for row in told}
        assert (
            client(organization, "sso-admin")
            .list_instances()["Instances"][0]["InstanceArn"]
            .startswith(f"arn:{partition}:")
        )
        organization.set_day(4)


def test_a_key_of_one_partition_is_unknown_in_another():
    with opened(partition="aws-cn", accounts=1) as organization, pytest.raises(ClientError) as failed:
        client(organization, "sts", region="us-east-1").get_caller_identity()
    assert refusal(failed.value) == ("InvalidClientTokenId", 403)


def test_a_partition_nobody_simulates_is_refused():
    with pytest.raises(ValueError, match="aws-iso"), opened(partition="aws-iso"):
        pass
