"""Which factors the ways into a role give: the weakest way counts, because it is the one that will be taken."""

from prooftrail.model.judgement import Environment

from .entry import Comer, Entry, Pin, Way
from .environment import Place, below_production
from .gathering import Gathering
from .surroundings import Surroundings

_WORST = (
    "trust_any_principal",
    "oidc_sub_wildcard",
    "oidc_aud_missing",
    "external_unregistered",
)
_REGISTERED = (Comer.SUPPLIER, Comer.OWN_ORGANIZATION, Comer.AWS_OWNED)
_WEB = (Comer.OIDC, Comer.EKS_IRSA)


def gather_trust(entry: Entry | None, around: Surroundings, to: Gathering) -> None:
    """Tell `to` what the ways in give.

    A role whose trust was not read may let in anybody. Services, people behind SAML and Pod Identity give no factor.
    """
    here = around.place
    if entry is None or entry.unread is not None:
        why = (entry.unread if entry else None) or "its trust was not read"
        for factor in _WORST:
            to.maybe(factor, why)
        if not below_production(here.environment):
            to.maybe("cross_env_into_prod", why)
        return
    for way in entry.ways:
        _from_anybody(way, to)
        _from_outside(way, to)
        _from_the_web(way, to)
        if way.comer is Comer.INSIDE or (way.comer is Comer.UNTOLD and not around.alone):
            _across(way, around, to)


def _from_anybody(way: Way, to: Gathering) -> None:
    if way.comer is Comer.ANYONE:
        limited = f", limited by {', '.join(way.limited_by)}" if way.limited and way.limited_by else ""
        to.sure(
            "trust_any_principal_conditioned" if way.limited else "trust_any_principal",
            f"{way.who} may come in{limited}",
        )


def _from_outside(way: Way, to: Gathering) -> None:
    """A register's entry that lapsed is no entry. Only suppliers owe an external id."""
    if way.comer is Comer.UNTOLD:
        to.maybe("external_unregistered", f"{way.who} may stand outside: inside and outside cannot be told")
    elif way.comer in (Comer.OUTSIDE_UNKNOWN, Comer.FORMER_MEMBER):
        to.sure("external_unregistered", f"{way.who} may come in ({way.comer.replace('_', ' ')})")
    elif way.comer in _REGISTERED and not way.supplier_active:
        to.sure("external_unregistered", f"{way.who}: its entry in suppliers.toml has lapsed")
    elif way.comer is Comer.SUPPLIER and not way.external_id:
        to.sure("external_no_external_id", f"{way.who} may come in and brings no external id")
    elif way.comer in _REGISTERED:
        to.sure("external_registered", f"{way.who} may come in")


def _from_the_web(way: Way, to: Gathering) -> None:
    """IRSA is held to its full service account, pipelines to one repository (ruling 12)."""
    if way.comer not in _WEB:
        return
    enough = (Pin.FULL,) if way.comer is Comer.EKS_IRSA else (Pin.FULL, Pin.REPOSITORY)
    if way.pin is None:
        to.maybe("oidc_sub_wildcard", way.unpinned_why or f"how {way.who} is pinned cannot be told")
    elif way.pin not in enough:
        to.sure("oidc_sub_wildcard", way.unpinned_why or f"{way.who} is pinned to {way.pin} only")
    if way.audience is None:
        to.maybe("oidc_aud_missing", f"whether {way.who} is held to an audience cannot be told")
    elif not way.audience:
        to.sure("oidc_aud_missing", f"{way.who} is held to no audience")


def _across(way: Way, around: Surroundings, to: Gathering) -> None:
    """Production is what stands in production or guards it; a lesser environment must not reach into it."""
    here = around.place
    if below_production(here.environment):
        return
    if way.account is None:
        if way.comer is Comer.UNTOLD:
            to.maybe("cross_env_into_prod", f"{way.who}: its environment cannot be told")
        return
    there = around.place_of(way.account)
    if not below_production(there.lowest):
        return
    certain = not below_production(here.lowest) and below_production(there.environment)
    to.told(certain, "cross_env_into_prod", f"account {way.account} is {_named(there)}, this one is {_named(here)}")


def _named(place: Place) -> str:
    name = _WORDS[place.environment]
    return name if place.certain else f"{_WORDS[place.lowest]} or above"


_WORDS = {
    Environment.SANDBOX: "a sandbox",
    Environment.NONPROD: "non-production",
    Environment.PROD: "production",
    Environment.SECURITY: "management or security",
}
