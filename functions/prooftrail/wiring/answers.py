"""Opens a locker for whoever answers a notice: what is open in it, the policy in force, and who we are."""

from dataclasses import dataclass
from pathlib import Path

from prooftrail.adapters.embedded.directory_locker import DirectoryLocker
from prooftrail.adapters.embedded.home import Home
from prooftrail.adapters.system_clock import SystemClock
from prooftrail.errors import AccessError, ConfigError
from prooftrail.flows import answers, locker_judgement
from prooftrail.flows.answered import Answerable
from prooftrail.flows.answers import SayAnswer, Voice
from prooftrail.flows.locker_history import AsOf, LockerHistory
from prooftrail.governance import Governance
from prooftrail.ports import Clock, Locker, Signer
from prooftrail.settings import Retention

from . import stores
from .options import BUCKET, Options


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Everything an answer needs: what is open as of the newest run, its policy, the flow that seals, and who speaks."""

    answerable: Answerable
    policy: Governance
    view: AsOf
    say: SayAnswer
    voice: Voice
    clock: Clock


def open_desk(options: Options, history: LockerHistory, *, keep_days: int | None = None) -> Desk:
    """The desk of a locker; in a directory the home's key speaks, in a bucket the caller, signed where `signer` is given.

    Raises ConfigError for a home that has no key or another locker's, AccessError where AWS does not say who we are.
    """
    view = history.as_of(history.run())
    policy = locker_judgement.context_of(history, view.run).governance
    locker, voice = _spoken(options, policy)
    found = locker_judgement.judgements(history, view)
    clock = SystemClock()
    return Desk(
        answerable=Answerable(history, view, found, policy),
        policy=policy,
        view=view,
        say=SayAnswer(locker=locker, voice=voice, clock=clock, retention=Retention(), keep_days=keep_days),
        voice=voice,
        clock=clock,
    )


def _spoken(options: Options, policy: Governance) -> tuple[Locker, Voice]:
    home, secret = Home(options.home_path()), _secret(options, policy)
    if options.locker.startswith(BUCKET):
        locker, arn = _bucket(options)
        signer = stores.signer_of(options, home) if options.signer else None
        return locker, Voice(arn=arn, signer=signer, secret=secret)
    return DirectoryLocker(Path(options.locker)), Voice(arn=None, signer=_signer(options, home), secret=secret)


def _signer(options: Options, home: Home) -> Signer:
    if options.signer is None and home.public_key_pem() is None:
        raise ConfigError(
            f"{home.path} holds no signing key, and an answer has to be signed: name the home of this locker with --home,"
            " or a key with --signer."
        )
    return stores.signer_of(options, home)


def _secret(options: Options, policy: Governance) -> bytes | None:
    """The key of the locker's pseudonyms: one that KMS keeps where it is named, else the home's; None without either."""
    home = Home(options.home_path())
    if options.fingerprint_key is None and not (home.path / "fingerprint-key").exists():
        return None
    secret = stores.fingerprints_of(options, home).secret()
    if policy.pseudonymous and not answers.keyed_with(policy, secret):
        raise ConfigError(
            f"the fingerprint key of {options.fingerprint_key or home.path} is not that of {options.locker}: name the home"
            " it was scanned with."
        )
    return secret


def _bucket(options: Options) -> tuple[Locker, str]:
    """The bucket, written to under its own lock, and the ARN of who writes."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    from prooftrail.adapters.aws.s3_locker import S3Locker, lock_mode  # noqa: PLC0415

    name, session = stores.bucket(options.locker), stores._session(options.profile)  # noqa: SLF001 - one way to make one
    client = session.client("s3")
    try:
        arn = str(session.client("sts").get_caller_identity()["Arn"])
    except (BotoCoreError, ClientError) as error:
        raise AccessError(f"AWS does not say who we are: {error}. Check --profile and the credentials.") from error
    return S3Locker(client, name, mode=lock_mode(client, name) or "GOVERNANCE"), arn
