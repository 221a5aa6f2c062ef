"""Writes a sample with everything a person needs to work through it: population, record, items, evidence, and the lists."""

from dataclasses import dataclass
from pathlib import Path

import msgspec

from prooftrail.flows.draw_sample import Drawing
from prooftrail.model.run import SealedObject
from prooftrail.pack.sampling import papers as sample_papers
from prooftrail.pack.sampling.papers import Paper
from prooftrail.pack.sampling.record import file_of
from prooftrail.wiring.sampling import Bench


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """What was gathered, and where. `new` is False where the folder was there before: then nothing in it was touched."""

    folder: str
    papers: tuple[Paper, ...]
    missing: tuple[str, ...]
    new: bool


def write_papers(bench: Bench, drawing: Drawing, out: Path | None) -> Papers:
    """Gather what stands behind each item and write it. The record comes last: a folder without it is unfinished."""
    sample = drawing.sample
    folder = bench.folder_of(sample.id, out)
    there = folder.holds(file_of(sample))
    papers: list[Paper] = []
    objects: dict[str, SealedObject] = {}
    missing: list[str] = []
    for one in bench.gather(sample, bench.frozen.population):
        paper = Paper(
            selected=one.selected, file=sample_papers.item_file(one.selected), summary=one.summary, missing=one.missing
        )
        papers.append(paper)
        objects |= {each.key: each for each in one.objects}
        missing += [f"{one.selected.number}: {each}" for each in one.missing]
        if not there:
            folder.write(paper.file, _pretty(one.told))
    if not there:
        for key, body in bench.gather.copies(objects):
            if isinstance(body, bytes):
                folder.write(f"evidence/{key}", body)
            else:
                missing.append(body)
        folder.write(sample.population_ref.rpartition("/")[2], bench.frozen.body)
        folder.write("sample.csv", sample_papers.sample_csv(papers))
        said = sample_papers.sample_md(
            sample, papers, earlier=drawing.earlier, entered=drawing.entered, people_known=bench.people_known
        )
        folder.write("sample.md", said)
        folder.write(file_of(sample), _pretty(sample))
    return Papers(folder=folder.describe(), papers=tuple(papers), missing=tuple(dict.fromkeys(missing)), new=not there)


def _pretty(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"
