"""`prooftrail controls`: what is asked of identities, within which limits, what is tested of it, and what it answers to."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.text import Text

from prooftrail.cli import render
from prooftrail.cli.arguments import Json
from prooftrail.cli.render import Col, counted, table
from prooftrail.controls import crosswalk, parsing
from prooftrail.controls.catalog import Catalog, Control
from prooftrail.errors import ConfigError
from prooftrail.governance.thresholds import in_words
from prooftrail.model.judgement import Tier

SHORT = {
    "iso": "iso27001_2022",
    "csf": "csf_2_0",
    "800-53": "sp800_53_r5",
    "owasp": "owasp_nhi_2025",
    "ai-rmf": "ai_rmf_1_0",
    "cis": "cis_aws",
    "soc2": "soc2",
    "pci": "pci_dss_4",
    "nis2": "nis2",
}
"""The frameworks as people type them, and their key in the crosswalk."""

_LABELS = 16  # columns
_TIERS = tuple(reversed(Tier))


def controls(
    wanted: Annotated[
        str | None, typer.Argument(metavar="ID", help="IDC-15, or a framework's id: A.5.18, AC-2(3), NHI7:2025.")
    ] = None,
    framework: Annotated[
        str | None, typer.Option(metavar="NAME", help=f"By the ids of one framework: {', '.join(SHORT)}.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the controls of the map, show one, or find those that answer to a framework's identifier."""
    catalog = parsing.parse(parsing.shipped())
    if wanted and framework:
        raise ConfigError("an id and --framework ask for two things: give one.")
    if framework:
        _by_framework(catalog, _key(framework), as_json=as_json)
    elif wanted:
        _asked(catalog, wanted, as_json=as_json)
    elif as_json:
        render.write(render.json_list(map(told, catalog.controls)))
    else:
        _list(render.console(), catalog)


def told(control: Control) -> dict[str, Any]:
    """A control as data, with what AI RMF identifiers claim."""
    return {**msgspec.to_builtins(control), "ai_rmf_note": crosswalk.FRAMEWORKS["ai_rmf_1_0"]}


def _key(framework: str) -> str:
    key = SHORT.get(framework.strip().lower())
    if key is None:
        raise ConfigError(f"--framework takes {', '.join(SHORT)}, not {framework!r}.")
    return key


def _asked(catalog: Catalog, wanted: str, *, as_json: bool) -> None:
    named = crosswalk.find(catalog, wanted)
    if named is None:
        raise ConfigError(f"no control of the map goes by {wanted!r}: `prooftrail controls` lists them.")
    if as_json:
        render.print_json(
            {
                "asked": named.asked,
                "ids": named.ids,
                "note": named.note,
                "controls": [told(one) for one in named.controls],
            }
        )
        return
    console = render.console()
    if len(named.controls) == 1 and named.note is None and named.ids == (named.controls[0].id,):
        _page(console, named.controls[0])
        return
    console.print(render.heading(named.heading))
    if named.note:
        console.print(Text(named.note, style="yellow"))
    console.print()
    _table(console, named.controls)


def _list(console: Console, catalog: Catalog) -> None:
    for theme in dict.fromkeys(one.theme for one in catalog.controls):
        console.print(render.heading(theme))
        _table(console, [one for one in catalog.controls if one.theme == theme])
        console.print()
    untested = sum(not one.testable for one in catalog.controls)
    line = f"{counted(len(catalog.controls), 'control')}, version {catalog.version} of the map, sha256 {catalog.sha256[:16]}…; "
    console.print(Text(f"{line}{untested} cannot be tested by this version and say so in every run"))


def _table(console: Console, controls: Iterable[Control]) -> None:
    columns = (Col("ID", 6), Col("CONTROL", 41, grows=1), Col("JUDGES", 12), Col("TESTED", 7), Col("ISO", 22, grows=1))
    console.print(table(columns, map(_row, controls), width=console.width))


def _row(one: Control) -> Sequence[str | Text]:
    judges = ", ".join(each.replace("_", " ") for each in one.subject)
    return one.id, one.title, judges, _tested(one), ", ".join(one.crosswalk.iso27001_2022)


