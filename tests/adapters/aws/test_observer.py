"""The observer over a real wire: what is kept, what is hidden, and what every way of not answering becomes."""

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from prooftrail.adapters.aws.observer import Api, Collecting, Refused
from prooftrail.adapters.aws.questions import KEPT, reason_of
from prooftrail.adapters.aws.wire import body_text
from prooftrail.model.reading import CellStatus, Collector, GapReason, cell_of
from tests.adapters.aws.loopback import NOW, Aws, Refusal
from tests.adapters.aws.scripted import (
    DENIED,
    DETAILS,
    KEYS,
    ROLES,
    SUMMARY,
    THROTTLED,
    a_line,
    a_report,
    a_user,
    an_account,
    details,
    key_row,
    keys_row,
    one_after_another,
    watching,
    wire,
)

LIST_KEYS, LIST_ROLES = Api("iam", "list_access_keys"), Api("iam", "list_roles")
LIST_USERS_MFA, GET_SUMMARY = Api("iam", "list_virtual_mfa_devices"), Api("iam", "get_account_summary")
LIST_SECRETS = Api("secretsmanager", "list_secrets")
ADDRESS = "ann.smith@example.com"


@pytest.fixture
def aws() -> Iterator[Aws]:
    with an_account() as it:
        yield it


def test_an_answer_carries_its_request_id_aws_date_and_our_time(aws: Aws) -> None:
    answer = watching(aws).observer.ask(GET_SUMMARY)
    assert answer.data["SummaryMap"] == {"Users": 0, "AccountMFAEnabled": 1}
    assert answer.request_id == "request-1"
    assert answer.date is not None
    assert answer.date.utcoffset() == timedelta(0)
    assert answer.observed_at == NOW


def test_the_wire_body_is_kept_with_its_parameters_status_and_date(aws: Aws) -> None:
    aws.answer(KEYS, keys_row(key_row("ann", "AKIAEXAMPLE")))
    seen = watching(aws)
    seen.observer.ask(LIST_KEYS, UserName="ann")
    (kept,) = seen.raw
    assert (kept.api, kept.region, kept.status, kept.encoding) == (KEYS, "global", 200, "text")
    assert kept.parameters == (("UserName", "ann"),)
    assert kept.request_id == "request-1"
    assert kept.date is not None
    assert kept.date.endswith("GMT")
    assert kept.body.startswith("<ListAccessKeysResponse>")
    assert "AKIAEXAMPLE" in kept.body


def test_a_name_that_is_an_address_is_hidden_in_answer_parameters_and_body_and_still_asked_for(aws: Aws) -> None:
    aws.answer(DETAILS, details(a_user(ADDRESS)))
    aws.answer(KEYS, keys_row(key_row(ADDRESS, "AKIAEXAMPLE")))
    seen = watching(aws)
    listed = seen.observer.ask(Api("iam", "get_account_authorization_details")).data["UserDetailList"][0]
    name = seen.redactor.reveal(listed["UserName"])
    seen.observer.ask(LIST_KEYS, UserName=name)
    assert aws.asked[-1].parameters["UserName"] == ADDRESS
    assert listed["UserName"].startswith("person-")
    assert listed["Arn"].endswith(f":user/{listed['UserName']}")
    assert "example.com" not in repr(seen.raw)
    assert seen.raw[-1].parameters == (("UserName", listed["UserName"]),)
    assert [person.text for person in seen.redactor.people()] == [ADDRESS]


def test_the_report_is_kept_opened_so_that_addresses_in_its_base64_are_hidden_too(aws: Aws) -> None:
    aws.answer("iam:GetCredentialReport", a_report(a_line(ADDRESS)))
    seen = watching(aws)
    seen.observer.ask(Api("iam", "get_credential_report"), opening=lambda data: data.pop("Content") and {})
    (kept,) = seen.raw
    assert kept.encoding == "credential_report"
    assert "<Content>user,arn,user_creation_time" in kept.body
    assert "person-" in kept.body
    assert "example.com" not in kept.body


def test_a_report_whose_base64_is_broken_is_kept_as_it_came() -> None:
    body = b"<R><Content>abc</Content></R>"
    assert body_text(body, report=True) == (body.decode(), "text")


def test_a_refusal_is_evidence_in_awss_own_words(aws: Aws) -> None:
    aws.answer(KEYS, DENIED)
    seen = watching(aws)
    with pytest.raises(Refused) as caught:
        seen.observer.ask(LIST_KEYS, UserName=ADDRESS)
    assert (seen.raw[0].status, "AccessDenied" in seen.raw[0].body) == (403, True)
    gap = caught.value.gap
    assert (gap.api, gap.reason, gap.code) == (KEYS, GapReason.DENIED, "AccessDenied")
    assert gap.subject == seen.redactor.pseudonym(ADDRESS)


