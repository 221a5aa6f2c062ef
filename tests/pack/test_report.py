"""The report as bytes: one file, the same each time, its policy true to what is in it, its data nothing but data."""

import base64
import hashlib
import json
import re
from typing import Any

import msgspec
import pytest

from prooftrail.model.identity import Identity, Known
from prooftrail.model.judgement import ResultStatus, Transition
from prooftrail.model.snapshot import RunTrigger
from prooftrail.pack.report.calendar import days as calendar_days
from prooftrail.pack.report.front import linked
from prooftrail.pack.report.intervals import intervals
from prooftrail.pack.report.text import script_json, visible
from prooftrail.pack.view import RunTransition
from tests.builders.judging_risk import a_worker
from tests.builders.packs import a_pack_run, a_period, an_account_view, an_unread_account_view, some_identities
from tests.builders.reports import a_report
from tests.builders.times import MEMBER, NOW, days

_DATA = re.compile(r'<script type="application/json" id="data">\n(.*?)</script>', re.DOTALL)


def text(*views: Any, **changes: Any) -> str:
    return a_report(a_period(**changes), views or (an_account_view(), an_unread_account_view())).decode()


def data(report: str) -> dict[str, Any]:
    found = _DATA.search(report)
    assert found
    read: dict[str, Any] = json.loads(found[1])
    return read


def named(name: str) -> Identity:
    return msgspec.structs.replace(a_worker(name, owner=Known()), id="AROANAMED")


def test_the_same_views_give_the_same_bytes() -> None:
    assert text() == text()


def test_the_policy_names_each_script_and_style_by_its_hash_and_lets_in_nothing_else() -> None:
    report = text()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', report)
    assert policy
    inline = re.findall(r"<script>(.*?)</script>|<style>(.*?)</style>", report, re.DOTALL)
    held = {base64.b64encode(hashlib.sha256((a or b).encode()).digest()).decode() for a, b in inline}
    assert set(re.findall(r"'sha256-([^']*)'", policy[1])) == held
    assert policy[1].startswith("default-src 'none'; ")
    assert "unsafe" not in policy[1]


def test_nothing_in_the_file_points_outside_the_pack() -> None:
    shell = _DATA.sub("", text())
    assert not re.findall(r"""(?:src|href)=["']?(?:https?:|//|data:)""", shell)
    assert " style=" not in shell
    assert not re.findall(r"<[^>]* on[a-z]+=", shell)


@pytest.mark.parametrize(
    "name", ["</script><script>x</script>", "<!--<script>", "&lt;b&gt;", "a\u2028b", 'a"b', "\\u003c"]
)
def test_a_name_is_data_whatever_it_is_made_of(name: str) -> None:
    report = text(an_account_view(identities=(named(name),)))
    assert len(re.findall("<script", report)) == 3
    assert data(report)["identities"][0][1] == visible(name)


def test_script_json_has_no_character_that_a_parser_of_markup_would_stop_at() -> None:
    packed = script_json({"<&>": "</script>\u2028\u2029"})
    assert not set(b"<>&") & set(packed)
    assert "\u2028" not in packed.decode()
    assert json.loads(packed) == {"<&>": "</script>\u2028\u2029"}


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain name", "plain name"),
        ("abc\u202efed", "abc[U+202E]fed"),
        ("zero\u200bwidth", "zero[U+200B]width"),
        ("bell\x07", "bell[U+0007]"),
        ("\ue000", "[U+E000]"),
        ("\ud800", "[U+D800]"),
        ("Zoë 東京", "Zoë 東京"),
    ],
)
def test_what_cannot_be_seen_is_named(raw: str, shown: str) -> None:
    assert visible(raw) == shown


@pytest.mark.parametrize(
    "path", ["javascript:alert(1)", "//evil.example", "/etc/passwd", "../up", "a b", "https://x.example", ".hidden"]
)
def test_only_a_plain_relative_path_becomes_a_link(path: str) -> None:
    assert "<a" not in linked(path)
    assert linked("populations/index.csv") == '<a href="populations/index.csv">populations/index.csv</a>'


