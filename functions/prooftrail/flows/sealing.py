"""Puts evidence into a locker and takes it out again, under the names and hashes the manifest will hold."""

import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from prooftrail.errors import AlreadySealed, EvidenceUnreadable
from prooftrail.evidence import layout, lines
from prooftrail.evidence.context import Context
from prooftrail.evidence.lines import Packed
from prooftrail.evidence.manifest import Manifest
from prooftrail.evidence.redaction import Redactor
from prooftrail.model import canonical
from prooftrail.model.iam import AwsManagedPolicy, Group, ManagedPolicy, PolicyDocument
from prooftrail.model.identity import Identity
from prooftrail.model.judgement import (
    Assessment,
    AssessmentHeader,
    AssessmentLine,
    Finding,
    Findings,
    FindingsHeader,
    FindingsLine,
    Held,
    Result,
    Risk,
    Transition,
    Upcoming,
)
from prooftrail.model.run import EvidenceKind, Outcome, Plan, PlanHeader, PlannedAccount, Pointer, SealedObject
from prooftrail.model.snapshot import (
    AccountFacts,
    CellRecord,
    Header,
    Line,
    PersonRecord,
    Reconciliation,
    Sighting,
    Snapshot,
)
from prooftrail.ports import Clock, Locker, RawResponse, Read
from prooftrail.settings import Retention

_snapshot_lines = msgspec.json.Decoder(Line)
_assessment_lines = msgspec.json.Decoder(AssessmentLine)
_findings_lines = msgspec.json.Decoder(FindingsLine)
_transition_lines = msgspec.json.Decoder(Transition)
_people_lines = msgspec.json.Decoder(PersonRecord)
_raw_lines = msgspec.json.Decoder(RawResponse)
_context_lines = msgspec.json.Decoder(Context)
_plan_lines = msgspec.json.Decoder(PlanHeader | PlannedAccount)

_UNJUDGED = (b'{"record":"policy"', b'{"record":"document"', b'{"record":"aws_policy"')  # texts that judging rests on

_MAC = b'"mac":"%s"'


