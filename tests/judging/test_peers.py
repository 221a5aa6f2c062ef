"""What leading scanners get wrong about keys, each as a case that would be caught here (facts/field.md, section 0)."""

from datetime import timedelta

import pytest

from prooftrail.controls.evaluate import judge
from prooftrail.controls.parsing import parse, shipped
from prooftrail.demo.reference.account import UNTOLD, ReferenceAccount
from prooftrail.demo.reference.organization import TICK
from prooftrail.model.identity import Observed
from prooftrail.model.judgement import ResultStatus
from tests.judging.trial import DAY, FAIL, NOT_TESTED, PASS, Trial, an_account, machine

CATALOG = parse(shipped())


@pytest.fixture
def trial() -> Trial:
    return Trial(made=ReferenceAccount(an_account(), at=TICK))


def came_to(trial: Trial, control: str, one: Observed | str) -> ResultStatus:
    """What a control says of one subject."""
    snapshot, context = trial.taken()
    results = judge(snapshot, context, catalog=CATALOG, snapshot_sha256="0" * 64).results
    name = one if isinstance(one, str) else one.id
    return next(each.status for each in results if each.control == control and name in (each.subject, each.identity))


def test_an_active_key_that_was_never_used_is_unused_once_it_is_old(trial: Trial) -> None:
    key = trial.made.key(machine(trial, "svc", age=900 * DAY), age=800 * DAY, used=None)
    assert came_to(trial, "IDC-07", key) is FAIL


def test_a_key_made_today_and_not_yet_used_is_no_unused_key(trial: Trial) -> None:
    key = trial.made.key(machine(trial, "svc"), age=timedelta(hours=1), used=None)
    assert came_to(trial, "IDC-07", key) is PASS


def test_a_credential_report_that_could_not_be_read_is_no_account_without_users(trial: Trial) -> None:
    user = machine(trial, "svc", password=10 * DAY)
    trial.made.without_answer("report")
    for control, subject in (("IDC-07", user), ("IDC-11", user), ("IDC-14", user), ("IDC-12", trial.made.id)):
        assert came_to(trial, control, subject) is NOT_TESTED


@pytest.mark.parametrize("idle", ["first", "second"])
def test_each_key_of_a_user_is_judged_on_its_own_use(trial: Trial, idle: str) -> None:
    user = machine(trial, "svc", age=900 * DAY)
    inactive = {"age": 700 * DAY, "active": False, "inactive_for": DAY}
    unused = {"age": 600 * DAY, "used": None}
    first, second = (unused, inactive) if idle == "first" else (inactive, unused)
    keys = {
        "first": trial.made.key(user, **first),  # type: ignore[arg-type]  # two shapes of one call
        "second": trial.made.key(user, **second),  # type: ignore[arg-type]  # two shapes of one call
    }
    assert came_to(trial, "IDC-07", keys.pop(idle)) is FAIL
    assert came_to(trial, "IDC-07", keys.popitem()[1]) is not FAIL


def test_an_error_in_reading_the_last_use_is_never_read_as_never_used(trial: Trial) -> None:
    key = trial.made.key(machine(trial, "svc", age=900 * DAY), age=100 * DAY, used=UNTOLD)
    assert came_to(trial, "IDC-07", key) is NOT_TESTED
