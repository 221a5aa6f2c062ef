"""What a day's planning reads: a run's findings and people, account by account, and what was told before."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from typing import Protocol

import msgspec

from prooftrail.errors import EvidenceError, EvidenceMissing, EvidenceUnreadable
from prooftrail.evidence import layout, lines
from prooftrail.evidence.context import Context
from prooftrail.evidence.manifest import Manifest
from prooftrail.model.judgement import Finding, FindingsHeader, Upcoming
from prooftrail.model.notice import Answer
from prooftrail.model.run import EvidenceKind, Plan, PlanAction, Pointer, Run, SealedObject
from prooftrail.model.snapshot import AlternateContact
from prooftrail.ports import Locker

from . import sealing
from .notice_memory import Recalled

ANSWERED_WITHIN = timedelta(days=400)
"""Answers older than this are not looked for: whoever gave them was told again since."""

_LINES = msgspec.json.Decoder(FindingsHeader | Finding | Upcoming)
_HELD = b'{"record":"held"'  # ten times as many as findings, and nothing to be told
PSEUDONYM = re.compile(rb"person-[0-9a-f]{20}")


class AccountFindings(msgspec.Struct, frozen=True, kw_only=True):
    """What is open in one account, or will be, as run `read_in` found it.

    `contacts` are None where they were not read. `people` are the pseudonyms that stand in it. `wrong` says why nothing
    of it can be told.
    """

    account: str
    read_in: str
    records: tuple[Finding | Upcoming, ...] = ()
    contacts: tuple[AlternateContact, ...] | None = None
    people: frozenset[str] = frozenset()
    wrong: str | None = None


type Wanted = Mapping[tuple[str, str], frozenset[str]]
"""Pseudonyms by the account they stand in and the run that read it."""

type Earlier = Callable[[str, str], Mapping[str, str]]
"""What pseudonyms of an older run stand for in an account."""


class NoticeSource(Protocol):
    """Where a day's planning reads from; nothing of it is written to."""

    @property
    def run(self) -> Run:
        """The run that is told of."""
        ...

    @property
    def context(self) -> Context:
        """Its context: accounts' names and the policy in force."""
        ...

    @property
    def locker_address(self) -> str:
        """The locker, as a person would write it."""
        ...

    def accounts(self) -> Iterator[AccountFindings]:
        """Every account of the run that was not left out on purpose, one at a time."""
        ...

    def people(self, wanted: "Wanted") -> dict[str, str]:
        """What the wanted pseudonyms stand for, as far as that is kept and can be believed."""
        ...

    def answers(self) -> tuple[Answer, ...]:
        """What owners answered, oldest first."""
        ...

    def memory(self, on: date) -> Recalled:
        """What was told before that day's planning."""
        ...


def findings_of(account: str, read_in: str, key: str, body: bytes) -> AccountFindings:
    """What a findings object says of an account; the results that were held are not even decoded.

    Raises EvidenceUnreadable.
    """
    data, header, found = lines.unpack(key, body), None, []
    for number, line in enumerate(data.splitlines(), 1):
        if line.startswith(_HELD):
            continue
        try:
            one = _LINES.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise EvidenceUnreadable(f"{key} line {number} is not what its kind promises: {error}.") from error
        if isinstance(one, FindingsHeader):
            header = one
        else:
            found.append(one)
    if header is None:
        raise EvidenceUnreadable(f"{key} has no header.")
    return AccountFindings(
        account=account,
        read_in=read_in,
        records=tuple(found),
        contacts=header.contacts,
        people=frozenset(one.decode() for one in PSEUDONYM.findall(data)),
    )


class FindingsOfRun:
    """The findings a run's manifest vouches for, account by account; of accounts it could not read, the last before."""

    def __init__(self, locker: Locker, manifest: Manifest) -> None:
        self._locker, self._manifest = locker, manifest
        self._own = {
            layout.Place(one.key).account: one for one in manifest.objects if one.kind is EvidenceKind.FINDINGS
        }

    def __call__(self) -> Iterator[AccountFindings]:
        """Each planned account, and the organization as a whole. Raises EvidenceError where the plan is not to be read."""
        plan = self._plan()
        last = {one.account: one.previous_findings for one in plan.accounts if one.action is PlanAction.SCAN}
        for account in sorted(last):
            yield self._one(account, last[account])
        yield self._one(layout.ORGANIZATION, plan.header.previous_findings)

    def _plan(self) -> Plan:
        key = layout.plan_key(self._manifest.run.id)
        found = next((one for one in self._manifest.objects if one.key == key), None)
        if found is None:
            raise EvidenceMissing(key, self._locker.describe())
        return sealing.read_plan(key, sealing.trusted(self._locker, _pointer(found, self._manifest)))

    def _one(self, account: str, before: Pointer | None) -> AccountFindings:
        own = self._own.get(account)
        pointer = _pointer(own, self._manifest) if own else before
        if pointer is None:
            wrong = None if account == layout.ORGANIZATION else "it was never read and judged"
            return AccountFindings(account=account, read_in=self._manifest.run.id, wrong=wrong)
        try:
            body = sealing.trusted(self._locker, pointer)
            return findings_of(account, pointer.run_id, pointer.key, body)
        except EvidenceError as error:
            return AccountFindings(account=account, read_in=pointer.run_id, wrong=str(error))


class PeopleOfRun:
    """What pseudonyms stand for, from `people/` objects that a run's manifest names; older ones are asked of `earlier`."""

    def __init__(self, locker: Locker, manifest: Manifest, earlier: Earlier) -> None:
        self._locker, self._manifest, self._earlier = locker, manifest, earlier
        self._objects: dict[str | None, list[SealedObject]] = {}
        for one in manifest.objects:
            if one.kind is EvidenceKind.PEOPLE:
                self._objects.setdefault(layout.Place(one.key).account, []).append(one)
        self.gaps: list[str] = []

    def __call__(self, wanted: Wanted) -> dict[str, str]:
        """Those wanted that are known: the organization's people first, then an account's where one of its is missing."""
        found = self._own(layout.ORGANIZATION, frozenset[str]().union(*wanted.values()))
        for (account, run_id), tokens in sorted(wanted.items()):
            missing = tokens - found.keys()
            if missing and run_id == self._manifest.run.id:
                found |= self._own(account, missing)
            elif missing:
                known = self._earlier(run_id, account)
                found |= {token: known[token] for token in missing if token in known}
        return found

    def _own(self, account: str, wanted: frozenset[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for one in self._objects.get(account, []):
            try:
                known = sealing.read_people(one.key, sealing.trusted(self._locker, _pointer(one, self._manifest)))
            except EvidenceError as error:
                where = "the organization" if account == layout.ORGANIZATION else f"account {account}"
                self.gaps.append(f"{where}: people that only this names cannot be named or written to: {error}")
                continue
            found |= {token: known[token] for token in wanted if token in known}
        return found


def _pointer(one: SealedObject, manifest: Manifest) -> Pointer:
    return Pointer(run_id=manifest.run.id, key=one.key, stored_sha256=one.stored_sha256, seq=manifest.seq)


def told_runs(manifest: Manifest) -> frozenset[str]:
    """The runs whose plan of notices a manifest names."""
    places = ((one.key, layout.Place(one.key).run_id) for one in manifest.objects if one.kind is EvidenceKind.NOTICES)
    return frozenset(run for key, run in places if run and key == layout.notices_plan_key(run))
