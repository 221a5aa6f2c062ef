"""Which findings a run had to take up: what its plan points to, held against the manifests before it.

What a plan may point to follows from the head it stands on: what that head's run sealed for an account, and else what
that run's own plan points to. A pointer that goes elsewhere, or nowhere, would let findings begin anew unnoticed.
"""

from collections.abc import Mapping

from prooftrail.errors import EvidenceError
from prooftrail.evidence import layout, verify
from prooftrail.evidence.manifest import Manifest
from prooftrail.model.run import EvidenceKind, Plan, Pointer
from prooftrail.ports import Locker

from . import head as chain_head
from . import sealing


class Lineage:
    """The manifests of a chain in order, asked where the findings of a run come from."""

    def __init__(self, manifests: tuple[Manifest, ...], locker: Locker) -> None:
        self._by_seq = {one.seq: one for one in manifests}
        self._locker = locker

    def judged_before(self, one: Manifest) -> bool:
        """True if a run earlier in the chain sealed results."""
        return any(
            sealed.kind is EvidenceKind.ASSESSMENT
            for each in self._by_seq.values()
            if each.seq < one.seq
            for sealed in each.objects
        )

    def misplaced(self, one: Manifest, plan: Plan) -> str | None:
        """Why the head a plan names cannot be the one its run stood on; None where it can, or manifests are gone.

        Runs may overlap: what was sealed after this one began, it need not have seen. Clocks may differ by 15 minutes.
        """
        head, sha256 = plan.header.head_seq, plan.header.head_sha256
        after = self._by_seq.get(head + 1)
        if head >= one.seq or (after is not None and after.previous.sha256 != sha256):
            return f"its plan stands on the head {head}:{sha256[:16]}…, which is not in the chain before it"
        began = max(plan.header.started_at, plan.header.run.taken_at) - verify.LATEST_WRITE
        passed = (self._by_seq.get(seq) for seq in range(head + 1, one.seq))
        skipped = next((each for each in passed if each is not None and each.closed_at < began), None)
        if skipped is None:
            return None
        return f"its plan stands on slot {head}, and run {skipped.run.id} was sealed after that and before it began"

    def pointers(self, plan: Plan) -> Mapping[str, Pointer | None] | None:
        """What a plan on this head has to point to, by account and for the organization as a whole.

        An account that is missing here was not planned by the run before, which is no reason to point anywhere. None
        where the head itself is gone: then nothing can be said.
        """
        head = plan.header.head_seq
        last = self._by_seq.get(head)
        if last is None:
            return {} if head == 0 else None
        return {**self._handed_on(last), **_sealed(last)}

    def last_sealed(self, head: int, account: str) -> Pointer | None:
        """The last findings of an account in the chain up to a head, whatever any plan says of them."""
        for one in sorted(self._by_seq.values(), key=lambda each: -each.seq):
            if one.seq <= head and (found := _sealed(one).get(account)):
                return found
        return None

    def _handed_on(self, one: Manifest) -> dict[str, Pointer | None]:
        """What the plan of a run points to; where that plan is gone, the last findings sealed before that run."""
        named = next((each for each in one.objects if each.kind is EvidenceKind.PLAN), None)
        try:
            if named is not None:
                trusted = sealing.trusted(self._locker, chain_head.pointer_to(named, one))
                plan = sealing.read_plan(named.key, trusted)
                by_account = {each.account: each.previous_findings for each in plan.accounts}
                return {**by_account, layout.ORGANIZATION: plan.header.previous_findings}
        except EvidenceError:
            pass  # disposed of, or damaged: that is said elsewhere
        found: dict[str, Pointer | None] = {}
        for each in sorted(self._by_seq.values(), key=lambda each: each.seq):
            if each.seq < one.seq:
                found |= _sealed(each)
        return found


def _sealed(one: Manifest) -> dict[str, Pointer]:
    """The findings a run sealed, by account."""
    found = ((layout.Place(each.key).account, each) for each in one.objects if each.kind is EvidenceKind.FINDINGS)
    return {account: chain_head.pointer_to(each, one) for account, each in found if account}
