"""Tells who a role's trust lets in: each principal as the kind of role it makes, and who acts through it.

Deny statements, and statements about anything but taking on the role, let nobody in. Any way of taking on the role
counts for any principal: what AWS would refuse for the mismatch was still meant, and is never told as a closed door.
"""

import re
from collections.abc import Iterable
from functools import cache

import msgspec

from prooftrail.model.identity import IdentityClass, Kind
from prooftrail.model.trust import Principal, PrincipalType, TrustStatement

from .context import OrgContext, Place
from .limits import account_of, assumed, limited_to, services_limited
from .wording import plain

HUMAN, NON_HUMAN, UNDETERMINED = IdentityClass.HUMAN, IdentityClass.NON_HUMAN, IdentityClass.UNDETERMINED

_UNIQUE_ID = re.compile(r"A[BCGINPRS][A-Z]{2}[A-Z0-9]{12,124}")
_EKS_ISSUER = re.compile(r"(?:oidc\.eks\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?|oidc-eks\.[a-z0-9-]+\.api\.aws)(?:/|\Z)")
_EKS_SERVICE = re.compile(r"pods\.eks\.amazonaws\.com(?:\.cn)?")
_SSO_ROLES = "/aws-reserved/sso.amazonaws.com/"
_USERS = re.compile(r":(?:user|federated-user)/")


class Entrant(msgspec.Struct, frozen=True, kw_only=True):
    """One principal that is let in: the kind of role it makes, who acts through it, and its name in words.

    `kind` is None for a principal that no longer exists. `untold` marks one that stands inside or outside, nobody can
    tell which.
    """

    kind: Kind | None
    cls: IdentityClass
    name: str
    untold: bool = False


def entrants(
    trust: Iterable[TrustStatement], *, home: str, context: OrgContext, ci_issuers: Iterable[str]
) -> tuple[Entrant, ...]:
    """Everyone the trust of a role in account `home` lets in, by name; empty if it lets nobody in."""
    statements = tuple(trust)
    denials = tuple(one for one in statements if one.effect == "Deny")
    issuers = tuple(_issuer_pattern(one) for one in ci_issuers)
    found: set[Entrant] = set()
    for one in statements:
        if one.effect == "Allow" and assumed(one):
            found.update(_let_in(one, denials, home, context, issuers))
    return tuple(sorted(found, key=lambda one: (one.name, one.kind or "", one.cls)))


def _let_in(
    statement: TrustStatement,
    denials: tuple[TrustStatement, ...],
    home: str,
    context: OrgContext,
    issuers: tuple[re.Pattern[str], ...],
) -> Iterable[Entrant]:
    if statement.not_principals:
        yield _anyone("everyone but the principals it lists", statement, denials, home, context)
        return
    for who in statement.principals:
        alone = msgspec.structs.replace(statement, principals=(who,))  # a Deny may speak to one of several
        if who.type is PrincipalType.SERVICE:
            yield _service(who.value, statement)
        elif who.type is PrincipalType.FEDERATED and who.value != "*":
            yield _federated(who.value, issuers)
        elif who.type is PrincipalType.ANY or ("*" in who.value and account_of(who.value) is None):
            yield _anyone("anyone", alone, denials, home, context)
        else:
            yield _aws(who, statement, home, context)


def _service(value: str, statement: TrustStatement) -> Entrant:
    if value == "*" and not services_limited(statement):
        return Entrant(kind=Kind.ROLE_PUBLIC, cls=UNDETERMINED, name="every AWS service, for any account")
    kind = Kind.ROLE_WORKLOAD_EKS if _EKS_SERVICE.fullmatch(value) else Kind.ROLE_WORKLOAD
    return Entrant(kind=kind, cls=NON_HUMAN, name=f"the service {plain(value)}")


