"""What holds of every two snapshots: order, gaps and the way back."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as some

from prooftrail.inventory.changes import Change, ChangeKind, changes
from prooftrail.model.identity import Observed
from prooftrail.model.reading import CellStatus, GapReason
from prooftrail.model.snapshot import Snapshot
from tests.builders import (
    MEMBER,
    OTHER_REGION,
    REGION,
    a_key,
    a_role,
    a_run,
    a_secret,
    a_service_credential,
    a_snapshot,
    a_user,
    account_root,
    refused,
    replaced,
)

APPEARED, CHANGED, DISAPPEARED = ChangeKind.APPEARED, ChangeKind.CHANGED, ChangeKind.DISAPPEARED


def day(number: int, *observed: Observed, **known: Any) -> Snapshot:
    return a_snapshot(*observed, run=a_run(number), **known)


THINGS = (
    a_user(),
    a_user("bob", tags={"owner": "x"}),
    a_key(),
    a_service_credential(a_user("bob")),
    a_role(),
    a_role("deploy", trust=account_root(MEMBER)),
    a_secret(),
    a_secret("api", region=OTHER_REGION),
)
some_things = some.lists(some.sampled_from(THINGS), unique_by=lambda one: one.id)
READINGS = (
    *("principals", "access_keys", "report", "role_settings", "mfa", "service_credentials", "summary_after", "regions"),
    "secrets",
)


def with_gap(snapshot_day: int, things: list[Observed], name: str, reason: GapReason) -> Snapshot:
    """The account with one more refusal: nothing listed any more where it was refused."""
    if name == "secrets":
        return day(snapshot_day, *things, secrets=((REGION, refused(reason)), (OTHER_REGION, refused(reason))))
    return day(snapshot_day, *things, **{name: refused(reason)})


@given(some_things)
def test_nothing_differs_from_itself(things: list[Observed]) -> None:
    one = day(0, *things)
    assert changes(one, one) == ()
    assert changes(one, replaced(one, header=day(1).header)) == ()


@given(some_things, some_things, some.randoms(use_true_random=False))
def test_the_order_in_which_identities_stand_does_not_matter(
    old: list[Observed], new: list[Observed], random: Any
) -> None:
    before, after = day(0, *old), day(1, *new)
    mixed = list(after.identities)
    random.shuffle(mixed)
    assert changes(before, replaced(after, identities=tuple(mixed))) == changes(before, after)


@given(some_things, some_things, some.sampled_from(READINGS), some.sampled_from(GapReason))
def test_adding_a_gap_never_makes_anything_disappear(
    old: list[Observed], new: list[Observed], name: str, reason: GapReason
) -> None:
    before = day(0, *old)

    def gone(after: Snapshot) -> set[str]:
        return {one.id for one in changes(before, after) if one.what is DISAPPEARED}

    whole, holed = day(1, *new), with_gap(1, new, name, reason)
    lost = {one.id for one in whole.identities} - {one.id for one in holed.identities}
    assert gone(holed) <= gone(whole) | lost
    assert not {each.id for each in whole.identities} & gone(holed)


@given(some_things, some_things)
def test_the_way_back_undoes_the_way_there(old: list[Observed], new: list[Observed]) -> None:
    def by_id(found: tuple[Change, ...], what: ChangeKind) -> set[str]:
        return {one.id for one in found if one.what is what}

    there, back = changes(day(0, *old), day(1, *new)), changes(day(1, *new), day(2, *old))
    assert by_id(there, APPEARED) <= by_id(back, DISAPPEARED)
    assert by_id(there, CHANGED) == by_id(back, CHANGED)


def test_only_ok_speaks_of_absence() -> None:
    before, after = day(0, a_role()), day(1)
    for status in CellStatus:
        cells = tuple(replaced(one, status=status) for one in after.cells)
        gone = [one for one in changes(before, replaced(after, cells=cells)) if one.what is DISAPPEARED]
        assert bool(gone) is (status is CellStatus.OK)
