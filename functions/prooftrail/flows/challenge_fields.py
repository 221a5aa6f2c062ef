"""Holds one sealed identity against what AWS says of it now: each field the same, changed later by AWS's own dates, or neither."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec

from prooftrail.evidence.detectors import REPLACED
from prooftrail.inventory.configuration import flat, hidden
from prooftrail.inventory.telling import short
from prooftrail.model.canonical import timestamp
from prooftrail.model.iam import InlinePolicy, Role, Root, Secret, User
from prooftrail.model.identity import Identity
from prooftrail.model.snapshot import Snapshot

from . import challenge_events

DERIVED = frozenset({"class", "class.basis", "family", "kind", "owner", "owner.rung", "purpose", "purpose.rung"})
"""What Prooftrail says of an identity and AWS does not: it follows from the fields that are compared."""

_FORGETS_ROLES_AFTER = timedelta(days=400)  # IAM's tracking period of a role's last use
_NEVER_CHANGES = frozenset({"created_at"})
_LONGEST = 300


class Verdict(StrEnum):
    """What a difference is."""

    LATER = "later change"
    MISMATCH = "MISMATCH"


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One field that differs, with both values as short text, and why it is what it is.

    `events` are those of CloudTrail that would show the change, between the item's reading and now.
    """

    path: str
    sealed: str
    live: str
    verdict: Verdict
    why: str
    events: tuple[str, ...] = ()


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """What a comparison came to. `same` counts fields; the others name those that could not be compared, and why not."""

    same: int
    differences: tuple[Difference, ...]
    withheld: tuple[str, ...]
    unknown_then: tuple[str, ...]
    not_reread: tuple[str, ...]


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """An identity as one side has it: the texts of documents by hash, and who its pseudonyms are."""

    identity: Identity
    documents: Mapping[str, str]
    reveal: Callable[[str], str]


def side(identity: Identity, snapshot: Snapshot, reveal: Callable[[str], str]) -> Side:
    """One side out of its snapshot, which must be whole: inline policies are compared by their text."""
    return Side(identity=identity, documents={one.sha256: one.text for one in snapshot.documents}, reveal=reveal)


def compare(sealed: Side, live: Side, *, since: datetime, now: datetime) -> Compared:
    """Field by field. `since` is the earliest instant of the sealed reading: what AWS dates after it came later."""
    then, today = _fields(sealed), _fields(live)
    same = 0
    differences: list[Difference] = []
    withheld: list[str] = []
    unknown: list[str] = []
    unread: list[str] = []
    for path in sorted(then.keys() | today.keys()):
        if hidden(path, live.identity.unknown):
            unread.append(path)
        elif hidden(path, sealed.identity.unknown):
            unknown.append(path)
        elif _alike(then.get(path), today.get(path)):
            same += 1
        elif _is_withheld(then.get(path), today.get(path)):
            withheld.append(path)
        else:
            differences.append(_difference(path, then.get(path), today.get(path), sealed, live, since))
    impossible = _use(sealed, live, now)
    return Compared(
        same=same + (impossible is None),
        differences=(*differences, *((impossible,) if impossible else ())),
        withheld=tuple(withheld),
        unknown_then=tuple(unknown),
        not_reread=tuple(unread),
    )


class _Field(msgspec.Struct, frozen=True, kw_only=True):
    """A value as it was sealed, and with its people named; both without types, in an order of their own."""

    value: object
    plain: Any
    named: Any


def _fields(one: Side) -> dict[str, _Field]:
    return {path: _field(value, one) for path, value in flat(one.identity).items() if path not in DERIVED}


