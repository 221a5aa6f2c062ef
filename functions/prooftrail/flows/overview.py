"""Page one: who and what there is, how people come in, what every control came to, and what deserves attention first."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

import msgspec

from prooftrail.model.iam import AccessKey, ServiceSpecificCredential, User
from prooftrail.model.identity import Identity, IdentityClass, Kind
from prooftrail.model.judgement import Environment, Result, ResultStatus, Risk, Tier

from .locker_history import UNPLANNED, AsOf, Standing
from .locker_judgement import Judgements, identities_of

_CHAINS = 5
_LONGEST_CHAIN = 5  # facts of one chain


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """How many identities of one class or kind there are, by the highest tier each could have."""

    name: str
    total: int
    by_tier: tuple[tuple[Tier, int], ...]
    unscored: int


class People(msgspec.Struct, frozen=True, kw_only=True):
    """How people come in, in numbers; `untested` says what of that nobody looked at."""

    passwords: int
    without_mfa: int
    mfa_unknown: int
    roots_with_password: int
    permission_sets: int
    center_roles: int
    saml_roles: int
    untested: tuple[str, ...]


class LongLived(msgspec.Struct, frozen=True, kw_only=True):
    """One long-lived credential in the hands of software, or of nobody knows whom."""

    id: str
    user: str
    account: str
    account_name: str | None
    owner: str | None
    tier: Tier | None
    created_at: datetime | None
    last_used_at: datetime | None
    use_tracked: bool
    owner_left: bool
    judged_in_run: str | None
    failing: tuple[str, ...]


class Untested(msgspec.Struct, frozen=True, kw_only=True):
    """One reason why something was not tested, the controls it keeps open, and how many results."""

    reason: str
    controls: tuple[str, ...]
    results: int
    accounts: int


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """Facts about one identity that are serious together: how one gets in, what it can do, where, and who answers for it."""

    identity: str
    name: str
    kind: Kind
    account: str
    account_name: str | None
    tier: Tier
    facts: tuple[str, ...]
    failing: tuple[str, ...]
    alike: int
    judged_in_run: str


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """The first page of a run. `carried` are identities of accounts it could not judge, shown as an earlier run judged them."""

    carried: int
    classes: tuple[Counted, ...]
    kinds: tuple[Counted, ...]
    people: People
    long_lived: tuple[LongLived, ...]
    untested: tuple[Untested, ...]
    chains: tuple[Chain, ...]


class _Seen(msgspec.Struct, frozen=True, kw_only=True):
    """An identity beside what was made of it."""

    identity: Identity
    standing: Standing
    risk: Risk | None
    results: tuple[Result, ...]
    run_id: str | None


def here(as_of: AsOf, found: Judgements) -> tuple[AsOf, Judgements]:
    """The same without accounts that the run did not plan for: they left, or were not there yet, and are no part of it."""
    standings = tuple(one for one in as_of.standings if one.status != UNPLANNED)
    planned = {one.account for one in standings}
    kept = tuple(one for one in found.judged if one.account in planned)
    unjudged = tuple(one for one in found.unjudged if one.account in planned)
    return (
        msgspec.structs.replace(as_of, standings=standings),
        msgspec.structs.replace(found, judged=kept, unjudged=unjudged),
    )


def overview(as_of: AsOf, found: Judgements) -> Overview:
    """Page one of the run of `as_of`; an account that was not judged counts without tiers."""
    seen = list(_seen(as_of, found))
    return Overview(
        carried=sum(one.run_id != as_of.run.run_id for one in seen),
        classes=tuple(_counted(seen, [(one, one.value) for one in IdentityClass], _class_of)),
        kinds=tuple(_counted(seen, [(one, one.value) for one in Kind], _kind_of)),
        people=_people(seen),
        long_lived=tuple(_long_lived(seen, as_of)),
        untested=_untested(found, as_of),
        chains=tuple(_chains(seen, as_of)),
    )


def _seen(as_of: AsOf, found: Judgements) -> Iterator[_Seen]:
    for standing in as_of.standings:
        judged = found.of(standing.account)
        risks = {one.identity: one for one in judged.assessment.risks} if judged else {}
        results: dict[str, list[Result]] = {}
        for one in judged.assessment.results if judged else ():
            if one.identity:
                results.setdefault(one.identity, []).append(one)
        for identity in identities_of(standing).values():
            yield _Seen(
                identity=identity,
                standing=standing,
                risk=risks.get(identity.id),
                results=tuple(results.get(identity.id, ())),
                run_id=judged.run.run_id if judged else None,
            )


def _class_of(one: Identity) -> IdentityClass:
    return one.classification.cls


def _kind_of(one: Identity) -> Kind:
    return one.kind


def _counted[T](seen: list[_Seen], names: list[tuple[T, str]], of: Callable[[Identity], T]) -> Iterator[Counted]:
    for wanted, name in names:
        tiers = Counter(one.risk.tier if one.risk else None for one in seen if of(one.identity) is wanted)
        if total := sum(tiers.values()):
            by_tier = tuple((tier, tiers[tier]) for tier in reversed(Tier))
            yield Counted(name=name, total=total, by_tier=by_tier, unscored=tiers[None])


def _people(seen: list[_Seen]) -> People:
    users = [one.identity.facts for one in seen if isinstance(one.identity.facts, User)]
    with_password = [one for one in users if one.password_enabled]
    kinds = Counter(one.identity.kind for one in seen)
    roots = [
        dict(one.standing.snapshot.account.summary or ())
        for one in seen
        if one.identity.kind is Kind.ROOT and one.standing.snapshot
    ]
    untested = []
    if any(one.password_enabled is None for one in users):
        untested.append(
            "whether some IAM users have a password: their credential report was not read, or is older than they are"
        )
    if kinds[Kind.PERMISSION_SET] or kinds[Kind.ROLE_SSO]:
        untested.append(
            "who is assigned to a permission set, and the MFA of people behind Identity Center: not collected by this version"
        )
    if kinds[Kind.ROLE_SAML] or kinds[Kind.SAML_PROVIDER]:
        untested.append("who the SAML provider lets in, and their MFA: not collected by this version")
    return People(
        passwords=len(with_password),
        without_mfa=sum(one.mfa_active is False for one in with_password),
        mfa_unknown=sum(one.mfa_active is None for one in with_password),
        roots_with_password=sum(one.get("AccountPasswordPresent", 0) > 0 for one in roots),
        permission_sets=kinds[Kind.PERMISSION_SET],
        center_roles=kinds[Kind.ROLE_SSO],
        saml_roles=kinds[Kind.ROLE_SAML],
        untested=tuple(untested),
    )


def _long_lived(seen: list[_Seen], as_of: AsOf) -> list[LongLived]:
    """Active keys and service credentials not known to be a person's: ownerless first, then by tier and age."""
    users = {one.identity.id: one.identity for one in seen}
    found = [
        LongLived(
            id=one.identity.id,
            user=as_of.reveal(holder.name if (holder := users.get(one.identity.parent or "")) else one.identity.name),
            account=one.identity.account,
            account_name=as_of.reveal(one.standing.name) if one.standing.name else None,
            owner=as_of.reveal(one.identity.owner.value) if one.identity.owner.value else None,
            tier=one.risk.tier if one.risk else None,
            created_at=one.identity.created_at,
            last_used_at=one.identity.usage.last_used_at,
            use_tracked=one.identity.usage.tracked,
            owner_left=any(each.name == "owner_inactive" for each in one.risk.factors) if one.risk else False,
            judged_in_run=one.run_id,
            failing=_failing(one.results),
        )
        for one in seen
        if isinstance(one.identity.facts, AccessKey | ServiceSpecificCredential)
        and one.identity.facts.status == "Active"
        and one.identity.classification.cls is not IdentityClass.HUMAN
    ]
    return sorted(found, key=_worst_first)


