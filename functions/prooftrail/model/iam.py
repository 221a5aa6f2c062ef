"""IAM and Secrets Manager as AWS tells them: one frozen value per thing, absence is None, nothing judged.

Telemetry (what moves every day: last use, the report's next rotation, attachment counts) lives in `usage` values,
so that configuration can be hashed without it.
"""

from datetime import datetime
from enum import StrEnum

import msgspec

from .trust import TrustStatement


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """When something was last used, as AWS recorded it.

    `tracked` says whether AWS could have known: False means no statement at all (`not_supported`, or a source that was
    refused); True with `last_used_at` None means AWS has no use on record since it began to track.
    """

    tracked: bool
    last_used_at: datetime | None = None
    service: str | None = None
    region: str | None = None
    source: str | None = None


class AttachedPolicy(msgspec.Struct, frozen=True, order=True, kw_only=True):
    """A managed policy attached to a principal, by ARN."""

    arn: str
    name: str


class InlinePolicy(msgspec.Struct, frozen=True, order=True, kw_only=True):
    """An inline policy: its name and the SHA-256 of its document, which the snapshot holds once."""

    name: str
    document: str


class PolicyDocument(msgspec.Struct, frozen=True, kw_only=True, tag_field="record", tag="document"):
    """A policy document as canonical JSON text, named by the SHA-256 of that text; sealed once however often it is used."""

    sha256: str
    text: str


class KeySlot(msgspec.Struct, frozen=True, kw_only=True):
    """One access key slot of a credential report row; `rotated_at` is the key's creation, None for an empty slot."""

    slot: int
    active: bool
    rotated_at: datetime | None = None
    usage: Usage


class CertificateSlot(msgspec.Struct, frozen=True, kw_only=True):
    """One signing certificate slot of a credential report row."""

    slot: int
    active: bool
    rotated_at: datetime | None = None


class ReportRow(msgspec.Struct, frozen=True, kw_only=True):
    """One user's row of the credential report; `password_enabled` is None where AWS says `not_supported` (root)."""

    arn: str
    user: str
    created_at: datetime | None
    password_enabled: bool | None
    password_usage: Usage
    password_changed_at: datetime | None
    password_next_rotation: datetime | None
    mfa_active: bool
    keys: tuple[KeySlot, ...]
    certificates: tuple[CertificateSlot, ...]
    additional_credentials: str | None = None


class MfaKind(StrEnum):
    """What kind of second factor a device is, read from its serial number."""

    VIRTUAL = "virtual"
    FIDO = "fido"
    HARDWARE = "hardware"


class MfaDevice(msgspec.Struct, frozen=True, order=True, kw_only=True):
    """One MFA device assigned to a user."""

    serial: str
    kind: MfaKind
    enabled_at: datetime | None = None


class Password(msgspec.Struct, frozen=True, kw_only=True):
    """A console password; `changed_at` is None where AWS does not say."""

    changed_at: datetime | None = None
    next_rotation: datetime | None = None


class User(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="user"):
    """An IAM user. `password`, `mfa` and `key_slots` come from the credential report and the MFA lists.

    `password_enabled` and `mfa_active` are None where the report could not be read or was made before the user:
    unknown is neither yes nor no. `groups` are names.
    """

    path: str
    groups: tuple[str, ...] = ()
    attached: tuple[AttachedPolicy, ...] = ()
    inline: tuple[InlinePolicy, ...] = ()
    boundary: str | None = None
    password_enabled: bool | None = None
    password_changed_at: datetime | None = None
    mfa_active: bool | None = None
    mfa_devices: tuple[MfaDevice, ...] | None = None
    key_slots: tuple[tuple[bool, datetime], ...] | None = None
    certificates: tuple[CertificateSlot, ...] | None = None


class Root(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="root"):
    """The root of an account, as its report row and the account summary show it; None where neither was read."""

    password_enabled: bool | None = None
    mfa_active: bool | None = None
    access_keys_present: bool | None = None
    certificates_present: bool | None = None
    key_slots: tuple[tuple[bool, datetime], ...] | None = None


class AccessKey(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="access_key"):
    """An access key; `status` is AWS's word (Active, Inactive, Expired).

    `inactive_since` is the tick of the first sealed snapshot that shows it other than active: it is so at least since
    then. None for an active key.
    """

    user_id: str
    user_name: str
    status: str
    inactive_since: datetime | None = None


