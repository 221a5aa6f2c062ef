"""The report in a browser: found, filtered, linked to, by keyboard, in the dark, magnified, printed, and never harmed."""

import re
from pathlib import Path

import msgspec
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from prooftrail.model.identity import Kind, Known, Rung
from prooftrail.model.judgement import ResultStatus, SubjectType
from prooftrail.pack.view import Listed, Presence
from tests.browser.conftest import HOSTILE, MANY, Opened, a_change
from tests.builders.judging_findings import a_result
from tests.builders.packs import a_pack_run, a_period, an_account_view, some_identities
from tests.builders.reports import a_report
from tests.builders.times import MEMBER

MAGNIFIED = {"viewport": {"width": 320, "height": 640}}
DARK = {"color_scheme": "dark"}
ALL = 6 + len(HOSTILE) + MANY
PLACES = (
    "",
    "#population",
    "#controls",
    "#control/IDC-02",
    "#identities",
    "#identity/AROAJOB001",
    "#identity/AROAHOSTILE4",
    "#families",
    "#family/jobs",
    "#owners",
    "#owner/jane",
    "#history",
)


def said(page: Page) -> str:
    return page.locator("#identities > div .said").inner_text()


def names(page: Page) -> list[str]:
    return page.locator("#identities > div tbody th").all_inner_texts()


def test_a_search_leaves_what_has_all_of_its_words(opened: Opened) -> None:
    page = opened("#identities")
    page.fill("#f-list-q", "job 017")
    expect(page.locator("#identities > div .said")).to_have_text(f"1 of {ALL} match; rows 1 to 1 are shown.")
    assert names(page) == ["job-017"]


def test_filters_narrow_each_other_and_are_in_the_link(opened: Opened) -> None:
    page = opened("#identities")
    page.select_option("#f-list-class", "human")
    page.select_option("#f-list-control", "IDC-15")
    page.select_option("#f-list-result", "F")
    expect(page.locator("#identities > div tbody tr")).to_have_count(1)
    assert page.evaluate("location.hash") == "#identities?class=human&control=IDC-15&result=F"
    again = opened(page.evaluate("location.hash"))
    assert names(again) == names(page)
    assert again.input_value("#f-list-control") == "IDC-15"


def test_a_filter_that_nothing_matches_says_so(opened: Opened) -> None:
    page = opened("#identities?q=nobody-has-this-name")
    assert said(page) == f"None of {ALL} match."
    page.click("text=Clear filters")
    expect(page.locator("#identities > div .said")).to_have_text(f"{ALL} in all; rows 1 to 100 are shown.")


def test_a_heading_sorts_and_says_which_way(opened: Opened) -> None:
    page = opened("#identities?q=job")
    head = page.locator("#identities > div th[data-column=name]")
    head.locator("button").click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    assert names(page)[:2] == ["job-000", "job-001"]
    head.locator("button").click()
    expect(head).to_have_attribute("aria-sort", "descending")
    assert names(page)[0] == f"job-{MANY - 1:03d}"
    expect(page.locator("#identities > div th[aria-sort]")).to_have_count(1)


def test_rows_beyond_the_first_hundred_are_a_page_further(opened: Opened) -> None:
    page = opened("#identities?q=job&sort=name")
    page.click("#identities > div button[data-page=last]")
    expect(page.locator("#identities > div .said")).to_have_text(
        f"{MANY} of {ALL} match; rows 201 to {MANY} are shown."
    )
    assert names(page)[-1] == f"job-{MANY - 1:03d}"


def test_back_undoes_a_filter_and_leaves_a_page(opened: Opened) -> None:
    page = opened("#identities")
    page.select_option("#f-list-class", "human")
    expect(page.locator("#identities > div .said")).to_contain_text("match")
    page.locator("#identities > div tbody a").first.click()
    expect(page.locator("#identities .single h2")).to_be_visible()
    page.go_back()
    expect(page.locator("#identities .single")).to_have_count(0)
    assert page.input_value("#f-list-class") == "human"
    page.go_back()
    expect(page.locator("#identities > div .said")).to_have_text(f"{ALL} in all; rows 1 to 100 are shown.")
    assert page.input_value("#f-list-class") == ""


def test_a_link_leads_to_one_control_with_what_did_not_pass(opened: Opened) -> None:
    page = opened("#control/IDC-15")
    expect(page.locator("article.control:visible")).to_have_count(1)
    expect(page.locator("article.control:visible h2")).to_contain_text("IDC-15")
    assert page.locator("article.control:visible tbody .s-fail").count() == 1
    assert "IDC-15" in page.title()


def test_a_link_leads_to_one_identity_with_its_results_and_the_way_to_the_bytes(opened: Opened) -> None:
    page = opened("#identity/AROAJOB001")
    shown = page.locator("#identities .single")
    expect(shown.locator("h2")).to_contain_text("job-001")
    expect(shown).to_contain_text("Nobody owns it.")
    rows = shown.locator("table code").all_inner_texts()
    assert all(re.fullmatch(r"python3 verify\.py \. --row 07:\d+", one) for one in rows)
    expect(shown).to_contain_text("python3 verify.py . --row 03:")


