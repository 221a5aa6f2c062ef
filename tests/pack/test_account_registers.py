import csv
import io
import json
from datetime import date
from typing import Any

import msgspec
import pytest

from prooftrail.controls.grading import graded
from prooftrail.evidence.manifest import AccountCoverage
from prooftrail.governance import Governance
from prooftrail.governance.exceptions import AcceptedException, Compensator, Exceptions
from prooftrail.governance.policy import Owner, Owners
from prooftrail.model import canonical
from prooftrail.model.identity import Known, Rung
from prooftrail.model.judgement import Factor, FindingStatus, Limit, ResultStatus, SubjectType, Tier
from prooftrail.model.organization import AccountState
from prooftrail.model.reading import GLOBAL, Cell, CellStatus, Collector, Gap, GapReason, Source
from prooftrail.model.snapshot import Reconciliation
from prooftrail.pack.registers.coming_and_going import COMING_AND_GOING_REGISTERS
from prooftrail.pack.registers.credentials import CREDENTIAL_REGISTERS
from prooftrail.pack.registers.everything import REGISTERS
from prooftrail.pack.registers.findings import FINDING_REGISTERS
from prooftrail.pack.registers.gaps import GAP_REGISTERS
from prooftrail.pack.registers.inventory import INVENTORY_REGISTERS
from prooftrail.pack.registers.of_accounts import ACCOUNT_REGISTERS
from prooftrail.pack.registers.reconciliation import RECONCILIATION_REGISTERS
from prooftrail.pack.registers.results import RESULT_REGISTERS
from prooftrail.pack.registers.tables import Tables
from prooftrail.pack.table import Value
from prooftrail.pack.tally import Tally
from prooftrail.pack.view import AccountView, Presence
from tests.builders.judging import a_context, a_risk, an_account
from tests.builders.judging_findings import a_result
from tests.builders.judging_risk import a_key_of, a_machine, a_person
from tests.builders.pack_files import MemoryFiles
from tests.builders.packs import (
    a_finding,
    a_pack_run,
    a_period,
    an_account_view,
    an_unread_account_view,
    some_identities,
)
from tests.builders.times import ACCOUNT, MEMBER, NOW, ago, days
from tests.pack.csv_files import records

from .account_rows import rows_of, rows_of_whole

RECONCILIATION, CAME_AND_WENT = RECONCILIATION_REGISTERS[0], COMING_AND_GOING_REGISTERS[0]
INVENTORY, RISKS = INVENTORY_REGISTERS
RESULTS, FINDINGS, ROTATION, GAPS = (
    RESULT_REGISTERS[0],
    FINDING_REGISTERS[0],
    CREDENTIAL_REGISTERS[0],
    GAP_REGISTERS[0],
)
FAIL, PASS, EXCEPTION, UNTESTED = (
    ResultStatus.FAIL,
    ResultStatus.PASS,
    ResultStatus.EXCEPTION,
    ResultStatus.NOT_TESTED,
)
THIS_RUN, RUN_BEFORE = canonical.run_id(NOW), canonical.run_id(NOW - days(1))
type Cells = dict[str, Value]


# What auditor.md asks for, in its order.
ASKED = {
    "02_population_reconciliation": "account_id, region, kind, source_api, scanned_count, independent_count, independent_source, difference, explanation, scan_started, scan_completed, status, request_ids_ref, sha256",
    "03_identity_inventory": "identity_id, arn, kind, class, account_id, account_name, ou_path, environment, name, created_at, owner_id, owner_name, owner_status, purpose, data_classification, last_used_at, last_used_source, credential_count, oldest_credential_age_days, mfa, privilege_class, trust_summary, inherent_tier, residual_tier, review_interval_days, last_review_at, next_review_due, exception_ids, status, first_seen, last_seen, snapshot_id",
    "04_risk_register": "identity_id, model_version, impact, likelihood, points, factors, floors, inherent_tier, compensating_ids, residual_tier, risk_owner, accepted_at, computed_at",
    "07_identity_control_results": "identity_id, control_id, control_version, tier, result, measured_value, threshold, reason, first_failed_at, fixed_at, exception_id, evidence_id, evaluated_at",
    "11_rotation": "credential_id_old, credential_id_new, kind, identity_id, owner, reason, limit_days, age_at_rotation, rotated_at, actor, event_ids, expires_at, next_due, consumers_confirmed, result",
    "24_gaps": "from, to, account_id, region, kind, cause, impact, remediation",
}


@pytest.mark.parametrize("file", ASKED)
def test_the_columns_auditors_expect_come_first_and_in_their_order(file: str) -> None:
    (table,) = (one.table for one in ACCOUNT_REGISTERS if one.table.file == file)
    asked = ASKED[file].split(", ")

    assert [one.name for one in table.columns][: len(asked)] == asked


@pytest.mark.parametrize("register", ACCOUNT_REGISTERS, ids=lambda one: str(one.table.file))
def test_every_column_says_what_it_holds_and_stands_once(register: Any) -> None:
    names = [one.name for one in register.table.columns]

    assert len(set(names)) == len(names)
    assert [one.name for one in register.table.columns if not one.about] == []


