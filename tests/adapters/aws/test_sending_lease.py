"""One sender at a time: who comes second is told so, and who was cut short holds nobody up for longer than it could run."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

import pytest

from prooftrail.adapters.aws.dynamodb_ledger import CLIENT_CONFIG
from prooftrail.adapters.aws.sending_lease import HELD_FOR, LEASE_ROW, SendingLease
from prooftrail.errors import AccessError, LedgerError, SendingElsewhere
from prooftrail.settings import CLAIM_ROWS
from tests import emulators
from tests.adapters.aws.subscribers import refusal
from tests.contracts.tables import create_table
from tests.emulators import Emulator

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


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


class Clock:
    """A clock that stands where it was put."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at


class Losing:
    """A client whose writes are taken and whose answers are lost, so that each is sent again."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def put_item(self, **request: Any) -> Any:
        self._client.put_item(**request)
        return self._client.put_item(**request)

    def update_item(self, **request: Any) -> Any:
        self._client.update_item(**request)
        return self._client.update_item(**request)


class Refusing:
    """A client that refuses to take or to give back."""

    def __init__(self, client: Any, *, put: str | None = None, update: str | None = None) -> None:
        self._client, self._put, self._update = client, put, update

    def put_item(self, **request: Any) -> Any:
        if self._put:
            raise refusal(self._put)
        return self._client.put_item(**request)

    def update_item(self, **request: Any) -> Any:
        if self._update:
            raise refusal(self._update)
        return self._client.update_item(**request)


def test_of_two_who_send_the_second_is_told_so_until_the_first_is_done(table: tuple[Any, str]) -> None:
    clock = Clock()
    first, second = (SendingLease(*table, clock=clock) for _ in range(2))
    with first(), pytest.raises(SendingElsewhere, match="another execution sends notices"), second():
        pytest.fail("both send")
    with second(), pytest.raises(SendingElsewhere), first():
        pytest.fail("both send")


def test_what_fails_while_it_is_held_leaves_as_itself_and_gives_it_back(table: tuple[Any, str]) -> None:
    first, second = (SendingLease(*table, clock=Clock()) for _ in range(2))
    with pytest.raises(LookupError, match="of its own"), first():
        raise LookupError("of its own")
    with second():
        pass


@pytest.mark.parametrize(
    ("later", "free"), [(timedelta(0), False), (HELD_FOR - timedelta(seconds=1), False), (HELD_FOR, True)]
)
def test_who_was_cut_short_holds_it_for_sixteen_minutes(table: tuple[Any, str], later: timedelta, free: bool) -> None:
    client, name = table
    clock = Clock()
    with SendingLease(Refusing(client, update="ThrottlingException"), name, clock=clock)():  # type: ignore[arg-type]
        pass  # and is never given back
    clock.at = NOON + later
    lease, taken = SendingLease(client, name, clock=clock), []
    try:
        with lease():
            taken.append(True)
    except SendingElsewhere:
        taken.append(False)
    assert taken == [free]


def test_who_comes_late_gives_back_nothing_that_is_somebody_elses(table: tuple[Any, str]) -> None:
    early, later = Clock(), Clock()
    later.at = NOON + HELD_FOR
    slow, next_, third = (
        SendingLease(*table, clock=early),
        SendingLease(*table, clock=later),
        SendingLease(*table, clock=later),
    )
    held = slow()
    held.__enter__()
    with next_():
        held.__exit__(None, None, None)
        with pytest.raises(SendingElsewhere), third():
            pytest.fail("both send")


def test_a_lease_whose_answer_was_lost_is_known_as_ours(table: tuple[Any, str]) -> None:
    client, name = table
    with SendingLease(Losing(client), name, clock=Clock())():  # type: ignore[arg-type]
        pass
    with SendingLease(client, name, clock=Clock())():
        pass


@pytest.mark.parametrize(
    ("code", "error"), [("AccessDeniedException", AccessError), ("ThrottlingException", LedgerError)]
)
def test_a_table_that_refuses_lets_nobody_send(table: tuple[Any, str], code: str, error: type[Exception]) -> None:
    client, name = table
    with pytest.raises(error, match=code), SendingLease(Refusing(client, put=code), name, clock=Clock())():  # type: ignore[arg-type]
        pytest.fail("sent all the same")


def test_it_lies_where_who_sends_may_write_and_goes_by_itself(table: tuple[Any, str]) -> None:
    client, name = table
    with SendingLease(client, name, clock=Clock())():
        row = client.get_item(TableName=name, Key={"pk": {"S": LEASE_ROW}, "sk": {"S": "LEASE"}})["Item"]
    assert any(fnmatchcase(LEASE_ROW, one) for one in CLAIM_ROWS)
    assert row["expires_at"] == {"N": str(int((NOON + HELD_FOR).timestamp()))}
