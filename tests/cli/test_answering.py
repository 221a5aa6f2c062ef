"""`prooftrail ack` and `prooftrail reassign`: found by what people call it, listed, sealed under the home's key, and explained."""

import json
from pathlib import Path

import pytest

from prooftrail.adapters.embedded.home import Home
from prooftrail.evidence import answers as sealed_answers
from prooftrail.evidence import envelope
from prooftrail.evidence.redaction import Redactor
from prooftrail.flows.answers import answers
from prooftrail.governance import parse
from prooftrail.model.notice import Answer, AnswerKind
from prooftrail.wiring import answers as wired
from tests.builders import a_role
from tests.cli.lockers import Prooftrail, Town
from tests.flows.world import DAY_1, HOME, MEMBER, StillClock
from tests.governance.entries import OWNERS, of

LEFT = '[[owner]]\nid = "old"\nname = "Old Team"\nactive = false\n'


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Town:
    """One day, with owners; the clock stands where the day ended."""
    town = Town(tmp_path)
    town.governance = parse(of(owners=OWNERS + LEFT))
    town.more = {one: [a_role("platform", account=one, id=f"AROA{one[0]}PLATFORM")] for one in (HOME, MEMBER)}
    town.run(1)
    monkeypatch.setattr(wired, "SystemClock", lambda: StillClock(town.clock.at))
    return town


def findings(prooftrail: Prooftrail, town: Town) -> list[dict[str, object]]:
    groups = json.loads(prooftrail("findings", town.address, "--open", "--json").out)
    return [member for group in groups for member in group["members"]] if "members" in groups[0] else groups


def sealed(town: Town) -> list[tuple[str, Answer]]:
    keys = [one.key for one in town.locker.versions("answers/")]
    return [(key, sealed_answers.read(key, town.locker.get(key))) for key in keys]


def say(prooftrail: Prooftrail, town: Town, command: str, *more: object) -> tuple[int, str, str]:
    said = prooftrail(command, town.address, *more, "--home", town.home)
    return said.code, said.out, said.err


def test_an_acknowledgement_is_listed_sealed_and_explained(prooftrail: Prooftrail, told: Town) -> None:
    code, out, err = say(prooftrail, told, "ack", "bob", "--reason", "rotating it  today")
    ((key, answer),) = sealed(told)
    assert (code, err) == (0, "")
    pem = Home(told.home).public_key_pem()
    assert pem is not None
    assert (answer.kind, answer.reason, answer.to) == (AnswerKind.ACKNOWLEDGED, "rotating it today", None)
    assert answer.who == f"key:{envelope.fingerprint(pem)}"
    assert answer.identities == ("AIDA2bob",)
    assert out.index("identity bob: ") < out.index(answer.matters[0][:12]) < out.index("Acknowledged") < out.index(key)
    assert "Escalation pauses at least: " in out
    assert "It pauses once for each matter" in out
    assert [one for one, _, signed in answers(told.locker, DAY_1).items if signed] == [key]


def test_an_identity_is_answered_for_with_its_credentials_and_a_finding_alone(
    prooftrail: Prooftrail, told: Town
) -> None:
    rows = [one for one in findings(prooftrail, told) if one["account"] == MEMBER and "bob" in str(one["name"])]
    say(prooftrail, told, "ack", "AIDA2bob", "--reason", "all of it")
    ((_, whole),) = sealed(told)
    assert {one["fingerprint"] for one in rows} <= set(whole.matters)
    assert any("AKIA2bob" in str(one["subject"]) for one in rows)
    one = whole.matters[0]
    code, out, _ = say(prooftrail, told, "ack", one[:8], "--reason", "this one")
    alone = next(answer for _, answer in sealed(told) if answer.reason == "this one")
    assert (code, alone.matters, alone.identities) == (0, (one,), ())
    assert "finding IDC-" in out


def test_a_hand_over_names_the_new_owner_and_the_lines_to_add(prooftrail: Prooftrail, told: Town) -> None:
    code, out, err = say(prooftrail, told, "reassign", "bob", "--to", "Jane Doe", "--reason", "it is hers")
    ((_, answer),) = sealed(told)
    assert (code, err) == (0, "")
    assert answer.kind is AnswerKind.REASSIGNED
    assert answer.to == Redactor(Home(told.home).fingerprint_key().secret()).pseudonym("jane")
    assert "Handed over to Jane Doe" in out
    assert "Jane Doe is told after the next run, as handed over." in out
    assert '    [[assign]]\n    id = "AIDA2bob"\n    owner = "jane"\n' in out


def test_a_family_is_answered_for_as_one(prooftrail: Prooftrail, told: Town) -> None:
    families = {
        str(one["family"]) for one in findings(prooftrail, told) if one["family"] and "platform" in str(one["name"])
    }
    (family,) = families
    code, out, _ = say(prooftrail, told, "reassign", family, "--to", "payments", "--reason", "ours")
    ((_, answer),) = sealed(told)
    assert code == 0
    assert len(answer.identities) == 2
    assert f'    family = "{family}"\n    owner = "payments"' in out
    assert (
        "warning: Payments team has neither email nor route"
        in say(prooftrail, told, "reassign", family, "--to", "payments", "--reason", "again")[2]
    )


