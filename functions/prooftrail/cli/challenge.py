"""`prooftrail challenge`: a sample of the evidence against what AWS says now, read with the auditor's own credentials."""

import sys
from collections.abc import Iterator, Sequence
from importlib import metadata
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.text import Text

from prooftrail import wiring
from prooftrail.cli import arguments, exits, render
from prooftrail.cli.arguments import AsOfOption, Json, LockerAddress
from prooftrail.cli.render import Col, counted, safe
from prooftrail.errors import ConfigError
from prooftrail.flows.challenge import POPULATIONS, Ask, Challenge
from prooftrail.flows.challenge_fields import Difference, Verdict
from prooftrail.flows.challenge_items import Challenged, Outcome
from prooftrail.settings import ROLE_NAME
from prooftrail.wiring.challenging import open_challenge

_COLUMNS = (
    Col("came to", 12),
    Col("item", 21, grows=1),
    Col("name", 18, grows=1),
    Col("account", 12),
    Col("why", 27, grows=3),
)
_STYLES = {
    Outcome.AGREES: "green",
    Outcome.LATER: "",
    Outcome.GONE: "yellow",
    Outcome.NEW: "yellow",
    Outcome.MISMATCH: "bold red",
    Outcome.NOT_REREAD: "yellow",
}
_MOST_EXTRA = 25
_ACCOUNTS = 10  # named in a sentence
_LONGEST = 400


def challenge(
    locker: LockerAddress,
    sample: Annotated[int, typer.Option("--sample", min=1, help="How many identities to read again.")] = 25,
    profile: Annotated[
        str | None, typer.Option("--profile", metavar="AUDITOR", help="The auditor's own AWS profile.")
    ] = None,
    population: Annotated[str, typer.Option("--population", help="all, access-keys, users, roles or secrets.")] = "all",
    seed: Annotated[
        str | None, typer.Option("--seed", metavar="TEXT", help="The auditor's own seed [default: the head].")
    ] = None,
    account: Annotated[
        list[str] | None, typer.Option("--account", metavar="ID", help="Only these accounts; give it again for more.")
    ] = None,
    role_name: Annotated[
        str | None, typer.Option("--role-name", help=f"Role to take in other accounts, e.g. {ROLE_NAME}.")
    ] = None,
    external_id: Annotated[str | None, typer.Option("--external-id", help="External id that role asks for.")] = None,
    regions: Annotated[str, typer.Option("--regions", help="`all` enabled ones, or a comma-separated list.")] = "all",
    locker_profile: Annotated[
        str | None,
        typer.Option("--locker-profile", help="AWS profile to read an s3:// locker with [default: --profile]."),
    ] = None,
    as_of: AsOfOption = None,
    as_json: Json = False,
) -> None:
    """Read a sample of the newest run again, live, and hold every field of it against what was sealed. Reads no value.

    The sample is drawn from all accounts of the run, or of --account: what --profile can reach has no say in it. Without
    --role-name only the profile's own account is read again.

    Exit status: 0 all that was read agrees or is explained, 1 something is not, 3 fewer than half could be read again.
    """
    if population not in POPULATIONS:
        raise ConfigError(f"--population takes {', '.join(POPULATIONS)}, not {population!r}.")
    if seed is not None and not seed.strip():
        raise ConfigError("--seed is empty: give any text, or leave it out.")
    history = arguments.history(locker, locker_profile or profile)
    run = history.run(as_of)
    options = wiring.Options(
        locker=locker, profile=profile, role_name=role_name or ROLE_NAME, external_id=external_id, regions=regions
    )
    ask = Ask(
        size=sample,
        population=population,
        seed=seed,
        accounts=tuple(dict.fromkeys(one for each in account or () if (one := arguments.account(each)))),
        regions=options.region_list(),
        assumes=role_name is not None,
    )
    found = open_challenge(options, history)(run, ask, watch=_quiet if as_json else _watch)
    if as_json:
        render.print_json(as_data(found))
    else:
        show(found)
    raise typer.Exit(exit_status(found))


def exit_status(found: Challenge) -> int:
    """1 with a mismatch, 3 where fewer than half was read again, else 0."""
    if found.mismatches:
        return exits.WITH_GAPS
    return exits.NOTHING_DONE if found.proves_little else exits.DONE


