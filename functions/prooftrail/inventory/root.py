"""Makes the root of an account from its report row and the account summary: every account has one, read or not."""

from prooftrail.model.account import AccountReadings
from prooftrail.model.iam import ReportRow, Root, Usage
from prooftrail.model.identity import Observed
from prooftrail.model.reading import GLOBAL

from .key_usage import latest

ROOT_ROW = "<root_account>"


def is_root_row(row: ReportRow) -> bool:
    """True for the row AWS writes of the root."""
    return row.user == ROOT_ROW or row.arn.endswith(":root")


def observed_root(readings: AccountReadings, *, partition: str) -> Observed:
    """The root as the summary and the report show it; of both the summary is newer. None where neither was read.

    The root's keys are no identities of their own, because nobody but the root can list them: its usage is the newest
    use of its password or a key.
    """
    report = readings.report.items[0] if readings.report.items else None
    row = next((one for one in report.rows if is_root_row(one)), None) if report else None
    counts = {one.name: one.value for one in (*readings.summary_before.items, *readings.summary_after.items)}
    slots = None if row is None else tuple((one.active, one.rotated_at) for one in row.keys if one.rotated_at)
    facts = Root(
        password_enabled=_either(counts.get("AccountPasswordPresent"), row.password_enabled if row else None),
        mfa_active=_either(counts.get("AccountMFAEnabled"), row.mfa_active if row else None),
        access_keys_present=_either(counts.get("AccountAccessKeysPresent"), bool(slots) if row else None),
        certificates_present=_either(
            counts.get("AccountSigningCertificatesPresent"),
            any(one.rotated_at or one.active for one in row.certificates) if row else None,
        ),
        key_slots=slots,
    )
    arn = f"arn:{partition}:iam::{readings.account}:root"
    return Observed(
        id=arn,
        arn=arn,
        region=GLOBAL,
        name="root",
        created_at=row.created_at if row else None,
        tags=None,
        facts=facts,
        usage=latest(row.password_usage, *(one.usage for one in row.keys)) if row else Usage(tracked=False),
    )


def _either(count: int | None, told: bool | None) -> bool | None:
    return told if count is None else count > 0
