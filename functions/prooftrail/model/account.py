"""Everything the collectors read in one account, and what yesterday's reading spares them."""

from datetime import datetime

import msgspec

from .iam import (
    AwsManagedPolicy,
    Group,
    ManagedPolicy,
    MfaDevice,
    PasswordPolicy,
    PolicyDocument,
    ReportRow,
    SecretVersion,
)
from .identity import Observed
from .organization import (
    Account,
    DelegatedAdministrator,
    OrganizationFacts,
    OrganizationPolicy,
    PermissionSet,
)
from .reading import Reading
from .snapshot import AlternateContact, Sighting


class RoleSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What only ListRoles shows of a role."""

    role_id: str
    max_session_s: int | None
    description: str | None


class UserMfa(msgspec.Struct, frozen=True, kw_only=True):
    """One MFA device and the name of the user it is assigned to."""

    user_name: str
    device: MfaDevice


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The credential report: when AWS made it, which columns it had, and its rows (root among them)."""

    generated_at: datetime
    columns: tuple[str, ...]
    rows: tuple[ReportRow, ...]


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """One number of the account summary."""

    name: str
    value: int


class OutboundFederation(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the account can mint tokens for third parties, and as which issuer."""

    enabled: bool
    issuer: str | None = None


class AccountReadings(msgspec.Struct, frozen=True, kw_only=True):
    """One account as read: a Reading for each collector, groups, policies and documents beside the principals.

    `summary_before` and `summary_after` bracket the reading of the principals. `secrets` is by region;
    `permission_sets` and `features` are None where this account is not the one to ask. `aws_policies` are those that the
    run's context lacks and somebody here has attached or for a boundary. `sampled` are the ids of the users whose report rows were compared with a live reading.
    `contacts_read_in` is the run that asked for every contact and was answered: this one, or the one they are carried
    from; None where one was refused.
    """

    account: str
    regions: Reading[str]
    regions_read: tuple[str, ...]
    summary_before: Reading[Count]
    summary_after: Reading[Count]
    principals: Reading[Observed]
    groups: tuple[Group, ...]
    policies: tuple[ManagedPolicy, ...]
    documents: tuple[PolicyDocument, ...]
    role_settings: Reading[RoleSettings]
    report: Reading[Report]
    access_keys: Reading[Observed]
    mfa: Reading[UserMfa]
    service_credentials: Reading[Observed]
    password_policy: Reading[PasswordPolicy]
    saml_providers: Reading[Observed]
    oidc_providers: Reading[Observed]
    server_certificates: Reading[Observed]
    outbound_federation: Reading[OutboundFederation]
    secrets: tuple[tuple[str, Reading[Observed]], ...]
    contacts: Reading[AlternateContact]
    contacts_read_in: str | None
    features: Reading[str] | None = None
    permission_sets: Reading[PermissionSet] | None = None
    aws_policies: Reading[AwsManagedPolicy] = Reading()
    sightings: tuple[Sighting, ...] = ()
    sampled: tuple[str, ...] = ()
    started_at: datetime
    finished_at: datetime
    calls: int = 0
    throttled: int = 0


class OrganizationReadings(msgspec.Struct, frozen=True, kw_only=True):
    """The organization as read. `complete` account lists alone let anyone be called an outsider.

    `aws_policies` is None where nobody asked for them.
    """

    caller_account: str
    caller_arn: str
    partition: str
    facts: OrganizationFacts
    accounts: Reading[Account]
    delegated_administrators: Reading[DelegatedAdministrator]
    policies: Reading[OrganizationPolicy]
    aws_policies: Reading[AwsManagedPolicy] | None = None
    sightings: tuple[Sighting, ...] = ()
    calls: int = 0
    throttled: int = 0


class CarriedKeys(msgspec.Struct, frozen=True, kw_only=True):
    """The access keys of a user as the previous sealed snapshot holds them, and the report slots they belonged to."""

    slots: tuple[tuple[bool, datetime], ...]
    keys: tuple[Observed, ...]


class CarriedSecret(msgspec.Struct, frozen=True, kw_only=True):
    """What the previous snapshot knew of a secret's value: its version ids and when AWSCURRENT was created."""

    versions: tuple[SecretVersion, ...]
    value_created_at: datetime | None


class Carry(msgspec.Struct, frozen=True, kw_only=True):
    """What the previous sealed snapshot of the account spares this reading, and the run's context; empty on a first day.

    `keys` is by user id, `secrets` by ARN. `run_id` is the run whose reading is carried, `seed` draws the sample.
    `aws_policies` are the ARNs of AWS's own policies whose text the context holds. `contacts` are the last that were
    read; `contacts_read_in` is the run that asked for all of them, or None where they are due to be asked again.
    """

    run_id: str | None = None
    keys: dict[str, CarriedKeys] = {}
    secrets: dict[str, CarriedSecret] = {}
    seed: str = ""
    aws_policies: frozenset[str] = frozenset()
    contacts: tuple[AlternateContact, ...] = ()
    contacts_read_in: str | None = None
