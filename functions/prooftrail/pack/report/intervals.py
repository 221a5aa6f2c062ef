"""From when to when something failed, as far as it began or ended in the period: told from the transitions runs sealed.

How far a beginning is known, and what was not seen in between, is said in the words of file 30.
"""

from collections.abc import Iterator

import msgspec

from prooftrail.model.judgement import ResultStatus
from prooftrail.pack.registers.columns import instant_of
from prooftrail.pack.registers.intervals import Life
from prooftrail.pack.registers.unseen import Unseen
from prooftrail.pack.view import AccountView, PeriodView


class Interval(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One failure. `began` is None where nobody knows the run, `ended` None while it stands.

    `status` is what it came to when it ended (NOT_TESTED is no end anybody saw), None where its subject is gone, FAIL
    while it stands. `reason` is the sentence of its end, or of its beginning while it stands. `beginning` says how far
    `began` is its beginning, None where it was seen to begin. `doubt` says what was not seen between, None for nothing.
    """

    control: str
    subject: str
    identity: str | None
    began: str | None
    ended: str | None
    status: ResultStatus | None
    reason: str
    beginning: str | None = None
    doubt: str | None = None


def intervals(one: AccountView, period: PeriodView) -> Iterator[Interval]:
    """The failures of an account that began or ended in the period, in the order they ended, those that stand last."""
    life, unseen = Life(one, period), Unseen(one, period)
    for each in _found(one):
        key, beginning, began = (each.control, each.subject), None, each.began
        if began is None:
            began = life.from_run(key, ResultStatus.FAIL, None)
            beginning = life.beginning(key, ResultStatus.FAIL, began)
        missing = unseen.between(each.identity, instant_of(began), instant_of(each.ended))
        yield msgspec.structs.replace(each, began=began, beginning=beginning, doubt=missing.why)


def _found(one: AccountView) -> Iterator[Interval]:
    standing: dict[tuple[str, str], Interval] = {}
    for each in one.transitions:
        change = each.transition
        key = (change.control, change.subject)
        told = Interval(
            control=change.control,
            subject=change.subject,
            identity=change.identity,
            began=each.run_id,
            ended=None,
            status=ResultStatus.FAIL,
            reason=change.reason,
        )
        if change.before is ResultStatus.FAIL:
            since = standing.pop(key, None)
            began = since.began if since else None
            yield msgspec.structs.replace(told, began=began, ended=each.run_id, status=change.after)
        if change.after is ResultStatus.FAIL:
            standing[key] = told
    yield from standing.values()
