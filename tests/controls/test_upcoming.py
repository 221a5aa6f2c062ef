"""What passes today and is going to fail: the instant it ends, how long before it is told, and where no date is known."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prooftrail.controls.checks import table
from prooftrail.controls.evaluate import judge
from prooftrail.controls.findings import fold
from prooftrail.controls.fingerprints import fingerprint
from prooftrail.controls.particulars import Particulars
from prooftrail.controls.results import result
from prooftrail.controls.upcoming import EARLY_DAYS, LEAD_DAYS, upcoming
from prooftrail.governance import Governance
from prooftrail.model.iam import CertificateSlot, Usage
from prooftrail.model.identity import Identity, Known, Rung
from prooftrail.model.judgement import (
    Event,
    Findings,
    FindingStatus,
    Limit,
    ResultStatus,
    SubjectType,
    Tier,
    Upcoming,
)
from prooftrail.model.organization import Tag
from tests.builders import NEVER, NOW, UNTOLD, ago, days, replaced, used
from tests.builders.judging import a_case, a_context, a_risk, judged_snapshot, unknowing
from tests.builders.judging_exceptions import an_exception, excepting
from tests.builders.judging_findings import CATALOG
from tests.builders.judging_people import (
    MICROSECOND,
    SECOND,
    a_limit,
    break_glass,
    certificate,
    key,
    legacy,
    manual_rotation,
    registers,
    role,
    saml_provider,
    secret,
    service_credential,
    user,
)

PASS, FAIL, NOT_APPLICABLE = ResultStatus.PASS, ResultStatus.FAIL, ResultStatus.NOT_APPLICABLE
DEFAULT = "built-in default of the control map, not approved by the organization"
ADA = user("ada")
OLD = key(ADA, name="AKIAOLD", age=days(20))
IN_40_DAYS = (NOW + days(40)).date()


def the_day(at: datetime, *identities: Identity, governance: Governance | None = None) -> tuple[Any, Findings]:
    """What the whole control map makes of these identities at `at`: statuses by control and subject, and the findings."""
    taken, context = judged_snapshot(*identities, taken_at=at), a_context(governance)
    assessment = judge(taken, context, catalog=CATALOG, snapshot_sha256="0" * 64)
    findings, _ = fold(None, taken, assessment, context, CATALOG)
    return {(one.control, one.subject): one.status for one in assessment.results}, findings


def of(findings: Findings, control: str, subject: str) -> Upcoming | None:
    """What is said to come of one subject of one control."""
    found = [one for one in findings.upcoming if (one.control, one.subject) == (control, subject)]
    return found[0] if found else None


def ahead(
    control: str, *identities: Identity, subject: str | None = None, tier: Tier = Tier.MEDIUM, **known: Any
) -> Upcoming | None:
    """What is going to happen to the last of these identities, at a tier that is given."""
    case, judged_by = a_case(*identities, **{"tier": tier, **known}), CATALOG.control(control)
    results = [result(judged_by, one) for one in table.CHECKS[control](case, judged_by)]
    wanted = subject or identities[-1].id
    return next((one for one in upcoming(case, results, Particulars(case)) if one.subject == wanted), None)


def a_kind(name: str, control: str, *identities: Identity, subject: str | None = None, **known: Any) -> Any:
    governance = known.get("governance")
    return pytest.param(control, identities, subject or identities[-1].id, governance, id=name)


KINDS = [
    a_kind("key too old", "IDC-15", ADA, key(ADA, age=days(1))),
    a_kind("two keys too long", "IDC-15", ADA, key(ADA, name="AKIANEW", age=timedelta(0)), OLD),
    a_kind("secret too old", "IDC-17", secret(value_age=days(1), rotation_enabled=True)),
    a_kind(
        "rotation by hand",
        "IDC-17",
        secret(value_age=days(1)),
        governance=registers(manual_rotation=(manual_rotation(secret(), expires_on=(NOW + days(10)).date()),)),
    ),
    a_kind("password unused", "IDC-07", ADA, subject=f"{ADA.id}#password"),
    a_kind("password never used", "IDC-07", user("ada", usage=NEVER, changed=days(1)), subject=f"{ADA.id}#password"),
    a_kind("key unused", "IDC-07", ADA, key(ADA, usage=used(days(2)))),
    a_kind("key never used", "IDC-07", ADA, key(ADA, age=days(2))),
    a_kind("key left inactive", "IDC-07", ADA, key(ADA, status="Inactive", inactive=days(1))),
    a_kind("role unused", "IDC-08", role(usage=used(days(3)))),
    a_kind("role never used", "IDC-08", role(age=days(3))),
    a_kind(
        "key's entry lapses",
        "IDC-16",
        ADA,
        key(ADA),
        governance=registers(legacy=(legacy(ADA, expires_on=IN_40_DAYS),)),
    ),
    a_kind(
        "certificate's entry lapses",
        "IDC-16",
        user("ada", certificates=(CertificateSlot(slot=1, active=True, rotated_at=NOW),)),
        subject=f"{ADA.id}#certificate-1",
        governance=registers(legacy=(legacy(ADA, expires_on=IN_40_DAYS),)),
    ),
]


@pytest.mark.parametrize(("control", "identities", "subject", "governance"), KINDS)
def test_it_passes_to_the_very_end_and_fails_the_moment_after(
    control: str, identities: tuple[Identity, ...], subject: str, governance: Governance | None
) -> None:
    said = next(
        one
        for day in range(400)
        if (one := of(the_day(NOW + days(day), *identities, governance=governance)[1], control, subject))
    )
    for at, expected in [
        (said.due_at - days(1), PASS),
        (said.due_at - SECOND, PASS),
        (said.due_at, PASS),
        (said.due_at + MICROSECOND, FAIL),
        (said.due_at + days(1), FAIL),
    ]:
        statuses, found = the_day(at, *identities, governance=governance)
        assert statuses[control, subject] == expected, at
        assert (of(found, control, subject) is not None) == (expected is PASS)
        assert any(one.fingerprint == said.fingerprint for one in found.findings) == (expected is FAIL)


@pytest.mark.parametrize(("control", "identities", "subject", "governance"), KINDS)
def test_it_is_told_from_the_first_day_of_its_lead_time_on_and_every_day_until_the_end(
    control: str, identities: tuple[Identity, ...], subject: str, governance: Governance | None
) -> None:
    told = [
        (NOW + days(day), one)
        for day in range(200)
        if (one := of(the_day(NOW + days(day), *identities, governance=governance)[1], control, subject))
    ]
    due_at, tier, event = told[0][1].due_at, told[0][1].tier, told[0][1].event
    lead = LEAD_DAYS[event].at(tier) + EARLY_DAYS.at(tier)
    assert {one.due_at for _, one in told} == {due_at}
    first = max(NOW.date(), due_at.date() - timedelta(days=lead))
    assert [at.date() for at, _ in told] == [
        first + timedelta(days=day)
        for day in range((due_at.date() - first).days + 1)
        if datetime.combine(first + timedelta(days=day), NOW.timetz()) <= due_at
    ]


@pytest.mark.parametrize(
    ("tier", "first"),
    [(Tier.CRITICAL, 7), (Tier.HIGH, 14), (Tier.MEDIUM, 17), (Tier.LOW, 33)],
)
@pytest.mark.parametrize("hours", [0, 12])
def test_how_long_before_a_limit_follows_from_the_tier_in_whole_days(tier: Tier, first: int, hours: int) -> None:
    limit = {Tier.CRITICAL: 30, Tier.HIGH: 60, Tier.MEDIUM: 90, Tier.LOW: 90}[tier]
    for left, told in [(first + 1, False), (first, True), (1, True), (0, True)]:
        age = days(limit - left) - timedelta(hours=hours)
        assert (ahead("IDC-15", key(ADA, age=age), tier=tier) is not None) == told, left
    assert ahead("IDC-15", key(ADA, age=days(limit) + MICROSECOND), tier=tier) is None


@pytest.mark.parametrize(
    ("tier", "first"),
    [(Tier.CRITICAL, 60), (Tier.HIGH, 45), (Tier.MEDIUM, 33), (Tier.LOW, 33)],
)
@pytest.mark.parametrize("one", [certificate, saml_provider])
def test_what_expires_is_told_by_its_expiry(one: Any, tier: Tier, first: int) -> None:
    # A short warning shows the lead time: under the defaults its renewal is a finding from the first step on.
    late = Governance(thresholds=a_limit("IDC-19", "warn_before_expiry_days", 7))
    for left, told in [(first + 1, False), (first, True), (7, True), (6, False), (-1, False)]:
        found = ahead("IDC-19", one(days(left)), tier=tier, governance=late)
        assert (found is not None) == told, left
        if found:
            assert (found.due_at, found.event) == (NOW + days(left), Event.EXPIRY)
    assert (ahead("IDC-19", one(days(60)), tier=Tier.CRITICAL) or pytest.fail("nothing")).due_at == NOW + days(60)
    assert ahead("IDC-19", one(days(60) - SECOND), tier=Tier.CRITICAL) is None


@pytest.mark.parametrize("justified", [False, True], ids=["short-lived", "in the register"])
def test_a_credential_for_one_service_is_told_of_its_own_expiry(justified: bool) -> None:
    entries = registers(legacy=(legacy(ADA),)) if justified else Governance()
    lives = days(400) if justified else days(0)
    one = service_credential(ADA, age=lives + days(2), expires=days(20))
    found = ahead("IDC-16", ADA, one, governance=entries)
    assert found is not None
    assert (found.due_at, found.event) == (NOW + days(20), Event.EXPIRY)
    case = a_case(ADA, one, taken_at=NOW + days(20), governance=entries)
    checked = {each.subject: each.status for each in table.CHECKS["IDC-16"](case, CATALOG.control("IDC-16"))}
    assert checked[one.id] is NOT_APPLICABLE


def test_an_entry_a_credential_does_not_need_does_not_end_it() -> None:
    entry = legacy(ADA, expires_on=(NOW + days(3)).date())
    for age, ends in [(0, NOW + days(20)), (400, datetime.fromisoformat("2026-11-25T23:59:59.999999+00:00"))]:
        one = service_credential(ADA, age=days(age), expires=days(20))
        found = ahead("IDC-16", ADA, one, governance=registers(legacy=(entry,)))
        assert found is not None
        assert found.due_at == ends
        assert found.event is (Event.EXPIRY if age == 0 else Event.FINDING)


def test_what_expired_and_is_allowed_to_is_not_told_again() -> None:
    one, allowed = certificate(-days(1)), Governance(thresholds=a_limit("IDC-19", "expired_allowed", 5))
    assert the_day(NOW, one, governance=allowed)[0]["IDC-19", one.id] is PASS
    assert ahead("IDC-19", one, governance=allowed) is None


def test_of_two_ends_the_nearer_one_is_told_with_its_own_limit() -> None:
    old, new = key(ADA, name="AKIAOLD", age=days(80)), key(ADA, name="AKIANEW", age=days(1))
    by_age = ahead("IDC-15", ADA, old)
    by_overlap = ahead("IDC-15", ADA, new, old)
    assert by_age is not None
    assert by_overlap is not None
    assert (by_age.due_at, by_age.limit) == (
        NOW + days(10),
        Limit(name="max_age_days", value="90 days", set_by=DEFAULT),
    )
    assert by_overlap.due_at == NOW + days(6)
    assert by_overlap.limit == Limit(name="two_active_keys_overlap_days", value="7 days", set_by=DEFAULT)
    assert ahead("IDC-15", ADA, old, new) is None


def test_everything_about_it_is_told() -> None:
    owned = Known(value="person-1", rung=Rung.IDENTITY_TAG)
    mine = role(
        usage=used(days(80)), owner=owned, family="worker:1234", tags=(Tag(key="Prooftrail:Not-Mine", value="x"),)
    )
    assert ahead("IDC-08", mine) == Upcoming(
        fingerprint=fingerprint("IDC-08", mine.id),
        event=Event.UNUSED,
        control="IDC-08",
        subject=mine.id,
        subject_type=SubjectType.PRINCIPAL,
        identity=mine.id,
        kind=mine.kind,
        arn=mine.arn,
        name="worker",
        family="worker:1234",
        owner="person-1",
        tier=Tier.MEDIUM,
        due_at=NOW + days(10),
        reason=f"Role worker was last used 80 days ago; the limit is 90 days ({DEFAULT}).",
        limit=Limit(name="unused_role_days", value="90 days", set_by=DEFAULT),
        used="last used 2026-09-03",
        person=False,
        not_mine="x",
    )


def test_an_entry_that_ends_says_who_approved_it() -> None:
    entry = legacy(ADA, expires_on=ago(-days(3)).date(), ticket="T-1")
    found = ahead("IDC-16", ADA, key(ADA), governance=registers(legacy=(entry,)))
    assert found is not None
    assert found.limit == Limit(
        name="expires_on",
        value="2026-11-25",
        set_by="the legacy register, approved by person-ciso on 2026-08-14 (ticket T-1, not verified by us)",
    )
    assert found.due_at == datetime.fromisoformat("2026-11-25T23:59:59.999999+00:00")


def entry_days(first: int, last: int | None) -> Any:
    known: dict[str, Any] = {} if last is None else {"expires_on": (NOW + days(last)).date()}
    return legacy(ADA, approved_on=(NOW + days(first)).date(), **known)


@pytest.mark.parametrize(
    ("entries", "ends"),
    [
        ([(-9, 3)], 3),
        ([(-9, 3), (-5, 9)], 9),
        ([(-9, 3), (4, 9)], 9),
        ([(4, 9), (-9, 3)], 9),
        ([(-9, 3), (5, 9)], 3),
        ([(-9, 3), (4, 9), (10, 14)], 14),
        ([(-9, 3), (-8, 1)], 3),
        ([(-9, 0)], 0),
        ([(-9, -1), (0, 3)], 3),
        ([(-9, 3), (4, None)], None),
        ([(-9, None)], None),
    ],
)
def test_an_entry_that_another_takes_over_from_without_a_gap_does_not_end(
    entries: list[tuple[int, int | None]], ends: int | None
) -> None:
    found = ahead("IDC-16", ADA, key(ADA), governance=registers(legacy=tuple(entry_days(*one) for one in entries)))
    assert (found and (found.due_at.date() - NOW.date()).days) == ends


@pytest.mark.parametrize("tier", [Tier.MEDIUM, Tier.HIGH])
def test_an_entry_for_rotation_by_hand_counts_only_where_the_tier_asks_for_rotation(tier: Tier) -> None:
    one = secret(value_age=days(1))
    entries = registers(manual_rotation=(manual_rotation(one, expires_on=NOW.date()),))
    assert (ahead("IDC-17", one, tier=tier, governance=entries) is not None) == (tier is Tier.HIGH)
    rotated = secret(value_age=days(1), rotation_enabled=True)
    assert ahead("IDC-17", rotated, tier=tier, governance=entries) is None


def rotating(after: int | None, *, value: float = 80, last: float | None = None) -> Identity:
    """A secret that is rotated every so many days, and was last when its value was made."""
    since = ago(days(value if last is None else last))
    return secret(value_age=days(value), rotation_enabled=True, rotate_after_days=after, last_rotated_at=since)


@pytest.mark.parametrize(
    ("one", "told"),
    [
        (rotating(89), False),
        (rotating(90), True),
        (rotating(80), False),
        (rotating(79), False),
        (rotating(79, value=80 + 1 / 86_400), True),
        (rotating(None), True),
        (replaced(rotating(89), facts=replaced(rotating(89).facts, rotation_enabled=False)), True),
        (rotating(30, last=21), False),
        (rotating(30, last=20), True),
    ],
)
def test_a_secret_its_own_rotation_renews_in_time_is_not_told_until_that_is_late(one: Identity, told: bool) -> None:
    assert (ahead("IDC-17", one) is not None) == told


def test_a_tier_that_is_not_certain_ends_with_the_smallest_limit_it_could_mean() -> None:
    one = key(ADA, age=days(25))
    found = ahead("IDC-15", one, risks={one.id: a_risk(one.id, Tier.CRITICAL, at_least=Tier.LOW)})
    assert found is not None
    assert (found.due_at, found.tier) == (NOW + days(5), Tier.CRITICAL)
    case = a_case(one, tier=None, taken_at=NOW + days(5) + MICROSECOND)
    (after,) = table.CHECKS["IDC-15"](case, CATALOG.control("IDC-15"))
    assert after.status is ResultStatus.NOT_TESTED


UNDATED = [
    ("IDC-15", key(ADA, age=None)),
    ("IDC-15", unknowing(key(ADA, age=days(85)), "created_at")),
    ("IDC-07", key(ADA, age=days(40), usage=UNTOLD)),
    ("IDC-07", unknowing(key(ADA, age=days(40)), "usage")),
    ("IDC-07", key(ADA, status="Inactive")),
    ("IDC-07", service_credential(ADA, expires=days(5))),
    ("IDC-08", role(age=days(85), usage=UNTOLD)),
    ("IDC-08", role(age=None)),
    ("IDC-16", unknowing(service_credential(ADA, expires=days(5)), "facts.expires_at")),
    ("IDC-16", service_credential(ADA, age=None, expires=days(5))),
    ("IDC-17", secret(value_age=None)),
    ("IDC-19", certificate(None)),
    ("IDC-19", unknowing(certificate(days(31)), "facts.expires_at")),
    ("IDC-19", unknowing(saml_provider(days(31)), "facts.valid_until")),
]


@pytest.mark.parametrize(("control", "one"), UNDATED)
def test_a_date_that_was_not_read_is_not_guessed(control: str, one: Identity) -> None:
    assert ahead(control, ADA, one) is None


@pytest.mark.parametrize(
    ("control", "one"),
    [
        ("IDC-15", key(ADA, age=days(85), status="Inactive")),
        ("IDC-07", replaced(key(ADA, age=days(40)), parent=role().id)),
        ("IDC-08", role(age=days(85))),
        ("IDC-16", service_credential(ADA, expires=days(5), status="Inactive")),
        ("IDC-17", secret(value_age=days(85), deleted_at=NOW)),
        ("IDC-17", secret(value_age=days(85), owning_service="rds")),
    ],
)
def test_what_a_control_does_not_apply_to_does_not_end(control: str, one: Identity) -> None:
    entries = registers(break_glass=(break_glass(role()),))
    assert ahead(control, ADA, role(age=days(10)), one, governance=entries) is None


def test_what_is_accepted_is_not_upcoming_and_what_fails_is_a_finding() -> None:
    old = key(ADA, age=days(300))
    for governance in (Governance(), excepting(an_exception(identity=old.id, compensating=()))):
        _, found = the_day(NOW, ADA, old, governance=governance)
        assert of(found, "IDC-15", old.id) is None
        assert ("IDC-15", old.id) in {(one.control, one.subject) for one in found.findings}


@pytest.mark.parametrize(("limit", "told"), [(400, True), (401, False)])
def test_a_role_without_a_use_on_record_is_not_told_where_awss_memory_does_not_reach(limit: int, told: bool) -> None:
    governance = Governance(thresholds=a_limit("IDC-08", "unused_role_days", limit))
    assert (ahead("IDC-08", role(age=days(395)), governance=governance) is not None) == told
    assert ahead("IDC-08", role(usage=used(days(395))), governance=governance) is not None


ages = st.integers(0, 120).map(days)
uses = st.one_of(st.just(NEVER), st.just(UNTOLD), ages.map(used))
anything = st.lists(
    st.one_of(
        st.builds(lambda age, use: key(ADA, name="AKIA1", age=age, usage=use), ages, uses),
        st.builds(lambda age, use: key(ADA, name="AKIA2", age=age, usage=use), ages, uses),
        st.builds(lambda since: key(ADA, name="AKIA3", status="Inactive", inactive=since), ages),
        st.builds(lambda age, use: role(age=age, usage=use), ages, uses),
        st.builds(lambda age: secret(value_age=age), ages),
        st.builds(certificate, ages),
        st.builds(lambda left: service_credential(ADA, expires=left), ages),
    ),
    unique_by=lambda one: one.id,
)


@settings(max_examples=40, deadline=None)
@given(anything)
def test_nothing_is_both_open_and_upcoming_and_what_is_upcoming_passes(identities: list[Identity]) -> None:
    statuses, found = the_day(NOW, ADA, *identities)
    keys = [(one.control, one.subject) for one in found.upcoming]
    still = {(one.control, one.subject) for one in found.findings if one.status is FindingStatus.OPEN}
    assert not still & {*keys}
    assert {statuses[one] for one in keys} <= {PASS}
    assert all(one.due_at >= NOW for one in found.upcoming)
    assert list(found.upcoming) == sorted(found.upcoming, key=lambda one: (one.identity, one.control, one.subject))
    assert len(keys) == len({*keys})


def test_a_use_puts_the_end_off_and_folding_again_says_the_same() -> None:
    before, after = role(usage=used(days(80))), role(usage=Usage(tracked=True, last_used_at=NOW))
    assert ahead("IDC-08", before) is not None
    assert ahead("IDC-08", after) is None
    assert the_day(NOW, before)[1] == the_day(NOW, before)[1]
