"""What must outlive a release beside the scanner: the ledger, two keys, the alarms, receipts and the work between steps."""

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from prooftrail.grants import Key, Role
from prooftrail.settings import LEDGER_TABLE

from .evidence_bucket import LOGS_BY_POLICY, access_logs
from .key_policies import fingerprint_policy, notices_policy
from .receipts import Receipts
from .stage import Stage

_WORK_DAYS = 30
"""Longer than any run may be redriven (14 days)."""

_LETTER_DAYS = 2
"""Longer than sending takes with all its retries, two claims that become stale among them: letters name people."""

_REPLACEABLE = (
    "AWS::SES::ConfigurationSetEventDestination",
    "AWS::SNS::Subscription",
    "AWS::SNS::Topic",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::Queue",
    "AWS::SQS::QueuePolicy",
)
_UNDELETABLE = ("AWS::DynamoDB::GlobalTable", "AWS::KMS::Key")
"""What refuses to be deleted, so that a rollback must not try."""


class LedgerStack(cdk.Stack):
    """In the tooling account. The ledger can be made again from the evidence; the key of pseudonyms cannot."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage) -> None:
        env = cdk.Environment(account=stage.tooling_account, region=stage.region)
        super().__init__(scope, construct_id, env=env, termination_protection=True)
        self.node.set_context(LOGS_BY_POLICY, True)
        self._ledger(stage)
        self._fingerprint_key(stage)
        notices = self._notices_key(stage)
        self._alarms(stage, notices)
        Receipts(self, "Receipts", stage=stage, key=notices)
        self._work(stage)
        # A retained subscription would go on mailing whoever was taken off the list. What a deployment that failed has
        # just made goes again, so that its name is free.
        excluded = [*_REPLACEABLE, *_UNDELETABLE]
        cdk.RemovalPolicies.of(self).retain_on_update_or_delete(exclude_resource_types=excluded)
        names = stage.names()
        for output, value, says in (
            ("LedgerAddress", f"dynamodb:{stage.table}", "what is known now; made again from the evidence if lost"),
            ("FingerprintAliasArn", names.alias_arn(Key.FINGERPRINTS), "keys pseudonyms; cannot be made again"),
            ("AlarmsTopicArn", stage.arn("sns", stage.tooling_account, stage.topic("alarms")), "where alarms go"),
        ):
            cdk.CfnOutput(self, output, value=value, description=says)

    def _ledger(self, stage: Stage) -> None:
        shape = LEDGER_TABLE
        dynamodb.TableV2(
            self,
            "Ledger",
            table_name=stage.table,
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
            time_to_live_attribute="expires_at",
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )

    def _fingerprint_key(self, stage: Stage) -> None:
        key = kms.Key(
            self,
            "Fingerprints",
            key_spec=kms.KeySpec.HMAC_256,
            key_usage=kms.KeyUsage.GENERATE_VERIFY_MAC,
            description=f"Keys Prooftrail's pseudonyms and fingerprints ({stage.name})",
            policy=fingerprint_policy(self, stage),
            pending_window=cdk.Duration.days(30),
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        self._alias(stage, Key.FINGERPRINTS, key)

    def _notices_key(self, stage: Stage) -> kms.Key:
        key = kms.Key(
            self,
            "Notices",
            enable_key_rotation=True,
            description=f"Encrypts Prooftrail's alarms and notices ({stage.name})",
            policy=notices_policy(self, stage),
            pending_window=cdk.Duration.days(30),
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        self._alias(stage, Key.NOTICES, key)
        return key

    def _alias(self, stage: Stage, key: Key, target: kms.Key) -> None:
        name = stage.names().alias(key)
        kms.CfnAlias(self, f"{key.capitalize()}Alias", alias_name=name, target_key_id=target.key_id)

    def _alarms(self, stage: Stage, key: kms.Key) -> None:
        topic = sns.Topic(
            self,
            "Alarms",
            topic_name=stage.topic("alarms"),
            master_key=key,
            enforce_ssl=True,
            display_name="Prooftrail",
        )
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="OwnAlarms",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": stage.tooling_account}},
            )
        )
        for address in stage.security_team:
            topic.add_subscription(subscriptions.EmailSubscription(address))

    def _work(self, stage: Stage) -> None:
        """Lists of accounts between a run's steps, what the map wrote, and letters: nothing here is evidence."""
        work = s3.Bucket(
            self,
            "Work",
            bucket_name=stage.work_bucket,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            server_access_logs_bucket=access_logs(self, "WorkLogs", name=stage.work_logs_bucket),
            server_access_logs_prefix="work/",
            lifecycle_rules=[
                s3.LifecycleRule(
                    expiration=cdk.Duration.days(_WORK_DAYS),
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(1),
                ),
                s3.LifecycleRule(prefix="letters/", expiration=cdk.Duration.days(_LETTER_DAYS)),
            ],
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        for statement in _letters_stay_closed(stage, work.arn_for_objects("letters/*")):
            work.add_to_resource_policy(statement)
        work.add_to_resource_policy(_nobody_takes_away([work.arn_for_objects(one) for one in ("letters/*", "work/*")]))


def _letters_stay_closed(stage: Stage, letters: str) -> list[iam.PolicyStatement]:
    """What is on its way to people is written by the one step and read by the other; an administrator is neither."""
    names = stage.names()
    return [
        iam.PolicyStatement(
            sid=sid,
            effect=iam.Effect.DENY,
            principals=[iam.StarPrincipal()],
            actions=[action],
            resources=[letters],
            conditions={"ArnNotEquals": {"aws:PrincipalArn": names.role_arn(role)}},
        )
        for sid, action, role in (
            ("OnlyPlanningWritesLetters", "s3:PutObject*", Role.REMIND),
            ("OnlySendingReadsLetters", "s3:GetObject*", Role.NOTIFY),
        )
    ]


def _nobody_takes_away(resources: list[str]) -> iam.PolicyStatement:
    """A list or a letter that is gone is an account not read or an owner not told; what is old goes by the lifecycle."""
    return iam.PolicyStatement(
        sid="NobodyTakesAway",
        effect=iam.Effect.DENY,
        principals=[iam.StarPrincipal()],
        actions=["s3:DeleteObject*"],
        resources=resources,
    )


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
