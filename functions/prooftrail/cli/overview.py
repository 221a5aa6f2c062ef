"""`prooftrail overview`: page one of a run, for whoever has a minute and must know what matters."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from prooftrail.cli import arguments, heads, render, results
from prooftrail.cli.arguments import AsOfOption, Json, LockerAddress, Profile
from prooftrail.cli.render import Col, counted, safe, table
from prooftrail.errors import EvidenceError
from prooftrail.flows import locker_judgement
from prooftrail.flows import overview as page_one
from prooftrail.flows.locker_history import UNPLANNED, AsOf, LockerHistory
from prooftrail.flows.locker_judgement import Judgements
from prooftrail.flows.overview import Chain, Counted, LongLived, Overview, People, Untested
from prooftrail.model.judgement import Tier
from prooftrail.model.reading import CellStatus, Collector

_CREDENTIALS_SHOWN = 10
_REASONS_SHOWN = 12
_REASON = 300
_TIERS = {Tier.CRITICAL: "bold red", Tier.HIGH: "red", Tier.MEDIUM: "yellow", Tier.LOW: ""}


def overview(locker: LockerAddress, as_of: AsOfOption = None, as_json: Json = False, profile: Profile = None) -> None:
    """Show page one of a run: who there is, how people come in, results, what was not tested, the worst first."""
    history = arguments.history(locker, profile)
    view = history.as_of(history.run(as_of))
    if as_json:
        here, found = page_one.here(view, locker_judgement.judgements(history, view))
        told = results.unjudged(found, here) + _left(view)
        render.print_json(
            {"run": view.run, "assurance": view.assurance, "unjudged": told, **_parts(page_one.overview(here, found))}
        )
    else:
        show(history, view)


def _parts(one: Overview) -> dict[str, object]:
    return {name: getattr(one, name) for name in one.__struct_fields__}


def show(history: LockerHistory, view: AsOf) -> None:
    """Print the page."""
    console, left = render.console(), _left(view)
    view, found = page_one.here(view, locker_judgement.judgements(history, view))
    made = page_one.overview(view, found)
    heads.head(console, "Page one,", view)
    results.not_judged(console, found, view)
    if made.carried:
        left.append(
            f"{counted(made.carried, 'identity', 'identities')} below carried from earlier runs of accounts this run did not judge"
        )
    for line in left:
        console.print(render.indented(Text(line, style="yellow"), 2))
    console.print(render.indented(Text(_bounds(history, view), style="dim"), 2))
    _counted(console, "Identities by class and tier", "CLASS", made.classes)
    _counted(console, "Identities by kind and tier", "KIND", made.kinds)
    _people(console, made.people)
    console.print()
    console.print(render.heading("Results by control"))
    results.by_control(console, list(locker_judgement.rows(found, view)), results.catalog_of(history, view))
    _long_lived(console, made.long_lived, view)
    _untested(console, made.untested, found)
    _chains(console, made.chains)


def _left(view: AsOf) -> list[str]:
    """Accounts the page leaves out, because the run did not plan for them."""
    return [
        f"account {one.account} is not among the accounts of this run and not on this page: `results --account` has its last"
        for one in view.standings
        if one.status == UNPLANNED
    ]


def _bounds(history: LockerHistory, view: AsOf) -> str:
    """What every privilege on the page is an upper bound of."""
    said = "Privilege is an upper bound: session policies are invisible."
    try:
        context = locker_judgement.context_of(history, view.run)
    except EvidenceError:
        return f"{said} Guardrails not considered: the run's context is gone."
    cell = next((one for one in context.cells if one.collector is Collector.ORGANIZATION_POLICIES), None)
    if context.organization.id is None or cell is None or cell.status is not CellStatus.OK:
        return f"{said} Guardrails not considered: the organization's policies were not read."
    return f"{said} Of guardrails only a service control policy's unconditional Deny on every resource lowers it."


def _counted(console: Console, title: str, of: str, rows: Sequence[Counted]) -> None:
    console.print()
    console.print(render.heading(title))
    tiers = [Col(tier.upper(), 8, right=True) for tier in reversed(Tier)]
    columns = (Col(of, 24, grows=1), Col("TOTAL", 7, right=True), *tiers, Col("NOT SCORED", 10, right=True))
    console.print(table(columns, map(_count, rows), width=console.width))


def _count(one: Counted) -> Sequence[str | Text]:
    tiers = (
        Text(f"{number:,}" if number else "-", style=_TIERS[tier] if number else "dim") for tier, number in one.by_tier
    )
    return (render.label(one.name), f"{one.total:,}", *tiers, f"{one.unscored:,}" if one.unscored else "-")


def _people(console: Console, one: People) -> None:
    console.print()
    console.print(render.heading("How people come in"))
    unknown = f", {one.mfa_unknown} where that is not known" if one.mfa_unknown else ""
    console.print(
        render.facts(
            [
                ("passwords", f"{counted(one.passwords, 'IAM user')}, {one.without_mfa} without MFA{unknown}"),
                ("root", f"{counted(one.roots_with_password, 'account')} whose root has a password"),
                (
                    "centre",
                    f"{counted(one.permission_sets, 'permission set')}, {counted(one.center_roles, 'role')} of Identity Center",
                ),
                ("saml", counted(one.saml_roles, "role")),
                *(("not tested", Text(each, style="yellow")) for each in one.untested),
            ]
        )
    )


def _long_lived(console: Console, rows: Sequence[LongLived], view: AsOf) -> None:
    console.print()
    unowned, left = sum(one.owner is None for one in rows), sum(one.owner_left for one in rows)
    title = f"Long-lived credentials not known to be a person's: {len(rows)}"
    console.print(render.heading(f"{title}, {unowned} without an owner, {left} whose owner left"))
    columns = (
        Col("CREDENTIAL", 21), Col("OF", 16, grows=1), Col("ACCOUNT", 13), Col("TIER", 8), Col("AGE", 9, right=True),
        Col("LAST USE", 13, right=True), Col("OWNER", 12, grows=1),
    )  # fmt: skip
    console.print(table(columns, (_credential(one, view) for one in rows[:_CREDENTIALS_SHOWN]), width=console.width))
    if len(rows) > _CREDENTIALS_SHOWN:
        console.print(Text(f"and {len(rows) - _CREDENTIALS_SHOWN} more: --json lists them", style="dim"))


def _credential(one: LongLived, view: AsOf) -> Sequence[str | Text]:
    at = view.run.taken_at
    used = render.ago(one.last_used_at, at) if one.last_used_at else ("never" if one.use_tracked else "unknown")
    return (
        safe(one.id),
        safe(one.user),
        safe(one.account_name or one.account),
        Text(one.tier or "-", style=_TIERS[one.tier] if one.tier else ""),
        render.ago(one.created_at, at).removesuffix(" ago") if one.created_at else "unknown",
        used,
        Text("nobody", style="red") if one.owner is None else _owner(one.owner, left=one.owner_left),
    )


def _owner(name: str, *, left: bool) -> Text:
    return Text(f"left: {safe(name)}", style="red") if left else Text(safe(name))


def _untested(console: Console, rows: Sequence[Untested], found: Judgements) -> None:
    console.print()
    total = sum(one.results for one in rows)
    console.print(render.heading(f"Not tested: {counted(total, 'result')}, and why"))
    for one in rows[:_REASONS_SHOWN]:
        where = f"{counted(one.results, 'result')} in {counted(one.accounts, 'account')}"
        told = Text.assemble((", ".join(one.controls), "bold"), f"  {where}: {safe(one.reason, longest=_REASON)}")
        console.print(render.indented(told, 2))
    if len(rows) > _REASONS_SHOWN:
        console.print(
            Text(
                f"  and {counted(len(rows) - _REASONS_SHOWN, 'more reason')}: `prooftrail results LOCKER --result NOT_TESTED` has them",
                style="dim",
            )
        )
    for each in found.unjudged:
        console.print(render.indented(Text(f"all of account {each.account}: {safe(each.reason)}", style="yellow"), 2))


def _chains(console: Console, chains: Sequence[Chain]) -> None:
    console.print()
    console.print(render.heading("The most serious chains of fact"))
    if not chains:
        console.print(Text("  none: nothing that was scored has a factor against it"))
    for one in chains:
        alike = f", and {counted(one.alike, 'other')} of its shape" if one.alike else ""
        head = Text.assemble(
            (f"{one.tier}  ", _TIERS[one.tier]), (safe(one.name), "bold"),
            (f"  {one.kind}, {safe(one.account_name or one.account)}{alike}", "dim"),
        )  # fmt: skip
        console.print(render.indented(head, 2))
        for line in _links(one):
            console.print(render.indented(line, 4))


def _links(one: Chain) -> Iterator[str]:
    for at, fact in enumerate(one.facts):
        yield f"{'→ ' if at else ''}{safe(fact, longest=_REASON)}"
    if one.failing:
        yield f"fails {', '.join(one.failing)}"