class Sealing:
    """Seals into one locker, each kind for its own time."""

    def __init__(self, locker: Locker, *, clock: Clock, retention: Retention, secret: bytes) -> None:
        self.locker, self.clock, self._retention, self._secret = locker, clock, retention, secret

    def data(self, kind: EvidenceKind, run_id: str, account: str, packed: Packed) -> SealedObject:
        """Seal a data object under its content's name; the same content again is the object that is there already."""
        return self._seal(layout.data_key(kind, run_id, account, packed.sha256), kind, packed)

    def context(self, run_id: str, packed: Packed) -> SealedObject:
        """Seal a run's context."""
        return self._seal(layout.context_key(run_id, packed.sha256), EvidenceKind.CONTEXT, packed)

    def notices(self, run_id: str, packed: Packed) -> SealedObject:
        """Seal a part of a day's notices under its content's name."""
        return self._seal(layout.notices_part_key(run_id, packed.sha256), EvidenceKind.NOTICES, packed)

    def code(self, bare: bytes) -> str:
        """This deployment's code over bytes whose own `mac` is empty."""
        return self._code(bare)

    def require_ours(self, data: bytes, mac: str, key: str) -> None:
        """Refuse bytes that do not carry this deployment's code. Raises EvidenceUnreadable."""
        self._require(data, mac, key)

    def pseudonym(self, person: str) -> str:
        """What stands for a person in this deployment's evidence."""
        return Redactor(self._secret).pseudonym(person)

    def signed_plan(self, plan: Plan) -> bytes:
        """A plan as it is committed, with this deployment's code over it."""
        bare = msgspec.structs.replace(plan, header=msgspec.structs.replace(plan.header, mac=""))
        code = self._code(plan_bytes(bare))
        return plan_bytes(msgspec.structs.replace(plan, header=msgspec.structs.replace(plan.header, mac=code)))

    def signed_outcome(self, outcome: Outcome) -> bytes:
        """An outcome as it is committed, with this deployment's code over it."""
        code = self._code(canonical.encode(msgspec.structs.replace(outcome, mac="")))
        return canonical.encode(msgspec.structs.replace(outcome, mac=code))

    def plan(self, key: str, data: bytes) -> Plan:
        """A committed plan of this deployment. Raises EvidenceUnreadable for anybody else's: it would steer our runs."""
        found = read_plan(key, data)
        self._require(data, found.header.mac, key)
        return found

    def outcome(self, key: str, data: bytes) -> Outcome:
        """A committed outcome of this deployment. Raises EvidenceUnreadable for anybody else's: we would sign it."""
        found = read_outcome(key, data)
        self._require(data, found.mac, key)
        return found

    def _require(self, data: bytes, mac: str, key: str) -> None:
        """The code is over the bytes that are there: a commit of an older version, which knew fewer fields, is ours too."""
        bare = data.replace(_MAC % mac.encode(), _MAC % b"", 1)
        if not hmac.compare_digest(self._code(bare), mac):
            raise EvidenceUnreadable(
                f"{key} was not written by this deployment: somebody else can write to {self.locker.describe()}, or the"
                " fingerprint key was changed."
            )

    def _code(self, body: bytes) -> str:
        return hmac.new(self._secret, b"commit\0" + body, hashlib.sha256).hexdigest()

    def commit(self, key: str, kind: EvidenceKind, body: bytes, *, count: int = 1) -> tuple[SealedObject, bytes]:
        """Commit a step under its fixed name; if an earlier attempt has, its bytes are the ones that count."""
        try:
            stored = self.locker.put(key, body, retain_until=self.until(kind))
            version, until = stored.version_id, stored.retain_until or self.until(kind)
        except AlreadySealed:
            body = self.locker.get(key)
            version, until = self._version(key), self.locker.retained_until(key) or self.until(kind)
            count = body.count(b"\n") if key.endswith("l") else 1
        sha = canonical.sha256(body)
        return _sealed(key, kind, sha, sha, len(body), count, version, until), body

    def known(self, kind: EvidenceKind, read: Read, body: bytes) -> SealedObject:
        """What a manifest says of a commit that is there already, and was `read` with `body`."""
        sha, until = canonical.sha256(body), read.retain_until or self.until(kind)
        count = body.count(b"\n") if read.key.endswith("l") else 1
        return _sealed(read.key, kind, sha, sha, len(body), count, read.version_id, until)

    def _seal(self, key: str, kind: EvidenceKind, packed: Packed) -> SealedObject:
        """What is there already is not read where it is as long as ours: who writes wire bodies and people may not read
        them, and what we state is the hash of our own bytes.
        """
        body, until = packed.body, self.until(kind)
        try:
            stored = self.locker.put(key, body, retain_until=until)
            version, until = stored.version_id, stored.retain_until or until
        except AlreadySealed:
            version, size = self._first(key)
            if size != len(body):
                # Same content, other bytes: compressors differ between interpreters.
                body = self.locker.get(key)
        return _sealed(key, kind, packed.sha256, canonical.sha256(body), len(body), packed.count, version, until)

    def _version(self, key: str) -> str | None:
        return self._first(key)[0]

    def _first(self, key: str) -> tuple[str | None, int | None]:
        """Version id and size in bytes of what was written first under a name."""
        written = (one for one in self.locker.versions(key) if one.key == key and not one.delete_marker)
        return next(((one.version_id, one.size) for one in written), (None, None))

    def until(self, kind: EvidenceKind) -> datetime | None:
        """Until when something of this kind that is sealed now is kept; None for a kind without a term."""
        return self._retention.until(kind, canonical.utc(self.clock.now()))


def _sealed(
    key: str,
    kind: EvidenceKind,
    sha: str,
    stored: str,
    size: int,
    count: int,
    version: str | None,
    until: datetime | None,
) -> SealedObject:
    return SealedObject(
        key=key,
        kind=kind,
        sha256=sha,
        stored_sha256=stored,
        size=size,
        count=count,
        version_id=version,
        retain_until=until,
    )


def plan_bytes(plan: Plan) -> bytes:
    """A plan as it is committed: its header, then a line an account."""
    return b"".join(canonical.encode(one) + b"\n" for one in (plan.header, *plan.accounts))


def read_plan(key: str, data: bytes) -> Plan:
    """A committed plan. Raises EvidenceUnreadable."""
    header, *accounts = [*lines.records(key, data, _plan_lines)] or [None]
    if not isinstance(header, PlanHeader):
        raise EvidenceUnreadable(f"{key} does not begin with a plan's header.")
    return Plan(header=header, accounts=tuple(one for one in accounts if isinstance(one, PlannedAccount)))


def read_outcome(key: str, data: bytes) -> Outcome:
    """A committed outcome. Raises EvidenceUnreadable."""
    try:
        return canonical.decode(data, Outcome)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise EvidenceUnreadable(f"{key} is no outcome: {error}.") from error


def read_snapshot(key: str, body: bytes) -> Snapshot:
    """A sealed snapshot, unpacked and decoded strictly. Raises EvidenceUnreadable."""
    return snapshot_of(key, lines.records(key, lines.unpack(key, body), _snapshot_lines))


