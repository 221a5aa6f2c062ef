"""03 and 04: every identity as it stands, and the risk of each with all it was computed from."""

from collections.abc import Iterator
from datetime import datetime

from prooftrail.governance.exceptions import AcceptedException
from prooftrail.model.identity import Identity
from prooftrail.model.judgement import ResultStatus, Risk, Tier
from prooftrail.model.reading import CellStatus, Collector
from prooftrail.pack.registers.columns import (
    account_status,
    all_shown,
    day,
    empty,
    instant,
    instant_of,
    listing,
    number,
    shown,
    text,
    truth,
)
from prooftrail.pack.registers.identity_words import children_of, credentials, last_used, mfa, status_of, trust_summary
from prooftrail.pack.table import ColumnType, Register, Row, Table, Value
from prooftrail.pack.view import AccountView, Listed, PeriodView
from prooftrail.risk.method import model

_NO_RESIDUAL = (
    "this version scores no residual risk: compensating controls are tested (16), and take nothing off the tier"
)
_NO_REVIEW = "this version records no access reviews"
_LISTS_CREDENTIALS = (Collector.ACCESS_KEYS, Collector.SERVICE_SPECIFIC_CREDENTIALS)

INVENTORY = Table(
    file="03_identity_inventory",
    title="Identity inventory",
    about=(
        "One row per identity as the last run of the period shows it, human or not, from the sealed snapshots. What an"
        " older snapshot alone shows, because its place could not be read since, is here too and marked stale. Left out:"
        " what stood in no snapshot, see 24_gaps and 02_population_reconciliation."
    ),
    questions=(1, 2, 4),
    sheet="Identities",
    columns=(
        text("identity_id", "AWS's unique id, or the ARN where AWS gives no other"),
        text("arn", "the ARN; of a key that of its user"),
        text("kind", "what it is: root, human_user, role_cicd, secret and so on"),
        text("class", "human, non_human, or undetermined where nothing tells"),
        text("account_id", "the account it is in"),
        text("account_name", "the account's name"),
        text("ou_path", "the organizational units above the account; empty where not read"),
        text("environment", "the environment it acts in, by policy; prod where nobody said otherwise"),
        text("name", "its name in AWS"),
        instant("created_at", "when AWS says it was created; empty where AWS does not say or it was not read"),
        text(
            "owner_id",
            "the accountable owner as owners.toml calls them, else as the tag does; empty where nobody is named",
        ),
        text("owner_name", "the owner's name in owners.toml"),
        text("owner_status", "active, left, not in owners.toml, or no owner"),
        text("purpose", "what it is for, as tag or register says; empty where nobody said"),
        empty(
            "data_classification",
            "the class of data it reaches",
            "this version does not read which data is classified how",
        ),
        instant(
            "last_used_at",
            "the last use AWS recorded, of a user by password or key; empty is never only if last_used_source says so",
        ),
        text("last_used_source", "which API told the last use, or why none is known"),
        number("credential_count", "active credentials; empty where not all were read, or where it has none by nature"),
        number("oldest_credential_age_days", "whole days from the oldest active credential's making to the run shown"),
        text("mfa", "on, none or unknown; empty for what cannot have a second factor"),
        text("privilege_class", "the highest thing it may do, as far as its policies were read"),
        text("trust_summary", "who may come in by it, and under which condition"),
        text("inherent_tier", "the highest tier the facts allow; see tier_at_least"),
        empty("residual_tier", "the tier after compensating controls", _NO_RESIDUAL),
        number(
            "review_interval_days", "days between access reviews at its tier, by the control map or the organization"
        ),
        empty("last_review_at", "the last access review", _NO_REVIEW, ColumnType.INSTANT),
        empty("next_review_due", "when the next access review is due", _NO_REVIEW, ColumnType.DAY),
        listing("exception_ids", "exceptions that were applied to a result of it"),
        text("status", "active, inactive, expired, planned for deletion, or present"),
        text("first_seen", "the first run that showed it, or that it was there when the period began"),
        text("last_seen", "the run whose snapshot shows it"),
        text("snapshot_id", "the sealed snapshot that shows it, as in integrity/evidence_index.csv"),
        text("evidence_id", "the same object, under the name all registers use"),
        number("evidence_line", "its line in the unpacked object, counted from 1"),
        truth("stale", "true where it is shown from a run before the one shown"),
        text("class_basis", "declared by tag or register, or inferred from what AWS shows"),
        text("class_reason", "why it is of this class"),
        text("kind_reason", "why it is of this kind"),
        text("owner_known_by", "identity_tag, principal_tag, registry, account, or none"),
        text("owner_where", "where exactly the owner stands"),
        text("purpose_known_by", "as owner_known_by, of the purpose"),
        text("credentials", "its credentials in words"),
        text("tier_at_least", "the lowest tier the facts allow: it differs where something was not read"),
        text("family", "the family it belongs to, see 37_families"),
        text("parent_id", "the identity it belongs to, as a key to its user"),
        text("region", "the region it is listed in; global for IAM"),
        listing("not_read", "its fields that were refused or could not be told this time: they say nothing"),
        text("carried_from", "the run whose reading stands, where this one had no reason to read again"),
        account_status(),
    ),
)

