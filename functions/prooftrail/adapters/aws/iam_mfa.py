"""MFA devices: every virtual one in one list, passkeys and hardware only of the users who must have one."""

import re
from collections.abc import Mapping
from typing import Any

from prooftrail.evidence.redaction import PSEUDONYM
from prooftrail.model.account import Report, UserMfa
from prooftrail.model.canonical import utc
from prooftrail.model.iam import MfaDevice, MfaKind
from prooftrail.model.reading import Gap, GapReason, Reading

from .iam_each import each
from .observer import Api, Collecting, Observer, Refused

LIST_VIRTUAL = Api("iam", "list_virtual_mfa_devices")
LIST_DEVICES = Api("iam", "list_mfa_devices")

ROOT = "<root_account>"
"""The root's name, as the credential report has it."""

_GONE = frozenset({"NoSuchEntity", "NoSuchEntityException"})
_REDACTED = re.compile(rf"{PSEUDONYM.pattern}|credential-[0-9a-f]{{20}}")
_PAGE = 1000  # the most IAM gives


def read_mfa(observer: Observer, *, report: Reading[Report]) -> Reading[UserMfa]:
    """MFA devices with the names of their users, sorted; the root's virtual device stands under `<root_account>`.

    A user is asked about (ListMFADevices) only if his report row says MFA and no virtual device is his; so a passkey
    beside a virtual device is not seen. Where the report or the list could not be read, a gap stands and nobody is
    asked. Of the root AWS shows no device but a virtual one. A user who is gone by now leaves no gap.
    Source: IAM ListVirtualMFADevices, ListMFADevices, GetCredentialReport.
    """
    found: Collecting[UserMfa] = Collecting(observer)
    devices: set[tuple[str, MfaDevice]] = set()
    for page in found.pages(LIST_VIRTUAL, AssignmentStatus="Assigned", MaxItems=_PAGE):
        devices |= {(_owner(row.get("User", {})), _device(row)) for row in page.get("VirtualMFADevices", ())}
    if not report.items:
        found.gap(_no_report(report))
    elif found.complete:
        owners = {owner for owner, _ in devices}
        rows = report.items[0].rows
        others = [row.user for row in rows if row.mfa_active and row.user not in owners and row.user != ROOT]
        each(found, others, lambda user: devices.update(_devices_of(found, user)))
    for user, device in sorted(devices):
        found.add(UserMfa(user_name=user, device=device))
    return found.reading()


def kind_of(serial: str) -> MfaKind:
    """What a serial number says of a device.

    Virtual devices have an ARN with `:mfa/`, passkeys and security keys one with `:u2f/`; hardware tokens have the
    number that is printed on them. An ARN of a sort not known yet is taken for a passkey's: tokens have no ARN.
    """
    if not serial.startswith("arn:"):
        return MfaKind.HARDWARE
    return MfaKind.VIRTUAL if serial.split(":", 5)[-1].startswith("mfa/") else MfaKind.FIDO


def _devices_of(found: Collecting[UserMfa], user: str) -> set[tuple[str, MfaDevice]]:
    name = found.observer.redactor.reveal(user)
    if _REDACTED.search(name):
        detail = "the user's name may not be kept and is known from the report alone, so AWS cannot be asked"
        raise Refused(Gap(api=LIST_DEVICES.name, reason=GapReason.UNREADABLE, detail=detail, subject=user))
    pages = found.sheets(LIST_DEVICES, absent=_GONE, UserName=name)
    return {(user, _device(row)) for page in pages for row in page.get("MFADevices", ())}


def _owner(user: Mapping[str, Any]) -> str:
    name: str = user.get("UserName") or ROOT  # of the root AWS sends an ARN and no name
    return name


def _device(row: Mapping[str, Any]) -> MfaDevice:
    serial, enabled = row["SerialNumber"], row.get("EnableDate")
    return MfaDevice(serial=serial, kind=kind_of(serial), enabled_at=utc(enabled) if enabled else None)


def _no_report(report: Reading[Report]) -> Gap:
    first = report.gaps[0] if report.gaps else None
    return Gap(
        api=first.api if first else "iam:GetCredentialReport",
        reason=first.reason if first else GapReason.NOT_READY,
        code=first.code if first else None,
        detail="without the credential report nobody can tell who has an MFA device that is not a virtual one",
    )
