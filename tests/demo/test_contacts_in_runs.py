"""Contacts over eight days: asked on the first and a week later, carried between, and sealed without a person in them."""

import gzip
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import pytest

from prooftrail import wiring
from prooftrail.model.run import Run, Schedule
from prooftrail.model.snapshot import AccountFacts, Line
from tests.demo.door import opened

ACTION = "account:GetAlternateContact"
WATCH, ON_CALL = "soc@acme.example", "payments-oncall@acme.example"
DAYS = (1, 2, 8)
_LINE = msgspec.json.Decoder(Line)


class Week:
    """What an organization of four accounts was asked and what was sealed of it, by day."""

    def __init__(self, folder: Path) -> None:
        self.locker, self.asked, self.runs = folder / "evidence", dict[int, Mapping[str, int]](), dict[int, str]()
        with opened(accounts=4) as it:
            self.accounts = it.account_ids()
            options = wiring.Options(
                locker=str(self.locker), home=folder / "home", organization=True,
                role_name=f"prooftrail/{it.role_name}", external_id=it.external_id, endpoint_url=it.endpoint_url,
                credentials=it.credentials(), schedule=Schedule(every_hours=24, at="06:00"),
            )  # fmt: skip
            it.faults.deny(self.accounts["log-archive"], ACTION)
            for day in DAYS:
                run, before = Run.scheduled(it.set_day(day), None), it.calls()
                wiring.embedded(options, clock=it).sweep(run)
                told = it.calls() - before
                self.asked[day] = {name: told[number, ACTION] for name, number in self.accounts.items()}
                self.runs[day] = run.id
                it.faults.clear()

    def lines(self, kind: str, name: str, day: int) -> Iterator[bytes]:
        """The lines of an account's object of that day."""
        for path in (self.locker / kind / self.runs[day] / self.accounts[name]).iterdir():
            yield from gzip.decompress(path.read_bytes()).splitlines()

    def facts(self, name: str, day: int) -> AccountFacts:
        """The account as it was sealed."""
        return next(
            one for one in map(_LINE.decode, self.lines("snapshot", name, day)) if isinstance(one, AccountFacts)
        )

    def people(self, name: str, day: int) -> dict[str, str]:
        """What is in the account's `people/` object, and nowhere else."""
        told = map(json.loads, self.lines("people", name, day))
        return {one["pseudonym"]: one["text"] for one in told}

    def everything(self) -> Iterator[tuple[str, bytes]]:
        """Every sealed object, opened, with the kind it is of."""
        for path in (one for one in self.locker.rglob("*") if one.is_file()):
            body = path.read_bytes()
            yield path.relative_to(self.locker).parts[0], gzip.decompress(body) if path.suffix == ".gz" else body


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Week:
    return Week(tmp_path_factory.mktemp("week"))


def test_all_are_asked_on_the_first_day_and_again_after_seven_and_one_that_refused_the_next_day(week: Week) -> None:
    both, none = dict.fromkeys(week.accounts, 2), dict.fromkeys(week.accounts, 0)
    assert week.asked == {1: both, 2: none | {"log-archive": 2}, 8: both | {"log-archive": 0}}


@pytest.mark.parametrize("day", DAYS)
def test_what_is_sealed_of_a_carried_contact_names_the_run_that_read_it(week: Week, day: int) -> None:
    read_in = week.runs[1 if day < 8 else 8]
    facts = week.facts("payments-prod", day)
    assert [(one.type, one.read_in) for one in facts.contacts or ()] == [("OPERATIONS", read_in), ("SECURITY", read_in)]
    assert facts.contacts_read_in == read_in


def test_what_aws_refused_is_not_known_and_known_the_day_after(week: Week) -> None:
    assert (week.facts("log-archive", 1).contacts, week.facts("log-archive", 1).contacts_read_in) == (None, None)
    assert [one.type for one in week.facts("log-archive", 2).contacts or ()] == ["SECURITY"]


def test_who_a_contact_is_stands_in_the_people_of_the_run_that_read_it_and_of_no_other(week: Week) -> None:
    facts = week.facts("payments-prod", 2)
    emails = {one.email for one in facts.contacts or ()}
    assert {week.people("payments-prod", 1)[one] for one in emails} == {WATCH, ON_CALL}
    assert emails & week.people("payments-prod", 2).keys() == set()


def test_no_object_but_people_holds_a_contact_s_name_address_title_or_telephone(week: Week) -> None:
    hidden = (WATCH, ON_CALL, "Security Operations", "Payments on call", "On duty", "555 0100")
    held = {(kind, one) for kind, body in week.everything() for one in hidden if one.encode() in body}
    assert {kind for kind, _ in held} == {"people"}
    assert {one for _, one in held} == {WATCH, ON_CALL, "Security Operations", "Payments on call"}
