"""Snapshots of an account, and the organizations they are seen from."""

from datetime import timedelta
from typing import Any

import msgspec

from prooftrail.governance import Governance
from prooftrail.inventory.assemble import assemble
from prooftrail.inventory.context import OrgContext
from prooftrail.model.iam import Role
from prooftrail.model.identity import HOME, Basis, Classification, Facts, Identity, IdentityClass, Kind, Known, Observed
from prooftrail.model.organization import Account, AccountState
from prooftrail.model.reading import GLOBAL
from prooftrail.model.run import Run
from prooftrail.model.snapshot import Snapshot
from tests.builders.accounts import readings
from tests.builders.times import ACCOUNT, MANAGEMENT, MEMBER, NEVER, NOW, ago, days

ORGANIZATION = OrgContext(
    organization="o-example",
    management_account=MANAGEMENT,
    accounts=frozenset({ACCOUNT, MEMBER, MANAGEMENT}),
    complete=True,
)
ALONE = OrgContext(accounts=frozenset({ACCOUNT}), complete=True)
UNREAD = OrgContext(organization="o-example", accounts=frozenset({ACCOUNT}), complete=False)


def a_run(day: int = 0, *, manual: bool = False) -> Run:
    """The run `day` days after the first."""
    at = NOW + timedelta(days=day)
    return Run.manual(at, None) if manual else Run.scheduled(at, None)


def a_snapshot(
    *observed: Observed,
    run: Run | None = None,
    context: OrgContext = ORGANIZATION,
    governance: Governance | None = None,
    account: Account | None = None,
    **known: Any,
) -> Snapshot:
    """The snapshot of an account in which `observed` were listed; `known` replaces readings."""
    return assemble(
        readings(*observed, **known),
        account=account or Account(id=ACCOUNT, state=AccountState.ACTIVE, tags=()),
        run=run or a_run(),
        context=context,
        governance=governance or Governance(),
    )


def the(snapshot: Snapshot, name: str) -> Identity:
    """The one identity of that name or id."""
    found = [one for one in snapshot.identities if name in (one.name, one.id)]
    assert len(found) == 1, f"{len(found)} identities are named {name}"
    return found[0]


def an_identity(facts: Facts | None = None, **known: Any) -> Identity:
    """An identity without the inventory's help: a role of ordinary kind."""
    of = facts or Role(path="/", trust=(), trust_document="0" * 64)
    made: dict[str, Any] = {
        "id": "AROAEXAMPLE0000000001",
        "arn": f"arn:aws:iam::{ACCOUNT}:role/worker",
        "account": ACCOUNT,
        "region": GLOBAL,
        "collector": HOME[type(of)],
        "name": "worker",
        "kind": Kind.ROLE_WORKLOAD,
        "kind_reason": "because",
        "classification": Classification(cls=IdentityClass.NON_HUMAN, basis=Basis.INFERRED, reason="because"),
        "owner": Known(),
        "purpose": Known(),
        "created_at": ago(days(400)),
        "tags": (),
        "facts": of,
        "usage": NEVER,
    }
    return Identity(**{**made, **known})


def replaced[T: msgspec.Struct](value: T, **fields: Any) -> T:
    """The same value with other fields."""
    return msgspec.structs.replace(value, **fields)


def with_facts[T: (Observed, Identity)](value: T, **fields: Any) -> T:
    """The same thing with other facts."""
    return msgspec.structs.replace(value, facts=msgspec.structs.replace(value.facts, **fields))