RISKS = Table(
    file="04_risk_register",
    title="Risk register",
    about=(
        "One row per identity that was scored: the inherent risk, each factor, and what could not be told. The method is"
        " in policy/. A credential carries the score of the identity it belongs to. From the sealed assessments."
    ),
    questions=(2,),
    sheet="Risk",
    columns=(
        text("identity_id", "as in 03_identity_inventory"),
        text("model_version", "the risk model's version, where the code that made this pack is the code that scored"),
        number("impact", "1 to 5, from what it may do and where"),
        number("likelihood", "1 to 5, from the points"),
        number("points", "sum of the factors' points"),
        listing("factors", "each factor with its points and the fact it rests on"),
        listing("floors", "rules that keep the tier from being lower"),
        text("inherent_tier", "the highest tier the facts allow"),
        listing("compensating_ids", "SP 800-53 ids of the controls that compensate, by its exceptions"),
        empty("residual_tier", "the tier after compensating controls", _NO_RESIDUAL),
        text("risk_owner", "who accepted the risk, by its exceptions; empty where nobody accepted anything"),
        day("accepted_at", "the day of the newest acceptance"),
        instant("computed_at", "the instant of the run that scored it"),
        text("account_id", "the account it is in"),
        text("name", "its name in AWS"),
        text("arn", "its ARN"),
        text("kind", "what it is"),
        text("tier_at_least", "the lowest tier the facts allow"),
        truth("certain", "true if nothing unread could have given another tier"),
        text("privilege_class", "the highest thing it may do"),
        text("privilege_at_most", "what it could at the most, where a policy was not read"),
        text("privilege_reason", "why"),
        listing("escalation_paths", "the ways in which it could make itself an administrator"),
        text("environment", "where it acts"),
        text("environment_reason", "why"),
        listing("possible_factors", "factors that could not be told"),
        listing("unknown", "what was not read, and why"),
        text("inherited_from", "the identity whose score it carries"),
        text("owner", "its accountable owner"),
        text("evidence_id", "the sealed assessment"),
        number("evidence_line", "its line in the unpacked object, counted from 1"),
        truth("stale", "true where the run shown did not judge the account, and an older judgement stands"),
        account_status(),
    ),
)


class _Owners:
    """Owners as rows show them; a thousand identities have few."""

    def __init__(self, period: PeriodView) -> None:
        self._period = period
        self._known: dict[str | None, tuple[str | None, str | None, str]] = {None: (None, None, "no owner")}

    def of(self, value: str | None) -> tuple[str | None, str | None, str]:
        """Id, name and status of the owner a view names."""
        if value not in self._known:
            self._known[value] = self._told(value)
        return self._known[value]

    def _told(self, value: str | None) -> tuple[str | None, str | None, str]:
        owner = self._period.context.governance.owner_of(value) if value else None
        if owner is None:
            return shown(self._period, value), None, "not in owners.toml"
        return shown(self._period, owner.id), shown(self._period, owner.name), "active" if owner.active else "left"


def _inventory(one: AccountView, period: PeriodView) -> Iterator[Row]:
    owners, children = _Owners(period), children_of(each.identity for each in one.listed)
    told = ((each, each.came or each.entered) for each in one.presences if each.went is None or each.account_left)
    came = {each.id: run for each, run in told if run}
    excepted: dict[str, list[str]] = {}
    for result in one.results:
        if result.status is ResultStatus.EXCEPTION and result.identity and result.exception:
            excepted.setdefault(result.identity, []).append(result.exception)
    began = f"on or before {period.runs[0].run_id}" if period.runs else f"on or before {period.as_of.run_id}"
    whole = _credentials_listed(one)
    for listed in one.listed:
        identity, risk = listed.identity, one.risks.get(listed.identity.id)
        has = credentials(identity, children.get(identity.id, ()), listed_whole=whole)
        exceptions = tuple(sorted(set(excepted.get(identity.id, ()))))
        seen_at = instant_of(listed.seen_in) or period.as_of.taken_at
        yield (
            *_who(one, period, identity, risk),
            *owners.of(identity.owner.value),
            shown(period, identity.purpose.value),
            None,
            *last_used(identity, children.get(identity.id, ()), listed_whole=whole),
            has.active,
            _days(has.oldest, seen_at),
            mfa(identity),
            risk.privilege.value if risk else None,
            shown(period, trust_summary(identity)),
            risk.tier.value if risk else None,
            None,
            _review_days(period, risk.tier) if risk else None,
            None,
            None,
            exceptions,
            status_of(identity, seen_at),
            came.get(identity.id) or began,
            listed.seen_in,
            listed.evidence,
            *_known(one, period, listed, risk, has.words),
        )


