"""Seal, then judge: what a run's results, findings and counts become, and what they must never cost."""

from datetime import timedelta

import msgspec

from prooftrail.evidence import layout
from prooftrail.evidence.findings import Fault
from prooftrail.flows import judging, sealing
from prooftrail.flows.sweep import Swept
from prooftrail.flows.verify_locker import Verdict
from prooftrail.governance import Governance
from prooftrail.governance.thresholds import ByTier
from prooftrail.model.iam import AccessKey
from prooftrail.model.judgement import Assessment, Findings, FindingStatus, ResultStatus
from prooftrail.model.reading import Collector, Gap, GapReason
from prooftrail.model.run import EvidenceKind, Outcome, OutcomeStatus
from prooftrail.model.snapshot import Snapshot
from tests.flows.test_rederive import LOOSE, threshold
from tests.flows.world import HOME, MEMBER, World

ADMIN, READ = "arn:aws:iam::aws:policy/AdministratorAccess", "arn:aws:iam::aws:policy/ReadOnlyAccess"
STRICT = ByTier[int | bool](critical=1, high=1, medium=1, low=1)


def bodies(world: World, swept: Swept, kind: EvidenceKind, account: str) -> list[tuple[str, bytes]]:
    keys = [one.key for one in swept.manifest.objects if one.kind is kind and layout.Place(one.key).account == account]
    return [(key, world.locker.get(key)) for key in keys]


def assessment(world: World, swept: Swept, account: str = MEMBER) -> Assessment:
    [found] = bodies(world, swept, EvidenceKind.ASSESSMENT, account)
    return sealing.read_assessment(*found)


def findings(world: World, swept: Swept, account: str = MEMBER) -> Findings:
    [found] = bodies(world, swept, EvidenceKind.FINDINGS, account)
    return sealing.read_findings(*found)


def snapshot(world: World, swept: Swept, account: str = MEMBER) -> Snapshot:
    [found] = bodies(world, swept, EvidenceKind.SNAPSHOT, account)
    return sealing.read_snapshot(*found)


def outcome(world: World, swept: Swept, account: str = MEMBER) -> Outcome:
    [found] = bodies(world, swept, EvidenceKind.OUTCOME, account)
    return sealing.read_outcome(*found)


def scanned(world: World, *days: int) -> list[Swept]:
    return [world.sweep()(world.day(day)) for day in days]


def test_results_are_sealed_beside_the_snapshot_they_are_of_and_counted() -> None:
    world = World()
    [swept] = scanned(world, 1)
    found = assessment(world, swept)
    [sealed] = [one for one in outcome(world, swept).objects if one.kind is EvidenceKind.SNAPSHOT]
    assert found.header.snapshot == sealed.sha256
    assert [one.status for one in found.results] == [ResultStatus.FAIL, ResultStatus.FAIL]
    counts = dict(swept.manifest.counts)
    assert counts["result:IDC-15:FAIL"] == 3
    assert counts["result:IDC-33:PASS"] == 2
    assert counts["finding:open"] == counts["finding:opened"] == 3
    assert "identities" in counts


def test_findings_live_on_from_run_to_run() -> None:
    world = World()
    scanned(world, 1)
    world.users[MEMBER] = ["bob"]
    [swept] = scanned(world, 2)
    found = findings(world, swept)
    assert {one.opened_run for one in found.findings} == {"20261101T060000Z"}
    assert {one.subject: one.status for one in found.findings} == {
        "AKIA2bob": FindingStatus.OPEN,
        "AKIA2svc-deploy": FindingStatus.FIXED,
    }
    assert dict(swept.manifest.counts)["transition:FAIL>none"] == 1
    assert "finding:opened" not in dict(swept.manifest.counts)


def test_findings_outlive_runs_that_could_not_read_the_account() -> None:
    world = World()
    scanned(world, 1)
    world.unreachable = {MEMBER}
    [unread] = scanned(world, 2)
    assert bodies(world, unread, EvidenceKind.FINDINGS, MEMBER) == []
    world.unreachable = set()
    [swept] = scanned(world, 3)
    assert {one.opened_run for one in findings(world, swept).findings} == {"20261101T060000Z"}


