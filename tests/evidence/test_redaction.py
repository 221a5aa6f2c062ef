"""What must never leave `people/`: addresses, owners' names, credential-shaped text, in any encoding AWS sends."""

import base64
import json
import random
import urllib.parse
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prooftrail.evidence import redaction
from prooftrail.evidence.redaction import PSEUDONYM, Redactor

ADDRESS = "jane.doe+aws@example.com"


def a_redactor() -> Redactor:
    return Redactor(b"k" * 32, ["Owner", "contact"])


def a_secret_key() -> str:
    return "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYzEXAMPLEK1"


def test_an_address_becomes_a_pseudonym_that_only_people_explains() -> None:
    redactor = a_redactor()
    text = redactor.text(f"ask {ADDRESS} first")
    (person,) = redactor.people()
    assert text == f"ask {person.pseudonym} first"
    assert person.text == ADDRESS
    assert PSEUDONYM.fullmatch(person.pseudonym)


def test_the_same_person_has_one_pseudonym_however_it_is_spelled() -> None:
    redactor = a_redactor()
    assert redactor.pseudonym("Jane.Doe@Example.com ") == redactor.pseudonym("jane.doe@example.com")


def test_another_deployment_gives_another_pseudonym() -> None:
    assert a_redactor().pseudonym(ADDRESS) != Redactor(b"q" * 32).pseudonym(ADDRESS)


def test_a_pseudonym_is_left_alone_by_a_second_redaction() -> None:
    redactor = a_redactor()
    once = redactor.text(f"owner: {ADDRESS}, token = {a_secret_key()}")
    assert redactor.text(once) == once


@pytest.mark.parametrize("key", ["owner", "OWNER", "Contact"])
def test_the_whole_value_of_an_owner_tag_is_a_person(key: str) -> None:
    tags, _ = a_redactor().tree([{"Key": key, "Value": "Jane Doe"}], api="iam:Any")
    assert PSEUDONYM.fullmatch(tags[0]["Value"])


def test_other_tags_keep_their_words() -> None:
    tags, _ = a_redactor().tree([{"Key": "team", "Value": "payments platform"}], api="iam:Any")
    assert tags == [{"Key": "team", "Value": "payments platform"}]


def test_the_name_aws_knows_can_be_had_back_for_a_call() -> None:
    redactor = a_redactor()
    user, _ = redactor.tree({"UserName": "Jane@Example.com"}, api="iam:Any")
    assert redactor.reveal(user["UserName"]) == "Jane@Example.com"
    assert redactor.reveal("svc-deploy") == "svc-deploy"


def _documents(text: str) -> dict[str, str]:
    policy = json.dumps({"Statement": [{"Condition": {"StringLike": {"aws:username": text}}}]})
    return {
        "xml": f"<UserName>{escape(text)}</UserName>",
        "json": json.dumps({"Name": text}),
        "percent-encoded policy": f"<PolicyDocument>{urllib.parse.quote(policy, safe='')}</PolicyDocument>",
        "percent-encoded, slashes kept": f"<PolicyDocument>{urllib.parse.quote(policy)}</PolicyDocument>",
        "policy in a JSON string": json.dumps({"Content": policy}),
    }


@pytest.mark.parametrize("form", _documents("").keys())
def test_an_address_is_found_in_every_wire_form(form: str) -> None:
    redactor = a_redactor()
    _, replaced = redactor.tree({"Name": ADDRESS}, api="iam:Any")
    body, count = redactor.body(_documents(ADDRESS)[form], replaced, api="iam:Any")
    plain = urllib.parse.unquote(body)
    assert "@" not in plain
    assert "jane" not in plain
    assert count >= 1


@pytest.mark.parametrize("form", _documents("").keys())
def test_a_credential_is_found_in_every_wire_form(form: str) -> None:
    redactor = a_redactor()
    _, replaced = redactor.tree({"Description": a_secret_key()}, api="iam:Any")
    body, _ = redactor.body(_documents(a_secret_key())[form], replaced, api="iam:Any")
    assert "wJalrXUtnFEMI" not in urllib.parse.unquote(body)


@pytest.mark.parametrize("value", ["Jane Doe", 'Jane "JD" Doe', "Jane <JD> & Co", "Jané Dœ"])
def test_an_owners_name_is_found_in_tag_values_on_the_wire(value: str) -> None:
    redactor = a_redactor()
    tag = {"Key": "owner", "Value": value}
    _, replaced = redactor.tree({"Tags": [tag]}, api="iam:Any")
    xml, _ = redactor.body(f"<Value>{escape(value)}</Value>", replaced, api="iam:Any")
    wire, _ = redactor.body(json.dumps({"Tags": [tag]}), replaced, api="iam:Any")
    assert "Jan" not in xml
    assert "Jan" not in wire


