"""verify.py names whatever was changed in a pack, says what it did not check, and walks from a row to what AWS sent."""

import base64
import gzip
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import utils

from prooftrail.evidence import envelope
from prooftrail.model.run import EvidenceKind
from prooftrail.pack.integrity import statement as integrity_statement
from prooftrail.pack.integrity import verify_pack
from prooftrail.pack.registers.cells import csv_text
from prooftrail.pack.sampling import sampling
from prooftrail.pack.sampling.sampling import Item
from tests.pack.small_packs import (
    ACCOUNT,
    KEY,
    NEXT_KEY,
    OTHER_KEY,
    ROLE,
    USER,
    WATCHDOG,
    Small,
    a_locker,
    a_pack,
    a_sample,
    reseal,
    the_records,
    verify,
)

SHIPPED = Path(verify_pack.__file__)
ORIGIN = ("--fingerprint", KEY.fingerprint)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack nobody changes: every test that does, puts back what it took."""
    return a_pack(tmp_path_factory.mktemp("whole") / "pack")


def files_of(pack: Path) -> list[str]:
    return sorted(one.relative_to(pack).as_posix() for one in pack.rglob("*") if one.is_file())


def test_a_pack_as_it_was_made_is_intact_once_its_key_is_known_from_outside(whole: Path) -> None:
    said = verify(whole, *ORIGIN, "--rows")
    assert (said.status, said.faults, said.not_checked) == (0, {}, ())


def test_without_anything_from_outside_a_pack_is_only_consistent(whole: Path) -> None:
    said = verify(whole)
    assert said.status == 3
    assert "ORIGIN NOT CHECKED" in said.not_checked[0]


def test_its_own_sha256_from_outside_vouches_for_every_byte(whole: Path) -> None:
    sha256 = hashlib.sha256((whole / integrity_statement.PATH).read_bytes()).hexdigest()
    assert verify(whole, "--pack-sha256", sha256).status == 0
    assert verify(whole, "--pack-sha256", "0" * 64).status == 1


def positions(body: bytes) -> list[int]:
    """Where to flip: both ends, and two places between."""
    return sorted({0, len(body) // 3, 2 * len(body) // 3, len(body) - 1})


def test_one_changed_byte_in_any_file_is_named(whole: Path) -> None:
    unnoticed = []
    for name in files_of(whole):
        path = whole / name
        body = path.read_bytes()
        for at in positions(body):
            path.write_bytes(body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :])
            said = verify(whole, *ORIGIN)
            if said.status != 1 or not said.blames(name):
                unnoticed.append((name, at, said))
        path.write_bytes(body)
    assert not unnoticed


def test_no_byte_of_the_statements_end_can_change(whole: Path) -> None:
    """The signature, its key's name and what stands around them: all that is not payload."""
    path = whole / integrity_statement.PATH
    body = path.read_bytes()
    unnoticed = []
    for at in [*range(12), *range(body.index(b'","payloadType"') - 6, len(body))]:
        for bit in (1, 0x20):
            path.write_bytes(body[:at] + bytes([body[at] ^ bit]) + body[at + 1 :])
            if verify(whole, *ORIGIN).status != 1:
                unnoticed.append((at, bit))
    path.write_bytes(body)
    assert not unnoticed


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("gone", lambda path: path.unlink()),
        ("shorter", lambda path: path.write_bytes(path.read_bytes()[:-1])),
        ("longer", lambda path: path.write_bytes(path.read_bytes() + b"\n")),
        ("empty", lambda path: path.write_bytes(b"")),
        ("renamed", lambda path: path.rename(path.with_name(path.name + ".bak"))),
    ],
)
def test_a_file_that_is_gone_longer_shorter_or_called_otherwise_is_named(
    whole: Path, what: str, change: Callable[[Path], Any]
) -> None:
    unnoticed = []
    for name in files_of(whole):
        path = whole / name
        body = path.read_bytes()
        if body:
            change(path)
            said = verify(whole, *ORIGIN)
            if said.status != 1 or not said.blames(name):
                unnoticed.append((name, said))
            path.with_name(path.name + ".bak").unlink(missing_ok=True)
            path.write_bytes(body)
    assert not unnoticed, what


