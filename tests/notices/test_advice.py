"""The advice: every control that can fail has some for every kind, and no name ever becomes a command."""

import json
import re
import shlex
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import jmespath
import pytest
from botocore import xform_name
from botocore.model import ListShape, OperationModel, Shape, StructureShape
from moto import mock_aws
from typer.main import get_command

from prooftrail.cli.main import app
from prooftrail.controls import parsing
from prooftrail.controls.catalog import Control
from prooftrail.model.identity import Kind
from prooftrail.model.judgement import SubjectType
from prooftrail.notices import advice
from prooftrail.notices.advice import Advice, Step
from prooftrail.notices.grouping import Thing, Told
from prooftrail.notices.line import fields_of, label, line

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
    return one.do if isinstance(one.undo, str) else (*one.do, *one.undo)


def runs(one: Advice) -> list[str]:
    """Its commands, in order."""
    return [step.run for step in one.do if step.run]


EVERY = [(control.id, one) for control in TESTABLE for one in advice.every()[control.id].advice]


@pytest.mark.parametrize("control", TESTABLE, ids=lambda one: one.id)
def test_every_control_that_can_fail_has_advice_for_every_kind(control: Control) -> None:
    for kind in kinds(control):
        found = advice.advise(control.id, kind, limit=None, reason="")
        assert found in advice.every()[control.id].advice, kind
        assert (found.limit, found.says) == (None, ())
        assert found.do


@pytest.mark.parametrize("control", TESTABLE, ids=lambda one: one.id)
def test_every_command_can_be_filled_in_for_every_kind_it_is_for(control: Control) -> None:
    for kind in kinds(control):
        fields = example(control.id, kind)
        for one in advice.every()[control.id].advice:
            if (
                not one.of(kind)
                or advice.advise(control.id, kind, limit=one.limit, reason=(*one.says, "")[0]) is not one
            ):
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
    controls = Path(parsing.__file__).parent
    written = "\n".join(one.read_text() for one in sorted(controls.rglob("*.py")))
    made = {
        "delete them; the root signs in with a password and without MFA",  # two parts of one reason
        "for bedrock.amazonaws.com",  # the service is AWS's word
        "for logs.amazonaws.com",
        "no drill or incident of that day",
    }
    looked_for = {words for _, one in EVERY for words in one.says}
    assert sorted(words for words in looked_for - made if words not in written) == []


def test_each_entry_says_why_and_how_to_undo_it() -> None:
    for control, one in EVERY:
        assert one.why or advice.of_control(control).why
        assert one.undo if isinstance(one.undo, str) else all(step.run or step.say for step in one.undo)
        assert advice.of_control(control).neutral.endswith(".")


@pytest.mark.parametrize("control", TESTABLE, ids=lambda one: one.id)
def test_aws_takes_every_command_of_a_control(control: Control) -> None:
    for kind in kinds(control):
        fields = example(control.id, kind)
        for one in advice.every()[control.id].advice:
            for step in steps(one) if one.of(kind) else ():
                words = advice.typed(step.run, fields) if step.run.startswith("aws ") else None
                assert words is None or refused(shlex.split(" ".join(words))) == [], step.run


_OPTIONS = {"--region": "", "--query": "", "--output": ""}
_REGIONAL = ("secretsmanager", "sso-admin", "elbv2")
_PLACEHOLDER = re.compile(r"[A-Z][A-Z-]+")


def refused(words: list[str]) -> list[str]:
    """What the service model of AWS has against a command: no such operation or option, one missing, a wrong value."""
    command = words[: words.index(">")] if ">" in words else words
    _, service, name, *rest = command
    operation = operations(service).get(name)
    if operation is None:
        return [f"{service} has no {name}"]
    taken = operation.input_shape
    members = {f"--{xform_name(member, '-')}": shape for member, shape in taken.members.items()} if taken else {}
    given = dict(options(rest))
    needed = {f"--{xform_name(one, '-')}" for one in (taken.required_members if taken else ())}
    needed |= {"--region"} if service in _REGIONAL else set()
    found = [f"{name} needs {one}" for one in sorted(needed - set(given))]
    found += [f"{name} has no {one}" for one in given if one not in members and one not in _OPTIONS]
    jmespath.compile(given.get("--query", ["@"])[0])
    return found + [
        f"{one} {value}" for one, values in given.items() if one in members for value in values
        if not fits(value, members[one])
    ]  # fmt: skip


