"""The outside world, whole: every Protocol with the promise its adapters make. Adapters do not inherit these."""

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

import msgspec

from prooftrail.evidence.manifest import Head
from prooftrail.evidence.redaction import Redactor
from prooftrail.model.account import AccountReadings, Carry, OrganizationReadings
from prooftrail.model.iam import AwsManagedPolicy
from prooftrail.model.run import Run


class Clock(Protocol):
    """Tells when we look, never what is judged."""

    def now(self) -> datetime:
        """The present instant, aware, UTC."""
        ...


class ObjectVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a stored object, or a delete marker. `stored_at` is the store's own time."""

    key: str
    version_id: str | None
    size: int
    stored_at: datetime
    latest: bool = True
    delete_marker: bool = False


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """What the store answered to a write."""

    version_id: str | None
    retain_until: datetime | None


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """An object as `Locker.read_all` brings it: the version written first, and until when the store itself holds it.

    `body` is None where it cannot be read back.
    """

    key: str
    body: bytes | None
    version_id: str | None
    retain_until: datetime | None


class Locker(Protocol):
    """A place that only takes more. Keys are relative paths of ASCII letters, digits and `._-/`."""

    @property
    def keeps_time(self) -> bool:
        """True if `stored_at` is the store's own time, which no writer can set."""
        ...

    def describe(self) -> str:
        """The locker's address, as a person would write it."""
        ...

    def put(self, key: str, body: bytes, *, retain_until: datetime | None) -> Stored:
        """Write `body` under a name nobody has written yet, whole or not at all.

        Raises AlreadySealed if any version of the key exists (one hidden by a delete marker too), and changes nothing
        then. `retain_until` is asked of the store; None asks for the store's own default.
        """
        ...

    def get(self, key: str, *, version_id: str | None = None) -> bytes:
        """The bytes of the key: of `version_id`, else of the version written first. Raises EvidenceMissing."""
        ...

    def read_all(self, prefix: str) -> Iterator[Read]:
        """Every object below `prefix` as `get` would read it, in order of key, a few in memory at a time."""
        ...

    def versions(self, prefix: str) -> Iterator[ObjectVersion]:
        """Every version and delete marker below `prefix`, in order of key, oldest first within a key, all pages."""
        ...

    def retained_until(self, key: str, *, version_id: str | None = None) -> datetime | None:
        """Until when the store itself refuses to let go of the object; None where it enforces nothing.

        Raises EvidenceMissing.
        """
        ...


class Signer(Protocol):
    """Signs with one ECDSA P-256 key that it never shows."""

    def public_key_pem(self) -> bytes:
        """The public half, PEM, SubjectPublicKeyInfo."""
        ...

    def origin(self) -> str:
        """Where the key lives (`file`, or a KMS key ARN)."""
        ...

    def sign(self, message: bytes) -> bytes:
        """A DER ECDSA signature over SHA-256 of `message`."""
        ...


class HeadPin(Protocol):
    """Remembers, outside the locker, the newest head this deployment has seen."""

    def recall(self) -> Head | None:
        """The head seen last; None before the first."""
        ...

    def remember(self, head: Head, *, locker_id: str) -> None:
        """Keep `head` as the newest seen."""
        ...


class FingerprintKey(Protocol):
    """Gives the secret that pseudonyms and fingerprints are keyed with."""

    def secret(self) -> bytes:
        """32 bytes, the same at every call for one deployment, known to nobody outside it."""
        ...


class RawResponse(msgspec.Struct, frozen=True, kw_only=True):
    """One answer of AWS as it came over the wire, after redaction; `redactions` counts what was replaced.

    `encoding` is "text", or "credential_report" where the base64 content was opened so that it could be redacted.
    """

    api: str
    region: str
    account: str
    parameters: tuple[tuple[str, str], ...]
    status: int
    request_id: str | None
    date: str | None
    observed_at: datetime
    body: str
    redactions: int = 0
    encoding: str = "text"


