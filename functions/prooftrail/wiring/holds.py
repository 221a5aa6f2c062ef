"""Opens a bucket for whoever places legal holds in it: the locker, its holds, and who we are to AWS."""

from dataclasses import dataclass

from prooftrail.adapters.system_clock import SystemClock
from prooftrail.errors import AccessError, ConfigError
from prooftrail.flows.hold import HoldEvidence

from . import stores
from .options import BUCKET


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A ready flow, and the ARN it acts as."""

    hold: HoldEvidence
    who: str


def open_holds(address: str, *, profile: str | None, keep_days: int | None = None) -> Holder:
    """Everything `prooftrail hold` needs of the locker at `address`.

    Raises ConfigError for a directory, which can hold nothing, AccessError where AWS does not say who we are.
    """
    if not address.startswith(BUCKET):
        raise ConfigError(
            f"{address!r} is a directory, and a directory holds nothing: legal holds are S3's. Name the bucket, s3://BUCKET;"
            " of a directory keep a copy out of reach."
        )
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    from prooftrail.adapters.aws.s3_hold import S3Holds  # noqa: PLC0415
    from prooftrail.adapters.aws.s3_locker import S3Locker, lock_mode  # noqa: PLC0415

    name = stores.bucket(address)
    session = stores._session(profile)  # noqa: SLF001 - one way to make a session
    client = session.client("s3")
    try:
        who = str(session.client("sts").get_caller_identity()["Arn"])
    except (BotoCoreError, ClientError) as error:
        raise AccessError(f"AWS does not say who we are: {error}. Check --profile and the credentials.") from error
    locker = S3Locker(client, name, mode=lock_mode(client, name) or "GOVERNANCE")
    holds = S3Holds(client, name, caller=who)
    flow = HoldEvidence(locker=locker, holds=holds, who=who, clock=SystemClock(), keep_days=keep_days)
    return Holder(hold=flow, who=who)