def test_registers_stand_in_the_order_of_their_files_and_each_file_once() -> None:
    files = [one.table.file for one in REGISTERS]

    assert files == sorted(set(files))
    assert {one.table for one in ACCOUNT_REGISTERS} <= {one.table for one in REGISTERS}


def _hostile_view() -> AccountView:
    """An account in which everything anybody could name is named to do harm."""
    evil = '=HYPERLINK("http://x","\u202ey")\r\n<script>\x00,"'
    tagged = Known(value=evil, rung=Rung.IDENTITY_TAG, where=f"tag owner on {evil}")
    identities = tuple(
        msgspec.structs.replace(one, name=evil + one.name, owner=tagged, purpose=tagged) for one in some_identities()
    )
    results = tuple(
        a_result(FAIL, control="IDC-02", subject=one.id, subject_type=SubjectType.IDENTITY, reason=evil, gaps=(evil,))
        for one in identities
    )
    return an_account_view(name=evil, identities=identities, results=results, ou_path=evil, wrong=(evil,))


@pytest.mark.parametrize("view", [an_account_view(), an_unread_account_view(), _hostile_view()])
def test_every_csv_is_read_by_two_parsers_and_says_what_its_json_lines_say(view: AccountView) -> None:
    period, files = a_period(), MemoryFiles()
    tally, tables = Tally(period), Tables(period, files, REGISTERS)
    tally.take(view)
    tables.take(view)
    tables.finish(tally)

    for register in REGISTERS:
        file = register.table.file
        data = files.files[f"{file}.csv"]
        found = list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))
        lines = [json.loads(line) for line in files.files[f"{file}.jsonl"].splitlines()]
        assert records(data) == found
        assert b"\x00" not in data
        assert len(found) - 1 == len(lines) == tally.rows[file]
        assert found[0] == [one.name for one in register.table.columns]
        for cells, line in zip(found[1:], lines, strict=True):
            assert list(line) == found[0]
            assert [one == "" for one in cells] == [value in (None, "", []) for value in line.values()]
            assert not any(cell.startswith(("=", "+", "@", "\t", "\r")) for cell in cells)


def test_names_are_revealed_wherever_a_person_may_stand() -> None:
    person = "person-0123456789abcdef0123"
    known = Known(value=person, rung=Rung.REGISTRY, where=f"tag of {person}")
    identity = a_person(owner=known, purpose=known)
    limit = Limit(name="max_age_days", value="1 day", set_by=f"approved by {person}")
    said: dict[str, Any] = {"reason": f"{person} left.", "not_covered": (person,), "gaps": (person,), "value": person}
    result = a_result(FAIL, control="IDC-02", subject=identity.id, limit=limit, **said)
    view = an_account_view(
        identities=(identity,), results=(result,), findings=(a_finding(result, owner=person),), name=person
    )
    period = a_period(reveal=lambda said: said.replace(person, "Jane Doe"))

    for register in ACCOUNT_REGISTERS:
        assert person not in repr(rows_of(register, view, period=period))
    assert "Jane Doe" in repr(rows_of(INVENTORY, view, period=period))


# 02


def _counted(**known: Any) -> Reconciliation:
    made: dict[str, Any] = {
        "what": "users",
        "counted": 3,
        "counted_by": "iam:GetAccountAuthorizationDetails",
        "independent": 2,
        "independent_source": "iam:GetAccountSummary",
        "difference": 1,
        **known,
    }
    return Reconciliation(**made)


@pytest.mark.parametrize(
    ("count", "verdict", "explanation", "independent", "difference"),
    [
        (_counted(), "NOT EXPLAINED", "NOT EXPLAINED", 2, 1),
        (_counted(explained="created meanwhile"), "explained", "created meanwhile", 2, 1),
        (_counted(counted=2, difference=0), "agrees", None, 2, 0),
        (_counted(independent=None, difference=0, explained="AWS gives none"), "no second count", None, None, None),
    ],
)
def test_a_difference_nobody_explains_is_called_so(
    count: Reconciliation, verdict: str, explanation: str | None, independent: int | None, difference: int | None
) -> None:
    (row,) = (
        one
        for one in rows_of(RECONCILIATION, an_account_view(reconciliations=(count,)), period=a_period())
        if one["kind"] == "users"
    )

    assert (row["verdict"], row["explanation"]) == (verdict, explanation)
    assert (row["independent_count"], row["difference"]) == (independent, difference)


def test_every_source_without_a_second_count_says_that_there_is_none() -> None:
    rows = rows_of(RECONCILIATION, an_account_view(), period=a_period())
    alone = [one for one in rows if one["kind"] != "users"]

    assert {one["verdict"] for one in alone} == {"no second count"}
    assert all(str(one["independent_source"]).startswith("none: ") for one in alone)
    assert sum(1 for one in alone if one["kind"] == "secrets") == 2
    assert not any(one["kind"] == "principals" for one in alone)


