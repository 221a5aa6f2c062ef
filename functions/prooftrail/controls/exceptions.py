"""What an accepted exception makes of a failing result: EXCEPTION while all of it holds, else FAIL with why it is void.

Compensating controls are tested by raw verdicts only, so one exception never rests on another and order never matters.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime

import msgspec

from prooftrail.governance import Governance
from prooftrail.governance.exceptions import AcceptedException, Compensator
from prooftrail.governance.matching import first, names
from prooftrail.governance.policy import Owner
from prooftrail.governance.registers import Restricted
from prooftrail.governance.thresholds import Limits
from prooftrail.model import canonical
from prooftrail.model.iam import Role, User
from prooftrail.model.identity import Identity
from prooftrail.model.judgement import ResultStatus, Tier

from .case import Case
from .catalog import Catalog
from .verdict import Verdict

IDC = "IDC-32"
_NO_RESULT = "no result of it for this subject, its user or its credentials says that it works"


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """What an exception made of a failing verdict: the status now, the whole reason, and which exception it was."""

    status: ResultStatus
    reason: str
    exception: str


def apply(case: Case, catalog: Catalog, verdicts: Mapping[str, Sequence[Verdict]]) -> dict[tuple[str, str], Applied]:
    """What becomes of every failing verdict that an exception names, by control and subject.

    `verdicts` are the raw ones of every control, as the checks gave them. A verdict no exception names is not in the
    answer and stays as it is. Of several exceptions that name one subject the first that holds counts, by id.
    """
    by_control: dict[str, list[AcceptedException]] = defaultdict(list)
    for one in sorted(case.governance.exceptions.exception, key=lambda each: each.id):
        by_control[one.control].append(one)
    raw = _Raw(case, verdicts)
    found: dict[tuple[str, str], Applied] = {}
    for control, entries in by_control.items():
        for verdict in verdicts.get(control, ()):
            if verdict.status is ResultStatus.FAIL and (named := _naming(case, entries, verdict)):
                found[control, verdict.subject] = _applied(raw, catalog, verdict, named)
    return found


def faults(one: AcceptedException, governance: Governance, limits: Limits, at: datetime) -> Iterator[str]:
    """Why an exception that was approved by `at` holds for nobody: what IDC-32 finds in its form and the people behind it."""
    today = canonical.utc(at).date()
    if one.expires_on < today:
        yield f"it expired after {one.expires_on}"
    tier = Tier(one.tier)
    longest = limits.value(IDC, "max_duration_days", tier)
    if one.lasts_days > longest:
        shown = limits.described(IDC, "max_duration_days", tier)
        yield f"it lasts {one.lasts_days} days, and at tier {tier} the limit is {shown.value} ({shown.set_by})"
    most = limits.value(IDC, "max_renewals", tier)
    if one.renewals > most:
        shown = limits.described(IDC, "max_renewals", tier)
        yield f"it was renewed {_times(one.renewals)}, and at tier {tier} the limit is {shown.value} ({shown.set_by})"
    if governance.same_person(one.requester, one.approver):
        yield "its requester approved it"
    for role, person in (("risk owner", one.risk_owner), ("requester", one.requester)):
        owner = governance.owner_of(person)
        if owner and not owner.active:
            yield f"its {role} {person} has left"


class _Raw:
    """The raw verdicts of every control, found by identity."""

    def __init__(self, case: Case, verdicts: Mapping[str, Sequence[Verdict]]) -> None:
        self.case, self._verdicts = case, verdicts
        self._indexed: dict[str, dict[str | None, list[Verdict]]] = {}

    def of(self, control: str, identity: str | None) -> list[Verdict]:
        """What a control came to for one identity, but for what did not apply to it."""
        if control not in self._indexed:
            index: dict[str | None, list[Verdict]] = defaultdict(list)
            for one in self._verdicts.get(control, ()):
                if one.status is not ResultStatus.NOT_APPLICABLE:
                    index[one.identity].append(one)
            self._indexed[control] = index
        return self._indexed[control].get(identity, [])

    def about(self, control: str, subject: str) -> list[Verdict]:
        """What a control came to for an account, which is no identity, but for what did not apply to it."""
        return [one for one in self.of(control, None) if one.subject == subject]

    def nearest(self, control: str, identity: Identity) -> list[Verdict]:
        """What it came to for the identity itself, else for the user it belongs to, else for all credentials of it."""
        parent = self.case.parent(identity)
        groups = ([identity], [parent] if parent else [], self.case.children(identity))
        for group in groups:
            if found := [verdict for one in group for verdict in self.of(control, one.id)]:
                return sorted(found, key=lambda verdict: verdict.subject)
        return []


def _naming(case: Case, entries: list[AcceptedException], verdict: Verdict) -> list[AcceptedException]:
    """The exceptions that name the verdict's subject, its identity, or the user that one belongs to."""
    identity = case.by_id.get(verdict.identity) if verdict.identity else None
    parent = case.parent(identity) if identity else None
    known = [one for one in (identity, parent) if one]
    plain = {verdict.subject, verdict.identity}
    return [one for one in entries if one.identity in plain or any(names(one, each) for each in known)]


