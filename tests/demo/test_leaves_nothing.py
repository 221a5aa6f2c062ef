"""When a simulated organization is left, moto is as if it had never been there."""

import socket
import threading
from datetime import datetime
from urllib.parse import urlparse

import boto3
import pytest
from moto import mock_aws
from moto.account import urls
from moto.core.base_backend import BackendDict
from moto.core.responses import BaseResponse
from moto.iam import models
from moto.organizations.models import organizations_backends

from prooftrail.demo.clock import SimulatedClock
from prooftrail.demo.faithful import install
from tests.demo.door import FIRST_DAY, client, opened


def moto_as_it_is():
    return (
        BaseResponse.call_action,
        models.get_account_id_from,
        models.mark_account_as_visited,
        models.utcnow,
        dict(urls.url_paths),
    )


def test_moto_s_own_code_and_its_empty_backends_come_back():
    before, threads = moto_as_it_is(), threading.active_count()
    with opened(accounts=3) as organization:
        client(organization, "iam").list_users()
        assert moto_as_it_is() != before
        assert models.iam_backends
    assert moto_as_it_is() == before
    assert not models.iam_backends
    assert not BackendDict._instances
    assert not organizations_backends.master_accounts
    assert threading.active_count() == threads


def test_the_port_is_given_back():
    with opened(accounts=1) as organization:
        where = urlparse(organization.endpoint_url)
        socket.create_connection((where.hostname, where.port), timeout=1).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((where.hostname, where.port), timeout=1)


def test_only_one_may_be_open_at_a_time():
    with opened(accounts=1), pytest.raises(RuntimeError, match="already open"), opened(accounts=1):
        pass
    with opened(accounts=1):
        pass


def test_an_organization_that_cannot_be_made_leaves_nothing_either():
    before = moto_as_it_is()
    with pytest.raises(ValueError, match="at least 1"), opened(accounts=0):
        pass
    assert moto_as_it_is() == before
    with opened(accounts=1):
        pass


def test_a_day_without_time_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"), opened(first_day=datetime(2026, 3, 2)):
        pass


def test_the_mends_serve_plain_moto_too():
    before = moto_as_it_is()
    stranger = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    with install(SimulatedClock(FIRST_DAY)), mock_aws():
        iam = boto3.Session(**stranger, region_name="us-east-1").client("iam")
        made = iam.create_user(UserName="someone")["User"]
        assert made["CreateDate"].date() == FIRST_DAY.date()
        assert [user["UserName"] for user in iam.list_users(MaxItems=1)["Users"]] == ["someone"]
        assert iam.generate_credential_report()["State"] == "STARTED"
        regions = boto3.Session(**stranger, region_name="us-east-1").client("account").list_regions()
        assert regions["Regions"]
    assert moto_as_it_is() == before
