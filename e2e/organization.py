"""The organization that is scanned: some accounts with people, keys, roles and secrets in them, made by API."""

import json
from typing import Any

from e2e.proof import Proof

REACHED = ("payments", "website", "acquired", "evidence", "tooling")
"""Where the StackSet put the member role."""

SEEDED = ("payments", "website")
"""Accounts with identities and with the member role."""

DENIED = "acquired"
"""An account with the member role, whose AssumeRole is refused on the way to STS as by a service control policy."""

MISSING = "forgotten"
"""An account the StackSet never reached: there is no role to assume."""

USERS = 4
"""People and machines in each seeded account."""

CONTACT = {"Name": "Sally Summers", "Title": "Watch", "EmailAddress": "soc@example.com", "PhoneNumber": "+15550100"}
"""Whom AWS writes to about a seeded account's security; nothing else has a contact."""

_EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def make(proof: Proof) -> str:
    """An organization with a unit for workloads; every account is created, so that ids are the emulator's choice."""
    organizations = proof.client("organizations", "management")
    proof.organization_id = organizations.describe_organization()["Organization"]["Id"]
    root = organizations.list_roots()["Roots"][0]["Id"]
    unit = organizations.create_organizational_unit(ParentId=root, Name="Workloads")["OrganizationalUnit"]["Id"]
    for name in ("tooling", "evidence", *SEEDED, DENIED, MISSING):
        made = organizations.create_account(Email=f"{name}@example.com", AccountName=name)
        proof.accounts[name] = made["CreateAccountStatus"]["AccountId"]
        if name not in ("tooling", "evidence"):
            organizations.move_account(AccountId=proof.accounts[name], SourceParentId=root, DestinationParentId=unit)
    proof.stage["organizational_units"] = [root]
    proof.door.denied = frozenset({proof.accounts[DENIED]})
    return f"made an organization of {len(proof.accounts) - 1} accounts, and an auditing firm outside it"


def seed(proof: Proof) -> str:
    """People, keys, roles and secrets in the seeded accounts, and a security contact."""
    for name in SEEDED:
        _people(proof.client("iam", name))
        _roles(proof.client("iam", name), proof.accounts[name])
        proof.client("account", name).put_alternate_contact(AlternateContactType="SECURITY", **CONTACT)
        secrets = proof.client("secretsmanager", name)
        for secret in ("database", "api"):
            secrets.create_secret(Name=f"{name}/{secret}", SecretString="never-to-be-read")
    return f"seeded {len(SEEDED)} accounts with {USERS} users, 3 keys, 2 roles and 2 secrets each"


def join_late(proof: Proof, name: str) -> str:
    """One more user in an account, so that a later run has a change to show."""
    proof.client("iam", name).create_user(UserName="joined-later", Tags=[{"Key": "owner", "Value": "team-late"}])
    return f"a user joined {name}"


def _people(iam: Any) -> None:
    iam.create_group(GroupName="admins")
    iam.attach_group_policy(GroupName="admins", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    for user, owner in (("ada", "team-ada"), ("grace", "team-grace"), ("deployer", "team-ci"), ("backup", None)):
        iam.create_user(UserName=user, Tags=[{"Key": "owner", "Value": owner}] if owner else [])
    for user in ("ada", "grace"):
        iam.create_login_profile(UserName=user, Password="never-to-be-used-1A!")
    for user in ("grace", "deployer", "backup"):
        iam.create_access_key(UserName=user)
    iam.add_user_to_group(GroupName="admins", UserName="ada")


def _roles(iam: Any, account: str) -> None:
    for role, principal in (
        ("service", {"Service": "lambda.amazonaws.com"}),
        ("break-glass", {"AWS": f"arn:aws:iam::{account}:root"}),
    ):
        trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
        iam.create_role(
            RoleName=role,
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
            Tags=[{"Key": "owner", "Value": "team-platform"}],
        )
    anything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    iam.put_role_policy(
        RoleName="break-glass",
        PolicyName="everything",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [anything]}),
    )


def make_role(proof: Proof, account_name: str, name: str) -> None:
    """A role that its account's root may take and that may do everything no policy denies."""
    iam, account = proof.client("iam", account_name), proof.accounts[account_name]
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole"}
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}))
    iam.put_role_policy(
        RoleName=name,
        PolicyName="everything",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [_EVERYTHING]}),
    )


def make_user(proof: Proof, account_name: str, name: str) -> dict[str, str]:
    """A user who may do everything no policy denies; the user's own keys."""
    iam = proof.client("iam", account_name)
    iam.create_user(UserName=name)
    document = json.dumps({"Version": "2012-10-17", "Statement": [_EVERYTHING]})
    iam.put_user_policy(UserName=name, PolicyName="everything", PolicyDocument=document)
    made = iam.create_access_key(UserName=name)["AccessKey"]
    return {"aws_access_key_id": made["AccessKeyId"], "aws_secret_access_key": made["SecretAccessKey"]}
