"""Where it is known which notices were taken: a queue beside the ledger, which is asked before anything is sent again.

SNS sends nothing twice by itself and says nothing about a publish whose answer was lost. So each owner's topic leaves a
receipt here, which is a notice's id and nothing else; with SES its own events do.
"""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_ses as ses
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from .stage import Stage

EVENTS = ("SEND", "REJECT", "BOUNCE", "COMPLAINT")
"""What SES tells of a mail. Whether it was opened is not asked: that would track people, and proves nothing."""


class Receipts(Construct):
    """The queue of receipts; whatever it loses costs a second mail at most, so it goes with its stack."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage, key: kms.Key) -> None:
        super().__init__(scope, construct_id)
        queue = sqs.Queue(
            self,
            "Queue",
            queue_name=stage.receipts_queue,
            encryption=sqs.QueueEncryption.SQS_MANAGED,  # so that SNS delivers without a right to any key
            enforce_ssl=True,
            retention_period=cdk.Duration.days(14),
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        if stage.notices.configuration_set is None:
            topics = stage.arn("sns", stage.tooling_account, f"{stage.topic_prefix}-*")
            queue.add_to_resource_policy(_takes_from(queue, topics))
        else:
            self._events(stage, key, queue, stage.notices.configuration_set)

    def _events(self, stage: Stage, key: kms.Key, queue: sqs.Queue, configuration_set: str) -> None:
        """SES tells a topic of ours what became of each mail, and the topic the queue."""
        topic = sns.Topic(self, "Events", topic_name=stage.topic("mail-events"), master_key=key, enforce_ssl=True)
        source = stage.arn("ses", stage.tooling_account, f"configuration-set/{configuration_set}")
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="OurMailsTellIt",
                principals=[iam.ServicePrincipal("ses.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions={
                    "StringEquals": {"aws:SourceAccount": stage.tooling_account},
                    "ArnEquals": {"aws:SourceArn": source},
                },
            )
        )
        topic.add_subscription(subscriptions.SqsSubscription(queue, raw_message_delivery=True))
        destination = ses.CfnConfigurationSetEventDestination(
            self,
            "Told",
            configuration_set_name=configuration_set,
            event_destination=ses.CfnConfigurationSetEventDestination.EventDestinationProperty(
                name=stage.receipts_queue,
                enabled=True,
                matching_event_types=list(EVENTS),
                sns_destination=ses.CfnConfigurationSetEventDestination.SnsDestinationProperty(
                    topic_arn=topic.topic_arn
                ),
            ),
        )
        destination.node.add_dependency(topic)  # its policy too: SES tries it when it is told of it


def _takes_from(queue: sqs.Queue, topics: str) -> iam.PolicyStatement:
    """The topics' ARN names our own account: SNS documents no other mark of where a message to a queue comes from."""
    return iam.PolicyStatement(
        sid="OwnersTopicsLeaveReceipts",
        principals=[iam.ServicePrincipal("sns.amazonaws.com")],
        actions=["sqs:SendMessage"],
        resources=[queue.queue_arn],
        conditions={"ArnLike": {"aws:SourceArn": topics}},
    )
