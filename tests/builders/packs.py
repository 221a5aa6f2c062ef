"""What a pack is made from: a period of four daily runs, and one account with a person, software, a key, a secret and a role."""

from collections.abc import Iterable
from datetime import date, timedelta
from functools import cache
from typing import Any

from prooftrail.controls import parsing
from prooftrail.controls.catalog import Catalog
from prooftrail.evidence import envelope
from prooftrail.evidence.assurance import Assurance
from prooftrail.evidence.context import Context
from prooftrail.evidence.keys_in_force import KeyInForce
from prooftrail.evidence.manifest import AccountCoverage, Code, Genesis, GovernanceInForce, Head
from prooftrail.governance.thresholds import Limits
from prooftrail.model import canonical
from prooftrail.model.identity import Identity, IdentityClass, Kind, Known, Rung
from prooftrail.model.judgement import Finding, FindingStatus, Limit, Result, ResultStatus, Risk, SubjectType, Tier
from prooftrail.model.reading import GLOBAL, CellStatus, Collector, GapReason
from prooftrail.model.run import EvidenceKind, Schedule
from prooftrail.model.snapshot import AccountFacts, Reconciliation, RunTrigger
from prooftrail.pack.view import (
    READ,
    AccountView,
    Evidence,
    Listed,
    PackOptions,
    PackRun,
    PeriodView,
    Refused,
    Shortfall,
)
from tests.builders.judging import a_context, a_risk, an_account, cells_of
from tests.builders.judging_findings import a_result
from tests.builders.judging_people import declared
from tests.builders.judging_risk import a_key_of, a_machine, a_person, a_vault, a_worker
from tests.builders.times import ACCOUNT, MEMBER, NOW, days

DAILY = Schedule(every_hours=24, at="06:00")
FIRST = NOW - days(3)
PEM = """-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt
6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==
-----END PUBLIC KEY-----
"""


@cache
def the_catalog() -> Catalog:
    """The catalog as it is shipped, parsed once."""
    return parsing.parse(parsing.shipped())


def a_genesis(**changes: Any) -> Genesis:
    """The genesis of a chain with a key file, two days before the first run."""
    made: dict[str, Any] = {
        "deployment_id": "d" * 32,
        "organization_id": "o-example",
        "account": ACCOUNT,
        "partition": "aws",
        "locker": "evidence",
        "public_key_pem": PEM,
        "key_fingerprint": envelope.fingerprint(PEM.encode()),
        "key_origin": "file",
        "schedule": DAILY,
        "created_at": FIRST - days(2),
    }
    return Genesis(**{**made, **changes})


def a_pack_run(day: int = 0, **changes: Any) -> PackRun:
    """The scheduled run `day` days after NOW (before, if negative), closed ten minutes after its tick, two accounts read whole."""
    tick = NOW + timedelta(days=day)
    made: dict[str, Any] = {
        "seq": 4 + day,
        "run_id": canonical.run_id(tick),
        "tick": tick,
        "taken_at": tick,
        "trigger": RunTrigger.SCHEDULE,
        "caller": f"arn:aws:sts::{ACCOUNT}:assumed-role/scanner/x",
        "started_at": tick,
        "closed_at": tick + timedelta(minutes=10),
        "manifest_sha256": f"{day % 10}" * 64,
        "code": Code(version="0.1.0", sha256="c" * 64),
        "governance": GovernanceInForce(sha256="9" * 64),
        "coverage": tuple(
            AccountCoverage(account=one, status="sealed", reason=None, identities=5, cells=21, cells_ok=21)
            for one in (ACCOUNT, MEMBER)
        ),
        "counts": {"identities": 10, "result:IDC-15:PASS": 1, "result:IDC-15:FAIL": 1, "tier:high": 2, "tier:low": 8},
        "missed_ticks": (),
        "organization_gaps": (),
        "calls": 100,
        "throttled": 0,
    }
    return PackRun(**{**made, **changes})


