"""The deep look at notices: the plan names every part, what was sent was planned and allowed, and nothing was sent twice."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from prooftrail.errors import EvidenceError
from prooftrail.evidence import layout
from prooftrail.evidence import notices as sealed_notices
from prooftrail.evidence.findings import Fault, Problem
from prooftrail.evidence.manifest import Manifest
from prooftrail.model.notice import Notice, NoticesPlan, Sent, Undelivered
from prooftrail.model.run import EvidenceKind, SealedObject
from prooftrail.ports import Locker

_NEVER = frozenset(Undelivered) - {Undelivered.WAITING}  # an address may be confirmed between planning and sending


def notices(
    manifests: Iterable[Manifest], sound: set[str], locker: Locker, *, run_id: str | None = None
) -> Iterator[Problem]:
    """Everything in the notices the manifests name that does not add up; only objects in `sound` are opened.

    With `run_id` the notices of that run only. Runs are looked at one after another, in the order of their time.
    """
    named: dict[str, dict[str, SealedObject]] = {}
    for one in manifests:
        for each in one.objects:
            if each.kind is EvidenceKind.NOTICES:
                named.setdefault(layout.Place(each.key).run_id or "", {}).setdefault(each.key, each)
    day = _Day()
    for run in sorted(named):
        if run_id in (None, run):
            yield from _Run(run, named[run], sound, locker).problems(day)


class _Day:
    """The notices of one day that were sent: a notice names its day, so that no other day can send it."""

    def __init__(self) -> None:
        self._on: date | None = None
        self._sent: set[str] = set()

    def again(self, on: date, notice: str) -> bool:
        """True if the notice was sent on this day before."""
        if on != self._on:
            self._on, self._sent = on, set()
        if notice in self._sent:
            return True
        self._sent.add(notice)
        return False


class _Run:
    """The notices of one run."""

    def __init__(self, run_id: str, named: Mapping[str, SealedObject], sound: set[str], locker: Locker) -> None:
        self._run_id, self._named, self._sound, self._locker = run_id, named, sound, locker
        self._key = layout.notices_plan_key(run_id)

    def problems(self, day: _Day) -> Iterator[Problem]:
        """What is wrong, or cannot be read."""
        if self._key not in self._named:
            yield _wrong(self._key, "no manifest names this plan, and manifests name notices of its run")
            return
        if self._key not in self._sound:
            return  # told already: gone, changed, or disposed of
        try:
            plan = sealed_notices.read_plan(self._key, self._body(self._key))
            yield from self._parts(plan)
            for number, shard in enumerate(plan.shards):
                yield from self._shard(plan, number, shard, day)
        except EvidenceError:
            return  # told already where each object is read

    def _parts(self, plan: NoticesPlan) -> Iterator[Problem]:
        planned = {one.key: one for one in sealed_notices.parts(plan)}
        ends = {layout.notices_sent_key(self._run_id, number) for number in range(len(plan.shards))}
        for key, one in planned.items():
            held = self._named.get(key)
            if held is None:
                yield _wrong(self._key, f"it names {key}, which no manifest does")
            elif (held.sha256, held.count) != (one.sha256, one.count):
                yield _wrong(self._key, f"it names {key} with other content than was sealed")
        for key in sorted(self._named.keys() - planned.keys() - ends - {self._key}):
            yield _wrong(key, "the plan of its run does not name it")

    def _shard(self, plan: NoticesPlan, number: int, shard: SealedObject, day: _Day) -> Iterator[Problem]:
        end = layout.notices_sent_key(self._run_id, number)
        if end not in self._sound or shard.key not in self._sound:
            return  # not sent yet, or one of them is gone: told already
        planned = {
            one.id: one for one in sealed_notices.lines(shard.key, self._body(shard.key)) if isinstance(one, Notice)
        }
        for one in sealed_notices.lines(end, self._body(end)):
            if isinstance(one, Sent):
                for detail in self._sent(one, planned.get(one.notice), plan.on, day):
                    yield _wrong(end, f"notice {one.notice[:16]}\N{HORIZONTAL ELLIPSIS} {detail}")

    def _sent(self, one: Sent, planned: Notice | None, on: date, day: _Day) -> Iterator[str]:
        if planned is None or planned.recipient != one.recipient:
            yield "is none that was planned for that recipient"
        elif one.message_id and planned.held in _NEVER:
            yield f"was sent, and was planned to be held: {planned.held}"
        if one.message_id and day.again(on, one.notice):
            yield "was sent twice"

    def _body(self, key: str) -> bytes:
        return self._locker.get(key, version_id=self._named[key].version_id)


def _wrong(where: str, detail: str) -> Problem:
    return Problem(fault=Fault.RECOUNT, where=where, detail=detail)
