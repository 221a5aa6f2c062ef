"""A reference landing zone: a hundred accounts as AWS's own tools leave them, with ordinary, well-kept workloads.

Control Tower, CDK bootstrap in two regions, StackSets, OrganizationAccountAccessRole, Identity Center with its
permission sets (nobody signs in with some of them), EKS by both of its ways, and the service-linked roles AWS makes.
What is judged here and fails is what a customer can act on.
"""

from dataclasses import dataclass
from datetime import timedelta

from prooftrail.demo.estate.documents import allow, principal, saml, service, trust, web_identity
from prooftrail.evidence.context import Context
from prooftrail.governance import Governance, Owner, Owners
from prooftrail.governance.registers import Preset, Privileged, Registers
from prooftrail.model.organization import Account, PermissionSet
from prooftrail.model.snapshot import Snapshot

from .account import REGIONS, ReferenceAccount
from .organization import MANAGEMENT, OUTSIDER, RUN, TICK, account, aws_managed, context, inside

DAY = timedelta(days=1)
OWNER = "platform"
_STARTED = TICK.date() - timedelta(days=200)
_LINKED = {
    "Organizations": ("organizations", "AWSOrganizationsServiceTrustPolicy"),
    "Support": ("support", "AWSSupportServiceRolePolicy"),
    "TrustedAdvisor": ("trustedadvisor", "AWSTrustedAdvisorServiceRolePolicy"),
    "SSO": ("sso", "AWSSSOServiceRolePolicy"),
    "CloudTrail": ("cloudtrail", "CloudTrailServiceRolePolicy"),
    "AmazonEKS": ("eks", "AmazonEKSServiceRolePolicy"),
}
_SETS = {"AdministratorAccess": ("PT1H", "AdministratorAccess"), "ReadOnlyAccess": ("PT8H", "ReadOnlyAccess"),
         "PowerUserAccess": ("PT4H", "PowerUserAccess"), "Billing": ("PT8H", "job-function/Billing")}  # fmt: skip
_ATTACHED = (
    "AdministratorAccess",
    "ReadOnlyAccess",
    "PowerUserAccess",
    "Billing",
    "AWSLambdaBasicExecutionRole",
    "AmazonEKSWorkerNodePolicy",
    "AmazonEC2ContainerRegistryReadOnly",
    "CloudFormationStackSetsOrgAdminServiceRolePolicy",
    *(policy for _, policy in _LINKED.values()),
)
_CHANGES = ("config:Put*", "config:Get*", "s3:ListAllMyBuckets", "iam:ListRoles", "ec2:DescribeInstances")
_INSTANCE = "arn:aws:sso:::instance/ssoins-0123456789abcdef"
_TAGS = {"owner": OWNER, "purpose": "takes orders"}
_STACKSETS_ADMIN = (
    "aws-service-role/stacksets.cloudformation.amazonaws.com/AWSServiceRoleForCloudFormationStackSetsOrgAdmin"
)
_UNUSED = ("Billing", "ReadOnlyAccess")
"""Permission sets that are assigned everywhere and used in every third account only."""

AUDIT = str(int(MANAGEMENT) + 1_234_567)
"""The account Control Tower audits the others from: the second."""

PRESETS = ("control-tower", "cdk-bootstrap", "stacksets", "organization-account-access")


@dataclass(frozen=True, slots=True, kw_only=True)
class LandingZone:
    """The accounts' snapshots and the run they were taken in."""

    context: Context
    snapshots: tuple[Snapshot, ...]


def landing_zone(accounts: int = 100, *, registered: bool = False, departing: bool = False) -> LandingZone:
    """So many accounts, the management account the first of them; `registered` switches all presets on.

    The administrators who come in through Identity Center are in the privileged register only with `registered`.

    With `departing` the last account's AWSControlTowerExecution trusts an outsider too.
    """
    step = int(AUDIT) - int(MANAGEMENT)
    listed = [account(str(int(MANAGEMENT) + number * step), environment="prod") for number in range(accounts)]
    governance = _governance(registered=registered)
    organization = inside(listed)
    return LandingZone(
        context=context(listed, governance=governance, policies=aws_managed(*_ATTACHED)),
        snapshots=tuple(
            _furnished(one, departs=departing and one is listed[-1]).snapshot(
                run=RUN, organization=organization, governance=governance
            )
            for one in listed
        ),
    )


