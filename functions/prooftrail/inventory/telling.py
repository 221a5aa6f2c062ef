"""Writes the values of a change as short text for people; what is cut says so and keeps a hash to tell it apart by."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from prooftrail.model import canonical
from prooftrail.model.canonical import timestamp
from prooftrail.model.iam import AttachedPolicy, CertificateSlot, InlinePolicy, MfaDevice
from prooftrail.model.trust import TrustStatement

LONGEST_TEXT = 200
"""Characters of a value in a change."""

NOTHING = "none"
_HASH_SHOWN = 12  # hexadecimal digits


def told(before: object, after: object) -> tuple[str, str]:
    """The two sides of a difference; of lists only what left and what came."""
    if isinstance(before, tuple) and isinstance(after, tuple):
        left = tuple(one for one in before if one not in after)
        came = tuple(one for one in after if one not in before)
        if left or came:
            return short(left), short(came)
    return short(before), short(after)


def short(value: object) -> str:
    """`value` in at most `LONGEST_TEXT` characters."""
    text = _words(value)
    if len(text) <= LONGEST_TEXT:
        return text
    end = f"... (sha256 {canonical.sha256(text.encode())[:_HASH_SHOWN]})"
    return text[: LONGEST_TEXT - len(end)] + end


def _words(value: object) -> str:
    match value:
        case None | ():
            return NOTHING
        case (bool() as active, datetime() as at):
            return f"{'active' if active else 'inactive'} key of {timestamp(at)}"
        case (str() as version, tuple() as stages):
            return f"{version} ({_words(stages)})"
        case tuple():
            return ", ".join(_words(one) for one in value)
    writer = _WRITERS.get(type(value))
    return writer(value) if writer else str(value)


def _statement(one: TrustStatement) -> str:
    who = ", ".join(f"{principal.type}:{principal.value}" for principal in one.principals)
    what = ", ".join(one.actions)
    said = f"{one.effect} {'all but ' if one.not_principals else ''}{who} {'all but ' if one.not_actions else ''}{what}"
    limits = " and ".join(f"{c.operator} {c.key}={'|'.join(c.values)}" for c in one.conditions)
    return f"{said} if {limits}" if limits else said


def _slot(one: CertificateSlot) -> str:
    state = "active" if one.active else "inactive"
    return f"slot {one.slot} {state}" + (f" since {timestamp(one.rotated_at)}" if one.rotated_at else "")


_WRITERS: dict[type, Callable[[Any], str]] = {
    bool: lambda one: "yes" if one else "no",
    datetime: timestamp,
    AttachedPolicy: lambda one: str(one.arn),
    CertificateSlot: _slot,
    InlinePolicy: lambda one: f"{one.name} (document {one.document[:_HASH_SHOWN]})",
    MfaDevice: lambda one: f"{one.kind} {one.serial}",
    TrustStatement: _statement,
}
