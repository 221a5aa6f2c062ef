"""`prooftrail verify`: holds a locker against its chain, and the chain against what is known from outside it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from cryptography.exceptions import UnsupportedAlgorithm
from rich.console import Console
from rich.text import Text

from prooftrail import wiring
from prooftrail.cli import arguments, exits, render
from prooftrail.cli.arguments import Json, LockerAddress, Profile
from prooftrail.cli.render import counted, safe
from prooftrail.errors import ConfigError
from prooftrail.evidence import assurance, envelope
from prooftrail.evidence.findings import Fault, Problem
from prooftrail.evidence.manifest import Head
from prooftrail.evidence.pulled import PullRecord, named_some
from prooftrail.evidence.witnessed import Sighting
from prooftrail.flows.head import require_chain
from prooftrail.flows.locker_history import LockerHistory
from prooftrail.flows.rederive import Rederived
from prooftrail.flows.verify_locker import Trust, Verdict, Verified, VerifyLocker
from prooftrail.wiring import pulling

_LARGEST_KEY_BYTES = 64 * 1024
_CODES = {
    Verdict.INTACT: exits.DONE,
    Verdict.PARTIAL: exits.NOTHING_DONE,
    Verdict.NOT_INTACT: exits.WITH_GAPS,
    Verdict.NOT_HELD: exits.NOTHING_DONE,
    Verdict.ORIGIN_NOT_CHECKED: exits.NOTHING_DONE,
    Verdict.UNREADABLE: exits.NOTHING_DONE,
}


def verify(
    locker: LockerAddress,
    deep: Annotated[bool, typer.Option("--deep", help="Unpack, read and count every line, too.")] = False,
    rederive: Annotated[
        bool,
        typer.Option(
            "--rederive", help="Judge every snapshot again under its sealed context, and compare; reads as --deep."
        ),
    ] = False,
    run: Annotated[str | None, typer.Option(metavar="RUN", help="The chain, and the objects of this run only.")] = None,
    public_key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The signer's public key (PEM), from somewhere else.")
    ] = None,
    fingerprint: Annotated[
        str | None,
        typer.Option(metavar="F", help="Its fingerprint: 64 hex digits, colons or blanks between them or not."),
    ] = None,
    witness_key: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|F", help="The watchdog's public key (PEM), or its fingerprint, from somewhere else."
        ),
    ] = None,
    expect_head: Annotated[
        str | None, typer.Option(metavar="SEQ:SHA256", help="A head somebody wrote down: the chain must still hold it.")
    ] = None,
    home: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The scanner's home: its key and the last head it saw.")
    ] = None,
    as_json: Json = False,
    profile: Profile = None,
) -> None:
    """Say whether the evidence is what was sealed, and if not, exactly what is wrong and where. Changes nothing.

    Exit status: 0 intact and origin checked, 1 not intact, 3 unreadable, or consistent with something not checked:
    its origin, what a pull left out, or with --rederive results that other code than this one sealed and this one does
    not confirm.
    """
    trust, told = _trust(public_key, fingerprint, expect_head, home, witness_key)
    opened = wiring.open_locker(locker, profile=profile)
    if not trust.heads:
        require_chain(opened)  # with a head from outside, a chain that is gone is a finding
    if run:
        LockerHistory(opened).manifest(run)  # a run that is in no manifest would verify as having nothing wrong
    again = wiring.rederive(opened) if rederive else None
    pulled = pulling.pull_record(locker)
    ours = wiring.ours(opened, home) if home else None
    verify_locker = VerifyLocker(locker=opened, clock=wiring.clock(), ours=ours, pulled=pulled)
    verified = verify_locker(trust=trust, deep=deep or rederive, run_id=run, rederive=again)
    if as_json:
        believed = None if pulled is None or verified.record_refused else _copy(pulled)
        render.print_json(_as_json(verified, told, run) | {"pulled": believed, "exit_status_why": _why(verified)})
    else:
        _show(verified, told, run, pulled)
    raise typer.Exit(_CODES[verified.verdict])


def _trust(
    public_key: Path | None,
    fingerprint: str | None,
    expect_head: str | None,
    home: Path | None,
    witness_key: str | None,
) -> tuple[Trust, tuple[str, ...]]:
    """What comes from outside the locker, and the names of where it came from."""
    key: bytes | None = None
    heads: list[tuple[str, Head]] = []
    told: list[str] = []
    if home:
        pinned_key, pinned_head = wiring.pinned(home)
        key = pinned_key
        told += [f"the key in {home}"] if pinned_key else []
        told += [f"the last head {home} remembers"] if pinned_head else []
        heads += [(f"the home {home}", pinned_head)] if pinned_head else []
    if public_key:
        given = _public_key(public_key)
        if key and envelope.fingerprint(key) != envelope.fingerprint(given):
            raise ConfigError(f"--public-key {public_key} is not the key that --home {home} pins: give one of them.")
        key = given
        told.append(f"the key in {public_key}")
    if fingerprint:
        told.append("--fingerprint")
    if expected := arguments.head(expect_head):
        told.append("--expect-head")
        heads.append(("--expect-head", expected))
    watchdog, watchdog_print = _witness(witness_key)
    if witness_key:
        told.append("--witness-key")
    trust = Trust(
        public_key=key,
        fingerprint=arguments.fingerprint(fingerprint),
        witness_key=watchdog,
        witness_fingerprint=watchdog_print,
        heads=tuple(heads),
    )
    return trust, tuple(told)


def _witness(given: str | None) -> tuple[bytes | None, str | None]:
    """The watchdog's key in a file, or its fingerprint as it was written down. Raises ConfigError for neither."""
    if given is None:
        return None, None
    if Path(given).exists():
        return _public_key(Path(given), "--witness-key"), None
    try:
        return None, arguments.fingerprint(given)
    except ConfigError as error:
        raise ConfigError(
            f"--witness-key {given!r} is neither a file nor 64 hexadecimal digits: the weekly mail prints its fingerprint."
        ) from error


