"""`prooftrail governance`: is a policy sound, what would it change, and what does an approver sign."""

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.text import Text

from prooftrail import governance, wiring
from prooftrail.adapters.embedded.home import Home
from prooftrail.cli import arguments, exits, render
from prooftrail.cli.arguments import Json, Profile
from prooftrail.cli.render import safe
from prooftrail.controls import governed, parsing
from prooftrail.errors import ConfigError
from prooftrail.evidence import layout
from prooftrail.evidence.redaction import PSEUDONYM, Redactor
from prooftrail.flows import governance_diff
from prooftrail.flows.governance_diff import EntryChange, PolicyDiff
from prooftrail.governance import Governance, overview
from prooftrail.governance.parsing import bytes_to_sign
from prooftrail.governance.policy import EXCEPTIONS, absence

app = typer.Typer(help="The organization's policy as code: check it, compare it, sign it.", no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(metavar="[DIR]", help="The directory with the .toml files.")]
_TAKES_EFFECT = "What is loosened takes effect with the run that seals it first, whichever earlier day an entry names."
_MARKS = {"added": "+", "removed": "-", "changed": "~"}


@app.command()
def check(folder: Folder = Path("governance"), as_json: Json = False) -> None:
    """Read every file of a policy and name each mistake with file, line, key and the fix.

    What is sound and can hardly be meant is a warning. Exit status: 0 sound, 2 not.
    """
    files, catalog = _files(folder), parsing.parse(parsing.shipped())
    known = governed.known_controls(catalog)
    wrong = governance.problems(files, known)
    if wrong:
        _wrong(folder, wrong, as_json=as_json)
        raise typer.Exit(exits.WRONG_USE)
    policy = governance.parse(files, known)
    now = wiring.clock().now()
    ending, doubtful = overview.ending(policy, now), governance.warnings(files, known, now)
    idle = governed.without_effect(policy, catalog)
    if as_json:
        render.print_json(_as_json(policy, overview.sending(policy, now), ending, idle, doubtful))
        return
    console = render.console()
    console.print(render.heading(f"The policy in {safe(folder)} is sound"), soft_wrap=True)
    console.print(render.facts([(one.file, _counted(one)) for one in overview.counted(policy)], labels=16))
    console.print(Text(f"  {safe(_sending(overview.sending(policy, now)), longest=500)}"), soft_wrap=True)
    for said, number in overview.approvals(policy):
        console.print(Text(f"  {render.counted(number, 'approval')} {said}"))
    for one in ending:
        said = "ended" if one.ended else "ends"
        render.warn(f"{one.file}: {one.entry} {said} on {one.on}")
    for sentence in (*doubtful, *idle):
        render.warn(sentence)


@app.command()
def diff(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run, or a day: its last run.")],
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[DIR]", help="A policy to hold against the run's [default: the run before it]."),
    ] = None,
    locker: Annotated[
        str, typer.Option("--locker", metavar="LOCKER", help="A directory, or s3://BUCKET.")
    ] = "evidence",
    home: Annotated[
        Path | None, typer.Option("--home", metavar="DIR", help="The home whose fingerprint key makes the pseudonyms.")
    ] = None,
    as_json: Json = False,
    profile: Profile = None,
) -> None:
    """Show what changes from the policy sealed in a run to that in DIR, or came with the run; LOOSENED asks less than before."""
    history = arguments.history(locker, profile)
    opened, found = wiring.open_locker(locker, profile=profile), history.run(run)
    context = governance_diff.sealed_context(opened, history, found)
    people = history.people(found, layout.ORGANIZATION)
    if folder:
        policy, named = _redacted(folder, home)
        made, people = governance_diff.against(context, policy, str(folder)), people | named
    else:
        earlier = history.before(found)
        if earlier is None:
            raise ConfigError(f"run {found.run_id} is the first: name a directory to hold its policy against.")
        before = governance_diff.sealed_context(opened, history, earlier)
        made = governance_diff.between(before, context)
        people = history.people(earlier, layout.ORGANIZATION) | people
    if as_json:
        render.print_json(made)
        return
    _show(made, people)


@app.command("bytes")
def to_sign(
    entry: Annotated[str, typer.Argument(metavar="ID", help="The id of an exception.")],
    folder: Folder = Path("governance"),
) -> None:
    """Print exactly what the approver of an exception signs: pipe it into `ssh-keygen -Y sign -n prooftrail -f KEY`."""
    files = _files(folder)
    if EXCEPTIONS not in files:
        raise ConfigError(f"there is no {EXCEPTIONS} in {folder}: name the directory that has it.")
    render.write([bytes_to_sign(files[EXCEPTIONS], entry).decode()])


