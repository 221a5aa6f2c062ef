"""Claims where an answer is lost: whoever wrote one knows it again, and what was completed stays completed."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from prooftrail.adapters.aws.dynamodb_claims import KEPT, DynamoDbClaims
from prooftrail.adapters.aws.dynamodb_ledger import CLIENT_CONFIG, DynamoDbLedger
from prooftrail.errors import AccessError, LedgerError
from prooftrail.ports import LedgerChange, OutcomeRow
from prooftrail.ports.notices import Claim
from prooftrail.settings import CLAIM_ROWS
from tests import emulators
from tests.adapters.aws.subscribers import refusal
from tests.contracts.tables import create_table
from tests.emulators import Emulator

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=16)
NOTICE, RUN = "ab" * 32, "20261123T060000Z"
OUTCOME = OutcomeRow(run_id="20261123T060000Z", account="111111111111", status="sealed", outcome_sha256="b" * 64)


@pytest.fixture(scope="module", params=["moto", "ministack"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    running = emulators.moto() if request.param == "moto" else emulators.ministack(tmp_path_factory.mktemp("ministack"))
    with emulators.no_aws_settings(), running as made:
        yield made


@pytest.fixture
def table(server: Emulator) -> tuple[Any, str]:
    client, name = server.dynamodb(CLIENT_CONFIG), f"ledger-{uuid.uuid4()}"
    create_table(client, name)
    return client, name


class Losing:
    """A client whose writes are taken and whose answers are lost, so that each is sent again."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def put_item(self, **request: Any) -> Any:
        self._client.put_item(**request)
        return self._client.put_item(**request)

    def update_item(self, **request: Any) -> Any:
        self._client.update_item(**request)
        return self._client.update_item(**request)


def test_a_claim_whose_answer_was_lost_is_known_as_ours(table: tuple[Any, str]) -> None:
    client, name = table
    assert DynamoDbClaims(Losing(client), name).claim(NOTICE, run=RUN, at=NOON) is None
    assert DynamoDbClaims(client, name).claim(NOTICE, run=RUN, at=LATER) == Claim(
        notice=NOTICE, run=RUN, claimed_at=NOON
    )


def test_a_claim_that_was_taken_over_by_a_write_whose_answer_was_lost_is_known_as_ours(table: tuple[Any, str]) -> None:
    client, name = table
    claims = DynamoDbClaims(Losing(client), name)
    claims.claim(NOTICE, run=RUN, at=NOON)
    standing = Claim(notice=NOTICE, run=RUN, claimed_at=NOON)
    assert claims.take_over(standing, run=RUN, at=LATER) is True
    assert DynamoDbClaims(client, name).take_over(standing, run=RUN, at=LATER) is False


def test_a_completion_whose_answer_was_lost_is_no_error(table: tuple[Any, str]) -> None:
    client, name = table
    claims = DynamoDbClaims(Losing(client), name)
    claims.claim(NOTICE, run=RUN, at=NOON)
    claims.complete(NOTICE, message_id="m", error=None)
    assert claims.claim(NOTICE, run=RUN, at=LATER) == Claim(notice=NOTICE, run=RUN, claimed_at=NOON, message_id="m")


def test_a_claim_lies_in_the_rows_its_role_is_held_to_and_goes_by_itself_after_sixty_days(
    table: tuple[Any, str],
) -> None:
    client, name = table
    DynamoDbClaims(client, name).claim(NOTICE, run=RUN, at=NOON)
    (item,) = client.scan(TableName=name)["Items"]
    assert (item["pk"]["S"], item["sk"]["S"]) == (f"NOTICE#{NOTICE}", "CLAIM")
    assert item["pk"]["S"].startswith(CLAIM_ROWS[0].removesuffix("*"))
    assert int(item["expires_at"]["N"]) == int((NOON + KEPT).timestamp())
    assert timedelta(days=60) == KEPT


def test_a_ledger_that_is_made_again_forgets_no_claim_so_that_nothing_is_sent_twice(table: tuple[Any, str]) -> None:
    client, name = table
    claims, ledger = DynamoDbClaims(client, name), DynamoDbLedger(client, name)
    claims.claim(NOTICE, run=RUN, at=NOON)
    claims.complete(NOTICE, message_id="m", error=None)
    ledger.apply(LedgerChange(outcome=OUTCOME))
    ledger.clear()
    assert ledger.outcomes(OUTCOME.run_id) == ()
    assert claims.claim(NOTICE, run=RUN, at=LATER) == Claim(notice=NOTICE, run=RUN, claimed_at=NOON, message_id="m")


def test_a_completion_of_what_nobody_claimed_is_said(table: tuple[Any, str]) -> None:
    client, name = table
    with pytest.raises(LedgerError, match=f"{name} holds no claim on notice {NOTICE}"):
        DynamoDbClaims(client, name).complete(NOTICE, message_id="m", error=None)


def test_what_sent_it_stays_recorded_whatever_is_said_later(table: tuple[Any, str]) -> None:
    client, name = table
    claims = DynamoDbClaims(client, name)
    claims.claim(NOTICE, run=RUN, at=NOON)
    claims.complete(NOTICE, message_id=None, error="refused")
    assert claims.claim(NOTICE, run=RUN, at=LATER) == Claim(notice=NOTICE, run=RUN, claimed_at=NOON, error="refused")
    claims.complete(NOTICE, message_id="m", error=None)
    claims.complete(NOTICE, message_id=None, error="refused")
    claims.complete(NOTICE, message_id="m-2", error=None)
    assert claims.claim(NOTICE, run=RUN, at=LATER) == Claim(notice=NOTICE, run=RUN, claimed_at=NOON, message_id="m")
    assert claims.take_over(Claim(notice=NOTICE, run=RUN, claimed_at=NOON), run=RUN, at=LATER) is False


def test_a_claim_that_was_completed_with_an_error_meanwhile_is_not_taken_over(table: tuple[Any, str]) -> None:
    client, name = table
    claims = DynamoDbClaims(client, name)
    claims.claim(NOTICE, run=RUN, at=NOON)
    claims.complete(NOTICE, message_id=None, error="refused")
    assert claims.take_over(Claim(notice=NOTICE, run=RUN, claimed_at=NOON), run=RUN, at=LATER) is False


@pytest.mark.parametrize(
    ("code", "error", "sentence"),
    [
        ("AccessDeniedException", AccessError, r"AWS refused dynamodb:PutItem on ledger \(AccessDeniedException\)"),
        ("ResourceNotFoundException", LedgerError, "there is no table ledger"),
        ("ProvisionedThroughputExceededException", LedgerError, "ledger refused dynamodb:PutItem"),
    ],
)
def test_a_table_that_refuses_is_named_with_the_action(code: str, error: type[Exception], sentence: str) -> None:
    class Refusing:
        def put_item(self, **_: Any) -> None:
            raise refusal(code)

    client: Any = Refusing()
    with pytest.raises(error, match=sentence):
        DynamoDbClaims(client, "ledger").claim(NOTICE, run=RUN, at=NOON)
