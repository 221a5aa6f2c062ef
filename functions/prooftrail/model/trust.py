"""A role's trust policy, parsed once: who is let in, by which action, under which conditions."""

from enum import StrEnum
from typing import Any

import msgspec

from . import strict_json

_TOP = frozenset({"Version", "Id", "Statement"})
_VERSIONS = ("2008-10-17", "2012-10-17")
_ELEMENTS = frozenset({"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Condition"})


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

    Names and values must stand as AWS writes them, in its case, once each; what AWS leaves to the author (a version, a
    Sid, one statement without a list, an empty list) is left here too. Raises ValueError, which says where, for any
    other text: a role whose trust cannot be read is a gap, not a closed door. Source: IAM, "Grammar of the IAM JSON
    policy language" and "IAM policy validation check reference".
    """
    policy = strict_json.read(document)
    if not isinstance(policy, dict):
        raise ValueError("a trust policy is a JSON object")
    if unknown := sorted(set(policy) - _TOP):
        raise ValueError(f"{unknown[0]!r} is no element of a policy")
    if "Version" in policy and policy["Version"] not in _VERSIONS:
        raise ValueError(f"{policy['Version']!r} is no version of the policy language")
    if "Statement" not in policy:
        raise ValueError("it has no Statement")
    listed = _listed(policy["Statement"])
    return tuple(_statement(one, f"statement {at}") for at, one in enumerate(listed, start=1))


def _statement(raw: Any, where: str) -> TrustStatement:
    if not isinstance(raw, dict):
        raise ValueError(f"{where} is no JSON object")
    if unknown := sorted(set(raw) - _ELEMENTS):
        raise ValueError(f"{where}: {unknown[0]!r} is no element of a statement that says who may come in")
    if raw.get("Effect") not in ("Allow", "Deny"):
        raise ValueError(f"{where}: Effect is Allow or Deny, not {raw.get('Effect')!r}")
    who, what = _either(raw, "Principal", where), _either(raw, "Action", where)
    return TrustStatement(
        effect=raw["Effect"],
        principals=tuple(sorted(_principals(raw[who], where))),
        actions=tuple(sorted(_actions(raw[what], where))),
        conditions=tuple(sorted(_conditions(raw.get("Condition", {}), where))),
        not_principals=who == "NotPrincipal",
        not_actions=what == "NotAction",
        sid=None if raw.get("Sid") is None else str(raw["Sid"]),
    )


def _either(raw: dict[str, Any], name: str, where: str) -> str:
    """Which of an element and its opposite the statement has."""
    found = [one for one in (name, f"Not{name}") if one in raw]
    if len(found) != 1:
        raise ValueError(f"{where}: it needs either {name} or Not{name}")
    return found[0]


def _principals(raw: Any, where: str) -> list[Principal]:
    if raw == "*":
        return [Principal(type=PrincipalType.ANY, value=raw)]
    if not isinstance(raw, dict):
        raise ValueError(f"{where}: a Principal is `*` or an object")
    if unknown := sorted(set(raw) - _PRINCIPALS):
        raise ValueError(f"{where}: {unknown[0]!r} is no kind of principal")
    return [
        Principal(type=PrincipalType(kind), value=one)
        for kind, value in raw.items()
        for one in _texts(value, f"{where}: the principal {kind}")
    ]


def _actions(raw: Any, where: str) -> list[str]:
    found = _texts(raw, f"{where}: its action")
    wrong = next((one for one in found if not one.startswith("*") and ":" not in one), None)
    if wrong is not None:
        raise ValueError(f"{where}: {wrong!r} is no action: it needs the form service:Name")
    return found


def _texts(raw: Any, what: str) -> list[str]:
    listed = _listed(raw)
    if not all(isinstance(one, str) and one and one == one.strip() for one in listed):
        raise ValueError(f"{what} is a text or a list of texts, without blanks around them")
    return listed


def _conditions(raw: Any, where: str) -> list[Condition]:
    if not isinstance(raw, dict) or not all(isinstance(keys, dict) for keys in raw.values()):
        raise ValueError(f"{where}: a Condition is an object of objects")
    for operator, keys in raw.items():
        if len({key.lower() for key in keys}) != len(keys):
            raise ValueError(f"{where}: {operator} has one key twice, in different case")
    return [
        Condition(operator=operator, key=key.lower(), values=_values(values, f"{where}: the value of {key}"))
        for operator, keys in raw.items()
        for key, values in keys.items()
    ]


def _values(raw: Any, what: str) -> tuple[str, ...]:
    listed = _listed(raw)
    if not all(isinstance(one, str | bool | int | float) for one in listed):
        raise ValueError(f"{what} is a text, a number or a truth value, or a list of them")
    return tuple(sorted(("true" if one else "false") if isinstance(one, bool) else str(one) for one in listed))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


_PRINCIPALS = frozenset(PrincipalType) - {PrincipalType.ANY}
