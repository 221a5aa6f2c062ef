"""The functions' package: the same everywhere, with all that the code needs and nothing that it does not."""

import ast
import hashlib
import marshal
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from botocore import loaders

from infra import bundling
from infra.asset import Asset
from infra.bundling import Architecture, BundleError, bundle, services
from infra.content import ContentError, content_hash, zipped
from prooftrail.adapters import source_code
from tests.deployed.package import package_of

ROOT = Path(__file__).parents[2]
MOST_BYTES = 15_000_000
ARCHITECTURES = ("arm64", "x86_64")


@pytest.fixture(scope="module", params=ARCHITECTURES)
def asset(request: pytest.FixtureRequest) -> Asset:
    return package_of(request.param)


@pytest.fixture(scope="module")
def names(asset: Asset) -> frozenset[str]:
    with zipfile.ZipFile(asset.path) as package:
        return frozenset(package.namelist())


def test_the_package_is_small_enough_to_start_quickly(asset: Asset) -> None:
    assert asset.path.stat().st_size < MOST_BYTES


def test_no_function_carries_demo_command_line_pack_tests_or_a_record_of_the_installation(
    names: frozenset[str],
) -> None:
    unwanted = re.compile(
        r"prooftrail/(cli|demo|pack)/|(^|/)tests/|^(moto|typer|rich|pip)/|/(RECORD|INSTALLER)$|\.pyi$"
    )
    assert [one for one in names if unwanted.search(one)] == []


def test_what_we_wrote_is_there_as_it_stands_in_the_checkout(asset: Asset, names: frozenset[str]) -> None:
    functions = ROOT / "functions"
    wanted = [
        *(functions / "prooftrail").rglob("*.py"),
        *(functions / "prooftrail").rglob("*.toml"),
        *(functions / "governance").glob("*.toml"),
    ]
    ours = {one.relative_to(functions).as_posix(): one for one in wanted}
    ours = {name: path for name, path in ours.items() if not re.match(r"prooftrail/(cli|demo|pack)/", name)}
    assert {"governance/thresholds.toml", "prooftrail/controls/catalog.toml", "prooftrail/deployed.py"} <= set(ours)
    with zipfile.ZipFile(asset.path) as package:
        assert {name: package.read(name) for name in ours} == {name: path.read_bytes() for name, path in ours.items()}
    compiled = {one for one in names if one.endswith(".pyc")}
    assert {name for name in names if name.startswith(("prooftrail/", "governance/"))} - compiled == set(ours)


def test_every_source_is_compiled_and_its_compiled_form_is_never_checked(asset: Asset, names: frozenset[str]) -> None:
    for name in (PurePosixPath(one) for one in names if one.endswith(".py")):
        assert str(name.parent / "__pycache__" / f"{name.stem}.cpython-313.pyc") in names
    with zipfile.ZipFile(asset.path) as package:
        flags = {package.read(one)[4:8] for one in names if one.endswith(".pyc")}
    assert flags == {b"\x01\0\0\0"}  # by hash, unchecked (PEP 552)


def test_compiled_code_names_its_source_by_its_place_in_the_package(asset: Asset, names: frozenset[str]) -> None:
    with zipfile.ZipFile(asset.path) as package:
        for name in (one for one in names if one.endswith(".pyc")):
            compiled = marshal.loads(package.read(name)[16:])
            assert compiled.co_filename == re.sub(r"__pycache__/(.*)\.cpython-313\.pyc$", r"\1.py", name)


@pytest.mark.parametrize(("architecture", "machine"), [("arm64", 0xB7), ("x86_64", 0x3E)])
def test_a_library_is_of_the_architecture_that_was_asked_for(architecture: Any, machine: int) -> None:
    with zipfile.ZipFile(package_of(architecture).path) as package:
        heads = {name: package.read(name)[:20] for name in package.namelist() if name.endswith(".so")}
    assert len(heads) >= 3  # cryptography, cffi, msgspec
    assert {name: int.from_bytes(head[18:20], "little") for name, head in heads.items()} == dict.fromkeys(
        heads, machine
    )


def test_botocore_keeps_the_models_of_what_is_granted_and_what_it_reads_for_every_client(names: frozenset[str]) -> None:
    kept = {one.split("/")[2] for one in names if one.startswith("botocore/data/") and one.count("/") > 2}
    assert kept == services()
    general = {one for one in names if one.startswith("botocore/data/") and one.count("/") == 2}
    wanted = {"_retry.json", "endpoints.json", "partitions.json", "sdk-default-configuration.json"}
    assert {f"botocore/data/{one}" for one in wanted} == general
    assert {"botocore/cacert.pem", "boto3/data/s3/2006-03-01/resources-1.json"} <= names


