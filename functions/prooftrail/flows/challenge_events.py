"""Which event of CloudTrail would show that something was changed, made or deleted: what to look for where AWS dates nothing.

Source: AWS, "Logging IAM and AWS STS API calls with CloudTrail" and "Log AWS Secrets Manager events with CloudTrail".
"""

from collections.abc import Mapping

from prooftrail.model.iam import (
    AccessKey,
    OidcProvider,
    PermissionSetFacts,
    Role,
    Root,
    SamlProvider,
    Secret,
    ServerCertificate,
    ServiceSpecificCredential,
    User,
)
from prooftrail.model.identity import Identity

type Events = tuple[str, ...]

_MADE_AND_GONE: Mapping[type, tuple[Events, Events]] = {
    AccessKey: (("CreateAccessKey",), ("DeleteAccessKey",)),
    OidcProvider: (("CreateOpenIDConnectProvider",), ("DeleteOpenIDConnectProvider",)),
    PermissionSetFacts: (("CreatePermissionSet",), ("DeletePermissionSet",)),
    Role: (("CreateRole", "CreateServiceLinkedRole"), ("DeleteRole", "DeleteServiceLinkedRole")),
    Root: ((), ()),
    SamlProvider: (("CreateSAMLProvider",), ("DeleteSAMLProvider",)),
    Secret: (("CreateSecret",), ("DeleteSecret", "EndSecretVersionDelete")),
    ServerCertificate: (("UploadServerCertificate",), ("DeleteServerCertificate",)),
    ServiceSpecificCredential: (("CreateServiceSpecificCredential",), ("DeleteServiceSpecificCredential",)),
    User: (("CreateUser",), ("DeleteUser",)),
}
_KEYS: Events = ("CreateAccessKey", "UpdateAccessKey", "DeleteAccessKey")
_SIGN_IN: Events = ("CreateLoginProfile", "UpdateLoginProfile", "DeleteLoginProfile", "ChangePassword")
_DEVICES: Events = ("EnableMFADevice", "DeactivateMFADevice", "DeleteVirtualMFADevice")
_SIGNING: Events = ("UploadSigningCertificate", "UpdateSigningCertificate", "DeleteSigningCertificate")
_ROTATION: Events = ("RotateSecret", "CancelRotateSecret")

_CHANGED: Mapping[type, Mapping[str, Events]] = {
    AccessKey: {"arn": ("UpdateUser",), "facts.status": ("UpdateAccessKey",), "facts.user_name": ("UpdateUser",)},
    OidcProvider: {
        "facts.client_ids": ("AddClientIDToOpenIDConnectProvider", "RemoveClientIDFromOpenIDConnectProvider"),
        "facts.thumbprints": ("UpdateOpenIDConnectProviderThumbprint",),
        "tags": ("TagOpenIDConnectProvider", "UntagOpenIDConnectProvider"),
    },
    PermissionSetFacts: {
        "facts.accounts": ("ProvisionPermissionSet", "CreateAccountAssignment", "DeleteAccountAssignment"),
        "facts": ("UpdatePermissionSet",),
    },
    Role: {
        "facts.attached": ("AttachRolePolicy", "DetachRolePolicy"),
        "facts.boundary": ("PutRolePermissionsBoundary", "DeleteRolePermissionsBoundary"),
        "facts.inline": ("PutRolePolicy", "DeleteRolePolicy"),
        "facts.instance_profiles": ("AddRoleToInstanceProfile", "RemoveRoleFromInstanceProfile"),
        "facts.trust": ("UpdateAssumeRolePolicy",),
        "facts": ("UpdateRole", "UpdateRoleDescription"),
        "tags": ("TagRole", "UntagRole"),
    },
    Root: {
        "facts.access_keys_present": _KEYS,
        "facts.certificates_present": _SIGNING,
        "facts.key_slots": _KEYS,
        "facts.mfa_active": _DEVICES,
        "facts.password_enabled": ("PasswordUpdated",),
    },
    SamlProvider: {"facts": ("UpdateSAMLProvider",)},
    Secret: {
        "facts.deleted_at": ("DeleteSecret", "RestoreSecret"),
        "facts.replicas": ("ReplicateSecretToRegions", "RemoveRegionsFromReplication"),
        "facts.last_rotated_at": ("RotationSucceeded", *_ROTATION),
        "facts.rotate_after_days": _ROTATION,
        "facts.rotation": _ROTATION,
        "facts.value_created_at": ("PutSecretValue", "UpdateSecret", "RotateSecret"),
        "facts.versions": ("PutSecretValue", "UpdateSecretVersionStage", "UpdateSecret", "RotateSecret"),
        "facts": ("UpdateSecret",),
        "tags": ("TagResource", "UntagResource"),
    },
    ServerCertificate: {"facts": ("UpdateServerCertificate",), "name": ("UpdateServerCertificate",)},
    ServiceSpecificCredential: {
        "facts": ("UpdateServiceSpecificCredential", "ResetServiceSpecificCredential"),
    },
    User: {
        "arn": ("UpdateUser",),
        "facts.attached": ("AttachUserPolicy", "DetachUserPolicy"),
        "facts.boundary": ("PutUserPermissionsBoundary", "DeleteUserPermissionsBoundary"),
        "facts.certificates": _SIGNING,
        "facts.groups": ("AddUserToGroup", "RemoveUserFromGroup"),
        "facts.inline": ("PutUserPolicy", "DeleteUserPolicy"),
        "facts.key_slots": _KEYS,
        "facts.mfa": _DEVICES,
        "facts.password": _SIGN_IN,
        "facts.path": ("UpdateUser",),
        "name": ("UpdateUser",),
        "tags": ("TagUser", "UntagUser"),
    },
}


def made(one: Identity) -> Events:
    """What would have made it."""
    return _MADE_AND_GONE[type(one.facts)][0]


def gone(one: Identity) -> Events:
    """What would have taken it away."""
    return _MADE_AND_GONE[type(one.facts)][1]


def changed(one: Identity, path: str) -> Events:
    """What would have changed this field; empty where no call can."""
    return of_type(type(one.facts), path)


def of_type(facts: type, path: str) -> Events:
    """What would have changed this field of such a thing."""
    known = _CHANGED.get(facts, {})
    fitting = [name for name in known if path == name or path.startswith((f"{name}.", f"{name}_"))]
    return known[max(fitting, key=len)] if fitting else ()