def _applied(raw: _Raw, catalog: Catalog, verdict: Verdict, named: list[AcceptedException]) -> Applied:
    void: list[tuple[date, str, list[str]]] = []
    for one in named:
        why = list(_voids(raw, catalog, verdict, one))
        if not why:
            said = f"Accepted through {one.expires_on} as exception {one.id}, approved by {one.approver}"
            told = f"{verdict.reason} {said} ({one.approval}): {one.reason.rstrip('.')}."
            return Applied(status=ResultStatus.EXCEPTION, reason=told, exception=one.id)
        void.append((one.expires_on, one.id, why))
    _, name, why = max(void)
    told = f"{verdict.reason} Exception {name} is void: {'; '.join(why)}."
    return Applied(status=ResultStatus.FAIL, reason=told, exception=name)


def _voids(raw: _Raw, catalog: Catalog, verdict: Verdict, one: AcceptedException) -> Iterator[str]:
    """Everything that makes an exception void for this verdict."""
    case = raw.case
    if not catalog.control(one.control).exceptable:
        yield f"{one.control} cannot be excepted"
    if one.approved_on > canonical.utc(case.taken_at).date():
        yield f"it is approved from {one.approved_on} on only"
    yield from faults(one, case.governance, case.limits, case.taken_at)
    identity = case.by_id.get(verdict.identity) if verdict.identity else None
    yield from _risen(case, verdict, one)
    owner = case.governance.owner_of(identity.owner.value) if identity and identity.owner.value else None
    if identity and owner and not owner.active:
        yield f"the owner of {identity.name} has left"
    for each in one.compensating:
        if why := _compensated(raw, each, identity, verdict.subject):
            yield f"its compensating control {_called(each)} does not hold: {why}"


def _risen(case: Case, verdict: Verdict, one: AcceptedException) -> Iterator[str]:
    """Whether the tier is, or may be, above the one the risk was accepted at; accounts have no tier."""
    if verdict.identity is None:
        return
    risk = case.risks.get(verdict.identity)
    if risk is None:
        yield f"the risk of {verdict.identity} was not scored, and it was accepted at tier {one.tier}"
    elif risk.tier_from.rank > Tier(one.tier).rank:
        yield f"the tier is {risk.tier}, and the risk was accepted at {one.tier}"
    elif risk.tier.rank > Tier(one.tier).rank:
        yield f"the tier may be as high as {risk.tier} ({'; '.join(risk.unknown)}), and the risk was accepted at {one.tier}"


def _compensated(raw: _Raw, each: Compensator, identity: Identity | None, subject: str) -> str | None:
    """Why a compensating control cannot be relied on in this run, None where it works."""
    if each.control:
        found = raw.nearest(each.control, identity) if identity else raw.about(each.control, subject)
        if not found:
            return _NO_RESULT
        bad = next((one for one in found if one.status is not ResultStatus.PASS), None)
        return f"{bad.status} for {bad.subject}: {bad.reason.rstrip('.')}" if bad else None
    if identity is None:
        return f"{subject} is no identity"
    if each.predicate == "network_condition":
        return _network(raw.case, identity)
    if each.predicate == "boundary_attached":
        return _boundary(raw.case, identity)
    return _restricted(raw.case, identity)


def _principal(case: Case, identity: Identity) -> Identity | None:
    return identity if isinstance(identity.facts, User | Role) else case.parent(identity)


def _network(case: Case, identity: Identity) -> str | None:
    principal = _principal(case, identity)
    privilege = case.privileges.get(principal.id) if principal else None
    if privilege is None or privilege.network_bound is None:
        return "NOT_TESTED: not every policy it rests on was read"
    return None if privilege.network_bound else "no condition binds everything it may do to known networks"


def _boundary(case: Case, identity: Identity) -> str | None:
    principal = _principal(case, identity)
    if principal is None or not isinstance(principal.facts, User | Role):
        return "it has no principal a permissions boundary could be attached to"
    if doubt := case.doubt(principal, "facts.boundary"):
        return f"NOT_TESTED: {doubt}"
    return None if principal.facts.boundary else f"{principal.name} has no permissions boundary"


def _restricted(case: Case, identity: Identity) -> str | None:
    found = restricted(case.governance, identity, case.parent(identity), case.taken_at)
    return found if isinstance(found, str) else None


def restricted(
    governance: Governance, identity: Identity, parent: Identity | None, at: datetime
) -> tuple[Owner, Restricted] | str:
    """The active person who owns it and the entry that names it (or its user) with that person; else which of them is not there."""
    owner = governance.owner_of(identity.owner.value) if identity.owner.value else None
    if owner is None or owner.kind != "person" or not owner.active:
        return "its owner is no person of owners.toml who is still there"
    listed = [each for each in governance.registers.restricted if governance.same_person(each.owner, owner.id)]
    entries = (first(listed, one, at) for one in (identity, parent) if one)
    entry = next((one for one in entries if one), None)
    return (owner, entry) if entry else "the restricted list has no entry in effect for it and its owner"


def _called(each: Compensator) -> str:
    return f"{each.sp80053} ({each.control or (each.predicate or '').replace('_', ' ')})"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"
