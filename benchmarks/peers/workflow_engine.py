"""SpiffWorkflow beside journeys, on the same graph: in a folder and a process of its own.

It is the workflow engine in Python that is maintained (SpiffWorkflow 3, LGPL-3.0), so it is installed beside the
platform for the measurement and is no part of it. It keeps each person's workflow as an object; who keeps a million of
them keeps them as JSON, so both are measured: the step alone in memory, and the step with reading and writing. Its JSON
holds the graph too; there is no other way.
"""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

from loyalty.config.launch.programs import ROOT

LOCK = Path(__file__).with_name("workflow.lock")
PROGRAM = """
import json, sys, time
from SpiffWorkflow import TaskState, Workflow
from SpiffWorkflow.serializer.json import JSONSerializer
from SpiffWorkflow.specs import Simple, WorkflowSpec

spec = WorkflowSpec(name="waits", addstart=True)
a, b, end = (Simple(spec, name, manual=name != "end") for name in ("a", "b", "end"))
spec.start.connect(a)
a.connect(b)
b.connect(end)
people, serializer = int(sys.argv[1]), JSONSerializer()

def at_first_wait():
    workflow = Workflow(spec)
    workflow.run_all()
    if workflow.get_next_task(state=TaskState.READY).task_spec.name != "a":
        raise SystemExit("a new workflow does not stand at its first wait")
    return workflow

def fire(workflow):
    workflow.get_next_task(state=TaskState.READY).run()
    workflow.run_all()

def check(workflow):
    if workflow.get_next_task(state=TaskState.READY).task_spec.name != "b":
        raise SystemExit("a timer that fired did not lead to the next wait")

held = [at_first_wait() for _ in range(people)]
began = time.process_time()
for one in held:
    fire(one)
memory = time.process_time() - began
check(held[-1])
kept = [serializer.serialize_workflow(at_first_wait()) for _ in range(people)]
began = time.process_time()
for place, text in enumerate(kept):
    one = serializer.deserialize_workflow(text)
    fire(one)
    kept[place] = serializer.serialize_workflow(one)
stored = time.process_time() - began
check(one)
print(json.dumps({"memory": people / memory, "stored": people / stored}))
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
        print(f"  SpiffWorkflow could not be installed: {done.stderr.strip()[-300:]}")
        return None
    return place


def steps_per_second(people: int) -> dict[str, float] | None:
    """Give steps per second of processor time, ``memory`` and ``stored``; None when it cannot be had here."""
    place = install()
    if place is None:
        return None
    environment = {**os.environ, "PYTHONPATH": str(place)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(people)], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        print(f"  SpiffWorkflow ended with a fault: {done.stderr.strip()[-300:]}")
        return None
    told: dict[str, float] = json.loads(done.stdout)
    return told
