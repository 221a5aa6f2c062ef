"""Inventory, owner, score and linkage: what each record passes with, fails for, and cannot say."""

from typing import Any

import pytest

from prooftrail.controls import parsing
from prooftrail.controls.checks.records import idc_01, idc_02, idc_03, idc_04
from prooftrail.controls.verdict import Verdict
from prooftrail.governance import Governance, Owner, Owners
from prooftrail.governance.thresholds import ByTier, Threshold, Thresholds
from prooftrail.model import trust as trusts
from prooftrail.model.iam import PermissionSetFacts, Role, Root, SamlProvider, User
from prooftrail.model.identity import Identity, Kind, Known, Rung
from prooftrail.model.judgement import ResultStatus, Tier
from prooftrail.model.organization import OrganizationFacts, Tag
from prooftrail.model.reading import GLOBAL, Cell, CellStatus, Collector, GapReason
from prooftrail.model.snapshot import Reconciliation
from tests.builders import ACCOUNT, NOW, OTHER_REGION, REGION, a_gap, an_identity, replaced, statement, trust_document
from tests.builders.judging import a_case, a_context, a_risk, an_account, judged_snapshot, the_verdict, unknowing

CATALOG = parsing.parse(parsing.shipped())
PASS, FAIL, NOT_TESTED = ResultStatus.PASS, ResultStatus.FAIL, ResultStatus.NOT_TESTED


def inventory(**known: Any) -> Verdict:
    case = a_case(snapshot=judged_snapshot(**known))
    return the_verdict(idc_01(case, CATALOG.control("IDC-01")))


def a_count(what: str = "users", *, difference: int = 0, explained: str | None = None) -> Reconciliation:
    return Reconciliation(
        what=what,
        counted=5 + difference,
        counted_by="iam:GetAccountAuthorizationDetails",
        independent=5,
        independent_source="iam:GetAccountSummary",
        difference=difference,
        explained=explained,
    )


def test_an_account_read_whole_whose_counts_agree_has_a_complete_inventory() -> None:
    said = inventory(reconciliations=(a_count(),))
    assert said.status is PASS
    assert said.subject == ACCOUNT
    assert said.identity is None
    assert "15 sources" in said.reason


def test_a_difference_nobody_can_explain_fails_with_both_counts() -> None:
    said = inventory(reconciliations=(a_count(difference=1),))
    assert said.status is FAIL
    assert "users: 6 listed, 5 by iam:GetAccountSummary" in said.reason


def test_an_explained_difference_passes_and_is_told() -> None:
    said = inventory(reconciliations=(a_count(difference=1, explained="a user was created"),))
    assert said.status is PASS
    assert "1 of them with an explained difference" in said.reason


@pytest.mark.parametrize("status", [one for one in CellStatus if one not in (CellStatus.OK, CellStatus.DISABLED)])
def test_a_source_that_was_not_read_whole_and_in_time_leaves_the_inventory_untested(status: CellStatus) -> None:
    said = inventory(cells={(Collector.SECRETS, REGION): status})
    assert said.status is NOT_TESTED
    assert said.gaps == (f"secrets in {REGION} is {status}: AWS refused it",)


def test_a_source_that_does_not_exist_there_is_no_gap() -> None:
    assert inventory(cells={(Collector.SECRETS, REGION): CellStatus.DISABLED}).status is PASS


def test_a_source_without_a_cell_was_not_read() -> None:
    taken = judged_snapshot()
    kept = tuple(one for one in taken.cells if one.collector is not Collector.ACCESS_KEYS)
    said = the_verdict(idc_01(a_case(snapshot=replaced(taken, cells=kept)), CATALOG.control("IDC-01")))
    assert (said.status, said.gaps) == (NOT_TESTED, ("access_keys was not read",))


def test_an_enabled_region_nobody_asked_is_a_gap_although_the_difference_is_explained() -> None:
    said = inventory(facts={"regions_enabled": (REGION, OTHER_REGION, "eu-central-1")})
    assert (said.status, said.gaps) == (NOT_TESTED, ("secrets in eu-central-1 were not asked for",))


def test_a_count_of_what_was_refused_is_a_gap_and_no_difference() -> None:
    said = inventory(reconciliations=(a_count(difference=-3),), cells={Collector.PRINCIPALS: CellStatus.PARTIAL})
    assert said.status is NOT_TESTED


