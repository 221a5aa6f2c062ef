"""One account, whole: the order of the questions, their number, and what each refusal costs and does not cost."""

from collections.abc import Iterator
from typing import Any

import boto3
import msgspec
import pytest
from botocore.config import Config

from prooftrail.adapters.aws.account_source import AwsAccountSource
from prooftrail.errors import AccountUnreachable
from prooftrail.evidence.redaction import Redactor
from prooftrail.model import canonical
from prooftrail.model.account import AccountReadings, CarriedKeys, Carry
from prooftrail.model.iam import AccessKey
from prooftrail.model.reading import Reading
from prooftrail.model.run import Run
from prooftrail.ports import AccountSource, RawResponse, Target
from tests.adapters.aws.loopback import ACCOUNT, HOME, NOW, Aws, Kept, Refusal, Standing, unpaced
from tests.adapters.aws.scripted import (
    BORN,
    DENIED,
    DETAILS,
    DEVICES,
    GENERATE,
    KEYS,
    LAST_USED,
    REPORT,
    ROLES,
    SUMMARY,
    THROTTLED,
    VIRTUAL,
    Steps,
    a_line,
    a_report,
    a_role,
    a_user,
    akia,
    an_account,
    details,
    encoded,
    key_row,
    keys_row,
    slot,
    wire,
)
from tests.emulators import assert_loopback

RUN = Run.manual(NOW, None)
HERE = Target(account=ACCOUNT, direct=True, organization_level=False)
ADDRESS = "ann.smith@example.com"
CONTACT = "account:GetAlternateContact"
_SESSION = boto3.Session("AKIATESTING", "testing", region_name=HOME)


class OnLoopback:
    """Stands for Sessions: clients of the loopback server, and who asked for them."""

    region = HOME

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self.members: list[tuple[str, str, str]] = []
        self.unreachable: AccountUnreachable | None = None

    def direct(self) -> Any:
        return self._client

    def member(self, account: str, *, partition: str, source_identity: str) -> Any:
        if self.unreachable:
            raise self.unreachable
        self.members.append((account, partition, source_identity))
        return self._client

    def _client(self, service: str, region: str) -> Any:
        assert_loopback(self._aws.url)
        config = Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=5, max_pool_connections=20)
        return _SESSION.client(service, region_name=region, endpoint_url=self._aws.url, config=config)  # type: ignore[call-overload]  # any service


@pytest.fixture
def aws() -> Iterator[Aws]:
    with an_account() as it:
        yield it


def read(
    aws: Aws, target: Target = HERE, *, carry: Carry | None = None, sessions: OnLoopback | None = None
) -> AccountReadings:
    return read_with_raw(aws, target, carry=carry, sessions=sessions)[0]


def read_with_raw(
    aws: Aws, target: Target = HERE, *, carry: Carry | None = None, sessions: OnLoopback | None = None
) -> tuple[AccountReadings, list[RawResponse]]:
    steps, raw = Steps(), Kept()
    source: AccountSource = AwsAccountSource(
        sessions or OnLoopback(aws),  # type: ignore[arg-type]  # what Sessions gives is all that is used
        clock=Standing(),
        governors=unpaced(),
        partition="aws",
        sleep=steps.sleep,
        monotonic=steps.monotonic,
    )
    redactor = Redactor(b"k" * 32, ["owner"])
    return source.read(target, run=RUN, carry=carry or Carry(seed="s"), raw=raw, redactor=redactor), raw


def incomplete(readings: AccountReadings) -> set[str]:
    """The names of the readings with gaps."""
    named = {name: getattr(readings, name) for name in readings.__struct_fields__}
    named |= {f"secrets in {region}": reading for region, reading in readings.secrets}
    return {name for name, one in named.items() if isinstance(one, Reading) and not one.complete}


def an_estate(aws: Aws, users: int = 60, roles: int = 30) -> None:
    names = [f"user{n:03}" for n in range(users)]
    aws.answer(DETAILS, details(*map(a_user, names), RoleDetailList=[a_role(f"role{n:03}") for n in range(roles)]))
    aws.answer(ROLES, wire({"Roles": [a_role(f"role{n:03}") for n in range(roles)], "IsTruncated": False}))
    aws.answer(REPORT, a_report(*[a_line(name, **slot(1)) for name in names]))
    aws.answer(KEYS, lambda parameters: keys_row(key_row(parameters["UserName"], akia(parameters["UserName"]))))