def _files(folder: Path) -> dict[str, bytes]:
    """The .toml files of a directory, so that one with a mistyped name is found too."""
    if not folder.is_dir():
        raise ConfigError(f"there is no governance directory at {folder}: name the one with the .toml files.")
    try:
        return {one.name: one.read_bytes() for one in sorted(folder.glob("*.toml"))}
    except OSError as error:
        raise ConfigError(f"{error.filename} cannot be read: {error.strerror}. Check its permissions.") from error


def _redacted(folder: Path, home: Path | None) -> tuple[Governance, dict[str, str]]:
    """The policy of a directory as it would be sealed, and whom its pseudonyms stand for."""
    if home is None or not (home / "fingerprint-key").exists():
        raise ConfigError(
            "sealed policies hold pseudonyms: name the home that has the fingerprint-key of the locker with --home, or"
            " leave DIR out to compare with the run before."
        )
    known = governed.known_controls(parsing.parse(parsing.shipped()))
    policy = governance.parse(_files(folder), known)
    redactor = Redactor(Home(home).fingerprint_key().secret(), policy.scope.tags.owner)
    made = policy.redacted(redactor)
    return made, {one.pseudonym: one.text for one in redactor.people()}


def _wrong(folder: Path, wrong: tuple[str, ...], *, as_json: bool) -> None:
    if as_json:
        render.print_json({"sound": False, "wrong": wrong, "exit_status": exits.WRONG_USE})
        return
    for sentence in wrong:
        exits.say(sentence)
    exits.say(f"the policy in {folder} has {render.counted(len(wrong), 'mistake')}.")


def _counted(one: overview.Counted) -> str:
    if not one.given:
        return absence(one.file)
    told = ", ".join(f"{table} {number}" for table, number in one.tables)
    if one.keys:
        told += f"{'; ' if told else ''}{render.counted(len(one.keys), 'key')} set: {', '.join(one.keys)}"
    return told or "no entries: the built-in defaults apply"


def _sending(one: overview.Sending) -> str:
    """Who is told, in one line."""
    parts = [f"{', '.join(one.opened)} {'are' if len(one.opened) > 1 else 'is'} sent"] if one.opened else []
    parts += [f"{tier} from {day} on" for tier, day in one.later]
    if one.closed:
        parts.append("nothing is sent, all is planned" if not parts else f"{', '.join(one.closed)} only planned")
    last = f"{one.security_team} is asked last" if one.security_team else "No security_team is asked last"
    return f"Notices: {'; '.join(parts)}. {last}; at most {one.cap_per_day} a day."


def _as_json(
    policy: Governance,
    sending: overview.Sending,
    ending: tuple[overview.Ending, ...],
    idle: tuple[str, ...],
    doubtful: tuple[str, ...],
) -> dict[str, Any]:
    return {
        "sound": True,
        "files": msgspec.to_builtins(overview.counted(policy)),
        "approvals": dict(overview.approvals(policy)),
        "notices": msgspec.to_builtins(sending),
        "ending": msgspec.to_builtins(ending),
        "without_effect": idle,
        "warnings": doubtful,
        "exit_status": exits.DONE,
    }


def _show(made: PolicyDiff, people: dict[str, str]) -> None:
    console = render.console()

    def told(text: str) -> str:
        return safe(PSEUDONYM.sub(lambda match: people.get(match[0], match[0]), text))

    console.print(render.heading(f"The policy: {safe(made.before)} → {safe(made.after)}"), soft_wrap=True)
    if not made.changes and not made.loosened:
        console.print(Text("  nothing differs"))
    for sentence in made.loosened:
        console.print(render.indented(Text(f"LOOSENED  {told(sentence)}", style="yellow"), 2))
    if made.loosened:
        console.print(Text(f"  {_TAKES_EFFECT}"))
    for one in made.changes:
        console.print(render.indented(Text(told(_head(one))), 2))
        for field in one.fields:
            values = (render.said(value, absent="not set") for value in (field.before, field.after))
            console.print(render.indented(Text(told(f"{field.key}: {' → '.join(values)}")), 6))


def _head(one: EntryChange) -> str:
    return f"{_MARKS[one.what]} {one.file}: {one.entry} {one.what}"
