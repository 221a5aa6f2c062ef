"""What the holder of the key could do: change what one run sealed, and make every hash, link and signature fit again."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec

from prooftrail.evidence import envelope, layout, lines, manifest
from prooftrail.evidence.lines import Packed
from prooftrail.evidence.manifest import Manifest
from prooftrail.flows import head as chain_head
from prooftrail.flows import sealing
from prooftrail.model import canonical
from prooftrail.model.run import EvidenceKind, Outcome, Plan, SealedObject
from tests.contracts.fakes import MemoryLocker
from tests.flows.world import World

type Edit = Callable[[SealedObject, list[dict[str, Any]]], list[dict[str, Any]]]
"""The lines of a packed object of the last run as they shall have been; the same list for one that stays."""


def same[T](value: T) -> T:
    """Leave it as it is."""
    return value


class Forger:
    """Rewrites the last run of a world's locker, and counts again what its manifest counts.

    `without` says which objects were never sealed; `outcome`, `plan` and `made` what else outcomes, plan and manifest say.
    """

    def __init__(
        self,
        world: World,
        edit: Edit = lambda _, found: found,
        *,
        without: Callable[[SealedObject], bool] = lambda _: False,
        outcome: Callable[[Outcome], Outcome] = same,
        plan: Callable[[Plan], Plan] = same,
        made: Callable[[Manifest], Manifest] = same,
    ) -> None:
        self._world, self._edit = world, edit
        self._without, self._outcome, self._plan, self._made = without, outcome, plan, made
        self._bodies = {one.key: world.locker.get(one.key) for one in world.locker.versions("")}
        self._new: dict[str, SealedObject] = {}
        self._moved: Counter[str] = Counter()

    def __call__(self) -> None:
        end = chain_head.chain_end(self._world.locker, public_key=self._world.signer.public_key_pem())
        assert end is not None
        assert end.manifest is not None
        made = end.manifest
        for one in made.objects:
            if self._without(one):
                del self._bodies[one.key]
            else:
                self._new[one.key] = self._data(one) if one.key.endswith(".gz") else one
        objects = sorted(self._commit(one) for one in list(self._new.values()))
        self._moved.update(dict(made.counts))
        made = msgspec.structs.replace(
            self._made(made),
            objects=tuple(objects),
            counts=tuple(sorted((name, number) for name, number in self._moved.items() if number)),
            merkle_root=manifest.objects_root(objects),
        )
        self._bodies[layout.chain_key(made.seq)] = manifest.seal(
            made, keyid=envelope.fingerprint(self._world.signer.public_key_pem()), sign=self._world.signer.sign
        )
        copy = MemoryLocker(now=self._world.clock.now)
        named = {one.key: one.retain_until for one in made.objects}
        for key, body in sorted(self._bodies.items()):
            copy.put(key, body, retain_until=named.get(key))
        self._world.locker = Versionless(copy)  # type: ignore[assignment]

    def _data(self, one: SealedObject) -> SealedObject:
        body = self._bodies[one.key]
        before = [msgspec.json.decode(line) for line in lines.unpack(one.key, body).splitlines()]
        after = self._edit(one, [*before])
        if after == before:
            return one
        packed: Packed = lines.pack(msgspec.Raw(msgspec.json.encode(each)) for each in after)  # fields stay in order
        key = one.key.replace(one.sha256, packed.sha256)
        del self._bodies[one.key]
        self._bodies[key] = packed.body
        return msgspec.structs.replace(
            one,
            key=key,
            sha256=packed.sha256,
            stored_sha256=canonical.sha256(packed.body),
            size=len(packed.body),
            count=packed.count,
        )

    def _commit(self, one: SealedObject) -> SealedObject:
        """A plan or outcome with the objects it names as they are now."""
        if one.kind is EvidenceKind.OUTCOME:
            before = sealing.read_outcome(one.key, self._bodies[one.key])
            objects = tuple(self._new[each.key] for each in before.objects if each.key in self._new)
            after = self._outcome(msgspec.structs.replace(before, objects=objects))
            self._moved.update(dict(after.counts))
            self._moved.subtract(dict(before.counts))
            body = canonical.encode(after)
        elif one.kind is EvidenceKind.PLAN:
            plan = sealing.read_plan(one.key, self._bodies[one.key])
            header = msgspec.structs.replace(plan.header, context=self._new[plan.header.context.key])
            body = sealing.plan_bytes(self._plan(msgspec.structs.replace(plan, header=header)))
        else:
            return one
        self._bodies[one.key] = body
        sha = canonical.sha256(body)
        return msgspec.structs.replace(one, sha256=sha, stored_sha256=sha, size=len(body))


class Versionless:
    """A locker whose objects were pulled into a place without versions."""

    keeps_time = False

    def __init__(self, inner: MemoryLocker) -> None:
        self._inner = inner

    def describe(self) -> str:
        return "a pulled copy"

    def get(self, key: str, *, version_id: str | None = None) -> bytes:
        return self._inner.get(key)

    def versions(self, prefix: str) -> list[Any]:
        return [msgspec.structs.replace(one, version_id=None) for one in self._inner.versions(prefix)]
