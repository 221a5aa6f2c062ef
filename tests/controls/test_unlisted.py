"""A source that did not list all it has leaves a row for the account: nothing unseen looks like nothing there."""

from collections.abc import Callable, Iterable
from random import Random

import pytest

from prooftrail.controls.case import Case
from prooftrail.controls.catalog import Control
from prooftrail.controls.checks.certificates import idc_19
from prooftrail.controls.checks.emergencies import idc_25
from prooftrail.controls.checks.keys import idc_15, idc_16
from prooftrail.controls.checks.people import idc_11, idc_13, idc_14
from prooftrail.controls.checks.stored_secrets import idc_17
from prooftrail.controls.checks.unlisted import LISTED_BY, listing_gap, with_unlisted
from prooftrail.controls.checks.usage import idc_07, idc_08
from prooftrail.controls.evaluate import verdicts_of
from prooftrail.controls.parsing import parse, shipped
from prooftrail.controls.verdict import Verdict
from prooftrail.demo.reference.account import ReferenceAccount
from prooftrail.demo.reference.organization import TICK
from prooftrail.model.identity import Kind
from prooftrail.model.judgement import ResultStatus, SubjectType
from prooftrail.model.reading import Cell, CellStatus, Collector, Gap, GapReason
from tests.builders import ACCOUNT, REGION, a_gap
from tests.builders.judging import a_case, a_control, judged_snapshot, the_verdict
from tests.builders.snapshots import replaced
from tests.judging.accounts import furnish
from tests.judging.trial import Trial, an_account

LISTS = [
    ("IDC-07", idc_07, Collector.PRINCIPALS, "users and roles"),
    ("IDC-07", idc_07, Collector.ACCESS_KEYS, "access keys"),
    ("IDC-07", idc_07, Collector.SERVICE_SPECIFIC_CREDENTIALS, "service-specific credentials"),
    ("IDC-08", idc_08, Collector.PRINCIPALS, "users and roles"),
    ("IDC-11", idc_11, Collector.PRINCIPALS, "users and roles"),
    ("IDC-13", idc_13, Collector.PRINCIPALS, "users and roles"),
    ("IDC-14", idc_14, Collector.PRINCIPALS, "users and roles"),
    ("IDC-15", idc_15, Collector.ACCESS_KEYS, "access keys"),
    ("IDC-16", idc_16, Collector.SERVICE_SPECIFIC_CREDENTIALS, "service-specific credentials"),
    ("IDC-17", idc_17, Collector.SECRETS, "secrets"),
    ("IDC-19", idc_19, Collector.SAML_PROVIDERS, "SAML providers"),
    ("IDC-25", idc_25, Collector.PRINCIPALS, "users and roles"),
]


@pytest.mark.parametrize(("control", "check", "source", "nouns"), LISTS)
def test_a_source_that_was_refused_leaves_a_row_for_the_account(
    control: str, check: Callable[[Case, Control], Iterable[Verdict]], source: Collector, nouns: str
) -> None:
    assert not list(check(a_case(), a_control(control)))
    said = the_verdict(check(a_case(cells={source: CellStatus.DENIED}), a_control(control)))
    assert (said.subject, said.subject_type, said.identity) == (ACCOUNT, SubjectType.ACCOUNT, None)
    assert said.status is ResultStatus.NOT_TESTED
    assert said.reason.startswith(f"There may be {nouns} of the account that were not listed: {source} is denied")
    assert said.gaps


def test_a_source_nobody_asked_leaves_a_row_too() -> None:
    bare = replaced(judged_snapshot(), cells=())
    said = the_verdict(idc_15(a_case(snapshot=bare), a_control("IDC-15")))
    assert said.reason == "There may be access keys of the account that were not listed: access_keys was not read."


def test_one_region_of_secrets_is_named() -> None:
    case = a_case(cells={(Collector.SECRETS, REGION): CellStatus.THROTTLED})
    assert "secrets is throttled" in the_verdict(idc_17(case, a_control("IDC-17"))).reason


