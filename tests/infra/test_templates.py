"""What holds for every template, whoever wrote its stack: checked by three packs of rules, by cfn-lint, and by eye."""

import difflib
import json
import re
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from cfnlint.api import lint

from infra.acknowledgements import ACKNOWLEDGED, LINT_IGNORED, Acknowledged
from infra.asset import Asset
from infra.stacks import add_stacks, stack_name
from tests.infra.stages import EVIDENCE, MANAGEMENT, TOOLING, a_stage
from tests.infra.synthesis import ASSET_SHA256, DEV, PROD, Assembly, normalized

GOLDEN = Path(__file__).parents[1] / "golden" / "templates"
PLACES = {
    "State": EVIDENCE,
    "Ledger": TOOLING,
    "Rollout": MANAGEMENT,
    "Management": MANAGEMENT,
    "Scanner": TOOLING,
    "Watchdog": EVIDENCE,
    "Access": EVIDENCE,
}
STATEFUL = {
    "AWS::S3::Bucket",
    "AWS::KMS::Key",
    "AWS::DynamoDB::Table",
    "AWS::DynamoDB::GlobalTable",
}
LASTING = ("State", "Ledger")
"""The stacks whose things outlive them."""


def test_a_stage_of_an_organization_has_seven_stacks_each_in_its_own_account(assembly: Assembly) -> None:
    found = {name: assembly.environment(name) for name in assembly.templates if name.startswith("Prooftrail-prod-")}
    assert found == {stack_name(PROD, last): f"aws://{account}/eu-central-1" for last, account in PLACES.items()}


def test_a_stage_of_one_account_has_nothing_to_roll_out_and_no_stack_without_resources(assembly: Assembly) -> None:
    found = {name: assembly.environment(name) for name in assembly.templates if name.startswith("Prooftrail-dev-")}
    alone = [last for last in PLACES if last not in {"Rollout", "Management", "Access"}]
    assert found == {stack_name(DEV, last): f"aws://{TOOLING}/eu-central-1" for last in alone}
    assert all(template["Resources"] for template in assembly.templates.values())


def test_an_account_that_both_manages_and_scans_reads_itself_with_the_scanners_own_role(tmp_path: Path) -> None:
    stage = a_stage(management_account=TOOLING)
    made = add_stacks(cdk.App(), stage, asset=Asset(path=tmp_path, sha256=ASSET_SHA256, architecture="arm64"))
    assert list(made) == ["State", "Ledger", "Rollout", "Scanner", "Watchdog", "Access"]


def test_no_stack_needs_another_so_each_deploys_alone(assembly: Assembly) -> None:
    for name, template in assembly.templates.items():
        needed = assembly.manifest["artifacts"][name].get("dependencies", [])
        assert [one for one in needed if not one.endswith(".assets")] == [], name
        assert "Fn::ImportValue" not in json.dumps(template), name
        assert [one for one in template.get("Outputs", {}).values() if "Export" in one] == [], name


def test_nothing_is_asked_of_aws_while_synthesizing(assembly: Assembly) -> None:
    assert assembly.manifest.get("missing", []) == []


@pytest.mark.parametrize("last", LASTING)
def test_what_lasts_is_protected_and_retained(assembly: Assembly, last: str) -> None:
    for stage in ("prod", "dev"):
        assert assembly.protected(stage, last)
        template = assembly.template(stage, last)
        kept = [one for one in template["Resources"].values() if one["Type"] in STATEFUL]
        assert kept
        assert {one["UpdateReplacePolicy"] for one in kept} == {"Retain"}
        assert {one["DeletionPolicy"] for one in kept} <= {"Retain", "RetainExceptOnCreate"}


def test_nothing_that_holds_state_lies_in_a_stack_that_is_replaced(assembly: Assembly) -> None:
    """But for the key of the watchdog's topic: a mail under way is all that is lost with it."""
    for name, template in assembly.templates.items():
        if name.rsplit("-", 1)[1] not in LASTING:
            held = [one for one in template["Resources"].values() if one["Type"] in STATEFUL]
            assert [one for one in held if one["Type"] != "AWS::KMS::Key" or "KeySpec" in one["Properties"]] == [], name


def test_no_custom_resource_runs_code_of_its_own(assembly: Assembly) -> None:
    kinds = {one["Type"] for template in assembly.templates.values() for one in template["Resources"].values()}
    assert [one for one in kinds if one.startswith("Custom::") or one == "AWS::CloudFormation::CustomResource"] == []


