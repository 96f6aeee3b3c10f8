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
# Drivers of warehouses, Kafka and SMPP are for the tests; who runs the platform from a wheel adds them as extras.
_EXTRAS = ("console", "oracle", "snowflake", "kafka", "smpp", "dev")


def lock() -> int:
    """Resolve for every platform and Python at once, and write hashes only.

    What the lock names already stays as long as it fits, so that adding one package changes no other; to take the
    newest of all, remove the lock first.
    """
    command = [
        *(sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--generate-hashes", "--universal"),
        *("--python-version", "3.11", "--no-header", "--no-annotate"),
        *(part for extra in _EXTRAS for part in ("--extra", extra)),
        *("--output-file", str(LOCK), str(ROOT / "pyproject.toml")),
    ]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False, env={**os.environ})
    if done.returncode != 0:
        raise StepFailed("The packages of pyproject.toml do not fit together; the lines above say why.")
    LOCK.write_text(_HEADER + LOCK.read_text())
    print(f"Wrote {LOCK}.")
    return 0
