"""Events that a wait is for: what had been read before somebody was seen waiting, and what is about to be read."""

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from loyalty.foundation.kernel.exact_json import ExactDecoder, dumps_exact
from loyalty.foundation.orm import sql
from loyalty.journeys.contracts import Node
from loyalty.journeys.operations.groups import Group
from loyalty.journeys.policy.conditions import matches_event
from loyalty.journeys.policy.naming import result_name
from loyalty.journeys.policy.waiting import span_of

# A wait whose time is over while its event is about to be read is looked at again so soon.
POSTPONED = timedelta(seconds=2)

# Whether each part of a fact that has to equal a part of the context does, and is there at all.
CORRELATED = """
    NOT EXISTS (
        SELECT 1 FROM jsonb_to_recordset(%(correlation)s::jsonb) r (event_path text, context_path text)
        WHERE ({data} #>> string_to_array(regexp_replace(r.event_path, '^event\\.', ''), '.')) IS NULL
            OR ({data} #>> string_to_array(regexp_replace(r.event_path, '^event\\.', ''), '.')) IS DISTINCT FROM
                ({context} #>> string_to_array(regexp_replace(r.context_path, '^context\\.', ''), '.')))
"""

# Facts of the people's customers that have been read: since the people came (nobody saw them waiting then), or as far
# back as the wait looks. The fact that led in is none of them.
LOOK = f"""
    SELECT x.id, l.event_id, l.type, l.occurred_at, l.data
    FROM unnest(%(ids)s::uuid[]) u (id)
    JOIN journeys_execution x ON x.id = u.id AND x.state = 'IN_PROGRESS'
    JOIN customers_directory d ON d.customer_id = x.customer_id
    LEFT JOIN journeys_context c ON c.execution_id = x.id
    JOIN events_log l ON hashtextextended(l.key || ' ' || l.type, 0)
            = hashtextextended(d.public_id::text || ' ' || %(type)s::text, 0)
        AND l.key = d.public_id::text AND l.type = %(type)s AND l.event_id <> x.occurrence
        AND l.position <= journeys_heard()
        AND (l.position > x.heard_until OR l.occurred_at >= x.entered_at - %(look_back)s::interval)
    WHERE {CORRELATED.format(data="l.data", context="coalesce(c.data, '{}'::jsonb)")}
    ORDER BY l.position
"""

# Those of whose customer a fact of the type is published that has not been read yet.
UNHEARD = """
    SELECT DISTINCT x.id FROM unnest(%(ids)s::uuid[]) u (id)
    JOIN journeys_execution x ON x.id = u.id JOIN customers_directory d ON d.customer_id = x.customer_id
    WHERE EXISTS (
        SELECT 1 FROM events_tail t WHERE t.key = d.public_id::text AND t.type = %(type)s AND t.occurred_at <= x.due_at)
    OR EXISTS (
        SELECT 1 FROM events_log l WHERE l.key = d.public_id::text AND l.type = %(type)s AND l.occurred_at <= x.due_at
            AND hashtextextended(l.key || ' ' || l.type, 0)
                = hashtextextended(d.public_id::text || ' ' || %(type)s::text, 0)
            AND l.position > journeys_heard())
"""

# What happened is found by later nodes as the result of the wait.
REMEMBER = """
    INSERT INTO journeys_context AS c (execution_id, data)
    SELECT DISTINCT ON (u.id) u.id, jsonb_build_object(%s::text, l.data || jsonb_build_object(
        'event_type', l.type, 'event_id', l.event_id, 'occurred_at', l.occurred_at))
    FROM unnest(%s::uuid[], %s::uuid[]) u (id, event_id)
    JOIN journeys_execution x ON x.id = u.id AND x.node_id = %s
    JOIN events_log l ON l.event_id = u.event_id ORDER BY u.id
    ON CONFLICT (execution_id) DO UPDATE SET data = c.data || excluded.data
"""


def remember(group: Group, ids: Sequence[uuid.UUID], events: Sequence[uuid.UUID]) -> None:
    """Keep for each of some people who wait at a node the fact that they waited for."""
    if ids:
        sql.execute(REMEMBER, [result_name(group.code), list(ids), list(events), group.node_pk])


def correlation_of(node: Node) -> str:
    """Give what has to be equal, as JSON."""
    return dumps_exact([dict(one) for one in node.config.get("correlation") or ()]).decode()


def facts_of(event_type: str, occurred_at: datetime, data: Any) -> dict[str, Any]:
    """Give what a filter may read: the fact's data, and its own type and instant."""
    read = data if isinstance(data, dict) else ExactDecoder().decode(data)
    return {**read, "event_type": event_type, "occurred_at": occurred_at.isoformat()}


def look(group: Group, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
    """Give for whom of those who come the event is there already, and which fact it is."""
    config = group.node.config
    rows = sql.fetch_all(
        LOOK,
        {
            "ids": list(ids),
            "type": str(config.get("event_type") or ""),
            # Without a look back only what was read meanwhile counts, whenever it happened.
            "look_back": span_of(config.get("look_back")) or -timedelta(days=36_500),
            "correlation": correlation_of(group.node),
        },
    )
    found: dict[uuid.UUID, uuid.UUID] = {}
    for row in rows:
        facts = facts_of(row["type"], row["occurred_at"], row["data"])
        if row["id"] not in found and matches_event(config.get("filter") or None, facts, now=group.now):
            found[row["id"]] = row["event_id"]
    return found


def unheard(group: Group, ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """Give those of whom an event of the kind is published and not read yet: their time-out waits for it."""
    if not ids:
        return set()
    rows = sql.fetch_all(UNHEARD, {"ids": list(ids), "type": str(group.node.config.get("event_type") or "")})
    return {row["id"] for row in rows}


def postpone(ids: Collection[uuid.UUID], *, now: datetime) -> None:
    """Look at people again a moment later."""
    if ids:
        sql.execute(
            "UPDATE journeys_execution SET due_at = %s WHERE id = ANY (%s::uuid[])", [now + POSTPONED, list(ids)]
        )


def plain(path: str, prefix: str) -> str:
    """Give a path without the name of what it leads into."""
    return path.removeprefix(prefix)


def is_same(left: Any, right: Any) -> bool:
    """Tell whether two values are there and read the same, as ``CORRELATED`` compares them."""
    return left is not None and right is not None and _text(left) == _text(right)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else dumps_exact(value).decode()
