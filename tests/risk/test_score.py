"""The score: its worked examples, its floors and cap, and that more is never less."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prooftrail.model.identity import Kind
from prooftrail.model.judgement import Environment, PrivilegeClass, Tier
from prooftrail.risk import method
from prooftrail.risk.method import Scored, heaviest, model, score
from tests.risk import reference

FACTORS = sorted(reference.POINTS)
KINDS: dict[str, Kind | None] = {
    "": None,
    "root": Kind.ROOT,
    "role_service_linked": Kind.ROLE_SERVICE_LINKED,
    "role_cicd": Kind.ROLE_CICD,
    "secret": Kind.SECRET,
}
anything = {
    "privilege": st.sampled_from(PrivilegeClass),
    "environment": st.sampled_from(Environment),
    "factors": st.sets(st.sampled_from(FACTORS), max_size=8),
    "kind": st.sampled_from(sorted(KINDS)),
    "sensitive": st.booleans(),
}


def scored(privilege: str, environment: str, factors: Iterable[str], kind: str = "", sensitive: bool = False) -> Scored:
    return score(PrivilegeClass(privilege), Environment(environment), factors, KINDS[kind], sensitive)


@pytest.mark.parametrize(
    ("case", "impact", "points", "likelihood", "floors", "tier"),
    [(one.of, one.impact, one.points, one.likelihood, one.floors, one.tier) for one in reference.EXAMPLES],
    ids=[one.name for one in reference.EXAMPLES],
)
def test_a_worked_example_has_the_published_score(
    case: reference.Case, impact: int, points: int, likelihood: int, floors: tuple[str, ...], tier: str
) -> None:
    found = scored(case.privilege, case.environment, case.factors, case.kind)
    assert (found.impact, found.points, found.likelihood) == (impact, points, likelihood)
    assert tuple(one.split()[0] for one in found.floors) == floors
    assert found.tier == tier


@given(**anything)
def test_the_score_is_that_of_the_reference(
    privilege: PrivilegeClass, environment: Environment, factors: set[str], kind: str, sensitive: bool
) -> None:
    expected = reference.score(privilege, environment, factors, kind=kind, sensitive_ou=sensitive)
    found = scored(privilege, environment, factors, kind, sensitive)
    assert expected == {
        "impact": found.impact,
        "likelihood": found.likelihood,
        "points": found.points,
        "tier": found.tier.value,
        "floors": list(found.floors),
    }


@given(**anything, more=st.sampled_from(FACTORS))
def test_one_factor_more_never_lowers_the_tier(
    privilege: PrivilegeClass, environment: Environment, factors: set[str], kind: str, sensitive: bool, more: str
) -> None:
    before = scored(privilege, environment, factors, kind, sensitive)
    after = scored(privilege, environment, {*factors, more}, kind, sensitive)
    assert after.tier.rank >= before.tier.rank


@given(**anything, higher=st.sampled_from(PrivilegeClass), place=st.sampled_from(Environment))
def test_a_higher_class_or_environment_never_lowers_the_tier(
    privilege: PrivilegeClass,
    environment: Environment,
    factors: set[str],
    kind: str,
    sensitive: bool,
    higher: PrivilegeClass,
    place: Environment,
) -> None:
    places = list(Environment)
    above = max(place, environment, key=places.index)
    top = max(higher, privilege, key=lambda one: one.rank)
    before = scored(privilege, environment, factors, kind, sensitive)
    assert scored(top, above, factors, kind, True).tier.rank >= before.tier.rank


@given(factors=st.sets(st.sampled_from(FACTORS)), more=st.sampled_from(FACTORS))
def test_of_degrees_of_one_thing_the_heaviest_counts_and_one_fact_more_never_lightens(
    factors: set[str], more: str
) -> None:
    before, after = heaviest(factors), heaviest({*factors, more})
    weight = {name: rule.points for name, rule in model().factor.items()}
    assert sum(weight[one] for one in after) >= sum(weight[one] for one in before)
    assert before <= factors
    for group in model().exclusive.values():
        assert len(before.intersection(group)) <= 1


@pytest.mark.parametrize("factors", [{"external_unregistered"}, {"external_no_external_id"}])
def test_a_degree_never_hides_a_floor(factors: set[str]) -> None:
    kept = heaviest({*factors, "external_registered", "external_no_external_id"})
    assert scored("admin", "prod", kept).tier is Tier.CRITICAL


def test_a_factor_the_model_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="no factor bad_luck"):
        score(PrivilegeClass.NONE, Environment.PROD, {"bad_luck"})


def test_factors_this_version_cannot_collect_say_why() -> None:
    not_covered = {name for name, rule in model().factor.items() if rule.not_covered}
    assert not_covered == {"approval_missing", "shared_nhi", "review_overdue", "cert_expired_in_use"}


DOCUMENT = Path(__file__).parents[2] / "docs" / "risk-model.md"


def test_the_published_page_says_what_the_model_does() -> None:
    page = DOCUMENT.read_text(encoding="utf-8")
    assert page.startswith(f"# The risk model, version `{model().version}`")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if line.startswith("|")]
    points = {
        name: int(number)
        for row in rows
        if row[0].split(" / ")[0] in model().factor
        for name, number in zip(row[0].split(" / "), row[1].split(" / "), strict=True)
    }
    covered = {name: rule.points for name, rule in model().factor.items() if not rule.not_covered}
    assert points == covered
    matrix = [tuple(row[1:]) for row in rows if row[0].strip("*") in {"1", "2", "3", "4", "5"}]
    assert matrix == [tuple(tier.value for tier in row) for row in model().matrix.rows]
    impacts = {name: int(row[1]) for row in rows for name in row[0].split(", ") if name in set(PrivilegeClass)}
    assert impacts == {cls.value: impact for cls, impact in model().impact.items()}
    floors = {row[0]: row[1] for row in rows if row[0][:1] == "F" and row[0][1:].isdigit()}
    assert floors == {one.name.split()[0]: one.tier.value for one in model().floor}
    assert all(f"`{name}`" in page for name, rule in model().factor.items() if rule.not_covered)


def text(before: str, after: str) -> str:
    """The model with one line changed."""
    whole = method.resources.files("prooftrail.risk").joinpath("model.toml").read_text(encoding="utf-8")
    assert before in whole
    return whole.replace(before, after, 1)


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ("sensitive_ou = 1", "sensitive_ou = 1\nsensitiv = 2", "unknown field `sensitiv`"),
        ("none = 1\n", "", "every privilege class needs an impact"),
        ("admin = 5", "admin = 4", "a higher class may not have a lower impact"),
        ("sandbox = -1", "sandbox = 2", "a higher environment may not count less"),
        ('["low", "low", "medium", "medium", "high"]', '["low", "high", "medium", "medium", "high"]', "may not fall"),
        ('["low", "low", "medium", "medium", "high"]', '["low", "medium", "medium", "high"]', "five rows of five"),
        ('factors = [["trust_any_principal"]]', 'factors = [["trust_any"]]', "no factor is called trust_any"),
        ("points = 8\nlikelihood = 5", "points = 1\nlikelihood = 5", "steps rise"),
        ('tier = "high"', 'tier = "higher"', "Invalid enum value"),
    ],
)
def test_a_model_that_is_not_whole_is_refused(before: str, after: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        method.parse(text(before, after))
