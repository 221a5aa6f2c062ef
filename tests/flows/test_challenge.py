"""A sample of the evidence against AWS as it is now: the same, later by AWS's own dates, gone, new, or a mismatch to look into."""

from datetime import timedelta

import pytest

from prooftrail.errors import ConfigError
from prooftrail.flows.challenge import Ask, Challenge, ChallengeLocker
from prooftrail.flows.challenge_items import Challenged, Outcome
from prooftrail.flows.locker_history import LockerHistory
from prooftrail.model.account import AccountReadings
from tests.flows.world import DAY_1, HOME, MEMBER, World, rewritten

RUN = "20261101T060000Z"


class Now(World):
    """A world that was swept on the first day, and that somebody reads again an hour later, or when it says."""

    def __init__(self) -> None:
        super().__init__()
        self.born = DAY_1 - timedelta(days=90)

    def _readings(self, account: str, names: list[str]) -> AccountReadings:
        found = super()._readings(account, names)
        users = tuple(
            rewritten(one, created_at=self.born) if one.name == "eve" else one for one in found.principals.items
        )
        return rewritten(found, principals=rewritten(found.principals, items=users))


def swept() -> Now:
    """A world of which the first day was sealed."""
    world = Now()
    world.sweep()(world.day(1))
    world.clock.at += timedelta(hours=1)
    return world


def challenge(
    world: World, *, account: str = HOME, secret: bytes = b"the auditor's own, thrown away!!", **asked: object
) -> Challenge:
    """The whole population against the world as it is now."""
    history = LockerHistory(world.locker)
    flow = ChallengeLocker(
        history=history, source=world, account=account, who="arn:aws:iam::1:user/ada", secret=secret, clock=world.clock
    )
    return flow(history.run(RUN), Ask(**{"size": 100, "seed": "dice", "assumes": True} | asked))  # type: ignore[arg-type]


def item(found: Challenge, name: str) -> Challenged:
    """The one item of that name."""
    (one,) = [each for each in (*found.items, *found.extra) if each.name == name]
    return one


def test_what_did_not_change_agrees_in_every_field() -> None:
    found = challenge(swept())
    assert {one.outcome for one in found.items} == {Outcome.AGREES}
    assert (found.mismatches, found.extra, found.reread) == (0, (), len(found.items))
    assert min(one.fields_same for one in found.items) > 3


def test_people_are_compared_by_name_though_the_pseudonyms_of_two_readings_differ() -> None:
    world = Now()
    world.users[HOME] = ["kim@example.com"]
    world.sweep()(world.day(1))
    found = challenge(world)
    assert item(found, "kim@example.com").outcome is Outcome.AGREES


def test_people_nobody_can_name_any_more_are_withheld_and_no_agreement() -> None:
    """The id of this user holds an address: without its people object nobody knows whom to look for."""
    world = Now()
    world.users[HOME] = ["kim@example.com"]
    world.sweep()(world.day(1))
    history = LockerHistory(world.locker)
    history.people = lambda run, account: {}  # type: ignore[method-assign]  # what retention leaves of them
    flow = ChallengeLocker(history=history, source=world, account=HOME, who="ada", secret=b"0" * 32, clock=world.clock)
    found = flow(history.run(RUN), Ask(size=100, seed="dice", accounts=(HOME,)))
    assert {one.outcome for one in found.items if "person-" in one.id} == {Outcome.NOT_REREAD}
    assert found.mismatches == 0


def test_a_key_that_was_switched_off_is_a_mismatch_with_the_event_to_look_for() -> None:
    world = swept()
    world.keys_off = {"bob"}
    found = challenge(world)
    one = item(found, "AKIA2bob")
    assert one.outcome is Outcome.MISMATCH
    assert [(each.path, each.sealed, each.live) for each in one.differences] == [("facts.status", "Active", "Inactive")]
    assert one.events == ("UpdateAccessKey",)
    assert one.read_at is not None
    assert one.read_at <= DAY_1 + timedelta(seconds=5) < found.ended


def test_what_aws_no_longer_lists_is_gone_since_and_no_mismatch() -> None:
    world = swept()
    world.users[MEMBER] = ["bob"]
    found = challenge(world)
    gone = [one for one in found.items if one.outcome is Outcome.GONE]
    assert {one.name for one in gone} == {"svc-deploy", "AKIA2svc-deploy"}
    assert {each for one in gone for each in one.events} == {"DeleteUser", "DeleteAccessKey"}
    assert found.mismatches == 0


