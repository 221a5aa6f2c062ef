"""What a principal, or a managed policy, of a locker allows: worked out again from the sealed snapshot and its context."""

from prooftrail.errors import EvidenceError
from prooftrail.evidence.redaction import PSEUDONYM
from prooftrail.model.iam import Role, User
from prooftrail.model.identity import Identity
from prooftrail.model.snapshot import Snapshot
from prooftrail.risk.explain import Explained, explained, of_documents
from prooftrail.risk.holdings import Shelf
from prooftrail.risk.permissions import privileges
from prooftrail.risk.policy_document import NotAPolicy

from .identity_trail import unread_instead
from .locker_history import LockerHistory, RunSummary
from .locker_judgement import context_of

_ARN_PARTS = 6


def explain(history: LockerHistory, run: RunSummary, arn: str) -> Explained:
    """What the newest snapshot at or before `run` says of an ARN.

    Raises EvidenceError where no snapshot holds it, or where the policy's document was not read or is none.
    """
    parts = arn.split(":", _ARN_PARTS - 1)
    if len(parts) < _ARN_PARTS or parts[2] not in ("iam", "sts"):
        raise EvidenceError(f"{arn} is no ARN of IAM: give the ARN of a user, a role or a managed policy.")
    policy = parts[5].startswith("policy/")
    accounts = sorted(history.accounts(run)) if parts[4] in ("", "aws") else [parts[4]]
    for account in accounts:
        seen = next((one for one in history.opened(account, run, newest_first=True) if one.snapshot), None)
        if seen is None or seen.snapshot is None:
            continue
        found = (
            _policy(history, seen.run, seen.snapshot, arn)
            if policy
            else _principal(history, seen.run, seen.snapshot, arn)
        )
        if found is not None:
            return found
    what = "policy" if policy else "user or role"
    view = history.as_of(run, account=parts[4] or None)
    raise EvidenceError(f"no snapshot up to run {run.run_id} holds a {what} {arn}{unread_instead(view, arn)}")


def _principal(history: LockerHistory, run: RunSummary, snapshot: Snapshot, arn: str) -> Explained | None:
    answers = privileges(snapshot, context_of(history, run))
    people = history.people(run, snapshot.header.account)
    named = {
        each: PSEUDONYM.sub(lambda match: people.get(match[0], match[0]), each.arn) for each in _principals(snapshot)
    }
    one = next((each for each, shown in named.items() if arn in (each.arn, shown) and each.id in answers), None)
    return None if one is None else explained(arn, answers[one.id])


def _principals(snapshot: Snapshot) -> list[Identity]:
    return [one for one in snapshot.identities if isinstance(one.facts, User | Role)]


def _policy(history: LockerHistory, run: RunSummary, snapshot: Snapshot, arn: str) -> Explained | None:
    piece = Shelf(snapshot, context_of(history, run)).managed(arn)
    if piece.text is None:
        if any(one.arn == arn for one in snapshot.policies):
            raise EvidenceError(
                f"the document of {arn} was not read in run {run.run_id}, so nobody can tell what it allows."
            )
        return None
    try:
        return explained(arn, of_documents(((arn, piece.text),)))
    except NotAPolicy as error:
        raise EvidenceError(f"the document of {arn} makes no sense: {error}.") from error
