"""The evidence bucket, the bucket beside it for access logs and inventory, and the copy in a second account."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from prooftrail import grants

from . import evidence_policy
from .deployer import deployer_arn
from .stage import Replica, Stage

LOGS_BY_POLICY = "@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy"
"""A stack's context must set it: otherwise CDK lets access logs in by an ACL, which owner-enforced buckets lack."""

REPLICATION_RULE = "Everything"
"""The one rule of replication, which its metrics name."""

_LOG_DAYS = 400
_KEPT = ("chain", "witness")
_LISTED = (
    "Size",
    "LastModifiedDate",
    "ETag",
    "IsMultipartUploaded",
    "ReplicationStatus",
    "EncryptionStatus",
    "ChecksumAlgorithm",
    "ObjectLockMode",
    "ObjectLockRetainUntilDate",
    "ObjectLockLegalHoldStatus",
)


def access_logs(scope: Construct, construct_id: str, *, name: str) -> s3.Bucket:
    """A bucket for access logs, kept for an audit year; only S3's own expiry deletes. One with Object Lock takes none."""
    bucket = s3.Bucket(
        scope,
        construct_id,
        bucket_name=name,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        encryption=s3.BucketEncryption.S3_MANAGED,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        versioned=True,
        removal_policy=cdk.RemovalPolicy.RETAIN,
        lifecycle_rules=[
            s3.LifecycleRule(
                expiration=cdk.Duration.days(_LOG_DAYS), noncurrent_version_expiration=cdk.Duration.days(30)
            )
        ],
    )
    bucket.add_to_resource_policy(
        iam.PolicyStatement(
            sid="NothingIsDeletedByHand",
            effect=iam.Effect.DENY,
            principals=[iam.AnyPrincipal()],
            actions=["s3:DeleteObject", "s3:DeleteObjectVersion"],
            resources=[bucket.arn_for_objects("*")],
        )
    )
    return bucket


def evidence_bucket(stack: cdk.Stack, stage: Stage) -> s3.Bucket:
    """The locker. A daily inventory of all versions, made by S3 itself, is a second list of what is in it.

    Its settings and those of the bucket that logs and inventory go to change by deploying alone.
    """
    logs, deployer = access_logs(stack, "AccessLogs", name=stage.logs_bucket), deployer_arn(stack, stage)
    kept = evidence_policy.settings_stay(f"arn:{stage.partition}:s3:::{stage.logs_bucket}", deployer)
    logs.add_to_resource_policy(iam.PolicyStatement.from_json(kept))
    lock = s3.ObjectLockRetention
    bucket = s3.Bucket(
        stack,
        "Evidence",
        bucket_name=stage.bucket,
        object_lock_enabled=True,
        object_lock_default_retention=(lock.compliance if stage.lock_mode == "COMPLIANCE" else lock.governance)(
            cdk.Duration.days(stage.default_retention_days)
        ),
        versioned=True,
        encryption=s3.BucketEncryption.S3_MANAGED,  # the loss of a KMS key would be the loss of the evidence
        enforce_ssl=True,
        minimum_tls_version=1.2,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        server_access_logs_bucket=logs,
        server_access_logs_prefix="evidence/",
        inventories=[_inventory(logs, stage)],
        lifecycle_rules=_disposal(stage),
        removal_policy=cdk.RemovalPolicy.RETAIN,
    )
    for statement in evidence_policy.statements(stage, deployer=deployer):
        bucket.add_to_resource_policy(iam.PolicyStatement.from_json(statement))
    evidence_policy.require_fit(stage, stack.resolve(bucket.policy.document) if bucket.policy else {})
    if stage.replica is not None:
        _replicate(stack, bucket, stage, stage.replica)
    return bucket


