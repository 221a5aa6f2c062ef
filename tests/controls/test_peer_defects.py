"""Defects of leading peers (field study, sections 0, A and D), each judged here from what AWS would have said.

Unknown, unused and used are three things: an account that cannot be read is never one without findings.
"""

from datetime import timedelta

import pytest

from prooftrail.controls.case import Case
from prooftrail.controls.checks import certificates, emergencies, keys, people, root, stored_secrets, usage
from prooftrail.controls.evaluate import verdicts_of
from prooftrail.controls.parsing import parse, shipped
from prooftrail.controls.verdict import Verdict
from prooftrail.model.judgement import ResultStatus, Tier
from prooftrail.model.reading import CellStatus, Collector, GapReason
from prooftrail.model.snapshot import Snapshot
from tests.builders import (
    ACCOUNT,
    NEVER,
    OTHER_REGION,
    REGION,
    a_key,
    a_reading,
    a_report,
    a_role,
    a_row,
    a_secret,
    a_service_credential,
    a_slot,
    a_snapshot,
    a_user,
    ago,
    days,
    refused,
    replaced,
    service,
    used,
)
from tests.builders.judging import a_case
from tests.builders.judging_people import legacy, registers

PASS, FAIL = ResultStatus.PASS, ResultStatus.FAIL
NOT_TESTED, NOT_APPLICABLE = ResultStatus.NOT_TESTED, ResultStatus.NOT_APPLICABLE
FAMILIES = (usage, root, people, keys, stored_secrets, certificates, emergencies)
CATALOG = parse(shipped())
CHECKS = {name: check for family in FAMILIES for name, check in family.CHECKS.items()}
THREE_YEARS = days(3 * 365)


def judged(snapshot: Snapshot, control: str, tier: Tier = Tier.MEDIUM) -> dict[str, Verdict]:
    """What one control says of a snapshot, by subject."""
    return _by_subject(a_case(snapshot=snapshot, tier=tier), control)


def _by_subject(case: Case, control: str) -> dict[str, Verdict]:
    found = list(CHECKS[control](case, CATALOG.control(control)))
    assert len({one.subject for one in found}) == len(found)
    return {one.subject: one for one in found}


# 0.1: an active key that was never used passed.


def test_peer_defect_1_an_active_key_that_was_never_used_fails() -> None:
    ada = a_user(age=THREE_YEARS)
    key = a_key(ada, age=THREE_YEARS)
    snapshot = a_snapshot(ada, key, report=a_report(a_row(ada, keys=[a_slot(1, key=key, usage=NEVER)])))
    said = judged(snapshot, "IDC-07")[key.id]
    assert said.status is FAIL
    assert "was never used since it was created 1095 days ago" in said.reason


# 0.2: without a credential report there were no findings at all.


@pytest.mark.parametrize("reason", [GapReason.DENIED, GapReason.THROTTLED, GapReason.NOT_READY])
def test_peer_defect_2_an_unreadable_report_is_a_row_for_everything_it_would_have_told(reason: GapReason) -> None:
    ada = a_user()
    snapshot = a_snapshot(ada, report=refused(reason))
    assert judged(snapshot, "IDC-07")[f"{ada.id}#password"].status is NOT_TESTED
    for control in ("IDC-11", "IDC-13", "IDC-14"):
        assert judged(snapshot, control)[ada.id].status is NOT_TESTED
    assert judged(snapshot, "IDC-12")[ACCOUNT].status is NOT_TESTED
    assert judged(snapshot, "IDC-16")[f"{ada.id}#certificates"].status is NOT_TESTED
    assert [one.status for one in judged(snapshot, "IDC-10").values()] == [NOT_TESTED]


@pytest.mark.parametrize("reason", [GapReason.DENIED, GapReason.THROTTLED])
def test_peer_defect_2_keys_that_were_not_listed_are_a_row_of_the_account(reason: GapReason) -> None:
    snapshot = a_snapshot(a_user(), access_keys=refused(reason), report=refused(reason))
    for control in ("IDC-07", "IDC-15", "IDC-16"):
        said = judged(snapshot, control)[ACCOUNT]
        assert said.status is NOT_TESTED
        assert "access keys of the account that were not listed" in said.reason


