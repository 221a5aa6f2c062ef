"""A bucket with versions, served from a directory on loopback: as much of S3 as closing a run asks for, after a wait.

For measuring what closing costs through the real client; it proves nothing about S3.
"""

import hashlib
import re
import sys
import time
from bisect import bisect_right
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

_AT = "2026-11-22T05:00:00.000Z"
_UNTIL = "2029-11-26T05:00:00.000Z"


class Handler(BaseHTTPRequestHandler):
    """Lists versions, gives and takes objects."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else head and body of an answer are 40 ms apart
    wbufsize = -1
    root: Path
    wait_s: float
    listings: dict[str, list[str]] = {}  # noqa: RUF012  # one bucket, one process
    calls = 0

    def do_GET(self) -> None:
        """A page of versions, an object, its retention, or how many calls there were."""
        url = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(url.query, keep_blank_values=True).items()}
        if url.path == "/calls":
            self._answer(200, str(Handler.calls).encode())
            return
        self._begin()
        if "versions" in query:
            self._answer(200, self._page(query))
            return
        key = unquote(url.path.split("/", 2)[2])
        place = self.root / key
        if not place.is_file():
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
            return
        self._answer(
            200, place.read_bytes(), {"x-amz-version-id": _version(key), "x-amz-object-lock-retain-until-date": _UNTIL}
        )

    def do_PUT(self) -> None:
        """Write an object once."""
        self._begin()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        key = unquote(urlsplit(self.path).path.split("/", 2)[2])
        place = self.root / key
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(body)
        Handler.listings.clear()
        self._answer(200, b"", {"x-amz-version-id": _version(key), "ETag": '"0"'})

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _begin(self) -> None:
        Handler.calls += 1
        time.sleep(self.wait_s)

    def _page(self, query: dict[str, str]) -> bytes:
        prefix, most = query.get("prefix", ""), int(query.get("max-keys", "1000"))
        keys = Handler.listings.get(prefix)
        if keys is None:
            top = self.root / prefix.rpartition("/")[0]
            found = (one.relative_to(self.root).as_posix() for one in top.rglob("*") if one.is_file())
            keys = Handler.listings[prefix] = sorted(one for one in found if one.startswith(prefix))
        start = bisect_right(keys, query["key-marker"]) if "key-marker" in query else 0
        page = keys[start : start + most]
        more = start + most < len(keys)
        return "".join([
            f"<ListVersionsResult><IsTruncated>{str(more).lower()}</IsTruncated>",
            f"<NextKeyMarker>{escape(page[-1])}</NextKeyMarker><NextVersionIdMarker>v</NextVersionIdMarker>" if more else "",
            *(
                f"<Version><Key>{escape(one)}</Key><VersionId>{_version(one)}</VersionId><IsLatest>true</IsLatest>"
                f"<LastModified>{_AT}</LastModified><Size>{(self.root / one).stat().st_size}</Size></Version>"
                for one in page
            ),
            "</ListVersionsResult>",
        ]).encode()  # fmt: skip

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _version(key: str) -> str:
    """A version id as long as S3's."""
    return re.sub(r"(.{32}).*", r"\1", hashlib.sha256(key.encode()).hexdigest())


if __name__ == "__main__":
    Handler.root, Handler.wait_s = Path(sys.argv[1]), int(sys.argv[2]) / 1000
    ThreadingHTTPServer.request_queue_size = 64
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()
