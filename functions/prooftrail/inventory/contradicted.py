"""Which listings AWS's own count contradicts: what they lack may have been there, so nothing may be called gone."""

from collections.abc import Iterable, Mapping

from prooftrail.model.account import AccountReadings
from prooftrail.model.reading import Collector, Gap, GapReason, Reading
from prooftrail.model.snapshot import Reconciliation

from .reconcile import CERTIFICATES, GROUPS, POLICIES, PROVIDERS, ROLES, USERS

_PRINCIPALS = (Collector.PRINCIPALS,)
_LISTED_BY = {
    USERS: (Collector.PRINCIPALS, Collector.ACCESS_KEYS),  # keys are asked for user by user
    ROLES: _PRINCIPALS,
    GROUPS: _PRINCIPALS,
    POLICIES: _PRINCIPALS,
    PROVIDERS: (Collector.SAML_PROVIDERS, Collector.OIDC_PROVIDERS),  # AWS counts them together
    CERTIFICATES: (Collector.SERVER_CERTIFICATES,),
}


def contradicted(readings: AccountReadings, held: Iterable[Reconciliation]) -> Mapping[Collector, tuple[Gap, ...]]:
    """A DISAGREES gap for each collector whose listing differs from AWS's count and nothing explains why.

    A listing that was cut short says so itself, and its difference is explained by that: no second gap. To
    hold more than AWS counts is a contradiction too: which of the two answers is wrong, nobody knows.
    """
    found: dict[Collector, tuple[Gap, ...]] = {}
    for one in held:
        if one.what not in _LISTED_BY or one.independent is None or not one.difference or one.explained is not None:
            continue
        if all(_to_the_end(listing) for listing in _listings(readings, one.what)):
            for collector in _LISTED_BY[one.what]:
                found[collector] = (*found.get(collector, ()), _gap(one))
    return found


def _listings(readings: AccountReadings, what: str) -> tuple[Reading[object], ...]:
    if what == PROVIDERS:
        return readings.saml_providers, readings.oidc_providers
    return (readings.server_certificates if what == CERTIFICATES else readings.principals,)


def _to_the_end(listing: Reading[object]) -> bool:
    """Whether every gap is about one thing that was listed, and none about the list."""
    return all(gap.subject is not None for gap in listing.gaps)


def _gap(one: Reconciliation) -> Gap:
    detail = f"{one.counted} {one.what} were listed and {one.independent_source} counts {one.independent}"
    return Gap(api=one.counted_by.split()[0], reason=GapReason.DISAGREES, detail=detail)
