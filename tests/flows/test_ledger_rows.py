"""What one outcome writes into the ledger: changes only, the last that was known, and no story that was not seen."""

from collections.abc import Mapping
from typing import Any

import pytest

from prooftrail.flows.ledger_rows import FOLDED, REAPPEARED, ledger_change
from prooftrail.inventory.configuration import configuration
from prooftrail.model.iam import SamlProvider
from prooftrail.model.identity import Observed
from prooftrail.model.reading import GLOBAL
from prooftrail.ports import IdentityRow, LedgerChange, OutcomeRow
from tests.builders import (
    ACCOUNT,
    NOW,
    OTHER_REGION,
    REGION,
    UNREAD,
    a_certificate,
    a_key,
    a_reading,
    a_report,
    a_role,
    a_row,
    a_secret,
    a_service_credential,
    a_slot,
    a_snapshot,
    a_user,
    account_root,
    days,
    refused,
    replaced,
    something,
    the,
    used,
)
from tests.flows.ledgered import Ledgered, outcome, run

ADA = a_user()
KEY = a_key(ADA)


def names(change: LedgerChange) -> set[str]:
    return {row.name for row in change.rows}


def with_password(**known: Any) -> Mapping[str, Any]:
    return {"report": a_report(a_row(ADA, password=True)), **known}


# rows ---------------------------------------------------------------------------------------------------------------


def test_a_first_day_writes_a_row_for_everything_and_calls_nothing_new() -> None:
    ledger = Ledgered()
    change = ledger.tell(0, ADA, a_role())
    assert change.outcome == OutcomeRow(run_id=run(0), account=ACCOUNT, status="sealed", outcome_sha256="sha")
    assert names(change) == {"root", "ada", "worker"}
    assert {one.what for one in change.history} == {"discovered"}
    assert {row.first_seen_run for row in change.rows} == {run(0)}


def test_a_row_is_the_identity_in_short() -> None:
    role = a_role(tags={"owner": "team-a", "purpose": "runs"}, usage=used(days(45)))
    snapshot = a_snapshot(role)
    one = the(snapshot, "worker")
    (row,) = [row for row in ledger_change(outcome(0), "sha", None, snapshot, {}).rows if row.name == "worker"]
    assert row == IdentityRow(
        id=role.id,
        account=ACCOUNT,
        region=GLOBAL,
        collector="principals",
        arn=role.arn,
        name="worker",
        kind="role_workload",
        cls="non_human",
        family=one.family,
        owner="team-a",
        owner_rung="identity_tag",
        purpose="runs",
        parent=None,
        created_at=role.created_at,
        configuration=configuration(one),
        usage="<=60",
        due_on=None,
        first_seen_run=run(0),
        changed_run=run(0),
    )
    assert type(row.kind) is type(row.cls) is type(row.collector) is str


def test_a_quiet_day_writes_no_identity() -> None:
    ledger = Ledgered()
    observed = [ADA, KEY, a_role(usage=used(days(1))), a_secret(), a_service_credential()]
    ledger.tell(0, *observed)
    change = ledger.tell(1, *observed)
    assert (change.rows, change.history) == ((), ())


def test_a_change_writes_the_row_and_its_history_and_keeps_when_it_was_first_seen() -> None:
    ledger = Ledgered()
    ledger.tell(0, a_role())
    change = ledger.tell(1, a_role(boundary="arn:b"))
    (row,) = change.rows
    assert (row.first_seen_run, row.changed_run) == (run(0), run(1))
    (told,) = change.history
    assert told.what == "changed"
    assert ("facts.boundary", "none", "arn:b") in told.fields


def test_another_bucket_of_use_writes_the_row_and_no_history() -> None:
    ledger = Ledgered()
    ledger.tell(0, a_role(usage=used(days(29.5))))
    change = ledger.tell(1, a_role(usage=used(days(29.5))))
    assert [(row.name, row.usage) for row in change.rows] == [("worker", "<=60")]
    assert change.history == ()


@pytest.mark.parametrize(
    ("observed", "due"),
    [
        (a_certificate(expires_at=NOW + days(1)), "2026-11-23"),
        (a_certificate(), None),
        (a_service_credential(expires_at=NOW), "2026-11-22"),
        (a_secret(deleted_at=NOW + days(7)), "2026-11-29"),
        (a_secret(), None),
        (a_role(), None),
    ],
)
def test_a_row_is_due_when_its_identity_ends_by_itself(observed: Observed, due: str | None) -> None:
    ledger = Ledgered()
    ledger.tell(0, observed)
    assert ledger.rows[observed.id].due_on == due


def test_a_provider_is_due_when_its_validity_ends() -> None:
    saml = something(SamlProvider(valid_until=NOW), arn=f"arn:aws:iam::{ACCOUNT}:saml-provider/s", name="s")
    ledger = Ledgered()
    ledger.tell(0, saml_providers=a_reading(saml))
    assert ledger.rows[saml.id].due_on == "2026-11-22"


# coming and going ---------------------------------------------------------------------------------------------------


def test_who_is_gone_keeps_a_row_that_says_since_when() -> None:
    ledger = Ledgered()
    ledger.tell(0, a_certificate(expires_at=NOW))
    change = ledger.tell(1)
    (row,) = change.rows
    assert (row.gone_run, row.changed_run, row.due_on) == (run(1), run(1), None)
    assert [one.what for one in change.history] == ["disappeared"]
    assert ledger.tell(2).rows == ()


