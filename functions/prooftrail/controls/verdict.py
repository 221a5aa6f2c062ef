"""What a check says of one subject, before exceptions: the raw verdict, and the ways to make one."""

import msgspec

from prooftrail.model.judgement import Limit, ResultStatus, SubjectType, Tier


class Verdict(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One subject of one control as its check judged it. `reason` is a whole sentence for a person: value, limit, who set it.

    `identity` is the identity the subject is or belongs to, None for an account or the organization.
    """

    subject: str
    subject_type: SubjectType
    identity: str | None
    status: ResultStatus
    reason: str
    tier: Tier | None = None
    value: str | None = None
    limit: Limit | None = None
    not_covered: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()
