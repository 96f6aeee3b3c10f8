"""The floors hold, and the contract would notice if they did not."""

import shutil
import subprocess
import sys
from pathlib import Path

from tests.house.source import ROOT


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter in a folder."""
    program = Path(sys.executable).parent / "lint-imports"
    return subprocess.run(
        [str(program), "--no-cache"], cwd=folder, capture_output=True, text=True, check=False, timeout=120,
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip


def test_floors__as_built__hold() -> None:
    answer = lint(ROOT)
    assert answer.returncode == 0, answer.stdout


def test_floors__an_import_upwards__is_found(tmp_path: Path) -> None:
    ignored = shutil.ignore_patterns("node_modules", "console_dist", "__pycache__")
    shutil.copytree(ROOT / "loyalty", tmp_path / "loyalty", ignore=ignored)
    shutil.copy(ROOT / ".importlinter", tmp_path)
    planted = tmp_path / "loyalty/customers/queries.py"
    planted.write_text(planted.read_text() + "\nfrom loyalty.segments import api as planted  # noqa\n")
    answer = lint(tmp_path)
    assert answer.returncode != 0
    assert "loyalty.customers is not allowed to import loyalty.segments" in answer.stdout
