"""`prooftrail remind`: what every owner would be told today, word for word; without --dry-run it is sealed and sent."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.rule import Rule
from rich.text import Text

from prooftrail import wiring
from prooftrail.cli import arguments, exits, heads, render
from prooftrail.cli.arguments import Json, LockerAddress, Profile
from prooftrail.cli.owners import SENDING_ONLY
from prooftrail.cli.render import Col, counted, safe, table
from prooftrail.errors import ConfigError
from prooftrail.flows import locker_judgement, preview_notices
from prooftrail.flows.hold import parse_day
from prooftrail.flows.locker_history import AsOf
from prooftrail.flows.preview_notices import Preview
from prooftrail.flows.remind_owners import Reminded
from prooftrail.model.judgement import Tier
from prooftrail.notices.digest import Draft


def remind(
    locker: LockerAddress,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the texts of today; seal and send nothing.")
    ] = False,
    preview: Annotated[
        bool,
        typer.Option("--preview", help="Count mails by owner and tier as if every tier were open; nothing is sent."),
    ] = False,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", metavar="DAY", help="As if today were this day (UTC); with --dry-run or --preview."),
    ] = None,
    owner: Annotated[
        str | None, typer.Option("--owner", metavar="ID", help="Only recipients whose name holds this text.")
    ] = None,
    home: Annotated[
        Path | None,
        typer.Option("--home", help="Keys and outbox [default: the locker's name with -home].", show_default=False),
    ] = None,
    as_json: Json = False,
    profile: Profile = None,
) -> None:
    """Plan what owners are told, or show it first. Each notice is sealed before it is sent, and sent once.

    A locker in AWS is reminded by its own deployment; here --dry-run and --preview show what it will say.
    """
    on = parse_day(as_of, "--as-of")
    if dry_run and preview:
        raise ConfigError("--dry-run prints texts and --preview counts them: give one.")
    if dry_run or preview:
        _show(locker, profile, on, owner, as_json=as_json, counts=preview)
        return
    if on is not None or owner is not None:
        raise ConfigError("--as-of and --owner only narrow what is shown: add --dry-run or --preview.")
    _send(locker, home, profile, as_json=as_json)


def _show(locker: str, profile: str | None, on: date | None, owner: str | None, *, as_json: bool, counts: bool) -> None:
    history = arguments.history(locker, profile)
    view = history.as_of(history.run(on.isoformat() if on else None))
    found = preview_notices.preview(
        wiring.open_locker(locker, profile=profile), history, view, on=on, everything_open=counts, owner=owner
    )
    for gap in found.gaps:
        render.warn(view.reveal(gap))
    if as_json:
        render.write(render.json_list(as_row(one, view) for one in found.drafts))
        return
    console = render.console()
    heads.head(console, f"{'Preview' if counts else 'Notices'} for {found.on}", view)
    console.print()
    policy = locker_judgement.context_of(history, view.run).governance.notices
    opened = policy.open_tiers(datetime.combine(found.on, datetime.max.time(), UTC))
    (_preview if counts else _texts)(console, found, view)
    console.print(Text(f"open on {found.on}: {', '.join(opened) or 'no tier: see [[opened]] in notices.toml'}"))


def as_row(one: Draft, view: AsOf) -> dict[str, Any]:
    """One planned notice as a program reads it; `held` says why it would not go out, None if it would."""
    notice = one.notice
    return {
        "owner": view.reveal(notice.recipient),
        "address": view.reveal(notice.address) if notice.address else None,
        "route": [view.reveal(step) for step in notice.route],
        "step": notice.step,
        "held": notice.held,
        "subject": one.letter_subject,
        "body": one.letter_text,
        "items": notice.items,
        "content_sha256": notice.content_sha256,
    }


def _texts(console: Console, found: Preview, view: AsOf) -> None:
    for one in found.drafts:
        notice = one.notice
        address = view.reveal(notice.address) if notice.address else None
        console.print(Rule(style="dim"))
        facts: list[tuple[str, str | Text]] = [
            ("to", safe(address or view.reveal(notice.recipient))),
            ("as", safe(f"{notice.items[0].hop if notice.items else 'summary'}, {notice.step}")),
            ("subject", Text(safe(one.letter_subject), style="bold")),
            ("today", Text(f"not sent: {notice.held}", style="yellow") if notice.held else Text("sent", style="green")),
        ]
        console.print(render.facts(facts))
        console.print()
        for line in one.letter_text.splitlines():
            console.print(Text(safe(line, longest=1000)))
    console.print(Rule(style="dim"))
    _totals(console, found)


def _preview(console: Console, found: Preview, view: AsOf) -> None:
    columns = (
        Col("TO", 30, grows=1), Col("AS", 9), Col("CRITICAL", 8, right=True), Col("HIGH", 5, right=True),
        Col("MEDIUM", 6, right=True), Col("LOW", 5, right=True), Col("NEXT", 10), Col("HELD", 14),
    )  # fmt: skip
    lines = [_line(one, view) for one in found.drafts]
    console.print(table(columns, lines, width=console.width) if lines else Text("nobody would be written to"))
    console.print()
    tiers = Counter(
        max((each.tier for each in one.notice.items), key=lambda tier: tier.rank, default=None) for one in found.drafts
    )
    told = ", ".join(f"{tiers[tier]:,} {tier}" for tier in reversed(Tier) if tiers[tier])
    console.print(Text(f"{counted(len(found.drafts), 'mail')} by the highest tier in each: {told or 'none'}"))


def _line(one: Draft, view: AsOf) -> Sequence[str | Text]:
    items = one.notice.items
    tiers = Counter[Tier]()
    for each in items:
        tiers[each.tier] += len(each.matters)
    nearest = min((each.due_on for each in items), default=None)
    return (
        safe(view.reveal(one.notice.recipient)),
        str(items[0].hop) if items else "summary",
        *(f"{tiers[tier]:,}" if tiers[tier] else "-" for tier in (Tier.CRITICAL, Tier.HIGH, Tier.MEDIUM, Tier.LOW)),
        str(nearest or "-"),
        one.notice.held.name.lower() if one.notice.held else "",
    )


def _totals(console: Console, found: Preview) -> None:
    held = Counter(one.notice.held for one in found.drafts if one.notice.held)
    going = len(found.drafts) - held.total()
    told = "".join(f"; {count:,} not, because {why}" for why, count in held.items())
    console.print(Text(f"{counted(len(found.drafts), 'notice')} planned: {going:,} would be sent{told}"))


def _send(locker: str, home: Path | None, profile: str | None, *, as_json: bool) -> None:
    if locker.startswith("s3://"):
        raise ConfigError(
            f"{locker} is reminded by its own deployment, which sends: add --dry-run or --preview to see what it will say."
        )
    history = arguments.history(locker, profile)
    run = history.run()
    done = wiring.remind(wiring.Options(locker=locker, home=home, profile=profile))(run.run_id)
    if as_json:
        render.print_json(done)
    else:
        show(render.console(), done)
    raise typer.Exit(exits.WITH_GAPS if done.error else exits.DONE)


def show(console: Console, done: Reminded) -> None:
    """What became of a day's notices, in a few lines."""
    if done.error:
        console.print(Text(f"not everything was told: {safe(done.error, longest=600)}", style="yellow"))
    if done.plan is not None:
        counts = dict(done.plan.counts)
        told = ", ".join(f"{counts[name]:,} {name.replace('_', ' ')}" for name in counts if counts[name])
        console.print(f"notices of {done.plan.on}, run {done.plan.run_id}: {told or 'nothing is due'}")
    console.print(Text(SENDING_ONLY, style="dim"))
