"""Measures how long a function takes to start, and how large its package is: `python benchmarks/cold_start.py`.

Each start is a fresh process with the package alone, as in AWS. `import` is what Python takes to import the
doors, `with all it uses` to import that and all that a door brings in with its first event; both in seconds of one core,
which another program does not lengthen. `ready` is from the start of the process until AWS's runtime client asks for the
first event. MiniStack's time is in the first answer and in the second, and the difference is what a cold start costs a
run. The best of the rounds counts.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[1] / part) for part in ("", "functions")]

from infra.bundling import bundle  # noqa: E402
from prooftrail.deployed import NEEDS  # noqa: E402
from tests import emulators  # noqa: E402
from tests.deployed import runtime  # noqa: E402
from tests.deployed.deployment import Deployment, deploy, two_runs_now, whole_run  # noqa: E402
from tests.deployed.package import host_architecture  # noqa: E402
from tests.deployed.runtime import Answer  # noqa: E402

TARGET_S = 0.6
_TIMED = """
import contextlib, importlib, sys, time
before = time.process_time()
for name in sys.argv[1:]:
    with contextlib.suppress(ImportError):  # some are tried for, and not there
        importlib.import_module(name)
print(time.process_time() - before)
"""
_DOORS = "prooftrail.handlers"


def main() -> int:
    """Print the tables; 1 where a door takes longer to import than the target."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rounds", type=int, default=5, help="starts of each door, of which the best counts")
    asked.add_argument("--slowest", metavar="MODULE", nargs="+", help="only list what these import, slowest first")
    options = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="prooftrail-cold-") as folder:
        task_root = Path(folder) / "task"
        with zipfile.ZipFile(bundle(architecture=host_architecture()).path) as package:
            package.extractall(task_root)
        if options.slowest:
            print(slowest(task_root, *options.slowest))
            return 0
        return report(task_root, Path(folder), options.rounds)


def report(task_root: Path, place: Path, rounds: int) -> int:
    """The tables for doors and packages."""
    (place / "ministack").mkdir()
    with emulators.ministack(place / "ministack") as server:
        used = all_imports(deploy(server, "imports", partial(_function, task_root, place)))
        told = [answers(deploy(server, f"round-{one}", partial(_function, task_root, place))) for one in range(rounds)]
    print("| door | import, core s | with all it uses, core s | ready, s | first answer, s | second, s |")
    print("|---|---:|---:|---:|---:|---:|")
    worst = 0.0
    for door in NEEDS:
        took = min(imported(task_root, _DOORS) for _ in range(rounds))
        whole = min(imported(task_root, *used[door]) for _ in range(rounds))
        waited = min(ready(task_root, door, place) for _ in range(rounds))
        first, second = (min(one[door][n] for one in told) for n in (0, 1))
        worst = max(worst, whole)
        print(f"| {door} | {took:.2f} | {whole:.2f} | {waited:.2f} | {first:.2f} | {second:.2f} |")
    print("\n| architecture | files | unpacked, MB | zip, MB |\n|---|---:|---:|---:|")
    for architecture in ("arm64", "x86_64"):
        path = bundle(architecture=architecture).path
        with zipfile.ZipFile(path) as package:
            sizes = [one.file_size for one in package.infolist()]
        print(f"| {architecture} | {len(sizes):,} | {sum(sizes) / 1e6:.1f} | {path.stat().st_size / 1e6:.1f} |")
    return int(worst > TARGET_S)


def all_imports(deployment: Deployment) -> dict[str, tuple[str, ...]]:
    """What each door has imported once it answered: its own module first, then the rest in the order Python met them."""
    with ExitStack() as running:
        doors = {one: running.enter_context(deployment.function(one, PYTHONPROFILEIMPORTTIME="1")) for one in NEEDS}
        whole_run(deployment, lambda door, event: doors[door].invoke(event), two_runs_now()[1])
        return {door: (_DOORS, *_brought(one.log())) for door, one in doors.items()}


def _brought(log: str) -> Iterator[str]:
    """The modules in Python's own account of imports that are ours or AWS's; what they need comes with them."""
    named = (line.rpartition("|")[2].strip() for line in log.splitlines() if line.startswith("import time:"))
    return (name for name in named if name.partition(".")[0] in {"botocore", "prooftrail", "pynamodb"})


def answers(deployment: Deployment) -> dict[str, list[float]]:
    """Seconds to each door's answers in two runs, the emulator's own time among them."""
    took: dict[str, list[float]] = {door: [] for door in NEEDS}
    with ExitStack() as running:
        doors = {door: running.enter_context(deployment.function(door)) for door in NEEDS}
        for one in doors.values():
            one.polled()

        def ask(door: str, event: Any) -> Answer:
            started = time.perf_counter()
            answer = doors[door].invoke(event)
            took[door].append(time.perf_counter() - started)
            return answer

        for run_id in two_runs_now():
            whole_run(deployment, ask, run_id)
    return took


def _function(task_root: Path, place: Path, handler: str, environment: Any) -> Any:
    return runtime.function(task_root, handler, environment, place=place)


def imported(task_root: Path, *modules: str) -> float:
    """Seconds of one core to import these modules, in this order, in a fresh process."""
    return float(_python(task_root, "-c", _TIMED, *modules).stdout)


def ready(task_root: Path, door: str, place: Path) -> float:
    """Seconds from the start of a process to its first request for an event."""
    started = time.perf_counter()
    with runtime.function(task_root, f"prooftrail.handlers.{door}", {}, place=place) as function:
        function.polled()
        return time.perf_counter() - started


def slowest(task_root: Path, *modules: str) -> str:
    """What these import and how long each takes with all that it imports, slowest first."""
    said = _python(task_root, "-X", "importtime", "-c", _TIMED, *modules).stderr.splitlines()
    rows = [line.removeprefix("import time:").split("|") for line in said if line.startswith("import time:")]
    timed = sorted(((int(total), name) for _, total, name in rows if total.strip().isdigit()), reverse=True)
    return "\n".join(f"{total / 1000:8.1f} ms {name}" for total, name in timed[:40])


def _python(task_root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-S", "-s", "-P", *arguments],
        cwd=task_root,
        env={"PYTHONPATH": str(task_root), "PYTHONDONTWRITEBYTECODE": "1", "PATH": os.defpath},
        capture_output=True,
        text=True,
        check=True,
    )


if __name__ == "__main__":
    raise SystemExit(main())
