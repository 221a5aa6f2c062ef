"""Every answer has only members AWS has, of the shapes AWS gives them, and all that AWS requires."""

import contextlib
import re
from datetime import datetime

from botocore.exceptions import ClientError
from moto.core.utils import get_service_model

from prooftrail.demo import faithful
from tests.demo.door import client, every, inside, opened, report_of

# AWS itself lists the root user's MFA device with a user that has neither name nor path.
NAMELESS = {"VirtualMFADevices[].User.UserName", "VirtualMFADevices[].User.Path"}
# Percent-encoding lengthens documents, and AWS's own are longer than its model says.
LONG = {"Policies[].PolicyVersionList[].Document"}
PYTHON = {"integer": int, "long": int, "boolean": bool, "timestamp": datetime, "blob": (str, bytes)}


def wrong(value, shape, where=""):
    """What of `value` does not fit the shape, by path."""
    match shape.type_name:
        case "structure":
            yield from _wrong_members(value, shape, where)
        case "list":
            for each in value:
                yield from wrong(each, shape.member, f"{where}[]")
        case "map":
            for each in value.values():
                yield from wrong(each, shape.value, where)
        case "string":
            yield from _wrong_text(value, shape, where)
        case plain if not isinstance(value, PYTHON[plain]):
            yield f"{where} is a {type(value).__name__}, not a {plain}"


def _wrong_members(value, shape, where):
    dot = f"{where}." if where else ""
    present = {name for name, held in value.items() if held is not None}
    yield from (f"{dot}{name} is unknown" for name in set(value) - set(shape.members))
    yield from (
        f"{dot}{name} is missing" for name in {*shape.required_members} - present if f"{dot}{name}" not in NAMELESS
    )
    for name in present & set(shape.members):
        yield from wrong(value[name], shape.members[name], f"{dot}{name}")


def _wrong_text(value, shape, where):
    if not isinstance(value, str):
        yield f"{where} is a {type(value).__name__}, not a string"
        return
    if shape.enum and value not in shape.enum:
        yield f"{where} {value!r} is none of {shape.enum}"
    longest = shape.metadata.get("max")
    if longest is not None and len(value) > longest and where not in LONG:
        yield f"{where} is longer than {longest}"
    pattern = shape.metadata.get("pattern", "")
    # Python knows no \p{…} classes; spell out the one IAM uses for tags.
    pattern = pattern.replace(r"\p{L}\p{Z}\p{N}_", r"\w\s\u3000").replace("\\u0009", "\t")
    with contextlib.suppress(re.error):
        if pattern and not re.fullmatch(pattern, value):
            yield f"{where} {value[:80]!r} does not match {pattern}"


def ask_everything(organization):
    """Call every operation that is answered here, in every account that lets us in."""
    ask_account(client(organization, "iam"), organization, None)
    for account in ("security-tooling", "payments-prod", "data-platform-prod", "sandbox", "shared-services"):
        ask_account(inside(organization, account, "iam"), organization, account)
        secrets = inside(organization, account, "secretsmanager")
        for secret in every(secrets, "list_secrets", "SecretList", IncludePlannedDeletion=True):
            secrets.describe_secret(SecretId=secret["ARN"])
            secrets.list_secret_version_ids(SecretId=secret["ARN"], IncludeDeprecated=True)
        with contextlib.suppress(ClientError):
            secrets.get_secret_value(SecretId="any")
        with contextlib.suppress(ClientError):
            secrets.batch_get_secret_value(SecretIdList=["any"])
    client(organization, "sts").get_caller_identity()
    client(organization, "account").list_regions()
    client(organization, "account").get_alternate_contact(AlternateContactType="SECURITY")
    client(organization, "ec2").describe_regions()
    ask_organization(client(organization, "organizations"), organization)
    ask_centre(client(organization, "sso-admin"), organization)


def ask_account(iam, organization, account):
    report_of(iam)
    iam.get_account_summary()
    iam.get_account_authorization_details(MaxItems=1000)
    iam.list_groups()
    iam.list_policies(Scope="Local")
    for user in iam.list_users()["Users"]:
        iam.list_mfa_devices(UserName=user["UserName"])
        for key in iam.list_access_keys(UserName=user["UserName"])["AccessKeyMetadata"]:
            iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])
    role = iam.list_roles()["Roles"][0]["RoleName"]
    iam.get_role(RoleName=role)
    policy = iam.get_policy(PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")["Policy"]
    iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])
    iam.list_service_specific_credentials(AllUsers=True)
    iam.list_virtual_mfa_devices()
    iam.list_server_certificates()
    iam.list_saml_providers()
    for provider in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]:
        iam.get_open_id_connect_provider(OpenIDConnectProviderArn=provider["Arn"])
    for operation in (iam.list_organizations_features, iam.get_outbound_web_identity_federation_info):
        with contextlib.suppress(ClientError):
            operation()


def ask_organization(api, organization):
    api.describe_organization()
    root = api.list_roots()["Roots"][0]["Id"]
    api.list_organizational_units_for_parent(ParentId=root)
    api.list_accounts_for_parent(ParentId=root)
    for account in api.list_accounts()["Accounts"]:
        api.describe_account(AccountId=account["Id"])
        api.list_parents(ChildId=account["Id"])
        api.list_tags_for_resource(ResourceId=account["Id"])
    for admin in api.list_delegated_administrators()["DelegatedAdministrators"]:
        api.list_delegated_services_for_account(AccountId=admin["Id"])
    for kind in ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"):
        for policy in api.list_policies(Filter=kind)["Policies"]:
            api.describe_policy(PolicyId=policy["Id"])
            api.list_targets_for_policy(PolicyId=policy["Id"])


def ask_centre(api, organization):
    instance = api.list_instances()["Instances"][0]["InstanceArn"]
    for arn in api.list_permission_sets(InstanceArn=instance)["PermissionSets"]:
        api.describe_permission_set(InstanceArn=instance, PermissionSetArn=arn)
        api.list_accounts_for_provisioned_permission_set(InstanceArn=instance, PermissionSetArn=arn)
    api.list_permission_sets_provisioned_to_account(InstanceArn=instance, AccountId=organization.management_account_id)


def test_all_answers_fit_the_service_model(monkeypatch):
    faults, seen, send = set(), set(), faithful.answered

    def checked(call, result):
        seen.add(f"{call.service}:{call.operation}")
        shape = get_service_model(call.service).operation_model(call.operation).output_shape
        faults.update(f"{call.operation}: {each}" for each in wrong(result, shape))
        return send(call, result)

    monkeypatch.setattr(faithful, "answered", checked)
    with opened() as organization:
        organization.set_day(3)
        ask_everything(organization)
    assert faults == set()
    # These two only ever refuse.
    silent = {"secretsmanager:GetSecretValue", "secretsmanager:BatchGetSecretValue"}
    assert seen == set(faithful.ANSWERS) - silent
