"""`prooftrail results` and `findings`: what every control came to, and what is to be mended by when."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.text import Text

from prooftrail.cli import arguments, heads, render
from prooftrail.cli.arguments import AccountOption, AsOfOption, Json, LockerAddress, Profile
from prooftrail.cli.render import Col, counted, safe, table
from prooftrail.controls import grading, parsing
from prooftrail.controls.catalog import Catalog
from prooftrail.errors import ConfigError, EvidenceError
from prooftrail.flows import finding_list, locker_inventory, locker_judgement
from prooftrail.flows.finding_list import FindingRow, Group, WantedFindings
from prooftrail.flows.locker_history import AsOf, LockerHistory
from prooftrail.flows.locker_judgement import Judgements, ResultRow
from prooftrail.model.judgement import FindingStatus, ResultStatus, Tier

_REASON = 1500  # characters of a reason on the page
_MEMBERS_SHOWN = 3
STATUS_STYLES = {
    ResultStatus.PASS: "green",
    ResultStatus.FAIL: "red",
    ResultStatus.EXCEPTION: "yellow",
    ResultStatus.NOT_TESTED: "yellow",
    ResultStatus.NOT_APPLICABLE: "dim",
}

ControlOption = Annotated[str | None, typer.Option("--control", metavar="ID", help="One control only, e.g. IDC-15.")]
OwnerOption = Annotated[str | None, typer.Option("--owner", metavar="NAME", help="Owners whose name holds this text.")]
TierOption = Annotated[str | None, typer.Option("--tier", metavar="TIER", help="critical, high, medium or low.")]


def results(
    locker: LockerAddress,
    control: ControlOption = None,
    result: Annotated[
        str | None,
        typer.Option("--result", metavar="RESULT", help="PASS, FAIL, EXCEPTION, NOT_APPLICABLE, NOT_TESTED."),
    ] = None,
    tier: TierOption = None,
    owner: OwnerOption = None,
    account: AccountOption = None,
    as_of: AsOfOption = None,
    form: Annotated[str, typer.Option("--format", metavar="table|csv|json", help="How to print.")] = "table",
    as_json: Json = False,
    fail_on: Annotated[
        str | None, typer.Option("--fail-on", metavar="RESULT", help="Exit 1 if one of these is listed, e.g. FAIL.")
    ] = None,
    profile: Profile = None,
) -> None:
    """List what every control came to: a line a control, or every result that --control, --result and so on ask for."""
    wanted, stop = arguments.result_status(result, "--result"), arguments.result_status(fail_on, "--fail-on")
    only, of_tier, of_account = arguments.control(control), arguments.tier(tier), arguments.account(account)
    form = arguments.form(form, as_json)
    history = arguments.history(locker, profile)
    view = history.as_of(history.run(as_of), account=of_account)
    found = _judged(history, view, of_account)
    catalog = catalog_of(history, view)
    if only and all(one.id != only for one in catalog.controls):
        raise ConfigError(f"--control {only} is none of this map's: `prooftrail controls` lists them.")
    rows = [
        row
        for row in locker_judgement.rows(found, view)
        if only in (None, row.control)
        and wanted in (None, row.status)
        and of_tier in (None, row.tier)
        and (owner is None or owner.casefold() in (row.owner or "").casefold())
    ]
    narrowed = any((only, wanted, of_tier, owner))
    if form != "table":
        _warn(found, view)
    if form == "json":
        render.write(render.json_list(rows))
    elif form == "csv":
        render.write(render.csv_lines(RESULT_FIELDS, map(msgspec.to_builtins, rows)))
    else:
        _page(view, found, rows, catalog, narrowed=narrowed)
    if stop is not None and any(row.status is stop for row in rows):
        raise typer.Exit(1)


RESULT_FIELDS = tuple(one.encode_name for one in msgspec.structs.fields(ResultRow))
"""The columns of results as CSV."""

FINDING_FIELDS = tuple(one.encode_name for one in msgspec.structs.fields(FindingRow))
"""The columns of findings as CSV."""


def findings(
    locker: LockerAddress,
    only_open: Annotated[bool, typer.Option("--open", help="Only those not fixed yet.")] = False,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only those past their due date.")] = False,
    owner: OwnerOption = None,
    control: ControlOption = None,
    account: AccountOption = None,
    as_of: AsOfOption = None,
    form: Annotated[str, typer.Option("--format", metavar="table|csv|json", help="How to print.")] = "table",
    as_json: Json = False,
    fail_on: Annotated[bool, typer.Option("--fail-on-any", help="Exit 1 if any finding is listed.")] = False,
    profile: Profile = None,
) -> None:
    """List findings with their lives: since when, due when, whose, fixed or reopened. A family is told once."""
    wanted = WantedFindings(open=only_open, overdue=overdue, owner=owner, control=arguments.control(control))
    of_account, form = arguments.account(account), arguments.form(form, as_json)
    history = arguments.history(locker, profile)
    view = history.as_of(history.run(as_of), account=of_account)
    found = _judged(history, view, of_account)
    rows = [row for row in finding_list.rows(found, view) if wanted.holds(row)]
    if form != "table":
        _warn(found, view)
    if form == "json":
        render.write(render.json_list(rows))
    elif form == "csv":
        render.write(render.csv_lines(FINDING_FIELDS, map(msgspec.to_builtins, rows)))
    else:
        _findings_page(view, found, rows, dict(history.manifest(view.run.run_id).counts))
    if fail_on and rows:
        raise typer.Exit(1)


def catalog_of(history: LockerHistory, view: AsOf) -> Catalog:
    """The control map the run was judged by; this version's where the sealed one is gone."""
    try:
        text = locker_judgement.context_of(history, view.run).catalog
    except EvidenceError:
        text = ""
    return parsing.parse(text or parsing.shipped())


