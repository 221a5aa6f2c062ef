"""Which facts become factors, which only could, and where a limit begins to count."""

from datetime import timedelta

import pytest

from prooftrail.governance import Governance
from prooftrail.governance.registers import BreakGlass, Registers
from prooftrail.governance.thresholds import EnvironmentEntry, Environments, Thresholds
from prooftrail.model.iam import MfaDevice, MfaKind, Secret
from prooftrail.model.identity import Basis, Classification, Identity, IdentityClass, Kind, Known
from prooftrail.model.judgement import PrivilegeClass, Tier
from prooftrail.model.organization import OrganizationFacts
from prooftrail.model.reading import CellStatus, Collector
from prooftrail.model.snapshot import Sighting
from prooftrail.risk.entry import Comer, Entry, Pin, Way
from prooftrail.risk.surroundings import Surroundings
from tests.builders import ACCOUNT, MEMBER, NEVER, NOW, STRANGER, UNTOLD, ago, days, replaced, used, with_facts
from tests.builders.judging import an_account, judged_snapshot, unknowing
from tests.builders.judging_risk import (
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
    owners,
    possible,
    present,
    the_root,
    the_score,
    without_owner,
)

INSTANT = timedelta(microseconds=1)
SECOND = timedelta(seconds=1)
DECLARED = Classification(cls=IdentityClass.NON_HUMAN, basis=Basis.DECLARED, reason="its tag says machine")
APPROVED = {"reason": "on call", "approved_by": "person-1", "approved_on": ago(days(90)).date()}


def test_a_person_with_a_password_and_mfa_has_a_password_and_nothing_more() -> None:
    assert present(the_score(a_person())) == {"iam_user_password": 1}


def test_a_password_without_mfa_weighs_most_of_what_a_user_can_have() -> None:
    assert present(the_score(a_person(mfa=False))) == {"iam_user_password": 1, "password_without_mfa": 4}


def test_a_device_that_is_newer_than_the_report_is_mfa() -> None:
    device = MfaDevice(serial="serial", kind=MfaKind.FIDO)
    assert "password_without_mfa" not in present(the_score(with_facts(a_person(mfa=False), mfa_devices=(device,))))


@pytest.mark.parametrize(
    "person",
    [
        a_person(mfa=None),
        unknowing(a_person(mfa=False), "facts.mfa_active"),
        unknowing(a_person(mfa=False), "facts.mfa_devices"),
    ],
    ids=["no report", "report in doubt", "devices in doubt"],
)
def test_mfa_that_was_not_read_is_neither_there_nor_missing(person: Identity) -> None:
    risk = the_score(person)
    assert "password_without_mfa" not in present(risk)
    assert possible(risk) == {"password_without_mfa": 4}


def test_a_password_that_was_not_read_is_possible_with_everything_that_goes_with_one() -> None:
    risk = the_score(a_person(password=None, mfa=None, usage=UNTOLD))
    assert present(risk) == {}
    assert possible(risk) == {"password_without_mfa": 4, "iam_user_password": 1, "unused_over_limit": 1}


def test_a_declared_service_user_with_a_password_is_used_by_people() -> None:
    declared = a_person(kind=Kind.SERVICE_USER, classification=DECLARED)
    assert "human_use_of_nhi" in present(the_score(declared))
    assert "human_use_of_nhi" in possible(the_score(unknowing(declared, "facts.password_enabled")))
    assert "human_use_of_nhi" not in present(the_score(a_person(kind=Kind.SERVICE_USER)))


def test_only_an_active_key_is_long_lived() -> None:
    user = a_machine()
    assert present(the_score(user, a_key_of(user))) == {"long_lived_key": 2}
    assert present(the_score(user, a_key_of(user, active=False))) == {}


def test_keys_that_could_not_be_listed_are_possible_and_those_in_the_report_are_so() -> None:
    denied = {Collector.ACCESS_KEYS: CellStatus.DENIED}
    unseen = the_score(a_machine(created_at=ago(days(10))), cells=denied)
    assert possible(unseen) == {"long_lived_key": 2}
    reported = with_facts(a_machine(), key_slots=((True, ago(days(10))), (False, ago(days(300)))))
    assert present(the_score(reported, cells=denied)) == {"long_lived_key": 2}


