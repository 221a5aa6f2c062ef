"""The doors of the package, with every client they make and every write to S3 said on a line of its own.

Runs inside the function, in front of the package. STOP_AFTER_WRITES kills the function once that many objects were
taken by S3, before it learns that they were: as AWS does when its time is over.
"""

import json
import os
import signal
import sys

from botocore.httpsession import URLLib3Session
from botocore.session import Session

_create, _send = Session.create_client, URLLib3Session.send
_stop_after = int(os.environ.get("STOP_AFTER_WRITES", "0"))  # noqa: TID251 - this is the function
_writes = 0


def _created(self, service_name, region_name=None, *arguments, **named):  # type: ignore[no-untyped-def]
    _say(client=f"{service_name} {region_name}")
    return _create(self, service_name, region_name, *arguments, **named)


def _sent(self, request):  # type: ignore[no-untyped-def]
    global _writes  # noqa: PLW0603
    answer = _send(self, request)
    if request.method == "PUT" and answer.status_code == 200:
        _writes += 1
        _say(written=request.url.split("?")[0])
        if _writes == _stop_after:
            os.kill(os.getpid(), signal.SIGKILL)
    return answer


def _say(**fact: str) -> None:
    sys.stdout.write(json.dumps(fact) + "\n")


Session.create_client, URLLib3Session.send = _created, _sent  # type: ignore[method-assign]


def __getattr__(door: str) -> object:
    from prooftrail import handlers

    return getattr(handlers, door)
