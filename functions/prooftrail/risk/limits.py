"""Which conditions really limit a statement: to named networks, or to principals under a named permissions boundary.

A limit holds only where nothing escapes it: an Allow must demand its key (`IfExists` and `ForAllValues:` do not), and a
Deny must also stand where the key is absent (`ForAnyValue:` does not). Addresses count as a named network up to 2^24
public ones of IPv4 (a /8) or a /29 of IPv6 in sum, private ones not counted: more is a share of the internet where
anybody rents an address. A network endpoint or a VPC is named in full. A boundary is one customer-managed policy named
in full: a pattern is a choice, and a policy AWS writes is no limit anybody set. The only condition tolerated beside a
Deny's is the one AWS documents, `Bool aws:ViaAWSService "false"` (IAM, "Establish permissions guardrails").
"""

import re
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network

from prooftrail.model.trust import Condition

from .conditions import NEGATED, PLAIN, operator_of
from .policy_document import Statement

BOUNDARY = "iam:permissionsboundary"
_SOURCE_IP = "aws:sourceip"
_NETWORKS = frozenset({"aws:sourcevpc", "aws:sourcevpce"})
_OPEN = re.compile(r"[*?]|\$\{")
_WIDEST = {4: 2**24, 6: 2**99}
_ONE_POLICY = re.compile(r"arn:[a-z-]+:iam::(?:\d{12}|\*|\$\{aws:principalaccount\}):policy/[^*?$]+", re.IGNORECASE)


def binds_network(statement: Statement) -> bool:
    """True if an Allow holds from named networks only, or a Deny holds everywhere else."""
    if statement.allow:
        return any(_inside(one) for one in statement.conditions)
    left = [one for one in statement.conditions if not _by_a_service(one)]
    return bool(left) and all(_outside(one) for one in left)


def _inside(one: Condition) -> bool:
    operator, spares_absence = operator_of(one)
    if spares_absence:
        return False
    return (operator == "ipaddress" and _few_addresses(one)) or (operator in PLAIN and _named_networks(one))


def _outside(one: Condition) -> bool:
    operator, _ = operator_of(one)
    if one.operator.lower().startswith("foranyvalue:"):
        return False
    return (operator == "notipaddress" and _few_addresses(one)) or (operator in NEGATED and _named_networks(one))


def _by_a_service(one: Condition) -> bool:
    return (
        one.key == "aws:viaawsservice"
        and one.operator.lower() in ("bool", "boolifexists")
        and tuple(each.lower() for each in one.values) == ("false",)
    )


def _named_networks(one: Condition) -> bool:
    return one.key in _NETWORKS and bool(one.values) and not any(_OPEN.search(each) for each in one.values)


def _few_addresses(one: Condition) -> bool:
    if one.key != _SOURCE_IP or not one.values:
        return False
    try:
        found = [ip_network(each, strict=False) for each in one.values]
    except ValueError:
        return False
    fourth = collapse_addresses(each for each in found if isinstance(each, IPv4Network))
    sixth = collapse_addresses(each for each in found if isinstance(each, IPv6Network))
    return _public(fourth) <= _WIDEST[4] and _public(sixth) <= _WIDEST[6]


def _public(networks: Iterable[IPv4Network | IPv6Network]) -> int:
    return sum(one.num_addresses for one in networks if not one.is_private)


def enforces_boundary(statement: Statement) -> bool:
    """True if an Allow holds only for principals with a named boundary, or a Deny for all those without it.

    A Deny beside which another condition stands denies less than that, and enforces nothing.
    """
    if statement.allow:
        return any(_demands_boundary(one) for one in statement.conditions)
    return len(statement.conditions) == 1 and _spares_boundary(statement.conditions[0])


def _demands_boundary(one: Condition) -> bool:
    operator, spares_absence = operator_of(one)
    return operator in PLAIN and not spares_absence and _one_boundary(one)


def _spares_boundary(one: Condition) -> bool:
    operator, spares_absence = operator_of(one)
    return operator in NEGATED and spares_absence and _one_boundary(one)


def _one_boundary(one: Condition) -> bool:
    return one.key == BOUNDARY and bool(one.values) and all(_ONE_POLICY.fullmatch(each) for each in one.values)
