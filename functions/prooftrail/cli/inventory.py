"""`prooftrail runs`, `inventory`, `show` and `changes`: what a locker holds, read without AWS and without a key."""

from typing import Annotated

import msgspec
import typer

from prooftrail.cli import arguments, card, exits, listing, render, risk
from prooftrail.cli.arguments import AccountOption, AsOfOption, Json, LockerAddress, Profile
from prooftrail.errors import ConfigError, EvidenceError
from prooftrail.flows import identity_trail, locker_changes, locker_inventory
from prooftrail.flows.identity_trail import Match
from prooftrail.flows.locker_history import AsOf
from prooftrail.flows.locker_inventory import InventoryRow, NotRead, Wanted


def runs(locker: LockerAddress, as_json: Json = False, profile: Profile = None) -> None:
    """List the runs a locker holds: how each came out, account by account in numbers, and which ticks nobody met."""
    history = arguments.history(locker, profile)
    if as_json:
        render.write(render.json_list(history.runs))
    else:
        listing.runs(history)


def inventory(
    locker: LockerAddress,
    as_of: AsOfOption = None,
    cls: Annotated[str | None, typer.Option("--class", metavar="CLASS", help="human, non-human, undetermined.")] = None,
    kind: Annotated[str | None, typer.Option(metavar="KIND", help="One kind only, e.g. access_key.")] = None,
    account: AccountOption = None,
    family: Annotated[
        bool, typer.Option("--family", help="One line a family of identities of the same shape.")
    ] = False,
    unowned: Annotated[bool, typer.Option("--unowned", help="Only identities without a known owner.")] = False,
    form: Annotated[str, typer.Option("--format", metavar="table|csv|json", help="How to print.")] = "table",
    as_json: Json = False,
    profile: Profile = None,
) -> None:
    """List every identity, human and non-human, headed by what could not be read."""
    form = arguments.form(form, as_json)
    if family and form != "table":
        raise ConfigError("--family counts for people; as csv or json every row has its family: leave --family out.")
    wanted = Wanted(cls=arguments.identity_class(cls), kind=arguments.kind(kind), unowned=unowned)
    only = arguments.account(account)
    history = arguments.history(locker, profile)
    view = history.as_of(history.run(as_of), account=only)
    _known(view, only)
    found, gaps = locker_inventory.rows(view, wanted), locker_inventory.not_read(view)
    if form == "table":
        listing.inventory(view, list(found), gaps, by_family=family)
        return
    _warn_of(gaps)
    if form == "json":
        render.write(render.json_list(found))
    else:
        render.write(render.csv_lines(listing.FIELDS, map(msgspec.to_builtins, found)))


def show(
    locker: LockerAddress,
    identity: Annotated[str, typer.Argument(metavar="ARN|ID|NAME", help="The identity, by any of its names.")],
    as_of: AsOfOption = None,
    as_json: Json = False,
    profile: Profile = None,
) -> None:
    """Show one identity: what it is, whose, why, its history, and the way to the bytes that prove it.

    Exit status: 2 where several identities answer to the name, 3 where none does.
    """
    history = arguments.history(locker, profile)
    view = history.as_of(history.run(as_of))
    matches = identity_trail.find(history, view, identity)
    if not matches:
        raise EvidenceError(_nobody(view, identity))
    if len(matches) > 1:
        _several(matches, identity, as_json)
        raise typer.Exit(exits.WRONG_USE)
    trail, view = identity_trail.trail(history, matches[0]), matches[0].view
    scored = risk.score_of(history, trail, view)
    if as_json:
        render.print_json(card.as_json(trail, view, scored))
    else:
        card.show(trail, view, scored)


def changes(
    locker: LockerAddress,
    since: Annotated[
        str | None, typer.Option("--from", metavar="DATE|RUN", help="After this run or day [default: the run before].")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", metavar="DATE|RUN", help="Up to this run or day [default: the newest run].")
    ] = None,
    account: AccountOption = None,
    as_json: Json = False,
    profile: Profile = None,
) -> None:
    """List what changed between two runs, identity by identity, and where nobody could look."""
    only = arguments.account(account)
    history = arguments.history(locker, profile)
    last = history.run(until)
    first = history.run_or_none(since) if since else history.before(last)
    if first and first.taken_at > last.taken_at:
        raise ConfigError(f"--from ({first.run_id}) is after --to ({last.run_id}): turn them round.")
    found = locker_changes.period(history, first, last, account=only)
    if as_json:
        render.print_json(listing.changes_as_json(found))
    else:
        listing.changes(found)


def _known(view: AsOf, account: str | None) -> None:
    if account and not view.standings:
        raise EvidenceError(
            f"account {account} is in no plan up to run {view.run.run_id}: the locker knows nothing of it by then."
        )


def _warn_of(gaps: tuple[NotRead, ...]) -> None:
    for one in gaps:
        render.warn(f"not read: {one.sentence}")


def _several(matches: tuple[Match, ...], asked: str, as_json: bool) -> None:
    rows: list[InventoryRow] = [locker_inventory.row_of(one.listed, one.standing, one.view) for one in matches]
    if as_json:
        render.write(render.json_list(rows))
    else:
        listing.matches(rows)
    exits.say(f"{len(matches)} identities answer to {asked!r}: ask again with the id of one.")


def _nobody(view: AsOf, asked: str) -> str:
    """Why there is no answer, and what was not read that could hold one."""
    said = f"no identity answers to {asked!r} as of run {view.run.run_id}, nor in any run before it"
    return said + identity_trail.unread_instead(view, asked)
