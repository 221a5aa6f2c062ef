"""A role's trust policy, parsed once: who is let in, by which action, under which conditions."""

import json
from enum import StrEnum
from typing import Any

import msgspec


class PrincipalType(StrEnum):
    """The four principal elements of a policy, and `ANY` for a bare `*`."""

    AWS = "AWS"
    SERVICE = "Service"
    FEDERATED = "Federated"
    CANONICAL_USER = "CanonicalUser"
    ANY = "*"


class Principal(msgspec.Struct, frozen=True, order=True, kw_only=True):
    """One principal of a trust statement, as it stands in the document."""

    type: PrincipalType
    value: str


class Condition(msgspec.Struct, frozen=True, order=True, kw_only=True):
    """One condition: operator as written, key in lower case (keys match without regard to case), values as written."""

    operator: str
    key: str
    values: tuple[str, ...]


class TrustStatement(msgspec.Struct, frozen=True, kw_only=True):
    """One statement; `not_principals` and `not_actions` mark lists that name everyone, or everything, but their members."""

    effect: str
    principals: tuple[Principal, ...]
    actions: tuple[str, ...]
    conditions: tuple[Condition, ...] = ()
    not_principals: bool = False
    not_actions: bool = False
    sid: str | None = None


def parse(document: str) -> tuple[TrustStatement, ...]:
    """The statements of a trust policy document.

    Raises ValueError where the text is no policy: a role whose trust cannot be read is a gap, not a closed door.
    """
    policy = json.loads(document)
    if not isinstance(policy, dict):
        raise ValueError("a trust policy is a JSON object")
    return tuple(_statement(one) for one in _listed(policy.get("Statement", [])))


def _statement(raw: Any) -> TrustStatement:
    if not isinstance(raw, dict):
        raise ValueError("a statement is a JSON object")
    who, what = raw.get("Principal", raw.get("NotPrincipal")), raw.get("Action", raw.get("NotAction", []))
    return TrustStatement(
        effect=str(raw.get("Effect", "")),
        principals=tuple(sorted(_principals(who))),
        actions=tuple(sorted(str(action) for action in _listed(what))),
        conditions=tuple(sorted(_conditions(raw.get("Condition", {})))),
        not_principals="NotPrincipal" in raw,
        not_actions="NotAction" in raw,
        sid=None if raw.get("Sid") is None else str(raw["Sid"]),
    )


def _principals(raw: Any) -> list[Principal]:
    if raw is None:
        return []
    if isinstance(raw, str):
        return [Principal(type=PrincipalType.ANY, value=raw)]
    if not isinstance(raw, dict):
        raise ValueError("a Principal is `*` or an object")
    return [
        Principal(type=PrincipalType(kind), value=str(one)) for kind, value in raw.items() for one in _listed(value)
    ]


def _conditions(raw: Any) -> list[Condition]:
    if not isinstance(raw, dict) or not all(isinstance(keys, dict) for keys in raw.values()):
        raise ValueError("a Condition is an object of objects")
    return [
        Condition(operator=operator, key=key.lower(), values=tuple(sorted(_text(one) for one in _listed(values))))
        for operator, keys in raw.items()
        for key, values in keys.items()
    ]


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
