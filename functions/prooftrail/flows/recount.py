"""The deep look: unpack every object a manifest names, hash the content, decode each line strictly, count again."""

from collections import Counter
from collections.abc import Callable, Iterator

import msgspec

from prooftrail.errors import EvidenceUnreadable
from prooftrail.evidence import lines
from prooftrail.evidence.context import Context
from prooftrail.evidence.findings import Fault, Problem
from prooftrail.evidence.manifest import Manifest
from prooftrail.model import canonical
from prooftrail.model.identity import Identity
from prooftrail.model.run import EvidenceKind, SealedObject
from prooftrail.model.snapshot import Header, Line, PersonRecord
from prooftrail.ports import Locker, RawResponse

from . import sealing

_decoders: dict[EvidenceKind, msgspec.json.Decoder[object]] = {
    EvidenceKind.SNAPSHOT: msgspec.json.Decoder(Line),
    EvidenceKind.PEOPLE: msgspec.json.Decoder(PersonRecord),
    EvidenceKind.RAW: msgspec.json.Decoder(RawResponse),
    EvidenceKind.CONTEXT: msgspec.json.Decoder(Context),
}


def manifest(one: Manifest, sound: set[str], locker: Locker) -> Iterator[Problem]:
    """Everything in the objects of `one` that does not add up; only objects in `sound` are opened."""
    counted: Counter[str] = Counter()
    for sealed in one.objects:
        if sealed.key not in sound:
            continue
        try:
            body = locker.get(sealed.key, version_id=sealed.version_id)
            yield from _READERS.get(sealed.kind, _data)(sealed, body, one, counted)
        except EvidenceUnreadable as error:
            yield Problem(fault=Fault.UNREADABLE, where=sealed.key, detail=str(error))
    snapshots = {each.key for each in one.objects if each.kind is EvidenceKind.SNAPSHOT}
    stated = dict(one.counts).get("identities", 0)
    if snapshots <= sound and counted["identities"] != stated:
        detail = f"manifest {one.seq} counts {stated} identities, its snapshots hold {counted['identities']}"
        yield Problem(fault=Fault.RECOUNT, where=f"chain/{one.seq:08d}.json", detail=detail)


def _data(sealed: SealedObject, body: bytes, one: Manifest, counted: Counter[str]) -> Iterator[Problem]:
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
        counted["identities"] += isinstance(record, Identity)
        if isinstance(record, Header) and (record.run_id != one.run.id or record.account not in sealed.key):
            detail = f"it is the snapshot of account {record.account} in run {record.run_id}"
            yield Problem(fault=Fault.REPLAYED, where=sealed.key, detail=detail)
    if found != sealed.count:
        yield Problem(
            fault=Fault.RECOUNT, where=sealed.key, detail=f"it holds {found} lines, and {sealed.count} were sealed"
        )


def _outcome(sealed: SealedObject, body: bytes, one: Manifest, _: Counter[str]) -> Iterator[Problem]:
    outcome = sealing.read_outcome(sealed.key, body)
    if outcome.run_id != one.run.id or outcome.account not in sealed.key:
        detail = f"it is the outcome of account {outcome.account} in run {outcome.run_id}"
        yield Problem(fault=Fault.REPLAYED, where=sealed.key, detail=detail)
    named = {each.key for each in one.objects}
    for each in outcome.objects:
        if each.key not in named:
            yield Problem(
                fault=Fault.RECOUNT, where=sealed.key, detail=f"it names {each.key}, which the manifest does not"
            )


def _plan(sealed: SealedObject, body: bytes, one: Manifest, _: Counter[str]) -> Iterator[Problem]:
    plan = sealing.read_plan(sealed.key, body)
    if plan.header.run.id != one.run.id:
        yield Problem(fault=Fault.REPLAYED, where=sealed.key, detail=f"it is the plan of run {plan.header.run.id}")
    if tuple(each.account for each in plan.accounts) != tuple(each.account for each in one.coverage):
        yield Problem(
            fault=Fault.RECOUNT, where=sealed.key, detail="the manifest covers other accounts than the plan names"
        )


type _Reader = Callable[[SealedObject, bytes, Manifest, Counter[str]], Iterator[Problem]]
_READERS: dict[EvidenceKind, _Reader] = {EvidenceKind.OUTCOME: _outcome, EvidenceKind.PLAN: _plan}
