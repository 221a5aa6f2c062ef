"""Reads one governance file strictly: TOML, then types, then keys; a mistake is explained, not quoted."""

import re
import tomllib
from difflib import get_close_matches
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

import msgspec

from .policy import SCOPE
from .toml_lines import Path
from .wrong import Wrong

_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`", re.S)
_MISSING = re.compile(r"Object missing required field `(.*)`", re.S)
_FIXES = (
    ("[0-9]{12}", "an account id is twelve digits in quotes"),
    ("ou-", "an organizational unit's id looks like 'ou-ab12-cdefgh34'"),
    ("arn:", "an ARN pattern begins with 'arn:'"),
    ("non-human", "a class is 'human' or 'non-human'"),
    ("person|team", "an owner is a 'person' or a 'team'"),
    ("drill", "an occasion is a 'drill' or an 'incident'"),
    ("own_organization", "a relation is 'supplier', 'own_organization' or 'aws'"),
    ("cdk-bootstrap", "a preset is 'cdk-bootstrap', 'control-tower', 'stacksets' or 'organization-account-access'"),
    ("IDC-", "a control's id looks like 'IDC-15'"),
    ("sandbox", "an environment is 'sandbox', 'nonprod', 'prod' or 'security_or_management'"),
    ("full|minimal", "a style is 'full' or 'minimal'"),
    ("monday", "a day is 'monday' to 'sunday', or 'never'"),
    ("critical", "a tier is 'critical', 'high', 'medium' or 'low'"),
    ("network_condition", "a predicate is 'network_condition', 'boundary_attached' or 'restricted_owner'"),
    ("[A-Z]{2}-", "an SP 800-53 id looks like 'AC-2' or 'AC-2(3)'"),
    (r"A\\.", "an Annex A control looks like 'A.5.18'"),
    (r"\\S", "it may not be empty"),
    ("date", "write a date without quotes, like 2026-11-22"),
    ("array", "write a list in square brackets, or a table in double ones like [[owner]]"),
    ("object", "write a table, like [tags]"),
    ("str", "write it as text in quotes"),
    ("bool | int", "write a whole number, or true or false, without quotes"),
    ("bool", "write true or false, without quotes"),
    ("`int` >=", "the number is too small"),
    ("`int` <=", "the number is too large"),
    ("int", "write a whole number, without quotes"),
)
_SET_BY_US = {"assurance"}  # fields of entries that say what was found out about them
_MOVED = {
    (SCOPE, "break_glass"): "break-glass identities are registered in registers.toml now; move the entries there."
}


def read[T](name: str, data: bytes, as_type: type[T]) -> T | Wrong:
    """One file as a value, or what is wrong with it first of all."""
    try:
        raw = tomllib.loads(data.decode())
    except UnicodeDecodeError:
        return Wrong(file=name, path=(), says="is no UTF-8 text: save it as UTF-8.")
    except tomllib.TOMLDecodeError as wrong:
        said = f"is no TOML: {wrong}. Correct that line; dates have real months and days."
        return Wrong(file=name, path=(), says=said)
    if found := _not_for_files(name, as_type, raw):
        return found
    try:
        return msgspec.convert(raw, as_type)
    except msgspec.ValidationError as wrong:
        return _explained(name, as_type, str(wrong))


def _not_for_files(name: str, as_type: Any, raw: dict[str, Any]) -> Wrong | None:
    """A key of the top that is unknown, or one below it that only we set."""
    known = _keys(as_type)
    for key in raw:
        if key not in known:
            said = _MOVED.get((name, key)) or _unknown(key, known)
            return Wrong(file=name, path=(), key=key, says=said)
    for table, entries in raw.items():
        for at, one in enumerate(entries if isinstance(entries, list) else ()):
            for key in _SET_BY_US & set(one if isinstance(one, dict) else ()):
                return Wrong(file=name, path=(table, at), key=key, says=f"nobody may write {key!r} here; remove it.")
    return None


def _explained(name: str, as_type: type, problem: str) -> Wrong:
    """The converter's complaint as path and fix."""
    what, _, rest = problem.partition(" - at `$.")
    path: Path = tuple(int(one) if one.isdigit() else one for one in re.findall(r"[^.\[\]]+", rest.rstrip("`")))
    if unknown := _UNKNOWN.match(what):
        return Wrong(file=name, path=path, key=unknown[1], says=_unknown(unknown[1], _keys(_type_at(as_type, path))))
    if missing := _MISSING.match(what):
        return Wrong(file=name, path=path, says=f"{missing[1]} is missing; add it.")
    fix = next((fix for sign, fix in _FIXES if sign in what.partition(", got")[0]), "correct the value")
    return Wrong(file=name, path=path, says=f"{fix}.")


def _unknown(key: str, known: list[str]) -> str:
    near = get_close_matches(key, known, n=1)
    meant = f"did you mean {near[0]}?" if near else f"known keys are {', '.join(known)}."
    return f"unknown key {key!r}; {meant}"


def _type_at(as_type: Any, path: Path) -> Any:
    """The type of the table at `path`."""
    current = as_type
    for part in path:
        if isinstance(part, str):
            current = next(one.type for one in msgspec.structs.fields(current) if one.encode_name == part)
            if get_origin(current) in (Union, UnionType):
                current = next(one for one in get_args(current) if one is not NoneType)
            current = get_args(current)[0] if get_origin(current) is tuple else current
    return current


def _keys(as_type: Any) -> list[str]:
    return [one.encode_name for one in msgspec.structs.fields(as_type) if one.encode_name not in _SET_BY_US]
