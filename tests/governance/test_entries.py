"""What is wrong in limits, registers, suppliers, applicability and exceptions: named with file, line, key and the fix."""

from datetime import UTC, date, datetime, timedelta

import pytest

from prooftrail.errors import ConfigError
from prooftrail.governance import parse, problems, warnings
from prooftrail.inventory.families import _SHAPE_DIGITS
from prooftrail.model import canonical
from tests.governance.entries import (
    EXCEPTION,
    KNOWN,
    LINE,
    OWNERS,
    SUPPLIER,
    THRESHOLD,
    of,
    policy,
    registered,
)
from tests.governance.test_policy import REDACTOR

ASSIGN = '[[environments.assign]]\nenvironment = "sandbox"\n'
PRESET = '[[preset]]\nname = "stacksets"\nenabled = true\n'
ISSUER = '[[oidc_issuer]]\nissuer = "git.example.com"\nreason = "r"\napproved_by = "J"\napproved_on = 2026-11-02\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (THRESHOLD.replace("IDC-15", "15"), "line 3: threshold, entry 1: control: a control's id looks like 'IDC-15'"),
        (THRESHOLD.replace("IDC-15", "IDC-99"), "line 3: threshold, entry 1: control: the control map has no IDC-99"),
        (THRESHOLD.replace("max_age_days", "max_days"), "line 4: threshold, entry 1: name: IDC-15 has no threshold"),
        (THRESHOLD.replace("= 30", "= true"), "values: max_age_days takes whole numbers"),
        (THRESHOLD.replace("= 30", "= '30'"), "values.critical: write a whole number, or true or false"),
        (THRESHOLD.replace("= 30", "= -1"), "values.critical: a limit is not below zero"),
        (THRESHOLD.replace("critical = 30, ", ""), "threshold, entry 1: values: critical is missing; add it"),
        (THRESHOLD.replace("2026-11-15", "2026-11-01"), "effective_on 2026-11-01 lies before approved_on 2026-11-02"),
        (THRESHOLD * 2, "line 10: threshold, entry 2: the limit 'IDC-15 max_age_days from 2026-11-15' stands twice"),
        (
            THRESHOLD.replace("IDC-15", "IDC-11").replace("max_age_days", "mfa_required"),
            "values: mfa_required takes true or false",
        ),
        (
            THRESHOLD.replace("IDC-15", "IDC-05").replace("max_age_days", "match_rate_percent").replace("90", "101"),
            "values.low: a percentage is not above 100",
        ),
        ("verified_after_runs = 0", "line 1: verified_after_runs: the number is too small"),
        ("verified_after_runs = 1.5", "line 1: verified_after_runs: write a whole number"),
        ("risk_method = 1", "line 1: risk_method: write a table"),
        ("[risk_method]\nversions = '1'", "line 2: risk_method: unknown key 'versions'; did you mean version?"),
        ("[environments]\ndefault = 'production'", "environments.default: an environment is 'sandbox', 'nonprod'"),
        (ASSIGN, "line 1: environments.assign, entry 1: match by exactly one of account, ou or values"),
        (ASSIGN + "values = ['dev']\naccount = '111122223333'", "match by exactly one of"),
        ((ASSIGN + "values = ['dev']\n") * 2, "line 4: environments.assign, entry 2: the account, unit or value 'dev'"),
    ],
)
def test_what_is_wrong_in_the_limits_is_named(text: str, says: str) -> None:
    with pytest.raises(ConfigError) as wrong:
        policy(thresholds=text)
    assert str(wrong.value).startswith("thresholds.toml, line ")
    assert says in str(wrong.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (registered("privileged", 'owner = "z"'), "line 6: privileged, entry 1: owner: names 'z', and no [[owner]]"),
        (registered("restricted"), "line 1: restricted, entry 1: owner is missing; add it"),
        (registered("restricted", 'owner = "payments"'), "a restricted list names persons, and this owner is a team"),
        (registered("legacy", "expires_on = 2026-11-01"), "expires_on 2026-11-01 lies before approved_on 2026-11-02"),
        (registered("legacy") * 2, "line 7: legacy, entry 2: the identity 'arn:aws:iam::*:role/platform-admin' stands"),
        (registered("legacy", 'until = "x"'), "line 6: legacy, entry 1: unknown key 'until'; known keys are identity,"),
        (registered("brake_glass"), "line 1: unknown key 'brake_glass'; did you mean break_glass?"),
        (registered("break_glass", "drills = [{on = 2026-11-03}]"), "drills, entry 1: reference is missing; add it"),
        (
            registered("break_glass", "drills = [{on = 2026-11-03, reference = 'r', kind = 'party'}]"),
            "drills, entry 1: kind: an occasion is a 'drill' or an 'incident'",
        ),
        (
            registered("legacy").replace("role/platform-admin", "user/*@example.com"),
            "has a wildcard beside an @, which can never match",
        ),
        (PRESET, "line 1: preset, entry 1: a preset that is switched on registers roles: add owner and approved_by"),
        (PRESET.replace("stacksets", "stackset"), "line 2: preset, entry 1: name: a preset is 'cdk-bootstrap'"),
        (PRESET.replace("true", "false") * 2, "the preset 'stacksets' stands twice"),
        (PRESET.replace("true", "false") + "qualifier = 'q'", "qualifier: only cdk-bootstrap has a qualifier"),
        (ISSUER * 2, "the issuer 'git.example.com' stands twice"),
    ],
)
def test_what_is_wrong_in_the_registers_is_named(text: str, says: str) -> None:
    with pytest.raises(ConfigError) as wrong:
        policy(registers=text)
    assert "registers.toml, line " in str(wrong.value)
    assert says in str(wrong.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (SUPPLIER * 2, "the supplier 'Watcher Ltd' stands twice"),
        (SUPPLIER + SUPPLIER.replace("Ltd", "Inc"), "line 12: supplier, entry 2: accounts, entry 1: the account '7777"),
        (SUPPLIER.replace('["777788889999"]', "[]"), "line 4: supplier, entry 1: accounts: name at least one account"),
        (SUPPLIER.replace("2027", "2025"), "active_until 2025-11-01 lies before approved_on 2026-11-02"),
        (SUPPLIER + 'relation = "friend"', "relation: a relation is 'supplier', 'own_organization' or 'aws'"),
        (SUPPLIER + 'owner = "z"', "owner: names 'z'"),
    ],
)
def test_what_is_wrong_among_the_suppliers_is_named(text: str, says: str) -> None:
    with pytest.raises(ConfigError) as wrong:
        policy(suppliers=text)
    assert says in str(wrong.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (LINE * 2, "soa.toml, line 5: line, entry 2: the control 'A.5.18' stands twice"),
        (LINE.replace("A.5.18", "A.9.1"), "line, entry 1: control: an Annex A control looks like 'A.5.18'"),
        (LINE.replace("A.5.18", "A.6.9"), "has no A.6.9: A.6 ends with A.6.8"),
        (LINE.replace("A.5.18", "A.5.0"), "has no A.5.0"),
        (LINE.replace("true", "'yes'"), "applicable: write true or false, without quotes"),
    ],
)
def test_what_is_wrong_in_the_statement_of_applicability_is_named(text: str, says: str) -> None:
    with pytest.raises(ConfigError) as wrong:
        policy(soa=text)
    assert says in str(wrong.value)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("IDC-15", "IDC-32", "line 5: exception, entry 1: control: IDC-32 cannot be excepted"),
        ("IDC-15", "IDC-04", "IDC-04 cannot be excepted"),
        ("IDC-15", "IDC-99", "the control map has no IDC-99"),
        ("IDC-20", "IDC-99", "line 15: exception, entry 1: compensating, entry 2: control: the control map has no"),
        ("IDC-20", "IDC-15", "the excepted control cannot compensate itself"),
        ("medium", "severe", "tier: a tier is 'critical', 'high', 'medium' or 'low'"),
        ("AC-3", "AC3", "line 14: exception, entry 1: compensating, entry 1: sp80053: an SP 800-53 id looks like"),
        (', predicate = "network_condition"', "", "line 14: exception, entry 1: compensating, entry 1: test it by"),
        ('control = "IDC-20"', 'control = "IDC-20", predicate = "boundary_attached"', "test it by exactly one of"),
        ("network_condition", "network", "predicate: a predicate is 'network_condition', 'boundary_attached'"),
        ('risk_owner = "payments"', 'risk_owner = "z"', "line 9: exception, entry 1: risk_owner: names 'z'"),
        ('owner = "payments" }', 'owner = "z" }', "retirement, entry 1: owner: names 'z'"),
        ("2027-03-31", "2026-11-01", "expires_on 2026-11-01 lies before approved_on 2026-11-02"),
        ("expires_on = 2027-03-31\n", "", "exception, entry 1: expires_on is missing; add it"),
    ],
)
def test_what_is_wrong_in_an_exception_is_named(old: str, new: str, says: str) -> None:
    text = EXCEPTION.replace(old, new)
    assert text != EXCEPTION
    with pytest.raises(ConfigError) as wrong:
        policy(exceptions=text)
    assert says in str(wrong.value)


