"""A run's notices are planned and sealed before anything is sent: to whom, what, why not, and what is not known."""

from datetime import timedelta

import msgspec
import pytest

from prooftrail.errors import EvidenceMissing, EvidenceUnreadable
from prooftrail.evidence import layout, lines
from prooftrail.flows import notice_commits, notice_memory, plan_notices
from prooftrail.flows.notice_post import content_sha256
from prooftrail.flows.verify_locker import Verdict
from prooftrail.governance.policy import Owners
from prooftrail.model.notice import ReachState, Undelivered
from prooftrail.model.run import Run
from tests.flows.telling import ADA, BO, SEC, TIERS, Telling, opened, without_mac
from tests.flows.world import DAY_1, HOME, MEMBER


def test_each_owner_is_told_of_what_is_theirs_and_of_nothing_else() -> None:
    world = Telling()
    plan = world.planned(1)
    letters = {one.address: one.text for one in world.waiting()}
    assert set(letters) == {ADA, BO}
    assert ("AKIA1ada" in letters[ADA], "AKIA2bob" in letters[ADA]) == (True, False)
    assert ("AKIA1ada" in letters[BO], "AKIA2bob" in letters[BO]) == (False, True)
    assert world.held(plan) == {"ada": None, "bo": None}


def test_what_is_sealed_names_nobody_and_its_hash_is_of_what_is_sent() -> None:
    world = Telling()
    plan = world.planned(1)
    for key in world.names("notices/"):
        body = world.locker.get(key)
        assert b"@example.com" not in (lines.unpack(key, body) if key.endswith(".gz") else body)
    letters = {one.id: one for one in world.waiting()}
    for one in world.notices(plan):
        assert one.content_sha256 == content_sha256(letters[one.id].subject, letters[one.id].text)


def test_planning_again_gives_the_plan_that_is_there_and_writes_nothing() -> None:
    world = Telling()
    plan = world.planned(1)
    before = list(world.names())
    world.clock.at += timedelta(hours=3)
    assert world.planner()(plan.run_id) == plan
    assert list(world.names()) == before


def test_of_two_who_plan_at_once_the_first_counts() -> None:
    world = Telling()
    run_id = world.scanned(1)
    late = world.planner()
    late._letters = _PlansMeanwhile(world, run_id)  # type: ignore[assignment]
    plan = late(run_id)
    assert plan == world.planner()(run_id)
    assert world.remind(run_id).error is None
    assert sorted(world.arrived()) == [ADA, BO]


class _PlansMeanwhile:
    """Another process plans the same run, some time later, just as our letters are kept."""

    def __init__(self, world: Telling, run_id: str) -> None:
        self._world, self._run_id = world, run_id

    def write(self, *letters: object) -> None:
        self._world.clock.at += timedelta(minutes=1)
        self._world.planner()(self._run_id)


def test_the_notices_of_a_day_are_named_by_the_next_manifest_and_verify_to_their_depth() -> None:
    world = Telling()
    world.told(1)
    world.told(2)
    verified = world.verify()
    assert (verified.verdict, verified.problems) == (Verdict.INTACT, ())


def test_a_run_that_is_in_no_manifest_has_no_notices() -> None:
    world = Telling()
    world.scanned(1)
    with pytest.raises(EvidenceMissing, match="the manifest of run 20261109T060000Z"):
        world.planner()("20261109T060000Z")


# a quiet start ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tiers", [(), ("critical",)])
def test_what_is_not_open_is_planned_and_sealed_and_nothing_of_it_is_sent(tiers: tuple[str, ...]) -> None:
    world = Telling(opened(*tiers))
    plan = world.told(1)
    assert world.held(plan) == {"ada": "CLOSED", "bo": "CLOSED"}
    assert world.waiting() == []
    assert world.arrived() == []
    assert dict(plan.counts)["held:closed"] == 2


def test_once_its_tier_is_open_the_first_notice_is_sent() -> None:
    world = Telling(opened())
    world.told(1)
    world.policy(opened("critical", "high"))
    plan = world.told(2)
    assert sorted(world.arrived()) == [ADA, BO]
    assert {one.step for one in world.notices(plan)} == {"first"}


def test_over_the_cap_nobody_is_written_to_and_comes_first_the_next_day() -> None:
    world = Telling(opened(*TIERS, cap_per_day=1))
    plan = world.told(1)
    assert sorted(map(str, world.held(plan).values())) == ["CAPPED", "None"]
    world.told(2)
    assert sorted(world.arrived()) == [ADA, BO]


# what is remembered -----------------------------------------------------------------------------------------------


