"""The risk of every identity of an account: bounds, inheritance, what the model takes things for, and the paragraph."""

import time
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prooftrail.governance import Governance
from prooftrail.governance.thresholds import Environments, Thresholds
from prooftrail.model.iam import OidcProvider, PermissionSetFacts, Role, SamlProvider, ServerCertificate
from prooftrail.model.identity import Identity, Kind
from prooftrail.model.judgement import Environment, PrivilegeClass, Risk, Tier
from prooftrail.model.reading import CellStatus, Collector
from prooftrail.model.trust import Principal, PrincipalType, TrustStatement
from prooftrail.risk.entry import Comer, Entry, Pin
from prooftrail.risk.explain_score import paragraph
from prooftrail.risk.privilege import Grant, PathMatch
from tests.builders import ACCOUNT, NEVER, UNTOLD, ago, an_identity, days, replaced
from tests.builders.judging import an_account, unknowing
from tests.builders.judging_risk import (
    LIMITED,
    UNIT,
    a_key_of,
    a_machine,
    a_person,
    a_service_key_of,
    a_vault,
    a_way,
    a_worker,
    lets_in,
    may,
    organization,
    possible,
    present,
    scores,
    the_root,
    the_score,
    without_owner,
)

ADMIN, NONE = PrivilegeClass.ADMIN, PrivilegeClass.NONE
LOW, MEDIUM, HIGH, CRITICAL = Tier


def test_a_credential_carries_the_risk_of_its_user() -> None:
    user = without_owner(a_machine())
    key, code = a_key_of(user, age=days(200)), a_service_key_of(user)
    found = scores(user, key, code)
    for one in (key, code):
        assert found[one.name].inherited_from == user.id
        assert found[one.name] == replaced(found[user.name], identity=one.id, inherited_from=user.id)


def test_a_credential_whose_user_is_not_listed_could_be_anything() -> None:
    key = a_key_of(a_machine())
    risk = the_score(key)
    assert (risk.inherited_from, risk.privilege, risk.privilege_at_most) == (None, NONE, ADMIN)
    assert (risk.tier_from, risk.tier) == (LOW, CRITICAL)
    assert "the user it belongs to is not listed" in risk.unknown


def test_the_root_may_do_everything() -> None:
    assert the_score(the_root()).tier is HIGH
    assert the_score(the_root(access_keys_present=True)).tier is CRITICAL


@pytest.mark.parametrize("cls", [NONE, ADMIN])
def test_a_service_linked_role_is_low_whatever_it_may_do(cls: PrivilegeClass) -> None:
    role = replaced(without_owner(a_worker(kind=Kind.ROLE_SERVICE_LINKED, usage=NEVER)), tags=None)
    risk = the_score(role, privileges=[may(role, cls)])
    assert (risk.tier, risk.tier_from, risk.floors) == (LOW, LOW, ("CAP service-linked role",))
    assert present(risk) == {"owner_missing": 2}


def test_a_role_whose_policies_were_not_read_lies_between_nothing_and_everything() -> None:
    role = a_worker()
    risk = the_score(role, privileges=[may(role, NONE, at_most=ADMIN, unresolved=("policy x was not read",))])
    assert (risk.tier_from, risk.tier, risk.certain) == (LOW, HIGH, False)
    assert risk.unknown == ("policy x was not read",)
    assert the_score(role, privileges=[]).unknown == ("its policies were not read",)


def test_a_secret_and_a_certificate_are_what_the_model_takes_them_for() -> None:
    certificate = an_identity(ServerCertificate(path="/"), kind=Kind.CERTIFICATE, owner=a_worker().owner, name="edge")
    found = scores(a_vault(), certificate)
    assert found["db"].privilege is PrivilegeClass.SENSITIVE_DATA
    assert found["edge"].privilege is PrivilegeClass.DATA_READ_NONSENSITIVE
    assert (found["db"].tier, found["edge"].tier) == (MEDIUM, LOW)


def test_a_permission_set_is_uncertain_because_its_policies_are_not_collected() -> None:
    facts = PermissionSetFacts(instance_arn="arn:aws:sso:::instance/ssoins-1")
    risk = the_score(an_identity(facts, kind=Kind.PERMISSION_SET, owner=a_worker().owner, tags=None, usage=UNTOLD))
    assert (risk.tier_from, risk.tier) == (LOW, HIGH)
    assert risk.unknown == ("this version does not collect the policies of permission sets",)


def federated(role: Identity, provider: str) -> Identity:
    who = Principal(type=PrincipalType.FEDERATED, value=provider)
    trust = TrustStatement(effect="Allow", principals=(who,), actions=("sts:AssumeRoleWithWebIdentity",))
    return msgspec.structs.replace(role, facts=Role(path="/", trust=(trust,), trust_document="0" * 64))


PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"


def a_provider(facts: OidcProvider | SamlProvider | None = None) -> Identity:
    kind = Kind.SAML_PROVIDER if isinstance(facts, SamlProvider) else Kind.OIDC_PROVIDER
    made = {"id": PROVIDER, "arn": PROVIDER, "owner": a_worker().owner, "usage": UNTOLD}
    return an_identity(facts or OidcProvider(), kind=kind, name="provider", **made)


