"""What one source showed, what it refused, and how we know: the type that makes "could not look" impossible to lose."""

from datetime import datetime
from enum import StrEnum

import msgspec


class Collector(StrEnum):
    """The sources that are read; one cell is one collector in one account and one region.

    Each collector lists one thing completely or says that it did not, so that "gone" can be told from "not read".
    """

    ACCOUNTS = "accounts"
    DELEGATED_ADMINISTRATORS = "delegated_administrators"
    ORGANIZATION_POLICIES = "organization_policies"
    AWS_POLICIES = "aws_policies"
    ORGANIZATION_FEATURES = "organization_features"
    PERMISSION_SETS = "permission_sets"
    REGIONS = "regions"
    ACCOUNT_SUMMARY = "account_summary"
    PRINCIPALS = "principals"
    ROLE_SETTINGS = "role_settings"
    CREDENTIAL_REPORT = "credential_report"
    ACCESS_KEYS = "access_keys"
    MFA_DEVICES = "mfa_devices"
    SERVICE_SPECIFIC_CREDENTIALS = "service_specific_credentials"
    PASSWORD_POLICY = "password_policy"
    SAML_PROVIDERS = "saml_providers"
    OIDC_PROVIDERS = "oidc_providers"
    SERVER_CERTIFICATES = "server_certificates"
    OUTBOUND_FEDERATION = "outbound_federation"
    SECRETS = "secrets"
    CONTACTS = "contacts"


class CellStatus(StrEnum):
    """How far a cell was read. Only OK allows a statement about absence."""

    OK = "ok"
    PARTIAL = "partial"
    DENIED = "denied"
    THROTTLED = "throttled"
    UNREACHABLE = "unreachable"
    ONBOARDING = "onboarding"
    DISABLED = "disabled"
    LATE = "late"


class GapReason(StrEnum):
    """Why something was not seen."""

    DENIED = "denied"
    THROTTLED = "throttled"
    UNREACHABLE = "unreachable"
    NOT_READY = "not_ready"
    TRUNCATED = "truncated"
    UNREADABLE = "unreadable"
    CLOCK = "clock"
    DISAGREES = "disagrees"
    NOT_COVERED = "not_covered"
    ERROR = "error"


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """One thing AWS did not show us: which call, for what, with which code, and what is not known because of it."""

    api: str
    reason: GapReason
    detail: str
    code: str | None = None
    subject: str | None = None


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where a reading came from: one API in one region, every page of it, and when.

    `observed_from` and `observed_to` are our clock; `aws_date_from` and `aws_date_to` are the `Date` headers AWS
    sent (None where it sent none). `parameters` are those common to all calls; `raw` names the sealed wire bodies.
    """

    api: str
    region: str
    calls: int
    parameters: tuple[tuple[str, str], ...] = ()
    request_ids: tuple[str, ...] = ()
    observed_from: datetime
    observed_to: datetime
    aws_date_from: datetime | None = None
    aws_date_to: datetime | None = None


class Reading[T](msgspec.Struct, frozen=True, kw_only=True):
    """What one source showed, what it refused, and where both come from.

    `complete` is False as soon as one gap stands: then nothing absent from `items` may be called gone.
    """

    items: tuple[T, ...] = ()
    gaps: tuple[Gap, ...] = ()
    sources: tuple[Source, ...] = ()

    @property
    def complete(self) -> bool:
        """True if the source was read to its end and refused nothing."""
        return not self.gaps


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """The state of one collector in one account and region at one run; `region` is "global" for account-wide sources."""

    account: str
    region: str
    collector: Collector
    status: CellStatus
    items: int
    reason: str | None = None
    gaps: tuple[Gap, ...] = ()
    sources: tuple[Source, ...] = ()


GLOBAL = "global"

_STATUS_OF = {
    GapReason.DENIED: CellStatus.DENIED,
    GapReason.THROTTLED: CellStatus.THROTTLED,
    GapReason.UNREACHABLE: CellStatus.UNREACHABLE,
}


def cell_of(account: str, region: str, collector: Collector, reading: Reading[object]) -> Cell:
    """The cell that states how far `reading` went: OK without gaps, PARTIAL with gaps beside items, else the gap's own status."""
    return Cell(
        account=account,
        region=region,
        collector=collector,
        status=_status(reading),
        items=len(reading.items),
        reason=_reason(reading.gaps),
        gaps=reading.gaps,
        sources=reading.sources,
    )


def _status(reading: Reading[object]) -> CellStatus:
    if not reading.gaps:
        return CellStatus.OK
    statuses = {_STATUS_OF.get(gap.reason, CellStatus.PARTIAL) for gap in reading.gaps}
    if reading.items or len(statuses) > 1:
        return CellStatus.PARTIAL
    return statuses.pop()


def _reason(gaps: tuple[Gap, ...]) -> str | None:
    if not gaps:
        return None
    first = f"{gaps[0].api}: {gaps[0].detail}"
    return first if len(gaps) == 1 else f"{first} (and {len(gaps) - 1} more)"
