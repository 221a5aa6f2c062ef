"""The ladder that names an owner and a purpose: each rung in its order, and never a guess."""

import pytest

from prooftrail.evidence.redaction import Redactor
from prooftrail.governance import Governance, parse
from prooftrail.model.identity import Known, Rung
from prooftrail.model.organization import Account, Tag
from prooftrail.model.snapshot import Snapshot
from tests.builders import ACCOUNT, MEMBER, a_key, a_role, a_secret, a_snapshot, a_user, refused, tagged, the

KEY = "AKIAEXAMPLE000000001"
OWNERS = """
[[owner]]
id = "pay"
name = "Payments"
email = "pay@example.com"

[[owner]]
id = "ops"
name = "Operations"
"""
REDACTOR = Redactor(b"k" * 32, ("owner",))


def policy(text: str = "", scope: str = "") -> Governance:
    return parse({"owners.toml": (OWNERS + text).encode(), "scope.toml": scope.encode()})


def sealed(text: str = "") -> Governance:
    return policy(text).redacted(REDACTOR)


def plain(text: str) -> Governance:
    """A policy without owners, which may be used as it is."""
    return parse({"owners.toml": text.encode()})


def owner(snapshot: Snapshot, name: str) -> Known:
    return the(snapshot, name).owner


def account(**tags: str) -> Account:
    return Account(id=ACCOUNT, tags=tagged(tags))


def test_a_tag_on_the_identity_comes_before_all_else() -> None:
    assigned = plain('[[assign]]\narn = "arn:aws:iam::*:user/ada"\npurpose = "registry"')
    ada = a_user(tags={"Owner": "team-a", "Purpose": "tag"})
    one = the(a_snapshot(ada, governance=assigned, account=account(purpose="account")), "ada")
    assert one.owner == Known(value="team-a", rung=Rung.IDENTITY_TAG, where=f"tag Owner on {ada.arn}")
    assert one.purpose == Known(value="tag", rung=Rung.IDENTITY_TAG, where=f"tag Purpose on {ada.arn}")


def test_a_key_has_the_owner_its_users_tag_names() -> None:
    ada = a_user(tags={"owner": "team-a"})
    found = owner(a_snapshot(ada, a_key(ada)), KEY)
    assert found == Known(value="team-a", rung=Rung.PRINCIPAL_TAG, where=f"tag owner on {ada.arn}")


def test_the_registry_comes_before_the_account() -> None:
    assigned = plain('[[assign]]\narn = "arn:aws:iam::*:user/a?a"\npurpose = "registry"')
    one = the(a_snapshot(a_user(), governance=assigned, account=account(purpose="account")), "ada")
    assert one.purpose.rung is Rung.REGISTRY
    assert one.purpose.where == "owners.toml, assign: arn arn:aws:iam::*:user/a?a"


def test_a_key_has_what_the_registry_says_of_its_user() -> None:
    ada = a_user()
    assigned = plain(f'[[assign]]\nid = "{ada.id}"\npurpose = "deploys"')
    assert the(a_snapshot(ada, a_key(ada), governance=assigned), KEY).purpose.value == "deploys"


def test_what_the_registry_says_of_a_key_itself_comes_before_what_it_says_of_its_user() -> None:
    ada = a_user()
    text = f'[[assign]]\nid = "{ada.id}"\npurpose = "user"\n[[assign]]\nid = "{KEY}"\npurpose = "key"'
    assert the(a_snapshot(ada, a_key(ada), governance=plain(text)), KEY).purpose.value == "key"


def test_the_accounts_tag_comes_before_its_owner_in_the_registry() -> None:
    text = f'[[account]]\nid = "{ACCOUNT}"\npurpose = "registry"'
    assert the(a_snapshot(a_user(), governance=plain(text), account=account(Purpose="tag")), "ada").purpose == Known(
        value="tag", rung=Rung.ACCOUNT, where=f"tag Purpose on account {ACCOUNT}"
    )
    assert the(a_snapshot(a_user(), governance=plain(text)), "ada").purpose == Known(
        value="registry", rung=Rung.ACCOUNT, where=f"owners.toml: account {ACCOUNT}"
    )


def test_an_owner_of_accounts_owns_what_is_in_them_and_nothing_elsewhere() -> None:
    ours = parse({"owners.toml": f'[[owner]]\nid = "a"\nname = "A"\naccounts = ["{ACCOUNT}"]'.encode()}).redacted(
        REDACTOR
    )
    theirs = parse({"owners.toml": f'[[owner]]\nid = "a"\nname = "A"\naccounts = ["{MEMBER}"]'.encode()}).redacted(
        REDACTOR
    )
    assert owner(a_snapshot(a_user(), governance=ours), "ada").value == REDACTOR.pseudonym("a")
    assert owner(a_snapshot(a_user(), governance=theirs), "ada") == Known()


def test_where_no_rung_names_anyone_nobody_is_named() -> None:
    one = the(a_snapshot(a_user("team-a-deploy", tags={"Name": "team-a"})), "team-a-deploy")
    assert (one.owner, one.purpose) == (Known(), Known())


def test_owner_and_purpose_climb_apart() -> None:
    ada = a_user(tags={"owner": "team-a"})
    one = the(a_snapshot(ada, account=account(purpose="payments")), "ada")
    assert (one.owner.rung, one.purpose.rung) == (Rung.IDENTITY_TAG, Rung.ACCOUNT)


