"""What an address names: locker, ledger, keys and home, opened for a scan or for somebody who only reads."""

from pathlib import Path
from typing import TYPE_CHECKING

from prooftrail.adapters.embedded.directory_locker import DirectoryLocker
from prooftrail.adapters.embedded.file_signer import FileSigner
from prooftrail.adapters.embedded.home import Home
from prooftrail.adapters.embedded.partial_directory import PartialDirectory
from prooftrail.adapters.embedded.pull_notes import read_record
from prooftrail.adapters.embedded.sqlite_ledger import SqliteLedger
from prooftrail.errors import AccessError, ConfigError, ProoftrailError
from prooftrail.evidence.manifest import Head
from prooftrail.evidence.pulled import PullRecord
from prooftrail.ports import FingerprintKey, Ledger, Locker, Signer

from .options import BUCKET, Options

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_kms import KMSClient

_COLONS_IN_AN_ARN = 5
_TABLE, _KEY = "dynamodb:", "kms:"


def apart(options: Options) -> None:
    """A home inside the locker would put keys among the evidence. Raises ConfigError before anything is written."""
    if options.locker.startswith(BUCKET):
        bucket(options.locker)
        return
    home, locker = options.home_path().resolve(), Path(options.locker).resolve()
    if home == locker or locker in home.parents:
        raise ConfigError(
            f"--home {home} lies in the locker: keys do not belong among evidence. Name a directory outside it."
        )


def locker_of(options: Options) -> Locker:
    """The locker a scan seals into; a directory is made if need be."""
    from prooftrail.adapters.aws.s3_locker import S3Locker, lock_mode  # noqa: PLC0415

    if not options.locker.startswith(BUCKET):
        directory = DirectoryLocker(Path(options.locker))
        directory.create()
        return directory
    name = bucket(options.locker)
    client = _session(options.profile).client("s3", endpoint_url=options.endpoint_url)
    # A bucket whose lock has no default still takes one with each object; governance can be undone, compliance never.
    mode = lock_mode(client, name) or "GOVERNANCE"
    return S3Locker(client, name, mode=mode)


def ledger_of(options: Options, home: Home) -> Ledger:
    """The ledger, asked once: one that is damaged or not there is better known before a scan than after it."""
    ledger = (
        SqliteLedger(home.ledger) if options.ledger is None else open_ledger(options.ledger, profile=options.profile)
    )
    ledger.runs()
    return ledger


def home_of(options: Options) -> Home:
    """The home that is named or lies beside the locker under its name; where that has no key, `home` beside it."""
    home = Home(options.home_path())
    if options.home is not None or options.locker.startswith(BUCKET) or home.public_key_pem() is not None:
        return home
    beside = Home(Path(options.locker).absolute().parent / "home")
    return home if beside.public_key_pem() is None else beside


def signer_of(options: Options, home: Home) -> Signer:
    """The key manifests are signed with: the home's own, a key file, or one in KMS."""
    if options.signer is None:
        return home.signer()
    return kms_signer(options) or FileSigner(Path(options.signer))


def kms_signer(options: Options) -> Signer | None:
    """The KMS key the options name, asked for its public half; None where they name none."""
    return _kms_signer(options.signer, options, "--signer") if options.signer else None


def signer_at(address: str, options: Options) -> Signer:
    """The key at `address`, a file or `kms:ARN`, that is to follow the one in force."""
    return _kms_signer(address, options, "--new-signer") or FileSigner(Path(address))


def _kms_signer(address: str, options: Options, option: str) -> Signer | None:
    from prooftrail.adapters.aws.kms import KmsSigner  # noqa: PLC0415

    if not address.startswith(_KEY):
        return None
    arn = _key_arn(address, option)
    signer = KmsSigner(_kms(options, arn), arn)
    signer.public_key_pem()
    return signer


