"""`prooftrail pack`: makes what an auditor is handed, out of a locker and nothing else."""

import re
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from prooftrail.cli import render
from prooftrail.cli.arguments import Json, LockerAddress
from prooftrail.cli.controls import SHORT
from prooftrail.cli.render import counted, safe
from prooftrail.errors import ConfigError, EvidenceError
from prooftrail.flows.pack_head import AskedHead
from prooftrail.pack.integrity.verify_guide import again
from prooftrail.pack.view import PackOptions
from prooftrail.wiring import packs
from prooftrail.wiring.options import Options
from prooftrail.wiring.packs import MadePack

from .pack_requests import read_requests

if TYPE_CHECKING:
    from prooftrail.flows import build_pack

_SHOWN = 10
_FRAMEWORKS = {"iso27001": SHORT["iso"], **{name: key for name, key in SHORT.items() if name != "iso"}}
_ACCOUNT, _HEAD = re.compile(r"[0-9]{12}"), re.compile(r"([0-9]{1,8})(?::([0-9a-f]{64}))?")
_UNNAMEABLE = re.compile(r"[^A-Za-z0-9._-]+")


def pack(
    locker: LockerAddress,
    since: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="First day, UTC [default: of the first run].")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="Last day, itself included [default: of the newest run].")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o", "--out", metavar="DIR", help="A new directory [default: pack-LOCKER-FROM-TO].", show_default=False
        ),
    ] = None,
    framework: Annotated[
        str, typer.Option("--framework", metavar="NAME", help=f"What it is arranged by: {', '.join(_FRAMEWORKS)}.")
    ] = "iso27001",
    accounts: Annotated[
        str | None, typer.Option("--accounts", metavar="ID,ID", help="These accounts only, by their 12 digits.")
    ] = None,
    pseudonymise: Annotated[
        bool, typer.Option("--pseudonymise", help="Leave people under their pseudonyms, and out of the evidence.")
    ] = False,
    request: Annotated[
        Path | None, typer.Option("--request", metavar="FILE", help="The auditor's list, a CSV: id,request.")
    ] = None,
    carried_raw: Annotated[
        bool, typer.Option("--carried-raw", help="AWS's answers of the runs that identities are carried from, too.")
    ] = False,
    head: Annotated[
        str | None,
        typer.Option(
            "--head",
            metavar="SEQ[:SHA256]",
            help="The slot of the chain it is made up to: later ones are not read [default: the newest].",
            show_default=False,
        ),
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Put it in the place of an earlier pack.")] = False,
    home: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The locker's home, whose key signs [default: beside it].")
    ] = None,
    signer: Annotated[
        str | None, typer.Option(metavar="KEY", help="The key in force of the chain: a PEM file, or kms:ARN.")
    ] = None,
    unsigned: Annotated[bool, typer.Option("--unsigned", help="Sign nothing.")] = False,
    profile: Annotated[str | None, typer.Option(help="AWS profile for an s3:// locker or a kms: key.")] = None,
    as_json: Json = False,
) -> None:
    """Make an audit pack: report, registers, workbook, OSCAL, OCSF, the evidence itself, and a verifier that needs nothing of ours.

    The state is that of the last run at or before --to; what the period shows of runs, changes and notices is between the
    two days. The same head and options give the same bytes, from the bucket and from a copy of it, whatever was sealed since:
    only the locks as they were observed, and words of the watchdog that came later, are of another day. Of custody records,
    answers and notices those are in it that a manifest names. Nothing is asked of AWS but the locker's objects.

    Exit status: 0 made, with gaps or not, 2 wrong use, 3 nothing was made.
    """
    if unsigned and signer:
        raise ConfigError("--unsigned and --signer ask for two things: give one.")
    options = Options(locker=locker, home=home, signer=signer, profile=profile)
    at = _head(head)
    asked = _asked(options, at, since, until, framework, accounts, request, pseudonymise=pseudonymise, raw=carried_raw)
    place = out or Path(f"pack-{_UNNAMEABLE.sub('-', packs.locker_name(locker))}-{asked.since}-{asked.until}")
    with _reporter(quiet=as_json) as progress:
        made = packs.make_pack(options, asked, place, head=at, sign=not unsigned, replace=replace, progress=progress)
    if as_json:
        render.print_json(_as_json(made))
    else:
        _show(render.console(), made, locker)


def _asked(
    options: Options,
    head: AskedHead | None,
    since: str | None,
    until: str | None,
    framework: str,
    accounts: str | None,
    request: Path | None,
    *,
    pseudonymise: bool,
    raw: bool,
) -> PackOptions:
    first, last = _day("--from", since), _day("--to", until)
    if first and last and first > last:
        raise ConfigError(f"--from {first} lies after --to {last}: name the first day of the period first.")
    requests = read_requests(request) if request else ()
    key = (SHORT | _FRAMEWORKS | {one: one for one in SHORT.values()}).get(framework.strip().lower())
    if key is None:
        raise ConfigError(f"--framework takes {', '.join(_FRAMEWORKS)}, not {framework!r}.")
    ids = _accounts(accounts) or packs.accounts_of_copy(options)
    if first is None or last is None:
        whole = packs.whole_period(options, head)
        if first is None and last is not None and last < whole[0]:
            raise EvidenceError(f"--to {last} lies before the first run, of {whole[0]}: choose a later day.")
        if last is None and first is not None and first > whole[1]:
            raise EvidenceError(
                f"--from {first} lies after the newest run, of {whole[1]}: choose an earlier day, or give --to."
            )
        first, last = first or whole[0], last or whole[1]
    return PackOptions(
        since=first,
        until=last,
        framework=key,
        accounts=ids,
        pseudonymise=pseudonymise,
        carried_raw=raw,
        requests=requests,
    )


