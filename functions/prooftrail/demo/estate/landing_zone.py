"""The roles every account of a landing zone has: service-linked, CDK, Control Tower, StackSets, and the reader's own."""

from prooftrail.demo.estate import chart
from prooftrail.demo.estate.documents import Statement, allow, deny, document, external_id, principal, service, trust
from prooftrail.demo.estate.principals import add_role
from prooftrail.demo.estate.site import Site

READER = "ProoftrailReader"
READER_PATH = "/prooftrail/"
_LINKED = {
    "Organizations": ("organizations", "AWSOrganizationsServiceTrustPolicy"),
    "Support": ("support", "AWSSupportServiceRolePolicy"),
    "TrustedAdvisor": ("trustedadvisor", "AWSTrustedAdvisorServiceRolePolicy"),
    "SSO": ("sso", "AWSSSOServiceRolePolicy"),
    "CloudTrail": ("cloudtrail", "CloudTrailServiceRolePolicy"),
}
_STACKSETS_PATH = "/aws-service-role/stacksets.cloudformation.amazonaws.com/"
_STACKSETS_ADMIN = "AWSServiceRoleForCloudFormationStackSetsOrgAdmin"
_CDK = {"deploy": 2.0, "file-publishing": 2.0, "image-publishing": None, "lookup": 9.0, "cfn-exec": 2.0}


def furnish(site: Site, management: Site, *, vendor: str) -> None:
    """Put the landing zone's roles into the account, all of one shape, but for the one that departs."""
    for name, (host, policy) in _LINKED.items():
        add_role(
            site,
            f"AWSServiceRoleFor{name}",
            service(host),
            days=380,
            used=1.0 if name == "CloudTrail" else None,
            path=f"/aws-service-role/{host}.amazonaws.com/",
            aws=[policy],
        )
    _bootstrap(site, vendor)
    if site is management:
        add_role(
            site,
            _STACKSETS_ADMIN,
            service("stacksets.cloudformation"),
            days=1000,
            used=1,
            path=_STACKSETS_PATH,
            aws=["CloudFormationStackSetsOrgAdminServiceRolePolicy"],
        )
    else:
        _member_roles(site, management)


def _bootstrap(site: Site, vendor: str) -> None:
    """`cdk bootstrap` in the home region; in one account somebody trusted a vendor in its deploy role as well."""
    departs = site.name == chart.PAYMENTS_TEST
    own = site.arn("root")
    for part, used in _CDK.items():
        trusted: Statement = service("cloudformation") if part == "cfn-exec" else principal(own)
        if departs and part == "deploy":
            trusted = principal([own, site.arn("root", account=vendor)])
        role = add_role(
            site,
            f"cdk-hnb659fds-{part}-role-{site.id}-{site.home}",
            trusted,
            days=370,
            used=used,
            tags={"aws-cdk:bootstrap-role": part},
            aws={"cfn-exec": ["AdministratorAccess"], "lookup": ["ReadOnlyAccess"]}.get(part, []),
            inline={"default": document(*_cdk_rights(site, part))},
        )
        if departs and part == "deploy":
            site.tell(role.arn, "a CDK deploy role that trusts a vendor too", "one member of a family departs from it")


def _cdk_rights(site: Site, part: str) -> list[Statement]:
    if part == "lookup":
        return [deny("kms:Decrypt")]
    if part == "deploy":
        executor = site.arn(f"role/cdk-hnb659fds-cfn-exec-role-{site.id}-{site.home}")
        return [allow("cloudformation:*ChangeSet", "cloudformation:DescribeStacks"), allow("iam:PassRole", on=executor)]
    return [allow("s3:PutObject", "s3:GetObject*", "ecr:PutImage")]


def _member_roles(site: Site, management: Site) -> None:
    boss = principal(management.arn("root"))
    add_role(site, "OrganizationAccountAccessRole", boss, days=390, used=120, aws=["AdministratorAccess"])
    add_role(site, "AWSControlTowerExecution", boss, days=365, used=11, aws=["AdministratorAccess"])
    add_role(
        site,
        "aws-controltower-ForwardSnsNotificationRole",
        service("lambda"),
        days=365,
        used=1,
        path="/service-role/",
        aws=["AWSLambdaBasicExecutionRole"],
    )
    deployer = management.arn(f"role{_STACKSETS_PATH}{_STACKSETS_ADMIN}")
    add_role(
        site,
        f"stacksets-exec-{site.ids.hexadecimal(32, 'stacksets')}",
        principal(deployer),
        days=300,
        used=8,
        aws=["AdministratorAccess"],
    )


def add_reader(site: Site, management: Site, organization_id: str, secret_id: str, *, days: float) -> None:
    """The role the scanner assumes: it asks for the external id and for the organization."""
    when = external_id(secret_id)
    when["StringEquals"] |= {"aws:PrincipalOrgID": organization_id}
    actions = ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"]
    add_role(
        site,
        READER,
        trust({"AWS": management.arn("root")}, when=when, Action=actions),
        days=days,
        used=None,
        path=READER_PATH,
        description="Lets Prooftrail read identities, never a value",
        aws=["SecurityAudit"],
        inline={"no-values": document(deny("secretsmanager:GetSecretValue", "ssm:GetParameter*", "kms:Decrypt"))},
    )
