"""What types cannot tell of `scope.toml` and `owners.toml`: duplicates, dates, and names that lead nowhere."""

import re
from collections.abc import Iterator

from .policy import OWNERS, SCOPE, AccountEntry, Assignment, Governance, Owner, Owners, Scope, Tags, folded
from .toml_lines import Path
from .wrong import Wrong, twice, unmatchable

_ROUTE = re.compile(r"(?:mailto:)?[^@\s<>:,;]+@[^@\s<>:,;]+\.[^@\s<>:,;]+")


def check_scope(scope: Scope) -> Iterator[Wrong]:
    """What is wrong in the scope."""
    yield from _tags(scope.tags)
    for at, one in enumerate(scope.exclude):
        if (one.account is None) == (one.ou is None):
            said = "give either account or ou, so that everyone sees what is left out."
            yield Wrong(file=SCOPE, path=("exclude", at), says=said)
        if one.expires_on and one.expires_on < one.approved_on:
            said = f"expires_on {one.expires_on} lies before approved_on {one.approved_on}; correct one."
            yield Wrong(file=SCOPE, path=("exclude", at), says=said)
    subjects: list[tuple[Path, str]] = [(("exclude", at), one.subject) for at, one in enumerate(scope.exclude)]
    yield from twice(SCOPE, subjects, "exclusion", "merge the entries")
    hints = (("human", scope.name_hints.human), ("non_human", scope.name_hints.non_human))
    yield from unmatchable(SCOPE, [(("name_hints", key), one) for key, listed in hints for one in listed])


def check_owners(owners: Owners) -> Iterator[Wrong]:
    """What is wrong among the owners and in what they are assigned."""
    yield from _owners(owners.owner)
    for at, assigned in enumerate(owners.assign):
        yield from _assignment(assigned, ("assign", at), owners)
    for at, account in enumerate(owners.account):
        yield from _account(account, ("account", at), owners)
    yield from twice(OWNERS, [(("assign", at), one.matches) for at, one in enumerate(owners.assign)], "match", _MERGE)
    yield from twice(OWNERS, [(("account", at), one.id) for at, one in enumerate(owners.account)], "account", _MERGE)
    owned: list[tuple[Path, str]] = [
        (("owner", at, "accounts"), account) for at, one in enumerate(owners.owner) for account in one.accounts
    ]
    owned += [(("account", at), one.id) for at, one in enumerate(owners.account) if one.owner]
    yield from twice(OWNERS, owned, "account", "an account has one owner")
    yield from unmatchable(OWNERS, [(("assign", at), one.arn or one.name) for at, one in enumerate(owners.assign)])


def unknown_owner(file: str, path: Path, person: str | None, policy: Governance) -> Iterator[Wrong]:
    """A reference to an owner that `owners.toml` does not have, by id, name or e-mail."""
    if person is not None and policy.owner_of(person) is None:
        said = f"names {person!r}, and no [[owner]] of {OWNERS} is called so; add one or correct the spelling."
        yield Wrong(file=file, path=path, says=said)


_MERGE = "merge the entries"


def _tags(tags: Tags) -> Iterator[Wrong]:
    listed = (("owner", tags.owner), ("purpose", tags.purpose), ("class", tags.cls))
    keys: list[tuple[Path, str]] = [(("tags", question), key) for question, found in listed for key in found]
    yield from twice(SCOPE, keys, "tag key", "one key answers one question")
    values: list[tuple[Path, str]] = [(("tags", "human"), one) for one in tags.human]
    values += [(("tags", "non_human"), one) for one in tags.non_human]
    yield from twice(SCOPE, values, "class value", "one value means one class")


def _owners(owners: tuple[Owner, ...]) -> Iterator[Wrong]:
    spelt: list[tuple[Path, str]] = [
        (("owner", at), text) for at, one in enumerate(owners) for text in sorted(set(folded(one.spellings())))
    ]
    yield from twice(OWNERS, spelt, "owner id, name or e-mail", "a tag must name one owner only")
    ids = set(folded(one.id for one in owners))
    for at, one in enumerate(owners):
        if one.route and not _ROUTE.fullmatch(one.route.strip()):
            said = f"{one.route!r} is no e-mail address: write one, like team@example.com, or leave it out for email."
            yield Wrong(file=OWNERS, path=("owner", at, "route"), says=said)
        for key, other in (("deputy", one.deputy), ("manager", one.manager)):
            yield from _refer(("owner", at, key), other, ids)
            if other and folded((other,)) == folded((one.id,)):
                said = f"{key} is the owner itself; name somebody else or leave it out."
                yield Wrong(file=OWNERS, path=("owner", at, key), says=said)


def _assignment(one: Assignment, path: Path, owners: Owners) -> Iterator[Wrong]:
    ways = [one.id, one.arn, one.family, one.account or one.name]
    if sum(way is not None for way in ways) != 1 or (one.account is None) != (one.name is None):
        said = "match by exactly one of id, arn, family, or account and name together."
        yield Wrong(file=OWNERS, path=path, says=said)
    if one.owner is None and one.purpose is None and one.cls is None:
        yield Wrong(file=OWNERS, path=path, says="says nothing; give owner, purpose or class.")
    yield from _refer((*path, "owner"), one.owner, set(folded(each.id for each in owners.owner)))


def _account(one: AccountEntry, path: Path, owners: Owners) -> Iterator[Wrong]:
    if one.owner is None and one.purpose is None:
        yield Wrong(file=OWNERS, path=path, says="says nothing; give owner or purpose.")
    yield from _refer((*path, "owner"), one.owner, set(folded(each.id for each in owners.owner)))


def _refer(path: Path, owner: str | None, ids: set[str]) -> Iterator[Wrong]:
    if owner is not None and folded((owner,))[0] not in ids:
        said = f"names {owner!r}, and no [[owner]] has that id; add it or correct the spelling."
        yield Wrong(file=OWNERS, path=path, says=said)
