"""`prooftrail sample`: a sample anybody can draw again, on record before it is shown, with the evidence of each item."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.text import Text

from prooftrail.cli import render
from prooftrail.cli.arguments import Json
from prooftrail.cli.render import Col, counted, safe
from prooftrail.errors import ConfigError
from prooftrail.flows.draw_sample import Drawing, Wish
from prooftrail.flows.hold import parse_day
from prooftrail.pack.sampling import papers as sample_papers
from prooftrail.pack.sampling import sampling
from prooftrail.pack.sampling.record import FIRST, SeedSource
from prooftrail.wiring import sampling as benches
from prooftrail.wiring.sampling import Bench

from .sample_files import Papers, write_papers

_COLUMNS = (
    Col("#", 4, right=True),
    Col("item", 22, grows=1),
    Col("name", 20, grows=1),
    Col("account", 12),
    Col("tier", 8),
    Col("fails", 16, grows=1),
)
_LONGEST = 500


def sample(
    source: Annotated[str, typer.Argument(metavar="PACK|LOCKER", help="A pack's folder, a locker's, or s3://BUCKET.")],
    population: Annotated[
        str, typer.Option("--population", metavar="NAME", help="Which list: access-keys, users, roles …")
    ],
    size: Annotated[int | None, typer.Option("--size", min=1, help="How many items; it is your decision.")] = None,
    seed: Annotated[str | None, typer.Option("--seed", metavar="TEXT", help="The seed, any text.")] = None,
    seed_source: Annotated[
        str | None, typer.Option("--seed-source", metavar="WHO", help="auditor, witness or operator.")
    ] = None,
    strata: Annotated[
        str | None, typer.Option("--strata", metavar="COLUMNS", help="Stratify by these, e.g. tier,kind.")
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option("--exclude", metavar="ID:REASON", help="Leave an item out; on record.")
    ] = None,
    suggest: Annotated[bool, typer.Option("--suggest", help="Sizes to choose from; draws nothing.")] = False,
    out: Annotated[Path | None, typer.Option("-o", "--out", metavar="DIR", help="Where its evidence goes.")] = None,
    by: Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who draws [default: the login].")] = None,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="What for, on record.")] = "audit sample",
    reference: Annotated[
        str | None, typer.Option("--reference", metavar="REF", help="Your own reference; in a locker only.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="Of a locker: the period's first day.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", "--as-of", metavar="DATE", help="Of a locker: its last day [default: newest].")
    ] = None,
    as_json: Json = False,
    profile: Annotated[str | None, typer.Option(help="AWS profile for an s3:// locker.")] = None,
) -> None:
    """Draw a sample from a frozen population and gather the evidence of each item.

    A population is as of one run, the last of the period: the items of the accounts that run planned for. Accounts that
    left before are in no draw, so that a pack and its locker, of any period with that run, give the same population.
    The draw is put on record before it is shown: beside a pack in PACK-custody/log.jsonl, in a locker as a custody record.
    Exit status: 0 drawn, 3 nothing was drawn.
    """
    source_of_seed = _source(seed_source, seed, needed=not suggest)
    wish_reason, wish_reference = _said(reason, "--reason"), _said(reference or "", "--reference")
    bench = _bench(source, population, since, until, by, wish_reference, profile)
    if suggest:
        _suggest(bench, as_json=as_json)
        return
    if size is None:
        raise ConfigError("--size is missing: `prooftrail sample … --suggest` shows sizes to choose from.")
    if out is not None:
        bench.folder_of("", out).require_free()
    wish = _wish(bench, size, seed, source_of_seed, strata, exclude, wish_reason)
    drawing = bench.draw()(bench.frozen, wish)
    written = write_papers(bench, drawing, out)
    _show(drawing, written, as_json=as_json)


def _bench(
    source: str,
    population: str,
    since: str | None,
    until: str | None,
    by: str | None,
    reference: str,
    profile: str | None,
) -> Bench:
    first, last = parse_day(since, "--from"), parse_day(until, "--to")
    if not benches.is_pack(source):
        return benches.from_locker(
            source, population, since=first, until=last, by=by, reference=reference, profile=profile
        )
    if first or last:
        raise ConfigError("--from and --to are for a locker: a pack's populations are frozen as it was made.")
    return benches.from_pack(source, population, by=by)


def _source(value: str | None, seed: str | None, *, needed: bool) -> SeedSource:
    if value is None:
        if needed:
            raise ConfigError("--seed-source is missing: auditor, witness or operator gave the seed?")
        return SeedSource.OPERATOR
    try:
        source = SeedSource(value.strip().lower())
    except ValueError:
        raise ConfigError(f"--seed-source takes auditor, witness or operator, not {value!r}.") from None
    if needed and source is SeedSource.WITNESS and seed is not None:
        raise ConfigError("--seed is not given with --seed-source witness: the seed is the watchdog's word.")
    if needed and source is not SeedSource.WITNESS and seed is None:
        raise ConfigError(f"--seed is missing: the {source}'s own text, e.g. what somebody rolls with dice.")
    return source


def _said(text: str, option: str) -> str:
    said = text.strip()
    if len(said) > _LONGEST:
        raise ConfigError(f"{option} is longer than {_LONGEST} characters.")
    return said


def _wish(
    bench: Bench,
    size: int,
    seed: str | None,
    source: SeedSource,
    strata: str | None,
    exclude: list[str] | None,
    reason: str,
) -> Wish:
    word = bench.seed_of_witness() if source is SeedSource.WITNESS else None
    return Wish(
        size=size,
        seed=word.seed if word else seed or "",
        seed_source=source,
        seed_word=word.key if word else None,
        strata=tuple(one.strip() for one in (strata or "").split(",") if one.strip()),
        exclude=tuple(exclude or ()),
        reason=reason,
    )


def _suggest(bench: Bench, *, as_json: bool) -> None:
    population = bench.frozen.population
    found = sampling.suggestions(len(population.rows))
    if as_json:
        told = {"population": population.name, "items": len(population.rows), "sha256": population.sha256}
        render.print_json({**told, "sizes": [{"for": what, "size": size} for what, size in found]})
        return
    console = render.console()
    console.print(
        f"{safe(population.name)}: {counted(len(population.rows), 'item')}, frozen as {population.sha256}",
        soft_wrap=True,
    )
    console.print(render.heading("Sizes people commonly start with; the decision is the auditor's"))
    console.print(render.facts([(size, what) for what, size in found], labels=36))
    console.print("  Tests that a machine makes are made of every item: a sample is for doing them again by hand.")


def _show(drawing: Drawing, written: Papers, *, as_json: bool) -> None:
    one = drawing.sample
    if as_json:
        told = {"sample": one, "earlier_draws": drawing.earlier, "entered": drawing.entered}
        render.print_json(
            {**msgspec.to_builtins(told), "folder": written.folder, "new": written.new, "not_gathered": written.missing}
        )
        return
    console = render.console()
    console.print(
        render.heading(f"Sample {one.id}: {len(one.selected)} of {one.rows} items of {safe(one.population_ref)}")
    )
    if not one.independent:
        console.print(render.indented(Text(safe(one.independence, longest=_LONGEST * 2), style="bold red"), 2))
    console.print(render.facts(_facts(drawing)))
    for share in one.shares if one.strata else ():
        whole = ", all of them" if share.drawn == share.items else ""
        console.print(f"    {safe(share.stratum, longest=60)}: {share.drawn} of {share.items}{whole}")
    if len(one.selected) > one.n:
        console.print(
            Text(f"  {len(one.selected)} were taken and not {one.n}: every critical item has to be.", style="yellow")
        )
    console.print()
    rows = [_row(paper) for paper in written.papers]
    console.print(render.table(_COLUMNS, rows, width=console.width))
    for sentence in written.missing:
        console.print(render.indented(Text(safe(sentence, longest=_LONGEST), style="yellow"), 2))
    _end(written)


def _end(written: Papers) -> None:
    console = render.console()
    console.print()
    if written.new:
        console.print(
            render.uncut("evidence", f"{safe(written.folder)}  (begin with sample.md, or sample.csv)"), soft_wrap=True
        )
    else:
        console.print(
            render.uncut("evidence", f"{safe(written.folder)} was gathered before and is left as it is"), soft_wrap=True
        )


def _facts(drawing: Drawing) -> list[tuple[str, str]]:
    one = drawing.sample
    word = f", the SHA-256 of {one.seed_word}" if one.seed_word else ""
    earlier = (
        FIRST
        if not drawing.earlier
        else f"{counted(drawing.earlier, 'time')} in this copy's log: ask why, and for each of them"
    )
    return [
        ("population", one.population_sha256),
        ("taken from", safe(one.population_of, longest=_LONGEST)),
        ("drawn before", earlier),
        ("seed", f"{safe(one.seed, longest=_LONGEST)}  (of the {one.seed_source}{word})"),
        ("", safe(one.independence, longest=_LONGEST)) if one.independent else ("", "not independent"),
        ("asked for", f"{one.n}{', by ' + safe(' and '.join(one.strata)) if one.strata else ''}"),
        *((("excluded", safe(f"{each.item_id}: {each.reason}", longest=_LONGEST))) for each in one.exclusions),
        ("drawn by", safe(one.drawn_by)),
        ("on record", safe(drawing.entered, longest=_LONGEST)),
    ]


def _row(paper: sample_papers.Paper) -> tuple[str, ...]:
    said = paper.summary
    return (
        str(paper.selected.number),
        safe(paper.selected.item_id),
        *(safe(said.get(name, "")) for name in ("name", "account", "tier", "failing")),
    )
