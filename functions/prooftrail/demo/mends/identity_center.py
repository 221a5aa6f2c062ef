"""IAM Identity Center: one instance, in one region, seen by the management account and its delegated administrator."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from moto.ssoadmin.models import Instance, PermissionSet, SSOAdminBackend, ssoadmin_backends

from prooftrail.demo.mends.call import Answer, Call, Refusal, page_by_token
from prooftrail.demo.mends.organizations import is_authority, organization_of

_PAGE = 100


def _centre(call: Call) -> SSOAdminBackend | None:
    """The organization's instance, or None where the caller cannot see it or stands in another region."""
    organization = organization_of(call.account, call.partition)
    if organization is None or call.world.home_region is None:
        return None
    if call.region != call.world.home_region or not is_authority(organization, call.account, "sso.amazonaws.com"):
        return None
    return ssoadmin_backends[organization.account_id][call.world.home_region]


def _list_instances(call: Call) -> Mapping[str, Any]:
    centre = _centre(call)
    instances: list[Instance] = centre.instances if centre else []
    page, paging = page_by_token(call, instances, lambda instance: instance.instance_arn, cap=_PAGE)
    return {"Instances": [_instance_row(call, instance) for instance in page], **paging}


def _instance_row(call: Call, instance: Instance) -> dict[str, Any]:
    row = instance.to_json()
    return row | {"CreatedDate": _at(row["CreatedDate"]), "PrimaryRegion": call.world.home_region}


def _at(epoch_s: float) -> datetime:
    return datetime.fromtimestamp(epoch_s, UTC)


def _asked(call: Call) -> SSOAdminBackend:
    centre, wanted = _centre(call), call.params["InstanceArn"]
    if centre is None:
        raise Refusal("AccessDeniedException", "User is not authorized to perform this operation.")
    if all(instance.instance_arn != wanted for instance in centre.instances):
        raise Refusal("ResourceNotFoundException", "The Identity Center instance does not exist.")
    return centre


def _permission_set(call: Call) -> PermissionSet:
    for held in _asked(call).permission_sets:
        if held.permission_set_arn == call.params["PermissionSetArn"]:
            return held
    raise Refusal("ResourceNotFoundException", "Could not find PermissionSet with the given ARN.")


def _list_permission_sets(call: Call) -> Mapping[str, Any]:
    arns = [held.permission_set_arn for held in _asked(call).permission_sets]
    page, paging = page_by_token(call, arns, str, cap=_PAGE)
    return {"PermissionSets": page, **paging}


def _describe_permission_set(call: Call) -> Mapping[str, Any]:
    held = _permission_set(call)
    row = held.to_json(include_creation_date=True)
    return {"PermissionSet": row | {"CreatedDate": _at(row["CreatedDate"]), "RelayState": held.relay_state or None}}


def _list_accounts_for_provisioned_permission_set(call: Call) -> Mapping[str, Any]:
    arn = _permission_set(call).permission_set_arn
    organization = organization_of(call.account, call.partition)
    provisioned = call.world.beyond(organization.account_id).provisioned.get(arn, []) if organization else []
    page, paging = page_by_token(call, provisioned, str, cap=_PAGE)
    return {"AccountIds": page, **paging}


def _list_permission_sets_provisioned_to_account(call: Call) -> Mapping[str, Any]:
    _asked(call)
    organization = organization_of(call.account, call.partition)
    provisioned = call.world.beyond(organization.account_id).provisioned if organization else {}
    held = [arn for arn, accounts in provisioned.items() if call.params["AccountId"] in accounts]
    page, paging = page_by_token(call, held, str, cap=_PAGE)
    return {"PermissionSets": page, **paging}


ANSWERS: dict[str, Answer] = {
    "sso-admin:ListInstances": _list_instances,
    "sso-admin:ListPermissionSets": _list_permission_sets,
    "sso-admin:DescribePermissionSet": _describe_permission_set,
    "sso-admin:ListAccountsForProvisionedPermissionSet": _list_accounts_for_provisioned_permission_set,
    "sso-admin:ListPermissionSetsProvisionedToAccount": _list_permission_sets_provisioned_to_account,
}
