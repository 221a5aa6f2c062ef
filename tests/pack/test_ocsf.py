"""Compliance findings for a SIEM, read back with the schema's own model."""

import json
from typing import Any

import pytest
from py_ocsf_models.events.findings.compliance_finding import ComplianceFinding

from prooftrail.model import canonical
from prooftrail.model.judgement import FindingStatus, Result, ResultStatus, SubjectType, Tier
from prooftrail.pack.ocsf.findings import PATH, Ocsf
from prooftrail.pack.tally import Tally
from prooftrail.pack.view import AccountView
from tests.builders.judging_findings import a_result
from tests.builders.pack_files import MemoryFiles
from tests.builders.packs import FIRST, a_finding, a_pack_run, a_period, an_account_view, an_unread_account_view
from tests.builders.times import ACCOUNT, MEMBER, NOW, days


def made(*views: AccountView, **changes: Any) -> bytes:
    period, files = a_period(**changes), MemoryFiles()
    part = Ocsf(period, files)
    for one in views:
        part.take(one)
    part.finish(Tally(period))
    return files.files[PATH]


def events(*views: AccountView, **changes: Any) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in made(*views, **changes).splitlines()]
    for one in found:
        ComplianceFinding.model_validate(one)
    return found


def a_failure(status: ResultStatus = ResultStatus.FAIL, **changes: Any) -> Result:
    kept = {"control": "IDC-15", "subject": "AKIAEXAMPLE", "subject_type": SubjectType.CREDENTIAL}
    return a_result(status, **{**kept, "reason": "200 days old.", **changes})


def one_event(status: ResultStatus | None, finding: Any = None, **changes: Any) -> dict[str, Any]:
    results = () if status is None else (a_failure(status),)
    (event,) = events(an_account_view(results=results, findings=(finding,) if finding else (), **changes))
    return event


def test_every_line_holds_to_the_model_and_to_the_ranges_of_the_schema() -> None:
    found = events(an_account_view(), an_unread_account_view())
    assert len(found) == 6
    for one in found:
        assert (one["class_uid"], one["category_uid"], one["metadata"]["version"]) == (2003, 2, "1.5.0")
        assert one["type_uid"] == 200300 + one["activity_id"]
        assert one["activity_id"] in (1, 2, 3)
        assert one["severity_id"] in range(6)
        assert one["status_id"] in (0, 1, 2, 3, 4, 5, 99)
        assert one["compliance"]["status_id"] in (0, 1, 2, 3, 99)
        assert 1_700_000_000_000 < one["time"] < 2_000_000_000_000
        assert one["cloud"]["provider"] == "AWS"
        assert one["finding_info"]["uid"]
        assert one["finding_info"]["title"]
    assert len({one["metadata"]["uid"] for one in found}) == 6


@pytest.mark.parametrize(
    ("status", "expected", "caption"),
    [
        (ResultStatus.FAIL, 3, "Fail"),
        (ResultStatus.EXCEPTION, 99, "Exception"),
        (ResultStatus.NOT_TESTED, 2, "Warning"),
    ],
)
def test_a_result_keeps_its_meaning(status: ResultStatus, expected: int, caption: str) -> None:
    event = one_event(status, a_finding(a_failure()))
    assert (event["compliance"]["status_id"], event["compliance"]["status"]) == (expected, caption)
    assert event["compliance"]["checks"][0]["status_id"] == expected
    assert event["unmapped"]["result"] == status.value


@pytest.mark.parametrize("status", [ResultStatus.PASS, ResultStatus.NOT_APPLICABLE])
def test_what_did_not_fail_has_no_line(status: ResultStatus) -> None:
    assert not events(an_account_view(results=(a_failure(status),), findings=()))


def test_a_result_nobody_could_test_is_told_though_no_finding_stands() -> None:
    event = one_event(ResultStatus.NOT_TESTED)
    assert event["message"] == "Not tested: 200 days old."
    assert event["status"] == "Not tested"
    assert "first_seen_time" not in event["finding_info"]


def test_a_failure_is_told_though_the_findings_are_lost() -> None:
    assert one_event(ResultStatus.FAIL)["compliance"]["status"] == "Fail"


def test_an_account_nobody_could_judge_is_a_line_of_its_own() -> None:
    (event,) = events(an_unread_account_view())
    assert event["compliance"]["status_id"] == 2
    assert event["message"].startswith("Nothing in this account was tested: it was never read")
    assert event["resources"][0]["type"] == "AWS::Organizations::Account"


@pytest.mark.parametrize(
    ("changes", "activity", "status"),
    [
        ({"opened_run": canonical.run_id(NOW)}, 1, "New"),
        ({"opened_run": canonical.run_id(FIRST)}, 2, "New"),
        ({"exception": "EXC-1"}, 2, "Risk accepted"),
        ({"status": FindingStatus.FIXED, "fixed_run": canonical.run_id(NOW - days(1))}, 3, "Resolved"),
        ({"status": FindingStatus.VERIFIED, "fixed_run": canonical.run_id(NOW - days(1))}, 3, "Resolved"),
    ],
)
def test_a_finding_is_created_updated_and_closed(changes: dict[str, Any], activity: int, status: str) -> None:
    closed = activity == 3
    event = one_event(ResultStatus.PASS if closed else ResultStatus.FAIL, a_finding(a_failure(), **changes))
    assert (event["activity_id"], event["status"]) == (activity, status)
    at = NOW - days(1) if closed else NOW
    assert event["time"] == int(at.timestamp()) * 1000
    assert event["compliance"]["status_id"] == (1 if closed else 3)


