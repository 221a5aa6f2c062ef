"""The organization as AWS Organizations tells it: accounts, where they sit, who administers what, which policies bind."""

from datetime import datetime
from enum import StrEnum

import msgspec


class Tag(msgspec.Struct, frozen=True, order=True, kw_only=True):
    """One tag; sets of tags are kept as lists sorted by key, because keys may be any text."""

    key: str
    value: str


class AccountState(StrEnum):
    """Life of an account as `organizations:ListAccounts` `State` names it; UNKNOWN where neither State nor Status came."""

    PENDING_ACTIVATION = "PENDING_ACTIVATION"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    PENDING_CLOSURE = "PENDING_CLOSURE"
    CLOSED = "CLOSED"
    UNKNOWN = "UNKNOWN"


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """One account of the organization, or the single account where there is none.

    `ou_path` runs from the root's name down (`Root/Workloads/Prod`), None where it was not read; `email` is a
    pseudonym; `state` falls back to `Status` where AWS sends no `State`.
    """

    id: str
    name: str | None = None
    arn: str | None = None
    email: str | None = None
    state: AccountState = AccountState.UNKNOWN
    joined_at: datetime | None = None
    joined_method: str | None = None
    ou_path: str | None = None
    ou_ids: tuple[str, ...] = ()
    tags: tuple[Tag, ...] | None = None
    management: bool = False


class OrganizationFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Which organization this is; every field None where the caller stands in a single account."""

    id: str | None = None
    management_account: str | None = None
    feature_set: str | None = None


class DelegatedAdministrator(msgspec.Struct, frozen=True, kw_only=True):
    """An account that administers AWS services for the organization; `services` is None where they were not read."""

    account: str
    services: tuple[str, ...] | None = None
    enabled_at: datetime | None = None


class PolicyTarget(msgspec.Struct, frozen=True, order=True, kw_only=True):
    """What an organization policy is attached to."""

    id: str
    type: str
    name: str | None = None


class OrganizationPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """A service or resource control policy with its document and targets; None where that part was not read."""

    id: str
    arn: str
    name: str
    type: str
    aws_managed: bool
    document: str | None = None
    targets: tuple[PolicyTarget, ...] | None = None


class PermissionSet(msgspec.Struct, frozen=True, kw_only=True):
    """An Identity Center permission set; `session_duration` as AWS gives it (ISO 8601); None where not read."""

    arn: str
    instance_arn: str
    identity_store_id: str | None = None
    name: str | None = None
    description: str | None = None
    created_at: datetime | None = None
    session_duration: str | None = None
    relay_state: str | None = None
    accounts: tuple[str, ...] | None = None
