"""What becomes of a verdict about a role the landing zone rolled out: judged once where nobody registered it (ruling 16).

A role is recognised by path, name and trust together: the name alone earns nothing. Unregistered, it gives one finding,
which registering its preset or restricting the role mends; registered, its preset's owner and approval answer for it.
One that trusts the landing zone's own role in another account of the organization, such as the audit account, is
recognised too: registering its preset with that account under `accounts` mends it.
A role with such a name that trusts anybody else is a finding of its own, beside everything else it is judged by.
"""

from typing import Any

import msgspec

from prooftrail.controls.case import Case
from prooftrail.controls.checks.doors import by
from prooftrail.controls.due import grace
from prooftrail.controls.verdict import Verdict
from prooftrail.governance.registers import Preset
from prooftrail.inventory.wording import listed
from prooftrail.model.iam import Role
from prooftrail.model.identity import Identity, Kind, Rung
from prooftrail.model.judgement import PrivilegeClass, ResultStatus
from prooftrail.model.reading import CellStatus, Collector
from prooftrail.risk.entry import Comer, Entry, Way

from .identity_center import reader
from .landing_zone_presets import BEGINNINGS, CDK_QUALIFIER, TEMPLATES, Template

OWNER, ADMINISTRATOR = "IDC-02", "IDC-20"
_PRIVILEGE = (ADMINISTRATOR, "IDC-21", "IDC-22")
_UNUSED, _TRUST = "IDC-08", "IDC-28"
_PLAIN_SIGHT = "IDC-18"  # a credential that was seen is nothing a landing zone rolls out
_POWERFUL = PrivilegeClass.PRIVESC.rank
_BY_HAND = frozenset({Rung.IDENTITY_TAG, Rung.PRINCIPAL_TAG, Rung.REGISTRY})
_UNREAD_POLICIES = "Policies of this landing-zone role were not read, so whether it is judged by its owner or its privilege is not known."
PASS, FAIL = ResultStatus.PASS, ResultStatus.FAIL
NOT_APPLICABLE, NOT_TESTED = ResultStatus.NOT_APPLICABLE, ResultStatus.NOT_TESTED


class Recognised(msgspec.Struct, frozen=True, kw_only=True):
    """A role with the path and name of a landing zone's role.

    `one_control` judges it where its preset is not registered; None where unread policies leave open which one would.
    `departs` says what it trusts, or may do, that such a role does not; `doubt` what was not read that would tell.
    `unvouched` are accounts inside the organization whose role of the landing zone it trusts, although nothing says
    that they are meant.
    """

    preset: str
    one_control: str | None
    registered: bool
    owner: str | None
    departs: str | None = None
    doubt: str | None = None
    unvouched: tuple[str, ...] = ()
    entry: Preset | None = None


def recognised(case: Case, identity: Identity) -> Recognised | None:
    """What landing-zone role this is, or claims to be by its name; None for every other identity."""
    if not isinstance(identity.facts, Role) or not identity.name.startswith(BEGINNINGS):
        return None
    path, name = identity.facts.path, identity.name
    for one in TEMPLATES:
        entry = _preset(case, one.preset)
        qualifiers = {CDK_QUALIFIER, entry.qualifier if entry and entry.qualifier else CDK_QUALIFIER}
        if any(one.matches(path, name, account=identity.account, qualifier=text) for text in qualifiers):
            return _of(case, identity, one, entry)
    return None


def folded(case: Case, control_id: str, verdict: Verdict) -> Verdict:
    """What becomes of a verdict, all else being as judged."""
    identity = case.by_id.get(verdict.identity) if verdict.identity else None
    if identity is None or not isinstance(identity.facts, Role) or control_id == _PLAIN_SIGHT:
        return verdict
    if identity.kind is Kind.ROLE_SSO:
        return _of_identity_center(case, control_id, identity, verdict)
    found = recognised(case, identity)
    if found is None:
        return verdict
    if found.departs is not None:
        return _departing(found, control_id, verdict)
    as_one = _as_one(case, found, control_id, verdict)
    return as_one if found.doubt is None else _doubtful(found, found.doubt, control_id, verdict, as_one)


def _doubtful(found: Recognised, doubt: str, control_id: str, verdict: Verdict, as_one: Verdict) -> Verdict:
    """What holds whether or not this is the role its name says; else not tested."""
    if as_one.status is verdict.status is _departing(found, control_id, verdict).status:
        return verdict
    words = f"Whether this is a landing-zone role of {found.preset}, to be judged as such, was not read: {doubt}."
    return _changed(verdict, NOT_TESTED, words, gaps=(*verdict.gaps, doubt))


