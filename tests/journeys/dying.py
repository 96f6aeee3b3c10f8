"""A worker of journeys that is killed with -9 at a failpoint: ``python -m tests.journeys.dying``.

Django is loaded once; for each line of input, ``{"point": "NAME:N", "now": ISO, "act": NAME, "fault": NAME, …}``, a
forked process acts, and one line says how it ended: ``killed`` or ``done``.
"""

import json
import os
import signal
import sys
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import django

django.setup()

from django.db import connection  # noqa: E402  (the applications must be ready first)

from loyalty.foundation.kernel.actor import system_actor  # noqa: E402
from loyalty.foundation.orm import sql  # noqa: E402
from loyalty.foundation.resilience import failpoints  # noqa: E402
from loyalty.foundation.work import api as runs  # noqa: E402
from loyalty.journeys import api  # noqa: E402
from loyalty.journeys.contracts import SUCCESS, ActionCall, ActionOutcome, ActionRow, Fate, FieldSpec  # noqa: E402
from loyalty.journeys.kinds.actions import protocol  # noqa: E402
from loyalty.journeys.operations import acting, listening  # noqa: E402
from loyalty.journeys.operations.groups import Group, Person  # noqa: E402

DONE = 0


class Mark:
    """Writes one row for each effect into a table that refuses nothing, so that a doubled effect is seen."""

    kind = "mark"
    title = description = icon = group = unavailable_reason = ""
    fields: Sequence[FieldSpec] = ()

    def problems_of(self, config: Mapping[str, Any]) -> Sequence[Any]:
        """Nothing is wrong with it."""
        return []

    def preview(self, call: ActionCall, row: ActionRow, *, now: datetime) -> protocol.Effect:
        """Tell nothing."""
        return protocol.Effect("", SUCCESS, {})

    def perform_set(self, call: ActionCall, rows: Sequence[ActionRow], *, now: datetime) -> Sequence[ActionOutcome]:
        """Write the rows."""
        sql.execute("INSERT INTO journeys_test_mark (key) SELECT unnest(%s::text[])", [[one.key for one in rows]])
        return [ActionOutcome(SUCCESS, {"number": 7}) for _ in rows]


def work(now: datetime) -> None:
    """Do what a worker does when all bells ring."""
    api.sweep(now=now)
    api.listen(now=now)
    api.advance(now=now)


def commit_effects() -> None:
    """Plant the fault that effects are committed before the step that they belong to."""
    perform = acting._perform

    def perform_and_commit(group: Group, people: Sequence[Person]) -> list[ActionOutcome]:
        outcomes = perform(group, people)
        raw: Any = connection.connection
        raw.commit()
        return outcomes

    acting._perform = perform_and_commit


def forget_the_cursor() -> None:
    """Plant the fault that the reader's cursor moves in a transaction before that in which it acts."""
    act = listening.list_listeners

    def act_after_a_commit() -> Any:
        row = sql.fetch_one("SELECT coalesce(max(position), 0) AS last FROM events_log")
        sql.execute(listening.MOVE_CURSOR, [row["last"] if row else 0])
        raw: Any = connection.connection
        raw.commit()
        return act()

    listening.list_listeners = act_after_a_commit


def live(order: dict[str, Any]) -> int:
    """Act, and die where it was ordered."""
    protocol.register(Mark())
    if order["fault"] == "effect_first":
        commit_effects()
    if order["fault"] == "cursor_first":
        forget_the_cursor()
    failpoints.arm(failpoints.read(order["point"], ""))
    now, actor = datetime.fromisoformat(order["now"]), system_actor("tests")
    if order["act"] == "work":
        work(now)
    elif order["act"] == "run":
        runs.execute_next(now=now)
    elif order["act"] == "publish":
        plan = api.Plan(Fate.MOVE)
        revision = order["revision"]
        journey = uuid.UUID(order["journey"])
        api.publish(journey_id=journey, revision=revision, comment="", plan=plan, actor=actor, now=now)
    return DONE


def main() -> None:
    """Fork a worker for each order and tell its end."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            os._exit(live(json.loads(line)))
        _, status = os.waitpid(child, 0)
        is_killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        print("killed" if is_killed else "done" if status == DONE else f"ended {status}", flush=True)


if __name__ == "__main__":
    main()
