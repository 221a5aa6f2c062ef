"""Whom AWS writes to about an account: what is read, what is carried, what a refusal leaves, and what is never kept."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError

from prooftrail.adapters.aws.alternate_contacts import Contacts, read_contacts
from prooftrail.evidence.redaction import Redactor
from prooftrail.model import canonical
from prooftrail.model.account import Carry
from prooftrail.model.reading import GapReason, Reading
from prooftrail.model.run import Run
from prooftrail.model.snapshot import AlternateContact, PersonRecord
from tests.adapters.aws.loopback import DENIED, NOW, THROTTLED, Aws, Refusal, listening
from tests.adapters.aws.scripted import Seen, watching

CONTACT = "account:GetAlternateContact"
RUN, BEFORE = Run.manual(NOW, None), "20260223T060000Z"
NO_SUCH = Refusal("ResourceNotFoundException", "No contact of the inputted alternate contact type found.", status=404)
WATCH = {
    "Name": "Sally Summers",
    "Title": "Head of Watch",
    "EmailAddress": "soc@acme.example",
    "PhoneNumber": "+15550100",
}
DESK = {"Name": "Otto Ops", "Title": "Desk", "EmailAddress": "Desk@Acme.example ", "PhoneNumber": "(555) 0199"}


@pytest.fixture
def aws() -> Iterator[Aws]:
    with listening() as it:
        yield it


def told(aws: Aws, **by_type: Any) -> None:
    """Answer with these contacts; a Refusal or bytes are sent as they are, and what is not named is not there."""

    def answer(parameters: dict[str, Any]) -> Any:
        kind = parameters["AlternateContactType"]
        given = by_type.get(kind, NO_SUCH)
        return {"AlternateContact": {"AlternateContactType": kind, **given}} if isinstance(given, dict) else given

    aws.answer(CONTACT, answer)


def read(seen: Seen, carry: Carry | None = None) -> Contacts:
    return read_contacts(seen.observer, run=RUN, carry=carry or Carry())


def pseudonym(text: str) -> str:
    return Redactor(b"k" * 32).pseudonym(text)


def a_contact(kind: str, given: dict[str, str], read_in: str = RUN.id) -> AlternateContact:
    return AlternateContact(
        type=kind, name=pseudonym(given["Name"]), email=pseudonym(given["EmailAddress"]), read_in=read_in
    )


def test_the_account_s_own_contacts_for_security_and_operations_are_asked_for_and_no_other(aws: Aws) -> None:
    told(aws, SECURITY=WATCH, OPERATIONS=DESK)
    contacts = read(watching(aws))
    assert contacts.reading.items == (a_contact("OPERATIONS", DESK), a_contact("SECURITY", WATCH))
    assert (contacts.reading.complete, contacts.read_in) == (True, RUN.id)
    assert [one.parameters for one in aws.asked] == [
        {"AlternateContactType": "OPERATIONS"},
        {"AlternateContactType": "SECURITY"},
    ]
    assert [(one.api, one.region, one.calls) for one in contacts.reading.sources] == [(CONTACT, "global", 2)]


def test_an_address_gets_the_pseudonym_it_has_wherever_else_it_stands(aws: Aws) -> None:
    told(aws, OPERATIONS=DESK)
    seen = watching(aws)
    (contact,) = read(seen).reading.items
    assert contact.email == seen.redactor.pseudonym("desk@acme.example")


def test_a_contact_that_is_not_there_is_a_fact_and_no_gap(aws: Aws) -> None:
    told(aws)
    contacts = read(watching(aws))
    assert (contacts.reading.items, contacts.reading.gaps, contacts.read_in) == ((), (), RUN.id)
    assert contacts.reading.sources[0].calls == 2


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        (DENIED, GapReason.DENIED),
        (Refusal("AccessDeniedException", "with an explicit deny", status=403), GapReason.DENIED),
        (THROTTLED, GapReason.THROTTLED),
        (Refusal("TooManyRequestsException", status=429), GapReason.THROTTLED),
        (Refusal("InternalServerException", status=500), GapReason.ERROR),
        (Refusal("ValidationException"), GapReason.ERROR),
        (Refusal("UnknownOperationException", status=404), GapReason.NOT_COVERED),
        (b"{}", GapReason.UNREADABLE),
        (b'{"AlternateContact": {}}', GapReason.UNREADABLE),
        (b'{"AlternateContact": {"Name": "Nobody", "EmailAddress": "  "}}', GapReason.UNREADABLE),
        (b'{"AlternateContact": {"AlternateContactType": "BILLING", "EmailAddress": "bills@acme.example"}}',
         GapReason.UNREADABLE),
    ],
)  # fmt: skip
def test_what_is_not_an_answer_is_a_gap_that_names_the_contact_and_never_the_absence_of_one(
    aws: Aws, refusal: Refusal | bytes, reason: GapReason
) -> None:
    told(aws, SECURITY=refusal, OPERATIONS=DESK)
    contacts = read(watching(aws))
    assert contacts.reading.items == (a_contact("OPERATIONS", DESK),)
    assert [(gap.api, gap.reason, gap.subject) for gap in contacts.reading.gaps] == [(CONTACT, reason, "SECURITY")]
    assert contacts.read_in is None


def test_a_refused_contact_stays_as_it_was_last_read_beside_its_gap_and_is_due_again(aws: Aws) -> None:
    told(aws, SECURITY=DENIED, OPERATIONS=DESK)
    last = (a_contact("OPERATIONS", WATCH, BEFORE), a_contact("SECURITY", WATCH, BEFORE))
    contacts = read(watching(aws), Carry(contacts=last))
    assert contacts.reading.items == (a_contact("OPERATIONS", DESK), a_contact("SECURITY", WATCH, BEFORE))
    assert [gap.subject for gap in contacts.reading.gaps] == ["SECURITY"]
    assert contacts.read_in is None


def test_a_contact_that_was_taken_away_does_not_live_on(aws: Aws) -> None:
    told(aws)
    last = (a_contact("SECURITY", WATCH, BEFORE),)
    assert read(watching(aws), Carry(contacts=last)).reading.items == ()


@pytest.mark.parametrize("last", [(), (a_contact("SECURITY", WATCH, BEFORE),)])
def test_carried_contacts_and_a_carried_absence_cost_no_call(aws: Aws, last: tuple[AlternateContact, ...]) -> None:
    told(aws, SECURITY=DESK)
    contacts = read(watching(aws), Carry(contacts=last, contacts_read_in=BEFORE))
    assert contacts == Contacts(Reading(items=last), BEFORE)
    assert aws.asked == []


def test_nothing_of_a_person_is_kept_but_pseudonyms(aws: Aws) -> None:
    odd = {
        "Name": 'Ödön \\u0001 <b>"von" Horváth</b>',
        "Title": "t",  # a letter that stands all over the body
        "EmailAddress": "o'hara|ops=desk#1@mail.acme.example",
        "PhoneNumber": "07",
        "Fax": "555 0177",
        "Deputy": {"Name": "Dora Deputy", "EmailAddress": "dora@acme.example"},
    }
    told(aws, SECURITY=WATCH, OPERATIONS=odd)
    seen = watching(aws)
    contacts = read(seen)
    kept = (canonical.encode(seen.raw) + canonical.encode(contacts.reading)).decode()
    for given in (WATCH, odd):
        for hidden in (given["Name"], given["EmailAddress"], given["PhoneNumber"]):
            assert json.dumps(hidden)[1:-1] not in kept
            assert str(hidden) not in kept
    for hidden in ("Head of Watch", "Horv", "Summers", "acme", "Dora", "0177", '"Title":"t"'):
        assert hidden not in kept
    assert [json.loads(one.body) for one in seen.raw] == [
        {
            "AlternateContact": {
                "AlternateContactType": "OPERATIONS",
                "Name": pseudonym(str(odd["Name"])),
                "Title": "[not kept]",
                "EmailAddress": pseudonym(str(odd["EmailAddress"])),
                "PhoneNumber": "[not kept]",
                "Fax": "[not kept]",
                "Deputy": "[not kept]",
            }
        },
        {
            "AlternateContact": {
                "AlternateContactType": "SECURITY",
                "Name": pseudonym(WATCH["Name"]),
                "Title": "[not kept]",
                "EmailAddress": pseudonym(WATCH["EmailAddress"]),
                "PhoneNumber": "[not kept]",
            }
        },
    ]
    assert [one.redactions for one in seen.raw] == [6, 4]


def test_names_and_addresses_can_be_told_by_who_may_read_people_and_titles_and_telephones_by_nobody(aws: Aws) -> None:
    told(aws, SECURITY=WATCH)
    seen = watching(aws)
    read(seen)
    texts = (WATCH["Name"], WATCH["EmailAddress"])
    assert seen.redactor.people() == tuple(sorted(PersonRecord(pseudonym=pseudonym(text), text=text) for text in texts))


def test_a_refusal_is_kept_in_aws_s_own_words(aws: Aws) -> None:
    told(aws, SECURITY=DENIED)
    seen = watching(aws)
    read(seen)
    assert [(one.status, "AccessDeniedException" in one.body) for one in seen.raw] == [(404, False), (400, True)]
    assert "someone is not authorized" in seen.raw[1].body


@pytest.mark.parametrize(
    ("region", "host", "signed_for"),
    [
        ("us-east-1", "account.us-east-1.amazonaws.com", "us-east-1"),
        ("eu-central-1", "account.us-east-1.amazonaws.com", "us-east-1"),
        ("il-central-1", "account.us-east-1.amazonaws.com", "us-east-1"),
        ("cn-north-1", "account.cn-northwest-1.amazonaws.com.cn", "cn-northwest-1"),
        ("us-gov-east-1", "account.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
    ],
)
def test_wherever_the_scanner_is_at_home_the_call_goes_to_the_one_place_of_its_partition(
    region: str, host: str, signed_for: str
) -> None:
    client = boto3.Session("AKIATESTING", "testing", region_name=region).client("account")
    went: list[tuple[str, str]] = []

    def answered(request: Any, **_: Any) -> AWSResponse:
        went.append((request.url, request.headers["Authorization"].decode().split("/")[2]))
        response = AWSResponse(request.url, 404, {"x-amzn-errortype": NO_SUCH.code}, None)
        response._content = b"{}"
        return response

    client.meta.events.register("before-send", answered)
    with pytest.raises(ClientError):
        client.get_alternate_contact(AlternateContactType="SECURITY")
    assert went == [(f"https://{host}/getAlternateContact", signed_for)]