def test_a_count_that_contradicts_its_own_listing_fails_although_the_listing_is_doubted_for_it() -> None:
    taken = judged_snapshot(reconciliations=(a_count(difference=-3),))
    doubted = Cell(
        account=ACCOUNT,
        region=GLOBAL,
        collector=Collector.PRINCIPALS,
        status=CellStatus.PARTIAL,
        items=2,
        gaps=(a_gap(GapReason.DISAGREES),),
    )
    cells = tuple(doubted if one.collector is Collector.PRINCIPALS else one for one in taken.cells)
    said = the_verdict(idc_01(a_case(snapshot=replaced(taken, cells=cells)), CATALOG.control("IDC-01")))
    assert said.status is FAIL
    assert said.gaps


def test_a_gap_elsewhere_does_not_hide_a_difference() -> None:
    said = inventory(reconciliations=(a_count(difference=1),), cells={Collector.OIDC_PROVIDERS: CellStatus.DENIED})
    assert said.status is FAIL


@pytest.mark.parametrize(("difference", "status"), [(2, PASS), (-2, PASS), (3, FAIL), (-3, FAIL)])
def test_a_variance_the_organization_allows_passes_up_to_its_limit(difference: int, status: ResultStatus) -> None:
    allowed = Threshold(
        control="IDC-01",
        name="count_variance_allowed",
        values=ByTier(critical=2, high=2, medium=2, low=2),
        approved_by="risk board",
        approved_on=NOW.date(),
        effective_on=NOW.date(),
    )
    governance = Governance(thresholds=Thresholds(threshold=(allowed,)))
    control = replaced(CATALOG.control("IDC-01"))
    case = a_case(snapshot=judged_snapshot(reconciliations=(a_count(difference=difference),)), governance=governance)
    said = the_verdict(idc_01(case, control))
    assert said.status is status
    assert said.limit is not None
    assert "approved by risk board" in said.limit.set_by


ADA = Known(value="ada", rung=Rung.IDENTITY_TAG, where="tag owner on role/worker")


def known_as(value: str = "ada", rung: Rung = Rung.IDENTITY_TAG) -> Known:
    return Known(value=value, rung=rung, where=ADA.where)


WHY = Known(value="payments", rung=Rung.IDENTITY_TAG, where="tag purpose on role/worker")
LISTED = Governance(owners=Owners(owner=(Owner(id="ada", name="Ada"), Owner(id="bob", name="Bob", active=False))))


def a_worker(**known: Any) -> Identity:
    return an_identity(**{"owner": ADA, "purpose": WHY, **known})


def owned(one: Identity, governance: Governance = LISTED, **known: Any) -> Verdict:
    return the_verdict(idc_02(a_case(one, governance=governance, **known), CATALOG.control("IDC-02")))


def test_an_active_owner_and_a_purpose_pass_and_say_how_they_are_known() -> None:
    said = owned(a_worker())
    assert said.status is PASS
    assert "ada (known by tag owner on role/worker)" in said.reason
    assert said.value == "ada"
    assert said.not_covered == ()


def test_an_owner_is_found_whatever_the_case_it_is_written_in() -> None:
    assert owned(a_worker(owner=known_as(value="BOB"))).status is FAIL


def test_nobody_owning_it_fails() -> None:
    said = owned(a_worker(owner=Known()))
    assert said.status is FAIL
    assert said.reason.startswith("It has no owner")


def test_an_owner_who_left_fails_until_it_is_handed_over() -> None:
    said = owned(a_worker(owner=known_as(value="bob")))
    assert said.status is FAIL
    assert "has left according to owners.toml" in said.reason
    assert said.limit
    assert said.limit.name == "days_to_reassign_after_owner_leaves"


def test_an_owner_nobody_listed_passes_with_the_remark_that_nobody_knows_whether_it_is_active() -> None:
    said = owned(a_worker(owner=known_as(value="zoe")))
    assert said.status is PASS
    assert said.not_covered == ("whether the owner is active: zoe is not in owners.toml, so nobody can tell",)


def test_a_team_nobody_leads_is_remarked_and_not_failed() -> None:
    team = Governance(owners=Owners(owner=(Owner(id="ada", name="Payments", kind="team"),)))
    led = Governance(owners=Owners(owner=(Owner(id="ada", name="Payments", kind="team", manager="eve"),)))
    assert "who leads the team" in owned(a_worker(), team).not_covered[0]
    assert owned(a_worker(), led).not_covered == ()


def test_an_identity_nobody_wrote_a_purpose_for_fails_although_it_is_owned() -> None:
    said = owned(a_worker(purpose=Known()))
    assert said.status is FAIL
    assert "nobody wrote down what it is for" in said.reason


@pytest.mark.parametrize(("description", "status"), [("moves invoices", PASS), ("  ", FAIL), (None, FAIL)])
def test_a_description_is_a_purpose_too(description: str | None, status: ResultStatus) -> None:
    facts = Role(path="/", trust=(), trust_document=None, description=description)
    assert owned(a_worker(facts=facts, purpose=Known())).status is status