def test_a_template_says_what_its_stack_is_for(assembly: Assembly) -> None:
    for name, template in assembly.templates.items():
        assert template["Description"].startswith(f"Prooftrail ({name.split('-')[1]}): "), name


def test_a_template_reports_nothing_about_who_made_it(assembly: Assembly) -> None:
    for template in assembly.templates.values():
        assert "AWS::CDK::Metadata" not in {one["Type"] for one in template["Resources"].values()}


def test_a_template_fits_what_cloudformation_takes_from_a_bucket(assembly: Assembly) -> None:
    for name, template in assembly.templates.items():
        assert len(json.dumps(template)) < 1_000_000 / 2, name
        assert len(template["Resources"]) < 500 / 2, name


def test_no_finding_of_cdk_nag_is_left_without_a_reason(assembly: Assembly) -> None:
    assert assembly.findings  # nothing is acknowledged in synthesis itself, so silence would mean no check ran
    left = [
        f"{one.path}  {one.rule}" for one in assembly.findings if not any(_covers(ack, one) for ack in ACKNOWLEDGED)
    ]
    assert left == []


@pytest.mark.parametrize("acknowledged", ACKNOWLEDGED, ids=lambda one: f"{one.where} {one.rule}")
def test_every_acknowledgement_is_used_and_says_why(assembly: Assembly, acknowledged: Acknowledged) -> None:
    assert any(_covers(acknowledged, one) for one in assembly.findings)
    assert re.fullmatch(r"[A-Z].{30,}\.", acknowledged.reason)


def test_all_three_packs_ran(assembly: Assembly) -> None:
    report = json.loads((assembly.directory / "validation-report.json").read_text())
    assert {"AwsSolutions", "NIST.800.53.R5", "Serverless"} <= {one["pluginName"] for one in report["pluginReports"]}


def test_cfn_lint_finds_nothing_but_what_is_listed_with_a_reason(assembly: Assembly) -> None:
    """Of the small stage only State is looked at: it lacks the replica, and its other stacks differ in names alone."""
    looked_at = [name for name in assembly.templates if "-prod-" in name or name == stack_name(DEV, "State")]
    found = {name: _linted(assembly.templates[name]) for name in looked_at}
    rollout = assembly.template("prod", "Rollout")["Resources"]["Members"]["Properties"]["TemplateBody"]
    found["member template"] = _linted(json.loads(rollout))
    left = [
        f"{name}: {rule} {message}"
        for name, matches in found.items()
        for rule, message in matches
        if rule not in LINT_IGNORED
    ]
    assert left == []
    seen = {rule for matches in found.values() for rule, _ in matches}
    assert set(LINT_IGNORED) <= seen, "a rule is ignored that finds nothing"
    assert all(re.fullmatch(r"[A-Z].{30,}\.", reason) for reason in LINT_IGNORED.values())


@pytest.mark.parametrize("last", PLACES)
def test_a_template_is_the_one_that_was_reviewed(assembly: Assembly, last: str, request: pytest.FixtureRequest) -> None:
    golden, now = GOLDEN / f"{last}.json", normalized(_readable(assembly.template("prod", last)))
    if request.config.getoption("--regenerate-templates", default=False):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(now)
    reviewed = golden.read_text() if golden.exists() else ""
    changed = list(difflib.unified_diff(reviewed.splitlines(), now.splitlines(), f"{golden.name}", "now", lineterm=""))
    assert not changed, "\n".join(
        [
            *changed[:60],
            "",
            "If this is meant: pytest tests/infra/test_templates.py --regenerate-templates, and review.",
        ]
    )


def test_no_golden_template_is_left_over() -> None:
    assert sorted(path.stem for path in GOLDEN.glob("*.json")) == sorted(PLACES)


def _covers(acknowledged: Acknowledged, finding: Any) -> bool:
    return acknowledged.covers(finding.rule, finding.path)


def _linted(template: dict[str, Any]) -> list[tuple[str, str]]:
    """Errors and warnings, as rule and text; what is only information is left out by default."""
    matches = lint(json.dumps(template), regions=["eu-central-1"])
    return sorted({(one.rule.id, one.message) for one in matches})


def _readable(template: dict[str, Any]) -> dict[str, Any]:
    """A template whose embedded templates and state machines are written out."""
    copy: dict[str, Any] = json.loads(json.dumps(template))
    for one in copy["Resources"].values():
        properties = one.get("Properties", {})
        for name in {"TemplateBody", "DefinitionString"} & set(properties):
            properties[name] = json.loads(properties[name])
    return copy