@pytest.mark.parametrize(
    ("born", "outcome"),
    [
        (timedelta(minutes=1), Outcome.NEW),
        (timedelta(seconds=6), Outcome.NEW),
        (timedelta(seconds=5), Outcome.MISMATCH),  # the very instant it was read is not after it
        (timedelta(days=-90), Outcome.MISMATCH),
    ],
)
def test_what_the_evidence_does_not_list_is_new_or_was_missed(born: timedelta, outcome: Outcome) -> None:
    world = swept()
    world.users[MEMBER].append("eve")
    world.born = DAY_1 + born
    found = challenge(world, population="users")
    assert item(found, "eve").outcome is outcome
    assert found.mismatches == (outcome is Outcome.MISMATCH)


def test_an_account_that_cannot_be_reached_is_not_reread_and_says_why() -> None:
    world = swept()
    world.unreachable = {MEMBER}
    found = challenge(world)
    assert {one.account for one in found.items if one.outcome is Outcome.NOT_REREAD} == {MEMBER}
    assert found.unreached == ((MEMBER, "sts:AssumeRole: no such role"),)


def test_other_accounts_are_left_alone_unless_a_role_is_named() -> None:
    world = swept()
    before = world.reads
    found = challenge(world, assumes=False)
    assert world.reads == before + 1
    assert found.read == (HOME,)
    assert "--role-name" in dict(found.unreached)[MEMBER]


def test_what_is_refused_is_not_reread_with_the_action_to_allow() -> None:
    world = swept()
    world.refused = {MEMBER}
    found = challenge(world, population="users")
    users = [one for one in found.items if one.account == MEMBER]
    assert {one.outcome for one in users} == {Outcome.NOT_REREAD}
    assert {one.allow for one in users} == {("iam:GetAccountAuthorizationDetails",)}
    assert found.mismatches == 0


def test_nothing_that_was_reread_is_none_of_it() -> None:
    world = swept()
    world.unreachable = {HOME, MEMBER}
    assert challenge(world).reread == 0


@pytest.mark.parametrize(("reread", "little"), [(0, True), (12, True), (13, False), (25, False)])
def test_fewer_than_half_read_again_proves_little(reread: int, little: bool) -> None:
    found = challenge(swept())
    agrees = found.items[0]
    unread = rewritten(agrees, outcome=Outcome.NOT_REREAD)
    assert rewritten(found, items=(agrees,) * reread + (unread,) * (25 - reread)).proves_little is little


def test_a_place_the_evidence_says_it_did_not_read_is_not_held_against_it() -> None:
    world = Now()
    world.refused = {MEMBER}
    world.sweep()(world.day(1))
    world.refused = set()
    found = challenge(world)
    assert {one.account for one in found.extra} <= {HOME}
    assert found.mismatches == 0


def test_the_seed_of_the_head_is_called_not_independent_and_anothers_is_another_sample() -> None:
    world = swept()
    own, heads = challenge(world, size=2), challenge(world, size=2, seed=None)
    assert (own.independent, heads.independent) == (True, False)
    assert heads.seed == heads.head.sha256
    drawn = {tuple(one.id for one in challenge(world, size=2, seed=str(seed)).items) for seed in range(6)}
    assert len(drawn) > 1


def test_one_account_can_be_asked_for_and_one_there_is_not_is_refused() -> None:
    world = swept()
    assert {one.account for one in challenge(world, accounts=(MEMBER,)).items} == {MEMBER}
    with pytest.raises(ConfigError, match="knows no such account"):
        challenge(world, accounts=("999999999999",))


@pytest.mark.parametrize(("population", "kinds"), [("access-keys", {"access_key"}), ("users", {"service_user"})])
def test_a_population_narrows_the_sample(population: str, kinds: set[str]) -> None:
    assert {one.kind for one in challenge(swept(), population=population).items} == kinds


def test_a_population_with_nothing_in_it_is_refused() -> None:
    with pytest.raises(ConfigError, match="lists nothing of population secrets"):
        challenge(swept(), population="secrets")


def test_a_challenge_writes_nothing() -> None:
    world = swept()
    before = sorted(world.names())
    challenge(world)
    assert sorted(world.names()) == before