@pytest.mark.parametrize("value", ["", " ", "-", "n/a", "N/A", "none", "tbd", "TBD ", "unknown", "todo", "?"])
def test_a_placeholder_names_nobody(value: str) -> None:
    one = the(a_snapshot(a_user(tags={"owner": value, "purpose": value}), account=account(owner="ops")), "ada")
    assert one.owner.rung is Rung.ACCOUNT
    assert one.purpose == Known()


@pytest.mark.parametrize("value", ["n/a", "TBD"])
def test_a_placeholder_names_nobody_as_a_pseudonym_either(value: str) -> None:
    ada = a_user(tags={"owner": REDACTOR.pseudonym(value)})
    assert owner(a_snapshot(ada, governance=sealed()), "ada") == Known()


def test_a_placeholder_does_not_hide_a_better_tag() -> None:
    ada = a_user(tags={"owner": "tbd", "team": "team-a"})
    assert owner(a_snapshot(ada), "ada").value == "team-a"
    twice = a_user("bob", tags={"OWNER": "-", "owner": "team-b"})
    assert owner(a_snapshot(twice), "bob").value == "team-b"


def test_the_tag_key_listed_first_is_believed_first() -> None:
    ada = a_user(tags={"team": "team-a", "owner": "jane"})
    assert owner(a_snapshot(ada), "ada").value == "jane"
    other = parse({"scope.toml": b'[tags]\nowner = ["team", "owner"]'})
    assert owner(a_snapshot(ada, governance=other), "ada").value == "team-a"


@pytest.mark.parametrize("spelling", ["pay", "PAY", "Payments", "pay@example.com"])
def test_every_spelling_of_an_owner_is_that_owner(spelling: str) -> None:
    ada = a_user(tags={"owner": REDACTOR.pseudonym(spelling)})
    assert owner(a_snapshot(ada, governance=sealed()), "ada").value == REDACTOR.pseudonym("pay")


def test_an_owner_the_registry_does_not_know_stays_who_the_tag_says() -> None:
    stranger = REDACTOR.pseudonym("somebody")
    ada = a_user(tags={"owner": stranger})
    assert owner(a_snapshot(ada, governance=sealed()), "ada").value == stranger


def test_an_address_in_a_pattern_matches_the_pseudonym_in_a_name() -> None:
    name = REDACTOR.text("jane@example.com")
    assigned = sealed('[[assign]]\narn = "arn:aws:iam::*:user/jane@example.com"\nowner = "ops"')
    assert owner(a_snapshot(a_user(name), governance=assigned), name).value == REDACTOR.pseudonym("ops")


def test_a_policy_that_still_names_people_is_not_assembled() -> None:
    with pytest.raises(ValueError, match="the governance names people"):
        a_snapshot(governance=policy())


def test_an_id_is_believed_before_an_arn_an_arn_before_a_family_and_a_family_before_a_name() -> None:
    role = a_role("r-" + ACCOUNT)
    family = the(a_snapshot(role), role.name).family
    ways = [
        f'account = "{ACCOUNT}"\nname = "r-*"\npurpose = "name"',
        f'family = "{family}"\npurpose = "family"',
        f'arn = "{role.arn}"\npurpose = "arn"',
        f'id = "{role.id}"\npurpose = "id"',
    ]
    for count, expected in enumerate(("name", "family", "arn", "id"), 1):
        text = "\n".join(f"[[assign]]\n{one}" for one in ways[:count])
        assert the(a_snapshot(role, governance=plain(text)), role.name).purpose.value == expected


def test_of_two_patterns_the_first_listed_is_believed() -> None:
    text = '[[assign]]\narn = "arn:aws:iam::*:user/*"\npurpose = "first"\n[[assign]]\narn = "arn:*"\npurpose = "second"'
    assert the(a_snapshot(a_user(), governance=plain(text)), "ada").purpose.value == "first"


def test_an_entry_without_the_answer_leaves_it_to_the_next() -> None:
    text = '[[assign]]\narn = "arn:aws:iam::*:user/*"\nclass = "human"\n[[assign]]\narn = "arn:*"\npurpose = "second"'
    one = the(a_snapshot(a_user(), governance=plain(text)), "ada")
    assert (one.purpose.value, one.classification.cls) == ("second", "human")


def test_a_name_matches_in_its_account_only() -> None:
    text = f'[[assign]]\naccount = "{MEMBER}"\nname = "*"\npurpose = "elsewhere"'
    assert the(a_snapshot(a_user(), governance=plain(text)), "ada").purpose == Known()


@pytest.mark.parametrize("name", ["a.a", "a[bd]a", "xada", "adax"])
def test_a_pattern_takes_every_other_character_for_itself(name: str) -> None:
    text = f'[[assign]]\naccount = "{ACCOUNT}"\nname = "{name}"\npurpose = "p"'
    assert the(a_snapshot(a_user(), governance=plain(text)), "ada").purpose == Known()


def test_what_could_be_tagged_and_was_not_read_is_said_to_be_in_doubt() -> None:
    one = the(a_snapshot(a_key(), principals=refused(), account=account(owner="ops")), KEY)
    assert one.owner.value == "ops"
    assert str(one.owner.where).endswith("; its tags were not read")
    assert {"owner", "purpose"} <= set(one.unknown)


def test_hostile_tag_keys_stand_harmless_in_the_place_they_were_found() -> None:
    secret = a_secret(tags=None)
    hostile = (Tag(key="owner", value="o"), Tag(key="purpose\x1b[31m", value="p"))
    found = owner(a_snapshot(a_user(tags={"owner": "o"}), secret, account=Account(id=ACCOUNT, tags=hostile)), "db")
    assert found.where == f"tag owner on account {ACCOUNT}; its tags were not read"
