"""Builds the organization itself: its tree of units, its accounts, its policies, its delegated administrators."""

import json
from collections.abc import Mapping
from datetime import datetime

from moto.organizations.models import (
    FakeAccount,
    FakeDelegatedAdministrator,
    FakeOrganization,
    FakeOrganizationalUnit,
    FakePolicy,
    FakeRoot,
    OrganizationsBackend,
    organizations_backends,
)

from prooftrail.demo.estate.chart import AccountPlan
from prooftrail.demo.estate.documents import Statement, deny, document
from prooftrail.demo.estate.identifiers import Identifiers

_KINDS = ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY")
_DEFAULTS = {"p-FullAWSAccess": "SERVICE_CONTROL_POLICY", "p-RCPFullAWSAccess": "RESOURCE_CONTROL_POLICY"}


class SeededAccount(FakeAccount):
    """An account with a number and a date of our choosing: moto's own draws both and adds a role."""

    def __init__(
        self, organization: FakeOrganization, account_id: str, plan: AccountPlan, *, unit: str, joined: datetime
    ) -> None:
        self.type, self.region = "ACCOUNT", organization.region
        self.organization_id, self.master_account_id = organization.id, organization.master_account_id
        self.create_account_status_id = "car-" + organization.id[2:]
        self.id, self.name = account_id, plan.title or plan.name
        self.email = f"aws+{plan.name}@acme.example"
        self.create_time = joined
        self.status = self.state = plan.state
        self.joined_method = "INVITED" if plan.invited else "CREATED"
        self.parent_id = unit
        self.attached_policies: list[FakePolicy] = []
        self.tags = dict(plan.tags)


class Tree:
    """The organization as it is being built; `backend` is where moto keeps it."""

    def __init__(self, ids: Identifiers, management_id: str, partition: str, home: str) -> None:
        self._ids, self._partition = ids, partition
        self.backend: OrganizationsBackend = organizations_backends[management_id][partition]
        self.organization = FakeOrganization(management_id, region_name=home, feature_set="ALL")
        self.organization.id = "o-" + ids.lower(10, "organization")
        self.organization.root_id = "r-" + ids.lower(4, "root")
        self.organization.master_account_email = "aws+management@acme.example"
        self.backend.org = self.organization
        root = FakeRoot(self.organization)
        root.policy_types = [{"Type": kind, "Status": "ENABLED"} for kind in _KINDS]
        self.backend.ou.append(root)
        self._units: dict[str, FakeOrganizationalUnit] = {"": root}
        for policy_id, kind in _DEFAULTS.items():
            self._default_policy(policy_id, kind, root)

    def unit(self, path: str) -> FakeOrganizationalUnit:
        """The unit at `path` (e.g. `Workloads/Prod`), made with its parents if need be."""
        if path not in self._units:
            parent, _, name = path.rpartition("/")
            made = FakeOrganizationalUnit(self.organization, Name=name, ParentId=self.unit(parent).id)
            made.id = f"ou-{self.organization.root_id[2:]}-{self._ids.lower(8, 'unit', path)}"
            self.backend.ou.append(made)
            self._units[path] = made
            self._inherit(made)
        return self._units[path]

    def add(self, account_id: str, plan: AccountPlan, *, joined: datetime) -> FakeAccount:
        """Put the account where its plan says."""
        account = SeededAccount(self.organization, account_id, plan, unit=self.unit(plan.unit).id, joined=joined)
        self.backend.accounts.append(account)
        organizations_backends.master_accounts[account_id] = (self.backend.account_id, self._partition)
        self._inherit(account)
        return account

    def policy(self, name: str, kind: str, *statements: Statement, on: str) -> None:
        """A policy of the organization's own, attached to the unit at path `on`."""
        policy = FakePolicy(
            self.organization, Name=name, Description=name.replace("-", " "), Type=kind, Content=document(*statements)
        )
        policy.id = "p-" + self._ids.lower(10, "policy", name)
        self.backend.policies.append(policy)
        _attach(policy, self.unit(on))

    def delegate(self, account: FakeAccount, services: Mapping[str, datetime]) -> None:
        """Make the account a delegated administrator of the services, each since the given time."""
        admin = FakeDelegatedAdministrator(account)
        admin.enabled_date = min(services.values())
        # Written directly: moto knows a handful of services and refuses iam and sso.
        admin.services = {
            name: {"ServicePrincipal": name, "DelegationEnabledDate": since} for name, since in services.items()
        }
        self.backend.admins.append(admin)

    def _default_policy(self, policy_id: str, kind: str, root: FakeRoot) -> None:
        statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        if kind == "RESOURCE_CONTROL_POLICY":
            statement["Principal"] = "*"
        content = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        policy = FakePolicy(
            self.organization, Name=policy_id[2:], Description="Allows access to everything", Type=kind, Content=content
        )
        policy.id, policy.aws_managed = policy_id, True
        self.backend.policies.append(policy)
        _attach(policy, root)

    def _inherit(self, target: FakeAccount | FakeOrganizationalUnit) -> None:
        for policy in self.backend.policies:
            if policy.aws_managed:
                _attach(policy, target)


def _attach(policy: FakePolicy, target: FakeAccount | FakeOrganizationalUnit) -> None:
    policy.attachments.append(target)
    target.attached_policies.append(policy)


def add_guardrails(tree: Tree, partition: str, regions: tuple[str, ...]) -> None:
    """The organization's own SCPs and RCPs."""
    service, resource = _KINDS
    tree.policy("deny-leaving-the-organization", service, deny("organizations:LeaveOrganization"), on="")
    own_role = f"arn:{partition}:iam::*:role/prooftrail/*"
    stacksets = {"ArnNotLike": {"aws:PrincipalArn": f"arn:{partition}:iam::*:role/stacksets-exec-*"}}
    guarded = deny("iam:Update*", "iam:Delete*", "iam:Put*", "iam:Attach*", on=own_role, when=stacksets)
    tree.policy("protect-the-reader-role", service, guarded, on="Workloads")
    elsewhere = {"StringNotEquals": {"aws:RequestedRegion": list(regions)}}
    local = {"Effect": "Deny", "NotAction": ["iam:*", "sts:*", "organizations:*"], "Resource": "*"}
    tree.policy("stay-in-our-regions", service, local | {"Condition": elsewhere}, on="Workloads/Prod")
    outside = {
        "StringNotEqualsIfExists": {"aws:PrincipalOrgID": tree.organization.id},
        "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
    }
    confined = deny("s3:*", "sts:AssumeRole", "secretsmanager:*", when=outside) | {"Principal": "*"}
    tree.policy("confine-data-to-the-organization", resource, confined, on="Workloads")