def _public_key(path: Path, option: str = "--public-key") -> bytes:
    try:
        with path.open("rb") as file:
            pem = file.read(_LARGEST_KEY_BYTES)
    except OSError as error:
        raise ConfigError(f"{option} {path} cannot be read: {error.strerror}. Check the path.") from error
    try:
        envelope.public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ConfigError(f"{option} {path} holds no ECDSA P-256 public key in PEM.") from error
    return pem


def _as_json(verified: Verified, told: tuple[str, ...], run: str | None) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(verified)
    found["head"] = str(verified.head) if verified.head else None
    return found | {"run": run, "origin_checked_against": list(told), "exit_status": _CODES[verified.verdict]}


def _show(verified: Verified, told: tuple[str, ...], run: str | None, pulled: PullRecord | None) -> None:
    console = render.console()
    verdict = render.coloured(_headline(verified), verified.verdict)
    console.print(Text.assemble(verdict, f"  {safe(verified.locker)}"), soft_wrap=True)
    console.print(render.facts([*_copied(verified, pulled), *_facts(verified, told, run)]))
    _problems(console, f"Wrong ({len(verified.problems)})", verified.problems, "red")
    unsure = (
        f"Not confirmed ({len(verified.unconfirmed)}): other code, or tampering; only the code that sealed it can tell"
    )
    _problems(console, unsure, verified.unconfirmed, "yellow")
    alarmed = any(one.fault is Fault.ALARM for one in verified.notes)
    what = "look into each ALARM" if alarmed else "none of it a sign of tampering"
    _problems(console, f"Noted ({len(verified.notes)}), {what}", verified.notes, "yellow")


def _headline(one: Verified) -> str:
    """The verdict; of a partial copy none is given without that word."""
    partial = "partial copy: " if one.partial and one.verdict is not Verdict.PARTIAL else ""
    return f"{partial}{one.verdict}".upper()


def _copied(one: Verified, pulled: PullRecord | None) -> Iterator[tuple[str, str]]:
    """What the record of a pull says, and whose word that is; of one that is another's, that it is."""
    if one.record_refused:
        yield (
            "not believed",
            (
                f"the record of a pull beside this copy does not fit its chain: {safe(one.record_refused, longest=300)}."
                " Whatever is absent counts as missing."
            ),
        )
        return
    if one.partial:
        yield "partial", safe(one.partial.worded(), longest=900)
        for what in ("accounts", "kinds", "runs"):
            names = getattr(one.partial, what)
            yield f"  {what}", f"{len(names):,}: {safe(named_some(names), longest=900)}" if names else "none"
        if why := _why(one):
            yield "exit status", why
    if pulled:
        yield "copy", _copy(pulled)


