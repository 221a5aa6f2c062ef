"""The app as the CDK CLI runs it: one sentence where cdk.json is not filled in, and no code built that nobody needs."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import app
from infra.asset import Asset
from infra.bundling import BundleError
from infra.stage import Stage, StageError
from tests.infra.stages import as_json

ROOT = Path(__file__).parents[2]
SHIPPED: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text())


def run(tmp_path: Path, context: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    """The app under the CLI's own protocol, with no credentials and no network to reach."""
    home = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}  # noqa: TID251
    return subprocess.run(
        [sys.executable, str(ROOT / "app.py")],
        cwd=ROOT,
        env=home
        | {
            "CDK_OUTDIR": str(tmp_path / "out"),
            "CDK_CONTEXT_JSON": json.dumps(context),
            "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20",
            "AWS_EC2_METADATA_DISABLED": "true",
            "HTTPS_PROXY": "http://127.0.0.1:9",
            "HTTP_PROXY": "http://127.0.0.1:9",
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_shipped_stages_say_what_to_fill_in_with_one_sentence_and_no_traceback(tmp_path: Path) -> None:
    done = run(tmp_path, SHIPPED["context"] | {"stage": "dev"})
    assert (done.returncode, done.stdout) == (2, "")
    said = done.stderr.splitlines()
    assert len(said) == 1
    assert said[0].startswith("cdk.json stages.dev.region is '<the region everything lives in, like eu-central-1>': ")


def test_a_command_that_needs_no_code_builds_none_and_asks_nobody(tmp_path: Path) -> None:
    stage = as_json()
    done = run(tmp_path, {"stages": {"prod": stage}, "stage": "prod", "aws:cdk:bundling-stacks": []})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    made = {path.name.removesuffix(".template.json") for path in (tmp_path / "out").glob("*.template.json")}
    assert made == {
        f"Prooftrail-prod-{last}"
        for last in ("State", "Ledger", "Rollout", "Management", "Scanner", "Watchdog", "Access")
    }


def refusal(name: str, given: dict[str, Any]) -> str | None:
    """What is said about a stage, or None where it can be deployed."""
    try:
        Stage.parse(name, given)
    except StageError as wrong:
        return str(wrong)
    return None


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_each_placeholder_is_refused_by_its_key_until_all_are_filled_in(name: str) -> None:
    given, filled = json.loads(json.dumps(SHIPPED["context"]["stages"][name])), as_json()
    named = []
    while (wrong := refusal(name, given)) is not None:
        key = wrong.removeprefix(f"cdk.json stages.{name}.").split(" ")[0].split(".")[0]
        assert key not in named, wrong
        named.append(key)
        given[key] = filled[key]
    placeholders = [key for key, value in SHIPPED["context"]["stages"][name].items() if "<" in json.dumps(value)]
    irreversible = ["acknowledge_irreversible_days"] if name == "prod" else []
    assert sorted(named) == sorted(placeholders + irreversible)


def test_the_shipped_prod_stage_shows_every_setting_there_is() -> None:
    shown = set(SHIPPED["context"]["stages"]["prod"])
    with pytest.raises(StageError, match="is not a setting") as refused:
        Stage.parse("x", as_json() | {"colour": "red"})
    there = str(refused.value).rpartition("there are: ")[2].removesuffix(").").split(", ")
    assert shown == set(there)


def test_every_setting_is_explained_in_a_guide() -> None:
    guides = "".join((ROOT / "docs" / f"{name}.md").read_text() for name in ("deploy", "operate"))
    assert [key for key in SHIPPED["context"]["stages"]["prod"] if f"`{key}`" not in guides] == []


def test_two_shipped_stages_do_not_want_the_same_role_in_an_account() -> None:
    names = [one["role_name"] for one in SHIPPED["context"]["stages"].values()]
    assert len(names) == len(set(names))


def test_the_cli_is_told_to_report_nothing() -> None:
    assert SHIPPED["versionReporting"] is False
    assert SHIPPED["context"]["cli-telemetry"] is False


def test_code_that_cannot_be_built_is_said_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*, architecture: str) -> Asset:
        raise BundleError(f"pip cannot fetch the wheels for {architecture}: check the network.")

    monkeypatch.setattr(app.Stage, "of", lambda node: Stage.parse("prod", as_json()))
    monkeypatch.setattr(app, "bundle", refuse)
    assert app.main() == 2
    assert capsys.readouterr().err == "pip cannot fetch the wheels for arm64: check the network.\n"


@pytest.mark.parametrize(
    ("wanted", "built"),
    [
        (None, True),
        (["**"], True),
        (["Prooftrail-prod-Scanner"], True),
        (["Prooftrail-prod-W*"], True),
        (["Prooftrail-prod-State"], False),
        (["Prooftrail-dev-Scanner"], False),
        ([], False),
    ],
)
def test_code_is_built_for_the_stacks_that_hold_functions_alone(
    wanted: list[str] | None, built: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = Asset(path=tmp_path, sha256="1" * 64, architecture="arm64")
    monkeypatch.setattr(app, "bundle", lambda *, architecture: real)
    monkeypatch.setattr(app, "BUILT", tmp_path)
    stage = Stage.parse("prod", as_json())
    found = app._code(stage, wanted)
    assert (found == real) is built
    assert found.path.is_dir()
