"""The payments account's service users: every way a long-lived credential can be old, idle, doubled or forgotten."""

from moto.iam.models import AccountPasswordPolicy

from prooftrail.demo.estate.credentials import (
    add_key,
    add_password,
    add_service_credential,
    add_signing_certificate,
    add_virtual_mfa,
)
from prooftrail.demo.estate.documents import allow, deny, document
from prooftrail.demo.estate.principals import add_group, add_policy, add_user
from prooftrail.demo.estate.site import Site

OWNER = "payments-lead@acme.example"
FORGOTTEN = "left-over"


def furnish_policies(site: Site) -> None:
    """The account's own policies, its boundary, and its password policy."""
    rights = allow("s3:Get*", "s3:List*", "sqs:*", "dynamodb:*")
    fence = [allow("s3:*", "sqs:*", "logs:*", "dynamodb:*", "sts:GetCallerIdentity")]
    add_policy(site, "workload-boundary", document(*fence), days=700, description="The most a workload may do")
    add_policy(
        site, "ledger-read", document(rights), days=500, older=[document(allow("s3:*")), document(allow("s3:Get*"))]
    )
    add_policy(site, "deploy-anything", document(allow("iam:PassRole", "lambda:*", "iam:CreateRole")), days=650)
    site.iam.account_password_policy = AccountPasswordPolicy(True, 0, 90, 14, 24, True, True, True, True)


def furnish_users(site: Site) -> None:
    """One user for each hard case of keys."""
    add_group(site, "payment-services", days=900, inline=document(allow("sqs:SendMessage")))
    _aged(site)
    _accepted(site)
    _paired(site)
    _mixed(site)
    _service_credentials(site)


def _aged(site: Site) -> None:
    tags = {"owner": OWNER, "purpose": "nightly billing export", "identity-class": "service"}
    user = add_user(site, "svc-billing-export", days=1200, tags=tags, groups=["payment-services"])
    add_key(site, user, days=410, used=0.2)
    site.attach_own(user, "ledger-read")
    site.tell(user.arn, "a service user whose key is 410 days old and in daily use", "old and busy is not idle")

    user = add_user(site, "svc-legacy-ftp", days=1300)
    add_key(site, user, days=200)
    site.attach_aws(user, "AdministratorAccess")
    site.tell(user.arn, "an active key never used, on an ownerless administrator", "never used is not used just now")

    user = add_user(
        site, "svc-card-vault", days=2, tags={"owner": "Payments Platform Team"}, boundary="workload-boundary"
    )
    add_key(site, user, days=3 / 24)
    site.attach_own(user, "ledger-read")
    site.tell(
        user.arn, "a key made three hours ago, under a boundary, owned by a name without address", "age rounds to zero"
    )

    user = add_user(site, "svc-retired", days=1000, tags={"owner": OWNER})
    add_key(site, user, days=950, used=500, active=False)
    site.tell(user.arn, "one inactive key, used 500 days ago", "an inactive key keeps its dates in the report")


def _accepted(site: Site) -> None:
    tags = {"owner": OWNER, "purpose": "signs settlement files", "identity-class": "service"}
    user = add_user(site, "svc-hsm-bridge", days=500, tags=tags)
    add_key(site, user, days=300, used=0.2)
    elsewhere = {"NotIpAddress": {"aws:SourceIp": "192.0.2.0/28"}}
    rights = allow("sqs:SendMessage", on=f"arn:{site.partition}:sqs:*:{site.id}:settlement")
    user.put_policy("settle-from-our-addresses", document(rights, deny("*", when=elsewhere)))
    site.tell(user.arn, "an old key tied to one network, under a live exception", "accepted, compensated, and dated")


def _paired(site: Site) -> None:
    user = add_user(site, "svc-key-two-unused", days=800, tags={"owner": OWNER, "purpose": "refund batch"})
    add_key(site, user, days=700, used=40, active=False)
    add_key(site, user, days=100)
    site.tell(user.arn, "key 1 inactive, key 2 active and never used", "each slot of the report is its own credential")

    user = add_user(site, "svc-two-active", days=600, tags={"owner": OWNER, "identity-class": "service"})
    add_key(site, user, days=560, used=2)
    add_key(site, user, days=70, used=1)
    site.tell(user.arn, "two active keys, both in use", "an overlap that never ended")

    user = add_user(site, "svc-twin-keys", days=300, tags={"owner": OWNER})
    add_key(site, user, days=120, used=6, like="twins", service="sqs")
    add_key(site, user, days=120, active=False, like="twins")
    site.tell(user.arn, "two keys made in the same second", "report slots cannot be matched to key ids by date")


def _mixed(site: Site) -> None:
    user = add_user(site, "dave.dyer", days=500, tags={"owner": "dave.dyer@acme.example"})
    add_password(site, user, changed=200, used=60)
    add_key(site, user, days=450, used=3, service="ec2")
    add_virtual_mfa(site, user, days=490)
    site.tell(user.arn, "a password and a key on one user, no class declared", "human or not is undetermined")

    user = add_user(site, "svc-console", days=640, tags={"identity-class": "service", "owner": OWNER})
    add_password(site, user, changed=640)
    add_key(site, user, days=85, used=0.5)
    site.tell(user.arn, "a declared service user with a console password", "declared class and credentials disagree")

    user = add_user(site, FORGOTTEN, days=1400)
    site.tell(user.arn, "a user with nothing at all: no credential, no tag, no group", "still an identity to be owned")

    user = add_user(site, "svc-soap-signer", days=2000, tags={"owner": OWNER})
    add_signing_certificate(site, user, days=1900)
    site.tell(user.arn, "an X.509 signing certificate", "a credential only the report's last columns show")


def _service_credentials(site: Site) -> None:
    tags = {"owner": "ml-platform@acme.example", "purpose": "calls foundation models", "identity-class": "service"}
    user = add_user(site, "BedrockAPIKey-chat", days=50, tags=tags)
    site.attach_aws(user, "AmazonBedrockFullAccess")
    add_service_credential(site, user, "bedrock", days=50, expires=40, alias=True)
    add_service_credential(site, user, "bedrock", days=20, alias=True)
    info = "2 service-specific credentials"
    site.beyond.additional_credentials[user.name] = info
    site.tell(user.arn, "two Bedrock API keys, one that never expires", "credentials the report does not count as keys")

    user = add_user(site, "svc-git", days=900, tags={"owner": OWNER})
    add_service_credential(site, user, "codecommit", days=880)
    add_service_credential(site, user, "codecommit", days=300, status="Inactive")
    add_service_credential(site, user, "logs", days=100, expires=-10, alias=True, status="Expired")
    site.tell(user.arn, "CodeCommit passwords and an expired CloudWatch Logs key", "credentials without an access key")
