"""How long an account's contacts stand before they are asked for again."""

from datetime import timedelta

import pytest

from prooftrail.flows.carry import CONTACTS_STAND, carry_of
from prooftrail.model import canonical
from prooftrail.model.organization import Account, AccountState
from prooftrail.model.run import Run
from prooftrail.model.snapshot import AccountFacts, AlternateContact, Header, Snapshot
from tests.builders.times import ACCOUNT, NOW

READ_IN = canonical.run_id(NOW)
CONTACT = AlternateContact(type="SECURITY", name="person-1", email="person-2", read_in=READ_IN)
_SECOND = timedelta(seconds=1)


def sealed(*, contacts: tuple[AlternateContact, ...] | None, read_in: str | None) -> Snapshot:
    """What the run of yesterday sealed of the account."""
    facts = AccountFacts(
        account=Account(id=ACCOUNT, state=AccountState.ACTIVE), contacts=contacts, contacts_read_in=read_in
    )
    return Snapshot(header=Header(run_id=READ_IN, account=ACCOUNT, taken_at=NOW), account=facts)


@pytest.mark.parametrize(
    ("age", "stands"),
    [
        (-_SECOND, False),  # a run that is later than this one vouches for nothing
        (timedelta(0), True),
        (timedelta(days=1), True),
        (timedelta(days=7) - _SECOND, True),
        (timedelta(days=7), False),
        (timedelta(days=7) + _SECOND, False),
    ],
)
@pytest.mark.parametrize("contacts", [(), (CONTACT,)])
def test_contacts_and_their_absence_stand_for_a_week(
    contacts: tuple[AlternateContact, ...], age: timedelta, stands: bool
) -> None:
    run = Run.manual(NOW + age, None)
    carry = carry_of(sealed(contacts=contacts, read_in=READ_IN), run=run, account=ACCOUNT)
    assert (carry.contacts, carry.contacts_read_in) == (contacts, READ_IN if stands else None)


def test_a_week_is_seven_days() -> None:
    assert timedelta(days=7) == CONTACTS_STAND


@pytest.mark.parametrize("contacts", [None, (CONTACT,)])
def test_contacts_that_were_not_read_whole_are_due_the_next_day(contacts: tuple[AlternateContact, ...] | None) -> None:
    run = Run.manual(NOW + timedelta(days=1), None)
    carry = carry_of(sealed(contacts=contacts, read_in=None), run=run, account=ACCOUNT)
    assert (carry.contacts, carry.contacts_read_in) == (contacts or (), None)


def test_on_a_first_day_all_are_due() -> None:
    carry = carry_of(None, run=Run.manual(NOW, None), account=ACCOUNT)
    assert (carry.contacts, carry.contacts_read_in) == ((), None)
