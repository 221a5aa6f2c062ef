"""Who comes to the evidence: an auditor who only reads and only until a date, and who may hold."""

from datetime import date
from typing import Any

import pytest

from infra.access_stack import AccessStack
from infra.stage import Auditor
from prooftrail.grants import ANSWERS, Key
from prooftrail.settings import RETENTION_DAYS

from .policy_engine import Request, allowed
from .stages import AUDIT_FIRM, AUDITOR, EVIDENCE, STRANGER, TOOLING, a_stage
from .templates import Rendered

LEAD = f"arn:aws:iam::{EVIDENCE}:role/TeamLead"
STAGE = a_stage(auditor=AUDITOR, answerers=(LEAD,))
BUCKET = f"arn:aws:s3:::{STAGE.bucket}"
LOGS = f"arn:aws:s3:::{STAGE.logs_bucket}"
COUNSEL = f"arn:aws:iam::{EVIDENCE}:role/LegalCounsel"
CLERK = f"arn:aws:iam::{EVIDENCE}:user/legal/Clerk"
IN_TIME, TOO_LATE = "2027-03-31T23:59:59Z", "2027-04-01T00:00:00Z"
KINDS = ("raw", "people", "snapshot", "chain", "custody")


@pytest.fixture(scope="module")
def access() -> Rendered:
    return Rendered(AccessStack, STAGE)


def role(access: Rendered, name: str) -> dict[str, Any]:
    return access.one("AWS::IAM::Role", RoleName=f"Prooftrail-prod-{name}", Path="/prooftrail/")


def rights(access: Rendered, name: str) -> dict[str, Any]:
    (policy,) = role(access, name)["Policies"]
    return dict(policy["PolicyDocument"])


def lets_in(found: dict[str, Any], by: str, **keys: str) -> bool:
    policy = {"Statement": [one | {"Resource": "*"} for one in found["AssumeRolePolicyDocument"]["Statement"]]}
    return allowed(policy, Request(by=by, action="sts:AssumeRole", on="*", keys=keys))


def reads(access: Rendered, action: str, on: str, at: str = IN_TIME, **keys: Any) -> bool:
    by = STAGE.role_arn("Auditor")
    return allowed(
        rights(access, "Auditor"), Request(by=by, action=action, on=on, keys={"aws:CurrentTime": at, **keys})
    )


def test_the_roles_stand_in_the_evidence_account_with_sessions_of_an_hour(access: Rendered) -> None:
    assert (access.stack.account, access.stack.region) == (EVIDENCE, "eu-central-1")
    assert [one["MaxSessionDuration"] for one in access.of("AWS::IAM::Role").values()] == [3600, 3600, 3600]
    assert STAGE.role_arn("LegalHold") == f"arn:aws:iam::{EVIDENCE}:role/prooftrail/Prooftrail-prod-LegalHold"


@pytest.mark.parametrize(
    ("stage", "names"),
    [
        (a_stage(), ["Prooftrail-prod-LegalHold"]),
        (a_stage(legal_hold_principals=(), auditor=AUDITOR), ["Prooftrail-prod-Auditor"]),
        (a_stage(legal_hold_principals=(), answerers=(LEAD,)), ["Prooftrail-prod-Answer"]),
    ],
)
def test_a_role_is_there_only_if_somebody_is_named_for_it(stage: Any, names: list[str]) -> None:
    found = Rendered(AccessStack, stage).of("AWS::IAM::Role").values()
    assert [one["RoleName"] for one in found] == names


@pytest.mark.parametrize(
    ("by", "changed", "lets"),
    [
        (AUDITOR.principal, {}, True),
        (AUDITOR.principal, {"aws:CurrentTime": TOO_LATE}, False),
        (AUDITOR.principal, {"sts:ExternalId": "another"}, False),
        (f"arn:aws:iam::{AUDIT_FIRM}:role/Other", {}, False),
        (f"arn:aws:iam::{AUDIT_FIRM}:root", {}, False),
        (AUDITOR.principal.replace(AUDIT_FIRM, STRANGER), {}, False),
    ],
)
def test_the_auditor_is_one_principal_with_an_external_id_until_the_end_of_a_day(
    access: Rendered, by: str, changed: dict[str, str], lets: bool
) -> None:
    keys = {"sts:ExternalId": "audit-2027", "aws:CurrentTime": IN_TIME} | changed
    assert lets_in(role(access, "Auditor"), by, **keys) is lets


