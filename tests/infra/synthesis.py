"""Every stack of a prod-like stage and of a small one, synthesized once, with what the checks said."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks, NIST80053R5Checks, ServerlessChecks

from infra.asset import Asset
from infra.flags import FLAGS
from infra.stacks import add_stacks, stack_name
from infra.stage import Cadence, Stage
from tests.infra.stages import AUDITOR, COPY, EVIDENCE, TOOLING, a_stage

type Resource = dict[str, Any]

ASSET_SHA256 = "5e" * 32
_LINE = 110
PROD = a_stage(
    auditor=AUDITOR,
    replica=COPY,
    key_administrators=(f"arn:aws:iam::{EVIDENCE}:role/KeyKeeper",),
    answerers=(f"arn:aws:iam::{EVIDENCE}:role/TeamLead",),
)
DEV = Stage(
    name="dev",
    region="eu-central-1",
    tooling_account=TOOLING,
    evidence_account=TOOLING,
    schedule=Cadence(every_hours=6, at="02:00"),
    external_id="prooftrail-dev",
    security_team=("security@example.com",),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One violation a check reported: the rule with its detail, and the construct's path."""

    rule: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """What synthesis left: templates by stack name, the manifest, and the findings of cdk-nag."""

    directory: Path
    stages: dict[str, Stage]
    templates: dict[str, dict[str, Any]]
    manifest: dict[str, Any]
    findings: tuple[Finding, ...]

    def template(self, stage: str, last: str) -> dict[str, Any]:
        """One stack's template; KeyError where the stage has no such stack."""
        return self.templates[stack_name(self.stages[stage], last)]

    def resources(self, stage: str, last: str, kind: str) -> list[tuple[str, Resource]]:
        """The resources of one type in one stack, by logical id."""
        found = self.template(stage, last)["Resources"].items()
        return [(name, one) for name, one in found if one["Type"] == kind]

    def every(self, kind: str) -> Iterator[tuple[str, str, Resource]]:
        """The resources of one type in all stacks: stack, logical id, resource."""
        for stack, template in self.templates.items():
            for name, one in template["Resources"].items():
                if one["Type"] == kind:
                    yield stack, name, one

    def protected(self, stage: str, last: str) -> bool:
        """Whether the stack has termination protection."""
        artifact = self.manifest["artifacts"][stack_name(self.stages[stage], last)]
        return bool(artifact["properties"].get("terminationProtection"))

    def environment(self, stack: str) -> str:
        """Where a stack goes: `aws://ACCOUNT/REGION`."""
        return str(self.manifest["artifacts"][stack]["environment"])


def synthesize(directory: Path) -> Assembly:
    """Both stages in one app, under the three packs of cdk-nag; nothing is acknowledged, so that all findings show."""
    code = directory / "code"
    code.mkdir(parents=True)
    (code / "stand-in.py").write_text("# the functions' code, which no template holds\n")
    asset = Asset(path=code, sha256=ASSET_SHA256, architecture="arm64")
    out = directory / "out"
    app = cdk.App(outdir=str(out), context=FLAGS, analytics_reporting=False)
    for stage in (PROD, DEV):
        add_stacks(app, stage, asset=asset)
    packs = (AwsSolutionsChecks, NIST80053R5Checks, ServerlessChecks)
    cdk.Validations.of(app).add_plugins(*(pack(app, verbose=True) for pack in packs))
    try:
        app.synth()
    except RuntimeError as failed:
        # cdk-nag ends synthesis with its findings once everything is written.
        if "ValidationFailed" not in str(failed):
            raise
    return _read(out)


def _read(out: Path) -> Assembly:
    stages = {one.name: one for one in (PROD, DEV)}
    templates = {
        path.name.removesuffix(".template.json"): json.loads(path.read_text())
        for path in sorted(out.glob("*.template.json"))
    }
    report = json.loads((out / "validation-report.json").read_text())
    findings = {
        Finding(rule=violation["ruleName"], path=construct["constructPath"])
        for plugin in report["pluginReports"]
        for violation in plugin["violations"]
        for construct in violation["violatingConstructs"]
    }
    ordered = tuple(sorted(findings, key=lambda one: (one.path, one.rule)))
    manifest = json.loads((out / "manifest.json").read_text())
    return Assembly(directory=out, stages=stages, templates=templates, manifest=manifest, findings=ordered)


def normalized(template: dict[str, Any]) -> str:
    """A template as text for reading: what fits a line is on one, and what each build or CDK itself makes is left out."""
    own = {key: value for key, value in template.items() if key != "Rules"}
    own["Parameters"] = {key: one for key, one in template.get("Parameters", {}).items() if key != "BootstrapVersion"}
    text = _laid_out(own, 0)
    text = text.replace(ASSET_SHA256, "ASSET-SHA256")
    text = re.sub(r"\b[0-9a-f]{64}\.(zip|json)\b", r"ASSET.\1", text)
    text = re.sub(r"\b[0-9a-f]{64}\b", "HASH", text)
    return re.sub(r"(CurrentVersion[0-9A-F]{8})[0-9a-f]{32}", r"\1HASH", text) + "\n"


def _laid_out(value: Any, depth: int) -> str:
    flat = json.dumps(value, sort_keys=True, ensure_ascii=False)
    if len(flat) + depth <= _LINE or not isinstance(value, dict | list) or not value:
        return flat
    inner, outer = " " * (depth + 1), " " * depth
    if isinstance(value, dict):
        parts = [f"{inner}{json.dumps(key)}: {_laid_out(value[key], depth + 1)}" for key in sorted(value)]
        return "{\n" + ",\n".join(parts) + f"\n{outer}}}"
    return "[\n" + ",\n".join(inner + _laid_out(one, depth + 1) for one in value) + f"\n{outer}]"
