"""States how far each source was read: one cell for each collector and region, late and wrong clocks included."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

import msgspec

from prooftrail.model.account import AccountReadings
from prooftrail.model.canonical import timestamp
from prooftrail.model.identity import Observed
from prooftrail.model.reading import GLOBAL, Cell, CellStatus, Collector, Gap, GapReason, Reading, cell_of
from prooftrail.model.run import Run
from prooftrail.model.snapshot import Reconciliation

from .contradicted import contradicted
from .join import Join
from .wording import counted

LATE_AFTER = timedelta(hours=6)
"""A cell observed longer than this after the instant its run is judged at, for a scheduled one its tick, did not operate
for it; exactly this long after, it did."""

CLOCK_APART = timedelta(hours=1)
"""A clock further from AWS's `Date` than this cannot be believed; exactly this far, it can."""


def cells(readings: AccountReadings, join: Join, *, run: Run, held: Iterable[Reconciliation] = ()) -> tuple[Cell, ...]:
    """The cells of the account, by collector and region. A source this account is not the one to ask has no cell.

    A listing that AWS's own count in `held` contradicts is not whole: what it lacks may have been there. A cell that was
    read whole, but longer than `LATE_AFTER` after the instant the run is judged at, is LATE.
    """
    found = []
    doubts = contradicted(readings, held)
    for collector, region, reading in _sources(readings, join):
        clocks = (*_apart(reading), *_ahead(reading))
        whole = msgspec.structs.replace(reading, gaps=(*reading.gaps, *doubts.get(collector, ()), *clocks))
        found.append(_on_time(cell_of(readings.account, region, collector, whole), run))
    return tuple(sorted(found, key=lambda one: (one.collector, one.region)))


def _sources(readings: AccountReadings, join: Join) -> Iterator[tuple[Collector, str, Reading[object]]]:
    yield Collector.REGIONS, GLOBAL, readings.regions
    yield Collector.ACCOUNT_SUMMARY, GLOBAL, _summary(readings)
    yield Collector.PRINCIPALS, GLOBAL, readings.principals
    yield Collector.ROLE_SETTINGS, GLOBAL, readings.role_settings
    yield Collector.CREDENTIAL_REPORT, GLOBAL, _with(readings.report, _rowless(join))
    yield Collector.ACCESS_KEYS, GLOBAL, _with(readings.access_keys, _unasked(readings))
    yield Collector.MFA_DEVICES, GLOBAL, readings.mfa
    yield Collector.SERVICE_SPECIFIC_CREDENTIALS, GLOBAL, readings.service_credentials
    yield Collector.PASSWORD_POLICY, GLOBAL, readings.password_policy
    yield Collector.SAML_PROVIDERS, GLOBAL, readings.saml_providers
    yield Collector.OIDC_PROVIDERS, GLOBAL, readings.oidc_providers
    yield Collector.SERVER_CERTIFICATES, GLOBAL, readings.server_certificates
    yield Collector.OUTBOUND_FEDERATION, GLOBAL, readings.outbound_federation
    yield Collector.AWS_POLICIES, GLOBAL, readings.aws_policies  # what the run has read already is asked of nobody
    yield Collector.CONTACTS, GLOBAL, readings.contacts  # without a source where they are carried
    for region, secrets in readings.secrets:
        yield Collector.SECRETS, region, secrets
    if readings.features is not None:
        yield Collector.ORGANIZATION_FEATURES, GLOBAL, readings.features
    if readings.permission_sets is not None:
        yield Collector.PERMISSION_SETS, GLOBAL, readings.permission_sets


def _summary(readings: AccountReadings) -> Reading[object]:
    before, after = readings.summary_before, readings.summary_after
    return Reading(
        items=after.items or before.items,
        gaps=(*before.gaps, *after.gaps),
        sources=(*before.sources, *after.sources),
    )


def _with(reading: Reading[object], gaps: Iterable[Gap]) -> Reading[object]:
    return msgspec.structs.replace(reading, gaps=(*reading.gaps, *gaps))


def _rowless(join: Join) -> Iterator[Gap]:
    """Users the report should have a row for and has not: what the report says is not the whole."""
    if join.rowless:
        users = counted(len(join.rowless), "user")
        detail = f"the report has no row for {users} created before it was made, so their passwords are not known"
        yield Gap(api="iam:GetCredentialReport", reason=GapReason.DISAGREES, detail=detail)


def _unasked(readings: AccountReadings) -> Iterator[Gap]:
    """Keys are asked for user by user: users that were not listed were not asked about."""
    unlisted = [one for one in readings.principals.gaps if one.reason is not GapReason.UNREADABLE]
    if unlisted and readings.access_keys.complete:
        detail = "users were not listed to the end, so nobody asked for the keys of the rest"
        yield Gap(api="iam:ListAccessKeys", reason=unlisted[0].reason, detail=detail)


def _apart(reading: Reading[object]) -> Iterator[Gap]:
    """Sources whose answers AWS dated too far from when we saw them."""
    for one in reading.sources:
        pairs = ((one.observed_from, one.aws_date_from), (one.observed_to, one.aws_date_to))
        if any(theirs is not None and abs(ours - theirs) > CLOCK_APART for ours, theirs in pairs):
            detail = f"AWS dated its answers more than {_hours(CLOCK_APART)} away from the clock they were observed by"
            yield Gap(api=one.api, reason=GapReason.CLOCK, detail=detail)


def _ahead(reading: Reading[object]) -> Iterator[Gap]:
    """Things created further in the future than AWS's own clock allows."""
    dates = [one.aws_date_to for one in reading.sources if one.aws_date_to is not None]
    if not dates:
        return
    newest = max(dates)
    for item in reading.items:
        if isinstance(item, Observed) and item.created_at is not None and item.created_at - newest > CLOCK_APART:
            detail = f"created at {timestamp(item.created_at)}, more than {_hours(CLOCK_APART)} after AWS's own clock"
            yield Gap(api=reading.sources[0].api, reason=GapReason.CLOCK, detail=detail, subject=item.id)


def _on_time(cell: Cell, run: Run) -> Cell:
    if cell.status is not CellStatus.OK or not cell.sources:
        return cell
    seen = max(one.observed_to for one in cell.sources)
    if seen - run.taken_at <= LATE_AFTER:
        return cell
    meant = "its tick" if run.tick else "the instant it is judged at,"
    reason = f"observed at {timestamp(seen)}, more than {_hours(LATE_AFTER)} after {meant} {timestamp(run.taken_at)}"
    return msgspec.structs.replace(cell, status=CellStatus.LATE, reason=reason)


def _hours(span: timedelta) -> str:
    return counted(span // timedelta(hours=1), "hour")
