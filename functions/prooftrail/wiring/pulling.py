"""Opens a bucket for whoever takes evidence away, and the directory it goes to, with the notes beside it."""

from pathlib import Path

from prooftrail.adapters.embedded import pull_notes
from prooftrail.adapters.embedded.copy_directory import CopyDirectory
from prooftrail.adapters.embedded.pull_notes import PullDirectory
from prooftrail.adapters.source_code import VERSION
from prooftrail.adapters.system_clock import SystemClock
from prooftrail.errors import AccessError, ConfigError, ProoftrailError
from prooftrail.evidence.pulled import PulledObject, PullRecord
from prooftrail.flows.pull_evidence import PullEvidence

from . import stores
from .options import BUCKET


def pull(address: str, to: Path, *, profile: str | None, workers: int, endpoint_url: str | None = None) -> PullEvidence:
    """A ready pull from the bucket at `address` into the directory `to`.

    `endpoint_url` is for simulated stores. Raises ConfigError for a directory, and for a place that is no directory.
    """
    if not address.startswith(BUCKET):
        raise ConfigError(
            f"{address!r} is a directory, and pull takes evidence from a bucket (s3://BUCKET), where nobody can change"
            " it on the way unseen. A directory is its own copy: copy it as files, then run `prooftrail verify` on it."
        )
    if str(to).startswith("s3:"):
        raise ConfigError(f"{str(to)!r} is no directory: pull writes into one on this machine, never into a bucket.")
    if to.exists() and not to.is_dir():
        raise ConfigError(f"{to} is a file: name a directory, new, empty, or of an earlier pull of this bucket.")
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415

    from prooftrail.adapters.aws.s3_evidence import S3Evidence, client_config  # noqa: PLC0415

    name, session = stores.bucket(address), stores._session(profile)  # noqa: SLF001 - one way to make a session
    try:
        s3 = session.client("s3", config=client_config(workers), endpoint_url=endpoint_url)
        sts = session.client("sts", region_name=session.region_name or "us-east-1", endpoint_url=endpoint_url)
    except BotoCoreError as error:
        raise AccessError(f"no client for S3 can be made: {error}. Check --profile and its region.") from error
    return PullEvidence(
        source=S3Evidence(s3, name, sts=sts),
        copy=CopyDirectory(to),
        notes=PullDirectory(to),
        clock=SystemClock(),
        version=VERSION,
        workers=workers,
    )


def pull_record(address: str) -> PullRecord | None:
    """What the last pull into the directory at `address` stated; None for a bucket, and where none was made."""
    return None if address.startswith(BUCKET) else pull_notes.read_record(Path(address))


def readable_record(address: str) -> tuple[PullRecord | None, str | None]:
    """`pull_record` for who only reads: a record that cannot be read is None, with the sentence that says so."""
    try:
        return pull_record(address), None
    except ProoftrailError as error:
        return None, f"{error} Until then nothing tells whether this copy is whole."


def pulled_objects(address: str) -> dict[str, PulledObject]:
    """What pulls into the directory at `address` observed of each object, by key; nothing for a bucket."""
    return {} if address.startswith(BUCKET) else pull_notes.read_objects(Path(address))


def notes_of(to: Path) -> Path:
    """Where the notes on the copy `to` lie."""
    return pull_notes.beside(to)
