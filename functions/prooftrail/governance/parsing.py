"""Reads governance files strictly: whatever is wrong in one is named with its file, its key and the fix."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, get_args, get_origin, get_type_hints

import msgspec

from prooftrail.errors import ConfigError

from .policy import FILES, OWNERS, SCOPE, Governance, Owner, Owners, Scope, Tags, folded

_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`", re.S)
_MISSING = re.compile(r"Object missing required field `(.*)`", re.S)
_FIXES = (
    ("[0-9]{12}", "an account id is twelve digits in quotes"),
    ("ou-", "an organizational unit's id looks like 'ou-ab12-cdefgh34'"),
    ("arn:", "an ARN pattern begins with 'arn:'"),
    ("non-human", "a class is 'human' or 'non-human'"),
    (r"\\S", "it may not be empty"),
    ("date", "write a date without quotes, like 2026-11-22"),
    ("array", "write a list in square brackets, or a table in double ones like [[owner]]"),
    ("object", "write a table, like [tags]"),
    ("str", "write it as text in quotes"),
)


def parse(files: Mapping[str, bytes]) -> Governance:
    """The policy in `files` (name to bytes). An absent file means its defaults, and `absent` names it.

    Raises ConfigError for any file, key, type, reference, duplicate or date that is wrong, with the fix.
    """
    for name in sorted(set(files) - set(FILES)):
        raise ConfigError(f"{name} is no governance file of this version: it reads {' and '.join(FILES)}; remove it.")
    scope = _read(SCOPE, files[SCOPE], Scope) if SCOPE in files else Scope()
    owners = _read(OWNERS, files[OWNERS], Owners) if OWNERS in files else Owners()
    _check_tags(scope.tags)
    _check_scope(scope)
    _check_owners(owners.owner)
    _check_references(owners)
    return Governance(scope=scope, owners=owners, absent=tuple(name for name in FILES if name not in files))


def _read[T](name: str, data: bytes, as_type: type[T]) -> T:
    """One file, strictly. Raises ConfigError."""
    try:
        raw = tomllib.loads(data.decode())
    except UnicodeDecodeError:
        raise ConfigError(f"{name} is no UTF-8 text: save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as wrong:
        raise ConfigError(f"{name} is no TOML: {wrong}. Correct that line; dates have real months and days.") from None
    try:
        return msgspec.convert(raw, as_type)
    except msgspec.ValidationError as wrong:
        raise ConfigError(_explained(name, as_type, str(wrong))) from None


def _explained(name: str, as_type: type, problem: str) -> str:
    """The parser's complaint as file, key and fix."""
    what, _, path = problem.partition(" - at `$.")
    path = path.rstrip("`")
    where = f"{name}: {_words(path)}" if path else name
    if unknown := _UNKNOWN.match(what):
        known = _keys(as_type, path)
        near = get_close_matches(unknown[1], known, n=1)
        meant = f"did you mean {near[0]}?" if near else f"known keys are {', '.join(known)}."
        return f"{where}: unknown key {unknown[1]!r}; {meant}"
    if missing := _MISSING.match(what):
        return f"{where}: {missing[1]} is missing; add it."
    fix = next((fix for sign, fix in _FIXES if sign in what.partition(", got")[0]), "correct the value")
    return f"{where}: {fix}."


def _words(path: str) -> str:
    """`exclude[0].reason` as `exclude, entry 1: reason`: people count from one."""
    return re.sub(r"\[(\d+)\]\.?", lambda match: f", entry {int(match[1]) + 1}: ", path).removesuffix(": ")


def _keys(as_type: type, path: str) -> list[str]:
    """The keys the table at `path` may have."""
    current: Any = as_type
    for part in re.findall(r"[^.\[\]]+", path):
        if not part.isdigit():
            names = {field.encode_name: field.name for field in msgspec.structs.fields(current)}
            current = get_type_hints(current)[names[part]]
            current = get_args(current)[0] if get_origin(current) is tuple else current
    return [field.encode_name for field in msgspec.structs.fields(current)]


def _unique(name: str, entries: Iterable[tuple[str, str]], what: str, fix: str) -> None:
    """Raises ConfigError for the first text that stands twice, without regard to case."""
    seen: dict[str, str] = {}
    for key, text in entries:
        plain = text.strip().casefold()
        if plain in seen:
            raise ConfigError(f"{name}: {key}: the {what} {text!r} stands twice (first in {seen[plain]}); {fix}.")
        seen[plain] = key


