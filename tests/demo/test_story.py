"""The story says what is there, and what is there is in the story's words: every hard case can be found."""

import re

from tests.demo.door import details, every, inside

_KEY_SHAPE = re.compile(r"AKIA[A-Z2-7]{16}")
_TOKEN_SHAPE = re.compile(r"ghp_\w{36}")


def test_each_line_names_an_account_of_the_organization_a_subject_and_a_reason(organization):
    accounts = set(organization.account_ids().values())
    story = organization.story()
    assert len(story) > 60
    for line in story:
        assert line.account_id in accounts
        assert line.what
        assert line.why
        assert line.subject
        assert line.day == 1


def test_every_subject_that_is_an_identity_exists(organization):
    found = set()
    for account in ("payments-prod", "shared-services", "sandbox", "data-platform-prod", "payments-test"):
        iam = inside(organization, account, "iam")
        for kind in ("User", "Role"):
            found |= {row["Arn"] for row in details(iam, kind, f"{kind}DetailList")}
    reachable = {
        organization.account_id(name) for name in ("payments-prod", "shared-services", "sandbox", "payments-test")
    }
    told = {line.subject for line in organization.story() if re.search(r":(user|role)/", line.subject)}
    assert {subject for subject in told if subject.split(":")[4] in reachable} <= found


def test_credential_shaped_strings_are_where_the_story_says_and_belong_to_no_key(organization):
    iam = inside(organization, "sandbox", "iam")
    users = {user["UserName"]: user for user in details(iam, "User", "UserDetailList")}
    assert _TOKEN_SHAPE.fullmatch({tag["Key"]: tag["Value"] for tag in users["svc-leaky"]["Tags"]}["deploy-token"])
    playground = next(role for role in every(iam, "list_roles", "Roles") if role["RoleName"] == "playground")
    shaped = _KEY_SHAPE.search(playground["Description"])
    assert shaped
    keys = {key["AccessKeyId"] for user in users for key in iam.list_access_keys(UserName=user)["AccessKeyMetadata"]}
    assert shaped.group() not in keys


def test_landing_zone_roles_are_in_every_member_account_under_the_same_template(organization):
    for name in ("payments-prod", "log-archive", "marketing-site"):
        number = organization.account_id(name)
        roles = {role["RoleName"] for role in every(inside(organization, name, "iam"), "list_roles", "Roles")}
        expected = {"OrganizationAccountAccessRole", "AWSControlTowerExecution", "ProoftrailReader"}
        expected |= {f"cdk-hnb659fds-{part}-role-{number}-us-east-1" for part in ("deploy", "lookup", "cfn-exec")}
        assert expected <= roles
        assert sum(role.startswith("stacksets-exec-") for role in roles) == 1
        assert sum(role.startswith("AWSReservedSSO_AdministratorAccess_") for role in roles) == 1