def test_an_exception_needs_something_in_its_place_and_a_way_out() -> None:
    bare = EXCEPTION.partition("compensating")[0] + "compensating = []\nretirement = []"
    assert problems(of(exceptions=bare), KNOWN) == (
        "exceptions.toml, line 13: exception, entry 1: compensating: name at least one compensating control.",
        "exceptions.toml, line 14: exception, entry 1: retirement: name at least one milestone of the way out: what,"
        " due_on and owner.",
    )


def test_the_same_id_is_no_two_exceptions() -> None:
    with pytest.raises(ConfigError, match="the id 'EX-1' stands twice"):
        policy(exceptions=EXCEPTION * 2)


def test_what_idc_32_judges_is_no_mistake_in_a_file() -> None:
    endless = EXCEPTION.replace("2027-03-31", "2099-03-31").replace("Sam Poe", "Jane Doe") + "renewals = 99"
    assert problems(of(exceptions=endless), KNOWN) == ()


def test_every_mistake_of_every_file_is_told_at_once_in_order() -> None:
    files = of(
        scope="[tag]\n", thresholds=THRESHOLD.replace("IDC-15", "IDC-99"), exceptions=EXCEPTION.replace("AC-3", "3")
    )
    told = problems(files | {"supplier.toml": b""}, KNOWN)
    assert [sentence.partition(":")[0] for sentence in told[1:]] == [
        "scope.toml, line 1",
        "thresholds.toml, line 3",
        "exceptions.toml, line 14",
    ]
    assert told[0].startswith("supplier.toml is no governance file")
    with pytest.raises(ConfigError) as wrong:
        parse(files, KNOWN)
    assert all(sentence in str(wrong.value) for sentence in told[1:])


