"""What every store of claims promises, held against the fake, SQLite and DynamoDB as two servers speak it: one claim a notice, whoever comes first."""

import contextlib
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from prooftrail.adapters.embedded.sqlite_claims import SqliteClaims
from prooftrail.ports.notices import Claim, Claims
from tests.contracts.aws_post import claims_on
from tests.contracts.fakes import MemoryClaims

NOTICE, OTHER = "a" * 32, "b" * 32
RUN, AFTER = "20261123T060000Z", "20261123T180000Z"
AT = datetime(2026, 11, 23, 6, 0, 0, 250_000, tzinfo=UTC)
LATER = AT + timedelta(minutes=20)


def memory(_: pytest.FixtureRequest, __: Path) -> Claims:
    return MemoryClaims()


def sqlite(_: pytest.FixtureRequest, folder: Path) -> Claims:
    return SqliteClaims(folder / "claims.sqlite")


def moto(request: pytest.FixtureRequest, _: Path) -> Claims:
    return claims_on(request.getfixturevalue("moto"))


def ministack(request: pytest.FixtureRequest, _: Path) -> Claims:
    return claims_on(request.getfixturevalue("ministack"))


STORES: dict[str, Callable[[pytest.FixtureRequest, Path], Claims]] = {
    "memory": memory,
    "sqlite": sqlite,
    "moto": moto,
    "ministack": ministack,
}
"""Every store of claims, by name; a new one joins here."""


@pytest.fixture(params=list(STORES))
def claims(request: pytest.FixtureRequest, tmp_path: Path) -> Claims:
    return STORES[request.param](request, tmp_path)


def test_the_first_to_claim_has_it_and_the_second_is_shown_the_claim_that_stands(claims: Claims) -> None:
    assert claims.claim(NOTICE, run=RUN, at=AT) is None
    assert claims.claim(NOTICE, run=RUN, at=LATER) == Claim(notice=NOTICE, run=RUN, claimed_at=AT)
    assert claims.claim(OTHER, run=RUN, at=LATER) is None


def test_what_became_of_it_stands_in_the_claim(claims: Claims) -> None:
    claims.claim(NOTICE, run=RUN, at=AT)
    claims.complete(NOTICE, message_id="message-1", error=None)
    assert claims.claim(NOTICE, run=RUN, at=LATER) == Claim(
        notice=NOTICE, run=RUN, claimed_at=AT, message_id="message-1"
    )


def test_a_failure_stands_in_the_claim_too(claims: Claims) -> None:
    claims.claim(NOTICE, run=RUN, at=AT)
    claims.complete(NOTICE, message_id=None, error="refused")
    assert claims.claim(NOTICE, run=RUN, at=LATER) == Claim(notice=NOTICE, run=RUN, claimed_at=AT, error="refused")


def test_a_message_id_stays_whatever_is_said_later(claims: Claims) -> None:
    claims.claim(NOTICE, run=RUN, at=AT)
    claims.complete(NOTICE, message_id="message-1", error=None)
    claims.complete(NOTICE, message_id=None, error="refused")
    claims.complete(NOTICE, message_id="message-2", error=None)
    standing = claims.claim(NOTICE, run=RUN, at=LATER)
    assert standing is not None
    assert standing.message_id == "message-1"


def test_a_claim_that_was_left_open_is_taken_over_once(claims: Claims) -> None:
    claims.claim(NOTICE, run=RUN, at=AT)
    standing = claims.claim(NOTICE, run=RUN, at=LATER)
    assert standing is not None
    assert claims.take_over(standing, run=RUN, at=LATER)
    assert not claims.take_over(standing, run=RUN, at=LATER + timedelta(seconds=1))
    assert claims.claim(NOTICE, run=RUN, at=LATER) == Claim(notice=NOTICE, run=RUN, claimed_at=LATER)


def test_a_failure_is_taken_over_by_another_run_once_and_never_by_its_own(claims: Claims) -> None:
    claims.claim(NOTICE, run=RUN, at=AT)
    claims.complete(NOTICE, message_id=None, error="refused")
    standing = claims.claim(NOTICE, run=AFTER, at=LATER)
    assert standing == Claim(notice=NOTICE, run=RUN, claimed_at=AT, error="refused")
    assert not claims.take_over(standing, run=RUN, at=LATER)
    assert claims.take_over(standing, run=AFTER, at=LATER)
    assert not claims.take_over(standing, run=AFTER, at=LATER)
    assert claims.claim(NOTICE, run=RUN, at=LATER) == Claim(notice=NOTICE, run=AFTER, claimed_at=LATER)
    claims.complete(NOTICE, message_id="message-1", error=None)
    sent = claims.claim(NOTICE, run=RUN, at=LATER)
    assert sent == Claim(notice=NOTICE, run=AFTER, claimed_at=LATER, message_id="message-1")
    assert not claims.take_over(sent, run=RUN, at=LATER)


def test_a_failure_that_was_sent_meanwhile_is_not_taken_over(claims: Claims) -> None:
    claims.claim(NOTICE, run=RUN, at=AT)
    claims.complete(NOTICE, message_id=None, error="refused")
    standing = claims.claim(NOTICE, run=AFTER, at=LATER)
    assert standing is not None
    claims.complete(NOTICE, message_id="message-1", error=None)
    assert not claims.take_over(standing, run=AFTER, at=LATER)


@pytest.mark.parametrize(("message_id", "error"), [("message-1", None), (None, "refused")])
def test_a_claim_that_was_completed_meanwhile_is_not_taken_over(
    claims: Claims, message_id: str | None, error: str | None
) -> None:
    claims.claim(NOTICE, run=RUN, at=AT)
    standing = claims.claim(NOTICE, run=RUN, at=LATER)
    assert standing is not None
    claims.complete(NOTICE, message_id=message_id, error=error)
    assert not claims.take_over(standing, run=RUN, at=LATER)


def test_of_many_who_claim_at_once_one_has_it(claims: Claims) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: claims.claim(NOTICE, run=RUN, at=AT), range(24)))
    assert [one for one in answers if one is None] == [None]
    assert {one for one in answers if one} == {Claim(notice=NOTICE, run=RUN, claimed_at=AT)}


def test_of_many_who_take_it_over_at_once_one_has_it(claims: Claims) -> None:
    claims.claim(NOTICE, run=RUN, at=AT)
    standing = claims.claim(NOTICE, run=RUN, at=LATER)
    assert standing is not None
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda n: claims.take_over(standing, run=RUN, at=LATER + timedelta(seconds=n)), range(24)))
    assert won.count(True) == 1


def test_claims_of_a_file_from_before_runs_were_kept_stand(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "claims.sqlite")) as file, file:
        file.execute(
            "CREATE TABLE claim (notice TEXT PRIMARY KEY, claimed_at TEXT NOT NULL, message_id TEXT, error TEXT) STRICT"
        )
        file.execute("INSERT INTO claim VALUES (?, '2026-11-23T06:00:00.25Z', 'message-1', NULL)", (NOTICE,))
    claims = SqliteClaims(tmp_path / "claims.sqlite")
    standing = Claim(notice=NOTICE, run="", claimed_at=AT, message_id="message-1")
    assert claims.claim(NOTICE, run=RUN, at=LATER) == standing
