"""When what passes now ends: the one place where a check's start and limit are put together, for its verdict and for notices."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

import msgspec

from prooftrail.controls.case import Case, Compared
from prooftrail.governance.registers import Registered
from prooftrail.governance.words import approval
from prooftrail.model.canonical import utc
from prooftrail.model.identity import Identity
from prooftrail.model.judgement import Limit, Tier

from .ages import age, older

_DAY = timedelta(days=1)


class Ending(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The last instant at which something still is as it should be, and what makes it so.

    `by` names a control's limit and the tier it is of; or it is a limit of its own, or None where nobody set one.
    """

    at: datetime
    by: tuple[str, str, Tier] | Limit | None

    def limit(self, case: Case) -> Limit | None:
        """What makes it end, in words with who set it."""
        return case.limits.described(*self.by) if isinstance(self.by, tuple) else self.by


class Span(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A time that runs since `since` and the limit in days it is held against: exactly the limit does not break it."""

    control: str
    name: str
    since: datetime

    def lasted(self, case: Case) -> timedelta:
        """How long it has run; zero for what is dated after the run."""
        return age(self.since, case.taken_at)

    def compared(self, case: Case, identity: Identity) -> Compared:
        """The time it has run, held against the limit of the identity's tier."""
        return case.compare(self.control, self.name, identity.id, over=older(self.lasted(case)))

    def ending(self, case: Case, identity: Identity) -> Ending:
        """When it reaches the smallest limit it could have: from then on nobody can say any more that it passes."""
        could = [
            (case.limits.value(self.control, self.name, tier), -tier.rank, tier) for tier in case.tiers(identity.id)
        ]
        days, _, tier = min(could)  # of equal limits, the highest tier's is the one results show
        return Ending(at=self.since + timedelta(days=days), by=(self.control, self.name, tier))


def lapse(naming: Iterable[Registered], at: datetime, register: str) -> Ending | None:
    """When the last of the entries that name something runs out, each taking over from the one before without a gap.

    Asked only of what one of them spares at `at`. None where one of those has no last day, or none names it.
    """
    covered, last = utc(at).date(), None
    for one in sorted(naming, key=lambda entry: entry.approved_on):
        if one.approved_on - covered > _DAY:
            break
        if one.expires_on is None:
            return None
        if one.expires_on >= covered:
            covered, last = one.expires_on, one
    if last is None or not last.expires_on:
        return None
    approved = f"approved by {last.approved_by} on {last.approved_on} ({approval(last.ticket)})"
    limit = Limit(name="expires_on", value=str(last.expires_on), set_by=f"the {register} register, {approved}")
    return Ending(at=last_instant(last.expires_on), by=limit)


def last_instant(day: date) -> datetime:
    """The last microsecond of a day in UTC."""
    return datetime.combine(day, time.max, UTC)
