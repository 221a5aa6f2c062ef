"""Stores in memory that keep every promise of their ports; each passes the same contract as the real ones."""

import hashlib
import itertools
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

import msgspec
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from prooftrail.errors import AccessError, AlreadySealed, EvidenceError, EvidenceMissing, NoticeError
from prooftrail.evidence.pulled import LockState
from prooftrail.model.notice import ReachState
from prooftrail.ports import (
    CellRow,
    HistoryRow,
    IdentityRow,
    LedgerChange,
    ObjectVersion,
    OutcomeRow,
    Read,
    RunRow,
    Stored,
)
from prooftrail.ports.notices import Claim, Invitation, Letter
from prooftrail.ports.pulling import Taken


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - a store has a time of its own


class MemoryLocker:
    """A locker like a bucket with versions and Object Lock; `hide` and `replace` do what others could do to one."""

    def __init__(self, *, now: Callable[[], datetime] = _now) -> None:
        self._now = now
        self._versions: list[tuple[ObjectVersion, bytes, datetime | None]] = []
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    @property
    def keeps_time(self) -> bool:
        """True: no writer sets it."""
        return True

    def describe(self) -> str:
        """A place that is not there."""
        return "memory:"

    def put(self, key: str, body: bytes, *, retain_until: datetime | None) -> Stored:
        """Keep `body` unless a version of the key exists."""
        _check(key)
        with self._lock:
            if self._written(key):
                raise AlreadySealed(key)
            return self._add(key, body, retain_until)

    def get(self, key: str, *, version_id: str | None = None) -> bytes:
        """The bytes of a version, else of the first."""
        return self._one(key, version_id)[1]

    def read_all(self, prefix: str) -> Iterator[Read]:
        """The first version of each key."""
        for key in sorted({one.key for one, _, _ in self._versions if one.key.startswith(prefix)}):
            if written := self._written(key):
                one, body, until = written[0]
                yield Read(key=key, body=body, version_id=one.version_id, retain_until=until)

    def versions(self, prefix: str) -> Iterator[ObjectVersion]:
        """Every version and delete marker, in order of key, and within a key as written."""
        newest: dict[str, str | None] = {one.key: one.version_id for one, _, _ in self._versions}
        found = [one for one, _, _ in self._versions if one.key.startswith(prefix)]
        for one in sorted(found, key=lambda one: one.key):
            latest = newest[one.key] == one.version_id
            yield ObjectVersion(
                key=one.key,
                version_id=one.version_id,
                size=one.size,
                stored_at=one.stored_at,
                latest=latest,
                delete_marker=one.delete_marker,
            )

    def retained_until(self, key: str, *, version_id: str | None = None) -> datetime | None:
        """The date its writer asked for."""
        return self._one(key, version_id)[2]

    def hide(self, key: str) -> None:
        """Put a delete marker on the key, as any deleter can."""
        with self._lock:
            self._add(key, b"", None, delete_marker=True)

    def replace(self, key: str, body: bytes) -> None:
        """Put another version on the key, as a writer without our condition can."""
        with self._lock:
            self._add(key, body, None)

    def _add(self, key: str, body: bytes, until: datetime | None, *, delete_marker: bool = False) -> Stored:
        version = ObjectVersion(
            key=key,
            version_id=f"v{next(self._numbers)}",
            size=len(body),
            stored_at=self._now(),
            delete_marker=delete_marker,
        )
        self._versions.append((version, body, until))
        return Stored(version_id=version.version_id, retain_until=until)

    def _written(self, key: str) -> list[tuple[ObjectVersion, bytes, datetime | None]]:
        return [stored for stored in self._versions if stored[0].key == key and not stored[0].delete_marker]

    def _one(self, key: str, version_id: str | None) -> tuple[ObjectVersion, bytes, datetime | None]:
        _check(key)
        for stored in self._written(key):
            if version_id in (None, stored[0].version_id):
                return stored
        raise EvidenceMissing(key, self.describe())


class MemoryEvidence:
    """A memory locker as somebody sees it who may only read; what is named in `refusing` is refused, `taken` was read.

    `locks_shown` False is a reader who may not see locks. `on_take` is called before each object is given.
    """

    def __init__(self, locker: MemoryLocker, *, caller: str | None = "an auditor") -> None:
        self._locker, self._caller = locker, caller
        self.refusing: set[str] = set()
        self.taken: list[str] = []
        self.locks_shown = True
        self.on_take: Callable[[str], None] = lambda _: None

    def describe(self) -> str:
        """The locker's own address."""
        return self._locker.describe()

    def caller(self) -> str | None:
        """Whoever it was made for."""
        return self._caller

    def versions(self, prefix: str) -> Iterator[ObjectVersion]:
        """The locker's own listing."""
        if "s3:ListBucketVersions" in self.refusing:
            raise AccessError(f"s3:ListBucketVersions was refused on {self.describe()}: allow it.")
        return self._locker.versions(prefix)

    def take(self, key: str, *, version_id: str | None) -> Taken:
        """The bytes of that version, and its lock."""
        if "s3:GetObjectVersion" in self.refusing:
            raise AccessError(f"s3:GetObjectVersion was refused on {key}: allow it.")
        self.on_take(key)
        body = self._locker.get(key, version_id=version_id)
        self.taken.append(key)
        return Taken(body=body, lock=self.lock_of(key, version_id=version_id))

    def lock_of(self, key: str, *, version_id: str | None) -> LockState:
        """The lock its writer asked for."""
        until = self._locker.retained_until(key, version_id=version_id)
        if not self.locks_shown:
            return LockState(unknown="s3:GetObjectRetention is not allowed")
        return LockState(mode="COMPLIANCE" if until else None, retain_until=until, legal_hold=False)


