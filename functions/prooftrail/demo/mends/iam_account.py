"""IAM's account-wide answers: summary, MFA, service credentials, certificates, providers and the newer features."""

import hashlib
from collections.abc import Mapping
from typing import Any

from moto.iam.models import VirtualMfaDevice

from prooftrail.demo.mends.call import Answer, Call, Refusal, page_by_marker
from prooftrail.demo.mends.caller import caller_of, iam_of
from prooftrail.demo.mends.iam_lists import user_of, user_row
from prooftrail.demo.mends.organizations import is_authority, organization_of
from prooftrail.demo.mends.world import Root, ServiceCredential


def _get_account_summary(call: Call) -> Mapping[str, Any]:
    """Moto's counts and quotas, with the root user told truly and its virtual device counted."""
    iam, root = iam_of(call.account, call.partition), call.world.beyond(call.account).root
    has_password = root is not None and not root.managed
    own_device = bool(root and root.virtual_mfa)
    in_use = sum(len(user.mfa_devices) for user in iam.users.values()) + own_device
    return {
        "SummaryMap": iam.get_account_summary().summary_map
        | {
            "AccountMFAEnabled": int(bool(root and root.mfa and has_password)),
            "AccountPasswordPresent": int(has_password),
            "AccountAccessKeysPresent": int(bool(root and root.key_created)),
            "AccountSigningCertificatesPresent": int(bool(root and root.signing_certificate)),
            "MFADevices": len(iam.virtual_mfa_devices) + own_device,
            "MFADevicesInUse": in_use,
        }
    }


def _credential_row(credential: ServiceCredential, account: str) -> dict[str, Any]:
    keyed = credential.alias is not None
    return {
        "UserName": credential.user,
        "Status": credential.status,
        "ServiceUserName": None if keyed else f"{credential.user}-at-{account}",
        "ServiceCredentialAlias": credential.alias,
        "CreateDate": credential.created,
        "ExpirationDate": credential.expires,
        "ServiceSpecificCredentialId": credential.id,
        "ServiceName": credential.service,
    }


def _list_service_specific_credentials(call: Call) -> Mapping[str, Any]:
    name, everyone = call.params.get("UserName"), bool(call.params.get("AllUsers"))
    if name and everyone:
        raise Refusal("ValidationError", "UserName and AllUsers cannot be specified together.")
    if not everyone:
        caller = caller_of(call)
        name = user_of(call, name or (caller.user.name if caller.user else "")).name
    service = call.params.get("ServiceName")
    wanted = [
        credential
        for credential in call.world.beyond(call.account).service_credentials
        if (everyone or credential.user == name) and service in {None, credential.service}
    ]
    page, paging = page_by_marker(call, wanted, lambda credential: credential.id)
    return {"ServiceSpecificCredentials": [_credential_row(row, call.account) for row in page], **paging}


def _root_device(call: Call, root: Root) -> dict[str, Any]:
    """The root user's virtual device: AWS lists it with a user that has no name and no path."""
    user = {"UserId": call.account, "Arn": call.arn("iam", "root"), "CreateDate": root.created}
    serial = call.arn("iam", "mfa/root-account-mfa-device")
    return {"SerialNumber": serial, "EnableDate": root.created, "User": user}


def _device_row(device: VirtualMfaDevice) -> dict[str, Any]:
    return {
        "SerialNumber": device.serial_number,
        "EnableDate": device.enable_date,
        "User": user_row(device.user) if device.user else None,
    }


def _list_virtual_mfa_devices(call: Call) -> Mapping[str, Any]:
    status, root = call.params.get("AssignmentStatus") or "Any", call.world.beyond(call.account).root
    rows = [_device_row(d) for d in iam_of(call.account, call.partition).virtual_mfa_devices.values()]
    if root and root.virtual_mfa:
        rows.append(_root_device(call, root))
    wanted = [row for row in rows if status == "Any" or bool(row["EnableDate"]) == (status == "Assigned")]
    page, paging = page_by_marker(call, wanted, lambda row: str(row["SerialNumber"]))
    return {"VirtualMFADevices": page, **paging}