@pytest.mark.parametrize(
    "name", ["extra.csv", "evidence/raw/extra.json", "integrity/pack.json.sig", "chain/9.json", ".hidden"]
)
def test_a_file_that_does_not_belong_is_named(whole: Path, name: str) -> None:
    path = whole / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"{}")
    said = verify(whole, *ORIGIN)
    path.unlink()
    if not any(path.parent.iterdir()):
        path.parent.rmdir()
    assert said.status == 1
    assert "its statement does not list it" in said.faults[name]


def test_a_link_is_named_and_not_followed(whole: Path, tmp_path: Path) -> None:
    name = "05_control_map.csv"
    path, body = whole / name, (whole / name).read_bytes()
    (tmp_path / "same").write_bytes(body)
    path.unlink()
    path.symlink_to(tmp_path / "same")
    (whole / "evidence/away").symlink_to(tmp_path, target_is_directory=True)
    said = verify(whole, *ORIGIN)
    (whole / "evidence/away").unlink()
    path.unlink()
    path.write_bytes(body)
    assert said.status == 1
    assert "a link" in said.faults[name]
    assert "a link" in said.faults["evidence/away"]


def test_a_pipe_is_named_and_never_waited_for(whole: Path) -> None:
    os.mkfifo(whole / "pipe")
    said = verify(whole, *ORIGIN)
    (whole / "pipe").unlink()
    assert "neither a file nor a folder" in said.faults["pipe"]


# --- the statement, by somebody who rewrites it -----------------------------------------------------------------------


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return a_pack(tmp_path / "pack")


def restate(pack: Path, change: Callable[[dict[str, Any]], None], key: Any = KEY) -> None:
    """Sign another statement in place of the pack's."""
    path = pack / integrity_statement.PATH
    statement = json.loads(base64.b64decode(json.loads(path.read_bytes())["payload"]))
    change(statement)
    body = json.dumps(statement, separators=(",", ":"), ensure_ascii=False).encode()
    path.write_bytes(integrity_statement.sealed(body, keyid=key.fingerprint, sign=key.sign))


@pytest.mark.parametrize(
    "path",
    ["../outside", "/etc/passwd", "a/../../b", "a//b", "a\\b", "", ".", "C:x", "a/./b", "-rf", ".git/x", "n\x00l"],
)
def test_a_statement_that_names_a_path_outside_is_refused(pack: Path, path: str) -> None:
    def name_it(statement: dict[str, Any]) -> None:
        statement["predicate"]["files"].append({"path": path, "sha256": "0" * 64, "size": 1})
        statement["subject"].append({"name": path, "digest": {"sha256": "0" * 64}})

    restate(pack, name_it)
    assert "which no pack can hold" in verify(pack, *ORIGIN).faults[integrity_statement.PATH]


def test_a_manifest_cannot_stand_for_a_packs_statement(pack: Path) -> None:
    manifest = pack / "evidence/chain/00000001.json"
    (pack / integrity_statement.PATH).write_bytes(manifest.read_bytes())
    assert "urn:prooftrail:manifest:1" in verify(pack, *ORIGIN).faults[integrity_statement.PATH]


def test_a_packs_statement_cannot_stand_for_a_manifest(pack: Path) -> None:
    slot = pack / "evidence/chain/00000003.json"
    slot.write_bytes((pack / integrity_statement.PATH).read_bytes())
    reseal(pack, KEY)
    assert "urn:prooftrail:pack:1" in verify(pack, *ORIGIN).faults["evidence/chain/00000003.json"]


def rewritten(signature: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    def change(body: bytes) -> bytes:
        whole = json.loads(body)
        made = signature(base64.b64decode(whole["signatures"][0]["sig"]))
        whole["signatures"][0]["sig"] = base64.b64encode(made).decode()
        return json.dumps(whole, separators=(",", ":")).encode()

    return change


ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def high_s(signature: bytes) -> bytes:
    r, s = utils.decode_dss_signature(signature)
    return utils.encode_dss_signature(r, ORDER - s)


def padded(signature: bytes) -> bytes:
    """The same numbers with a zero in front that DER does not allow."""
    r = signature[4 : 4 + signature[3]]
    rest = signature[4 + signature[3] :]
    return bytes([0x30, signature[1] + 1, 2, len(r) + 1]) + b"\0" + r + rest


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (rewritten(high_s), "low s"),
        (rewritten(padded), "DER"),
        (rewritten(lambda one: one + b"\0"), "DER"),
        (rewritten(lambda one: one[:-1]), "DER"),
        (lambda body: body + b"\n", "not written as it is sealed"),
        (lambda body: body.replace(b'{"payload"', b'{ "payload"'), "not written as it is sealed"),
        (lambda body: body.replace(b'"signatures":[', b'"signatures":[{"keyid":"","sig":""},'), "not written as"),
        (lambda body: body[: body.index(b'"signatures"')] + b'"signatures":[]}', "the signature is gone"),
    ],
)
def test_a_signature_has_one_form(pack: Path, change: Callable[[bytes], bytes], says: str) -> None:
    path = pack / integrity_statement.PATH
    path.write_bytes(change(path.read_bytes()))
    said = verify(pack, *ORIGIN)
    assert said.status == 1
    assert says in said.faults[integrity_statement.PATH]


