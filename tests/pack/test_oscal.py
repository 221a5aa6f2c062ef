"""OSCAL documents, read back with compliance-trestle."""

import json
import re
import warnings
from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID, uuid5

import msgspec
import pytest

from prooftrail.evidence.manifest import AccountCoverage
from prooftrail.governance.exceptions import AcceptedException, Compensator, Exceptions, Milestone
from prooftrail.model import canonical
from prooftrail.model.judgement import FindingStatus, Result, ResultStatus, SubjectType
from prooftrail.pack.oscal.oscal import Oscal
from prooftrail.pack.oscal.subjects import TOOL
from prooftrail.pack.oscal.text import Spool, line, object_uuid, prose, title, token
from prooftrail.pack.tally import Tally
from prooftrail.pack.view import AccountView, PackOptions
from tests.builders.judging_findings import a_result
from tests.builders.pack_files import MemoryFiles
from tests.builders.packs import a_finding, a_pack_run, a_period, an_account_view, an_unread_account_view, some_evidence
from tests.builders.times import ACCOUNT, MEMBER, NOW, days

with warnings.catch_warnings():  # trestle's own deprecations, of its own dependencies
    warnings.simplefilter("ignore")
    from trestle.oscal import assessment_plan, assessment_results, component, poam

MODELS = {
    "assessment-results": assessment_results.Model,
    "poam": poam.Model,
    "component-definition": component.Model,
    "assessment-plan": assessment_plan.Model,
}

WHOLE = "IDC-12"
"""A control of which every part is tested."""


def written(*views: AccountView, **changes: Any) -> dict[str, bytes]:
    period, files = a_period(**changes), MemoryFiles()
    files.files["07_identity_control_results.csv"] = b"identity_id\r\n"
    part = Oscal(period, files)
    for one in views:
        part.take(one)
    part.finish(Tally(period))
    return {path: data for path, data in files.files.items() if path.startswith("oscal/")}


def documents(*views: AccountView, **changes: Any) -> dict[str, Any]:
    made = {
        path.removeprefix("oscal/").removesuffix(".json"): data for path, data in written(*views, **changes).items()
    }
    assert sorted(made) == sorted(MODELS)
    for name, data in made.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            MODELS[name].model_validate_json(data)
    return {name: next(iter(json.loads(data).values())) for name, data in made.items()}


def result_of(*views: AccountView, **changes: Any) -> dict[str, Any]:
    return documents(*views, **changes)["assessment-results"]["results"][0]


def a_judged(status: ResultStatus, **changes: Any) -> Result:
    kept = {"control": "IDC-15", "subject": "AKIAEXAMPLE", "subject_type": SubjectType.CREDENTIAL}
    return a_result(status, **{**kept, "identity": "AKIAEXAMPLE", "reason": f"It came to {status}.", **changes})


def a_view(*results: Result, **changes: Any) -> AccountView:
    return an_account_view(**{"results": results, "findings": (), **changes})


def target_of(result: dict[str, Any], control: str = "IDC-15") -> dict[str, Any]:
    return next(one["target"] for one in result["findings"] if one["title"].startswith(control))


def values(thing: dict[str, Any]) -> dict[str, str]:
    assert all(one["ns"] == "urn:prooftrail:oscal:1" for one in thing["props"])
    return {one["name"]: one["value"] for one in thing["props"]}


def every(thing: Any, key: str) -> Iterator[Any]:
    if isinstance(thing, dict):
        for name, each in thing.items():
            if name == key:
                yield each
            yield from every(each, key)
    elif isinstance(thing, list):
        for each in thing:
            yield from every(each, key)


def test_every_document_is_valid_and_names_its_version() -> None:
    for one in documents(an_account_view(), an_unread_account_view()).values():
        assert one["metadata"]["oscal-version"] == "1.2.1"
        assert one["metadata"]["last-modified"] == canonical.timestamp(a_period().clock)
        assert "Nothing here claims conformity" in one["metadata"]["remarks"]


def test_a_pack_of_nothing_is_valid_and_says_so() -> None:
    made = documents(runs=(), ticks_met={})
    result = made["assessment-results"]["results"][0]
    assert "observations" not in result
    assert "findings" not in result
    assert [one["title"] for one in result["assessment-log"]["entries"]] == ["A run was due and there is none"] * 4
    assert made["poam"]["poam-items"][0]["title"] == "No finding was open"


