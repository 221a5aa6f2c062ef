"""From when to when something failed, as far as it began or ended in the period: told from the transitions runs sealed."""

from collections.abc import Iterator

import msgspec

from prooftrail.model.judgement import ResultStatus
from prooftrail.pack.view import AccountView


class Interval(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One failure. `began` is None where it stood when the period began, `ended` None while it stands.

    `status` is what it came to when it ended (NOT_TESTED is no end anybody saw), None where its subject is gone, FAIL
    while it stands. `reason` is the sentence of its end, or of its beginning while it stands.
    """

    control: str
    subject: str
    identity: str | None
    began: str | None
    ended: str | None
    status: ResultStatus | None
    reason: str


def intervals(one: AccountView) -> Iterator[Interval]:
    """The failures of an account that began or ended in the period, in the order they ended, those that stand last."""
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
