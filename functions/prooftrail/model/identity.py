"""An identity: anything that can act or prove who it is, with its class, kind, owner and purpose, and the reason for each."""

from datetime import datetime
from enum import StrEnum

import msgspec

from .iam import (
    AccessKey,
    OidcProvider,
    PermissionSetFacts,
    Role,
    Root,
    SamlProvider,
    Secret,
    ServerCertificate,
    ServiceSpecificCredential,
    Usage,
    User,
)
from .organization import Tag
from .reading import Collector


class IdentityClass(StrEnum):
    """Who acts through an identity. UNDETERMINED is an answer: nothing seen tells."""

    HUMAN = "human"
    NON_HUMAN = "non_human"
    UNDETERMINED = "undetermined"


class Basis(StrEnum):
    """How a class is known: declared by a tag or governance, or inferred from what AWS shows."""

    DECLARED = "declared"
    INFERRED = "inferred"


class Kind(StrEnum):
    """What an identity is. USER is an IAM user of whom neither a person nor software could be told."""

    ROOT = "root"
    HUMAN_USER = "human_user"
    SERVICE_USER = "service_user"
    USER = "user"
    ACCESS_KEY = "access_key"
    SERVICE_SPECIFIC_CRED = "service_specific_cred"
    ROLE_WORKLOAD = "role_workload"
    ROLE_WORKLOAD_EKS = "role_workload_eks"
    ROLE_SERVICE_LINKED = "role_service_linked"
    ROLE_CICD = "role_cicd"
    ROLE_THIRD_PARTY = "role_third_party"
    ROLE_CROSS_ACCOUNT = "role_cross_account"
    ROLE_SSO = "role_sso"
    ROLE_SAML = "role_saml"
    ROLE_PUBLIC = "role_public"
    ROLE_MIXED = "role_mixed"
    PERMISSION_SET = "permission_set"
    SECRET = "secret"
    CERTIFICATE = "certificate"
    OIDC_PROVIDER = "oidc_provider"
    SAML_PROVIDER = "saml_provider"


class Rung(StrEnum):
    """The rung of the ladder an owner or purpose is known by, strongest first."""

    IDENTITY_TAG = "identity_tag"
    PRINCIPAL_TAG = "principal_tag"
    REGISTRY = "registry"
    ACCOUNT = "account"
    NONE = "none"


class Classification(msgspec.Struct, frozen=True, kw_only=True):
    """The class of an identity, how it is known, and the reason in words."""

    cls: IdentityClass = msgspec.field(name="class")
    basis: Basis
    reason: str


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """An owner or a purpose: the value (owners are pseudonyms), the rung it is known by, and where exactly it stood."""

    value: str | None = None
    rung: Rung = Rung.NONE
    where: str | None = None


type Facts = (
    User
    | Root
    | AccessKey
    | ServiceSpecificCredential
    | Role
    | SamlProvider
    | OidcProvider
    | ServerCertificate
    | Secret
    | PermissionSetFacts
)


class Observed(msgspec.Struct, frozen=True, kw_only=True):
    """One thing a collector listed, before the inventory says what it is, whose and of which family.

    Fields as in `Identity`; a user's report facts are joined to it by the inventory.
    """

    id: str
    arn: str
    region: str
    name: str
    created_at: datetime | None
    tags: tuple[Tag, ...] | None
    facts: Facts
    usage: Usage
    parent: str | None = None
    carried_from: str | None = None


class Identity(msgspec.Struct, frozen=True, kw_only=True, tag_field="record", tag="identity"):
    """One identity at `taken_at`.

    `id` is AWS's unique id (AIDA…, AROA…, the key id, the secret's ARN with its suffix; the ARN where AWS gives no
    other). `collector` and `region` name the cell that lists it. `parent` is the identity it belongs to (a key's
    user). `carried_from` names the run whose reading stands where this run had no reason to read again.
    `usage` is telemetry: sealed, and never part of the configuration hash. `unknown` names the fields (dotted, as in a
    change) whose source was refused or could not tell this time: their value is no statement, and no change.
    """

    id: str
    arn: str
    account: str
    region: str
    collector: Collector
    name: str
    kind: Kind
    kind_reason: str
    classification: Classification
    owner: Known
    purpose: Known
    created_at: datetime | None
    tags: tuple[Tag, ...] | None
    facts: Facts
    usage: Usage
    parent: str | None = None
    family: str | None = None
    carried_from: str | None = None
    unknown: tuple[str, ...] = ()


HOME: dict[type, Collector] = {
    User: Collector.PRINCIPALS,
    Role: Collector.PRINCIPALS,
    Root: Collector.CREDENTIAL_REPORT,
    AccessKey: Collector.ACCESS_KEYS,
    ServiceSpecificCredential: Collector.SERVICE_SPECIFIC_CREDENTIALS,
    SamlProvider: Collector.SAML_PROVIDERS,
    OidcProvider: Collector.OIDC_PROVIDERS,
    ServerCertificate: Collector.SERVER_CERTIFICATES,
    Secret: Collector.SECRETS,
    PermissionSetFacts: Collector.PERMISSION_SETS,
}
"""The collector that lists each type of fact: only its cell can say that one is gone."""
