"""Views of a locker for a pack: the period with its runs, then each account in turn; one account is in memory at a time.

What is not what a manifest sealed is not believed: the older reading stands, and `wrong` says so.
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import date, datetime

from prooftrail.controls.evaluate import limits_of
from prooftrail.errors import EvidenceError, EvidenceMissing, EvidenceUnreadable
from prooftrail.evidence import layout
from prooftrail.evidence.assurance import Assurance, declared
from prooftrail.evidence.context import Context
from prooftrail.evidence.manifest import LARGEST, Genesis
from prooftrail.model.run import EvidenceKind, SealedObject
from prooftrail.pack.view import AccountView, Evidence, PackOptions, PackRun, PeriodView
from prooftrail.ports import Locker

from . import pack_period, pack_records, pack_withheld
from .locker_history import LockerHistory, RunSummary
from .pack_accounts import PackAccounts
from .pack_objects import Keep, PackObjects, account_of, evidence
from .pack_people import PackPeople

_LEFT_OUT = "is not in this copy of "  # as NotInThisCopy says it


class PackViews:
    """The views of one locker over one period.

    `keep` is called with every stored object that belongs into the pack's `evidence/`, with its bytes as they are stored;
    without it wire bodies are not even read. `version` and `code_sha256` are of the code that makes the pack. `copy` is what must
    be said of a locker that is a part of one. `history` is that of the locker, where somebody read it already, and `records`
    where custody records, notices and answers are read, if not in the locker as it is. Raises ConfigError for a period, account or framework that is none, EvidenceError where there is nothing to show.
    """

    def __init__(
        self,
        locker: Locker,
        options: PackOptions,
        *,
        keep: Keep | None = None,
        version: str = "",
        code_sha256: str = "",
        copy: tuple[str, ...] = (),
        history: LockerHistory | None = None,
        records: Locker | None = None,
    ) -> None:
        self._locker, self._history = locker, history or LockerHistory(locker)
        self._records = records or locker
        where = locker.describe()
        genesis = pack_period.genesis_of(self._history, where)
        self._found = pack_period.bounds(self._history, options, where)
        accounts = pack_period.accounts_of(self._history, self._found, options, where)
        self._objects = PackObjects(self._history, self._found.as_of, keep)
        self._people = PackPeople(self._objects, named=not options.pseudonymise)
        self._runs: dict[str, PackRun] = {}
        self._pinned: dict[int, datetime] = {}
        self._code, self._copy = (version, code_sha256), copy
        self.period = self._period(options, genesis, accounts)
        self._accounts = PackAccounts(
            self._history,
            self._objects,
            self._found,
            options,
            people=self._people,
            context=self.period.context,
            run_of=self._run,
        )

    def accounts(self) -> Iterator[AccountView]:
        """The accounts in order of id, the organization last."""
        for one in self.period.accounts:
            yield _told_apart(self._accounts.account(one))
        yield _told_apart(self._accounts.organization())

    def objects(self, copied: AbstractSet[str] = frozenset()) -> Iterator[Evidence]:
        """What the manifests of the period and of the run shown name, and whatever else was `copied`, run by run in order of key.

        Narrowed to accounts, what is of another account is left out.
        """
        runs = {one.run_id for one in (*self._found.runs, self._found.as_of)}
        told = set[str]()
        for run in sorted(self._history.runs, key=lambda one: one.seq):
            for one in self._history.manifest(run.run_id).objects:
                if (run.run_id in runs or one.key in copied) and one.key not in told and self._is_shown(one):
                    told.add(one.key)
                    yield evidence((run, one), account_of(one))

    def _is_shown(self, one: SealedObject) -> bool:
        account = account_of(one)
        return self.period.options.accounts is None or account in (None, layout.ORGANIZATION, *self.period.accounts)

    def _period(self, options: PackOptions, genesis: Genesis, accounts: tuple[str, ...]) -> PeriodView:
        history, found, objects = self._history, self._found, self._objects
        named = not options.pseudonymise
        context, no_context = pack_period.context_shown(history, objects, found)
        catalog, no_catalog = pack_period.catalog_of(context)
        seen = pack_records.witnesses(self._locker, history, objects)
        self._pinned = seen.pinned
        custody, no_custody = pack_records.custody_records(self._records, objects, named=named)
        notices, no_notices = pack_records.notices(self._records, history, options, accounts)
        answers, no_answers = pack_records.answers_given(self._records, options)
        due, met = pack_period.ticks(history, genesis, options)
        self._people.of_period(found, accounts)
        newest = pack_period.newest(history)
        head = history.chain.head
        wrong = (*no_context, *no_catalog, *no_custody, *no_notices, *no_answers, *self._copied())
        left_out = tuple(one for one in wrong if _LEFT_OUT in one)
        return PeriodView(
            options=options,
            locker=pack_period.called(genesis),
            locker_id=genesis.locker_id(),
            bucket=self._records.keeps_time,
            assurance=declared(genesis) or Assurance.SELF_SIGNED,
            genesis=genesis,
            keys=history.chain.keys,
            head=head or newest.previous,
            head_run=newest.run.id,
            clock=newest.closed_at,
            schedule=newest.schedule,
            runs=tuple(map(self._run, found.runs)),
            before=self._run(found.before) if found.before else None,
            as_of=self._run(found.as_of),
            ticks_due=due,
            ticks_met=met,
            context=context,
            catalog=catalog,
            limits=limits_of(catalog, context.governance, found.as_of.taken_at),
            accounts=accounts,
            account_names=self._names(context, accounts),
            notices=notices,
            answers=answers if named else tuple(map(pack_withheld.answer, answers)),
            custody=custody if named else tuple((key, pack_withheld.custody(one)) for key, one in custody),
            words=seen.words,
            problems=tuple(
                f"{one.fault} {one.where}: {one.detail}"
                for one in (*history.problems, *(one for one in seen.problems if one.breaks))
            ),
            wrong=tuple(one for one in wrong if _LEFT_OUT not in one),
            copy=(*self._copy, *left_out),
            reveal=self._people.reveal if named else str,
            code_version=self._code[0],
            code_sha256=self._code[1],
        )

    def _run(self, one: RunSummary) -> PackRun:
        if one.run_id not in self._runs:
            self._runs[one.run_id] = pack_period.pack_run(self._history, one, self._pinned)
        return self._runs[one.run_id]

    def _names(self, context: Context, accounts: tuple[str, ...]) -> dict[str, str | None]:
        """Names by account; of one that left, as the last run that planned for it knew it."""
        names = {one.id: one.name for one in context.accounts}
        last = pack_period.planned_for(self._history, self._found)
        for run_id in sorted({last[one] for one in accounts if one not in names}):
            try:
                older = pack_period.context_of(self._history, self._objects, self._history.run(run_id))
            except (EvidenceMissing, EvidenceUnreadable):
                continue
            names |= {one.id: one.name for one in older.accounts if one.id not in names}
        return {one: names.get(one) for one in accounts}

    def _copied(self) -> Iterator[str]:
        """Copy the whole chain and the plan of the run shown; a sentence on what cannot be copied."""
        if not self._objects.keeps:
            return
        for one in self._locker.versions("chain/"):
            if layout.Place(one.key).seq is None or one.delete_marker or one.size > LARGEST:
                continue
            try:
                self._objects.keep(None, one.key, self._locker.get(one.key))
            except EvidenceError as error:
                yield f"a part of the chain cannot be copied: {error}"
        as_of = self._found.as_of
        for sealed in self._history.manifest(as_of.run_id).objects:
            if sealed.kind is EvidenceKind.PLAN:
                try:
                    self._objects.read((as_of, sealed))
                except (EvidenceMissing, EvidenceUnreadable) as error:
                    yield f"the plan of run {as_of.run_id} cannot be copied: {error}"


def _told_apart(one: AccountView) -> AccountView:
    """The account with what a pull left out apart from what is wrong: nobody altered that."""
    left_out = tuple(each for each in one.wrong if _LEFT_OUT in each)
    if not left_out:
        return one
    return replace(one, wrong=tuple(each for each in one.wrong if each not in left_out), left_out=left_out)


def open_views(
    locker: Locker,
    *,
    since: date | None = None,
    until: date | None = None,
    framework: str = "iso27001_2022",
    accounts: tuple[str, ...] | None = None,
    pseudonymise: bool = False,
    carried_raw: bool = False,
    requests: tuple[tuple[str, str], ...] = (),
) -> PackViews:
    """Views of a locker without copies; the period is from the first run's day to the last one's where none is given."""
    first, last = (since, until) if since and until else whole_period(locker)
    options = PackOptions(
        since=since or first,
        until=until or last,
        framework=framework,
        accounts=accounts,
        pseudonymise=pseudonymise,
        carried_raw=carried_raw,
        requests=requests,
    )
    return PackViews(locker, options)


def whole_period(locker: Locker) -> tuple[date, date]:
    """The days of a locker's first and last run. Raises EvidenceError where it holds none."""
    runs = LockerHistory(locker).runs
    if not runs:
        raise EvidenceError(f"{locker.describe()} holds no run yet: seal one with `prooftrail scan`.")
    return runs[0].taken_at.date(), runs[-1].taken_at.date()
