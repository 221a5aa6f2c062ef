"""What `ack` and `reassign` share: the options, what is answered for, and what follows from an answer."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from prooftrail.cli import arguments, render
from prooftrail.cli.render import Col, counted, safe, table
from prooftrail.errors import ConfigError
from prooftrail.flows.answered import Meant
from prooftrail.flows.answers import Said
from prooftrail.flows.locker_history import AsOf
from prooftrail.flows.record_custody import LONGEST_KEPT
from prooftrail.governance import Owner
from prooftrail.model.notice import Matter
from prooftrail.wiring import Options
from prooftrail.wiring.answers import Desk, open_desk

LONGEST = 500
"""Characters of a reason."""

_MOST_LISTED = 20
_MOST_LINES = 3
_COLUMNS = (
    Col("finding", 12),
    Col("tier", 8),
    Col("control", 7),
    Col("account", 12),
    Col("what", 16, grows=1),
    Col("due", 10),
)

Asked = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="A finding's fingerprint (8 digits do; several with commas), an identity, or a family.",
    ),
]
ControlOption = Annotated[str | None, typer.Option("--control", metavar="ID", help="Only what is open for a control.")]
OwnerOption = Annotated[
    str | None,
    typer.Option(
        "--owner", metavar="NAME", help="Only what this owner has, by id, name or address; `none` for what nobody owns."
    ),
]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is sealed.")]
KeepDays = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=LONGEST_KEPT,
        metavar="DAYS",
        help="How long it is kept: `retention_days.answers` of the stage [default: 1100].",
        show_default=False,
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be answered for; seal nothing.")]


def opened(
    locker: str,
    home: Path | None,
    signer: str | None,
    fingerprint_key: str | None,
    profile: str | None,
    keep_days: int | None,
) -> Desk:
    """The desk of a locker, whose chain is looked at first."""
    options = Options(locker=locker, home=home, signer=signer, fingerprint_key=fingerprint_key, profile=profile)
    return open_desk(options, arguments.history(locker, profile), keep_days=keep_days)


def meant_by(desk: Desk, asked: str, control: str | None, owner: str | None) -> Meant:
    """What is answered for. Raises ConfigError where that is nothing, or several things."""
    return desk.answerable.find(asked, control=arguments.control(control), owner=owner)


def reason_of(text: str) -> str:
    """The reason as it is sealed: some text, on one line. Raises ConfigError."""
    said = " ".join(text.split())
    if not 1 <= len(said) <= LONGEST:
        raise ConfigError(f"--reason takes 1 to {LONGEST} characters: it is sealed, and whoever looks later reads it.")
    return said


def show_matters(meant: Meant, view: AsOf) -> None:
    """List what is answered for, before anything is sealed."""
    console = render.console()
    console.print(
        render.heading(f"{meant.what} {safe(meant.label)}: {counted(len(meant.matters), 'matter')}"), soft_wrap=True
    )
    rows = [_row(one, view) for one in meant.matters[:_MOST_LISTED]]
    console.print(table(_COLUMNS, rows))
    if len(meant.matters) > _MOST_LISTED:
        console.print(Text(f"and {len(meant.matters) - _MOST_LISTED} more"))


def show_said(title: str, meant: Meant, said: Said, desk: Desk) -> None:
    """Say that it is sealed, by whom, and until when escalation pauses."""
    console = render.console()
    again = " (said before in this second: nothing new was sealed)" if said.again else ""
    console.print()
    console.print(Text(f"{title}{again}", style="bold"), soft_wrap=True)
    console.print(render.facts([("as", safe(desk.view.reveal(said.answer.who), longest=500))]))
    console.print(render.uncut("record", said.key), soft_wrap=True)
    until = ", ".join(f"{tier} until {day}" for tier, day in meant.pauses(said.answer.at.date()))
    console.print(render.indented(f"Escalation pauses at least: {until}.", 2))
    console.print(render.indented("It pauses once for each matter: one that was answered for before goes on.", 2))
    of_these = "this matter" if len(meant.matters) == 1 else f"these {len(meant.matters)} matters"
    console.print(render.indented(f"It is for {of_these} alone: what is found later needs an answer of its own.", 2))


def say_next(lines: tuple[str, ...]) -> None:
    """Print what to copy into governance, each line in one piece."""
    for one in lines:
        render.console().print(Text(f"    {one}"), soft_wrap=True)


def entries(meant: Meant, owner: Owner, view: AsOf) -> tuple[str, ...]:
    """The entries of owners.toml that make a hand-over last."""
    called = view.reveal(owner.id)
    if meant.family:
        matches = [f"family = {_quoted(view.reveal(meant.family))}"]
    else:
        ids = meant.identities or tuple(sorted({one.identity for one in meant.matters if one.identity}))
        matches = [f"id = {_quoted(one)}" for one in ids[:_MOST_LINES]]
    return tuple(line for one in matches for line in ("[[assign]]", one, f"owner = {_quoted(called)}"))


def as_json(meant: Meant, said: Said | None, desk: Desk, to: Owner | None) -> dict[str, Any]:
    """The answer as a program reads it; `record` is None where nothing was sealed."""
    reveal = desk.view.reveal
    on = said.answer.at.date() if said else desk.clock.now().date()
    return {
        "what": meant.what,
        "label": meant.label,
        "matters": [{**_fields(one, desk.view), "tier": one.tier} for one in meant.matters],
        "identities": meant.identities,
        "to": reveal(to.id) if to else None,
        "who": reveal(said.answer.who) if said else None,
        "signed": bool(said and said.answer.signature),
        "record": said.key if said else None,
        "again": said.again if said else False,
        "paused_until": dict(meant.pauses(on)),
        "entries": entries(meant, to, desk.view) if to else (),
    }


def _fields(one: Matter, view: AsOf) -> dict[str, Any]:
    return {
        "id": one.id,
        "control": one.control,
        "account": one.account,
        "name": view.reveal(one.name),
        "owner": view.reveal(one.owner) if one.owner else None,
        "failing": one.failing,
        "due_at": one.due_at,
    }


def _row(one: Matter, view: AsOf) -> tuple[str, ...]:
    return one.id[:12], one.tier, one.control, one.account, safe(view.reveal(one.name)), render.day(one.due_at)


def _quoted(text: str) -> str:
    """A TOML string, whatever stands in it."""
    escaped = "".join(f"\\u{ord(one):04x}" if one in '"\\' or not one.isprintable() else one for one in text)
    return f'"{escaped}"'
