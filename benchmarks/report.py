"""Measures the report of 50,000 identities: making it, and opening, filtering and sorting it in Chromium from a file.

The views are made up: 50 accounts of 1,000 identities with nine results each, a fifth of them no pass and with a sentence
of its own. Opening ends when the first rows of the list of identities are on the screen. Without Chromium or Playwright
only the making is measured, and the rows say so.
"""

import json
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "functions"), str(ROOT)]

from prooftrail.model.iam import Role, Usage  # noqa: E402
from prooftrail.model.identity import Basis, Classification, Identity, IdentityClass, Kind, Known, Rung  # noqa: E402
from prooftrail.model.judgement import (  # noqa: E402
    Environment,
    Factor,
    Finding,
    FindingStatus,
    PrivilegeClass,
    Result,
    ResultStatus,
    Risk,
    SubjectType,
    Tier,
)
from prooftrail.model.reading import Collector  # noqa: E402
from prooftrail.pack.report.report import Report  # noqa: E402
from prooftrail.pack.tally import Tally  # noqa: E402
from prooftrail.pack.view import AccountView, Listed, PeriodView  # noqa: E402
from tests.builders.pack_files import MemoryFiles  # noqa: E402
from tests.builders.packs import a_finding, a_period, some_evidence  # noqa: E402
from tests.builders.reports import a_page_one  # noqa: E402

ACCOUNTS, EACH, RESULTS = 50, 1000, 9
_KINDS = (Kind.ROLE_WORKLOAD, Kind.ROLE_CICD, Kind.ROLE_CROSS_ACCOUNT, Kind.ROLE_SSO, Kind.ROLE_SERVICE_LINKED)
_STATUSES = (*[ResultStatus.PASS] * 5, *[ResultStatus.NOT_APPLICABLE] * 3, ResultStatus.FAIL, ResultStatus.NOT_TESTED)
_CONTROLS = ("IDC-02", "IDC-03", "IDC-04", "IDC-08", "IDC-14", "IDC-20", "IDC-21", "IDC-24", "IDC-30")
_ARGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync")
_MB = 1024
_MOST_S = 60
_ROWS = "document.querySelectorAll('#identities tbody tr').length"


def report() -> list[dict[str, Any]]:
    """One row: how long the report takes to make, how large it is, and how long Chromium takes over it."""
    with tempfile.TemporaryDirectory(prefix="prooftrail-bench-") as folder:
        made = json.loads(_in_its_own_process("make", folder))
        opened = json.loads(_in_its_own_process("open", folder))
    return [made | opened]


def _in_its_own_process(*words: str) -> str:
    return subprocess.run([sys.executable, __file__, *words], check=True, stdout=subprocess.PIPE, text=True).stdout


def views(period: PeriodView, accounts: int = ACCOUNTS) -> Iterator[AccountView]:
    """Accounts as a pack is given them."""
    for at in range(accounts):
        yield _view(period, f"{at + 100000000000}", random.Random(at))


def _view(period: PeriodView, account: str, draw: random.Random) -> AccountView:
    run = period.as_of
    snapshot, assessment = some_evidence(account=account), some_evidence(account=account, seq=5)
    identities = [_identity(account, at, draw) for at in range(EACH)]
    risks = {one.id: _risk(one, draw) for one in identities}
    results = [_result(one, control, risks[one.id].tier, draw) for one in identities for control in _CONTROLS]
    return AccountView(
        account=account,
        name=f"workload-{account[-3:]}",
        ou_path="Root/Workloads/Prod",
        status="sealed",
        stale=False,
        read_run=run,
        judged_run=run,
        listed=tuple(
            Listed(identity=one, seen_in=run.run_id, evidence=snapshot.id, line=40 + at)
            for at, one in enumerate(identities)
        ),
        risks=risks,
        results=tuple(results),
        first_result_line=2 + len(risks),
        findings=tuple(_finding(one) for one in results if one.status is ResultStatus.FAIL),
        held_since={(one.control, one.subject): run.run_id for one in results},
        snapshot=snapshot,
        assessment=assessment,
    )


def _finding(result: Result) -> Finding:
    return a_finding(result, status=FindingStatus.OPEN)


def _identity(account: str, at: int, draw: random.Random) -> Identity:
    name = f"service-{draw.choice(('orders', 'billing', 'search', 'export', 'mail'))}-{account[-2:]}-{at:04d}"
    began = timedelta(days=draw.randrange(2000), seconds=draw.randrange(86400))
    at_run = a_period().as_of.taken_at
    owner = f"team-{draw.randrange(400)}@example.com" if draw.random() < 0.8 else None
    return Identity(
        id=f"AROA{account}{at:05d}",
        arn=f"arn:aws:iam::{account}:role/services/{name}",
        account=account,
        region="global",
        collector=Collector.PRINCIPALS,
        name=name,
        kind=draw.choice(_KINDS),
        kind_reason="Its trust names a service.",
        classification=Classification(
            cls=IdentityClass.NON_HUMAN, basis=Basis.INFERRED, reason="only software can take it on"
        ),
        owner=Known(value=owner, rung=Rung.IDENTITY_TAG, where=f"tag owner on {name}") if owner else Known(),
        purpose=Known(value="moves orders to the warehouse", rung=Rung.IDENTITY_TAG, where="tag purpose"),
        created_at=at_run - began,
        tags=(),
        facts=Role(path="/services/", trust=(), trust_document=None, max_session_s=3600),
        usage=Usage(tracked=True, last_used_at=at_run - timedelta(days=draw.randrange(300)), service="s3"),
        family=f"services-{at % 300}" if at % 3 else None,
    )