def _governance(*, registered: bool) -> Governance:
    presets = tuple(
        Preset(
            name=name, enabled=registered, owner=OWNER, accounts=(MANAGEMENT, AUDIT), qualifier="hnb659fds",
            reason="set up with the landing zone", approved_by="ciso", approved_on=_STARTED,
        )
        for name in PRESETS
    )  # fmt: skip
    centre = Privileged(
        identity="arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_AdministratorAccess_*",
        owner=OWNER, reason="platform engineers", approved_by="ciso", approved_on=_STARTED,
    )  # fmt: skip
    sets = Privileged(
        identity="arn:aws:sso:::permissionSet/*",
        owner=OWNER, reason="platform engineers", approved_by="ciso", approved_on=_STARTED,
    )  # fmt: skip
    return Governance(
        owners=Owners(owner=(Owner(id=OWNER, name="platform", kind="person"),)),
        registers=Registers(preset=presets, privileged=(centre, sets) if registered else ()),
        pseudonymous=True,
    )


def _furnished(one: Account, *, departs: bool) -> ReferenceAccount:
    made = ReferenceAccount(one, at=TICK)
    _service_linked(made)
    _cdk(made)
    _identity_center(made)
    if one.management:
        _management(made)
    else:
        _member(made, departs=departs)
    _cluster(made)
    _workloads(made)
    return made


def _service_linked(made: ReferenceAccount) -> None:
    for name, (host, policy) in _LINKED.items():
        made.role(
            f"AWSServiceRoleFor{name}",
            service(host),
            path=f"/aws-service-role/{host}.amazonaws.com/",
            used=None,
            attached=[made.aws_policy(f"aws-service-role/{policy}")],
        )


def _cdk(made: ReferenceAccount) -> None:
    """`cdk bootstrap` in both regions: five roles each."""
    own = principal(made.arn("root"))
    for region in REGIONS:
        executor = made.arn(f"role/cdk-hnb659fds-cfn-exec-role-{made.id}-{region}")
        bucket = f"arn:aws:s3:::cdk-hnb659fds-assets-{made.id}-{region}"
        changes = allow(
            "cloudformation:CreateChangeSet", "cloudformation:ExecuteChangeSet", "cloudformation:DescribeStacks"
        )
        assets = allow("s3:GetObject*", "s3:PutObject*", "s3:List*", on=[bucket, f"{bucket}/*"])
        images = allow(
            "ecr:PutImage", "ecr:BatchCheckLayerAvailability", on=f"arn:aws:ecr:{region}:{made.id}:repository/cdk-*"
        )
        lookup = [made.aws_policy("ReadOnlyAccess")]
        parts = {
            "deploy": ([changes, allow("iam:PassRole", on=executor)], []),
            "file-publishing": ([assets], []),
            "image-publishing": ([images], []),
            "lookup": ([], lookup),
        }
        for part, (inline, attached) in parts.items():
            name = f"cdk-hnb659fds-{part}-role-{made.id}-{region}"
            made.role(name, own, inline=inline, attached=attached, tags={"aws-cdk:bootstrap-role": part})
        name, all_of_it = f"cdk-hnb659fds-cfn-exec-role-{made.id}-{region}", [made.aws_policy("AdministratorAccess")]
        made.role(name, service("cloudformation"), attached=all_of_it)


def _identity_center(made: ReferenceAccount) -> None:
    provider = f"AWSSSO_{made.unique('', 'sso').lower()[:16]}_DO_NOT_DELETE"
    made.saml_provider(provider, valid=36000 * DAY)
    entry = saml(made.arn(f"saml-provider/{provider}"), "https://signin.aws.amazon.com/saml", tag_session=True)
    for name, (_, policy) in _SETS.items():
        suffix = made.unique("", "sso", name).lower()[:16]
        made.role(
            f"AWSReservedSSO_{name}_{suffix}",
            entry,
            path="/aws-reserved/sso.amazonaws.com/",
            session_s=12 * 3600,
            used=None if name in _UNUSED and int(made.id) % 3 else 3 * DAY,
            attached=[made.aws_policy(policy)],
        )


def _management(made: ReferenceAccount) -> None:
    made.sets = tuple(
        PermissionSet(
            arn=f"arn:aws:sso:::permissionSet/ssoins-0123456789abcdef/ps-{made.unique('', 'set', name).lower()[:16]}",
            instance_arn=_INSTANCE, name=name, description=name, created_at=TICK - 300 * DAY, session_duration=duration,
        )
        for name, (duration, _) in _SETS.items()
    )  # fmt: skip
    made.role("AWSServiceRoleForCloudFormationStackSetsOrgAdmin", service("stacksets.cloudformation"),
              path="/aws-service-role/stacksets.cloudformation.amazonaws.com/",
              attached=[made.aws_policy("aws-service-role/CloudFormationStackSetsOrgAdminServiceRolePolicy")])  # fmt: skip
    made.role("AWSControlTowerStackSetRole", service("cloudformation"), path="/service-role/",
              inline=[allow("sts:AssumeRole", on="arn:aws:iam::*:role/AWSControlTowerExecution")])  # fmt: skip