def test_a_key_is_bound_to_a_network_only_by_a_policy_that_was_read() -> None:
    user = a_machine()
    for bound, so, maybe in ((True, False, False), (False, True, False), (None, False, True)):
        risk = the_score(user, a_key_of(user), privileges=[may(user, network_bound=bound)])
        assert ("no_network_condition" in present(risk), "no_network_condition" in possible(risk)) == (so, maybe)


def test_without_a_long_lived_credential_nobody_asks_for_a_network() -> None:
    assert "no_network_condition" not in present(
        the_score(a_person(), privileges=[may(a_person(), network_bound=False)])
    )


def test_a_service_credential_counts_unless_it_expires() -> None:
    user = a_machine()
    assert present(the_score(user, a_service_key_of(user))) == {"service_cred_no_expiry": 2}
    assert present(the_score(user, a_service_key_of(user, expires_at=NOW + days(9)))) == {}
    assert present(the_score(user, a_service_key_of(user, status="Inactive"))) == {}
    unlisted = the_score(user, cells={Collector.SERVICE_SPECIFIC_CREDENTIALS: CellStatus.DENIED})
    assert possible(unlisted) == {"service_cred_no_expiry": 2}


@pytest.mark.parametrize(
    ("age", "factor"),
    [
        (days(90) - SECOND, None),
        (days(90), None),
        (days(90) + INSTANT, "rotation_overdue"),
        (days(180), "rotation_overdue"),
        (days(180) + INSTANT, "rotation_overdue_2x"),
    ],
)
def test_rotation_is_overdue_only_past_the_limit_of_the_first_tier(age: timedelta, factor: str | None) -> None:
    user = a_machine(created_at=ago(days(999)))
    risk = the_score(user, a_key_of(user, age=age))
    assert risk.tier in (Tier.MEDIUM, Tier.HIGH)
    assert set(present(risk)) == {"long_lived_key", *([factor] if factor else [])}


def test_the_limit_is_that_of_the_tier_without_rotation_and_is_not_taken_again() -> None:
    """Impact 4, two points: medium, 90 days. Past twice 90 days: four points, high, whose limit of 60 is not asked."""
    user = a_machine()
    risk = the_score(user, a_key_of(user, age=days(181)))
    assert (risk.tier, present(risk)) == (Tier.HIGH, {"long_lived_key": 2, "rotation_overdue_2x": 2})
    assert risk.factors[1].why.endswith("was created 181 days ago, where its tier without this allows 90 days")


def test_between_two_tiers_the_laxest_limit_breaks_and_the_strictest_may_be_broken() -> None:
    user = a_machine()
    unsure = [may(user, at_most=PrivilegeClass.ADMIN, unresolved=("policy x was not read",))]
    between = the_score(user, a_key_of(user, age=days(45)), privileges=unsure)
    assert "rotation_overdue" not in present(between)
    assert possible(between) == {"rotation_overdue": 1}
    past = the_score(user, a_key_of(user, age=days(100)), privileges=unsure)
    assert present(past)["rotation_overdue"] == 1
    assert possible(past) == {"rotation_overdue_2x": 2}


@pytest.mark.parametrize(
    ("idle", "counts"), [(days(45) - SECOND, False), (days(45), False), (days(45) + INSTANT, True)]
)
def test_a_password_is_unused_only_past_the_limit(idle: timedelta, counts: bool) -> None:
    assert ("unused_over_limit" in present(the_score(a_person(usage=used(idle))))) is counts


def test_a_password_that_was_never_used_counts_from_when_it_was_set() -> None:
    never = a_person(usage=NEVER)
    assert "unused_over_limit" in present(the_score(never))
    assert "unused_over_limit" not in present(the_score(with_facts(never, password_changed_at=ago(days(3)))))


def test_an_active_key_that_was_never_used_counts_from_its_creation() -> None:
    user = a_machine()
    old, new = a_key_of(user, age=days(60), usage=NEVER), a_key_of(user, age=days(10), usage=NEVER)
    assert "unused_over_limit" in present(the_score(user, old))
    assert "unused_over_limit" not in present(the_score(user, new))


def test_use_that_aws_does_not_track_is_possible_disuse_never_disuse() -> None:
    user = a_machine()
    risk = the_score(user, a_key_of(user, age=days(60), usage=UNTOLD))
    assert "unused_over_limit" not in present(risk)
    assert "unused_over_limit" in possible(risk)
    assert "unused_over_limit" not in possible(the_score(user, a_key_of(user, age=days(20), usage=UNTOLD)))