@pytest.mark.parametrize(
    ("status", "scanned"),
    [
        (CellStatus.OK, 4),
        (CellStatus.PARTIAL, 4),
        (CellStatus.LATE, 4),
        (CellStatus.DENIED, None),
        (CellStatus.UNREACHABLE, None),
        (CellStatus.THROTTLED, None),
        (CellStatus.DISABLED, None),
        (CellStatus.ONBOARDING, None),
    ],
)
def test_what_was_not_read_has_no_count_which_is_not_zero(status: CellStatus, scanned: int | None) -> None:
    cell = Cell(account=ACCOUNT, region="eu-west-1", collector=Collector.SECRETS, status=status, items=4)

    (row,) = rows_of(RECONCILIATION, an_account_view(cells=(cell,), reconciliations=()), period=a_period())

    assert (row["region"], row["scanned_count"], row["status"]) == ("eu-west-1", scanned, status.value)


def test_a_count_names_its_calls_parameters_pages_and_request_ids() -> None:
    source = Source(
        api="iam:GetAccountAuthorizationDetails",
        region=GLOBAL,
        calls=3,
        parameters=(("MaxItems", "1000"),),
        request_ids=("r-1", "r-2", "r-3"),
        observed_from=NOW,
        observed_to=NOW + days(0.001),
        aws_date_from=NOW,
    )
    cell = Cell(account=ACCOUNT, region=GLOBAL, collector=Collector.PRINCIPALS, status=CellStatus.OK, items=3, sources=(source,))  # fmt: skip
    view = an_account_view(cells=(cell,))

    (row,) = rows_of(RECONCILIATION, view, period=a_period())

    snapshot = view.snapshot
    assert snapshot is not None
    assert (row["calls"], row["parameters"], row["scan_started"], row["scan_completed"]) == (
        3,
        ("MaxItems=1000",),
        NOW,
        NOW + days(0.001),
    )
    assert row["aws_date_from"] == NOW
    assert row["aws_date_to"] is None
    assert row["sha256"] == snapshot.sha256
    assert row["request_ids_ref"] == (
        f"{snapshot.id}, sources.request_ids of record cell principals/global (3 ids, first r-1)"
    )


def test_an_account_nobody_read_has_a_row_that_says_so() -> None:
    (row,) = rows_of(RECONCILIATION, an_unread_account_view(), period=a_period())

    assert (row["account_id"], row["status"], row["scanned_count"], row["verdict"]) == (
        MEMBER,
        "unreachable",
        None,
        "not read",
    )
    assert row["explanation"] == "AWS refuses sts:AssumeRole; it was never read"


@pytest.mark.parametrize(
    ("statuses", "difference", "verdict"),
    [
        (("sealed", "sealed", "gaps"), 0, "agrees"),
        (("sealed", "gaps", "skipped"), -1, "explained"),
        (("sealed", "skipped", "unreachable"), -2, "not read"),
        (("sealed", "sealed"), -1, "NOT EXPLAINED"),
    ],
)
def test_the_accounts_of_the_organization_are_held_against_those_that_were_read(
    statuses: tuple[str, ...], difference: int, verdict: str
) -> None:
    accounts = (ACCOUNT, MEMBER, "222233334444")
    coverage = tuple(
        AccountCoverage(account=one, status=status, reason="suspended", identities=1, cells=1, cells_ok=1)
        for one, status in zip(accounts, statuses, strict=False)
    )
    period = a_period(as_of=a_pack_run(coverage=coverage))

    (row,) = rows_of_whole(RECONCILIATION, period=period)

    assert (row["account_id"], row["independent_count"]) == ("organization", 3)
    assert (row["difference"], row["verdict"]) == (difference, verdict)
    assert ("NOT EXPLAINED" in str(row["explanation"])) == (verdict == "NOT EXPLAINED")


def test_suspended_accounts_are_counted_apart() -> None:
    accounts = (an_account(ACCOUNT), an_account(MEMBER, state=AccountState.SUSPENDED))

    (row,) = rows_of_whole(RECONCILIATION, period=a_period(context=a_context(accounts=accounts)))

    assert "AWS calls 1 ACTIVE, 1 SUSPENDED" in str(row["explanation"])


def _presence(came: str | None, went: str | None, **known: Any) -> Presence:
    made: dict[str, Any] = {
        "id": "AKIAOLD",
        "name": "old",
        "arn": "a",
        "kind": "access_key",
        "created_at": ago(days(3)),
    }
    return Presence(**{**made, **known}, came=came, went=went)


@pytest.mark.parametrize(
    ("one", "presence", "transient", "late"),
    [
        (_presence(RUN_BEFORE, None), "came", False, 2),
        (_presence(None, THIS_RUN), "went", False, None),
        (_presence(RUN_BEFORE, THIS_RUN), "came and went", True, 2),
        (_presence(RUN_BEFORE, None, created_at=None), "came", False, None),
    ],
)
def test_who_came_and_went_is_told_by_the_runs_that_saw_it(
    one: Presence, presence: str, transient: bool, late: int | None
) -> None:
    (row,) = rows_of(CAME_AND_WENT, an_account_view(presences=(one,)), period=a_period())

    assert (row["presence"], row["transient"], row["days_from_creation_to_first_run"]) == (presence, transient, late)
    assert (row["came_run"], row["went_run"]) == (one.came, one.went)