def test_references_are_not_doubted_where_the_owners_cannot_be_read() -> None:
    told = problems({"owners.toml": b"[[owner", "exceptions.toml": EXCEPTION.encode()}, KNOWN)
    assert [sentence.partition(" ")[0] for sentence in told] == ["owners.toml"]


DAYS_LIMIT = THRESHOLD.replace("low = 90", "low = LOW")
HOURS = (
    THRESHOLD.replace("IDC-15", "IDC-30").replace("max_age_days", "max_session_hours").replace("low = 90", "low = LOW")
)
COUNT = THRESHOLD.replace("IDC-15", "IDC-20").replace("max_age_days", "unregistered_admins_allowed").replace(
    "low = 90", "low = LOW"
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "most", "says"),
    [
        (DAYS_LIMIT, 36_500, "the most is 36500 days"),
        (HOURS, 876_000, "the most is 876000 hours"),
        (COUNT, 1_000_000, "the most is 1000000"),
    ],
)
def test_a_limit_has_an_upper_end_so_that_a_typing_mistake_cannot_stop_the_judging(
    text: str, most: int, says: str
) -> None:
    assert problems(of(thresholds=text.replace("LOW", str(most))), KNOWN) == ()
    for value in (most + 1, 9_999_999_999, 2**53, 10**40):
        (told,) = problems(of(thresholds=text.replace("LOW", str(value))), KNOWN)
        assert told.startswith("thresholds.toml, line 5: threshold, entry 1: values.low: ")
        assert told.endswith(f"{says}; write a smaller number.")


def test_a_count_of_renewals_has_an_upper_end() -> None:
    assert problems(of(exceptions=EXCEPTION + "renewals = 1000000"), KNOWN) == ()
    (told,) = problems(of(exceptions=EXCEPTION + "renewals = 1000001"), KNOWN)
    assert "renewals: the number is too large" in told


