"""`prooftrail hold`: legal holds on sealed versions, on record before they are placed."""

from typing import Annotated, Any

import msgspec
import typer
from rich.text import Text

from prooftrail.cli import arguments, exits, render
from prooftrail.cli.arguments import AccountOption, Json
from prooftrail.cli.render import counted, safe
from prooftrail.errors import ConfigError
from prooftrail.flows.hold import Done, HoldEvidence, Item, Plan, Scope, parse_day
from prooftrail.wiring import holds

_LONGEST = 500  # characters of a reason or case number


def hold(
    locker: Annotated[str, typer.Argument(metavar="LOCKER", help="s3://BUCKET; a directory holds nothing.")],
    run: Annotated[str | None, typer.Option(metavar="RUN", help="The objects of one run.")] = None,
    account: AccountOption = None,
    since: Annotated[str | None, typer.Option("--from", metavar="DATE", help="Runs from this day on, UTC.")] = None,
    until: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="Runs up to this day, itself included.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Everything in the locker.")] = False,
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="Why, for the custody record.")] = None,
    case: Annotated[str | None, typer.Option(metavar="REF", help="The case it is for.")] = None,
    keep_days: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="DAYS",
            help="How long the record is kept: `retention_days.custody` of the stage [default: as the genesis is].",
            show_default=False,
        ),
    ] = None,
    release: Annotated[bool, typer.Option("--release", help="Release instead of placing.")] = False,
    listing: Annotated[
        bool, typer.Option("--list", help="Show which versions in scope are held; changes nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without, what would be done is shown.")] = False,
    as_json: Json = False,
    profile: Annotated[str | None, typer.Option(help="AWS profile that may place legal holds.")] = None,
) -> None:
    """Hold sealed versions beyond their retention, or release them. Without --yes nothing is changed.

    In scope are the versions that manifests name, and always chain, witnesses and custody records. A custody record
    (who, when, why, case, hash of the list) is sealed first. Exit status: 0 done or shown, 1 something was refused.
    """
    scope = _scope(run, arguments.account(account), since, until, everything=everything, listing=listing)
    why, reference = _said(reason, "--reason", needed=not listing), _said(case, "--case", needed=not listing)
    if listing and (yes or release):
        raise ConfigError("--list changes nothing: leave out --yes and --release.")
    holder = holds.open_holds(locker, profile=profile, keep_days=keep_days)
    plan = holder.hold.plan(scope)
    for problem in plan.problems[:1]:
        render.warn(f"the chain does not verify ({problem.where}: {problem.detail}): run `prooftrail verify` as well")
    if listing:
        _list(holder.hold, plan, as_json=as_json)
        return
    done = holder.hold(plan, on=not release, reason=why, reference=reference) if yes else None
    _answer(plan, done, holder.who, locker, release=release, as_json=as_json)
    raise typer.Exit(exits.WITH_GAPS if done and (done.refused or done.untried) else exits.DONE)


def _scope(
    run: str | None, account: str | None, since: str | None, until: str | None, *, everything: bool, listing: bool
) -> Scope:
    scope = Scope(
        run_id=run,
        account=account,
        since=parse_day(since, "--from"),
        until=parse_day(until, "--to"),
        everything=everything,
    )
    narrowed = run or account or since or until
    if everything and narrowed:
        raise ConfigError("--all takes everything: leave out --run, --account, --from and --to.")
    if not everything and not narrowed:
        if not listing:
            raise ConfigError("what is to be held? Give --run, --account, --from and --to, or --all.")
        return Scope(everything=True)
    return scope


def _said(text: str | None, option: str, *, needed: bool) -> str:
    said = (text or "").strip()
    if needed and not said:
        raise ConfigError(f"{option} is missing: a hold is on record with its reason and its case.")
    if len(said) > _LONGEST:
        raise ConfigError(f"{option} is longer than {_LONGEST} characters: put the rest into the case itself.")
    return said


def _list(flow: HoldEvidence, plan: Plan, *, as_json: bool) -> None:
    held = flow.held(plan)
    if as_json:
        render.print_json({"scope": str(plan.scope), "versions": len(plan.items), "held": msgspec.to_builtins(held)})
        return
    console = render.console()
    console.print(f"{counted(len(held), 'version')} of {len(plan.items)} held ({plan.scope})", soft_wrap=True)
    for one in held:
        console.print(Text(f"  {_line(one)}"), soft_wrap=True)


def _line(one: Item) -> str:
    return f"{safe(one.key, longest=500)}  {safe(one.version_id, longest=500)}"


def _answer(plan: Plan, done: Done | None, who: str, locker: str, *, release: bool, as_json: bool) -> None:
    if as_json:
        render.print_json(_as_json(plan, done, who, release=release))
        return
    console, verb = render.console(), "release" if release else "hold"
    console.print(Text("DONE" if done else f"WOULD {verb.upper()} (nothing is changed without --yes)", style="bold"))
    console.print(render.facts(_facts(plan, done, who, locker)))
    for one in done.refusals if done else ():
        console.print(Text(f"  {safe(one, longest=500)}", style="red"), soft_wrap=True)
    if done and done.refused > len(done.refusals):
        console.print(f"  and {done.refused - len(done.refusals)} more")


def _facts(plan: Plan, done: Done | None, who: str, locker: str) -> list[tuple[str, str]]:
    facts = [
        ("locker", safe(locker)),
        ("scope", safe(str(plan.scope))),
        ("in scope", f"{counted(len(plan.items), 'version')} of {counted(plan.runs, 'run')}, with chain and witnesses"),
        ("list", plan.sha256),
        ("head", str(plan.head)),
        ("as", safe(who)),
    ]
    if done:
        untried = f", {done.untried} not tried, as nothing was let through" if done.untried else ""
        facts.append(("came to", f"{done.done} done, {done.gone} gone, {done.refused} refused{untried}"))
        facts.append(("record", done.record))
        facts += [("outcome", done.outcome)] if done.outcome else []
    return facts


def _as_json(plan: Plan, done: Done | None, who: str, *, release: bool) -> dict[str, Any]:
    return {
        "action": "release" if release else "hold",
        "scope": str(plan.scope),
        "runs": plan.runs,
        "versions": len(plan.items),
        "list_sha256": plan.sha256,
        "head": str(plan.head),
        "as": who,
        "done": msgspec.to_builtins(done) if done else None,
    }