def test_what_idc_02_fails_for_says_which_grace_it_has() -> None:
    purposeless, unowned = owned(a_worker(purpose=Known())), owned(a_worker(owner=Known()))
    assert purposeless.limit
    assert purposeless.limit.name == "days_allowed_without_owner_after_discovery"
    assert unowned.limit == purposeless.limit
    assert owned(a_worker()).limit is None


def test_a_root_needs_no_stated_purpose() -> None:
    root = a_worker(facts=Root(), kind=Kind.ROOT, purpose=Known(), id=f"arn:aws:iam::{ACCOUNT}:root")
    assert owned(root).status is PASS


@pytest.mark.parametrize("owner", [Known(), ADA, known_as(value="bob", rung=Rung.ACCOUNT)])
def test_tags_that_were_not_read_leave_the_owner_open_whatever_else_names_one(owner: Known) -> None:
    said = owned(unknowing(a_worker(owner=owner), "owner", "purpose"))
    assert said.status is NOT_TESTED
    assert said.gaps == ("its tags were not read",)


def test_tags_of_permission_sets_are_never_collected_so_a_registered_owner_decides() -> None:
    facts = PermissionSetFacts(instance_arn="arn:aws:sso:::instance/ssoins-1", description="operators")
    known = {"facts": facts, "kind": Kind.PERMISSION_SET, "purpose": Known()}
    registered = a_worker(**known, owner=known_as(rung=Rung.REGISTRY))
    assert owned(unknowing(registered, "owner")).status is PASS
    assert "tags of permission sets" in owned(unknowing(registered, "owner")).not_covered[0]
    nobodys = owned(unknowing(a_worker(**known, owner=Known()), "owner"))
    assert nobodys.status is NOT_TESTED
    assert "this version does not collect the tags of permission sets" in nobodys.reason
    assert "were not read" not in nobodys.reason
    silent = {**known, "facts": PermissionSetFacts(instance_arn="arn:aws:sso:::instance/ssoins-1")}
    purposeless = owned(unknowing(a_worker(**silent, owner=known_as(rung=Rung.REGISTRY)), "owner", "purpose"))
    assert purposeless.status is NOT_TESTED
    assert purposeless.reason.startswith("Nobody can say what it is for: this version does not collect")


def test_an_accounts_unread_tags_leave_open_whether_nobody_owns_what_is_in_it() -> None:
    unread = {"account": an_account(tags=None)}
    assert owned(a_worker(owner=Known()), facts=unread).status is NOT_TESTED
    assert owned(a_worker(), facts=unread).status is PASS


def test_an_account_outside_an_organization_has_no_tags_that_could_name_an_owner() -> None:
    context = a_context(LISTED, organization=OrganizationFacts())
    case = a_case(a_worker(owner=Known()), context=context, facts={"account": an_account(tags=None)})
    assert the_verdict(idc_02(case, CATALOG.control("IDC-02"))).status is FAIL


def test_a_credential_has_its_users_owner_and_no_row_of_its_own() -> None:
    key = an_identity(id="AKIA1", kind=Kind.ACCESS_KEY, parent="AIDA1")
    assert not list(idc_02(a_case(key), CATALOG.control("IDC-02")))


def scored(risk: Any) -> Verdict:
    case = a_case(a_worker(), risks={"AROAEXAMPLE0000000001": risk}, tier=Tier.LOW)
    return the_verdict(idc_03(case, CATALOG.control("IDC-03")))


def test_a_certain_tier_passes_with_impact_and_likelihood() -> None:
    said = scored(Tier.HIGH)
    assert said.status is PASS
    assert (said.tier, said.value) == (Tier.HIGH, "high")
    assert "impact 2, likelihood 3" in said.reason


def test_a_tier_between_two_is_untested_and_says_what_was_not_read() -> None:
    said = scored(a_risk("AROAEXAMPLE0000000001", Tier.HIGH, at_least=Tier.LOW))
    assert said.status is NOT_TESTED
    assert said.reason == "Its tier lies between low and high: its policies were not read."
    assert said.gaps == ("its policies were not read",)


def test_an_identity_without_a_score_is_untested() -> None:
    said = the_verdict(idc_03(a_case(a_worker(), tier=None), CATALOG.control("IDC-03")))
    assert said.status is NOT_TESTED


def linked(*identities: Identity, judged: dict[str, frozenset[str]]) -> dict[str, Verdict]:
    case = a_case(*identities)
    found = idc_04(case, CATALOG.control("IDC-04"), controls=CATALOG.controls, judged=judged)
    return {one.subject: one for one in found}


