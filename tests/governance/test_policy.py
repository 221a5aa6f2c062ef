"""What an organization may write into its policy, and what it is told when it wrote something else."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import pytest

from prooftrail.errors import ConfigError
from prooftrail.evidence.redaction import Redactor
from prooftrail.governance import FILES, Governance, loosened, parse
from prooftrail.governance.registers import Registers
from prooftrail.model import canonical

PRESETS = ("cdk-bootstrap", "control-tower", "stacksets", "organization-account-access")
SHIPPED = Path(__file__).parents[2] / "functions" / "governance"
REDACTOR = Redactor(b"k" * 32)
AT = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
OWNERS = """
[[owner]]
id = "payments"
name = "Payments team"
email = "payments@example.com"
deputy = "jane"
accounts = ["111122223333"]

[[owner]]
id = "jane"
name = "Jane Doe"
email = "jane@example.com"

[[assign]]
arn = "arn:aws:iam::*:user/jane@example.com"
owner = "jane"
purpose = "Ask ops@example.com"
class = "human"

[[account]]
id = "444455556666"
owner = "payments"
purpose = "Card processing"
"""
EXCLUSION = """
[[exclude]]
account = "111122223333"
reason = "sandbox"
approved_by = "Jane Doe"
approved_on = 2026-11-01
expires_on = 2026-11-30
"""


def scope(text: str) -> Governance:
    return parse({"scope.toml": text.encode()})


def owners(text: str) -> Governance:
    return parse({"owners.toml": text.encode()})


def excluding(what: str = 'account = "111122223333"', approved: str = "2026-11-01", expires: str | None = None) -> str:
    until = f"\nexpires_on = {expires}" if expires else ""
    return f'[[exclude]]\n{what}\nreason = "r"\napproved_by = "J"\napproved_on = {approved}{until}\n'


def test_without_files_the_defaults_stand_and_it_says_so() -> None:
    policy = parse({})
    assert policy.absent == FILES
    *others, last = FILES
    assert policy.notes == (
        *(f"{name} is absent: its built-in defaults apply" for name in others),
        f"{last} is absent: nothing is sent, and what would be is planned all the same",
    )
    assert policy.scope.tags.owner[0] == "owner"


def test_the_files_that_are_shipped_are_the_defaults() -> None:
    shipped = parse({name: (SHIPPED / name).read_bytes() for name in FILES})
    presets = shipped.registers.preset
    assert {one.name: one.enabled for one in presets} == dict.fromkeys(PRESETS, False)
    assert msgspec.structs.replace(shipped, absent=FILES, registers=Registers()) == parse({})
    assert loosened(parse({}), shipped) == ()


def test_the_examples_in_the_files_that_are_shipped_are_valid() -> None:
    code = re.compile(r"^# (?=\[\[?[\w.]+\]|\w+ = |\]|  \{)", re.M)
    policy = parse({name: code.sub("", (SHIPPED / name).read_text()).encode() for name in FILES})
    assert policy.owners.assign[0].cls == "non-human"
    assert policy.scope.exclude[0].account == "111122223333"
    assert policy.registers.break_glass[0].drills
    assert policy.thresholds.environments.assign[1].environment == "nonprod"
    assert policy.exceptions.exception[0].compensating[1].control == "IDC-20"
    assert policy.soa.line[0].control == "A.5.18"
    assert policy.owners.owner[0].deputy == "jane"
    assert [one.tier for one in policy.notices.opened] == ["critical", "high"]
    assert policy.notices.jurisdiction[0].accounts == ("444455556666",)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[tag]", "scope.toml, line 1: unknown key 'tag'; did you mean tags?"),
        ("[tags]\nowners = ['o']", "scope.toml, line 2: tags: unknown key 'owners'; did you mean owner?"),
        ("[tags]\nowner = 'o'", "scope.toml, line 2: tags.owner: write a list in square brackets"),
        ("[tags]\nowner = ['']", "scope.toml, line 2: tags.owner, entry 1: it may not be empty"),
        ("[tags]\nowner = [1]", "scope.toml, line 2: tags.owner, entry 1: write it as text in quotes"),
        ("tags = 1", "scope.toml, line 1: tags: write a table, like [tags]"),
        ("[tags]\nowner = ['team']\npurpose = ['Team']", "the tag key 'Team' stands twice (first in tags.owner)"),
        ("[tags]\nhuman = ['x']\nnon_human = ['X']", "the class value 'X' stands twice"),
        ("[[exclude]]\nreason = 'r'", "scope.toml, line 1: exclude, entry 1: approved_by is missing; add it"),
        (
            excluding("account = '12'"),
            "scope.toml, line 2: exclude, entry 1: account: an account id is twelve digits in quotes",
        ),
        (excluding("account = 12"), "scope.toml, line 2: exclude, entry 1: account: write it as text in quotes"),
        (
            excluding("ou = 'Sandbox'"),
            "scope.toml, line 2: exclude, entry 1: ou: an organizational unit's id looks like",
        ),
        (excluding(""), "scope.toml, line 1: exclude, entry 1: give either account or ou"),
        (excluding("account = '111122223333'\nou = 'ou-ab12-cdefgh34'"), "exclude, entry 1: give either account or ou"),
        (
            excluding() + excluding(),
            "scope.toml, line 6: exclude, entry 2: the exclusion 'account 111122223333' stands twice",
        ),
        (excluding(approved="'soon'"), "approved_on: write a date without quotes, like 2026-11-22"),
        (excluding(approved="2026-11-31"), "scope.toml is no TOML"),
        (excluding(expires="2026-10-31"), "expires_on 2026-10-31 lies before approved_on 2026-11-01"),
        ("[[exclude]", "scope.toml is no TOML"),
        ("[name_hints]\nhuman = ['*@example.com']", "has a wildcard beside an @, which can never match"),
    ],
)
def test_what_is_wrong_in_the_scope_is_named_with_its_key_and_the_fix(text: str, says: str) -> None:
    with pytest.raises(ConfigError) as wrong:
        scope(text)
    assert says in str(wrong.value)


OWNER = "[[owner]]\nid = 'a'\nname = 'A'\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (OWNER + OWNER, "the owner id, name or e-mail 'a' stands twice"),
        (OWNER + "[[owner]]\nid = 'b'\nname = 'A '", "'a' stands twice"),
        (
            OWNER + "deputy = 'z'",
            "owners.toml, line 4: owner, entry 1: deputy: names 'z', and no [[owner]] has that id",
        ),
        (OWNER + "manager = 'A'", "manager is the owner itself"),
        ("[[assign]]\nid = 'AIDA'\nowner = 'z'", "owners.toml, line 3: assign, entry 1: owner: names 'z'"),
        ("[[assign]]\nid = 'AIDA'", "owners.toml, line 1: assign, entry 1: says nothing"),
        ("[[assign]]\npurpose = 'p'", "match by exactly one of id, arn, family, or account and name together"),
        ("[[assign]]\naccount = '111122223333'\npurpose = 'p'", "match by exactly one of"),
        ("[[assign]]\nid = 'x'\nfamily = 'y'\npurpose = 'p'", "match by exactly one of"),
        ("[[assign]]\narn = '*'\npurpose = 'p'", "assign, entry 1: arn: an ARN pattern begins with 'arn:'"),
        ("[[assign]]\nid = 'x'\nclass = 'robot'", "assign, entry 1: class: a class is 'human' or 'non-human'"),
        ("[[assign]]\nid = 'x'\npurpose = 'p'\n" * 2, "the match 'id x' stands twice"),
        ("[[assign]]\narn = 'arn:aws:iam::*:user/*@x.org'\npurpose = 'p'", "has a wildcard beside an @"),
        ("[[account]]\nid = '111122223333'", "owners.toml, line 1: account, entry 1: says nothing"),
        (
            OWNER + "accounts = ['111122223333']\n[[account]]\nid = '111122223333'\nowner = 'a'",
            "an account has one owner",
        ),
    ],
)
def test_what_is_wrong_in_the_owners_is_named_with_its_key_and_the_fix(text: str, says: str) -> None:
    with pytest.raises(ConfigError) as wrong:
        owners(text)
    assert says in str(wrong.value)


def test_a_file_of_another_name_is_an_error() -> None:
    with pytest.raises(ConfigError, match=r"limits.toml is no governance file of this version"):
        parse({"limits.toml": b""})


def test_a_file_that_is_no_text_is_an_error() -> None:
    with pytest.raises(ConfigError, match=r"scope.toml is no UTF-8 text"):
        parse({"scope.toml": b"\xff\xfe"})


@pytest.mark.parametrize(
    ("at", "holds"),
    [
        (datetime(2026, 10, 31, 23, 59, 59, tzinfo=UTC), False),
        (datetime(2026, 11, 1, 0, 0, tzinfo=UTC), True),
        (datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC), True),
        (datetime(2026, 12, 1, 0, 0, tzinfo=UTC), False),
    ],
)
def test_an_exclusion_holds_from_its_approval_through_the_end_of_its_last_day(at: datetime, holds: bool) -> None:
    assert (scope(EXCLUSION).excluded("111122223333", (), at) is not None) is holds


def test_an_account_is_excluded_by_itself_or_by_its_organizational_unit() -> None:
    by_unit = scope(excluding('ou = "ou-ab12-cdefgh34"'))
    found = by_unit.excluded("999999999999", ("r-ab12", "ou-ab12-cdefgh34"), AT)
    assert found is not None
    assert found.subject == "organizational unit ou-ab12-cdefgh34"
    assert by_unit.excluded("999999999999", ("ou-ab12-zzzzzzzz",), AT) is None


def test_the_digest_does_not_depend_on_comments_or_layout() -> None:
    assert scope(EXCLUSION).digest == scope("# said\n" + EXCLUSION.replace("\n", "\n\n")).digest
    assert scope(EXCLUSION).digest != scope(EXCLUSION.replace("2026-11-30", "2026-12-30")).digest


def test_a_redacted_policy_holds_nobody_s_name_or_address() -> None:
    policy = parse({"owners.toml": OWNERS.encode(), "scope.toml": EXCLUSION.encode()}).redacted(REDACTOR)
    sealed = canonical.encode(policy).decode()
    assert not [text for text in ("jane", "Jane", "payments", "Payments", "@") if text in sealed]


def test_a_redacted_policy_matches_by_pseudonym() -> None:
    policy = owners(OWNERS).redacted(REDACTOR)
    jane = policy.owners.owner[1]
    assert jane.id == REDACTOR.pseudonym("jane")
    assert policy.owners.owner[0].deputy == jane.id
    assert policy.owners.assign[0].owner == jane.id
    assert policy.owners.assign[0].arn == REDACTOR.text("arn:aws:iam::*:user/jane@example.com")


def test_a_placeholder_counts_as_none_by_its_pseudonym_too() -> None:
    policy = scope("[tags]\nplaceholders = ['changeme']").redacted(REDACTOR)
    for value in ("n/a", "TBD", "ChangeMe"):
        assert REDACTOR.pseudonym(value) in policy.placeholders
    assert "" in policy.placeholders


def test_redacting_twice_changes_nothing() -> None:
    once = owners(OWNERS).redacted(REDACTOR)
    assert once.redacted(REDACTOR) is once


def test_a_sealed_policy_reads_back_as_itself() -> None:
    policy = parse({"owners.toml": OWNERS.encode(), "scope.toml": EXCLUSION.encode()}).redacted(REDACTOR)
    assert canonical.decode(canonical.encode(policy), Governance) == policy


STAYS = "account 111122223333 stays excluded longer"


def test_the_same_policy_is_not_looser_than_itself() -> None:
    policy = parse({"owners.toml": OWNERS.encode(), "scope.toml": EXCLUSION.encode()})
    assert loosened(policy, policy) == ()


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("", EXCLUSION, "account 111122223333 is now excluded until 2026-11-30: sandbox"),
        (EXCLUSION, EXCLUSION.replace("2026-11-30", "2026-12-01"), f"{STAYS}, until 2026-12-01"),
        (EXCLUSION, EXCLUSION.replace("expires_on = 2026-11-30", ""), f"{STAYS}, without an end"),
        ("", "[ci]\nissuers = ['git.example.com']", "git.example.com became an issuer of build pipelines"),
        ("[tags]\nowner = ['owner']", "[tags]\nowner = ['by', 'owner']", "tag by now names an owner"),
        ("[tags]\nplaceholders = ['changeme']", "", "the value 'changeme' now counts"),
    ],
)  # fmt: skip
def test_a_policy_that_asks_less_is_said_to(before: str, after: str, says: str) -> None:
    assert loosened(scope(before), scope(after)) == (says,)


def test_declaring_something_non_human_asks_less_of_it() -> None:
    after = owners("[[assign]]\nid = 'AIDAX'\nclass = 'non-human'")
    assert loosened(parse({}), after) == ("id AIDAX is now declared non-human",)


def test_a_policy_that_asks_more_is_not_loosened() -> None:
    assert loosened(scope(EXCLUSION), scope("")) == ()
    assert loosened(scope(EXCLUSION), scope(EXCLUSION.replace("2026-11-30", "2026-11-02"))) == ()


def test_dates_are_days() -> None:
    assert scope(EXCLUSION).scope.exclude[0].expires_on == date(2026, 11, 30)
