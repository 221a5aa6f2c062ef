"""02 where a list was refused or cut short: there is no count then, no difference, and the refusal is the explanation."""

from typing import Any

import pytest

from prooftrail.model.reading import GLOBAL, Cell, CellStatus, Collector
from prooftrail.model.snapshot import Reconciliation
from prooftrail.pack.registers.gaps import GAP_REGISTERS
from prooftrail.pack.registers.reconciliation import RECONCILIATION_REGISTERS
from prooftrail.pack.table import Value
from prooftrail.pack.tally import Tally
from prooftrail.pack.view import AccountView
from tests.builders.packs import a_period, an_account_view
from tests.builders.times import ACCOUNT

from .account_rows import rows_of

OK, DENIED, PARTIAL, LATE = CellStatus.OK, CellStatus.DENIED, CellStatus.PARTIAL, CellStatus.LATE
PRINCIPALS, REPORT, KEYS = Collector.PRINCIPALS, Collector.CREDENTIAL_REPORT, Collector.ACCESS_KEYS
SAML, OIDC = Collector.SAML_PROVIDERS, Collector.OIDC_PROVIDERS
BOTH = "users and root against report rows"
PROVIDERS = "identity providers"


def _cell(collector: Collector, status: CellStatus, items: int) -> Cell:
    why = None if status is OK else "not authorized to perform it"
    return Cell(account=ACCOUNT, region=GLOBAL, collector=collector, status=status, items=items, reason=why)


def _view(what: str, counted: int, independent: int | None, *cells: tuple[Collector, CellStatus, int]) -> AccountView:
    one = Reconciliation(
        what=what,
        counted=counted,
        counted_by="iam:ListThem",
        independent=independent,
        independent_source="iam:GetAccountSummary",
        difference=0 if independent is None else counted - independent,
    )
    return an_account_view(reconciliations=(one,), cells=tuple(_cell(*each) for each in cells))


def _row(view: AccountView) -> dict[str, Value]:
    return next(
        one
        for one in rows_of(RECONCILIATION_REGISTERS[0], view, period=a_period())
        if one["source_api"] == "iam:ListThem"
    )


@pytest.mark.parametrize(
    ("view", "verdict", "scanned", "difference"),
    [
        pytest.param(_view("users", 3, 3, (PRINCIPALS, OK, 3)), "agrees", 3, 0, id="whole"),
        pytest.param(_view("users", 2, 3, (PRINCIPALS, OK, 3)), "NOT EXPLAINED", 2, -1, id="whole and another number"),
        pytest.param(_view("users", 0, 0, (PRINCIPALS, DENIED, 0)), "not read", None, None, id="refused, and 0 elsewhere"),
        pytest.param(_view("roles", 0, 26, (PRINCIPALS, DENIED, 0)), "not read", None, None, id="refused, and 26 elsewhere"),
        pytest.param(_view("roles", 9, 26, (PRINCIPALS, PARTIAL, 9)), "read in part", 9, None, id="cut short"),
        pytest.param(_view("roles", 26, 26, (PRINCIPALS, LATE, 26)), "read in part", 26, None, id="too late"),
        pytest.param(
            _view("access keys", 0, None, (KEYS, DENIED, 0)), "not read", None, None, id="no second count, and refused"
        ),
        pytest.param(
            _view(BOTH, 1, 1, (PRINCIPALS, DENIED, 0), (REPORT, OK, 1)), "not read", None, None, id="one side of two refused"
        ),
        pytest.param(
            _view(BOTH, 4, None, (PRINCIPALS, OK, 3), (REPORT, DENIED, 0)), "no second count", 4, None, id="the other side"
        ),
        pytest.param(
            _view(PROVIDERS, 2, 3, (SAML, OK, 2), (OIDC, DENIED, 0)), "read in part", 2, None, id="one of two lists refused"
        ),
    ],
)  # fmt: skip
def test_a_list_that_was_not_read_whole_is_held_against_nothing(
    view: AccountView, verdict: str, scanned: Value, difference: Value
) -> None:
    row = _row(view)

    assert (row["verdict"], row["scanned_count"], row["difference"]) == (verdict, scanned, difference)
    refused = verdict in ("not read", "read in part")
    assert ("not authorized to perform it" in str(row["explanation"])) is refused


@pytest.mark.parametrize(("status", "unexplained"), [(OK, 1), (DENIED, 0), (PARTIAL, 0)])
def test_a_difference_that_a_refusal_explains_is_called_unexplained_nowhere(
    status: CellStatus, unexplained: int
) -> None:
    view: Any = _view("roles", 0, 26, (PRINCIPALS, status, 0))
    tally = Tally(a_period())
    tally.take(view)

    rows = rows_of(GAP_REGISTERS[0], view, period=a_period())

    assert len(tally.unexplained) == unexplained
    assert sum(one["status"] == "not explained" for one in rows) == unexplained


def test_a_source_alone_that_was_cut_short_says_so() -> None:
    view = an_account_view(reconciliations=(), cells=(_cell(KEYS, PARTIAL, 4),))

    (row,) = rows_of(RECONCILIATION_REGISTERS[0], view, period=a_period())

    assert (row["verdict"], row["scanned_count"]) == ("read in part", 4)
