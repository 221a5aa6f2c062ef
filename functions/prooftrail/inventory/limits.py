"""Tells how far conditions limit a trust statement that names anyone: to whom it is open after all.

Source: ruling 13. For AWS principals `aws:PrincipalOrgID`, `aws:PrincipalOrgPaths`, `aws:PrincipalAccount` and
`aws:PrincipalArn` limit; an external id, a source address or a tag never does. Keys match without regard to case.
A Deny speaks to the principals it names: one for services or for web identities bars no AWS principal.
"""

from collections.abc import Iterable
from fnmatch import fnmatchcase

from prooftrail.model.trust import Condition, Principal, PrincipalType, TrustStatement

from .context import OrgContext, Place

_WAYS = frozenset({"sts:assumerole", "sts:assumerolewithsaml", "sts:assumerolewithwebidentity"})
_POSITIVE = frozenset({"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike"})
_NEGATIVE = frozenset({"stringnotequals", "stringnotequalsignorecase", "stringnotlike", "arnnotequals", "arnnotlike"})
_TEXT_PATTERNS = frozenset({"stringlike", "stringnotlike"})
_ORGANIZATION_KEYS = frozenset({"aws:principalorgid", "aws:principalorgpaths"})
_ARN = "aws:principalarn"
EVER_PRESENT = frozenset({"aws:principalaccount", _ARN})
"""Keys every request carries, so that an operator which passes without its key passes no one more."""
_SOURCE_ACCOUNT, _SOURCE_ARN = "aws:sourceaccount", "aws:sourcearn"
_SOURCE_KEYS = frozenset({_SOURCE_ACCOUNT, _SOURCE_ARN, "aws:sourceorgid", "aws:sourceorgpaths"})
_OWN_ORGANIZATION = "${aws:resourceorgid}"
_OWN_ACCOUNT = "${aws:resourceaccount}"
_ACCOUNT_DIGITS = 12
_ARN_PARTS = 6
_OPEN = frozenset("*?$")  # wildcards, and the beginning of a variable


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
    """True if a statement for every AWS service names the account, ARN or organization they must act for.

    A pattern that could stand for any account names none; nor does an operator that passes where the service says
    nothing of whom it acts for.
    """
    return any(_names_the_source(one) for one in statement.conditions)


def assumed(statement: TrustStatement) -> frozenset[str]:
    """The ways of taking on a role that the statement speaks of, in lower case; empty for any other action."""
    patterns = [one.lower() for one in statement.actions]
    named = frozenset(way for way in _WAYS if any(fnmatchcase(way, one.replace("[", "[[]")) for one in patterns))
    return _WAYS - named if statement.not_actions else named


def bars_everyone_of(denial: TrustStatement, statement: TrustStatement) -> bool:
    """True if the Deny speaks to everyone whom `statement` lets in; a Deny for all but some is never taken for that."""
    if denial.effect != "Deny" or denial.not_principals:
        return False
    anyone = (Principal(type=PrincipalType.ANY, value="*"),)
    let_in = anyone if statement.not_principals else statement.principals
    return all(_barred(one, denial, assumed(statement)) for one in let_in)


def barring(denial: TrustStatement) -> tuple[Condition, ...]:
    """The conditions under which a Deny bars those who are no AWS service.

    Sparing services is none of them: services stand in no account.
    """
    spares = (_operator(one)[0] == "bool" and one.values == ("false",) for one in denial.conditions)
    return tuple(
        one
        for one, services in zip(denial.conditions, spares, strict=True)
        if not (services and one.key == "aws:principalisawsservice")
    )


def account_of(arn: str) -> str | None:
    """The twelve digits of an ARN's account, or of a bare account id; None where there are none."""
    parts = arn.split(":", _ARN_PARTS - 1)
    account = parts[4] if len(parts) == _ARN_PARTS and parts[0] == "arn" else arn
    return account if len(account) == _ACCOUNT_DIGITS and account.isascii() and account.isdigit() else None