def test_what_was_told_is_not_told_again_the_next_day() -> None:
    world = Telling()
    first = world.told(1)
    second = world.told(2)
    assert second.previous == first.run_id
    assert world.notices(second) == []
    assert len(world.arrived()) == 2
    assert [len(one.asked) for one in world.remembered(second)] == [1, 1]


def test_what_was_planned_and_never_sent_is_settled_and_planned_again() -> None:
    world = Telling()
    before = world.planned(1)
    plan = world.told(2)
    assert sorted(world.arrived()) == [ADA, BO]
    assert (plan.previous, plan.gaps, plan.unended) == (before.run_id, (), ())
    end = notice_commits.read_end(world.locker, before.run_id, 0, sealing=world.sealing())
    assert end is not None
    assert {one.error for one in end.sent} == {"its day was over before it was sent; the next run plans it anew"}


def test_a_second_run_on_the_same_day_writes_to_nobody_twice_and_the_next_day_makes_up_for_it() -> None:
    world = Telling()
    world.told(1)
    world.users[HOME] = ["ada", "svc"]
    world.clock.at += timedelta(hours=4)
    run = Run.manual(world.clock.at, None)
    world.sweep()(run)
    again = world.remind(run.id)
    assert again.plan is not None
    assert world.held(again.plan) == {"ada": "ALREADY"}
    assert world.arrived() == [ADA, BO] or world.arrived() == [BO, ADA]
    world.told(2)
    assert world.arrived()[2:] == [ADA]
    assert "AKIA1svc" in world.notifier.arrived[2].text


def test_one_that_may_have_been_written_to_is_not_written_to_again_until_that_is_known() -> None:
    world = Telling()
    before = world.planned(1)  # and nobody knows whether it was sent
    world.clock.at += timedelta(hours=4)
    plan = world.planner()(world.scanned_again())
    assert world.held(plan) == {"ada": "UNSETTLED", "bo": "UNSETTLED"}
    assert plan.unended == ((before.run_id, 0),)
    assert plan.gaps == (
        "shard 0 of run 20261101T060000Z: what became of its notices is not recorded; until it is, they are not planned"
        " anew",
    )


# memory that cannot be believed ------------------------------------------------------------------------------------


def forged(world: Telling, plan_key: str) -> None:
    plan = msgspec.json.decode(world.locker.get(plan_key))
    world.damage(plan_key, msgspec.json.encode(plan | {"mac": "0" * 64}))


@pytest.mark.parametrize("what", ["plan", "told", "shard", "reach", "forged", "gone"])
def test_where_what_was_told_cannot_be_believed_nothing_is_sent_for_a_day_and_that_is_said(what: str) -> None:
    world = Telling()
    before = world.told(1)
    run_id = world.scanned(2)
    key = layout.notices_plan_key(before.run_id)
    match what:
        case "plan":
            world.damage(key)
        case "forged":
            forged(world, key)
        case "gone":
            world.scanned(2)  # its manifest names the plan
            world.lose("notices/")
        case _:
            parts = {"told": before.told, "shard": before.shards, "reach": before.reach}[what]
            world.damage(parts[0].key)
    reminded = world.remind(run_id)
    assert reminded.plan is not None
    assert len(world.arrived()) == 2
    assert set(world.held(reminded.plan).values()) <= {"UNREMEMBERED"}
    assert "so nothing is sent for a day" in reminded.plan.gaps[-1]


def test_the_day_after_it_goes_on_from_what_is_known() -> None:
    world = Telling()
    before = world.told(1)
    run_id = world.scanned(2)
    world.damage(layout.notices_plan_key(before.run_id))
    world.remind(run_id)
    after = world.told(3)
    assert after.previous == run_id
    assert after.gaps == ()
    assert len(world.arrived()) == 4


@pytest.mark.parametrize("what", ["forged", "garbage"])
def test_what_somebody_else_wrote_as_a_plan_is_said_and_holds_nobodys_mail_back(what: str) -> None:
    world = Telling()
    before = world.told(1)
    world.users[HOME] = ["ada", "svc"]
    run_id = world.scanned(2)
    forged_run = "20261101T235959Z"
    forged = without_mac(msgspec.structs.replace(before, run_id=forged_run)) if what == "forged" else b"{}"
    world.locker.put(layout.notices_plan_key(forged_run), forged, retain_until=None)
    plan = world.remind(run_id).plan
    assert plan is not None
    assert [one.split(":")[0] for one in plan.gaps] == [
        f"what lies in the place of the notices of run {forged_run} is in no manifest, and is left out"
    ]
    assert (plan.previous, world.held(plan)) == (before.run_id, {"ada": None})
    assert len(world.arrived()) == 3
    assert world.told(3).gaps == ()


