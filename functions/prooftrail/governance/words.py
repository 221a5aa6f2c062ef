"""The few kinds of text a policy is made of, each with the pattern that makes a typing mistake an error."""

from typing import Annotated

import msgspec

Text = Annotated[str, msgspec.Meta(pattern=r"\S")]
AccountId = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{12}\Z")]
OuId = Annotated[str, msgspec.Meta(pattern=r"^ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}\Z")]
ArnPattern = Annotated[str, msgspec.Meta(pattern=r"^arn:")]
ClassName = Annotated[str, msgspec.Meta(pattern=r"^(human|non-human)\Z")]
OwnerKind = Annotated[str, msgspec.Meta(pattern=r"^(person|team)\Z")]
Occasion = Annotated[str, msgspec.Meta(pattern=r"^(drill|incident)\Z")]
Relation = Annotated[str, msgspec.Meta(pattern=r"^(supplier|own_organization|aws)\Z")]
TierName = Annotated[str, msgspec.Meta(pattern=r"^(critical|high|medium|low)\Z")]
Style = Annotated[str, msgspec.Meta(pattern=r"^(full|minimal)\Z")]
Weekday = Annotated[str, msgspec.Meta(pattern=r"^(monday|tuesday|wednesday|thursday|friday|saturday|sunday|never)\Z")]
PresetName = Annotated[
    str, msgspec.Meta(pattern=r"^(cdk-bootstrap|control-tower|stacksets|organization-account-access)\Z")
]


def approval(ticket: str | None) -> str:
    """How far an approval without a verified signature is known to be the approver's: nobody here asked the ticket system."""
    return f"ticket {ticket}, not verified by us" if ticket else "declared, not verified"
