"""What types cannot tell of `notices.toml`: who is meant, in which order tiers are opened, and what is no domain."""

import re
from collections.abc import Iterator

from .notices import TIERS, Notices
from .policy import NOTICES, OWNERS, Governance, folded
from .toml_lines import Path
from .wrong import Wrong, twice

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?=.{{1,253}}\Z)(?:{_LABEL}\.)+[a-z][a-z0-9-]{{0,61}}[a-z0-9]", re.I)


def check_notices(policy: Governance) -> Iterator[Wrong]:
    """What is wrong in who is told, and from when on."""
    held, ids = policy.notices, set(folded(one.id for one in policy.owners.owner))
    yield from _known(("security_team",), held.security_team, ids)
    for at, one in enumerate(held.jurisdiction):
        path: Path = ("jurisdiction", at)
        for owner in one.owners:
            yield from _known((*path, "owners"), owner, ids)
        if not one.accounts and not one.owners:
            yield Wrong(file=NOTICES, path=path, says="holds for nobody; give accounts or owners.")
        if one.manager and one.usage:
            yield Wrong(
                file=NOTICES, path=path, says="leaves nothing out; set manager or usage to false, or remove it."
            )
    names: list[tuple[Path, str]] = [(("jurisdiction", at), one.name) for at, one in enumerate(held.jurisdiction)]
    yield from twice(NOTICES, names, "jurisdiction", "merge the entries")
    yield from _domains(held)
    yield from _openings(held)


def _known(path: Path, owner: str | None, ids: set[str]) -> Iterator[Wrong]:
    if owner is not None and folded((owner,))[0] not in ids:
        said = f"names {owner!r}, and no [[owner]] of {OWNERS} has that id; add it or correct the spelling."
        yield Wrong(file=NOTICES, path=path, says=said)


def _domains(held: Notices) -> Iterator[Wrong]:
    for one in held.tag_domains:
        if not _DOMAIN.fullmatch(one):
            said = f"{one!r} is no domain: write what stands behind the @ in full, like example.com, without wildcards."
            yield Wrong(file=NOTICES, path=("tag_domains",), says=said)
    yield from twice(NOTICES, [(("tag_domains",), one) for one in held.tag_domains], "domain", "remove one")


def _openings(held: Notices) -> Iterator[Wrong]:
    """A tier is opened once, and not before the one above it: who is told little must not be told of little things first."""
    opened: list[tuple[Path, str]] = [(("opened", at), one.tier) for at, one in enumerate(held.opened)]
    yield from twice(NOTICES, opened, "tier", "a tier is opened once")
    first = {one.tier: one.from_day for one in reversed(held.opened)}
    for at, one in enumerate(held.opened):
        if one.opens_on and one.opens_on < one.approved_on:
            said = f"opens_on {one.opens_on} lies before approved_on {one.approved_on}; correct one."
            yield Wrong(file=NOTICES, path=("opened", at), says=said)
        above = TIERS[: TIERS.index(one.tier)]
        late = next((tier for tier in above if tier not in first or first[tier] > one.from_day), None)
        if late is not None:
            when = f"which opens later, on {first[late]}" if late in first else "which is not opened"
            said = f"{one.tier} opens on {one.from_day}, before {late}, {when}; open {late} first."
            yield Wrong(file=NOTICES, path=("opened", at), says=said)
