"""What becomes of verdicts about roles a landing zone rolled out, and of those that only look like them (ruling 16)."""

from datetime import date
from typing import Any

import msgspec
import pytest

from prooftrail.controls.case import Case
from prooftrail.controls.landing_zone import folded, recognised
from prooftrail.controls.verdict import Verdict
from prooftrail.evidence.context import Context
from prooftrail.governance import Governance, Owner, Owners
from prooftrail.governance.registers import Preset, Registers
from prooftrail.model.identity import Identity, Kind, Known, Rung
from prooftrail.model.judgement import PrivilegeClass, ResultStatus, SubjectType
from prooftrail.model.organization import DelegatedAdministrator, OrganizationFacts
from prooftrail.model.reading import Cell, CellStatus, Collector
from tests.builders import ACCOUNT, MANAGEMENT, MEMBER, REGION, STRANGER, account_root, service, statement
from tests.builders.judging import a_case, a_context
from tests.builders.judging_trust import a_preset, registering, trusting
from tests.builders.snapshots import an_identity

PASS, FAIL, NA, NT = ResultStatus.PASS, ResultStatus.FAIL, ResultStatus.NOT_APPLICABLE, ResultStatus.NOT_TESTED
ADMIN, LIMITED = PrivilegeClass.ADMIN, PrivilegeClass.WRITE_LIMITED
CDK = f"cdk-hnb659fds-{{}}-role-{ACCOUNT}-{REGION}"
OWN, BOSS = account_root(ACCOUNT), account_root(MANAGEMENT)
READ = Cell(
    account=MANAGEMENT, region="global", collector=Collector.DELEGATED_ADMINISTRATORS, status=CellStatus.OK, items=1
)
CONTROLS = ("IDC-02", "IDC-08", "IDC-15", "IDC-20", "IDC-21", "IDC-22", "IDC-26", "IDC-28", "IDC-30")
STACKSETS = (
    "role/aws-service-role/stacksets.cloudformation.amazonaws.com/AWSServiceRoleForCloudFormationStackSetsOrgAdmin"
)


def with_administrators(context: Context, *accounts: str) -> Context:
    delegated = tuple(DelegatedAdministrator(account=one, services=("member.org.stacksets",)) for one in accounts)
    return msgspec.structs.replace(context, delegated_administrators=delegated, cells=(*context.cells, READ))


def the_role(
    name: str,
    *trust: dict[str, Any],
    path: str = "/",
    privilege: PrivilegeClass = ADMIN,
    at_most: PrivilegeClass | None = None,
    context: Context | None = None,
    **known: Any,
) -> tuple[Case, Identity]:
    return trusting(
        *trust,
        role={"name": name, "path": path},
        privilege=privilege,
        at_most=at_most,
        context=context or with_administrators(a_context()),
        **known,
    )


def a_verdict(identity: Identity, status: ResultStatus = FAIL) -> Verdict:
    return Verdict(
        subject=identity.id,
        subject_type=SubjectType.PRINCIPAL,
        identity=identity.id,
        status=status,
        reason="As judged.",
    )


def after(held: tuple[Case, Identity], status: ResultStatus = FAIL) -> dict[str, ResultStatus]:
    case, identity = held
    return {one: folded(case, one, a_verdict(identity, status)).status for one in CONTROLS}


def reason(held: tuple[Case, Identity], control: str, status: ResultStatus = FAIL) -> str:
    return folded(held[0], control, a_verdict(held[1], status)).reason


