"""What a directory adds to the locker's contract: kills, other processes, and whatever people put into it."""

import errno
import os
import signal
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from prooftrail.adapters.embedded.directory_locker import DirectoryLocker
from prooftrail.errors import AccessError, AlreadySealed, EvidenceError, EvidenceMissing, EvidenceUnreadable

KEY = "chain/00000001.json"
DRAFT = "~" + "0123456789abcdef" * 2


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "locker"


@pytest.fixture
def locker(root: Path) -> DirectoryLocker:
    made = DirectoryLocker(root)
    made.create()
    return made


def keys(locker: DirectoryLocker, prefix: str = "") -> list[str]:
    return [one.key for one in locker.versions(prefix)]


def a_process(code: str, *arguments: str) -> subprocess.Popen[str]:
    """A Python of its own that can import the product, with its input and output to talk to."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
    )


WRITER_THAT_STOPS = """
    import os, sys
    from pathlib import Path
    from prooftrail.adapters.embedded.directory_locker import DirectoryLocker

    real = getattr(os, sys.argv[2])
    def stop(*arguments, **options):
        if sys.argv[3] == "after":
            real(*arguments, **options)
        print("stopped", flush=True)
        sys.stdin.read()
    setattr(os, sys.argv[2], stop)
    DirectoryLocker(Path(sys.argv[1])).put("chain/00000001.json", b"x" * 1_000_000, retain_until=None)
