"""Puts a draw together: from a pack, whose log lies beside it, or from a locker, which is its own log."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from prooftrail.adapters.embedded.directory_locker import DirectoryLocker
from prooftrail.adapters.embedded.draw_log_file import DrawLogFile
from prooftrail.adapters.embedded.sample_folder import SampleFolder
from prooftrail.adapters.system_clock import SystemClock
from prooftrail.errors import ConfigError, EvidenceError, EvidenceUnreadable
from prooftrail.flows.draw_sample import DrawSample, Frozen, LockerDrawLog, entry_of
from prooftrail.flows.locker_history import LockerHistory, RunSummary
from prooftrail.flows.open_pack import OpenPack
from prooftrail.flows.sample_evidence import GatherEvidence
from prooftrail.flows.witness_seed import WitnessSeed, witness_seed
from prooftrail.pack.integrity import statement as integrity_statement
from prooftrail.pack.sampling import record as sample_record
from prooftrail.pack.sampling.record import Sample
from prooftrail.ports import Clock, Locker

from . import custody, stores
from .options import BUCKET


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Everything a draw needs. `draw` writes the log, so it is made when it is asked for."""

    frozen: Frozen
    run: RunSummary
    gather: GatherEvidence
    seed_of_witness: Callable[[], WitnessSeed]
    draw: Callable[[], DrawSample]
    folder_of: Callable[[str, Path | None], SampleFolder]
    people_known: bool


def is_pack(address: str) -> bool:
    """True for a folder with a pack's statement in it."""
    return not address.startswith(BUCKET) and Path(address, integrity_statement.PATH).is_file()


def open_pack(address: str) -> OpenPack:
    """The pack in a folder. Raises ConfigError where there is none."""
    if not is_pack(address):
        raise ConfigError(f"{address!r} is no pack: it has no {integrity_statement.PATH}. `prooftrail pack` makes one.")
    return OpenPack(DirectoryLocker(Path(address)))


def from_pack(address: str, population: str, *, by: str | None, clock: Clock | None = None) -> Bench:
    """A draw from a pack. Raises EvidenceUnreadable for a population that is not the one the pack states."""
    pack = open_pack(address)
    ref, body = pack.population(population)
    home = Path(address)
    evidence = DirectoryLocker(home / "evidence")
    history = LockerHistory(evidence)
    run = history.run(pack.stated.as_of)
    if not pack.signature_holds(history.chain.keys):
        raise EvidenceUnreadable(
            "the signature of this pack does not hold: nothing is drawn from it. Get another copy."
        )
    frozen = Frozen(
        population=sample_record.read_population(population, body),
        body=body,
        ref=ref,
        of=sample_record.population_of(
            f"pack {pack.sha256}{'' if pack.envelope else ' (nobody signed it)'}", run.run_id
        ),
    )
    log = _PackLog(DrawLogFile(_beside(home, "custody")), pack.sha256)
    return Bench(
        frozen=frozen,
        run=run,
        gather=GatherEvidence(evidence, history, run),
        seed_of_witness=lambda: witness_seed(evidence, history, run),
        draw=lambda: DrawSample(log=log, who=custody.said_by(by), clock=clock or SystemClock()),
        folder_of=lambda name, chosen: SampleFolder(chosen or _beside(home, "samples") / name),
        people_known=not pack.stated.options.pseudonymised,
    )


def from_locker(
    address: str,
    population: str,
    *,
    since: date | None,
    until: date | None,
    by: str | None,
    reference: str,
    profile: str | None,
    clock: Clock | None = None,
) -> Bench:
    """A draw from a locker: its population is made again, byte for byte as every pack that shows its run has it."""
    locker = stores.open_locker(address, profile=profile)
    history = LockerHistory(locker)
    run = history.run(until.isoformat() if until else None)
    day = until or run.taken_at.date()
    body = _population(locker, population, since or day, day)
    frozen = Frozen(
        population=sample_record.read_population(population, body),
        body=body,
        ref=f"populations/{population}.csv",
        of=sample_record.population_of(f"locker {locker.describe()}", run.run_id),
    )

    def draw() -> DrawSample:
        keeper = custody.open_custodian(address, profile=profile, by=by)
        head = history.chain.head
        if head is None:
            raise EvidenceError(
                f"the chain of {locker.describe()} has no head: nothing can be put on record against it."
            )
        log = LockerDrawLog(keeper.locker, head=head, record=keeper.record, reference=reference)
        return DrawSample(log=log, who=keeper.who, clock=clock or SystemClock())

    return Bench(
        frozen=frozen,
        run=run,
        gather=GatherEvidence(locker, history, run),
        seed_of_witness=lambda: witness_seed(locker, history, run),
        draw=draw,
        folder_of=lambda name, chosen: SampleFolder(chosen or Path(f"sample-{name}")),
        people_known=True,
    )


def _population(locker: Locker, name: str, since: date, until: date) -> bytes:
    from prooftrail.flows.pack_views import PackViews  # noqa: PLC0415 - only a locker's population is made again
    from prooftrail.pack.registers.populations import POPULATIONS, population_bytes  # noqa: PLC0415
    from prooftrail.pack.view import PackOptions  # noqa: PLC0415

    if name not in POPULATIONS:
        raise ConfigError(f"--population {name!r} is none: there are {', '.join(POPULATIONS)}.")
    views = PackViews(locker, PackOptions(since=since, until=until))
    return population_bytes(name, views.period, views.accounts())


def _beside(pack: Path, what: str) -> Path:
    resolved = pack.absolute()
    return resolved.with_name(f"{resolved.name}-{what}")


class _PackLog:
    """The log beside a pack, told of draws. Satisfies flows.draw_sample.DrawLog."""

    def __init__(self, file: DrawLogFile, pack_sha256: str) -> None:
        self._file, self._pack = file, pack_sha256

    def draws_of(self, population_sha256: str) -> tuple[str, ...]:
        return self._file.read().draws_of(population_sha256)

    def enter(self, sample: Sample, *, reason: str) -> str:
        number, end = self._file.append(lambda _: entry_of(sample, pack_sha256=self._pack, reason=reason))
        return f"line {number} of {self._file.name}, SHA-256 {end}"
