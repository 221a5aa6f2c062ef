"""30 over runs that did not read what lists a subject: nothing is claimed of a day on which nobody looked."""

from dataclasses import replace
from typing import Any

import pytest

from prooftrail.model.iam import AccessKey, Secret
from prooftrail.model.judgement import FindingStatus, ResultStatus, Transition
from prooftrail.model.reading import Collector
from prooftrail.pack.registers.intervals import INTERVAL_REGISTERS
from prooftrail.pack.report.intervals import intervals
from prooftrail.pack.table import Value
from prooftrail.pack.view import AccountView, Presence, RunTransition, Shortfall
from tests.builders.judging_findings import a_result
from tests.builders.packs import (
    a_finding,
    a_pack_run,
    a_period,
    a_refusal,
    a_shortfall,
    an_account_view,
    some_identities,
)
from tests.builders.times import ACCOUNT

from .account_rows import rows_of

FAIL, PASS = ResultStatus.FAIL, ResultStatus.PASS
IDENTITIES = some_identities()
KEY = next(one for one in IDENTITIES if isinstance(one.facts, AccessKey))
SECRET = next(one for one in IDENTITIES if isinstance(one.facts, Secret))
KEYS = {"collector": Collector.ACCESS_KEYS}
HERE = {"collector": Collector.SECRETS, "region": SECRET.region}
ELSEWHERE = {"collector": Collector.SECRETS, "region": "mx-central-1"}


def _failing(subject: str, *short: Shortfall, since: int = -3, **changes: Any) -> dict[str, Value]:
    """The one stretch of a failure that stands since the first run."""
    account = subject == ACCOUNT
    result = a_result(FAIL, control="IDC-15", subject=subject, identity=None if account else subject)
    view = an_account_view(
        results=(result,),
        findings=(),
        held_since={("IDC-15", subject): a_pack_run(since).run_id},
        shortfalls=short,
        **changes,
    )
    (row,) = rows_of(INTERVAL_REGISTERS[0], view, period=a_period(before=a_pack_run(-4)))
    return row


@pytest.mark.parametrize(
    ("subject", "short", "unjudged", "certain"),
    [
        pytest.param(KEY.id, a_shortfall(-1, "gaps", a_refusal(**KEYS)), 1, False, id="what lists it was refused"),
        pytest.param(
            KEY.id, a_shortfall(-1, "gaps", a_refusal(**KEYS, items=3)), 0, False, id="what lists it, in part"
        ),
        pytest.param(KEY.id, a_shortfall(-1, "gaps", a_refusal()), 0, True, id="what lists others"),
        pytest.param(
            KEY.id, a_shortfall(-1, "gaps", a_refusal(collector=Collector.CONTACTS)), 0, True, id="what lists nobody"
        ),
        pytest.param(SECRET.id, a_shortfall(-1, "gaps", a_refusal(**HERE)), 1, False, id="its region"),
        pytest.param(SECRET.id, a_shortfall(-1, "gaps", a_refusal(**ELSEWHERE)), 0, True, id="another region"),
        pytest.param(KEY.id, a_shortfall(-1, "unreachable"), 1, False, id="the whole account"),
        pytest.param(KEY.id, a_shortfall(-1, "unplanned"), 1, False, id="the account was in no plan"),
        pytest.param(KEY.id, a_shortfall(-1, "sealed", judged=False), 1, False, id="read and not judged"),
        pytest.param(KEY.id, a_shortfall(-1, refused=None, unknown="gone"), 0, False, id="nobody can tell what"),
        pytest.param(ACCOUNT, a_shortfall(-1, "gaps", a_refusal(**KEYS)), 0, True, id="the account itself is judged"),
        pytest.param("AIDAGONE", a_shortfall(-1, "gaps", a_refusal(**KEYS)), 0, False, id="nobody knows what lists it"),
        pytest.param(KEY.id, a_shortfall(-3, "gaps", a_refusal(**KEYS)), 0, True, id="the run it begins with"),
        pytest.param(KEY.id, a_shortfall(0, "gaps", a_refusal(**KEYS)), 1, False, id="the run shown"),
    ],
)
def test_a_stretch_over_a_run_without_a_result_is_not_certain(
    subject: str, short: Shortfall, unjudged: int, certain: bool
) -> None:
    row = _failing(subject, short)

    assert (row["runs_not_judged"], row["certain"]) == (unjudged, certain)
    assert (f"{short.at:%Y-%m-%d}" in str(row["uncertain_why"])) is not certain


def test_a_subject_whose_source_nobody_knows_is_told_per_account_and_said_so() -> None:
    row = _failing("AIDAGONE", a_shortfall(-1, "gaps", a_refusal()))

    assert row["uncertain_why"] == (
        "perhaps no result for it in 1 run (2026-11-21: principals was denied); told per account, for the source that"
        " listed it is not known any more"
    )


def test_one_that_is_gone_is_told_by_its_kind() -> None:
    was = Presence(id="AKIAGONE", name="k", arn=None, kind="access_key", created_at=None, came=None, went=None)
    short = a_shortfall(-1, "gaps", a_refusal(**KEYS))

    assert _failing("AKIAGONE", short, presences=(was,))["runs_not_judged"] == 1
    assert _failing("AKIAGONE", a_shortfall(-1, "gaps", a_refusal()), presences=(was,))["certain"] is True


def test_many_days_are_counted_and_the_first_are_named() -> None:
    short = tuple(a_shortfall(day, "gaps", a_refusal(**KEYS)) for day in (-2, -1, 0))

    row = _failing(KEY.id, *short)

    assert row["uncertain_why"] == (
        "no result for it in 3 runs (2026-11-20: access keys was denied, 2026-11-21: access keys was denied,"
        " 2026-11-22: access keys was denied)"
    )


def test_a_row_of_an_account_that_left_is_told_apart() -> None:
    old = a_pack_run(-1)
    row = _failing(KEY.id, status="unplanned", stale=True, read_run=old, judged_run=old)

    assert (row["stale"], row["account_status"]) == (True, "left or not planned")
    assert (_failing(KEY.id)["stale"], _failing(KEY.id)["account_status"]) == (False, "current")


def _ended(view: AccountView) -> AccountView:
    run = a_pack_run(-1)
    change = Transition(control="IDC-15", subject=KEY.id, identity=KEY.id, before=FAIL, after=PASS, reason="mended")
    return replace(view, transitions=(RunTransition(run_id=run.run_id, at=run.taken_at, transition=change),))


@pytest.mark.parametrize("since_before", [True, False])
@pytest.mark.parametrize("before", [None, -4])
def test_report_and_register_say_the_same_of_the_same_failure(since_before: bool, before: int | None) -> None:
    result = a_result(PASS, control="IDC-15", subject=KEY.id, identity=KEY.id)
    finding = a_finding(result, status=FindingStatus.FIXED, since_before=since_before)
    short = a_shortfall(-2, "gaps", a_refusal(**KEYS))
    view = _ended(an_account_view(results=(result,), findings=(finding,), held_since={}, shortfalls=(short,)))
    period = a_period(before=None if before is None else a_pack_run(before))

    (told,) = intervals(view, period)
    row = rows_of(INTERVAL_REGISTERS[0], view, period=period)[0]

    assert (told.began, told.beginning, told.ended) == (row["from_run"], row["beginning"], row["to_run"])
    assert told.doubt == row["uncertain_why"] == "no result for it in 1 run (2026-11-20: access keys was denied)"
    if since_before:
        assert told.beginning == "failing when first seen; nobody saw it begin"