@cache
def operations(service: str) -> dict[str, OperationModel]:
    """The operations of a service, as the CLI spells them."""
    model = botocore.session.get_session().get_service_model(service)
    return {xform_name(one, "-"): model.operation_model(one) for one in model.operation_names}


def options(words: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Each option with its values."""
    at = [place for place, word in enumerate(words) if word.startswith("--")]
    assert words[: at[0] if at else len(words)] == []
    for place, end in zip(at, [*at, len(words)][1:], strict=True):
        assert end > place + 1, words
        yield words[place], words[place + 1 : end]


def fits(value: str, shape: Shape) -> bool:
    """True if the service takes such a value; WORDS IN CAPITALS are filled in by the reader."""
    if isinstance(shape, ListShape):
        return fits(value, shape.member)
    if isinstance(shape, StructureShape):
        return all(pair.partition("=")[0] in shape.members for pair in value.split(","))
    if getattr(shape, "enum", None):
        return value in shape.enum
    if shape.type_name in ("integer", "long"):
        return value.isdecimal() or bool(_PLACEHOLDER.fullmatch(value))
    return shape.type_name == "string"


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("aws iam shut-role --role-name x", ["iam has no shut-role"]),
        ("aws iam get-role", ["get-role needs --role-name"]),
        ("aws iam get-role --role-name x --force x", ["get-role has no --force"]),
        ("aws iam update-access-key --access-key-id x --status Off", ["--status Off"]),
        ("aws secretsmanager rotate-secret --secret-id x", ["rotate-secret needs --region"]),
        ("aws iam tag-role --role-name x --tags Name=a,Value=b", ["--tags Name=a,Value=b"]),
        ("aws iam update-role --role-name x --max-session-duration PT1H", ["--max-session-duration PT1H"]),
        ("aws iam tag-role --role-name x --tags Key=a,Value=b > file", []),
    ],
)
def test_a_command_aws_would_refuse_is_found(command: str, why: list[str]) -> None:
    assert refused(command.split()) == why


def test_every_command_of_this_tool_exists() -> None:
    group: Any = get_command(app)
    for control, one in EVERY:
        for step in steps(one):
            words = step.run.split()
            if not words or words[0] != "prooftrail":
                assert not words or words[0] == "aws", step.run
                continue
            found = group.commands[words[1]]
            rest = words[2:]
            if hasattr(found, "commands"):
                found, rest = found.commands[words[2]], words[3:]
            found.make_parser(found.context_class(found)).parse_args(list(rest))
            needed = [param.name for param in found.params if param.required]
            assert len(rest) >= len(needed), (control, step.run)


_DELETES = re.compile(r"\bdelete\b", re.IGNORECASE)
_PROVEN = re.compile(r"\b(nothing|nobody|all)\b.* for \d+ days\b")
_OFF = re.compile(
    r"--status Inactive|AWSDenyAll|delete-login-profile|modify-listener|Deactivate|[Ss]witch (it|each|its keys|that)\b.* off"
)
_FINAL = tuple(f"delete-{one}" for one in ("access-key", "service-specific-credential", "signing-certificate"))


def final(step: Step) -> bool:
    """True if it makes something go for good, by its command or in words."""
    operation = operation_of(step)
    return operation in (*_FINAL, "delete-server-certificate") or bool(_DELETES.search(step.say))


def operation_of(step: Step) -> str:
    """What its command does, in AWS's word."""
    return step.run.split()[2] if step.run.startswith("aws ") else ""


def test_nothing_is_deleted_before_it_was_switched_off() -> None:
    for control, one in EVERY:
        if one.limit == "delete_after_disabled_days":
            continue  # it is off
        for place, step in enumerate(one.do):
            if not final(step):
                continue
            before = " ".join(f"{each.say} {each.run}" for each in one.do[:place])
            aside = "delete it first" in step.say or "delete one that is switched off first" in step.say
            assert aside or _OFF.search(f"{before} {step.say}"), (control, step)
            assert aside or _PROVEN.search(step.say), (control, step)
            assert aside or operation_of(step) == "" or step.when == "later", (control, step)


def test_a_user_goes_only_after_its_keys_and_password_were_switched_off() -> None:
    found = 0
    for control, one in EVERY:
        for place, step in enumerate(one.do):
            if "delete the user" not in step.say:
                continue
            found += 1
            before = " ".join(each.run for each in one.do[:place])
            assert "update-access-key" in before or "holds no key" in step.say, control
            assert "delete-login-profile" in before or "without keys" in one.task, control
    assert found == 3


def test_the_first_step_never_deletes_what_is_on() -> None:
    for control, one in EVERY:
        first = next((step for step in one.do if step.run), None)
        operation = operation_of(first) if first else ""
        off = one.limit == "delete_after_disabled_days"
        kept = first is not None and "--recovery-window-in-days" in first.run
        password = operation == "delete-login-profile"  # AWS has no other switch for one
        assert off or kept or password or not operation.startswith(("delete-", "remove-")) or control == "IDC-27", one


_SAME = "the same with another value"
_UNDONE_BY: dict[str, tuple[str, ...]] = {
    "tag-user": ("untag-user",),
    "tag-role": ("untag-role",),
    "tag-resource": ("untag-resource",),
    "tag-open-id-connect-provider": ("untag-open-id-connect-provider",),
    "attach-role-policy": ("detach-role-policy",),
    "detach-role-policy": ("attach-role-policy",),
    "detach-user-policy": ("attach-user-policy",),
    "delete-user-policy": ("put-user-policy",),
    "add-user-to-group": ("remove-user-from-group",),
    "remove-user-from-group": ("add-user-to-group",),
    "put-user-permissions-boundary": ("delete-user-permissions-boundary", _SAME),
    "put-role-permissions-boundary": ("delete-role-permissions-boundary", _SAME),
    "remove-client-id-from-open-id-connect-provider": ("add-client-id-to-open-id-connect-provider",),
    "update-access-key": (_SAME,),
    "update-service-specific-credential": (_SAME,),
    "update-signing-certificate": (_SAME,),
    "update-saml-provider": (_SAME,),
    "update-permission-set": (_SAME,),
    "update-role": (_SAME,),
    "modify-listener": (_SAME,),
    "provision-permission-set": ("provision-permission-set",),
    "create-access-key": ("update-access-key",),
    "create-service-specific-credential": ("update-service-specific-credential",),
    "upload-server-certificate": ("delete-server-certificate",),
    "delete-login-profile": ("nable console access",),
    "delete-secret": ("restore-secret",),
    "remove-regions-from-replication": ("replicate-secret-to-regions",),
    "rotate-secret": ("update-secret-version-stage",),
}
"""What gives back the state before each operation that changes one; of several either does."""


def undoing(one: Advice) -> list[str]:
    """Its undo: each command and each sentence."""
    if isinstance(one.undo, str):
        return [one.undo]
    return [text for step in one.undo for text in (step.run, step.say) if text]


def test_every_step_that_changes_something_is_undone() -> None:
    for control, one in EVERY:
        said = undoing(one)
        for step in one.do:
            operation = operation_of(step)
            if not operation or operation.startswith(("get-", "list-", "describe-")) or final(step):
                continue
            same = any(text.split()[2:3] == [operation] and text != step.run for text in said)
            known = _UNDONE_BY[operation]
            assert (_SAME in known and same) or any(words in text for words in known for text in said), (control, step)


def test_a_trust_that_is_edited_was_kept_and_is_put_back() -> None:
    for control, one in EVERY:
        if not any("Edit trust policy" in step.say for step in one.do):
            continue
        first = next(step for step in one.do if step.run)
        assert operation_of(first) == "get-role", control
        kept = first.run.rpartition(" > ")[2]
        assert any(text.endswith(f"--policy-document file://{kept}") for text in undoing(one)), control


def test_what_is_kept_is_put_back_and_no_other_thing_or_day_writes_to_it() -> None:
    kept = [(control, one, step.run) for control, one in EVERY for step in one.do if " > " in step.run]
    for control, one, run in kept:
        name = run.rpartition(" > ")[2]
        assert {"{account}", "{today}"} <= set(re.findall(r"\{\w+\}", name)), run
        assert "{name}" in name or "{user}" in name or control == "IDC-12", run
        assert "--output" in run
        assert any(name in text for text in undoing(one)), run
    writers = Counter((control, run.rpartition(" > ")[2]) for control, _, run in kept)
    by_name: dict[str, set[str]] = {}
    for control, name in writers:
        by_name.setdefault(name, set()).add(control)
    assert {name: sorted(controls) for name, controls in by_name.items() if len(controls) > 1} == {}


def test_two_roles_keep_their_trust_apart() -> None:
    one = advice.advise("IDC-28", Kind.ROLE_WORKLOAD, limit=None, reason="")
    fields = example("IDC-28", Kind.ROLE_WORKLOAD)
    files = {(advice.typed(runs(one)[0], {**fields, "name": name}) or [])[-1] for name in ("a", "b")}
    assert files == {f"trust-{name}-{ACCOUNT}-28-2026-11-23.json" for name in ("a", "b")}


def test_what_is_asked_for_some_only_never_stands_without_its_words() -> None:
    for control, one in EVERY:
        for step in one.do:
            if step.run.startswith("aws ") and (step.say.startswith(("If ", "Else ")) or "?" in step.say):
                assert step.when == "if", (control, step)
            if step.run.startswith("aws ") and step.say.startswith(("When ", "Then ")):
                assert step.when == "later", (control, step)


def test_in_brief_a_choice_keeps_its_words_and_what_comes_later_is_left_out() -> None:
    told = (
        Step(say="Keep {name}.", run="aws keep {name}"),
        Step(say="Think."),
        Step(say="A person's? Call them.", when="if"),
        Step(say="Nobody needs it? Shut it.", run="aws shut {name}", when="if"),
        Step(say="When nothing broke, delete it.", run="aws delete {name}", when="later"),
        Step(say="Unsafe.", run="aws x {other}"),
    )
    assert advice.told_briefly(told, {"name": "n"}) == [
        "  1. aws keep n",
        "  3. A person's? Call them.",
        "  4. Nobody needs it? Shut it.",
        "     aws shut n",
    ]


def test_in_brief_words_alone_are_no_choice() -> None:
    told = (Step(say="Known?", when="if"), Step(say="Do it.", run="aws do {name}"))
    assert advice.told_briefly(told, {"name": "n"}) == ["  2. aws do n"]


def test_a_second_user_without_mfa_is_not_told_to_lose_its_password_unasked() -> None:
    one = advice.advise("IDC-11", Kind.USER, limit="mfa_required", reason="")
    told = " ".join(" ".join(advice.told_briefly(one.do, {"user": "ada"})).split())
    assert told == (
        "1. If a person signs in with it, leave the password, and let them assign a device: IAM > Users > ada > Security"
        " credentials > Assign MFA device. 2. If nobody does, remove the password. Its access keys go on working."
        " aws iam delete-login-profile --user-name ada"
    )


_HAS_OWNER = "Its owner is p-ada (known by its tag owner), but nobody wrote down what it is for: no tag says."
_LEFT = "Its owner p-ada (known by its tag owner) has left according to owners.toml: hand it over."
_PRESET = 'A landing-zone role: register the preset "cdk-bootstrap" in registers.toml, or restrict the role.'
_KEYS = "The root has access keys: delete them"
_NO_MFA = "the root signs in with a password and without MFA"


@pytest.mark.parametrize(
    ("control", "kind", "reason", "task"),
    [
        ("IDC-02", Kind.USER, _HAS_OWNER, "Write down what {what} is for"),
        ("IDC-02", Kind.ROLE_CICD, _HAS_OWNER, "Write down what {what} is for"),
        ("IDC-02", Kind.SECRET, _HAS_OWNER, "Write down what {what} is for"),
        ("IDC-02", Kind.OIDC_PROVIDER, _HAS_OWNER, "Write down what {what} is for"),
        ("IDC-02", Kind.PERMISSION_SET, _HAS_OWNER, "Write down what {what} is for"),
        ("IDC-02", Kind.USER, _LEFT, "Hand {what} over to a new owner"),
        ("IDC-02", Kind.ROLE_CICD, _LEFT, "Hand {what} over to a new owner"),
        ("IDC-02", Kind.SECRET, _LEFT, "Hand {what} over to a new owner"),
        ("IDC-02", Kind.OIDC_PROVIDER, _LEFT, "Hand {what} over to a new owner"),
        ("IDC-02", Kind.ROOT, _LEFT, "Hand account {account}, whose root this is, over to a new owner"),
        ("IDC-02", Kind.ROLE_CICD, "It has no owner: no tag.", "Name the owner of {what}"),
        ("IDC-02", Kind.ROLE_SSO, "It has no owner: no tag.", "Name the owner of {what}"),
        ("IDC-02", Kind.ROLE_CICD, _PRESET, "Register the preset of {what}"),
        ("IDC-20", Kind.ROLE_WORKLOAD, _PRESET, "Register the preset of {what}"),
        (
            "IDC-02",
            Kind.ROLE_CICD,
            'Its owner p-ada through the landing-zone preset "x", is not active any more.',
            "Name a new owner for the preset of {what}",
        ),
        (
            "IDC-20",
            Kind.ROLE_CICD,
            'It has the name of a role of the landing-zone preset "x" but trusts y.',
            "Settle why {what} has a landing zone's name",
        ),
        ("IDC-10", Kind.ROOT, f"{_KEYS}.", "Take the keys from the root of account {account}"),
        ("IDC-10", Kind.ROOT, f"{_KEYS}; {_NO_MFA}.", "Give the root of account {account} MFA, and take its keys"),
        ("IDC-10", Kind.ROOT, f"T{_NO_MFA[1:]}.", "Give the root of account {account} MFA"),
        (
            "IDC-12",
            None,
            "The account has no password policy, so AWS's default applies to 1 user with a password.",
            "Set a password policy for {what}",
        ),
        (
            "IDC-14",
            Kind.HUMAN_USER,
            "User ada is a person's and holds an active access key.",
            "Take the access keys from {what}: it is a person's",
        ),
        (
            "IDC-14",
            Kind.SERVICE_USER,
            "User ci is declared to be software's and has a password.",
            "Take the password from {what}: it is software's",
        ),
        (
            "IDC-16",
            Kind.SERVICE_SPECIFIC_CRED,
            "Credential A of user x for bedrock.amazonaws.com never expires.",
            "Replace {what} by one that expires",
        ),
        (
            "IDC-16",
            Kind.SERVICE_SPECIFIC_CRED,
            "Credential A of user x for codecommit.amazonaws.com never expires.",
            "Replace {what} by a role",
        ),
        ("IDC-32", None, "Exception e: it expired after 2026-11-01.", "Settle exception {name}, which has ended"),
        ("IDC-32", None, "Exception e: its requester approved it.", "Put exception {name} in order"),
        ("IDC-32", None, "Exception e holds through 2026-12-01.", "Retire exception {name} or renew it in time"),
    ],
)
def test_what_was_seen_decides_what_is_told(control: str, kind: Kind | None, reason: str, task: str) -> None:
    assert advice.advise(control, kind, limit=None, reason=reason).task == task


def test_a_known_owner_is_neither_overwritten_nor_taken_off() -> None:
    for kind in (Kind.USER, Kind.ROLE_CICD, Kind.SECRET, Kind.OIDC_PROVIDER):
        one = advice.advise("IDC-02", kind, limit=None, reason=_HAS_OWNER)
        assert "owner_tag" not in " ".join([*runs(one), *undoing(one)]), kind
        left = advice.advise("IDC-02", kind, limit=None, reason=_LEFT)
        assert any("Key={owner_tag},Value=OLD" in text for text in undoing(left)), kind


def test_an_end_date_is_asked_for_where_aws_has_one_only() -> None:
    for _, one in EVERY:
        for run in runs(one):
            service = re.search(r"--service-name (\S+)", run)
            assert not service or service[1] in ("bedrock.amazonaws.com", "logs.amazonaws.com"), run
            assert ("--credential-age-days" in run) is bool(service), run


def reached(kind: Kind) -> Iterator[Step]:
    """Every step anybody may be told of something of the kind, and of undoing it."""
    for control in TESTABLE:
        for one in advice.every()[control.id].advice if kind in tuple(kinds(control)) else ():
            if one.of(kind) and advice.advise(control.id, kind, limit=one.limit, reason=(*one.says, "")[0]) is one:
                yield from steps(one)


@pytest.mark.parametrize("kind", [Kind.ROLE_SSO, Kind.ROLE_SERVICE_LINKED])
def test_a_role_that_aws_owns_is_never_changed_itself(kind: Kind) -> None:
    found = [step.run for step in reached(kind) if step.run.startswith("aws ")]
    assert [run for run in found if not run.split()[2].startswith(("get-", "list-"))] == []


def test_the_root_is_no_user_and_no_role() -> None:
    found = " ".join(step.run for step in reached(Kind.ROOT))
    assert "aws organizations tag-resource" in found
    assert "--user-name" not in found
    assert "--role-name" not in found


def test_where_a_choice_goes_on_with_else_what_it_is_else_of_stands_with_it() -> None:
    for control, one in EVERY:
        for place, step in enumerate(one.do):
            if step.say.startswith("Else ") and step.run:
                assert any(each.when == "if" for each in one.do[:place]), (control, step)


def test_things_with_other_steps_are_never_told_as_the_same() -> None:
    for control in TESTABLE:
        keys = Counter(one.key for one in advice.every()[control.id].advice)
        assert max(keys.values()) == 1, control.id


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
        assert line(Thing(told=(Told(entry=an_entry(a_matter(kind=kind)), usage=True),)), a_scene()).task


def test_every_control_has_its_place_in_the_order() -> None:
    assert sorted(map(advice.rank, advice.every())) == list(range(len(TESTABLE)))
    assert advice.rank("IDC-99") == len(TESTABLE)


def test_what_is_settled_is_a_control_that_stands_behind() -> None:
    for control, one in EVERY:
        for other in one.settles:
            assert other == advice.ALL or advice.rank(other) > advice.rank(control), control


def test_a_task_in_short_reads_as_half_a_sentence() -> None:
    for control, one in EVERY:
        words = advice.in_short(one, example(control, Kind.ROLE_CICD), many=False)
        assert words[0].islower(), words
        assert "{" not in words
        assert "  " not in words


type Said = dict[str, str]
TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}]}
NARROW = {**TRUST, "Statement": [{**TRUST["Statement"][0], "Principal": {"AWS": ACCOUNT}}]}  # type: ignore[index,dict-item]
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}


