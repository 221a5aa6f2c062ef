"""What 24 says of a gap in words: what is not known because of it, and what to grant or do."""

import re

from prooftrail import permissions
from prooftrail.model.reading import GLOBAL, CellStatus, Gap, GapReason
from prooftrail.pack.registers.stretches import NOT_JUDGED
from prooftrail.pack.view import UNPLANNED, Refused
from prooftrail.permissions import Place

_BARRED = re.compile(r"(?:explicit deny in an? |because no (?!identity))([\w-]+(?: [\w-]+)? (?:policy|boundary))")
_ACTIONS = {one.action: one for one in permissions.PERMISSIONS}
_WHOSE = {
    Place.MEMBER: "the member role in this account (`prooftrail doctor` prints the policy)",
    Place.ORGANIZATION: "the scanner in the management account (`prooftrail doctor` prints the policy)",
    Place.SCANNER: "the scanner itself (`prooftrail doctor` prints the policy)",
    Place.STORE: "the scanner, on its store",
}
_TO_DO = {
    GapReason.THROTTLED: "nothing to grant: AWS asked to go slower; the next run reads again, or scan with fewer --workers",
    GapReason.UNREACHABLE: "see that the region answers and nothing between blocks it; the next run reads again",
    GapReason.NOT_READY: "nothing to grant: AWS had not finished its report; the next run reads it",
    GapReason.TRUNCATED: "the answer was cut off: the next run reads again; report it if it stays",
    GapReason.UNREADABLE: "AWS sent what cannot be read: keep the raw answer and report it",
    GapReason.CLOCK: "put the clock of the machine that scans right",
    GapReason.DISAGREES: "two sources of AWS disagree: compare them in the console, and see whether the next run agrees",
    GapReason.NOT_COVERED: "nothing to do: this version does not read it; ask for it elsewhere",
    GapReason.ERROR: "see the cause; the next run reads again",
}
_STATUS_TO_DO = {
    CellStatus.LATE: "it was read too long after the run's instant to count: start runs in time, or scan fewer accounts at once",
    CellStatus.ONBOARDING: "the account is new: AWS grants access to it within hours, and the next run reads it",
    CellStatus.DISABLED: "the region is not enabled: nothing to do unless something is expected there",
}
_SKIPPED_TO_DO = "nothing to grant where that is meant: the reason is AWS's own word, or the scope policy/ holds"


def account_to_do(status: str) -> str:
    """What to do about an account that was not read or judged."""
    if status == "skipped":
        return _SKIPPED_TO_DO
    if status == UNPLANNED:
        return "see whether the account left the organization: a run that does not plan for it does not list it"
    if status == NOT_JUDGED:
        return "read it; if it was read, `prooftrail verify --rederive` says what keeps it from being judged"
    return "create the member role there with its trust policy, or lift what refuses sts:AssumeRole: `prooftrail doctor` says which"


def to_do(refused: Refused) -> str:
    """What to grant or do about a source that was not read whole."""
    if refused.status in _STATUS_TO_DO:
        return _STATUS_TO_DO[refused.status]
    if refused.reason is None or refused.api is None:
        return "see the cause; the next run reads again"
    return remediation(Gap(api=refused.api, reason=refused.reason, detail=refused.detail or "", code=refused.code))


def remediation(gap: Gap) -> str:
    """What to grant or do about one refusal; an explicit deny or a missing Allow above the account is named."""
    if gap.reason is not GapReason.DENIED:
        return _TO_DO[gap.reason]
    barred = _BARRED.search(gap.detail)
    if barred:
        return f"let the {barred[1]} that forbids it allow {gap.api}: granting it in the account would not help"
    known = _ACTIONS.get(gap.api)
    whose = _WHOSE[known.place] if known else "the role that reads"
    return f"grant {gap.api} to {whose}"


def impact_of(source: Refused, *, over: bool = False, older: str | None = None) -> str:
    """What is not known because a source was not read whole; a call that was refused says what it is for.

    `older` is the run as of which what is shown of the source was seen, where that is not the one that read the account.
    """
    refused = _ACTIONS.get(source.api or "")
    what = source.collector.value.replace("_", " ")
    if refused and refused.lost:
        return refused.lost
    why = f" ({refused.why})" if refused else ""
    rest = (
        "what is listed of it is true, and nothing absent can be called gone"
        if source.items
        else "not known of these runs"
        if over or older
        else "nothing is known of it"
    )
    if older:
        rest += f"; what {'else ' if source.items else ''}is shown of it is as run {older} saw it"
    return f"{what}{why} not read whole: {rest}"


def of_source(said: str, cell: Refused) -> bool:
    """True if a result's gap speaks of this source: it begins with the source, and with its region where one is named."""
    name = cell.collector.value
    named = f"{name} in {cell.region} "
    return said.startswith(named) or (cell.region == GLOBAL and said.startswith((f"{name} is ", f"{name} was ")))


def cause_to_do(cause: str) -> str:
    """What helps against a cause that is no refused call, as far as its words tell."""
    if "this version" in cause or "not collected" in cause:
        return "nothing to grant: this version does not read it; ask for the record elsewhere"
    if cause.startswith("AWS tells no"):
        return "nothing to grant: AWS does not tell it; ask its owner"
    return "see the cause; once it is mended the next run tests it"
