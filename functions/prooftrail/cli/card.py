"""One identity on a page: what it is, whose, why it is called that, what became of it, and what proves it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from prooftrail.cli import heads, render, wording
from prooftrail.cli.render import counted, safe
from prooftrail.evidence import layout
from prooftrail.flows.identity_trail import Event, Proof, Trail, Unread
from prooftrail.flows.locker_history import AsOf
from prooftrail.model.iam import Root, User
from prooftrail.model.identity import Identity, Known, Rung
from prooftrail.model.judgement import Risk
from prooftrail.model.reading import Cell, Source
from prooftrail.risk import explain_score

_TAGS_SHOWN = 60
_RAW_SHOWN = 12  # answers of AWS on the page; --json has them all
_REQUESTS_SHOWN = 4
_EXPLAINED = 4000  # characters of why it has its tier

_RUNGS = {
    Rung.IDENTITY_TAG: "from its own tag",
    Rung.PRINCIPAL_TAG: "from the tag of the user or role it belongs to",
    Rung.REGISTRY: "from the owners registry",
    Rung.ACCOUNT: "from its account",
    Rung.NONE: "",
}


def as_json(trail: Trail, view: AsOf, scored: Risk | str | None = None) -> dict[str, Any]:
    """The trail as data, with the row of the inventory first; facts are as they were sealed, pseudonyms in them too.

    `scored` is its risk, or why it has none; without it nothing is said of risk.
    """
    one = trail.identity
    return {
        **msgspec.to_builtins(trail.row),
        "as_of_run": view.run.run_id,
        "gone": trail.gone,
        "facts": msgspec.to_builtins(one.facts),
        "tags": None if one.tags is None else [msgspec.to_builtins(tag) for tag in one.tags],
        "usage": msgspec.to_builtins(one.usage),
        **_scored(trail, view, scored),
        "purpose_rung": one.purpose.rung,
        "purpose_where": one.purpose.where,
        "carried_from": one.carried_from,
        "credentials": [msgspec.to_builtins(each) for each in trail.credentials],
        "family_others": trail.relatives,
        "history": [msgspec.to_builtins(each) for each in trail.events],
        "unread": [msgspec.to_builtins(each) for each in trail.unread],
        "namesakes": [msgspec.to_builtins(each) for each in trail.namesakes],
        "proof": [msgspec.to_builtins(each) for each in trail.proofs],
    }


def show(trail: Trail, view: AsOf, scored: Risk | str) -> None:
    """Print the page; `scored` is the identity's risk, or why it has none."""
    console = render.console()
    row = trail.row
    console.print(render.heading(f"{safe(row.name)}  ({row.kind}, {render.label(row.cls)})"))
    console.print(heads.worth(view.assurance))
    for warning in warnings(trail, view):
        console.print(render.indented(Text(safe(warning, longest=600), style="yellow"), 2))
    console.print(render.facts(_what(trail, view)))
    _part(console, "Risk", (view.reveal(_explained(trail, scored)),), longest=_EXPLAINED)
    _credentials(console, trail, view)
    _part(console, "May be assumed by", wording.trust(trail.identity.facts))
    _part(console, "Permissions", wording.permissions(trail.identity.facts))
    _tags(console, trail, view)
    _history(console, trail, view)
    proof(console, trail)


def warnings(trail: Trail, view: AsOf) -> Iterator[str]:
    """What must be known before the rest of the page is believed: how old it is, and what of it is no statement."""
    seen = f"shown as run {trail.seen_in.run_id} saw it"
    if trail.gone:
        yield f"it is not there as of run {view.run.run_id}: {seen} last"
    elif trail.row.stale:
        what, reason = _unread(trail)
        yield f"{what} could not be read in run {view.run.run_id}{f' ({reason})' if reason else ''}: {seen}"
    for other in trail.namesakes:
        yield f"its ARN is also that of another identity, {other.id}, last seen in run {other.last_seen_run}"
    if trail.identity.unknown:
        yield f"not known this time, so no statement: {', '.join(trail.identity.unknown)}"


def _unread(trail: Trail) -> tuple[str, str | None]:
    if trail.standing.stale:
        return "its account", trail.standing.reason or trail.standing.status
    reasons = [one.reason for one in trail.unread if one.reason]
    return f"what lists it ({trail.identity.collector})", reasons[-1] if reasons else None


