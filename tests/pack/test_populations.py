from dataclasses import replace
from typing import Any

import msgspec
import pytest

from prooftrail.errors import EvidenceUnreadable
from prooftrail.model.identity import Classification, Identity, IdentityClass
from prooftrail.model.judgement import ResultStatus
from prooftrail.model.reading import Cell, CellStatus, Collector
from prooftrail.model.snapshot import AccountFacts
from prooftrail.pack.registers.populations import COLUMNS, POPULATIONS, parse_population, population_bytes
from prooftrail.pack.registers.tables import Tables
from prooftrail.pack.tally import Tally
from prooftrail.pack.view import AccountView, PeriodView
from tests.builders.judging import a_context, an_account
from tests.builders.judging_findings import a_result
from tests.builders.pack_files import MemoryFiles
from tests.builders.packs import (
    a_denied_account_view,
    a_pack_run,
    a_period,
    an_account_view,
    an_unread_account_view,
    some_identities,
)
from tests.builders.times import ACCOUNT, MEMBER, OTHER_REGION, REGION
from tests.pack.csv_files import records

HEADER = ",".join(one.name for one in COLUMNS)


def _items(name: str, *views: AccountView) -> list[dict[str, str]]:
    return parse_population(population_bytes(name, a_period(), views))


def _of_class(cls: IdentityClass, identity: Identity) -> Identity:
    said = Classification(cls=cls, basis=identity.classification.basis, reason="said")
    return msgspec.structs.replace(identity, classification=said)


def test_the_bytes_made_from_views_are_those_a_pack_writes() -> None:
    views = (an_account_view(), an_unread_account_view())
    period, files = a_period(), MemoryFiles()
    tables = Tables(period, files, [one.register for one in POPULATIONS.values()])
    for one in views:
        tables.take(one)
    tables.finish(Tally(period))

    for name in POPULATIONS:
        assert population_bytes(name, period, views) == files.files[f"populations/{name}.csv"]


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("users", {"human_user", "service_user"}),
        ("access-keys", {"access_key"}),
        ("roles", {"role_workload"}),
        ("secrets", {"secret"}),
        ("certificates", set()),
        ("permission-sets", set()),
        ("providers", set()),
        ("identities", {"human_user", "service_user", "access_key", "role_workload", "secret"}),
    ],
)
def test_a_population_holds_every_item_of_its_kind_and_no_other(name: str, kinds: set[str]) -> None:
    items = _items(name, an_account_view())

    assert {one["kind"] for one in items} == kinds
    held = [one for one in some_identities() if one.kind in kinds]
    assert {one["item_id"] for one in items} == {one.id for one in held}


def test_every_identity_is_in_the_list_of_one_class() -> None:
    human, machine, *rest = some_identities()
    identities = (
        _of_class(IdentityClass.HUMAN, human),
        _of_class(IdentityClass.UNDETERMINED, machine),
        *(_of_class(IdentityClass.NON_HUMAN, one) for one in rest),
    )
    view = an_account_view(identities=identities)

    found = [{one["item_id"] for one in _items(name, view)} for name in ("human", "undetermined", "non-human")]

    assert found == [{human.id}, {machine.id}, {one.id for one in rest}]


def test_failing_results_and_exceptions_are_items_by_control_account_and_subject() -> None:
    results = tuple(a_result(status, control="IDC-15", subject=f"AKIA{status}") for status in ResultStatus)

    items = _items("results-failing", an_account_view(results=results))

    assert [(one["item_id"], one["status"]) for one in items] == [
        (f"IDC-15/{ACCOUNT}/AKIAFAIL", "FAIL"),
        (f"IDC-15/{ACCOUNT}/AKIAEXCEPTION", "EXCEPTION"),
    ]


def test_findings_are_items_by_account_and_fingerprint() -> None:
    view = an_account_view()

    assert [one["item_id"] for one in _items("findings", view)] == [
        f"{ACCOUNT}/{one.fingerprint}" for one in view.findings
    ]


def test_names_come_back_as_they_were_before_they_were_guarded() -> None:
    one = msgspec.structs.replace(some_identities()[0], name="=1+1")

    (item,) = _items("identities", an_account_view(identities=(one,), results=()))

    assert item["name"] == "=1+1"
    assert (
        records(population_bytes("identities", a_period(), [an_account_view(identities=(one,), results=())]))[1][1]
        == "'=1+1"
    )


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is no population of a pack"),
        (b"a,b\r\n", "is no population of a pack"),
        (f"{HEADER}\r\nx,y\r\n".encode(), "record 2 has not 14 fields"),
        (f'{HEADER}\r\n"x\r\n'.encode(), "is no CSV file"),
        (b"\xff\xfe", "is no CSV file"),
        (f"{HEADER}\r\nx{',' * 13}\r\nx{',' * 13}\r\n".encode(), "has 1 item ids more than once"),
    ],
)
def test_what_is_no_population_is_refused_with_what_is_wrong(data: bytes, said: str) -> None:
    with pytest.raises(EvidenceUnreadable, match=said):
        parse_population(data, where="keys.csv")


