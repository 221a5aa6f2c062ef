"""The populations samples are drawn from: complete lists, each item once under a canonical id, the same bytes for anyone."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType

import msgspec

from prooftrail.errors import EvidenceUnreadable
from prooftrail.model.iam import (
    AccessKey,
    OidcProvider,
    PermissionSetFacts,
    SamlProvider,
    Secret,
    ServerCertificate,
    User,
)
from prooftrail.model.iam import Role as RoleFacts
from prooftrail.model.identity import Identity, IdentityClass
from prooftrail.model.reading import Collector
from prooftrail.pack.registers.cells import csv_header, csv_record, unguarded
from prooftrail.pack.registers.columns import account_status, called, instant, instant_of, number, shown, text
from prooftrail.pack.registers.identity_words import status_of
from prooftrail.pack.registers.results import FAILING
from prooftrail.pack.table import Register, Row, Table
from prooftrail.pack.view import AccountView, PeriodView

COLUMNS = (
    text("item_id", "the item's canonical id: no other row of this population has it"),
    text("name", "what people call it"),
    text("arn", "its ARN"),
    text("kind", "what it is"),
    text("class", "human, non_human or undetermined"),
    text("account_id", "the account it is in"),
    text("tier", "its tier; empty where it was not scored"),
    text("owner", "its accountable owner; empty where nobody is named"),
    instant("created_at", "when it was created; of a finding when it was opened; empty where that is not known"),
    text("status", "how it stands: active, present, FAIL, open and so on"),
    text("evidence_id", "the sealed object that shows it"),
    number("evidence_line", "its line in the unpacked object, counted from 1"),
    text("as_of_run", "the run that shows it: older than the one shown where its account or place was not read since"),
    account_status(),
)
_LISTING = (
    Collector.PRINCIPALS,
    Collector.CREDENTIAL_REPORT,
    Collector.ACCESS_KEYS,
    Collector.SERVICE_SPECIFIC_CREDENTIALS,
    Collector.SAML_PROVIDERS,
    Collector.OIDC_PROVIDERS,
    Collector.SERVER_CERTIFICATES,
    Collector.SECRETS,
    Collector.PERMISSION_SETS,
)
_DETAILS = "iam:GetAccountAuthorizationDetails"
_LISTS = (
    "iam:GetCredentialReport",
    "iam:ListAccessKeys",
    "iam:ListServiceSpecificCredentials",
    "iam:ListSAMLProviders",
    "iam:ListOpenIDConnectProviders",
    "iam:ListServerCertificates",
    "secretsmanager:ListSecrets",
    "sso:ListPermissionSets",
)


type Each = Callable[[AccountView, PeriodView], Iterator[Row]]
"""The rows one account gives."""


class Population(msgspec.Struct, frozen=True, kw_only=True):
    """One population: what an item is, the APIs it is listed by, and the sources that must be whole for it to be complete.

    `judged` is true where items are results or findings: then each account must have been judged in the run shown, too.
    `each` gives the items of any account; the register leaves out accounts that the run shown did not plan for, so that
    packs and lockers of every period with the same run shown have the same bytes.
    """

    name: str
    what: str
    source_api: str
    needs: tuple[Collector, ...]
    judged: bool
    each: Each
    register: Register


def _of_identities(
    name: str, what: str, api: str, needs: tuple[Collector, ...], is_one: Callable[[Identity], bool]
) -> Population:
    def rows(one: AccountView, period: PeriodView) -> Iterator[Row]:
        for listed in one.listed:
            identity = listed.identity
            if not is_one(identity):
                continue
            risk, seen_at = one.risks.get(identity.id), instant_of(listed.seen_in) or period.as_of.taken_at
            yield (
                shown(period, identity.id),
                shown(period, identity.name),
                shown(period, identity.arn),
                identity.kind.value,
                identity.classification.cls.value,
                identity.account,
                risk.tier.value if risk else None,
                shown(period, identity.owner.value),
                identity.created_at,
                status_of(identity, seen_at),
                listed.evidence,
                listed.line,
                listed.seen_in,
                one.account_status,
            )

    register = Register(table=_table(name, what), each=_of_current(rows))
    return Population(name=name, what=what, source_api=api, needs=needs, judged=False, each=rows, register=register)


def _of_judgements(name: str, what: str, source: str, each: Each) -> Population:
    register = Register(table=_table(name, what), each=_of_current(each))
    return Population(
        name=name, what=what, source_api=source, needs=_LISTING, judged=True, each=each, register=register
    )


def _of_current(each: Each) -> Each:
    return lambda one, period: iter(()) if one.left else each(one, period)


def _table(name: str, what: str) -> Table:
    return Table(
        file=f"populations/{name}",
        title=f"Population: {name}",
        about=(
            f"{what} One row per item, of the accounts of the run shown; populations/index.csv says whether it is"
            " complete, and how many items of accounts that left are not in it."
        ),
        columns=COLUMNS,
        questions=(1, 6),
    )


def _is(*facts: type) -> Callable[[Identity], bool]:
    return lambda identity: isinstance(identity.facts, facts)


def _of_class(cls: IdentityClass) -> Callable[[Identity], bool]:
    return lambda identity: identity.classification.cls is cls


def _failing(one: AccountView, period: PeriodView) -> Iterator[Row]:
    identities = one.identities()
    evidence = one.assessment.id if one.assessment else None
    for line, result in enumerate(one.results, start=one.first_result_line):
        if result.status not in FAILING:
            continue
        identity = identities.get(result.identity) if result.identity else None
        yield (
            shown(period, f"{result.control}/{one.account}/{result.subject}"),
            shown(period, called(identity, result.subject)),
            shown(period, identity.arn) if identity else None,
            identity.kind.value if identity else result.subject_type.value,
            identity.classification.cls.value if identity else None,
            one.account,
            result.tier.value if result.tier else None,
            shown(period, identity.owner.value) if identity else None,
            identity.created_at if identity else None,
            result.status.value,
            evidence,
            line if evidence else None,
            one.judged_run.run_id if one.judged_run else None,
            one.account_status,
        )


def _findings(one: AccountView, period: PeriodView) -> Iterator[Row]:
    identities = one.identities()
    evidence = one.findings_object.id if one.findings_object else None
    for line, finding in enumerate(one.findings, start=2):
        identity = identities.get(finding.identity) if finding.identity else None
        yield (
            f"{one.account}/{finding.fingerprint}",
            shown(period, f"{finding.control} {finding.name or called(identity, finding.subject)}"),
            shown(period, finding.arn),
            finding.kind.value if finding.kind else finding.subject_type.value,
            identity.classification.cls.value if identity else None,
            one.account,
            finding.tier.value if finding.tier else None,
            shown(period, finding.owner),
            finding.opened_at,
            finding.status.value,
            evidence,
            line if evidence else None,
            one.judged_run.run_id if one.judged_run else None,
            one.account_status,
        )


def _every() -> Iterator[Population]:
    all_apis = "; ".join((_DETAILS, *_LISTS))
    classes = {
        IdentityClass.HUMAN: ("human", "Every identity of a person."),
        IdentityClass.NON_HUMAN: ("non-human", "Every identity of software, a service or a machine."),
        IdentityClass.UNDETERMINED: (
            "undetermined",
            "Every identity of which nothing tells whether a person acts by it.",
        ),
    }
    yield _of_identities("identities", "Every identity.", all_apis, _LISTING, lambda _: True)
    for cls, (name, what) in classes.items():
        yield _of_identities(
            name, f"{what} The other classes are lists of their own.", all_apis, _LISTING, _of_class(cls)
        )
    yield _of_identities("users", "Every IAM user.", _DETAILS, (Collector.PRINCIPALS,), _is(User))
    keys = (Collector.PRINCIPALS, Collector.ACCESS_KEYS)
    yield _of_identities("access-keys", "Every access key, active or not.", "iam:ListAccessKeys", keys, _is(AccessKey))
    roles = "Every role, those of AWS's own services too."
    yield _of_identities("roles", roles, _DETAILS, (Collector.PRINCIPALS,), _is(RoleFacts))
    secrets = "Every secret, with its replicas once, those planned for deletion too."
    yield _of_identities("secrets", secrets, "secretsmanager:ListSecrets", (Collector.SECRETS,), _is(Secret))
    certificates = "Every server certificate in IAM; ACM and private CAs are not collected."
    apis = "iam:ListServerCertificates"
    yield _of_identities("certificates", certificates, apis, (Collector.SERVER_CERTIFICATES,), _is(ServerCertificate))
    sets, apis = "Every permission set of Identity Center.", "sso:ListPermissionSets"
    yield _of_identities("permission-sets", sets, apis, (Collector.PERMISSION_SETS,), _is(PermissionSetFacts))
    providers, apis = "Every OpenID Connect and SAML provider.", "iam:ListOpenIDConnectProviders; iam:ListSAMLProviders"
    both = (Collector.OIDC_PROVIDERS, Collector.SAML_PROVIDERS)
    yield _of_identities("providers", providers, apis, both, _is(OidcProvider, SamlProvider))
    failing = "Every result that is FAIL or EXCEPTION; its id is control/account/subject."
    yield _of_judgements("results-failing", failing, "sealed assessments", _failing)
    yield _of_judgements(
        "findings",
        "Every finding, open, fixed or verified; its id is account/fingerprint.",
        "sealed findings",
        _findings,
    )


POPULATIONS: Mapping[str, Population] = MappingProxyType({one.name: one for one in _every()})
"""Every population by its name."""

POPULATION_REGISTERS = tuple(one.register for one in POPULATIONS.values())


def population_bytes(name: str, period: PeriodView, views: Iterable[AccountView]) -> bytes:
    """The bytes of `populations/NAME.csv`, from the views in the order a pack takes them. Raises KeyError for no population."""
    register = POPULATIONS[name].register
    record, made = csv_record(register.table), [csv_header(register.table)]
    for one in views:
        if register.each is not None:
            made.extend(record(row).encode() for row in register.each(one, period))
    return b"".join(made)


def parse_population(data: bytes, *, where: str = "the population") -> list[dict[str, str]]:
    """The items of a population file, texts without the apostrophe that guards them; absence is an empty text.

    Raises EvidenceUnreadable for what is no such file, and for one with an item twice.
    """
    try:
        rows = list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise EvidenceUnreadable(f"{where} is no CSV file: {error}.") from error
    names = [one.name for one in COLUMNS]
    if not rows or rows[0] != names:
        raise EvidenceUnreadable(f"{where} is no population of a pack: its first line is not {','.join(names)}.")
    bad = next((number for number, row in enumerate(rows, start=1) if len(row) != len(names)), None)
    if bad is not None:
        raise EvidenceUnreadable(f"{where}: record {bad} has not {len(names)} fields.")
    items = [dict(zip(names, map(unguarded, row), strict=True)) for row in rows[1:]]
    twice = len(items) - len({one["item_id"] for one in items})
    if twice:
        raise EvidenceUnreadable(f"{where} has {twice} item ids more than once: no sample of it could be drawn again.")
    return items
