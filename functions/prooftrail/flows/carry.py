"""What today's reading need not ask: keys that cannot have changed, secrets' dated versions, policies the run has read,
and for a week whom AWS writes to."""

from collections import defaultdict
from datetime import timedelta

from prooftrail.model import canonical
from prooftrail.model.account import CarriedKeys, CarriedSecret, Carry
from prooftrail.model.iam import AccessKey, AwsManagedPolicy, Secret, User
from prooftrail.model.identity import Identity, Observed
from prooftrail.model.run import Run
from prooftrail.model.snapshot import Snapshot

CONTACTS_STAND = timedelta(days=7)
"""How long an account's contacts are carried, from the run that read them; exactly so long after, they are asked again."""


def carry_of(
    previous: Snapshot | None, *, run: Run, account: str, policies: tuple[AwsManagedPolicy, ...] = ()
) -> Carry:
    """The carry for one account; without a snapshot to trust only `policies`, AWS's own that the run has read already.

    A user's keys are carried only if every slot its report row showed has its key: a refused list is asked again.
    """
    seed, held = f"{run.id}/{account}", frozenset(one.arn for one in policies if one.text is not None)
    if previous is None:
        return Carry(seed=seed, aws_policies=held)
    keys: dict[str, list[Observed]] = defaultdict(list)
    for one in previous.identities:
        if isinstance(one.facts, AccessKey):
            keys[one.facts.user_id].append(_observed(one, previous.header.run_id))
    users = [one for one in previous.identities if isinstance(one.facts, User)]
    return Carry(
        run_id=previous.header.run_id,
        keys={one.id: carried for one in users if (carried := _carried(one.facts, keys[one.id])) is not None},
        secrets={
            one.arn: CarriedSecret(versions=one.facts.versions, value_created_at=one.facts.value_created_at)
            for one in previous.identities
            if isinstance(one.facts, Secret) and one.facts.value_age_known
        },
        seed=seed,
        aws_policies=held,
        contacts=previous.account.contacts or (),
        contacts_read_in=_standing(previous.account.contacts_read_in, run),
    )


def _standing(read_in: str | None, run: Run) -> str | None:
    """The run that read the contacts, while they need not be asked again; a run later than this one vouches for nothing."""
    if read_in is None:
        return None
    age = run.taken_at - canonical.tick_of(read_in)
    return read_in if timedelta(0) <= age < CONTACTS_STAND else None


def _carried(user: object, keys: list[Observed]) -> CarriedKeys | None:
    if not isinstance(user, User) or user.key_slots is None or len(keys) < len(user.key_slots):
        return None
    return CarriedKeys(slots=user.key_slots, keys=tuple(sorted(keys, key=lambda one: one.id)))


def _observed(one: Identity, run_id: str) -> Observed:
    return Observed(
        id=one.id,
        arn=one.arn,
        region=one.region,
        name=one.name,
        created_at=one.created_at,
        tags=one.tags,
        facts=one.facts,
        usage=one.usage,
        parent=one.parent,
        carried_from=one.carried_from or run_id,
    )
