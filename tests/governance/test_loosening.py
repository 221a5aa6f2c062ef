"""What counts as asking less: every limit in its own direction, every entry that is new, longer or wider."""

import pytest

from prooftrail.governance import Governance, loosened
from prooftrail.governance.looser_limits import STRICTER_WHEN_LARGER
from tests.builders.judging import DEFAULTS, defaults
from tests.governance.entries import EXCEPTION, LINE, SUPPLIER, THRESHOLD, policy, registered

LOOSER_WHEN_LARGER = {
    "allowed", "break_glass_ratification_hours", "conflicts_allowed", "count_variance_allowed",
    "cross_env_edges_allowed", "days_allowed_without_owner_after_discovery", "days_to_reassign_after_owner_leaves",
    "decision_execution_days", "delete_after_disabled_days", "direct_grants_allowed", "disable_after_days",
    "drill_interval_days", "expired_allowed", "iam_human_users_allowed", "interval_days",
    "logging_gap_minutes_allowed", "max_age_days", "max_age_days_of_score", "max_break_glass_per_account",
    "max_duration_days", "max_renewals", "max_session_hours", "missing_external_id_allowed", "mover_reapproval_days",
    "open_paths_allowed", "plaintext_findings_allowed", "post_hoc_approval_grace_hours", "post_use_review_hours",
    "proof_within_hours", "public_trust_allowed", "remediate_days", "remediation_days", "revoke_after_leave_hours",
    "root_use_without_record_allowed", "service_specific_max_lifetime_days", "snapshot_max_age_hours", "triage_hours",
    "two_active_keys_overlap_days", "unbounded_iam_writers_allowed", "unregistered_admins_allowed",
    "unregistered_external_accounts_allowed", "unused_permission_days", "unused_role_days", "unused_secret_days",
    "verify_interval_days", "wildcard_sub_allowed", "workloads_per_nhi",
}  # fmt: skip


SEALED = "from the first run that seals it, not before"


def limit(control: str, name: str, *values: object, day: str = "2026-11-15") -> str:
    """A limit, critical first."""
    told = dict(zip(("critical", "high", "medium", "low"), (str(one).lower() for one in values), strict=True))
    held = ", ".join(f"{tier} = {value}" for tier, value in told.items())
    return THRESHOLD.replace("IDC-15", control).replace("max_age_days", name).replace(
        THRESHOLD.partition("values = ")[2].partition("\n")[0], f"{{ {held} }}"
    ).replace("2026-11-15", day)  # fmt: skip


def both(before: str, after: str, file: str) -> tuple[str, ...]:
    """What the second of two files asks less of than the first."""
    return loosened(policy(**{file: before}), policy(**{file: after}), defaults())


def test_every_threshold_has_a_direction() -> None:
    names = {name for _, name in DEFAULTS}
    assert not names ^ (LOOSER_WHEN_LARGER | STRICTER_WHEN_LARGER)
    assert not LOOSER_WHEN_LARGER & STRICTER_WHEN_LARGER


@pytest.mark.parametrize(("control", "name"), sorted(DEFAULTS))
def test_a_limit_is_loosened_in_its_own_direction_only(control: str, name: str) -> None:
    values = DEFAULTS[control, name]
    if isinstance(values[0], bool):
        larger, smaller = limit(control, name, *[True] * 4), limit(control, name, *[False] * 4)
    else:
        larger = limit(control, name, *((100,) * 4 if name.endswith("percent") else [one + 1 for one in values]))
        smaller = limit(control, name, *(max(one - 1, 0) for one in values))
    less, more = (smaller, larger) if name in STRICTER_WHEN_LARGER else (larger, smaller)
    assert both("", less, "thresholds")
    assert both("", more, "thresholds") == ()
    assert both(less, more, "thresholds") == ()


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("", limit("IDC-15", "max_age_days", 30, 60, 91, 90),
         (f"IDC-15 max_age_days at medium: 90 days became 91 days, {SEALED} 2026-11-15",)),
        (THRESHOLD, "", (f"IDC-15 max_age_days at high: 45 days became 60 days, {SEALED} 2026-11-15",
                         f"IDC-15 max_age_days at medium: 60 days became 90 days, {SEALED} 2026-11-15")),
        (THRESHOLD, THRESHOLD.replace("2026-11-15", "2026-12-01"),
         (f"IDC-15 max_age_days at high: 45 days became 60 days, {SEALED} 2026-11-15",
          f"IDC-15 max_age_days at medium: 60 days became 90 days, {SEALED} 2026-11-15")),
        (THRESHOLD, THRESHOLD + limit("IDC-15", "max_age_days", 30, 45, 60, 91, day="2027-01-01"),
         (f"IDC-15 max_age_days at low: 90 days became 91 days, {SEALED} 2027-01-01",)),
        ("", limit("IDC-11", "mfa_required", True, True, True, False),
         (f"IDC-11 mfa_required at low: required became not required, {SEALED} 2026-11-15",)),
        ("", "verified_after_runs = 1", ("a finding is verified after 1 runs, 3 before",)),
        ("", "verified_after_runs = 5", ()),
        ("", "[environments]\ndefault = 'nonprod'", ("accounts nobody classified now count as nonprod, prod before",)),
        ("", "[environments]\ndefault = 'security_or_management'", ()),
        ("", "[[environments.assign]]\naccount = '111122223333'\nenvironment = 'sandbox'",
         ("account 111122223333 now counts as sandbox, prod before",)),
        ("[[environments.assign]]\nvalues = ['core']\nenvironment = 'security_or_management'", "",
         ("tag value 'core' now counts as prod, security_or_management before",)),
        ("[environments]\nsensitive_ous = ['ou-ab12-cdefgh34']", "",
         ("organizational unit ou-ab12-cdefgh34 no longer counts as sensitive",)),
        ("", "[environments]\ntags = ['environment', 'level']", ("tag level now names an environment",)),
    ],
)  # fmt: skip
def test_limits_and_environments_that_ask_less_are_said_to(before: str, after: str, says: tuple[str, ...]) -> None:
    assert both(before, after, "thresholds") == says


