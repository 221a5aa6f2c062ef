"""Judging sealed evidence again: it agrees with itself, and finds what every hash and signature lets pass."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from prooftrail.evidence import layout, manifest
from prooftrail.evidence.findings import Fault
from prooftrail.evidence.manifest import Code, Manifest
from prooftrail.flows import head as chain_head
from prooftrail.flows import judging, sealing
from prooftrail.flows.control_map import ControlMap
from prooftrail.flows.judging import NOT_JUDGED, Judged
from prooftrail.flows.rederive import Rederive, Rederived
from prooftrail.flows.verify_locker import Trust, Verdict, VerifyLocker
from prooftrail.governance.thresholds import ByTier, Threshold, Thresholds
from prooftrail.model import canonical
from prooftrail.model.run import EvidenceKind, Outcome, Plan, Pointer, Run, SealedObject
from tests.builders.judging_keys import KEY_AGE
from tests.flows.forging import Edit, Forger, same
from tests.flows.world import CODE, DAY_1, HOME, MEMBER, World

OTHER_CODE = Code(version="next", sha256="1" * 64)
LOOSE = ByTier[int | bool](critical=365, high=365, medium=365, low=365)


def threshold(values: ByTier[int | bool]) -> Thresholds:
    day = DAY_1.date()
    one = Threshold(
        control=KEY_AGE[0], name=KEY_AGE[1], values=values, approved_by="person-1", approved_on=day, effective_on=day
    )
    return Thresholds(version="1", threshold=(one,))


def three_days() -> World:
    """A locker of three days in which things happen: a key appears, another goes."""
    world = World()
    world.sweep()(world.day(1))
    world.users[HOME] = ["ada", "grace"]
    world.sweep()(world.day(2))
    world.users[MEMBER] = ["bob"]
    world.unreachable = {HOME}
    world.sweep()(world.day(3))
    return world


def loosened(one: SealedObject, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The limit on the age of keys, edited in the sealed context."""
    if one.kind is EvidenceKind.CONTEXT:
        found = [{**found[0], "governance": {**found[0]["governance"], "thresholds": _sealed(threshold(LOOSE))}}]
    return found


def forged(edit: Edit) -> World:
    world = three_days()
    Forger(world, edit)()
    return world


def test_a_locker_of_three_days_agrees_with_itself() -> None:
    verified = three_days().verify(rederive=True)
    assert (verified.verdict, verified.problems, verified.notes) == (Verdict.INTACT, (), ())
    # Each day the organization and both accounts, on the third without the one that was unreachable.
    assert verified.rederived == Rederived(runs=3, accounts=8, results=2 + 3 + 2 + 4 + 2 + 1, differing=0)


def test_the_checks_of_this_code_agree_with_themselves_and_not_with_an_edited_threshold() -> None:
    world = World()
    world.judge = ControlMap()  # type: ignore[assignment]
    world.sweep()(world.day(1))
    world.users[HOME] = ["ada", "grace"]
    world.sweep()(world.day(2))
    verified = world.verify(rederive=True)
    assert (verified.verdict, verified.problems, verified.notes) == (Verdict.INTACT, (), ())
    assert verified.rederived is not None
    assert verified.rederived.accounts == 6
    Forger(world, loosened)()
    assert {one.fault for one in world.verify().problems} == set()
    assert {one.fault for one in world.verify(rederive=True).problems} == {Fault.DERIVED}


def test_only_the_run_that_is_asked_for_is_judged_again() -> None:
    world = three_days()
    again = Rederive(locker=world.locker, judge=world.judge, code=CODE)
    verified = VerifyLocker(locker=world.locker, clock=world.clock)(
        trust=Trust(public_key=world.signer.public_key_pem()), run_id="20261101T060000Z", rederive=again
    )
    assert verified.rederived is not None
    assert verified.rederived.runs == 1


def test_a_threshold_edited_in_the_sealed_context_and_all_signed_anew_is_found() -> None:
    world = forged(loosened)
    assert world.verify().verdict is Verdict.INTACT
    verified = world.verify(rederive=True)
    assert verified.verdict is Verdict.NOT_INTACT
    assert {one.fault for one in verified.problems} == {Fault.DERIVED}
    assert verified.rederived is not None
    assert verified.rederived.differing == len(verified.problems) > 0
    first = next(one for one in verified.problems if MEMBER in one.where)
    assert f"account {MEMBER}" in first.detail
    assert "IDC-15 for AKIA2bob is sealed as FAIL and comes out as PASS" in first.detail


