"""The composition root: puts the adapters together that an address names.

AWS's libraries are imported where an address calls for them: whoever reads a directory should not wait for them.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from prooftrail import governance as policy
from prooftrail.adapters.embedded.directory_locker import DirectoryLocker
from prooftrail.adapters.embedded.file_signer import FileSigner
from prooftrail.adapters.embedded.home import Home
from prooftrail.adapters.embedded.sqlite_ledger import SqliteLedger
from prooftrail.adapters.source_code import this_code
from prooftrail.adapters.system_clock import SystemClock
from prooftrail.errors import AccessError, ConfigError, ProoftrailError
from prooftrail.evidence.manifest import Head
from prooftrail.flows.close_run import CloseRun
from prooftrail.flows.doctor import Doctor
from prooftrail.flows.scan_account import ScanAccount
from prooftrail.flows.sealing import Sealing
from prooftrail.flows.start_run import StartRun
from prooftrail.flows.sweep import Sweep
from prooftrail.flows.tell_ledger import TellLedger
from prooftrail.governance import Governance
from prooftrail.model import canonical
from prooftrail.model.run import Run, Schedule
from prooftrail.ports import Clock, FingerprintKey, Ledger, Locker, Signer
from prooftrail.settings import ACCOUNT_WORKERS, ROLE_NAME, Retention

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_kms import KMSClient

    from prooftrail.adapters.aws.sessions import Sessions

_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-[0-9]+")
_COLONS_IN_AN_ARN = 5
_BUCKET, _TABLE, _KEY = "s3://", "dynamodb:", "kms:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a person may choose for a scan; None stands for the default beside it.

    `regions` is `all` or a comma-separated list. `endpoint_url` and `credentials` are for simulated organizations.
    """

    locker: str
    home: Path | None = None
    signer: str | None = None
    fingerprint_key: str | None = None
    ledger: str | None = None
    governance: Path | None = None
    profile: str | None = None
    organization: bool = False
    role_name: str = ROLE_NAME
    external_id: str | None = None
    regions: str = "all"
    workers: int = ACCOUNT_WORKERS
    schedule: Schedule | None = None
    endpoint_url: str | None = None
    credentials: dict[str, str] | None = None

    def home_path(self) -> Path:
        """Where keys, ledger and the last head live: `--home`, else beside the locker under its name with `-home`."""
        if self.home is not None:
            return self.home
        name = self.locker.removeprefix(_BUCKET).rstrip("/")
        return Path(f"{name}-home")

    def region_list(self) -> tuple[str, ...] | None:
        """The regions asked for, None for all enabled ones. Raises ConfigError for an empty list."""
        if self.regions.strip() == "all":
            return None
        named = tuple(one.strip() for one in self.regions.split(",") if one.strip())
        wrong = [one for one in named if not _REGION.fullmatch(one)]
        if not named or wrong:
            raise ConfigError(f"--regions {self.regions!r} names no regions: write `all`, or e.g. eu-west-1,us-east-1.")
        return named


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A ready embedded wiring: the sweep, and what names its next run."""

    sweep: Sweep
    clock: Clock
    schedule: Schedule | None

    def next_run(self) -> Run:
        """The run of the latest tick where there is a schedule, else one a person asked for, now."""
        now = self.clock.now()
        return Run.scheduled(self.schedule.latest(now), None) if self.schedule else Run.manual(now, None)


def embedded(options: Options, *, clock: Clock | None = None) -> Deployment:
    """Wire a scan that runs in this process. Makes the home if need be; asks AWS only who we are.

    Raises ConfigError for an option that cannot be meant, AccessError where AWS does not say who we are.
    """
    from prooftrail.adapters.aws.account_source import AwsAccountSource  # noqa: PLC0415
    from prooftrail.adapters.aws.governor import Governors  # noqa: PLC0415
    from prooftrail.adapters.aws.organizations import AwsOrganizationSource  # noqa: PLC0415

    regions, clock = options.region_list(), clock or SystemClock()
    sessions, governors = _sessions(options), Governors()
    partition = sessions.caller().partition
    _apart(options)
    home = Home(options.home_path()).create()
    locker, ledger, signer = _locker(options), _ledger(options, home), _signer(options, home)
    fingerprints = _fingerprints(options, home)
    sealing = Sealing(locker, clock=clock, retention=Retention(), secret=fingerprints.secret())
    code, tell = this_code(), TellLedger(locker=locker, ledger=ledger)
    scan = ScanAccount(
        locker=locker,
        sealing=sealing,
        source=AwsAccountSource(sessions, clock=clock, governors=governors, partition=partition),
        tell=tell,
        fingerprints=fingerprints,
        regions=regions,
        clock=clock,
    )
    start = StartRun(
        locker=locker,
        sealing=sealing,
        signer=signer,
        pin=home,
        organization=AwsOrganizationSource(
            sessions, clock=clock, governors=governors, organization=options.organization
        ),
        fingerprints=fingerprints,
        governance=governance(options.governance),
        schedule=options.schedule,
        role_name=options.role_name if options.organization else None,
        code=code,
        clock=clock,
    )
    close = CloseRun(
        locker=locker, sealing=sealing, signer=signer, pin=home, ledger=ledger, tell=tell, code=code, clock=clock
    )
    sweep = Sweep(start=start, scan=scan, close=close, workers=options.workers)
    return Deployment(sweep=sweep, clock=clock, schedule=options.schedule)


def _apart(options: Options) -> None:
    """A home inside the locker would put keys among the evidence. Raises ConfigError before anything is written."""
    if options.locker.startswith(_BUCKET):
        _bucket(options.locker)
        return
    home, locker = options.home_path().resolve(), Path(options.locker).resolve()
    if home == locker or locker in home.parents:
        raise ConfigError(
            f"--home {home} lies in the locker: keys do not belong among evidence. Name a directory outside it."
        )


def doctor(options: Options) -> Doctor:
    """Wire the check of what a scan with these options would see. Makes nothing."""
    from prooftrail.adapters.aws.governor import Governors  # noqa: PLC0415
    from prooftrail.adapters.aws.probe import AwsProbe  # noqa: PLC0415

    clock = SystemClock()
    probe = AwsProbe(
        _sessions(options), clock=clock, governors=Governors(), source_identity=canonical.run_id(clock.now())
    )
    return Doctor(
        probe,
        organization=options.organization,
        role_name=options.role_name,
        external_id=options.external_id,
        regions=options.region_list(),
        workers=options.workers,
    )


def check_stores(options: Options) -> tuple[str, ...]:
    """What is wrong with locker, signer, governance as the options name them, a sentence each; makes nothing."""
    wrong = []
    checks: tuple[Callable[[], object], ...] = (
        lambda: governance(options.governance),
        lambda: _locker(options) if options.locker.startswith(_BUCKET) else None,
        lambda: _kms_key(options),
    )
    for check in checks:
        try:
            check()
        except ProoftrailError as error:
            wrong.append(str(error))
    return tuple(wrong)


def governance(folder: Path | None) -> Governance:
    """The policy in `folder`; without one, the built-in defaults. Raises ConfigError naming file and key."""
    if folder is None:
        return policy.parse({})
    if not folder.is_dir():
        raise ConfigError(f"there is no governance directory at {folder}: check --governance.")
    try:
        return policy.parse({one: (folder / one).read_bytes() for one in policy.FILES if (folder / one).exists()})
    except OSError as error:
        raise ConfigError(f"{error.filename} cannot be read: {error.strerror}. Check its permissions.") from error


def _sessions(options: Options) -> "Sessions":
    from prooftrail.adapters.aws.sessions import Sessions  # noqa: PLC0415

    return Sessions(
        role_name=options.role_name,
        external_id=options.external_id,
        profile=options.profile,
        endpoint_url=options.endpoint_url,
        credentials=options.credentials,
    )


def _locker(options: Options) -> Locker:
    from prooftrail.adapters.aws.s3_locker import S3Locker, lock_mode  # noqa: PLC0415

    if not options.locker.startswith(_BUCKET):
        directory = DirectoryLocker(Path(options.locker))
        directory.create()
        return directory
    bucket = _bucket(options.locker)
    client = _session(options.profile).client("s3", endpoint_url=options.endpoint_url)
    # A bucket whose lock has no default still takes one with each object; governance can be undone, compliance never.
    mode = lock_mode(client, bucket) or "GOVERNANCE"
    return S3Locker(client, bucket, mode=mode)


def _ledger(options: Options, home: Home) -> Ledger:
    """The ledger, asked once: one that is damaged or not there is better known before a scan than after it."""
    ledger = (
        SqliteLedger(home.ledger) if options.ledger is None else open_ledger(options.ledger, profile=options.profile)
    )
    ledger.runs()
    return ledger


def _signer(options: Options, home: Home) -> Signer:
    if options.signer is None:
        return home.signer()
    return _kms_key(options) or FileSigner(Path(options.signer))


def _kms_key(options: Options) -> Signer | None:
    """The KMS key the options name, asked for its public half; None where they name none."""
    from prooftrail.adapters.aws.kms import KmsSigner  # noqa: PLC0415

    if options.signer is None or not options.signer.startswith(_KEY):
        return None
    arn = _key_arn(options.signer, "--signer")
    signer = KmsSigner(_kms(options, arn), arn)
    signer.public_key_pem()
    return signer


def _fingerprints(options: Options, home: Home) -> FingerprintKey:
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


def _bucket(address: str) -> str:
    bucket = address.removeprefix(_BUCKET).rstrip("/")
    if not bucket or "/" in bucket:
        raise ConfigError(
            f"{address!r} names no bucket: write s3://BUCKET; a locker is a whole bucket, never a prefix."
        )
    return bucket


def clock() -> Clock:
    """The clock every real run looks at."""
    return SystemClock()


def open_locker(address: str, *, profile: str | None = None) -> Locker:
    """The locker at `address`: `s3://BUCKET`, else a directory. Nothing is made or asked yet; a bad address is ConfigError."""
    from prooftrail.adapters.aws.s3_locker import S3Locker  # noqa: PLC0415

    if not address.startswith(_BUCKET):
        return DirectoryLocker(Path(address))
    return S3Locker(_session(profile).client("s3"), _bucket(address), mode=None)


def open_ledger(address: str, *, profile: str | None = None) -> Ledger:
    """The ledger at `address`: `dynamodb:TABLE`, else an SQLite file."""
    from prooftrail.adapters.aws.dynamodb_ledger import CLIENT_CONFIG, DynamoDbLedger  # noqa: PLC0415

    if not address.startswith(_TABLE):
        return SqliteLedger(Path(address))
    return DynamoDbLedger(_session(profile).client("dynamodb", config=CLIENT_CONFIG), address.removeprefix(_TABLE))


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


def _session(profile: str | None) -> "boto3.Session":
    import boto3  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415

    try:
        return boto3.Session(profile_name=profile)
    except BotoCoreError as error:
        raise AccessError(f"no AWS session can be made: {error}. Check --profile and the credentials.") from error
