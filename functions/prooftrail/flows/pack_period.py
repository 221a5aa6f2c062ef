"""The period of a pack: its runs, what was due and met, the policy in force, and everything that is of no one account."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from prooftrail.controls.catalog import Catalog
from prooftrail.controls.crosswalk import FRAMEWORKS
from prooftrail.errors import ConfigError, EvidenceError, EvidenceMissing, EvidenceUnreadable
from prooftrail.evidence import layout, lines
from prooftrail.evidence.context import Context
from prooftrail.evidence.manifest import Genesis, Manifest
from prooftrail.model.run import EvidenceKind, Schedule
from prooftrail.model.snapshot import RunTrigger
from prooftrail.pack.view import LATE_AFTER, PackOptions, PackRun

from .control_map import ControlMap
from .locker_history import LockerHistory, RunSummary
from .pack_objects import PackObjects

S3 = "s3://"
"""How the address of a bucket begins."""

_CONTEXT_LINES = msgspec.json.Decoder(Context)


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """The runs of a period (oldest first), the last before it, and the run whose state is shown."""

    runs: tuple[RunSummary, ...]
    before: RunSummary | None
    as_of: RunSummary


def bounds(history: LockerHistory, options: PackOptions, where: str) -> Bounds:
    """What of the chain lies in the period. Raises ConfigError for a period or framework that is none, EvidenceError
    where no run was sealed by its end.
    """
    if options.since > options.until:
        raise ConfigError(f"--from {options.since} lies after --to {options.until}: exchange them.")
    if options.framework not in FRAMEWORKS:
        raise ConfigError(f"--framework {options.framework!r} is none of {', '.join(FRAMEWORKS)}.")
    since, until = edges(options)
    by_end = [one for one in history.runs if one.taken_at < until]
    if not by_end:
        first = f"its first run is {history.runs[0].run_id}" if history.runs else "its chain holds no run yet"
        raise EvidenceError(f"no run of {where} was taken by {options.until}: {first}. Choose a later --to.")
    runs = tuple(one for one in by_end if one.taken_at >= since)
    before = [one for one in by_end if one.taken_at < since]
    return Bounds(runs=runs, before=before[-1] if before else None, as_of=by_end[-1])


def edges(options: PackOptions) -> tuple[datetime, datetime]:
    """The first instant of the period, and the first after it."""
    start = datetime.min.time()
    try:
        after = datetime.combine(options.until, start, UTC) + timedelta(days=1)
    except OverflowError:
        raise ConfigError(f"--to {options.until} lies beyond all calendars: name an earlier day.") from None
    return datetime.combine(options.since, start, UTC), after


def genesis_of(history: LockerHistory, where: str) -> Genesis:
    """The genesis. Raises EvidenceError where it is gone: then nobody can say whose evidence it is."""
    if history.chain.genesis is None:
        raise EvidenceError(f"{where} has no readable genesis ({layout.chain_key(0)}): restore it, then make the pack.")
    return history.chain.genesis


def called(genesis: Genesis) -> str:
    """The locker's address as the genesis has it; of a directory only its name, which no machine's path is part of."""
    return genesis.locker if genesis.locker.startswith(S3) else genesis.locker.rstrip("/").rpartition("/")[2]


def planned_for(history: LockerHistory, found: Bounds) -> dict[str, str]:
    """Every account any run up to the end planned for, with the last run that did."""
    return {
        each.account: one.run_id
        for one in history.runs
        if one.taken_at <= found.as_of.taken_at
        for each in history.manifest(one.run_id).coverage
    }


def accounts_of(history: LockerHistory, found: Bounds, options: PackOptions, where: str) -> tuple[str, ...]:
    """The accounts a pack shows, in order of id: of the run shown and of the runs of the period, or those asked for.

    Raises ConfigError for an account that no run planned for.
    """
    known = planned_for(history, found)
    if options.accounts is not None:
        unknown = sorted(set(options.accounts) - known.keys())
        if unknown:
            raise ConfigError(
                f"--accounts {','.join(unknown)}: no run of {where} up to {found.as_of.run_id} planned for it."
                f" `prooftrail inventory --as-of {found.as_of.run_id}` lists those that were."
            )
        return tuple(sorted(set(options.accounts)))
    shown = {one.run_id for one in (*found.runs, found.as_of)}
    return tuple(sorted({each.account for one in shown for each in history.manifest(one).coverage}))


def context_of(history: LockerHistory, objects: PackObjects, run: RunSummary) -> Context:
    """The context of a run. Raises EvidenceMissing or EvidenceUnreadable."""
    sealed = next((one for one in history.manifest(run.run_id).objects if one.kind is EvidenceKind.CONTEXT), None)
    if sealed is None:
        raise EvidenceUnreadable(f"manifest {run.seq} names no context: nothing says by which policy it judged.")
    body = objects.read((run, sealed))
    return next(lines.records(sealed.key, lines.unpack(sealed.key, body), _CONTEXT_LINES))


def context_shown(history: LockerHistory, objects: PackObjects, found: Bounds) -> tuple[Context, tuple[str, ...]]:
    """The context of the run shown, or of the newest before it that can be believed, and what is wrong with newer ones.

    Raises EvidenceError where there is none at all.
    """
    wrong: list[str] = []
    for run in reversed([one for one in history.runs if one.taken_at <= found.as_of.taken_at]):
        try:
            return context_of(history, objects, run), tuple(wrong)
        except (EvidenceMissing, EvidenceUnreadable) as error:
            wrong.append(f"the context of run {run.run_id} cannot be shown: {error}")
    raise EvidenceError(f"no context of any run can be read, so nothing says by which policy was judged: {wrong[0]}")


def catalog_of(context: Context) -> tuple[Catalog, tuple[str, ...]]:
    """The catalog as it was sealed; that of this code where the run sealed none, which is said."""
    controls = ControlMap()
    if context.catalog:
        return controls.catalog(context.catalog), ()
    said = f"run {context.run.id} sealed no control catalog: the one of this version is shown, and nothing was judged by it"
    return controls.catalog(controls.text()), (said,)


def pack_run(history: LockerHistory, run: RunSummary, pinned: Mapping[int, datetime]) -> PackRun:
    """A run as its manifest states it; `pinned` says by slot when the watchdog saw it."""
    one = history.manifest(run.run_id)
    return PackRun(
        seq=run.seq,
        run_id=run.run_id,
        tick=one.run.tick,
        taken_at=run.taken_at,
        trigger=one.run.trigger,
        caller=one.run.caller,
        started_at=one.started_at,
        closed_at=one.closed_at,
        manifest_sha256=run.manifest_sha256,
        code=one.code,
        governance=one.governance,
        coverage=one.coverage,
        counts=dict(one.counts),
        missed_ticks=one.missed_ticks,
        organization_gaps=one.organization_gaps,
        calls=one.calls,
        throttled=one.throttled,
        witnessed_at=pinned.get(run.seq),
    )


def newest(history: LockerHistory) -> Manifest:
    """The newest manifest of the chain: nothing after it is known."""
    return history.chain.manifests[-1]


def ticks(
    history: LockerHistory, genesis: Genesis, options: PackOptions
) -> tuple[tuple[datetime, ...], dict[datetime, str]]:
    """The ticks that were due in the period, and the run of each that has one.

    Due is what the schedule in force said, from the genesis on: a run may bring another. The newest ticks are due once
    LATE_AFTER is over, or their run is there.
    """
    since, until = edges(options)
    manifests = history.chain.manifests
    met = {
        one.run.tick: one.run.id
        for one in reversed(manifests)
        if one.run.tick and one.run.trigger is RunTrigger.SCHEDULE
    }
    declared = {tick for one in manifests for tick in one.missed_ticks}
    over = newest(history).closed_at - LATE_AFTER
    due = {one for one in _scheduled(genesis, manifests, until) if one <= over}
    known = {one for one in (due | met.keys() | declared) if since <= one < until}
    return tuple(sorted(known)), {one: met[one] for one in sorted(known) if one in met}


def _scheduled(genesis: Genesis, manifests: tuple[Manifest, ...], until: datetime) -> Iterator[datetime]:
    """Every tick from the genesis up to the end, each by the schedule that was in force then."""
    began: list[tuple[datetime, Schedule | None]] = [(genesis.created_at, genesis.schedule)]
    began += [(one.run.taken_at, one.schedule) for one in sorted(manifests, key=lambda one: one.run.taken_at)]
    for at, (begin, schedule) in enumerate(began):
        end = began[at + 1][0] + _INSTANT if at + 1 < len(began) else until
        if schedule is not None:
            yield from schedule.between(begin, min(end, until))


_INSTANT = timedelta(microseconds=1)  # the tick a run is of was due by the schedule before it
