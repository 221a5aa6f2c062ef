"""Holds what was counted against what AWS counts elsewhere, and says why a difference is none where it is none."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from prooftrail.model.account import AccountReadings, Count
from prooftrail.model.iam import Role, User
from prooftrail.model.reading import GapReason, Reading
from prooftrail.model.snapshot import Reconciliation

from .join import Join
from .key_usage import second
from .wording import counted, listed

USERS, ROLES, GROUPS = "users", "roles", "groups"
POLICIES, PROVIDERS, CERTIFICATES = "customer-managed policies", "identity providers", "server certificates"

_PRINCIPALS = "iam:GetAccountAuthorizationDetails"
_SUMMARY = "iam:GetAccountSummary"
_SERVICE_LINKED = "/aws-service-role/"
_SETTLES = timedelta(minutes=1)  # IAM's answers follow a change within seconds; a count may lack what is this young


def reconciliations(readings: AccountReadings, join: Join) -> tuple[Reconciliation, ...]:
    """Every count of the account beside an independent one, by name."""
    found = [*_against_summary(readings), _against_report(readings, join), _keys(readings), _regions(readings)]
    if readings.sampled:
        found.append(_sample(readings))
    return tuple(sorted(found, key=lambda one: one.what))


def _against_summary(readings: AccountReadings) -> Iterator[Reconciliation]:
    principals = readings.principals.items
    providers = (*readings.saml_providers.items, *readings.oidc_providers.items)
    users = {one.id: one.created_at for one in principals if isinstance(one.facts, User)}
    roles = {one.id: one.created_at for one in principals if isinstance(one.facts, Role)}
    linked = sum(1 for one in principals if isinstance(one.facts, Role) and one.facts.path.startswith(_SERVICE_LINKED))
    groups = {one.id: one.created_at for one in readings.groups}
    policies = {one.arn: one.created_at for one in readings.policies}
    lists = "iam:ListSAMLProviders and iam:ListOpenIDConnectProviders"
    certificates = {one.id: one.created_at for one in readings.server_certificates.items}
    yield _bracketed(readings, USERS, "Users", users, _PRINCIPALS)
    yield _bracketed(readings, ROLES, "Roles", roles, _PRINCIPALS, uncounted=linked)
    yield _bracketed(readings, GROUPS, "Groups", groups, _PRINCIPALS)
    yield _bracketed(readings, POLICIES, "Policies", policies, _PRINCIPALS)
    yield _bracketed(readings, PROVIDERS, "Providers", {one.id: one.created_at for one in providers}, lists)
    yield _bracketed(readings, CERTIFICATES, "ServerCertificates", certificates, "iam:ListServerCertificates")


def _bracketed(
    readings: AccountReadings,
    what: str,
    name: str,
    created: Mapping[str, datetime | None],
    counted_by: str,
    *,
    uncounted: int = 0,
) -> Reconciliation:
    """A count between the two account summaries that bracket it; the later one that was read is the independent one."""
    births = list(created.values())
    before, after = _count(readings.summary_before, name), _count(readings.summary_after, name)
    independent = before if after is None else after
    difference = 0 if independent is None else len(births) - independent
    if independent is None:
        explained: str | None = "the account summary could not be read, so there is no second count"
    else:
        born = _born_since(readings.summary_before, births)
        churn = _churn(len(births), before, after, born) if difference else None
        explained = churn or (_service_linked(difference, uncounted) if difference else None)
    return Reconciliation(
        what=what,
        counted=len(births),
        counted_by=counted_by,
        independent=independent,
        independent_source=_SUMMARY,
        difference=difference,
        explained=explained,
    )


def _churn(number: int, before: int | None, after: int | None, born: int) -> str | None:
    """Why a difference is none: the account moved while it was read, as AWS's two counts or creation dates show."""
    if before is not None and after is not None and min(before, after) <= number <= max(before, after):
        return f"AWS counted {before} before and {after} after the reading: the account changed while it was read"
    if before is not None and 0 < number - before <= born:
        return (
            f"AWS counted {before} before the reading, and {born} of those listed were created after it or just before"
        )
    return None


