"""What must outlive every release: locked, retained, and of the shape the adapters expect."""

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Match, Template

from infra.stage import Stage, StageError
from infra.state_stack import StateStack
from prooftrail.settings import LEDGER_TABLE


@pytest.fixture(scope="module")
def template() -> Template:
    app = cdk.App()
    stage = Stage.parse("prod", {"lock_mode": "COMPLIANCE", "acknowledge_irreversible_days": 400})
    return Template.from_stack(StateStack(app, "State", stage=stage))


def test_the_evidence_bucket_is_locked_versioned_and_closed(template: Template) -> None:
    template.has_resource(
        "AWS::S3::Bucket",
        {
            "DeletionPolicy": "Retain",
            "Properties": Match.object_like(
                {
                    "ObjectLockEnabled": True,
                    "ObjectLockConfiguration": {
                        "ObjectLockEnabled": "Enabled",
                        "Rule": {"DefaultRetention": {"Days": 400, "Mode": "COMPLIANCE"}},
                    },
                    "VersioningConfiguration": {"Status": "Enabled"},
                    "PublicAccessBlockConfiguration": {
                        "BlockPublicAcls": True,
                        "BlockPublicPolicy": True,
                        "IgnorePublicAcls": True,
                        "RestrictPublicBuckets": True,
                    },
                }
            ),
        },
    )


@pytest.mark.parametrize("sid", ["NothingIsDeletedEarly", "TheLockStaysAsItIs", "NothingIsWrittenOver"])
def test_the_bucket_policy_denies_everybody(template: Template, sid: str) -> None:
    statement = Match.object_like({"Sid": sid, "Effect": "Deny", "Principal": {"AWS": "*"}})
    template.has_resource_properties(
        "AWS::S3::BucketPolicy", {"PolicyDocument": Match.object_like({"Statement": Match.array_with([statement])})}
    )


def test_every_stateful_resource_is_retained(template: Template) -> None:
    kinds = ("AWS::S3::Bucket", "AWS::DynamoDB::GlobalTable", "AWS::KMS::Key")
    for kind in kinds:
        found = template.find_resources(kind)
        assert found
        assert {one["DeletionPolicy"] for one in found.values()} == {"Retain"}
        assert {one["UpdateReplacePolicy"] for one in found.values()} == {"Retain"}


def test_the_ledger_has_the_keys_and_indexes_of_the_adapter(template: Template) -> None:
    (table,) = template.find_resources("AWS::DynamoDB::GlobalTable").values()
    properties = table["Properties"]
    assert [one["AttributeName"] for one in properties["KeySchema"]] == [LEDGER_TABLE.hash_key, LEDGER_TABLE.range_key]
    indexes = {
        one["IndexName"]: tuple(key["AttributeName"] for key in one["KeySchema"])
        for one in properties["GlobalSecondaryIndexes"]
    }
    assert indexes == {one.name: (one.hash_key, one.range_key) for one in LEDGER_TABLE.indexes}
    assert properties["BillingMode"] == LEDGER_TABLE.billing_mode
    (replica,) = properties["Replicas"]
    assert replica["DeletionProtectionEnabled"] is True
    assert replica["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_the_signing_key_is_p256_and_the_fingerprint_key_a_mac(template: Template) -> None:
    keys = template.find_resources("AWS::KMS::Key").values()
    assert {(one["Properties"]["KeySpec"], one["Properties"]["KeyUsage"]) for one in keys} == {
        ("ECC_NIST_P256", "SIGN_VERIFY"),
        ("HMAC_256", "GENERATE_VERIFY_MAC"),
    }


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "lock_mode must be GOVERNANCE or COMPLIANCE"),
        ({"lock_mode": "governance"}, "lock_mode must be"),
        ({"lock_mode": "GOVERNANCE", "colour": "red"}, "stages.x.colour is not a setting"),
        ({"lock_mode": "GOVERNANCE", "default_retention_days": 0}, "default_retention_days must be whole days"),
        ({"lock_mode": "GOVERNANCE", "default_retention_days": 36_501}, "default_retention_days must be whole days"),
        ({"lock_mode": "COMPLIANCE"}, "acknowledge_irreversible_days must be 400"),
        (
            {"lock_mode": "COMPLIANCE", "acknowledge_irreversible_days": 399},
            "acknowledge_irreversible_days must be 400",
        ),
    ],
)
def test_a_wrong_value_names_its_key_and_the_fix(given: dict[str, object], says: str) -> None:
    with pytest.raises(StageError, match=says):
        Stage.parse("x", given)


@pytest.mark.parametrize("days", [1, 36_500])
def test_the_bounds_of_retention_are_allowed(days: int) -> None:
    assert Stage.parse("x", {"lock_mode": "GOVERNANCE", "default_retention_days": days}).default_retention_days == days