@pytest.mark.parametrize(
    ("source", "gap", "hides"),
    [
        (Collector.PRINCIPALS, a_gap(GapReason.UNREADABLE, subject="role worker"), False),
        (Collector.PRINCIPALS, a_gap(GapReason.CLOCK), False),
        (Collector.PRINCIPALS, a_gap(GapReason.TRUNCATED), True),
        (Collector.ACCESS_KEYS, a_gap(GapReason.DENIED, subject="ada"), True),
        (Collector.SECRETS, a_gap(GapReason.DENIED, subject="a secret that was listed"), False),
    ],
)
def test_what_one_listed_thing_hides_is_told_there(source: Collector, gap: Gap, hides: bool) -> None:
    snapshot = judged_snapshot(cells={source: CellStatus.PARTIAL})
    cells = tuple(replaced(one, gaps=(gap,)) if one.collector is source else one for one in snapshot.cells)
    case = a_case(snapshot=replaced(snapshot, cells=cells))
    if source is not Collector.SECRETS:
        assert (listing_gap(case, source) is not None) is hides
    found = [*idc_08(case, a_control("IDC-08")), *idc_15(case, a_control("IDC-15")), *idc_17(case, a_control("IDC-17"))]
    assert bool(found) is hides


def test_a_source_read_late_listed_all_the_same() -> None:
    assert not list(idc_15(a_case(cells={Collector.ACCESS_KEYS: CellStatus.LATE}), a_control("IDC-15")))


# every control of identities, by its kinds


CATALOG = parse(shipped())
BY_KINDS = [
    (one.id, source)
    for one in CATALOG.controls
    if one.of_identities
    for source in sorted({LISTED_BY[kind] for kind in one.kinds if kind in LISTED_BY})
]


def test_every_kind_but_the_root_has_the_source_that_lists_it() -> None:
    assert set(LISTED_BY) == set(Kind) - {Kind.ROOT}
    trial = Trial(made=ReferenceAccount(an_account(), at=TICK))
    furnish(trial, Random(7))
    found = [one for one in trial.taken()[0].identities if one.kind is not Kind.ROOT]
    assert {one.id: LISTED_BY[one.kind] for one in found} == {one.id: one.collector for one in found}


@pytest.mark.parametrize(
    "status", [CellStatus.DENIED, CellStatus.PARTIAL, CellStatus.THROTTLED, CellStatus.UNREACHABLE]
)
@pytest.mark.parametrize(("control", "source"), BY_KINDS)
def test_no_control_forgets_what_a_source_did_not_list(control: str, source: Collector, status: CellStatus) -> None:
    snapshot = judged_snapshot(cells={source: status})
    if source is Collector.PERMISSION_SETS:
        cell = Cell(account=ACCOUNT, region="global", collector=source, status=status, items=0, reason="refused")
        snapshot = replaced(snapshot, cells=(*snapshot.cells, cell))
    said = the_verdict(verdicts_of(a_case(snapshot=snapshot), CATALOG)[control], ACCOUNT)
    assert (said.status, said.subject_type) == (ResultStatus.NOT_TESTED, SubjectType.ACCOUNT)
    assert any(gap.startswith(f"{source} is {status}") for gap in said.gaps)


def test_an_account_of_which_everything_was_listed_has_no_such_row() -> None:
    rows = verdicts_of(a_case(), CATALOG)
    of_identities = {one.id for one in CATALOG.controls if one.of_identities}
    assert {name for name in of_identities if any(one.subject == ACCOUNT for one in rows[name])} == {"IDC-18"}


def test_permission_sets_are_asked_of_one_account_and_missing_nowhere_else() -> None:
    assert not verdicts_of(a_case(), CATALOG)["IDC-30"]


@pytest.mark.parametrize(
    ("status", "comes_to"), [("PASS", "NOT_TESTED"), ("FAIL", "FAIL"), ("NOT_TESTED", "NOT_TESTED")]
)
def test_a_row_the_account_has_already_names_the_gap_and_is_no_pass(status: str, comes_to: str) -> None:
    case = a_case(cells={Collector.SECRETS: CellStatus.DENIED})
    own = Verdict(
        subject=ACCOUNT,
        subject_type=SubjectType.ACCOUNT,
        identity=None,
        status=ResultStatus[status],
        reason="It is so.",
        gaps=("a gap",),
    )
    said = the_verdict(with_unlisted(case, a_control("IDC-18", kinds=[Kind.SECRET]), [own]))
    assert said.status is ResultStatus[comes_to]
    assert any("secrets is denied" in gap for gap in said.gaps)
