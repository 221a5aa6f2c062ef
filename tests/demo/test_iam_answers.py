"""IAM tells the same of an account whichever way it is asked, and as AWS tells it."""

import pytest
from botocore.exceptions import ClientError

from tests.demo.door import client, details, every, inside, refusal


def named(rows, key, name):
    return next(row for row in rows if row[key] == name)


def test_authorization_details_carry_what_lists_leave_out(organization):
    iam = inside(organization, "payments-prod", "iam")
    worker = named(details(iam, "Role", "RoleDetailList"), "RoleName", "payments-worker")
    assert worker["PermissionsBoundary"]["PermissionsBoundaryArn"].endswith(":policy/workload-boundary")
    assert worker["RoleLastUsed"]["Region"] == "us-east-1"
    assert worker["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"Service": "lambda.amazonaws.com"}
    assert {"Key": "purpose", "Value": "card processing"} in worker["Tags"]
    assert "MaxSessionDuration" not in worker
    user = named(details(iam, "User", "UserDetailList"), "UserName", "svc-card-vault")
    assert user["PermissionsBoundary"]["PermissionsBoundaryType"] == "PermissionsBoundaryPolicy"
    listed = named(every(iam, "list_roles", "Roles"), "RoleName", "idp-operators")
    assert listed["MaxSessionDuration"] == 8 * 3600
    assert not {"Tags", "PermissionsBoundary", "RoleLastUsed"} & set(listed)


def test_a_role_never_used_says_so_by_an_empty_structure(organization):
    roles = details(inside(organization, "payments-prod", "iam"), "Role", "RoleDetailList")
    assert named(roles, "RoleName", "quick-test")["RoleLastUsed"] == {}


def test_groups_inline_policies_and_instance_profiles_hang_together(organization):
    iam = inside(organization, "payments-prod", "iam")
    user = named(details(iam, "User", "UserDetailList"), "UserName", "svc-billing-export")
    assert user["GroupList"] == ["payment-services"]
    assert [policy["PolicyName"] for policy in user["AttachedManagedPolicies"]] == ["ledger-read"]
    group = details(iam, "Group", "GroupDetailList")[0]
    assert group["GroupPolicyList"][0]["PolicyDocument"]["Statement"][0]["Action"] == ["sqs:SendMessage"]
    web = named(details(iam, "Role", "RoleDetailList"), "RoleName", "payments-web")
    assert web["InstanceProfileList"][0]["Roles"][0]["RoleName"] == "payments-web"


def test_local_policies_have_names_ids_versions_and_counts(organization):
    iam = inside(organization, "payments-prod", "iam")
    policies = details(iam, "LocalManagedPolicy", "Policies")
    read = named(policies, "PolicyName", "ledger-read")
    assert read["PolicyId"].startswith("ANPA")
    assert [version["VersionId"] for version in read["PolicyVersionList"]] == ["v1", "v2", "v3"]
    assert read["DefaultVersionId"] == "v3"
    assert read["AttachmentCount"] > 5
    assert named(policies, "PolicyName", "workload-boundary")["PermissionsBoundaryUsageCount"] == 2


def test_aws_managed_policies_are_read_by_version_from_any_account(organization):
    iam = client(organization, "iam")
    policy = iam.get_policy(PolicyArn="arn:aws:iam::aws:policy/PowerUserAccess")["Policy"]
    assert policy["AttachmentCount"] == 0
    version = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])["PolicyVersion"]
    assert version["Document"]["Statement"][0]["NotAction"]
    with pytest.raises(ClientError) as failed:
        iam.get_policy(PolicyArn="arn:aws:iam::aws:policy/NoSuchThing")
    assert refusal(failed.value) == ("NoSuchEntity", 404)


def test_the_summary_counts_what_the_details_list(organization):
    for account in ("payments-prod", "sandbox", "shared-services"):
        iam = inside(organization, account, "iam")
        summary = iam.get_account_summary()["SummaryMap"]
        assert summary["Users"] == len(details(iam, "User", "UserDetailList"))
        assert summary["Groups"] == len(details(iam, "Group", "GroupDetailList"))
        assert summary["Roles"] == len(details(iam, "Role", "RoleDetailList"))
        assert summary["Policies"] == len(details(iam, "LocalManagedPolicy", "Policies"))
        providers = iam.list_saml_providers()["SAMLProviderList"]
        providers += iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
        assert summary["Providers"] == len(providers)
        assert summary["ServerCertificates"] == len(iam.list_server_certificates()["ServerCertificateMetadataList"])


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        ("payments-prod", (0, 0, 0)),
        ("sandbox", (1, 1, 0)),
        ("shared-services", (1, 0, 1)),
    ],
)
def test_the_summary_tells_the_root_user_s_credentials(organization, account, expected):
    summary = inside(organization, account, "iam").get_account_summary()["SummaryMap"]
    told = ("AccountPasswordPresent", "AccountAccessKeysPresent", "AccountMFAEnabled")
    assert tuple(summary[name] for name in told) == expected
    assert summary["AccountSigningCertificatesPresent"] == 0