TABLES = ("privileged", "break_glass", "legacy", "manual_rotation", "restricted")
NAMING = (
    "AIDAEXAMPLE0000000001",
    "platform-*#0123456789abcdef",
    "arn:aws:iam::*:role/adm*",
    "arn:aws:iam::*:user/*bot",
    "arn:aws:iam::*:role/path/*",
    "arn:aws:iam::111122223333:*",
    "arn:aws:iam::111122223333:root",
    "arn:aws:secretsmanager:*:*:secret:partner/*",
    "arn:aws:sso:::permissionSet/ssoins-1234567890abcdef/ps-1234567890abcdef",
)
NAMING_NOTHING = ("*", "svc-uploader", "uploader-*", "AIDA*", "aidaexample0000000001", "uploader#123", "root")
NAMING_EVERYTHING = (
    "arn:*",
    "arn:aws:*",
    "arn:aws:iam::*",
    "arn:*role/platform-admin",
    "arn:aws:iam::*:*",
    "arn:aws:iam::*:*/*",
    "arn:aws:iam::*:user/*",
    "arn:aws:iam::*:role/ad*",
    "arn:aws:iam::*:role/a?b?c*",
    "arn:aws:iam::????????????:user/*",
    "arn:aws:iam::*:root",
    "arn:aws:secretsmanager:*:*:secret:*",
)


def naming(identity: str, table: str) -> tuple[str, ...]:
    """What is wrong with an entry that names identities so."""
    if table == "exception":
        return problems(of(exceptions=EXCEPTION.replace("AIDAEXAMPLE0000000001", identity)), KNOWN)
    text = registered(table, 'owner = "jane"' if table == "restricted" else "")
    return problems(of(registers=text.replace("arn:aws:iam::*:role/platform-admin", identity)), KNOWN)


@pytest.mark.parametrize("table", [*TABLES, "exception"])
def test_an_entry_names_identities_in_a_way_that_can_match_and_does_not_match_everything(table: str) -> None:
    for identity in NAMING:
        assert naming(identity, table) == ()
    for identity in NAMING_NOTHING:
        (told,) = naming(identity, table)
        assert f"{table}, entry 1: identity: {identity!r} matches nothing, ever: write AWS's unique id" in told
    for identity in NAMING_EVERYTHING:
        (told,) = naming(identity, table)
        assert "names everything of its sort" in told or "leaves out parts of an ARN" in told


def test_an_exception_may_name_an_account_and_a_register_may_not() -> None:
    assert naming("111122223333", "exception") == ()
    assert "matches nothing, ever" in naming("111122223333", "privileged")[0]


def test_a_family_is_named_as_the_inventory_prints_it() -> None:
    assert len("0123456789abcdef") == _SHAPE_DIGITS


AT = datetime(2026, 11, 22, tzinfo=UTC)
METHOD = '[risk_method]\nversion = "{}"\napproved_by = "J"\napproved_on = 2026-11-02\neffective_on = 2026-11-02\n'


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"exceptions": EXCEPTION.replace("Sam Poe", "Doe, Jane")},
         "exceptions.toml, line 10: exception, entry 1: approver: the requester approved it"),
        ({"exceptions": EXCEPTION.replace("2027-03-31", "2027-05-02")},
         "exceptions.toml, line 12: exception, entry 1: expires_on: it lasts 181 days, so it is void: at tier medium"),
        ({"exceptions": EXCEPTION + "renewals = 3"}, "exception, entry 1: renewals: 3 renewals make it void"),
        ({"exceptions": EXCEPTION.replace("2027-02-28", "2027-04-01")},
         "retirement, entry 1: due_on: due on 2027-04-01, after the exception ends on 2027-03-31"),
        ({"soa": LINE + 'control_owner = "z"'}, "soa.toml, line 5: line, entry 1: control_owner: names 'z', and no"),
        ({"soa": LINE + 'risk_owner = "z"'}, "risk_owner: names 'z'"),
        ({"thresholds": METHOD.format("prooftrail-risk-0")},
         "thresholds.toml, line 2: risk_method.version: approves 'prooftrail-risk-0', and this version scores by"),
        ({"owners": OWNERS + 'email = "payments"'}, "owners.toml, line 11: owner, entry 2: email: 'payments' looks"),
        ({"owners": OWNERS + '[[assign]]\narn = "arn:aws:iam::*:user/*"\nowner = "jane"'},
         "assign, entry 1: arn: 'arn:aws:iam::*:user/*' names everything of its sort"),
    ],
)  # fmt: skip
def test_what_is_sound_and_can_hardly_be_meant_is_a_warning(files: dict[str, str], says: str) -> None:
    assert problems(of(**files), KNOWN) == ()
    (told,) = warnings(of(**files), KNOWN, AT)
    assert says in told