def _why(one: Verified) -> str | None:
    """Why a partial copy never comes to 0, and what would."""
    if one.verdict is not Verdict.PARTIAL or one.partial is None:
        return None
    return (
        "3 and not 0, because nobody signed the record that excuses what is absent, so that nobody can write one to turn"
        f" missing evidence into a 0; pull {safe(one.partial.source)} into this directory without --from, --to and"
        " --account, and verify again, for 0"
    )


def _copy(one: PullRecord) -> str:
    """Where a copy comes from, as the record beside it says: nobody signs that."""
    ended = "" if one.finished else "; the pull has not finished: run the same command again"
    late = (
        f"; S3 received {counted(len(one.doubts), 'object')} otherwise than sealed: verify the bucket"
        if one.doubts
        else ""
    )
    return f"of {safe(one.bucket)}, pulled {render.moment(one.started_at.replace(microsecond=0))}{ended}{late}"


def _facts(one: Verified, told: tuple[str, ...], run: str | None) -> Iterator[tuple[str, str]]:
    yield "origin", _origin(one, told)
    if one.assurance:
        yield "assurance", f"{one.assurance}: {assurance.WORDS[one.assurance]}"
    if one.genesis:
        yield "genesis", f"0:{one.genesis}"
    if one.head:
        yield "head", str(one.head)
    if one.key_fingerprint:
        yield "key", one.key_fingerprint
    for slot, fingerprint in one.later_keys:
        yield f"  from {slot}", fingerprint
    if one.locker_id:
        yield "locker id", one.locker_id
    if one.witness:
        yield "witness", _seen_by(one.witness)
        if one.witness.key_fingerprint:
            yield "  its key", one.witness.key_fingerprint
    scope = f"run {run} only" if run else counted(one.runs, "run")
    depth = "every line inside read and counted" if one.deep else "the lines inside not read (--deep reads them)"
    yield "looked at", f"{scope}, {counted(one.objects, 'object')}, {render.size(one.bytes)}; {depth}"
    if one.rederived:
        yield "re-derived", _rederived(one.rederived)


def _seen_by(one: Sighting) -> str:
    """What a watchdog saw, and everything that keeps its word from being another account's in time."""
    if one.words == 0 or one.seen_at is None:
        return "none: no watchdog's word that holds is here; the end of the chain could be cut off unnoticed"
    where = f"slot {one.head.seq}" if one.head else "no chain"
    said = f"{counted(one.words, 'word')}, the last of {where} on {render.moment(one.seen_at)}"
    lacks = [
        f"{counted(one.unseen, 'manifest')} not seen" if one.unseen else "",
        f"{counted(one.late, 'manifest')} seen later than 48 h" if one.late else "",
        "" if one.own_key else "it signs with the chain's own key: it proves little",
        "" if one.other_account else _same_account(one),
        "" if one.key_told else "its key is the one the genesis names: --witness-key checks whose it is",
    ]
    return "; ".join([said, *(text for text in lacks if text)])


def _same_account(one: Sighting) -> str:
    where = f"account {one.account}" if one.account else "no account that is known"
    return f"its word is of {where}, which is not shown to be another than the scanner's: it proves little"


def _rederived(one: Rederived) -> str:
    """What judging again came to; a run that was never judged is among the notes."""
    if not one.accounts:
        return "nothing: no run here holds results"
    read = f"{counted(one.results, 'result')} of {counted(one.accounts, 'account')} (the organization among them)"
    agreed = "all agree" if not one.differing else f"{counted(one.differing, 'account')} differ, see below"
    return f"{read} in {counted(one.runs, 'run')}: {agreed}"


def _origin(one: Verified, told: tuple[str, ...]) -> str:
    against = f"held against {', '.join(map(safe, told))}" if told else ""
    if one.verdict is not Verdict.ORIGIN_NOT_CHECKED:
        return against or "not checked"
    unknown = "whose key signed it is not checked: give --fingerprint, --public-key or --home from a source you trust"
    return f"{against}; {unknown}" if told else unknown


def _problems(console: Console, title: str, problems: tuple[Problem, ...], style: str) -> None:
    if not problems:
        return
    console.print()
    console.print(Text(title, style=f"bold {style}"))
    for one in problems:
        console.print(Text.assemble((f"  {one.fault:<20}  ", style), safe(one.where, longest=500)), soft_wrap=True)
        console.print(render.indented(safe(one.detail, longest=600), 24))
