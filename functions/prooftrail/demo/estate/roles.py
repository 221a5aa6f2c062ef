"""The payments account's roles: everyone who can come in, by every kind of trust."""

from prooftrail.demo.estate.documents import (
    EC2_IN_CHINA,
    allow,
    document,
    external_id,
    principal,
    saml,
    service,
    trust,
)
from prooftrail.demo.estate.identity_center import signin_audience
from prooftrail.demo.estate.payments import OWNER
from prooftrail.demo.estate.principals import add_instance_profile, add_role
from prooftrail.demo.estate.site import Site
from prooftrail.demo.estate.stores import add_saml_provider

BOUNDED = "payments-worker"
RETRUSTED = "ledger-reader"
UNOWNED = "settlement-task"
READ = "ledger-read"


def furnish_workloads(site: Site) -> None:
    """Roles AWS services wear."""
    machine = EC2_IN_CHINA if site.partition == "aws-cn" else "ec2"
    owned = {"owner": OWNER, "purpose": "card processing"}
    ec2 = add_role(site, "payments-web", service(machine), days=800, used=0.1, tags=owned, own=[READ])
    site.attach_aws(ec2, "AmazonSSMManagedInstanceCore")
    add_instance_profile(site, ec2)
    told = ("a worker under a permissions boundary", "the boundary goes away on day 3")
    limit, by = "workload-boundary", service("lambda")
    add_role(site, BOUNDED, by, days=420, used=0.3, tags=owned, boundary=limit, own=[READ], told=told)
    told = ("a task role without owner", "an owner is added on day 3")
    tasks = service("ecs-tasks")
    add_role(site, UNOWNED, tasks, days=260, used=0.6, aws=["AmazonECSTaskExecutionRolePolicy"], told=told)
    told = ("may pass any role to Lambda", "an escalation path to administrator")
    add_role(site, "deploy-helper", service("lambda"), days=640, used=180, own=["deploy-anything"], told=told)
    told = ("an administrator that Lambda may wear", "where the path of deploy-helper leads")
    add_role(site, "release-runner", service("lambda"), days=630, used=1, aws=["AdministratorAccess"], told=told)


def furnish_agent(site: Site) -> None:
    """The role an AI agent acts under."""
    add_role(
        site,
        "AmazonBedrockExecutionRoleForAgents_refunds",
        service("bedrock", when={"StringEquals": {"aws:SourceAccount": site.id}}),
        days=45,
        used=0.1,
        path="/service-role/",
        tags={"owner": "ml-platform@acme.example", "purpose": "AI agent that answers refund requests"},
        inline={"agent": document(allow("bedrock:InvokeModel*", "lambda:InvokeFunction", "dynamodb:*"))},
        told=("an AI agent's role", "acts on its own"),
    )


def furnish_trusts(site: Site, *, peer: str, other: str) -> None:
    """Roles other accounts of the organization wear."""
    owned = {"owner": OWNER}
    inside = principal(site.arn("root", account=peer))
    add_role(site, "log-forwarder", inside, days=900, used=1, tags=owned, own=[READ])
    guarded = principal(site.arn("role/scanner", account=peer), when=external_id("payments-4711"))
    add_role(site, "security-audit", guarded, days=900, used=2, tags=owned, aws=["SecurityAudit"])
    told = ("trusted by another account of the organization", "its trust changes on day 2")
    add_role(site, RETRUSTED, principal(site.arn("root", account=other)), days=330, used=5, own=[READ], told=told)
    told = ("trusts a service and an account", "more than one kind in one role")
    both = [service("lambda"), trust({"AWS": site.arn("root")})]
    add_role(site, "shared-runner", *both, days=350, used=4, own=[READ], told=told)