def applying(kind: Kind) -> list[str]:
    return [one.id for one in CATALOG.controls if one.of_identities and kind in one.kinds and one.id != "IDC-04"]


def test_an_identity_every_applying_control_judged_is_linked() -> None:
    one = a_worker()
    said = linked(one, judged={name: frozenset({one.id}) for name in applying(one.kind)})[one.id]
    assert said.status is PASS
    assert said.value == f"{len(applying(one.kind))} of {len(applying(one.kind))} controls"


def test_a_control_that_gave_no_result_for_a_kind_it_lists_is_named() -> None:
    one = a_worker()
    judged = {name: frozenset({one.id}) for name in applying(one.kind) if name != "IDC-08"}
    said = linked(one, judged=judged)[one.id]
    assert said.status is NOT_TESTED
    assert said.gaps == ("IDC-08 gave no result for it",)


def test_what_applies_to_a_kind_that_is_not_certain_is_not_certain_either() -> None:
    one = unknowing(a_worker(), "kind", "class")
    said = linked(one, judged={name: frozenset({one.id}) for name in applying(one.kind)})[one.id]
    assert (said.status, said.gaps) == (NOT_TESTED, ("its kind is not certain",))


def test_a_user_is_linked_through_its_keys_and_a_key_through_its_user() -> None:
    user = a_worker(id="AIDA1", facts=User(path="/"), kind=Kind.SERVICE_USER)
    key = a_worker(id="AKIA1", kind=Kind.ACCESS_KEY, parent="AIDA1")
    by_key = linked(user, key, judged={name: frozenset({"AKIA1"}) for name in applying(Kind.SERVICE_USER)})
    by_user = linked(user, key, judged={name: frozenset({"AIDA1"}) for name in applying(Kind.ACCESS_KEY)})
    assert by_key["AIDA1"].status is PASS
    assert by_user["AKIA1"].status is PASS


def test_tags_of_the_account_are_tags_that_were_read_when_there_are_some() -> None:
    tagged = {"account": an_account(tags=(Tag(key="cost", value="1"),))}
    assert owned(a_worker(owner=Known()), facts=tagged).status is FAIL


def a_provider(name: str = "AWSSSO_0123_DO_NOT_DELETE") -> Identity:
    arn = f"arn:aws:iam::{ACCOUNT}:saml-provider/{name}"
    return an_identity(SamlProvider(), id=arn, arn=arn, name=name, kind=Kind.SAML_PROVIDER, owner=Known())


def a_role_behind(provider: Identity, kind: Kind) -> Identity:
    trust = trusts.parse(trust_document(statement({"Federated": provider.arn}, "sts:AssumeRoleWithSAML")).text)
    return an_identity(Role(path="/", trust=trust, trust_document=None), id="AROASSO", kind=kind)


@pytest.mark.parametrize(
    ("name", "kind", "status"),
    [
        ("AWSSSO_0123_DO_NOT_DELETE", Kind.ROLE_SSO, ResultStatus.NOT_APPLICABLE),
        ("AWSSSO_0123_DO_NOT_DELETE", Kind.ROLE_SAML, FAIL),
        ("okta", Kind.ROLE_SSO, FAIL),
    ],
    ids=["as Identity Center makes it", "its name alone", "another provider"],
)
def test_the_provider_identity_center_keeps_has_no_owner_to_name(name: str, kind: Kind, status: ResultStatus) -> None:
    provider = a_provider(name)
    case = a_case(provider, a_role_behind(provider, kind))
    assert the_verdict(idc_02(case, CATALOG.control("IDC-02")), provider.id).status is status


def test_the_order_of_sources_never_matters() -> None:
    unread = {(Collector.SECRETS, REGION): CellStatus.DENIED, Collector.MFA_DEVICES: CellStatus.DENIED}
    taken = judged_snapshot(cells=unread, reconciliations=(a_count("roles", difference=1), a_count(difference=1)))
    turned = replaced(taken, cells=taken.cells[::-1], reconciliations=taken.reconciliations[::-1])
    one, other = (list(idc_01(a_case(snapshot=each), CATALOG.control("IDC-01"))) for each in (taken, turned))
    assert one == other


def test_whether_identity_center_keeps_a_provider_is_not_tested_where_its_roles_may_not_be_listed() -> None:
    case = a_case(a_provider(), cells={Collector.PRINCIPALS: CellStatus.DENIED})
    said = the_verdict(idc_02(case, CATALOG.control("IDC-02")))
    assert said.status is NOT_TESTED
    assert "principals is denied" in said.reason
