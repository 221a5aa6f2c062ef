"""What a condition of a statement does to an upper bound: certainly met, certainly not met, or open.

An open condition on an Allow still allows: somewhere, some time, it may hold. An open condition on a Deny removes
nothing. Only what is known of a request decides: who asks, the service a role is passed to, the boundary of the
principal that is changed. Whether a key is the caller's to choose (user agent, referer, tags of the request) makes no
difference to that: what is not certain stays open. A network key (aws:SourceIp, aws:SourceVpc, aws:SourceVpce) is not
the caller's to choose and is told apart in `limits`.
"""

from collections.abc import Iterable, Mapping

import msgspec

from prooftrail.model.trust import Condition

from .patterns import covers
from .policy_document import Statement

PASSED_TO = "iam:passedtoservice"
NEGATED = frozenset({"stringnotequals", "stringnotequalsignorecase", "stringnotlike", "arnnotequals", "arnnotlike"})
PLAIN = frozenset({"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike"})


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a request; a key that is not in `values` is open, one that is there as None is absent."""

    values: Mapping[str, str | None] = {}


def operator_of(condition: Condition) -> tuple[str, bool]:
    """The operator in lower case without its set prefix, and whether an absent key satisfies it.

    A negated operator is satisfied by an absent key, but not with `ForAnyValue:`, which then has no value to look at.
    """
    prefix, _, text = condition.operator.lower().rpartition(":")
    operator = text.removesuffix("ifexists")
    negated = operator in NEGATED and prefix != "foranyvalue"
    return operator, text.endswith("ifexists") or prefix == "forallvalues" or negated


def holds(condition: Condition, known: Mapping[str, str | None]) -> bool | None:
    """True if the condition is certainly met, False if certainly not, None where nobody can tell from here."""
    if condition.key not in known:
        return None
    value, (operator, spares_absence) = known[condition.key], operator_of(condition)
    if operator == "null":
        return (value is None) == ("true" in condition.values)
    if operator not in PLAIN | NEGATED or any("${" in one for one in condition.values):
        return None
    negated = operator in NEGATED
    if value is None:
        return spares_absence
    return _among(value, condition.values, operator) != negated


def _among(value: str, values: Iterable[str], operator: str) -> bool:
    if "ignorecase" in operator:
        return value.lower() in {one.lower() for one in values}
    if "like" in operator or operator.startswith("arn"):
        return any(covers(one, value) for one in values)
    return value in values


def still_allows(statement: Statement, known: Mapping[str, str | None]) -> bool:
    """True unless a condition is certainly not met."""
    return all(holds(one, known) is not False for one in statement.conditions)


def surely_denies(statement: Statement, known: Mapping[str, str | None]) -> bool:
    """True if every condition is certainly met."""
    return all(holds(one, known) is True for one in statement.conditions)
