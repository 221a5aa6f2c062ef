"""Users, roles, groups and policies as the bulk reading shows them, and what it costs when a part of it is unreadable."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from prooftrail.adapters.aws.iam_principals import read_principals, read_role_settings
from prooftrail.model import canonical
from prooftrail.model.account import RoleSettings
from prooftrail.model.iam import AttachedPolicy, Group, InlinePolicy, Role, Usage, User
from prooftrail.model.organization import Tag
from prooftrail.model.reading import CellStatus, Collector, GapReason, cell_of
from prooftrail.model.trust import Principal, PrincipalType
from tests.adapters.aws.loopback import Aws, Refusal
from tests.adapters.aws.scripted import (
    BORN,
    DENIED,
    DETAILS,
    ROLES,
    THROTTLED,
    a_role,
    a_user,
    an_account,
    arn_of,
    details,
    encoded,
    markers,
    trusting,
    user_id,
    watching,
    wire,
)

READ_ONE = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}
ADDRESS = "ann.smith@example.com"


@pytest.fixture
def aws() -> Iterator[Aws]:
    with an_account() as it:
        yield it


def role_facts(aws: Aws, **row: object) -> Role:
    aws.answer(DETAILS, details(RoleDetailList=[a_role("app", **row)]))  # type: ignore[arg-type]
    (role,) = read_principals(watching(aws).observer).reading.items
    assert isinstance(role.facts, Role)
    return role.facts


def test_a_user_is_read_whole(aws: Aws) -> None:
    row = a_user(
        "ann",
        Path="/people/",
        Tags=[{"Key": "team", "Value": "b"}, {"Key": "Owner", "Value": "Ann Smith"}],
        GroupList=["readers", "admins"],
        AttachedManagedPolicies=[
            {"PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess", "PolicyName": "ReadOnlyAccess"}
        ],
        UserPolicyList=[{"PolicyName": "one", "PolicyDocument": encoded(READ_ONE)}],
        PermissionsBoundary={"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn_of("policy", "edge")},
    )
    aws.answer(DETAILS, details(row))
    seen = watching(aws)
    principals = read_principals(seen.observer)
    (user,) = principals.users
    (document,) = principals.documents
    assert (user.id, user.name, user.created_at) == (user_id("ann"), "ann", BORN)
    assert user.tags == (
        Tag(key="Owner", value=seen.redactor.pseudonym("Ann Smith")),
        Tag(key="team", value="b"),
    )
    assert user.usage == Usage(tracked=False)
    assert user.facts == User(
        path="/people/",
        groups=("admins", "readers"),
        attached=(AttachedPolicy(arn="arn:aws:iam::aws:policy/ReadOnlyAccess", name="ReadOnlyAccess"),),
        inline=(InlinePolicy(name="one", document=document.sha256),),
        boundary=arn_of("policy", "edge"),
    )


def test_all_four_lists_are_asked_for_at_a_thousand_a_page_and_aws_managed_policies_are_not(aws: Aws) -> None:
    read_principals(watching(aws).observer)
    parameters = aws.asked[0].parameters
    wanted = {value for name, value in parameters.items() if name.startswith("Filter")}
    assert wanted == {"User", "Role", "Group", "LocalManagedPolicy"}
    assert parameters["MaxItems"] == "1000"


def test_a_roles_last_use_is_tracked_even_where_there_is_none(aws: Aws) -> None:
    used = a_role("used", RoleLastUsed={"LastUsedDate": BORN, "Region": "eu-west-1"})
    aws.answer(DETAILS, details(RoleDetailList=[used, a_role("idle", RoleLastUsed={}), a_role("plain")]))
    roles = {role.name: role.usage for role in read_principals(watching(aws).observer).reading.items}
    assert roles["used"] == Usage(tracked=True, last_used_at=BORN, region="eu-west-1", source=DETAILS)
    assert roles["idle"] == roles["plain"] == Usage(tracked=True, source=DETAILS)


def test_trust_is_parsed_once_and_its_document_kept_by_hash(aws: Aws) -> None:
    roles = [a_role(f"app{n}") for n in range(3)] + [a_role("other", trust=trusting("*"))]
    aws.answer(DETAILS, details(RoleDetailList=roles))
    principals = read_principals(watching(aws).observer)
    facts = {role.name: role.facts for role in principals.reading.items}
    assert isinstance(facts["app0"], Role)
    assert isinstance(facts["app2"], Role)
    assert facts["app0"].trust is facts["app2"].trust
    assert facts["app0"].trust[0].principals == (Principal(type=PrincipalType.SERVICE, value="lambda.amazonaws.com"),)
    assert len(principals.documents) == 2
    for document in principals.documents:
        assert document.sha256 == canonical.sha256(document.text.encode())
        assert document.text == canonical.encode(json.loads(document.text)).decode()


@pytest.mark.parametrize(
    "trust",
    [
        encoded("no JSON at all"),
        encoded("[]"),
        encoded({"Statement": ["text"]}),
        encoded({"Statement": {"Principal": {"Martian": "x"}}}),
        encoded({"Statement": {"Principal": "*", "Condition": {"StringEquals": "flat"}}}),
        encoded({"Statement": {"Principal": "*", "Action": {"a": 1}, "Condition": []}}),
        encoded({}),
        encoded({"statement": []}),
        encoded({"Statement": {"Effect": "allow", "Principal": "*", "Action": "sts:AssumeRole"}}),
        encoded({"Statement": {"Effect": "Allow", "Principle": "*", "Action": "sts:AssumeRole"}}),
    ],
)
def test_a_role_whose_trust_is_unreadable_is_kept_and_a_gap_names_it(aws: Aws, trust: str) -> None:
    aws.answer(DETAILS, details(RoleDetailList=[a_role("odd", trust=trust), a_role("app")]))
    principals = read_principals(watching(aws).observer)
    odd = next(role for role in principals.reading.items if role.name == "odd")
    assert isinstance(odd.facts, Role)
    assert odd.facts.trust == ()
    assert odd.facts.trust_document in {document.sha256 for document in principals.documents}
    assert [(gap.reason, gap.subject) for gap in principals.reading.gaps] == [(GapReason.UNREADABLE, "odd")]
    assert principals.listed


def test_of_two_principals_under_one_name_neither_is_chosen(aws: Aws) -> None:
    twice = '{"Statement":{"Effect":"Allow","Principal":"*","Principal":{"AWS":"1"},"Action":"sts:AssumeRole"}}'
    aws.answer(DETAILS, details(RoleDetailList=[a_role("odd", trust=encoded(twice))]))
    principals = read_principals(watching(aws).observer)
    (odd,) = principals.reading.items
    assert isinstance(odd.facts, Role)
    assert odd.facts.trust == ()
    assert [document.text for document in principals.documents] == [twice]
    assert {(gap.reason, gap.subject) for gap in principals.reading.gaps} == {(GapReason.UNREADABLE, "odd")}


def test_a_role_without_a_trust_policy_is_a_gap(aws: Aws) -> None:
    row = a_role("bare")
    del row["AssumeRolePolicyDocument"]
    aws.answer(DETAILS, details(RoleDetailList=[row]))
    principals = read_principals(watching(aws).observer)
    assert [(gap.reason, gap.subject) for gap in principals.reading.gaps] == [(GapReason.UNREADABLE, "bare")]


def test_an_inline_policy_that_is_no_json_is_kept_as_it_came_and_a_gap_says_so(aws: Aws) -> None:
    aws.answer(
        DETAILS, details(a_user("ann", UserPolicyList=[{"PolicyName": "p", "PolicyDocument": encoded("{oops")}]))
    )
    principals = read_principals(watching(aws).observer)
    assert [document.text for document in principals.documents] == ["{oops"]
    assert [gap.reason for gap in principals.reading.gaps] == [GapReason.UNREADABLE]


def test_what_only_roles_have_is_read(aws: Aws) -> None:
    profile = {"InstanceProfileName": "web", "Arn": arn_of("instance-profile", "web"), "Roles": [a_role("app")]}
    facts = role_facts(aws, Path="/apps/", InstanceProfileList=[profile])
    assert (facts.path, facts.instance_profiles) == ("/apps/", (arn_of("instance-profile", "web"),))


def test_groups_and_customer_policies_come_with_their_documents(aws: Aws) -> None:
    group = {"GroupName": "readers", "GroupId": "AGPAONE", "Arn": arn_of("group", "readers"), "Path": "/"}
    inline = {"GroupPolicyList": [{"PolicyName": "g", "PolicyDocument": encoded(READ_ONE)}]}
    version = {"VersionId": "v1", "Document": encoded(READ_ONE), "IsDefaultVersion": False, "CreateDate": BORN}
    policy = {
        "PolicyName": "edge",
        "PolicyId": "ANPAONE",
        "Arn": arn_of("policy", "edge"),
        "Path": "/",
        "DefaultVersionId": "v2",
        "CreateDate": BORN,
        "UpdateDate": BORN + timedelta(days=1),
        "PolicyVersionList": [version | {"VersionId": "v2", "Document": encoded(READ_ONE | {"Id": "2"})}, version],
    }
    aws.answer(DETAILS, details(GroupDetailList=[group | inline | {"CreateDate": BORN}], Policies=[policy]))
    principals = read_principals(watching(aws).observer)
    (read_policy,), (read_group,) = principals.policies, principals.groups
    shared = read_group.inline[0].document
    assert read_group == Group(
        id="AGPAONE",
        arn=arn_of("group", "readers"),
        name="readers",
        path="/",
        created_at=BORN,
        inline=(InlinePolicy(name="g", document=shared),),
    )
    assert (read_policy.default_version, [version for version, _ in read_policy.versions]) == ("v2", ["v1", "v2"])
    assert read_policy.versions[0] == ("v1", shared)
    assert len(principals.documents) == 2


def test_documents_differing_in_blanks_and_order_alone_are_one(aws: Aws) -> None:
    one = encoded('{"Version": "2012-10-17", "Statement": []}')
    other = encoded('{\n "Statement":[],"Version":"2012-10-17" }')
    rows = [
        a_user(name, UserPolicyList=[{"PolicyName": "p", "PolicyDocument": text}])
        for name, text in (("a", one), ("b", other))
    ]
    aws.answer(DETAILS, details(*rows))
    assert [document.text for document in read_principals(watching(aws).observer).documents] == [
        '{"Statement":[],"Version":"2012-10-17"}'
    ]


def test_an_address_in_a_policy_is_hidden_in_document_and_body(aws: Aws) -> None:
    condition = {"StringEquals": {"aws:username": ADDRESS}}
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole", "Condition": condition}
    facts = role_facts(aws, trust=encoded({"Statement": statement}))
    seen = watching(aws)
    principals = read_principals(seen.observer)
    read_role_settings(seen.observer)
    assert facts.trust[0].conditions[0].values == (seen.redactor.pseudonym(ADDRESS),)
    assert "example.com" not in repr(principals) + repr(seen.raw)


def test_a_credential_in_a_policy_becomes_a_sighting_at_its_owner_and_hides_nothing_else(aws: Aws) -> None:
    key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEK1"
    marker = "-----BEGIN RSA PRIVATE KEY-----"
    statement = [{"Sid": "a", "Resource": marker}, {"Sid": "b", "Resource": key}, {"Sid": "c", "Action": "iam:*"}]
    aws.answer(
        DETAILS,
        details(
            a_user("ann", UserPolicyList=[{"PolicyName": "p", "PolicyDocument": encoded({"Statement": statement})}])
        ),
    )
    seen = watching(aws)
    principals = read_principals(seen.observer)
    (document,) = principals.documents
    assert [one.get("Sid") for one in json.loads(document.text)["Statement"]] == ["a", "b", "c"]
    assert key not in document.text + repr(seen.raw)
    assert {one.detector for one in seen.redactor.sightings()} >= {"aws_secret_access_key"}
    assert any("ann" in one.where for one in seen.redactor.sightings())


def test_what_moves_between_pages_is_kept_once_as_last_seen(aws: Aws) -> None:
    aws.answer(DETAILS, markers(details(a_user("ann"), a_user("bob")), details(a_user("bob", Path="/moved/"))))
    principals = read_principals(watching(aws).observer)
    assert [user.name for user in principals.users] == ["ann", "bob"]
    bob = principals.users[1].facts
    assert isinstance(bob, User)
    assert bob.path == "/moved/"


def test_lone_surrogates_in_a_policy_can_be_sealed(aws: Aws) -> None:
    aws.answer(
        DETAILS,
        details(a_user("ann", UserPolicyList=[{"PolicyName": "p", "PolicyDocument": encoded('{"Id": "\\ud83d"}')}])),
    )
    assert [document.text for document in read_principals(watching(aws).observer).documents] == ['{"Id":"?"}']


@pytest.mark.parametrize(
    ("refusal", "reason", "status"),
    [(DENIED, GapReason.DENIED, CellStatus.DENIED), (THROTTLED, GapReason.THROTTLED, CellStatus.THROTTLED)],
)
def test_a_refused_listing_is_a_gap_and_not_an_empty_account(
    aws: Aws, refusal: Refusal, reason: GapReason, status: CellStatus
) -> None:
    aws.answer(DETAILS, refusal)
    principals = read_principals(watching(aws).observer)
    assert not principals.listed
    assert [gap.reason for gap in principals.reading.gaps] == [reason]
    assert cell_of("1", "global", Collector.PRINCIPALS, principals.reading).status is status


@pytest.mark.parametrize("second", [DENIED, {"IsTruncated": "true"}])
def test_a_listing_that_breaks_off_keeps_what_it_showed_and_is_partial(aws: Aws, second: object) -> None:
    first = details(a_user("ann")) | {"IsTruncated": "true", "Marker": "1"}
    aws.answer(DETAILS, lambda parameters: second if "Marker" in parameters else first)
    principals = read_principals(watching(aws).observer)
    assert [user.name for user in principals.users] == ["ann"]
    assert not principals.listed
    assert cell_of("1", "global", Collector.PRINCIPALS, principals.reading).status is CellStatus.PARTIAL


def test_role_settings_are_read_over_all_pages(aws: Aws) -> None:
    rows = [a_role(name, MaxSessionDuration=7200, Description=f"runs {name}") for name in ("app", "web")]
    aws.answer(ROLES, markers(wire({"Roles": rows[:1]}), wire({"Roles": [rows[1] | {"Description": None}]})))
    reading = read_role_settings(watching(aws).observer)
    assert reading.items == (
        RoleSettings(role_id=rows[0]["RoleId"], max_session_s=7200, description="runs app"),
        RoleSettings(role_id=rows[1]["RoleId"], max_session_s=7200, description=None),
    )
    assert aws.asked[0].parameters["MaxItems"] == "1000"


@pytest.mark.parametrize(("refusal", "reason"), [(DENIED, GapReason.DENIED), (THROTTLED, GapReason.THROTTLED)])
def test_refused_role_settings_are_their_own_gap(aws: Aws, refusal: Refusal, reason: GapReason) -> None:
    aws.answer(ROLES, refusal)
    reading = read_role_settings(watching(aws).observer)
    assert (reading.items, [gap.reason for gap in reading.gaps]) == ((), [reason])
