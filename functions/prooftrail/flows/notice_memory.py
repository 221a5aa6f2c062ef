"""What was told before a run: every plan of notices that counts, what became of it, and whether it can be believed."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta

from prooftrail.errors import EvidenceError
from prooftrail.evidence import layout
from prooftrail.evidence.notices import NoticeLine
from prooftrail.model import canonical
from prooftrail.model.notice import (
    NOT_KNOWN,
    Hop,
    Notice,
    NoticesPlan,
    Reach,
    ReachState,
    Sent,
    Told,
    Undelivered,
)
from prooftrail.model.run import SealedObject
from prooftrail.ports import Locker

from . import notice_commits
from .notice_commits import Ended, records_of
from .notice_reach import joined
from .sealing import Sealing

LOOKED_BACK = timedelta(days=14)
"""How far before the newest plan others are looked for that it does not follow, and how long an open shard is waited for."""

MOST_PLANS = 60
"""So many plans of ours are read at most, the newest first."""

_MONTHS = 14

type Named = Callable[[str], frozenset[str]]
"""The runs after one run ("" for all) whose plan of notices a manifest names. Raises EvidenceError."""


class Recalled:
    """What was told before, and how everybody could be reached, as of one run.

    `previous` is the newest plan's run, `follows` are all runs that are in it. `reach` is how recipients stood after them,
    `sent` what became of their notices, as far as the newest plan did not know. `mailed` were written to on the day
    already. Of `unended` shards it is not known what became of them; `unsettled` may have been written to by one. `lost`
    says why something that was told cannot be believed; it may grow while `told` and `notices` are read. `gaps` are what
    else is not known.
    """

    def __init__(self, locker: Locker, sealing: Sealing | None, newest: NoticesPlan | None) -> None:
        self._locker, self._sealing, self._newest = locker, sealing, newest
        self._ended: list[tuple[NoticesPlan, int]] = []
        self._ends: dict[tuple[str, int], tuple[Ended | None, str | None]] = {}
        self.previous = newest.run_id if newest else None
        self.follows: tuple[str, ...] = ()
        self.reach: dict[str, Reach] = {}
        self.states: list[Reach] = []
        self.sent: dict[str, Sent] = {}
        self.mailed: set[str] = set()
        self.unended: list[tuple[str, int]] = []
        self.unsettled: set[str] = set()
        self.lost: list[str] = []
        self.gaps: list[str] = []

    def told(self) -> Iterator[Told]:
        """Every row of the newest plan's memory, as it was before anything of that plan was sent."""
        for part in self._newest.told if self._newest else ():
            yield from records_of(self._part(part), Told)

    def notices(self) -> Iterator[Notice]:
        """The notices of every shard whose end the newest plan did not know, the oldest plan's first."""
        for plan, shard in self._ended:
            yield from records_of(self._part(plan.shards[shard]), Notice)

    def _part(self, part: SealedObject) -> Iterator[NoticeLine]:
        try:
            yield from notice_commits.read_part(self._locker, part)
        except EvidenceError as error:
            self.lost.append(str(error))

    def load(self, shards: list[tuple[NoticesPlan, int]], on: date) -> None:
        """Read how recipients stood, and what became of these shards, oldest plan first, for the day `on`."""
        for part in self._newest.reach if self._newest else ():
            self.reach |= {one.recipient: one for one in records_of(self._part(part), Reach)}
        rows = dict[str, Reach]()
        for plan, shard in shards:
            end, wrong = self._end(plan.run_id, shard)
            if end is None:
                self._open(plan, shard, on, wrong)
                continue
            self._ended.append((plan, shard))
            for one in end.sent:
                if one.told or one.notice not in self.sent:
                    self.sent[one.notice] = one
            for row in end.reach:
                rows[row.recipient] = joined(rows.get(row.recipient) or self.reach.get(row.recipient), row)
        self.states = list(rows.values())

    def _open(self, plan: NoticesPlan, shard: int, on: date, wrong: str | None) -> None:
        """A shard of which it is not known what became of it: nobody of it is written to until that is known.

        One that nobody will ever end counts as told, so that nobody is written to twice or never again.
        """
        lost = len(self.lost)
        notices = [
            one for one in records_of(self._part(plan.shards[shard]), Notice) if one.held in (None, Undelivered.WAITING)
        ]
        if len(self.lost) > lost:
            return  # nobody can ever end it: it is missed once
        what = f"shard {shard} of run {plan.run_id}: "
        if wrong is None and on - plan.on <= LOOKED_BACK:
            self.unended.append((plan.run_id, shard))
            self.unsettled |= {one.recipient for one in notices}
            self.gaps.append(
                f"{what}what became of its notices is not recorded; until it is, they are not planned anew"
            )
            return
        self._ended.append((plan, shard))
        self.sent |= {one.id: _taken_as_told(one, plan) for one in notices}
        if plan.on >= on:
            self.mailed |= {one.recipient for one in notices}
        self.gaps.append(f"{what}{wrong or 'what became of its notices was never recorded'}; they count as told")

    def _end(self, run_id: str, shard: int) -> tuple[Ended | None, str | None]:
        """What became of a shard; else None, with why what lies there cannot be believed, or None where nothing does."""
        if (run_id, shard) not in self._ends:
            try:
                end = notice_commits.read_end(self._locker, run_id, shard, sealing=self._sealing)
                self._ends[run_id, shard] = end, None
            except EvidenceError as error:
                self._ends[run_id, shard] = None, str(error)
        return self._ends[run_id, shard]

    def note_mailed(self, plan: NoticesPlan) -> None:
        """Everybody a plan wrote to."""
        for shard in range(len(plan.shards)):
            end, _ = self._end(plan.run_id, shard)
            self.mailed |= {one.recipient for one in end.sent if one.told} if end else set()