def as_data(found: Challenge) -> dict[str, Any]:
    """The challenge as data, with what it comes to in words."""
    told: dict[str, Any] = msgspec.to_builtins(found)
    counts = {one.value: found.count(one) for one in Outcome if one is not Outcome.NEW}
    new = sum(one.outcome is Outcome.NEW for one in found.extra)
    return {
        **told,
        "counts": {**counts, Outcome.NEW.value: new},
        "mismatches": found.mismatches,
        "reread": found.reread,
        "proves_little": found.proves_little,
        "exit_status": exit_status(found),
        "summary": summary(found),
    }


def show(found: Challenge) -> None:
    """The table, then each difference with what to look for, then a sentence to paste."""
    console = render.console()
    console.print(render.heading(f"Run {found.run.run_id} against AWS, {render.moment(found.began)}"))
    for said, style in _how_much(found):
        console.print(render.indented(Text(said, style=style), 2))
    if not found.independent:
        told = "NOT INDEPENDENT: the seed is the head's SHA-256, which who sealed it knew. Give your own with --seed."
        console.print(Text(f"  {told}", style="yellow"), soft_wrap=True)
    for account, why in found.unreached:
        items = sum(one.account == account for one in found.items)
        why = f"{why}; {counted(items, 'item')} of the sample NOT RE-READ"  # noqa: PLW2901
        console.print(
            render.indented(Text(safe(f"account {account} was not read: {why}", longest=_LONGEST), style="yellow"), 2)
        )
    console.print()
    console.print(render.table(_COLUMNS, [_row(one) for one in found.items], width=console.width))
    _details(console, [one for one in found.items if one.outcome not in (Outcome.AGREES, Outcome.NOT_REREAD)], found)
    _unread(console, found)
    _extra(console, found)
    console.print()
    console.print(render.heading("In one sentence, for your papers"))
    console.print(Text(f"  {safe(summary(found), longest=3000)}"), soft_wrap=True)


def _how_much(found: Challenge) -> Iterator[tuple[str, str]]:
    """How much of the sample was read again, and how more of it could be."""
    sampled = counted(len(found.items), "item")
    little = ": FEWER THAN HALF, which proves little" if found.proves_little else ""
    yield f"{found.reread} of {sampled} of the sample read again{little}", "bold red" if little else "bold"
    if found.unreached:
        yield (
            (
                "To read other accounts too, name a role to take there with --role-name (and --external-id where it asks for"
                " one); to draw from accounts that can be read alone, name them with --account: the papers then say so."
            ),
            "yellow",
        )


def _row(one: Challenged) -> tuple[str | Text, ...]:
    return (
        Text(one.outcome.value, style=_STYLES[one.outcome]),
        safe(one.id.rpartition(":")[2] if one.id.startswith("arn:") else one.id),
        safe(one.name),
        one.account,
        safe(one.told),
    )


def _details(console: Console, items: list[Challenged], found: Challenge) -> None:
    for one in items:
        console.print()
        console.print(
            Text.assemble(
                (one.outcome.value, _STYLES[one.outcome]), f"  {safe(one.name)} ({one.kind}) in {one.account}"
            )
        )
        console.print(render.indented(safe(one.id, longest=_LONGEST), 2))
        for each in one.differences:
            console.print(render.indented(_difference(each), 2))
        if one.outcome is Outcome.GONE:
            console.print(render.indented(safe(one.told, longest=_LONGEST), 2))
        for sentence in _look(one, found):
            console.print(render.indented(sentence, 2))


def _difference(one: Difference) -> Text:
    path = one.path.removeprefix("facts.")
    return Text.assemble(
        f"{safe(path)}: sealed {safe(one.sealed, longest=_LONGEST)} → now {safe(one.live, longest=_LONGEST)}",
        (f"  {one.why}", "" if one.verdict is Verdict.LATER else "red"),
    )


def _look(one: Challenged, found: Challenge) -> Iterator[str]:
    """The events to look for, and when."""
    if one.events and one.read_at:
        yield (
            f"look in CloudTrail of {one.account} for {', '.join(one.events)} between {render.moment(one.read_at)} and"
            f" {render.moment(found.ended)}{' (in us-east-1, or the first region of the partition)' if one.region == 'global' else ''}"
        )
    elif one.outcome is Outcome.MISMATCH:
        yield "no call could have changed this: compare the raw answer in the evidence (`prooftrail trace`) with AWS's now"


