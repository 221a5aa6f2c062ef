"""Whose credentials an account is read with, how long they last, and what is said where there are none."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from botocore.loaders import JSONFileLoader

from prooftrail import permissions
from prooftrail.adapters.aws import sessions as module
from prooftrail.adapters.aws.observer import Api, Collecting, Observer
from prooftrail.adapters.aws.sessions import Caller, Sessions
from prooftrail.errors import AccessError, AccountUnreachable, ConfigError
from prooftrail.evidence.redaction import Redactor
from prooftrail.model.reading import GapReason
from tests.adapters.aws.loopback import ACCOUNT, Asked, Aws, Kept, Refusal, Standing, listening, unpaced
from tests.emulators import no_aws_settings

MEMBER, RUN, ROLE = "222233334444", "20260302T060000Z", "prooftrail/ProoftrailReader"
WHO, ASSUME, SUMMARY = "sts:GetCallerIdentity", "sts:AssumeRole", "iam:GetAccountSummary"
FAR, LONG_AGO = datetime(2999, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC)
REFUSED = Refusal(
    "AccessDenied", "User: arn:aws:sts::1:assumed-role/SSO/jane@example.com is not authorized", status=403
)
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def no_settings() -> Iterator[None]:
    with no_aws_settings():
        yield


@pytest.fixture
def aws() -> Iterator[Aws]:
    with listening() as it:
        who(it)
        it.answer(ASSUME, given("ASIAMEMBER000000"))
        it.answer(SUMMARY, {"SummaryMap": []})
        yield it


def who(aws: Aws, arn: str = f"arn:aws:iam::{ACCOUNT}:user/scanner") -> None:
    aws.answer(WHO, {"UserId": "AIDAEXAMPLE", "Account": ACCOUNT, "Arn": arn})


def given(key_id: str, until: datetime = FAR) -> dict[str, Any]:
    secret = {"AccessKeyId": key_id, "SecretAccessKey": "s", "SessionToken": "t", "Expiration": until}
    return {"Credentials": secret}


def sessions(aws: Aws, **more: Any) -> Sessions:
    own = {"aws_access_key_id": "AKIAOWN000000000", "aws_secret_access_key": "s"}
    asked = {"role_name": ROLE, "region": "eu-west-1", "endpoint_url": aws.url, "credentials": own}
    return Sessions(**{**asked, **more})


def member(of: Sessions, partition: str = "aws") -> Any:
    return of.member(MEMBER, partition=partition, source_identity=RUN)


def asked(aws: Aws, action: str) -> list[Asked]:
    return [one for one in aws.asked if one.action == action]


def observing(client_of: Any) -> Observer:
    return Observer(
        account=MEMBER,
        partition="aws",
        client_of=client_of,
        home_region="eu-west-1",
        governors=unpaced(),
        clock=Standing(),
        raw=Kept(),
        redactor=Redactor(b"k" * 32),
    )


# Who we are


def test_the_caller_is_asked_once_and_keeps_its_partition(aws: Aws) -> None:
    who(aws, f"arn:aws-us-gov:sts::{ACCOUNT}:assumed-role/Scanner/now")
    it = sessions(aws)
    assert it.caller() == it.caller() == Caller(ACCOUNT, f"arn:aws-us-gov:sts::{ACCOUNT}:assumed-role/Scanner/now")
    assert it.caller().partition == "aws-us-gov"
    assert aws.counts() == {WHO: 1}


@pytest.mark.parametrize(
    ("partition", "region"), [("aws", "us-east-1"), ("aws-us-gov", "us-gov-west-1"), ("aws-cn", "cn-north-1")]
)
def test_without_a_configured_region_the_partition_that_knows_the_key_is_found(
    aws: Aws, partition: str, region: str
) -> None:
    answer = {"UserId": "A", "Account": ACCOUNT, "Arn": f"arn:{partition}:iam::{ACCOUNT}:user/scanner"}
    unknown = Refusal("InvalidClientTokenId", status=403)
    aws.answer(WHO, lambda _: answer if aws.asked[-1].region == region else unknown)
    it = sessions(aws, region=None)
    assert it.caller().partition == partition
    assert it.region == region


def test_a_configured_region_is_kept(aws: Aws) -> None:
    it = sessions(aws, region="ap-south-1")
    it.caller()
    assert it.region == "ap-south-1"
    assert asked(aws, WHO)[0].region == "ap-south-1"


@pytest.mark.parametrize(
    ("region", "endpoint"),
    [
        ("eu-west-1", "https://sts.eu-west-1.amazonaws.com"),
        ("us-east-1", "https://sts.us-east-1.amazonaws.com"),
        ("us-gov-west-1", "https://sts.us-gov-west-1.amazonaws.com"),
        ("cn-north-1", "https://sts.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_sts_is_asked_in_the_region_and_never_at_the_global_endpoint(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, region: str, endpoint: str
) -> None:
    monkeypatch.setenv("AWS_STS_REGIONAL_ENDPOINTS", "legacy")
    it = sessions(aws, endpoint_url=None, region=region)
    assert it.direct()("sts", region).meta.endpoint_url == endpoint


@pytest.mark.parametrize(
    ("arn", "is_it"),
    [
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/ProoftrailReader/a-run", True),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/ProoftrailReader2/a-run", False),
        (f"arn:aws:iam::{ACCOUNT}:user/ProoftrailReader", False),
        (f"arn:aws:iam::{ACCOUNT}:root", False),
        (f"arn:aws:sts::{MEMBER}:assumed-role/ProoftrailReader/a-run", True),
    ],
)
def test_a_caller_knows_whether_it_is_a_session_of_a_role(arn: str, is_it: bool) -> None:
    assert Caller(arn.split(":")[4], arn).is_role(arn.split(":")[4], "ProoftrailReader") is is_it


# Entering an account


@pytest.mark.parametrize("partition", ["aws", "aws-us-gov", "aws-cn"])
def test_the_member_role_is_taken_with_everything_that_limits_and_names_the_session(aws: Aws, partition: str) -> None:
    member(sessions(aws, external_id="a-word"), partition)
    (one,) = asked(aws, ASSUME)
    policy = one.parameters.pop("Policy")
    assert one.parameters == {
        "Version": "2011-06-15",
        "RoleArn": f"arn:{partition}:iam::{MEMBER}:role/{ROLE}",
        "RoleSessionName": f"prooftrail-{RUN}",
        "SourceIdentity": RUN,
        "ExternalId": "a-word",
        "DurationSeconds": "3600",
    }
    assert one.region == "eu-west-1"
    assert json.loads(policy) == permissions.session_policy()
    assert len(policy) <= 2048


def test_without_an_external_id_none_is_sent(aws: Aws) -> None:
    member(sessions(aws))
    assert "ExternalId" not in asked(aws, ASSUME)[0].parameters


def test_a_policy_of_ones_own_takes_the_place_of_the_products(aws: Aws) -> None:
    member(sessions(aws, session_policy={"Version": "2012-10-17", "Statement": []}))
    assert asked(aws, ASSUME)[0].parameters["Policy"] == '{"Version":"2012-10-17","Statement":[]}'


def test_calls_in_a_member_account_are_signed_with_the_roles_credentials(aws: Aws) -> None:
    member(sessions(aws))("iam", "eu-west-1").get_account_summary()
    assert [one.key_id for one in asked(aws, SUMMARY)] == ["ASIAMEMBER000000"]


def test_the_account_one_stands_in_is_read_with_ones_own_credentials(aws: Aws) -> None:
    sessions(aws).direct()("iam", "eu-west-1").get_account_summary()
    assert [one.key_id for one in asked(aws, SUMMARY)] == ["AKIAOWN000000000"]
    assert asked(aws, ASSUME) == []


def test_a_caller_that_is_the_member_role_already_does_not_take_it_again(aws: Aws) -> None:
    aws.answer(
        WHO, {"UserId": "A", "Account": MEMBER, "Arn": f"arn:aws:sts::{MEMBER}:assumed-role/ProoftrailReader/me"}
    )
    member(sessions(aws))("iam", "eu-west-1").get_account_summary()
    assert asked(aws, ASSUME) == []
    assert asked(aws, SUMMARY)[0].key_id == "AKIAOWN000000000"


@pytest.mark.parametrize("name", ["a", "x" * 65, "run 1", "läuft", "run/1"])
def test_a_source_identity_aws_would_reject_is_refused_before_aws_is_asked(aws: Aws, name: str) -> None:
    with pytest.raises(ConfigError, match="SourceIdentity"):
        sessions(aws).member(MEMBER, partition="aws", source_identity=name)
    assert aws.asked == []


def test_the_longest_source_identity_leaves_a_session_name_aws_takes(aws: Aws) -> None:
    sessions(aws).member(MEMBER, partition="aws", source_identity="r" * 64)
    assert len(asked(aws, ASSUME)[0].parameters["RoleSessionName"]) == 64


@pytest.mark.parametrize("external_id", ["", "x", "with blanks", "x" * 1225])
def test_an_external_id_aws_would_reject_is_refused_before_aws_is_asked(aws: Aws, external_id: str) -> None:
    with pytest.raises(ConfigError, match="--external-id"):
        sessions(aws, external_id=external_id)


def test_a_trust_policy_that_takes_no_source_identity_is_met_without_one_and_remembered(aws: Aws) -> None:
    aws.answer(ASSUME, lambda asked: REFUSED if "SourceIdentity" in asked else given("ASIAMEMBER000000"))
    it = sessions(aws)
    member(it)
    assert it.unattributed == {MEMBER}
    assert [one.parameters["RoleSessionName"] for one in asked(aws, ASSUME)] == [f"prooftrail-{RUN}"] * 2


def test_an_ordinary_account_is_not_remembered_as_unattributed(aws: Aws) -> None:
    it = sessions(aws)
    member(it)
    assert it.unattributed == set()


# How long it lasts


def test_credentials_are_renewed_before_they_expire(aws: Aws) -> None:
    answers = iter([given("ASIAFIRST0000000", LONG_AGO), given("ASIASECOND000000")])
    aws.answer(ASSUME, lambda _: next(answers))
    client = member(sessions(aws))("iam", "eu-west-1")
    client.get_account_summary()
    client.get_account_summary()
    assert [one.key_id for one in asked(aws, SUMMARY)] == ["ASIASECOND000000"] * 2
    assert [one.parameters["SourceIdentity"] for one in asked(aws, ASSUME)] == [RUN] * 2


def test_many_threads_renew_once(aws: Aws) -> None:
    answers = iter([given("ASIAFIRST0000000", LONG_AGO), given("ASIASECOND000000")])
    aws.answer(ASSUME, lambda _: next(answers))
    client = member(sessions(aws))("iam", "eu-west-1")
    with ThreadPoolExecutor(max_workers=8) as threads:
        list(threads.map(lambda _: client.get_account_summary(), range(16)))
    assert aws.count(ASSUME) == 2
    assert {one.key_id for one in asked(aws, SUMMARY)} == {"ASIASECOND000000"}


def test_a_role_taken_away_while_we_read_is_a_gap_and_not_the_end(aws: Aws) -> None:
    answers = iter([given("ASIAFIRST0000000", LONG_AGO)])
    aws.answer(ASSUME, lambda _: next(answers, REFUSED))
    found: Collecting[str] = Collecting(observing(member(sessions(aws))))
    assert found.ask(Api("iam", "get_account_summary")) is None
    assert [gap.reason for gap in found.reading().gaps] == [GapReason.DENIED]


# Where nothing can be read


def test_a_role_that_is_not_there_is_said_with_awss_code_and_nobodys_address(aws: Aws) -> None:
    aws.answer(ASSUME, REFUSED)
    with pytest.raises(AccountUnreachable) as caught:
        member(sessions(aws, external_id="a-word"))
    assert caught.value.account == MEMBER
    assert caught.value.code == "AccessDenied"
    assert f"arn:aws:iam::{MEMBER}:role/{ROLE}" in str(caught.value)
    assert "trust policy does not let this caller in with this external id" in str(caught.value)
    assert "jane" not in str(caught.value)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("RegionDisabledException", "STS is not active in eu-west-1"),
        ("ExpiredToken", "our own credentials have expired"),
        ("PackedPolicyTooLarge", "PackedPolicyTooLarge"),
    ],
)
def test_every_other_refusal_keeps_its_code_and_says_what_to_do(aws: Aws, code: str, words: str) -> None:
    aws.answer(ASSUME, Refusal(code, "too {large} for jane@example.com", status=400))
    with pytest.raises(AccountUnreachable, match=words) as caught:
        member(sessions(aws))
    assert caught.value.code == code
    assert "jane" not in str(caught.value)


def test_an_endpoint_that_does_not_answer_is_unreachable_without_a_code(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    once(monkeypatch)
    it = sessions(aws)
    it.caller()
    it._endpoint_url = NOWHERE
    with pytest.raises(AccountUnreachable, match="check the network") as caught:
        member(it)
    assert caught.value.code is None


def test_no_network_is_said_with_what_to_check(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    once(monkeypatch)
    with pytest.raises(AccessError, match=r"check the network, the proxy, --region and AWS_ENDPOINT_URL"):
        sessions(aws, endpoint_url=NOWHERE).caller()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("ExpiredToken", r"have expired .*: renew them"),
        ("InvalidClientTokenId", r"does not know the access key .*: it was deleted, or --region"),
        ("SignatureDoesNotMatch", r"does not fit the access key, or this machine's clock"),
        ("SomethingNew", r"SomethingNew: refused on purpose"),
    ],
)
def test_credentials_aws_does_not_take_are_said_with_the_fix(aws: Aws, code: str, words: str) -> None:
    aws.answer(WHO, Refusal(code, status=403))
    with pytest.raises(AccessError, match=words):
        sessions(aws).caller()


def test_no_credentials_at_all_are_said_with_the_fix(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(AccessError, match=r"Unable to locate credentials: give --profile NAME"):
        sessions(aws, credentials=None).caller()


def test_half_a_key_pair_is_said_with_the_fix(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(AccessError, match=r"Partial credentials .* give --profile NAME"):
        sessions(aws, credentials=None).caller()


def test_a_profile_that_is_not_there_is_said_with_where_to_look(aws: Aws) -> None:
    with pytest.raises(AccessError, match=r"no AWS profile named nobody: choose one"):
        sessions(aws, credentials=None, profile="nobody").caller()


def test_an_expired_sign_in_is_said_with_the_command_to_run(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    config.write_text(
        "[profile team]\nsso_session = home\nsso_account_id = 111122223333\nsso_role_name = Reader\n"
        "[sso-session home]\nsso_start_url = https://example.awsapps.com/start\nsso_region = eu-west-1\n"
        "sso_registration_scopes = sso:account:access\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(AccessError, match=r"run `aws sso login --profile team` and try again"):
        sessions(aws, credentials=None, profile="team").caller()


def test_a_member_session_keeps_the_profiles_other_settings(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    config.write_text("[profile team]\nuse_fips_endpoint = true\naws_access_key_id = A\naws_secret_access_key = s\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    it = sessions(aws, profile="team", region="us-east-1")
    client_of = member(it)
    it._endpoint_url = None
    assert client_of("secretsmanager", "us-east-1").meta.endpoint_url == (
        "https://secretsmanager-fips.us-east-1.amazonaws.com"
    )


def test_every_call_names_this_product(aws: Aws) -> None:
    assert "prooftrail" in sessions(aws).direct()("iam", "eu-west-1").meta.config.user_agent_extra


def test_a_services_model_is_read_once_for_all_accounts(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []
    load = JSONFileLoader.load_file

    def counting(self: JSONFileLoader, path: str) -> Any:
        loaded.append(path)
        return load(self, path)

    monkeypatch.setattr(JSONFileLoader, "load_file", counting)
    it = sessions(aws)
    member(it)("iam", "eu-west-1")
    for_the_first = [path for path in loaded if "/iam/" in path]
    member(it)("iam", "eu-west-1")
    assert for_the_first
    assert [path for path in loaded if "/iam/" in path] == for_the_first


def once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No second attempts, so that nobody waits."""
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=1)
    monkeypatch.setattr(module, "_CONFIG", config)
    monkeypatch.setattr(module, "_FIRST_CONTACT", config)


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-22T06:00:00Z",
        "2026-11-22T06:00:00+00:00",
        "2026-11-22T06:00:00.123Z",
        "2026-11-22T08:00:00+02:00",
        "Sun, 22 Nov 2026 06:00:00 GMT",
        "20261122T060000Z",
        1795327200,
        1795327200.5,
        "1795327200",
    ],
)
def test_times_are_read_as_botocore_reads_them(written: object) -> None:
    from botocore.utils import parse_timestamp

    from prooftrail.adapters.aws.sessions import timestamp

    assert timestamp(written) == parse_timestamp(written)
