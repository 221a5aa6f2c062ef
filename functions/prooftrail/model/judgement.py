"""What an identity is judged to be: its risk, the result of each control, findings with a life, and what changed.

Everything here is derived from a snapshot and its run's context and can be derived again; only findings remember.
"""

from datetime import datetime
from enum import StrEnum

import msgspec

from .identity import Kind
from .snapshot import AlternateContact

# gc=False where hundreds of thousands are made: they hold no cycle, and the collector would walk every one of them.

ASSESSMENT_SCHEMA = "prooftrail.assessment/1"
FINDINGS_SCHEMA = "prooftrail.findings/1"


class Tier(StrEnum):
    """How much harm an identity could do and how easily; limits, intervals and due dates follow from it."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for low to 3 for critical."""
        return _TIERS[self]


_TIERS = {one: rank for rank, one in enumerate(Tier)}


class ResultStatus(StrEnum):
    """What a control came to for one subject. NOT_TESTED is a stated gap: it counts as neither pass nor fail."""

    PASS = "PASS"
    FAIL = "FAIL"
    EXCEPTION = "EXCEPTION"
    NOT_APPLICABLE = "NOT_APPLICABLE"
    NOT_TESTED = "NOT_TESTED"


class SubjectType(StrEnum):
    """What a control speaks about: exactly one result is given for each subject."""

    CREDENTIAL = "credential"
    PRINCIPAL = "principal"
    ROOT = "root"
    ROLE = "role"
    PERMISSION_SET = "permission_set"
    SECRET = "secret"
    CERTIFICATE = "certificate"
    PROVIDER = "provider"
    IDENTITY = "identity"
    ACCOUNT = "account"
    EXCEPTION = "exception"
    ORGANIZATION = "organization"


class PrivilegeClass(StrEnum):
    """The highest thing a principal may do, weakest first; `risk.score` gives each its impact."""

    NONE = "none"
    METADATA_READ = "metadata_read"
    DATA_READ_NONSENSITIVE = "data_read_nonsensitive"
    WRITE_LIMITED = "write_limited"
    SENSITIVE_DATA = "sensitive_data"
    CREDENTIAL_ACCESS = "credential_access"
    RESOURCE_POLICY_WRITE = "resource_policy_write"
    PRIVESC = "privesc"
    ADMIN = "admin"

    @property
    def rank(self) -> int:
        """0 for none to 8 for admin."""
        return _CLASSES[self]


_CLASSES = {one: rank for rank, one in enumerate(PrivilegeClass)}


class Environment(StrEnum):
    """Where an identity acts; SECURITY is management, security tooling, log archive and delegated administration."""

    SANDBOX = "sandbox"
    NONPROD = "nonprod"
    PROD = "prod"
    SECURITY = "security_or_management"


class Factor(msgspec.Struct, frozen=True, gc=False, order=True, kw_only=True):
    """One reason for a likelihood: the model's name for it, its points, and the fact it rests on in words."""

    name: str
    points: int
    why: str


class Risk(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag_field="record", tag="risk"):
    """The inherent risk of one identity with everything it was computed from.

    `tier` is the highest tier the facts allow and `tier_from` the lowest: they differ where something was not read,
    and `unknown` says what. `possible` are the factors that could not be told. `privilege_at_most` is above `privilege`
    where a policy could not be read. `inherited_from` is the principal whose score a credential carries.
    """

    identity: str
    tier: Tier
    tier_from: Tier
    impact: int
    likelihood: int
    points: int
    privilege: PrivilegeClass
    privilege_at_most: PrivilegeClass
    privilege_why: str
    paths: tuple[str, ...] = ()
    environment: Environment
    environment_why: str
    factors: tuple[Factor, ...] = ()
    possible: tuple[Factor, ...] = ()
    floors: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    inherited_from: str | None = None

    @property
    def certain(self) -> bool:
        """True if nothing unread could have given another tier."""
        return self.tier is self.tier_from


class Limit(msgspec.Struct, frozen=True, gc=False, order=True, kw_only=True):
    """What a value was held against: the threshold's name, its value in words, and who set it."""

    name: str
    value: str
    set_by: str


class Result(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag_field="record", tag="result"):
    """What one control came to for one subject, as a sentence a person reads and the numbers behind it.

    `identity` is the identity the subject is or belongs to (None for accounts and the organization). `not_covered` are
    parts of the control this version does not collect; `gaps` are what was refused this time. `exception` names the
    entry that was applied, or that was void (then `reason` says why).
    """

    control: str
    version: str
    subject: str
    subject_type: SubjectType
    identity: str | None
    status: ResultStatus
    reason: str
    tier: Tier | None = None
    value: str | None = None
    limit: Limit | None = None
    not_covered: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()
    exception: str | None = None