SHAPES = {
    "aws_secret_access_key": a_secret_key(),
    "github_token": "ghp_" + "a1B2" * 9,
    "slack_token": "xox" + "b-1234567890-abcdefghij",
    "json_web_token": "eyJ" + "hbGciOiJIUzI1NiJ9" + ".eyJ" + "zdWIiOiIxMjM0NTY3ODkwIn0" + ".abcdefghijklmnop",
    "private_key": "-----BEGIN RSA PRIVATE" + " KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
    "assigned_secret": "pass" + "word=hunter22222",
    "url_password": "postgres://app:" + "s3cr3tpw" + "@db",
    "google_api_key": "AIza" + "S" * 35,
    "stripe_key": "sk_" + "live_" + "a1" * 12,
}


@pytest.mark.parametrize("detector", SHAPES)
def test_credential_shaped_text_becomes_a_fingerprint_and_a_sighting(detector: str) -> None:
    redactor = a_redactor()
    tree, _ = redactor.tree({"RoleName": "app", "Description": f"see {SHAPES[detector]}"}, api="iam:ListRoles")
    (sighting,) = redactor.sightings()
    assert sighting.detector == detector
    assert (sighting.api, sighting.where) == ("iam:ListRoles", "app Description")
    assert f"credential-{sighting.fingerprint}" in tree["Description"]
    assert SHAPES[detector] not in json.dumps(tree)


@pytest.mark.parametrize(
    "harmless",
    [
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/payments/database-AbC123",
        "arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_AdministratorAccess_0123456789abcdef",
        "6938fd4d98bab03faadb97b34396831e3780aea1",
        "AKIAIOSFODNN7EXAMPLE",
        "AROAEXAMPLEEXAMPLEEXA",
        "token.actions.githubusercontent.com:sub",
        "repo:acme/app:ref:refs/heads/main",
        "the password: see the wiki",
        "12345678-90ab-cdef-1234-567890abcdef",
    ],
)
def test_identifiers_and_prose_are_left_alone(harmless: str) -> None:
    redactor = a_redactor()
    assert redactor.text(harmless) == harmless
    assert redactor.sightings() == ()


def test_the_same_credential_in_two_places_has_one_fingerprint() -> None:
    redactor = a_redactor()
    redactor.tree(
        [{"RoleName": "a", "Description": a_secret_key()}, {"RoleName": "b", "Description": a_secret_key()}], api="x"
    )
    first, second = redactor.sightings()
    assert first.fingerprint == second.fingerprint
    assert (first.where, second.where) == ("a Description", "b Description")


def test_random_secret_keys_are_nearly_always_seen() -> None:
    redactor = a_redactor()
    draw = random.Random(7)
    keys = [base64.b64encode(draw.randbytes(30)).decode() for _ in range(300)]
    missed = [key for key in keys if redactor.text(key) == key]
    assert len(missed) <= 3


@given(st.text(max_size=200))
def test_redaction_never_fails_and_never_keeps_an_address(text: str) -> None:
    redactor = a_redactor()
    assert ADDRESS not in redactor.text(text + " " + ADDRESS + " " + text)


def test_the_cheap_look_lets_every_detector_have_its_turn() -> None:
    for _, hints, _ in redaction._DETECTORS:
        for hint in hints:
            assert redaction._hinted(f"x {hint} y"), hint


def test_a_lone_key_header_swallows_nothing_of_the_rest() -> None:
    header = "-----BEGIN RSA PRIVATE" + " KEY-----"
    body, _ = a_redactor().body(f"<Description>{header}</Description><Arn>arn:aws:iam::1:role/x</Arn>", {}, api="x")
    assert body.endswith("</Description><Arn>arn:aws:iam::1:role/x</Arn>")


def test_around_an_encoded_address_nothing_else_is_touched() -> None:
    redactor = a_redactor()
    body, _ = redactor.body("%7B%22u%22%3A%22a%2Fb%22%2C%22jane%2Bx%40example.com%22%7D", {}, api="x")
    token = redactor.pseudonym("jane+x@example.com")
    assert body == f"%7B%22u%22%3A%22a%2Fb%22%2C%22{token}%22%7D"