def _what(trail: Trail, view: AsOf) -> Iterator[tuple[str, str]]:
    one, row, at = trail.identity, trail.row, trail.seen_in.taken_at
    yield "arn", safe(row.arn, longest=2048)
    if one.id != one.arn:
        yield "id", safe(row.id)
    yield "account", f"{row.account} {render.said(row.account_name, absent='')}".rstrip() + _region(row.region)
    yield "as of", f"{render.moment(at)}, run {row.seen_in_run}"
    yield "kind", f"{row.kind}: {safe(row.kind_reason, longest=600)}"
    yield "class", f"{render.label(row.cls)}, {row.class_basis}: {safe(row.class_reason, longest=600)}"
    yield "owner", _known(one.owner, row.owner, view, in_doubt="owner" in one.unknown, nobody="nobody is named")
    yield "purpose", _known(one.purpose, row.purpose, view, in_doubt="purpose" in one.unknown, nobody="not stated")
    yield (
        "created",
        f"{render.moment(one.created_at)}, {render.ago(one.created_at, at)}" if one.created_at else "unknown",
    )
    yield ("signed in" if isinstance(one.facts, User) else "last used"), wording.last_use(one, at)
    if one.family:
        others = (
            f"{counted(trail.relatives, 'other')} of the same shape" if trail.relatives else "no other of its shape"
        )
        yield "family", f"{safe(one.family)} ({others})"
    if one.parent:
        yield "belongs to", safe(one.parent)
    yield from ((name, safe(view.reveal(text), longest=600)) for name, text in wording.particulars(one.facts, at))


def _region(region: str) -> str:
    return "" if region == "global" else f", {region}"


def _known(known: Known, value: str | None, view: AsOf, *, in_doubt: bool, nobody: str) -> str:
    where = view.reveal(known.where) if known.where else ""
    if value is None:
        return "unknown: " + safe(where or "its tags were not read") if in_doubt else nobody
    basis = safe(where) if where else _RUNGS[known.rung]
    return f"{safe(value)}  ({basis}{'; in doubt' if in_doubt else ''})"


def _credentials(console: Console, trail: Trail, view: AsOf) -> None:
    at = trail.seen_in.taken_at
    own = [(name, Text(text)) for name, text in wording.sign_in(trail.identity.facts, at)]
    held = [(_credential_name(one), Text(_credential(one, at, view))) for one in trail.credentials]
    if own or held:
        console.print()
        console.print(render.heading("Credentials"))
        console.print(render.facts([*own, *held]))


def _credential_name(one: Identity) -> str:
    return render.label(one.kind) if one.kind != "service_specific_cred" else "service cred"


def _credential(one: Identity, at: datetime, view: AsOf) -> str:
    parts = [safe(one.id), *(safe(view.reveal(text)) for _, text in wording.particulars(one.facts, at))]
    parts.append(f"created {render.ago(one.created_at, at)}" if one.created_at else "created at an unknown time")
    parts.append(f"last used {wording.last_use(one, at)}")
    return ", ".join(parts)


def _scored(trail: Trail, view: AsOf, scored: Risk | str | None) -> dict[str, Any]:
    if scored is None:
        return {}
    risk = msgspec.to_builtins(scored) if isinstance(scored, Risk) else None
    return {"risk": risk, "risk_explained": view.reveal(_explained(trail, scored))}


def _explained(trail: Trail, scored: Risk | str) -> str:
    return scored if isinstance(scored, str) else explain_score.paragraph(scored, trail.identity)


def _part(console: Console, title: str, lines: tuple[str, ...], *, longest: int = 1000) -> None:
    if lines:
        console.print()
        console.print(render.heading(title))
        for line in lines:
            console.print(render.indented(safe(line, longest=longest), 2))


def _tags(console: Console, trail: Trail, view: AsOf) -> None:
    tags = trail.identity.tags
    if isinstance(trail.identity.facts, Root):
        return  # AWS lets nobody tag one
    if tags is None:
        _part(console, "Tags", ("not read",))
        return
    if tags:
        console.print()
        console.print(render.heading("Tags"))
        pairs = [(safe(one.key, longest=40), safe(view.reveal(one.value))) for one in tags[:_TAGS_SHOWN]]
        console.print(render.facts(pairs, labels=28))


