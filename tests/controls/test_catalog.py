"""The control map as it ships: whole, true to the identifiers it names, and strict when somebody edits it."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from prooftrail.controls import parsing
from prooftrail.controls.catalog import Catalog, Control
from prooftrail.controls.checks import table
from prooftrail.controls.evaluate import LAST
from prooftrail.controls.organization import JUDGED
from prooftrail.errors import ConfigError
from prooftrail.model.identity import Kind
from prooftrail.model.judgement import Tier

CATALOG = parsing.parse(parsing.shipped())
GOLDEN: dict[str, Any] = json.loads((Path(__file__).parents[1] / "golden" / "frameworks.json").read_text())
SHORT_LISTED = ("iso27001_2022", "csf_2_0", "sp800_53_r5", "owasp_nhi_2025", "ai_rmf_1_0", "soc2", "pci_dss_4", "nis2")
STRICTER = {"IDC-22": 0}
"""Limits that differ from the facts: ruling 14 drops the allowance for unbounded writers of IAM."""


def each_control(catalog: Catalog = CATALOG) -> list[Any]:
    return [pytest.param(one, id=one.id) for one in catalog.controls]


def test_all_thirty_five_controls_are_there_in_order() -> None:
    assert [one.id for one in CATALOG.controls] == [f"IDC-{number:02d}" for number in range(1, 36)]


def test_the_hash_is_of_the_text_that_was_read() -> None:
    edited = parsing.parse(parsing.shipped() + "\n# a comment\n")
    assert edited.controls == CATALOG.controls
    assert edited.sha256 != CATALOG.sha256


@pytest.mark.parametrize("framework", SHORT_LISTED)
def test_every_identifier_exists_in_its_framework(framework: str) -> None:
    named = {each for one in CATALOG.controls for each in getattr(one.crosswalk, framework)}
    assert named
    assert named <= set(GOLDEN[framework])


def test_no_withdrawn_control_of_sp_800_53_is_named() -> None:
    named = {each for one in CATALOG.controls for each in (*one.crosswalk.sp800_53_r5, *one.compensating)}
    assert not named & set(GOLDEN["sp800_53_r5_withdrawn"])


@pytest.mark.parametrize("control", each_control())
def test_every_compensating_control_exists(control: Control) -> None:
    assert set(control.compensating) <= set(GOLDEN["sp800_53_r5"])


@pytest.mark.parametrize("control", each_control())
def test_cis_identifiers_exist_in_the_version_they_are_named_for(control: Control) -> None:
    for version, ids in control.crosswalk.cis_aws.items():
        assert set(ids) <= set(GOLDEN["cis_aws_foundations"][version])


@pytest.mark.parametrize("control", each_control())
def test_ai_rmf_is_claimed_for_ai_workloads_only_where_it_is_an_analogue_for_all(control: Control) -> None:
    assert set(control.crosswalk.ai_rmf_for_ai_workloads) <= set(control.crosswalk.ai_rmf_1_0)


@pytest.mark.parametrize("control", each_control())
def test_every_control_answers_to_iso_and_says_what_fails_in_a_sentence(control: Control) -> None:
    assert control.crosswalk.iso27001_2022
    for sentence in (control.statement, control.nonconformity):
        assert sentence[0].isupper()
        assert sentence.endswith(".")
        assert len(sentence.split()) >= 5
        assert not re.search(r"[A-Za-z]+:[A-Z][A-Za-z]+|IDC-|[a-z]_[a-z]", sentence), "no code in an owner's sentence"


@pytest.mark.parametrize("control", each_control())
def test_the_limits_are_those_of_the_control_map(control: Control) -> None:
    stated = {name: {tier.value: values.at(tier) for tier in Tier} for name, values in control.thresholds.items()}
    wanted = GOLDEN["control_map_defaults"][control.id]
    if control.id in STRICTER:
        wanted = {name: dict.fromkeys(values, STRICTER[control.id]) for name, values in wanted.items()}
    assert stated == wanted


@pytest.mark.parametrize("control", each_control())
def test_limits_move_one_way_from_tier_to_tier(control: Control) -> None:
    for values in control.thresholds.values():
        row = [int(values.at(tier)) for tier in Tier]
        assert row in (sorted(row), sorted(row, reverse=True))


def test_every_control_that_can_be_tested_has_a_check_and_every_check_a_control() -> None:
    checked = {*table.CHECKS, LAST, *JUDGED}
    assert checked == {one.id for one in CATALOG.controls if one.testable}


def test_every_kind_of_the_inventory_is_asked_something_of_each_identity() -> None:
    asked = {kind for one in CATALOG.controls if one.of_identities for kind in one.kinds}
    assert asked == set(Kind)


def test_a_control_that_cannot_be_tested_says_why_and_covers_nothing() -> None:
    untested = [one for one in CATALOG.controls if not one.testable]
    assert [one.id for one in untested] == ["IDC-05", "IDC-06", "IDC-09", "IDC-31", "IDC-33", "IDC-34"]
    assert all(one.why_not and not any(part.covered for part in one.parts) for one in untested)


def test_what_is_not_covered_is_told_with_its_reason() -> None:
    assert CATALOG.control("IDC-11").not_covered == (
        "people behind Identity Center and SAML: assignments and the provider's MFA policy are not collected",
        "sign-ins without MFA: this version does not read CloudTrail",
    )


def test_a_control_that_guards_the_exceptions_cannot_be_excepted() -> None:
    assert [one.id for one in CATALOG.controls if not one.exceptable] == ["IDC-04", "IDC-32"]


def test_an_unknown_control_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        CATALOG.control("IDC-36")


def replaced(before: str, after: str) -> str:
    text = parsing.shipped()
    assert before in text
    return text.replace(before, after, 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version = ", "is no TOML"),
        (replaced('theme = "Trust"', 'thene = "Trust"'), r"IDC-26: object contains unknown field `thene`"),
        (replaced('kinds = ["access_key"]', 'kinds = ["acces_key"]'), r"IDC-15: kinds\[0\]: invalid enum value"),
        (replaced('kinds = ["access_key"]', "kinds = []"), "IDC-15: kinds: it may not be empty"),
        (replaced('kinds = ["access_key"]', 'kinds = ["access_key", "access_key"]'), "IDC-15: kinds: access_key stands twice"),
        (replaced("critical = 30, high = 60", "critical = 30, hihg = 60"), r"IDC-15: thresholds\[\.\.\.\]: .*hihg"),
        (replaced('id = "IDC-15"', 'id = "IDC-14"'), "IDC-14 stands twice"),
        (replaced('id = "IDC-15"', 'id = "AC-2"'), "AC-2: id: a control is named IDC-"),
        (replaced('id = "IDC-15"\n', ""), "control, entry 15: object missing required field `id`"),
        (replaced("testable = false\n", ""), "IDC-05: why_not: it belongs to a control with testable = false"),
        (replaced('title = "Password policy"', 'title = " "'), "IDC-12: title: it may not be empty"),
        (replaced('coverage_percent = "', 'coverage = "'), "IDC-04: without_effect: 'coverage': it names a threshold"),
        (replaced('post_use_review_hours = "this version reads no approval or ticket system"', 'post_use_review_hours = ""'), "IDC-25: without_effect"),
        (replaced(', covered = false, why = "AWS gives none"', ', why = "AWS gives none"'), "IDC-01: parts: .*why belongs to what is not covered"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_the_map_is_named_with_its_control_and_key(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parsing.parse(text)


def test_the_page_in_the_documentation_is_the_map() -> None:
    page = (Path(__file__).parents[2] / "docs" / "controls.md").read_text()
    rows = dict(re.findall(r"^\| (IDC-\d\d) \| (.*) \|$", page, re.MULTILINE))
    assert list(rows) == [one.id for one in CATALOG.controls]
    for one in CATALOG.controls:
        tested = "no" if not one.testable else "in part" if one.not_covered else "yes"
        assert rows[one.id] == f"{one.title} | {tested} | {', '.join(one.crosswalk.iso27001_2022)}"


def test_the_map_survives_its_own_encoding() -> None:
    encoded = msgspec.json.encode(CATALOG, order="deterministic")
    assert msgspec.json.decode(encoded, type=Catalog) == CATALOG