def test_who_is_known_by_results_alone_is_said_to_be() -> None:
    one = _presence(RUN_BEFORE, None, name=None, arn=None, kind=None, created_at=None, born_unseen=True)

    (row,) = rows_of(CAME_AND_WENT, an_account_view(presences=(one,)), period=a_period())

    assert (row["name"], row["how_known"]) == (
        None,
        "its results alone: the snapshot that showed it is gone or not believed; when exactly between two runs is not"
        " known without CloudTrail",
    )


# 03 and 04


def _by_name(register: Any, *views: AccountView, **period: Any) -> dict[Value, Cells]:
    return {one["name"]: one for one in rows_of(register, *views, period=a_period(**period))}


def test_an_identity_cites_its_line_and_says_what_is_not_collected_by_an_empty_cell() -> None:
    rows = rows_of(INVENTORY, an_account_view(), period=a_period())

    assert [one["evidence_line"] for one in rows] == [10, 11, 12, 13, 14, 15]
    for one in rows:
        assert (one["residual_tier"], one["last_review_at"], one["data_classification"]) == (None, None, None)
    empty = {one.name for one in INVENTORY.table.columns if one.why_empty}
    assert empty == {"residual_tier", "last_review_at", "next_review_due", "data_classification"}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, (None, None, "no owner")),
        ("jane", ("jane", "Jane", "active")),
        ("jane@example.com", ("jane", "Jane", "active")),
        ("bob", ("bob", "Bob", "left")),
        ("eve", ("eve", None, "not in owners.toml")),
    ],
)
def test_an_owner_is_active_left_unknown_or_nobody(value: str | None, said: tuple[Value, ...]) -> None:
    owners = Owners(
        owner=(Owner(id="jane", name="Jane", email="jane@example.com"), Owner(id="bob", name="Bob", active=False))
    )
    identity = a_person(owner=Known(value=value))

    (row,) = rows_of(
        INVENTORY,
        an_account_view(identities=(identity,)),
        period=a_period(context=a_context(Governance(owners=owners))),
    )

    assert (row["owner_id"], row["owner_name"], row["owner_status"]) == said


@pytest.mark.parametrize(
    ("password", "mfa", "unlisted", "said"),
    [
        (True, True, False, ("on", 2)),
        (True, False, False, ("none", 2)),
        (False, False, False, ("none (no password)", 1)),
        (None, None, False, ("unknown", None)),
        (True, True, True, ("on", None)),
    ],
)
def test_credentials_are_counted_only_where_all_of_them_were_read(
    password: bool | None, mfa: bool | None, unlisted: bool, said: tuple[Value, ...]
) -> None:
    person = a_person(password=password, mfa=mfa)
    person = msgspec.structs.replace(person, facts=msgspec.structs.replace(person.facts, certificates=()))
    view = an_account_view(identities=(person, a_key_of(person, age=days(200))))
    if unlisted:
        cells = [one for one in view.cells if one.collector is not Collector.ACCESS_KEYS]
        view = an_account_view(identities=tuple(one.identity for one in view.listed), cells=tuple(cells))

    row = _by_name(INVENTORY, view)[person.name]

    assert (row["mfa"], row["credential_count"]) == said


def test_an_identity_from_an_older_snapshot_is_stale_and_says_which() -> None:
    view = an_account_view()
    older = tuple(msgspec.structs.replace(one, seen_in=RUN_BEFORE) for one in view.listed[:1])

    rows = rows_of(INVENTORY, an_account_view(listed=(*older, *view.listed[1:])), period=a_period())

    assert [one["stale"] for one in rows] == [True, False, False, False, False, False]
    assert rows[0]["last_seen"] == RUN_BEFORE


def test_a_risk_shows_its_factors_and_stands_on_the_line_it_was_sealed_on() -> None:
    person, machine = a_person(), a_machine()
    factor = Factor(name="no_mfa", points=3, why="it has no MFA")
    risks = {person.id: a_risk(person.id, Tier.HIGH, factors=(factor,)), machine.id: a_risk(machine.id, Tier.LOW)}

    rows = rows_of(RISKS, an_account_view(identities=(person, machine), risks=risks, results=()), period=a_period())

    assert [(one["identity_id"], one["inherent_tier"], one["evidence_line"]) for one in rows] == [
        (person.id, "high", 2),
        (machine.id, "low", 3),
    ]
    assert rows[0]["factors"] == ("no_mfa +3: it has no MFA",)


@pytest.mark.parametrize(("code", "known"), [("c" * 64, True), ("d" * 64, False)])
def test_the_models_version_is_named_only_by_the_code_that_scored(code: str, known: bool) -> None:
    rows = rows_of(RISKS, an_account_view(), period=a_period(code_sha256=code))

    assert {one["model_version"] is not None for one in rows} == {known}


def _exception(identity: str) -> AcceptedException:
    return AcceptedException(
        id="EXC-1",
        identity=identity,
        control="IDC-15",
        reason="legacy",
        tier="high",
        requester="bob",
        risk_owner="jane",
        approver="jane",
        approved_on=date(2026, 11, 1),
        expires_on=date(2026, 12, 1),
        compensating=(Compensator(sp80053="AC-2", control="IDC-02"),),
        retirement=(),
    )