def test_an_operation_we_ask_no_permission_for_leaves_no_body(aws: Aws) -> None:
    aws.answer("iam:ListGroups", wire({"Groups": [], "IsTruncated": False}))
    seen = watching(aws)
    seen.observer.ask(Api("iam", "list_groups"))
    assert seen.raw == []
    assert not any(name.startswith("sts:") for name in KEPT)


@pytest.mark.parametrize(
    ("code", "reason", "status"),
    [
        ("AccessDenied", GapReason.DENIED, CellStatus.DENIED),
        ("UnrecognizedClientException", GapReason.DENIED, CellStatus.DENIED),
        ("Throttling", GapReason.THROTTLED, CellStatus.THROTTLED),
        ("TooManyRequestsException", GapReason.THROTTLED, CellStatus.THROTTLED),
        ("InvalidAction", GapReason.NOT_COVERED, CellStatus.PARTIAL),
        ("ServiceFailure", GapReason.ERROR, CellStatus.PARTIAL),
    ],
)
def test_each_kind_of_refusal_has_its_reason_and_its_cells_status(
    aws: Aws, code: str, reason: GapReason, status: CellStatus
) -> None:
    aws.answer(SUMMARY, Refusal(code))
    found: Collecting[str] = Collecting(watching(aws).observer)
    assert found.ask(GET_SUMMARY) is None
    reading = found.reading()
    assert reason_of(code) is reason
    assert [(gap.reason, gap.code, gap.detail) for gap in reading.gaps] == [(reason, code, "refused on purpose")]
    assert cell_of("1", "global", Collector.ACCOUNT_SUMMARY, reading).status is status


def test_a_dropped_connection_is_unreachable(aws: Aws, capfd: pytest.CaptureFixture[str]) -> None:
    def drop(_: dict[str, Any]) -> Any:
        raise ConnectionAbortedError

    aws.answer(SUMMARY, drop)
    with pytest.raises(Refused) as caught:
        watching(aws).observer.ask(GET_SUMMARY)
    assert caught.value.gap.reason is GapReason.UNREACHABLE
    capfd.readouterr()


def test_an_endpoint_where_nobody_listens_is_unreachable(aws: Aws) -> None:
    seen = watching(aws)
    aws.url = "http://127.0.0.1:9"
    with pytest.raises(Refused) as caught:
        seen.observer.ask(GET_SUMMARY)
    assert caught.value.gap.reason is GapReason.UNREACHABLE
    assert seen.raw == []


def test_half_a_body_is_unreadable_and_not_an_empty_answer(aws: Aws) -> None:
    aws.answer(ROLES, b"<ListRolesResponse><ListRolesResult><Roles><member><RoleName>app")
    with pytest.raises(Refused) as caught:
        watching(aws).observer.ask(LIST_ROLES)
    assert caught.value.gap.reason is GapReason.UNREADABLE


def test_a_refusals_text_is_one_line_of_bounded_length_without_addresses(aws: Aws) -> None:
    aws.answer(SUMMARY, Refusal("AccessDenied", f"\x1b[31m{ADDRESS}\n is not allowed " + "very " * 500))
    with pytest.raises(Refused) as caught:
        watching(aws).observer.ask(GET_SUMMARY)
    detail = caught.value.gap.detail
    assert len(detail) <= 300
    assert detail.isprintable()
    assert "person-" in detail