def tomorrow(readings: AccountReadings) -> Carry:
    """What the next run carries of this one."""
    keys = {
        key.facts.user_id: CarriedKeys(slots=((True, BORN),), keys=(key,))
        for key in readings.access_keys.items
        if isinstance(key.facts, AccessKey)
    }
    return Carry(run_id=RUN.id, keys=keys, seed="t")


def test_an_account_that_holds_nothing_is_read_whole(aws: Aws) -> None:
    readings = read(aws)
    assert incomplete(readings) == set()
    assert (readings.account, readings.regions.items, readings.regions_read) == (ACCOUNT, (HOME,), (HOME,))
    assert [region for region, _ in readings.secrets] == [HOME]
    assert (readings.features, readings.permission_sets) == (None, None)
    assert (readings.started_at, readings.finished_at) == (NOW, NOW)
    assert (readings.calls, readings.throttled) == (len(aws.asked), 0)
    assert aws.counts() == dict.fromkeys(
        (
            *("account:ListRegions", GENERATE, DETAILS, "iam:GetAccountPasswordPolicy"),
            *(REPORT, "iam:GetOutboundWebIdentityFederationInfo", "iam:ListOpenIDConnectProviders", ROLES),
            *("iam:ListSAMLProviders", "iam:ListServerCertificates", "iam:ListServiceSpecificCredentials"),
            *(VIRTUAL, "secretsmanager:ListSecrets"),
        ),
        1,
    ) | {SUMMARY: 2, CONTACT: 2}


def test_the_report_is_asked_for_first_and_read_after_the_listing_and_the_counts_stand_on_both_sides(aws: Aws) -> None:
    read(aws)
    order = [one.action for one in aws.asked]
    assert set(order[:2]) == {GENERATE, SUMMARY}
    assert order.index(DETAILS) < order.index(REPORT)
    assert order.index(DETAILS) < order.index(ROLES)
    first, second = (place for place, action in enumerate(order) if action == SUMMARY)
    assert first < order.index(DETAILS) < second


def test_an_unchanged_day_costs_few_calls_whatever_the_number_of_users(aws: Aws) -> None:
    an_estate(aws)
    first = read(aws)
    assert aws.count(KEYS) == 60
    assert aws.count(LAST_USED) == 0
    assert len(aws.asked) <= 60 + 25
    aws.asked.clear()
    second = read(aws, carry=tomorrow(first))
    assert aws.count(KEYS) == 10
    assert len(aws.asked) <= 40
    assert len(second.sampled) == 10
    assert [key.id for key in second.access_keys.items] == [key.id for key in first.access_keys.items]
    assert sum(key.carried_from == RUN.id for key in second.access_keys.items) == 50


def test_where_the_organization_may_be_asked_its_features_and_permission_sets_are_read_too(aws: Aws) -> None:
    readings = read(aws, msgspec.structs.replace(HERE, organization_level=True))
    assert readings.features == Reading(sources=readings.features.sources if readings.features else ())
    assert readings.permission_sets is not None
    assert {"iam:ListOrganizationsFeatures", "sso:ListInstances"} <= set(aws.counts())


def test_chosen_regions_alone_are_read_and_the_enabled_ones_are_known_all_the_same(aws: Aws) -> None:
    aws.answer("account:ListRegions", {"Regions": [{"RegionName": name} for name in ("eu-west-1", "us-east-1")]})
    readings = read(aws, msgspec.structs.replace(HERE, regions=("us-east-1",)))
    assert (readings.regions.items, readings.regions_read) == (("eu-west-1", "us-east-1"), ("us-east-1",))
    assert [one.region for one in aws.asked if one.action == "secretsmanager:ListSecrets"] == ["us-east-1"]


def test_every_enabled_region_is_read_where_none_is_chosen(aws: Aws) -> None:
    aws.answer("account:ListRegions", {"Regions": [{"RegionName": name} for name in ("us-east-1", "eu-west-1")]})
    assert [region for region, _ in read(aws).secrets] == ["eu-west-1", "us-east-1"]


def test_where_no_region_is_known_the_home_region_is_read_and_the_gap_stands(aws: Aws) -> None:
    aws.answer("account:ListRegions", DENIED)
    aws.answer("ec2:DescribeRegions", Refusal("UnauthorizedOperation", status=403))
    readings = read(aws)
    assert (readings.regions_read, incomplete(readings)) == ((HOME,), {"regions"})


