"""01_scope.json, 00_README.md and the data dictionary: whole, plain, and harmless whatever anybody is called."""

import csv
import io
import json
import re
from datetime import date
from typing import Any

import pytest

from prooftrail.governance import Exclusion, Governance, Scope
from prooftrail.pack.front.page_one import PageOne
from prooftrail.pack.front.readme import Readme, begun, plain, readme, tables
from prooftrail.pack.front.scope import Scope as ScopePart
from prooftrail.pack.registers.of_period import PERIOD_REGISTERS
from prooftrail.pack.view import AccountView, PackOptions
from tests.builders.pack_files import MemoryFiles
from tests.builders.packs import an_account_view, an_unread_account_view
from tests.builders.times import ACCOUNT, MANAGEMENT, MEMBER, NOW
from tests.pack.period_rows import a_period_under, tallied


def scope_of(*views: AccountView, **changes: Any) -> dict[str, Any]:
    period, files = a_period_under(changes.pop("governance", None), **changes), MemoryFiles()
    part = ScopePart(period, files)
    for one in views or (an_account_view(),):
        part.take(one)
    part.finish(tallied()[1])
    found: dict[str, Any] = json.loads(files.files["01_scope.json"])
    return found


def written(*views: AccountView, **changes: Any) -> MemoryFiles:
    period, tally = tallied(*views, **changes)
    files = MemoryFiles()
    Readme(period, files).finish(tally)
    return files


def test_every_account_of_the_organization_is_in_scope_json_with_how_it_came_out() -> None:
    found = scope_of(an_account_view(), an_unread_account_view())
    by_id = {one["id"]: one for one in found["accounts"]}
    assert sorted(by_id) == sorted((ACCOUNT, MEMBER, MANAGEMENT))
    assert (by_id[ACCOUNT]["status"], by_id[ACCOUNT]["identities"]) == ("sealed", 6)
    assert (by_id[MEMBER]["status"], by_id[MEMBER]["identities"]) == ("unreachable", None)
    assert (by_id[MANAGEMENT]["in_pack"], by_id[MANAGEMENT]["status"]) == (False, None)
    assert found["accounts_listed_whole"] is True
    assert found["regions_not_known_in"] == [ACCOUNT, MEMBER]


def test_scope_json_has_the_fields_an_auditor_expects() -> None:
    found = scope_of()
    expected = {"org_id", "accounts", "ous", "regions", "identity_kinds", "exclusions", "period_start", "period_end"}
    assert expected <= set(found)
    assert found["schedule"] == {"every_hours": 24, "at_utc": "06:00"}
    assert {one["kind"]: one["identities"] for one in found["identity_kinds"]}["access_key"] == 2


@pytest.mark.parametrize(("until", "in_force"), [(NOW.date(), True), (date(2026, 11, 21), False), (None, True)])
def test_an_exclusion_has_reason_approver_and_date_and_says_whether_it_holds(
    until: date | None, in_force: bool
) -> None:
    entry = Exclusion(account=MEMBER, reason="sold", approved_by="jane", approved_on=date(2026, 1, 1), expires_on=until)
    (found,) = scope_of(governance=Governance(scope=Scope(exclude=(entry,))))["exclusions"]
    assert (found["item"], found["reason"], found["approver"]) == (f"account {MEMBER}", "sold", "jane")
    assert (found["date"], found["in_force"]) == ("2026-01-01", in_force)


def test_without_a_scope_file_that_is_said() -> None:
    assert "no scope.toml was supplied" in scope_of(governance=Governance(absent=("scope.toml",)))["exclusions_from"]


def test_the_readme_begins_with_verifying_and_puts_gaps_before_everything_that_is_good() -> None:
    lines = written().files["00_README.md"].decode().splitlines()
    headings = [line for line in lines if line.startswith("## ")]
    assert headings[0] == "## How to verify: begin outside this pack"
    assert headings.index("## Known gaps, most important first") < headings.index("## What matters most")
    first = lines.index(headings[0])
    assert [line[:3] for line in lines[first + 2 : first + 5]] == ["1. ", "2. ", "3. "]
    assert "somebody other than whoever gave you this pack" in lines[first + 2]


def test_every_file_is_listed_with_a_sentence() -> None:
    text = written().files["00_README.md"].decode()
    assert "| `data_dictionary.csv` |  | Every column" in text
    assert "| `integrity/pack.json` |" in text


def test_the_data_dictionary_has_every_column_and_can_be_read_by_another_parser() -> None:
    found = list(csv.DictReader(io.StringIO(written().files["data_dictionary.csv"].decode(), newline="")))
    expected = [(f"{one.file}.csv", column.name) for one in tables(a_period_under()) for column in one.columns]
    assert [(one["file"], one["column"]) for one in found if one["file"] != "data_dictionary.csv"] == expected
    assert all(one["about"] for one in found)
    assert {one["why_empty"] for one in found if one["file"] == "22_suppliers.csv"} > {""}


def test_requests_are_in_the_dictionary_only_where_there_are_any() -> None:
    options = PackOptions(since=NOW.date(), until=NOW.date(), requests=(("R", "Q1"),))
    assert "35_requests" in {one.file for one in tables(a_period_under(options=options))}
    assert "35_requests" not in {one.file for one in tables(a_period_under())}
    assert len(PERIOD_REGISTERS) == 18


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("07_identity_control_results.csv", "07_identity_control_results.csv"),
        ("_x_ *b*", r"\_x\_ \*b\*"),
        ("<script>alert(1)</script>", r"\<script\>alert(1)\</script\>"),
        ("[x](http://evil)", r"\[x\](http\://evil)"),
        ("www.evil.example", r"www\.evil.example"),
        ("a|b", r"a\|b"),
        ("&lt; A&B", r"\&lt; A&B"),
        ("a\n# b\u2028c", "a # b c"),
        ("\ud800", "\ufffd"),
        ("`x` \\", r"\`x\` " + "\\\\"),
    ],
)
def test_texts_of_others_are_shown_letter_by_letter(text: str, shown: str) -> None:
    assert plain(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"), [("# x", r"\# x"), ("- x", r"\- x"), ("12. x", r"12\. x"), ("1 of 2", "1 of 2")]
)
def test_a_text_that_begins_a_line_begins_no_heading_or_list(text: str, shown: str) -> None:
    assert begun(text) == shown


def test_a_hostile_reason_stays_in_its_cell() -> None:
    text = written(wrong=("x\n## Nothing is wrong |<img src=http://evil>",)).files["00_README.md"].decode()
    assert "\n## Nothing" not in text
    assert not re.search(r"(?<!\\)<img", text)
    assert not re.search(r"(?<!\\)://", text)


def test_page_one_of_nothing_has_no_empty_section() -> None:
    page = PageOne(
        title="t", verdict="v", assurance="a", assurance_means="m", period="p", as_of="s", scope=(), operated="o",
        coverage=(), gaps=(), facts=(), questions=(), not_covered=(), identification=(),
    )  # fmt: skip
    assert "1. None: nothing was left unread." in list(readme(page, ("00_README.md",), tallied()[1]))
