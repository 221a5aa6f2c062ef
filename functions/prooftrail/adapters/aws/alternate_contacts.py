"""Whom AWS itself writes to about the account, for security and for operations: asked once a week, carried between."""

from typing import NamedTuple

from prooftrail.evidence.redaction import PSEUDONYM
from prooftrail.model.account import Carry
from prooftrail.model.reading import Gap, GapReason, Reading
from prooftrail.model.run import Run
from prooftrail.model.snapshot import AlternateContact

from .observer import Api, Collecting, Observer, Refused

GET_CONTACT = Api("account", "get_alternate_contact")

TYPES = ("OPERATIONS", "SECURITY")
"""The contacts that are asked for; who gets the bills is nobody's business here."""

_NONE = frozenset({"ResourceNotFoundException"})


class Contacts(NamedTuple):
    """The contacts by type, and the run that asked for all of them and was answered; None where AWS refused one."""

    reading: Reading[AlternateContact]
    read_in: str | None


def read_contacts(observer: Observer, *, run: Run, carry: Carry) -> Contacts:
    """The account's contacts, their names and addresses as pseudonyms; carried ones as they are, without a call.

    The account is not named in the call: it is the caller's own, which the member role may ask about. A contact that
    AWS has not is no gap. One that AWS refuses is a gap, beside it as it was last read. Source: account GetAlternateContact.
    """
    if carry.contacts_read_in is not None:
        return Contacts(Reading(items=carry.contacts), carry.contacts_read_in)
    found: Collecting[AlternateContact] = Collecting(observer)
    last = {one.type: one for one in carry.contacts}
    for kind in TYPES:
        try:
            contact = _asked(found, kind, run.id)
        except Refused as refused:
            found.gap(refused.gap)
            contact = last.get(kind)
        if contact is not None:
            found.add(contact)
    reading = found.reading()
    return Contacts(reading, run.id if reading.complete else None)


def _asked(found: Collecting[AlternateContact], kind: str, run_id: str) -> AlternateContact | None:
    """One contact, None where AWS says that there is none. Raises Refused; an answer without a contact is no such word."""
    try:
        answer = found.put(GET_CONTACT, AlternateContactType=kind)
    except Refused as refused:
        if refused.answer is None or refused.gap.code not in _NONE:
            raise
        found.note(GET_CONTACT, refused.answer)
        return None
    told = answer.get("AlternateContact") or {}
    if told.get("AlternateContactType", kind) != kind:
        raise Refused(_unreadable(kind, "AWS gave another contact than was asked for"))
    name, email = (_pseudonym(told.get(member)) for member in ("Name", "EmailAddress"))
    if email is None:
        raise Refused(_unreadable(kind, "AWS gave a contact without an address"))
    return AlternateContact(type=kind, name=name, email=email, read_in=run_id)


def _pseudonym(text: str | None) -> str | None:
    return text if text is not None and PSEUDONYM.fullmatch(text) else None


def _unreadable(kind: str, detail: str) -> Gap:
    return Gap(api=GET_CONTACT.name, reason=GapReason.UNREADABLE, detail=detail, subject=kind)
