"""The control map as values: what each control asks, of whom, within which limits, and what it answers to."""

from functools import cached_property

import msgspec

from prooftrail.governance.thresholds import ByTier, LimitKey
from prooftrail.model.identity import Kind
from prooftrail.model.judgement import SubjectType


class Crosswalk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The identifiers a control supports in each framework; CIS by benchmark version."""

    iso27001_2022: tuple[str, ...] = ()
    csf_2_0: tuple[str, ...] = ()
    sp800_53_r5: tuple[str, ...] = ()
    owasp_nhi_2025: tuple[str, ...] = ()
    ai_rmf_1_0: tuple[str, ...] = ()
    ai_rmf_for_ai_workloads: tuple[str, ...] = ()
    cis_aws: dict[str, tuple[str, ...]] = {}
    soc2: tuple[str, ...] = ()
    pci_dss_4: tuple[str, ...] = ()
    nis2: tuple[str, ...] = ()


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One part of a control. `covered` is false where this version does not collect its source; `why` then says which."""

    what: str
    covered: bool = True
    why: str | None = None


class Control(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """One control. `testable` is false where today's collection cannot test any part of it; `why_not` then says so.

    `thresholds` are the defaults by tier; `without_effect` names those that change nothing in this version, each with
    the reason; `exceptable` is false for the controls that guard the exceptions themselves.
    """

    id: str
    version: str
    title: str
    theme: str
    statement: str
    subject: tuple[SubjectType, ...]
    kinds: tuple[Kind, ...]
    parts: tuple[Part, ...]
    thresholds: dict[str, ByTier[int | bool]] = {}
    without_effect: dict[str, str] = {}
    review_days: ByTier[int]
    evidence: tuple[str, ...]
    nonconformity: str
    compensating: tuple[str, ...] = ()
    crosswalk: Crosswalk
    testable: bool = True
    why_not: str | None = None
    exceptable: bool = True

    @cached_property
    def not_covered(self) -> tuple[str, ...]:
        """The parts this version does not collect, each with the reason."""
        return tuple(f"{one.what}: {one.why}" if one.why else one.what for one in self.parts if not one.covered)

    @property
    def of_organization(self) -> bool:
        """True if nothing but the organization as a whole, or its exceptions, is a subject: no account judges it."""
        return set(self.subject) <= {SubjectType.ORGANIZATION, SubjectType.EXCEPTION}

    @property
    def of_identities(self) -> bool:
        """True if single identities are subjects, so that each of a listed kind is due a row."""
        wholes = {SubjectType.ACCOUNT, SubjectType.ORGANIZATION, SubjectType.EXCEPTION}
        return self.testable and not set(self.subject) <= wholes


class Catalog(msgspec.Struct, frozen=True, kw_only=True):
    """All controls of one version of the map; `sha256` is of the text it was read from."""

    version: str
    sha256: str
    controls: tuple[Control, ...]

    def control(self, control_id: str) -> Control:
        """The control with this id. Raises KeyError."""
        for one in self.controls:
            if one.id == control_id:
                return one
        raise KeyError(control_id)

    @property
    def defaults(self) -> dict[LimitKey, ByTier[int | bool]]:
        """Every default limit of the map: what `Limits` falls back to where the organization set none."""
        return {(one.id, name): values for one in self.controls for name, values in one.thresholds.items()}