class RawSink(Protocol):
    """Takes wire bodies as they arrive, from any thread."""

    def add(self, response: RawResponse) -> None:
        """Keep one response."""
        ...


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One account to read: by the member role, or directly where the caller stands in it.

    `organization_level` is True in the account whose caller may ask organization-wide questions (features,
    permission sets); `regions` None asks for every enabled region.
    """

    account: str
    direct: bool
    organization_level: bool
    regions: tuple[str, ...] | None = None


class AccountSource(Protocol):
    """Reads one account. Whatever AWS refuses comes back as gaps; only AccessError for the account as a whole is raised."""

    def read(self, target: Target, *, run: Run, carry: Carry, raw: RawSink, redactor: Redactor) -> AccountReadings:
        """Everything the collectors see in the account, redacted, each with its provenance and gaps.

        Raises AccountUnreachable where not one call can be made (no role, no trust, no answer).
        """
        ...


class OrganizationSource(Protocol):
    """Reads the organization, or the single account where there is none."""

    def read(
        self, *, run: Run, raw: RawSink, redactor: Redactor, known: tuple[AwsManagedPolicy, ...] = ()
    ) -> OrganizationReadings:
        """Accounts and what binds them; gaps where refused. Never an empty account list: at least the caller's own.

        Of the policies AWS manages, a version that `known` holds is not asked for again.
        """
        ...


class IdentityRow(msgspec.Struct, frozen=True, kw_only=True):
    """The latest state of one identity in the ledger.

    `configuration` is the hash of everything but telemetry; `usage` a coarse bucket. `changed_run` is the run that
    last wrote the row; when it was last confirmed follows from its cell's last complete run, so that a quiet day
    writes nothing. `gone_run` is the run whose complete reading no longer showed it.
    """

    id: str
    account: str
    region: str
    collector: str
    arn: str
    name: str
    kind: str
    cls: str
    family: str | None
    owner: str | None
    owner_rung: str
    purpose: str | None
    parent: str | None
    created_at: datetime | None
    configuration: str
    usage: str
    due_on: str | None
    first_seen_run: str
    changed_run: str
    gone_run: str | None = None


class HistoryRow(msgspec.Struct, frozen=True, kw_only=True):
    """One change of one identity, appended once per run and identity and never altered."""

    id: str
    run_id: str
    what: str
    fields: tuple[tuple[str, str, str], ...] = ()


class CellRow(msgspec.Struct, frozen=True, kw_only=True):
    """The last run that read a cell to its end, and the last run that tried."""

    account: str
    region: str
    collector: str
    status: str
    last_run: str
    last_ok_run: str | None


class RunRow(msgspec.Struct, frozen=True, kw_only=True):
    """One run as the ledger keeps it; `closed` once its manifest is in the chain."""

    run_id: str
    seq: int | None
    trigger: str
    status: str
    manifest_sha256: str | None
    accounts: int
    identities: int


class OutcomeRow(msgspec.Struct, frozen=True, kw_only=True):
    """An account's outcome in a run; present once its changes are all in the ledger."""

    run_id: str
    account: str
    status: str
    outcome_sha256: str


class LedgerChange(msgspec.Struct, frozen=True, kw_only=True):
    """Everything one outcome changes in the ledger; applying it twice is the same as once."""

    outcome: OutcomeRow
    rows: tuple[IdentityRow, ...] = ()
    history: tuple[HistoryRow, ...] = ()
    cells: tuple[CellRow, ...] = ()


class Ledger(Protocol):
    """The view of what is true now and how it came to be; the locker is the record."""

    def describe(self) -> str:
        """The ledger's address, as a person would write it."""
        ...

    def apply(self, change: LedgerChange) -> None:
        """Write the change; a row written by a later run is never overwritten by an earlier one (by `changed_run`).

        Idempotent; the outcome row is written last, so that a change cut short is known to be unfinished.
        """
        ...

    def outcome(self, run_id: str, account: str) -> OutcomeRow | None:
        """The outcome row if that outcome's change was applied whole."""
        ...

    def outcomes(self, run_id: str) -> tuple[OutcomeRow, ...]:
        """All outcomes of a run, by account."""
        ...

    def record_run(self, row: RunRow) -> None:
        """Write or overwrite the run's row."""
        ...

    def runs(self) -> tuple[RunRow, ...]:
        """All runs, oldest first."""
        ...

    def identity(self, identity_id: str) -> IdentityRow | None:
        """One identity by AWS's unique id."""
        ...

    def find(self, *, arn: str) -> tuple[IdentityRow, ...]:
        """Identities by ARN: several where a name was used again; credentials stand under the ARN of who holds them."""
        ...

    def by_account(self, account: str) -> tuple[IdentityRow, ...]:
        """All identities of an account, gone ones too, by id."""
        ...

    def by_owner(self, owner: str) -> tuple[IdentityRow, ...]:
        """All identities of an owner that are not gone, by id."""
        ...

    def due(self, *, until: str) -> tuple[IdentityRow, ...]:
        """Identities that are not gone with a due date (`YYYY-MM-DD`) not after `until`, soonest first."""
        ...

    def history(self, identity_id: str) -> tuple[HistoryRow, ...]:
        """The change history of an identity, oldest first."""
        ...

    def cells(self, account: str) -> tuple[CellRow, ...]:
        """The cells of an account."""
        ...

    def accounts(self) -> tuple[str, ...]:
        """Every account the ledger knows, in order."""
        ...

    def clear(self) -> None:
        """Forget everything, before a rebuild from the locker."""
        ...


class LegalHolds(Protocol):
    """Keeps single versions from being let go of, whatever their retention, until somebody with the right ends it."""

    def held(self, key: str, *, version_id: str) -> bool:
        """True if a hold lies on the version. Raises EvidenceMissing."""
        ...

    def hold(self, key: str, *, version_id: str, on: bool) -> None:
        """Place the hold, or release it; again is the same as once. Raises EvidenceMissing, AccessError."""
        ...
