"""Says in one paragraph why an identity has its tier: what it may do, where, how easily, and what is not known."""

from collections.abc import Iterable, Iterator

from prooftrail.model.identity import Identity
from prooftrail.model.judgement import Environment, Factor, Risk

from .method import model

_PLACES = {
    Environment.SANDBOX: "a sandbox account",
    Environment.NONPROD: "a non-production account",
    Environment.PROD: "a production account",
    Environment.SECURITY: "an account that manages or secures others",
}


def paragraph(risk: Risk, identity: Identity) -> str:
    """The score of `identity` in plain English, in the order it is made: impact, likelihood, matrix, floors, doubts.

    The numbers are those of the highest tier the facts allow; where the lowest differs, both tiers are named.
    """
    return " ".join(_sentences(risk, identity))


def _sentences(risk: Risk, identity: Identity) -> Iterator[str]:
    if risk.inherited_from:
        yield "It carries the risk of the user it belongs to."
    if identity.kind in model().cap.kinds:
        yield "Low, because AWS alone writes the policies of a service-linked role and decides who takes it on."
        return
    yield f"{_tier(risk)}, because {_impact(risk)}; {_likelihood(risk)}; {_verdict(risk)}."
    told = {unknown_of(one) for one in risk.possible}
    if unread := [one for one in risk.unknown if one not in told]:
        yield f"Not known: {'; '.join(unread)}."
    yield "Privilege is an upper bound: session policies are invisible."


def _tier(risk: Risk) -> str:
    shown = risk.tier.capitalize()
    return shown if risk.certain else f"{shown} at the most, {risk.tier_from} at the least"


def _impact(risk: Risk) -> str:
    paths = f", by {_listed(risk.paths)}" if risk.paths else ""
    power = f"{_words(risk.privilege)} ({risk.privilege_why}{paths})"
    if risk.privilege_at_most is not risk.privilege:
        power = f"perhaps {_words(risk.privilege_at_most)}, seen {power},"
    return f"{power} in {_PLACES[risk.environment]} ({risk.environment_why}) gives impact {risk.impact}"


def _likelihood(risk: Risk) -> str:
    told = [_factor(one) for one in risk.factors] + [f"perhaps {_factor(one)}" for one in risk.possible]
    if not told:
        return f"nothing makes it easier to misuse, so likelihood is {risk.likelihood}"
    return f"{_listed(told)} {'gives' if len(told) == 1 else 'give'} likelihood {risk.likelihood}"


def unknown_of(one: Factor) -> str:
    """A factor nobody could tell, as `Risk.unknown` says it."""
    return f"perhaps {model().factor[one.name].says}: {one.why}"


def _factor(one: Factor) -> str:
    return f"{model().factor[one.name].says} (+{one.points}: {one.why})"


def _verdict(risk: Risk) -> str:
    by = model()
    plain = by.matrix.rows[risk.impact - 1][risk.likelihood - 1]
    lifting = [one.name for one in by.floor if one.name in risk.floors and one.tier is risk.tier]
    if plain is risk.tier or not lifting:
        return f"together {plain}"
    return f"together {plain}, which {_listed(f'floor {name}' for name in lifting)} {'lifts' if len(lifting) == 1 else 'lift'} to {risk.tier}"


def _words(word: str) -> str:
    return f"privilege {word.replace('_', ' ')}"


def _listed(parts: Iterable[str]) -> str:
    *most, last = list(parts)
    return f"{', '.join(most)} and {last}" if most else last