def test_no_external_id_is_a_wrong_one(access: Rendered) -> None:
    assert not lets_in(role(access, "Auditor"), AUDITOR.principal, **{"aws:CurrentTime": IN_TIME})


@pytest.mark.parametrize(
    ("keys", "lets"),
    [({"aws:MultiFactorAuthPresent": "true"}, True), ({"aws:MultiFactorAuthPresent": "false"}, False), ({}, False)],
)
def test_mfa_is_asked_of_an_auditor_who_has_it(keys: dict[str, str], lets: bool) -> None:
    asked = Auditor(principal=AUDITOR.principal, external_id="audit-2027", until=date(2027, 3, 31), require_mfa=True)
    found = role(Rendered(AccessStack, a_stage(auditor=asked)), "Auditor")
    given = {"sts:ExternalId": "audit-2027", "aws:CurrentTime": IN_TIME} | keys
    assert lets_in(found, AUDITOR.principal, **given) is lets


@pytest.mark.parametrize("at", [IN_TIME, TOO_LATE])
def test_the_auditor_reads_all_evidence_in_all_versions_until_then(access: Rendered, at: str) -> None:
    in_time = at == IN_TIME
    for kind in KINDS:
        for action in ("GetObject", "GetObjectVersion", "GetObjectRetention", "GetObjectLegalHold"):
            assert reads(access, f"s3:{action}", f"{BUCKET}/{kind}/a", at) is in_time, (kind, action)
    for action in ("ListBucket", "ListBucketVersions", "GetBucketObjectLockConfiguration", "GetBucketPolicy"):
        assert reads(access, f"s3:{action}", BUCKET, at) is in_time, action
    assert reads(access, "s3:GetObject", f"{LOGS}/inventory/a", at) is in_time
    assert reads(access, "s3:ListBucket", LOGS, at, **{"s3:prefix": "inventory/"}) is in_time
    for key in (Key.SIGNING, Key.WITNESS):
        aliases = {"kms:ResourceAliases": ["alias/other", STAGE.names().alias(key)]}
        key_arn = STAGE.arn("kms", EVIDENCE, "key/1")
        assert reads(access, "kms:GetPublicKey", key_arn, at, **aliases) is in_time, key


def test_the_auditor_does_nothing_else(access: Rendered) -> None:
    writes = ("PutObject", "PutObjectRetention", "PutObjectLegalHold", "DeleteObject", "DeleteObjectVersion")
    for action in (*writes, "BypassGovernanceRetention", "PutObjectTagging"):
        for kind in KINDS:
            assert not reads(access, f"s3:{action}", f"{BUCKET}/{kind}/a"), action
    ours = {"kms:ResourceAliases": [STAGE.names().alias(Key.SIGNING)]}
    for action in ("Sign", "Decrypt", "PutKeyPolicy", "ScheduleKeyDeletion"):
        assert not reads(access, f"kms:{action}", STAGE.arn("kms", EVIDENCE, "key/1"), **ours), action
    other = {"kms:ResourceAliases": ["alias/payroll"]}
    assert not reads(access, "kms:GetPublicKey", STAGE.arn("kms", EVIDENCE, "key/1"), **other)
    assert not reads(access, "s3:GetObject", f"{LOGS}/evidence/a")
    assert not reads(access, "s3:ListBucket", LOGS, **{"s3:prefix": "evidence/"})
    assert not reads(access, "s3:GetObject", "arn:aws:s3:::elsewhere/a")


