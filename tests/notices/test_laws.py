"""What holds of the ladder whatever happens: over weeks, with mails that fail, days without a run and people out of reach."""

from hypothesis import given, settings
from hypothesis import strategies as st

from prooftrail.model.judgement import Event, Tier
from prooftrail.model.notice import Hop, Matter, Told
from prooftrail.notices.day import Planned
from prooftrail.notices.reaching import Standing, standing
from tests.notices.letters import ADA, BO, CY, SEC
from tests.notices.people import CONTACT, a_day, after, an_answer, chains, lasting, lost, moment, plan

PEOPLE = (ADA, BO, CY, SEC)
EVENTS = st.sampled_from([Event.FINDING, Event.ROTATION, Event.UNUSED, Event.EXPIRY, Event.UNOWNED])


@st.composite
def matters(draw: st.DrawFn) -> Matter:
    event = draw(EVENTS)
    return lasting(
        draw(st.integers(-20, 40)),
        id=f"{draw(st.integers(0, 10**6)):032x}",
        event=event,
        tier=draw(st.sampled_from(Tier)),
        failing=draw(st.booleans()) or event is Event.UNOWNED,
        owner=None if event is Event.UNOWNED else ADA,
        not_mine=draw(st.sampled_from([None, None, None, "tag"])),
    )


type _Days = list[tuple[int, set[str], set[str]]]
DAYS = st.lists(
    st.tuples(st.integers(1, 5), st.sets(st.sampled_from(PEOPLE)), st.sets(st.sampled_from(PEOPLE))), max_size=25
)
MATTERS = st.lists(matters(), min_size=1, max_size=4, unique_by=lambda one: one.id)


def weeks(
    given_matters: list[Matter], days: _Days
) -> list[tuple[int, set[str], dict[str, Told], Planned, dict[str, Told]]]:
    """Each day with who is lost, what was told before, what was planned and what is remembered."""
    told: dict[str, Told] = {}
    seen, number = [], 0
    for skipped, gone, failed in days:
        day = a_day(number, map(lost, gone))
        planned = plan(day, given_matters, told)
        now = after(day, planned, lambda who, failed=failed: who not in failed)  # type: ignore[misc]
        seen.append((number, gone, told, planned, now))
        told, number = now, number + skipped
    return seen


@settings(max_examples=60)
@given(MATTERS, DAYS)
def test_planning_again_after_everything_was_sent_plans_nothing_new(given_matters: list[Matter], days: _Days) -> None:
    for number, gone, _, planned, _ in weeks(given_matters, days):
        day = a_day(number, map(lost, gone))
        told = after(day, planned)
        again = plan(day, given_matters, told)
        assert again.calls == ()
        assert {one.matter: one for one in again.told} == told


@settings(max_examples=60)
@given(MATTERS, DAYS)
def test_nobody_outside_a_chain_is_called_nor_anybody_twice_nor_anybody_out_of_reach(
    given_matters: list[Matter], days: _Days
) -> None:
    for _, gone, _, planned, _ in weeks(given_matters, days):
        chain = {one.id: {link.recipient for link in chains().of(one, (CONTACT,))} for one in given_matters}
        pairs = [(one.matter.id, one.recipient) for one in planned.calls]
        assert len(pairs) == len(set(pairs))
        assert all(who in chain[matter] and who not in gone for matter, who in pairs)


@settings(max_examples=60)
@given(MATTERS, DAYS)
def test_a_later_hop_is_called_only_after_every_nearer_one_was_told_or_found_out_of_reach(
    given_matters: list[Matter], days: _Days
) -> None:
    for number, gone, told, planned, _ in weeks(given_matters, days):
        day = a_day(number, map(lost, gone))
        for call in planned.calls:
            links = chains().of(call.matter, (CONTACT,))
            if len(links) == 2:
                continue
            asked = told[call.matter.id].asked if call.matter.id in told else ()
            for link in links[: [one.hop for one in links].index(call.hop)]:
                out = standing(link, day, call.matter.tier)[0] is Standing.UNREACHABLE
                assert out or any(one.hop is link.hop for one in asked)
                assert not out or any(one.hop is link.hop and not one.sent for one in call.asked)


@settings(max_examples=60)
@given(MATTERS, DAYS)
def test_a_matter_nobody_was_told_of_in_time_is_called_or_stated_as_undeliverable(
    given_matters: list[Matter], days: _Days
) -> None:
    for _, _, told, planned, _ in weeks(given_matters, days):
        called = {one.matter.id for one in planned.calls}
        for one in given_matters:
            was_told = one.id in told and told[one.id].steps
            begun = one.failing and not (one.event is Event.UNOWNED and one.tier is Tier.HIGH)
            assert was_told or not begun or one.id in called or one.id in planned.undeliverable
        assert not called & set(planned.undeliverable)
        assert {one.matter for one in planned.told} >= called | set(planned.undeliverable)


@settings(max_examples=60)
@given(MATTERS, DAYS, st.lists(st.integers(0, 30), max_size=4))
def test_a_matter_is_paused_once_at_most(given_matters: list[Matter], days: _Days, answered: list[int]) -> None:
    until: dict[str, list[object]] = {}
    told: dict[str, Told] = {}
    for number in range(len(days)):
        said = tuple(an_answer(one, matters=(given_matters[0].id,)) for one in sorted(answered) if one <= number)
        day = a_day(number, answers=said)
        told = after(day, plan(day, given_matters, told))
        for row in told.values():
            until.setdefault(row.matter, []).append(row.paused_until)
    for each in until.values():
        assert len({one for one in each if one}) <= 1
        assert None not in each[next((at for at, one in enumerate(each) if one), len(each)) :]


@given(st.sampled_from(Tier), st.integers(0, 60), st.integers(0, 40))
def test_days_without_a_run_lose_no_escalation(tier: Tier, skipped: int, due: int) -> None:
    matter = lasting(due, tier=tier, event=Event.FINDING)
    told: dict[str, Told] = {}
    heard: list[Hop] = []
    for number in (0, *range(due + 60 + skipped, due + 66 + skipped)):
        day = a_day(number)
        planned = plan(day, [matter], told)
        told = after(day, planned)
        heard += [one.hop for one in planned.calls if one.hop not in heard]
    assert heard == list(Hop)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.sampled_from([ADA, CY, f" {ADA.upper()}"]), st.integers(-30, 0)), min_size=12, max_size=12),
    st.sampled_from([Tier.CRITICAL, Tier.HIGH]),
)
def test_whatever_a_tag_says_every_day_the_security_team_hears(said: list[tuple[str, int]], tier: Tier) -> None:
    told: dict[str, Told] = {}
    heard: set[Hop] = set()
    for place, (owner, due) in enumerate(said):
        number = place * (1 if tier is Tier.CRITICAL else 5)
        day = a_day(number)
        matter = lasting(due, tier=tier, event=Event.FINDING, since=moment(-40), owner=owner)
        planned = plan(day, [matter], told)
        told = after(day, planned)
        heard |= {one.hop for one in planned.calls}
    assert {Hop.CONTACT, Hop.SECURITY} <= heard
