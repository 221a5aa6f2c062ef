"""The policies AWS manages: every account lists the same ones, and shows what each of them says."""

import json
from urllib.parse import unquote

from prooftrail.demo.mends.iam_policies import _published
from tests.demo.door import client, inside


def listed(iam):
    pages, marker = [], {}
    while True:
        pages.append(iam.list_policies(Scope="AWS", MaxItems=1000, **marker))
        if not pages[-1]["IsTruncated"]:
            return pages
        marker = {"Marker": pages[-1]["Marker"]}


def test_the_policies_of_aws_take_several_pages_and_are_all_there_once(organization):
    pages = listed(client(organization, "iam"))
    arns = [row["Arn"] for page in pages for row in page["Policies"]]
    assert len(pages) > 1
    assert len(arns) == len(set(arns)) == len(_published())
    assert all(arn.split(":")[4] == "aws" for arn in arns)


def test_the_version_in_force_can_be_read_in_any_account(organization):
    for iam in (client(organization, "iam"), inside(organization, "payments-prod", "iam")):
        policy = iam.get_policy(PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")["Policy"]
        shown = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])["PolicyVersion"]
        document = shown["Document"]
        document = json.loads(unquote(document)) if isinstance(document, str) else document
        assert shown["IsDefaultVersion"]
        assert document["Statement"][0]["Action"] == "*"
