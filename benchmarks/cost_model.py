"""What running Prooftrail would cost a month by size of organization: a model, not a bill.

    .venv/bin/python benchmarks/cost_model.py                        # the table of docs/cost.md
    .venv/bin/python benchmarks/cost_model.py --accounts 400 --identities 250 --every-hours 6 --copies 2

Prices are AWS's list prices for us-east-1 as written down in November 2026; quantities are this repository's own
measurements where there are any, else assumptions, each named in ASSUMPTIONS. Change either and run it again.
"""

import argparse
from dataclasses import dataclass

DAYS = 30.4

PRICES = {
    "lambda_gb_second_arm64": 0.0000133334,
    "lambda_request": 0.20 / 1e6,
    "step_functions_transition": 0.025 / 1e3,
    "s3_put_or_list": 0.005 / 1e3,
    "s3_get": 0.0004 / 1e3,
    "s3_gb_month": 0.023,
    "dynamodb_write": 0.625 / 1e6,
    "dynamodb_read": 0.125 / 1e6,
    "dynamodb_gb_month": 0.25 + 0.20,  # storage and point-in-time recovery
    "kms_key_month": 1.0,
    "kms_ecc_10k": 0.15,
    "alarm_month": 0.10,
    "metric_month": 0.30,
    "logs_gb": 0.50,
}
"""US dollars."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumptions:
    """What a run does, per account unless it says otherwise. Measured ones name where."""

    scan_seconds: float = 12.0  # plus the next: reading 17 regions, 30 ms a call (assumed; AWS's own latency decides)
    scan_seconds_per_1000: float = (
        4.0  # measured: 5,000 users and 2,500 roles, 31 s on a first day, 12 s on a later one
    )
    scan_gb: float = 1.0
    transitions: float = 5.2  # the account's child execution, and its share of the ledger's batches of 20
    puts: int = 14  # seven objects, a listing before each
    gets: int = 10  # plan and context once a container, previous snapshot and findings, outcome when closed and told
    fixed_kb: float = 40.0  # measured in the demo: outcome and regional answers of an account with few identities
    kb_per_identity: float = 0.64  # measured: 8,430 kB for 13,200 identities on an unchanged day
    raw_share: float = 0.5  # assumed: wire bodies and people, kept 400 days; the rest is kept 1,100
    raw_days: int = 400
    other_days: int = 1100
    changed_share: float = 0.06  # of identities a day: 1 % configuration, 5 % a coarser last-used bucket (assumed)
    row_kb: float = 1.5
    log_kb: float = 4.0
    fixed_keys: int = 5  # signing, witness, fingerprints, notices, watchdog's topic
    fixed_alarms: int = 33
    fixed_metrics: int = 9


ASSUMPTIONS = Assumptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class Monthly:
    """Dollars a month by service; `s3_year_four` is the storage alone once every kind has reached its full age."""

    functions: float
    orchestration: float
    ledger: float
    s3_requests: float
    s3_first_month: float
    s3_year_four: float
    fixed: float
    logs: float

    @property
    def total(self) -> float:
        """The first month's bill."""
        return (
            self.functions
            + self.orchestration
            + self.ledger
            + self.s3_requests
            + self.s3_first_month
            + self.fixed
            + self.logs
        )

    @property
    def total_year_four(self) -> float:
        """The bill once storage has stopped growing."""
        return self.total - self.s3_first_month + self.s3_year_four


def monthly(
    accounts: int, identities: int, *, every_hours: int = 24, copies: int = 1, given: Assumptions = ASSUMPTIONS
) -> Monthly:
    """The model for `accounts` of `identities` each, a run every `every_hours`, evidence kept in `copies` buckets."""
    runs = DAYS * 24 / every_hours
    seconds = given.scan_seconds + given.scan_seconds_per_1000 * identities / 1000
    account_runs = accounts * runs
    gb_a_run = accounts * (given.fixed_kb + given.kb_per_identity * identities) / 1e6
    aged_days = given.raw_share * given.raw_days + (1 - given.raw_share) * given.other_days
    writes = accounts * (
        identities * given.changed_share * DAYS * 2 + runs * 2
    )  # a row and its history; outcome, place
    price = PRICES
    return Monthly(
        functions=account_runs * (seconds * given.scan_gb * price["lambda_gb_second_arm64"] + price["lambda_request"]),
        orchestration=account_runs * given.transitions * price["step_functions_transition"],
        ledger=writes * given.row_kb * price["dynamodb_write"]
        + account_runs * identities / 20 * price["dynamodb_read"]
        + accounts * identities * given.row_kb * 2 / 1e6 * price["dynamodb_gb_month"],
        s3_requests=account_runs * (given.puts * price["s3_put_or_list"] + given.gets * price["s3_get"]),
        s3_first_month=copies * gb_a_run * runs / 2 * price["s3_gb_month"],
        s3_year_four=copies * gb_a_run * runs / DAYS * aged_days * price["s3_gb_month"],
        fixed=given.fixed_keys * price["kms_key_month"]
        + given.fixed_alarms * price["alarm_month"]
        + given.fixed_metrics * price["metric_month"],
        logs=account_runs * given.log_kb / 1e6 * price["logs_gb"],
    )


def table(sizes: tuple[tuple[int, int], ...], *, every_hours: int = 24, copies: int = 1) -> str:
    """The table as docs/cost.md has it."""
    lines = [
        "| accounts | identities | Lambda | Step Functions | ledger | S3 requests | S3 month 1 | S3 year 4 | keys, alarms, logs "
        "| **month 1** | **year 4** |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for accounts, identities in sizes:
        one = monthly(accounts, identities, every_hours=every_hours, copies=copies)
        parts = (
            one.functions,
            one.orchestration,
            one.ledger,
            one.s3_requests,
            one.s3_first_month,
            one.s3_year_four,
            one.fixed + one.logs,
        )
        cells = " | ".join(_dollars(part) for part in parts)
        lines.append(
            f"| {accounts:,} | {accounts * identities:,} | {cells} "
            f"| **{_dollars(one.total)}** | **{_dollars(one.total_year_four)}** |"
        )
    return "\n".join(lines)


def _dollars(amount: float) -> str:
    return f"{amount:,.0f}" if amount >= 10 else f"{amount:.2f}"


SIZES = ((1, 1000), (25, 400), (100, 1000), (1000, 1000), (10_000, 1000))


def main() -> None:
    """Print the table, or one row of it for the size that was given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int)
    parser.add_argument("--identities", type=int, default=1000, help="in each account (default: 1000)")
    parser.add_argument("--every-hours", type=int, default=24)
    parser.add_argument("--copies", type=int, default=1, help="2 with a replica in a second account")
    asked = parser.parse_args()
    sizes = ((asked.accounts, asked.identities),) if asked.accounts else SIZES
    print(table(sizes, every_hours=asked.every_hours, copies=asked.copies))


if __name__ == "__main__":
    main()
