"""The cost model: what docs/cost.md shows is what the script prints, and the model grows as its parts do."""

import importlib.util
import json
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]


def model() -> ModuleType:
    spec = importlib.util.spec_from_file_location("cost_model", ROOT / "benchmarks" / "cost_model.py")
    assert spec
    assert spec.loader
    loaded = importlib.util.module_from_spec(spec)
    sys.modules["cost_model"] = loaded  # dataclasses look their module up
    spec.loader.exec_module(loaded)
    return loaded


COSTS = model()


def test_the_page_shows_the_table_the_script_prints() -> None:
    assert COSTS.table(COSTS.SIZES) in (ROOT / "docs" / "cost.md").read_text()


def test_the_readme_tells_the_same_figures() -> None:
    months = [
        COSTS.monthly(COSTS.Size(accounts=accounts, identities=1000, age_days=age)).total
        for accounts, age in (
            (1, COSTS.MONTH_ONE),
            (100, COSTS.YEAR_FOUR),
            (1000, COSTS.MONTH_ONE),
            (1000, COSTS.YEAR_FOUR),
        )
    ]
    least, most, new, old = (f"{one:.0f}" for one in months)
    said = f"{least} to {most} dollars a month up to a hundred accounts, {new} to {old} for a thousand"
    assert said in " ".join((ROOT / "README.md").read_text().split())


def test_alarms_and_keys_are_as_many_as_the_templates_have() -> None:
    templates = [json.loads(one.read_text()) for one in (ROOT / "tests" / "golden" / "templates").glob("*.json")]
    found = Counter(one["Type"] for template in templates for one in template["Resources"].values())
    assert found["AWS::CloudWatch::Alarm"] == COSTS.ASSUMPTIONS.fixed_alarms
    assert found["AWS::KMS::Key"] == COSTS.ASSUMPTIONS.fixed_keys


def test_an_identity_that_changes_is_written_once_for_each_index_that_holds_it() -> None:
    given = replace(COSTS.ASSUMPTIONS, cells=0, row_units=2, indexed=3, used_share=1 / COSTS.DAYS, configured_share=0)
    one, two = (COSTS.monthly(COSTS.Size(accounts=1, identities=count), given).ledger for count in (1000, 2000))
    nothing = replace(given, used_share=0)
    still, more = (COSTS.monthly(COSTS.Size(accounts=1, identities=count), nothing).ledger for count in (1000, 2000))
    writes = ((two - one) - (more - still)) / COSTS.PRICES["dynamodb_write"]
    assert writes == pytest.approx(1000 * (2 * (1 + 3) + 1))


def test_twice_the_accounts_cost_twice_as_much_but_for_what_is_fixed() -> None:
    one, two = (COSTS.monthly(COSTS.Size(accounts=count, identities=1000)) for count in (500, 1000))
    assert two.total - two.fixed == pytest.approx(2 * (one.total - one.fixed))


def test_a_run_every_six_hours_costs_four_scans_and_not_four_ledgers() -> None:
    daily, often = (COSTS.monthly(COSTS.Size(accounts=100, identities=1000, every_hours=hours)) for hours in (24, 6))
    assert often.functions == pytest.approx(4 * daily.functions)
    assert often.ledger < 4 * daily.ledger


def test_a_replica_doubles_the_storage_and_writes_each_object_once_more() -> None:
    one, two = (
        COSTS.monthly(COSTS.Size(accounts=100, identities=1000, copies=count, age_days=COSTS.YEAR_FOUR))
        for count in (1, 2)
    )
    assert two.evidence == pytest.approx(2 * one.evidence)
    written = 100 * COSTS.DAYS * COSTS.ASSUMPTIONS.objects * COSTS.PRICES["s3_put_or_list"]
    assert two.requests == pytest.approx(one.requests + written)
    rest = [one.total - one.evidence - one.requests, two.total - two.evidence - two.requests]
    assert rest[0] == pytest.approx(rest[1])


@pytest.mark.parametrize(
    ("age_days", "raw", "rest"), [(1, 1, 1), (400, 400, 400), (401, 400, 401), (1100, 400, 1100), (1101, 400, 1100)]
)
def test_evidence_is_paid_for_until_its_kind_may_go_and_no_longer(age_days: int, raw: int, rest: int) -> None:
    given = replace(COSTS.ASSUMPTIONS, fixed_kb=1e6, kb_per_identity=0)
    found = COSTS.monthly(COSTS.Size(accounts=1, identities=1, age_days=age_days), given).evidence
    assert found == pytest.approx((raw / 2 + rest / 2) * COSTS.PRICES["s3_gb_month"])


@pytest.mark.parametrize(("age_days", "rotated"), [(364, 0), (365, 1), (730, 2), (1460, 2)])
def test_a_key_that_rotates_by_itself_costs_more_twice(age_days: int, rotated: int) -> None:
    new, old = (COSTS.monthly(COSTS.Size(accounts=1, identities=1, age_days=days)).fixed for days in (1, age_days))
    assert old - new == pytest.approx(rotated * COSTS.ASSUMPTIONS.rotated_keys * COSTS.PRICES["kms_key_month"])


def test_a_mail_costs_its_publishing_its_receipt_and_its_claim_and_no_mails_cost_none() -> None:
    size = COSTS.Size(accounts=10, identities=1000, age_days=COSTS.DAYS)
    still = replace(COSTS.ASSUMPTIONS, mails=0.0, plan_seconds_per_1000=0.0)
    nobody = replace(still, owners=0.0, mails=5.0)
    assert COSTS.monthly(size, nobody).notices == 0
    asked = COSTS.monthly(size, still).notices
    assert asked == pytest.approx(10 * 1000 * still.owners * COSTS.DAYS * COSTS.PRICES["sns_request"])
    mails = 10 * 1000 * still.owners * 2
    given, prices = replace(still, mails=2.0), COSTS.PRICES
    a_mail = (
        prices["sns_email"]
        + (given.notice_calls - 1) * prices["sns_request"]
        + given.receipt_calls * prices["sqs_request"]
        + given.claim_writes * prices["dynamodb_write"]
        + given.notice_key_calls * prices["kms_request"]
        + given.send_seconds * given.scan_gb * prices["lambda_gb_second_arm64"]
    )
    assert COSTS.monthly(size, given).notices == pytest.approx(asked + mails * a_mail)


def test_a_run_every_hour_mails_no_more_and_asks_more_often_how_owners_can_be_reached() -> None:
    daily, hourly = (COSTS.monthly(COSTS.Size(accounts=100, identities=1000, every_hours=hours)) for hours in (24, 1))
    assert daily.notices < hourly.notices < 4 * daily.notices
