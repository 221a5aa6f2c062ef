"""What types cannot tell of limits, registers, suppliers, the statement of applicability: duplicates, dates, references."""

from collections.abc import Iterable, Iterator
from datetime import date

from .known import KnownControls
from .naming import misnamed
from .policy import REGISTERS, SOA, SUPPLIERS, THRESHOLDS, Governance
from .registers import Preset, Registered
from .scope_checks import unknown_owner
from .soa import Soa
from .thresholds import ByTier, Environments, Threshold, Thresholds, unit_of
from .toml_lines import Path
from .wrong import Wrong, twice, unmatchable

_MERGE = "merge the entries"
_ANNEX_A = {5: 37, 6: 8, 7: 14, 8: 34}  # ISO/IEC 27001:2022: how many controls each theme has
_MOST = {"days": 36_500, "hours": 876_000, "minutes": 52_560_000, "percent": 100}  # a hundred years, in each unit
_MOST_COUNTED = 1_000_000


def check_thresholds(held: Thresholds, known: KnownControls | None) -> Iterator[Wrong]:
    """What is wrong among the limits and environments; ids, names and kinds of value only where `known` tells them."""
    for at, one in enumerate(held.threshold):
        path: Path = ("threshold", at)
        yield from _dates(THRESHOLDS, path, one.approved_on, one.effective_on, "effective_on")
        yield from _values(path, one)
        yield from _named(path, one, known)
    keys: list[tuple[Path, str]] = [
        (("threshold", at), f"{one.control} {one.name} from {one.effective_on}")
        for at, one in enumerate(held.threshold)
    ]
    yield from twice(THRESHOLDS, keys, "limit", _MERGE)
    if method := held.risk_method:
        yield from _dates(THRESHOLDS, ("risk_method",), method.approved_on, method.effective_on, "effective_on")
    yield from _environments(held.environments)


def unknown_control(file: str, path: Path, control: str | None, known: KnownControls | None) -> Iterator[Wrong]:
    """A control the map does not have."""
    if known and control is not None and control not in known.controls:
        said = f"the control map has no {control}; `prooftrail controls` lists those it has."
        yield Wrong(file=file, path=path, says=said)


def check_registers(policy: Governance) -> Iterator[Wrong]:
    """What is wrong among the registers."""
    held = policy.registers
    tables: tuple[tuple[str, tuple[Registered, ...]], ...] = (
        ("privileged", held.privileged),
        ("break_glass", held.break_glass),
        ("legacy", held.legacy),
        ("manual_rotation", held.manual_rotation),
        ("restricted", held.restricted),
    )
    for table, entries in tables:
        yield from _registered(table, entries, policy)
    issuers: list[tuple[Path, str]] = [(("oidc_issuer", at), one.issuer) for at, one in enumerate(held.oidc_issuer)]
    yield from twice(REGISTERS, issuers, "issuer", _MERGE)
    presets: list[tuple[Path, str]] = [(("preset", at), one.name) for at, one in enumerate(held.preset)]
    yield from twice(REGISTERS, presets, "preset", _MERGE)
    for at, one in enumerate(held.preset):
        yield from _preset(("preset", at), one, policy)


def check_suppliers(policy: Governance) -> Iterator[Wrong]:
    """What is wrong among the suppliers."""
    held = policy.suppliers.supplier
    for at, one in enumerate(held):
        path: Path = ("supplier", at)
        if not one.accounts:
            yield Wrong(file=SUPPLIERS, path=(*path, "accounts"), says="name at least one account.")
        yield from _dates(SUPPLIERS, path, one.approved_on, one.active_until, "active_until")
        yield from unknown_owner(SUPPLIERS, (*path, "owner"), one.owner, policy)
    yield from twice(SUPPLIERS, [(("supplier", at), one.name) for at, one in enumerate(held)], "supplier", _MERGE)
    accounts: list[tuple[Path, str]] = [
        (("supplier", at, "accounts", place), account)
        for at, one in enumerate(held)
        for place, account in enumerate(one.accounts)
    ]
    yield from twice(SUPPLIERS, accounts, "account", "an account belongs to one supplier")


def check_soa(soa: Soa) -> Iterator[Wrong]:
    """What is wrong in the statement of applicability."""
    for at, one in enumerate(soa.line):
        theme, number = (int(part) for part in one.control.split(".")[1:])
        if not 1 <= number <= _ANNEX_A[theme]:
            said = (
                f"Annex A of ISO/IEC 27001:2022 has no {one.control}: A.{theme} ends with A.{theme}.{_ANNEX_A[theme]}."
            )
            yield Wrong(file=SOA, path=("line", at, "control"), says=said)
    lines: list[tuple[Path, str]] = [(("line", at), one.control) for at, one in enumerate(soa.line)]
    yield from twice(SOA, lines, "control", _MERGE)


