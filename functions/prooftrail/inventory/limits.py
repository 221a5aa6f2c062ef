"""Tells how far conditions limit a trust statement that names anyone: to whom it is open after all.

Source: ruling 13. For AWS principals `aws:PrincipalOrgID`, `aws:PrincipalOrgPaths`, `aws:PrincipalAccount` and
`aws:PrincipalArn` limit; an external id, a source address or a tag never does. Keys match without regard to case.
"""

from collections.abc import Iterable
from fnmatch import fnmatchcase

from prooftrail.model.trust import Condition, PrincipalType, TrustStatement

from .context import OrgContext, Place

_WAYS = frozenset({"sts:assumerole", "sts:assumerolewithsaml", "sts:assumerolewithwebidentity"})
_POSITIVE = frozenset({"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike"})
_NEGATIVE = frozenset({"stringnotequals", "stringnotequalsignorecase", "stringnotlike", "arnnotequals", "arnnotlike"})
_ORGANIZATION_KEYS = frozenset({"aws:principalorgid", "aws:principalorgpaths"})
_EVER_PRESENT = frozenset({"aws:principalaccount", "aws:principalarn"})
_SOURCE_KEYS = frozenset({"aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths"})
_OWN_ORGANIZATION = "${aws:resourceorgid}"
_OWN_ACCOUNT = "${aws:resourceaccount}"
_ACCOUNT_DIGITS = 12
_ARN_PARTS = 6


def limited_to(
    statement: TrustStatement, denials: Iterable[TrustStatement], *, home: str, context: OrgContext
) -> frozenset[Place] | None:
    """Where those stand whom a statement for anyone lets in; None if nothing limits it.

    Limits hold together, so one that keeps everybody inside decides. A Deny on the same actions, for everyone unless
    one of the keys matches, limits as well.
    """
    limits = [found for one in statement.conditions if (found := _allowed(one, home, context)) is not None]
    limits += [found for one in denials if (found := _left_by(one, statement, home, context)) is not None]
    if not limits:
        return None
    return min(limits, key=_openness)


def services_limited(statement: TrustStatement) -> bool:
    """True if a statement for every AWS service names the account, ARN or organization they must act for."""
    named = (one for one in statement.conditions if one.key in _SOURCE_KEYS and _operator(one)[0] in _POSITIVE)
    return any(all(value.strip("*:/") for value in one.values) for one in named)


def assumed(statement: TrustStatement) -> frozenset[str]:
    """The ways of taking on a role that the statement speaks of, in lower case; empty for any other action."""
    patterns = [one.lower() for one in statement.actions]
    named = frozenset(way for way in _WAYS if any(fnmatchcase(way, one.replace("[", "[[]")) for one in patterns))
    return _WAYS - named if statement.not_actions else named


def denies_anyone(statement: TrustStatement) -> bool:
    """True for a Deny that speaks to everyone."""
    named = any(who.type is PrincipalType.ANY or who.value == "*" for who in statement.principals)
    return statement.effect == "Deny" and named and not statement.not_principals


def account_of(arn: str) -> str | None:
    """The twelve digits of an ARN's account, or of a bare account id; None where there are none."""
    parts = arn.split(":", _ARN_PARTS - 1)
    account = parts[4] if len(parts) == _ARN_PARTS and parts[0] == "arn" else arn
    return account if len(account) == _ACCOUNT_DIGITS and account.isascii() and account.isdigit() else None


def _openness(places: frozenset[Place]) -> int:
    if places <= {Place.OWN, Place.INSIDE}:
        return 0
    return 2 if Place.OUTSIDE in places else 1


def _operator(condition: Condition) -> tuple[str, str, bool]:
    """The operator in lower case without its set prefix and suffix, the prefix, and whether it ends in IfExists."""
    text = condition.operator.lower()
    prefix, _, rest = text.rpartition(":")
    return rest.removesuffix("ifexists"), prefix, rest.endswith("ifexists")


def _allowed(condition: Condition, home: str, context: OrgContext) -> frozenset[Place] | None:
    """Where those stand who pass an Allow's condition; None if it limits nobody, as one that passes without its key."""
    operator, prefix, if_exists = _operator(condition)
    passes_without_key = if_exists and condition.key not in _EVER_PRESENT
    if operator not in _POSITIVE or prefix == "forallvalues" or passes_without_key:
        return None
    return _places(condition, home, context)


def _left_by(denial: TrustStatement, allow: TrustStatement, home: str, context: OrgContext) -> frozenset[Place] | None:
    """Where those stand whom a Deny for everyone leaves; None if it may leave anyone."""
    if not denies_anyone(denial) or not assumed(allow) <= assumed(denial):
        return None
    limits = []
    for one in denial.conditions:
        operator, prefix, _ = _operator(one)
        if one.key == "aws:principalisawsservice" and operator == "bool" and one.values == ("false",):
            continue  # spares AWS services only, which stand in no account
        if operator not in _NEGATIVE or prefix == "foranyvalue":
            return None
        limits.append(_places(one, home, context))
    return limits[0] if len(limits) == 1 else None


def _places(condition: Condition, home: str, context: OrgContext) -> frozenset[Place] | None:
    """Where the values of a limiting key stand; None if the key limits nobody, or one of its values is open."""
    if condition.key not in _ORGANIZATION_KEYS | _EVER_PRESENT or not condition.values:
        return None
    found = set()
    for value in condition.values:
        place = _place(condition.key, value, home, context)
        if place is None:
            return None
        found.add(place)
    return frozenset(found)


def _place(key: str, value: str, home: str, context: OrgContext) -> Place | None:
    """Where one value stands; None for a wildcard or a variable that may stand for anyone."""
    if key in _ORGANIZATION_KEYS:
        if value.lower() == _OWN_ORGANIZATION:
            return Place.INSIDE
        organization = value.split("/", 1)[0]
        closed = organization.startswith("o-") and not set(organization) & set("*?$")
        return context.place_of_organization(organization) if closed else None
    if value.lower() == _OWN_ACCOUNT:
        return Place.OWN
    account = account_of(value)
    return context.place(account, home=home) if account else None
