"""`prooftrail controls`: the map, one control, and the way from a framework's identifier to the controls behind it."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from prooftrail.cli.controls import SHORT, controls
from prooftrail.controls import crosswalk, parsing
from prooftrail.errors import ConfigError

CATALOG = parsing.parse(parsing.shipped())
type Asked = Callable[..., str]


@pytest.fixture
def asked(capsys: pytest.CaptureFixture[str]) -> Asked:
    """What the command prints."""

    def run(wanted: str | None = None, *, framework: str | None = None, as_json: bool = False) -> str:
        controls(wanted, framework=framework, as_json=as_json)
        return capsys.readouterr().out

    return run


def test_the_list_names_every_control_once_with_its_themes_in_order(asked: Asked) -> None:
    said = asked()
    assert re.findall(r"^(IDC-\d\d)", said, re.MULTILINE) == [one.id for one in CATALOG.controls]
    themes = list(dict.fromkeys(one.theme for one in CATALOG.controls))
    assert [line for line in said.splitlines() if line in themes] == themes
    assert "35 controls, version 1 of the map" in said
    assert "6 cannot be tested" in said


@pytest.mark.parametrize("wanted", [None, "IDC-07", "A.5.18", "NHI-03"])
def test_nothing_is_wider_than_a_page(asked: Asked, wanted: str | None) -> None:
    assert max(map(len, asked(wanted).splitlines())) <= 100


def test_one_control_shows_statement_parts_limits_and_what_it_answers_to(asked: Asked) -> None:
    said = " ".join(asked("idc-15").split())
    control = CATALOG.control("IDC-15")
    assert control.statement in said
    assert control.nonconformity in said
    assert "max_age_days 30 days 60 days 90 days 90 days" in said
    assert "review at least every 30 days 90 days 180 days 365 days" in said
    assert "tested age of each active key" in said
    assert "not tested use of the old key after rotation: this version does not read CloudTrail" in said
    assert "NHI7:2025" in said
    assert "v5.0.0 1.12, v5.0.0 1.13" in said


def test_ai_rmf_is_called_an_analogue(asked: Asked) -> None:
    assert "GOVERN 1.6 (governance analogue, except for AI workloads)" in " ".join(asked("IDC-01").split())


def test_a_control_that_cannot_be_tested_says_why(asked: Asked) -> None:
    assert "Not tested by this version: creation events and approvals are needed" in asked("IDC-05")


def test_a_limit_that_changes_nothing_says_so(asked: Asked) -> None:
    said = " ".join(asked("IDC-22").split())
    why = "each writer of IAM is judged by itself, and none is allowed for"
    assert f"unbounded_iam_writers_allowed has no effect in this version: {why}" in said
    assert "has no effect" not in asked("IDC-15")


def test_limits_that_are_a_duty_are_words(asked: Asked) -> None:
    said = " ".join(asked("IDC-11").split())
    assert "phishing_resistant_required required not required not required not required" in said


def test_an_annex_a_identifier_leads_to_its_controls(asked: Asked) -> None:
    said = asked("A.5.18")
    wanted = [one.id for one in CATALOG.controls if "A.5.18" in one.crosswalk.iso27001_2022]
    assert re.findall(r"^(IDC-\d\d)", said, re.MULTILINE) == wanted


@pytest.mark.parametrize("wanted", ["NHI-03", "nhi-3", "rotation"])
def test_the_widespread_alias_is_explained_and_leads_to_what_is_meant(asked: Asked, wanted: str) -> None:
    said = " ".join(asked(wanted).split())
    assert "NHI3:2025 is about vulnerable third parties" in said
    assert "IDC-15" in said
    assert "IDC-26" not in said


def test_the_official_entry_is_still_to_be_had(asked: Asked) -> None:
    assert re.findall(r"^(IDC-\d\d)", asked("NHI3:2025"), re.MULTILINE) == ["IDC-26"]


@pytest.mark.parametrize("framework", SHORT)
def test_a_framework_lists_every_identifier_with_its_controls(asked: Asked, framework: str) -> None:
    said = json.loads(asked(framework=framework, as_json=True))
    wanted: dict[str, list[str]] = {}
    for one in CATALOG.controls:
        for key, each in crosswalk.by_framework(one):
            if key == SHORT[framework]:
                wanted.setdefault(each, []).append(one.id)
    assert said["ids"] == wanted
    assert all(each.split()[0] in asked(framework=framework) for each in wanted)


def test_identifiers_are_sorted_as_people_count(asked: Asked) -> None:
    ids = re.findall(r"^(A\.5\.\d+)", asked(framework="iso"), re.MULTILINE)
    assert ids.index("A.5.9") < ids.index("A.5.15")


def test_owasps_list_carries_the_note_on_the_alias(asked: Asked) -> None:
    assert "NHI-03 is often quoted for rotation" in asked(framework="owasp")


def test_the_whole_map_is_to_be_had_as_data(asked: Asked) -> None:
    said: list[dict[str, Any]] = json.loads(asked(as_json=True))
    assert [one["id"] for one in said] == [one.id for one in CATALOG.controls]
    assert all("governance analogue" in one["ai_rmf_note"] for one in said)
    one = json.loads(asked("IDC-15", as_json=True))
    assert one["controls"] == [each for each in said if each["id"] == "IDC-15"]


@pytest.mark.parametrize(
    ("wanted", "framework", "said"),
    [
        ("A.9.99", None, "no control of the map goes by 'A.9.99'"),
        (None, "hipaa", "--framework takes iso, csf"),
        ("IDC-15", "iso", "ask for two things"),
    ],
)
def test_what_is_not_there_is_said(wanted: str | None, framework: str | None, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        controls(wanted, framework=framework)