def test_an_open_finding_nobody_could_look_at_again_is_not_called_gone() -> None:
    event = one_event(None, a_finding(a_failure(), unseen_since=canonical.run_id(NOW)))
    assert (event["compliance"]["status"], event["status"]) == ("Warning", "Not tested")
    assert event["message"].startswith("Not tested: ")
    assert event["activity_name"] == "Update"


def test_a_finding_whose_subject_is_gone_passed_nothing() -> None:
    gone = a_finding(a_failure(), status=FindingStatus.FIXED, fixed_run=canonical.run_id(NOW), fixed_why="it is gone")
    event = one_event(None, gone)
    assert event["compliance"]["status"] == "Not there any more"
    assert event["compliance"]["status_id"] == 99
    assert event["status_detail"] == "fixed: it is gone"


@pytest.mark.parametrize(("tier", "severity"), [(Tier.LOW, 2), (Tier.MEDIUM, 3), (Tier.HIGH, 4), (Tier.CRITICAL, 5)])
def test_severity_is_the_finding_s(tier: Tier, severity: int) -> None:
    assert one_event(ResultStatus.FAIL, a_finding(a_failure(), severity=tier))["severity_id"] == severity


def test_a_result_without_a_tier_has_no_severity_made_up_for_it() -> None:
    (event,) = events(an_account_view(results=(a_failure(ResultStatus.NOT_TESTED, tier=None),), findings=()))
    assert (event["severity_id"], event["severity"]) == (0, "Unknown")


def test_each_line_cites_the_sealed_lines_it_rests_on() -> None:
    view = an_account_view()
    found = events(view)
    for event in found:
        by_name = {one["name"]: one["data"] for one in event["evidences"]}
        line = by_name["result"]["evidence_line"] - view.first_result_line
        assert view.results[line].reason in event["message"]
        assert by_name["finding"]["evidence_line"] - 2 in range(len(view.findings))
        assert by_name["result"]["key"].endswith(f"{'a' * 64}.jsonl.gz")
    assert {"identity"} <= {one["name"] for event in found for one in event["evidences"]}


def test_names_are_those_the_pack_reveals() -> None:
    view = an_account_view(findings=tuple(a_finding(one, owner="p-1") for one in an_account_view().results[:1]))
    named = events(view, reveal=lambda text: {"p-1": "Jane"}.get(text, text))
    kept = events(view)
    assert next(one["owner"]["name"] for event in named for one in event["resources"] if "owner" in one) == "Jane"
    assert next(one["owner"]["name"] for event in kept for one in event["resources"] if "owner" in one) == "p-1"


def test_a_lone_surrogate_does_not_stop_the_pack() -> None:
    event = one_event(ResultStatus.FAIL, a_finding(a_failure(), name="a\ud800", reason="\ud800"))
    assert event["resources"][0]["name"] == "a?"


def test_the_same_finding_keeps_its_name_from_run_to_run_and_each_event_has_its_own() -> None:
    later = one_event(ResultStatus.FAIL, a_finding(a_failure()), judged_run=a_pack_run(1))
    now = one_event(ResultStatus.FAIL, a_finding(a_failure()))
    assert later["finding_info"]["uid"] == now["finding_info"]["uid"]
    assert later["metadata"]["uid"] != now["metadata"]["uid"]
    assert made(an_account_view()) == made(an_account_view())


def test_what_an_older_run_saw_says_so() -> None:
    event = one_event(ResultStatus.FAIL, a_finding(a_failure()), stale=True, judged_run=a_pack_run(-1))
    assert event["unmapped"]["older_run_shown"] is True
    assert event["time"] == int((NOW - days(1)).timestamp()) * 1000


def test_the_organization_belongs_to_no_account() -> None:
    whole = an_account_view(account="organization", listed=(), risks={}, results=(
        a_failure(control="IDC-03", subject="organization", subject_type=SubjectType.ORGANIZATION, identity=None),
    ), findings=())  # fmt: skip
    (event,) = events(whole)
    assert "account" not in event["cloud"]
    assert event["resources"][0]["type"] == "AWS::Organizations::Organization"


def test_no_finding_gives_an_empty_file() -> None:
    assert made(an_account_view(results=(), findings=())) == b""


def test_the_same_finding_in_two_accounts_is_two_events() -> None:
    failure = a_failure()
    views = [an_account_view(account=one, results=(failure,), findings=()) for one in (ACCOUNT, MEMBER)]

    assert len({one["metadata"]["uid"] for one in events(*views)}) == 2
