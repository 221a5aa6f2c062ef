"""Whom does AWS write to about the account? Moto knows, but would tell anybody about any account."""

from collections.abc import Mapping
from typing import Any

from moto.account.exceptions import UnspecifiedContactType
from moto.account.models import account_backends

from prooftrail.demo.mends.call import Answer, Call, Refusal
from prooftrail.demo.mends.organizations import is_authority, organization_of

_TYPES = frozenset({"BILLING", "OPERATIONS", "SECURITY"})


def _get_alternate_contact(call: Call) -> Mapping[str, Any]:
    account, kind = call.params.get("AccountId") or call.account, call.params.get("AlternateContactType")
    organization = organization_of(call.account, call.partition)
    may = organization is not None and is_authority(organization, call.account, "account.amazonaws.com")
    if account != call.account and not may:
        raise Refusal("AccessDeniedException", f"The account may not read the contacts of account {account}.")
    if kind not in _TYPES:
        raise Refusal("ValidationException", f"{kind} is no type of contact.")
    try:
        held = account_backends[account][call.partition].get_alternate_contact(kind)
    except UnspecifiedContactType as none:
        raise Refusal("ResourceNotFoundException", none.message) from none
    return {
        "AlternateContact": {
            "AlternateContactType": kind,
            "EmailAddress": held.email_address,
            "Name": held.name,
            "PhoneNumber": held.phone_number,
            "Title": held.title,
        }
    }


ANSWERS: dict[str, Answer] = {"account:GetAlternateContact": _get_alternate_contact}
"""What the scanner asks of Account Management beside the regions."""