class Shell:
    """A shell with the AWS CLI in it, against moto: it runs one command after the other, and has files."""

    def __init__(self, words: Said) -> None:
        self.iam: Any = botocore.session.get_session().create_client("iam", region_name="us-east-1")
        self.files: Said = {}
        self.words = words

    def run(self, *steps: Step, control: str, kind: Kind) -> None:
        """The steps, as their reader types them: WORDS IN CAPITALS filled in."""
        for step in steps:
            typed = advice.typed(step.run, example(control, kind)) or []
            self._run([self._filled(word) for word in shlex.split(" ".join(typed))])

    def _filled(self, word: str) -> str:
        return re.sub("|".join(sorted(self.words, key=len, reverse=True)) or "$^", lambda at: self.words[at[0]], word)

    def _run(self, words: list[str]) -> None:
        words, target = (words[:-2], words[-1]) if ">" in words else (words, "")
        operation = operations("iam")[words[2]]
        given = dict(options(words[3:]))
        query = given.pop("--query", ["@"])[0]
        for one in _OPTIONS:
            given.pop(one, None)
        shapes = {f"--{xform_name(name, '-')}": (name, shape) for name, shape in operation.input_shape.members.items()}
        asked = {shapes[name][0]: self._value(values, shapes[name][1]) for name, values in given.items()}
        found = getattr(self.iam, xform_name(operation.name))(**asked)
        if target:
            assert target not in self.files
            self.files[target] = json.dumps(jmespath.search(query, found))

    def _value(self, values: list[str], shape: Shape) -> Any:
        if isinstance(shape, ListShape):
            return [self._value([one], shape.member) for one in values]
        if isinstance(shape, StructureShape):
            return dict(pair.split("=", 1) for pair in values[0].split(","))
        (value,) = values
        if value.startswith("file://"):
            return self.files[value.removeprefix("file://")]
        return int(value) if shape.type_name == "integer" else value

    def state(self) -> Any:
        """All users and roles, with everything put on them."""
        found = self.iam.get_account_authorization_details()
        for one in found["UserDetailList"]:
            one["Keys"] = self.iam.list_access_keys(UserName=one["UserName"])["AccessKeyMetadata"]
            one["Boundary"] = self.iam.get_user(UserName=one["UserName"])["User"].get("PermissionsBoundary")
        for one in found["RoleDetailList"]:
            role = self.iam.get_role(RoleName=one["RoleName"])["Role"]
            one["Longest"], one["Boundary"] = role["MaxSessionDuration"], role.get("PermissionsBoundary")
        wanted = ("UserDetailList", "GroupDetailList", "RoleDetailList")
        return json.loads(json.dumps({name: found[name] for name in wanted}, default=str))


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """A user and a role called `name`, each with an owner, a policy and a boundary."""
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(variable, "testing")
    with mock_aws():
        made = Shell({"OWNER": "new", "OLD": "ada", "PURPOSE": "batch", "GROUP": "readers", "POLICY": "inline"})
        iam, document = made.iam, json.dumps(POLICY)
        mine, other = (iam.create_policy(PolicyName=one, PolicyDocument=document)["Policy"]["Arn"] for one in "ab")
        made.words |= {"POLICY-ARN": mine, "OLD-ARN": other, "SECONDS": "43200"}
        shut = iam.create_policy(PolicyName="AWSDenyAll", PolicyDocument=document)["Policy"]["Arn"]
        made.words["arn:aws:iam::aws:policy/AWSDenyAll"] = shut  # moto starts without AWS's own
        owner = [{"Key": "owner", "Value": "ada"}]
        iam.create_group(GroupName="readers")
        iam.create_user(UserName="name", Tags=owner, PermissionsBoundary=other)
        iam.attach_user_policy(UserName="name", PolicyArn=mine)
        iam.put_user_policy(UserName="name", PolicyName="inline", PolicyDocument=document)
        trust = json.dumps(TRUST)
        iam.create_role(RoleName="name", AssumeRolePolicyDocument=trust, Tags=owner, MaxSessionDuration=43200)
        iam.put_role_permissions_boundary(RoleName="name", PermissionsBoundary=other)
        yield made