def test_a_pack_nobody_signed_says_so_and_is_vouched_for_by_its_hash_alone(tmp_path: Path) -> None:
    pack = a_pack(tmp_path / "pack", signed=False)
    said = verify(pack, *ORIGIN)
    assert said.status == 3
    assert any("UNSIGNED" in one for one in said.not_checked)
    sha256 = hashlib.sha256((pack / integrity_statement.PATH).read_bytes()).hexdigest()
    assert verify(pack, "--pack-sha256", sha256).status == 0


def test_a_pack_of_a_rotated_key_is_signed_by_the_newest_and_known_by_either(tmp_path: Path) -> None:
    locker = a_locker(2)
    locker.rotate()
    locker.run(2)
    pack = a_pack(tmp_path / "pack", locker)
    assert verify(pack, "--fingerprint", NEXT_KEY.fingerprint).status == 0
    by_old = verify(pack, *ORIGIN)
    assert by_old.status == 0
    assert any("older key" in one for one in by_old.notes)


# --- what a hostile pack may hold -------------------------------------------------------------------------------------

HOSTILE: list[tuple[str, bytes]] = [
    ("deep", b"[" * 200_000),
    (
        "deep in a payload",
        b'{"payload":"' + base64.b64encode(b'{"a":' * 100_000) + b'","payloadType":"x","signatures":[]}',
    ),
    ("not UTF-8", b"\xff\xfe\x00"),
    ("no object", b"[]"),
    ("numbers", b'{"payload":"' + base64.b64encode(b'{"a":' + b"9" * 10_000 + b"}") + b'"}'),
    ("nothing", b""),
    ("NaN", b'{"payload":NaN}'),
]


@pytest.mark.parametrize(("name", "body"), HOSTILE, ids=[name for name, _ in HOSTILE])
@pytest.mark.parametrize(
    "path",
    [
        integrity_statement.PATH,
        "evidence/chain/00000000.json",
        "evidence/chain/00000002.json",
        "evidence/witness/00000002.json",
    ],
)
def test_hostile_bytes_are_a_fault_and_no_traceback(pack: Path, path: str, name: str, body: bytes) -> None:
    (pack / path).write_bytes(body)
    if path != integrity_statement.PATH:
        reseal(pack, KEY)
    said = verify(pack, *ORIGIN, "--rows")
    assert said.status == 1
    assert said.blames(path)


@pytest.mark.parametrize(
    "inner",
    [
        {},
        {
            "_type": "https://in-toto.io/Statement/v1",
            "predicateType": "urn:prooftrail:pack:1",
            "subject": [],
            "predicate": {},
        },
        {
            "_type": "https://in-toto.io/Statement/v1",
            "predicateType": "urn:prooftrail:pack:1",
            "subject": {},
            "predicate": [],
        },
        {"_type": 1, "predicateType": ["x"], "subject": None, "predicate": None},
    ],
)
def test_a_signed_statement_of_another_shape_is_a_fault(pack: Path, inner: dict[str, Any]) -> None:
    body = json.dumps(inner, separators=(",", ":")).encode()
    (pack / integrity_statement.PATH).write_bytes(
        envelope.sealed(body, keyid=KEY.fingerprint, sign=lambda one: integrity_statement.low_s(KEY.sign(one)))
    )
    assert verify(pack, *ORIGIN).status == 1


