"""Whether certificates that prove an identity still run long enough to be renewed in time (IDC-19)."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from prooftrail.controls.case import Case
from prooftrail.controls.catalog import Control
from prooftrail.controls.verdict import Verdict
from prooftrail.inventory.wording import plain
from prooftrail.model.iam import SamlProvider, ServerCertificate
from prooftrail.model.identity import Identity
from prooftrail.model.judgement import SubjectType
from prooftrail.model.reading import Collector

from .ages import age, in_days, on
from .allowances import Tally, counted_together, tally
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
            case ServerCertificate(expires_at=until):
                subject = Subject(case, control, one, kind=SubjectType.CERTIFICATE)
                words = f"server certificate {name}"
                yield subject.verdict(_runs(case, one, words, "facts.expires_at", until, expired))
            case SamlProvider(valid_until=until):
                subject = Subject(case, control, one, kind=SubjectType.PROVIDER)
                words = f"the metadata of SAML provider {name}"
                yield subject.verdict(_runs(case, one, words, "facts.valid_until", until, expired))


def _expired(case: Case, control: Control) -> Tally:
    """How many of the account have expired."""
    ends: list[datetime | None] = []
    for one in case.of_kinds(control.kinds):
        match one.facts:
            case ServerCertificate(expires_at=until):
                ends.append(stated(case, one, "facts.expires_at", until))
            case SamlProvider(valid_until=until):
                ends.append(stated(case, one, "facts.valid_until", until))
    sources = (Collector.SERVER_CERTIFICATES, Collector.SAML_PROVIDERS)
    return tally(
        (None if end is None else end < case.taken_at for end in ends),
        unlisted=any(listing_gap(case, source) for source in sources),
    )


def _runs(case: Case, one: Identity, what: str, field: str, until: datetime | None, expired: Tally) -> Said:
    expires = stated(case, one, field, until)
    if expires is None:
        return untested(f"until when {what} is valid was not read")
    if expires < case.taken_at:
        since = in_days(age(expires, case.taken_at))
        compared = counted_together(case, "IDC-19", "expired_allowed", one.id, expired)
        return held(
            compared,
            f"{what} expired on {on(expires)}, {since} ago",
            value=f"expired {since} ago",
            says="expired ones allowed: {}",
        )
    left = expires - case.taken_at
    compared = case.compare("IDC-19", "warn_before_expiry_days", one.id, over=lambda warn: left < timedelta(days=warn))
    return held(
        compared,
        f"{what} expires on {on(expires)}, in {in_days(left)}",
        value=in_days(left),
        says="it is to be renewed {} before",
    )


CHECKS: dict[str, Check] = {"IDC-19": idc_19}