def test_findings_that_are_not_what_was_sealed_are_not_believed_and_the_outcome_says_so() -> None:
    world = World()
    [first] = scanned(world, 1)
    [(key, _)] = bodies(world, first, EvidenceKind.FINDINGS, MEMBER)
    real = world.locker.get
    world.locker.get = lambda name, **how: b"other" if name == key else real(name, **how)  # type: ignore[method-assign]
    [swept] = scanned(world, 2)
    assert findings(world, swept).header.first_run == "20261102T060000Z"
    assert [one for one in outcome(world, swept).notes if one.startswith(judging.ANEW)]
    assert {one.fault for one in world.verify(rederive=True).problems} == {Fault.CHANGED}
    world.locker.get = real  # type: ignore[method-assign]
    assert {one.fault for one in world.verify(rederive=True).problems} == {Fault.DERIVED}


def test_the_organization_is_judged_when_its_accounts_are_done_and_has_findings_of_its_own() -> None:
    world = World()
    world.unreachable = {MEMBER}
    first, second = scanned(world, 1, 2)
    found = assessment(world, first, layout.ORGANIZATION)
    assert {one.subject: one.status for one in found.results} == {HOME: ResultStatus.PASS, MEMBER: ResultStatus.FAIL}
    later = findings(world, second, layout.ORGANIZATION)
    assert [one.opened_run for one in later.findings] == ["20261101T060000Z"]
    assert world.verify().verdict is Verdict.INTACT


def test_a_defect_in_judging_costs_no_evidence_and_is_said_aloud() -> None:
    world = World()
    world.judge.broken = {MEMBER}
    [swept] = scanned(world, 1)
    committed = outcome(world, swept)
    assert committed.status is OutcomeStatus.GAPS
    assert "not judged, because of a defect of Prooftrail: KeyError" in (committed.reason or "")
    assert {one.kind for one in committed.objects} == {EvidenceKind.RAW, EvidenceKind.PEOPLE, EvidenceKind.SNAPSHOT}
    assert dict(swept.manifest.counts)[judging.NOT_JUDGED] == 1
    assert swept.manifest.superseded == ()
    assert world.verify().verdict is Verdict.INTACT


def test_a_defect_in_judging_the_organization_keeps_no_run_from_its_seal() -> None:
    world = World()
    world.judge.broken = {layout.ORGANIZATION}
    [swept] = scanned(world, 1)
    assert "organization: not judged" in swept.manifest.organization_gaps[-1]
    assert world.verify(rederive=True).verdict is Verdict.INTACT


def test_findings_are_taken_up_again_after_a_run_that_was_not_judged() -> None:
    world = World()
    scanned(world, 1)
    world.judge.broken = {MEMBER}
    scanned(world, 2)
    world.judge.broken = set()
    [swept] = scanned(world, 3)
    assert {one.opened_run for one in findings(world, swept).findings} == {"20261101T060000Z"}


def test_a_loosening_is_counted_by_the_results_it_turned_and_only_in_the_run_that_sealed_it() -> None:
    world = World()
    [first] = scanned(world, 1)
    world.governance = Governance(thresholds=threshold(LOOSE))
    second, third = scanned(world, 2, 3)
    assert first.context.governance_before is None
    assert second.context.governance_before == first.context.governance
    assert second.manifest.governance.turned == dict(second.manifest.counts)[judging.LOOSENED] == 3
    assert len(second.manifest.governance.loosened) > 0
    assert third.context.governance_before is None
    assert third.manifest.governance.turned == 0
    assert world.verify(rederive=True).verdict is Verdict.INTACT


