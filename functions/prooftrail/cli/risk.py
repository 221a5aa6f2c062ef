"""`prooftrail risk`: every identity by its tier, with what it may do and what makes that easier to misuse."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.text import Text

from prooftrail.cli import arguments, heads, render
from prooftrail.cli.arguments import AccountOption, AsOfOption, Json, LockerAddress, Profile
from prooftrail.cli.render import counted, safe
from prooftrail.cli.results import not_judged, unjudged
from prooftrail.errors import EvidenceError
from prooftrail.flows import locker_judgement
from prooftrail.flows.identity_trail import Trail
from prooftrail.flows.locker_history import AsOf, LockerHistory
from prooftrail.flows.locker_judgement import Judged, Judgements, identities_of
from prooftrail.model.identity import Identity
from prooftrail.model.judgement import Risk, Tier

_REASON = 600  # characters of why an account is not judged
TIER_STYLES = {Tier.CRITICAL: "bold red", Tier.HIGH: "red", Tier.MEDIUM: "yellow", Tier.LOW: ""}

TierOption = Annotated[str | None, typer.Option("--tier", metavar="TIER", help="critical, high, medium or low.")]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One score and whose it is; `identity` is None where only an older snapshot than those shown lists it."""

    risk: Risk
    identity: Identity | None
    judged: Judged


def risk(
    locker: LockerAddress,
    tier: TierOption = None,
    as_of: AsOfOption = None,
    account: AccountOption = None,
    as_json: Json = False,
    profile: Profile = None,
) -> None:
    """List every identity by its inherent risk, the highest first, headed by what was not judged."""
    of_tier, only = arguments.tier(tier), arguments.account(account)
    history = arguments.history(locker, profile)
    view = history.as_of(history.run(as_of), account=only)
    if only and not view.standings:
        raise EvidenceError(f"account {only} is in no plan up to run {view.run.run_id}: check --account.")
    found = locker_judgement.judgements(history, view)
    rows = [row for row in _rows(found, view) if of_tier in (None, row.risk.tier)]
    if as_json:
        for line in unjudged(found, view):
            render.warn(line)
        render.write(render.json_list(_as_json(row, view) for row in rows))
    else:
        _page(found, rows, view)


def score_of(history: LockerHistory, trail: Trail, view: AsOf) -> Risk | str:
    """The newest score of an identity at or before the run in view; else why there is none, as a sentence."""
    account = trail.identity.account
    narrow = msgspec.structs.replace(view, standings=tuple(one for one in view.standings if one.account == account))
    found = locker_judgement.judgements(history, narrow)
    judged = found.of(account)
    if judged is None:
        return next((f"Not scored: {one.reason}." for one in found.unjudged), "Not scored: its account was not judged.")
    scored = next((one for one in judged.assessment.risks if one.identity == trail.identity.id), None)
    return scored or f"Not scored: run {judged.run.run_id}, which judged its account last, did not see it."


def _rows(found: Judgements, view: AsOf) -> list[Row]:
    listed = {one.account: identities_of(one) for one in view.standings}
    rows = (
        Row(risk=one, identity=listed.get(judged.account, {}).get(one.identity), judged=judged)
        for judged in found.judged
        for one in judged.assessment.risks
    )
    return sorted(rows, key=_order)


def _order(row: Row) -> tuple[int, int, int, str, str, str]:
    risk, name = row.risk, row.identity.name if row.identity else ""
    return -risk.tier.rank, -risk.tier_from.rank, -risk.points, row.judged.account, name, risk.identity


def _as_json(row: Row, view: AsOf) -> dict[str, Any]:
    one = row.identity
    about = {
        "account": row.judged.account,
        "name": view.reveal(one.name) if one else None,
        "arn": view.reveal(one.arn) if one else None,
        "kind": one.kind if one else None,
        "class": one.classification.cls if one else None,
        "owner": view.reveal(one.owner.value) if one and one.owner.value else None,
    }
    judged = {
        "certain": row.risk.certain,
        "model_version": row.judged.assessment.header.model_version,
        "judged_in_run": row.judged.run.run_id,
        "stale": row.judged.run != view.run,
    }
    return {**about, **revealed(row.risk, view), **judged}


def revealed(risk: Risk, view: AsOf) -> dict[str, Any]:
    """All fields of a score as data, people named while that is possible."""
    told: dict[str, Any] = render.each_text(msgspec.to_builtins(risk), view.reveal)
    told.pop("record", None)
    return told


def _page(found: Judgements, rows: Sequence[Row], view: AsOf) -> None:
    console = render.console()
    heads.head(console, "Risk", view)
    not_judged(console, found, view)
    console.print(Text(_counts(rows)))
    own = [row for row in rows if row.risk.inherited_from is None]
    if own:
        console.print()
        _listed(console, own, view)
    if len(own) < len(rows):
        carried = counted(len(rows) - len(own), "credential")
        console.print(Text(f"{carried} not shown: they carry the risk of the user they belong to (--json lists them)"))
    if any(not row.risk.certain for row in rows):
        console.print(
            Text("? stands where something was not read: `prooftrail show` says what, and the lowest it could be.")
        )
    console.print(Text("Privilege is an upper bound: session policies are invisible."))


def _counts(rows: Sequence[Row]) -> str:
    count = Counter(row.risk.tier for row in rows)
    told = ", ".join(f"{count[one]:,} {one}" for one in reversed(Tier))
    between = sum(not row.risk.certain for row in rows)
    more = f"; {between:,} of them could be lower, for something was not read" if between else ""
    return f"{counted(len(rows), 'identity', 'identities')}: {told}{more}"


def _listed(console: Console, rows: Sequence[Row], view: AsOf) -> None:
    """Two lines an identity, for no factor may be cut off."""
    console.print(_line(_HEAD, style="bold"))
    for row in rows:
        console.print(_line(_cells(row, view), style=TIER_STYLES[row.risk.tier]), soft_wrap=True)
        console.print(render.indented(Text(_factors(row.risk), style="dim"), _WIDTHS[0]))


_HEAD = ("TIER", "IDENTITY", "ACCOUNT", "CLASS", "PRIVILEGE")
_WIDTHS = (11, 36, 14, 14, 23)


def _line(cells: Sequence[str], *, style: str) -> Text:
    tier, *others = (f"{_cut(cell, width - 1):<{width}}" for cell, width in zip(cells, _WIDTHS, strict=True))
    return Text.assemble((tier, style), "".join(others).rstrip())


def _cut(text: str, longest: int) -> str:
    return safe(text, longest=longest)


def _cells(row: Row, view: AsOf) -> Sequence[str]:
    risk, one = row.risk, row.identity
    privilege = risk.privilege_at_most.replace("_", " ")
    return (
        risk.tier if risk.certain else f"{risk.tier}?",
        view.reveal(one.name if one else risk.identity),
        row.judged.account,
        render.label(one.classification.cls) if one else "unknown",
        privilege if risk.privilege_at_most is risk.privilege else f"{privilege}?",
    )


def _factors(risk: Risk) -> str:
    every = [each.name for each in risk.factors] + [f"{each.name}?" for each in risk.possible]
    return ", ".join(every).replace("_", " ") or "nothing makes it easier to misuse"