def _tested(one: Control) -> Text:
    if not one.testable:
        return Text("no", style="red")
    return Text("in part", style="yellow") if one.not_covered else Text("yes", style="green")


def _page(console: Console, one: Control) -> None:
    console.print(render.heading(f"{one.id} {one.title}"))
    console.print(Text(one.statement))
    console.print()
    console.print(render.facts(_facts(one), labels=_LABELS))
    if not one.testable:
        console.print(Text(f"Not tested by this version: {one.why_not}.", style="red"))
    _parts(console, one)
    _limits(console, one)
    console.print()
    console.print(render.heading("Answers to (which of them it supports is our judgement, to be approved by yours)"))
    console.print(render.facts(_answers(one), labels=_LABELS))


def _facts(one: Control) -> Iterator[tuple[str, str]]:
    yield "theme", one.theme
    yield "version", one.version
    yield "judges", ", ".join(each.replace("_", " ") for each in one.subject)
    yield "kinds", ", ".join(one.kinds)
    yield "nonconformity", one.nonconformity
    yield "evidence", ", ".join(one.evidence)
    yield "compensated by", ", ".join(one.compensating) or "nothing: no exception from it is accepted"


def _parts(console: Console, one: Control) -> None:
    console.print()
    console.print(render.heading("What is tested of it, and what is not"))
    for part in one.parts:
        mark, style = ("tested    ", "green") if part.covered else ("not tested", "yellow")
        why = f": {part.why}" if part.why else ""
        console.print(render.indented(Text.assemble((mark, style), f"  {part.what}{why}"), 2))


def _limits(console: Console, one: Control) -> None:
    console.print()
    console.print(render.heading("Limits by tier (built-in defaults; thresholds.toml sets an organization's own)"))
    columns = (Col("LIMIT", 30, grows=1), *(Col(tier.upper(), 12) for tier in _TIERS))
    rows = [(name, *(in_words(name, values.at(tier)) for tier in _TIERS)) for name, values in one.thresholds.items()]
    rows.append(("review at least every", *(in_words("days", one.review_days.at(tier)) for tier in _TIERS)))
    console.print(table(columns, rows, width=console.width))
    for name, why in one.without_effect.items():
        console.print(render.indented(Text(f"{name} has no effect in this version: {why}", style="yellow"), 2))


def _answers(one: Control) -> Iterator[tuple[str, str]]:
    found: dict[str, list[str]] = {}
    for key, each in crosswalk.by_framework(one):
        found.setdefault(key, []).append(each)
    short = {key: name for name, key in SHORT.items()}
    for key, ids in found.items():
        note = " (governance analogue, except for AI workloads)" if key == "ai_rmf_1_0" else ""
        yield short[key], ", ".join(ids) + note


def _by_framework(catalog: Catalog, key: str, *, as_json: bool) -> None:
    found: dict[str, list[str]] = {}
    for one in catalog.controls:
        for framework, each in crosswalk.by_framework(one):
            if framework == key:
                found.setdefault(each, []).append(one.id)
    ordered = sorted(found.items(), key=lambda pair: _natural(pair[0]))
    if as_json:
        render.print_json({"framework": crosswalk.FRAMEWORKS[key], "ids": dict(ordered)})
        return
    console = render.console()
    console.print(render.heading(crosswalk.FRAMEWORKS[key]))
    columns = (Col("ID", 18), Col("CONTROLS", 40, grows=1))
    console.print(table(columns, ((each, ", ".join(ids)) for each, ids in ordered), width=console.width))
    if key == "owasp_nhi_2025":
        console.print()
        console.print(Text(crosswalk.ALIAS, style="dim"))


def _natural(text: str) -> tuple[tuple[int, str], ...]:
    """`A.5.9` before `A.5.10`."""
    parts = "".join(one if one.isdigit() else f" {one} " if not one.isalnum() else one for one in text).split()
    return tuple((int(one), "") if one.isdigit() else (0, one) for one in parts)
