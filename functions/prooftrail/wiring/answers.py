"""Opens a locker for whoever answers a notice: what is open in it, the policy in force, and who we are."""

from dataclasses import dataclass
from pathlib import Path

from prooftrail.adapters.embedded.directory_locker import DirectoryLocker
from prooftrail.adapters.embedded.home import Home
from prooftrail.adapters.system_clock import SystemClock
from prooftrail.errors import AccessError, ConfigError
from prooftrail.evidence import envelope
from prooftrail.flows import answers, locker_judgement
from prooftrail.flows import head as chain_head
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

    Where no home is named that is the one of the locker's name, or `home` beside it. Raises ConfigError for a home that
    has no key or another locker's, AccessError where AWS does not say who we are.
    """
    view = history.as_of(history.run())
    policy = locker_judgement.context_of(history, view.run).governance
    locker, voice = _spoken(options, policy)
    found = locker_judgement.judgements(history, view)
    clock = SystemClock()
    return Desk(
        answerable=Answerable(history, view, found, policy, secret=voice.secret),
        policy=policy,
        view=view,
        say=SayAnswer(locker=locker, voice=voice, clock=clock, retention=Retention(), keep_days=keep_days),
        voice=voice,
        clock=clock,
    )


def _spoken(options: Options, policy: Governance) -> tuple[Locker, Voice]:
    home = stores.home_of(options)
    secret = _secret(options, home, policy)
    if options.locker.startswith(BUCKET):
        locker, arn = _bucket(options)
        signer = stores.signer_of(options, home) if options.signer else None
        return locker, Voice(arn=arn, signer=signer, secret=secret)
    directory = DirectoryLocker(Path(options.locker))
    return directory, Voice(arn=None, signer=_signer(options, home, directory), secret=secret)


def _signer(options: Options, home: Home, locker: Locker) -> Signer:
    """The key that answers in a directory: one of the chain's, in force. Raises ConfigError for another."""
    if options.signer is None and home.public_key_pem() is None:
        raise ConfigError(
            f"{home.path} holds no signing key, and an answer has to be signed: add --home DIR, the home this locker was"
            " scanned with, or --signer with the key of its chain."
        )
    signer = stores.signer_of(options, home)
    key, known = envelope.fingerprint(signer.public_key_pem()), chain_head.signers(locker)
    if key not in known or known[key] is not None:
        raise ConfigError(
            f"the key {key[:16]} of {options.signer or home.path} is not the one that signs the chain of"
            f" {options.locker}, and an answer in a directory counts by that key alone: add --home DIR, the home this"
            " locker was scanned with."
        )
    return signer


def _secret(options: Options, home: Home, policy: Governance) -> bytes | None:
    """The key of the locker's pseudonyms: one that KMS keeps where it is named, else the home's; None without either."""
    if options.fingerprint_key is None and not (home.path / "fingerprint-key").exists():
        return None
    secret = stores.fingerprints_of(options, home).secret()
    if policy.pseudonymous and not answers.keyed_with(policy, secret):
        raise ConfigError(
            f"the fingerprint key of {options.fingerprint_key or home.path} is not that of {options.locker}: name the home"
            " it was scanned with (--home DIR)."
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
