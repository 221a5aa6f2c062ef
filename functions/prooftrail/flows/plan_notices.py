"""Plans and seals a run's notices: who is told what and why, before anything is sent; the letters wait outside the locker."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from itertools import islice

from prooftrail.errors import EvidenceError, EvidenceMissing, EvidenceUnreadable
from prooftrail.evidence.manifest import Head, Manifest
from prooftrail.model import canonical
from prooftrail.model.notice import Answer, NoticesPlan, Reach, Told
from prooftrail.model.run import EvidenceKind, Run, SealedObject
from prooftrail.notices.day import Names
from prooftrail.notices.digest import Draft
from prooftrail.ports import Clock, HeadPin, Locker
from prooftrail.ports.notices import Letter, Letters
from prooftrail.settings import NOTICE_SHARD

from . import answers, notice_commits, sealing
from . import head as chain_head
from .notice_commits import PartWriter, letters_name
from .notice_memory import Recalled, recall
from .notice_planning import Planning, Totals
from .notice_post import TO_SEND
from .notice_sources import ANSWERED_WITHIN, FindingsOfRun, PeopleOfRun, Wanted, told_runs
from .sealing import Sealing

_AHEAD = timedelta(hours=1)  # runs whose id is later than this are nobody's
_MANIFESTS = 30  # how many are looked through for plans of notices, where there is none that this one follows


class PlanNotices:
    """Seals the day's plan of a run, once: a run that has one gives the plan that is there, unread but for its code."""

    def __init__(
        self, *, locker: Locker, sealing: Sealing, pin: HeadPin, letters: Letters, clock: Clock, confirms: bool
    ) -> None:
        self._locker, self._sealing, self._pin = locker, sealing, pin
        self._letters, self._clock, self._confirms = letters, clock, confirms

    def __call__(self, run_id: str) -> NoticesPlan:
        """Plan the notices of a run that is in the chain. `on` is the day it was judged at.

        What cannot be read of it is a gap of the plan. Raises EvidenceError where the run itself is not to be found or
        believed, or where something that is not ours lies in the plan's place; NoticeError where letters cannot be kept.
        """
        try:
            return notice_commits.read_plan(self._locker, run_id, sealing=self._sealing)
        except EvidenceMissing:
            pass
        except EvidenceUnreadable as taken:
            raise EvidenceUnreadable(
                f"the notices of run {run_id} cannot be planned, because the place of their plan is taken: {taken} The"
                " locker's access log names who wrote it. The next run plans what this one would have."
            ) from taken
        source = RunSource(self._locker, self._sealing, self._sealed(run_id), now=self._clock.now())
        on = canonical.utc(source.run.taken_at).date()
        sink = _Sealer(self._sealing, self._letters, run_id, on)
        opened = source.context.governance.notices.open_tiers(source.run.taken_at)
        planning = Planning(source, sink, on=on, confirms=self._confirms, opened=opened)
        sink.names = planning.names
        totals = planning()
        sink.finish()
        plan = self._plan(source, sink, totals, on)
        return notice_commits.commit_plan(self._sealing, plan)

    def unended(self, run_id: str) -> tuple[tuple[str, int], ...]:
        """The shards of earlier runs, by run and number, of which it is not known what became of them."""
        on, until = canonical.tick_of(run_id).date(), canonical.utc(self._clock.now()) + _AHEAD
        found = recall(self._locker, run_id=run_id, on=on, until=until, named=_of_nobody, sealing=self._sealing)
        return tuple(found.unended)

    def _plan(self, source: "RunSource", sink: "_Sealer", totals: Totals, on: date) -> NoticesPlan:
        return NoticesPlan(
            run_id=source.run.id,
            on=on,
            planned_at=canonical.utc(self._clock.now()),
            previous=totals.previous,
            shards=tuple(sink.shards),
            told=tuple(sink.told_rows.sealed),
            reach=tuple(sink.reach),
            counts=totals.counts,
            gaps=(*totals.gaps, *source.answer_gaps, *source.people_of_run.gaps),
            follows=source.recalled.follows if source.recalled else (),
            unended=tuple(source.recalled.unended) if source.recalled else (),
        )

    def _sealed(self, run_id: str) -> tuple[Head, Manifest]:
        """The run in the chain, believed by the head that is pinned: this step has no key."""
        since = canonical.tick_of(run_id)
        found = chain_head.find_run(self._locker, run_id, since=since, public_key=None, at=self._pin.recall())
        if found is None:
            raise EvidenceMissing(f"the manifest of run {run_id}", self._locker.describe())
        return found


