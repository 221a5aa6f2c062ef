"""Whom AWS writes to about the simulated accounts, and who may ask."""

import pytest
from botocore.exceptions import ClientError

from tests.demo.door import client, inside, opened, refusal

KINDS = ("SECURITY", "OPERATIONS")
NONE = ("ResourceNotFoundException", 404)


@pytest.fixture(scope="module")
def organization():
    """An organization with plain workloads besides those that have a part to play."""
    with opened(accounts=16) as it:
        yield it


def contacts_of(organization, name):
    """Type to address, or to what AWS says instead."""
    api = client(organization, "account") if name == "management" else inside(organization, name, "account")
    found = {}
    for kind in KINDS:
        try:
            found[kind] = api.get_alternate_contact(AlternateContactType=kind)["AlternateContact"]["EmailAddress"]
        except ClientError as error:
            found[kind] = refusal(error)
    return found


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("management", {"SECURITY": "soc@acme.example", "OPERATIONS": "cloud-office@acme.example"}),
        ("payments-prod", {"SECURITY": "soc@acme.example", "OPERATIONS": "payments-oncall@acme.example"}),
        ("log-archive", {"SECURITY": "soc@acme.example", "OPERATIONS": NONE}),
        ("data-platform-prod", {"SECURITY": NONE, "OPERATIONS": "data-platform@acme.example"}),
        ("payments-test", {"SECURITY": NONE, "OPERATIONS": NONE}),
        ("sandbox", {"SECURITY": NONE, "OPERATIONS": NONE}),
    ],
)
def test_some_accounts_name_both_some_one_and_some_nobody(organization, name, expected):
    assert contacts_of(organization, name) == expected


def test_plain_workloads_name_those_who_watch_over_all_unless_nobody_owns_them(organization):
    told = {name: contacts_of(organization, name) for name in organization.account_ids() if "workload" in name}
    watched, nobody = {"SECURITY": "soc@acme.example", "OPERATIONS": NONE}, dict.fromkeys(KINDS, NONE)
    assert {name: one for name, one in told.items() if one != watched} == {"workload-016": nobody}
    assert len(told) == 4


def test_the_management_account_may_ask_for_another_s_contact_and_a_member_may_not(organization):
    other = organization.account_id("log-archive")
    asked = {"AccountId": other, "AlternateContactType": "SECURITY"}
    assert client(organization, "account").get_alternate_contact(**asked)["AlternateContact"]["Name"]
    with pytest.raises(ClientError) as failed:
        inside(organization, "payments-prod", "account").get_alternate_contact(**asked)
    assert refusal(failed.value) == ("AccessDeniedException", 403)


def test_a_refused_contact_is_refused_in_aws_s_own_words(organization):
    sandbox = organization.account_id("sandbox")
    organization.faults.deny(sandbox, "account:GetAlternateContact")
    try:
        with pytest.raises(ClientError, match="is not authorized to perform: account:GetAlternateContact") as failed:
            inside(organization, "sandbox", "account").get_alternate_contact(AlternateContactType="SECURITY")
    finally:
        organization.faults.clear()
    assert refusal(failed.value) == ("AccessDeniedException", 403)
