"""The cost model: what docs/cost.md shows is what the script prints, and the model grows as its parts do."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]


def model() -> ModuleType:
    spec = importlib.util.spec_from_file_location("cost_model", ROOT / "benchmarks" / "cost_model.py")
    assert spec
    assert spec.loader
    loaded = importlib.util.module_from_spec(spec)
    import sys

    sys.modules["cost_model"] = loaded  # dataclasses look their module up
    spec.loader.exec_module(loaded)
    return loaded


COSTS = model()


def test_the_page_shows_the_table_the_script_prints() -> None:
    assert COSTS.table(COSTS.SIZES) in (ROOT / "docs" / "cost.md").read_text()


def test_twice_the_accounts_cost_twice_as_much_but_for_what_is_fixed() -> None:
    one, two = COSTS.monthly(500, 1000), COSTS.monthly(1000, 1000)
    assert two.total - two.fixed == pytest.approx(2 * (one.total - one.fixed))


def test_a_run_every_six_hours_costs_four_scans_and_not_four_ledgers() -> None:
    daily, often = COSTS.monthly(100, 1000), COSTS.monthly(100, 1000, every_hours=6)
    assert often.functions == pytest.approx(4 * daily.functions)
    assert often.ledger < 4 * daily.ledger


def test_a_replica_doubles_the_storage_alone() -> None:
    one, two = COSTS.monthly(100, 1000), COSTS.monthly(100, 1000, copies=2)
    assert two.s3_year_four == pytest.approx(2 * one.s3_year_four)
    assert two.total - two.s3_first_month == pytest.approx(one.total - one.s3_first_month)
