"""Each action is tried as cheaply as AWS lets it, on something that is there or on nothing, and nothing is changed."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.session import Session

from prooftrail import permissions
from prooftrail.adapters.aws.probe import AwsAccountProbe, AwsProbe
from prooftrail.adapters.aws.sessions import Sessions
from prooftrail.errors import AccountUnreachable
from prooftrail.flows.doctor import Doctor, Probe
from prooftrail.model.organization import AccountState
from prooftrail.model.reading import GLOBAL, GapReason
from prooftrail.permissions import Place
from tests.adapters.aws.loopback import ACCOUNT, HOME, THROTTLED, Aws, Refusal, Standing, listening, unpaced
from tests.emulators import no_aws_settings

NOBODY = "prooftrail-doctor-asks-for-nobody"
DENIED = Refusal("AccessDenied", "User is not authorized because no identity-based policy allows it", status=403)
MEMBER_ACTIONS = tuple(one.action for one in permissions.at(Place.MEMBER) if not one.regional)
REGIONAL = tuple(one.action for one in permissions.at(Place.MEMBER) if one.regional)
WIDE = tuple(one.action for one in permissions.at(Place.ORGANIZATION))
WRITES = ("Generate", "Create", "Put", "Update", "Delete", "Tag", "Untag", "Enable", "Disable", "Attach", "Detach")


def nothing_in(action: str) -> dict[str, Any]:
    """The answer that holds nothing: AWS sends its lists all the same, empty."""
    prefix, _, operation = action.partition(":")
    model = Session().get_service_model({"sso": "sso-admin"}.get(prefix, prefix))
    shape = model.operation_model(operation).output_shape if operation in model.operation_names else None
    lists = {name: one for name, one in (shape.members if shape else {}).items() if one.type_name in {"list", "map"}}
    return {one.serialization.get("name", name): [] for name, one in lists.items()}


@pytest.fixture
def aws() -> Iterator[Aws]:
    """An account and an organization where everything is allowed and nothing is there."""
    with no_aws_settings(), listening() as it:
        for action in (*MEMBER_ACTIONS, *REGIONAL, *WIDE):
            it.answer(action, nothing_in(action))
        it.answer(
            "sts:GetCallerIdentity", {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/me", "UserId": "A"}
        )
        it.answer("account:ListRegions", {"Regions": [{"RegionName": HOME}]})
        it.answer("organizations:ListAccounts", {"Accounts": [{"Id": ACCOUNT, "State": "ACTIVE"}]})
        yield it


def tried(aws: Aws, *actions: str, region: str = GLOBAL) -> Any:
    return AwsAccountProbe(aws.observer()).attempt(actions, region=region)


def sessions(aws: Aws) -> Sessions:
    return Sessions(role_name="prooftrail/ProoftrailReader", region=HOME, endpoint_url=aws.url)


def probe(aws: Aws) -> AwsProbe:
    return AwsProbe(sessions(aws), clock=Standing(), governors=unpaced(), source_identity="doctor-20260302")


def asked(aws: Aws, action: str) -> list[dict[str, Any]]:
    return [one.parameters for one in aws.asked if one.action == action]


def test_everything_that_is_allowed_is_so_and_nothing_is_refused(aws: Aws) -> None:
    reading = tried(aws, *MEMBER_ACTIONS)
    assert reading.complete
    untried = {"iam:GenerateCredentialReport", "iam:GetAccessKeyLastUsed", "iam:GetPolicy", "iam:GetPolicyVersion"}
    assert set(reading.items) == set(MEMBER_ACTIONS) - untried


def test_nothing_that_would_change_something_is_called(aws: Aws) -> None:
    tried(aws, *MEMBER_ACTIONS, *WIDE)
    tried(aws, *REGIONAL, region=HOME)
    operations = [one.action.partition(":")[2] for one in aws.asked]
    assert [one for one in operations if one.startswith(WRITES)] == []


def test_every_action_that_is_needed_can_be_tried_but_the_one_that_makes_a_report(aws: Aws) -> None:
    aws.answer("iam:ListAccessKeys", {"AccessKeyMetadata": [{"AccessKeyId": "AKIAEXAMPLE00000", "UserName": "u"}]})
    aws.answer("iam:ListPolicies", {"Policies": [{"Arn": "arn:aws:iam::aws:policy/A", "DefaultVersionId": "v1"}]})
    aws.answer("organizations:ListRoots", {"Roots": [{"Id": "r-ab12", "Name": "Root"}]})
    aws.answer("organizations:ListPolicies", {"Policies": [{"Id": "p-1"}]})
    aws.answer("sso:ListInstances", {"Instances": [{"InstanceArn": "arn:aws:sso:::instance/ssoins-1111111111111111"}]})
    aws.answer("sso:ListPermissionSets", {"PermissionSets": ["arn:aws:sso:::permissionSet/ssoins-1/ps-1"]})
    wanted = {*MEMBER_ACTIONS, *WIDE, *REGIONAL}
    allowed = {*tried(aws, *MEMBER_ACTIONS, *WIDE).items, *tried(aws, *REGIONAL, region=HOME).items}
    assert wanted - allowed == {"iam:GenerateCredentialReport"}


def test_lists_are_asked_for_one_row(aws: Aws) -> None:
    tried(aws, "iam:ListRoles", "organizations:ListAccounts", "iam:GetAccountAuthorizationDetails")
    assert asked(aws, "iam:ListRoles")[0]["MaxItems"] == "1"
    assert asked(aws, "organizations:ListAccounts") == [{"MaxResults": 1}]
    assert asked(aws, "iam:GetAccountAuthorizationDetails")[0]["MaxItems"] == "1"


def test_what_needs_a_user_is_tried_on_one_that_is_there(aws: Aws) -> None:
    aws.answer("iam:GetAccountAuthorizationDetails", {"UserDetailList": [{"UserName": "jane.doe@example.com"}]})
    aws.answer("iam:ListAccessKeys", {"AccessKeyMetadata": [{"AccessKeyId": "AKIAEXAMPLE00000"}]})
    tried(aws, *MEMBER_ACTIONS)
    assert asked(aws, "iam:ListAccessKeys")[0]["UserName"] == "jane.doe@example.com"
    assert asked(aws, "iam:ListMFADevices")[0]["UserName"] == "jane.doe@example.com"
    assert asked(aws, "iam:GetAccessKeyLastUsed")[0]["AccessKeyId"] == "AKIAEXAMPLE00000"


def test_where_there_is_nothing_it_is_tried_on_a_name_that_nobody_has(aws: Aws) -> None:
    missing = Refusal("NoSuchEntity", status=404)
    for action in ("iam:ListAccessKeys", "iam:ListMFADevices", "iam:GetOpenIDConnectProvider"):
        aws.answer(action, missing)
    reading = tried(aws, "iam:ListAccessKeys", "iam:ListMFADevices", "iam:GetOpenIDConnectProvider")
    assert len(reading.items) == 3
    assert reading.complete
    assert asked(aws, "iam:ListAccessKeys")[0]["UserName"] == NOBODY


@pytest.mark.parametrize(
    ("action", "code"),
    [
        ("iam:GetCredentialReport", "ReportNotPresent"),
        ("iam:GetCredentialReport", "ReportExpired"),
        ("iam:GetCredentialReport", "ReportInProgress"),
        ("iam:GetAccountPasswordPolicy", "NoSuchEntity"),
        ("iam:GetOutboundWebIdentityFederationInfo", "FeatureDisabled"),
        ("iam:ListOrganizationsFeatures", "ServiceAccessNotEnabledException"),
        ("organizations:DescribeOrganization", "AWSOrganizationsNotInUseException"),
        ("organizations:ListDelegatedServicesForAccount", "AccountNotRegisteredException"),
    ],
)
def test_that_there_is_nothing_to_show_is_not_a_lack_of_permission(aws: Aws, action: str, code: str) -> None:
    aws.answer(action, Refusal(code))
    reading = tried(aws, action)
    assert reading.items == (action,)
    assert reading.complete


@pytest.mark.parametrize(("refusal", "reason"), [(DENIED, GapReason.DENIED), (THROTTLED, GapReason.THROTTLED)])
def test_a_refusal_is_a_gap_that_names_the_action(aws: Aws, refusal: Refusal, reason: GapReason) -> None:
    aws.answer("iam:ListRoles", refusal)
    reading = tried(aws, "iam:ListRoles", "iam:ListSAMLProviders")
    assert reading.items == ("iam:ListSAMLProviders",)
    assert [(gap.api, gap.reason) for gap in reading.gaps] == [("iam:ListRoles", reason)]


def test_an_instance_in_another_region_is_asked_about_there(aws: Aws) -> None:
    found = {"InstanceArn": "arn:aws:sso:::instance/ssoins-1111111111111111", "PrimaryRegion": "us-east-1"}
    aws.answer("sso:ListInstances", {"Instances": [found]})
    tried(aws, "sso:ListInstances", "sso:ListPermissionSets")
    assert [(one.action, one.region) for one in aws.asked] == [
        ("sso:ListInstances", HOME),
        ("sso:ListPermissionSets", "us-east-1"),
    ]


def test_a_regional_action_is_tried_in_its_region(aws: Aws) -> None:
    tried(aws, *REGIONAL, region="ap-south-1")
    assert {one.region for one in aws.asked} == {"ap-south-1"}


def test_the_accounts_are_listed_with_name_and_state_in_one_call(aws: Aws) -> None:
    rows = [{"Id": "222233334444", "Name": "old", "State": "SUSPENDED"}, {"Id": ACCOUNT, "State": "ACTIVE"}]
    aws.answer("organizations:ListAccounts", {"Accounts": rows})
    listed = probe(aws).accounts()
    assert [(one.id, one.state) for one in listed.items] == [
        (ACCOUNT, AccountState.ACTIVE),
        ("222233334444", AccountState.SUSPENDED),
    ]
    assert aws.counts() == {"organizations:ListAccounts": 1, "sts:GetCallerIdentity": 1}


@pytest.mark.parametrize("refusal", [DENIED, Refusal("AWSOrganizationsNotInUseException")])
def test_without_a_list_there_is_the_callers_own_account(aws: Aws, refusal: Refusal) -> None:
    aws.answer("organizations:ListAccounts", refusal)
    assert [one.id for one in probe(aws).accounts().items] == [ACCOUNT]


def test_an_account_whose_role_is_missing_cannot_be_probed(aws: Aws) -> None:
    aws.answer("sts:AssumeRole", DENIED)
    with pytest.raises(AccountUnreachable, match="222233334444"):
        probe(aws).account("222233334444", direct=False)


def test_the_summary_gives_the_counts(aws: Aws) -> None:
    aws.answer(
        "iam:GetAccountSummary",
        b"""<GetAccountSummaryResponse><GetAccountSummaryResult><SummaryMap>
        <entry><key>Users</key><value>12</value></entry><entry><key>Roles</key><value>30</value></entry>
        </SummaryMap></GetAccountSummaryResult></GetAccountSummaryResponse>""",
    )
    reading = AwsAccountProbe(aws.observer()).counts()
    assert [(one.name, one.value) for one in reading.items] == [("Roles", 30), ("Users", 12)]


def test_doctor_runs_on_it_from_end_to_end(aws: Aws) -> None:
    aws.answer("secretsmanager:ListSecrets", DENIED)
    asking: Probe = probe(aws)
    diagnosis = Doctor(asking, organization=True, role_name="prooftrail/ProoftrailReader", workers=2)()
    assert [(one.account, one.reachable, one.regions) for one in diagnosis.accounts] == [(ACCOUNT, True, (HOME,))]
    assert [(one.action, one.where) for one in diagnosis.missing] == [
        ("secretsmanager:ListSecrets", ((ACCOUNT, HOME),))
    ]
    assert not diagnosis.healthy
    assert diagnosis.estimate.calls > 0
