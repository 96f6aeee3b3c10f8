"""`./khaywe` before .venv stands: old Pythons, the lock file, concurrent starts."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

from tests.config.launching import ROOT

KHAYWE = ROOT / "khaywe"
LOCK = (ROOT / "requirements.lock").read_text()


@pytest.fixture
def bootstrap() -> ModuleType:
    """The launcher's first file as a module."""
    loader = SourceFileLoader("khaywe_bootstrap", str(KHAYWE))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_khaywe__python_too_old__says_so_in_one_sentence() -> None:
    pretend = f"import sys; sys.version_info = (3, 9, 2); exec(compile(open({str(KHAYWE)!r}).read(), 'khaywe', 'exec'))"
    refused = subprocess.run([sys.executable, "-c", pretend], capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert refused.stderr == f"khaywe needs Python 3.11 or newer, and this is Python 3.9 ({sys.executable}).\n"


def test_khaywe__read_by_an_old_python__has_no_newer_grammar() -> None:
    ast.parse(KHAYWE.read_text(), feature_version=(3, 4))


def test_khaywe__two_starts_at_once__the_second_waits_for_the_first(
    bootstrap: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "ROOT", str(tmp_path))
    second_start = (
        "from importlib.machinery import SourceFileLoader\n"
        f"khaywe = SourceFileLoader('khaywe', {str(KHAYWE)!r}).load_module(); khaywe.ROOT = {str(tmp_path)!r}\n"
        "with khaywe.one_at_a_time():\n    print('mine', flush=True)\n"
    )
    with bootstrap.one_at_a_time():
        second = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", second_start],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert second.stderr is not None
        assert second.stderr.readline() == "Another khaywe is preparing .venv; waiting for it.\n"
        assert second.poll() is None
    assert second.communicate(timeout=30)[0] == "mine\n"


def test_lock__every_line__has_a_hash_and_no_host() -> None:
    packages = re.findall(r"^([a-z0-9-]+)==\S+", LOCK, re.MULTILINE)
    assert len(packages) > 80
    assert not re.search(r"https?://|--index-url|--find-links|\bfile:", LOCK)
    for block in re.split(r"^(?=[a-z0-9-]+==)", LOCK, flags=re.MULTILINE)[1:]:
        assert "--hash=sha256:" in block, block.splitlines()[0]


def test_lock__direct_dependencies__have_the_versions_of_the_project_file() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    locked_extras = ("console", "oracle", "snowflake", "kafka", "smpp", "dev")
    wanted = [*project["dependencies"], *(package for name in locked_extras for package in extras[name])]
    locked = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", LOCK, re.MULTILINE))
    for line in wanted:
        name, version = re.fullmatch(r"([A-Za-z0-9-]+)(?:\[.*\])?==([^;\s]+)(?:;.*)?", line).groups()  # type: ignore[union-attr]
        assert locked[name.lower()] == version


def test_lock__uv__can_be_taken_out_with_its_hashes(bootstrap: ModuleType) -> None:
    lines = bootstrap.locked_lines_of("uv").splitlines()
    assert lines[0].startswith("uv==")
    assert len(lines) > 10
    assert all(line.strip().startswith("--hash=sha256:") for line in lines[1:])


def test_stamp__lock_changed__is_another(
    bootstrap: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "LOCK", str(tmp_path / "lock"))
    (tmp_path / "lock").write_text("one==1\n")
    before = bootstrap.wanted_stamp()
    (tmp_path / "lock").write_text("one==2\n")
    assert bootstrap.wanted_stamp() != before


def test_bytecode__switched_off_by_the_machine__is_kept_inside_venv(bootstrap: ModuleType) -> None:
    environment = {"PYTHONDONTWRITEBYTECODE": "1", "PATH": "/bin"}
    bootstrap.keep_bytecode(environment)
    assert environment == {"PATH": "/bin", "PYTHONPYCACHEPREFIX": str(ROOT / ".venv" / "bytecode")}


@pytest.mark.parametrize("given", [{}, {"PYTHONPYCACHEPREFIX": "/somewhere"}])
def test_bytecode__left_as_python_has_it__stays_so(bootstrap: ModuleType, given: dict[str, str]) -> None:
    environment = dict(given)
    bootstrap.keep_bytecode(environment)
    assert environment == given