def _head(value: str | None) -> AskedHead | None:
    if value is None:
        return None
    found = _HEAD.fullmatch(value.strip().lower())
    if not found:
        raise ConfigError(f"--head takes a slot, or SEQ:SHA256 as `prooftrail pack` prints it, not {value!r}.")
    return AskedHead(seq=int(found[1]), sha256=found[2])


def _day(option: str, value: str | None) -> date | None:
    try:
        return None if value is None else date.fromisoformat(value.strip())
    except ValueError:
        raise ConfigError(f"{option} takes a day like 2026-07-01, not {value!r}.") from None


def _accounts(value: str | None) -> tuple[str, ...] | None:
    if value is None:
        return None
    ids = {re.sub(r"[\s-]", "", one) for one in re.split(r"[,;]", value) if one.strip()}
    if wrong := sorted(one for one in ids if not _ACCOUNT.fullmatch(one)):
        raise ConfigError(f"--accounts takes the 12 digits of each account, with commas, not {wrong[0]!r}.")
    if not ids:
        raise ConfigError("--accounts names no account: give their 12 digits, with commas.")
    return tuple(sorted(ids))


@contextmanager
def _reporter(*, quiet: bool) -> "Iterator[build_pack.Progress]":
    """A moving line on a terminal, a few plain ones elsewhere; on stderr, so that stdout stays for the answer."""
    console = Console(stderr=True)
    if quiet:
        yield lambda _done, _of, _what: None
    elif console.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task("packing", total=None)
            yield lambda done, of, what: bar.update(task, completed=done, total=of or None, description=safe(what))
    else:
        yield _plain


def _plain(done: int, of: int, what: str) -> None:
    every = max(of // 10, 1)
    if done % every == 0:
        sys.stderr.write(f"packing: {safe(what)}{f' ({done} of {of})' if of else ''}\n")


def _show(console: Console, made: MadePack, locker: str) -> None:
    page = made.built.page_one
    console.print(Text.assemble(("PACKED", "green"), f"  {safe(made.place)}"), soft_wrap=True)
    console.print(render.facts(_facts(made)))
    if page.gaps:
        console.print(Text(f"What it does not show ({counted(len(page.gaps), 'gap')}):", style="yellow"))
        for one in page.gaps[:_SHOWN]:
            console.print(render.indented(safe(one, longest=300), 2))
        if len(page.gaps) > _SHOWN:
            console.print(f"  and {len(page.gaps) - _SHOWN} more on its first page")
    console.print()
    for line in _next(made, locker):
        console.print(line, soft_wrap=True)


def _facts(made: MadePack) -> Iterator[tuple[str, str]]:
    built, page = made.built, made.built.page_one
    yield "locker", safe(built.period.locker)
    yield "period", f"{safe(page.period)}; state {safe(page.as_of)}"
    yield "holds", f"{counted(made.files, 'file')}, {render.size(made.bytes)}"
    copies = f"{counted(built.evidence, 'sealed object')}, {render.size(built.evidence_bytes)}"
    yield "evidence", copies
    yield "assurance", f"{safe(page.assurance)}: {safe(page.assurance_means)}"
    yield "operated", safe(page.operated, longest=500)
    for one in page.coverage:
        yield "coverage", safe(one, longest=500)
    yield "pack", f"{made.sha256} (of its statement)"
    yield "pack.json", f"{made.file_sha256} (as it is stored)"
    yield "signed by", made.key or f"nobody: {safe(made.unsigned, longest=500)}"


def _next(made: MadePack, locker: str) -> Iterator[str]:
    if made.key is None:
        yield (
            "An unsigned pack shows that its files belong together, not who made it. Its evidence is signed by the chain all"
            " the same, and verify.py checks that."
        )
    if made.built.period.options.pseudonymise:
        yield (
            "People are under their pseudonyms. What identities are called in AWS is evidence and stays: an IAM user named"
            " after somebody still is."
        )
    if made.built.not_chained:
        number = made.built.not_chained
        what = "custody record, answer or notice" if number == 1 else "custody records, answers and notices"
        yield (
            f"{number} {what} in the locker {'is' if number == 1 else 'are'} not in the pack: no manifest up to its head names"
            f" {'it' if number == 1 else 'them'}, so nobody has signed {'it' if number == 1 else 'them'} by then."
        )
    place = safe(made.place, longest=500)
    yield f"the same pack again: {safe(again(made.built.period, shlex.quote(locker)), longest=2000)}"
    yield f"open {place}/index.html"
    yield f"verify with: python3 {place}/verify.py --fingerprint <the signer's, from outside this pack>"


def _as_json(made: MadePack) -> dict[str, Any]:
    built, page = made.built, made.built.page_one
    return {
        "pack": str(made.place),
        "statement_sha256": made.sha256,
        "pack_json_sha256": made.file_sha256,
        "signed_by": made.key,
        "unsigned_why": made.unsigned,
        "files": made.files,
        "bytes": made.bytes,
        "evidence_objects": built.evidence,
        "evidence_bytes": built.evidence_bytes,
        "locker": built.period.locker,
        "locker_id": built.period.locker_id,
        "head": str(built.period.head),
        "not_chained": built.not_chained,
        "again": again(built.period, "LOCKER"),
        "since": built.period.options.since.isoformat(),
        "until": built.period.options.until.isoformat(),
        "as_of": built.period.as_of.run_id,
        "assurance": built.period.assurance.value,
        "operated": page.operated,
        "coverage": list(page.coverage),
        "gaps": list(page.gaps),
        "rows": dict(sorted(built.tally.rows.items())),
        "exit_status": 0,
    }
