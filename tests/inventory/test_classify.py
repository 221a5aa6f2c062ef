"""What users, their credentials and other things are, and who acts through them."""

import pytest

from prooftrail.governance import Governance, parse
from prooftrail.model.iam import CertificateSlot, OidcProvider, SamlProvider
from prooftrail.model.identity import Basis, Identity, IdentityClass, Kind
from prooftrail.model.organization import PermissionSet
from prooftrail.model.snapshot import Snapshot
from tests.builders import (
    ACCOUNT,
    NOW,
    a_certificate,
    a_gap,
    a_key,
    a_reading,
    a_report,
    a_role,
    a_row,
    a_secret,
    a_service_credential,
    a_slot,
    a_snapshot,
    a_user,
    account_root,
    refused,
    something,
    the,
)

HUMAN, NON_HUMAN, UNDETERMINED = IdentityClass.HUMAN, IdentityClass.NON_HUMAN, IdentityClass.UNDETERMINED
KEY = "AKIAEXAMPLE000000001"
SERVICE_CREDENTIAL = "ACCAEXAMPLE000000001"


def policy(scope: str = "", owners: str = "") -> Governance:
    return parse({"scope.toml": scope.encode(), "owners.toml": owners.encode()})


def a_user_with(*, password: bool | None, key: bool | None = None, service: bool | None = None) -> Snapshot:
    """A user with a password or none, with an active key, an inactive one, or none, and so on."""
    ada = a_user()
    holds = [a_key(ada, active=key)] if key is not None else []
    services = [a_service_credential(ada, active=service)] if service is not None else []
    slots = [a_slot(1, key=one, active=bool(key)) for one in holds]
    return a_snapshot(ada, *holds, *services, report=a_report(a_row(ada, password=password, keys=slots)))


def said(one: Identity) -> tuple[Kind, IdentityClass]:
    return one.kind, one.classification.cls


@pytest.mark.parametrize(
    ("password", "key", "service", "kind", "cls"),
    [
        (True, None, None, Kind.HUMAN_USER, HUMAN),
        (True, False, None, Kind.HUMAN_USER, HUMAN),
        (True, None, True, Kind.HUMAN_USER, HUMAN),
        (True, True, None, Kind.HUMAN_USER, UNDETERMINED),
        (False, True, None, Kind.SERVICE_USER, NON_HUMAN),
        (False, None, True, Kind.SERVICE_USER, NON_HUMAN),
        (False, False, None, Kind.USER, UNDETERMINED),
        (False, None, False, Kind.USER, UNDETERMINED),
        (False, None, None, Kind.USER, UNDETERMINED),
        (None, True, None, Kind.USER, UNDETERMINED),
    ],
)
def test_a_user_is_what_its_password_and_its_keys_make_it(
    password: bool | None, key: bool | None, service: bool | None, kind: Kind, cls: IdentityClass
) -> None:
    one = the(a_user_with(password=password, key=key, service=service), "ada")
    assert said(one) == (kind, cls)
    assert one.classification.basis is Basis.INFERRED


def test_the_reason_says_which_silence_it_is() -> None:
    neither = the(a_user_with(password=False), "ada")
    unread = the(a_snapshot(a_user(), report=refused()), "ada")
    both = the(a_user_with(password=True, key=True), "ada")
    assert neither.classification.reason == "it has neither a password nor an active key"
    assert unread.classification.reason == "the credential report could not be read"
    assert both.classification.reason == "it signs in with a password and holds an active key"


def test_a_signing_certificate_alone_tells_nobody_and_is_said() -> None:
    signs = a_row(a_user(), certificates=(CertificateSlot(slot=1, active=True, rotated_at=NOW),))
    one = the(a_snapshot(a_user(), report=a_report(signs)), "ada")
    assert said(one) == (Kind.USER, UNDETERMINED)
    assert one.kind_reason.endswith(", only a signing certificate")


