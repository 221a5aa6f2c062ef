"""What doctor makes of what AWS allows and refuses, with a probe that answers from memory."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec
import pytest

from prooftrail import permissions
from prooftrail.errors import AccessError, AccountUnreachable
from prooftrail.flows.doctor import AccountCheck, Diagnosis, Doctor, Fix, Missing
from prooftrail.model.account import Count
from prooftrail.model.organization import Account, AccountState
from prooftrail.model.reading import GLOBAL, Gap, GapReason, Reading
from prooftrail.permissions import Place

OWN, PAYMENTS, SANDBOX = "111122223333", "222233334444", "333344445555"
ROLE = "prooftrail/ProoftrailReader"
REGIONS = ("eu-west-1", "us-east-1")
NO_ALLOW = "is not authorized because no identity-based policy allows the action"
BY_SCP = "is not authorized with an explicit deny in a service control policy"


@dataclass(kw_only=True)
class Told:
    """A probe that allows everything but what `refused` names, by (account, region, action)."""

    arn: str = f"arn:aws:sts::{OWN}:assumed-role/Scanner/a-run"
    accounts_listed: tuple[Account, ...] = (Account(id=OWN, name="tooling"), Account(id=PAYMENTS, name="payments"))
    refused: dict[tuple[str, str, str], Gap] = field(default_factory=dict)
    closed: dict[str, AccountUnreachable] = field(default_factory=dict)
    summary: dict[str, int] = field(default_factory=dict)
    unasked: frozenset[str] = frozenset({"iam:GenerateCredentialReport"})
    silent: frozenset[str] = frozenset()
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    direct: dict[str, bool] = field(default_factory=dict)

    def caller(self) -> tuple[str, str, str]:
        return OWN, self.arn, self.arn.split(":")[1]

    def accounts(self) -> Reading[Account]:
        return Reading(items=self.accounts_listed)

    def account(self, account: str, *, direct: bool) -> "One":
        self.direct[account] = direct
        if account in self.closed:
            raise self.closed[account]
        return One(self, account)

    def unattributed(self) -> frozenset[str]:
        return self.silent


@dataclass
class One:
    told: Told
    account: str

    def regions(self) -> Reading[str]:
        return Reading(items=REGIONS)

    def counts(self) -> Reading[Count]:
        return Reading(items=tuple(Count(name=name, value=value) for name, value in self.told.summary.items()))

    def attempt(self, actions: Iterable[str], *, region: str = GLOBAL) -> Reading[str]:
        wanted = [action for action in actions if action not in self.told.unasked]
        self.told.asked += [(self.account, region, action) for action in wanted]
        gaps = [self.told.refused.get((self.account, region, action)) for action in wanted]
        allowed = [action for action, gap in zip(wanted, gaps, strict=True) if gap is None]
        return Reading(items=tuple(allowed), gaps=tuple(gap for gap in gaps if gap is not None))


def denied(action: str, detail: str = NO_ALLOW) -> Gap:
    return Gap(api=action, reason=GapReason.DENIED, code="AccessDenied", detail=detail)


def diagnosed(told: Told, *, organization: bool = True, regions: tuple[str, ...] | None = None) -> Diagnosis:
    doctor = Doctor(told, organization=organization, role_name=ROLE, external_id="a-word", regions=regions)
    return doctor()


def check_of(diagnosis: Diagnosis, account: str) -> AccountCheck:
    return next(one for one in diagnosis.accounts if one.account == account)


def only(things: tuple[Missing, ...]) -> Missing:
    assert len(things) == 1
    return things[0]


def fix_for(diagnosis: Diagnosis, words: str) -> Fix:
    return next(one for one in diagnosis.fixes if words in one.what)


def test_an_organization_where_everything_is_allowed_is_healthy_and_needs_no_fix() -> None:
    diagnosis = diagnosed(Told())
    assert diagnosis.healthy
    assert diagnosis.missing == ()
    assert diagnosis.fixes == ()
    assert [one.regions for one in diagnosis.accounts] == [REGIONS, REGIONS]


def test_what_would_change_something_is_named_as_not_tried() -> None:
    told = Told()
    assert diagnosed(told).untried == (("iam:GenerateCredentialReport", "trying it would make a report"),)


def test_what_was_tried_in_one_account_is_not_called_untried() -> None:
    told = Told(unasked=frozenset({"iam:GetAccessKeyLastUsed"}))
    assert diagnosed(told).untried == (("iam:GetAccessKeyLastUsed", "nothing to try it on"),)


def test_the_caller_stands_in_its_own_account_and_takes_the_role_in_the_others() -> None:
    told = Told()
    diagnosed(told)
    assert told.direct == {OWN: True, PAYMENTS: False}


def test_organization_wide_questions_are_asked_once_by_the_caller_alone() -> None:
    told = Told()
    diagnosed(told)
    wide = {one.action for one in permissions.at(Place.ORGANIZATION)}
    assert {account for account, _, action in told.asked if action in wide} == {OWN}


def test_a_single_account_is_not_asked_about_an_organization() -> None:
    told = Told()
    diagnosis = diagnosed(told, organization=False)
    assert [one.account for one in diagnosis.accounts] == [OWN]
    wide = {one.action for one in permissions.at(Place.ORGANIZATION)}
    assert not wide & {action for _, _, action in told.asked}


def test_every_region_is_tried_and_what_goes_by_secret_in_the_first_only() -> None:
    told = Told()
    diagnosed(told, organization=False)
    tried = {(region, action) for _, region, action in told.asked if region != GLOBAL}
    assert tried == {
        ("eu-west-1", "secretsmanager:ListSecrets"),
        ("eu-west-1", "secretsmanager:ListSecretVersionIds"),
        ("us-east-1", "secretsmanager:ListSecrets"),
    }


def test_only_the_wanted_regions_are_tried() -> None:
    told = Told()
    diagnosed(told, regions=("eu-west-1",))
    assert {region for _, region, _ in told.asked} == {GLOBAL, "eu-west-1"}


def test_a_denied_action_is_named_with_where_what_it_costs_and_the_statement_to_add() -> None:
    action = "secretsmanager:ListSecretVersionIds"
    told = Told(refused={(PAYMENTS, "eu-west-1", action): denied(action)})
    diagnosis = diagnosed(told)
    assert only(diagnosis.missing) == Missing(
        action=action,
        why="when the current version of a secret was made; no value",
        place=Place.MEMBER,
        reason=GapReason.DENIED,
        detail=NO_ALLOW,
        where=((PAYMENTS, "eu-west-1"),),
        denied_by=None,
        costs="secrets of 1 account(s) in 1 region(s): gaps, and nothing that rests on them can pass",
    )
    assert not diagnosis.healthy
    assert check_of(diagnosis, PAYMENTS).missing == (action,)
    (fix,) = diagnosis.fixes
    assert fix.accounts == (PAYMENTS,)
    assert json.loads(fix.policy)["Statement"] == [
        {
            "Sid": "ProoftrailNeeds1",
            "Effect": "Allow",
            "Action": [action],
            "Resource": "arn:aws:secretsmanager:*:*:secret:*",
        }
    ]


def test_what_is_denied_to_the_caller_and_to_the_role_is_mended_in_two_places() -> None:
    action = "iam:ListRoles"
    told = Told(refused={(account, GLOBAL, action): denied(action) for account in (OWN, PAYMENTS)})
    diagnosis = diagnosed(told)
    assert only(diagnosis.missing).where == ((OWN, GLOBAL), (PAYMENTS, GLOBAL))
    assert fix_for(diagnosis, f"the role {ROLE}").accounts == (PAYMENTS,)
    assert fix_for(diagnosis, "the policy of the caller").accounts == (OWN,)


def test_a_denied_question_about_the_organization_is_mended_at_the_caller() -> None:
    action = "organizations:ListPolicies"
    told = Told(refused={(OWN, GLOBAL, action): denied(action)})
    diagnosis = diagnosed(told)
    assert only(diagnosis.missing).costs.startswith("organization_policies of 1 account")
    assert fix_for(diagnosis, "management account").accounts == (OWN,)


@pytest.mark.parametrize(
    ("detail", "denier"),
    [
        (BY_SCP, "service control policy"),
        ("because no resource control policy allows the action", "resource control policy"),
        ("with an explicit deny in a permissions boundary", "permissions boundary"),
        ("because no permissions boundary allows the action", "permissions boundary"),
        ("with an explicit deny in an identity-based policy", "identity-based policy"),
        (NO_ALLOW, None),
    ],
)
def test_a_refusal_that_no_allow_would_mend_says_what_forbids_it(detail: str, denier: str | None) -> None:
    action = "secretsmanager:ListSecrets"
    told = Told(refused={(PAYMENTS, "us-east-1", action): denied(action, detail)})
    diagnosis = diagnosed(told)
    assert only(diagnosis.missing).denied_by == denier
    assert [bool(one.policy) for one in diagnosis.fixes] == [denier is None]


def test_one_action_forbidden_here_and_missing_there_is_two_lines() -> None:
    action = "secretsmanager:ListSecrets"
    told = Told(
        refused={
            (PAYMENTS, "us-east-1", action): denied(action, BY_SCP),
            (PAYMENTS, "eu-west-1", action): denied(action),
        }
    )
    assert {one.where for one in diagnosed(told).missing} == {((PAYMENTS, "us-east-1"),), ((PAYMENTS, "eu-west-1"),)}


def test_a_throttled_action_is_named_and_nothing_is_to_be_granted() -> None:
    action = "iam:GetAccountSummary"
    gap = Gap(api=action, reason=GapReason.THROTTLED, code="Throttling", detail="Rate exceeded")
    diagnosis = diagnosed(Told(refused={(OWN, GLOBAL, action): gap}))
    assert only(diagnosis.missing).reason is GapReason.THROTTLED
    assert diagnosis.fixes == ()


def test_contacts_nobody_may_read_cost_the_cell_and_whom_to_ask_next() -> None:
    action = "account:GetAlternateContact"
    diagnosis = diagnosed(Told(refused={(PAYMENTS, GLOBAL, action): denied(action)}))
    assert only(diagnosis.missing).costs == (
        "contacts of 1 account(s): gaps, and nothing that rests on them can pass; where no owner answers, reminders of "
        "these accounts go to their owners' tags or to the address of their root user"
    )
    (fix,) = diagnosis.fixes
    assert json.loads(fix.policy)["Statement"] == [
        {
            "Sid": "ProoftrailNeeds1",
            "Effect": "Allow",
            "Action": [action],
            "Resource": "arn:aws:account::*:account",
        }
    ]


def test_an_action_whose_answer_another_one_gives_costs_nothing() -> None:
    action = "account:ListRegions"
    diagnosis = diagnosed(Told(refused={(PAYMENTS, GLOBAL, action): denied(action)}))
    assert only(diagnosis.missing).costs == ""
    assert diagnosis.healthy


def test_both_ways_to_the_regions_refused_cost_the_regions() -> None:
    both = ("account:ListRegions", "ec2:DescribeRegions")
    told = Told(refused={(PAYMENTS, GLOBAL, action): denied(action) for action in both})
    diagnosis = diagnosed(told)
    assert all(one.costs for one in diagnosis.missing)
    assert not diagnosis.healthy


def test_an_account_that_cannot_be_entered_is_told_why_and_how_to_let_the_scanner_in() -> None:
    told = Told(closed={PAYMENTS: AccountUnreachable(PAYMENTS, "the role is not there", "AccessDenied")})
    diagnosis = diagnosed(told)
    check = check_of(diagnosis, PAYMENTS)
    assert (check.scanned, check.reachable, check.reason) == (True, False, "the role is not there")
    assert not diagnosis.healthy
    trust = json.loads(fix_for(diagnosis, "trust policy").policy)["Statement"][0]
    assert trust["Condition"] == {
        "ArnLike": {"aws:PrincipalArn": [f"arn:aws:iam::{OWN}:role/Scanner", f"arn:aws:iam::{OWN}:role/*/Scanner"]},
        "StringEquals": {"sts:ExternalId": "a-word"},
    }
    granted = json.loads(fix_for(diagnosis, "Give the role").policy)
    assert granted == permissions.member_policy("aws")


@pytest.mark.parametrize(
    ("arn", "principals"),
    [
        (f"arn:aws-cn:iam::{OWN}:user/team/jane", [f"arn:aws-cn:iam::{OWN}:user/team/jane"]),
        (f"arn:aws-us-gov:iam::{OWN}:root", [f"arn:aws-us-gov:iam::{OWN}:root"]),
    ],
)
def test_the_trust_policy_names_the_caller_in_its_own_partition(arn: str, principals: list[str]) -> None:
    told = Told(arn=arn, closed={PAYMENTS: AccountUnreachable(PAYMENTS, "no", "AccessDenied")})
    trust = json.loads(fix_for(diagnosed(told), "trust policy").policy)["Statement"][0]
    assert trust["Condition"]["ArnLike"]["aws:PrincipalArn"] == principals


def test_an_unreachable_endpoint_is_no_reason_to_change_a_role() -> None:
    told = Told(closed={PAYMENTS: AccountUnreachable(PAYMENTS, "no answer", None)})
    assert diagnosed(told).fixes == ()


def test_a_role_that_takes_no_source_identity_is_said_with_the_trust_that_would() -> None:
    diagnosis = diagnosed(Told(silent=frozenset({PAYMENTS})))
    assert not check_of(diagnosis, PAYMENTS).attributed
    assert fix_for(diagnosis, "sts:SetSourceIdentity").accounts == (PAYMENTS,)


@pytest.mark.parametrize(
    "state",
    [AccountState.SUSPENDED, AccountState.PENDING_CLOSURE, AccountState.CLOSED, AccountState.PENDING_ACTIVATION],
)
def test_an_account_that_no_scan_reads_is_listed_with_the_reason_and_not_entered(state: AccountState) -> None:
    told = Told(accounts_listed=(Account(id=OWN), Account(id=SANDBOX, name="sandbox", state=state)))
    diagnosis = diagnosed(told)
    check = check_of(diagnosis, SANDBOX)
    assert (check.scanned, check.reachable) == (False, False)
    assert check.reason
    assert SANDBOX not in told.direct
    assert diagnosis.healthy


def test_the_estimate_grows_with_users_regions_and_accounts() -> None:
    small = diagnosed(Told(summary={"Users": 10, "Roles": 50}), organization=False).estimate
    large = diagnosed(Told(summary={"Users": 1510, "Roles": 50}), organization=False).estimate
    assert large.calls - small.calls == 1500 + 1 + 1  # a key list each, one page of users more, one of principals more
    assert (small.minutes, large.minutes) == (1, 3)
    assert any(line.startswith("secretsmanager:ListSecretVersionIds") for line in small.besides)


def test_each_account_is_told_of_as_it_is_done() -> None:
    heard: list[str] = []
    doctor = Doctor(Told(), organization=True, role_name=ROLE)
    doctor(lambda check: heard.append(check.account))
    assert sorted(heard) == [OWN, PAYMENTS]


def test_a_caller_aws_does_not_know_ends_the_diagnosis() -> None:
    class Unknown(Told):
        def caller(self) -> tuple[str, str, str]:
            raise AccessError("AWS does not say who we are")

    with pytest.raises(AccessError, match="who we are"):
        diagnosed(Unknown())


def test_a_diagnosis_survives_its_own_json() -> None:
    told = Told(refused={(OWN, GLOBAL, "iam:ListRoles"): denied("iam:ListRoles")})
    diagnosis = diagnosed(told)
    assert msgspec.json.decode(msgspec.json.encode(diagnosis), type=Diagnosis) == diagnosis
