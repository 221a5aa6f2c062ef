"""The parts of a stage as cdk.json gives them, each section read and checked by itself."""

import fnmatch
import re
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from prooftrail import grants
from prooftrail.settings import RETENTION_DAYS, ROLE_NAME, SCHEDULE_HOURS

from .given import Given, StageError

_ACCOUNT, _ACCOUNT_FIX = r"\d{12}", 'give 12 digits in quotes, like "111122223333"'
_REGION = r"(af|ap|ca|cn|eu|il|me|mx|sa|us|us-gov)-(north|south|east|west|central|(north|south)(east|west))-\d"
_ORGANIZATION = r"o-[a-z0-9]{10,32}"
_UNIT = r"r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}"
_ROLE_NAME = r"(?!prooftrail/Prooftrail-)([\x21-\x2e\x30-\x7e]{1,200}/){0,5}[\w+=,.@-]{1,64}"
_ROLE_NAME_FIX = (
    "give the role's name with its path and no / in front, like prooftrail/ProoftrailReader; not prooftrail/Prooftrail-"
)
_EXTERNAL_ID = r"[\w+=,.@:/-]{2,1224}"
_EXTERNAL_ID_FIX = "give 2 to 1,224 letters, digits or any of + = , . @ : / - _"
_MAIL = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"
_MAILED = ("security_team", "auditors")
_CONFIGURATION_SET = r"[A-Za-z0-9_-]{1,64}"
_PRINCIPAL = r"\d{12}:(role|user)/[\w+=,.@/-]+"
MOST_DAYS = 36_500


