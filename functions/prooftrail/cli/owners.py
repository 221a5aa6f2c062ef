"""`prooftrail owners` and `owner show`: who answers for what, and whether they can be told."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from prooftrail import wiring
from prooftrail.cli import arguments, heads, render
from prooftrail.cli.arguments import AsOfOption, Json, LockerAddress, Profile
from prooftrail.cli.render import Col, counted, safe, table
from prooftrail.cli.results import unjudged
from prooftrail.errors import ConfigError
from prooftrail.flows import locker_judgement
from prooftrail.flows.locker_history import AsOf
from prooftrail.flows.notice_log import NoticeLog, NoticeRow
from prooftrail.flows.notice_log import rows as notice_rows
from prooftrail.flows.owner_list import OwnerLedger, OwnerRow, Unowned
from prooftrail.model.judgement import Finding

app = typer.Typer(no_args_is_help=True, help="One owner: what is theirs, what is open, what they were told.")

_SHOWN = 12
_NOTICES_SHOWN = 10
SENDING_ONLY = "A notice that was taken for sending is no proof that anybody received or read it."


def owners(
    locker: LockerAddress,
    unowned: Annotated[bool, typer.Option("--unowned", help="Only what nobody owns.")] = False,
    unreachable: Annotated[bool, typer.Option("--unreachable", help="Only owners whom nothing reaches.")] = False,
    as_of: AsOfOption = None,
    as_json: Json = False,
    profile: Profile = None,
) -> None:
    """List every owner: what is theirs, what is open and overdue, and whether a notice reaches them."""
    if unowned and unreachable:
        raise ConfigError("--unowned and --unreachable ask for two lists: give one.")
    view, ledger, _ = opened(locker, profile, as_of)
    listed = [one for one in ledger.owners() if not unreachable or not one.reachable]
    nobody = ledger.unowned()
    if as_json:
        render.write(render.json_list(nobody if unowned else listed))
        return
    console = render.console()
    heads.head(console, "What nobody owns" if unowned else "Owners", view)
    console.print()
    if unowned:
        _unowned(console, nobody)
        return
    _owners(console, listed)
    _sum(console, ledger.owners(), nobody)


@app.command("show")
def show(
    locker: LockerAddress,
    owner: Annotated[str, typer.Argument(metavar="ID", help="An owner's id, name or address, or a part of one.")],
    as_of: AsOfOption = None,
    as_json: Json = False,
    profile: Profile = None,
) -> None:
    """Show one owner: how they are reached, who is asked after them, what is theirs, and what they were told."""
    view, ledger, log = opened(locker, profile, as_of)
    found = ledger.find(owner)
    if not found:
        raise ConfigError(f"nobody called {owner!r} owns anything here: `prooftrail owners {locker}` lists who does.")
    if len(found) > 1:
        named = ", ".join(one.id for one in found[:_SHOWN])
        raise ConfigError(f"{owner!r} could be {len(found)} owners: {named}. Give the id.")
    told = [row for row in _told(log, view) if row.recipient in (found[0].id, found[0].address)]
    held, open_findings = ledger.of(found[0])
    if as_json:
        render.print_json(
            {
                "owner": found[0],
                "identities": sorted(one.id for _, one in held),
                "findings": sorted(one.fingerprint for one in open_findings),
                "notices": told,
            }
        )
        return
    console = render.console()
    heads.head(console, f"Owner {safe(found[0].name)}", view)
    console.print(render.facts(_facts(found[0])))
    _holdings(console, Counter(one.kind for _, one in held))
    _open(console, open_findings, view)
    _notices(console, told)


def opened(locker: str, profile: str | None, as_of: str | None) -> tuple[AsOf, OwnerLedger, NoticeLog]:
    """The view of a run, its owners, and the notices up to it; what of it is not known is said on stderr."""
    history = arguments.history(locker, profile)
    view = history.as_of(history.run(as_of))
    log = NoticeLog(wiring.open_locker(locker, profile=profile), history)
    day = log.latest(before=view.run.taken_at)
    reach = log.reach(day) if day else {}
    governance = locker_judgement.context_of(history, view.run).governance
    found = locker_judgement.judgements(history, view)
    for sentence in (*log.unread, *unjudged(found, view)):
        render.warn(sentence)
    ledger = OwnerLedger(view, found, governance, reach, sends=any(one.mailed_on for one in reach.values()))
    return view, ledger, log


def _told(log: NoticeLog, view: AsOf) -> list[NoticeRow]:
    """Every notice up to the run; what of them cannot be shown is said on stderr."""
    found: list[NoticeRow] = []
    for day in log.days(last=view.run.taken_at.date()):
        for sentence in (day,) if isinstance(day, str) else day.wrong:
            render.warn(sentence)
        found += [] if isinstance(day, str) else notice_rows(day, view)
    return found


def _owners(console: Console, rows: Sequence[OwnerRow]) -> None:
    columns = (
        Col("OWNER", 22, grows=2), Col("OWNS", 5, right=True), Col("OPEN", 5, right=True),
        Col("OVERDUE", 7, right=True), Col("REACHED", 12), Col("WHY", 26, grows=1),
    )  # fmt: skip
    lines = [
        (
            safe(one.name if one.registered else one.id),
            f"{one.identities:,}",
            f"{one.open:,}",
            Text(f"{one.overdue:,}", style="red" if one.overdue else ""),
            Text(str(one.state), style="" if one.reachable else "red"),
            safe(one.state_why),
        )
        for one in rows
    ]
    console.print(table(columns, lines, width=console.width) if lines else Text("nobody answers to that"))


def _sum(console: Console, rows: Sequence[OwnerRow], nobody: Sequence[Unowned]) -> None:
    lost = sum(not one.reachable for one in rows)
    members = sum(len(one.members) for one in nobody)
    console.print()
    console.print(Text(f"{counted(len(rows), 'owner')}, {lost:,} of them out of reach"))
    if members:
        console.print(Text(f"{counted(members, 'identity', 'identities')} nobody owns: --unowned", style="yellow"))


def _unowned(console: Console, rows: Sequence[Unowned]) -> None:
    columns = (
        Col("TIER", 8), Col("KIND", 18), Col("NAME", 30, grows=1), Col("MEMBERS", 7, right=True), Col("ACCOUNTS", 26),
    )  # fmt: skip
    lines = [
        (
            str(one.tier or "unknown"),
            render.label(one.kind),
            safe(one.label),
            f"{len(one.members):,}",
            safe(", ".join(one.accounts[:2]) + (f" +{len(one.accounts) - 2}" if len(one.accounts) > 2 else "")),
        )
        for one in rows
    ]
    console.print(table(columns, lines, width=console.width) if lines else Text("everything has an owner"))
    console.print()
    console.print(Text("An owner is named by a tag, or by an [[assign]] or [[account]] of owners.toml."))


def _facts(one: OwnerRow) -> list[tuple[str, str | Text]]:
    reached = Text(f"{one.state}: {safe(one.state_why)}", style="" if one.reachable else "red")
    return [
        ("id", safe(one.id)),
        ("known", "owners.toml" if one.registered else "by tags alone: owners.toml does not have them"),
        ("address", render.said(one.address, absent="none that may be written to")),
        ("reached", reached),
        ("mailed", str(one.mailed_on or "never")),
        ("deputy", render.said(one.deputy, absent="none named")),
        ("manager", render.said(one.manager, absent="none named")),
    ]


def _holdings(console: Console, kinds: Counter[str]) -> None:
    console.print()
    total = sum(kinds.values())
    told = ", ".join(f"{count:,} {render.label(kind)}" for kind, count in kinds.most_common())
    console.print(render.heading(f"{counted(total, 'identity', 'identities')}"))
    console.print(render.indented(told or "nothing", 2))


def _open(console: Console, found: Sequence[Finding], view: AsOf) -> None:
    console.print()
    console.print(render.heading(f"{counted(len(found), 'open finding')}"))
    at = view.run.taken_at
    ordered = sorted(found, key=lambda one: (one.due_at >= at, -one.severity.rank, one.due_at, one.fingerprint))
    for one in ordered[:_SHOWN]:
        late = "accepted" if one.exception else "OVERDUE since" if at > one.due_at else "due"
        when = "" if one.exception else f" {render.day(one.due_at)}"
        name = safe(view.reveal(one.name or one.subject), longest=60)
        said = f"{one.fingerprint[:8]}  {one.control}  {one.severity}  {late}{when}  {name}"
        console.print(render.indented(Text(said, style="red" if late.startswith("OVERDUE") else ""), 2))
    if len(ordered) > _SHOWN:
        console.print(render.indented(Text(f"and {len(ordered) - _SHOWN:,} more: prooftrail findings --owner"), 2))


def _notices(console: Console, rows: Sequence[NoticeRow]) -> None:
    console.print()
    console.print(render.heading(counted(len(rows), "notice")))
    for one in rows[-_NOTICES_SHOWN:]:
        why = f": {safe(one.why)}" if one.why else ""
        console.print(render.indented(f"{one.on}  {one.status}{why}  {safe(one.subject)}", 2))
    if rows:
        console.print(Text(SENDING_ONLY, style="dim"))
