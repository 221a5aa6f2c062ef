"""AWS Organizations: asked by the management account or a delegated administrator, twenty rows a page."""

from collections.abc import Iterable, Mapping
from typing import Any

from moto.organizations.models import (
    FakeAccount,
    FakeOrganizationalUnit,
    FakePolicy,
    FakeRoot,
    OrganizationsBackend,
    organizations_backends,
)

from prooftrail.demo.mends.call import Answer, Call, Refusal, page_by_token

_PAGE = 20


def organization_of(account: str, partition: str) -> OrganizationsBackend | None:
    """The organization the account belongs to, as its management account's backend, or None."""
    for backends in list(organizations_backends.values()):
        if partition not in backends:
            continue
        backend = backends[partition]
        if any(member.id == account for member in backend.accounts):
            return backend
    return None


def is_authority(organization: OrganizationsBackend, account: str, service: str | None = None) -> bool:
    """Whether the account manages the organization, or is a delegated administrator (of `service`, if named)."""
    if account == organization.account_id:
        return True
    admins = (admin for admin in organization.admins if admin.account.id == account)
    return any(service is None or service in admin.services for admin in admins)


def guard(call: Call) -> None:
    """Refuse what AWS refuses: strangers altogether, and members everything but DescribeOrganization."""
    organization = organization_of(call.account, call.partition)
    if organization is None and call.operation != "CreateOrganization":
        raise Refusal("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
    if organization and call.operation != "DescribeOrganization" and not is_authority(organization, call.account):
        raise Refusal("AccessDeniedException", "You don't have permissions to access this resource.")


def _asked(call: Call) -> OrganizationsBackend:
    organization = organization_of(call.account, call.partition)
    if organization is None:  # guard() has let the call through, so the account is in one
        raise Refusal("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
    return organization


def _path(organization: OrganizationsBackend, parent: str | None) -> str:
    """The way from the organization down to `parent`, each step closed by a slash."""
    steps: list[str] = []
    units = {unit.id: unit for unit in organization.ou}
    while parent is not None and parent in units:
        steps.insert(0, parent)
        parent = units[parent].parent_id
    root = organization.org.id if organization.org else ""
    return "/".join([root, *steps]) + "/"


def _account_row(organization: OrganizationsBackend, account: FakeAccount) -> dict[str, Any]:
    return {
        "Id": account.id,
        "Arn": account.arn,
        "Email": account.email,
        "Name": account.name,
        "Status": account.status,
        "State": account.state,
        "JoinedMethod": account.joined_method,
        "JoinedTimestamp": account.create_time,
        "Paths": [f"{_path(organization, account.parent_id)}{account.id}/"],
    }


def _list_accounts(call: Call) -> Mapping[str, Any]:
    organization = _asked(call)
    page, paging = page_by_token(call, organization.accounts, lambda account: account.id, cap=_PAGE)
    return {"Accounts": [_account_row(organization, account) for account in page], **paging}


def _list_accounts_for_parent(call: Call) -> Mapping[str, Any]:
    organization = _asked(call)
    held = [account for account in organization.accounts if account.parent_id == call.params["ParentId"]]
    page, paging = page_by_token(call, held, lambda account: account.id, cap=_PAGE)
    return {"Accounts": [_account_row(organization, account) for account in page], **paging}


def _describe_account(call: Call) -> Mapping[str, Any]:
    organization = _asked(call)
    for account in organization.accounts:
        if account.id == call.params["AccountId"]:
            return {"Account": _account_row(organization, account)}
    raise Refusal("AccountNotFoundException", "You specified an account that doesn't exist.")


def _describe_organization(call: Call) -> Mapping[str, Any]:
    organization = _asked(call)
    return organization.org.describe() if organization.org else {}


def _list_roots(call: Call) -> Mapping[str, Any]:
    roots = [unit for unit in _asked(call).ou if isinstance(unit, FakeRoot)]
    page, paging = page_by_token(call, roots, lambda root: root.id, cap=_PAGE)
    return {"Roots": [root.describe() for root in page], **paging}


def _list_organizational_units_for_parent(call: Call) -> Mapping[str, Any]:
    organization, parent = _asked(call), call.params["ParentId"]
    if not any(unit.id == parent for unit in organization.ou):
        raise Refusal("ParentNotFoundException", "You specified parent that doesn't exist.")
    held = [unit for unit in organization.ou if unit.parent_id == parent and not isinstance(unit, FakeRoot)]
    page, paging = page_by_token(call, held, lambda unit: unit.id, cap=_PAGE)
    rows = [{"Id": unit.id, "Arn": unit.arn, "Name": unit.name, "Path": _path(organization, unit.id)} for unit in page]
    return {"OrganizationalUnits": rows, **paging}


def _list_parents(call: Call) -> Mapping[str, Any]:
    organization, child = _asked(call), call.params["ChildId"]
    held: Iterable[FakeAccount | FakeOrganizationalUnit] = [*organization.accounts, *organization.ou]
    for item in held:
        if item.id == child and item.parent_id is not None:
            kind = "ROOT" if item.parent_id.startswith("r-") else "ORGANIZATIONAL_UNIT"
            return {"Parents": [{"Id": item.parent_id, "Type": kind}]}
    raise Refusal("ChildNotFoundException", "You specified an organizational unit or account that doesn't exist.")


def _list_tags_for_resource(call: Call) -> Mapping[str, Any]:
    organization, wanted = _asked(call), call.params["ResourceId"]
    held: list[FakeAccount | FakeOrganizationalUnit | FakePolicy] = [*organization.accounts, *organization.ou]
    for item in [*held, *organization.policies]:
        if item.id == wanted:
            return {"Tags": [{"Key": key, "Value": value} for key, value in sorted(item.tags.items())]}
    raise Refusal("TargetNotFoundException", "You specified a target that doesn't exist.")


def _list_delegated_administrators(call: Call) -> Mapping[str, Any]:
    organization, service = _asked(call), call.params.get("ServicePrincipal")
    held = [admin for admin in organization.admins if service is None or service in admin.services]
    page, paging = page_by_token(call, held, lambda admin: admin.account.id, cap=_PAGE)
    rows = []
    for admin in page:
        row = _account_row(organization, admin.account)
        del row["Paths"]
        rows.append(row | {"DelegationEnabledDate": admin.enabled_date})
    return {"DelegatedAdministrators": rows, **paging}


def _list_delegated_services_for_account(call: Call) -> Mapping[str, Any]:
    for admin in _asked(call).admins:
        if admin.account.id == call.params["AccountId"]:
            services = sorted(admin.services.values(), key=lambda service: str(service["ServicePrincipal"]))
            page, paging = page_by_token(call, services, lambda service: str(service["ServicePrincipal"]), cap=_PAGE)
            return {"DelegatedServices": page, **paging}
    raise Refusal(
        "AccountNotRegisteredException", "The specified account is not a delegated administrator for your organization."
    )


def _policy_row(policy: FakePolicy) -> dict[str, Any]:
    row: dict[str, Any] = policy.describe()["Policy"]["PolicySummary"]
    if not policy.aws_managed:
        return row
    partition, kind = row["Arn"].split(":")[1], policy.type.lower()
    return row | {"Arn": f"arn:{partition}:organizations::aws:policy/{kind}/{policy.id}"}


def _list_policies(call: Call) -> Mapping[str, Any]:
    held = [policy for policy in _asked(call).policies if policy.type == call.params["Filter"]]
    page, paging = page_by_token(call, held, lambda policy: policy.id, cap=_PAGE)
    return {"Policies": [_policy_row(policy) for policy in page], **paging}


def _policy(call: Call) -> FakePolicy:
    for policy in _asked(call).policies:
        if policy.id == call.params["PolicyId"]:
            return policy
    raise Refusal("PolicyNotFoundException", "You specified a policy that doesn't exist.")


def _describe_policy(call: Call) -> Mapping[str, Any]:
    policy = _policy(call)
    return {"Policy": {"PolicySummary": _policy_row(policy), "Content": policy.content}}


def _list_targets_for_policy(call: Call) -> Mapping[str, Any]:
    page, paging = page_by_token(call, _policy(call).attachments, lambda target: str(target.id), cap=_PAGE)
    rows = [{"TargetId": item.id, "Arn": item.arn, "Name": item.name, "Type": item.type} for item in page]
    return {"Targets": rows, **paging}


ANSWERS: dict[str, Answer] = {
    "organizations:ListAccounts": _list_accounts,
    "organizations:ListAccountsForParent": _list_accounts_for_parent,
    "organizations:DescribeAccount": _describe_account,
    "organizations:DescribeOrganization": _describe_organization,
    "organizations:ListRoots": _list_roots,
    "organizations:ListOrganizationalUnitsForParent": _list_organizational_units_for_parent,
    "organizations:ListParents": _list_parents,
    "organizations:ListTagsForResource": _list_tags_for_resource,
    "organizations:ListDelegatedAdministrators": _list_delegated_administrators,
    "organizations:ListDelegatedServicesForAccount": _list_delegated_services_for_account,
    "organizations:ListPolicies": _list_policies,
    "organizations:DescribePolicy": _describe_policy,
    "organizations:ListTargetsForPolicy": _list_targets_for_policy,
}
