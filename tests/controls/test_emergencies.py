"""Emergency identities are few, used on registered days only, and drilled (IDC-25)."""

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from prooftrail.controls.checks.emergencies import idc_25
from prooftrail.controls.checks.people import idc_11, idc_13
from prooftrail.controls.checks.usage import idc_07
from prooftrail.controls.verdict import Verdict
from prooftrail.governance import Governance
from prooftrail.governance.registers import BreakGlass, Drill
from prooftrail.model.identity import Identity, Kind
from prooftrail.model.judgement import ResultStatus
from prooftrail.model.reading import CellStatus, Collector
from tests.builders import NEVER, NOW, UNTOLD, ago, days, used
from tests.builders.judging import a_case, a_control, the_verdict
from tests.builders.judging_people import break_glass, key, registers, role, root, user

CONTROL = a_control("IDC-25", kinds=[Kind.ROOT, Kind.HUMAN_USER, Kind.USER, Kind.ROLE_CROSS_ACCOUNT])
LAST_WEEK = ago(days(7)).date()


def on_day(day: date) -> timedelta:
    """The span from noon of that day to the tick."""
    return NOW - NOW.replace(year=day.year, month=day.month, day=day.day, hour=12)


def judged(one: Identity, *others: Identity, entry: BreakGlass, **known: Any) -> Verdict:
    case = a_case(one, *others, governance=registers(break_glass=(entry,)), **known)
    return the_verdict(idc_25(case, CONTROL), one.id)


def test_a_use_on_the_day_of_a_drill_passes() -> None:
    ada = user(usage=used(on_day(LAST_WEEK)))
    said = judged(ada, entry=break_glass(ada, LAST_WEEK))
    assert said.status is ResultStatus.PASS
    assert "its last use was registered: 2026-11-15 (DRILL-2026-11-15)" in said.reason


@pytest.mark.parametrize("shift", [-1, 1])
def test_a_use_on_any_other_day_fails(shift: int) -> None:
    ada = user(usage=used(on_day(LAST_WEEK)))
    said = judged(ada, entry=break_glass(ada, LAST_WEEK + timedelta(days=shift)))
    assert said.status is ResultStatus.FAIL
    assert said.reason.startswith(
        "Its password was used on 2026-11-15, and no drill or incident of that day is registered"
    )


def test_a_use_of_its_key_counts_like_one_of_its_password() -> None:
    ada = user(password=False)
    said = judged(ada, key(ada, usage=used(days(3))), entry=break_glass(ada, LAST_WEEK))
    assert said.status is ResultStatus.FAIL
    assert said.reason.startswith("Its key AKIAEXAMPLE000000001 was used on 2026-11-19")


@pytest.mark.parametrize(("before", "status"), [(0, "FAIL"), (1, "FAIL"), (180, "FAIL"), (181, "PASS")])
def test_a_use_up_to_half_a_year_before_it_was_registered_is_held_against_it(before: int, status: str) -> None:
    ada = user(usage=used(on_day(LAST_WEEK - timedelta(days=before))))
    entry = break_glass(ada, NOW.date(), approved_on=LAST_WEEK)
    assert judged(ada, entry=entry).status == status


def test_registering_it_later_excuses_no_use() -> None:
    ada = user(usage=used(days(2)))
    for back in (100, 30, 1, 0):
        entry = break_glass(ada, approved_on=NOW.date() - timedelta(days=back))
        assert judged(ada, entry=entry).status is ResultStatus.FAIL


def test_a_drill_that_is_still_to_come_excuses_no_use_and_is_no_drill() -> None:
    ahead = NOW.date() + timedelta(days=1)
    ada = user(usage=used(-days(1)))
    assert judged(ada, entry=break_glass(ada, ahead)).status is ResultStatus.FAIL
    unused = user(usage=NEVER)
    said = judged(unused, entry=break_glass(unused, ahead, approved_on=ago(days(181)).date()))
    assert said.status is ResultStatus.FAIL
    assert "no drill was held" in said.reason.lower()


@pytest.mark.parametrize(("many", "told"), [(12, False), (13, True)])
def test_more_occasions_than_one_a_month_are_told(many: int, told: bool) -> None:
    ada = user(usage=NEVER)
    said = judged(ada, entry=break_glass(ada, *(NOW.date() - timedelta(days=28 * one) for one in range(many))))
    assert ("that is no emergency any more" in said.reason) is told


@pytest.mark.parametrize(("back", "status"), [(179, "PASS"), (180, "PASS"), (181, "FAIL")])
def test_a_drill_fails_only_once_older_than_its_interval(back: int, status: str) -> None:
    day = NOW.date() - timedelta(days=back)
    ada = user(usage=NEVER)
    assert judged(ada, entry=break_glass(ada, day, approved_on=ago(days(400)).date())).status == status


@pytest.mark.parametrize(("back", "status"), [(179, "PASS"), (180, "PASS"), (181, "FAIL")])
def test_without_a_drill_the_interval_counts_from_registration(back: int, status: str) -> None:
    day = NOW.date() - timedelta(days=back)
    ada = user(usage=NEVER)
    said = judged(ada, entry=break_glass(ada, approved_on=day))
    assert said.status == status
    assert f"no drill was held since it was registered on {day}" in said.reason.lower()


