"""What must never leave `people/`: addresses, owners' names, credential-shaped text, in any encoding AWS sends."""

import base64
import json
import random
import urllib.parse
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prooftrail.evidence import detectors
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
    "gitlab_token": "glpat" + "-a1B2c3D4e5F6g7H8i9J0",
    "ai_api_key": "sk-" + "proj-" + "a1B2_c3D4" * 4,
    "authorization_header": "Authorization: " + "Bearer a1B2c3D4e5F6g7H8",
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
    assert redactor.text(tree["Description"]) == tree["Description"]


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
        "secretsmanager:GetSecretValue",
        '"sts:ExternalId": "ext-000001"',
        '"secret:prod/api-AbC123"',
        "secret:api-AbC123",
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:db_password-AbC123",
        "arn:aws:lambda:us-east-1:123456789012:function:get-token:PROD20240101",
        "repo:acme/my-secret:environment:prod12345",
        '"aws:RequestTag/access-token": "team-2024"',
        "SecretString",
        '"SecretId": "prod/database12345"',
        '{"NextToken": "AAEAAb1' + "Xy7/" * 60 + '"}',
        '{"NextToken":"abcd1234efgh"}',
        "<Marker>AAEAAb1" + "Xy7/" * 60 + "</Marker>",
        "ClientRequestToken: 12345678-90ab-cdef-1234-567890abcdef",
        "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE",
        "arn:aws:kms:us-east-1:123456789012:key/12345678-90ab-cdef-1234-567890abcdef",
        "secret = arn:aws:secretsmanager:us-east-1:123456789012:secret:x-AbC123",
        "arn:aws:iam::123456789012:policy/Path/Payments/Database2/ReadOnlyAccess",
        "=Path/Payments/Database2/ReadOnlyPowerXyz",
        "blob=" + "Aa1/Bb2+Cc3D" * 8 + "==",
        "the bearer authentication of 2024",
        "task-proj-payments-database-cleanup-2024",
        "ask user@localhost or user@10.0.0.1",  # hosts, and nobody's address
    ],
)
def test_identifiers_and_prose_are_left_alone(harmless: str) -> None:
    redactor = a_redactor()
    assert redactor.text(harmless) == harmless
    assert redactor.sightings() == ()


SECRET_KEY_NAMES = ["aws_secret_access_key", "AWS_SECRET_ACCESS_KEY", "export AWS_SECRET_ACCESS_KEY", "SecretAccessKey"]


@pytest.mark.parametrize("name", [*SECRET_KEY_NAMES, "k", "x"])
@pytest.mark.parametrize("form", ["{}={}", "{}: {}", "{}:{}", "{}='{}'", '{}="{}"', '"{}":"{}"', "{} = {}"])
def test_a_secret_access_key_is_seen_behind_any_name(name: str, form: str) -> None:
    redactor = a_redactor()
    key = a_secret_key().replace("/", "x")
    clean = redactor.text(form.format(name, a_secret_key()) + " " + form.format(name, key))
    assert a_secret_key() not in clean
    assert key not in clean
    assert len(redactor.sightings()) == 2


@pytest.mark.parametrize(
    ("text", "credential"),
    [
        ("DB_PASSWORD=hunter2222", "hunter2222"),
        ("db_password: hunter2222", "hunter2222"),
        ("dbPassword:hunter2222", "hunter2222"),
        ("my-secret=abc12345", "abc12345"),
        ("x_token=abc12345", "abc12345"),
        ("accessToken: abc12345", "abc12345"),
        ("secret:abc12345", "abc12345"),
        ('{"password": "hunter2222"}', "hunter2222"),
        ('{\\"password\\": \\"hunter2222\\"}', "hunter2222"),
        ("password=&quot;hunter2222&quot;", "hunter2222"),
        ("password='hunter2222'", "hunter2222"),
        ('password = "hunter2222"', "hunter2222"),
        ("Password=hunter\\2222", "hunter\\2222"),
        ("api_key = abcd1234efgh", "abcd1234efgh"),
        ("apikey=abcd1234efgh", "abcd1234efgh"),
        ("x-api-key: abcd1234", "abcd1234"),
        ("X-Api-Key: abcd1234", "abcd1234"),
        ("Authorization: Bearer abcd1234", "abcd1234"),
        ("Authorization: Basic YWRtaW46aHVudGVyMg==", "YWRtaW46aHVudGVyMg=="),
        ("authorization=token abcd1234", "abcd1234"),
        ("use bearer abcd1234efgh5678", "abcd1234efgh5678"),
        ("glpat" + "-a1B2c3D4e5F6g7H8i9J0", "a1B2c3D4e5F6g7H8i9J0"),
        ("sk-" + "proj-" + "a1B2" * 10, "a1B2" * 10),
        ("sk-" + "a1B2" * 12, "a1B2" * 12),
        ("secret:prod/token=abcd1234", "abcd1234"),
        ("\u0130\u0130 password=hunter2222", "hunter2222"),
    ],
)
def test_a_value_given_to_a_secrets_name_is_replaced_and_nothing_else(text: str, credential: str) -> None:
    redactor = a_redactor()
    clean = redactor.text(text)
    (sighting,) = redactor.sightings()
    assert credential not in clean
    assert clean.replace(f"credential-{sighting.fingerprint}", "") in (
        text.replace(credential, ""),
        text.replace("glpat-" + credential, "").replace("sk-proj-" + credential, "").replace("sk-" + credential, ""),
    )
    assert redactor.text(clean) == clean