def _federated(value: str, issuers: tuple[re.Pattern[str], ...]) -> Entrant:
    if ":saml-provider/" in value:
        return Entrant(kind=Kind.ROLE_SAML, cls=HUMAN, name=f"the SAML provider {plain(value.rpartition('/')[2])}")
    issuer = value.partition(":oidc-provider/")[2] or value
    name = f"the OIDC issuer {plain(issuer)}"
    if _EKS_ISSUER.match(issuer.lower()):
        return Entrant(kind=Kind.ROLE_WORKLOAD_EKS, cls=NON_HUMAN, name=name)
    known = any(pattern.match(issuer.lower()) for pattern in issuers)
    return Entrant(kind=Kind.ROLE_CICD, cls=NON_HUMAN if known else UNDETERMINED, name=name)


def _anyone(
    name: str, statement: TrustStatement, denials: tuple[TrustStatement, ...], home: str, context: OrgContext
) -> Entrant:
    places = limited_to(statement, denials, home=home, context=context)
    if places is None:
        return Entrant(kind=Kind.ROLE_PUBLIC, cls=UNDETERMINED, name=name)
    if Place.OUTSIDE in places:
        kind, where = Kind.ROLE_THIRD_PARTY, "outside the organization"
    else:
        kind, where = Kind.ROLE_CROSS_ACCOUNT, "this account" if places == {Place.OWN} else "the organization"
    untold = Place.UNTOLD in places and kind is Kind.ROLE_CROSS_ACCOUNT
    cls = UNDETERMINED if untold else _class_of("", statement)
    limit = "some accounts" if untold else where
    return Entrant(kind=kind, cls=cls, name=f"{name}, limited by condition to {limit}", untold=untold)


def _aws(who: Principal, statement: TrustStatement, home: str, context: OrgContext) -> Entrant:
    if _UNIQUE_ID.fullmatch(who.value):
        return Entrant(kind=None, cls=UNDETERMINED, name=f"the deleted principal {who.value}")
    account = account_of(who.value) if who.type is PrincipalType.AWS else None
    if account is None:
        name = f"the principal {plain(who.value)}, whose account cannot be told"
        return Entrant(kind=Kind.ROLE_CROSS_ACCOUNT, cls=UNDETERMINED, name=name)
    place, name = context.place(account, home=home), f"account {account}"
    if place is Place.UNTOLD:
        return Entrant(kind=Kind.ROLE_CROSS_ACCOUNT, cls=UNDETERMINED, name=name, untold=True)
    kind = Kind.ROLE_THIRD_PARTY if place is Place.OUTSIDE else Kind.ROLE_CROSS_ACCOUNT
    words = {Place.OWN: "this account", Place.INSIDE: f"{name} of the organization"}
    return Entrant(
        kind=kind, cls=_class_of(who.value, statement), name=words.get(place, f"{name} outside the organization")
    )


def _class_of(arn: str, statement: TrustStatement) -> IdentityClass:
    """Who acts through an AWS principal: people, where a second factor or Identity Center says so; a user, either.

    Otherwise software: a role for another account counts as non-human unless declared (control map, identity kinds).
    """
    if _SSO_ROLES in arn or any(_asks_for_people(one.operator, one.key, one.values) for one in statement.conditions):
        return HUMAN
    return UNDETERMINED if _USERS.search(arn) else NON_HUMAN


def _asks_for_people(operator: str, key: str, values: tuple[str, ...]) -> bool:
    if key == "aws:multifactorauthpresent":
        return operator.lower() == "bool" and [one.lower() for one in values] == ["true"]
    positive = operator.lower() in ("arnlike", "arnequals", "stringlike", "stringequals")
    return key == "aws:principalarn" and positive and bool(values) and all(_SSO_ROLES in one for one in values)


@cache
def _issuer_pattern(entry: str) -> re.Pattern[str]:
    """An issuer or what lies below it; `*` stays within one label of the host or one part of the path."""
    host, slash, path = entry.strip().lower().removeprefix("https://").rstrip("/").partition("/")
    pattern = re.escape(host).replace(r"\*", "[^./]*") + slash + re.escape(path).replace(r"\*", "[^/]*")
    return re.compile(pattern + r"(?:/|\Z)")