@pytest.mark.parametrize(
    "key", ["seq", "run", "objects", "previous", "closed_at", "merkle_root", "locker_id", "superseded"]
)
@pytest.mark.parametrize("value", [None, [], "x", 10**30, {"a": []}, [None], [[]]])
def test_a_signed_manifest_of_another_shape_is_a_fault(tmp_path: Path, key: str, value: Any) -> None:
    locker = a_locker(1, watchdog=None)
    whole = json.loads(base64.b64decode(json.loads(locker.files["chain/00000001.json"])["payload"]))
    whole["predicate"][key] = value
    body = json.dumps(whole, separators=(",", ":")).encode()
    locker.files["chain/00000001.json"] = envelope.sealed(body, keyid=KEY.fingerprint, sign=KEY.sign)
    pack = a_pack(tmp_path / "pack", locker)
    said = verify(pack, *ORIGIN)
    nothing_superseded = key == "superseded" and not value
    assert said.status == (0 if nothing_superseded else 1)
    assert nothing_superseded or said.blames("chain/00000001.json")


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify_pack, "LARGEST_UNPACKED", 1_000_000)
    records = the_records("20261101T060000Z")
    records[EvidenceKind.ASSESSMENT].append({"record": "filler", "text": "0" * 3_000_000})
    locker = Small(watchdog=None)
    locker.run(0, records)
    said = verify(a_pack(tmp_path / "pack", locker), *ORIGIN, "--rows")
    assert "unpacks to more" in said.blames("assessment/")


@pytest.mark.parametrize(
    "change", [lambda one: one[:-9], lambda one: one + b"x", lambda one: gzip.compress(b"{}\n") + one]
)
def test_a_packed_stream_that_is_cut_or_goes_on_is_a_fault_even_where_a_manifest_says_so(
    tmp_path: Path, change: Callable[[bytes], bytes]
) -> None:
    locker = a_locker(1, watchdog=None)
    key = next(one for one in locker.files if one.startswith("assessment/"))
    pack = a_pack(tmp_path / "pack", locker)
    (pack / "evidence" / key).write_bytes(change(locker.files[key]))
    reseal(pack, KEY)
    assert verify(pack, *ORIGIN, "--row", "07:1").blames("assessment/")


