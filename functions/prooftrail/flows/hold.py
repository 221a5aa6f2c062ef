"""Legal holds: which sealed versions an investigation or a dispute needs, held or released, with a record of custody."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from itertools import batched

import msgspec

from prooftrail.errors import AccessError, ConfigError, EvidenceMissing
from prooftrail.evidence import custody, layout
from prooftrail.evidence.custody import Custody, CustodyAction
from prooftrail.evidence.findings import Problem
from prooftrail.evidence.manifest import Head, Manifest
from prooftrail.model import canonical
from prooftrail.model.run import SealedObject, Superseded
from prooftrail.ports import Clock, LegalHolds, Locker

from . import head as chain_head
from .record_custody import RecordCustody

_AT_ONCE = 16
_BATCH = 512  # versions between two looks at whether anything at all is let through
_ALWAYS = ("chain/", "witness/", "custody/")  # without these the rest proves nothing


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What to hold: runs by id or by day (both inclusive, UTC), of them one account, or everything there is."""

    run_id: str | None = None
    account: str | None = None
    since: date | None = None
    until: date | None = None
    everything: bool = False

    def __str__(self) -> str:
        """The scope in words, as the record keeps it."""
        if self.everything:
            return "all"
        said = (
            ("run", self.run_id),
            ("account", self.account),
            ("from", self.since and self.since.isoformat()),
            ("to", self.until and self.until.isoformat()),
        )
        return ", ".join(f"{word} {value}" for word, value in said if value)

    def takes(self, one: Manifest) -> bool:
        """Whether a run is in scope."""
        day = one.run.taken_at.date()
        return (
            self.run_id in (None, one.run.id)
            and (self.since is None or day >= self.since)
            and (self.until is None or day <= self.until)
        )


class Item(msgspec.Struct, frozen=True, order=True, kw_only=True):
    """One version."""

    key: str
    version_id: str


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a scope comes to; `sha256` is over the canonical list of items, which is sorted.

    `problems` are those of the chain that the list was read from.
    """

    scope: Scope
    head: Head
    runs: int
    items: tuple[Item, ...]
    sha256: str
    problems: tuple[Problem, ...]


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it. `gone` were not there any more; `untried` were left when everything was being refused.

    `record` and `outcome` are the custody records: of the intent, and of what did not come out as meant.
    """

    record: str
    outcome: str | None
    done: int
    gone: int
    refused: int
    untried: int
    refusals: tuple[str, ...]


