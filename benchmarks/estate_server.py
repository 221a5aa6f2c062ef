"""Serves the bench kit's estate with moto made AWS-like, on loopback: `estate_server.py -n USERS --port PORT`."""

import argparse
import logging
import signal
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "kit"))

import seed_moto
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from prooftrail.demo.clock import SimulatedClock
from prooftrail.demo.faithful import install


def main() -> None:
    """Seed, serve until told to stop, print the address once it answers."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("-n", type=int, required=True, help="users; roles are half as many")
    asked.add_argument("--secrets", type=int, default=200)
    asked.add_argument("--port", type=int, default=0)
    options = asked.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    seed_moto.Backend().run(seed_moto.plan(options.n, options.secrets, 0, 7))
    with install(SimulatedClock(datetime.now(UTC))):
        server = make_server("127.0.0.1", options.port, DomainDispatcherApplication(create_backend_app), threaded=True)
        signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
        print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
        server.serve_forever(poll_interval=0.05)


if __name__ == "__main__":
    main()
