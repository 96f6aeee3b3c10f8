"""What came of a journey: who came in and left where, how long it took, and the goal against those held out.

The people counted are those who came in within the time asked for, wherever they are by now.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from loyalty.foundation.kernel.exact_json import ExactDecoder
from loyalty.foundation.orm import sql
from loyalty.journeys.contracts import EventMatch, ExecutionState, Graph, NodeKind
from loyalty.journeys.errors import VersionNotFound
from loyalty.journeys.models import Journey, Version
from loyalty.journeys.policy.conditions import matches_event
from loyalty.journeys.policy.graph import Wiring, parse
from loyalty.journeys.policy.proportions import difference, rate
from loyalty.journeys.queries.journeys import get_journey

# How long after coming in, or being held out, an event counts for the goal where the journey has no longest time.
GOAL_WINDOW = timedelta(days=30)

# The people who are counted; the parameters are the same for all statements.
COHORT = """
    cohort AS (
        SELECT x.id, x.state, x.node_id, x.is_held_out, x.goal_at, x.started_at, x.customer_id, x.occurrence
        FROM journeys_execution x
        WHERE x.journey_id = %(journey)s AND (%(since)s::timestamptz IS NULL OR x.started_at >= %(since)s)
            AND (%(until)s::timestamptz IS NULL OR x.started_at < %(until)s)
            AND (%(version)s::bigint IS NULL OR x.version_id = %(version)s)
    )
"""
STATES = f"""
    WITH {COHORT}
    SELECT state, is_held_out, count(*) AS people, count(goal_at) AS reached FROM cohort GROUP BY state, is_held_out
"""
# By the id of the node in the graph, so that the same node counts as one over all versions.
NODES = f"""
    WITH {COHORT}, left_by AS (
        SELECT n.code, s.branch, count(*) AS people,
            percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM s.left_at - s.entered_at)) AS seconds
        FROM cohort c JOIN journeys_step s ON s.execution_id = c.id JOIN journeys_node n ON n.id = s.node_id
        WHERE NOT c.is_held_out GROUP BY GROUPING SETS ((n.code, s.branch), (n.code))
    ), here AS (
        SELECT n.code, count(*) FILTER (WHERE c.state IN ('NOT_STARTED', 'IN_PROGRESS', 'WAITING')) AS here_now,
            count(*) FILTER (WHERE c.state = 'FAILED') AS failed
        FROM cohort c JOIN journeys_node n ON n.id = c.node_id WHERE NOT c.is_held_out GROUP BY n.code
    )
    SELECT coalesce(l.code, h.code) AS code, l.branch, coalesce(l.people, 0) AS people, l.seconds,
        coalesce(h.here_now, 0) AS here_now, coalesce(h.failed, 0) AS failed
    FROM left_by l FULL JOIN here h ON h.code = l.code
"""
# An event of the goal within the window after coming in, measured in the same way for those who were held out.
GOAL = f"""
    WITH {COHORT}
    SELECT c.is_held_out, count(*) AS people
    FROM cohort c JOIN customers_directory d ON d.customer_id = c.customer_id
    WHERE EXISTS (
        SELECT 1 FROM events_store e
        WHERE e.lookup = hashtextextended(d.public_id::text || ' ' || %(type)s::text, 0)
            AND e.key = d.public_id::text AND e.type = %(type)s AND e.event_id <> c.occurrence
            AND e.occurred_at >= c.started_at AND e.occurred_at < c.started_at + %(window)s::interval
            AND (%(events)s::uuid[] IS NULL OR e.event_id = ANY (%(events)s)))
    GROUP BY c.is_held_out
"""
CANDIDATES = f"""
    WITH {COHORT}
    SELECT DISTINCT e.event_id, e.occurred_at, e.data
    FROM cohort c JOIN customers_directory d ON d.customer_id = c.customer_id
    JOIN events_store e ON e.lookup = hashtextextended(d.public_id::text || ' ' || %(type)s::text, 0)
        AND e.key = d.public_id::text AND e.type = %(type)s
        AND e.occurred_at >= c.started_at AND e.occurred_at < c.started_at + %(window)s::interval
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """Of whom analytics are asked: those who came in from an instant up to another, in one version or in all."""

    since: datetime | None = None
    until: datetime | None = None
    version: int | None = None


def analytics_of(*, journey_id: uuid.UUID, asked: Asked, now: datetime) -> dict[str, Any]:
    """Give what came of a journey, in three statements over the people, the steps and the goal.

    :raises JourneyNotFound, VersionNotFound: there is no such journey, or no version of this number.
    """
    journey = get_journey(journey_id)
    version = _version(journey, asked.version)
    params = {
        "journey": journey.pk,
        "since": asked.since,
        "until": asked.until,
        "version": version.pk if version is not None and asked.version is not None else None,
    }
    graph = parse(version.graph) if version is not None else Graph()
    states = sql.fetch_all(STATES, params)
    entered = sum(row["people"] for row in states if not row["is_held_out"])
    held_out = sum(row["people"] for row in states if row["is_held_out"])
    by_state = {one.value: 0 for one in ExecutionState}
    for row in states:
        if not row["is_held_out"]:
            by_state[row["state"]] += int(row["people"])
    nodes = _nodes(graph, params)
    return {
        "entered": entered,
        "held_out": held_out,
        "by_state": by_state,
        "nodes": nodes,
        "goal": _goal(graph, params, states, entered, held_out, now),
        "funnel": _funnel(graph, nodes, entered),
    }


