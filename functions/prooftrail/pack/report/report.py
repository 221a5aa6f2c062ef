"""`index.html`: the pack as one file to read, offline, with page one first and every identity behind it."""

from collections.abc import Callable, Iterator

from prooftrail.pack.files import PackFiles, Sink
from prooftrail.pack.front.front import front
from prooftrail.pack.front.page_one import PageOne
from prooftrail.pack.report.calendar import calendar, runs_table
from prooftrail.pack.report.charts import ages, over_time, population
from prooftrail.pack.report.controls import controls_html
from prooftrail.pack.report.data import Gathered
from prooftrail.pack.report.front import linked, page_one_html
from prooftrail.pack.report.page import head, of_script, section, tail
from prooftrail.pack.report.text import counted, esc, instant, items, number, script_json, table
from prooftrail.pack.tally import Tally
from prooftrail.pack.view import AccountView, PeriodView

PATH = "index.html"
_OF_HISTORY = (
    "29_runs.csv",
    "28_operating_effectiveness.csv",
    "38_operation_by_tick.csv",
    "23_scanner_changes.csv",
    "31_governance_changes.csv",
)


class Report:
    """Gathers every account compactly and writes one file that asks nothing of any network."""

    def __init__(
        self, period: PeriodView, files: PackFiles, page_one: Callable[[PeriodView, Tally], PageOne] = front
    ) -> None:
        self._period, self._files, self._page_one = period, files, page_one
        self._gathered = Gathered(period)

    def take(self, one: AccountView) -> None:
        """Pack one account, or the organization."""
        self._gathered.take(one)

    def finish(self, tally: Tally) -> None:
        """Write the report."""
        page = self._page_one(self._period, tally)
        with self._files.open(PATH) as sink:
            for piece in _markup(self._period, tally, page):
                sink.write(piece.encode())
            _data(sink, self._period, tally, self._gathered)
            for piece in tail():
                sink.write(piece.encode())


def _markup(period: PeriodView, tally: Tally, page: PageOne) -> Iterator[str]:
    yield head(page.title)
    yield section("summary", page_one_html(page))
    yield section("population", _drawn(population(tally), ages(tally)) + _filled("Accounts", "accounts"))
    yield section("controls", _departed(tally) + controls_html(period, tally))
    yield of_script("identities", _departed(tally))
    yield of_script("families")
    yield of_script("owners", _unowned(tally))
    yield section("history", _history(period))
    yield "</main>\n"
    yield f"<footer><p>{esc(page.title)}. State shown: {esc(page.as_of)}. One file of a pack: check it with verify.py.</p></footer>\n"


def _drawn(by_class: str, by_age: str) -> str:
    return f"<h2>Identities</h2>{by_class}<h2>Age of credentials</h2>{by_age}"


def _departed(tally: Tally) -> str:
    gone = tally.departed
    if not gone.accounts:
        return ""
    said = (
        f"Lists of single identities and subjects have {counted(gone.identities, 'identity', 'identities')} and"
        f" {counted(gone.results, 'result')} of {counted(gone.accounts, 'account')} not of the run shown any more, as last"
        " seen and marked so. No count of page one, of charts or of controls has them."
    )
    return f'<p class="notice">{esc(said)}</p>'


def _unowned(tally: Tally) -> str:
    if not tally.unowned:
        return "<p>Of every identity shown an owner is known.</p>"
    said = f"{counted(tally.unowned, 'identity', 'identities')} of {number(tally.identities)} without a known owner"
    return f'<p><a href="#identities?owned=no">{esc(said)}</a>.</p>'


def _history(period: PeriodView) -> str:
    return (
        f"<h2>Runs</h2>{calendar(period)}{runs_table(period)}<h2>Results over time</h2>{over_time(period)}"
        f"<h2>Changes of policy and code</h2>{_governance(period)}"
        f"<p>Files: {', '.join(map(linked, _OF_HISTORY))}</p>"
        + _filled("Failures that began or ended", "intervals")
        + _filled("Identities that came and went", "presences")
    )


def _filled(title: str, name: str) -> str:
    return f'<h2>{title}</h2><div data-fill="{name}"></div>'


def _governance(period: PeriodView) -> str:
    rows, before = [], period.before
    for run in period.runs:
        changed = []
        if before and run.governance.sha256 != before.governance.sha256:
            changed.append(f"policy is now {run.governance.sha256[:16]}…")
        if before and run.code.sha256 != before.code.sha256:
            changed.append(f"code is now {run.code.version}, {run.code.sha256[:16]}…")
        changed += [f"loosened: {period.reveal(each)}" for each in run.governance.loosened]
        if changed:
            rows.append((run.run_id, instant(run.taken_at), "; ".join(changed), run.governance.turned))
        before = run
    if not rows:
        return (
            "<p>In the runs of the period neither policy nor code changed.</p>"
            if period.runs
            else items((), "No run was taken.")
        )
    heads = ("First run under it", "Taken at", "What changed", "Failures it turned")
    return table(
        "Changes of policy and code, and how many failing results a loosened policy turned",
        heads,
        rows,
        numeric=frozenset({3}),
        short=frozenset({0, 1}),
    )


def _data(sink: Sink, period: PeriodView, tally: Tally, gathered: Gathered) -> None:
    controls = [[one.id, one.title] for one in period.catalog.controls]
    owners = sorted((gathered.shown(name), name) for name in tally.owners)
    families = sorted((gathered.shown(name), name) for name in tally.families)
    small = {
        "controls": controls,
        "kinds": gathered.kinds.texts,
        "owners": [
            [shown, one.identities, one.open, one.overdue, len(one.accounts), sorted(one.tiers.items())]
            for shown, name in owners
            for one in (tally.owners[name],)
        ],
        "ownerNames": gathered.owners.texts,
        "families": [
            [
                shown,
                one.members,
                len(one.accounts),
                sorted(one.kinds),
                sorted(one.tiers.items()),
                sorted(one.failing.items()),
            ]
            for shown, name in families
            for one in (tally.families[name],)
        ],
        "familyNames": gathered.families.texts,
        "accounts": gathered.accounts,
        "runs": gathered.runs.texts,
        "shown": period.as_of.run_id,
        "risks": gathered.risks,
        "texts": gathered.texts.texts,
    }
    sink.write(b'<script type="application/json" id="data">\n')
    sink.write(script_json(small)[:-1])
    rows = (("identities", gathered.identities), ("others", gathered.others))
    for name, each in (*rows, ("presences", gathered.presences), ("intervals", gathered.intervals)):
        sink.write(b',"' + name.encode() + b'":[\n')
        sink.write(bytes(each.body))
        sink.write(b"]\n")
    sink.write(b"}</script>\n")
