"""Which regions has the account switched on? Asked of Account Management or of EC2, the answer is the same."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from botocore.loaders import create_loader

from prooftrail.demo.mends.call import Answer, Call, Refusal, page_by_token
from prooftrail.demo.mends.organizations import is_authority, organization_of

# Regions an account has from the start; every other one has to be opted in to.
_BY_DEFAULT = {
    "aws": [
        *("ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2"),
        *("ca-central-1", "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1"),
        *("us-east-1", "us-east-2", "us-west-1", "us-west-2"),
    ],
    "aws-us-gov": ["us-gov-east-1", "us-gov-west-1"],
    "aws-cn": ["cn-north-1", "cn-northwest-1"],
}
_SUFFIX = {"aws-cn": "amazonaws.com.cn"}
_OPT_IN = {"ENABLED_BY_DEFAULT": "opt-in-not-required", "ENABLED": "opted-in", "DISABLING": "opted-in"}


@cache
def _published(partition: str) -> tuple[str, ...]:
    """The partition's regions as botocore's data names them; no session is made, so no profile is read."""
    partitions = create_loader().load_data("endpoints")["partitions"]
    return tuple(region for known in partitions if known["partition"] == partition for region in known["regions"])


def statuses(call: Call, account: str) -> dict[str, str]:
    """Every region of the caller's partition with its RegionOptStatus in this account."""
    default = _BY_DEFAULT.get(call.partition, [])
    regions = {*_published(call.partition), *default}
    found = {region: "ENABLED_BY_DEFAULT" if region in default else "DISABLED" for region in regions}
    return dict(sorted((found | call.world.beyond(account).regions).items()))


def _list_regions(call: Call) -> Mapping[str, Any]:
    account = call.params.get("AccountId") or call.account
    organization = organization_of(call.account, call.partition)
    may = organization is not None and is_authority(organization, call.account, "account.amazonaws.com")
    if account != call.account and not may:
        raise Refusal("AccessDeniedException", f"The account may not list the regions of account {account}.")
    wanted = set(call.params.get("RegionOptStatusContains") or ())
    rows = [
        {"RegionName": region, "RegionOptStatus": status}
        for region, status in statuses(call, account).items()
        if not wanted or status in wanted
    ]
    page, paging = page_by_token(call, rows, lambda row: row["RegionName"], cap=50, default=20)
    return {"Regions": page, **paging}


def _describe_regions(call: Call) -> Mapping[str, Any]:
    """Without AllRegions only those the account may use, as on AWS."""
    rows = []
    for region, status in statuses(call, call.account).items():
        opted = _OPT_IN.get(status, "not-opted-in")
        endpoint = f"ec2.{region}.{_SUFFIX.get(call.partition, 'amazonaws.com')}"
        rows.append({"RegionName": region, "OptInStatus": opted, "Endpoint": endpoint})
    if names := call.params.get("RegionNames"):
        rows = [row for row in rows if row["RegionName"] in names]
    elif not call.params.get("AllRegions"):
        rows = [row for row in rows if row["OptInStatus"] != "not-opted-in"]
    for wanted in call.params.get("Filters") or ():
        member = {"opt-in-status": "OptInStatus", "region-name": "RegionName", "endpoint": "Endpoint"}[wanted["Name"]]
        rows = [row for row in rows if row[member] in wanted["Values"]]
    return {"Regions": rows}


ANSWERS: dict[str, Answer] = {"account:ListRegions": _list_regions, "ec2:DescribeRegions": _describe_regions}
