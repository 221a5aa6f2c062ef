"""How every command ends: one sentence, the right exit code, and no traceback for anybody who did not ask for one."""

import subprocess
import sys
from pathlib import Path

import pytest

from prooftrail.cli import inventory, main, render
from prooftrail.errors import ConfigError
from tests.cli.lockers import Prooftrail, Town

COMMANDS = ("runs", "inventory", "changes", "verify")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_place_that_is_not_there_is_one_sentence_and_exit_3(
    command: str, prooftrail: Prooftrail, tmp_path: Path
) -> None:
    said = prooftrail(command, tmp_path / "nowhere")
    assert (said.code, said.out) == (3, "")
    assert said.err == (
        f"prooftrail: there is no locker at {tmp_path}/nowhere: check the path, or make one with `prooftrail scan`.\n"
    )


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("content", [(), ("notes.txt", "photos/cat.png")])
def test_a_directory_that_is_no_locker_is_one_sentence_and_exit_3(
    command: str, content: tuple[str, ...], prooftrail: Prooftrail, tmp_path: Path
) -> None:
    for name in content:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    said = prooftrail(command, tmp_path)
    assert (said.code, said.out) == (3, "")
    assert said.err == (
        f"prooftrail: {tmp_path} is no locker: it holds no chain. Check the address, or begin one with `prooftrail scan`.\n"
    )


def test_a_file_where_a_locker_should_be_is_one_sentence_and_exit_3(prooftrail: Prooftrail, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    said = prooftrail("runs", tmp_path / "file")
    assert said.code == 3
    assert said.err.count("\n") == 1
    assert "Not a directory" in said.err


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("frobnicate",), "No such command 'frobnicate'"),
        (("runs",), "Missing argument 'LOCKER'"),
        (("runs", "x", "--frob"), "No such option: --frob"),
        (("inventory", "x", "--class", "robot"), "--class takes human, non-human or undetermined, not 'robot'"),
        (("inventory", "x", "--kind", "robot"), "--kind takes root, human_user,"),
        (("inventory", "x", "--account", "12"), "--account takes the 12 digits of an account, not '12'"),
        (("inventory", "x", "--format", "xml"), "--format takes table, csv, json, not 'xml'"),
        (("inventory", "x", "--format", "csv", "--json"), "--json and --format csv ask for two things"),
        (("verify", "x", "--expect-head", "nonsense"), "--expect-head takes SEQ:SHA256"),
        (("verify", "x", "--expect-head", "1:" + "g" * 64), "--expect-head takes SEQ:SHA256"),
        (("verify", "x", "--fingerprint", "ab:cd"), "--fingerprint takes 64 hexadecimal digits"),
        (("verify", "x", "--public-key", "/no/such/file"), "--public-key /no/such/file cannot be read"),
        (("verify", "x", "--home", "/no/such/home"), "there is no home directory at /no/such/home"),
        (("ledger", "check", "x"), "name the ledger: --ledger FILE"),
        (("runs", "s3://"), "names no bucket"),
    ],
)
def test_wrong_use_is_one_sentence_and_exit_2(arguments: tuple[str, ...], part: str, prooftrail: Prooftrail) -> None:
    said = prooftrail(*arguments)
    assert (said.code, said.out, said.err.count("\n")) == (2, "", 1)
    assert said.err.startswith("prooftrail: ")
    assert part in said.err


@pytest.mark.parametrize("arguments", [(), ("ledger",)])
def test_a_bare_command_shows_what_there_is(arguments: tuple[str, ...], prooftrail: Prooftrail) -> None:
    said = prooftrail(*arguments)
    assert said.code == 2
    assert "Usage: prooftrail" in said.err
    assert "Commands:" in said.err


def test_help_names_every_command_and_exits_0(prooftrail: Prooftrail) -> None:
    said = prooftrail("--help")
    assert said.code == 0
    for command in (*COMMANDS, "show", "ledger"):
        assert f"  {command} " in said.out


def test_a_defect_is_one_sentence_with_its_place_and_exit_70(
    prooftrail: Prooftrail, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inventory.arguments, "history", lambda *_: {}["a \x1b[31mtrap"])
    said = prooftrail("runs", town.address)
    assert (said.code, said.out, said.err.count("\n")) == (70, "", 1)
    assert "this is a defect of Prooftrail (KeyError in inventory.py:" in said.err
    assert "Traceback" not in said.err
    monkeypatch.setenv("PROOFTRAIL_DEBUG", "1")
    assert "Traceback" in prooftrail("runs", town.address).err


@pytest.mark.parametrize(
    ("raised", "code"), [(KeyboardInterrupt(), 130), (render.ClosedPipe(), 141), (BrokenPipeError(32, "x"), 141)]
)
def test_an_interrupt_and_a_closed_pipe_end_quietly(
    raised: BaseException, code: int, prooftrail: Prooftrail, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raising(*_: object) -> None:
        raise raised

    monkeypatch.setattr(inventory.arguments, "history", raising)
    for stream in ("stdout", "stderr"):
        monkeypatch.setattr(sys, stream, getattr(sys, stream))  # typer wraps them for good
    said = prooftrail("runs", town.address)
    assert said.code == code
    assert "Traceback" not in said.err


def test_what_an_error_quotes_cannot_steer_the_terminal(
    prooftrail: Prooftrail, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raising(*_: object) -> None:
        raise ConfigError("bad \x1b[31mname\u202e.")

    monkeypatch.setattr(inventory.arguments, "history", raising)
    said = prooftrail("runs", town.address)
    assert (said.code, said.err) == (2, "prooftrail: bad \\x1b[31mname\\u202e.\n")


def test_a_reader_that_stops_early_is_no_error(town: Town) -> None:
    command = [sys.executable, "-c", f"import sys; sys.argv = ['prooftrail', 'inventory', {str(town.address)!r}, '--json']\n"
               "from prooftrail.cli.main import run\nrun()"]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as started:
        assert started.stdout is not None
        assert started.stderr is not None
        started.stdout.close()
        assert started.stderr.read() == b""
        assert started.wait(timeout=30) == 141


def test_main_gives_the_exit_code_and_run_ends_the_process(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["prooftrail", "runs", str(town.address)])
    with pytest.raises(SystemExit) as ended:
        main.run()
    assert ended.value.code == 0