def _barred(who: Principal, denial: TrustStatement, ways: frozenset[str]) -> bool:
    """True if the Deny speaks to this principal. `*` means what AWS: `*` means, except that tokens come in by it too."""
    if any(one.type is PrincipalType.ANY for one in denial.principals):
        return True
    if who.type is PrincipalType.ANY:
        every_aws = Principal(type=PrincipalType.AWS, value="*")
        return every_aws in denial.principals and ways <= {"sts:assumerole"}
    return any(one.type is who.type and one.value in ("*", who.value) for one in denial.principals)


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
    passes_without_key = if_exists and condition.key not in EVER_PRESENT
    if operator not in _POSITIVE or prefix == "forallvalues" or passes_without_key:
        return None
    return _places(condition, home, context)


def _left_by(denial: TrustStatement, allow: TrustStatement, home: str, context: OrgContext) -> frozenset[Place] | None:
    """Where those stand whom a Deny for everyone leaves; None if it may leave anyone."""
    if not bars_everyone_of(denial, allow) or not assumed(allow) <= assumed(denial):
        return None
    limits = []
    for one in barring(denial):
        operator, prefix, _ = _operator(one)
        if operator not in _NEGATIVE or prefix == "foranyvalue":
            return None
        limits.append(_places(one, home, context))
    return limits[0] if len(limits) == 1 else None


def _places(condition: Condition, home: str, context: OrgContext) -> frozenset[Place] | None:
    """Where the values of a limiting key stand; None if the key limits nobody, or one of its values is open."""
    if condition.key not in _ORGANIZATION_KEYS | EVER_PRESENT or not condition.values:
        return None
    if condition.key == _ARN and _operator(condition)[0] in _TEXT_PATTERNS and any(map(_strays, condition.values)):
        return None
    found = set()
    for value in condition.values:
        place = _place(condition.key, value, home, context)
        if place is None:
            return None
        found.add(place)
    return frozenset(found)


def _strays(arn: str) -> bool:
    """True for a pattern that may find its account in a stranger's path: as text, `*` runs over the colons before it."""
    return not _OPEN.isdisjoint("".join(arn.split(":", _ARN_PARTS - 1)[: _ARN_PARTS - 1]))


def _place(key: str, value: str, home: str, context: OrgContext) -> Place | None:
    """Where one value stands; None for a wildcard or a variable that may stand for anyone."""
    if key in _ORGANIZATION_KEYS:
        if value.lower() == _OWN_ORGANIZATION:
            return Place.INSIDE
        organization = _organization(value)
        return context.place_of_organization(organization) if organization else None
    if value.lower() == _OWN_ACCOUNT:
        return Place.OWN
    account = account_of(value)
    return context.place(account, home=home) if account else None


def _organization(value: str) -> str | None:
    """The organization an id or a path names; None for a pattern."""
    organization = value.split("/", 1)[0]
    return organization if organization.startswith("o-") and _OPEN.isdisjoint(organization) else None


def _names_the_source(condition: Condition) -> bool:
    operator, prefix, if_exists = _operator(condition)
    if condition.key not in _SOURCE_KEYS or operator not in _POSITIVE or if_exists or prefix == "forallvalues":
        return False
    return bool(condition.values) and all(_is_a_source(condition.key, one) for one in condition.values)


def _is_a_source(key: str, value: str) -> bool:
    """True if the value names whom a service must act for, rather than a pattern of them."""
    named = value.lower().replace(_OWN_ACCOUNT, "0" * _ACCOUNT_DIGITS)
    if key == _SOURCE_ACCOUNT:
        return account_of(named) == named
    if key == _SOURCE_ARN:
        return account_of(named) is not None or _is_without_account(named)
    return named == _OWN_ORGANIZATION or _organization(value) is not None


def _is_without_account(arn: str) -> bool:
    """True for an ARN that names one thing of a service whose ARNs have no account: a bucket, or anything to its end."""
    parts = arn.split(":", _ARN_PARTS - 1)
    if len(parts) != _ARN_PARTS or parts[0] != "arn" or parts[4]:
        return False
    name = parts[5].split("/", 1)[0] if parts[2] == "s3" else parts[5]
    return bool(name) and _OPEN.isdisjoint(parts[2] + name)