def test_a_drill_of_which_aws_shows_nothing_is_told() -> None:
    ada = user(usage=used(days(150)))
    said = judged(ada, entry=break_glass(ada, LAST_WEEK))
    assert said.reason.endswith(
        "AWS shows no use on or after 2026-11-15, the day of the last registered drill: "
        "the last use on record is of 2026-06-25."
    )


def an_incident(one: Identity, day: date, *drills: date) -> BreakGlass:
    entry = break_glass(one, *drills, approved_on=ago(days(400)).date())
    held = (*entry.drills, Drill(on=day, reference="INC-7", kind="incident"))
    return msgspec.structs.replace(entry, drills=held)


def test_an_incident_excuses_the_use_on_its_day() -> None:
    ada = user(usage=used(days(7)))
    said = judged(ada, entry=an_incident(ada, LAST_WEEK, NOW.date() - timedelta(days=30)))
    assert said.status is ResultStatus.PASS
    assert f"{LAST_WEEK} (INC-7)" in said.reason


def test_an_incident_is_no_drill() -> None:
    ada = user(usage=used(days(7)))
    drill = NOW.date() - timedelta(days=300)
    late = judged(ada, entry=an_incident(ada, LAST_WEEK, drill))
    assert late.status is ResultStatus.FAIL
    assert f"its last drill was on {drill}" in late.reason.lower()
    never = judged(ada, entry=an_incident(ada, LAST_WEEK))
    assert never.status is ResultStatus.FAIL
    assert "no drill was held" in never.reason.lower()
    unseen = user(usage=NEVER)
    said = judged(unseen, entry=an_incident(unseen, LAST_WEEK, NOW.date() - timedelta(days=30)))
    assert str(LAST_WEEK) not in said.reason


def test_the_third_identity_fails_and_is_spared_nothing() -> None:
    three = [user(name, usage=used(days(300))) for name in ("ada", "bob", "cyd")]
    governance = registers(break_glass=tuple(break_glass(one, LAST_WEEK) for one in three))
    case = a_case(*three, governance=governance)
    found = {one.identity: one for one in idc_25(case, CONTROL)}
    assert [found[one.id].status for one in three] == ["PASS", "PASS", "FAIL"]
    assert found[three[2].id].reason.startswith(
        "User cyd is number 3 of 3 registered for emergencies in the account; the limit is 2 "
        "(built-in default of the control map, not approved by the organization)"
    )
    for check, control in ((idc_07, "IDC-07"), (idc_13, "IDC-13")):
        statuses = {one.identity: one.status for one in check(case, a_control(control))}
        assert [statuses[one.id] for one in three] == ["NOT_APPLICABLE", "NOT_APPLICABLE", "FAIL"]


def test_an_emergency_user_still_needs_mfa() -> None:
    ada = user(mfa=False, devices=())
    case = a_case(ada, governance=registers(break_glass=(break_glass(ada, LAST_WEEK),)))
    assert the_verdict(idc_11(case, a_control("IDC-11"))).status is ResultStatus.FAIL


def test_a_registered_identity_of_another_kind_is_judged_all_the_same() -> None:
    robot = user("robot", kind=Kind.SERVICE_USER, usage=used(days(2)))
    assert judged(robot, entry=break_glass(robot)).status is ResultStatus.FAIL
    case = a_case(robot, governance=Governance())
    assert not list(idc_25(case, CONTROL))


def test_a_registered_role_is_judged_by_its_last_use() -> None:
    one = role("rescue", usage=used(on_day(LAST_WEEK)), kind=Kind.ROLE_CROSS_ACCOUNT)
    assert judged(one, entry=break_glass(one, LAST_WEEK)).status is ResultStatus.PASS
    assert judged(one, entry=break_glass(one)).status is ResultStatus.FAIL


def test_what_is_not_registered_has_a_reason_not_to_apply() -> None:
    ada, top = user(), root()
    case = a_case(ada, top)
    found = {one.identity: (one.status, one.reason) for one in idc_25(case, CONTROL)}
    assert found[ada.id] == (ResultStatus.NOT_APPLICABLE, "User ada is not registered for emergencies.")
    assert found[top.id][0] is ResultStatus.NOT_APPLICABLE
    lapsed = break_glass(ada, expires_on=date(2026, 11, 1))
    said = judged(ada, entry=lapsed)
    assert said.reason == "User ada was registered for emergencies only from 2026-08-14 until 2026-11-01."


@pytest.mark.parametrize(
    "known",
    [
        {"cells": {Collector.ACCESS_KEYS: CellStatus.DENIED}},
        {"cells": {Collector.PRINCIPALS: CellStatus.PARTIAL}},
    ],
)
def test_a_source_that_was_not_read_leaves_it_open(known: dict[str, Any]) -> None:
    ada = user(usage=used(on_day(LAST_WEEK)))
    said = judged(ada, entry=break_glass(ada, LAST_WEEK), **known)
    assert said.status is ResultStatus.NOT_TESTED
    assert said.gaps


def test_a_use_that_was_not_read_leaves_it_open_unless_another_fails() -> None:
    ada = user(usage=UNTOLD)
    entry = break_glass(ada, LAST_WEEK)
    assert judged(ada, entry=entry).status is ResultStatus.NOT_TESTED
    assert judged(ada, key(ada, usage=used(days(3))), entry=entry).status is ResultStatus.FAIL
