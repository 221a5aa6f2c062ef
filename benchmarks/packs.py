"""Measures a quarter's pack: 92 daily runs of 50,000 identities in 100 accounts, one result in a hundred identities turning a day.

The locker is made by another process (`quarter_locker.py`). The pack is made by the command itself; verification is held
against `sha256sum` over the same files, and a row is walked to the bytes AWS sent.
"""

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent
_MB = 1024
_ROUNDS = 3


def packs(work: Path) -> list[dict[str, Any]]:
    """A row each for packing, verifying, and walking one row."""
    locker, pack = work / "quarter", work / "pack"
    if not locker.exists():
        subprocess.run([sys.executable, str(HERE / "quarter_locker.py"), str(locker)], check=True)
    fingerprint = _fingerprint(locker)
    made = _measured([str(BIN / "prooftrail"), "pack", str(locker), "-o", str(pack), "--replace"])
    size = sum(one.stat().st_size for one in pack.rglob("*") if one.is_file())
    rows = [
        {"what": "pack a quarter of 50,000 identities", **made, "asked": "120 s, 1,024 MB", "MB written": size >> 20}
    ]
    verify = [sys.executable, str(pack / "verify.py"), "--fingerprint", fingerprint]
    sums = f"find {pack} -type f -print0 | xargs -0 sha256sum > /dev/null"
    pairs = [(_measured(["sh", "-c", sums]), _measured(verify)) for _ in range(_ROUNDS)]
    ratio = min(one["wall s"] for one, _ in pairs) / min(one["wall s"] for _, one in pairs)
    rows.append(
        {
            "what": "verify.py",
            **pairs[-1][1],
            "asked": "half of sha256sum's speed",
            "speed against sha256sum": f"{ratio:.2f} ×",
        }
    )
    rows.append({"what": "sha256sum over the same files", **pairs[-1][0]})
    rows.append({"what": "verify.py --rows", **_measured([*verify, "--rows"])})
    rows.append({"what": "one row to its raw bytes", **_measured([*verify, "--row", "07:400000"]), "asked": "10 s"})
    return rows


def _fingerprint(locker: Path) -> str:
    said = subprocess.run(
        [str(BIN / "prooftrail"), "verify", str(locker), "--json"], check=False, capture_output=True, text=True
    ).stdout
    found = re.search(r'"key_fingerprint":\s*"([0-9a-f]{64})"', said)
    if not found:
        raise SystemExit("verify tells no fingerprint")
    return found[1]


def _measured(command: list[str]) -> dict[str, Any]:
    """Wall and CPU seconds and peak memory of one process, as GNU time does it: by a child that measures its own child."""
    script = (
        "import json,resource,subprocess,sys,time\n"
        "began=time.monotonic(); code=subprocess.run(sys.argv[1:],stdout=subprocess.DEVNULL).returncode\n"
        "used=resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(json.dumps([code,time.monotonic()-began,used.ru_utime+used.ru_stime,used.ru_maxrss]))"
    )
    began = time.monotonic()
    said = subprocess.run([sys.executable, "-c", script, *command], check=True, capture_output=True, text=True).stdout
    code, wall, cpu, peak = json.loads(said)
    if code:
        raise SystemExit(f"{command[0]} {command[1]} ended with {code} after {time.monotonic() - began:.0f} s")
    return {"wall s": round(wall, 1), "CPU s": round(cpu, 1), "peak MB": peak // _MB}
