"""What a deployment can set, with its defaults; a leaf that infrastructure may import too."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

ROLE_NAME = "prooftrail/ProoftrailReader"
"""The member role, with its path, that is assumed in every account but the one we stand in."""

RETENTION_DAYS = {
    "raw": 400,
    "people": 400,
    "snapshot": 1100,
    "assessment": 1100,
    "transitions": 1100,
    "findings": 1100,
    "context": 1100,
    "plan": 1100,
    "outcome": 1100,
    "chain": 3650,
    "notices": 1100,
    "answers": 1100,
    "custody": 3650,
    "witness": 3650,
}
"""Days each kind of evidence is kept: personal and raw data for one audit year and a month, the rest for a certificate cycle.

The chain is kept longest: without its genesis and the manifests before it a newer manifest proves less.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long each kind is kept, in days, from the moment it is sealed."""

    days: dict[str, int] = field(default_factory=lambda: dict(RETENTION_DAYS))

    def until(self, kind: str, at: datetime) -> datetime | None:
        """Until when something of `kind` sealed `at` is kept, in whole seconds; None for a kind without a term."""
        days = self.days.get(kind)
        return None if days is None else at.replace(microsecond=0) + timedelta(days=days)


ONBOARDING_HOURS = 48
"""An account that joined less than this before the run may still lack its role."""

ACCOUNT_WORKERS = 4
"""Accounts read side by side by default, embedded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexShape:
    """A global secondary index with string keys that holds whole items."""

    name: str
    hash_key: str
    range_key: str
    projection: str = "ALL"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableShape:
    """A table with string keys, billed by request."""

    hash_key: str
    range_key: str
    indexes: tuple[IndexShape, ...]
    billing_mode: str = "PAY_PER_REQUEST"


BY_OWNER = IndexShape(name="by_owner", hash_key="owner_key", range_key="owner_sort")
BY_DUE_DATE = IndexShape(name="by_due_date", hash_key="due_key", range_key="due_sort")
BY_ARN = IndexShape(name="by_arn", hash_key="arn_key", range_key="arn_sort")

LEDGER_TABLE = TableShape(hash_key="pk", range_key="sk", indexes=(BY_OWNER, BY_DUE_DATE, BY_ARN))
"""The ledger's table: what the adapter expects and infrastructure has to make. Keys are synthetic strings:

| item     | pk              | sk                          |
|----------|-----------------|-----------------------------|
| identity | `ACC#<account>` | `ID#<id>`                   |
| cell     | `ACC#<account>` | `CELL#<region>#<collector>` |
| place    | `UID#<id>`      | `AT`                        |
| history  | `UID#<id>`      | `H#<run>`                   |
| run      | `RUNS`          | `<run>`                     |
| outcome  | `RUN#<run>`     | `ACC#<account>`             |
| account  | `ACCOUNTS`      | `<account>`                 |
| head     | `HEAD`          | `HEAD`                      |
| claim    | `NOTICE#<id>`   | `CLAIM`                     |
| sending  | `NOTICE#lease`  | `LEASE`                     |

Only identities are in the indexes: by_owner (`OWN#<owner>`, id), by_due_date (`DUE#<shard>`, `<date>#<id>`), by_arn
(`ARN#<arn>`, id). Gone ones leave the first two. Many may fall due on one day, so due dates are spread over shards.

`place` leads from an identity's id to its account; a key id is an id.
"""

LEDGER_ROWS = ("ACCOUNTS", "ACC#*", "RUNS", "RUN#*", "UID#*")
"""The partitions that hold what was told, as patterns: every one but the pinned head's, which who tells may not write."""

CLAIM_ROWS = ("NOTICE#*",)
"""The partitions that hold claims of notices; they go by themselves (`expires_at`) once nothing can ask for them."""

CLAIM_STALE_MINUTES = 15
"""A claim older than this that was never completed is driven again: whoever made it is gone."""

NOTICE_SHARD = 2000
"""Recipients in one shard: at five messages a second they are written to in under seven minutes."""

NOTICES_PER_SECOND = 4
"""How fast notices are sent; SNS takes ten e-mail messages a second from an account and suspends who exceeds it."""

DUE_SHARDS = 16
"""Identities that fall due on one day are spread over this many keys of the due-date index."""

SCHEDULE_HOURS = (1, 2, 3, 4, 6, 8, 12, 24)
"""Hours between ticks that divide a day, so that every day has the same ticks."""

UNWITNESSED_AFTER_HOURS = 48
"""A manifest older than this should have been seen by the watchdog."""