def fingerprints_of(options: Options, home: Home) -> FingerprintKey:
    """The secret pseudonyms are keyed with: the home's own, or made by KMS."""
    from prooftrail.adapters.aws.kms import KmsFingerprintKey  # noqa: PLC0415

    if options.fingerprint_key is None:
        return home.fingerprint_key()
    arn = _key_arn(options.fingerprint_key, "--fingerprint-key")
    return KmsFingerprintKey(_kms(options, arn), arn)


def _key_arn(address: str, option: str) -> str:
    arn = address.removeprefix(_KEY)
    if not address.startswith(_KEY) or arn.count(":") < _COLONS_IN_AN_ARN:
        raise ConfigError(f"{option} {address!r} names no key: write kms: and the key's ARN.")
    return arn


def _kms(options: Options, arn: str) -> "KMSClient":
    region = arn.split(":")[3]
    return _session(options.profile).client("kms", region_name=region, endpoint_url=options.endpoint_url)


def bucket(address: str) -> str:
    """The bucket an address names. Raises ConfigError for a prefix, or none."""
    name = address.removeprefix(BUCKET).rstrip("/")
    if not name or "/" in name:
        raise ConfigError(
            f"{address!r} names no bucket: write s3://BUCKET; a locker is a whole bucket, never a prefix."
        )
    return name


def open_locker(address: str, *, profile: str | None = None) -> Locker:
    """The locker at `address`: `s3://BUCKET`, else a directory, which may be a part that was pulled of a bucket.

    Nothing is made or asked yet; a bad address is ConfigError.
    """
    from prooftrail.adapters.aws.s3_locker import S3Locker  # noqa: PLC0415

    if not address.startswith(BUCKET):
        record = _scope_record(Path(address))
        whole = record is None or record.scope.whole
        return DirectoryLocker(Path(address)) if whole or record is None else PartialDirectory(Path(address), record)
    return S3Locker(_session(profile).client("s3"), bucket(address), mode=None)


def _scope_record(copy: Path) -> PullRecord | None:
    """The record of a pull as far as it can be read: what lies beside evidence must not keep anybody from reading it."""
    try:
        return read_record(copy)
    except ProoftrailError:
        return None


def open_ledger(address: str, *, profile: str | None = None, option: str = "--profile") -> Ledger:
    """The ledger at `address`: `dynamodb:TABLE`, else an SQLite file.

    `option` is what the caller calls `profile`. Raises AccessError where the profile is not there or names no region.
    """
    from botocore.exceptions import NoRegionError  # noqa: PLC0415

    from prooftrail.adapters.aws.dynamodb_ledger import CLIENT_CONFIG, DynamoDbLedger  # noqa: PLC0415

    if not address.startswith(_TABLE):
        return SqliteLedger(Path(address))
    try:
        client = _session(profile, option).client("dynamodb", config=CLIENT_CONFIG)
    except NoRegionError as error:
        raise AccessError(
            f"no region is set for {address}: add `region` to the profile that {option} names."
        ) from error
    return DynamoDbLedger(client, address.removeprefix(_TABLE))


def home_ledger(home: Path) -> Ledger:
    """The ledger in a home directory."""
    return SqliteLedger(_existing(home).ledger)


def pinned(home: Path) -> tuple[bytes | None, Head | None]:
    """What a home directory remembers of its locker, from outside it: the public key (PEM) and the newest head.

    Raises ConfigError for a directory that is not there or remembers neither.
    """
    found = _existing(home)
    key, head = found.public_key_pem(), found.head()
    if key is None and head is None:
        raise ConfigError(
            f"{home} pins nothing: it has neither signing-key.pem nor head.json. Name another with --home."
        )
    return key, Head(seq=head.seq, sha256=head.sha256) if head else None


def _existing(home: Path) -> Home:
    if not home.is_dir():
        raise ConfigError(f"there is no home directory at {home}: check --home, or leave it out.")
    return Home(home)


def _session(profile: str | None, option: str = "--profile") -> "boto3.Session":
    import boto3  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415

    try:
        return boto3.Session(profile_name=profile)
    except BotoCoreError as error:
        raise AccessError(f"no AWS session can be made: {error}. Check {option} and the credentials.") from error