def _disposal(stage: Stage) -> list[s3.LifecycleRule]:
    """S3 itself lets go of what was kept its time: nobody else can. What is on legal hold stays.

    A day after the lock has ended the version is hidden, a day later it is gone, and then its marker. The chain and its
    witnesses stay: they name no person, and without them what is kept longer proves less.
    """
    found = [
        s3.LifecycleRule(
            id=f"Dispose-{kind}",
            prefix=f"{kind}/",
            expiration=cdk.Duration.days(days + 1),
            noncurrent_version_expiration=cdk.Duration.days(1),
        )
        for kind, days in sorted(stage.retention_days.items())
        if kind not in _KEPT
    ]
    return [*found, s3.LifecycleRule(id="Markers", expired_object_delete_marker=True)]


def _inventory(logs: s3.Bucket, stage: Stage) -> s3.Inventory:
    return s3.Inventory(
        inventory_id="AllVersions",
        destination=s3.InventoryDestination(bucket=logs, prefix="inventory", bucket_owner=stage.evidence_account),
        format=s3.InventoryFormat.CSV,
        frequency=s3.InventoryFrequency.DAILY,
        include_object_versions=s3.InventoryObjectVersion.ALL,
        optional_fields=list(_LISTED),
    )


def _replicate(stack: cdk.Stack, bucket: s3.Bucket, stage: Stage, replica: Replica) -> None:
    """Every version goes to the second account with its lock, and is that account's from then on.

    Delete markers stay behind, so that hiding something here hides nothing there.
    """
    role = _replication_role(stack, stage, replica)
    made = bucket.node.default_child
    assert isinstance(made, s3.CfnBucket)
    property_ = s3.CfnBucket
    made.replication_configuration = property_.ReplicationConfigurationProperty(
        role=role.attr_arn,
        rules=[
            property_.ReplicationRuleProperty(
                id=REPLICATION_RULE,
                status="Enabled",
                priority=1,
                filter=property_.ReplicationRuleFilterProperty(prefix=""),
                delete_marker_replication=property_.DeleteMarkerReplicationProperty(status="Disabled"),
                destination=property_.ReplicationDestinationProperty(
                    bucket=replica.bucket_arn,
                    account=replica.account,
                    access_control_translation=property_.AccessControlTranslationProperty(owner="Destination"),
                    metrics=property_.MetricsProperty(status="Enabled"),  # without them no failure is counted
                ),
            )
        ],
    )


def _replication_role(stack: cdk.Stack, stage: Stage, replica: Replica) -> iam.CfnRole:
    """S3's role for the copy. Its trust asks for no source: S3 documents none for live replication. What it may do is
    bound to the two buckets instead, and only who may pass a role of ours can hand it to another bucket.
    """
    bucket = f"arn:{stage.partition}:s3:::{stage.bucket}"
    path, _, name = grants.role_path(stage.name, "Replication").rpartition("/")
    return iam.CfnRole(
        stack,
        "Replication",
        path=f"/{path}/",
        role_name=name,
        description="S3 copies evidence to a second account with it",
        assume_role_policy_document={
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "OnlyS3",
                    "Effect": "Allow",
                    "Principal": {"Service": "s3.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ],
        },
        policies=[
            iam.CfnRole.PolicyProperty(policy_name="Copy", policy_document=_copying(bucket, f"{replica.bucket_arn}/*"))
        ],
    )


def _copying(bucket: str, copies: str) -> dict[str, object]:
    read = ("GetObjectLegalHold", "GetObjectRetention", "GetObjectVersionAcl", "GetObjectVersionForReplication")
    write = ("ObjectOwnerOverrideToBucketOwner", "ReplicateObject", "ReplicateTags")
    source = ["s3:GetReplicationConfiguration", "s3:ListBucket"]
    allowed = (
        ("Finds", source, bucket),
        ("Reads", [f"s3:{one}" for one in (*read, "GetObjectVersionTagging")], f"{bucket}/*"),
        ("Copies", [f"s3:{one}" for one in write], copies),
    )
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}
            for sid, actions, resource in allowed
        ],
    }
