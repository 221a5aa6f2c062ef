"""The registers over a locker that was sealed by real runs: every row is walked to the line it cites."""

import csv
import gzip
import io
import json
from collections import defaultdict
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import Any

import pytest

from prooftrail.pack.registers.everything import REGISTERS
from prooftrail.pack.registers.populations import POPULATIONS, parse_population, population_bytes
from prooftrail.pack.registers.tables import Tables
from prooftrail.pack.tally import Tally
from prooftrail.pack.view import AccountView
from tests.builders.pack_files import MemoryFiles
from tests.flows.packing import judged_world, run, views
from tests.flows.world import HOME, MEMBER, World
from tests.pack.csv_files import records

type Record = dict[str, Any]


@pytest.fixture(scope="module")
def world() -> World:
    """Four days: bob's key is switched off, bob goes, carol comes, and on the last day the second account is shut."""
    made = run(judged_world(), 1)
    made.keys_off = {"bob"}
    run(made, 2)
    made.users[MEMBER] = ["carol", "svc-deploy"]
    run(made, 3)
    made.unreachable = {MEMBER}
    return run(made, 4)


def _tables(world: World, last: int) -> tuple[MemoryFiles, list[AccountView]]:
    found, files = views(world.locker, last=last), MemoryFiles()
    tally, tables, taken = Tally(found.period), Tables(found.period, files, REGISTERS), list[AccountView]()
    for one in found.accounts():
        taken.append(one)
        tally.take(one)
        tables.take(one)
    tables.finish(tally)
    return files, taken


def _rows(files: MemoryFiles, file: str) -> list[Record]:
    return [json.loads(line) for line in files.files[f"{file}.jsonl"].splitlines()]


_CITES: dict[str, Callable[[Record, Record], bool]] = {
    "03_identity_inventory": lambda row, line: line["id"] == row["identity_id"],
    "04_risk_register": lambda row, line: (
        (line["identity"], line["tier"]) == (row["identity_id"], row["inherent_tier"])
    ),
    "07_identity_control_results": lambda row, line: (
        (line["control"], line["subject"], line["status"]) == (row["control_id"], row["subject"], row["result"])
    ),
    "11_rotation": lambda row, line: line["id"] == row["identity_id"],
    "17_findings_capa": lambda row, line: line["fingerprint"] == row["nc_id"],
    "populations/identities": lambda row, line: line["id"] == row["item_id"],
    "populations/findings": lambda row, line: f"{row['account_id']}/{line['fingerprint']}" == row["item_id"],
    "populations/results-failing": lambda row, line: (
        f"{line['control']}/{row['account_id']}/{line['subject']}" == row["item_id"]
    ),
}


@pytest.mark.parametrize("file", _CITES)
@pytest.mark.parametrize("last", [1, 3, 4])
def test_every_row_cites_the_sealed_line_it_was_made_from(world: World, file: str, last: int) -> None:
    files, taken = _tables(world, last)
    sealed = {
        each.id: each.key
        for one in taken
        for each in (one.snapshot, one.assessment, one.findings_object, *one.raw)
        if each is not None
    }

    @cache
    def lines(evidence: str) -> list[bytes]:
        return gzip.decompress(world.locker.get(sealed[evidence])).splitlines()

    rows = [row for row in _rows(files, file) if row.get("status") != "gone"]  # nothing shows what is gone
    assert rows
    for row in rows:
        line = json.loads(lines(row["evidence_id"])[row["evidence_line"] - 1])
        assert _CITES[file](row, line), (row, line)


@pytest.mark.parametrize("last", [1, 4])
def test_both_forms_of_every_register_say_the_same_to_two_parsers(world: World, last: int) -> None:
    files, _ = _tables(world, last)

    for path, data in files.files.items():
        if path.endswith(".csv"):
            found = list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))
            assert records(data) == found
            assert len(found) - 1 == len(_rows(files, path.removesuffix(".csv")))


def test_the_same_locker_gives_the_same_bytes(world: World) -> None:
    assert _tables(world, 4)[0].files == _tables(world, 4)[0].files


def test_populations_made_again_from_the_locker_are_the_packs(world: World) -> None:
    files, _ = _tables(world, 4)
    for name in POPULATIONS:
        found = views(world.locker, last=4)
        data = population_bytes(name, found.period, found.accounts())
        assert data == files.files[f"populations/{name}.csv"]
        parse_population(data)


def test_who_went_and_who_came_is_told_with_the_runs_that_saw_it(world: World) -> None:
    files, _ = _tables(world, 4)

    rows = _rows(files, "02_identities_came_and_went")
    told = {row["name"]: (row["came_run"], row["went_run"], row["presence"]) for row in rows}

    assert told["bob"] == (None, "20261103T060000Z", "went")
    assert told["carol"] == ("20261103T060000Z", "20261104T060000Z", "came and left the reading")


def test_an_account_that_was_shut_is_shown_from_its_last_reading_and_is_a_gap(world: World) -> None:
    files, _ = _tables(world, 4)
    stale = defaultdict(set)
    for row in _rows(files, "03_identity_inventory"):
        stale[row["account_id"]].add((row["stale"], row["last_seen"]))

    assert stale == {HOME: {(False, "20261104T060000Z")}, MEMBER: {(True, "20261103T060000Z")}}
    gaps = [row for row in _rows(files, "24_gaps") if row["kind"] == "account"]
    assert [(row["account_id"], row["status"]) for row in gaps] == [(MEMBER, "unreachable")]
    counts = [row for row in _rows(files, "02_population_reconciliation") if row["kind"] == "account"]
    assert [(row["account_id"], row["scanned_count"], row["verdict"]) for row in counts] == [(MEMBER, None, "not read")]
    index = {row["population"]: row["complete"] for row in _rows(files, "populations/index")}
    assert set(index.values()) == {False}


def test_every_interval_of_a_subject_ends_where_the_next_begins(world: World) -> None:
    files, _ = _tables(world, 4)
    chains = defaultdict(list)
    for row in _rows(files, "30_result_intervals"):
        chains[row["account_id"], row["control_id"], row["subject"]].append(row)

    assert any(len(rows) > 1 for rows in chains.values())
    for rows in chains.values():
        for before, after in pairwise(rows):
            assert before["to_run"] == after["from_run"]
            assert before["ended_by"] == after["status"]
        for row in rows:
            unseen = row["runs_not_judged"] > 0 or str(row["beginning"]).startswith("it was not tested before")
            assert row["certain"] == (not unseen)
        assert [row["open_ended"] for row in rows[:-1]] == [False] * (len(rows) - 1)


def test_a_stretch_that_was_not_looked_at_says_how_many_runs_saw_nothing(world: World) -> None:
    files, _ = _tables(world, 4)
    blind = {
        (row["account_id"], row["runs_not_judged"]) for row in _rows(files, "30_result_intervals") if row["open_ended"]
    }

    assert blind == {(HOME, 0), (MEMBER, 1), ("organization", 0)}