def test_what_failed_is_told_one_by_one_and_what_passed_is_counted() -> None:
    view = an_account_view()
    result = result_of(view)
    told = [one for one in result["observations"] if values(one)["result"] == "FAIL"]
    assert len(told) == sum(one.status is ResultStatus.FAIL for one in view.results)
    passed = [one for one in result["observations"] if values(one)["result"] == "PASS"]
    assert {values(one)["control"]: values(one)["count"] for one in passed} == {"IDC-02": "2", "IDC-15": "1"}
    assert all("Aggregated" in one["remarks"] for one in passed)
    assert "aggregated" in result["remarks"]


def test_an_observation_cites_the_sealed_line_and_its_hash_is_in_the_back_matter() -> None:
    view = an_account_view()
    document = documents(view)["assessment-results"]
    resources = {one["uuid"]: one for one in document["back-matter"]["resources"]}
    for one in document["results"][0]["observations"]:
        if values(one)["result"] != "FAIL":
            continue
        cited = one["relevant-evidence"][0]
        at = int(values(cited)["evidence-line"]) - view.first_result_line
        assert view.results[at].reason == one["description"]
        link = resources[cited["href"].removeprefix("#")]["rlinks"][0]
        sealed = some_evidence(view.assessment.kind) if view.assessment else some_evidence()
        assert link["href"] == f"../evidence/{sealed.key}"
        assert link["hashes"] == [{"algorithm": "SHA-256", "value": sealed.stored_sha256}]


def test_the_registers_are_linked_with_the_hash_they_have_once_closed() -> None:
    resources = documents(an_account_view())["assessment-results"]["back-matter"]["resources"]
    links = {each["href"]: each for one in resources for each in one["rlinks"]}
    assert links["../07_identity_control_results.csv"]["hashes"][0]["value"] == canonical.sha256(b"identity_id\r\n")
    assert "hashes" not in links["../15_exceptions.csv"]
    assert "../evidence/chain/00000004.json" in links


@pytest.mark.parametrize(
    ("statuses", "state", "reason"),
    [
        ((ResultStatus.PASS,), "satisfied", "pass"),
        ((ResultStatus.PASS, ResultStatus.NOT_APPLICABLE), "satisfied", "pass"),
        ((ResultStatus.PASS, ResultStatus.FAIL), "not-satisfied", "fail"),
        ((ResultStatus.PASS, ResultStatus.NOT_TESTED), "not-satisfied", "other"),
        ((ResultStatus.PASS, ResultStatus.EXCEPTION), "not-satisfied", "other"),
        ((ResultStatus.NOT_TESTED,), "not-satisfied", "other"),
    ],
)
def test_an_objective_is_satisfied_only_if_everything_was_tested_and_passed(
    statuses: tuple[ResultStatus, ...], state: str, reason: str
) -> None:
    results = [a_judged(one, control=WHOLE, subject=f"s{at}") for at, one in enumerate(statuses)]
    status = target_of(result_of(a_view(*results)), WHOLE)["status"]
    assert (status["state"], status["reason"]) == (state, reason)


def test_an_objective_with_parts_that_are_not_covered_is_never_satisfied_and_names_them() -> None:
    document = documents(
        *(a_view(a_judged(ResultStatus.PASS, control=one.id)) for one in a_period().catalog.controls if one.not_covered)
    )
    for one in document["assessment-results"]["results"][0]["findings"]:
        status = one["target"]["status"]
        assert (status["state"], status["reason"]) == ("not-satisfied", "other")
        assert status["remarks"].startswith("Parts that are not covered: ")
        assert one["remarks"].startswith("Not covered: ")


@pytest.mark.parametrize(
    "view", [an_unread_account_view(), an_account_view(account=MEMBER, stale=True, results=(), findings=())]
)
def test_an_account_that_was_not_judged_in_this_run_leaves_no_objective_satisfied(view: AccountView) -> None:
    assert target_of(result_of(a_view(a_judged(ResultStatus.PASS)), view))["status"]["state"] == "not-satisfied"


def test_an_account_left_out_on_purpose_is_named_and_hinders_no_objective() -> None:
    passed = a_judged(ResultStatus.PASS, control=WHOLE)
    result = result_of(a_view(passed), an_unread_account_view(status="skipped"))
    assert target_of(result, WHOLE)["status"]["state"] == "satisfied"
    assert f"left out by policy or by their state, for which no finding speaks: {MEMBER}" in result["remarks"]
    assert any(one["title"].startswith("NOT") for one in result["observations"])


