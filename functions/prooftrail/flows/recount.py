"""The deep look: unpack every object a manifest names, hash the content, decode each line strictly, count again."""

from collections import Counter
from collections.abc import Callable, Iterator

import msgspec

from prooftrail.errors import EvidenceError, EvidenceUnreadable
from prooftrail.evidence import answers, custody, layout, lines, notices, waiting
from prooftrail.evidence.context import Context
from prooftrail.evidence.findings import Fault, Problem
from prooftrail.evidence.manifest import Manifest
from prooftrail.model import canonical
from prooftrail.model.identity import Identity
from prooftrail.model.judgement import AssessmentHeader, AssessmentLine, FindingsHeader, FindingsLine, Transition
from prooftrail.model.run import EvidenceKind, Outcome, Plan, SealedObject
from prooftrail.model.snapshot import Header, Line, PersonRecord
from prooftrail.ports import Locker, RawResponse

from . import judging, sealing
from .tally import Tally

_decoders: dict[EvidenceKind, msgspec.json.Decoder[object]] = {
    EvidenceKind.SNAPSHOT: msgspec.json.Decoder(Line),
    EvidenceKind.PEOPLE: msgspec.json.Decoder(PersonRecord),
    EvidenceKind.RAW: msgspec.json.Decoder(RawResponse),
    EvidenceKind.CONTEXT: msgspec.json.Decoder(Context),
    EvidenceKind.ASSESSMENT: msgspec.json.Decoder(AssessmentLine),
    EvidenceKind.TRANSITIONS: msgspec.json.Decoder(Transition),
    EvidenceKind.FINDINGS: msgspec.json.Decoder(FindingsLine),
}
_NOTHING_FOLLOWS = frozenset({EvidenceKind.RAW, EvidenceKind.PEOPLE}) | waiting.KINDS
_HEADERS = (Header, AssessmentHeader, FindingsHeader)


class _Seen:
    """What the objects of one manifest hold, counted as they are opened."""

    def __init__(self) -> None:
        self.identities = 0
        self.organization: Counter[str] = Counter()
        self.context: Context | None = None
        self.plan: Plan | None = None
        self.outcomes: list[Outcome] = []


def manifest(one: Manifest, sound: set[str], locker: Locker, *, part: bool = False) -> Iterator[Problem]:
    """Everything in the objects of `one` that does not add up; only objects in `sound` are opened.

    `part` says that the locker is a copy from which a pull left objects out.
    """
    seen = _Seen()
    for sealed in one.objects:
        if sealed.key not in sound:
            continue
        try:
            body = locker.get(sealed.key, version_id=sealed.version_id)
            yield from _READERS.get(sealed.kind, _data)(sealed, body, one, seen)
        except EvidenceError as error:
            yield Problem(fault=Fault.UNREADABLE, where=sealed.key, detail=str(error))
    where, lacking = layout.chain_key(one.seq), missing(one, sound)
    for detail in _added_up(one, seen) if not lacking else ():
        yield Problem(fault=Fault.RECOUNT, where=where, detail=detail)
    if lacking:
        gone = "not in this copy, gone or damaged" if part else "gone or damaged"
        detail = f"{len(lacking)} of its objects are {gone}, so what it counts was not added up again"
        yield Problem(fault=Fault.NOT_ADDED_UP, where=where, detail=detail)


def missing(one: Manifest, sound: set[str]) -> list[str]:
    """The objects of `one` that are not sound and that anything follows from: wire bodies and people, which are kept
    for the shortest time, are summed nowhere.
    """
    return [each.key for each in one.objects if each.kind not in _NOTHING_FOLLOWS and each.key not in sound]


def _added_up(one: Manifest, seen: _Seen) -> Iterator[str]:
    """What the manifest states beyond its objects, held against what they hold."""
    stated = dict(one.counts).get("identities", 0)
    if seen.identities != stated:
        yield f"manifest {one.seq} counts {stated} identities, its snapshots hold {seen.identities}"
    if seen.plan is None:
        return
    tally = Tally(seen.outcomes)
    if tally.coverage(seen.plan) != one.coverage:
        yield f"manifest {one.seq} states another coverage than its plan and outcomes give"
    counts = tally.counts(seen.context, seen.organization)
    if counts != one.counts:
        yield f"manifest {one.seq} states other counts than its outcomes and its judgement of the organization add up to"
    if one.governance.turned not in (0, dict(counts).get(judging.LOOSENED, 0)):
        yield f"manifest {one.seq} states {one.governance.turned} results turned, its outcomes count others"
    if seen.plan.header.run != one.run or seen.plan.header.started_at != one.started_at:
        yield f"manifest {one.seq} states another run or start than its plan"
    listed = {each for outcome in seen.outcomes for each in outcome.objects}
    stray = [each.key for each in one.objects if each.kind in layout.DATA_KINDS and each not in listed]
    of_plan = {each.key for each in (seen.plan.header.people, seen.plan.header.raw) if each is not None}
    for key in stray:
        if key not in of_plan and not _of_organization(key):
            yield f"manifest {one.seq} names {key}, which no outcome does"