@pytest.mark.parametrize("refusal", [DENIED, THROTTLED])
@pytest.mark.parametrize(
    ("api", "affected"),
    [
        (SUMMARY, {"summary_before", "summary_after"}),
        (DETAILS, {"principals", "access_keys"}),
        (ROLES, {"role_settings"}),
        (REPORT, {"report", "mfa"}),
        (KEYS, {"access_keys"}),
        (VIRTUAL, {"mfa"}),
        ("iam:GetAccountPasswordPolicy", {"password_policy"}),
        ("iam:ListServiceSpecificCredentials", {"service_credentials"}),
        ("iam:ListSAMLProviders", {"saml_providers"}),
        ("iam:ListOpenIDConnectProviders", {"oidc_providers"}),
        ("iam:ListServerCertificates", {"server_certificates"}),
        ("iam:GetOutboundWebIdentityFederationInfo", {"outbound_federation"}),
        ("secretsmanager:ListSecrets", {f"secrets in {HOME}"}),
        (CONTACT, {"contacts"}),
    ],
)
def test_each_refusal_costs_what_rests_on_it_and_nothing_else(
    aws: Aws, api: str, affected: set[str], refusal: Refusal
) -> None:
    an_estate(aws, users=4)
    aws.answer(LAST_USED, wire({"AccessKeyLastUsed": {"ServiceName": "N/A", "Region": "N/A"}}))
    aws.answer(api, refusal)
    readings = read(aws)
    assert incomplete(readings) == affected
    if api == REPORT:
        assert len(readings.access_keys.items) == 4


def test_a_member_account_is_read_by_its_role_in_the_runs_name(aws: Aws) -> None:
    sessions = OnLoopback(aws)
    read(aws, Target(account="444455556666", direct=False, organization_level=False), sessions=sessions)
    assert sessions.members == [("444455556666", "aws", RUN.id)]


def test_a_role_that_cannot_be_taken_makes_the_account_unreachable(aws: Aws) -> None:
    sessions = OnLoopback(aws)
    sessions.unreachable = AccountUnreachable("444455556666", "no role", "AccessDenied")
    with pytest.raises(AccountUnreachable):
        read(aws, Target(account="444455556666", direct=False, organization_level=False), sessions=sessions)
    assert aws.asked == []


@pytest.mark.parametrize("code", ["InvalidClientTokenId", "ExpiredToken", "SignatureDoesNotMatch"])
def test_credentials_aws_does_not_take_make_the_account_unreachable_after_two_calls(aws: Aws, code: str) -> None:
    aws.answer(GENERATE, Refusal(code, status=403))
    aws.answer(SUMMARY, Refusal(code, status=403))
    with pytest.raises(AccountUnreachable) as caught:
        read(aws)
    assert caught.value.code == code
    assert len(aws.asked) == 2


def test_a_network_without_aws_makes_the_account_unreachable(aws: Aws) -> None:
    aws.url = "http://127.0.0.1:9"
    with pytest.raises(AccountUnreachable):
        read(aws)


def test_two_denials_at_the_start_do_not_make_an_account_unreachable(aws: Aws) -> None:
    aws.answer(GENERATE, DENIED)
    aws.answer(SUMMARY, DENIED)
    assert incomplete(read(aws)) == {"summary_before", "summary_after"}


def test_nothing_that_is_kept_or_read_holds_an_address_or_a_credential(aws: Aws) -> None:
    secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEK1"
    policy = {"PolicyName": "p", "PolicyDocument": encoded({"Statement": [{"Resource": secret, "Sid": ADDRESS}]})}
    tags = [{"Key": "Owner", "Value": "Ann Smith"}, {"Key": "note", "Value": f"password={secret}"}]
    aws.answer(DETAILS, details(a_user(ADDRESS, UserPolicyList=[policy], Tags=tags)))
    aws.answer(REPORT, a_report(a_line(ADDRESS, mfa_active="true", **slot(1))))
    aws.answer(KEYS, keys_row(key_row(ADDRESS, akia("ONE"))))
    aws.answer(
        DEVICES, wire({"MFADevices": [{"UserName": ADDRESS, "SerialNumber": "GAHT12345678", "EnableDate": BORN}]})
    )
    readings, raw = read_with_raw(aws)
    everything = (canonical.encode(readings) + canonical.encode(raw)).decode()
    assert incomplete(readings) == set()
    for hidden in (ADDRESS, "example.com", "Ann Smith", secret):
        assert hidden not in everything
    assert len(readings.sightings) >= 2
    assert readings.mfa.items[0].user_name == readings.principals.items[0].name
    assert {one.account for one in raw} == {ACCOUNT}
    assert len(raw) == readings.calls