def _judged(history: LockerHistory, view: AsOf, account: str | None) -> Judgements:
    if account and not view.standings:
        raise ConfigError(f"account {account} is in no plan up to run {view.run.run_id}: check --account.")
    found = locker_judgement.judgements(history, view)
    return msgspec.structs.replace(found, organization=None) if account else found


def _warn(found: Judgements, view: AsOf) -> None:
    for line in unjudged(found, view):
        render.warn(line)


def unjudged(found: Judgements, view: AsOf) -> list[str]:
    """Everything a view of judgements cannot speak about, or not as of its run, a sentence each."""
    lines = [f"account {one.account} is not judged: {view.reveal(one.reason)}" for one in found.unjudged]
    lines += [
        f"account {one.account} was not judged in this run: shown as run {one.run.run_id} judged it"
        for one in found.judged
        if one.run != view.run
    ]
    lines += [
        f"findings of account {one.account} cannot be shown: {one.findings_wrong}"
        for one in found.everyone()
        if one.findings_wrong
    ]
    sources = (one.sentence for one in locker_inventory.not_read(view) if one.collector)
    return lines + [f"judged without what was refused: {sentence}" for sentence in sources]


def not_judged(console: Console, found: Judgements, view: AsOf) -> None:
    """The same on a page, before anything else."""
    lines = unjudged(found, view)
    if not lines:
        console.print(Text("Every account was judged in this run, and everything in it was read whole.", style="green"))
        return
    console.print(Text(f"Not judged in this run, or not whole ({len(lines)}):", style="bold yellow"))
    for line in lines:
        console.print(render.indented(Text(safe(line, longest=_REASON), style="yellow"), 2))


def _page(view: AsOf, found: Judgements, rows: Sequence[ResultRow], catalog: Catalog, *, narrowed: bool) -> None:
    console = render.console()
    heads.head(console, "Results", view)
    not_judged(console, found, view)
    console.print()
    if narrowed:
        _listed(console, rows)
    else:
        by_control(console, rows, catalog)
    console.print()
    console.print(Text(_totals(rows)))
    if not narrowed:
        console.print(
            Text("PASS means the test passed; it claims conformity with no standard. List some: --result FAIL")
        )


def by_control(console: Console, rows: Iterable[ResultRow], catalog: Catalog) -> None:
    """A line a control: how often each result was given."""
    counts = Counter((row.control, row.status) for row in rows)
    columns = (
        Col("CONTROL", 7), Col("TITLE", 30, grows=1), Col("FAIL", 6, right=True), Col("EXCEPTION", 9, right=True),
        Col("NOT TESTED", 10, right=True), Col("N/A", 6, right=True), Col("PASS", 6, right=True),
    )  # fmt: skip
    order = (
        ResultStatus.FAIL,
        ResultStatus.EXCEPTION,
        ResultStatus.NOT_TESTED,
        ResultStatus.NOT_APPLICABLE,
        ResultStatus.PASS,
    )
    lines: list[Sequence[str | Text]] = [
        (one.id, safe(one.title), *(_number(counts[one.id, status], status) for status in order))
        for one in catalog.controls
        if any(counts[one.id, status] for status in order)
    ]
    console.print(table(columns, lines, width=console.width))


def _number(count: int, status: ResultStatus) -> Text:
    return Text(f"{count:,}" if count else "-", style=STATUS_STYLES[status] if count else "dim")


def _listed(console: Console, rows: Sequence[ResultRow]) -> None:
    """The results of each control, what fails first; what the control does not cover is said once."""
    ordered = sorted(rows, key=_place)
    for at, row in enumerate(ordered):
        _result(console, row)
        last = at + 1 == len(ordered) or ordered[at + 1].control != row.control
        for part in dict.fromkeys(
            part for one in ordered if last and one.control == row.control for part in one.not_covered
        ):
            console.print(render.indented(Text(f"{row.control} does not cover {safe(part)}", style="dim"), 2))


def _place(row: ResultRow) -> tuple[str, int, int, str, str]:
    return row.control, _SEVERITY[row.status], -_rank(row.tier), row.account, row.name


