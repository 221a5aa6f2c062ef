"""Moto's server on loopback, on any free port, dating its answers by the simulated clock."""

from datetime import UTC, datetime
from email.utils import format_datetime
from threading import Thread
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import BaseWSGIServer, make_server

from prooftrail.demo.mends.world import Clock

LOOPBACK = "127.0.0.1"


class LoopbackServer:
    """Real HTTP for as long as it runs; stopping closes its socket and ends its thread."""

    def __init__(self, clock: Clock) -> None:
        self._server: BaseWSGIServer = make_server(
            LOOPBACK, 0, _Remembering(), threaded=True, request_handler=_dated(clock)
        )
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        """The endpoint, always on loopback."""
        host, port = self._server.server_address[:2]
        if host != LOOPBACK:
            raise RuntimeError(f"the simulated organization listens on {host!r} instead of {LOOPBACK}")
        return f"http://{host}:{port}"

    def start(self) -> None:
        """Serve from a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Serve no more and give the port back."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Remembering(DomainDispatcherApplication):
    """Moto's own, which otherwise looks through its folder at every request, with all others waiting."""

    def __init__(self) -> None:
        super().__init__(create_backend_app)
        self._found: dict[str | None, Any] = {}

    def get_backend_for_host(self, host: str | None) -> Any:
        """The backend that answers for a host."""
        if host not in self._found:
            self._found[host] = super().get_backend_for_host(host)
        return self._found[host]


def _dated(clock: Clock) -> type[MotoRequestHandler]:
    class DatedHandler(MotoRequestHandler):
        """Writes the simulated time into `Date`, and no log."""

        def date_time_string(self, timestamp: float | None = None) -> str:
            at = clock.now() if timestamp is None else datetime.fromtimestamp(timestamp, UTC)
            return format_datetime(at, usegmt=True)

        def log(self, *_: Any, **__: Any) -> None:
            return

    return DatedHandler
