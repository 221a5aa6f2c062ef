"""What AWS knows about an account and moto has no place for."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import RLock
from typing import Protocol


class Clock(Protocol):
    """The simulated time; `tick` is where it was last put."""

    @property
    def tick(self) -> datetime: ...

    def now(self) -> datetime: ...


@dataclass(kw_only=True)
class Root:
    """The root user of an account. `managed` means its credentials were removed from the management account."""

    created: datetime
    managed: bool = False
    mfa: bool = True
    virtual_mfa: bool = False
    password_last_used: datetime | None = None
    key_created: datetime | None = None
    signing_certificate: bool = False


@dataclass(frozen=True, kw_only=True)
class ServiceCredential:
    """A service-specific credential; `expires` is None where AWS shows no expiration date."""

    id: str
    user: str
    service: str
    created: datetime
    status: str = "Active"
    alias: str | None = None
    expires: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ReportForm:
    """How this account's credential report is written: real ones differ in exactly these three ways."""

    additional_column: bool = False
    zulu: bool = False
    upper: bool = False


@dataclass(kw_only=True)
class SecretFacts:
    """What Secrets Manager tells of one secret beyond moto: use per region, version dates, schedule, deletion."""

    accessed: dict[str, datetime] = field(default_factory=dict)
    version_dates: dict[str, datetime] = field(default_factory=dict)
    schedule: str | None = None
    deleted: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class CertificateFacts:
    """A server certificate's own dates."""

    id: str
    uploaded: datetime
    expires: datetime


@dataclass(kw_only=True)
class Beyond:
    """One account's facts that moto cannot hold. The defaults are an account nobody touched."""

    root: Root | None = None
    service_credentials: list[ServiceCredential] = field(default_factory=list)
    user_boundaries: dict[str, str] = field(default_factory=dict)
    password_changed: dict[str, datetime] = field(default_factory=dict)
    # What a report's last column says of a user who has more credentials than the report has columns.
    additional_credentials: dict[str, str] = field(default_factory=dict)
    report: ReportForm = ReportForm()
    secrets: dict[str, SecretFacts] = field(default_factory=dict)
    certificates: dict[str, CertificateFacts] = field(default_factory=dict)
    regions: dict[str, str] = field(default_factory=dict)
    outbound_issuer: str | None = None
    organization_features: tuple[str, ...] = ()
    provisioned: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class RoleSession:
    """One assumed role, found again by the temporary key it was given. `until_s` is on the real monotonic clock."""

    account: str
    role_name: str
    role_id: str
    arn: str
    name: str
    policy: str | None
    until_s: float


@dataclass(frozen=True, kw_only=True)
class Report:
    """One credential report: when its making began (real monotonic seconds) and what it will show."""

    started_s: float
    generated: datetime
    content: str


@dataclass(kw_only=True)
class World:
    """Everything the answers share. Hold `lock` to change it, so that no request sees half a day.

    With `strangers` a key id that is none (as tests use) signs for the root user of moto's default account.
    """

    clock: Clock
    report_delay: timedelta = timedelta(seconds=0.3)
    home_region: str | None = None
    strangers: bool = False
    accounts: dict[str, Beyond] = field(default_factory=dict)
    sessions: dict[str, RoleSession] = field(default_factory=dict)
    reports: dict[str, Report] = field(default_factory=dict)
    stuck_reports: set[str] = field(default_factory=set)
    calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    lock: RLock = field(default_factory=RLock)

    def beyond(self, account: str) -> Beyond:
        """The account's facts, made empty at first sight."""
        return self.accounts.setdefault(account, Beyond())