def test_several_findings_are_answered_for_at_once_and_said_to_be_all(prooftrail: Prooftrail, told: Town) -> None:
    ids = sorted({str(one["fingerprint"]) for one in findings(prooftrail, told) if one["account"] == MEMBER})[:2]
    code, out, _ = say(prooftrail, told, "ack", f"{ids[0]}, {ids[1][:8].upper()}", "--reason", "both")
    ((_, answer),) = sealed(told)
    assert (code, answer.matters, answer.identities) == (0, tuple(ids), ())
    assert f"findings {ids[0][:8]}, {ids[1][:8]}: 2 matters" in out
    assert "It is for these 2 matters alone: what is found later needs an answer of its own." in out


def test_what_is_meant_is_narrowed_to_a_control(prooftrail: Prooftrail, told: Town) -> None:
    rows = [one for one in findings(prooftrail, told) if one["account"] == MEMBER and "bob" in str(one["name"])]
    control = str(rows[0]["control"])
    wanted = sorted(str(one["fingerprint"]) for one in rows if one["control"] == control)
    assert len(wanted) < len(rows)
    assert say(prooftrail, told, "ack", "bob", "--control", control.lower(), "--reason", "r")[0] == 0
    ((_, answer),) = sealed(told)
    assert list(answer.matters) == wanted


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Town:
    """One family of two roles: Jane's, and one that nobody owns."""
    town = Town(tmp_path)
    town.governance = parse(of(owners=OWNERS))
    jane = Redactor(Home(town.home).fingerprint_key().secret()).pseudonym("Jane@Example.com")
    town.more = {
        HOME: [a_role("platform", account=HOME, id="AROA1JANE", tags={"owner": jane})],
        MEMBER: [a_role("platform", account=MEMBER, id="AROA2FREE")],
    }
    town.run(1)
    monkeypatch.setattr(wired, "SystemClock", lambda: StillClock(town.clock.at))
    return town


def family_of(prooftrail: Prooftrail, town: Town) -> str:
    (family,) = {
        str(one["family"]) for one in findings(prooftrail, town) if one["family"] and "platform" in str(one["name"])
    }
    return family


@pytest.mark.parametrize(
    ("owner", "members"),
    [
        ("jane", ("AROA1JANE",)),
        ("Jane Doe", ("AROA1JANE",)),
        ("JANE@example.com", ("AROA1JANE",)),
        ("none", ("AROA2FREE",)),
    ],
)
def test_a_family_of_several_owners_answers_for_the_one_who_is_named(
    prooftrail: Prooftrail, shared: Town, owner: str, members: tuple[str, ...]
) -> None:
    family = family_of(prooftrail, shared)
    code, out, err = say(prooftrail, shared, "ack", family, "--reason", "r")
    assert (code, out, sealed(shared)) == (2, "", [])
    assert "has several owners: jane, none. Name the one you answer for with --owner" in " ".join(err.split())
    words = ("reassign", family, "--to", "payments", "--owner", owner, "--reason", "r", "--json")
    code, out, err = say(prooftrail, shared, *words)
    assert (code, err) == (0, "")
    made = json.loads(out)
    ((_, answer),) = sealed(shared)
    assert answer.identities == members
    account = MEMBER if owner == "none" else HOME
    theirs = [one for one in findings(prooftrail, shared) if one["family"] == family and one["account"] == account]
    assert list(answer.matters) == sorted(str(one["fingerprint"]) for one in theirs)
    assert [one for one in made["entries"] if one.startswith("family")] == []
    assert [one for one in made["entries"] if one.startswith("id")] == [f'id = "{one}"' for one in members]


def test_a_family_without_anything_of_an_owner_is_refused_with_who_has_some(
    prooftrail: Prooftrail, shared: Town
) -> None:
    words = ("ack", family_of(prooftrail, shared), "--owner", "payments", "--reason", "r")
    code, _, err = say(prooftrail, shared, *words)
    assert (code, sealed(shared)) == (2, [])
    assert "--owner 'payments': nothing of it is open for that owner, but for jane, none." in " ".join(err.split())


def test_the_answer_is_json_where_asked_for_and_nothing_is_sealed_where_it_is_only_tried(
    prooftrail: Prooftrail, told: Town
) -> None:
    tried = json.loads(say(prooftrail, told, "ack", "bob", "--reason", "r", "--json", "--dry-run")[1])
    assert (tried["record"], tried["who"], tried["what"], sealed(told)) == (None, None, "identity", [])
    made = json.loads(say(prooftrail, told, "reassign", "bob", "--to", "jane", "--reason", "r", "--json")[1])
    ((key, answer),) = sealed(told)
    assert (made["record"], made["to"], made["signed"]) == (key, "jane", True)
    assert [one["id"] for one in made["matters"]] != []
    assert sorted(one["id"] for one in made["matters"]) == list(answer.matters)
    assert made["entries"] == ["[[assign]]", 'id = "AIDA2bob"', 'owner = "jane"']
    again = json.loads(say(prooftrail, told, "reassign", "bob", "--to", "jane", "--reason", "r", "--json")[1])
    assert (again["record"], again["again"]) == (key, True)