def test_without_the_defaults_a_limit_of_ones_own_is_named_as_long_as_nobody_can_compare() -> None:
    after = policy(thresholds=limit("IDC-15", "max_age_days", 1, 1, 1, 1))
    assert len(loosened(Governance(), after)) == 4
    assert loosened(after, after) == ()


ADMIN = "arn:aws:iam::*:role/platform-admin"
UNTIL = "expires_on = 2027-01-31"
PRESET = (
    '[[preset]]\nname = "stacksets"\nenabled = true\nowner = "payments"\napproved_by = "J"\napproved_on = 2026-11-02\n'
)
ISSUER = (
    '[[oidc_issuer]]\nissuer = "git.example.com"\nreason = "r"\napproved_by = "J"\napproved_on = 2026-11-02\n'
    'audiences = ["a"]\nowners = ["us"]\n'
)
DRILLED = 'drills = [{ on = 2026-11-10, reference = "T-1" }]'


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("", registered("privileged"), (f"{ADMIN} is now registered as privileged",)),
        ("", registered("break_glass", UNTIL), (f"{ADMIN} became break-glass until 2027-01-31",)),
        ("", registered("legacy"), (f"{ADMIN} may now keep a long-lived credential",)),
        ("", registered("manual_rotation"), (f"{ADMIN} may now be rotated by hand",)),
        ("", registered("restricted", 'owner = "jane"'), (f"{ADMIN} is now on the restricted list",)),
        (registered("legacy", UNTIL), registered("legacy", UNTIL.replace("01-31", "02-01")),
         (f"{ADMIN}, which may now keep a long-lived credential, is so longer, until 2027-02-01",)),
        (registered("legacy", UNTIL), registered("legacy"),
         (f"{ADMIN}, which may now keep a long-lived credential, is so longer, without an end",)),
        (registered("legacy"), registered("legacy", UNTIL), ()),
        (registered("legacy"), "", ()),
        (registered("break_glass"), registered("break_glass", DRILLED),
         (f"use of {ADMIN} on 2026-11-10 is now explained by drill T-1",)),
        ("", PRESET, ("the landing-zone preset stacksets is switched on",)),
        ("", PRESET.replace("true", "false"), ()),
        (PRESET, PRESET + "accounts = ['111122223333']", ("preset stacksets may now trust account 111122223333",)),
        ("", ISSUER, ("git.example.com is now registered to vouch for software",)),
        (ISSUER, ISSUER.replace('["us"]', '["us", "them"]'), ("git.example.com may now vouch for owner them",)),
        (ISSUER, ISSUER.replace('["a"]', "[]"), ("git.example.com may now vouch for any audience",)),
        (ISSUER, "", ("git.example.com is no longer held to its audiences and owners",)),
    ],
)  # fmt: skip
def test_registers_that_allow_more_are_said_to(before: str, after: str, says: tuple[str, ...]) -> None:
    assert both(before, after, "registers") == says


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("", SUPPLIER, ("supplier Watcher Ltd may now enter until 2027-11-01, from 777788889999",)),
        (SUPPLIER, SUPPLIER.replace('"777788889999"', '"777788889999", "777788880000"'),
         ("supplier Watcher Ltd may now enter from 777788880000",)),
        (SUPPLIER, SUPPLIER.replace("active_until = 2027-11-01", ""),
         ("supplier Watcher Ltd may enter longer, without an end",)),
        (SUPPLIER, SUPPLIER + "relation = 'own_organization'",
         ("Watcher Ltd needs no external id any more: it is now own_organization",)),
        (SUPPLIER, SUPPLIER.replace("2027", "2026-12-01 #"), ()),
        (SUPPLIER, "", ()),
    ],
)  # fmt: skip
def test_suppliers_that_may_enter_more_are_said_to(before: str, after: str, says: tuple[str, ...]) -> None:
    assert both(before, after, "suppliers") == says


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("2027-03-31", "2027-04-01", "lasts longer, until 2027-04-01"),
        ("2027-03-31", "2027-03-30", None),
        ("approved_on = 2026-11-02", "approved_on = 2026-11-01", "is approved on 2026-11-01, 2026-11-02 before"),
        ('tier = "medium"', 'tier = "high"', "is accepted up to tier high, medium before"),
        ('tier = "medium"', 'tier = "low"', None),
        ("IDC-20", "IDC-21", "is compensated otherwise"),
        ("2027-02-28", "2027-03-01", "has the milestone 'Replace the uploader' due later, 2027-03-01"),
        ("Replace the uploader", "Wait", "no longer has the milestone 'Replace the uploader'"),
        ('requester = "Sam Poe"', 'renewals = 1\nrequester = "Sam Poe"', None),
    ],
)
def test_exceptions_that_accept_more_are_said_to(old: str, new: str, says: str | None) -> None:
    found = both(EXCEPTION, EXCEPTION.replace(old, new), "exceptions")
    assert found == ((f"exception EX-1 {says}",) if says else ())


