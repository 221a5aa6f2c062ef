"""`prooftrail doctor`: what a scan with the same options would see, what it would not, and what to do about it."""

import typer
from rich.console import Console
from rich.text import Text

from prooftrail import wiring
from prooftrail.flows.doctor import AccountCheck, Diagnosis, Missing
from prooftrail.settings import ACCOUNT_WORKERS, ROLE_NAME

from . import exits, render
from .scan import (
    ExternalIdOption,
    GovernanceOption,
    HomeOption,
    JsonOption,
    LedgerOption,
    OptionalLocker,
    OrganizationOption,
    ProfileOption,
    RegionsOption,
    RoleOption,
    SignerOption,
    WorkersOption,
)

_MOST = 6  # accounts named one by one before the rest is counted


def doctor(
    locker: OptionalLocker = None,
    home: HomeOption = None,
    signer: SignerOption = None,
    ledger: LedgerOption = None,
    governance: GovernanceOption = None,
    profile: ProfileOption = None,
    organization: OrganizationOption = False,
    role_name: RoleOption = ROLE_NAME,
    external_id: ExternalIdOption = None,
    regions: RegionsOption = "all",
    workers: WorkersOption = ACCOUNT_WORKERS,
    as_json: JsonOption = False,
) -> None:
    """Try what a scan would call and say what is missing, what it costs, and the policy to add. Changes nothing.

    Exit status: 0 nothing is missing, 1 a scan would have gaps, 3 AWS does not even say who we are.
    """
    options = wiring.Options(
        locker=locker or "evidence", home=home, signer=signer, ledger=ledger, governance=governance, profile=profile,
        organization=organization, role_name=role_name, external_id=external_id, regions=regions, workers=workers,
    )  # fmt: skip
    found = wiring.doctor(options)(watch=_silent if as_json else _watch)
    stores = wiring.check_stores(options) if locker else ()
    if as_json:
        render.print_json({"diagnosis": found, "stores": stores})
    else:
        show(found, stores)
    raise typer.Exit(exits.DONE if found.healthy and not stores else exits.WITH_GAPS)


def show(found: Diagnosis, stores: tuple[str, ...]) -> None:
    """The diagnosis as a person reads it: the answer first, then what is wrong, then what to do."""
    out = render.console()
    scanned = [one for one in found.accounts if one.scanned]
    reachable = [one for one in scanned if one.reachable]
    whole = found.healthy and not stores
    verdict = "A scan would see everything it asks for." if whole else "A scan would have gaps."
    out.print(render.coloured(verdict, "ok" if whole else "gaps"))
    out.print(
        render.facts([
            ("caller", render.safe(found.caller_arn)),
            ("accounts", f"{len(reachable)} of {render.counted(len(scanned), 'account')} can be read"),
            ("estimate", _estimate(found)),
        ])
    )  # fmt: skip
    _section(out, "Cannot be entered", [_account(one) for one in scanned if not one.reachable])
    _section(out, "Left out", [_account(one) for one in found.accounts if not one.scanned])
    _section(out, "Missing permissions", [_missing(one) for one in found.missing if one.costs])
    _section(out, "Stores", [render.safe(one, longest=400) for one in stores])
    _section(out, "Not tried", [f"{action}: {why}" for action, why in found.untried])
    for number, fix in enumerate(found.fixes, 1):
        out.print(render.heading(f"\nFix {number}: {render.safe(fix.what)}"))
        out.print(f"  for {_accounts(fix.accounts)}")
        if fix.policy:
            out.print(fix.policy, soft_wrap=True)


def _section(out: Console, title: str, lines: list[str]) -> None:
    if not lines:
        return
    out.print(render.heading(f"\n{title}"))
    for line in lines:
        out.print(Text(f"  {line}"), soft_wrap=True)


def _estimate(found: Diagnosis) -> str:
    minutes = "under a minute" if found.estimate.minutes <= 1 else f"about {found.estimate.minutes} minutes"
    return f"{found.estimate.calls:,} calls, {minutes}, for a first scan; secrets and the like come on top"


def _account(one: AccountCheck) -> str:
    name = f" ({render.safe(one.name)})" if one.name else ""
    return f"{one.account}{name}: {render.safe(one.reason, longest=400)}"


def _missing(one: Missing) -> str:
    accounts = tuple(sorted({account for account, _ in one.where}))
    return f"{one.action} ({one.why}) {one.reason} in {_accounts(accounts)}. Costs: {one.costs}."


def _accounts(accounts: tuple[str, ...]) -> str:
    named = ", ".join(accounts[:_MOST])
    return named if len(accounts) <= _MOST else f"{named} and {len(accounts) - _MOST} more"


def _silent(_: AccountCheck) -> None:
    pass


def _watch(one: AccountCheck) -> None:
    state = "can be read" if one.reachable and not one.missing else "has gaps" if one.reachable else "cannot be read"
    typer.echo(f"account {one.account}: {state if one.scanned else 'left out'}", err=True)
