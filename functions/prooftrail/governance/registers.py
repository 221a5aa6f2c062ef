"""`registers.toml` and `suppliers.toml`: who is privileged, kept for emergencies, registered or known, each until a date.

An entry names identities in one of three ways: an AWS unique id, an ARN pattern (`*` and `?`), or a family as
`prooftrail inventory --family` prints it, with its hash.
"""

from datetime import date, datetime
from typing import ClassVar

import msgspec

from prooftrail.model import canonical

from .words import AccountId, Occasion, PresetName, Relation, Text


class Registered(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all entries share. `identity` is an id, an ARN pattern or a family; `expires_on` is the last day, in UTC."""

    PEOPLE: ClassVar[tuple[str, ...]] = ("approved_by", "owner")

    identity: Text
    reason: Text
    approved_by: Text
    approved_on: date
    expires_on: date | None = None
    ticket: Text | None = None

    def holds(self, at: datetime) -> bool:
        """True from the day of approval through the last day, both included, in UTC."""
        today = canonical.utc(at).date()
        return self.approved_on <= today and (self.expires_on is None or today <= self.expires_on)


class Privileged(Registered, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An identity that may be an administrator or write IAM (IDC-20, IDC-22). `owner` is an id of owners.toml."""

    owner: Text | None = None


class Drill(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One occasion on which a break-glass identity was used on purpose: a drill, or an incident, with its record."""

    on: date
    reference: Text
    kind: Occasion = "drill"


class BreakGlass(Registered, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An identity kept for emergencies (IDC-25), with the days it was used on purpose."""

    drills: tuple[Drill, ...] = ()


class Legacy(Registered, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A long-lived credential, or the user it belongs to, that no short-lived one can replace yet (IDC-16)."""


class ManualRotation(Registered, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A secret that is rotated by hand although its tier asks for automatic rotation (IDC-17)."""


class Restricted(Registered, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A named person (`owners.toml` id in `owner`) on the restricted list an exception's predicate may refer to."""

    owner: Text


class OidcIssuer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An OIDC issuer that may vouch for software: its audiences and the owners (organizations, groups) it may speak for.

    An empty list sets no limit of its own.
    """

    PEOPLE: ClassVar[tuple[str, ...]] = ("approved_by",)

    issuer: Text
    reason: Text
    approved_by: Text
    approved_on: date
    audiences: tuple[Text, ...] = ()
    owners: tuple[Text, ...] = ()


class Preset(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of the built-in landing-zone presets, switched on: its roles are one registered family with one owner.

    `name` is `cdk-bootstrap`, `control-tower`, `stacksets` or `organization-account-access`. `accounts` are the exact
    accounts its roles may trust beside the service the preset names; `qualifier` is the CDK's.
    """

    PEOPLE: ClassVar[tuple[str, ...]] = ("approved_by", "owner")

    name: PresetName
    enabled: bool = False
    owner: Text | None = None
    accounts: tuple[AccountId, ...] = ()
    qualifier: Text | None = None
    reason: Text | None = None
    approved_by: Text | None = None
    approved_on: date | None = None


class Registers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`registers.toml`."""

    privileged: tuple[Privileged, ...] = ()
    break_glass: tuple[BreakGlass, ...] = ()
    legacy: tuple[Legacy, ...] = ()
    manual_rotation: tuple[ManualRotation, ...] = ()
    restricted: tuple[Restricted, ...] = ()
    oidc_issuer: tuple[OidcIssuer, ...] = ()
    preset: tuple[Preset, ...] = ()


class Supplier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A third party that may enter. `relation` is supplier, own_organization or aws; `active_until` is the contract's last day.

    An external id is asked of suppliers only, not of our own other organizations and AWS.
    """

    PEOPLE: ClassVar[tuple[str, ...]] = ("approved_by", "owner")

    name: Text
    accounts: tuple[AccountId, ...]
    reason: Text
    approved_by: Text
    approved_on: date
    relation: Relation = "supplier"
    active_until: date | None = None
    owner: Text | None = None
    ticket: Text | None = None

    def holds(self, at: datetime) -> bool:
        """True from the day of approval through the contract's last day, both included, in UTC."""
        today = canonical.utc(at).date()
        return self.approved_on <= today and (self.active_until is None or today <= self.active_until)


class Suppliers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`suppliers.toml`."""

    supplier: tuple[Supplier, ...] = ()