@pytest.mark.parametrize(
    ("name", "path", "trust", "preset"),
    [
        (CDK.format("cfn-exec"), "/", service("cloudformation"), "cdk-bootstrap"),
        (CDK.format("deploy"), "/", OWN, "cdk-bootstrap"),
        ("AWSControlTowerExecution", "/", BOSS, "control-tower"),
        ("AWSControlTowerAdmin", "/service-role/", service("controltower"), "control-tower"),
        ("AWSControlTowerStackSetRole", "/service-role/", service("cloudformation"), "control-tower"),
        ("aws-controltower-AdministratorExecutionRole", "/", account_root(MEMBER), "control-tower"),
        ("AWSCloudFormationStackSetAdministrationRole", "/", service("cloudformation"), "stacksets"),
        ("AWSCloudFormationStackSetExecutionRole", "/", BOSS, "stacksets"),
        ("stacksets-exec-0123456789abcdef0123456789abcdef", "/", BOSS, "stacksets"),
        (
            "stacksets-exec-0123456789abcdef0123456789abcdef",
            "/",
            statement({"AWS": f"arn:aws:iam::{MANAGEMENT}:{STACKSETS}"}),
            "stacksets",
        ),
        ("OrganizationAccountAccessRole", "/", BOSS, "organization-account-access"),
    ],
)
def test_a_powerful_landing_zone_role_is_judged_once(name: str, path: str, trust: Any, preset: str) -> None:
    context = with_administrators(a_context(), MEMBER)
    held = the_role(name, trust, path=path, context=context)
    assert after(held) == {**dict.fromkeys(CONTROLS, NA), "IDC-20": FAIL}
    assert preset in reason(held, "IDC-20")
    assert "register the preset" in reason(held, "IDC-20")


@pytest.mark.parametrize(
    ("name", "path", "trust"),
    [
        (CDK.format("file-publishing"), "/", OWN),
        (CDK.format("image-publishing"), "/", OWN),
        (CDK.format("lookup"), "/", OWN),
        ("aws-controltower-ForwardSnsNotificationRole", "/service-role/", service("lambda")),
        ("aws-controltower-ConfigRecorderRole", "/", service("config")),
    ],
)
def test_a_landing_zone_role_of_little_power_is_judged_once_by_its_owner(name: str, path: str, trust: Any) -> None:
    held = the_role(name, trust, path=path, privilege=LIMITED)
    assert after(held) == {**dict.fromkeys(CONTROLS, NA), "IDC-02": FAIL}


def test_what_passes_on_its_one_control_needs_no_preset() -> None:
    held = the_role(CDK.format("lookup"), OWN, privilege=LIMITED)
    assert after(held, PASS) == {**dict.fromkeys(CONTROLS, NA), "IDC-02": PASS}


def test_a_service_of_another_partition_is_the_same_service() -> None:
    trust = statement({"Service": "cloudformation.amazonaws.com.cn"})
    assert after(the_role(CDK.format("cfn-exec"), trust))["IDC-15"] is NA


@pytest.mark.parametrize(
    ("name", "path", "trust"),
    [
        (CDK.format("deploy"), "/", (OWN, account_root(STRANGER))),
        (CDK.format("deploy"), "/", (OWN, account_root(MEMBER))),
        (CDK.format("deploy"), "/", (statement("*"),)),
        (CDK.format("cfn-exec"), "/", (service("lambda"),)),
        (CDK.format("cfn-exec"), "/", (service("cloudformation"), OWN)),
        ("AWSControlTowerExecution", "/", (account_root(MEMBER),)),
        ("AWSControlTowerAdmin", "/service-role/", (statement({"Service": "controltower.amazonaws.com.evil.com"}),)),
        ("stacksets-exec-0123456789abcdef0123456789abcdef", "/", (account_root(MEMBER),)),
        ("OrganizationAccountAccessRole", "/", (account_root(STRANGER),)),
        ("OrganizationAccountAccessRole", "/", (BOSS, account_root(MEMBER))),
    ],
)
def test_a_lookalike_that_trusts_anybody_else_earns_nothing(name: str, path: str, trust: tuple[Any, ...]) -> None:
    held = the_role(name, *trust, path=path)
    assert after(held) == dict.fromkeys(CONTROLS, FAIL)
    assert "has the name of a role of the landing-zone preset" in reason(held, "IDC-20")
    assert "trusts" in reason(held, "IDC-20")
    assert after(held, PASS) == {**dict.fromkeys(CONTROLS, PASS), "IDC-20": FAIL}


READER, AUDITOR = "aws-controltower-ReadOnlyExecutionRole", "aws-controltower-AuditReadOnlyRole"


def role_of(account: str, name: str = AUDITOR) -> dict[str, Any]:
    return statement({"AWS": f"arn:aws:iam::{account}:role/{name}"})


def test_a_role_for_the_audit_account_is_judged_once_and_says_which_account_to_list() -> None:
    held = the_role(READER, role_of(MEMBER), privilege=LIMITED)
    assert after(held) == {**dict.fromkeys(CONTROLS, NA), "IDC-02": FAIL}
    assert reason(held, "IDC-02") == (
        f'A landing-zone role: register the preset "control-tower" in registers.toml with {MEMBER} under accounts, '
        "or restrict the role."
    )
    assert after(held, PASS)["IDC-02"] is FAIL, "nobody has vouched for the account yet"


