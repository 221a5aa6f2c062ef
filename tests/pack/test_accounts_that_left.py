"""Rows of an account that is not of the run shown any more: told apart in every register, and counted nowhere as current."""

from typing import Any

import msgspec
import pytest

from prooftrail.model.judgement import SubjectType
from prooftrail.pack.files import Written
from prooftrail.pack.oscal.risks import observation_uuid, risk_uuid
from prooftrail.pack.registers.everything import REGISTERS
from prooftrail.pack.registers.population_index import POPULATIONS_INDEX, PopulationIndex
from prooftrail.pack.registers.populations import POPULATION_REGISTERS, POPULATIONS
from prooftrail.pack.view import AccountView, Presence
from tests.builders.judging_findings import a_result
from tests.builders.packs import a_finding, a_pack_run, a_period, an_account_view
from tests.builders.times import NOW, days

from .account_rows import rows_of

OLD = a_pack_run(-1)
MARKED = (
    "02_population_reconciliation",
    "02_identities_came_and_went",
    "03_identity_inventory",
    "04_risk_register",
    "07_identity_control_results",
    "11_rotation",
    "17_findings_capa",
    "30_result_intervals",
)
_OF = {one.table.file: one for one in (*REGISTERS, *POPULATION_REGISTERS)}


def _with_account(went: str | None) -> tuple[Presence, ...]:
    identities = [one.identity for one in an_account_view().listed]
    return tuple(
        Presence(
            id=one.id, name=one.name, arn=one.arn, kind=one.kind.value, created_at=one.created_at, came=None, went=went,
            account_left=True,
        )
        for one in identities
    )  # fmt: skip


def _left(**changes: Any) -> AccountView:
    made: dict[str, Any] = {
        "status": "unplanned",
        "stale": True,
        "read_run": OLD,
        "judged_run": OLD,
        "presences": _with_account(a_pack_run().run_id),
    }
    return an_account_view(**{**made, **changes})


@pytest.mark.parametrize("file", [*MARKED, *(one.table.file for one in POPULATION_REGISTERS)])
def test_every_row_says_whether_its_account_is_of_the_run_shown(file: str) -> None:
    came = Presence(id="A", name="a", arn=None, kind="user", created_at=None, came=OLD.run_id, went=None)
    here = rows_of(_OF[file], an_account_view(presences=(came,)), period=a_period())
    gone = rows_of(_OF[file], _left(), period=a_period())

    assert {one["account_status"] for one in here} <= {"current"}
    assert {one["account_status"] for one in gone} <= {"left or not planned"}
    assert file.startswith("populations/") or (here and gone)


@pytest.mark.parametrize("file", ["11_rotation", "30_result_intervals"])
def test_rotation_and_intervals_say_what_is_stale(file: str) -> None:
    assert {one["stale"] for one in rows_of(_OF[file], an_account_view(), period=a_period())} == {False}
    assert {one["stale"] for one in rows_of(_OF[file], _left(), period=a_period())} == {True}


def test_the_index_of_populations_counts_items_of_accounts_that_left_which_are_in_no_draw() -> None:
    index, views = PopulationIndex(a_period()), (an_account_view(), _left())
    for one in views:
        index.take(one)
    tables = [one.table for one in POPULATION_REGISTERS]
    nothing = Written(sha256="0" * 64, size=0)
    rows = index.rows(tables, {one.file: 0 for one in tables}, {f"{one.file}.csv": nothing for one in tables})
    names = [one.name for one in POPULATIONS_INDEX.columns]
    told = {one[0]: one[names.index("rows_of_accounts_left")] for one in rows}

    assert told == {name: sum(1 for _ in one.each(_left(), a_period())) for name, one in POPULATIONS.items()}
    assert told["identities"] == len(_left().listed)
    assert not any(rows_of(one, _left(), period=a_period()) for one in POPULATION_REGISTERS)


@pytest.mark.parametrize(
    ("went", "presence", "how"),
    [
        (a_pack_run().run_id, "went", "it went with its account"),
        (None, "nobody can say", "AWS's list of accounts was not read whole: nobody can say"),
    ],
)
def test_identities_of_an_account_that_left_went_with_it_or_nobody_can_say(
    went: str | None, presence: str, how: str
) -> None:
    rows = rows_of(_OF["02_identities_came_and_went"], _left(presences=_with_account(went)), period=a_period())

    assert len(rows) == len(_left().listed)
    assert {(one["presence"], one["went_run"]) for one in rows} == {(presence, went)}
    assert all(how in str(one["how_known"]) for one in rows)


def test_the_table_says_that_what_came_and_went_between_runs_cannot_be_in_it() -> None:
    table = _OF["02_identities_came_and_went"].table

    assert "born and gone between two runs" in table.about
    assert "no CloudTrail" in table.about


def test_a_key_of_an_account_that_left_is_listed_once_in_rotation() -> None:
    rows = rows_of(_OF["11_rotation"], _left(), period=a_period())
    keys = [one["credential_id_new"] or one["credential_id_old"] for one in rows if one["kind"] == "access_key"]

    assert len(keys) == len(set(keys)) > 0
    assert not any(one["status"] == "gone" for one in rows)


def test_one_that_came_in_the_period_to_an_account_that_left_keeps_when_it_was_first_seen() -> None:
    one = _with_account(a_pack_run().run_id)[0]
    view = _left(presences=(msgspec.structs.replace(one, came=a_pack_run(-2).run_id),))

    row = next(
        row for row in rows_of(_OF["03_identity_inventory"], view, period=a_period()) if row["identity_id"] == one.id
    )

    assert row["first_seen"] == a_pack_run(-2).run_id


def test_the_same_finding_in_an_account_and_in_the_organization_is_two_risks_and_two_observations() -> None:
    result = a_result(control="IDC-01", subject="111122223333", identity=None, subject_type=SubjectType.ACCOUNT)
    finding = a_finding(result)
    where = ("111122223333", "organization", "222233334444")

    assert len({risk_uuid(finding, one) for one in where}) == len(where)
    assert len({observation_uuid("IDC-01", "111122223333", one) for one in where}) == len(where)
    assert risk_uuid(finding, where[0]) == risk_uuid(msgspec.structs.replace(finding, due_at=NOW + days(9)), where[0])
