"""The control set as OSCAL: a component that tests it, its limits by tier, its place in SP 800-53, and a plan to assess by it."""

from collections import defaultdict
from typing import Any

from prooftrail.controls.catalog import Control
from prooftrail.evidence.layout import ORGANIZATION
from prooftrail.governance.thresholds import in_words
from prooftrail.model.judgement import Tier
from prooftrail.pack.files import Written
from prooftrail.pack.oscal.subjects import TOOL, file_resource, planned_component, tool
from prooftrail.pack.oscal.text import known, metadata, narrowing, object_uuid, props, prose, title, token
from prooftrail.pack.view import PeriodView

CONTROL_MAP = "05_control_map.csv"
CATALOG = object_uuid("resource", "control-map")
SP800_53 = object_uuid("resource", "sp800-53r5")
NO_SSP = object_uuid("resource", "no-ssp")
_SP800_53_AT = "https://raw.githubusercontent.com/usnistgov/oscal-content/main/nist.gov/SP800-53/rev5/json/NIST_SP-800-53_rev5_catalog.json"


def component_definition(period: PeriodView, control_map: Written | None) -> dict[str, Any]:
    """What Prooftrail tests, control by control, and which controls of SP 800-53 that speaks to."""
    controls = period.catalog.controls
    component = tool(period) | {
        "control-implementations": [
            {
                "uuid": object_uuid("control-implementation", "own"),
                "source": f"#{CATALOG}",
                "description": "The control set: what is tested on each identity, with the limits in force by tier.",
                "implemented-requirements": [_own(one, period) for one in controls],
            },
            {
                "uuid": object_uuid("control-implementation", "sp800-53r5"),
                "source": f"#{SP800_53}",
                "description": "Which controls of SP 800-53 r5 the tests give evidence for. None of them is met by a test.",
                "implemented-requirements": _sp800_53(controls),
            },
        ]
    }
    del component["status"]  # of systems; a definition is of none
    return {
        "metadata": metadata(period, "Prooftrail control set"),
        "components": [component],
        "back-matter": {"resources": [_catalog(control_map), _nist()]},
    }


def _own(one: Control, period: PeriodView) -> dict[str, Any]:
    return known(
        uuid=object_uuid("implemented-requirement", one.id),
        control_id=token(one.id),
        description=prose(one.statement),
        props=props(
            title=one.title,
            version=one.version,
            theme=one.theme,
            testable="yes" if one.testable else "no",
            why_not=one.why_not,
        ),
        set_parameters=_limits(one, period),
        remarks=prose("\n".join(f"Not covered: {each}" for each in one.not_covered)) if one.not_covered else None,
    )


def _limits(one: Control, period: PeriodView) -> list[dict[str, Any]]:
    """The limit in force for each tier, in words with its unit."""
    found = []
    for name in one.thresholds:
        for tier in sorted(Tier, key=lambda each: -each.rank):
            limit = period.limits.described(one.id, name, tier)
            value = in_words(name, period.limits.value(one.id, name, tier))
            idle = one.without_effect.get(name)
            found.append(
                {
                    "param-id": f"{token(one.id)}_{token(name)}_{tier.value}",
                    "values": [value],
                    "remarks": prose(
                        f"Set by: {period.reveal(limit.set_by)}." + (f" Without effect: {idle}." if idle else "")
                    ),
                }
            )
    return found


def _sp800_53(controls: tuple[Control, ...]) -> list[dict[str, Any]]:
    by_id: dict[str, list[Control]] = defaultdict(list)
    for one in controls:
        for each in one.crosswalk.sp800_53_r5:
            by_id[token(each)].append(one)
    return [
        {
            "uuid": object_uuid("implemented-requirement", "sp800-53r5", name),
            "control-id": name,
            "description": prose("\n".join(f"Tested by {one.id} {one.title}: {one.statement}" for one in found)),
            "props": [each for one in found for each in props(control=one.id)],
        }
        for name, found in sorted(by_id.items())
    ]


