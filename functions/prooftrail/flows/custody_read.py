"""The custody records of a locker, as far as each holds what its name says."""

from collections.abc import Iterator

from prooftrail.errors import EvidenceUnreadable
from prooftrail.evidence import custody
from prooftrail.evidence.custody import Custody
from prooftrail.ports import Locker


def custody_records(locker: Locker) -> Iterator[tuple[str, Custody]]:
    """Each record with its key, by time. What is no record is left out: `verify` names it."""
    for one in locker.read_all("custody/"):
        if one.body is None or len(one.body) > custody.LARGEST:
            continue
        try:
            yield one.key, custody.read(one.key, one.body)
        except EvidenceUnreadable:
            continue
