"""The credential report: how it is waited for, and what each of AWS's cells means."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from prooftrail.adapters.aws.credential_report import read_report, request_report
from prooftrail.adapters.aws.credential_report_rows import Malformed, row_of
from prooftrail.model.account import Report
from prooftrail.model.iam import CertificateSlot, KeySlot, ReportRow, Usage
from prooftrail.model.reading import CellStatus, Collector, GapReason, Reading, cell_of
from tests.adapters.aws.loopback import NOW, Aws, Refusal
from tests.adapters.aws.scripted import (
    BORN,
    COLUMNS,
    DENIED,
    GENERATE,
    GENERATED,
    REPORT,
    THROTTLED,
    Steps,
    a_line,
    a_report,
    an_account,
    arn_of,
    one_after_another,
    slot,
    watching,
    wire,
)

IN_PROGRESS = Refusal("ReportInProgress", status=404)
NOT_PRESENT = Refusal("ReportNotPresent", status=410)
EXPIRED = Refusal("ReportExpired", status=410)
USED = datetime(2026, 2, 27, 9, 30, tzinfo=UTC)


@pytest.fixture
def aws() -> Iterator[Aws]:
    with an_account() as it:
        yield it


def report_of(aws: Aws, steps: Steps | None = None) -> Reading[Report]:
    steps = steps or Steps()
    return read_report(request_report(watching(aws).observer), sleep=steps.sleep, monotonic=steps.monotonic)


def row(**cells: str) -> ReportRow:
    return row_of(tuple(COLUMNS), [a_line("ann", **cells)[column] for column in COLUMNS])


def test_a_report_is_one_item_with_awss_own_time(aws: Aws) -> None:
    aws.answer(REPORT, a_report(a_line("ann"), a_line("<root_account>", password_enabled="not_supported")))
    reading = report_of(aws)
    (report,) = reading.items
    assert (report.generated_at, report.columns) == (GENERATED, tuple(COLUMNS))
    assert [one.user for one in report.rows] == ["ann", "<root_account>"]
    assert reading.complete
    assert aws.counts() == {GENERATE: 1, REPORT: 1}


@pytest.mark.parametrize(
    ("made", "reasons"),
    [
        (timedelta(hours=-25), []),
        (timedelta(hours=-25, seconds=-1), [GapReason.NOT_READY]),
        (timedelta(hours=1), []),
        (timedelta(hours=1, seconds=1), [GapReason.CLOCK]),
    ],
)
def test_a_report_that_is_not_of_today_is_kept_beside_a_gap(
    aws: Aws, made: timedelta, reasons: list[GapReason]
) -> None:
    aws.answer(REPORT, a_report(a_line("ann")) | wire({"GeneratedTime": NOW + made}))
    reading = report_of(aws)
    assert [one.generated_at for one in reading.items] == [NOW + made]
    assert [gap.reason for gap in reading.gaps] == reasons


def test_a_stale_report_tells_its_age(aws: Aws) -> None:
    aws.answer(REPORT, a_report(a_line("ann")) | wire({"GeneratedTime": NOW - timedelta(days=3)}))
    (gap,) = report_of(aws).gaps
    assert "is 72 hours old" in gap.detail


def test_a_report_is_waited_for_quickly_at_first_and_then_with_patience(aws: Aws) -> None:
    steps = Steps()
    aws.answer(GENERATE, {"State": "STARTED"})
    aws.answer(REPORT, one_after_another(*[IN_PROGRESS] * 8, a_report()))
    assert report_of(aws, steps).complete
    assert steps.slept == [0.25, 0.5, 1.0, 2.0, 3.0, 4.5, 6.75, 10.0]
    assert aws.counts() == {GENERATE: 1, REPORT: 9}


def test_a_report_that_never_completes_is_a_gap_after_five_minutes(aws: Aws) -> None:
    steps = Steps()
    aws.answer(GENERATE, {"State": "INPROGRESS"})
    aws.answer(REPORT, IN_PROGRESS)
    reading = report_of(aws, steps)
    assert [(gap.api, gap.reason) for gap in reading.gaps] == [(REPORT, GapReason.NOT_READY)]
    assert 280 < steps.now <= 300
    assert aws.count(REPORT) < 40
    assert cell_of("1", "global", Collector.CREDENTIAL_REPORT, reading).status is CellStatus.PARTIAL


def test_a_first_report_that_is_not_present_yet_is_waited_for_and_not_asked_for_again(aws: Aws) -> None:
    aws.answer(GENERATE, {"State": "STARTED"})
    aws.answer(REPORT, one_after_another(NOT_PRESENT, NOT_PRESENT, a_report()))
    assert report_of(aws).complete
    assert aws.count(GENERATE) == 1


@pytest.mark.parametrize("refusal", [EXPIRED, NOT_PRESENT])
def test_a_report_that_is_gone_though_complete_is_asked_for_again(aws: Aws, refusal: Refusal) -> None:
    aws.answer(REPORT, one_after_another(refusal, a_report()))
    assert report_of(aws).complete
    assert aws.count(GENERATE) == 2


def test_a_limit_on_asking_is_waited_out(aws: Aws) -> None:
    aws.answer(GENERATE, one_after_another(Refusal("LimitExceeded", status=409), {"State": "COMPLETE"}))
    aws.answer(REPORT, one_after_another(NOT_PRESENT, a_report()))
    assert report_of(aws).complete
    assert aws.count(GENERATE) == 2


def test_a_report_that_is_there_is_read_even_if_making_one_is_denied(aws: Aws) -> None:
    aws.answer(GENERATE, DENIED)
    reading = report_of(aws)
    assert reading.complete
    assert len(reading.items) == 1


def test_no_report_and_no_leave_to_make_one_is_the_denial_of_making_it(aws: Aws) -> None:
    aws.answer(GENERATE, DENIED)
    aws.answer(REPORT, NOT_PRESENT)
    reading = report_of(aws)
    assert [(gap.api, gap.reason) for gap in reading.gaps] == [(GENERATE, GapReason.DENIED)]
    assert aws.counts() == {GENERATE: 1, REPORT: 1}


@pytest.mark.parametrize(
    ("refusal", "reason", "status"),
    [
        (DENIED, GapReason.DENIED, CellStatus.DENIED),
        (THROTTLED, GapReason.THROTTLED, CellStatus.THROTTLED),
        (Refusal("ServiceFailure", status=500), GapReason.ERROR, CellStatus.PARTIAL),
    ],
)
def test_a_refused_report_is_a_gap(aws: Aws, refusal: Refusal, reason: GapReason, status: CellStatus) -> None:
    aws.answer(REPORT, refusal)
    reading = report_of(aws)
    assert (reading.items, [(gap.api, gap.reason) for gap in reading.gaps]) == ((), [(REPORT, reason)])
    assert cell_of("1", "global", Collector.CREDENTIAL_REPORT, reading).status is status


@pytest.mark.parametrize(
    "columns",
    [[*COLUMNS, "additional_credentials_info"], [*COLUMNS, "one_more", "and_more"], list(reversed(COLUMNS))],
)
def test_columns_are_found_by_name_however_many_there_are_and_in_any_order(aws: Aws, columns: list[str]) -> None:
    aws.answer(
        REPORT, a_report(a_line("ann", mfa_active="TRUE", additional_credentials_info="two more"), columns=columns)
    )
    (report,) = report_of(aws).items
    assert report.rows[0].mfa_active
    assert report.rows[0].additional_credentials == ("two more" if "additional_credentials_info" in columns else None)


@pytest.mark.parametrize("gone", ["mfa_active", "access_key_2_last_used_date", "password_last_changed", "user"])
def test_a_missing_column_is_a_gap_that_names_it_and_there_is_no_report(aws: Aws, gone: str) -> None:
    aws.answer(REPORT, a_report(a_line("ann"), columns=[column for column in COLUMNS if column != gone]))
    reading = report_of(aws)
    assert (reading.items, [gap.reason for gap in reading.gaps]) == ((), [GapReason.UNREADABLE])
    assert gone in reading.gaps[0].detail


@pytest.mark.parametrize("gone", ["access_key_1_last_used_region", "password_next_rotation"])
def test_a_missing_column_nothing_rests_on_is_not_missed(aws: Aws, gone: str) -> None:
    aws.answer(REPORT, a_report(a_line("ann"), columns=[column for column in COLUMNS if column != gone]))
    assert report_of(aws).complete


@pytest.mark.parametrize(
    "line",
    [
        "bob,too,short",
        a_line("bob", mfa_active="perhaps"),
        a_line("bob", access_key_1_last_rotated="yesterday"),
        a_line("bob", user_creation_time="2025-06-01T08:00:00"),
    ],
)
def test_a_row_that_makes_no_sense_is_a_gap_for_its_user_and_the_others_are_read(
    aws: Aws, line: str | Mapping[str, str]
) -> None:
    aws.answer(REPORT, a_report(a_line("ann"), line, a_line("cat")))
    reading = report_of(aws)
    assert [one.user for one in reading.items[0].rows] == ["ann", "cat"]
    assert [(gap.reason, gap.subject) for gap in reading.gaps] == [(GapReason.UNREADABLE, "bob")]


@pytest.mark.parametrize("answer", [{"Content": b"", "GeneratedTime": GENERATED}, a_report() | {"GeneratedTime": None}])
def test_an_empty_or_undated_report_is_unreadable(aws: Aws, answer: dict[str, Any]) -> None:
    aws.answer(REPORT, wire(answer))
    reading = report_of(aws)
    assert (reading.items, [gap.reason for gap in reading.gaps]) == ((), [GapReason.UNREADABLE])


def test_a_quoted_name_with_a_comma_is_one_cell(aws: Aws) -> None:
    line = a_line("bob")
    written = ",".join(line[column] for column in COLUMNS).replace("bob", "b,ob")
    aws.answer(REPORT, a_report('"b,ob","' + arn_of("user", "b,ob") + '",' + written.split(",", 4)[4]))
    assert [one.user for one in report_of(aws).items[0].rows] == ["b,ob"]


def test_a_users_name_that_is_an_address_is_hidden_and_can_still_be_asked_about(aws: Aws) -> None:
    aws.answer(REPORT, a_report(a_line("ann.smith@example.com")))
    seen = watching(aws)
    (report,) = read_report(request_report(seen.observer)).items
    name = report.rows[0].user
    assert name == seen.redactor.pseudonym("ann.smith@example.com")
    assert report.rows[0].arn.endswith(name)
    assert seen.redactor.reveal(name) == "ann.smith@example.com"


@pytest.mark.parametrize("text", ["2026-02-27T09:30:00Z", "2026-02-27T09:30:00+00:00", "2026-02-27T10:30:00+01:00"])
def test_every_form_of_a_time_is_the_same_instant(text: str) -> None:
    assert row(password_enabled="TRUE", password_last_used=text).password_usage.last_used_at == USED


@pytest.mark.parametrize(
    ("said", "usage"),
    [
        ("no_information", Usage(tracked=True, source=REPORT)),
        ("NO_INFORMATION", Usage(tracked=True, source=REPORT)),
        ("N/A", Usage(tracked=False, source=REPORT)),
        ("not_supported", Usage(tracked=False, source=REPORT)),
        ("", Usage(tracked=False, source=REPORT)),
        ("2026-02-27T09:30:00Z", Usage(tracked=True, last_used_at=USED, source=REPORT)),
    ],
)
def test_what_a_report_says_of_a_passwords_use(said: str, usage: Usage) -> None:
    assert row(password_enabled="true", password_last_used=said).password_usage == usage


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({}, KeySlot(slot=1, active=False, usage=Usage(tracked=False, source=REPORT))),
        (slot(1), KeySlot(slot=1, active=True, rotated_at=BORN, usage=Usage(tracked=True, source=REPORT))),
        (
            slot(1, active="FALSE", used="2026-02-27T09:30:00Z"),
            KeySlot(
                slot=1,
                active=False,
                rotated_at=BORN,
                usage=Usage(tracked=True, last_used_at=USED, service="s3", region="eu-west-1", source=REPORT),
            ),
        ),
        (
            slot(1, used="not_supported"),
            KeySlot(slot=1, active=True, rotated_at=BORN, usage=Usage(tracked=False, source=REPORT)),
        ),
        (
            {"access_key_1_active": "N/A"},
            KeySlot(slot=1, active=False, usage=Usage(tracked=False, source=REPORT)),
        ),
        (
            {"access_key_1_active": "True"},
            KeySlot(slot=1, active=True, usage=Usage(tracked=True, source=REPORT)),
        ),
    ],
)
def test_what_a_report_says_of_a_key_slot(cells: dict[str, str], expected: KeySlot) -> None:
    assert row(**cells).keys[0] == expected
    assert row(**cells).keys[1].slot == 2


@pytest.mark.parametrize(
    ("said", "enabled"), [("TRUE", True), ("true", True), ("False", False), ("not_supported", None)]
)
def test_whether_there_is_a_password_may_be_unknown_of_the_root(said: str, enabled: bool | None) -> None:
    assert row(password_enabled=said).password_enabled is enabled


def test_signing_certificates_have_slots_too() -> None:
    read = row(cert_2_active="TRUE", cert_2_last_rotated="2025-06-01T08:00:00+00:00")
    assert read.certificates == (
        CertificateSlot(slot=1, active=False),
        CertificateSlot(slot=2, active=True, rotated_at=BORN),
    )


def test_a_row_without_a_password_says_nothing_of_one() -> None:
    read = row()
    assert (read.password_enabled, read.password_changed_at, read.password_next_rotation) == (False, None, None)
    assert read.created_at == BORN
    assert row(user_creation_time="N/A").created_at is None


@pytest.mark.parametrize("cells", [{"password_enabled": "N/A"}, {"mfa_active": "no_information"}])
def test_a_sentinel_where_only_yes_or_no_makes_sense_is_malformed(cells: dict[str, str]) -> None:
    with pytest.raises(Malformed):
        row(**cells)


def test_waiting_ends_where_time_does_not_pass_as_expected(aws: Aws) -> None:
    aws.answer(REPORT, IN_PROGRESS)
    clock = iter([0.0, 301.0])
    reading = read_report(request_report(watching(aws).observer), sleep=lambda _: None, monotonic=lambda: next(clock))
    assert [gap.reason for gap in reading.gaps] == [GapReason.NOT_READY]
