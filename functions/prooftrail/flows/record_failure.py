"""Commits that an account could not be read because its scan itself broke off, and why, as far as that may be told."""

import json
import re

from prooftrail import errors
from prooftrail.errors import EvidenceMissing
from prooftrail.evidence import layout
from prooftrail.evidence.redaction import PSEUDONYM, Redactor
from prooftrail.model.run import EvidenceKind, Outcome, OutcomeStatus, PlannedAccount
from prooftrail.ports import Clock, FingerprintKey, Locker

from .sealing import Sealing

LONGEST_REASON = 500
"""Characters of a message that are kept."""

SOMEBODY = "(an address)"
"""Stands for whoever a message names."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,79}")
_WORDS = {
    "States.Timeout": "the scan did not end in the time it is given",
    "States.HeartbeatTimeout": "the scan did not end in the time it is given",
    "Sandbox.Timedout": "the scan did not end in the time it is given",
    "Runtime.ExitError": "the scan was stopped, most likely for want of memory",
    "Runtime.OutOfMemory": "the scan was stopped for want of memory",
    "States.Permissions": "the state machine may not call the scan",
    "Lambda.TooManyRequestsException": "no function was free for the scan",
}
_TIMED_OUT = re.compile(r"Task timed out after [0-9.]+ seconds")


class RecordFailure:
    """Gives the outcome of an account whose scan failed for good; the first commit wins, so a late scan keeps its own."""

    def __init__(self, *, locker: Locker, sealing: Sealing, fingerprints: FingerprintKey, clock: Clock) -> None:
        self._locker, self._sealing, self._fingerprints, self._clock = locker, sealing, fingerprints, clock

    def __call__(self, planned: PlannedAccount, *, run_id: str, error: str, cause: str) -> Outcome:
        """Commit UNREACHABLE with the reason, or return the outcome that is there.

        `error` and `cause` are what Step Functions caught.
        """
        key = layout.outcome_key(run_id, planned.account)
        try:
            return self._sealing.outcome(key, self._locker.get(key))
        except EvidenceMissing:
            pass
        now = self._clock.now()
        reason = reason_of(error, cause, Redactor(self._fingerprints.secret()))
        failed = Outcome(
            run_id=run_id,
            account=planned.account,
            status=OutcomeStatus.UNREACHABLE,
            reason=reason,
            started_at=now,
            finished_at=now,
        )
        _, body = self._sealing.commit(key, EvidenceKind.OUTCOME, self._sealing.signed_outcome(failed))
        return self._sealing.outcome(key, body)


def reason_of(error: str, cause: str, redactor: Redactor) -> str:
    """Why a scan failed, in words. Of a cause only our own sentences are told: any other may hold what is not to be kept.

    An address in one is no pseudonym but SOMEBODY, so that nothing stands here that nobody could ever look up.
    """
    kind, message = _told(cause)
    name = next((one for one in (kind, error) if _NAME.fullmatch(one)), "no name")
    if name in _OURS:
        # What a pseudonym of ours stood for would be kept nowhere: this step seals no `people/`.
        sentence = PSEUDONYM.sub(SOMEBODY, redactor.text(message))
        return sentence[: LONGEST_REASON - 1] + "…" if len(sentence) > LONGEST_REASON else sentence
    if _TIMED_OUT.search(message):
        name = "Sandbox.Timedout"
    return f"{_WORDS.get(name, 'the scan broke off because of a defect or a failing service')} ({name})"


_OURS = frozenset(
    name for name, one in vars(errors).items() if isinstance(one, type) and issubclass(one, errors.ProoftrailError)
)


def _told(cause: str) -> tuple[str, str]:
    """Type and message of a function's error as Lambda reports it; both empty for anything else."""
    try:
        said = json.loads(cause)
    except ValueError:
        return "", ""
    if not isinstance(said, dict):
        return "", ""
    kind, message = said.get("errorType"), said.get("errorMessage")
    return kind if isinstance(kind, str) else "", message if isinstance(message, str) else ""