def _of_organization(key: str) -> bool:
    """What the end of a run judges belongs to no account, so no outcome names it."""
    place = layout.Place(key)
    return place.kind in layout.JUDGED_KINDS and place.account == layout.ORGANIZATION


def _data(sealed: SealedObject, body: bytes, one: Manifest, seen: _Seen) -> Iterator[Problem]:
    decoder = _decoders.get(sealed.kind)
    if decoder is None:
        raise EvidenceUnreadable(f"{sealed.key} is of kind {sealed.kind}, which no manifest may name.")
    data = lines.unpack(sealed.key, body)
    if canonical.sha256(data) != sealed.sha256:
        yield Problem(
            fault=Fault.CHANGED, where=sealed.key, detail="its uncompressed content is not what its name says"
        )
    found = 0
    for record in lines.records(sealed.key, data, decoder):
        found += 1
        if isinstance(record, Context):
            seen.context = record
        if _of_organization(sealed.key):
            seen.organization += judging.counts((record,), one.run.id)
        seen.identities += isinstance(record, Identity)
        if isinstance(record, _HEADERS) and (record.run_id != one.run.id or record.account not in sealed.key):
            detail = f"it is the {sealed.kind} of {record.account} in run {record.run_id}"
            yield Problem(fault=Fault.REPLAYED, where=sealed.key, detail=detail)
    if found != sealed.count:
        yield Problem(
            fault=Fault.RECOUNT, where=sealed.key, detail=f"it holds {found} lines, and {sealed.count} were sealed"
        )


def _outcome(sealed: SealedObject, body: bytes, one: Manifest, seen: _Seen) -> Iterator[Problem]:
    outcome = sealing.read_outcome(sealed.key, body)
    seen.outcomes.append(outcome)
    if outcome.run_id != one.run.id or outcome.account not in sealed.key:
        detail = f"it is the outcome of account {outcome.account} in run {outcome.run_id}"
        yield Problem(fault=Fault.REPLAYED, where=sealed.key, detail=detail)
    named = set(one.objects)
    for each in outcome.objects:
        if each not in named:
            yield Problem(
                fault=Fault.RECOUNT, where=sealed.key, detail=f"it names {each.key}, which the manifest does not"
            )


def _plan(sealed: SealedObject, body: bytes, one: Manifest, seen: _Seen) -> Iterator[Problem]:
    plan = seen.plan = sealing.read_plan(sealed.key, body)
    if plan.header.run.id != one.run.id:
        yield Problem(fault=Fault.REPLAYED, where=sealed.key, detail=f"it is the plan of run {plan.header.run.id}")


def _custody(sealed: SealedObject, body: bytes, one: Manifest, seen: _Seen) -> Iterator[Problem]:  # noqa: ARG001 - a reader
    custody.read(sealed.key, body)
    yield from ()


def _answer(sealed: SealedObject, body: bytes, one: Manifest, seen: _Seen) -> Iterator[Problem]:  # noqa: ARG001 - a reader
    if answers.read(sealed.key, body).locker != one.locker_id:
        yield Problem(fault=Fault.REPLAYED, where=sealed.key, detail="it is an answer given in another locker")


def _notices(sealed: SealedObject, body: bytes, one: Manifest, seen: _Seen) -> Iterator[Problem]:  # noqa: ARG001 - a reader
    held = waiting.read(sealed.key, body)
    if sealed.key != layout.notices_plan_key(layout.Place(sealed.key).run_id or ""):
        for _ in notices.lines(sealed.key, body):
            pass  # each line is decoded strictly
    if (held.sha256, held.count) != (sealed.sha256, sealed.count):
        detail = f"it holds {held.count} lines, and {sealed.count} were sealed, or others"
        yield Problem(fault=Fault.RECOUNT, where=sealed.key, detail=detail)


type _Reader = Callable[[SealedObject, bytes, Manifest, _Seen], Iterator[Problem]]
_READERS: dict[EvidenceKind, _Reader] = {
    EvidenceKind.OUTCOME: _outcome,
    EvidenceKind.PLAN: _plan,
    EvidenceKind.CUSTODY: _custody,
    EvidenceKind.ANSWERS: _answer,
    EvidenceKind.NOTICES: _notices,
}
