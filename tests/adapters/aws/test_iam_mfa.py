"""MFA devices: whose are known from one list, who must be asked about, and what stays unknown without the report."""

from collections.abc import Iterator
from typing import Any

import pytest

from prooftrail.adapters.aws.credential_report import read_report, request_report
from prooftrail.adapters.aws.iam_mfa import ROOT, kind_of, read_mfa
from prooftrail.model.account import UserMfa
from prooftrail.model.iam import MfaDevice, MfaKind
from prooftrail.model.reading import CellStatus, Collector, GapReason, Reading, cell_of
from tests.adapters.aws.loopback import ACCOUNT, Aws, Refusal
from tests.adapters.aws.scripted import (
    BORN,
    DENIED,
    DEVICES,
    GONE,
    REPORT,
    THROTTLED,
    VIRTUAL,
    a_line,
    a_report,
    an_account,
    arn_of,
    by_user,
    markers,
    watching,
    wire,
)

FIDO = arn_of("u2f/user", "bob/yubi-KEYID")


@pytest.fixture
def aws() -> Iterator[Aws]:
    with an_account() as it:
        yield it


def virtual(*names: str, root: bool = False) -> dict[str, Any]:
    rows = [{"SerialNumber": arn_of("mfa", name), "User": {"UserName": name}, "EnableDate": BORN} for name in names]
    if root:
        owner = {"Arn": f"arn:aws:iam::{ACCOUNT}:root", "UserId": ACCOUNT}
        rows.append({"SerialNumber": arn_of("mfa", "root-account-mfa-device"), "User": owner, "EnableDate": BORN})
    return wire({"VirtualMFADevices": rows, "IsTruncated": False})  # type: ignore[no-any-return]


def devices(user: str, *serials: str) -> dict[str, Any]:
    rows = [{"UserName": user, "SerialNumber": serial, "EnableDate": BORN} for serial in serials]
    return wire({"MFADevices": rows, "IsTruncated": False})  # type: ignore[no-any-return]


def with_mfa(aws: Aws, *names: str) -> None:
    aws.answer(REPORT, a_report(*[a_line(name, mfa_active="true") for name in names], a_line("plain")))


def mfa_of(aws: Aws) -> Reading[UserMfa]:
    seen = watching(aws)
    return read_mfa(seen.observer, report=read_report(request_report(seen.observer)))


def a_device(user: str, serial: str, kind: MfaKind) -> UserMfa:
    return UserMfa(user_name=user, device=MfaDevice(serial=serial, kind=kind, enabled_at=BORN))


def test_virtual_devices_of_all_users_cost_one_call(aws: Aws) -> None:
    with_mfa(aws, "ann", "bob")
    aws.answer(VIRTUAL, virtual("ann", "bob"))
    assert mfa_of(aws).items == tuple(a_device(name, arn_of("mfa", name), MfaKind.VIRTUAL) for name in ("ann", "bob"))
    assert (aws.count(VIRTUAL), aws.count(DEVICES)) == (1, 0)
    assert next(one for one in aws.asked if one.action == VIRTUAL).parameters["AssignmentStatus"] == "Assigned"


def test_only_users_with_mfa_and_without_a_virtual_device_are_asked_about(aws: Aws) -> None:
    with_mfa(aws, "ann", "bob", "cat")
    aws.answer(VIRTUAL, markers(virtual("ann")))
    aws.answer(DEVICES, by_user({"bob": devices("bob", FIDO), "cat": devices("cat", "GAHT12345678")}))
    reading = mfa_of(aws)
    assert sorted(one.parameters["UserName"] for one in aws.asked if one.action == DEVICES) == ["bob", "cat"]
    assert reading.items[1:] == (
        a_device("bob", FIDO, MfaKind.FIDO),
        a_device("cat", "GAHT12345678", MfaKind.HARDWARE),
    )
    assert reading.complete


def test_the_roots_virtual_device_is_the_roots_and_no_other_is_asked_for(aws: Aws) -> None:
    aws.answer(REPORT, a_report(a_line(ROOT, mfa_active="true", password_enabled="not_supported")))
    aws.answer(VIRTUAL, virtual(root=True))
    assert [one.user_name for one in mfa_of(aws).items] == [ROOT]
    aws.answer(VIRTUAL, virtual())
    assert mfa_of(aws).items == ()
    assert aws.count(DEVICES) == 0