def recall(
    locker: Locker, *, run_id: str, on: date, until: datetime, named: Named, sealing: Sealing | None
) -> Recalled:
    """What was told before `run_id` is planned for the day `on`, of plans whose run is not after `until`.

    A plan that `named` knows of and that is gone or changed is missed; any other that is not ours says nothing. Without
    `sealing` no code is checked.
    """
    intact, broken, seen = _plans(locker, run_id, until, on, sealing)
    newest = max(intact, key=_planned_at, default=None)
    found = Recalled(locker, sealing, newest)
    known = newest.follows if newest else ()
    _miss(found, [one for one in broken if one[0] not in known], seen, run_id, named)
    taken_in = [one for one in intact if one.run_id not in known]
    found.load(_shards(locker, found, intact, sorted(taken_in, key=_planned_at), sealing), on)
    for one in intact:
        if one.on >= on:  # a later day too: what is planned late must not come on top of it
            found.note_mailed(one)
    found.follows = _followed(taken_in)
    return found


def _followed(taken_in: list[NoticesPlan]) -> tuple[str, ...]:
    """The runs that are in a memory of these plans, for a day more than is looked back, so that none is taken in again."""
    runs = sorted({one.run_id for one in taken_in}.union(*(one.follows for one in taken_in)), reverse=True)
    return tuple(one for one in runs if _tick(one) >= _tick(runs[0]) - LOOKED_BACK - timedelta(days=1))


def _tick(run_id: str) -> datetime:
    return canonical.tick_of(run_id)


def _planned_at(plan: NoticesPlan) -> tuple[datetime, str]:
    return plan.planned_at, plan.run_id


def _miss(found: Recalled, broken: list[tuple[str, str]], seen: set[str], run_id: str, named: Named) -> None:
    """Say which newer plans are gone, are not what was sealed, or are none of ours."""
    newest = found.previous or ""
    try:
        sealed = named(newest)
    except EvidenceError as error:
        sealed = frozenset[str]()
        found.lost.append(f"which notices were sealed cannot be read: {error}")
    for one, why in broken:
        if one in sealed:
            found.lost.append(f"the notices of run {one}: {why}")
        elif one > newest:
            found.gaps.append(
                f"what lies in the place of the notices of run {one} is in no manifest, and is left out: {why}"
            )
    found.lost += [
        f"the notices of run {one} are gone, and a manifest names them"
        for one in sorted(sealed - seen)
        if newest < one < run_id
    ]


def _shards(
    locker: Locker, found: Recalled, intact: list[NoticesPlan], taken_in: list[NoticesPlan], sealing: Sealing | None
) -> list[tuple[NoticesPlan, int]]:
    """Every shard whose end the newest plan did not know: those left open by plans that are taken in, and all of theirs."""
    plans = {one.run_id: one for one in intact}
    wanted = dict.fromkeys(each for one in taken_in for each in one.unended)
    wanted |= dict.fromkeys((one.run_id, shard) for one in taken_in for shard in range(len(one.shards)))
    shards = list[tuple[NoticesPlan, int]]()
    for run, shard in wanted:
        try:
            plan = plans.get(run) or notice_commits.read_plan(locker, run, sealing=sealing)
        except EvidenceError as error:
            found.lost.append(f"the notices of run {run}: {error}")
            continue
        plans[run] = plan
        if shard < len(plan.shards):
            shards.append((plan, shard))
    return sorted(shards, key=lambda one: (_planned_at(one[0]), one[1]))


def _plans(
    locker: Locker, run_id: str, until: datetime, on: date, sealing: Sealing | None
) -> tuple[list[NoticesPlan], list[tuple[str, str]], set[str]]:
    """The newest plan that can be believed and those it may not follow; those that cannot, with why; all runs looked at.

    What a newer one follows is read only where it may have written to somebody on the day.
    """
    intact, broken, seen, followed = list[NoticesPlan](), list[tuple[str, str]](), set[str](), set[str]()
    for one in _planned(locker, until):
        if len(intact) >= MOST_PLANS or (intact and _tick(one) < _tick(intact[0].run_id) - LOOKED_BACK):
            break
        seen.add(one)
        if one == run_id or (one in followed and _tick(one).date() < on):
            continue
        try:
            intact.append(notice_commits.read_plan(locker, one, sealing=sealing))
            followed |= {*intact[-1].follows}
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


def _taken_as_told(one: Notice, plan: NoticesPlan) -> Sent:
    """What is taken to have become of a notice whose end nobody can believe or will ever write."""
    return Sent(
        notice=one.id,
        recipient=one.recipient,
        state=ReachState.PENDING,
        hop=Hop.CONTACT,
        how="",
        at=plan.planned_at,
        error=NOT_KNOWN,
    )
