"""Builds what a check sees: a case of some identities under the default limits, and a control to judge them by."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from prooftrail.controls.case import Case
from prooftrail.controls.catalog import Control, Crosswalk, Part
from prooftrail.controls.verdict import Verdict
from prooftrail.evidence.context import Context
from prooftrail.evidence.manifest import Code, Head
from prooftrail.governance import Governance
from prooftrail.governance.thresholds import ByTier, Limits
from prooftrail.model.identity import Identity, Kind
from prooftrail.model.judgement import Environment, Factor, PrivilegeClass, Risk, SubjectType, Tier
from prooftrail.model.organization import Account, AccountState, OrganizationFacts
from prooftrail.model.reading import GLOBAL, Cell, CellStatus, Collector
from prooftrail.model.run import Run
from prooftrail.model.snapshot import AccountFacts, Header, Sighting, Snapshot
from prooftrail.risk.entry import Entry
from prooftrail.risk.privilege import Privilege
from tests.builders.snapshots import a_run
from tests.builders.times import ACCOUNT, MANAGEMENT, MEMBER, NOW, OTHER_REGION, REGION

DEFAULTS: dict[tuple[str, str], tuple[int, int, int, int]] = {
    ("IDC-01", "snapshot_max_age_hours"): (24, 24, 24, 24),
    ("IDC-01", "count_variance_allowed"): (0, 0, 0, 0),
    ("IDC-02", "days_allowed_without_owner_after_discovery"): (1, 7, 14, 30),
    ("IDC-02", "days_to_reassign_after_owner_leaves"): (1, 7, 14, 30),
    ("IDC-03", "max_age_days_of_score"): (1, 1, 1, 1),
    ("IDC-04", "coverage_percent"): (100, 100, 100, 100),
    ("IDC-05", "post_hoc_approval_grace_hours"): (0, 0, 24, 72),
    ("IDC-05", "break_glass_ratification_hours"): (24, 24, 24, 24),
    ("IDC-05", "match_rate_percent"): (100, 100, 98, 95),
    ("IDC-06", "revoke_after_leave_hours"): (4, 24, 24, 72),
    ("IDC-06", "mover_reapproval_days"): (7, 14, 30, 30),
    ("IDC-07", "disable_after_days"): (30, 45, 45, 45),
    ("IDC-07", "delete_after_disabled_days"): (14, 30, 30, 30),
    ("IDC-08", "unused_role_days"): (45, 60, 90, 180),
    ("IDC-08", "unused_permission_days"): (90, 90, 90, 180),
    ("IDC-09", "proof_within_hours"): (24, 24, 72, 168),
    ("IDC-10", "root_use_without_record_allowed"): (0, 0, 0, 0),
    ("IDC-10", "root_last_used_min_age_days"): (90, 90, 90, 90),
    ("IDC-11", "mfa_required"): (True, True, True, True),
    ("IDC-11", "phishing_resistant_required"): (True, False, False, False),
    ("IDC-12", "min_length"): (14, 14, 14, 14),
    ("IDC-12", "reuse_prevention"): (24, 24, 24, 24),
    ("IDC-13", "iam_human_users_allowed"): (0, 0, 0, 0),
    ("IDC-14", "allowed"): (0, 0, 0, 0),
    ("IDC-15", "max_age_days"): (30, 60, 90, 90),
    ("IDC-15", "two_active_keys_overlap_days"): (2, 3, 7, 7),
    ("IDC-16", "service_specific_max_lifetime_days"): (30, 90, 180, 365),
    ("IDC-17", "max_age_days"): (30, 60, 90, 180),
    ("IDC-17", "warn_before_days"): (7, 14, 14, 30),
    ("IDC-18", "plaintext_findings_allowed"): (0, 0, 0, 0),
    ("IDC-18", "unused_secret_days"): (60, 90, 90, 180),
    ("IDC-19", "warn_before_expiry_days"): (60, 45, 30, 30),
    ("IDC-19", "expired_allowed"): (0, 0, 0, 0),
    ("IDC-20", "unregistered_admins_allowed"): (0, 0, 0, 0),
    ("IDC-21", "open_paths_allowed"): (0, 0, 0, 0),
    ("IDC-21", "remediation_days"): (7, 14, 30, 90),
    ("IDC-22", "unbounded_iam_writers_allowed"): (0, 0, 2, 5),
    ("IDC-23", "direct_grants_allowed"): (0, 0, 0, 0),
    ("IDC-24", "conflicts_allowed"): (0, 0, 0, 1),
    ("IDC-25", "max_break_glass_per_account"): (2, 2, 2, 2),
    ("IDC-25", "post_use_review_hours"): (24, 24, 24, 24),
    ("IDC-25", "drill_interval_days"): (180, 180, 180, 180),
    ("IDC-26", "unregistered_external_accounts_allowed"): (0, 0, 0, 0),
    ("IDC-26", "missing_external_id_allowed"): (0, 0, 0, 0),
    ("IDC-27", "wildcard_sub_allowed"): (0, 0, 0, 0),
    ("IDC-27", "branch_or_environment_pin_required"): (True, True, False, False),
    ("IDC-28", "public_trust_allowed"): (0, 0, 0, 0),
    ("IDC-29", "cross_env_edges_allowed"): (0, 0, 0, 0),
    ("IDC-29", "workloads_per_nhi"): (1, 1, 2, 3),
    ("IDC-30", "max_session_hours"): (1, 4, 8, 12),
    ("IDC-31", "interval_days"): (30, 90, 180, 365),
    ("IDC-31", "decision_execution_days"): (3, 7, 14, 30),
    ("IDC-32", "max_duration_days"): (30, 90, 180, 365),
    ("IDC-32", "max_renewals"): (1, 2, 2, 3),
    ("IDC-33", "logging_gap_minutes_allowed"): (0, 0, 0, 0),
    ("IDC-33", "retention_days_min"): (400, 400, 400, 400),
    ("IDC-34", "triage_hours"): (4, 24, 72, 168),
    ("IDC-34", "remediate_days"): (7, 14, 30, 90),
    ("IDC-35", "retention_days_min"): (1100, 1100, 1100, 1100),
    ("IDC-35", "verify_interval_days"): (1, 1, 1, 1),
}
"""The defaults of the control map, critical first."""

OF_ACCOUNTS = (
    Collector.ACCOUNT_SUMMARY,
    Collector.PRINCIPALS,
    Collector.ROLE_SETTINGS,
    Collector.CREDENTIAL_REPORT,
    Collector.ACCESS_KEYS,
    Collector.MFA_DEVICES,
    Collector.SERVICE_SPECIFIC_CREDENTIALS,
    Collector.PASSWORD_POLICY,
    Collector.SAML_PROVIDERS,
    Collector.OIDC_PROVIDERS,
    Collector.SERVER_CERTIFICATES,
    Collector.OUTBOUND_FEDERATION,
    Collector.REGIONS,
)

type Unread = Mapping[Collector | tuple[Collector, str], CellStatus]


def defaults() -> dict[tuple[str, str], ByTier[int | bool]]:
    """The default of every threshold, by control and name."""
    names = ("critical", "high", "medium", "low")
    return {key: ByTier(**dict(zip(names, values, strict=True))) for key, values in DEFAULTS.items()}


def limits(governance: Governance | None = None, at: datetime = NOW) -> Limits:
    """The limits in force: the defaults, and what `governance` set."""
    return Limits(defaults(), (governance or Governance()).thresholds, at)


def a_control(
    control_id: str = "IDC-15",
    *,
    kinds: Iterable[Kind] = tuple(Kind),
    subject: Iterable[SubjectType] = (SubjectType.IDENTITY,),
    not_covered: Iterable[str] = (),
) -> Control:
    """A control with its default limits, which lists every kind unless told."""
    mine = {name: limit for (control, name), limit in defaults().items() if control == control_id}
    parts = (Part(what="the test"), *(Part(what=one, covered=False, why="not collected") for one in not_covered))
    return Control(
        id=control_id,
        version="1",
        title="a control",
        theme="a theme",
        statement="It is so.",
        subject=tuple(subject),
        kinds=tuple(kinds),
        parts=parts,
        thresholds=mine,
        review_days=ByTier(critical=30, high=90, medium=180, low=365),
        evidence=("IDENTITY_SNAPSHOT",),
        nonconformity="It is not so.",
        crosswalk=Crosswalk(),
    )


def a_risk(identity: str, tier: Tier = Tier.MEDIUM, *, at_least: Tier | None = None, **known: Any) -> Risk:
    """A score of this tier; uncertain from `at_least` up to it where that is given."""
    lowest = at_least or tier
    made: dict[str, Any] = {
        "impact": 2,
        "likelihood": 3,
        "points": 4,
        "privilege": PrivilegeClass.WRITE_LIMITED,
        "privilege_at_most": PrivilegeClass.WRITE_LIMITED,
        "privilege_why": "it writes to a queue",
        "environment": Environment.PROD,
        "environment_why": "nobody classified the account",
        "factors": (Factor(name="age", points=1, why="it is old"),),
        "unknown": () if lowest is tier else ("its policies were not read",),
        **known,
    }
    return Risk(identity=identity, tier=tier, tier_from=lowest, **made)


def cells_of(unread: Unread | None = None, *, account: str = ACCOUNT) -> tuple[Cell, ...]:
    """Every source of an account in two regions, read to its end but for those named in `unread`."""
    places: list[tuple[Collector, str]] = [(one, GLOBAL) for one in OF_ACCOUNTS]
    places += [(Collector.SECRETS, region) for region in (REGION, OTHER_REGION)]
    asked = dict(unread or {})
    return tuple(_cell(account, *place, asked.get(place, asked.get(place[0], CellStatus.OK))) for place in places)


def _cell(account: str, collector: Collector, region: str, status: CellStatus) -> Cell:
    reason = None if status is CellStatus.OK else "AWS refused it"
    return Cell(account=account, region=region, collector=collector, status=status, items=0, reason=reason)


def a_context(governance: Governance | None = None, *, run: Run | None = None, **known: Any) -> Context:
    """The context of a run in an organization of three accounts."""
    made: dict[str, Any] = {
        "run": run or a_run(),
        "partition": "aws",
        "caller_account": MANAGEMENT,
        "caller_arn": f"arn:aws:iam::{MANAGEMENT}:role/prooftrail",
        "organization": OrganizationFacts(id="o-example", management_account=MANAGEMENT, feature_set="ALL"),
        "accounts": tuple(an_account(one, management=one == MANAGEMENT) for one in (ACCOUNT, MEMBER, MANAGEMENT)),
        "delegated_administrators": (),
        "policies": (),
        "cells": (_cell(MANAGEMENT, Collector.ACCOUNTS, GLOBAL, CellStatus.OK),),
        "governance": governance or Governance(),
        "code": Code(version="0.1.0", sha256="c" * 64),
        "previous": Head(seq=0, sha256="0" * 64),
        "previous_verified": True,
    }
    return Context(**{**made, **known})


def an_account(account: str = ACCOUNT, **known: Any) -> Account:
    """An account of the organization."""
    return Account(**{"id": account, "name": "shop", "state": AccountState.ACTIVE, "tags": (), **known})


def judged_snapshot(
    *identities: Identity,
    cells: Unread | None = None,
    sightings: Iterable[Sighting] = (),
    taken_at: datetime = NOW,
    facts: Mapping[str, Any] | None = None,
    **known: Any,
) -> Snapshot:
    """A snapshot of these identities in which every source was read but those in `cells`; `facts` are the account's."""
    about = AccountFacts(**{"account": an_account(), "regions_enabled": (REGION, OTHER_REGION), **(facts or {})})
    return Snapshot(
        header=Header(run_id=a_run().id, account=about.account.id, taken_at=taken_at),
        account=about,
        cells=cells_of(cells, account=about.account.id),
        identities=tuple(sorted(identities, key=lambda one: one.id)),
        sightings=tuple(sightings),
        **known,
    )


