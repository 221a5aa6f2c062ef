"""Tells owners what is theirs after a run: plan, then send shard by shard. A run is never lost to it."""

from collections.abc import Callable, Sequence

import msgspec

from prooftrail.errors import ProoftrailError
from prooftrail.model.notice import NoticesPlan

from .send_notices import Delivery

type Plans = Callable[[str], NoticesPlan]
"""`PlanNotices`."""

type Sends = Callable[[str, int], Delivery]
"""`SendNotices`."""

type Unended = Callable[[str], tuple[tuple[str, int], ...]]
"""`PlanNotices.unended`."""


class Reminded(msgspec.Struct, frozen=True, kw_only=True):
    """A day's notices: the plan (None where there is none), what each shard that ended came to, and what went wrong.

    `settled` is what shards of earlier runs came to that had not ended.
    """

    plan: NoticesPlan | None
    deliveries: tuple[Delivery, ...] = ()
    settled: tuple[Delivery, ...] = ()
    error: str | None = None


class RemindOwners:
    """send_notices for each shard that earlier runs left open, plan_notices, then send_notices for each shard."""

    def __init__(self, plan: Plans, send: Sends, unended: Unended | None = None) -> None:
        self._plan, self._send, self._unended = plan, send, unended

    def __call__(self, run_id: str) -> Reminded:
        """Settle, plan and send. What goes wrong is a value; a shard that fails keeps no other back."""
        wrong = list[str]()
        # Before it is planned: whoever an open shard may have written to is not written to by the new plan.
        settled = self._send_each(self._left_open(run_id, wrong), wrong)
        try:
            plan = self._plan(run_id)
        except Exception as error:  # noqa: BLE001  # whatever it is: the run is sealed, and notices never undo that
            return Reminded(plan=None, settled=settled, error="; ".join([*wrong, _said(error)]))
        done = self._send_each([(run_id, shard) for shard in range(len(plan.shards))], wrong)
        return Reminded(plan=plan, deliveries=done, settled=settled, error="; ".join(wrong) or None)

    def _left_open(self, run_id: str, wrong: list[str]) -> Sequence[tuple[str, int]]:
        try:
            return self._unended(run_id) if self._unended else ()
        except Exception as error:  # noqa: BLE001  # as above; the plan says the same of it, and holds what it must
            wrong.append(_said(error))
            return ()

    def _send_each(self, shards: Sequence[tuple[str, int]], wrong: list[str]) -> tuple[Delivery, ...]:
        done = list[Delivery]()
        for run_id, shard in shards:
            try:
                done.append(self._send(run_id, shard))
            except Exception as error:  # noqa: BLE001  # as above
                wrong.append(_said(error))
        return tuple(done)


def _said(error: Exception) -> str:
    return str(error) if isinstance(error, ProoftrailError) else f"a defect of Prooftrail: {type(error).__name__}"
