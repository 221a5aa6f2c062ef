"""Furnishes IAM Identity Center: the instance, its permission sets, and the role each leaves in an account."""

from collections.abc import Iterable
from dataclasses import dataclass

from moto.ssoadmin.models import PermissionSet, SSOAdminBackend, ssoadmin_backends

from prooftrail.demo.estate import chart
from prooftrail.demo.estate.documents import saml
from prooftrail.demo.estate.principals import add_role
from prooftrail.demo.estate.site import Site
from prooftrail.demo.estate.stores import add_saml_provider, epoch_s

_AUDIENCE = {
    "aws": "https://signin.aws.amazon.com/saml",
    "aws-us-gov": "https://signin.amazonaws-us-gov.com/saml",
    "aws-cn": "https://signin.amazonaws.cn/saml",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Set:
    name: str
    duration: str
    policy: str
    description: str
    only: frozenset[str] | None = None
    used: float | None = 3


_SETS = (
    _Set(name="AdministratorAccess", duration="PT4H", policy="AdministratorAccess", description="Platform engineers"),
    _Set(name="ReadOnlyAccess", duration="PT8H", policy="ReadOnlyAccess", description="Everyone on call"),
    _Set(
        name="BillingViewer",
        duration="PT12H",
        policy="Billing",
        description="Finance",
        only=frozenset({chart.MANAGEMENT}),
        used=30,
    ),
    _Set(
        name="DataEngineer",
        duration="PT12H",
        policy="PowerUserAccess",
        description="Data platform team",
        only=frozenset({chart.DATA, chart.PAYMENTS}),
        used=None,
    ),
)


def signin_audience(partition: str) -> str:
    """The audience console sign-in expects in a SAML assertion."""
    return _AUDIENCE[partition]


def open_centre(management: Site) -> SSOAdminBackend:
    """The organization's instance with its permission sets, provisioned nowhere yet."""
    centre = ssoadmin_backends[management.id][management.home]
    instance = centre.instances[0]
    instance.instance_arn = f"arn:{management.partition}:sso:::instance/ssoins-{management.ids.hexadecimal(16, 'sso')}"
    instance.identity_store_id = "d-" + management.ids.hexadecimal(10, "identity-store")
    instance.created_date = epoch_s(management.ago(1400))
    for wanted in _SETS:
        held = PermissionSet(wanted.name, wanted.description, instance.instance_arn, wanted.duration, "", [])
        suffix = management.ids.hexadecimal(16, "permission-set", wanted.name)
        held.permission_set_arn = f"{instance.instance_arn.replace(':instance/', ':permissionSet/')}/ps-{suffix}"
        held.created_date = epoch_s(management.ago(1390, like=wanted.name))
        centre.permission_sets.append(held)
    return centre


def provision(centre: SSOAdminBackend, management: Site, sites: Iterable[Site]) -> None:
    """Leave in every account the provider and the roles Identity Center makes there."""
    for site in sites:
        name = f"AWSSSO_{site.ids.hexadecimal(16, 'sso-provider', site.id)}_DO_NOT_DELETE"
        provider = add_saml_provider(site, name, days=350, valid_days=36000)
        for wanted, held in zip(_SETS, centre.permission_sets, strict=True):
            if wanted.only is None or site.name in wanted.only:
                _leave_role(site, wanted, provider)
                management.beyond.provisioned.setdefault(held.permission_set_arn, []).append(site.id)


def _leave_role(site: Site, wanted: _Set, provider: str) -> None:
    # Only where Identity Center lives in us-east-1 the path has no region.
    region = "" if site.home == "us-east-1" else f"{site.home}/"
    name = f"AWSReservedSSO_{wanted.name}_{site.ids.hexadecimal(16, 'sso-role', site.id, wanted.name)}"
    add_role(
        site,
        name,
        saml(provider, signin_audience(site.partition), tag_session=True),
        days=340,
        used=wanted.used,
        path=f"/aws-reserved/sso.amazonaws.com/{region}",
        description=wanted.description,
        # Twelve hours whatever the permission set says: Identity Center fixes it.
        hours=12,
        aws=[wanted.policy],
    )