def test_nothing_that_lies_in_the_pack_is_run(tmp_path: Path) -> None:
    pack = a_pack(tmp_path / "pack")
    for name in ("json", "cryptography", "hmac", "zlib", "sitecustomize"):
        (pack / f"{name}.py").write_text("print('owned')\nraise SystemExit(0)\n")
    ran = subprocess.run([sys.executable, "verify.py", *ORIGIN], cwd=pack, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert "owned" not in ran.stdout + ran.stderr
    assert "json.py: is no file of this pack" in ran.stdout
    assert not list(pack.rglob("__pycache__"))


def test_names_that_would_move_a_terminal_are_shown_as_codes(pack: Path) -> None:
    (pack / "\x1b[2Jinnocent\u202egnp.exe").write_bytes(b"")
    ran = subprocess.run([sys.executable, pack / "verify.py"], capture_output=True, text=True, check=False)
    assert "\x1b" not in ran.stdout
    assert "\u202e" not in ran.stdout
    assert "\\u{1b}[2Jinnocent\\u{202e}gnp.exe" in ran.stdout


# --- by whom signatures are checked -----------------------------------------------------------------------------------


@pytest.mark.parametrize("tool", ["cryptography", "openssl"])
def test_either_tool_tells_a_true_signature_from_a_false_one(pack: Path, tool: str) -> None:
    assert verify(pack, *ORIGIN, "--tool", tool).status == 0
    reseal(pack, OTHER_KEY, fingerprint=KEY.fingerprint)
    assert verify(pack, *ORIGIN, "--tool", tool).status == 1


def test_without_either_nothing_is_called_checked(pack: Path) -> None:
    said = verify(pack, *ORIGIN, "--tool", "none")
    assert said.status == 3
    assert any("signatures NOT CHECKED" in one for one in said.not_checked)


def test_an_openssl_that_says_yes_to_everything_is_not_believed(
    pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    liar = tmp_path / "bin/openssl"
    liar.write_text("#!/bin/sh\nexit 0\n")
    liar.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert verify(pack, *ORIGIN, "--tool", "openssl").status == 3


def test_it_runs_alone_without_anything_of_ours(tmp_path: Path) -> None:
    pack = a_pack(tmp_path / "pack")
    ran = subprocess.run(
        [sys.executable, "-I", "-S", pack / "verify.py", *ORIGIN, "--rows"], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.startswith("intact, and its origin is checked")


# --- wrong use --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "asked",
    [
        ("--fingerprint", "abc"),
        ("--expect-head", "3"),
        ("--expect-head", "x:" + "0" * 64),
        ("--row", "07:1", "--control", "IDC-15"),
        ("--public-key", "/nowhere"),
        ("--pack-sha256", "0"),
        ("/nowhere/at/all",),
    ],
)
def test_a_question_that_makes_no_sense_is_wrong_use(asked: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as left:
        verify_pack.main(list(asked))
    assert left.value.code == 2


@pytest.mark.parametrize(
    "asked", [("--row", "07:0"), ("--row", "07"), ("--row", "99:1"), ("--row", "07:99"), ("--control", "A.9.9")]
)
def test_a_row_or_control_that_is_not_there_is_wrong_use(whole: Path, asked: tuple[str, ...]) -> None:
    assert verify_pack.main([str(whole), *asked]) == 2


def test_a_folder_without_a_pack_is_unreadable(tmp_path: Path) -> None:
    assert verify_pack.main([str(tmp_path)]) == 3


# --- rows, and the way to the bytes -----------------------------------------------------------------------------------


def set_cell(register: str, row: int, column: str, value: Any) -> Callable[[dict[str, list[dict[str, Any]]]], None]:
    def change(registers: dict[str, list[dict[str, Any]]]) -> None:
        registers[register][row][column] = value

    return change


INVENTORY, RISKS, RESULTS, FINDINGS = (
    "03_identity_inventory",
    "04_risk_register",
    "07_identity_control_results",
    "17_findings_capa",
)


@pytest.mark.parametrize(
    ("register", "column", "value"),
    [
        (INVENTORY, "identity_id", "AIDAANOTHER"),
        (INVENTORY, "kind", "service_user"),
        (RISKS, "inherent_tier", "low"),
        (RISKS, "impact", 1),
        (RESULTS, "result", "PASS"),
        (RESULTS, "control_id", "IDC-16"),
        (RESULTS, "reason", "Ada Byron has 2."),
        (RESULTS, "reason", "Grace Hopper has 3."),
        (FINDINGS, "finding", "Nothing was found."),
        (RESULTS, "evidence_line", 5),
        (RESULTS, "evidence_line", 2),
        (RESULTS, "evidence_line", 99),
        (RESULTS, "evidence_id", "e-0000000000000000"),
    ],
)
def test_a_row_the_sealed_line_does_not_bear_out_is_named_though_the_pack_is_signed(
    tmp_path: Path, register: str, column: str, value: Any
) -> None:
    pack = a_pack(tmp_path / "pack", rows=set_cell(register, 0, column, value))
    assert verify(pack, *ORIGIN).status == 0
    said = verify(pack, *ORIGIN, "--rows")
    assert said.status == 1
    assert said.blames(register)


@pytest.mark.parametrize("register", [INVENTORY, RISKS, RESULTS])
def test_a_row_that_was_left_out_is_noticed(tmp_path: Path, register: str) -> None:
    pack = a_pack(tmp_path / "pack", rows=lambda found: found[register].pop())
    assert "which holds" in verify(pack, *ORIGIN, "--rows").faults[f"{register}.csv"]


def test_a_row_told_twice_is_noticed(tmp_path: Path) -> None:
    pack = a_pack(tmp_path / "pack", rows=lambda found: found[RESULTS].append(found[RESULTS][0]))
    assert "same line as a row before" in verify(pack, *ORIGIN, "--rows").faults[f"{RESULTS}.csv row 3"]


def test_the_two_forms_of_a_register_say_the_same(tmp_path: Path) -> None:
    pack = a_pack(tmp_path / "pack")
    path = pack / f"{RESULTS}.csv"
    path.write_bytes(path.read_bytes().replace(b"FAIL", b"PASS"))
    reseal(pack, KEY)
    assert verify(pack, *ORIGIN).status == 0
    assert "its twin" in verify(pack, *ORIGIN, "--rows").faults[f"{RESULTS}.csv row 1"]


def test_rows_of_a_pseudonymised_pack_agree_with_their_lines(tmp_path: Path) -> None:
    pack = a_pack(tmp_path / "pack", pseudonymised=True)
    assert verify(pack, *ORIGIN, "--rows").status == 0


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        " =1",
        "'=1",
        "-1",
        "+",
        "\t",
        "@x",
        "\uff1d1",
        "plain",
        "a\u202eb",
        "\x00",
        "\x7f",
        "x" * 40_000,
        "'",
        "\u200b=1",
        "",
    ],
)
def test_a_cell_shows_a_text_as_the_packs_own_writer_does(text: str) -> None:
    written = csv_text(text)
    assert verify_pack.cell_of(text) == (written[1:-1].replace('""', '"') if written.startswith('"') else written)


def test_a_row_leads_to_its_line_and_to_every_answer_its_identity_stands_in(whole: Path) -> None:
    said = verify(whole, *ORIGIN, "--row", "07:1")
    assert said.status == 0
    assert f'"identity":"{USER}"' in said.walk
    assert "held against it: identity_id, control_id, control_version, tier, result" in said.walk
    assert "held_since_run (only signed)" in said.walk
    assert "DIFFERS" not in said.walk
    assert "iam:ListUsers in global (MaxItems=9): status 200" in said.walk
    assert "request req-1" in said.walk
    assert "req-2" not in said.walk


def test_the_commands_it_prints_lead_to_the_same_bytes(whole: Path) -> None:
    walk = verify(whole, "--row", "07:1").walk
    commands = [
        one.strip().removeprefix("line       4 of the unpacked object: ")
        for one in walk.splitlines()
        if "gunzip" in one
    ]
    assert len(commands) == 2
    for command in commands:
        out = subprocess.run(["sh", "-c", command], cwd=whole, capture_output=True, text=True, check=True).stdout
        assert USER in json.loads(out)["body" if "raw/" in command else "identity"]


def test_a_row_of_the_inventory_leads_to_its_answers_as_well(whole: Path) -> None:
    assert "request req-2" in verify(whole, "--row", "03_identity_inventory:2").walk


def test_a_row_carried_from_a_run_that_is_not_in_the_pack_says_what_to_ask_for(tmp_path: Path) -> None:
    locker = a_locker(1, watchdog=None)
    earlier = locker.manifests[0].run.id
    later = the_records("20261102T060000Z", carried_from=earlier)
    later[EvidenceKind.RAW] = later[EvidenceKind.RAW][1:]
    locker.run(1, later)
    pack = a_pack(tmp_path / "pack", locker, without=[f"^raw/{earlier}"])
    walk = verify(pack, "--row", "07:1").walk
    asked = next(one for one in locker.manifests[0].objects if one.kind is EvidenceKind.RAW)
    assert f"of run {earlier} none is in this pack" in walk
    assert f"{asked.key} (stored SHA-256 {asked.stored_sha256}, slot 1)" in walk


@pytest.mark.parametrize("asked", ["IDC-15", "idc-15", "A.5.17", "A.8.5"])
def test_a_control_leads_back_to_a_failing_row_and_to_what_aws_sent(whole: Path, asked: str) -> None:
    walk = verify(whole, "--control", asked).walk
    assert "control    IDC-15: 1 FAIL, 1 PASS" in walk
    assert "walked     the first FAIL" in walk
    assert "request req-1" in walk


def test_a_row_about_a_whole_account_leads_to_all_that_aws_answered_about_it(tmp_path: Path) -> None:
    records = the_records("20261101T060000Z")
    about = {"identity": None, "subject": ACCOUNT, "reason": "It has no contact."}
    records[EvidenceKind.ASSESSMENT][3] = records[EvidenceKind.ASSESSMENT][3] | about
    locker = Small(watchdog=None)
    locker.run(0, records)
    walk = verify(a_pack(tmp_path / "pack", locker), "--row", "07:1").walk
    assert "about no single identity" in walk
    assert "request req-1" in walk
    assert "request req-2" in walk


def test_a_walk_sees_that_the_row_was_changed(tmp_path: Path) -> None:
    pack = a_pack(tmp_path / "pack", rows=set_cell(RESULTS, 0, "result", "PASS"))
    said = verify(pack, *ORIGIN, "--row", "07:1")
    assert said.status == 1
    assert "DIFFERS from it in result" in said.walk


def test_a_walk_sees_that_the_object_was_changed(pack: Path) -> None:
    key = next(one for one in files_of(pack) if one.startswith("evidence/assessment/20261103"))
    (pack / key).write_bytes(gzip.compress(gzip.decompress((pack / key).read_bytes()), 1))
    reseal(pack, KEY)
    assert "sealed other bytes" in verify(pack, *ORIGIN, "--row", "07:1").faults[key]


def test_what_the_chain_names_and_the_pack_lacks_is_counted_and_no_fault(tmp_path: Path) -> None:
    pack = a_pack(tmp_path / "pack", without=["^raw/20261101", "^snapshot/2026110[12]"])
    said = verify(pack, *ORIGIN)
    assert said.status == 0
    assert any("of 2 runs: 1 raw, 2 snapshot" in one for one in said.notes)


# --- samples ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "strata"), [(1, ()), (2, ()), (9, ()), (1, ("kind",)), (2, ("kind", "name"))])
def test_a_sample_is_drawn_again(whole: Path, tmp_path: Path, n: int, strata: tuple[str, ...]) -> None:
    path = a_sample(whole, tmp_path / "sample.json", size=n, strata=strata)
    said = verify(whole, *ORIGIN, "--sample", str(path))
    assert said.status == 0
    assert "drawn again with its seed: the same items" in said.walk
    assert "CLAIMED to be the auditor's" in said.walk
    assert "excluded   0 of 2: none" in said.walk


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": "another seed"},
        {"selected": []},
        {"n": 2},
        {"population_sha256": "0" * 64},
        {"strata": ["none"]},
        {"rows": 3},
        {"id": "0" * 16},
        {"shares": []},
        {"independent": False},
        {"n": "1"},
        {"seed": None},
        {"exclusions": None},
        {"item_column": "arn"},
        {"seed_source": "operator"},
        {"selected": [{"number": 1, "item_id": USER}]},
    ],
)
def test_a_sample_that_was_not_drawn_like_that_is_named(whole: Path, tmp_path: Path, changes: dict[str, Any]) -> None:
    path = tmp_path / "sample.json"
    a_sample(whole, path, size=1)
    path.write_bytes(msgspec.json.encode(json.loads(path.read_bytes()) | changes))
    said = verify(whole, *ORIGIN, "--sample", str(path))
    assert said.status == 1
    assert said.blames("sample.json")


