"""Reads governance files strictly: whatever is wrong in one is named with its file, line, key and the fix."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from prooftrail.errors import ConfigError

from .doubts import doubts
from .entry_checks import check_registers, check_soa, check_suppliers, check_thresholds
from .exception_checks import check_exceptions, verified
from .exceptions import Exceptions
from .known import KnownControls
from .notice_checks import check_notices
from .notices import Notices
from .policy import (
    EXCEPTIONS,
    FILES,
    NOTICES,
    OWNERS,
    REGISTERS,
    SCOPE,
    SOA,
    SUPPLIERS,
    THRESHOLDS,
    Governance,
    Owners,
    Scope,
)
from .reading import read
from .registers import Registers, Suppliers
from .scope_checks import check_owners, check_scope
from .signature import signed_bytes
from .soa import Soa
from .thresholds import Thresholds
from .toml_lines import Lines
from .wrong import Wrong

_TYPES: dict[str, type] = {
    SCOPE: Scope,
    OWNERS: Owners,
    THRESHOLDS: Thresholds,
    REGISTERS: Registers,
    SUPPLIERS: Suppliers,
    SOA: Soa,
    EXCEPTIONS: Exceptions,
    NOTICES: Notices,
}
_NEEDS_OWNERS = (
    REGISTERS,
    SUPPLIERS,
    EXCEPTIONS,
    NOTICES,
)  # their references can be told only where the owners were read


def parse(files: Mapping[str, bytes], known: KnownControls | None = None) -> Governance:
    """The policy in `files` (name to bytes). An absent file means its defaults, and `absent` names it.

    `known` is what the control map has; without it ids of controls and names of thresholds are taken as they are.
    Raises ConfigError for any file, key, type, reference, duplicate, date or signature that is wrong, with the fix;
    everything that could be found at once is in its message.
    """
    policy, wrong = _parsed(files, known)
    if policy is None:
        raise ConfigError(" ".join(wrong))
    return policy


def problems(files: Mapping[str, bytes], known: KnownControls | None = None) -> tuple[str, ...]:
    """Everything `parse` would complain of, a sentence each, in the order of files and lines; empty if it would not."""
    return _parsed(files, known)[1]


def warnings(files: Mapping[str, bytes], known: KnownControls, at: datetime) -> tuple[str, ...]:
    """What is sound and can hardly be meant, a sentence each, in the order of files and lines; limits as of `at`.

    Raises ConfigError as `parse` does.
    """
    return _told(doubts(parse(files, known), known, at), files)


def _parsed(files: Mapping[str, bytes], known: KnownControls | None) -> tuple[Governance | None, tuple[str, ...]]:
    strange = tuple(
        f"{name} is no governance file of this version: it reads {', '.join(FILES)}; remove it."
        for name in sorted(set(files) - set(FILES))
    )
    held: dict[str, Any] = {}
    wrong: list[Wrong] = []
    for name in (name for name in FILES if name in files):
        value: Any = read(name, files[name], _TYPES[name])
        if isinstance(value, Wrong):
            wrong.append(value)
        else:
            held[name.removesuffix(".toml")] = value
    policy = Governance(**held, absent=tuple(name for name in FILES if name not in files))
    unread = {one.file for one in wrong}
    wrong += _checked(policy, known, unread)
    if not wrong:
        policy, unsigned = verified(policy)
        wrong += unsigned
    if not wrong and not strange:
        return policy, ()
    return None, (*strange, *_told(wrong, files))


def _told(wrong: Iterable[Wrong], files: Mapping[str, bytes]) -> tuple[str, ...]:
    """Each as a sentence with its line, in the order of files and lines, none twice."""
    found = list(wrong)
    lines = {name: Lines(files[name].decode()) for name in {one.file for one in found if one.place}}
    told = sorted(
        (FILES.index(one.file), lines[one.file].of(one.place) if one.place else 0, one.sentence(lines)) for one in found
    )
    return tuple(dict.fromkeys(sentence for _, _, sentence in told))


def _checked(policy: Governance, known: KnownControls | None, unread: set[str]) -> Iterator[Wrong]:
    """What the checks find in the files that were read."""
    checks = {
        SCOPE: lambda: check_scope(policy.scope),
        OWNERS: lambda: check_owners(policy.owners),
        THRESHOLDS: lambda: check_thresholds(policy.thresholds, known),
        REGISTERS: lambda: check_registers(policy),
        SUPPLIERS: lambda: check_suppliers(policy),
        SOA: lambda: check_soa(policy.soa),
        EXCEPTIONS: lambda: check_exceptions(policy, known),
        NOTICES: lambda: check_notices(policy),
    }
    for name in FILES:
        if name not in unread and not (OWNERS in unread and name in _NEEDS_OWNERS):
            yield from checks[name]()


def bytes_to_sign(exceptions: bytes, entry: str) -> bytes:
    """What the approver of one exception signs, whether or not its signature counts now. Raises ConfigError."""
    held = read(EXCEPTIONS, exceptions, Exceptions)
    if isinstance(held, Wrong):
        raise ConfigError(held.sentence({EXCEPTIONS: Lines(exceptions.decode())} if held.place else {}))
    found = next((one for one in held.exception if one.id == entry), None)
    if found is None:
        listed = ", ".join(one.id for one in held.exception) or "none"
        raise ConfigError(f"{EXCEPTIONS} has no exception {entry!r}; it has {listed}.")
    return signed_bytes(found)