def test_the_models_kept_are_those_that_botocore_would_load(names: frozenset[str]) -> None:
    loader = loaders.Loader()
    for service in services():
        version = loader.determine_latest_version(service, "service-2")
        assert f"botocore/data/{service}/{version}/service-2.json.gz" in names
        assert f"botocore/data/{service}/{version}/endpoint-rule-set-1.json.gz" in names


def _services_meant(source: str, known: frozenset[str]) -> set[str]:
    """The services a source asks for: the first argument of `Api(…)` and of whatever makes a client."""
    makers = {"Api", "client", "create_client", "_client", "_direct", "_made", "_of", "of", "clients", "client_of"}
    found = set()
    for call in (one for one in ast.walk(ast.parse(source)) if isinstance(one, ast.Call)):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        words = {one.value for one in call.args[:2] if isinstance(one, ast.Constant) and isinstance(one.value, str)}
        if name in makers:
            found |= words & known
    return found


def test_no_service_is_asked_for_whose_model_was_trimmed_away() -> None:
    known = frozenset(loaders.Loader().list_available_services("service-2"))
    sources = {place: content.decode() for place, content in bundling._ours() if place.suffix == ".py"}
    meant = {place: _services_meant(source, known) for place, source in sources.items()}
    assert {place: asked - services() for place, asked in meant.items() if asked - services()} == {}
    assert {
        "account",
        "dynamodb",
        "ec2",
        "iam",
        "kms",
        "organizations",
        "s3",
        "secretsmanager",
        "sso-admin",
        "sts",
    } <= {*set().union(*meant.values())}
    assert _services_meant('LIST = Api("rolesanywhere", "list_profiles")', known) == {"rolesanywhere"}


def test_the_lock_asks_nothing_of_the_machine_that_builds() -> None:
    markers = re.findall(
        r"^[^#\s].*?;\s*(.*?)\s*\\?$", (ROOT / "requirements" / "lambda.txt").read_text(), re.MULTILINE
    )
    assert {word for one in markers for word in re.findall(r"[a-z_]+(?= *[=!<>])", one)} <= {
        "platform_python_implementation",
        "implementation_name",
    }


