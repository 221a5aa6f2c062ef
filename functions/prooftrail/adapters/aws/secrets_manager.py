"""The secrets of one region: rotation, use, ownership, versions and the age of the value; never a value."""

import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import msgspec

from prooftrail.evidence.redaction import PSEUDONYM
from prooftrail.model.account import CarriedSecret, Carry
from prooftrail.model.canonical import utc
from prooftrail.model.iam import Secret, SecretVersion, Usage
from prooftrail.model.identity import Observed
from prooftrail.model.organization import Tag
from prooftrail.model.reading import Gap, GapReason, Reading

from .observer import Api, Collecting, Observer

LIST_SECRETS = Api("secretsmanager", "list_secrets")
LIST_VERSIONS = Api("secretsmanager", "list_secret_version_ids")

CURRENT = "AWSCURRENT"
_TOKEN = ("NextToken", "NextToken")
_PAGE = 100  # the most Secrets Manager gives
_THREADS = 8
_REDACTED = re.compile(rf"{PSEUDONYM.pattern}|credential-[0-9a-f]{{20}}")
_GONE = frozenset({"ResourceNotFoundException"})
_SAME_MOMENT = timedelta(seconds=5)  # creating a secret takes AWS that long at most to write both of its dates


def read_secrets(
    observer: Observer, *, region: str, carry: Carry, also_read: frozenset[str] = frozenset()
) -> Reading[Observed]:
    """Every secret of the region, those planned for deletion and replicas too, with when its current value was made.

    `value_created_at` is the creation of the AWSCURRENT version, and `value_age_known` says whether it could be told;
    known without a date means that there is no value. It is told without a further call where the previous snapshot
    dated the same version, or where nothing was changed since the secret was created. Otherwise ListSecretVersionIds
    is asked: a refusal is a gap for that secret. LastChangedDate moves with every edit and LastRotatedDate stands
    still when someone writes a value by hand, so neither dates a value by itself.

    Not asked, and unknown without a gap: a secret planned for deletion, and a replica whose primary lies in a region
    of `also_read`. A secret that is gone between the two calls is left out.
    Source: Secrets Manager ListSecrets (which lags up to five minutes), ListSecretVersionIds.
    """
    found: Collecting[Observed] = Collecting(observer, region=region)
    pages = found.pages(LIST_SECRETS, token=_TOKEN, IncludePlannedDeletion=True, MaxResults=_PAGE)
    rows = {row["ARN"]: row for page in pages for row in page.get("SecretList", [])}
    carried = {arn: known for arn, row in rows.items() if (known := _carried(carry, arn, row.get("PrimaryRegion")))}

    def dated(arn: str) -> Secret | None:
        secret = _secret(rows[arn], region, carried.get(arn))
        spared = secret.value_age_known or secret.deleted_at is not None or secret.replica_of in also_read
        return secret if spared else _asked(found, arn, secret)

    with ThreadPoolExecutor(max_workers=_THREADS) as threads:
        for arn, secret in zip(sorted(rows), threads.map(dated, sorted(rows)), strict=True):
            if secret is not None:
                found.add(_observed(rows[arn], region, secret))
    return found.reading()


def _carried(carry: Carry, arn: str, primary: str | None) -> CarriedSecret | None:
    """What the previous snapshot knew; a replica shares its primary's suffix and version ids and is folded into it there."""
    partition, service, _, rest = arn.removeprefix("arn:").split(":", 3)
    return carry.secrets.get(arn) or carry.secrets.get(f"arn:{partition}:{service}:{primary}:{rest}")


def _observed(row: Mapping[str, Any], region: str, secret: Secret) -> Observed:
    return Observed(
        id=row["ARN"],
        arn=row["ARN"],
        region=region,
        name=row["Name"],
        created_at=_at(row, "CreatedDate"),
        tags=tuple(sorted(Tag(key=tag["Key"], value=tag["Value"]) for tag in row.get("Tags", []))),
        facts=secret,
        usage=Usage(
            tracked=True,  # AWS leaves the date out where the secret was never read in this region
            last_used_at=_at(row, "LastAccessedDate"),
            region=region,
            source=LIST_SECRETS.name,
        ),
    )


