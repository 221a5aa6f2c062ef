"""The weekly mail's words: plain text, 72 columns, ASCII; fingerprints and hashes stand on lines of their own."""

import textwrap
from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec

from prooftrail.evidence.findings import Problem
from prooftrail.evidence.manifest import Head, Manifest
from prooftrail.evidence.witness import Witness
from prooftrail.model import canonical

COLUMNS = 72
LONGEST_SUBJECT = 99
"""SNS takes subjects of fewer than 100 ASCII characters."""

_TOLD = 10  # ticks or faults the mail tells one by one


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent: `subject` is ASCII and shorter than 100 characters."""

    subject: str
    text: str


class ToldRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run as the mail tells it; `missed` counts ticks that were missed before it."""

    run_id: str
    slot: int
    accounts: int
    gaps: bool
    missed: int


def told(head: Head, one: Manifest) -> ToldRun:
    """What the mail tells of a manifest."""
    return ToldRun(
        run_id=one.run.id, slot=head.seq, accounts=len(one.coverage), gaps=one.gaps(), missed=len(one.missed_ticks)
    )


class Week(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to tell. `runs` are the last ones, newest first; `witnessed` is the watchdog's last word.

    `runs` is None where the chain has a slot that is too large to look past. `key_fingerprint` is of the key the chain was held against; `pending_key` that of a newer one which signs nothing
    yet. `exchanged_in` is the slot that brought in the key in force; None for the genesis's own.
    """

    at: datetime
    locker: str
    locker_id: str | None
    head: Head | None
    key_fingerprint: str
    witness_fingerprint: str
    witnessed: Witness | None
    runs: Sequence[ToldRun] | None
    missed_ticks: tuple[datetime, ...]
    broken: tuple[Problem, ...]
    pending_key: str | None = None
    exchanged_in: int | None = None


def mail(week: Week) -> Mail:
    """Subject and text of the week."""
    return Mail(subject=_subject(week), text="\n".join(_ascii(line) for line in _lines(week)) + "\n")


def _subject(week: Week) -> str:
    if week.broken:
        said = "LOOK NOW, the chain does not hold"
    elif week.missed_ticks:
        said = f"{_counted(len(week.missed_ticks), 'run')} missing"
    else:
        said = f"head {week.head.seq}" if week.head else "no chain yet"
    return _ascii(f"Prooftrail {week.at:%Y-%m-%d}: {said}, {week.locker}")[:LONGEST_SUBJECT]


def _lines(week: Week) -> Iterator[str]:
    yield f"Prooftrail, week to {_moment(week.at)}"
    yield ""
    yield from _wrapped("Keep this mail where whoever runs Prooftrail cannot change it: it says what the evidence was.")
    yield ""
    yield from _fact("locker", week.locker)
    yield from _fact("locker id", week.locker_id or "not known: no genesis can be read")
    yield from _fact("head", str(week.head) if week.head else "none")
    yield from _fact("fingerprint of the key that signs", week.key_fingerprint)
    if week.exchanged_in:
        yield from _fact("the key that signs was exchanged", f"in slot {week.exchanged_in}")
    if week.pending_key:
        yield from _fact("an exchange is pending: this newer key signs nothing yet", week.pending_key)
    yield from _fact("fingerprint of the watchdog's key", week.witness_fingerprint)
    yield from _fact("watchdog's last word", _word(week.witnessed))
    yield from _broken(week.broken)
    yield from _missed(week.missed_ticks)
    yield from _runs(week.runs)
    yield from _check(week)
    yield from _wrapped(
        "This mail proves only that it was sent: anybody may write one like it. Hold the head and both fingerprints against"
        " what you wrote down before, and run the command above."
    )


def _broken(found: Sequence[Problem]) -> Iterator[str]:
    if not found:
        return
    yield from _wrapped(f"WRONG ({len(found)}): the chain does not hold. Do not wait for the next mail.")
    for one in found[:_TOLD]:
        yield from _wrapped(f"{one.fault} {one.where}: {one.detail}", indent="  ")
    yield from _others(len(found))
    yield ""


def _missed(ticks: Sequence[datetime]) -> Iterator[str]:
    if ticks:
        yield f"missed: {_counted(len(ticks), 'run')} due and in no manifest"
        yield from (f"  {_moment(one)}" for one in ticks[:_TOLD])
        yield from _others(len(ticks))
    else:
        yield "missed: no run that was due"
    yield ""


def _others(number: int) -> Iterator[str]:
    if number > _TOLD:
        yield f"  and {number - _TOLD} more"


def _runs(runs: Sequence[ToldRun] | None) -> Iterator[str]:
    if runs is None:
        yield "last runs: not looked for, the chain has a slot too large to read"
    else:
        yield "last runs" if runs else "last runs: none"
    for one in runs or ():
        whole = "with gaps" if one.gaps else "whole"
        missed = f", {_counted(one.missed, 'tick')} missed before it" if one.missed else ""
        yield f"  {one.run_id}  slot {one.slot}  {_counted(one.accounts, 'account')}, {whole}{missed}"[:COLUMNS]
    yield ""


def _check(week: Week) -> Iterator[str]:
    yield "to check, with read access to the locker"
    yield f"  prooftrail verify {week.locker} \\"
    yield "--fingerprint \\"
    yield f"{week.key_fingerprint} \\"
    yield "--witness-key \\"
    yield f"{week.witness_fingerprint} \\" if week.head else week.witness_fingerprint
    if week.head:
        yield "--expect-head \\"
        yield str(week.head)
    yield ""


def _word(said: Witness | None) -> str:
    if said is None:
        return "none yet"
    about = f"saw slot {said.head.seq}" if said.head else "saw no chain"
    return f"{_moment(said.checked_at)}, {about}"


def _fact(label: str, value: str) -> Iterator[str]:
    yield label
    yield f"  {value}"
    yield ""


def _wrapped(text: str, *, indent: str = "") -> list[str]:
    return textwrap.wrap(text, COLUMNS, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _moment(at: datetime) -> str:
    return canonical.timestamp(at.replace(microsecond=0))


def _ascii(text: str) -> str:
    """Text a mail carries unharmed; what is wrong in a locker may quote anything."""
    return "".join(one if " " <= one <= "~" else "?" for one in text.replace("…", "..."))
