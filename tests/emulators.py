"""Servers that speak AWS on this machine alone, started for a test session and stopped with it.

Nothing here reads the caller's AWS settings: servers get an environment of their own, clients their endpoint and dummy
credentials by argument, and no client is handed out for an endpoint that is not loopback.
"""

import contextlib
import functools
import ipaddress
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import boto3
import pytest
from botocore.config import Config
from moto.server import ThreadedMotoServer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_s3 import S3Client

REGION: Final = "eu-central-1"
ACCESS_KEY = "testing"
SECRET_KEY = "testing"
MINISTACK = Path(__file__).parents[1] / ".venv-emulators" / "bin" / "ministack"
_NOWHERE = "http://127.0.0.1:9"  # where a server that wants to call home ends up
# The server ends when its pipe closes, so also where the tests are killed. Nothing it holds is worth a slower end.
_LEASH = (
    'exec 3<&0; "$@" <&- & server=$!; { read -r _ <&3; kill -9 $server; } & exec 3<&-; wait $server; kill $! 2>&-; wait'
)
_READY_WITHIN_S = 30.0
_STOPPED_WITHIN_S = 2.0

type EmulatorName = Literal["moto", "ministack", "seaweedfs", "nowhere"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Emulator:
    """A running server; its clients send dummy credentials to loopback and nowhere else."""

    name: EmulatorName
    endpoint: str

    def s3(self, config: Config | None = None) -> "S3Client":
        """A client for S3, by path and not by host name."""
        by_path = Config(s3={"addressing_style": "path"}, max_pool_connections=20)
        client: S3Client = self.client("s3", by_path.merge(config) if config else by_path)
        return client

    def kms(self, config: Config | None = None) -> "KMSClient":
        """A client for KMS."""
        client: KMSClient = self.client("kms", config)
        return client

    def dynamodb(self, config: Config | None = None) -> "DynamoDBClient":
        """A client for DynamoDB."""
        client: DynamoDBClient = self.client("dynamodb", config)
        return client

    def client(self, service: Any, config: Config | None = None) -> Any:
        """A client for any service of this server."""
        assert_loopback(self.endpoint)
        return _session().client(service, endpoint_url=self.endpoint, config=config)


NOWHERE = Emulator(name="nowhere", endpoint=_NOWHERE)
"""Answers nothing: for clients that are stubbed, and for tests of what happens where nobody answers."""


@functools.cache
def _session() -> boto3.session.Session:
    """One session, because the service models take longer to load than most tests to run."""
    return boto3.session.Session(ACCESS_KEY, SECRET_KEY, region_name=REGION)


def assert_loopback(endpoint: str) -> None:
    """Fails the test unless `endpoint` is a loopback address, given as a number so that no name has to be resolved."""
    host = urllib.parse.urlsplit(endpoint).hostname or ""
    assert ipaddress.ip_address(host).is_loopback, f"{endpoint} is not on this machine"


@contextlib.contextmanager
def no_aws_settings() -> Iterator[None]:
    """An environment without the caller's AWS settings, in which whoever looks for credentials finds dummies."""
    with pytest.MonkeyPatch.context() as environment:
        for name in [name for name in _environment() if name.startswith("AWS_")]:
            environment.delenv(name)
        environment.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        environment.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
        environment.setenv("AWS_CONFIG_FILE", os.devnull)
        environment.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        environment.setenv("AWS_EC2_METADATA_DISABLED", "true")
        environment.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
        yield


@contextlib.contextmanager
def moto() -> Iterator[Emulator]:
    """moto over HTTP, in this process."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield Emulator(name="moto", endpoint=f"http://{host}:{port}")
    finally:
        server.stop()


@contextlib.contextmanager
def ministack(workdir: Path) -> Iterator[Emulator]:
    """MiniStack in a process of its own, with nothing kept and nothing bound but one port on loopback."""
    port = _free_port()
    settings = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "PERSIST_STATE": "0",
        "LAMBDA_EXECUTOR": "local",
        "DOCKER_HOST": f"unix://{workdir}/no-docker",
        "LOG_LEVEL": "WARNING",
        "MINISTACK_REGION": REGION,
    }
    with _running([str(MINISTACK)], settings, workdir, f"http://127.0.0.1:{port}/_ministack/ready") as endpoint:
        yield Emulator(name="ministack", endpoint=endpoint)


@contextlib.contextmanager
def seaweedfs(workdir: Path) -> Iterator[Emulator]:
    """SeaweedFS' S3, where its binary is installed; the test is skipped where it is not."""
    weed = shutil.which("weed")
    if weed is None:
        pytest.skip("no `weed` on the PATH: install SeaweedFS to hold its Object Lock against ours as well")
    port = _free_port()
    parts = ("master", "volume", "filer")
    options = [f"-{part}.port{kind}={_free_port()}" for part in parts for kind in ("", ".grpc")]
    (workdir / "s3.json").write_text(
        '{"identities": [{"name": "tests", "actions": ["Admin", "Read", "Write", "List", "Tagging"],'
        f' "credentials": [{{"accessKey": "{ACCESS_KEY}", "secretKey": "{SECRET_KEY}"}}]}}]}}'
    )
    command = [weed, "server", "-s3", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={workdir}", f"-s3.port={port}"]
    command += [*options, f"-s3.port.grpc={_free_port()}", "-s3.port.iceberg=0", "-s3.port.lance=0"]
    command += [f"-s3.config={workdir / 's3.json'}"]
    command += ["-master.telemetry=false", "-master.volumeSizeLimitMB=64", "-volume.max=2000"]
    with _running(command, {}, workdir, f"http://127.0.0.1:{port}/status") as endpoint:
        yield Emulator(name="seaweedfs", endpoint=endpoint)


@contextlib.contextmanager
def _running(command: list[str], settings: dict[str, str], workdir: Path, ready: str) -> Iterator[str]:
    """Runs `command` until the block ends, whatever happens in it, and gives its endpoint once `ready` answers."""
    assert_loopback(ready)
    basics = {"PATH": _environment()["PATH"], "HOME": str(workdir), "TMPDIR": str(workdir)}
    basics |= {"HTTP_PROXY": _NOWHERE, "HTTPS_PROXY": _NOWHERE, "NO_PROXY": "127.0.0.1,localhost"}
    credentials = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
    credentials["AWS_EC2_METADATA_DISABLED"] = "true"
    log = workdir / "server.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            ["/bin/sh", "-c", _LEASH, "leash", *command],
            cwd=workdir,
            env=basics | credentials | settings,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _await(server, ready, log)
        yield "http://" + urllib.parse.urlsplit(ready).netloc
    finally:
        _stop(server)


def _await(server: subprocess.Popen[bytes], ready: str, log: Path) -> None:
    deadline = time.monotonic() + _READY_WITHIN_S
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(urllib.error.URLError, OSError), opener.open(ready, timeout=1) as answer:
            if answer.status == HTTPStatus.OK:
                return
        time.sleep(0.05)
    pytest.fail(f"{ready} did not answer in time; the server said: {log.read_text(errors='replace')[-2000:]}")


def _stop(server: subprocess.Popen[bytes]) -> None:
    """Lets go of the leash; whatever is left of the server's session after that is killed."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        server.communicate(timeout=_STOPPED_WITHIN_S)
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGKILL)
    server.communicate()


def _environment() -> Mapping[str, str]:
    return os.environ  # noqa: TID251 - servers need a PATH, and AWS settings have to be found to be put aside


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