def test_remarks_name_the_first_accounts_and_count_the_others() -> None:
    views = [an_unread_account_view(f"{at:012}") for at in range(31)]
    remarks = result_of(*views)["remarks"]
    assert "000000000029 and 1 more." in remarks
    assert "cut here" not in remarks


def test_an_account_that_is_gone_counts_for_no_finding_is_not_planned_for_and_keeps_its_observations() -> None:
    failed = a_judged(ResultStatus.FAIL, control=WHOLE)
    gone = a_view(failed, account=MEMBER, status="unplanned", stale=True, findings=(a_finding(failed),))
    made = documents(a_view(a_judged(ResultStatus.PASS, control=WHOLE, subject="other")), gone)
    (result,) = made["assessment-results"]["results"]
    assert target_of(result, WHOLE)["status"]["state"] == "satisfied"
    assert f"not of the run shown any more, and count for no finding: {MEMBER}" in result["remarks"]
    assert [(values(one)["account"], values(one)["account-status"]) for one in result["risks"]] == [
        (MEMBER, "unplanned")
    ]
    assert "with the property account-status unplanned: 1." in result["remarks"]
    assert "risks" not in made["poam"]
    assert f"1 open findings are left out: they were last seen in accounts that are not of the run shown any more ({MEMBER})." in made["poam"]["metadata"]["remarks"]  # fmt: skip


def test_a_control_that_applies_to_nothing_has_no_finding_and_the_remarks_say_so() -> None:
    result = result_of(a_view(a_judged(ResultStatus.NOT_APPLICABLE)))
    assert "findings" not in result
    assert re.search(r"Controls without a finding, .*: .*IDC-15", result["remarks"])


def test_an_account_nobody_judged_is_an_observation() -> None:
    told = [one for one in result_of(an_unread_account_view())["observations"] if one["title"].startswith("NOT\\_TESTED") or one["title"].startswith("NOT_TESTED")]  # fmt: skip
    assert len(told) == 1
    assert "it was never read" in told[0]["description"]


def test_whatever_is_referred_to_is_there() -> None:
    document = documents(an_account_view(), an_unread_account_view())["assessment-results"]
    result = document["results"][0]
    defined = {each["uuid"] for key in ("components", "inventory-items") for each in result["local-definitions"][key]}
    assert set(every(result, "subject-uuid")) <= defined
    assert set(every(result, "actor-uuid")) | set(every(result, "component-uuid")) <= defined
    observed = [one["uuid"] for one in result["observations"]]
    assert len(set(observed)) == len(observed)
    assert set(every(result, "observation-uuid")) <= set(observed)
    assert set(every(result, "risk-uuid")) == {one["uuid"] for one in result["risks"]}
    hrefs = {one["href"] for each in every(result, "relevant-evidence") for one in each}
    assert hrefs <= {f"#{one['uuid']}" for one in document["back-matter"]["resources"]}


def test_every_open_finding_is_a_risk_with_its_deadline() -> None:
    view = an_account_view()
    risks = result_of(view)["risks"]
    assert len(risks) == len(view.findings)
    assert {one["status"] for one in risks} == {"open"}
    assert {one["deadline"] for one in risks} == {canonical.timestamp(NOW + days(1))}


def test_an_open_finding_nobody_could_look_at_again_is_a_risk_and_leaves_its_objective_open() -> None:
    unseen = a_finding(a_judged(ResultStatus.FAIL, subject="unseen"), unseen_since=canonical.run_id(NOW))
    result = result_of(a_view(a_judged(ResultStatus.PASS), findings=(unseen,)))
    (risk,) = result["risks"]
    assert "related-observations" not in risk
    assert values(risk)["not-tested-since"] == canonical.run_id(NOW)
    status = target_of(result)["status"]
    assert status["state"] == "not-satisfied"
    assert status["remarks"].startswith(
        "Open findings that could not be looked at again: 1; parts that are not covered: "
    )


def test_a_finding_that_was_mended_is_no_risk() -> None:
    mended = a_finding(a_judged(ResultStatus.PASS), status=FindingStatus.FIXED, fixed_run=canonical.run_id(NOW))
    assert "risks" not in result_of(a_view(a_judged(ResultStatus.PASS), findings=(mended,)))


