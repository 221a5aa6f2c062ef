"""What holds of any account: time, gaps and limits push results one way only, and order pushes them nowhere."""

from datetime import timedelta
from random import Random

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from prooftrail.controls.catalog import Catalog
from prooftrail.controls.evaluate import judge
from prooftrail.controls.parsing import parse, shipped
from prooftrail.demo.reference.account import ReferenceAccount
from prooftrail.demo.reference.organization import TICK
from prooftrail.evidence.context import Context
from prooftrail.governance.thresholds import Threshold
from prooftrail.model.judgement import Assessment, ResultStatus, SubjectType
from prooftrail.model.reading import CellStatus, Collector
from prooftrail.model.snapshot import Snapshot
from tests.judging.accounts import furnish
from tests.judging.gaps import REFUSED, Read, refuse, without_source
from tests.judging.trial import TODAY, Trial, an_account, uniform

PASS, FAIL = ResultStatus.PASS, ResultStatus.FAIL
CATALOG: Catalog = parse(shipped())
MORE_IS_TIGHTER = ("min_", "_min", "warn_before", "coverage", "match_rate", "required")
"""Parts of a threshold's name that make a larger value the stricter one."""

replace = msgspec.structs.replace
seeds = st.integers(min_value=0, max_value=2**32)
many = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))

type Statuses = dict[tuple[str, str], ResultStatus]


def an_estate(seed: int) -> Read:
    """An account of everything, under default limits or the trial's."""
    draw = Random(seed)
    trial = Trial(made=ReferenceAccount(an_account(), at=TICK))
    furnish(trial, draw)
    snapshot, context = trial.taken()
    if draw.random() < 0.5:
        thresholds = replace(context.governance.thresholds, threshold=())
        context = replace(context, governance=replace(context.governance, thresholds=thresholds))
    return snapshot, context


def judged(snapshot: Snapshot, context: Context) -> Assessment:
    """The account's assessment."""
    return judge(snapshot, context, catalog=CATALOG, snapshot_sha256="0" * 64)


def statuses(assessment: Assessment) -> Statuses:
    """The result of each control for each subject."""
    return {(one.control, one.subject): one.status for one in assessment.results}


def turned(before: Statuses, after: Statuses, *, to: ResultStatus) -> dict[tuple[str, str], str]:
    """The subjects that came to `to` and had not before; one that was not judged before does not count."""
    return {
        key: f"{before[key]} became {status}"
        for key, status in after.items()
        if status is to and key in before and before[key] is not to
    }


@many
@given(seeds, st.integers(min_value=1, max_value=500 * 86400))
def test_ageing_never_turns_a_failure_into_a_pass(seed: int, seconds: int) -> None:
    snapshot, context = an_estate(seed)
    later = replace(snapshot.header, taken_at=snapshot.header.taken_at + timedelta(seconds=seconds))
    before, after = statuses(judged(snapshot, context)), statuses(judged(replace(snapshot, header=later), context))
    assert {key: why for key, why in turned(before, after, to=PASS).items() if before[key] is FAIL} == {}


@many
@given(seeds, seeds)
def test_a_gap_never_makes_a_pass_nor_a_failure_that_full_reading_lacks(seed: int, other: int) -> None:
    whole = an_estate(seed)
    less = refuse(whole, Random(other))
    before, after = statuses(judged(*whole)), statuses(judged(*less))
    assert turned(before, after, to=PASS) == {}
    assert turned(before, after, to=FAIL) == {}


UNREAD = (CellStatus.PARTIAL, *REFUSED, CellStatus.LATE)


@pytest.mark.parametrize("status", UNREAD)
@pytest.mark.parametrize("collector", list(Collector))
@pytest.mark.parametrize("seed", range(4))
def test_what_a_refused_source_lists_is_not_tested_and_never_silently_gone(
    seed: int, collector: Collector, status: CellStatus
) -> None:
    whole = an_estate(seed)
    before = judged(*whole)
    for cell in (one for one in whole[0].cells if one.collector is collector):
        less = without_source(whole, cell, status)
        after = judged(*less)
        kept = {one.id for one in less[0].identities}
        lost = {one.id for one in whole[0].identities} - kept
        owing = {one.control for one in before.results if one.identity in lost}
        told = {
            one.control
            for one in after.results
            if one.status is ResultStatus.NOT_TESTED and one.subject_type is SubjectType.ACCOUNT
        }
        assert owing <= told
        assert turned(statuses(before), statuses(after), to=PASS) == {}
        assert turned(statuses(before), statuses(after), to=FAIL) == {}
        fresh = {key for key, said in statuses(after).items() if said in (PASS, FAIL)} - set(statuses(before))
        assert fresh == set()


@many
@given(seeds, seeds)
def test_the_order_things_were_listed_in_never_matters(seed: int, other: int) -> None:
    snapshot, context = an_estate(seed)
    draw = Random(other)

    def shuffled[T](items: tuple[T, ...]) -> tuple[T, ...]:
        return tuple(draw.sample(items, k=len(items)))

    names = ("identities", "groups", "policies", "documents", "cells")
    mixed = replace(snapshot, **{name: shuffled(getattr(snapshot, name)) for name in names})
    around = replace(context, accounts=shuffled(context.accounts), managed_policies=shuffled(context.managed_policies))
    assert judged(mixed, around) == judged(snapshot, context)


@many
@given(seeds, st.sampled_from(sorted(CATALOG.defaults)), st.sampled_from((0.0, 0.3, 0.5, 0.9)))
@example(1, ("IDC-15", "max_age_days"), 0.5)
def test_tightening_a_limit_never_turns_a_failure_into_a_pass(seed: int, which: tuple[str, str], share: float) -> None:
    snapshot, context = an_estate(seed)
    tightened = replace(context, governance=_with(context, _tighter(context, which, share)))
    before, after = statuses(judged(snapshot, context)), statuses(judged(snapshot, tightened))
    assert {key: why for key, why in turned(before, after, to=PASS).items() if before[key] is FAIL} == {}


def _tighter(context: Context, which: tuple[str, str], share: float) -> Threshold:
    """A limit that is at least as strict in every tier as the one in force."""
    held = [one.values for one in context.governance.thresholds.threshold if (one.control, one.name) == which]
    values = msgspec.to_builtins(held[0] if held else CATALOG.defaults[which])
    if any(isinstance(one, bool) for one in values.values()):
        return uniform(*which, True)
    if any(part in which[1] for part in MORE_IS_TIGHTER):
        return uniform(*which, int(max(values.values()) * (1 + share)) + 1)
    return uniform(*which, int(min(values.values()) * share))


def _with(context: Context, one: Threshold) -> object:
    thresholds = context.governance.thresholds
    held = tuple(each for each in thresholds.threshold if (each.control, each.name) != (one.control, one.name))
    assert one.effective_on <= TODAY
    return replace(context.governance, thresholds=replace(thresholds, threshold=(*held, one)))