def test_any_number_of_plans_somebody_else_wrote_hides_none_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notice_memory, "MOST_PLANS", 2)
    world = Telling()
    before = world.told(1)
    run_id = world.scanned(2)
    for second in range(10, 15):
        world.locker.put(layout.notices_plan_key(f"20261101T2359{second}Z"), b"{}", retain_until=None)
    plan = world.remind(run_id).plan
    assert plan is not None
    assert (plan.previous, len(plan.gaps), len(world.arrived())) == (before.run_id, 5, 2)


def test_a_plan_that_is_gone_is_missed_though_an_older_manifest_names_it() -> None:
    world = Telling()
    world.told(1)
    world.scanned(2)  # names the plan, and nobody is told of that run
    run_id = world.scanned(3)
    world.lose("notices/")
    plan = world.remind(run_id).plan
    assert plan is not None
    assert set(world.held(plan).values()) == {"UNREMEMBERED"}
    assert plan.gaps[-1].startswith("the notices of run 20261101T060000Z are gone, and a manifest names them:")


def test_a_plan_of_somebody_else_for_this_very_run_is_refused() -> None:
    world = Telling()
    before = world.told(1)
    run_id = world.scanned(2)
    world.locker.put(
        layout.notices_plan_key(run_id),
        without_mac(msgspec.structs.replace(before, run_id=run_id)),
        retain_until=None,
    )
    with pytest.raises(EvidenceUnreadable) as refused:
        world.planner()(run_id)
    assert str(refused.value).startswith(
        f"the notices of run {run_id} cannot be planned, because the place of their plan is taken: notices/{run_id}/plan.json"
        " was not written by this deployment"
    )
    assert "The locker's access log names who wrote it." in str(refused.value)


# what cannot be read ----------------------------------------------------------------------------------------------


def test_of_an_account_that_could_not_be_read_what_was_found_last_is_told() -> None:
    world = Telling(opened())
    world.told(1)
    world.unreachable = {MEMBER}
    world.policy(opened(*TIERS))
    world.told(2)
    text = {one.address: one.text for one in world.notifier.arrived}[BO]
    assert "AKIA2bob" in text
    assert "Not confirmed since 2026-11-01" in text


def test_an_account_whose_findings_are_not_what_was_sealed_is_stated_and_its_memory_stays() -> None:
    world = Telling()
    before = world.told(1)
    run_id = world.scanned(2)
    (key,) = list(world.names(f"findings/{run_id}/{MEMBER}/"))
    world.damage(key)
    plan = world.remind(run_id).plan
    assert plan is not None
    assert plan.gaps[0].startswith(f"account {MEMBER}: not told of: {key} is not the object that manifest")
    kept = {one.matter for one in world.remembered(plan)}
    assert kept == {one.matter for one in world.remembered(before)}


def test_an_account_that_was_never_read_is_stated() -> None:
    world = Telling()
    world.unreachable = {MEMBER}
    plan = world.told(1)
    assert f"account {MEMBER}: not told of: it was never read and judged" in plan.gaps
    assert BO not in world.arrived()


def test_where_people_cannot_be_read_nobody_unknown_is_written_to() -> None:
    world = Telling()
    run_id = world.scanned(1)
    for key in list(world.names(f"people/{run_id}/")):
        world.damage(key)
    plan = world.remind(run_id).plan
    assert plan is not None
    assert set(world.held(plan).values()) == {"UNREACHABLE"}
    assert world.arrived() == []
    assert any("cannot be named or written to" in one for one in plan.gaps)


def test_what_is_mended_is_forgotten() -> None:
    world = Telling()
    world.told(1)
    world.users = {HOME: [], MEMBER: []}
    plan = world.told(2)
    assert world.remembered(plan) == []


# addresses that have to confirm ------------------------------------------------------------------------------------


def test_an_address_that_has_not_confirmed_waits_with_its_letter_written() -> None:
    world = Telling(confirms=True)
    plan = world.told(1)
    assert world.held(plan) == {"ada": "WAITING", "bo": "WAITING"}
    assert world.arrived() == []
    assert sorted(address for _, address in world.notifier.invited) == [ADA, BO]
    world.notifier.states = {ADA: ReachState.CONFIRMED}
    world.told(2)
    assert world.arrived() == [ADA]


def test_invitations_count_against_the_cap_and_everybody_has_a_turn() -> None:
    world = Telling(opened(*TIERS, cap_per_day=1), confirms=True)
    for day in (1, 2):
        world.told(day)
    assert sorted(address for _, address in world.notifier.invited) == [ADA, BO]


