"""How far a count of 02 can be held against AWS's own: where a list was refused there is no count, and no difference either."""

from prooftrail.inventory.reconcile import CERTIFICATES, GROUPS, POLICIES, PROVIDERS, ROLES, USERS
from prooftrail.model.reading import Cell, CellStatus, Collector
from prooftrail.model.snapshot import Reconciliation
from prooftrail.pack.view import AccountView

REPORT_ROWS = "users and root against report rows"
WHOLE, IN_PART, NOT_READ = "read whole", "read in part", "not read"

SOURCES = {
    USERS: (Collector.PRINCIPALS,),
    ROLES: (Collector.PRINCIPALS,),
    GROUPS: (Collector.PRINCIPALS,),
    POLICIES: (Collector.PRINCIPALS,),
    PROVIDERS: (Collector.SAML_PROVIDERS, Collector.OIDC_PROVIDERS),
    CERTIFICATES: (Collector.SERVER_CERTIFICATES,),
    REPORT_ROWS: (Collector.PRINCIPALS, Collector.CREDENTIAL_REPORT),
    "access keys": (Collector.ACCESS_KEYS,),
    "regions": (Collector.REGIONS,),
    "sampled report rows": (Collector.CREDENTIAL_REPORT,),
}
"""The sources a count was made by; a name that is not here is told by its API."""

_SECOND = {REPORT_ROWS: Collector.CREDENTIAL_REPORT}  # what the count is held against, where that is a source itself


def cells_of(one: AccountView, each: Reconciliation) -> tuple[Cell, ...]:
    """The cells a count was made from."""
    wanted = SOURCES.get(each.what)
    if wanted is not None:
        return tuple(cell for cell in one.cells if cell.collector in wanted)
    return tuple(cell for cell in one.cells if any(source.api in each.counted_by for source in cell.sources))


def unread(one: AccountView, each: Reconciliation) -> tuple[Cell, ...]:
    """Those of them that were not read to their end, without the one the count is held against."""
    return tuple(cell for cell in _counted(one, each) if cell.status is not CellStatus.OK)


def how_far(one: AccountView, each: Reconciliation) -> str:
    """WHOLE, IN_PART where something was listed all the same, or NOT_READ."""
    if not unread(one, each):
        return WHOLE
    return IN_PART if any(cell.items or cell.status is CellStatus.OK for cell in _counted(one, each)) else NOT_READ


def not_explained(one: AccountView, each: Reconciliation) -> bool:
    """True for a difference between two whole counts that nobody explains; a refused list explains its own."""
    return bool(each.difference) and each.explained is None and how_far(one, each) == WHOLE


def _counted(one: AccountView, each: Reconciliation) -> tuple[Cell, ...]:
    return tuple(cell for cell in cells_of(one, each) if cell.collector is not _SECOND.get(each.what))