class MemoryHolds:
    """Holds on the versions of a memory locker; what is named in `refusing` is refused."""

    def __init__(self, locker: MemoryLocker) -> None:
        self._locker = locker
        self._held: set[tuple[str, str]] = set()
        self.refusing: set[str] = set()

    def held(self, key: str, *, version_id: str) -> bool:
        """True if the last thing said of the version was a hold."""
        self._locker.get(key, version_id=version_id)
        return (key, version_id) in self._held

    def hold(self, key: str, *, version_id: str, on: bool) -> None:
        """Place or release it."""
        if key in self.refusing:
            raise AccessError(f"AWS refused s3:PutObjectLegalHold to nobody on {key} (AccessDenied): allow it.")
        self._locker.get(key, version_id=version_id)
        (self._held.add if on else self._held.discard)((key, version_id))


class MemorySigner:
    """Signs with a key that lives as long as the test."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    def public_key_pem(self) -> bytes:
        """The public half."""
        return self._key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def origin(self) -> str:
        """A place that is not there."""
        return "memory"

    def sign(self, message: bytes) -> bytes:
        """A DER signature over SHA-256 of `message`."""
        return self._key.sign(message, ec.ECDSA(hashes.SHA256()))


class MemoryFingerprintKey:
    """A secret derived from a word, so that a test may have the same twice."""

    def __init__(self, word: str = "test") -> None:
        self._secret = hashlib.sha256(word.encode()).digest()

    def secret(self) -> bytes:
        """The 32 bytes."""
        return self._secret


class MemoryLedger:
    """A ledger in dictionaries; `before_write` is called with the name of each kind of row before it is written."""

    def __init__(self, *, before_write: Callable[[str], None] = lambda _: None) -> None:
        self.before_write = before_write
        self._lock = threading.Lock()
        self.clear()

    def describe(self) -> str:
        """A place that is not there."""
        return "memory:"

    def apply(self, change: LedgerChange) -> None:
        """History, rows, cells, then the outcome."""
        with self._lock:
            named = {row.account for row in change.rows} | {cell.account for cell in change.cells}
            self._accounts |= named | {change.outcome.account}
            for past in change.history:
                self.before_write("history")
                self._history.setdefault((past.id, past.run_id), past)
            for row in change.rows:
                self.before_write("identity")
                kept = self._identities.get(row.id)
                if kept is None or kept.changed_run <= row.changed_run:
                    self._identities[row.id] = row
            for cell in change.cells:
                self.before_write("cell")
                before = self._cells.get((cell.account, cell.region, cell.collector))
                if before is None or before.last_run <= cell.last_run:
                    self._cells[cell.account, cell.region, cell.collector] = cell
            self.before_write("outcome")
            self._outcomes[change.outcome.run_id, change.outcome.account] = change.outcome

    def outcome(self, run_id: str, account: str) -> OutcomeRow | None:
        """The outcome, if it was applied whole."""
        return self._outcomes.get((run_id, account))

    def outcomes(self, run_id: str) -> tuple[OutcomeRow, ...]:
        """All outcomes of a run."""
        return tuple(row for (run, _), row in sorted(self._outcomes.items()) if run == run_id)

    def record_run(self, row: RunRow) -> None:
        """Write or overwrite."""
        self._runs[row.run_id] = row

    def runs(self) -> tuple[RunRow, ...]:
        """Oldest first."""
        return tuple(row for _, row in sorted(self._runs.items()))

    def identity(self, identity_id: str) -> IdentityRow | None:
        """By id."""
        return self._identities.get(identity_id)

    def find(self, *, arn: str) -> tuple[IdentityRow, ...]:
        """By ARN."""
        return self._where(lambda row: row.arn == arn)

    def by_account(self, account: str) -> tuple[IdentityRow, ...]:
        """By account, gone ones too."""
        return self._where(lambda row: row.account == account)

    def by_owner(self, owner: str) -> tuple[IdentityRow, ...]:
        """By owner, not gone."""
        return self._where(lambda row: row.owner == owner and row.gone_run is None)

    def due(self, *, until: str) -> tuple[IdentityRow, ...]:
        """Due and not gone, soonest first."""
        found = self._where(lambda row: row.due_on is not None and row.due_on <= until and row.gone_run is None)
        return tuple(sorted(found, key=lambda row: (row.due_on or "", row.id)))

    def history(self, identity_id: str) -> tuple[HistoryRow, ...]:
        """Oldest first."""
        return tuple(row for (one, _), row in sorted(self._history.items()) if one == identity_id)

    def cells(self, account: str) -> tuple[CellRow, ...]:
        """By region and collector."""
        return tuple(cell for (one, *_), cell in sorted(self._cells.items()) if one == account)

    def accounts(self) -> tuple[str, ...]:
        """Every account a change named."""
        return tuple(sorted(self._accounts))

    def clear(self) -> None:
        """Forget everything."""
        self._identities: dict[str, IdentityRow] = {}
        self._history: dict[tuple[str, str], HistoryRow] = {}
        self._cells: dict[tuple[str, str, str], CellRow] = {}
        self._runs: dict[str, RunRow] = {}
        self._outcomes: dict[tuple[str, str], OutcomeRow] = {}
        self._accounts: set[str] = set()

    def _where(self, wanted: Callable[[IdentityRow], bool]) -> tuple[IdentityRow, ...]:
        return tuple(row for _, row in sorted(self._identities.items()) if wanted(row))


class MemoryNotifier:
    """Sends into a list, as SNS does: a letter handed over twice arrives twice, and each leaves a receipt.

    Addresses confirm only when the test says so (`states`); `refusing` are addresses whose letters are refused, `deaf`
    says that receipts cannot be asked for.
    """

    how = "memory"

    def __init__(self, *, confirms: bool = True) -> None:
        self._confirms = confirms
        self.states: dict[str, ReachState] = {}
        self.invited: list[tuple[str, str]] = []
        self.arrived: list[Letter] = []
        self.refusing: set[str] = set()
        self.deaf = False
        self._receipts: list[tuple[str, str]] = []
        self._lock = threading.Lock()

    def state(self, recipient: str, address: str) -> Invitation:
        """What the test said, else pending; DIRECT where nobody has to confirm."""
        first = ReachState.PENDING if self._confirms else ReachState.DIRECT
        return Invitation(state=self.states.get(address, first))

    def invite(self, recipient: str, address: str) -> Invitation:
        """Note who was asked."""
        if self._confirms:
            self.invited.append((recipient, address))
        return self.state(recipient, address)

    def send(self, letter: Letter) -> str:
        """Take the letter, however often it comes."""
        if letter.address in self.refusing:
            raise NoticeError(f"{letter.address} was refused.")
        with self._lock:
            self.arrived.append(letter)
            message_id = f"message-{len(self.arrived)}"
            self._receipts.append((letter.id, message_id))
            return message_id

    def receipts(self) -> Iterator[tuple[str, str]]:
        """Everything that was taken and not let go of."""
        if self.deaf:
            raise NoticeError("the queue of receipts cannot be read.")
        yield from tuple(self._receipts)

    def forget(self, notices: tuple[str, ...]) -> None:
        """Let go of them."""
        with self._lock:
            self._receipts = [one for one in self._receipts if one[0] not in notices]


class MemoryClaims:
    """Claims in a dictionary."""

    def __init__(self) -> None:
        self._claims: dict[str, Claim] = {}
        self._lock = threading.Lock()

    def claim(self, notice: str, *, run: str, at: datetime) -> Claim | None:
        """Ours if nobody has it."""
        with self._lock:
            standing = self._claims.get(notice)
            if standing is None:
                self._claims[notice] = Claim(notice=notice, run=run, claimed_at=at)
            return standing

    def take_over(self, standing: Claim, *, run: str, at: datetime) -> bool:
        """Ours if it is as it was seen, and open or another run's failure."""
        with self._lock:
            to_be_had = not standing.message_id and (not standing.error or standing.run != run)
            same = self._claims.get(standing.notice) == standing and to_be_had
            if same:
                self._claims[standing.notice] = Claim(notice=standing.notice, run=run, claimed_at=at)
            return same

    def complete(self, notice: str, *, message_id: str | None, error: str | None) -> None:
        """Say what became of it."""
        with self._lock:
            standing = self._claims[notice]
            if standing.message_id is None:
                self._claims[notice] = msgspec.structs.replace(standing, message_id=message_id, error=error)


class MemoryLetters:
    """Letters in a dictionary."""

    def __init__(self) -> None:
        self._letters: dict[tuple[str, int], tuple[Letter, ...]] = {}

    def write(self, run_id: str, shard: int, letters: Iterable[Letter]) -> None:
        """Keep them."""
        self._letters[run_id, shard] = tuple(letters)

    def read(self, run_id: str, shard: int) -> Iterator[Letter]:
        """The letters, or NoticeError."""
        if (run_id, shard) not in self._letters:
            raise NoticeError(f"the letters of run {run_id}, shard {shard}, are gone.")
        yield from self._letters[run_id, shard]

    def forget(self, run_id: str, shard: int) -> None:
        """Let go of a shard's."""
        self._letters.pop((run_id, shard), None)

    def lose(self) -> None:
        """Let all of them be gone."""
        self._letters.clear()


def _check(key: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9._/-]*", key) or any(part in ("", ".", "..") for part in key.split("/")):
        raise EvidenceError(f"{key!r} is no name for evidence.")
