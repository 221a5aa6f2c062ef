"""Counts how often each owner is written to when nobody mends anything: a sealed day planned forward, everything sent.

    python benchmarks/notice_rhythm.py LOCKER [DAYS]

The locker is read and never written; `prooftrail demo --out demo` leaves one in demo/evidence. The law it is held
against: after the first week, at the median at most one mail a week an owner.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from statistics import median

from prooftrail import wiring
from prooftrail.flows.locker_history import LockerHistory
from prooftrail.flows.notice_memory import Recalled
from prooftrail.flows.notice_planning import Planning
from prooftrail.flows.preview_notices import _Previewed
from prooftrail.model import canonical
from prooftrail.model.judgement import Tier
from prooftrail.model.notice import Hop, Notice, Reach, ReachState, Sent, Told
from prooftrail.notices.cadence import WEEK
from prooftrail.notices.digest import Draft


class Remembered(Recalled):
    """The day before, kept in this process."""

    def __init__(self, told: list[Told], notices: list[Notice], sent: dict[str, Sent]) -> None:
        super().__init__(None, None, None)  # type: ignore[arg-type]
        self._told, self._notices, self.sent = told, notices, sent

    def told(self) -> Iterator[Told]:
        yield from self._told

    def notices(self) -> Iterator[Notice]:
        yield from self._notices


class Sending:
    """Everything planned is sent at once."""

    def __init__(self, source: _Previewed) -> None:
        self._source = source
        self.rows: list[Told] = []
        self.sealed: list[Notice] = []

    def told(self, row: Told) -> None:
        self.rows.append(row)

    def recipient(self, _: str, _reach: Reach | None, drafts: list[Draft]) -> None:
        self.sealed += [one.notice for one in drafts]

    def remembered(self) -> Remembered:
        """What the next day knows."""
        at = canonical.utc(self._source.run.taken_at)
        known = {"state": ReachState.DIRECT, "how": "console", "at": at, "message_id": "m"}
        sent = {one.id: Sent(notice=one.id, recipient=one.recipient, hop="owner", **known) for one in self.sealed}  # type: ignore[arg-type]
        return Remembered(self.rows, self.sealed, sent)


type Mail = tuple[date, str, Notice]


def mails(folder: Path, days: int) -> list[Mail]:
    """The mails of that many days after the newest run of a locker: day, recipient by name, notice."""
    locker = wiring.open_locker(str(folder))
    history = LockerHistory(locker)
    source = _Previewed(locker, history, history.run().run_id, None)
    remembered: Recalled | None = None
    found: list[Mail] = []
    for number in range(1, days + 1):
        day = source.on + timedelta(days=number)
        sending = Sending(source)
        if remembered is not None:
            source.memory = lambda _, known=remembered: known  # type: ignore[method-assign,misc]
        planning = Planning(source, sending, on=day, confirms=False, opened=tuple(map(str, Tier)))
        planning()
        found += [(day, planning.names(one.recipient), one) for one in sending.sealed]
        remembered = sending.remembered()
    return found


def by_week(found: list[Mail], days: int) -> dict[str, list[int]]:
    """How many mails each got in each week, of those who hear of anything as its owner."""
    first = min(day for day, _, _ in found)
    weeks = {who: [0] * -(-days // WEEK) for _, who, one in found if any(item.hop is Hop.OWNER for item in one.items)}
    for day, who, _ in found:
        if who in weeks:
            weeks[who][(day - first).days // WEEK] += 1
    return weeks


def table(found: list[Mail], days: int) -> str:
    """The medians of mails an owner, and who gets how many, of what."""
    by = Counter(who for _, who, _ in found)
    weeks = by_week(found, days)
    lines = [
        f"{days} days, {len(weeks)} owners, median {median(map(sum, weeks.values()))},"
        f" by week {[median(each) for each in zip(*weeks.values(), strict=True)]}"
    ]
    for who, number in sorted(by.items(), key=lambda one: (-one[1], one[0])):
        theirs = [one for _, name, one in found if name == who]
        said = Counter((item.tier, item.hop, item.step.split(" ")[0]) for one in theirs for item in one.items)
        weekly = sum(one.weekly for one in theirs)
        most = ", ".join(f"{count} {tier} {hop} {step}" for (tier, hop, step), count in said.most_common(3))
        lines.append(f"{number:4} {who:32} {weeks.get(who, 'no owner')!s:16} {weekly} weekly; {most}")
    return "\n".join(lines)


if __name__ == "__main__":
    how_long = int(sys.argv[2]) if len(sys.argv) > 2 else 28
    print(table(mails(Path(sys.argv[1]), how_long), how_long))
