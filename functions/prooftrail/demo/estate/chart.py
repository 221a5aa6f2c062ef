"""Which accounts the organization has, in which unit, and what each is there to show."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPlan:
    """One account. `joined_days` before the first day; `reader` says whether the scanner's role is there."""

    name: str
    unit: str = ""
    joined_days: float = 900
    title: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    state: str = "ACTIVE"
    invited: bool = False
    reader: bool = True
    first_digit: str | None = None


MANAGEMENT = "management"
SECURITY = "security-tooling"
PAYMENTS = "payments-prod"
LOGS = "log-archive"
PAYMENTS_TEST = "payments-test"
ONBOARDING = "onboarding-lab"
UNREACHABLE = "legacy-erp"
SUSPENDED = "retired-shop"
DATA = "data-platform-prod"
SANDBOX = "sandbox"
SHARED = "shared-services"
LEAVING = "marketing-site"

# In order of importance: a smaller organization has the first ones.
_PLANS = (
    AccountPlan(name=MANAGEMENT, joined_days=2200, tags={"owner": "cloud-office@acme.example", "environment": "core"}),
    AccountPlan(
        name=SECURITY,
        unit="Security",
        joined_days=2100,
        tags={"owner": "security-engineering@acme.example", "environment": "core"},
    ),
    AccountPlan(
        name=PAYMENTS,
        unit="Workloads/Prod",
        joined_days=1500,
        tags={"owner": "payments-lead@acme.example", "environment": "prod", "data": "cardholder"},
    ),
    AccountPlan(name=LOGS, unit="Security", joined_days=2100, tags={"owner": "security-engineering@acme.example"}),
    AccountPlan(
        name=PAYMENTS_TEST,
        unit="Workloads/NonProd",
        joined_days=1480,
        tags={"owner": "payments-lead@acme.example", "environment": "test"},
    ),
    # Twenty hours old: the role that lets the scanner in is still on its way.
    AccountPlan(name=ONBOARDING, unit="Workloads/NonProd", joined_days=20 / 24, reader=False),
    AccountPlan(name=UNREACHABLE, unit="Workloads/Prod", joined_days=1900, invited=True, reader=False),
    AccountPlan(name=SUSPENDED, unit="Suspended", joined_days=1700, state="SUSPENDED"),
    AccountPlan(
        name=DATA,
        unit="Workloads/Prod",
        joined_days=800,
        tags={"owner": "data-platform@acme.example", "environment": "prod"},
    ),
    # A number that begins with zero, and a name no HTML page or spreadsheet should take at its word.
    AccountPlan(
        name=SANDBOX, unit="Sandbox", joined_days=400, title="=1+1 <img src=x onerror=alert(1)>", first_digit="0"
    ),
    AccountPlan(
        name=SHARED,
        unit="Infrastructure",
        joined_days=2000,
        tags={"owner": "platform@acme.example", "environment": "core"},
    ),
    AccountPlan(name=LEAVING, unit="Workloads/NonProd", joined_days=600, tags={"owner": "marketing@acme.example"}),
)

NAMES = tuple(plan.name for plan in _PLANS)


def plans(accounts: int) -> tuple[AccountPlan, ...]:
    """So many accounts, at least one: first those with a part to play, then plain workloads."""
    if accounts < 1:
        raise ValueError(f"an organization of {accounts} accounts has no management account: give at least 1")
    extra = (
        AccountPlan(
            name=f"workload-{number:03d}",
            unit="Workloads/Prod" if number % 2 else "Workloads/NonProd",
            joined_days=100 + number * 7 % 900,
            tags={"owner": f"team-{number % 9}@acme.example"} if number % 4 else {},
        )
        for number in range(len(_PLANS) + 1, accounts + 1)
    )
    return (*_PLANS[:accounts], *extra)
