"""Who came and who went in a period: the first whole reading held against the state shown, and transitions for what lay between.

Where runs of the period could not read the account before its first reading, or after its last, nobody was born or went
then: its identities entered the reading, or left it.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from prooftrail.errors import EvidenceMissing, EvidenceUnreadable
from prooftrail.evidence import lines
from prooftrail.inventory.changes import Change, ChangeKind, arrivals
from prooftrail.model.identity import Identity
from prooftrail.model.run import EvidenceKind
from prooftrail.pack.view import Presence, RunTransition

from . import sealing
from .locker_history import LockerHistory, Opened, RunSummary
from .pack_objects import PackObjects, Sealed

_IDENTITY = msgspec.json.Decoder(Identity)
_LISTED = re.compile(rb'^\{"record":"identity","id":("(?:[^"\\]|\\.)*"),', re.MULTILINE)


class Found(NamedTuple):
    """Who came and went, in order of id, and what nobody can say."""

    presences: tuple[Presence, ...] = ()
    unsaid: tuple[str, ...] = ()


class Presences:
    """Tells one account's comings and goings. An identity is gone only where the cell that lists it was read to its end."""

    def __init__(self, history: LockerHistory, objects: PackObjects, runs: tuple[RunSummary, ...]) -> None:
        self._history, self._objects = history, objects
        self._ordered = runs
        self._runs = {one.run_id for one in runs}

    def of(
        self, account: str, shown: Opened, listed: tuple[Identity, ...], transitions: tuple[RunTransition, ...]
    ) -> Found:
        """The presences of an account whose state is `shown`, with everything it lists."""
        if shown.snapshot is None or shown.run.run_id not in self._runs:
            return Found()
        first = self._first(account, shown)
        before = first.snapshot or shown.snapshot
        after = msgspec.structs.replace(shown.snapshot, identities=listed)
        met = _Met(one for one in transitions if one.at > first.run.taken_at)
        changed = arrivals(before, after)
        came = {one.id: met.born.get(one.id) for one in changed if one.what is ChangeKind.APPEARED}
        went = {one.id: met.died.get(one.id) for one in changed if one.what is ChangeKind.DISAPPEARED}
        known = {one.id: one for one in (*before.identities, *listed)}
        entered = self._entered(account, shown, before.identities)
        if entered and self._joined(account, self._readings(account, shown)[0][0]):
            came, entered = {**came, **entered}, {}
        after_last = self._left(account, shown.run)
        left = {one.id: after_last for one in shown.snapshot.identities} if after_last else {}
        between = {one for one in met.seen if one not in known}
        self._look_up(account, shown, came, went)
        gone = sorted(one for one in between if one in met.died)
        moved = {*came, *went, *entered, *left}
        found = [
            *(
                presence(one, known[one], came.get(one), went.get(one), entered=entered.get(one), left=left.get(one))
                for one in moved
            ),
            *self._between(account, gone, met),
        ]
        return Found(tuple(sorted(found, key=lambda one: one.id)), tuple(_unsaid(changed, between - met.died.keys())))

    def _first(self, account: str, shown: Opened) -> Opened:
        """The first snapshot of the period that read the account whole; where none did, the first there is."""
        mine = [
            one
            for one in self._objects.of(EvidenceKind.SNAPSHOT, account)
            if one[0].run_id in self._runs and one[0].taken_at < shown.run.taken_at
        ]
        whole = [one for one in mine if self._whole(one[0], account)]
        for one in (*whole, *(each for each in mine if each not in whole)):
            try:
                snapshot, _ = sealing.read_snapshot_lines(one[1].key, self._objects.read(one, keep=False))
            except (EvidenceMissing, EvidenceUnreadable):
                continue
            return Opened(run=one[0], sealed=one[1], snapshot=snapshot)
        return shown

    def _whole(self, run: RunSummary, account: str) -> bool:
        covered = self._history.coverage(run.run_id, account)
        return covered is not None and 0 < covered.cells == covered.cells_ok

    def _joined(self, account: str, run: RunSummary) -> bool:
        """True if there were runs before, and none of them planned for the account."""
        earlier = [one for one in self._history.runs if one.taken_at < run.taken_at]
        return bool(earlier) and all(self._history.coverage(one.run_id, account) is None for one in earlier)

    def _entered(self, account: str, shown: Opened, first: Iterable[Identity]) -> dict[str, str]:
        """The run that first listed each of the first whole reading, where the period's first run read nothing of the account."""
        readings, names = self._readings(account, shown), [one.id for one in first]
        if not readings or readings[0][0] == self._ordered[0]:
            return {}
        wanted, found = {msgspec.json.encode(one): one for one in names}, dict[str, str]()
        for run, body in self._bodies(readings):
            found = {wanted[one]: run.run_id for one in _ids(body) if one in wanted} | found
            if len(found) == len(wanted):
                break
        return found

    def _left(self, account: str, read: RunSummary) -> str | None:
        """The first run after the last reading, where the account is still planned for; None where that reading is not shown."""
        later = [one for one in self._ordered if one.taken_at > read.taken_at]
        if not later or self._history.coverage(later[-1].run_id, account) is None:
            return None
        sealed = {one[0].run_id for one in self._objects.of(EvidenceKind.SNAPSHOT, account)}
        return None if sealed & {one.run_id for one in later} else later[0].run_id

    def _look_up(self, account: str, shown: Opened, came: dict[str, str | None], went: dict[str, str | None]) -> None:
        """Find in the snapshots themselves what no transition tells: the first that shows one, the first that does not any more."""
        missing = {one for found in (came, went) for one, run in found.items() if run is None}
        if not missing:
            return
        wanted = {msgspec.json.encode(one): one for one in missing}
        for run, body in self._bodies(self._readings(account, shown)):
            there = {wanted[one] for one in _ids(body) if one in wanted}
            for one in missing:
                if one in there and one in came and came[one] is None:
                    came[one] = run.run_id
                if one in went:
                    went[one] = None if one in there else went[one] or run.run_id
        came |= {one: run or shown.run.run_id for one, run in came.items()}
        went |= {one: run or shown.run.run_id for one, run in went.items()}

    def _readings(self, account: str, shown: Opened) -> list[Sealed]:
        """The sealed snapshots of the period up to the one shown, oldest first."""
        return [
            one
            for one in self._objects.of(EvidenceKind.SNAPSHOT, account)
            if one[0].run_id in self._runs and one[0].taken_at <= shown.run.taken_at
        ]

    def _bodies(self, readings: Iterable[Sealed]) -> Iterator[tuple[RunSummary, bytes]]:
        """Them unpacked, as far as they can be read."""
        for one, body in self._objects.read_each(readings, keep=False):
            if isinstance(body, bytes):
                yield one[0], lines.unpack(one[1].key, body)

    def _between(self, account: str, gone: Iterable[str], met: "_Met") -> Iterator[Presence]:
        """Those that were born and went between the two: their names from the one snapshot that showed them first."""
        by_run: dict[str, list[str]] = {}
        for one in gone:
            by_run.setdefault(met.seen[one], []).append(one)
        for run_id in sorted(by_run):
            body = self._unpacked(account, run_id)
            for one in by_run[run_id]:
                yield presence(one, _decoded(one, body), met.born.get(one), met.died[one])

    def _unpacked(self, account: str, run_id: str) -> bytes:
        for one in self._objects.of_run(EvidenceKind.SNAPSHOT, account, run_id):
            try:
                return lines.unpack(one[1].key, self._objects.read(one, keep=False))
            except (EvidenceMissing, EvidenceUnreadable):
                continue
        return b""