def test_the_next_run_chains_it(prooftrail: Prooftrail, told: Town) -> None:
    say(prooftrail, told, "ack", "bob", "--reason", "on it")
    ((key, _),) = sealed(told)
    before = prooftrail("verify", told.address, "--home", told.home)
    assert "NOT YET CHAINED" in before.out
    assert key in before.out
    told.run(2)
    after = prooftrail("verify", told.address, "--home", told.home, "--deep")
    assert (after.code, "NOT YET CHAINED" in after.out) == (0, False)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("ack", "nobody", "--reason", "r"), "no open finding, family or identity answers to 'nobody'"),
        (("ack", "00000000", "--reason", "r"), "no open finding, family or identity answers to '00000000'"),
        (("ack", "bob", "--control", "IDC-99", "--reason", "r"), "--control IDC-99: nothing of it is open for that"),
        (("ack", "bob", "--control", "15", "--reason", "r"), "--control takes an id like IDC-15"),
        (
            ("ack", "bob", "--owner", "jane", "--reason", "r"),
            "--owner 'jane': nothing of it is open for that owner, but",
        ),
        (("ack", "00000000,00000001", "--reason", "r"), "no finding 00000000, 00000001 is open as of run"),
        (("ack", "bob", "--reason", " "), "--reason takes 1 to 500 characters"),
        (("ack", "bob", "--reason", "x" * 501), "--reason takes 1 to 500 characters"),
        (
            ("reassign", "bob", "--to", "jan", "--reason", "r"),
            "no owner of the newest sealed policy is called so; did you mean jane",
        ),
        (("reassign", "bob", "--to", "old", "--reason", "r"), "Old Team has left"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_fix(
    prooftrail: Prooftrail, told: Town, words: tuple[str, ...], says: str
) -> None:
    code, out, err = say(prooftrail, told, *words)
    assert (code, out, sealed(told)) == (2, "", [])
    assert says in err


def test_a_home_without_a_key_or_of_another_locker_is_refused(
    prooftrail: Prooftrail, told: Town, tmp_path: Path
) -> None:
    none = prooftrail("ack", told.address, "bob", "--reason", "r", "--home", tmp_path / "none")
    assert (none.code, "none holds no signing key" in none.err, "add --home DIR" in none.err) == (2, True, True)
    assert not (tmp_path / "none").exists()
    other = Home(tmp_path / "other").create()
    other.signer()
    stranger = prooftrail("ack", told.address, "bob", "--reason", "r", "--home", tmp_path / "other")
    assert (stranger.code, "is not the one that signs the chain of" in stranger.err) == (2, True)
    assert "add --home DIR" in stranger.err
    other.fingerprint_key()
    said = prooftrail("ack", told.address, "bob", "--reason", "r", "--home", tmp_path / "other")
    assert (said.code, "is not that of" in said.err) == (2, True)
    assert sealed(told) == []


def test_a_home_beside_the_locker_is_found_and_one_of_the_lockers_name_comes_first(
    prooftrail: Prooftrail, told: Town
) -> None:
    assert told.home == told.address.parent / "home"
    assert prooftrail("ack", told.address, "bob", "--reason", "r").code == 0
    ((_, answer),) = sealed(told)
    pem = Home(told.home).public_key_pem()
    assert pem is not None
    assert answer.who == f"key:{envelope.fingerprint(pem)}"
    Home(told.address.parent / "evidence-home").create().signer()
    said = prooftrail("ack", told.address, "bob", "--reason", "r")
    assert (said.code, "evidence-home is not the one that signs the chain" in said.err) == (2, True)


def test_the_chains_key_signs_where_it_is_given_and_an_address_is_refused_without_the_home(
    prooftrail: Prooftrail, told: Town, tmp_path: Path
) -> None:
    key = (told.home / "signing-key.pem").rename(tmp_path / "key.pem")
    words = (told.address, "bob", "--home", tmp_path / "none", "--signer", key)
    refused = prooftrail("ack", *words, "--reason", "ask a@example.com")
    assert (refused.code, "--reason holds an address" in refused.err) == (2, True)
    assert prooftrail("ack", *words, "--reason", "mine").code == 0
    assert [answer.who for _, answer in sealed(told)] == [f"key:{envelope.fingerprint(told.signer.public_key_pem())}"]


def test_hostile_names_do_no_harm(prooftrail: Prooftrail, town: Town, tmp_path: Path) -> None:
    said = prooftrail("ack", town.address, "playground", "--reason", "r", "--dry-run", "--home", town.home)
    assert "\x1b" not in said.out + said.err
