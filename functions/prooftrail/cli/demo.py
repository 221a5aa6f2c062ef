"""`prooftrail demo`: a whole organization on this machine, scanned on several days, for whoever wants to see it work."""

import shutil
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from prooftrail import wiring
from prooftrail.adapters.system_clock import SystemClock
from prooftrail.errors import ConfigError
from prooftrail.model.run import Run, Schedule
from prooftrail.pack.view import PackOptions
from prooftrail.wiring import packs

from . import arguments, notices, overview, owners, render, summary
from .progress import reporter

if TYPE_CHECKING:
    from prooftrail.demo.organization import SimulatedOrganization

_MARK = "made-by-prooftrail-demo"
_REFUSED_ALWAYS = (("sandbox", "account:GetAlternateContact"),)
_DAY_OF_REFUSALS = 2
_REFUSALS = (
    ("shared-services", "iam:GetAccountAuthorizationDetails"),
    ("payments-test", "secretsmanager:ListSecrets"),
)
_DAILY = Schedule(every_hours=24, at="06:00")
_AUDIT_AFTER = timedelta(days=60)


def demo(
    out: Annotated[Path, typer.Option("--out", help="Where evidence/ and home/ are left.")] = Path("demo"),
    accounts: Annotated[int, typer.Option("--accounts", min=1, max=200, help="Accounts in the organization.")] = 12,
    days: Annotated[
        int, typer.Option("--days", min=1, max=60, help="Days it is scanned on, the last being today.")
    ] = 3,
    seed: Annotated[int, typer.Option("--seed", help="Another seed is another organization.")] = 7,
) -> None:
    """Simulate an AWS Organization on this machine and scan it on several days. Touches no AWS account."""
    try:
        from prooftrail.demo.organization import SimulatedOrganization  # noqa: PLC0415 - an extra most deployments lack
    except ImportError as missing:
        raise ConfigError(f"the demo needs its extra packages ({missing.name}): install prooftrail[demo].") from missing
    _prepare(out)
    console, began = render.console(), time.monotonic()
    first_day = _DAILY.latest(SystemClock().now()) - timedelta(days=days - 1)
    with SimulatedOrganization(accounts=accounts, seed=seed, first_day=first_day) as organization:
        console.print(f"a simulated organization of {accounts} accounts answers on {organization.endpoint_url}")
        policy = _policy(organization, out)
        console.print(
            f"its policy  {render.safe(str(policy))}: thresholds, owners, registers, exceptions; yours to edit"
        )
        options = wiring.Options(
            locker=str(out / "evidence"), home=out / "home", organization=True,
            role_name=f"prooftrail/{organization.role_name}", external_id=organization.external_id,
            governance=policy, endpoint_url=organization.endpoint_url, credentials=organization.credentials(), schedule=_DAILY,
        )  # fmt: skip
        for day in range(1, days + 1):
            tick = organization.set_day(day)
            refused = _refuse(organization, day)
            deployment, day_began = wiring.embedded(options, clock=organization), time.monotonic()
            console.print(f"\nday {day} of {days}, {tick:%A %Y-%m-%d %H:%M} UTC", style="bold")
            for sentence in refused:
                console.print(f"on purpose  {sentence}")
            with reporter(quiet=not console.is_terminal) as progress:
                swept = deployment.sweep(Run.scheduled(tick, None), progress=progress)
            summary.show(swept, options=options, elapsed_s=time.monotonic() - day_began)
    console.print()
    history = arguments.history(str(out / "evidence"), None)
    view = history.as_of(history.run())
    overview.show(history, view)
    console.print()
    seen, ledger, log = owners.opened(str(out / "evidence"), None, None)
    notices.at_work(console, log, seen, ledger.owners())
    made = _pack(options, out)
    _what_next(console, out, time.monotonic() - began)
    _hand_over(console, made)


def _policy(organization: "SimulatedOrganization", out: Path) -> Path:
    """The folder the simulated organization's own policy was written into, its numbers and dates filled in."""
    folder = out / "governance"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in organization.governance_files().items():
        (folder / name).write_bytes(text)
    return folder


def _refuse(organization: "SimulatedOrganization", day: int) -> list[str]:
    """One account never tells its contacts, and on the second day two more refuse a call, so that one can see what
    becomes of what was not read.
    """
    organization.faults.clear()
    accounts = organization.account_ids()
    told = []
    for name, action in (*_REFUSED_ALWAYS, *(_REFUSALS if day == _DAY_OF_REFUSALS else ())):
        if name in accounts:
            organization.faults.deny(accounts[name], action)
            told.append(f"{name} refuses {action} today")
    return told


def _pack(options: wiring.Options, out: Path) -> packs.MadePack:
    """What an auditor would be handed of these days, with the answers that keys nobody touched are carried from."""
    first, last = packs.whole_period(options)
    asked = PackOptions(since=first, until=last, carried_raw=True)
    return packs.make_pack(options, asked, out / "pack")


def _hand_over(console: Console, made: packs.MadePack) -> None:
    """The last lines: open this, verify with that. The fingerprint is printed here because a demo has nobody to ask."""
    place = render.safe(str(made.place))
    console.print(f"\nWhat an auditor is handed ({made.files} files, {render.size(made.bytes)}):", style="bold")
    console.print(f"  open    {place}/index.html", soft_wrap=True)
    console.print(f"  verify  python3 {place}/verify.py --fingerprint {made.key}", soft_wrap=True)


def _prepare(out: Path) -> None:
    """An empty place for the demo; only what an earlier demo left is removed."""
    mark = out / _MARK
    if out.exists() and any(out.iterdir()) and not mark.exists():
        raise ConfigError(
            f"{out} exists and was not made by an earlier demo: choose another --out, or remove it yourself."
        )
    for name in ("evidence", "home", "governance", "pack"):
        shutil.rmtree(out / name, ignore_errors=True)
    out.mkdir(parents=True, exist_ok=True)
    mark.write_text("An earlier `prooftrail demo` made this folder; the next one may replace what is in it.\n")


def _what_next(console: Console, out: Path, elapsed_s: float) -> None:
    audit = SystemClock().now() + _AUDIT_AFTER
    evidence, home = render.safe(str(out / "evidence")), render.safe(str(out / "home"))
    console.print(f"\ndone in {elapsed_s:.0f} s. Try next:", style="bold")
    for command in (
        f"prooftrail verify {evidence} --home {home} --rederive",
        f"prooftrail findings {evidence} --open",
        f"prooftrail remind {evidence} --dry-run --owner payments",
        f"prooftrail notices {evidence}",
        f"prooftrail owners {evidence} --unreachable",
        f"prooftrail results {evidence} --control IDC-15",
        f"prooftrail trace {evidence} svc-billing-export",
        f"prooftrail trace {evidence} A.5.18",
        f"prooftrail ready {evidence} --audit-date {audit:%Y-%m-%d}",
        "prooftrail controls IDC-15",
        f"prooftrail changes {evidence}",
        f"prooftrail governance check {render.safe(str(out / 'governance'))}",
    ):
        console.print(f"  .venv/bin/{command}")