def test_keys_are_listed_with_their_last_use(organization):
    iam = inside(organization, "payments-prod", "iam")
    used, unused = iam.list_access_keys(UserName="svc-key-two-unused")["AccessKeyMetadata"]
    if used["Status"] == "Active":
        used, unused = unused, used
    shown = iam.get_access_key_last_used(AccessKeyId=used["AccessKeyId"])
    assert (shown["UserName"], shown["AccessKeyLastUsed"]["ServiceName"]) == ("svc-key-two-unused", "s3")
    never = iam.get_access_key_last_used(AccessKeyId=unused["AccessKeyId"])["AccessKeyLastUsed"]
    assert never == {"ServiceName": "N/A", "Region": "N/A"}
    with pytest.raises(ClientError) as failed:
        iam.list_access_keys(UserName="nobody")
    assert refusal(failed.value) == ("NoSuchEntity", 404)


def test_another_account_s_key_is_none_of_ours(organization):
    own = organization.credentials()["aws_access_key_id"]
    with pytest.raises(ClientError) as failed:
        inside(organization, "payments-prod", "iam").get_access_key_last_used(AccessKeyId=own)
    assert refusal(failed.value) == ("AccessDenied", 403)


def test_service_credentials_of_all_users_come_in_one_list(organization):
    iam = inside(organization, "payments-prod", "iam")
    held = iam.list_service_specific_credentials(AllUsers=True)["ServiceSpecificCredentials"]
    bedrock = [each for each in held if each["ServiceName"] == "bedrock.amazonaws.com"]
    assert sorted("ExpirationDate" in each for each in bedrock) == [False, True]
    assert all(each["ServiceCredentialAlias"] for each in bedrock)
    assert {each["Status"] for each in held} == {"Active", "Inactive", "Expired"}
    git = iam.list_service_specific_credentials(UserName="svc-git", ServiceName="codecommit.amazonaws.com")
    assert {each["UserName"] for each in git["ServiceSpecificCredentials"]} == {"svc-git"}


def test_a_security_key_shows_only_in_the_user_s_own_list(organization):
    iam = client(organization, "iam")
    virtual = every(iam, "list_virtual_mfa_devices", "VirtualMFADevices", AssignmentStatus="Assigned")
    assert {each["User"]["Arn"].rsplit("/", 1)[-1] for each in virtual if "UserName" in each["User"]} == {
        "alice.archer@acme.example",
        "break-glass-2",
    }
    assert [each["SerialNumber"] for each in virtual if each["User"]["Arn"].endswith(":root")] == [
        f"arn:aws:iam::{organization.management_account_id}:mfa/root-account-mfa-device"
    ]
    own = iam.list_mfa_devices(UserName="break-glass-1")["MFADevices"]
    assert [":u2f/user/break-glass-1/" in each["SerialNumber"] for each in own] == [True]
    drawer = every(iam, "list_virtual_mfa_devices", "VirtualMFADevices", AssignmentStatus="Unassigned")
    assert [each["SerialNumber"].rsplit("/", 1)[-1] for each in drawer] == ["left-in-a-drawer"]


def test_certificates_and_providers_carry_their_own_end(organization):
    iam = inside(organization, "payments-prod", "iam")
    held = {
        each["ServerCertificateName"]: each for each in iam.list_server_certificates()["ServerCertificateMetadataList"]
    }
    assert held["shop-legacy"]["Expiration"] < organization.now() < held["shop-current"]["Expiration"]
    corporate = next(each for each in iam.list_saml_providers()["SAMLProviderList"] if "corporate" in each["Arn"])
    assert (corporate["ValidUntil"] - organization.now()).days == 19


def test_an_oidc_provider_s_url_has_no_scheme(organization):
    iam = inside(organization, "shared-services", "iam")
    held = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    urls = [iam.get_open_id_connect_provider(OpenIDConnectProviderArn=each["Arn"])["Url"] for each in held]
    assert "token.actions.githubusercontent.com" in urls
    assert len(urls) == 5


def test_outbound_federation_is_on_in_one_account_and_refused_in_others(organization):
    told = inside(organization, "data-platform-prod", "iam").get_outbound_web_identity_federation_info()
    assert told["JwtVendingEnabled"]
    assert told["IssuerIdentifier"].startswith("https://")
    with pytest.raises(ClientError) as failed:
        inside(organization, "payments-prod", "iam").get_outbound_web_identity_federation_info()
    assert refusal(failed.value) == ("FeatureDisabled", 404)


def test_organization_features_are_told_to_the_management_account_and_its_delegate_only(organization):
    told = client(organization, "iam").list_organizations_features()
    assert told["EnabledFeatures"] == ["RootCredentialsManagement", "RootSessions"]
    assert inside(organization, "security-tooling", "iam").list_organizations_features()["OrganizationId"]
    with pytest.raises(ClientError) as failed:
        inside(organization, "payments-prod", "iam").list_organizations_features()
    assert refusal(failed.value)[0] == "AccountNotManagementOrDelegatedAdministratorException"


def test_documents_of_sixty_four_kilobytes_arrive_whole(organization):
    policies = details(inside(organization, "sandbox", "iam"), "LocalManagedPolicy", "Policies")
    document = named(policies, "PolicyName", "padded")["PolicyVersionList"][0]["Document"]
    assert "\x9b2J" in document["Statement"][0]["Resource"]


def test_every_answer_is_dated_by_the_simulated_clock(organization):
    for service, operation in (
        ("iam", "list_users"),
        ("sts", "get_caller_identity"),
        ("organizations", "list_accounts"),
    ):
        told = getattr(client(organization, service), operation)()["ResponseMetadata"]
        assert told["HTTPHeaders"]["date"].startswith("Mon, 02 Mar 2026 06:0")
        assert told["RequestId"]