def _member(made: ReferenceAccount, *, departs: bool) -> None:
    boss, everything = principal(made.arn("root", account=MANAGEMENT)), [made.aws_policy("AdministratorAccess")]
    made.role("OrganizationAccountAccessRole", boss, attached=everything, used=20 * DAY)
    let_in = principal([made.arn("root", account=one) for one in (MANAGEMENT, OUTSIDER)]) if departs else boss
    made.role("AWSControlTowerExecution", let_in, attached=everything, used=11 * DAY)
    logs = [made.aws_policy("service-role/AWSLambdaBasicExecutionRole")]
    made.role("aws-controltower-ForwardSnsNotificationRole", service("lambda"), path="/service-role/", attached=logs)
    _audited(made)
    name = f"stacksets-exec-{made.unique('', 'stacksets').lower()}{'0' * 15}"[:47]
    made.role(
        name, principal(made.arn(f"role/{_STACKSETS_ADMIN}", account=MANAGEMENT)), attached=everything, used=8 * DAY
    )


def _audited(made: ReferenceAccount) -> None:
    """What Control Tower leaves for the audit account, and for AWS Config and CloudTrail."""
    everything, reads = [made.aws_policy("AdministratorAccess")], [made.aws_policy("ReadOnlyAccess")]
    for name, by, rights in (
        ("AdministratorExecutionRole", "AuditAdministratorRole", everything),
        ("ReadOnlyExecutionRole", "AuditReadOnlyRole", reads),
    ):
        who = principal(made.arn(f"role/aws-controltower-{by}", account=AUDIT))
        made.role(f"aws-controltower-{name}", who, attached=rights, used=9 * DAY)
        if made.id == AUDIT:
            hand = allow("sts:AssumeRole", on=f"arn:aws:iam::*:role/aws-controltower-{name}")
            made.role(f"aws-controltower-{by}", service("lambda"), inline=[hand], used=None)
    group = f"arn:aws:logs:us-east-1:{made.id}:log-group:aws-controltower/CloudTrailLogs:*"
    logs = allow("logs:CreateLogStream", "logs:PutLogEvents", on=group)
    made.role("aws-controltower-CloudWatchLogsRole", service("cloudtrail"), inline=[logs])
    made.role("aws-controltower-ConfigRecorderRole", service("config"), inline=[allow(*_CHANGES)])


def _cluster(made: ReferenceAccount) -> None:
    """One cluster: a pod by its cluster's token, a pod by Pod Identity, the machines."""
    issuer = f"oidc.eks.us-east-1.amazonaws.com/id/{made.unique('', 'cluster')}{'0' * 15}"
    made.oidc_provider(issuer, "sts.amazonaws.com", tags=_TAGS)
    subject = {"aud": "sts.amazonaws.com", "sub": "system:serviceaccount:orders:loader"}
    reads = [allow("s3:GetObject", on=f"arn:aws:s3:::orders-{made.id}/*")]
    made.role(
        "eks-orders-loader", web_identity(made.arn(f"oidc-provider/{issuer}"), equals=subject), inline=reads, tags=_TAGS
    )
    named = {
        "aws:RequestTag/kubernetes-namespace": "orders",
        "aws:RequestTag/kubernetes-service-account": "writer",
        "aws:SourceAccount": made.id,
    }
    pods = trust(
        {"Service": "pods.eks.amazonaws.com"}, when={"StringEquals": named}, Action=["sts:AssumeRole", "sts:TagSession"]
    )
    made.role("eks-orders-writer", pods, inline=reads, tags=_TAGS)
    nodes = [made.aws_policy(name) for name in ("AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryReadOnly")]
    made.role("eks-nodes", service("ec2"), attached=nodes, tags=_TAGS)


def _workloads(made: ReferenceAccount) -> None:
    queue = f"arn:aws:sqs:us-east-1:{made.id}:orders"
    for number in range(4):
        made.role(
            f"orders-{number}",
            service("lambda"),
            inline=[allow("sqs:SendMessage", "sqs:ReceiveMessage", on=queue)],
            tags=_TAGS,
        )
    made.secret("orders/database", value=5 * DAY, tags=_TAGS)
