"""What must outlive every release: locked, retained, and writable by nobody but whom it is for."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra import evidence_policy
from infra.choices import MOST_DAYS
from infra.stage import StageError
from infra.state_stack import StateStack
from prooftrail.flows.sealing import Sealing
from prooftrail.grants import USES, Key, Role, locker_statements
from prooftrail.model.run import EvidenceKind
from prooftrail.settings import RETENTION_DAYS, Retention

from .policy_engine import Request, allowed, denied
from .stages import COPY, EVIDENCE, ORGANIZATION, STRANGER, TOOLING, a_stage
from .templates import Rendered

STAGE = a_stage(replica=COPY)
NAMES = STAGE.names()
BUCKET = f"arn:aws:s3:::{STAGE.bucket}"
ADMIN = f"arn:aws:iam::{EVIDENCE}:role/Admin"
ROOT_USER = f"arn:aws:iam::{EVIDENCE}:root"
DEPLOYER = f"arn:aws:iam::{EVIDENCE}:role/cdk-hnb659fds-cfn-exec-role-{EVIDENCE}-eu-central-1"
HOLDER = STAGE.role_arn("LegalHold")
ANSWERER = STAGE.role_arn("Answer")
KEY_ADMIN = f"arn:aws:iam::{EVIDENCE}:role/KeyAdmin"
EVERYBODY = [ADMIN, ROOT_USER, DEPLOYER, HOLDER, ANSWERER, KEY_ADMIN, *(NAMES.role_arn(role) for role in Role)]
WRITERS = {
    "raw": {Role.START, Role.SCAN},
    "people": {Role.START, Role.SCAN},
    "context": {Role.START},
    "plan": {Role.START},
    "outcome": {Role.SCAN},
    "snapshot": {Role.SCAN},
    "assessment": {Role.SCAN, Role.SEAL},
    "transitions": {Role.SCAN, Role.SEAL},
    "findings": {Role.SCAN, Role.SEAL},
    "chain": {Role.SEAL},
    "witness": {Role.WATCH},
    "notices": {Role.REMIND, Role.NOTIFY},
    "answers": set(),
    "custody": set(),
}
PEOPLES = {"answers": ANSWERER, "custody": HOLDER}


@pytest.fixture(scope="module")
def state() -> Rendered:
    return Rendered(StateStack, STAGE)


@pytest.fixture(scope="module")
def evidence(state: Rendered) -> dict[str, Any]:
    return state.policy_of(STAGE.bucket)


def put(kind: str, by: str, *, days: int | None = None, **changed: str | None) -> Request:
    """A write as our locker makes it; a key changed to None is left out of the request."""
    keys: dict[str, str | None] = {
        "s3:object-lock-mode": "COMPLIANCE",
        "s3:object-lock-remaining-retention-days": str(RETENTION_DAYS.get(kind, 3650) if days is None else days),
        "s3:if-none-match": "*",
        "s3:ObjectCreationOperation": "true",
        "aws:PrincipalOrgID": ORGANIZATION,
    }
    given = {key: value for key, value in (keys | changed).items() if value is not None}
    return Request(by=by, action="s3:PutObject", on=f"{BUCKET}/{kind}/a/b.json", keys=given)


def do(action: str, by: str, on: str = f"{BUCKET}/raw/a", **keys: str) -> Request:
    return Request(by=by, action=action, on=on, keys={"aws:PrincipalOrgID": ORGANIZATION, **keys})


def test_the_stack_stands_in_the_evidence_account_and_is_protected(state: Rendered) -> None:
    stack = state.stack
    assert (stack.account, stack.region, stack.termination_protection) == (EVIDENCE, "eu-central-1", True)


def test_everything_is_retained_policies_too(state: Rendered) -> None:
    """A first deployment that fails leaves no name behind; a key it leaves, because none of its policies lets it go."""
    for logical, one in state.resources.items():
        kept = "Retain" if one["Type"] == "AWS::KMS::Key" else "RetainExceptOnCreate"
        assert (one["DeletionPolicy"], one["UpdateReplacePolicy"]) == (kept, "Retain"), logical


def test_the_evidence_bucket_is_locked_versioned_owned_and_closed(state: Rendered) -> None:
    bucket = state.one("AWS::S3::Bucket", BucketName=STAGE.bucket)
    logs = f"arn:aws:s3:::{STAGE.logs_bucket}"
    inventory, replication = bucket.pop("InventoryConfigurations"), bucket.pop("ReplicationConfiguration")
    bucket.pop("LifecycleConfiguration")
    assert bucket == {
        "BucketName": "prooftrail-prod-evidence-222222222222-eu-central-1",
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
        },
        "LoggingConfiguration": {"DestinationBucketName": logs, "LogFilePrefix": "evidence/"},
        "ObjectLockEnabled": True,
        "ObjectLockConfiguration": {
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Days": 400, "Mode": "COMPLIANCE"}},
        },
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        "PublicAccessBlockConfiguration": {
            "BlockPublicAcls": True,
            "BlockPublicPolicy": True,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": True,
        },
        "VersioningConfiguration": {"Status": "Enabled"},
    }
    (every,) = inventory
    assert (every["IncludedObjectVersions"], every["ScheduleFrequency"], every["Enabled"]) == ("All", "Daily", True)
    assert every["Destination"] == {
        "BucketAccountId": EVIDENCE,
        "BucketArn": logs,
        "Format": "CSV",
        "Prefix": "inventory",
    }
    assert {"ObjectLockMode", "ObjectLockRetainUntilDate", "ObjectLockLegalHoldStatus"} <= set(every["OptionalFields"])
    (rule,) = replication["Rules"]
    assert rule == {
        "Id": "Everything",
        "Status": "Enabled",
        "Priority": 1,
        "Filter": {"Prefix": ""},
        "DeleteMarkerReplication": {"Status": "Disabled"},
        "Destination": {
            "Bucket": COPY.bucket_arn,
            "Account": COPY.account,
            "AccessControlTranslation": {"Owner": "Destination"},
            "Metrics": {"Status": "Enabled"},
        },
    }


def test_a_rehearsal_locks_in_governance_and_copies_nowhere() -> None:
    stage = a_stage(lock_mode="GOVERNANCE", default_retention_days=7)
    bucket = Rendered(StateStack, stage).one("AWS::S3::Bucket", BucketName=stage.bucket)
    assert bucket["ObjectLockConfiguration"]["Rule"] == {"DefaultRetention": {"Days": 7, "Mode": "GOVERNANCE"}}
    assert "ReplicationConfiguration" not in bucket


def test_s3_itself_lets_go_of_each_kind_after_its_days_and_never_of_the_chain(state: Rendered) -> None:
    rules = state.one("AWS::S3::Bucket", BucketName=STAGE.bucket)["LifecycleConfiguration"]["Rules"]
    markers = [one for one in rules if "Prefix" not in one]
    assert markers == [{"Id": "Markers", "Status": "Enabled", "ExpiredObjectDeleteMarker": True}]
    found = {one["Prefix"]: one for one in rules if "Prefix" in one}
    assert found == {
        f"{kind}/": {
            "Id": f"Dispose-{kind}",
            "Status": "Enabled",
            "Prefix": f"{kind}/",
            "ExpirationInDays": days + 1,
            "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
        }
        for kind, days in RETENTION_DAYS.items()
        if kind not in ("chain", "witness")
    }


def test_the_replication_role_reads_locks_and_holds_and_copies_to_one_bucket_for_one_bucket(state: Rendered) -> None:
    role = state.one("AWS::IAM::Role", RoleName="Prooftrail-prod-Replication", Path="/prooftrail/")
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust == {
        "Sid": "OnlyS3",
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    (policy,) = role["Policies"]
    source, copy = f"{BUCKET}/raw/a", f"{COPY.bucket_arn}/raw/a"
    arn = STAGE.role_arn("Replication")
    for action in ("GetObjectVersionForReplication", "GetObjectRetention", "GetObjectLegalHold"):
        assert allowed(policy["PolicyDocument"], Request(by=arn, action=f"s3:{action}", on=source))
    for action in ("ReplicateObject", "ObjectOwnerOverrideToBucketOwner"):
        assert allowed(policy["PolicyDocument"], Request(by=arn, action=f"s3:{action}", on=copy))
        assert not allowed(policy["PolicyDocument"], Request(by=arn, action=f"s3:{action}", on=source))
    for action in ("ReplicateDelete", "PutObject", "DeleteObject", "DeleteObjectVersion"):
        assert not allowed(policy["PolicyDocument"], Request(by=arn, action=f"s3:{action}", on=copy))


@pytest.mark.parametrize("name", [STAGE.bucket, STAGE.logs_bucket])
@pytest.mark.parametrize(
    ("keys", "spared"),
    [
        ({"aws:SecureTransport": "false"}, False),
        ({"s3:TlsVersion": "1.1"}, False),
        ({"s3:TlsVersion": "1.2"}, True),
        ({"s3:TlsVersion": "1.3"}, True),
    ],
)
def test_nothing_comes_in_below_tls_1_2(state: Rendered, name: str, keys: dict[str, str], spared: bool) -> None:
    request = do("s3:GetObject", ADMIN, f"arn:aws:s3:::{name}/chain/a", **keys)
    assert (denied(state.policy_of(name), request) == set()) is spared


@pytest.mark.parametrize("kind", sorted(RETENTION_DAYS))
@pytest.mark.parametrize("role", list(Role))
def test_a_kind_is_written_by_its_writers_and_by_no_other_function(
    evidence: Mapping[str, Any], kind: str, role: Role
) -> None:
    assert allowed(evidence, put(kind, NAMES.role_arn(role))) is (role in WRITERS[kind])


def test_the_table_of_writers_covers_every_kind_and_every_role_that_writes() -> None:
    assert set(WRITERS) == {str(kind) for kind in EvidenceKind}
    assert {role for one in WRITERS.values() for role in one} == {role for role, use in USES.items() if use.writes}


@pytest.mark.parametrize("kind", sorted(RETENTION_DAYS))
@pytest.mark.parametrize("by", [ADMIN, ROOT_USER, DEPLOYER, KEY_ADMIN, HOLDER, ANSWERER])
def test_no_person_writes_evidence_but_custody_who_holds_and_answers_who_answers(
    evidence: Mapping[str, Any], kind: str, by: str
) -> None:
    assert (denied(evidence, put(kind, by)) == set()) is (by == PEOPLES.get(kind))


@pytest.mark.parametrize("key", ["a.json", "exports/a", "rawr/a", "raw", "inventory/a", "Raw/a"])
@pytest.mark.parametrize("by", EVERYBODY)
def test_nothing_lies_beside_the_kinds(evidence: Mapping[str, Any], key: str, by: str) -> None:
    for action in ("s3:PutObject", "s3:PutObjectRetention", "s3:PutObjectLegalHold"):
        assert "NothingLiesElsewhere" in denied(evidence, do(action, by, f"{BUCKET}/{key}"))


@pytest.mark.parametrize("by", EVERYBODY)
@pytest.mark.parametrize(
    "action",
    [
        "s3:DeleteObject",
        "s3:DeleteObjectVersion",
        "s3:BypassGovernanceRetention",
        "s3:PutObjectAcl",
        "s3:PutObjectVersionAcl",
        "s3:PutObjectTagging",
        "s3:DeleteObjectTagging",
        "s3:PutObjectVersionTagging",
        "s3:ReplicateObject",
        "s3:ReplicateDelete",
        "s3:ObjectOwnerOverrideToBucketOwner",
        "s3:RestoreObject",
        "s3:SomethingOfTomorrow",
    ],
)
def test_nobody_deletes_bypasses_or_alters_what_is_sealed(evidence: Mapping[str, Any], action: str, by: str) -> None:
    sids = denied(evidence, do(action, by))
    assert "NothingElseIsDone" in sids
    ends = ("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention")
    assert ("NothingIsDeleted" in sids) is (action in ends)


@pytest.mark.parametrize("action", ["s3:DeleteObject", "s3:DeleteObjectVersion"])
@pytest.mark.parametrize("by", EVERYBODY)
def test_access_logs_and_inventory_are_not_deleted_by_hand(state: Rendered, action: str, by: str) -> None:
    assert denied(state.policy_of(STAGE.logs_bucket), do(action, by, f"arn:aws:s3:::{STAGE.logs_bucket}/evidence/a"))


FROM_S3 = {"aws:SourceAccount": EVIDENCE, "aws:SourceArn": BUCKET}


@pytest.mark.parametrize(
    ("by", "key", "keys"),
    [
        ("logging.s3.amazonaws.com", "evidence/a", FROM_S3),
        ("s3.amazonaws.com", "inventory/a", FROM_S3 | {"s3:x-amz-acl": "bucket-owner-full-control"}),
    ],
)
def test_s3_still_delivers_access_logs_and_inventory(state: Rendered, by: str, key: str, keys: dict[str, str]) -> None:
    logs = state.policy_of(STAGE.logs_bucket)
    request = Request(by=by, action="s3:PutObject", on=f"arn:aws:s3:::{STAGE.logs_bucket}/{key}", keys=keys)
    assert (allowed(logs, request), denied(logs, request)) == (True, set())


@pytest.mark.parametrize("by", EVERYBODY)
def test_nobody_deletes_the_bucket(evidence: Mapping[str, Any], by: str) -> None:
    assert denied(evidence, do("s3:DeleteBucket", by, BUCKET)) >= {"TheBucketStays"}


@pytest.mark.parametrize("name", [STAGE.bucket, STAGE.logs_bucket])
@pytest.mark.parametrize(
    "action",
    [
        "s3:DeleteBucketPolicy",
        "s3:PutAccelerateConfiguration",
        "s3:PutBucketAcl",
        "s3:PutBucketLogging",
        "s3:PutBucketObjectLockConfiguration",
        "s3:PutBucketOwnershipControls",
        "s3:PutBucketPolicy",
        "s3:PutBucketPublicAccessBlock",
        "s3:PutBucketVersioning",
        "s3:PutEncryptionConfiguration",
        "s3:PutInventoryConfiguration",
        "s3:PutLifecycleConfiguration",
        "s3:PutReplicationConfiguration",
    ],
)
def test_settings_change_by_deployment_alone(state: Rendered, action: str, name: str) -> None:
    """Of the logs' bucket too: a lifecycle rule of a day, or a policy that lets delete, would end what was logged."""
    policy, on = state.policy_of(name), f"arn:aws:s3:::{name}"
    for by in EVERYBODY:
        assert denied(policy, do(action, by, on)) == (set() if by == DEPLOYER else {"SettingsStayAsDeployed"}), by