def test_what_is_not_there_is_said_not_to_be(opened: Opened) -> None:
    page = opened("#identity/AROANOBODY")
    expect(page.locator("#identities .single")).to_contain_text("This report lists no identity")


@pytest.mark.parametrize(
    "place",
    [
        "constructor/x",
        "__proto__/x",
        "toString/x",
        "hasOwnProperty/x",
        "summary/x",
        "identity/constructor",
        "owner/__proto__",
        "family/toString",
        "control/constructor",
        "control/NOPE",
        "identities?sort=constructor&page=-1",
        "%/%",
        "?__proto__=1",
    ],
)
def test_no_crafted_link_empties_the_report(opened: Opened, place: str) -> None:
    page = opened(f"#{place}")
    expect(page.locator("html")).to_have_attribute("data-ready", "yes")
    expect(page.locator("main > section:visible")).to_have_count(1)
    assert len(page.locator("main > section:visible").inner_text()) > 60
    page.locator("[data-nav=identities]").click()
    expect(page.locator("#identities > div .said")).to_contain_text(f"{ALL} in all")
    page = opened("#identities")
    page.evaluate("place => { location.hash = place; }", place)
    expect(page.locator("main > section:visible")).to_have_count(1)
    assert len(page.locator("main > section:visible").inner_text()) > 60


@pytest.mark.parametrize(
    ("status", "mark"), [("unplanned", "(not of the run shown)"), ("unreachable", "(stale: 20261119T060000Z)")]
)
def test_what_an_older_run_saw_is_marked_wherever_it_is_listed(
    browser: Browser, tmp_path: Path, status: str, mark: str
) -> None:
    then = a_pack_run(-3)
    (worker,) = (one for one in some_identities() if one.kind is Kind.ROLE_WORKLOAD)
    worker = msgspec.structs.replace(
        worker, id="AROAOLD", owner=Known(value="jane", rung=Rung.REGISTRY, where="x"), family="jobs"
    )
    results = tuple(
        a_result(ResultStatus.FAIL, control=each, subject=subject, subject_type=of)
        for each, subject, of in (
            ("IDC-02", worker.id, SubjectType.IDENTITY),
            ("IDC-02", MEMBER, SubjectType.ACCOUNT),
        )
    )
    came = Presence(
        id=worker.id, name="old", arn=None, kind="role_workload", created_at=None, came=then.run_id, went=None
    )
    older = an_account_view(
        account=MEMBER, status=status, stale=True, read_run=then, judged_run=then, identities=(worker,), results=results,
        listed=(Listed(identity=worker, seen_in=then.run_id, evidence="e-1", line=2),),
        transitions=(a_change(then, ResultStatus.PASS, ResultStatus.FAIL, worker.id),), presences=(came,),
    )  # fmt: skip
    at = tmp_path / "index.html"
    at.write_bytes(a_report(a_period(runs=(then, a_pack_run(0))), (an_account_view(), older)))
    page = browser.new_page()
    lists = {
        "identities": "#identities > div tbody tr",
        "control/IDC-02": "article.control:visible .failing tbody tr",
        "owner/jane": "#owners .single tbody tr",
        "family/jobs": "#families .single tbody tr",
        f"identity/{worker.id}": "#identities .single .ids",
        "history": "[data-fill=intervals] tbody tr, [data-fill=presences] tbody tr",
    }
    for place, rows in lists.items():
        page.goto(f"{at.as_uri()}#{place}")
        page.evaluate("place => { location.hash = place; }", place)
        found = [one for one in page.locator(rows).all_inner_texts() if MEMBER in one]
        assert found, place
        assert all(mark in one for one in found), (place, found)
    page.goto(f"{at.as_uri()}#owner/jane")
    page.evaluate("() => { location.hash = 'owner/jane'; }")
    expect(page.locator("#owners .single .ids")).to_contain_text("Stale")
    page.close()


def test_a_control_that_is_not_there_is_said_not_to_be(opened: Opened) -> None:
    page = opened("#control/NOPE")
    expect(page.locator("#controls .single")).to_contain_text("This report lists no control")
    page = opened("#control/IDC-15")
    expect(page.locator("#controls .single")).to_have_count(0)


def test_owners_and_families_lead_to_their_identities(opened: Opened) -> None:
    page = opened("#families")
    page.click("text=jobs")
    expect(page.locator("#families .single .said")).to_have_text(f"{MANY} in all; rows 1 to 100 are shown.")
    page = opened("#owners")
    page.click("#owners tbody >> text=jane")
    expect(page.locator("#owners .single tbody tr")).to_have_count(2)


def test_history_tells_late_missed_and_manual_runs_apart_by_a_sign(opened: Opened) -> None:
    page = opened("#history")
    became = page.locator("#history table").first.locator("td:nth-child(3)").all_inner_texts()
    assert [one.split(" ")[0] for one in became] == ["◐", "✕", "✓", "M", "✓"]
    for sign in ("◐", "✕", "M"):
        assert sign in page.locator("#history svg").first.inner_html()
    expect(page.locator("[data-fill=intervals] tbody tr")).to_have_count(1)
    expect(page.locator("[data-fill=presences]")).to_contain_text("gone")