def test_what_lies_ahead_of_the_tick_has_age_zero() -> None:
    user = a_machine()
    risk = the_score(user, a_key_of(user, age=-days(1), usage=NEVER))
    assert (present(risk), possible(risk)) == ({"long_lived_key": 2}, {})


@pytest.mark.parametrize(("idle", "counts"), [(days(90), False), (days(90) + INSTANT, True)])
def test_a_role_is_unused_past_its_own_limit(idle: timedelta, counts: bool) -> None:
    assert ("unused_over_limit" in present(the_score(a_worker(usage=used(idle))))) is counts


def test_a_role_without_use_on_record_counts_from_its_creation() -> None:
    risk = the_score(a_worker(usage=NEVER))
    assert (
        risk.factors[0].why
        == "role has no use on record and was created 400 days ago, where its tier without this allows 90 days"
    )


def test_what_is_kept_for_emergencies_is_meant_to_lie_unused() -> None:
    kept = a_worker(usage=NEVER)
    registered = BreakGlass(identity=kept.id, **APPROVED)  # type: ignore[arg-type]  # a test's own words
    policy = Governance(registers=Registers(break_glass=(registered,)))
    assert present(the_score(kept, governance=policy)) == {}


def test_nobody_named_and_somebody_who_left_are_both_no_owner() -> None:
    assert present(the_score(without_owner(a_worker()))) == {"owner_missing": 2}
    left = owners(kim=False)
    assert present(the_score(a_worker(owner=Known(value="kim")), governance=left)) == {"owner_inactive": 2}
    assert present(the_score(a_worker(owner=Known(value="ada")), governance=left)) == {}


def test_an_owner_in_tags_that_were_not_read_is_possible() -> None:
    unread = unknowing(without_owner(a_worker()), "owner")
    assert possible(the_score(unread)) == {"owner_missing": 2}
    of_account = the_score(without_owner(a_worker()), facts={"account": an_account(tags=None)})
    assert possible(of_account) == {"owner_missing": 2}
    held = unknowing(a_worker(), "owner")
    assert possible(the_score(held, governance=owners(kim=False))) == {"owner_inactive": 2}
    assert possible(the_score(held)) == {}


def a_sighting(where: str) -> Sighting:
    return Sighting(fingerprint="f" * 20, detector="aws_secret_access_key", length=40, api="iam:ListRoles", where=where)


def test_a_credential_in_plain_text_belongs_to_what_its_place_names() -> None:
    worker, other = a_worker(), a_worker("worker2")
    for place in (f"{worker.arn} Description", f"{worker.id} Value", "worker Document"):
        risk = the_score(worker, other, sightings=[a_sighting(place)])
        assert present(risk) == {"plaintext_secret": 5}
        assert Tier.HIGH is risk.tier_from
        assert present(the_score(other, worker, sightings=[a_sighting(place)])) == {}


def test_a_name_that_two_bear_makes_it_possible_for_both() -> None:
    role, user = a_worker("deploy"), a_machine("deploy")
    for one, other in ((role, user), (user, role)):
        risk = the_score(one, replaced(other, name="deploy "), sightings=[a_sighting("deploy Document")])
        assert present(risk) == {"plaintext_secret": 5}
    around = judged_snapshot(role, user, sightings=[a_sighting("deploy Document")])
    found = Surroundings(around, organization(), privileges={}, entries={})
    assert [[len(each) for each in found.exposed(one)] for one in (role, user)] == [[0, 1], [0, 1]]


def test_a_place_that_was_cut_names_everything_that_begins_so() -> None:
    long = "x" * 400
    role = replaced(a_worker(), arn=f"{a_worker().arn}/{long}")
    assert present(the_score(role, a_worker("other"), sightings=[a_sighting(role.arn[:200])])) == {
        "plaintext_secret": 5
    }


def test_text_that_was_not_read_may_hold_a_credential() -> None:
    assert possible(the_score(unknowing(a_worker(), "facts.description"))) == {"plaintext_secret": 5}


