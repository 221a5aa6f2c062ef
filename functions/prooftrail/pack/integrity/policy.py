"""policy/: the governance the shown run was judged under, as sealed, with the control map, the risk method and the terms of keeping."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from prooftrail.governance.policy import FILES
from prooftrail.model import canonical
from prooftrail.pack.view import PackRun, PeriodView
from prooftrail.risk.method import model
from prooftrail.settings import Retention

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|!~])")
_LONGEST = 200  # characters of a name
_APPROVERS = ("approved_by", "approver", "risk_owner")
_GOVERNANCE, _CATALOG = "policy/governance.json", "policy/control_catalog.toml"


def files(period: PeriodView) -> Iterator[tuple[str, bytes]]:
    """Every file of policy/ with its bytes, README first.

    Names of people stand in the JSON as pseudonyms, as they were sealed; README shows approvers as far as they are known.
    """
    yield "policy/README.md", _readme(period).encode("utf-8", "replace")
    governance = period.context.governance
    yield _GOVERNANCE, canonical.encode(governance)
    for name in FILES:
        yield _json_of(name), canonical.encode(getattr(governance, name.removesuffix(".toml")))
    if period.context.catalog:
        yield _CATALOG, period.context.catalog.encode()
    yield "policy/risk_method.json", _pretty(msgspec.to_builtins(model()))
    yield "policy/retention.json", _pretty(_retention())


def _json_of(name: str) -> str:
    return f"policy/{name.removesuffix('.toml')}.json"


def _readme(period: PeriodView) -> str:
    governance, run = period.context.governance, period.as_of
    lines = [
        "# Policy in force",
        "",
        f"What run `{run.run_id}` was judged under, as it was sealed with it. {_since(period)}",
        "",
        f"- `governance.json`: all of it, byte for byte as hashed. SHA-256 `{governance.digest}`; the manifest of slot"
        f" {run.seq} states `{run.governance.sha256}`"
        + (": the same." if governance.digest == run.governance.sha256 else ": THEY DIFFER, ask why."),
        *_catalog(period),
        *_method(period),
        "- `retention.json`: how long each kind of evidence is kept by default. Until when a single object is kept is in"
        " `integrity/evidence_index.csv`.",
        "",
        "| File | Given | Version | Approved by | SHA-256 of the canonical JSON |",
        "|---|---|---|---|---|",
        *(_row(period, name) for name in FILES),
        "",
        "An approval is what the file says. Nobody here asked the approver or a ticket system, unless `verified` stands"
        " beside an entry. A file that was not given has the built-in defaults, which the organization did not approve.",
        *_pseudonymised(period),
        *_loosened(period),
        "",
    ]
    return "\n".join(lines)


def _pseudonymised(period: PeriodView) -> Iterator[str]:
    """What still names people in a pack that leaves them under pseudonyms."""
    if not period.people_known:
        yield ""
        yield (
            "People are under pseudonyms here and in the rest of the pack. What identities are called in AWS is evidence and"
            " stays: an IAM user, a role or a session that is named after somebody still is."
        )


def _since(period: PeriodView) -> str:
    """Since which run of the period the same policy holds without a break."""
    sha256, held = period.as_of.governance.sha256, period.as_of
    earlier = [*((period.before,) if period.before else ()), *period.runs]
    for one in reversed([each for each in earlier if each.taken_at <= period.as_of.taken_at]):
        if one.governance.sha256 != sha256:
            return f"The same policy holds since run `{held.run_id}`; the run before had another: see 31_governance_changes."
        held = one
    return f"The same policy holds at least since run `{held.run_id}`, the first this pack looks at."


def _catalog(period: PeriodView) -> Iterator[str]:
    text = period.context.catalog
    if not text:
        yield "- The control map is not here: the run sealed none, for nothing was judged yet."
        return
    sha256 = canonical.sha256(text.encode())
    yield f"- `control_catalog.toml`: the control map as the run read it. SHA-256 `{sha256}`, which each assessment names."


def _method(period: PeriodView) -> Iterator[str]:
    approved, run = period.context.governance.thresholds.risk_method, period.as_of
    yield (
        f"- `risk_method.json`: the risk model `{model().version}` (impact, factors and their points, matrix, floors, caps)"
        f" as the code that made this pack has it{_same_code(period, run)}."
    )
    if approved is None:
        yield "  The organization did not say that it approved a risk method."
    else:
        who = _plain(period.reveal(approved.approved_by))
        yield f"  The organization approved version `{approved.version}`: {who}, {approved.approved_on}."


def _same_code(period: PeriodView, run: PackRun) -> str:
    if run.code.sha256 == period.code_sha256:
        return ", the same code that judged the run"
    return f"; the run was judged by other code (version {run.code.version}, SHA-256 `{run.code.sha256}`)"


def _row(period: PeriodView, name: str) -> str:
    governance = period.context.governance
    part = getattr(governance, name.removesuffix(".toml"))
    approvers = sorted({_plain(period.reveal(one)) for one in _approvers(msgspec.to_builtins(part))})
    who = ", ".join(approvers) or "nobody is named"
    given = "no: defaults" if name in governance.absent else "yes"
    version = _plain(getattr(part, "version", None) or "")
    return f"| `{_json_of(name)[7:]}` | {given} | {version} | {who} | `{canonical.digest(part)}` |"


def _approvers(value: Any) -> Iterator[str]:
    """Everybody an entry names as its approver, wherever it stands."""
    if isinstance(value, dict):
        for name, one in value.items():
            if name in _APPROVERS and isinstance(one, str):
                yield one
            else:
                yield from _approvers(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _approvers(one)


def _loosened(period: PeriodView) -> Iterator[str]:
    """What manifests of the period say was made looser, run by run."""
    loosened = [one for one in period.runs if one.governance.loosened]
    if not loosened:
        yield ""
        yield "No run of the period was made under a looser policy than the run before it, by what the manifests state."
    for one in loosened:
        yield ""
        yield f"Run `{one.run_id}` was made under a looser policy than the one before; {one.governance.turned} results turned by it:"
        yield from (f"- {_plain(period.reveal(each))}" for each in one.governance.loosened)


def _retention() -> dict[str, Any]:
    return {
        "schema": "prooftrail.retention/1",
        "note": "defaults of the product; a deployment may keep longer, and the date each object is kept until is in its manifest",
        "days_from_sealing": dict(sorted(Retention().days.items())),
    }


def _pretty(value: Any) -> bytes:
    return msgspec.json.format(canonical.encode(value), indent=2) + b"\n"


def _plain(text: str) -> str:
    """Text that Markdown takes for nothing but text, on one line."""
    shown = "".join(one if one.isprintable() else "\ufffd" for one in text[:_LONGEST])
    return _MARKUP.sub(r"\\\1", shown) + ("…" if len(text) > _LONGEST else "")