class HoldEvidence:
    """Holds, releases and lists holds in one locker that has versions.

    Custody records are kept `keep_days` days; None keeps them as long as the genesis was when it was sealed.
    """

    def __init__(
        self, *, locker: Locker, holds: LegalHolds, who: str, clock: Clock, keep_days: int | None = None
    ) -> None:
        self._locker, self._holds, self._who, self._clock = locker, holds, who, clock
        self._seal = RecordCustody(locker, keep_days=keep_days)

    def plan(self, scope: Scope) -> Plan:
        """What is in scope: every version that its manifests name, and the chain, its witnesses and custody records.

        With an account also what all accounts of a run share: it is not understood without. Raises ConfigError where
        no run is in scope.
        """
        chain = chain_head.read_chain(self._locker, public_key=None)
        runs = [one for one in chain.manifests if scope.takes(one)]
        if chain.head is None or (not runs and not scope.everything):
            raise ConfigError(
                f"no run of {self._locker.describe()} is in scope ({scope}): `prooftrail runs` lists them."
            )
        items = tuple(sorted({*self._named(runs, scope), *self._always(scope)}))
        return Plan(
            scope=scope,
            head=chain.head,
            runs=len(runs),
            items=items,
            sha256=canonical.digest(items),
            problems=tuple(one for one in chain.problems if one.breaks),
        )

    def __call__(self, plan: Plan, *, on: bool, reason: str, reference: str) -> Done:
        """Seal the record of what is meant, then do it; a second record says what was refused or gone.

        Cut short, it is run again with the same words: what is held stays held.
        """
        now = canonical.utc(self._clock.now())
        record = Custody(
            action=CustodyAction.HOLD if on else CustodyAction.RELEASE,
            who=self._who,
            at=now.replace(microsecond=0),
            locker=self._locker.describe(),
            head=plan.head,
            scope=str(plan.scope),
            reason=reason,
            reference=reference,
            objects=len(plan.items),
            objects_sha256=plan.sha256,
        )
        key = self._seal(record)
        done, gone, refusals, untried = self._each(plan.items, lambda one: self._hold(one, on=on))
        outcome = None
        if gone or refusals or untried:
            after = msgspec.structs.replace(
                record,
                at=canonical.utc(self._clock.now()).replace(microsecond=0),
                outcome_of=key,
                done=done,
                gone=gone,
                refused=len(refusals) + untried,
                refusals=tuple(refusals[: custody.MOST_NAMED]),
            )
            outcome = self._seal(after)
        return Done(
            record=key,
            outcome=outcome,
            done=done,
            gone=gone,
            refused=len(refusals),
            untried=untried,
            refusals=tuple(refusals[: custody.MOST_NAMED]),
        )

    def held(self, plan: Plan) -> tuple[Item, ...]:
        """Which versions in scope are held now. Raises AccessError where one cannot be asked about: unknown is not free."""
        with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
            answers = pool.map(self._is_held, plan.items)
            return tuple(item for item, held in zip(plan.items, answers, strict=True) if held)

    def _named(self, runs: Sequence[Manifest], scope: Scope) -> Iterator[Item]:
        unversioned: set[str] = set()
        for one in runs:
            yield from self._there(f"notices/{one.run.id}/")  # told of this run, and named by the next one
            named: tuple[SealedObject | Superseded, ...] = (*one.objects, *one.superseded)
            for each in named:
                if not _of_account(each.key, scope.account):
                    continue
                if each.version_id:
                    yield Item(key=each.key, version_id=each.version_id)
                else:
                    unversioned.add(each.key)
        for key in sorted(unversioned):
            yield from (one for one in self._there(key) if one.key == key)

    def _always(self, scope: Scope) -> Iterator[Item]:
        for prefix in ("",) if scope.everything else _ALWAYS:
            yield from self._there(prefix)

    def _there(self, prefix: str) -> Iterator[Item]:
        for one in self._locker.versions(prefix):
            if one.version_id and not one.delete_marker:
                yield Item(key=one.key, version_id=one.version_id)

    def _hold(self, one: Item, *, on: bool) -> None:
        self._holds.hold(one.key, version_id=one.version_id, on=on)

    def _is_held(self, one: Item) -> bool:
        try:
            return self._holds.held(one.key, version_id=one.version_id)
        except EvidenceMissing:
            return False

    def _each(self, items: Sequence[Item], act: Callable[[Item], None]) -> tuple[int, int, list[str], int]:
        """How many were done, gone, refused (each with its sentence) and not tried, side by side."""
        done, gone, tried = 0, 0, 0
        refusals: list[str] = []

        def one_of(item: Item) -> str | None:
            try:
                act(item)
            except AccessError as refused:
                return str(refused)
            except EvidenceMissing:
                return ""
            return None

        with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
            for batch in batched(items, _BATCH, strict=False):
                for answer in pool.map(one_of, batch):
                    done, gone = done + (answer is None), gone + (answer == "")
                    refusals += [answer] if answer else []
                tried += len(batch)
                if len(refusals) == tried:
                    break  # nothing is let through: asking for the rest would change nothing
        return done, gone, refusals, len(items) - tried


def _of_account(key: str, account: str | None) -> bool:
    """Whether an object is the account's, or of no account: what all share."""
    return account is None or layout.Place(key).account in (None, layout.ORGANIZATION, account)


def parse_day(text: str | None, option: str) -> date | None:
    """`YYYY-MM-DD`. Raises ConfigError."""
    if text is None:
        return None
    try:
        return datetime.strptime(text.strip(), "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone; runs are UTC
    except ValueError:
        raise ConfigError(f"{option} takes a day like 2026-11-22, not {text!r}.") from None