@pytest.mark.parametrize(
    ("name", "trusted"),
    [
        ("aws-controltower-AdministratorExecutionRole", "aws-controltower-AuditAdministratorRole"),
        ("AWSCloudFormationStackSetExecutionRole", "AWSCloudFormationStackSetAdministrationRole"),
    ],
)
def test_a_powerful_role_for_another_account_inside_is_judged_once(name: str, trusted: str) -> None:
    held = the_role(name, role_of(MEMBER, trusted))
    assert after(held) == {**dict.fromkeys(CONTROLS, NA), "IDC-20": FAIL}
    assert f"with {MEMBER} under accounts" in reason(held, "IDC-20")


def test_a_preset_that_lists_the_audit_account_registers_the_role() -> None:
    with_it = registered("control-tower", accounts=(MEMBER,))
    assert after(the_role(READER, role_of(MEMBER), privilege=LIMITED, context=with_it))["IDC-02"] is PASS
    without = the_role(READER, role_of(MEMBER), privilege=LIMITED, context=registered("control-tower"))
    assert after(without) == dict.fromkeys(CONTROLS, FAIL)
    assert f"{MEMBER}, which the preset does not list under accounts" in reason(without, "IDC-02")


@pytest.mark.parametrize(
    "trust",
    [
        (role_of(STRANGER),),
        (role_of(MEMBER, f"{AUDITOR}2"),),
        (role_of(MEMBER, f"team/{AUDITOR}"),),
        (role_of(MEMBER, "aws-controltower-AuditAdministratorRole"),),
        (account_root(MEMBER),),
        (role_of(MEMBER), account_root(MEMBER)),
        (statement({"AWS": [f"arn:aws:iam::{MEMBER}:role/{AUDITOR}", f"arn:aws:iam::{STRANGER}:role/{AUDITOR}"]}),),
    ],
)
def test_whoever_is_not_exactly_the_landing_zones_role_inside_makes_a_lookalike(trust: tuple[Any, ...]) -> None:
    held = the_role(READER, *trust, privilege=LIMITED)
    assert after(held) == dict.fromkeys(CONTROLS, FAIL)
    assert "has the name of a role of the landing-zone preset" in reason(held, "IDC-02")


def test_a_credential_in_plain_sight_is_no_matter_of_the_landing_zone() -> None:
    case, identity = the_role(CDK.format("deploy"), OWN)
    assert folded(case, "IDC-18", a_verdict(identity)).status is FAIL


@pytest.mark.parametrize(
    ("name", "path"),
    [
        (CDK.format("deploy") + "-tmp", "/"),
        (f"cdk-hnb659fds-deploy-role-{STRANGER}-{REGION}", "/"),
        (f"cdk-other-deploy-role-{ACCOUNT}-{REGION}", "/"),
        (CDK.format("deploy"), "/team/"),
        (f"cdk-hnb659fds-admin-role-{ACCOUNT}-{REGION}", "/"),
        (f"cdk-hnb659fds-deploy-role-{ACCOUNT}-xx-x-1", "/"),
        (f"cdk-hnb659fds-deploy-role-{ACCOUNT}-us-east-99", "/"),
        ("stacksets-exec-mine", "/"),
        ("AWSControlTowerAdmin", "/"),
        ("AWSControlTowerHelper", "/"),
        ("OrganizationAccountAccessRole2", "/"),
        ("worker", "/"),
    ],
)
def test_another_name_or_path_is_another_role(name: str, path: str) -> None:
    held = the_role(name, OWN, path=path)
    assert recognised(*held) is None
    assert after(held) == dict.fromkeys(CONTROLS, FAIL)


def registered(name: str, **known: Any) -> Context:
    return with_administrators(registering(presets=[a_preset(name, **known)]))


def test_a_registered_preset_answers_for_its_roles() -> None:
    held = the_role(CDK.format("cfn-exec"), service("cloudformation"), context=registered("cdk-bootstrap"))
    expected = {"IDC-02": PASS, "IDC-08": NA, "IDC-20": PASS, "IDC-21": PASS, "IDC-22": PASS, "IDC-28": PASS}
    assert after(held) == {**dict.fromkeys(CONTROLS, FAIL), **expected}
    assert "Owned by platform" in reason(held, "IDC-02")
    assert "approved by ciso on 2026-01-01" in reason(held, "IDC-20")


