"""`prooftrail risk`, and the paragraph that explains a score in `prooftrail show`."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from prooftrail.cli import inventory, main, risk
from prooftrail.controls.catalog import Catalog
from prooftrail.evidence.context import Context
from prooftrail.governance.thresholds import Limits
from prooftrail.model.iam import Role, User
from prooftrail.model.judgement import Assessment, PrivilegeClass, Tier
from prooftrail.model.snapshot import Snapshot
from prooftrail.risk.entry import Comer, Entry
from prooftrail.risk.privilege import Privilege
from prooftrail.risk.score import risks
from tests.builders import a_role, replaced
from tests.builders.judging_keys import KeyJudge
from tests.builders.judging_risk import a_way, lets_in, may
from tests.cli.lockers import DAYS, Said, Town, words
from tests.flows.world import HOME, MEMBER

ADMIN, NONE, LIMITED = PrivilegeClass.ADMIN, PrivilegeClass.NONE, PrivilegeClass.WRITE_LIMITED


class RiskJudge(KeyJudge):
    """Scores every identity: `ada` is an administrator, the policies of `bob` were not read, all others write a little."""

    def account(self, snapshot: Snapshot, context: Context, *, catalog: Catalog, snapshot_sha256: str) -> Assessment:
        made = super().account(snapshot, context, catalog=catalog, snapshot_sha256=snapshot_sha256)
        limits = Limits(catalog.defaults, context.governance.thresholds, snapshot.header.taken_at)
        found = risks(snapshot, context, privileges=_can(snapshot), entries=_ways(snapshot), limits=limits)
        return replaced(made, risks=tuple(found.values()))


def _can(snapshot: Snapshot) -> dict[str, Privilege]:
    principals = [one for one in snapshot.identities if isinstance(one.facts, User | Role)]
    can = {one.id: may(one, {"ada": ADMIN, "bob": NONE}.get(one.name, LIMITED)) for one in principals}
    unread = {"at_most": ADMIN, "unresolved": ("policy x was not read",)}
    return can | {one.id: may(one, NONE, **unread) for one in principals if one.name == "bob"}


def _ways(snapshot: Snapshot) -> dict[str, Entry]:
    roles = [one for one in snapshot.identities if isinstance(one.facts, Role)]
    return {one.id: lets_in(one, a_way(Comer.SERVICE)) for one in roles}


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """Day 1: nothing is judged yet. Day 2: all is. Day 3: the member is unreachable."""
    town = Town(tmp_path_factory.mktemp("scored"))
    town.judge = RiskJudge()
    town.users = {HOME: ["ada", "kim@example.com"], MEMBER: ["bob"]}
    town.more[MEMBER] = [a_role("worker", account=MEMBER)]
    town.judge.silent = True
    town.run(1)
    town.judge.silent = False
    town.run(2)
    town.unreachable = {MEMBER}
    town.run(3)
    return town


app = typer.Typer()
app.command("risk")(risk.risk)
app.command("show")(inventory.show)


def ask(*arguments: object) -> Said:
    """What a command line comes to; errors as `main` would say them."""
    made = CliRunner().invoke(app, words(arguments))
    if made.exception and not isinstance(made.exception, SystemExit):
        return Said(main._ended(made.exception), made.stdout, str(made.exception))
    return Said(made.exit_code, made.stdout, made.stderr)


def rows(*arguments: object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(ask("risk", *arguments, "--json").out)
    return found


def test_the_riskiest_stands_first_and_the_page_begins_with_how_many_there_are(scored: Town) -> None:
    said = ask("risk", scored.address, "--as-of", DAYS[1])
    lines = said.out.splitlines()
    assert (said.code, lines[0]) == (0, f"Risk as of 2026-11-02 06:00 UTC, run {DAYS[1]}")
    assert lines[2] == "Every account was judged in this run, and everything in it was read whole."
    found = rows(scored.address, "--as-of", DAYS[1])
    counts = {tier: sum(row["tier"] == tier for row in found) for tier in Tier}
    told = ", ".join(f"{counts[tier]} {tier}" for tier in reversed(Tier))
    assert lines[3].startswith(f"{len(found)} identities: {told}; ")
    shown = [line.split() for line in lines if line.startswith(("critical", "high", "medium", "low"))]
    assert "ada" in shown[0]
    assert max(map(len, lines)) <= 100


def test_what_is_not_certain_is_marked(scored: Town) -> None:
    out = ask("risk", scored.address, "--as-of", DAYS[1]).out
    bob = next(line.split() for line in out.splitlines() if " bob " in line)
    assert (bob[0], bob[-1]) == ("critical?", "admin?")
    worker = next(line.split() for line in out.splitlines() if " worker " in line)
    assert worker[-2:] == ["write", "limited"]
    assert "? stands where something was not read" in out


def test_no_factor_is_cut_off(scored: Town) -> None:
    out = ask("risk", scored.address, "--as-of", DAYS[1]).out
    assert "long lived key, " in out
    assert "owner missing?" in out


def test_credentials_are_counted_and_their_user_is_shown(scored: Town) -> None:
    out = ask("risk", scored.address, "--as-of", DAYS[1]).out
    carried = [row for row in rows(scored.address, "--as-of", DAYS[1]) if row["inherited_from"]]
    assert carried
    assert f"{len(carried)} credentials not shown: they carry the risk of the user they belong to" in out


def test_one_tier_only(scored: Town) -> None:
    tiers = {row["tier"] for row in rows(scored.address, "--as-of", DAYS[1], "--tier", "Critical")}
    assert tiers == {"critical"}


def test_one_account_only(scored: Town) -> None:
    assert {row["account"] for row in rows(scored.address, "--account", HOME)} == {HOME}
    said = ask("risk", scored.address, "--account", "999999999999")
    assert said.code != 0
    assert "is in no plan" in said.err


def test_an_account_the_run_did_not_judge_is_named_first_and_shown_as_it_was(scored: Town) -> None:
    said = ask("risk", scored.address)
    assert f"account {MEMBER} was not judged in this run: shown as run {DAYS[1]} judged it" in said.out
    stale = {row["account"]: (row["stale"], row["judged_in_run"]) for row in rows(scored.address)}
    assert stale == {HOME: (False, DAYS[2]), MEMBER: (True, DAYS[1])}


def test_evidence_from_before_anything_was_judged_says_so(scored: Town) -> None:
    said = ask("risk", scored.address, "--as-of", DAYS[0])
    assert (
        f"account {HOME} is not judged: no results of it are sealed: a defect kept it from being judged, as its outcome then says, or nothing was judged yet"
        in " ".join(said.out.split())
    )
    assert "0 identities" in said.out


def test_as_data_a_score_has_every_field_and_names_people(scored: Town) -> None:
    found = {row["name"]: row for row in rows(scored.address)}
    ada = found["ada"]
    assert ada["tier"] == "critical"
    assert (ada["privilege"], ada["environment"], ada["certain"]) == ("admin", "security_or_management", True)
    assert {"points", "why", "name"} == set(ada["factors"][0])
    assert ada["floors"]
    assert "kim@example.com" in found


def test_show_explains_the_score_in_one_paragraph(scored: Town) -> None:
    out = " ".join(ask("show", scored.address, "ada").out.split())
    assert "Risk Critical, because privilege admin (it does so) in an account that manages or secures others" in out
    assert "Privilege is an upper bound: session policies are invisible." in out
    assert out.index("Risk Critical") < out.index("Credentials")
    told = json.loads(ask("show", scored.address, "ada", "--json").out)
    assert told["risk"]["tier"] == "critical"
    assert told["risk_explained"].startswith("Critical, because")


def test_show_says_why_there_is_no_score(scored: Town) -> None:
    told = json.loads(ask("show", scored.address, "ada", "--as-of", DAYS[0], "--json").out)
    assert told["risk"] is None
    assert (
        told["risk_explained"]
        == "Not scored: no results of it are sealed: a defect kept it from being judged, as its outcome then says, or nothing was judged yet."
    )


def test_a_wrong_tier_is_refused(scored: Town) -> None:
    said = ask("risk", scored.address, "--tier", "severe")
    assert (said.code, "--tier takes critical, high, medium or low" in said.err) == (2, True)


def test_a_place_without_evidence_is_refused(tmp_path: Path) -> None:
    assert ask("risk", tmp_path).code != 0