def _who(one: AccountView, period: PeriodView, identity: Identity, risk: Risk | None) -> tuple[Value, ...]:
    return (
        shown(period, identity.id),
        shown(period, identity.arn),
        identity.kind.value,
        identity.classification.cls.value,
        identity.account,
        shown(period, one.name),
        shown(period, one.ou_path),
        risk.environment.value if risk else None,
        shown(period, identity.name),
        identity.created_at,
    )


def _known(one: AccountView, period: PeriodView, listed: Listed, risk: Risk | None, words: str | None) -> Row:
    identity = listed.identity
    return (
        listed.evidence,
        listed.line,
        one.stale or listed.seen_in != period.as_of.run_id,
        identity.classification.basis.value,
        shown(period, identity.classification.reason),
        shown(period, identity.kind_reason),
        identity.owner.rung.value,
        shown(period, identity.owner.where),
        identity.purpose.rung.value,
        words,
        risk.tier_from.value if risk else None,
        shown(period, identity.family),
        shown(period, identity.parent),
        identity.region,
        identity.unknown,
        identity.carried_from,
        one.account_status,
    )


def _credentials_listed(one: AccountView) -> bool:
    read = {each.collector: each.status for each in one.cells}
    return all(read.get(each) is CellStatus.OK for each in _LISTS_CREDENTIALS)


def _days(since: datetime | None, at: datetime) -> int | None:
    return max(0, (at - since).days) if since else None


def _review_days(period: PeriodView, tier: Tier) -> int | None:
    """The interval as policy or control map sets it; None where the map knows no such limit."""
    try:
        return int(period.limits.value("IDC-31", "interval_days", tier))
    except KeyError:
        return None


def accepted(one: AccountView, period: PeriodView) -> dict[str, list[AcceptedException]]:
    """The exceptions that were applied to results of each identity, by its id."""
    entries = {each.id: each for each in period.context.governance.exceptions.exception}
    found: dict[str, list[AcceptedException]] = {}
    for result in one.results:
        entry = entries.get(result.exception or "")
        if result.status is ResultStatus.EXCEPTION and result.identity and entry:
            held = found.setdefault(result.identity, [])
            if entry not in held:
                held.append(entry)
    return found


def _risks(one: AccountView, period: PeriodView) -> Iterator[Row]:
    identities, entries, owners = one.identities(), accepted(one, period), _Owners(period)
    same_code = one.judged_run is not None and one.judged_run.code.sha256 == period.code_sha256
    version = model().version if same_code else None
    for line, (identity_id, risk) in enumerate(one.risks.items(), start=2):
        identity, held = identities.get(identity_id), entries.get(identity_id, [])
        yield (
            shown(period, identity_id),
            version,
            risk.impact,
            risk.likelihood,
            risk.points,
            all_shown(period, (f"{each.name} +{each.points}: {each.why}" for each in risk.factors)),
            risk.floors,
            risk.tier.value,
            tuple(sorted({each.sp80053 for entry in held for each in entry.compensating})),
            None,
            shown(period, ", ".join(sorted({entry.risk_owner for entry in held})) or None),
            max((entry.approved_on for entry in held), default=None),
            one.judged_run.taken_at if one.judged_run else None,
            one.account,
            shown(period, identity.name) if identity else None,
            shown(period, identity.arn) if identity else None,
            identity.kind.value if identity else None,
            *_doubts(period, risk),
            owners.of(identity.owner.value)[0] if identity else None,
            one.assessment.id if one.assessment else None,
            line if one.assessment else None,
            one.judged_run != period.as_of,
            one.account_status,
        )


def _doubts(period: PeriodView, risk: Risk) -> Row:
    return (
        risk.tier_from.value,
        risk.certain,
        risk.privilege.value,
        risk.privilege_at_most.value,
        shown(period, risk.privilege_why),
        risk.paths,
        risk.environment.value,
        shown(period, risk.environment_why),
        all_shown(period, (f"{each.name} +{each.points}: {each.why}" for each in risk.possible)),
        all_shown(period, risk.unknown),
        shown(period, risk.inherited_from),
    )


INVENTORY_REGISTERS = (Register(table=INVENTORY, each=_inventory), Register(table=RISKS, each=_risks))