def _version(journey: Journey, number: int | None) -> Version | None:
    if number is None:
        return journey.live
    found = Version.objects.filter(journey=journey, number=number).first()
    if found is None:
        raise VersionNotFound(f"There is no version {number}.")
    return found


def _nodes(graph: Graph, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    known = {one.id: one for one in graph.nodes}
    counts: dict[str, dict[str, Any]] = {}
    for row in sql.fetch_all(NODES, params):
        node = counts.setdefault(row["code"], _empty(row["code"]))
        node["here_now"], node["failed"] = int(row["here_now"]), int(row["failed"])
        if row["branch"] is None:
            node["entered"] = int(row["people"])
            node["median_seconds"] = float(row["seconds"]) if row["seconds"] is not None else None
        elif row["branch"]:
            node["left"][row["branch"]] = int(row["people"])
    for node in counts.values():
        # Who failed left by a branch that leads nowhere, and who is inside has not left yet.
        node["entered"] += node["here_now"]
        drawn = known.get(node["node_id"])
        node["node_name"] = drawn.name if drawn is not None else ""
        if drawn is not None and drawn.kind == NodeKind.END:
            node["median_seconds"] = None
    for one in graph.nodes:
        counts.setdefault(one.id, {**_empty(one.id), "node_name": one.name})
    order = {one.id: place for place, one in enumerate(graph.nodes)}
    return sorted(counts.values(), key=lambda one: (order.get(one["node_id"], len(order)), one["node_id"]))


def _empty(code: str) -> dict[str, Any]:
    return {
        "node_id": code, "node_name": "", "entered": 0, "here_now": 0, "left": {}, "failed": 0, "median_seconds": None,
    }  # fmt: skip


def _goal(
    graph: Graph,
    params: Mapping[str, Any],
    states: Sequence[Mapping[str, Any]],
    entered: int,
    held_out: int,
    now: datetime,
) -> dict[str, Any] | None:
    goal = graph.settings.goal
    reached = sum(int(row["reached"]) for row in states if not row["is_held_out"])
    has_goal = goal is not None or any(one.kind == NodeKind.END and one.config.get("is_goal") for one in graph.nodes)
    if not has_goal:
        return None
    told: dict[str, Any] = {
        "reached": reached, "rate": rate(reached, entered), "window_days": None, "holdout_reached": None,
        "holdout_rate": None, "uplift": None, "interval": None,
    }  # fmt: skip
    if goal is None or goal.event is None:
        # Those held out take no step, so that an end or a rule over the steps cannot be compared with them.
        return told
    days = graph.settings.max_duration_days
    window = timedelta(days=days) if days else GOAL_WINDOW
    hits = _hits(goal.event, params, window, now)
    compared = difference(hits.get(False, 0), entered, hits.get(True, 0), held_out)
    return {
        **told,
        "rate": rate(hits.get(False, 0), entered),
        "reached": hits.get(False, 0),
        "reached_inside": reached,
        "window_days": window.days,
        "holdout_reached": hits.get(True, 0),
        "holdout_rate": rate(hits.get(True, 0), held_out),
        "uplift": compared.value,
        "interval": None if compared.low is None else [compared.low, compared.high],
    }


def _hits(match: EventMatch, params: Mapping[str, Any], window: timedelta, now: datetime) -> dict[bool, int]:
    """Count those of whom an event of the goal is known, by whether they were held out."""
    asked: dict[str, Any] = {**params, "type": match.event_type, "window": window, "events": None}
    if match.filter is not None:
        # What an event holds is declared nowhere, so its filter is asked here, once for each event.
        asked["events"] = [
            row["event_id"]
            for row in sql.fetch_all(CANDIDATES, asked)
            if matches_event(match.filter, _facts(match.event_type, row), now=now)
        ]
    return {bool(row["is_held_out"]): int(row["people"]) for row in sql.fetch_all(GOAL, asked)}


def _facts(event_type: str, row: Mapping[str, Any]) -> dict[str, Any]:
    data = row["data"] if isinstance(row["data"], dict) else ExactDecoder().decode(row["data"])
    return {**data, "event_type": event_type, "occurred_at": row["occurred_at"].isoformat()}


def _funnel(graph: Graph, nodes: Sequence[Mapping[str, Any]], entered: int) -> list[dict[str, Any]]:
    """Give the nodes in the order in which people come to them, with the share of those who came in."""
    counts = {one["node_id"]: one for one in nodes}
    return [
        {
            "node_id": node_id,
            "node_name": counts[node_id]["node_name"],
            "entered": counts[node_id]["entered"],
            "share": rate(min(counts[node_id]["entered"], entered), entered),
            "depth": depth,
        }
        for node_id, depth in in_order(graph)
        if node_id in counts
    ]


def in_order(graph: Graph) -> list[tuple[str, int]]:
    """Give the nodes from the start on, the nearest first, each with how many steps it is away at least."""
    wiring = Wiring(graph)
    if wiring.start is None:
        return []
    depths = {wiring.start.id: 0}
    ahead = [wiring.start.id]
    for node_id in ahead:
        for after in wiring.after(node_id):
            if after in wiring.nodes and after not in depths:
                depths[after] = depths[node_id] + 1
                ahead.append(after)
    return list(depths.items())
