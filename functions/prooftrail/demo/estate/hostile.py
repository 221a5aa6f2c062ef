"""The sandbox: names, tags and documents written by someone who wants the report to run them.

Only what AWS's own patterns let through: IAM tag values take no angle brackets, role descriptions no escape
character, policy documents take C1 controls and any amount of white space, Secrets Manager descriptions take anything.
Credential-shaped strings are fakes, put together here so that no scanner of source code trips over them.
"""

from datetime import UTC

from prooftrail.demo.estate.credentials import add_key, add_password
from prooftrail.demo.estate.documents import allow, document, principal, service
from prooftrail.demo.estate.principals import add_policy, add_role, add_user
from prooftrail.demo.estate.site import Site
from prooftrail.demo.estate.stores import add_secret

FORMULAS = ("=1+1", "@SUM", "-2+3", "+44")
_ESCAPE = "\x1b]0;owned\x07\x1b[31m"
_C1_CSI = "\x9b2J"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def fake_key_id(site: Site) -> str:
    """Shaped like an access key id, and no key of anyone's."""
    return "AK" + "IA" + "".join(site.ids.draw("fake", "key").choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", k=16))


def fake_token(site: Site) -> str:
    """Shaped like a GitHub token, and none."""
    return "gh" + "p_" + "".join(site.ids.draw("fake", "token").choices(_LETTERS, k=36))


def furnish(site: Site) -> None:
    """Everything an attacker may write into an account they own."""
    if site.beyond.root:
        # Nobody took this root user's key away, and nobody gave it MFA.
        site.beyond.root.managed = site.beyond.root.mfa = False
        site.beyond.root.key_created = site.ago(380).replace(tzinfo=UTC)
        site.tell(site.arn("root"), "a root user with an access key and no MFA", "the one credential without limits")
    _users(site)
    _roles(site)
    _documents(site)
    text = f"<script>alert(document.domain)</script>\r\n=HYPERLINK(0) {_ESCAPE}"
    tags = {"owner": "<b onmouseover=alert(1)>me</b>", "note": f"=cmd|' /C calc'!A0{_ESCAPE}"}
    secret = add_secret(site, "sandbox/../../etc/passwd", days=100, tags=tags, description=text * 20)
    site.tell(secret.arn, "markup, a formula and terminal escapes in description and tags", "text is never trusted")


def _users(site: Site) -> None:
    for number, name in enumerate(FORMULAS):
        user = add_user(site, name, days=100 + number, tags={"owner": f"={number}+{number}", "team": "@here"})
        add_key(site, user, days=90, used=number + 1.0)
    site.tell(
        site.iam.users["=1+1"].arn, "users named like spreadsheet formulas", "CSV opened in a spreadsheet runs them"
    )
    user = add_user(site, "ops,second.column", days=120, tags={"owner": "nobody@acme.example"})
    add_password(site, user, changed=110, used=30)
    site.tell(user.arn, "a user name with a comma", "the credential report is a CSV file")
    leaky = add_user(site, "svc-leaky", days=75, tags={"deploy-token": fake_token(site), "purpose": "demo bot"})
    add_key(site, leaky, days=70, used=9)
    site.tell(leaky.arn, "a tag that holds something shaped like a token", "must not travel into evidence")

    lost = add_user(site, "svc-trial-export", days=395)
    add_key(site, lost, days=380, used=0.3)
    site.attach_aws(lost, "AmazonS3FullAccess")
    site.tell(lost.arn, "a key of a year in daily use, and nobody's", "the hardest case: a machine's, old, and unowned")


def _roles(site: Site) -> None:
    marked = f"<img src=x onerror=alert(1)> key {fake_key_id(site)} ${{jndi:ldap://x}} {{{{7*7}}}}"
    role = add_role(site, "playground", service("lambda"), days=60, used=2, description=marked, aws=["IAMFullAccess"])
    site.tell(role.arn, "markup and a key-shaped string in a role's description", "text is never trusted")
    imitation = add_role(
        site, "OrganizationAccountAccessRoIe", principal("*"), days=20, used=None, aws=["AdministratorAccess"]
    )
    site.tell(imitation.arn, "a capital I where the landing zone's role has an l", "a lookalike earns no trust")
    # U+2028 and the ideographic space are separators (\p{Z}): the tag pattern takes both.
    tags = {"owner": "first line\u2028second line", "purpose": "\u3000" + "x" * 255}
    add_role(site, "long-tags", service("lambda"), days=61, used=None, tags=tags)


def _documents(site: Site) -> None:
    statement = document(allow("s3:GetObject", on=f"arn:{site.partition}:s3:::CONTROL*"))
    padded = statement.replace("CONTROL", _C1_CSI) + " " * 65536
    policy = add_policy(site, "padded", padded, days=58, description="<!--" * 100)
    site.attach_own(site.role("long-tags"), "padded")
    site.tell(policy.arn, "a policy document of 64 KB with a control sequence in it", "white space is not counted")
