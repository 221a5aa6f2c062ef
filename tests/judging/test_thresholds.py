"""Whether every limit an organization can set is asked for somewhere, or is listed as having no effect."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random

import msgspec
import pytest

from prooftrail.controls import due
from prooftrail.controls.checks.exceptions import exceptions_form
from prooftrail.controls.evaluate import judge, limits_of
from prooftrail.controls.parsing import parse, shipped
from prooftrail.demo.reference.account import ReferenceAccount
from prooftrail.demo.reference.organization import TICK
from prooftrail.governance import Governance
from prooftrail.governance.exceptions import Exceptions
from prooftrail.governance.thresholds import LimitKey, Limits
from prooftrail.model.iam import Usage
from prooftrail.model.identity import Kind
from prooftrail.model.judgement import ResultStatus, Tier
from prooftrail.model.snapshot import Sighting, Snapshot
from tests.builders.judging_exceptions import an_exception
from tests.judging import doors, keys, people, roles, stores  # noqa: F401 - each registers its mutations
from tests.judging.accounts import furnish
from tests.judging.trial import MUTATIONS, Trial, an_account, trials

CATALOG = parse(shipped())
EVERY = {(one.id, name) for one in CATALOG.controls for name in one.thresholds}
IDLE = {(one.id, name) for one in CATALOG.controls for name in one.without_effect}


def estates() -> Iterator[Trial]:
    """Each mutation a few times, and accounts of everything."""
    yield from trials(3 * len(MUTATIONS))
    for seed in range(25):
        trial = Trial(made=ReferenceAccount(an_account(), at=TICK))
        furnish(trial, Random(seed))
        yield trial


def troubled(snapshot: Snapshot) -> Snapshot:
    """The account with a root that is used, and with a credential in plain sight: what the estates have none of."""
    used = Usage(tracked=True, last_used_at=TICK - timedelta(days=1))
    identities = tuple(
        msgspec.structs.replace(one, usage=used) if one.kind is Kind.ROOT else one for one in snapshot.identities
    )
    seen = Sighting(fingerprint="0" * 64, detector="github_token", length=40, api="iam:ListRoles", where="body")
    return msgspec.structs.replace(snapshot, identities=identities, sightings=(seen,))


@pytest.fixture(scope="module")
def asked() -> set[LimitKey]:
    """Every limit that was asked for while accounts were judged, findings dated and exceptions read."""
    found: set[LimitKey] = set()

    class Spy(Limits):
        def value(self, control: str, name: str, tier: Tier) -> int | bool:
            found.add((control, name))
            return super().value(control, name, tier)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("prooftrail.controls.evaluate.Limits", Spy)
        for trial in estates():
            snapshot, context = trial.taken()
            limits = limits_of(CATALOG, context.governance, TICK)
            results = judge(troubled(snapshot), context, catalog=CATALOG, snapshot_sha256="0" * 64).results
            for one in results:
                if one.status is ResultStatus.FAIL:
                    due.due(one, TICK - timedelta(days=1), limits)
        governance = Governance(exceptions=Exceptions(exception=(an_exception(),)))
        excepted = msgspec.structs.replace(context, governance=governance)
        list(exceptions_form(excepted, limits))
    return found


def test_every_limit_is_asked_for_or_listed_as_having_no_effect(asked: set[LimitKey]) -> None:
    assert sorted(EVERY - IDLE - asked) == []


def test_no_limit_that_is_asked_for_is_listed_as_having_no_effect(asked: set[LimitKey]) -> None:
    assert sorted(IDLE & asked) == []