def an_exception(**changes: Any) -> AcceptedException:
    made = {
        "id": "EXC-1", "identity": "AKIAEXAMPLE", "control": "IDC-15", "reason": "The vendor has no roles.",
        "tier": "high", "requester": "jane", "risk_owner": "ravi", "approver": "mona",
        "approved_on": date(2026, 11, 1), "expires_on": date(2026, 12, 31),
        "compensating": (Compensator(sp80053="SC-7(5)", predicate="network_condition"),
                         Compensator(sp80053="AC-6", control="IDC-20")),
        "retirement": (Milestone(what="Move to a role", due_on=date(2026, 12, 1), owner="jane"),),
    }  # fmt: skip
    return AcceptedException(**{**made, **changes})


def excepted(**changes: Any) -> dict[str, Any]:
    context = a_period().context
    policy = msgspec.structs.replace(context.governance, exceptions=Exceptions(exception=(an_exception(**changes),)))
    results = (
        a_judged(ResultStatus.EXCEPTION, exception="EXC-1"),
        a_judged(ResultStatus.PASS, control="IDC-20"),
    )
    view = a_view(*results, findings=(a_finding(results[0], exception="EXC-1"),))
    return documents(view, context=msgspec.structs.replace(context, governance=policy))


def test_an_accepted_deviation_says_what_mitigates_it_and_how_it_ends() -> None:
    for risks in (excepted()["assessment-results"]["results"][0]["risks"], excepted()["poam"]["risks"]):
        (risk,) = risks
        assert risk["status"] == "deviation-approved"
        assert risk["deadline"] == "2026-12-31T23:59:59Z"
        factors = [values(one) for one in risk["mitigating-factors"]]
        assert [(one["sp800-53"], one["result"]) for one in factors][1] == ("ac-6", "PASS")
        assert (factors[0]["sp800-53"], factors[0]["result"]) == ("sc-7.5", "INFERRED")
        (task,) = risk["remediations"][0]["tasks"]
        assert (task["type"], task["title"]) == ("milestone", "Move to a role")
        assert task["timing"]["on-date"]["date"] == "2026-12-01T00:00:00Z"
        assert risk["remediations"][0]["lifecycle"] == "planned"


def test_a_retirement_plan_that_is_done_is_completed() -> None:
    done = (Milestone(what="Moved", due_on=date(2026, 11, 20), owner="jane", done_on=date(2026, 11, 19)),)
    (risk,) = excepted(retirement=done)["poam"]["risks"]
    assert risk["remediations"][0]["lifecycle"] == "completed"


def test_the_plan_groups_by_exception_family_and_account_and_loses_no_finding() -> None:
    results = [a_judged(ResultStatus.FAIL, subject=f"s{at}") for at in range(6)]
    how = [
        {},
        {},
        {"family": "ci"},
        {"family": "ci"},
        {"family": "ci", "exception": "EXC-9"},
        {"due_at": NOW - days(1)},
    ]
    found = tuple(a_finding(one, **changes) for one, changes in zip(results, how, strict=True))
    plan = documents(a_view(*results, findings=found))["poam"]
    items = {(list(values(one))[1], values(one)["findings"], values(one)["overdue"]) for one in plan["poam-items"]}
    assert items == {("exception", "1", "0"), ("family", "2", "0"), ("account", "3", "1")}
    assert set(every(plan["poam-items"], "risk-uuid")) == {one["uuid"] for one in plan["risks"]}
    assert len(plan["risks"]) == 6


def test_a_family_keeps_its_name_in_the_plan() -> None:
    failed = a_judged(ResultStatus.FAIL)
    (item,) = documents(a_view(failed, findings=(a_finding(failed, family="CI-Deploy#0a"),)))["poam"]["poam-items"]
    assert "of the family CI-Deploy#0a" in item["description"]


def test_limits_in_force_are_parameters_by_tier() -> None:
    own = documents()["component-definition"]["components"][0]["control-implementations"][0]
    keys = next(one for one in own["implemented-requirements"] if one["control-id"] == "idc-15")
    limits = {one["param-id"]: one["values"] for one in keys["set-parameters"]}
    assert all(re.fullmatch(r"idc-15_[a-z-]+_(critical|high|medium|low)", one) for one in limits)
    assert "default" in keys["set-parameters"][0]["remarks"]