def _built_apart(place: Path, wheels: Path, *, umask: int, **environment: str) -> tuple[str, bytes]:
    """The package as another machine would build it: another checkout, umask, time zone, locale and hash seed."""
    checkout = place / "checkout"
    shutil.copytree(ROOT / "functions", checkout / "functions", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "infra", checkout / "infra", ignore=shutil.ignore_patterns("__pycache__"))
    (checkout / "requirements").mkdir()
    shutil.copy(ROOT / "requirements" / "lambda.txt", checkout / "requirements")
    shutil.copytree(wheels, place / "built" / wheels.name, copy_function=shutil.copyfile)
    done = subprocess.run(
        [sys.executable, "-m", "infra.bundling", "build", "x86_64", "--into", str(place / "built")],
        cwd=checkout,
        env={"PYTHONPATH": "functions", "PATH": os.defpath, **environment},
        umask=umask,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == "building the functions' package for x86_64\n"
    digest, _, path = done.stdout.strip().partition("  ")
    return digest, Path(path).read_bytes()


def test_two_machines_build_the_same(tmp_path: Path) -> None:
    package_of("x86_64")
    (wheels,) = bundling.BUILT.glob(f"wheels-x86_64-{bundling._lock_hash()}")
    here = _built_apart(tmp_path / "a", wheels, umask=0o022, TZ="Pacific/Kiritimati", PYTHONHASHSEED="1", LC_ALL="C")
    there = _built_apart(
        tmp_path / "some where else", wheels, umask=0o077, TZ="America/Adak", PYTHONHASHSEED="2", LC_ALL="C.UTF-8"
    )
    assert here == there


def test_what_was_built_from_the_same_inputs_is_not_built_again(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = package_of("x86_64")
    monkeypatch.setattr(bundling, "_wheels", lambda *_: pytest.fail("built again"))
    capsys.readouterr()
    assert bundle(architecture="x86_64") == first
    assert capsys.readouterr() == ("", "")


def test_other_sources_another_lock_or_another_patch_of_python_are_other_inputs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for part in ("functions", "infra", "requirements"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(bundling, "ROOT", tmp_path)

    def inputs(architecture: Architecture) -> str:
        return bundling._inputs(architecture, dict(bundling._ours()))

    seen = [inputs("arm64"), inputs("x86_64")]
    for changed in ("functions/prooftrail/errors.py", "functions/governance/scope.toml", "requirements/lambda.txt"):
        (tmp_path / changed).write_bytes((tmp_path / changed).read_bytes() + b"\n")
        seen.append(inputs("arm64"))
    monkeypatch.setattr(sys, "version", "3.13.99 (another)")
    seen.append(inputs("arm64"))
    assert len(set(seen)) == len(seen)
    (tmp_path / "functions" / "prooftrail" / "cli" / "main.py").write_text("")
    assert inputs("arm64") == seen[-1]


def test_another_python_is_refused_with_the_fix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 14, 0, "final", 0))
    monkeypatch.setattr(sys, "version", "3.14.0 (main)")
    with pytest.raises(BundleError) as refused:
        bundle(architecture="arm64", into=tmp_path)
    assert str(refused.value) == (
        "the functions run on CPython 3.13 and are compiled by the same, and this is cpython 3.14.0: run it with the "
        ".venv that `make` makes."
    )


def test_a_lock_that_pip_cannot_fetch_is_one_sentence_with_the_fix(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / "lambda.txt"
    lock.write_text(f"prooftrail-is-in-no-index==1 --hash=sha256:{'0' * 64}\n")
    monkeypatch.setattr(bundling, "_lock", lambda: lock)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    assert bundling.main(["build", "arm64", "--into", str(tmp_path / "built")]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    last = err.splitlines()[-1]
    assert last.startswith("pip cannot fetch the wheels of requirements/lambda.txt for arm64 (No matching distribution")
    assert last.endswith("check the network and pip's index (`python -m pip config list`).")
    assert "Traceback" not in err
    assert list((tmp_path / "built").iterdir()) == []


def test_a_wheel_that_was_changed_after_it_was_fetched_is_refused(tmp_path: Path) -> None:
    package_of("x86_64")
    (wheels,) = bundling.BUILT.glob(f"wheels-x86_64-{bundling._lock_hash()}")
    mine = tmp_path / wheels.name
    shutil.copytree(wheels, mine)
    changed = next(mine.glob("six-*"))
    with changed.open("ab") as wheel:
        wheel.write(b"\0")
    with pytest.raises(BundleError) as refused:
        bundle(architecture="x86_64", into=tmp_path)
    assert str(refused.value) == f"{changed} is not what requirements/lambda.txt names: delete {mine} and try again."
    assert list(tmp_path.glob("*.zip")) == []


def test_a_wheel_that_is_gone_is_noticed(tmp_path: Path) -> None:
    package_of("x86_64")
    (wheels,) = bundling.BUILT.glob(f"wheels-x86_64-{bundling._lock_hash()}")
    mine = tmp_path / wheels.name
    shutil.copytree(wheels, mine)
    next(mine.glob("six-*")).unlink()
    with pytest.raises(BundleError, match=r"holds 13 wheels and requirements/lambda\.txt names 14: delete"):
        bundle(architecture="x86_64", into=tmp_path)


def test_an_auditor_gets_the_same_hash_from_the_zip_and_from_what_it_unpacks_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asset = package_of("x86_64")
    with zipfile.ZipFile(asset.path) as package:
        package.extractall(tmp_path)
    for downloaded in (asset.path, tmp_path):
        assert bundling.main(["hash", str(downloaded)]) == 0
        assert capsys.readouterr().out == f"{asset.sha256}\n"


def test_the_code_of_the_package_is_the_code_of_the_checkout(tmp_path: Path) -> None:
    with zipfile.ZipFile(package_of("x86_64").path) as package:
        package.extractall(tmp_path)
    said = subprocess.run(
        [sys.executable, "-S", "-s", "-P", "-c", _SAY_CODE],
        env={"PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    here = source_code.this_code()
    assert said.stdout.split() == [here.version, here.sha256]
    assert source_code.this_code(asset="a" * 64).asset == "a" * 64


_SAY_CODE = "from prooftrail.adapters.source_code import this_code as c; print(c().version, c().sha256)"


def test_the_hash_of_the_code_and_the_package_leave_out_the_same() -> None:
    assert bundling.LEFT_OUT == source_code.LEFT_OUT


def test_the_version_stands_in_one_place() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    if "version" in project["project"].get("dynamic", []):
        assert project["tool"]["setuptools"]["dynamic"]["version"] == {
            "attr": "prooftrail.adapters.source_code.VERSION"
        }
    else:
        assert project["project"]["version"] == source_code.VERSION


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout of our own that this_code looks at."""
    package = tmp_path / "prooftrail"
    shutil.copytree(ROOT / "functions" / "prooftrail", package, ignore=shutil.ignore_patterns("__pycache__", "demo"))
    monkeypatch.setattr("prooftrail.__file__", str(package / "__init__.py"))
    return package


@pytest.mark.parametrize(
    "changed", ["controls/checks/root.py", "controls/catalog.toml", "wiring/scanner.py", "flows/sealing.py"]
)
def test_a_change_in_what_judges_or_seals_is_other_code(copy: Path, changed: str) -> None:
    before = source_code.this_code()
    (copy / changed).write_bytes((copy / changed).read_bytes() + b"# \n")
    assert source_code.this_code().sha256 != before.sha256


def test_neither_the_command_line_nor_how_lines_end_makes_it_other_code(copy: Path) -> None:
    before = source_code.this_code()
    assert before == source_code.this_code()
    shutil.rmtree(copy / "cli")
    for one in [*copy.rglob("*.py"), *copy.rglob("*.toml")]:
        one.write_bytes(one.read_bytes().replace(b"\n", b"\r\n"))
    assert source_code.this_code() == before


def test_the_hash_is_what_a_person_can_compute_without_us(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "run").write_bytes(b"#!")
    (tmp_path / "b" / "run").chmod(0o700)
    (tmp_path / "b-1").write_bytes(b"")
    empty, run = (hashlib.sha256(content).hexdigest() for content in (b"", b"#!"))
    lines = f"{empty} - b-1\n{run} x b/run\n"
    assert content_hash(tmp_path) == hashlib.sha256(lines.encode()).hexdigest()


def test_each_byte_path_and_mode_counts_and_times_do_not(tmp_path: Path) -> None:
    def made(name: str, place: str = "a.py", content: bytes = b"1", mode: int = 0o644) -> str:
        file = tmp_path / name / place
        file.parent.mkdir(parents=True)
        file.write_bytes(content)
        file.chmod(mode)
        os.utime(file, (len(name), len(name)))
        return content_hash(tmp_path / name)

    same = made("first")
    assert made("second-later") == same
    assert made("readable-by-me-alone", mode=0o600) == same
    others = [made("place", place="b.py"), made("content", content=b"2"), made("mode", mode=0o755)]
    assert len({same, *others}) == 4


def _zip(path: Path, *entries: tuple[str, bytes, int]) -> Path:
    with zipfile.ZipFile(path, "w") as package:
        for name, content, mode in entries:
            one = zipfile.ZipInfo(name)
            one.external_attr = mode << 16
            package.writestr(one, content)
    return path


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("entries", "said"),
    [
        (
            (("a.py", b"1", 0o644), ("a.py", b"2", 0o644)),
            "holds a.py twice: which of them runs depends on who unpacks it.",
        ),
        ((("../a.py", b"1", 0o644),), "holds a file named '../a.py', which could lie elsewhere than it says."),
        ((("/a.py", b"1", 0o644),), "holds a file named '/a.py', which could lie elsewhere than it says."),
        ((("a//b.py", b"1", 0o644),), "holds a file named 'a//b.py', which could lie elsewhere than it says."),
        ((("a\nb", b"1", 0o644),), "holds a file named 'a\\nb', which could lie elsewhere than it says."),
        ((("a.py", b"b.py", 0o120777),), ": a.py is a link: a package holds files only."),
        ((), "holds no file: name a function package, or the directory it was unpacked to."),
    ],
)
def test_a_package_that_two_tools_could_unpack_differently_has_no_hash(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], entries: Any, said: str
) -> None:
    path = _zip(tmp_path / "package.zip", *entries)
    assert bundling.main(["hash", str(path)]) == 1
    assert capsys.readouterr().err == f"{path}{'' if said.startswith(':') else ' '}{said}\n"


def test_what_is_no_package_is_named(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("text")
    with pytest.raises(
        ContentError, match=r"text cannot be read as a zip: File is not a zip file\. Download it again\."
    ):
        content_hash(tmp_path / "text")
    with pytest.raises(ContentError, match=r"there is no .*nothing: name a function package, or its directory\."):
        content_hash(tmp_path / "nothing")
    (tmp_path / "link").symlink_to("text")
    with pytest.raises(ContentError, match=r"link is a link: a package holds files only\."):
        content_hash(tmp_path)


def test_a_zip_holds_what_the_directory_held(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "b").mkdir(parents=True)
    (tree / "b" / "c.py").write_bytes(b"2")
    (tree / "a.py").write_bytes(b"1")
    zipped(tree, tmp_path / "one.zip")
    os.utime(tree / "a.py", (0, 0))
    (tree / "a.py").chmod(0o600)
    zipped(tree, tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    assert content_hash(tmp_path / "one.zip") == content_hash(tree)
    with zipfile.ZipFile(tmp_path / "one.zip") as package:
        assert [(one.filename, one.external_attr >> 16) for one in package.infolist()] == [
            ("a.py", 0o100644),
            ("b/c.py", 0o100644),
        ]
