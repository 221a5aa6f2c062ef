"""Where the permission sets behind the roles of Identity Center are judged: here, in another account, or nowhere in this run."""

import msgspec

from prooftrail.model.identity import Kind
from prooftrail.model.reading import Collector

from .case import Case
from .checks.unlisted import listing_gap


class Reader(msgspec.Struct, frozen=True, kw_only=True):
    """`why` in words of a sentence; `judged` is False where no result of this run can speak of the permission sets."""

    judged: bool
    why: str


def reader(case: Case) -> Reader:
    """Who judges the permission set of a role that Identity Center made in this account.

    Only the account the run asks from lists permission sets. What it showed is known in that account; in all others the
    words send the reader there, because whether they were read is not known here.
    """
    asked = case.context.caller_account
    if any(one.collector is Collector.PERMISSION_SETS for one in case.snapshot.cells):
        return _here(case)
    if case.context.organization.id is None:
        return Reader(judged=False, why="this run saw no organization, and only an organization's are read")
    if asked == case.account.id:
        return Reader(judged=False, why="the permission sets were not read")
    units = next((one.ou_ids for one in case.context.accounts if one.id == asked), ())
    if case.governance.excluded(asked, units, case.taken_at):
        return Reader(judged=False, why=f"account {asked}, which alone could list them, is excluded from this run")
    return Reader(
        judged=True, why=f"of this run only account {asked} lists those, and its results say what was read of them"
    )


def _here(case: Case) -> Reader:
    if gap := listing_gap(case, Collector.PERMISSION_SETS):
        return Reader(judged=False, why=f"they may not all have been listed: {gap}")
    if not any(case.of_kinds((Kind.PERMISSION_SET,))):
        return Reader(judged=False, why="no permission set was found")
    return Reader(judged=True, why="the permission sets are judged instead")
