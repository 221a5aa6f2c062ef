"""The working papers of a sample: a list a person goes through, with columns left empty for what they find."""

import re
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from prooftrail.model import canonical
from prooftrail.pack.registers.cells import csv_text
from prooftrail.pack.sampling.record import FIRST, Sample
from prooftrail.pack.sampling.sampling import Selected

COLUMNS = (
    "number",
    "item_id",
    "name",
    "kind",
    "account",
    "tier",
    "owner",
    "stratum",
    "failing_controls",
    "open_findings",
    "evidence_file",
    "not_gathered",
    "auditor_result",
    "auditor_remark",
)
"""Columns of sample.csv; the last two are the auditor's own, and empty."""

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_NAME = 60
_CELL = 80
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+!|~&])")


class Paper(msgspec.Struct, frozen=True, kw_only=True):
    """One item of the sample as a list shows it, and the file its evidence is told in."""

    selected: Selected
    file: str
    summary: Mapping[str, str]
    missing: Sequence[str]


def item_file(one: Selected) -> str:
    """The file that tells of an item, whatever its id holds."""
    plain = _UNSAFE.sub("-", one.item_id.rpartition(":")[2])[-_LONGEST_NAME:].strip("-.")
    return f"items/{one.number:03}-{plain or 'item'}.json"


def sample_csv(papers: Iterable[Paper]) -> bytes:
    """The list as CSV."""
    lines = [",".join(COLUMNS)]
    lines += [",".join(map(csv_text, _cells(one))) for one in papers]
    return "".join(f"{one}\r\n" for one in lines).encode()


def _cells(one: Paper) -> tuple[str, ...]:
    said = one.summary
    return (
        str(one.selected.number),
        one.selected.item_id,
        *(said.get(name, "") for name in ("name", "kind", "account", "tier", "owner")),
        one.selected.stratum,
        said.get("failing", ""),
        said.get("open_findings", ""),
        one.file,
        "; ".join(one.missing),
        "",
        "",
    )


def sample_md(sample: Sample, papers: Sequence[Paper], *, earlier: int, entered: str, people_known: bool) -> bytes:
    """The list to read, headed by what was drawn from what, with whose seed, and where the draw is on record."""
    lines = [
        f"# Sample {sample.id}",
        "",
        f"**{'Seed: ' + sample.independence}**",
        "",
        *_facts(sample, earlier, entered),
        "",
        "Write your result and remark into the last two columns here, or into `sample.csv`.",
        "",
        "| # | item | name | kind | account | tier | fails | open | evidence | result | remark |",
        "|---:|---|---|---|---|---|---|---:|---|---|---|",
        *(_row(one) for one in papers),
        "",
        *_not_gathered(papers),
        *_left_out(sample),
        "## What lies beside this",
        "",
        f"- `{sample.population_ref.rpartition('/')[2]}`: the population as it was when this was drawn.",
        f"- `25_sample_{sample.id}.json`: the record of the draw.",
        "- `items/`: one file an item: its row, and the sealed lines about it, each with the object and line it stands in.",
        "- `evidence/`: those objects as they were sealed, with the raw answers of AWS.",
        *([] if people_known else ["- People stand as pseudonyms here: what they stand for was not taken along."]),
        "",
        "## Draw it again by hand",
        "",
        "```text",
        *(f"{number}. {_plain(one)}" for number, one in enumerate(sample.redo_by_hand, 1)),
        "```",
        "",
    ]
    return "\n".join(lines).encode()


def _facts(sample: Sample, earlier: int, entered: str) -> list[str]:
    before = FIRST if not earlier else f"{earlier} earlier on record here; another copy has a log of its own"
    word = f" (the SHA-256 of {sample.seed_word})" if sample.seed_word else ""
    shares = [
        f"  - {_text(one.stratum)}: {one.drawn} of {one.items}{', all of them' if one.whole or one.drawn == one.items else ''}"
        for one in sample.shares
        if sample.strata
    ]
    return [
        f"- Population: {_text(sample.population_ref)} of {_text(sample.population_of, longest=400)}, {sample.rows} items,"
        f" SHA-256 `{sample.population_sha256}`",
        f"- Draws from this population: {before}",
        f"- Drawn: {len(sample.selected)}, asked for {sample.n}, on {canonical.timestamp(sample.drawn_at)} by"
        f" {_text(sample.drawn_by)}",
        f"- Seed, of the {sample.seed_source}: {_text(sample.seed, longest=1000)}{word}",
        f"- Strata: {_text(', '.join(sample.strata)) or 'none'}",
        *shares,
        f"- Algorithm: {sample.algorithm}",
        f"- On record: {_text(entered, longest=400)}",
    ]


def _row(one: Paper) -> str:
    said = one.summary
    cells = (
        str(one.selected.number),
        *(_text(text) for text in (one.selected.item_id, *(said.get(name, "") for name in ("name", "kind", "account", "tier", "failing", "open_findings")))),
        f"[file]({one.file})",
        " ",
        " ",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _not_gathered(papers: Sequence[Paper]) -> list[str]:
    found = [f"- {one.selected.number}: {_text(each, longest=600)}" for one in papers for each in one.missing]
    return ["## What could not be gathered", "", *found, ""] if found else []


def _left_out(sample: Sample) -> list[str]:
    found = [f"- {_text(one.item_id)}: {_text(one.reason, longest=600)}" for one in sample.exclusions]
    return ["## Excluded before the draw", "", *found, ""] if found else []


def _text(text: str, *, longest: int = _CELL) -> str:
    """Text that means nothing to Markdown, HTML or a terminal."""
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    return _MARKDOWN.sub(r"\\\1", _plain(cut)).replace("\\<", "&lt;").replace("\\>", "&gt;").replace("\\&", "&amp;")


def _plain(text: str) -> str:
    """Text in which nothing steers a terminal or ends a block."""
    shown = "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text)
    return shown.replace("```", "` ` `")
