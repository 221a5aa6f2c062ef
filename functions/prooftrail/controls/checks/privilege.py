"""What principals can do: administrators (IDC-20), escalation paths (IDC-21), writers of IAM (IDC-22), policies on single
users (IDC-23) and conflicting duties (IDC-24)."""

from collections.abc import Iterator

from prooftrail.controls.case import Case, Over
from prooftrail.controls.catalog import Control
from prooftrail.controls.landing_zone import recognised
from prooftrail.controls.verdict import Verdict
from prooftrail.governance import matching
from prooftrail.governance.registers import Privileged
from prooftrail.inventory.wording import counted, listed, plain
from prooftrail.model.iam import Role, User
from prooftrail.model.identity import Identity
from prooftrail.model.judgement import PrivilegeClass, SubjectType
from prooftrail.model.reading import Collector
from prooftrail.risk.entry import Comer, Entry, Way
from prooftrail.risk.external import OUTSIDERS
from prooftrail.risk.privilege import PathMatch, Privilege

from .allowances import Tally, counted_together, tally
from .doors import by, untold
from .saying import FAIL, Check, Said, Subject, fails, held, named, passes, untested
from .unlisted import listing_gap

_NEVER_ADMIN = OUTSIDERS - {Comer.OWN_ORGANIZATION} | {Comer.OIDC}
"""Who may take on no administrator, registered or not: outsiders and pipelines."""

_SHOWN = 3  # paths in one reason; the privilege holds them all


def _principals(case: Case, control: Control) -> Iterator[tuple[Identity, Privilege | None, Subject]]:
    for one in case.of_kinds(control.kinds):
        if isinstance(one.facts, User | Role):
            yield one, case.privileges.get(one.id), Subject(case, control, one, kind=SubjectType.PRINCIPAL)


def _unworked(one: Identity) -> Said:
    return untested(f"what {named(one)} can do was not worked out")


def _unresolved(one: Identity, privilege: Privilege, question: str) -> Said:
    why = listed(privilege.unresolved)
    return untested(f"whether {named(one)} {question} is not known: {why}", gap=why)


def _registered(case: Case, one: Identity) -> Privileged | None:
    return matching.first(case.governance.registers.privileged, one, case.taken_at)


def _entry(entry: Privileged) -> str:
    until = f" through {entry.expires_on}" if entry.expires_on else ""
    return f"registered as privileged by {plain(entry.approved_by)}{until}"


def _unentered(case: Case, one: Identity) -> str:
    """Why no entry of the privileged register counts for it."""
    lapsed = matching.lapsed(case.governance.registers.privileged, one, case.taken_at)
    if lapsed is None:
        return "it is not in the privileged register"
    if lapsed.approved_on > case.taken_at.date():
        return f"its entry in the privileged register begins on {lapsed.approved_on}"
    return f"its entry in the privileged register lapsed on {lapsed.expires_on}"


def _remarks(privilege: Privilege) -> tuple[str, ...]:
    if privilege.guardrails:
        return (f"lowered by the organization's {listed(privilege.guardrails)}",)
    return () if privilege.guardrails_considered else ("organization guardrails were not considered",)


def idc_20(case: Case, control: Control) -> Iterator[Verdict]:
    """Administrators are in the privileged register; a role that lets in an outsider, a pipeline or anyone is none in any case.

    Who comes in decides, and not the kind: letting in more never makes it right. How many others may be unregistered is
    held against all of the account, so either all of them pass or none.
    """
    number = _unregistered(case, control)
    for one, privilege, subject in _principals(case, control):
        if privilege is None:
            yield subject.verdict(_unworked(one))
            continue
        said = _administration(case, one, privilege, number)
        yield subject.verdict(said, remarks=_remarks(privilege) if said.status is FAIL else ())


def _vouched(case: Case, one: Identity) -> bool:
    """True if the privileged register, or a registered preset of the landing zone, answers for it."""
    found = recognised(case, one)
    rolled_out = found is not None and found.registered and found.departs is None and found.doubt is None
    return rolled_out or _registered(case, one) is not None


def _unregistered(case: Case, control: Control) -> Tally:
    """How many administrators the account has that no entry of the privileged register is for."""
    return tally(
        (_is_administrator(held) for one, held, _ in _principals(case, control) if not _vouched(case, one)),
        unlisted=listing_gap(case, Collector.PRINCIPALS) is not None,
    )