def test_what_can_be_meant_is_no_warning() -> None:
    owners = (
        OWNERS
        + 'email = "p@example.com"\nroute = "mailto:payments-oncall@example.com"\n[[assign]]\narn = "arn:aws:iam::*:role/ci-*"\n'
    )
    files = of(
        owners=owners + 'owner = "jane"',
        thresholds=METHOD.format("prooftrail-risk-1"),
        soa=LINE + 'control_owner = "Jane Doe"\nrisk_owner = "payments"',
        exceptions=EXCEPTION + "renewals = 2",
    )
    assert warnings(files, KNOWN, AT) == ()


def test_without_the_control_map_ids_and_names_are_taken_as_they_are() -> None:
    text = THRESHOLD.replace("IDC-15", "IDC-99")
    assert parse({"thresholds.toml": text.encode()}).thresholds.threshold[0].control == "IDC-99"


def test_break_glass_in_the_scope_is_told_where_it_belongs_now() -> None:
    with pytest.raises(ConfigError, match=r"scope.toml, line 1: break-glass identities are registered in registers"):
        policy(scope=registered("break_glass"))


def test_a_policy_sealed_when_the_scope_still_had_break_glass_can_be_read() -> None:
    from prooftrail.governance import Governance

    sealed = canonical.encode(Governance()).replace(b'"scope":{', b'"scope":{"break_glass":[],')
    assert canonical.decode(sealed, Governance) == Governance()


NOVEMBER_2 = datetime(2026, 11, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "holds"),
    [
        (NOVEMBER_2 - timedelta(microseconds=1), False),
        (NOVEMBER_2, True),
        (datetime(2026, 12, 1, tzinfo=UTC) - timedelta(microseconds=1), True),
        (datetime(2026, 12, 1, tzinfo=UTC), False),
    ],
)
def test_an_entry_holds_from_its_approval_through_the_end_of_its_last_day(at: datetime, holds: bool) -> None:
    held = policy(
        registers=registered("legacy", "expires_on = 2026-11-30"),
        suppliers=SUPPLIER.replace("2027-11-01", "2026-11-30"),
        exceptions=EXCEPTION.replace("2027-03-31", "2026-11-30"),
    )
    entries = (held.registers.legacy[0], held.suppliers.supplier[0], held.exceptions.exception[0])
    assert [one.holds(at) for one in entries] == [holds] * 3


def test_a_limit_holds_from_its_effective_day_on_and_not_from_its_approval() -> None:
    limit = policy(thresholds=THRESHOLD).thresholds.threshold[0]
    starts = datetime(2026, 11, 15, tzinfo=UTC)
    assert limit.effective_on == date(2026, 11, 15)
    assert not limit.holds(starts - timedelta(microseconds=1))
    assert limit.holds(starts)


def test_no_name_or_address_is_left_in_any_file_of_a_redacted_policy() -> None:
    owners = OWNERS.replace('id = "jane"', 'id = "jane"\nroute = "jane-pager@example.com"')
    held = policy(
        owners=owners,
        thresholds=THRESHOLD + '[risk_method]\nversion = "1"\napproved_by = "Jane Doe"\n'
        "approved_on = 2026-11-02\neffective_on = 2026-11-02",
        registers=registered("privileged", 'owner = "payments"')
        + registered("restricted", 'owner = "jane"\nticket = "ask jane@example.com"').replace("platform", "jane@x.org")
        + ISSUER.replace('"J"', '"Jane Doe"')
        + PRESET
        + 'owner = "payments"\napproved_by = "Jane Doe"\napproved_on = 2026-11-02\nreason = "ask jane@example.com"\n',
        suppliers=SUPPLIER + 'owner = "payments"',
        soa='approved_by = "Jane Doe"\n' + LINE + 'control_owner = "Jane Doe"\nrisk_owner = "payments"',
        exceptions=EXCEPTION,
    ).redacted(REDACTOR)
    sealed = canonical.encode(held).decode()
    assert not [text for text in ("jane", "Jane", "payments", "Payments", "Sam Poe", "@") if text in sealed]
    assert held.redacted(REDACTOR) is held


def test_people_are_the_same_after_their_names_are_replaced() -> None:
    held = policy(exceptions=EXCEPTION)
    for one in (held, held.redacted(REDACTOR)):
        exception = one.exceptions.exception[0]
        owner = one.owner_of(exception.risk_owner)
        assert owner is not None
        assert owner.kind == "team"
        jane, full = ("jane", "Jane Doe") if one is held else map(REDACTOR.pseudonym, ("jane", "Jane Doe"))
        assert one.same_person(jane, full)
        assert not one.same_person(jane, exception.requester)
