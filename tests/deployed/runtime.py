"""A function as AWS runs it: the package alone, under AWS's own runtime client, against a Runtime API on loopback.

The API is AWS's "Lambda runtime API", 2018-06-01: the runtime asks for the next event, and posts a response, an error, or
that it could not even start. Nothing of the tests' environment leaks in but the runtime client itself.
"""

import contextlib
import json
import os
import queue
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.deployed.package import site_packages

_API = "/2018-06-01/runtime/"
_RIC = ("awslambdaric", "simplejson", "snapshot_restore_py.py", "runtime_client*.so")
_ARN = "arn:aws:lambda:eu-central-1:111122223333:function:prooftrail-test"
_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a function made of an event: `result`, or `error` as the runtime reports it; `ended` if it fell silent."""

    result: Any = None
    error: dict[str, Any] | None = None
    ended: bool = False

    def value(self) -> Any:
        """The result; fails the test, with what the function said, where there is none."""
        assert self.error is None, json.dumps(self.error, indent=1)
        assert not self.ended, "the function ended without an answer"
        return self.result

    def refusal(self) -> tuple[str, str]:
        """The error's type and message; fails the test where the function answered."""
        assert self.error is not None, f"the function answered {self.result!r}"
        return self.error["errorType"], self.error["errorMessage"]


class Function:
    """One function, from its cold start to its end."""

    def __init__(self, process: subprocess.Popen[bytes], api: "_Api", log: Path) -> None:
        self._process, self._api, self._log = process, api, log

    def invoke(self, event: Any, *, within_s: float = _WITHIN_S) -> Answer:
        """Send an event and wait for what becomes of it; the function is killed, as by AWS, when the time is over."""
        self.send(event)
        return self.answer(within_s=within_s)

    def send(self, event: Any) -> None:
        """Send an event, as JSON or, given bytes, as it stands."""
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        self._api.events.put(body)

    def answer(self, *, within_s: float = _WITHIN_S) -> Answer:
        """What became of the event sent last."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            with contextlib.suppress(queue.Empty):
                return self._api.answers.get(timeout=0.05)
            if self._process.poll() is not None:
                with contextlib.suppress(queue.Empty):
                    return self._api.answers.get(timeout=0.2)
                return Answer(ended=True)
        self.kill()
        return Answer(ended=True)

    def polled(self, *, within_s: float = _WITHIN_S) -> None:
        """Wait until it asks for its first event; fails the test where it does not start."""
        assert self._api.asked.wait(within_s), self.log()

    def said(self, fact: str) -> list[str]:
        """What an observed door said of `client` or `written`, in order."""
        facts = (json.loads(line) for line in self.log().splitlines() if line.startswith("{"))
        return [one[fact] for one in facts if fact in one]

    def kill(self) -> None:
        """End it between two instructions, as AWS does with a function whose time is over."""
        self._process.kill()
        self._process.wait()

    def log(self) -> str:
        """All it wrote so far."""
        return self._log.read_text(errors="replace")


class _Api(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Requests)
        self.events: queue.Queue[bytes] = queue.Queue()
        self.answers: queue.Queue[Answer] = queue.Queue()
        self.asked = threading.Event()
        self.sent = 0

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A function that was killed lets go of its connection; anything else is a fault of this API."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class _Requests(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Api

    def do_GET(self) -> None:
        assert self.path == f"{_API}invocation/next", self.path
        self.server.asked.set()
        event = self.server.events.get()
        self.server.sent += 1
        deadline = int((time.time() + _WITHIN_S) * 1000)  # noqa: TID251 - the runtime compares it with the machine's clock
        self._reply(
            200,
            event,
            {
                "Lambda-Runtime-Aws-Request-Id": f"00000000-0000-4000-8000-{self.server.sent:012}",
                "Lambda-Runtime-Deadline-Ms": str(deadline),
                "Lambda-Runtime-Invoked-Function-Arn": _ARN,
                "Content-Type": "application/json",
            },
        )

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = self._chunks()
        said = json.loads(body)
        kind = self.path.removeprefix(_API)
        failed = kind == "init/error" or kind.endswith("/error")
        assert failed or kind.endswith("/response"), self.path
        self._reply(202, b'{"status": "OK"}', {"Content-Type": "application/json"})
        self.server.answers.put(Answer(error=said) if failed else Answer(result=said))

    def _chunks(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _reply(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@cache
def _runtime_client(place: Path) -> Path:
    """AWS's runtime client and what it needs, apart from everything else that the tests have installed."""
    alone = place / "runtime-client"
    alone.mkdir()
    for found in (one for name in _RIC for one in site_packages().glob(name)):
        (shutil.copytree if found.is_dir() else shutil.copy)(found, alone / found.name)
    return alone


def _observers(handler: str) -> tuple[Path, ...]:
    return (Path(__file__).parent / "observed",) if handler.startswith("observed_doors.") else ()


@contextlib.contextmanager
def function(task_root: Path, handler: str, environment: Mapping[str, str], *, place: Path) -> Iterator[Function]:
    """Run `handler` of the package at `task_root` until the block ends. `place` is for the log and the runtime client.

    `observed_doors` is a module of handlers, too: the package's own doors, which say what they make and write.
    It sees only `environment` and what the runtime itself sets: not even a PATH, a home or a time zone.
    """
    api = _Api()
    threading.Thread(target=api.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    log = place / f"{handler}-{api.address().rpartition(':')[2]}.log"
    own = {
        "AWS_LAMBDA_RUNTIME_API": api.address(),
        "_HANDLER": handler,
        "LAMBDA_TASK_ROOT": str(task_root),
        "PYTHONPATH": os.pathsep.join(map(str, (task_root, _runtime_client(place), *_observers(handler)))),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-S", "-s", "-P", "-m", "awslambdaric", handler],
            cwd=task_root,
            env=own | dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Function(process, api, log)
    finally:
        process.kill()
        process.wait()
        api.shutdown()
        api.server_close()