def read_snapshot_lines(key: str, body: bytes) -> tuple[Snapshot, tuple[int, ...]]:
    """A sealed snapshot without its policies and documents, and the line each of its identities stands on, from 1.

    What is left out is not even decoded. Raises EvidenceUnreadable.
    """
    records: list[Line] = []
    numbers: list[int] = []
    for number, line in enumerate(lines.unpack(key, body).splitlines(), 1):
        if line.startswith(_UNJUDGED):
            continue
        try:
            one = _snapshot_lines.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise EvidenceUnreadable(f"{key} line {number} is not what its kind promises: {error}.") from error
        records.append(one)
        if isinstance(one, Identity):
            numbers.append(number)
    return snapshot_of(key, records), tuple(numbers)


def snapshot_of(key: str, found: Iterable[Line]) -> Snapshot:
    """A snapshot from its lines, whatever their order."""
    by_type: dict[type, list[Any]] = {}
    for one in found:
        by_type.setdefault(type(one), []).append(one)
    headers, accounts = by_type.get(Header, []), by_type.get(AccountFacts, [])
    if len(headers) != 1 or len(accounts) != 1:
        raise EvidenceUnreadable(
            f"{key} is no snapshot: it needs one header and one account, and has {len(headers)} and {len(accounts)}."
        )
    return Snapshot(
        header=headers[0],
        account=accounts[0],
        cells=tuple(one.cell for one in by_type.get(CellRecord, [])),
        reconciliations=tuple(by_type.get(Reconciliation, [])),
        identities=tuple(by_type.get(Identity, [])),
        groups=tuple(by_type.get(Group, [])),
        policies=tuple(by_type.get(ManagedPolicy, [])),
        documents=tuple(by_type.get(PolicyDocument, [])),
        sightings=tuple(by_type.get(Sighting, [])),
        aws_policies=tuple(by_type.get(AwsManagedPolicy, [])),
    )


def read_assessment(key: str, body: bytes) -> Assessment:
    """A sealed assessment, unpacked and decoded strictly. Raises EvidenceUnreadable."""
    header, by_type = _headed(key, lines.records(key, lines.unpack(key, body), _assessment_lines), AssessmentHeader)
    return Assessment(header=header, risks=tuple(by_type.get(Risk, [])), results=tuple(by_type.get(Result, [])))


def read_findings(key: str, body: bytes) -> Findings:
    """Sealed findings, unpacked and decoded strictly. Raises EvidenceUnreadable."""
    header, by_type = _headed(key, lines.records(key, lines.unpack(key, body), _findings_lines), FindingsHeader)
    return Findings(
        header=header,
        findings=tuple(by_type.get(Finding, [])),
        upcoming=tuple(by_type.get(Upcoming, [])),
        held=tuple(by_type.get(Held, [])),
    )


def read_transitions(key: str, body: bytes) -> tuple[Transition, ...]:
    """Sealed transitions, in their order. Raises EvidenceUnreadable."""
    return tuple(lines.records(key, lines.unpack(key, body), _transition_lines))


def _headed[T](key: str, found: Iterable[Any], header: type[T]) -> tuple[T, dict[type, list[Any]]]:
    """The one header among the lines, and all lines by type."""
    by_type: dict[type, list[Any]] = {}
    for one in found:
        by_type.setdefault(type(one), []).append(one)
    headers = by_type.get(header, [])
    if len(headers) != 1:
        raise EvidenceUnreadable(f"{key} needs one header and has {len(headers)}.")
    return headers[0], by_type


def read_people(key: str, body: bytes) -> dict[str, str]:
    """What each pseudonym of a `people/` object stands for; of several spellings, the first in order."""
    found: dict[str, str] = {}
    for one in lines.records(key, lines.unpack(key, body), _people_lines):
        found.setdefault(one.pseudonym, one.text)
    return found


def read_raw(key: str, body: bytes) -> list[RawResponse]:
    """The wire bodies of a `raw/` object."""
    return list(lines.records(key, lines.unpack(key, body), _raw_lines))


def read_context(locker: Locker, sealed: SealedObject, seq: int) -> Context:
    """A sealed context, its hash checked against what a commit or manifest says."""
    body = trusted(locker, Pointer(run_id="", key=sealed.key, stored_sha256=sealed.stored_sha256, seq=seq))
    return next(lines.records(sealed.key, lines.unpack(sealed.key, body), _context_lines))


def context_of(locker: Locker, one: Manifest) -> Context:
    """The context of a run in the chain. Raises EvidenceError where it is gone or is not what was sealed."""
    return read_context(locker, next(each for each in one.objects if each.kind is EvidenceKind.CONTEXT), one.seq)


def trusted(locker: Locker, pointer: Pointer) -> bytes:
    """The bytes a signed manifest vouches for. Raises EvidenceUnreadable where they are not those."""
    body = locker.get(pointer.key)
    if canonical.sha256(body) != pointer.stored_sha256:
        raise EvidenceUnreadable(
            f"{pointer.key} is not the object that manifest {pointer.seq} sealed: verify the locker."
        )
    return body