def some_evidence(
    kind: EvidenceKind = EvidenceKind.SNAPSHOT, account: str | None = ACCOUNT, **changes: Any
) -> Evidence:
    """One sealed object of the run shown."""
    stored = canonical.sha256(f"{kind}{account}".encode())
    made: dict[str, Any] = {
        "id": f"e-{stored[:16]}",
        "key": f"{kind}/{canonical.run_id(NOW)}/{account}/{'a' * 64}.jsonl.gz",
        "kind": kind,
        "run_id": canonical.run_id(NOW),
        "seq": 4,
        "account": account,
        "sha256": "a" * 64,
        "stored_sha256": stored,
        "size": 1234,
        "count": 40,
        "version_id": None,
        "retain_until": None,
    }
    return Evidence(**{**made, **changes})


def some_identities() -> tuple[Identity, ...]:
    """A person and software with a key each, a secret and a role; only the software and its key have a stated owner."""
    nobody = Known()
    owned = Known(value="jane", rung=Rung.REGISTRY, where="owners.toml")
    person, machine = a_person(owner=nobody), a_machine(owner=owned)
    human = {"classification": declared(IdentityClass.HUMAN), "owner": nobody}
    return (
        a_key_of(person, age=days(200), **human),
        a_key_of(machine, age=days(20), owner=owned),
        person,
        machine,
        a_worker(owner=nobody),
        a_vault(owner=nobody),
    )


def some_results(identities: Iterable[Identity]) -> tuple[Result, ...]:
    """Of each key one result of IDC-15 (the first fails), of each identity one of IDC-02."""
    found: list[Result] = []
    for one in identities:
        owned = one.owner.value is not None
        found.append(
            a_result(
                ResultStatus.PASS if owned else ResultStatus.FAIL,
                control="IDC-02",
                subject=one.id,
                subject_type=SubjectType.IDENTITY,
                reason="Its owner is named." if owned else "Nobody owns it.",
            )
        )
        if one.kind is Kind.ACCESS_KEY:
            old = one.created_at is not None and NOW - one.created_at > days(90)
            found.append(
                a_result(
                    ResultStatus.FAIL if old else ResultStatus.PASS,
                    control="IDC-15",
                    subject=one.id,
                    subject_type=SubjectType.CREDENTIAL,
                    value=f"{(NOW - one.created_at).days} days" if one.created_at else None,
                    limit=Limit(name="max_age_days", value="90 days", set_by="built-in default"),
                )
            )
    return tuple(sorted(found, key=lambda each: (each.control, each.subject)))


def a_finding(result: Result, **changes: Any) -> Finding:
    """An open finding of a failing result, there since the first run and due tomorrow."""
    made: dict[str, Any] = {
        "fingerprint": canonical.sha256(f"{result.control}{result.subject}".encode())[:32],
        "control": result.control,
        "subject": result.subject,
        "subject_type": result.subject_type,
        "identity": result.identity,
        "kind": None,
        "arn": None,
        "name": result.subject,
        "family": None,
        "owner": None,
        "status": FindingStatus.OPEN,
        "severity": Tier.HIGH,
        "tier": Tier.HIGH,
        "reason": result.reason,
        "opened_run": canonical.run_id(FIRST),
        "opened_at": FIRST,
        "since_before": True,
        "due_at": NOW + days(1),
        "due_why": "14 days to mend what fails at tier high",
        "last_seen_run": canonical.run_id(NOW),
    }
    return Finding(**{**made, **changes})


def an_account_view(**changes: Any) -> AccountView:
    """The account as the last run read and judged it: whole, every source reconciled, two findings open."""
    shown = a_pack_run()
    identities = changes.pop("identities", None) or some_identities()
    snapshot = some_evidence(EvidenceKind.SNAPSHOT)
    results = changes.get("results", some_results(identities))
    risks: dict[str, Risk] = {one.id: a_risk(one.id, Tier.HIGH) for one in identities}
    made: dict[str, Any] = {
        "account": ACCOUNT,
        "name": "shop",
        "ou_path": "Root/Workloads/Prod",
        "status": "sealed",
        "stale": False,
        "read_run": shown,
        "judged_run": shown,
        "facts": AccountFacts(account=an_account()),
        "cells": cells_of(),
        "reconciliations": (
            Reconciliation(
                what="users",
                counted=2,
                counted_by="iam:GetAccountAuthorizationDetails",
                independent=2,
                independent_source="iam:GetAccountSummary",
                difference=0,
            ),
        ),
        "listed": tuple(
            Listed(identity=one, seen_in=shown.run_id, evidence=snapshot.id, line=10 + at)
            for at, one in enumerate(identities)
        ),
        "risks": risks,
        "results": results,
        "first_result_line": 2 + len(risks),
        "findings": tuple(a_finding(one) for one in results if one.status is ResultStatus.FAIL),
        "held_since": {(one.control, one.subject): canonical.run_id(FIRST) for one in results},
        "snapshot": snapshot,
        "assessment": some_evidence(EvidenceKind.ASSESSMENT),
        "findings_object": some_evidence(EvidenceKind.FINDINGS),
        "raw": (some_evidence(EvidenceKind.RAW),),
    }
    return AccountView(**{**made, **changes})