def test_every_part_of_a_plan_is_what_the_plan_says() -> None:
    world = Telling()
    plan = world.told(1)
    for part in (*plan.shards, *plan.told, *plan.reach):
        found = list(notice_commits.read_part(world.locker, part))
        assert len(found) == part.count


# shards and weeks --------------------------------------------------------------------------------------------------


def test_a_shard_holds_so_many_recipients_and_how_they_stood_and_each_is_sent_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(plan_notices, "NOTICE_SHARD", 1)
    world = Telling()
    first = world.told(1)
    assert (len(first.shards), len(first.reach)) == (2, 2)
    assert sorted(world.arrived()) == [ADA, BO]
    second = world.planned(2)
    assert [len(list(notice_commits.read_part(world.locker, part))) for part in second.reach] == [2, 2]
    for shard in range(2):
        assert world.sender()(second.run_id, shard).sent == 0


@pytest.mark.parametrize(("weekly_on", "readers"), [("sunday", ["ada", "bo", "sec"]), ("monday", []), ("never", [])])
def test_contacts_and_the_security_team_read_the_week_on_its_day(weekly_on: str, readers: list[str]) -> None:
    world = Telling(opened(*TIERS, weekly_on=weekly_on))
    plan = world.planned(1)  # a Sunday
    names = {world.sealing().pseudonym(one): one for one in ("ada", "bo", "sec")}
    assert sorted(names[one.recipient] for one in world.notices(plan) if one.weekly) == readers
    texts = {one.address: one.text for one in world.waiting()}
    assert ("acct-2" in texts[ADA], SEC in texts) == (False, "sec" in readers)


def test_before_anything_is_open_the_week_is_planned_and_not_sent() -> None:
    world = Telling(opened(weekly_on="sunday"))
    plan = world.told(1)
    assert set(world.held(plan).values()) == {"CLOSED"}
    assert world.arrived() == []


def test_owners_whom_nothing_reaches_are_counted_and_not_their_matters() -> None:
    world = Telling()
    world.users[HOME] = ["ada", "adam"]
    ada, *others = world.governance.owners.owner
    gone = msgspec.structs.replace(ada, active=False)
    world.governance = msgspec.structs.replace(world.governance, owners=Owners(owner=(gone, *others)))
    counts = dict(world.planned(1).counts)
    assert (counts["matters"], counts["unreachable_owners"], counts["unreachable"]) == (3, 1, 0)


def test_the_week_names_owners_who_left_and_have_something_open() -> None:
    world = Telling(opened(*TIERS, weekly_on="sunday"))
    ada, *others = world.governance.owners.owner
    gone = msgspec.structs.replace(ada, active=False)
    world.governance = msgspec.structs.replace(world.governance, owners=Owners(owner=(gone, *others)))
    plan = world.planned(1)  # a Sunday
    texts = [
        one.text for one in world.notices(plan) if one.weekly and one.recipient == world.sealing().pseudonym("sec")
    ]
    assert [" ".join(one.split()).partition("cannot be reached: ")[2].split(" Accounts")[0] for one in texts] == [
        f"1: {world.sealing().pseudonym('ada')}"
    ]


def _run_at(world: Telling, hours: int) -> str:
    world.clock.at = DAY_1 + timedelta(hours=hours, seconds=5)
    run = Run.scheduled(DAY_1 + timedelta(hours=hours), None)
    world.sweep()(run)
    return run.id


@pytest.mark.parametrize("gap", [24, 1])
def test_a_run_that_plans_after_a_newer_one_sends_nothing_and_forgets_nothing(gap: int) -> None:
    world = Telling()
    first = _run_at(world, 0)
    world.users[HOME] = ["ada", "new"]
    second = _run_at(world, gap)
    world.driven(second)
    told = len(world.notifier.arrived)
    world.clock.at += timedelta(minutes=30)
    late = world.driven(first)
    assert {held for held in world.held(late).values() if held is not None} <= {Undelivered.LATE}
    assert len(world.notifier.arrived) == told
    world.driven(_run_at(world, gap + 24))
    mails = [one.text for one in world.notifier.arrived if "AKIA1new" in one.text]
    assert sum("first notice" in one for one in mails) == 1


def test_what_was_mended_before_a_newer_run_is_not_told_by_an_older_one() -> None:
    world = Telling()
    first = _run_at(world, 0)
    world.users[HOME] = []
    world.driven(_run_at(world, 24))
    before = world.arrived()
    world.clock.at += timedelta(minutes=30)
    world.driven(first)
    assert world.arrived() == before
