"""The organization around reference accounts: who belongs to it, what its run's context says, which policies AWS manages."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime

from prooftrail.controls import parsing
from prooftrail.demo.mends.iam_policies import aws_managed_policy
from prooftrail.evidence.context import Context
from prooftrail.evidence.manifest import Code, Head
from prooftrail.governance import Governance
from prooftrail.inventory.context import OrgContext
from prooftrail.model import canonical
from prooftrail.model.iam import AwsManagedPolicy
from prooftrail.model.organization import Account, AccountState, OrganizationFacts, Tag
from prooftrail.model.reading import GLOBAL, Cell, CellStatus, Collector
from prooftrail.model.run import Run

TICK = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
ORGANIZATION, MANAGEMENT, OUTSIDER = "o-reference01", "100000000000", "999999999999"
RUN = Run.scheduled(TICK, None)


def account(number: str, *, name: str = "shop", environment: str | None = None, owner: str | None = None) -> Account:
    """An account of the organization, with environment and owner as tags."""
    tags = {"environment": environment, "owner": owner}
    return Account(
        id=number,
        name=name,
        state=AccountState.ACTIVE,
        ou_path="Root/Workloads",
        tags=tuple(sorted(Tag(key=key, value=value) for key, value in tags.items() if value)),
        management=number == MANAGEMENT,
    )


def inside(accounts: Iterable[Account]) -> OrgContext:
    """What tells insiders from outsiders."""
    return OrgContext(
        organization=ORGANIZATION,
        management_account=MANAGEMENT,
        accounts=frozenset(one.id for one in accounts),
        complete=True,
    )


def context(
    accounts: Iterable[Account], *, governance: Governance, policies: Iterable[AwsManagedPolicy] = (), run: Run = RUN
) -> Context:
    """The context of a run that read the whole organization, under the catalog this version ships."""
    listed = tuple(sorted(accounts, key=lambda one: one.id))
    return Context(
        run=run,
        partition="aws",
        caller_account=MANAGEMENT,
        caller_arn=f"arn:aws:sts::{MANAGEMENT}:assumed-role/prooftrail/scan",
        organization=OrganizationFacts(id=ORGANIZATION, management_account=MANAGEMENT, feature_set="ALL"),
        accounts=listed,
        delegated_administrators=(),
        policies=(),
        cells=tuple(
            Cell(account=MANAGEMENT, region=GLOBAL, collector=one, status=CellStatus.OK, items=len(listed))
            for one in (Collector.ACCOUNTS, Collector.DELEGATED_ADMINISTRATORS, Collector.ORGANIZATION_POLICIES)
        ),
        governance=governance,
        code=Code(version="0", sha256="0" * 64),
        previous=Head(seq=0, sha256="0" * 64),
        previous_verified=True,
        managed_policies=tuple(sorted(policies)),
        catalog=parsing.shipped(),
    )


def aws_managed(*names: str, partition: str = "aws") -> tuple[AwsManagedPolicy, ...]:
    """AWS's own policies by name, as AWS published them when moto was."""
    found = [aws_managed_policy(name, "aws", partition) for name in names]
    return tuple(
        AwsManagedPolicy(
            arn=one.arn,
            version=one.default_version_id,
            text=canonical.encode(json.loads(one.versions[-1].document)).decode(),
        )
        for one in found
    )