@pytest.mark.parametrize(
    ("way", "factors"),
    [
        (a_way(Comer.SERVICE), {}),
        (a_way(Comer.OWN_ACCOUNT, account=ACCOUNT), {}),
        (a_way(Comer.INSIDE, account=MEMBER), {}),
        (a_way(Comer.SAML), {}),
        (a_way(Comer.EKS_POD_IDENTITY), {}),
        (a_way(Comer.DELETED_PRINCIPAL), {}),
        (a_way(Comer.ANYONE), {"trust_any_principal": 5}),
        (a_way(Comer.ANYONE, limited=True, limited_by=("aws:PrincipalOrgID",)), {"trust_any_principal_conditioned": 3}),
        (a_way(Comer.OUTSIDE_UNKNOWN, account=STRANGER, external_id=True), {"external_unregistered": 4}),
        (a_way(Comer.FORMER_MEMBER, account=STRANGER), {"external_unregistered": 4}),
        (a_way(Comer.SUPPLIER, supplier="V", external_id=True), {"external_registered": 1}),
        (a_way(Comer.SUPPLIER, supplier="V"), {"external_no_external_id": 3}),
        (a_way(Comer.SUPPLIER, supplier="V", supplier_active=False, external_id=True), {"external_unregistered": 4}),
        (a_way(Comer.OWN_ORGANIZATION, account=STRANGER), {"external_registered": 1}),
        (a_way(Comer.AWS_OWNED, account=STRANGER), {"external_registered": 1}),
        (a_way(Comer.OIDC, pin=Pin.REPOSITORY, audience=True), {}),
        (a_way(Comer.OIDC, pin=Pin.OWNER, audience=True), {"oidc_sub_wildcard": 4}),
        (a_way(Comer.OIDC, pin=Pin.NONE, audience=False), {"oidc_sub_wildcard": 4, "oidc_aud_missing": 3}),
        (a_way(Comer.EKS_IRSA, pin=Pin.FULL, audience=True), {}),
        (a_way(Comer.EKS_IRSA, pin=Pin.REPOSITORY, audience=True), {"oidc_sub_wildcard": 4}),
    ],
    ids=lambda one: f"{one.comer} {one.pin or one.supplier or ''}" if isinstance(one, Way) else "",
)
def test_a_way_in_gives_its_factor(way: Way, factors: dict[str, int]) -> None:
    worker = a_worker()
    risk = the_score(worker, entries=[lets_in(worker, way)])
    assert (present(risk), possible(risk)) == (factors, {})


def test_the_weakest_way_of_each_sort_counts_once() -> None:
    worker = a_worker()
    ways = (
        a_way(Comer.SUPPLIER, supplier="V", external_id=True),
        a_way(Comer.SUPPLIER, supplier="W"),
        a_way(Comer.OUTSIDE_UNKNOWN),
        a_way(Comer.OIDC, pin=Pin.NONE, audience=True),
        a_way(Comer.OIDC, pin=Pin.FULL, audience=True),
    )
    risk = the_score(worker, entries=[lets_in(worker, *ways)])
    assert present(risk) == {"external_unregistered": 4, "oidc_sub_wildcard": 4}


def test_who_cannot_be_told_inside_or_outside_is_no_outsider() -> None:
    worker = a_worker()
    entry = [lets_in(worker, a_way(Comer.UNTOLD, account=STRANGER))]
    alone = the_score(worker, entries=entry, context=organization(organization=OrganizationFacts()))
    assert (present(alone), possible(alone)) == ({}, {"external_unregistered": 4})
    unlisted = the_score(worker, entries=entry)
    assert possible(unlisted) == {"external_unregistered": 4, "cross_env_into_prod": 2}
    nameless = the_score(worker, entries=[lets_in(worker, a_way(Comer.UNTOLD))])
    assert possible(nameless) == possible(unlisted)


@pytest.mark.parametrize("entry", [Entry(role="", unread="its trust is no JSON"), None])
def test_a_trust_that_was_not_read_may_let_in_anybody(entry: Entry | None) -> None:
    worker = a_worker()
    unread = unknowing(worker, "facts.trust") if entry is None else worker
    risk = the_score(unread, entries=[replaced(entry, role=worker.id)] if entry else ())
    assert present(risk) == {}
    assert set(possible(risk)) >= {"trust_any_principal", "oidc_sub_wildcard", "external_unregistered"}
    assert risk.tier is Tier.CRITICAL