def partition_of(region: str) -> str:
    """The partition a region lies in."""
    return {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get(region.rsplit("-", 2)[0], "aws")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
    """When runs are due: every `every_hours` hours counted from `at` (HH:MM, UTC)."""

    every_hours: int
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Auditor:
    """Whom the auditor role lets in, until the end of a day (UTC). MFA cannot be asked of federated sessions."""

    principal: str
    external_id: str
    until: date
    require_mfa: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Notices:
    """How owners are told. `mail_from` and `configuration_set` are SES's, and None with SNS.

    More than `undeliverable_alarm` people whom nothing reaches sound an alarm. Whom and what is told, and from when on,
    says governance and not the stage.
    """

    notifier: Literal["sns", "ses"] = "sns"
    mail_from: str | None = None
    configuration_set: str | None = None
    undeliverable_alarm: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Replica:
    """A bucket in a second account that takes a copy of all evidence; it must have Object Lock itself."""

    bucket_arn: str
    account: str


def place(values: Given) -> dict[str, Any]:
    """Where it lives."""
    region = values.text("region", _REGION, "give one region, like eu-central-1 (aws, aws-cn and aws-us-gov are known)")
    tooling = values.text("tooling_account", _ACCOUNT, _ACCOUNT_FIX)
    return {
        "region": region,
        "tooling_account": tooling,
        "evidence_account": values.maybe("evidence_account", _ACCOUNT, _ACCOUNT_FIX) or tooling,
        "architecture": values.one_of("architecture", ("arm64", "x86_64"), default="arm64"),
    }


def scope(values: Given, home: dict[str, Any]) -> dict[str, Any]:
    """What is scanned, when and as whom."""
    found: dict[str, Any] = {
        "management_account": values.maybe("management_account", _ACCOUNT, _ACCOUNT_FIX),
        "organization_id": values.maybe("organization_id", _ORGANIZATION, "give it like o-a1b2c3d4e5"),
        "organizational_units": values.texts(
            "organizational_units", _UNIT, "roots or units like r-ab12, ou-ab12-c3d4e5f6"
        ),
        "stacksets_from": values.one_of("stacksets_from", ("management", "tooling"), default="management"),
        "scan_regions": _regions(values, home["region"]),
        "concurrency": values.whole("concurrency", 1, 1000, default=50, what="accounts read side by side"),
        "external_id": values.maybe("external_id", _EXTERNAL_ID, _EXTERNAL_ID_FIX),
        "role_name": values.maybe("role_name", _ROLE_NAME, _ROLE_NAME_FIX) or ROLE_NAME,
        "schedule": _schedule(values),
    }
    together = ("organization_id", "management_account", "organizational_units")
    if any(found[key] for key in together):
        for key in together:
            if not found[key]:
                others = ", ".join(one for one in together if one != key)
                raise values.wrong(key, f"an organization needs it beside {others}; without one leave out all three")
    return found


def _schedule(values: Given) -> Cadence:
    schedule = values.below("schedule")
    if schedule is None:
        return Cadence(every_hours=24, at="05:00")
    at = schedule.text("at", r"([01]\d|2[0-3]):[0-5]\d", "give a UTC time like 05:00")
    every = schedule.whole("every_hours", 1, 24, what="hours between runs")
    if every not in SCHEDULE_HOURS:
        raise schedule.wrong("every_hours", f"it must divide a day: one of {', '.join(map(str, SCHEDULE_HOURS))}")
    schedule.done()
    return Cadence(every_hours=every, at=at)


def _regions(values: Given, home: str) -> tuple[str, ...] | None:
    fix = f'give "all", or a list of regions in the partition of {home}'
    if not values.has("scan_regions") or values.is_word("scan_regions", "all"):
        return None
    regions = values.texts("scan_regions", _REGION, fix)
    if not regions or {partition_of(one) for one in regions} != {partition_of(home)}:
        raise values.wrong("scan_regions", fix)
    return regions


def locks(values: Given) -> dict[str, Any]:
    """How long evidence is kept. A manifest and its witness must outlive what they vouch for, custody too."""
    days = dict(RETENTION_DAYS)
    if (by_kind := values.below("retention_days")) is not None:
        for kind in by_kind.keys(RETENTION_DAYS):
            days[kind] = by_kind.whole(kind, 1, MOST_DAYS, what="days")
    shown = max(count for kind, count in days.items() if kind not in ("chain", "witness"))
    for kind, least in (("chain", shown), ("witness", days["chain"])):
        if days[kind] < least:
            why = "longer evidence without it proves nothing"
            raise StageError(
                f"cdk.json {values.path}.retention_days.{kind} is {days[kind]}: give {least} or more; {why}."
            )
    shortest = min(days.values())
    floor = values.whole("default_retention_days", 1, MOST_DAYS, default=shortest, what="days")
    if floor > shortest:
        kinds = ", ".join(sorted(kind for kind, count in days.items() if count == shortest))
        fix = (
            f"give {shortest} or less: {kinds} would be kept longer than retention_days says if written without a date"
        )
        raise values.wrong("default_retention_days", fix)
    mode = values.one_of("lock_mode", ("GOVERNANCE", "COMPLIANCE"))
    generation = values.whole("signing_key_generation", 1, 99, default=1, what="one more for each exchange of the key")
    return {
        "lock_mode": mode,
        "retention_days": days,
        "default_retention_days": floor,
        "signing_key_generation": generation,
    }


def people(values: Given, home: dict[str, Any]) -> dict[str, Any]:
    """Who is told, who may look, and who may hold."""
    addresses = values.below("addresses")
    told = {key: addresses.texts(key, _MAIL, "addresses like team@example.com") if addresses else () for key in _MAILED}
    if addresses:
        addresses.done()
    return {
        **told,
        "auditor": _auditor(values, home),
        "replica": _replica(values, home),
        "key_administrators": _principals(values, "key_administrators", home, ("role",)),
        "legal_hold_principals": _principals(values, "legal_hold_principals", home, ("role", "user")),
        "answerers": _principals(values, "answerers", home, ("role", "user")),
        "notices": _notices(values),
    }


def _notices(values: Given) -> Notices:
    given = values.below("notices")
    if given is None:
        return Notices()
    ses = given.one_of("notifier", ("sns", "ses"), default="sns") == "ses"
    mail_from = given.maybe("mail_from", _MAIL, "give the address that notices come from, like notices@example.com")
    named = given.maybe("configuration_set", _CONFIGURATION_SET, "give the name of a configuration set of SES")
    for key, value in (("mail_from", mail_from), ("configuration_set", named)):
        if ses and value is None:
            raise given.wrong(key, "ses needs it: it says whom a notice comes from, and tells what became of it")
        if value is not None and not ses:
            raise given.wrong(key, "it is for the notifier ses; SNS mails from an address of its own: take it out")
    above = given.whole("undeliverable_alarm", 0, 100_000, default=5, what="people whom nothing reaches")
    given.done()
    return Notices(
        notifier="ses" if ses else "sns", mail_from=mail_from, configuration_set=named, undeliverable_alarm=above
    )


def _auditor(values: Given, home: dict[str, Any]) -> Auditor | None:
    given = values.below("auditor")
    if given is None:
        return None
    form = rf"arn:{partition_of(home['region'])}:iam::{_PRINCIPAL}"
    found = Auditor(
        principal=given.text("principal", form, "name one role or user of this partition by its ARN, without * or ?"),
        external_id=given.text("external_id", _EXTERNAL_ID, _EXTERNAL_ID_FIX),
        until=_day(given, "until"),
        require_mfa=given.yes("require_mfa"),
    )
    given.done()
    return found


def _day(values: Given, key: str) -> date:
    fix = "give the last day of access, like 2027-03-31"
    text = values.text(key, r"\d{4}-\d\d-\d\d", fix)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise values.wrong(key, fix) from None


def _replica(values: Given, home: dict[str, Any]) -> Replica | None:
    given = values.below("replica")
    if given is None:
        return None
    form = rf"arn:{partition_of(home['region'])}:s3:::[a-z0-9][a-z0-9.-]{{1,61}}[a-z0-9]"
    found = Replica(
        bucket_arn=given.text("bucket_arn", form, "give the ARN of a bucket with Object Lock in this partition"),
        account=given.text("account", _ACCOUNT, _ACCOUNT_FIX),
    )
    if found.account in (home["evidence_account"], home["tooling_account"]):
        raise given.wrong("account", "a copy belongs in an account that is neither the evidence's nor the scanner's")
    given.done()
    return found


def _principals(values: Given, key: str, home: dict[str, Any], kinds: tuple[str, ...]) -> tuple[str, ...]:
    account = f"arn:{partition_of(home['region'])}:iam::{home['evidence_account']}:"
    starts = " or ".join(f"{account}{kind}/" for kind in kinds)
    named = " and ".join(f"{kind}s" for kind in kinds)
    fix = f"ARNs that start with {starts} and name {named} of people, not all of them and none of Prooftrail's own"
    found = values.texts(key, rf"{re.escape(account)}({'|'.join(kinds)})/[\w+=,.@/*?-]+", fix)
    own = grants.role_path(values.path.removeprefix("stages."), grants.Role.WATCH)
    if any(fnmatch.fnmatchcase(f"{account}{kind}/{own}", one) for kind in kinds for one in found):
        raise values.wrong(key, fix)
    return found
