"""Whether what is sealed and what comes out differ in more than words.

Two pieces of code may word a reason otherwise. On statuses, tiers, exceptions and the life of findings they must agree.
"""

from typing import Any

import msgspec

from prooftrail.evidence.findings import Fault
from prooftrail.evidence.manifest import Code
from prooftrail.model.judgement import Assessment, Findings, ResultStatus, Tier, Transition
from prooftrail.model.run import EvidenceKind, SealedObject

from . import sealing
from .judging import Judged

type Key = tuple[str, str]
"""A control's id and a subject."""

type Stand = tuple[ResultStatus, Tier | None, str | None]
"""What a result comes to: its status, the tier it was held against, and the exception that was applied or void."""

_WORDS: dict[str, Any] = {
    "reason": "",
    "due_why": "",
    "fixed_why": None,
    "limit": None,
    "used": None,
    "person": False,
    "not_mine": None,
    "expires_at": None,
}


def difference(sealed: SealedObject, body: bytes, judged: Judged, *, code: Code) -> tuple[str, Fault]:
    """How a sealed object differs from what comes out, and the fault that is where other code than ours sealed it.

    OTHER_CODE if only words differ, DERIVED if it names another code than its manifest (`code`), else NOT_CONFIRMED.
    Raises EvidenceUnreadable where it is not what its kind promises.
    """
    if sealed.kind is EvidenceKind.ASSESSMENT:
        return _results(sealing.read_assessment(sealed.key, body), judged.assessment, code)
    if sealed.kind is EvidenceKind.TRANSITIONS:
        told = sealing.read_transitions(sealed.key, body)
        same = _transitions(told) == _transitions(judged.transitions)
        return f"{len(judged.transitions)} transitions come out", _fault(same)
    same = _findings(sealing.read_findings(sealed.key, body)) == _findings(judged.findings)
    return f"{len(judged.findings.findings)} findings come out", _fault(same)


def named(code: Code) -> str:
    """A code by the beginning of its hash and its version."""
    return f"{code.sha256[:12]}… (version {code.version})"


def _results(there: Assessment, derived: Assessment, code: Code) -> tuple[str, Fault]:
    """How many results differ, and the first of them with both statuses."""
    by = there.header.code_sha256
    if by != code.sha256:
        return f"they name the code {by[:12]}…, and their manifest {named(code)}", Fault.DERIVED
    was, gives = _stands(there), _stands(derived)
    other = sorted(one for one in was.keys() | gives.keys() if was.get(one) != gives.get(one))
    if not other:
        changed = len(set(there.lines()) ^ set(derived.lines()))
        detail = f"every status agrees, and {changed} lines of results and risks differ in what they say"
        return detail, _fault(_tiers(there) == _tiers(derived))
    control, subject = other[0]
    sealed_as, comes_out = _apart(was.get(other[0]), gives.get(other[0]))
    both = f"{control} for {subject} is sealed as {sealed_as} and comes out as {comes_out}"
    return both if len(other) == 1 else f"{both}, and {len(other) - 1} more differ", Fault.NOT_CONFIRMED


def _fault(same: bool) -> Fault:
    return Fault.OTHER_CODE if same else Fault.NOT_CONFIRMED


def _stands(one: Assessment) -> dict[Key, Stand]:
    return {(each.control, each.subject): (each.status, each.tier, each.exception) for each in one.results}


def _tiers(one: Assessment) -> dict[str, tuple[Tier, Tier]]:
    return {each.identity: (each.tier_from, each.tier) for each in one.risks}


def _findings(one: Findings) -> Findings:
    """Findings without the sentences in them and without what is for notices only: status, dates, runs and counts stay."""
    bare = (msgspec.structs.replace(each, **_WORDS) for each in one.findings)
    header = msgspec.structs.replace(one.header, contacts=None)
    return msgspec.structs.replace(one, header=header, findings=tuple(bare), upcoming=())


def _transitions(found: tuple[Transition, ...]) -> tuple[Transition, ...]:
    return tuple(msgspec.structs.replace(each, reason="") for each in found)


def _apart(was: Stand | None, gives: Stand | None) -> tuple[str, str]:
    """Two stands that differ, in words that do: by status where that does, else with tier and exception."""
    if was is None or gives is None or was[0] is not gives[0]:
        return (was[0] if was else "nothing"), (gives[0] if gives else "nothing")
    return _whole(was), _whole(gives)


def _whole(stand: Stand) -> str:
    status, tier, exception = stand
    return f"{status} at {f'tier {tier}' if tier else 'no tier'}{f' with {exception}' if exception else ''}"