def test_controls_of_sp_800_53_are_written_as_its_catalog_writes_them() -> None:
    nist = documents()["component-definition"]["components"][0]["control-implementations"][1]
    names = [one["control-id"] for one in nist["implemented-requirements"]]
    assert "ac-2.3" in names
    assert all(re.fullmatch(r"[a-z]{2}-\d{1,2}(\.\d{1,2})?", one) for one in names)
    assert len(names) == len(set(names))


def test_every_finding_points_at_an_objective_of_the_plan() -> None:
    made = documents(an_account_view())
    objectives = {one["id"] for one in every(made["assessment-plan"], "parts") for one in one}
    assert set(every(made["assessment-results"], "target-id")) <= objectives
    assert made["assessment-results"]["import-ap"]["href"] == "./assessment-plan.json"


def test_an_objective_is_what_this_version_tests_and_says_what_it_does_not() -> None:
    parts = [each for one in every(documents()["assessment-plan"], "parts") for each in one]
    told = {one["id"]: one["prose"] for one in parts}
    assert "The objective is what is tested of it:" in told["idc-15_obj"]
    assert "It says nothing of: use of the old key after rotation" in told["idc-15_obj"]
    assert "Nothing of it is tested." in told["idc-05_obj"]


def test_objects_keep_their_uuid_and_documents_change_it_with_their_content() -> None:
    before, after = documents(an_account_view()), documents(an_account_view(name="other"))
    assert before["assessment-results"]["uuid"] != after["assessment-results"]["uuid"]
    for key in ("observations", "risks", "findings"):
        uuids = [[one["uuid"] for one in each["assessment-results"]["results"][0][key]] for each in (before, after)]
        assert uuids[0] == uuids[1]
    assert before["component-definition"]["uuid"] == after["component-definition"]["uuid"]
    assert {UUID(one).version for one in every(before, "uuid")} == {5}


def test_the_same_views_give_the_same_bytes() -> None:
    assert written(an_account_view()) == written(an_account_view())


HOSTILE = "a\nb <script>alert(1)</script> [x](javascript:y) {{ insert: param }} \u202e\x00 `z` " + "n" * 70_000


def test_names_that_attackers_choose_mark_nothing_up_and_stay_valid() -> None:
    failed = a_judged(ResultStatus.FAIL, subject=HOSTILE, reason=HOSTILE, value=HOSTILE)
    finding = a_finding(failed, name=HOSTILE, owner=HOSTILE, family=HOSTILE)
    made = documents(a_view(failed, findings=(finding,), name=HOSTILE, reason=HOSTILE))
    for key in ("title", "description"):
        for text in every(made, key):
            assert not re.search(r"(?<!\\)[<\[{`]", text)
            assert "\u202e" not in text
            assert "\x00" not in text
            assert len(text) < 10_000


def test_names_are_those_the_pack_reveals() -> None:
    failed = a_judged(ResultStatus.FAIL)
    view = a_view(failed, findings=(a_finding(failed, owner="p-1"),))
    (risk,) = result_of(view, reveal=lambda text: {"p-1": "Jane"}.get(text, text))["risks"]
    assert values(risk)["owner"] == "Jane"
    assert values(result_of(view)["risks"][0])["owner"] == "p-1"


def test_the_uuid_of_an_object_is_of_version_5() -> None:
    made = UUID(object_uuid("control", "IDC-15"))
    assert made == uuid5(UUID("2f1e4a0e-57d1-5d7e-8f0c-0c6d1f0a9b11"), "control\nIDC-15")


@pytest.mark.parametrize(
    ("text", "written_as"),
    [("IDC-15", "idc-15"), ("AC-2(3)", "ac-2.3"), ("SC-7(5)", "sc-7.5"), ("max_age_days", "max-age-days")],
)
def test_ids_become_tokens(text: str, written_as: str) -> None:
    assert token(text) == written_as


@pytest.mark.parametrize("text", ["", "  ", "\n", "\u00a0\u3000", "\ufeff", "\u2028x\u2029", "\x85a", "\ud800"])
def test_a_string_of_oscal_is_one_line_without_blanks_at_its_ends(text: str) -> None:
    for made in (line(text), title(text)):
        assert re.fullmatch(r"\S(.*\S)?", made)
        assert not re.search("[\u2028\u2029\ufeff\x85]", made)
        made.encode()
    assert prose(text)


def test_a_spool_gives_its_elements_back_as_often_as_asked() -> None:
    spool = Spool()
    for at in range(10_000):
        spool.add({"at": at})
    for _ in range(2):
        assert [one["at"] for one in json.loads(b"".join(spool.chunks()))] == list(range(10_000))