OF_PRINCIPALS = [
    f"IDC-{number}"
    for number in [
        "02",
        "03",
        "04",
        "07",
        "08",
        "11",
        "13",
        "14",
        "16",
        "20",
        "21",
        "22",
        "23",
        "24",
        "25",
        "26",
        "27",
        "28",
        "29",
        "30",
    ]
]
OF_LISTS = [
    *(("principals", one) for one in OF_PRINCIPALS),
    *(("access_keys", one) for one in ("IDC-03", "IDC-04", "IDC-07", "IDC-15", "IDC-16")),
    *(("service_credentials", one) for one in ("IDC-03", "IDC-04", "IDC-07", "IDC-16")),
    *(("saml_providers", one) for one in ("IDC-02", "IDC-03", "IDC-04", "IDC-19")),
    *(("oidc_providers", one) for one in ("IDC-02", "IDC-03", "IDC-04", "IDC-27")),
    *(("server_certificates", one) for one in ("IDC-02", "IDC-03", "IDC-04", "IDC-19")),
    *(("secrets", one) for one in ("IDC-02", "IDC-03", "IDC-04", "IDC-17", "IDC-18")),
    *(("permission_sets", one) for one in ("IDC-02", "IDC-03", "IDC-04", "IDC-30")),
]


@pytest.mark.parametrize("reason", [GapReason.DENIED, GapReason.THROTTLED, GapReason.UNREACHABLE, GapReason.TRUNCATED])
@pytest.mark.parametrize(("source", "control"), OF_LISTS)
def test_peer_defect_2_whatever_was_not_listed_is_a_row_of_the_account_in_every_control_it_concerns(
    source: str, control: str, reason: GapReason
) -> None:
    unread = refused(reason)
    regions = tuple((one, unread) for one in (REGION, OTHER_REGION))
    snapshot = a_snapshot(**{source: regions if source == "secrets" else unread})
    rows = verdicts_of(a_case(snapshot=snapshot), CATALOG)[control]
    assert [one.status for one in rows if one.subject == ACCOUNT] == [NOT_TESTED]
    assert verdicts_of(a_case(snapshot=a_snapshot()), CATALOG)[control] != rows


def test_peer_defect_2_an_unreadable_account_passes_nothing() -> None:
    nothing = {name: refused() for name in ("principals", "report", "access_keys", "service_credentials", "mfa")}
    more = {name: refused() for name in ("password_policy", "saml_providers", "server_certificates", "role_settings")}
    summary = {name: refused() for name in ("summary_before", "summary_after")}
    secrets = tuple((region, refused()) for region in (REGION, OTHER_REGION))
    snapshot = a_snapshot(**nothing, **more, **summary, secrets=secrets)
    for control in CHECKS:
        statuses = {one.status for one in judged(snapshot, control).values()}
        assert NOT_TESTED in statuses or statuses == {NOT_APPLICABLE}, control
        assert not statuses & {PASS, FAIL}, control


# 0.3: an inactive first key hid an unused second one; a key of today was called unused.


@pytest.mark.parametrize("inactive_slot", [1, 2])
def test_peer_defect_3_an_inactive_key_hides_no_unused_one(inactive_slot: int) -> None:
    ada = a_user(age=THREE_YEARS)
    idle, off = a_key(ada, id="AKIAIDLE", age=THREE_YEARS), a_key(ada, id="AKIAOFF", age=days(500), active=False)
    slots = [
        a_slot(3 - inactive_slot, key=idle, usage=NEVER),
        a_slot(inactive_slot, key=off, active=False, usage=used(days(1))),
    ]
    row = a_row(ada, keys=sorted(slots, key=lambda one: one.slot))
    found = judged(a_snapshot(ada, idle, off, report=a_report(row)), "IDC-07")
    assert found["AKIAIDLE"].status is FAIL
    assert found["AKIAOFF"].status is not FAIL
    assert judged(a_snapshot(ada, idle, off, report=a_report(row)), "IDC-15")["AKIAOFF"].status is NOT_APPLICABLE


def test_peer_defect_3_a_key_created_today_is_not_unused() -> None:
    ada = a_user()
    key = a_key(ada, age=timedelta(0))
    row = a_row(ada, keys=[a_slot(1, key=key, usage=NEVER)])
    snapshot = a_snapshot(ada, key, report=a_report(row, age=-timedelta(hours=1)))
    assert judged(snapshot, "IDC-07", Tier.CRITICAL)[key.id].status is PASS
    assert judged(snapshot, "IDC-15", Tier.CRITICAL)[key.id].status is PASS


# 0.4: any error turned into "never used", and the key was deleted.


@pytest.mark.parametrize("reason", list(GapReason))
def test_peer_defect_4_an_error_is_never_never_used(reason: GapReason) -> None:
    ada = a_user()
    key = a_key(ada, age=THREE_YEARS)
    said = judged(a_snapshot(ada, key, report=refused(reason)), "IDC-07")[key.id]
    assert said.status is NOT_TESTED
    assert "never used" not in said.reason


# D5, D8, D9: each key is judged by its own facts, and the finding is the key's.


