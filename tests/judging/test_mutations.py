"""Two thousand labelled mutations: nothing broken passes, next to nothing sound fails, and what was read is judged."""

from collections import Counter, defaultdict

import pytest

from prooftrail.controls.evaluate import judge
from prooftrail.controls.parsing import parse
from prooftrail.model.judgement import Assessment, ResultStatus
from tests.judging import doors, keys, people, roles, stores  # noqa: F401 - each registers its mutations
from tests.judging.trial import MUTATIONS, Label, Trial, trials

HOW_MANY = 2000
SHOWN = 12


class Tally:
    """The labels and what came of them."""

    def __init__(self) -> None:
        self.labels = self.readable = 0
        self.wrong: dict[str, list[str]] = defaultdict(list)

    def add(self, trial: Trial, assessment: Assessment) -> None:
        """Hold one account's results against its labels."""
        found: dict[tuple[str, str], list[ResultStatus]] = defaultdict(list)
        said: dict[tuple[str, str], list[str]] = defaultdict(list)
        for one in assessment.results:
            for name in {one.subject, one.identity or one.subject}:
                found[one.control, name].append(one.status)
                said[one.control, name].append(one.reason)
        for label in trial.labels:
            self.labels += 1
            self.readable += trial.readable
            key = (label.control, label.subject)
            if sort := _sort(label, found[key], readable=trial.readable):
                got = ", ".join(found[key]) or "no row"
                wanted = " or ".join(label.expected)
                self.wrong[sort].append(f"{label.mutation}: {label.control} wanted {wanted}, got {got}: {said[key]}")

    def told(self) -> str:
        """The confusion numbers, with some of each sort."""
        lines = [f"{self.labels} labels from {len(MUTATIONS)} mutations, {self.readable} on what was readable"]
        for sort, each in sorted(self.wrong.items()):
            kinds = Counter(one.split(", got")[0] for one in each)
            lines.append(f"{sort}: {len(each)}")
            lines += [f"    {count} x {kind}" for kind, count in kinds.most_common(SHOWN)]
            lines += [f"        {one}" for one in each[:SHOWN]]
        return "\n".join(lines)


def _sort(label: Label, got: list[ResultStatus], *, readable: bool) -> str | None:
    """Which sort of error an answer is, None if it is right."""
    if len(got) != 1:
        return "not exactly one row"
    status = got[0]
    if status in label.expected:
        return None
    if status is ResultStatus.FAIL:
        return "false FAIL"
    if status is ResultStatus.NOT_TESTED:
        return "NOT_TESTED though readable" if readable else "NOT_TESTED"
    return "false PASS"


@pytest.fixture(scope="module")
def tally() -> Tally:
    """All mutations, judged once."""
    counted, catalog = Tally(), None
    for trial in trials(HOW_MANY):
        snapshot, context = trial.taken()
        catalog = catalog or parse(context.catalog)
        counted.add(trial, judge(snapshot, context, catalog=catalog, snapshot_sha256="0" * 64))
    print(counted.told())
    return counted


def test_every_mutation_has_a_label(tally: Tally) -> None:
    assert tally.labels >= HOW_MANY


def test_every_label_meets_exactly_one_row(tally: Tally) -> None:
    assert not tally.wrong["not exactly one row"], tally.told()


def test_nothing_broken_passes(tally: Tally) -> None:
    assert not tally.wrong["false PASS"], tally.told()


def test_at_most_one_sound_thing_in_a_hundred_fails(tally: Tally) -> None:
    assert len(tally.wrong["false FAIL"]) <= 0.01 * tally.labels, tally.told()


def test_what_was_read_is_judged(tally: Tally) -> None:
    assert len(tally.wrong["NOT_TESTED though readable"]) <= 0.03 * tally.readable, tally.told()