def _check_tags(tags: Tags) -> None:
    listed = (("owner", tags.owner), ("purpose", tags.purpose), ("class", tags.cls))
    keys = [(f"tags.{question}", key) for question, keys in listed for key in keys]
    _unique(SCOPE, keys, "tag key", "one key answers one question")
    values = [("tags.human", one) for one in tags.human] + [("tags.non_human", one) for one in tags.non_human]
    _unique(SCOPE, values, "class value", "one value means one class")


def _check_scope(scope: Scope) -> None:
    for at, one in enumerate(scope.exclude, 1):
        where = f"{SCOPE}: exclude, entry {at}"
        if (one.account is None) == (one.ou is None):
            raise ConfigError(f"{where}: give either account or ou, so that everyone sees what is left out.")
        if one.expires_on and one.expires_on < one.approved_on:
            raise ConfigError(
                f"{where}: expires_on {one.expires_on} lies before approved_on {one.approved_on}; correct one."
            )
    _unique(SCOPE, [("exclude", one.subject) for one in scope.exclude], "exclusion", "merge the entries")
    _unique(SCOPE, [("break_glass", one.identity) for one in scope.break_glass], "identity", "merge the entries")
    patterns = [("break_glass", one.identity) for one in scope.break_glass]
    patterns += [("name_hints", one) for one in (*scope.name_hints.human, *scope.name_hints.non_human)]
    _check_patterns(SCOPE, patterns)


def _check_owners(owners: tuple[Owner, ...]) -> None:
    spelt = [("owner", text) for one in owners for text in sorted(set(folded(one.spellings())))]
    _unique(OWNERS, spelt, "owner id, name or e-mail", "a tag must name one owner only")
    ids = set(folded(one.id for one in owners))
    for at, one in enumerate(owners, 1):
        for key, other in (("deputy", one.deputy), ("manager", one.manager)):
            _refer(f"{OWNERS}: owner, entry {at}: {key}", other, ids)
            if other and folded((other,)) == folded((one.id,)):
                raise ConfigError(
                    f"{OWNERS}: owner, entry {at}: {key} is the owner itself; name somebody else or leave it out."
                )


def _check_references(owners: Owners) -> None:
    ids = set(folded(one.id for one in owners.owner))
    for at, one in enumerate(owners.assign, 1):
        where = f"{OWNERS}: assign, entry {at}"
        ways = [one.id, one.arn, one.family, one.account or one.name]
        if sum(way is not None for way in ways) != 1 or (one.account is None) != (one.name is None):
            raise ConfigError(f"{where}: match by exactly one of id, arn, family, or account and name together.")
        if one.owner is None and one.purpose is None and one.cls is None:
            raise ConfigError(f"{where}: says nothing; give owner, purpose or class.")
        _refer(f"{where}: owner", one.owner, ids)
    for at, entry in enumerate(owners.account, 1):
        if entry.owner is None and entry.purpose is None:
            raise ConfigError(f"{OWNERS}: account, entry {at}: says nothing; give owner or purpose.")
        _refer(f"{OWNERS}: account, entry {at}: owner", entry.owner, ids)
    _unique(OWNERS, [("assign", one.matches) for one in owners.assign], "match", "merge the entries")
    _unique(OWNERS, [("account", one.id) for one in owners.account], "account", "merge the entries")
    owned = [("owner.accounts", account) for one in owners.owner for account in one.accounts]
    owned += [("account", one.id) for one in owners.account if one.owner]
    _unique(OWNERS, owned, "account", "an account has one owner")
    _check_patterns(OWNERS, [("assign", one.arn or one.name or "") for one in owners.assign])


def _refer(where: str, owner: str | None, ids: set[str]) -> None:
    if owner is not None and owner.strip().casefold() not in ids:
        raise ConfigError(f"{where} names {owner!r}, and no [[owner]] has that id; add it or correct the spelling.")


def _check_patterns(name: str, patterns: Iterable[tuple[str, str]]) -> None:
    for key, pattern in patterns:
        for part in pattern.replace(":", "/").split("/"):
            if "@" in part and ("*" in part or "?" in part):
                raise ConfigError(
                    f"{name}: {key}: {pattern!r} has a wildcard beside an @, which can never match, because addresses"
                    " are replaced before anything is compared; write each address out, or match by id."
                )
