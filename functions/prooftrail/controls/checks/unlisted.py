"""What a control may not have seen at all: a source that lists its subjects and was not read to its end.

What is not listed has no row of its own, so the account has one in its place: an account that could not be read never
looks like an account without keys. Every control of identities has that row by its kinds alone (`with_unlisted`); a check
that needs other sources too asks for them itself.
"""

from collections.abc import Iterable, Iterator

import msgspec

from prooftrail.controls.case import Case
from prooftrail.controls.catalog import Control
from prooftrail.controls.verdict import Verdict
from prooftrail.inventory.wording import listed
from prooftrail.model.iam import (
    AccessKey,
    OidcProvider,
    PermissionSetFacts,
    Role,
    SamlProvider,
    Secret,
    ServerCertificate,
    ServiceSpecificCredential,
    User,
)
from prooftrail.model.identity import HOME, Kind
from prooftrail.model.judgement import ResultStatus, SubjectType
from prooftrail.model.reading import Cell, CellStatus, Collector, Gap, GapReason

from .saying import Subject, untested

_NOUNS: dict[Collector, str] = {
    Collector.PRINCIPALS: "users and roles",
    Collector.ACCESS_KEYS: "access keys",
    Collector.SERVICE_SPECIFIC_CREDENTIALS: "service-specific credentials",
    Collector.SECRETS: "secrets",
    Collector.SERVER_CERTIFICATES: "server certificates",
    Collector.SAML_PROVIDERS: "SAML providers",
    Collector.OIDC_PROVIDERS: "OIDC providers",
    Collector.PERMISSION_SETS: "permission sets",
}
_NOT_A_ROLE: dict[Kind, type] = {
    Kind.HUMAN_USER: User,
    Kind.SERVICE_USER: User,
    Kind.USER: User,
    Kind.ACCESS_KEY: AccessKey,
    Kind.SERVICE_SPECIFIC_CRED: ServiceSpecificCredential,
    Kind.PERMISSION_SET: PermissionSetFacts,
    Kind.SECRET: Secret,
    Kind.CERTIFICATE: ServerCertificate,
    Kind.OIDC_PROVIDER: OidcProvider,
    Kind.SAML_PROVIDER: SamlProvider,
}
LISTED_BY: dict[Kind, Collector] = {kind: HOME[_NOT_A_ROLE.get(kind, Role)] for kind in Kind if kind is not Kind.ROOT}
"""The source that lists each kind. The root has none: every account has one, whatever was refused."""

_ONE_ACCOUNT = frozenset({Collector.PERMISSION_SETS})
"""Sources only one account of a run is asked for: elsewhere they have no cell, and nothing is missing."""

_READ = frozenset({CellStatus.OK, CellStatus.LATE, CellStatus.DISABLED})
_OF_ONE = frozenset({GapReason.UNREADABLE, GapReason.CLOCK})
"""Reasons that concern something that was listed, whether or not they name it."""

_BY_PRINCIPAL = frozenset({Collector.ACCESS_KEYS})
"""Sources that are asked user by user: what one of them refuses hides something of that user."""


def with_unlisted(case: Case, control: Control, verdicts: Iterable[Verdict]) -> Iterator[Verdict]:
    """The verdicts of a control of identities, and the row of the account for the kinds that may not all be listed.

    A row the account has already stays if it is a failure or not tested, and names these gaps too; it is no pass.
    """
    owed = next(iter(_owed(case, control)), None)
    for one in verdicts:
        if owed is None or one.subject != owed.subject:
            yield one
            continue
        if one.status in (ResultStatus.FAIL, ResultStatus.NOT_TESTED):
            owed = msgspec.structs.replace(one, gaps=tuple(dict.fromkeys((*one.gaps, *owed.gaps))))
    if owed is not None:
        yield owed


def _owed(case: Case, control: Control) -> Iterator[Verdict]:
    if control.of_identities:
        yield from unlisted(case, control, *sorted({LISTED_BY[kind] for kind in control.kinds if kind in LISTED_BY}))


def unlisted(case: Case, control: Control, *sources: Collector) -> Iterator[Verdict]:
    """One NOT_TESTED row for the account where any of these sources did not list all it has; else nothing.

    A gap that names what it is about concerns something that was listed, and is told there. Secrets are listed region
    by region: a region nobody asked hides them as a refusal does.
    """
    cells = [one for one in case.snapshot.cells if one.collector in sources]
    missing = set(sources) - {cell.collector for cell in cells} - _ONE_ACCOUNT
    hiding = sorted((one for one in cells if _hides(case, one)), key=lambda one: (one.collector, one.region))
    regions = unasked(case) if Collector.SECRETS in {*sources} - missing else None
    if not hiding and not missing and regions is None:
        return
    silent = {one.collector for one in hiding} | missing | ({Collector.SECRETS} if regions else set())
    nouns = listed({_NOUNS[one] for one in silent})
    parts = [_told(case, nouns, one) for one in hiding] + [f"{one} was not read" for one in sorted(missing)]
    parts += [regions] if regions else []
    subject = Subject(case, control, None, kind=SubjectType.ACCOUNT)
    words = f"there may be {nouns} of the account that were not listed"
    yield subject.verdict(*(untested(f"{words}: {why}" if not place else why, why) for place, why in enumerate(parts)))


def unasked(case: Case) -> str | None:
    """Why secrets may lie in regions nobody asked; None where every enabled region was asked, or refused on its own."""
    enabled = case.snapshot.account.regions_enabled
    if enabled is None or any(_hides(case, one) for one in case.snapshot.cells if one.collector is Collector.REGIONS):
        why = case.gap(Collector.REGIONS)
        return "which regions are enabled is not known" + (f": {why}" if why else "")
    asked = {one.region for one in case.snapshot.cells if one.collector is Collector.SECRETS}
    left = sorted(set(enabled) - asked)
    return f"secrets in {listed(left)} were not asked for" if left else None


def listing_gap(case: Case, collector: Collector) -> str | None:
    """Why this account-wide source may not have listed all it has; None where whatever is not listed is not there."""
    cells = [one for one in case.snapshot.cells if one.collector is collector]
    return None if cells and not any(_hides(case, one) for one in cells) else case.gap(collector)


def _told(case: Case, nouns: str, cell: Cell) -> str:
    return case.gap(cell.collector, cell.region) or f"{nouns} were not listed"


def _hides(case: Case, cell: Cell) -> bool:
    if cell.status in _READ:
        return False
    return not cell.gaps or any(_of_listing(case, cell.collector, one) for one in cell.gaps)


def _of_listing(case: Case, collector: Collector, gap: Gap) -> bool:
    """True if a gap may hide that something is there; one about a region or an instance hides the permission sets in it."""
    if gap.reason in _OF_ONE:
        return False
    if collector is Collector.PERMISSION_SETS:
        return gap.subject not in case.by_id
    return gap.subject is None or collector in _BY_PRINCIPAL