@pytest.mark.parametrize(
    ("sizes", "n"),
    [
        ({"low": 4}, 2),
        ({"critical": 3, "high": 10, "low": 8, "medium": 4}, 5),
        ({"critical": 61, "low": 200}, 20),
        ({"critical": 60, "low": 200}, 20),
        ({"a": 1, "b": 1, "c": 1, "d": 97}, 10),
        ({"a": 5, "b": 5, "c": 5}, 7),
        ({"critical": 1}, 0),
        ({"critical": 2, "low": 2}, 9),
        ({"a": 1, "b": 99}, 1),
    ],
)
@pytest.mark.parametrize("tier", [0, None])
def test_strata_share_a_sample_as_the_product_shares_it(sizes: dict[str, int], n: int, tier: int | None) -> None:
    items = [Item(id=f"{name}{at}", values=(name,)) for name, size in sizes.items() for at in range(size)]
    drawn = sampling.draw(items, n=n, seed="s", population_sha256="0" * 64, tier_at=tier)
    critical = {"critical"} & set(sizes) if tier is not None else set()
    assert verify_pack.shares_of(sizes, n, critical) == {one.stratum: one.drawn for one in drawn.shares}


def test_a_sample_that_cannot_be_read_is_wrong_use(whole: Path) -> None:
    assert verify_pack.main([str(whole), "--sample", "/nowhere"]) == 2


def test_the_watchdogs_key_is_compared_with_the_one_that_was_given(whole: Path) -> None:
    assert verify(whole, *ORIGIN, "--witness-fingerprint", WATCHDOG.fingerprint).status == 0
    assert verify(whole, *ORIGIN, "--witness-fingerprint", OTHER_KEY.fingerprint).status == 1


def test_it_reads_as_python_3_9_does() -> None:
    import ast

    ast.parse(SHIPPED.read_text(), feature_version=(3, 9))


def test_the_role_stands_in_its_own_answer_only(whole: Path) -> None:
    assert ROLE not in verify(whole, "--row", "07:1").walk
