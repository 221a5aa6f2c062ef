"""What a sound policy says that can hardly be meant: no mistake of form, but an entry that will never do what it is for.

IDC-32 and the other controls judge the same on the day; this tells whoever writes the entry.
"""

import re
from collections.abc import Iterator
from datetime import datetime

from prooftrail.model.judgement import Tier

from .exceptions import AcceptedException
from .known import KnownControls
from .naming import blanket
from .policy import EXCEPTIONS, NOTICES, OWNERS, SOA, THRESHOLDS, Governance
from .scope_checks import unknown_owner
from .thresholds import Limits
from .toml_lines import Path
from .wrong import Wrong

_ADDRESS = re.compile(r"(?:mailto:)?[^@\s]+@[^@\s]+\.[^@\s]+")
_IDC = "IDC-32"


def doubts(policy: Governance, known: KnownControls, at: datetime) -> Iterator[Wrong]:
    """What to think over, entry by entry, under the limits in force at `at`."""
    yield from _owners(policy)
    yield from _method(policy, known)
    yield from _notices(policy)
    for place, line in enumerate(policy.soa.line):
        for key, person in (("control_owner", line.control_owner), ("risk_owner", line.risk_owner)):
            yield from unknown_owner(SOA, ("line", place, key), person, policy)
    limits = Limits(known.thresholds, policy.thresholds, at)
    for place, one in enumerate(policy.exceptions.exception):
        yield from _exception(("exception", place), one, policy, limits)


def _owners(policy: Governance) -> Iterator[Wrong]:
    sends = bool(policy.notices.opened)
    for place, one in enumerate(policy.owners.owner):
        path: Path = ("owner", place)
        if one.email and not _ADDRESS.fullmatch(one.email):
            yield Wrong(file=OWNERS, path=(*path, "email"), says=f"{one.email!r} looks like no address.")
        if sends and one.active and one.mail_to is None:
            yield Wrong(
                file=OWNERS, path=path, says="has no address: give email or route, or nobody there is ever told."
            )
    yield from _shared_mailboxes(policy)
    for place, assigned in enumerate(policy.owners.assign):
        if assigned.arn and (wide := blanket(assigned.arn)):
            yield Wrong(file=OWNERS, path=("assign", place, "arn"), says=wide)


def _shared_mailboxes(policy: Governance) -> Iterator[Wrong]:
    """Two owners at one address get two notices a day there, and one of them cannot stand in for the other."""
    first: dict[str, str] = {}
    for place, one in enumerate(policy.owners.owner):
        address = one.mail_to.casefold() if one.active and one.mail_to else None
        if address and first.setdefault(address, one.id) != one.id:
            said = f"is written to at the address of {first[address]!r} too: one owner, or another address."
            yield Wrong(file=OWNERS, path=("owner", place), says=said)


def _notices(policy: Governance) -> Iterator[Wrong]:
    """Whether the last to be asked can be, and is named at all once something is sent."""
    held = policy.notices
    if held.security_team is None:
        if not held.opened:
            return
        said = "has no security_team: what nobody answers for, or answers, is told to nobody in the end."
        yield Wrong(file=NOTICES, path=(), says=said)
        return
    team = policy.owner_of(held.security_team)
    if team is not None and not (team.active and team.mail_to):
        why = "has no address" if team.active else "has left"
        yield Wrong(file=NOTICES, path=("security_team",), says=f"{team.id!r} {why}: name an owner who can be told.")


def _method(policy: Governance, known: KnownControls) -> Iterator[Wrong]:
    method = policy.thresholds.risk_method
    if method and known.risk_model and method.version != known.risk_model:
        said = f"approves {method.version!r}, and this version scores by {known.risk_model!r}: IDC-03 fails."
        yield Wrong(file=THRESHOLDS, path=("risk_method", "version"), says=said)


def _exception(path: Path, one: AcceptedException, policy: Governance, limits: Limits) -> Iterator[Wrong]:
    tier = Tier(one.tier)
    if policy.same_person(one.requester, one.approver):
        said = "the requester approved it, so it is void: somebody else has to."
        yield Wrong(file=EXCEPTIONS, path=(*path, "approver"), says=said)
    longest = limits.value(_IDC, "max_duration_days", tier)
    if one.lasts_days > longest:
        said = f"it lasts {one.lasts_days} days, so it is void: at tier {tier} the limit is {longest}."
        yield Wrong(file=EXCEPTIONS, path=(*path, "expires_on"), says=said)
    most = limits.value(_IDC, "max_renewals", tier)
    if one.renewals > most:
        said = f"{one.renewals} renewals make it void: at tier {tier} the limit is {most}."
        yield Wrong(file=EXCEPTIONS, path=(*path, "renewals"), says=said)
    for place, step in enumerate(one.retirement):
        if step.due_on > one.expires_on:
            said = f"due on {step.due_on}, after the exception ends on {one.expires_on}: the way out has to be shorter."
            yield Wrong(file=EXCEPTIONS, path=(*path, "retirement", place, "due_on"), says=said)