def _as_one(case: Case, found: Recognised, control_id: str, verdict: Verdict) -> Verdict:
    if found.registered and found.entry is not None:
        return _registered(case, found, found.entry, control_id, verdict)
    return _unregistered(found, control_id, verdict)


def _of(case: Case, identity: Identity, template: Template, entry: Preset | None) -> Recognised:
    registered = entry is not None and _in_effect(case, entry)
    departs, doubt, unvouched = _trust_departs(case, identity, template, entry)
    if unvouched and registered:
        departs = f"trusts {template.role} of {listed(unvouched)}, which the preset does not list under accounts"
    least, most = _powerful(case, identity)
    if departs is None and doubt is None and not template.powerful:
        departs = "may do more than such a role is for, up to administration" if least else None
        doubt = None if least is most else "policies that tell whether it may do more than such a role is for"
    return Recognised(
        preset=template.preset,
        one_control=(ADMINISTRATOR if least else OWNER) if least is most else None,
        registered=registered,
        owner=entry.owner if entry else None,
        departs=departs,
        doubt=doubt,
        unvouched=unvouched,
        entry=entry,
    )


def _trust_departs(
    case: Case, identity: Identity, template: Template, entry: Preset | None
) -> tuple[str | None, str | None, tuple[str, ...]]:
    """What the role trusts that it should not, what was not read that would tell, the accounts nobody vouched for."""
    known = case.entries.get(identity.id) or Entry(role=identity.id, unread="who can come in was not worked out")
    if known.unread:
        return None, known.unread, ()
    wrong = [way for way in known.ways if way.comer is not Comer.DELETED_PRINCIPAL]
    allowed = _accounts(case, identity, template, entry)
    wrong = [way for way in wrong if not _as_meant(way, template, allowed)]
    if wrong and (unread := _accounts_unread(case, template, wrong)):
        return None, unread, ()
    if not all(_by_name(way, template) for way in wrong):
        return f"trusts {', '.join(by(way) for way in wrong)}", None, ()
    unvouched = tuple(sorted({way.account for way in wrong if way.account}))
    return (None if known.ways else "lets nobody in"), None, unvouched


def _accounts_unread(case: Case, template: Template, wrong: list[Way]) -> str | None:
    """Why the accounts it may trust are not all known, where one of those it does trust could be among them."""
    if any(way.account is None or way.comer not in (Comer.INSIDE, Comer.UNTOLD) for way in wrong):
        return None
    if template.management and case.context.organization.management_account is None:
        return "which account manages the organization is not known"
    cells = (one for one in case.context.cells if one.collector is Collector.DELEGATED_ADMINISTRATORS)
    if template.administrators and not any(one.status is CellStatus.OK for one in cells):
        return "the delegated administrators were not read"
    return None


def _as_meant(way: Way, template: Template, allowed: frozenset[str]) -> bool:
    if template.service is not None:
        return way.comer is Comer.SERVICE and (way.service or "").removesuffix(".cn") == template.service
    return way.account is not None and way.account in allowed


def _by_name(way: Way, template: Template) -> bool:
    """True if nobody comes in but the landing zone's own role of one account inside, named in full; that account may be this one."""
    end = f"::{way.account}:role/{template.role}"
    inside = template.role is not None and way.account is not None and way.comer in (Comer.INSIDE, Comer.OWN_ACCOUNT)
    return inside and bool(way.principals) and all(one.endswith(end) for one in way.principals)


def _accounts(case: Case, identity: Identity, template: Template, entry: Preset | None) -> frozenset[str]:
    context = case.context
    management = context.organization.management_account
    return frozenset(
        [
            *([identity.account] if template.own else []),
            *([management] if template.management and management else []),
            *([one.account for one in context.delegated_administrators] if template.administrators else []),
            *(entry.accounts if entry is not None and _in_effect(case, entry) else []),
        ]
    )


def _powerful(case: Case, identity: Identity) -> tuple[bool, bool]:
    """Whether the role is an administrator or near to it, at least and at most."""
    held = case.privileges.get(identity.id)
    if held is None:
        return False, True
    return held.cls.rank >= _POWERFUL, max(held.cls.rank, held.at_most.rank) >= _POWERFUL


def _preset(case: Case, name: str) -> Preset | None:
    named = [one for one in case.governance.registers.preset if one.name == name]
    return next((one for one in named if _in_effect(case, one)), named[0] if named else None)


