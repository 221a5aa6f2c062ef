"""Which roles a control about trust speaks of, and how their doors are named: what its checks have in common."""

from collections.abc import Iterable, Iterator

from prooftrail.controls.case import Case
from prooftrail.controls.catalog import Control
from prooftrail.controls.checks.saying import Said, Subject, untested
from prooftrail.model.iam import Role
from prooftrail.model.identity import Identity, Kind
from prooftrail.model.judgement import SubjectType, Tier
from prooftrail.risk.entry import Comer, Entry, Way
from prooftrail.risk.trust import organization_of

_NEVER = frozenset({Kind.ROLE_SERVICE_LINKED, Kind.ROLE_SSO})


def roles(case: Case, control: Control, *comers: Comer) -> Iterator[tuple[Identity, Entry]]:
    """Roles of the kinds the control lists, and any other role that lets one of `comers` in or whose trust was not read.

    A gap may give a role another kind; it must not make the role disappear from a control.
    """
    for one in case.snapshot.identities:
        if not isinstance(one.facts, Role):
            continue
        entry = case.entries.get(one.id) or Entry(role=one.id, unread="who can come in was not worked out")
        meant = one.kind in control.kinds or entry.unread or any(way.comer in comers for way in entry.ways)
        if meant and (one.kind in control.kinds or one.kind not in _NEVER):
            yield one, entry


def subject_of(case: Case, control: Control, identity: Identity) -> Subject:
    """The role as a principal."""
    return Subject(case, control, identity, kind=SubjectType.PRINCIPAL)


def by(way: Way) -> str:
    """Who comes in and through which statement, by its Sid or its place."""
    numbered = way.statement.startswith("statement ")
    return f"{way.who} ({way.statement if numbered else f'statement {way.statement}'})"


def listed(ways: Iterable[Way]) -> str:
    """All these ways, named."""
    return ", ".join(by(way) for way in ways)


def unread(entry: Entry) -> Said:
    """What is said of a role whose trust was not read."""
    return untested(entry.unread or "its trust policy was not read")


def untold(case: Case) -> str:
    """Why inside and outside cannot be told for some account."""
    return organization_of(case.context).untold


def important(case: Case, identity: Identity) -> bool | None:
    """True if the role is critical or high for certain, False if neither for certain, None where that is not known."""
    risk = case.risks.get(identity.id)
    if risk is None:
        return None
    if risk.tier_from.rank >= Tier.HIGH.rank:
        return True
    return False if risk.tier.rank < Tier.HIGH.rank else None