def _named(path: Path, one: Threshold, known: KnownControls | None) -> Iterator[Wrong]:
    yield from unknown_control(THRESHOLDS, (*path, "control"), one.control, known)
    if known is None or one.control not in known.controls:
        return
    default = known.thresholds.get((one.control, one.name))
    if default is None:
        names = sorted(name for control, name in known.thresholds if control == one.control)
        said = f"{one.control} has no threshold {one.name!r}; it has {', '.join(names) or 'none'}."
        yield Wrong(file=THRESHOLDS, path=(*path, "name"), says=said)
        return
    wanted = isinstance(default.critical, bool)
    if any(isinstance(value, bool) is not wanted for value in _each(one.values)):
        said = f"{one.name} takes {'true or false' if wanted else 'whole numbers'}."
        yield Wrong(file=THRESHOLDS, path=(*path, "values"), says=said)


def _values(path: Path, one: Threshold) -> Iterator[Wrong]:
    for tier, value in zip(ByTier.__struct_fields__, _each(one.values), strict=True):
        if value < 0:
            yield Wrong(file=THRESHOLDS, path=(*path, "values", tier), says="a limit is not below zero.")
        unit = unit_of(one.name)
        most = _MOST[unit] if unit else _MOST_COUNTED
        if value > most:
            said = (
                "a percentage is not above 100." if unit == "percent" else f"the most is {most} {unit or ''}".rstrip()
            )
            yield Wrong(
                file=THRESHOLDS, path=(*path, "values", tier), says=f"{said.rstrip('.')}; write a smaller number."
            )


def _each(values: ByTier[int | bool]) -> tuple[int | bool, ...]:
    return values.critical, values.high, values.medium, values.low


def _environments(held: Environments) -> Iterator[Wrong]:
    subjects: list[tuple[Path, str]] = []
    for at, one in enumerate(held.assign):
        path: Path = ("environments", "assign", at)
        if sum((one.account is not None, one.ou is not None, bool(one.values))) != 1:
            yield Wrong(file=THRESHOLDS, path=path, says="match by exactly one of account, ou or values.")
        subjects += [(path, text) for text in (one.account, one.ou, *one.values) if text]
    yield from twice(THRESHOLDS, subjects, "account, unit or value", _MERGE)
    tags: list[tuple[Path, str]] = [(("environments", "tags"), one) for one in held.tags]
    yield from twice(THRESHOLDS, tags, "tag key", "name it once")


def _registered(table: str, entries: tuple[Registered, ...], policy: Governance) -> Iterator[Wrong]:
    identities: list[tuple[Path, str]] = []
    for at, one in enumerate(entries):
        path: Path = (table, at)
        identities.append((path, one.identity))
        if said := misnamed(one.identity):
            yield Wrong(file=REGISTERS, path=(*path, "identity"), says=said)
        yield from _dates(REGISTERS, path, one.approved_on, one.expires_on, "expires_on")
        owner: str | None = getattr(one, "owner", None)
        yield from unknown_owner(REGISTERS, (*path, "owner"), owner, policy)
        held = policy.owner_of(owner) if owner and table == "restricted" else None
        if held and held.kind != "person":
            said = "a restricted list names persons, and this owner is a team."
            yield Wrong(file=REGISTERS, path=(*path, "owner"), says=said)
    yield from twice(REGISTERS, identities, "identity", _MERGE)
    yield from unmatchable(REGISTERS, ((path, text) for path, text in identities if text.startswith("arn:")))


def _preset(path: Path, one: Preset, policy: Governance) -> Iterator[Wrong]:
    yield from unknown_owner(REGISTERS, (*path, "owner"), one.owner, policy)
    needed = (("owner", one.owner), ("approved_by", one.approved_by), ("approved_on", one.approved_on))
    missing = [key for key, value in needed if one.enabled and value is None]
    if missing:
        said = f"a preset that is switched on registers roles: add {' and '.join(missing)}."
        yield Wrong(file=REGISTERS, path=path, says=said)
    if one.qualifier is not None and one.name != "cdk-bootstrap":
        yield Wrong(file=REGISTERS, path=(*path, "qualifier"), says="only cdk-bootstrap has a qualifier; remove it.")


def _dates(file: str, path: Path, approved: date, later: date | None, key: str) -> Iterable[Wrong]:
    if later is not None and later < approved:
        said = f"{key} {later} lies before approved_on {approved}; correct one."
        yield Wrong(file=file, path=(*path, key), says=said)
