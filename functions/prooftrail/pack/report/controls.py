"""The controls as the report shows them: a table of all, and a page each, written out so that they print whole."""

from collections.abc import Iterator

from prooftrail.controls.catalog import Control
from prooftrail.controls.crosswalk import FRAMEWORKS, by_framework
from prooftrail.governance.thresholds import Limits
from prooftrail.model.judgement import ResultStatus, Tier
from prooftrail.pack.registers.coverage import narrowed
from prooftrail.pack.registers.ticks import Operation, of_control, sentence, ticks
from prooftrail.pack.report.text import Html, esc, items, number, status, table
from prooftrail.pack.tally import Tally
from prooftrail.pack.view import PeriodView

_ORDER = (
    ResultStatus.PASS,
    ResultStatus.FAIL,
    ResultStatus.EXCEPTION,
    ResultStatus.NOT_TESTED,
    ResultStatus.NOT_APPLICABLE,
)
_TIERS = (Tier.CRITICAL, Tier.HIGH, Tier.MEDIUM, Tier.LOW)


def controls_html(period: PeriodView, tally: Tally) -> str:
    """The table of all controls, then each of them."""
    due = ticks(period)
    operated = {one.id: of_control(period, one.id, due) for one in period.catalog.controls}
    heads = ("Control", "Title", "Operated", *(one.value.replace("_", " ") for one in _ORDER))
    listed = table(
        "Controls: how often each operated in the period, and its results as last judged",
        heads,
        _rows(period, tally, operated),
        numeric=frozenset(range(3, 8)),
    )
    pages = "".join(_page(period, one, tally, operated[one.id]) for one in period.catalog.controls)
    return (
        f"<p>Operated is of ticks of the schedule{narrowed(period)}; “in part” counts those whose run did not read whole every account it was to"
        ' read: <a href="38_operation_by_tick.csv">38_operation_by_tick.csv</a> has each.'
        " A result is of one control and one subject. PASS says that the test passed, and nothing about a standard."
        " NOT TESTED is a gap: it counts neither as passed nor as failed.</p>"
        f'<div id="controls-all">{listed}</div><div id="controls-each">{pages}</div>'
    )


def _rows(period: PeriodView, tally: Tally, operated: dict[str, Operation]) -> Iterator[tuple[object, ...]]:
    for one in period.catalog.controls:
        link = Html(f'<a href="#control/{esc(one.id)}">{esc(one.id)}</a>')
        mine = operated[one.id]
        often = f"{mine.operated} of {mine.due}" if mine.due else "nothing due"
        often += f", {len(mine.in_part)} in part" if mine.in_part else ""
        yield link, one.title, often, *(tally.results[one.id, each] for each in _ORDER)


def _page(period: PeriodView, one: Control, tally: Tally, operated: Operation) -> str:
    ids = esc(one.id)
    parts = [
        f'<article class="control" id="control/{ids}" data-control="{ids}" aria-labelledby="h-{ids}">',
        f'<p class="screen"><a href="#controls">← All controls</a></p><h2 id="h-{ids}" tabindex="-1">{ids} {esc(one.title)}</h2><p class="statement">{esc(one.statement)}</p>',
        _counts(one, tally),
        f"<p><strong>In the period:</strong> {esc(_sentence(period.reveal(sentence(period, operated))))}</p>",
        "" if one.testable else f"<p><strong>Not tested by this version:</strong> {esc(one.why_not or '')}</p>",
        _limits(period, one),
        f"<h3>What is tested</h3>{items((each.what for each in one.parts if each.covered), 'No part of it yet.')}",
        f"<h3>What is not covered</h3>{items(one.not_covered, 'Nothing is named.')}",
        f"<h3>It would be a nonconformity if</h3><p>{esc(one.nonconformity)}</p>",
        f"<h3>Identifiers it answers to</h3>{_ids(one)}",
        f'<div class="failing" data-failing="{ids}"></div></article>',
    ]
    return "".join(parts)


def _sentence(clause: str) -> str:
    return clause[:1].upper() + clause[1:] + ("" if clause.endswith(".") else ".")


def _counts(one: Control, tally: Tally) -> str:
    found = [(each, tally.results[one.id, each]) for each in _ORDER]
    if not any(count for _, count in found):
        return "<p><strong>Results:</strong> none. No subject of it was judged.</p>"
    made = "".join(f"<li>{status(each.value).html} {number(count)}</li>" for each, count in found if count)
    return f'<ul class="counts" aria-label="Results of {esc(one.id)}">{made}</ul>'


def _limits(period: PeriodView, one: Control) -> str:
    if not one.thresholds:
        return "<h3>Limits</h3><p>It holds nothing against a number.</p>"
    rows = (_limit(period, period.limits, one.id, name, one.without_effect.get(name)) for name in one.thresholds)
    heads = ("Limit", *(tier.value for tier in _TIERS), "Set by")
    return f"<h3>Limits in force</h3>{table(f'Limits of {one.id} by tier', heads, rows)}"


def _limit(period: PeriodView, limits: Limits, control: str, name: str, idle: str | None) -> tuple[object, ...]:
    found = [limits.described(control, name, tier) for tier in _TIERS]
    by = period.reveal(found[0].set_by)
    return name, *(each.value for each in found), f"{by}. Without effect: {idle}" if idle else by


def _ids(one: Control) -> str:
    found: dict[str, list[str]] = {}
    for key, each in by_framework(one):
        found.setdefault(key, []).append(each)
    return items((f"{FRAMEWORKS[key]}: {', '.join(ids)}" for key, ids in found.items()), "None.")
