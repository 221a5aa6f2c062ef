"""Seals custody records: one place for every act that is put on record, in a directory and in a bucket alike."""

import contextlib
from datetime import timedelta

from prooftrail.errors import AlreadySealed, ConfigError
from prooftrail.evidence import custody, layout
from prooftrail.evidence.custody import Custody
from prooftrail.model.run import EvidenceKind
from prooftrail.ports import Locker
from prooftrail.settings import Retention

LONGEST_KEPT = 36_500
"""Days: the hundred years that S3 Object Lock takes at most."""


class RecordCustody:
    """Writes below `custody/`, where the next run's manifest names what it finds.

    Records are kept `keep_days` days; None keeps them as long as the genesis was when it was sealed.
    Raises ConfigError for more days than any store keeps anything.
    """

    def __init__(self, locker: Locker, *, keep_days: int | None = None) -> None:
        if keep_days is not None and not 1 <= keep_days <= LONGEST_KEPT:
            raise ConfigError(
                f"--keep-days takes 1 to {LONGEST_KEPT:,} days (S3 locks nothing longer), not {keep_days:,}."
            )
        self._locker, self._keep_days = locker, keep_days

    def __call__(self, record: Custody) -> str:
        """The key the record is sealed under; the same act, said in the same second, is on record already."""
        key, body = custody.sealed(record)
        with contextlib.suppress(AlreadySealed):
            self._locker.put(key, body, retain_until=record.at + timedelta(days=self._days()))
        return key

    def _days(self) -> int:
        """Days a record is kept: a bucket of ours refuses what is kept shorter than it was told to, or longer."""
        if self._keep_days is not None:
            return self._keep_days
        genesis = next((one for one in self._locker.versions(layout.chain_key(0)) if not one.delete_marker), None)
        until = self._locker.retained_until(genesis.key, version_id=genesis.version_id) if genesis else None
        if genesis is None or until is None:
            return Retention().days[EvidenceKind.CUSTODY]
        return max(round((until - genesis.stored_at) / timedelta(days=1)), 1)
