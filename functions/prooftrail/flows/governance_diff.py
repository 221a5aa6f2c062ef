"""What differs between two policies, entry by entry, and what of it asks less than before."""

from collections.abc import Iterator
from typing import Any

import msgspec

from prooftrail.controls import governed, parsing
from prooftrail.errors import ConfigError, EvidenceError
from prooftrail.evidence.context import Context
from prooftrail.evidence.redaction import PSEUDONYM
from prooftrail.governance import FILES, Governance, loosened
from prooftrail.governance.overview import called
from prooftrail.model import canonical
from prooftrail.model.run import EvidenceKind
from prooftrail.ports import Locker

from . import sealing
from .locker_history import LockerHistory, RunSummary


class FieldChange(msgspec.Struct, frozen=True, order=True, kw_only=True):
    """One key of an entry, before and after, as text; None where it was not set."""

    key: str
    before: str | None
    after: str | None


class EntryChange(msgspec.Struct, frozen=True, order=True, kw_only=True):
    """One entry that was added, removed or changed; `fields` are those that differ, empty unless it was changed."""

    file: str
    entry: str
    what: str
    fields: tuple[FieldChange, ...] = ()


class PolicyDiff(msgspec.Struct, frozen=True, kw_only=True):
    """Two policies side by side: what they are, what differs, and every sentence about what the newer asks less of."""

    before: str
    after: str
    changes: tuple[EntryChange, ...]
    loosened: tuple[str, ...]


def sealed_context(locker: Locker, history: LockerHistory, run: RunSummary) -> Context:
    """The context a run was judged by. Raises EvidenceError where it is gone or is not what was sealed."""
    named = history.manifest(run.run_id).objects
    sealed = next((one for one in named if one.kind is EvidenceKind.CONTEXT), None)
    if sealed is None:
        raise EvidenceError(f"run {run.run_id} sealed no context, so nobody can tell its policy.")
    return sealing.read_context(locker, sealed, run.seq)


def between(before: Context, after: Context) -> PolicyDiff:
    """What changed from the policy sealed in one run to that of another."""
    catalog = after.catalog or before.catalog
    return _diff(before.governance, after.governance, f"run {before.run.id}", f"run {after.run.id}", catalog)


def against(before: Context, after: Governance, name: str) -> PolicyDiff:
    """What changes from a sealed policy to `after`, which bears the same pseudonyms.

    Raises ConfigError where its pseudonyms were made with another fingerprint key: then nothing could be compared.
    """
    old, new = (_pseudonyms(one) for one in (before.governance, after))
    if old and new and not old & new:
        raise ConfigError(
            f"run {before.run.id} was sealed with another fingerprint key than that of --home: name the home it was"
            " scanned with."
        )
    return _diff(before.governance, after, f"run {before.run.id}", name, before.catalog)


def _pseudonyms(policy: Governance) -> set[str]:
    """Those of the built-in placeholders are in every redacted policy, and tell keys apart."""
    return {one for one in policy.placeholders if PSEUDONYM.fullmatch(one)}


def _diff(before: Governance, after: Governance, old: str, new: str, catalog: str) -> PolicyDiff:
    defaults = governed.known_controls(parsing.parse(catalog or parsing.shipped())).thresholds
    return PolicyDiff(
        before=old,
        after=new,
        changes=tuple(sorted(change for name in FILES for change in _file(name, before, after))),
        loosened=loosened(before, after, defaults),
    )


def _file(name: str, before: Governance, after: Governance) -> Iterator[EntryChange]:
    part = name.removesuffix(".toml")
    old, new = (dict(_entries("", getattr(one, part))) for one in (before, after))
    for entry in sorted({*old, *new}):
        if entry not in old:
            yield EntryChange(file=name, entry=entry, what="added")
        elif entry not in new:
            yield EntryChange(file=name, entry=entry, what="removed")
        elif fields := _fields(old[entry], new[entry]):
            yield EntryChange(file=name, entry=entry, what="changed", fields=fields)


def _entries(table: str, part: msgspec.Struct) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every entry of a part by its name, and what stands outside of entries under the table's."""
    plain: dict[str, Any] = {}
    for field in part.__struct_fields__:
        value, name = getattr(part, field), f"{table}.{field}" if table else field
        if isinstance(value, tuple) and value and isinstance(value[0], msgspec.Struct):
            yield from ((f"{name} {called(one)}", _keys(one)) for one in value)
        elif isinstance(value, msgspec.Struct):
            yield from _entries(name, value)
        elif value != ():
            plain[field] = value
    yield table or "the file itself", plain


def _keys(one: msgspec.Struct) -> dict[str, Any]:
    return {field: getattr(one, field) for field in one.__struct_fields__}


def _fields(old: dict[str, Any], new: dict[str, Any]) -> tuple[FieldChange, ...]:
    found = []
    for key in sorted({*old, *new}):
        before, after = old.get(key), new.get(key)
        if before != after:
            found.append(FieldChange(key=key, before=_said(before), after=_said(after)))
    return tuple(found)


def _said(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return canonical.encode(value).decode().strip('"')