def test_a_registered_preset_may_name_more_accounts_and_another_qualifier() -> None:
    context = registered("cdk-bootstrap", accounts=(MEMBER,), qualifier="acme")
    name = f"cdk-acme-deploy-role-{ACCOUNT}-{REGION}"
    assert after(the_role(name, OWN, account_root(MEMBER), context=context))["IDC-20"] is PASS
    assert after(the_role(name, OWN, account_root(STRANGER), context=context))["IDC-20"] is FAIL


def test_a_registered_role_that_may_do_more_than_its_kind_departs() -> None:
    held = the_role(CDK.format("lookup"), OWN, privilege=ADMIN, context=registered("cdk-bootstrap"))
    assert after(held) == dict.fromkeys(CONTROLS, FAIL)
    assert "may do more than such a role is for" in reason(held, "IDC-20")


@pytest.mark.parametrize(
    "lacking",
    [
        {"enabled": False},
        {"owner": None},
        {"approved_by": None},
        {"approved_on": None},
        {"approved_on": date(2026, 11, 23)},
    ],
)
def test_a_preset_that_is_off_unowned_or_not_approved_yet_is_not_registered(lacking: dict[str, Any]) -> None:
    held = the_role(CDK.format("deploy"), OWN, context=registered("cdk-bootstrap", **lacking))
    assert after(held) == {**dict.fromkeys(CONTROLS, NA), "IDC-20": FAIL}


@pytest.mark.parametrize(
    "lacking",
    [
        {"enabled": False},
        {"owner": None},
        {"approved_by": None},
        {"approved_on": None},
        {"approved_on": date(2026, 11, 23)},
    ],
)
def test_an_account_listed_by_a_preset_that_is_not_in_effect_hides_no_outsider(lacking: dict[str, Any]) -> None:
    context = registered("organization-account-access", accounts=(STRANGER,), **lacking)
    held = the_role("OrganizationAccountAccessRole", account_root(STRANGER), context=context)
    assert after(held) == dict.fromkeys(CONTROLS, FAIL)
    assert STRANGER in reason(held, "IDC-20")


def test_a_preset_of_another_name_registers_nothing() -> None:
    assert after(the_role(CDK.format("deploy"), OWN, context=registered("stacksets")))["IDC-20"] is FAIL


def test_an_owner_who_left_owns_no_preset() -> None:
    left = Owners(owner=(Owner(id="platform", name="platform", active=False),))
    registers = Registers(preset=(a_preset("cdk-bootstrap"),))
    context = a_context(Governance(owners=left, registers=registers, pseudonymous=True))
    held = the_role(CDK.format("deploy"), OWN, context=with_administrators(context))
    verdict = folded(held[0], "IDC-02", a_verdict(held[1]))
    assert verdict.status is FAIL
    assert verdict.limit
    assert verdict.limit.name == "days_to_reassign_after_owner_leaves"


def test_policies_that_were_not_read_leave_open_which_control_judges() -> None:
    held = the_role(CDK.format("deploy"), OWN, privilege=LIMITED, at_most=ADMIN)
    assert after(held) == {**dict.fromkeys(CONTROLS, NA), "IDC-02": NT, "IDC-20": NT}


def test_policies_that_were_not_read_never_vouch_for_a_role_of_little_power() -> None:
    context = registered("cdk-bootstrap")
    held = the_role(CDK.format("lookup"), OWN, privilege=LIMITED, at_most=ADMIN, context=context)
    assert PASS not in after(held).values()


def test_a_trust_that_was_not_read_is_neither_recognised_nor_held_against_the_role() -> None:
    held = the_role("OrganizationAccountAccessRole", BOSS, unknown=("facts.trust",))
    found = after(held)
    assert found["IDC-20"] is FAIL  # it fails there whether or not it is one
    assert {status for control, status in found.items() if control != "IDC-20"} == {NT}


def test_without_the_management_account_nobody_can_tell_whose_role_it_is() -> None:
    unread = msgspec.structs.replace(a_context(), organization=OrganizationFacts())
    found = after(the_role("OrganizationAccountAccessRole", BOSS, context=unread))
    assert (found["IDC-20"], found["IDC-08"]) == (FAIL, NT)