def _is_administrator(privilege: Privilege | None) -> bool | None:
    if privilege is None or (privilege.at_most is PrivilegeClass.ADMIN and privilege.cls is not PrivilegeClass.ADMIN):
        return None
    return privilege.cls is PrivilegeClass.ADMIN


def _administration(case: Case, one: Identity, privilege: Privilege, number: Tally) -> Said:
    name, entry = named(one), _registered(case, one)
    if privilege.at_most is not PrivilegeClass.ADMIN:
        return passes(f"{name} is no administrator: {privilege.why}", value=str(privilege.cls))
    strangers, doubt = _strangers(case, one)
    if entry is not None and not strangers and doubt is None:
        return passes(f"{name} may be an administrator: it is {_entry(entry)}", value=str(privilege.cls))
    if privilege.cls is not PrivilegeClass.ADMIN:
        return _unresolved(one, privilege, "is an administrator")
    admin = f"{name} is an administrator ({privilege.why})"
    if strangers:
        who = listed([by(way) for way in strangers])
        return fails(
            f"{admin} and lets in {who}: what outsiders, pipelines or anyone may take on is never one", value="admin"
        )
    over = counted_together(case, "IDC-20", "unregistered_admins_allowed", one.id, number)
    if doubt is not None and (entry is not None or over.status is not FAIL):
        return untested(
            f"{admin}, and whether an outsider, a pipeline or anyone may take it on is not known: {doubt}", doubt
        )
    return held(over, f"{admin}; {_unentered(case, one)}", value="admin")


def _strangers(case: Case, one: Identity) -> tuple[list[Way], str | None]:
    """Who takes on a role that may be no administrator's, and what was not read that would tell."""
    if not isinstance(one.facts, Role):
        return [], None
    entry = case.entries.get(one.id) or Entry(role=one.id, unread="who can come in was not worked out")
    found = [way for way in entry.ways if way.comer in _NEVER_ADMIN or (way.comer is Comer.ANYONE and not way.limited)]
    doubts = [f"{by(way)} may stand outside: {untold(case)}" for way in entry.ways if way.comer is Comer.UNTOLD]
    return found, entry.unread or "; ".join(doubts) or None


def idc_21(case: Case, control: Control) -> Iterator[Verdict]:
    """Nobody below administrator completes a known escalation path; one that only lacks a target is a remark."""
    for one, privilege, subject in _principals(case, control):
        if privilege is None:
            yield subject.verdict(_unworked(one))
        elif privilege.cls is PrivilegeClass.ADMIN:
            yield subject.not_applicable(f"{named(one)} is an administrator already, judged by IDC-20")
        else:
            said = _escalation(case, one, privilege)
            yield subject.verdict(said, remarks=_remarks(privilege) if said.status is FAIL else ())


def _escalation(case: Case, one: Identity, privilege: Privilege) -> Said:
    name = named(one)
    full = [path for path in privilege.paths if not path.needs_target]
    if full:
        over = case.compare("IDC-21", "open_paths_allowed", one.id, over=Over(len(full)))
        ids = ", ".join(path.id for path in full)
        return held(over, f"{name} can make itself more than it is: {_paths(full)}", value=ids)
    if not privilege.known:
        return _unresolved(one, privilege, "can make itself more than it is")
    if privilege.paths:
        ids = ", ".join(path.id for path in privilege.paths[:_SHOWN])
        left = len(privilege.paths) - _SHOWN
        more = f" and {left} more" if left > 0 else ""
        return passes(f"no known path leads {name} to more; {ids}{more} would, if a target for it exists", value="0")
    return passes(f"{name} completes no known escalation path", value="0")


def _paths(found: list[PathMatch]) -> str:
    told = [f"{one.id} ({one.name}) on {_targets(one)} by {_statement(one)}" for one in found[:_SHOWN]]
    left = len(found) - len(told)
    return "; ".join(told) + (f"; and {counted(left, 'path')} more" if left else "")


def _targets(path: PathMatch) -> str:
    return ", ".join(plain(one) for one in path.targets[:_SHOWN])


def _statement(path: PathMatch) -> str:
    return " and ".join(plain(f"{one.statement} of {one.policy}") for one in path.grants[:_SHOWN])


