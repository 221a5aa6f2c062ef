"""What running Prooftrail would cost a month by size of organization: a model, not a bill.

    .venv/bin/python benchmarks/cost_model.py                        # the table of docs/cost.md
    .venv/bin/python benchmarks/cost_model.py --accounts 400 --identities 250 --every-hours 6 --copies 2

Prices are AWS's list prices for us-east-1 as written down in November 2026; quantities are this repository's own
measurements where there are any, else assumptions, each named in ASSUMPTIONS. Change either and run it again.
"""

import argparse
from dataclasses import dataclass

DAYS = 30.4
MONTH_ONE, YEAR_FOUR = DAYS / 2, 4 * 365.0
"""Days of evidence that lie there on average: in the first month, and when all but the chain is as old as it gets."""

PRICES = {
    "lambda_gb_second_arm64": 0.0000133334,
    "lambda_request": 0.20 / 1e6,
    "step_functions_transition": 0.025 / 1e3,
    "s3_put_or_list": 0.005 / 1e3,
    "s3_get": 0.0004 / 1e3,
    "s3_gb_month": 0.023,
    "s3_inventory_object": 0.0025 / 1e6,
    "dynamodb_write": 0.625 / 1e6,  # one item of up to 1 kB, in the table and again in each index
    "dynamodb_read": 0.125 / 1e6,  # 4 kB, read consistently
    "dynamodb_gb_month": 0.25,
    "dynamodb_recovery_gb_month": 0.20,  # point-in-time recovery: of the table, not of its indexes
    "kms_key_month": 1.0,
    "alarm_month": 0.10,
    "metric_month": 0.30,
    "logs_gb": 0.50,
    "logs_gb_month": 0.03,
    "sns_request": 0.50 / 1e6,  # beyond a million a month; publishing, subscribing, listing
    "sns_email": 2.00 / 100e3,  # beyond a thousand a month
    "sqs_request": 0.40 / 1e6,  # beyond a million a month
    "kms_request": 0.03 / 1e4,  # symmetric; beyond 20,000 a month
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
    transitions: float = 5.2  # the account's child execution, and its share of the ledger's batches of 20 (assumed)
    objects: int = 7  # raw, people, snapshot, assessment, transitions, findings, outcome
    puts: int = 14  # the objects, a listing before each
    gets: int = 10  # plan and context once a container, previous snapshot and findings, outcome when closed and told
    fixed_kb: float = 40.0  # measured in the demo: outcome and regional answers of an account with few identities
    kb_per_identity: float = 0.64  # measured: 8,430 kB for 13,200 identities on an unchanged day
    raw_share: float = 0.5  # assumed: wire bodies and people, kept 400 days; the rest is kept 1,100
    raw_objects: int = 2
    raw_days: int = 400
    other_days: int = 1100
    configured_share: float = 0.01  # of identities a day whose configuration changes: row and history (assumed)
    used_share: float = 0.05  # of identities a day that move to another last-used bucket: row alone (assumed)
    row_kb: float = 0.72  # measured in the demo, as all of the ledger: an identity's item
    row_units: float = 1.04  # four rows in a hundred are longer than 1 kB
    indexed: float = 1.92  # copies of a row in the indexes: by ARN 1.00, by owner 0.87, by due date 0.05
    history_kb: float = 0.13
    place_kb: float = 0.06
    outcome_kb: float = 0.30
    item_overhead_kb: float = 0.10  # DynamoDB's own, for each item of the table and of an index
    cells: int = 31  # what was asked, region by region; each is written in every run
    inventory_row_kb: float = 0.10  # a line of the daily list of all versions, compressed (assumed)
    access_log_kb: float = 0.60  # a line of an access log (assumed)
    list_days: int = 430  # inventory and access logs: 400 days, and 30 more as old versions
    log_kb: float = 8.0  # the functions' lines and the state machine's events (assumed)
    log_days: int = 400
    owners: float = 0.004  # of identities: people and teams with something of theirs, 20,000 for 5 million (assumed)
    mails: float = 4.3  # an owner and month: at most one a week at the median (measured in the demo)
    notice_calls: int = 4  # of SNS for each owner and run: listing, and for a mail publishing and its two deliveries
    claim_writes: int = 2  # claimed and completed
    receipt_calls: float = 1.2  # of SQS a mail: in, out and deleted, ten at a time
    notice_key_calls: int = 2  # of KMS a mail: SNS makes a data key and opens it
    plan_seconds_per_1000: float = 0.06  # of findings, one identity in ten with one (assumed); 60 s for a million
    send_seconds: float = 0.35  # an owner and mail: the pace, and what SNS takes to answer (assumed)
    notice_kb: float = 3.0  # sealed, of one mail: what was planned, told and sent, compressed (assumed)
    fixed_keys: int = 5  # signing, witness, fingerprints, notices, watchdog's topic
    rotated_keys: int = 2  # notices and watchdog's topic: one dollar more after each of the first two yearly rotations
    fixed_alarms: int = 45  # with a replica; one fewer without
    fixed_metrics: int = 18  # as if told every hour; prorated by the hour, they cost less


ASSUMPTIONS = Assumptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class Monthly:
    """Dollars a month by what is paid for. `lists` are the inventory and the access logs of the evidence bucket."""

    functions: float
    orchestration: float
    ledger: float
    requests: float
    evidence: float
    lists: float
    notices: float
    logs: float
    fixed: float

    @property
    def total(self) -> float:
        """The bill."""
        return (
            self.functions
            + self.orchestration
            + self.ledger
            + self.requests
            + self.evidence
            + self.lists
            + self.notices
            + self.logs
            + self.fixed
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """An organization of `accounts` with `identities` each, and `age_days` of evidence."""

    accounts: int
    identities: int
    every_hours: int = 24
    copies: int = 1
    age_days: float = MONTH_ONE

    @property
    def runs(self) -> float:
        """Runs a month."""
        return DAYS * 24 / self.every_hours

    @property
    def account_runs(self) -> float:
        """Accounts read in a month."""
        return self.accounts * self.runs

    def held(self, a_day: float, kept_days: float) -> float:
        """What lies there of something that comes `a_day` and is kept so long."""
        return a_day * min(self.age_days, kept_days)


def monthly(size: Size, given: Assumptions = ASSUMPTIONS) -> Monthly:
    """The model for one size."""
    seconds = given.scan_seconds + given.scan_seconds_per_1000 * size.identities / 1000
    a_scan = seconds * given.scan_gb * PRICES["lambda_gb_second_arm64"] + PRICES["lambda_request"]
    copied = (size.copies - 1) * given.objects
    asked = (given.puts + copied) * PRICES["s3_put_or_list"] + given.gets * PRICES["s3_get"]
    log_gb = size.account_runs * given.log_kb / 1e6
    years = min(2, int(size.age_days // 365))
    keys = given.fixed_keys + given.rotated_keys * years
    return Monthly(
        functions=size.account_runs * a_scan,
        orchestration=size.account_runs * given.transitions * PRICES["step_functions_transition"],
        ledger=_ledger(size, given),
        requests=size.account_runs * asked,
        evidence=_evidence(size, given),
        lists=_lists(size, given),
        notices=_notices(size, given),
        logs=log_gb * PRICES["logs_gb"] + size.held(log_gb / DAYS, given.log_days) * PRICES["logs_gb_month"],
        fixed=keys * PRICES["kms_key_month"]
        + given.fixed_alarms * PRICES["alarm_month"]
        + given.fixed_metrics * PRICES["metric_month"],
    )


def _ledger(size: Size, given: Assumptions) -> float:
    """Writes by what changed, index by index; a read of all rows of an account in each run; and what lies there."""
    identities = size.accounts * size.identities
    a_row = given.row_units * (1 + given.indexed) + 1  # and the place that leads to it
    configured, used = (identities * share * DAYS for share in (given.configured_share, given.used_share))
    an_account = given.cells + 2  # its outcome, and that it is there
    writes = (configured + used) * a_row + configured + size.account_runs * an_account
    reads = size.account_runs * (size.identities * given.row_kb / 4 + 2)
    overhead = given.item_overhead_kb
    rows = identities * (given.row_kb + given.place_kb + 2 * overhead)
    past = size.held(configured / DAYS, YEAR_FOUR) * (given.history_kb + overhead)
    outcomes = size.held(size.account_runs / DAYS, YEAR_FOUR) * (given.outcome_kb + overhead)
    indexes = identities * given.indexed * (given.row_kb + overhead)
    table_price = PRICES["dynamodb_gb_month"] + PRICES["dynamodb_recovery_gb_month"]
    stored = (rows + past + outcomes) * table_price + indexes * PRICES["dynamodb_gb_month"]
    return writes * PRICES["dynamodb_write"] + reads * PRICES["dynamodb_read"] + stored / 1e6


def _evidence(size: Size, given: Assumptions) -> float:
    gb_a_day = size.account_runs / DAYS * (given.fixed_kb + given.kb_per_identity * size.identities) / 1e6
    raw = size.held(gb_a_day * given.raw_share, given.raw_days)
    rest = size.held(gb_a_day * (1 - given.raw_share), given.other_days)
    mails_a_day = size.accounts * size.identities * given.owners * given.mails / DAYS
    told = size.held(mails_a_day * given.notice_kb / 1e6, given.other_days)
    return size.copies * (raw + rest + told) * PRICES["s3_gb_month"]


def _lists(size: Size, given: Assumptions) -> float:
    """Every day S3 lists every version there is, and the list itself is kept; so is a line for each request."""
    objects_a_day = size.account_runs / DAYS
    raw = size.held(objects_a_day * given.raw_objects, given.raw_days)
    listed = raw + size.held(objects_a_day * (given.objects - given.raw_objects), given.other_days)
    list_gb = size.held(listed * given.inventory_row_kb / 1e6, given.list_days)
    log_kb_a_day = size.account_runs / DAYS * (given.puts + given.gets) * given.access_log_kb
    log_gb = size.held(log_kb_a_day / 1e6, given.list_days)
    return listed * DAYS * PRICES["s3_inventory_object"] + (list_gb + log_gb) * PRICES["s3_gb_month"]


def _notices(size: Size, given: Assumptions) -> float:
    """Planning each day, asking how each owner can be reached, and what one mail takes on its way."""
    owners = size.accounts * size.identities * given.owners
    mails = owners * given.mails
    plan_seconds = size.accounts * size.identities * given.plan_seconds_per_1000 * 0.1 / 1000
    seconds = size.runs * plan_seconds + mails * given.send_seconds
    functions = seconds * given.scan_gb * PRICES["lambda_gb_second_arm64"]
    sns = size.runs * owners * PRICES["sns_request"] + mails * (given.notice_calls - 1) * PRICES["sns_request"]
    sent = mails * (PRICES["sns_email"] + given.receipt_calls * PRICES["sqs_request"])
    claimed = mails * (given.claim_writes * PRICES["dynamodb_write"] + given.notice_key_calls * PRICES["kms_request"])
    return functions + sns + sent + claimed


def table(sizes: tuple[tuple[int, int], ...], *, every_hours: int = 24, copies: int = 1) -> str:
    """The table as docs/cost.md has it: what grows by age as `month 1 / year 4`, the rest as it is in the first month."""
    lines = [
        "| accounts | identities | Lambda | Step Functions | ledger | S3 requests | evidence | lists, access logs "
        "| notices | keys, alarms, logs | **month 1** | **year 4** |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for accounts, identities in sizes:
        new, old = (
            monthly(
                Size(
                    accounts=accounts, identities=identities, every_hours=every_hours, copies=copies, age_days=age_days
                )
            )
            for age_days in (MONTH_ONE, YEAR_FOUR)
        )
        cells = [
            f"{accounts:,}",
            f"{accounts * identities:,}",
            *(_dollars(one) for one in (new.functions, new.orchestration)),
            _both(new.ledger, old.ledger),
            _dollars(new.requests),
            _both(new.evidence, old.evidence),
            _both(new.lists, old.lists),
            _dollars(new.notices),
            _both(new.fixed + new.logs, old.fixed + old.logs),
            f"**{_dollars(new.total)}**",
            f"**{_dollars(old.total)}**",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _both(new: float, old: float) -> str:
    return f"{_dollars(new)} / {_dollars(old)}"


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