def test_throttled_calls_are_tried_again_and_counted(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    aws.answer(KEYS, one_after_another(THROTTLED, THROTTLED, keys_row()))
    observer = watching(aws, attempts=4).observer
    observer.ask(LIST_KEYS, UserName="ann")
    assert (observer.calls, observer.throttled) == (3, 2)


def test_throttled_to_exhaustion_is_a_throttled_gap(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    aws.answer(KEYS, THROTTLED)
    observer = watching(aws, attempts=4).observer
    with pytest.raises(Refused) as caught:
        observer.ask(LIST_KEYS, UserName="ann")
    assert caught.value.gap.reason is GapReason.THROTTLED
    assert (observer.calls, observer.throttled) == (4, 4)


def test_every_page_is_read_and_their_provenance_is_one_source(aws: Aws) -> None:
    aws.pages("secretsmanager:ListSecrets", "SecretList", [{"Name": "a"}], [{"Name": "b"}], [{"Name": "c"}])
    found: Collecting[str] = Collecting(watching(aws).observer, region="eu-central-1")
    pages = list(found.pages(LIST_SECRETS, token=("NextToken", "NextToken"), MaxResults=1))
    assert [page["SecretList"][0]["Name"] for page in pages] == ["a", "b", "c"]
    (source,) = found.reading().sources
    assert (source.calls, source.region, source.parameters) == (3, "eu-central-1", (("MaxResults", "1"),))
    assert source.request_ids == ("request-1", "request-2", "request-3")
    assert source.observed_from == source.observed_to == NOW
    assert source.aws_date_from is not None
    assert {one.region for one in aws.asked} == {"eu-central-1"}


def test_a_page_that_is_truncated_without_a_way_on_is_a_gap(aws: Aws) -> None:
    aws.answer(ROLES, {"Roles": [], "IsTruncated": "true"})
    found: Collecting[str] = Collecting(watching(aws).observer)
    assert len(list(found.pages(LIST_ROLES))) == 1
    assert [(gap.api, gap.reason) for gap in found.reading().gaps] == [(ROLES, GapReason.TRUNCATED)]


@pytest.mark.parametrize("markers", [["same"], ["one", "other"]])
def test_pages_that_go_in_a_circle_are_a_gap_and_end(aws: Aws, markers: list[str]) -> None:
    pages = [{"Roles": [], "IsTruncated": "true", "Marker": marker} for marker in markers * 3]
    aws.answer(ROLES, one_after_another(*pages))
    found: Collecting[str] = Collecting(watching(aws).observer)
    assert len(list(found.pages(LIST_ROLES))) == len(markers) + 1
    assert [gap.reason for gap in found.reading().gaps] == [GapReason.TRUNCATED]


def test_a_marker_beside_a_page_that_says_it_is_the_last_is_not_followed(aws: Aws) -> None:
    aws.answer(ROLES, {"Roles": [], "IsTruncated": "false", "Marker": "left over"})
    found: Collecting[str] = Collecting(watching(aws).observer)
    assert len(list(found.pages(LIST_ROLES))) == 1
    assert found.complete


def test_a_marker_is_sent_back_as_it_came_whatever_it_looks_like(aws: Aws) -> None:
    marker = f"wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEK1 {ADDRESS}"
    first, last = {"Roles": [], "IsTruncated": "true", "Marker": marker}, {"Roles": [], "IsTruncated": "false"}
    aws.answer(ROLES, lambda parameters: last if "Marker" in parameters else first)
    seen = watching(aws)
    assert len(list(Collecting(seen.observer).pages(LIST_ROLES))) == 2
    assert aws.asked[-1].parameters["Marker"] == marker
    assert ADDRESS not in repr(seen.raw)


def test_a_refusal_on_a_later_page_keeps_the_pages_before_and_leaves_a_gap(aws: Aws) -> None:
    aws.answer(ROLES, one_after_another({"Roles": [], "IsTruncated": "true", "Marker": "m"}, THROTTLED))
    found: Collecting[str] = Collecting(watching(aws).observer)
    assert len(list(found.pages(LIST_ROLES))) == 1
    assert [gap.reason for gap in found.reading().gaps] == [GapReason.THROTTLED]


def test_an_absence_is_an_answer_with_provenance(aws: Aws) -> None:
    found: Collecting[str] = Collecting(watching(aws).observer)
    absent = frozenset({"NoSuchEntity"})
    assert found.ask(Api("iam", "get_account_password_policy"), absent=absent) == {}
    reading = found.reading()
    assert reading.complete
    assert [(source.api, source.request_ids) for source in reading.sources] == [
        ("iam:GetAccountPasswordPolicy", ("request-1",))
    ]


def test_half_a_surrogate_pair_is_mended_so_that_it_can_be_sealed(aws: Aws) -> None:
    body = b'{"SecretList": [{"Name": "caf\\u00e9 \\ud83d", "Description": "\\ud83d\\ude00"}]}'
    aws.answer("secretsmanager:ListSecrets", body)
    row = watching(aws).observer.ask(LIST_SECRETS, region="eu-west-1").data["SecretList"][0]
    assert row == {"Name": "café ?", "Description": "😀"}
    json.dumps(row, ensure_ascii=False).encode()


def test_many_threads_keep_their_bodies_apart(aws: Aws) -> None:
    aws.answer(KEYS, lambda parameters: keys_row(key_row(parameters["UserName"], f"AKIA{parameters['UserName']}")))
    seen = watching(aws)
    workers = [
        threading.Thread(target=lambda n=n: seen.observer.ask(LIST_KEYS, UserName=f"user{n:03}")) for n in range(40)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(one.parameters[0][1] for one in seen.raw) == [f"user{n:03}" for n in range(40)]
    assert all(f"AKIA{one.parameters[0][1]}" in one.body for one in seen.raw)
    assert seen.observer.calls == 40


@pytest.mark.parametrize(
    ("service", "method", "name"),
    [
        ("iam", "list_mfa_devices", "iam:ListMFADevices"),
        ("iam", "list_saml_providers", "iam:ListSAMLProviders"),
        ("iam", "get_open_id_connect_provider", "iam:GetOpenIDConnectProvider"),
        ("iam", "get_outbound_web_identity_federation_info", "iam:GetOutboundWebIdentityFederationInfo"),
        ("sso-admin", "list_instances", "sso:ListInstances"),
    ],
)
def test_an_operation_has_the_name_policies_know_it_by(service: str, method: str, name: str) -> None:
    assert Api(service, method).name == name
    assert name in KEPT
