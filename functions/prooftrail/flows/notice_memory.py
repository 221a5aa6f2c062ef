"""What was told before this run: the newest plan of notices, what became of it, and whether it can be believed."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from prooftrail.errors import EvidenceError
from prooftrail.evidence import layout
from prooftrail.evidence.notices import NoticeLine
from prooftrail.model import canonical
from prooftrail.model.notice import Notice, NoticesPlan, Reach, Sent, Told, Undelivered
from prooftrail.model.run import SealedObject
from prooftrail.ports import Locker

from . import notice_commits
from .notice_commits import Ended, records_of
from .sealing import Sealing

_MONTHS = 14
_NEAR = timedelta(days=2)  # runs may be planned in another order than their ids: how far back that is looked for


class Recalled:
    """What was told before, and how everybody could be reached, as of one run.

    `previous` is the run whose plan it follows, `reach` how recipients stood after it, `sent` what became of its
    notices, `mailed` whoever was written to on the day already. `lost` says why something newer that was told cannot be
    believed; it may grow while `told` and `notices` are read. `gaps` are what else is not known.
    """

    def __init__(self, locker: Locker, plan: NoticesPlan | None) -> None:
        self._locker, self._plan = locker, plan
        self.previous = plan.run_id if plan else None
        self.reach: dict[str, Reach] = {}
        self.states: list[Reach] = []
        self.sent: dict[str, Sent] = {}
        self.mailed: set[str] = set()
        self.lost: list[str] = []
        self.gaps: list[str] = []

    def told(self) -> Iterator[Told]:
        """Every row of that day's memory, as it was before anything was sent."""
        for part in self._plan.told if self._plan else ():
            yield from records_of(self._part(part), Told)

    def notices(self) -> Iterator[Notice]:
        """That day's notices."""
        for part in self._plan.shards if self._plan else ():
            yield from records_of(self._part(part), Notice)

    def _part(self, part: SealedObject) -> Iterator[NoticeLine]:
        try:
            yield from notice_commits.read_part(self._locker, part)
        except EvidenceError as error:
            self.lost.append(str(error))

    def load(self, sealing: Sealing | None) -> None:
        """Read how recipients stood, and what was sent."""
        for part in self._plan.reach if self._plan else ():
            self.reach |= {one.recipient: one for one in records_of(self._part(part), Reach)}
        for end in self._ends(sealing):
            self.sent |= {one.notice: one for one in end.sent}
            self.states += end.reach

    def _ends(self, sealing: Sealing | None) -> Iterator[Ended]:
        for shard in range(len(self._plan.shards) if self._plan else 0):
            end, wrong = _end(self._locker, self.previous or "", shard, sealing)
            if end:
                yield end
            else:
                self.gaps.append(f"shard {shard} of run {self.previous}: {wrong}; what it holds counts as not told")


def recall(
    locker: Locker, *, run_id: str, on: date, until: datetime, named: frozenset[str], sealing: Sealing | None
) -> Recalled:
    """What was told before `run_id` is planned for the day `on`, of plans whose run is not after `until`.

    `named` are runs whose plan a manifest names: one that is gone is missed. Without `sealing` no code is checked.
    """
    intact, broken, seen = _plans(locker, run_id, until, sealing)
    plan = max(intact, key=lambda one: (one.planned_at, one.run_id), default=None)
    found = Recalled(locker, plan)
    newest = plan.run_id if plan else ""
    found.lost += [f"the notices of run {one}: {why}" for one, why in broken if one > newest]
    found.lost += [
        f"the notices of run {one} are gone, and a manifest names them"
        for one in sorted(named - seen)
        if newest < one < run_id
    ]
    found.load(sealing)
    for one in intact:
        if one.on >= on:  # a later day too: what is planned late must not come on top of it
            found.mailed |= _mailed(locker, one, sealing, found)
    return found


def _plans(
    locker: Locker, run_id: str, until: datetime, sealing: Sealing | None
) -> tuple[list[NoticesPlan], list[tuple[str, str]], set[str]]:
    """The newest plan that can be believed and those near it; newer ones that cannot, with why; all runs looked at."""
    intact, broken, seen = list[NoticesPlan](), list[tuple[str, str]](), set[str]()
    for one in _planned(locker, until):
        if intact and canonical.tick_of(one) < canonical.tick_of(intact[0].run_id) - _NEAR:
            break
        seen.add(one)
        if one == run_id:
            continue
        try:
            intact.append(notice_commits.read_plan(locker, one, sealing=sealing))
        except EvidenceError as error:
            broken.append((one, str(error)))
    return intact, broken, seen


def _planned(locker: Locker, until: datetime) -> Iterator[str]:
    """The runs with a plan of notices, newest first; listed month by month, because years of them add up."""
    month, last = until.date().replace(day=1), canonical.run_id(until)
    for _ in range(_MONTHS):
        places = [
            (one.key, layout.Place(one.key).run_id)
            for one in locker.versions(f"notices/{month:%Y%m}")
            if not one.delete_marker
        ]
        runs = {run for key, run in places if run and key == layout.notices_plan_key(run)}
        yield from sorted((one for one in runs if one <= last), reverse=True)
        month = (month - timedelta(days=1)).replace(day=1)


def _end(locker: Locker, run_id: str, shard: int, sealing: Sealing | None) -> tuple[Ended | None, str]:
    """What became of a shard, or why that is not known."""
    try:
        end = notice_commits.read_end(locker, run_id, shard, sealing=sealing)
    except EvidenceError as error:
        return None, str(error)
    return end, "what became of its notices is not recorded"


def _mailed(locker: Locker, plan: NoticesPlan, sealing: Sealing | None, found: Recalled) -> set[str]:
    """Who was written to by a plan; of a shard without a record, everybody it may have written to."""
    mailed = set[str]()
    for shard, part in enumerate(plan.shards):
        end, _ = _end(locker, plan.run_id, shard, sealing)
        if end:
            mailed |= {one.recipient for one in end.sent if one.message_id}
            continue
        try:
            noticed = records_of(notice_commits.read_part(locker, part), Notice)
            mailed |= {one.recipient for one in noticed if one.held in (None, Undelivered.WAITING)}
        except EvidenceError as error:
            found.lost.append(str(error))
    return mailed
