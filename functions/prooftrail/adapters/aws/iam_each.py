"""Asks the same question about many things at once, and stops where the answer will not change."""

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import msgspec

from prooftrail.model.reading import Gap, GapReason

from .observer import Collecting, Refused

_THREADS = 12
_ALL_REFUSED = 3  # refused so often before the first answer: nobody will be answered
_IN_A_ROW = 25  # refused so often in a row for no fault of the thing asked about (throttled, no connection): stop too


def each[S, T](found: Collecting[T], things: Iterable[S], ask: Callable[[S], None]) -> None:
    """Call `ask` with each thing, in no order, from several threads once one was answered.

    A refusal (`ask` raises Refused) is a gap for that thing. Where the first three are all refused, or further on very
    many in a row for reasons that lie not in the thing, the rest is not asked and one gap stands for all of them.
    """
    asking = _Asking(list(things), ask)
    while asking.going and not asking.answered:
        asking.next()
    if asking.going:
        with ThreadPoolExecutor(max_workers=_THREADS) as threads:
            for worker in [threads.submit(asking.rest) for _ in range(_THREADS)]:
                worker.result()
    for gap in asking.gaps():
        found.gap(gap)


class _Asking[S]:
    """How far the asking went. Safe for many threads."""

    def __init__(self, things: list[S], ask: Callable[[S], None]) -> None:
        self._left: Iterator[S] = iter(things)
        self._count, self._ask = len(things), ask
        self._lock = threading.Lock()
        self._gaps: list[Gap] = []
        self._asked = self._in_a_row = 0
        self._stopped = False
        self.answered = 0

    @property
    def going(self) -> bool:
        """Whether there is something left to ask and a reason to."""
        return not self._stopped and self._asked < self._count

    def rest(self) -> None:
        """One thread's share."""
        while self.going:
            self.next()

    def next(self) -> None:
        """Ask about the next thing, if there is one."""
        with self._lock:
            if not self.going:
                return
            thing = next(self._left)
            self._asked += 1
        try:
            self._ask(thing)
        except Refused as refused:
            self._note(refused.gap)
        except BaseException:
            self._stopped = True  # a defect: nobody needs what the other threads would still ask
            raise
        else:
            with self._lock:
                self.answered += 1
                self._in_a_row = 0

    def _note(self, gap: Gap) -> None:
        with self._lock:
            self._gaps.append(gap)
            if gap.reason is not GapReason.DENIED or not self.answered:
                self._in_a_row += 1
            self._stopped = self._in_a_row >= (_IN_A_ROW if self.answered else _ALL_REFUSED)

    def gaps(self) -> list[Gap]:
        """A gap for each thing refused; one for all where nobody was answered, one more for those not asked."""
        if not self._stopped or self._asked == self._count:
            return self._gaps
        last = self._gaps[-1]
        if not self.answered:
            detail = f"{last.detail} (so for the first {len(self._gaps)} of {self._count}; the others were not asked)"
            return [msgspec.structs.replace(last, subject=None, detail=detail)]
        detail = f"{last.detail} ({self._count - self._asked} of {self._count} were not asked after this)"
        return [*self._gaps, msgspec.structs.replace(last, subject=None, detail=detail)]
