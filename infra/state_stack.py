"""What must outlive every release: the evidence bucket, the ledger table, the signing and fingerprint keys."""

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from prooftrail.settings import LEDGER_TABLE

from .stage import Stage


class StateStack(cdk.Stack):
    """Everything here is retained when the stack goes; the stack itself is protected from going."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage) -> None:
        super().__init__(scope, construct_id, termination_protection=True)
        # Access logs are let in by bucket policy; without the flag CDK asks for an ACL, which owner-enforced buckets lack.
        self.node.set_context("@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy", True)
        bucket = self._evidence(stage, self._access_logs())
        table = self._ledger()
        signing = self._signing_key()
        fingerprints = self._fingerprint_key()
        cdk.CfnOutput(self, "LockerAddress", value=f"s3://{bucket.bucket_name}", description="prooftrail scan --locker")
        cdk.CfnOutput(
            self, "LedgerAddress", value=f"dynamodb:{table.table_name}", description="prooftrail scan --ledger"
        )
        cdk.CfnOutput(self, "SignerAddress", value=f"kms:{signing.key_arn}", description="prooftrail scan --signer")
        cdk.CfnOutput(
            self,
            "FingerprintKeyAddress",
            value=f"kms:{fingerprints.key_arn}",
            description="prooftrail scan --fingerprint-key",
        )

    def _access_logs(self) -> s3.Bucket:
        # A bucket with Object Lock cannot take its own access logs.
        return s3.Bucket(
            self,
            "AccessLogs",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            removal_policy=cdk.RemovalPolicy.RETAIN,
            lifecycle_rules=[s3.LifecycleRule(expiration=cdk.Duration.days(400))],
        )

    def _evidence(self, stage: Stage, logs: s3.Bucket) -> s3.Bucket:
        days = cdk.Duration.days(stage.default_retention_days)
        lock = (
            s3.ObjectLockRetention.compliance if stage.lock_mode == "COMPLIANCE" else s3.ObjectLockRetention.governance
        )
        bucket = s3.Bucket(
            self,
            "Evidence",
            object_lock_enabled=True,
            object_lock_default_retention=lock(days),
            versioned=True,
            encryption=s3.BucketEncryption.S3_MANAGED,  # the loss of a KMS key would be the loss of the evidence
            enforce_ssl=True,
            minimum_tls_version=1.2,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            server_access_logs_bucket=logs,
            server_access_logs_prefix="evidence/",
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        for statement in _denials(bucket):
            bucket.add_to_resource_policy(statement)
        return bucket

    def _ledger(self) -> dynamodb.TableV2:
        shape = LEDGER_TABLE
        return dynamodb.TableV2(
            self,
            "Ledger",
            partition_key=_text(shape.hash_key),
            sort_key=_text(shape.range_key),
            global_secondary_indexes=[
                dynamodb.GlobalSecondaryIndexPropsV2(
                    index_name=index.name, partition_key=_text(index.hash_key), sort_key=_text(index.range_key)
                )
                for index in shape.indexes
            ],
            billing=dynamodb.Billing.on_demand(),
            deletion_protection=True,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )

    def _signing_key(self) -> kms.Key:
        return kms.Key(
            self,
            "SigningKey",
            key_spec=kms.KeySpec.ECC_NIST_P256,
            key_usage=kms.KeyUsage.SIGN_VERIFY,
            description="Signs Prooftrail's manifests",
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )

    def _fingerprint_key(self) -> kms.Key:
        return kms.Key(
            self,
            "FingerprintKey",
            key_spec=kms.KeySpec.HMAC_256,
            key_usage=kms.KeyUsage.GENERATE_VERIFY_MAC,
            description="Keys Prooftrail's pseudonyms and fingerprints",
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)


def _denials(bucket: s3.Bucket) -> list[iam.PolicyStatement]:
    """What nobody may do, the account's administrators among them as long as the policy stands."""
    return [
        iam.PolicyStatement(
            sid="NothingIsDeletedEarly",
            effect=iam.Effect.DENY,
            principals=[iam.AnyPrincipal()],
            actions=["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention"],
            resources=[bucket.arn_for_objects("*")],
        ),
        iam.PolicyStatement(
            sid="TheLockStaysAsItIs",
            effect=iam.Effect.DENY,
            principals=[iam.AnyPrincipal()],
            actions=["s3:PutBucketVersioning", "s3:PutBucketObjectLockConfiguration", "s3:PutLifecycleConfiguration"],
            resources=[bucket.bucket_arn],
            # CloudFormation sets these itself when it creates the bucket, before this policy stands.
        ),
        iam.PolicyStatement(
            sid="NothingIsWrittenOver",
            effect=iam.Effect.DENY,
            principals=[iam.AnyPrincipal()],
            actions=["s3:PutObject"],
            resources=[bucket.arn_for_objects("*")],
            conditions={"Null": {"s3:if-none-match": "true"}, "Bool": {"s3:ObjectCreationOperation": "true"}},
        ),
    ]