def _result(console: Console, row: ResultRow) -> None:
    tier = f"  {row.tier}" if row.tier else ""
    head = Text.assemble(
        (f"{row.control}  ", "bold"),
        (f"{render.label(row.status)}", STATUS_STYLES[row.status]),
        f"{tier}  {safe(row.name)}",
        (f"  {row.kind or row.subject_type}, account {row.account}", "dim"),
    )
    console.print(head)
    console.print(render.indented(safe(row.reason, longest=_REASON), 2))
    if row.owner:
        console.print(render.indented(Text(f"owner {safe(row.owner)}", style="dim"), 2))


_SEVERITY = {
    one: at
    for at, one in enumerate(
        (
            ResultStatus.FAIL,
            ResultStatus.EXCEPTION,
            ResultStatus.NOT_TESTED,
            ResultStatus.PASS,
            ResultStatus.NOT_APPLICABLE,
        )
    )
}


def _rank(tier: Tier | None) -> int:
    return -1 if tier is None else tier.rank


def _totals(rows: Sequence[ResultRow]) -> str:
    counts = Counter(row.status for row in rows)
    told = [f"{counts[status]:,} {render.label(status)}" for status in _SEVERITY if counts[status]]
    return f"{counted(len(rows), 'result')}: {', '.join(told)}" if told else "no result answers to that"


def _findings_page(view: AsOf, found: Judgements, rows: Sequence[FindingRow], counts: Mapping[str, int]) -> None:
    console = render.console()
    heads.head(console, "Findings", view)
    not_judged(console, found, view)
    for one in finding_list.groups(rows):
        console.print()
        _finding(console, one)
    if rows:
        _indicated(console, found, view, counts)
    console.print()
    console.print(Text(_finding_totals(rows)))


def _indicated(console: Console, found: Judgements, view: AsOf, counts: Mapping[str, int]) -> None:
    """What the open findings speak for, by the run's own counts: derived here, sealed nowhere."""
    held = [one for _, one in locker_judgement.findings(found)]
    indicated = grading.graded(held, view.run.taken_at, counts)
    if not indicated:
        return
    console.print()
    console.print(render.heading(f"Indicated over all findings ({grading.INDICATOR})"))
    for one in indicated:
        told = f"{one.control}  {one.indication}: {one.why}; {one.open:,} open, {one.overdue:,} overdue"
        console.print(render.indented(safe(told), 2))


def _finding(console: Console, one: Group) -> None:
    first = one.members[0]
    members = f"  ({counted(len(one.members), 'member')} of a family in {counted(len(one.accounts), 'account')})"
    many = len(one.members) > 1
    head = Text.assemble(
        (f"{one.control}  ", "bold"),
        (f"{one.severity}", "red" if one.severity.rank > 1 else ""),
        f"  {safe(one.label)}{members if many else ''}",
        ("" if many else f"  account {first.account}", "dim"),
    )
    console.print(head)
    console.print(render.indented(safe(first.reason, longest=_REASON), 2))
    console.print(render.indented(_life(one, first), 2))
    if many:
        names = ", ".join(f"{each.name} in {each.account}" for each in one.members[:_MEMBERS_SHOWN])
        more = f" and {len(one.members) - _MEMBERS_SHOWN} more" if len(one.members) > _MEMBERS_SHOWN else ""
        console.print(render.indented(Text(f"members {safe(names)}{more}", style="dim"), 2))


def _life(one: Group, first: FindingRow) -> Text:
    """Whose it is, since when, due when: what its owner must know first."""
    owners = safe(", ".join(one.owners[:_MEMBERS_SHOWN])) or "nobody"
    since = (
        f"failing since before run {first.opened_run}" if first.since_before else f"opened in run {first.opened_run}"
    )
    if first.status is not FindingStatus.OPEN:
        why = f": {first.fixed_why}" if first.fixed_why else ""
        return Text(f"{first.status} in run {first.fixed_run}{safe(why)}; {since}; owner {owners}", style="green")
    if first.exception:
        return Text(f"accepted by exception {safe(first.exception)}; {since}; owner {owners}", style="yellow")
    told = f"OVERDUE since {render.day(one.due_at)}" if one.overdue else f"due {render.day(one.due_at)}"
    told += f"; owner {owners}; {since}"
    told += f"; reopened {counted(first.reopened, 'time')}" if first.reopened else ""
    told += f"; could not be tested since run {first.unseen_since}" if first.unseen_since else ""
    return Text(told, style="red" if one.overdue else "dim")


def _finding_totals(rows: Sequence[FindingRow]) -> str:
    statuses = Counter(row.status for row in rows)
    late = sum(row.overdue for row in rows)
    told = [f"{statuses[one]:,} {one}" for one in FindingStatus if statuses[one]]
    return (
        f"{counted(len(rows), 'finding')}: {', '.join(told)}; {late:,} overdue"
        if told
        else "no finding answers to that"
    )
