"""Other people's evaluators of JSON logic, for contrast: in a folder and a process of their own.

json-logic-qubit lets a rule reach the interpreter's insides; here it gets one rule of ours and nothing else.
"""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

from loyalty.config.launch.programs import ROOT

LOCK = Path(__file__).with_name("rules.lock")
PROGRAM = """
import json, sys, time
told = json.load(open(sys.argv[1]))
rule, rows, answers = told["rule"], told["rows"], {}

def measure(name, decide):
    began = time.process_time()
    found = sum(1 for row in rows if decide(row))
    answers[name] = [time.process_time() - began, found]

try:
    from json_logic import jsonLogic
    measure("json-logic-qubit", lambda row: jsonLogic(rule, row))
except Exception as fault:
    print("json-logic-qubit", type(fault).__name__, fault, file=sys.stderr)
try:
    import datalogic_py
    compiled = datalogic_py.Engine().compile(json.dumps(rule))
    measure("datalogic-py", compiled.evaluate)
except Exception as fault:
    print("datalogic-py", type(fault).__name__, fault, file=sys.stderr)
print(json.dumps(answers))
"""


def install() -> Path | None:
    """Install the locked packages into a folder beside .venv, once; None when they cannot be had here."""
    place = ROOT / ".khaywe-bench" / hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16]
    if place.is_dir():
        return place
    command = [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes"),
        *("--disable-pip-version-check", "--target", str(place), "-r", str(LOCK)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(f"  the rule libraries could not be installed: {done.stderr.strip()[-300:]}")
        return None
    return place


def measure(file: Path) -> dict[str, tuple[float, int]]:
    """Give for each library the processor time over all rows of a file and how many rows it selects."""
    place = install()
    if place is None:
        return {}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(file)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(place)},
    )
    if done.stderr.strip():
        print(f"  {done.stderr.strip()[-300:]}")
    answers = json.loads(done.stdout or "{}")
    return {name: (float(seconds), int(found)) for name, (seconds, found) in answers.items()}
