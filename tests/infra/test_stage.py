"""What cdk.json may say: every wrong value names its key and the fix, and a right one is what it says."""

from datetime import date
from typing import Any

import aws_cdk as cdk
import pytest

from infra.stage import Auditor, Cadence, Notices, Replica, Stage, StageError
from prooftrail.model.run import Schedule
from prooftrail.settings import RETENTION_DAYS, SCHEDULE_HOURS

from .stages import AUDIT_FIRM, AUDITOR, COPY, EVIDENCE, MANAGEMENT, REPLICA, TOOLING, a_stage, as_json

THE_AUDITOR = {
    "principal": AUDITOR.principal,
    "external_id": AUDITOR.external_id,
    "until": "2027-03-31",
    "require_mfa": True,
}
BY_SES = {"notifier": "ses", "mail_from": "notices@example.com", "configuration_set": "owners"}
A_COPY = {"bucket_arn": COPY.bucket_arn, "account": REPLICA}
ALONE = {"organization_id": None, "management_account": None, "organizational_units": None}


def test_a_stage_of_few_words_has_the_defaults() -> None:
    found = Stage.parse("dev", {"region": "eu-central-1", "tooling_account": TOOLING, "lock_mode": "GOVERNANCE"})
    assert found == Stage(
        name="dev", region="eu-central-1", tooling_account=TOOLING, evidence_account=TOOLING, lock_mode="GOVERNANCE"
    )
    assert found.single_account
    assert found.retention_days == RETENTION_DAYS
    assert found.schedule == Cadence(every_hours=24, at="05:00")


def test_a_stage_in_production_form_is_what_the_other_tests_stand_on() -> None:
    found = Stage.parse("prod", as_json())
    assert found == a_stage()
    assert not found.single_account


def test_every_word_is_read() -> None:
    given = as_json(
        schedule={"every_hours": 6, "at": "23:59"},
        retention_days={"raw": 30, "people": 60, "chain": 4000, "witness": 4000},
        default_retention_days=20,
        acknowledge_irreversible_days=4000,
        auditor=THE_AUDITOR,
        replica=A_COPY,
        scan_regions=["eu-central-1", "us-east-1"],
        stacksets_from="tooling",
        concurrency=7,
        signing_key_generation=3,
        role_name="security/Reader",
        key_administrators=[f"arn:aws:iam::{EVIDENCE}:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Keys_*"],
        answerers=[f"arn:aws:iam::{EVIDENCE}:role/TeamLead", f"arn:aws:iam::{EVIDENCE}:user/teams/*"],
        notices={**BY_SES, "undeliverable_alarm": 20},
        architecture="x86_64",
    )
    assert Stage.parse("prod", given) == a_stage(
        schedule=Cadence(every_hours=6, at="23:59"),
        retention_days=RETENTION_DAYS | {"raw": 30, "people": 60, "chain": 4000, "witness": 4000},
        default_retention_days=20,
        auditor=Auditor(
            principal=AUDITOR.principal, external_id="audit-2027", until=date(2027, 3, 31), require_mfa=True
        ),
        replica=Replica(bucket_arn=COPY.bucket_arn, account=REPLICA),
        scan_regions=("eu-central-1", "us-east-1"),
        stacksets_from="tooling",
        signing_key_generation=3,
        concurrency=7,
        role_name="security/Reader",
        key_administrators=(f"arn:aws:iam::{EVIDENCE}:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Keys_*",),
        answerers=(f"arn:aws:iam::{EVIDENCE}:role/TeamLead", f"arn:aws:iam::{EVIDENCE}:user/teams/*"),
        notices=Notices(
            notifier="ses", mail_from="notices@example.com", configuration_set="owners", undeliverable_alarm=20
        ),
        architecture="x86_64",
    )


def test_all_regions_is_a_word() -> None:
    assert Stage.parse("prod", as_json(scan_regions="all")).scan_regions is None


def test_the_default_retention_goes_down_with_the_shortest_kind() -> None:
    assert Stage.parse("prod", as_json(retention_days={"people": 30})).default_retention_days == 30


