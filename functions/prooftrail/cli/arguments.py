"""What several commands are asked in the same words, and the strict reading of what people type."""

import re
from typing import Annotated

import typer

from prooftrail import wiring
from prooftrail.cli import render
from prooftrail.errors import ConfigError
from prooftrail.evidence.manifest import Head
from prooftrail.evidence.pulled import PullRecord
from prooftrail.flows.locker_history import LockerHistory
from prooftrail.model.identity import IdentityClass, Kind
from prooftrail.model.judgement import ResultStatus, Tier
from prooftrail.wiring import pulling

LockerAddress = Annotated[str, typer.Argument(metavar="LOCKER", help="A directory, or s3://BUCKET.")]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable: nothing but JSON on stdout.")]
Profile = Annotated[str | None, typer.Option(help="AWS profile to read an s3:// locker or a dynamodb: ledger with.")]
AsOfOption = Annotated[
    str | None,
    typer.Option("--as-of", metavar="DATE|RUN", help="As the last run of that day (UTC), or that run, saw it."),
]
AccountOption = Annotated[str | None, typer.Option(metavar="ID", help="One account only, by its 12 digits.")]

FORMATS = ("table", "csv", "json")
"""The forms of a list."""

_CONTROL = re.compile(r"IDC-\d{2}")
_ACCOUNT = re.compile(r"\d{12}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SEPARATORS = re.compile(r"[\s:.-]+")


def history(locker: str, profile: str | None) -> LockerHistory:
    """The history of the locker at an address; a chain that does not verify is said on stderr first."""
    found = LockerHistory(wiring.open_locker(locker, profile=profile))
    if warning := found.warning():
        render.warn(warning)
    record, unreadable = pulling.readable_record(locker)
    if unreadable:
        render.warn(unreadable)
    elif record and not record.scope.whole:
        render.warn(_part(record, found))
    return found


def _part(record: PullRecord, found: LockerHistory) -> str:
    """What must be said of a copy that is a part, or whose record says so and is another's."""
    heads = {(one.seq, one.sha256) for one in found.chain.links}
    if misfit := record.misfit(found.chain.genesis, lambda one: (one.seq, one.sha256) in heads):
        return f"the record of a pull beside this copy does not fit its chain and is not believed: {misfit}."
    here = [one.run_id for one in found.runs if record.scope.holds(one.taken_at)]
    newest = f" Of runs the newest in it is {here[-1]} (--as-of)." if here and here[-1] != found.runs[-1].run_id else ""
    return (
        f"this is a part of {record.bucket} ({record.scope.worded()}): what was left out is not in this copy, which"
        f" says nothing of it.{newest}"
    )


def account(value: str | None) -> str | None:
    """Twelve digits, blanks and dashes allowed. Raises ConfigError."""
    if value is None:
        return None
    digits = re.sub(r"[\s-]", "", value)
    if not _ACCOUNT.fullmatch(digits):
        raise ConfigError(f"--account takes the 12 digits of an account, not {value!r}.")
    return digits


def identity_class(value: str | None) -> IdentityClass | None:
    """human, non-human or undetermined, in either spelling. Raises ConfigError."""
    if value is None:
        return None
    try:
        return IdentityClass(value.strip().lower().replace("-", "_"))
    except ValueError:
        raise ConfigError(f"--class takes {_or(map(render.label, IdentityClass))}, not {value!r}.") from None


def kind(value: str | None) -> Kind | None:
    """One of the kinds. Raises ConfigError naming them all."""
    if value is None:
        return None
    try:
        return Kind(value.strip().lower().replace("-", "_"))
    except ValueError:
        raise ConfigError(f"--kind takes {_or(Kind)}, not {value!r}.") from None


def control(value: str | None) -> str | None:
    """A control's id in either case. Raises ConfigError."""
    if value is None:
        return None
    text = value.strip().upper()
    if not _CONTROL.fullmatch(text):
        raise ConfigError(f"--control takes an id like IDC-15, not {value!r}: `prooftrail controls` lists them.")
    return text


def tier(value: str | None) -> Tier | None:
    """One of the four tiers. Raises ConfigError."""
    if value is None:
        return None
    try:
        return Tier(value.strip().lower())
    except ValueError:
        raise ConfigError(f"--tier takes {_or(reversed(Tier))}, not {value!r}.") from None


def result_status(value: str | None, option: str) -> ResultStatus | None:
    """One of the five results, in either spelling. Raises ConfigError."""
    if value is None:
        return None
    try:
        return ResultStatus(re.sub(r"[\s-]", "_", value.strip().upper()))
    except ValueError:
        raise ConfigError(f"{option} takes {_or(ResultStatus)}, not {value!r}.") from None


def form(value: str, as_json: bool) -> str:
    """How to print: table, csv or json. Raises ConfigError."""
    if value not in FORMATS:
        raise ConfigError(f"--format takes {', '.join(FORMATS)}, not {value!r}.")
    if as_json and value == "csv":
        raise ConfigError("--json and --format csv ask for two things: give one.")
    return "json" if as_json else value


def fingerprint(value: str | None) -> str | None:
    """A key's fingerprint however it was written down: colons, blanks, any case, `SHA256:` before it. Raises ConfigError."""
    if value is None:
        return None
    text = re.sub(r"^\s*sha-?256\s*[:=]", "", value.strip().lower())
    digits = _SEPARATORS.sub("", text)
    if not _SHA256.fullmatch(digits):
        raise ConfigError(f"--fingerprint takes 64 hexadecimal digits, not {value!r}: `prooftrail verify` prints them.")
    return digits


def head(value: str | None) -> Head | None:
    """`SEQ:SHA256`, as `runs` and `verify` print it. Raises ConfigError."""
    if value is None:
        return None
    seq, _, digest = value.strip().lower().partition(":")
    digits = _SEPARATORS.sub("", digest)
    if not (seq.isascii() and seq.isdigit() and len(seq) < 9 and _SHA256.fullmatch(digits)):
        raise ConfigError(f"--expect-head takes SEQ:SHA256 as `prooftrail verify` prints it, not {value!r}.")
    return Head(seq=int(seq), sha256=digits)


def _or(words: object) -> str:
    *most, last = [str(one) for one in words]  # type: ignore[attr-defined]  # any iterable of words
    return f"{', '.join(most)} or {last}"
