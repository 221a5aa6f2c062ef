"""Handing a letter to AWS, where the same call again could make it two letters: what was refused, and what is not known."""

import re
import time
from collections.abc import Callable
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from prooftrail.errors import AccessError, NoticeError

from .questions import THROTTLES

ONCE = Config(
    retries={"mode": "standard", "total_max_attempts": 1},
    connect_timeout=5,
    read_timeout=60,
    user_agent_extra="prooftrail",
)
"""What a client that hands letters over must be made with: botocore repeats a call whose answer was lost, and so the letter."""

LONGEST_SUBJECT = 99
"""Characters of a subject that SNS takes."""

type Pause = Callable[[float], None]

_WAITS_S = (1.0, 2.0, 4.0)
_REFUSED_FROM, _REFUSED_TO = 400, 499
_TIMED_OUT = 408
_BUSY = THROTTLES | {"KMSThrottling", "KMSThrottlingException", "Throttled"}
_SUBJECT = re.compile(rf"[\x20-\x7e]{{1,{LONGEST_SUBJECT}}}")
# One address and nothing that a mail header, a list of addresses or a display name is made of.
_ADDRESS = re.compile(r"[^\s@,;:<>()\[\]\"\\]{1,64}@[^\s@,;:<>()\[\]\"\\]{1,255}")


def hand_over(call: Callable[[], Any], *, action: str, recipient: str, pause: Pause = time.sleep) -> Any:
    """Make a call that hands a letter over, again only where AWS was too busy to take it.

    Raises NoticeError where it was refused, so that nothing was sent, and AccessError where that is not known: no answer,
    or one that blames AWS. Neither says more than AWS's code: its sentences may hold the address.
    """
    for wait in (*_WAITS_S, None):
        try:
            return call()
        except ParamValidationError as wrong:
            raise NoticeError(f"{action} for {recipient} cannot be asked: the letter does not fit the call.") from wrong
        except ClientError as failed:
            if not refused(failed):
                raise AccessError(
                    f"whether {action} for {recipient} was taken is not known ({code_of(failed)}): receipts tell later."
                ) from failed
            if wait is None or code_of(failed) not in _BUSY:
                raise NoticeError(f"AWS refused {action} for {recipient} ({code_of(failed)}).") from failed
            pause(wait)
        except BotoCoreError as failed:
            raise AccessError(
                f"whether {action} for {recipient} was taken is not known ({type(failed).__name__}): receipts tell later."
            ) from failed
    raise AssertionError("the last try always ends")


def ask(call: Callable[[], Any], *, pause: Pause = time.sleep) -> Any:
    """Make a call that may be made again, which the client does not do by itself; raises what the last try ended with."""
    for wait in _WAITS_S:
        try:
            return call()
        except ClientError as failed:
            if refused(failed) and code_of(failed) not in _BUSY:
                raise
        except ParamValidationError:
            raise
        except BotoCoreError:
            pass
        pause(wait)
    return call()


def refused(failed: ClientError) -> bool:
    """True where AWS blames the request: nothing came of it. A timeout and a fault of AWS's leave that open."""
    status = int(failed.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    return _REFUSED_FROM <= status <= _REFUSED_TO and status != _TIMED_OUT


def code_of(failed: ClientError) -> str:
    """AWS's own code."""
    return str(failed.response.get("Error", {}).get("Code", "")) or "no code"


def check_letter(subject: str, address: str, *, recipient: str) -> None:
    """Raises NoticeError unless the subject is one line of plain ASCII, short enough, and the address a single one."""
    if not _SUBJECT.fullmatch(subject):
        raise NoticeError(
            f"the subject for {recipient} is not one line of 1 to {LONGEST_SUBJECT} plain ASCII characters: nothing was sent."
        )
    check_address(address, recipient=recipient)


def check_address(address: str, *, recipient: str) -> None:
    """Raises NoticeError unless it is the address of one mailbox."""
    if not _ADDRESS.fullmatch(address):
        raise NoticeError(
            f"what stands for the address of {recipient} is not one e-mail address: correct it in owners.toml."
        )
