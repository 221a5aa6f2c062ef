"""One account at `taken_at`: every identity, what surrounds it, and how far each source was read."""

from datetime import datetime
from enum import StrEnum

import msgspec

from .iam import AwsManagedPolicy, Group, ManagedPolicy, PasswordPolicy, PolicyDocument
from .identity import Identity
from .organization import Account
from .reading import Cell

SCHEMA = "prooftrail.snapshot/1"


class Reconciliation(msgspec.Struct, frozen=True, kw_only=True, tag_field="record", tag="reconciliation"):
    """One count held against an independent one. `explained` says why a difference is none; None means unexplained.

    `independent` is None where AWS gives no second count, and `explained` then says so.
    """

    what: str
    counted: int
    counted_by: str
    independent: int | None
    independent_source: str
    difference: int
    explained: str | None = None


class Sighting(msgspec.Struct, frozen=True, kw_only=True, tag_field="record", tag="sighting"):
    """Credential-shaped text seen where no credential belongs; the text itself is kept nowhere, only its keyed fingerprint."""

    fingerprint: str
    detector: str
    length: int
    api: str
    where: str


class AlternateContact(msgspec.Struct, frozen=True, order=True, kw_only=True):
    """Whom AWS itself writes to about an account (`account:GetAlternateContact`); pseudonyms of name and address.

    `type` is `SECURITY` or `OPERATIONS`. `read_in` is the run that read it, and whose `people/` object alone tells what
    the pseudonyms stand for: contacts are read again once a week.
    """

    type: str
    name: str | None
    email: str
    read_in: str


class AccountFacts(msgspec.Struct, frozen=True, kw_only=True, tag_field="record", tag="account"):
    """What is true of the account as a whole; None where it was not read.

    `contacts` are those AWS showed, or as they were last read where it refuses now; none is a fact only where
    `contacts_read_in` names the run that asked for all of them and was answered.
    """

    account: Account
    aliases: tuple[str, ...] | None = None
    summary: tuple[tuple[str, int], ...] | None = None
    password_policy: PasswordPolicy | None = None
    organization_features: tuple[str, ...] | None = None
    outbound_federation: bool | None = None
    outbound_issuer: str | None = None
    regions_enabled: tuple[str, ...] | None = None
    regions_read: tuple[str, ...] = ()
    report_generated_at: datetime | None = None
    contacts: tuple[AlternateContact, ...] | None = None
    contacts_read_in: str | None = None


class CellRecord(msgspec.Struct, frozen=True, kw_only=True, tag_field="record", tag="cell"):
    """A cell as a line of a snapshot."""

    cell: Cell


class Header(msgspec.Struct, frozen=True, kw_only=True, tag_field="record", tag="header"):
    """The first line of a snapshot: which account, which run, at which instant everything in it is judged."""

    schema: str = SCHEMA
    run_id: str
    account: str
    taken_at: datetime


class PersonRecord(msgspec.Struct, frozen=True, order=True, kw_only=True, tag_field="record", tag="person"):
    """What a pseudonym stands for; only in `people/` objects, which are kept shorter than the rest."""

    pseudonym: str
    text: str


type Line = (
    Header
    | AccountFacts
    | CellRecord
    | Reconciliation
    | Identity
    | Group
    | ManagedPolicy
    | PolicyDocument
    | AwsManagedPolicy
    | Sighting
    | PersonRecord
)


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """One account at one instant. Collections are sorted, so equal states give equal bytes.

    `aws_policies` are only those the run's context lacks and this account had to be asked for.
    """

    header: Header
    account: AccountFacts
    cells: tuple[Cell, ...] = ()
    reconciliations: tuple[Reconciliation, ...] = ()
    identities: tuple[Identity, ...] = ()
    groups: tuple[Group, ...] = ()
    policies: tuple[ManagedPolicy, ...] = ()
    documents: tuple[PolicyDocument, ...] = ()
    sightings: tuple[Sighting, ...] = ()
    aws_policies: tuple[AwsManagedPolicy, ...] = ()

    def lines(self) -> list[Line]:
        """The records of the snapshot in their sealed order."""
        cells = [CellRecord(cell=one) for one in self.cells]
        return [
            self.header,
            self.account,
            *cells,
            *self.reconciliations,
            *self.identities,
            *self.groups,
            *self.policies,
            *self.documents,
            *self.aws_policies,
            *self.sightings,
        ]


class RunTrigger(StrEnum):
    """What started a run: its schedule, or a person, whose run satisfies no tick."""

    SCHEDULE = "schedule"
    MANUAL = "manual"
