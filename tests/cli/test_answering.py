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
    assert "Escalation pauses: " in out
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
    assert (none.code, "holds no signing key, and an answer has to be signed" in none.err) == (2, True)
    assert not (tmp_path / "none").exists()
    other = Home(tmp_path / "other").create()
    other.signer()
    other.fingerprint_key()
    said = prooftrail("ack", told.address, "bob", "--reason", "r", "--home", tmp_path / "other")
    assert (said.code, "is not that of" in said.err) == (2, True)


def test_another_key_signs_where_it_is_given_and_an_address_is_refused_without_the_home(
    prooftrail: Prooftrail, told: Town, tmp_path: Path
) -> None:
    key = Home(tmp_path / "mine").create()
    signer = key.signer()
    words = (told.address, "bob", "--home", tmp_path / "none", "--signer", tmp_path / "mine" / "signing-key.pem")
    refused = prooftrail("ack", *words, "--reason", "ask a@example.com")
    assert (refused.code, "--reason holds an address" in refused.err) == (2, True)
    assert prooftrail("ack", *words, "--reason", "mine").code == 0
    ((_, answer),) = sealed(told)
    assert answer.who == f"key:{signer.fingerprint()}"


def test_hostile_names_do_no_harm(prooftrail: Prooftrail, town: Town, tmp_path: Path) -> None:
    said = prooftrail("ack", town.address, "playground", "--reason", "r", "--dry-run", "--home", town.home)
    assert "\x1b" not in said.out + said.err
