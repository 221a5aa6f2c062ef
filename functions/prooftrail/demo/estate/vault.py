"""The secrets: rotated, stuck, forgotten, owned by a service, going, replicated, changed by hand."""

from prooftrail.demo.estate.payments import OWNER
from prooftrail.demo.estate.site import Site
from prooftrail.demo.estate.stores import (
    add_secret,
    add_server_certificate,
    midnight,
    plan_deletion,
    rotate_every,
    secret_of,
    set_value,
)

REPLICATED = "payments/webhook-signing"
ROTATED = "payments/database"
_OWNED = {"owner": OWNER, "purpose": "card processing"}


def furnish_payments(site: Site) -> None:
    """One secret for each hard case."""
    _rotated(site)
    _forgotten(site)
    _elsewhere(site)
    add_server_certificate(site, "shop-legacy", days=760, expires=-30)
    add_server_certificate(site, "shop-current", days=100, expires=265)
    site.tell(site.arn("server-certificate/shop-legacy"), "a server certificate expired a month ago", "dead, and kept")


def _rotated(site: Site) -> None:
    told = ("rotated twelve days ago", "rotated again on day 2")
    kept = add_secret(site, ROTATED, days=700, value=12, accessed=0, tags=_OWNED, told=told)
    rotate_every(site, kept, 30, last=12)
    told = ("rotation is on and has failed for a hundred days", "enabled is not done")
    stuck = add_secret(site, "payments/ledger-api", days=600, value=130, accessed=1, tags=_OWNED, told=told)
    rotate_every(site, stuck, 30, last=130, schedule="rate(30 days)")
    told = ("a new value by hand, a tag edited since", "the date of the last change is not the value's age")
    manual = add_secret(site, "payments/card-vault-hsm", days=400, value=15, accessed=2, tags=_OWNED, told=told)
    manual.last_changed_date = (manual.last_changed_date or 0) + 12 * 86400


def _forgotten(site: Site) -> None:
    told = ("never rotated, read every day", "the value is as old as the secret")
    add_secret(site, "payments/partner-token", days=820, accessed=0, tags=_OWNED, told=told)
    told = ("never accessed, no owner", "absence of an access date means never, not unknown")
    add_secret(site, "payments/old-gateway", days=500, told=told)
    told = ("planned for deletion four days ago", "still there, and no longer readable")
    going = add_secret(site, "payments/sunset", days=900, accessed=70, tags=_OWNED, told=told)
    plan_deletion(site, going, days=4)


def _elsewhere(site: Site) -> None:
    told = (f"replicated to {site.second}", "one secret seen in two regions, used in each on its own day")
    there = [site.second]
    replica = add_secret(site, REPLICATED, days=300, value=100, accessed=0, tags=_OWNED, replicas=there, told=told)
    site.beyond.secrets[replica.arn].accessed[site.second] = midnight(site.ago(9))
    told = ("owned and rotated by RDS", "a service answers for it, not a person")
    tags = {"aws:secretsmanager:owningService": "rds", "aws:rds:primaryDBClusterArn": "cluster:payments"}
    name = f"rds!cluster-{site.ids.uuid('rds')}"
    managed = add_secret(site, name, days=200, value=3, accessed=0, tags=tags, told=told)
    rotate_every(site, managed, 7, last=3)


def furnish_data(site: Site) -> None:
    """A second region of its own, and more rows than one would look through by eye."""
    add_secret(site, "warehouse/loader", days=350, value=80, accessed=1, tags={"owner": "data-platform@acme.example"})
    far = add_secret(site, "warehouse/eu-export", days=250, region=site.second, accessed=20)
    site.tell(far.arn, f"a secret that lives in {site.second} only", "the home region alone does not show it")
    for number in range(6):
        add_secret(site, f"warehouse/source-{number}", days=60 + number * 90, accessed=number or None)


def rotate_database(site: Site) -> None:
    """The database secret is rotated on time."""
    secret = secret_of(site, ROTATED)
    set_value(site, secret, at=site.ago(3 / 24))
    rotate_every(site, secret, 30, last=3 / 24)
    site.tell(secret.arn, "rotated three hours before the tick", "a new version, a new age")
