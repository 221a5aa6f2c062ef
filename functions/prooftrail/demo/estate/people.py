"""The users of the management account, and of plain workload accounts: people, break-glass, and the scanner itself."""

from moto.iam.models import AccessKey

from prooftrail.demo.estate import chart
from prooftrail.demo.estate.credentials import (
    add_fido,
    add_key,
    add_password,
    add_unassigned_mfa,
    add_virtual_mfa,
)
from prooftrail.demo.estate.documents import allow, document
from prooftrail.demo.estate.principals import add_group, add_user
from prooftrail.demo.estate.site import Site

SCANNER = "prooftrail-scan"


def add_scanner(site: Site) -> AccessKey:
    """The user whose key the demo signs with: the scanner's own identity is in the inventory too."""
    user = add_user(
        site,
        SCANNER,
        days=60,
        path="/prooftrail/",
        tags={"owner": "security-engineering@acme.example", "purpose": "runs Prooftrail", "identity-class": "service"},
    )
    site.attach_aws(user, "SecurityAudit")
    user.put_policy(
        "assume-readers", document(allow("sts:AssumeRole", on=f"arn:{site.partition}:iam::*:role/prooftrail/*"))
    )
    site.tell(user.arn, "the scanner's own user", "an inventory that leaves out its own identity is not complete")
    return add_key(site, user, days=60, used=1, service="iam")


def furnish_management(site: Site) -> None:
    """People with and without MFA, of every kind of device, and two break-glass users."""
    add_group(site, "cloud-office", days=1500, aws=["AdministratorAccess"])
    add_group(site, "finance", days=1500, aws=["Billing"])
    alice = add_user(
        site,
        "alice.archer@acme.example",
        days=900,
        tags={"owner": "alice.archer@acme.example", "identity-class": "human"},
        groups=["cloud-office"],
    )
    add_password(site, alice, changed=80, used=0.4)
    add_virtual_mfa(site, alice, days=890)
    site.tell(
        alice.arn, "an administrator with a virtual MFA device, named by e-mail address", "names are personal data"
    )
    bob = add_user(site, "bob.baker@acme.example", days=700, groups=["finance"])
    add_password(site, bob, changed=400, used=12)
    site.tell(bob.arn, "a person with a password and no MFA", "the plainest failure of all")
    _break_glass(site)
    gone = add_user(site, "carol.cook@acme.example", days=1100, groups=["cloud-office"])
    add_password(site, gone, changed=600)
    add_key(site, gone, days=1000, used=260)
    site.tell(gone.arn, "a person with a password never used and a key used long ago", "one user, two credentials")
    add_unassigned_mfa(site, "left-in-a-drawer")
    site.beyond.organization_features = ("RootCredentialsManagement", "RootSessions")


def _break_glass(site: Site) -> None:
    for number in (1, 2):
        user = add_user(
            site,
            f"break-glass-{number}",
            days=1200,
            path="/break-glass/",
            tags={"owner": "cloud-office@acme.example", "purpose": "emergency access", "identity-class": "human"},
        )
        site.attach_aws(user, "AdministratorAccess")
        # The first was used forty days ago, on the day of a drill the policy records; the second never was.
        add_password(site, user, changed=90, used=40 if number == 1 else None)
        if number == 1:
            add_fido(site, user, days=1190)
        else:
            add_fido(site, user, days=400)
            add_virtual_mfa(site, user, days=1190)
    first = site.iam.users["break-glass-1"]
    site.tell(first.arn, "a break-glass user with only a security key", "account-wide lists do not show FIDO devices")
    site.tell(first.arn, "it signed in on the day of a drill, and on no other", "use on record is not misuse")


def furnish_plain(site: Site) -> None:
    """What an ordinary workload account has: a pipeline user, now and then a person."""
    draw = site.ids.draw("plain", site.id)
    for number in range(1 + draw.randrange(3)):
        tags = {"owner": f"team-{draw.randrange(9)}@acme.example"} if draw.random() < 0.6 else {}
        user = add_user(site, f"svc-job-{number}", days=30 + draw.randrange(900), tags=tags)
        age = 5 + draw.randrange(400)
        add_key(site, user, days=age, used=draw.randrange(age) if draw.random() < 0.8 else None)
        site.attach_aws(user, "AmazonS3ReadOnlyAccess")
    if draw.random() < 0.3:
        person = add_user(site, f"person{draw.randrange(90)}@acme.example", days=200)
        add_password(site, person, changed=150, used=draw.randrange(100))
        if draw.random() < 0.7:
            add_virtual_mfa(site, person, days=150)


def furnish_unseen(site: Site) -> None:
    """An account nobody can look into still has users."""
    user = add_user(site, "svc-erp-batch", days=1500)
    add_key(site, user, days=1500, used=1)
    why = {
        chart.UNREACHABLE: "the reader's role is missing: what is there is not known, and nothing is called deleted",
        chart.ONBOARDING: "joined less than 48 hours ago: the reader's role is on its way",
        chart.SUSPENDED: "suspended accounts let nobody in and stay in the population",
    }[site.name]
    site.tell(site.id, f"the account {site.name}, which cannot be read", why)
