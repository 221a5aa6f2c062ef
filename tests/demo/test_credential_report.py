"""What a credential report shows, and how differently it may show it."""

import pytest

from tests.demo.door import client, inside, report_of


@pytest.mark.parametrize(
    ("account", "columns", "ending", "truth"),
    [
        ("payments-prod", 23, "+00:00", "true"),
        ("data-platform-prod", 22, "Z", "true"),
        ("log-archive", 22, "+00:00", "TRUE"),
    ],
)
def test_reports_differ_in_columns_times_and_truth(organization, account, columns, ending, truth):
    rows, _ = report_of(inside(organization, account, "iam"))
    root = rows[0]
    assert len(root) == columns
    assert root["user"] == "<root_account>"
    assert root["user_creation_time"].endswith(ending)
    assert root["password_enabled"] == {"true": "false", "TRUE": "FALSE"}[truth]


def test_every_sentinel_is_there(organization):
    rows, _ = report_of(inside(organization, "payments-prod", "iam"))
    row = {each["user"]: each for each in rows}
    assert row["svc-legacy-ftp"]["access_key_1_active"] == "true"
    assert row["svc-legacy-ftp"]["access_key_1_last_used_date"] == "N/A"
    assert row["svc-legacy-ftp"]["password_last_used"] == "N/A"
    assert row["svc-console"]["password_last_used"] == "no_information"
    assert row["svc-key-two-unused"]["access_key_1_active"] == "false"
    assert row["svc-key-two-unused"]["access_key_1_last_used_service"] == "s3"
    assert row["svc-key-two-unused"]["access_key_2_active"] == "true"
    assert row["svc-soap-signer"]["cert_1_active"] == "true"
    assert row["BedrockAPIKey-chat"]["additional_credentials_info"]
    twins = row["svc-twin-keys"]
    assert twins["access_key_1_last_rotated"] == twins["access_key_2_last_rotated"]


def test_a_root_user_under_central_management_has_no_password_and_another_may_have_a_key(organization):
    central = report_of(inside(organization, "payments-prod", "iam"))[0][0]
    assert (central["password_enabled"], central["mfa_active"]) == ("false", "false")
    own = report_of(client(organization, "iam"))[0][0]
    assert (own["password_enabled"], own["mfa_active"]) == ("not_supported", "true")
    unused = report_of(inside(organization, "shared-services", "iam"))[0][0]
    assert (unused["password_enabled"], unused["password_last_used"]) == ("not_supported", "no_information")
    keyed = report_of(inside(organization, "sandbox", "iam"))[0][0]
    assert keyed["access_key_1_active"] == "true"


def test_a_comma_in_a_user_name_stays_in_its_cell(organization):
    rows, _ = report_of(inside(organization, "sandbox", "iam"))
    assert {"ops,second.column", "=1+1", "@SUM"} <= {row["user"] for row in rows}
    assert all(row["arn"].startswith("arn:aws:iam::0") for row in rows)


def test_a_password_policy_gives_the_next_rotation(organization):
    rows, _ = report_of(inside(organization, "payments-prod", "iam"))
    dave = next(row for row in rows if row["user"] == "dave.dyer")
    assert dave["password_next_rotation"] > dave["password_last_changed"]
