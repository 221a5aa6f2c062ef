"""May this caller assume this role? Only what trust policies of the simulated roles use; all else is a no."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One AssumeRole: the caller's account and ARN, and the condition keys AWS would know."""

    account: str
    arn: str
    keys: Mapping[str, str]


def as_list(value: Any) -> list[Any]:
    """IAM's one-or-many: a lone value as a list of one, absence as an empty list."""
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def names(patterns: Iterable[str], action: str) -> bool:
    """Whether any of the action patterns covers `action`; case does not count."""
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)


def permits(document: str, attempt: Attempt, action: str) -> bool:
    """Whether the trust policy allows `action` (e.g. `sts:AssumeRole`) to the caller, a Deny winning."""
    allowed = False
    for statement in as_list(json.loads(document).get("Statement")):
        if not _speaks_of(statement, attempt, action):
            continue
        if statement.get("Effect") == "Deny":
            return False
        allowed = True
    return allowed


def _speaks_of(statement: Mapping[str, Any], attempt: Attempt, action: str) -> bool:
    return (
        names(as_list(statement.get("Action")), action)
        and _names_caller(statement.get("Principal"), attempt)
        and all(_holds(operator, keys, attempt) for operator, keys in (statement.get("Condition") or {}).items())
    )


def _names_caller(principal: Any, attempt: Attempt) -> bool:
    if principal == "*":
        return True
    wanted = as_list(principal.get("AWS")) if isinstance(principal, Mapping) else []
    known = {"*", attempt.arn, attempt.account, f"arn:{attempt.arn.split(':')[1]}:iam::{attempt.account}:root"}
    return any(name in known for name in wanted)


def _holds(operator: str, keys: Mapping[str, Any], attempt: Attempt) -> bool:
    """Whether all keys of one operator hold. A key that is absent fails a positive test and passes a negated one."""
    known = {name.lower(): value for name, value in attempt.keys.items()}
    test = _TESTS.get(operator)
    if test is None:
        return False
    negated = "Not" in operator
    for key, patterns in keys.items():
        value = known.get(key.lower())
        met = value is not None and any(test(value, pattern) for pattern in as_list(patterns))
        if met == negated:
            return False
    return True


_TESTS: Mapping[str, Callable[[str, str], bool]] = {
    "StringEquals": str.__eq__,
    "StringNotEquals": str.__eq__,
    "ArnEquals": fnmatchcase,
    "StringLike": fnmatchcase,
    "StringNotLike": fnmatchcase,
    "ArnLike": fnmatchcase,
}
