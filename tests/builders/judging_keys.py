"""A judge the flows can be tested with: every access key by its age, the organization by whether its accounts were read."""

from datetime import timedelta

from prooftrail.controls import findings, parsing
from prooftrail.controls.catalog import Catalog
from prooftrail.evidence.context import Context
from prooftrail.evidence.layout import ORGANIZATION
from prooftrail.evidence.manifest import AccountCoverage
from prooftrail.governance.thresholds import Limits
from prooftrail.model.iam import AccessKey
from prooftrail.model.identity import Identity
from prooftrail.model.judgement import (
    Assessment,
    AssessmentHeader,
    Findings,
    Result,
    ResultStatus,
    SubjectType,
    Tier,
    Transition,
)
from prooftrail.model.snapshot import Snapshot

KEY_AGE = ("IDC-15", "max_age_days")
COVERED = "IDC-33"


class KeyJudge:
    """The shipped catalog, the real folding of findings, and two checks of its own.

    It raises for accounts in `broken`; with `limit` or `wording` it is other code, and `silent` it is code that judged
    nothing yet.
    """

    def __init__(self) -> None:
        self.broken: set[str] = set()
        self.limit: int | None = None
        self.wording = "the key is"
        self.silent = False

    def text(self) -> str:
        return "" if self.silent else parsing.shipped()

    def catalog(self, text: str) -> Catalog:
        return parsing.parse(text)

    def account(self, snapshot: Snapshot, context: Context, *, catalog: Catalog, snapshot_sha256: str) -> Assessment:
        if snapshot.header.account in self.broken:
            raise KeyError("tier")
        limits = Limits(catalog.defaults, context.governance.thresholds, snapshot.header.taken_at)
        keys = [one for one in snapshot.identities if isinstance(one.facts, AccessKey)]
        return Assessment(
            header=_header(context, catalog, snapshot.header.account, snapshot_sha256),
            results=tuple(
                _key(one, snapshot, self.limit or int(limits.value(*KEY_AGE, Tier.HIGH)), limits, self.wording)
                for one in sorted(keys, key=lambda one: one.id)
            ),
        )

    def organization(self, context: Context, coverage: tuple[AccountCoverage, ...], *, catalog: Catalog) -> Assessment:
        if ORGANIZATION in self.broken:
            raise KeyError("coverage")
        return Assessment(
            header=_header(context, catalog, ORGANIZATION, None),
            results=tuple(
                Result(
                    control=COVERED,
                    version="1",
                    subject=one.account,
                    subject_type=SubjectType.ACCOUNT,
                    identity=None,
                    status=ResultStatus.FAIL if one.status == "unreachable" else ResultStatus.PASS,
                    reason=f"the account is {one.status}",
                )
                for one in coverage
            ),
        )

    def fold(
        self,
        previous: Findings | None,
        snapshot: Snapshot | None,
        assessment: Assessment,
        context: Context,
        catalog: Catalog,
    ) -> tuple[Findings, tuple[Transition, ...]]:
        return findings.fold(previous, snapshot, assessment, context, catalog)


def _header(context: Context, catalog: Catalog, account: str, snapshot: str | None) -> AssessmentHeader:
    return AssessmentHeader(
        run_id=context.run.id,
        account=account,
        taken_at=context.run.taken_at,
        snapshot=snapshot,
        catalog_version=catalog.version,
        catalog_sha256=catalog.sha256,
        model_version="test",
        governance_sha256=context.governance.digest,
        code_sha256=context.code.sha256,
    )


def _key(one: Identity, snapshot: Snapshot, days: int, limits: Limits, wording: str) -> Result:
    age = snapshot.header.taken_at - (one.created_at or snapshot.header.taken_at)
    return Result(
        control="IDC-15",
        version="1",
        subject=one.id,
        subject_type=SubjectType.CREDENTIAL,
        identity=one.id,
        status=ResultStatus.FAIL if age > timedelta(days=days) else ResultStatus.PASS,
        reason=f"{wording} {age.days} days old",
        tier=Tier.HIGH,
        limit=limits.described(*KEY_AGE, Tier.HIGH),
    )
