"""Judges one account: what risk made of its snapshot, every check, landing zones, exceptions, and the results sorted.

Nothing here looks anywhere but at the snapshot, the run's context and the catalog: the same three give the same bytes.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from prooftrail.evidence.context import Context
from prooftrail.governance import Governance
from prooftrail.governance.thresholds import Limits
from prooftrail.model.judgement import Assessment, AssessmentHeader, Result, Risk, SubjectType
from prooftrail.model.snapshot import Snapshot
from prooftrail.risk.method import model
from prooftrail.risk.permissions import privileges
from prooftrail.risk.privilege import Privilege
from prooftrail.risk.score import risks
from prooftrail.risk.trust import entries

from .case import Case
from .catalog import Catalog, Control
from .checks import table
from .checks.records import idc_04
from .checks.unlisted import with_unlisted
from .exceptions import Applied, apply
from .landing_zone import folded
from .results import result, untestable
from .verdict import Verdict

LAST = "IDC-04"
"""Judged after all others, because it asks whether they gave a result."""


def judge(snapshot: Snapshot, context: Context, *, catalog: Catalog, snapshot_sha256: str) -> Assessment:
    """Every risk and every result of one account, identity by identity, so that the same facts give the same bytes.

    A control whose only subject is the organization has no row here. Raises ValueError where a control judges one
    subject twice: a defect, because nobody could tell which of the two holds.
    """
    case = case_of(snapshot, context, catalog)
    verdicts = verdicts_of(case, catalog)
    accepted = apply(case, catalog, verdicts)
    results = [
        _result(control, one, accepted.get((control.id, one.subject)))
        for control in catalog.controls
        for one in verdicts.get(control.id, ())
    ]
    return Assessment(
        header=AssessmentHeader(
            run_id=snapshot.header.run_id,
            account=snapshot.header.account,
            taken_at=snapshot.header.taken_at,
            snapshot=snapshot_sha256,
            catalog_version=catalog.version,
            catalog_sha256=catalog.sha256,
            model_version=model().version,
            governance_sha256=context.governance.digest,
            code_sha256=context.code.sha256,
            notes=(*context.governance.notes, *_notes(case.privileges)),
        ),
        risks=tuple(sorted(case.risks.values(), key=lambda one: one.identity)),
        results=tuple(sorted(results, key=lambda one: (one.identity or one.subject, one.control, one.subject))),
    )


def case_of(snapshot: Snapshot, context: Context, catalog: Catalog) -> Case:
    """What the checks look at: the snapshot with privileges, ways in and risks, under the limits at `taken_at`."""
    limits = limits_of(catalog, context.governance, snapshot.header.taken_at)
    may, ways = privileges(snapshot, context), entries(snapshot, context)
    scored: Mapping[str, Risk] = risks(snapshot, context, privileges=may, entries=ways, limits=limits)
    return Case(snapshot, context, limits=limits, privileges=may, entries=ways, risks=scored)


def limits_of(catalog: Catalog, governance: Governance, at: datetime) -> Limits:
    """The limits in force at `at`: what the organization set, else the catalog's defaults."""
    return Limits(catalog.defaults, governance.thresholds, at)


def verdicts_of(case: Case, catalog: Catalog) -> dict[str, tuple[Verdict, ...]]:
    """What each control of the catalog came to, landing zones folded, before exceptions. Raises ValueError."""
    found = {one.id: _judged(case, one) for one in catalog.controls if one.id != LAST}
    last = next((one for one in catalog.controls if one.id == LAST), None)
    if last is not None:
        judged = {name: _names(verdicts) for name, verdicts in found.items()}
        found[LAST] = _once(
            last, with_unlisted(case, last, idc_04(case, last, controls=catalog.controls, judged=judged))
        )
    return found


def _judged(case: Case, control: Control) -> tuple[Verdict, ...]:
    if not control.testable:
        if control.of_organization:
            return ()
        return (untestable(control, case.account.id, SubjectType.ACCOUNT),)
    check = table.CHECKS.get(control.id)
    if check is None:
        return ()
    rows = (folded(case, control.id, one) for one in check(case, control))
    return _once(control, with_unlisted(case, control, rows))


def _once(control: Control, verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    found: dict[str, Verdict] = {}
    for one in verdicts:
        if one.subject in found:
            raise ValueError(f"{control.id} judges {one.subject} twice")
        found[one.subject] = one
    return tuple(found.values())


def _names(verdicts: Iterable[Verdict]) -> frozenset[str]:
    return frozenset(name for one in verdicts for name in (one.subject, one.identity) if name)


def _result(control: Control, one: Verdict, accepted: Applied | None) -> Result:
    """The verdict as a result, with what an exception made of it."""
    if accepted is None:
        return result(control, one)
    changed = msgspec.structs.replace(one, status=accepted.status, reason=accepted.reason)
    return result(control, changed, exception=accepted.exception)


def _notes(may: Mapping[str, Privilege]) -> tuple[str, ...]:
    """What must be said once about everything that rests on permissions."""
    found = ["privilege is an upper bound: session policies are not visible"]
    if any(not one.guardrails_considered for one in may.values()):
        found.append("guardrails not considered: an organization policy could allow less than is stated here")
    return tuple(found)
