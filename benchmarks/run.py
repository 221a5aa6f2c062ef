"""Measures what docs/benchmarks.md claims, on this machine, and prints it as Markdown: `make bench`.

Everything runs on loopback: an estate of N users served by moto (made AWS-like), behind a counting proxy that adds
30 ms to every call and can throttle. The reference scanners run in the same round, so that ratios hold where single
figures drift.
"""

import argparse
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from judging import judging
from notices import notices
from packs import packs
from pull import pull
from report import report

HERE = Path(__file__).parent
KIT = HERE / "kit"
BIN = Path(sys.executable).parent
LATENCY_MS = 30
THROTTLED_SIZE = 2000
BUCKET = "20:40"  # refill a second : burst


def main() -> None:
    """Run what was asked for and print the tables."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--sizes", default="500,2000,5000", help="users, comma-separated")
    asked.add_argument("--without-naive", action="store_true", help="leave the slowest reference out")
    asked.add_argument(
        "--only", choices=("scan", "throttle", "verify", "judge", "notices", "pack", "report", "pull"), help="one part"
    )
    options = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="prooftrail-bench-") as folder:
        work = Path(folder)
        if options.only in (None, "scan"):
            rows = [
                row for size in options.sizes.split(",") for row in scans(int(size), work, not options.without_naive)
            ]
            table("One account, one region, 30 ms a call", rows)
        if options.only in (None, "throttle"):
            table(
                f"N = {THROTTLED_SIZE:,}, IAM behind a token bucket of 20 calls a second, burst 40", [throttled(work)]
            )
        if options.only in (None, "verify"):
            table("Verification, wall seconds", verification(work))
        if options.only in (None, "judge"):
            table("Judging one account by every control, one core", judging(work))
        if options.only in (None, "notices"):
            table("Planning a day's notices, one core", notices())
        if options.only in (None, "pack"):
            table("A quarter's pack: 50,000 identities, 92 daily runs", packs(work))
        if options.only in (None, "report"):
            table("index.html of 50,000 identities in Chromium", report())
        if options.only in (None, "pull"):
            table("Pulling evidence out of an emulated bucket", pull())


def scans(size: int, work: Path, naive: bool) -> list[dict[str, Any]]:
    """First and second day of each scanner on one estate, after a round that fills the proxy's cache."""
    rows = []
    with served(size) as proxy:
        state, locker = work / f"state-{size}.json", work / f"locker-{size}"
        for name in ("warm-up", "warm-up again"):
            measure(proxy, name, prooftrail(work / "warm"))
        shutil.rmtree(work / "warm"), shutil.rmtree(work / "warm-home")
        for day in ("first day", "second day"):
            row = measure(proxy, f"minimal, 10 threads, {day}", minimal(state), size=size)
            ours = measure(proxy, f"**prooftrail**, {day}", prooftrail(locker), size=size)
            ours["against minimal"] = f"{ours['wall s'] / row['wall s']:.2f} ×"
            ours |= sealed_by_last_run(locker)
            rows += [row, ours]
        if naive:
            rows.append(
                measure(proxy, "naive, 10 threads", [str(KIT / "naive_boto3.py"), "--threads", "10"], size=size)
            )
    return rows


def throttled(work: Path) -> dict[str, Any]:
    """A first day under a token bucket: how close to the floor, and how many calls were refused."""
    with served(THROTTLED_SIZE) as proxy:
        measure(proxy, "warm-up", prooftrail(work / "warm"))
        post(proxy, "/__config", {"throttle": {"iam": BUCKET}})
        row = measure(proxy, "**prooftrail**, first day", prooftrail(work / "bucket"), size=THROTTLED_SIZE)
    rate, burst = map(float, BUCKET.split(":"))
    answered = row["iam calls"] - row["throttled"]
    floor = (answered - burst) / rate
    row |= {"floor s": round(floor, 1), "over the floor": f"{100 * (row['wall s'] / floor - 1):.1f} %"}
    row["throttled share"] = f"{100 * row['throttled'] / row['calls']:.2f} %"
    return row


