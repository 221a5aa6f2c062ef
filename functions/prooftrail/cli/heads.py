"""The two lines that head a report: what it is about and as of when, and how much the evidence behind it is worth."""

from rich.console import Console
from rich.text import Text

from prooftrail.cli import render
from prooftrail.evidence.assurance import WORDS, Assurance
from prooftrail.flows.locker_history import AsOf

_NOT_KNOWN = "not known: the locker shows no genesis"


def head(console: Console, title: str, view: AsOf) -> None:
    """Print both for a report as of one run; `title` ends before `as of`."""
    console.print(render.heading(f"{title} as of {render.moment(view.run.taken_at)}, run {view.run.run_id}"))
    console.print(worth(view.assurance))


def worth(assurance: Assurance | None) -> Text:
    """The line for a report that is about more than one run, or about one identity."""
    said = f"{assurance}: {WORDS[assurance]}" if assurance else _NOT_KNOWN
    return Text(f"assurance: {said}", style="dim")
