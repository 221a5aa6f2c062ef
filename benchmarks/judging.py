"""Measures what judging one account by every control takes: CPU seconds, peak memory, and how both grow.

The account is made by another process (`judging_account.py`); this one holds what a scan holds and nothing else.
Started with a FILE it judges that account and prints the figures as JSON.
"""

import json
import resource
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import msgspec

from prooftrail.controls.evaluate import judge
from prooftrail.controls.parsing import parse
from prooftrail.evidence.context import Context
from prooftrail.model.iam import Group, ManagedPolicy, PolicyDocument
from prooftrail.model.identity import Identity
from prooftrail.model.snapshot import AccountFacts, CellRecord, Header, Line, Reconciliation, Snapshot

HERE = Path(__file__).parent
SIZES = (10_000, 20_000, 40_000)


def judging(work: Path) -> list[dict[str, Any]]:
    """One row a size: what judging took, and how that compares with the smallest size."""
    found: list[dict[str, Any]] = []
    for size in SIZES:
        sealed = work / f"account-{size}.jsonl"
        subprocess.run([sys.executable, str(HERE / "judging_account.py"), str(size), str(sealed)], check=True)
        out = subprocess.run([sys.executable, __file__, str(sealed)], check=True, capture_output=True, text=True).stdout
        sealed.unlink()
        said = json.loads(out)
        first = found[0]["CPU s"] if found else said["cpu_s"]
        found.append(
            {
                "identities": f"{said['identities']:,}",
                "results": f"{said['results']:,}",
                "CPU s": said["cpu_s"],
                "against the first": f"{said['cpu_s'] / first:.2f} ×",
                "peak MB": said["peak_mb"],
            }
        )
    return found


def judged(path: Path) -> dict[str, Any]:
    """The figures of the account at `path`: seconds are of judging alone, memory is the process's peak."""
    snapshot, context = _read(path)
    catalog = parse(context.catalog)
    began = time.process_time()
    assessment = judge(snapshot, context, catalog=catalog, snapshot_sha256="0" * 64)
    took = time.process_time() - began
    return {
        "identities": len(snapshot.identities),
        "results": len(assessment.results),
        "cpu_s": round(took, 2),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def _read(path: Path) -> tuple[Snapshot, Context]:
    decoder = msgspec.json.Decoder(Line)
    found: dict[type, list[Any]] = defaultdict(list)
    with path.open("rb") as lines:
        context = msgspec.json.decode(next(lines), type=Context)
        for line in lines:
            one = decoder.decode(line)
            found[type(one)].append(one)
    snapshot = Snapshot(
        header=found[Header][0],
        account=found[AccountFacts][0],
        cells=tuple(one.cell for one in found[CellRecord]),
        reconciliations=tuple(found[Reconciliation]),
        identities=tuple(found[Identity]),
        groups=tuple(found[Group]),
        policies=tuple(found[ManagedPolicy]),
        documents=tuple(found[PolicyDocument]),
    )
    return snapshot, context


if __name__ == "__main__":
    print(json.dumps(judged(Path(sys.argv[1]))))
