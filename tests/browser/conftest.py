"""A browser for the report: Debian's Chromium, driven by Playwright; left out loudly where there is none.

PROOFTRAIL_REQUIRE_BROWSER=1 makes a missing browser a failure. A browser lives as long as one file of tests: while one is
open its thread has a running event loop, which no other test must meet.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from prooftrail.model.identity import Identity, Known, Rung
from prooftrail.model.judgement import ResultStatus, Transition
from prooftrail.model.snapshot import RunTrigger
from prooftrail.pack.view import PackRun, Presence, RunTransition
from tests.builders.judging_risk import a_worker
from tests.builders.packs import a_pack_run, a_period, an_account_view, an_unread_account_view, some_identities
from tests.builders.reports import a_report
from tests.builders.times import NOW, days

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
MISSING = "no Chromium was found (Debian: apt-get install chromium), so nobody looked at the report in a browser"
_ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
MANY = 230
HOSTILE = {
    "script": "</script><script>window.hacked=1</script>",
    "image": '"><img src=x onerror=window.hacked=1>',
    "bidi": "invoice\u202egpj.exe",
    "link": "javascript:window.hacked=1",
    "long": "A" * 65_536,
    "line": "two\u2028lines",
    "formula": "=1+1",
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        if os.environ.get("PROOFTRAIL_REQUIRE_BROWSER") == "1":  # noqa: TID251
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=list(_ARGS))
        yield opened
        opened.close()


def _runs() -> tuple[PackRun, ...]:
    manual = a_pack_run(0, trigger=RunTrigger.MANUAL, tick=None, run_id="20261121T150000Z", taken_at=NOW - days(1) / 2)
    late = a_pack_run(-3, closed_at=NOW - days(3) + timedelta(hours=9))
    return late, a_pack_run(-1), manual, a_pack_run(0)


def _role(name: str, role_id: str, **known: Any) -> Identity:
    return msgspec.structs.replace(a_worker(name, **known), id=role_id)


def _identities() -> tuple[Identity, ...]:
    hostile = [
        _role(name, f"AROAHOSTILE{at}", owner=Known(value=HOSTILE["link"], rung=Rung.REGISTRY, where=name))
        for at, name in enumerate(HOSTILE.values())
    ]
    many = [_role(f"job-{at:03d}", f"AROAJOB{at:03d}", family="jobs", owner=Known()) for at in range(MANY)]
    return (*some_identities(), *hostile, *many)


def a_change(run: PackRun, before: ResultStatus, after: ResultStatus, identity: str = "AROAJOB001") -> RunTransition:
    """A result of IDC-02 of an identity that turned in a run."""
    return RunTransition(
        run_id=run.run_id,
        at=run.taken_at,
        transition=Transition(
            control="IDC-02",
            subject=identity,
            identity=identity,
            before=before,
            after=after,
            reason="It has no owner.",
        ),
    )


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report on disk: 230 roles beside hostile names, a late, a missed and a manual run, an account never read."""
    runs = _runs()
    changes = (
        a_change(runs[0], ResultStatus.PASS, ResultStatus.FAIL),
        a_change(runs[1], ResultStatus.FAIL, ResultStatus.PASS),
    )
    gone = Presence(
        id="AROAGONE",
        name="gone",
        arn=None,
        kind="role_workload",
        created_at=None,
        came=runs[0].run_id,
        went=runs[1].run_id,
    )
    views = (
        an_account_view(identities=_identities(), transitions=changes, presences=(gone,)),
        an_unread_account_view(),
    )
    at = tmp_path_factory.mktemp("pack") / "index.html"
    at.write_bytes(a_report(a_period(runs=runs), views))
    return at


type Opened = Callable[..., Page]


@pytest.fixture
def opened(browser: Browser, report: Path) -> Iterator[Opened]:
    """Opens the report at a hash; at the end nothing may have been said on the console, and nothing asked for but the file."""
    said: list[str] = []
    asked: set[str] = set()
    contexts = []

    def at(place: str = "", **options: Any) -> Page:
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda one: said.append(one.text))
        page.on("pageerror", lambda one: said.append(str(one)))
        page.on("request", lambda one: asked.add(one.url.partition("#")[0]))
        page.goto(f"{report.as_uri()}{place}")
        return page

    yield at
    for one in contexts:
        one.close()
    assert said == []
    assert asked <= {report.as_uri()}
