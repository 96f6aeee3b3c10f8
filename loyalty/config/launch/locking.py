"""`./khaywe lock`: make requirements.lock again from pyproject.toml."""

import os
import subprocess
import sys

from loyalty.config.launch.programs import ROOT
from loyalty.config.launch.refusal import StepFailed

LOCK = ROOT / "requirements.lock"
_HEADER = """\
# Every package of the platform, its tests and its console build, for Python 3.11 and newer, by hash and by no host.
# Made from pyproject.toml by `./khaywe lock`; never edited by hand.
"""
_EXTRAS = ("console", "dev")


def lock() -> int:
    """Resolve for every platform and Python at once, and write hashes only."""
    command = [
        *(sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--generate-hashes", "--universal"),
        *("--python-version", "3.11", "--no-header", "--no-annotate"),
        *(part for extra in _EXTRAS for part in ("--extra", extra)),
        str(ROOT / "pyproject.toml"),
    ]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False, env={**os.environ})
    if done.returncode != 0:
        raise StepFailed("The packages of pyproject.toml do not fit together; the lines above say why.")
    LOCK.write_text(_HEADER + done.stdout)
    print(f"Wrote {LOCK}.")
    return 0