@pytest.mark.parametrize("facts", [OidcProvider(), SamlProvider()])
def test_a_provider_is_worth_what_the_strongest_role_that_trusts_it_may_do(facts: OidcProvider | SamlProvider) -> None:
    weak, strong, other = federated(a_worker("weak"), PROVIDER), federated(a_worker("strong"), PROVIDER), a_worker()
    privileges = [may(weak), may(strong, PrivilegeClass.PRIVESC), may(other, ADMIN)]
    risk = the_score(a_provider(facts), weak, strong, other, privileges=privileges)
    assert (risk.privilege, risk.privilege_at_most) == (PrivilegeClass.PRIVESC, PrivilegeClass.PRIVESC)
    assert risk.privilege_why == "it vouches for whoever takes on role strong: it does so"
    assert the_score(a_provider(facts), other).privilege is PrivilegeClass.METADATA_READ


def test_a_provider_may_be_trusted_by_roles_that_were_not_read() -> None:
    unread = unknowing(a_worker(), "facts.trust")
    risk = the_score(a_provider(), unread, privileges=[may(unread, PrivilegeClass.SENSITIVE_DATA)])
    assert risk.privilege_at_most is PrivilegeClass.SENSITIVE_DATA
    partial = the_score(a_provider(), cells={Collector.PRINCIPALS: CellStatus.PARTIAL})
    assert partial.privilege_at_most is ADMIN
    assert "not every role was read" in partial.unknown[0]


def test_a_sensitive_unit_adds_to_impact_and_one_that_was_not_read_may() -> None:
    policy = Governance(thresholds=Thresholds(environments=Environments(sensitive_ous=(UNIT,), default="nonprod")))
    role = a_worker()

    def impact(ous: tuple[str, ...]) -> Risk:
        return the_score(role, governance=policy, facts={"account": an_account(ou_ids=ous)})

    assert (impact((UNIT,)).impact, impact(("r-ab12",)).impact) == (4, 3)
    assert (impact(()).tier_from, impact(()).impact) == (LOW, 4)


def test_an_environment_that_was_not_read_gives_both_ends() -> None:
    risk = the_score(a_worker(), facts={"account": an_account(tags=None)})
    assert (risk.tier_from, risk.tier, risk.environment) == (LOW, MEDIUM, Environment.SECURITY)
    assert risk.unknown == ("its tags were not read",)


def test_escalation_paths_are_named_and_those_that_need_a_target_are_not() -> None:
    role = a_worker()
    grant = Grant(policy="inline x", statement="statement 1", actions=("iam:CreateAccessKey",), resources=("*",))
    paths = tuple(
        PathMatch(id=one, name=one, needs_target=needs, targets=(), grants=(grant,))
        for one, needs in (("iam-002", False), ("lambda-003", True))
    )
    assert the_score(role, privileges=[may(role, PrivilegeClass.PRIVESC, paths=paths)]).paths == ("iam-002",)


def everything() -> tuple[tuple[Identity, ...], dict[str, Any]]:
    """An account with something of every sort, and what may be said of it."""
    ada, bob, deploy = a_person(mfa=False), a_person("bob", usage=NEVER), without_owner(a_machine())
    role, hook = without_owner(a_worker(usage=NEVER)), federated(a_worker("hook"), PROVIDER)
    ways = [
        lets_in(role, a_way(Comer.SUPPLIER, supplier="V"), a_way(Comer.ANYONE, limited=True)),
        lets_in(hook, a_way(Comer.OIDC, pin=Pin.OWNER, audience=True)),
    ]
    keys = (a_key_of(deploy, age=days(100)), a_key_of(bob, age=days(50), usage=NEVER), a_service_key_of(deploy))
    identities = (ada, bob, deploy, role, hook, *keys, a_vault(value_age=days(100)), the_root(), a_provider())
    return identities, {"entries": ways}


UNKNOWABLE = (
    "facts.password_enabled",
    "facts.mfa_active",
    "facts.mfa_devices",
    "facts.password_changed_at",
    "facts.key_slots",
    "facts.access_keys_present",
    "facts.certificates_present",
    "facts.trust",
    "facts.description",
    "facts.value_created_at",
    "facts.replicas",
    "owner",
    "tags",
    "usage",
)


