"""Opens a locker for whoever puts something on record in it: where custody records are sealed, and as whom."""

import getpass
from dataclasses import dataclass
from pathlib import Path

from prooftrail.adapters.embedded.directory_locker import DirectoryLocker
from prooftrail.errors import AccessError, ConfigError
from prooftrail.flows.record_custody import RecordCustody
from prooftrail.ports import Locker

from . import stores
from .options import BUCKET

_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Custodian:
    """A locker that can be written to, who writes, and what seals the record."""

    locker: Locker
    who: str
    record: RecordCustody


def open_custodian(address: str, *, profile: str | None, by: str | None, keep_days: int | None = None) -> Custodian:
    """In a bucket AWS says who writes; in a directory it is the name that is given, or the login's.

    Raises AccessError where AWS does not say who we are.
    """
    if not address.startswith(BUCKET):
        directory = DirectoryLocker(Path(address))
        return Custodian(locker=directory, who=said_by(by), record=RecordCustody(directory, keep_days=keep_days))
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    from prooftrail.adapters.aws.s3_locker import S3Locker, lock_mode  # noqa: PLC0415

    name, session = stores.bucket(address), stores._session(profile)  # noqa: SLF001 - one way to make a session
    client = session.client("s3")
    try:
        arn = str(session.client("sts").get_caller_identity()["Arn"])
    except (BotoCoreError, ClientError) as error:
        raise AccessError(f"AWS does not say who we are: {error}. Check --profile and the credentials.") from error
    locker = S3Locker(client, name, mode=lock_mode(client, name) or "GOVERNANCE")
    return Custodian(locker=locker, who=arn, record=RecordCustody(locker, keep_days=keep_days))


def said_by(by: str | None) -> str:
    """The name somebody gives for themselves, else the login's. Raises ConfigError where there is neither."""
    if by is not None:
        name = by.strip()
        if not name or len(name) > _LONGEST_NAME:
            raise ConfigError(f"--by takes a name of at most {_LONGEST_NAME} characters.")
        return name
    try:
        return f"login {getpass.getuser()}"
    except (OSError, KeyError):
        raise ConfigError("nothing says who runs this: add --by NAME.") from None
