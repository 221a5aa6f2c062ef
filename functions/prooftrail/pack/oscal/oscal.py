"""OSCAL 1.2.1, for GRC tools: assessment results, plan of action and milestones, component definition, assessment plan.

Links are relative to `oscal/`, so they hold wherever the pack lies; hashes are of the bytes as they lie in it. What is
not here: review sign-off (attestations), for this version collects none, and a catalog of the control set.
"""

from collections.abc import Iterator
from typing import Any

from prooftrail.model import canonical
from prooftrail.pack.files import PackFiles, Written
from prooftrail.pack.oscal.controls import CONTROL_MAP, assessment_plan, component_definition, platform, reviewed
from prooftrail.pack.oscal.poam import Groups
from prooftrail.pack.oscal.results import Observed, aggregated, assessment_log, findings
from prooftrail.pack.oscal.subjects import file_resource, manifests, tool
from prooftrail.pack.oscal.text import (
    Spool,
    Streamed,
    first,
    known,
    metadata,
    narrowing,
    object_uuid,
    prose,
    scope_props,
    write_document,
)
from prooftrail.pack.tally import UNPLANNED, Tally
from prooftrail.pack.view import AccountView, PeriodView

FOLDER = "oscal/"
_RESULTS = "07_identity_control_results.csv"
_REGISTERS = {
    _RESULTS: "every result of every control",
    "17_findings_capa.csv": "findings with their corrective action",
    "15_exceptions.csv": "accepted deviations",
}


class Oscal:
    """A part of the pack: gathers while the accounts go by, and writes the four documents at the end."""

    def __init__(self, period: PeriodView, files: PackFiles) -> None:
        self._period, self._files = period, files
        self._seen = Observed(period)
        self._groups = Groups(period)

    def take(self, one: AccountView) -> None:
        """Gather from one account, or from the organization."""
        for finding in self._seen.take(one):
            self._groups.add(finding, one.account)

    def finish(self, tally: Tally) -> None:  # noqa: ARG002 - a part of the pack is finished with it
        """Write the documents; registers that are closed by now are linked with their hashes."""
        self._write("assessment-plan", assessment_plan(self._period, self._map()))
        self._write("component-definition", component_definition(self._period, self._map()))
        self._write("assessment-results", self._assessment_results())
        self._write("plan-of-action-and-milestones", self._poam(), "poam")

    def _map(self) -> Written | None:
        return self._files.written.get(CONTROL_MAP)

    def _write(self, name: str, body: dict[str, Any], file: str | None = None) -> None:
        write_document(self._files, f"{FOLDER}{file or name}.json", name, body)

    def _assessment_results(self) -> Streamed:
        resources = Spool()
        for one in self._resources():
            resources.add(one)
        return Streamed(
            {
                "metadata": metadata(self._period, "Identity control results"),
                "import-ap": {"href": "./assessment-plan.json"},
                "results": [self._result()],
                "back-matter": Streamed({"resources": resources}),
            }
        )

    def _result(self) -> Streamed:
        period, seen = self._period, self._seen
        for one in aggregated(seen, object_uuid("file", _RESULTS)):
            seen.observations.add(one)
        found = Spool()
        for one in findings(seen):
            found.add(one)
        log = assessment_log(period)
        return Streamed(
            known(
                uuid=object_uuid("result", period.locker_id, period.as_of.run_id),
                title=f"State as of run {period.as_of.run_id}",
                description=prose("What each control came to for each identity, and the runs of the period."),
                props=scope_props(period),
                start=canonical.timestamp(seen.began),
                end=canonical.timestamp(period.as_of.closed_at),
                local_definitions=Streamed(
                    {
                        "components": seen.components,
                        "inventory-items": seen.items,
                        "assessment-assets": {"assessment-platforms": [platform()]},
                    }
                ),
                reviewed_controls=reviewed(period.catalog.controls),
                assessment_log={"entries": log} if log else None,
                observations=seen.observations,
                risks=seen.risks,
                findings=found,
                remarks=self._remarks(),
            )
        )

    def _remarks(self) -> str:
        seen, narrowed = self._seen, narrowing(self._period)
        scope = "of this pack" if narrowed else "in scope"
        empty = [one.id for one in self._period.catalog.controls if not seen.came_to_something(one.id)]
        lists = (
            (f"Accounts {scope} that no run judged", seen.unjudged),
            ("Accounts left out by policy or by their state, for which no finding speaks", seen.left_out),
            ("Accounts that are not of the run shown any more, and count for no finding", seen.departed),
            ("Controls without a finding, for nothing was tested or nothing applies", empty),
        )
        told = [
            narrowed,
            "Results that are FAIL, EXCEPTION or NOT_TESTED are one observation each. PASS and NOT_APPLICABLE are"
            " aggregated into one observation for each control.",
            "An objective is satisfied only where every part of it is tested, every result passed or does not apply, every"
            f" account {scope} was tested in the run shown, one at least, and no deviation is accepted.",
            "Review sign-off is not covered: this version collects none, so there are no attestations.",
            f"Accounts shown as an older run judged them: {seen.stale:,}." if seen.stale else "",
            f"Risks of accounts that are not of the run shown any more, with the property account-status"
            f" {UNPLANNED}: {seen.departed_open:,}."
            if seen.departed_open
            else "",
            *(f"{what}: {first(names)}." for what, names in lists if names),
        ]
        return prose("\n".join(each for each in told if each))

    def _resources(self) -> Iterator[dict[str, Any]]:
        yield from manifests(self._period)
        written = self._files.written
        for path, told in _REGISTERS.items():
            yield file_resource(path, told, written.get(path))
        yield from self._seen.resources.values()

    def _poam(self) -> Streamed:
        period, items = self._period, Spool()
        for one in self._groups.items(self._seen.controls):
            items.add(one)
        resources = [file_resource(path, told, self._files.written.get(path)) for path, told in _REGISTERS.items()]
        return Streamed(
            {
                "metadata": self._plan_metadata(),
                "system-id": {
                    "identifier-type": "http://ietf.org/rfc/rfc4122",
                    "id": object_uuid("system", period.locker_id),
                },
                "local-definitions": {"components": [tool(period)]},
                "risks": self._seen.planned,
                "poam-items": items,
                "back-matter": {"resources": [*manifests(period), *resources]},
            }
        )

    def _plan_metadata(self) -> dict[str, Any]:
        told = metadata(self._period, "Identity findings: plan of action and milestones")
        if left := self._seen.departed_open:
            told["remarks"] += "\n" + prose(
                f"{left:,} open findings are left out: they were last seen in accounts that are not of the run shown any"
                f" more ({first(self._seen.departed)})."
            )
        return told