def _risk(one: Identity, draw: random.Random) -> Risk:
    tier = draw.choice((Tier.LOW, Tier.LOW, Tier.MEDIUM, Tier.HIGH, Tier.CRITICAL))
    return Risk(
        identity=one.id,
        tier=tier,
        tier_from=tier,
        impact=draw.randrange(1, 6),
        likelihood=draw.randrange(1, 6),
        points=draw.randrange(12),
        privilege=PrivilegeClass.WRITE_LIMITED,
        privilege_at_most=PrivilegeClass.WRITE_LIMITED,
        privilege_why=f"policy AllowOrders{draw.randrange(500)} lets it write to a queue",
        environment=Environment.PROD,
        environment_why="its tag environment says prod",
        factors=(Factor(name="unused_90", points=2, why=f"last used {draw.randrange(400)} days ago"),),
    )


def _result(one: Identity, control: str, tier: Tier, draw: random.Random) -> Result:
    days = draw.randrange(1000)
    return Result(
        control=control,
        version="1",
        subject=one.id,
        subject_type=SubjectType.ROLE,
        identity=one.id,
        status=draw.choice(_STATUSES),
        reason=f"Role {one.name} was last used {days} days ago; the limit is 90 days (thresholds.toml 2026.2, approved by"
        " ines@example.com on 2026-04-24 (ticket RISK-118, not verified by us)).",
        tier=tier,
        value=f"{days} days",
    )


def _make(folder: Path) -> dict[str, Any]:
    period = a_period()
    files, tally = MemoryFiles(), Tally(period)
    made, took = Report(period, files, a_page_one), 0.0
    for one in views(period):
        tally.take(one)
        began = time.process_time()
        made.take(one)
        took += time.process_time() - began
    began = time.process_time()
    made.finish(tally)
    took += time.process_time() - began
    (folder / "index.html").write_bytes(files.files["index.html"])
    return {
        "identities": f"{ACCOUNTS * EACH:,}",
        "results": f"{ACCOUNTS * EACH * len(_CONTROLS):,}",
        "made in CPU s": round(took, 1),
        "file MB": round(len(files.files["index.html"]) / 1e6, 1),
        "peak MB while made": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // _MB,
    }


def _open(folder: Path) -> dict[str, Any]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415  only here is it needed
    except ImportError:
        chromium = None
    if chromium is None:
        return {"in Chromium": "not measured: no Chromium or no Playwright here"}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(_ARGS))
        page = browser.new_page()
        at = f"file://{folder}/index.html"

        def until(ready: str) -> float:
            began = time.perf_counter()
            while not page.evaluate(f"() => Boolean({ready})"):
                if time.perf_counter() - began > _MOST_S:
                    raise TimeoutError(f"{ready} did not come true within {_MOST_S} s")
                time.sleep(0.01)
            return round(time.perf_counter() - began, 2)

        def timed(act: Any, ready: str) -> float:
            began = time.perf_counter()
            act()
            until(ready)
            return round(time.perf_counter() - began, 2)

        said = "document.querySelector('#identities .said').textContent"
        first = timed(lambda: page.goto(at), "document.documentElement.dataset.ready")
        listed = timed(lambda: page.goto(f"{at}#identities"), f"{_ROWS} === 100")
        page.close()
        page = browser.new_page()
        opened = timed(lambda: page.goto(f"{at}#identities"), f"{_ROWS} === 100")
        search = timed(lambda: page.fill("#f-list-q", "billing-07"), f"{said}.includes('match')")
        page.fill("#f-list-q", "")
        until(f"!{said}.includes('match')")
        narrowed = timed(lambda: page.select_option("#f-list-result", "F"), f"{said}.includes('match')")
        ordered = timed(
            lambda: page.click("#identities th[data-column=name] button"),
            "document.querySelector('#identities th[data-column=name]').ariaSort",
        )
        one = timed(
            lambda: page.click("#identities tbody a"), "document.querySelector('#identities .single h2') !== null"
        )
        heap = page.evaluate("() => performance.memory.usedJSHeapSize")
        browser.close()
    return {
        "page one s": first,
        "then identities s": listed,
        "opened at identities s": opened,
        "search s": search,
        "filter s": narrowed,
        "sort s": ordered,
        "one identity s": one,
        "heap MB": round(heap / 1e6),
    }


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(json.dumps({"make": _make, "open": _open}[sys.argv[1]](Path(sys.argv[2]))))
    else:
        print(msgspec.json.format(msgspec.json.encode(report())).decode(), file=sys.stdout)