def test_a_user_of_whom_the_report_could_not_tell_is_open_and_not_undetermined_for_good() -> None:
    assert {"class", "kind"} <= set(the(a_snapshot(a_user(), report=refused()), "ada").unknown)
    assert the(a_user_with(password=False), "ada").unknown == ()


def test_where_keys_could_not_be_listed_the_reports_slots_speak() -> None:
    ada = a_user()
    row = a_row(ada, password=False, keys=[a_slot(1, key=a_key(ada))])
    one = the(a_snapshot(ada, report=a_report(row), access_keys=refused()), "ada")
    assert said(one) == (Kind.SERVICE_USER, NON_HUMAN)


def test_a_key_switched_off_after_the_report_was_made_does_not_count_as_active() -> None:
    ada = a_user()
    key = a_key(ada, active=False)
    row = a_row(ada, password=True, keys=[a_slot(1, key=key, active=True)])
    assert said(the(a_snapshot(ada, key, report=a_report(row)), "ada")) == (Kind.HUMAN_USER, HUMAN)


def test_service_credentials_that_could_not_be_listed_leave_the_class_open() -> None:
    one = the(a_snapshot(a_user(), service_credentials=refused()), "ada")
    assert said(one) == (Kind.USER, UNDETERMINED)
    assert {"class", "kind"} <= set(one.unknown)


@pytest.mark.parametrize(
    ("tag", "value", "kind", "cls"),
    [
        ("Identity-Class", "Human", Kind.HUMAN_USER, HUMAN),
        ("identity-class", " non-human ", Kind.SERVICE_USER, NON_HUMAN),
        ("identity-type", "machine", Kind.SERVICE_USER, NON_HUMAN),
    ],
)
def test_a_tag_declares_the_class_and_with_it_a_users_kind(
    tag: str, value: str, kind: Kind, cls: IdentityClass
) -> None:
    ada = a_user(tags={tag: value})
    row = a_row(ada, password=True, keys=[a_slot(1, key=a_key(ada))])
    one = the(a_snapshot(ada, a_key(ada), report=a_report(row)), "ada")
    assert said(one) == (kind, cls)
    assert one.classification.basis is Basis.DECLARED


def test_a_declaration_wins_over_what_was_seen_and_the_reason_tells_both() -> None:
    ada = a_user(tags={"identity-class": "non-human"})
    one = the(a_snapshot(ada, report=a_report(a_row(ada, password=True))), "ada")
    assert said(one) == (Kind.SERVICE_USER, NON_HUMAN)
    assert "although it signs in with a password" in one.classification.reason


def test_a_declaration_stands_where_the_report_could_not_be_read() -> None:
    one = the(a_snapshot(a_user(tags={"identity-class": "human"}), report=refused()), "ada")
    assert said(one) == (Kind.HUMAN_USER, HUMAN)
    assert not {"class", "kind"} & set(one.unknown)


def test_a_class_tag_that_says_neither_declares_nothing() -> None:
    one = the(a_snapshot(a_user(tags={"identity-class": "robot"})), "ada")
    assert one.classification.basis is Basis.INFERRED


def test_the_registry_declares_a_class_and_a_tag_comes_before_it() -> None:
    registered = policy(owners='[[assign]]\narn = "arn:aws:iam::*:user/*"\nclass = "non-human"')
    snapshot = a_snapshot(a_user(), a_user("bob", tags={"identity-class": "human"}), governance=registered)
    assert said(the(snapshot, "ada")) == (Kind.SERVICE_USER, NON_HUMAN)
    assert said(the(snapshot, "bob")) == (Kind.HUMAN_USER, HUMAN)


def test_a_name_declares_nothing_by_itself() -> None:
    hinted = policy(scope='[name_hints]\nnon_human = ["svc-*"]')
    one = the(a_snapshot(a_user("svc-deploy"), governance=hinted), "svc-deploy")
    assert one.classification.cls is UNDETERMINED
    assert "its name matches svc-*, which declares nothing by itself" in one.classification.reason


