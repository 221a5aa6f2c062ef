"""Which entries of registers, suppliers and exceptions allow more than those before: new ones, longer ones, wider ones."""

from collections.abc import Iterable, Iterator
from datetime import date

from prooftrail.model.judgement import Tier

from .exceptions import AcceptedException, Exceptions
from .registers import BreakGlass, OidcIssuer, Preset, Registered, Registers, Supplier, Suppliers

_BECAME = {
    "privileged": "is now registered as privileged",
    "break_glass": "became break-glass",
    "legacy": "may now keep a long-lived credential",
    "manual_rotation": "may now be rotated by hand",
    "restricted": "is now on the restricted list",
}


def looser_registers(before: Registers, after: Registers) -> Iterator[str]:
    """What the registers allow that they did not."""
    for table, became in _BECAME.items():
        yield from _registered(getattr(before, table), getattr(after, table), became)
    yield from _drills(before.break_glass, after.break_glass)
    yield from _issuers(before.oidc_issuer, after.oidc_issuer)
    yield from _presets(before.preset, after.preset)


def looser_suppliers(before: Suppliers, after: Suppliers) -> Iterator[str]:
    """The suppliers, and accounts of suppliers, that may enter and might not before."""
    held = {one.name: one for one in before.supplier}
    for one in after.supplier:
        old = held.get(one.name)
        until = _until(one.active_until)
        if old is None:
            yield f"supplier {one.name} may now enter {until}, from {', '.join(sorted(one.accounts))}"
            continue
        yield from (f"supplier {one.name} may now enter from {each}" for each in _new(old.accounts, one.accounts))
        yield from _supplier(old, one)


def looser_exceptions(before: Exceptions, after: Exceptions) -> Iterator[str]:
    """What is accepted that was not, or for longer, and who may sign that could not."""
    held = {one.id: one for one in before.exception}
    for one in after.exception:
        old = held.get(one.id)
        if old is None or (old.identity, old.control) != (one.identity, one.control):
            yield f"{one.control} is now excepted for {one.identity} {_until(one.expires_on)} ({one.id}): {one.reason}"
        else:
            yield from (f"exception {one.id} {said}" for said in _exception(old, one))
    keys = {(one.person, one.public_key) for one in before.allowed_signer}
    for signer in after.allowed_signer:
        if (signer.person, signer.public_key) not in keys:
            yield f"{signer.person} may now sign exceptions with another key"


def _registered(before: tuple[Registered, ...], after: tuple[Registered, ...], became: str) -> Iterator[str]:
    held = {one.identity: one for one in before}
    for one in after:
        old = held.get(one.identity)
        if old is None:
            yield f"{one.identity} {became}" + (f" {_until(one.expires_on)}" if one.expires_on else "")
        else:
            yield from (f"{one.identity}, which {became}, {said}" for said in _dates(old, one))
            if getattr(old, "owner", None) != getattr(one, "owner", None):
                yield f"{one.identity}, which {became}, has another owner there"


def _dates(before: Registered, after: Registered) -> Iterator[str]:
    if _longer(before.expires_on, after.expires_on):
        yield f"is so longer, {_until(after.expires_on)}"
    if after.approved_on < before.approved_on:
        yield f"is so from {after.approved_on} on, {before.approved_on} before"
    if isinstance(after, BreakGlass) and after.approved_on > before.approved_on:
        yield f"is so from {after.approved_on} on only, {before.approved_on} before: its use and drills count from later"


def _drills(before: tuple[BreakGlass, ...], after: tuple[BreakGlass, ...]) -> Iterator[str]:
    held = {one.identity: {(drill.on, drill.kind) for drill in one.drills} for one in before}
    for one in after:
        for drill in one.drills:
            if (drill.on, drill.kind) not in held.get(one.identity, set()):
                yield f"use of {one.identity} on {drill.on} is now explained by {drill.kind} {drill.reference}"


def _issuers(before: tuple[OidcIssuer, ...], after: tuple[OidcIssuer, ...]) -> Iterator[str]:
    held, now = ({one.issuer: one for one in each} for each in (before, after))
    for one in after:
        old = held.get(one.issuer)
        if old is None:
            yield f"{one.issuer} is now registered to vouch for software"
            continue
        for what, was, there in (("audience", old.audiences, one.audiences), ("owner", old.owners, one.owners)):
            if was and not there:
                yield f"{one.issuer} may now vouch for any {what}"
            elif was:
                yield from (f"{one.issuer} may now vouch for {what} {each}" for each in _new(was, there))
    yield from (f"{issuer} is no longer held to its audiences and owners" for issuer in sorted(set(held) - set(now)))


def _presets(before: tuple[Preset, ...], after: tuple[Preset, ...]) -> Iterator[str]:
    held = {one.name: one for one in before if one.enabled}
    for one in after:
        old = held.get(one.name)
        if not one.enabled:
            continue
        if old is None:
            yield f"the landing-zone preset {one.name} is switched on"
            continue
        yield from (f"preset {one.name} may now trust account {each}" for each in _new(old.accounts, one.accounts))
        if old.approved_on and one.approved_on and one.approved_on < old.approved_on:
            yield f"preset {one.name} is so from {one.approved_on} on, {old.approved_on} before"
        if (old.qualifier, old.owner) != (one.qualifier, one.owner):
            yield f"preset {one.name} registers other roles, or the same under another owner"


def _supplier(before: Supplier, after: Supplier) -> Iterator[str]:
    if _longer(before.active_until, after.active_until):
        yield f"supplier {after.name} may enter longer, {_until(after.active_until)}"
    if after.relation != before.relation and before.relation == "supplier":
        yield f"{after.name} needs no external id any more: it is now {after.relation}"
    if after.approved_on < before.approved_on:
        yield f"supplier {after.name} may enter from {after.approved_on} on, {before.approved_on} before"


def _exception(before: AcceptedException, after: AcceptedException) -> Iterator[str]:
    if after.expires_on > before.expires_on:
        yield f"lasts longer, {_until(after.expires_on)}"
    if after.approved_on != before.approved_on:
        yield f"is approved on {after.approved_on}, {before.approved_on} before"
    if after.renewals < before.renewals:
        yield f"counts {after.renewals} renewals, {before.renewals} before"
    if Tier(after.tier).rank > Tier(before.tier).rank:
        yield f"is accepted up to tier {after.tier}, {before.tier} before"
    if set(before.compensating) - set(after.compensating):
        yield "is compensated otherwise"
    yield from _later_milestones(before, after)


def _later_milestones(before: AcceptedException, after: AcceptedException) -> Iterator[str]:
    now = {one.what: one for one in after.retirement}
    for one in before.retirement:
        held = now.get(one.what)
        if held is None and one.done_on is None:
            yield f"no longer has the milestone {one.what!r}"
        elif held and held.due_on > one.due_on:
            yield f"has the milestone {one.what!r} due later, {held.due_on}"


def _longer(before: date | None, after: date | None) -> bool:
    return before is not None and (after is None or after > before)


def _until(day: date | None) -> str:
    return f"until {day}" if day else "without an end"


def _new(before: Iterable[str], after: Iterable[str]) -> list[str]:
    return sorted(set(after) - set(before))
