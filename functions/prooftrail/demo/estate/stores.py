"""Puts secrets, server certificates and identity providers into an account."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from moto.iam.models import Certificate, OpenIDConnectProvider, SAMLProvider
from moto.secretsmanager.models import FakeSecret, secretsmanager_backends

from prooftrail.demo.estate.site import Site, tag_list
from prooftrail.demo.mends.world import CertificateFacts, SecretFacts

_RECOVERY_DAYS = 30


def epoch_s(naive: datetime) -> int:
    """Whole seconds since 1970 of a naive UTC time."""
    return int(naive.replace(tzinfo=UTC).timestamp())


def add_secret(
    site: Site,
    name: str,
    *,
    days: float,
    value: float | None = None,
    region: str | None = None,
    accessed: float | None = None,
    tags: Mapping[str, str] | None = None,
    description: str = "",
    replicas: Sequence[str] = (),
    told: tuple[str, str] | None = None,
) -> FakeSecret:
    """A secret created `days` ago whose present value is `value` days old (None: as old as the secret).

    `told` puts it into the story: what it is, why it is hard.
    """
    where = region or site.home
    made, changed = _then(site, name, days), _then(site, name, days if value is None else value)
    secret = FakeSecret(
        account_id=site.id,
        region_name=where,
        secret_id=name,
        secret_version={},
        version_id="",
        description=description,
        tags=tag_list(tags or {}),
        created_date=epoch_s(made),
        last_changed_date=epoch_s(changed),
    )
    suffix = "".join(site.ids.draw("suffix", site.id, where, name).choices("abcdefghijkABCDEFGHIJK23456789", k=6))
    secret.arn = f"arn:{site.partition}:secretsmanager:{where}:{site.id}:secret:{name}-{suffix}"
    secretsmanager_backends[site.id][where].secrets[name] = secret
    facts = site.beyond.secrets[secret.arn] = SecretFacts()
    set_value(site, secret, at=made)
    if changed > made:
        set_value(site, secret, at=changed)
    if accessed is not None:
        facts.accessed[where] = midnight(site.ago(accessed))
    secret.replicas = secret.create_replicas([{"Region": replica} for replica in replicas], force_overwrite=False)
    if told:
        site.tell(secret.arn, *told)
    return secret


def secret_of(site: Site, name: str) -> FakeSecret:
    """The secret of that name in the home region; it must be there."""
    held = secretsmanager_backends[site.id][site.home].secrets[name]
    if not isinstance(held, FakeSecret):
        raise LookupError(f"{name} is a replica in {site.home} of account {site.id}")
    return held


def set_value(site: Site, secret: FakeSecret, *, at: datetime) -> None:
    """A new version becomes AWSCURRENT, the last one AWSPREVIOUS, and older ones lose their stage."""
    version = site.ids.uuid("version", secret.arn, str(len(secret.versions)))
    current = {"secret_string": "withheld", "version_id": version, "version_stages": ["AWSCURRENT"]}
    secret.reset_default_version(current | {"createdate": epoch_s(at)}, version)
    secret.last_changed_date = epoch_s(at)
    site.beyond.secrets[secret.arn].version_dates[version] = at


def rotate_every(site: Site, secret: FakeSecret, days: int, *, last: float | None, schedule: str | None = None) -> None:
    """Rotation is on: last done `last` days ago, next due one interval later (even where that is past)."""
    secret.rotation_requested = secret.rotation_enabled = True
    secret.auto_rotate_after_days = days
    secret.rotation_lambda_arn = f"arn:{site.partition}:lambda:{secret.region}:{site.id}:function:rotate-secrets"
    site.beyond.secrets[secret.arn].schedule = schedule
    begun = _then(site, secret.name, last) if last is not None else None
    secret.last_rotation_date = epoch_s(begun) if begun else None
    secret.next_rotation_date = epoch_s((begun or site.ago(0)) + timedelta(days=days))


def _then(site: Site, name: str, days: float) -> datetime:
    """So many days ago, at the secret's own hour: a rotation and the version it made share their second."""
    return site.ago(days, like=f"secret/{name}" if days >= 1 else "")


def plan_deletion(site: Site, secret: FakeSecret, *, days: float) -> None:
    """Deleted `days` ago; it can be restored until its window closes."""
    deleted = site.ago(days)
    secret.delete(epoch_s(deleted + timedelta(days=_RECOVERY_DAYS)))
    site.beyond.secrets[secret.arn].deleted = deleted


def midnight(at: datetime) -> datetime:
    """Secrets Manager tells the day of an access, not the hour."""
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def add_server_certificate(site: Site, name: str, *, days: float, expires: float) -> None:
    """An IAM server certificate, uploaded `days` ago, expiring in `expires` days (negative: it has)."""
    site.iam.certificates[name] = Certificate(site.id, site.partition, name, "-----BEGIN CERTIFICATE-----", "")
    site.beyond.certificates[name] = CertificateFacts(
        id=site.ids.unique("ASCA", site.id, "certificate", name),
        uploaded=site.ago(days, like=f"certificate/{name}"),
        expires=site.ago(-expires, like=f"certificate-end/{name}"),
    )


def add_oidc_provider(
    site: Site, url: str, *, days: float, audiences: Sequence[str] = ("sts.amazonaws.com",), owner: str | None = None
) -> str:
    """An OIDC provider; returns its ARN."""
    tags = {"owner": {"Key": "owner", "Value": owner}} if owner else {}
    thumbprint = site.ids.hexadecimal(40, "thumbprint", url)
    provider = OpenIDConnectProvider(site.id, site.partition, url, [thumbprint], list(audiences), tags)
    provider.create_date = site.ago(days, like=f"oidc/{url}")
    site.iam.open_id_providers[provider.arn] = provider
    return provider.arn


def add_saml_provider(site: Site, name: str, *, days: float, valid_days: float) -> str:
    """A SAML provider whose metadata is valid for `valid_days` more days; returns its ARN."""
    provider = SAMLProvider(site.id, site.partition, name, "<EntityDescriptor/>" + " " * 1000)
    provider.create_date = site.ago(days, like=f"saml/{name}")
    provider.valid_until = site.ago(-valid_days, like=f"saml-end/{name}")
    site.iam.saml_providers[name] = provider
    return provider.arn