def test_a_credential_has_the_class_of_its_user() -> None:
    ada, svc = a_user(tags={"identity-class": "human"}), a_user("svc")
    snapshot = a_snapshot(
        ada,
        svc,
        a_key(ada),
        a_service_credential(svc),
        report=a_report(a_row(ada), a_row(svc)),
    )
    assert said(the(snapshot, KEY)) == (Kind.ACCESS_KEY, HUMAN)
    assert said(the(snapshot, SERVICE_CREDENTIAL)) == (Kind.SERVICE_SPECIFIC_CRED, NON_HUMAN)


def test_the_key_of_a_user_nobody_listed_is_undetermined_and_open() -> None:
    key = the(a_snapshot(a_key(), principals=refused()), KEY)
    assert key.classification.cls is UNDETERMINED
    assert {"class", "owner", "purpose"} <= set(key.unknown)


def test_the_root_is_human_whatever_is_declared() -> None:
    declared = policy(owners=f'[[assign]]\nid = "arn:aws:iam::{ACCOUNT}:root"\nclass = "non-human"')
    assert said(the(a_snapshot(governance=declared), "root")) == (Kind.ROOT, HUMAN)


def test_people_take_on_permission_sets() -> None:
    arn = "arn:aws:sso:::permissionSet/ssoins-1/ps-1"
    sets = a_reading(PermissionSet(arn=arn, instance_arn="arn:aws:sso:::instance/ssoins-1", name="Admin"))
    assert said(the(a_snapshot(permission_sets=sets), "Admin")) == (Kind.PERMISSION_SET, HUMAN)


def test_providers_certificates_and_secrets_are_nobody() -> None:
    oidc = something(OidcProvider(url="u"), arn=f"arn:aws:iam::{ACCOUNT}:oidc-provider/u", name="u")
    saml = something(SamlProvider(), arn=f"arn:aws:iam::{ACCOUNT}:saml-provider/s", name="s")
    snapshot = a_snapshot(a_secret(), a_certificate(), oidc_providers=a_reading(oidc), saml_providers=a_reading(saml))
    found = {one.kind: one.classification.cls for one in snapshot.identities if one.kind is not Kind.ROOT}
    assert found == dict.fromkeys((Kind.SECRET, Kind.CERTIFICATE, Kind.OIDC_PROVIDER, Kind.SAML_PROVIDER), NON_HUMAN)


def test_a_role_declared_by_a_tag_keeps_the_kind_its_trust_makes_it() -> None:
    one = the(a_snapshot(a_role(trust=account_root(ACCOUNT), tags={"identity-class": "human"})), "worker")
    assert said(one) == (Kind.ROLE_CROSS_ACCOUNT, HUMAN)


@pytest.mark.parametrize(
    ("path", "kind", "cls"),
    [
        ("/aws-service-role/ecs.amazonaws.com/", Kind.ROLE_SERVICE_LINKED, NON_HUMAN),
        ("/aws-reserved/sso.amazonaws.com/eu-west-1/", Kind.ROLE_SSO, HUMAN),
    ],
)
def test_what_aws_reserves_is_what_aws_says_it_is(path: str, kind: Kind, cls: IdentityClass) -> None:
    declared = policy(owners='[[assign]]\narn = "arn:aws:iam::*:role/*"\nclass = "non-human"')
    role = a_role(path=path, tags={"identity-class": "human" if cls is NON_HUMAN else "non-human"})
    assert said(the(a_snapshot(role, governance=declared), "worker")) == (kind, cls)


def test_unread_tags_leave_the_class_open_because_one_may_have_declared_it() -> None:
    provider = something(OidcProvider(url="u"), arn=f"arn:aws:iam::{ACCOUNT}:oidc-provider/u", name="u", tags=None)
    one = the(a_snapshot(oidc_providers=a_reading(provider, gaps=[a_gap(subject=provider.arn)])), "u")
    assert {"tags", "class", "owner", "purpose"} <= set(one.unknown)
    assert one.owner.where == "its tags were not read"