def assessment_plan(period: PeriodView, control_map: Written | None) -> dict[str, Any]:
    """By which objectives the results were made, how often, and of what: small, so that results refer to something."""
    schedule, narrowed = period.schedule, narrowing(period)
    when = f"Scheduled {schedule.worded()}." if schedule else "No schedule is known: runs are manual."
    subjects = [planned_component(one, period) for one in (*sorted(period.accounts), ORGANIZATION)] if narrowed else []
    task = known(
        uuid=object_uuid("task", period.locker_id, "runs"),
        type="action",
        title="A run over every account of the organization",
        description=prose(f"{when} {narrowed}".rstrip()),
        timing={"at-frequency": {"period": schedule.every_hours, "unit": "hours"}} if schedule else None,
    )
    return {
        "metadata": metadata(period, "Prooftrail assessment plan"),
        "import-ssp": {"href": f"#{NO_SSP}", "remarks": "There is no system security plan."},
        "local-definitions": {
            "components": [tool(period), *subjects],
            "objectives-and-methods": [_objective(one) for one in period.catalog.controls],
        },
        "reviewed-controls": reviewed(period.catalog.controls),
        "assessment-subjects": _subjects(subjects, narrowed),
        "assessment-assets": {"assessment-platforms": [platform()]},
        "tasks": [task],
        "back-matter": {"resources": [_catalog(control_map), _no_ssp()]},
    }


def _subjects(named: list[dict[str, Any]], narrowed: str) -> list[dict[str, Any]]:
    """Everything; in a narrowed pack, by name, what it is narrowed to."""
    if not named:
        return [{"type": "component", "include-all": {}}, {"type": "inventory-item", "include-all": {}}]
    return [
        {
            "type": "component",
            "description": "The accounts this pack is of, each with every identity in it, and the organization as a whole.",
            "include-subjects": [{"subject-uuid": one["uuid"], "type": "component"} for one in named],
            "remarks": prose(narrowed),
        }
    ]


def reviewed(controls: tuple[Control, ...]) -> dict[str, Any]:
    """The controls this version can test at all, and a remark on the others."""
    tested = [{"control-id": token(one.id)} for one in controls if one.testable]
    untested = [one.id for one in controls if not one.testable]
    left = f"Not testable by this version: {', '.join(untested)}." if untested else None
    return {"control-selections": [known(include_controls=tested, remarks=left)]}


def platform() -> dict[str, Any]:
    """The tool as the platform of the assessment."""
    return {
        "uuid": object_uuid("platform", "prooftrail"),
        "title": "Prooftrail",
        "uses-components": [{"component-uuid": TOOL}],
    }


def _objective(one: Control) -> dict[str, Any]:
    """The objective that findings speak of: the parts of a control this version tests, and which it does not."""
    tested = [each.what for each in one.parts if each.covered]
    told = [
        one.statement,
        f"The objective is what is tested of it: {'; '.join(tested)}."
        if tested and one.testable
        else "Nothing of it is tested.",
        f"It says nothing of: {'; '.join(one.not_covered)}." if one.not_covered else "",
    ]
    part = {
        "id": f"{token(one.id)}_obj",
        "name": "assessment-objective",
        "title": title(f"{one.id} {one.title}"),
        "prose": prose("\n".join(each for each in told if each)),
    }
    return {"control-id": token(one.id), "parts": [part]}


def _catalog(control_map: Written | None) -> dict[str, Any]:
    told = "the control set with its statements, limits and crosswalk"
    return file_resource(CONTROL_MAP, told, control_map) | {"uuid": CATALOG}


def _nist() -> dict[str, Any]:
    return {
        "uuid": SP800_53,
        "title": "NIST SP 800-53 revision 5, as OSCAL",
        "remarks": "Not part of the pack.",
        "rlinks": [{"href": _SP800_53_AT, "media-type": "application/oscal.catalog+json"}],
    }


def _no_ssp() -> dict[str, Any]:
    return {
        "uuid": NO_SSP,
        "title": "No system security plan",
        "description": "Prooftrail holds no system security plan; the scope is in the file this resource links to.",
        "rlinks": [{"href": "../01_scope.json", "media-type": "application/json"}],
    }
