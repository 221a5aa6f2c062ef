"""Takes something away from what was read, as a refusal would: a source, a field, a policy, the list of accounts."""

from collections.abc import Callable, Iterable
from random import Random
from typing import Any

import msgspec

from prooftrail.evidence.context import Context
from prooftrail.model.iam import AccessKey, Role, Root, Secret, ServiceSpecificCredential, Usage, User
from prooftrail.model.identity import HOME, Identity
from prooftrail.model.reading import Cell, CellStatus, Collector, Gap, GapReason
from prooftrail.model.snapshot import Snapshot

type Read = tuple[Snapshot, Context]
replace = msgspec.structs.replace

_FIELDS: dict[type, tuple[tuple[str, ...], ...]] = {
    User: (
        (
            "certificates",
            "key_slots",
            "mfa_active",
            "password_changed_at",
            "password_enabled",
        ),
        ("mfa_devices",),
    ),
    Root: (("password_enabled",), ("mfa_active",), ("access_keys_present",), ("certificates_present",)),
    Role: (("max_session_s", "description"),),
}
"""The fields that one refused source leaves None, by the facts they belong to."""


def refuse(read: Read, draw: Random) -> Read:
    """The same account with one thing less read."""
    return draw.choice(_WAYS)(read, draw)


REFUSED = (CellStatus.DENIED, CellStatus.THROTTLED, CellStatus.UNREACHABLE)
"""What leaves nothing of a source; PARTIAL leaves some of it, LATE all."""

_LISTED = {Collector.REGIONS, Collector.PASSWORD_POLICY, *HOME.values()} - {Collector.CREDENTIAL_REPORT}


def _a_source(read: Read, draw: Random) -> Read:
    snapshot, _ = read
    cell = draw.choice(snapshot.cells)
    status = draw.choice((CellStatus.PARTIAL, *REFUSED, CellStatus.LATE))
    return without_source(read, cell, status, kept=0 if status in REFUSED else draw.randrange(2))


def without_source(read: Read, cell: Cell, status: CellStatus, *, kept: int = 0) -> Read:
    """The same account with one source read no better than `status`: refused, it lists nothing; in part, `kept` things.

    The root stands whatever was refused.
    """
    snapshot, context = read
    there = replace(cell, status=status, reason="refused")
    cells = tuple(there if one is cell else one for one in snapshot.cells)
    facts, identities = snapshot.account, snapshot.identities
    if status is not CellStatus.LATE and cell.collector in _LISTED:
        mine = [one for one in identities if (one.collector, one.region) == (cell.collector, cell.region)]
        gone = {one.id for one in mine[kept:]}
        identities = tuple(one for one in identities if one.id not in gone)
    if status is not CellStatus.LATE and cell.collector is Collector.REGIONS:
        facts = replace(facts, regions_enabled=None)
    if cell.collector is Collector.PASSWORD_POLICY:
        facts = replace(facts, password_policy=None)
    return replace(snapshot, cells=cells, account=facts, identities=identities), context


def _a_field(read: Read, draw: Random) -> Read:
    snapshot, context = read
    chosen = draw.choice(snapshot.identities)
    less = draw.choice((_without_use, _without_birth, _without_tags, _without_facts))(chosen, draw)
    identities = tuple(less if one is chosen else one for one in snapshot.identities)
    return replace(snapshot, identities=identities), context


def _unknowing(one: Identity, fields: Iterable[str], **values: Any) -> Identity:
    return replace(one, unknown=tuple(sorted({*one.unknown, *fields})), **values)


def _without_use(one: Identity, draw: Random) -> Identity:
    return _unknowing(one, ["usage"], usage=Usage(tracked=False))


def _without_birth(one: Identity, draw: Random) -> Identity:
    return _unknowing(one, ["created_at"], created_at=None)


def _without_tags(one: Identity, draw: Random) -> Identity:
    if isinstance(one.facts, Root | AccessKey | ServiceSpecificCredential):
        return one
    return _unknowing(
        one, ["tags", "owner", "purpose", "class", *(["kind"] if isinstance(one.facts, User) else [])], tags=None
    )


def _without_facts(one: Identity, draw: Random) -> Identity:
    if isinstance(one.facts, Secret):
        facts: Any = replace(one.facts, value_created_at=None, value_age_known=False)
        return _unknowing(one, ["facts.value_created_at"], facts=facts)
    if type(one.facts) not in _FIELDS:
        return one
    fields = draw.choice(_FIELDS[type(one.facts)])
    facts = replace(one.facts, **dict.fromkeys(fields))
    return _unknowing(one, [f"facts.{name}" for name in fields], facts=facts)


def _a_policy(read: Read, draw: Random) -> Read:
    snapshot, context = read
    match draw.choice(("aws", "own", "document")):
        case "aws" if context.managed_policies:
            gone = draw.choice(context.managed_policies)
            left = tuple(one for one in context.managed_policies if one is not gone)
            return snapshot, replace(context, managed_policies=left)
        case "own" if snapshot.policies:
            lost = draw.choice(snapshot.policies)
            return replace(snapshot, policies=tuple(one for one in snapshot.policies if one is not lost)), context
        case _:
            text = draw.choice(snapshot.documents)
            return replace(snapshot, documents=tuple(one for one in snapshot.documents if one is not text)), context


def _an_account(read: Read, draw: Random) -> Read:
    snapshot, context = read
    others = [one for one in context.accounts if one.id != snapshot.header.account]
    gone = draw.choice(others)
    gap = Gap(api="organizations:ListAccounts", reason=GapReason.THROTTLED, detail="too many requests")
    cells = tuple(
        replace(one, status=CellStatus.PARTIAL, reason="refused", gaps=(gap,))
        if one.collector is Collector.ACCOUNTS
        else one
        for one in context.cells
    )
    return snapshot, replace(context, accounts=tuple(one for one in context.accounts if one is not gone), cells=cells)


_WAYS: tuple[Callable[[Read, Random], Read], ...] = (_a_source, _a_field, _a_field, _a_policy, _an_account)
