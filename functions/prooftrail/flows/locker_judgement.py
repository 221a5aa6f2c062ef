"""What a locker holds of judgement at a run: each account's risks, results and findings, and who was not judged.

An account that the run did not judge keeps its last judgement and is stale. A sealed assessment whose bytes are not
those its manifest names is not believed.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec

from prooftrail.errors import EvidenceMissing, EvidenceUnreadable
from prooftrail.evidence import layout, lines
from prooftrail.evidence.context import Context
from prooftrail.model.identity import Identity
from prooftrail.model.judgement import (
    Assessment,
    Finding,
    Findings,
    Result,
    ResultStatus,
    Risk,
    Tier,
)
from prooftrail.model.run import EvidenceKind, SealedObject

from . import sealing
from .locker_history import AsOf, LockerHistory, RunSummary, Standing

_CONTEXT_LINES = msgspec.json.Decoder(Context)


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """One account's judgement, the run that made it, and where each result stands in the sealed object.

    `line_of` gives the line of a (control, subject) in the uncompressed assessment. `findings` is None where that object
    is gone or is not what was sealed, and `findings_wrong` says which.
    """

    account: str
    run: RunSummary
    sealed: SealedObject
    assessment: Assessment
    line_of: Mapping[tuple[str, str], int]
    findings: Findings | None = None
    findings_sealed: SealedObject | None = None
    findings_wrong: str | None = None


class Unjudged(msgspec.Struct, frozen=True, kw_only=True):
    """An account (or the organization) without a judgement that can be believed, and why."""

    account: str
    reason: str


class Judgements(msgspec.Struct, frozen=True, kw_only=True):
    """Everything judged as of a run; `organization` is what only the whole run can show."""

    run: RunSummary
    judged: tuple[Judged, ...]
    unjudged: tuple[Unjudged, ...]
    organization: Judged | None

    def everyone(self) -> tuple[Judged, ...]:
        """All judgements, the organization's last."""
        return (*self.judged, *((self.organization,) if self.organization else ()))

    def of(self, account: str) -> Judged | None:
        """The judgement of one account."""
        return next((one for one in self.everyone() if one.account == account), None)


class ResultRow(msgspec.Struct, frozen=True, kw_only=True):
    """One result with what a person needs beside it; people are named where that is still possible."""

    control: str
    status: ResultStatus
    tier: Tier | None
    subject: str
    subject_type: str
    name: str
    arn: str | None
    kind: str | None
    cls: str | None = msgspec.field(name="class")
    account: str
    account_name: str | None
    owner: str | None
    family: str | None
    reason: str
    value: str | None
    limit: str | None
    limit_set_by: str | None
    not_covered: tuple[str, ...]
    gaps: tuple[str, ...]
    exception: str | None
    judged_in_run: str
    judged_at: datetime
    stale: bool


def judgements(history: LockerHistory, as_of: AsOf) -> Judgements:
    """The newest judgement of each account at or before the run of `as_of`."""
    found: list[Judged] = []
    missing: list[Unjudged] = []
    for standing in as_of.standings:
        one = _newest(history, as_of, standing.account)
        if isinstance(one, Judged):
            found.append(one)
        else:
            missing.append(Unjudged(account=standing.account, reason=one or _why_not(standing)))
    organization = _newest(history, as_of, layout.ORGANIZATION)
    return Judgements(
        run=as_of.run,
        judged=tuple(found),
        unjudged=tuple(missing),
        organization=organization if isinstance(organization, Judged) else None,
    )


def context_of(history: LockerHistory, run: RunSummary) -> Context:
    """The context a run sealed: organization, policy and catalog. Raises EvidenceMissing or EvidenceUnreadable."""
    sealed = next((one for one in history.manifest(run.run_id).objects if one.kind is EvidenceKind.CONTEXT), None)
    if sealed is None:
        raise EvidenceUnreadable(
            f"manifest {run.seq} names no context: nothing says by which policy run {run.run_id} was judged."
        )
    return next(lines.records(sealed.key, lines.unpack(sealed.key, history.open(run, sealed)), _CONTEXT_LINES))


def rows(found: Judgements, as_of: AsOf) -> Iterator[ResultRow]:
    """Every result as a row, account by account, the organization's last."""
    standings = {one.account: one for one in as_of.standings}
    for judged in found.everyone():
        standing = standings.get(judged.account)
        listed = identities_of(standing)
        for result in judged.assessment.results:
            yield _row(result, judged, standing, listed, as_of)