def test_who_comes_back_under_the_same_id_reappeared() -> None:
    ledger, secret = Ledgered(), a_secret()
    for number, there in enumerate((True, False, True)):
        ledger.tell(number, *([secret] if there else []))
    assert ledger.rows[secret.id].gone_run is None
    assert ledger.rows[secret.id].first_seen_run == run(0)
    assert ledger.life(secret.id) == [("discovered", run(0)), ("disappeared", run(1)), (REAPPEARED, run(2))]


def test_one_created_again_under_its_name_is_another_row() -> None:
    ledger = Ledgered()
    ledger.tell(0, a_user(id="AIDAOLD"))
    ledger.tell(1, a_user(id="AIDANEW"))
    assert ledger.rows["AIDAOLD"].gone_run == run(1)
    assert ledger.life("AIDANEW") == [("appeared", run(1))]


def test_what_was_not_read_is_not_gone_and_what_was_gone_meanwhile_is_noticed_after() -> None:
    ledger, role = Ledgered(), a_role()
    ledger.tell(0, role)
    assert ledger.tell(1, principals=refused()).rows == ()
    ledger.tell(2)
    assert ledger.rows[role.id].gone_run == run(2)


def test_what_comes_back_from_a_refusal_unchanged_writes_nothing() -> None:
    ledger, role = Ledgered(), a_role()
    ledger.tell(0, role)
    ledger.tell(1, principals=refused())
    change = ledger.tell(2, role)
    assert (change.rows, change.history) == ((), ())


def test_what_comes_back_from_a_refusal_changed_is_noticed() -> None:
    ledger, role = Ledgered(), a_role()
    ledger.tell(0, role)
    ledger.tell(1, principals=refused())
    change = ledger.tell(2, a_role(boundary="arn:b"))
    (told,) = change.history
    assert (told.what, [path for path, _, _ in told.fields]) == ("changed", ["configuration"])


def test_a_secret_in_a_disabled_region_is_out_of_reach_once_and_stays() -> None:
    ledger, secret = Ledgered(), a_secret(region=OTHER_REGION)
    ledger.tell(0, secret)
    disabled = {"secrets": ((REGION, a_reading()),), "regions": a_reading(REGION), "regions_read": (REGION,)}
    for number in (1, 2):
        ledger.tell(number, **disabled)
    assert ledger.rows[secret.id].gone_run is None
    assert ledger.life(secret.id) == [("discovered", run(0)), ("out_of_reach", run(1))]


def test_a_replica_that_stood_alone_is_folded_and_not_lost() -> None:
    primary, replica = a_secret(), a_secret(region=OTHER_REGION, replica_of=REGION)
    ledger = Ledgered()
    ledger.tell(0, replica, secrets=((REGION, refused()), (OTHER_REGION, a_reading(replica))))
    ledger.tell(1, primary, replica)
    assert ledger.life(replica.id) == [("discovered", run(0)), (FOLDED, run(1))]


# unknown is not a change --------------------------------------------------------------------------------------------


def test_a_day_without_a_report_writes_no_user() -> None:
    ledger = Ledgered()
    ledger.tell(0, ADA, KEY, **with_password())
    change = ledger.tell(1, ADA, KEY, report=refused())
    assert (change.rows, change.history) == ((), ())
    assert ledger.rows[ADA.id].cls == "undetermined"
    assert ledger.rows[ADA.id].kind == "human_user"


def test_a_change_while_something_was_unknown_is_noticed_when_it_is_known_again() -> None:
    ledger = Ledgered()
    ledger.tell(0, ADA)
    ledger.tell(1, ADA, report=refused())
    change = ledger.tell(2, ADA, **with_password())
    (told,) = [one for one in change.history if one.id == ADA.id]
    assert ("facts.password_enabled", "unknown", "yes") in told.fields
    assert ledger.rows[ADA.id].kind == "human_user"


def test_a_known_change_on_a_day_of_unknowns_keeps_what_the_row_knew() -> None:
    ledger = Ledgered()
    ledger.tell(0, ADA, **with_password())
    ledger.tell(1, a_user(groups=("admins",)), report=refused())
    row = ledger.rows[ADA.id]
    assert (row.changed_run, row.kind, row.cls) == (run(1), "human_user", "human")


def test_a_use_nobody_could_tell_leaves_the_bucket_as_it_was() -> None:
    ledger = Ledgered()
    row = a_row(ADA, keys=[a_slot(1, key=KEY, usage=used(days(3)))])
    ledger.tell(0, ADA, KEY, report=a_report(row))
    ledger.tell(1, ADA, KEY, report=refused())
    assert ledger.rows[KEY.id].usage == "<=30"


def test_an_account_list_with_a_gap_turns_no_third_party_into_a_member() -> None:
    ledger, role = Ledgered(), a_role(trust=account_root("999999999999"))
    ledger.tell(0, role)
    assert ledger.tell(1, role, context=UNREAD).rows == ()
    assert ledger.rows[role.id].kind == "role_third_party"


def test_another_way_of_hashing_rewrites_rows_without_a_story() -> None:
    ledger, role = Ledgered(), a_role()
    ledger.tell(0, role)
    ledger.rows[role.id] = replaced(ledger.rows[role.id], configuration="0" * 64)
    change = ledger.tell(1, role)
    assert names(change) == {"worker"}
    assert change.history == ()