def _history(console: Console, trail: Trail, view: AsOf) -> None:
    """What happened and who could not look, run by run."""
    console.print()
    console.print(render.heading("History"))
    told = [(one.run_id, _event(one, view)) for one in trail.events]
    told += [(gap.run_id, [_silence(gap, view)]) for gap in trail.unread]
    for _, parts in sorted(told, key=lambda one: one[0]):
        for part in parts:
            console.print(part)
    if not told:
        console.print(Text("  no run up to this one shows it"))


def _event(one: Event, view: AsOf) -> list[Padding]:
    note = f"  ({safe(view.reveal(one.note), longest=300)})" if one.note else ""
    changed = (view.reveal(f"{path.removeprefix('facts.')}: {before} → {after}") for path, before, after in one.fields)
    return [
        render.indented(f"{render.moment(one.taken_at)}  {render.label(one.what)}{note}", 2),
        *(render.indented(safe(text, longest=500), 6) for text in changed),
    ]


def _silence(gap: Unread, view: AsOf) -> Padding:
    told = view.reveal(f"{gap.status}: {gap.reason}" if gap.reason else gap.status)
    return render.indented(Text(f"run {gap.run_id} cannot tell, {safe(told, longest=300)}", style="yellow"), 2)


def proof(console: Console, trail: Trail) -> None:
    for at, one in enumerate(trail.proofs):
        console.print()
        title = f"Proof, run {one.run_id}" if at == 0 else f"Carried over from run {one.run_id}, which asked AWS for it"
        console.print(render.heading(title))
        _named(console, "manifest", layout.chain_key(one.seq), "head", f"{one.seq}:{one.manifest_sha256}")
        _named(console, "snapshot", one.snapshot.key, "as stored", one.snapshot.stored_sha256)
        if one.line:
            console.print(render.uncut("", f"line {one.line} once unpacked"))
        console.print(render.facts(_read(one)))
        for raw in one.raw:
            _named(console, "raw", raw.key, "as stored", raw.stored_sha256)
        console.print(render.facts(_answers(one)))


def _named(console: Console, what: str, key: str, which: str, digest: str) -> None:
    console.print(render.uncut(what, safe(key)), soft_wrap=True)
    console.print(render.uncut(which, digest), soft_wrap=True)


def _read(one: Proof) -> Iterator[tuple[str, str]]:
    if one.cell:
        yield "listed by", _cell(one.cell)
        yield from (("", source) for source in _sources(one.cell))
    for cell in one.joined:
        yield "joined by", _cell(cell)
        yield from (("", source) for source in _sources(cell))


def _answers(one: Proof) -> Iterator[tuple[str, str]]:
    """The answers of AWS that name it, by their line in the unpacked raw object."""
    for found in one.raw_lines[:_RAW_SHOWN]:
        asked = f", request {safe(found.request_id)}" if found.request_id else ""
        told = f"{safe(found.api)} in {safe(found.region)}{asked}, Date {render.said(found.date)}"
        yield f"line {found.line}", told
    if len(one.raw_lines) > _RAW_SHOWN:
        yield "", f"and {len(one.raw_lines) - _RAW_SHOWN} more answers that name it: --json lists them"
    if not one.raw_lines and one.raw and not one.missing:
        yield "", "no answer in it names the identity as it is listed here"
    for gone in one.missing:
        yield "gone", safe(gone, longest=600)


def _cell(cell: Cell) -> str:
    told = f"{cell.collector} in {cell.region}: {cell.status}, {counted(cell.items, 'item')}"
    return told + (f", {safe(cell.reason)}" if cell.reason else "")


def _sources(cell: Cell) -> Iterator[str]:
    yield from (_source(one) for one in cell.sources)


def _source(one: Source) -> str:
    asked = ", ".join(f"{name}={value}" for name, value in one.parameters)
    shown = ", ".join(one.request_ids[:_REQUESTS_SHOWN])
    more = f" and {len(one.request_ids) - _REQUESTS_SHOWN} more" if len(one.request_ids) > _REQUESTS_SHOWN else ""
    requests = f"; requests {shown}{more}" if shown else ""
    dated = f"; AWS Date {render.moment(one.aws_date_from)}" if one.aws_date_from else "; AWS sent no Date"
    return safe(
        f"{one.api}({asked}), {counted(one.calls, 'call')}, {render.moment(one.observed_from)} to"
        f" {render.moment(one.observed_to)}{dated}{requests}",
        longest=1000,
    )