def _service_linked(difference: int, linked: int) -> str | None:
    """AWS does not say whether its count of roles holds those of its own services; where it is short by them, it does not."""
    return f"AWS's count leaves out the {linked} service-linked roles" if linked and difference == linked else None


def _born_since(reading: Reading[Count], births: Iterable[datetime | None]) -> int:
    """How many were created less than a minute before the reading or later, by AWS's clock where it gave one."""
    starts = [one.aws_date_from or one.observed_from for one in reading.sources]
    if not starts:
        return 0
    start = second(min(starts) - _SETTLES)
    return sum(1 for at in births if at is not None and at >= start)


def _count(reading: Reading[Count], name: str) -> int | None:
    return next((one.value for one in reading.items if one.name == name), None)


def _against_report(readings: AccountReadings, join: Join) -> Reconciliation:
    users = len({one.id for one in readings.principals.items if isinstance(one.facts, User)})
    rows = len(readings.report.items[0].rows) if readings.report.items else None
    return Reconciliation(
        what="users and root against report rows",
        counted=users + 1,
        counted_by=_PRINCIPALS,
        independent=rows,
        independent_source="iam:GetCredentialReport",
        difference=0 if rows is None else users + 1 - rows,
        explained=_report_words(readings, join, users + 1, rows),
    )


def _report_words(readings: AccountReadings, join: Join, number: int, rows: int | None) -> str | None:
    if rows is None:
        return "the credential report could not be read, so there is no second count"
    newer, deleted = len(join.newer), len(join.deleted)
    if not newer and not deleted:
        return None
    if join.rowless or not readings.principals.complete or number - rows != newer - deleted:
        return None
    said = []
    if newer:
        said.append(f"{counted(newer, 'user was', 'users were')} created when the report was made or after")
    if deleted:
        names = listed(one.user for one in join.deleted)
        said.append(f"{counted(deleted, 'row is of a user', 'rows are of users')} deleted since ({names})")
    return " and ".join(said)


def _keys(readings: AccountReadings) -> Reconciliation:
    return Reconciliation(
        what="access keys",
        counted=len({one.id for one in readings.access_keys.items}),
        counted_by="iam:ListAccessKeys",
        independent=None,
        independent_source="none",
        difference=0,
        explained="AWS gives no second count of access keys",
    )


def _regions(readings: AccountReadings) -> Reconciliation:
    read = set(readings.regions_read)
    enabled = set(readings.regions.items) if readings.regions.items else None
    left_out = sorted((enabled or set()) - read)
    if enabled is None:
        explained: str | None = "the enabled regions could not be listed, so there is no second count"
    else:
        explained = f"this run was not asked to read {listed(left_out)}" if left_out else None
    return Reconciliation(
        what="regions",
        counted=len(read),
        counted_by="regions read",
        independent=None if enabled is None else len(enabled),
        independent_source="account:ListRegions",
        difference=0 if enabled is None else len(read) - len(enabled),
        explained=explained,
    )


def _sample(readings: AccountReadings) -> Reconciliation:
    """The users whose report rows were read again live: those that agreed against those that were drawn."""
    drawn = set(readings.sampled)
    gaps = (*readings.report.gaps, *readings.access_keys.gaps, *readings.mfa.gaps)
    names = {
        name: one.id for one in readings.principals.items if one.id in drawn for name in (one.id, one.arn, one.name)
    }
    odd = {names[one.subject] for one in gaps if one.reason is GapReason.DISAGREES and one.subject in names}
    return Reconciliation(
        what="sampled report rows",
        counted=len(drawn),
        counted_by="iam:GetCredentialReport",
        independent=len(drawn) - len(odd),
        independent_source="a live reading of the same users",
        difference=len(odd),
        explained=None,
    )
