"""The control map of this code, as the flows ask it."""

from functools import lru_cache

from prooftrail.controls import parsing
from prooftrail.controls.catalog import Catalog
from prooftrail.controls.evaluate import judge
from prooftrail.controls.findings import fold
from prooftrail.controls.organization import judge_organization
from prooftrail.evidence.context import Context
from prooftrail.evidence.manifest import AccountCoverage
from prooftrail.model.judgement import Assessment, Findings, Transition
from prooftrail.model.snapshot import Snapshot


@lru_cache(maxsize=8)
def _parsed(text: str) -> Catalog:
    return parsing.parse(text)


class ControlMap:
    """Satisfies judging.Judge with the checks that are part of this code."""

    def text(self) -> str:
        """The catalog as it is shipped."""
        return parsing.shipped()

    def catalog(self, text: str) -> Catalog:
        """A catalog as it was sealed, parsed once for equal texts."""
        return _parsed(text)

    def account(self, snapshot: Snapshot, context: Context, *, catalog: Catalog, snapshot_sha256: str) -> Assessment:
        """Every risk and result of one account."""
        return judge(snapshot, context, catalog=catalog, snapshot_sha256=snapshot_sha256)

    def organization(self, context: Context, coverage: tuple[AccountCoverage, ...], *, catalog: Catalog) -> Assessment:
        """The results that only a whole run can show."""
        return judge_organization(context, coverage, catalog=catalog)

    def fold(
        self,
        previous: Findings | None,
        snapshot: Snapshot | None,
        assessment: Assessment,
        context: Context,
        catalog: Catalog,
    ) -> tuple[Findings, tuple[Transition, ...]]:
        """What became of the findings, and which results differ from the ones before."""
        return fold(previous, snapshot, assessment, context, catalog)