def test_each_result_is_a_letter_and_its_line_leads_to_the_sealed_result() -> None:
    view = an_account_view()
    read = data(text(view))
    control = [one[0] for one in read["controls"]].index("IDC-15")
    for row in read["identities"]:
        if row[15][control] == "-":
            continue
        at = [one for one, letter in enumerate(row[15]) if letter != "-"].index(control)
        line = row[16][at] if isinstance(row[16], list) else row[16] + at
        sealed = view.results[line - view.first_result_line]
        assert (sealed.control, sealed.identity) == ("IDC-15", row[0])
        assert row[15][control] == {"PASS": "P", "FAIL": "F"}[sealed.status]


def test_a_sentence_is_held_once_for_all_it_is_told_of_but_for_their_names() -> None:
    read = data(
        text(
            an_account_view(
                identities=tuple(msgspec.structs.replace(a_worker(f"worker-{at}"), id=f"AROA{at}") for at in range(50))
            )
        )
    )
    assert len(read["identities"]) == 50
    assert sum("role/\ue000" in one for one in read["texts"]) == 1


def test_an_account_that_was_never_read_is_in_the_list_with_its_reason() -> None:
    read = data(text(an_unread_account_view(MEMBER)))
    shown = [(one[0], one[3], one[4], one[12]) for one in read["accounts"]]
    assert shown == [(MEMBER, "unreachable", "AWS refuses sts:AssumeRole", 0)]


def test_pseudonyms_are_shown_as_the_period_reveals_them() -> None:
    owner = "person-" + "a" * 20
    one = msgspec.structs.replace(some_identities()[0], owner=Known(value=owner))
    report = text(an_account_view(identities=(one,)), reveal=lambda said: said.replace(owner, "Jane Doe"))
    assert data(report)["ownerNames"] == ["Jane Doe"]
    assert owner not in report


def test_a_period_without_a_run_says_so_instead_of_drawing_nothing() -> None:
    report = text(runs=(), as_of=a_pack_run(-10), ticks_met={})
    assert "No run was taken in the period, so there is nothing to draw." in report
    assert "0 runs in time, 0 late, 4 missed" in report


def test_a_day_shows_the_worst_that_happened_and_manual_runs_satisfy_nothing() -> None:
    late = a_pack_run(-3, closed_at=NOW - days(3) + days(0.5))
    manual = a_pack_run(-2, trigger=RunTrigger.MANUAL, tick=None)
    shown = calendar_days(a_period(runs=(late, manual, a_pack_run(-1), a_pack_run(0))))
    assert [(one.state, one.manual) for one in shown] == [("late", 0), ("missed", 1), ("met", 0), ("met", 0)]


def _transition(day: int, before: ResultStatus | None, after: ResultStatus | None) -> RunTransition:
    run = a_pack_run(day)
    change = Transition(control="IDC-15", subject="k", identity="k", before=before, after=after, reason=f"day {day}")
    return RunTransition(run_id=run.run_id, at=run.taken_at, transition=change)


@pytest.mark.parametrize(
    ("changes", "spans"),
    [
        ([(-2, "PASS", "FAIL"), (-1, "FAIL", "PASS")], [(-2, -1, "PASS")]),
        ([(-1, "FAIL", "PASS")], [(-3, -1, "PASS")]),
        ([(-1, "PASS", "FAIL")], [(-1, None, "FAIL")]),
        ([(-1, "FAIL", None)], [(-3, -1, None)]),
        ([(-2, "FAIL", "NOT_TESTED"), (-1, "NOT_TESTED", "FAIL")], [(-3, -2, "NOT_TESTED"), (-1, None, "FAIL")]),
        ([(-1, "PASS", "NOT_TESTED")], []),
    ],
)
def test_a_failure_lasts_from_the_run_that_saw_it_to_the_run_that_did_not(
    changes: list[tuple[int, str, str | None]], spans: list[tuple[int, int | None, str | None]]
) -> None:
    def run(day: int | None) -> str | None:
        return None if day is None else a_pack_run(day).run_id

    made = tuple(_transition(day, ResultStatus(old), ResultStatus(new) if new else None) for day, old, new in changes)
    found = intervals(an_account_view(transitions=made), a_period())
    assert [(one.began, one.ended, one.status) for one in found] == [(run(a), run(b), c) for a, b, c in spans]