def test_a_limit_edited_in_the_sealed_catalog_is_found() -> None:
    def edit(one: SealedObject, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if one.kind is EvidenceKind.CONTEXT:
            found = [{**found[0], "catalog": found[0]["catalog"].replace("max_age_days", "max_age_days ", 1)}]
        return found

    world = forged(edit)
    assert world.verify().verdict is Verdict.INTACT
    assert {one.fault for one in world.verify(rederive=True).problems} == {Fault.DERIVED}


@pytest.mark.parametrize("account", [MEMBER, "organization"])
def test_any_one_result_that_was_turned_is_found(account: str) -> None:
    def edit(one: SealedObject, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if one.kind is EvidenceKind.ASSESSMENT and account in one.key:
            turned = "PASS" if found[-1]["status"] == "FAIL" else "FAIL"
            found[-1] = {**found[-1], "status": turned}
        return found

    world = forged(edit)
    verified = world.verify(deep=False, rederive=True)
    assert [one.fault for one in verified.problems] == [Fault.DERIVED]
    assert "is sealed as" in verified.problems[0].detail


@pytest.mark.parametrize("kind", [EvidenceKind.FINDINGS, EvidenceKind.TRANSITIONS])
def test_findings_and_transitions_that_do_not_follow_from_the_results_are_found(kind: EvidenceKind) -> None:
    def edit(one: SealedObject, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if one.kind is kind and MEMBER in one.key:
            found = [{**each, "reason": "nothing to see"} if "reason" in each else each for each in found]
        return found

    verified = forged(edit).verify(deep=False, rederive=True)
    assert [one.fault for one in verified.problems] == [Fault.DERIVED]
    assert f"the sealed {kind}" in verified.problems[0].detail


def test_a_reason_that_was_reworded_is_found_though_every_status_agrees() -> None:
    def edit(one: SealedObject, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if one.kind is EvidenceKind.ASSESSMENT and MEMBER in one.key:
            found[-1] = {**found[-1], "reason": "the key is 1 day old"}
        return found

    verified = forged(edit).verify(deep=False, rederive=True)
    assert [one.fault for one in verified.problems] == [Fault.DERIVED]
    assert "every status agrees" in verified.problems[0].detail


def coded(one: SealedObject, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Another code named wherever evidence names the code that sealed it."""
    if one.kind is EvidenceKind.CONTEXT:
        return [{**found[0], "code": msgspec.to_builtins(OTHER_CODE)}]
    if one.kind is EvidenceKind.ASSESSMENT:
        return [{**found[0], "code_sha256": OTHER_CODE.sha256}, *found[1:]]
    return found


def recoded(made: Manifest) -> Manifest:
    return msgspec.structs.replace(made, code=OTHER_CODE)


def test_what_other_code_words_otherwise_is_a_note_and_no_tampering() -> None:
    world = three_days()
    assert world.verify(rederive=True, code=OTHER_CODE).notes == ()
    world.judge.wording = "its age in days is"
    verified = world.verify(rederive=True, code=OTHER_CODE)
    assert (verified.verdict, verified.problems, verified.unconfirmed) == (Verdict.INTACT, (), ())
    assert {one.fault for one in verified.notes} == {Fault.OTHER_CODE}
    assert "sealed by other code (version test)" in verified.notes[0].detail
    assert "every status agrees" in verified.notes[0].detail


def test_a_status_that_other_code_gives_otherwise_is_not_confirmed_and_the_verdict_says_so() -> None:
    world = three_days()
    world.judge.limit = 10_000
    verified = world.verify(rederive=True, code=OTHER_CODE)
    assert (verified.verdict, verified.problems, verified.notes) == (Verdict.NOT_HELD, (), ())
    assert verified.verdict == "intact; results not held against the code that sealed them"
    assert {one.fault for one in verified.unconfirmed} == {Fault.NOT_CONFIRMED}
    assert "sealed by other code (version test)" in verified.unconfirmed[0].detail
    assert "is sealed as FAIL and comes out as PASS" in verified.unconfirmed[0].detail


def test_a_result_turned_under_a_code_hash_that_was_edited_everywhere_is_not_called_intact() -> None:
    def edit(one: SealedObject, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        found = coded(one, found)
        if one.kind is EvidenceKind.ASSESSMENT and MEMBER in one.key:
            found[-1] = {**found[-1], "status": "PASS"}
        return found

    world = three_days()
    Forger(world, edit, made=recoded)()
    assert world.verify(deep=False).verdict is Verdict.INTACT
    verified = world.verify(deep=False, rederive=True)
    assert (verified.verdict, verified.problems, verified.notes) == (Verdict.NOT_HELD, (), ())
    assert [MEMBER in one.where for one in verified.unconfirmed] == [True]


@pytest.mark.parametrize("field", ["due_at", "opened_at", "status", "reopened"])
def test_a_finding_whose_life_was_edited_is_not_confirmed_under_other_code(field: str) -> None:
    edited = {"due_at": "2027-11-01T06:00:00Z", "opened_at": "2026-11-02T06:00:00Z", "status": "fixed", "reopened": 7}

    def edit(one: SealedObject, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        found = coded(one, found)
        if one.kind is EvidenceKind.FINDINGS and MEMBER in one.key:
            found = [{**each, field: edited[field]} if each["record"] == "finding" else each for each in found]
        return found

    world = three_days()
    Forger(world, edit, made=recoded)()
    verified = world.verify(deep=False, rederive=True)
    assert (verified.verdict, verified.problems) == (Verdict.NOT_HELD, ())
    assert "the sealed findings" in verified.unconfirmed[0].detail


def test_a_tier_that_was_edited_is_not_confirmed_under_other_code() -> None:
    def edit(one: SealedObject, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        found = coded(one, found)
        if one.kind is EvidenceKind.ASSESSMENT and MEMBER in one.key:
            found[-1] = {**found[-1], "tier": "low"}
        return found

    world = three_days()
    Forger(world, edit, made=recoded)()
    [one] = world.verify(deep=False, rederive=True).unconfirmed
    assert "sealed as FAIL at tier low and comes out as FAIL at tier high" in one.detail


@pytest.mark.parametrize(
    "made",
    [same, recoded],
    ids=["only the context names other code", "context and manifest do, the results do not"],
)
def test_context_results_and_manifest_must_name_one_code(made: Callable[[Manifest], Manifest]) -> None:
    def edit(one: SealedObject, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return coded(one, found) if one.kind is EvidenceKind.CONTEXT else found

    world = three_days()
    Forger(world, edit, made=made)()
    assert world.verify().verdict is Verdict.INTACT
    for code in (CODE, OTHER_CODE, Code(version="third", sha256="3" * 64)):
        verified = world.verify(rederive=True, code=code)
        assert verified.verdict is Verdict.NOT_INTACT
        assert {one.fault for one in verified.problems} == {Fault.DERIVED}


def test_evidence_from_before_anything_was_judged_is_noted() -> None:
    world = World()
    world.judge.silent = True
    world.sweep()(world.day(1))
    world.judge.silent = False
    world.sweep()(world.day(2))
    verified = world.verify(rederive=True, code=OTHER_CODE)
    assert (verified.verdict, verified.problems) == (Verdict.INTACT, ())
    assert [one.fault for one in verified.notes] == [Fault.NOT_JUDGED]
    assert verified.rederived is not None
    assert verified.rederived.runs == 1


@pytest.mark.parametrize("code", [CODE, OTHER_CODE])
def test_a_run_from_before_anything_was_judged_cannot_follow_one_that_was(code: Code) -> None:
    world = World()
    world.sweep()(world.day(1))
    world.judge.silent = True
    world.sweep()(world.day(2))
    world.judge.silent = False
    assert world.verify().verdict is Verdict.INTACT
    [one] = world.verify(rederive=True, code=code).problems
    assert one.fault is Fault.DERIVED
    assert "catalog" in one.detail


def judged_of_member(one: SealedObject) -> bool:
    return one.kind in layout.JUDGED_KINDS and MEMBER in one.key


def claimed(outcome: Outcome) -> Outcome:
    """An outcome of the member that says a defect kept it from being judged."""
    if outcome.account != MEMBER:
        return outcome
    counts = tuple(one for one in outcome.counts if not one[0].startswith(("result:", "finding:", "transition:")))
    return msgspec.structs.replace(outcome, counts=tuple(sorted((*counts, (NOT_JUDGED, 1)))))


def test_a_judgement_that_was_taken_out_is_found_though_its_outcome_blames_a_defect() -> None:
    world = three_days()
    Forger(world, without=judged_of_member, outcome=claimed)()
    assert world.verify().verdict is Verdict.INTACT
    [one] = world.verify(rederive=True).problems
    assert one.fault is Fault.DERIVED
    assert f"account {MEMBER}" in one.detail
    assert "it can be judged" in one.detail


def test_a_judgement_that_was_taken_out_under_another_code_hash_is_not_confirmed() -> None:
    world = three_days()
    Forger(world, coded, without=judged_of_member, outcome=claimed, made=recoded)()
    verified = world.verify(rederive=True)
    assert (verified.verdict, verified.problems) == (Verdict.NOT_HELD, ())
    assert "it can be judged" in verified.unconfirmed[0].detail


@pytest.mark.parametrize("code", [CODE, OTHER_CODE])
def test_a_catalog_that_nothing_can_be_judged_by_is_no_excuse_for_having_no_results(code: Code) -> None:
    def edit(one: SealedObject, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        found = coded(one, found) if code is OTHER_CODE else found
        return [{**found[0], "catalog": "no = ["}] if one.kind is EvidenceKind.CONTEXT else found

    world = three_days()
    Forger(world, edit, without=judged_of_member, outcome=claimed, made=recoded if code is OTHER_CODE else same)()
    verified = world.verify(deep=False, rederive=True)
    assert verified.verdict is (Verdict.NOT_INTACT if code is CODE else Verdict.NOT_HELD)
    found = verified.problems if code is CODE else verified.unconfirmed
    assert any("catalog" in one.detail or MEMBER in one.detail for one in found)


def test_the_organizations_judgement_that_was_taken_out_is_found_though_a_defect_is_blamed() -> None:
    def made(one: Manifest) -> Manifest:
        return msgspec.structs.replace(one, organization_gaps=("organization: not judged, because of a defect",))

    world = three_days()
    Forger(world, without=lambda one: one.kind in layout.JUDGED_KINDS and "organization" in one.key, made=made)()
    problems = world.verify(deep=False, rederive=True).problems
    assert [one.fault for one in problems] == [Fault.DERIVED]
    assert "the organization: it says that a defect" in problems[0].detail


@pytest.mark.parametrize("left", [EvidenceKind.FINDINGS, EvidenceKind.TRANSITIONS])
def test_results_alone_cannot_be_taken_out(left: EvidenceKind) -> None:
    world = three_days()
    Forger(world, without=lambda one: judged_of_member(one) and one.kind is not left, outcome=claimed)()
    assert Fault.DERIVED in {one.fault for one in world.verify(deep=False, rederive=True).problems}


def test_results_of_an_account_without_a_snapshot_follow_from_nothing() -> None:
    world = three_days()
    Forger(world, without=lambda one: one.kind is EvidenceKind.SNAPSHOT and MEMBER in one.key)()
    [one] = world.verify(deep=False, rederive=True).problems
    assert one.fault is Fault.DERIVED
    assert "no snapshot" in one.detail


@pytest.mark.parametrize("kind", [EvidenceKind.CONTEXT, EvidenceKind.PLAN])
def test_a_manifest_that_names_no_context_or_no_plan_is_not_judged_again_in_silence(kind: EvidenceKind) -> None:
    world = three_days()
    end = next(one for one in world.locker.versions("chain/") if one.key.endswith("3.json"))
    made = manifest.read(end.key, world.locker.get(end.key))
    assert isinstance(made, Manifest)
    objects = tuple(one for one in made.objects if one.kind is not kind)
    again = Rederive(locker=world.locker, judge=world.judge, code=CODE)
    sound = {one.key for one in world.locker.versions("")}
    _, [problem] = again((msgspec.structs.replace(made, objects=objects),), sound)
    assert problem.fault is Fault.DERIVED
    assert f"names no {kind}" in problem.detail


def test_an_account_without_results_is_a_note_only_where_its_outcome_says_why_and_it_is_true() -> None:
    world = three_days()
    world.judge.broken = {MEMBER}
    world.sweep()(world.day(4))
    verified = world.verify(rederive=True)
    broken = [one for one in verified.notes if "2222" in one.detail and one.where.endswith("4.json")]
    assert [one.fault for one in broken] == [Fault.NOT_JUDGED]
    world.judge.broken = set()
    [one] = world.verify(rederive=True).problems
    assert (one.fault, one.where) == (Fault.DERIVED, "chain/00000004.json")
    assert "it can be judged" in one.detail

    def silenced(outcome: Outcome) -> Outcome:
        return msgspec.structs.replace(outcome, counts=tuple(one for one in outcome.counts if one[0] != NOT_JUDGED))

    Forger(world, outcome=silenced)()
    [one] = world.verify(rederive=True).problems
    assert "nothing says why" in one.detail


def four_days() -> World:
    world = World()
    for day in range(1, 5):
        world.sweep()(world.day(day))
    return world


def begin_anew(world: World, account: str, *, note: str = "", plan: Callable[[Plan], Plan] = same) -> None:
    """Seal the last run's findings of an account as they are where nothing came before, everything counted alike."""
    end = chain_head.chain_end(world.locker, public_key=world.signer.public_key_pem())
    assert end is not None
    assert end.manifest is not None
    fresh = judged_from_nothing(world, end.manifest, account)
    lines = {EvidenceKind.FINDINGS: [_sealed(one) for one in fresh.findings.lines()], EvidenceKind.TRANSITIONS: []}

    def edit(one: SealedObject, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return lines[one.kind] if one.kind in lines and account in one.key else found

    def outcome(one: Outcome) -> Outcome:
        if one.account != account:
            return one
        kept = [each for each in one.counts if not each[0].startswith(("result:", "finding:", "transition:"))]
        counts = tuple(sorted((*kept, *fresh.counts().items())))
        return msgspec.structs.replace(one, counts=counts, notes=(*one.notes, *([note] if note else [])))

    def made(one: Manifest) -> Manifest:
        said = (f"organization: {note}",) if note and account == layout.ORGANIZATION else ()
        return msgspec.structs.replace(one, organization_gaps=(*one.organization_gaps, *said))

    Forger(world, edit, outcome=outcome, plan=plan, made=made)()


def judged_from_nothing(world: World, made: Manifest, account: str) -> Judged:
    context = sealing.context_of(world.locker, made)
    if account == layout.ORGANIZATION:
        return judging.organization(world.judge, context, made.coverage, previous=None)
    at = next(one for one in made.objects if one.kind is EvidenceKind.SNAPSHOT and account in one.key)
    seen = sealing.read_snapshot(at.key, world.locker.get(at.key))
    return judging.account(world.judge, seen, context, snapshot_sha256=at.sha256, previous=None)


def pointing(account: str, to: Callable[[Pointer | None], Pointer | None]) -> Callable[[Plan], Plan]:
    """A plan that points an account elsewhere for what was found before."""

    def plan(one: Plan) -> Plan:
        if account == layout.ORGANIZATION:
            other = to(one.header.previous_findings)
            return msgspec.structs.replace(one, header=msgspec.structs.replace(one.header, previous_findings=other))
        accounts = tuple(
            msgspec.structs.replace(each, previous_findings=to(each.previous_findings))
            if each.account == account
            else each
            for each in one.accounts
        )
        return msgspec.structs.replace(one, accounts=accounts)

    return plan


@pytest.mark.parametrize("account", [MEMBER, layout.ORGANIZATION])
def test_findings_that_begin_anew_because_the_plan_points_nowhere_are_found(account: str) -> None:
    world = four_days()
    begin_anew(world, account, plan=pointing(account, lambda _: None))
    assert world.verify(deep=account == MEMBER).verdict is Verdict.INTACT
    [one] = world.verify(deep=False, rederive=True).problems
    assert (one.fault, one.where) == (Fault.DERIVED, "plan/20261104T060000Z.jsonl")
    assert "its findings follow from those of run 20261103T060000Z, and its plan takes up none" in one.detail


def test_findings_that_follow_from_an_older_run_than_the_last_are_found() -> None:
    world = four_days()
    older = next(one for one in world.names("findings/20261101T060000Z/") if MEMBER in one)
    sha = canonical.sha256(world.locker.get(older))
    to = Pointer(run_id="20261101T060000Z", key=older, stored_sha256=sha, seq=1)
    Forger(world, plan=pointing(MEMBER, lambda _: to))()
    [one] = world.verify(rederive=True).problems
    assert "those of run 20261103T060000Z, and its plan takes up those of run 20261101T060000Z" in one.detail


@pytest.mark.parametrize("head", [0, 2, 7])
def test_a_plan_that_stands_on_another_head_than_its_run_could_is_found(head: int) -> None:
    world = four_days()
    seen = chain_head.read_chain(world.locker, public_key=None)
    sha = next((one.sha256 for one in seen.links if one.seq == head), "f" * 64)

    def plan(one: Plan) -> Plan:
        header = msgspec.structs.replace(one.header, head_seq=head, head_sha256=sha)
        return msgspec.structs.replace(one, header=header)

    Forger(world, plan=plan)()
    problems = world.verify(rederive=True).problems
    assert {one.fault for one in problems} == {Fault.DERIVED}
    assert any("its plan stands on" in one.detail for one in problems)


@pytest.mark.parametrize("account", [MEMBER, layout.ORGANIZATION])
@pytest.mark.parametrize("code", [CODE, OTHER_CODE])
def test_findings_that_begin_anew_though_those_before_are_sound_are_not_believed(account: str, code: Code) -> None:
    world = four_days()
    begin_anew(world, account, note=f"{judging.ANEW}: it was unreadable")
    verified = world.verify(deep=False, rederive=True, code=code)
    [one] = verified.problems if code is CODE else verified.unconfirmed
    assert one.fault is (Fault.DERIVED if code is CODE else Fault.NOT_CONFIRMED)
    assert "every finding begins anew, and they are there, as they were sealed" in one.detail


def test_findings_that_begin_anew_because_those_before_are_spoilt_are_noted() -> None:
    world = four_days()
    key = next(one for one in world.names("findings/20261104T060000Z/") if MEMBER in one)
    real = world.locker.get
    world.locker.get = lambda name, **how: b"other" if name == key else real(name, **how)  # type: ignore[method-assign]
    world.sweep()(world.day(5))
    verified = world.verify(rederive=True)
    assert [(one.fault, one.where) for one in verified.problems] == [(Fault.CHANGED, key)]
    assert [one.fault for one in verified.notes] == [Fault.BEGUN_ANEW, Fault.NOT_ADDED_UP]
    assert f"account {MEMBER}: {judging.ANEW}" in verified.notes[0].detail


def test_findings_are_taken_up_over_runs_that_did_not_read_the_account() -> None:
    world = four_days()
    world.unreachable = {MEMBER}
    world.sweep()(world.day(5))
    world.sweep()(world.day(6))
    world.unreachable = set()
    world.sweep()(world.day(7))
    verified = world.verify(rederive=True)
    assert (verified.verdict, verified.problems, verified.notes) == (Verdict.INTACT, (), ())
    Forger(world, plan=pointing(MEMBER, lambda _: None))()
    assert "those of run 20261104T060000Z" in world.verify(rederive=True).problems[0].detail


def test_an_account_that_a_run_did_not_know_of_begins_anew_and_is_noted() -> None:
    world = four_days()
    users = world.users.pop(MEMBER)
    world.sweep()(world.day(5))
    world.users[MEMBER] = users
    world.sweep()(world.day(6))
    verified = world.verify(rederive=True)
    assert (verified.verdict, verified.problems) == (Verdict.INTACT, ())
    assert [one.fault for one in verified.notes] == [Fault.BEGUN_ANEW]
    assert "what run 20261104T060000Z found is not taken up" in verified.notes[0].detail


def test_runs_that_overlap_each_take_up_what_was_there_when_they_began() -> None:
    world = four_days()
    slow = world.sweep()
    plan = slow._start(world.day(5)).plan
    world.clock.at += timedelta(minutes=1)
    world.sweep()(Run.manual(world.clock.now(), None))
    world.clock.at += timedelta(minutes=1)
    slow(plan.header.run)
    world.sweep()(world.day(6))
    verified = world.verify(rederive=True)
    assert (verified.verdict, verified.problems, verified.notes) == (Verdict.INTACT, (), ())
    assert verified.runs == 7


def _sealed(value: msgspec.Struct) -> Any:
    return msgspec.json.decode(canonical.encode(value))
