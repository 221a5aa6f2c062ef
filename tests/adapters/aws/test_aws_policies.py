"""What AWS's own policies say: asked for once a version, and in an account only what the run could not read."""

import json
from typing import Any

import pytest

from prooftrail.adapters.aws.aws_policies import read_published, read_unpublished
from prooftrail.adapters.aws.iam_principals import read_principals
from prooftrail.model.iam import AwsManagedPolicy
from prooftrail.model.reading import GapReason
from tests.adapters.aws.loopback import Aws, Kept, Refusal
from tests.adapters.aws.scripted import DENIED, DETAILS, a_role, a_user, an_account, arn_of, details, encoded

LIST, GET, VERSION = "iam:ListPolicies", "iam:GetPolicy", "iam:GetPolicyVersion"
ADMIN, READ, BOUND = (
    f"arn:aws:iam::aws:policy/{one}" for one in ("AdministratorAccess", "ReadOnlyAccess", "job/Bound")
)
GONE = Refusal("NoSuchEntity", "Policy was not found.", status=404)


@pytest.fixture
def aws():  # type: ignore[no-untyped-def]
    with an_account() as it:
        it.answer(VERSION, version)
        yield it


def document(arn: str, number: str) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": {"Sid": f"{arn[25:]} {number}", "Effect": "Allow", "Action": "*"}}


def version(asked: dict[str, Any]) -> dict[str, Any]:
    arn, number = asked["PolicyArn"], asked["VersionId"]
    return {"PolicyVersion": {"VersionId": number, "Document": encoded(document(arn, number))}}


def listed(**versions: str) -> list[dict[str, str]]:
    arns = {"admin": ADMIN, "read": READ, "bound": BOUND}
    return [{"Arn": arns[name], "DefaultVersionId": number} for name, number in versions.items()]


def text(arn: str, number: str) -> str:
    return json.dumps(document(arn, number), sort_keys=True, separators=(",", ":"))


def held(arn: str, number: str) -> AwsManagedPolicy:
    return AwsManagedPolicy(arn=arn, version=number, text=text(arn, number))


def test_every_policy_of_every_page_is_read_in_the_version_in_force(aws: Aws) -> None:
    def pages(asked: dict[str, Any]) -> dict[str, Any]:
        assert asked["Scope"] == "AWS"
        if "Marker" in asked:
            return {"IsTruncated": "false", "Policies": listed(admin="v1")}
        return {"IsTruncated": "true", "Marker": "on", "Policies": listed(read="v12")}

    aws.answer(LIST, pages)
    reading = read_published(aws.observer())
    assert reading.complete
    assert reading.items == (held(ADMIN, "v1"), held(READ, "v12"))
    assert sum(one.calls for one in reading.sources) == 4


def test_a_version_that_is_known_is_not_asked_for_again(aws: Aws) -> None:
    aws.answer(LIST, {"Policies": listed(admin="v1", read="v12")})
    reading = read_published(aws.observer(), (held(ADMIN, "v1"), held(READ, "v12")))
    assert reading.items == (held(ADMIN, "v1"), held(READ, "v12"))
    assert aws.count(VERSION) == 0


def test_a_policy_whose_version_changed_is_read_anew_and_one_that_aws_withdrew_is_forgotten(aws: Aws) -> None:
    aws.answer(LIST, {"Policies": listed(read="v13")})
    reading = read_published(aws.observer(), (held(ADMIN, "v1"), held(READ, "v12")))
    assert reading.items == (held(READ, "v13"),)


def test_what_was_refused_the_last_time_is_asked_for_again(aws: Aws) -> None:
    aws.answer(LIST, {"Policies": listed(admin="v1")})
    reading = read_published(aws.observer(), (AwsManagedPolicy(arn=ADMIN, version="v1"),))
    assert reading.items == (held(ADMIN, "v1"),)


def test_a_list_that_is_refused_leaves_no_policy_and_a_gap_whatever_was_known(aws: Aws) -> None:
    aws.answer(LIST, DENIED)
    reading = read_published(aws.observer(), (held(ADMIN, "v1"),))
    assert reading.items == ()
    assert [(gap.api, gap.reason) for gap in reading.gaps] == [(LIST, GapReason.DENIED)]


def test_one_policy_that_is_not_shown_is_left_out_and_named_by_a_gap(aws: Aws) -> None:
    aws.answer(LIST, {"Policies": listed(admin="v1", read="v12")})
    aws.answer(VERSION, lambda asked: GONE if asked["PolicyArn"] == READ else version(asked))
    reading = read_published(aws.observer())
    assert reading.items == (held(ADMIN, "v1"),)
    assert [(gap.api, gap.subject) for gap in reading.gaps] == [(VERSION, READ)]


def test_what_aws_sent_is_kept_as_it_came(aws: Aws) -> None:
    aws.answer(LIST, {"Policies": listed(admin="v1")})
    observer = aws.observer()
    kept = observer._raw
    assert isinstance(kept, Kept)
    read_published(observer)
    assert [one.api for one in kept] == [LIST, VERSION]
    assert encoded(document(ADMIN, "v1")) in kept[1].body


def attached(*arns: str) -> list[dict[str, str]]:
    return [{"PolicyArn": one, "PolicyName": one.rpartition("/")[2]} for one in arns]


def an_account_with_policies(aws: Aws) -> None:
    own = arn_of("policy", "ours")
    user = a_user("ann", AttachedManagedPolicies=attached(ADMIN, own))
    role = a_role("lambda", PermissionsBoundary={"PermissionsBoundaryArn": BOUND})
    group = {"GroupName": "g", "GroupId": "AGPA0000000000000000G", "Arn": arn_of("group", "g"), "Path": "/"}
    grouped = group | {"CreateDate": "2020-01-01T00:00:00Z", "AttachedManagedPolicies": attached(READ)}
    aws.answer(DETAILS, details(user, RoleDetailList=[role], GroupDetailList=[grouped]))
    aws.answer(GET, lambda asked: {"Policy": {"Arn": asked["PolicyArn"], "DefaultVersionId": "v3"}})


def test_an_account_is_asked_for_what_its_principals_have_and_the_run_lacks(aws: Aws) -> None:
    an_account_with_policies(aws)
    observer = aws.observer()
    reading = read_unpublished(observer, read_principals(observer), frozenset({READ}))
    assert reading.items == (held(ADMIN, "v3"), held(BOUND, "v3"))
    assert aws.count(GET) == aws.count(VERSION) == 2


def test_an_account_is_asked_nothing_where_the_run_knows_all(aws: Aws) -> None:
    an_account_with_policies(aws)
    observer = aws.observer()
    reading = read_unpublished(observer, read_principals(observer), frozenset({READ, ADMIN, BOUND}))
    assert (reading.items, reading.gaps) == ((), ())
    assert aws.count(GET) == aws.count(VERSION) == 0


def test_what_an_account_does_not_show_either_is_a_gap_there(aws: Aws) -> None:
    an_account_with_policies(aws)
    aws.answer(GET, DENIED)
    observer = aws.observer()
    reading = read_unpublished(observer, read_principals(observer), frozenset({READ, ADMIN}))
    assert reading.items == ()
    assert [(gap.api, gap.reason) for gap in reading.gaps] == [(GET, GapReason.DENIED)]