def test_without_the_delegated_administrators_a_member_may_be_one() -> None:
    held = the_role("AWSCloudFormationStackSetExecutionRole", account_root(MEMBER), context=a_context())
    assert after(held)["IDC-08"] is NT
    stranger = the_role("AWSCloudFormationStackSetExecutionRole", account_root(STRANGER), context=a_context())
    assert after(stranger) == dict.fromkeys(CONTROLS, FAIL)


@pytest.mark.parametrize(
    ("owner", "status"),
    [
        (Known(), NA),
        (Known(value="soc", rung=Rung.ACCOUNT, where="account"), NA),
        (Known(value="soc", rung=Rung.REGISTRY, where="owners.toml"), FAIL),
    ],
)
def test_a_role_of_identity_center_is_owned_through_its_permission_set(owner: Known, status: ResultStatus) -> None:
    role = an_identity(kind=Kind.ROLE_SSO, owner=owner)
    held = a_case(role), role
    assert after(held) == {**dict.fromkeys(CONTROLS, FAIL), "IDC-02": status}


def test_a_role_of_identity_center_is_owned_by_nobody_known_where_no_permission_set_is_read() -> None:
    role = an_identity(kind=Kind.ROLE_SSO, owner=Known())
    alone = a_context(organization=OrganizationFacts())
    assert after((a_case(role, context=alone), role))["IDC-02"] is NT


def test_verdicts_on_accounts_and_on_other_identities_stand() -> None:
    case, role = the_role(CDK.format("deploy"), OWN)
    about = msgspec.structs.replace(a_verdict(role), identity=None)
    assert folded(case, "IDC-12", about) is about
    root = msgspec.structs.replace(a_verdict(role), identity=f"arn:aws:iam::{ACCOUNT}:root")
    assert folded(case, "IDC-10", root) is root


def test_a_preset_is_told_with_what_it_is() -> None:
    found = recognised(*the_role(CDK.format("deploy"), OWN, context=registered("cdk-bootstrap")))
    assert found is not None
    assert (found.preset, found.one_control, found.registered, found.owner) == (
        "cdk-bootstrap",
        "IDC-20",
        True,
        "platform",
    )
    assert isinstance(found.entry, Preset)


GAPS: tuple[dict[str, Any], ...] = (
    {"unknown": ("facts.trust",)},
    {"at_most": ADMIN, "privilege": LIMITED},
    {"unmanaged": True},
    {"unread": True},
)


@pytest.mark.parametrize("gap", GAPS, ids=repr)
@pytest.mark.parametrize("status", [PASS, FAIL, NA])
@pytest.mark.parametrize("privilege", [ADMIN, LIMITED])
@pytest.mark.parametrize("preset", [True, False])
@pytest.mark.parametrize(
    ("name", "trust"),
    [
        (CDK.format("lookup"), OWN),
        (CDK.format("deploy"), OWN),
        (CDK.format("deploy"), account_root(MEMBER)),
        ("OrganizationAccountAccessRole", BOSS),
        ("OrganizationAccountAccessRole", account_root(MEMBER)),
        ("AWSCloudFormationStackSetExecutionRole", account_root(MEMBER)),
        ("AWSCloudFormationStackSetExecutionRole", account_root(STRANGER)),
    ],
)
def test_what_was_not_read_never_makes_a_pass_nor_a_failure(
    name: str, trust: Any, preset: bool, privilege: PrivilegeClass, status: ResultStatus, gap: dict[str, Any]
) -> None:
    presets = [a_preset(one) for one in ("cdk-bootstrap", "stacksets", "organization-account-access")]
    context = with_administrators(registering(presets=presets if preset else ()), MEMBER)
    whole = after(the_role(name, trust, privilege=privilege, context=context), status)
    known = {"privilege": privilege, **gap}
    if known.pop("unmanaged", False):
        nobody = msgspec.structs.replace(context.organization, management_account=None)
        context = msgspec.structs.replace(context, organization=nobody)
    if known.pop("unread", False):
        context = msgspec.structs.replace(context, delegated_administrators=(), cells=context.cells[:1])
    found = after(the_role(name, trust, context=context, **known), status)
    for control, now in found.items():
        assert now in (NT, NA) or whole[control] is now, (control, whole[control], now)