def identities_of(standing: Standing | None) -> dict[str, Identity]:
    """The identities an account lists, by id."""
    return {one.identity.id: one.identity for one in standing.listed} if standing else {}


def name_of(identity: Identity | None, subject: str, as_of: AsOf) -> str:
    """What people call a subject: its identity's name, with the part of it that is meant where it is a part."""
    if identity is None:
        return as_of.reveal(subject)
    name = as_of.reveal(identity.name)
    part = subject.removeprefix(identity.id)
    return f"{name}{part}" if part.startswith("#") else name


def risks(found: Judgements) -> dict[str, Risk]:
    """Every risk by identity id."""
    return {one.identity: one for judged in found.judged for one in judged.assessment.risks}


def findings(found: Judgements) -> Iterator[tuple[Judged, Finding]]:
    """Every finding with the judgement it belongs to."""
    for judged in found.everyone():
        for one in judged.findings.findings if judged.findings else ():
            yield judged, one


def _row(
    one: Result, judged: Judged, standing: Standing | None, listed: Mapping[str, Identity], as_of: AsOf
) -> ResultRow:
    identity = listed.get(one.identity) if one.identity else None
    owner = identity.owner.value if identity else None
    return ResultRow(
        control=one.control,
        status=one.status,
        tier=one.tier,
        subject=one.subject,
        subject_type=one.subject_type,
        name=name_of(identity, one.subject, as_of),
        arn=as_of.reveal(identity.arn) if identity else None,
        kind=identity.kind if identity else None,
        cls=identity.classification.cls if identity else None,
        account=judged.account,
        account_name=as_of.reveal(standing.name) if standing and standing.name else None,
        owner=as_of.reveal(owner) if owner else None,
        family=identity.family if identity else None,
        reason=as_of.reveal(one.reason),
        value=as_of.reveal(one.value) if one.value else None,
        limit=one.limit.value if one.limit else None,
        limit_set_by=as_of.reveal(one.limit.set_by) if one.limit else None,
        not_covered=one.not_covered,
        gaps=tuple(map(as_of.reveal, one.gaps)),
        exception=one.exception,
        judged_in_run=judged.run.run_id,
        judged_at=judged.run.taken_at,
        stale=judged.run != as_of.run,
    )


def _why_not(standing: Standing) -> str:
    if standing.read_in is None:
        return f"it was never read ({standing.reason or standing.status})"
    return "no results of it are sealed: a defect kept it from being judged, as its outcome then says, or nothing was judged yet"


def _newest(history: LockerHistory, as_of: AsOf, account: str) -> Judged | str | None:
    """The newest judgement that can be believed; else why the newest cannot, or None where there is none."""
    wrong: str | None = None
    for run in reversed(history.runs):
        if run.taken_at > as_of.run.taken_at:
            continue
        for sealed in history.sealed(run.run_id, EvidenceKind.ASSESSMENT, account):
            try:
                return _judged(history, run, sealed, account)
            except (EvidenceMissing, EvidenceUnreadable) as error:
                wrong = wrong or str(error)
    return wrong


def _judged(history: LockerHistory, run: RunSummary, sealed: SealedObject, account: str) -> Judged:
    assessment = sealing.read_assessment(sealed.key, history.open(run, sealed))
    named = next(iter(history.sealed(run.run_id, EvidenceKind.FINDINGS, account)), None)
    findings_, wrong = None, None if named else "no findings were sealed with it"
    if named:
        try:
            findings_ = sealing.read_findings(named.key, history.open(run, named))
        except (EvidenceMissing, EvidenceUnreadable) as error:
            wrong = str(error)
    return Judged(
        account=account,
        run=run,
        sealed=sealed,
        assessment=assessment,
        line_of=_lines_of(assessment),
        findings=findings_,
        findings_sealed=named,
        findings_wrong=wrong,
    )


def _lines_of(one: Assessment) -> dict[tuple[str, str], int]:
    """The line of each result: a header comes first, then the risks, as `Assessment.lines` orders them."""
    first = len(one.lines()) - len(one.results) + 1
    return {(each.control, each.subject): first + at for at, each in enumerate(one.results)}
