"""`prooftrail explain-policy`: a file's or a principal's privilege, paths and statements; errors that name the place."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer

from prooftrail.cli.explain import explain_policy
from prooftrail.errors import ConfigError, EvidenceError
from tests.builders.judging_privileges import allow, deny, policy
from tests.cli.lockers import DAYS, Prooftrail, Town
from tests.flows.world import MEMBER


def written(folder: Path, text: str, name: str = "policy.json") -> str:
    """A file with this text."""
    (folder / name).write_text(text)
    return str(folder / name)


def answer(capsys: pytest.CaptureFixture[str], *subjects: str, **more: Any) -> dict[str, Any]:
    """What the command prints as JSON."""
    explain_policy(list(subjects), as_json=True, **more)
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_a_file_is_explained_by_class_paths_and_statements(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = policy(allow("iam:PassRole", Sid="Pass"), allow("lambda:CreateF*", "lambda:Invoke*", Sid="Run"))
    found = answer(capsys, written(tmp_path, text))
    assert (found["privilege"], found["paths"], found["needs_target"]) == ("privesc", ["lambda-001"], [])
    assert [one["statement"] for one in found["statements"]] == ["Pass", "Run"]
    assert found["unresolved"] == []


@pytest.mark.parametrize(
    ("statements", "privilege"),
    [
        ([allow("*")], "admin"),
        ([allow("*"), deny("iam:*")], "resource_policy_write"),
        ([allow("s3:GetObject")], "sensitive_data"),
        ([allow("iam:*AccessKey*", on="arn:aws:iam::*:user/${aws:username}")], "write_limited"),
        ([allow("iam:CreateAccessKey", on="arn:aws:iam::*:user/*")], "privesc"),
    ],
)
def test_the_class_of_a_file(
    statements: list[Any], privilege: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answer(capsys, written(tmp_path, policy(*statements)))["privilege"] == privilege


def test_several_files_are_judged_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = [
        written(tmp_path, policy(allow("iam:PassRole")), "a.json"),
        written(tmp_path, policy(allow("ec2:RunInstances")), "b.json"),
    ]
    assert answer(capsys, *names)["paths"] == ["ec2-001"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "no JSON at line 1, column 2"),
        ("[]", "a policy is a JSON object"),
        ('{"Statement": [{"Effect": "Allow", "Action": "*"}]}', "statement 1: it needs either Resource or NotResource"),
        ('{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}}', "a Principal belongs"),
        ('{"Statement": {"Effect": "Allow", "Action": "everything", "Resource": "*"}}', "'everything' is no action"),
    ],
)
def test_what_is_no_policy_is_named_with_its_file_and_place(text: str, said: str, tmp_path: Path) -> None:
    name = written(tmp_path, text)
    with pytest.raises(ConfigError, match="is no identity policy") as wrong:
        explain_policy([name])
    assert str(wrong.value).startswith(name)
    assert said in str(wrong.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.json cannot be read"):
        explain_policy([str(tmp_path / "nowhere.json")])
    (tmp_path / "odd.json").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="no UTF-8"):
        explain_policy([str(tmp_path / "odd.json")])


def test_the_page_names_class_paths_and_statements(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    explain_policy([written(tmp_path, policy(allow("iam:PassRole", "ec2:RunInstances", "ssm:SendCommand")))])
    page = capsys.readouterr().out
    assert "privesc" in page
    assert "ec2-001: whatever it is allowed on" in page
    assert "ssm-002: needs a target, and none was seen" in page
    assert "statement 1 of" in page


def test_an_arn_needs_a_locker_and_a_file_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--locker"):
        explain_policy(["arn:aws:iam::111122223333:role/app"])
    with pytest.raises(ConfigError, match="leave it out"):
        explain_policy([written(tmp_path, policy())], locker="somewhere")


def test_a_principal_of_a_locker_is_explained(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    from prooftrail.flows.locker_history import LockerHistory
    from tests.flows.world import HOME

    history = LockerHistory(town.locker)
    seen = next(one for one in history.opened(HOME, history.run(), newest_first=True))
    assert seen.snapshot is not None
    one = next(each for each in seen.snapshot.identities if each.id.startswith("AIDA") and each.parent is None)
    found = answer(capsys, one.arn, locker=str(town.address))
    assert (found["subject"], found["privilege"], found["paths"]) == (one.arn, "none", [])


@pytest.mark.parametrize("arn", ["arn:aws:iam::999999999999:role/nobody", "arn:aws:iam::aws:policy/Nothing"])
def test_an_arn_no_snapshot_holds_says_so(arn: str, town: Town) -> None:
    with pytest.raises(EvidenceError, match="no snapshot up to run"):
        explain_policy([arn], locker=str(town.address))


def test_an_arn_of_another_service_is_refused(town: Town) -> None:
    with pytest.raises(EvidenceError, match="no ARN of IAM"):
        explain_policy(["arn:aws:s3:::bucket"], locker=str(town.address))


def test_the_command_can_be_registered(tmp_path: Path) -> None:
    app = typer.Typer()
    app.command("explain-policy")(explain_policy)
    with pytest.raises(ConfigError):
        app(["missing.json", "--json"], standalone_mode=False)


def test_a_principal_named_by_e_mail_is_found_by_the_arn_that_inventory_prints(
    prooftrail: Prooftrail, town: Town
) -> None:
    row = next(
        one
        for one in json.loads(prooftrail("inventory", town.address, "--json").out)
        if one["name"] == "kim@example.com"
    )
    said = prooftrail("explain-policy", row["arn"], "--locker", town.address, "--json")
    assert said.code == 0
    assert json.loads(said.out)["privilege"] == "none"


def test_a_principal_of_an_account_that_was_not_read_is_not_flatly_denied(prooftrail: Prooftrail, town: Town) -> None:
    arn = f"arn:aws:iam::{MEMBER}:role/zoe"
    said = prooftrail("explain-policy", arn, "--locker", town.address, "--as-of", DAYS[2])
    assert said.code == 3
    assert "It may be in what was not read" in said.err
