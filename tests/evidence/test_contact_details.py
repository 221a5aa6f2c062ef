"""Of a contact nothing leaves the machine but its type and pseudonyms, whatever AWS puts into it one day."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prooftrail.evidence.contact_details import API, NOT_KEPT, body_without_details, without_details
from prooftrail.evidence.redaction import Redactor

_PERSON = st.text(min_size=8).filter(lambda text: text.strip() == text and len(set(text)) > 3)


def redactor() -> Redactor:
    return Redactor(b"k" * 32)


def a_contact(**members: Any) -> dict[str, Any]:
    return {"AlternateContact": {"AlternateContactType": "SECURITY", **members}}


@pytest.mark.parametrize(
    ("members", "left", "replaced"),
    [
        ({}, {}, 0),
        ({"Title": None}, {"Title": None}, 0),
        ({"Title": "Head"}, {"Title": NOT_KEPT}, 1),
        ({"PhoneNumber": "+1 555"}, {"PhoneNumber": NOT_KEPT}, 1),
        ({"EmailAddress": " "}, {"EmailAddress": NOT_KEPT}, 1),
        ({"Name": ["Ann"]}, {"Name": NOT_KEPT}, 1),
        ({"AlternateContactType": {"of": "Ann"}}, {"AlternateContactType": NOT_KEPT}, 1),
        ({"Name": "Ann"}, {"Name": redactor().pseudonym("Ann")}, 1),
        ({"EmailAddress": "Ann@x.example "}, {"EmailAddress": redactor().pseudonym("ann@x.example")}, 1),
        ({"AlternateContact": {"Name": "Ann"}}, {"AlternateContact": {"Name": redactor().pseudonym("Ann")}}, 1),
    ],
)
def test_members_are_kept_by_name(members: dict[str, Any], left: dict[str, Any], replaced: int) -> None:
    assert without_details(a_contact(**members), redactor().pseudonym) == (a_contact(**left), replaced)


def test_what_stands_beside_the_contact_is_not_kept_but_a_refusal_s_own_words_are() -> None:
    refusal = {"Error": {"Code": "AccessDeniedException", "Message": "no"}, "message": "no", "__type": "x"}
    assert without_details(refusal, redactor().pseudonym) == (refusal, 0)
    assert without_details({"Others": [{"Name": "Ann"}]}, redactor().pseudonym) == ({"Others": NOT_KEPT}, 1)
    assert without_details(["Ann"], redactor().pseudonym) == (NOT_KEPT, 1)


def test_an_address_in_a_refusal_s_words_is_hidden_as_in_any_text() -> None:
    body = json.dumps({"message": "ann@x.example may not"})
    kept, replaced = redactor().body(body, {}, api=API)
    assert (kept, replaced) == (json.dumps({"message": f"{redactor().pseudonym('ann@x.example')} may not"}, separators=(",", ":")), 1)  # fmt: skip


def test_a_body_that_is_no_json_stays_as_it_came() -> None:
    assert body_without_details("<html>busy</html>", redactor().pseudonym) == ("<html>busy</html>", 0)


def test_half_a_surrogate_pair_gets_a_pseudonym_that_can_be_sealed() -> None:
    one = redactor()
    body, replaced = body_without_details('{"AlternateContact":{"Name":"Ann \\ud800"}}', one.pseudonym)
    assert (json.loads(body)["AlternateContact"]["Name"], replaced) == (one.pseudonym("Ann ?"), 1)
    assert [person.text for person in one.people()] == ["Ann ?"]


def test_members_of_other_apis_are_none_of_this() -> None:
    body = json.dumps(a_contact(Name="Ann", Title="Head"))
    assert redactor().body(body, {}, api="account:ListRegions") == (body, 0)


@given(_PERSON, _PERSON, _PERSON, st.booleans())
def test_the_parsed_answer_and_the_body_say_the_same_and_neither_says_who(
    name: str, email: str, rest: str, is_ascii: bool
) -> None:
    given_to = a_contact(Name=name, EmailAddress=email, Title=rest, PhoneNumber=rest)
    one = redactor()
    body, _ = one.body(json.dumps(given_to, ensure_ascii=is_ascii), {}, api=API)
    tree, _ = one.tree(given_to, api=API)
    assert json.loads(body) == tree
    for hidden in (name, email, rest):
        assert hidden not in list(tree["AlternateContact"].values())
        assert json.dumps(hidden)[1:-1] not in body