def test_a_tightening_turns_nothing() -> None:
    world = World()
    world.governance = Governance(thresholds=threshold(LOOSE))
    scanned(world, 1)
    world.governance = Governance(thresholds=threshold(STRICT))
    [swept] = scanned(world, 2)
    assert swept.manifest.governance.turned == 0
    assert swept.manifest.governance.loosened == ()
    assert judging.LOOSENED not in dict(swept.manifest.counts)


def test_a_limit_set_below_the_catalogs_default_is_no_loosening() -> None:
    world = World()
    scanned(world, 1)
    world.governance = Governance(thresholds=threshold(STRICT))
    [swept] = scanned(world, 2)
    assert swept.manifest.governance.loosened == ()


def test_policies_of_aws_are_in_the_context_and_a_known_version_is_not_asked_for_again() -> None:
    world = World()
    world.published = {READ: "v1"}
    [first] = scanned(world, 1)
    assert world.shown == [READ]
    world.published = {READ: "v1", ADMIN: "v1"}
    [second] = scanned(world, 2)
    assert world.shown == [ADMIN]
    assert [(one.arn, one.version) for one in second.context.managed_policies] == [(ADMIN, "v1"), (READ, "v1")]
    assert dict(first.manifest.counts)["calls:aws_policies"] == 2
    assert world.carried.aws_policies == {ADMIN, READ}


def test_a_context_that_is_gone_costs_a_second_reading_and_no_run() -> None:
    world = World()
    [first] = scanned(world, 1)
    key = next(one.key for one in first.manifest.objects if one.kind is EvidenceKind.CONTEXT)
    real = world.locker.get
    world.locker.get = lambda name, **how: b"other" if name == key else real(name, **how)  # type: ignore[method-assign]
    [second] = scanned(world, 2)
    assert world.shown == [READ]
    assert [one.arn for one in second.context.managed_policies] == [READ]


def test_policies_that_could_not_be_listed_are_a_gap_of_the_organization_and_the_accounts_are_asked() -> None:
    world = World()
    world.unlisted = (Gap(api="iam:ListPolicies", reason=GapReason.DENIED, detail="not authorized"),)
    [swept] = scanned(world, 1)
    assert any(one.startswith("aws_policies: iam:ListPolicies") for one in swept.manifest.organization_gaps)
    assert swept.context.managed_policies == ()
    assert world.carried.aws_policies == frozenset()
    assert Collector.AWS_POLICIES in {one.collector for one in snapshot(world, swept).cells}


def test_a_key_that_was_switched_off_keeps_the_day_it_was_first_seen_so() -> None:
    world = World()
    scanned(world, 1)
    world.keys_off = {"bob"}
    second, third = scanned(world, 2, 3)
    dates = []
    for swept in (second, third):
        keys = [one.facts for one in snapshot(world, swept).identities if isinstance(one.facts, AccessKey)]
        dates.append({one.user_name: one.inactive_since for one in keys})
    assert dates == [{"bob": second.context.run.taken_at, "svc-deploy": None}] * 2
    assert second.context.run.taken_at + timedelta(days=1) == third.context.run.taken_at


def test_a_run_begun_before_anything_was_judged_is_finished_without_results() -> None:
    world = World()
    world.judge.silent = True
    [swept] = scanned(world, 1)
    assert not {one.kind for one in swept.manifest.objects} & set(layout.JUDGED_KINDS)
    assert world.verify().verdict is Verdict.INTACT


def test_a_plan_and_an_outcome_that_know_fewer_fields_are_still_ours() -> None:
    world = World()
    run = world.day(1)
    sweep = world.sweep()
    plan = sweep._start(run).plan
    made = sweep._start._sealing
    bare = msgspec.structs.replace(plan, header=msgspec.structs.replace(plan.header, mac=""))
    older = sealing.plan_bytes(bare).replace(b',"previous_findings":null', b"")
    assert older != sealing.plan_bytes(bare)
    signed = older.replace(b'"mac":""', b'"mac":"%s"' % made._code(older).encode(), 1)
    assert made.plan("plan/x.jsonl", signed).header.run == plan.header.run