def verification(work: Path) -> list[dict[str, Any]]:
    """A locker of forty runs: hashing its files, verifying it, and looking into every line."""
    with served(5000) as proxy:
        measure(proxy, "seed", prooftrail(work / "one"))
    big = work / "big"
    subprocess.run([sys.executable, str(HERE / "big_locker.py"), str(work / "one"), str(big), "40"], check=True)
    files = [str(one) for one in sorted(big.rglob("*")) if one.is_file()]
    stored = sum(Path(one).stat().st_size for one in files)
    verify = [str(BIN / "prooftrail"), "verify", str(big)]
    timed = {
        "sha256sum": min(wall(["sha256sum", *files]) for _ in range(3)),
        "prooftrail verify": min(wall(verify) for _ in range(3)),
        "prooftrail verify --deep": wall([*verify, "--deep"]),
    }
    return [
        {
            "what": name,
            "stored": f"{stored / 1e6:.0f} MB",
            "wall s": round(took, 2),
            "against sha256sum": f"{took / timed['sha256sum']:.1f} ×",
        }
        for name, took in timed.items()
    ]


def minimal(state: Path) -> list[str]:
    """The reference with the fewest calls."""
    return [str(KIT / "minimal_boto3.py"), "--threads", "10", "--state", str(state)]


def prooftrail(locker: Path) -> list[str]:
    """A scan as a person would start it."""
    return [
        "-c",
        "from prooftrail.cli.main import run; run()",
        "scan",
        "--locker",
        str(locker),
        "--regions",
        "us-east-1",
    ]


def measure(proxy: str, name: str, arguments: list[str], size: int = 0) -> dict[str, Any]:
    """One command through the kit's runner: wall and CPU seconds, peak memory, calls."""
    command = [
        sys.executable,
        str(KIT / "bench_run.py"),
        "--name",
        name,
        "--proxy",
        proxy,
        "--",
        sys.executable,
        *arguments,
    ]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    said = json.loads(out.splitlines()[-1])
    if said["rc"] not in (0, 1):
        raise SystemExit(f"{name} ended with {said['rc']}")
    return {
        "N": f"{size:,}",
        "what": name,
        "calls": said["calls"],
        "version calls": said["top"].get("secretsmanager:ListSecretVersionIds", 0),
        "wall s": said["wall_s"],
        "CPU s": said["cpu_s"],
        "peak MB": said["rss_mb"],
        "throttled": sum(said["throttled"].values()),
        "iam calls": sum(count for api, count in said["top"].items() if api.startswith("iam:")),
    }


def sealed_by_last_run(locker: Path) -> dict[str, Any]:
    """Bytes the newest run sealed, and identity rows it wrote to the ledger."""
    run = max(one.stem for one in (locker / "plan").iterdir())
    bytes_ = sum(one.stat().st_size for one in locker.rglob("*") if run in one.as_posix() and one.is_file())
    with sqlite3.connect(f"{locker}-home/ledger.sqlite") as ledger:
        rows = ledger.execute("select count(*) from identity where changed_run = ?", (run,)).fetchone()[0]
    return {"sealed kB": bytes_ // 1000, "ledger rows": rows}


def wall(command: list[str]) -> float:
    """Wall seconds of one command whose output nobody reads."""
    began = time.monotonic()
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.monotonic() - began


@contextmanager
def served(size: int) -> Iterator[str]:
    """An estate behind the counting proxy; both end with the `with`."""
    estate = subprocess.Popen(
        [sys.executable, str(HERE / "estate_server.py"), "-n", str(size)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert estate.stdout is not None
        target = estate.stdout.readline().strip()
        assert target.startswith("http://127.0.0.1:"), f"the estate does not answer on loopback: {target!r}"
        port = free_port()
        proxy = subprocess.Popen(
            [sys.executable, str(KIT / "proxy_count.py"), "--listen", str(port), "--target", target, "--cache",
             "--latency-ms", str(LATENCY_MS), "--out", os.devnull]
        )  # fmt: skip
        try:
            url = f"http://127.0.0.1:{port}"
            until_it_answers(url)
            yield url
        finally:
            proxy.terminate()
            proxy.wait()
    finally:
        estate.terminate()
        estate.wait()


def until_it_answers(url: str) -> None:
    """Wait for a server to listen, ten seconds at most."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url + "/__counts").read()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"{url} does not answer")


def post(url: str, path: str, body: dict[str, Any]) -> None:
    """Tell the proxy something."""
    request = urllib.request.Request(url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    urllib.request.urlopen(request).read()


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def table(title: str, rows: list[dict[str, Any]]) -> None:
    """A Markdown table of the rows' columns, in the order they come."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    print(f"\n### {title}\n\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for row in rows:
        print("| " + " | ".join(str(row.get(column, "")) for column in columns) + " |", flush=True)


if __name__ == "__main__":
    main()