"""


@pytest.mark.parametrize(("call", "when"), [("fchmod", "before"), ("fsync", "before"), ("link", "before")])
def test_a_writer_killed_before_it_was_done_leaves_nothing_under_the_name(
    locker: DirectoryLocker, root: Path, call: str, when: str
) -> None:
    locker.put("chain/00000000.json", b"{}", retain_until=None)  # the folder is there, so that fsync means the file's
    with a_process(WRITER_THAT_STOPS, str(root), call, when) as writer:
        assert writer.stdout
        assert writer.stdout.readline() == "stopped\n"
        writer.send_signal(signal.SIGKILL)

    assert len(list((root / "chain").iterdir())) == 2, "the draft is there, or the kill came at another time"
    assert keys(locker) == ["chain/00000000.json"]
    with pytest.raises(EvidenceMissing):
        locker.get(KEY)

    locker.put(KEY, b"second attempt", retain_until=None)
    assert locker.get(KEY) == b"second attempt"


def test_a_writer_killed_after_it_took_the_name_leaves_the_whole_object(locker: DirectoryLocker, root: Path) -> None:
    with a_process(WRITER_THAT_STOPS, str(root), "link", "after") as writer:
        assert writer.stdout
        assert writer.stdout.readline() == "stopped\n"
        writer.send_signal(signal.SIGKILL)

    assert locker.get(KEY) == b"x" * 1_000_000
    assert keys(locker) == [KEY]


def test_of_two_processes_exactly_one_wins_each_name(locker: DirectoryLocker, root: Path) -> None:
    code = """
        import sys
        from pathlib import Path
        from prooftrail.adapters.embedded.directory_locker import DirectoryLocker
        from prooftrail.errors import AlreadySealed

        locker, me, won = DirectoryLocker(Path(sys.argv[1])), sys.argv[2], []
        print("ready", flush=True)
        sys.stdin.readline()
        for number in range(100):
            try:
                locker.put(f"plan/{number:03d}", me.encode() * 1000, retain_until=None)
                won.append(f"plan/{number:03d}")
            except AlreadySealed:
                pass
        print(*won, flush=True)
    """
    won: dict[str, list[str]] = {}
    with a_process(code, str(root), "a") as first, a_process(code, str(root), "b") as second:
        for writer in (first, second):
            assert writer.stdout
            assert writer.stdout.readline() == "ready\n"
        for writer in (first, second):
            assert writer.stdin
            writer.stdin.write("go\n")
            writer.stdin.flush()
        won["a"], won["b"] = (writer.communicate(timeout=60)[0].split() for writer in (first, second))

    assert sorted(won["a"] + won["b"]) == keys(locker) == [f"plan/{number:03d}" for number in range(100)]
    assert all(locker.get(key) == me.encode() * 1000 for me, mine in won.items() for key in mine)


def test_the_bytes_are_on_disk_before_the_name_and_the_name_before_the_answer(
    locker: DirectoryLocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    locker.put("chain/00000000.json", b"{}", retain_until=None)
    calls: list[str] = []

    def noting(name: str) -> None:
        real = getattr(os, name)

        def call(*arguments: object, **options: object) -> object:
            calls.append(name)
            return real(*arguments, **options)

        monkeypatch.setattr(os, name, call)

    for name in ("fsync", "link", "unlink"):
        noting(name)
    locker.put(KEY, b"{}", retain_until=None)

    assert calls == ["fsync", "link", "unlink", "fsync"]


def test_sealed_files_are_read_only_and_the_locker_is_its_owners(locker: DirectoryLocker, root: Path) -> None:
    locker.put(KEY, b"{}", retain_until=None)

    assert stat.S_IMODE((root / KEY).stat().st_mode) == 0o444
    assert stat.S_IMODE(root.stat().st_mode) == 0o700
    assert [path.name for path in (root / "chain").iterdir()] == ["00000001.json"]


def test_making_a_locker_that_exists_changes_nothing(locker: DirectoryLocker, root: Path) -> None:
    locker.put(KEY, b"{}", retain_until=None)
    root.chmod(0o755)

    DirectoryLocker(root).create()

    assert keys(locker) == [KEY]
    assert stat.S_IMODE(root.stat().st_mode) == 0o755


@pytest.mark.parametrize(
    "name",
    [
        "notes.txt",
        ".hidden",
        "chain/.DS_Store",
        "~backup",
        f"{DRAFT}0",
        f"{DRAFT.upper()}",
        "a b",
        "raw/über.txt",
        "-rf",
    ],
)
def test_a_file_somebody_added_is_listed_whatever_its_name(locker: DirectoryLocker, root: Path, name: str) -> None:
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).write_bytes(b"added")

    assert [(one.key, one.size) for one in locker.versions("")] == [(name, 5)]


def test_a_name_that_is_no_text_is_listed_as_text_that_can_be_printed(locker: DirectoryLocker, root: Path) -> None:
    Path(os.fsdecode(os.fsencode(root) + b"/\xff\xfe")).write_bytes(b"added")

    assert keys(locker) == ["\\xff\\xfe"]


def test_only_a_file_with_the_exact_name_of_a_draft_is_left_out(locker: DirectoryLocker, root: Path) -> None:
    (root / "chain").mkdir()
    (root / "chain" / DRAFT).write_bytes(b"half")
    (root / DRAFT).mkdir()
    (root / DRAFT / "added").write_bytes(b"hidden?")
    (root / f"chain/{DRAFT[:-1]}e").symlink_to("/etc/passwd")

    assert keys(locker) == [f"chain/{DRAFT[:-1]}e", f"{DRAFT}/added"]


def test_links_and_pipes_are_listed_and_never_followed(locker: DirectoryLocker, root: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_bytes(b"secret")
    (root / "file").symlink_to(tmp_path / "outside" / "secret")
    (root / "folder").symlink_to(tmp_path / "outside")
    (root / "nowhere").symlink_to("absent")
    os.mkfifo(root / "pipe")

    assert keys(locker) == ["file", "folder", "nowhere", "pipe"]
    for key in ("file", "nowhere", "pipe"):
        with pytest.raises(EvidenceUnreadable, match="not a regular file"):
            locker.get(key)
    for ask in (lambda: locker.get("folder/secret"), lambda: keys(locker, "folder/")):
        with pytest.raises(EvidenceError, match="not a directory of its own"):
            ask()


def test_nothing_is_written_through_a_link(locker: DirectoryLocker, root: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (root / "chain").symlink_to(tmp_path / "outside")
    (root / "plan").symlink_to(tmp_path / "plan")

    with pytest.raises(EvidenceError, match="not a directory of its own"):
        locker.put(KEY, b"{}", retain_until=None)
    with pytest.raises(AlreadySealed):
        locker.put("plan", b"{}", retain_until=None)

    assert list((tmp_path / "outside").iterdir()) == []
    assert not (tmp_path / "plan").exists()


def test_a_name_below_a_sealed_object_is_refused(locker: DirectoryLocker) -> None:
    locker.put("chain", b"{}", retain_until=None)

    with pytest.raises(EvidenceError, match="not a directory of its own"):
        locker.put(KEY, b"{}", retain_until=None)


@pytest.mark.parametrize(
    ("refusal", "call", "advice"),
    [
        (errno.EACCES, "open", "the right to"),
        (errno.EPERM, "link", "hard links"),
        (errno.ENOSPC, "fsync", "Make room"),
        (errno.EROFS, "open", "Check the disk"),
        (errno.EIO, "fsync", "Check the disk"),
    ],
)
def test_what_the_operating_system_refuses_is_said_with_path_and_advice(
    locker: DirectoryLocker, root: Path, monkeypatch: pytest.MonkeyPatch, refusal: int, call: str, advice: str
) -> None:
    locker.put("chain/00000000.json", b"{}", retain_until=None)
    real = getattr(os, call)

    def refuse(*arguments: object, **options: object) -> object:
        if call == "open" and arguments[1] == os.O_RDONLY | os.O_DIRECTORY:
            return real(*arguments, **options)
        raise OSError(refusal, os.strerror(refusal))

    monkeypatch.setattr(os, call, refuse)
    with pytest.raises(AccessError, match=advice) as refused:
        locker.put(KEY, b"{}", retain_until=None)
    monkeypatch.undo()

    assert str(root / KEY) in str(refused.value)
    assert os.strerror(refusal) in str(refused.value)
    assert keys(locker) == ["chain/00000000.json"]
    assert [path.name for path in (root / "chain").iterdir()] == ["00000000.json"]


def test_a_file_that_may_not_be_read_is_told_apart_from_a_missing_one(
    locker: DirectoryLocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    locker.put("plan.jsonl", b"{}", retain_until=None)
    real = os.open

    def refuse(path: object, *arguments: object, **options: object) -> object:
        if path == "plan.jsonl":
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", refuse)

    with pytest.raises(AccessError, match="cannot be read: Permission denied"):
        locker.get("plan.jsonl")


def test_a_version_id_of_the_bucket_a_copy_was_pulled_from_is_not_looked_at(locker: DirectoryLocker) -> None:
    locker.put(KEY, b"{}", retain_until=None)

    assert locker.get(KEY, version_id="3sL4kqtJlcpXroDTDmJ") == b"{}"


def test_reading_all_says_of_a_link_or_an_odd_name_that_there_is_no_body(locker: DirectoryLocker, root: Path) -> None:
    locker.put("outcome/run/b", b"sealed", retain_until=None)
    (root / "outcome/run/a").symlink_to(root / "outcome/run/b")
    (root / "outcome/run/c d").write_bytes(b"x")

    assert [(one.key, one.body) for one in locker.read_all("outcome/")] == [
        ("outcome/run/a", None),
        ("outcome/run/b", b"sealed"),
        ("outcome/run/c d", None),
    ]
