"""The front door of the command line: the commands, and what becomes of everything that can go wrong in one."""

import importlib.metadata
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

from prooftrail.cli import (
    ack,
    challenge,
    controls,
    demo,
    doctor,
    exits,
    explain,
    governance,
    handover,
    hold,
    inventory,
    ledger,
    notices,
    overview,
    owners,
    pack,
    pull,
    ready,
    reassign,
    remind,
    render,
    results,
    risk,
    rotate_key,
    sample,
    scan,
    trace,
    verify,
)
from prooftrail.errors import ConfigError, ProoftrailError

app = typer.Typer(
    name="prooftrail",
    help="Every identity of an AWS Organization: known, owned and proved by sealed evidence.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": render.PLAIN_WIDTH},
)
app.command("demo", short_help="A simulated organization, scanned on this machine.")(demo.demo)
app.command("doctor", short_help="What a scan would lack, and what to grant.")(doctor.doctor)
app.command("scan", short_help="Read identities and seal the evidence.")(scan.scan)
app.command("runs", short_help="The runs a locker holds.")(inventory.runs)
app.command("inventory", short_help="Every identity, and what was not read.")(inventory.inventory)
app.command("show", short_help="One identity, its history and its proof.")(inventory.show)
app.command("changes", short_help="What changed between two runs.")(inventory.changes)
app.command("overview", short_help="Page one of a run: what matters first.")(overview.overview)
app.command("results", short_help="What every control came to.")(results.results)
app.command("findings", short_help="What is to be mended, by whom, by when.")(results.findings)
app.command("owners", short_help="Who answers for what, and whom nothing reaches.")(owners.owners)
app.command("remind", short_help="What each owner is told today.")(remind.remind)
app.command("notices", short_help="Every notice, and what became of it.")(notices.notices)
app.command("risk", short_help="Every identity by its tier, and why.")(risk.risk)
app.command("trace", short_help="From an identity to the bytes, and back from a control.")(trace.trace_)
app.command("controls", short_help="The control map and what it answers to.")(controls.controls)
app.command("explain-policy", short_help="What a policy or a principal allows.")(explain.explain_policy)
app.command("ack", short_help="Say that what you were told of is seen to.")(ack.ack)
app.command("reassign", short_help="Say to whom what you were told of belongs.")(reassign.reassign)
app.command("pack", short_help="What an auditor is handed, made of a locker.")(pack.pack)
app.command("ready", short_help="What there will be to show on the day of the audit.")(ready.ready)
app.command("pull", short_help="Take evidence out of a bucket, checked as it comes.")(pull.pull)
app.command("verify", short_help="Is the evidence what was sealed?")(verify.verify)
app.command("sample", short_help="A sample anybody can draw again, with its evidence.")(sample.sample)
app.command("challenge", short_help="A sample of it against what AWS says now.")(challenge.challenge)
app.command("handover", short_help="Hand a pack over, on record.")(handover.handover)
app.command("hold", short_help="Hold evidence beyond its retention, on record.")(hold.hold)
app.command("rotate-key", short_help="Exchange the key that manifests are signed with.")(rotate_key.rotate_key)
app.add_typer(owners.app, name="owner", short_help="One owner: what is theirs, what they were told.")
app.add_typer(governance.app, name="governance")
app.add_typer(ledger.app, name="ledger")


def _version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"prooftrail {importlib.metadata.version('prooftrail')}\n")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
) -> None:
    pass


def run() -> None:
    """The console script: runs the command line and ends the process with its exit code."""
    sys.exit(main())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and give its exit code; whatever goes wrong becomes one sentence on stderr."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a letter is no reason to stop
    try:
        code = app(args=None if arguments is None else list(arguments), prog_name="prooftrail", standalone_mode=False)
        sys.stdout.flush()
    except (Exception, KeyboardInterrupt) as ended:  # noqa: BLE001 - the last line: no traceback reaches a user
        return _ended(ended)
    except SystemExit as ended:  # what typer makes of a broken pipe
        if not isinstance(ended.__context__, BrokenPipeError):
            raise
        return _quietly()
    return code if isinstance(code, int) else exits.DONE


def _ended(error: BaseException) -> int:
    """The exit code for what went wrong, once it is said."""
    match error:
        case ConfigError():
            exits.say(str(error))
            return exits.WRONG_USE
        case ProoftrailError():
            exits.say(str(error))
            return exits.NOTHING_DONE
        case typer.TyperException():
            return _usage(error)
        case KeyboardInterrupt() | typer.Abort():
            return exits.INTERRUPTED
        case render.ClosedPipe() | BrokenPipeError():
            return _quietly()
        case _:
            return _defect(error)


def _usage(wrong: typer.TyperException) -> int:
    """Usage errors as one sentence; a bare `prooftrail` gets its help."""
    text = str(getattr(wrong, "format_message", lambda: wrong)())
    if text.lstrip().startswith("Usage:"):
        sys.stderr.write(f"{text}\n")
    else:
        exits.say(f"{text.strip().rstrip('.')}. Try `prooftrail --help`.")
    return exits.WRONG_USE


def _defect(defect: BaseException) -> int:
    what = f"{type(defect).__name__} in {_place(defect)}"
    exits.say(
        f"this is a defect of Prooftrail ({what}) and nothing more was done: please report it to the project's issue"
        f" tracker, with what the same command prints under {exits.DEBUG}=1."
    )
    return exits.DEFECT


def _place(defect: BaseException) -> str:
    frames = traceback.extract_tb(defect.__traceback__)
    ours = [one for one in frames if f"{os.sep}prooftrail{os.sep}" in one.filename] or frames
    return f"{os.path.basename(ours[-1].filename)}:{ours[-1].lineno}" if ours else "an unknown place"


def _quietly() -> int:
    """Whoever read our output has had enough; what is still buffered must not make the interpreter complain."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        try:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
        except (OSError, ValueError):  # stdout is no file: a test's, or closed
            return exits.PIPE_CLOSED
    return exits.PIPE_CLOSED