def test_an_exception_is_new_if_its_id_is_or_if_it_speaks_of_something_else() -> None:
    told = both("", EXCEPTION, "exceptions")
    assert told[0].startswith("IDC-15 is now excepted for AIDAEXAMPLE0000000001 until 2027-03-31 (EX-1): The mainframe")
    assert len(both(EXCEPTION, EXCEPTION.replace("0001", "0002"), "exceptions")) == 1
    assert both(EXCEPTION, "", "exceptions") == ()


def test_fewer_renewals_than_before_are_a_counter_set_back() -> None:
    told = both(EXCEPTION + "renewals = 2", EXCEPTION, "exceptions")
    assert told == ("exception EX-1 counts 0 renewals, 2 before",)


def test_a_control_declared_not_applicable_asks_less() -> None:
    told = both(LINE, LINE.replace("true", "false"), "soa")
    assert told == ("A.5.18 is now declared not applicable: Rights exist",)


def test_a_break_glass_entry_that_starts_later_is_said_to() -> None:
    later = registered("break_glass").replace("2026-11-02", "2026-11-21")
    told = both(registered("break_glass"), later, "registers")
    assert told == (
        f"{ADMIN}, which became break-glass, is so from 2026-11-21 on only, 2026-11-02 before: its use and drills count"
        " from later",
    )
    assert both(registered("legacy"), registered("legacy").replace("2026-11-02", "2026-11-21"), "registers") == ()


def test_a_preset_that_holds_earlier_is_said_to() -> None:
    told = both(PRESET, PRESET.replace("2026-11-02", "2026-11-01"), "registers")
    assert told == ("preset stacksets is so from 2026-11-01 on, 2026-11-02 before",)


OWNER = '[[owner]]\nid = "a"\nname = "A"\n'


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("active = false", "active = true", ("owner a, who had left, is active again",)),
        ("active = true", "active = false", ()),
        ("", '[[assign]]\narn = "arn:aws:iam::*:role/ci-*"\nowner = "a"',
         ("arn arn:aws:iam::*:role/ci-* is now owned by a",)),
        ("", '[[assign]]\nfamily = "ci-*#0123456789abcdef"\nowner = "a"',
         ("family ci-*#0123456789abcdef is now owned by a",)),
        ("", '[[account]]\nid = "111122223333"\nowner = "a"', ("account 111122223333 is now owned by a",)),
        ("", 'accounts = ["111122223333"]', ("account 111122223333 is now owned by a",)),
        ('accounts = ["111122223333"]', '[[account]]\nid = "111122223333"\nowner = "a"', ()),
        ('[[assign]]\narn = "arn:aws:iam::*:role/ci-*"\nowner = "a"', "", ()),
    ],
)  # fmt: skip
def test_whatever_makes_an_identity_owned_asks_less_of_it(before: str, after: str, says: tuple[str, ...]) -> None:
    assert both(OWNER + before, OWNER + after, "owners") == says


@pytest.mark.parametrize(
    ("after", "says"),
    [
        ('class = ["kind"]', ("tag kind now declares a class",)),
        ('purpose = ["why"]', ("tag why now names a purpose",)),
        ('non_human = ["bot", "service"]', ("the class 'bot' now means non-human",)),
        ('human = ["human", "person", "staff"]', ()),
    ],
)
def test_tags_that_make_an_identity_non_human_or_give_it_a_purpose_ask_less(after: str, says: tuple[str, ...]) -> None:
    assert both("", f"[tags]\n{after}", "scope") == says