ACCOUNT_WORDS = 'give 12 digits in quotes, like "111122223333"'
TOGETHER = "an organization needs it beside"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"region": None}, "stages.prod.region is missing: give one region"),
        ({"region": "eu-central"}, "stages.prod.region is 'eu-central': give one region"),
        ({"region": "eu-central-1 "}, "stages.prod.region is"),
        ({"region": "eu-central-1\n"}, "stages.prod.region is"),
        ({"region": "us-iso-east-1"}, "stages.prod.region is"),
        ({"tooling_account": None}, f"stages.prod.tooling_account is missing: {ACCOUNT_WORDS}"),
        ({"tooling_account": 111111111111}, f"stages.prod.tooling_account is 111111111111: {ACCOUNT_WORDS}"),
        ({"tooling_account": "1" * 11}, "stages.prod.tooling_account is"),
        ({"tooling_account": "1" * 13}, "stages.prod.tooling_account is"),
        ({"tooling_account": "\u0661" * 12}, "stages.prod.tooling_account is"),
        ({"evidence_account": "2"}, "stages.prod.evidence_account is '2'"),
        ({"management_account": "x"}, "stages.prod.management_account is 'x'"),
        ({"management_account": None}, f"stages.prod.management_account is missing: {TOGETHER}"),
        ({"organization_id": None}, f"stages.prod.organization_id is missing: {TOGETHER}"),
        ({"organizational_units": []}, f"stages.prod.organizational_units is []: {TOGETHER}"),
        ({"organizational_units": None}, f"stages.prod.organizational_units is missing: {TOGETHER}"),
        ({"organization_id": "o-short"}, "stages.prod.organization_id is 'o-short': give it like o-a1b2c3d4e5"),
        ({"organizational_units": ["ou-1"]}, "stages.prod.organizational_units is ['ou-1']: roots or units like"),
        ({"organizational_units": "r-exam"}, "stages.prod.organizational_units is 'r-exam': give a list"),
        ({"organizational_units": ["r-exam", "r-exam"]}, "name each one once"),
        ({"stacksets_from": "evidence"}, "stages.prod.stacksets_from is 'evidence': it must be management or tooling"),
        ({"scan_regions": []}, 'stages.prod.scan_regions is []: give "all", or a list of regions'),
        ({"scan_regions": "eu-central-1"}, "stages.prod.scan_regions is 'eu-central-1': give a list"),
        ({"scan_regions": ["cn-north-1"]}, "in the partition of eu-central-1"),
        ({"scan_regions": ["eu-central-1", 5]}, "stages.prod.scan_regions is"),
        ({"schedule": "daily"}, "stages.prod.schedule is 'daily': give an object with keys"),
        ({"schedule": {"at": "05:00"}}, "stages.prod.schedule.every_hours is missing"),
        ({"schedule": {"every_hours": 24}}, "stages.prod.schedule.at is missing: give a UTC time like 05:00"),
        ({"schedule": {"every_hours": 5, "at": "05:00"}}, "schedule.every_hours is 5: it must divide a day: one of 1,"),
        ({"schedule": {"every_hours": "6", "at": "05:00"}}, "stages.prod.schedule.every_hours is '6'"),
        ({"schedule": {"every_hours": True, "at": "05:00"}}, "stages.prod.schedule.every_hours is True"),
        ({"schedule": {"every_hours": 6, "at": "5:00"}}, "stages.prod.schedule.at is '5:00'"),
        ({"schedule": {"every_hours": 6, "at": "24:00"}}, "stages.prod.schedule.at is '24:00'"),
        ({"schedule": {"every_hours": 6, "at": "05:60"}}, "stages.prod.schedule.at is '05:60'"),
        ({"schedule": {"every_hours": 6, "at": "05:00", "zone": "CET"}}, "schedule.zone is not a setting: take it out"),
        ({"lock_mode": None}, "stages.prod.lock_mode is missing: it must be GOVERNANCE or COMPLIANCE"),
        ({"lock_mode": "governance"}, "stages.prod.lock_mode is 'governance': it must be"),
        ({"lock_mode": ["COMPLIANCE"]}, "stages.prod.lock_mode is ['COMPLIANCE']: it must be"),
        (
            {"retention_days": {"wire": 5}},
            "stages.prod.retention_days.wire is not a setting: take it out (there are: an",
        ),
        (
            {"retention_days": {"raw": 0}},
            "stages.prod.retention_days.raw is 0: give days, a whole number from 1 to 36,500",
        ),
        ({"retention_days": {"raw": 36_501}}, "stages.prod.retention_days.raw is 36501"),
        ({"retention_days": {"raw": 4.5}}, "stages.prod.retention_days.raw is 4.5"),
        ({"retention_days": {"raw": None}}, "stages.prod.retention_days.raw is None"),
        ({"retention_days": {"chain": 1099}}, "stages.prod.retention_days.chain is 1099: give 3650 or more"),
        ({"retention_days": {"chain": 1099, "custody": 1}}, "retention_days.chain is 1099: give 1100 or more"),
        ({"retention_days": {"custody": 3651}}, "stages.prod.retention_days.chain is 3650: give 3651 or more"),
        ({"retention_days": {"witness": 3649}}, "stages.prod.retention_days.witness is 3649: give 3650 or more"),
        ({"retention_days": {"snapshot": 3651}}, "stages.prod.retention_days.chain is 3650: give 3651 or more"),
        ({"default_retention_days": 401}, "default_retention_days is 401: give 400 or less: people, raw would be kept"),
        ({"default_retention_days": 0}, "stages.prod.default_retention_days is 0: give days"),
        (
            {"acknowledge_irreversible_days": None},
            "stages.prod.acknowledge_irreversible_days is missing: it must be 3650, the longest retention (chain, "
            "custody, witness). In COMPLIANCE nobody",
        ),
        ({"acknowledge_irreversible_days": 400}, "stages.prod.acknowledge_irreversible_days is 400: it must be 3650"),
        ({"acknowledge_irreversible_days": 0}, "stages.prod.acknowledge_irreversible_days is 0: it must be 3650"),
        ({"acknowledge_irreversible_days": 3651}, "acknowledge_irreversible_days is 3651: it must be 3650"),
        ({"lock_mode": "GOVERNANCE", "acknowledge_irreversible_days": 1}, "days is 1: it must be 3650"),
        ({"retention_days": {"witness": 9000}}, "days is 3650: it must be 9000, the longest retention (witness)"),
        ({"concurrency": 0}, "stages.prod.concurrency is 0: give accounts read side by side, a whole number from 1 to"),
        ({"concurrency": 1001}, "stages.prod.concurrency is 1001"),
        ({"role_name": "/prooftrail/Reader"}, "stages.prod.role_name is '/prooftrail/Reader': give the role's name"),
        ({"role_name": "a" * 65}, "stages.prod.role_name is"),
        ({"role_name": "Reader*"}, "stages.prod.role_name is 'Reader*'"),
        ({"external_id": "x"}, "stages.prod.external_id is 'x': give 2 to 1,224 letters"),
        ({"external_id": "a b"}, "stages.prod.external_id is 'a b'"),
        ({"addresses": {"security_team": ["nobody"]}}, "addresses.security_team is ['nobody']: addresses like team@"),
        ({"addresses": {"security_team": ["a@example.com"], "owners": []}}, "addresses.owners is not a setting"),
        ({"addresses": None}, "stages.prod.addresses.security_team names nobody: say who gets the alarms"),
        ({"auditor": {**THE_AUDITOR, "principal": f"arn:aws:iam::{AUDIT_FIRM}:root"}}, "auditor.principal is"),
        ({"auditor": {**THE_AUDITOR, "principal": f"arn:aws:iam::{AUDIT_FIRM}:role/*"}}, "name one role or user"),
        (
            {"auditor": {**THE_AUDITOR, "principal": f"arn:aws-cn:iam::{AUDIT_FIRM}:role/Any"}},
            "role or user of this partition",
        ),
        ({"auditor": {**THE_AUDITOR, "external_id": None}}, "stages.prod.auditor.external_id is None: give 2 to 1,224"),
        (
            {"auditor": {**THE_AUDITOR, "until": "2027-02-29"}},
            "stages.prod.auditor.until is '2027-02-29': give the last",
        ),
        ({"auditor": {**THE_AUDITOR, "until": "31.03.2027"}}, "stages.prod.auditor.until is '31.03.2027'"),
        ({"auditor": {**THE_AUDITOR, "require_mfa": "yes"}}, "auditor.require_mfa is 'yes': give true or false"),
        ({"auditor": {**THE_AUDITOR, "name": "B"}}, "stages.prod.auditor.name is not a setting"),
        ({"replica": {**A_COPY, "account": EVIDENCE}}, "stages.prod.replica.account is '222222222222': a copy belongs"),
        ({"replica": {**A_COPY, "account": TOOLING}}, "neither the evidence's nor the scanner's"),
        ({"replica": {**A_COPY, "bucket_arn": "copy"}}, "stages.prod.replica.bucket_arn is 'copy': give the ARN of a"),
        ({"replica": {**A_COPY, "bucket_arn": "arn:aws-cn:s3:::copy"}}, "stages.prod.replica.bucket_arn is"),
        ({"replica": {"account": REPLICA}}, "stages.prod.replica.bucket_arn is missing"),
        ({"key_administrators": [f"arn:aws:iam::{TOOLING}:role/Key"]}, "stages.prod.key_administrators is"),
        ({"key_administrators": [f"arn:aws:iam::{EVIDENCE}:role/*"]}, "not all of them and none of Prooftrail's own"),
        ({"legal_hold_principals": [f"arn:aws:iam::{EVIDENCE}:role/prooftrail/*"]}, "none of Prooftrail's own"),
        (
            {"legal_hold_principals": [f"arn:aws:iam::{EVIDENCE}:user/*"]},
            "name roles and users of people, not all of them",
        ),
        ({"legal_hold_principals": [f"arn:aws:iam::{EVIDENCE}:group/Legal"]}, "stages.prod.legal_hold_principals is"),
        ({"legal_hold_principals": [f"arn:aws:iam::{TOOLING}:user/Counsel"]}, "stages.prod.legal_hold_principals is"),
        ({"key_administrators": [f"arn:aws:iam::{EVIDENCE}:user/Keys"]}, "and name roles of people"),
        (
            {"role_name": "prooftrail/Prooftrail-Reader"},
            "stages.prod.role_name is 'prooftrail/Prooftrail-Reader': give",
        ),
        ({"answerers": [f"arn:aws:iam::{EVIDENCE}:role/*"]}, "stages.prod.answerers is ["),
        ({"answerers": [f"arn:aws:iam::{TOOLING}:role/TeamLead"]}, "stages.prod.answerers is ["),
        ({"answerers": "everybody"}, "stages.prod.answerers is 'everybody': give a list"),
        ({"notices": "sns"}, "stages.prod.notices is 'sns': give an object with keys"),
        ({"notices": {"notifier": "mail"}}, "stages.prod.notices.notifier is 'mail': it must be sns or ses"),
        ({"notices": {"notifier": "ses"}}, "stages.prod.notices.mail_from is missing: ses needs it"),
        ({"notices": {**BY_SES, "configuration_set": None}}, "notices.configuration_set is None: ses needs it"),
        (
            {"notices": {**BY_SES, "mail_from": "nobody"}},
            "notices.mail_from is 'nobody': give the address that notices",
        ),
        ({"notices": {**BY_SES, "configuration_set": "a b"}}, "notices.configuration_set is 'a b': give the name of"),
        ({"notices": {**BY_SES, "configuration_set": "a" * 65}}, "stages.prod.notices.configuration_set is"),
        (
            {"notices": {"mail_from": "a@example.com"}},
            "notices.mail_from is 'a@example.com': it is for the notifier ses",
        ),
        ({"notices": {"configuration_set": "owners"}}, "notices.configuration_set is 'owners': it is for the notifier"),
        (
            {"notices": {"undeliverable_alarm": -1}},
            "undeliverable_alarm is -1: give people whom nothing reaches, a whole",
        ),
        ({"notices": {"undeliverable_alarm": 100_001}}, "stages.prod.notices.undeliverable_alarm is 100001"),
        ({"notices": {"cap": 5}}, "stages.prod.notices.cap is not a setting: take it out"),
        ({"architecture": "arm"}, "stages.prod.architecture is 'arm': it must be arm64 or x86_64"),
        ({"colour": "red"}, "stages.prod.colour is not a setting: take it out (there are: acknowledge_"),
    ],
)
def test_a_wrong_value_names_its_key_and_the_fix(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(StageError) as wrong:
        Stage.parse("prod", as_json(**changes))
    assert str(wrong.value).startswith("cdk.json stages.prod.")
    assert says in str(wrong.value)
    assert str(wrong.value).endswith(".")


@pytest.mark.parametrize(
    "changes",
    [
        {"retention_days": {"raw": 1}},
        {"retention_days": {"raw": 400}, "default_retention_days": 400},
        {"retention_days": {"chain": 36_500, "witness": 36_500}, "acknowledge_irreversible_days": 36_500},
        {"concurrency": 1},
        {"concurrency": 1000},
        {"role_name": "a" * 64},
        {"external_id": "xy"},
        {"external_id": "x" * 1224},
        {"schedule": {"every_hours": 1, "at": "00:00"}},
        {"schedule": {"every_hours": 24, "at": "23:59"}},
        {"organizational_units": ["ou-exam-12345678", "r-exam"]},
        {"auditor": {**THE_AUDITOR, "principal": f"arn:aws:iam::{AUDIT_FIRM}:user/firm/auditor@example.com"}},
        {"lock_mode": "GOVERNANCE", "acknowledge_irreversible_days": None},
        {"lock_mode": "GOVERNANCE", "acknowledge_irreversible_days": None, "addresses": None},
        {**ALONE, "evidence_account": None, "legal_hold_principals": None},
        {"legal_hold_principals": [f"arn:aws:iam::{EVIDENCE}:user/legal/Counsel"]},
        {"role_name": "prooftrail/ProoftrailReader"},
        {"notices": {}},
        {"notices": {"notifier": "sns", "undeliverable_alarm": 0}},
        {"notices": {"undeliverable_alarm": 100_000}},
        {"notices": {**BY_SES, "configuration_set": "a" * 64}},
    ],
)
def test_the_bounds_themselves_are_allowed(changes: dict[str, Any]) -> None:
    assert Stage.parse("prod", as_json(**changes)).name == "prod"


def test_compliance_in_one_account_is_allowed_and_known_as_such() -> None:
    assert Stage.parse("prod", as_json(evidence_account=TOOLING, legal_hold_principals=None)).single_account


@pytest.mark.parametrize("hours", range(26))
def test_cdk_json_and_the_run_agree_on_the_hours(hours: int) -> None:
    good = hours in SCHEDULE_HOURS
    for make in (
        lambda: Stage.parse("prod", as_json(schedule={"every_hours": hours, "at": "05:00"})),
        lambda: Schedule(every_hours=hours, at="05:00"),
    ):
        if good:
            make()
        else:
            with pytest.raises(ValueError, match="every_hours"):
                make()


@pytest.mark.parametrize(
    ("region", "most"), [("eu-central-1", 17), ("ap-southeast-1", 15), ("us-gov-west-1", 16), ("us-east-1", 20)]
)
def test_a_stage_has_the_longest_name_its_bucket_leaves_room_for(region: str, most: int) -> None:
    given = as_json(region=region, legal_hold_principals=None)
    assert len(Stage.parse("a" * most, given).bucket) == 63
    with pytest.raises(StageError) as wrong:
        Stage.parse("a" * (most + 1), given)
    assert f"has 64 characters and AWS takes 63: give the stage a name of {most} characters or fewer." in str(
        wrong.value
    )


@pytest.mark.parametrize("name", ["", "Prod", "1st", "a_b", "a--b", "a-", "-a", "a.b", "prod\n", "é"])
def test_a_stage_has_a_name_that_buckets_and_stacks_take(name: str) -> None:
    with pytest.raises(StageError, match="name a stage with small letters, digits and single hyphens"):
        Stage.parse(name, as_json())


@pytest.mark.parametrize("name", ["owner", "prod-owner", "owner-prod", "prod-owner-2"])
def test_no_stage_has_a_name_that_makes_its_topics_look_like_owners(name: str) -> None:
    """`prooftrail-prod-owner-alarms` would be one that the stage prod publishes letters to."""
    with pytest.raises(StageError) as wrong:
        Stage.parse(name, as_json())
    assert str(wrong.value) == (
        f"cdk.json stages.{name}: leave `owner` out: names with it are those of owners' topics."
    )
    assert (
        Stage.parse("prod-owners", as_json(legal_hold_principals=None)).topic_prefix == "prooftrail-prod-owners-owner"
    )


@pytest.mark.parametrize(
    ("region", "partition"),
    [("eu-central-1", "aws"), ("cn-north-1", "aws-cn"), ("cn-northwest-1", "aws-cn"), ("us-gov-east-1", "aws-us-gov")],
)
def test_the_partition_comes_from_the_region(region: str, partition: str) -> None:
    stage = Stage.parse("prod", as_json(region=region, legal_hold_principals=None))
    assert stage.partition == partition
    assert stage.arn("kms", TOOLING, "key/x") == f"arn:{partition}:kms:{region}:{TOOLING}:key/x"


@pytest.mark.parametrize("given", [None, [], "prod"])
def test_a_stage_is_an_object(given: Any) -> None:
    with pytest.raises(StageError, match=r"cdk.json stages.prod is .*: give an object with keys\."):
        Stage.parse("prod", given)


def test_the_stage_is_chosen_by_name_and_is_dev_without_one() -> None:
    dev = {"region": "eu-central-1", "tooling_account": MANAGEMENT, "lock_mode": "GOVERNANCE"}
    context = {"stages": {"dev": dev, "prod": as_json()}}
    assert Stage.of(cdk.App(context=context).node).name == "dev"
    assert Stage.of(cdk.App(context=context | {"stage": "prod"}).node) == a_stage()
    with pytest.raises(StageError, match=r"stage 'live' is not in cdk.json \(there are: dev, prod\)"):
        Stage.of(cdk.App(context=context | {"stage": "live"}).node)
