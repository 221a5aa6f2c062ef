"""`prooftrail trace`: from an identity to the sealed line and the raw answer, and back from a control or framework id."""

import json
from typing import Any

import pytest

from prooftrail.controls import crosswalk, parsing
from prooftrail.evidence import lines
from prooftrail.model import canonical
from tests.cli.lockers import DAYS, Prooftrail, Town
from tests.flows.world import MEMBER


def traced(prooftrail: Prooftrail, town: Town, what: str, *more: object) -> dict[str, Any]:
    """The walk as data."""
    found: dict[str, Any] = json.loads(prooftrail("trace", town.address, what, *more, "--json").out)
    return found


def sealed_line(town: Town, place: dict[str, Any]) -> dict[str, Any]:
    """The record a place points to, its hash checked on the way."""
    body = (town.address / place["key"]).read_bytes()
    assert canonical.sha256(body) == place["stored_sha256"]
    unpacked = lines.unpack(place["key"], body)
    assert canonical.sha256(unpacked) == place["sha256"]
    record: dict[str, Any] = json.loads(unpacked.splitlines()[place["line"] - 1])
    return record


def test_every_result_of_an_identity_leads_to_its_sealed_line(prooftrail: Prooftrail, town: Town) -> None:
    walk = traced(prooftrail, town, "worker")
    assert walk["results"]
    for one in walk["results"]:
        record = sealed_line(town, one["place"])
        assert (record["control"], record["subject"], record["status"]) == (
            one["control"],
            one["subject"],
            one["status"],
        )


def test_the_walk_goes_from_risk_to_the_answer_of_aws(prooftrail: Prooftrail, town: Town) -> None:
    walk = traced(prooftrail, town, "bob")
    assert walk["risk"]["tier"] in ("critical", "high", "medium", "low")
    assert walk["identity"]["owner"] is None
    assert all(one["applies"] for one in walk["results"])
    assert all(one["crosswalk"]["iso27001_2022"] for one in walk["results"])
    assert walk["identity"]["proof"][0]["raw_lines"]
    page = prooftrail("trace", town.address, "bob").out
    for part in (
        "Risk",
        "Controls, ",
        "why it applies:",
        "sealed: assessment/",
        "Proof, run",
        "iam:GetAccountAuthorizationDetails",
    ):
        assert part in page


def test_the_account_s_results_are_inherited_and_say_so(prooftrail: Prooftrail, town: Town) -> None:
    walk = traced(prooftrail, town, "worker")
    whose = {one["control"]: one["whose"] for one in walk["results"]}
    assert whose["IDC-01"] == "of its account"
    assert whose["IDC-08"] == "its own"


@pytest.mark.parametrize("what", ["IDC-08", "A.5.18", "NHI1:2025", "AC-2(3)"])
def test_a_control_or_a_framework_id_leads_back_to_sealed_lines(prooftrail: Prooftrail, town: Town, what: str) -> None:
    walk = traced(prooftrail, town, what)
    one = next(each for each in walk["controls"] if each["control"]["id"] == "IDC-08")
    assert one["limits"]
    judged = next(each for each in one["results"] if each["name"] == "worker")
    assert sealed_line(town, judged["place"])["status"] == judged["result"]["status"] == "FAIL"


def test_the_way_back_walks_one_sample_to_the_raw_answer(prooftrail: Prooftrail, town: Town) -> None:
    said = prooftrail("trace", town.address, "IDC-02")
    assert "One of them walked to the end" in said.out
    assert f"Proof, run {DAYS[3]}" in said.out
    assert "SoA" in said.out
    assert "not supplied (soa.toml)" in said.out


def test_every_id_of_the_map_and_every_identity_can_be_traced(prooftrail: Prooftrail, town: Town) -> None:
    catalog = parsing.parse(parsing.shipped())
    for control in catalog.controls:
        assert traced(prooftrail, town, crosswalk.ids_of(control)[0])["controls"]
    for one in json.loads(prooftrail("inventory", town.address, "--json").out):
        assert traced(prooftrail, town, one["id"])["identity"]["id"] == one["id"]


def test_a_run_that_could_not_read_the_account_shows_the_run_that_judged_it(prooftrail: Prooftrail, town: Town) -> None:
    walk = traced(prooftrail, town, "IDC-01", "--as-of", DAYS[2])
    (one,) = walk["controls"]
    runs = {each["account"]: each["place"]["run_id"] for each in one["results"]}
    assert runs[MEMBER] == DAYS[1]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("A.5.1", "no control of this map answers to 'A.5.1', whether or not a framework has such an id"),
        ("IDC-99", "no control of this map answers to 'IDC-99'"),
        ("nobody-at-all", "'nobody-at-all' is no control (IDC-01 to IDC-35)"),
    ],
)
def test_what_is_nothing_is_told_with_what_there_is(prooftrail: Prooftrail, town: Town, asked: str, told: str) -> None:
    said = prooftrail("trace", town.address, asked)
    assert said.code == 3
    assert told in said.err


def test_an_identity_of_a_run_that_could_not_look_says_which_run_it_is_shown_of(
    prooftrail: Prooftrail, town: Town
) -> None:
    page = " ".join(prooftrail("trace", town.address, "svc-deploy", "--as-of", DAYS[2]).out.split())
    assert f"shown as run {DAYS[0]} saw it" in page
    assert f"run {DAYS[0]}" in page


def test_a_name_in_an_account_that_was_not_read_is_not_flatly_denied(prooftrail: Prooftrail, town: Town) -> None:
    said = prooftrail("trace", town.address, f"arn:aws:iam::{MEMBER}:user/zoe", "--as-of", DAYS[2])
    assert said.code == 3
    assert "It may be in what was not read" in said.err


def test_findings_are_inherited_as_results_are(prooftrail: Prooftrail, town: Town) -> None:
    walk = traced(prooftrail, town, "bob")
    failing = {(one["control"], one["subject"]) for one in walk["results"] if one["status"] in ("FAIL", "EXCEPTION")}
    still_open = {(one["control"], one["subject"]) for one in walk["findings"] if one["status"] == "open"}
    assert failing
    assert still_open == failing


def test_people_are_named_in_every_text_and_ids_stay_as_they_were_sealed(prooftrail: Prooftrail, town: Town) -> None:
    walk = traced(prooftrail, town, "kim@example.com")
    assert all("person-" not in one["reason"] for one in walk["results"])
    assert any("kim@example.com" in one["reason"] for one in walk["results"])
    assert "person-" in walk["results"][0]["identity"]