def test_another_accounts_deployer_is_not_ours(evidence: Mapping[str, Any]) -> None:
    other = DEPLOYER.replace(EVIDENCE, TOOLING)
    assert denied(evidence, do("s3:PutBucketPolicy", other, BUCKET)) == {"SettingsStayAsDeployed"}


@pytest.mark.parametrize(
    ("changed", "sid"),
    [
        ({"s3:if-none-match": None}, "NothingIsWrittenOver"),
        ({"s3:object-lock-mode": "GOVERNANCE"}, "EveryWriteIsLocked"),
        ({"s3:object-lock-mode": None}, "EveryWriteIsLocked"),
        ({"s3:object-lock-remaining-retention-days": None}, "EveryWriteSaysHowLong"),
    ],
)
def test_a_writer_asks_for_the_lock_and_writes_only_once(
    evidence: Mapping[str, Any], changed: dict[str, str | None], sid: str
) -> None:
    assert denied(evidence, put("chain", NAMES.role_arn(Role.SEAL), **changed)) == {sid}


@pytest.mark.parametrize("kind", sorted(RETENTION_DAYS))
def test_the_bounds_of_how_long(evidence: Mapping[str, Any], kind: str) -> None:
    """Each kind has its own: what names persons is not locked for as long as the chain, whoever has the writer's role."""
    days, by = RETENTION_DAYS[kind], a_writer(kind)
    short, long = {f"AtLeast{days}Days"}, {f"AtMost{days}Days"}
    bounds: tuple[tuple[int, set[str]], ...] = (
        (days - 2, short),
        (days - 1, set()),
        (days, set()),
        (days + 1, set()),
        (days + 2, long),
        (3652, long),
    )
    for remaining, sids in bounds:
        request = put(kind, by, days=remaining)
        assert denied(evidence, request) == sids, remaining
        again = Request(by=by, action="s3:PutObjectRetention", on=request.on, keys=request.keys)
        assert denied(evidence, again) == sids, remaining