def test_an_exception_that_was_applied_stands_with_the_identity_and_its_risk() -> None:
    machine = a_machine()
    result = a_result(EXCEPTION, control="IDC-15", subject=machine.id, exception="EXC-1")
    context = a_context(Governance(exceptions=Exceptions(exception=(_exception(machine.id),))))
    view = an_account_view(identities=(machine,), results=(result,))

    (identity,) = rows_of(INVENTORY, view, period=a_period(context=context))
    (risk,) = rows_of(RISKS, view, period=a_period(context=context))

    assert identity["exception_ids"] == ("EXC-1",)
    assert (risk["compensating_ids"], risk["risk_owner"], risk["accepted_at"]) == (("AC-2",), "jane", date(2026, 11, 1))


# 07


def test_a_result_stands_on_the_line_it_was_sealed_on_with_what_it_was_held_against() -> None:
    view = an_account_view()

    rows = rows_of(RESULTS, view, period=a_period())

    assert [one["evidence_line"] for one in rows] == list(
        range(view.first_result_line, view.first_result_line + len(rows))
    )
    old = next(one for one in rows if one["control_id"] == "IDC-15" and one["result"] == "FAIL")
    assert (old["measured_value"], old["threshold"], old["threshold_name"], old["threshold_set_by"]) == (
        "200 days",
        "90 days",
        "max_age_days",
        "built-in default",
    )


@pytest.mark.parametrize(
    ("changes", "held_since", "failed_at", "how"),
    [
        ({"since_before": True}, RUN_BEFORE, NOW - days(3), "began before the first run: nobody saw when"),
        ({"since_before": False}, RUN_BEFORE, NOW - days(3), "seen to begin: the run before did not see it fail"),
        (
            {"since_before": True, "reopened": 1},
            RUN_BEFORE,
            NOW - days(1),
            f"seen again after it was mended; first opened {canonical.run_id(NOW - days(3))}",
        ),
        (
            {"reopened": 2, "returned_at": NOW},
            RUN_BEFORE,
            NOW,
            f"seen again after it was mended; first opened {canonical.run_id(NOW - days(3))}",
        ),
    ],
)
def test_the_present_failing_began_when_it_was_first_seen_or_seen_again(
    changes: dict[str, Any], held_since: str, failed_at: Value, how: str
) -> None:
    result = a_result(FAIL, control="IDC-15", subject="AKIA1")
    view = an_account_view(
        results=(result,), findings=(a_finding(result, **changes),), held_since={("IDC-15", "AKIA1"): held_since}
    )

    (row,) = rows_of(RESULTS, view, period=a_period())

    assert (row["first_failed_at"], row["first_failed_how"], row["fixed_at"]) == (failed_at, how, None)


def test_what_was_mended_says_when_it_failed_and_when_it_was_fixed() -> None:
    result = a_result(PASS, control="IDC-15", subject="AKIA1")
    finding = a_finding(result, status=FindingStatus.FIXED, fixed_run=RUN_BEFORE, since_before=False)

    (row,) = rows_of(RESULTS, an_account_view(results=(result,), findings=(finding,)), period=a_period())

    assert (row["result"], row["first_failed_at"], row["fixed_at"]) == ("PASS", NOW - days(3), NOW - days(1))


# 11


def _keys(*held: tuple[str, str, float], presences: tuple[Presence, ...] = (), **changes: Any) -> AccountView:
    """A user's keys: id, status and age in days."""
    machine = a_machine()
    keys = tuple(
        msgspec.structs.replace(
            a_key_of(machine, age=days(age)),
            id=key,
            facts=msgspec.structs.replace(a_key_of(machine, age=days(age)).facts, status=status),
        )
        for key, status, age in held
    )
    results = tuple(
        a_result(
            PASS if status == "Active" else ResultStatus.NOT_APPLICABLE,
            control="IDC-15",
            subject=key,
            tier=Tier.HIGH,
            limit=Limit(name="max_age_days", value="60 days", set_by="x"),
        )
        for key, status, _ in held
    )
    return an_account_view(identities=(machine, *keys), results=results, findings=(), presences=presences, **changes)


def _came(key: str) -> Presence:
    return _presence(RUN_BEFORE, None, id=key, arn="arn:of:user")


def _went(key: str, age: float) -> Presence:
    arn = a_key_of(a_machine()).arn
    return _presence(None, THIS_RUN, id=key, arn=arn, created_at=ago(days(age)))