def _list_mfa_devices(call: Call) -> Mapping[str, Any]:
    caller = caller_of(call)
    user = user_of(call, call.params.get("UserName") or (caller.user.name if caller.user else ""))
    page, paging = page_by_marker(call, user.mfa_devices.values(), lambda device: device.serial_number)
    rows = [
        {"UserName": user.name, "SerialNumber": device.serial_number, "EnableDate": device.enable_date}
        for device in page
    ]
    return {"MFADevices": rows, **paging}


def _id_of(arn: str) -> str:
    """An id of its own for a certificate that was uploaded over the API: moto gives it none, AWS a unique one."""
    return "ASCA" + hashlib.sha256(arn.encode()).hexdigest()[:17].upper()


def _list_server_certificates(call: Call) -> Mapping[str, Any]:
    facts = call.world.beyond(call.account).certificates
    held = iam_of(call.account, call.partition).certificates.values()
    page, paging = page_by_marker(call, held, lambda certificate: certificate.cert_name)
    rows = []
    for certificate in page:
        known = facts.get(certificate.cert_name)
        rows.append(
            {
                "Path": certificate.path,
                "ServerCertificateName": certificate.cert_name,
                "ServerCertificateId": known.id if known else _id_of(certificate.arn),
                "Arn": certificate.arn,
                "UploadDate": known.uploaded if known else None,
                "Expiration": known.expires if known else None,
            }
        )
    return {"ServerCertificateMetadataList": rows, **paging}


def _get_open_id_connect_provider(call: Call) -> Mapping[str, Any]:
    """The Url comes back without its scheme: that is how IAM stores it."""
    arn = call.params["OpenIDConnectProviderArn"]
    provider = iam_of(call.account, call.partition).open_id_providers.get(arn)
    if provider is None:
        raise Refusal("NoSuchEntity", f"OpenIDConnect Provider not found for arn {arn}")
    return {
        "Url": provider.url,
        "ClientIDList": provider.client_id_list,
        "ThumbprintList": provider.thumbprint_list,
        "CreateDate": provider.create_date,
        "Tags": provider.get_tags(),
    }


def _list_saml_providers(call: Call) -> Mapping[str, Any]:
    held = iam_of(call.account, call.partition).saml_providers.values()
    rows = [{"Arn": p.arn, "ValidUntil": p.valid_until, "CreateDate": p.create_date} for p in held]
    return {"SAMLProviderList": rows}


def _list_organizations_features(call: Call) -> Mapping[str, Any]:
    organization = organization_of(call.account, call.partition)
    if organization is None or organization.org is None:
        raise Refusal("OrganizationNotFoundException", "The account is not a member of an organization.")
    if not is_authority(organization, call.account, "iam.amazonaws.com"):
        raise Refusal(
            "AccountNotManagementOrDelegatedAdministratorException",
            "The account making the request is not the management account or delegated administrator account "
            "for centralized root access.",
        )
    features = call.world.beyond(organization.account_id).organization_features
    return {"OrganizationId": organization.org.id, "EnabledFeatures": list(features)}


def _get_outbound_web_identity_federation_info(call: Call) -> Mapping[str, Any]:
    issuer = call.world.beyond(call.account).outbound_issuer
    if issuer is None:
        raise Refusal("FeatureDisabled", "Outbound web identity federation is not enabled for this account.")
    return {"IssuerIdentifier": issuer, "JwtVendingEnabled": True}


ANSWERS: dict[str, Answer] = {
    "iam:GetAccountSummary": _get_account_summary,
    "iam:ListServiceSpecificCredentials": _list_service_specific_credentials,
    "iam:ListVirtualMFADevices": _list_virtual_mfa_devices,
    "iam:ListMFADevices": _list_mfa_devices,
    "iam:ListServerCertificates": _list_server_certificates,
    "iam:GetOpenIDConnectProvider": _get_open_id_connect_provider,
    "iam:ListSAMLProviders": _list_saml_providers,
    "iam:ListOrganizationsFeatures": _list_organizations_features,
    "iam:GetOutboundWebIdentityFederationInfo": _get_outbound_web_identity_federation_info,
}
