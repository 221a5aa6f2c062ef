"""The instant, the accounts and the regions every builder counts from."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from prooftrail.model.iam import Usage
from prooftrail.model.organization import Tag

NOW = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
"""The tick every builder counts from."""

ACCOUNT, MEMBER, STRANGER, MANAGEMENT = "111122223333", "444455556666", "999999999999", "222233334444"
REGION, OTHER_REGION = "eu-west-1", "us-east-1"
NEVER = Usage(tracked=True)
UNTOLD = Usage(tracked=False)


def days(number: float) -> timedelta:
    """A span of days."""
    return timedelta(days=number)


LONG, MONTH, TEN_DAYS = days(400), days(30), days(10)


def ago(span: timedelta) -> datetime:
    """That long before the tick."""
    return NOW - span


def used(span: timedelta) -> Usage:
    """A last use that long before the tick."""
    return Usage(tracked=True, last_used_at=NOW - span)


def tagged(tags: Mapping[str, str] | None) -> tuple[Tag, ...] | None:
    """Tags as AWS would list them."""
    return None if tags is None else tuple(sorted(Tag(key=key, value=value) for key, value in tags.items()))
