"""The two servers of the proof: MiniStack, and the door before STS. Both on loopback, both stopped by process id."""

import contextlib
import http.client
import http.server
import ipaddress
import os
import signal
import socket
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import psutil

ROOT: Final = Path(__file__).parents[1]
REGION: Final = "eu-central-1"
SECRET: Final = "loopback-only"  # MiniStack takes one secret for the root of every account
_NOWHERE: Final = "http://127.0.0.1:9"  # where whoever wants to call home ends up
_READY_WITHIN_S: Final = 60.0
# The server and the functions it started end when its pipe closes, so also where this process is killed.
_LEASH: Final = (
    'exec 3<&0; "$@" <&- & server=$!; { read -r _ <&3; kill -9 -$$; } & exec 3<&-; wait $server; kill $! 2>&-; wait'
)


def assert_loopback(endpoint: str) -> str:
    """`endpoint`, if it is a loopback address given as a number, so that no name has to be resolved."""
    host = urllib.parse.urlsplit(endpoint).hostname or ""
    if not ipaddress.ip_address(host).is_loopback:
        raise SystemExit(f"{endpoint} is not on this machine: nothing was started")
    return endpoint


def forget_the_callers_settings() -> None:
    """Takes the caller's AWS settings out of this process, and keeps loopback out of any proxy."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    for name in ("NO_PROXY", "no_proxy"):
        os.environ[name] = ",".join(filter(None, (os.environ.get(name), "127.0.0.1")))


def clean_environment(home: Path, account: str, endpoint: str) -> dict[str, str]:
    """An environment for one account's administrator in which nothing of the caller's own AWS settings is left.

    An access key of 12 digits is that account's root to MiniStack. HOME is a directory of its own: the CDK keeps
    account ids by access key under it.
    """
    keep = ("PATH", "LANG", "LC_ALL", "TMPDIR", "NODE_EXTRA_CA_CERTS")
    environment = {name: os.environ[name] for name in keep if name in os.environ}
    return environment | {
        "HOME": str(home),
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": assert_loopback(endpoint),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "HTTP_PROXY": _NOWHERE,
        "HTTPS_PROXY": _NOWHERE,
        "NO_PROXY": "127.0.0.1",
    }


@contextlib.contextmanager
def ministack(logs: Path, *, management: str, sts: str, port: int) -> Iterator[str]:
    """MiniStack with its IAM checks on and its mends in place, nothing kept, one port on loopback. Gives its endpoint.

    Functions inherit its environment: their calls of STS go to `sts`, the door, and all others to MiniStack itself.
    """
    endpoint = assert_loopback(f"http://127.0.0.1:{port}")
    home = logs / "ministack"
    home.mkdir()
    settings = {
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "PERSIST_STATE": "0",
        "LAMBDA_EXECUTOR": "local",
        "SFN_WAIT_SCALE": "0.1",  # waits between attempts, which nobody learns from
        "DOCKER_HOST": f"unix://{home}/no-docker",
        "LOG_LEVEL": "INFO",
        "MINISTACK_REGION": REGION,
        "MINISTACK_ACCOUNT_ID": management,
        "MANAGEMENT_ACCOUNT": management,
        "MAILS": str(logs / "mails.jsonl"),
        "TMPDIR": str(home),
        "AWS_ENDPOINT_URL_STS": assert_loopback(sts),
    }
    environment = clean_environment(home, management, endpoint) | settings
    command = [str(ROOT / ".venv-emulators/bin/python"), str(ROOT / "e2e/mended_ministack.py")]
    with _running(command, environment, logs / "ministack.log", f"{endpoint}/_ministack/ready"):
        yield endpoint


@contextlib.contextmanager
def _running(command: list[str], environment: Mapping[str, str], log: Path, ready: str) -> Iterator[None]:
    """Runs `command` until the block ends, whatever happens in it; the block begins once `ready` answers."""
    with log.open("wb") as output:
        server = subprocess.Popen(
            ["/bin/sh", "-c", _LEASH, "leash", *command],
            cwd=log.parent,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _await(server, ready, log)
        assert_only_loopback(server.pid)
        yield
    finally:
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.communicate(timeout=5)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)


def assert_only_loopback(pid: int) -> None:
    """Ends everything unless a process and all it started listen on loopback alone."""
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    listening = [one.laddr for process in family for one in process.net_connections("inet") if one.status == "LISTEN"]
    if not listening or any(not ipaddress.ip_address(one.ip).is_loopback for one in listening):
        raise SystemExit(f"MiniStack listens on {listening}, which is not loopback alone: it was stopped")


def _await(server: "subprocess.Popen[bytes]", ready: str, log: Path) -> None:
    deadline = time.monotonic() + _READY_WITHIN_S
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(OSError), opener.open(ready, timeout=1) as answer:
            if answer.status == http.HTTPStatus.OK:
                return
        time.sleep(0.05)
    raise SystemExit(f"MiniStack did not start; it said (all of it in {log}):\n{log.read_text()[-2000:]}")


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class _Door(http.server.BaseHTTPRequestHandler):
    """Refuses AssumeRole on some accounts the way STS does, and passes everything else on unchanged."""

    protocol_version = "HTTP/1.1"
    server: "Door"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        asked = urllib.parse.parse_qs(body.decode(errors="replace"))
        role = asked.get("RoleArn", [""])[0]
        if asked.get("Action") == ["AssumeRole"]:
            self.server.asked.append(role)
            if role.split(":")[4] in self.server.denied:
                return self._answer(403, "text/xml", _REFUSAL.format(role=role).encode())
        upstream = http.client.HTTPConnection("127.0.0.1", self.server.upstream_port, timeout=60)
        # The host is signed, so it has to arrive as it was sent.
        upstream.request("POST", self.path, body, dict(self.headers.items()))
        answer = upstream.getresponse()
        self._answer(answer.status, answer.headers.get("Content-Type", "text/xml"), answer.read())
        upstream.close()
        return None

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *values: object) -> None:
        """Says nothing."""


_REFUSAL = (
    '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
    "<Code>AccessDenied</Code><Message>User: the scanner is not authorized to perform: sts:AssumeRole on resource: "
    "{role} with an explicit deny in a service control policy</Message></Error>"
    "<RequestId>00000000-0000-0000-0000-000000000000</RequestId></ErrorResponse>"
)


class Door(http.server.ThreadingHTTPServer):
    """The door before STS; `asked` holds the roles somebody wanted to assume, in order, refusals included."""

    daemon_threads = True

    def __init__(self, upstream_port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Door)
        self.upstream_port, self.denied, self.asked = upstream_port, frozenset[str](), list[str]()

    @property
    def endpoint(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        """Serves until the block ends."""
        threading.Thread(target=self.serve_forever, daemon=True).start()
        try:
            yield
        finally:
            self.shutdown()
            self.server_close()