def _in_effect(case: Case, entry: Preset) -> bool:
    """True if the preset is switched on, owned, and approved by the day that judges."""
    approved = entry.approved_on is not None and entry.approved_on <= case.taken_at.date()
    return entry.enabled and approved and bool(entry.approved_by) and bool(entry.owner)


def _lacks(entry: Preset) -> str:
    """Why an entry registers nothing."""
    if not entry.enabled:
        return "is switched off"
    if not entry.owner:
        return "names no owner"
    if not entry.approved_by or entry.approved_on is None:
        return "is not approved"
    return f"is approved from {entry.approved_on} on"


def _unregistered(found: Recognised, control_id: str, verdict: Verdict) -> Verdict:
    """One finding on one control, unless it passes there on its own; nothing on any other."""
    entry = found.entry
    if found.one_control is None and control_id in (OWNER, ADMINISTRATOR):
        return verdict if verdict.status is NOT_TESTED else _changed(verdict, NOT_TESTED, _UNREAD_POLICIES)
    if control_id != found.one_control:
        by = found.one_control or f"{OWNER} or {ADMINISTRATOR}"
        return _changed(verdict, NOT_APPLICABLE, f"Judged once, as a landing-zone role of {found.preset}, by {by}.")
    if verdict.status is PASS and not found.unvouched:
        return verdict
    half = "" if entry is None else f"; its entry there {_lacks(entry)}"
    more = f" with {listed(found.unvouched)} under accounts" if found.unvouched else ""
    there = f'"{found.preset}" in registers.toml{more}'
    words = f"A landing-zone role: register the preset {there}, or restrict the role{half}."
    return _changed(verdict, FAIL, words)


def _registered(case: Case, found: Recognised, entry: Preset, control_id: str, verdict: Verdict) -> Verdict:
    """The preset's owner and approval answer for it; whatever else it is judged by stands."""
    told = f'the landing-zone preset "{found.preset}", approved by {entry.approved_by} on {entry.approved_on}'
    if control_id == OWNER:
        if _left(case, entry):
            words = f"Its owner {entry.owner} through {told}, is not active any more."
            return _changed(verdict, FAIL, words, limit=grace(case.limits, verdict.tier, left=True))
        return _changed(verdict, PASS, f"Owned by {entry.owner} through {told}.", value=entry.owner)
    if control_id == _UNUSED:
        return _changed(verdict, NOT_APPLICABLE, f"Kept ready for roll-outs: registered by {told}.")
    if control_id in _PRIVILEGE and verdict.status is FAIL:
        return _changed(verdict, PASS, f"Registered by {told}.")
    if control_id == _TRUST and verdict.status is not PASS:
        return _changed(verdict, PASS, f"It trusts exactly what {told}, names.")
    return verdict


def _left(case: Case, entry: Preset) -> bool:
    """True if owners.toml says that the preset's owner left; an owner it does not list is believed."""
    owners = case.governance.owners.owner
    return any(not one.active for one in owners if entry.owner in one.spellings())


def _departing(found: Recognised, control_id: str, verdict: Verdict) -> Verdict:
    """A lookalike earns nothing: it is judged as any role, and one control says what is wrong with its name."""
    if control_id not in (found.one_control or OWNER, found.one_control or ADMINISTRATOR):
        return verdict
    if found.one_control is None and verdict.status is not FAIL:
        return _changed(verdict, NOT_TESTED, _UNREAD_POLICIES)
    words = f'It has the name of a role of the landing-zone preset "{found.preset}" but {found.departs}.'
    reason = f"{words} {verdict.reason}" if verdict.status is FAIL else words
    return _changed(verdict, FAIL, reason, value=verdict.value, limit=verdict.limit)


def _of_identity_center(case: Case, control_id: str, identity: Identity, verdict: Verdict) -> Verdict:
    if control_id != OWNER or identity.owner.rung in _BY_HAND:
        return verdict
    behind = reader(case)
    words = f"It is owned through its permission set; {behind.why}."
    if behind.judged:
        return _changed(verdict, NOT_APPLICABLE, words)
    return msgspec.structs.replace(_changed(verdict, NOT_TESTED, words), gaps=(behind.why,))


def _changed(verdict: Verdict, status: ResultStatus, reason: str, **more: Any) -> Verdict:
    fresh = {"value": None, "limit": None, "gaps": verdict.gaps if status is NOT_TESTED else (), **more}
    return msgspec.structs.replace(verdict, status=status, reason=reason, **fresh)