def _worst_first(one: LongLived) -> tuple[bool, int, str, str]:
    return (
        one.owner is not None and not one.owner_left,
        -one.tier.rank if one.tier else 1,
        str(one.created_at or ""),
        one.id,
    )


def _failing(results: Iterable[Result]) -> tuple[str, ...]:
    return tuple(sorted({one.control for one in results if one.status is ResultStatus.FAIL}))


def _untested(found: Judgements, as_of: AsOf) -> tuple[Untested, ...]:
    """Why results are NOT_TESTED, the commonest reason first; reasons that differ only in a name count together."""
    together: dict[str, list[tuple[Result, str]]] = {}
    for judged in found.everyone():
        for one in judged.assessment.results:
            if one.status is ResultStatus.NOT_TESTED:
                reason = as_of.reveal(one.gaps[0] if one.gaps else one.reason)
                together.setdefault(reason, []).append((one, judged.account))
    made = [
        Untested(
            reason=reason,
            controls=tuple(sorted({one.control for one, _ in held})),
            results=len(held),
            accounts=len({account for _, account in held}),
        )
        for reason, held in together.items()
    ]
    return tuple(sorted(made, key=lambda one: (-one.results, one.reason)))


def _chains(seen: list[_Seen], as_of: AsOf) -> Iterator[Chain]:
    """The most serious identities, each family once: highest tier, then impact and likelihood, then what fails."""
    holders = [one for one in seen if one.risk and one.risk.inherited_from is None and one.risk.factors]
    holders.sort(key=_seriousness)
    told: Counter[str] = Counter(one.identity.family or one.identity.id for one in holders)
    done: set[str] = set()
    of_credentials: dict[str, list[Result]] = {}
    for one in seen:
        if one.identity.parent and one.identity.parent != one.identity.id:
            of_credentials.setdefault(one.identity.parent, []).extend(one.results)
    for one in holders:
        alike = one.identity.family or one.identity.id
        if alike in done or len(done) == _CHAINS or one.risk is None:
            continue
        done.add(alike)
        yield Chain(
            identity=one.identity.id,
            name=as_of.reveal(one.identity.name),
            kind=one.identity.kind,
            account=one.identity.account,
            account_name=as_of.reveal(one.standing.name) if one.standing.name else None,
            tier=one.risk.tier,
            facts=tuple(as_of.reveal(fact) for fact in _facts(one.risk)),
            failing=_failing((*one.results, *of_credentials.get(one.identity.id, ()))),
            alike=told[alike] - 1,
            judged_in_run=one.run_id or "",
        )


def _seriousness(one: _Seen) -> tuple[int, int, int, int, str]:
    risk = one.risk
    if risk is None:
        return 0, 0, 0, 0, one.identity.id
    return -risk.tier_from.rank, -risk.impact, -risk.points, -len(_failing(one.results)), one.identity.id


def _facts(risk: Risk) -> list[str]:
    """How one gets in, strongest first, then what it can do and where."""
    ways = sorted(risk.factors, key=lambda one: (-one.points, one.name))
    where = f"it stands in {_PLACES[risk.environment]}: {risk.environment_why}"
    return [*(one.why for one in ways[: _LONGEST_CHAIN - 2]), risk.privilege_why, where]


_PLACES = {
    Environment.SANDBOX: "a sandbox",
    Environment.NONPROD: "non-production",
    Environment.PROD: "production",
    Environment.SECURITY: "an account that manages or secures others",
}
