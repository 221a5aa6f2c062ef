"""Work on many objects by several threads at once, only a little ahead of who asks for the next."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor


def each[A, B](work: Callable[[A], B], items: Iterable[A], *, workers: int, ahead: int) -> Iterator[B]:
    """What `work` makes of each item, in order; at most `ahead` are made before they are asked for.

    Raises what `work` raises, once the items under way are done with; those that wait are then let go of.
    """
    waiting: deque[Future[B]] = deque()
    pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="read")
    try:
        for one in items:
            waiting.append(pool.submit(work, one))
            if len(waiting) >= ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