class AssessmentHeader(msgspec.Struct, frozen=True, kw_only=True, tag_field="record", tag="assessment"):
    """The first line of an assessment: which snapshot was judged, by which catalog, model, policy and code.

    `snapshot` is the SHA-256 of the uncompressed snapshot, None for the organization as a whole.
    """

    schema: str = ASSESSMENT_SCHEMA
    run_id: str
    account: str
    taken_at: datetime
    snapshot: str | None
    catalog_version: str
    catalog_sha256: str
    model_version: str
    governance_sha256: str
    code_sha256: str
    notes: tuple[str, ...] = ()


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """Every risk and every result of one account, sorted, so that the same facts give the same bytes."""

    header: AssessmentHeader
    risks: tuple[Risk, ...] = ()
    results: tuple[Result, ...] = ()

    def lines(self) -> "list[AssessmentLine]":
        """The records in their sealed order."""
        return [self.header, *self.risks, *self.results]


type AssessmentLine = AssessmentHeader | Risk | Result


class Transition(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag_field="record", tag="transition"):
    """A result that differs from the one before; `before` is None for a subject that was not judged then, `after` for one that is gone."""

    control: str
    subject: str
    identity: str | None
    before: ResultStatus | None
    after: ResultStatus | None
    reason: str


class FindingStatus(StrEnum):
    """The life of a finding. FIXED is observed once; VERIFIED held for the number of runs governance asks."""

    OPEN = "open"
    FIXED = "fixed"
    VERIFIED = "verified"


class Finding(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag_field="record", tag="finding"):
    """A failing result with a life. `fingerprint` is stable: the control and the subject, and nothing that changes.

    `since_before` is true where the subject was there before the first run, so nobody saw it begin. `due_at` counts
    from `opened_at` and never moves later but by an exception that lapsed, or a return after it was verified.
    `unseen_since` is the run from which on it could not be tested any more. `held` counts the runs it has stayed fixed.
    `limit`, `used` (the last use in words, None where AWS tells none of its kind), `person` (whose use it is: a human's)
    and `not_mine` (the tag by which somebody says it is not theirs) are as last seen, for whoever is told of it.
    `expires_at` is when the thing it is about ends by itself (a certificate), None where it does not or that is unknown.
    `returned_at` is when it failed again after it had been verified, the last time; None where it never did.
    """

    fingerprint: str
    control: str
    subject: str
    subject_type: SubjectType
    identity: str | None
    kind: Kind | None
    arn: str | None
    name: str | None
    family: str | None
    owner: str | None
    status: FindingStatus
    severity: Tier
    tier: Tier | None
    reason: str
    opened_run: str
    opened_at: datetime
    since_before: bool
    due_at: datetime
    due_why: str
    last_seen_run: str
    fixed_run: str | None = None
    fixed_why: str | None = None
    held: int = 0
    reopened: int = 0
    unseen_since: str | None = None
    exception: str | None = None
    limit: Limit | None = None
    used: str | None = None
    person: bool = False
    not_mine: str | None = None
    expires_at: datetime | None = None
    returned_at: datetime | None = None


class Event(StrEnum):
    """What a notice is about. A finding of a rotation, expiry or disuse control keeps that control's event."""

    FINDING = "finding"
    ROTATION = "rotation"
    EXPIRY = "expiry"
    UNUSED = "unused"
    EXCEPTION = "exception"
    UNOWNED = "unowned"


class Upcoming(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag_field="record", tag="upcoming"):
    """What will fail at `due_at` if nobody acts: it passes today, and its owner is to be told in time.

    `fingerprint` is the one its finding will have. `reason` says what is true today, `used`, `person` and `not_mine`
    are as in a finding.
    """

    fingerprint: str
    event: Event
    control: str
    subject: str
    subject_type: SubjectType
    identity: str | None
    kind: Kind | None
    arn: str | None
    name: str | None
    family: str | None
    owner: str | None
    tier: Tier
    due_at: datetime
    reason: str
    limit: Limit | None = None
    used: str | None = None
    person: bool = False
    not_mine: str | None = None


class Held(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag_field="record", tag="held"):
    """What a (control, subject) came to when it was last judged, and since which run: what transitions are told from."""

    control: str
    subject: str
    identity: str | None
    status: ResultStatus
    since: str


class FindingsHeader(msgspec.Struct, frozen=True, kw_only=True, tag_field="record", tag="findings"):
    """The first line of a findings object. `first_run` is the first run that judged this account.

    `contacts` are the account's alternate contacts; None where they were not read.
    """

    schema: str = FINDINGS_SCHEMA
    run_id: str
    account: str
    taken_at: datetime
    first_run: str
    contacts: tuple[AlternateContact, ...] | None = None


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """All findings of one account with their lives, and what every result was when last judged."""

    header: FindingsHeader
    findings: tuple[Finding, ...] = ()
    upcoming: tuple[Upcoming, ...] = ()
    held: tuple[Held, ...] = ()

    def lines(self) -> "list[FindingsLine]":
        """The records in their sealed order."""
        return [self.header, *self.findings, *self.upcoming, *self.held]


type FindingsLine = FindingsHeader | Finding | Upcoming | Held