def a_case(
    *identities: Identity,
    snapshot: Snapshot | None = None,
    governance: Governance | None = None,
    context: Context | None = None,
    risks: Mapping[str, Tier | Risk] | None = None,
    tier: Tier | None = Tier.MEDIUM,
    privileges: Mapping[str, Privilege] | None = None,
    entries: Mapping[str, Entry] | None = None,
    **known: Any,
) -> Case:
    """A case of these identities (or of a whole `snapshot`), all of one `tier` but those in `risks`; None scores nobody.

    `known` goes to `judged_snapshot`: `cells`, `sightings`, `taken_at`, `facts`, and other parts of a snapshot.
    """
    taken = snapshot or judged_snapshot(*identities, **known)
    about = context or a_context(governance)
    scored = {} if tier is None else {one.id: a_risk(one.id, tier) for one in taken.identities}
    for name, said in (risks or {}).items():
        scored[name] = said if isinstance(said, Risk) else a_risk(name, said)
    return Case(
        taken,
        about,
        limits=limits(about.governance, taken.header.taken_at),
        privileges=privileges or {},
        entries=entries or {},
        risks=scored,
    )


def without(case: Case, *identities: str) -> Case:
    """The same case without the scores of these identities."""
    risks = {name: one for name, one in case.risks.items() if name not in identities}
    return Case(
        case.snapshot,
        case.context,
        limits=case.limits,
        privileges=case.privileges,
        entries=case.entries,
        risks=risks,
    )


def unknowing(identity: Identity, *fields: str) -> Identity:
    """The same identity with these fields not read."""
    return msgspec.structs.replace(identity, unknown=tuple(sorted({*identity.unknown, *fields})))


def the_verdict(verdicts: Iterable[Verdict], subject: str | None = None) -> Verdict:
    """The one verdict there is, or the one on `subject`."""
    found = [one for one in verdicts if subject in (None, one.subject)]
    assert len(found) == 1, f"{len(found)} verdicts on {subject}: {[one.subject for one in found]}"
    return found[0]
