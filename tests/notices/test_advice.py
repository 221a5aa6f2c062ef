"""The advice: every control that can fail has some for every kind, and no name ever becomes a command."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from prooftrail.controls import parsing
from prooftrail.controls.catalog import Control
from prooftrail.model.identity import Kind
from prooftrail.model.judgement import SubjectType
from prooftrail.notices import advice
from prooftrail.notices.advice import Advice, Step
from prooftrail.notices.text import Told as ToldEntry
from prooftrail.notices.text import fields_of, label, line

from .letters import ACCOUNT, DEFAULT, a_call, a_draft, a_matter, a_scene, an_entry, limit

CATALOG = parsing.parse(parsing.shipped())
TESTABLE = [one for one in CATALOG.controls if one.testable]
WHOLES = {SubjectType.ACCOUNT, SubjectType.ORGANIZATION, SubjectType.EXCEPTION}
ARNS = {
    Kind.ROOT: f"arn:aws:iam::{ACCOUNT}:root",
    Kind.ACCESS_KEY: f"arn:aws:iam::{ACCOUNT}:user/ci/deploy",
    Kind.SERVICE_SPECIFIC_CRED: f"arn:aws:iam::{ACCOUNT}:user/deploy",
    Kind.PERMISSION_SET: "arn:aws:sso:::permissionSet/ssoins-1234567890abcdef/ps-1234567890abcdef",
    Kind.SECRET: f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:name-AbCdEf",
    Kind.CERTIFICATE: f"arn:aws:iam::{ACCOUNT}:server-certificate/name",
    Kind.OIDC_PROVIDER: f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.example.com",
    Kind.SAML_PROVIDER: f"arn:aws:iam::{ACCOUNT}:saml-provider/name",
}


def kinds(control: Control) -> Iterator[Kind | None]:
    """The kinds a finding of the control may have; text with a credential in it may stand at any."""
    yield from tuple(Kind) if control.id == "IDC-18" else control.kinds
    if WHOLES & set(control.subject):
        yield None


def example(control: str, kind: Kind | None) -> advice.Fields:
    """What a finding of the kind tells a template."""
    known: dict[str, Any] = {} if kind else {"identity": None, "subject": ACCOUNT}
    sort = "user" if kind in advice.USERS else "role"
    arn = ARNS.get(kind, f"arn:aws:iam::{ACCOUNT}:{sort}/name") if kind else None
    matter = a_matter(
        control=control, kind=kind, arn=arn, name="name", limit=limit("max_session_hours", "4 hours"), **known
    )
    return fields_of(matter, a_scene())


def steps(one: Advice) -> tuple[Step, ...]:
    """Every step, and the one that undoes them."""
    return (*one.do, one.undo) if isinstance(one.undo, Step) else one.do


def runs(one: Advice) -> list[str]:
    """Its commands, in order."""
    return [step.run for step in one.do if step.run]


EVERY = [(control.id, one) for control in TESTABLE for one in advice.every()[control.id].advice]


@pytest.mark.parametrize("control", TESTABLE, ids=lambda one: one.id)
def test_every_control_that_can_fail_has_advice_for_every_kind(control: Control) -> None:
    for kind in kinds(control):
        found = advice.advise(control.id, kind, limit=None, reason="")
        assert found in advice.every()[control.id].advice, kind
        assert (found.limit, found.says) == (None, None)
        assert found.do


@pytest.mark.parametrize("control", TESTABLE, ids=lambda one: one.id)
def test_every_command_can_be_filled_in_for_every_kind_it_is_for(control: Control) -> None:
    for kind in kinds(control):
        fields = example(control.id, kind)
        for one in advice.every()[control.id].advice:
            if not one.of(kind) or advice.advise(control.id, kind, limit=one.limit, reason=one.says or "") is not one:
                continue
            for step in steps(one):
                assert not step.run or advice.typed(step.run, fields), (kind, step.run)
                assert "?" not in advice.filled(step.say.replace("?", ""), fields), (kind, step.say)


def test_no_advice_is_left_over() -> None:
    assert sorted(advice.every()) == [one.id for one in TESTABLE]


def test_every_limit_advice_names_is_one_of_its_control() -> None:
    limits = {one.id: set(one.thresholds) for one in TESTABLE}
    assert [(control, one.limit) for control, one in EVERY if one.limit and one.limit not in limits[control]] == []


def test_words_advice_looks_for_stand_in_a_check() -> None:
    checks = Path(parsing.__file__).parent / "checks"
    written = "\n".join(one.read_text() for one in sorted(checks.glob("*.py")))
    assert [(control, one.says) for control, one in EVERY if one.says and one.says not in written] == []


def test_each_entry_says_why_and_how_to_undo_it() -> None:
    for control, one in EVERY:
        assert one.why or advice.of_control(control).why
        assert one.undo if isinstance(one.undo, str) else one.undo.run
        assert advice.of_control(control).neutral.endswith(".")


def test_nothing_is_deleted_before_it_was_switched_off() -> None:
    for control, one in EVERY:
        first = runs(one)[0] if runs(one) else ""
        deleted_when_off = one.limit == "delete_after_disabled_days"
        recoverable = "--recovery-window-in-days" in first
        password = first.startswith("aws iam delete-login-profile")  # a password has no other switch
        assert " delete-" not in first or deleted_when_off or recoverable or password or control == "IDC-19", first


def test_what_says_how_it_is_used_has_a_quiet_reason() -> None:
    for control in ("IDC-07", "IDC-08"):
        told = advice.of_control(control)
        assert "use" not in told.quiet
        assert "use" not in told.neutral


def test_no_partition_is_written_down() -> None:
    text = Path(advice.__file__).with_name(advice.FILE).read_text()
    assert "arn:aws" not in text
    fields = {**example("IDC-08", Kind.ROLE_WORKLOAD), **advice.arn_fields("arn:aws-cn:iam::111122223333:role/name")}
    shut = advice.advise("IDC-08", Kind.ROLE_WORKLOAD, limit=None, reason="")
    assert (advice.typed(runs(shut)[0], fields) or [])[-1] == "arn:aws-cn:iam::aws:policy/AWSDenyAll"


def test_a_key_that_is_off_is_deleted_and_one_that_is_on_is_switched_off() -> None:
    off = advice.advise("IDC-07", Kind.ACCESS_KEY, limit="delete_after_disabled_days", reason="")
    used = advice.advise("IDC-07", Kind.ACCESS_KEY, limit="disable_after_days", reason="")
    assert runs(off)[0].startswith("aws iam delete-access-key ")
    assert "--status Inactive" in runs(used)[0]


def test_a_key_belongs_to_the_user_its_arn_names() -> None:
    told = advice.advise("IDC-15", Kind.ACCESS_KEY, limit="max_age_days", reason="")
    fields = {**example("IDC-15", Kind.ACCESS_KEY), "key": "AKIA1"}
    assert advice.typed(runs(told)[1], fields) == (
        ["aws", "iam", "update-access-key", "--access-key-id", "AKIA1", "--status", "Inactive", "--user-name", "deploy"]
    )


@pytest.mark.parametrize(
    "name",
    ["x; rm -rf /", "$(reboot)", "`id`", "a'b\"c", "a b", "&& true", "|sh", "*", "~root", "#x", "\\", "!!", "x>y"],
)
def test_a_hostile_name_is_one_quoted_word(name: str) -> None:
    found = advice.typed("aws iam get-role --role-name {name}", {"name": name})
    assert found is not None
    assert shlex.split(" ".join(found)) == ["aws", "iam", "get-role", "--role-name", name]


@pytest.mark.parametrize("name", ["-x", "--profile", "--endpoint-url=x"])
def test_a_name_that_looks_like_an_option_stays_a_value(name: str) -> None:
    found = advice.typed("aws iam get-role --role-name {name}", {"name": name})
    assert found == ["aws", "iam", "get-role", f"--role-name={name}"]


@pytest.mark.parametrize("name", ["", "a\nb", "a\x1b[31m", "a\u202eb", "ä", "file://x", "https://x", "x" * 301, "a\tb"])
def test_a_name_that_cannot_be_typed_gives_no_command(name: str) -> None:
    assert advice.typed("aws iam get-role --role-name {name}", {"name": name}) is None


def test_a_field_in_a_name_is_not_filled_in() -> None:
    found = advice.typed("x {name}{account}", {"name": "{account}", "account": "1"})
    assert found == ["x", "'{account}1'"]


def test_a_step_without_its_command_says_where_to_look() -> None:
    told = advice.told((Step(say="Shut {name}.", run="aws x {name}"),), {"name": "a\nb"})
    assert told[0] == "  1. Shut a?b."
    assert " ".join(" ".join(told).split()).endswith("Find it in the console, in the account under Where.)")


@pytest.mark.parametrize(
    ("kind", "begins"),
    [
        (Kind.HUMAN_USER, "aws iam tag-user --user-name name"),
        (Kind.ACCESS_KEY, "aws iam tag-user --user-name deploy"),
        (Kind.ROLE_CICD, "aws iam tag-role --role-name name"),
        (Kind.SECRET, "aws secretsmanager tag-resource --secret-id name --region eu-west-1"),
        (Kind.OIDC_PROVIDER, f"aws iam tag-open-id-connect-provider --open-id-connect-provider-arn {ARNS[Kind.OIDC_PROVIDER]}"),
        (Kind.ROLE_SSO, None),
        (Kind.PERMISSION_SET, None),
        (Kind.SAML_PROVIDER, None),
        (Kind.CERTIFICATE, None),
        (Kind.ROOT, None),
        (None, None),
    ],
)  # fmt: skip
def test_what_has_tags_that_are_read_is_tagged_as_somebody_elses(kind: Kind | None, begins: str | None) -> None:
    found = advice.not_mine(kind, example("IDC-02", kind))
    wanted = None if begins is None else [*begins.split(), "--tags", "Key=prooftrail:not-mine,Value=REASON"]
    assert found == wanted


def test_a_control_this_version_does_not_know_gets_general_advice() -> None:
    told = a_draft(a_call(a_matter(control="IDC-99"))).letter_text
    assert "Mend access key" in told
    assert DEFAULT.split(",", maxsplit=1)[0] in told


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Kind.ROLE_CICD, "role name"),
        (Kind.ROOT, f"the root of account {ACCOUNT}"),
        (Kind.ACCESS_KEY, "access key name of user deploy"),
        (Kind.CERTIFICATE, "server certificate name"),
        (None, f"account {ACCOUNT}"),
    ],
)
def test_a_thing_is_called_by_what_it_is(kind: Kind | None, words: str) -> None:
    known: dict[str, Any] = {} if kind else {"identity": None}
    matter = a_matter(kind=kind, name="name", **known)
    assert label(matter, example("IDC-02", kind)) == words


def test_every_kind_has_a_noun() -> None:
    for kind in Kind:
        assert line(ToldEntry(entry=an_entry(a_matter(kind=kind)), usage=True), a_scene()).task
