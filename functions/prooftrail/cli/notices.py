"""`prooftrail notices`: what was planned, sent, held back or refused, and which manifest vouches for it."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from prooftrail import wiring
from prooftrail.cli import arguments, heads, render
from prooftrail.cli.arguments import Json, LockerAddress, Profile
from prooftrail.cli.owners import SENDING_ONLY
from prooftrail.cli.render import counted, safe
from prooftrail.errors import ConfigError
from prooftrail.flows.hold import parse_day
from prooftrail.flows.locker_history import AsOf
from prooftrail.flows.notice_log import NoticeDay, NoticeLog, NoticeRow, rows
from prooftrail.flows.owner_list import OwnerRow
from prooftrail.model.judgement import Event
from prooftrail.model.notice import Hop, NoticeItem
from prooftrail.notices.cadence import DUE, FIRST

_STYLES = {"sent": "green", "failed": "red", "not known": "red", "not sent": "yellow", "not recorded": "yellow"}

FromOption = Annotated[str | None, typer.Option("--from", metavar="DAY", help="From this day on (UTC), 2026-11-22.")]
ToOption = Annotated[str | None, typer.Option("--to", metavar="DAY", help="Through this day (UTC).")]


def notices(
    locker: LockerAddress,
    owner: Annotated[
        str | None, typer.Option("--owner", metavar="ID", help="To recipients whose name holds this.")
    ] = None,
    since: FromOption = None,
    until: ToOption = None,
    text: Annotated[bool, typer.Option("--text", help="With the text of each, names put back.")] = False,
    as_json: Json = False,
    profile: Profile = None,
) -> None:
    """List the notices of a locker, day by day: to whom, as which step, what became of them."""
    first, last = parse_day(since, "--from"), parse_day(until, "--to")
    if first and last and first > last:
        raise ConfigError(f"--from {first} lies after --to {last}: no day is between them.")
    history = arguments.history(locker, profile)
    view = history.as_of(history.run())
    log = NoticeLog(wiring.open_locker(locker, profile=profile), history)
    days = list(log.days(first=first, last=last))
    for one in days:
        for sentence in (one,) if isinstance(one, str) else one.wrong:
            render.warn(sentence)
    held = [one for one in days if not isinstance(one, str)]
    if as_json:
        render.write(render.json_list(row for day in held for row in _wanted(day, view, owner)))
        return
    console = render.console()
    console.print(render.heading(_title(locker, first, last)))
    console.print(heads.worth(view.assurance))
    _page(console, held, view, owner, text=text)


def _title(locker: str, first: date | None, last: date | None) -> str:
    told = "".join(f" {word} {day}" for word, day in (("from", first), ("to", last)) if day)
    return f"Notices of {safe(locker)}{told}"


def _wanted(day: NoticeDay, view: AsOf, owner: str | None) -> Iterator[NoticeRow]:
    wanted = (owner or "").casefold()
    for row in rows(day, view):
        if wanted in row.recipient.casefold() or wanted in (row.address or "").casefold():
            yield row


def _page(console: Console, days: list[NoticeDay], view: AsOf, owner: str | None, *, text: bool) -> None:
    counts = Counter[str]()
    for day in days:
        listed = list(_wanted(day, view, owner))
        counts.update(row.status for row in listed)
        if not listed and not day.plan.gaps:
            continue
        console.print()
        chained = (
            f"chained in manifest {day.chained_in}"
            if day.chained_in is not None
            else "not yet chained: nobody has signed it"
        )
        console.print(render.heading(f"{day.plan.on}  run {day.plan.run_id}, {chained}"))
        for gap in day.plan.gaps:
            console.print(render.indented(Text(safe(view.reveal(gap), longest=600), style="yellow"), 2))
        for row in listed:
            _row(console, row, text=text)
    console.print()
    if not days:
        console.print(Text("no notice is sealed here for these days"))
        return
    told = ", ".join(f"{counts[one]:,} {one}" for one in _STYLES if counts[one])
    console.print(Text(f"{counted(counts.total(), 'notice')}{': ' + told if told else ''}"))
    console.print(Text(SENDING_ONLY, style="dim"))


def _row(console: Console, row: NoticeRow, *, text: bool) -> None:
    address = f" <{safe(row.address)}>" if row.address and row.address != row.recipient else ""
    told = Text.assemble((row.status, _STYLES[row.status]), f"  {safe(row.recipient)}{address}  ", (row.step, "dim"))
    console.print(render.indented(told, 2))
    console.print(render.indented(safe(row.subject), 4))
    told_why = [f"{row.how} message {row.message_id} at {render.moment(row.sent_at)}"] if row.sent_at else []
    told_why += [row.why] if row.why else []
    told_why += [f"address {row.state}"] if row.state else []
    told_why += [_turn(row)] if row.route else []
    if told_why:
        console.print(render.indented(Text(safe("; ".join(told_why), longest=600), style="dim"), 4))
    if text:
        worded = "as it was sent" if row.exact else "the same words; its lines broke elsewhere where names stand"
        console.print(render.indented(Text(f"{worded}; sent text's SHA-256 {row.content_sha256}", style="dim"), 4))
        for line in row.text.splitlines():
            console.print(render.indented(safe(line, longest=600), 6))


def _turn(row: NoticeRow) -> str:
    """As whom they hear of it, and what became of those before them."""
    before = [one for one in row.route if ": " in one]
    hops = [one for one in row.route if ": " not in one]
    said = f"as {', '.join(hops)}" if hops else "for the weekly summary"
    return f"{said}; before: {', '.join(before)}" if before else said


def at_work(console: Console, log: NoticeLog, view: AsOf, owners: Sequence[OwnerRow]) -> None:
    """One example each of what the ladder did last: a first notice, a reminder, an escalation, an owner out of reach."""
    days = [day for day in log.days() if not isinstance(day, str)]
    if not days:
        return
    listed = sorted(rows(days[-1], view), key=lambda one: one.recipient)
    console.print(render.heading(f"Notices of {days[-1].plan.on}: the ladder at work"))
    pairs: list[tuple[str, str | Text]] = []
    for name, holds in _EXAMPLES:
        found = [(row, item) for row in listed for item in row.items if holds(item)]
        if found:
            row, item = min(found, key=lambda one: one[1].hop.rank)
            told = f"{row.recipient}, as {item.hop}: {item.label} ({item.control}, step {item.step}, by {item.due_on})"
            pairs.append((name, safe(told, longest=300)))
    if lost := next((one for one in owners if not one.reachable and one.open), None):
        instead = _instead(days, view)
        pairs.append(("unreachable", safe(f"{lost.name}: {lost.state_why}; {lost.open} open{instead}", longest=300)))
    console.print(render.facts(pairs or [("", "nothing was due")]))


def _instead(days: Sequence[NoticeDay], view: AsOf) -> str:
    """Who was written to in the place of an owner who left, and when."""
    for day in reversed(days):
        for row in rows(day, view):
            if "owner: left" in row.route:
                return f"; {row.recipient} was written to in an owner's place on {row.on}"
    return ""


_EXAMPLES: tuple[tuple[str, Callable[[NoticeItem], bool]], ...] = (
    ("first", lambda item: item.step == FIRST),
    ("reminder", lambda item: item.hop is Hop.OWNER and item.step.startswith(("again", DUE, "overdue"))),
    (
        "escalated",
        lambda item: (
            item.hop in (Hop.DEPUTY, Hop.MANAGER)
            and item.step.startswith("overdue")
            and item.event is not Event.UNOWNED
        ),
    ),
)
