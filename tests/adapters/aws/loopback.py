"""An AWS on loopback that answers what a test tells it, over real HTTP and in each service's own protocol."""

import json
import threading
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from xml.sax.saxutils import escape

import boto3
from botocore.config import Config

from prooftrail.adapters.aws.governor import Governor, Governors
from prooftrail.adapters.aws.observer import Observer
from prooftrail.evidence.redaction import Redactor
from prooftrail.ports import RawResponse
from tests.emulators import assert_loopback

ACCOUNT, HOME = "111122223333", "eu-west-1"
NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
_XML = frozenset({"iam", "sts", "ec2"})
_ONCE = Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=5)
_SESSION = boto3.Session("AKIATESTING", "testing", region_name=HOME)

type Answers = Callable[[dict[str, Any]], Any]


class Refusal(Exception):
    """What AWS says instead of answering."""

    def __init__(self, code: str, message: str = "refused on purpose", *, status: int = 400) -> None:
        super().__init__(code)
        self.code, self.message, self.status = code, message, status


DENIED = Refusal("AccessDeniedException", "User: someone is not authorized", status=400)
THROTTLED = Refusal("ThrottlingException", "Rate exceeded", status=400)
ONWARD = "the-rest"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request as it came in."""

    action: str
    region: str
    key_id: str
    parameters: dict[str, Any]


@dataclass
class Aws:
    """What is answered, by action (`organizations:ListAccounts`), and what was asked."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    answers: dict[str, Answers] = field(default_factory=dict)

    def answer(self, action: str, result: Any) -> None:
        """Answer every such call with `result`: a mapping, a Refusal, raw bytes, or a function of the parameters."""
        self.answers[action] = result if callable(result) else lambda _: result

    def pages(self, action: str, member: str, *pages: list[Any] | Refusal) -> None:
        """Answer with one page after another, by NextToken; a page may be a Refusal."""

        def page(parameters: dict[str, Any]) -> Any:
            number = int(parameters.get("NextToken", "0"))
            rows = pages[number]
            if isinstance(rows, Refusal):
                return rows
            return {member: rows} | ({"NextToken": str(number + 1)} if number + 1 < len(pages) else {})

        self.answers[action] = page

    def endless(self, action: str, member: str, rows: list[Any]) -> None:
        """Answer with the same page and the same token for ever."""
        self.answer(action, {member: rows, "NextToken": ONWARD})

    def count(self, action: str) -> int:
        """How often it was asked."""
        return sum(one.action == action for one in self.asked)

    def counts(self) -> dict[str, int]:
        """How often each action was asked."""
        return {action: self.count(action) for action in sorted({one.action for one in self.asked})}

    def client(self, service: str, region: str) -> Any:
        """A client that tries once."""
        assert_loopback(self.url)
        return _SESSION.client(service, region_name=region, endpoint_url=self.url, config=_ONCE)  # type: ignore[call-overload]  # any service

    def observer(self, *, account: str = ACCOUNT, owner_tags: tuple[str, ...] = ()) -> Observer:
        """An observer that stands on it."""
        return Observer(
            account=account,
            partition="aws",
            client_of=self.client,
            home_region=HOME,
            governors=unpaced(),
            clock=Standing(),
            raw=Kept(),
            redactor=Redactor(b"k" * 32, owner_tags),
        )


class Standing:
    """A clock that does not move."""

    def now(self) -> datetime:
        return NOW


class Kept(list[RawResponse]):
    """Keeps what arrives."""

    def add(self, response: RawResponse) -> None:
        self.append(response)


def unpaced() -> Governors:
    """Governors whose waiting passes no real time."""

    def governor() -> Governor:
        elapsed = [0.0]

        def sleep(seconds: float) -> None:
            elapsed[0] += seconds

        return Governor(monotonic=lambda: elapsed[0], sleep=sleep)

    return Governors(governor)


@contextmanager
def listening() -> Iterator[Aws]:
    """The server for as long as the `with` lasts."""
    aws = Aws()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(aws))
    aws.url = f"http://127.0.0.1:{server.server_address[1]}"
    assert_loopback(aws.url)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield aws
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def days_ago(days: float) -> datetime:
    """So many days before the standing clock."""
    return NOW - timedelta(days=days)


def _handler(aws: Aws) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # or every answer waits 40 ms for the client's delayed acknowledgement
        wbufsize = 1 << 16

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = _asked(dict(self.headers.items()), self.path, body)
            aws.asked.append(asked)
            status, kind, answer = _answered(aws, asked)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(answer)))
            self.send_header("x-amzn-RequestId", f"request-{len(aws.asked)}")
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler


def _asked(headers: Mapping[str, str], path: str, body: bytes) -> Asked:
    key_id, _, region, service = headers["Authorization"].partition("Credential=")[2].split("/")[:4]
    parameters: dict[str, Any]
    if service in _XML:
        form = {name: values[0] for name, values in urllib.parse.parse_qs(body.decode()).items()}
        operation, parameters = form.pop("Action"), dict(form)
    elif service == "account":
        operation, parameters = path.strip("/")[:1].upper() + path.strip("/")[1:], json.loads(body or b"{}")
    else:
        operation, parameters = headers["X-Amz-Target"].rpartition(".")[2], json.loads(body or b"{}")
    return Asked(action=f"{service}:{operation}", region=region, key_id=key_id, parameters=parameters)


def _answered(aws: Aws, asked: Asked) -> tuple[int, str, bytes]:
    answer = aws.answers.get(asked.action)
    result = answer(asked.parameters) if answer else Refusal("Unscripted", f"{asked.action} has no answer here")
    service, _, operation = asked.action.partition(":")
    if isinstance(result, bytes):
        return 200, "text/xml" if service in _XML else "application/x-amz-json-1.1", result
    if service in _XML:
        return _in_xml(service, operation, result)
    if isinstance(result, Refusal):
        said = {"__type": result.code, "code": result.code, "message": result.message}
        return result.status, "application/x-amz-json-1.1", json.dumps(said).encode()
    return 200, "application/x-amz-json-1.1", json.dumps(result, default=_epoch).encode()


def _in_xml(service: str, operation: str, result: Any) -> tuple[int, str, bytes]:
    if isinstance(result, Refusal):
        error = f"<Error><Code>{result.code}</Code><Message>{escape(result.message)}</Message></Error>"
        wrapped = f"<Response><Errors>{error}</Errors></Response>" if service == "ec2" else f"<R>{error}</R>"
        return result.status, "text/xml", wrapped.encode()
    inner = _xml(result)
    if service != "ec2":
        inner = f"<{operation}Result>{inner}</{operation}Result>"
    return 200, "text/xml", f"<{operation}Response>{inner}</{operation}Response>".encode()


def _xml(value: Any) -> str:
    if isinstance(value, dict):
        return "".join(f"<{name}>{_xml(one)}</{name}>" for name, one in value.items())
    if isinstance(value, list):
        return "".join(f"<item>{_xml(one)}</item>" for one in value)
    return value.isoformat() if isinstance(value, datetime) else escape(str(value))


def _epoch(value: Any) -> float:
    assert isinstance(value, datetime)
    return value.timestamp()