@pytest.mark.parametrize("form", _documents("").keys())
def test_a_quoted_value_is_replaced_in_every_wire_form_and_leaves_it_readable(form: str) -> None:
    redactor = a_redactor()
    text = 'made with {"db_password": "hunter2/222"} once'
    clean, replaced = redactor.tree({"Description": text}, api="iam:Any")
    body, _ = redactor.body(_documents(text)[form], replaced, api="iam:Any")
    assert body == _documents(clean["Description"])[form]


def test_the_host_of_a_url_with_a_password_makes_nobody_of_it() -> None:
    redactor = a_redactor()
    clean = redactor.text("postgres://app:" + "s3cr3tpw" + "@db.corp.example/x")
    assert redactor.people() == ()
    assert clean.endswith("@db.corp.example/x")
    assert "s3cr3tpw" not in clean
    assert redactor.text(clean) == clean


def test_the_place_of_a_sighting_shows_no_credential_and_no_address() -> None:
    redactor = a_redactor()
    redactor.tree({"Name": f"{ADDRESS} password=hunter2222", "Text": "token=abcd1234"}, api="x")
    told = " ".join(one.where for one in redactor.sightings())
    assert "hunter" not in told
    assert "jane" not in told


def test_the_keys_of_a_map_are_redacted_and_stay_apart() -> None:
    redactor = a_redactor()
    given = {
        "aws:RequestTag/zoe@corp.example": "a",
        "aws:RequestTag/Zoe@corp.example": "b",
        "aws:PrincipalTag/team": "c",
        "SecretVersionsToStages": {"ghp_" + "a1B2" * 9: ["AWSCURRENT"], "x password=hunter2222": []},
    }
    tree, replaced = redactor.tree(given, api="x")
    text = json.dumps(tree)
    assert "corp.example" not in text
    assert "a1B2" not in text
    assert "hunter" not in text
    assert [one for one in tree.values() if isinstance(one, str)] == ["a", "b", "c"]
    assert "aws:PrincipalTag/team" in tree
    body, _ = redactor.body(json.dumps(given), replaced, api="x")
    assert "corp.example" not in body
    assert "hunter" not in body


AT_SIGNS = ["@", "%40", "%2540", "&#64;", "&#064;", "&#x40;", "&commat;", "\\u0040", "\N{FULLWIDTH COMMERCIAL AT}"]


@pytest.mark.parametrize("at", AT_SIGNS)
def test_an_address_is_found_however_its_at_sign_is_written(at: str) -> None:
    redactor = a_redactor()
    text = f"ask /jane{at}corp.example or x"
    clean, replaced = redactor.tree({"Text": text}, api="x")
    token = redactor.pseudonym("jane@corp.example")
    assert clean == {"Text": f"ask /{token} or x"}
    for wire in _documents(text).values():
        body, count = redactor.body(wire, dict(replaced), api="x")
        assert "jane" not in body
        assert token in body
        assert count >= 1


def test_a_line_break_before_an_address_in_json_stays_one() -> None:
    redactor = a_redactor()
    body, _ = redactor.body(json.dumps({"Text": "ask\njane@corp.example, jos\u00e9@corp.example"}), {}, api="x")
    one, other = redactor.pseudonym("jane@corp.example"), redactor.pseudonym("jos\u00e9@corp.example")
    assert json.loads(body) == {"Text": f"ask\n{one}, {other}"}


def test_a_key_header_that_comes_again_and_again_hides_no_key() -> None:
    header = "-----BEGIN RSA PRIVATE" + " KEY-----"
    clean = a_redactor().text(header * 3 + "\nProc-Type: 4,ENCRYPTED\n\nMIIEabc\n-----END RSA PRIVATE KEY-----")
    assert "MIIE" not in clean


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
    for detector in detectors.DETECTORS:
        for hint in detector.hints:
            low = f"x {hint} y"
            looked = detectors.hints_assignment if detector is detectors.ASSIGNED else detectors.hints_shape
            assert looked(low), hint


def test_a_lone_key_header_swallows_nothing_of_the_rest() -> None:
    header = "-----BEGIN RSA PRIVATE" + " KEY-----"
    body, _ = a_redactor().body(f"<Description>{header}</Description><Arn>arn:aws:iam::1:role/x</Arn>", {}, api="x")
    assert body.endswith("</Description><Arn>arn:aws:iam::1:role/x</Arn>")


def test_around_an_encoded_address_nothing_else_is_touched() -> None:
    redactor = a_redactor()
    body, _ = redactor.body("%7B%22u%22%3A%22a%2Fb%22%2C%22jane%2Bx%40example.com%22%7D", {}, api="x")
    token = redactor.pseudonym("jane+x@example.com")
    assert body == f"%7B%22u%22%3A%22a%2Fb%22%2C%22{token}%22%7D"