def test_everything_can_be_done_by_keyboard_alone(opened: Opened) -> None:
    page = opened()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.locator("[data-nav=identities]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#identities h1")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#f-list-q")).to_be_focused()
    page.keyboard.type("job-04")
    expect(page.locator("#identities > div tbody tr")).to_have_count(10)
    expect(page.locator("#f-list-q")).to_be_focused()
    sort = page.locator("#identities > div th[data-column=name] button")
    sort.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.locator("#identities > div th[data-column=name]")).to_have_attribute("aria-sort", "descending")
    expect(sort).to_be_focused()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


@pytest.mark.parametrize("options", [{}, DARK, MAGNIFIED], ids=["light", "dark", "magnified"])
@pytest.mark.parametrize("place", ["", "#controls", "#identities", "#identity/AROAJOB001", "#history", "#population"])
def test_nothing_stands_in_the_way_of_anybody(opened: Opened, place: str, options: dict[str, object]) -> None:
    found = Axe().run(opened(place, **options), options={"resultTypes": ["violations"]})
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("place", PLACES)
def test_magnified_four_times_only_tables_scroll_sideways(opened: Opened, place: str) -> None:
    page = opened(place, **MAGNIFIED)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_page_one_reads_without_a_script(opened: Opened) -> None:
    page = opened(java_script_enabled=False)
    assert page.locator("#summary").is_visible()
    assert page.get_by_text("Search, filters and single identities need one").is_visible()
    assert page.locator("#history svg").first.is_visible()
    assert page.locator("article.control").last.is_visible()


def test_on_paper_page_one_and_controls_are_whole_and_a_list_says_what_is_left_out(opened: Opened) -> None:
    page = opened("#identities")
    printed = page.pdf(format="A4")
    assert printed.startswith(b"%PDF")
    assert len(re.findall(rb"/Type /Page\b", printed)) > 10
    page.emulate_media(media="print")
    assert page.locator("#summary").is_visible()
    assert all(one.is_visible() for one in page.locator("article.control").all())
    left = page.locator("#identities .print-only")
    assert (
        left.inner_text()
        == f"{ALL - 100} more rows of this list are not printed. 03_identity_inventory.csv holds all of them."
    )
    assert not page.locator("#identities .filters").is_visible()


@pytest.mark.parametrize(
    "place", [*PLACES, "#owner/javascript%3Awindow.hacked%3D1", "#identities?q=%3Cimg%20src%3Dx%3E"]
)
def test_hostile_names_are_text_and_nothing_else(opened: Opened, place: str) -> None:
    page = opened(place)
    assert page.evaluate("window.hacked") is None
    assert page.locator("img").count() == 0
    targets = page.evaluate("[...document.querySelectorAll('a')].map((one) => one.getAttribute('href'))")
    assert all(re.fullmatch(r"#.*|[A-Za-z0-9_][A-Za-z0-9._/-]*", one) for one in targets)
    handlers = "[...document.querySelectorAll('*')].flatMap((one) => one.getAttributeNames())"
    assert not [one for one in page.evaluate(handlers) if one.startswith("on") or one == "style"]


def test_what_hides_in_a_name_is_shown_and_what_is_long_is_clipped_with_the_whole_behind_it(opened: Opened) -> None:
    page = opened("#identities?q=invoice")
    assert names(page) == ["invoice[U+202E]gpj.exe"]
    page = opened("#identities?q=AAAAAAA")
    assert len(names(page)[0]) < 130
    assert names(page)[0].endswith("(65,536 characters)")
    page.locator("#identities > div tbody th a").click()
    page.locator("#identities .single summary").first.click()
    expect(page.locator("#identities .single .long").first).to_have_text(HOSTILE["long"])


def test_the_policy_lets_no_other_script_run(browser: object, report: object) -> None:
    page = browser.new_page()  # type: ignore[attr-defined]
    page.goto(report.as_uri())  # type: ignore[attr-defined]
    page.evaluate(
        "const one = document.createElement('script'); one.textContent = 'window.let_in = 1'; document.body.append(one)"
    )
    assert page.evaluate("window.let_in") is None
    page.close()


@pytest.mark.parametrize("place", ["control/IDC-02", "history", "population", "identities?q=job-01"])
def test_a_printed_list_is_no_wider_than_the_page_and_its_first_column_can_be_read(opened: Opened, place: str) -> None:
    page = opened(f"#{place}", viewport={"width": 718, "height": 1000})
    page.emulate_media(media="print")
    widths = page.evaluate(
        "() => [...document.querySelectorAll('table')].filter(one => one.offsetParent && one.tBodies[0].rows.length)"
        ".map(one => [one.offsetWidth, one.tBodies[0].rows[0].cells[0].offsetWidth])"
    )
    assert widths
    assert all(whole <= 718 and first >= 50 for whole, first in widths), widths
