"""Whether certificates that prove an identity still run long enough to be renewed in time (IDC-19)."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from prooftrail.controls.case import Case
from prooftrail.controls.catalog import Control
from prooftrail.controls.verdict import Verdict
from prooftrail.inventory.wording import plain
from prooftrail.model.iam import SamlProvider, ServerCertificate, ServiceSpecificCredential
from prooftrail.model.identity import Identity
from prooftrail.model.judgement import SubjectType
from prooftrail.model.reading import Collector

from .ages import age, in_days, on
from .allowances import Tally, counted_together, tally
from .endings import Ending
from .saying import Check, Said, Subject, held, stated, untested
from .unlisted import listing_gap, unlisted


def idc_19(case: Case, control: Control) -> Iterator[Verdict]:
    """A server certificate in IAM and a SAML provider's metadata are valid, and for longer than the warning takes.

    Exactly the warning's days left pass, less fail; the last second of validity still counts as valid. How many
    expired ones are allowed is held against all of the account, so either all of them pass or none.
    Source: iam:ListServerCertificates Expiration, iam:ListSAMLProviders ValidUntil.
    """
    yield from unlisted(case, control, Collector.SERVER_CERTIFICATES, Collector.SAML_PROVIDERS)
    expired = _expired(case, control)
    for one in case.of_kinds(control.kinds):
        name = plain(one.name)
        match one.facts:
            case ServerCertificate():
                subject = Subject(case, control, one, kind=SubjectType.CERTIFICATE)
                yield subject.verdict(_runs(case, one, f"server certificate {name}", expired))
            case SamlProvider():
                subject = Subject(case, control, one, kind=SubjectType.PROVIDER)
                yield subject.verdict(_runs(case, one, f"the metadata of SAML provider {name}", expired))


def expires(case: Case, one: Identity) -> datetime | None:
    """When something ends by itself: a certificate, a provider's metadata, a credential for one service; None if unknown."""
    match one.facts:
        case ServerCertificate(expires_at=until) | ServiceSpecificCredential(expires_at=until):
            return stated(case, one, "facts.expires_at", until)
        case SamlProvider(valid_until=until):
            return stated(case, one, "facts.valid_until", until)
        case _:
            return None


def certificate_ending(case: Case, one: Identity) -> Ending | None:
    """The expiry of what IDC-19 has nothing against yet, with the warning that asks for its renewal before."""
    until = expires(case, one)
    return Ending(at=until, by=("IDC-19", "warn_before_expiry_days", case.tiers(one.id)[-1])) if until else None


def _expired(case: Case, control: Control) -> Tally:
    """How many of the account have expired."""
    judged = (one for one in case.of_kinds(control.kinds) if isinstance(one.facts, ServerCertificate | SamlProvider))
    ends = [expires(case, one) for one in judged]
    sources = (Collector.SERVER_CERTIFICATES, Collector.SAML_PROVIDERS)
    return tally(
        (None if end is None else end < case.taken_at for end in ends),
        unlisted=any(listing_gap(case, source) for source in sources),
    )


def _runs(case: Case, one: Identity, what: str, expired: Tally) -> Said:
    until = expires(case, one)
    if until is None:
        return untested(f"until when {what} is valid was not read")
    if until < case.taken_at:
        since = in_days(age(until, case.taken_at))
        compared = counted_together(case, "IDC-19", "expired_allowed", one.id, expired)
        return held(
            compared,
            f"{what} expired on {on(until)}, {since} ago",
            value=f"expired {since} ago",
            says="expired ones allowed: {}",
        )
    left = until - case.taken_at
    compared = case.compare("IDC-19", "warn_before_expiry_days", one.id, over=lambda warn: left < timedelta(days=warn))
    return held(
        compared,
        f"{what} expires on {on(until)}, in {in_days(left)}",
        value=in_days(left),
        says="it is to be renewed {} before",
    )


CHECKS: dict[str, Check] = {"IDC-19": idc_19}
