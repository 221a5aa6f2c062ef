"""The sealed objects a pack is made from, by kind and account: each read once it is needed, believed only if it is what was sealed."""

from collections.abc import Callable, Iterable, Iterator

from prooftrail.errors import EvidenceMissing, EvidenceUnreadable
from prooftrail.evidence.manifest import Manifest
from prooftrail.model.run import EvidenceKind, SealedObject
from prooftrail.pack.view import Evidence

from . import ahead
from .locker_history import LockerHistory, RunSummary

type Keep = Callable[[SealedObject | None, str, bytes], None]
"""Takes what belongs into the pack's `evidence/`: the object as a manifest names it (None where none does), key and bytes."""

type Sealed = tuple[RunSummary, SealedObject]
"""A sealed object and the run whose manifest names it."""

_OF_ACCOUNTS = frozenset(
    {
        EvidenceKind.OUTCOME,
        EvidenceKind.RAW,
        EvidenceKind.SNAPSHOT,
        EvidenceKind.PEOPLE,
        EvidenceKind.ASSESSMENT,
        EvidenceKind.TRANSITIONS,
        EvidenceKind.FINDINGS,
    }
)
_READERS, _AHEAD = 8, 32  # objects that are read before it is their turn


class PackObjects:
    """What the manifests up to a run name, oldest first; the lists themselves stay the history's own."""

    def __init__(self, history: LockerHistory, until: RunSummary, keep: Keep | None) -> None:
        self._history, self._keep = history, keep
        self._clock = history.chain.manifests[-1].closed_at  # the only present that is known
        self._found: dict[tuple[EvidenceKind, str], list[Sealed]] = {}
        for run in history.runs:
            if run.taken_at <= until.taken_at:
                self._note(run, history.manifest(run.run_id))

    @property
    def keeps(self) -> bool:
        """True if somebody takes copies: only then is read what no view shows."""
        return self._keep is not None

    def of(self, kind: EvidenceKind, account: str) -> list[Sealed]:
        """The objects of a kind that were sealed for an account, oldest first."""
        return self._found.get((kind, account), [])

    def of_run(self, kind: EvidenceKind, account: str, run_id: str) -> list[Sealed]:
        """Those of one run."""
        return [one for one in self.of(kind, account) if one[0].run_id == run_id]

    def read(self, sealed: Sealed, *, keep: bool = True) -> bytes:
        """The stored bytes; what is believed is kept. Raises EvidenceMissing or EvidenceUnreadable."""
        run, one = sealed
        try:
            body = self._history.open(run, one)
        except EvidenceMissing:
            if one.retain_until is None or one.retain_until > self._clock:
                raise
            until = f"{one.retain_until:%Y-%m-%d}"
            raise EvidenceUnreadable(f"{one.key} was kept until {until} and is gone since, on schedule") from None
        if keep:
            self.keep(one, one.key, body)
        return body

    def read_each(self, wanted: Iterable[Sealed], *, keep: bool = True) -> Iterator[tuple[Sealed, bytes | str]]:
        """The bytes of each in order, or what is wrong with it; a few are read ahead, by several threads."""
        for one, body in ahead.each(self._tried, wanted, workers=_READERS, ahead=_AHEAD):
            if keep and isinstance(body, bytes):
                self.keep(one[1], one[1].key, body)
            yield one, body

    def keep(self, sealed: SealedObject | None, key: str, body: bytes) -> None:
        """Hand bytes to whoever copies evidence."""
        if self._keep is not None:
            self._keep(sealed, key, body)

    def _tried(self, sealed: Sealed) -> tuple[Sealed, bytes | str]:
        try:
            return sealed, self.read(sealed, keep=False)
        except (EvidenceMissing, EvidenceUnreadable) as error:
            return sealed, str(error)

    def _note(self, run: RunSummary, manifest: Manifest) -> None:
        for one in manifest.objects:
            if one.kind in _OF_ACCOUNTS:
                account = account_of(one)
                if account is not None:
                    self._found.setdefault((one.kind, account), []).append((run, one))


def account_of(one: SealedObject) -> str | None:
    """The account an object was sealed for, `organization` for what belongs to the whole of it; None where it is of none.

    Told from the key alone, without the care `layout.Place` takes: a signed manifest names it.
    """
    place = one.key.split("/", 3)
    return place[2].removesuffix(".json") if one.kind in _OF_ACCOUNTS and len(place) > 2 else None


def evidence(sealed: Sealed, account: str | None) -> Evidence:
    """A sealed object as rows cite it."""
    run, one = sealed
    return Evidence(
        id=evidence_id(one),
        key=one.key,
        kind=one.kind,
        run_id=run.run_id,
        seq=run.seq,
        account=account,
        sha256=one.sha256,
        stored_sha256=one.stored_sha256,
        size=one.size,
        count=one.count,
        version_id=one.version_id,
        retain_until=one.retain_until,
    )


def evidence_id(one: SealedObject) -> str:
    """The short name rows cite an object by."""
    return f"e-{one.stored_sha256[:16]}"