@pytest.mark.parametrize(
    ("control", "kind", "reason", "chosen", "undone"),
    [
        ("IDC-02", Kind.USER, _HAS_OWNER, (0,), (0,)),
        ("IDC-02", Kind.ROLE_CICD, _HAS_OWNER, (0,), (0,)),
        ("IDC-02", Kind.USER, _LEFT, (0, 1), (0,)),
        ("IDC-02", Kind.ROLE_CICD, _LEFT, (0, 1), (0,)),
        ("IDC-08", Kind.ROLE_CICD, "", (0,), (0,)),
        ("IDC-20", Kind.USER, "", (1, 2, 3, 4), (0,)),
        ("IDC-22", Kind.ROLE_MIXED, "acts within the boundary a, which leaves that free", (1, 2), (0,)),
        ("IDC-23", Kind.USER, "", (0, 1, 2, 3, 4, 5), (0, 1, 2)),
        ("IDC-30", Kind.ROLE_CROSS_ACCOUNT, "", (0,), (0,)),
    ],
)
def test_undoing_gives_back_what_stood_before(
    shell: Shell, control: str, kind: Kind, reason: str, chosen: tuple[int, ...], undone: tuple[int, ...]
) -> None:
    one = advice.advise(control, kind, limit=None, reason=reason)
    assert not isinstance(one.undo, str)
    before = shell.state()
    shell.run(*(one.do[place] for place in chosen), control=control, kind=kind)
    assert shell.state() != before
    shell.run(*(one.undo[place] for place in undone), control=control, kind=kind)
    assert shell.state() == before


@pytest.mark.parametrize("control", ["IDC-14", "IDC-20", "IDC-26", "IDC-27", "IDC-28", "IDC-29"])
def test_a_trust_that_was_edited_comes_back(shell: Shell, control: str) -> None:
    one = advice.advise(control, Kind.ROLE_MIXED, limit=None, reason="and lets in" if control == "IDC-20" else "")
    assert not isinstance(one.undo, str)
    before = shell.state()
    shell.run(next(step for step in one.do if step.run), control=control, kind=Kind.ROLE_MIXED)
    shell.iam.update_assume_role_policy(RoleName="name", PolicyDocument=json.dumps(NARROW))
    shell.run(*(step for step in one.do if "AWSDenyAll" in step.run), control=control, kind=Kind.ROLE_MIXED)
    assert shell.state() != before
    shell.run(*(step for step in one.undo if step.run), control=control, kind=Kind.ROLE_MIXED)
    assert shell.state() == before
