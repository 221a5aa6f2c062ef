"""Assembles one account's readings into a snapshot: every identity with what it is, whose it is, and what is not known.

Pure: the same readings, context and policy give the same bytes, in whatever order the readings list things.
"""

from collections.abc import Callable, Iterable

import msgspec

from prooftrail.governance import Assignment, Governance
from prooftrail.model import canonical
from prooftrail.model.account import AccountReadings
from prooftrail.model.iam import (
    AccessKey,
    PermissionSetFacts,
    Role,
    Root,
    SamlProvider,
    ServerCertificate,
    ServiceSpecificCredential,
    User,
)
from prooftrail.model.identity import HOME, Identity, Known, Observed
from prooftrail.model.organization import Account
from prooftrail.model.run import Run
from prooftrail.model.snapshot import AccountFacts, Header, Snapshot

from .cells import cells
from .classify import Classifier, Verdict
from .context import OrgContext
from .families import Families
from .join import Joined, join
from .ownership import Ladder, Question, Registry
from .reconcile import reconciliations


def assemble(
    readings: AccountReadings, *, account: Account, run: Run, context: OrgContext, governance: Governance
) -> Snapshot:
    """The account at `run.taken_at`. Something created after that instant is listed all the same; its age will be zero.

    Raises ValueError for a policy that still names people: what is assembled here will be sealed.
    """
    if governance.owners.owner and not governance.pseudonymous:
        raise ValueError("the governance names people: assemble with Governance.redacted(...)")
    joined = join(readings, partition=context.partition)
    held = reconciliations(readings, joined)
    describing = _Describing(readings, account, context, governance, joined.items)
    return Snapshot(
        header=Header(run_id=run.id, account=readings.account, taken_at=run.taken_at),
        account=_facts(readings, account),
        cells=cells(readings, joined, run=run, held=held),
        reconciliations=held,
        identities=_once((describing.identity(one) for one in joined.items), lambda one: one.id),
        groups=_once(readings.groups, lambda one: one.id),
        policies=_once(readings.policies, lambda one: one.arn),
        documents=_once(readings.documents, lambda one: one.sha256),
        sightings=tuple(sorted(set(readings.sightings), key=canonical.encode)),
        aws_policies=_once(readings.aws_policies.items, lambda one: one.arn),
    )


class _Describing:
    """Describes the things of one account; what is said of a user is said once, and its credentials lean on it."""

    def __init__(
        self,
        readings: AccountReadings,
        account: Account,
        context: OrgContext,
        governance: Governance,
        joined: Iterable[Joined],
    ) -> None:
        self._account = readings.account
        self._families = Families(readings.account, readings.documents, readings.policies)
        self._registry = Registry(governance, readings.account)
        self._classifier = Classifier(governance, context, readings.account)
        self._ladder = Ladder(governance, self._registry, account)
        self._users = {one.observed.id: one for one in joined if isinstance(one.observed.facts, User)}
        self._said: dict[str, _Said] = {}

    def identity(self, joined: Joined) -> Identity:
        """The identity that `joined` is."""
        one = joined.observed
        said, user = self._say(joined), self._user(one)
        unknown = {*joined.unknown, *said.verdict.unknown, *_owner_unknown(joined, user)}
        if isinstance(one.facts, Role) and said.family is None:
            unknown.add("family")
        return Identity(
            id=one.id,
            arn=one.arn,
            account=self._account,
            region=one.region,
            collector=HOME[type(one.facts)],
            name=one.name,
            kind=said.verdict.kind,
            kind_reason=said.verdict.kind_reason,
            classification=said.verdict.classification,
            owner=self._known("owner", one, user, said, unknown),
            purpose=self._known("purpose", one, user, said, unknown),
            created_at=one.created_at,
            tags=None if one.tags is None else tuple(sorted(one.tags)),
            facts=one.facts,
            usage=one.usage,
            parent=one.parent,
            family=said.family,
            carried_from=one.carried_from,
            unknown=tuple(sorted(unknown)),
        )

    def _say(self, joined: Joined) -> "_Said":
        one = joined.observed
        if one.id in self._said:
            return self._said[one.id]
        user = self._user(one)
        above = self._say(user) if user else None
        family = None if "facts.trust" in joined.unknown else self._families.of(one)
        assignments = (*self._registry.assignments(one, family), *(above.assignments if above else ()))
        verdict = self._classifier.verdict(joined, parent=above.verdict if above else None, assignments=assignments)
        said = _Said(verdict=verdict, family=family, assignments=assignments)
        if one.id in self._users:
            self._said[one.id] = said
        return said

    def _user(self, one: Observed) -> Joined | None:
        return self._users.get(one.parent) if one.parent and one.parent != one.id else None

    def _known(self, question: Question, one: Observed, user: Joined | None, said: "_Said", unknown: set[str]) -> Known:
        above = user.observed if user else None
        known = self._ladder.known(question, one, parent=above, assignments=said.assignments)
        if question not in unknown:
            return known
        never = isinstance(one.facts, PermissionSetFacts | SamlProvider | ServerCertificate)
        untold = "this version does not collect its tags" if never else "its tags were not read"
        where = f"{known.where}; {untold}" if known.where else untold
        return msgspec.structs.replace(known, where=where)


class _Said(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of one thing before it becomes an identity."""

    verdict: Verdict
    family: str | None
    assignments: tuple[Assignment, ...]


def _owner_unknown(joined: Joined, user: Joined | None) -> tuple[str, ...]:
    """Owner and purpose are in doubt where tags that outrank every other rung were not read, or are never collected."""
    one = joined.observed
    credential = isinstance(one.facts, AccessKey | ServiceSpecificCredential)
    taggable = not credential and not isinstance(one.facts, Root)
    unread = (credential and user is None) or (user is not None and "tags" in user.unknown)
    unread = unread or (taggable and one.tags is None) or "tags" in joined.unknown
    return ("owner", "purpose") if unread else ()


def _facts(readings: AccountReadings, account: Account) -> AccountFacts:
    summary = readings.summary_after if readings.summary_after.items else readings.summary_before
    outbound = next(iter(readings.outbound_federation.items), None)
    features = readings.features
    contacts = tuple(sorted(readings.contacts.items, key=lambda one: one.type))
    return AccountFacts(
        account=account,
        summary=tuple(sorted((one.name, one.value) for one in summary.items)) or None,
        password_policy=next(iter(readings.password_policy.items), None),
        organization_features=tuple(sorted(features.items)) if features is not None and features.complete else None,
        outbound_federation=outbound.enabled if outbound else None,
        outbound_issuer=outbound.issuer if outbound else None,
        regions_enabled=tuple(sorted(readings.regions.items)) if readings.regions.complete else None,
        regions_read=tuple(sorted(readings.regions_read)),
        report_generated_at=readings.report.items[0].generated_at if readings.report.items else None,
        contacts=contacts if contacts or readings.contacts.complete else None,
        contacts_read_in=readings.contacts_read_in,
    )


def _once[T](items: Iterable[T], name: Callable[[T], str]) -> tuple[T, ...]:
    """Each thing once, by name. Of two readings of one thing, which only paging can give, always the same one stays."""
    found: dict[str, T] = {}
    for one in items:
        other = found.get(name(one))
        if other is None or (other != one and canonical.encode(other) < canonical.encode(one)):
            found[name(one)] = one
    return tuple(found[key] for key in sorted(found))