@pytest.mark.parametrize(
    ("view", "pairs"),
    [
        pytest.param(_keys(("NEW", "Active", 20)), [(None, "NEW", None, None)], id="one key, nothing rotated"),
        pytest.param(
            _keys(("NEW", "Active", 2), presences=(_came("NEW"),)), [(None, "NEW", None, None)], id="a first key"
        ),
        pytest.param(
            _keys(("OLD", "Inactive", 92), ("NEW", "Active", 2), presences=(_came("NEW"),)),
            [(None, "OLD", None, None), ("OLD", "NEW", 90, "inactive")],
            id="the old one is inactive",
        ),
        pytest.param(
            _keys(("OLD", "Active", 92), ("NEW", "Active", 2), presences=(_came("NEW"),)),
            [(None, "OLD", None, None), ("OLD", "NEW", 90, "STILL ACTIVE")],
            id="the old one is still active",
        ),
        pytest.param(
            _keys(("OLD", "Active", 92), ("NEW", "Active", 20)),
            [(None, "OLD", None, None), (None, "NEW", None, None)],
            id="both were there before the period",
        ),
        pytest.param(
            _keys(("NEW", "Active", 2), presences=(_came("NEW"), _went("OLD", 92))),
            [("OLD", "NEW", 90, "gone")],
            id="the old one is gone",
        ),
        pytest.param(
            _keys(("KEPT", "Active", 50), presences=(_went("OLD", 92),)),
            [(None, "KEPT", None, None), ("OLD", None, None, None)],
            id="one went and nothing came",
        ),
    ],
)
def test_a_key_that_came_beside_another_of_its_user_is_named_as_a_pair(
    view: AccountView, pairs: list[tuple[Value, ...]]
) -> None:
    rows = [one for one in rows_of(ROTATION, view, period=a_period()) if one["kind"] == "access_key"]

    told = ("credential_id_old", "credential_id_new", "age_at_rotation", "old_is")
    assert [tuple(one[each] for each in told) for one in rows] == pairs


@pytest.mark.parametrize(
    ("status", "limit", "due"), [("Active", 60, ago(days(20)) + days(60)), ("Inactive", None, None)]
)
def test_a_key_is_due_when_its_limit_ends_and_an_inactive_one_never(status: str, limit: Value, due: Value) -> None:
    (row,) = (
        one for one in rows_of(ROTATION, _keys(("NEW", status, 20)), period=a_period()) if one["kind"] == "access_key"
    )

    assert (row["limit_days"], row["age_days"], row["next_due"]) == (limit, 20, due)
    assert (row["actor"], row["event_ids"], row["consumers_confirmed"]) == (None, None, None)


def test_a_password_is_listed_and_no_control_judges_its_age() -> None:
    person = a_person()
    (row,) = rows_of(ROTATION, an_account_view(identities=(person,), results=()), period=a_period())

    assert (row["credential_id_new"], row["kind"], row["result"]) == (f"{person.id}#password", "password", None)


# 17


def _finding_row(period: dict[str, Any] | None = None, **changes: Any) -> Cells:
    result = a_result(FAIL, control=changes.pop("control", "IDC-15"), subject="AKIA1")
    view = an_account_view(results=(result,), findings=(a_finding(result, **changes),), held_since={})
    (row,) = rows_of(FINDINGS, view, period=a_period(**(period or {})))
    return row


def _counts(failed: int, passed: int) -> dict[str, Any]:
    counts = {"result:IDC-15:FAIL": failed, "result:IDC-15:PASS": passed}
    return {"as_of": a_pack_run(counts=counts)}


@pytest.mark.parametrize(
    ("period", "changes", "grade", "rule"),
    [
        (_counts(1, 99), {}, "minor", "isolated: 1 of 100 tested fail"),
        (_counts(10, 90), {}, "minor", "isolated: 10 of 100"),
        (_counts(11, 89), {}, "major", "11 of 100 tested fail"),
        (_counts(4, 0), {}, "minor", "not isolated: 4 of 4"),
        (_counts(5, 0), {}, "major", "a rule rather than a lapse"),
        (_counts(20, 0), {"severity": Tier.MEDIUM}, "minor", "not isolated: 20 of 20"),
        (_counts(20, 0), {"severity": Tier.LOW}, "minor", "not isolated"),
        (_counts(1, 99), {"severity": Tier.LOW}, "observation", "severity is low"),
        (_counts(1, 99), {"severity": Tier.LOW, "due_at": NOW - days(1)}, "minor", "past its due date"),
        (_counts(1, 99), {"reopened": 1}, "major", "came back 1 time after it was fixed"),
        (_counts(1, 99), {"severity": Tier.CRITICAL, "due_at": NOW}, "minor", "isolated"),
        (_counts(1, 99), {"severity": Tier.CRITICAL, "due_at": NOW - days(0.1)}, "major", "critical one is past its due"),
        (_counts(1, 99), {"severity": Tier.HIGH, "due_at": NOW - days(0.1)}, "minor", "past its due date"),
        (_counts(1, 99), {"control": "IDC-10", "reason": "Root has an access key."}, "major", "root has an access key"),
        (_counts(1, 99), {"control": "IDC-28", "reason": "Anyone may come in, and no condition limits who."}, "major", "anyone can assume a role"),
        (_counts(0, 0), {}, "minor", "how many of those tested fail is not known"),
        (_counts(20, 0), {"status": FindingStatus.VERIFIED, "fixed_run": RUN_BEFORE}, "minor", "it is mended"),
        (_counts(20, 0), {"exception": "EXC-1"}, "none while its exception is in force", "EXC-1"),
    ],
)  # fmt: skip
def test_a_grade_is_suggested_by_a_rule_that_is_named(
    period: dict[str, Any], changes: dict[str, Any], grade: str, rule: str
) -> None:
    row = _finding_row(period, **{"severity": Tier.HIGH, **changes})

    assert (row["grade"], row["graded_by"]) == (grade, "suggested by rule, a person confirms")
    assert rule in str(row["grade_rule"])
    if grade == "minor":
        assert str(row["grade_rule"]).startswith("no rule for major holds: ")