@pytest.mark.parametrize(("key", "name"), [("legal_hold_principals", "LegalHold"), ("answerers", "Answer")])
@pytest.mark.parametrize(
    ("by", "mfa", "lets"),
    [
        (COUNSEL, None, True),  # a role's session never has the mark, and can be let in all the same
        (COUNSEL, "false", True),
        (CLERK, "true", True),
        (CLERK, "false", False),
        (CLERK, None, False),
        (f"arn:aws:iam::{EVIDENCE}:role/Admin", "true", False),
        (f"arn:aws:iam::{EVIDENCE}:user/Admin", "true", False),
        (f"arn:aws:iam::{EVIDENCE}:root", "true", False),
        (COUNSEL.replace(EVIDENCE, TOOLING), "true", False),
    ],
)
def test_a_role_for_people_lets_in_the_roles_the_stage_names_and_users_with_mfa(
    by: str, mfa: str | None, lets: bool, key: str, name: str
) -> None:
    found = role(Rendered(AccessStack, a_stage(**{key: (COUNSEL, CLERK)})), name)
    keys = {"aws:MultiFactorAuthPresent": mfa} if mfa else {}
    assert lets_in(found, by, **keys) is lets


@pytest.mark.parametrize("named", [COUNSEL, CLERK])
def test_a_trust_names_nobody_where_nobody_of_that_kind_is_named(named: str) -> None:
    found = role(Rendered(AccessStack, a_stage(legal_hold_principals=(named,))), "LegalHold")
    (statement,) = found["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Condition"]["ArnLike"] == {"aws:PrincipalArn": [named]}


def test_the_legal_hold_role_holds_reads_the_chain_and_writes_custody_records_only(access: Rendered) -> None:
    def may(action: str, on: str) -> bool:
        request = Request(by=STAGE.role_arn("LegalHold"), action=f"s3:{action}", on=on)
        return allowed(rights(access, "LegalHold"), request)

    for kind in KINDS:
        for action in ("PutObjectLegalHold", "GetObjectLegalHold"):
            assert may(action, f"{BUCKET}/{kind}/a"), action
        for action in ("GetObjectRetention", "GetObjectVersion"):
            assert may(action, f"{BUCKET}/{kind}/a") is (kind in ("chain", "custody")), (action, kind)
        for action in ("PutObject", "PutObjectRetention"):
            assert may(action, f"{BUCKET}/{kind}/a") is (kind == "custody"), (action, kind)
        for action in ("DeleteObject", "DeleteObjectVersion", "BypassGovernanceRetention", "PutObjectTagging"):
            assert not may(action, f"{BUCKET}/{kind}/a"), action
    assert may("ListBucketVersions", BUCKET)
    assert may("GetBucketObjectLockConfiguration", BUCKET)
    assert not may("PutBucketPolicy", BUCKET)
    assert not may("PutObjectLegalHold", "arn:aws:s3:::elsewhere/a")


def test_who_answers_reads_what_it_is_about_and_writes_answers_only(access: Rendered) -> None:
    def may(action: str, on: str) -> bool:
        return allowed(rights(access, "Answer"), Request(by=STAGE.role_arn("Answer"), action=f"s3:{action}", on=on))

    assert ANSWERS.writes == ("answers",)
    assert "raw" not in ANSWERS.reads
    for kind in RETENTION_DAYS:
        for action in ("GetObjectRetention", "GetObjectVersion"):
            assert may(action, f"{BUCKET}/{kind}/a") is (kind in ANSWERS.reads), (action, kind)
        for action in ("PutObject", "PutObjectRetention"):
            assert may(action, f"{BUCKET}/{kind}/a") is (kind == "answers"), (action, kind)
        for action in ("PutObjectLegalHold", "DeleteObject", "DeleteObjectVersion", "BypassGovernanceRetention"):
            assert not may(action, f"{BUCKET}/{kind}/a"), action
    for action in ("ListBucketVersions", "GetBucketObjectLockConfiguration"):
        assert may(action, BUCKET)
    assert not may("PutBucketPolicy", BUCKET)
    assert not may("PutObject", "arn:aws:s3:::elsewhere/answers/a")
