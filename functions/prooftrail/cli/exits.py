"""How a command ends: its exit codes, and the one sentence a person gets when it could not do what was asked."""

import os
import sys
import traceback
from typing import NoReturn

import typer

from prooftrail.cli import render
from prooftrail.errors import ProoftrailError

DONE, WITH_GAPS, WRONG_USE, NOTHING_DONE = 0, 1, 2, 3
DEFECT, INTERRUPTED, PIPE_CLOSED = 70, 130, 141  # sysexits.h EX_SOFTWARE; 128 + SIGINT; 128 + SIGPIPE

DEBUG = "PROOFTRAIL_DEBUG"


def say(sentence: str) -> None:
    """One sentence on stderr, whatever it quotes made safe; with PROOFTRAIL_DEBUG=1 the traceback before it."""
    if os.environ.get(DEBUG) == "1" and sys.exc_info()[0] is not None:  # noqa: TID251 - the command line may look
        traceback.print_exc()
    text = render.safe(sentence.strip(), longest=render.LONGEST_CELL)
    sys.stderr.write(f"prooftrail: {text}{'' if text.endswith(('.', '!', '?', '…')) else '.'}\n")


def fail(error: ProoftrailError, *, status: int) -> NoReturn:
    """End the command with what is wrong and an exit code of its own."""
    say(str(error))
    raise typer.Exit(status)