class RunSource:
    """A sealed run of our own as a source: every object as its manifest says, memory and older people by our own code."""

    def __init__(self, locker: Locker, sealing_: Sealing, sealed: tuple[Head, Manifest], *, now: datetime) -> None:
        self._locker, self._sealing, self._now = locker, sealing_, now
        self._head, self._manifest = sealed
        self.run: Run = self._manifest.run
        self.context = sealing.context_of(locker, self._manifest)
        self.locker_address = locker.describe()
        self.answer_gaps: tuple[str, ...] = ()
        self.recalled: Recalled | None = None
        self.accounts = FindingsOfRun(locker, self._manifest)
        self.people_of_run = PeopleOfRun(locker, self._manifest, self._earlier)

    def people(self, wanted: Wanted) -> dict[str, str]:
        """As `PeopleOfRun`."""
        return self.people_of_run(wanted)

    def answers(self) -> tuple[Answer, ...]:
        """Those that count, oldest first."""
        since = canonical.utc(self.run.taken_at) - ANSWERED_WITHIN
        found = answers.answers(self._locker, since, self.context.governance)
        self.answer_gaps = found.gaps
        return tuple(answer for _, answer, _ in found.items)

    def memory(self, on: date) -> Recalled:
        """What was told by any plan of ours before this one."""
        until = canonical.utc(self._now) + _AHEAD
        self.recalled = recall(
            self._locker, run_id=self.run.id, on=on, until=until, named=self._named, sealing=self._sealing
        )
        return self.recalled

    def _named(self, after: str) -> frozenset[str]:
        """The runs whose plan of notices is named by a manifest from this run's back to that of the run `after`."""
        found = frozenset[str]()
        back = chain_head.manifests_back(self._locker, public_key=None, at=self._head)
        for _, one in islice(back, _MANIFESTS):
            if one.run.id <= after:
                break
            found |= told_runs(one)
        return found

    def _earlier(self, run_id: str, account: str) -> Mapping[str, str]:
        """People of an older run, of whom our own key says that the pseudonym is theirs."""
        found: dict[str, str] = {}
        for read in self._locker.read_all(f"{EvidenceKind.PEOPLE}/{run_id}/{account}/"):
            try:
                known = sealing.read_people(read.key, read.body) if read.body is not None else {}
            except EvidenceError:
                continue
            found |= {token: text for token, text in known.items() if self._sealing.pseudonym(text) == token}
        return found


class _Sealer:
    """Seals notices in shards, with the letters of each and how its recipients stood, and what is remembered."""

    def __init__(self, sealing_: Sealing, letters: Letters, run_id: str, on: date) -> None:
        self._letters, self._run_id = letters, run_id
        self._notices = PartWriter(sealing_, run_id, on, "notices")
        self._reach = PartWriter(sealing_, run_id, on, "reach")
        self.told_rows = PartWriter(sealing_, run_id, on, "told")
        self._waiting: list[Letter] = []
        self._recipients = 0
        self.names: Names = str

    @property
    def shards(self) -> list[SealedObject]:
        """The shards sealed so far."""
        return self._notices.sealed

    @property
    def reach(self) -> list[SealedObject]:
        """How the recipients of each shard stood, in the order of the shards."""
        return self._reach.sealed

    def told(self, row: Told) -> None:
        """Remember a matter."""
        self.told_rows.add(row)

    def recipient(self, recipient: str, reach: Reach | None, drafts: list[Draft]) -> None:
        """Add a recipient's notices to the shard, with the letter of what may be sent."""
        if reach is not None:
            self._reach.add(reach)
        for one in drafts:
            self._notices.add(one.notice)
            if one.notice.held in TO_SEND:
                self._waiting.append(self._letter(one))
        if reach and reach.address and not any(one.notice.held in TO_SEND for one in drafts):
            self._waiting.append(self._known(recipient, reach.address))
        self._recipients += 1
        if self._recipients >= NOTICE_SHARD:
            self._finish_shard()

    def finish(self) -> None:
        """Seal what is left."""
        if self._recipients:
            self._finish_shard()
        self.told_rows.finish()

    def _finish_shard(self) -> None:
        number = len(self._notices.sealed)
        sealed = self._notices.finish(empty=True)
        self._reach.finish(empty=True)
        if sealed is not None:
            self._letters.write(letters_name(self._run_id, sealed), number, tuple(self._waiting))
        self._waiting, self._recipients = [], 0

    def _letter(self, one: Draft) -> Letter:
        notice = one.notice
        return Letter(
            id=notice.id,
            recipient=notice.recipient,
            address=self.names(notice.address or ""),
            subject=one.letter_subject,
            text=one.letter_text,
        )

    def _known(self, recipient: str, address: str) -> Letter:
        """No letter: the address of somebody to whom nothing is sent, so that it can be asked how they stand."""
        return Letter(id=recipient, recipient=recipient, address=self.names(address), subject="", text="")


def _of_nobody(_: str) -> frozenset[str]:
    return frozenset()