def furnish_outsiders(site: Site, *, vendor: str, former: str) -> None:
    """Roles worn from outside the organization: by suppliers, by an account that left, by nobody any more."""
    tags = {"owner": OWNER, "supplier": "Cloudwatchers Ltd"}
    bare = principal(site.arn("root", account=vendor))
    keyed = principal(site.arn("root", account=vendor), when=external_id(site.ids.uuid("vendor")))
    add_role(site, "vendor-monitoring", keyed, days=500, used=0.2, tags=tags, aws=["ViewOnlyAccess"])
    told = ("a supplier with administrator rights and no external id", "confused deputy")
    backup = add_role(site, "vendor-backup", bare, days=720, used=90, aws=["AdministratorAccess"], told=told)
    site.tell(backup.arn, "the exception for it leans on a control that fails", "an exception that voids itself")
    left = principal(site.arn("root", account=former))
    told = ("trusts an account that left the organization", "looks like one of ours")
    add_role(site, "partner-sync", left, days=1300, used=300, own=[READ], told=told)
    ghosts = [site.ids.unique("AIDA", former, "ghost"), site.ids.unique("AROA", former, "ghost")]
    told = ("trusts two deleted principals (AIDA…, AROA…)", "nobody can come in")
    add_role(site, "old-migration", principal(ghosts), days=1250, own=[READ], told=told)
    provider = add_saml_provider(site, "corporate-idp", days=1500, valid_days=20)
    site.tell(provider, "a SAML provider whose metadata ends in 20 days", "sign-in stops when it does")
    corporate, owned = saml(provider, signin_audience(site.partition)), {"owner": OWNER}
    add_role(site, "idp-operators", corporate, days=1490, used=2, tags=owned, hours=8, aws=["PowerUserAccess"])


def furnish_open_doors(site: Site, *, organization_id: str) -> None:
    """Roles anyone may assume, and roles that only look so."""
    told = ("anyone, but only in the organization", "a star that is not public")
    fenced = principal("*", when={"StringEquals": {"aws:PrincipalOrgID": organization_id}})
    add_role(site, "org-wide-metrics", fenced, days=400, used=1, tags={"owner": OWNER}, told=told)
    told = ("anyone, with a denial to all outside, its key in other letters", "case of keys does not count")
    outside = {"StringNotEquals": {"AWS:PrincipalOrgId": organization_id}}
    barred = [principal("*"), trust({"AWS": "*"}, when=outside, Effect="Deny")]
    add_role(site, "org-wide-traces", *barred, days=390, used=1, tags={"owner": OWNER}, told=told)
    told = ("anyone at all may assume it", "public: the worst trust there is")
    add_role(site, "quick-test", principal("*"), days=210, aws=["AmazonS3ReadOnlyAccess"], told=told)
    told = ("anyone who knows an external id", "an external id limits nobody")
    lured = principal("*", when=external_id("hunter2"))
    add_role(site, "anyone-with-the-word", lured, days=215, own=[READ], told=told)


def furnish_peer(site: Site) -> None:
    """The log archive: one role that reads, nothing else."""
    role = add_role(site, "log-reader", service("athena"), days=1000, used=14, tags={"owner": "soc@acme.example"})
    role.put_policy("read", document(allow("s3:GetObject", on=f"arn:{site.partition}:s3:::acme-logs/*")))


def furnish_security(site: Site) -> None:
    """Security tooling: the scanner other accounts trust, and a Prooftrail-like name that is not ours."""
    tags = {"owner": "security-engineering@acme.example", "purpose": "scans accounts"}
    add_role(site, "scanner", service("lambda"), days=1100, used=0.2, tags=tags, aws=["SecurityAudit"])
    add_role(
        site,
        "incident-response",
        principal(site.arn("root")),
        days=1000,
        used=None,
        tags=tags,
        aws=["AdministratorAccess"],
    )
    name = f"cdk-hnb659fds-deploy-role-{site.id}-{site.home}-tmp"
    imitation = add_role(site, name, principal("*"), days=33, used=None, aws=["AdministratorAccess"])
    site.tell(imitation.arn, "a name like a CDK role's, and none of its shape", "a lookalike earns no trust")


def furnish_test(site: Site) -> None:
    """The test account: a role that only differs from production's by where it is."""
    add_role(
        site, "test-runner", service("codebuild"), days=200, used=0.4, tags={"owner": OWNER}, aws=["PowerUserAccess"]
    )
