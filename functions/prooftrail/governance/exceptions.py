"""`exceptions.toml`: deviations a risk owner accepts until a date, with compensating controls and a way out."""

from datetime import date, datetime
from typing import Annotated, ClassVar

import msgspec

from prooftrail.model import canonical

from .thresholds import ControlId
from .words import Text, approval

Sp80053 = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2}-[0-9]{1,2}(\([0-9]{1,2}\))?\Z")]
TierName = Annotated[str, msgspec.Meta(pattern=r"^(critical|high|medium|low)\Z")]
Predicate = Annotated[str, msgspec.Meta(pattern=r"^(network_condition|boundary_attached|restricted_owner)\Z")]


class Compensator(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One compensating control: its SP 800-53 id, and the test that says it works this run.

    The test is another control's result for the same identity (`control`, which must PASS), or one predicate:
    `network_condition` (an effective SourceIp or VPC endpoint condition), `boundary_attached`, `restricted_owner` (the
    owner is a named person on the restricted list). Exactly one of the two is given.
    """

    sp80053: Sp80053
    control: ControlId | None = None
    predicate: Predicate | None = None


class Milestone(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step of the retirement plan."""

    PEOPLE: ClassVar[tuple[str, ...]] = ("owner",)

    what: Text
    due_on: date
    owner: Text
    done_on: date | None = None


class Signed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An SSH signature over the entry's canonical bytes: what `ssh-keygen -Y sign -n prooftrail` prints, and the signer.

    `prooftrail governance bytes ID` prints the bytes to sign.
    """

    PEOPLE: ClassVar[tuple[str, ...]] = ("signer",)
    PLAIN: ClassVar[tuple[str, ...]] = ("signature",)

    signer: Text
    signature: Text


class AcceptedException(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One accepted deviation. `identity` is an id, an ARN pattern or a family; `expires_on` is the last day, in UTC.

    `tier` is the tier the risk was accepted at: when the identity's rises above it the exception is void. How long it
    may last, how often it may be renewed and that nobody approves his own request is judged by IDC-32, not by the
    parser: such an entry is void and says so. `assurance` names the signature that was verified when the file was read,
    before any name in it was replaced; None where there was none, and no file may set it.
    """

    PEOPLE: ClassVar[tuple[str, ...]] = ("requester", "risk_owner", "approver")
    PLAIN: ClassVar[tuple[str, ...]] = ("assurance",)

    id: Text
    identity: Text
    control: ControlId
    reason: Text
    tier: TierName
    requester: Text
    risk_owner: Text
    approver: Text
    approved_on: date
    expires_on: date
    compensating: tuple[Compensator, ...]
    retirement: tuple[Milestone, ...]
    renewals: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0
    ticket: Text | None = None
    signed: Signed | None = None
    assurance: str | None = None

    @property
    def lasts_days(self) -> int:
        """Days from the day of approval to the last day."""
        return (self.expires_on - self.approved_on).days

    @property
    def approval(self) -> str:
        """How far the approval is known to be the approver's."""
        return self.assurance or approval(self.ticket)

    def holds(self, at: datetime) -> bool:
        """True from the day of approval through the last day, both included, in UTC."""
        return self.approved_on <= canonical.utc(at).date() <= self.expires_on


class AllowedSigner(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A public SSH key an approver signs entries with, as `ssh-keygen` writes it."""

    PEOPLE: ClassVar[tuple[str, ...]] = ("person",)
    PLAIN: ClassVar[tuple[str, ...]] = ("public_key",)

    person: Text
    public_key: Text


class Exceptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`exceptions.toml`."""

    exception: tuple[AcceptedException, ...] = ()
    allowed_signer: tuple[AllowedSigner, ...] = ()
