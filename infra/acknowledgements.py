"""What the rule packs of cdk-nag find and we leave as it is, each with the reason; a test holds that none is idle.

The packs run in the tests, over every template, and not in `cdk synth`: that needs no library but CDK's own.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """Findings of one rule in some places. `rule` and `where`, a construct's path after `Prooftrail-STAGE-`, are
    regular expressions for the whole. Rules with details carry each in brackets, and each is a finding of its own.
    """

    rule: str
    where: str
    reason: str

    def covers(self, rule: str, path: str) -> bool:
        """Whether this answers the finding of `rule` at the construct `path`."""
        place = path.removeprefix("Prooftrail-").partition("-")[2]
        return bool(re.fullmatch(self.rule, rule) and re.fullmatch(self.where, place))


def _wildcard(resource: str) -> str:
    return rf"AwsSolutions-IAM5\[Resource::{resource}\]"


_ARN = r"arn:[^:]+"
_FUNCTION = r"(Scanner|Watchdog)/Functions/[A-Z][A-Za-z]+(?<!Role|Logs)/Resource"
_LOGS = r"(Scanner|Watchdog)/(Functions/[A-Za-z]+|Run/)Logs/Resource"
_ROLE = r"(Scanner|Watchdog)/Functions/[A-Za-z]+Role/Resource"
_PARTITION = r"(<AWS::Partition>|[a-z-]+)"

_WILDCARDS = (
    Acknowledged(
        rule=_wildcard(rf"{_ARN}:s3:::prooftrail-[a-z0-9-]+-(evidence|work)-\d{{12}}-[a-z0-9-]+/([a-z]+/)?\*"),
        where=rf"{_ROLE}|Scanner/Run/Role/Resource|Access/(Answer|Auditor|LegalHold)|State/Replication",
        reason="Objects are named by run and account, so a grant names one kind below one bucket of our own.",
    ),
    Acknowledged(
        rule=_wildcard(rf"{_ARN}:s3:::prooftrail-[a-z0-9-]+-logs-\d{{12}}-[a-z0-9-]+/inventory/\*"),
        where=r"Access/Auditor",
        reason="S3 chooses the names of its inventories; the auditor compares them with what the chain lists.",
    ),
    Acknowledged(
        rule=_wildcard(rf"{_ARN}:s3:::[a-z0-9.-]+/\*"),
        where=r"State/Replication",
        reason="A copy of all evidence goes to one named bucket of a second account, under the names it has here.",
    ),
    Acknowledged(
        rule=_wildcard(rf"{_ARN}:kms:[^\]]+:key/\*"),
        where=rf"{_ROLE}|Access/Auditor",
        reason="AWS chooses a key's id; the condition kms:ResourceAliases holds the statement to our own aliases.",
    ),
    Acknowledged(
        rule=_wildcard(rf"{_ARN}:logs:[^\]]+:log-group:/aws/lambda/prooftrail-[a-z0-9-]+:\*"),
        where=_ROLE,
        reason="Lambda chooses the names of log streams; the log group is the function's own.",
    ),
    Acknowledged(
        rule=_wildcard(rf"{_ARN}:lambda:[^\]]+:function:prooftrail-[a-z0-9-]+:\*"),
        where=r"Scanner/Run/Role/Resource",
        reason="Versions of our own functions: a run that a deployment overtakes still calls the ones it began with.",
    ),
    Acknowledged(
        rule=_wildcard(rf"{_ARN}:states:[^\]]+:execution:prooftrail-[a-z0-9-]+-run[:/]\*"),
        where=r"Scanner/Run/Role/Resource",
        reason="Executions of the state machine itself and of its maps, which are named by run.",
    ),
    Acknowledged(
        rule=_wildcard(r"\*"),
        where=r"Scanner/Run/Role/Resource",
        reason="Log delivery has no resource to name; the service authorization reference lists none for its actions.",
    ),
    Acknowledged(
        rule=_wildcard(r"\*"),
        where=r"Scanner/Functions/(Scan|Seal|Start)Role/Resource|Management/Reader",
        reason="Reads whole accounts or the organization, by actions that list and take no resource; none reads a value.",
    ),
    Acknowledged(
        rule=_wildcard(
            rf"arn:{_PARTITION}:(iam::\*:(user|oidc-provider)/\*|secretsmanager:\*:\*:secret:\*|account::\*:account)",
        ),
        where=r"Scanner/Functions/ScanRole/Resource|Management/Reader",
        reason="Every user, provider and secret of an account is to be read, and whom it names for trouble; only metadata, "
        "values are denied by name.",
    ),
    Acknowledged(
        rule=_wildcard(rf"{_ARN}:sns:[^\]]+:prooftrail-[a-z0-9-]+-owner-\*"),
        where=r"Scanner/Functions/NotifyRole/Resource",
        reason="Each owner has a topic of their own, named by a hash, that is made when there is something to tell.",
    ),
    Acknowledged(
        rule=_wildcard(r"\*"),
        where=r"Scanner/Functions/NotifyRole/Resource",
        reason="Ending a subscription takes no resource; it is how one is put off that listens in on an owner's topic.",
    ),
    Acknowledged(
        rule=_wildcard(rf"{_ARN}:iam::\*:role/[^\]*]+"),
        where=r"Scanner/Functions/ScanRole/Resource",
        reason="One role name in every account of the organization, and each account's own trust says who comes in.",
    ),
    Acknowledged(
        rule=r"Serverless-LambdaStarPermissions",
        where=r"Scanner/Functions/(Notify|Scan|Seal|Start)Role/Resource",
        reason="The rule looks at the resource alone; allowed on it are single actions that take no other, each with a why.",
    ),
)

_OTHERS = (
    Acknowledged(
        rule=r"NIST\.800\.53\.R5-IAMNoInlinePolicy",
        where=rf"{_ROLE}|(Scanner|Watchdog)/Schedules/Role/Resource|Scanner/Run/Role/Resource|State/Replication"
        r"|Access/(Answer|Auditor|LegalHold)|Management/Reader",
        reason="A policy for one role alone goes with it: nobody can attach it elsewhere, and it is reviewed beside it.",
    ),
    Acknowledged(
        rule=r"AwsSolutions-L1|Serverless-LambdaLatestVersion",
        where=_FUNCTION,
        reason="Python 3.13 is supported until 2029; the code is compiled and tested for it, and moves when the tests do.",
    ),
    Acknowledged(
        rule=r"NIST\.800\.53\.R5-LambdaConcurrency",
        where=_FUNCTION,
        reason="The map bounds what runs side by side, and a small account could not be deployed to with reservations.",
    ),
    Acknowledged(
        rule=r"(NIST\.800\.53\.R5|Serverless)-LambdaDLQ",
        where=_FUNCTION,
        reason="The state machine awaits every step itself; what nobody awaits hands its failures to a queue as destination.",
    ),
    Acknowledged(
        rule=r"NIST\.800\.53\.R5-LambdaInsideVPC",
        where=_FUNCTION,
        reason="Functions call AWS's public endpoints in every region and nothing in a network of ours; nobody calls in.",
    ),
    Acknowledged(
        rule=r"Serverless-LambdaTracing|AwsSolutions-SF2|Serverless-StepFunctionStateMachineXray",
        where=rf"{_FUNCTION}|Scanner/Run/Machine",
        reason="The execution's history is the trace; X-Ray would keep samples of it for a grant on every resource.",
    ),
    Acknowledged(
        rule=r"NIST\.800\.53\.R5-CloudWatchLogGroupEncrypted",
        where=_LOGS,
        reason="CloudWatch encrypts by itself. Our lines hold counts and account ids; Lambda's report of a defect holds its words.",
    ),
    Acknowledged(
        rule=r"NIST\.800\.53\.R5-S3DefaultEncryptionKMS",
        where=r"State/(Evidence|AccessLogs)/Resource|Ledger/Work(Logs)?/Resource",
        reason="SSE-S3: losing a KMS key would lose the evidence, and S3 cannot deliver logs under a key of AWS's own.",
    ),
    Acknowledged(
        rule=r"NIST\.800\.53\.R5-S3BucketReplicationEnabled",
        where=r"State/(Evidence|AccessLogs)/Resource|Ledger/Work(Logs)?/Resource",
        reason="Evidence is replicated where the stage names a replica; logs and lists between steps are no evidence.",
    ),
    Acknowledged(
        rule=r"NIST\.800\.53\.R5-S3BucketVersioningEnabled",
        where=r"Ledger/Work/Resource",
        reason="Lists of accounts between two steps of one run, which are deleted after a month and can be made again.",
    ),
    Acknowledged(
        rule=r"AwsSolutions-SQS3|Serverless-SQSRedrivePolicy",
        where=r"(Scanner|Watchdog)/Failures/Queue/Resource",
        reason="This is the dead-letter queue itself; an alarm speaks as soon as anything is in it.",
    ),
    Acknowledged(
        rule=r"AwsSolutions-SQS3|Serverless-SQSRedrivePolicy",
        where=r"Ledger/Receipts/Queue/Resource",
        reason="A receipt is kept until it is let go of, however often it is read: another queue would hide it from who asks.",
    ),
    Acknowledged(
        rule=r"Serverless-SNSRedrivePolicy",
        where=r"Ledger/Alarms/[^/]+/Resource|Watchdog/Topic/[^/]+/Resource",
        reason="Mail has no dead letters: SNS retries by itself, and what it reported stays in the alarm's own history.",
    ),
)

ACKNOWLEDGED = (*_WILDCARDS, *_OTHERS)
"""Everything that is acknowledged, in either kind of stage."""

LINT_IGNORED = {
    "W3005": "CDK itself makes each function wait for its role by name besides; to say it twice does no harm.",
}
"""Rules of cfn-lint whose findings are left, each with the reason."""