@given(
    fields=st.sets(st.sampled_from(UNKNOWABLE), max_size=4),
    cells=st.sets(
        st.sampled_from(
            (Collector.ACCESS_KEYS, Collector.SERVICE_SPECIFIC_CREDENTIALS, Collector.PRINCIPALS, Collector.SECRETS)
        )
    ),
    unresolved=st.booleans(),
    administrators=st.booleans(),
    untagged=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_a_gap_only_widens_what_an_identity_could_be(
    fields: set[str], cells: set[Collector], unresolved: bool, administrators: bool, untagged: bool
) -> None:
    """With the credential itself still listed: one that is hidden is tested apart."""
    identities, known = everything()
    whole = scores(*identities, **known)
    hidden = [unknowing(one, *fields) for one in identities]
    principals = [one for one in hidden if one.id.startswith(("AIDA", "AROA"))]
    privileges = [may(one, NONE, at_most=ADMIN, network_bound=None, unresolved=("x",)) for one in principals]
    gapped = scores(
        *hidden,
        cells=dict.fromkeys(cells, CellStatus.DENIED),
        context=organization(administrators=CellStatus.DENIED if administrators else CellStatus.OK),
        facts={"account": an_account(tags=None)} if untagged else None,
        privileges=privileges if unresolved else None,
        **known,
    )
    for name, before in whole.items():
        after = gapped[name]
        assert after.tier.rank >= before.tier.rank, name
        assert after.tier_from.rank <= before.tier_from.rank, name
        assert after.tier_from.rank <= after.tier.rank


def test_hidden_credentials_only_widen_what_their_user_could_be() -> None:
    identities, known = everything()
    whole = scores(*identities, **known)
    left = [one for one in identities if one.kind not in (Kind.ACCESS_KEY, Kind.SERVICE_SPECIFIC_CRED)]
    denied = dict.fromkeys((Collector.ACCESS_KEYS, Collector.SERVICE_SPECIFIC_CREDENTIALS), CellStatus.DENIED)
    for name, after in scores(*left, cells=denied, **known).items():
        assert after.tier.rank >= whole[name].tier.rank
        assert after.tier_from.rank <= whole[name].tier_from.rank


@given(st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None)
def test_the_order_of_things_never_matters(random: Any) -> None:
    identities, known = everything()
    shuffled = list(identities)
    random.shuffle(shuffled)
    assert scores(*shuffled, **known) == scores(*identities, **known)


@given(older=st.integers(min_value=0, max_value=800), aged=st.sampled_from((a_vault, a_worker, a_person)))
@settings(max_examples=40, deadline=None)
def test_ageing_never_lowers_a_tier(older: int, aged: Callable[..., Identity]) -> None:
    def at(day: int) -> Risk:
        return the_score(aged(usage=NEVER, created_at=ago(days(day))))

    assert at(older + 30).tier.rank >= at(older).tier.rank


def test_ten_thousand_identities_are_scored_in_a_moment() -> None:
    users = [a_machine(f"u{number}") for number in range(3_000)]
    keys = [a_key_of(one, age=days(100)) for one in users]
    roles = [federated(a_worker(f"r{number}"), PROVIDER) for number in range(4_000)]
    entries = [lets_in(one, a_way(Comer.OIDC, pin=Pin.OWNER, audience=True)) for one in roles]
    started = time.process_time()
    found = scores(*users, *keys, *roles, a_provider(), entries=entries)
    assert len(found) == 10_001
    assert time.process_time() - started < 6  # measured: under one second; a runner may be slow


def test_the_paragraph_walks_from_impact_to_the_floor_that_lifts() -> None:
    user = without_owner(a_machine())
    key = a_key_of(user, age=days(20))
    risk = the_score(user, key, privileges=[may(user, PrivilegeClass.METADATA_READ)])
    assert paragraph(risk, user) == (
        "High, because privilege metadata read (it does so) in a production account (no entry, unit or tag says"
        " what it is, so the default counts) gives impact 2; active access key (+2: access key AKIADEPLOYXXXXXXXXX1 is active) and no owner"
        " (+2: nobody is named as its owner) give likelihood 3; together medium, which floor F6 ownerless long-lived"
        " credential lifts to high. Privilege is an upper bound: session policies are invisible."
    )


def test_the_paragraph_says_what_is_not_known_and_both_ends() -> None:
    role = a_worker()
    unsure = may(role, LIMITED, at_most=ADMIN, unresolved=("policy x was not read",))
    told = paragraph(the_score(role, privileges=[unsure]), role)
    assert told.startswith(
        "High at the most, medium at the least, because perhaps privilege admin, seen privilege write limited"
        " (it does so), in a production account"
    )
    assert "Not known: policy x was not read." in told


def test_the_paragraph_of_a_key_says_whose_risk_it_carries() -> None:
    user = a_machine()
    key = a_key_of(user)
    told = paragraph(scores(user, key)[key.name], key)
    assert told.startswith("It carries the risk of the user it belongs to. Medium, because")


def test_the_paragraph_of_a_role_nobody_can_misuse_says_so() -> None:
    told = paragraph(the_score(a_worker()), a_worker())
    assert "nothing makes it easier to misuse, so likelihood is 1; together medium." in told


def test_a_service_linked_role_is_explained_in_one_sentence() -> None:
    role = a_worker(kind=Kind.ROLE_SERVICE_LINKED)
    told = paragraph(the_score(role), role)
    assert told.startswith("Low, because AWS alone")
    assert told.count(".") == 1


def test_no_way_in_is_forgotten_where_the_entry_is_missing() -> None:
    role = a_worker()
    risk = the_score(role, entries=[Entry(role=role.id)])
    assert (present(risk), possible(risk)) == ({}, {})
