"""The highest privilege class a set of policies reaches by itself, before any escalation, and the statements that say so.

The classes are those of risk-model.md, section 2. An administrator is who holds everything on everything with one way
to rewrite IAM left, or all of IAM's writing on everything (ruling 6); AWS's PowerUserAccess is neither. Data that
limits on resources name is ordinary data, without them sensitive. Permissions management counts on any resource: who
may write one bucket's policy may open that bucket.
"""

from collections.abc import Iterable, Iterator

import msgspec

from prooftrail.model.judgement import PrivilegeClass

from .action_table import BITS, LISTS, mask, named, reads_only
from .effective import Effective, Held, is_own, on_everything
from .privilege import Grant

_CORE = mask(LISTS.iam_core)
_ENOUGH = mask(LISTS.self_sufficient)
_CREDENTIALS = mask(LISTS.credentials)
_SENSITIVE = mask(LISTS.sensitive_reads)
_DATA = mask(LISTS.data_reads) | _SENSITIVE
_POLICIES = mask(LISTS.policy_writes)
_OWN = mask(("sts:GetSessionToken", "sts:GetFederationToken"))
_OWN_TOKENS = mask(LISTS.own_credentials)
_SELF = mask(("iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:UpdateAccessKey", "iam:UpdateLoginProfile",
              "iam:CreateServiceSpecificCredential", "iam:ResetServiceSpecificCredential"))  # fmt: skip


class Reached(msgspec.Struct, frozen=True, kw_only=True):
    """A class, why in words, and the statements that make it true."""

    cls: PrivilegeClass
    why: str
    grants: tuple[Grant, ...] = ()


def touches_itself(effective: Effective) -> bool:
    """True if the answer may differ for a principal whose own keys a policy is about."""
    return bool(effective.live & _SELF)


def reached(effective: Effective, *, own: str | None = None) -> Reached:
    """The class of a principal with the ARN `own`: what it may do to its own keys makes it nothing more."""
    for find in (_admin, _policies, _credentials, _sensitive, _writes, _data, _metadata):
        if found := find(effective, own):
            return found
    return Reached(cls=PrivilegeClass.NONE, why="nothing it holds allows anything")


def is_admin(effective: Effective) -> bool:
    """True if it is an administrator or as good as one."""
    return _admin(effective, None) is not None


def _admin(effective: Effective, _own: str | None) -> Reached | None:
    everything = _everything(effective)
    ways = [one for one in _each(_ENOUGH & effective.live) if everything and effective.everywhere(one)]
    if everything and ways:
        return Reached(
            cls=PrivilegeClass.ADMIN,
            why="it may do everything on every resource, rewriting IAM included",
            grants=(everything.grant(),),
        )
    if effective.live & _CORE != _CORE:
        return None
    helds = [effective.everywhere(one) for one in LISTS.iam_core]
    if not all(helds):
        return None
    return Reached(
        cls=PrivilegeClass.ADMIN,
        why="it may rewrite all of IAM, and so give itself everything",
        grants=_unique(one for one in helds if one),
    )


def _everything(effective: Effective) -> Held | None:
    for one in effective.allows:
        statement = one.statement
        if on_everything(statement) and any(each in ("*", "*:*") for each in statement.actions):
            if not statement.not_actions and effective.survives("*"):
                return one
        elif statement.not_actions and on_everything(statement) and effective.survives("*"):
            return one
    return None


def _policies(effective: Effective, own: str | None) -> Reached | None:
    return _by_action(
        effective, _POLICIES, PrivilegeClass.RESOURCE_POLICY_WRITE, "it may change who else may act, by {}", own
    )


def _credentials(effective: Effective, own: str | None) -> Reached | None:
    return _by_action(
        effective, _CREDENTIALS, PrivilegeClass.CREDENTIAL_ACCESS, "it may obtain credentials of others, by {}", own
    )


def _sensitive(effective: Effective, _own: str | None) -> Reached | None:
    helds = {one: held for one in _each(_SENSITIVE & effective.live) if (held := effective.everywhere(one))}
    if not helds:
        return None
    return Reached(
        cls=PrivilegeClass.SENSITIVE_DATA,
        why=f"it may read data without a limit on the resource, by {_some(tuple(helds))}",
        grants=_unique(helds.values()),
    )


def _by_action(effective: Effective, bits: int, cls: PrivilegeClass, why: str, own: str | None) -> Reached | None:
    helds: dict[str, Held] = {}
    for action in _each(bits & effective.live):
        about_others = (one for one in effective.scopes(action) if not is_own(one.resource, own))
        if first := next(about_others, None):
            helds[action] = first.held
    if not helds:
        return None
    return Reached(cls=cls, why=why.format(_some(tuple(helds))), grants=_unique(helds.values()))


def _writes(effective: Effective, _own: str | None) -> Reached | None:
    """Anything that is neither reading nor a token of the caller's own."""
    for one in effective.allows:
        actions = ("*",) if one.statement.not_actions else one.statement.written
        for written in actions:
            pattern = written.lower()
            if not _reading(pattern) and effective.survives(pattern):
                return Reached(
                    cls=PrivilegeClass.WRITE_LIMITED,
                    why=f"it may change something, by {written}",
                    grants=(one.grant(),),
                )
    return None


def _reading(pattern: str) -> bool:
    bit = BITS.get(pattern, 0)
    return reads_only(pattern) or bool(bit & (_DATA | _OWN | _OWN_TOKENS) and pattern != "sts:assumerole")


def _data(effective: Effective, _own: str | None) -> Reached | None:
    found = [one for one in _each(_DATA & effective.live) if effective.scopes(one)]
    if not found:
        return None
    return Reached(
        cls=PrivilegeClass.DATA_READ_NONSENSITIVE,
        why=f"it may read data, by {_some(tuple(found))}",
        grants=_unique(effective.scopes(one)[0].held for one in found),
    )


def _metadata(effective: Effective, _own: str | None) -> Reached | None:
    for one in effective.allows:
        patterns = ("*",) if one.statement.not_actions else one.statement.actions
        if any(effective.survives(pattern) for pattern in patterns):
            return Reached(
                cls=PrivilegeClass.METADATA_READ, why="it may read settings and lists only", grants=(one.grant(),)
            )
    return None


def _each(bits: int) -> Iterator[str]:
    return iter(named(bits)) if bits else iter(())


def _unique(helds: Iterable[Held]) -> tuple[Grant, ...]:
    return tuple(sorted({one.grant() for one in helds}))


def _some(actions: tuple[str, ...], most: int = 3) -> str:
    """Three actions and the number of the rest."""
    shown = ", ".join(actions[:most])
    return shown if len(actions) <= most else f"{shown} and {len(actions) - most} more"