def an_unread_account_view(account: str = MEMBER, **changes: Any) -> AccountView:
    """An account that no run ever read."""
    made: dict[str, Any] = {
        "account": account,
        "status": "unreachable",
        "reason": "AWS refuses sts:AssumeRole",
        "stale": True,
        "unjudged": "it was never read (AWS refuses sts:AssumeRole)",
    }
    return AccountView(**{**made, **changes})


def a_refusal(**changes: Any) -> Refused:
    """One source of an account that refused everything."""
    made: dict[str, Any] = {
        "collector": Collector.PRINCIPALS,
        "region": GLOBAL,
        "status": CellStatus.DENIED,
        "items": 0,
        "detail": "not authorized",
        "api": "iam:GetAccountAuthorizationDetails",
        "reason": GapReason.DENIED,
        "code": "AccessDenied",
    }
    return Refused(**{**made, **changes})


def a_shortfall(day: int, status: str = "gaps", *refused: Refused, **changes: Any) -> Shortfall:
    """What the run `day` days after NOW did not read of an account."""
    run = a_pack_run(day)
    made: dict[str, Any] = {
        "run_id": run.run_id,
        "at": run.taken_at,
        "status": status,
        "reason": None if status in READ else "AWS refuses sts:AssumeRole",
        "judged": status in READ,
        "refused": refused,
        "evidence": "e-outcome" if status == "gaps" else None,
    }
    return Shortfall(**{**made, **changes})


def a_denied_account_view(*collectors: Collector, **changes: Any) -> AccountView:
    """An account in which these sources refused everything."""
    return an_account_view(cells=cells_of(dict.fromkeys(collectors, CellStatus.DENIED)), **changes)


def a_period(**changes: Any) -> PeriodView:
    """Four daily runs, all in time; shown is the last. `changes` replace fields of the period."""
    context: Context = changes.pop("context", None) or a_context(catalog=parsing.shipped())
    catalog, genesis = the_catalog(), a_genesis()
    runs = changes.pop("runs", None)
    runs = tuple(a_pack_run(day) for day in range(-3, 1)) if runs is None else runs
    shown = changes.pop("as_of", None) or (runs[-1] if runs else a_pack_run(-10))
    ticks = tuple(NOW - days(back) for back in (3, 2, 1, 0))
    made: dict[str, Any] = {
        "options": PackOptions(since=date(2026, 11, 19), until=date(2026, 11, 22)),
        "locker": "evidence",
        "locker_id": genesis.locker_id(),
        "bucket": False,
        "assurance": Assurance.SELF_SIGNED,
        "genesis": genesis,
        "keys": (KeyInForce(since=0, fingerprint=genesis.key_fingerprint, pem=PEM, origin="file"),),
        "head": Head(seq=4, sha256="0" * 64),
        "head_run": canonical.run_id(NOW),
        "clock": NOW + timedelta(minutes=10),
        "schedule": DAILY,
        "runs": runs,
        "before": None,
        "as_of": shown,
        "ticks_due": ticks,
        "ticks_met": {one.tick: one.run_id for one in runs if one.tick in ticks},
        "context": context,
        "catalog": catalog,
        "limits": Limits(catalog.defaults, context.governance.thresholds, shown.taken_at),
        "accounts": (ACCOUNT, MEMBER),
        "account_names": {ACCOUNT: "shop", MEMBER: "till"},
        "code_version": "0.1.0",
        "code_sha256": "c" * 64,
    }
    return PeriodView(**{**made, **changes})
