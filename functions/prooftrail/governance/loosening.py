"""Says what a policy asks less of than the one before it, so that nobody can quietly lower the bar."""

from collections.abc import Iterable

from .policy import Exclusion, Governance, folded


def loosened(before: Governance, after: Governance) -> tuple[str, ...]:
    """What `after` asks less of than `before`, a sentence each; in effect no earlier than the run that seals it."""
    old, new = before.scope, after.scope
    held = {one.subject: one for one in old.exclude}
    found = [text for one in new.exclude if (text := _widened(held.get(one.subject), one))]
    known = {one.identity for one in old.break_glass}
    found += [f"{one.identity} became break-glass" for one in new.break_glass if one.identity not in known]
    found += [f"{one} became an issuer of build pipelines" for one in _added(before.ci_issuers, after.ci_issuers)]
    found += [f"tag {one} now names an owner" for one in _added(folded(old.tags.owner), folded(new.tags.owner))]
    found += [f"the value {one!r} now counts" for one in sorted(before.placeholders - after.placeholders)]
    machines = {one.matches for one in before.owners.assign if one.cls == "non-human"}
    declared = (one for one in after.owners.assign if one.cls == "non-human" and one.matches not in machines)
    found += [f"{one.matches} is now declared non-human" for one in declared]
    return tuple(sorted(found))


def _widened(before: Exclusion | None, after: Exclusion) -> str | None:
    until = f"until {after.expires_on}" if after.expires_on else "without an end"
    if before is None:
        return f"{after.subject} is now excluded {until}: {after.reason}"
    longer = before.expires_on and (after.expires_on is None or after.expires_on > before.expires_on)
    return f"{after.subject} stays excluded longer, {until}" if longer else None


def _added(before: Iterable[str], after: Iterable[str]) -> list[str]:
    return sorted(set(after) - set(before))
