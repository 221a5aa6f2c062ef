"""Says what a policy asks less of than the one before it, so that nobody can quietly lower the bar.

A loosened entry takes effect at the later of the day it claims and the first run that sealed it: results rest on the
policy sealed with their run, so a back-dated approval turns nothing in a run that was sealed without the entry.
"""

from collections.abc import Iterable, Iterator, Mapping

from .looser_entries import looser_exceptions, looser_registers, looser_suppliers
from .looser_limits import looser_environments, looser_limits
from .looser_notices import looser_notices
from .policy import Exclusion, Governance, folded
from .thresholds import ByTier, LimitKey


def loosened(
    before: Governance, after: Governance, defaults: Mapping[LimitKey, ByTier[int | bool]] | None = None
) -> tuple[str, ...]:
    """What `after` asks less of than `before`, a sentence each, sorted.

    `defaults` are the control map's limits: without them a limit that was set, or given up, over a default is named as
    long as nobody can tell that it asks more.
    """
    found = [*_scope(before, after), *_owners(before, after)]
    found += looser_limits(before.thresholds, after.thresholds, defaults or {})
    found += looser_environments(before.thresholds.environments, after.thresholds.environments)
    found += looser_registers(before.registers, after.registers)
    found += looser_suppliers(before.suppliers, after.suppliers)
    found += looser_exceptions(before.exceptions, after.exceptions)
    found += looser_notices(before.notices, after.notices)
    found += _not_applicable(before, after)
    return tuple(sorted(found))


def _scope(before: Governance, after: Governance) -> Iterator[str]:
    old, new = before.scope, after.scope
    held = {one.subject: one for one in old.exclude}
    yield from (text for one in new.exclude if (text := _widened(held.get(one.subject), one)))
    yield from (f"{one} became an issuer of build pipelines" for one in _added(before.ci_issuers, after.ci_issuers))
    yield from (f"tag {one} now names an owner" for one in _added(folded(old.tags.owner), folded(new.tags.owner)))
    yield from (f"tag {one} now names a purpose" for one in _added(folded(old.tags.purpose), folded(new.tags.purpose)))
    yield from (f"tag {one} now declares a class" for one in _added(folded(old.tags.cls), folded(new.tags.cls)))
    machines = _added(folded(old.tags.non_human), folded(new.tags.non_human))
    yield from (f"the class {one!r} now means non-human" for one in machines)
    yield from (f"the value {one!r} now counts" for one in sorted(before.placeholders - after.placeholders))


def _owners(before: Governance, after: Governance) -> Iterator[str]:
    yield from _owned(before, after)
    left = {one.id for one in before.owners.owner if not one.active}
    yield from (
        f"owner {one.id}, who had left, is active again" for one in after.owners.owner if one.active and one.id in left
    )
    machines = {one.matches for one in before.owners.assign if one.cls == "non-human"}
    declared = (one for one in after.owners.assign if one.cls == "non-human" and one.matches not in machines)
    yield from (f"{one.matches} is now declared non-human" for one in declared)


def _owned(before: Governance, after: Governance) -> Iterator[str]:
    """What has an owner, or another one, by an entry of `owners.toml`."""
    old, new = _owners_by_entry(before), _owners_by_entry(after)
    for what, owner in new.items():
        if old.get(what) != owner:
            yield f"{what} is now owned by {owner}" + (f", {old[what]} before" if what in old else "")


def _owners_by_entry(policy: Governance) -> dict[str, str]:
    found = {one.matches: one.owner for one in policy.owners.assign if one.owner}
    found |= {f"account {one.id}": one.owner for one in policy.owners.account if one.owner}
    return found | {f"account {account}": one.id for one in policy.owners.owner for account in one.accounts}


def _not_applicable(before: Governance, after: Governance) -> Iterator[str]:
    held = {one.control for one in before.soa.line if not one.applicable}
    for one in after.soa.line:
        if not one.applicable and one.control not in held:
            yield f"{one.control} is now declared not applicable: {one.justification}"


def _widened(before: Exclusion | None, after: Exclusion) -> str | None:
    until = f"until {after.expires_on}" if after.expires_on else "without an end"
    if before is None:
        return f"{after.subject} is now excluded {until}: {after.reason}"
    longer = before.expires_on and (after.expires_on is None or after.expires_on > before.expires_on)
    if longer:
        return f"{after.subject} stays excluded longer, {until}"
    if after.approved_on < before.approved_on:
        return f"{after.subject} is excluded from {after.approved_on} on, {before.approved_on} before"
    return None


def _added(before: Iterable[str], after: Iterable[str]) -> list[str]:
    return sorted(set(after) - set(before))
