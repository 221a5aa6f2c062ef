"""A credential report is made on request and kept for four hours."""

import time
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from prooftrail.demo.estate.principals import add_user
from tests.demo.door import FIRST_DAY, client, opened, refusal, report_of


def test_no_report_exists_until_one_is_asked_for():
    with opened(accounts=1) as organization, pytest.raises(ClientError) as failed:
        client(organization, "iam").get_credential_report()
    assert refusal(failed.value) == ("ReportNotPresent", 410)


def test_a_report_is_started_then_in_progress_then_complete():
    with opened(accounts=1, report_delay=timedelta(seconds=0.3)) as organization:
        iam = client(organization, "iam")
        assert iam.generate_credential_report()["State"] == "STARTED"
        assert iam.generate_credential_report()["State"] == "INPROGRESS"
        with pytest.raises(ClientError) as failed:
            iam.get_credential_report()
        assert refusal(failed.value) == ("ReportInProgress", 404)
        time.sleep(0.35)
        assert iam.generate_credential_report()["State"] == "COMPLETE"
        assert iam.get_credential_report()["GeneratedTime"] == FIRST_DAY


def test_within_four_hours_the_old_report_is_given_again():
    with opened(accounts=1) as organization:
        iam = client(organization, "iam")
        rows, made = report_of(iam)
        add_user(organization._estate.management, "born-later", days=0)
        assert report_of(iam) == (rows, made)


def test_on_the_next_day_the_report_has_expired_and_is_made_anew():
    with opened(accounts=1) as organization:
        iam = client(organization, "iam")
        report_of(iam)
        organization.set_day(2)
        with pytest.raises(ClientError) as failed:
            iam.get_credential_report()
        assert refusal(failed.value) == ("ReportExpired", 410)
        assert iam.generate_credential_report()["State"] == "STARTED"
        assert report_of(iam)[1] == FIRST_DAY + timedelta(days=1)


def test_a_report_can_be_in_the_making_for_ever():
    with opened(accounts=1) as organization:
        organization.faults.delay_report_forever(organization.management_account_id)
        iam = client(organization, "iam")
        iam.generate_credential_report()
        time.sleep(0.1)
        assert iam.generate_credential_report()["State"] == "INPROGRESS"
        organization.faults.clear()
        assert iam.generate_credential_report()["State"] == "COMPLETE"
