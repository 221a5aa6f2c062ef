"""What yesterday's sealed snapshot spares today's reading: key ids that cannot have changed, secrets' dated versions."""

from collections import defaultdict

from prooftrail.model.account import CarriedKeys, CarriedSecret, Carry
from prooftrail.model.iam import AccessKey, Secret, User
from prooftrail.model.identity import Identity, Observed
from prooftrail.model.run import Run
from prooftrail.model.snapshot import Snapshot


def carry_of(previous: Snapshot | None, *, run: Run, account: str) -> Carry:
    """The carry for one account; empty where there is no snapshot to trust.

    A user's keys are carried only if every slot its report row showed has its key: a refused list is asked again.
    """
    seed = f"{run.id}/{account}"
    if previous is None:
        return Carry(seed=seed)
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
    )


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