class _Met:
    """What transitions tell of identities: the run that met each first, that saw it born, and that saw it gone."""

    def __init__(self, transitions: Iterable[RunTransition]) -> None:
        self.seen: dict[str, str] = {}
        self.born: dict[str, str] = {}
        self.died: dict[str, str] = {}
        for one in transitions:
            name = one.transition.identity
            if name is None:
                continue
            self.seen.setdefault(name, one.run_id)
            if one.transition.before is None:
                self.born.setdefault(name, one.run_id)
            if one.transition.after is None:
                self.died[name] = one.run_id


def _unsaid(changed: Iterable[Change], lost: set[str]) -> Iterator[str]:
    away = sum(one.what is ChangeKind.OUT_OF_REACH for one in changed)
    if away:
        yield f"{away} of its identities stood in a region that is no longer enabled: nobody can say that they are gone"
    if lost:
        yield f"{len(lost)} of its identities were judged in the period, and no reading says whether they are still there"


def presence(
    name: str,
    one: Identity | None,
    came: str | None,
    went: str | None,
    *,
    entered: str | None = None,
    left: str | None = None,
) -> Presence:
    """What is told of one; `one` None where no snapshot shows it."""
    return Presence(
        id=name,
        name=one.name if one else None,
        arn=one.arn if one else None,
        kind=one.kind.value if one else None,
        created_at=one.created_at if one else None,
        came=came,
        went=went,
        born_unseen=one is None,
        entered=entered,
        left=left,
    )


def _ids(body: bytes) -> Iterator[bytes]:
    """The ids that an unpacked snapshot lists, as they are written there."""
    return (found[1] for found in _LISTED.finditer(body))


def _named(name: str) -> bytes:
    return b'"id":' + msgspec.json.encode(name) + b","


def _decoded(name: str, body: bytes) -> Identity | None:
    """The identity of that id in an unpacked snapshot; only its own line is decoded."""
    at = body.find(b'{"record":"identity",' + _named(name))
    if at < 0:
        return None
    end = body.find(b"\n", at)
    try:
        return _IDENTITY.decode(body[at : end if end >= 0 else len(body)])
    except msgspec.DecodeError:
        return None