def idc_22(case: Case, control: Control) -> Iterator[Verdict]:
    """Whoever may create or change IAM has a boundary, must set one, or is in the privileged register (ruling 14).

    A boundary that leaves changing IAM free itself bounds nothing. Administrators are judged as anyone else.
    """
    for one, privilege, subject in _principals(case, control):
        if privilege is None:
            yield subject.verdict(_unworked(one))
        elif privilege.writes_iam is False:
            yield subject.not_applicable(f"{named(one)} may neither create nor change IAM")
        else:
            said = _delegation(case, one, privilege)
            yield subject.verdict(said, remarks=_remarks(privilege) if said.status is FAIL else ())


def _delegation(case: Case, one: Identity, privilege: Privilege) -> Said:
    name, entry = named(one), _registered(case, one)
    if privilege.writes_iam is None:
        # Not even a boundary passes it: read whole, it might have nothing to do with the control.
        return _unresolved(one, privilege, "may change IAM without a boundary")
    boundary = None if privilege.boundary is None else plain(privilege.boundary)
    if boundary is not None and privilege.boundary_limits_iam:
        return passes(f"{name} acts within the boundary {boundary}")
    if entry is not None:
        return passes(f"{name} may change IAM: it is {_entry(entry)}")
    writes = listed(privilege.iam_actions)
    if privilege.boundary_enforced:
        return passes(f"{name} may change users and roles only under a boundary it must set ({writes})")
    if boundary is not None and privilege.boundary_limits_iam is None:
        return untested(f"whether the boundary {boundary} keeps {name} from changing IAM freely is not known")
    bounded = "without a boundary" if boundary is None else f"within the boundary {boundary}, which leaves that free"
    return fails(f"{name} may change IAM ({writes}) {bounded}, and {_unentered(case, one)}", value=writes)


def idc_23(case: Case, control: Control) -> Iterator[Verdict]:
    """A user gets permissions through groups: no policy is attached to it, none is written into it."""
    for one, _, subject in _principals(case, control):
        if isinstance(one.facts, User):
            yield subject.verdict(_direct(case, one, one.facts))


def _direct(case: Case, one: Identity, facts: User) -> Said:
    name = named(one)
    names = [each.name for each in facts.attached] + [f"inline {each.name}" for each in facts.inline]
    over = case.compare("IDC-23", "direct_grants_allowed", one.id, over=Over(len(names)))
    doubt = case.doubt(one, "facts.attached", "facts.inline")
    if doubt and over.status is not FAIL:
        return untested(doubt)
    if not names:
        return passes(f"{name} has no policy of its own", value="0")
    return held(
        over, f"{name} has {counted(len(names), 'policy', 'policies')} of its own ({listed(names)})",
        value=str(len(names)),
    )  # fmt: skip


def idc_24(case: Case, control: Control) -> Iterator[Verdict]:
    """Nobody holds two duties that must be kept apart; an administrator holds them all and is judged by IDC-20."""
    for one, privilege, subject in _principals(case, control):
        if privilege is None:
            yield subject.verdict(_unworked(one))
        elif privilege.cls is PrivilegeClass.ADMIN:
            yield subject.not_applicable(f"{named(one)} is an administrator and holds every duty, judged by IDC-20")
        else:
            said = _conflict(case, one, privilege)
            yield subject.verdict(said, remarks=_remarks(privilege) if said.status is FAIL else ())


def _conflict(case: Case, one: Identity, privilege: Privilege) -> Said:
    name, found = named(one), _here(case, privilege.conflicts)
    perhaps = _here(case, privilege.possible_conflicts)
    if privilege.at_most is PrivilegeClass.ADMIN or (not privilege.known and perhaps):
        return _unresolved(one, privilege, "holds conflicting duties")
    if not found:
        return passes(f"{name} holds no two duties that must be kept apart", value="0")
    over = case.compare("IDC-24", "conflicts_allowed", one.id, over=Over(len(found)))
    return held(over, f"{name} {'; and '.join(found)}", value=str(len(found)))


def _here(case: Case, conflicts: tuple[str, ...]) -> tuple[str, ...]:
    """The conflicts that count in this account: evidence is produced where the scan runs from, and nowhere else."""
    if case.account.id == case.context.caller_account:
        return conflicts
    return tuple(one for one in conflicts if "evidence" not in one)


CHECKS: dict[str, Check] = {
    "IDC-20": idc_20,
    "IDC-21": idc_21,
    "IDC-22": idc_22,
    "IDC-23": idc_23,
    "IDC-24": idc_24,
}
"""The checks of this family by control."""
