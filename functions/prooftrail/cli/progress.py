"""What a person sees while accounts are read: a moving line on a terminal, one plain line an account elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from prooftrail.flows import sweep
from prooftrail.flows.sweep import Failure
from prooftrail.model.run import Outcome, Plan, PlanAction

from .render import safe


@contextmanager
def reporter(*, quiet: bool) -> Iterator[sweep.Progress]:
    """A progress callback for a sweep; on stderr, so that stdout stays for results."""
    console = Console(stderr=True)
    if quiet:
        yield lambda _plan, _done: None
    elif console.is_terminal:
        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        ) as bar:
            task = bar.add_task("reading accounts", total=None)

            def moved(plan: Plan, done: Outcome | Failure | None) -> None:
                bar.update(task, total=_planned(plan), advance=0 if done is None else 1)

            yield moved
    else:
        yield _plain


def _plain(plan: Plan, done: Outcome | Failure | None) -> None:
    if done is None:
        line = f"run {plan.header.run.id}: {_planned(plan)} accounts to read, {len(plan.accounts) - _planned(plan)} left out"
    elif isinstance(done, Failure):
        line = f"account {done.account}: failed, {done.error}"
    else:
        counts = dict(done.counts)
        reason = f" ({done.reason})" if done.reason else ""
        line = f"account {done.account}: {done.status}, {counts.get('identities', 0)} identities, {done.calls} calls{reason}"
    sys.stderr.write(f"{safe(line)}\n")


def _planned(plan: Plan) -> int:
    return sum(one.action is PlanAction.SCAN for one in plan.accounts)
