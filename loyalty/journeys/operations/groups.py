"""The people of one node whose time has come: the set that every step of the engine works on."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from loyalty.foundation.kernel.exact_json import ExactDecoder, dumps_exact
from loyalty.foundation.orm import sql
from loyalty.journeys.contracts import Node
from loyalty.journeys.operations.versions import Loaded
from loyalty.journeys.policy.naming import result_name

PEOPLE = """
    SELECT x.id, x.visit, x.attempts, x.state, x.timer, x.customer_id, x.entered_at, d.public_id AS customer_public_id,
        d.time_zone, coalesce(c.data, '{}'::jsonb) AS context
    FROM unnest(%(ids)s::uuid[]) WITH ORDINALITY u (id, n)
    JOIN journeys_execution x ON x.id = u.id
    JOIN customers_directory d ON d.customer_id = x.customer_id
    LEFT JOIN journeys_context c ON c.execution_id = x.id
    ORDER BY u.n
"""

REMEMBER = """
    INSERT INTO journeys_context AS c (execution_id, data)
    SELECT u.id, jsonb_build_object(%s::text, u.result)
    FROM unnest(%s::uuid[], %s::jsonb[]) u (id, result) ORDER BY u.id
    ON CONFLICT (execution_id) DO UPDATE SET data = c.data || excluded.data
"""


@dataclass(frozen=True, slots=True)
class Group:
    """A node of a version with an instant: ``limit`` people of it are taken in one transaction."""

    loaded: Loaded
    node_pk: int
    code: str
    now: datetime
    limit: int

    @property
    def node(self) -> Node:
        """The node as it was drawn."""
        return self.loaded.wiring.nodes[self.code]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at a node; ``context`` is what was brought along and what actions answered."""

    id: uuid.UUID
    visit: int
    attempts: int
    state: str
    timer: str
    customer_id: int
    customer_public_id: uuid.UUID
    time_zone: str
    entered_at: datetime
    context: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Leaving:
    """Somebody who leaves by a branch; ``reason`` is told where that branch leads nowhere."""

    id: uuid.UUID
    branch: str
    result: Any = None
    reason: str | None = None


def claim(group: Group, limit: int | None = None) -> list[uuid.UUID]:
    """Take those whose time has come; others' are passed by."""
    row = sql.fetch_one("SELECT journeys_claim(%s, %s, %s) AS ids", [group.node_pk, group.now, limit or group.limit])
    return list(row["ids"]) if row else []


def list_people(ids: Sequence[uuid.UUID]) -> list[Person]:
    """Give what the platform keeps of people, in the order asked for; whose customer is gone is left out."""
    return [Person(**{**row, "context": _read(row["context"])}) for row in sql.fetch_all(PEOPLE, {"ids": list(ids)})]


def list_present(ids: Sequence[uuid.UUID], *, now: datetime) -> list[Person]:
    """Give people as ``list_people``, and let go those whose customer is no longer there."""
    people = list_people(ids)
    if len(people) < len(ids):
        cancel(set(ids) - {one.id for one in people}, now=now)
    return people


def cancel(ids: Collection[uuid.UUID], *, now: datetime) -> None:
    """Let go those whose customer is no longer there."""
    if ids:
        end(sorted(ids), state="CANCELLED", branch="cancelled", reason="the customer is gone", now=now)


def _read(context: Any) -> dict[str, Any]:
    return context if isinstance(context, dict) else ExactDecoder().decode(context)


def leave(group: Group, leaving: Sequence[Leaving]) -> int:
    """Have people leave the node, each by a branch; give how many did."""
    if not leaving:
        return 0
    row = sql.fetch_one(
        "SELECT journeys_leave(%s, %s::uuid[], %s::text[], %s::jsonb[], %s::text[], %s) AS moved",
        [
            group.node_pk,
            [one.id for one in leaving],
            [one.branch for one in leaving],
            [None if one.result is None else dumps_exact(one.result).decode() for one in leaving],
            [one.reason for one in leaving],
            group.now,
        ],
    )
    return int(row["moved"]) if row else 0


def remember(code: str, ids: Sequence[uuid.UUID], results: Sequence[Any]) -> None:
    """Keep what a node came to for each of some people, where later nodes find it."""
    if ids:
        sql.execute(REMEMBER, [result_name(code), list(ids), [dumps_exact(one).decode() for one in results]])


def end(ids: Sequence[uuid.UUID], *, state: str, branch: str, reason: str, now: datetime) -> int:
    """End people's journeys where they are; give how many were inside."""
    row = sql.fetch_one(
        "SELECT journeys_end(%s::uuid[], %s, %s, %s, %s) AS ended", [list(ids), state, branch, reason, now]
    )
    return int(row["ended"]) if row else 0
