"""`prooftrail ledger`: makes the ledger again from its locker, and proves it equal to it."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.text import Text

from prooftrail import wiring
from prooftrail.cli import exits, render
from prooftrail.cli.arguments import Json, LockerAddress, Profile
from prooftrail.cli.render import counted, safe
from prooftrail.errors import ConfigError
from prooftrail.flows import ledger_rebuild
from prooftrail.flows.ledger_rebuild import Difference, What
from prooftrail.ports import Ledger

_TABLE = "dynamodb:"
_SHOWN = 200  # differences on the page; --json has them all

app = typer.Typer(help="The ledger is a view of the locker: make it again, or check it.", no_args_is_help=True)

LedgerAddress = Annotated[str | None, typer.Option("--ledger", metavar="FILE|dynamodb:TABLE", help="The ledger.")]
LedgerProfile = Annotated[
    str | None,
    typer.Option(
        "--ledger-profile", help="AWS profile for a dynamodb: ledger in another account [default: --profile's]."
    ),
]
HomeOption = Annotated[Path | None, typer.Option(metavar="DIR", help="A home directory, whose ledger.sqlite is meant.")]


@app.command()
def rebuild(
    locker: LockerAddress,
    ledger: LedgerAddress = None,
    home: HomeOption = None,
    as_json: Json = False,
    profile: Profile = None,
    ledger_profile: LedgerProfile = None,
) -> None:
    """Forget what the ledger holds and make it again from every manifest of the locker."""
    opened = _ledger(ledger, home, profile, ledger_profile)
    made = ledger_rebuild.rebuild(wiring.open_locker(locker, profile=profile), opened)
    if as_json:
        render.print_json(made)
        return
    console = render.console()
    console.print(render.heading(f"{safe(opened.describe())} is rebuilt"), soft_wrap=True)
    told = f"{counted(made.runs, 'run')}, {counted(made.outcomes, 'outcome')}, {counted(made.history, 'change')}"
    console.print(Text(f"  replayed    {told}"))
    console.print(Text(f"  identities  {made.identities:,} there, {made.gone:,} gone"))
    _left_out(made.left_out)


@app.command()
def check(
    locker: LockerAddress,
    ledger: LedgerAddress = None,
    home: HomeOption = None,
    as_json: Json = False,
    profile: Profile = None,
    ledger_profile: LedgerProfile = None,
) -> None:
    """Hold every row of the ledger against the locker and name each difference.

    Exit status: 0 equal, 1 different, 3 the locker cannot be read.
    """
    opened = _ledger(ledger, home, profile, ledger_profile)
    _there(ledger)
    checked = ledger_rebuild.check(wiring.open_locker(locker, profile=profile), opened)
    status = exits.DONE if checked.equal else exits.WITH_GAPS
    if as_json:
        render.print_json({**msgspec.to_builtins(checked), "equal": checked.equal, "exit_status": status})
        raise typer.Exit(status)
    verdict = "equal to" if checked.equal else "not what is in"
    console = render.console()
    console.print(render.heading(f"{safe(opened.describe())} is {verdict} its locker"), soft_wrap=True)
    console.print(Text(f"  held {counted(checked.rows, 'row')} of {counted(checked.runs, 'run')} against it"))
    for one in checked.differences[:_SHOWN]:
        console.print(render.indented(Text(_difference(one), style="red"), 2))
    if len(checked.differences) > _SHOWN:
        console.print(Text(f"  and {len(checked.differences) - _SHOWN:,} more: --json lists them"))
    _left_out(checked.left_out)
    raise typer.Exit(status)


def _ledger(address: str | None, home: Path | None, profile: str | None, own_profile: str | None) -> Ledger:
    """The ledger that was named. A deployment keeps evidence and ledger in two accounts, which no one profile enters."""
    if (address is None) == (home is None):
        raise ConfigError(
            "name the ledger: --ledger FILE, --ledger dynamodb:TABLE or --home DIR, and one of them only."
        )
    if own_profile and not (address or "").startswith(_TABLE):
        raise ConfigError(
            "--ledger-profile is for a ledger in DynamoDB: give --ledger dynamodb:TABLE, or leave it out."
        )
    if home:
        return wiring.home_ledger(home)
    option = "--ledger-profile" if own_profile else "--profile"
    return wiring.open_ledger(str(address), profile=own_profile or profile, option=option)


def _there(address: str | None) -> None:
    """A ledger file that is not there reads as an empty one, and a mistyped name is no difference."""
    if address and ":" not in address and not Path(address).exists():
        raise ConfigError(
            f"there is no ledger at {address}: check --ledger, or make it with `prooftrail ledger rebuild`."
        )


def _difference(one: Difference) -> str:
    where = f"{one.rows} {safe(one.key)}"
    if one.what is What.FIELD:
        said = f"{render.said(one.ledger, absent='nothing')} in the ledger, {render.said(one.locker, absent='nothing')}"
        return f"{one.what}: {where}, {one.field}: {said} by the locker"
    return f"{one.what}: {where}"


def _left_out(sentences: tuple[str, ...]) -> None:
    for one in sentences:
        render.warn(f"left out of the replay: {one}")
