"""`soa.toml`: the statement of applicability, a line for each Annex A control of ISO/IEC 27001:2022 the organization decided on."""

from datetime import date
from typing import Annotated, ClassVar

import msgspec

from .words import Text

AnnexA = Annotated[str, msgspec.Meta(pattern=r"^A\.[5-8]\.[0-9]{1,2}\Z")]


class SoaLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One Annex A control: whether it applies and why, the policy that says so, and who answers for it.

    `acceptance` are the criteria by which its risk owner accepts a risk.
    """

    PEOPLE: ClassVar[tuple[str, ...]] = ("control_owner", "risk_owner")

    control: AnnexA
    applicable: bool
    justification: Text
    policy: Text | None = None
    control_owner: Text | None = None
    risk_owner: Text | None = None
    acceptance: Text | None = None


class Soa(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`soa.toml`. `line` is empty where none was supplied, and every extract then says so."""

    PEOPLE: ClassVar[tuple[str, ...]] = ("approved_by",)

    version: Text | None = None
    approved_by: Text | None = None
    approved_on: date | None = None
    line: tuple[SoaLine, ...] = ()
