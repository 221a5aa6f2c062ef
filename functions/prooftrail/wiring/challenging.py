"""Puts a challenge together: the sealed side out of a locker, the live side under the auditor's own credentials."""

import secrets
from typing import TYPE_CHECKING

from prooftrail.adapters.system_clock import SystemClock
from prooftrail.flows.challenge import ChallengeLocker
from prooftrail.flows.locker_history import LockerHistory
from prooftrail.ports import Clock

from .options import Options

if TYPE_CHECKING:
    from prooftrail.adapters.aws.sessions import Sessions

_SECRET_BYTES = 32


def open_challenge(options: Options, history: LockerHistory, *, clock: Clock | None = None) -> ChallengeLocker:
    """A challenge of the locker that `history` reads, by whoever `options` names a profile of.

    Raises AccessError where AWS does not say who that is.
    """
    from prooftrail.adapters.aws.account_source import AwsAccountSource  # noqa: PLC0415
    from prooftrail.adapters.aws.governor import Governors  # noqa: PLC0415

    clock = clock or SystemClock()
    sessions = _sessions(options)
    caller = sessions.caller()
    return ChallengeLocker(
        history=history,
        source=AwsAccountSource(sessions, clock=clock, governors=Governors(), partition=caller.partition),
        account=caller.account,
        who=caller.arn,
        secret=secrets.token_bytes(_SECRET_BYTES),
        clock=clock,
    )


def _sessions(options: Options) -> "Sessions":
    from prooftrail.adapters.aws.sessions import Sessions  # noqa: PLC0415

    return Sessions(
        role_name=options.role_name,
        external_id=options.external_id,
        profile=options.profile,
        endpoint_url=options.endpoint_url,
        credentials=options.credentials,
    )