def test_every_page_of_virtual_devices_is_read(aws: Aws) -> None:
    with_mfa(aws, "ann", "bob")
    aws.answer(VIRTUAL, markers(virtual("ann"), virtual("bob")))
    assert [one.user_name for one in mfa_of(aws).items] == ["ann", "bob"]
    assert aws.count(DEVICES) == 0


def test_without_the_report_nobody_is_asked_about_and_a_gap_says_what_is_not_known(aws: Aws) -> None:
    aws.answer(REPORT, DENIED)
    aws.answer(VIRTUAL, virtual("ann"))
    reading = mfa_of(aws)
    assert [one.user_name for one in reading.items] == ["ann"]
    assert [(gap.api, gap.reason, gap.code) for gap in reading.gaps] == [(REPORT, GapReason.DENIED, "AccessDenied")]
    assert aws.count(DEVICES) == 0
    assert cell_of("1", "global", Collector.MFA_DEVICES, reading).status is CellStatus.PARTIAL


@pytest.mark.parametrize(
    ("refusal", "reason", "status"),
    [(DENIED, GapReason.DENIED, CellStatus.DENIED), (THROTTLED, GapReason.THROTTLED, CellStatus.THROTTLED)],
)
def test_without_the_virtual_list_nobody_is_asked_about(
    aws: Aws, refusal: Refusal, reason: GapReason, status: CellStatus
) -> None:
    with_mfa(aws, "ann")
    aws.answer(VIRTUAL, refusal)
    reading = mfa_of(aws)
    assert ([gap.reason for gap in reading.gaps], aws.count(DEVICES)) == ([reason], 0)
    assert cell_of("1", "global", Collector.MFA_DEVICES, reading).status is status


def test_a_virtual_list_that_breaks_off_leaves_nobody_to_be_asked_about(aws: Aws) -> None:
    with_mfa(aws, "ann", "bob")
    aws.answer(VIRTUAL, virtual("ann") | {"IsTruncated": "true"})
    reading = mfa_of(aws)
    assert ([gap.reason for gap in reading.gaps], aws.count(DEVICES)) == ([GapReason.TRUNCATED], 0)


def test_a_refusal_for_one_user_is_a_gap_for_that_user_and_a_user_who_is_gone_is_none(aws: Aws) -> None:
    with_mfa(aws, "ann", "bob", "cat")
    aws.answer(DEVICES, by_user({"ann": devices("ann", FIDO), "bob": DENIED, "cat": GONE}))
    reading = mfa_of(aws)
    assert [one.user_name for one in reading.items] == ["ann"]
    assert [(gap.reason, gap.subject) for gap in reading.gaps] == [(GapReason.DENIED, "bob")]


def test_a_refusal_for_everybody_stops_after_three(aws: Aws) -> None:
    with_mfa(aws, *[f"user{n:02}" for n in range(50)])
    aws.answer(DEVICES, DENIED)
    reading = mfa_of(aws)
    assert (aws.count(DEVICES), len(reading.gaps)) == (3, 1)


def test_a_user_named_by_an_address_is_asked_about_by_his_real_name(aws: Aws) -> None:
    name = "ann.smith@example.com"
    with_mfa(aws, name)
    aws.answer(DEVICES, by_user({name: devices(name, arn_of("u2f/user", f"{name}/key-1"))}))
    (one,) = mfa_of(aws).items
    assert one.user_name.startswith("person-")
    assert one.user_name in one.device.serial


@pytest.mark.parametrize(
    ("serial", "kind"),
    [
        (arn_of("mfa", "ann"), MfaKind.VIRTUAL),
        ("arn:aws-us-gov:iam::111122223333:mfa/path/ann", MfaKind.VIRTUAL),
        ("arn:aws-cn:iam::111122223333:u2f/user/ann/mfa-KEYID", MfaKind.FIDO),
        ("arn:aws:iam::111122223333:u2f/root-account/key-ID", MfaKind.FIDO),
        ("arn:aws:iam::111122223333:security-key/ann", MfaKind.FIDO),
        ("GAHT12345678", MfaKind.HARDWARE),
        ("HS0123456789", MfaKind.HARDWARE),
    ],
)
def test_what_a_serial_number_says(serial: str, kind: MfaKind) -> None:
    assert kind_of(serial) is kind