def _secret(row: Mapping[str, Any], region: str, carried: CarriedSecret | None) -> Secret:
    rules, primary = row.get("RotationRules", {}), row.get("PrimaryRegion")
    secret = Secret(
        rotation_enabled=bool(row.get("RotationEnabled")),
        rotation_lambda=row.get("RotationLambdaARN"),
        rotate_after_days=rules.get("AutomaticallyAfterDays"),
        rotation_schedule=rules.get("ScheduleExpression"),
        last_rotated_at=_at(row, "LastRotatedDate"),
        last_changed_at=_at(row, "LastChangedDate"),
        deleted_at=_at(row, "DeletedDate"),
        owning_service=row.get("OwningService"),
        managed_type=row.get("Type"),
        kms_key=row.get("KmsKeyId"),
        description=row.get("Description"),
        replica_of=primary if primary != region else None,
    )
    stages: Mapping[str, list[str]] = row.get("SecretVersionsToStages", {})
    current = next((version for version, labels in stages.items() if CURRENT in labels), None)
    dates = _carried_dates(carried)
    if current is not None and dates.get(current) is None and secret.replica_of is None:
        dates[current] = _untouched_since(row)
    versions = tuple(_version(version, labels, dates.get(version)) for version, labels in stages.items())
    had_none = carried is not None and carried.value_created_at is None
    return _with(secret, versions, known=had_none and current is None)


def _carried_dates(carried: CarriedSecret | None) -> dict[str, datetime | None]:
    if carried is None:
        return {}
    value = carried.value_created_at
    return {one.id: one.created_at or (value if CURRENT in one.stages else None) for one in carried.versions}


def _untouched_since(row: Mapping[str, Any]) -> datetime | None:
    """The creation of a secret to which nothing was done since; None where something was, or AWS does not say.

    Every version is made between the secret's creation and its last change; where these are one moment, so is that.
    That a single version bears a label would prove nothing: a value can come later, and labels can be taken away.
    """
    created, changed = _at(row, "CreatedDate"), _at(row, "LastChangedDate")
    if created is None or changed is None:
        return None
    return created if abs(changed - created) <= _SAME_MOMENT else None


def _asked(found: Collecting[Observed], arn: str, secret: Secret) -> Secret | None:
    """The secret with its versions dated by one more call, as it was where that is refused, None where it is gone."""
    name = found.observer.redactor.reveal(arn)
    if _REDACTED.search(name):
        detail = "its name holds text that may not be kept, so AWS cannot be asked about it"
        found.gap(Gap(api=LIST_VERSIONS.name, reason=GapReason.UNREADABLE, detail=detail, subject=arn))
        return secret
    pages = list(found.pages(LIST_VERSIONS, token=_TOKEN, absent=_GONE, SecretId=name, MaxResults=_PAGE))
    if pages == [{}]:
        return None
    rows = [row for page in pages for row in page.get("Versions", [])]
    seen = [_version(row["VersionId"], row.get("VersionStages", []), _at(row, "CreatedDate")) for row in rows]
    whole = bool(pages) and not pages[-1].get("NextToken")
    none = whole and all(CURRENT not in one.stages for one in seen)
    return _with(secret, (*seen, *_unseen(secret.versions, seen)), known=none)


def _unseen(listed: tuple[SecretVersion, ...], seen: list[SecretVersion]) -> list[SecretVersion]:
    """What only ListSecrets named (a version still without a value), less the labels that have moved on since."""
    ids, labels = {one.id for one in seen}, {label for one in seen for label in one.stages}
    left = [(one, tuple(label for label in one.stages if label not in labels)) for one in listed if one.id not in ids]
    return [msgspec.structs.replace(one, stages=stages) for one, stages in left if stages]


def _with(secret: Secret, versions: tuple[SecretVersion, ...], *, known: bool) -> Secret:
    """The secret with its versions; its value's age is known where AWSCURRENT is dated, or by `known` absent."""
    created = next((one.created_at for one in versions if CURRENT in one.stages), None)
    return msgspec.structs.replace(
        secret,
        versions=tuple(sorted(versions, key=lambda one: one.id)),
        value_created_at=created,
        value_age_known=known or created is not None,
    )


def _version(version: str, labels: list[str], created_at: datetime | None) -> SecretVersion:
    return SecretVersion(id=version, stages=tuple(sorted(labels)), created_at=created_at)


def _at(row: Mapping[str, Any], name: str) -> datetime | None:
    at = row.get(name)
    return utc(at) if at is not None else None