def test_the_register_grades_a_control_as_the_command_line_does() -> None:
    period = a_period(**_counts(101, 84))
    results = [a_result(FAIL, control="IDC-15", subject=f"AKIA{number}") for number in range(4)]
    severities = (Tier.LOW, Tier.MEDIUM, Tier.HIGH, Tier.CRITICAL)
    found = tuple(a_finding(one, severity=each) for one, each in zip(results, severities, strict=True))
    rows = rows_of(FINDINGS, an_account_view(results=tuple(results), findings=found, held_since={}), period=period)

    (indicated,) = graded(found, period.as_of.taken_at, period.as_of.counts)
    grades = [str(one["grade"]) for one in rows]
    assert grades == ["minor", "minor", "major", "major"]
    assert indicated.indication.value.startswith("major")
    assert "101 of 185 tested fail" in indicated.why
    assert not any("; isolated" in str(one["grade_rule"]) for one in rows)


def test_a_finding_names_requirement_clause_proof_and_extent_and_leaves_people_their_part() -> None:
    row = _finding_row(_counts(3, 99))

    assert str(row["clause"]).startswith("ISO/IEC 27001:2022: A.")
    assert row["requirement"] == a_period().catalog.control("IDC-15").statement
    assert row["extent"] == f"IDC-15 fails 3 times in run {THIS_RUN}, all accounts"
    assert len(str(row["evidence_refs"]).split("; ")) == 2
    assert (row["root_cause"], row["corrective_action"], row["correction"]) == (None, None, None)
    assert (row["done_at"], row["effectiveness_result"], row["closed_by"]) == (None, None, None)


@pytest.mark.parametrize(
    ("status", "held", "result"),
    [
        (FindingStatus.FIXED, 1, "the correction held for 1 run so far (3 asked)"),
        (FindingStatus.VERIFIED, 3, "the correction held for 3 runs (3 asked)"),
    ],
)
def test_a_correction_that_held_is_no_effectiveness_and_nobody_closed_it(
    status: FindingStatus, held: int, result: str
) -> None:
    row = _finding_row(status=status, held=held, fixed_run=RUN_BEFORE)

    assert (row["done_at"], row["correction_held"], row["correction_seen_at"]) == (NOW - days(1), result, NOW)
    left = ("root_cause", "corrective_action", "effectiveness_result", "effectiveness_checked_by", "closed_by")
    assert [row[one] for one in left] == [None] * 5
    assert all(one.why_empty for one in FINDINGS.table.columns if one.name in left)


def test_a_failure_that_comes_back_under_a_new_id_names_the_earlier_one() -> None:
    arn = "arn:test:iam::1:user/left-over"
    results = [a_result(FAIL, control="IDC-15", subject=one) for one in ("OLD", "NEW", "OTHER")]
    changes: list[dict[str, Any]] = [
        {"status": FindingStatus.VERIFIED, "fixed_run": RUN_BEFORE, "opened_run": RUN_BEFORE},
        {"opened_run": THIS_RUN},
        {"opened_run": THIS_RUN},
    ]
    arns = (arn, arn, "arn:test:iam::1:user/other")
    found = tuple(
        a_finding(one, arn=each, severity=Tier.HIGH, **more)
        for one, each, more in zip(results, arns, changes, strict=True)
    )
    old, new, other = rows_of(
        FINDINGS,
        an_account_view(results=tuple(results), findings=found, held_since={}),
        period=a_period(**_counts(1, 99)),
    )

    assert (old["recurrence_of"], new["recurrence_of"], other["recurrence_of"]) == (None, old["nc_id"], None)
    assert (new["grade"], other["grade"]) == ("major", "minor")
    assert "came back under a new id" in str(new["grade_rule"])


@pytest.mark.parametrize(
    ("changes", "overdue"),
    [
        ({"due_at": NOW}, False),
        ({"due_at": NOW - days(0.001)}, True),
        ({"due_at": NOW - days(1), "exception": "EXC-1"}, False),
        ({"due_at": NOW - days(1), "status": FindingStatus.FIXED, "fixed_run": RUN_BEFORE}, False),
    ],
)
def test_a_finding_is_overdue_once_its_due_date_has_passed(changes: dict[str, Any], overdue: bool) -> None:
    assert _finding_row(**changes)["overdue"] is overdue


# 24


def _refused(reason: GapReason = GapReason.DENIED, detail: str = "not authorized", **known: Any) -> Gap:
    return Gap(api=known.pop("api", "iam:ListAccessKeys"), reason=reason, detail=detail, **known)


def _refusing(*gaps: Gap, **changes: Any) -> AccountView:
    cell = Cell(
        account=ACCOUNT, region=GLOBAL, collector=Collector.ACCESS_KEYS, status=CellStatus.DENIED, items=0, gaps=gaps
    )
    return an_account_view(cells=(cell,), **changes)


