"""One whole run in one process, account by account with a bounded pool: the state machine's order of steps, embedded."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed

import msgspec

from prooftrail.evidence.context import Context
from prooftrail.evidence.manifest import Head, Manifest
from prooftrail.model.run import Outcome, Plan, PlanAction, PlannedAccount, Run

from .close_run import CloseRun
from .remind_owners import Reminded, RemindOwners
from .scan_account import ScanAccount
from .start_run import StartRun


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """An account whose scan ended in a defect of ours: it has no outcome, and the run goes on without it."""

    account: str
    error: str


class Swept(msgspec.Struct, frozen=True, kw_only=True):
    """A run that is in the chain: where, what it states, and what broke on the way.

    `already` says that it was sealed before and nothing was asked now. `reminded` is None where nobody is told.
    """

    head: Head
    manifest: Manifest
    plan: Plan
    context: Context
    resumed: bool
    already: bool
    ledger_lags: str | None
    failures: tuple[Failure, ...]
    reminded: Reminded | None = None


type Progress = Callable[[Plan, Outcome | Failure | None], None]
"""Told once with the plan alone, then once for each account that is done."""


class Sweep:
    """start_run, scan_account for each planned account, close_run, remind_owners."""

    def __init__(
        self,
        *,
        start: StartRun,
        scan: ScanAccount,
        close: CloseRun,
        workers: int,
        remind: RemindOwners | None = None,
    ) -> None:
        self._start, self._scan, self._close, self._workers, self._remind = start, scan, close, workers, remind

    def __call__(self, run: Run, *, progress: Progress | None = None) -> Swept:
        """Carry the run from plan to manifest, then tell owners what is theirs.

        A failed account is data, and so is a notice that could not be sent; only a broken chain or missing access raises.
        """
        started = self._start(run)
        tell = progress or _silent
        already = self._close.already(started.plan) if started.resumed else None
        failures: list[Failure] = []
        if already is None:
            tell(started.plan, None)
            failures = self._scan_all(started.plan, started.context, tell)
        closed = already or self._close(started.plan, started.context)
        return Swept(
            head=closed.head,
            manifest=closed.manifest,
            plan=started.plan,
            context=started.context,
            resumed=started.resumed and already is None,
            already=already is not None,
            ledger_lags=closed.ledger_lags,
            failures=tuple(sorted(failures, key=lambda one: one.account)),
            reminded=self._remind(run.id) if self._remind else None,
        )

    def _scan_all(self, plan: Plan, context: Context, progress: Progress) -> list[Failure]:
        todo = [one for one in plan.accounts if one.action is PlanAction.SCAN]
        failures: list[Failure] = []
        with ThreadPoolExecutor(max_workers=self._workers, thread_name_prefix="account") as pool:
            started = {pool.submit(self._scan, one, run=plan.header.run, context=context): one for one in todo}
            for future in as_completed(started):
                done = _result(future, started[future])
                progress(plan, done)
                if isinstance(done, Failure):
                    failures.append(done)
        return failures


def _silent(_plan: Plan, _done: Outcome | Failure | None) -> None:
    pass


def _result(future: Future[Outcome], planned: PlannedAccount) -> Outcome | Failure:
    error = future.exception()
    if error is None:
        return future.result()
    if not isinstance(error, Exception):
        raise error  # an interrupt ends the run; what is committed stays
    return Failure(account=planned.account, error=f"{type(error).__name__}: {error}")