def test_there_is_no_population_of_another_name() -> None:
    with pytest.raises(KeyError):
        population_bytes("everything", a_period(), ())


# populations/index


def _whole(account: str, **changes: Any) -> AccountView:
    facts = AccountFacts(
        account=an_account(account), regions_enabled=(REGION, OTHER_REGION), regions_read=(REGION, OTHER_REGION)
    )
    return an_account_view(account=account, **{"facts": facts, **changes})


def _index(*views: AccountView, period: PeriodView | None = None) -> dict[str, tuple[str, str]]:
    period, files = period or a_period(), MemoryFiles()
    tables = Tables(period, files, [one.register for one in POPULATIONS.values()])
    for one in views:
        tables.take(one)
    tables.finish(Tally(period))
    return {row[0]: (row[7], row[8]) for row in records(files.files["populations/index.csv"])[1:]}


def test_a_list_is_complete_if_every_account_and_every_source_it_needs_was_read() -> None:
    index = _index(_whole(ACCOUNT), _whole(MEMBER))

    assert index["users"] == ("true", "")
    assert index["secrets"] == ("true", "")
    assert index["results-failing"][0] == "false"  # nothing read permission sets
    assert index["permission-sets"] == ("false", "permission_sets read in no account")


def test_permission_sets_are_complete_where_the_account_that_manages_them_was_read() -> None:
    sets = Cell(account=ACCOUNT, region="global", collector=Collector.PERMISSION_SETS, status=CellStatus.OK, items=1)
    manager = _whole(ACCOUNT)

    index = _index(replace(manager, cells=(*manager.cells, sets)), _whole(MEMBER))

    assert {name: why for name, (complete, why) in index.items() if complete != "true"} == {}


@pytest.mark.parametrize(
    ("account", "why"),
    [
        (an_unread_account_view(), f"1 account ({MEMBER}) not read in the run shown (unreachable)"),
        (
            an_unread_account_view(status="skipped", reason="AWS suspended it"),
            f"1 account ({MEMBER}) not read in the run shown (skipped)",
        ),
        (_whole(MEMBER, read_run=a_pack_run(-1)), f"1 account ({MEMBER}) not read in the run shown (sealed)"),
        (
            replace(a_denied_account_view(Collector.PRINCIPALS), account=MEMBER),
            f"principals not read whole in 1 account ({MEMBER})",
        ),
        (_whole(MEMBER, cells=()), f"principals not read whole in 1 account ({MEMBER})"),
    ],
)
def test_a_list_is_not_complete_where_an_account_or_a_source_was_not_read(account: AccountView, why: str) -> None:
    complete, why_not = _index(_whole(ACCOUNT), account)["users"]

    assert (complete, why_not.split("; ")[0]) == ("false", why)


def test_a_list_of_another_source_stays_complete() -> None:
    denied = replace(_whole(MEMBER), cells=a_denied_account_view(Collector.SECRETS).cells)

    index = _index(_whole(ACCOUNT), denied)

    assert index["users"][0] == "true"
    assert index["secrets"] == ("false", f"secrets not read whole in 1 account ({MEMBER})")


@pytest.mark.parametrize("enabled", [None, (REGION, OTHER_REGION, "me-central-1")])
def test_secrets_are_not_complete_where_a_region_was_left_out(enabled: tuple[str, ...] | None) -> None:
    facts = AccountFacts(account=an_account(MEMBER), regions_enabled=enabled, regions_read=(REGION, OTHER_REGION))

    index = _index(_whole(ACCOUNT), _whole(MEMBER, facts=facts))

    assert index["secrets"] == ("false", f"not every enabled region read in 1 account ({MEMBER})")
    assert index["users"][0] == "true"


def test_a_narrowed_pack_has_no_complete_list() -> None:
    assert _index(_whole(ACCOUNT))["users"] == ("false", f"this pack leaves out 1 account ({MEMBER})")


def test_lists_of_what_was_judged_need_every_account_judged() -> None:
    sets = Cell(account=ACCOUNT, region="global", collector=Collector.PERMISSION_SETS, status=CellStatus.OK, items=1)
    manager = _whole(ACCOUNT)

    index = _index(
        replace(manager, cells=(*manager.cells, sets)), _whole(MEMBER, judged_run=None, unjudged="a defect", results=())
    )

    assert index["identities"] == ("true", "")
    assert index["findings"] == ("false", f"1 account ({MEMBER}) not judged in the run shown")


def test_no_list_is_complete_where_the_accounts_were_not_listed_to_the_end() -> None:
    (cell,) = a_context().cells
    refused = {"api": "organizations:ListAccounts", "reason": "denied", "detail": "not authorized"}
    broken = msgspec.convert({**msgspec.to_builtins(cell), "gaps": [refused], "status": "denied"}, Cell)

    index = _index(_whole(ACCOUNT), _whole(MEMBER), period=a_period(context=a_context(cells=(broken,))))

    assert index["users"] == ("false", "the organization's accounts were not listed to the end")