def test_only_a_lesser_environment_reaching_into_production_is_a_crossing() -> None:
    worker = a_worker()
    entry = [lets_in(worker, a_way(Comer.INSIDE, account=MEMBER))]

    def crossing(here: str, there: str) -> bool:
        assigned = tuple(EnvironmentEntry(environment=e, account=a) for a, e in ((ACCOUNT, here), (MEMBER, there)))
        policy = Governance(thresholds=Thresholds(environments=Environments(assign=assigned)))
        risk = the_score(worker, entries=entry, governance=policy)
        assert possible(risk) == {}
        return "cross_env_into_prod" in present(risk)

    assert crossing("prod", "nonprod")
    assert crossing("security_or_management", "sandbox")
    assert not crossing("prod", "prod")
    assert not crossing("nonprod", "sandbox")
    assert not crossing("nonprod", "prod")


def test_a_crossing_from_an_account_whose_environment_was_not_read_is_possible() -> None:
    worker = a_worker()
    accounts = (an_account(), an_account(MEMBER, tags=None))
    risk = the_score(
        worker,
        entries=[lets_in(worker, a_way(Comer.INSIDE, account=MEMBER))],
        context=organization(accounts=accounts),
    )
    assert (present(risk), possible(risk)) == ({}, {"cross_env_into_prod": 2})


@pytest.mark.parametrize(
    ("facts", "so", "maybe"),
    [
        ({}, {"root_credentials"}, set()),
        ({"password_enabled": False}, set(), set()),
        ({"mfa_active": False}, {"root_credentials", "password_without_mfa"}, set()),
        ({"password_enabled": False, "mfa_active": False}, set(), set()),
        ({"access_keys_present": True}, {"root_credentials", "long_lived_key"}, set()),
        ({"access_keys_present": True, "key_slots": ((False, NOW),)}, {"root_credentials"}, set()),
        ({"password_enabled": False, "certificates_present": True}, {"root_credentials"}, set()),
        ({"password_enabled": None}, set(), {"root_credentials"}),
        ({"mfa_active": None}, {"root_credentials"}, {"password_without_mfa"}),
        ({"access_keys_present": None}, {"root_credentials"}, {"long_lived_key"}),
    ],
)
def test_the_roots_own_credentials(facts: dict[str, object], so: set[str], maybe: set[str]) -> None:
    risk = the_score(the_root(**facts))
    assert (set(present(risk)), set(possible(risk))) == (so, maybe)


@pytest.mark.parametrize(
    ("age", "factor"), [(days(90), None), (days(90) + INSTANT, "rotation_overdue"), (days(181), "rotation_overdue_2x")]
)
def test_a_secret_ages_with_its_value(age: timedelta, factor: str | None) -> None:
    assert set(present(the_score(a_vault(value_age=age)))) == ({factor} if factor else set())


def test_a_secret_whose_values_age_was_not_read_is_no_older_than_itself() -> None:
    unread = unknowing(a_vault(value_age=None, created_at=ago(days(100))), "facts.value_created_at")
    assert possible(the_score(unread)) == {"rotation_overdue": 1}
    assert possible(the_score(replaced(unread, created_at=ago(days(9))))) == {}


@pytest.mark.parametrize(("owner", "spared"), [("rds", True), ("Redshift.amazonaws.com", True), ("events", False)])
def test_only_services_that_rotate_their_secrets_spare_the_owner_from_it(owner: str, spared: bool) -> None:
    managed = with_facts(a_vault(value_age=days(400)), owning_service=owner)
    assert ("rotation_overdue_2x" not in present(the_score(managed))) is spared


def test_a_secret_planned_for_deletion_is_neither_old_nor_unused() -> None:
    old = a_vault(value_age=days(400), usage=NEVER)
    assert isinstance(old.facts, Secret)
    assert set(present(the_score(old))) == {"rotation_overdue_2x", "unused_over_limit"}
    assert present(the_score(with_facts(old, deleted_at=NOW + days(7)))) == {}


def test_a_secret_may_be_used_in_a_region_that_was_not_read() -> None:
    risk = the_score(unknowing(a_vault(usage=NEVER), "facts.replicas"))
    assert (present(risk), possible(risk)) == ({}, {"unused_over_limit": 1})
