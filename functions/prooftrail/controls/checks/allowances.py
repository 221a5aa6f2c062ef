"""How many of an account may break a rule: all that do are counted together, so either all of them fail or none."""

from collections.abc import Iterable

import msgspec

from prooftrail.controls.case import Case, Compared, Over
from prooftrail.model.judgement import ResultStatus


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """How many of the account break a rule: for certain, and at most where something was not read."""

    certain: int
    possible: int


def tally(breaking: Iterable[bool | None], *, unlisted: bool = False) -> Tally:
    """What the answers come to; None is not known, and `unlisted` says that there may be one nobody listed."""
    answers = list(breaking)
    certain = sum(one is True for one in answers)
    return Tally(certain=certain, possible=certain + sum(one is None for one in answers) + unlisted)


def counted_together(case: Case, control: str, name: str, identity_id: str, number: Tally) -> Compared:
    """Hold the account's number against the limit of this identity's tier; NOT_TESTED where the unread decides."""
    least = case.compare(control, name, identity_id, over=Over(number.certain))
    most = case.compare(control, name, identity_id, over=Over(number.possible))
    if least.status is most.status or least.status is not ResultStatus.PASS:
        return least
    return Compared(status=ResultStatus.NOT_TESTED, limit=least.limit, why="how many more the account has is not known")
