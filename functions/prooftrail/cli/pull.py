"""`prooftrail pull`: takes evidence out of a bucket, checked as it arrives, into a directory that every command reads."""

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.text import Text

from prooftrail.cli import arguments, exits, render
from prooftrail.cli.arguments import Json
from prooftrail.cli.render import counted, safe
from prooftrail.errors import ConfigError
from prooftrail.evidence.pulled import PullRecord, Scope
from prooftrail.flows.pull_evidence import Progress as Callback
from prooftrail.flows.pull_evidence import Pulling
from prooftrail.wiring import pulling

_LINE_EVERY_S = 5.0
_SHOWN = 20
_DOUBTS_SHOWN = 3


def pull(
    source: Annotated[str, typer.Argument(metavar="s3://BUCKET", help="The bucket that holds the evidence.")],
    to: Annotated[Path, typer.Argument(metavar="DIR", help="A new directory, or one of an earlier pull.")],
    since: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="Runs of this day (UTC) and later.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="Runs of this day (UTC) and before.")
    ] = None,
    account: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="These accounts, and what is of no account. Repeatable.")
    ] = None,
    profile: Annotated[str | None, typer.Option(help="AWS profile to read the bucket with.")] = None,
    workers: Annotated[int, typer.Option(min=1, max=128, help="Objects fetched at once.")] = 16,
    fingerprint: Annotated[
        str | None, typer.Option(metavar="HEX", help="The signer's key, 64 hex digits from somewhere else.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
    as_json: Json = False,
) -> None:
    """Take evidence away: chain, witness and custody whole, and of each run in scope what its manifest names, by version.

    Every object is held against its sealed hash as it arrives. Broken off or stopped, what was brought stays, and the
    same command goes on from there. DIR becomes a locker for every command; DIR-pull beside it says from where and
    when it came, who pulled it, and which locks S3 showed.

    Needs s3:ListBucketVersions on the bucket and s3:GetObjectVersion on its objects (and kms:Decrypt where the bucket
    is encrypted with a key of yours), nothing else. With s3:GetObjectRetention and s3:GetObjectLegalHold it also sees
    locks. Who pulls is asked of sts:GetCallerIdentity, which needs no permission.

    Exit status: 0 all is here, 1 something is not as it was sealed, 2 wrong use, 3 refused or unreadable.
    """
    scope = _scope(since, until, account)
    flow = pulling.pull(source, to, profile=profile, workers=workers)
    pinned = arguments.fingerprint(fingerprint)
    try:
        with _reporter(quiet=quiet) as progress:
            record = flow(scope, fingerprint=pinned, progress=progress)
    except KeyboardInterrupt:
        exits.say(f"interrupted: what was brought lies in {to}, and the same command goes on from there")
        raise
    if as_json:
        render.print_json(_as_json(record, to))
    else:
        _show(record, to, asked=scope)
    raise typer.Exit(exits.WITH_GAPS if record.stops else exits.DONE)


def _scope(since: str | None, until: str | None, accounts: list[str] | None) -> Scope:
    first, last = _day("--from", since), _day("--to", until)
    if first and last and first > last:
        raise ConfigError(f"--from {first} is later than --to {last}: name the first day of the period first.")
    wanted = [one for each in accounts or () for one in re.split(r"[,;]", each) if one.strip()]
    ids = tuple(sorted({each for one in wanted if (each := arguments.account(one))}))
    return Scope(since=first, until=last, accounts=ids or None)


def _day(option: str, value: str | None) -> date | None:
    try:
        return None if value is None else date.fromisoformat(value.strip())
    except ValueError:
        raise ConfigError(f"{option} takes a day like 2026-07-01, not {value!r}.") from None


def _as_json(record: PullRecord, to: Path) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(record)
    exit_status = exits.WITH_GAPS if record.stops else exits.DONE
    said = {"directory": str(to), "notes": str(pulling.notes_of(to)), "exit_status": exit_status}
    return found | {"head": str(record.head)} | said


def _show(record: PullRecord, to: Path, *, asked: Scope) -> None:
    console = render.console()
    verdict, style = ("STOPPED", "bold red") if record.stops else ("PULLED", "green")
    if not record.stops and not record.scope.whole:
        verdict = "PULLED IN PART"
    console.print(Text.assemble((verdict, style), f"  {safe(record.bucket)} to {safe(to)}"), soft_wrap=True)
    console.print(render.facts(_facts(record, to, asked)))
    _listed(console, record)
    console.print()
    for line in _next(record, to):
        console.print(render.indented(line, 0))


def _facts(one: PullRecord, to: Path, asked: Scope) -> Iterator[tuple[str, str]]:
    all_of_it = one.scope.whole and not asked.whole
    yield "scope", f"{one.scope.worded()}{f': {asked.worded()} leaves nothing out' if all_of_it else ''}"
    yield "here now", f"{counted(one.objects, 'object')}, {render.size(one.bytes)}, each as it was sealed"
    yield "brought", f"{counted(one.fetched, 'object')}, {render.size(one.fetched_bytes)}{_in(one)}"
    if one.left_out:
        runs = f"; {counted(len(one.runs_left_out), 'run')} of other days" if one.runs_left_out else ""
        yield "left out", f"{counted(one.left_out, 'object')} that the scope does not want{runs}"
    yield "head", str(one.head)
    checked = "held against --fingerprint" if one.origin_checked else "not held against anything: give --fingerprint"
    yield "key", f"{one.key_fingerprint} ({checked})"
    locks = f"S3 showed them for {one.locks_observed:,} of {counted(one.objects, 'object')}"
    yield (
        "locks",
        locks
        if one.locks_observed == one.objects
        else f"{locks}; allow s3:GetObjectRetention and s3:GetObjectLegalHold to see all",
    )
    yield "pulled by", safe(one.caller) if one.caller else "AWS does not say"
    yield "notes", safe(pulling.notes_of(to))


def _in(one: PullRecord) -> str:
    if one.ended_at is None or not one.fetched_bytes:
        return ""
    seconds = max((one.ended_at - one.started_at).total_seconds(), 0.001)
    return f" in {_span(seconds)}"


def _span(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min {rest} s"


def _listed(console: Console, one: PullRecord) -> None:
    if one.stops:
        _some(
            console, "Not as it was sealed", "red", [(str(each.fault), each.where, each.detail) for each in one.stops]
        )
    if one.doubts:
        said = "To be looked into: `prooftrail verify` on the bucket calls it not intact for these"
        _some(
            console,
            said,
            "yellow",
            [(str(each.fault), each.where, each.detail) for each in one.doubts],
            most=_DOUBTS_SHOWN,
        )
    if one.disposed:
        gone = "gone or marked for deletion once its retention had ended"
        _some(console, "Disposed on schedule", "yellow", [("DISPOSED", key, gone) for key in one.disposed])
    if one.unnamed:
        why = "not taken: no manifest names it, so nobody vouches for it"
        _some(console, "In the bucket, and of no manifest", "yellow", [("UNLISTED", key, why) for key in one.unnamed])


def _some(console: Console, title: str, style: str, rows: list[tuple[str, str, str]], *, most: int = _SHOWN) -> None:
    console.print()
    console.print(Text(f"{title} ({len(rows)})", style=f"bold {style}"))
    for fault, where, detail in rows[:most]:
        console.print(Text.assemble((f"  {fault:<10}  ", style), safe(where, longest=500)), soft_wrap=True)
        console.print(render.indented(safe(detail, longest=600), 14))
    if len(rows) > most:
        console.print(Text(f"  and {len(rows) - most} more: --json lists them", style="dim"))


def _next(record: PullRecord, to: Path) -> Iterator[str]:
    if record.stops:
        there = f"What was brought lies in {safe(to)} and stays. " if record.objects else ""
        yield (
            f"{safe(record.stopped)}. {there}Write down what stands above and ask who keeps the bucket; the same command goes"
            " on from there once it is explained."
        )
        return
    key = "" if record.origin_checked else " with the fingerprint from somewhere else"
    yield f"Now check it yourself{key}: prooftrail verify {safe(to)} --deep --fingerprint HEX"


@contextmanager
def _reporter(*, quiet: bool) -> Iterator[Callback]:
    """What a person sees meanwhile: a moving line on a terminal, a plain one every few seconds elsewhere, on stderr."""
    console = Console(stderr=True)
    if quiet:
        yield lambda _: None
    elif console.is_terminal:
        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TextColumn("{task.fields[objects]}"),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        ) as bar:
            task = bar.add_task("pulling", total=None, objects="")

            def moved(at: Pulling) -> None:
                objects = f"{at.objects:,}/{at.of_objects:,} objects"
                bar.update(task, total=at.of_bytes, completed=at.bytes, objects=objects)

            yield moved
    else:
        yield _plain()


def _plain() -> Callback:
    began = last = time.monotonic()

    def line(at: Pulling) -> None:
        nonlocal last
        now = time.monotonic()
        if at.objects == 0:
            said = f"pulling {counted(at.of_objects, 'object')}, {render.size(at.of_bytes)}"
        elif now - last < _LINE_EVERY_S and at.objects < at.of_objects:
            return
        else:
            said = _line(at, now - began)
        last = now
        sys.stderr.write(f"{said}\n")

    return line


def _line(at: Pulling, seconds: float) -> str:
    rate = at.fetched_bytes / max(seconds, 0.001)
    left = _span((at.of_bytes - at.bytes) / rate) if rate else "unknown"
    share = 100 * at.bytes // max(at.of_bytes, 1)
    done = (
        f"{at.objects:,} of {counted(at.of_objects, 'object')}, {render.size(at.bytes)} of {render.size(at.of_bytes)}"
    )
    return f"{share}%: {done}, {render.size(round(rate))}/s, {left} left"
