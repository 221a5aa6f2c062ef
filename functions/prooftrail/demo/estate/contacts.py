"""Whom AWS writes to about an account: most name those who watch over all of them, some a desk of their own, some nobody."""

from collections.abc import Mapping

from moto.account.models import account_backends

from prooftrail.demo.estate import chart
from prooftrail.demo.estate.site import Site

_WATCH = ("Security Operations", "soc@acme.example")
_SECURITY, _OPERATIONS = "SECURITY", "OPERATIONS"
_NAMED: Mapping[str, Mapping[str, tuple[str, str]]] = {
    chart.MANAGEMENT: {_SECURITY: _WATCH, _OPERATIONS: ("Cloud Office", "cloud-office@acme.example")},
    chart.SECURITY: {_SECURITY: _WATCH},
    chart.PAYMENTS: {_SECURITY: _WATCH, _OPERATIONS: ("Payments on call", "payments-oncall@acme.example")},
    chart.LOGS: {_SECURITY: _WATCH},
    chart.DATA: {_OPERATIONS: ("Data Platform", "data-platform@acme.example")},
    chart.SHARED: {_SECURITY: _WATCH},
}


def name_contacts(site: Site, plan: chart.AccountPlan) -> None:
    """The contacts of one account; a plain workload has the common one, unless nobody put an owner's tag on it either."""
    plain = {_SECURITY: _WATCH} if plan.tags and site.name not in chart.NAMES else {}
    held = account_backends[site.id][site.partition]
    for kind, (name, email) in _NAMED.get(site.name, plain).items():
        held.put_alternate_contact(
            alternate_contact_type=kind, email_address=email, name=name, phone_number="+1 555 0100", title="On duty"
        )
    if site.name == chart.DATA:
        site.tell(site.id, "an operations contact and no security contact", "the next in the chain is asked instead")
    if site.name == chart.PAYMENTS_TEST:
        site.tell(site.id, "an account without contacts", "that there is none is a fact, and no gap")
