"""What a pack is made from: a period's runs, each account as the last of them saw it, and never more than was sealed."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from prooftrail.adapters.embedded.directory_locker import DirectoryLocker
from prooftrail.errors import ConfigError, EvidenceError
from prooftrail.evidence import lines
from prooftrail.evidence.assurance import Assurance
from prooftrail.evidence.redaction import Redactor
from prooftrail.flows.locker_history import UNPLANNED, LockerHistory
from prooftrail.flows.pack_views import PackViews, open_views
from prooftrail.model import canonical
from prooftrail.model.identity import Identity
from prooftrail.model.judgement import Result
from prooftrail.model.organization import AccountState
from prooftrail.model.run import EvidenceKind, Run, SealedObject
from prooftrail.pack.view import AccountView, PackOptions, Presence
from tests.cli.lockers import Town, copied, four_days
from tests.contracts.fakes import MemoryLocker
from tests.flows.packing import NOVEMBER, Tampered, account, judged_world, run, views
from tests.flows.watched import Kennel
from tests.flows.world import DAY_1, HOME, MEMBER, World

THIRD = "333333333333"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    return four_days(tmp_path_factory.mktemp("packed"))


def tick(day: int) -> datetime:
    return DAY_1 + timedelta(days=day - 1)


def run_id(day: int) -> str:
    return canonical.run_id(tick(day))


def presence(view: AccountView, name: str) -> Presence:
    return next(one for one in view.presences if one.name == name)


# what is asked for -----------------------------------------------------------------------------------------------


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ConfigError, match="--from 2026-11-02 lies after --to 2026-11-01"):
        views(run(World(), 1).locker, 2, 1)


def test_an_end_beyond_all_calendars_is_refused_in_a_sentence() -> None:
    with pytest.raises(ConfigError, match="beyond all calendars"):
        open_views(run(World(), 1).locker, since=date(2026, 11, 1), until=date.max)


def test_a_framework_nobody_knows_is_refused_with_those_that_are() -> None:
    with pytest.raises(ConfigError, match="'cobit' is none of iso27001_2022, csf_2_0"):
        views(run(World(), 1).locker, framework="cobit")


def test_an_account_no_run_planned_for_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match=r"--accounts 999999999999: no run of memory: .* planned for it"):
        views(run(World(), 1).locker, accounts=(HOME, "999999999999"))


def test_a_period_before_the_first_run_has_nothing_to_show() -> None:
    with pytest.raises(EvidenceError, match="no run of memory: was taken by 2026-11-01: its first run is 20261102T"):
        views(run(World(), 2).locker, 1, 1)


def test_a_place_without_a_chain_is_refused() -> None:
    with pytest.raises(EvidenceError, match="holds no chain"):
        views(MemoryLocker())


def test_without_a_period_it_is_from_the_first_run_to_the_last() -> None:
    period = open_views(run(World(), 2, 4).locker).period
    assert (period.options.since, period.options.until) == (date(2026, 11, 2), date(2026, 11, 4))


# the period ------------------------------------------------------------------------------------------------------


def test_a_period_shows_its_runs_and_the_one_before_it() -> None:
    period = views(run(World(), 1, 2, 3, 4).locker, 2, 3).period
    assert [one.run_id for one in period.runs] == [run_id(2), run_id(3)]
    assert period.before is not None
    assert (period.before.run_id, period.as_of.run_id, period.head_run) == (run_id(1), run_id(3), run_id(4))
    assert period.clock == tick(4) + timedelta(seconds=5)
    assert period.accounts == (HOME, MEMBER)
    assert period.account_names == {HOME: "acct-1", MEMBER: "acct-2"}


def test_a_period_without_runs_shows_the_state_before_it() -> None:
    found = views(run(judged_world(), 1, 2).locker, 10, 20)
    assert (found.period.runs, found.period.as_of.run_id) == ((), run_id(2))
    assert found.period.before == found.period.as_of
    member = account(found, MEMBER)
    assert (len(member.listed), member.stale, member.transitions, member.presences) == (5, False, (), ())


def test_ticks_are_due_from_the_genesis_on_and_met_by_their_runs() -> None:
    world = run(World(), 2, 3, 5)
    period = views(world.locker, 1, 30).period
    assert [one.day for one in period.ticks_due] == [2, 3, 4, 5]
    assert period.ticks_met == {tick(2): run_id(2), tick(3): run_id(3), tick(5): run_id(5)}


@pytest.mark.parametrize(("hours", "due"), [(5, [1]), (6, [1, 2]), (29, [1, 2]), (30, [1, 2, 3])])
def test_a_tick_without_its_run_is_due_once_there_was_time_for_it(hours: int, due: list[int]) -> None:
    world = run(World(), 1)
    world.clock.at = tick(2) + timedelta(hours=hours)
    world.sweep()(Run.manual(world.clock.at, None))
    assert [one.day for one in views(world.locker).period.ticks_due] == due


def test_what_the_watchdog_saw_is_told_by_run() -> None:
    kennel = Kennel().days(2)
    kennel.run(3)
    period = views(kennel.locker).period
    assert period.assurance is Assurance.TWO_ACCOUNTS
    assert [one.seq for one in period.words] == [1, 2]
    assert [one.witnessed_at is not None for one in period.runs] == [True, True, False]


def test_a_word_that_another_key_signed_pins_nothing() -> None:
    kennel = Kennel().days(1)
    period = views(Tampered(kennel.locker, changed="witness/")).period
    assert (period.words, period.runs[0].witnessed_at) == ((), None)
    assert any(one.startswith("UNREADABLE witness/") for one in period.problems)


def test_a_chain_that_does_not_hold_is_said_and_still_shown() -> None:
    period = views(Tampered(run(World(), 1, 2, 3).locker, changed="chain/00000002")).period
    assert [one.run_id for one in period.runs] == [run_id(1), run_id(3)]
    assert any(one.startswith("UNREADABLE chain/00000002.json") for one in period.problems)


def test_where_the_context_is_gone_the_one_before_stands_and_it_is_said() -> None:
    world = run(World(), 1, 2)
    period = views(Tampered(world.locker, lost=f"context/{run_id(2)}")).period
    assert period.context.run.id == run_id(1)
    assert f"the context of run {run_id(2)} cannot be shown" in period.wrong[0]


def test_without_any_context_there_is_no_pack() -> None:
    with pytest.raises(EvidenceError, match="no context of any run can be read"):
        views(Tampered(run(World(), 1, 2).locker, lost="context/"))


def test_a_directory_is_called_by_its_name_and_not_by_where_it_lies(town: Town) -> None:
    assert views(town.locker).period.locker == "evidence"


# accounts --------------------------------------------------------------------------------------------------------


def test_accounts_come_in_order_of_id_and_the_organization_last() -> None:
    found = list(views(run(judged_world(), 1).locker).accounts())
    assert [one.account for one in found] == [HOME, MEMBER, "organization"]
    assert [one.of_organization for one in found] == [False, False, True]
    assert found[2].results
    assert found[2].cells


def test_narrowed_to_an_account_the_organization_still_speaks() -> None:
    found = views(run(World(), 1).locker, accounts=(MEMBER,))
    assert [one.account for one in found.accounts()] == [MEMBER, "organization"]


def test_every_line_that_is_cited_holds_what_is_cited(town: Town) -> None:
    history = LockerHistory(town.locker)
    cited = 0
    for view in views(town.locker).accounts():
        for one in view.listed:
            sealed = next(
                each
                for each in history.sealed(one.seen_in, EvidenceKind.SNAPSHOT, view.account)
                if f"e-{each.stored_sha256[:16]}" == one.evidence
            )
            line = lines.unpack(sealed.key, town.locker.get(sealed.key)).split(b"\n")[one.line - 1]
            assert canonical.decode(line, Identity) == one.identity
            cited += 1
        assert view.assessment is not None
        unpacked = lines.unpack(view.assessment.key, town.locker.get(view.assessment.key)).split(b"\n")
        for number, result in enumerate(view.results):
            assert canonical.decode(unpacked[view.first_result_line - 1 + number], Result) == result
    assert cited > 10


def test_an_account_the_last_run_could_not_reach_keeps_its_older_state_and_is_stale(town: Town) -> None:
    member = account(views(town.locker, 1, 3), MEMBER)
    assert (member.status, member.stale) == ("unreachable", True)
    assert member.reason is not None
    assert "cannot be read" in member.reason or "no such role" in member.reason
    assert member.read_run is not None
    assert member.read_run.run_id == run_id(2)


def test_what_could_not_be_read_is_shown_as_the_run_before_saw_it(town: Town) -> None:
    member = account(views(town.locker, 1, 2), MEMBER)
    seen = {one.identity.name: one.seen_in for one in member.listed}
    assert (member.status, member.stale) == ("gaps", False)
    assert (seen["bob"], seen["worker"], seen["vault"]) == (run_id(1), run_id(1), run_id(2))


def test_an_account_nobody_ever_read_says_why_there_is_nothing() -> None:
    world = judged_world()
    world.unreachable = {HOME, MEMBER}
    found = list(views(run(world, 1).locker).accounts())
    for one in found[:2]:
        assert (one.status, one.stale, one.read_run, one.judged_run, one.listed) == (
            "unreachable",
            True,
            None,
            None,
            (),
        )
        assert one.unjudged is not None
        assert one.unjudged.startswith("it was never read (")


def test_a_damaged_snapshot_is_not_believed_and_is_named() -> None:
    world = run(judged_world(), 1, 2)
    member = account(views(Tampered(world.locker, changed=f"snapshot/{run_id(2)}/{MEMBER}")), MEMBER)
    assert member.read_run is not None
    assert (member.read_run.run_id, member.stale, len(member.listed)) == (run_id(1), True, 5)
    assert "is not the object that manifest 2 sealed" in member.wrong[0]


def test_results_that_are_gone_are_said_and_the_older_ones_are_stale() -> None:
    world = run(judged_world(), 1, 2)
    member = account(views(Tampered(world.locker, lost=f"assessment/{run_id(2)}/{MEMBER}")), MEMBER)
    assert member.judged_run is not None
    assert (member.judged_run.run_id, member.stale) == (run_id(1), True)
    assert "is not in the test's locker" in member.wrong[0]


@pytest.mark.parametrize("how", ["lost", "changed"])
def test_a_transitions_object_that_is_gone_or_another_is_a_stated_gap(how: str) -> None:
    world = run(judged_world(), 1, 2, 3)
    member = account(views(Tampered(world.locker, **{how: f"transitions/{run_id(2)}/{MEMBER}"})), MEMBER)
    assert [one for one in member.wrong if one.startswith(f"what changed in run {run_id(2)} is not known")]
    assert member.changes_unknown == tuple(one for one in member.wrong if one.startswith("what changed in run"))
    assert member.results


def test_an_account_that_left_is_shown_as_it_was_and_said_to_be_unplanned() -> None:
    world = judged_world()
    world.users[THIRD] = ["eve"]
    run(world, 1, 2)
    del world.users[THIRD]
    run(world, 3)
    found = views(world.locker)
    left = account(found, THIRD)
    assert found.period.account_names[THIRD] == "acct-3"
    assert (left.status, left.stale, left.name) == (UNPLANNED, True, "acct-3")
    assert left.reason == f"run {run_id(3)} did not plan for it"
    assert {one.identity.name for one in left.listed} == {"root", "eve", "AKIA3eve"}


def test_an_account_that_left_before_the_period_is_no_part_of_it_unless_it_is_asked_for() -> None:
    world = judged_world()
    world.users[THIRD] = ["eve"]
    run(world, 1)
    del world.users[THIRD]
    run(world, 3)
    assert views(world.locker, 2, 30).period.accounts == (HOME, MEMBER)
    assert account(views(world.locker, 2, 30, accounts=(THIRD,)), THIRD).status == UNPLANNED


def test_a_suspended_account_is_skipped_with_its_reason() -> None:
    world = judged_world()
    world.states[MEMBER] = AccountState.SUSPENDED
    member = account(views(run(world, 1).locker), MEMBER)
    assert (member.status, member.listed) == ("skipped", ())


# who came and went -----------------------------------------------------------------------------------------------


def test_who_came_went_and_was_there_only_in_between_is_told_with_its_runs() -> None:
    world = run(judged_world(), 1)
    world.users[MEMBER] = ["bob", "svc-deploy", "fleeting"]
    run(world, 2)
    world.users[MEMBER] = ["bob", "carol"]
    run(world, 3, 4)
    member = account(views(world.locker), MEMBER)
    told = {one.name: (one.came, one.went) for one in member.presences}
    assert told == {
        "carol": (run_id(3), None),
        "AKIA2carol": (run_id(3), None),
        "svc-deploy": (None, run_id(3)),
        "AKIA2svc-deploy": (None, run_id(3)),
        "fleeting": (run_id(2), run_id(3)),
        "AKIA2fleeting": (run_id(2), run_id(3)),
    }
    fleeting = presence(member, "fleeting")
    assert (fleeting.arn, fleeting.kind, fleeting.born_unseen) == (
        f"arn:aws:iam::{MEMBER}:user/fleeting",
        "service_user",
        False,
    )


def test_where_the_snapshot_that_showed_it_is_gone_only_its_id_is_known() -> None:
    world = run(judged_world(), 1)
    world.users[MEMBER] = ["bob", "svc-deploy", "fleeting"]
    run(world, 2)
    world.users[MEMBER] = ["bob", "svc-deploy"]
    run(world, 3)
    member = account(views(Tampered(world.locker, lost=f"snapshot/{run_id(2)}/{MEMBER}")), MEMBER)
    assert {(one.id, one.name, one.kind, one.born_unseen) for one in member.presences} == {
        ("AIDA2fleeting", None, None, True),
        ("AKIA2fleeting", None, None, True),
    }


def test_where_no_transition_tells_when_the_snapshots_do() -> None:
    world = run(judged_world(), 1, 2)
    world.users[MEMBER] = ["bob", "carol"]
    run(world, 3, 4)
    member = account(views(Tampered(world.locker, lost="transitions/")), MEMBER)
    told = {one.name: (one.came, one.went) for one in member.presences if one.kind == "service_user"}
    assert told == {"carol": (run_id(3), None), "svc-deploy": (None, run_id(3))}


def test_nobody_is_gone_from_a_place_that_could_not_be_read() -> None:
    world = run(judged_world(), 1)
    world.users[MEMBER], world.refused = ["bob"], {MEMBER}
    run(world, 2)
    member = account(views(world.locker), MEMBER)
    assert "svc-deploy" in {one.identity.name for one in member.listed}
    assert "svc-deploy" not in {one.name for one in member.presences}


def test_nobody_is_new_who_was_only_not_read_before() -> None:
    world = judged_world()
    world.refused = {MEMBER}
    run(world, 1)
    world.refused = set()
    run(world, 2)
    assert not [one for one in account(views(world.locker, 1, 2), MEMBER).presences if one.name == "bob"]


def test_the_identities_of_an_account_that_joined_came_with_it() -> None:
    world = run(judged_world(), 1)
    world.users[THIRD] = ["eve"]
    run(world, 2, 3)
    joined = account(views(world.locker), THIRD)
    assert {(one.name, one.came, one.went) for one in joined.presences} == {
        ("root", run_id(2), None),
        ("eve", run_id(2), None),
        ("AKIA3eve", run_id(2), None),
    }


def test_whoever_came_before_the_period_was_there_when_it_began() -> None:
    world = run(judged_world(), 1)
    world.users[MEMBER] = ["bob", "svc-deploy", "carol"]
    run(world, 2, 3)
    assert account(views(world.locker, 3, 30), MEMBER).presences == ()


# people and copies -----------------------------------------------------------------------------------------------


def test_people_are_named_unless_the_pack_is_pseudonymised() -> None:
    world = judged_world()
    world.users[MEMBER] = ["jane@example.com"]
    run(world, 1)
    named, hidden = views(world.locker), views(world.locker, pseudonymise=True)
    name = next(one.identity.name for one in account(named, MEMBER).listed if one.identity.id.startswith("AIDA"))
    assert name.startswith("person-")
    assert named.period.reveal(name) == "jane@example.com"
    assert (hidden.period.reveal(name), hidden.period.people_known) == (name, False)


def test_people_of_accounts_are_known_before_the_first_account_is_shown() -> None:
    world = judged_world()
    world.users[MEMBER] = ["jane@example.com"]
    period = views(run(world, 1).locker).period
    token = Redactor(world.fingerprints.secret()).pseudonym("jane@example.com")
    assert period.reveal(token) == "jane@example.com"


class Copies:
    """What views hand over to be copied."""

    def __init__(self, world: World, **asked: object) -> None:
        self.bodies: dict[str, bytes] = {}
        options = PackOptions(since=NOVEMBER.since, until=NOVEMBER.until, **asked)  # type: ignore[arg-type]
        self.views = PackViews(world.locker, options, keep=self.keep)
        self.wrong = [one for view in self.views.accounts() for one in view.wrong]

    def keep(self, _: SealedObject | None, key: str, body: bytes) -> None:
        self.bodies[key] = body

    def kinds(self) -> set[str]:
        return {key.split("/")[0] for key in self.bodies}


def test_copies_are_the_bytes_that_are_stored() -> None:
    world = run(judged_world(), 1, 2)
    copies = Copies(world)
    assert copies.wrong == []
    assert {key: world.locker.get(key) for key in copies.bodies} == copies.bodies
    assert copies.kinds() == {
        *("chain", "plan", "context", "outcome", "raw", "snapshot", "people", "assessment", "transitions", "findings")
    }


def test_the_chain_is_copied_whole_and_of_the_rest_the_run_shown_with_every_transition() -> None:
    copies = Copies(run(judged_world(), 1, 2, 3))
    assert sorted(key for key in copies.bodies if key.startswith("chain/")) == [
        f"chain/0000000{seq}.json" for seq in range(4)
    ]
    assert {key.split("/")[1] for key in copies.bodies if key.startswith("snapshot/")} == {run_id(3)}
    assert {key.split("/")[1] for key in copies.bodies if key.startswith("transitions/")} == set(map(run_id, (1, 2, 3)))


def test_the_watchdogs_words_are_copied() -> None:
    kennel = Kennel().days(2)
    assert min(key for key in Copies(kennel).bodies if key.startswith("witness/")) == "witness/00000001.json"


def test_of_an_older_run_an_account_is_shown_from_the_same_is_copied() -> None:
    world = run(judged_world(), 1)
    world.unreachable = {MEMBER}
    run(world, 2)
    member = {key for key in Copies(world).bodies if f"/{MEMBER}" in key and run_id(1) in key}
    assert {key.split("/")[0] for key in member} >= {"snapshot", "assessment", "findings", "outcome", "raw", "people"}


def test_raw_answers_identities_are_carried_from_come_only_if_asked_for() -> None:
    world = run(judged_world(), 1)
    world.refused = {MEMBER}
    run(world, 2)
    plain, carried = Copies(world), Copies(world, carried_raw=True)
    raw = carried.bodies.keys() - plain.bodies.keys()
    assert {(key.split("/")[0], key.split("/")[1]) for key in raw} == {("raw", run_id(1))}


def test_pseudonymised_no_people_are_copied() -> None:
    world = judged_world()
    world.users[MEMBER] = ["jane@example.com"]
    assert "people" not in Copies(run(world, 1), pseudonymise=True).kinds()


def test_a_raw_object_that_is_gone_is_said_once_and_not_copied() -> None:
    world = run(judged_world(), 1)
    kept: list[str] = []
    lossy = Tampered(world.locker, lost=f"raw/{run_id(1)}/{MEMBER}")
    found = PackViews(lossy, NOVEMBER, keep=lambda _, key, __: kept.append(key))
    member = account(found, MEMBER)
    assert len(member.raw) == 1
    assert [one for one in member.wrong if "AWS's answers" in one]
    assert not [one for one in kept if one.startswith(f"raw/{run_id(1)}/{MEMBER}")]


def test_what_was_disposed_of_on_schedule_is_said_to_be_that() -> None:
    world = run(judged_world(), 1)
    world.clock.at = tick(1) + timedelta(days=4000)
    world.unreachable = {MEMBER}
    world.sweep()(Run.manual(world.clock.at, None))
    lossy = Tampered(world.locker, lost=f"raw/{run_id(1)}/{MEMBER}")
    member = account(PackViews(lossy, NOVEMBER, keep=lambda *_: None), MEMBER)
    assert "and is gone since, on schedule" in next(one for one in member.wrong if "AWS's answers" in one)


def test_objects_lists_what_the_period_sealed_and_narrowed_nobody_elses() -> None:
    world = run(judged_world(), 1, 2, 3)
    found = views(world.locker, 2, 3, accounts=(MEMBER,))
    told = list(found.objects())
    assert {one.run_id for one in told} == {run_id(2), run_id(3)}
    assert {one.account for one in told} == {None, "organization", MEMBER}
    assert [one.seq for one in told] == sorted(one.seq for one in told)
    assert len({one.key for one in told}) == len(told)


def test_a_locker_on_disk_and_its_copy_elsewhere_give_the_same_views(town: Town, tmp_path: Path) -> None:
    again = copied(town, tmp_path)
    first, second = views(town.locker), views(DirectoryLocker(again.address))
    assert list(first.accounts()) == list(second.accounts())
    assert (first.period.locker, first.period.head) == (second.period.locker, second.period.head)


def test_the_present_of_a_pack_is_its_newest_manifest() -> None:
    assert views(run(World(), 1).locker).period.clock == datetime(2026, 11, 1, 6, 0, 5, tzinfo=UTC)