class ServiceSpecificCredential(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="service_specific_credential"
):
    """A credential for one service (CodeCommit, Keyspaces, Bedrock, CloudWatch Logs); `expires_at` None means never."""

    user_id: str | None
    user_name: str
    service: str
    status: str
    alias: str | None = None
    expires_at: datetime | None = None


class Role(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="role"):
    """An IAM role. `trust` is parsed once; `trust_document` names the document it was parsed from.

    `max_session_s` and `description` come from ListRoles and are None where that was not read.
    """

    path: str
    trust: tuple[TrustStatement, ...]
    trust_document: str | None
    attached: tuple[AttachedPolicy, ...] = ()
    inline: tuple[InlinePolicy, ...] = ()
    boundary: str | None = None
    instance_profiles: tuple[str, ...] = ()
    max_session_s: int | None = None
    description: str | None = None


class SamlProvider(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="saml_provider"):
    """A SAML provider; `valid_until` as the list gives it."""

    valid_until: datetime | None = None


class OidcProvider(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="oidc_provider"):
    """An OpenID Connect provider; fields beyond the ARN are None where `GetOpenIDConnectProvider` was refused."""

    url: str | None = None
    client_ids: tuple[str, ...] | None = None
    thumbprints: tuple[str, ...] | None = None


class ServerCertificate(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="server_certificate"):
    """A server certificate stored in IAM."""

    path: str
    expires_at: datetime | None = None


class SecretVersion(msgspec.Struct, frozen=True, order=True, kw_only=True):
    """One version of a secret with its staging labels; `created_at` is None where ListSecrets alone named it."""

    id: str
    stages: tuple[str, ...]
    created_at: datetime | None = None


class Secret(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="secret"):
    """A Secrets Manager secret; never its value.

    `value_created_at` is the creation of its AWSCURRENT version, None where that could not be read.
    `replica_of` is the primary's region for a replica whose primary was not read; `replicas` are the regions folded in.
    """

    rotation_enabled: bool
    rotation_lambda: str | None = None
    rotate_after_days: int | None = None
    rotation_schedule: str | None = None
    last_rotated_at: datetime | None = None
    last_changed_at: datetime | None = None
    deleted_at: datetime | None = None
    owning_service: str | None = None
    managed_type: str | None = None
    kms_key: str | None = None
    description: str | None = None
    versions: tuple[SecretVersion, ...] = ()
    value_created_at: datetime | None = None
    value_age_known: bool = False
    replica_of: str | None = None
    replicas: tuple[str, ...] = ()


class PermissionSetFacts(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="permission_set"):
    """An Identity Center permission set as an identity; who is assigned is not collected by this version."""

    instance_arn: str
    session_duration: str | None = None
    description: str | None = None
    relay_state: str | None = None
    accounts: tuple[str, ...] | None = None


class Group(msgspec.Struct, frozen=True, kw_only=True, tag_field="record", tag="group"):
    """An IAM group; no identity of its own, but what its members may do."""

    id: str
    arn: str
    name: str
    path: str
    created_at: datetime | None
    attached: tuple[AttachedPolicy, ...] = ()
    inline: tuple[InlinePolicy, ...] = ()


class ManagedPolicy(msgspec.Struct, frozen=True, kw_only=True, tag_field="record", tag="policy"):
    """A customer-managed policy; `versions` pairs each version id with the SHA-256 of its document."""

    id: str
    arn: str
    name: str
    path: str
    default_version: str
    created_at: datetime | None
    updated_at: datetime | None
    versions: tuple[tuple[str, str], ...] = ()


class AwsManagedPolicy(msgspec.Struct, frozen=True, order=True, kw_only=True, tag_field="record", tag="aws_policy"):
    """The default version of a policy AWS manages, with its document as canonical JSON text; None where it was refused."""

    arn: str
    version: str
    text: str | None = None


class PasswordPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """The account's password policy; `set` is False where the account has none and AWS's default applies."""

    set: bool
    minimum_length: int | None = None
    require_symbols: bool | None = None
    require_numbers: bool | None = None
    require_uppercase: bool | None = None
    require_lowercase: bool | None = None
    max_age_days: int | None = None
    reuse_prevention: int | None = None
    hard_expiry: bool | None = None
    users_may_change: bool | None = None