def test_what_an_older_run_saw_is_dated_by_that_run() -> None:
    view = a_view(a_judged(ResultStatus.FAIL), stale=True, judged_run=a_pack_run(-1))
    (told,) = [one for one in result_of(view)["observations"] if values(one)["result"] == "FAIL"]
    assert told["collected"] == canonical.timestamp(NOW - days(1))
    assert values(told)["account"] == ACCOUNT


def narrowed_to(*accounts: str) -> dict[str, Any]:
    options = PackOptions(since=date(2026, 11, 19), until=date(2026, 11, 22), accounts=accounts)
    return {"options": options, "accounts": accounts}


def test_what_the_organization_passed_satisfies_nothing_where_no_account_shown_was_judged() -> None:
    of_organization = a_view(a_judged(ResultStatus.PASS, control="IDC-04"), account="organization")
    gone = a_view(account=MEMBER, status="unplanned", stale=True)
    status = target_of(result_of(of_organization, gone, **narrowed_to(MEMBER)), "IDC-04")["status"]
    assert (status["state"], status["reason"]) == ("not-satisfied", "other")
    assert status["remarks"] == "No account of this pack was tested in the run shown."
    here = a_view(a_judged(ResultStatus.PASS))
    assert target_of(result_of(of_organization, gone, here), "IDC-04")["status"]["state"] == "satisfied"
    only = target_of(result_of(of_organization, here, **narrowed_to(ACCOUNT)), "IDC-04")["status"]
    assert only["state"] == "satisfied"
    assert only["remarks"].endswith("This is of the accounts of this pack only.")


def test_a_narrowed_pack_says_so_in_every_document() -> None:
    made = documents(a_view(a_judged(ResultStatus.PASS)), **narrowed_to(ACCOUNT))
    (result,) = made["assessment-results"]["results"]
    for one in (*(each["metadata"] for each in made.values()), result):
        assert f"Narrowed on request to {ACCOUNT}, and to what is of the organization" in one["remarks"]
        assert values(one)["scope"] == "the 1 account of this pack"
        assert values(one)["scope-account"] == ACCOUNT
    assert "every account of this pack was tested in the run shown" in result["remarks"]
    assert "account in scope" not in result["remarks"]
    assert "in what this pack is narrowed to" in made["poam"]["poam-items"][0]["description"]


def test_the_plan_of_a_narrowed_pack_is_of_its_accounts_as_the_results_name_them() -> None:
    organization = a_view(account="organization", name=None)
    made = documents(a_view(), organization, **narrowed_to(ACCOUNT))
    plan = made["assessment-plan"]
    (subjects,) = plan["assessment-subjects"]
    assert "include-all" not in subjects
    planned = {one["uuid"]: one["title"] for one in plan["local-definitions"]["components"]}
    chosen = {one["subject-uuid"] for one in subjects["include-subjects"]}
    shown = made["assessment-results"]["results"][0]["local-definitions"]["components"]
    assert chosen == {one["uuid"] for one in shown} - {TOOL}
    assert {planned[one] for one in chosen} == {one["title"] for one in shown if one["uuid"] in chosen}
    assert f"Narrowed on request to {ACCOUNT}" in plan["tasks"][0]["description"]


def test_a_pack_of_all_accounts_says_that_and_not_that_it_is_narrowed() -> None:
    made = documents(an_account_view())
    assert all(values(one["metadata"])["scope"] == "all accounts" for one in made.values())
    assert "arrowed" not in json.dumps(made)
    assert [list(one) for one in made["assessment-plan"]["assessment-subjects"]] == [["type", "include-all"]] * 2


@pytest.mark.parametrize(("changes", "more"), [({}, ""), (narrowed_to(ACCOUNT), ", counted over all accounts, not only those of this pack")])  # fmt: skip
def test_the_log_tells_coverage_as_page_one_does(changes: dict[str, Any], more: str) -> None:
    states = ("sealed", "sealed", "gaps", "skipped")
    coverage = tuple(
        AccountCoverage(account=f"{at:012}", status=one, reason=None, identities=0, cells=0, cells_ok=0)
        for at, one in enumerate(states)
    )
    (entry,) = result_of(runs=(a_pack_run(0, coverage=coverage),), ticks_due=(), **changes)["assessment-log"]["entries"]
    assert entry["description"] == f"2 of 3 accounts read whole, 1 left out{more}."