@pytest.mark.parametrize(
    ("gap", "remediation"),
    [
        (
            _refused(),
            "grant iam:ListAccessKeys to the member role in this account (`prooftrail doctor` prints the policy)",
        ),
        (
            _refused(detail="with an explicit deny in a service control policy"),
            "let the service control policy that forbids it allow iam:ListAccessKeys: granting it in the account would not help",
        ),
        (_refused(api="iam:Unheard"), "grant iam:Unheard to the role that reads"),
        (_refused(GapReason.NOT_READY), "nothing to grant: AWS had not finished its report; the next run reads it"),
    ],
)
def test_a_gap_says_what_to_grant_or_do(gap: Gap, remediation: str) -> None:
    (row,) = rows_of(GAPS, _refusing(gap, results=()), period=a_period())

    assert (row["kind"], row["status"], row["remediation"]) == ("access_keys", "denied", remediation)
    assert row["cause"] == f"{gap.api}: {gap.detail}"


@pytest.mark.parametrize("reason", list(GapReason))
def test_there_is_something_to_do_about_every_reason(reason: GapReason) -> None:
    (row,) = rows_of(GAPS, _refusing(_refused(reason), results=()), period=a_period())

    assert row["remediation"]


def test_a_thousand_refusals_of_one_call_are_one_row_with_their_number() -> None:
    gaps = [_refused(subject=f"user-{at}") for at in range(1_000)]

    (row,) = rows_of(GAPS, _refusing(*gaps, results=()), period=a_period())

    assert row["times"] == 1_000
    assert row["cause"] == "iam:ListAccessKeys: not authorized (and 999 more of the kind)"


def test_a_gap_names_the_controls_and_counts_the_results_it_keeps_from_a_verdict() -> None:
    said = "access_keys in global is denied: not authorized"
    results = tuple(
        a_result(UNTESTED, control=control, subject=ACCOUNT, identity=None, gaps=(said,))
        for control in ("IDC-15", "IDC-16")
    )

    (row,) = rows_of(GAPS, _refusing(_refused(), results=results), period=a_period())

    assert (row["controls"], row["results_not_tested"]) == (("IDC-15", "IDC-16"), 2)
    assert str(row["impact"]).endswith("; 2 results are NOT_TESTED")


def test_why_results_are_not_tested_is_said_once_a_cause_and_not_for_what_is_never_tested() -> None:
    results = (
        a_result(UNTESTED, control="IDC-07", subject="A", gaps=("AWS tells no last use of it",)),
        a_result(UNTESTED, control="IDC-07", subject="B", gaps=("AWS tells no last use of it",)),
        a_result(UNTESTED, control="IDC-05", subject=ACCOUNT, gaps=("no approvals",)),
    )

    (row,) = rows_of(GAPS, an_account_view(results=results, findings=()), period=a_period())

    assert (row["cause"], row["results_not_tested"]) == ("AWS tells no last use of it", 2)


def test_what_is_never_tested_is_one_row_over_all_accounts() -> None:
    period = a_period(as_of=a_pack_run(counts={"result:IDC-05:NOT_TESTED": 12}))

    rows = [one for one in rows_of_whole(GAPS, period=period) if one["kind"] == "control"]

    assert [(one["controls"], one["results_not_tested"], one["account_id"]) for one in rows] == [
        (("IDC-05",), 12, None)
    ]


def test_an_account_that_was_not_read_is_one_gap_and_says_that_nothing_is_known() -> None:
    (row,) = rows_of(GAPS, an_unread_account_view(), period=a_period())

    assert (row["kind"], row["status"], row["cause"]) == ("account", "unreachable", "AWS refuses sts:AssumeRole")
    assert "it was never read" in str(row["impact"])


def test_an_account_that_was_read_and_not_judged_is_a_gap() -> None:
    view = an_account_view(unjudged="a defect kept it from being judged", results=(), findings=(), judged_run=None)

    (row,) = rows_of(GAPS, view, period=a_period())

    assert (row["status"], row["cause"]) == ("not judged", "a defect kept it from being judged")


def test_results_of_an_older_run_are_a_gap() -> None:
    (row,) = rows_of(GAPS, an_account_view(judged_run=a_pack_run(-1)), period=a_period())

    assert (row["status"], RUN_BEFORE in str(row["impact"])) == ("stale", True)


def test_an_account_that_was_read_whole_has_no_gap() -> None:
    assert rows_of(GAPS, an_account_view(), period=a_period()) == []


def test_a_damaged_object_is_told_once_by_the_account_it_belongs_to() -> None:
    view = an_account_view(wrong=("snapshot/x is not what was sealed", "snapshot/x is not what was sealed"))
    period = a_period(wrong=("context/y is gone",))

    told = [one["cause"] for one in rows_of(GAPS, view, period=period)]
    whole = [one["cause"] for one in rows_of_whole(GAPS, view, period=period) if one["kind"] == "evidence"]

    assert (told, whole) == (["snapshot/x is not what was sealed"], ["context/y is gone"])


def test_a_difference_nobody_explains_is_a_gap() -> None:
    (row,) = rows_of(GAPS, an_account_view(reconciliations=(_counted(),)), period=a_period())

    assert (row["kind"], row["status"]) == ("reconciliation", "not explained")