def _field(value: object, one: Side) -> _Field:
    if isinstance(value, tuple) and value and isinstance(value[0], InlinePolicy):
        plain: Any = [[each.name, _parsed(one.documents.get(each.document, each.document))] for each in value]
    else:
        plain = msgspec.to_builtins(value)
    return _Field(value=value, plain=plain, named=_sorted(_each(plain, one.reveal)))


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _each(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {change(name): _each(one, change) for name, one in value.items()}
    return [_each(one, change) for one in value] if isinstance(value, list | tuple) else value


def _sorted(value: Any) -> Any:
    return sorted(value, key=lambda one: json.dumps(one, sort_keys=True)) if isinstance(value, list) else value


def _alike(one: _Field | None, other: _Field | None) -> bool:
    """Equal; where people stand in it, whatever the case they are written in."""
    left, right = (one.named if one else None), (other.named if other else None)
    if left == right:
        return True
    people = any(each is not None and REPLACED.search(json.dumps(each.plain)) for each in (one, other))
    return people and json.dumps(left, sort_keys=True).casefold() == json.dumps(right, sort_keys=True).casefold()


def _is_withheld(then: _Field | None, today: _Field | None) -> bool:
    """True if what differs may be a person nobody can name any more, or a credential's fingerprint, and nothing else."""
    if then is None or today is None or not REPLACED.search(json.dumps(then.named)):
        return False
    return _masked(then) == _masked(today)


def _masked(one: _Field) -> str:
    return json.dumps(_sorted(_each(one.plain, lambda each: REPLACED.sub("?", each))), sort_keys=True)


def _difference(
    path: str, then: _Field | None, today: _Field | None, sealed: Side, live: Side, since: datetime
) -> Difference:
    why = _explained(path, sealed.identity, live.identity, since)
    told = _told(then, sealed), _told(today, live)
    if why:
        return Difference(path=path, sealed=told[0], live=told[1], verdict=Verdict.LATER, why=why)
    if path in _NEVER_CHANGES:
        reason = "AWS never changes it: it was another thing, or is not what was sealed"
    else:
        reason = "nothing that AWS dates says that it changed since"
    return Difference(
        path=path,
        sealed=told[0],
        live=told[1],
        verdict=Verdict.MISMATCH,
        why=reason,
        events=challenge_events.changed(live.identity, path),
    )


def _told(one: _Field | None, of: Side) -> str:
    return of.reveal(short(one.value))[:_LONGEST] if one else "none"


def _explained(path: str, sealed: Identity, live: Identity, since: datetime) -> str | None:
    """What of AWS's own dates says that the field changed after the reading; None where nothing does."""
    then, now = sealed.facts, live.facts
    if isinstance(then, User) and isinstance(now, User):
        return _of_user(path, then, now, since)
    if isinstance(then, Root) and isinstance(now, Root) and path == "facts.key_slots":
        return _came(then.key_slots, now.key_slots, [at for _, at in now.key_slots or ()], since, "access key made")
    if isinstance(then, Secret) and isinstance(now, Secret):
        return _of_secret(path, then, now, since)
    return None


def _of_user(path: str, then: User, now: User, since: datetime) -> str | None:
    changed = now.password_changed_at
    if path == "facts.password_changed_at" or (path == "facts.password_enabled" and now.password_enabled):
        return _dated("password set", changed, since)
    if path == "facts.key_slots":
        return _came(then.key_slots, now.key_slots, [at for _, at in now.key_slots or ()], since, "access key made")
    if path == "facts.certificates":
        dates = [one.rotated_at for one in now.certificates or ()]
        return _came(then.certificates, now.certificates, dates, since, "signing certificate uploaded")
    if path == "facts.mfa_devices" or (path == "facts.mfa_active" and now.mfa_active):
        devices = then.mfa_devices, now.mfa_devices
        return _came(*devices, [one.enabled_at for one in now.mfa_devices or ()], since, "MFA device enabled")
    return None


def _of_secret(path: str, then: Secret, now: Secret, since: datetime) -> str | None:
    """A secret's own date of change covers all of it, if none of its dates went back."""
    for name in ("last_rotated_at", "value_created_at", "last_changed_at"):
        before, after = getattr(then, name), getattr(now, name)
        if path == f"facts.{name}" and before and after and after < before:
            return None
    if path == "facts.deleted_at" and now.deleted_at:
        return _dated("secret deleted", now.deleted_at, since)
    if path.startswith(("facts.", "tags.")):
        return _dated("secret changed", now.last_changed_at, since) or _dated(
            "secret rotated", now.last_rotated_at, since
        )
    return None


def _came(
    then: Sequence[object] | None,
    now: Sequence[object] | None,
    dates: Sequence[datetime | None],
    since: datetime,
    what: str,
) -> str | None:
    """The newest date, if all that is new is dated after the reading and nothing of what was there has gone."""
    old, new = tuple(then or ()), tuple(now or ())
    fresh = [at for one, at in zip(new, dates, strict=True) if one not in old]
    if any(one not in new for one in old) or not fresh or any(at is None or at <= since for at in fresh):
        return None
    return _dated(what, max(at for at in fresh if at), since)


def _dated(what: str, at: datetime | None, since: datetime) -> str | None:
    return f"{what} {timestamp(at)}, after the reading" if at is not None and at > since else None


def _use(sealed: Side, live: Side, now: datetime) -> Difference | None:
    """A last use only moves on: a sealed one that is later than AWS's own now cannot have been read from AWS."""
    then, today = sealed.identity.usage, live.identity.usage
    if then.last_used_at is None or not today.tracked or then.source != today.source:
        return None
    last = today.last_used_at
    forgotten = isinstance(live.identity.facts, Role) and now - then.last_used_at > _FORGETS_ROLES_AFTER
    if (last is not None and last >= then.last_used_at) or (last is None and forgotten):
        return None
    return Difference(
        path="usage.last_used_at",
        sealed=timestamp(then.last_used_at),
        live=timestamp(last) if last else "none",
        verdict=Verdict.MISMATCH,
        why="a last use only moves on, and the sealed one is later than what AWS has on record now",
    )
