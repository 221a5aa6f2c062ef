"""The permission sets of IAM Identity Center: how long their sessions last and which accounts they reach."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import msgspec

from prooftrail.model.canonical import utc
from prooftrail.model.organization import PermissionSet
from prooftrail.model.reading import Gap, Reading

from .observer import Api, Collecting, Observer

LIST_INSTANCES = Api("sso-admin", "list_instances")
LIST_PERMISSION_SETS = Api("sso-admin", "list_permission_sets")
DESCRIBE_PERMISSION_SET = Api("sso-admin", "describe_permission_set")
LIST_PROVISIONED = Api("sso-admin", "list_accounts_for_provisioned_permission_set")

_TOKEN = ("NextToken", "NextToken")
_PAGE = 100  # the most Identity Center gives
_THREADS = 8  # all its calls share 20 a second; the governor keeps to what is left of them
_DELETED = frozenset({"ResourceNotFoundException"})
_NO_SCOPE = frozenset({"ValidationException"})
_LIVE = frozenset({None, "ACTIVE"})


class _Instance(NamedTuple):
    arn: str
    store: str | None
    region: str


def read_permission_sets(observer: Observer, regions: Iterable[str]) -> Reading[PermissionSet]:
    """Every permission set of the organization's instance; none, and no gap, where no region shows an instance.

    An organization has one instance, in one region, and only that has permission sets (an account's own instance has
    none). The home region is asked about all regions at once; where it shows nothing, each further one of `regions`
    is asked once, because an endpoint that does not know the wider question answers the narrow one. The search ends
    with the first instance that lists its permission sets, and what other regions refused is then beside the point;
    if none does, every refusal is a gap.
    Source: sso-admin ListInstances, ListPermissionSets, DescribePermissionSet, ListAccountsForProvisionedPermissionSet.
    """
    searched: list[Reading[PermissionSet]] = []
    order = [observer.home_region, *(one for one in sorted(regions) if one != observer.home_region)]
    tried: set[str] = set()
    for region in order:
        instances, search = _instances(observer, region, everywhere=region == observer.home_region)
        searched.append(search)
        for instance in instances:
            if instance.arn in tried:
                continue
            tried.add(instance.arn)
            reading, listed = _permission_sets(observer, instance)
            if listed:
                return _joined([*(msgspec.structs.replace(one, gaps=()) for one in searched), reading])
            searched.append(reading)
    return _joined(searched)


def _instances(
    observer: Observer, region: str, *, everywhere: bool
) -> tuple[tuple[_Instance, ...], Reading[PermissionSet]]:
    search: Collecting[PermissionSet] = Collecting(observer, region=region)
    pages: list[dict[str, Any]] = []
    if everywhere:
        wide = search.pages(LIST_INSTANCES, token=_TOKEN, absent=_NO_SCOPE, MaxResults=_PAGE, RegionScope="ALL_REGIONS")
        pages = list(wide)
    if not everywhere or pages == [{}]:
        pages = list(search.pages(LIST_INSTANCES, token=_TOKEN, MaxResults=_PAGE))
    found = tuple(
        _Instance(row["InstanceArn"], row.get("IdentityStoreId"), row.get("PrimaryRegion") or region)
        for page in pages
        for row in page.get("Instances", [])
        if row.get("Status") in _LIVE
    )
    reading = search.reading()
    where = tuple(msgspec.structs.replace(gap, subject=region) for gap in reading.gaps)
    return found, msgspec.structs.replace(reading, gaps=where)


def _permission_sets(observer: Observer, instance: _Instance) -> tuple[Reading[PermissionSet], bool]:
    """The instance's permission sets, and whether it would list them at all."""
    found: Collecting[PermissionSet] = Collecting(observer, region=instance.region)
    pages = list(found.pages(LIST_PERMISSION_SETS, token=_TOKEN, InstanceArn=instance.arn, MaxResults=_PAGE))
    arns = sorted({arn for page in pages for arn in page.get("PermissionSets", [])})
    with ThreadPoolExecutor(max_workers=_THREADS) as threads:
        for one in threads.map(lambda arn: _permission_set(found, instance, arn), arns):
            if one is not None:
                found.add(one)
    return found.reading(), bool(pages)


def _permission_set(found: Collecting[PermissionSet], instance: _Instance, arn: str) -> PermissionSet | None:
    """One permission set, with None for what was refused; None where it was deleted while we read."""
    which: dict[str, Any] = {"InstanceArn": instance.arn, "PermissionSetArn": arn}
    described = found.ask(DESCRIBE_PERMISSION_SET, absent=_DELETED, **which)
    if described == {}:
        return None
    row = described["PermissionSet"] if described else {}
    created = row.get("CreatedDate")
    return PermissionSet(
        arn=arn,
        instance_arn=instance.arn,
        identity_store_id=instance.store,
        name=row.get("Name"),
        description=row.get("Description"),
        created_at=utc(created) if created else None,
        session_duration=row.get("SessionDuration"),
        relay_state=row.get("RelayState"),
        accounts=_reached(found, which),
    )


def _reached(found: Collecting[PermissionSet], which: dict[str, Any]) -> tuple[str, ...] | None:
    pages = list(found.pages(LIST_PROVISIONED, token=_TOKEN, absent=_DELETED, MaxResults=_PAGE, **which))
    if not pages or pages[-1].get("NextToken"):
        return None
    return tuple(sorted({account for page in pages for account in page.get("AccountIds", [])}))


def _joined(readings: list[Reading[PermissionSet]]) -> Reading[PermissionSet]:
    sources = [source for one in readings for source in one.sources]
    return Reading(
        items=tuple(item for one in readings for item in one.items),
        gaps=_folded([gap for one in readings for gap in one.gaps]),
        sources=tuple(sorted(sources, key=lambda one: (one.api, one.region))),
    )


def _folded(gaps: list[Gap]) -> tuple[Gap, ...]:
    """The same refusal in many regions as one gap that names them."""
    kept: dict[tuple[str, str | None, str], Gap] = {}
    for gap in gaps:
        if gap.api != LIST_INSTANCES.name:
            kept[gap.api, gap.subject, gap.detail] = gap
            continue
        first = kept.get((gap.api, gap.code, gap.reason))
        subject = gap.subject if first is None else f"{first.subject}, {gap.subject}"
        kept[gap.api, gap.code, gap.reason] = msgspec.structs.replace(first or gap, subject=subject)
    return tuple(kept.values())
