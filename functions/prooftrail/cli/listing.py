"""How runs, inventories and changes look on a page 100 columns wide: what is not known first, what is asked then."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

import msgspec
from rich.console import Console
from rich.text import Text

from prooftrail.cli import heads, render
from prooftrail.cli.render import Col, counted, safe, table
from prooftrail.evidence.redaction import PSEUDONYM
from prooftrail.flows.locker_changes import Period, Step
from prooftrail.flows.locker_history import AsOf, LockerHistory, RunSummary
from prooftrail.flows.locker_inventory import InventoryRow, NotRead
from prooftrail.inventory.changes import Change
from prooftrail.model.identity import Basis, IdentityClass

FIELDS = tuple(one.encode_name for one in msgspec.structs.fields(InventoryRow))
"""The columns of a CSV inventory: every field of a row."""


def runs(history: LockerHistory) -> None:
    """A line a run, then ticks that nobody met, then the head an auditor writes down."""
    console = render.console()
    if not history.runs:
        console.print("no run is sealed here yet: the chain holds nothing but its genesis.")
        return
    columns = (
        Col("SEQ", 4, right=True), Col("RUN", 16), Col("TRIGGER", 8), Col("RESULT", 6),
        Col("PLANNED", 7, right=True), Col("SEALED", 6, right=True), Col("GAPS", 4, right=True),
        Col("UNREACHABLE", 11, right=True), Col("SKIPPED", 7, right=True), Col("IDENTITIES", 10, right=True),
    )  # fmt: skip
    console.print(table(columns, map(_run, history.runs), width=console.width))
    console.print()
    for one in history.runs:
        if one.missed_ticks:
            told = ", ".join(render.moment(tick) for tick in one.missed_ticks)
            console.print(Text(f"missed before {one.run_id}: {told}", style="yellow"))
    newest = max(history.runs, key=lambda one: one.seq)
    console.print(Text(f"{counted(len(history.runs), 'run')}; accounts are counted from PLANNED to SKIPPED"))
    console.print(Text(f"head {newest.seq}:{newest.manifest_sha256}"))
    console.print(heads.worth(history.assurance))


def _run(one: RunSummary) -> Sequence[str | Text]:
    numbers = (one.planned, one.sealed, one.gaps, one.unreachable, one.skipped, one.identities)
    return (
        str(one.seq),
        one.run_id,
        one.trigger,
        render.coloured(one.status, one.status),
        *(f"{number:,}" for number in numbers),
    )


def inventory(as_of: AsOf, rows: Sequence[InventoryRow], gaps: Sequence[NotRead], *, by_family: bool) -> None:
    """What was not read, then the identities by account or by family, then how many of each class."""
    console = render.console()
    heads.head(console, "Identities", as_of)
    whole = len(as_of.standings) >= as_of.run.planned
    not_read(console, gaps, of="Every account and every source" if whole else "Every source of the accounts shown")
    _limited(console, as_of)
    if by_family:
        _families(console, rows)
    else:
        _accounts(console, rows, as_of)
    console.print()
    console.print(Text(_classes(rows)))


def not_read(console: Console, gaps: Sequence[NotRead], *, of: str = "Every account and every source") -> None:
    """Everything the view cannot speak about, one line each, before anything else."""
    if not gaps:
        console.print(Text(f"{of} that was planned was read whole.", style="green"))
        return
    console.print(Text(f"Not read ({len(gaps)}):", style="bold yellow"))
    for one in gaps:
        console.print(render.indented(Text(safe(one.sentence, longest=600), style="yellow"), 2))


def _limited(console: Console, as_of: AsOf) -> None:
    """Regions a scan was told to leave out: their secrets are in no list."""
    for one in as_of.standings:
        facts = one.snapshot.account if one.snapshot else None
        left = set(facts.regions_enabled or ()) - set(facts.regions_read) if facts else set()
        if left:
            sentence = f"account {one.account}: secrets of {counted(len(left), 'enabled region')} were not asked for (--regions)"
            console.print(render.indented(Text(sentence, style="yellow"), 2))


def matches(rows: Iterable[InventoryRow]) -> None:
    """Several identities under one name, with the ids that tell them apart."""
    columns = (Col("ID", 21, grows=1), Col("KIND", 21), Col("ACCOUNT", 12), Col("NAME", 20, grows=1))
    told = [(safe(row.id), row.kind, row.account, safe(row.name)) for row in rows]
    console = render.console()
    console.print(table(columns, told, width=console.width))


def _accounts(console: Console, rows: Sequence[InventoryRow], as_of: AsOf) -> None:
    """The identities by account; those of an older run under a heading that says so."""
    columns = (
        Col("NAME", 18, grows=2), Col("KIND", 21), Col("CLASS", 12), Col("OWNER", 10, grows=1), Col("LAST USED", 13),
    )  # fmt: skip
    for _, found in groupby(rows, key=lambda row: (row.account, row.seen_in_run)):
        told = list(found)
        console.print()
        console.print(_account(told, as_of))
        console.print(table(columns, _identities(told), width=console.width))


def _account(rows: Sequence[InventoryRow], as_of: AsOf) -> Text:
    one = rows[0]
    name = f" {safe(one.account_name, longest=50)}" if one.account_name else ""
    line = Text.assemble((f"{one.account}{name}", "bold"), f"  {counted(len(rows), 'identity', 'identities')}")
    if one.stale:
        age = render.ago(one.seen_at, as_of.run.taken_at)
        line.append(f" not read this time, as seen {age} in run {one.seen_in_run}", style="yellow")
    return line


def _identities(rows: Sequence[InventoryRow]) -> Iterator[Sequence[str | Text]]:
    """The rows, those of credentials set in below the user they belong to."""
    shown = {row.id for row in rows}
    for row in rows:
        yield _identity(row, inset=row.parent in shown)


def _identity(row: InventoryRow, *, inset: bool) -> Sequence[str | Text]:
    used = render.ago(row.last_used_at, row.seen_at) if row.last_used_at else row.last_use.replace("_", " ")
    return ("  " if inset else "") + safe(row.name), row.kind, render.label(row.cls), _owner(row), used


def _owner(row: InventoryRow) -> str | Text:
    if row.owner is not None:
        return safe(row.owner)
    return Text("unknown" if "owner" in row.unknown else "nobody", style="red")


def _families(console: Console, rows: Sequence[InventoryRow]) -> None:
    """A line a family, the largest first; identities without a family are counted, not listed."""
    families: dict[str, list[InventoryRow]] = defaultdict(list)
    for row in rows:
        if row.family:
            families[row.family].append(row)
    columns = (
        Col("FAMILY", 20, grows=2), Col("KIND", 21), Col("CLASS", 12), Col("OWNER", 11, grows=1),
        Col("MEMBERS", 7, right=True), Col("ACCOUNTS", 8, right=True),
    )  # fmt: skip
    ordered = sorted(families.items(), key=lambda one: (-len(one[1]), one[0]))
    console.print()
    console.print(table(columns, (_family(name, members) for name, members in ordered), width=console.width))
    alone = sum(row.family is None for row in rows)
    console.print(
        Text(f"{counted(len(families), 'family', 'families')}; {counted(alone, 'identity', 'identities')} in none")
    )


def _family(name: str, members: Sequence[InventoryRow]) -> Sequence[str | Text]:
    return (
        safe(name),
        _same(row.kind for row in members),
        _same(render.label(row.cls) for row in members),
        _same(row.owner or "nobody" for row in members),
        f"{len(members):,}",
        str(len({row.account for row in members})),
    )


def _same(values: Iterable[str]) -> str:
    found = sorted(set(values))
    return safe(found[0]) if len(found) == 1 else f"{len(found)} different"


def _classes(rows: Sequence[InventoryRow]) -> str:
    count = Counter(row.cls for row in rows)
    declared = Counter(row.cls for row in rows if row.class_basis == Basis.DECLARED)
    told = [
        f"{count[one]:,} {render.label(one)}" + (f" ({declared[one]:,} declared)" if declared[one] else "")
        for one in IdentityClass
    ]
    unowned = sum(row.owner is None for row in rows)
    stale = sum(row.stale for row in rows)
    more = f"; {stale:,} not read this time" if stale else ""
    return f"{counted(len(rows), 'identity', 'identities')}: {', '.join(told)}; {unowned:,} without a known owner{more}"


def changes(period: Period) -> None:
    """Changes by account and run, after what was not read in between."""
    console = render.console()
    since = f"run {period.first.run_id} ({render.moment(period.first.taken_at)})" if period.first else "the beginning"
    last = f"run {period.last.run_id} ({render.moment(period.last.taken_at)})"
    console.print(render.heading(f"Changes after {since}"))
    console.print(render.heading(f"          up to {last}"))
    console.print(heads.worth(period.assurance))
    if period.unread:
        console.print(Text(f"Not read, so that changes may be missing ({len(period.unread)}):", style="bold yellow"))
        for one in period.unread:
            reason = f": {_revealed(one.reason, period)}" if one.reason else ""
            line = f"run {one.run_id}, account {one.account}, {one.what} {one.status}{reason}"
            console.print(render.indented(Text(safe(line, longest=600), style="yellow"), 2))
    for account, steps in groupby(period.steps, key=lambda one: one.account):
        told = list(steps)
        name = f" {safe(_revealed(told[0].account_name, period), longest=50)}" if told[0].account_name else ""
        console.print()
        console.print(render.heading(f"{account}{name}"))
        for step in told:
            _step(console, step, period)
    console.print()
    console.print(Text(_totals(period)))


def _step(console: Console, step: Step, period: Period) -> None:
    if step.since is None:
        told = f"first reading: {counted(step.identities, 'identity', 'identities')}, nothing earlier to compare with"
        console.print(Text(f"  {render.moment(step.taken_at)}  {told}"))
        return
    console.print(Text(f"  {render.moment(step.taken_at)}, since run {step.since}", style="dim"))
    for one in step.changes:
        name = safe(_revealed(one.name, period), longest=60)
        line = Text.assemble((f"    {render.label(one.what):<12}  ", _STYLES.get(one.what, "")), f"{name} ({one.kind})")
        if one.id not in (one.arn, one.name):
            line.append(f" {safe(one.id)}", style="dim")
        console.print(line)
        for path, before, after in one.fields:
            text = f"{path.removeprefix('facts.')}: {_revealed(before, period)} → {_revealed(after, period)}"
            console.print(render.indented(safe(text, longest=500), _DETAIL))
        if one.note:
            console.print(render.indented(Text(safe(_revealed(one.note, period), longest=500), style="dim"), _DETAIL))


_DETAIL = 18  # columns before what differs
_STYLES = {
    "appeared": "green",
    "disappeared": "red",
    "changed": "cyan",
    "discovered": "yellow",
    "out_of_reach": "yellow",
}


def _totals(period: Period) -> str:
    count = Counter(one.what for step in period.steps for one in step.changes)
    if not count:
        return "nothing changed in what was read"
    return ", ".join(f"{number:,} {render.label(what)}" for what, number in sorted(count.items()))


def _revealed(text: str, period: Period) -> str:
    return PSEUDONYM.sub(lambda match: period.people.get(match[0], match[0]), text)


def changes_as_json(period: Period) -> dict[str, Any]:
    """The period as data; people are named as long as their `people/` objects are kept."""
    return {
        "from": period.first.run_id if period.first else None,
        "to": period.last.run_id,
        "unread": [msgspec.to_builtins(one) for one in period.unread],
        "steps": [
            {**msgspec.to_builtins(step), "changes": [_change(one, period) for one in step.changes]}
            for step in period.steps
        ],
    }


def _change(one: Change, period: Period) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(one)
    told |= {"arn": _revealed(one.arn, period), "name": _revealed(one.name, period)}
    told["fields"] = [
        {"field": path, "from": _revealed(before, period), "to": _revealed(after, period)}
        for path, before, after in one.fields
    ]
    return told
