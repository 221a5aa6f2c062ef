"""Roles worn from outside AWS: pipelines that bring a token, and pods of a Kubernetes cluster."""

from prooftrail.demo.estate.documents import EC2_IN_CHINA, Statement, allow, document, service, trust, web_identity
from prooftrail.demo.estate.principals import add_role
from prooftrail.demo.estate.site import Site
from prooftrail.demo.estate.stores import add_oidc_provider

_STS = "sts.amazonaws.com"
_PLATFORM = {"owner": "platform@acme.example", "purpose": "deploys from a pipeline"}
_CLUSTER = {"owner": "data-platform@acme.example", "purpose": "cluster workload"}


def furnish_pipelines(site: Site) -> None:
    """The account pipelines deploy from: one OIDC provider for each system, trusts tight and loose."""
    _github(site)
    _others(site)


def _role(site: Site, name: str, statement: Statement, what: str, why: str, *, used: float | None = 1) -> None:
    add_role(site, name, statement, days=300, used=used, tags=_PLATFORM, aws=["PowerUserAccess"], told=(what, why))


def _github(site: Site) -> None:
    provider = add_oidc_provider(
        site, "https://token.actions.githubusercontent.com", days=1200, owner="platform@acme.example"
    )
    old = web_identity(provider, equals={"aud": _STS, "sub": "repo:acme/app:ref:refs/heads/main"})
    _role(
        site, "github-app-main", old, "GitHub, one branch of one repository", "names can be taken over after a rename"
    )
    numbered = "repo:acme@9823471/ledger@55120934:environment:production"
    new = web_identity(provider, equals={"aud": _STS, "sub": numbered})
    _role(
        site, "github-ledger-prod", new, "GitHub with owner and repository numbers", "the immutable form of the subject"
    )
    wide = web_identity(provider, equals={"aud": _STS}, like={"sub": "repo:acme/*"})
    _role(site, "github-any-repository", wide, "GitHub, any repository of the owner", "a star in the subject")
    loose = web_identity(provider, equals={}, like={"sub": "repo:acme/site:*"})
    _role(site, "github-no-audience", loose, "GitHub without an audience", "a token made for someone else is taken too")
    anyone = web_identity(provider, equals={"aud": _STS})
    _role(
        site,
        "github-anyone",
        anyone,
        "GitHub without a subject",
        "every repository in the world may come in",
        used=None,
    )


def _others(site: Site) -> None:
    gitlab = add_oidc_provider(site, "https://gitlab.com", days=700, audiences=["https://gitlab.com"])
    like = {"sub": "project_path:acme/payments:ref_type:branch:ref:main"}
    tight = web_identity(gitlab, equals={"aud": "https://gitlab.com"} | like)
    _role(
        site, "gitlab-payments", tight, "GitLab, one branch of one project", "the host is shared by all its customers"
    )
    unit = site.ids.uuid("circleci")
    circle = add_oidc_provider(site, f"https://oidc.circleci.com/org/{unit}", days=650, audiences=[unit])
    project = {"sub": f"org/{unit}/project/{site.ids.uuid('circleci-project')}/user/*"}
    runs = web_identity(circle, equals={"aud": unit}, like=project)
    _role(
        site, "circleci-release", runs, "CircleCI, one project, any user", "the organization is in the provider's URL"
    )
    workspace = "https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc"
    audience = f"ari:cloud:bitbucket::workspace/{site.ids.uuid('bitbucket')}"
    bitbucket = add_oidc_provider(site, workspace, days=500, audiences=[audience])
    pipe = web_identity(bitbucket, equals={"aud": audience}, like={"sub": f"{{{site.ids.uuid('repository')}}}:*"})
    _role(site, "bitbucket-docs", pipe, "Bitbucket, one repository", "subjects in braces, audiences as identifiers")
    terraform = add_oidc_provider(site, "https://app.terraform.io", days=900, audiences=["aws.workload.identity"])
    plan = {"sub": "organization:acme:project:*:workspace:*:run_phase:apply"}
    apply = web_identity(terraform, equals={"aud": "aws.workload.identity"}, like=plan)
    _role(site, "terraform-apply", apply, "Terraform Cloud, any workspace", "stars between fixed words")


def furnish_cluster(site: Site) -> None:
    """A Kubernetes cluster: its machines, its pods, and the account's own tokens for the world outside."""
    machine = EC2_IN_CHINA if site.partition == "aws-cn" else "ec2"
    add_role(site, "eks-nodes", service(machine), days=500, used=0.1, tags=_CLUSTER, aws=["AmazonEKSWorkerNodePolicy"])
    _pods_by_token(site)
    _pods_by_identity(site)
    reads = {"read": document(allow("s3:Get*", "glue:*"))}
    both = service("glue", "lakeformation")
    add_role(site, "glue-catalogue", both, days=600, used=30, path="/service-role/", inline=reads)
    site.beyond.outbound_issuer = f"https://{site.ids.uuid('issuer')}.tokens.sts.global.api.aws"
    site.tell(site.id, "outbound web identity federation is on", "the account's roles can prove themselves outside")


def _pods_by_token(site: Site) -> None:
    """Service accounts by the cluster's own tokens (IRSA)."""
    cluster = site.ids.hexadecimal(32, "cluster").upper()
    suffix = "amazonaws.com.cn" if site.partition == "aws-cn" else "amazonaws.com"
    provider = add_oidc_provider(site, f"https://oidc.eks.{site.home}.{suffix}/id/{cluster}", days=500)
    told = ("one service account of one cluster", "a pod is an identity")
    full = web_identity(provider, equals={"aud": _STS, "sub": "system:serviceaccount:etl:loader"})
    add_role(site, "eks-etl-loader", full, days=480, used=0.1, tags=_CLUSTER, told=told, aws=["AmazonS3ReadOnlyAccess"])
    told = ("any service account of the cluster", "a star where a name belongs")
    wide = web_identity(provider, equals={"aud": _STS}, like={"sub": "system:serviceaccount:*:*"})
    add_role(site, "eks-anything", wide, days=450, used=0.2, told=told, aws=["PowerUserAccess"])


def _pods_by_identity(site: Site) -> None:
    """Service accounts by EKS Pod Identity."""
    pods, actions = {"Service": "pods.eks.amazonaws.com"}, ["sts:AssumeRole", "sts:TagSession"]
    told = ("Pod Identity without a namespace", "who comes in is decided elsewhere")
    add_role(site, "eks-pod-reports", trust(pods, Action=actions), days=200, used=0.5, tags=_CLUSTER, told=told)
    named = {
        "aws:RequestTag/kubernetes-namespace": "ledger",
        "aws:RequestTag/kubernetes-service-account": "writer",
        "aws:SourceAccount": site.id,
    }
    bound = trust(pods, when={"StringEquals": named}, Action=actions)
    add_role(site, "eks-pod-ledger", bound, days=190, used=0.5, tags=_CLUSTER)