def test_each_key_is_judged_by_its_own_age_and_use() -> None:
    ada = a_user()
    old, new = a_key(ada, id="AKIAOLD", age=days(200)), a_key(ada, id="AKIANEW", age=days(2))
    slots = [a_slot(1, key=old, usage=used(days(1))), a_slot(2, key=new, usage=NEVER)]
    snapshot = a_snapshot(ada, old, new, report=a_report(a_row(ada, keys=slots), age=timedelta(0)))
    unused, aged = judged(snapshot, "IDC-07"), judged(snapshot, "IDC-15")
    assert (unused["AKIAOLD"].status, unused["AKIANEW"].status) == (PASS, PASS)
    assert (aged["AKIAOLD"].status, aged["AKIANEW"].status) == (FAIL, PASS)
    assert aged["AKIAOLD"].identity == "AKIAOLD"


# D17: credentials for single services are seen, and their age and expiry judged.


def test_a_credential_for_one_service_has_a_row() -> None:
    ada = a_user()
    found = judged(a_snapshot(ada, a_service_credential(ada)), "IDC-16")
    assert found["ACCAEXAMPLE000000001"].status is FAIL


# D10: an exception list is a register with a reason and an end, not a group's name.


def test_a_registered_credential_passes_only_while_its_entry_holds() -> None:
    ada = a_user()
    key = a_key(ada)
    snapshot = a_snapshot(ada, key)
    for expires, status in ((ago(days(0)).date(), PASS), (ago(days(1)).date(), FAIL)):
        case = a_case(snapshot=snapshot, governance=registers(legacy=(legacy(key.id, expires_on=expires),)))
        assert _by_subject(case, "IDC-16")[key.id].status is status


# D18: rotation is right for young, service-managed and replicated secrets.


def test_a_secret_of_yesterday_was_not_never_rotated() -> None:
    young = replaced(a_secret(value_age=days(1)), created_at=ago(days(1)))
    said = judged(a_snapshot(young), "IDC-17")[young.id]
    assert said.status is PASS
    assert "never" not in said.reason
    strict = judged(a_snapshot(young), "IDC-17", Tier.HIGH)[young.id]
    assert strict.status is FAIL
    assert strict.reason.startswith("The rotation of secret db is switched off")


def test_a_secret_a_service_rotates_is_not_asked_for_rotation() -> None:
    managed = a_secret("rds!cluster", value_age=days(300), owning_service="rds")
    assert judged(a_snapshot(managed), "IDC-17", Tier.CRITICAL)[managed.id].status is NOT_APPLICABLE


def test_an_edit_is_no_rotation() -> None:
    edited = a_secret(value_age=days(300), last_changed_at=ago(days(1)), rotation_enabled=True)
    assert judged(a_snapshot(edited), "IDC-17")[edited.id].status is FAIL


def test_a_replica_is_judged_once_with_its_primary_and_by_its_latest_read() -> None:
    primary = a_secret(usage=NEVER)
    replica = a_secret(region=OTHER_REGION, usage=used(days(2)), value_age=None, replica_of=REGION)
    snapshot = a_snapshot(replaced(primary, created_at=ago(days(300))), replica)
    assert set(judged(snapshot, "IDC-17")) == {primary.id}
    found = judged(snapshot, "IDC-18")
    assert set(found) == {primary.id, ACCOUNT}
    assert found[primary.id].status is PASS


def test_a_region_that_was_refused_never_makes_a_secret_unused() -> None:
    secret = replaced(a_secret(usage=NEVER), created_at=ago(days(300)))
    readings = {"secrets": ((REGION, a_reading(secret)), (OTHER_REGION, refused()))}
    snapshot = a_snapshot(secret, **readings)
    assert judged(snapshot, "IDC-18")[secret.id].status is NOT_TESTED
    assert judged(snapshot, "IDC-17")[ACCOUNT].status is NOT_TESTED


# D20: what AWS owns makes no noise.


def test_a_role_of_an_aws_service_has_no_row_of_its_own() -> None:
    linked = a_role(
        "AWSServiceRoleForSupport", path="/aws-service-role/support.amazonaws.com/", trust=service("support")
    )
    case = a_case(snapshot=a_snapshot(linked))
    for control in ("IDC-08", "IDC-14", "IDC-25"):
        assert linked.id not in _by_subject(case, control)


# comp: a failure to read is said as such, with its cause.


def test_what_could_not_be_read_says_which_call_and_why() -> None:
    ada = a_user()
    snapshot = a_snapshot(ada, access_keys=refused())
    said = judged(snapshot, "IDC-15")[ACCOUNT]
    assert said.gaps == ("access_keys is denied: iam:Something: not authorized",)
    cell = next(one for one in snapshot.cells if one.collector is Collector.ACCESS_KEYS)
    assert cell.status is CellStatus.DENIED
