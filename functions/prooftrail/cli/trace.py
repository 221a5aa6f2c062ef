"""`prooftrail trace`: from an identity to the bytes AWS sent, and from a control or a framework's id back to them."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.text import Text

from prooftrail.cli import arguments, card, exits, heads, listing, render
from prooftrail.cli.arguments import AsOfOption, Json, LockerAddress, Profile
from prooftrail.cli.render import counted, safe
from prooftrail.cli.results import STATUS_STYLES, catalog_of, not_judged
from prooftrail.controls import crosswalk
from prooftrail.controls.catalog import Catalog
from prooftrail.controls.evaluate import limits_of
from prooftrail.errors import EvidenceError
from prooftrail.flows import identity_trail, locker_inventory, locker_judgement, trace
from prooftrail.flows.identity_trail import Trail
from prooftrail.flows.locker_history import AsOf, LockerHistory
from prooftrail.flows.locker_judgement import Judgements
from prooftrail.flows.trace import ControlTrace, IdentityTrace, Judgable, Place, TracedResult
from prooftrail.model.judgement import Finding, Limit, ResultStatus, Tier
from prooftrail.risk.explain_score import paragraph

_LISTED = 12  # results of one control on the page; --json has them all
_REASON = 1500


def trace_(
    locker: LockerAddress,
    what: Annotated[
        str, typer.Argument(metavar="ARN|ID|NAME|CONTROL|FRAMEWORK-ID", help="An identity, IDC-15, A.5.18, NHI7:2025 …")
    ],
    as_of: AsOfOption = None,
    as_json: Json = False,
    profile: Profile = None,
) -> None:
    """Walk the proof: identity to risk, controls, limits, owner, results and sealed bytes; or back from a control.

    Exit status: 2 where several identities answer to the name, 3 where nothing does.
    """
    history = arguments.history(locker, profile)
    view = history.as_of(history.run(as_of))
    found, catalog = locker_judgement.judgements(history, view), catalog_of(history, view)
    named = crosswalk.find(catalog, what)
    if named is not None:
        again = f"prooftrail results {safe(locker)} --as-of {view.run.run_id} --control"
        _from_controls(history, view, found, named, as_json=as_json, again=again)
    else:
        _from_identity(history, view, found, catalog, what, as_json=as_json)


def _from_controls(
    history: LockerHistory, view: AsOf, found: Judgements, named: crosswalk.Named, *, as_json: bool, again: str
) -> None:
    context = locker_judgement.context_of(history, view.run)
    catalog = catalog_of(history, view)
    limits = limits_of(catalog, context.governance, view.run.taken_at)
    walked = [
        trace.of_control(
            history, view, found, one, catalog_limits=limits, policy=context.governance, answers_to=named.ids
        )
        for one in named.controls
    ]
    if as_json:
        told = {"asked": named.asked, "explained": named.note, "controls": walked}
        render.print_json(render.each_text(msgspec.to_builtins(told), view.reveal))
        return
    console = render.console()
    heads.head(console, f"{named.heading},", view)
    if named.note:
        console.print(render.indented(named.note, 2))
    not_judged(console, found, view)
    for one in walked:
        _control(console, one, view, supplied=bool(context.governance.soa.line), again=again)


def _control(console: Console, one: ControlTrace, view: AsOf, *, supplied: bool, again: str) -> None:
    control = one.control
    console.print()
    console.print(render.heading(f"{control.id}  {safe(control.title)}  (version {control.version})"))
    console.print(render.indented(control.statement, 2))
    console.print(render.facts(_about(one, view, supplied=supplied)))
    shown = [each for each in one.results if each.result.status is not ResultStatus.NOT_APPLICABLE]
    shown.sort(key=lambda each: (_ORDER[each.result.status], each.account, each.name))
    for each in shown[:_LISTED]:
        _judgable(console, each, view)
    if len(shown) > _LISTED:
        console.print(render.indented(f"and {counted(len(shown) - _LISTED, 'more result')}: `{again} {control.id}`", 2))
    if one.sample:
        console.print()
        console.print(render.heading(f"One of them walked to the end: {safe(one.sample.row.name)}"))
        card.proof(console, one.sample)


_ORDER = {
    one: at
    for at, one in enumerate(
        (
            ResultStatus.FAIL,
            ResultStatus.EXCEPTION,
            ResultStatus.NOT_TESTED,
            ResultStatus.PASS,
            ResultStatus.NOT_APPLICABLE,
        )
    )
}


def _about(one: ControlTrace, view: AsOf, *, supplied: bool) -> Iterator[tuple[str, str]]:
    control = one.control
    yield "speaks of", ", ".join(control.kinds)
    if control.why_not:
        yield "not tested", control.why_not
    for part in control.not_covered:
        yield "not covered", part
    yield from _limits(one, view)
    for line in one.soa:
        applies = "applicable" if line.applicable else "not applicable"
        who = view.reveal(line.control_owner) if line.control_owner else "not named"
        yield (
            "SoA",
            safe(
                f"{line.control} {applies}: {line.justification}; policy {line.policy or 'not named'}; control owner {who}",
                longest=_REASON,
            ),
        )
    if not one.soa:
        why = "no line of it speaks of this control" if supplied else "not supplied (soa.toml)"
        yield "SoA", why
    yield "answers to", ", ".join(crosswalk.ids_of(control))
    told = ", ".join(f"{number:,} {render.label(status)}" for status, number in one.counts)
    yield "results", told or "none: nothing it speaks of was judged"


def _limits(one: ControlTrace, view: AsOf) -> Iterator[tuple[str, str]]:
    """A line a threshold: its value by tier, told once where all tiers share it, and who set it."""
    by_name: dict[str, list[tuple[Tier, Limit]]] = {}
    for tier, limit in one.limits:
        by_name.setdefault(limit.name, []).append((tier, limit))
    for name, found in by_name.items():
        values = {limit.value for _, limit in found}
        told = values.pop() if len(values) == 1 else ", ".join(f"{tier} {limit.value}" for tier, limit in found)
        set_by = "; ".join(dict.fromkeys(view.reveal(limit.set_by) for _, limit in found))
        yield "limit", safe(f"{name}: {told} ({set_by})", longest=_REASON)


def _judgable(console: Console, one: Judgable, view: AsOf) -> None:
    head = Text.assemble(
        (render.label(one.result.status), STATUS_STYLES[one.result.status]),
        f"  {safe(one.name)}",
        (f"  account {one.account}", "dim"),
    )
    console.print(render.indented(head, 2))
    console.print(render.indented(safe(view.reveal(one.result.reason), longest=_REASON), 4))
    console.print(Text(f"    {_place(one.place)}", style="dim"), soft_wrap=True)


def _place(one: Place) -> str:
    line = f" line {one.line}" if one.line else ""
    return f"{one.key}{line}, object {one.number} of {one.of} in manifest {one.seq}"


def _from_identity(
    history: LockerHistory, view: AsOf, found: Judgements, catalog: Catalog, what: str, *, as_json: bool
) -> None:
    matches = identity_trail.find(history, view, what)
    if not matches and crosswalk.looks_like_an_id(what):
        raise EvidenceError(
            f"no control of this map answers to {what!r}, whether or not a framework has such an id: nothing was judged for it."
            " `prooftrail controls` lists what is; ids of CIS belong to one version of it, as in 'v5.0.0 1.14'."
        )
    if not matches:
        raise EvidenceError(
            f"{what!r} is no control (IDC-01 to IDC-35) and no id any control answers to, and no identity goes by it as of"
            f" run {view.run.run_id}{identity_trail.unread_instead(view, what)}"
        )
    if len(matches) > 1:
        listing.matches([locker_inventory.row_of(one.listed, one.standing, one.view) for one in matches])
        exits.say(f"{len(matches)} identities answer to {what!r}: ask again with the id of one.")
        raise typer.Exit(exits.WRONG_USE)
    walked = trace.of_identity(history, matches[0], found, catalog)
    if as_json:
        render.print_json(render.each_text(_as_json(walked, matches[0].view), matches[0].view.reveal))
    else:
        _identity(walked, matches[0].view)


def _as_json(one: IdentityTrace, view: AsOf) -> dict[str, Any]:
    risk = msgspec.to_builtins(one.risk) if one.risk else None
    return {
        "identity": card.as_json(one.trail, view),
        "risk": risk,
        "unjudged": one.unjudged,
        "results": [
            {
                **msgspec.to_builtins(each.result),
                "title": each.control.title,
                "whose": each.whose,
                "applies": each.applies,
                "crosswalk": msgspec.to_builtins(each.control.crosswalk),
                "place": msgspec.to_builtins(each.place),
            }
            for each in one.results
        ],
        "findings": [msgspec.to_builtins(each) for each in one.findings],
    }


def _identity(one: IdentityTrace, view: AsOf) -> None:
    console, row = render.console(), one.trail.row
    console.print(render.heading(f"{safe(row.name)}  ({row.kind}, {render.label(row.cls)})"))
    console.print(heads.worth(view.assurance))
    for warning in card.warnings(one.trail, view):
        console.print(render.indented(Text(safe(warning, longest=_REASON), style="yellow"), 2))
    console.print(render.facts(_who(one.trail)))
    console.print()
    console.print(render.heading("Risk"))
    told = paragraph(one.risk, one.trail.identity) if one.risk else (one.unjudged or "it carries no score")
    console.print(render.indented(safe(view.reveal(told), longest=2000), 2))
    console.print()
    console.print(render.heading(f"Controls, {counted(len(one.results), 'result')}"))
    for each in one.results:
        _result(console, each, view)
    _findings(console, one.findings, view, identity=one.trail.identity.id)
    card.proof(console, one.trail)


def _who(trail: Trail) -> Iterator[tuple[str, str]]:
    row = trail.row
    yield "arn", safe(row.arn, longest=2048)
    yield "id", safe(row.id)
    yield "as of", f"{render.moment(trail.seen_in.taken_at)}, run {row.seen_in_run}"
    yield "owner", safe(f"{row.owner}, {row.owner_where}" if row.owner else "nobody is named")
    yield "purpose", render.said(row.purpose, absent="not stated")


def _result(console: Console, one: TracedResult, view: AsOf) -> None:
    result = one.result
    console.print(
        render.indented(
            Text.assemble(
                (f"{result.control}  ", "bold"),
                (render.label(result.status), STATUS_STYLES[result.status]),
                f"  {safe(one.control.title)}",
                ("" if one.whose == "its own" else f"  ({one.whose} {safe(result.subject)})", "dim"),
            ),
            2,
        )
    )
    console.print(render.indented(safe(view.reveal(result.reason), longest=_REASON), 6))
    console.print(render.indented(Text(f"why it applies: {one.applies}", style="dim"), 6))
    if result.limit:
        told = f"limit: {result.limit.name} {result.limit.value}, {view.reveal(result.limit.set_by)}"
        console.print(render.indented(Text(safe(told, longest=_REASON), style="dim"), 6))
    ids = ", ".join(crosswalk.ids_of(one.control)[:8])
    console.print(render.indented(Text(f"answers to: {ids}", style="dim"), 6))
    console.print(Text(f"      sealed: {_place(one.place)}", style="dim"), soft_wrap=True)


def _findings(console: Console, findings: Sequence[Finding], view: AsOf, *, identity: str) -> None:
    if not findings:
        return
    console.print()
    console.print(render.heading(f"Findings, {len(findings)} with those of its credentials, its user and its account"))
    for one in findings:
        since = f"failing since before run {one.opened_run}" if one.since_before else f"opened in run {one.opened_run}"
        about = "" if one.identity == identity else f" {one.name or one.subject},"
        told = (
            f"{one.control} {about} {one.status}, {one.severity}; {since}; due {render.day(one.due_at)} ({one.due_why})"
        )
        console.print(render.indented(safe(view.reveal(told), longest=_REASON), 2))
