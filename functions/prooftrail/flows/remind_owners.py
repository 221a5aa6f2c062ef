"""Tells owners what is theirs after a run: plan, then send shard by shard. A run is never lost to it."""

from collections.abc import Callable

import msgspec

from prooftrail.errors import ProoftrailError
from prooftrail.model.notice import NoticesPlan

from .send_notices import Delivery

type Plans = Callable[[str], NoticesPlan]
"""`PlanNotices`."""

type Sends = Callable[[str, int], Delivery]
"""`SendNotices`."""


class Reminded(msgspec.Struct, frozen=True, kw_only=True):
    """A day's notices: the plan (None where there is none), what each shard that ended came to, and what went wrong."""

    plan: NoticesPlan | None
    deliveries: tuple[Delivery, ...] = ()
    error: str | None = None


class RemindOwners:
    """plan_notices, then send_notices for each shard."""

    def __init__(self, plan: Plans, send: Sends) -> None:
        self._plan, self._send = plan, send

    def __call__(self, run_id: str) -> Reminded:
        """Plan and send. What goes wrong is a value; a shard that fails keeps no other back."""
        try:
            plan = self._plan(run_id)
        except Exception as error:  # noqa: BLE001  # whatever it is: the run is sealed, and notices never undo that
            return Reminded(plan=None, error=_said(error))
        done, wrong = list[Delivery](), list[str]()
        for shard in range(len(plan.shards)):
            try:
                done.append(self._send(run_id, shard))
            except Exception as error:  # noqa: BLE001  # as above
                wrong.append(_said(error))
        return Reminded(plan=plan, deliveries=tuple(done), error="; ".join(wrong) or None)


def _said(error: Exception) -> str:
    return str(error) if isinstance(error, ProoftrailError) else f"a defect of Prooftrail: {type(error).__name__}"
