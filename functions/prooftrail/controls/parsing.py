"""Reads the control map strictly: whatever is wrong in it is named with its control, its key and what to do."""

import re
import tomllib
from collections import Counter
from importlib import resources
from typing import Annotated

import msgspec

from prooftrail.errors import ConfigError
from prooftrail.model import canonical
from prooftrail.model.identity import Kind
from prooftrail.model.judgement import SubjectType

from .catalog import Catalog, Control

FILE = "catalog.toml"

_CONTROL = re.compile(r"control\[(\d+)\]\.?")
_ID = re.compile(r"IDC-\d{2}")


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: Annotated[str, msgspec.Meta(pattern=r"\S")]
    control: tuple[Control, ...]


def shipped() -> str:
    """The text of the control map this version ships with."""
    return resources.files(__package__).joinpath(FILE).read_text(encoding="utf-8")


def parse(text: str) -> Catalog:
    """The control map in `text`. Raises ConfigError for whatever is wrong, with control, key and fix."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as wrong:
        raise ConfigError(f"{FILE} is no TOML: {wrong}. Correct that line.") from None
    try:
        read = msgspec.convert(raw, _File)
    except msgspec.ValidationError as wrong:
        raise ConfigError(_explained(str(wrong), raw)) from None
    for one in read.control:
        _check(one)
    _unique(read.control)
    controls = tuple(sorted(read.control, key=lambda one: one.id))
    return Catalog(version=read.version, sha256=canonical.sha256(text.encode()), controls=controls)


def _explained(problem: str, raw: dict[str, object]) -> str:
    """The parser's complaint with the control's own id for its place in the file."""
    what, _, path = problem.partition(" - at `$")
    path = path.strip("`.")
    controls = raw.get("control")
    if (match := _CONTROL.match(path)) and isinstance(controls, list):
        at = int(match[1])
        entry = controls[at] if at < len(controls) else {}
        name = entry.get("id") if isinstance(entry, dict) else None
        key = path[match.end() :]
        where = f"{name or f'control, entry {at + 1}'}{f': {key}' if key else ''}"
    else:
        where = path
    said = what[:1].lower() + what[1:]
    return f"{FILE}: {where}: {said}; correct it." if where else f"{FILE}: {said}; correct it."


def _check(one: Control) -> None:
    """What types alone cannot say of a control. Raises ConfigError."""
    if not _ID.fullmatch(one.id):
        raise ConfigError(f"{FILE}: {one.id}: id: a control is named IDC- and two digits; correct it.")
    for key in ("version", "title", "theme", "statement", "nonconformity"):
        if not getattr(one, key).strip():
            raise ConfigError(f"{FILE}: {one.id}: {key}: it may not be empty; write it.")
    for key, values in (("subject", one.subject), ("kinds", one.kinds), ("parts", one.parts)):
        if not values:
            raise ConfigError(f"{FILE}: {one.id}: {key}: it may not be empty; list at least one.")
    if one.testable == bool(one.why_not):
        raise ConfigError(f"{FILE}: {one.id}: why_not: it belongs to a control with testable = false, and only there.")
    if one.testable != any(part.covered for part in one.parts):
        raise ConfigError(f"{FILE}: {one.id}: parts: a control is testable exactly if one of its parts is covered.")
    for part in one.parts:
        if part.covered == bool(part.why):
            raise ConfigError(
                f"{FILE}: {one.id}: parts: {part.what!r}: why belongs to what is not covered, and only there."
            )
    _without_effect(one)
    _no_twice(one.id, "kinds", one.kinds)
    _no_twice(one.id, "subject", one.subject)


def _without_effect(one: Control) -> None:
    for name, why in one.without_effect.items():
        if name not in one.thresholds or not why.strip():
            said = "it names a threshold of the control, and says why it changes nothing"
            raise ConfigError(f"{FILE}: {one.id}: without_effect: {name!r}: {said}; correct it.")


def _no_twice(control: str, key: str, values: tuple[Kind, ...] | tuple[SubjectType, ...]) -> None:
    twice = sorted(one for one, number in Counter(values).items() if number > 1)
    if twice:
        raise ConfigError(f"{FILE}: {control}: {key}: {twice[0]} stands twice; keep one.")


def _unique(controls: tuple[Control, ...]) -> None:
    twice = sorted(one for one, number in Counter(one.id for one in controls).items() if number > 1)
    if twice:
        raise ConfigError(f"{FILE}: {twice[0]} stands twice; a control has one entry.")