def _unread(console: Console, found: Challenge) -> None:
    """What was not compared, apart from what was."""
    unreached = {account for account, _ in found.unreached}
    items = [one for one in found.items if one.outcome is Outcome.NOT_REREAD and one.account not in unreached]
    allow = sorted({each for one in found.items for each in one.allow})
    withheld = sum(len(one.withheld) for one in found.items)
    partly = [one for one in found.items if one.fields_not_reread]
    if items or allow or withheld or partly:
        console.print()
        console.print(render.heading("Not compared, and not counted as agreement"))
    for one in items:
        console.print(
            render.indented(Text(safe(f"{one.name} in {one.account}: {one.told}", longest=_LONGEST), style="yellow"), 2)
        )
    for one in partly:
        console.print(
            render.indented(
                safe(f"{one.name} in {one.account}: {', '.join(one.fields_not_reread)}", longest=_LONGEST), 2
            )
        )
    if allow:
        console.print(render.indented(Text(f"to read it, these credentials need {', '.join(allow)}"), 2))
    if withheld:
        told = f"{counted(withheld, 'field')} withheld: who is in them is not kept any more, so they were not compared"
        console.print(render.indented(told, 2))


def _extra(console: Console, found: Challenge) -> None:
    if not found.extra:
        return
    console.print()
    console.print(
        render.heading(f"Listed by AWS in the accounts that were read, and not in the evidence: {len(found.extra)}")
    )
    ordered = sorted(found.extra, key=lambda one: one.outcome is not Outcome.MISMATCH)
    console.print(render.table(_COLUMNS, [_row(one) for one in ordered[:_MOST_EXTRA]], width=console.width))
    if len(ordered) > _MOST_EXTRA:
        console.print(f"  and {len(ordered) - _MOST_EXTRA} more: --json lists them")
    for one in ordered:
        if one.outcome is Outcome.MISMATCH:
            for sentence in _look(one, found):
                console.print(render.indented(safe(f"{one.name}: {sentence}", longest=_LONGEST), 2))


def summary(found: Challenge) -> str:
    """What was done and what it came to, for an auditor's papers."""
    counts = [
        f"{found.count(Outcome.AGREES)} agree in every field compared",
        f"{found.count(Outcome.LATER)} differ by changes that AWS dates after the reading",
        f"{found.count(Outcome.GONE)} are gone since",
        f"{found.count(Outcome.MISMATCH)} do not match and nothing dates why",
    ]
    independent = f"seed {found.seed!r}" if found.independent else f"seed: the head {found.head}, NOT INDEPENDENT"
    extra = [one for one in found.extra if one.outcome is Outcome.MISMATCH]
    missed = (
        f" {len(extra)} that AWS dates before the reading {'is' if len(extra) == 1 else 'are'} not in the evidence."
        if extra
        else " Nothing that AWS lists there and dates before the reading is missing from the evidence."
    )
    unread = found.count(Outcome.NOT_REREAD)
    nothing = f", and nothing of {_named([one for one, _ in found.unreached])}" if found.unreached else ""
    little = f" That is fewer than half of the sample: this challenge proves little{nothing}."
    alone = f" of {_named(found.accounts)} alone" if found.accounts else ""
    return (
        f"On {render.moment(found.began)}, as {found.who}, {found.reread} of {len(found.items)} identities sampled from"
        f" {found.items_in_all:,} of run {found.run.run_id} (manifest {found.run.seq}, SHA-256 {found.run.manifest_sha256}; population"
        f" {found.population}{alone}, {independent}) were read again from AWS with Prooftrail {metadata.version('prooftrail')}: {', '.join(counts)};"
        f" {unread} could not be read again and {'counts' if unread == 1 else 'count'} for nothing.{little if found.proves_little else ''}{missed if found.read else ''}"
    )


def _named(accounts: Sequence[str]) -> str:
    more = f" and {len(accounts) - _ACCOUNTS} more" if len(accounts) > _ACCOUNTS else ""
    return f"account{'' if len(accounts) == 1 else 's'} {', '.join(accounts[:_ACCOUNTS])}{more}"


def _watch(account: str) -> None:
    sys.stderr.write(f"reading account {account} again\n")


def _quiet(_: str) -> None:
    pass
