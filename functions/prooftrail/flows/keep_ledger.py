"""Which runs of the chain the ledger lacks, and how it comes to have them: in the closing process, or in steps of their own.

The ledger is told from the oldest run it lacks to the newest, each account's outcomes in the order of its runs; once
all outcomes of a run are told, its row is written. Older runs are believed by the chain's own links, so that whoever
trusts a head needs no key here.
"""

from collections import defaultdict
from collections.abc import Iterator

import msgspec

from prooftrail.errors import EvidenceError, EvidenceUnreadable, LedgerError
from prooftrail.evidence import layout
from prooftrail.evidence import manifest as manifests
from prooftrail.evidence.manifest import Genesis, Head, Manifest, Rotation
from prooftrail.model import canonical
from prooftrail.model.run import EvidenceKind
from prooftrail.ports import Ledger, Locker, RunRow

from .tell_ledger import TellLedger, run_row

MOST_BEHIND = 30
"""Runs the ledger may lack, the newest included; one that lacks more is rebuilt, not told."""

_NAMED = 3  # accounts named in a sentence


class Untold(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An account whose newest outcome, at `key` with the hash `sha256`, the ledger lacks.

    `earlier` are its outcomes in older runs that are lacking too, oldest first, each as key and hash: they come first.
    """

    account: str
    key: str
    sha256: str
    earlier: tuple[tuple[str, str], ...] = ()


class KeepLedger:
    """Brings the ledger up to a head of the chain; each step may be repeated, and stops where it was cut short."""

    def __init__(self, *, locker: Locker, ledger: Ledger, tell: TellLedger) -> None:
        self._locker, self._ledger, self._tell = locker, ledger, tell

    def untold(self, head: Head, manifest: Manifest) -> Iterator[Untold]:
        """What the ledger lacks of `manifest`, which is at `head`, and of the runs before it, in order of account.

        Raises LedgerError where the ledger is too far behind, or an older manifest cannot be read any more.
        """
        lacking: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for _, run_id, outcomes in self._behind(head, manifest):
            for one in self._lacking(run_id, outcomes):
                lacking[one.account].append((one.key, one.sha256))
        for account, found in sorted(lacking.items()):
            *earlier, (key, sha256) = found
            yield Untold(account=account, key=key, sha256=sha256, earlier=tuple(earlier))

    def tell(self, one: Untold) -> None:
        """Tell an account's outcomes. Raises EvidenceError where one is not what the chain names."""
        for key, sha256 in (*one.earlier, (one.key, one.sha256)):
            self._tell(key, sha256)

    def record(self, head: Head, manifest: Manifest) -> None:
        """Write the rows of this run and of those before it that have none.

        Raises LedgerError naming what a run lacks: its row says that everything of it was told.
        """
        for row, run_id, outcomes in self._behind(head, manifest):
            if lacks := [one.account for one in self._lacking(run_id, outcomes)]:
                named = ", ".join(lacks[:_NAMED]) + (f" and {len(lacks) - _NAMED} more" if len(lacks) > _NAMED else "")
                raise LedgerError(
                    f"{self._ledger.describe()} lacks {len(lacks)} outcomes of run {run_id} (accounts {named}): the"
                    " next run tells them; sooner, `prooftrail ledger rebuild` does."
                )
            self._ledger.record_run(row)

    def __call__(self, head: Head, manifest: Manifest) -> None:
        """All of it in one process."""
        for one in self.untold(head, manifest):
            self.tell(one)
        self.record(head, manifest)

    def _behind(self, head: Head, manifest: Manifest) -> list[tuple[RunRow, str, list[Untold]]]:
        """Row, id and outcomes of each run without a row of its own, and of this one in any case, oldest first."""
        recorded = {(one.seq, one.manifest_sha256) for one in self._ledger.runs()}
        found, before = [_of(head, manifest)], manifest.previous
        while before.seq > 0 and (before.seq, before.sha256) not in recorded:
            link = self._read(before)
            if isinstance(link, Manifest):
                if len(found) == MOST_BEHIND:
                    raise LedgerError(
                        f"{self._ledger.describe()} lacks more than {MOST_BEHIND} runs before slot {head.seq}: rebuild"
                        " it with `prooftrail ledger rebuild`."
                    )
                found.append(_of(before, link))
            before = link.previous
        return found[::-1]

    def _read(self, head: Head) -> Manifest | Rotation:
        key = layout.chain_key(head.seq)
        try:
            body = self._locker.get(key)
            if canonical.sha256(body) != head.sha256:
                raise EvidenceUnreadable(f"{key} is not the manifest that the next one names.")
            read = manifests.read(key, body)
            if isinstance(read, Genesis):
                raise EvidenceUnreadable(f"{key} is a second genesis.")
        except EvidenceError as error:
            raise LedgerError(
                f"{self._ledger.describe()} lacks the run in slot {head.seq}, which cannot be read: {error} Run"
                " `prooftrail verify`, then `prooftrail ledger rebuild`."
            ) from error
        return read

    def _lacking(self, run_id: str, outcomes: list[Untold]) -> list[Untold]:
        told = {one.outcome_sha256 for one in self._ledger.outcomes(run_id)}
        return [one for one in outcomes if one.sha256 not in told]


def _of(head: Head, manifest: Manifest) -> tuple[RunRow, str, list[Untold]]:
    named = ((layout.Place(one.key).account, one) for one in manifest.objects if one.kind is EvidenceKind.OUTCOME)
    outcomes = [Untold(account=account, key=one.key, sha256=one.stored_sha256) for account, one in named if account]
    return run_row(head.sha256, manifest), manifest.run.id, outcomes
