"""What would be told, without telling it: the day's planning over a locker that is only read; no key, no secret, no claim."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time

import msgspec

from prooftrail.errors import EvidenceError
from prooftrail.model import canonical
from prooftrail.model.notice import Answer, Reach, Told
from prooftrail.model.run import Run
from prooftrail.notices.day import Names
from prooftrail.notices.digest import Draft
from prooftrail.ports import Locker

from . import answers, sealing
from .locker_history import AsOf, LockerHistory
from .notice_memory import Recalled, recall
from .notice_planning import Planning
from .notice_sources import ANSWERED_WITHIN, AccountFindings, FindingsOfRun, PeopleOfRun, told_runs

_TIERS = ("critical", "high", "medium", "low")


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """A day as it would be planned. `drafts` are of the wanted recipient or of all, `counts` and `gaps` as in a plan."""

    on: date
    drafts: tuple[Draft, ...]
    counts: tuple[tuple[str, int], ...]
    gaps: tuple[str, ...]


def preview(
    locker: Locker, history: LockerHistory, as_of: AsOf, *, on: date | None, everything_open: bool, owner: str | None
) -> Preview:
    """Plan the notices of a run for a day (its own where None is given), as if every tier were open if asked to.

    Objects are believed by their manifests, what was told before by its hashes. `owner` leaves only the drafts to
    recipients whose name or address holds it. Raises EvidenceError where the run cannot be read.
    """
    source = _Previewed(locker, history, as_of.run.run_id, on)
    at = datetime.combine(source.on, time.max, UTC)
    opened = _TIERS if everything_open else source.context.governance.notices.open_tiers(at)
    kept = _Kept(owner)
    planning = Planning(source, kept, on=source.on, confirms=None, opened=opened)
    kept.names = planning.names
    totals = planning()
    return Preview(
        on=source.on,
        drafts=tuple(kept.drafts),
        counts=totals.counts,
        gaps=(*totals.gaps, *source.answer_gaps, *source.people.gaps),
    )


class _Previewed:
    """A run of a locker as a source, by what its manifests say."""

    def __init__(self, locker: Locker, history: LockerHistory, run_id: str, on: date | None) -> None:
        self._history, self._manifest = history, history.manifest(run_id)
        self._locker = locker
        self.answer_gaps: tuple[str, ...] = ()
        self.run: Run = self._manifest.run
        self.on = on or canonical.utc(self.run.taken_at).date()
        self.context = sealing.context_of(self._locker, self._manifest)
        self.locker_address = self._locker.describe()
        self.people = PeopleOfRun(self._locker, self._manifest, self._earlier)

    def accounts(self) -> Iterator[AccountFindings]:
        """As `FindingsOfRun`."""
        return FindingsOfRun(self._locker, self._manifest)()

    def answers(self) -> tuple[Answer, ...]:
        """Those that count, oldest first."""
        since = canonical.utc(self.run.taken_at) - ANSWERED_WITHIN
        found = answers.answers(self._locker, since, self.context.governance)
        self.answer_gaps = found.gaps
        return tuple(answer for _, answer, _ in found.items)

    def memory(self, on: date) -> Recalled:
        """What was told before; for a later day than the run's own that is the run's own plan too."""
        own = self.run.id if on <= canonical.utc(self.run.taken_at).date() else ""
        until = canonical.tick_of(self.run.id)
        return recall(self._locker, run_id=own, on=on, until=until, named=self._named, sealing=None)

    def _named(self, _: str) -> frozenset[str]:
        return told_runs(self._manifest)

    def _earlier(self, run_id: str, account: str) -> Mapping[str, str]:
        try:
            return self._history.people(self._history.run(run_id), account)
        except EvidenceError:
            return {}


class _Kept:
    """Keeps the drafts of one recipient, or of all."""

    def __init__(self, owner: str | None) -> None:
        self._owner = owner.strip().casefold() if owner else None
        self.drafts: list[Draft] = []
        self.names: Names = str

    def told(self, row: Told) -> None:
        """Nothing is remembered of what was only looked at."""

    def recipient(self, recipient: str, reach: Reach | None, drafts: list[Draft]) -> None:  # noqa: ARG002
        """Keep them if they are wanted."""
        called = [recipient, *(one.notice.address or "" for one in drafts)]
        if self._owner is None or any(self._owner in self.names(one).casefold() for one in called):
            self.drafts += drafts
