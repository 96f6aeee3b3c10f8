"""A worker of recalculations that is killed with -9 at a failpoint: ``python -m tests.segments.dying``.

Django is loaded once; for each line of input, ``{"point": "NAME", "now": ISO, "fault": NAME or ""}``, a forked process
does one run as a worker does, and one line says how it ended: ``killed``, ``done`` or ``nothing``.
"""

import json
import os
import signal
import sys
from datetime import datetime
from typing import Any

import django

django.setup()

from django.db import connection  # noqa: E402  (the applications must be ready first)

from loyalty.foundation.resilience import failpoints  # noqa: E402
from loyalty.foundation.work import api as work  # noqa: E402
from loyalty.segments.operations import applying  # noqa: E402

DONE, NOTHING = 0, 3


def commit_half() -> None:
    """Plant the fault that members are committed before their snapshot, facts and count."""
    keep = applying._keep_snapshot

    def keep_after_a_commit(*arguments: Any, **options: Any) -> None:
        raw: Any = connection.connection
        raw.commit()
        keep(*arguments, **options)

    applying._keep_snapshot = keep_after_a_commit


def live(order: dict[str, str]) -> int:
    """Do one run, and die where it was ordered."""
    if order["fault"]:
        commit_half()
    failpoints.arm(failpoints.read(order["point"], ""))
    return DONE if work.execute_next(now=datetime.fromisoformat(order["now"])) else NOTHING


def main() -> None:
    """Fork a worker for each order and tell its end."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            os._exit(live(json.loads(line)))
        _, status = os.waitpid(child, 0)
        is_killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        ends = {DONE: "done", NOTHING: "nothing"}
        print("killed" if is_killed else ends.get(os.waitstatus_to_exitcode(status), f"ended {status}"), flush=True)


if __name__ == "__main__":
    main()
