"""What a policy document says: its statements, parsed once, every one with the label a reader finds it by.

A document that is no policy raises `NotAPolicy`, which says where: a policy nobody could read is a gap, and never a
policy that allows nothing.
"""

from functools import lru_cache
from typing import Any

import msgspec

from prooftrail.model import strict_json
from prooftrail.model.trust import Condition

from .action_table import EVERY, matched

_ELEMENTS = frozenset({
    "Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition", "Principal", "NotPrincipal",
})  # fmt: skip
_TOP = frozenset({"Version", "Id", "Statement"})
_WITH_VARIABLES = "2012-10-17"
"""The version from which `${…}` is a variable (IAM, "JSON policy elements: Version"); before it and without one, text."""


class NotAPolicy(ValueError):
    """The text is no policy document; the message says what is wrong, and in which statement."""


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """One statement of an identity policy. `actions` are in lower case; `written` are the same as they stand.

    `bits` are the known actions it names (see `action_table`). `label` is its Sid, or `statement 2`.
    `variables` is false where the policy's Version leaves `${…}` the text it is (all but 2012-10-17).
    """

    allow: bool
    actions: tuple[str, ...]
    written: tuple[str, ...]
    not_actions: bool
    resources: tuple[str, ...]
    not_resources: bool
    conditions: tuple[Condition, ...]
    label: str
    bits: int
    variables: bool = True

    @property
    def personal(self) -> bool:
        """True if it means something else for each principal: a policy variable, or a condition on who asks."""
        texts = (*self.resources, *(value for one in self.conditions for value in one.values))
        said = self.variables and any("${" in one for one in texts)
        return said or any(one.key in PERSONAL_KEYS for one in self.conditions)


PERSONAL_KEYS = frozenset({"aws:principalarn", "aws:principalaccount", "aws:username", "aws:userid"})


@lru_cache(maxsize=4096)
def parse(text: str, *, principals: bool = False) -> tuple[Statement, ...]:
    """The statements of a policy document, in their order.

    `principals` allows what only resource (control) policies have. Raises NotAPolicy.
    """
    try:
        policy = strict_json.read(text)
    except ValueError as error:
        raise NotAPolicy(str(error)) from None
    if not isinstance(policy, dict):
        raise NotAPolicy("a policy is a JSON object")
    if unknown := sorted(set(policy) - _TOP):
        raise NotAPolicy(f"{unknown[0]!r} is no element of a policy")
    if "Statement" not in policy:
        raise NotAPolicy("it has no Statement")
    raw = policy["Statement"]
    statements = raw if isinstance(raw, list) else [raw]
    variables = policy.get("Version") == _WITH_VARIABLES
    return tuple(_statement(one, at, principals, variables) for at, one in enumerate(statements, start=1))


def _statement(raw: Any, at: int, principals: bool, variables: bool) -> Statement:
    where = f"statement {at}"
    if not isinstance(raw, dict):
        raise NotAPolicy(f"{where} is no JSON object")
    if unknown := sorted(set(raw) - _ELEMENTS):
        raise NotAPolicy(f"{where}: {unknown[0]!r} is no element of a statement")
    if not principals and ("Principal" in raw or "NotPrincipal" in raw):
        raise NotAPolicy(f"{where}: a Principal belongs to a resource or trust policy, not to an identity's")
    if raw.get("Effect") not in ("Allow", "Deny"):
        raise NotAPolicy(f"{where}: Effect is Allow or Deny, not {raw.get('Effect')!r}")
    written, not_actions = _either(raw, "Action", where)
    resources, not_resources = _either(raw, "Resource", where)
    actions = tuple(_action(one, where) for one in written)
    return Statement(
        allow=raw["Effect"] == "Allow",
        actions=actions,
        written=written,
        not_actions=not_actions,
        resources=resources,
        not_resources=not_resources,
        conditions=_conditions(raw.get("Condition", {}), where),
        label=str(raw["Sid"]) if raw.get("Sid") else where,
        bits=_bits(actions, not_actions),
        variables=variables,
    )


def _either(raw: dict[str, Any], name: str, where: str) -> tuple[tuple[str, ...], bool]:
    """The list under `name` or under its opposite, and whether it was the opposite."""
    found = [one for one in (name, f"Not{name}") if one in raw]
    if len(found) != 1:
        raise NotAPolicy(f"{where}: it needs either {name} or Not{name}")
    value = raw[found[0]]
    listed = value if isinstance(value, list) else [value]
    if not all(isinstance(one, str) and one for one in listed):
        raise NotAPolicy(f"{where}: {found[0]} is a text or a list of texts")
    return tuple(listed), found[0] != name


def _action(written: str, where: str) -> str:
    if written != "*" and ":" not in written and not written.startswith("*"):
        raise NotAPolicy(f"{where}: {written!r} is no action: it needs the form service:Name")
    return written.lower()


def _bits(actions: tuple[str, ...], opposite: bool) -> int:
    found = 0
    for one in actions:
        found |= matched(one)
    return EVERY & ~found if opposite else found


def _conditions(raw: Any, where: str) -> tuple[Condition, ...]:
    if not isinstance(raw, dict) or not all(isinstance(keys, dict) for keys in raw.values()):
        raise NotAPolicy(f"{where}: Condition is an object of objects")
    return tuple(
        sorted(
            Condition(operator=operator, key=key.lower(), values=_values(values))
            for operator, keys in raw.items()
            for key, values in keys.items()
        )
    )


def _values(raw: Any) -> tuple[str, ...]:
    listed = raw if isinstance(raw, list) else [raw]
    return tuple(sorted(("true" if one else "false") if isinstance(one, bool) else str(one) for one in listed))