def a_writer(kind: str) -> str:
    role = next(iter(sorted(WRITERS[kind])), None)
    return NAMES.role_arn(role) if role else PEOPLES[kind]


@pytest.mark.parametrize(("mode", "sids"), [("COMPLIANCE", set()), ("GOVERNANCE", {"TheModeStays"}), (None, set())])
def test_a_lock_is_lengthened_in_the_stages_mode_alone(
    evidence: Mapping[str, Any], mode: str | None, sids: set[str]
) -> None:
    written = put("chain", NAMES.role_arn(Role.SEAL), **{"s3:object-lock-mode": mode})
    request = Request(by=written.by, action="s3:PutObjectRetention", on=written.on, keys=written.keys)
    assert denied(evidence, request) == sids


@pytest.mark.parametrize("kind", sorted(RETENTION_DAYS))
def test_what_our_own_writers_ask_for_is_let_in_however_s3_rounds(evidence: Mapping[str, Any], kind: str) -> None:
    """The date is what `Sealing` asks for; S3 looks up to a minute later, or by a clock that is a minute behind."""
    asked = datetime(2026, 11, 22, 5, 0, 0, 999_999, tzinfo=UTC)
    nowhere: Any = None
    sealing = Sealing(nowhere, clock=_At(asked), retention=Retention(), secret=b"")
    until = sealing.until(EvidenceKind(kind))
    assert until is not None
    by = a_writer(kind)
    for seen in (asked - timedelta(minutes=1), asked, asked + timedelta(minutes=1)):
        left = (until - seen) / timedelta(days=1)
        for rounded in (int(left), round(left), -int(-left // 1)):
            assert denied(evidence, put(kind, by, days=rounded)) == set(), rounded


def test_a_policy_that_s3_would_not_take_is_told_before_it_is_deployed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The longest there is: a long name and region, and fourteen kinds that are all kept for days of their own."""
    days = dict(zip(sorted(RETENTION_DAYS), range(3641, 3655), strict=True)) | {"chain": 3700, "witness": 3701}
    stage = a_stage(name="a" * 16, region="us-gov-west-1", retention_days=days, default_retention_days=3641)
    assert evidence_policy.MOST_BYTES == 20_480
    monkeypatch.setattr(evidence_policy, "MOST_BYTES", 1_000_000)
    size = len(json.dumps(Rendered(StateStack, stage).policy_of(stage.bucket), separators=(",", ":")))
    assert size > 15_000
    monkeypatch.setattr(evidence_policy, "MOST_BYTES", size)
    Rendered(StateStack, stage)
    monkeypatch.setattr(evidence_policy, "MOST_BYTES", size - 1)
    with pytest.raises(StageError) as wrong:
        Rendered(StateStack, stage)
    assert str(wrong.value) == (
        f"cdk.json stages.{stage.name}: the evidence bucket's policy has {size:,} bytes and S3 takes {size - 1:,}: "
        "give several kinds in retention_days the same days, or the stage a shorter name."
    )


class _At:
    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


@pytest.mark.parametrize("by", EVERYBODY)
def test_only_the_legal_hold_role_holds_and_releases(evidence: Mapping[str, Any], by: str) -> None:
    for status in ("ON", "OFF"):
        request = do("s3:PutObjectLegalHold", by, **{"s3:object-lock-legal-hold": status})
        assert (denied(evidence, request) == set()) is (by == HOLDER)


@pytest.mark.parametrize("kind", ["people", "raw"])
@pytest.mark.parametrize("role", list(Role))
def test_no_function_reads_what_aws_sent_and_only_who_writes_letters_whom_a_pseudonym_means(
    evidence: Mapping[str, Any], role: Role, kind: str
) -> None:
    on, by = f"{BUCKET}/{kind}/a", NAMES.role_arn(role)
    sids = {"FunctionsNeverReadBack"}
    if role is Role.REMIND:
        sids = {"LettersNeedNoMore"} if kind == "raw" else set()
    for action in ("s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectAttributes"):
        assert denied(evidence, do(action, by, on)) == sids
        for person in (ADMIN, HOLDER, ANSWERER, STAGE.role_arn("Auditor"), STAGE.role_arn("Replication")):
            assert denied(evidence, do(action, person, on)) == set()
    assert denied(evidence, do("s3:GetObjectVersion", by, f"{BUCKET}/snapshot/a")) == set()


@pytest.mark.parametrize("role", list(Role))
def test_the_bucket_lets_a_role_do_what_its_own_policy_says_and_no_more(
    evidence: Mapping[str, Any], role: Role
) -> None:
    """By action and kind, so that neither policy is wider than the other."""
    own = {"Statement": locker_statements(role, NAMES)}
    by = NAMES.role_arn(role)
    actions = ("s3:GetObjectVersion", "s3:GetObjectRetention", "s3:GetObject", "s3:GetObjectLegalHold")
    for kind in RETENTION_DAYS:
        for action in actions:
            request = do(action, by, f"{BUCKET}/{kind}/a")
            assert allowed(evidence, request) is allowed(own, request), (action, kind)
    for action in ("s3:ListBucketVersions", "s3:GetBucketObjectLockConfiguration", "s3:ListBucket"):
        request = do(action, by, BUCKET)
        assert allowed(evidence, request) is allowed(own, request), action


@pytest.mark.parametrize(
    ("by", "keys", "spared"),
    [
        (f"arn:aws:iam::{STRANGER}:role/Any", {"aws:PrincipalOrgID": "o-somebodyelse"}, False),
        (f"arn:aws:iam::{STRANGER}:role/Any", {}, False),
        (f"arn:aws:iam::{STRANGER}:role/Any", {"aws:PrincipalOrgID": ORGANIZATION}, True),
        (ADMIN, {}, True),
        (f"arn:aws:iam::{TOOLING}:role/Any", {}, True),
        ("s3.amazonaws.com", {}, True),
    ],
)
def test_outsiders_stay_out_whatever_lets_them_in(
    evidence: Mapping[str, Any], by: str, keys: dict[str, str], spared: bool
) -> None:
    request = Request(by=by, action="s3:GetObject", on=f"{BUCKET}/chain/a", keys=keys)
    assert ("OutsidersStayOut" not in denied(evidence, request)) is spared


@pytest.mark.parametrize(
    ("names", "terms"),
    [
        ({"name": "a" * 15, "region": "ap-southeast-1", "organization_id": f"o-{'a' * 32}"}, 3),
        ({"organization_id": "o-a1b2c3d4e5"}, 8),
    ],
)
def test_the_policy_fits_what_s3_takes(names: dict[str, Any], terms: int) -> None:
    """With the longest names a stage may have as many different retentions as are shipped, with short ones eight."""
    days = {kind: MOST_DAYS - min(number, terms - 1) for number, kind in enumerate(sorted(RETENTION_DAYS))}
    assert len(set(days.values())) == terms >= len(set(RETENTION_DAYS.values()))
    stage = a_stage(retention_days=days, **names)
    policy = Rendered(StateStack, stage).policy_of(stage.bucket)
    assert 18_000 < len(json.dumps(policy, separators=(",", ":"))) <= 20_480


KEYS = [(Key.SIGNING, Role.SEAL), (Key.WITNESS, Role.WATCH)]


@pytest.mark.parametrize(("key", "role"), KEYS)
def test_a_key_signs_for_its_role_alone(state: Rendered, key: Key, role: Role) -> None:
    policy = state.key_policy(f"alias/prooftrail-prod-{key}")
    signers = {by for by in EVERYBODY if allowed(policy, Request(by=by, action="kms:Sign", on="*"))}
    assert signers == {NAMES.role_arn(role)}
    for by in set(EVERYBODY) - signers:
        assert "NobodyElseUsesIt" in denied(policy, Request(by=by, action="kms:Sign", on="*"))


def test_signing_keys_are_p256(state: Rendered) -> None:
    shapes = [(one["KeySpec"], one["KeyUsage"]) for one in state.of("AWS::KMS::Key").values()]
    assert shapes == [("ECC_NIST_P256", "SIGN_VERIFY")] * 2


def aliases(generation: int) -> tuple[Rendered, dict[str, str]]:
    """A State stack after so many signing keys, and the logical id of the key that each alias means."""
    state = Rendered(StateStack, a_stage(signing_key_generation=generation))
    found = state.of("AWS::KMS::Alias").values()
    return state, {one["AliasName"].removeprefix("alias/prooftrail-prod-"): target(one) for one in found}


def target(alias: Mapping[str, Any]) -> str:
    return str(alias["TargetKeyId"])


def test_a_newer_signing_key_leaves_the_ones_before_where_they_are() -> None:
    means = {generation: aliases(generation)[1] for generation in (1, 2, 3)}
    assert [sorted(one) for one in means.values()] == [
        ["signing", "witness"],
        ["signing", "signing-previous", "witness"],
        ["signing", "signing-previous", "witness"],
    ]
    assert means[2]["signing-previous"] == means[1]["signing"]
    assert means[3]["signing-previous"] == means[2]["signing"]
    assert len({one["signing"] for one in means.values()}) == 3
    assert {one["witness"] for one in means.values()} == {means[1]["witness"]}


def test_every_signing_key_there_ever_was_is_kept_for_its_role_alone() -> None:
    state, _ = aliases(3)
    assert len(state.of("AWS::KMS::Key")) == 4
    assert {one["DeletionPolicy"] for one in state.resources.values() if one["Type"] == "AWS::KMS::Key"} == {"Retain"}
    for alias in (Key.SIGNING, Key.PREVIOUS):
        policy = state.key_policy(f"alias/prooftrail-prod-{alias}")
        signers = {by for by in EVERYBODY if allowed(policy, Request(by=by, action="kms:Sign", on="*"))}
        assert signers == {NAMES.role_arn(Role.SEAL)}


@pytest.mark.parametrize("key", [Key.SIGNING, Key.WITNESS])
@pytest.mark.parametrize("action", ["kms:GetPublicKey", "kms:Verify", "kms:DescribeKey"])
def test_everybody_in_the_organization_may_check_a_signature(state: Rendered, key: Key, action: str) -> None:
    policy, member = state.key_policy(NAMES.alias(key)), f"arn:aws:iam::{STRANGER}:role/Any"
    for organization, lets in ((ORGANIZATION, True), ("o-somebodyelse", False)):
        request = Request(by=member, action=action, on="*", keys={"aws:PrincipalOrgID": organization})
        assert allowed(policy, request) is lets
    for by in (ADMIN, *(NAMES.role_arn(role) for role in Role)):
        assert allowed(policy, Request(by=by, action=action, on="*"))


TURNS = ("kms:PutKeyPolicy", "kms:UpdateAlias", "kms:DeleteAlias", "kms:CreateGrant")
ENDS = ("kms:ScheduleKeyDeletion", "kms:DisableKey")


@pytest.mark.parametrize("key", [Key.SIGNING, Key.WITNESS])
@pytest.mark.parametrize("action", [*TURNS, *ENDS])
def test_a_key_is_turned_or_ended_only_by_its_keepers(state: Rendered, key: Key, action: str) -> None:
    policy = state.key_policy(NAMES.alias(key))
    spared = {by for by in EVERYBODY if not denied(policy, Request(by=by, action=action, on="*"))}
    assert spared == ({ROOT_USER} if action in ENDS else {ROOT_USER, DEPLOYER})


def test_named_administrators_take_the_end_of_a_key_from_the_root_user() -> None:
    stage = a_stage(key_administrators=(f"arn:aws:iam::{EVIDENCE}:role/Key*",))
    policy = Rendered(StateStack, stage).key_policy(NAMES.alias(Key.SIGNING))
    for action in (*TURNS, *ENDS):
        spared = {by for by in EVERYBODY if not denied(policy, Request(by=by, action=action, on="*"))}
        assert spared == ({KEY_ADMIN} if action in ENDS else {KEY_ADMIN, ROOT_USER, DEPLOYER}), action


@pytest.mark.parametrize("key", [Key.SIGNING, Key.WITNESS])
def test_the_account_keeps_enough_to_look_after_a_key_and_no_more(state: Rendered, key: Key) -> None:
    policy = state.key_policy(NAMES.alias(key))
    for action in ("PutKeyPolicy", "EnableKey", "CancelKeyDeletion", "TagResource", "CreateAlias", "GetKeyPolicy"):
        assert allowed(policy, Request(by=DEPLOYER, action=f"kms:{action}", on="*")), action
    for action in ("Sign", "CreateGrant", "ReplicateKey", "Decrypt"):
        for by in (DEPLOYER, ROOT_USER, ADMIN):
            assert not allowed(policy, Request(by=by, action=f"kms:{action}", on="*")), action


def test_without_an_organization_the_two_accounts_are_let_in() -> None:
    alone = a_stage(organization_id=None, management_account=None, organizational_units=(), tooling_account=EVIDENCE)
    state = Rendered(StateStack, alone)
    policy, names = state.policy_of(alone.bucket), alone.names()
    assert allowed(policy, Request(by=names.role_arn(Role.SEAL), action="s3:GetObjectVersion", on=f"{BUCKET}/chain/a"))
    stranger = Request(by=f"arn:aws:iam::{STRANGER}:role/Any", action="s3:GetObject", on=f"{BUCKET}/chain/a")
    assert "OutsidersStayOut" in denied(policy, stranger)
    check = Request(by=stranger.by, action="kms:GetPublicKey", on="*", keys={"aws:PrincipalOrgID": ORGANIZATION})
    assert not allowed(state.key_policy(names.alias(Key.SIGNING)), check)
